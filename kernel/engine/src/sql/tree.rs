//! A query's tree as DataFusion plans it right: names in one spelling, functions and types by the names that it has, joins whose keys
//! it would take from the wrong side in other words. What it would leave out without a word is refused.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use sqlparser::ast::{
    BinaryOperator, Distinct, Expr, ObjectNamePart, Query, Select, SelectItem, SetExpr, SetOperator,
    SetQuantifier, TableFactor, VisitMut as _, VisitorMut,
};

use super::SqlError;
use super::functions::{escaped, function, timestamps};
use super::names::{Names, distinguish};
use super::spelling::{Spelling, alias_of, selects};
use super::unnest;

/// The columns of each table, by the name that the query has for it.
pub(super) type Tables = BTreeMap<String, Vec<String>>;

/// Puts the tree right, and gives the names of the answer's columns as far as the query says them: `None` for those that a star
/// stands for, in the middle.
///
/// # Errors
/// [`SqlError::Beyond`] for what DataFusion has not, or would leave out.
pub(super) fn prepare(query: &mut Query, tables: &Tables) -> Result<Names, SqlError> {
    let shown = Names::of(query);
    let mut walk = Walk { tables, spelling: Spelling::of(query, tables) };
    if let ControlFlow::Break(error) = query.visit(&mut walk) {
        return Err(error);
    }
    distinguish(query);
    Ok(shown)
}

/// Walks a query.
pub(super) struct Walk<'a> {
    pub(super) tables: &'a Tables,
    pub(super) spelling: Spelling,
}

