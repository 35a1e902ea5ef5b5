//! `FROM t CROSS JOIN UNNEST(t.tags) AS u (tag)`, which DataFusion has only in the list of a `SELECT`.

use std::ops::ControlFlow;

use sqlparser::ast::{
    Expr, Ident, JoinConstraint, JoinOperator, Query, Select, SelectItem, SelectItemQualifiedWildcardKind, SetExpr, Statement,
    TableFactor, VisitMut as _, VisitorMut,
};

use super::SqlError;
use super::literal::parse;
use super::tree::beyond;

/// Puts `(SELECT *, UNNEST(tags) AS tag FROM t) AS t` in the place of a table and the lists that are taken apart beside it.
///
/// # Errors
/// [`SqlError::Beyond`] for what is not that form.
pub(super) fn aside(select: &mut Select) -> Result<(), SqlError> {
    let is_list = |factor: &TableFactor| matches!(factor, TableFactor::UNNEST { .. });
    let has = |table: &sqlparser::ast::TableWithJoins| table.joins.iter().any(|join| is_list(&join.relation));
    let lists = select.from.iter().filter(|table| is_list(&table.relation)).count();
    if !select.from.iter().any(has) && (lists == 0 || select.from.len() == 1) {
        return Ok(());
    }
    let other = || {
        beyond(
            "This form of `UNNEST` in `FROM` is not known here.",
            "`FROM t CROSS JOIN UNNEST(t.tags) AS u (tag)` of one table, or `SELECT id, UNNEST(tags) AS tag FROM t`.",
        )
    };
    let (factor, list) = match select.from.as_mut_slice() {
        [table] => match table.joins.as_mut_slice() {
            [join] => {
                let (JoinOperator::CrossJoin(JoinConstraint::None)
                | JoinOperator::Join(JoinConstraint::None)
                | JoinOperator::Inner(JoinConstraint::None)) = join.join_operator
                else {
                    return Err(other());
                };
                (&mut table.relation, &mut join.relation)
            }
            _ => return Err(other()),
        },
        [first, second] if first.joins.is_empty() && second.joins.is_empty() => (&mut first.relation, &mut second.relation),
        _ => return Err(other()),
    };
    let TableFactor::UNNEST { alias: Some(alias), array_exprs, with_offset: false, with_ordinality: false, .. } = list else {
        return Err(other());
    };
    let ([list @ (Expr::Identifier(_) | Expr::CompoundIdentifier(_))], [column]) =
        (array_exprs.as_slice(), alias.columns.as_slice())
    else {
        return Err(other());
    };
    let TableFactor::Table { name, alias: own, args: None, .. } = factor else { return Err(other()) };
    let table = match own {
        Some(own) if own.columns.is_empty() => own.name.clone(),
        None => match name.0.as_slice() {
            [one] => one.as_ident().cloned().ok_or_else(other)?,
            _ => return Err(other()),
        },
        Some(_) => return Err(other()),
    };
    let text = format!("SELECT * FROM (SELECT *, UNNEST({list}) AS {} FROM {factor}) AS {table}", column.name);
    let (unnested, column) = (alias.name.clone(), column.name.clone());
    let Ok(statements) = parse(&text) else { return Err(other()) };
    let [Statement::Query(query)] = statements.as_slice() else { return Err(other()) };
    let SetExpr::Select(made) = query.body.as_ref() else { return Err(other()) };
    select.from.clone_from(&made.from);
    let mut rename = Rename { from: &unnested, to: &table, depth: 0 };
    for item in &mut select.projection {
        if let SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), _) = item {
            match name.0.as_slice() {
                [one] if one.as_ident().is_some_and(|one| one.value.eq_ignore_ascii_case(&unnested.value)) => {
                    *item = SelectItem::UnnamedExpr(Expr::CompoundIdentifier(vec![table.clone(), column.clone()]));
                }
                // All columns of the table, and not the one that was taken apart.
                _ => return Err(other()),
            }
        }
    }
    let _: ControlFlow<()> = select.projection.visit(&mut rename);
    let _: ControlFlow<()> = select.selection.visit(&mut rename);
    let _: ControlFlow<()> = select.group_by.visit(&mut rename);
    let _: ControlFlow<()> = select.having.visit(&mut rename);
    let _: ControlFlow<()> = select.qualify.visit(&mut rename);
    Ok(())
}

/// Names the columns of one table as another's.
struct Rename<'a> {
    from: &'a Ident,
    to: &'a Ident,
    /// How many queries are around: in those the name may be another table's.
    depth: usize,
}

impl VisitorMut for Rename<'_> {
    type Break = ();

    fn pre_visit_query(&mut self, _: &mut Query) -> ControlFlow<()> {
        self.depth += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &mut Query) -> ControlFlow<()> {
        self.depth = self.depth.saturating_sub(1);
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if self.depth == 0
            && let Expr::CompoundIdentifier(names) = expr
            && let [table, ..] = names.as_mut_slice()
            && table.value.eq_ignore_ascii_case(&self.from.value)
        {
            *table = self.to.clone();
        }
        ControlFlow::Continue(())
    }
}
