//! Damaged files of each kind, and files whose numbers are made to do damage.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow_array::{ArrayRef, Int64Array, ListArray, RecordBatch, StringArray, types::Int32Type};
use arrow_ipc::CompressionType;
use arrow_ipc::writer::{FileWriter, IpcWriteOptions};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;

use super::*;
use crate::read;

fn batch() -> RecordBatch {
    let lists = (0..200).map(|row| (row % 3 > 0).then(|| vec![Some(row), None, Some(7)]));
    let columns: [(&str, ArrayRef); 3] = [
        ("k", Arc::new(Int64Array::from_iter_values(std::iter::repeat_n(7, 200)))),
        (
            "t",
            Arc::new(StringArray::from_iter((0..200).map(|row| (row % 5 > 0).then(|| "é".repeat(row % 40))))),
        ),
        ("l", Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(lists))),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

fn arrow(compression: Option<CompressionType>) -> Vec<u8> {
    let options = IpcWriteOptions::default().try_with_compression(compression).unwrap();
    let batch = batch();
    let mut writer = FileWriter::try_new_with_options(Vec::new(), &batch.schema(), options).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap()
}

fn parquet(compression: Compression) -> Vec<u8> {
    let properties = WriterProperties::builder().set_compression(compression).build();
    let batch = batch();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap()
}

/// Reads all of a file: the rows, or the error.
fn rows(path: &Path, bytes: &[u8], is_arrow: bool) -> Result<usize, read::ReadError> {
    std::fs::write(path, bytes).unwrap();
    let batches = if is_arrow { read::arrow(path)? } else { read::parquet(path)? };
    let mut rows = 0;
    for batch in batches.take(1_000) {
        rows += batch?.num_rows();
    }
    Ok(rows)
}

#[test]
fn a_part_that_says_it_unpacks_to_all_memory_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.arrow");
    for compression in [CompressionType::LZ4_FRAME, CompressionType::ZSTD] {
        let whole = arrow(Some(compression));
        assert_eq!(rows(&path, &whole, true).unwrap(), 200);
        // The first part's own size stands where its block starts: 200 numbers of eight bytes.
        let size = 1_600_i64.to_le_bytes();
        let at = whole.windows(8).rposition(|window| window == size).expect("a packed column");
        for said in [MAX_UNPACKED_BYTES + 1, 1 << 50, i64::MAX, -2, i64::MIN] {
            let mut file = whole.clone();
            file[at..at + 8].copy_from_slice(&said.to_le_bytes());
            let error = rows(&path, &file, true).unwrap_err().to_string();
            assert!(error.contains(&format!("unpacks to {said} bytes")), "{error}");
        }
    }
}

#[test]
fn blocks_are_within_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.arrow");
    let whole = arrow(None);
    assert_eq!(rows(&path, &whole, true).unwrap(), 200);
    // The footer names the body's length; each number of it is tried at each place.
    let footer = whole.len() - 400;
    for at in footer..whole.len() - 18 {
        for said in [-1, 1 << 40, i64::MAX] {
            let mut file = whole.clone();
            file[at..at + 8].copy_from_slice(&i64::to_le_bytes(said));
            // No panic, and no memory of that size.
            let _ = rows(&path, &file, true);
        }
    }
}

/// Bits flipped, bytes set to edges, parts taken out: an error, or other rows, and never a panic.
#[test]
fn damaged_files_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.file");
    let files = [
        (arrow(None), true),
        (arrow(Some(CompressionType::LZ4_FRAME)), true),
        (arrow(Some(CompressionType::ZSTD)), true),
        (parquet(Compression::UNCOMPRESSED), false),
        (parquet(Compression::SNAPPY), false),
        (parquet(Compression::ZSTD(Default::default())), false),
    ];
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut number = move |limit: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % limit.max(1) as u64).unwrap()
    };
    for case in 0..1_200 {
        let (whole, is_arrow) = &files[case % files.len()];
        let mut file = whole.clone();
        for _ in 0..=number(3) {
            // The ends tell of all the rest.
            let at = if number(2) == 0 {
                number(file.len())
            } else {
                file.len() - 1 - number(file.len().min(400))
            };
            match number(4) {
                0 => file[at] ^= 1 << number(8),
                1 => file[at] = [0, 0x7f, 0x80, 0xff][number(4)],
                2 => {
                    let end = (at + 8).min(file.len());
                    let edge = [u64::MAX, 1 << 40, i64::MAX as u64, 0][number(4)].to_le_bytes();
                    file[at..end].copy_from_slice(&edge[..end - at]);
                }
                _ => drop(file.drain(at..(at + number(40)).min(file.len()))),
            }
            if file.is_empty() {
                break;
            }
        }
        let started = Instant::now();
        let outcome = rows(&path, &file, *is_arrow);
        assert!(
            started.elapsed() < Duration::from_secs(5),
            "case {case}: {:?} {outcome:?}",
            started.elapsed()
        );
    }
    for (is_arrow, bytes) in [(true, 0), (false, 0), (true, 9), (false, 9)] {
        assert!(rows(&path, &files[0].0[..bytes], is_arrow).is_err());
    }
}
