//! The table as HTML, in what JupyterLab's sanitizer leaves as it is.
//!
//! No script, style sheet or colour: alignment and opacity only, so that it is readable in light and dark themes and
//! in an untrusted notebook. A cell's markup is kept to a few bytes.

use unicode_width::UnicodeWidthStr;

use super::{CELL_LEAST, Cell, Drawn, Facts, HTML_BUDGET, Head, Look, fair_limit, footer};
use crate::render::escape::{content, marked, prose};
use crate::render::units;

/// Longer texts are folded: prose wraps and may be longer than what has no place to break.
const FOLD_TEXT: usize = 240;
const FOLD_OTHER: usize = 100;
/// How much of a folded value is in sight.
const SUMMARY_TEXT: usize = 40;
const SUMMARY_OTHER: usize = 32;
/// Types up to this length keep a header in one piece.
const SHORT_TYPE: usize = 30;
/// Values up to this width do not wrap.
const NO_WRAP: usize = 40;

/// How many bytes of a value are drawn at most, so that all together stay within their budget.
pub(super) fn limit(drawn: &Drawn) -> usize {
    fair_limit(drawn.rows.iter().flatten().map(|cell| cell.text.len()).collect(), HTML_BUDGET, CELL_LEAST)
}

/// Draws the rows; `vertical` puts a row's columns under each other.
pub(super) fn table(drawn: &Drawn, facts: &Facts, vertical: bool) -> String {
    let limit = limit(drawn);
    let mut out = String::from("<div class=\"cqlbook\" style=\"overflow-x:auto\">");
    let columns = if vertical {
        out.push_str("<table class=\"cqlbook-rows cqlbook-vertical dataframe\" style=\"margin:0\">");
        vertical_body(&mut out, drawn, limit);
        2
    } else {
        out.push_str("<table class=\"cqlbook-rows dataframe\" style=\"margin:0\">");
        header(&mut out, drawn);
        body(&mut out, drawn, limit);
        drawn.heads.len().max(1)
    };
    foot(&mut out, drawn, facts, columns);
    out.push_str("</table></div>");
    out
}

fn align(number: bool) -> &'static str {
    if number { "text-align:right" } else { "text-align:left" }
}

fn header(out: &mut String, drawn: &Drawn) {
    out.push_str("<thead><tr>");
    for (index, head) in drawn.heads.iter().enumerate() {
        out.push_str("<th scope=\"col\" style=\"");
        out.push_str(align(head.number));
        out.push_str(";vertical-align:top");
        // "partition key" over a narrow column would break, and make the header of all columns taller.
        if head.role.is_some() && head.cql_type.len() <= SHORT_TYPE {
            out.push_str(";white-space:nowrap");
        }
        if let Some(width) = minimum_width(drawn, index) {
            out.push_str(&format!(";min-width:{width}em"));
        }
        out.push_str("\">");
        title(out, head);
        out.push_str("</th>");
    }
    out.push_str("</tr></thead>");
}

/// A column's name, and under it in small its type and role in the key.
fn title(out: &mut String, head: &Head) {
    content(out, &head.name);
    out.push_str("<br /><small style=\"font-weight:normal;opacity:.65\">");
    content(out, &head.cql_type);
    if let Some(role) = head.role {
        out.push_str("<br />");
        out.push_str(role);
    }
    out.push_str("</small>");
}

/// The same in one line, beside the value.
fn title_in_line(out: &mut String, head: &Head) {
    content(out, &head.name);
    out.push_str(" <small style=\"font-weight:normal;opacity:.65\">");
    content(out, &head.cql_type);
    if let Some(role) = head.role {
        out.push_str(" · ");
        out.push_str(role);
    }
    out.push_str("</small>");
}

/// A width for columns whose values would otherwise break at a space or hyphen, in em.
fn minimum_width(drawn: &Drawn, column: usize) -> Option<usize> {
    let cells = || drawn.rows.iter().filter_map(|row| row.get(column));
    let breaks = cells().any(|cell| cell.text.contains([' ', '-']));
    let width = cells().map(|cell| cell.text.width()).max()?.min(NO_WRAP);
    // A digit is 0.55 to 0.64 em wide, after the face.
    (breaks && width > 8).then(|| (width * 5).div_ceil(8))
}

