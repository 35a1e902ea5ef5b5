//! The schema as a tree: keyspaces, their tables with columns, views, types, functions. The server's own come last, folded.
//!
//! A tree of any size stays readable: where all of it would be too much, columns are left out, then tables.

use super::page::kind;
use super::{counted, key, role};
use crate::cql::keywords::{quote_name, quote_type_name};
use crate::render::{Head, MimeBundle, Outline, Part, code_span, outline};
use crate::schema::{Keyspace, KeyspaceKind, Schema, Table};

/// The most bytes of HTML or text that a tree may have.
const BUDGET: usize = 180_000;

/// Keyspaces that are named where nothing else is.
const KEYSPACES: usize = 1000;

/// How much is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Depth {
    /// Keyspaces with the numbers of what is in them.
    Numbers,
    /// The names of tables too.
    Names,
    /// Tables with their keys too.
    Keys,
    /// Their columns too, in a line.
    Columns,
    /// Their columns as a small table.
    Tables,
}

impl Depth {
    /// The most bytes that a tree of this depth may have.
    const fn budget(self) -> usize {
        if matches!(self, Self::Tables) { 40_000 } else { BUDGET }
    }
}

/// Draws the whole schema. The current keyspace comes first and is unfolded, as one that stands alone is.
pub fn tree(schema: &Schema, current: Option<&str>) -> MimeBundle {
    fitting(|depth| {
        let mut users: Vec<&Keyspace> = schema.of_users().collect();
        users.sort_by_key(|keyspace| current != Some(keyspace.name.as_str()));
        let others = schema.keyspaces.values().filter(|keyspace| keyspace.kind != KeyspaceKind::User);
        let others: Vec<&Keyspace> = others.map(AsRef::as_ref).collect();
        let shown = if depth == Depth::Numbers { KEYSPACES } else { users.len() };
        let mut parts: Vec<Part> = users
            .iter()
            .take(shown)
            .map(|keyspace| {
                branch(keyspace, depth, current == Some(keyspace.name.as_str()) || users.len() == 1)
            })
            .collect();
        if users.len() > shown {
            parts.push(Part::Text(format!(
                "and {}",
                counted(users.len() - shown, "keyspace more", "keyspaces more")
            )));
        }
        if !others.is_empty() {
            let under =
                others.iter().map(|keyspace| branch(keyspace, depth.min(Depth::Names), false)).collect();
            let names: Vec<_> = others.iter().map(|keyspace| keyspace.name.as_str()).collect();
            parts.push(Part::aside(Head::text("The server's own", names.join(", ")), under));
        }
        let tables = users.iter().map(|keyspace| keyspace.tables.len()).sum();
        let origin = if schema.origin.cluster.is_empty() { "Schema" } else { schema.origin.cluster.as_str() };
        let note = format!(
            "{}, {}",
            counted(users.len(), "keyspace", "keyspaces"),
            counted(tables, "table", "tables")
        );
        let mut said = schema.notes.clone();
        said.extend(shortened(depth));
        said.push(
            "`%schema KS` shows a keyspace, `%schema KS.TABLE` a table and the queries that its key allows."
                .into(),
        );
        Outline { head: Head::text(origin, note), parts, note: Some(said.join(" ")) }
    })
}

/// Draws one keyspace.
pub fn keyspace(keyspace: &Keyspace) -> MimeBundle {
    fitting(|depth| {
        let mut said: Vec<String> = shortened(depth).into_iter().collect();
        let name = quote_name(&keyspace.name);
        said.push(format!("`%schema {name}.TABLE` shows a table and the queries that its key allows."));
        let parts = contents(keyspace, depth);
        Outline { head: Head::code(name, about(keyspace)), parts, note: Some(said.join(" ")) }
    })
}

/// The deepest drawing that fits.
fn fitting(draw: impl Fn(Depth) -> Outline) -> MimeBundle {
    let depths = [Depth::Tables, Depth::Columns, Depth::Keys, Depth::Names];
    for depth in depths {
        let bundle = outline(&draw(depth));
        if bundle.plain.len().max(bundle.html.as_ref().map_or(0, String::len)) <= depth.budget() {
            return bundle;
        }
    }
    outline(&draw(Depth::Numbers))
}

fn shortened(depth: Depth) -> Option<String> {
    let left_out = match depth {
        Depth::Tables | Depth::Columns => return None,
        Depth::Keys => "Columns",
        Depth::Names => "Columns and keys",
        Depth::Numbers => "Tables",
    };
    Some(format!("{left_out} are left out, to keep this short."))
}

