//! What may come next at the cursor: magics, options, settings, shell commands, CQL keywords and names of the schema.
//!
//! Names come from a cache through [`Names`]; nothing here touches a network or a file. Where a path belongs, the
//! answer says so in [`Completions::path`] and the application looks at the folder.

mod accepted;
mod statement;

pub use accepted::accepted;

use crate::cell::StepKind;
use crate::cql::lexer::is_blank;
use crate::cql::split::split;
use crate::diagnostic::Code;
use crate::magic::{self, Form, MAGICS, Magic, MagicKind, Meaning, lookup};
use crate::settings::{self, SETTINGS};
use crate::shell::{self, ShellVerb};
use crate::text::Span;

/// The names that are known without asking anyone. All are unquoted.
pub trait Names {
    /// The keyspaces.
    fn keyspaces(&self) -> Vec<String> {
        Vec::new()
    }

    /// The tables and views of a keyspace, the current one for `None`.
    fn tables(&self, keyspace: Option<&str>) -> Vec<String> {
        let _ = keyspace;
        Vec::new()
    }

    /// The columns of a table with their CQL types; the current keyspace's for `None`.
    fn columns(&self, keyspace: Option<&str>, table: &str) -> Vec<(String, String)> {
        let _ = (keyspace, table);
        Vec::new()
    }

    /// The saved connections.
    fn connections(&self) -> Vec<String> {
        Vec::new()
    }

    /// The kept results.
    fn results(&self) -> Vec<String> {
        Vec::new()
    }

    /// What is known of a saved connection, as Markdown; never a secret.
    fn connection(&self, name: &str) -> Option<String> {
        let _ = name;
        None
    }

    /// What is known of a kept result, as Markdown.
    fn result(&self, name: &str) -> Option<String> {
        let _ = name;
        None
    }
}

/// No names at all.
#[derive(Debug, Clone, Copy)]
pub struct NoNames;

impl Names for NoNames {}

/// What may come next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completions {
    /// The first byte that an item replaces.
    pub start: usize,
    /// One past the last byte: the cursor.
    pub end: usize,
    /// The items, the likeliest first.
    pub items: Vec<Item>,
    /// The start of a path, where a path belongs here.
    pub path: Option<String>,
}

/// One thing that may come next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The text that replaces what was typed.
    pub text: String,
    /// What it is.
    pub kind: ItemKind,
    /// A few words about it; may be empty.
    pub detail: String,
}

/// Kinds of items.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ItemKind {
    /// A magic.
    Magic,
    /// A word that chooses a magic's form.
    Subcommand,
    /// An option of a magic.
    Option,
    /// A value of an option or setting.
    Value,
    /// A setting.
    Setting,
    /// A shell command or a word of one.
    Shell,
    /// A CQL keyword.
    Keyword,
    /// A CQL type.
    Type,
    /// A keyspace.
    Keyspace,
    /// A table.
    Table,
    /// A column.
    Column,
    /// A saved connection.
    Connection,
    /// A kept result.
    Result,
}

impl ItemKind {
    /// Whether it is what a magic, an option or a setting takes.
    pub(crate) const fn is_argument(self) -> bool {
        matches!(self, Self::Value | Self::Connection | Self::Result)
    }
}

/// What may come next at byte `cursor`.
pub fn complete(source: &str, cursor: usize, names: &dyn Names) -> Completions {
    let mut cursor = cursor.min(source.len());
    while !source.is_char_boundary(cursor) {
        cursor -= 1;
    }
    let mut finder = Finder { names, start: cursor, cursor, items: Vec::new(), path: None };
    finder.cell(source);
    Completions { start: finder.start, end: cursor, items: finder.items, path: finder.path }
}

struct Finder<'a> {
    names: &'a dyn Names,
    start: usize,
    cursor: usize,
    items: Vec<Item>,
    path: Option<String>,
}