fn body(out: &mut String, drawn: &Drawn, limit: usize) {
    out.push_str("<tbody>\n");
    for row in &drawn.rows {
        out.push_str("<tr>");
        for (cell, head) in row.iter().zip(&drawn.heads) {
            data(out, cell, head, limit);
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody>");
}

fn vertical_body(out: &mut String, drawn: &Drawn, limit: usize) {
    out.push_str("<tbody>\n");
    for (index, row) in drawn.rows.iter().enumerate() {
        let number = drawn.first + index + 1;
        out.push_str(&format!(
            "<tr><th colspan=\"2\" style=\"text-align:left;background:rgba(128,128,128,.15)\">Row {number}</th></tr>\n"
        ));
        for (cell, head) in row.iter().zip(&drawn.heads) {
            out.push_str("<tr><th scope=\"row\" style=\"text-align:left;vertical-align:top\">");
            title_in_line(out, head);
            out.push_str("</th>");
            let left = Head { number: false, name: String::new(), cql_type: String::new(), role: None };
            data(out, cell, &left, limit);
            out.push_str("</tr>\n");
        }
    }
    out.push_str("</tbody>");
}

fn data(out: &mut String, cell: &Cell, head: &Head, limit: usize) {
    out.push_str("<td style=\"");
    out.push_str(align(head.number));
    if cell.look == Look::Mark {
        out.push_str(";opacity:.5");
    }
    if spaces_matter(&cell.text) {
        out.push_str(";white-space:pre-wrap");
    }
    out.push_str("\">");
    value(out, cell, limit);
    out.push_str("</td>");
}

/// Whether HTML would swallow a space.
fn spaces_matter(text: &str) -> bool {
    text.starts_with(' ') || text.ends_with(' ') || text.contains("  ")
}

fn value(out: &mut String, cell: &Cell, limit: usize) {
    let (text, note) = cell.within(limit);
    let (fold, summary) =
        if cell.look == Look::Text { (FOLD_TEXT, SUMMARY_TEXT) } else { (FOLD_OTHER, SUMMARY_OTHER) };
    if note.is_none() && text.chars().nth(fold).is_none() {
        if matches!(cell.look, Look::Mark | Look::Malformed) {
            out.push_str("<i>");
            content(out, text);
            out.push_str("</i>");
        } else {
            marked(out, text, &cell.escapes);
        }
        return;
    }
    let start: String = text.chars().take(summary).collect();
    out.push_str("<details><summary style=\"white-space:nowrap\">");
    marked(out, start.trim_end(), &cell.escapes);
    out.push_str("… <small style=\"opacity:.65\">");
    match cell.cut {
        Some(size) => out.push_str(&units::bytes(size)),
        None => out.push_str(&format!("{} characters", units::count(cell.text.chars().count() as u64))),
    }
    out.push_str("</small></summary><div style=\"max-width:40em;max-height:20em;overflow:auto;overflow-wrap:break-word\">");
    marked(out, text, &cell.escapes);
    if let Some(note) = note {
        out.push_str("<small style=\"opacity:.65\">");
        content(out, &note);
        out.push_str("</small>");
    }
    out.push_str("</div></details>");
}

/// The footer's texts have no width of their own, so that a narrow table stays narrow above them.
fn foot(out: &mut String, drawn: &Drawn, facts: &Facts, columns: usize) {
    out.push_str(&format!("<tfoot><tr><td colspan=\"{columns}\" style=\"text-align:left\">"));
    out.push_str("<div style=\"width:0;white-space:nowrap\"><small style=\"opacity:.65\">");
    let mut parts = vec![footer::rows(drawn.rows.len(), drawn.first, facts)];
    parts.extend(footer::execution(facts));
    content(out, &parts.join(" · "));
    out.push_str("</small></div>");
    let mut line = |text: &str, write: fn(&mut String, &str)| {
        out.push_str("<div style=\"width:0\"><div style=\"width:50em\"><small>");
        write(out, text);
        out.push_str("</small></div></div>");
    };
    drawn.notices.iter().for_each(|notice| line(notice, prose));
    footer::warnings(facts).for_each(|warning| line(&warning, content));
    out.push_str("</td></tr></tfoot>");
}
