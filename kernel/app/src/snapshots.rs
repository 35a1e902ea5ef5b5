//! Snapshots of the schema as files: one each, in a folder for each connection. Whole or not at all, and two kernels at
//! once never take the same name.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use cqlbook_cluster::small_file;
use cqlbook_core::diagnostic::{Code, Diagnostic};
use cqlbook_core::nearest::nearest;
use cqlbook_core::schema::file::Snapshot;

/// The largest file that is read, in bytes: some ten thousand tables.
const MAX_BYTES: u64 = 64 * 1024 * 1024;
/// The longest name.
const MAX_NAME: usize = 100;

/// The snapshots of one connection.
#[derive(Debug, Clone)]
pub(crate) struct Folder(PathBuf);

/// Whether a name is a path: then the file lies where the user says.
pub(crate) fn is_path(name: &str) -> bool {
    name.contains(['/', '\\']) || name.ends_with(".json")
}

impl Folder {
    /// The folder of a connection in the user's data folder.
    pub(crate) fn of(connection: &str) -> Result<Self, Diagnostic> {
        Ok(Self(all()?.join(file_name(connection))))
    }

    /// The file of a name.
    ///
    /// # Errors
    /// `USAGE` for what is no name.
    pub(crate) fn path(&self, name: &str) -> Result<PathBuf, Diagnostic> {
        let odd = |c: char| c.is_control() || matches!(c, '@' | '/' | '\\');
        let fits = !name.is_empty() && name.len() <= MAX_NAME && !name.contains(odd) && name != "live";
        if !fits {
            return Err(Diagnostic::new(Code::Usage, format!("`{name}` is no name for a snapshot."))
                .with_cause("A name has no `@` and no `/`, and `live` is the schema as it is now.")
                .with_hint(
                    "A path that ends in `.json` is a file of your own: `%snapshot save shop.json`.",
                ));
        }
        Ok(self.0.join(format!("{}.json", file_name(name))))
    }

    /// The names there are, in order.
    pub(crate) fn names(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(&self.0) else { return Vec::new() };
        let names = entries.filter_map(Result::ok).filter_map(|entry| entry.file_name().into_string().ok());
        let mut names: Vec<_> =
            names.filter_map(|name| name.strip_suffix(".json").and_then(name_of_file)).collect();
        names.sort();
        names
    }

    /// What is said of a name that is not there.
    pub(crate) fn unknown(&self, name: &str) -> Diagnostic {
        let names = self.names();
        let diagnostic = Diagnostic::new(Code::Usage, format!("There is no snapshot `{name}`."));
        match nearest(name, names.iter().map(String::as_str)) {
            Some(near) => diagnostic.with_hint(format!("Did you mean `{near}`?")),
            None if names.is_empty() => {
                diagnostic.with_hint("`%snapshot save` saves the schema as it is now.")
            }
            None => diagnostic.with_hint("`%snapshot list` names those there are."),
        }
    }
}

/// The folders of all connections that have snapshots.
pub(crate) fn folders() -> Vec<(String, Folder)> {
    let Ok(all) = all() else { return Vec::new() };
    let Ok(entries) = fs::read_dir(&all) else { return Vec::new() };
    let names = entries.filter_map(Result::ok).filter_map(|entry| entry.file_name().into_string().ok());
    let mut folders: Vec<_> =
        names.filter_map(|name| Some((name_of_file(&name)?, Folder(all.join(&name))))).collect();
    folders.sort_by(|left, right| left.0.cmp(&right.0));
    folders
}

fn all() -> Result<PathBuf, Diagnostic> {
    let paths = cqlbook_vault::Paths::of_user().ok_or_else(|| {
        Diagnostic::new(
            Code::ExportFailed,
            "The home folder is not known, so there is no place for snapshots.",
        )
        .with_hint("Give a path that ends in `.json`: `%snapshot save shop.json`.")
    })?;
    Ok(paths.data.join("snapshots"))
}

/// A name as a file's name on every system: what is not plain is written as bytes in hexadecimal.
fn file_name(name: &str) -> String {
    let mut file = String::new();
    for (place, c) in name.char_indices() {
        let plain = c.is_alphanumeric() || matches!(c, '-' | '_') || (place > 0 && matches!(c, '.' | ' '));
        if plain && !(place + 1 == name.len() && matches!(c, '.' | ' ')) {
            file.push(c);
        } else {
            let mut bytes = [0; 4];
            c.encode_utf8(&mut bytes).bytes().for_each(|byte| file.push_str(&format!("%{byte:02x}")));
        }
    }
    file
}

