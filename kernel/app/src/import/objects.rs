//! Rows that are JSON objects: one a line, or the elements of one array, or one behind the other. Read as they come: of a file of
//! any length no more than one object is held.

use std::collections::{BTreeSet, HashMap};
use std::io::{self, BufRead, Read};

use cqlbook_analysis::encoding::Encoding;
use cqlbook_cluster::Cell;
use cqlbook_core::value::{Notes, json};

use super::fields::Habits;
use super::outcome::LoadError;
use super::plan::Goal;
use super::source::{Original, Source};

/// A line or an object longer than this is none.
const LONGEST: usize = 64 << 20;
/// Names that no column has, kept for the summary at most.
pub(crate) const NAMES: usize = 100;

/// How objects follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layout {
    /// Not looked at yet.
    Unknown,
    /// Each has a line of its own.
    Lines,
    /// They are the elements of an array, and this is the first of them or not.
    Array { first: bool },
    /// They stand one behind the other, on as many lines as they like.
    Stream,
    /// The array is closed.
    Over,
}

/// The objects of a file.
pub(super) struct Objects<R> {
    input: R,
    layout: Layout,
    /// Objects may take several lines.
    is_free: bool,
    object: Vec<u8>,
    /// The line that is read, from 1.
    line: u64,
    /// The goal that a name leads to.
    places: HashMap<String, usize>,
    unknown: BTreeSet<String>,
}

impl<R: BufRead> Objects<R> {
    /// `is_free`: an object may take several lines, as in a `.json` file.
    pub(super) fn new(input: R, is_free: bool) -> Self {
        Self {
            input,
            layout: Layout::Unknown,
            is_free,
            object: Vec::new(),
            line: 0,
            places: HashMap::new(),
            unknown: BTreeSet::new(),
        }
    }

    fn text(&self, encoding: Encoding) -> Result<&str, String> {
        std::str::from_utf8(&self.object).map_err(|_| format!("the line: {}", encoding.wrong()))
    }

    fn failed(&self, what: &str) -> LoadError {
        let reason = format!("line {}: {what}", self.line);
        io::Error::new(io::ErrorKind::InvalidData, reason).into()
    }

    /// The byte that comes next; `None` at the end.
    fn peek(&mut self) -> io::Result<Option<u8>> {
        Ok(self.input.fill_buf()?.first().copied())
    }

    /// Steps over blanks and line ends, and gives the byte behind them.
    fn skip_space(&mut self) -> io::Result<Option<u8>> {
        while let Some(byte) = self.peek()? {
            match byte {
                b'\n' => self.line += 1,
                b' ' | b'\t' | b'\r' => {}
                byte => return Ok(Some(byte)),
            }
            self.input.consume(1);
        }
        Ok(None)
    }

    /// The next line that is not empty.
    fn next_line(&mut self) -> Result<Option<u64>, LoadError> {
        loop {
            self.object.clear();
            let length = (&mut self.input).take(LONGEST as u64).read_until(b'\n', &mut self.object)?;
            if length == LONGEST {
                return Err(self.failed("it is longer than 64 MB"));
            }
            if length == 0 {
                return Ok(None);
            }
            let number = self.line;
            self.line += 1;
            let trimmed = self.object.trim_ascii_end().len();
            self.object.truncate(trimmed);
            if trimmed > 0 {
                return Ok(Some(number));
            }
        }
    }

    /// The next element of the array, or the next object of many.
    fn next_free(&mut self) -> Result<Option<u64>, LoadError> {
        self.object.clear();
        let mut next = self.skip_space()?;
        if let Layout::Array { first } = self.layout {
            match next {
                Some(b']') => {
                    self.input.consume(1);
                    self.layout = Layout::Over;
                    if self.skip_space()?.is_some() {
                        return Err(self.failed("there is more behind the array's end"));
                    }
                    return Ok(None);
                }
                Some(b',') if !first => {
                    self.input.consume(1);
                    next = self.skip_space()?;
                    if matches!(next, Some(b']' | b',')) {
                        return Err(self.failed("expected an object behind `,`"));
                    }
                }
                Some(_) if first => {}
                Some(_) => return Err(self.failed("expected `,` or `]` behind an object of the array")),
                None => return Err(self.failed("the array is not closed; the file may have been cut")),
            }
            self.layout = Layout::Array { first: false };
        }
        let Some(_) = next else { return Ok(None) };
        let began = self.line;
        self.value()?;
        Ok(Some(began))
    }

