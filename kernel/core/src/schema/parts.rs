//! Parts of a schema that stand in statements as they were stored: numbers, blobs, conditions, words. It says what a part may be,
//! and what a statement may be made of, and writes none.
//!
//! The rule: a statement made of parts is one statement. A part is no place for a `;`, a comment, an open quote or a bracket that
//! closes more than it opened: whoever may write to a schema, or to a snapshot's file, would write statements.

use crate::cql::lexer::{Token, TokenKind, lex};

/// Whether it is a number as CQL writes it.
pub(super) fn is_number(text: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E');
    matches!(text, "NaN" | "Infinity" | "-Infinity")
        || (text.bytes().all(known) && text.parse::<f64>().is_ok())
}

/// Whether it is a blob as CQL writes it.
pub(super) fn is_blob(text: &str) -> bool {
    text.strip_prefix("0x").is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// Whether it is the bare name of an option.
pub(super) fn is_option(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

/// Whether it is words and names, and nothing else: a language, or `MONOTONIC ON "Name"`.
pub(super) fn is_words(text: &str) -> bool {
    let mut tokens = lex(text).into_iter().filter(|token| token.kind != TokenKind::Whitespace).peekable();
    tokens.peek().is_some()
        && tokens.all(|token| matches!(token.kind, TokenKind::Word | TokenKind::QuotedName))
}

/// Whether it is what an index is on: names, or names in `keys(…)` and the like.
pub(super) fn is_target(text: &str) -> bool {
    let tokens: Vec<_> = lex(text)
        .into_iter()
        .filter(|token| token.kind != TokenKind::Whitespace)
        .map(|token| (token.kind, token.span.of(text)))
        .collect();
    let is_name = |kind: TokenKind| matches!(kind, TokenKind::Word | TokenKind::QuotedName);
    tokens.split(|(_, text)| *text == ",").all(|target| match *target {
        [(name, _)] => is_name(name),
        [(TokenKind::Word, _), (_, "("), (name, _), (_, ")")] => is_name(name),
        _ => false,
    })
}

/// Whether it is a part of a statement that ends where it ends: a condition, a literal, a call.
pub(super) fn is_part(text: &str) -> bool {
    let mut open = Vec::new();
    for token in lex(text) {
        match token.kind {
            TokenKind::Semicolon
            | TokenKind::Comment
            | TokenKind::Unknown
            | TokenKind::Unterminated { .. } => return false,
            TokenKind::Operator => match token.span.of(text) {
                "(" => open.push(")"),
                "[" => open.push("]"),
                "{" => open.push("}"),
                closing @ (")" | "]" | "}") if open.pop() != Some(closing) => return false,
                _ => {}
            },
            _ => {}
        }
    }
    open.is_empty() && !text.trim().is_empty()
}

/// Whether it is one statement with its `;`, after comments or none; or nothing but comments.
pub(super) fn is_statement(cql: &str) -> bool {
    let tokens = lex(cql);
    let mut tokens = tokens.iter().skip_while(|token| token.kind.is_trivia()).peekable();
    if tokens.peek().is_none() {
        return true;
    }
    let ended = tokens.by_ref().find(|token| {
        matches!(
            token.kind,
            TokenKind::Semicolon | TokenKind::Comment | TokenKind::Unknown | TokenKind::Unterminated { .. }
        )
    });
    ended.is_some_and(|token| token.kind == TokenKind::Semicolon)
        && tokens.all(|Token { kind, .. }| *kind == TokenKind::Whitespace)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What would be put behind a part to be a statement of its own.
    const SMUGGLED: [&str; 6] =
        ["; DROP KEYSPACE prod; --", "; DROP KEYSPACE prod;", " -- ", " // ", " /* ", "'); DROP TABLE t; --"];

    #[test]
    fn each_part_is_of_its_own_kind() {
        type Kind = (&'static str, fn(&str) -> bool, &'static [&'static str]);
        let kinds: [Kind; 6] = [
            ("number", is_number, &["0", "864000", "-1.5", "0.01", "1e-3", "1E+10", "NaN"]),
            ("blob", is_blob, &["0x", "0xCAFE", "0x00"]),
            ("option", is_option, &["gc_grace_seconds", "cdc", "x2"]),
            ("words", is_words, &["java", "DETERMINISTIC", "MONOTONIC ON a", "MONOTONIC ON \"A b\""]),
            ("target", is_target, &["v", "\"V v\"", "keys(m)", "full(\"F\")", "values (m)", "a, b"]),
            (
                "part",
                is_part,
                &["k IS NOT NULL AND c = 'x;y'", "'--'", "{'a': [1, (2)]}", "\"a;b\" > 0x00", "$$;$$", "-1"],
            ),
        ];
        for (kind, is_one, good) in kinds {
            for text in good {
                assert!(is_one(text), "{kind}: {text}");
                for behind in SMUGGLED {
                    let text = format!("{text}{behind}");
                    assert!(!is_one(&text), "{kind}: {text}");
                }
            }
            for text in ["", " ", "'", "a)", "(a", "(]", "\u{0}"] {
                assert!(!is_one(text), "{kind}: {text:?}");
            }
        }
        assert!(!is_number("inf") && !is_number("0x1") && !is_number("1 2"));
        assert!(
            !is_option("Comment") && !is_words("java AS 'x'") && !is_target("a,") && !is_target("f(a)(b)")
        );
    }

    #[test]
    fn a_statement_is_one() {
        for cql in [
            "DROP TABLE t;",
            "-- why\nCREATE TABLE t (k int PRIMARY KEY) WITH comment = 'a; b -- c';\n",
            "CREATE FUNCTION f() LANGUAGE java AS $$return ';'; // x$$;",
            "-- nothing but; a comment",
            "",
        ] {
            assert!(is_statement(cql), "{cql}");
        }
        for cql in [
            "DROP TABLE t",
            "ALTER TABLE t WITH gc_grace_seconds = 1; DROP KEYSPACE prod; --;",
            "CREATE INDEX i ON t (v); DROP TABLE t; --);",
            "CREATE TABLE t (a int -- b\n);",
            "ALTER TABLE t WITH comment = 'a;",
            "a; b;",
            "a; -- b",
        ] {
            assert!(!is_statement(cql), "{cql}");
        }
    }
}
