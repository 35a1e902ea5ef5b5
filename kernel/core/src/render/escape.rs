//! The one place where text from outside enters HTML, and how characters that cannot be seen are made visible, there and in
//! plain text.

use std::borrow::Cow;
use std::ops::Range;

/// Where in HTML a text goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Between tags. Quotes mean nothing there, and JupyterLab's sanitizer would turn their entities back.
    Content,
    /// Anywhere, a quoted attribute included.
    Anywhere,
}

/// The text as HTML, fit for content and for a quoted attribute's value.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    write(&mut out, text, Place::Anywhere);
    out
}

/// Appends text as HTML content: what [`escape`] does, but for quotes, so that the sanitizer leaves it as it is.
pub(super) fn content(out: &mut String, text: &str) {
    write(out, text, Place::Content);
}

/// Appends a value's text as HTML content, with the escapes in it set apart. `text` may end before the last of them.
pub(super) fn marked(out: &mut String, text: &str, escapes: &[Range<usize>]) {
    let mut at = 0;
    for escape in escapes.iter().take_while(|escape| escape.start < text.len()) {
        let end = escape.end.min(text.len());
        content(out, &text[at..escape.start]);
        out.push_str("<i>");
        content(out, &text[escape.start..end]);
        out.push_str("</i>");
        at = end;
    }
    content(out, &text[at..]);
}

/// Appends a sentence as HTML content: what stands between two backticks is code, as in the plain text and in an error.
pub(super) fn prose(out: &mut String, text: &str) {
    for (code, part) in super::spans::spans(text) {
        if code {
            out.push_str("<code>");
            content(out, part);
            out.push_str("</code>");
        } else {
            content(out, part);
        }
    }
}

/// What cannot be seen, or changes how what is beside it is seen, is shown by its escape, as in the plain text.
fn write(out: &mut String, text: &str, place: Place) {
    for c in terminal(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' if place == Place::Anywhere => out.push_str("&quot;"),
            '\'' if place == Place::Anywhere => out.push_str("&#39;"),
            _ => out.push(c),
        }
    }
}

/// The text with its control characters, invisible and direction-changing ones escaped as cqlsh does: `\n`, `\x00`,
/// `\u202e`; a backslash is doubled, so that the escape for a line feed and the two characters `\n` differ.
pub(super) fn visible(text: &str) -> String {
    visible_with(text, true)
}

/// Prose of others (a server's message) on one line of its own: as [`visible`], but a backslash stays single.
pub(crate) fn visible_prose(text: &str) -> String {
    visible_with(text, false)
}

/// A line of its own, as a terminal may be sent it: whatever a name or a path in it holds, the person sees the line that was meant.
/// Every question goes through here.
pub fn one_line(text: &str) -> String {
    visible_prose(text)
}

/// Text of several lines as a terminal may be sent it: line feeds stay, and tabs; all else that moves the cursor, changes colours or
/// the direction, or cannot be seen is escaped. Every `text/plain` and every stream goes through here.
pub fn terminal(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| matches!(byte, b'\n' | b'\t' | b' '..=b'~')) {
        return Cow::Borrowed(text);
    }
    let kept = |c: char| matches!(c, '\n' | '\t' | '\u{a0}');
    if !text.chars().any(|c| is_hidden(c) && !kept(c)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for piece in text.split_inclusive(kept) {
        let end = piece.strip_suffix(kept).map_or(piece.len(), str::len);
        out.push_str(&visible_prose(&piece[..end]));
        out.push_str(&piece[end..]);
    }
    Cow::Owned(out)
}

/// Whether a text is nothing but itself between two backticks of Markdown. (JupyterLab looks for `$…$` before it looks for code.)
pub(crate) fn code_is_plain(text: &str) -> bool {
    !text.is_empty() && !text.starts_with(' ') && !text.ends_with(' ') && !text.contains(['`', '$', '\\'])
}

