//! A file that is not there until it is complete.
//!
//! On Linux it has no name at all while it is written: even a kernel that is killed leaves nothing. Elsewhere, and on file
//! systems that cannot do that, it has a hidden name in the same folder, and is removed when it is dropped.
//!
//! The rules, whatever the file system can do: what cannot have its name is known before anything is written; a file that is there
//! is never touched unless it is to be replaced; one that is replaced keeps its permissions, and what takes its place is on the disk
//! before it does; a link stays one, and the file that it leads to is replaced.

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
    /// Whether a file that has the name goes.
    replace: bool,
}

impl PartFile {
    /// Begins a file that will be `target`, in whose folder it is written; with `replace` a file that is there goes then.
    ///
    /// # Errors
    /// [`io::ErrorKind::AlreadyExists`] without `replace`; those of the system: no such folder, no permission, no space, a name
    /// that no file can have there; [`io::ErrorKind::IsADirectory`] and [`io::ErrorKind::InvalidInput`] for what is no file.
    pub fn create(target: &Path, replace: bool) -> io::Result<Self> {
        let target = if replace { resolved(target)? } else { target.to_owned() };
        let mode = match target.symlink_metadata() {
            Ok(_) if !replace => return Err(io::ErrorKind::AlreadyExists.into()),
            Ok(found) if found.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
            Ok(found) if !found.is_file() => {
                return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file"));
            }
            Ok(found) => Some(found.permissions()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let (file, hidden) = match nameless(folder(&target)) {
            Some(file) => (file, None),
            None => {
                let hidden = hidden_name(&target);
                (File::options().read(true).write(true).create_new(true).open(&hidden)?, Some(hidden))
            }
        };
        let part = Self { file, target, hidden, replace };
        // At once, and not when it has its name: rows that others may not read are not to be read meanwhile either.
        if let Some(mode) = mode {
            part.file.set_permissions(mode)?;
        }
        Ok(part)
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
        if self.replace {
            // After a crash there is the old file or the new one, and not an empty one.
            self.file.sync_all()?;
        }
        let (target, replace) = (self.target.clone(), self.replace);
        if let Some(hidden) = self.hidden.take() {
            return Ok(CompleteFile { hidden, target, replace });
        }
        let hidden = hidden_name(&target);
        link(&self.file, &hidden)?;
        Ok(CompleteFile { hidden, target, replace })
    }

    /// Gives the file its name. A file that has it meanwhile is left as it is, unless it was to be replaced.
    ///
    /// # Errors
    /// [`io::ErrorKind::AlreadyExists`], and those of the system.
    pub fn publish(self) -> io::Result<()> {
        if self.hidden.is_none() && !self.replace {
            return link(&self.file, &self.target);
        }
        self.complete()?.publish()
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
    replace: bool,
}

impl CompleteFile {
    /// Gives the file its name. A file that has it meanwhile is left as it is, unless it was to be replaced.
    ///
    /// # Errors
    /// [`io::ErrorKind::AlreadyExists`], and those of the system.
    pub fn publish(self) -> io::Result<()> {
        if self.replace {
            return std::fs::rename(&self.hidden, &self.target);
        }
        // A plain rename would take the place of a file that came meanwhile. Not every file system has each of these: FAT has no
        // hard links, and what is mounted over a network may know no flags.
        let mut outcome = Err(io::ErrorKind::Unsupported.into());
        for way in [rename_new, link_new, rename_into_reserved] {
            outcome = way(&self.hidden, &self.target);
            match &outcome {
                Ok(()) => break,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => break,
                Err(_) => {}
            }
        }
        outcome
    }
}

/// A rename that fails where there is a file already.
#[cfg(target_os = "linux")]
fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    Ok(renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE)?)
}

#[cfg(not(target_os = "linux"))]
fn rename_new(_from: &Path, _to: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// A hard link fails where there is a file already; the hidden name goes when its owner is dropped.
fn link_new(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::hard_link(from, to)
}

/// Takes the name by an empty file that must be new, and puts the whole one in its place.
fn rename_into_reserved(from: &Path, to: &Path) -> io::Result<()> {
    File::options().write(true).create_new(true).open(to)?;
    std::fs::rename(from, to).inspect_err(|_| {
        // It is the empty one, and the rename's failure is what is told.
        drop(std::fs::remove_file(to));
    })
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

/// A path behind its links, also where it leads to nothing yet.
fn resolved(target: &Path) -> io::Result<PathBuf> {
    /// As many as Linux follows.
    const LINKS: usize = 40;
    let mut path = target.to_owned();
    for _ in 0..LINKS {
        match std::fs::read_link(&path) {
            Ok(to) => path = folder(&path).join(to),
            // It is no link, or there is nothing.
            Err(_) => return Ok(path),
        }
    }
    Err(io::Error::other("links lead to each other"))
}

/// A hidden name beside the target's, with as much of it in it as a name can hold: what a file system does not allow in a name
/// shows at once.
fn hidden_name(target: &Path) -> PathBuf {
    /// Bytes of a name that are left for the rest.
    const NAME: usize = 200;
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let name = &name[..name.floor_char_boundary(NAME)];
    target.with_file_name(format!(".{name}.{}-{number}.part", std::process::id()))
}

/// A file without a name in a folder, where the system has such.
#[cfg(target_os = "linux")]
fn nameless(folder: &Path) -> Option<File> {
    use rustix::fs::{CWD, Mode, OFlags, openat};
    let mode = Mode::RUSR | Mode::WUSR | Mode::RGRP | Mode::WGRP | Mode::ROTH | Mode::WOTH;
    let file: File = openat(CWD, folder, OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC, mode).ok()?.into();
    // Its name comes by way of `/proc`, which not every container has.
    std::fs::symlink_metadata(path_of(&file)).is_ok().then_some(file)
}

#[cfg(target_os = "linux")]
fn path_of(file: &File) -> String {
    use std::os::fd::AsRawFd;
    format!("/proc/self/fd/{}", file.as_raw_fd())
}

#[cfg(not(target_os = "linux"))]
fn nameless(_folder: &Path) -> Option<File> {
    None
}

/// Gives a file without a name one.
#[cfg(target_os = "linux")]
fn link(file: &File, target: &Path) -> io::Result<()> {
    use rustix::fs::{AtFlags, CWD, linkat};
    Ok(linkat(CWD, path_of(file), CWD, target, AtFlags::SYMLINK_FOLLOW)?)
}

#[cfg(not(target_os = "linux"))]
fn link(_file: &File, _target: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn nothing_stays_of_a_file_that_was_not_completed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.csv");
        drop(PartFile::create(&path, false).unwrap());
        assert_eq!(entries(folder.path()), [""; 0]);
        let late = PartFile::create(&path, false).unwrap();
        std::fs::write(&path, "mine").unwrap();
        assert_eq!(late.publish().unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(PartFile::create(&path, false).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "mine");
        PartFile::create(&path, true).unwrap().publish().unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "");
        assert_eq!(entries(folder.path()), ["t.csv"]);
    }

    #[test]
    fn each_way_to_a_name_gives_it_once_and_never_takes_a_file_s_place() {
        for way in [rename_new, link_new, rename_into_reserved] {
            let folder = tempfile::tempdir().unwrap();
            let (from, to) = (folder.path().join("part"), folder.path().join("t"));
            std::fs::write(&from, "new").unwrap();
            std::fs::write(&to, "mine").unwrap();
            assert_eq!(way(&from, &to).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
            assert_eq!(std::fs::read_to_string(&to).unwrap(), "mine");
            std::fs::remove_file(&to).unwrap();
            way(&from, &to).unwrap();
            assert_eq!(std::fs::read_to_string(&to).unwrap(), "new");
            // A name that was taken for a file that is not there is given back.
            std::fs::remove_file(&to).unwrap();
            drop(std::fs::remove_file(&from));
            assert!(way(&from, &to).is_err() && !to.exists());
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_is_replaced_keeps_its_permissions_and_a_link_stays_one() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let folder = tempfile::tempdir().unwrap();
        let (secret, link) = (folder.path().join("secret.csv"), folder.path().join("link.csv"));
        std::fs::write(&secret, "old").unwrap();
        std::fs::set_permissions(&secret, PermissionsExt::from_mode(0o600)).unwrap();
        symlink("secret.csv", &link).unwrap();
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        for path in [&secret, &link] {
            let part = PartFile::create(path, true).unwrap();
            assert_eq!(part.writer().unwrap().metadata().unwrap().permissions().mode() & 0o777, 0o600);
            part.publish().unwrap();
            assert_eq!(mode(&secret), 0o600);
        }
        assert!(link.symlink_metadata().unwrap().is_symlink());
        assert_eq!(std::fs::read_to_string(&secret).unwrap(), "");
        // A link to nothing makes what it leads to, and one that leads to itself is said.
        symlink("later.csv", folder.path().join("ahead.csv")).unwrap();
        PartFile::create(&folder.path().join("ahead.csv"), true).unwrap().publish().unwrap();
        assert!(folder.path().join("later.csv").is_file());
        symlink("ring", folder.path().join("ring")).unwrap();
        assert!(PartFile::create(&folder.path().join("ring"), true).is_err());
    }

    #[test]
    fn what_can_be_no_file_is_known_before_anything_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let kind =
            |name: &str, replace| PartFile::create(&folder.path().join(name), replace).unwrap_err().kind();
        assert_eq!(kind(&"x".repeat(300), false), io::ErrorKind::InvalidFilename);
        assert_eq!(kind("none/t.csv", false), io::ErrorKind::NotFound);
        std::fs::create_dir(folder.path().join("sub")).unwrap();
        assert_eq!(kind("sub", true), io::ErrorKind::IsADirectory);
        #[cfg(unix)]
        assert_eq!(
            PartFile::create(Path::new("/dev/null"), true).unwrap_err().kind(),
            io::ErrorKind::InvalidInput
        );
        // The longest name there is: the hidden one is no longer.
        let long = folder.path().join("y".repeat(255));
        PartFile::create(&long, false).unwrap().complete().unwrap().publish().unwrap();
        PartFile::create(&long, true).unwrap().publish().unwrap();
        assert!(long.is_file());
    }
}
