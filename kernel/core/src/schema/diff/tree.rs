//! The differences of one keyspace as a tree.

use std::collections::BTreeSet;

use super::super::options::Servers;
use super::super::{Column, Keyspace, Table, View, ddl};
use super::plan::{Plan, cannot_be_dropped, no_longer_compact, renamed_fields, renamed_keys};
use super::{Node, Safety, Verb, renamed_column, renamed_table, replication_safety};
use crate::column::UdtType;

/// What differs between two states of one keyspace; `None` where nothing does.
pub(super) fn keyspace(old: Option<&Keyspace>, new: Option<&Keyspace>, servers: &Servers) -> Option<Node> {
    let (verb, name) = match (old, new) {
        (None, Some(new)) => (Verb::Added, &new.name),
        (Some(old), None) => (Verb::Removed, &old.name),
        (Some(old), _) => (Verb::Changed, &old.name),
        (None, None) => return None,
    };
    let empty = Keyspace { name: name.clone(), ..Keyspace::default() };
    let (before, after) = (old.unwrap_or(&empty), new.unwrap_or(&empty));
    let plan = Plan::new(before, after, servers);
    let mut parts = Vec::new();
    if verb == Verb::Changed {
        if before.replication != after.replication {
            let texts = (ddl::map(&before.replication, true), ddl::map(&after.replication, true));
            let mut part = changed("option", "replication".to_owned(), texts);
            part.safety = replication_safety(before, after);
            part.note = Some("Run `nodetool repair` afterwards.".to_owned());
            parts.push(part);
        }
        if before.durable_writes != after.durable_writes {
            let texts = (before.durable_writes.to_string(), after.durable_writes.to_string());
            parts.push(changed("option", "durable_writes".to_owned(), texts));
        }
    }
    types(&plan, &mut parts);
    functions(&plan, &mut parts);
    tables(&plan, &mut parts);
    views(&plan, &mut parts);
    if verb == Verb::Changed && parts.is_empty() {
        return None;
    }
    let mut node = branch(verb, "keyspace", ddl::name(name), parts);
    match verb {
        Verb::Added => node.new = new.map(ddl::keyspace_properties),
        Verb::Removed => {
            node.old = old.map(ddl::keyspace_properties);
            node.note = Some("All tables in it are lost.".to_owned());
        }
        Verb::Changed | Verb::Renamed => {}
    }
    Some(node)
}

/// A thing with parts: as costly as the costliest of them, and as the loss of the thing itself.
fn branch(verb: Verb, kind: &'static str, name: String, parts: Vec<Node>) -> Node {
    let own = if verb == Verb::Removed { Safety::Lossy } else { Safety::Safe };
    let safety = parts.iter().map(|part| part.safety).max().unwrap_or_default().max(own);
    Node { verb, kind, name, old: None, new: None, safety, note: None, parts }
}

fn added(kind: &'static str, name: String, what: String) -> Node {
    Node { new: Some(what), ..branch(Verb::Added, kind, name, Vec::new()) }
}

fn removed(kind: &'static str, name: String, what: String, note: &str) -> Node {
    let note = Some(note.to_owned());
    Node { old: Some(what), note, ..branch(Verb::Removed, kind, name, Vec::new()) }
}

fn changed(kind: &'static str, name: String, (old, new): (String, String)) -> Node {
    Node { old: Some(old), new: Some(new), ..branch(Verb::Changed, kind, name, Vec::new()) }
}

fn renamed(kind: &'static str, (old, new): (&str, &str)) -> Node {
    let note = "A guess: the same place and type, another name.".to_owned();
    let node = branch(Verb::Renamed, kind, ddl::name(new), Vec::new());
    Node { old: Some(ddl::name(old)), new: Some(ddl::name(new)), note: Some(note), ..node }
}

/// The keys of both maps, in order.
fn both<'a, K: Ord, A, B>(
    old: &'a std::collections::BTreeMap<K, A>,
    new: &'a std::collections::BTreeMap<K, B>,
) -> BTreeSet<&'a K> {
    old.keys().chain(new.keys()).collect()
}

