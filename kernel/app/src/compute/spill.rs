//! The folder of an engine's temporary files: nobody else's to read, and gone with the engine, however that ends.
//!
//! The kernel makes it and removes it. Of a kernel that was killed it is left behind; the next one that starts an engine removes it.
//! A lock, which the system takes away with the kernel, tells the one from the other.

use std::fs::{DirBuilder, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use uuid::Uuid;

/// How the names of such folders begin.
const PREFIX: &str = "cqlbook-engine-";
/// The file in it that is locked while it is in use.
const LOCK: &str = "lock";
/// A younger folder may be one that is not locked yet.
const YOUNG: Duration = Duration::from_secs(60);

/// A folder that is removed when this is dropped.
#[derive(Debug)]
pub(super) struct Spill {
    path: PathBuf,
    _lock: File,
}

impl Spill {
    /// Makes the folder, and removes those that nobody uses any more.
    ///
    /// # Errors
    /// Those of the system.
    pub(super) fn new() -> io::Result<Self> {
        Self::within(&std::env::temp_dir())
    }

    fn within(parent: &Path) -> io::Result<Self> {
        sweep(parent);
        let path = parent.join(format!("{PREFIX}{}", Uuid::new_v4().simple()));
        let mut builder = DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&path)?;
        let lock = File::create(path.join(LOCK))?;
        lock.lock()?;
        Ok(Self { path, _lock: lock })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Spill {
    fn drop(&mut self) {
        // What cannot be removed now is removed by the next kernel.
        std::fs::remove_dir_all(&self.path).ok();
    }
}

/// Removes what kernels have left behind that were killed. What cannot be looked at is another user's, or gone by now.
fn sweep(parent: &Path) {
    let entries = std::fs::read_dir(parent).into_iter().flatten().flatten();
    for entry in entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(PREFIX)) {
        let is_old = entry
            .metadata()
            .and_then(|metadata| metadata.modified())
            .is_ok_and(|time| time.elapsed().is_ok_and(|age| age > YOUNG));
        let Ok(lock) = File::open(entry.path().join(LOCK)) else { continue };
        if is_old && lock.try_lock().is_ok() {
            std::fs::remove_dir_all(entry.path()).ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folders(parent: &Path) -> usize {
        std::fs::read_dir(parent).unwrap().count()
    }

    fn make_old(spill: &Path) {
        let times = std::fs::FileTimes::new().set_modified(std::time::SystemTime::UNIX_EPOCH);
        File::open(spill).unwrap().set_times(times).unwrap();
    }

    #[test]
    #[cfg(unix)]
    fn it_is_the_users_alone_and_goes_with_all_that_is_in_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let parent = tempfile::tempdir().unwrap();
        let spill = Spill::within(parent.path()).unwrap();
        assert_eq!(std::fs::metadata(spill.path()).unwrap().permissions().mode() & 0o777, 0o700);
        std::fs::create_dir(spill.path().join("deep")).unwrap();
        std::fs::write(spill.path().join("deep/rows"), "rows").unwrap();
        drop(spill);
        assert_eq!(folders(parent.path()), 0);
    }

    #[test]
    fn what_a_killed_kernel_left_is_removed_and_what_is_in_use_is_not() {
        let parent = tempfile::tempdir().unwrap();
        let in_use = Spill::within(parent.path()).unwrap();
        make_old(in_use.path());
        let left = Spill::within(parent.path()).unwrap();
        let path = left.path().to_owned();
        // As the system does when a process ends: the lock goes, the folder stays.
        left._lock.unlock().unwrap();
        std::mem::forget(left);
        drop(Spill::within(parent.path()).unwrap());
        assert!(path.exists(), "it could be one that is being made");
        make_old(&path);
        drop(Spill::within(parent.path()).unwrap());
        assert!(!path.exists() && in_use.path().exists());
    }
}
