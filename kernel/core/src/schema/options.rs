//! Table options by what they mean: one value for all spellings of it, which options a server has at all, and what differs
//! between two tables. It knows neither statements nor trees of differences.
//!
//! Spellings differ between releases (`99PERCENTILE` and `99p`), and a value that a server fills in is the same as one that a
//! user wrote. An option which one of two servers does not know says nothing about the tables there.

mod spelling;

use std::borrow::Cow;
use std::collections::BTreeSet;

use self::spelling::meaning;
use super::{KeyspaceKind, OptionValue, Schema, Table, managed};

/// Options that Cassandra 4 took away; their columns are still in its tables, and it ignores what is set.
const OF_OLD: [&str; 2] = ["dclocal_read_repair_chance", "read_repair_chance"];

/// What the server takes where its tables say nothing.
pub(super) fn default_of(option: &str) -> Option<OptionValue> {
    Some(match option {
        "allow_auto_snapshot" | "incremental_backups" => OptionValue::Flag(true),
        "cdc" => OptionValue::Flag(false),
        "memtable" => OptionValue::Text("default".to_owned()),
        "extensions" => OptionValue::Bytes(Default::default()),
        "read_repair" => OptionValue::Text("BLOCKING".to_owned()),
        "additional_write_policy" => OptionValue::Text("99p".to_owned()),
        option if OF_OLD.contains(&option) => OptionValue::Number("0.0".to_owned()),
        _ => return None,
    })
}

/// Whether an option is one of earlier releases and switched off, which is how later ones keep it.
pub(super) fn is_of_old_and_off(option: &str, value: &OptionValue) -> bool {
    OF_OLD.contains(&option) && meaning(option, value) == OptionValue::Number("0".to_owned())
}

/// A server as far as table options go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Server {
    /// The options it has; `None` where nothing tells.
    options: Option<BTreeSet<String>>,
    /// `5.0.9`; empty where nothing tells.
    release: String,
    astra: bool,
}

impl Server {
    /// The server that a schema is of.
    pub(super) fn of(schema: &Schema) -> Self {
        let origin = &schema.origin;
        let mut options = origin.table_options.clone();
        if options.is_empty() {
            // An earlier release's file does not say it; but all tables of a server have the same options.
            let kept = schema.keyspaces.values().filter(|keyspace| keyspace.kind != KeyspaceKind::Virtual);
            let tables = kept.flat_map(|keyspace| {
                keyspace.tables.values().chain(keyspace.views.values().map(|view| &view.table))
            });
            options = tables.flat_map(|table| table.options.keys().cloned()).collect();
        }
        let server = Self { options: None, release: origin.release.clone(), astra: origin.astra };
        if server.major().is_some_and(|major| major >= 4) {
            options.retain(|option| !OF_OLD.contains(&option.as_str()));
        }
        Self { options: (!options.is_empty()).then_some(options), ..server }
    }

    fn major(&self) -> Option<u32> {
        self.release.split('.').next()?.parse().ok()
    }

    /// Whether it knows an option; true where nothing tells.
    fn has(&self, option: &str) -> bool {
        self.options.as_ref().is_none_or(|options| options.contains(option))
    }

    /// How it is called in a sentence.
    pub(super) fn called(&self) -> String {
        match (self.astra, self.release.is_empty()) {
            (true, _) => "Astra DB".to_owned(),
            (false, false) => format!("Cassandra {}", self.release),
            (false, true) => "its server".to_owned(),
        }
    }

    /// Whether a statement can set the option there. (A name that is no word could be anything but an option.)
    pub(super) fn sets(&self, option: &str) -> bool {
        let is_word = option.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        is_word && self.has(option) && !self.manages(option)
    }

    fn manages(&self, option: &str) -> bool {
        self.astra && managed::ASTRA.contains(&option)
    }

