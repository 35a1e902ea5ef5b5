//! What a cell says: CQL statements, shell commands and line magics in order, one cell magic, or a question.
//!
//! Parsing never fails and is linear in the cell's length: what cannot be understood is a [`StepKind::Broken`]
//! step. Nothing is executed and no name is looked up here.
//!
//! Rules that the notebook language leaves open, decided here:
//! - A `%` line starts a line magic only where no statement is open; inside one, `%` is CQL's remainder operator.
//! - Comments between steps make no step. A statement's text runs from its first to its last token, so
//!   comments around it are not sent and comments inside it are.
//! - A cell that is one word with `?` behind it asks what the word is (`orders?`). A bare `?` is cqlsh's `HELP`.
//! - In a console a statement without its `;` is [`Completeness::Incomplete`] until a blank line follows.

use crate::cql::classify::Facts;
pub use crate::cql::classify::{
    BatchKind, Delete, Object, ObjectKind, Relation, Restriction, Select, StatementKind, TableName,
};
use crate::cql::lexer::is_blank;
pub use crate::cql::repeat::{Idempotence, is_harmless_to_set};
use crate::cql::split::{Split, Tail, split};
use crate::diagnostic::Diagnostic;
use crate::magic::{MagicKind, lookup};
pub use crate::shell::{ShellCommand, ShellVerb};
use crate::text::Span;

mod feed;

pub use feed::{Feed, NotText};

/// A whole cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// Steps to run in order; none for a cell of blanks and comments.
    Steps(Vec<Step>),
    /// The first line that is not blank starts with `%%`: the whole cell is that magic's.
    Magic(CellMagic),
    /// One word and a question mark: what is known of it is asked for.
    Question(Question),
}

/// `orders?`, `%connect?`: the way of IPython to ask about a name. A second `?` says the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// What is asked about, without its question marks.
    pub topic: String,
    /// Where `topic` stands in the cell.
    pub span: Span,
}

/// A cell magic: `%%name options`, then the body. The name need not exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellMagic {
    /// From `%%` to the end of the cell.
    pub span: Span,
    /// The name without `%%`, empty if none was given.
    pub name: String,
    /// The name with its `%%`.
    pub name_span: Span,
    /// The options: the rest of the first line, without the blanks around it.
    pub line: Span,
    /// Everything after the first line.
    pub body: Span,
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What it covers in the cell: its `name <<` prefix too, but not the `;` that ends it.
    pub span: Span,
    /// What it is.
    pub kind: StepKind,
}

/// What a step is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepKind {
    /// A CQL statement for the server.
    Cql(Statement),
    /// One of the commands `cqlsh` users know.
    Shell(ShellCommand),
    /// A line magic; its name need not exist.
    Magic(MagicLine),
    /// What cannot be run: `UNTERMINATED` with the span of what was opened, or `USAGE`.
    Broken(Diagnostic),
}

/// A CQL statement as it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The text to send: without the `;` that ends it and without `name <<`; comments inside it are kept.
    pub text: String,
    /// Where `text` stands in the cell, byte for byte.
    pub span: Span,
    /// The name the result is to be kept under.
    pub into: Option<String>,
    /// What kind of statement it is.
    pub kind: StatementKind,
    /// The named bind markers in order of appearance; a name may come more than once.
    pub binds: Vec<BindMarker>,
    /// Where `?` markers stand in the cell. A notebook has no values for them.
    pub positional_binds: Vec<Span>,
    /// What else the text tells.
    pub(crate) facts: Facts,
}

/// A bind marker `:name`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BindMarker {
    /// The name as the server reports it: lower case unless it was quoted.
    pub name: String,
    /// Where the marker stands in the cell, colon included.
    pub span: Span,
}

/// A line magic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MagicLine {
    /// From `%` to the end of the line, without trailing blanks.
    pub span: Span,
    /// The name without `%`, empty if none was given.
    pub name: String,
    /// The name with its `%`.
    pub name_span: Span,
    /// The rest of the line, without the blanks around it.
    pub rest: String,
    /// Where `rest` stands in the cell.
    pub rest_span: Span,
}

