//! What all writers share: pages in, a file out, and what is told of it.

use std::fs::File;
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::sync::Arc;

use cqlbook_core::column::Column;
use cqlbook_core::page::{MalformedPage, Page};

use super::columnar::Columnar;
use super::cql::Statements;
use super::csv::Csv;
use super::json::Json;
use super::mapped::Mapped;
use super::marked::{Html, Markdown};
use super::xlsx::Xlsx;
use super::{Compression, Format, Options, names};
use crate::columns::{ColumnsError, Lost};

/// Text that is collected before it is handed on.
const BUFFER: usize = 256 << 10;

/// A file could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The system's failure: no space, no permission.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The server's bytes contradict themselves.
    #[error(transparent)]
    Page(#[from] MalformedPage),
    /// The rows cannot be made columns.
    #[error(transparent)]
    Columns(#[from] ColumnsError),
    /// Parquet's own failure.
    #[error("Parquet: {0}")]
    Parquet(String),
    /// Excel's own failure.
    #[error("xlsx: {0}")]
    Xlsx(String),
    /// The format cannot hold these rows; a whole sentence says why.
    #[error("{0}")]
    Refused(String),
}

impl WriteError {
    /// The system's failure under it, if that is what it is.
    pub fn io(&self) -> Option<&io::Error> {
        match self {
            Self::Io(error) => Some(error),
            _ => None,
        }
    }
}

/// A file that is complete.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Written {
    /// Its rows.
    pub rows: u64,
    /// What the format could not hold, in whole sentences for the user.
    pub notes: Vec<String>,
}

/// Writes pages to a file.
pub struct RowWriter {
    inner: Inner,
    rows: u64,
    /// What is known from the columns alone.
    notes: Vec<String>,
    mapped: Mapped,
}

enum Inner {
    Text(Box<Text>),
    Columnar(Box<Columnar>),
    Xlsx(Box<Xlsx>),
}

impl Inner {
    fn new(file: File, columns: &Arc<[Column]>, options: &Options) -> Result<Self, WriteError> {
        let format: Box<dyn RowFormat> = match options.format {
            Format::Csv => Box::new(Csv::new(columns, options.dialect.clone())),
            Format::Json => Box::new(Json::array(columns)),
            Format::JsonLines => Box::new(Json::lines(columns)),
            Format::Markdown => Box::new(Markdown::new(columns)),
            Format::Html => Box::new(Html::new(columns, &options.title)),
            Format::Cql => Box::new(Statements::new(columns, options)?),
            Format::Parquet => return Ok(Self::Columnar(Box::new(Columnar::parquet(file, columns)?))),
            Format::Arrow => return Ok(Self::Columnar(Box::new(Columnar::arrow(file, columns)?))),
            Format::Xlsx => return Ok(Self::Xlsx(Box::new(Xlsx::new(file, columns)?))),
        };
        Ok(Self::Text(Box::new(Text::new(format, Sink::new(file, options.compression)?))))
    }
}

impl RowWriter {
    /// A writer of rows with these columns to `file`.
    ///
    /// # Errors
    /// [`WriteError`].
    pub fn new(file: File, columns: &Arc<[Column]>, options: &Options) -> Result<Self, WriteError> {
        let (columns, notes) = names::distinct(columns, options.format);
        let inner = Inner::new(file, &columns, options)?;
        let mapped = Mapped::new(&columns, options.format);
        Ok(Self { inner, rows: 0, notes, mapped })
    }

    /// Rows written so far.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Writes all rows of a page.
    ///
    /// # Errors
    /// [`WriteError`]; the file is of no use then.
    pub fn write(&mut self, page: &dyn Page) -> Result<(), WriteError> {
        self.rows += page.rows() as u64;
        self.mapped.look(page)?;
        match &mut self.inner {
            Inner::Text(text) => text.write(page),
            Inner::Columnar(columnar) => columnar.write(page),
            Inner::Xlsx(xlsx) => xlsx.write(page),
        }
    }

