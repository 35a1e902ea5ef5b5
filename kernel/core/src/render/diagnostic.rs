//! A failure as Jupyter shows it: what, why, where, what next, and the server's own words last.

use unicode_width::UnicodeWidthChar;

use super::escape::visible_prose;
use super::withheld::Secrets;
use crate::diagnostic::{Diagnostic, Origin};
use crate::redact;
use crate::text::{Position, Positions, Span, floor_boundary};

/// The content of a Jupyter `error` message and of a failed reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorOutput {
    /// The code, e.g. `SYNTAX_ERROR`.
    pub ename: String,
    /// What happened, in one line.
    pub evalue: String,
    /// The lines to show, with ANSI colours. No line holds a control character but those of the colours.
    pub traceback: Vec<String>,
}

// No red: JupyterLab, VS Code and nbconvert draw an error on red of their own, on which red letters are hard to read.
const BOLD: &str = "\x1b[1m";
const DIM: &str = "\x1b[2m";
const RESET: &str = "\x1b[0m";

/// Columns of a source line that are shown; longer lines are cut around the place.
const LINE_WIDTH: usize = 100;
const TAB: usize = 4;
/// Lines of the server's text that are shown, and bytes of any line of prose.
const SERVER_LINES: usize = 20;
const PROSE_BYTES: usize = 2_000;
/// Bytes on each side of the place in which secrets are looked for where a server quotes of the statement what it likes.
const AROUND: usize = 32 * 1024;
/// Bytes on each side of the place that are looked at in a line, and in which secrets are looked for where no server quotes;
/// what is shown is much less.
const NEAR: usize = 2_000;

/// Draws a failure; `source` is the cell that the diagnostic's span points into.
pub fn diagnostic(source: &str, d: &Diagnostic) -> ErrorOutput {
    diagnostic_at(source, d, &mut Positions::default())
}

/// Draws one of many failures in the same cell, whose `positions` were asked for before.
pub fn diagnostic_at(source: &str, d: &Diagnostic, positions: &mut Positions) -> ErrorOutput {
    let around = if d.server_text.is_some() { AROUND } else { NEAR };
    let secrets = match &d.origin {
        Some(origin) => Secrets::of(&origin.text, d.span, around),
        // A cell with very many failures is looked through once.
        None if !*positions.has_secrets.get_or_insert_with(|| redact::may_hold_secrets(source)) => {
            Secrets::none()
        }
        None => Secrets::of(source, d.span, around),
    };
    let message = one_line(&secrets.hidden(&d.message));
    let mut lines = vec![format!("{BOLD}{}{RESET}: {BOLD}{message}{RESET}", d.code)];
    lines.extend(d.cause.iter().flat_map(|cause| prose(&secrets.hidden(cause))));
    let place = place(source, d, positions, &secrets);
    if !place.is_empty() {
        lines.push(String::new());
        lines.extend(place);
    }
    if !d.hints.is_empty() {
        lines.push(String::new());
        for hint in &d.hints {
            for (index, line) in prose(&secrets.hidden(hint)).into_iter().enumerate() {
                lines.push(format!("{} {line}", if index == 0 { "→" } else { " " }));
            }
        }
    }
    if let Some(text) = d.server_text.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
        lines.push(String::new());
        lines.push(format!("{DIM}The server said:{RESET}"));
        let said = prose(&secrets.hidden(text));
        lines.extend(said.iter().take(SERVER_LINES).map(|line| format!("{DIM}    {line}{RESET}")));
        if said.len() > SERVER_LINES {
            lines.push(format!("{DIM}    … {} lines more{RESET}", said.len() - SERVER_LINES));
        }
    }
    ErrorOutput { ename: d.code.name().to_owned(), evalue: message, traceback: lines }
}

/// The lines of a text that is not ours alone: nothing in it can move a terminal's cursor or change its colours.
fn prose(text: &str) -> Vec<String> {
    text.lines().map(one_line).collect()
}

fn one_line(text: &str) -> String {
    // A token that was given for a path or a name must not come back in the error.
    let masked = redact::mask_tokens(text.trim_end());
    let text: &str = &masked;
    let (shown, rest) = text.split_at(floor_boundary(text, PROSE_BYTES));
    let cut = if rest.is_empty() { "" } else { "…" };
    format!("{}{cut}", visible_prose(shown))
}

