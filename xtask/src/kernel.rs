//! Builds the kernel, and the engine of `%%sql` beside it, and makes it known to Jupyter.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::Outcome;
use crate::places::Places;
use crate::shell;

/// The program that computes `%%sql`; the kernel looks for it beside its own.
pub(crate) const ENGINE: &str = "cqlbook-engine";

/// Builds the program `cqlbook` as people run it, and gives its path.
pub(crate) fn build(places: &Places) -> Outcome<PathBuf> {
    build_one(places, "cqlbook")
}

/// Builds the engine beside it, which takes many times as long the first time.
pub(crate) fn build_engine(places: &Places) -> Outcome<PathBuf> {
    build_one(places, ENGINE)
}

fn build_one(places: &Places, package: &str) -> Outcome<PathBuf> {
    let build = ["build", "--locked", "--release", "-p", package];
    shell::run(shell::cargo().current_dir(&places.root).args(build))?;
    Ok(places.built("release", package))
}

/// Installs the kernelspec under `prefix`, a virtual environment or a folder that `JUPYTER_PATH` names.
pub(crate) fn install(program: &Path, prefix: &Path) -> Outcome {
    shell::run_quietly(Command::new(program).args(["install", "--prefix"]).arg(prefix))
}
