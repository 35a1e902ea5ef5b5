//! Starting other programs and waiting for them.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::failure::{Explain, Failure, Outcome};

/// Longer than any step of a healthy run takes; it keeps a hang from eating a whole CI run.
const LIMIT: Duration = Duration::from_secs(30 * 60);

/// Cargo as it runs us, without what it set for this program only.
pub(crate) fn cargo() -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    forget_us(&mut cargo);
    cargo
}

/// Takes from a command that runs cargo what cargo set for this program only.
///
/// `cargo run` puts the package's own variables into the environment. Build scripts that watch them (ring's does)
/// would be rebuilt whenever cargo is called by hand and by xtask in turn.
pub(crate) fn forget_us(command: &mut Command) {
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        let ours = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"];
        if ours.iter().any(|prefix| text.starts_with(prefix)) || text == "CARGO_PRIMARY_PACKAGE" {
            command.env_remove(&name);
        }
    }
}

/// Runs a program with its output on the terminal; an exit code other than 0 is a failure.
pub(crate) fn run(command: &mut Command) -> Outcome {
    run_within(command, LIMIT)
}

/// As [`run`], with a limit of its own.
pub(crate) fn run_within(command: &mut Command, limit: Duration) -> Outcome {
    let mut child =
        command.stdin(Stdio::null()).spawn().explain(format!("Cannot start {}", name(command)))?;
    wait(&mut child, &name(command), limit)
}

/// Runs a program with its output kept away; when it fails, the failure ends in the last lines of it.
pub(crate) fn run_quietly(command: &mut Command) -> Outcome {
    output(command).map(drop)
}

/// Runs a program and gives its standard output.
pub(crate) fn output(command: &mut Command) -> Outcome<String> {
    let done = command.stdin(Stdio::null()).output().explain(format!("Cannot start {}", name(command)))?;
    if done.status.success() {
        return Ok(String::from_utf8_lossy(&done.stdout).into_owned());
    }
    let said = [done.stdout, done.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    let lines: Vec<&str> = said.lines().collect();
    let last = lines[lines.len().saturating_sub(30)..].join("\n");
    Err(Failure::new(format!("{} failed ({}).\n{last}", name(command), done.status)))
}

/// Waits for a program that has been started, no longer than `limit`, after which it is killed.
pub(crate) fn wait(child: &mut Child, name: &str, limit: Duration) -> Outcome {
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait().explain(format!("Cannot wait for {name}"))? {
            return if status.success() {
                Ok(())
            } else {
                Err(Failure::new(format!("{name} failed ({status}).")))
            };
        }
        if started.elapsed() > limit {
            end_family(child.id());
            let _ = child.kill();
            let _ = child.wait();
            return Err(Failure::new(format!("{name} was stopped after {} s.", limit.as_secs())));
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// Ends what a program has started, and what that has: tests that outlive their cargo would disturb all that comes after them.
fn end_family(parent: u32) {
    let Ok(list) = Command::new("ps").args(["-A", "-o", "pid=", "-o", "ppid="]).output() else { return };
    let list = String::from_utf8_lossy(&list.stdout).into_owned();
    let pairs: Vec<(u32, u32)> = list
        .lines()
        .filter_map(|line| {
            let mut numbers = line.split_whitespace().map(str::parse);
            Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
        })
        .collect();
    let mut family = vec![parent];
    let mut at = 0;
    while let Some(&elder) = family.get(at) {
        family.extend(pairs.iter().filter(|(_, of)| *of == elder).map(|(child, _)| *child));
        at += 1;
    }
    let children: Vec<String> = family[1..].iter().map(u32::to_string).collect();
    if !children.is_empty() {
        let _ = Command::new("kill").arg("-KILL").args(children).status();
    }
}

/// Where PATH has a program.
pub(crate) fn which(program: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?)
        .map(|folder| folder.join(program).with_extension(std::env::consts::EXE_EXTENSION))
        .find(|path| path.is_file())
}

/// A short name for messages: the program and its first argument.
fn name(command: &Command) -> String {
    let program =
        Path::new(command.get_program()).file_name().unwrap_or_default().to_string_lossy().into_owned();
    match command.get_args().find(|argument| !argument.to_string_lossy().starts_with('-')) {
        Some(first) => {
            let first = Path::new(first).file_name().unwrap_or(first).to_string_lossy();
            format!("{program} {first}")
        }
        None => program,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn a_failing_program_is_named_with_its_last_words() {
        let failure =
            output(Command::new("sh").args(["-c", "echo the reason >&2; exit 3"])).unwrap_err().to_string();
        assert!(failure.starts_with("sh "), "{failure}");
        assert!(failure.contains("exit status: 3"), "{failure}");
        assert!(failure.ends_with("the reason"), "{failure}");
    }

    #[test]
    #[cfg(unix)]
    fn what_a_hanging_program_has_started_is_stopped_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let trace = folder.path().join("trace");
        let script = format!("(sleep 1; touch {}) & wait", trace.display());
        let mut child = Command::new("sh").args(["-c", &script]).spawn().unwrap();
        wait(&mut child, "sh", Duration::from_millis(300)).unwrap_err();
        thread::sleep(Duration::from_millis(1_500));
        assert!(!trace.exists(), "its child still runs");
    }

    #[test]
    #[cfg(unix)]
    fn a_hanging_program_is_stopped() {
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let failure = wait(&mut child, "sleep", Duration::from_millis(50)).unwrap_err().to_string();
        assert_eq!(failure, "sleep was stopped after 0 s.");
        assert!(child.try_wait().unwrap().is_some(), "it still runs");
    }
}
