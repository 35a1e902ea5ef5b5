//! The names that completion and inspection offer: the cached schema, the session's connections and kept results,
//! and files where a path belongs. Nothing here asks a server.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use cqlbook_core::browse;
use cqlbook_core::complete::{self, KnownColumn, Names};
use cqlbook_core::magic;
use cqlbook_core::markdown::Markdown;
use cqlbook_core::redact::shown_param;
use cqlbook_core::render;
use cqlbook_core::schema::{Keyspace, Schema};
use cqlbook_core::shell;

use crate::connect::recipe::{Place, Recipe};
use crate::notebook::Notebook;
use crate::results::Kept;
use crate::trace;

/// The most paths that are offered.
const PATHS: usize = 200;

/// What is known at one moment.
pub(crate) struct Known {
    schema: Option<Arc<Schema>>,
    keyspace: Option<String>,
    connections: BTreeMap<String, Markdown>,
    results: BTreeMap<String, Markdown>,
    result_columns: BTreeMap<String, Vec<(String, String)>>,
    params: BTreeMap<String, String>,
    data_centers: BTreeSet<String>,
    traces: Vec<(String, String)>,
    snapshots: Vec<String>,
}

impl Known {
    /// What the notebook knows now.
    pub(crate) fn of(notebook: &Notebook) -> Self {
        let shelf = &notebook.shelf;
        let connections = shelf.names().into_iter().map(|name| {
            let known = shelf.find(&name).map(|recipe| of_recipe(&name, &recipe)).unwrap_or_default();
            (name, known)
        });
        let connections = connections.collect();
        let snapshots = crate::magics::snapshot::names(notebook);
        let state = notebook.state();
        let connection = state.open.as_ref().map(|open| &open.connection);
        Self {
            schema: connection.map(cqlbook_cluster::Connection::model),
            keyspace: connection.and_then(cqlbook_cluster::Connection::keyspace),
            connections,
            snapshots,
            results: state
                .results
                .iter()
                .map(|(name, kept)| (name.to_owned(), of_result(name, kept)))
                .collect(),
            result_columns: state
                .results
                .iter()
                .map(|(name, kept)| (name.to_owned(), columns_of(kept)))
                .collect(),
            params: state.params.clone(),
            data_centers: connection
                .map(|connection| connection.nodes().into_iter().filter_map(|node| node.dc).collect())
                .unwrap_or_default(),
            traces: state
                .traces
                .iter()
                .map(|entry| {
                    let name = entry.name.clone().unwrap_or_else(|| trace::kept::short(entry.id));
                    (name, entry.statement.clone())
                })
                .collect(),
        }
    }

    fn in_keyspace(&self, named: Option<&str>) -> Option<&Keyspace> {
        let (schema, keyspace) = self.schema.as_ref().zip(self.keyspace(named))?;
        schema.keyspaces.get(keyspace).map(Arc::as_ref)
    }

    fn keyspace<'a>(&'a self, named: Option<&'a str>) -> Option<&'a str> {
        named.or(self.keyspace.as_deref())
    }
}

impl Names for Known {
    fn current(&self) -> Option<String> {
        self.keyspace.clone()
    }

    fn snapshots(&self) -> Vec<String> {
        self.snapshots.clone()
    }

    fn keyspaces(&self) -> Vec<String> {
        self.schema.iter().flat_map(|schema| schema.keyspaces.keys().cloned()).collect()
    }

    fn tables(&self, keyspace: Option<&str>) -> Vec<String> {
        let found = self.in_keyspace(keyspace).into_iter();
        found.flat_map(|keyspace| keyspace.tables.keys().chain(keyspace.views.keys()).cloned()).collect()
    }

    fn views(&self, keyspace: Option<&str>) -> Vec<String> {
        self.in_keyspace(keyspace).map(|found| found.views.keys().cloned().collect()).unwrap_or_default()
    }

