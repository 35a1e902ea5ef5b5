//! Tokens of CQL text, in one linear pass that never fails.
//!
//! The tokens of a text, put together, are the text: blanks, comments and bytes that no CQL knows are tokens too.
//! Words are not told from keywords here. Source of the rules: `src/antlr/Lexer.g` of Apache Cassandra 5.

use crate::text::Span;

/// A piece of CQL text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Where it stands; never empty.
    pub span: Span,
}

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// Blanks and line ends.
    Whitespace,
    /// `-- …` and `// …` without the line end, `/* … */`.
    Comment,
    /// A keyword or a bare name.
    Word,
    /// `"Name"`, quotes included.
    QuotedName,
    /// `'…'` or `$$…$$`, quotes included.
    String,
    /// `12`, `1.5e-3`; without its sign.
    Number,
    /// `1h30m`: digits with letters.
    Duration,
    /// `0xCAFE`.
    Blob,
    /// A UUID.
    Uuid,
    /// `;`.
    Semicolon,
    /// A mark of one or two bytes: `(`, `<=`, `..`, `:` and so on.
    Operator,
    /// Opened and never closed: it reaches to the end of the text.
    Unterminated {
        /// What was opened.
        what: Open,
        /// The first byte of the mark that opened it.
        opened_at: usize,
    },
    /// What no CQL knows.
    Unknown,
}

impl TokenKind {
    /// Whether the server skips it.
    pub const fn is_trivia(self) -> bool {
        matches!(self, Self::Whitespace | Self::Comment)
    }
}

/// What can be left open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Open {
    /// `'`.
    String,
    /// `"`.
    QuotedName,
    /// `$$`.
    DollarString,
    /// `/*`.
    Comment,
}

impl Open {
    /// The mark that opens it.
    pub const fn mark(self) -> &'static str {
        match self {
            Self::String => "'",
            Self::QuotedName => "\"",
            Self::DollarString => "$$",
            Self::Comment => "/*",
        }
    }

    /// The mark that closes it.
    pub const fn closing(self) -> &'static str {
        if matches!(self, Self::Comment) { "*/" } else { self.mark() }
    }
}

/// All tokens of a text.
pub fn lex(source: &str) -> Vec<Token> {
    Lexer::new(source).collect()
}

/// Reads tokens one by one; can be moved to another place between them.
#[derive(Debug, Clone)]
pub struct Lexer<'a> {
    source: &'a str,
    at: usize,
    end: usize,
}

impl<'a> Lexer<'a> {
    /// Reads the whole text.
    pub const fn new(source: &'a str) -> Self {
        Self { source, at: 0, end: source.len() }
    }

    /// Reads a part of a text; nothing where the part does not fit it. Spans are of the whole text.
    pub fn within(source: &'a str, region: Span) -> Self {
        if source.get(region.start..region.end).is_some() {
            Self { source, at: region.start, end: region.end }
        } else {
            Self { source, at: source.len(), end: source.len() }
        }
    }

    /// Where the next token starts.
    pub const fn offset(&self) -> usize {
        self.at
    }

    /// Goes on from byte `at`; ignored where that is no place in the text.
    pub fn seek(&mut self, at: usize) {
        if at <= self.end && self.source.is_char_boundary(at) {
            self.at = at;
        }
    }

