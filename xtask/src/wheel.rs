//! The wheel: both programs, the kernelspec and what papermill needs, in one file that `pip install` takes.
//!
//! maturin makes it by pyproject.toml; where it goes and how it is compiled is said here. It compiles one crate's programs: the engine
//! is put as a script into the folder of data that it packs, so that pip lays both programs beside each other.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::{Explain, Failure, Outcome};
use crate::places::Places;
use crate::prerequisites::{self, Need};
use crate::{kernel, python, shell};

/// Where maturin looks for programs that it does not compile itself. Ignored by git, and there only while it runs.
const SCRIPTS: &str = "kernelspec/scripts";

/// `cargo xtask wheel [--dist]`: the wheel that `pip install` takes, in `.work/wheels`. It holds what `cargo xtask demo` built;
/// with `--dist`, for publishing, it is linked as a whole: smaller, and long in the making.
pub(crate) fn wheel(places: &Places, options: &[&str]) -> Outcome {
    prerequisites::check(&[Need::Compiler, Need::Python])?;
    let (profile, strip): (&str, &[&str]) = match options {
        [] => ("release", &["--strip"]),
        // That profile strips by itself.
        ["--dist"] => ("dist", &[]),
        _ => return Err(Failure::new("`cargo xtask wheel` takes no option but `--dist`.")),
    };
    let engine = build_engine(places, profile)?;
    let wheel =
        build(places, &places.work.join("wheels"), &engine, &[&["--profile", profile], strip].concat())?;
    let size = fs::metadata(&wheel).explain(format!("Cannot look at {}", wheel.display()))?.len();
    println!("\n{} has {:.1} MB. To install it:\n", places.shown(&wheel), size as f64 / 1e6);
    println!("  pip install {}", places.shown(&wheel));
    Ok(())
}

/// A wheel of the program as the tests have built it, and the Python of an environment that holds the tools to test it
/// with and nothing that was there before.
pub(crate) fn build_for_tests(places: &Places) -> Outcome<(PathBuf, PathBuf)> {
    let folder = places.work.join("test-wheel");
    // It is for this machine only, so nothing need be known of the system's libraries.
    let engine = places.built("debug", kernel::ENGINE);
    let wheel = build(places, &folder, &engine, &["--profile", "dev", "--compatibility", "linux"])?;
    let environment = folder.join("venv");
    shell::run_quietly(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&environment))?;
    let python = environment.join("bin").join("python");
    shell::run_quietly(
        Command::new(&python)
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "-r"])
            .arg(places.root.join("tests/wheel/requirements.txt"))
            .arg("-c")
            .arg(places.root.join("xtask/requirements.lock.txt")),
    )?;
    Ok((wheel, python))
}

/// Builds the engine, and gives its path, without the names of what is in it.
fn build_engine(places: &Places, profile: &str) -> Outcome<PathBuf> {
    let mut cargo = shell::cargo();
    cargo.current_dir(&places.root).args(["rustc", "--locked", "--profile", profile, "-p", kernel::ENGINE]);
    shell::run(cargo.args(["--bin", kernel::ENGINE, "--", "-C", "strip=symbols"]))?;
    Ok(places.built(profile, kernel::ENGINE))
}

/// Has maturin build the wheel into `folder`, in place of the one that was there, with this engine in it.
fn build(places: &Places, folder: &Path, engine: &Path, options: &[&str]) -> Outcome<PathBuf> {
    let scripts = places.root.join(SCRIPTS);
    fs::create_dir_all(&scripts).explain(format!("Cannot make {}", scripts.display()))?;
    let script = scripts.join(kernel::ENGINE).with_extension(std::env::consts::EXE_EXTENSION);
    fs::copy(engine, &script).explain(format!("Cannot copy {}", engine.display()))?;
    let wheel = pack(places, folder, options);
    // Whoever runs maturin by hand shall not get an engine of another day.
    fs::remove_dir_all(&scripts).explain(format!("Cannot remove {}", scripts.display()))?;
    wheel
}

fn pack(places: &Places, folder: &Path, options: &[&str]) -> Outcome<PathBuf> {
    python::ensure(places)?;
    for old in wheels(folder) {
        fs::remove_file(&old).explain(format!("Cannot remove {}", old.display()))?;
    }
    let mut maturin = python::python(places);
    shell::forget_us(&mut maturin);
    shell::run(maturin.args(["-m", "maturin", "build", "--out"]).arg(folder).args(options))?;
    match wheels(folder).as_slice() {
        [wheel] => Ok(wheel.clone()),
        found => Err(Failure::new(format!("maturin made {} wheels in {}.", found.len(), folder.display()))),
    }
}

/// The wheels in a folder.
fn wheels(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.filter(|path| path.extension().is_some_and(|ending| ending == "whl")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wheel_has_the_workspaces_licence_and_the_tested_maturin() {
        let places = Places::of_this_checkout().unwrap();
        let read = |path: &str| fs::read_to_string(places.root.join(path)).unwrap();
        let (project, workspace) = (read("pyproject.toml"), read("Cargo.toml"));
        let licence = "license = \"Apache-2.0\"";
        assert!(project.contains(licence) && workspace.contains(licence));
        assert!(read("xtask/requirements.txt").contains("maturin==1.16."));
        assert!(project.contains("maturin>=1.16,<2"));
    }
}