    /// Completes the file.
    ///
    /// # Errors
    /// [`WriteError`].
    pub fn finish(self) -> Result<Written, WriteError> {
        let notes = match self.inner {
            Inner::Text(text) => text.finish()?,
            Inner::Columnar(columnar) => columnar.finish()?,
            Inner::Xlsx(xlsx) => xlsx.finish()?,
        };
        let notes = self.notes.into_iter().chain(notes).chain(self.mapped.note()).collect();
        Ok(Written { rows: self.rows, notes })
    }
}

/// What a user is told of cells that a column could not hold.
pub(crate) fn lost_notes(lost: Lost) -> Vec<String> {
    let mut notes = Vec::new();
    if lost.empty > 0 {
        notes.push(format!(
            "{} became null: values of no bytes, which this format has no form for. CSV, JSON and CQL keep them.",
            values(lost.empty)
        ));
    }
    if lost.keys > 0 {
        let entries = match lost.keys {
            1 => "1 entry of a map was".to_owned(),
            keys => format!("{keys} entries of maps were"),
        };
        notes.push(format!(
            "{entries} left out: a key of no bytes would be null, and this format has no null keys. CSV, JSON and CQL keep them."
        ));
    }
    if lost.malformed > 0 {
        notes
            .push(format!("{} became null: their bytes are no value of their type.", values(lost.malformed)));
    }
    notes
}

/// `1 value`, `2 values`.
pub(crate) fn values(count: u64) -> String {
    if count == 1 { "1 value".to_owned() } else { format!("{count} values") }
}

/// A text format: what stands before the rows, one row, what stands behind them.
pub(crate) trait RowFormat: Send {
    /// Appends what comes first.
    fn begin(&mut self, out: &mut Vec<u8>);

    /// Appends a row.
    fn row(&mut self, cells: &[Option<&[u8]>], out: &mut Vec<u8>) -> Result<(), WriteError>;

    /// Appends what comes last, and tells what could not be held.
    fn end(&mut self, out: &mut Vec<u8>) -> Vec<String>;
}

struct Text {
    format: Box<dyn RowFormat>,
    sink: Sink,
    buffer: Vec<u8>,
}

impl Text {
    fn new(mut format: Box<dyn RowFormat>, sink: Sink) -> Self {
        let mut buffer = Vec::with_capacity(BUFFER + (BUFFER >> 2));
        format.begin(&mut buffer);
        Self { format, sink, buffer }
    }

    fn write(&mut self, page: &dyn Page) -> Result<(), WriteError> {
        let mut outcome = Ok(());
        let Self { format, sink, buffer } = self;
        page.visit(0, &mut |cells| {
            outcome = format.row(cells, buffer).and_then(|()| {
                if buffer.len() >= BUFFER {
                    sink.write_all(buffer)?;
                    buffer.clear();
                }
                Ok(())
            });
            if outcome.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        outcome
    }

    fn finish(mut self) -> Result<Vec<String>, WriteError> {
        let notes = self.format.end(&mut self.buffer);
        self.sink.write_all(&self.buffer)?;
        self.sink.finish()?;
        Ok(notes)
    }
}

/// Where text goes.
enum Sink {
    Plain(File),
    Gz(flate2::write::GzEncoder<File>),
    Zst(zstd::Encoder<'static, File>),
}

impl Sink {
    fn new(file: File, compression: Compression) -> io::Result<Self> {
        Ok(match compression {
            Compression::None => Self::Plain(file),
            Compression::Gz => Self::Gz(flate2::write::GzEncoder::new(file, flate2::Compression::new(4))),
            Compression::Zst => Self::Zst(zstd::Encoder::new(file, 3)?),
        })
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Plain(file) => file.write_all(bytes),
            Self::Gz(encoder) => encoder.write_all(bytes),
            Self::Zst(encoder) => encoder.write_all(bytes),
        }
    }

    fn finish(self) -> io::Result<()> {
        match self {
            Self::Plain(mut file) => file.flush(),
            Self::Gz(encoder) => encoder.finish()?.flush(),
            Self::Zst(encoder) => encoder.finish()?.flush(),
        }
    }
}
