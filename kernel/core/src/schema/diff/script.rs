//! The CQL that turns one schema into another, in an order that executes: what is needed stands before what needs it, and
//! drops go the other way.

use std::fmt::Write as _;

use super::super::options::Servers;
use super::super::{Keyspace, Schema, Table, View, ddl, types};
use super::plan::{Plan, no_longer_compact, renamed_fields, renamed_keys};
use super::{Safety, Sides};
use crate::column::KeyRole;
use crate::cql::comment::line_comment;

/// One statement of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The statement, with its `;`.
    pub cql: String,
    /// Whether something is lost by it.
    pub safety: Safety,
    /// Why it is there, where that is not plain.
    pub note: Option<String>,
}

/// The statements that turn `old` into `new`, as far as both were read.
pub fn steps(old: &Schema, new: &Schema, sides: &Sides) -> Vec<Step> {
    let (old, new) = &super::known::to_both(old, new);
    let servers = Servers::of(old, new);
    let mut script = Script { steps: Vec::new(), servers: &servers };
    for name in sides.names(old, new) {
        match (old.keyspace(name), new.keyspace(name)) {
            (Some(_), None) => {
                script.lossy(format!("DROP KEYSPACE {};", ddl::name(name)), "All tables in it are lost.")
            }
            (None, Some(keyspace)) => {
                script.safe(ddl::keyspace(keyspace));
                let empty = Keyspace { name: keyspace.name.clone(), ..Keyspace::default() };
                script.keyspace(&empty, keyspace);
            }
            (Some(before), Some(after)) => {
                if before.replication != after.replication || before.durable_writes != after.durable_writes {
                    let safety = super::replication_safety(before, after);
                    let note = (before.replication != after.replication).then(|| {
                        "Run `nodetool repair` afterwards, so that each replica has its rows.".to_owned()
                    });
                    let properties = ddl::keyspace_properties(after);
                    let cql = format!("ALTER KEYSPACE {} WITH {properties};", ddl::name(name));
                    script.steps.push(Step { cql, safety, note });
                }
                script.keyspace(before, after);
            }
            (None, None) => {}
        }
    }
    for step in &mut script.steps {
        step.cql = ddl::checked(std::mem::take(&mut step.cql));
    }
    script.steps
}

/// The script as text. Without `allow_lossy`, statements by which something is lost are comments.
pub fn text(steps: &[Step], head: &str, allow_lossy: bool) -> String {
    let mut text = String::new();
    if !head.is_empty() {
        text.push_str(&line_comment("", head));
    }
    if steps.is_empty() {
        text.push_str(&line_comment("", "Nothing is to be done: both are the same."));
        return text;
    }
    let held = steps.iter().filter(|step| step.safety != Safety::Safe).count();
    if held > 0 {
        let included = if allow_lossy {
            "they are included, because of --allow-lossy"
        } else {
            "they are comments here, and --allow-lossy includes them"
        };
        let said = format!("{held} of {} statements lose something; {included}.", steps.len());
        text.push_str(&line_comment("", &said));
    }
    for step in steps {
        text.push('\n');
        if let Some(note) = &step.note {
            let word = match step.safety {
                Safety::Safe => "",
                Safety::Lossy => "LOSSY: ",
                Safety::Impossible => "IMPOSSIBLE in place: ",
            };
            text.push_str(&line_comment(word, note));
        }
        if step.safety == Safety::Safe || allow_lossy {
            let _ = writeln!(text, "{}", step.cql);
        } else {
            text.push_str(&line_comment("", &step.cql));
        }
    }
    text
}

/// What no statement of a script says, as the server that it is for does not have it: each in a sentence.
pub fn left_out(old: &Schema, new: &Schema, sides: &Sides) -> Vec<String> {
    let keyspaces = sides.names(old, new).into_iter().filter_map(|name| new.keyspace(name));
    let tables = keyspaces
        .flat_map(|keyspace| keyspace.tables.values().chain(keyspace.views.values().map(|view| &view.table)));
    Servers::of(old, new).old.left_out(tables)
}

