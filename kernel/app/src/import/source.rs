//! What is read from: a file's rows one after the other, whatever its format. Runs on a thread of its own.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::io::{self, BufRead, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use cqlbook_analysis::unpack;
use cqlbook_cluster::Cell;
use cqlbook_core::value;

use super::columns::Columns;
use super::dialect::{Dialect, Fields, Records};
use super::fields::Habits;
use super::json;
use super::marked;
use super::outcome::LoadError;
use super::plan::Goal;

/// A line of JSON longer than this is none.
const LONGEST_LINE: u64 = 64 << 20;
/// Names that no column has, kept for the summary at most.
const NAMES: usize = 20;

/// The formats that can be loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// Separated fields.
    Csv,
    /// One JSON object a line.
    Jsonl,
    /// Columns, as analysts pass them on.
    Parquet,
    /// Arrow's own file of columns.
    Arrow,
}

impl Format {
    /// The format of that name, or the one that a file's ending tells; `None` where it tells none.
    pub(crate) fn of(path: &Path, name: Option<&str>) -> Option<Self> {
        let (path, is_rejected) = of_rejected(path);
        let ending = unpack::ending(path);
        match name.unwrap_or(&ending) {
            // Rows of a file of columns are set aside as CSV.
            "parquet" | "pq" | "arrow" | "feather" if is_rejected => Some(Self::Csv),
            "csv" | "tsv" | "txt" => Some(Self::Csv),
            "jsonl" | "ndjson" => Some(Self::Jsonl),
            "parquet" | "pq" => Some(Self::Parquet),
            "arrow" | "feather" => Some(Self::Arrow),
            _ => None,
        }
    }
}

/// The file that rejected rows are of, if these are any.
fn of_rejected(path: &Path) -> (&Path, bool) {
    let Some(name) = path.to_str() else { return (path, false) };
    let unnumbered =
        name.rsplit_once('.').filter(|(_, number)| number.bytes().all(|byte| byte.is_ascii_digit()));
    let name = unnumbered.map_or(name, |(name, _)| name);
    match name.strip_suffix(".rejected") {
        Some(source) => (of_rejected(Path::new(source)).0, true),
        None => (path, false),
    }
}

/// How a file is read.
#[derive(Debug, Clone)]
pub(crate) struct Spec {
    pub(crate) path: PathBuf,
    pub(crate) format: Format,
    /// Of separated fields.
    pub(crate) dialect: Dialect,
    /// The first line names the fields.
    pub(crate) header: bool,
    pub(crate) habits: Habits,
}

/// What a file says of its fields before it is loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Titles {
    /// Their names, for all rows.
    Names(Vec<String>),
    /// How many there are in the first row.
    Places(usize),
    /// The names in the first row; others may have others.
    Members(Vec<String>),
}

impl Spec {
    /// The file's text, unpacked, and without the reasons where it is one of rejected rows.
    pub(super) fn input(&self, read: &Arc<AtomicU64>) -> io::Result<Box<dyn BufRead + Send>> {
        marked::rows(unpack::open(&self.path, read)?)
    }

    /// Opens the file at its first row; `read` counts the bytes that are read of it.
    pub(super) fn open(&self, read: &Arc<AtomicU64>) -> Result<Box<dyn Source>, LoadError> {
        Ok(match self.format {
            Format::Parquet | Format::Arrow => Box::new(Columns::open(self)?),
            Format::Csv => {
                let input = self.input(read)?;
                let mut source = Csv {
                    records: Records::new(input, self.dialect),
                    fields: Fields::default(),
                    width: None,
                };
                if self.header {
                    source.records.read(&mut source.fields)?;
                    source.width = Some(source.fields.len());
                }
                Box::new(source)
            }
            Format::Jsonl => Box::new(Jsonl {
                input: self.input(read)?,
                line: Vec::new(),
                number: 0,
                places: HashMap::new(),
                unknown: BTreeSet::new(),
            }),
        })
    }

    /// What the file says of its fields.
    pub(crate) fn titles(&self) -> Result<Titles, LoadError> {
        let read = Arc::default();
        match self.format {
            Format::Csv => {
                let mut fields = Fields::default();
                Records::new(self.input(&read)?, self.dialect).read(&mut fields)?;
                if !self.header {
                    return Ok(Titles::Places(fields.len()));
                }
                let name = |field| String::from_utf8_lossy(field).trim().to_owned();
                Ok(Titles::Names(fields.iter().map(name).collect()))
            }
            Format::Parquet | Format::Arrow => Ok(Titles::Names(Columns::open(self)?.titles())),
            Format::Jsonl => {
                let mut source = self.open(&read)?;
                while source.next()?.is_some() {
                    if let Some(names) = source.names() {
                        return Ok(Titles::Members(names));
                    }
                }
                Ok(Titles::Members(Vec::new()))
            }
        }
    }
}

