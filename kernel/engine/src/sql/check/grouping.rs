//! Aggregates beside columns, and windows beside aggregates: what is one value of a group, and what is one of a row.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use sqlparser::ast::{Expr, GroupByExpr, Query, Select, SelectItem, Value, Visit, Visitor};

use super::{call, refuse, shown};
use crate::sql::SqlError;
use crate::sql::lineage::name_of;

/// Looks at the select list as it is typed.
pub(super) fn check(select: &Select) -> Result<(), SqlError> {
    let expressions = || {
        select.projection.iter().filter_map(|item| match item {
            SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => Some(expr),
            _ => None,
        })
    };
    let keys = match &select.group_by {
        GroupByExpr::All(_) => return windows(expressions(), true),
        GroupByExpr::Expressions(keys, _) => keys,
    };
    let has_aggregate = expressions().any(|expr| found(expr, call::is_aggregate));
    let is_grouped = !keys.is_empty() || has_aggregate || select.having.is_some();
    windows(expressions(), is_grouped)?;
    if !is_grouped {
        return Ok(());
    }
    let mut grouped: BTreeSet<String> = BTreeSet::new();
    for key in keys {
        grouped.insert(key.to_string());
        grouped.insert(name_of(key));
        let place = match key {
            Expr::Value(value) => match &value.value {
                Value::Number(digits, _) => {
                    digits.parse::<usize>().ok().and_then(|place| place.checked_sub(1))
                }
                _ => None,
            },
            _ => None,
        };
        let named = select.projection.iter().enumerate().find_map(|(at, item)| match item {
            SelectItem::ExprWithAlias { expr, alias } if Some(at) == place || alias.value == name_of(key) => {
                Some(expr)
            }
            SelectItem::UnnamedExpr(expr) if Some(at) == place => Some(expr),
            _ => None,
        });
        if !names_column(named.unwrap_or(key)) {
            return Err(refuse(
                format!("groups by {}, which names no column", shown(named.unwrap_or(key))),
                "Leave it out of `GROUP BY`: it is the same in each group.",
            ));
        }
        grouped.extend(named.map(ToString::to_string));
    }
    for expr in expressions() {
        if let Some(column) = loose(expr, &grouped) {
            return Err(refuse(
                format!("{} beside groups, as a group has many of it", shown(&column)),
                "Add it to `GROUP BY`, or take one: `MIN(x)`, `MAX(x)`.",
            ));
        }
    }
    Ok(())
}

fn windows<'a>(mut expressions: impl Iterator<Item = &'a Expr>, is_grouped: bool) -> Result<(), SqlError> {
    let is_window = |expr: &Expr| matches!(expr, Expr::Function(function) if function.over.is_some());
    if is_grouped && let Some(expr) = expressions.find(|expr| found(expr, is_window)) {
        return Err(refuse(
            format!("a window over groups, {}", shown(expr)),
            "Group in a CTE first: `WITH x AS (SELECT k, COUNT(*) AS n FROM t GROUP BY k) SELECT k, n * 100.0 / SUM(n) OVER () FROM x`.",
        ));
    }
    Ok(())
}

fn found(expr: &Expr, is_it: impl Fn(&Expr) -> bool) -> bool {
    struct Find<F>(F);
    impl<F: Fn(&Expr) -> bool> Visitor for Find<F> {
        type Break = ();
        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
            if (self.0)(expr) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        }
    }
    expr.visit(&mut Find(is_it)).is_break()
}

/// Whether an expression names a column, those of queries in it aside.
pub(super) fn names_column(expr: &Expr) -> bool {
    struct Find {
        inner: usize,
    }
    impl Visitor for Find {
        type Break = ();
        fn pre_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
            self.inner += 1;
            ControlFlow::Continue(())
        }
        fn post_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
            self.inner -= 1;
            ControlFlow::Continue(())
        }
        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
            match expr {
                Expr::Identifier(_) | Expr::CompoundIdentifier(_) if self.inner == 0 => {
                    ControlFlow::Break(())
                }
                _ => ControlFlow::Continue(()),
            }
        }
    }
    expr.visit(&mut Find { inner: 0 }).is_break()
}

/// A column that is neither in an aggregate nor a key of the groups.
fn loose(expr: &Expr, grouped: &BTreeSet<String>) -> Option<Expr> {
    struct Loose<'a> {
        grouped: &'a BTreeSet<String>,
        /// How many aggregates and keys are open around.
        inside: usize,
        column: Option<Expr>,
    }
    impl Loose<'_> {
        fn closes(&self, expr: &Expr) -> bool {
            call::is_aggregate(expr)
                || matches!(expr, Expr::Subquery(_) | Expr::Exists { .. } | Expr::InSubquery { .. })
                || self.grouped.contains(&expr.to_string())
                || (matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_))
                    && self.grouped.contains(&name_of(expr)))
        }
    }
    impl Visitor for Loose<'_> {
        type Break = ();
        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
            if self.closes(expr) {
                self.inside += 1;
            } else if self.inside == 0 && matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_)) {
                self.column = Some(expr.clone());
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        }
        fn post_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
            if self.closes(expr) {
                self.inside -= 1;
            }
            ControlFlow::Continue(())
        }
    }
    let mut find = Loose { grouped, inside: 0, column: None };
    let _: ControlFlow<()> = expr.visit(&mut find);
    find.column
}
