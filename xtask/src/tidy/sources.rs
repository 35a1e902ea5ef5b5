//! Source files: each says in its first lines what it is for, has one subject, and is compiled or run.

use std::collections::BTreeSet;

use super::rooms::Workspace;
use super::{Finding, Repository};

/// More lines than one subject usually needs.
const LONGEST: usize = 500;

/// Files that may be longer, each with its reason.
const LONG: [(&str, &str); 0] = [];

/// Where Python tests are looked for.
const PYTHON_TESTS: [&str; 2] = ["tests/frontends/", "tests/wheel/"];

pub(super) fn check(repository: &Repository, workspace: &Workspace) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in repository.ours() {
        let lines = file.text.lines().count();
        if file.path.ends_with(".rs") {
            if !file.text.starts_with("//!") {
                findings.push(Finding::new(
                    &file.path,
                    1,
                    "It does not begin with `//!` and what it is for.",
                ));
            }
        } else if file.path.ends_with(".py") {
            if !has_docstring(&file.text) {
                findings.push(Finding::new(
                    &file.path,
                    1,
                    "It does not begin with a docstring that says what it is for.",
                ));
            }
            let name = file.path.rsplit('/').next().unwrap_or_default();
            let is_run = PYTHON_TESTS.iter().any(|folder| file.path == format!("{folder}{name}"));
            if name.starts_with("test_") && !is_run {
                findings.push(Finding::new(
                    &file.path,
                    0,
                    format!("Python tests outside {} are never run.", PYTHON_TESTS.join(" and ")),
                ));
            }
        } else {
            continue;
        }
        if lines > LONGEST && !LONG.iter().any(|(path, _)| *path == file.path) {
            findings.push(Finding::new(
                &file.path,
                0,
                format!("It has {lines} lines; {LONGEST} is the limit."),
            ));
        }
    }
    for (path, reason) in LONG {
        let still = repository.file(path).is_some_and(|file| file.text.lines().count() > LONGEST);
        if !still || reason.is_empty() {
            findings.push(Finding::new(path, 0, "It needs no exception from the length limit any more."));
        }
    }
    findings.extend(forgotten(repository, &workspace.roots));
    findings
}

fn has_docstring(text: &str) -> bool {
    let code = text.lines().find(|line| !line.trim().is_empty() && !line.starts_with('#'));
    code.is_some_and(|line| line.starts_with("\"\"\"")) || text.trim().is_empty()
}

/// Rust files that no `mod` brings into a crate: they look tested and are not even compiled.
///
/// `roots` are the files that cargo compiles by itself.
fn forgotten(repository: &Repository, roots: &BTreeSet<String>) -> Vec<Finding> {
    let sources: Vec<_> = repository.with_ending(".rs").filter(|file| !roots.contains(&file.path)).collect();
    let mut findings = Vec::new();
    for file in sources {
        let (folder, name) = file.path.rsplit_once('/').unwrap_or(("", &file.path));
        let (folder, module) = match name {
            "mod.rs" => folder.rsplit_once('/').unwrap_or(("", folder)),
            _ => (folder, name.trim_end_matches(".rs")),
        };
        let is_parent = |path: &str| {
            path == format!("{folder}.rs")
                || path == format!("{folder}/mod.rs")
                || (roots.contains(path) && path.rsplit_once('/').is_some_and(|(root, _)| root == folder))
        };
        // `#[path]` names a file beside the one that it stands in.
        let beside = |path: &str| path.rsplit_once('/').is_some_and(|(of, _)| of == folder);
        let by_path = format!("#[path = \"{module}.rs\"]");
        let declared = repository
            .files
            .iter()
            .any(|other| beside(&other.path) && other.text.lines().any(|line| line.trim() == by_path))
            || repository.files.iter().filter(|other| is_parent(&other.path)).any(|parent| {
                parent.text.lines().any(|line| {
                    let line = line.trim();
                    let name = line.strip_suffix(';').and_then(|line| line.rsplit(' ').next());
                    line.contains("mod ") && name == Some(module)
                })
            });
        if !declared {
            findings.push(Finding::new(&file.path, 0, format!("No `mod {module};` brings it into a crate.")));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(files: &[(&str, &str)], roots: &[&str]) -> Vec<String> {
        let roots = roots.iter().map(|root| (*root).to_owned()).collect();
        let workspace = Workspace::of_roots(roots);
        check(&Repository::of(files), &workspace).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_head_is_wanted() {
        let files = [("kernel/a/src/lib.rs", "mod x;"), ("tests/frontends/lab.py", "import os\n")];
        let found = messages(&files, &["kernel/a/src/lib.rs"]);
        assert_eq!(found.len(), 2, "{found:?}");
        let files = [("kernel/a/src/lib.rs", "//! A."), ("a.py", "#!/usr/bin/env python3\n\"\"\"A.\"\"\"\n")];
        assert_eq!(messages(&files, &["kernel/a/src/lib.rs"]), [""; 0]);
    }

    #[test]
    fn a_long_file_is_found() {
        let long = format!("//! Long.\n{}", "\n".repeat(500));
        assert_eq!(messages(&[("a.rs", &long)], &["a.rs"]), ["a.rs: It has 501 lines; 500 is the limit."]);
    }

    #[test]
    fn a_file_without_a_mod_is_found() {
        let roots = ["a/src/lib.rs", "a/tests/all.rs"];
        let files = [
            ("a/src/lib.rs", "//! A.\npub(crate) mod x;\nmod folder;"),
            ("a/src/x.rs", "//! X.\nmod y;\n#[path = \"x_tests.rs\"]\nmod tests;"),
            ("a/src/x/y.rs", "//! Y."),
            ("a/src/folder/mod.rs", "//! F."),
            ("a/tests/all.rs", "//! T.\nmod t;"),
            ("a/tests/t.rs", "//! T."),
            ("a/src/x_tests.rs", "//! Of x."),
            ("a/tests/lost.rs", "//! Lost."),
            ("a/src/x/lost.rs", "//! Lost."),
        ];
        let expected = [
            "a/tests/lost.rs: No `mod lost;` brings it into a crate.",
            "a/src/x/lost.rs: No `mod lost;` brings it into a crate.",
        ];
        assert_eq!(messages(&files, &roots), expected);
    }

    #[test]
    fn a_python_test_where_pytest_does_not_look_is_found() {
        let found = messages(&[("tests/drivers/test_x.py", "\"\"\"X.\"\"\"")], &[]);
        assert_eq!(
            found,
            [
                "tests/drivers/test_x.py: Python tests outside tests/frontends/ and tests/wheel/ are never run."
            ]
        );
    }
}