    /// A value as the server reads it; `None` where it has no such value.
    pub(super) fn spelled<'a>(&self, option: &str, value: &'a OptionValue) -> Option<Cow<'a, OptionValue>> {
        match (option, value) {
            ("speculative_retry", OptionValue::Text(text)) if self.major().is_some_and(|major| major < 4) => {
                spelling::policy_of_old(text).map(|text| Cow::Owned(OptionValue::Text(text)))
            }
            _ => Some(Cow::Borrowed(value)),
        }
    }

    /// The table with the options that a statement can set there.
    pub(super) fn fitting(&self, table: &Table) -> Table {
        let options = table.options.iter().filter(|(option, _)| self.sets(option));
        let options = options
            .filter_map(|(option, value)| Some((option.clone(), self.spelled(option, value)?.into_owned())));
        Table { options: options.collect(), ..table.clone() }
    }

    /// What [`Self::fitting`] takes from these tables, each in a sentence.
    pub(super) fn left_out<'a>(&self, tables: impl Iterator<Item = &'a Table>) -> Vec<String> {
        let (mut unknown, mut managed, mut values) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for (option, value) in tables.flat_map(|table| &table.options) {
            if self.manages(option) {
                managed.insert(option.as_str());
            } else if !self.sets(option) {
                unknown.insert(option.as_str());
            } else if self.spelled(option, value).is_none() {
                values.insert(format!("{option} = {}", value.cql()));
            }
        }
        let listed = |names: BTreeSet<&str>| names.into_iter().collect::<Vec<_>>().join(", ");
        let mut told = Vec::new();
        if !unknown.is_empty() {
            let server = self.called();
            told.push(format!("Left out: table options that {server} does not have: {}.", listed(unknown)));
        }
        if !managed.is_empty() {
            told.push(format!("Left out: table options that Astra DB sets itself: {}.", listed(managed)));
        }
        if !values.is_empty() {
            let values = values.into_iter().collect::<Vec<_>>().join(", ");
            told.push(format!("Left out: what {} does not take: {values}.", self.called()));
        }
        told
    }
}

/// What differs in one option.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) option: String,
    /// `None` where nothing tells what it was.
    pub(super) old: Option<OptionValue>,
    pub(super) new: OptionValue,
}

/// The servers of two schemas that are compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Servers {
    /// The first, which is also the one that a script is for.
    pub(super) old: Server,
    pub(super) new: Server,
}

impl Servers {
    pub(super) fn of(old: &Schema, new: &Schema) -> Self {
        Self { old: Server::of(old), new: Server::of(new) }
    }

    /// The options that both servers have and that do not mean the same in both tables.
    pub(super) fn changes(&self, old: &Table, new: &Table) -> Vec<Change> {
        let options: BTreeSet<&String> = old.options.keys().chain(new.options.keys()).collect();
        let compared = options.into_iter().filter(|option| self.old.has(option) && self.new.has(option));
        compared
            .filter_map(|option| {
                let of = |table: &Table| table.options.get(option).cloned().or_else(|| default_of(option));
                let (old, new) = (of(old), of(new)?);
                let same = old.as_ref().is_some_and(|old| meaning(option, old) == meaning(option, &new));
                (!same).then(|| Change { option: option.clone(), old, new })
            })
            .collect()
    }

    /// Which options are not compared, as one of the servers does not have them.
    pub(super) fn not_compared(&self) -> Option<String> {
        let (old, new) = (self.old.options.as_ref()?, self.new.options.as_ref()?);
        let only = |one: &BTreeSet<String>, other: &BTreeSet<String>, place: &str, server: &Server| {
            let names: Vec<_> = one.difference(other).map(String::as_str).collect();
            let called = server.called();
            (!names.is_empty()).then(|| format!("{} ({place}, {called})", names.join(", ")))
        };
        let parts = [only(old, new, "the first", &self.old), only(new, old, "the second", &self.new)];
        let parts: Vec<_> = parts.into_iter().flatten().collect();
        (!parts.is_empty()).then(|| {
            format!(
                "Not compared, because only one of the two servers has these table options: {}.",
                parts.join("; ")
            )
        })
    }
}

#[cfg(test)]
mod tests;
