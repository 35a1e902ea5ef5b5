//! `cargo xtask bench …`: measurements beside the programs that users would otherwise run.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::failure::{Explain, Failure, Outcome};
use crate::places::Places;
use crate::prerequisites::{self, Need};
use crate::sandbox::{self, Sandbox};
use crate::{kernel, python, shell};

/// `cargo xtask bench kernel [--write] [--starts N] [--trips N] [--json FILE]`: start, round trip, memory and size of the
/// release kernel beside ipykernel and deno in the same run. With `--write` the figures go into `docs/performance.md`.
/// A target that is missed is a failure.
pub(crate) fn kernel(places: &Places, options: &[&str]) -> Outcome {
    prerequisites::check(&[Need::Compiler, Need::Python])?;
    let program = kernel::build(places)?;
    python::ensure(places)?;
    let bench = places.work.join("bench");
    // A folder of its own, which comes before all others: what is installed elsewhere is neither measured nor changed.
    let prefix = bench.join("prefix");
    kernel::install(&program, &prefix)?;
    install_peers(places, "xtask/requirements-bench.txt", &bench.join("peers"))?;
    let mut python = python::python(places);
    python
        .arg(places.root.join("xtask/python/bench_kernel.py"))
        .arg("--wheels")
        .arg(places.work.join("wheels"))
        .arg("--peers")
        .arg(bench.join("peers"))
        .env("JUPYTER_PATH", prefix.join("share/jupyter"))
        .env("DENO_NO_UPDATE_CHECK", "1");
    for option in options {
        python.arg(option);
        if *option == "--write" {
            python.arg(places.root.join("docs/performance.md"));
        }
    }
    shell::run(&mut python)
}

/// `cargo xtask bench split`: the splitter on cells of a megabyte, in release.
pub(crate) fn split() -> Outcome {
    prerequisites::check(&[Need::Compiler])?;
    let mut cargo = shell::cargo();
    shell::run(cargo.args(["bench", "--quiet", "--package", "cqlbook-core", "--bench", "split"]))
}

/// Fetches DSBulk's jars into `folder`, unless they are there.
pub(crate) fn dsbulk(places: &Places, folder: &Path) -> Outcome {
    let pom = places.root.join("xtask/dsbulk/pom.xml");
    let wanted = fs::read_to_string(&pom).explain(format!("Cannot read {}", pom.display()))?;
    let stamp = folder.join("cqlbook-stamp.txt");
    if fs::read_to_string(&stamp).is_ok_and(|made_from| made_from == wanted) {
        return Ok(());
    }
    println!("Fetching DSBulk into {}.", places.shown(folder));
    let _ = fs::remove_dir_all(folder);
    shell::run_quietly(
        Command::new("mvn")
            .args(["--quiet", "--batch-mode", "--file"])
            .arg(&pom)
            .arg("dependency:copy-dependencies")
            .arg(format!("-DoutputDirectory={}", folder.display())),
    )?;
    fs::write(&stamp, wanted).explain(format!("Cannot write {}", stamp.display()))
}

