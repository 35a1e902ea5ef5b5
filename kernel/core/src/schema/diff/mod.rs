//! Two schemas compared by meaning: a tree of what was added, removed and changed, each with what it costs, and the script
//! that turns the one into the other.
//!
//! Ids, versions and the order in which things were made mean nothing here. A rename cannot be seen, only guessed.

mod known;
mod plan;
pub mod script;
mod tree;

use std::collections::BTreeSet;

use super::options::Servers;
use super::{Keyspace, KeyspaceKind, Schema, Table};
use crate::column::CqlType;
use plan::Plan;

/// What a change costs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Safety {
    /// Nothing is lost.
    #[default]
    Safe,
    /// Data are lost, or something that queries need and that must be built again.
    Lossy,
    /// No statement makes the change in place: the table or type must be made anew.
    Impossible,
}

impl Safety {
    /// The word that users read.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Safe => "safe",
            Self::Lossy => "lossy",
            Self::Impossible => "impossible",
        }
    }
}

/// What happened to a thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verb {
    /// It is on the new side only.
    Added,
    /// It is on the old side only.
    Removed,
    /// It is on both, and not the same.
    Changed,
    /// It has another name, as far as can be guessed.
    Renamed,
}

/// One difference, with those inside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// What happened.
    pub verb: Verb,
    /// What sort of thing it is: `table`, `column`, `option` …
    pub kind: &'static str,
    /// Its name, as CQL writes it.
    pub name: String,
    /// What it was.
    pub old: Option<String>,
    /// What it is now.
    pub new: Option<String>,
    /// What the change costs.
    pub safety: Safety,
    /// What is to be known of it.
    pub note: Option<String>,
    /// The differences inside.
    pub parts: Vec<Node>,
}

/// The differences between two schemas.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diff {
    /// The keyspaces that differ.
    pub nodes: Vec<Node>,
    /// What was not compared, each in a sentence.
    pub notes: Vec<String>,
}

impl Diff {
    /// How many things were added, removed and changed, and how many of the changes cost what.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        self.nodes.iter().for_each(|node| counts.count(node));
        counts
    }
}

/// Numbers of a [`Diff`]; a thing that has parts which differ counts by them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Added.
    pub added: usize,
    /// Removed.
    pub removed: usize,
    /// Changed or renamed.
    pub changed: usize,
    /// Of all these: safe.
    pub safe: usize,
    /// Of all these: lossy.
    pub lossy: usize,
    /// Of all these: impossible in place.
    pub impossible: usize,
}

impl Counts {
    /// What changed and whether it is safe, in a sentence or two.
    pub fn sentence(&self) -> String {
        if *self == Self::default() {
            return "Nothing differs.".to_owned();
        }
        let counted = [(self.added, "added"), (self.removed, "removed"), (self.changed, "changed")];
        let parts: Vec<_> = counted
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, word)| format!("{count} {word}"))
            .collect();
        let verdict = match (self.lossy, self.impossible) {
            (0, 0) => "All of it is safe.".to_owned(),
            (lossy, impossible) => {
                let costs = [(self.safe, "safe"), (lossy, "lossy"), (impossible, "impossible in place")];
                let costs: Vec<_> = costs
                    .iter()
                    .filter(|(count, _)| *count > 0)
                    .map(|(count, word)| format!("{count} {word}"))
                    .collect();
                format!("Not all of it is safe: {}.", costs.join(", "))
            }
        };
        format!("{}. {verdict}", parts.join(", "))
    }

    fn count(&mut self, node: &Node) {
        let whole = matches!(node.verb, Verb::Added | Verb::Removed);
        if !whole && !node.parts.is_empty() {
            node.parts.iter().for_each(|part| self.count(part));
            return;
        }
        match node.verb {
            Verb::Added => self.added += 1,
            Verb::Removed => self.removed += 1,
            Verb::Changed | Verb::Renamed => self.changed += 1,
        }
        match node.safety {
            Safety::Safe => self.safe += 1,
            Safety::Lossy => self.lossy += 1,
            Safety::Impossible => self.impossible += 1,
        }
    }
}

/// What of two schemas is compared: the keyspaces that users made, or one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sides {
    /// The one keyspace, unquoted.
    pub keyspace: Option<String>,
}

