//! What a statement without rows answers, and how far a long one has come.

use super::escape::{content, prose, visible_prose};
use super::table::footer;
use super::{Facts, MimeBundle, units};

/// The outcome of a statement without rows: `summary` is a sentence, e.g. `Table created.`; the footer has the facts.
pub fn outcome(summary: &str, facts: &Facts) -> MimeBundle {
    let summary = visible_prose(summary);
    let execution = footer::execution(facts);
    let lines: Vec<String> =
        facts.notes.iter().map(|note| visible_prose(note)).chain(footer::warnings(facts)).collect();

    let mut html = String::from("<div class=\"cqlbook cqlbook-outcome\">");
    prose(&mut html, &summary);
    html.push_str(" <small style=\"opacity:.65\">");
    content(&mut html, &execution.join(" · "));
    html.push_str("</small>");
    for line in &lines {
        html.push_str("<br /><small>");
        prose(&mut html, line);
        html.push_str("</small>");
    }
    html.push_str("</div>");

    let mut plain = format!("{summary}\n{}", execution.join(", "));
    for line in &lines {
        plain.push('\n');
        plain.push_str(line);
    }
    MimeBundle { html: Some(html), plain, ..MimeBundle::default() }
}

/// One sentence, or several on lines of their own.
pub fn sentence(text: &str) -> MimeBundle {
    let lines: Vec<String> = text.lines().map(visible_prose).collect();
    let mut html = String::from("<div class=\"cqlbook\">");
    for (index, line) in lines.iter().enumerate() {
        if index > 0 {
            html.push_str("<br />");
        }
        prose(&mut html, line);
    }
    html.push_str("</div>");
    MimeBundle { html: Some(html), plain: lines.join("\n"), ..MimeBundle::default() }
}

/// How far a long action has come, for `display_data` and then `update_display_data`.
///
/// `done` and `total` count the same thing; `note` follows them and may name it (`rows, 2.1 s`). Without a total the
/// bar has no end.
pub fn progress(label: &str, done: Option<u64>, total: Option<u64>, note: &str) -> MimeBundle {
    let amount = match (done, total) {
        (Some(done), Some(total)) => format!("{} of {}", units::count(done), units::count(total)),
        (Some(done), None) => units::count(done),
        (None, _) => String::new(),
    };
    let words: Vec<&str> = [amount.as_str(), note].into_iter().filter(|word| !word.is_empty()).collect();
    let (label, text) = (visible_prose(label), visible_prose(&words.join(" ")));

    let mut html = String::from("<div class=\"cqlbook cqlbook-progress\">");
    prose(&mut html, &label);
    html.push(' ');
    match (done, total) {
        (Some(done), Some(total)) if total > 0 => {
            html.push_str(&format!("<progress value=\"{}\" max=\"{total}\"></progress>", done.min(total)));
        }
        _ => html.push_str("<progress></progress>"),
    }
    html.push_str(" <small style=\"opacity:.65\">");
    content(&mut html, &text);
    html.push_str("</small></div>");

    let plain = match (done, total) {
        (Some(done), Some(total)) if total > 0 => {
            let percent = u128::from(done.min(total)) * 100 / u128::from(total);
            format!("{label}: {percent} % ({text})")
        }
        _ if text.is_empty() => label,
        _ => format!("{label}: {text}"),
    };
    MimeBundle { html: Some(html), plain, ..MimeBundle::default() }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use insta::assert_snapshot;

    use super::*;

    #[test]
    fn a_sentence_is_escaped_and_keeps_its_quotes() {
        let bundle = sentence(":name = 'a <b>'\nand more");
        assert_eq!(bundle.html.unwrap(), "<div class=\"cqlbook\">:name = 'a &lt;b&gt;'<br />and more</div>");
        assert_eq!(bundle.plain, ":name = 'a <b>'\nand more");
    }

    #[test]
    fn a_statement_without_rows() {
        let facts = Facts {
            elapsed: Duration::from_millis(154),
            consistency: Some("LOCAL_QUORUM".to_owned()),
            coordinator: Some("127.0.0.1".to_owned()),
            warnings: vec!["Unlogged <batch>".to_owned()],
            ..Facts::default()
        };
        let bundle = outcome("Table created.", &facts);
        assert_snapshot!(bundle.plain, @r"
        Table created.
        154 ms, LOCAL_QUORUM, coordinator 127.0.0.1
        Warning from the server: Unlogged <batch>
        ");
        assert_snapshot!(bundle.html.unwrap(), @r#"<div class="cqlbook cqlbook-outcome">Table created. <small style="opacity:.65">154 ms · LOCAL_QUORUM · coordinator 127.0.0.1</small><br /><small>Warning from the server: Unlogged &lt;batch&gt;</small></div>"#);
    }

    #[test]
    fn progress_with_and_without_an_end() {
        let bundle = progress("Loading flights", Some(84_194), Some(336_776), "rows");
        assert_snapshot!(bundle.plain, @"Loading flights: 25 % (84,194 of 336,776 rows)");
        assert_snapshot!(bundle.html.unwrap(), @r#"<div class="cqlbook cqlbook-progress">Loading flights <progress value="84194" max="336776"></progress> <small style="opacity:.65">84,194 of 336,776 rows</small></div>"#);
        let bundle = progress("Waking the database", None, None, "12.0 s");
        assert_snapshot!(bundle.plain, @"Waking the database: 12.0 s");
        assert_snapshot!(bundle.html.unwrap(), @r#"<div class="cqlbook cqlbook-progress">Waking the database <progress></progress> <small style="opacity:.65">12.0 s</small></div>"#);
        assert_snapshot!(progress("Working", None, None, "").plain, @"Working");
    }
}
