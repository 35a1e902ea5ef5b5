//! What may come next at the cursor: magics, options, settings, shell commands, CQL keywords and names of the schema.
//!
//! Names come from a cache through [`Names`]; nothing here touches a network or a file. Where a path belongs, the
//! answer says so in [`Completions::path`] and the application looks at the folder.

mod above;
mod accepted;
mod context;
mod grammar;
mod made;
mod magics;
mod names;
mod offer;
mod shorten;
mod slot;
mod statement;
mod walk;

pub(crate) use above::Around;
pub(crate) use accepted::{accepted, word_end};
pub use names::{KnownColumn, Names, NoNames};
pub(crate) use shorten::shorten;

use crate::cell::StepKind;
use crate::cql::lexer::is_blank;
use crate::cql::split::split;
use crate::diagnostic::Code;
use crate::magic::MagicKind;
use crate::render::visible_prose;
use crate::shell::{self, ShellVerb};
use crate::text::{Span, floor_boundary};

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
    /// A field of a user-defined type.
    Field,
    /// A user-defined type.
    Udt,
    /// A function.
    Function,
    /// An aggregate.
    Aggregate,
    /// An index.
    Index,
    /// A role.
    Role,
    /// A data centre.
    DataCenter,
    /// A bind variable.
    Bind,
    /// A mark: a comparison, a bracket, a comma.
    Operator,
    /// A snapshot of a schema.
    Snapshot,
    /// A trace.
    Trace,
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

/// A statement that is longer before the cursor, after its lists were shortened, is not read: nothing is offered there.
const LONGEST: usize = 128 * 1024;

/// What may come next at byte `cursor`. What the cell says above the cursor counts: its `USE`, and the tables that it makes.
pub fn complete(source: &str, cursor: usize, names: &dyn Names) -> Completions {
    let cursor = floor_boundary(source, cursor);
    let short = shorten(source, cursor);
    let around = Around::of(&short.text, short.cursor, names);
    let mut found = complete_around(&short.text, short.cursor, &around);
    found.start += short.taken;
    found.end += short.taken;
    found
}

/// The same where the cell was read already.
pub(crate) fn complete_around(source: &str, cursor: usize, around: &Around<'_>) -> Completions {
    let mut finder = Finder {
        names: &around.names,
        start: cursor,
        cursor,
        bare: true,
        lead: String::new(),
        items: Vec::new(),
        path: None,
    };
    if cursor.saturating_sub(around.from) < LONGEST {
        finder.cell(source, around);
    }
    // A name that is not what is seen of it would bring a line of its own into the cell, or move the terminal's cursor.
    finder.items.retain(|item| visible_prose(&item.text) == item.text);
    finder.items.iter_mut().for_each(|item| item.detail = visible_prose(&item.detail));
    Completions { start: finder.start, end: cursor, items: finder.items, path: finder.path }
}

struct Finder<'a> {
    names: &'a dyn Names,
    start: usize,
    cursor: usize,
    /// Whether the word at the cursor, in a magic's line, stands there without quotes.
    bare: bool,
    /// What stands before the candidates in a word that is written anew.
    lead: String,
    items: Vec<Item>,
    path: Option<String>,
}

impl Finder<'_> {
    fn cell(&mut self, source: &str, around: &Around<'_>) {
        let before = &source[..self.cursor];
        if around.body == 0 || self.cursor < around.body {
            let first = before.len() - before.trim_start_matches(is_blank).len();
            if let Some(line) = before[first..].strip_prefix("%%") {
                return self.magic_line(MagicKind::Cell, line);
            }
        } else if !around.has_steps {
            return;
        }
        let region_start = around.from;
        let last = split(before, Span::new(region_start, self.cursor)).steps.pop();
        let behind = last.as_ref().map_or(region_start, |step| step.span.end);
        let gap = &before[behind..];
        match last.map(|step| (step.span.start, step.kind)) {
            Some((start, StepKind::Magic(_))) if !gap.contains('\n') => {
                self.magic_line(MagicKind::Line, &before[start + 1..]);
            }
            Some((start, StepKind::Shell(command))) if !gap.contains(['\n', ';']) => {
                if command.arguments.is_empty() && gap.is_empty() {
                    self.statement(source, start);
                } else {
                    let blank = before[command.arguments_span.end..].len();
                    let at =
                        if command.arguments.is_empty() { self.cursor } else { command.arguments_span.start };
                    let behind_argument = !command.arguments.is_empty() && blank > 0;
                    if !behind_argument || !takes_path(command.verb) {
                        self.shell(command.verb, source, start, at);
                    }
                }
            }
            Some((start, StepKind::Cql(_))) if !gap.contains(';') => self.statement(source, start),
            Some((start, StepKind::Broken(diagnostic))) if diagnostic.code == Code::Unterminated => {
                match shell::verb(&before[start..]) {
                    Some((verb, length)) if !gap.contains('\n') => {
                        let rest = before[start + length..].trim_start();
                        self.shell(verb, source, start, before.len() - rest.len());
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

    /// In a shell command that starts at byte `start`, behind its verb. Paths and topics are no words of CQL.
    fn shell(&mut self, verb: ShellVerb, source: &str, start: usize, arguments: usize) {
        let written = &source[arguments.min(self.cursor)..self.cursor];
        match verb {
            ShellVerb::Help => {
                let typed = written.rsplit(is_blank).next().unwrap_or_default();
                self.start = self.cursor - typed.len();
                self.topics(typed);
            }
            ShellVerb::Source | ShellVerb::Capture => {
                let path = written.trim_start_matches(['\'', '"']);
                if verb == ShellVerb::Capture && path.len() == written.len() {
                    self.statement(source, start);
                }
                self.start = self.cursor - path.len();
                self.path = Some(path.to_owned());
            }
            _ => self.statement(source, start),
        }
    }
}

/// Whether a shell command takes a path and nothing else.
const fn takes_path(verb: ShellVerb) -> bool {
    matches!(verb, ShellVerb::Source | ShellVerb::Capture)
}

/// Whether the text starts with what was typed, case aside.
fn starts_with(text: &str, typed: &str) -> bool {
    text.get(..typed.len()).is_some_and(|start| start.eq_ignore_ascii_case(typed))
}

#[cfg(test)]
mod cqlsh;
#[cfg(test)]
mod tests;
