//! The wheel: the program, its kernelspec and what papermill needs, in one file that `pip install` takes.
//!
//! maturin makes it by pyproject.toml; where it goes and how it is compiled is said here.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::{Explain, Failure, Outcome};
use crate::places::Places;
use crate::prerequisites::{self, Need};
use crate::{python, shell};

/// `cargo xtask wheel [--dist]`: the wheel that `pip install` takes, in `.work/wheels`. It holds what `cargo xtask demo` built;
/// with `--dist`, for publishing, it is linked as a whole: smaller, and long in the making.
pub(crate) fn wheel(places: &Places, options: &[&str]) -> Outcome {
    prerequisites::check(&[Need::Compiler, Need::Python])?;
    let profile: &[&str] = match options {
        [] => &["--profile", "release", "--strip"],
        ["--dist"] => &["--profile", "dist"],
        _ => return Err(Failure::new("`cargo xtask wheel` takes no option but `--dist`.")),
    };
    let wheel = build(places, &places.work.join("wheels"), profile)?;
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
    let wheel = build(places, &folder, &["--profile", "dev", "--compatibility", "linux"])?;
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

/// Has maturin build the wheel into `folder`, in place of the one that was there.
fn build(places: &Places, folder: &Path, options: &[&str]) -> Outcome<PathBuf> {
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