impl VisitorMut for Walk<'_> {
    type Break = SqlError;

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<SqlError> {
        if let Some(with) = &mut query.with {
            let mut seen = std::collections::BTreeSet::new();
            for cte in &mut with.cte_tables {
                let name = &cte.alias.name.value;
                let is_near = |own: &String| own != name && own.eq_ignore_ascii_case(name);
                if !seen.insert(name.to_lowercase()) || self.tables.keys().any(is_near) {
                    return ControlFlow::Break(beyond(
                        format!("`{name}` of `WITH` has the name of another table of this query."),
                        &format!("Call it otherwise: `WITH {name}_2 AS (…)`."),
                    ));
                }
                self.spelling.spell(&mut cte.alias.name);
                cte.alias.columns.iter_mut().for_each(|column| self.spelling.spell(&mut column.name));
            }
        }
        let left_out = [
            (query.fetch.as_ref().is_some_and(|fetch| fetch.with_ties || fetch.percent), "FETCH … WITH TIES"),
            (!query.locks.is_empty(), "FOR UPDATE"),
            (
                query.for_clause.is_some() || query.settings.is_some() || query.format_clause.is_some(),
                "This clause",
            ),
            (!query.pipe_operators.is_empty(), "|>"),
            (counts_rows(&query.body), "EXCEPT ALL or INTERSECT ALL"),
            (
                query.order_by.as_ref().is_some_and(|order| {
                    matches!(order.kind, sqlparser::ast::OrderByKind::All(_)) || order.interpolate.is_some()
                }),
                "ORDER BY ALL",
            ),
        ];
        if let Some((_, what)) = left_out.iter().find(|(is, _)| *is) {
            return ControlFlow::Break(not_here(what));
        }
        let mut wrong = None;
        let order = &mut query.order_by;
        selects(&mut query.body, &mut |select| {
            for item in &mut select.projection {
                if let SelectItem::ExprWithAlias { alias, .. } = item {
                    self.spelling.spell(alias);
                }
            }
            if wrong.is_none() {
                wrong = left_out_of(select)
                    .map(not_here)
                    .or_else(|| unnest::aside(select).err())
                    .or_else(|| self.merge(select, order).err());
            }
        });
        wrong.map_or(ControlFlow::Continue(()), ControlFlow::Break)
    }

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<SqlError> {
        if let Some(alias) = alias_of(factor) {
            self.spelling.spell(&mut alias.name);
            alias.columns.iter_mut().for_each(|column| self.spelling.spell(&mut column.name));
        }
        match factor {
            TableFactor::Table { name, sample: None, .. } => {
                if let [ObjectNamePart::Identifier(name)] = name.0.as_mut_slice()
                    && !self.tables.contains_key(&name.value)
                {
                    self.spelling.spell(name);
                }
                ControlFlow::Continue(())
            }
            TableFactor::Table { .. } => ControlFlow::Break(beyond(
                "`TABLESAMPLE` is not known here.",
                "`ORDER BY random() LIMIT 100` takes some rows at random.",
            )),
            TableFactor::Pivot { .. } | TableFactor::Unpivot { .. } => ControlFlow::Break(beyond(
                "`PIVOT` and `UNPIVOT` are not known here.",
                "A column for each value: `SUM(n) FILTER (WHERE k = 'a') AS a, SUM(n) FILTER (WHERE k = 'b') AS b … GROUP BY …`. A row for each column: one `SELECT` for each, joined by `UNION ALL`.",
            )),
            TableFactor::Derived { .. } | TableFactor::UNNEST { .. } | TableFactor::NestedJoin { .. } => {
                ControlFlow::Continue(())
            }
            TableFactor::Function { .. } | TableFactor::TableFunction { .. } => {
                ControlFlow::Break(not_here("A function in `FROM`"))
            }
            _ => ControlFlow::Break(not_here("This form of `FROM`")),
        }
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<SqlError> {
        match expr {
            Expr::Identifier(name) => self.spelling.spell(name),
            Expr::CompoundIdentifier(names) => names.iter_mut().for_each(|name| self.spelling.spell(name)),
            Expr::Cast { data_type, .. } => timestamps(data_type),
            Expr::TypedString(typed) => timestamps(&mut typed.data_type),
            Expr::Like { any: true, .. } | Expr::ILike { any: true, .. } => {
                return ControlFlow::Break(not_here("LIKE ANY"));
            }
            Expr::Like { pattern, escape_char, .. } | Expr::ILike { pattern, escape_char, .. } => {
                if let Err(error) = escaped(pattern, escape_char) {
                    return ControlFlow::Break(error);
                }
            }
            Expr::IsDistinctFrom(_, right) | Expr::IsNotDistinctFrom(_, right) => {
                if let Expr::BinaryOp {
                    op: BinaryOperator::And | BinaryOperator::Or | BinaryOperator::Xor,
                    ..
                } = right.as_ref()
                {
                    return ControlFlow::Break(beyond(
                        "What `IS DISTINCT FROM` compares with cannot be told here.",
                        "Put the comparison in brackets: `(a IS DISTINCT FROM b) AND …`.",
                    ));
                }
            }
            Expr::Function(_) => {
                if let Err(error) = function(expr) {
                    return ControlFlow::Break(error);
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

/// Whether a query's body asks how often a row is in both sides, which DataFusion does not look at.
fn counts_rows(body: &SetExpr) -> bool {
    match body {
        SetExpr::SetOperation { op, set_quantifier, left, right } => {
            (matches!(op, SetOperator::Except | SetOperator::Intersect | SetOperator::Minus)
                && !matches!(set_quantifier, SetQuantifier::None | SetQuantifier::Distinct))
                || counts_rows(left)
                || counts_rows(right)
        }
        _ => false,
    }
}

/// What of a select would be left out without a word.
fn left_out_of(select: &Select) -> Option<&'static str> {
    [
        (select.top.is_some(), "TOP"),
        (!select.lateral_views.is_empty(), "LATERAL VIEW"),
        (select.prewhere.is_some(), "PREWHERE"),
        (select.into.is_some(), "SELECT … INTO"),
        (!select.connect_by.is_empty(), "CONNECT BY"),
        (!select.cluster_by.is_empty(), "CLUSTER BY"),
        (!select.distribute_by.is_empty(), "DISTRIBUTE BY"),
        (!select.sort_by.is_empty(), "SORT BY"),
        (select.value_table_mode.is_some(), "SELECT AS"),
        (select.exclude.is_some(), "EXCLUDE behind the list"),
        (select.select_modifiers.is_some(), "This word behind `SELECT`"),
        (
            matches!(select.distinct, Some(Distinct::On(_)))
                && select.group_by != sqlparser::ast::GroupByExpr::Expressions(Vec::new(), Vec::new()),
            "DISTINCT ON with GROUP BY",
        ),
    ]
    .into_iter()
    .find_map(|(is, what)| is.then_some(what))
}

pub(super) fn not_here(what: impl std::fmt::Display) -> SqlError {
    beyond(format!("`{what}` is not known here."), "docs/analysis.md lists what local SQL can do.")
}

pub(super) fn beyond(message: impl Into<String>, hint: &str) -> SqlError {
    SqlError::Beyond { message: message.into(), hints: vec![hint.to_owned()], words: String::new() }
}
