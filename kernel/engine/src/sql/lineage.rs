//! Which CQL type a column of an answer has, by the column it came from.
//!
//! polars knows columns of numbers and texts; that one was a `timeuuid` or a `set` is known here. What is worked out newly
//! (a sum, a cast, a call) has no such type and gets the nearest.

use std::collections::BTreeMap;

use cqlbook_core::column::CqlType;
use sqlparser::ast::{
    Expr, FunctionArg, FunctionArgExpr, FunctionArguments, Query, Select, SelectItem,
    SelectItemQualifiedWildcardKind, SetExpr, TableFactor,
};

/// Columns in order, each with its type where that is known.
pub(super) type Columns = Vec<(String, Option<CqlType>)>;

/// Calls whose value is one of their argument's.
const SAME: [&str; 14] = [
    "any_value",
    "coalesce",
    "first",
    "first_value",
    "greatest",
    "ifnull",
    "lag",
    "last",
    "last_value",
    "lead",
    "least",
    "max",
    "min",
    "nullif",
];

/// The columns of a query over these tables, as far as their types can be told.
pub(super) fn of_query(query: &Query, tables: &BTreeMap<String, Columns>) -> Columns {
    let mut scope = tables.clone();
    for cte in query.with.iter().flat_map(|with| &with.cte_tables) {
        let mut columns = of_query(&cte.query, &scope);
        for (column, alias) in columns.iter_mut().zip(&cte.alias.columns) {
            column.0.clone_from(&alias.name.value);
        }
        scope.insert(cte.alias.name.value.clone(), columns);
    }
    of_body(&query.body, &scope)
}

fn of_body(body: &SetExpr, scope: &BTreeMap<String, Columns>) -> Columns {
    match body {
        SetExpr::Select(select) => of_select(select, scope),
        SetExpr::Query(query) => of_query(query, scope),
        SetExpr::SetOperation { left, right, .. } => {
            let (left, right) = (of_body(left, scope), of_body(right, scope));
            let pairs = left.into_iter().enumerate().map(|(place, (name, ty))| {
                let same = right.get(place).is_some_and(|(_, other)| *other == ty);
                (name, ty.filter(|_| same))
            });
            pairs.collect()
        }
        _ => Columns::new(),
    }
}

/// What a `FROM` has: names with their columns.
type Sources = Vec<(String, Columns)>;

fn of_select(select: &Select, scope: &BTreeMap<String, Columns>) -> Columns {
    let mut sources = Sources::new();
    for table in &select.from {
        source(&table.relation, scope, &mut sources);
        table.joins.iter().for_each(|join| source(&join.relation, scope, &mut sources));
    }
    let mut columns = Columns::new();
    for item in &select.projection {
        match item {
            SelectItem::UnnamedExpr(expr) => {
                columns.push((unique(name_of(expr), &columns), type_of(expr, &sources)));
            }
            SelectItem::ExprWithAlias { expr, alias } => {
                columns.push((alias.value.clone(), type_of(expr, &sources)));
            }
            SelectItem::Wildcard(_) => sources.iter().for_each(|(name, own)| all(name, own, &mut columns)),
            SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), _) => {
                let name = name.to_string().replace('"', "");
                sources
                    .iter()
                    .filter(|(own, _)| *own == name)
                    .for_each(|(name, own)| all(name, own, &mut columns));
            }
            _ => {}
        }
    }
    columns
}

/// All columns of a source. A name that is taken already has the source's own behind it, as polars writes it.
fn all(source: &str, own: &Columns, columns: &mut Columns) {
    for (name, ty) in own {
        let taken = columns.iter().any(|(known, _)| known == name);
        let name = if taken { format!("{name}:{source}") } else { name.clone() };
        columns.push((name, ty.clone()));
    }
}

fn source(factor: &TableFactor, scope: &BTreeMap<String, Columns>, sources: &mut Sources) {
    match factor {
        TableFactor::Table { name, alias, .. } => {
            let name = name
                .0
                .last()
                .and_then(|part| part.as_ident())
                .map(|ident| ident.value.clone())
                .unwrap_or_default();
            let columns = scope.get(&name).cloned().unwrap_or_default();
            sources.push((alias.as_ref().map_or(name, |alias| alias.name.value.clone()), columns));
        }
        TableFactor::Derived { subquery, alias, .. } => {
            let name = alias.as_ref().map(|alias| alias.name.value.clone()).unwrap_or_default();
            let mut columns = of_query(subquery, scope);
            let names = alias.iter().flat_map(|alias| &alias.columns);
            columns.iter_mut().zip(names).for_each(|(column, alias)| column.0.clone_from(&alias.name.value));
            sources.push((name, columns));
        }
        TableFactor::NestedJoin { table_with_joins, .. } => {
            source(&table_with_joins.relation, scope, sources);
            table_with_joins.joins.iter().for_each(|join| source(&join.relation, scope, sources));
        }
        _ => {}
    }
}

/// What an expression without an alias is called: a column by its name, the rest as it is typed; see `check`.
pub(super) fn name_of(expr: &Expr) -> String {
    match expr {
        Expr::Identifier(name) => name.value.clone(),
        Expr::CompoundIdentifier(names) => names.last().map(|name| name.value.clone()).unwrap_or_default(),
        other => other.to_string().replace('"', ""),
    }
}

/// The name with a number behind it where another column has it already, as in `SELECT a.id, b.id`.
pub(super) fn unique<T>(name: String, columns: &[(String, T)]) -> String {
    let is_taken = |name: &str| columns.iter().any(|(known, _)| known == name);
    if !is_taken(&name) {
        return name;
    }
    (2..=columns.len() + 2)
        .map(|number| format!("{name}_{number}"))
        .find(|other| !is_taken(other))
        .unwrap_or(name)
}

fn type_of(expr: &Expr, sources: &Sources) -> Option<CqlType> {
    let find = |columns: &Columns, name: &str| {
        columns.iter().find(|(own, _)| own == name).and_then(|(_, ty)| ty.clone())
    };
    match expr {
        Expr::Identifier(name) => sources.iter().find_map(|(_, columns)| find(columns, &name.value)),
        Expr::CompoundIdentifier(names) => match names.as_slice() {
            [table, column] => sources
                .iter()
                .find(|(own, _)| *own == table.value)
                .and_then(|(_, columns)| find(columns, &column.value)),
            _ => None,
        },
        Expr::Nested(inner) => type_of(inner, sources),
        Expr::Function(call) if SAME.contains(&call.name.to_string().to_lowercase().as_str()) => {
            let arguments = arguments(expr);
            let ty = type_of(arguments.first()?, sources)?;
            // The second argument of these is a number of rows.
            let counts = matches!(call.name.to_string().to_lowercase().as_str(), "lag" | "lead");
            let same =
                counts || arguments.iter().skip(1).all(|other| type_of(other, sources).as_ref() == Some(&ty));
            same.then_some(ty)
        }
        Expr::Case { conditions, else_result, .. } => {
            let mut results = conditions.iter().map(|when| &when.result).chain(else_result.as_deref());
            let ty = type_of(results.next()?, sources)?;
            results.all(|other| type_of(other, sources).as_ref() == Some(&ty)).then_some(ty)
        }
        _ => None,
    }
}

fn arguments(expr: &Expr) -> Vec<&Expr> {
    let Expr::Function(call) = expr else { return Vec::new() };
    let FunctionArguments::List(list) = &call.args else { return Vec::new() };
    let arguments = list.args.iter().filter_map(|argument| match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr),
        _ => None,
    });
    arguments.collect()
}