    fn columns(&self, keyspace: Option<&str>, table: &str) -> Vec<KnownColumn> {
        let found = self.schema.as_ref().zip(self.keyspace(keyspace));
        let table = found.and_then(|(schema, keyspace)| schema.table(keyspace, table));
        let columns = table.into_iter().flat_map(|table| &table.columns);
        let known = columns.map(|column| KnownColumn {
            name: column.name.clone(),
            cql_type: column.cql_type.to_string(),
            role: column.role,
        });
        known.collect()
    }

    fn types(&self, keyspace: Option<&str>) -> Vec<String> {
        self.in_keyspace(keyspace).map(|found| found.types.keys().cloned().collect()).unwrap_or_default()
    }

    fn fields(&self, keyspace: Option<&str>, udt: &str) -> Vec<(String, String)> {
        let found = self.in_keyspace(keyspace).and_then(|found| found.types.get(udt));
        let fields = found.into_iter().flat_map(|udt| &udt.fields);
        fields.map(|(name, cql_type)| (name.clone(), cql_type.to_string())).collect()
    }

    fn data_centers(&self) -> Vec<String> {
        self.data_centers.iter().cloned().collect()
    }

    fn indexes(&self, keyspace: Option<&str>) -> Vec<(String, String)> {
        let tables = self.in_keyspace(keyspace).into_iter().flat_map(|found| found.tables.values());
        let indexes = tables.flat_map(|table| table.indexes.values().map(move |index| (table, index)));
        indexes
            .map(|(table, index)| (index.name.clone(), format!("on {} ({})", table.name, index.target)))
            .collect()
    }

    fn functions(&self, keyspace: Option<&str>) -> Vec<(String, String)> {
        let functions = self.in_keyspace(keyspace).into_iter().flat_map(|found| &found.functions);
        let known = functions.map(|(signature, function)| {
            let arguments = signature.arguments.join(", ");
            (signature.name.clone(), format!("{}({arguments}) → {}", signature.name, function.returns))
        });
        known.collect()
    }

    fn aggregates(&self, keyspace: Option<&str>) -> Vec<(String, String)> {
        let aggregates = self.in_keyspace(keyspace).into_iter().flat_map(|found| &found.aggregates);
        let known = aggregates.map(|(signature, aggregate)| {
            let arguments = signature.arguments.join(", ");
            (signature.name.clone(), format!("{}({arguments}) → {}", signature.name, aggregate.returns))
        });
        known.collect()
    }

    fn roles(&self) -> Vec<String> {
        self.schema.iter().flat_map(|schema| schema.roles.keys().cloned()).collect()
    }

    fn served(&self, keyspace: Option<&str>, table: &str) -> Option<Markdown> {
        let schema = self.schema.as_ref()?;
        let found = self.in_keyspace(keyspace)?;
        Some(browse::served(found, schema.table(&found.name, table)?))
    }

    fn params(&self) -> Vec<(String, String)> {
        let shown =
            |(name, literal): (&String, &String)| (name.clone(), shown_param(name, literal).into_owned());
        self.params.iter().map(shown).collect()
    }

    fn result_columns(&self, name: &str) -> Vec<(String, String)> {
        self.result_columns.get(name).cloned().unwrap_or_default()
    }

    fn connections(&self) -> Vec<String> {
        self.connections.keys().cloned().collect()
    }

    fn results(&self) -> Vec<String> {
        self.results.keys().cloned().collect()
    }

    fn traces(&self) -> Vec<(String, String)> {
        self.traces.clone()
    }

    fn connection(&self, name: &str) -> Option<Markdown> {
        self.connections.get(name).filter(|known| !known.is_empty()).cloned()
    }

    fn result(&self, name: &str) -> Option<Markdown> {
        self.results.get(name).cloned()
    }
}

/// What is said of a connection: its kind and where it leads. Astra has no host and port to show.
fn of_recipe(name: &str, recipe: &Recipe) -> Markdown {
    let text = Markdown::new().own("**").code(&format!("%connect {}", magic::quoted(name))).own("** ");
    let text = match &recipe.place {
        Place::Astra { bundle, .. } => {
            text.own("Astra DB, by the bundle ").code(&bundle.display().to_string())
        }
        Place::Cassandra { hosts, port, .. } => {
            let text = text.own("Apache Cassandra at ").code(&hosts.join(", "));
            text.own(", port ").prose(&port.to_string())
        }
    };
    match &recipe.keyspace {
        Some(keyspace) => text.own(", keyspace ").code(keyspace).own(".\n"),
        None => text.own(".\n"),
    }
}

