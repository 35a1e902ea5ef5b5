//! Which candidate stands at the cursor: completion asked backwards, for inspection.

use super::{Around, Item, ItemKind, complete_around};
use crate::cql::keywords::unquote_name;
use crate::cql::lexer::is_blank;
use crate::text::Span;

/// The furthest a candidate may start before its end, in words: the longest is three words with a few to spare.
const WORDS: usize = 5;

/// The candidate that was accepted at byte `cursor`, and where it stands: the one whose text ends at `end`, where the word at the
/// cursor ends, and which completion would have offered where it starts. The longest wins.
pub(crate) fn accepted(source: &str, cursor: usize, end: usize, around: &Around<'_>) -> Option<(Item, Span)> {
    let from = around.from.min(cursor);
    let starts = starts(&source[from..end]).map(|start| from + start);
    let starts: Vec<usize> = starts.filter(|start| *start <= cursor).take(WORDS).collect();
    starts.into_iter().rev().find_map(|start| {
        let text = source.get(start..end)?;
        let found = complete_around(source, start, around);
        let item = found.items.into_iter().find(|item| is(item, text))?;
        Some((item, Span::new(start, end)))
    })
}

/// Whether the text stands for the candidate: case aside, and for a name of the schema with or without quotes.
fn is(item: &Item, text: &str) -> bool {
    use ItemKind::{Aggregate, Column, Field, Function, Index, Keyspace, Role, Table, Udt};
    let of_schema =
        matches!(item.kind, Keyspace | Table | Column | Field | Udt | Function | Aggregate | Index | Role);
    item.text.eq_ignore_ascii_case(text) || (of_schema && unquote_name(&item.text) == unquote_name(text))
}

/// The end of the word that the cursor is in or behind, in the step that starts at byte `from`.
pub(crate) fn word_end(source: &str, from: usize, cursor: usize) -> usize {
    let inside_quotes = source[from.min(cursor)..cursor].matches('"').count() % 2 == 1;
    let rest = &source[cursor..];
    let length = if inside_quotes {
        rest.find('"').map_or(rest.len(), |quote| quote + 1)
    } else {
        rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-'))).unwrap_or(rest.len())
    };
    cursor + length
}

/// Places before the end where a candidate may start, the nearest first.
fn starts(text: &str) -> impl Iterator<Item = usize> {
    let before = |place: usize| text[..place].chars().next_back();
    let places = text.char_indices().rev().filter(move |(place, here)| {
        !is_blank(*here)
            && before(*place)
                .is_none_or(|c| is_blank(c) || matches!(c, '=' | '.' | ',' | '(' | '<' | ';' | '{'))
    });
    places.map(|(place, _)| place)
}