/// The name that [`file_name`] was made of; `None` for another program's file.
fn name_of_file(file: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = file;
    while let Some(at) = rest.find('%') {
        bytes.extend_from_slice(&rest.as_bytes()[..at]);
        bytes.push(u8::from_str_radix(rest.get(at + 1..at + 3)?, 16).ok()?);
        rest = rest.get(at + 3..)?;
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8(bytes).ok().filter(|name| !name.starts_with('.'))
}

/// Reads a snapshot's file; `None` where there is none.
///
/// # Errors
/// `IMPORT_FAILED` for a file that cannot be read or is no snapshot.
pub(crate) fn read(path: &Path) -> Result<Option<Snapshot>, Diagnostic> {
    let failed = |reason: String| {
        Diagnostic::new(Code::ImportFailed, format!("{} cannot be read as a snapshot.", path.display()))
            .with_cause(reason)
            .with_hint("`%snapshot save` writes one.")
    };
    let bytes = match small_file::read(path, MAX_BYTES) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::FileTooLarge => {
            return Err(failed("It is larger than any that this program writes.".to_owned()));
        }
        Err(error) => return Err(failed(format!("{error}."))),
    };
    let text = String::from_utf8(bytes).map_err(|_| failed("It is no text in UTF-8.".to_owned()))?;
    Snapshot::read(&text).map(Some).map_err(|error| failed(error.to_string()))
}

/// Writes a snapshot's file. Where one is there already and `replace` is not set, false, and it stays as it is.
///
/// # Errors
/// `EXPORT_FAILED`; nothing half-written stays.
pub(crate) fn write(path: &Path, snapshot: &Snapshot, replace: bool) -> Result<bool, Diagnostic> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let failed = |error: io::Error| {
        Diagnostic::new(Code::ExportFailed, format!("{} cannot be written.", path.display()))
            .with_cause(format!("{error}."))
            .with_hint("Another path, e.g. `%snapshot save ./shop.json`.")
    };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(failed)?;
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let new = folder.join(format!(".snapshot-{}-{number}.new", std::process::id()));
    let written = || -> io::Result<bool> {
        let mut file = OpenOptions::new().write(true).create_new(true).open(&new)?;
        file.write_all(snapshot.write().as_bytes())?;
        file.sync_all()?;
        drop(file);
        if replace {
            fs::rename(&new, path)?;
            return Ok(true);
        }
        // A link is made only where nothing is, whoever else tries at the same moment.
        match fs::hard_link(&new, path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            // A file system without links.
            Err(_) if path.exists() => Ok(false),
            Err(_) => fs::rename(&new, path).map(|()| true),
        }
    };
    let outcome = written();
    let _ = fs::remove_file(&new);
    outcome.map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_files_on_every_system_and_come_back() {
        for name in ["monday", "2026-11-23", "Größe 1", "a:b*c?", "..", ".x", "end.", "50%", "con/../x"] {
            let file = file_name(name);
            assert!(!file.contains([':', '*', '?', '/', '\\']) && !file.starts_with('.'), "{file}");
            if !name.starts_with('.') {
                assert_eq!(name_of_file(&file).as_deref(), Some(name));
            }
        }
        assert_eq!(name_of_file("50%zz"), None);
    }

    #[test]
    fn a_file_is_written_once_unless_it_is_to_be_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b.json");
        let snapshot = |name: &str| Snapshot { name: name.to_owned(), ..Snapshot::default() };
        assert!(write(&path, &snapshot("one"), false).unwrap());
        assert!(!write(&path, &snapshot("two"), false).unwrap());
        assert_eq!(read(&path).unwrap().unwrap().name, "one");
        assert!(write(&path, &snapshot("three"), true).unwrap());
        assert_eq!(read(&path).unwrap().unwrap().name, "three");
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "nothing else stays");
        assert_eq!(read(&folder.path().join("none.json")).unwrap(), None);
        fs::write(&path, "{}").unwrap();
        assert_eq!(read(&path).unwrap_err().code, Code::ImportFailed);
    }
}
