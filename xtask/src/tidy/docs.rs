//! The documents: links lead somewhere, every error code and every dependency has its place.

use std::collections::BTreeSet;

use super::{File, Finding, Repository};

const CODES: &str = "kernel/core/src/diagnostic.rs";
const ERRORS: &str = "docs/errors.md";
const DEPENDENCIES: &str = "docs/dependencies.md";

pub(super) fn check(repository: &Repository) -> Vec<Finding> {
    let mut findings = links(repository);
    let codes = repository.file(CODES).map(codes).unwrap_or_default();
    if codes.is_empty() {
        findings.push(Finding::new(
            CODES,
            0,
            "No error code was found here; tidy looks for `Name = \"CODE\",`.",
        ));
    }
    let headings: Vec<String> = repository.file(ERRORS).map(headings).unwrap_or_default();
    let is_code = |heading: &&String| heading.chars().all(|c| c.is_ascii_uppercase() || c == '_');
    let documented: Vec<String> = headings.iter().filter(is_code).cloned().collect();
    findings.extend(compare(&codes, &documented, ERRORS, "section"));
    let dependencies = repository.file("Cargo.toml").map(dependencies).unwrap_or_default();
    let explained: Vec<String> = repository.file(DEPENDENCIES).map(explained).unwrap_or_default();
    findings.extend(compare(&dependencies, &explained, DEPENDENCIES, "line"));
    findings
}

/// What is there but not documented, documented twice, or documented but gone.
fn compare(there: &[String], documented: &[String], path: &str, kind: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for name in there {
        match documented.iter().filter(|other| *other == name).count() {
            0 => findings.push(Finding::new(path, 0, format!("`{name}` has no {kind}."))),
            1 => {}
            _ => findings.push(Finding::new(path, 0, format!("`{name}` has more than one {kind}."))),
        }
    }
    let gone = documented.iter().filter(|name| !there.contains(name));
    findings
        .extend(gone.map(|name| Finding::new(path, 0, format!("`{name}` has a {kind} and does not exist."))));
    findings
}

/// The codes of the table in `diagnostic.rs`: lines like `AuthFailed = "AUTH_FAILED", "…";`.
fn codes(file: &File) -> Vec<String> {
    let code = |line: &str| {
        let (variant, rest) = line.trim().split_once(" = \"")?;
        let (code, _) = rest.split_once("\", \"")?;
        variant.chars().all(char::is_alphanumeric).then(|| code.to_owned())
    };
    file.text.lines().filter_map(code).collect()
}

/// The names in `[workspace.dependencies]` that come from outside the workspace.
fn dependencies(manifest: &File) -> Vec<String> {
    let mut inside = false;
    let mut names = Vec::new();
    for line in manifest.text.lines() {
        if line.starts_with('[') {
            inside = line == "[workspace.dependencies]";
        } else if let (true, Some((name, value))) = (inside, line.split_once(" = "))
            && !value.contains("path = ")
            && !name.starts_with('#')
        {
            names.push(name.trim().to_owned());
        }
    }
    names
}

/// The names that `docs/dependencies.md` explains: lines like `- name: reason`.
fn explained(file: &File) -> Vec<String> {
    let name = |line: &str| {
        let (name, reason) = line.trim_start_matches("- ").split_once(": ")?;
        let name = name.trim_matches('`');
        let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
        (plain && !reason.trim().is_empty() && line.starts_with("- ")).then(|| name.to_owned())
    };
    file.text.lines().filter_map(name).collect()
}

/// The texts of a page's headings, without marks of code.
fn headings(file: &File) -> Vec<String> {
    prose(file)
        .filter_map(|(_, line)| line.strip_prefix('#'))
        .map(|line| line.trim_start_matches('#').trim().replace('`', ""))
        .collect()
}

/// The anchor that GitHub makes of a heading.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

