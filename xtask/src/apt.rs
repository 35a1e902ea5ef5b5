//! Debian packages for what has no other home: Maven, Chromium, gnome-keyring.

use std::process::Command;

use crate::failure::{Failure, Outcome};
use crate::shell;

/// Makes sure that one of `programs` is there, by installing the Debian package where that is possible.
///
/// Where it is not (no apt, no rights), the failure is one line that says what is missing and how to get it.
pub(crate) fn ensure(programs: &[&str], package: &str, what_for: &str) -> Outcome {
    if programs.iter().any(|program| shell::which(program).is_some()) {
        return Ok(());
    }
    let Some(apt) = installer() else {
        return Err(Failure::new(missing(package, what_for)));
    };
    println!("Installing {package} ({what_for}) with apt-get.");
    let update = shell::run_quietly(apt_get(&apt).args(["update", "-q"]));
    shell::run_quietly(apt_get(&apt).args(["install", "-q", "-y", "--no-install-recommends", package]))
        .and(update)
        .map_err(|failure| Failure::new(format!("{}\n{failure}", missing(package, what_for))))
}

/// Whether [`ensure`] would succeed or at least try; `None`, or the line that says what is missing.
pub(crate) fn lacking(programs: &[&str], package: &str, what_for: &str) -> Option<String> {
    let there = programs.iter().any(|program| shell::which(program).is_some());
    (!there && installer().is_none()).then(|| missing(package, what_for))
}

fn missing(package: &str, what_for: &str) -> String {
    format!("{package} is missing ({what_for}). Install it, for example with: sudo apt-get install {package}")
}

/// How apt-get can be called without a question: as root, or by a sudo that asks for no password.
fn installer() -> Option<Vec<&'static str>> {
    shell::which("apt-get")?;
    let root = shell::output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
    if root {
        return Some(vec!["apt-get"]);
    }
    shell::run_quietly(Command::new("sudo").args(["-n", "true"])).ok()?;
    Some(vec!["sudo", "-n", "apt-get"])
}

fn apt_get(words: &[&str]) -> Command {
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).env("DEBIAN_FRONTEND", "noninteractive");
    command
}
