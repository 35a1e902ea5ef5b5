//! Reads files of columns: Parquet and Arrow, batch by batch, so that a file of any size passes through.

use std::fs::File;
use std::io;
use std::path::Path;

use arrow_array::RecordBatch;
use arrow_ipc::reader::FileReader;
use arrow_schema::{ArrowError, SchemaRef};
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::basic::Compression;
use parquet::errors::ParquetError;

use crate::damaged::{caught, check_arrow};

/// Rows of one batch.
const BATCH_ROWS: usize = 4096;

/// A file cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The system says why.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It is no Parquet file, or a damaged one.
    #[error("it is no Parquet file that can be read: {0}")]
    Parquet(#[from] ParquetError),
    /// It is no Arrow file, or a damaged one.
    #[error("it is no Arrow file that can be read: {0}")]
    Arrow(#[from] ArrowError),
    /// Its columns are compressed in a way that is not read.
    #[error(
        "its columns are compressed by {0}, which is not read here; write it with zstd or snappy, e.g. in pandas: to_parquet(FILE, compression='zstd')"
    )]
    Codec(String),
    /// What it says of itself is not so, or the library that reads it found it so wrong that it gave up.
    #[error("it is damaged: {0}")]
    Damaged(String),
}

fn damaged(words: &str) -> ReadError {
    ReadError::Damaged(words.to_owned())
}

/// The batches of a file, in order.
#[derive(Debug)]
pub struct Batches {
    schema: SchemaRef,
    inner: Inner,
    /// Whether there is no more: a reader that gave up is not asked again.
    ended: bool,
}

#[derive(Debug)]
enum Inner {
    Parquet(Box<ParquetRecordBatchReader>),
    Arrow(Box<FileReader<File>>),
}

/// Opens a Parquet file.
///
/// # Errors
/// [`ReadError`].
pub fn parquet(path: &Path) -> Result<Batches, ReadError> {
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    let open = || {
        let builder = ParquetRecordBatchReaderBuilder::try_new(file)?.with_batch_size(BATCH_ROWS);
        for chunk in builder.metadata().row_groups().iter().flat_map(|group| group.columns()) {
            match chunk.compression() {
                Compression::UNCOMPRESSED | Compression::SNAPPY | Compression::ZSTD(_) => {}
                other => {
                    let name = other.to_string();
                    let name = name.split_once('(').map_or(name.as_str(), |(name, _)| name);
                    return Err(ReadError::Codec(name.to_owned()));
                }
            }
            // A size that lies would be asked for before anything is read.
            let start = u64::try_from(chunk.dictionary_page_offset().unwrap_or(chunk.data_page_offset()));
            let size = u64::try_from(chunk.compressed_size());
            let end = start.ok().zip(size.ok()).and_then(|(start, size)| start.checked_add(size));
            if end.is_none_or(|end| end > length) {
                return Err(damaged("a column lies beyond its end; it may have been cut"));
            }
        }
        let schema = builder.schema().clone();
        Ok(Batches { schema, inner: Inner::Parquet(Box::new(builder.build()?)), ended: false })
    };
    caught(open, damaged)
}

/// Opens an Arrow file (the IPC file format).
///
/// # Errors
/// [`ReadError`].
pub fn arrow(path: &Path) -> Result<Batches, ReadError> {
    let mut file = File::open(path)?;
    let open = || {
        check_arrow(&mut file)?;
        let reader = FileReader::try_new(file, None)?;
        Ok(Batches { schema: reader.schema(), inner: Inner::Arrow(Box::new(reader)), ended: false })
    };
    caught(open, damaged)
}

impl Batches {
    /// The columns' names and types.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }
}

impl Iterator for Batches {
    type Item = Result<RecordBatch, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let read = || {
            let next = match &mut self.inner {
                Inner::Parquet(reader) => reader.next(),
                Inner::Arrow(reader) => reader.next(),
            };
            next.transpose().map_err(ReadError::from)
        };
        let next = caught(read, damaged).transpose();
        self.ended = matches!(next, None | Some(Err(ReadError::Damaged(_))));
        next
    }
}
