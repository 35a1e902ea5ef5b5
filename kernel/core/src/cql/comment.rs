//! Text as a comment of CQL. Pure.
//!
//! The rule: whatever goes into a comment goes through here, as a comment ends where the server's lexer ends it: `--` at a line
//! feed *or a lone carriage return* (`Lexer.g`: `COMMENT`), `/* */` at the first `*/`.

/// The text behind `-- `, a comment for each of its lines; a line feed ends the last. Characters that cannot be seen are escaped, and
/// `lead` stands in front of the first line's text.
pub fn line_comment(lead: &str, text: &str) -> String {
    let mut out = String::new();
    let text = format!("{lead}{text}").replace("\r\n", "\n").replace('\r', "\n");
    let text = text.strip_suffix('\n').unwrap_or(&text);
    for line in text.split('\n') {
        out.push_str("-- ");
        out.push_str(&crate::render::terminal(line));
        out.push('\n');
    }
    out
}

/// The text between `/*` and `*/`; it cannot end the comment early.
pub fn block_comment(text: &str) -> String {
    format!("/*\n{}\n*/", crate::render::terminal(text).replace("*/", "* /"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::cql::lexer::lex;

    #[test]
    fn a_lone_carriage_return_ends_no_comment() {
        assert_eq!(line_comment("", "a\rDROP TABLE t;"), "-- a\n-- DROP TABLE t;\n");
        assert_eq!(line_comment("LOSSY: ", "a\r\nb\n"), "-- LOSSY: a\n-- b\n");
        assert_eq!(
            line_comment("", "a\u{2028}DROP TABLE t;\u{85}x\u{1b}[2J"),
            "-- a\\u2028DROP TABLE t;\\x85x\\x1b[2J\n"
        );
        assert_eq!(line_comment("", ""), "-- \n");
        assert_eq!(block_comment("a */ DROP TABLE t; /*"), "/*\na * / DROP TABLE t; /*\n*/");
    }

    proptest! {
        #[test]
        fn nothing_of_a_comment_is_code(text in prop_oneof![any::<String>(), "[-/*\r\n;a'\"$ ]{0,40}"]) {
            for comment in [line_comment("", &text), block_comment(&text)] {
                for token in lex(&comment) {
                    prop_assert!(token.kind.is_trivia(), "{comment:?}: {token:?}");
                }
            }
            // Cassandra's own rule.
            for line in line_comment("", &text).split(['\n', '\r']) {
                prop_assert!(line.is_empty() || line.starts_with("-- "), "{line:?}");
            }
        }
    }
}
