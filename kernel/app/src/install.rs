//! Puts the kernelspec where Jupyter looks for it, and takes it away again.
//!
//! It writes one folder, `kernels/cql`, and nothing else.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

/// The folder's name under `kernels/`, by which notebooks name the kernel.
pub(crate) const SPEC_NAME: &str = "cql";

const LOGOS: [(&str, &[u8]); 3] = [
    ("logo-32x32.png", include_bytes!("../../../kernelspec/logo-32x32.png")),
    ("logo-64x64.png", include_bytes!("../../../kernelspec/logo-64x64.png")),
    ("logo-svg.svg", include_bytes!("../../../kernelspec/logo-svg.svg")),
];

/// Whose Jupyter the kernel is installed for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// The user's own data folder.
    User,
    /// The Python environment that is active, as `sys.prefix` names it.
    SysPrefix,
    /// Under `PREFIX/share/jupyter`.
    Prefix(PathBuf),
}

/// What can go wrong while installing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InstallError {
    #[error("The user's home folder is unknown. Set HOME, or use --prefix.")]
    NoHome,
    #[error(
        "There is no active Python environment. Activate one, or use --user or --prefix. (python3 did not say its sys.prefix.)"
    )]
    NoPython,
    #[error("The program cannot find its own path: {0}.")]
    NoProgram(#[source] io::Error),
    #[error("{path} could not be written: {source}.")]
    Write { path: PathBuf, source: io::Error },
    #[error("{path} could not be removed: {source}.")]
    Remove { path: PathBuf, source: io::Error },
}

/// Writes the kernelspec and returns its folder. An older one is replaced.
pub(crate) fn install(place: &Place) -> Result<PathBuf, InstallError> {
    let folder = spec_folder(place)?;
    let program = std::env::current_exe().map_err(InstallError::NoProgram)?;
    fs::create_dir_all(&folder).map_err(|source| InstallError::Write { path: folder.clone(), source })?;
    let spec = format!("{:#}\n", kernel_json(&program));
    for (name, bytes) in LOGOS.into_iter().chain([("kernel.json", spec.as_bytes())]) {
        let path = folder.join(name);
        fs::write(&path, bytes).map_err(|source| InstallError::Write { path, source })?;
    }
    Ok(folder)
}

/// Removes the kernelspec; `None` when there was none.
pub(crate) fn uninstall(place: &Place) -> Result<Option<PathBuf>, InstallError> {
    let folder = spec_folder(place)?;
    if !folder.join("kernel.json").exists() {
        return Ok(None);
    }
    match fs::remove_dir_all(&folder) {
        Ok(()) => Ok(Some(folder)),
        Err(source) => Err(InstallError::Remove { path: folder, source }),
    }
}

/// The kernelspec that starts `program`.
///
/// Format: jupyter_client's documentation, "Kernel specs".
fn kernel_json(program: &Path) -> serde_json::Value {
    json!({
        "argv": [program.to_string_lossy(), "kernel", "--connection-file", "{connection_file}"],
        "display_name": "CQL",
        "language": "cql",
        "interrupt_mode": "message",
        "metadata": { "debugger": false },
        "kernel_protocol_version": "5.5",
    })
}

fn spec_folder(place: &Place) -> Result<PathBuf, InstallError> {
    let data = match place {
        Place::User => user_data_folder()?,
        Place::SysPrefix => sys_prefix()?.join("share").join("jupyter"),
        Place::Prefix(prefix) => prefix.join("share").join("jupyter"),
    };
    Ok(data.join("kernels").join(SPEC_NAME))
}

/// Jupyter's data folder of this user, as `jupyter --data-dir` answers by default.
fn user_data_folder() -> Result<PathBuf, InstallError> {
    let set = |name: &str| std::env::var_os(name).filter(|value: &OsString| !value.is_empty());
    if let Some(folder) = set("JUPYTER_DATA_DIR") {
        return Ok(folder.into());
    }
    let home = etcetera::home_dir().map_err(|_| InstallError::NoHome)?;
    Ok(if cfg!(target_os = "macos") {
        home.join("Library").join("Jupyter")
    } else if cfg!(windows) {
        set("APPDATA").map_or_else(|| home.join("AppData").join("Roaming"), PathBuf::from).join("jupyter")
    } else {
        set("XDG_DATA_HOME").map_or_else(|| home.join(".local").join("share"), PathBuf::from).join("jupyter")
    })
}

fn sys_prefix() -> Result<PathBuf, InstallError> {
    for name in ["VIRTUAL_ENV", "CONDA_PREFIX"] {
        if let Some(prefix) = std::env::var_os(name).filter(|prefix| !prefix.is_empty()) {
            return Ok(prefix.into());
        }
    }
    let answer = Command::new("python3").args(["-c", "import sys; print(sys.prefix)"]).output();
    match answer {
        Ok(answer) if answer.status.success() => {
            Ok(PathBuf::from(String::from_utf8_lossy(&answer.stdout).trim().to_owned()))
        }
        _ => Err(InstallError::NoPython),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn install_writes_one_folder_and_uninstall_takes_it_away() {
        let prefix = tempfile::tempdir().unwrap();
        let place = Place::Prefix(prefix.path().to_owned());
        let folder = install(&place).unwrap();
        assert_eq!(folder, prefix.path().join("share/jupyter/kernels/cql"));
        let mut names: Vec<_> = fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(names, ["kernel.json", "logo-32x32.png", "logo-64x64.png", "logo-svg.svg"]);
        assert_eq!(install(&place).unwrap(), folder, "a second install replaces the first");
        assert_eq!(uninstall(&place).unwrap(), Some(folder.clone()));
        assert!(!folder.exists());
        assert_eq!(uninstall(&place).unwrap(), None);
    }

    #[test]
    fn the_kernelspec_asks_for_interrupts_by_message() {
        let spec = kernel_json(Path::new("/opt/bin/cqlbook"));
        assert_eq!(spec["interrupt_mode"], "message");
        assert_eq!(
            spec["argv"],
            json!(["/opt/bin/cqlbook", "kernel", "--connection-file", "{connection_file}"])
        );
    }
}
