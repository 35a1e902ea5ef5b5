//! The secrets that stand in the source around a failure: they are in no part of what is told of it, as they are or cut short.

use std::borrow::Cow;

use crate::cql::lexer::{TokenKind, lex};
use crate::redact;
use crate::secret::Secret;
use crate::text::{Span, floor_boundary};

/// The secrets of the part of a source that may be shown or quoted.
pub(super) struct Secrets {
    /// Where, in bytes of the source.
    spans: Vec<Span>,
    texts: Vec<Secret>,
}

impl Secrets {
    /// Those of a source that has none.
    pub(super) const fn none() -> Self {
        Self { spans: Vec::new(), texts: Vec::new() }
    }

    /// Those that begin within `around` bytes of the span.
    pub(super) fn of(source: &str, span: Option<Span>, around: usize) -> Self {
        let middle = span.map_or(0, |span| span.start);
        let from = floor_boundary(source, middle.saturating_sub(around));
        let part = &source[from..floor_boundary(source, middle.saturating_add(around))];
        let spans: Vec<Span> = redact::secrets(part)
            .into_iter()
            .map(|found| Span::new(from + found.start, from + found.end))
            .collect();
        let mut texts = Vec::new();
        for span in &spans {
            of_value(span.of(source), &mut texts);
        }
        // One that stands in another would leave the rest of it.
        texts.sort_by_key(|text| std::cmp::Reverse(text.expose().len()));
        Self { spans, texts }
    }

    /// The secret that a byte of the source belongs to.
    pub(super) fn at(&self, byte: usize) -> Option<&Span> {
        self.spans.iter().find(|span| span.start <= byte && byte < span.end)
    }

    /// What the server, or the program, quotes of the source, without them. A server may cut off the end of what it quotes.
    pub(super) fn hidden<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut text = Cow::Borrowed(text);
        for secret in &self.texts {
            if let Cow::Owned(hidden) = secret.mask_in(&text) {
                text = Cow::Owned(hidden);
            }
        }
        for secret in &self.texts {
            if let Cow::Owned(hidden) = secret.mask_beginnings_in(&text) {
                text = Cow::Owned(hidden);
            }
        }
        text
    }
}

/// What may be quoted of a value that is a secret: all of it, and what its quotes hold, whichever they are. A comment may stand before
/// it, with the value of yesterday.
fn of_value(value: &str, texts: &mut Vec<Secret>) {
    let mut add = |text: &str| texts.push(Secret::new(text.to_owned()));
    add(value);
    add(value.trim_matches(redact::TYPOGRAPHIC));
    for token in lex(value) {
        let text = token.span.of(value);
        match token.kind {
            TokenKind::Comment => {
                for token in lex(text.get(2..).unwrap_or_default()) {
                    quoted(token.span.of(&text[2..]), &mut add);
                }
            }
            _ => quoted(text, &mut add),
        }
    }
}

/// What the quotes of a literal hold, as it stands there and as it is meant.
fn quoted(literal: &str, add: &mut impl FnMut(&str)) {
    for mark in ["$$", "'", "\""] {
        let Some(rest) = literal.strip_prefix(mark) else { continue };
        let inner = rest.strip_suffix(mark).unwrap_or(rest);
        add(inner);
        add(&inner.replace(&mark.repeat(2), mark));
        // In a text, its quotes may be escaped.
        add(inner.trim_end_matches('\\'));
        return;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_told_in_no_quotes() {
        const SECRET: &str = "hunter2secret";
        for literal in [
            "'hunter2secret'",
            "\"hunter2secret\"",
            "$$hunter2secret$$",
            "‘hunter2secret’",
            "“hunter2secret”",
            "/* was 'yesterday' */ 'hunter2secret'",
            "/* was 'yesterday' */ \"hunter2secret\"",
            "'hunter2secret",
            "\"hunter2secret",
            "hunter2secret",
        ] {
            let source = format!("CREATE ROLE r WITH PASSWORD = {literal}");
            let secrets = Secrets::of(&source, Some(Span::new(0, 6)), 2_000);
            for said in [
                "mismatched input 'hunter2secret' expecting K_AND".to_owned(),
                format!("no viable alternative at input '{literal}'"),
                "(... WITH PASSWORD = [\"hunter2secre]...)".to_owned(),
                "(... WITH PASSWORD = ['hunter2secr]...)".to_owned(),
                "(... WITH PASSWORD = [\"h]...)".to_owned(),
                "line 1:30 [hunter2s]...".to_owned(),
                "near `hunter2secr".to_owned(),
                "near 'hunter2se…".to_owned(),
            ] {
                let told = secrets.hidden(&said);
                assert!(told.contains("<secret>"), "{literal}: {told}");
                let left = (1..=SECRET.len()).rev().map(|end| &SECRET[..end]).find(|begins| {
                    ["'", "\"", "[", "`", "‘", "“", "$"]
                        .iter()
                        .any(|mark| told.contains(&format!("{mark}{begins}")))
                });
                assert_eq!(left, None, "{literal}: {told}");
                assert!(!told.contains("yesterday"), "{told}");
            }
        }
        let secrets =
            Secrets::of("ALTER ROLE r WITH PASSWORD = \"a\"\"b cd\" x", Some(Span::new(0, 5)), 2_000);
        assert_eq!(
            secrets.hidden("at `a\"\"b cd`, or a\"b cd, or [\"a\"\"b]..."),
            "at `<secret>`, or <secret>, or [<secret>]..."
        );
    }

    #[test]
    fn what_begins_like_a_secret_is_no_secret() {
        let secrets = Secrets::of("ALTER ROLE r WITH PASSWORD = 'hunter2secret'", None, 2_000);
        for said in [
            "a hunter came",
            "hunter2 is a name",
            "'hunt'",
            "[h",
            "the \"host\" is here",
            "hunter2secre is one",
        ] {
            assert_eq!(secrets.hidden(said), said);
        }
    }
}
