//! What `%%sql` takes: a walk over a query's tree that lets through what its engine is known to answer rightly, writes some of it in
//! other words that it answers rightly, and refuses the rest by name.
//!
//! The rule: no answer is better than a wrong one. What is not known to be right is refused, with the part's name and another way. The
//! cases of `duckdb.txt` beside the tests are the knowledge.

mod arithmetic;
mod call;
mod compare;
mod expr;
mod format;
mod grouping;
mod joins;
mod precise;
mod projection;
mod subquery;
mod sum;
mod window;

use std::cell::{Ref, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use arrow_array::RecordBatch;
use sqlparser::ast::{
    Distinct, Expr, GroupByExpr, Ident, LimitClause, OrderBy, OrderByExpr, OrderByKind, Query, Select,
    SetExpr, SetOperator, SetQuantifier,
};

use self::projection::{doubled, projection};
use super::SqlError;
use super::digits::{ANY_WHOLE, Digits};
use super::kind::Kind;

/// Columns in order.
pub(super) type Columns = Vec<(String, Kind)>;
/// Tables by name.
#[derive(Debug, Clone, Default)]
pub(super) struct Tables {
    columns: BTreeMap<String, Columns>,
    /// Columns of tables in which no null is.
    solid: BTreeMap<String, BTreeSet<String>>,
    /// How long the numbers are: of all tables, and of what the query makes of them.
    digits: Rc<RefCell<Digits>>,
}

impl Tables {
    /// Adds a table, with those of its columns that have no null.
    pub(super) fn insert(&mut self, name: String, columns: Columns, solid: BTreeSet<String>) {
        self.solid.insert(name.clone(), solid);
        self.columns.insert(name, columns);
    }

    /// Looks at the numbers of a table.
    pub(super) fn measure(&self, batch: &RecordBatch) {
        self.digits.borrow_mut().add(batch);
    }

    fn digits(&self) -> Ref<'_, Digits> {
        self.digits.borrow()
    }

    /// A column of this name holds long numbers from here on.
    fn add_long(&self, name: &str) {
        self.digits.borrow_mut().add_long(name);
    }
}

/// Checks a query over these tables and rewrites it.
///
/// # Errors
/// [`SqlError::Beyond`] for what is not known to be answered rightly.
pub(super) fn check(query: &mut Query, tables: &Tables) -> Result<Columns, SqlError> {
    of_query(query, tables, None)
}

/// A refusal: the part, as the object of a sentence, and what to write instead.
fn refuse(part: impl std::fmt::Display, hint: &str) -> SqlError {
    SqlError::Beyond {
        message: format!("`%%sql` does not compute {part} for now."),
        hints: vec![hint.to_owned(), WHY.to_owned()],
        words: String::new(),
    }
}

/// Said with each refusal.
const WHY: &str = "Its engine is not known to answer this rightly, and a wrong answer would not show. docs/analysis.md has the list.";

/// A part of the query as it is written, cut where it is long.
fn shown(part: &impl std::fmt::Display) -> String {
    const LENGTH: usize = 60;
    let text = part.to_string();
    if text.chars().count() <= LENGTH {
        return format!("`{text}`");
    }
    format!("`{}…`", text.chars().take(LENGTH).collect::<String>())
}

/// What the names of an expression stand for.
struct Scope<'a> {
    /// The tables of `FROM`, by the names that they have there.
    sources: Vec<(String, Columns)>,
    /// The names that the select list gives, where they may be used.
    aliases: Columns,
    /// Those of them that several columns of the list were given.
    doubled: BTreeSet<String>,
    /// Columns in which no null is.
    solid: BTreeSet<String>,
    /// Whether a join goes by `USING`.
    has_using: bool,
    tables: &'a Tables,
    /// The query around, whose columns a subquery may name.
    outer: Option<&'a Scope<'a>>,
}

impl<'a> Scope<'a> {
    /// No names as yet.
    const fn new(tables: &'a Tables, outer: Option<&'a Scope<'a>>) -> Self {
        Self {
            sources: Vec::new(),
            aliases: Vec::new(),
            doubled: BTreeSet::new(),
            solid: BTreeSet::new(),
            has_using: false,
            tables,
            outer,
        }
    }

    fn column(&self, name: &str) -> Option<Kind> {
        let find = |columns: &Columns| columns.iter().find(|(own, _)| own == name).map(|(_, kind)| *kind);
        self.sources.iter().find_map(|(_, columns)| find(columns)).or_else(|| find(&self.aliases))
    }

