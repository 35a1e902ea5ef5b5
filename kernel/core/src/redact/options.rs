//! Secrets that are values of options: behind the name, or glued to it.

use super::{is_blank, is_command, is_dash, is_quote, is_word, says_secret};
use crate::magic::{carried, word_length};
use crate::text::Span;

/// The values of options of a line.
///
/// On a line that is a command the value goes on to the next option that is known, because a secret may have blanks in it.
/// Elsewhere, as in a comment, it is one word.
pub(super) fn mask(cell: &str, line: Span, found: &mut Vec<Span>) {
    let text = line.of(cell);
    let command = is_command(text);
    let mut at = 0;
    while let Some((name, end)) = next_option(text, at) {
        at = end;
        if let Some(glued) = name.glued(command) {
            let start = end - name.text.len() + glued;
            at = word_length(&text[start..]).map_or(text.len(), |length| start + length).max(end);
            found.push(Span::new(line.start + start, line.start + at));
        }
        if !name.carries_secret(command) {
            continue;
        }
        // A name may be misspelt as well as have something glued to it.
        let end = at;
        let rest = text[end..].trim_start_matches(is_quote);
        let (assigned, rest) = match rest.strip_prefix('=') {
            Some(rest) => (true, rest),
            None => (false, rest.trim_start_matches(is_blank)),
        };
        let start = text.len() - rest.len();
        let mut value_end = start;
        at = start;
        while at < text.len() {
            let first = value_end == start;
            let option = option_at(text, at);
            let known = option.is_some_and(|(name, _)| name.is_known() || name.carries_secret(command));
            if (known && !(first && assigned)) || !(first || command) {
                break;
            }
            // A quote that is not closed hides where the value ends.
            value_end = word_length(&text[at..]).map_or(text.len(), |length| at + length);
            at = text.len() - text[value_end..].trim_start_matches(is_blank).len();
        }
        at = at.max(end);
        if value_end > start {
            found.push(Span::new(line.start + start, line.start + value_end));
        }
    }
}

/// An option's name as it was typed.
#[derive(Clone, Copy)]
struct OptionName<'a> {
    text: &'a str,
    /// With one dash only.
    short: bool,
}

impl OptionName<'_> {
    fn carries_secret(self, command: bool) -> bool {
        let path = ["file", "path"].iter().any(|end| self.text.to_ascii_lowercase().ends_with(end));
        let says = says_secret(self.text) && !path;
        // Outside of a command, what has one dash is arithmetic, and any name may be meant.
        let meant = command && carried::means_secret(self.text, self.short);
        meant || says && (command || !self.short)
    }

    /// Where in the name a secret begins.
    fn glued(self, command: bool) -> Option<usize> {
        carried::glued(self.text, self.short).filter(|_| command)
    }

    fn is_known(self) -> bool {
        !self.short && carried::is_option(self.text)
    }
}

/// The next option from byte `at` on, and the end of its name.
fn next_option(text: &str, at: usize) -> Option<(OptionName<'_>, usize)> {
    let dashes = text[at..].char_indices().filter(|(_, c)| is_dash(*c));
    dashes.map(|(offset, _)| at + offset).find_map(|start| {
        let opens =
            text[..start].chars().next_back().is_none_or(|before| is_blank(before) || is_quote(before));
        if opens { option_at(text, start) } else { None }
    })
}

/// The option that stands at byte `start`, and the end of its name.
fn option_at(text: &str, start: usize) -> Option<(OptionName<'_>, usize)> {
    let rest = &text[start..];
    let bare = rest.trim_start_matches(is_dash);
    let dashes = &rest[..rest.len() - bare.len()];
    let length = bare.find(|c: char| !(is_word(c) || c == '-')).unwrap_or(bare.len());
    // A text editor makes one long dash of two.
    let short = dashes == "-";
    let named = !dashes.is_empty() && bare.starts_with(|c: char| c.is_ascii_alphabetic());
    named.then(|| {
        let name = OptionName { text: &bare[..length], short };
        (name, start + dashes.len() + length)
    })
}
