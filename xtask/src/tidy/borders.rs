//! Text that crosses a border is quoted by the one function that knows the border: what would be written past it is found here.
//!
//! Where the compiler holds it already nothing is looked for: `Markdown` takes no `String` as it is.

use super::{File, Finding, Repository};

/// One border.
struct Border {
    /// The file that writes across it.
    home: &'static str,
    /// What is said of a line elsewhere that does.
    message: &'static str,
    /// Whether a line of a file does.
    crosses: fn(&File, &str) -> bool,
    /// Files that may, each with its reason.
    may: &'static [(&'static str, &'static str)],
}

const BORDERS: &[Border] = &[
    Border {
        home: "kernel/core/src/cql/comment.rs",
        message: "A comment of CQL is written by cqlbook_core::cql::comment, which lets nothing end it early.",
        crosses: |_, line| writes_comment(line),
        may: &[(
            "kernel/core/src/cell/generated.rs",
            "Random cells for tests, whose comments may end early.",
        )],
    },
    Border {
        home: "kernel/core/src/markdown.rs",
        message: "A name enters Markdown by Markdown::code: between two backticks it could end the code.",
        crosses: |file, line| file.text.contains("markdown::Markdown") && has_name_in_code(line),
        may: &[],
    },
    Border {
        home: "kernel/app/src/run/scene.rs",
        message: "Markdown is shown by the scene, from a Markdown: text of another kind could hold markup.",
        crosses: |_, line| line.contains("\"text/markdown\""),
        may: &[],
    },
];

/// Whether a string of the line starts a comment of CQL and goes on with a name, or with what is pushed next.
fn writes_comment(line: &str) -> bool {
    ["\"-- ", "\"\\n-- ", "\"/*"].iter().any(|start| {
        line.match_indices(start).any(|(at, _)| {
            let string = &line[at + 1..];
            let string = string.split('"').next().unwrap_or_default();
            string.contains('{') || line[..at].ends_with("push_str(")
        })
    })
}

/// Whether a placeholder of a format stands between two backticks: its name, or nothing, in braces.
fn has_name_in_code(line: &str) -> bool {
    line.match_indices("`{").any(|(at, mark)| {
        let rest = &line[at + mark.len()..];
        let name = rest.split('}').next().unwrap_or_default();
        name.len() < rest.len() && name.chars().all(|c| c.is_ascii_lowercase() || matches!(c, '_' | '.'))
    })
}

pub(super) fn check(repository: &Repository) -> Vec<Finding> {
    let mut findings = Vec::new();
    let sources = repository.with_ending(".rs").filter(|file| {
        file.path.starts_with("kernel/")
            && !file.path.ends_with("tests.rs")
            && !file.path.contains("/examples/")
    });
    for file in sources {
        for border in BORDERS.iter().filter(|border| border.home != file.path) {
            let crossing: Vec<usize> = code(file)
                .filter(|(_, line)| (border.crosses)(file, line))
                .map(|(number, _)| number)
                .collect();
            let may = border.may.iter().any(|(path, reason)| *path == file.path && !reason.is_empty());
            if may && crossing.is_empty() {
                findings.push(Finding::new(&file.path, 0, "It needs no exception from a border any more."));
            }
            if !may {
                findings.extend(
                    crossing.into_iter().map(|number| Finding::new(&file.path, number, border.message)),
                );
            }
        }
    }
    findings
}

/// The lines of a file that are code and no tests: those before its `#[cfg(test)]`, without comments.
fn code(file: &File) -> impl Iterator<Item = (usize, &str)> {
    let lines = file.lines().take_while(|(_, line)| line.trim() != "#[cfg(test)]");
    lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<usize> {
        check(&Repository::of(&[(path, text)])).into_iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn comments_are_written_in_one_place() {
        let text = "let a = format!(\"-- {name}\");\nlet b = format!(\"/* {name} */\");\nout.push_str(\"-- \");\nlet c = \"-- as it is\";\n\
                    let d = format!(\"--{option}\");\n// \"-- {x}\"\n#[cfg(test)]\nlet e = format!(\"-- {name}\");\n";
        assert_eq!(found("kernel/core/src/script.rs", text), [1, 2, 3]);
        assert_eq!(found("kernel/core/src/cql/comment.rs", text), [0_usize; 0]);
        assert_eq!(found("kernel/core/src/script/tests.rs", text), [0_usize; 0]);
    }

    #[test]
    fn names_enter_markdown_by_its_own_function() {
        let lines = "text.code(&format!(\"`{}`\", name));\nformat!(\"`{name}`\");\n\"`{1, 2}`\";\nformat!(\"{name}\");\n";
        let text = format!("use crate::markdown::Markdown;\n{lines}");
        assert_eq!(found("kernel/core/src/help.rs", &text), [2, 3]);
        assert_eq!(
            found("kernel/core/src/help.rs", lines),
            [0_usize; 0],
            "a sentence of a diagnostic is drawn elsewhere"
        );
        assert_eq!(found("kernel/app/src/help.rs", "io.with(\"text/markdown\", text);"), [1]);
    }
}
