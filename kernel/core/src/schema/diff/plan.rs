//! What can be changed in place and what must be made anew: the rules of Cassandra 5's `ALTER`, for one keyspace.
//!
//! What must be made anew takes along what is made of it: a type its types, tables and functions, a table its indexes and
//! views.

use std::collections::{BTreeMap, BTreeSet};

use super::super::options::Servers;
use super::super::{Column, Keyspace, Signature, Table, View, types};
use crate::column::{CqlType, KeyRole, UdtType};
use crate::cql::keywords;

/// Why a thing must be made anew.
pub(super) type Reasons<K> = BTreeMap<K, String>;

/// Two states of one keyspace, and what becomes of what is in both.
#[derive(Debug)]
pub(super) struct Plan<'a> {
    pub(super) old: &'a Keyspace,
    pub(super) new: &'a Keyspace,
    pub(super) servers: &'a Servers,
    /// Types of both that must be made anew.
    pub(super) types: Reasons<&'a str>,
    /// Tables of both that must be made anew.
    pub(super) tables: Reasons<&'a str>,
    /// Indexes of the old state that are dropped, by table and name, with those that come again.
    pub(super) indexes: BTreeSet<(&'a str, &'a str)>,
    /// Views of the old state that are dropped, with those that come again.
    pub(super) views: BTreeSet<&'a str>,
    /// Functions of the old state that are dropped, with those that come again.
    pub(super) functions: BTreeSet<&'a Signature>,
    /// Aggregates of the old state that are dropped, with those that come again.
    pub(super) aggregates: BTreeSet<&'a Signature>,
}

impl<'a> Plan<'a> {
    /// The plan from `old` to `new`.
    pub(super) fn new(old: &'a Keyspace, new: &'a Keyspace, servers: &'a Servers) -> Self {
        let mut plan = Self {
            old,
            new,
            servers,
            types: BTreeMap::new(),
            tables: BTreeMap::new(),
            indexes: BTreeSet::new(),
            views: BTreeSet::new(),
            functions: BTreeSet::new(),
            aggregates: BTreeSet::new(),
        };
        plan.types();
        plan.tables();
        plan.indexes();
        plan.views();
        plan.functions();
        plan.aggregates();
        plan
    }

    /// Whether a type of the old state is dropped, for good or to be made anew.
    fn drops_type(&self, name: &str) -> bool {
        self.types.contains_key(name)
            || (self.old.types.contains_key(name) && !self.new.types.contains_key(name))
    }

    fn types(&mut self) {
        for (name, old) in &self.old.types {
            if let Some(new) = self.new.types.get(name)
                && let Err(reason) = type_change(old, new)
            {
                self.types.insert(name, reason);
            }
        }
        // Each takes along what is made of it.
        let mut made_of: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (name, udt) in &self.old.types {
            for part in udt.fields.iter().flat_map(|(_, field)| types::names(field)) {
                made_of.entry(part).or_default().push(name);
            }
        }
        let mut found: Vec<&str> =
            self.old.types.keys().map(String::as_str).filter(|name| self.drops_type(name)).collect();
        while let Some(part) = found.pop() {
            for &name in made_of.get(part).into_iter().flatten() {
                if self.new.types.contains_key(name) && !self.types.contains_key(name) {
                    let reason = format!("It is made of the type {part}, which is made anew.");
                    self.types.insert(name, reason);
                    found.push(name);
                }
            }
        }
    }

    fn tables(&mut self) {
        for (name, old) in &self.old.tables {
            let Some(new) = self.new.tables.get(name) else { continue };
            if let Err(reason) = table_change(old, new) {
                self.tables.insert(name, reason);
                continue;
            }
            // A column that stays keeps its type from being dropped.
            let stays = |column: &&Column| new.column(&column.name).is_some() || is_key(column);
            let needed = old
                .columns
                .iter()
                .filter(stays)
                .flat_map(|column| types::names(&column.cql_type))
                .find(|part| self.drops_type(part));
            if let Some(part) = needed {
                self.tables.insert(name, format!("It is made of the type {part}, which is made anew."));
            }
        }
    }

    /// Whether a table of the old state is dropped, for good or to be made anew.
    pub(super) fn drops_table(&self, name: &str) -> bool {
        self.tables.contains_key(name) || !self.new.tables.contains_key(name)
    }

    fn indexes(&mut self) {
        for (name, table) in &self.old.tables {
            for (index, old) in &table.indexes {
                let new = self.new.tables.get(name).and_then(|table| table.indexes.get(index));
                if self.drops_table(name) || !new.is_some_and(|new| new.means(old)) {
                    self.indexes.insert((name, index));
                }
            }
        }
    }

