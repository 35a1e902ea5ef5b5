//! What a `COPY` says, in both directions: the table, the files, and cqlsh's options with cqlsh's names and defaults.
//!
//! `COPY table [(columns)] TO|FROM 'file' [WITH OPTION = value [AND …]]`. Nothing is executed here. An option that would
//! change nothing in this program is accepted and named, so that a line which works in cqlsh works here too.

mod options;
#[cfg(test)]
mod tests;

pub use options::{CopyOption, CopyOptions, OPTIONS};

use super::{ShellCommand, ShellVerb};
use crate::cql::keywords::unquote_name;
use crate::cql::lexer::{Token, TokenKind, lex};
use crate::diagnostic::{Code, Diagnostic};
use crate::text::Span;

/// Which way the rows go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From the table to a file.
    To,
    /// From files to the table.
    From,
}

impl Direction {
    /// `TO` or `FROM`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::To => "TO",
            Self::From => "FROM",
        }
    }
}

/// A `COPY`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copy {
    /// The keyspace, where the line names one; unquoted.
    pub keyspace: Option<String>,
    /// The table, unquoted.
    pub table: String,
    /// The columns chosen, unquoted and in order; empty for all.
    pub columns: Vec<String>,
    /// Which way.
    pub direction: Direction,
    /// The file's path as written; of `FROM` it may be several, with commas between and `*` and `?` in their names.
    pub file: String,
    /// What `WITH` says, with cqlsh's defaults for the rest.
    pub options: CopyOptions,
}

impl ShellCommand {
    /// Reads the line of a `COPY`.
    ///
    /// # Errors
    /// `USAGE` with the place of what does not fit.
    pub fn copy(&self) -> Result<Copy, Diagnostic> {
        Reader::new(self).copy()
    }
}

/// Reads the tokens of the arguments from left to right.
struct Reader<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    at: usize,
    /// The options given so far, in capitals.
    given: Vec<String>,
    /// Where the arguments stand in the cell.
    place: Span,
}

impl<'a> Reader<'a> {
    fn new(command: &'a ShellCommand) -> Self {
        let text = command.arguments.as_str();
        let tokens = lex(text).into_iter().filter(|token| !token.kind.is_trivia()).collect();
        Self { text, tokens, at: 0, given: Vec::new(), place: command.arguments_span }
    }

    fn copy(mut self) -> Result<Copy, Diagnostic> {
        let (keyspace, table) = self.table()?;
        let columns = self.columns()?;
        let direction = match self.word().map(str::to_ascii_uppercase).as_deref() {
            Some("TO") => Direction::To,
            Some("FROM") => Direction::From,
            _ => return Err(self.wrong("`COPY` takes a table, and then `TO` or `FROM`.")),
        };
        self.at += 1;
        let file = self.file(direction)?;
        let mut options = CopyOptions::default();
        if self.word().is_some_and(|word| word.eq_ignore_ascii_case("WITH")) {
            self.at += 1;
            loop {
                self.option(direction, &mut options)?;
                match self.word() {
                    Some(word) if word.eq_ignore_ascii_case("AND") => self.at += 1,
                    _ => break,
                }
            }
        }
        if self.at < self.tokens.len() {
            return Err(
                self.wrong("The `COPY` was to end here. Options follow `WITH`, with `AND` between them.")
            );
        }
        options.check().map_err(|message| self.wrong(message))?;
        Ok(Copy { keyspace, table, columns, direction, file, options })
    }

    fn token(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn shown(&self) -> &'a str {
        self.token().map_or("", |token| token.span.of(self.text))
    }

