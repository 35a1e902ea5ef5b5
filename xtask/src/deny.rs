//! `cargo deny`: licences, sources, and which crate may be used in which room (`deny.toml`).

use std::path::PathBuf;
use std::process::Command;

use crate::failure::Outcome;
use crate::places::Places;
use crate::shell;

/// The version that is installed, and compiled without optimisation: a minute instead of four.
const VERSION: &str = "0.20.2";

/// Installs the tool if need be and runs every check that can be run here.
///
/// The advisories need a git repository from the network. Where it cannot be had, that is said and the rest counts.
pub(crate) fn check(places: &Places) -> Outcome {
    let tool = ensure(places)?;
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

fn ensure(places: &Places) -> Outcome<PathBuf> {
    let tools = places.work.join("tools");
    let tool = tools.join("bin").join("cargo-deny").with_extension(std::env::consts::EXE_EXTENSION);
    let there =
        shell::output(Command::new(&tool).arg("--version")).is_ok_and(|version| version.contains(VERSION));
    if !there {
        println!("Installing cargo-deny {VERSION} into {} (about a minute).", places.shown(&tools));
        let build = tempdir(places);
        let installed = shell::run_quietly(
            shell::cargo()
                .args([
                    "install",
                    "cargo-deny",
                    "--version",
                    VERSION,
                    "--locked",
                    "--debug",
                    "--quiet",
                    "--root",
                ])
                .arg(&tools)
                .arg("--target-dir")
                .arg(&build)
                .env("CARGO_PROFILE_DEV_DEBUG", "0"),
        );
        let _ = std::fs::remove_dir_all(&build);
        installed?;
    }
    Ok(tool)
}

/// Where it is compiled; thrown away afterwards.
fn tempdir(places: &Places) -> PathBuf {
    places.work.join("tools").join("build")
}
