//! Whether a write may be sent twice. Only the text is known, so every doubt says no.

use super::classify::Reader;
use super::functions::is_pure;
use super::lexer::TokenKind;

/// Keywords that a parenthesis may follow without being a call.
const NO_CALL: &[&str] = &["AND", "IN", "VALUES", "WHERE"];

/// Whether nothing in these `INSERT`s, `UPDATE`s and `DELETE`s (a batch of them, too) does more when done again.
pub(crate) fn repeatable(reader: &Reader<'_>) -> bool {
    let mut at = 0;
    while at < reader.len() {
        if reader.is(at, "IF") {
            return false;
        }
        if reader.is(at, "INTO") {
            // The table's name, which a column list follows like a call's arguments.
            at = reader.table_name(at + 1).map_or(at + 1, |(_, behind)| behind);
            continue;
        }
        let doubtful = match reader.token_kind(at) {
            Some(TokenKind::Word) if reader.mark(at + 1, "(") => {
                !reader.is_any(at, NO_CALL) && !is_pure(reader.text(at))
            }
            Some(TokenKind::QuotedName) if reader.mark(at + 1, "(") => true,
            // An element of what may be a list.
            Some(TokenKind::Word | TokenKind::QuotedName) => reader.mark(at + 1, "["),
            Some(TokenKind::Operator) => match reader.text(at) {
                "+" | "+=" | "-=" | "*" | "/" | "%" => true,
                "-" => !is_sign(reader, at),
                _ => false,
            },
            Some(TokenKind::Unknown | TokenKind::Unterminated { .. }) => true,
            _ => false,
        };
        if doubtful {
            return false;
        }
        at += 1;
    }
    true
}

/// Whether a `-` is the sign of a number rather than a subtraction.
fn is_sign(reader: &Reader<'_>, at: usize) -> bool {
    let number = matches!(reader.token_kind(at + 1), Some(TokenKind::Number | TokenKind::Duration))
        || reader.is_any(at + 1, &["NAN", "INFINITY"]);
    let opened = at > 0
        && reader.token_kind(at - 1) == Some(TokenKind::Operator)
        && !matches!(reader.text(at - 1), ")" | "]" | "}" | "?");
    number && opened
}
