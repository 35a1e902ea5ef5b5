//! Queries in expressions.

use std::ops::ControlFlow;

use sqlparser::ast::{BinaryOperator, Expr, GroupByExpr, Query, Select, SelectItem, SetExpr, Visit, Visitor};

use super::{Scope, call, joins, refuse, shown};
use crate::sql::SqlError;

/// A subquery that names columns of the query around: in `EXISTS` by equalities, which become a join; else not at all.
pub(super) fn correlated(subquery: &Query, scope: &Scope<'_>, equalities: bool) -> Result<(), SqlError> {
    struct Outer<'a> {
        scope: &'a Scope<'a>,
        found: bool,
    }
    impl Visitor for Outer<'_> {
        type Break = ();
        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
            if let Expr::CompoundIdentifier(names) = expr
                && let [table, _] = names.as_slice()
                && self.scope.sources.iter().any(|(own, _)| *own == table.value)
            {
                self.found = true;
            }
            ControlFlow::Continue(())
        }
    }
    let names_outer = |expr: &Expr| {
        let mut outer = Outer { scope, found: false };
        let _: ControlFlow<()> = expr.visit(&mut outer);
        outer.found
    };
    // Tables of its own hide those around that are called alike.
    let own = own_names(subquery);
    if scope.sources.iter().any(|(name, _)| own.contains(name))
        && !scope.sources.iter().all(|(name, _)| own.contains(name))
    {
        return Err(refuse(
            "a subquery that reads a table of the query around under the same name",
            "Give it an alias of its own.",
        ));
    }
    if scope.sources.iter().all(|(name, _)| own.contains(name)) {
        return Ok(());
    }
    let mut outer = Outer { scope, found: false };
    let _: ControlFlow<()> = subquery.visit(&mut outer);
    if !outer.found {
        return Ok(());
    }
    let refusal = || {
        refuse(
            format!("the subquery {}, which names columns of the query around", shown(subquery)),
            "Write it as a CTE with its key, and join that. `EXISTS (SELECT 1 FROM u WHERE u.key = t.key)` is taken.",
        )
    };
    // The engine takes any name of a table around for the first of them.
    if scope.sources.len() > 1 {
        return Err(refusal());
    }
    let SetExpr::Select(select) = subquery.body.as_ref() else { return Err(refusal()) };
    let Some(condition) = &select.selection else { return Err(refusal()) };
    if !equalities || select.from.iter().any(|table| !table.joins.is_empty()) || select.having.is_some() {
        return Err(refusal());
    }
    let mut terms = Vec::new();
    joins::conjunction(condition, &mut terms);
    let mut rest = 0;
    for term in terms {
        match term {
            Expr::BinaryOp { left, op: BinaryOperator::Eq, right }
                if names_outer(left) != names_outer(right) =>
            {
                let is_column =
                    |expr: &Expr| matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_));
                if !is_column(left) || !is_column(right) {
                    return Err(refusal());
                }
            }
            other => rest += usize::from(names_outer(other)),
        }
    }
    if rest > 0
        || select
            .projection
            .iter()
            .any(|item| matches!(item, SelectItem::UnnamedExpr(expr) if names_outer(expr)))
    {
        return Err(refusal());
    }
    Ok(())
}

pub(super) fn own_names(query: &Query) -> Vec<String> {
    let SetExpr::Select(select) = query.body.as_ref() else { return Vec::new() };
    let factors = select.from.iter().flat_map(|table| {
        std::iter::once(&table.relation).chain(table.joins.iter().map(|join| &join.relation))
    });
    let name = |factor: &sqlparser::ast::TableFactor| match factor {
        sqlparser::ast::TableFactor::Table { name, alias, .. } => Some(alias.as_ref().map_or_else(
            || {
                name.0
                    .last()
                    .and_then(|part| part.as_ident())
                    .map(|ident| ident.value.clone())
                    .unwrap_or_default()
            },
            |alias| alias.name.value.clone(),
        )),
        sqlparser::ast::TableFactor::Derived { alias, .. } => {
            alias.as_ref().map(|alias| alias.name.value.clone())
        }
        _ => None,
    };
    factors.filter_map(name).collect()
}

/// Refuses what the engine does not look at in the query of `IN` and `EXISTS`: an aggregate over all rows has one row also where there
/// are none, and a `LIMIT` may leave none.
pub(super) fn of_rows(query: &Query, what: &str) -> Result<(), SqlError> {
    let refusal = |part: &str| {
        Err(refuse(
            format!("{what} of {}, which has {part}", shown(query)),
            "Write it as a CTE, and join that, or compare with its single value: `x = (SELECT MAX(y) FROM t)`.",
        ))
    };
    if query.limit_clause.is_some() || query.fetch.is_some() {
        return refusal("a `LIMIT` of its own");
    }
    match query.body.as_ref() {
        SetExpr::Select(select) => {
            let aggregates = select.projection.iter().any(has_aggregate);
            if is_over_all_rows(select) && (aggregates || select.having.is_some()) {
                return refusal("an aggregate over all rows");
            }
            Ok(())
        }
        SetExpr::Query(inner) => of_rows(inner, what),
        SetExpr::Values(_) => Ok(()),
        _ => refusal("several queries"),
    }
}

/// Whether aggregates of a query are of all its rows.
fn is_over_all_rows(select: &Select) -> bool {
    matches!(&select.group_by, GroupByExpr::Expressions(keys, _) if keys.is_empty())
}

fn has_aggregate(item: &SelectItem) -> bool {
    struct Aggregate;
    impl Visitor for Aggregate {
        type Break = ();
        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
            if call::is_aggregate(expr) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        }
    }
    item.visit(&mut Aggregate).is_break()
}

/// Whether a query has exactly one row: one aggregate over all rows.
pub(super) fn is_one_row(query: &Query) -> bool {
    let SetExpr::Select(select) = query.body.as_ref() else { return false };
    let one = match select.projection.as_slice() {
        [SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. }] => call::is_aggregate(expr),
        _ => false,
    };
    is_over_all_rows(select)
        && one
        && select.having.is_none()
        && query.limit_clause.is_none()
        && query.fetch.is_none()
}
