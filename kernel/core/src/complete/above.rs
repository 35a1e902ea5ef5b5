//! The names at a cursor: those that are known, and on top of them what the cell says above the cursor. A `USE`, `%%cql --keyspace`, and
//! what the cell's own statements create, alter and drop count as if they had run.

use std::collections::{BTreeMap, BTreeSet};

use super::made::{Fields, Words};
use super::names::{KnownColumn, Names};
use crate::cell::{Object, ObjectKind, Statement, StatementKind, Step, StepKind, TableName};
use crate::cql::keywords::unquote_name;
use crate::cql::lexer::is_blank;
use crate::cql::split::split;
use crate::magic::{MagicKind, lookup, parse_line};
use crate::markdown::Markdown;
use crate::redact::shown_param;
use crate::text::Span;

/// A thing's keyspace, where one is known, and its name.
type Key = (Option<String>, String);

/// A table or view of the cell's.
struct Made {
    columns: Vec<KnownColumn>,
    view: bool,
}

/// The names at a cursor.
pub(crate) struct Above<'a> {
    names: &'a dyn Names,
    keyspace: Option<String>,
    /// What the cell makes or changes; `None` for what it drops.
    tables: BTreeMap<Key, Option<Made>>,
    types: BTreeMap<Key, Option<Fields>>,
    /// With the table and what of it.
    indexes: BTreeMap<Key, Option<String>>,
    keyspaces: BTreeMap<String, bool>,
    params: BTreeMap<String, String>,
    results: Vec<String>,
}

/// A cursor's place in its cell.
pub(crate) struct Around<'a> {
    /// The names there.
    pub(crate) names: Above<'a>,
    /// Where the step starts that the cursor is in or behind.
    pub(crate) from: usize,
    /// The end of a cell magic's first line; 0 where there is none.
    pub(crate) body: usize,
    /// Whether steps stand there: the body of some cell magics is something else.
    pub(crate) has_steps: bool,
}

impl<'a> Around<'a> {
    /// Reads the cell up to byte `cursor`, in one pass.
    pub(crate) fn of(source: &str, cursor: usize, names: &'a dyn Names) -> Self {
        let mut around = Self { names: Above::of(names), from: 0, body: 0, has_steps: true };
        let before = source.get(..cursor).unwrap_or(source);
        let first = before.len() - before.trim_start_matches(is_blank).len();
        if let Some(line) = before[first..].strip_prefix("%%") {
            let Some(end) = line.find('\n') else { return around };
            around.body = first + "%%".len() + end + 1;
            around.from = around.body;
            let name = line[..end].split(is_blank).next().unwrap_or_default();
            if !matches!(name, "cql" | "export") {
                around.has_steps = false;
                return around;
            }
            around.names.header(name, &line[name.len()..end]);
        }
        let mut steps = split(before, Span::new(around.body, before.len())).steps;
        let last = steps.pop();
        steps.iter().for_each(|step| around.names.step(step));
        if let Some(last) = last {
            if before[last.span.end..].contains(';') {
                around.names.step(&last);
            }
            let misplaced =
                matches!(last.kind, StepKind::Broken(_)) && before[last.span.start..].starts_with('%');
            // Whether a magic is at the start of its line is not seen from itself.
            if !misplaced {
                around.from = last.span.start;
            }
        }
        around
    }
}

impl<'a> Above<'a> {
    fn of(names: &'a dyn Names) -> Self {
        Self {
            names,
            keyspace: names.current(),
            tables: BTreeMap::new(),
            types: BTreeMap::new(),
            indexes: BTreeMap::new(),
            keyspaces: BTreeMap::new(),
            params: BTreeMap::new(),
            results: Vec::new(),
        }
    }

    /// The first line of `%%cql` or `%%export`.
    fn header(&mut self, name: &str, options: &str) {
        let parsed = lookup(MagicKind::Cell, name).and_then(|magic| parse_line(magic, options));
        let Ok(arguments) = parsed else { return };
        if let Some(keyspace) = arguments.value("keyspace") {
            // As typed where there is such a keyspace; otherwise as CQL reads a bare name.
            let known = self.names.keyspaces().iter().any(|known| known == keyspace);
            self.keyspace = Some(if known { keyspace.to_owned() } else { unquote_name(keyspace) });
        }
        self.results.extend(arguments.value("into").map(str::to_owned));
    }

    fn step(&mut self, step: &Step) {
        match &step.kind {
            StepKind::Cql(statement) => self.statement(statement),
            StepKind::Magic(line) if line.name == "param" => {
                if let Some((name, value)) = line.rest.split_once('=') {
                    let name = unquote_name(name.trim().trim_start_matches(':'));
                    let shown = shown_param(&name, value.trim().trim_end_matches(';')).into_owned();
                    self.params.insert(name, shown);
                }
            }
            StepKind::Magic(line) if line.name == "connect" => {
                let parsed =
                    lookup(MagicKind::Line, "connect").and_then(|magic| parse_line(magic, &line.rest));
                if let Some(keyspace) = parsed.ok().as_ref().and_then(|arguments| arguments.value("keyspace"))
                {
                    self.keyspace = Some(keyspace.to_owned());
                }
            }
            _ => {}
        }
    }

