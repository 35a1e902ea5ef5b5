//! The patterns of a search: `*` for any text, `?` for any one character.
//!
//! Frontends make patterns of what was typed and escape nothing in it, so a bracket stands for itself: CQL is full of them. Only
//! `[*]`, `[?]` and `[[]`, which are how SQLite's users write these three characters, stand for the character.

/// A pattern that must fit the whole of a text, in time proportional to the text and the pattern's longest piece.
pub(crate) struct Glob {
    /// The pieces between the `*`s.
    pieces: Vec<Vec<Piece>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Piece {
    Char(char),
    Any,
}

impl Glob {
    /// Reads a pattern. Every text is one.
    pub(crate) fn new(pattern: &str) -> Self {
        let mut pieces = vec![Vec::new()];
        let mut rest = pattern;
        while let Some(first) = rest.chars().next() {
            let escaped = ["[*]", "[?]", "[[]"].iter().find(|escaped| rest.starts_with(**escaped));
            let piece = match (first, escaped) {
                (_, Some(escaped)) => Some(Piece::Char(escaped.chars().nth(1).unwrap_or(first))),
                ('*', None) => None,
                ('?', None) => Some(Piece::Any),
                (other, None) => Some(Piece::Char(other)),
            };
            rest = &rest[escaped.map_or(first.len_utf8(), |escaped| escaped.len())..];
            match (piece, pieces.last_mut()) {
                (Some(piece), Some(last)) => last.push(piece),
                _ => pieces.push(Vec::new()),
            }
        }
        Self { pieces }
    }

    /// Whether it fits the text.
    pub(crate) fn fits(&self, text: &str) -> bool {
        let text: Vec<char> = text.chars().collect();
        let (Some(first), Some(last)) = (self.pieces.first(), self.pieces.last()) else {
            return text.is_empty();
        };
        if self.pieces.len() == 1 {
            return text.len() == first.len() && stands(first, &text);
        }
        if text.len() < first.len() + last.len() || !stands(first, &text) {
            return false;
        }
        let end = text.len() - last.len();
        // Each piece as far to the left as it can be leaves the most for those behind it.
        let mut at = first.len();
        for piece in &self.pieces[1..self.pieces.len() - 1] {
            let Some(place) = (at..=end.saturating_sub(piece.len())).find(|at| stands(piece, &text[*at..]))
            else {
                return false;
            };
            at = place + piece.len();
        }
        at <= end && stands(last, &text[end..])
    }
}

/// Whether the piece stands at the front of the text.
fn stands(piece: &[Piece], text: &[char]) -> bool {
    let fits = |(piece, c): (&Piece, &char)| *piece == Piece::Any || *piece == Piece::Char(*c);
    text.len() >= piece.len() && piece.iter().zip(text).all(fits)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fits(pattern: &str, text: &str) -> bool {
        Glob::new(pattern).fits(text)
    }

    #[test]
    fn stars_and_question_marks() {
        for (pattern, text) in [
            ("*", ""),
            ("*", "SELECT 1;\nSELECT 2;"),
            ("SELECT*", "SELECT * FROM t"),
            ("*FROM t*", "SELECT * FROM t"),
            ("S?L*t", "SEL t"),
            ("a*b*a", "abba"),
            ("é?😀", "é.😀"),
            ("INSERT INTO t (a) VALUES ([1,2*", "INSERT INTO t (a) VALUES ([1,2])"),
            ("count([*])", "count(*)"),
            ("m[[]1]", "m[1]"),
        ] {
            assert!(fits(pattern, text), "{pattern} does not fit {text}");
        }
        for (pattern, text) in [
            ("", "a"),
            ("SELECT", "SELECT 1"),
            ("select*", "SELECT 1"),
            ("a?", "a"),
            ("a*a", "a"),
            ("*x*", "abc"),
            ("ab*bc", "abc"),
            ("[ab]", "a"),
            ("count([*])", "count(x)"),
        ] {
            assert!(!fits(pattern, text), "{pattern} fits {text}");
        }
    }

    /// The definition, too slow for use.
    fn defined(pattern: &[char], text: &[char]) -> bool {
        match (pattern, text) {
            ([], []) => true,
            (['*', rest @ ..], _) => {
                defined(rest, text) || (!text.is_empty() && defined(pattern, &text[1..]))
            }
            (['?', rest @ ..], [_, tail @ ..]) => defined(rest, tail),
            ([c, rest @ ..], [d, tail @ ..]) => c == d && defined(rest, tail),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn it_fits_as_defined(pattern in "[ab?*é]{0,8}", text in "[abé]{0,10}") {
            let (p, t): (Vec<_>, Vec<_>) = (pattern.chars().collect(), text.chars().collect());
            prop_assert_eq!(fits(&pattern, &text), defined(&p, &t));
        }

        #[test]
        fn any_pattern_is_taken(pattern in "\\PC{0,20}", text in "\\PC{0,20}") {
            fits(&pattern, &text);
            prop_assert!(fits("*", &text));
            prop_assert!(fits(&text.replace('[', "[[]").replace('*', "[*]").replace('?', "[?]"), &text));
        }
    }
}
