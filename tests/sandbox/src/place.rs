//! Where a sandbox keeps its files: the project's ignored `.work` folder, a run folder of its own in it, and the janitor
//! that removes the run folder and ends its processes however the sandbox ends. It starts no Cassandra.

use std::fs::{self, File, TryLockError};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::error::{Context, Result};

const JANITOR: &str = include_str!("../cassandra/janitor.sh");
const OWNER: &str = "owner.lock";

/// The folder for things that commands install or make: `CQLBOOK_WORK`, or `.work` at the project's root.
#[must_use]
pub fn work_folder() -> PathBuf {
    match std::env::var_os("CQLBOOK_WORK") {
        Some(path) if !path.is_empty() => PathBuf::from(path),
        _ => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.work"),
    }
}

/// Creates the work folder if need be and returns its absolute path.
pub(crate) fn make_work_folder() -> Result<PathBuf> {
    let path = work_folder();
    fs::create_dir_all(&path).at("Creating", &path)?;
    path.canonicalize().at("Finding", &path)
}

/// A sandbox's run folder. Dropping it ends every process that carries the folder's mark and removes the folder; the
/// same happens when this process is killed, because the janitor then reads the end of its standard input.
#[derive(Debug)]
pub(crate) struct RunFolder {
    path: PathBuf,
    janitor: Child,
    /// Locked while this process lives: how a later start tells a dead sandbox's folder from a living one's.
    _owner: File,
}

impl RunFolder {
    /// Makes a fresh run folder, after removing those of dead sandboxes.
    pub(crate) fn create() -> Result<Self> {
        let work = make_work_folder()?;
        sweep(&work);
        let folder =
            tempfile::Builder::new().prefix("run-").tempdir_in(&work).at("Creating a folder in", &work)?;
        let lock = folder.path().join(OWNER);
        let owner = File::create(&lock).at("Creating", &lock)?;
        owner.lock().at("Locking", &lock)?;
        let janitor = hire_janitor(folder.path())?;
        Ok(Self { path: folder.keep(), janitor, _owner: owner })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for RunFolder {
    fn drop(&mut self) {
        dismiss(&mut self.janitor);
    }
}

/// The argument by which the janitor knows a process of the sandbox whose run folder this is.
pub(crate) fn mark(run: &Path) -> String {
    format!("-Dcqlbook.sandbox={}", run.display())
}

/// Starts the janitor in a process group of its own, so that an interrupt at the terminal does not reach it.
fn hire_janitor(run: &Path) -> Result<Child> {
    let mut janitor = Command::new("sh")
        .args(["-c", JANITOR])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .during("Starting the janitor (sh)")?;
    if let Some(stdin) = janitor.stdin.as_mut() {
        writeln!(stdin, "{}", run.display()).during("Writing to the janitor")?;
    }
    Ok(janitor)
}

/// Lets the janitor work and waits for it.
fn dismiss(janitor: &mut Child) {
    drop(janitor.stdin.take());
    // Nothing can be done about a janitor that fails but to leave the folder to the next start's sweep.
    let _ = janitor.wait();
}

/// Removes the run folders of sandboxes that are no more, and ends what they left running. A folder that cannot be
/// judged or removed now is left for the next start.
fn sweep(work: &Path) {
    let Ok(entries) = fs::read_dir(work) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        if entry.file_name().to_string_lossy().starts_with("run-")
            && is_abandoned(&path)
            && let Ok(mut janitor) = hire_janitor(&path)
        {
            dismiss(&mut janitor);
        }
    }
}

/// Whether nobody holds the folder's lock. A folder without a lock may just be being made: only an old one counts.
fn is_abandoned(run: &Path) -> bool {
    match File::open(run.join(OWNER)) {
        Ok(owner) => !matches!(owner.try_lock(), Err(TryLockError::WouldBlock)),
        Err(_) => fs::metadata(run)
            .and_then(|data| data.modified())
            .is_ok_and(|made| made.elapsed().is_ok_and(|age| age > Duration::from_secs(60))),
    }
}

/// Makes a file readable and writable by its owner only.
pub(crate) fn protect(path: &Path) -> Result<()> {
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).at("Protecting", path)
}
