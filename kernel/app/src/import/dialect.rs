//! Lines of separated fields, read as their dialect says: CSV as the world writes it, and as cqlsh's `COPY` does.
//!
//! It is a reader of our own because a load has to know which fields were in quotes (an empty field is null, `""` is an empty
//! text) and because cqlsh puts its escape character before delimiters outside quotes too.

use std::io::{self, BufRead};

/// A record longer than this is a quote that nobody closed.
const LONGEST: usize = 64 << 20;

/// How the fields of a file are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Dialect {
    /// Between fields.
    pub(crate) delimiter: u8,
    /// Around fields that need it; doubled inside them it stands for itself.
    pub(crate) quote: u8,
    /// Before a character that is meant as it stands, in quotes or not.
    pub(crate) escape: Option<u8>,
}

impl Default for Dialect {
    /// RFC 4180.
    fn default() -> Self {
        Self { delimiter: b',', quote: b'"', escape: None }
    }
}

/// The fields of one record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Fields {
    text: Vec<u8>,
    /// Where each field ends, and whether it was in quotes.
    ends: Vec<(usize, bool)>,
    /// The quote that opened the last field is not closed.
    pub(crate) unclosed: bool,
}

impl Fields {
    /// How many fields there are.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// A field's bytes, and whether it was in quotes.
    pub(crate) fn get(&self, place: usize) -> Option<(&[u8], bool)> {
        let (end, quoted) = *self.ends.get(place)?;
        let start = place.checked_sub(1).map_or(0, |before| self.ends[before].0);
        Some((&self.text[start..end], quoted))
    }

    /// The fields' bytes in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.len()).filter_map(|place| self.get(place).map(|(field, _)| field))
    }

    fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
        self.unclosed = false;
    }

    fn end(&mut self, quoted: bool) {
        self.ends.push((self.text.len(), quoted));
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before a record's first byte.
    Between,
    /// Before a field's first byte.
    Start,
    Plain,
    Quoted,
    /// Behind a quote inside a quoted field: its end, or the first of two.
    Closing,
    /// Behind what was in quotes.
    Closed,
    /// Behind the escape character, inside quotes or not.
    Escaped {
        in_quotes: bool,
    },
}

/// Reads records one after the other.
pub(crate) struct Records<R> {
    input: R,
    dialect: Dialect,
    /// The line that is read, from 1.
    line: u64,
    /// The last byte was a carriage return: a line feed behind it belongs to it.
    after_return: bool,
    at_start: bool,
}

impl<R: BufRead> Records<R> {
    pub(crate) fn new(input: R, dialect: Dialect) -> Self {
        Self { input, dialect, line: 1, after_return: false, at_start: true }
    }

    /// Reads the next record into `fields`, and gives the line it starts at; `None` at the end. Empty lines are no records.
    pub(crate) fn read(&mut self, fields: &mut Fields) -> io::Result<Option<u64>> {
        fields.clear();
        let mut state = State::Between;
        let mut began = self.line;
        loop {
            let buffer = self.input.fill_buf()?;
            if buffer.is_empty() {
                return Ok(self.finish(state, fields).then_some(began));
            }
            let mut used = 0;
            if self.at_start {
                self.at_start = false;
                used = if buffer.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
            }
            let mut whole = false;
            while let Some(&byte) = buffer.get(used) {
                used += 1;
                let is_end = matches!(byte, b'\n' | b'\r');
                if byte == b'\n' && std::mem::take(&mut self.after_return) {
                    if matches!(state, State::Quoted) {
                        fields.text.push(byte);
                    }
                    continue;
                }
                self.after_return = byte == b'\r';
                self.line += u64::from(is_end);
                if state == State::Between {
                    if is_end {
                        began = self.line;
                        continue;
                    }
                    state = State::Start;
                }
                state = match step(state, byte, self.dialect, fields) {
                    Some(next) => next,
                    None => {
                        whole = true;
                        break;
                    }
                };
            }
            self.input.consume(used);
            if whole {
                return Ok(Some(began));
            }
            if fields.text.len() > LONGEST {
                let reason =
                    format!("line {began}: the record is longer than 64 MB; a quote may not be closed");
                return Err(io::Error::new(io::ErrorKind::InvalidData, reason));
            }
        }
    }

    /// Ends the last record of the file; false where there is none.
    fn finish(&mut self, state: State, fields: &mut Fields) -> bool {
        match state {
            State::Between => return false,
            State::Start | State::Plain | State::Escaped { in_quotes: false } => fields.end(false),
            State::Closing | State::Closed => fields.end(true),
            State::Quoted | State::Escaped { in_quotes: true } => {
                fields.unclosed = true;
                fields.end(true);
            }
        }
        true
    }
}

