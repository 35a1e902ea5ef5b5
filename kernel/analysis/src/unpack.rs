//! A file as it is read: unpacked where it is compressed, and counted, so that a share of it can be told.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

const BUFFER: usize = 256 << 10;

/// What a file is by its first bytes, where they tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// gzip.
    Gzip,
    /// Zstandard.
    Zstd,
    /// Another compression, by its name.
    Packed(&'static str),
    /// A zip archive, which an Excel workbook is too.
    Zip,
    /// Apache Parquet.
    Parquet,
    /// Arrow's file of columns.
    Arrow,
    /// Another format of columns or tables, by its name.
    Other(&'static str),
}

/// What a file is by its first bytes; `None` for text and whatever else.
///
/// # Errors
/// Those of opening and reading it.
pub fn kind(path: &Path) -> io::Result<Option<Kind>> {
    const MARKS: [(&[u8], Kind); 15] = [
        (b"\x1f\x8b", Kind::Gzip),
        (b"\x28\xb5\x2f\xfd", Kind::Zstd),
        (b"BZh", Kind::Packed("bzip2")),
        (b"\xfd7zXZ\0", Kind::Packed("xz")),
        (b"\x04\x22\x4d\x18", Kind::Packed("lz4")),
        (b"7z\xbc\xaf\x27\x1c", Kind::Packed("7-Zip")),
        (b"PK\x03\x04", Kind::Zip),
        (b"PAR1", Kind::Parquet),
        (b"PARE", Kind::Other("an encrypted Parquet file")),
        (b"ARROW1", Kind::Arrow),
        (b"FEA1", Kind::Other("a Feather file of version 1")),
        (b"ORC", Kind::Other("an ORC file")),
        (b"Obj\x01", Kind::Other("an Avro file")),
        (b"SQLite format 3\0", Kind::Other("a SQLite database")),
        (b"\xd0\xcf\x11\xe0", Kind::Other("an old Excel workbook (.xls)")),
    ];
    let mut start = Vec::new();
    File::open(path)?.take(16).read_to_end(&mut start)?;
    // What two letters and a comma could begin is text all the same.
    let is_text =
        start.iter().all(|byte| byte.is_ascii_graphic() || matches!(byte, b' ' | b'\t' | b'\r' | b'\n'));
    let found = MARKS.iter().find(|(mark, _)| start.starts_with(mark)).map(|(_, kind)| *kind);
    Ok(found.filter(|kind| !is_text || matches!(kind, Kind::Parquet | Kind::Arrow)))
}

/// The text of a file, unpacked by what it is, whatever its name says. `read` counts the bytes that were read of the file itself.
///
/// # Errors
/// Those of opening it.
pub fn open(path: &Path, read: &Arc<AtomicU64>) -> io::Result<Box<dyn BufRead + Send>> {
    read.store(0, Ordering::Relaxed);
    let kind = kind(path)?;
    let file = Counted { file: File::open(path)?, read: Arc::clone(read) };
    Ok(match kind {
        Some(Kind::Gzip) => {
            Box::new(BufReader::with_capacity(BUFFER, flate2::read::MultiGzDecoder::new(file)))
        }
        Some(Kind::Zstd) => {
            let mut decoder = zstd::stream::read::Decoder::new(file)?;
            // A frame may ask for a window of any size: 128 MB is what `zstd` itself takes unasked.
            decoder.window_log_max(27)?;
            Box::new(BufReader::with_capacity(BUFFER, decoder))
        }
        _ => Box::new(BufReader::with_capacity(BUFFER, file)),
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
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_lowercase();
    matches!(ending.as_str(), "gz" | "zst")
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

    #[test]
    fn a_file_is_what_its_first_bytes_say() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        let told = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            let mut text = String::new();
            let _ = open(&path, &Arc::default()).unwrap().read_to_string(&mut text);
            (kind(&path).unwrap(), text)
        };
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        io::Write::write_all(&mut gzip, b"k,v").unwrap();
        assert_eq!(told(&gzip.finish().unwrap()), (Some(Kind::Gzip), "k,v".to_owned()));
        assert_eq!(told(&zstd::encode_all(&b"k,v"[..], 1).unwrap()), (Some(Kind::Zstd), "k,v".to_owned()));
        assert_eq!(told(b"PK\x03\x04\x14\0").0, Some(Kind::Zip));
        assert_eq!(told(b"PAR1\x15\x04").0, Some(Kind::Parquet));
        assert_eq!(told(b"ORC,k\n1,2\n").0, None, "a header");
        assert_eq!(told(b"BZh,PK\n").0, None);
        assert_eq!(told(b"").0, None);
    }
}
