//! `cargo xtask test`: every check there is, in an order that reuses what was built.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::Duration;

use crate::failure::{Explain, Failure, Outcome};
use crate::places::Places;
use crate::prerequisites::{self, Need};
use crate::sandbox::{self, Sandbox};
use crate::stages::{self, Stage};
use crate::{bench, data, deny, kernel, notebooks, python, shell, tidy, wheel};

/// All parts. Cheap ones come first; those that need a database share one.
const STAGES: [Stage<House>; 15] = [
    Stage { name: "tidy", what: "the repository's conventions", run: |house| tidy::tidy(&house.places) },
    Stage { name: "fmt", what: "rustfmt", run: |house| house.cargo(&["fmt", "--all", "--check"]) },
    Stage {
        name: "clippy",
        what: "no warning anywhere",
        run: |house| {
            house.cargo(&[
                "clippy",
                "--locked",
                "--workspace",
                "--all-targets",
                "--quiet",
                "--",
                "-D",
                "warnings",
            ])
        },
    },
    Stage {
        name: "build",
        what: "every program and test",
        run: |house| {
            house.build()?;
            house.cargo(&["test", "--locked", "--workspace", "--no-run", "--quiet"])
        },
    },
    Stage { name: "deny", what: "licences, sources, rooms", run: |house| deny::check(&house.places) },
    Stage { name: "sandbox", what: "a local Astra starts", run: |house| house.sandbox().map(drop) },
    Stage {
        name: "rust",
        what: "unit tests, behaviour through the Jupyter protocol",
        run: |house| {
            let mut cargo = shell::cargo();
            cargo.args(["test", "--locked", "--workspace", "--no-fail-fast"]);
            // The vault's tests keep secrets in a real keychain.
            prerequisites::install(&[Need::Keyring])?;
            // The sandbox's own tests hold DataStax's driver against fronts of their making.
            python::ensure(&house.places)?;
            cargo.env("CQLBOOK_DRIVERS_PYTHON", house.places.venv_program("python"));
            house.with_astra(&mut cargo)?;
            let outcome = shell::run_within(&mut cargo, MOST);
            // Hundreds of tests leave a keyspace each, which every later connection would read: the other parts get a fresh one.
            house.sandbox = None;
            outcome
        },
    },
    Stage { name: "fuzz", what: "random input for all that reads things from outside", run: House::fuzz },
    Stage {
        name: "driver",
        what: "DataStax's Python driver connects to the local Astra",
        run: House::python_driver,
    },
    Stage { name: "peers", what: "files there and back by cqlsh, DSBulk and the kernel", run: House::peers },
    Stage { name: "duckdb", what: "local SQL gives what DuckDB gives", run: House::duckdb },
    Stage { name: "notebook", what: "every notebook runs", run: House::notebooks },
    Stage {
        name: "jupyter",
        what: "Jupyter's own checks of kernel and notebook",
        run: |house| {
            let mut python = house.pytest("not browser")?;
            python.arg(house.places.root.join(FRONTENDS));
            house.run_with_astra(&mut python)
        },
    },
    Stage {
        name: "wheel",
        what: "pip install in an empty environment, papermill, nbconvert, the console, jupytext, nbdime",
        run: House::wheel,
    },
    Stage { name: "browser", what: "JupyterLab in a real Chromium", run: House::browser },
];

/// Where the tests of frontends are.
const FRONTENDS: &str = "tests/frontends";
/// Those of them that look at what was drawn, and do nothing with a kernel in the window.
const SHOWS: [&str; 4] = ["test_elsewhere.py", "test_notebooks.py", "test_charts.py", "test_sanitizer.py"];

/// The longest that the tests of all crates may take together: on a slow machine half of it is usual.
const MOST: Duration = Duration::from_secs(60 * 60);

/// Runs the parts whose names contain one of `filters`, or all.
pub(crate) fn test(places: &Places, filters: &[&str]) -> Outcome {
    let needs =
        [Need::Compiler, Need::RustComponents, Need::Python, Need::Java, Need::Browser, Need::Keyring];
    prerequisites::check(&needs)?;
    let mut house = House { places: places.clone(), built: None, sandbox: None, kernel: None };
    stages::run(&STAGES, filters, &mut house)
}