    fn views(&mut self) {
        for (name, old) in &self.old.views {
            let new = self.new.views.get(name);
            let base = self.old.tables.get(&old.base).zip(self.new.tables.get(&old.base));
            let changed = match (new, base) {
                (Some(new), Some((before, after))) => {
                    self.drops_table(&old.base)
                        || columns_are_taken(before, after)
                        || view_change(old, new, after).is_err()
                }
                _ => true,
            };
            if changed {
                self.views.insert(name);
            }
        }
    }

    fn functions(&mut self) {
        for (signature, old) in &self.old.functions {
            let needs = old
                .arguments
                .iter()
                .map(|(_, ty)| ty)
                .chain([&old.returns])
                .flat_map(types::names)
                .any(|part| self.drops_type(part));
            let same = self.new.functions.get(signature).is_some_and(|new| {
                let only_body = super::super::Function {
                    body: old.body.clone(),
                    language: old.language.clone(),
                    ..new.clone()
                };
                only_body == *old
            });
            if needs || !same {
                self.functions.insert(signature);
            }
        }
    }

    fn aggregates(&mut self) {
        for (signature, old) in &self.old.aggregates {
            let uses = |function: &str| self.functions.iter().any(|signature| signature.name == function);
            let needs = uses(&old.state_function) || old.final_function.as_deref().is_some_and(uses);
            let types = old.arguments.iter().chain([&old.returns, &old.state_type]);
            let needs = needs || types.flat_map(types::names).any(|part| self.drops_type(part));
            if needs || self.new.aggregates.get(signature) != Some(old) {
                self.aggregates.insert(signature);
            }
        }
    }
}

fn is_key(column: &Column) -> bool {
    matches!(column.role, Some(KeyRole::Partition | KeyRole::Clustering))
}

/// Whether columns of a table are dropped or renamed, which views over it do not allow.
fn columns_are_taken(old: &Table, new: &Table) -> bool {
    old.columns.iter().any(|column| new.column(&column.name).is_none())
}

/// The fields that get another name in place: (old, new). The same place and type; a guess.
pub(super) fn renamed_fields<'a>(old: &'a UdtType, new: &'a UdtType) -> Vec<(&'a str, &'a str)> {
    let has = |udt: &UdtType, name: &str| udt.fields.iter().any(|(field, _)| field == name);
    let pairs = old.fields.iter().zip(&new.fields);
    pairs
        .filter(|((before, old_type), (after, new_type))| {
            before != after
                && old_type.to_string() == new_type.to_string()
                && !has(new, before)
                && !has(old, after)
        })
        .map(|((before, _), (after, _))| (before.as_str(), after.as_str()))
        .collect()
}

/// Whether `ALTER TYPE` leads from one to the other.
fn type_change(old: &UdtType, new: &UdtType) -> Result<(), String> {
    let renamed = renamed_fields(old, new);
    for (place, (field, ty)) in old.fields.iter().enumerate() {
        let Some((after, new_type)) = new.fields.get(place) else {
            return Err(format!("A field cannot be dropped from a type: {field}."));
        };
        let same_name = field == after || renamed.contains(&(field.as_str(), after.as_str()));
        if !same_name {
            return Err(format!("A field cannot be dropped or moved in a type: {field}."));
        }
        if ty.to_string() != new_type.to_string() {
            return Err(format!("A field's type cannot be changed: {field} from {ty} to {new_type}."));
        }
    }
    Ok(())
}

/// The columns of the key that get another name in place: (old, new). The same place and type; a guess.
pub(super) fn renamed_keys<'a>(old: &'a Table, new: &'a Table) -> Vec<(&'a str, &'a str)> {
    let keys = |table: &'a Table| table.partition_key().chain(table.clustering());
    keys(old)
        .zip(keys(new))
        .filter(|(before, after)| {
            before.name != after.name
                && before.cql_type.to_string() == after.cql_type.to_string()
                && new.column(&before.name).is_none()
                && old.column(&after.name).is_none()
        })
        .map(|(before, after)| (before.name.as_str(), after.name.as_str()))
        .collect()
}

/// Whether Cassandra refuses to drop a column: its data could not be read any more, should the type change meanwhile
/// (`AlterTableStatement.DropColumns`).
pub(super) fn cannot_be_dropped(column: &Column) -> bool {
    matches!(column.cql_type, CqlType::Udt(_))
}

