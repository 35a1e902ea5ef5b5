//! A table's page: its columns, the queries that its keys allow, indexes, views, types, sizes and options.

use super::queries::{self, Query, target};
use super::{counted, key, role};
use crate::column::{CqlType, UdtType};
use crate::cql::keywords::{quote_name, quote_type_name};
use crate::markdown::Markdown;
use crate::render::{Head, Item, List, MimeBundle, Outline, Part, bytes, code_span, outline};
use crate::schema::{Index, IndexKind, Keyspace, KeyspaceKind, OptionValue, Table};

/// How large a table is, as far as the server says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Size {
    /// What the node that answered estimates of its share.
    Estimate {
        /// Partitions.
        partitions: u64,
        /// Their mean size in bytes.
        mean: u64,
    },
    /// The server has no estimate yet.
    Unknown,
    /// The server gives none.
    Refused,
}

/// Draws a table's page. `known` is its size, where it was asked for.
pub fn page(keyspace: &Keyspace, table: &Table, known: Option<&Size>) -> MimeBundle {
    outline(&document(keyspace, table, known))
}

fn document(keyspace: &Keyspace, table: &Table, known: Option<&Size>) -> Outline {
    let place = format!("{}.{}", quote_name(&keyspace.name), quote_name(&table.name));
    let view = keyspace.views.get(&table.name).filter(|_| !keyspace.tables.contains_key(&table.name));
    let what = match (view, keyspace.kind) {
        (Some(view), _) => format!("materialized view of {}", code_span(&quote_name(&view.base))),
        (None, KeyspaceKind::Virtual) => "virtual table".to_owned(),
        (None, _) if table.is_counter() => "table of counters".to_owned(),
        (None, _) => "table".to_owned(),
    };
    let note = format!(
        "{what} · {} · {}",
        counted(table.columns.len(), "column", "columns"),
        code_span(&format!("PRIMARY KEY {}", key(table)))
    );
    let mut parts = Vec::new();
    if !table.comment.is_empty() {
        parts.push(Part::Said(table.comment.clone()));
    }
    parts.push(columns(table));
    if let Some(view) = view.filter(|view| !view.where_clause.is_empty()) {
        parts
            .push(Part::Text(format!("Its rows are those of {} where:", code_span(&quote_name(&view.base)))));
        parts.push(Part::Cql(view.where_clause.clone()));
    }
    if keyspace.kind != KeyspaceKind::Virtual {
        let allowed = queries::of_keys(&place, table);
        let number = counted(allowed.len(), "kind", "kinds");
        let mut under: Vec<Part> = allowed.into_iter().flat_map(shown).collect();
        under.extend(queries::filtered(table).map(Part::Text));
        parts.push(Part::open(Head::text("Queries that the key allows", number), under));
    }
    parts.extend(indexes(&place, table));
    let views: Vec<Part> = keyspace
        .views_of(&table.name)
        .map(|view| {
            Part::Leaf(Head::code(
                quote_name(&view.table.name),
                format!("`PRIMARY KEY {}`", key(&view.table)),
            ))
        })
        .collect();
    if !views.is_empty() {
        parts.push(Part::open(Head::text("Views over it", counted(views.len(), "view", "views")), views));
    }
    parts.extend(types(table));
    parts.extend(known.map(size));
    if !table.triggers.is_empty() {
        let triggers = table.triggers.values();
        let triggers = triggers.map(|one| Part::Leaf(Head::code(quote_name(&one.name), one.class.clone())));
        parts.push(Part::folded(Head::text("Triggers", ""), triggers.collect()));
    }
    if !table.options.is_empty() {
        let rows =
            table.options.iter().map(|(name, value)| vec![Item::code(name), Item::code(written(value))]);
        let list =
            List { headers: vec!["Option".into(), "Value".into()], rows: rows.collect(), ..List::default() };
        let number = counted(table.options.len(), "option", "options");
        parts.push(Part::aside(Head::text("Options", number), vec![Part::Table(list)]));
    }
    let peek = if keyspace.kind == KeyspaceKind::Virtual {
        format!("`SELECT * FROM {place};` reads it.")
    } else {
        format!("`%schema {place} --peek` shows a few rows, `DESCRIBE {place};` the CQL that makes it.")
    };
    Outline { head: Head::code(place, note), parts, note: Some(peek) }
}

/// The columns with type and role, and what else is to be said of some.
pub(super) fn columns(table: &Table) -> Part {
    let more = |name: &str| {
        let column = table.column(name)?;
        let mut said = Vec::new();
        if let Some(mask) = &column.mask {
            said.push(format!("masked by {}", mask.function));
        }
        let on = table.indexes.values().filter(|index| target(index).1 == name);
        said.extend(on.map(|index| format!("index {}", quote_name(&index.name))));
        Some(said.join(", "))
    };
    let rows = table.columns.iter().map(|column| {
        vec![
            Item::code(quote_name(&column.name)),
            Item::code(column.cql_type.to_string()),
            Item::text(role(column)),
            Item::text(more(&column.name).unwrap_or_default()),
        ]
    });
    let mut rows: Vec<Vec<Item>> = rows.collect();
    let mut headers: Vec<String> = ["Column", "Type", "Role", "More"].map(str::to_owned).to_vec();
    // Columns of the list that say nothing are left out.
    for place in [3, 2] {
        let empty = |row: &Vec<Item>| matches!(row.get(place), Some(Item::Text(text)) if text.is_empty());
        if rows.iter().all(empty) {
            headers.truncate(place);
            rows.iter_mut().for_each(|row| row.truncate(place));
        } else {
            break;
        }
    }
    Part::Table(List { headers, rows, ..List::default() })
}