impl Finder<'_> {
    fn cell(&mut self, source: &str) {
        let before = &source[..self.cursor];
        let first = before.len() - before.trim_start_matches(is_blank).len();
        let mut region_start = 0;
        if let Some(line) = before[first..].strip_prefix("%%") {
            let Some(end) = line.find('\n') else { return self.magic_line(MagicKind::Cell, line) };
            let name = line[..end].split(is_blank).next().unwrap_or_default();
            if !matches!(name, "cql" | "export") {
                return;
            }
            region_start = first + "%%".len() + end + 1;
        }
        let last = split(before, Span::new(region_start, self.cursor)).steps.pop();
        let behind = last.as_ref().map_or(region_start, |step| step.span.end);
        let gap = &before[behind..];
        match last.map(|step| (step.span.start, step.kind)) {
            Some((start, StepKind::Magic(_))) if !gap.contains('\n') => {
                self.magic_line(MagicKind::Line, &before[start + 1..]);
            }
            Some((_, StepKind::Shell(command))) if !gap.contains(['\n', ';']) => {
                let arguments = &before[command.arguments_span.start.min(self.cursor)..];
                if command.arguments.is_empty() && gap.is_empty() {
                    self.statement(source, command.span.start);
                } else {
                    self.shell(command.verb, arguments);
                }
            }
            Some((start, StepKind::Cql(_))) if !gap.contains(';') => self.statement(source, start),
            Some((start, StepKind::Broken(diagnostic))) if diagnostic.code == Code::Unterminated => {
                match shell::verb(&before[start..]) {
                    Some((verb, length)) if !gap.contains('\n') => {
                        self.shell(verb, before[start + length..].trim_start())
                    }
                    _ => self.statement(source, start),
                }
            }
            Some((start, StepKind::Broken(_))) if before[start..].starts_with('%') => {}
            Some((start, StepKind::Broken(_))) if !gap.contains(';') => self.statement(source, start),
            _ => self.statement(source, behind),
        }
    }

    /// Adds an item if it goes on with what was typed, case aside.
    fn add(&mut self, typed: &str, text: impl Into<String>, kind: ItemKind, detail: impl Into<String>) {
        let text = text.into();
        if starts_with(&text, typed) && !self.items.iter().any(|item| item.text == text) {
            self.items.push(Item { text, kind, detail: detail.into() });
        }
    }

    /// Adds a keyword, in lower case if what was typed is.
    fn keyword(&mut self, typed: &str, keyword: &str, kind: ItemKind, detail: &str) {
        let lower = typed.starts_with(|first: char| first.is_ascii_lowercase());
        self.add(typed, if lower { keyword.to_lowercase() } else { keyword.to_owned() }, kind, detail);
    }

    // Magics.

    /// The line of a magic behind its `%` or `%%`, up to the cursor.
    fn magic_line(&mut self, kind: MagicKind, line: &str) {
        let Some(blank) = line.find(is_blank) else {
            self.start = self.cursor - line.len() - kind.sign().len();
            for magic in MAGICS.iter().filter(|magic| magic.kind == kind) {
                let typed = format!("{}{line}", kind.sign());
                self.add(&typed, magic.full_name(), ItemKind::Magic, magic.summary);
            }
            return;
        };
        let Ok(magic) = lookup(kind, &line[..blank]) else { return };
        let rest = &line[blank..];
        let Ok(mut words) = magic::words(rest) else { return };
        let last = words.pop_if(|word| word.span.end == rest.len());
        self.start = self.cursor - last.as_ref().map_or(0, |word| rest.len() - word.span.start);
        let typed = last.map(|word| word.text).unwrap_or_default();
        if magic.forms.iter().any(|form| form.raw) {
            if magic.name == "help" {
                self.topics(&typed);
            }
            return;
        }
        self.magic_word(magic, &words.into_iter().map(|word| word.text).collect::<Vec<_>>(), &typed);
    }

    fn magic_word(&mut self, magic: &'static Magic, before: &[String], typed: &str) {
        let form = magic
            .forms
            .iter()
            .filter(|form| {
                form.words.len() <= before.len() && form.words.iter().zip(before).all(|(a, b)| a == b)
            })
            .max_by_key(|form| form.words.len());
        for other in magic.forms {
            let (Some(word), true) = (
                other.words.get(before.len()),
                other.words.len() > before.len() && other.words.iter().zip(before).all(|(a, b)| a == b),
            ) else {
                continue;
            };
            self.add(typed, *word, ItemKind::Subcommand, other.summary);
        }
        let Some(form) = form else { return };
        let before = &before[form.words.len()..];
        let option = |word: &str| {
            let name = word.strip_prefix("--")?;
            form.options.iter().find(|option| option.name == name && option.value.is_some())
        };
        if let Some((name, value)) = typed.split_once('=')
            && let Some(option) = option(name)
        {
            self.start = self.cursor - value.len();
            return self.meaning(option.what, value);
        }
        if let Some(option) = before.last().and_then(|word| option(word)) {
            return self.meaning(option.what, typed);
        }
        if !typed.starts_with('-') {
            self.positional(form, before, typed);
        }
        for option in form.options {
            let text = format!("--{}", option.name);
            if option.what == Meaning::List || !before.contains(&text) {
                self.add(typed, text, ItemKind::Option, option.help);
            }
        }
    }

    fn positional(&mut self, form: &Form, before: &[String], typed: &str) {
        let mut words = Vec::new();
        let mut rest = before.iter();
        while let Some(word) = rest.next() {
            match word.strip_prefix("--") {
                Some(name) => {
                    if form.options.iter().any(|option| option.name == name && option.value.is_some()) {
                        rest.next();
                    }
                }
                None => words.push(word.as_str()),
            }
        }
        match (form.positionals.first(), words.as_slice()) {
            (Some(first), [name]) if first.what == Meaning::SettingName => {
                for value in settings::values(name) {
                    self.add(typed, value, ItemKind::Value, "");
                }
            }
            _ => {
                if let Some(positional) = form.positionals.get(words.len()) {
                    self.meaning(positional.what, typed);
                }
            }
        }
    }

    fn meaning(&mut self, what: Meaning, typed: &str) {
        match what {
            Meaning::OneOf(words) => {
                words.iter().for_each(|word| self.add(typed, *word, ItemKind::Value, ""))
            }
            Meaning::Setting(name) => {
                settings::values(name)
                    .into_iter()
                    .for_each(|value| self.add(typed, value, ItemKind::Value, ""));
            }
            Meaning::SettingName => {
                SETTINGS.iter().for_each(|one| self.add(typed, one.name, ItemKind::Setting, one.meaning));
            }
            Meaning::Connection => {
                for name in self.names.connections() {
                    if starts_with(&name, typed) {
                        self.add("", magic::quoted(&name), ItemKind::Connection, "");
                    }
                }
            }
            Meaning::Result => {
                self.names.results().into_iter().for_each(|name| self.add(typed, name, ItemKind::Result, ""));
            }
            Meaning::Keyspace => {
                self.names
                    .keyspaces()
                    .into_iter()
                    .for_each(|name| self.add(typed, name, ItemKind::Keyspace, ""));
            }
            Meaning::Table => match typed.split_once('.') {
                Some((keyspace, table)) => {
                    self.start = self.cursor - table.len();
                    self.tables(Some(keyspace), table);
                }
                None => {
                    self.tables(None, typed);
                    self.keyspaces(typed);
                }
            },
            Meaning::Topic => self.topics(typed),
            Meaning::File => self.path = Some(typed.to_owned()),
            Meaning::Text
            | Meaning::List
            | Meaning::Count
            | Meaning::Column
            | Meaning::TableColumns
            | Meaning::Secret => {}
        }
    }

    fn topics(&mut self, typed: &str) {
        for magic in MAGICS {
            self.add(typed, magic.name, ItemKind::Magic, magic.summary);
            self.add(typed, magic.full_name(), ItemKind::Magic, magic.summary);
        }
        SETTINGS.iter().for_each(|one| self.add(typed, one.name, ItemKind::Setting, one.meaning));
        ShellVerb::ALL
            .iter()
            .for_each(|verb| self.keyword(typed, verb.name(), ItemKind::Shell, verb.summary()));
        crate::inspect::topics().for_each(|topic| self.keyword(typed, topic, ItemKind::Keyword, ""));
    }

    // Shell commands.

    fn shell(&mut self, verb: ShellVerb, arguments: &str) {
        let typed = arguments.rsplit(|c: char| is_blank(c) || c == '.').next().unwrap_or_default();
        self.start = self.cursor - typed.len();
        let before = arguments[..arguments.len() - typed.len()].trim();
        let words: &[&str] = match verb {
            ShellVerb::Tracing | ShellVerb::Expand | ShellVerb::Paging => &["ON", "OFF"],
            ShellVerb::Show => &["VERSION", "HOST", "SESSION", "REPLICAS"],
            ShellVerb::Describe => &[
                "CLUSTER",
                "SCHEMA",
                "KEYSPACES",
                "KEYSPACE",
                "TABLES",
                "TABLE",
                "TYPES",
                "TYPE",
                "INDEX",
                "MATERIALIZED VIEW",
                "FUNCTIONS",
                "FUNCTION",
                "AGGREGATES",
                "AGGREGATE",
            ],
            _ => &[],
        };
        match verb {
            ShellVerb::Consistency | ShellVerb::SerialConsistency if before.is_empty() => {
                let name = if verb == ShellVerb::Consistency { "consistency" } else { "serial_consistency" };
                settings::values(name)
                    .into_iter()
                    .for_each(|level| self.keyword(typed, level, ItemKind::Value, ""));
            }
            ShellVerb::Help => self.topics(typed),
            ShellVerb::Describe | ShellVerb::Copy => {
                if before.is_empty() {
                    words.iter().for_each(|word| self.keyword(typed, word, ItemKind::Shell, ""));
                }
                match before.strip_suffix('.') {
                    Some(head) => self.tables(head.rsplit(is_blank).next(), typed),
                    None => {
                        self.tables(None, typed);
                        self.keyspaces(typed);
                    }
                }
            }
            ShellVerb::Source | ShellVerb::Capture => {
                self.path = Some(arguments.trim_start_matches(['\'', '"']).to_owned());
                self.start = self.cursor - arguments.trim_start_matches(['\'', '"']).len();
            }
            _ if before.is_empty() => {
                words.iter().for_each(|word| self.keyword(typed, word, ItemKind::Shell, ""))
            }
            _ => {}
        }
    }
}

/// Whether the text starts with what was typed, case aside.
fn starts_with(text: &str, typed: &str) -> bool {
    text.get(..typed.len()).is_some_and(|start| start.eq_ignore_ascii_case(typed))
}

#[cfg(test)]
mod tests;
