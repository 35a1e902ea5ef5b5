//! Comma-separated values. Written straight from a page's bytes.
//!
//! A null is an empty field, an empty text is a pair of quotes, and a value of no bytes is `<empty>`. A text that says what stands
//! for null is in quotes too.

use std::sync::Arc;

use cqlbook_core::column::{Column, CqlType};
use cqlbook_core::value::Kind;

use super::text;
use super::writer::{RowFormat, WriteError};
use crate::convert::{exact, thawed};

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
    /// How true and false are written.
    pub booleans: (String, String),
    /// The decimal separator.
    pub decimal_separator: char,
    /// The separator of thousands.
    pub thousands_separator: Option<char>,
    /// How timestamps are written, in the letters of strftime; `None` for the usual form.
    pub datetime_format: Option<String>,
}

impl Default for Dialect {
    /// RFC 4180 with a header and line feeds.
    fn default() -> Self {
        Self {
            header: true,
            delimiter: ',',
            quote: '"',
            escape: '"',
            null: String::new(),
            booleans: ("True".to_owned(), "False".to_owned()),
            decimal_separator: '.',
            thousands_separator: None,
            datetime_format: None,
        }
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
    /// Whether numbers, booleans and timestamps have their usual forms.
    usual: bool,
}

impl Csv {
    pub(crate) fn new(columns: &Arc<[Column]>, dialect: Dialect) -> Self {
        let mut special = [false; 256];
        for mark in [dialect.delimiter, dialect.quote, dialect.escape, '\r', '\n'] {
            // Of a character of several bytes the first is enough to be careful.
            let mut bytes = [0; 4];
            special[usize::from(mark.encode_utf8(&mut bytes).as_bytes()[0])] = true;
        }
        let usual = Dialect {
            delimiter: dialect.delimiter,
            quote: dialect.quote,
            escape: dialect.escape,
            header: dialect.header,
            null: dialect.null.clone(),
            ..Dialect::default()
        };
        Self {
            columns: Arc::clone(columns),
            delimiter: dialect.delimiter.to_string().into_bytes(),
            special,
            plain_is_safe: matches!(dialect.delimiter, ',' | ';' | '\t' | '|')
                && matches!(dialect.quote, '"' | '\'')
                && matches!(dialect.escape, '"' | '\'' | '\\')
                && dialect.null.is_empty(),
            usual: usual == dialect,
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

    /// Appends a value in the forms that `COPY` can ask for; false where it has none of them.
    fn unusual(&self, bytes: &[u8], ty: &CqlType, out: &mut Vec<u8>) -> bool {
        let dialect = &self.dialect;
        match (thawed(ty), &dialect.datetime_format) {
            (CqlType::Boolean, _) => {
                let Ok([value]) = exact::<1>(bytes) else { return false };
                let (yes, no) = &dialect.booleans;
                out.extend_from_slice(if value == 0 { no } else { yes }.as_bytes());
                true
            }
            (CqlType::Timestamp, Some(format)) => {
                let Ok(millis) = exact::<8>(bytes).map(i64::from_be_bytes) else { return false };
                let Ok(instant) = jiff::Timestamp::from_millisecond(millis) else { return false };
                // Python's letter for microseconds has six digits.
                let format = format.replace("%f", "%6f");
                let zoned = instant.to_zoned(jiff::tz::TimeZone::UTC);
                match jiff::fmt::strtime::format(&format, &zoned) {
                    Ok(text) => out.extend_from_slice(text.as_bytes()),
                    Err(_) => return false,
                }
                true
            }
            _ => false,
        }
    }

    /// Puts other separators into a number's digits.
    fn separate(&self, start: usize, out: &mut Vec<u8>) {
        let Dialect { decimal_separator, thousands_separator, .. } = self.dialect;
        if (decimal_separator == '.' && thousands_separator.is_none())
            || !out[start..].iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'.'))
        {
            return;
        }
        let number = String::from_utf8_lossy(&out.split_off(start)).into_owned();
        let (whole, fraction) = number.split_once('.').unwrap_or((&number, ""));
        let (sign, whole) = whole.strip_prefix('-').map_or(("", whole), |whole| ("-", whole));
        let mut text = sign.to_owned();
        for (place, digit) in whole.chars().enumerate() {
            if let Some(separator) = thousands_separator
                && place > 0
                && (whole.len() - place).is_multiple_of(3)
            {
                text.push(separator);
            }
            text.push(digit);
        }
        if !fraction.is_empty() {
            text.push(decimal_separator);
            text.push_str(fraction);
        }
        out.extend_from_slice(text.as_bytes());
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
            if !self.usual && self.unusual(bytes, &column.cql_type, out) {
                self.quote(start, out);
                continue;
            }
            match text::append(bytes, &column.cql_type, out) {
                Kind::Number | Kind::Plain if self.plain_is_safe && self.usual => {}
                Kind::Number if !self.usual => {
                    self.separate(start, out);
                    self.quote(start, out);
                }
                _ => self.quote(start, out),
            }
        }
        out.push(b'\n');
        Ok(())
    }

    fn end(&mut self, _out: &mut Vec<u8>) -> Vec<String> {
        Vec::new()
    }
}
