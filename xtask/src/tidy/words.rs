//! Words that no file may hold: hosts of package registries, and notes to oneself.

use super::{Finding, Repository};

/// Written in two halves, so that this file holds none of them.
const HOSTS: [(&str, &str); 9] = [
    ("crates", ".io"),
    ("pypi", ".org"),
    ("pythonhosted", ".org"),
    ("npmjs", ".org"),
    ("npmjs", ".com"),
    ("repo1.maven", ".org"),
    ("repo.maven", ".apache.org"),
    ("deb.debian", ".org"),
    ("artifactory", "/"),
];

const NOTES: [(&str, &str); 3] = [("TO", "DO"), ("FIX", "ME"), ("XX", "X:")];

/// Cargo itself writes where each crate came from.
const WRITTEN_BY_TOOLS: [&str; 1] = ["Cargo.lock"];

pub(super) fn check(repository: &Repository) -> Vec<Finding> {
    let joined = |halves: &[(&str, &str)]| halves.iter().map(|(a, b)| format!("{a}{b}")).collect::<Vec<_>>();
    let (hosts, notes) = (joined(&HOSTS), joined(&NOTES));
    let mut findings = Vec::new();
    for file in repository.files.iter().filter(|file| !WRITTEN_BY_TOOLS.contains(&file.path.as_str())) {
        let ours = repository.ours().any(|other| other.path == file.path);
        for (number, line) in file.lines() {
            if hosts.iter().any(|host| line.contains(host.as_str())) {
                findings.push(Finding::new(&file.path, number, "It names the host of a package registry."));
            }
            if ours && notes.iter().any(|note| line.contains(note.as_str())) {
                findings.push(Finding::new(
                    &file.path,
                    number,
                    "A note to oneself: do it, or file an issue.",
                ));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_hosts_and_notes() {
        let text = format!("fine\nsee https://static.{}{}/x\n// {}{}: later\n", "crates", ".io", "TO", "DO");
        let repository = Repository::of(&[("a.md", &text), ("Cargo.lock", &text)]);
        let lines: Vec<_> =
            check(&repository).iter().map(|finding| (finding.path.clone(), finding.line)).collect();
        assert_eq!(lines, [("a.md".to_owned(), 2), ("a.md".to_owned(), 3)]);
    }
}
