//! `FROM` and its joins.

use std::collections::BTreeSet;

use sqlparser::ast::{BinaryOperator, Expr, Join, JoinConstraint, JoinOperator, TableFactor, TableWithJoins};

use super::{Columns, Scope, Tables, of_query, refuse, rename, shown};
use crate::sql::SqlError;
use crate::sql::check::expr;
use crate::sql::kind::Kind;

/// Checks the tables of `FROM`, and adds them to the scope.
pub(super) fn of_from(from: &mut [TableWithJoins], scope: &mut Scope<'_>) -> Result<(), SqlError> {
    from.iter_mut().try_for_each(|table| of_joins(table, scope))
}

/// The columns without a null where one table alone is read: a join can put nulls beside any row.
pub(super) fn solid(from: &[TableWithJoins], tables: &Tables) -> BTreeSet<String> {
    match from {
        [TableWithJoins { relation: TableFactor::Table { name, .. }, joins }] if joins.is_empty() => {
            let name = name.0.last().and_then(|part| part.as_ident()).map(|ident| ident.value.clone());
            name.and_then(|name| tables.solid.get(&name).cloned()).unwrap_or_default()
        }
        _ => BTreeSet::new(),
    }
}

fn of_joins(table: &mut TableWithJoins, scope: &mut Scope<'_>) -> Result<(), SqlError> {
    of_factor(&mut table.relation, scope)?;
    table.joins.iter_mut().try_for_each(|join| of_join(join, scope))
}

fn of_factor(factor: &mut TableFactor, scope: &mut Scope<'_>) -> Result<(), SqlError> {
    match factor {
        TableFactor::Table {
            name,
            alias,
            args: None,
            with_ordinality: false,
            sample: None,
            version: None,
            ..
        } => {
            let own = name
                .0
                .last()
                .and_then(|part| part.as_ident())
                .map(|ident| ident.value.clone())
                .unwrap_or_default();
            let columns = scope.tables.columns.get(&own).cloned().unwrap_or_default();
            let name = match alias {
                None => own,
                Some(alias) if !alias.columns.is_empty() => {
                    return Err(refuse(
                        format!("new names for the columns of a table, `{own} {alias}`"),
                        "Select from it: `FROM (SELECT * FROM t) AS x (a, b)`, or name them where they are selected.",
                    ));
                }
                Some(alias) => alias.name.value.clone(),
            };
            scope.sources.push((name, columns));
            Ok(())
        }
        TableFactor::Derived { lateral: false, subquery, alias, sample: None } => {
            let mut columns = of_query(subquery, scope.tables, None)?;
            let mut name = String::new();
            if let Some(alias) = alias {
                rename(&mut columns, alias.columns.iter().map(|column| &column.name), scope.tables);
                name.clone_from(&alias.name.value);
            }
            scope.sources.push((name, columns));
            Ok(())
        }
        other => Err(refuse(
            format!("{} in `FROM`", shown(other)),
            "Write the inner query as a CTE, `WITH x AS (SELECT …)`, and join that.",
        )),
    }
}

fn of_join(join: &mut Join, scope: &mut Scope<'_>) -> Result<(), SqlError> {
    let before = scope.sources.len();
    of_factor(&mut join.relation, scope)?;
    let right = scope.sources.get(before).map(|(_, columns)| columns.clone()).unwrap_or_default();
    let (word, constraint) = match &mut join.join_operator {
        JoinOperator::Join(constraint) | JoinOperator::Inner(constraint) => ("JOIN", constraint),
        JoinOperator::CrossJoin(JoinConstraint::None) => return Ok(()),
        JoinOperator::Left(constraint) | JoinOperator::LeftOuter(constraint) => ("LEFT JOIN", constraint),
        JoinOperator::Right(constraint) | JoinOperator::RightOuter(constraint) => ("RIGHT JOIN", constraint),
        JoinOperator::FullOuter(constraint) => ("FULL JOIN", constraint),
        _ => {
            return Err(refuse(
                "this kind of join",
                "`JOIN`, `LEFT JOIN`, `RIGHT JOIN`, `FULL JOIN` and `CROSS JOIN` are taken. `WHERE key IN (SELECT …)` or `EXISTS (SELECT …)` keeps rows that have a partner.",
            ));
        }
    };
    match constraint {
        JoinConstraint::On(condition) => on(condition, scope, word, before),
        JoinConstraint::Using(names) => {
            scope.has_using = true;
            if matches!(word, "FULL JOIN" | "RIGHT JOIN") {
                return Err(refuse(
                    format!("`{word} … USING`"),
                    "Write the condition, and take the key from both sides: `SELECT COALESCE(a.key, b.key) AS key … ON a.key = b.key`.",
                ));
            }
            for name in names {
                let name = name
                    .0
                    .last()
                    .and_then(|part| part.as_ident())
                    .map(|ident| ident.value.clone())
                    .unwrap_or_default();
                let left = scope.sources[..before].iter().find_map(|(_, columns)| find(columns, &name));
                keys(left.unwrap_or(Kind::Unknown), find(&right, &name).unwrap_or(Kind::Unknown), &name)?;
                if let Some((_, columns)) = scope.sources.get_mut(before) {
                    columns.retain(|(own, _)| *own != name);
                }
            }
            Ok(())
        }
        JoinConstraint::Natural => Err(refuse("`NATURAL JOIN`", "Name the columns: `JOIN t USING (key)`.")),
        JoinConstraint::None => Err(refuse(
            format!("`{word}` without a condition"),
            "Write `ON a.key = b.key`, or `CROSS JOIN` for every pair of rows.",
        )),
    }
}

