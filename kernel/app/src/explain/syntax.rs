//! What the server's parser complains of, in the user's words. Pure text.

use cqlbook_core::cql::keywords;
use cqlbook_core::cql::lexer::{TokenKind, lex};
use cqlbook_core::nearest::nearest;
use cqlbook_core::text::Span;

use super::names;

/// The server's syntax complaint without its `line L:C`, which the caret shows, and without its parser's terms.
pub(super) fn message(text: &str) -> String {
    // Between its brackets is the whole statement, which is no mark, and what is in parentheses there no context.
    if is_whole(text) {
        return "The statement does not parse.".to_owned();
    }
    let text = complaint(text);
    let first = text.split(" (").next().unwrap_or(text).trim_end_matches('.');
    match token(text) {
        Some("<EOF>") => "The statement does not parse: it ends too early.".to_owned(),
        Some(token) if first.starts_with("no viable alternative") => {
            format!("The statement does not parse at `{token}`.")
        }
        _ if first.is_empty() => "The statement does not parse.".to_owned(),
        _ => format!("The statement does not parse: {first}."),
    }
}

/// What the word was meant to be that the server complains of, or stumbled over just behind: a keyword, a type behind
/// `CAST(… AS`, a function before `(`.
pub(super) fn meant(text: &str) -> Option<&'static str> {
    let complaint = complaint(text);
    let token = token(complaint)?;
    let before = complaint.rsplit_once(" (").and_then(|(_, shown)| Some(shown.split_once('[')?.0));
    let last = |text: &str| {
        text.rsplit(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default().to_owned()
    };
    if let Some(called) = before.and_then(|before| before.strip_suffix('(')).map(last)
        && let Some(function) = names::function(&called.to_lowercase())
    {
        return Some(function);
    }
    let is_cast = before.is_some_and(|before| {
        before.to_uppercase().contains("CAST(") && last(before.trim_end()).eq_ignore_ascii_case("as")
    });
    let first_words = keywords::STATEMENTS.iter().filter_map(|words| words.split(' ').next());
    let words = first_words.chain(keywords::RESERVED.iter().copied());
    let found = if is_cast { nearest(token, keywords::TYPES.iter().copied()) } else { nearest(token, words) };
    // Of two letters every word of two is near; and a type is what it is, wherever it stands.
    let is_type = keywords::TYPES.iter().any(|name| name.eq_ignore_ascii_case(token));
    found.filter(|word| token.len() > 2 && !is_type && !word.eq_ignore_ascii_case(token))
}

/// Whether the parser gave up over the statement as a whole: `Failed parsing statement: […] reason: …`.
pub(super) fn is_whole(text: &str) -> bool {
    text.starts_with("Failed parsing statement: [")
}

/// The first number of a statement that no double holds.
pub(super) fn too_large(statement: &str) -> Option<Span> {
    let is_infinite =
        |text: &str| text.contains(['.', 'e', 'E']) && text.parse::<f64>().is_ok_and(f64::is_infinite);
    let numbers = lex(statement).into_iter().filter(|token| token.kind == TokenKind::Number);
    numbers.map(|token| token.span).find(|span| is_infinite(span.of(statement)))
}

/// The first `#` of a statement that is in no string and no comment: CQL has none.
pub(super) fn hash(statement: &str) -> Option<Span> {
    let is_hash = |span: &Span| span.of(statement).starts_with('#');
    lex(statement).into_iter().filter(|token| !token.kind.is_trivia()).map(|token| token.span).find(is_hash)
}

fn complaint(text: &str) -> &str {
    text.strip_prefix("line ").and_then(|rest| rest.split_once(' ')).map_or(text, |(_, rest)| rest)
}

/// The token at which the parser stopped.
fn token(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("input '")?;
    rest.split('\'').next().filter(|token| !token.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_beyond_a_double_and_a_hash_are_found() {
        let number = |text: &'static str| too_large(text).map(|span| span.of(text));
        assert_eq!(number("INSERT INTO n (id, dec) VALUES (1, 1E400)"), Some("1E400"));
        assert_eq!(number("INSERT INTO n (a, b) VALUES ('1E400', 1E308) -- 1E400"), None);
        assert_eq!(number("SELECT 1234567890 FROM t"), None);
        let told = "Failed parsing statement: [INSERT INTO n (id, dec) VALUES (1, 1E400)] reason: NumberFormatException";
        assert_eq!((message(told), is_whole(told)), ("The statement does not parse.".to_owned(), true));
        assert_eq!(hash("# my comment\n%results"), Some(Span::new(0, 1)));
        assert!(hash("SELECT * FROM t # all").is_some());
        for none in ["SELECT '#' FROM t -- # c", "SELECT \"#\" FROM t /* # */"] {
            assert_eq!(hash(none), None, "{none}");
        }
    }

    #[test]
    fn the_parsers_terms_are_left_out() {
        let of = |text| (message(text), meant(text));
        assert_eq!(
            of("line 2:0 no viable alternative at input 'FRM' (SELECT [key]FRM...)"),
            ("The statement does not parse at `FRM`.".to_owned(), Some("FROM"))
        );
        assert_eq!(
            of("line 1:13 no viable alternative at input '<EOF>'"),
            ("The statement does not parse: it ends too early.".to_owned(), None)
        );
        assert_eq!(
            of("line 2:0 mismatched input '%' expecting EOF (SELECT key[%]...)"),
            ("The statement does not parse: mismatched input '%' expecting EOF.".to_owned(), None)
        );
        let of = |text| meant(text);
        assert_eq!(of("line 1:13 mismatched input '*' expecting ')' (SELECT cuont([*]...)"), Some("count"));
        assert_eq!(
            of("line 1:17 no viable alternative at input 'txet' (SELECT CAST(v AS [txet]...)"),
            Some("text")
        );
        assert_eq!(
            of("line 1:24 mismatched input 'int' expecting ')' (CREATE TABLE q (z static [int]...)"),
            None
        );
        assert_eq!(of("line 1:0 no viable alternative at input 'id' ([id]...)"), None);
        let of = |text| (message(text), meant(text));
        assert_eq!(of(""), ("The statement does not parse.".to_owned(), None));
    }
}
