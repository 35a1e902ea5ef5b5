//! What sending a statement a second time would do, by its text and by the schema that is known. The decision is
//! `cqlbook_core`'s, by the text; only which tables have lists is looked up here.

use cqlbook_cluster::SchemaSnapshot;
use cqlbook_core::cell::{Idempotence, Statement, is_harmless_to_set};

use crate::notebook::Open;

/// What sending a statement again would do, with `keyspace` in use.
pub(crate) fn idempotence(
    statement: &Statement,
    keyspace: Option<&str>,
    schema: &SchemaSnapshot,
) -> Idempotence {
    statement.idempotence(|table| {
        let known =
            table.keyspace.as_deref().or(keyspace).and_then(|keyspace| schema.table(keyspace, &table.name));
        known.is_none_or(|table| !table.columns.iter().all(|column| is_harmless_to_set(&column.cql_type)))
    })
}

/// The same for the connection in use.
pub(crate) fn of_open(open: &Open, statement: &Statement) -> Idempotence {
    idempotence(statement, open.connection.keyspace().as_deref(), &open.connection.schema())
}
