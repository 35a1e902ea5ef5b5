//! The file of what could not be loaded: each line with its number and reason. It appears only when complete.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use super::rows::{self, Rejection};

/// Where the rejected lines of `path` go: `FILE.rejected` beside it.
pub(crate) fn path_for(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".rejected");
    path.with_file_name(name)
}

/// Writes the rejected lines as CSV: line number, reason, then the line's fields. The source is read a second time.
pub(crate) fn write(source: &Path, rejections: &mut [Rejection]) -> io::Result<PathBuf> {
    rejections.sort_by_key(|rejection| rejection.line);
    let target = path_for(source);
    let unfinished = target.with_extension("rejected.part");
    let outcome =
        write_to(source, rejections, &unfinished).and_then(|()| std::fs::rename(&unfinished, &target));
    if outcome.is_err() {
        // Nothing half-written stays; the write's own failure is what is reported.
        let _ = std::fs::remove_file(&unfinished);
    }
    outcome.map(|()| target)
}

fn write_to(source: &Path, rejections: &[Rejection], target: &Path) -> io::Result<()> {
    let mut reader = rows::open(source)?;
    let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(File::create(target)?);
    let mut titles = csv::StringRecord::from(vec!["line", "reason"]);
    titles.extend(reader.headers()?.iter());
    writer.write_record(&titles)?;
    let mut left = rejections.iter().peekable();
    let mut record = csv::ByteRecord::new();
    while left.peek().is_some() && reader.read_byte_record(&mut record)? {
        let line = record.position().map_or(u64::MAX, csv::Position::line);
        while let Some(rejection) = left.next_if(|rejection| rejection.line <= line) {
            let mut row = csv::ByteRecord::from(vec![rejection.line.to_string(), rejection.reason.clone()]);
            if rejection.line == line {
                row.extend(record.iter());
            }
            writer.write_byte_record(&row)?;
        }
    }
    for rejection in left {
        writer.write_record([rejection.line.to_string(), rejection.reason.clone()])?;
    }
    writer.flush()
}
