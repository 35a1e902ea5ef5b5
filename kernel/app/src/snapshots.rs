//! Snapshots of the schema as files: one each, in a folder for each connection. Whole or not at all, and two kernels at
//! once never take the same name.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use cqlbook_cluster::small_file;
use cqlbook_core::diagnostic::{Code, Diagnostic};
use cqlbook_core::nearest::nearest;
use cqlbook_core::render;
use cqlbook_core::schema::file::Snapshot;

use crate::explain;
use crate::explain::file::{self, Doing};

/// The largest file that is read, in bytes: some ten thousand tables.
const MAX_BYTES: usize = 64 * 1024 * 1024;
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

    /// The names there are, in order; none where the folder cannot be read.
    pub(crate) fn names(&self) -> Vec<String> {
        self.try_names().unwrap_or_default()
    }

    /// The names there are, in order.
    ///
    /// # Errors
    /// Where the folder cannot be read.
    pub(crate) fn try_names(&self) -> io::Result<Vec<String>> {
        let names = file_names(&self.0)?;
        let mut names: Vec<_> =
            names.iter().filter_map(|name| name.strip_suffix(".json").and_then(name_of_file)).collect();
        names.sort();
        Ok(names)
    }

    /// Where it is.
    pub(crate) fn location(&self) -> &Path {
        &self.0
    }

    /// What is said of a name that is not there; `written` may name a connection, too.
    pub(crate) fn unknown(&self, written: &str) -> Diagnostic {
        let (name, connection) =
            written.rsplit_once('@').map_or((written, None), |(name, connection)| (name, Some(connection)));
        let names = self.names();
        let diagnostic = Diagnostic::new(Code::Usage, format!("There is no snapshot `{written}`."));
        if let Some(connection) = connection.filter(|_| names.is_empty()) {
            return diagnostic
                .with_cause(format!("The connection `{connection}` has no snapshots here."))
                .with_hint("`%snapshot list` names those of all connections.");
        }
        let of = connection.map(|connection| format!("@{connection}")).unwrap_or_default();
        match nearest(name, names.iter().map(String::as_str)) {
            Some(near) => diagnostic.with_hint(format!("Did you mean `{near}{of}`?")),
            None if names.is_empty() => {
                diagnostic.with_hint("`%snapshot save` saves the schema as it is now.")
            }
            None => diagnostic.with_hint("`%snapshot list` names those there are."),
        }
    }
}

/// The folders of all connections that have snapshots.
///
/// # Errors
/// `IMPORT_FAILED` where the folder that they are in cannot be read.
pub(crate) fn folders() -> Result<Vec<(String, Folder)>, Diagnostic> {
    let all = all()?;
    let names = file_names(&all).map_err(|error| {
        let told = format!("The folder of snapshots, {}, cannot be read.", all.display());
        file::with_trouble(Diagnostic::new(Code::ImportFailed, told), &error, &all, Doing::Reading)
    })?;
    let mut folders: Vec<_> =
        names.into_iter().filter_map(|name| Some((name_of_file(&name)?, Folder(all.join(&name))))).collect();
    folders.sort_by(|left, right| left.0.cmp(&right.0));
    Ok(folders)
}

/// The names in a folder; none where there is no such folder.
fn file_names(folder: &Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let names = entries.filter_map(Result::ok).filter_map(|entry| entry.file_name().into_string().ok());
    Ok(names.collect())
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
    let bytes = match small_file::read(path, MAX_BYTES as u64) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::FileTooLarge => {
            return Err(explain::snapshot::too_large(path, MAX_BYTES));
        }
        Err(error) => return Err(explain::snapshot::unreadable(path, &error)),
    };
    let text = String::from_utf8(bytes).map_err(|_| explain::snapshot::no_text(path))?;
    Snapshot::read(&text).map(Some).map_err(|error| explain::snapshot::refused(path, &error))
}

/// What is said of a path where nothing is.
pub(crate) fn missing(path: &Path) -> Diagnostic {
    explain::snapshot::unreadable(path, &io::ErrorKind::NotFound.into())
}

