//! The columns of `JOIN … USING`, which DataFusion takes from the left side where the right one has them.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use sqlparser::ast::{
    Expr, Ident, JoinConstraint, JoinOperator, ObjectName, ObjectNamePart, OrderBy, Query, Select,
    SelectItem, TableFactor, VisitMut as _, VisitorMut,
};

use super::SqlError;
use super::literal::call;
use super::spelling::{Spelling, alias_of};
use super::tree::{Walk, beyond};

impl Walk<'_> {
    /// The columns of `RIGHT` and `FULL JOIN … USING`: DataFusion takes them from the left side, where they may be null.
    pub(super) fn merge(&self, select: &mut Select, order: &mut Option<OrderBy>) -> Result<(), SqlError> {
        let mut merged: BTreeMap<String, Vec<Ident>> = BTreeMap::new();
        let mut sources: Vec<(Ident, Option<Vec<String>>)> = Vec::new();
        let mut hidden: Vec<(usize, String)> = Vec::new();
        let mut outer: std::collections::BTreeSet<String> = std::collections::BTreeSet::new();
        for table in &mut select.from {
            sources.push(self.source(&mut table.relation));
            for join in &mut table.joins {
                sources.push(self.source(&mut join.relation));
                let place = sources.len() - 1;
                let (constraint, is_outer) = match &mut join.join_operator {
                    JoinOperator::Right(constraint)
                    | JoinOperator::RightOuter(constraint)
                    | JoinOperator::FullOuter(constraint) => (constraint, true),
                    JoinOperator::Join(constraint)
                    | JoinOperator::Inner(constraint)
                    | JoinOperator::Left(constraint)
                    | JoinOperator::LeftOuter(constraint) => (constraint, false),
                    _ => continue,
                };
                match constraint {
                    JoinConstraint::Using(names) => {
                        let names: Vec<Ident> = names
                            .iter_mut()
                            .filter_map(|name| match name.0.as_mut_slice() {
                                [ObjectNamePart::Identifier(name)] => {
                                    self.spelling.spell(name);
                                    Some(name.clone())
                                }
                                _ => None,
                            })
                            .collect();
                        for name in names {
                            hidden.push((place, name.value.clone()));
                            if !is_outer {
                                // A later inner or left join goes by what was merged before it.
                                if outer.contains(&name.value) {
                                    return Err(chain());
                                }
                                let has = |source: &&(Ident, Option<Vec<String>>)| {
                                    source.1.as_ref().is_none_or(|columns| columns.contains(&name.value))
                                };
                                if let Some((left, _)) = sources[..place].iter().find(has) {
                                    merged.entry(name.value.clone()).or_insert_with(|| vec![left.clone()]);
                                }
                                continue;
                            }
                            if merged.contains_key(&name.value)
                                || hidden.iter().filter(|(_, own)| *own == name.value).count() > 1
                            {
                                return Err(chain());
                            }
                            let has = |source: &&(Ident, Option<Vec<String>>)| {
                                source.1.as_ref().is_none_or(|columns| columns.contains(&name.value))
                            };
                            let left = sources[..place].iter().find(has).map(|(name, _)| name.clone());
                            let Some(left) = left else { continue };
                            outer.insert(name.value.clone());
                            merged.insert(name.value.clone(), vec![left, sources[place].0.clone()]);
                        }
                    }
                    JoinConstraint::Natural if is_outer => {
                        return Err(beyond(
                            "`NATURAL RIGHT` and `NATURAL FULL JOIN` are not known here.",
                            "Name the columns: `FULL JOIN b USING (id)`.",
                        ));
                    }
                    _ => {}
                }
            }
        }
        if merged.is_empty() {
            return Ok(());
        }
        let value = |name: &str| -> Option<Expr> {
            let sides = merged.get(name)?;
            let column =
                |side: &Ident| Expr::CompoundIdentifier(vec![side.clone(), Ident::with_quote('"', name)]);
            if let [left] = sides.as_slice() {
                return Some(column(left));
            }
            Some(call("coalesce", sides.iter().map(column).collect()))
        };
        let mut projection = Vec::new();
        for item in std::mem::take(&mut select.projection) {
            match item {
                SelectItem::UnnamedExpr(Expr::Identifier(mut name)) => {
                    self.spelling.spell(&mut name);
                    projection.push(match value(&name.value) {
                        Some(expr) => SelectItem::ExprWithAlias { expr, alias: name },
                        None => SelectItem::UnnamedExpr(Expr::Identifier(name)),
                    });
                }
                SelectItem::Wildcard(_) => {
                    for (place, (source, columns)) in sources.iter().enumerate() {
                        let Some(columns) = columns else {
                            return Err(beyond(
                                "`*` of a `JOIN … USING` with a query in it is not known here.",
                                "Name the columns, or write `a.*, b.name`.",
                            ));
                        };
                        for column in
                            columns.iter().filter(|column| !hidden.contains(&(place, (*column).clone())))
                        {
                            let alias = Ident::with_quote('"', column);
                            projection.push(match value(column) {
                                Some(expr) => SelectItem::ExprWithAlias { expr, alias },
                                None => SelectItem::UnnamedExpr(Expr::CompoundIdentifier(vec![
                                    source.clone(),
                                    alias,
                                ])),
                            });
                        }
                    }
                }
                other => projection.push(other),
            }
        }
        let mut put = Put { value: &value, outer: &outer, spelling: &self.spelling, depth: 0 };
        let mut seen = projection.visit(&mut put);
        let parts: [&mut dyn FnMut(&mut Put<'_>) -> ControlFlow<SqlError>; 4] = [
            &mut |put| select.selection.visit(put),
            &mut |put| select.group_by.visit(put),
            &mut |put| select.having.visit(put),
            &mut |put| select.qualify.visit(put),
        ];
        for part in parts {
            if seen.is_continue() {
                seen = part(&mut put);
            }
        }
        let is_alias = |name: &str| {
            projection
                .iter()
                .any(|item| matches!(item, SelectItem::ExprWithAlias { alias, .. } if alias.value == name))
        };
        if seen.is_continue() && !merged.keys().any(|name| is_alias(name)) {
            seen = order.visit(&mut put);
        }
        if let ControlFlow::Break(error) = seen {
            return Err(error);
        }
        select.projection = projection;
        Ok(())
    }

    fn source(&self, factor: &mut TableFactor) -> (Ident, Option<Vec<String>>) {
        let columns = match factor {
            TableFactor::Table { name: ObjectName(parts), alias, .. } => match (parts.as_slice(), alias) {
                ([ObjectNamePart::Identifier(name)], alias) => {
                    let columns = self.tables.get(&name.value).cloned();
                    let own = alias.as_ref().map_or_else(|| name.clone(), |alias| alias.name.clone());
                    let is_renamed = alias.as_ref().is_some_and(|alias| !alias.columns.is_empty());
                    return (self.spelled(own), columns.filter(|_| !is_renamed));
                }
                _ => None,
            },
            _ => None,
        };
        let name = alias_of(factor).map_or_else(|| Ident::new(""), |alias| alias.name.clone());
        (self.spelled(name), columns)
    }

    fn spelled(&self, mut name: Ident) -> Ident {
        self.spelling.spell(&mut name);
        name
    }
}