    fn statement(&mut self, statement: &Statement) {
        self.results.extend(statement.into.clone());
        match &statement.kind {
            StatementKind::Use(keyspace) if !keyspace.is_empty() => self.keyspace = Some(keyspace.clone()),
            StatementKind::Create(object) => self.create(object, statement),
            StatementKind::Alter(object) => self.alter(object, &statement.text),
            StatementKind::Drop(Object { kind, name: Some(name) }) => self.drop(*kind, name),
            _ => {}
        }
    }

    fn key(&self, name: &TableName) -> Key {
        (self.in_keyspace(name.keyspace.as_deref()).map(str::to_owned), name.name.clone())
    }

    fn in_keyspace<'n>(&'n self, named: Option<&'n str>) -> Option<&'n str> {
        named.or(self.keyspace.as_deref())
    }

    fn create(&mut self, object: &Object, statement: &Statement) {
        let words = Words::of(&statement.text);
        if object.kind == ObjectKind::Index {
            let given = object.name.as_ref().map(|name| name.name.as_str());
            if let Some((name, (keyspace, table), target)) = words.index(given) {
                let keyspace = self.in_keyspace(keyspace.as_deref()).map(str::to_owned);
                self.indexes.insert((keyspace, name), Some(format!("on {table} ({target})")));
            }
            return;
        }
        let Some(name) = &object.name else { return };
        let key = self.key(name);
        let keyspace = key.0.as_deref();
        match object.kind {
            ObjectKind::Keyspace => {
                self.keyspaces.insert(name.name.clone(), true);
            }
            ObjectKind::Table if !words.if_not_exists() || self.columns(keyspace, &key.1).is_empty() => {
                let like = |(of, table): Key| self.columns(of.as_deref(), &table);
                let columns = words.table().unwrap_or_else(like);
                self.tables.insert(key, Some(Made { columns, view: false }));
            }
            ObjectKind::MaterializedView => {
                let base = words.base().map(|(of, table)| self.columns(of.as_deref(), &table));
                let columns = words.view(base.unwrap_or_default());
                self.tables.insert(key, Some(Made { columns, view: true }));
            }
            ObjectKind::Type if !words.if_not_exists() || self.fields(keyspace, &key.1).is_empty() => {
                self.types.insert(key, Some(words.fields()));
            }
            _ => {}
        }
    }

    fn alter(&mut self, object: &Object, text: &str) {
        let Some(name) = &object.name else { return };
        let key = self.key(name);
        let (names, keyspace) = (self.names, key.0.clone());
        match object.kind {
            ObjectKind::Table => {
                let known =
                    || Some(Made { columns: names.columns(keyspace.as_deref(), &key.1), view: false });
                if let Some(made) = self.tables.entry(key.clone()).or_insert_with(known) {
                    Words::of(text).alter_table(&mut made.columns);
                }
            }
            ObjectKind::Type => {
                let known = || Some(names.fields(keyspace.as_deref(), &key.1));
                if let Some(fields) = self.types.entry(key.clone()).or_insert_with(known) {
                    Words::of(text).alter_type(fields);
                }
            }
            _ => {}
        }
    }

    fn drop(&mut self, kind: ObjectKind, name: &TableName) {
        let key = self.key(name);
        match kind {
            ObjectKind::Keyspace => {
                self.keyspaces.insert(name.name.clone(), false);
            }
            ObjectKind::Table | ObjectKind::MaterializedView => {
                self.tables.insert(key, None);
            }
            ObjectKind::Type => {
                self.types.insert(key, None);
            }
            ObjectKind::Index => {
                self.indexes.insert(key, None);
            }
            _ => {}
        }
    }

    /// What the cell says of a thing; the outer `None` where it says nothing.
    fn said<'n, T>(
        &self,
        said: &'n BTreeMap<Key, Option<T>>,
        keyspace: Option<&str>,
        name: &str,
    ) -> Option<Option<&'n T>> {
        let key = (self.in_keyspace(keyspace).map(str::to_owned), name.to_owned());
        said.get(&key).map(Option::as_ref)
    }

    /// The names that are known of a keyspace and not dropped, and those that the cell makes there.
    fn joined<T>(
        &self,
        known: Vec<String>,
        said: &BTreeMap<Key, Option<T>>,
        keyspace: Option<&str>,
        counts: impl Fn(&T) -> bool,
    ) -> Vec<String> {
        let keyspace = self.in_keyspace(keyspace).map(str::to_owned);
        let from = (keyspace.clone(), String::new());
        let said: BTreeMap<&str, bool> = said
            .range(from..)
            .take_while(|((of, _), _)| *of == keyspace)
            .map(|((_, name), made)| (name.as_str(), made.as_ref().is_some_and(&counts)))
            .collect();
        let had: BTreeSet<String> = known.iter().cloned().collect();
        let mut names = known;
        names.retain(|name| said.get(name.as_str()) != Some(&false));
        let made = said.into_iter().filter(|(name, made)| *made && !had.contains(*name));
        names.extend(made.map(|(name, _)| name.to_owned()));
        names
    }
}

