//! Builds the kernel and makes it known to Jupyter.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::Outcome;
use crate::places::Places;
use crate::shell;

/// How the kernel is compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    /// What the tests run: shares its parts with them.
    Debug,
    /// What people run.
    Release,
}

impl Profile {
    fn folder(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Release => "release",
        }
    }
}

/// Builds the program `cqlbook` and gives its path.
pub(crate) fn build(places: &Places, profile: Profile) -> Outcome<PathBuf> {
    let mut cargo = shell::cargo();
    cargo.current_dir(&places.root).args(["build", "--package", "cqlbook"]);
    if profile == Profile::Release {
        cargo.arg("--release");
    }
    shell::run(&mut cargo)?;
    Ok(places.built(profile.folder(), "cqlbook"))
}

/// Installs the kernelspec under `prefix`, a virtual environment or a folder that `JUPYTER_PATH` names.
pub(crate) fn install(program: &Path, prefix: &Path) -> Outcome {
    shell::run_quietly(Command::new(program).args(["install", "--prefix"]).arg(prefix))
}