fn types(plan: &Plan<'_>, parts: &mut Vec<Node>) {
    let fields = |udt: &UdtType| {
        let fields = udt.fields.iter().map(|(field, ty)| format!("{} {ty}", ddl::name(field)));
        fields.collect::<Vec<_>>().join(", ")
    };
    for name in both(&plan.old.types, &plan.new.types) {
        match (plan.old.types.get(name), plan.new.types.get(name)) {
            (None, Some(new)) => parts.push(added("type", ddl::name(name), fields(new))),
            (Some(old), None) => {
                parts.push(removed("type", ddl::name(name), fields(old), "The type is dropped."));
            }
            (Some(old), Some(new)) => {
                if let Some(reason) = plan.types.get(name.as_str()) {
                    let mut node = changed("type", ddl::name(name), (fields(old), fields(new)));
                    node.safety = Safety::Impossible;
                    node.note = Some(reason.clone());
                    parts.push(node);
                    continue;
                }
                let mut inside: Vec<_> =
                    renamed_fields(old, new).into_iter().map(|pair| renamed("field", pair)).collect();
                let more = new.fields.iter().skip(old.fields.len());
                inside.extend(more.map(|(field, ty)| added("field", ddl::name(field), ty.to_string())));
                if !inside.is_empty() {
                    parts.push(branch(Verb::Changed, "type", ddl::name(name), inside));
                }
            }
            (None, None) => {}
        }
    }
}

fn functions(plan: &Plan<'_>, parts: &mut Vec<Node>) {
    let place = &plan.new.name;
    const LOST: &str = "Queries that call it fail.";
    for signature in both(&plan.old.functions, &plan.new.functions) {
        let of = |keyspace: &Keyspace| {
            keyspace.functions.get(signature).map(|function| ddl::function(place, signature, function))
        };
        let again = plan.functions.contains(signature);
        pair(parts, "function", signature.name.as_str(), of(plan.old), of(plan.new), again, LOST);
    }
    for signature in both(&plan.old.aggregates, &plan.new.aggregates) {
        let of = |keyspace: &Keyspace| {
            keyspace.aggregates.get(signature).map(|aggregate| ddl::aggregate(place, signature, aggregate))
        };
        let again = plan.aggregates.contains(signature);
        pair(parts, "aggregate", signature.name.as_str(), of(plan.old), of(plan.new), again, LOST);
    }
}

/// A thing that has no parts of interest, by the CQL that makes it.
fn pair(
    parts: &mut Vec<Node>,
    kind: &'static str,
    name: &str,
    old: Option<String>,
    new: Option<String>,
    again: bool,
    lost: &str,
) {
    match (old, new) {
        (None, Some(new)) => parts.push(added(kind, ddl::name(name), new)),
        (Some(old), None) => parts.push(removed(kind, ddl::name(name), old, lost)),
        (Some(old), Some(new)) if old != new || again => {
            let mut node = changed(kind, ddl::name(name), (old, new));
            if again {
                node.safety = Safety::Lossy;
                node.note = Some(format!("It is dropped and made anew. Meanwhile: {lost}"));
            }
            parts.push(node);
        }
        _ => {}
    }
}

fn tables(plan: &Plan<'_>, parts: &mut Vec<Node>) {
    for name in both(&plan.old.tables, &plan.new.tables) {
        match (plan.old.tables.get(name), plan.new.tables.get(name)) {
            (None, Some(new)) => {
                let mut node = added("table", ddl::name(name), columns(new));
                node.parts = new
                    .indexes
                    .values()
                    .map(|index| {
                        added("index", ddl::name(&index.name), ddl::index(&plan.new.name, name, index))
                    })
                    .collect();
                parts.push(node);
            }
            (Some(old), None) => {
                let guess = renamed_table(plan, old)
                    .map(|other| format!(" It may have become {} (a guess).", ddl::name(other)));
                let note = format!("The table and its rows are lost.{}", guess.unwrap_or_default());
                parts.push(removed("table", ddl::name(name), columns(old), &note));
            }
            (Some(old), Some(new)) => {
                let inside = table(plan, old, new);
                let reason = plan.tables.get(name.as_str());
                if inside.is_empty() && reason.is_none() {
                    continue;
                }
                let mut node = branch(Verb::Changed, "table", ddl::name(name), inside);
                if let Some(reason) = reason {
                    node.safety = Safety::Impossible;
                    node.note = Some(format!("{reason} The table must be made anew."));
                }
                parts.push(node);
            }
            (None, None) => {}
        }
    }
}

/// The columns of a table in one line, the key last.
fn columns(table: &Table) -> String {
    let columns = table.columns.iter().map(ddl::column).collect::<Vec<_>>().join(", ");
    let key = super::script::key_names(table).into_iter().map(ddl::name).collect::<Vec<_>>();
    format!("{columns}; key ({})", key.join(", "))
}

