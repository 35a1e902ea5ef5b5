//! What is read from: a file's rows one after the other, whatever its format. Runs on a thread of its own.

use std::borrow::Cow;
use std::io::{BufRead, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use cqlbook_analysis::encoding::{self, Encoding};
use cqlbook_analysis::separated::{self, Dialect, Fields, Flaw, Records};
use cqlbook_analysis::unpack;
use cqlbook_cluster::Cell;
use cqlbook_core::file_format;
use cqlbook_core::value::Notes;

use super::columns::Columns;
use super::fields::Habits;
use super::kinds;
use super::marked;
use super::objects::Objects;
use super::outcome::LoadError;
use super::plan::Goal;

/// The formats that can be loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// Separated fields.
    Csv,
    /// One JSON object a line.
    Jsonl,
    /// JSON objects in one array, or one behind the other.
    Json,
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
        match file_format::of_loaded(name.unwrap_or(&ending))?.name {
            // Rows of a file of columns are set aside as CSV.
            "parquet" | "arrow" if is_rejected => Some(Self::Csv),
            "csv" => Some(Self::Csv),
            "jsonl" => Some(Self::Jsonl),
            "json" => Some(Self::Json),
            "parquet" => Some(Self::Parquet),
            "arrow" => Some(Self::Arrow),
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
    /// The file's text, unpacked, as UTF-8, and without the reasons where it is one of rejected rows.
    pub(super) fn text(&self, read: &Arc<AtomicU64>) -> Result<Box<dyn BufRead + Send>, LoadError> {
        kinds::check_text(&self.path)?;
        let (input, is_marked) = marked::looked_at(unpack::open(&self.path, read)?)?;
        // Rejected rows are written as UTF-8, whatever their source was: the line that loaded it loads them.
        let encoding = if is_marked { Encoding::Utf8 } else { self.habits.encoding };
        Ok(marked::rows(encoding::decoded(input, encoding)?)?)
    }

    /// The text of a file of separated fields, its dialect, and the line that it starts at. `COPY` takes each line for a record, as
    /// cqlsh does.
    pub(super) fn separated(
        &self,
        read: &Arc<AtomicU64>,
    ) -> Result<(Box<dyn BufRead + Send>, Dialect, u64), LoadError> {
        let input = self.text(read)?;
        if self.habits.cqlsh {
            return Ok((input, self.dialect, 1));
        }
        Ok(separated::begin(input, self.dialect)?)
    }

    /// The records of a file of separated fields.
    fn records(&self, read: &Arc<AtomicU64>) -> Result<Records<Box<dyn BufRead + Send>>, LoadError> {
        let (input, dialect, line) = self.separated(read)?;
        Ok(Records::new(input, dialect, line))
    }

    /// Opens the file at its first row; `read` counts the bytes that are read of it.
    pub(super) fn open(&self, read: &Arc<AtomicU64>) -> Result<Box<dyn Source>, LoadError> {
        Ok(match self.format {
            Format::Parquet | Format::Arrow => Box::new(Columns::open(self)?),
            Format::Csv => {
                let records = self.records(read)?;
                let mut source = Csv { records, fields: Fields::default(), width: None };
                if self.header {
                    source.records.read(&mut source.fields)?;
                    source.width = Some(source.fields.len());
                }
                Box::new(source)
            }
            format => Box::new(Objects::new(self.text(read)?, format == Format::Json)),
        })
    }

    /// What the file says of its fields.
    pub(crate) fn titles(&self) -> Result<Titles, LoadError> {
        let read = Arc::default();
        match self.format {
            Format::Csv => {
                let mut fields = Fields::default();
                let mut records = self.records(&read)?;
                records.read(&mut fields)?;
                if !self.header {
                    return Ok(Titles::Places(fields.len()));
                }
                if let Some(flaw) = fields.flaw {
                    let told = told(flaw, records.dialect());
                    let hints: String =
                        self.hints().iter().map(|hint| format!(". {}", hint.trim_end_matches('.'))).collect();
                    let reason = format!("its first line names no fields: {told}{hints}");
                    return Err(LoadError::Format(reason));
                }
                let name = |field| String::from_utf8_lossy(field).trim().to_owned();
                Ok(Titles::Names(fields.iter().map(name).collect()))
            }
            Format::Parquet | Format::Arrow => Ok(Titles::Names(Columns::open(self)?.titles())),
            Format::Jsonl | Format::Json => {
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

    /// What may be meant by a file whose fields do not find their columns: another delimiter, or another format.
    pub(crate) fn hints(&self) -> Vec<String> {
        if self.format != Format::Csv {
            return Vec::new();
        }
        let Ok((input, dialect, _)) = self.separated(&Arc::default()) else { return Vec::new() };
        let mut line = Vec::new();
        if input.take(64 << 10).read_until(b'\n', &mut line).is_err() {
            return Vec::new();
        }
        kinds::hints(&line, dialect, self.habits.cqlsh)
    }
}

/// Why a line cannot be read, and the options that read it.
fn told(flaw: Flaw, dialect: Dialect) -> String {
    flaw.told(if dialect.escape.is_some() {
        "a quote inside quotes is written twice or escaped"
    } else {
        "a quote inside quotes is written twice; `--escape '\\'` or COPY reads \\\" as one"
    })
}

/// A row as it stands in the file.
pub(super) enum Original<'a> {
    /// Its fields.
    Fields(Vec<Option<Cow<'a, [u8]>>>),
    /// Its line.
    Line(&'a [u8]),
    /// Why it cannot be written.
    Formless(String),
}

/// The rows of a file.
pub(super) trait Source {
    /// Steps to the next row, and gives the line it starts at, from 1; `None` at the end.
    fn next(&mut self) -> Result<Option<u64>, LoadError>;

    /// The row's cells for these goals, or why it has none. What is to be told of its values is counted in `notes`, which are the row's own: one
    /// that is rejected is told of by its reason only.
    fn cells(&mut self, goals: &[Goal], habits: &Habits, notes: &mut Notes) -> Result<Vec<Cell>, String>;

    /// The row as it stands; these are its goals.
    fn original(&self, goals: &[Goal]) -> Original<'_>;

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

    fn cells(&mut self, goals: &[Goal], habits: &Habits, notes: &mut Notes) -> Result<Vec<Cell>, String> {
        let (fields, width) = (self.fields.len(), self.width.unwrap_or_default());
        if let Some(flaw) = self.fields.flaw {
            return Err(told(flaw, self.records.dialect()));
        }
        if fields != width {
            return Err(format!("the line has {fields} fields, not {width}"));
        }
        goals.iter().map(|goal| habits.cell(&goal.column, self.fields.get(goal.field), notes)).collect()
    }

    fn original(&self, _goals: &[Goal]) -> Original<'_> {
        Original::Fields(self.fields.iter().map(Cow::Borrowed).map(Some).collect())
    }
}
