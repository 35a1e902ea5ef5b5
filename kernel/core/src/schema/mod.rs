//! The schema as a model: keyspaces, tables, indexes, views, types, functions, roles. Plain data, made by [`read`] from the
//! server's own tables, printed as CQL, compared and scripted. It knows no connection and no file.
//!
//! What the server says and this build does not know is kept as it came: an option's value, a class, a type.

pub mod ddl;
pub mod describe;
pub mod diff;
pub mod file;
mod managed;
mod options;
mod parts;
pub mod read;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod types;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::column::{CqlType, KeyRole, UdtType};

/// The keyspaces that servers make.
const SYSTEM: [&str; 18] = [
    "system",
    "system_auth",
    "system_cluster_metadata",
    "system_distributed",
    "system_schema",
    "system_traces",
    "data_endpoint_auth",
    "datastax_sla",
    "dse_analytics",
    "dse_insights",
    "dse_insights_local",
    "dse_leases",
    "dse_perf",
    "dse_security",
    "dse_system",
    "dse_system_local",
    "solr_admin",
    "system_backups",
];

/// The schema at one moment. Cheap to share and, by keyspaces, to change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Schema {
    /// What it is the schema of.
    pub origin: Origin,
    /// Keyspaces by name, system and virtual ones included.
    pub keyspaces: BTreeMap<String, Arc<Keyspace>>,
    /// Roles by name, as far as the user may see them.
    pub roles: BTreeMap<String, Role>,
    /// Permissions, as far as the user may see them.
    pub grants: BTreeSet<Grant>,
    /// The server's tables that could not be read whole: what they have may be there and be missing here.
    pub unread: BTreeSet<read::Source>,
    /// What could not be read, each in one sentence.
    pub notes: Vec<String>,
}

/// The cluster that a schema is of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// The cluster's name.
    pub cluster: String,
    /// The server's release, e.g. `5.0.9`.
    pub release: String,
    /// The CQL language's version, e.g. `3.4.7`.
    pub cql_version: String,
    /// The partitioner's class.
    pub partitioner: String,
    /// Whether it is Astra DB.
    pub astra: bool,
    /// The data centres by name, with their number of nodes.
    pub data_centers: BTreeMap<String, usize>,
    /// The names of the options that tables have there; none where nothing tells.
    pub table_options: BTreeSet<String>,
}

impl Schema {
    /// The keyspace of that name, as the schema has it (no quotes, case kept).
    pub fn keyspace(&self, name: &str) -> Option<&Keyspace> {
        self.keyspaces.get(name).map(Arc::as_ref)
    }

    /// The table of that name; a materialized view where there is no such table.
    pub fn table(&self, keyspace: &str, table: &str) -> Option<&Table> {
        let keyspace = self.keyspace(keyspace)?;
        keyspace.tables.get(table).or_else(|| keyspace.views.get(table).map(|view| &view.table))
    }

    /// The keyspaces that users made.
    pub fn of_users(&self) -> impl Iterator<Item = &Keyspace> {
        self.keyspaces.values().map(Arc::as_ref).filter(|keyspace| keyspace.kind == KeyspaceKind::User)
    }
}

/// Who made a keyspace.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KeyspaceKind {
    /// A user.
    #[default]
    User,
    /// The server.
    System,
    /// The server, which makes its tables up as they are read.
    Virtual,
}

impl KeyspaceKind {
    /// The kind that a name tells: a server's own keyspaces have names of their own.
    pub fn of(name: &str) -> Self {
        match name {
            "system_views" | "system_virtual_schema" | "system_metrics" => Self::Virtual,
            name if SYSTEM.contains(&name) => Self::System,
            _ => Self::User,
        }
    }
}

/// A keyspace.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Keyspace {
    /// Its name, unquoted.
    pub name: String,
    /// Who made it.
    pub kind: KeyspaceKind,
    /// How it is replicated: `class` and what the class takes.
    pub replication: BTreeMap<String, String>,
    /// Whether writes go to the commit log.
    pub durable_writes: bool,
    /// Tables by name.
    pub tables: BTreeMap<String, Table>,
    /// Materialized views by name.
    pub views: BTreeMap<String, View>,
    /// User-defined types by name.
    pub types: BTreeMap<String, UdtType>,
    /// Functions by signature.
    pub functions: BTreeMap<Signature, Function>,
    /// Aggregates by signature.
    pub aggregates: BTreeMap<Signature, Aggregate>,
}