/// Whether a console should run what was typed or wait for more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Completeness {
    /// It can run.
    Complete,
    /// More is to come; the next line may start with `indent`.
    Incomplete {
        /// Blanks for the next line.
        indent: String,
    },
    /// More text will not help.
    Invalid,
}

/// What a cell is by its first line; its steps are not read yet.
pub(crate) enum Head {
    Magic(CellMagic),
    Question(Question),
    Steps,
}

/// Reads what a cell starts with.
pub(crate) fn head(source: &str) -> Head {
    let start = source.len() - source.trim_start_matches(is_blank).len();
    if source[start..].starts_with("%%") {
        return Head::Magic(cell_magic(source, start));
    }
    question(source, start).map_or(Head::Steps, Head::Question)
}

/// Reads a cell.
pub fn parse(source: &str) -> Cell {
    match head(source) {
        Head::Magic(magic) => Cell::Magic(magic),
        Head::Question(question) => Cell::Question(question),
        Head::Steps => Cell::Steps(steps(source, Span::new(0, source.len()))),
    }
}

/// The question that the whole cell is, if it is one: a word without blanks, or a quoted name, before its `?`.
fn question(source: &str, start: usize) -> Option<Question> {
    let text = source[start..].trim_end_matches(is_blank);
    let topic = text.trim_end_matches('?');
    let bare = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '"' | '%');
    let quoted = topic.len() > 2 && topic.starts_with('"') && topic.ends_with('"') && !topic.contains('\n');
    let asked = topic.len() < text.len() && !topic.is_empty() && (quoted || topic.chars().all(bare));
    asked.then(|| Question { topic: topic.to_owned(), span: Span::new(start, start + topic.len()) })
}

/// Reads the steps in a part of a cell, such as the body of `%%cql`. Spans are of the whole source.
///
/// A `region` that does not fit the source has no steps.
pub fn steps(source: &str, region: Span) -> Vec<Step> {
    split(source, region).steps
}

/// The cell magic whose `%%` stands at byte `start`.
fn cell_magic(source: &str, start: usize) -> CellMagic {
    let first = &source[start..];
    let (first, body_start) = match first.find('\n') {
        Some(newline) => (&first[..newline], start + newline + 1),
        None => (first, source.len()),
    };
    let head = first.find(is_blank).unwrap_or(first.len());
    let options = first[head..].trim_matches(is_blank);
    let options_start = start + first.trim_end_matches(is_blank).len() - options.len();
    CellMagic {
        span: Span::new(start, source.len()),
        name: first[2..head].to_owned(),
        name_span: Span::new(start, start + head),
        line: Span::new(options_start, options_start + options.len()),
        body: Span::new(body_start, source.len()),
    }
}

/// Whether a console should run the text or wait for more.
///
/// More is waited for after an open quote, comment or batch, and after a statement without its `;` or a cell magic until
/// a blank line follows. A magic in the wrong place or of an unknown name is invalid.
pub fn completeness(source: &str) -> Completeness {
    let incomplete = |indent: &str| Completeness::Incomplete { indent: indent.to_owned() };
    let blank_line = || {
        let code = source.trim_end_matches(is_blank);
        source[code.len()..].contains('\n')
    };
    match parse(source) {
        Cell::Magic(magic) if lookup(MagicKind::Cell, &magic.name).is_err() => Completeness::Invalid,
        Cell::Magic(_) if blank_line() => Completeness::Complete,
        Cell::Magic(_) => incomplete(""),
        Cell::Question(_) => Completeness::Complete,
        Cell::Steps(_) => {
            let Split { steps, tail } = split(source, Span::new(0, source.len()));
            let broken = steps.iter().filter(|step| matches!(step.kind, StepKind::Broken(_))).count();
            match tail {
                Tail::Closed | Tail::Statement if broken > 0 => Completeness::Invalid,
                Tail::Name | Tail::Block | Tail::Quote if broken > 1 => Completeness::Invalid,
                Tail::Closed => Completeness::Complete,
                Tail::Statement if blank_line() => Completeness::Complete,
                Tail::Statement | Tail::Block | Tail::Name => incomplete("  "),
                Tail::Quote => incomplete(""),
            }
        }
    }
}

#[cfg(test)]
mod generated;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod typographic;
