//! Where Jupyter looks for kernels, in its order, as this process's environment tells it. Nothing is written here.
//!
//! Source: jupyter_core's `jupyter_path`. A Jupyter that is started from elsewhere may have other folders.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{InstallError, Place, SPEC_NAME};

/// The variables that decide.
const VARIABLES: [&str; 11] = [
    "APPDATA",
    "CONDA_DEFAULT_ENV",
    "CONDA_PREFIX",
    "HOME",
    "JUPYTER_DATA_DIR",
    "JUPYTER_PATH",
    "JUPYTER_PREFER_ENV_PATH",
    "PATH",
    "USERPROFILE",
    "VIRTUAL_ENV",
    "XDG_DATA_HOME",
];

/// The variables of the environment that decide where things are.
#[derive(Debug, Default)]
pub(crate) struct Environment(BTreeMap<String, OsString>);

impl Environment {
    /// This process's.
    pub(crate) fn of_this_process() -> Self {
        let set = |name: &str| std::env::var_os(name).map(|value| (name.to_owned(), value));
        let mut variables: BTreeMap<String, OsString> = VARIABLES.into_iter().filter_map(set).collect();
        // The system knows a home without the variable.
        if let Ok(home) = etcetera::home_dir() {
            variables.insert("HOME".to_owned(), home.into());
        }
        Self(variables)
    }

    /// A variable that is set to something.
    fn get(&self, name: &str) -> Option<&OsString> {
        self.0.get(name).filter(|value| !value.is_empty())
    }

    fn folder(&self, name: &str) -> Option<PathBuf> {
        self.get(name).map(PathBuf::from)
    }

    /// The folders where a shell looks for programs. Relative ones are left out: they mean another folder tomorrow.
    pub(super) fn program_folders(&self) -> Vec<PathBuf> {
        let folders = self.get("PATH").map(std::env::split_paths);
        folders.into_iter().flatten().filter(|folder| folder.is_absolute()).collect()
    }

    /// The folder that the kernelspec of `place` is in.
    pub(crate) fn spec_folder(&self, place: &Place) -> Result<PathBuf, InstallError> {
        let data = match place {
            Place::User => self.user_data()?,
            Place::SysPrefix => shared(&self.sys_prefix()?),
            Place::Prefix(prefix) => shared(prefix),
        };
        let data = std::path::absolute(&data).unwrap_or(data);
        Ok(data.join("kernels").join(SPEC_NAME))
    }

    /// The folders where a Jupyter of `place` would look for our kernel, the one that wins first.
    pub(crate) fn spec_folders(&self, place: &Place) -> Vec<PathBuf> {
        let prefix = match place {
            Place::Prefix(prefix) => Some(prefix.clone()),
            Place::SysPrefix => self.sys_prefix().ok(),
            Place::User => self.active(),
        };
        let mut folders: Vec<PathBuf> =
            self.get("JUPYTER_PATH").map(std::env::split_paths).into_iter().flatten().collect();
        let (user, environment) = (self.user_data().ok(), prefix.as_deref().map(shared));
        if self.prefers_environment(prefix.as_deref()) {
            folders.extend(environment.into_iter().chain(user));
        } else {
            folders.extend(user.into_iter().chain(environment));
        }
        if cfg!(unix) {
            folders.extend(["/usr/local/share/jupyter", "/usr/share/jupyter"].map(PathBuf::from));
        }
        folders.into_iter().map(|data| data.join("kernels").join(SPEC_NAME)).collect()
    }

    /// Whether what belongs to an environment goes before what belongs to the user.
    fn prefers_environment(&self, prefix: Option<&Path>) -> bool {
        if let Some(wish) = self.0.get("JUPYTER_PREFER_ENV_PATH") {
            let wish = wish.to_string_lossy().to_lowercase();
            return !["no", "n", "false", "off", "0", "0.0"].contains(&wish.as_str());
        }
        // venv and virtualenv leave this file; conda does not, and its base environment is none in this sense.
        let is_venv = prefix.is_some_and(|prefix| prefix.join("pyvenv.cfg").is_file());
        let is_conda = self.folder("CONDA_PREFIX").is_some_and(|conda| Some(conda.as_path()) == prefix)
            && self.get("CONDA_DEFAULT_ENV").is_some_and(|name| name != "base");
        is_venv || is_conda
    }