impl Sides {
    /// The names of the keyspaces that are compared.
    pub fn names<'a>(&self, old: &'a Schema, new: &'a Schema) -> BTreeSet<&'a str> {
        let wanted = |keyspace: &&'a Keyspace| match &self.keyspace {
            Some(name) => keyspace.name == *name,
            None => keyspace.kind == KeyspaceKind::User,
        };
        let of = |schema: &'a Schema| schema.keyspaces.values().map(AsRef::as_ref).filter(wanted);
        of(old).chain(of(new)).map(|keyspace| keyspace.name.as_str()).collect()
    }
}

/// Compares two schemas, as far as both were read.
pub fn diff(old: &Schema, new: &Schema, sides: &Sides) -> Diff {
    let (old, new) = &known::to_both(old, new);
    let names = sides.names(old, new);
    let servers = Servers::of(old, new);
    let nodes =
        names.into_iter().filter_map(|name| tree::keyspace(old.keyspace(name), new.keyspace(name), &servers));
    Diff { nodes: nodes.collect(), notes: servers.not_compared().into_iter().collect() }
}

impl Keyspace {
    /// The same keyspace under another name.
    #[must_use]
    pub fn renamed(&self, name: &str) -> Self {
        fn visit(cql_type: &mut CqlType, name: &str) {
            match cql_type {
                CqlType::List(item)
                | CqlType::Set(item)
                | CqlType::Frozen(item)
                | CqlType::Vector(item, _) => visit(item, name),
                CqlType::Map(key, value) => {
                    visit(key, name);
                    visit(value, name);
                }
                CqlType::Tuple(items) => items.iter_mut().for_each(|item| visit(item, name)),
                CqlType::Udt(udt) => {
                    udt.keyspace = name.to_owned();
                    udt.fields.iter_mut().for_each(|(_, field)| visit(field, name));
                }
                _ => {}
            }
        }
        let mut renamed = Self { name: name.to_owned(), ..self.clone() };
        for udt in renamed.types.values_mut() {
            udt.keyspace = name.to_owned();
            udt.fields.iter_mut().for_each(|(_, field)| visit(field, name));
        }
        let tables =
            renamed.tables.values_mut().chain(renamed.views.values_mut().map(|view| &mut view.table));
        for table in tables {
            table.columns.iter_mut().for_each(|column| visit(&mut column.cql_type, name));
        }
        for function in renamed.functions.values_mut() {
            function.arguments.iter_mut().for_each(|(_, argument)| visit(argument, name));
            visit(&mut function.returns, name);
        }
        for aggregate in renamed.aggregates.values_mut() {
            aggregate.arguments.iter_mut().for_each(|argument| visit(argument, name));
            visit(&mut aggregate.returns, name);
            visit(&mut aggregate.state_type, name);
        }
        renamed
    }
}

/// Fewer replicas hold fewer copies.
fn replication_safety(old: &Keyspace, new: &Keyspace) -> Safety {
    let copies = |keyspace: &Keyspace| -> u32 {
        let factors = keyspace.replication.iter().filter(|(key, _)| *key != "class");
        factors.filter_map(|(_, factor)| factor.split('/').next()?.parse::<u32>().ok()).sum()
    };
    if copies(new) < copies(old) { Safety::Lossy } else { Safety::Safe }
}

/// What a table that goes may be called now: a new table of the same columns. A guess.
fn renamed_table<'a>(plan: &Plan<'a>, gone: &Table) -> Option<&'a str> {
    let columns = |table: &Table| {
        let columns = table.columns.iter();
        columns
            .map(|column| (column.name.clone(), column.cql_type.to_string(), column.role, column.descending))
            .collect::<Vec<_>>()
    };
    let mut same = plan
        .new
        .tables
        .values()
        .filter(|table| !plan.old.tables.contains_key(&table.name) && columns(table) == columns(gone));
    same.next().filter(|_| same.next().is_none()).map(|table| table.name.as_str())
}

/// What a column that goes may be called now: the one new column of its type, where it is the one that goes. A guess.
fn renamed_column<'a>(old: &Table, new: &'a Table, gone: &super::Column) -> Option<&'a str> {
    let like = |column: &super::Column| {
        column.cql_type.to_string() == gone.cql_type.to_string() && column.role == gone.role
    };
    let goes = old.columns.iter().filter(|column| like(column) && new.column(&column.name).is_none()).count();
    let mut comes = new.columns.iter().filter(|column| like(column) && old.column(&column.name).is_none());
    let first = comes.next()?;
    (goes == 1 && comes.next().is_none()).then_some(first.name.as_str())
}

#[cfg(test)]
mod tests;
