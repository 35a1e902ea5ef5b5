//! The virtual environment with JupyterLab and the rest of the Python side, in `.work/venv`.

use std::fs;
use std::process::Command;

use crate::failure::{Explain, Outcome};
use crate::places::Places;
use crate::shell;

/// Makes the environment, unless the one that is there was made from the same requirements.
pub(crate) fn ensure(places: &Places) -> Outcome {
    let requirements = places.root.join("xtask/requirements.txt");
    let pinned = places.root.join("xtask/requirements.lock.txt");
    let wanted = [&requirements, &pinned]
        .into_iter()
        .map(|file| fs::read_to_string(file).explain(format!("Cannot read {}", file.display())))
        .collect::<Outcome<String>>()?;
    let stamp = places.venv().join("cqlbook-stamp.txt");
    if fs::read_to_string(&stamp).is_ok_and(|made_from| made_from == wanted) {
        return Ok(());
    }
    println!("Installing JupyterLab and its companions into {}.", places.shown(&places.venv()));
    shell::run_quietly(Command::new("python3").args(["-m", "venv", "--clear"]).arg(places.venv()))?;
    shell::run_quietly(
        Command::new(places.venv_program("python"))
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "-r"])
            .arg(&requirements)
            .arg("-c")
            .arg(&pinned),
    )?;
    fs::write(&stamp, wanted).explain(format!("Cannot write {}", stamp.display()))
}

/// The environment's Python, to run a script of the repository.
pub(crate) fn python(places: &Places) -> Command {
    let mut python = Command::new(places.venv_program("python"));
    python.current_dir(&places.root).env("PYTHONUNBUFFERED", "1").env("PYTHONDONTWRITEBYTECODE", "1");
    // Kernels that are started by a script leave nothing in the developer's own history.
    python.env("CQLBOOK_HISTORY", "off");
    python
}
