//! The local Astra: builds and starts the program of `tests/sandbox`, and stops it again.
//!
//! All that is known of it here is that it prints one line of JSON when it is ready, with its admin address and the
//! fronts that were asked for, and ends when its standard input does.

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

/// The front that the demonstration and the notebook's test use, and the keyspace in it.
const FRONT: &str = "flights";

/// How long the program has to end by itself.
const GRACE: Duration = Duration::from_secs(20);

/// A local Astra that runs until this is dropped.
#[derive(Debug)]
pub(crate) struct Sandbox {
    child: Child,
    /// What it printed when it was ready.
    answer: Value,
}

impl Sandbox {
    /// Builds the program, starts it and waits until it is ready. `options` are its own.
    pub(crate) fn build_and_start(places: &Places, options: &[&str]) -> Outcome<Self> {
        let mut cargo = shell::cargo();
        cargo.current_dir(&places.root).args(["build", "--locked", "--quiet", "-p", "cqlbook-sandbox"]);
        shell::run(&mut cargo)?;
        Self::start(places, options)
    }

    /// Starts the program, which has been built. The first start fetches Cassandra's jars.
    pub(crate) fn start(places: &Places, options: &[&str]) -> Outcome<Self> {
        println!("Starting a local Astra (a real Cassandra behind TLS; the first start fetches its jars).");
        let began = Instant::now();
        let mut child = Command::new(places.built("debug", "cqlbook-sandbox"))
            .args(["run", "--front", FRONT])
            .args(options)
            .current_dir(&places.root)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .explain("Cannot start cqlbook-sandbox")?;
        let Some(output) = child.stdout.take() else {
            return Err(Failure::new("cqlbook-sandbox has no output."));
        };
        let mut sandbox = Self { child, answer: Value::Null };
        let mut lines = BufReader::new(output);
        let mut line = String::new();
        lines.read_line(&mut line).explain("Cannot read what cqlbook-sandbox says")?;
        if line.trim().is_empty() {
            return Err(Failure::new("The local Astra did not start; its own words are above."));
        }
        sandbox.answer = serde_json::from_str(&line).explain("cqlbook-sandbox printed no JSON line")?;
        // Whatever it prints later is read away, so that it never waits for us.
        std::thread::spawn(move || lines.lines().map_while(Result::ok).for_each(drop));
        println!("The local Astra is ready ({:.1} s).", began.elapsed().as_secs_f64());
        Ok(sandbox)
    }

    /// The value of CQLBOOK_SANDBOX by which tests find it. It holds a token.
    pub(crate) fn admin(&self) -> Outcome<&str> {
        field(&self.answer["admin"], "admin")
    }

    /// The path of the front's Secure Connect Bundle.
    pub(crate) fn bundle(&self) -> Outcome<&str> {
        field(&self.answer["fronts"][0]["bundle"], "bundle")
    }

    /// The path of the front's token JSON.
    pub(crate) fn token_json(&self) -> Outcome<&str> {
        field(&self.answer["fronts"][0]["token_json"], "token_json")
    }

    /// The variables that make it the kernel's Astra.
    pub(crate) fn environment(&self) -> Outcome<Vec<(&'static str, String)>> {
        let json = std::fs::read_to_string(self.token_json()?).explain("Cannot read the token JSON")?;
        let token: Value = serde_json::from_str(&json).explain("The token JSON is no JSON")?;
        Ok(vec![
            ("ASTRA_DB_SECURE_BUNDLE_PATH", self.bundle()?.to_owned()),
            ("ASTRA_DB_CLIENT_ID", field(&token["clientId"], "clientId")?.to_owned()),
            ("ASTRA_DB_CLIENT_SECRET", field(&token["secret"], "secret")?.to_owned()),
        ])
    }
}

/// A text among the sandbox's words.
fn field<'a>(value: &'a Value, name: &str) -> Outcome<&'a str> {
    value.as_str().ok_or_else(|| Failure::new(format!("The words of cqlbook-sandbox have no `{name}`.")))
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
    let mut sandbox = Sandbox::build_and_start(places, options)?;
    println!("\nTo connect a notebook to it, start JupyterLab from a shell with these set:\n");
    for (name, value) in sandbox.environment()? {
        println!("  export {name}='{value}'");
    }
    println!("\nThen run `%connect astra --no-save` in a cell. Ctrl-C ends the sandbox.");
    // Its end is ours: Ctrl-C reaches both.
    sandbox.child.wait().explain("Cannot wait for cqlbook-sandbox")?;
    Ok(())
}
