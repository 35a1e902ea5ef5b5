//! The names that completion and inspection offer: the cached schema, the session's connections and kept results,
//! and files where a path belongs. Nothing here asks a server.

use std::path::Path;
use std::sync::Arc;

use cqlbook_cluster::SchemaSnapshot;
use cqlbook_core::column::KeyRole;
use cqlbook_core::complete::Names;

use crate::notebook::Notebook;

/// The most paths that are offered.
const PATHS: usize = 200;

/// What is known at one moment.
pub(crate) struct Known {
    schema: Option<Arc<SchemaSnapshot>>,
    keyspace: Option<String>,
    connections: Vec<String>,
    results: Vec<String>,
}

impl Known {
    /// What the notebook knows now.
    pub(crate) fn of(notebook: &Notebook) -> Self {
        let state = notebook.state();
        let connection = state.open.as_ref().map(|open| &open.connection);
        Self {
            schema: connection.map(cqlbook_cluster::Connection::schema),
            keyspace: connection.and_then(cqlbook_cluster::Connection::keyspace),
            connections: state.recipes.keys().cloned().collect(),
            results: state.results.iter().map(|(name, _)| name.to_owned()).collect(),
        }
    }

    fn keyspace<'a>(&'a self, named: Option<&'a str>) -> Option<&'a str> {
        named.or(self.keyspace.as_deref())
    }
}

impl Names for Known {
    fn keyspaces(&self) -> Vec<String> {
        self.schema.iter().flat_map(|schema| schema.keyspaces.keys().cloned()).collect()
    }

    fn tables(&self, keyspace: Option<&str>) -> Vec<String> {
        let found = self
            .schema
            .as_ref()
            .zip(self.keyspace(keyspace))
            .and_then(|(schema, keyspace)| schema.keyspaces.get(keyspace));
        found
            .into_iter()
            .flat_map(|keyspace| keyspace.tables.keys().chain(keyspace.views.keys()).cloned())
            .collect()
    }

    fn columns(&self, keyspace: Option<&str>, table: &str) -> Vec<(String, String)> {
        let found = self
            .schema
            .as_ref()
            .zip(self.keyspace(keyspace))
            .and_then(|(schema, keyspace)| schema.table(keyspace, table));
        let columns = found.into_iter().flat_map(|table| &table.columns);
        columns
            .map(|column| {
                let role = match column.role {
                    Some(KeyRole::Partition) => ", partition key",
                    Some(KeyRole::Clustering) => ", clustering",
                    Some(KeyRole::Static) => ", static",
                    None => "",
                };
                (column.name.clone(), format!("{}{role}", column.cql_type))
            })
            .collect()
    }

    fn connections(&self) -> Vec<String> {
        self.connections.clone()
    }

    fn results(&self) -> Vec<String> {
        self.results.clone()
    }
}

/// Files and folders that the typed start of a path may lead to, as they would be typed, in order of name.
pub(crate) fn paths(notebook: &Notebook, typed: &str) -> Vec<String> {
    let (folder, start) = typed.rsplit_once('/').map_or(("", typed), |(folder, start)| (folder, start));
    let shown = typed.strip_suffix(start).unwrap_or_default();
    let place = if typed.starts_with('/') && folder.is_empty() { "/" } else { folder };
    let Ok(entries) = std::fs::read_dir(notebook.path(place)) else { return Vec::new() };
    let mut found: Vec<String> = entries
        .filter_map(Result::ok)
        .filter_map(|entry| entry.file_name().into_string().ok().map(|name| (name, entry.path())))
        .filter(|(name, _)| name.starts_with(start) && (start.starts_with('.') || !name.starts_with('.')))
        .map(|(name, path)| format!("{shown}{name}{}", if Path::is_dir(&path) { "/" } else { "" }))
        .take(PATHS)
        .collect();
    found.sort();
    found
}