    /// What is left.
    pub fn rest(&self) -> &'a str {
        self.source.get(self.at..self.end).unwrap_or_default()
    }

    /// The kind and the length in bytes of the token at the front of `rest`, which is not empty.
    fn token_at(&self, rest: &str) -> (TokenKind, usize) {
        let bytes = rest.as_bytes();
        let second = bytes.get(1).copied().unwrap_or_default();
        match bytes[0] {
            b'-' if second == b'-' => (TokenKind::Comment, line_length(rest)),
            b'/' if second == b'/' => (TokenKind::Comment, line_length(rest)),
            b'/' if second == b'*' => self.closed_by(rest, Open::Comment, TokenKind::Comment),
            b'$' if second == b'$' => self.closed_by(rest, Open::DollarString, TokenKind::String),
            b'\'' => self.quoted(rest, Open::String, TokenKind::String),
            b'"' => self.quoted(rest, Open::QuotedName, TokenKind::QuotedName),
            b';' => (TokenKind::Semicolon, 1),
            byte if byte.is_ascii_alphanumeric() || byte == b'_' => word_or_number(bytes),
            b'<' if matches!(second, b'<' | b'=') => (TokenKind::Operator, 2),
            b'>' | b'!' | b'+' | b'-' if second == b'=' => (TokenKind::Operator, 2),
            b'.' if second == b'.' => (TokenKind::Operator, 2),
            b'(' | b')' | b'[' | b']' | b'{' | b'}' | b'<' | b'>' | b'=' | b'+' | b'-' | b'*' | b'/'
            | b'%' | b'.' | b',' | b':' | b'?' | b'!' | b'@' => (TokenKind::Operator, 1),
            _ => blank_or_unknown(rest),
        }
    }

    /// A token that reaches to its closing mark, which is not in it otherwise.
    fn closed_by(&self, rest: &str, what: Open, kind: TokenKind) -> (TokenKind, usize) {
        match rest[what.mark().len()..].find(what.closing()) {
            Some(inner) => (kind, what.mark().len() + inner + what.closing().len()),
            None => (TokenKind::Unterminated { what, opened_at: self.at }, rest.len()),
        }
    }

    /// A quoted token, in which the doubled quote stands for one.
    fn quoted(&self, rest: &str, what: Open, kind: TokenKind) -> (TokenKind, usize) {
        let bytes = rest.as_bytes();
        let mut at = 1;
        while let Some(quote) = rest[at..].find(what.mark()) {
            at += quote + 1;
            if bytes.get(at) != bytes.first() {
                return (kind, at);
            }
            at += 1;
        }
        (TokenKind::Unterminated { what, opened_at: self.at }, rest.len())
    }
}

impl Iterator for Lexer<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        let rest = self.rest();
        if rest.is_empty() {
            return None;
        }
        let (kind, length) = self.token_at(rest);
        let start = self.at;
        self.at += length;
        Some(Token { kind, span: Span::new(start, self.at) })
    }
}

/// Bytes up to the end of the line, not including it.
pub(crate) fn line_length(rest: &str) -> usize {
    rest.find(['\n', '\r']).unwrap_or(rest.len())
}

/// Whether a character separates tokens: the byte order mark does too.
pub(crate) fn is_blank(character: char) -> bool {
    character.is_whitespace() || character == '\u{feff}'
}

fn blank_or_unknown(rest: &str) -> (TokenKind, usize) {
    let blanks = rest.find(|character| !is_blank(character)).unwrap_or(rest.len());
    if blanks > 0 {
        return (TokenKind::Whitespace, blanks);
    }
    (TokenKind::Unknown, rest.chars().next().map_or(1, char::len_utf8))
}

fn word_or_number(bytes: &[u8]) -> (TokenKind, usize) {
    if is_uuid(bytes) {
        return (TokenKind::Uuid, UUID_LENGTH);
    }
    let run = |from: usize, belongs: fn(u8) -> bool| {
        bytes[from..].iter().position(|&byte| !belongs(byte)).map_or(bytes.len(), |length| from + length)
    };
    let in_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if !bytes[0].is_ascii_digit() {
        return (TokenKind::Word, run(0, in_word));
    }
    if bytes[0] == b'0' && matches!(bytes.get(1), Some(b'x' | b'X')) {
        return (TokenKind::Blob, run(2, |byte| byte.is_ascii_hexdigit()));
    }
    let mut end = run(0, |byte| byte.is_ascii_digit());
    if bytes.get(end) == Some(&b'.') && bytes.get(end + 1) != Some(&b'.') {
        end = run(end + 1, |byte| byte.is_ascii_digit());
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        if bytes.get(end + 1 + sign).is_some_and(u8::is_ascii_digit) {
            end = run(end + 1 + sign, |byte| byte.is_ascii_digit());
        }
    }
    let number = end;
    loop {
        end = run(end, in_word);
        if !bytes[end..].starts_with("µ".as_bytes()) {
            break;
        }
        end += "µ".len();
    }
    (if end == number { TokenKind::Number } else { TokenKind::Duration }, end)
}

