//! Completion inside a CQL statement or shell command and where one may start: the tokens before the cursor, what the
//! grammar expects behind them, and what is offered for it.

use super::context::Context;
use super::grammar::CQL;
use super::slot::Slot;
use super::walk::{Expected, expected};
use super::{Finder, ItemKind};
use crate::cql::lexer::{Lexer, Open, Token, TokenKind, lex};
use crate::magic::{MAGICS, MagicKind};
use crate::text::Span;

impl Finder<'_> {
    /// In a statement or shell command that starts at byte `from`, or where one may start.
    pub(super) fn statement(&mut self, source: &str, from: usize) {
        self.in_statement(source, from);
        if self.items.is_empty() && self.path.is_none() {
            self.start = self.cursor;
        }
    }

    fn in_statement(&mut self, source: &str, from: usize) {
        let text = &source[from..self.cursor];
        let all = lex(text);
        let in_line_comment = all
            .last()
            .is_some_and(|token| token.kind == TokenKind::Comment && !token.span.of(text).starts_with("/*"));
        if in_line_comment {
            return;
        }
        let mut tokens: Vec<Token> = all.into_iter().filter(|token| !token.kind.is_trivia()).collect();
        let typed = match tokens.last().map(|token| (token.kind, token.span)) {
            Some((TokenKind::Unterminated { what: Open::QuotedName | Open::String, .. }, span)) => span,
            Some((TokenKind::Unterminated { .. }, _)) => return,
            Some((TokenKind::Word, span)) if span.end == text.len() => span,
            _ => Span::new(text.len(), text.len()),
        };
        if typed.start < text.len() {
            tokens.pop();
        }
        if let [name, arrows, ..] = &tokens[..]
            && name.kind == TokenKind::Word
            && arrows.span.of(text) == "<<"
        {
            tokens.drain(..2);
        }
        let place = Place { source, from, text };
        if self.bind(&place, &tokens, typed) {
            return;
        }
        self.start = from + typed.start;
        let here = typed.of(text);
        self.at(&place, &tokens, here);
        let line_is_blank = text.rsplit('\n').next().is_some_and(|line| line.trim().is_empty());
        if tokens.is_empty() && here.is_empty() && line_is_blank {
            for magic in MAGICS.iter().filter(|magic| magic.kind == MagicKind::Line) {
                self.add("", magic.full_name(), ItemKind::Magic, magic.summary);
            }
        }
    }

    /// Offers the bind names where a colon that starts one was typed. False where no bind marker belongs.
    fn bind(&mut self, place: &Place<'_>, tokens: &[Token], typed: Span) -> bool {
        let Some((colon, before)) = tokens.split_last() else { return false };
        if colon.span.of(place.text) != ":"
            || colon.span.end != typed.start
            || typed.of(place.text).starts_with('\'')
        {
            return false;
        }
        let (rule, inner) = inner(place.text, before);
        let found = expected(&CQL, rule, place.text, &before[inner..], "");
        if !found.contains(&Expected::Slot(Slot::Bind)) {
            return false;
        }
        self.start = place.from + colon.span.start;
        let context = Context::new(self.names, place.text, &before[inner..], "");
        let marker = &place.text[colon.span.start..];
        self.offer(&[Expected::Slot(Slot::Bind)], &context, marker, false, false);
        true
    }

    /// Offers what the grammar expects behind the tokens.
    fn at(&mut self, place: &Place<'_>, tokens: &[Token], typed: &str) {
        let (rule, inner) = inner(place.text, tokens);
        let tokens = &tokens[inner..];
        let whole = place.whole(tokens);
        let strings = strings(whole);
        let found = expected(&CQL, rule, place.text, tokens, &strings);
        let context = Context::new(self.names, place.text, tokens, whole);
        let behind = place.source[self.cursor..].chars().next();
        let closed =
            typed.chars().next().is_some_and(|open| matches!(open, '\'' | '"') && behind == Some(open));
        let first = tokens.first().map_or(typed, |token| token.span.of(place.text));
        let model = if typed.is_empty() { first } else { typed };
        let lower = model.starts_with(|first: char| first.is_ascii_lowercase());
        self.offer(&found, &context, typed, lower, closed);
    }
}

/// A statement in its cell.
struct Place<'a> {
    source: &'a str,
    /// Where the statement starts in the source.
    from: usize,
    /// The statement up to the cursor.
    text: &'a str,
}

impl<'a> Place<'a> {
    /// The statement that starts with these tokens, as far as it goes behind the cursor.
    fn whole(&self, tokens: &[Token]) -> &'a str {
        let start = self.from + tokens.first().map_or(self.text.len(), |token| token.span.start);
        let rest = &self.source[start..];
        let end = Lexer::new(rest).find(|token| token.kind == TokenKind::Semicolon);
        &rest[..end.map_or(rest.len(), |token| token.span.start)]
    }
}

/// The strings of a statement, in lower case.
fn strings(whole: &str) -> String {
    let strings = lex(whole).into_iter().filter(|token| token.kind == TokenKind::String);
    strings.map(|token| token.span.of(whole).to_ascii_lowercase()).collect::<Vec<_>>().join(" ")
}

/// The rule and the place of the first token of what the cursor is in: a statement inside a batch or transaction counts
/// for itself, so that a long batch costs no more than its last statement.
fn inner(text: &str, tokens: &[Token]) -> (&'static str, usize) {
    let is = |place: usize, word: &str| {
        tokens.get(place).is_some_and(|token: &Token| token.span.of(text).eq_ignore_ascii_case(word))
    };
    let behind = tokens.iter().rposition(|token| token.kind == TokenKind::Semicolon).map(|place| place + 1);
    if !is(0, "BEGIN") {
        return ("start", behind.unwrap_or(0));
    }
    let starts =
        |words: &'static [&'static str]| move |place: &usize| words.iter().any(|word| is(*place, word));
    if is(1, "TRANSACTION") {
        let start = (behind.unwrap_or(2)..tokens.len()).rev().find(starts(&["THEN"])).map(|place| place + 1);
        return ("transacting", start.or(behind).unwrap_or(2).max(2));
    }
    let first = (2..tokens.len()).find(starts(&["INSERT", "UPDATE", "DELETE", "APPLY"]));
    let Some(first) = first else { return ("start", 0) };
    let from = behind.unwrap_or(first).max(first);
    let last = (from..tokens.len()).rev().find(starts(&["INSERT", "UPDATE", "DELETE", "APPLY"]));
    ("batched", last.unwrap_or(from))
}