/// Relative links of the pages that lead nowhere, and pages that no other page leads to.
fn links(repository: &Repository) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut reached = BTreeSet::new();
    for page in repository.with_ending(".md") {
        for (line, target) in targets(page) {
            let (path, fragment) = target.split_once('#').unwrap_or((&target, ""));
            let path = if path.is_empty() { page.path.clone() } else { beside(&page.path, path) };
            if path != page.path {
                reached.insert(path.clone());
            }
            let there = repository.file(&path).is_some()
                || repository.root.join(&path).exists()
                || repository.files.iter().any(|file| file.path.starts_with(&format!("{path}/")));
            let lands = fragment.is_empty()
                || repository
                    .file(&path)
                    .is_some_and(|file| headings(file).iter().any(|h| anchor(h) == fragment));
            if !there || !lands {
                findings.push(Finding::new(&page.path, line, format!("The link to {target} leads nowhere.")));
            }
        }
    }
    for page in repository.with_ending(".md").filter(|page| page.path.starts_with("docs/")) {
        if !reached.contains(&page.path) {
            findings.push(Finding::new(&page.path, 0, "No other page links to it."));
        }
    }
    findings
}

/// The targets of a page's relative links and pictures, with their lines.
fn targets(page: &File) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, line) in prose(page) {
        for (at, _) in line.match_indices("](") {
            let target = line[at + 2..].split([')', ' ']).next().unwrap_or_default();
            if !target.contains("://") && !target.starts_with("mailto:") {
                found.push((number, target.to_owned()));
            }
        }
    }
    found
}

/// A page's lines outside of fenced code.
fn prose(page: &File) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    page.lines().filter(move |(_, line)| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        !fenced && !fence
    })
}

/// The path that `link` means in the page at `page`.
fn beside(page: &str, link: &str) -> String {
    let mut parts: Vec<&str> = page.split('/').collect();
    parts.pop();
    for part in link.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(findings: &[Finding]) -> Vec<String> {
        findings.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_link_must_land() {
        let repository = Repository::of(&[
            ("README.md", "[a](docs/a.md) [b](docs/a.md#the-way-of-it) [c](docs/b.md)\n```\n[d](x)\n```\n"),
            ("docs/a.md", "# A\n## The `way` of it\n[back](../README.md) [out](https://example.org/x)"),
            ("docs/lost.md", "[a](a.md#nothing)"),
        ]);
        assert_eq!(
            messages(&links(&repository)),
            [
                "README.md:1: The link to docs/b.md leads nowhere.",
                "docs/lost.md:1: The link to a.md#nothing leads nowhere.",
                "docs/lost.md: No other page links to it."
            ]
        );
    }

    #[test]
    fn every_code_has_its_section() {
        let repository = Repository::of(&[
            (
                CODES,
                "codes! {\n    ReadOnly = \"READ_ONLY\", \"Reads.\";\n    Usage = \"USAGE\", \"Use.\";\n}",
            ),
            (ERRORS, "# Errors\n## `READ_ONLY`\n## OLD_ONE\n## How to read this\n"),
            ("README.md", "[e](docs/errors.md)"),
        ]);
        let expected = [
            "docs/errors.md: `USAGE` has no section.",
            "docs/errors.md: `OLD_ONE` has a section and does not exist.",
        ];
        assert_eq!(messages(&check(&repository)), expected);
    }

    #[test]
    fn every_dependency_has_its_line() {
        let repository = Repository::of(&[
            (CODES, "    A = \"A\", \"A.\";"),
            (ERRORS, "## A\n"),
            (
                "Cargo.toml",
                "[workspace.dependencies]\nown = { path = \"own\" }\nbytes = \"1\"\n# Tests only.\ninsta = \"1\"\n[profile]\nx = 1\n",
            ),
            (DEPENDENCIES, "- bytes: shared buffers\n- gone: nothing\n"),
            ("README.md", "[e](docs/errors.md) [d](docs/dependencies.md)"),
        ]);
        let expected = [
            "docs/dependencies.md: `insta` has no line.",
            "docs/dependencies.md: `gone` has a line and does not exist.",
        ];
        assert_eq!(messages(&check(&repository)), expected);
    }
}