const UUID_LENGTH: usize = 36;

fn is_uuid(bytes: &[u8]) -> bool {
    bytes.len() >= UUID_LENGTH
        && bytes[..UUID_LENGTH].iter().enumerate().all(|(place, byte)| match place {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
        && !bytes.get(UUID_LENGTH).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each token that is no blank, with a short name of its kind.
    fn tokens(source: &str) -> String {
        lex(source)
            .iter()
            .filter(|token| token.kind != TokenKind::Whitespace)
            .map(|token| {
                let kind = match token.kind {
                    TokenKind::Unterminated { what, opened_at } => format!("open {what:?}@{opened_at}"),
                    kind => format!("{kind:?}"),
                };
                format!("{kind} {}", token.span.of(source))
            })
            .collect::<Vec<_>>()
            .join("\n")
    }

    #[test]
    fn a_select_in_tokens() {
        insta::assert_snapshot!(tokens(r#"SELECT "My Col", a[1..2] FROM ks.t -- all
WHERE id=7ee251da-af52-49a4-97f4-3f07e406c7a7 AND d<=1h30m;"#), @r#"
        Word SELECT
        QuotedName "My Col"
        Operator ,
        Word a
        Operator [
        Number 1
        Operator ..
        Number 2
        Operator ]
        Word FROM
        Word ks
        Operator .
        Word t
        Comment -- all
        Word WHERE
        Word id
        Operator =
        Uuid 7ee251da-af52-49a4-97f4-3f07e406c7a7
        Word AND
        Word d
        Operator <=
        Duration 1h30m
        Semicolon ;
        "#);
    }

    #[test]
    fn quotes_double_themselves() {
        insta::assert_snapshot!(tokens(r#"'it''s' '' "a""b" $$ it's; "$ $$ 'x'"#), @r#"
        String 'it''s'
        String ''
        QuotedName "a""b"
        String $$ it's; "$ $$
        String 'x'
        "#);
    }

    #[test]
    fn numbers_blobs_and_uuids() {
        insta::assert_snapshot!(tokens("6 1.5e-10 1. 1e5 0xCAfe 5µs 7ee251da-af52 _x"), @"
        Number 6
        Number 1.5e-10
        Number 1.
        Number 1e5
        Blob 0xCAfe
        Duration 5µs
        Duration 7ee251da
        Operator -
        Word af52
        Word _x
        ");
    }

    #[test]
    fn comment_marks_in_strings_and_quotes_in_comments() {
        insta::assert_snapshot!(tokens("'a -- b' '/* c' /* it's */ d // \"e\n--'f\ng"), @r#"
        String 'a -- b'
        String '/* c'
        Comment /* it's */
        Word d
        Comment // "e
        Comment --'f
        Word g
        "#);
    }

    #[test]
    fn what_is_open_reaches_to_the_end() {
        insta::assert_snapshot!(tokens("a 'b; c"), @"
        Word a
        open String@2 'b; c
        ");
        insta::assert_snapshot!(tokens("\"b; c"), @r#"open QuotedName@0 "b; c"#);
        insta::assert_snapshot!(tokens("$$ b $"), @"open DollarString@0 $$ b $");
        insta::assert_snapshot!(tokens("/*/"), @"open Comment@0 /*/");
        insta::assert_snapshot!(tokens("'a''"), @"open String@0 'a''");
    }

    #[test]
    fn what_no_cql_knows_is_a_token_and_odd_blanks_are_blanks() {
        insta::assert_snapshot!(tokens("a\u{a0}é\u{feff}#$"), @"
        Word a
        Unknown é
        Unknown #
        Unknown $
        ");
    }
}
