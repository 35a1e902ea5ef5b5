//! A file that is not there until it is complete.
//!
//! On Linux it has no name at all while it is written: even a kernel that is killed leaves nothing. Elsewhere, and on file
//! systems that cannot do that, it has a hidden name in the same folder, and is removed when it is dropped.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// A file under construction, and the name it will have.
#[derive(Debug)]
pub struct PartFile {
    file: File,
    target: PathBuf,
    /// The name it has meanwhile; `None` for none.
    hidden: Option<PathBuf>,
}

impl PartFile {
    /// Begins a file that will be `target`, in whose folder it is written.
    ///
    /// # Errors
    /// Those of the system: no such folder, no permission, no space.
    pub fn create(target: &Path) -> io::Result<Self> {
        let target = target.to_owned();
        if let Some(file) = nameless(folder(&target)) {
            return Ok(Self { file, target, hidden: None });
        }
        let hidden = hidden_name(&target);
        let file = File::options().read(true).write(true).create_new(true).open(&hidden)?;
        Ok(Self { file, target, hidden: Some(hidden) })
    }

    /// Another handle to write with.
    ///
    /// # Errors
    /// Those of the system.
    pub fn writer(&self) -> io::Result<File> {
        self.file.try_clone()
    }

    /// Closes the file. It waits for its name under a hidden one, so that any number can wait.
    ///
    /// # Errors
    /// Those of the system.
    pub fn complete(mut self) -> io::Result<CompleteFile> {
        let target = self.target.clone();
        if let Some(hidden) = self.hidden.take() {
            return Ok(CompleteFile { hidden, target });
        }
        let hidden = hidden_name(&target);
        link(&self.file, &hidden)?;
        Ok(CompleteFile { hidden, target })
    }

    /// Gives the file its name. Without `replace` a file that has it is left as it is.
    ///
    /// # Errors
    /// [`io::ErrorKind::AlreadyExists`], and those of the system.
    pub fn publish(self, replace: bool) -> io::Result<()> {
        if self.hidden.is_none() && !replace {
            return link(&self.file, &self.target);
        }
        self.complete()?.publish(replace)
    }
}

impl Drop for PartFile {
    fn drop(&mut self) {
        if let Some(hidden) = &self.hidden {
            // Nobody is left who could be told.
            drop(std::fs::remove_file(hidden));
        }
    }
}

/// A file that is written, and has its name still to come. It is removed when it is dropped.
#[derive(Debug)]
pub struct CompleteFile {
    hidden: PathBuf,
    target: PathBuf,
}

impl CompleteFile {
    /// Gives the file its name. Without `replace` a file that has it is left as it is.
    ///
    /// # Errors
    /// [`io::ErrorKind::AlreadyExists`], and those of the system.
    pub fn publish(self, replace: bool) -> io::Result<()> {
        if replace {
            std::fs::rename(&self.hidden, &self.target)
        } else {
            // A hard link fails where there is a file already; a rename would not.
            std::fs::hard_link(&self.hidden, &self.target)
        }
    }
}

impl Drop for CompleteFile {
    fn drop(&mut self) {
        // After a rename there is nothing under this name, and nobody is left who could be told.
        drop(std::fs::remove_file(&self.hidden));
    }
}

fn folder(target: &Path) -> &Path {
    match target.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn hidden_name(target: &Path) -> PathBuf {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    target.with_file_name(format!(".{name}.{}-{number}.part", std::process::id()))
}

/// A file without a name in a folder, where the system has such.
#[cfg(target_os = "linux")]
fn nameless(folder: &Path) -> Option<File> {
    use rustix::fs::{CWD, Mode, OFlags, openat};
    let mode = Mode::RUSR | Mode::WUSR | Mode::RGRP | Mode::WGRP | Mode::ROTH | Mode::WOTH;
    openat(CWD, folder, OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC, mode).ok().map(File::from)
}

#[cfg(not(target_os = "linux"))]
fn nameless(_folder: &Path) -> Option<File> {
    None
}

/// Gives a file without a name one.
#[cfg(target_os = "linux")]
fn link(file: &File, target: &Path) -> io::Result<()> {
    use std::os::fd::AsRawFd;

    use rustix::fs::{AtFlags, CWD, linkat};
    let nameless = format!("/proc/self/fd/{}", file.as_raw_fd());
    Ok(linkat(CWD, nameless, CWD, target, AtFlags::SYMLINK_FOLLOW)?)
}

#[cfg(not(target_os = "linux"))]
fn link(_file: &File, _target: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
