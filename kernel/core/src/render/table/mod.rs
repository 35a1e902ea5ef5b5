//! A result's rows as a table: html, cqlsh's grid as plain text, markdown where it is small.
//!
//! Only the rows that are drawn are decoded, and the output is bounded whatever the values' sizes.

pub(super) mod footer;
mod grid;
mod html;
mod markdown;
#[cfg(test)]
mod tests;

pub(super) use markdown::text as markdown_text;
pub(crate) use markdown::visible_text as text_as_markdown;

use std::ops::{ControlFlow, Range};
use std::sync::Arc;

use jiff::tz::TimeZone;

use super::escape::{visible, visible_literal, visible_value};
use super::{Facts, MimeBundle, units};
use crate::column::{Column, CqlType, KeyRole};
use crate::page::Page;
use crate::text::floor_boundary;
use crate::value::{Kind, literal_within};

/// How a result is drawn.
#[derive(Debug, Clone)]
pub struct TableOptions {
    /// How many rows are drawn at most.
    pub display_rows: usize,
    /// The first row drawn, from zero.
    pub offset: usize,
    /// The zone timestamps are shown in.
    pub zone: TimeZone,
    /// One row under the other, as after cqlsh's `EXPAND ON`.
    pub vertical: bool,
}

impl Default for TableOptions {
    fn default() -> Self {
        Self { display_rows: 50, offset: 0, zone: TimeZone::UTC, vertical: false }
    }
}

/// Bytes of a table's values in html and in plain text, all together, before the longest are cut.
const HTML_BUDGET: usize = 1024 * 1024;
const PLAIN_BUDGET: usize = 512 * 1024;
/// Bytes of one value's text that are decoded at most, and those that are always drawn.
const CELL_MOST: usize = 64 * 1024;
const CELL_LEAST: usize = 256;

/// Draws rows of a result, from `options.offset` on; only the drawn ones are decoded.
///
/// `pages` are all the pages that were fetched, in order, each with `columns`. A page that cannot be read ends the
/// table with a notice; the rows before it are drawn.
pub fn table(
    columns: &[Column],
    pages: &[Arc<dyn Page>],
    facts: &Facts,
    options: &TableOptions,
) -> MimeBundle {
    let mut drawn = Drawn::decode(columns, pages, facts, options);
    let limit = html::limit(&drawn);
    if drawn.rows.iter().flatten().any(|cell| cell.within(limit).1.is_some()) {
        let name = facts.kept_as.as_deref().unwrap_or("_");
        drawn.notices.push(format!("A value is cut. `%export {name} FILE.jsonl` writes all of it."));
    }
    MimeBundle {
        html: Some(html::table(&drawn, facts, options.vertical)),
        plain: if options.vertical { grid::vertical(&drawn, facts) } else { grid::table(&drawn, facts) },
        markdown: markdown::table(&drawn, facts),
        ..MimeBundle::default()
    }
}

/// The grid alone, as plain text without a footer; otherwise as [`table`].
pub fn grid(columns: &[Column], pages: &[Arc<dyn Page>], options: &TableOptions) -> String {
    let drawn = Drawn::decode(columns, pages, &Facts::default(), options);
    if options.vertical { grid::vertical_rows(&drawn) } else { grid::rows(&drawn) }
}

/// A column's header.
struct Head {
    name: String,
    cql_type: String,
    role: Option<&'static str>,
    /// Whether its values stand to the right.
    number: bool,
}

/// One value, fit to be seen.
struct Cell {
    look: Look,
    text: String,
    /// Where in the text escapes stand for what cannot be seen.
    escapes: Vec<Range<usize>>,
    /// The size of the value, where its text is cut.
    cut: Option<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    /// `null`, `''` and `<empty>`: no text of the database's own, drawn faint.
    Mark,
    /// Bytes that are no value: our words as well, but not to be overlooked.
    Malformed,
    Text,
    Other,
}

/// The rows that are drawn.
struct Drawn {
    heads: Vec<Head>,
    rows: Vec<Vec<Cell>>,
    /// The first one's number, from zero.
    first: usize,
    /// Sentences about what was drawn.
    notices: Vec<String>,
}