/// Writes a snapshot's file. Where one is there already and `replace` is not set, false, and it stays as it is.
///
/// # Errors
/// `EXPORT_FAILED`; nothing half-written stays.
pub(crate) fn write(path: &Path, snapshot: &Snapshot, replace: bool) -> Result<bool, Diagnostic> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let failed = |error: io::Error| {
        let told = Diagnostic::new(Code::ExportFailed, format!("{} cannot be written.", path.display()));
        file::with_trouble(told, &error, path, Doing::Writing)
            .with_hint("A path of your own will do, too: `%snapshot save ./shop.json`.")
    };
    let text = snapshot.write();
    if text.len() > MAX_BYTES {
        let told =
            format!("The schema is larger than {}, as which no snapshot is read.", render::bytes(MAX_BYTES));
        return Err(Diagnostic::new(Code::ExportFailed, told)
            .with_cause(format!("It has {} keyspaces.", snapshot.schema.keyspaces.len()))
            .with_hint("Save its keyspaces one by one: `%snapshot save NAME --keyspace KEYSPACE`."));
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(failed)?;
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let new = folder.join(format!(".snapshot-{}-{number}.new", std::process::id()));
    let written = || -> io::Result<bool> {
        let mut file = OpenOptions::new().write(true).create_new(true).open(&new)?;
        file.write_all(text.as_bytes())?;
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
    }

    #[test]
    fn a_file_that_cannot_be_read_says_why_and_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let told = |name: &str| {
            let diagnostic = read(&folder.path().join(name)).unwrap_err();
            assert_eq!(diagnostic.code, Code::ImportFailed);
            assert!(diagnostic.message.ends_with(" cannot be read as a snapshot."), "{}", diagnostic.message);
            assert!(!diagnostic.hints.is_empty());
            format!("{} {}", diagnostic.cause.unwrap_or_default(), diagnostic.hints.join(" "))
        };
        let put = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
        fs::create_dir(folder.path().join("folder.json")).unwrap();
        put("empty.json", b"");
        put("half.json", br#"{"cqlbook_snapshot": 1, "keyspaces": {"#);
        put("script.json", b"CREATE TABLE t (k int PRIMARY KEY);");
        put("rows.json", br#"[{"k": 1}]"#);
        put("new.json", br#"{"cqlbook_snapshot": 99}"#);
        put("part.json", br#"{"cqlbook_snapshot": 1, "keyspaces": {"k": {"tables": {"t": {}}}}}"#);
        put("latin.json", b"{\"name\": \"caf\xe9\"}");
        for (name, words) in [
            ("folder.json", "It is a folder. Name a file in it."),
            ("empty.json/x.json", "A part of the path is a file, and no folder."),
            ("empty.json", "It is empty. Copy it anew"),
            ("half.json", "It ends in line 1, in the middle: it was cut short. Copy it anew"),
            ("script.json", "A script of CQL is run by `SOURCE 'FILE'`."),
            ("rows.json", "A file of rows is loaded by `%import`."),
            ("new.json", "It has form 99, and this release reads form 1 and before. Update cqlbook"),
            ("part.json", "the table k.t does not fit its form. It was changed by hand or damaged."),
            ("latin.json", "It is no text in UTF-8, as a snapshot is. Unpack it"),
        ] {
            assert!(told(name).contains(words), "{name}: {}", told(name));
        }
        // Sparse: its length alone is beyond the bound.
        let large = fs::File::create(folder.path().join("large.json")).unwrap();
        large.set_len(MAX_BYTES as u64 + 1).unwrap();
        assert!(told("large.json").starts_with("It is larger than "), "{}", told("large.json"));
        let near = missing(&folder.path().join("emty.json"));
        assert_eq!(near.hints, ["Did you mean empty.json?"]);
        assert!(near.cause.as_deref().unwrap().starts_with("There is no emty.json in "), "{:?}", near.cause);
        let nowhere = missing(&folder.path().join("none/a.json"));
        assert!(nowhere.cause.as_deref().unwrap().starts_with("There is no folder "), "{:?}", nowhere.cause);
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe.json");
        let made = std::process::Command::new("mkfifo").arg(&path).status().unwrap();
        assert!(made.success());
        let told = read(&path).unwrap_err();
        assert_eq!(told.cause.as_deref(), Some("The system says: it is no regular file."));
        assert_eq!(told.hints, ["Name a regular file."]);
    }

    #[test]
    fn a_name_that_is_not_there_leads_to_one_that_is() {
        let folder = tempfile::tempdir().unwrap();
        let snapshots = Folder(folder.path().to_owned());
        fs::write(folder.path().join("monday.json"), "{}").unwrap();
        assert_eq!(snapshots.unknown("munday").hints, ["Did you mean `monday`?"]);
        assert_eq!(snapshots.unknown("munday@shop").hints, ["Did you mean `monday@shop`?"]);
        let none = Folder(folder.path().join("none"));
        let cause = none.unknown("monday@shop").cause;
        assert_eq!(cause.as_deref(), Some("The connection `shop` has no snapshots here."));
        assert_eq!(none.unknown("monday").hints, ["`%snapshot save` saves the schema as it is now."]);
    }
}
