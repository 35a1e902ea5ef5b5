//! `docs/errors.md` and what this folder keeps are held together: each code that is kept has a section which quotes it, and
//! what a section quotes is the first line of a message that is kept.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The first lines of all messages that the files of this folder keep.
fn kept() -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/errors");
    let mut lines = BTreeSet::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            let source = std::fs::read_to_string(path).unwrap();
            lines
                .extend(source.lines().map(str::trim).filter(|line| code(line).is_some()).map(str::to_owned));
        }
    }
    lines
}

/// The code that a line begins with, if it is the first line of a message.
fn code(line: &str) -> Option<&str> {
    let (code, _) = line.split_once(": ")?;
    let is_code = code.len() > 4 && code.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    is_code.then_some(code)
}

/// What each section of the page quotes: its indented lines.
fn quoted() -> BTreeMap<String, Vec<String>> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/errors.md");
    let mut sections: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut section = String::new();
    for line in std::fs::read_to_string(page).unwrap().lines() {
        if let Some(title) = line.strip_prefix("## ") {
            section = title.to_owned();
            sections.entry(section.clone()).or_default();
        } else if let Some(quote) = line.strip_prefix("    ").filter(|quote| code(quote).is_some()) {
            sections.get_mut(&section).unwrap().push(quote.to_owned());
        }
    }
    sections
}

#[test]
fn each_code_that_is_kept_has_a_section_that_quotes_it() {
    let (kept, quoted) = (kept(), quoted());
    assert!(kept.len() > 50, "the messages are found: {}", kept.len());
    for code in kept.iter().filter_map(|line| code(line)).collect::<BTreeSet<_>>() {
        let quotes = quoted.get(code);
        assert!(quotes.is_some_and(|quotes| !quotes.is_empty()), "docs/errors.md quotes no {code}");
    }
}

#[test]
fn what_a_section_quotes_is_what_a_user_reads() {
    let kept = kept();
    for (section, quotes) in quoted() {
        for quote in quotes {
            assert_eq!(code(&quote), Some(section.as_str()), "a quote of another code in {section}");
            assert!(kept.contains(&quote), "nobody is told `{quote}`");
        }
    }
}