/// A value's text as cqlsh shows it, a backslash single, and where in it escapes stand for characters that cannot be seen:
/// HTML sets them apart, so that a line feed and the two characters `\n` differ there.
pub(super) fn visible_value(text: &str) -> (String, Vec<Range<usize>>) {
    let mut escapes = Vec::new();
    let text = write_visible(text, false, &mut escapes);
    (text, escapes)
}

/// A literal with nested values, in which escapes must not be taken for what they are not: where there are any, a backslash of
/// the value's own is doubled.
pub(super) fn visible_literal(text: &str) -> (String, Vec<Range<usize>>) {
    let (shown, escapes) = visible_value(text);
    if escapes.is_empty() {
        return (shown, escapes);
    }
    let mut escapes = Vec::new();
    (write_visible(text, true, &mut escapes), escapes)
}

fn visible_with(text: &str, double_backslash: bool) -> String {
    write_visible(text, double_backslash, &mut Vec::new())
}

fn write_visible(text: &str, double_backslash: bool, escapes: &mut Vec<Range<usize>>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    let mut before = ' ';
    while let Some(c) = chars.next() {
        let start = out.len();
        match c {
            '\\' if double_backslash => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            // Joiners belong to emoji and to scripts beyond Latin; elsewhere they only hide.
            '\u{200c}' | '\u{200d}' if joins(before) && chars.peek().is_some_and(|&next| joins(next)) => {
                out.push(c)
            }
            _ if is_hidden(c) => {
                let code = u32::from(c);
                match code {
                    0..=0xff => out.push_str(&format!("\\x{code:02x}")),
                    0x100..=0xffff => out.push_str(&format!("\\u{code:04x}")),
                    _ => out.push_str(&format!("\\U{code:08x}")),
                }
            }
            _ => out.push(c),
        }
        if matches!(c, '\n' | '\r' | '\t') || out.len() - start > c.len_utf8() {
            match escapes.last_mut() {
                Some(last) if last.end == start => last.end = out.len(),
                _ => escapes.push(start..out.len()),
            }
        }
        before = c;
    }
    out
}

fn joins(c: char) -> bool {
    c >= '\u{0300}' && !is_hidden(c)
}

