//! Reads files of columns: Parquet and Arrow, batch by batch, so that a file of any size passes through.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_ipc::reader::FileReader;
use arrow_schema::{ArrowError, DataType, FieldRef, Schema, SchemaRef, TimeUnit};
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use parquet::basic::{Compression, Type as PhysicalType};
use parquet::errors::ParquetError;
use parquet::schema::types::ColumnDescPtr;

use crate::damaged::{caught, check_arrow};

/// Rows of one batch.
const BATCH_ROWS: usize = 4096;
/// Rows of one batch where a value may be of any length: nothing that a file says of itself tells how long they are, as a text
/// that is there once may stand in every row.
const LONG_ROWS: usize = 128;

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

/// What reads a Parquet file. Times of 96 bits (INT96, of Spark, Hive and Impala) are read as microseconds: in nanoseconds of 64
/// bits there is no year before 1678 and none after 2262, and what is beyond would come around at the other end.
///
/// # Errors
/// [`ParquetError`].
pub fn builder(file: File) -> Result<ParquetRecordBatchReaderBuilder<File>, ParquetError> {
    let plain = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new())?;
    let leaves = plain.parquet_schema().columns();
    if !leaves.iter().any(|leaf| leaf.physical_type() == PhysicalType::INT96) {
        return Ok(ParquetRecordBatchReaderBuilder::new_with_metadata(file, plain));
    }
    let mut kinds = leaves.iter().map(|leaf| leaf.physical_type());
    let fields: Vec<FieldRef> =
        plain.schema().fields().iter().map(|field| micros(field, &mut kinds)).collect();
    let schema = Schema::new_with_metadata(fields, plain.schema().metadata().clone());
    let options = ArrowReaderOptions::new().with_schema(Arc::new(schema));
    let metadata = ArrowReaderMetadata::try_new(Arc::clone(plain.metadata()), options)?;
    Ok(ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata))
}

/// The field with microseconds wherever a leaf is of 96 bits; `kinds` are those of the leaves from here on. A Parquet schema is
/// no deeper than its reader has gone already.
fn micros(field: &FieldRef, kinds: &mut impl Iterator<Item = PhysicalType>) -> FieldRef {
    let of = |field: &FieldRef, kinds: &mut _| micros(field, kinds);
    let ty = match field.data_type() {
        DataType::Struct(fields) => {
            DataType::Struct(fields.iter().map(|field| of(field, kinds)).collect::<Vec<_>>().into())
        }
        DataType::List(item) => DataType::List(of(item, kinds)),
        DataType::LargeList(item) => DataType::LargeList(of(item, kinds)),
        DataType::FixedSizeList(item, size) => DataType::FixedSizeList(of(item, kinds), *size),
        DataType::Map(entries, sorted) => DataType::Map(of(entries, kinds), *sorted),
        leaf => match (kinds.next(), leaf) {
            (Some(PhysicalType::INT96), DataType::Timestamp(_, zone)) => {
                DataType::Timestamp(TimeUnit::Microsecond, zone.clone())
            }
            _ => leaf.clone(),
        },
    };
    Arc::new(field.as_ref().clone().with_data_type(ty))
}

/// Opens a Parquet file.
///
/// # Errors
/// [`ReadError`].
pub fn parquet(path: &Path) -> Result<Batches, ReadError> {
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    let open = || {
        let builder = builder(file)?;
        let is_long = |column: &ColumnDescPtr| column.physical_type() == PhysicalType::BYTE_ARRAY;
        let rows =
            if builder.parquet_schema().columns().iter().any(is_long) { LONG_ROWS } else { BATCH_ROWS };
        let builder = builder.with_batch_size(rows);
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
