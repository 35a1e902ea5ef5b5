//! Rows as files: which formats there are, and one writer for each. A writer takes pages in any number and holds a bounded part
//! of them; the file appears under its name when it is complete, and not before.

mod columnar;
mod cql;
mod csv;
mod json;
mod mapped;
mod marked;
mod names;
mod part;
mod text;
mod writer;
mod xlsx;

#[cfg(test)]
mod tests;

pub use self::csv::Dialect;
pub use part::{CompleteFile, PartFile};
pub use writer::{RowWriter, WriteError, Written};

use cqlbook_core::column::Column;
use cqlbook_core::file_format;

/// A file format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// Comma-separated values.
    Csv,
    /// One JSON array of objects.
    Json,
    /// One JSON object a line.
    JsonLines,
    /// Apache Parquet.
    Parquet,
    /// Arrow IPC file.
    Arrow,
    /// Excel workbook.
    Xlsx,
    /// Markdown table.
    Markdown,
    /// HTML table.
    Html,
    /// CQL statements that write the rows again.
    Cql,
}

impl Format {
    /// Every format with its ending.
    pub const ALL: [(Self, &'static str); 9] = [
        (Self::Csv, "csv"),
        (Self::Json, "json"),
        (Self::JsonLines, "jsonl"),
        (Self::Parquet, "parquet"),
        (Self::Arrow, "arrow"),
        (Self::Xlsx, "xlsx"),
        (Self::Markdown, "md"),
        (Self::Html, "html"),
        (Self::Cql, "cql"),
    ];

    /// The format of that name or ending, in any case.
    pub fn named(name: &str) -> Option<Self> {
        let name = file_format::of_written(name)?.name;
        Self::ALL.iter().find(|(_, ending)| *ending == name).map(|(format, _)| *format)
    }

    /// Its name, which is also its ending.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(format, _)| *format == self).map_or("", |(_, ending)| ending)
    }

    /// Whether the file is text, which may be compressed as a whole.
    pub fn is_text(self) -> bool {
        !matches!(self, Self::Parquet | Self::Arrow | Self::Xlsx)
    }
}

/// How a text file is compressed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Compression {
    /// It is not.
    #[default]
    None,
    /// gzip.
    Gz,
    /// Zstandard.
    Zst,
}

/// The format and compression that a file's name tells; `None` for the format where its ending is none of ours.
pub fn of_name(name: &str) -> (Option<Format>, Compression) {
    let lower = name.to_ascii_lowercase();
    let (stem, compression) = if let Some(stem) = lower.strip_suffix(".gz") {
        (stem, Compression::Gz)
    } else if let Some(stem) = lower.strip_suffix(".zst") {
        (stem, Compression::Zst)
    } else {
        (lower.as_str(), Compression::None)
    };
    (stem.rsplit_once('.').and_then(|(_, ending)| Format::named(ending)), compression)
}

/// What a file is to be like.
#[derive(Debug, Clone)]
pub struct Options {
    /// Its format.
    pub format: Format,
    /// Its compression.
    pub compression: Compression,
    /// The form of a CSV file.
    pub dialect: Dialect,
    /// The table that CQL statements write to: keyspace and name, as the schema has them.
    pub table: Option<(String, String)>,
    /// The columns of that table, where they are known, so that statements can be checked.
    pub table_columns: Vec<Column>,
    /// Columns of the result that are none of that table under its own name, each with what it is: an alias, a function's call.
    pub derived: Vec<(String, String)>,
    /// What a page made of the rows is called.
    pub title: String,
}

impl Options {
    /// A file of this format with nothing special about it.
    pub fn new(format: Format) -> Self {
        Self {
            format,
            compression: Compression::None,
            dialect: Dialect::default(),
            table: None,
            table_columns: Vec::new(),
            derived: Vec::new(),
            title: String::new(),
        }
    }
}