fn branch(keyspace: &Keyspace, depth: Depth, open: bool) -> Part {
    let head = Head::code(quote_name(&keyspace.name), about(keyspace));
    let parts = contents(keyspace, depth);
    match (parts.is_empty(), depth) {
        (true, Depth::Numbers) => Part::Leaf(head),
        (true, _) => Part::aside(head, vec![Part::Text("It is empty.".to_owned())]),
        (false, _) => Part::Branch { head, open, aside: false, parts },
    }
}

/// What is in a keyspace in numbers, and how it is replicated.
fn about(keyspace: &Keyspace) -> String {
    let mut said = vec![counted(keyspace.tables.len(), "table", "tables")];
    let numbers = [
        (keyspace.views.len(), "view", "views"),
        (keyspace.types.len(), "type", "types"),
        (keyspace.functions.len(), "function", "functions"),
        (keyspace.aggregates.len(), "aggregate", "aggregates"),
    ];
    said.extend(
        numbers.iter().filter(|(number, ..)| *number > 0).map(|(n, one, many)| counted(*n, one, many)),
    );
    let copies: Vec<_> = keyspace
        .replication
        .iter()
        .filter(|(name, _)| *name != "class")
        .map(|(name, copies)| match name.as_str() {
            "replication_factor" => copies.clone(),
            dc => format!("{dc} {copies}"),
        })
        .collect();
    if !copies.is_empty() {
        said.push(format!("copies: {}", copies.join(", ")));
    }
    if keyspace.kind == KeyspaceKind::User && !keyspace.durable_writes && !keyspace.replication.is_empty() {
        said.push("writes not durable".to_owned());
    }
    said.join(" · ")
}

fn contents(keyspace: &Keyspace, depth: Depth) -> Vec<Part> {
    if depth == Depth::Numbers {
        return Vec::new();
    }
    let mut parts = Vec::new();
    if depth == Depth::Names {
        let names = |names: Vec<&String>| {
            names.into_iter().map(|name| quote_name(name)).collect::<Vec<_>>().join(", ")
        };
        if !keyspace.tables.is_empty() {
            parts.push(Part::Text(names(keyspace.tables.keys().collect())));
        }
        if !keyspace.views.is_empty() {
            parts.push(Part::Text(format!("Views: {}", names(keyspace.views.keys().collect()))));
        }
    } else {
        parts.extend(keyspace.tables.values().map(|of| table(of, "", depth)));
        parts.extend(keyspace.views.values().map(|view| {
            table(&view.table, &format!("view of {} · ", code_span(&quote_name(&view.base))), depth)
        }));
    }
    let mut kind = |title: &str, under: Vec<Part>| {
        if !under.is_empty() {
            let number = under.len().to_string();
            parts.push(Part::folded(Head::text(title, number), under));
        }
    };
    let types = keyspace.types.values().map(|udt| {
        let fields = udt.fields.iter().map(|(name, cql_type)| format!("{} {cql_type}", quote_name(name)));
        Part::Leaf(Head::code(quote_type_name(&udt.name), fields.collect::<Vec<_>>().join(", ")))
    });
    kind("Types", types.collect());
    let functions = keyspace.functions.iter().map(|(signature, function)| {
        let head = format!("{}({})", quote_name(&signature.name), signature.arguments.join(", "));
        Part::Leaf(Head::code(head, format!("→ {} · {}", function.returns, function.language)))
    });
    kind("Functions", functions.collect());
    let aggregates = keyspace.aggregates.iter().map(|(signature, aggregate)| {
        let head = format!("{}({})", quote_name(&signature.name), signature.arguments.join(", "));
        Part::Leaf(Head::code(head, format!("→ {}", aggregate.returns)))
    });
    kind("Aggregates", aggregates.collect());
    parts
}

/// A table with its key, and under it columns and indexes.
fn table(table: &Table, what: &str, depth: Depth) -> Part {
    let indexes = match table.indexes.len() {
        0 => String::new(),
        number => format!(" · {}", counted(number, "index", "indexes")),
    };
    let head = Head::code(quote_name(&table.name), format!("{what}{}{indexes}", code_span(&key(table))));
    if depth == Depth::Keys {
        return Part::Leaf(head);
    }
    let columns = table.columns.iter().map(|column| {
        let role = match role(column) {
            "" => String::new(),
            role => format!(" ({role})"),
        };
        format!("{} {}{role}", quote_name(&column.name), column.cql_type)
    });
    let line = || Part::Text(columns.collect::<Vec<_>>().join(", "));
    let mut under = vec![if depth == Depth::Tables { super::page::columns(table) } else { line() }];
    under.extend(table.indexes.values().map(|index| {
        Part::Leaf(Head::code(
            quote_name(&index.name),
            format!("on {} · {}", code_span(&index.target), kind(index)),
        ))
    }));
    Part::folded(head, under)
}