/// What `ALTER TABLE … DROP COMPACT STORAGE` does, where it is needed.
pub(super) fn no_longer_compact(old: &Table, new: &Table) -> Option<String> {
    if !old.is_compact() || new.is_compact() {
        return None;
    }
    let names = |wanted: &dyn Fn(&Column) -> bool| {
        let columns = old.columns.iter().filter(|column| wanted(column));
        columns.map(|column| keywords::quote_name(&column.name)).collect::<Vec<_>>().join(", ")
    };
    let hidden = names(&|column| old.hides(column));
    let mut told = "It cannot be undone.".to_owned();
    if hidden.is_empty() {
        told.push_str(" The columns stay as they are.");
    } else {
        let fixed = names(&|column| column.role == Some(KeyRole::Static));
        told.push_str(&format!(" Columns that were hidden appear, in `SELECT *` too: {hidden}."));
        if !fixed.is_empty() {
            told.push_str(&format!(" These become static: {fixed}."));
        }
    }
    told.push_str(
        " Cassandra refuses it unless cassandra.yaml allows it: `drop_compact_storage_enabled: true`, before 4.1 `enable_drop_compact_storage: true`.",
    );
    Some(told)
}

/// Whether `ALTER TABLE` leads from one to the other.
fn table_change(old: &Table, new: &Table) -> Result<(), String> {
    let renamed = renamed_keys(old, new);
    let described = |table: &Table, role| {
        let columns = table.with_role(role).map(|column| {
            let order = if column.descending { " DESC" } else { "" };
            let name = renamed.iter().find(|(_, after)| *after == column.name);
            let name = name.map_or(column.name.as_str(), |(before, _)| before);
            format!("{name} {}{order}", column.cql_type)
        });
        columns.collect::<Vec<_>>().join(", ")
    };
    for (role, what) in [
        (KeyRole::Partition, "The partition key"),
        (KeyRole::Clustering, "The clustering columns or their order"),
    ] {
        let (before, after) = (described(old, role), described(new, role));
        if before != after {
            return Err(format!("{what} cannot be changed: from ({before}) to ({after})."));
        }
    }
    if old.is_counter() != new.is_counter() {
        return Err("A table of counters cannot become one of values, nor the other way round.".to_owned());
    }
    if new.is_compact() && !old.is_compact() {
        return Err("COMPACT STORAGE cannot be given to a table.".to_owned());
    }
    if old.is_of_thrift() && !new.is_of_thrift() {
        return Err("A table made for Thrift cannot become one of CQL's.".to_owned());
    }
    let gone = old.columns.iter().filter(|column| new.column(&column.name).is_none());
    for column in gone.filter(|column| !renamed.iter().any(|(before, _)| *before == column.name)) {
        if cannot_be_dropped(column) {
            return Err(format!(
                "A column of a user-defined type that is not frozen cannot be dropped: {} of {}.",
                column.name, column.cql_type
            ));
        }
    }
    for column in &new.columns {
        if let Some(before) = old.column(&column.name) {
            if before.cql_type.to_string() != column.cql_type.to_string() {
                return Err(format!(
                    "A column's type cannot be changed: {} from {} to {}.",
                    column.name, before.cql_type, column.cql_type
                ));
            }
            if before.role != column.role {
                return Err(format!("A column cannot become static or cease to be: {}.", column.name));
            }
        } else if let Some(dropped) = old.dropped.get(&column.name)
            && !is_key(column)
        {
            let is_static = column.role == Some(KeyRole::Static);
            let same = dropped.cql_type.to_string() == column.cql_type.to_string();
            if !same || dropped.is_static != is_static || new.is_counter() {
                return Err(format!(
                    "A column named {} was dropped before, and it cannot come back as {}.",
                    column.name, column.cql_type
                ));
            }
        }
    }
    Ok(())
}

/// Whether `ALTER MATERIALIZED VIEW` leads from one to the other, over a base that has columns added only.
pub(super) fn view_change(old: &View, new: &View, base: &Table) -> Result<(), String> {
    let key = |view: &View| {
        let columns = view.table.partition_key().chain(view.table.clustering());
        columns.map(|column| (column.name.clone(), column.role, column.descending)).collect::<Vec<_>>()
    };
    let names =
        |view: &View| view.table.columns.iter().map(|column| column.name.clone()).collect::<BTreeSet<_>>();
    // A view of all columns takes up those that its base gets.
    let mut before = names(old);
    if old.all_columns {
        before.extend(base.columns.iter().map(|column| column.name.clone()));
    }
    let same = old.base == new.base
        && old.all_columns == new.all_columns
        && old.where_clause == new.where_clause
        && key(old) == key(new)
        && before == names(new);
    if same { Ok(()) } else { Err("A view's columns, key and conditions cannot be changed.".to_owned()) }
}