/// What the parts share. Each thing is made when it is first needed, once; a failure to make it is kept too.
struct House {
    places: Places,
    built: Option<Outcome>,
    sandbox: Option<Outcome<Sandbox>>,
    /// Where the kernelspec of the kernel under test is installed.
    kernel: Option<Outcome<PathBuf>>,
}

impl House {
    fn cargo(&self, arguments: &[&str]) -> Outcome {
        shell::run(shell::cargo().current_dir(&self.places.root).args(arguments))
    }

    /// Every program, always built together: cargo would otherwise choose other features and build parts anew.
    fn build(&mut self) -> Outcome {
        if self.built.is_none() {
            self.built = Some(self.cargo(&["build", "--locked", "--workspace", "--quiet"]));
        }
        self.built.clone().unwrap_or(Ok(()))
    }

    fn sandbox(&mut self) -> Outcome<&Sandbox> {
        self.build()?;
        let places = &self.places;
        let start = || {
            prerequisites::install(&sandbox::NEEDS)?;
            Sandbox::start(places, &[])
        };
        self.sandbox.get_or_insert_with(start).as_ref().map_err(Clone::clone)
    }

    /// The virtual environment, and the debug kernel installed in a folder of its own: the user's stays.
    fn kernel(&mut self) -> Outcome<PathBuf> {
        self.build()?;
        let places = &self.places;
        let make = || {
            python::ensure(places)?;
            let prefix = places.work.join("test-prefix");
            kernel::install(&places.built("debug", "cqlbook"), &prefix)?;
            Ok(prefix)
        };
        self.kernel.get_or_insert_with(make).clone()
    }

    /// Has a command find the sandbox: its line in CQLBOOK_SANDBOX, and as the environment's Astra.
    fn with_astra(&mut self, command: &mut Command) -> Outcome {
        let sandbox = self.sandbox()?;
        for name in sandbox::VARIABLES {
            command.env_remove(name);
        }
        command.env("CQLBOOK_SANDBOX", sandbox.admin()?);
        command.current_dir(&self.places.root);
        Ok(())
    }

    /// Runs a command that finds the sandbox.
    fn run_with_astra(&mut self, command: &mut Command) -> Outcome {
        self.with_astra(command)?;
        shell::run(command)
    }

    /// Random input for a minute, or for as long as `CQLBOOK_FUZZ_SECONDS` says. Without a database.
    fn fuzz(&mut self) -> Outcome {
        self.build()?;
        let mut cargo = shell::cargo();
        cargo.current_dir(&self.places.root);
        if std::env::var_os("CQLBOOK_FUZZ_SECONDS").is_none() {
            cargo.env("CQLBOOK_FUZZ_SECONDS", "60");
        }
        let tests = ["test", "--locked", "--workspace", "--test", "fuzz", "--test", "frames"];
        // One subject after the other: their times add up, and none waits for another's core.
        shell::run(cargo.args(tests).args(["--", "--nocapture", "--test-threads", "1"]))
    }

    fn python_driver(&mut self) -> Outcome {
        python::ensure(&self.places)?;
        let mut python = python::python(&self.places);
        python.arg(self.places.root.join("tests/drivers/check_python_driver.py"));
        let sandbox = self.sandbox()?;
        python.args([sandbox.bundle()?, sandbox.token_json()?]);
        self.run_with_astra(&mut python)
    }

    /// Files that one program writes and another loads. The database is of one node and the part's own: cqlsh and DSBulk connect
    /// to the node itself, whose address the shared one hides.
    fn peers(&mut self) -> Outcome {
        let prefix = self.kernel()?;
        let places = &self.places;
        let (cqlsh, jars) = (places.work.join("peers/cqlsh"), places.work.join("bench/dsbulk"));
        bench::install_peers(places, "xtask/requirements-peers.txt", &cqlsh)?;
        bench::dsbulk(places, &jars)?;
        prerequisites::install(&sandbox::NEEDS)?;
        let sandbox =
            Sandbox::start(places, &["--nodes", "1", "--other-dc-nodes", "0", "--public-addresses"])?;
        let mut python = python::python(places);
        python.arg(places.root.join("tests/peers/check_peers.py"));
        python.arg("--peers").arg(cqlsh).arg("--dsbulk").arg(jars);
        for name in sandbox::VARIABLES {
            python.env_remove(name);
        }
        python.env("CQLBOOK_SANDBOX", sandbox.admin()?).env("JUPYTER_PATH", prefix.join("share/jupyter"));
        shell::run(&mut python)
    }