    /// Whether a bare name may stand for a column of one table or of another.
    fn is_ambiguous(&self, name: &str) -> bool {
        let has = |columns: &Columns| columns.iter().any(|(own, _)| own == name);
        let is_given = self.aliases.iter().any(|(own, _)| own == name) && !self.doubled.contains(name);
        !self.has_using && !is_given && self.sources.iter().filter(|(_, columns)| has(columns)).count() > 1
    }

    fn qualified(&self, table: &str, name: &str) -> Option<Kind> {
        let (_, columns) = self.sources.iter().find(|(own, _)| own == table)?;
        columns.iter().find(|(own, _)| own == name).map(|(_, kind)| *kind)
    }
}

fn of_query(query: &mut Query, tables: &Tables, outer: Option<&Scope<'_>>) -> Result<Columns, SqlError> {
    let mut tables = tables.clone();
    if let Some(with) = &mut query.with {
        if with.recursive {
            return Err(refuse("`WITH RECURSIVE`", "Write each step as a CTE of its own."));
        }
        for cte in &mut with.cte_tables {
            let mut columns = of_query(&mut cte.query, &tables, None)?;
            rename(&mut columns, cte.alias.columns.iter().map(|column| &column.name), &tables);
            tables.insert(cte.alias.name.value.clone(), columns, BTreeSet::new());
        }
    }
    if !query.locks.is_empty()
        || query.for_clause.is_some()
        || query.settings.is_some()
        || query.format_clause.is_some()
        || !query.pipe_operators.is_empty()
    {
        return Err(refuse(
            "this clause at the end of a query",
            "`ORDER BY` and `LIMIT` are what it takes there.",
        ));
    }
    limit(query)?;
    match query.body.as_mut() {
        SetExpr::Select(select) => of_select(select, query.order_by.as_mut(), &tables, outer),
        body => {
            let columns = of_body(body, &tables, outer)?;
            if let Some(order) = &mut query.order_by {
                let scope = Scope { aliases: columns.clone(), ..Scope::new(&tables, None) };
                order_by(order, &scope)?;
            }
            Ok(columns)
        }
    }
}

fn rename<'a>(columns: &mut Columns, names: impl Iterator<Item = &'a Ident>, tables: &Tables) {
    for (column, name) in columns.iter_mut().zip(names) {
        let is_long = tables.digits().is_long(&column.0);
        if is_long {
            tables.add_long(&name.value);
        }
        column.0.clone_from(&name.value);
    }
}

fn limit(query: &Query) -> Result<(), SqlError> {
    let is_number = |expr: &Expr| matches!(expr, Expr::Value(value) if matches!(value.value, sqlparser::ast::Value::Number(..)));
    let fits = match &query.limit_clause {
        None => true,
        Some(LimitClause::LimitOffset { limit, offset, limit_by }) => {
            limit_by.is_empty()
                && limit.as_ref().is_none_or(is_number)
                && offset.as_ref().is_none_or(|offset| is_number(&offset.value))
        }
        Some(LimitClause::OffsetCommaLimit { offset, limit }) => is_number(offset) && is_number(limit),
    };
    let fetch = query.fetch.as_ref().is_none_or(|fetch| {
        !fetch.with_ties && !fetch.percent && fetch.quantity.as_ref().is_none_or(is_number)
    });
    if fits && fetch {
        return Ok(());
    }
    Err(refuse("a `LIMIT` that is no whole number", "Write the number itself."))
}

