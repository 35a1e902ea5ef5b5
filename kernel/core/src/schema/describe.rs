//! `DESCRIBE` in every variant of cqlsh: what is asked for, the answer from a model, and the text that cqlsh makes of an
//! answer, be it the server's or ours.

use super::{Index, Keyspace, KeyspaceKind, Origin, Schema, Table, ddl, types};
use crate::cql::comment::block_comment;
use crate::cql::keywords::{self, unquote_name};
use crate::cql::lexer::{TokenKind, lex};

/// What a `DESCRIBE` asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// The cluster's name, partitioner and snitch.
    Cluster,
    /// All keyspaces that users made; with `full` the server's too.
    Schema {
        /// Whether the server's own are asked for.
        full: bool,
    },
    /// The names of all keyspaces.
    Keyspaces,
    /// One keyspace, the current one if none is named; with `only` without what is in it.
    Keyspace {
        /// Its name, unquoted.
        name: Option<String>,
        /// Whether what is in it is left out.
        only: bool,
    },
    /// The names of things of one kind: of the current keyspace, or of all.
    List(Kind),
    /// One thing of a known kind.
    One {
        /// Its kind.
        kind: Kind,
        /// Its keyspace, unquoted.
        keyspace: Option<String>,
        /// Its name, unquoted.
        name: String,
    },
    /// A keyspace, table, view or index of this name.
    Any {
        /// Its keyspace, unquoted.
        keyspace: Option<String>,
        /// Its name, unquoted.
        name: String,
    },
}

/// Kinds of things that are described.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A keyspace.
    Keyspace,
    /// A table.
    Table,
    /// An index.
    Index,
    /// A materialized view.
    View,
    /// A user-defined type.
    Type,
    /// A user-defined function.
    Function,
    /// A user-defined aggregate.
    Aggregate,
    /// A trigger.
    Trigger,
}

/// A `DESCRIBE` as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// What it asks for.
    pub what: What,
    /// Whether `WITH INTERNALS` stands at its end.
    pub internals: bool,
}

/// One thing that an answer names: with its CQL, or as a name in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The keyspace, quoted where CQL must.
    pub keyspace: String,
    /// Whether it is a keyspace in a list of keyspaces.
    pub is_keyspace: bool,
    /// Its name, quoted where CQL must; of a function with its arguments.
    pub name: String,
    /// The CQL that makes it.
    pub cql: Option<String>,
}

/// Reads what stands behind `DESCRIBE`; `None` where it is no `DESCRIBE` of cqlsh's.
pub fn parse(arguments: &str) -> Option<Request> {
    let tokens: Vec<_> = lex(arguments)
        .into_iter()
        .filter(|token| !token.kind.is_trivia() && token.kind != TokenKind::Semicolon)
        .map(|token| token.span.of(arguments))
        .collect();
    let is = |word: &&str, expected: &str| word.eq_ignore_ascii_case(expected);
    let (words, internals) = match tokens.as_slice() {
        [words @ .., with, last] if is(with, "WITH") && is(last, "INTERNALS") => (words, true),
        words => (words, false),
    };
    let (first, rest) = words.split_first()?;
    let named = |rest: &[&str]| match rest {
        [name] => Some((None, unquote_name(name))),
        [keyspace, ".", name] => Some((Some(unquote_name(keyspace)), unquote_name(name))),
        _ => None,
    };
    let one = |kind, rest: &[&str]| named(rest).map(|(keyspace, name)| What::One { kind, keyspace, name });
    let what = match (first.to_ascii_uppercase().as_str(), rest) {
        ("CLUSTER", []) => What::Cluster,
        ("SCHEMA", []) => What::Schema { full: false },
        ("FULL", [schema]) if is(schema, "SCHEMA") => What::Schema { full: true },
        ("KEYSPACES", []) => What::Keyspaces,
        ("KEYSPACE", []) => What::Keyspace { name: None, only: false },
        ("KEYSPACE", [name]) => What::Keyspace { name: Some(unquote_name(name)), only: false },
        ("ONLY", [word]) if is(word, "KEYSPACE") => What::Keyspace { name: None, only: true },
        ("ONLY", [word, name]) if is(word, "KEYSPACE") => {
            What::Keyspace { name: Some(unquote_name(name)), only: true }
        }
        ("TABLES" | "COLUMNFAMILIES", []) => What::List(Kind::Table),
        ("TYPES", []) => What::List(Kind::Type),
        ("FUNCTIONS", []) => What::List(Kind::Function),
        ("AGGREGATES", []) => What::List(Kind::Aggregate),
        ("TABLE" | "COLUMNFAMILY", [_, ..]) => one(Kind::Table, rest)?,
        ("INDEX", [_, ..]) => one(Kind::Index, rest)?,
        ("TYPE", [_, ..]) => one(Kind::Type, rest)?,
        ("FUNCTION", [_, ..]) => one(Kind::Function, rest)?,
        ("AGGREGATE", [_, ..]) => one(Kind::Aggregate, rest)?,
        ("MATERIALIZED", [view, rest @ ..]) if is(view, "VIEW") => one(Kind::View, rest)?,
        _ => {
            let (keyspace, name) = named(words)?;
            What::Any { keyspace, name }
        }
    };
    Some(Request { what, internals })
}