fn shown(query: Query) -> [Part; 2] {
    [Part::Text(query.text), Part::Cql(query.cql)]
}

fn indexes(place: &str, table: &Table) -> Option<Part> {
    if table.indexes.is_empty() {
        return None;
    }
    let under = table.indexes.values().flat_map(|index| {
        let head =
            Head::code(quote_name(&index.name), format!("on {} · {}", code_span(&index.target), kind(index)));
        let [text, cql] = shown(queries::of_index(place, table, index));
        [Part::Leaf(head), text, cql]
    });
    let number = counted(table.indexes.len(), "index", "indexes");
    Some(Part::open(Head::text("Indexes and what they serve", number), under.collect()))
}

/// How an index is made, in words.
pub(super) fn kind(index: &Index) -> &str {
    match index.kind {
        IndexKind::Secondary => "secondary index",
        IndexKind::Sai => "storage-attached index (SAI)",
        IndexKind::Sasi => "SASI index",
        IndexKind::Custom => index.class.as_deref().unwrap_or("custom index"),
    }
}

/// The user-defined types that columns are of, with their fields.
fn types(table: &Table) -> Option<Part> {
    let mut used: Vec<&UdtType> = Vec::new();
    for column in &table.columns {
        collect(&column.cql_type, &mut used);
    }
    if used.is_empty() {
        return None;
    }
    let parts = used.iter().map(|udt| {
        let fields = udt.fields.iter().map(|(name, cql_type)| format!("{} {cql_type}", quote_name(name)));
        Part::Leaf(Head::code(quote_type_name(&udt.name), fields.collect::<Vec<_>>().join(", ")))
    });
    Some(Part::open(Head::text("Types used", counted(used.len(), "type", "types")), parts.collect()))
}

fn collect<'a>(cql_type: &'a CqlType, used: &mut Vec<&'a UdtType>) {
    /// How many types are named at most.
    const NAMED: usize = 40;
    match cql_type {
        CqlType::List(item) | CqlType::Set(item) | CqlType::Frozen(item) | CqlType::Vector(item, _) => {
            collect(item, used);
        }
        CqlType::Map(key, value) => {
            collect(key, used);
            collect(value, used);
        }
        CqlType::Tuple(items) => items.iter().for_each(|item| collect(item, used)),
        CqlType::Udt(udt) if used.len() < NAMED && !used.iter().any(|known| known.name == udt.name) => {
            used.push(udt);
            udt.fields.iter().for_each(|(_, field)| collect(field, used));
        }
        _ => {}
    }
}

fn size(size: &Size) -> Part {
    let text = match size {
        Size::Estimate { partitions, mean } => format!(
            "About {} of {} on average, {} in all: the share of the node that answered, as it estimated last.",
            counted(usize::try_from(*partitions).unwrap_or(usize::MAX), "partition", "partitions"),
            bytes(usize::try_from(*mean).unwrap_or(usize::MAX)),
            bytes(usize::try_from(partitions.saturating_mul(*mean)).unwrap_or(usize::MAX)),
        ),
        Size::Unknown => {
            "The server has no estimate yet: it makes one every few minutes, of data on disk.".to_owned()
        }
        Size::Refused => "The server gives no estimate of sizes.".to_owned(),
    };
    Part::open(Head::text("Size", ""), vec![Part::Text(text)])
}

/// An option's value as CQL writes it.
fn written(value: &OptionValue) -> String {
    let text = |text: &str| format!("'{}'", text.replace('\'', "''"));
    let map = |entries: Vec<String>| format!("{{{}}}", entries.join(", "));
    match value {
        OptionValue::Text(value) => text(value),
        OptionValue::Number(value) => value.clone(),
        OptionValue::Flag(value) => value.to_string(),
        OptionValue::Map(value) => {
            map(value.iter().map(|(key, value)| format!("{}: {}", text(key), text(value))).collect())
        }
        OptionValue::Bytes(value) => {
            map(value.iter().map(|(key, value)| format!("{}: {value}", text(key))).collect())
        }
    }
}

/// What the key and the indexes of a table serve, for inspection.
pub fn served(keyspace: &Keyspace, table: &Table) -> Markdown {
    /// Queries that are shown; the page has all.
    const SHOWN: usize = 4;
    let place = format!("{}.{}", quote_name(&keyspace.name), quote_name(&table.name));
    let mut text = Markdown::new();
    if !table.comment.is_empty() {
        text = text.prose(&table.comment).own("\n\n");
    }
    if keyspace.kind != KeyspaceKind::Virtual {
        for query in queries::of_keys(&place, table).into_iter().take(SHOWN) {
            text = text.sentence(&query.text).own("\n\n").fenced(&query.cql).own("\n");
        }
        for index in table.indexes.values() {
            let query = queries::of_index(&place, table, index);
            text = text.own("Index ").code(&quote_name(&index.name)).own(": ").sentence(&query.text);
            text = text.own("\n\n").fenced(&query.cql).own("\n");
        }
    }
    text.code(&format!("%schema {place}")).own(" shows all of it.\n")
}
