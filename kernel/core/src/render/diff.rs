//! The tree of differences as text and as HTML that needs no style: what happened and what it costs stand in words.

use std::fmt::Write as _;

use super::MimeBundle;
use super::escape::{content, prose, terminal, visible_prose};
use crate::schema::diff::{Diff, Node, Safety, Verb};

/// A value longer than this is folded away.
const LONG: usize = 100;

const fn sign(verb: Verb) -> char {
    match verb {
        Verb::Added => '+',
        Verb::Removed => '-',
        Verb::Changed | Verb::Renamed => '~',
    }
}

const fn word(verb: Verb) -> &'static str {
    match verb {
        Verb::Added => "added",
        Verb::Removed => "removed",
        Verb::Changed => "changed",
        Verb::Renamed => "renamed",
    }
}

/// The differences as text, under `title`.
fn text(diff: &Diff, title: &str) -> String {
    let mut text = format!("{}\n{}\n", visible_prose(title), diff.counts().sentence());
    for note in &diff.notes {
        let _ = writeln!(text, "{}", visible_prose(note));
    }
    if !diff.nodes.is_empty() {
        text.push('\n');
    }
    diff.nodes.iter().for_each(|node| line(node, 0, &mut text));
    text
}

fn line(node: &Node, depth: usize, text: &mut String) {
    let indent = "  ".repeat(depth);
    let _ = write!(text, "{indent}{} {} {}", sign(node.verb), node.kind, visible_prose(&node.name));
    let deeper = format!("\n{indent}      ");
    let value = |value: &str| value.replace('\n', &deeper);
    // What the schema holds may steer a terminal, or turn text around.
    let seen = |text: &Option<String>| text.as_deref().map(|text| terminal(text).into_owned());
    match (&seen(&node.old), &seen(&node.new)) {
        (Some(old), Some(new))
            if old.len() + new.len() > LONG || old.contains('\n') || new.contains('\n') =>
        {
            let _ = write!(text, "\n{indent}    was {}\n{indent}    is  {}", value(old), value(new));
        }
        (Some(old), Some(new)) if node.verb == Verb::Renamed => {
            let _ = write!(text, " (was {old}, is {new})");
        }
        (Some(old), Some(new)) => {
            let _ = write!(text, ": {old} -> {new}");
        }
        (Some(one), None) | (None, Some(one)) if one.contains('\n') => {
            let _ = write!(text, "{deeper}{}", value(one));
        }
        (Some(one), None) | (None, Some(one)) => {
            let _ = write!(text, ": {one}");
        }
        (None, None) => {}
    }
    let _ = write!(text, "  [{}]", node.safety.word());
    if let Some(note) = &node.note {
        let _ = write!(text, " {}", visible_prose(note));
    }
    text.push('\n');
    node.parts.iter().for_each(|part| line(part, depth + 1, text));
}

/// The differences as a bundle, under `title`.
pub fn diff(diff: &Diff, title: &str) -> MimeBundle {
    let plain = text(diff, title).trim_end().to_owned();
    MimeBundle { html: Some(html(diff, title)), plain, ..MimeBundle::default() }
}

fn html(diff: &Diff, title: &str) -> String {
    let mut html = "<div class=\"cqlbook cqlbook-diff\"><p><b>".to_owned();
    content(&mut html, &visible_prose(title));
    html.push_str("</b><br />");
    content(&mut html, &diff.counts().sentence());
    for note in &diff.notes {
        html.push_str("<br />");
        prose(&mut html, &visible_prose(note));
    }
    html.push_str("</p>");
    diff.nodes.iter().for_each(|node| branch(node, 0, &mut html));
    html.push_str("</div>");
    html
}

/// A shade that reads on light and dark ground; the word in it says the same.
const fn shade(safety: Safety) -> &'static str {
    match safety {
        Safety::Safe => "rgba(64,160,64,.22)",
        Safety::Lossy => "rgba(224,160,32,.3)",
        Safety::Impossible => "rgba(224,64,64,.3)",
    }
}

fn head(node: &Node, html: &mut String) {
    let _ = write!(html, "<code>{}</code> {} <b>", sign(node.verb), node.kind);
    content(html, &visible_prose(&node.name));
    let _ = write!(
        html,
        "</b> {} <span style=\"background-color:{}\">\u{a0}{}\u{a0}</span>",
        word(node.verb),
        shade(node.safety),
        node.safety.word()
    );
    if let Some(note) = &node.note {
        html.push_str(" <i>");
        prose(html, &visible_prose(note));
        html.push_str("</i>");
    }
}

fn value(text: &str, html: &mut String) {
    let (start, end) = if text.contains('\n') { ("<pre>", "</pre>") } else { ("<code>", "</code>") };
    html.push_str(start);
    content(html, &terminal(text));
    html.push_str(end);
}

fn values(node: &Node) -> String {
    let mut html = String::new();
    let long = |text: &str| text.contains('\n');
    match (&node.old, &node.new) {
        (Some(old), Some(new)) => {
            html.push_str("<div>was ");
            value(old, &mut html);
            html.push_str(if long(old) || long(new) { "is " } else { "<br />is " });
            value(new, &mut html);
            html.push_str("</div>");
        }
        (Some(one), None) | (None, Some(one)) => {
            html.push_str("<div>");
            value(one, &mut html);
            html.push_str("</div>");
        }
        (None, None) => {}
    }
    html
}

fn branch(node: &Node, depth: usize, html: &mut String) {
    let margin = if depth == 0 { "margin:0 0 4px 0" } else { "margin:0 0 4px 3%" };
    let values = values(node);
    if node.parts.is_empty() && values.len() < 3 * LONG {
        let _ = write!(html, "<div style=\"{margin}\">");
        head(node, html);
        html.push_str(&values);
        html.push_str("</div>");
        return;
    }
    // What is whole and long is folded; what has differences inside is open.
    let open = if node.parts.is_empty() { "" } else { " open=\"\"" };
    let _ = write!(html, "<details{open} style=\"{margin}\"><summary>");
    head(node, html);
    let _ = write!(html, "</summary>{values}");
    node.parts.iter().for_each(|part| branch(part, depth + 1, html));
    html.push_str("</details>");
}
