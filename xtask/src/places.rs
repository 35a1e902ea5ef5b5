//! Where things are: the checkout, and the ignored folder `.work` that holds all that is installed or made.

use std::path::{Path, PathBuf};

use crate::failure::{Failure, Outcome};

/// The folders and programs that xtask uses. All paths are absolute.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    /// The checkout.
    pub(crate) root: PathBuf,
    /// Everything that is installed or made, `.work`.
    pub(crate) work: PathBuf,
}

impl Places {
    /// The checkout that this program was compiled in.
    pub(crate) fn of_this_checkout() -> Outcome<Self> {
        let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root =
            crate_folder.parent().ok_or_else(|| Failure::new("xtask is not in a checkout."))?.to_owned();
        if !root.join("Cargo.toml").is_file() {
            return Err(Failure::new(format!(
                "{} has been moved. Run `cargo clean -p xtask`.",
                root.display()
            )));
        }
        Ok(Self { work: root.join(".work"), root })
    }

    /// The virtual environment with JupyterLab.
    pub(crate) fn venv(&self) -> PathBuf {
        self.work.join("venv")
    }

    /// A program of the virtual environment, e.g. `python`.
    pub(crate) fn venv_program(&self, name: &str) -> PathBuf {
        if cfg!(windows) {
            self.venv().join("Scripts").join(name).with_extension("exe")
        } else {
            self.venv().join("bin").join(name)
        }
    }

    /// Where the demo's notebooks are, executed.
    pub(crate) fn demo(&self) -> PathBuf {
        self.work.join("demo")
    }

    /// Where the tests keep their pictures.
    pub(crate) fn pictures(&self) -> PathBuf {
        self.work.join("pictures")
    }

    /// The notebooks as they are kept in the repository.
    pub(crate) fn notebooks(&self) -> PathBuf {
        self.root.join("notebooks")
    }

    /// A program that cargo built, of a profile (`debug`, `release`).
    pub(crate) fn built(&self, profile: &str, program: &str) -> PathBuf {
        let target = std::env::var_os("CARGO_TARGET_DIR")
            .map_or_else(|| self.root.join("target"), |folder| self.root.join(folder));
        target.join(profile).join(program).with_extension(std::env::consts::EXE_EXTENSION)
    }

    /// A path as it is best shown: relative to the checkout where that is shorter.
    pub(crate) fn shown<'a>(&self, path: &'a Path) -> std::path::Display<'a> {
        path.strip_prefix(&self.root).unwrap_or(path).display()
    }
}
