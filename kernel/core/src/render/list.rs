//! Small tables of our own: settings, kept results, the stages of a connection test.

use std::time::Duration;

use unicode_width::UnicodeWidthStr;

use super::escape::{content, prose, visible_prose};
use super::{MimeBundle, units};

/// A small table with headers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct List {
    /// A line above it.
    pub title: Option<String>,
    /// The columns' names; may be empty.
    pub headers: Vec<String>,
    /// The rows, each with one item a column.
    pub rows: Vec<Vec<Item>>,
    /// A sentence under it, also where there are no rows.
    pub note: Option<String>,
}

/// One cell of a [`List`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// Prose.
    Text(String),
    /// A name, value or command that could be typed, drawn in a fixed-width face.
    Code(String),
    /// A number, right-aligned.
    Number(String),
}

impl Item {
    /// Prose.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// A name, value or command that could be typed.
    pub fn code(text: impl Into<String>) -> Self {
        Self::Code(text.into())
    }

    /// A number, right-aligned.
    pub fn number(number: impl ToString) -> Self {
        Self::Number(number.to_string())
    }

    fn shown(&self) -> String {
        let (Self::Text(text) | Self::Code(text) | Self::Number(text)) = self;
        visible_prose(text)
    }
}

/// How a stage of a test went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StageState {
    /// It passed: ✓.
    Passed,
    /// It failed: ✗.
    Failed,
    /// It was not tried: –.
    Skipped,
    /// It is going on: ….
    Running,
}

impl StageState {
    /// The mark and the word; the word is there for those who do not see the mark.
    fn text(self) -> &'static str {
        match self {
            Self::Passed => "✓ passed",
            Self::Failed => "✗ failed",
            Self::Skipped => "– not tried",
            Self::Running => "… running",
        }
    }
}

/// One stage of a test, e.g. of `%connection test`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// What is tested, e.g. `TLS`.
    pub name: String,
    /// How it went.
    pub state: StageState,
    /// What was found, or the error's first line.
    pub detail: String,
    /// How long it took.
    pub elapsed: Option<Duration>,
}

/// Draws a small table, as html (class `cqlbook-list`), plain text and markdown.
pub fn list(list: &List) -> MimeBundle {
    let columns = list.rows.iter().map(Vec::len).max().unwrap_or(0).max(list.headers.len());
    MimeBundle {
        html: Some(html(list, columns)),
        plain: plain(list, columns),
        markdown: markdown(list, columns),
        ..MimeBundle::default()
    }
}

/// Draws the stages of a test, for `display_data` and then `update_display_data`.
pub fn stages(title: &str, stages: &[Stage]) -> MimeBundle {
    let rows = stages.iter().map(|stage| {
        vec![
            Item::text(stage.state.text()),
            Item::text(&stage.name),
            Item::text(&stage.detail),
            Item::Number(stage.elapsed.map(units::duration).unwrap_or_default()),
        ]
    });
    list(&List { title: Some(title.to_owned()), rows: rows.collect(), ..List::default() })
}