impl Keyspace {
    /// The views over a table.
    pub fn views_of<'a>(&'a self, table: &'a str) -> impl Iterator<Item = &'a View> {
        self.views.values().filter(move |view| view.base == table)
    }

    /// The index of that name and the table that it is on.
    pub fn index(&self, name: &str) -> Option<(&Table, &Index)> {
        self.tables.values().find_map(|table| Some((table, table.indexes.get(name)?)))
    }
}

/// Stands in [`Table::flags`] where the server says that none holds: a table made `WITH COMPACT STORAGE` and without a
/// clustering key.
pub const NO_FLAG: &str = "none";
/// The type of the column that a compact table without values has.
const EMPTY: &str = "empty";

/// A table, or what a materialized view has as a table has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table {
    /// Its name, unquoted.
    pub name: String,
    /// Partition key, clustering columns, static columns, then the others by name: the order `SELECT *` answers in.
    pub columns: Vec<Column>,
    /// Its options but the comment, by name: `compaction`, `gc_grace_seconds` …
    pub options: BTreeMap<String, OptionValue>,
    /// Its comment; empty where it has none.
    pub comment: String,
    /// What the server says of how it is stored: `compound`, `dense`, `counter`, `super`, and [`NO_FLAG`] where it says
    /// none of them. Empty where it says nothing.
    pub flags: BTreeSet<String>,
    /// The id that the server gave it.
    pub id: String,
    /// Indexes by name.
    pub indexes: BTreeMap<String, Index>,
    /// Triggers by name.
    pub triggers: BTreeMap<String, Trigger>,
    /// Columns that were dropped, by name.
    pub dropped: BTreeMap<String, DroppedColumn>,
}

impl Table {
    /// The column of that name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The columns that play `role`, in key order.
    pub fn with_role(&self, role: KeyRole) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(move |column| column.role == Some(role))
    }

    /// The partition key's columns.
    pub fn partition_key(&self) -> impl Iterator<Item = &Column> {
        self.with_role(KeyRole::Partition)
    }

    /// The clustering columns.
    pub fn clustering(&self) -> impl Iterator<Item = &Column> {
        self.with_role(KeyRole::Clustering)
    }

    /// Whether it holds counters.
    pub fn is_counter(&self) -> bool {
        self.flags.contains("counter")
    }

    /// Whether it was made `WITH COMPACT STORAGE`.
    pub fn is_compact(&self) -> bool {
        !self.flags.is_empty()
            && (self.flags.contains("dense")
                || self.flags.contains("super")
                || !self.flags.contains("compound"))
    }

    /// Whether it was made for Thrift, by no statement of CQL: a "super column family".
    pub fn is_of_thrift(&self) -> bool {
        self.flags.contains("super")
    }

    /// Whether a column of a compact table is one that its `CREATE TABLE` did not name: `DROP COMPACT STORAGE` shows it.
    pub fn hides(&self, column: &Column) -> bool {
        if !self.is_compact() || self.is_of_thrift() || column.role == Some(KeyRole::Partition) {
            return false;
        }
        if self.flags.contains("dense") {
            let is_empty = matches!(&column.cql_type, CqlType::Udt(udt) if udt.name == EMPTY);
            return column.role.is_none() && is_empty;
        }
        // The columns that it was made with are static inside: `flags` has no `dense` and no `compound`.
        column.role != Some(KeyRole::Static)
    }
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name, unquoted.
    pub name: String,
    /// Its type, with `frozen` where it is.
    pub cql_type: CqlType,
    /// Its role in the key.
    pub role: Option<KeyRole>,
    /// A clustering column's order: whether it is descending.
    pub descending: bool,
    /// What masks its values from those who may not see them.
    pub mask: Option<Mask>,
}

/// A column's masking function with its arguments behind the first, which is the column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mask {
    /// The function's keyspace, where it is not the server's own.
    pub keyspace: Option<String>,
    /// The function's name.
    pub function: String,
    /// The arguments as CQL literals, `None` for null.
    pub arguments: Vec<Option<String>>,
}