    /// Jupyter's data folder of this user, as `jupyter --data-dir` answers by default.
    fn user_data(&self) -> Result<PathBuf, InstallError> {
        if let Some(folder) = self.folder("JUPYTER_DATA_DIR") {
            return Ok(folder);
        }
        let home = self.folder("HOME").or_else(|| self.folder("USERPROFILE")).ok_or(InstallError::NoHome)?;
        Ok(if cfg!(target_os = "macos") {
            home.join("Library").join("Jupyter")
        } else if cfg!(windows) {
            self.folder("APPDATA").unwrap_or_else(|| home.join("AppData").join("Roaming")).join("jupyter")
        } else {
            self.folder("XDG_DATA_HOME").unwrap_or_else(|| home.join(".local").join("share")).join("jupyter")
        })
    }

    /// The Python environment that is active.
    fn active(&self) -> Option<PathBuf> {
        self.folder("VIRTUAL_ENV").or_else(|| self.folder("CONDA_PREFIX"))
    }

    /// The active environment, or the prefix of the Python that PATH leads to.
    fn sys_prefix(&self) -> Result<PathBuf, InstallError> {
        if let Some(prefix) = self.active() {
            return Ok(prefix);
        }
        let answer = Command::new("python3").args(["-c", "import sys; print(sys.prefix)"]).output();
        match answer {
            Ok(answer) if answer.status.success() => {
                Ok(PathBuf::from(String::from_utf8_lossy(&answer.stdout).trim().to_owned()))
            }
            _ => Err(InstallError::NoPython),
        }
    }
}

/// Jupyter's data folder under a prefix.
fn shared(prefix: &Path) -> PathBuf {
    prefix.join("share").join("jupyter")
}

#[cfg(test)]
impl Environment {
    /// An environment of these variables alone.
    pub(super) fn of(variables: &[(&str, &Path)]) -> Self {
        Self(variables.iter().map(|(name, value)| ((*name).to_owned(), value.into())).collect())
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;

    fn folders(environment: &Environment, place: &Place) -> Vec<String> {
        let shown = |path: PathBuf| path.to_string_lossy().replace("/share/jupyter/kernels/cql", "");
        environment.spec_folders(place).into_iter().map(shown).collect()
    }

    #[test]
    fn the_order_is_jupyters() {
        let environment = Environment::of(&[
            ("HOME", Path::new("/home/ada")),
            ("JUPYTER_PATH", Path::new("/a/share/jupyter:/b/share/jupyter")),
        ]);
        assert_eq!(
            folders(&environment, &Place::Prefix("/opt/python".into())),
            ["/a", "/b", "/home/ada/.local", "/opt/python", "/usr/local", "/usr"]
        );
    }

    #[test]
    fn a_virtual_environment_goes_before_the_user() {
        let venv = tempfile::tempdir().unwrap();
        std::fs::write(venv.path().join("pyvenv.cfg"), "").unwrap();
        let venv = venv.path();
        let home = ("HOME", Path::new("/home/ada"));
        let shown = venv.to_string_lossy();
        let environment = Environment::of(&[home, ("VIRTUAL_ENV", venv)]);
        assert_eq!(folders(&environment, &Place::User)[..2], [&shown, "/home/ada/.local"]);
        let wish = ("JUPYTER_PREFER_ENV_PATH", Path::new("0"));
        let environment = Environment::of(&[home, ("VIRTUAL_ENV", venv), wish]);
        assert_eq!(folders(&environment, &Place::User)[..2], ["/home/ada/.local", &shown]);
    }

    #[test]
    fn conda_goes_before_the_user_but_for_its_base() {
        let conda = |name: &'static str| {
            Environment::of(&[
                ("HOME", Path::new("/home/ada")),
                ("CONDA_PREFIX", Path::new("/conda")),
                ("CONDA_DEFAULT_ENV", Path::new(name)),
            ])
        };
        assert_eq!(folders(&conda("shop"), &Place::SysPrefix)[0], "/conda");
        assert_eq!(folders(&conda("base"), &Place::SysPrefix)[0], "/home/ada/.local");
    }

    #[test]
    fn the_users_folder_can_be_moved() {
        let folder = |variables: &[(&str, &Path)]| Environment::of(variables).spec_folder(&Place::User);
        let home = ("HOME", Path::new("/home/ada"));
        let data = ("JUPYTER_DATA_DIR", Path::new("/data"));
        let xdg = ("XDG_DATA_HOME", Path::new("/xdg"));
        assert_eq!(folder(&[home, data, xdg]).unwrap(), Path::new("/data/kernels/cql"));
        assert_eq!(folder(&[home, xdg]).unwrap(), Path::new("/xdg/jupyter/kernels/cql"));
        assert_eq!(folder(&[home]).unwrap(), Path::new("/home/ada/.local/share/jupyter/kernels/cql"));
        assert!(matches!(folder(&[]), Err(InstallError::NoHome)));
    }
}