/// Which statement, which line and column, the line itself, and a caret under the span.
fn place(source: &str, d: &Diagnostic, positions: &mut Positions, secrets: &Secrets) -> Vec<String> {
    let mut words = Vec::new();
    if let Some((number, count)) = d.statement.filter(|&(_, count)| count > 1) {
        words.push(format!("statement {number} of {count}"));
    }
    // Those of the cell say nothing of a file.
    let mut of_origin = Positions::default();
    let (source, positions) = match &d.origin {
        Some(origin) => (origin.text.as_str(), &mut of_origin),
        None => (source, positions),
    };
    let position = d.span.map(|span| in_origin(positions.at(source, span.start), d.origin.as_deref()));
    words.extend(d.origin.iter().map(|origin| visible_prose(&origin.name)));
    if let Some(Position { line, column }) = position {
        words.push(format!("line {line}, column {column}"));
    }
    let run_by = d.origin.iter().flat_map(|origin| &origin.run_by);
    words.extend(run_by.map(|(name, line)| format!("run by {} at line {line}", visible_prose(name))));
    if words.is_empty() {
        return Vec::new();
    }
    let end = if d.span.is_some() && !d.hide_source { ':' } else { '.' };
    let mut lines = vec![format!("In {}{end}", words.join(", "))];
    if let (Some(span), Some(position), false) = (d.span, position, d.hide_source) {
        let number = position.line.to_string();
        let gap = " ".repeat(number.len());
        let (text, before, carets) = excerpt(source, span, positions.line_start(), secrets);
        lines.push(format!("{DIM}{number} |{RESET} {text}"));
        lines.push(format!("{DIM}{gap} |{RESET} {}{BOLD}{}{RESET}", " ".repeat(before), "^".repeat(carets)));
    }
    lines
}

/// The position in the whole file of one in a part of it.
fn in_origin(position: Position, origin: Option<&Origin>) -> Position {
    let Some(origin) = origin else { return position };
    let before = if position.line == 1 { origin.columns_before } else { 0 };
    Position { line: position.line + origin.lines_before, column: position.column + before }
}

/// The span's first line as it is shown, the columns before the span there, and the columns it takes (at least one).
fn excerpt(source: &str, span: Span, line_start: usize, secrets: &Secrets) -> (String, usize, usize) {
    let start = floor_boundary(source, span.start);
    // A statement of a megabyte on one line: only the neighbourhood is looked at and laid out.
    let near = floor_boundary(source, start.saturating_sub(NEAR)).clamp(line_start.min(start), start);
    let behind = &source[start..floor_boundary(source, start.saturating_add(NEAR))];
    let line_end = start + behind.find('\n').unwrap_or(behind.len());
    let line = &source[near..line_end];
    let is_whole = source[line_end..].starts_with('\n');
    let line = line.strip_suffix('\r').filter(|_| is_whole).unwrap_or(line);
    let (from, to) = (start - near, span.end.saturating_sub(near));

    // Each character as it is shown, with the columns it takes and whether it is before, in or after the span.
    let mut shown: Vec<(String, usize)> = Vec::new();
    let (mut first, mut last) = (None, None);
    let mut column = 0;
    for (at, c) in line.char_indices() {
        let secret = secrets.at(near + at);
        let piece = match c {
            _ if secret.is_some_and(|secret| secret.start == near + at || at == 0) => redact::MASK.to_owned(),
            // The mask stands for all of it.
            _ if secret.is_some() => continue,
            '\t' => " ".repeat(TAB - column % TAB),
            // What is joined to an emoji makes one picture with it.
            _ if !c.is_ascii() && shown.last().is_some_and(|(text, _)| text.ends_with('\u{200d}')) => {
                if let Some((text, _)) = shown.last_mut() {
                    text.push(c);
                }
                continue;
            }
            _ if c.width().unwrap_or(0) > 0 => c.to_string(),
            // Combining marks and joiners go with the character before them.
            _ => match shown.last_mut() {
                Some((text, _)) if !c.is_control() => {
                    text.push(c);
                    continue;
                }
                _ => visible_prose(&c.to_string()),
            },
        };
        if at >= from && first.is_none() {
            first = Some(shown.len());
        }
        if at >= to && last.is_none() {
            last = Some(shown.len());
        }
        let width = if c == '\t' && secret.is_none() {
            piece.len()
        } else {
            piece.chars().map(|c| c.width().unwrap_or(0)).sum()
        };
        column += width;
        shown.push((visible_or_space(piece), width));
    }
    let first = first.unwrap_or(shown.len());
    let last = last.unwrap_or(shown.len()).max(first);

    let columns = |range: std::ops::Range<usize>| shown[range].iter().map(|(_, width)| width).sum::<usize>();
    let window = window(&shown, first);
    let text: String = shown[window.clone()].iter().map(|(text, _)| text.as_str()).collect();
    let lead = if window.start > 0 { "… " } else { "" };
    let trail = if window.end < shown.len() { " …" } else { "" };
    let before = columns(window.start..first) + lead.chars().count();
    let carets = columns(first..last.min(window.end).max(first)).max(1);
    (format!("{lead}{text}{trail}"), before, carets)
}