/// A column with its role and order, as one reads it.
fn described(column: &Column) -> String {
    use crate::column::KeyRole::{Clustering, Partition, Static};
    let role = match column.role {
        Some(Partition) => ", partition key",
        Some(Clustering) if column.descending => ", clustering, descending",
        Some(Clustering) => ", clustering",
        Some(Static) => ", static",
        None => "",
    };
    let mask = column.mask.as_ref().map(|mask| format!(", masked with {}", ddl::mask(mask)));
    format!("{}{role}{}", column.cql_type, mask.unwrap_or_default())
}

fn table(plan: &Plan<'_>, old: &Table, new: &Table) -> Vec<Node> {
    let mut parts = Vec::new();
    if let Some(note) = no_longer_compact(old, new) {
        let node = branch(Verb::Removed, "option", "COMPACT STORAGE".to_owned(), Vec::new());
        parts.push(Node { safety: Safety::Safe, note: Some(note), ..node });
    }
    let keys = renamed_keys(old, new);
    parts.extend(keys.iter().map(|pair| renamed("column", *pair)));
    let is_renamed = |name: &str| keys.iter().any(|(before, after)| *before == name || *after == name);
    for column in old.columns.iter().filter(|column| !is_renamed(&column.name)) {
        let name = ddl::name(&column.name);
        match new.column(&column.name) {
            None => {
                let guess = renamed_column(old, new, column)
                    .map(|other| format!(" It may have become {} (a guess).", ddl::name(other)));
                let note = format!("Its values are lost.{}", guess.unwrap_or_default());
                let mut node = removed("column", name, described(column), &note);
                if cannot_be_dropped(column) {
                    node.safety = Safety::Impossible;
                }
                parts.push(node);
            }
            Some(after) if described(after) != described(column) => {
                let mut node = changed("column", name, (described(column), described(after)));
                let only_mask = Column { mask: column.mask.clone(), ..after.clone() };
                if described(&only_mask) != described(column) {
                    node.safety = Safety::Impossible;
                }
                parts.push(node);
            }
            Some(_) => {}
        }
    }
    for column in new.columns.iter().filter(|column| !is_renamed(&column.name)) {
        if old.column(&column.name).is_none() {
            let mut node = added("column", ddl::name(&column.name), described(column));
            if super::script::key_names(new).contains(&column.name.as_str()) {
                node.safety = Safety::Impossible;
            }
            parts.push(node);
        }
    }
    options(plan, old, new, &mut parts);
    for index in both(&old.indexes, &new.indexes) {
        let of = |table: &Table| {
            table.indexes.get(index).map(|index| ddl::index(&plan.new.name, &table.name, index))
        };
        let again = plan.indexes.contains(&(old.name.as_str(), index.as_str()));
        if !again && old.indexes.contains_key(index) {
            continue;
        }
        let lost = "Queries that need the index fail.";
        pair(&mut parts, "index", index, of(old), of(new), again, lost);
    }
    for trigger in both(&old.triggers, &new.triggers) {
        let of = |table: &Table| table.triggers.get(trigger).map(|trigger| trigger.class.clone());
        pair(&mut parts, "trigger", trigger, of(old), of(new), false, "It is called no more.");
    }
    parts
}

fn options(plan: &Plan<'_>, old: &Table, new: &Table, parts: &mut Vec<Node>) {
    if old.comment != new.comment {
        parts.push(changed(
            "option",
            "comment".to_owned(),
            (ddl::text(&old.comment), ddl::text(&new.comment)),
        ));
    }
    for change in plan.servers.changes(old, new) {
        parts.push(match change.old {
            Some(before) => changed("option", change.option, (before.cql(), change.new.cql())),
            None => added("option", change.option, change.new.cql()),
        });
    }
}

fn views(plan: &Plan<'_>, parts: &mut Vec<Node>) {
    let place = &plan.new.name;
    for name in both(&plan.old.views, &plan.new.views) {
        let without_options = |view: &View| {
            let table = Table { options: Default::default(), comment: String::new(), ..view.table.clone() };
            ddl::view(place, &View { table, ..view.clone() }, false)
        };
        let (old, new) = (plan.old.views.get(name), plan.new.views.get(name));
        let again = plan.views.contains(name.as_str());
        if let (Some(old), Some(new), false) = (old, new, again) {
            let mut inside = Vec::new();
            options(plan, &old.table, &new.table, &mut inside);
            if !inside.is_empty() {
                parts.push(branch(Verb::Changed, "view", ddl::name(name), inside));
            }
            continue;
        }
        let lost = "The view and its rows are lost, and are built from its table.";
        pair(parts, "view", name, old.map(without_options), new.map(without_options), again, lost);
    }
}
