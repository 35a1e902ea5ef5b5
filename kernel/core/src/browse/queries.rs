//! What queries a table's keys and indexes allow, in words, each with CQL that can be run.

use super::sample::{is_ordered, literal, unfrozen};
use crate::column::CqlType;
use crate::cql::keywords::quote_name;
use crate::render::code_span;
use crate::schema::{Column, Index, IndexKind, Table};

/// A kind of query that is allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Query {
    /// In words; names as code spans.
    pub(super) text: String,
    /// An example.
    pub(super) cql: String,
}

/// What the primary key allows, the most direct first.
pub(super) fn of_keys(place: &str, table: &Table) -> Vec<Query> {
    let partition: Vec<&Column> = table.partition_key().collect();
    let clustering: Vec<&Column> = table.clustering().collect();
    if partition.is_empty() {
        return Vec::new();
    }
    let mut queries = Vec::new();
    let select = |rest: String| format!("SELECT * FROM {place}{rest};");
    let fixed = |columns: &[&Column]| {
        let equal = columns.iter().map(|column| equals(column));
        equal.collect::<Vec<_>>().join(" AND ")
    };
    let names = |columns: &[&Column]| {
        let names: Vec<_> = columns.iter().map(|column| code_span(&quote_name(&column.name))).collect();
        listed(&names)
    };
    let all: Vec<&Column> = partition.iter().chain(&clustering).copied().collect();
    queries.push(Query {
        text: format!("One row, by the whole key: {}.", names(&all)),
        cql: select(format!(" WHERE {}", fixed(&all))),
    });
    let whole = format!(" WHERE {}", fixed(&partition));
    if let Some((first, _)) = clustering.split_first() {
        queries.push(Query {
            text: format!(
                "All rows of one partition, by {}, in the order of {}.",
                names(&partition),
                names(&clustering)
            ),
            cql: select(whole.clone()),
        });
        for (place, column) in
            clustering.iter().enumerate().filter(|(_, column)| is_ordered(&column.cql_type))
        {
            let before = &clustering[..place];
            let given =
                if before.is_empty() { String::new() } else { format!(", with {} fixed", names(before)) };
            let mut conditions: Vec<String> =
                partition.iter().chain(before).map(|column| equals(column)).collect();
            conditions.push(range(column));
            queries.push(Query {
                text: format!(
                    "A range of {} within one partition{given}.",
                    code_span(&quote_name(&column.name))
                ),
                cql: select(format!(" WHERE {}", conditions.join(" AND "))),
            });
        }
        let turned = if first.descending { "ASC" } else { "DESC" };
        let ends = if first.descending { "The first" } else { "The last" };
        queries.push(Query {
            text: format!(
                "{ends} rows of one partition: the stored order of {}, turned around.",
                code_span(&quote_name(&first.name))
            ),
            cql: select(format!("{whole} ORDER BY {} {turned} LIMIT 10", quote_name(&first.name))),
        });
    }
    if let Some((last, before)) = partition.split_last() {
        let name = quote_name(&last.name);
        let mut conditions: Vec<String> = before.iter().map(|column| equals(column)).collect();
        conditions.push(format!(
            "{name} IN ({}, {})",
            literal(&last.cql_type, false),
            literal(&last.cql_type, true)
        ));
        queries.push(Query {
            text: "A few partitions at once. Each is read on its own, so keep the list short.".to_owned(),
            cql: select(format!(" WHERE {}", conditions.join(" AND "))),
        });
    }
    let columns: Vec<_> = partition.iter().map(|column| quote_name(&column.name)).collect();
    let values: Vec<_> = partition.iter().map(|column| literal(&column.cql_type, false)).collect();
    queries.push(Query {
        text: "All partitions, a stretch of tokens after the other. This reads the whole table.".to_owned(),
        cql: select(format!(" WHERE token({}) > token({}) LIMIT 100", columns.join(", "), values.join(", "))),
    });
    queries
}

