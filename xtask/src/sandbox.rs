//! The local Astra: builds and starts the program of `tests/sandbox`, and stops it again.
//!
//! All that is known of it here is that it prints one line of JSON when it is ready, and ends when its standard
//! input does.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::failure::{Explain, Failure, Outcome};
use crate::places::Places;
use crate::prerequisites::{self, Need};
use crate::shell;

/// What the sandbox needs of the machine.
pub(crate) const NEEDS: [Need; 2] = [Need::Compiler, Need::Java];

/// How long the program has to end by itself.
const GRACE: Duration = Duration::from_secs(20);

/// A local Astra that runs until this is dropped.
#[derive(Debug)]
pub(crate) struct Sandbox {
    child: Child,
    /// The line that it printed.
    pub(crate) line: String,
    answer: Value,
}

impl Sandbox {
    /// Builds the program, starts it and waits until it is ready. The first start fetches Cassandra's jars.
    pub(crate) fn start(places: &Places) -> Outcome<Self> {
        Self::start_with(places, &[])
    }

    fn start_with(places: &Places, options: &[&str]) -> Outcome<Self> {
        shell::run(shell::cargo().current_dir(&places.root).args([
            "build",
            "--quiet",
            "-p",
            "cqlbook-sandbox",
        ]))?;
        println!("Starting a local Astra (a real Cassandra behind TLS; the first start fetches its jars).");
        let began = Instant::now();
        let mut child = Command::new(places.built("debug", "cqlbook-sandbox"))
            .args(options)
            .current_dir(&places.root)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .explain("Cannot start cqlbook-sandbox")?;
        let Some(output) = child.stdout.take() else {
            return Err(Failure::new("cqlbook-sandbox has no output."));
        };
        let mut sandbox = Self { child, line: String::new(), answer: Value::Null };
        let mut lines = BufReader::new(output);
        lines.read_line(&mut sandbox.line).explain("Cannot read what cqlbook-sandbox says")?;
        sandbox.line.truncate(sandbox.line.trim_end().len());
        if sandbox.line.is_empty() {
            return Err(Failure::new("The local Astra did not start; its own words are above."));
        }
        sandbox.answer =
            serde_json::from_str(&sandbox.line).explain("cqlbook-sandbox printed no JSON line")?;
        // Whatever it prints later is read away, so that it never waits for us.
        std::thread::spawn(move || lines.lines().map_while(Result::ok).for_each(drop));
        println!("The local Astra is ready ({:.1} s).", began.elapsed().as_secs_f64());
        Ok(sandbox)
    }

    /// A field of its line.
    pub(crate) fn field(&self, name: &str) -> Outcome<&str> {
        let value = self.answer.get(name).and_then(Value::as_str);
        value.ok_or_else(|| Failure::new(format!("The line of cqlbook-sandbox has no `{name}`.")))
    }

    /// The variables that make it the kernel's Astra.
    pub(crate) fn environment(&self) -> Outcome<Vec<(&'static str, String)>> {
        Ok(vec![
            ("ASTRA_DB_SECURE_BUNDLE_PATH", self.field("bundle")?.to_owned()),
            ("ASTRA_DB_CLIENT_ID", self.field("client_id")?.to_owned()),
            ("ASTRA_DB_CLIENT_SECRET", self.field("client_secret")?.to_owned()),
        ])
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        drop(self.child.stdin.take()); // the end of its input is its sign to end
        let _ = shell::wait(&mut self.child, "cqlbook-sandbox", GRACE);
    }
}

/// The variables that name an Astra database.
pub(crate) const VARIABLES: [&str; 4] = [
    "ASTRA_DB_SECURE_BUNDLE_PATH",
    "ASTRA_DB_CLIENT_ID",
    "ASTRA_DB_CLIENT_SECRET",
    "ASTRA_DB_APPLICATION_TOKEN",
];

/// `cargo xtask sandbox`: runs one until Ctrl-C or the end of standard input.
pub(crate) fn in_the_foreground(places: &Places, options: &[&str]) -> Outcome {
    prerequisites::check(&NEEDS)?;
    prerequisites::install(&NEEDS)?;
    let mut sandbox = Sandbox::start_with(places, options)?;
    println!("\nTo connect a notebook to it, start JupyterLab from a shell with these set:\n");
    for (name, value) in sandbox.environment()? {
        println!("  export {name}='{value}'");
    }
    println!("\nThen run `%connect astra --no-save` in a cell. Ctrl-C ends the sandbox.");
    // Its end is ours: Ctrl-C reaches both.
    sandbox.child.wait().explain("Cannot wait for cqlbook-sandbox")?;
    Ok(())
}
