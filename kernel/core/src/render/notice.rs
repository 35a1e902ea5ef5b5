//! A failure that is no error: something beside the result is missing, and the result is there.

use super::MimeBundle;
use super::escape::{prose, visible_prose};
use crate::diagnostic::Diagnostic;

/// Lines of the server's text that are shown.
const SERVER_LINES: usize = 20;

/// Draws a diagnostic as an output of its own: code and message, why, what next, the server's words folded.
pub fn notice(diagnostic: &Diagnostic) -> MimeBundle {
    let mut lines = vec![format!("{}: {}", diagnostic.code, diagnostic.message)];
    lines.extend(diagnostic.cause.clone());
    lines.extend(diagnostic.hints.iter().map(|hint| format!("→ {hint}")));
    let lines: Vec<String> = lines.iter().flat_map(|text| text.lines()).map(visible_prose).collect();
    let said: Vec<String> = diagnostic
        .server_text
        .iter()
        .flat_map(|text| text.trim().lines())
        .take(SERVER_LINES)
        .map(visible_prose)
        .collect();

    let mut html = String::from("<div class=\"cqlbook cqlbook-notice\">");
    for (index, line) in lines.iter().enumerate() {
        html.push_str(if index == 0 { "" } else { "<br />" });
        prose(&mut html, line);
    }
    if !said.is_empty() {
        html.push_str("<details><summary>The server said</summary>");
        for (index, line) in said.iter().enumerate() {
            html.push_str(if index == 0 { "" } else { "<br />" });
            prose(&mut html, line);
        }
        html.push_str("</details>");
    }
    html.push_str("</div>");

    let mut plain = lines.join("\n");
    if !said.is_empty() {
        plain.push_str("\nThe server said:\n    ");
        plain.push_str(&said.join("\n    "));
    }
    MimeBundle { html: Some(html), plain, ..MimeBundle::default() }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::diagnostic::Code;

    #[test]
    fn what_is_missing_is_said_with_its_code() {
        let diagnostic = Diagnostic::new(Code::TraceUnavailable, "The trace cannot be read.")
            .with_cause("The role may not read `system_traces`.")
            .with_hint("Ask an administrator.")
            .with_server_text("User <x> has no SELECT\u{7} permission");
        let bundle = notice(&diagnostic);
        assert_snapshot!(bundle.plain, @r"
        TRACE_UNAVAILABLE: The trace cannot be read.
        The role may not read `system_traces`.
        → Ask an administrator.
        The server said:
            User <x> has no SELECT\x07 permission
        ");
        let html = bundle.html.unwrap();
        assert!(
            html.contains("<details><summary>The server said</summary>User &lt;x&gt; has no SELECT"),
            "{html}"
        );
    }
}
