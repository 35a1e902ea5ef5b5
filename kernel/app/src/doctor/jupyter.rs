//! What Jupyter says of itself: its versions, and the folders in which it looks for kernels.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use super::finding::Finding;
use crate::install::places::Environment;
use crate::install::{Place, SPEC_NAME};

/// How long a program may take to answer a question about itself.
const PATIENCE: Duration = Duration::from_secs(20);
/// Where to read on about environments and installing.
const INSTALL: &str = "Install it, for example: pip install jupyterlab";

/// A Jupyter that was found, and its answers.
#[derive(Debug)]
pub(super) struct Jupyter {
    program: PathBuf,
    /// What `jupyter --version` says.
    versions: Option<String>,
    /// What `jupyter --paths --json` says of data, in order.
    data: Option<Vec<PathBuf>>,
}

/// Asks the `jupyter` that [`find`] finds; `None` where there is none.
pub(super) async fn ask() -> Option<Jupyter> {
    let program = find("jupyter")?;
    let (versions, paths) =
        tokio::join!(said(&program, &["--version"]), said(&program, &["--paths", "--json"]));
    let data = paths.and_then(|text| data_of(&text));
    Some(Jupyter { program, versions, data })
}

/// The program of that name in the active environment, else the first on PATH, else the one beside this program.
pub(super) fn find(name: &str) -> Option<PathBuf> {
    let name = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    let bin = if cfg!(windows) { "Scripts" } else { "bin" };
    let active = active().map(|prefix| prefix.join(bin));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let own = std::env::current_exe().ok().and_then(|program| program.parent().map(Path::to_owned));
    active
        .into_iter()
        .chain(std::env::split_paths(&path))
        .chain(own)
        .map(|folder| folder.join(&name))
        .find(|path| path.is_file())
}

/// What a program answers on its standard output, if it answers in time and with success.
pub(super) async fn said(program: &Path, arguments: &[&str]) -> Option<String> {
    let mut command = tokio::process::Command::new(program);
    command.args(arguments).stdin(std::process::Stdio::null()).kill_on_drop(true);
    let answer = tokio::time::timeout(PATIENCE, command.output()).await.ok()?.ok()?;
    answer.status.success().then(|| String::from_utf8_lossy(&answer.stdout).into_owned())
}

/// What is to be said of Jupyter's versions.
pub(super) fn versions(jupyter: &Option<Jupyter>) -> Vec<Finding> {
    let Some(jupyter) = jupyter else {
        return vec![Finding::warning(
            "Jupyter",
            "There is no `jupyter` in the active environment or on PATH, so its usual folders are looked at.",
            "Activate the environment that has it and run the doctor again, or install it: pip install jupyterlab",
        )];
    };
    match &jupyter.versions {
        Some(text) => judge(&jupyter.program, text),
        None => vec![Finding::warning(
            "Jupyter",
            format!("{} does not answer `--version`.", jupyter.program.display()),
            "Run it yourself to see why.",
        )],
    }
}

/// The folders in which Jupyter looks for the kernel `cql`, first one first: as the one that was found says, or else as
/// the environment lets expect.
pub(super) fn spec_folders(jupyter: &Option<Jupyter>) -> Vec<PathBuf> {
    match jupyter.as_ref().and_then(|jupyter| jupyter.data.as_ref()) {
        Some(folders) => folders.iter().map(|data| data.join("kernels").join(SPEC_NAME)).collect(),
        None => Environment::of_this_process().spec_folders(&Place::User),
    }
}

/// The Python environment that is active.
fn active() -> Option<PathBuf> {
    let set = |name: &&str| std::env::var_os(name).filter(|value| !value.is_empty());
    ["VIRTUAL_ENV", "CONDA_PREFIX"].iter().find_map(set).map(PathBuf::from)
}

fn data_of(paths: &str) -> Option<Vec<PathBuf>> {
    let paths: Value = serde_json::from_str(paths).ok()?;
    Some(paths.get("data")?.as_array()?.iter().filter_map(|path| path.as_str().map(PathBuf::from)).collect())
}

/// What `jupyter --version` names: lines of `jupyterlab       : 4.6.6`, or `not installed`.
fn judge(program: &Path, said: &str) -> Vec<Finding> {
    let version = |name: &str| {
        said.lines().find_map(|line| {
            let (left, right) = line.split_once(':')?;
            (left.trim() == name)
                .then(|| right.trim().to_owned())
                .filter(|version| version != "not installed")
        })
    };
    let major = |version: &str| version.split('.').next().and_then(|number| number.parse::<u32>().ok());
    let mut findings = Vec::new();
    match version("jupyterlab") {
        Some(lab) if major(&lab).is_some_and(|major| major < 4) => findings.push(Finding::warning(
            "Jupyter",
            format!("{} has JupyterLab {lab}. Highlighting and charts want 4 or later.", program.display()),
            "Update it, for example: pip install -U jupyterlab",
        )),
        Some(lab) => {
            findings.push(Finding::good("Jupyter", format!("{} has JupyterLab {lab}.", program.display())));
        }
        None => findings.push(Finding::note(
            "Jupyter",
            format!("{} has no JupyterLab; other frontends work as well. {INSTALL}", program.display()),
        )),
    }
    match version("jupyter_client") {
        Some(client) if major(&client).is_some_and(|major| major < 8) => findings.push(Finding::warning(
            "Jupyter",
            format!("jupyter_client {client} is older than 8, which Stop and restart were tested with."),
            "Update it, for example: pip install -U jupyter_client",
        )),
        Some(client) => findings.push(Finding::good("Jupyter", format!("jupyter_client is {client}."))),
        None => findings.push(Finding::warning(
            "Jupyter",
            "jupyter_client, which starts kernels, is not installed there.",
            INSTALL,
        )),
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::finding::{Mark, text};
    use super::*;
    use insta::assert_snapshot;

    const SAID: &str = "Selected Jupyter core packages...\nIPython          : 9.18.1\n\
        jupyter_client   : 8.10.0\njupyterlab       : 4.6.6\nnotebook         : not installed\n";

    #[test]
    fn a_jupyter_of_today_is_fine() {
        let findings = judge(Path::new("/v/bin/jupyter"), SAID);
        assert!(findings.iter().all(|finding| finding.mark == Mark::Good), "{}", text(&findings));
    }

    #[test]
    fn an_old_one_is_told() {
        let old = SAID.replace("4.6.6", "3.6.1").replace("8.10.0", "7.4.9");
        assert_snapshot!(text(&judge(Path::new("/v/bin/jupyter"), &old)), @r"
        ! warning  Jupyter  /v/bin/jupyter has JupyterLab 3.6.1. Highlighting and charts want 4 or later.
                            → Update it, for example: pip install -U jupyterlab
        ! warning  Jupyter  jupyter_client 7.4.9 is older than 8, which Stop and restart were tested with.
                            → Update it, for example: pip install -U jupyter_client

        Nothing is wrong; 2 things could be better.
        ");
    }

    #[test]
    fn paths_come_in_jupyters_order() {
        assert_eq!(
            data_of(r#"{"config": [], "data": ["/a", "/b"]}"#),
            Some(vec![PathBuf::from("/a"), PathBuf::from("/b")])
        );
        assert_eq!(data_of("no JSON"), None);
    }
}
