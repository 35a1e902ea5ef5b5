//! Comma-separated values. Written straight from a page's bytes.
//!
//! A null is an empty field, an empty text is a pair of quotes, and a value of no bytes is `<empty>`. A text that says what stands
//! for null is in quotes too.

use std::sync::Arc;

use cqlbook_core::column::{Column, CqlType};
use cqlbook_core::value::{Kind, Styles};

use super::text;
use super::writer::{RowFormat, WriteError, values};

/// The form of a CSV file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dialect {
    /// Whether the first line names the columns.
    pub header: bool,
    /// Between fields.
    pub delimiter: char,
    /// Around fields that need it.
    pub quote: char,
    /// Before a quote that is meant as it stands; the same as `quote` where quotes are doubled.
    pub escape: char,
    /// What stands for null.
    pub null: String,
    /// The forms of single values at every depth, where they are not the usual ones.
    pub styles: Option<Styles>,
}

impl Default for Dialect {
    /// RFC 4180 with a header and line feeds.
    fn default() -> Self {
        Self { header: true, delimiter: ',', quote: '"', escape: '"', null: String::new(), styles: None }
    }
}

/// Writes rows as lines.
pub(crate) struct Csv {
    columns: Arc<[Column]>,
    dialect: Dialect,
    delimiter: Vec<u8>,
    /// Bytes that put a field in quotes.
    special: [bool; 256],
    /// Whether values that are neither text nor nested never need quotes.
    plain_is_safe: bool,
    /// The columns whose values have other forms than the usual ones.
    styled: Vec<bool>,
    /// Texts that say what stands for null.
    null_texts: u64,
}

impl Csv {
    pub(crate) fn new(columns: &Arc<[Column]>, dialect: Dialect) -> Self {
        let mut special = [false; 256];
        for mark in [dialect.delimiter, dialect.quote, dialect.escape, '\r', '\n'] {
            // Of a character of several bytes the first is enough to be careful.
            let mut bytes = [0; 4];
            special[usize::from(mark.encode_utf8(&mut bytes).as_bytes()[0])] = true;
        }
        let changes =
            |column: &Column| dialect.styles.as_ref().is_some_and(|styles| styles.changes(&column.cql_type));
        Self {
            columns: Arc::clone(columns),
            delimiter: dialect.delimiter.to_string().into_bytes(),
            special,
            plain_is_safe: matches!(dialect.delimiter, ',' | ';' | '\t' | '|')
                && matches!(dialect.quote, '"' | '\'')
                && matches!(dialect.escape, '"' | '\'' | '\\')
                && dialect.null.is_empty(),
            styled: columns.iter().map(changes).collect(),
            null_texts: 0,
            dialect,
        }
    }

    /// Appends a field that may need quotes and stands in `out` from `start` on without them.
    fn quote(&self, start: usize, out: &mut Vec<u8>) {
        let field = &out[start..];
        let needed = field.is_empty()
            || field.iter().any(|byte| self.special[usize::from(*byte)])
            || (!self.dialect.null.is_empty() && field == self.dialect.null.as_bytes());
        if !needed {
            return;
        }
        let Dialect { quote, escape, .. } = self.dialect;
        let field = String::from_utf8_lossy(&out.split_off(start)).into_owned();
        let mut bytes = [0; 4];
        out.extend_from_slice(quote.encode_utf8(&mut bytes).as_bytes());
        for c in field.chars() {
            if c == quote || c == escape {
                out.extend_from_slice(escape.encode_utf8(&mut bytes).as_bytes());
            }
            out.extend_from_slice(c.encode_utf8(&mut bytes).as_bytes());
        }
        out.extend_from_slice(quote.encode_utf8(&mut bytes).as_bytes());
    }
}

impl RowFormat for Csv {
    fn begin(&mut self, out: &mut Vec<u8>) {
        if !self.dialect.header {
            return;
        }
        for (place, column) in self.columns.iter().enumerate() {
            if place > 0 {
                out.extend_from_slice(&self.delimiter);
            }
            let start = out.len();
            out.extend_from_slice(column.name.as_bytes());
            self.quote(start, out);
        }
        out.push(b'\n');
    }

    fn row(&mut self, cells: &[Option<&[u8]>], out: &mut Vec<u8>) -> Result<(), WriteError> {
        for (place, (cell, column)) in cells.iter().zip(self.columns.iter()).enumerate() {
            if place > 0 {
                out.extend_from_slice(&self.delimiter);
            }
            let start = out.len();
            let Some(bytes) = cell else {
                out.extend_from_slice(self.dialect.null.as_bytes());
                // An empty line is no row to many readers.
                if self.columns.len() == 1 && self.dialect.null.is_empty() {
                    self.quote(start, out);
                }
                continue;
            };
            let styles = self.dialect.styles.as_ref().filter(|_| self.styled.get(place) == Some(&true));
            if let Some(styles) = styles {
                text::append_styled(bytes, &column.cql_type, styles, out);
                self.quote(start, out);
                continue;
            }
            let kind = text::append(bytes, &column.cql_type, out);
            self.null_texts += u64::from(is_null_text(&self.dialect, column, &out[start..]));
            match kind {
                Kind::Number | Kind::Plain if self.plain_is_safe => {}
                _ => self.quote(start, out),
            }
        }
        out.push(b'\n');
        Ok(())
    }

    /// `COPY … FROM` takes a text for null where it says so, in quotes or not.
    fn end(&mut self, _out: &mut Vec<u8>) -> Vec<String> {
        if self.null_texts == 0 || self.dialect.styles.is_none() {
            return Vec::new();
        }
        let null = &self.dialect.null;
        let verb = if self.null_texts == 1 { "says" } else { "say" };
        vec![format!(
            "{} {verb} `{null}`, which stands for null here. They are in quotes: `%import` with `--null {null}` reads them as text, and \
             COPY as null, as cqlsh does.",
            values(self.null_texts)
        )]
    }
}

fn is_null_text(dialect: &Dialect, column: &Column, field: &[u8]) -> bool {
    !dialect.null.is_empty()
        && matches!(column.cql_type, CqlType::Text | CqlType::Ascii)
        && field == dialect.null.as_bytes()
}