    fn word(&self) -> Option<&'a str> {
        let token = self.token().filter(|token| token.kind == TokenKind::Word)?;
        Some(token.span.of(self.text))
    }

    fn name(&mut self) -> Option<String> {
        let token = self.token()?;
        if !matches!(token.kind, TokenKind::Word | TokenKind::QuotedName) {
            return None;
        }
        let name = unquote_name(token.span.of(self.text));
        self.at += 1;
        Some(name)
    }

    fn mark(&mut self, mark: &str) -> bool {
        let found = self.shown() == mark;
        self.at += usize::from(found);
        found
    }

    fn table(&mut self) -> Result<(Option<String>, String), Diagnostic> {
        let first = self.name().ok_or_else(|| self.wrong("`COPY` takes the name of a table."))?;
        if !self.mark(".") {
            return Ok((None, first));
        }
        let table = self.name().ok_or_else(|| self.wrong("The table's name is missing after the dot."))?;
        Ok((Some(first), table))
    }

    fn columns(&mut self) -> Result<Vec<String>, Diagnostic> {
        let mut columns = Vec::new();
        if !self.mark("(") {
            return Ok(columns);
        }
        loop {
            columns.push(self.name().ok_or_else(|| self.wrong("A column's name was expected here."))?);
            if self.mark(")") {
                return Ok(columns);
            }
            if !self.mark(",") {
                return Err(self.wrong("Columns are in parentheses, with commas between them."));
            }
        }
    }

    fn file(&mut self, direction: Direction) -> Result<String, Diagnostic> {
        match self.token() {
            Some(token) if token.kind == TokenKind::String => {
                let file = string(token.span.of(self.text));
                self.at += 1;
                if file.trim().is_empty() {
                    self.at -= 1;
                    return Err(self.wrong("The file has no name."));
                }
                Ok(file)
            }
            Some(_) if self.word().is_some_and(|word| word.eq_ignore_ascii_case("STDIN")) => {
                Err(self.wrong("A notebook has no STDIN. Save the rows to a file, and name that."))
            }
            Some(_) if self.word().is_some_and(|word| word.eq_ignore_ascii_case("STDOUT")) => {
                Err(self.wrong("A notebook has no STDOUT. Name a file, or run a `SELECT`."))
            }
            _ => Err(self.wrong(format!("`{}` takes a file in single quotes.", direction.name()))),
        }
    }

    fn option(&mut self, direction: Direction, options: &mut CopyOptions) -> Result<(), Diagnostic> {
        let start = self.at;
        let name = self.word().ok_or_else(|| self.wrong("An option's name was expected here."))?;
        self.at += 1;
        if !self.mark("=") {
            return Err(self.wrong(format!("`{name}` takes a value: `{} = …`.", name.to_ascii_uppercase())));
        }
        let value = self.value().ok_or_else(|| self.wrong("An option's value was expected here."))?;
        options.set(direction, name, &value).map_err(|message| {
            self.at = start;
            self.wrong(message)
        })?;
        // Which of two was meant nobody knows: neither is taken.
        let name = name.to_ascii_uppercase();
        if self.given.contains(&name) {
            self.at = start;
            return Err(self.wrong(format!("`{name}` is given twice.")));
        }
        self.given.push(name);
        Ok(())
    }

    /// A string, a word, or a number with its sign.
    fn value(&mut self) -> Option<String> {
        let minus = self.mark("-");
        let token = *self.token()?;
        let shown = token.span.of(self.text);
        let value = match token.kind {
            TokenKind::String => string(shown),
            TokenKind::Word | TokenKind::Number | TokenKind::Duration => shown.to_owned(),
            _ => return None,
        };
        self.at += 1;
        Some(if minus { format!("-{value}") } else { value })
    }

    /// `USAGE`, pointing at the token that comes next.
    fn wrong(&self, message: impl Into<String>) -> Diagnostic {
        // Comments inside the arguments are gone; spans fit the cell only where there were none.
        let fits = self.place.end - self.place.start == self.text.len();
        let span = match self.token().filter(|_| fits) {
            Some(token) => Span::new(self.place.start + token.span.start, self.place.start + token.span.end),
            None => self.place,
        };
        Diagnostic::new(Code::Usage, message)
            .with_hint(format!("Usage: `{}`.", ShellVerb::Copy.usage()))
            .with_span(span)
    }
}

/// The text of a string token, quotes undone.
fn string(token: &str) -> String {
    if let Some(inner) = token.strip_prefix("$$").and_then(|rest| rest.strip_suffix("$$")) {
        return inner.to_owned();
    }
    super::unquote(token)
}