    /// Takes one value as it stands; line ends between its parts become blanks, so that it fits a line.
    fn value(&mut self) -> Result<(), LoadError> {
        let (mut depth, mut in_text, mut escaped) = (0_u64, false, false);
        loop {
            let buffer = self.input.fill_buf()?;
            if buffer.is_empty() {
                // What is cut is no JSON, and its row says so.
                return Ok(());
            }
            let (mut used, mut whole) = (0, false);
            for &byte in buffer {
                if in_text {
                    match byte {
                        _ if escaped => escaped = false,
                        b'\\' => escaped = true,
                        b'"' => in_text = false,
                        b'\n' => self.line += 1,
                        _ => {}
                    }
                } else {
                    match byte {
                        b'"' => in_text = true,
                        b'[' | b'{' => depth += 1,
                        // The end of a value without brackets is before what ends it.
                        b']' | b'}' | b',' | b' ' | b'\t' | b'\r' | b'\n'
                            if depth == 0 && !self.object.is_empty() =>
                        {
                            whole = true;
                            break;
                        }
                        b']' | b'}' => depth = depth.saturating_sub(1),
                        b'\n' => self.line += 1,
                        _ => {}
                    }
                }
                used += 1;
                let is_break = matches!(byte, b'\n' | b'\r') && !in_text;
                self.object.push(if is_break { b' ' } else { byte });
                if depth == 0 && !in_text && matches!(byte, b']' | b'}' | b'"') {
                    whole = true;
                    break;
                }
            }
            self.input.consume(used);
            if whole {
                return Ok(());
            }
            if self.object.len() > LONGEST {
                return Err(self.failed("an object is longer than 64 MB"));
            }
        }
    }

    fn convert(&mut self, goals: &[Goal], habits: &Habits, notes: &mut Notes) -> Result<Vec<Cell>, String> {
        let mut cells: Vec<Option<Cell>> = vec![None; goals.len()];
        let wanted = |name: &str| place_of(goals, &self.places, name).is_some();
        let mut unknown = Vec::new();
        let members = json::members(self.text(habits.encoding)?, &wanted)?;
        for (name, given) in members {
            let Some(place) = place_of(goals, &self.places, &name) else {
                if self.unknown.len() + unknown.len() < NAMES {
                    unknown.push(name.chars().take(100).collect::<String>());
                }
                continue;
            };
            let column = &goals[place].column;
            if cells[place].is_some() {
                return Err(format!("two of its names are the column {}", column.name));
            }
            let bytes = habits
                .forms
                .given(&column.cql_type, &given, notes)
                .map_err(|error| format!("{}: {error}", column.name))?;
            cells[place] = Some(match bytes {
                Some(bytes) => Cell::Bytes(bytes.into()),
                None => habits.missing(column)?,
            });
        }
        // What the line does not name is left as it is, whatever becomes of its nulls.
        let absent = Habits { write_nulls: false, ..Habits::default() };
        let cells = cells.into_iter().zip(goals);
        let cells = cells.map(|(cell, goal)| cell.map_or_else(|| absent.missing(&goal.column), Ok)).collect();
        self.unknown.extend(unknown);
        cells
    }
}

impl<R: BufRead> Source for Objects<R> {
    fn next(&mut self) -> Result<Option<u64>, LoadError> {
        if self.layout == Layout::Unknown {
            self.line = 1;
            let first = self.skip_space()?;
            self.layout = match first {
                Some(b'[') => {
                    self.input.consume(1);
                    Layout::Array { first: true }
                }
                _ if self.is_free => Layout::Stream,
                _ => Layout::Lines,
            };
        }
        match self.layout {
            Layout::Over => Ok(None),
            Layout::Lines => self.next_line(),
            _ => self.next_free(),
        }
    }

    fn cells(&mut self, goals: &[Goal], habits: &Habits, notes: &mut Notes) -> Result<Vec<Cell>, String> {
        if self.places.is_empty() {
            let names = goals.iter().enumerate().map(|(place, goal)| (goal.column.name.clone(), place));
            self.places = names.collect();
        }
        self.convert(goals, habits, notes)
    }

    fn original(&self, _goals: &[Goal]) -> Original<'_> {
        Original::Line(&self.object)
    }

    fn names(&self) -> Option<Vec<String>> {
        let members = json::members(self.text(Encoding::Utf8).ok()?, &|_| false).ok()?;
        Some(members.into_iter().map(|(name, _)| name.into_owned()).collect())
    }

    fn unknown(&self) -> Vec<String> {
        self.unknown.iter().cloned().collect()
    }
}

/// The goal whose column a name means: as it stands, as CQL writes it, or in lower case.
fn place_of(goals: &[Goal], places: &HashMap<String, usize>, name: &str) -> Option<usize> {
    let find = |name: &str| places.get(name).copied().filter(|place| *place < goals.len());
    let quoted = name.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    find(name).or_else(|| find(&quoted?.replace("\"\"", "\""))).or_else(|| find(&name.to_lowercase()))
}

