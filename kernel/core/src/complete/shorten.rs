//! Takes the middle out of lists that are too long to be walked: an `IN` of a hundred thousand values is completed and inspected as
//! one of a thousand. One pass over the tokens; nothing of what stands around the cursor is touched.

use std::borrow::Cow;
use std::collections::VecDeque;

use crate::cql::lexer::{Lexer, TokenKind};
use crate::text::Span;

/// A source that is shorter stays as it is.
const LONG: usize = 32 * 1024;

/// Items that stay at the front of a list. No table has more columns than an `INSERT` may have values.
const FIRST: usize = 1_000;

/// Items that stay before the cursor and before the end of a list.
const LAST: usize = 16;

/// A source without the middle of its long lists.
pub(crate) struct Short<'a> {
    /// What is left.
    pub(crate) text: Cow<'a, str>,
    /// The cursor in it.
    pub(crate) cursor: usize,
    /// The bytes before the cursor that were taken out.
    pub(crate) taken: usize,
}

/// A list that is open: what is behind its first items, and behind each of the last ones.
#[derive(Default)]
struct List {
    items: usize,
    from: Option<usize>,
    last: VecDeque<usize>,
}

impl List {
    fn item(&mut self, end: usize) {
        self.items += 1;
        if self.items == FIRST {
            self.from = Some(end);
        } else if self.items > FIRST {
            self.last.push_back(end);
            if self.last.len() > LAST {
                self.last.pop_front();
            }
        }
    }

    fn middle(&self) -> Option<Span> {
        Some(Span::new(self.from?, *self.last.front()?))
    }
}

/// Takes out what need not be looked at. `cursor` is on a character's boundary.
pub(crate) fn shorten(source: &str, cursor: usize) -> Short<'_> {
    if source.len() < LONG {
        return Short { text: Cow::Borrowed(source), cursor, taken: 0 };
    }
    let mut cuts: Vec<Span> = Vec::new();
    let mut open: Vec<List> = Vec::new();
    let mut passed = false;
    for token in Lexer::new(source) {
        if !passed && token.span.end >= cursor {
            passed = true;
            for list in &mut open {
                cuts.extend(std::mem::take(list).middle());
            }
        }
        match (token.kind, token.span.of(source)) {
            (TokenKind::Operator, "(" | "[" | "{") => open.push(List::default()),
            (TokenKind::Operator, ")" | "]" | "}") => cuts.extend(open.pop().and_then(|list| list.middle())),
            (TokenKind::Operator, ",") => {
                open.iter_mut().next_back().into_iter().for_each(|list| list.item(token.span.end))
            }
            (TokenKind::Semicolon, _) => cuts.extend(open.drain(..).filter_map(|list| list.middle())),
            _ => {}
        }
    }
    cuts.extend(open.into_iter().filter_map(|list| list.middle()));
    without(source, cursor, cuts)
}

/// The source without these parts, of which some may lie in others. None has the cursor in it.
fn without(source: &str, cursor: usize, mut cuts: Vec<Span>) -> Short<'_> {
    cuts.sort_unstable();
    let (mut text, mut at, mut taken) = (String::new(), 0, 0);
    for cut in cuts.into_iter().filter(|cut| cut.end <= cursor || cut.start >= cursor) {
        if cut.end <= at {
            continue;
        }
        let start = cut.start.max(at);
        text.push_str(source.get(at..start).unwrap_or_default());
        at = cut.end;
        if cut.end <= cursor {
            taken += cut.end - start;
        }
    }
    text.push_str(source.get(at..).unwrap_or_default());
    Short { text: Cow::Owned(text), cursor: cursor - taken, taken }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_middle_of_a_long_list_goes() {
        let list = |count: usize| (0..count).map(|n| n.to_string()).collect::<Vec<_>>().join(", ");
        let before = format!("SELECT * FROM t WHERE a IN ({}, ", list(50_000));
        let source = format!("{before}1, {}) AND b = 2", list(50_000));
        let short = shorten(&source, before.len());
        assert!(short.text.len() < 20_000, "{}", short.text.len());
        assert_eq!(short.taken + short.cursor, before.len());
        assert!(short.text[..short.cursor].starts_with("SELECT * FROM t WHERE a IN (0, 1, 2, 3,"));
        assert!(short.text[..short.cursor].ends_with(" 49997, 49998, 49999, "));
        assert!(short.text.ends_with(" 49999) AND b = 2"));
    }

    #[test]
    fn short_lists_and_short_sources_stay() {
        assert_eq!(shorten("SELECT 1", 3).text, "SELECT 1");
        let long = "INSERT INTO t (a, b) VALUES (1, 'x, y');\n".repeat(2_000);
        assert_eq!(shorten(&long, 50_000).text, long);
    }

    proptest! {
        #[test]
        fn what_stands_at_the_cursor_stays(
            pieces in proptest::collection::vec("(1,|\\(|\\)|;|'a,'|x ){1,8}", 0..12),
            times in 1..3_000_usize,
            at in 0..60_000_usize,
        ) {
            let source = pieces.concat().repeat(times);
            let cursor = crate::text::floor_boundary(&source, at.min(source.len()));
            let short = shorten(&source, cursor);
            prop_assert_eq!(short.cursor + short.taken, cursor);
            let typed = source[..cursor].chars().next_back();
            prop_assert_eq!(short.text[..short.cursor].chars().next_back(), typed);
        }
    }
}