fn find(columns: &Columns, name: &str) -> Option<Kind> {
    columns.iter().find(|(own, _)| own == name).map(|(_, kind)| *kind)
}

/// Values can be a join's keys where the engine has them in one form.
fn keys(left: Kind, right: Kind, part: &str) -> Result<(), SqlError> {
    let alike = left == right || left.is_open() || right.is_open() || (left.is_text() && right.is_text());
    if alike && left.has_order() && right.has_order() && left != Kind::Decimal {
        return Ok(());
    }
    Err(refuse(
        format!("a join by `{part}` of {} with {}", left.name(), right.name()),
        "Give both sides one type in a CTE, such as `CAST(key AS BIGINT)` or `AS VARCHAR`; decimal numbers by `AS DOUBLE`.",
    ))
}

/// A join's condition: equalities of columns, joined by `AND`. An inner join may have other conditions beside them.
fn on(condition: &mut Expr, scope: &Scope<'_>, word: &str, before: usize) -> Result<(), SqlError> {
    if word == "JOIN" {
        // Each pair of rows for which it is true, whatever it is.
        return expr::condition(condition, scope, "ON");
    }
    let mut terms = Vec::new();
    conjunction(condition, &mut terms);
    for term in terms {
        let Expr::BinaryOp { left, op: BinaryOperator::Eq, right } = term else {
            return Err(outer(word, term));
        };
        match (side(left, scope, before), side(right, scope, before)) {
            (Some(one), Some(other)) if one != other => {
                let left = expr::of(&mut left.as_ref().clone(), scope)?;
                let right = expr::of(&mut right.as_ref().clone(), scope)?;
                keys(left, right, &term.to_string())?;
            }
            _ => return Err(outer(word, term)),
        }
    }
    Ok(())
}

fn outer(word: &str, term: &Expr) -> SqlError {
    refuse(
        format!("`{word} … ON` with {}", shown(term)),
        "An outer join takes equalities of columns joined by `AND`. Filter the table in a CTE first: `WITH x AS (SELECT … WHERE …)`, and join that.",
    )
}

/// Which side of the join a plain column is of: 0 for the tables before it, 1 for the table itself.
fn side(expr: &Expr, scope: &Scope<'_>, before: usize) -> Option<usize> {
    let place = match expr {
        Expr::Nested(inner) => return side(inner, scope, before),
        Expr::Identifier(name) => {
            let mut places = scope
                .sources
                .iter()
                .enumerate()
                .filter(|(_, (_, columns))| find(columns, &name.value).is_some());
            let place = places.next()?.0;
            // A name that two tables have is the engine's to refuse.
            if places.next().is_some() {
                return None;
            }
            place
        }
        Expr::CompoundIdentifier(names) => match names.as_slice() {
            [table, _] => scope.sources.iter().position(|(own, _)| *own == table.value)?,
            _ => return None,
        },
        _ => return None,
    };
    Some(usize::from(place >= before))
}

/// The terms that `AND` joins.
pub(super) fn conjunction<'a>(expr: &'a Expr, terms: &mut Vec<&'a Expr>) {
    match expr {
        Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
            conjunction(left, terms);
            conjunction(right, terms);
        }
        Expr::Nested(inner) => conjunction(inner, terms),
        other => terms.push(other),
    }
}
