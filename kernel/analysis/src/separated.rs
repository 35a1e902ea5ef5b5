//! Lines of separated fields, read as their dialect says: CSV as the world writes it, and as cqlsh's `COPY` does.
//!
//! One reader for all that reads such files, loads and local SQL. It is our own because a load has to know which fields were in quotes (an empty field is null, `""` is an empty
//! text) and because cqlsh puts its escape character before delimiters outside quotes too.
//!
//! The rule of quotes: what closes a quote is followed by the delimiter or the end of the line. A line that breaks it could be read
//! in two ways, so it is not read at all: it has a [`Flaw`], and ends at the end of its line.

use std::io::{self, BufRead, Read as _};

/// A record longer than this is a quote that nobody closed.
const LONGEST: usize = 64 << 20;
/// More fields than this are no row: a table of Cassandra's has fewer columns.
const FIELDS: usize = 65_536;

/// How the fields of a file are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dialect {
    /// Between fields.
    pub delimiter: u8,
    /// Around fields that need it; doubled inside them it stands for itself.
    pub quote: u8,
    /// Before a character that is meant as it stands.
    pub escape: Option<u8>,
    /// cqlsh's way: the escape is before any character, in quotes or not. Otherwise it is one before a quote and before itself,
    /// inside quotes, as DSBulk and Spark write it.
    pub escapes_all: bool,
}

impl Default for Dialect {
    /// RFC 4180.
    fn default() -> Self {
        Self { delimiter: b',', quote: b'"', escape: None, escapes_all: false }
    }
}

/// Why a line cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// The quote that opened the last field is not closed before the end of the file, so many lines on.
    Unclosed(u64),
    /// There is more behind a quote that closes a field.
    BehindQuote,
    /// A quote opens behind a blank.
    BehindBlank,
    /// A quote in a field without quotes, behind a line that could not be read: it may be that line's.
    StrayQuote,
}

impl Flaw {
    /// What is wrong, and the way out.
    ///
    /// `way` tells how a quote inside quotes is written where the file is read.
    pub fn told(self, way: &str) -> String {
        match self {
            Self::Unclosed(0) => format!("a quote of this line is not closed: {way}"),
            Self::Unclosed(lines) => format!(
                "a quote of this line is not closed, and {lines} lines behind it were read as part of it: {way}"
            ),
            Self::BehindQuote => format!("there is more behind a closing quote: {way}"),
            Self::BehindBlank => {
                "a quote opens behind a blank: delete the blank, or put the field in quotes from its start"
                    .to_owned()
            }
            Self::StrayQuote => {
                format!(
                    "a quote stands in a field without quotes, and a line before could not be read: {way}"
                )
            }
        }
    }
}

/// An input at its first record, its dialect, and the line it is at. Empty lines are no records, and a first line `sep=;`, as Excel
/// writes it, names the delimiter and is none either.
///
/// # Errors
/// Those of the input.
pub fn begin(
    mut input: Box<dyn BufRead + Send>,
    dialect: Dialect,
) -> io::Result<(Box<dyn BufRead + Send>, Dialect, u64)> {
    let (mut line, mut after_return) = (1, false);
    while let Some(byte @ (b'\n' | b'\r')) = input.fill_buf()?.first().copied() {
        line += u64::from(byte == b'\r' || !after_return);
        after_return = byte == b'\r';
        input.consume(1);
    }
    let mut start = Vec::new();
    (&mut input).take(7).read_to_end(&mut start)?;
    let (dialect, line, used) = match start.as_slice() {
        [b's' | b'S', b'e' | b'E', b'p' | b'P', b'=', delimiter, end, rest @ ..]
            if delimiter.is_ascii() && matches!(end, b'\r' | b'\n') =>
        {
            let used = if *end == b'\r' && rest.starts_with(b"\n") { 7 } else { 6 };
            (Dialect { delimiter: *delimiter, ..dialect }, line + 1, used)
        }
        _ => (dialect, line, 0),
    };
    Ok((Box::new(io::Cursor::new(start.split_off(used)).chain(input)), dialect, line))
}

