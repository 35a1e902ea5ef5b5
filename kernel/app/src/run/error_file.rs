//! The files of `ERRFILE`: one for each loaded file, and none of them a loaded file itself.
//!
//! The rule: no row is lost. The error file takes the place of what had its name, also where a load stops early; were that the
//! loaded file, its rows that were not reached would be nowhere.

use std::fs;
use std::path::{Path, PathBuf};

use crate::import::beside;

/// Where the rows of the loaded file of this number go, the first being 0: of several files, each one's have a file of their own.
pub(super) fn of(errors: &Path, number: usize) -> PathBuf {
    if number == 0 { errors.to_owned() } else { beside(errors, &format!(".{}", number + 1)) }
}

/// The loaded file that would be replaced, by whatever path or link it is reached.
pub(super) fn taken<'a>(errors: &Path, loaded: &'a [PathBuf]) -> Option<&'a Path> {
    let written = (0..loaded.len()).map(|number| of(errors, number));
    // An error file has this name until it is complete.
    let written: Vec<PathBuf> = written.flat_map(|file| [beside(&file, ".part"), file]).collect();
    loaded.iter().find(|loaded| written.iter().any(|file| is_same(file, loaded))).map(PathBuf::as_path)
}

/// Whether both paths lead to one file that is there.
fn is_same(left: &Path, right: &Path) -> bool {
    if left == right {
        return true;
    }
    let (Ok(left), Ok(right)) = (fs::canonicalize(left), fs::canonicalize(right)) else { return false };
    left == right || is_linked(&left, &right)
}

#[cfg(unix)]
fn is_linked(left: &Path, right: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (fs::metadata(left), fs::metadata(right)) {
        (Ok(left), Ok(right)) => (left.dev(), left.ino()) == (right.dev(), right.ino()),
        _ => false,
    }
}

#[cfg(not(unix))]
const fn is_linked(_left: &Path, _right: &Path) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_file_is_no_loaded_file_whatever_path_leads_to_it() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("in")).unwrap();
        for name in ["a.csv", "b.csv", "e.err", "e.err.2", "f.err.part"] {
            fs::write(at(name), "1").unwrap();
        }
        fs::hard_link(at("a.csv"), at("hard.err")).unwrap();
        let loaded = [at("b.csv"), at("a.csv")];
        let taken = |errors: &str, loaded: &[PathBuf]| taken(&at(errors), loaded).map(Path::to_path_buf);
        assert_eq!(taken("e.err", &loaded), None);
        assert_eq!(taken("new.err", &loaded), None);
        assert_eq!(taken("a.csv", &loaded), Some(at("a.csv")));
        assert_eq!(taken("in/../a.csv", &loaded), Some(at("a.csv")));
        assert_eq!(taken("hard.err", &loaded), Some(at("a.csv")));
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(at("b.csv"), at("soft.err")).unwrap();
            assert_eq!(taken("soft.err", &loaded), Some(at("b.csv")));
        }
        // The second file's rows would go there.
        assert_eq!(taken("e.err", &[at("a.csv"), at("e.err.2")]), Some(at("e.err.2")));
        assert_eq!(taken("e.err", &[at("e.err.2")]), None);
        assert_eq!(taken("f.err", &[at("f.err.part")]), Some(at("f.err.part")));
    }
}