fn html(list: &List, columns: usize) -> String {
    let mut out = String::from("<div class=\"cqlbook\" style=\"overflow-x:auto\">");
    if let Some(title) = &list.title {
        out.push_str("<b>");
        prose(&mut out, &visible_prose(title));
        out.push_str("</b>");
    }
    if !list.rows.is_empty() {
        out.push_str("<table class=\"cqlbook-list dataframe\" style=\"margin:0\">");
        if !list.headers.is_empty() {
            out.push_str("<thead><tr>");
            for index in 0..columns {
                let number = list.rows.iter().all(|row| matches!(row.get(index), Some(Item::Number(_))));
                let align = if number { "right" } else { "left" };
                out.push_str(&format!("<th scope=\"col\" style=\"text-align:{align}\">"));
                content(&mut out, &visible_prose(list.headers.get(index).map_or("", String::as_str)));
                out.push_str("</th>");
            }
            out.push_str("</tr></thead>");
        }
        out.push_str("<tbody>\n");
        for row in &list.rows {
            out.push_str("<tr>");
            for item in row {
                let align = if matches!(item, Item::Number(_)) { "right" } else { "left" };
                out.push_str(&format!("<td style=\"text-align:{align}\">"));
                let code = matches!(item, Item::Code(text) if !text.is_empty());
                out.push_str(if code { "<code>" } else { "" });
                content(&mut out, &item.shown());
                out.push_str(if code { "</code></td>" } else { "</td>" });
            }
            out.push_str("</tr>\n");
        }
        out.push_str("</tbody></table>");
    } else if list.title.is_some() && list.note.is_some() {
        out.push_str("<br />");
    }
    if let Some(note) = &list.note {
        out.push_str("<small>");
        prose(&mut out, &visible_prose(note));
        out.push_str("</small>");
    }
    out.push_str("</div>");
    out
}

fn plain(list: &List, columns: usize) -> String {
    let headers: Vec<String> = list.headers.iter().map(|header| visible_prose(header)).collect();
    let rows: Vec<Vec<String>> = list.rows.iter().map(|row| row.iter().map(Item::shown).collect()).collect();
    let mut widths = vec![0; columns];
    for row in rows.iter().chain([&headers]) {
        for (width, text) in widths.iter_mut().zip(row) {
            *width = (*width).max(text.width());
        }
    }
    let mut lines = Vec::new();
    lines.extend(list.title.as_deref().map(visible_prose));
    if !headers.is_empty() && !rows.is_empty() {
        lines.push(padded(headers.iter().map(|header| (header.as_str(), false)), &widths));
        lines.push(widths.iter().map(|&width| "-".repeat(width)).collect::<Vec<_>>().join("  "));
    }
    for (row, items) in rows.iter().zip(&list.rows) {
        let cells =
            row.iter().zip(items).map(|(text, item)| (text.as_str(), matches!(item, Item::Number(_))));
        lines.push(padded(cells, &widths));
    }
    lines.extend(list.note.as_deref().map(visible_prose));
    lines.join("\n")
}

fn padded<'a>(cells: impl Iterator<Item = (&'a str, bool)>, widths: &[usize]) -> String {
    let cells = cells.zip(widths).map(|((text, right), width)| {
        let gap = " ".repeat(width.saturating_sub(text.width()));
        if right { format!("{gap}{text}") } else { format!("{text}{gap}") }
    });
    cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
}