/// A field as it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field<'a> {
    /// What it says, without quotes.
    pub bytes: &'a [u8],
    /// It was in quotes.
    pub quoted: bool,
    /// It is one character behind the escape character and nothing else, such as `\N`, in quotes or not.
    pub escaped: bool,
}

/// The fields of one record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fields {
    text: Vec<u8>,
    /// Where each field ends, whether it was in quotes, and whether it is an escaped character.
    ends: Vec<(usize, bool, bool)>,
    /// The field that is read has nothing but an escaped character so far.
    escaped: bool,
    /// What is wrong with the record. Its fields are for showing only then.
    pub flaw: Option<Flaw>,
}

impl Fields {
    /// How many fields there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// A field.
    pub fn get(&self, place: usize) -> Option<Field<'_>> {
        let (end, quoted, escaped) = *self.ends.get(place)?;
        let start = place.checked_sub(1).map_or(0, |before| self.ends[before].0);
        Some(Field { bytes: &self.text[start..end], quoted, escaped })
    }

    /// The fields' bytes in order.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.len()).filter_map(|place| self.get(place).map(|field| field.bytes))
    }

    fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
        self.flaw = None;
        self.escaped = false;
    }

    /// Where the field that is read begins.
    fn start(&self) -> usize {
        self.ends.last().map_or(0, |last| last.0)
    }

    fn end(&mut self, quoted: bool) {
        self.ends.push((self.text.len(), quoted, std::mem::take(&mut self.escaped)));
    }

    /// The record cannot be read: what is left of its line is kept as it stands, with the quote that opened the field.
    fn broken(&mut self, flaw: Flaw, quote: Option<u8>) -> State {
        if let Some(quote) = quote {
            self.text.insert(self.start(), quote);
        }
        self.flaw = Some(flaw);
        State::Broken
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before a record's first byte.
    Between,
    /// Before a field's first byte.
    Start,
    /// Behind blanks at a field's start.
    Blank,
    Plain,
    Quoted,
    /// Behind a quote inside a quoted field: its end, or the first of two.
    Closing,
    /// Behind the escape character, inside quotes or not.
    Escaped {
        in_quotes: bool,
    },
    /// Behind what breaks the rule of quotes.
    Broken,
}

/// Reads records one after the other.
#[derive(Debug)]
pub struct Records<R> {
    input: R,
    dialect: Dialect,
    /// The line that is read, from 1.
    line: u64,
    /// The last byte was a carriage return: a line feed behind it belongs to it.
    after_return: bool,
    /// A record could not be read: quotes where none is expected may be its own.
    strict: bool,
}

impl<R: BufRead> Records<R> {
    /// Reads an input whose first line is the file's line `line`.
    pub fn new(input: R, dialect: Dialect, line: u64) -> Self {
        Self { input, dialect, line, after_return: false, strict: false }
    }

    /// How its fields are written.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Reads the next record into `fields`, and gives the line it starts at; `None` at the end. Empty lines are no records.
    ///
    /// # Errors
    /// Those of the input, and [`io::ErrorKind::InvalidData`] for a record that is none by its size.
    pub fn read(&mut self, fields: &mut Fields) -> io::Result<Option<u64>> {
        fields.clear();
        let mut state = State::Between;
        let mut began = self.line;
        loop {
            let buffer = self.input.fill_buf()?;
            if buffer.is_empty() {
                let is_record = self.finish(state, fields, began);
                self.strict |= fields.flaw.is_some();
                return Ok(is_record.then_some(began));
            }
            let mut used = 0;
            let mut whole = false;
            while let Some(&byte) = buffer.get(used) {
                used += 1;
                let is_end = matches!(byte, b'\n' | b'\r');
                let belongs = byte == b'\n' && std::mem::take(&mut self.after_return);
                self.after_return = byte == b'\r';
                self.line += u64::from(is_end && !belongs);
                // The carriage return before it was escaped, and so is this.
                if belongs && state == State::Plain {
                    fields.text.push(byte);
                    continue;
                }
                if state == State::Between {
                    if is_end {
                        began = self.line;
                        continue;
                    }
                    state = State::Start;
                }
                state = match step(state, byte, self.dialect, self.strict, fields) {
                    Some(next) => next,
                    None => {
                        whole = true;
                        break;
                    }
                };
            }
            self.input.consume(used);
            let too_much = if fields.text.len() > LONGEST {
                "is longer than 64 MB; a quote may not be closed"
            } else if fields.len() > FIELDS {
                "has more than 65,536 fields; the delimiter may be another"
            } else {
                ""
            };
            if !too_much.is_empty() {
                let reason = format!("line {began}: the record {too_much}");
                return Err(io::Error::new(io::ErrorKind::InvalidData, reason));
            }
            if whole {
                self.strict |= fields.flaw.is_some();
                return Ok(Some(began));
            }
        }
    }