    /// Random queries and named ones over rows that are read from the local Astra, each compared with DuckDB.
    fn duckdb(&mut self) -> Outcome {
        let prefix = self.kernel()?;
        let mut python = python::python(&self.places);
        python.arg(self.places.root.join("tests/duckdb/check_duckdb.py"));
        python.env("JUPYTER_PATH", prefix.join("share/jupyter"));
        self.run_with_astra(&mut python)
    }

    /// The notebooks as the demo runs them, into a folder of the tests.
    fn notebooks(&mut self) -> Outcome {
        let prefix = self.kernel()?;
        data::ensure(&self.places)?;
        let out = self.places.work.join("test-notebooks");
        data::place(&self.places, &out)?;
        let environment = self.sandbox()?.environment()?;
        notebooks::run_all(&self.places, &out, |python| {
            for name in sandbox::VARIABLES {
                python.env_remove(name);
            }
            python.envs(environment.iter().cloned()).env("JUPYTER_PATH", prefix.join("share/jupyter"));
            Ok(())
        })
    }

    /// The wheel, in an environment where nothing else knows the kernel.
    fn wheel(&mut self) -> Outcome {
        // Of the engine the wheel holds what is built already.
        self.build()?;
        let (wheel, python) = wheel::build_for_tests(&self.places)?;
        let sandbox = self.sandbox()?;
        let (bundle, token) = (sandbox.bundle()?.to_owned(), sandbox.token_json()?.to_owned());
        let mut pytest = Command::new(python);
        pytest
            .args(["-m", "pytest", "-q", "-p", "no:cacheprovider", "--strict-markers", "-rfE"])
            .arg(self.places.root.join("tests/wheel"))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("CQLBOOK_TEST_WHEEL", wheel)
            .env("CQLBOOK_TEST_BUNDLE", bundle)
            .env("CQLBOOK_TEST_TOKEN", token);
        self.run_with_astra(&mut pytest)
    }

    /// The tests in a browser, in two programs side by side: one of them alone leaves half of two cores idle.
    fn browser(&mut self) -> Outcome {
        let folder = self.places.root.join(FRONTENDS);
        let (mut shows, mut runs) = (self.pytest("browser")?, self.pytest("browser")?);
        shows.args(SHOWS.map(|file| folder.join(file)));
        runs.arg(&folder).args(SHOWS.map(|file| format!("--ignore={}", folder.join(file).display())));
        self.with_astra(&mut shows)?;
        self.with_astra(&mut runs)?;
        let said = self.places.work.join("browser-shows.log");
        let log = File::create(&said).explain("Cannot keep what a test prints")?;
        shows.stderr(log.try_clone().explain("Cannot keep what a test prints")?).stdout(log);
        let (shown, ran) = thread::scope(|scope| {
            let shown = scope.spawn(|| shell::run(&mut shows));
            let ran = shell::run(&mut runs);
            (shown.join(), ran)
        });
        let mut log = File::open(&said).explain("Cannot read what a test printed")?;
        io::copy(&mut log, &mut io::stdout()).explain("Cannot show what a test printed")?;
        ran.and(shown.unwrap_or_else(|_| Err(Failure::new("The tests of what is shown panicked."))))
    }

    /// A run of the Python tests that carry a mark, or do not; which files is left to the caller. A run without a test is a failure.
    fn pytest(&mut self, mark: &str) -> Outcome<Command> {
        prerequisites::install(&[Need::Browser])?;
        let prefix = self.kernel()?;
        let sandbox = self.sandbox()?;
        let (bundle, token) = (sandbox.bundle()?.to_owned(), sandbox.token_json()?.to_owned());
        let mut python = python::python(&self.places);
        python
            .args(["-m", "pytest", "-q", "-p", "no:cacheprovider", "--strict-markers", "-rfE", "-m", mark])
            .env("JUPYTER_PATH", prefix.join("share/jupyter"))
            .env("CQLBOOK_TEST_BUNDLE", bundle)
            .env("CQLBOOK_TEST_TOKEN", token)
            .env("CQLBOOK_TEST_NOTEBOOKS", self.places.work.join("test-notebooks"))
            .env("CQLBOOK_PICTURES", self.places.pictures());
        Ok(python)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_has_a_name_of_its_own() {
        let mut names: Vec<&str> = STAGES.iter().map(|stage| stage.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), STAGES.len());
    }
}
