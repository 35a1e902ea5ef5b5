//! Why a file cannot be read or written: the cause in plain words and what to do, the same for every command that takes a path.

use std::io::{Error, ErrorKind};
use std::path::Path;

use cqlbook_core::diagnostic::Diagnostic;
use cqlbook_core::nearest::nearest;

/// What was to be done with the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Doing {
    /// It was to be read.
    Reading,
    /// It was to be written.
    Writing,
}

/// As many of a folder's names are looked at for one that was meant.
const NAMES: usize = 2000;

/// Adds the cause and a next step.
pub(crate) fn with_trouble(diagnostic: Diagnostic, error: &Error, path: &Path, doing: Doing) -> Diagnostic {
    let (cause, hint) = trouble(error, path, doing);
    diagnostic.with_cause(cause).with_hint(hint)
}

/// The cause and a next step, each a sentence.
pub(crate) fn trouble(error: &Error, path: &Path, doing: Doing) -> (String, String) {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let at = folder.display();
    let told = |cause: String, hint: &str| (cause, hint.to_owned());
    match error.kind() {
        ErrorKind::NotFound if !folder.is_dir() => {
            let hint = match doing {
                Doing::Reading => "Check the folder. Relative paths start at the notebook's folder.".to_owned(),
                Doing::Writing => format!("Make the folder {at} first."),
            };
            (format!("There is no folder {at}."), hint)
        }
        ErrorKind::NotFound => {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let cause = format!("There is no {name} in {at}.");
            let hint = match near(folder, &name) {
                Some(near) => format!("Did you mean {near}?"),
                None => "Check the name. Relative paths start at the notebook's folder.".to_owned(),
            };
            (cause, hint)
        }
        ErrorKind::PermissionDenied => match doing {
            Doing::Reading => told("It may not be read by you.".to_owned(), "Give yourself the right to read it, or copy it to where you may."),
            Doing::Writing => told(format!("You may not write there: {at}."), "Choose a folder that you may write to."),
        },
        ErrorKind::IsADirectory => match doing {
            Doing::Reading => told("It is a folder.".to_owned(), "Name a file in it."),
            Doing::Writing => told("There is a folder of that name.".to_owned(), "Name a file in it, or choose another name."),
        },
        ErrorKind::NotADirectory => told("A part of the path is a file, and no folder.".to_owned(), "Check the folders in the path."),
        ErrorKind::AlreadyExists => told("There is a file of that name already.".to_owned(), "Choose another name, or remove that file."),
        ErrorKind::InvalidFilename => told("No file can have that name: it is too long, or has a character that is not allowed there.".to_owned(), "Choose a shorter and plainer name."),
        ErrorKind::ReadOnlyFilesystem => told("What is mounted there can only be read.".to_owned(), "Write to another folder."),
        ErrorKind::StorageFull => told("No space left on the disk.".to_owned(), "Free space on the disk, or write to another one."),
        ErrorKind::QuotaExceeded => told("Your share of the disk is used up.".to_owned(), "Remove files of yours there, or write to another disk."),
        ErrorKind::FileTooLarge if doing == Doing::Reading => told(
            format!("{} It is larger than any file of its kind.", super::sentence(&error.to_string())),
            "Name the right file.",
        ),
        ErrorKind::FileTooLarge => told(
            "The file would be larger than a file may be: a limit of the process (`ulimit -f`) or of the file system.".to_owned(),
            "Raise the limit where Jupyter is started, choose another disk, or a format that takes less room, such as Parquet.",
        ),
        _ if is_loop(error) => told(
            "A link in the path leads to itself.".to_owned(),
            "Name the file by a path without that link, or mend the link.",
        ),
        ErrorKind::InvalidInput => told(format!("The system says: {error}."), "Name a regular file."),
        _ if is_out_of_files(error) => told(
            "Too many files are open.".to_owned(),
            "Close what has many files open, or raise the limit (`ulimit -n`) where Jupyter is started.",
        ),
        _ => told(
            format!("The system says: {error}."),
            match doing {
                Doing::Reading => "Copy the file to another disk, and read it there.",
                Doing::Writing => "Write to another folder, or in another format.",
            },
        ),
    }
}

/// Why the file at `path` cannot be read at all: it is not there, it is a folder, it may not be read. `None` where it can be.
pub(crate) fn unreadable(path: &Path) -> Option<Error> {
    let look = || {
        let metadata = std::fs::metadata(path)?;
        if metadata.is_dir() {
            return Err(ErrorKind::IsADirectory.into());
        }
        if !metadata.is_file() {
            return Err(Error::new(ErrorKind::InvalidInput, "it is a pipe, a device or the like"));
        }
        std::fs::File::open(path).map(drop)
    };
    look().err()
}

/// Whether the process or the system has as many files open as it may.
fn is_out_of_files(error: &Error) -> bool {
    #[cfg(unix)]
    {
        use rustix::io::Errno;
        let number = error.raw_os_error().map(Errno::from_raw_os_error);
        number == Some(Errno::MFILE) || number == Some(Errno::NFILE)
    }
    #[cfg(not(unix))]
    {
        let _ = error;
        false
    }
}

/// Whether links lead in a circle.
fn is_loop(error: &Error) -> bool {
    #[cfg(unix)]
    {
        error.raw_os_error().map(rustix::io::Errno::from_raw_os_error) == Some(rustix::io::Errno::LOOP)
    }
    #[cfg(not(unix))]
    {
        let _ = error;
        false
    }
}

/// The name in the folder that was probably meant.
fn near(folder: &Path, name: &str) -> Option<String> {
    let names: Vec<String> = std::fs::read_dir(folder)
        .ok()?
        .take(NAMES)
        .filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned()))
        .collect();
    nearest(name, names.iter().map(String::as_str)).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(path: &Path) -> String {
        let error = std::fs::read(path).unwrap_err();
        let (cause, hint) = trouble(&error, path, Doing::Reading);
        format!("{cause} {hint}")
    }

    #[test]
    fn each_trouble_has_its_own_words() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        std::fs::write(at.join("flights.csv"), "x").unwrap();
        let place = at.display();
        assert_eq!(
            reading(&at.join("flight.csv")),
            format!("There is no flight.csv in {place}. Did you mean flights.csv?")
        );
        assert_eq!(
            reading(&at.join("zzz")),
            format!(
                "There is no zzz in {place}. Check the name. Relative paths start at the notebook's folder."
            )
        );
        assert_eq!(
            reading(&at.join("none/t.csv")),
            format!(
                "There is no folder {place}/none. Check the folder. Relative paths start at the notebook's folder."
            )
        );
        assert_eq!(reading(at), "It is a folder. Name a file in it.");
        assert_eq!(
            reading(&at.join("flights.csv/x")).split('.').next(),
            Some("A part of the path is a file, and no folder")
        );
        for kind in
            [ErrorKind::FileTooLarge, ErrorKind::StorageFull, ErrorKind::PermissionDenied, ErrorKind::Other]
        {
            for doing in [Doing::Reading, Doing::Writing] {
                let (cause, hint) = trouble(&kind.into(), at, doing);
                assert!(cause.ends_with('.') && hint.ends_with('.'), "{cause} {hint}");
            }
        }
        #[cfg(unix)]
        assert_eq!(trouble(&Error::from_raw_os_error(24), at, Doing::Reading).0, "Too many files are open.");
    }
}