/// `cargo xtask bench data [--write] [--lean] [--quick] [--rows N] [--runs N] [--json FILE]`: fetching, exporting, loading and
/// joining rows, beside the floor, DataStax's Python driver, cqlsh, DSBulk and polars, on a local Astra of its own. With
/// `--lean` the engine of local SQL is not built, and nothing is joined; with `--quick` the slow peers are left out. A target that
/// is missed is a failure.
pub(crate) fn data(places: &Places, options: &[&str]) -> Outcome {
    prerequisites::check(&[Need::Compiler, Need::Python, Need::Java])?;
    let program = kernel::build(places)?;
    if !options.contains(&"--lean") {
        kernel::build_engine(places)?;
    }
    let floor = ["build", "--locked", "--release", "-p", "cqlbook-cluster", "--example", "floor"];
    shell::run(shell::cargo().current_dir(&places.root).args(floor))?;
    python::ensure(places)?;
    let bench = places.work.join("bench");
    let prefix = bench.join("prefix");
    kernel::install(&program, &prefix)?;
    let (peers, jars) = (bench.join("data-peers"), bench.join("dsbulk"));
    install_peers(places, "xtask/requirements-bench-data.txt", &peers)?;
    dsbulk(places, &jars)?;
    // cqlsh connects to the nodes themselves.
    let sandbox = Sandbox::build_and_start(places, &["--public-addresses"])?;
    let mut python = python::python(places);
    python
        .arg(places.root.join("xtask/python/bench_data.py"))
        .arg("--peers")
        .arg(peers)
        .arg("--dsbulk")
        .arg(jars)
        .arg("--floor")
        .arg(places.built("release/examples", "floor"))
        .arg("--folder")
        .arg(bench.join("data"));
    for name in sandbox::VARIABLES {
        python.env_remove(name);
    }
    python
        .envs(sandbox.environment()?)
        .env("CQLBOOK_SANDBOX", sandbox.admin()?)
        .env("JUPYTER_PATH", prefix.join("share/jupyter"));
    for option in options {
        python.arg(option);
        if *option == "--write" {
            python.arg(places.root.join("docs/performance.md"));
        }
    }
    shell::run(&mut python)
}

/// `cargo xtask bench tables [--write]`: what drawing costs beside fetching, and keeping beside the bytes that came, in release
/// and against a local Astra. With `--write` the figures go into `docs/performance.md`.
pub(crate) fn tables(places: &Places, options: &[&str]) -> Outcome {
    prerequisites::check(&[Need::Compiler])?;
    prerequisites::install(&sandbox::NEEDS)?;
    let mut cargo = shell::cargo();
    cargo.current_dir(&places.root).args([
        "bench",
        "--quiet",
        "--package",
        "cqlbook-cluster",
        "--bench",
        "tables",
    ]);
    let output = cargo.stderr(Stdio::inherit()).output().explain("Cannot run cargo")?;
    let table = String::from_utf8_lossy(&output.stdout);
    print!("{table}");
    if !output.status.success() {
        return Err(Failure::new("The bench failed, or a target was missed."));
    }
    if options.contains(&"--write") {
        write_table(&places.root.join("docs/performance.md"), "bench tables", table.trim())?;
    }
    Ok(())
}

/// Puts a table between its markers in a page.
fn write_table(page: &Path, command: &str, table: &str) -> Outcome {
    let text = fs::read_to_string(page).explain(format!("Cannot read {}", page.display()))?;
    let begin = format!("<!-- begin: cargo xtask {command} --write -->\n");
    let missing = || Failure::new(format!("{} has no markers for {command}", page.display()));
    let (before, rest) = text.split_once(&begin).ok_or_else(missing)?;
    let (_, after) = rest.split_once("<!-- end -->").ok_or_else(missing)?;
    fs::write(page, format!("{before}{begin}{table}\n<!-- end -->{after}"))
        .explain(format!("Cannot write {}", page.display()))
}

/// Installs the Python packages of a requirements file into `peers`, unless they are there. (deno's kernelspec is the script's
/// affair: `deno jupyter --install` knows only the user's own folder.)
pub(crate) fn install_peers(places: &Places, requirements: &str, peers: &Path) -> Outcome {
    let requirements = places.root.join(requirements);
    let wanted =
        fs::read_to_string(&requirements).explain(format!("Cannot read {}", requirements.display()))?;
    let stamp = peers.join("cqlbook-stamp.txt");
    if fs::read_to_string(&stamp).is_ok_and(|made_from| made_from == wanted) {
        return Ok(());
    }
    println!("Installing what is measured beside it into {}.", places.shown(peers));
    let _ = fs::remove_dir_all(peers);
    shell::run_quietly(
        Command::new(places.venv_program("python"))
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"])
            .arg("--target")
            .arg(peers)
            .arg("-r")
            .arg(&requirements),
    )?;
    fs::write(&stamp, wanted).explain(format!("Cannot write {}", stamp.display()))
}