/// What needs `ALLOW FILTERING`, in one sentence; `None` where every column has its query.
pub(super) fn filtered(table: &Table) -> Option<String> {
    let indexed = |name: &str| table.indexes.values().any(|index| target(index).1 == name);
    let clustering: Vec<&Column> = table.clustering().collect();
    let others: Vec<_> = table
        .columns
        .iter()
        .filter(|column| !matches!(column.role, Some(crate::column::KeyRole::Partition)))
        .filter(|column| clustering.first().is_none_or(|first| first.name != column.name))
        .filter(|column| !indexed(&column.name))
        .map(|column| code_span(&quote_name(&column.name)))
        .collect();
    const NAMED: usize = 8;
    let more = others.len().saturating_sub(NAMED);
    let mut names: Vec<String> = others.into_iter().take(NAMED).collect();
    if names.is_empty() {
        return None;
    }
    if more > 0 {
        names.push(format!("{more} more"));
    }
    Some(format!(
        "A restriction of {} alone reads the whole table: the server asks for `ALLOW FILTERING`. An index, or a table \
         of its own with that key, serves it.",
        listed(&names)
    ))
}

/// What an index serves.
pub(super) fn of_index(place: &str, table: &Table, index: &Index) -> Query {
    let (part, name) = target(index);
    let column = table.column(&name);
    let cql_type = column.map_or(&CqlType::Text, |column| unfrozen(&column.cql_type));
    let written = quote_name(&name);
    let shown = code_span(&written);
    let (text, condition) = match (part, cql_type) {
        (_, CqlType::Vector(..)) => {
            let nearest = format!(" ORDER BY {written} ANN OF {} LIMIT 10", literal(cql_type, false));
            let text = format!("The rows whose {shown} is nearest to a vector.");
            return Query { text, cql: format!("SELECT * FROM {place}{nearest};") };
        }
        ("keys", CqlType::Map(key, _)) => (
            format!("Rows whose {shown} has a key."),
            format!("{written} CONTAINS KEY {}", literal(key, false)),
        ),
        ("entries", CqlType::Map(key, value)) => (
            format!("Rows whose {shown} has a value under a key."),
            format!("{written}[{}] = {}", literal(key, false), literal(value, false)),
        ),
        (_, CqlType::Map(_, item) | CqlType::List(item) | CqlType::Set(item)) if part != "full" => (
            format!("Rows whose {shown} contains a value."),
            format!("{written} CONTAINS {}", literal(item, false)),
        ),
        _ => match index.kind {
            IndexKind::Sai if is_ordered(cql_type) && !matches!(cql_type, CqlType::Text | CqlType::Ascii) => {
                (
                    format!("Rows by {shown}, equal or in a range, together with other such columns."),
                    column.map_or_else(String::new, range),
                )
            }
            IndexKind::Sasi if matches!(cql_type, CqlType::Text | CqlType::Ascii) => {
                (format!("Rows whose {shown} is like a text."), format!("{written} LIKE 'a%'"))
            }
            _ => (
                format!("Rows by one value of {shown}, whatever their partition."),
                format!("{written} = {}", literal(cql_type, false)),
            ),
        },
    };
    Query { text, cql: format!("SELECT * FROM {place} WHERE {condition};") }
}

/// What part of a column an index is on (`keys`, `values`, `entries`, `full`, or nothing), and the column's name.
pub(super) fn target(index: &Index) -> (&str, String) {
    let unquoted = crate::cql::keywords::unquote_name;
    match index.target.split_once('(') {
        Some((part, rest)) if !index.target.starts_with('"') => (part, unquoted(rest.trim_end_matches(')'))),
        _ => ("", unquoted(&index.target)),
    }
}

fn equals(column: &Column) -> String {
    format!("{} = {}", quote_name(&column.name), literal(&column.cql_type, false))
}

fn range(column: &Column) -> String {
    let name = quote_name(&column.name);
    format!("{name} >= {} AND {name} < {}", literal(&column.cql_type, false), literal(&column.cql_type, true))
}

/// `a`, `a and b`, `a, b and c`.
fn listed(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
