//! Parquet and Arrow files. Rows are collected into batches and written on; what waits in memory is bounded.

use std::fs::File;
use std::sync::Arc;

use arrow_ipc::writer::FileWriter;
use cqlbook_core::column::Column;
use cqlbook_core::page::Page;
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;

use super::writer::{WriteError, lost_notes};
use crate::columns::{ColumnsError, Decoder};

/// Rows of a batch, and bytes of its pages, at which it is written.
const BATCH_ROWS: usize = 32_768;
const BATCH_BYTES: usize = 8 << 20;
/// Encoded bytes at which Parquet's row group is closed: it waits in memory until then.
const GROUP_BYTES: usize = 32 << 20;

/// Writes rows as columns.
pub(crate) struct Columnar {
    decoder: Decoder,
    /// Bytes of the pages since the last batch.
    waiting: usize,
    out: Out,
}

enum Out {
    Parquet(Box<ArrowWriter<File>>),
    Arrow(Box<FileWriter<std::io::BufWriter<File>>>),
}

impl Columnar {
    pub(crate) fn parquet(file: File, columns: &Arc<[Column]>) -> Result<Self, WriteError> {
        let decoder = Decoder::new(columns);
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_created_by(format!("cqlbook {}", env!("CARGO_PKG_VERSION")))
            .build();
        let writer = ArrowWriter::try_new(file, Arc::clone(decoder.schema()), Some(properties))
            .map_err(parquet_failed)?;
        Ok(Self { decoder, waiting: 0, out: Out::Parquet(Box::new(writer)) })
    }

    pub(crate) fn arrow(file: File, columns: &Arc<[Column]>) -> Result<Self, WriteError> {
        let decoder = Decoder::new(columns);
        let writer = FileWriter::try_new_buffered(file, decoder.schema()).map_err(arrow_failed)?;
        Ok(Self { decoder, waiting: 0, out: Out::Arrow(Box::new(writer)) })
    }

    pub(crate) fn write(&mut self, page: &dyn Page) -> Result<(), WriteError> {
        self.decoder.push(page)?;
        self.waiting += page.size_bytes();
        if self.decoder.rows() >= BATCH_ROWS || self.waiting >= BATCH_BYTES {
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), WriteError> {
        self.waiting = 0;
        if self.decoder.rows() == 0 {
            return Ok(());
        }
        let batch = self.decoder.finish()?;
        match &mut self.out {
            Out::Parquet(writer) => {
                writer.write(&batch).map_err(parquet_failed)?;
                if writer.in_progress_size() >= GROUP_BYTES {
                    writer.flush().map_err(parquet_failed)?;
                }
            }
            Out::Arrow(writer) => writer.write(&batch).map_err(arrow_failed)?,
        }
        Ok(())
    }

    pub(crate) fn finish(mut self) -> Result<Vec<String>, WriteError> {
        self.flush()?;
        match self.out {
            Out::Parquet(writer) => drop(writer.close().map_err(parquet_failed)?),
            Out::Arrow(mut writer) => {
                writer.finish().map_err(arrow_failed)?;
                let buffered = writer.into_inner().map_err(arrow_failed)?;
                buffered.into_inner().map_err(|error| WriteError::Io(error.into_error()))?;
            }
        }
        Ok(lost_notes(self.decoder.lost()))
    }
}

/// Parquet's error, with the system's own where that is under it.
fn parquet_failed(error: parquet::errors::ParquetError) -> WriteError {
    match error {
        parquet::errors::ParquetError::External(error) => match error.downcast::<std::io::Error>() {
            Ok(error) => WriteError::Io(*error),
            Err(error) => WriteError::Parquet(error.to_string()),
        },
        error => WriteError::Parquet(error.to_string()),
    }
}

fn arrow_failed(error: arrow_schema::ArrowError) -> WriteError {
    match error {
        arrow_schema::ArrowError::IoError(_, error) => WriteError::Io(error),
        error => WriteError::Columns(ColumnsError::Arrow(error)),
    }
}
