//! The grid that cqlsh draws, and its `EXPAND` form.

use unicode_width::UnicodeWidthStr;

use super::{CELL_LEAST, Cell, Drawn, Facts, PLAIN_BUDGET, fair_limit, footer};

/// Rows under a header line, values to the right, and a footer.
pub(super) fn table(drawn: &Drawn, facts: &Facts) -> String {
    let mut out = rows(drawn);
    push_footer(&mut out, drawn, facts);
    out
}

/// One row under the other, each column on a line, and a footer.
pub(super) fn vertical(drawn: &Drawn, facts: &Facts) -> String {
    let mut out = vertical_rows(drawn);
    push_footer(&mut out, drawn, facts);
    out
}

/// Rows under a header line.
pub(super) fn rows(drawn: &Drawn) -> String {
    let limit = column_limit(drawn);
    let rows: Vec<Vec<String>> =
        drawn.rows.iter().map(|row| row.iter().map(|cell| plain(cell, limit)).collect()).collect();
    let mut widths: Vec<usize> = drawn.heads.iter().map(|head| head.name.width()).collect();
    for row in &rows {
        for (width, text) in widths.iter_mut().zip(row) {
            *width = (*width).max(text.width());
        }
    }

    let mut out = String::new();
    let names: Vec<String> =
        drawn.heads.iter().zip(&widths).map(|(head, &width)| pad_right(&head.name, width)).collect();
    push_line(&mut out, &format!(" {}", names.join(" | ")));
    let rules: Vec<String> = widths.iter().map(|width| "-".repeat(width + 2)).collect();
    push_line(&mut out, &rules.join("+"));
    for row in &rows {
        let cells: Vec<String> =
            row.iter().zip(&widths).map(|(text, &width)| pad_left(text, width)).collect();
        push_line(&mut out, &format!(" {}", cells.join(" | ")));
    }
    out
}

/// One row under the other, each column on a line.
pub(super) fn vertical_rows(drawn: &Drawn) -> String {
    let limit = column_limit(drawn);
    let names = drawn.heads.iter().map(|head| head.name.width()).max().unwrap_or(0);
    let rows: Vec<Vec<String>> =
        drawn.rows.iter().map(|row| row.iter().map(|cell| plain(cell, limit)).collect()).collect();
    // A rule as long as a folded page serves nobody.
    let values = rows.iter().flatten().map(|text| text.width()).max().unwrap_or(0).min(120);

    let mut out = String::new();
    for (index, row) in rows.iter().enumerate() {
        if index > 0 {
            out.push('\n');
        }
        push_line(&mut out, &format!("@ Row {}", drawn.first + index + 1));
        push_line(&mut out, &format!("-{}-+-{}-", "-".repeat(names), "-".repeat(values)));
        for (head, text) in drawn.heads.iter().zip(row) {
            push_line(&mut out, &format!(" {} | {text}", pad_right(&head.name, names)));
        }
    }
    out
}

/// How many bytes a value may take so that the padded grid stays within its budget.
fn column_limit(drawn: &Drawn) -> usize {
    let mut longest = vec![0; drawn.heads.len()];
    for row in &drawn.rows {
        for (most, cell) in longest.iter_mut().zip(row) {
            *most = (*most).max(cell.text.len());
        }
    }
    fair_limit(longest, PLAIN_BUDGET / drawn.rows.len().max(1), CELL_LEAST / 4)
}

fn plain(cell: &Cell, limit: usize) -> String {
    let (text, note) = cell.within(limit);
    match note {
        Some(note) => format!("{text}{note}"),
        None => text.to_owned(),
    }
}

fn pad_left(text: &str, width: usize) -> String {
    format!("{}{text}", " ".repeat(width.saturating_sub(text.width())))
}

fn pad_right(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(text.width())))
}

fn push_line(out: &mut String, line: &str) {
    out.push_str(line.trim_end_matches(' '));
    out.push('\n');
}

fn push_footer(out: &mut String, drawn: &Drawn, facts: &Facts) {
    let shown = drawn.rows.len();
    let whole = drawn.first == 0 && shown >= facts.rows_fetched && !facts.more;
    let rows = if whole { format!("{shown} rows") } else { footer::rows(shown, drawn.first, facts) };
    if !out.is_empty() {
        out.push('\n');
    }
    out.push_str(&format!("({rows})\n{}", footer::execution(facts).join(", ")));
    for line in drawn.notices.iter().cloned().chain(footer::warnings(facts)) {
        out.push('\n');
        out.push_str(&line);
    }
}