fn visible_or_space(piece: String) -> String {
    if piece.chars().all(|c| c == ' ') { piece } else { visible_prose(&piece) }
}

/// The part of a line that fits, with the place of interest in it.
fn window(shown: &[(String, usize)], first: usize) -> std::ops::Range<usize> {
    let total: usize = shown.iter().map(|(_, width)| width).sum();
    if total <= LINE_WIDTH {
        return 0..shown.len();
    }
    let mut start = first;
    let mut room = LINE_WIDTH / 3;
    while start > 0 && shown[start - 1].1 <= room {
        start -= 1;
        room -= shown[start].1;
    }
    let mut end = start;
    let mut room = LINE_WIDTH;
    while end < shown.len() && shown[end].1 <= room {
        room -= shown[end].1;
        end += 1;
    }
    start..end
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use proptest::prelude::*;

    use super::*;
    use crate::diagnostic::Code;

    /// The lines without their colours.
    fn plain(output: &ErrorOutput) -> String {
        let mut text = output.traceback.join("\n");
        for colour in [BOLD, DIM, RESET] {
            text = text.replace(colour, "");
        }
        text
    }

    fn under(source: &str, wanted: &str) -> String {
        let start = source.find(wanted).unwrap();
        let d = Diagnostic::new(Code::SyntaxError, "No.").with_span(Span::new(start, start + wanted.len()));
        plain(&diagnostic(source, &d)).lines().skip(2).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn everything_there_is_to_say() {
        let source = "SELECT 1;\nSELECT * FORM t;\n";
        let start = source.find("FORM").unwrap();
        let mut d = Diagnostic::new(Code::SyntaxError, "The server does not understand FORM.")
            .with_cause("FORM stands where FROM may.")
            .with_hint("Write FROM.")
            .with_hint("%help SELECT shows the form of a SELECT.")
            .with_span(Span::new(start, start + 4))
            .with_server_text("line 2:9 no viable alternative\nat input 'FORM'\x1b[2J");
        d.statement = Some((2, 3));
        let output = diagnostic(source, &d);
        assert_eq!(output.ename, "SYNTAX_ERROR");
        assert_eq!(output.evalue, "The server does not understand FORM.");
        assert_eq!(
            output.traceback[0],
            "\x1b[1mSYNTAX_ERROR\x1b[0m: \x1b[1mThe server does not understand FORM.\x1b[0m"
        );
        assert_snapshot!(plain(&output), @r"
        SYNTAX_ERROR: The server does not understand FORM.
        FORM stands where FROM may.

        In statement 2 of 3, line 2, column 10:
        2 | SELECT * FORM t;
          |          ^^^^

        → Write FROM.
        → %help SELECT shows the form of a SELECT.

        The server said:
            line 2:9 no viable alternative
            at input 'FORM'\x1b[2J
        ");
    }

    #[test]
    fn a_secret_in_the_source_is_in_no_part_of_it() {
        let told = |source: &str, wanted: &str, said: &str| {
            let start = source.find(wanted).unwrap();
            let d = Diagnostic::new(Code::SyntaxError, format!("No: {said}"))
                .with_span(Span::new(start, start + wanted.len()))
                .with_server_text(said);
            plain(&diagnostic(source, &d))
        };
        assert_snapshot!(told("ALTER ROLE x WITH PASSWORD = 'hunter2222' FROMM", "FROMM", "mismatched input 'hunter2222'"), @"
        SYNTAX_ERROR: No: mismatched input <secret>

        In line 1, column 43:
        1 | ALTER ROLE x WITH PASSWORD = <secret> FROMM
          |                                       ^^^^^

        The server said:
            mismatched input <secret>
        ");
        for (source, wanted) in [
            ("SELECT * FROMM t WHERE k = 'AstraCS:abcd:defg'", "FROMM"),
            ("SELECT * FROM t WHERE k = 'AstraCS:abcd:defg", "'AstraCS:abcd:defg"),
            ("CREATE ROLE é WITH PASSWORD = 'AstraCS:abcd:defg' AND 日 = 1", "日"),
        ] {
            let told = told(source, wanted, "near AstraCS:abcd:defg");
            assert!(told.contains("<secret>") && !told.contains("abcd"), "{told}");
        }
        let told =
            told("CREATE ROLE x WITH PASSWORD = 'it''s mine' FROMM", "FROMM", "near it's mine, 'it''s mine'");
        assert!(!told.contains("mine"), "{told}");
    }

    #[test]
    fn the_first_line_alone() {
        assert_snapshot!(plain(&diagnostic("", &Diagnostic::new(Code::NotConnected, "There is no connection."))), @"NOT_CONNECTED: There is no connection.");
    }

    #[test]
    fn a_caret_under_what_is_meant() {
        assert_snapshot!(under("SELECT 'é日本', x", "x"), @"
        In line 1, column 15:
        1 | SELECT 'é日本', x
          |                 ^
        ");
        assert_snapshot!(under("\tSELECT 👩‍👧 ,\tx", "x"), @"
        In line 1, column 15:
        1 |     SELECT 👩‍👧 , x
          |                 ^
        ");
        assert_snapshot!(under("SELECT 'open", "'open"), @"
        In line 1, column 8:
        1 | SELECT 'open
          |        ^^^^^
        ");
        let long = format!("{}bad{}", "a ".repeat(100), " z".repeat(100));
        assert_snapshot!(under(&long, "bad"), @"
        In line 1, column 201:
        1 | …  a a a a a a a a a a a a a a a a bad z z z z z z z z z z z z z z z z z z z z z z z z z z z z z z z z …
          |                                    ^^^
        ");
    }

    #[test]
    fn a_span_at_or_past_the_end_has_a_caret_too() {
        let d = Diagnostic::new(Code::Unterminated, "No.").with_span(Span::new(8, 99));
        assert_snapshot!(plain(&diagnostic("SELECT 1", &d)), @"
        UNTERMINATED: No.

        In line 1, column 9:
        1 | SELECT 1
          |         ^
        ");
    }

    #[test]
    fn a_place_in_a_file_is_named_by_file_and_line() {
        let origin = Origin {
            name: "load/one.cql".to_owned(),
            text: " SELEC 2;\n".to_owned(),
            lines_before: 41,
            columns_before: 9,
            run_by: vec![("all.cql".to_owned(), 3)],
        };
        let d = Diagnostic::new(Code::SyntaxError, "No.").with_span(Span::new(1, 6)).with_origin(origin);
        assert_snapshot!(plain(&diagnostic("SOURCE 'all.cql'", &d)), @"
        SYNTAX_ERROR: No.

        In load/one.cql, line 42, column 11, run by all.cql at line 3:
        42 |  SELEC 2;
           |  ^^^^^
        ");
    }

    proptest! {
        #[test]
        fn no_source_and_span_bring_it_down(source: String, start in 0..80_usize, length in 0..40_usize, said: String) {
            let d = Diagnostic::new(Code::ServerError, said.clone()).with_span(Span::new(start, start + length)).with_server_text(said);
            for line in diagnostic(&source, &d).traceback {
                let mut line = line;
                for colour in [BOLD, DIM, RESET] {
                    line = line.replace(colour, "");
                }
                prop_assert!(!line.chars().any(char::is_control), "{line:?}");
            }
        }
    }
}