/// The answer to a request, as the server orders it.
///
/// # Errors
/// What is not there, in the server's words.
pub fn answer(schema: &Schema, request: &Request, current: Option<&str>) -> Result<Vec<Entry>, String> {
    let asked = Asked { schema, internals: request.internals, current };
    match &request.what {
        What::Cluster => Ok(Vec::new()),
        What::Schema { full } => {
            let wanted = |keyspace: &&Keyspace| match keyspace.kind {
                KeyspaceKind::User => true,
                KeyspaceKind::System | KeyspaceKind::Virtual => *full,
            };
            let keyspaces = schema.keyspaces.values().map(AsRef::as_ref).filter(wanted);
            Ok(keyspaces.flat_map(|keyspace| asked.whole(keyspace)).collect())
        }
        What::Keyspaces => Ok(schema.keyspaces.values().map(|keyspace| listed_keyspace(keyspace)).collect()),
        What::Keyspace { name, only } => {
            let keyspace = asked.keyspace(name.as_deref())?;
            Ok(if *only { asked.only(keyspace) } else { asked.whole(keyspace) })
        }
        What::List(kind) => Ok(asked.list(*kind)),
        What::One { kind, keyspace, name } => {
            let keyspace = asked.keyspace(keyspace.as_deref())?;
            let found = asked.one(keyspace, *kind, name);
            if found.is_empty() { Err(missing(*kind, keyspace, name)) } else { Ok(found) }
        }
        What::Any { keyspace: None, name } if schema.keyspaces.contains_key(name) => {
            Ok(asked.whole(asked.keyspace(Some(name))?))
        }
        What::Any { keyspace: named, name } => {
            let keyspace = asked.keyspace(named.as_deref()).map_err(|error| match named {
                Some(_) => error,
                None => format!("'{name}' not found in keyspaces"),
            })?;
            [Kind::Table, Kind::View, Kind::Index]
                .into_iter()
                .map(|kind| asked.one(keyspace, kind, name))
                .find(|found| !found.is_empty())
                .ok_or_else(|| format!("'{name}' not found in keyspace '{}'", keyspace.name))
        }
    }
}

fn missing(kind: Kind, keyspace: &Keyspace, name: &str) -> String {
    let keyspace = &keyspace.name;
    match kind {
        Kind::Index => format!("Table for existing index '{name}' not found in '{keyspace}'"),
        Kind::View => format!("Materialized view '{name}' not found in '{keyspace}'"),
        Kind::Type => format!("User defined type '{name}' not found in '{keyspace}'"),
        Kind::Function => format!("User defined function '{name}' not found in '{keyspace}'"),
        Kind::Aggregate => format!("User defined aggregate '{name}' not found in '{keyspace}'"),
        Kind::Table | Kind::Keyspace | Kind::Trigger => {
            format!("Table '{name}' not found in keyspace '{keyspace}'")
        }
    }
}

fn listed_keyspace(keyspace: &Keyspace) -> Entry {
    let name = ddl::name(&keyspace.name);
    Entry { keyspace: name.clone(), is_keyspace: true, name, cql: None }
}

/// A request against a schema.
struct Asked<'a> {
    schema: &'a Schema,
    internals: bool,
    current: Option<&'a str>,
}

