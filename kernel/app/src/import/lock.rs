//! One load of a file at a time, in all kernels of the machine: what a second one counted would be counted twice, and each
//! would write the other's `.resume` and `.rejected`. The lock is on the loaded file itself: whatever path leads to it, nothing
//! is left lying, and a process that is killed holds it no longer.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;

/// Nobody else loads the file while this is there.
#[derive(Debug)]
pub(crate) struct Lock {
    /// `None` for what is no file.
    _file: Option<File>,
}

/// Why a file could not be had alone.
#[derive(Debug)]
pub(crate) enum NotAlone {
    /// It is being loaded.
    Busy,
    /// The file system has no locks, or they failed.
    Unknown(io::Error),
}

/// Takes the file that is to be loaded for oneself, without waiting.
pub(crate) fn take(path: &Path) -> Result<Lock, NotAlone> {
    // A pipe is read once, and opening it would wait.
    if !path.metadata().is_ok_and(|metadata| metadata.is_file()) {
        return Ok(Lock { _file: None });
    }
    let locked = |file: File| match file.try_lock() {
        Ok(()) => Ok(Lock { _file: Some(file) }),
        Err(TryLockError::WouldBlock) => Err(NotAlone::Busy),
        Err(TryLockError::Error(error)) => Err(NotAlone::Unknown(error)),
    };
    match File::open(path).map_err(NotAlone::Unknown).and_then(locked) {
        // NFS locks only what is open for writing.
        Err(NotAlone::Unknown(_)) => {
            OpenOptions::new().read(true).write(true).open(path).map_err(NotAlone::Unknown).and_then(locked)
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_one_loads_whatever_path_leads_to_it() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("t.csv"), folder.path().join("link.csv"));
        std::fs::write(&path, "k").unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        let first = take(&path).unwrap();
        for path in [&path, &link] {
            assert!(matches!(take(path), Err(NotAlone::Busy)));
        }
        // It can be read all the same.
        assert_eq!(std::fs::read_to_string(&link).unwrap(), "k");
        drop(first);
        take(&link).unwrap();
        assert!(matches!(take(&folder.path().join("none")), Ok(Lock { _file: None })));
    }
}