/// The columns of a kept result with their types.
fn columns_of(kept: &Kept) -> Vec<(String, String)> {
    kept.columns.iter().map(|column| (column.name.clone(), column.cql_type.to_string())).collect()
}

/// What is said of a kept result: how much of it there is, and its columns.
fn of_result(name: &str, kept: &Kept) -> Markdown {
    let text =
        Markdown::new().own("**").code(name).own("** A kept result: ").number(kept.rows()).own(" rows, ");
    let text = text.number(kept.columns.len()).own(" columns. ").code(&format!("%show {name}"));
    let mut text = text.own(" draws it.\n\n| Column | Type |\n| --- | --- |\n");
    for column in kept.columns.iter() {
        text = text.own("| ").cell(&column.name).own(" | ").cell(&column.cql_type.to_string()).own(" |\n");
    }
    text
}

/// Files and folders that the typed start of a path may lead to, as they are typed behind `before`, in order of name.
///
/// A file's name is somebody else's text, and never ends what it is put into: behind a quote that is open (`SOURCE 'a`) the quotes in it
/// are doubled, and a word of a magic's line is quoted as a whole. What cannot be written there, or seen, is not offered.
pub(crate) fn typed_paths(notebook: &Notebook, before: &str, typed: &str) -> Vec<String> {
    let quote = before.chars().next_back().filter(|c| matches!(c, '\'' | '"'));
    let line = before.rsplit('\n').next().unwrap_or_default();
    let in_magic = line.trim_start().starts_with('%');
    let Some(quote) = quote else {
        let paths = paths(notebook, typed).into_iter().filter(|path| is_plain(path));
        // A backslash means something in a magic's line, and nothing in a shell command.
        let quoted = if in_magic { magic::quoted } else { shell::quoted };
        return paths.map(|path| quoted(&path)).collect();
    };
    let doubled = [quote, quote].iter().collect::<String>();
    let paths = paths(notebook, &typed.replace(&doubled, &quote.to_string())).into_iter();
    paths
        .filter(|path| is_plain(path) && !(in_magic && path.contains([quote, '\\'])))
        .map(|path| path.replace(quote, &doubled))
        .collect()
}

/// Whether a text is what is seen of it.
fn is_plain(text: &str) -> bool {
    render::one_line(text) == text
}

/// Files and folders that the typed start of a path may lead to, with their names as they are, in order of name.
fn paths(notebook: &Notebook, typed: &str) -> Vec<String> {
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

/// What is said of a path at the cursor: what it leads to, its size and when it was changed.
pub(crate) fn path(notebook: &Notebook, code: &str, cursor: usize) -> Option<Markdown> {
    let cursor = cursor.min(code.len());
    let end = cursor
        + code
            .get(cursor..)?
            .find(|c: char| c.is_whitespace() || matches!(c, '\'' | '"' | ';'))
            .unwrap_or(code.len() - cursor);
    let typed = complete::complete(code, end, &complete::NoNames).path.filter(|typed| !typed.is_empty())?;
    let found = notebook.path(&typed);
    let metadata = std::fs::metadata(&found).ok()?;
    let what =
        if metadata.is_dir() { "A folder".to_owned() } else { format!("A file of {} bytes", metadata.len()) };
    let changed = metadata.modified().ok().and_then(|time| jiff::Timestamp::try_from(time).ok());
    let changed =
        changed.map(|time| format!(", changed {}", time.strftime("%Y-%m-%d %H:%M UTC"))).unwrap_or_default();
    let text = Markdown::new().own("**").code(&typed).own("** ").prose(&what).prose(&changed).own(".\n\n");
    Some(text.code(&found.display().to_string()).own("\n"))
}
