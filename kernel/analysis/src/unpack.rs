//! A file as it is read: unpacked where it is compressed, and counted, so that a share of it can be told.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

const BUFFER: usize = 256 << 10;

/// The text of a file, unpacked by its ending (`.gz`, `.zst`). `read` counts the bytes that were read of the file itself.
///
/// # Errors
/// Those of opening it.
pub fn open(path: &Path, read: &Arc<AtomicU64>) -> io::Result<Box<dyn BufRead + Send>> {
    read.store(0, Ordering::Relaxed);
    let file = Counted { file: File::open(path)?, read: Arc::clone(read) };
    Ok(match packing(path) {
        Some(Packing::Gzip) => {
            Box::new(BufReader::with_capacity(BUFFER, flate2::read::MultiGzDecoder::new(file)))
        }
        Some(Packing::Zstd) => {
            Box::new(BufReader::with_capacity(BUFFER, zstd::stream::read::Decoder::new(file)?))
        }
        None => Box::new(BufReader::with_capacity(BUFFER, file)),
    })
}

/// The ending that tells a file's format, in lower case: `csv` of `a.csv` and of `a.csv.gz`.
pub fn ending(path: &Path) -> String {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_lowercase();
    let name = [".gz", ".zst"].iter().find_map(|packed| name.strip_suffix(packed)).unwrap_or(&name);
    name.rsplit_once('.').map_or("", |(_, ending)| ending).to_owned()
}

/// Whether a file is compressed as a whole, by its ending.
pub fn is_packed(path: &Path) -> bool {
    packing(path).is_some()
}

enum Packing {
    Gzip,
    Zstd,
}

fn packing(path: &Path) -> Option<Packing> {
    match path.extension()?.to_str()?.to_lowercase().as_str() {
        "gz" => Some(Packing::Gzip),
        "zst" => Some(Packing::Zstd),
        _ => None,
    }
}

struct Counted {
    file: File,
    read: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.file.read(buffer)?;
        self.read.fetch_add(length as u64, Ordering::Relaxed);
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packed_file_is_of_the_format_inside_it() {
        assert_eq!(ending(Path::new("/a/Flights.CSV.gz")), "csv");
        assert_eq!(ending(Path::new("flights.jsonl.zst")), "jsonl");
        assert_eq!(ending(Path::new("flights.parquet")), "parquet");
        assert_eq!(ending(Path::new("flights")), "");
    }
}