/// A column that was dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DroppedColumn {
    /// Its type.
    pub cql_type: CqlType,
    /// Whether it was static.
    pub is_static: bool,
    /// When it was dropped, in microseconds since the Unix epoch.
    pub dropped_at: i64,
}

/// The value of an option, as the server has it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum OptionValue {
    /// A text.
    Text(String),
    /// A number, in the shortest form that reads back the same.
    Number(String),
    /// True or false.
    Flag(bool),
    /// A map of texts, of options within the option.
    Map(BTreeMap<String, String>),
    /// A map of bytes, in hexadecimal with `0x`.
    Bytes(BTreeMap<String, String>),
}

/// How an index is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum IndexKind {
    /// A secondary index.
    Secondary,
    /// A storage-attached index.
    Sai,
    /// An SSTable-attached index.
    Sasi,
    /// Of another class.
    Custom,
}

impl IndexKind {
    /// The kind that a class makes; without one it is a secondary index.
    pub fn of(class: Option<&str>) -> Self {
        match class.map(|class| class.rsplit('.').next().unwrap_or(class)) {
            None => Self::Secondary,
            Some(class) if class.eq_ignore_ascii_case("StorageAttachedIndex") => Self::Sai,
            Some(class) if class.eq_ignore_ascii_case("sai") => Self::Sai,
            Some("SASIIndex") => Self::Sasi,
            Some(_) => Self::Custom,
        }
    }
}

/// An index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    /// Its name, unquoted.
    pub name: String,
    /// How it is made.
    pub kind: IndexKind,
    /// The class of one that is made by `CREATE CUSTOM INDEX`, as it was written.
    pub class: Option<String>,
    /// What it is on, as CQL writes it: `name`, `"Name"`, `values(tags)`, `full(pair)` …
    pub target: String,
    /// Its options but class and target.
    pub options: BTreeMap<String, String>,
}

impl Index {
    /// Whether the other is the same but for the spelling of its class.
    pub fn means(&self, other: &Self) -> bool {
        let short = |index: &Self| {
            let class = index.class.as_deref().filter(|_| index.kind == IndexKind::Custom);
            class.map(str::to_owned)
        };
        self.name == other.name
            && self.kind == other.kind
            && short(self) == short(other)
            && self.target == other.target
            && self.options == other.options
    }
}

/// A trigger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trigger {
    /// Its name, unquoted.
    pub name: String,
    /// Its class.
    pub class: String,
}

/// A materialized view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// The table that it is over.
    pub base: String,
    /// Whether it selects all columns.
    pub all_columns: bool,
    /// Its `WHERE`, as the server keeps it.
    pub where_clause: String,
    /// Its columns, options and comment.
    pub table: Table,
}

/// What tells functions of one name apart: the name and the types of the arguments.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Signature {
    /// The name, unquoted.
    pub name: String,
    /// The arguments' types as CQL writes them.
    pub arguments: Vec<String>,
}

/// A user-defined function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// The arguments: names (unquoted) with their types.
    pub arguments: Vec<(String, CqlType)>,
    /// What it returns.
    pub returns: CqlType,
    /// The language that it is written in.
    pub language: String,
    /// What it does.
    pub body: String,
    /// Whether it is called when an argument is null; otherwise it returns null then.
    pub called_on_null: bool,
    /// `DETERMINISTIC`, `MONOTONIC`, `MONOTONIC ON x`: what the server says of it beyond that.
    pub qualities: Vec<String>,
}

/// A user-defined aggregate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aggregate {
    /// The arguments' types.
    pub arguments: Vec<CqlType>,
    /// What it returns.
    pub returns: CqlType,
    /// The function called for each row.
    pub state_function: String,
    /// The state's type.
    pub state_type: CqlType,
    /// The function called at the end.
    pub final_function: Option<String>,
    /// The state at the start, as a CQL literal.
    pub initial: Option<String>,
}

/// A role.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Role {
    /// Whether it may log in.
    pub login: bool,
    /// Whether it may do everything.
    pub superuser: bool,
}

/// A permission that a role has.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Grant {
    /// The role.
    pub role: String,
    /// On what, as the server names it: `<table shop.orders>`.
    pub resource: String,
    /// To do what: `SELECT`, `MODIFY` …
    pub permission: String,
}
