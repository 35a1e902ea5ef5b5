//! The program `cqlbook-engine`: where it lies, what it is started with, and whether it is the one that this kernel was built with.

use std::ffi::{OsStr, OsString};
use std::io::{self, BufReader, ErrorKind};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use cqlbook_analysis::sql::wire;

use super::Failed;

/// What an engine is told of the environment: where programs, time zones and libraries are, in which language the system's words
/// are, and what a query may take. Nothing else: it needs no secret, so it is given none, whatever their names are.
const VARIABLES: [&str; 8] =
    ["PATH", "HOME", "TZ", "TZDIR", "LANG", "LD_LIBRARY_PATH", "CQLBOOK_SQL_MEMORY", "SystemRoot"];
/// The same, by how their names begin.
const VARIABLES_OF_LANGUAGE: &str = "LC_";
/// What says where temporary files go.
const FOLDER_VARIABLES: [&str; 3] = ["TMPDIR", "TMP", "TEMP"];

/// Where the engine is: beside this program.
///
/// # Errors
/// Where this program's own place is not known.
pub(crate) fn path() -> io::Result<PathBuf> {
    let own = std::env::current_exe()?;
    // Not where a link to this program lies.
    let own = own.canonicalize().unwrap_or(own);
    Ok(own.with_file_name(format!("cqlbook-engine{}", std::env::consts::EXE_SUFFIX)))
}

/// Starts the engine, whose temporary files go into `folder`.
///
/// # Errors
/// [`Failed::Missing`] and [`Failed::NotStarted`].
pub(super) fn start(folder: &Path) -> Result<Child, Failed> {
    let path = path().map_err(Failed::NotStarted)?;
    let mut command = Command::new(&path);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.env_clear().envs(environment(std::env::vars_os(), folder));
    // Jupyter signals the kernel's whole process group; what an interrupt means for this one is the kernel's to say.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command.spawn().map_err(|error| match error.kind() {
        ErrorKind::NotFound if !path.exists() => Failed::Missing(path),
        _ => Failed::NotStarted(error),
    })
}

/// Reads what the engine says first.
///
/// # Errors
/// [`Failed::Stranger`] for one that was not built with this kernel; none where it says nothing, which is `Ok(false)`.
pub(super) fn greet(from: impl io::BufRead) -> Result<bool, Failed> {
    match wire::read_greeting(from) {
        Ok(Ok(())) => Ok(true),
        Ok(Err(stranger)) => Err(Failed::Stranger { path: path().map_err(Failed::NotStarted)?, stranger }),
        Err(_) => Ok(false),
    }
}

/// Whether the engine is there and can be started. It ends at once: nothing is asked of it.
///
/// # Errors
/// [`Failed`].
pub(crate) fn greeted() -> Result<(), Failed> {
    let mut child = start(&std::env::temp_dir())?;
    drop(child.stdin.take());
    let said = child.stdout.take().map_or(Ok(false), |stdout| greet(BufReader::new(stdout)));
    // It ends by itself; a stranger may not.
    child.kill().ok();
    let status = child.wait().map_err(Failed::NotStarted)?;
    if said? { Ok(()) } else { Err(Failed::Died(format!("It ended with {status}."))) }
}

fn environment(own: impl Iterator<Item = (OsString, OsString)>, folder: &Path) -> Vec<(OsString, OsString)> {
    let is_told = |name: &OsStr| {
        let name = name.to_str().unwrap_or_default();
        VARIABLES.contains(&name) || name.starts_with(VARIABLES_OF_LANGUAGE)
    };
    let folders = FOLDER_VARIABLES.iter().map(|name| (OsString::from(name), folder.as_os_str().to_owned()));
    own.filter(|(name, _)| is_told(name)).chain(folders).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_engine_is_told_no_secret() {
        let own = [
            ("PATH", "/bin"),
            ("LC_ALL", "C"),
            ("TMPDIR", "/tmp"),
            ("ASTRA_DB_APPLICATION_TOKEN", "AstraCS:x"),
            ("CQLBOOK_VAULT_PASSPHRASE", "x"),
            ("AWS_SECRET_ACCESS_KEY", "x"),
            ("CQLBOOK_SQL_MEMORY", "600"),
        ];
        let own = own.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
        let told: Vec<String> = environment(own, Path::new("/f"))
            .iter()
            .map(|(name, value)| format!("{}={}", name.display(), value.display()))
            .collect();
        assert_eq!(
            told,
            ["PATH=/bin", "LC_ALL=C", "CQLBOOK_SQL_MEMORY=600", "TMPDIR=/f", "TMP=/f", "TEMP=/f"]
        );
    }
}