impl Names for Above<'_> {
    fn current(&self) -> Option<String> {
        self.keyspace.clone()
    }

    fn keyspaces(&self) -> Vec<String> {
        let mut names = self.names.keyspaces();
        let had: BTreeSet<String> = names.iter().cloned().collect();
        names.retain(|name| self.keyspaces.get(name) != Some(&false));
        let made = self.keyspaces.iter().filter(|(name, made)| **made && !had.contains(*name));
        names.extend(made.map(|(name, _)| name.clone()));
        names
    }

    fn tables(&self, keyspace: Option<&str>) -> Vec<String> {
        let known = self.names.tables(self.in_keyspace(keyspace));
        self.joined(known, &self.tables, keyspace, |_| true)
    }

    fn views(&self, keyspace: Option<&str>) -> Vec<String> {
        let known = self.names.views(self.in_keyspace(keyspace));
        self.joined(known, &self.tables, keyspace, |made| made.view)
    }

    fn columns(&self, keyspace: Option<&str>, table: &str) -> Vec<KnownColumn> {
        match self.said(&self.tables, keyspace, table) {
            Some(made) => made.map(|made| made.columns.clone()).unwrap_or_default(),
            None => self.names.columns(self.in_keyspace(keyspace), table),
        }
    }

    fn types(&self, keyspace: Option<&str>) -> Vec<String> {
        self.joined(self.names.types(self.in_keyspace(keyspace)), &self.types, keyspace, |_| true)
    }

    fn fields(&self, keyspace: Option<&str>, udt: &str) -> Vec<(String, String)> {
        match self.said(&self.types, keyspace, udt) {
            Some(fields) => fields.cloned().unwrap_or_default(),
            None => self.names.fields(self.in_keyspace(keyspace), udt),
        }
    }

    fn indexes(&self, keyspace: Option<&str>) -> Vec<(String, String)> {
        let known = self.names.indexes(self.in_keyspace(keyspace));
        let on: BTreeMap<String, String> = known.iter().cloned().collect();
        let names =
            self.joined(known.into_iter().map(|(name, _)| name).collect(), &self.indexes, keyspace, |_| true);
        let with_place = names.into_iter().map(|name| {
            let said = self.said(&self.indexes, keyspace, &name).flatten().or_else(|| on.get(&name));
            let said = said.cloned().unwrap_or_default();
            (name, said)
        });
        with_place.collect()
    }

    fn functions(&self, keyspace: Option<&str>) -> Vec<(String, String)> {
        self.names.functions(self.in_keyspace(keyspace))
    }

    fn aggregates(&self, keyspace: Option<&str>) -> Vec<(String, String)> {
        self.names.aggregates(self.in_keyspace(keyspace))
    }

    fn roles(&self) -> Vec<String> {
        self.names.roles()
    }

    fn data_centers(&self) -> Vec<String> {
        self.names.data_centers()
    }

    fn params(&self) -> Vec<(String, String)> {
        let mut params = self.names.params();
        params.retain(|(name, _)| !self.params.contains_key(name));
        params.extend(self.params.iter().map(|(name, value)| (name.clone(), value.clone())));
        params
    }

    fn connections(&self) -> Vec<String> {
        self.names.connections()
    }

    fn results(&self) -> Vec<String> {
        let mut results = self.names.results();
        for name in &self.results {
            if results.len() < MOST_RESULTS && !results.contains(name) {
                results.push(name.clone());
            }
        }
        results
    }

    fn result_columns(&self, name: &str) -> Vec<(String, String)> {
        self.names.result_columns(name)
    }

    fn snapshots(&self) -> Vec<String> {
        self.names.snapshots()
    }

    fn traces(&self) -> Vec<(String, String)> {
        self.names.traces()
    }

    fn connection(&self, name: &str) -> Option<Markdown> {
        self.names.connection(name)
    }

    fn result(&self, name: &str) -> Option<Markdown> {
        self.names.result(name)
    }

    fn served(&self, keyspace: Option<&str>, table: &str) -> Option<Markdown> {
        match self.said(&self.tables, keyspace, table) {
            Some(_) => None,
            None => self.names.served(self.in_keyspace(keyspace), table),
        }
    }
}

/// More results are not listed.
const MOST_RESULTS: usize = 500;

#[cfg(test)]
mod tests;
