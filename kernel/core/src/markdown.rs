//! Markdown that is built of our own words and of quoted pieces from outside. Pure.
//!
//! The rule: text from outside (a name, a type, a comment, a path, a value) enters Markdown through [`Markdown::code`],
//! [`Markdown::fenced`], [`Markdown::prose`] or [`Markdown::sentence`], and through nothing else. [`Markdown::own`] takes only what
//! stands in the program's source, so that the compiler holds the rule: there is no way to write a `String` as it is.
//!
//! JupyterLab runs HTML that stands in Markdown of a trusted notebook, and takes `$…$` for mathematics: both are text here.
//! Sources: CommonMark 0.31, sections 4.5 and 6.1, and GitHub's tables, in which `|` ends a cell even within code.

use std::fmt;
use std::ops::Deref;

use crate::render::{code_is_plain, terminal, visible_prose};

/// A text in Markdown, in which everything from outside is quoted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Markdown(String);

impl Markdown {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Our own words, markup included.
    #[must_use]
    pub fn own(mut self, text: &'static str) -> Self {
        self.0.push_str(text);
        self
    }

    /// A number.
    #[must_use]
    pub fn number(mut self, number: usize) -> Self {
        self.0.push_str(&crate::render::count(number as u64));
        self
    }

    /// Text from outside as a code span: between backticks where it holds nothing that could end the span, otherwise as an element
    /// whose text is written in character references.
    #[must_use]
    pub fn code(mut self, text: &str) -> Self {
        let text = visible_prose(text);
        if code_is_plain(&text) {
            self.0.push('`');
            self.0.push_str(&text);
            self.0.push('`');
        } else {
            self.0.push_str("<code>");
            for c in text.chars() {
                if c.is_ascii_alphanumeric() || c == ' ' || !c.is_ascii() {
                    self.0.push(c);
                } else {
                    self.0.push_str(&format!("&#{};", u32::from(c)));
                }
            }
            self.0.push_str("</code>");
        }
        self
    }

    /// [`code`](Self::code) in a cell of a table, where `|` ends the cell even in code.
    #[must_use]
    pub fn cell(self, text: &str) -> Self {
        let (start, code) = (self.0.len(), self.code(text));
        let escaped = code.0[start..].replace('|', "\\|");
        Self(code.0[..start].to_owned() + &escaped)
    }

    /// Text from outside as a block of CQL, behind a fence longer than any run of backticks in it.
    #[must_use]
    pub fn fenced(mut self, cql: &str) -> Self {
        let cql = terminal(cql);
        let fence = "`".repeat(crate::render::longest_run(&cql).max(2) + 1);
        self.0.push_str(&format!("{fence}cql\n{cql}\n{fence}\n"));
        self
    }

    /// Text from outside as text: nothing in it is markup.
    #[must_use]
    pub fn prose(mut self, text: &str) -> Self {
        self.0.push_str(&crate::render::markdown_text(text));
        self
    }

    /// A sentence of ours with names in it: what stands between two backticks is code, the rest is text.
    #[must_use]
    pub fn sentence(mut self, text: &str) -> Self {
        for (code, part) in crate::render::spans(text) {
            self = if code { self.code(part) } else { self.prose(part) };
        }
        self
    }

    /// What another function has built.
    #[must_use]
    pub fn and(mut self, other: &Self) -> Self {
        self.0.push_str(&other.0);
        self
    }

    /// Several texts with an empty line between them.
    pub fn joined(parts: &[Self]) -> Self {
        Self(parts.iter().map(|part| part.0.as_str()).collect::<Vec<_>>().join("\n\n"))
    }
}

impl Deref for Markdown {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Markdown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn code(text: &str) -> String {
        Markdown::new().code(text).to_string()
    }

    #[test]
    fn a_name_is_code_and_nothing_else() {
        assert_eq!(code("orders"), "`orders`");
        assert_eq!(code("frozen<list<int>>"), "`frozen<list<int>>`");
        assert_eq!(
            code("\"a`<img src=x onerror=alert(1)>`\""),
            "<code>&#34;a&#96;&#60;img src&#61;x onerror&#61;alert&#40;1&#41;&#62;&#96;&#34;</code>"
        );
        assert_eq!(code("[--kind bar|line]"), "`[--kind bar|line]`");
        assert_eq!(Markdown::new().own("| ").cell("a|b").to_string(), "| `a\\|b`");
        assert_eq!(Markdown::new().cell("a|`").to_string(), "<code>a&#124;&#96;</code>");
        assert_eq!(code("a\\"), "<code>a&#92;</code>");
        assert_eq!(code("$x$"), "<code>&#36;x&#36;</code>");
        assert_eq!(code(""), "<code></code>");
        assert_eq!(code(" a"), "<code> a</code>");
        assert_eq!(code("a\r\n\n# b\u{1b}[2J"), "<code>a&#92;r&#92;n&#92;n&#35; b&#92;x1b&#91;2J</code>");
    }

    #[test]
    fn a_fence_is_longer_than_any_in_the_text() {
        let text = Markdown::new().fenced("SELECT \"```\n<b>\"").to_string();
        assert_eq!(text, "````cql\nSELECT \"```\n<b>\"\n````\n");
        assert_eq!(Markdown::new().fenced("x\r```\r").to_string(), "````cql\nx\\r```\\r\n````\n");
    }

    #[test]
    fn text_is_no_markup() {
        let text = Markdown::new().prose("[x](javascript:alert(1)) <b> *a* $y$").to_string();
        assert_eq!(text, "\\[x\\](javascript:alert(1)) &lt;b&gt; \\*a\\* \\$y\\$");
        let text = Markdown::new().sentence("Index `a<b>` of <i>, ` alone").to_string();
        assert_eq!(text, "Index `a<b>` of &lt;i&gt;, \\` alone");
    }

    proptest! {
        /// A span never ends early: no backtick within backticks, no markup within the element.
        #[test]
        fn nothing_leaves_a_code_span(text in prop_oneof![any::<String>(), "[`<>|$\\\\\n\r\\[\\]()a:/._*~ -]{0,24}"]) {
            let code = code(&text);
            let inner = match code.strip_prefix("<code>") {
                Some(rest) => {
                    let inner = rest.strip_suffix("</code>").unwrap();
                    let marks = ['<', '>', '`', '|', '$', '\\', '[', '*', '_', ':', '~', '\n', '\r'];
                    prop_assert!(!inner.contains(marks), "{code}");
                    inner
                }
                None => {
                    let inner = &code[1..code.len() - 1];
                    prop_assert!(!inner.contains(['`', '$', '\\', '\n', '\r']), "{code}");
                    inner
                }
            };
            prop_assert!(!inner.chars().any(char::is_control), "{code}");
        }

        #[test]
        fn nothing_closes_a_fence(text in "[`~a\n\r ]{0,40}") {
            let block = Markdown::new().fenced(&text).to_string();
            let lines: Vec<&str> = block.lines().collect();
            let fence = lines[0].trim_end_matches("cql");
            let closed = lines[1..].iter().position(|line| {
                let line = line.trim();
                line.len() >= fence.len() && line.chars().all(|c| c == '`')
            });
            prop_assert_eq!(closed, Some(lines.len() - 2));
        }
    }
}