#[cfg(test)]
mod tests {
    use cqlbook_core::column::{Column, CqlType, KeyRole};

    use super::*;

    fn goals() -> Vec<Goal> {
        let column = |name: &str, cql_type, role| Column { name: name.to_owned(), cql_type, role };
        vec![
            Goal { field: 0, column: column("k", CqlType::Int, Some(KeyRole::Partition)) },
            Goal { field: 1, column: column("t", CqlType::Text, None) },
        ]
    }

    /// A row's line, and its key or why it has none.
    type Row = (u64, Result<u8, String>);

    fn read(text: &str, is_free: bool, buffer: usize) -> Result<Vec<Row>, String> {
        let mut source = Objects::new(io::BufReader::with_capacity(buffer, text.as_bytes()), is_free);
        let mut rows = Vec::new();
        while let Some(line) = source.next().map_err(|error| error.to_string())? {
            let cells = source.cells(&goals(), &Habits::default(), &mut Notes::default());
            let key = cells.map(|cells| match &cells[0] {
                Cell::Bytes(bytes) => bytes[3],
                _ => 0,
            });
            assert!(!source.object.contains(&b'\n'), "it fits a line");
            rows.push((line, key));
        }
        Ok(rows)
    }

    #[test]
    fn an_array_is_read_element_by_element() {
        let text = " [\n{\"k\": 1, \"t\": \"a]}\\\"\"},\n {\"k\":\n2},{\"k\":3}\n,\n5, \"x\", [1]]\n";
        for (is_free, buffer) in [(true, 1), (true, 4096), (false, 7)] {
            let rows = read(text, is_free, buffer).unwrap();
            let keys: Vec<_> = rows.iter().map(|(line, key)| (*line, key.clone().ok())).collect();
            let lines = [(2, Some(1)), (3, Some(2)), (4, Some(3)), (6, None), (6, None), (6, None)];
            assert_eq!(keys, lines, "{buffer}");
        }
        assert_eq!(read("[]", true, 9).unwrap(), []);
        assert_eq!(read("", true, 9).unwrap(), []);
        for (wrong, told) in [
            ("[{\"k\": 1}", "not closed"),
            ("[{\"k\": 1} {\"k\": 2}]", "expected `,`"),
            ("[{\"k\": 1}] x", "more behind"),
            ("[{\"k\": 1}, ]", "expected an object"),
            ("[{\"k\": 1},,{\"k\": 2}]", "expected an object"),
        ] {
            let error = read(wrong, true, 9).unwrap_err();
            assert!(error.contains(told), "{error}");
        }
    }

    #[test]
    fn objects_may_stand_one_behind_the_other() {
        let pretty = "{\n  \"k\": 1\n}\n{\n  \"k\": 2\n}\n";
        let rows = read(pretty, true, 5).unwrap();
        assert_eq!(rows, [(1, Ok(1)), (4, Ok(2))]);
        let lines = "{\"k\": 1}\n\n{\"k\": oops}\n{\"k\": 3}";
        for is_free in [true, false] {
            let rows = read(lines, is_free, 4096).unwrap();
            assert_eq!((&rows[0], rows[1].0, &rows[2]), (&(1, Ok(1)), 3, &(4, Ok(3))));
            assert!(rows[1].1.is_err());
        }
    }

    #[test]
    fn what_is_nested_without_end_is_rejected() {
        for levels in [65, 3_000, 100_000] {
            for name in ["t", "stranger"] {
                let line = format!("{{\"k\": 1, \"{name}\": {}{}}}", "[".repeat(levels), "]".repeat(levels));
                for is_free in [true, false] {
                    let rows = read(&format!("{line}\n{{\"k\": 2}}\n"), is_free, 4096).unwrap();
                    assert!(rows[0].1.as_ref().is_err_and(|reason| reason.contains("nested")), "{rows:?}");
                    assert_eq!(rows[1].1, Ok(2));
                }
            }
        }
    }

    #[test]
    fn names_of_no_column_are_kept_in_bounds() {
        let lines: String = (0..5_000).map(|number| format!("{{\"k\": 1, \"n{number}\": 1}}\n")).collect();
        let mut source = Objects::new(lines.as_bytes(), false);
        while source.next().unwrap().is_some() {
            source.cells(&goals(), &Habits::default(), &mut Notes::default()).unwrap();
        }
        assert_eq!((source.unknown.len(), source.places.len()), (NAMES, 2));
        let twice = read("{\"k\": 1, \"K\": 2}", false, 64).unwrap().remove(0).1.unwrap_err();
        assert!(twice.contains("two of its names"), "{twice}");
    }
}
