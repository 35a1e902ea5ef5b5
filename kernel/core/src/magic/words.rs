//! Splits a magic's line into words as a POSIX shell does, and keeps where each stands.

use crate::text::Span;

/// A word of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word {
    /// The word with its quotes undone.
    pub(crate) text: String,
    /// Where it stands in the line, quotes included.
    pub(crate) span: Span,
}

/// The words of a line, and the words before the fault where a quote is not closed or a `\` ends the line.
///
/// A word that starts with `#` starts a comment.
pub(crate) fn words(line: &str) -> Result<Vec<Word>, Vec<Word>> {
    let mut words = Vec::new();
    let mut at = 0;
    loop {
        at += line[at..].len() - line[at..].trim_start_matches(BLANKS).len();
        if at == line.len() || line[at..].starts_with('#') {
            return Ok(words);
        }
        let Some(length) = word_length(&line[at..]) else { return Err(words) };
        let span = Span::new(at, at + length);
        // The crate undoes the quotes; it has no places, so it is given one word at a time.
        let Some(text) = shlex::split(span.of(line)) else { return Err(words) };
        words.extend(text.into_iter().map(|text| Word { text, span }));
        at = span.end;
    }
}

/// The text as one word of a magic's line: quoted where it must be.
pub fn quoted(text: &str) -> String {
    // Only a NUL byte cannot be quoted; it stays as it is, and the line is refused when it is read.
    shlex::try_quote(text).map_or_else(|_| text.to_owned(), std::borrow::Cow::into_owned)
}

const BLANKS: [char; 3] = [' ', '\t', '\n'];

/// The length of the word at the front, `None` where it is not closed.
pub(crate) fn word_length(line: &str) -> Option<usize> {
    let mut quote = None;
    let mut escaped = false;
    for (at, character) in line.char_indices() {
        match (quote, character) {
            _ if escaped => escaped = false,
            (None | Some('"'), '\\') => escaped = true,
            (Some(open), _) if open == character => quote = None,
            (None, '\'' | '"') => quote = Some(character),
            (None, blank) if BLANKS.contains(&blank) => return Some(at),
            _ => {}
        }
    }
    (quote.is_none() && !escaped).then_some(line.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn texts(words: Vec<Word>) -> Vec<String> {
        words.into_iter().map(|word| word.text).collect()
    }

    #[test]
    fn quotes_are_undone_and_places_kept() {
        let line = r#"a 'b c' "d'e" f\ g --x="1 2" # rest"#;
        let words = words(line).unwrap();
        let spans: Vec<_> = words.iter().map(|word| word.span.of(line)).collect();
        assert_eq!(spans, ["a", "'b c'", r#""d'e""#, r"f\ g", r#"--x="1 2""#]);
        assert_eq!(texts(words), ["a", "b c", "d'e", "f g", "--x=1 2"]);
    }

    #[test]
    fn a_text_can_be_made_one_word() {
        assert_eq!(["demo", "two words", "it's"].map(quoted), ["demo", "'two words'", "\"it's\""]);
    }

    #[test]
    fn an_open_quote_leaves_the_words_before_it() {
        assert_eq!(texts(words("a 'b").unwrap_err()), ["a"]);
        assert_eq!(texts(words("a b\\").unwrap_err()), ["a"]);
    }

    proptest! {
        #[test]
        fn words_are_those_of_shlex(line in "[ab#'\"\\\\ \t=é-]{0,24}") {
            prop_assert_eq!(words(&line).map(texts).ok(), shlex::split(&line));
        }
    }
}
