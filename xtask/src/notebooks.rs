//! The notebooks of the repository: which there are, and how they are executed.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::failure::{Explain, Failure, Outcome};
use crate::places::Places;
use crate::{python, shell};

/// The notebook that the demonstration runs, and that JupyterLab is opened with.
pub(crate) const SHOWN: &str = "flights.ipynb";

/// All notebooks, by their names: those of the folder `notebooks`, in the order of the alphabet.
pub(crate) fn all(places: &Places) -> Outcome<Vec<String>> {
    let folder = places.notebooks();
    let cannot_read = || format!("Cannot read {}", folder.display());
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).explain(cannot_read())? {
        let name = entry.explain(cannot_read())?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".ipynb") {
            names.push(name);
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// Executes a notebook into `out`, in whose `data` folder the tables are. `set` gives it its environment.
pub(crate) fn run(
    places: &Places,
    name: &str,
    out: &Path,
    set: impl FnOnce(&mut Command) -> Outcome,
) -> Outcome {
    let mut python = python::python(places);
    python
        .arg(places.root.join("xtask/python/run_notebook.py"))
        .arg(places.notebooks().join(name))
        .arg("--out")
        .arg(out)
        .arg("--cwd")
        .arg(out);
    set(&mut python)?;
    shell::run(&mut python)
}

/// Executes every notebook into `out`, one after the other on one database. One that fails does not keep the others from
/// their turn.
pub(crate) fn run_all(places: &Places, out: &Path, set: impl Fn(&mut Command) -> Outcome) -> Outcome {
    let mut failed = Vec::new();
    for name in all(places)? {
        let _ = fs::remove_file(out.join(&name)); // an older one must not pass for this one
        println!("Running notebooks/{name}.");
        if run(places, &name, out, &set).is_err() {
            failed.push(name);
        }
    }
    match &failed[..] {
        [] => Ok(()),
        names => Err(Failure::new(format!("Not run to the end: {}.", names.join(", ")))),
    }
}

/// Copies the notebooks that are not in `folder` yet: executed ones and the user's own changes stay.
pub(crate) fn copy(places: &Places, folder: &Path) -> Outcome {
    for name in all(places)? {
        let target = folder.join(&name);
        if !target.exists() {
            fs::copy(places.notebooks().join(&name), &target)
                .explain(format!("Cannot write {}", target.display()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_one_that_is_shown_is_there_and_the_readme_of_the_folder_names_all() {
        let places = Places::of_this_checkout().unwrap();
        let names = all(&places).unwrap();
        assert!(names.iter().any(|name| name == SHOWN));
        let readme = fs::read_to_string(places.notebooks().join("README.md")).unwrap();
        for name in names {
            assert!(
                readme.contains(&format!("[{name}]({name})")),
                "{name} is missing in notebooks/README.md"
            );
        }
    }
}