/// What follows a byte; `None` at the end of the record.
fn step(state: State, byte: u8, dialect: Dialect, fields: &mut Fields) -> Option<State> {
    let Dialect { delimiter, quote, escape } = dialect;
    let is_escape = escape == Some(byte) && byte != quote;
    Some(match state {
        State::Between | State::Start if byte == quote => State::Quoted,
        State::Between | State::Start | State::Plain => match byte {
            b'\n' | b'\r' => {
                fields.end(false);
                return None;
            }
            byte if byte == delimiter => {
                fields.end(false);
                State::Start
            }
            _ if is_escape => State::Escaped { in_quotes: false },
            byte => {
                fields.text.push(byte);
                State::Plain
            }
        },
        State::Quoted if is_escape => State::Escaped { in_quotes: true },
        State::Quoted if byte == quote => State::Closing,
        State::Quoted => {
            fields.text.push(byte);
            State::Quoted
        }
        State::Closing if byte == quote => {
            fields.text.push(byte);
            State::Quoted
        }
        State::Closing | State::Closed => match byte {
            b'\n' | b'\r' => {
                fields.end(true);
                return None;
            }
            byte if byte == delimiter => {
                fields.end(true);
                State::Start
            }
            byte => {
                fields.text.push(byte);
                State::Closed
            }
        },
        State::Escaped { in_quotes } => {
            fields.text.push(byte);
            if in_quotes { State::Quoted } else { State::Plain }
        }
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const COPY: Dialect = Dialect { delimiter: b',', quote: b'"', escape: Some(b'\\') };

    /// Each record as its line and fields; a field in quotes is in quotes here too.
    fn read(text: &[u8], dialect: Dialect, buffer: usize) -> Vec<(u64, Vec<String>)> {
        let mut records = Records::new(io::BufReader::with_capacity(buffer, text), dialect);
        let mut fields = Fields::default();
        let mut all = Vec::new();
        while let Some(line) = records.read(&mut fields).unwrap() {
            let shown = (0..fields.len()).map(|place| {
                let (field, quoted) = fields.get(place).unwrap();
                let field = String::from_utf8_lossy(field);
                if quoted { format!("\"{field}\"") } else { field.into_owned() }
            });
            all.push((line, shown.collect()));
        }
        all
    }

    fn one(text: &str, dialect: Dialect) -> Vec<String> {
        read(text.as_bytes(), dialect, 4096).remove(0).1
    }

    #[test]
    fn quotes_tell_an_empty_text_from_nothing() {
        assert_eq!(one("a,,\"\",\"b\"\n", Dialect::default()), ["a", "", "\"\"", "\"b\""]);
        assert_eq!(one("\"it \"\"is\"\", so\",x", Dialect::default()), ["\"it \"is\", so\"", "x"]);
        assert_eq!(one("a\"b,\"c\"d", Dialect::default()), ["a\"b", "\"cd\""]);
    }

    #[test]
    fn records_know_their_lines_and_a_mark_at_the_start_is_none_of_them() {
        let text = b"\xef\xbb\xbfa,b\r\n\r\n\"two\r\nlines\",1\rc,d\n\n";
        let expected = [(1, vec!["a", "b"]), (3, vec!["\"two\r\nlines\"", "1"]), (5, vec!["c", "d"])];
        for buffer in [5, 4096] {
            let read = read(text, Dialect::default(), buffer);
            let read: Vec<_> = read
                .iter()
                .map(|(line, fields)| (*line, fields.iter().map(String::as_str).collect()))
                .collect();
            assert_eq!(read, expected);
        }
    }

    #[test]
    fn what_cqlsh_escapes_is_undone_inside_quotes_and_outside() {
        assert_eq!(one(r#"a\,b,"c\"d\\",e\\f,"g""h""#, COPY), [r"a,b", r#""c"d\""#, r"e\f", r#""g"h""#]);
        assert_eq!(one("a\\b", Dialect::default()), ["a\\b"]);
    }

    #[test]
    fn a_quote_that_is_not_closed_is_told() {
        let mut records = Records::new(io::Cursor::new("a,\"b\nc"), Dialect::default());
        let mut fields = Fields::default();
        assert_eq!(records.read(&mut fields).unwrap(), Some(1));
        assert!(fields.unclosed);
        assert_eq!(records.read(&mut fields).unwrap(), None);
    }

    proptest! {
        /// The csv crate writes, we read, whatever the buffer.
        #[test]
        fn what_is_written_is_read(
            rows in prop::collection::vec(prop::collection::vec("[a-z,\"\\\\\r\n é]{0,6}", 2..4), 1..5),
            buffer in 3..40_usize,
            escaped: bool,
        ) {
            let mut writer = csv::WriterBuilder::new()
                .flexible(true)
                .quote_style(csv::QuoteStyle::Always)
                .double_quote(!escaped)
                .escape(b'\\')
                .from_writer(Vec::new());
            for row in &rows {
                writer.write_record(row).unwrap();
            }
            let written = writer.into_inner().unwrap();
            // The crate does not escape the escape character itself.
            prop_assume!(!escaped || !written.contains(&b'\\') || !rows.iter().flatten().any(|field| field.contains('\\')));
            let dialect = if escaped { COPY } else { Dialect::default() };
            let read = read(&written, dialect, buffer);
            let expected: Vec<Vec<String>> =
                rows.iter().map(|row| row.iter().map(|field| format!("\"{field}\"")).collect()).collect();
            prop_assert_eq!(read.into_iter().map(|(_, fields)| fields).collect::<Vec<_>>(), expected);
        }

        #[test]
        fn any_bytes_are_read_in_bounds(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let fields: usize = read(&bytes, COPY, 7).iter().map(|(_, fields)| fields.len()).sum();
            prop_assert!(fields <= bytes.len() + 1);
        }
    }
}
