//! Help on the codes of failures: the sections of `docs/errors.md`, so that page and help say the same.

use crate::diagnostic::Code;
use crate::markdown::Markdown;

static PAGE: &str = include_str!("../../../../docs/errors.md");

/// Help on a code; `None` for what is none.
pub(crate) fn of_code(topic: &str) -> Option<Markdown> {
    let code = Code::ALL.iter().find(|code| code.name().eq_ignore_ascii_case(topic))?;
    let section =
        PAGE.split("\n## ").find_map(|section| section.strip_prefix(code.name())?.strip_prefix('\n'))?;
    let head = Markdown::new().own("**").code(code.name()).own("** ");
    Some(without_links(section.trim()).into_iter().fold(head, Markdown::own).own("\n"))
}

/// The text with the words of its links, which lead to pages that a notebook does not have: the pieces that stay.
fn without_links(text: &'static str) -> Vec<&'static str> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, link)) = rest.split_once('[') {
        pieces.push(before);
        rest = match link.split_once("](").and_then(|(words, after)| Some((words, after.split_once(')')?))) {
            Some((words, (_, after))) if !words.contains(['[', '\n']) => {
                pieces.push(words);
                after
            }
            _ => {
                pieces.push("[");
                link
            }
        };
    }
    pieces.push(rest);
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_its_help() {
        for code in Code::ALL {
            let help =
                of_code(&code.name().to_lowercase()).unwrap_or_else(|| panic!("{code} has no section"));
            assert!(help.starts_with(&format!("**`{code}`** ")), "{help}");
            assert!(help.contains("- Why: ") && !help.contains("]("), "{help}");
        }
        assert_eq!(of_code("NOTHING"), None);
    }

    #[test]
    fn links_keep_their_words() {
        assert_eq!(
            without_links("see [here](a.md#b), not l[0] or [x]").concat(),
            "see here, not l[0] or [x]"
        );
    }
}