    /// Ends the last record of the file; false where there is none.
    fn finish(&mut self, state: State, fields: &mut Fields, began: u64) -> bool {
        match state {
            State::Between => return false,
            State::Start | State::Blank | State::Plain | State::Broken => fields.end(false),
            State::Escaped { in_quotes: false } => {
                // An escape character with nothing behind it stands for itself.
                fields.text.extend(self.dialect.escape);
                fields.escaped = false;
                fields.end(false);
            }
            State::Closing => fields.end(true),
            State::Quoted | State::Escaped { in_quotes: true } => {
                // The end of the last line is none of another.
                let lines = self.line - began - u64::from(fields.text.ends_with(b"\n"));
                fields.broken(Flaw::Unclosed(lines), Some(self.dialect.quote));
                fields.end(false);
            }
        }
        true
    }
}

/// What follows a byte; `None` at the end of the record.
fn step(state: State, byte: u8, dialect: Dialect, strict: bool, fields: &mut Fields) -> Option<State> {
    let Dialect { delimiter, quote, escape, escapes_all } = dialect;
    let is_escape = escape == Some(byte) && byte != quote;
    Some(match state {
        State::Between | State::Start if byte == quote => State::Quoted,
        State::Blank if byte == quote => {
            fields.text.push(byte);
            fields.broken(Flaw::BehindBlank, None)
        }
        State::Between | State::Start | State::Blank | State::Plain => match byte {
            b'\n' | b'\r' => {
                fields.end(false);
                return None;
            }
            byte if byte == delimiter => {
                fields.end(false);
                State::Start
            }
            _ if is_escape && escapes_all => {
                fields.escaped = fields.text.len() == fields.start();
                State::Escaped { in_quotes: false }
            }
            byte if byte == quote && strict => {
                fields.text.push(byte);
                fields.broken(Flaw::StrayQuote, None)
            }
            byte => {
                fields.text.push(byte);
                fields.escaped = false;
                if state != State::Plain && matches!(byte, b' ' | b'\t') {
                    State::Blank
                } else {
                    State::Plain
                }
            }
        },
        State::Quoted if is_escape => {
            fields.escaped = escapes_all && fields.text.len() == fields.start();
            State::Escaped { in_quotes: true }
        }
        State::Quoted if byte == quote => State::Closing,
        State::Quoted => {
            fields.text.push(byte);
            fields.escaped = false;
            State::Quoted
        }
        State::Closing if byte == quote => {
            fields.text.push(byte);
            fields.escaped = false;
            State::Quoted
        }
        State::Closing => match byte {
            b'\n' | b'\r' => {
                fields.end(true);
                return None;
            }
            byte if byte == delimiter => {
                fields.end(true);
                State::Start
            }
            byte => {
                let broken = fields.broken(Flaw::BehindQuote, Some(quote));
                fields.text.extend([quote, byte]);
                broken
            }
        },
        State::Escaped { in_quotes } => {
            if !escapes_all && byte != quote && Some(byte) != escape {
                fields.text.extend(escape);
            }
            fields.text.push(byte);
            if in_quotes { State::Quoted } else { State::Plain }
        }
        State::Broken => match byte {
            b'\n' | b'\r' => {
                fields.end(false);
                return None;
            }
            byte => {
                fields.text.push(byte);
                State::Broken
            }
        },
    })
}

#[cfg(test)]
mod tests;
