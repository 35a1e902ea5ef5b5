//! A profile of a result's columns, drawn: a line for each, with small bars in what JupyterLab's sanitizer leaves as it is.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthStr;

use super::escape::{content, visible, visible_prose};
use super::{MimeBundle, units};

/// What is known of a result's columns.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Profile {
    /// The name it is kept under.
    pub name: String,
    /// How many rows were looked at.
    pub rows: u64,
    /// Its columns.
    pub columns: Vec<ColumnProfile>,
    /// What a reader must know, each a sentence.
    pub notes: Vec<String>,
}

/// What is known of one column.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ColumnProfile {
    /// Its name.
    pub name: String,
    /// Its CQL type.
    pub cql_type: String,
    /// Rows without a value.
    pub nulls: u64,
    /// How many different values there are.
    pub distinct: u64,
    /// Whether that is an estimate.
    pub estimated: bool,
    /// The least value.
    pub least: Option<String>,
    /// The first quartile, the median and the third quartile.
    pub quartiles: Option<[String; 3]>,
    /// The greatest value.
    pub greatest: Option<String>,
    /// The mean.
    pub mean: Option<String>,
    /// What least, quartiles and greatest are of, where not of the values: `elements`, `bytes`.
    pub of: Option<&'static str>,
    /// How many rows lie in each of the stretches between least and greatest.
    pub bins: Vec<u64>,
    /// The commonest values and how many rows have them.
    pub top: Vec<(String, u64)>,
}

/// The longest value in a profile, in characters.
const LONGEST: usize = 32;
const STEPS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Draws a profile.
pub fn profile(profile: &Profile) -> MimeBundle {
    MimeBundle { html: Some(html(profile)), plain: plain(profile), ..MimeBundle::default() }
}

fn title(profile: &Profile) -> String {
    let rows = if profile.rows == 1 { "row" } else { "rows" };
    let columns = if profile.columns.len() == 1 { "column" } else { "columns" };
    format!("{}: {} {rows}, {} {columns}", profile.name, units::count(profile.rows), profile.columns.len())
}

