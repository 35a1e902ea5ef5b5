//! Finds bind markers: `:name` and `?`, but not the colons of map and UDT literals.

use super::classify::undouble;
use super::lexer::{Token, TokenKind};
use crate::cell::BindMarker;
use crate::text::Span;

/// A bracket that is open, and for a brace how far its current entry is.
#[derive(Clone, Copy)]
enum Bracket {
    /// `(` or `[`: every colon in it is a marker's.
    Other,
    /// `{`, before the entry's key: a colon here is a marker's.
    Entry,
    /// `{`, in or behind the key: the next colon separates key and value.
    Key,
    /// `{`, behind the separator: a colon here is a marker's.
    Value,
}

/// The named markers, and the places of the `?`, of a statement's tokens without trivia.
pub(crate) fn find(source: &str, tokens: &[Token]) -> (Vec<BindMarker>, Vec<Span>) {
    let mut named = Vec::new();
    let mut positional = Vec::new();
    let mut brackets: Vec<Bracket> = Vec::new();
    for (place, token) in tokens.iter().enumerate() {
        let text = token.span.of(source);
        let mark = if token.kind == TokenKind::Operator { text } else { "" };
        if let Some(bracket @ Bracket::Key) = brackets.last_mut()
            && mark == ":"
        {
            *bracket = Bracket::Value;
            continue;
        }
        match mark {
            "," => {
                if let Some(bracket @ (Bracket::Key | Bracket::Value)) = brackets.last_mut() {
                    *bracket = Bracket::Entry;
                }
                continue;
            }
            ")" | "]" | "}" => {
                brackets.pop();
                continue;
            }
            "?" => positional.push(token.span),
            ":" => named.extend(tokens.get(place + 1).and_then(|name| marker(source, *token, *name))),
            _ => {}
        }
        if let Some(bracket @ Bracket::Entry) = brackets.last_mut() {
            *bracket = Bracket::Key;
        }
        match mark {
            "{" => brackets.push(Bracket::Entry),
            "(" | "[" => brackets.push(Bracket::Other),
            _ => {}
        }
    }
    (named, positional)
}

/// The marker of a colon and what follows it.
fn marker(source: &str, colon: Token, name: Token) -> Option<BindMarker> {
    let text = name.span.of(source);
    let bound = match name.kind {
        TokenKind::Word => text.to_ascii_lowercase(),
        TokenKind::QuotedName => undouble(text, '"'),
        _ => return None,
    };
    Some(BindMarker { name: bound, span: Span::new(colon.span.start, name.span.end) })
}
