//! `cargo xtask tidy`: the conventions of the repository that no compiler checks.
//!
//! It reads the files that git knows or would take, and what cargo says of the workspace. It changes nothing.

mod borders;
mod docs;
mod rooms;
mod sources;
mod words;

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::{Explain, Failure, Outcome};
use crate::places::Places;
use crate::shell;

/// Prints what is untidy; anything is a failure.
pub(crate) fn tidy(places: &Places) -> Outcome {
    let repository = Repository::read(&places.root)?;
    let findings = findings(&repository)?;
    for finding in &findings {
        println!("{finding}");
    }
    if findings.is_empty() {
        println!("{} files are tidy.", repository.files.len());
        return Ok(());
    }
    Err(Failure::new(format!("{} things are untidy.", findings.len())))
}

/// Everything that is untidy in the repository.
fn findings(repository: &Repository) -> Outcome<Vec<Finding>> {
    let workspace = rooms::Workspace::read(&repository.root)?;
    let mut findings = Vec::new();
    findings.extend(sources::check(repository, &workspace));
    findings.extend(words::check(repository));
    findings.extend(borders::check(repository));
    findings.extend(rooms::check(&workspace));
    findings.extend(docs::check(repository));
    findings.sort();
    Ok(findings)
}

/// The text files of the checkout.
struct Repository {
    root: PathBuf,
    files: Vec<File>,
}

/// A text file.
struct File {
    /// Relative to the checkout, with `/` between its parts.
    path: String,
    text: String,
}

/// One thing that is untidy.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    path: String,
    /// Counted from 1; 0 for the whole file.
    line: usize,
    message: String,
}

impl Finding {
    fn new(path: impl Into<String>, line: usize, message: impl Into<String>) -> Self {
        Self { path: path.into(), line, message: message.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.path, self.message),
            line => write!(f, "{}:{line}: {}", self.path, self.message),
        }
    }
}

impl Repository {
    fn read(root: &Path) -> Outcome<Self> {
        let listed = shell::output(Command::new("git").current_dir(root).args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ]))
        .explain("Cannot ask git for the files")?;
        let mut files: Vec<File> = listed
            .split_terminator('\0')
            // What is not text, or deleted but not committed, has no text to check.
            .filter_map(|path| {
                Some(File { text: fs::read_to_string(root.join(path)).ok()?, path: path.to_owned() })
            })
            .collect();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Self { root: root.to_owned(), files })
    }

    fn file(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }

    /// All but what others wrote: `vendor` holds crates as they came, with our patches on top.
    fn ours(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter(|file| !file.path.starts_with("vendor/"))
    }

    fn with_ending(&self, ending: &str) -> impl Iterator<Item = &File> {
        self.ours().filter(move |file| file.path.ends_with(ending))
    }
}

impl File {
    /// Its lines, counted from 1.
    fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(index, line)| (index + 1, line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Repository {
        /// A repository of these files, for the tests of the checks.
        pub(super) fn of(files: &[(&str, &str)]) -> Self {
            let files = files
                .iter()
                .map(|(path, text)| File { path: (*path).into(), text: (*text).into() })
                .collect();
            Self { root: PathBuf::new(), files }
        }
    }

    #[test]
    fn the_repository_is_tidy() {
        let places = Places::of_this_checkout().unwrap();
        let repository = Repository::read(&places.root).unwrap();
        assert!(repository.files.iter().any(|file| file.path == "xtask/src/tidy.rs"), "nothing was read");
        let findings: Vec<String> = findings(&repository).unwrap().iter().map(ToString::to_string).collect();
        assert!(findings.is_empty(), "\n{}", findings.join("\n"));
    }
}
