//! A small table's twin as markdown, for PDF and for screen readers.

use super::{Drawn, Facts, footer};
use crate::render::escape::{content, visible_prose};

const ROWS: usize = 20;
const COLUMNS: usize = 10;
const BYTES: usize = 8 * 1024;

/// The table as markdown where it has at most 20 rows of 10 columns and little text; `None` otherwise.
pub(super) fn table(drawn: &Drawn, facts: &Facts) -> Option<String> {
    let bytes: usize = drawn.rows.iter().flatten().map(|cell| cell.text.len()).sum();
    let cut = drawn.rows.iter().flatten().any(|cell| cell.cut.is_some());
    if drawn.rows.len() > ROWS
        || drawn.heads.is_empty()
        || drawn.heads.len() > COLUMNS
        || bytes > BYTES
        || cut
    {
        return None;
    }
    let mut out = String::new();
    let heads = drawn.heads.iter().map(|head| match head.role {
        Some(role) => format!("{} ({}, {role})", text(&head.name), text(&head.cql_type)),
        None => format!("{} ({})", text(&head.name), text(&head.cql_type)),
    });
    line(&mut out, heads);
    line(&mut out, drawn.heads.iter().map(|head| if head.number { "---:" } else { ":---" }.to_owned()));
    for row in &drawn.rows {
        line(&mut out, row.iter().map(|cell| text(&cell.text)));
    }
    out.push('\n');
    let mut parts = vec![footer::rows(drawn.rows.len(), drawn.first, facts)];
    parts.extend(footer::execution(facts));
    out.push_str(&text(&parts.join(", ")));
    for notice in drawn.notices.iter().cloned().chain(footer::warnings(facts)) {
        out.push_str("\n\n");
        out.push_str(&text(&notice));
    }
    Some(out)
}

fn line(out: &mut String, cells: impl Iterator<Item = String>) {
    out.push('|');
    for cell in cells {
        out.push(' ');
        out.push_str(&cell);
        out.push_str(" |");
    }
    out.push('\n');
}

/// As [`text`], on one line, with what cannot be seen made visible.
pub(crate) fn visible_text(raw: &str) -> String {
    text(&visible_prose(raw))
}

/// Text that markdown takes for nothing but text: it may hold HTML, so it is escaped as such first.
pub(in crate::render) fn text(raw: &str) -> String {
    let mut html = String::new();
    content(&mut html, raw);
    let mut out = String::with_capacity(html.len());
    for c in html.chars() {
        if matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '$' | '~' | '#') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