impl<'a> Asked<'a> {
    fn keyspace(&self, named: Option<&str>) -> Result<&'a Keyspace, String> {
        let name = named.or(self.current).ok_or("No keyspace specified and no current keyspace")?;
        self.schema.keyspace(name).ok_or_else(|| format!("'{name}' not found in keyspaces"))
    }

    fn only(&self, keyspace: &Keyspace) -> Vec<Entry> {
        let cql = match keyspace.kind {
            KeyspaceKind::Virtual => virtual_keyspace(keyspace),
            KeyspaceKind::User | KeyspaceKind::System => ddl::keyspace(keyspace),
        };
        vec![entry(keyspace, ddl::name(&keyspace.name), cql)]
    }

    /// A keyspace and all that is in it, each thing behind those that it needs.
    fn whole(&self, keyspace: &Keyspace) -> Vec<Entry> {
        let mut entries = self.only(keyspace);
        for udt in types::in_order(&keyspace.types) {
            entries.extend(self.one(keyspace, Kind::Type, &udt.name));
        }
        for (signature, function) in &keyspace.functions {
            let cql = ddl::function(&keyspace.name, signature, function);
            entries.push(entry(keyspace, ddl::name(&signature.name), cql));
        }
        for (signature, aggregate) in &keyspace.aggregates {
            let cql = ddl::aggregate(&keyspace.name, signature, aggregate);
            entries.push(entry(keyspace, ddl::name(&signature.name), cql));
        }
        for table in keyspace.tables.values() {
            entries.extend(self.table(keyspace, table));
        }
        entries
    }

    /// A table, its indexes and triggers, and the views over it.
    fn table(&self, keyspace: &Keyspace, table: &Table) -> Vec<Entry> {
        let name = ddl::name(&table.name);
        if keyspace.kind == KeyspaceKind::Virtual {
            return vec![entry(keyspace, name, ddl::virtual_table(&keyspace.name, table))];
        }
        let mut entries = vec![entry(keyspace, name, ddl::table(&keyspace.name, table, self.internals))];
        let index = |index: &Index| {
            entry(keyspace, ddl::name(&index.name), ddl::index(&keyspace.name, &table.name, index))
        };
        entries.extend(table.indexes.values().map(index));
        entries.extend(table.triggers.values().map(|trigger| {
            let cql = ddl::trigger(&keyspace.name, &table.name, trigger);
            entry(keyspace, ddl::name(&trigger.name), cql)
        }));
        let views = keyspace.views_of(&table.name).map(|view| {
            let cql = ddl::view(&keyspace.name, view, self.internals);
            entry(keyspace, ddl::name(&view.table.name), cql)
        });
        entries.extend(views);
        entries
    }

    /// What has this kind and name; functions of one name are several.
    fn one(&self, keyspace: &Keyspace, kind: Kind, name: &str) -> Vec<Entry> {
        let place = &keyspace.name;
        let made = |cql: String| vec![entry(keyspace, ddl::name(name), cql)];
        match kind {
            Kind::Table => {
                keyspace.tables.get(name).map(|table| self.table(keyspace, table)).unwrap_or_default()
            }
            Kind::View => keyspace
                .views
                .get(name)
                .map(|view| made(ddl::view(place, view, self.internals)))
                .unwrap_or_default(),
            Kind::Index => keyspace
                .index(name)
                .map(|(table, index)| made(ddl::index(place, &table.name, index)))
                .unwrap_or_default(),
            Kind::Type => {
                keyspace.types.get(name).map(|udt| made(ddl::user_type(place, udt))).unwrap_or_default()
            }
            Kind::Function => {
                let found = keyspace.functions.iter().filter(|(signature, _)| signature.name == name);
                found
                    .flat_map(|(signature, function)| made(ddl::function(place, signature, function)))
                    .collect()
            }
            Kind::Aggregate => {
                let found = keyspace.aggregates.iter().filter(|(signature, _)| signature.name == name);
                found
                    .flat_map(|(signature, aggregate)| made(ddl::aggregate(place, signature, aggregate)))
                    .collect()
            }
            Kind::Keyspace | Kind::Trigger => Vec::new(),
        }
    }

    /// The names of one kind, of the current keyspace or of all.
    fn list(&self, kind: Kind) -> Vec<Entry> {
        let keyspaces = self.schema.keyspaces.values().map(AsRef::as_ref);
        let keyspaces =
            keyspaces.filter(|keyspace: &&Keyspace| self.current.is_none_or(|name| keyspace.name == name));
        let mut entries = Vec::new();
        for keyspace in keyspaces {
            let names: Vec<String> = match kind {
                Kind::Type => keyspace.types.keys().map(|name| keywords::quote_type_name(name)).collect(),
                Kind::Function => keyspace
                    .functions
                    .iter()
                    .map(|(signature, function)| {
                        let arguments: Vec<_> = function.arguments.iter().map(|(_, ty)| ty).collect();
                        ddl::signature(signature, &arguments)
                    })
                    .collect(),
                Kind::Aggregate => keyspace
                    .aggregates
                    .iter()
                    .map(|(signature, aggregate)| {
                        ddl::signature(signature, &aggregate.arguments.iter().collect::<Vec<_>>())
                    })
                    .collect(),
                _ => keyspace.tables.keys().map(|name| ddl::name(name)).collect(),
            };
            let of = ddl::name(&keyspace.name);
            entries.extend(names.into_iter().map(|name| Entry {
                keyspace: of.clone(),
                is_keyspace: false,
                name,
                cql: None,
            }));
        }
        entries
    }
}

