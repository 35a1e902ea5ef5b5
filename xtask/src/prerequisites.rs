//! What a machine must have before anything slow begins: one line for each thing that is missing.

use std::process::Command;

use crate::apt;
use crate::failure::{Failure, Outcome};
use crate::shell;

/// What a command needs beside Rust.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// A C compiler, which the TLS library's build calls.
    Compiler,
    /// rustfmt and clippy.
    RustComponents,
    /// Python with its `venv` module.
    Python,
    /// Java 17 and Maven, for the real Cassandra of the local Astra.
    Java,
    /// A Chromium that can be driven.
    Browser,
    /// gnome-keyring and a D-Bus for it to be on, for the keychain's tests; on Linux only.
    Keyring,
}

/// A program and the Debian package that has it.
const KEYRING: [(&str, &str); 2] =
    [("dbus-run-session", "dbus-daemon"), ("gnome-keyring-daemon", "gnome-keyring")];
const KEYRING_FOR: &str = "the tests keep secrets in a real keychain";
const CHROMIUM: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// Looks for everything at once, so that a person has to come back only once.
pub(crate) fn check(needs: &[Need]) -> Outcome {
    let missing: Vec<String> = needs.iter().filter_map(|need| lacking(*need)).collect();
    if missing.is_empty() { Ok(()) } else { Err(Failure::new(missing.join("\nxtask: "))) }
}

/// Installs what Debian has, where that is possible without asking.
pub(crate) fn install(needs: &[Need]) -> Outcome {
    for need in needs {
        match need {
            Need::Java => apt::ensure(&["mvn"], "maven", "it fetches Cassandra's jars")?,
            Need::Browser if std::env::var_os("CQLBOOK_CHROMIUM").is_none() => {
                apt::ensure(&CHROMIUM, "chromium", "the tests look at notebooks in it")?;
            }
            Need::Keyring if cfg!(target_os = "linux") => {
                for (program, package) in KEYRING {
                    apt::ensure(&[program], package, KEYRING_FOR)?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn lacking(need: Need) -> Option<String> {
    match need {
        Need::Compiler => {
            let there = shell::which("cc").is_some() || std::env::var_os("CC").is_some();
            (!there && cfg!(unix)).then(|| apt_line("A C compiler is missing.", "build-essential"))
        }
        Need::RustComponents => {
            let there = |tool| shell::run_quietly(shell::cargo().args([tool, "--version"])).is_ok();
            (!there("fmt") || !there("clippy")).then(|| {
                "rustfmt or clippy is missing. Install them with: rustup component add rustfmt clippy".into()
            })
        }
        Need::Python => {
            let answer = shell::output(Command::new("python3").args([
                "-c",
                "import sys, venv, ensurepip; print(sys.version_info.major * 100 + sys.version_info.minor)",
            ]));
            match answer.ok().and_then(|version| version.trim().parse::<u32>().ok()) {
                Some(311..) => None,
                Some(version) => Some(apt_line(
                    &format!(
                        "Python 3.11 or later is needed; python3 is {}.{}.",
                        version / 100,
                        version % 100
                    ),
                    "python3",
                )),
                None => {
                    Some(apt_line("Python 3.11 or later with its venv module is missing.", "python3-venv"))
                }
            }
        }
        Need::Java => match java_version() {
            Some(17) => apt::lacking(&["mvn"], "maven", "it fetches Cassandra's jars"),
            Some(other) => Some(apt_line(
                &format!("Java 17 is needed; java is {other}. (JAVA_HOME goes before PATH.)"),
                "openjdk-17-jre-headless",
            )),
            None => Some(apt_line("Java 17 is missing.", "openjdk-17-jre-headless")),
        },
        Need::Browser => {
            if std::env::var_os("CQLBOOK_CHROMIUM").is_some() {
                return None;
            }
            apt::lacking(&CHROMIUM, "chromium", "the tests look at notebooks in it")
        }
        Need::Keyring if cfg!(target_os = "linux") => {
            KEYRING.iter().find_map(|(program, package)| apt::lacking(&[*program], package, KEYRING_FOR))
        }
        Need::Keyring => None,
    }
}

fn apt_line(what: &str, package: &str) -> String {
    format!("{what} On Debian: sudo apt-get install {package}")
}

fn java_version() -> Option<u32> {
    let java = std::env::var_os("JAVA_HOME").map_or_else(
        || "java".into(),
        |home| std::path::Path::new(&home).join("bin").join("java").into_os_string(),
    );
    let said = Command::new(java).arg("-version").output().ok()?;
    major_version(&String::from_utf8_lossy(&said.stderr))
}

/// The 17 of `openjdk version "17.0.15" 2025-04-15`.
fn major_version(said: &str) -> Option<u32> {
    let number = said.split('"').nth(1)?;
    number.split(['.', '-', '+']).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_javas_version() {
        assert_eq!(major_version("openjdk version \"17.0.15\" 2025-04-15\nOpenJDK Runtime…"), Some(17));
        assert_eq!(major_version("openjdk version \"21\" 2023-09-19"), Some(21));
        assert_eq!(major_version("java: command not found"), None);
    }
}