fn short(text: &str) -> String {
    let text = visible(text);
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

fn percent(part: u64, whole: u64) -> String {
    let percent = part as f64 * 100.0 / whole.max(1) as f64;
    if part == 0 {
        String::new()
    } else if percent < 0.1 {
        "<0.1 %".to_owned()
    } else if part < whole && percent > 99.9 {
        ">99.9 %".to_owned()
    } else {
        format!("{percent:.1} %")
    }
}

fn distinct(column: &ColumnProfile) -> String {
    format!("{}{}", if column.estimated { "about " } else { "" }, units::count(column.distinct))
}

fn html(profile: &Profile) -> String {
    let mut out = String::from("<div class=\"cqlbook\" style=\"overflow-x:auto\">");
    out.push_str(
        "<table class=\"cqlbook-profile dataframe\" style=\"margin:0\"><caption style=\"text-align:left\">",
    );
    content(&mut out, &visible_prose(&title(profile)));
    out.push_str("</caption><thead><tr>");
    for (head, align) in [
        ("Column", "left"),
        ("Null", "right"),
        ("Distinct", "right"),
        ("Least", "right"),
        ("Quartiles", "right"),
        ("Greatest", "right"),
        ("Mean", "right"),
        ("Distribution", "left"),
    ] {
        let _ = write!(out, "<th scope=\"col\" style=\"text-align:{align}\">{head}</th>");
    }
    out.push_str("</tr></thead><tbody>\n");
    profile.columns.iter().for_each(|column| row(&mut out, column, profile.rows));
    out.push_str("</tbody></table>");
    for note in &profile.notes {
        out.push_str("<div><small>");
        content(&mut out, &visible_prose(note));
        out.push_str("</small></div>");
    }
    out.push_str("</div>");
    out
}

fn row(out: &mut String, column: &ColumnProfile, rows: u64) {
    out.push_str("<tr><th scope=\"row\" style=\"text-align:left;vertical-align:top\">");
    content(out, &visible(&column.name));
    out.push_str("<br /><small style=\"font-weight:normal;opacity:.65\">");
    content(out, &visible(&column.cql_type));
    out.push_str("</small></th>");
    let mut cell = |lines: &[String]| {
        out.push_str("<td style=\"text-align:right;vertical-align:top\">");
        for (index, line) in lines.iter().enumerate() {
            if index > 0 {
                out.push_str("<br /><small style=\"opacity:.65\">");
                content(out, line);
                out.push_str("</small>");
            } else {
                content(out, line);
            }
        }
        out.push_str("</td>");
    };
    let second = |text: String| if text.is_empty() { Vec::new() } else { vec![text] };
    cell(&[vec![units::count(column.nulls)], second(percent(column.nulls, rows))].concat());
    let values = rows - column.nulls;
    let unique = values > 1 && !column.estimated && column.distinct == values;
    cell(
        &[vec![distinct(column)], second(if unique { "all different".to_owned() } else { String::new() })]
            .concat(),
    );
    let of = column.of.map(str::to_owned).unwrap_or_default();
    let ends = |end: &Option<String>| match end {
        Some(end) => [vec![short(end)], second(of.clone())].concat(),
        None => Vec::new(),
    };
    cell(&ends(&column.least));
    match &column.quartiles {
        Some([first, median, third]) => cell(&[median.clone(), format!("{first} to {third}")]),
        None => cell(&[]),
    }
    cell(&ends(&column.greatest));
    cell(&column.mean.iter().cloned().collect::<Vec<_>>());
    out.push_str("<td style=\"text-align:left;vertical-align:top\">");
    if column.top.is_empty() {
        bars(out, &column.bins)
    } else {
        top(out, column, values)
    }
    out.push_str("</td></tr>\n");
}

/// A histogram of boxes.
fn bars(out: &mut String, bins: &[u64]) {
    let Some(most) = bins.iter().max().copied().filter(|most| *most > 0) else { return };
    out.push_str("<div style=\"display:flex;align-items:flex-end;width:12em;height:2.5em\">");
    for rows in bins {
        // A bin that holds a few rows is told from an empty one.
        let share = if *rows == 0 { 0.0 } else { (*rows as f64 * 100.0 / most as f64).max(4.0) };
        let _ = write!(
            out,
            "<div style=\"width:{:.2}%;height:{share:.0}%;background-color:rgba(63,131,197,.7)\"></div>",
            100.0 / bins.len() as f64
        );
    }
    out.push_str("</div>");
}

/// The commonest values, each over a bar of its share.
fn top(out: &mut String, column: &ColumnProfile, values: u64) {
    for (value, rows) in &column.top {
        let share = *rows as f64 * 100.0 / values.max(1) as f64;
        let _ = write!(
            out,
            "<div style=\"width:16em;overflow:hidden;white-space:nowrap;background:linear-gradient(90deg,rgba(63,131,197,.35) {share:.1}%,rgba(63,131,197,0) {share:.1}%)\">"
        );
        content(out, &short(value));
        let _ = write!(out, " <small style=\"opacity:.65\">{}</small></div>", percent(*rows, values));
    }
    let shown: u64 = column.top.iter().map(|(_, rows)| rows).sum();
    if column.distinct > column.top.len() as u64 && values > shown {
        let more = column.distinct - column.top.len() as u64;
        let _ = write!(
            out,
            "<div><small style=\"opacity:.65\">{} more, {}</small></div>",
            units::count(more),
            content_of(&percent(values - shown, values))
        );
    }
}

fn content_of(text: &str) -> String {
    let mut out = String::new();
    content(&mut out, text);
    out
}

fn plain(profile: &Profile) -> String {
    let heads =
        ["column", "type", "null", "distinct", "least", "quartiles", "greatest", "mean", "distribution"];
    let mut rows: Vec<Vec<String>> = vec![heads.map(str::to_owned).to_vec()];
    for column in &profile.columns {
        let of = column.of.map(|of| format!(" {of}")).unwrap_or_default();
        let end =
            |end: &Option<String>| end.as_ref().map(|end| format!("{}{of}", short(end))).unwrap_or_default();
        let nulls = match percent(column.nulls, profile.rows) {
            percent if percent.is_empty() => "0".to_owned(),
            percent => format!("{} ({percent})", units::count(column.nulls)),
        };
        let quartiles = column.quartiles.as_ref().map(|quartiles| quartiles.join(", ")).unwrap_or_default();
        let values = profile.rows - column.nulls;
        let spread = if column.top.is_empty() {
            steps(&column.bins)
        } else {
            let top: Vec<String> = column
                .top
                .iter()
                .take(3)
                .map(|(value, rows)| format!("{} {}", short(value), percent(*rows, values)))
                .collect();
            top.join(", ")
        };
        rows.push(vec![
            visible(&column.name),
            visible(&column.cql_type),
            nulls,
            distinct(column),
            end(&column.least),
            quartiles,
            end(&column.greatest),
            column.mean.clone().unwrap_or_default(),
            spread,
        ]);
    }
    let widths: Vec<usize> =
        (0..heads.len()).map(|place| rows.iter().map(|row| row[place].width()).max().unwrap_or(0)).collect();
    let mut out = format!("{}\n\n", visible_prose(&title(profile)));
    for (index, row) in rows.iter().enumerate() {
        let cells: Vec<String> = row
            .iter()
            .zip(&widths)
            .enumerate()
            .map(|(place, (text, width))| {
                let pad = " ".repeat(width - text.width());
                if matches!(place, 0 | 1 | 8) { format!("{text}{pad}") } else { format!("{pad}{text}") }
            })
            .collect();
        out.push_str(format!(" {}", cells.join(" | ")).trim_end());
        out.push('\n');
        if index == 0 {
            let rules: Vec<String> = widths.iter().map(|width| "-".repeat(width + 2)).collect();
            let _ = writeln!(out, "{}", rules.join("+"));
        }
    }
    for note in &profile.notes {
        let _ = writeln!(out, "{}", visible_prose(note));
    }
    out.trim_end().to_owned()
}

fn steps(bins: &[u64]) -> String {
    let most = bins.iter().max().copied().unwrap_or(0).max(1);
    let step = |rows: &u64| match rows {
        0 => ' ',
        rows => STEPS[(*rows as f64 * 7.0 / most as f64).round() as usize],
    };
    bins.iter().map(step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> Profile {
        let number = ColumnProfile {
            name: "dep_delay".to_owned(),
            cql_type: "int".to_owned(),
            nulls: 5,
            distinct: 40,
            least: Some("-20".to_owned()),
            quartiles: Some(["-5", "-2", "11"].map(str::to_owned)),
            greatest: Some("1301".to_owned()),
            mean: Some("12.64".to_owned()),
            bins: vec![1, 8, 4, 0, 1],
            ..ColumnProfile::default()
        };
        let text = ColumnProfile {
            name: "origin".to_owned(),
            cql_type: "text".to_owned(),
            distinct: 9,
            least: Some("<b>".to_owned()),
            greatest: Some("LGA".to_owned()),
            top: vec![("JFK".to_owned(), 60), ("<b>".to_owned(), 30)],
            ..ColumnProfile::default()
        };
        Profile {
            name: "flights".to_owned(),
            rows: 100,
            columns: vec![number, text],
            notes: vec!["A note.".to_owned()],
        }
    }

    #[test]
    fn as_text() {
        let plain = profile(&example()).plain;
        assert!(plain.starts_with("flights: 100 rows, 2 columns\n"), "{plain}");
        assert!(plain.ends_with("\nA note."), "{plain}");
        let line =
            |name: &str| plain.lines().find(|line| line.starts_with(&format!(" {name}"))).unwrap().to_owned();
        let number = line("dep_delay");
        for part in ["int", "5 (5.0 %)", "40", "-20", "-5, -2, 11", "1301", "12.64", "▂█▅ ▂"] {
            assert!(number.contains(part), "{part}: {number}");
        }
        assert!(line("origin").contains("JFK 60.0 %, <b> 30.0 %"), "{plain}");
    }

    #[test]
    fn as_html_with_what_comes_from_outside_escaped() {
        let html = profile(&example()).html.unwrap();
        assert!(!html.contains("<b>") && html.contains("&lt;b&gt;"), "{html}");
        assert!(html.contains("width:20.00%;height:100%"), "the fullest bin is the tallest bar: {html}");
        assert!(html.contains("<small style=\"opacity:.65\">7 more, 10.0 %</small>"), "{html}");
    }
}
