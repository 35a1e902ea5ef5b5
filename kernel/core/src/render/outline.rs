//! An outline that folds: headings with parts under them, small tables, CQL and sentences, as HTML and as text.
//!
//! `details` and `summary` fold in JupyterLab, in an untrusted notebook and in a page that nbconvert wrote; the text has
//! everything unfolded, but for what is marked as an aside.

use super::MimeBundle;
use super::escape::{content, prose, visible_prose};
use super::list::{List, list};
use super::spans::without_marks;

/// A document of parts.
#[derive(Debug, Clone, Default)]
pub struct Outline {
    /// What it is about.
    pub head: Head,
    /// Its parts.
    pub parts: Vec<Part>,
    /// A sentence under it.
    pub note: Option<String>,
}

/// A heading: a name, and what is said of it in few words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Head {
    /// A name that could be typed, or a word.
    pub name: String,
    /// Whether it could be typed.
    pub code: bool,
    /// What is said of it; may be empty.
    pub note: String,
}

/// A part of an outline.
#[derive(Debug, Clone)]
pub enum Part {
    /// A heading that its parts are folded under.
    Branch {
        /// The heading.
        head: Head,
        /// Whether it is unfolded at first.
        open: bool,
        /// Whether the text leaves its parts out, and only the heading stays.
        aside: bool,
        /// What is under it.
        parts: Vec<Part>,
    },
    /// A heading with nothing under it.
    Leaf(Head),
    /// A small table.
    Table(List),
    /// CQL.
    Cql(String),
    /// A sentence; what stands between backticks is code.
    Text(String),
    /// What somebody else wrote, as it is.
    Said(String),
}

impl Head {
    /// A name that could be typed.
    pub fn code(name: impl Into<String>, note: impl Into<String>) -> Self {
        Self { name: name.into(), code: true, note: note.into() }
    }

    /// A word.
    pub fn text(name: impl Into<String>, note: impl Into<String>) -> Self {
        Self { name: name.into(), code: false, note: note.into() }
    }

    fn html(&self, out: &mut String) {
        if !self.name.is_empty() {
            let tag = if self.code { "code" } else { "b" };
            out.push_str(&format!("<{tag}>"));
            content(out, &visible_prose(&self.name));
            out.push_str(&format!("</{tag}>"));
        }
        if !self.note.is_empty() {
            out.push_str(if self.name.is_empty() { "<small>" } else { " <small>" });
            prose(out, &visible_prose(&self.note));
            out.push_str("</small>");
        }
    }

    fn plain(&self) -> String {
        let words = [visible_prose(&self.name), without_marks(&visible_prose(&self.note))];
        let words: Vec<_> = words.into_iter().filter(|word| !word.is_empty()).collect();
        words.join("  ")
    }
}

impl Part {
    /// A heading that is folded.
    pub fn folded(head: Head, parts: Vec<Self>) -> Self {
        Self::Branch { head, open: false, aside: false, parts }
    }

    /// A heading that is unfolded.
    pub fn open(head: Head, parts: Vec<Self>) -> Self {
        Self::Branch { head, open: true, aside: false, parts }
    }

    /// A heading that is folded, and that the text has alone.
    pub fn aside(head: Head, parts: Vec<Self>) -> Self {
        Self::Branch { head, open: false, aside: true, parts }
    }
}

/// Draws an outline.
pub fn outline(outline: &Outline) -> MimeBundle {
    let mut html = String::from("<div class=\"cqlbook cqlbook-outline\">");
    let mut plain = String::new();
    if outline.head != Head::default() {
        html.push_str("<div>");
        outline.head.html(&mut html);
        html.push_str("</div>");
        plain.push_str(&outline.head.plain());
        plain.push('\n');
    }
    for part in &outline.parts {
        part_html(&mut html, part);
        part_plain(&mut plain, part, 0);
    }
    if let Some(note) = &outline.note {
        html.push_str("<div style=\"margin-top:.4em\"><small>");
        prose(&mut html, &visible_prose(note));
        html.push_str("</small></div>");
        plain.push_str(&visible_prose(note));
    }
    html.push_str("</div>");
    MimeBundle { html: Some(html), plain: plain.trim_end().to_owned(), ..MimeBundle::default() }
}

fn part_html(out: &mut String, part: &Part) {
    match part {
        Part::Branch { head, open, parts, .. } => {
            out.push_str(if *open { "<details open><summary>" } else { "<details><summary>" });
            head.html(out);
            out.push_str("</summary><div style=\"margin-left:1.3em\">");
            parts.iter().for_each(|part| part_html(out, part));
            out.push_str("</div></details>");
        }
        Part::Leaf(head) => {
            out.push_str("<div>");
            head.html(out);
            out.push_str("</div>");
        }
        Part::Table(table) => {
            out.push_str(&list(table).html.unwrap_or_default());
        }
        Part::Cql(cql) => {
            out.push_str(
                "<pre style=\"margin:.2em 0 .6em 0;padding:.3em .6em;background:rgba(128,128,128,.12);white-space:pre;overflow-x:auto\">",
            );
            for (index, line) in cql.lines().enumerate() {
                if index > 0 {
                    out.push('\n');
                }
                content(out, &visible_prose(line));
            }
            out.push_str("</pre>");
        }
        Part::Text(text) => {
            out.push_str("<div>");
            prose(out, &visible_prose(text));
            out.push_str("</div>");
        }
        Part::Said(text) => {
            out.push_str("<div>");
            content(out, &visible_prose(text));
            out.push_str("</div>");
        }
    }
}

fn part_plain(out: &mut String, part: &Part, depth: usize) {
    let indent = "  ".repeat(depth);
    let mut line = |text: &str| {
        out.push_str(&indent);
        out.push_str(text);
        out.push('\n');
    };
    match part {
        Part::Branch { head, aside, parts, .. } => {
            line(&head.plain());
            if !aside {
                parts.iter().for_each(|part| part_plain(out, part, depth + 1));
            }
        }
        Part::Leaf(head) => line(&head.plain()),
        Part::Table(table) => list(table).plain.lines().for_each(line),
        Part::Cql(cql) => cql.lines().for_each(|text| line(&format!("  {}", visible_prose(text)))),
        Part::Text(text) => line(&without_marks(&visible_prose(text))),
        Part::Said(text) => line(&visible_prose(text)),
    }
}