/// Puts the value of a merged column where its name stands alone.
struct Put<'a> {
    value: &'a dyn Fn(&str) -> Option<Expr>,
    /// The names whose value may be that of either side.
    outer: &'a std::collections::BTreeSet<String>,
    spelling: &'a Spelling,
    /// How many queries are around, within the one that joins.
    depth: usize,
}

impl VisitorMut for Put<'_> {
    type Break = SqlError;

    fn pre_visit_query(&mut self, _: &mut Query) -> ControlFlow<SqlError> {
        self.depth += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &mut Query) -> ControlFlow<SqlError> {
        self.depth = self.depth.saturating_sub(1);
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<SqlError> {
        let Expr::Identifier(name) = expr else { return ControlFlow::Continue(()) };
        self.spelling.spell(name);
        let Some(value) = (self.value)(&name.value) else { return ControlFlow::Continue(()) };
        if self.depth > 0 && !self.outer.contains(&name.value) {
            return ControlFlow::Continue(());
        }
        if self.depth > 0 {
            return ControlFlow::Break(beyond(
                format!(
                    "Whose `{}` is meant in a query within a `RIGHT` or `FULL JOIN … USING` cannot be told.",
                    name.value
                ),
                "Say of which table it is: `t.id`.",
            ));
        }
        *expr = value;
        ControlFlow::Continue(())
    }
}

fn chain() -> SqlError {
    beyond(
        "More than one `RIGHT` or `FULL JOIN … USING` of one column is not known here.",
        "`ON`, and `COALESCE(a.key, b.key, c.key) AS key`.",
    )
}
