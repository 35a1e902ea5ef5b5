//! The table that is loaded into: its keyspace, and its columns as the schema has them. Nothing is loaded here.

use cqlbook_cluster::Table;
use cqlbook_core::diagnostic::{Code, Diagnostic};

use crate::explain;
use crate::notebook::Open;

/// The keyspace and the name of the table to load into.
pub(crate) async fn place(
    open: &Open,
    keyspace: Option<&str>,
    table: &str,
) -> Result<(String, String), Diagnostic> {
    let keyspace = keyspace.map(str::to_owned).or_else(|| open.connection.keyspace()).ok_or_else(|| {
        Diagnostic::new(Code::ImportFailed, "The table's keyspace is not known.")
            .with_hint(format!("Name it: `INTO keyspace.{table}`, or `USE keyspace;` before."))
    })?;
    known(open, &keyspace, table).await?;
    Ok((keyspace, table.to_owned()))
}

/// What is known of a table.
pub(super) async fn known(open: &Open, keyspace: &str, table: &str) -> Result<Table, Diagnostic> {
    let schema = open.connection.schema_with(keyspace, table).await;
    let schema = schema.map_err(|error| explain::query::query_of_no_statement(&error, open.is_astra()))?;
    schema.table(keyspace, table).cloned().ok_or_else(|| {
        no_table(&format!("{keyspace}.{table}"))
            .with_hint("Create it first, and check the spelling. Names with capitals need double quotes.")
    })
}

fn no_table(table: &str) -> Diagnostic {
    Diagnostic::new(Code::ImportFailed, format!("There is no table {table}."))
}