fn markdown(list: &List, columns: usize) -> Option<String> {
    if list.rows.len() > 60 || columns == 0 {
        return None;
    }
    let cell = |text: &str| super::table::markdown_text(&visible_prose(text));
    let mut out = String::new();
    if let Some(title) = &list.title {
        out.push_str(&format!("**{}**\n\n", cell(title)));
    }
    let headers = (0..columns).map(|index| cell(list.headers.get(index).map_or("", String::as_str)));
    out.push_str(&format!(
        "| {} |\n|{}\n",
        headers.collect::<Vec<_>>().join(" | "),
        " :--- |".repeat(columns)
    ));
    for row in &list.rows {
        let cells: Vec<String> = row.iter().map(|item| cell(&item.shown())).collect();
        out.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    if let Some(note) = &list.note {
        out.push_str(&format!("\n{}", cell(note)));
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    #[test]
    fn stages_of_a_connection_test() {
        let stage = |name: &str, state, detail: &str, elapsed| Stage {
            name: name.to_owned(),
            state,
            detail: detail.to_owned(),
            elapsed,
        };
        let bundle = stages(
            "Testing shop",
            &[
                stage(
                    "Bundle",
                    StageState::Passed,
                    "13 KB, valid until 2027-01-01",
                    Some(Duration::from_micros(400)),
                ),
                stage("TLS", StageState::Failed, "<b> is not trusted", Some(Duration::from_millis(6))),
                stage("Login", StageState::Skipped, "", None),
            ],
        );
        assert_snapshot!(bundle.plain, @r"
        Testing shop
        ✓ passed     Bundle  13 KB, valid until 2027-01-01  0.4 ms
        ✗ failed     TLS     <b> is not trusted             6.0 ms
        – not tried  Login
        ");
        assert_snapshot!(bundle.html.unwrap(), @r#"
        <div class="cqlbook" style="overflow-x:auto"><b>Testing shop</b><table class="cqlbook-list dataframe" style="margin:0"><tbody>
        <tr><td style="text-align:left">✓ passed</td><td style="text-align:left">Bundle</td><td style="text-align:left">13 KB, valid until 2027-01-01</td><td style="text-align:right">0.4 ms</td></tr>
        <tr><td style="text-align:left">✗ failed</td><td style="text-align:left">TLS</td><td style="text-align:left">&lt;b&gt; is not trusted</td><td style="text-align:right">6.0 ms</td></tr>
        <tr><td style="text-align:left">– not tried</td><td style="text-align:left">Login</td><td style="text-align:left"></td><td style="text-align:right"></td></tr>
        </tbody></table></div>
        "#);
        assert_snapshot!(bundle.markdown.unwrap(), @"
        **Testing shop**

        |  |  |  |  |
        | :--- | :--- | :--- | :--- |
        | ✓ passed | Bundle | 13 KB, valid until 2027-01-01 | 0.4 ms |
        | ✗ failed | TLS | &lt;b&gt; is not trusted | 6.0 ms |
        | – not tried | Login |  |  |
        ");
    }

    #[test]
    fn settings() {
        let bundle = list(&List {
            headers: vec!["Setting".to_owned(), "Value".to_owned(), "Meaning".to_owned()],
            rows: vec![
                vec![
                    Item::code("page_size"),
                    Item::number(5000),
                    Item::text("Rows asked of the server at a time."),
                ],
                vec![Item::code("trace"), Item::code("off"), Item::text("Whether statements are traced.")],
            ],
            note: Some("%set NAME VALUE sets one.".to_owned()),
            title: None,
        });
        assert_snapshot!(bundle.plain, @"
        Setting    Value  Meaning
        ---------  -----  -----------------------------------
        page_size   5000  Rows asked of the server at a time.
        trace      off    Whether statements are traced.
        %set NAME VALUE sets one.
        ");
        assert_snapshot!(bundle.html.unwrap(), @r#"
        <div class="cqlbook" style="overflow-x:auto"><table class="cqlbook-list dataframe" style="margin:0"><thead><tr><th scope="col" style="text-align:left">Setting</th><th scope="col" style="text-align:left">Value</th><th scope="col" style="text-align:left">Meaning</th></tr></thead><tbody>
        <tr><td style="text-align:left"><code>page_size</code></td><td style="text-align:right">5000</td><td style="text-align:left">Rows asked of the server at a time.</td></tr>
        <tr><td style="text-align:left"><code>trace</code></td><td style="text-align:left"><code>off</code></td><td style="text-align:left">Whether statements are traced.</td></tr>
        </tbody></table><small>%set NAME VALUE sets one.</small></div>
        "#);
        assert_snapshot!(bundle.markdown.unwrap(), @r"
        | Setting | Value | Meaning |
        | :--- | :--- | :--- |
        | page\_size | 5000 | Rows asked of the server at a time. |
        | trace | off | Whether statements are traced. |

        %set NAME VALUE sets one.
        ");
    }

    #[test]
    fn nothing_to_list() {
        let bundle = list(&List { note: Some("No results are kept.".to_owned()), ..List::default() });
        assert_snapshot!(bundle.plain, @"No results are kept.");
        assert_snapshot!(bundle.html.unwrap(), @r#"<div class="cqlbook" style="overflow-x:auto"><small>No results are kept.</small></div>"#);
    }
}
