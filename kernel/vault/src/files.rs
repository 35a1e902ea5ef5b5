//! Small files that several processes read and write: whole or not at all, one writer at a time.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long another process may hold a lock. It holds it for milliseconds, or for the second in which it makes a key pair; but
/// many may wait for it on a machine that is busy, and each has its turn within this.
const PATIENCE: Duration = Duration::from_secs(60);
/// The largest file that is read, in bytes: far more than thousands of connections.
const MAX_BYTES: u64 = 4 * 1024 * 1024;

/// Why a file could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// It cannot be read.
    #[error("{path} cannot be read: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// It cannot be written. What it held before is still there.
    #[error("{path} cannot be written: {source}")]
    Write {
        /// The file or its folder.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// Another process has held its lock for too long.
    #[error("{path} has been in use by another process for {} s", PATIENCE.as_secs())]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// It would become larger than what is read again. What it held before is still there.
    #[error("{path} would have more than {} MiB, the most that it may have", MAX_BYTES / 1024 / 1024)]
    Full {
        /// The file.
        path: PathBuf,
    },
    /// It is larger than any that this program writes.
    #[error("{path} has more than {} MiB, which no file of this program has", MAX_BYTES / 1024 / 1024)]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
}

/// The one writer's place at a file. It is given up when dropped, and by the system when the process dies.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

/// Waits for the one writer's place at `path`, which need not exist; its folder is made.
///
/// The lock is on a file beside it, since the file itself is replaced by every write.
pub(crate) fn lock(path: &Path) -> Result<Lock, FileError> {
    lock_within(path, PATIENCE)
}

fn lock_within(path: &Path, patience: Duration) -> Result<Lock, FileError> {
    let failed = |source| FileError::Write { path: path.to_owned(), source };
    make_folder(path).map_err(failed)?;
    let file = private().truncate(false).create(true).open(path.with_extension("lock")).map_err(failed)?;
    let started = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Lock { _file: file }),
            Err(TryLockError::WouldBlock) if started.elapsed() < patience => {
                std::thread::sleep(Duration::from_millis(10));
            }
            Err(TryLockError::WouldBlock) => return Err(FileError::Busy { path: path.to_owned() }),
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
    }
}

