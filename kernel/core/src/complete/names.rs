//! The names that completion and inspection offer, known without asking anyone.

use crate::column::KeyRole;
use crate::markdown::Markdown;

/// What is known without asking anyone: the cached schema, the session, the saved connections. All names are unquoted.
///
/// Where a keyspace is asked for, `None` stands for the current one.
pub trait Names {
    /// The keyspace in use.
    fn current(&self) -> Option<String> {
        None
    }

    /// The keyspaces.
    fn keyspaces(&self) -> Vec<String> {
        Vec::new()
    }

    /// The tables and views of a keyspace.
    fn tables(&self, keyspace: Option<&str>) -> Vec<String> {
        let _ = keyspace;
        Vec::new()
    }

    /// The materialized views of a keyspace.
    fn views(&self, keyspace: Option<&str>) -> Vec<String> {
        let _ = keyspace;
        Vec::new()
    }

    /// The columns of a table or view: partition key, clustering columns, then the others.
    fn columns(&self, keyspace: Option<&str>, table: &str) -> Vec<KnownColumn> {
        let _ = (keyspace, table);
        Vec::new()
    }

    /// The user-defined types of a keyspace.
    fn types(&self, keyspace: Option<&str>) -> Vec<String> {
        let _ = keyspace;
        Vec::new()
    }

    /// The fields of a user-defined type with their CQL types, in order.
    fn fields(&self, keyspace: Option<&str>, udt: &str) -> Vec<(String, String)> {
        let _ = (keyspace, udt);
        Vec::new()
    }

    /// The indexes of a keyspace, each with what it is on.
    fn indexes(&self, keyspace: Option<&str>) -> Vec<(String, String)> {
        let _ = keyspace;
        Vec::new()
    }

    /// The functions that users made in a keyspace, each with its signature.
    fn functions(&self, keyspace: Option<&str>) -> Vec<(String, String)> {
        let _ = keyspace;
        Vec::new()
    }

    /// The aggregates that users made in a keyspace, each with its signature.
    fn aggregates(&self, keyspace: Option<&str>) -> Vec<(String, String)> {
        let _ = keyspace;
        Vec::new()
    }

    /// The roles.
    fn roles(&self) -> Vec<String> {
        Vec::new()
    }

    /// The data centres of the cluster.
    fn data_centers(&self) -> Vec<String> {
        Vec::new()
    }

    /// The bind values that are set, each with its literal as it may be shown.
    fn params(&self) -> Vec<(String, String)> {
        Vec::new()
    }

    /// The saved connections.
    fn connections(&self) -> Vec<String> {
        Vec::new()
    }

    /// The kept results.
    fn results(&self) -> Vec<String> {
        Vec::new()
    }

    /// The columns of a kept result with their types.
    fn result_columns(&self, name: &str) -> Vec<(String, String)> {
        let _ = name;
        Vec::new()
    }

    /// The saved snapshots of schemas.
    fn snapshots(&self) -> Vec<String> {
        Vec::new()
    }

    /// The traces of the session, each with the statement it is of.
    fn traces(&self) -> Vec<(String, String)> {
        Vec::new()
    }

    /// What is known of a saved connection; never a secret.
    fn connection(&self, name: &str) -> Option<Markdown> {
        let _ = name;
        None
    }

    /// What is known of a kept result.
    fn result(&self, name: &str) -> Option<Markdown> {
        let _ = name;
        None
    }

    /// What the key and the indexes of a table or view serve.
    fn served(&self, keyspace: Option<&str>, table: &str) -> Option<Markdown> {
        let _ = (keyspace, table);
        None
    }
}

/// A column as the schema knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownColumn {
    /// Its name.
    pub name: String,
    /// Its CQL type as text.
    pub cql_type: String,
    /// Its role in the key.
    pub role: Option<KeyRole>,
}

impl KnownColumn {
    /// Its type and role, for the list of candidates.
    pub fn label(&self) -> String {
        match self.role {
            Some(role) => format!("{}, {}", self.cql_type, role_name(role)),
            None => self.cql_type.clone(),
        }
    }

    /// Whether it is a collection that can be changed in part, or a counter.
    pub(crate) fn grows(&self) -> bool {
        ["counter", "list<", "set<", "map<"].iter().any(|start| self.cql_type.starts_with(start))
    }

    /// Whether it belongs to the primary key.
    pub const fn is_key(&self) -> bool {
        matches!(self.role, Some(KeyRole::Partition | KeyRole::Clustering))
    }
}

/// A role as a label says it.
const fn role_name(role: KeyRole) -> &'static str {
    match role {
        KeyRole::Partition => "partition key",
        KeyRole::Clustering => "clustering",
        KeyRole::Static => "static",
    }
}

/// No names at all.
#[derive(Debug, Clone, Copy)]
pub struct NoNames;

impl Names for NoNames {}
