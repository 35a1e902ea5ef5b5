//! Columns whose type the server's tables leave open: a user-defined type that is called like one of the language's own and is not
//! frozen stands there as the language's own does. What a `SELECT` of it would answer tells. It asks for nothing else.

use std::collections::BTreeMap;
use std::sync::Arc;

use cqlbook_core::column::CqlType;
use cqlbook_core::schema::{Keyspace, Table, ddl, types};

use super::Connection;

/// The most tables that are asked for in one reading of the schema.
const MOST: usize = 100;

impl Connection {
    /// Asks for the types that are open, of keyspaces that have such types. What cannot be asked for stays the language's own.
    pub(super) async fn settle_types(&self, keyspaces: &mut BTreeMap<String, Arc<Keyspace>>) {
        let mut left = MOST;
        for keyspace in keyspaces.values_mut().filter(|keyspace| types::confuse(&keyspace.types)) {
            let open = |table: &&Table| {
                let mut columns = table.columns.iter();
                columns.any(|column| types::called_like(&column.cql_type, &keyspace.types).is_some())
            };
            let names: Vec<String> =
                keyspace.tables.values().filter(open).map(|table| table.name.clone()).take(left).collect();
            left -= names.len();
            for name in names {
                let cql = format!("SELECT * FROM {}", ddl::qualified(&keyspace.name, &name));
                let Ok(prepared) = Box::pin(self.prepare(&cql)).await else { continue };
                let Keyspace { tables, types: known, .. } = Arc::make_mut(keyspace);
                let columns = tables.get_mut(&name).into_iter().flat_map(|table| &mut table.columns);
                for column in columns {
                    let mut told = prepared.result_columns().iter();
                    let is_users =
                        told.any(|told| told.name == column.name && matches!(told.cql_type, CqlType::Udt(_)));
                    if let Some(udt) = types::called_like(&column.cql_type, known).filter(|_| is_users) {
                        column.cql_type = CqlType::Udt(Box::new(udt.clone()));
                    }
                }
            }
        }
    }
}