struct Script<'a> {
    steps: Vec<Step>,
    servers: &'a Servers,
}

/// What becomes of an object without rows that is dropped.
fn fate(what: &str, stays: bool) -> String {
    if stays { format!("The {what} is made anew below.") } else { format!("The {what} is lost.") }
}

impl Script<'_> {
    fn safe(&mut self, cql: String) {
        self.steps.push(Step { cql, safety: Safety::Safe, note: None });
    }

    /// A statement after which something is gone; `note` says what.
    fn lossy(&mut self, cql: String, note: impl Into<String>) {
        self.steps.push(Step { cql, safety: Safety::Lossy, note: Some(note.into()) });
    }

    fn impossible(&mut self, cql: String, note: String) {
        self.steps.push(Step { cql, safety: Safety::Impossible, note: Some(note) });
    }

    /// A statement that belongs to something that is made anew: of the same safety as its drop.
    fn again(&mut self, cql: String, again: bool) {
        let safety = if again { Safety::Lossy } else { Safety::Safe };
        self.steps.push(Step { cql, safety, note: None });
    }

    fn keyspace(&mut self, old: &Keyspace, new: &Keyspace) {
        let plan = Plan::new(old, new, self.servers);
        self.drops(&plan);
        self.types(&plan);
        self.functions(&plan);
        self.tables(&plan);
        self.views(&plan);
    }

    /// What goes, those that need others first.
    fn drops(&mut self, plan: &Plan<'_>) {
        let place = &plan.old.name;
        for name in &plan.views {
            let stays = plan.new.views.contains_key(*name);
            let note = if stays { "The view is made anew below." } else { "The view and its rows are lost." };
            self.lossy(format!("DROP MATERIALIZED VIEW {};", ddl::qualified(place, name)), note);
        }
        for (table, known) in &plan.old.tables {
            for (name, trigger) in &known.triggers {
                let stays = plan.new.tables.get(table).and_then(|table| table.triggers.get(name));
                if !plan.drops_table(table) && stays != Some(trigger) {
                    let cql =
                        format!("DROP TRIGGER {} ON {};", ddl::name(name), ddl::qualified(place, table));
                    self.lossy(cql, fate("trigger", stays.is_some()));
                }
            }
        }
        // A table that is dropped takes its indexes along.
        for (table, name) in plan.indexes.iter().filter(|(table, _)| !plan.drops_table(table)) {
            let stays = plan.new.tables.get(*table).is_some_and(|table| table.indexes.contains_key(*name));
            let note =
                if stays { "The index is made anew below." } else { "Queries that need the index fail." };
            self.lossy(format!("DROP INDEX {};", ddl::qualified(place, name)), note);
        }
        for signature in &plan.aggregates {
            if let Some(known) = plan.old.aggregates.get(*signature) {
                let called = ddl::signature(signature, &known.arguments.iter().collect::<Vec<_>>());
                let stays = plan.new.aggregates.contains_key(*signature);
                self.lossy(
                    format!("DROP AGGREGATE {}.{called};", ddl::name(place)),
                    fate("aggregate", stays),
                );
            }
        }
        for (table, known) in &plan.old.tables {
            let cql = format!("DROP TABLE {};", ddl::qualified(place, table));
            match (plan.new.tables.get(table), plan.tables.get(table.as_str())) {
                (None, _) => {
                    let guess = super::renamed_table(plan, known).map(|other| {
                        format!("\nIt may have become {other} (a guess): copy its rows before.")
                    });
                    let note = format!("The table and its rows are lost.{}", guess.unwrap_or_default());
                    self.lossy(cql, note);
                }
                (Some(_), Some(reason)) => self.impossible(
                    cql,
                    format!(
                        "{reason}\nThe table is made anew below and its rows are lost: copy them before."
                    ),
                ),
                (Some(new), None) => self.drop_columns(place, known, new),
            }
        }
        for signature in &plan.functions {
            if let Some(known) = plan.old.functions.get(*signature) {
                let arguments: Vec<_> = known.arguments.iter().map(|(_, ty)| ty).collect();
                let called = ddl::signature(signature, &arguments);
                let stays = plan.new.functions.contains_key(*signature);
                self.lossy(format!("DROP FUNCTION {}.{called};", ddl::name(place)), fate("function", stays));
            }
        }
        for udt in types::in_order(&plan.old.types).into_iter().rev() {
            let cql = format!("DROP TYPE {};", ddl::qualified_type(place, &udt.name));
            match (plan.new.types.get(&udt.name), plan.types.get(udt.name.as_str())) {
                (None, _) => self.lossy(cql, "The type is lost, with the names of its fields."),
                (Some(_), Some(reason)) => {
                    self.impossible(cql, format!("{reason}\nThe type is made anew below."));
                }
                (Some(_), None) => {}
            }
        }
    }

    fn drop_columns(&mut self, place: &str, old: &Table, new: &Table) {
        let table = ddl::qualified(place, &new.name);
        if let Some(note) = no_longer_compact(old, new) {
            let cql = format!("ALTER TABLE {table} DROP COMPACT STORAGE;");
            self.steps.push(Step { cql, safety: Safety::Safe, note: Some(note) });
        }
        let renamed = renamed_keys(old, new);
        let gone = old.columns.iter().filter(|column| new.column(&column.name).is_none());
        for column in gone.filter(|column| !renamed.iter().any(|(before, _)| *before == column.name)) {
            let guess = super::renamed_column(old, new, column).map(|other| {
                format!("\nIt may have become {other} (a guess): Cassandra renames key columns only, so copy the values before.")
            });
            let note = format!("The column's values are lost.{}", guess.unwrap_or_default());
            self.lossy(format!("ALTER TABLE {table} DROP {};", ddl::name(&column.name)), note);
        }
        if !renamed.is_empty() {
            let pairs = renamed
                .iter()
                .map(|(before, after)| format!("{} TO {}", ddl::name(before), ddl::name(after)));
            let cql = format!("ALTER TABLE {table} RENAME {};", pairs.collect::<Vec<_>>().join(" AND "));
            let note = Some("A guess: the same place in the key, the same type, another name.".to_owned());
            self.steps.push(Step { cql, safety: Safety::Safe, note });
        }
    }

    fn types(&mut self, plan: &Plan<'_>) {
        let place = &plan.new.name;
        for udt in types::in_order(&plan.new.types) {
            let again = plan.types.contains_key(udt.name.as_str());
            let old = plan.old.types.get(&udt.name).filter(|_| !again);
            let Some(old) = old else {
                self.again(ddl::user_type(place, udt), again);
                continue;
            };
            let name = ddl::qualified_type(place, &udt.name);
            let renamed = renamed_fields(old, udt);
            if !renamed.is_empty() {
                let pairs = renamed
                    .iter()
                    .map(|(before, after)| format!("{} TO {}", ddl::name(before), ddl::name(after)));
                let cql = format!("ALTER TYPE {name} RENAME {};", pairs.collect::<Vec<_>>().join(" AND "));
                let note = Some("A guess: the same place and type, another name.".to_owned());
                self.steps.push(Step { cql, safety: Safety::Safe, note });
            }
            for (field, ty) in udt.fields.iter().skip(old.fields.len()) {
                self.safe(format!("ALTER TYPE {name} ADD {} {ty};", ddl::name(field)));
            }
        }
    }

    fn functions(&mut self, plan: &Plan<'_>) {
        let place = &plan.new.name;
        for (signature, function) in &plan.new.functions {
            let again = plan.functions.contains(signature);
            let cql = ddl::function(place, signature, function);
            match plan.old.functions.get(signature).filter(|_| !again) {
                Some(old) if old == function => {}
                Some(_) => self.safe(cql.replacen("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION", 1)),
                None => self.again(cql, again),
            }
        }
        for (signature, aggregate) in &plan.new.aggregates {
            let again = plan.aggregates.contains(signature);
            if again || !plan.old.aggregates.contains_key(signature) {
                self.again(ddl::aggregate(place, signature, aggregate), again);
            }
        }
    }

    fn tables(&mut self, plan: &Plan<'_>) {
        let place = &plan.new.name;
        for (name, table) in &plan.new.tables {
            let again = plan.tables.contains_key(name.as_str());
            match plan.old.tables.get(name).filter(|_| !again) {
                None => self.again(ddl::table(place, &self.servers.old.fitting(table), false), again),
                Some(old) => self.alter_table(place, old, table),
            }
        }
        for (name, table) in &plan.new.tables {
            let old = plan.old.tables.get(name).filter(|_| !plan.drops_table(name));
            let again = plan.tables.contains_key(name.as_str());
            for (index, known) in &table.indexes {
                let dropped = plan.indexes.contains(&(name.as_str(), index.as_str()));
                if dropped || old.is_none_or(|old| !old.indexes.contains_key(index)) {
                    self.again(ddl::index(place, name, known), dropped || again);
                }
            }
            for (trigger, known) in &table.triggers {
                let before = old.and_then(|old| old.triggers.get(trigger));
                if before != Some(known) {
                    self.again(ddl::trigger(place, name, known), before.is_some() || again);
                }
            }
        }
    }

    fn alter_table(&mut self, place: &str, old: &Table, new: &Table) {
        let table = ddl::qualified(place, &new.name);
        let renamed = renamed_keys(old, new);
        for column in &new.columns {
            let name = ddl::name(&column.name);
            let before = renamed.iter().find(|(_, after)| *after == column.name);
            let before = old.column(before.map_or(column.name.as_str(), |(before, _)| before));
            match before {
                None => self.safe(format!("ALTER TABLE {table} ADD {};", ddl::column(column))),
                Some(known) if known.mask != column.mask => self.safe(match &column.mask {
                    Some(mask) => {
                        format!("ALTER TABLE {table} ALTER {name} MASKED WITH {};", ddl::mask(mask))
                    }
                    None => format!("ALTER TABLE {table} ALTER {name} DROP MASKED;"),
                }),
                Some(_) => {}
            }
        }
        self.options("TABLE", &table, old, new);
    }

    fn options(&mut self, kind: &str, name: &str, old: &Table, new: &Table) {
        let target = &self.servers.old;
        let changed = self.servers.changes(old, new).into_iter().filter(|change| target.sets(&change.option));
        let mut set: Vec<_> = changed
            .filter_map(|change| {
                let value = target.spelled(&change.option, &change.new)?;
                Some(format!("{} = {}", ddl::name(&change.option), value.cql()))
            })
            .collect();
        if old.comment != new.comment {
            set.push(format!("comment = {}", ddl::text(&new.comment)));
        }
        if !set.is_empty() {
            self.safe(format!("ALTER {kind} {name} WITH {};", set.join("\n    AND ")));
        }
    }

    fn views(&mut self, plan: &Plan<'_>) {
        let place = &plan.new.name;
        for (name, view) in &plan.new.views {
            let again = plan.views.contains(name.as_str());
            match plan.old.views.get(name).filter(|_| !again) {
                None => {
                    let table = self.servers.old.fitting(&view.table);
                    self.again(ddl::view(place, &View { table, ..view.clone() }, false), again);
                }
                Some(old) => {
                    let called = ddl::qualified(place, name);
                    self.options("MATERIALIZED VIEW", &called, &old.table, &view.table);
                }
            }
        }
    }
}

/// Whether the columns of a table are in its key.
pub(super) fn key_names(table: &Table) -> Vec<&str> {
    let keys = [KeyRole::Partition, KeyRole::Clustering];
    keys.iter().flat_map(|role| table.with_role(*role)).map(|column| column.name.as_str()).collect()
}
