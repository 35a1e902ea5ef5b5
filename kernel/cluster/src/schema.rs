//! The schema as the driver's metadata has it, read without the network: for roles in headers, completion and inspection.

use std::collections::BTreeMap;
use std::sync::Arc;

use cqlbook_core::column::{Column, KeyRole, UdtType};
use cqlbook_core::cql::keywords;
use cqlbook_core::schema::{self as model, Schema};
use scylla::cluster::ClusterState;
use scylla::cluster::metadata::{ColumnKind, Table as DriverTable};

use crate::convert;

/// The schema at one moment. Cheap to share; a new one replaces it after DDL or a change seen by the driver.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SchemaSnapshot {
    /// Keyspaces by name, system keyspaces included.
    pub keyspaces: BTreeMap<String, Arc<Keyspace>>,
}

impl SchemaSnapshot {
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

/// The schema that the driver knows.
pub(crate) fn snapshot(state: &ClusterState) -> SchemaSnapshot {
    let keyspaces = state.keyspaces_iter().map(|(name, keyspace)| {
        let tables = keyspace.tables.iter().map(|(name, table)| (name.clone(), convert_table(table, None)));
        let views = keyspace.views.iter().map(|(name, view)| {
            (name.clone(), convert_table(&view.view_metadata, Some(view.base_table_name.clone())))
        });
        let types = keyspace
            .user_defined_types
            .iter()
            .map(|(name, definition)| (name.clone(), convert::udt_type(definition)));
        let keyspace = Keyspace { tables: tables.collect(), views: views.collect(), types: types.collect() };
        (name.to_owned(), Arc::new(keyspace))
    });
    SchemaSnapshot { keyspaces: keyspaces.collect() }
}

/// Whether the driver takes user-defined types for the language's own: called alike, they stand in the server's tables without
/// quotes, and its parser goes by the name alone.
pub(crate) fn is_confused(state: &ClusterState) -> bool {
    state.keyspaces_iter().any(|(_, keyspace)| {
        keyspace.user_defined_types.keys().any(|name| keywords::TYPES.contains(&name.as_str()))
    })
}

/// The schema that a model has, for where the driver has none.
pub(crate) fn of_model(model: &Schema) -> SchemaSnapshot {
    let table = |table: &model::Table, base: Option<&str>| {
        let columns = table.columns.iter().map(|column| Column {
            name: column.name.clone(),
            cql_type: column.cql_type.clone(),
            role: column.role,
        });
        Table { columns: columns.collect(), base: base.map(str::to_owned) }
    };
    let keyspaces = model.keyspaces.iter().map(|(name, keyspace)| {
        let tables = keyspace.tables.iter().map(|(name, known)| (name.clone(), table(known, None)));
        let views =
            keyspace.views.iter().map(|(name, view)| (name.clone(), table(&view.table, Some(&view.base))));
        let keyspace =
            Keyspace { tables: tables.collect(), views: views.collect(), types: keyspace.types.clone() };
        (name.clone(), Arc::new(keyspace))
    });
    SchemaSnapshot { keyspaces: keyspaces.collect() }
}

/// A model of what the driver knows: names, columns, types and views.
pub(crate) fn model(snapshot: &SchemaSnapshot) -> Schema {
    let table = |name: &str, table: &Table| {
        let columns = table.columns.iter().map(|column| model::Column {
            name: column.name.clone(),
            cql_type: column.cql_type.clone(),
            role: column.role,
            descending: false,
            mask: None,
        });
        model::Table { name: name.to_owned(), columns: columns.collect(), ..model::Table::default() }
    };
    let keyspaces = snapshot.keyspaces.iter().map(|(name, keyspace)| {
        let tables = keyspace.tables.iter().map(|(name, known)| (name.clone(), table(name, known)));
        let views = keyspace.views.iter().map(|(name, known)| {
            let view = model::View {
                base: known.base.clone().unwrap_or_default(),
                all_columns: false,
                where_clause: String::new(),
                table: table(name, known),
            };
            (name.clone(), view)
        });
        let keyspace = model::Keyspace {
            name: name.clone(),
            kind: model::KeyspaceKind::of(name),
            durable_writes: true,
            tables: tables.collect(),
            views: views.collect(),
            types: keyspace.types.clone(),
            ..model::Keyspace::default()
        };
        (name.clone(), Arc::new(keyspace))
    });
    Schema {
        keyspaces: keyspaces.collect(),
        notes: vec!["The schema is still being read.".to_owned()],
        ..Schema::default()
    }
}

fn convert_table(table: &DriverTable, base: Option<String>) -> Table {
    let column = |name: &str, role| {
        let column = table.columns.get(name)?;
        Some(Column { name: name.to_owned(), cql_type: convert::cql_type(&column.typ), role })
    };
    let of_kind = |kind: ColumnKind| {
        let mut names: Vec<_> =
            table.columns.iter().filter(|(_, column)| column.kind == kind).map(|(name, _)| name).collect();
        names.sort_unstable();
        names.into_iter()
    };
    let partition = table.partition_key.iter().filter_map(|name| column(name, Some(KeyRole::Partition)));
    let clustering = table.clustering_key.iter().filter_map(|name| column(name, Some(KeyRole::Clustering)));
    let shared = of_kind(ColumnKind::Static).filter_map(|name| column(name, Some(KeyRole::Static)));
    let others = of_kind(ColumnKind::Regular).filter_map(|name| column(name, None));
    Table { columns: partition.chain(clustering).chain(shared).chain(others).collect(), base }
}