impl Drawn {
    fn decode(columns: &[Column], pages: &[Arc<dyn Page>], facts: &Facts, options: &TableOptions) -> Self {
        let present: usize = pages.iter().map(|page| page.rows()).sum();
        let wanted = options.display_rows.min(present.saturating_sub(options.offset));
        let cells = wanted.saturating_mul(columns.len()).max(1);
        let limit = (8 * HTML_BUDGET / cells).clamp(CELL_LEAST, CELL_MOST);

        let applied = columns
            .first()
            .is_some_and(|column| column.name == "[applied]" && column.cql_type == CqlType::Boolean);
        let mut drawn = Self {
            heads: columns.iter().map(head).collect(),
            rows: Vec::new(),
            first: options.offset,
            notices: Vec::new(),
        };
        let mut refused = false;
        let mut skip = options.offset;
        for page in pages {
            if drawn.rows.len() == wanted {
                break;
            }
            if skip >= page.rows() {
                skip -= page.rows();
                continue;
            }
            let outcome = page.visit(skip, &mut |cells| {
                let row = columns.iter().enumerate().map(|(index, column)| {
                    let bytes = cells.get(index).copied().flatten();
                    if applied && index == 0 {
                        refused |= bytes == Some(&[0]);
                        return applied_cell(bytes);
                    }
                    cell(bytes, &column.cql_type, &options.zone, limit)
                });
                drawn.rows.push(row.collect());
                if drawn.rows.len() == wanted { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            });
            if outcome.is_err() {
                let number = options.offset + drawn.rows.len() + 1;
                drawn.notices.push(format!(
                    "Row {number} could not be read: the server's bytes do not match their description. \
                     The rows after it are not shown."
                ));
                break;
            }
            skip = 0;
        }
        // CQL has no escapes: what is shown with one is no literal that could be pasted back, and says so in every twin.
        if drawn.rows.iter().flatten().any(|cell| cell.look == Look::Other && !cell.escapes.is_empty()) {
            let name = facts.kept_as.as_deref().unwrap_or("_");
            drawn.notices.push(format!(
                "In a collection, escapes such as `\\n` or `\\u200b` stand for characters that cannot be seen, and a doubled backslash for one. \
                 CQL has no escapes: `%export {name} FILE.cql` writes such values so that they can be run."
            ));
        }
        if refused && columns.len() > 1 {
            drawn
                .notices
                .push("The write was not applied. The row shown is the one in the table.".to_owned());
        }
        drawn.notices.extend(facts.notes.iter().cloned());
        drawn
    }
}

fn head(column: &Column) -> Head {
    let role = column.role.map(|role| match role {
        KeyRole::Partition => "partition key",
        KeyRole::Clustering => "clustering",
        KeyRole::Static => "static",
    });
    Head {
        name: visible(&column.name),
        cql_type: visible(&column.cql_type.to_string()),
        role,
        number: is_number(&column.cql_type),
    }
}

fn is_number(ty: &CqlType) -> bool {
    match ty {
        CqlType::Frozen(inner) => is_number(inner),
        CqlType::Bigint
        | CqlType::Counter
        | CqlType::Decimal
        | CqlType::Double
        | CqlType::Float
        | CqlType::Int
        | CqlType::Smallint
        | CqlType::Tinyint
        | CqlType::Varint => true,
        _ => false,
    }
}

/// The answer of a conditional write.
fn applied_cell(bytes: Option<&[u8]>) -> Cell {
    let text = match bytes {
        Some([0]) => "not applied",
        Some([1]) => "applied",
        _ => return cell(bytes, &CqlType::Boolean, &TimeZone::UTC, CELL_LEAST),
    };
    Cell { look: Look::Other, text: text.to_owned(), escapes: Vec::new(), cut: None }
}

fn cell(bytes: Option<&[u8]>, ty: &CqlType, zone: &TimeZone, limit: usize) -> Cell {
    let shown = literal_within(bytes, ty, zone, limit);
    let size = bytes.map_or(0, <[u8]>::len);
    let cut = shown.cut.then_some(size);
    let (look, text) = match shown.kind {
        Kind::Text if shown.text.is_empty() => (Look::Mark, "''".to_owned()),
        Kind::Text if is_ambiguous(&shown.text) => {
            (Look::Text, format!("'{}'", shown.text.replace('\'', "''")))
        }
        Kind::Text => (Look::Text, shown.text),
        Kind::Null | Kind::Empty => (Look::Mark, shown.text),
        Kind::Malformed => (Look::Malformed, shown.text),
        Kind::Number | Kind::Plain | Kind::Nested => (Look::Other, shown.text),
    };
    let (text, escapes) =
        if shown.kind == Kind::Nested { visible_literal(&text) } else { visible_value(&text) };
    Cell { look, text, escapes, cut }
}

/// Whether a text could be taken for one of our marks; it is drawn in quotes then.
fn is_ambiguous(text: &str) -> bool {
    text == "null"
        || text == "<empty>"
        || (text.len() >= 2 && text.starts_with('\'') && text.ends_with('\''))
        || (text.starts_with('<')
            && (text.contains(" byte that is no ") || text.contains(" bytes that are no ")))
}

impl Cell {
    /// The text of at most `limit` bytes, and what to say where it ends early.
    fn within(&self, limit: usize) -> (&str, Option<String>) {
        let text = &self.text[..floor_boundary(&self.text, limit)];
        match self.cut {
            Some(size) => {
                (text, Some(format!("… (cut here, the value has {} bytes)", units::count(size as u64))))
            }
            None if text.len() < self.text.len() => {
                let more = self.text.len() - text.len();
                (text, Some(format!("… (cut here, {} bytes more)", units::count(more as u64))))
            }
            None => (text, None),
        }
    }
}

/// The largest limit under which values of these lengths stay within `budget` together, and at least `least`: short
/// values leave their share to long ones.
fn fair_limit(mut lengths: Vec<usize>, budget: usize, least: usize) -> usize {
    if lengths.iter().sum::<usize>() <= budget {
        return usize::MAX;
    }
    lengths.sort_unstable();
    let mut left = budget;
    for (index, &length) in lengths.iter().enumerate() {
        let share = left / (lengths.len() - index);
        if length > share {
            return share.max(least);
        }
        left -= length;
    }
    usize::MAX
}