/// Control characters, line separators, and the format characters that show nothing or turn the text around.
fn is_hidden(c: char) -> bool {
    matches!(c,
        '\0'..='\x1f'
        | '\x7f'..='\u{a0}'
        | '\u{ad}'
        | '\u{034f}'
        | '\u{061c}'
        | '\u{115f}' | '\u{1160}'
        | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{3164}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn markup_from_outside_is_text() {
        assert_snapshot!(escape(r#"<img src=x onerror="alert('1')"> & more"#), @"&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt; &amp; more");
    }

    #[test]
    fn html_shows_what_cannot_be_seen() {
        let html = |text: &str| {
            let mut out = String::new();
            content(&mut out, text);
            out
        };
        assert_eq!(html("\"a\u{202e}b\" text,\n'x\u{202e} ;--'"), "\"a\\u202eb\" text,\n'x\\u202e ;--'");
        assert_eq!(
            html("a\r\0\u{85}\u{200b}\u{2066}\u{7f}\u{feff}"),
            "a\\r\\x00\\x85\\u200b\\u2066\\x7f\\ufeff"
        );
        assert_eq!(
            html("C:\\new\ta\u{a0}b 👩\u{200d}👧 می\u{200c}خواهم"),
            "C:\\new\ta\u{a0}b 👩\u{200d}👧 می\u{200c}خواهم"
        );
        assert_eq!(escape("\u{202e}<"), "\\u202e&lt;");
    }

    #[test]
    fn code_in_a_sentence_is_code_and_a_backtick_alone_is_a_backtick() {
        let html = |text: &str| {
            let mut out = String::new();
            prose(&mut out, text);
            out
        };
        assert_eq!(html("Run `%help <b>`."), "Run <code>%help &lt;b&gt;</code>.");
        assert_eq!(html("A ` alone, `two` of them."), "A <code> alone, </code>two` of them.");
        assert_eq!(html("Of ``a`<b>``."), "Of <code>a`&lt;b&gt;</code>.");
        assert_eq!(html("none"), "none");
    }

    #[test]
    fn what_cannot_be_seen_is_shown() {
        assert_snapshot!(visible("a\nb\\n\t\0\u{7f}\u{85}\u{a0}"), @r"a\nb\\n\t\x00\x7f\x85\xa0");
        assert_snapshot!(visible("abc\u{202e}txt.exe\u{2066}\u{200b}\u{feff}\u{e0041}"), @r"abc\u202etxt.exe\u2066\u200b\ufeff\U000e0041");
        assert_snapshot!(visible("\x1b[31mred"), @r"\x1b[31mred");
        assert_snapshot!(visible_prose("C:\\temp\n"), @r"C:\temp\n");
        let (text, escapes) = visible_value("C:\\new\n\r.\0");
        assert_eq!((text.as_str(), escapes), (r"C:\new\n\r.\x00", vec![6..10, 11..15]));
        assert_snapshot!(visible_literal("['C:\\new\n']").0, @r"['C:\\new\n']");
        assert_snapshot!(visible_literal("['C:\\new']").0, @r"['C:\new']");
    }

    #[test]
    fn joiners_stay_in_emoji_and_scripts_that_need_them() {
        assert_eq!(visible("👩\u{200d}👧"), "👩\u{200d}👧");
        assert_eq!(visible("می\u{200c}خواهم"), "می\u{200c}خواهم");
        assert_eq!(visible("pay\u{200d}pal"), "pay\\u200dpal");
        assert_eq!(visible("❤️"), "❤️");
    }

    #[test]
    fn a_terminal_is_sent_nothing_but_text() {
        assert_eq!(
            terminal("a\tb\n\u{1b}[31mred\r\u{9b}2J\u{202e}x"),
            "a\tb\n\\x1b[31mred\\r\\x9b2J\\u202ex"
        );
        assert_eq!(terminal("plain ❤️ 👩\u{200d}👧\n"), "plain ❤️ 👩\u{200d}👧\n");
    }

    #[test]
    fn a_question_is_the_one_that_is_asked() {
        assert_eq!(
            one_line("Drop a.\"x\u{1b}[2J\u{1b}[31mnothing\u{202e}\"? [y/N] "),
            "Drop a.\"x\\x1b[2J\\x1b[31mnothing\\u202e\"? [y/N] "
        );
        assert_eq!(one_line("Password of ann\u{1b}]0;pwned\u{7}: "), "Password of ann\\x1b]0;pwned\\x07: ");
        assert_eq!(one_line("Send to\r\nlocalhost?\u{2028}"), "Send to\\r\\nlocalhost?\\u2028");
        assert_eq!(one_line("Client Secret [••••••••]: "), "Client Secret [••••••••]: ");
    }

    proptest! {
        #[test]
        fn a_terminal_gets_no_control_character(text: String) {
            prop_assert!(!terminal(&text).chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t')));
        }

        #[test]
        fn nothing_of_markup_is_left(text in prop_oneof![any::<String>(), "[<>&\"'a;#]{0,40}"]) {
            let escaped = escape(&text);
            prop_assert!(!escaped.contains(['<', '>', '"', '\'']));
            for (at, _) in escaped.match_indices('&') {
                prop_assert!(["&amp;", "&lt;", "&gt;", "&quot;", "&#39;"].iter().any(|entity| escaped[at..].starts_with(entity)));
            }
            let mut between = String::new();
            content(&mut between, &text);
            prop_assert!(!between.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t')));
            prop_assert!(!between.contains(['<', '>']));
            let mut sentence = String::new();
            prose(&mut sentence, &text);
            prop_assert!(!sentence.replace("<code>", "").replace("</code>", "").contains(['<', '>']));
        }

        #[test]
        fn visible_text_is_one_line_and_tells_apart(left: String, right: String) {
            prop_assert!(!visible(&left).chars().any(char::is_control));
            prop_assert_eq!(visible(&left) == visible(&right), left == right);
        }
    }
}
