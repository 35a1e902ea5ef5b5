//! Files as tables of a query, read by arrow-rs: parquet, arrow, csv and json lines. Only the columns that the query names are
//! read, and no more bytes than a table may take.

mod guess;
mod lines;
mod pages;
pub(super) mod parquet;
#[cfg(test)]
mod tests;
mod text;

use std::fs::{File, Metadata};
use std::io::{BufRead, ErrorKind};
use std::path::Path;
use std::sync::Arc;

use arrow_array::RecordBatch;
use cqlbook_core::column::{Column, CqlType};
use cqlbook_core::file_format;
use cqlbook_core::page::Page;

use super::{Input, Query, SqlError, of_pages};
use cqlbook_analysis::columns::BatchPage;
use cqlbook_analysis::damaged::{caught, check_arrow};
use cqlbook_analysis::encoding::{self, Encoding};
use cqlbook_analysis::unpack;

/// A table read from a file may take this many times what a result may: it is gone when the query is done.
const TIMES: usize = 4;
/// How many columns a file may have.
const MAX_COLUMNS: usize = 10_000;

/// Reads the file at `path`, which the user typed as `typed`.
pub(super) fn read(
    path: &Path,
    typed: &str,
    null: Option<&str>,
    query: &Query,
    limit: usize,
) -> Result<Input, SqlError> {
    let ending = unpack::ending(path);
    let reader = Reader { path, typed, query, limit: limit.saturating_mul(TIMES) };
    let before = match std::fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err(reader.failed("there is no such file"));
        }
        Err(error) => return Err(reader.failed(error)),
        Ok(metadata) if metadata.is_dir() => return Err(reader.failed("it is a folder")),
        // A pipe would be waited for, and a device read for ever.
        Ok(metadata) if !metadata.is_file() => return Err(reader.failed("it is no regular file")),
        Ok(metadata) => metadata,
    };
    let read = || {
        match file_format::of_loaded(&ending).map_or("", |format| format.name) {
        "parquet" | "arrow" if unpack::is_packed(path) => {
            Err(reader.failed("a file of this format is not compressed as a whole: unpack it"))
        }
        "arrow" => reader.arrow(),
        "csv" if ending == "tsv" => reader.delimited(b'\t', null.unwrap_or_default()),
        "csv" => reader.delimited(b',', null.unwrap_or_default()),
        "jsonl" => reader.json_lines(),
        _ => Err(reader.failed("its ending is not one of `.parquet`, `.arrow`, `.csv`, `.tsv`, `.jsonl` (of text also `.csv.gz`, `.csv.zst`)")),
    }
    };
    let input = caught(read, |words| reader.failed(format!("it is damaged: {words}")))?;
    // It is read more than once: for its columns and their types, and for their values.
    match std::fs::metadata(path) {
        Ok(after) if is_same(&before, &after) => Ok(input),
        _ => Err(reader.changed()),
    }
}

/// Whether a file is still what it was.
fn is_same(before: &Metadata, after: &Metadata) -> bool {
    #[cfg(unix)]
    let file = {
        use std::os::unix::fs::MetadataExt as _;
        before.dev() == after.dev() && before.ino() == after.ino()
    };
    #[cfg(not(unix))]
    let file = true;
    file && before.len() == after.len() && before.modified().ok() == after.modified().ok()
}

struct Reader<'a> {
    path: &'a Path,
    typed: &'a str,
    query: &'a Query,
    limit: usize,
}