/// A row as it stands in the file.
pub(super) enum Original<'a> {
    /// Its fields.
    Fields(Vec<Option<Cow<'a, [u8]>>>),
    /// Its line.
    Line(&'a [u8]),
}

/// The rows of a file.
pub(super) trait Source {
    /// Steps to the next row, and gives the line it starts at, from 1; `None` at the end.
    fn next(&mut self) -> Result<Option<u64>, LoadError>;

    /// The row's cells for these goals, or why it has none.
    fn cells(&mut self, goals: &[Goal], habits: &Habits) -> Result<Vec<Cell>, String>;

    /// The row as it stands.
    fn original(&self) -> Original<'_>;

    /// The names of the row's fields, where each row has its own and this one can be read.
    fn names(&self) -> Option<Vec<String>> {
        None
    }

    /// Names that were met and are no column's.
    fn unknown(&self) -> Vec<String> {
        Vec::new()
    }
}

/// Separated fields.
struct Csv<R> {
    records: Records<R>,
    fields: Fields,
    /// How many fields a row has: as many as the header, or as the first row.
    width: Option<usize>,
}

impl<R: BufRead> Source for Csv<R> {
    fn next(&mut self) -> Result<Option<u64>, LoadError> {
        let line = self.records.read(&mut self.fields)?;
        if line.is_some() {
            self.width.get_or_insert(self.fields.len());
        }
        Ok(line)
    }

    fn cells(&mut self, goals: &[Goal], habits: &Habits) -> Result<Vec<Cell>, String> {
        let (fields, width) = (self.fields.len(), self.width.unwrap_or_default());
        if self.fields.unclosed {
            return Err("a quote of this line is not closed".to_owned());
        }
        if fields != width {
            return Err(format!("the line has {fields} fields, not {width}"));
        }
        goals.iter().map(|goal| habits.cell(&goal.column, self.fields.get(goal.field))).collect()
    }

    fn original(&self) -> Original<'_> {
        Original::Fields(self.fields.iter().map(Cow::Borrowed).map(Some).collect())
    }
}

/// One JSON object a line.
struct Jsonl<R> {
    input: R,
    line: Vec<u8>,
    number: u64,
    /// The goal that a name leads to.
    places: HashMap<String, Option<usize>>,
    unknown: BTreeSet<String>,
}

impl<R> Jsonl<R> {
    fn text(&self) -> Result<&str, String> {
        std::str::from_utf8(&self.line).map_err(|_| "the line is no UTF-8".to_owned())
    }
}

impl<R: BufRead> Source for Jsonl<R> {
    fn next(&mut self) -> Result<Option<u64>, LoadError> {
        loop {
            self.line.clear();
            let length = (&mut self.input).take(LONGEST_LINE).read_until(b'\n', &mut self.line)? as u64;
            if length == LONGEST_LINE {
                let reason = format!("line {} is longer than 64 MB", self.number + 1);
                return Err(io::Error::new(io::ErrorKind::InvalidData, reason).into());
            }
            if length == 0 {
                return Ok(None);
            }
            if self.number == 0 && self.line.starts_with(b"\xef\xbb\xbf") {
                self.line.drain(..3);
            }
            self.number += 1;
            let trimmed = self.line.trim_ascii_end().len();
            self.line.truncate(trimmed);
            if trimmed > 0 {
                return Ok(Some(self.number));
            }
        }
    }

    fn cells(&mut self, goals: &[Goal], habits: &Habits) -> Result<Vec<Cell>, String> {
        let line = std::mem::take(&mut self.line);
        let cells = self.convert(&line, goals, habits);
        self.line = line;
        cells
    }

    fn original(&self) -> Original<'_> {
        Original::Line(&self.line)
    }

    fn names(&self) -> Option<Vec<String>> {
        let members = json::members(self.text().ok()?).ok()?;
        Some(members.into_iter().map(|(name, _)| name.into_owned()).collect())
    }

    fn unknown(&self) -> Vec<String> {
        self.unknown.iter().cloned().collect()
    }
}

impl<R> Jsonl<R> {
    fn convert(&mut self, line: &[u8], goals: &[Goal], habits: &Habits) -> Result<Vec<Cell>, String> {
        let text = std::str::from_utf8(line).map_err(|_| "the line is no UTF-8".to_owned())?;
        let mut cells: Vec<Option<Cell>> = vec![None; goals.len()];
        for (name, value) in json::members(text)? {
            let place = match self.places.get(name.as_ref()) {
                Some(place) => *place,
                None => {
                    let place = place_of(goals, &name);
                    self.places.insert(name.clone().into_owned(), place);
                    if place.is_none() && self.unknown.len() < NAMES {
                        self.unknown.insert(name.into_owned());
                    }
                    place
                }
            };
            let Some(place) = place else { continue };
            let column = &goals[place].column;
            let told = |reason: String| format!("{}: {reason}", column.name);
            let given = json::given(value).map_err(told)?;
            let bytes =
                value::from_given(&column.cql_type, &given).map_err(|error| told(error.to_string()))?;
            cells[place] = Some(match bytes {
                Some(bytes) => Cell::Bytes(bytes.into()),
                None => habits.missing(column)?,
            });
        }
        // What the line does not name is left as it is, whatever becomes of its nulls.
        let absent = Habits { write_nulls: false, ..Habits::default() };
        let cells = cells.into_iter().zip(goals);
        cells.map(|(cell, goal)| cell.map_or_else(|| absent.missing(&goal.column), Ok)).collect()
    }
}

/// The goal whose column a name means: as it stands, as CQL writes it, or in lower case.
fn place_of(goals: &[Goal], name: &str) -> Option<usize> {
    let find = |name: &str| goals.iter().position(|goal| goal.column.name == name);
    let quoted = name.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    find(name).or_else(|| find(&quoted?.replace("\"\"", "\""))).or_else(|| find(&name.to_lowercase()))
}