fn entry(keyspace: &Keyspace, name: String, cql: String) -> Entry {
    Entry { keyspace: ddl::name(&keyspace.name), is_keyspace: false, name, cql: Some(cql) }
}

fn virtual_keyspace(keyspace: &Keyspace) -> String {
    let name = ddl::name(&keyspace.name);
    block_comment(&format!(
        "Warning: Keyspace {name} is a virtual keyspace and cannot be recreated with CQL.\nStructure, for reference:\nVIRTUAL KEYSPACE {name};"
    ))
}

/// What `DESCRIBE CLUSTER` tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cluster {
    /// Its name, partitioner and snitch, each under its label.
    pub facts: Vec<(&'static str, String)>,
    /// The last tokens of the ranges with the nodes that own them; none without a keyspace in use.
    pub ranges: Vec<(String, Vec<String>)>,
}

impl Cluster {
    /// What is known of a schema's cluster. Its snitch is the server's to tell.
    pub fn of(origin: &Origin, ranges: Vec<(String, Vec<String>)>) -> Self {
        let class = &origin.partitioner;
        let partitioner = class.rsplit('.').next().unwrap_or(class).to_owned();
        Self { facts: vec![("Cluster", origin.cluster.clone()), ("Partitioner", partitioner)], ranges }
    }

    /// As cqlsh says it.
    pub fn render(&self) -> String {
        let mut lines: Vec<_> = self.facts.iter().map(|(label, value)| format!("{label}: {value}")).collect();
        if !self.ranges.is_empty() {
            lines.extend([String::new(), "Range ownership:".to_owned()]);
        }
        let ranges = self.ranges.iter();
        lines.extend(ranges.map(|(token, nodes)| format!(" {token:>39}  [{}]", nodes.join(", "))));
        lines.join("\n")
    }
}

/// The answer as text: statements apart from each other, names in columns, under their keyspace where none is in use.
pub fn render(entries: &[Entry], current: Option<&str>, width: usize) -> String {
    if entries.iter().any(|entry| entry.cql.is_some()) {
        let statements = entries.iter().filter_map(|entry| entry.cql.as_deref());
        return statements.collect::<Vec<_>>().join("\n\n");
    }
    let mut text = String::new();
    for group in entries
        .chunk_by(|left, right| (left.is_keyspace && right.is_keyspace) || left.keyspace == right.keyspace)
    {
        let names: Vec<_> = group.iter().map(|entry| entry.name.as_str()).collect();
        if let Some(first) = group.first().filter(|first| !first.is_keyspace && current.is_none()) {
            let heading = format!("Keyspace {}", first.keyspace);
            text.push_str(&format!("\n{heading}\n{}\n", "-".repeat(heading.chars().count())));
        }
        text.push_str(&in_columns(&names, width));
    }
    text.trim_matches('\n').to_owned()
}

/// Names side by side, read downwards, as cqlsh has them.
fn in_columns(names: &[&str], width: usize) -> String {
    let length = |name: &str| name.chars().count();
    for rows in 1..=names.len() {
        let columns: Vec<&[&str]> = names.chunks(rows).collect();
        let widths: Vec<_> =
            columns.iter().map(|column| column.iter().map(|name| length(name)).max().unwrap_or(0)).collect();
        if rows < names.len() && widths.iter().sum::<usize>() + 2 * widths.len().saturating_sub(1) > width {
            continue;
        }
        let mut text = String::new();
        for row in 0..rows {
            let mut line = String::new();
            for (column, width) in columns.iter().zip(&widths) {
                if let Some(name) = column.get(row) {
                    line.push_str(name);
                    line.push_str(&" ".repeat(width + 2 - length(name)));
                }
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        return text;
    }
    String::new()
}

#[cfg(test)]
mod tests;