impl Reader<'_> {
    fn failed(&self, reason: impl std::fmt::Display) -> SqlError {
        let reason = reason.to_string();
        SqlError::File { path: self.typed.to_owned(), reason: reason.trim_end_matches('.').to_owned() }
    }

    /// The file is not what it was when its types were found.
    fn changed(&self) -> SqlError {
        self.failed("it changed while it was read. Run the cell again, or read a copy of it")
    }

    fn open(&self) -> Result<File, SqlError> {
        File::open(self.path).map_err(|error| self.failed(error))
    }

    /// The file's text, unpacked where it is compressed, as UTF-8.
    fn text(&self) -> Result<Box<dyn BufRead + Send>, SqlError> {
        let decoded = unpack::open(self.path, &Arc::default())
            .and_then(|input| encoding::decoded(input, Encoding::default()));
        decoded.map_err(|error| self.failed(error))
    }

    fn arrow(&self) -> Result<Input, SqlError> {
        let open = |projection| {
            let mut file = self.open()?;
            check_arrow(&mut file).map_err(|error| self.failed(error))?;
            let file = std::io::BufReader::new(file);
            arrow_ipc::reader::FileReader::try_new(file, projection).map_err(|error| self.failed(error))
        };
        let schema = open(None)?.schema();
        self.check_columns(schema.fields().len())?;
        let wanted = self.wanted(schema.fields().iter().map(|field| field.name().as_str()));
        let reader = open(Some(wanted))?;
        self.batches(reader.map(|batch| batch.map_err(|error| self.failed(error))), self.columns(&schema)?)
    }

    /// The places of the columns that the query names, the first if it names none.
    fn wanted<'b>(&self, names: impl Iterator<Item = &'b str>) -> Vec<usize> {
        let mut wanted: Vec<usize> =
            names.enumerate().filter(|(_, name)| self.query.needs(name)).map(|(place, _)| place).collect();
        if wanted.is_empty() {
            wanted.push(0);
        }
        wanted
    }

    /// That a file has columns, and no more than a table may have.
    fn check_columns(&self, count: usize) -> Result<(), SqlError> {
        match count {
            0 => Err(self.failed("it has no columns")),
            1..=MAX_COLUMNS => Ok(()),
            _ => {
                Err(self
                    .failed(format!("it has {count} columns or more, and at most {MAX_COLUMNS} are read")))
            }
        }
    }

    /// All columns of a file with the types that they will have.
    fn columns(&self, schema: &arrow_schema::SchemaRef) -> Result<Vec<Column>, SqlError> {
        Ok(BatchPage::new(RecordBatch::new_empty(Arc::clone(schema)))?.columns().to_vec())
    }

    fn batches(
        &self,
        batches: impl Iterator<Item = Result<RecordBatch, SqlError>>,
        all: Vec<Column>,
    ) -> Result<Input, SqlError> {
        let mut read: Vec<RecordBatch> = Vec::new();
        let mut columns: Vec<Column> = Vec::new();
        let mut bytes = 0;
        for batch in batches {
            let batch = batch?;
            bytes += batch.get_array_memory_size();
            self.watch(bytes)?;
            let own = BatchPage::new(batch.clone())?;
            if columns.is_empty() {
                columns = own.columns().to_vec();
            }
            for (column, own) in columns.iter_mut().zip(own.columns().iter()) {
                // A time that is too fine for a timestamp anywhere in the column is text everywhere.
                if column.cql_type != own.cql_type {
                    column.cql_type = CqlType::Text;
                }
            }
            read.push(batch);
        }
        let shared: Arc<[Column]> = columns.clone().into();
        let pages = read.into_iter().map(|batch| -> Result<Arc<dyn Page>, SqlError> {
            Ok(Arc::new(BatchPage::with_columns(batch, Arc::clone(&shared))?))
        });
        let pages = pages.collect::<Result<Vec<_>, _>>()?;
        of_pages(if pages.is_empty() { all.clone() } else { columns }, all, &pages)
    }

    fn watch(&self, bytes: usize) -> Result<(), SqlError> {
        if bytes <= self.limit {
            return Ok(());
        }
        Err(self.failed(format!(
            "its columns take more than {} of memory. Name fewer columns in the query, not `*`",
            cqlbook_core::render::bytes(self.limit)
        )))
    }
}
