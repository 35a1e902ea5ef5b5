//! What of the schema statements are judged by: for roles in headers, questions before a statement, exports and imports.

use std::collections::BTreeMap;
use std::sync::Arc;

use cqlbook_core::column::{Column, KeyRole, UdtType};
use cqlbook_core::schema as model;

/// The schema at one moment, as far as it is known. Cheap to share; a new one replaces it when it is read again. What is not
/// in it may be there all the same, unless [`SchemaSnapshot::has_keyspace`] says otherwise; a table that is in it is known whole.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SchemaSnapshot {
    /// Keyspaces by name, system keyspaces included.
    pub keyspaces: BTreeMap<String, Arc<Keyspace>>,
    /// Whether all keyspaces that there are are in it.
    pub has_all: bool,
}

impl SchemaSnapshot {
    /// Whether there is a keyspace of that name, as the schema has it; `None` where that is not known.
    pub fn has_keyspace(&self, name: &str) -> Option<bool> {
        match self.keyspaces.contains_key(name) {
            true => Some(true),
            false => self.has_all.then_some(false),
        }
    }

    /// The table or view of that name, both as the schema has them (no quotes, case kept).
    pub fn table(&self, keyspace: &str, table: &str) -> Option<&Table> {
        let keyspace = self.keyspaces.get(keyspace)?;
        keyspace.tables.get(table).or_else(|| keyspace.views.get(table))
    }
}

/// A keyspace.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Keyspace {
    /// Tables by name.
    pub tables: BTreeMap<String, Table>,
    /// Materialized views by name.
    pub views: BTreeMap<String, Table>,
    /// User-defined types by name.
    pub types: BTreeMap<String, UdtType>,
}

/// A table or a materialized view.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table {
    /// Partition key, clustering columns, static columns, then the others by name: the order `SELECT *` answers in.
    pub columns: Vec<Column>,
    /// The table a view is of.
    pub base: Option<String>,
}

impl Table {
    /// The column of that name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The columns that play `role` in the key, in key order.
    pub fn with_role(&self, role: KeyRole) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(move |column| column.role == Some(role))
    }
}

/// What a model has of a keyspace.
pub(crate) fn of_keyspace(keyspace: &model::Keyspace) -> Arc<Keyspace> {
    let table = |table: &model::Table, base: Option<&str>| {
        let columns = table.columns.iter().map(|column| Column {
            name: column.name.clone(),
            cql_type: column.cql_type.clone(),
            role: column.role,
        });
        Table { columns: columns.collect(), base: base.map(str::to_owned) }
    };
    let tables = keyspace.tables.iter().map(|(name, known)| (name.clone(), table(known, None)));
    let views =
        keyspace.views.iter().map(|(name, view)| (name.clone(), table(&view.table, Some(&view.base))));
    Arc::new(Keyspace { tables: tables.collect(), views: views.collect(), types: keyspace.types.clone() })
}
