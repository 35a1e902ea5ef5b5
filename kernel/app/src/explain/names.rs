//! Names that a statement nearly got right: the nearest table, column or keyspace, and the quoting hint.

use cqlbook_cluster::{SchemaSnapshot, Table};
use cqlbook_core::cql::keywords::quote_name;

use super::query::Context;

/// What the user may have meant, from the server's complaint about a name and the schema.
pub(crate) fn suggest(server_text: &str, context: &Context<'_>) -> Option<String> {
    let lower = server_text.to_ascii_lowercase();
    if lower.contains("undefined column name") || lower.contains("unknown identifier") {
        let name = last_name(server_text)?;
        return nearest(&name, columns(context)).map(|near| did_you_mean(&name, near));
    }
    if lower.contains("unconfigured table") || (lower.contains("table") && lower.contains("does not exist")) {
        let (keyspace, table) = context.table()?;
        let keyspace = keyspace?;
        let Some(found) = context.schema.keyspaces.get(keyspace) else {
            return nearest(keyspace, context.schema.keyspaces.keys())
                .map(|near| did_you_mean(keyspace, near));
        };
        return nearest(table, found.tables.keys().chain(found.views.keys()))
            .map(|near| did_you_mean(table, near));
    }
    if lower.contains("keyspace") && lower.contains("does not exist") {
        let written = context.statement.table().and_then(|(keyspace, _)| keyspace.map(str::to_owned));
        let name = written.or_else(|| quoted(server_text))?;
        return nearest(&name, context.schema.keyspaces.keys()).map(|near| did_you_mean(&name, near));
    }
    None
}

/// The first column of `table` that the statement compares and that is not in its partition key.
pub(crate) fn filtered_column(cql: &str, table: &Table) -> Option<String> {
    let lower = cql.to_ascii_lowercase();
    let conditions = &lower[lower.find(" where ")? + " where ".len()..];
    let words: Vec<&str> = conditions
        .split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .filter(|word| !word.is_empty())
        .collect();
    table
        .columns
        .iter()
        .filter(|column| column.role != Some(cqlbook_core::column::KeyRole::Partition))
        .find(|column| words.contains(&column.name.to_ascii_lowercase().as_str()))
        .map(|column| quote_name(&column.name))
}

fn columns<'a>(context: &'a Context<'_>) -> impl Iterator<Item = &'a String> {
    let table = |schema: &'a SchemaSnapshot| {
        let (keyspace, table) = context.table()?;
        schema.table(keyspace?, table)
    };
    table(context.schema).into_iter().flat_map(|table| table.columns.iter().map(|column| &column.name))
}

fn did_you_mean(given: &str, near: &str) -> String {
    if given.eq_ignore_ascii_case(near) {
        format!("Did you mean `{}`? Names with capitals need double quotes.", quote_name(near))
    } else {
        format!("Did you mean `{}`?", quote_name(near))
    }
}

/// The name the server complains of: the word after `name` or `identifier`, or the last one.
fn last_name(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let after =
        ["column name ", "identifier "].iter().find_map(|mark| Some(lower.find(mark)? + mark.len()))?;
    let word: String = text
        .get(after..)?
        .trim_start_matches('"')
        .chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect();
    (!word.is_empty()).then_some(word)
}

fn quoted(text: &str) -> Option<String> {
    let mut parts = text.split(['\'', '"']);
    parts.nth(1).map(str::to_owned)
}

/// The candidate that is nearly `name`, but not `name` itself.
fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a String>) -> Option<&'a str> {
    cqlbook_core::nearest::nearest(name, candidates.map(String::as_str)).filter(|near| *near != name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_nearly_the_same() {
        let names = ["flights".to_owned(), "airports".to_owned(), "Orders".to_owned()];
        assert_eq!(nearest("flihgts", names.iter()), Some("flights"));
        assert_eq!(nearest("orders", names.iter()), Some("Orders"));
        assert_eq!(nearest("weather", names.iter()), None);
    }

    #[test]
    fn a_name_with_capitals_gets_the_quoting_hint() {
        assert_eq!(
            did_you_mean("orders", "Orders"),
            "Did you mean `\"Orders\"`? Names with capitals need double quotes."
        );
    }

    #[test]
    fn the_servers_complaint_names_the_column() {
        assert_eq!(last_name("Undefined column name delay in table ks.t").as_deref(), Some("delay"));
        assert_eq!(last_name("Undefined column name \"Delay\" in table ks.t").as_deref(), Some("Delay"));
    }
}