/// The text of a file; `None` where there is none.
pub(crate) fn read(path: &Path) -> Result<Option<String>, FileError> {
    let failed = |source| FileError::Read { path: path.to_owned(), source };
    match fs::metadata(path) {
        // A pipe or a device at its place, or a link to one, would be read for ever.
        Ok(metadata) if !metadata.is_file() => Err(failed(io::Error::other("it is no regular file"))),
        Ok(_) => {
            let mut text = String::new();
            let read = File::open(path).and_then(|file| file.take(MAX_BYTES + 1).read_to_string(&mut text));
            match read {
                Ok(read) if read as u64 > MAX_BYTES => Err(FileError::TooLarge { path: path.to_owned() }),
                Ok(_) => Ok(Some(text)),
                // It was moved away since.
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                Err(error) => Err(failed(error)),
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(error)),
    }
}

/// Replaces a file by a whole new one that only its owner may read. After a crash the old one or the new one is there.
///
/// A link is followed: what it leads to is replaced. The `_lock` shows that nobody else is writing.
pub(crate) fn write(path: &Path, text: &str, _lock: &Lock) -> Result<(), FileError> {
    if text.len() as u64 > MAX_BYTES {
        return Err(FileError::Full { path: path.to_owned() });
    }
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let failed = |source| FileError::Write { path: path.clone(), source };
    let new = path.with_extension("new");
    // One that a crash left behind; only the lock's holder writes it.
    let _ = fs::remove_file(&new);
    let written = || -> io::Result<()> {
        let mut file = private().create_new(true).open(&new)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        drop(file);
        fs::rename(&new, &path)?;
        // It is written. Where its folder cannot be synced, a crash of the machine in the next moments may bring the old one back.
        let _ = sync_folder(&path);
        Ok(())
    };
    written().map_err(|error| {
        let _ = fs::remove_file(&new);
        failed(error)
    })
}

/// Options for a file that only its owner may read.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Makes the folder of a file, for its owner only.
fn make_folder(path: &Path) -> io::Result<()> {
    let Some(folder) = path.parent() else { return Ok(()) };
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Makes a rename in the folder last over a power cut, where folders can be opened.
#[cfg(unix)]
fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

#[cfg(not(unix))]
fn sync_folder(_path: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_as_a_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/er/file.toml");
        assert_eq!(read(&path).unwrap(), None);
        let lock = lock(&path).unwrap();
        fs::write(path.with_extension("new"), "left by a crash").unwrap();
        for text in ["one", "two"] {
            write(&path, text, &lock).unwrap();
            assert_eq!(read(&path).unwrap().as_deref(), Some(text));
        }
        assert!(!path.with_extension("new").exists());
    }

    #[test]
    fn what_would_not_be_read_again_is_not_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file.toml");
        let lock = lock(&path).unwrap();
        write(&path, "one", &lock).unwrap();
        let long = "x".repeat(usize::try_from(MAX_BYTES).unwrap() + 1);
        assert!(matches!(write(&path, &long, &lock), Err(FileError::Full { .. })));
        assert_eq!(read(&path).unwrap().as_deref(), Some("one"));
        write(&path, &long[1..], &lock).unwrap();
        assert_eq!(read(&path).unwrap().unwrap().len() as u64, MAX_BYTES);
    }

    #[cfg(unix)]
    #[test]
    fn only_its_owner_may_read_it_and_a_link_stays_one() {
        use std::os::unix::fs::{MetadataExt, symlink};
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("conf/file.toml");
        let lock = lock(&path).unwrap();
        write(&path, "text", &lock).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(path.parent().unwrap()).unwrap().mode() & 0o777, 0o700);
        let link = folder.path().join("link.toml");
        symlink(&path, &link).unwrap();
        write(&link, "other", &lock).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&path).unwrap(), "other");
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_file_or_too_large_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file.toml");
        for device in ["/dev/zero", "/dev/null"] {
            std::os::unix::fs::symlink(device, &path).unwrap();
            assert!(matches!(read(&path), Err(FileError::Read { .. })), "{device}");
            fs::remove_file(&path).unwrap();
        }
        fs::create_dir(&path).unwrap();
        assert!(matches!(read(&path), Err(FileError::Read { .. })));
        fs::remove_dir(&path).unwrap();
        let limit = usize::try_from(MAX_BYTES).unwrap();
        fs::write(&path, "#".repeat(limit)).unwrap();
        assert_eq!(read(&path).unwrap().map(|text| text.len()), Some(limit));
        fs::write(&path, "#".repeat(limit + 1)).unwrap();
        assert!(matches!(read(&path), Err(FileError::TooLarge { .. })));
        fs::write(&path, [0xff, 0xfe]).unwrap();
        assert!(matches!(read(&path), Err(FileError::Read { .. })), "no text");
    }

    #[test]
    fn what_could_not_be_read_again_is_not_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file.toml");
        let lock = lock(&path).unwrap();
        let limit = usize::try_from(MAX_BYTES).unwrap();
        write(&path, &"#".repeat(limit), &lock).unwrap();
        for bytes in [limit + 1, 4 * limit] {
            assert!(matches!(write(&path, &"x".repeat(bytes), &lock), Err(FileError::Full { .. })));
        }
        assert_eq!(read(&path).unwrap(), Some("#".repeat(limit)), "what it held is still there");
    }

    #[test]
    fn a_second_writer_waits_for_the_first_and_not_for_ever() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file.toml");
        let first = lock(&path).unwrap();
        let waiting = std::thread::spawn({
            let path = path.clone();
            move || lock(&path).map(drop)
        });
        std::thread::sleep(Duration::from_millis(100));
        drop(first);
        waiting.join().unwrap().unwrap();
        let _held = lock(&path).unwrap();
        assert!(matches!(lock_within(&path, Duration::from_millis(50)), Err(FileError::Busy { .. })));
    }
}