fn of_body(body: &mut SetExpr, tables: &Tables, outer: Option<&Scope<'_>>) -> Result<Columns, SqlError> {
    match body {
        SetExpr::Select(select) => of_select(select, None, tables, outer),
        SetExpr::Query(query) => of_query(query, tables, outer),
        SetExpr::Values(values) => {
            let scope = Scope::new(tables, None);
            let mut columns: Columns = Vec::new();
            for row in &mut values.rows {
                for (place, value) in row.content.iter_mut().enumerate() {
                    let kind = expr::of(value, &scope)?;
                    // It is a double to the engine.
                    let kind = if compare::is_fraction(value) { Kind::Float } else { kind };
                    match columns.get_mut(place) {
                        None => columns.push((format!("column_{place}"), kind)),
                        Some((_, known)) => {
                            *known =
                                known.joined(kind).ok_or_else(|| mixed("a `VALUES` column", *known, kind))?;
                        }
                    }
                }
            }
            Ok(columns)
        }
        SetExpr::SetOperation { left, op, set_quantifier, right } => {
            match (&*op, &*set_quantifier) {
                (SetOperator::Union, SetQuantifier::All | SetQuantifier::Distinct | SetQuantifier::None)
                | (
                    SetOperator::Except | SetOperator::Intersect,
                    SetQuantifier::None | SetQuantifier::Distinct,
                ) => {}
                _ => {
                    return Err(refuse(
                        format!("`{op} {set_quantifier}`"),
                        "`UNION`, `UNION ALL`, `EXCEPT` and `INTERSECT` are what it takes.",
                    ));
                }
            }
            let operator = op.to_string();
            let chained = |side: &SetExpr| match side {
                SetExpr::Select(_) | SetExpr::Values(_) => true,
                SetExpr::SetOperation { op: inner, set_quantifier: quantifier, .. } => {
                    *op == SetOperator::Union && inner == op && quantifier == set_quantifier
                }
                _ => false,
            };
            if !chained(left) || !chained(right) {
                return Err(refuse(
                    format!("`{operator}` with another query of queries beside it"),
                    "Write each step as a CTE: `WITH x AS (SELECT … UNION SELECT …) SELECT * FROM x EXCEPT SELECT …`.",
                ));
            }
            let exact = *op != SetOperator::Union;
            let (left, right) = (of_body(left, tables, outer)?, of_body(right, tables, outer)?);
            if left.len() != right.len() {
                return Err(refuse(
                    format!("`{operator}` of {} columns and {}", left.len(), right.len()),
                    "Both queries have the same number of columns.",
                ));
            }
            let pairs = left.into_iter().zip(right).map(|((name, left), (other, right))| {
                let joined =
                    left.joined(right).ok_or_else(|| mixed(&format!("`{operator}`"), left, right))?;
                let is_long = |kind: Kind, name: &str| {
                    matches!(kind, Kind::Whole | Kind::Decimal) && tables.digits().is_long(name)
                };
                let long = is_long(left, &name) || is_long(right, &other);
                if long && joined == Kind::Float {
                    return Err(precise::rounded(&format!("`{operator}` of `{name}`")));
                }
                if long {
                    tables.add_long(&name);
                }
                if joined == Kind::Decimal && !set_fits(left, right, tables) {
                    return Err(refuse(
                        format!("`{operator}` of decimal numbers of unlike places, where both together have more than 38 digits"),
                        "`CAST(column AS DOUBLE)` or `AS VARCHAR` on both sides makes them alike.",
                    ));
                }
                if *set_quantifier != SetQuantifier::All {
                    grouped(joined, &format!("`{operator}`"))?;
                }
                if joined == Kind::Nested || (exact && (joined == Kind::Decimal || left != right)) {
                    return Err(refuse(
                        format!("`{operator}` of {} with {}", left.name(), right.name()),
                        "`CAST(column AS DOUBLE)` or `AS VARCHAR` on both sides makes them alike.",
                    ));
                }
                Ok((name, joined))
            });
            pairs.collect()
        }
        _ => Err(refuse("this form of query", "Write `SELECT … FROM …`.")),
    }
}

/// Whether decimals of both sides fit one column; the engine has null for those that do not.
fn set_fits(left: Kind, right: Kind, tables: &Tables) -> bool {
    let is_whole = left == Kind::Whole || right == Kind::Whole;
    tables.digits().fit(is_whole.then_some(ANY_WHOLE))
}

/// Values that are put together by being equal.
fn grouped(kind: Kind, part: &str) -> Result<(), SqlError> {
    match kind {
        Kind::Decimal => Err(refuse(
            format!("{part} of decimal numbers"),
            "`CAST(x AS VARCHAR)` tells them apart as exactly, `CAST(x AS DOUBLE)` as numbers.",
        )),
        Kind::Nested | Kind::Long => {
            Err(refuse(format!("{part} of {}", kind.name()), "Name columns of single values there."))
        }
        _ => Ok(()),
    }
}

fn mixed(part: &str, left: Kind, right: Kind) -> SqlError {
    refuse(
        format!("{part} of {} with {}", left.name(), right.name()),
        "`CAST(value AS DOUBLE)`, `AS VARCHAR` or `AS DATE` makes them alike.",
    )
}

