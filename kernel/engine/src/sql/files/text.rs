//! Tables of separated fields. A first pass finds each column's type, a second reads its values.
//!
//! The rule: a file says here what it says to a load. Fields are read by the same reader, and a line that could be read in two ways
//! is an error that names the line.

use std::io::BufRead;

use cqlbook_core::column::{Column, CqlType};
use cqlbook_core::value::{ValueError, from_text};

use super::Reader;
use super::guess::Guess;
use super::pages::{Pages, column};
use crate::sql::Input;
use crate::sql::SqlError;
use cqlbook_analysis::separated::{self, Dialect, Field, Fields, Records};

impl Reader<'_> {
    pub(super) fn delimited(&self, delimiter: u8, null: &str) -> Result<Input, SqlError> {
        let mut rows = self.rows(delimiter)?;
        let mut header = Vec::new();
        if rows.next()?.is_some() {
            for place in 0..rows.fields.len() {
                header.push(rows.text(place)?.map_or_else(String::new, |(name, _)| name.to_owned()));
            }
        }
        self.check_columns(header.len())?;
        let wanted = self.wanted(header.iter().map(String::as_str));
        let mut guesses = vec![Guess::ANY; header.len()];
        while rows.next()?.is_some() {
            for &place in &wanted {
                if let Some((text, _)) = rows.text(place)?.filter(|(text, _)| !says_null(text, null)) {
                    guesses[place].look(text);
                }
            }
        }
        let columns = |places: &[usize]| -> Vec<Column> {
            places.iter().map(|&place| column(&header[place], guesses[place].cql_type())).collect()
        };
        let mut table = Pages::new(columns(&wanted));
        let mut rows = self.rows(delimiter)?;
        rows.next()?;
        while rows.next()?.is_some() {
            let mut row = Vec::with_capacity(wanted.len());
            for (&place, column) in wanted.iter().zip(table.columns().iter()) {
                row.push(match rows.text(place)? {
                    Some((text, quoted)) => {
                        cell(text, quoted, null, &column.cql_type).map_err(|_| self.changed())?
                    }
                    None => return Err(self.changed()),
                });
            }
            table.push(row);
            self.watch(table.bytes())?;
        }
        let all: Vec<usize> = (0..header.len()).collect();
        table.input(columns(&all))
    }

    fn rows(&self, delimiter: u8) -> Result<Rows<'_>, SqlError> {
        let dialect = Dialect { delimiter, ..Dialect::default() };
        let (input, dialect, line) =
            separated::begin(self.text()?, dialect).map_err(|error| self.failed(error))?;
        let records = Records::new(input, dialect, line);
        Ok(Rows { reader: self, records, fields: Fields::default(), line, width: None })
    }
}

/// The rows of a file, all as wide as the first.
struct Rows<'a> {
    reader: &'a Reader<'a>,
    records: Records<Box<dyn BufRead + Send>>,
    fields: Fields,
    line: u64,
    width: Option<usize>,
}

impl Rows<'_> {
    fn next(&mut self) -> Result<Option<()>, SqlError> {
        let read = self.records.read(&mut self.fields).map_err(|error| self.reader.failed(error))?;
        let Some(line) = read else { return Ok(None) };
        self.line = line;
        if let Some(flaw) = self.fields.flaw {
            let way =
                "a quote inside quotes is written twice; `%import` with `--escape '\\'` reads \\\" as one";
            return Err(self.failed(&flaw.told(way)));
        }
        let (fields, width) = (self.fields.len(), *self.width.get_or_insert(self.fields.len()));
        if fields != width {
            return Err(self.failed(&format!("it has {fields} fields, not {width}")));
        }
        Ok(Some(()))
    }

    /// What a field says, and whether it is in quotes.
    fn text(&self, place: usize) -> Result<Option<(&str, bool)>, SqlError> {
        let Some(Field { bytes, quoted, .. }) = self.fields.get(place) else { return Ok(None) };
        match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Some((text, quoted))),
            Err(_) => {
                Err(self
                    .failed("its bytes are no UTF-8; save it as UTF-8, or `%import` it with `--encoding`"))
            }
        }
    }

    fn failed(&self, reason: &str) -> SqlError {
        self.reader.failed(format!("line {}: {reason}", self.line))
    }
}

/// Whether a text stands for null where it has no quotes.
fn says_null(text: &str, null: &str) -> bool {
    text.is_empty() || text == null
}

/// A field as a cell: in quotes it is what it says, where the type has such a value.
fn cell(text: &str, quoted: bool, null: &str, ty: &CqlType) -> Result<Option<Vec<u8>>, ValueError> {
    let is_null = says_null(text, null);
    if is_null && !(quoted && (*ty == CqlType::Text || !text.is_empty())) {
        return Ok(None);
    }
    match from_text(ty, text) {
        // The column's type was found without regard to what says null.
        Err(_) if is_null => Ok(None),
        value => value.map(Some),
    }
}
