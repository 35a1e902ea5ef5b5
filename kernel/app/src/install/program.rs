//! By which path a kernelspec should start this program: one that will still be right after an upgrade.
//!
//! Package managers keep a version's files in a folder of its own and put a link to the newest on PATH (Homebrew's
//! Cellar, the tools of uv and pipx). The link's own path is the lasting one, so links are never resolved here but to compare.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

/// The lasting path of `program`, this very program's file: its name on PATH, or else the way it was called
/// (`called`, what the shell passed as the program's name), or else `program` itself.
///
/// A name on PATH that leads to another program is passed over.
pub(super) fn lasting(program: &Path, called: Option<&OsStr>, folders: &[PathBuf]) -> PathBuf {
    let Ok(itself) = program.canonicalize() else { return program.to_owned() };
    let is_it = |path: &Path| path.canonicalize().is_ok_and(|found| found == itself);
    let called = called.map(Path::new);
    let name = called.and_then(Path::file_name).or(program.file_name()).unwrap_or_default();
    let on_path = folders.iter().map(|folder| folder.join(name)).find(|path| is_it(path));
    // A bare name was looked up on PATH; taken for a path it would be a file of the current folder.
    let called = called.filter(|called| called.components().count() > 1);
    let as_called = called.and_then(|called| std::path::absolute(called).ok()).filter(|path| is_it(path));
    on_path.or(as_called).unwrap_or_else(|| program.to_owned())
}

/// The lasting path of the program that runs.
pub(super) fn of_this_process(folders: &[PathBuf]) -> io::Result<PathBuf> {
    let program = std::env::current_exe()?;
    Ok(lasting(&program, std::env::args_os().next().as_deref(), folders))
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    /// A cellar as Homebrew keeps one: `cellar/1.0/cqlbook`, and a link to it at `bin/cqlbook`.
    struct Cellar {
        folder: tempfile::TempDir,
    }

    impl Cellar {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let root = folder.path();
            for sub in ["cellar/1.0", "bin", "elsewhere"] {
                fs::create_dir_all(root.join(sub)).unwrap();
            }
            fs::write(root.join("cellar/1.0/cqlbook"), "1.0").unwrap();
            fs::write(root.join("elsewhere/cqlbook"), "another program").unwrap();
            symlink(root.join("cellar/1.0/cqlbook"), root.join("bin/cqlbook")).unwrap();
            Self { folder }
        }

        fn at(&self, path: &str) -> PathBuf {
            self.folder.path().join(path)
        }

        /// The lasting path, relative to the folder.
        fn lasting(&self, called: &OsStr, folders: &[&str]) -> String {
            let folders: Vec<PathBuf> = folders.iter().map(|folder| self.at(folder)).collect();
            let found = lasting(&self.at("cellar/1.0/cqlbook"), Some(called), &folders);
            found.strip_prefix(self.folder.path()).unwrap().to_string_lossy().into_owned()
        }
    }

    #[test]
    fn the_link_on_path_outlives_the_version_it_leads_to() {
        let cellar = Cellar::new();
        assert_eq!(cellar.lasting("cqlbook".as_ref(), &["elsewhere", "bin"]), "bin/cqlbook");
        let called = cellar.at("cellar/1.0/cqlbook");
        assert_eq!(cellar.lasting(called.as_os_str(), &["bin"]), "bin/cqlbook");
    }

    #[test]
    fn a_link_that_is_not_on_path_is_kept_as_it_was_called() {
        let cellar = Cellar::new();
        let called = cellar.at("bin/cqlbook");
        assert_eq!(cellar.lasting(called.as_os_str(), &["elsewhere"]), "bin/cqlbook");
    }

    #[test]
    fn a_name_that_leads_elsewhere_is_not_taken() {
        let cellar = Cellar::new();
        assert_eq!(cellar.lasting("cqlbook".as_ref(), &["elsewhere"]), "cellar/1.0/cqlbook");
        let called = cellar.at("elsewhere/cqlbook");
        assert_eq!(cellar.lasting(called.as_os_str(), &[]), "cellar/1.0/cqlbook");
    }
}