fn of_select(
    select: &mut Select,
    order: Option<&mut OrderBy>,
    tables: &Tables,
    outer: Option<&Scope<'_>>,
) -> Result<Columns, SqlError> {
    plain(select)?;
    let mut scope = Scope::new(tables, outer);
    joins::of_from(&mut select.from, &mut scope)?;
    scope.solid = joins::solid(&select.from, tables);
    if let Some(condition) = &mut select.selection {
        if select.from.is_empty() {
            return Err(refuse("`WHERE` without `FROM`", "Name the table: `SELECT … FROM t WHERE …`."));
        }
        expr::condition(condition, &scope, "WHERE")?;
    }
    for window in &mut select.named_window {
        window::named(window, &scope)?;
    }
    grouping::check(select)?;
    let doubled = doubled(&select.projection);
    let columns = projection(&mut select.projection, &scope)?;
    scope.aliases.clone_from(&columns);
    scope.doubled = doubled;
    match &mut select.distinct {
        Some(Distinct::On(_)) => {
            return Err(refuse(
                "`DISTINCT ON`",
                "`ROW_NUMBER() OVER (PARTITION BY … ORDER BY …) AS place` in a CTE, and `WHERE place = 1`.",
            ));
        }
        Some(Distinct::Distinct) => {
            for (name, kind) in &columns {
                grouped(*kind, &format!("`DISTINCT` over {}", shown(name)))?;
            }
        }
        Some(Distinct::All) | None => {}
    }
    match &mut select.group_by {
        GroupByExpr::All(modifiers) | GroupByExpr::Expressions(_, modifiers) if !modifiers.is_empty() => {
            return Err(refuse(
                "`GROUP BY` with `ROLLUP`, `CUBE` or `GROUPING SETS`",
                "Write one `GROUP BY` for each grouping and join them by `UNION ALL`.",
            ));
        }
        GroupByExpr::All(_) => {}
        GroupByExpr::Expressions(keys, _) => {
            for key in keys {
                let part = format!("`GROUP BY {key}`");
                grouped(expr::of(key, &scope)?, &part)?;
            }
        }
    }
    if let Some(condition) = &mut select.having {
        expr::condition(condition, &scope, "HAVING")?;
    }
    if let Some(order) = order {
        order_by(order, &scope)?;
    }
    Ok(columns)
}

/// Refuses the clauses of other databases' selects.
fn plain(select: &Select) -> Result<(), SqlError> {
    let other = [
        (select.top.is_some(), "`TOP`", "Write `LIMIT`."),
        (select.into.is_some(), "`SELECT … INTO`", "Write `%%sql --into NAME`."),
        (select.exclude.is_some(), "`EXCLUDE`", "Name the columns."),
        (!select.lateral_views.is_empty(), "`LATERAL VIEW`", "Write a join."),
        (select.prewhere.is_some(), "`PREWHERE`", "Write `WHERE`."),
        (!select.connect_by.is_empty(), "`CONNECT BY`", "Write each step as a CTE of its own."),
        (!select.cluster_by.is_empty(), "`CLUSTER BY`", "Write `ORDER BY`."),
        (!select.distribute_by.is_empty(), "`DISTRIBUTE BY`", "Leave it out."),
        (!select.sort_by.is_empty(), "`SORT BY`", "Write `ORDER BY`."),
        (select.value_table_mode.is_some(), "`AS VALUE` or `AS STRUCT`", "Leave it out."),
        (select.select_modifiers.is_some(), "this word after `SELECT`", "Leave it out."),
        (select.qualify.is_some(), "`QUALIFY`", "Put the query into a CTE, and filter that by `WHERE`."),
    ];
    match other.iter().find(|(is_there, ..)| *is_there) {
        None => Ok(()),
        Some((_, part, hint)) => Err(refuse(part, hint)),
    }
}

fn order_by(order: &mut OrderBy, scope: &Scope<'_>) -> Result<(), SqlError> {
    match &mut order.kind {
        OrderByKind::Expressions(items) if order.interpolate.is_none() => {
            items.iter_mut().try_for_each(|item| ordered(item, scope))
        }
        _ => Err(refuse("this form of `ORDER BY`", "Name the columns to order by.")),
    }
}

/// One term of an order: nulls come last, up and down, unless it says another.
fn ordered(item: &mut OrderByExpr, scope: &Scope<'_>) -> Result<(), SqlError> {
    let kind = expr::of(&mut item.expr, scope)?;
    compare::sorted(kind)?;
    if !kind.has_order() || item.with_fill.is_some() {
        return Err(refuse(
            format!("`ORDER BY` of {}", kind.name()),
            "`%show NAME --sort COLUMN` orders values of any type.",
        ));
    }
    item.options.nulls_first.get_or_insert(false);
    Ok(())
}
