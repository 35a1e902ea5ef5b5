//! Writes a trace to a file, whole or not at all, in the format that the file's ending names.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use cqlbook_core::diagnostic::{Code, Diagnostic};
use cqlbook_core::trace::{self, Trace};

/// What a trace can be written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// The Trace Event Format of Chrome, which Perfetto opens.
    Chrome,
    /// One event a line.
    Csv,
    /// OpenTelemetry's OTLP in JSON.
    Otlp,
}

impl Format {
    /// The format that a path's ending names.
    ///
    /// # Errors
    /// `USAGE` for any other ending.
    pub(crate) fn of(path: &str) -> Result<Self, Diagnostic> {
        let path = path.to_ascii_lowercase();
        match path {
            path if path.ends_with(".otlp.json") => Ok(Self::Otlp),
            path if path.ends_with(".json") => Ok(Self::Chrome),
            path if path.ends_with(".csv") => Ok(Self::Csv),
            _ => Err(Diagnostic::new(Code::Usage, "The file's ending does not name a format for traces.")
                .with_hint(
                    "`.json` for Perfetto and Chrome, `.otlp.json` for OpenTelemetry, `.csv` for tables.",
                )),
        }
    }

    /// What the file can be opened with.
    pub(crate) fn opens_in(self) -> &'static str {
        match self {
            Self::Chrome => "Perfetto (ui.perfetto.dev) and chrome://tracing open it",
            Self::Csv => "one event a line",
            Self::Otlp => "tools for OpenTelemetry take it as OTLP in JSON",
        }
    }

    /// The trace as the file's text.
    pub(crate) fn text(self, trace: &Trace) -> String {
        match self {
            Self::Chrome => trace::chrome(trace),
            Self::Csv => trace::csv(trace),
            Self::Otlp => trace::otlp(trace),
        }
    }
}

/// Writes `text` as the file at `path`. Until it is whole nothing is there; with `force` it takes the place of a file.
///
/// # Errors
/// `FILE_EXISTS`, `EXPORT_FAILED`; `shown` is the path as the user typed it.
pub(crate) fn write(path: &Path, shown: &str, text: &str, force: bool) -> Result<(), Diagnostic> {
    let exists = || {
        Diagnostic::new(Code::FileExists, format!("`{shown}` is there already. Nothing was written."))
            .with_hint("`--force` replaces it.")
    };
    if !force && path.symlink_metadata().is_ok() {
        return Err(exists());
    }
    let part = path.with_file_name(format!(
        ".{}.{}.part",
        path.file_name().unwrap_or_default().to_string_lossy(),
        uuid::Uuid::new_v4().simple()
    ));
    let written = (|| -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create_new(true).open(&part)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        if force {
            return fs::rename(&part, path);
        }
        // A link, which unlike a renaming replaces nothing that has appeared meanwhile; not every file system has them.
        match fs::hard_link(&part, path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => fs::rename(&part, path),
            linked => linked,
        }
    })();
    let _ = fs::remove_file(&part);
    written.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => exists(),
        _ => Diagnostic::new(Code::ExportFailed, format!("`{shown}` cannot be written: {error}."))
            .with_cause("Nothing half-written is left.")
            .with_hint("Choose a folder that is there and that you may write to."),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ending_names_the_format() {
        assert_eq!(Format::of("a.json"), Ok(Format::Chrome));
        assert_eq!(Format::of("dir.csv/a.OTLP.JSON"), Ok(Format::Otlp));
        assert_eq!(Format::of("a.b.csv"), Ok(Format::Csv));
        assert_eq!(Format::of("trace").unwrap_err().code, Code::Usage);
    }

    #[test]
    fn a_file_is_replaced_only_when_that_is_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.csv");
        write(&path, "t.csv", "one", false).unwrap();
        assert_eq!(write(&path, "t.csv", "two", false).unwrap_err().code, Code::FileExists);
        assert_eq!(fs::read_to_string(&path).unwrap(), "one");
        write(&path, "t.csv", "two", true).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "two");
        let nowhere = folder.path().join("none/t.csv");
        assert_eq!(write(&nowhere, "none/t.csv", "x", false).unwrap_err().code, Code::ExportFailed);
        let left: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["t.csv"], "nothing half-written is left");
    }
}
