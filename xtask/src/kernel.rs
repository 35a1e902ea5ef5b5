//! Builds the kernel and makes it known to Jupyter.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::Outcome;
use crate::places::Places;
use crate::shell;

/// Builds the program `cqlbook` as people run it, and gives its path.
pub(crate) fn build(places: &Places) -> Outcome<PathBuf> {
    shell::run(shell::cargo().current_dir(&places.root).args([
        "build",
        "--locked",
        "--release",
        "-p",
        "cqlbook",
    ]))?;
    Ok(places.built("release", "cqlbook"))
}

/// Installs the kernelspec under `prefix`, a virtual environment or a folder that `JUPYTER_PATH` names.
pub(crate) fn install(program: &Path, prefix: &Path) -> Outcome {
    shell::run_quietly(Command::new(program).args(["install", "--prefix"]).arg(prefix))
}
