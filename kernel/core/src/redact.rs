//! Masks the secrets in a cell's text, for whatever is kept of it: the history first of all.
//!
//! Pure, linear in the cell's length, and never fails. It reads the text place by place rather than step by step, because a
//! cell with a stray quote has no steps worth the name and its secrets are no less secret. When in doubt it masks more; what
//! it cannot know is a secret without any sign of being one, which [`Secret::mask_in`](crate::secret::Secret::mask_in) is for.
//!
//! These are masked:
//! - application tokens, `AstraCS:…`, wherever they stand;
//! - the values of options whose name says so: `--client-secret x`, `--password=x`; of a command also where the name is misspelt or has
//!   the value glued to it: `--secert x`, `-px`;
//! - the value of `PASSWORD`, and of any other name that says so where `=` or `:` follows: `HASHED PASSWORD = '…'`,
//!   `"secret": "…"`, `CASSANDRA_PASSWORD=…`;
//! - the password of `LOGIN user password`;
//! - the value of a `%param` whose name says so.

mod options;

use std::borrow::Cow;

use crate::cql::lexer::{Lexer, Open, TokenKind, is_blank, line_length};
use crate::text::{Span, floor_boundary};

/// What stands where a secret stood. It is no CQL, so a statement that is run again with it fails and sets nothing.
pub const MASK: &str = "<secret>";

/// What stands where a secret is only shown, as in a form. It says nothing of its length.
pub const DOTS: &str = "••••••••";

/// How many bytes of blanks and comments may stand between a name and its value. Beyond it, all is masked.
const REACH: usize = 4096;

/// The text with its secrets masked.
pub fn redact(cell: &str) -> Cow<'_, str> {
    cover(cell, secrets(cell))
}

/// Where the text has secrets, in no order.
pub fn secrets(cell: &str) -> Vec<Span> {
    let lower = cell.to_ascii_lowercase();
    let mut found = Vec::new();
    if !may_hold(cell, &lower) {
        return found;
    }
    tokens(cell, &lower, &mut found);
    for line in lines(cell) {
        options::mask(cell, line, &mut found);
        params(cell, line, &mut found);
    }
    named(cell, &mut found);
    found
}

/// Whether a text, or any part of it, is worth being searched for secrets.
pub(crate) fn may_hold_secrets(cell: &str) -> bool {
    may_hold(cell, &cell.to_ascii_lowercase())
}

/// The same of a text that is there in lower case too.
fn may_hold(cell: &str, lower: &str) -> bool {
    // An option of a command may be misspelt.
    let dashes = || cell.contains('-') || !cell.is_ascii();
    SIGNS.iter().any(|sign| lower.contains(sign))
        || (dashes() && lines(cell).any(|line| is_command(line.of(cell))))
}

/// Without any of these, in lower case, and without a command nothing is masked.
const SIGNS: &[&str] =
    &["astracs:", "credential", "key", "login", "pass", "pswd", "pw", "secret", "token", "-p"];

/// The text with its application tokens masked, and nothing else: for errors, in which a token can stand where a path or a name was
/// expected.
pub fn mask_tokens(text: &str) -> Cow<'_, str> {
    let lower = text.to_ascii_lowercase();
    let mut found = Vec::new();
    tokens(text, &lower, &mut found);
    cover(text, found)
}

/// `AstraCS:` and what follows it.
fn tokens(cell: &str, lower: &str, found: &mut Vec<Span>) {
    const PREFIX: &str = "astracs:";
    let ends = |c: char| is_blank(c) || is_quote(c) || ";,()[]{}<>`".contains(c);
    let mut done = 0;
    for (start, _) in lower.match_indices(PREFIX) {
        if start < done {
            continue;
        }
        let behind = start + PREFIX.len();
        done = cell[behind..].find(ends).map_or(cell.len(), |length| behind + length);
        if done > behind {
            found.push(Span::new(start, done));
        }
    }
}

/// Whether a line is a magic or a program's command line rather than CQL.
fn is_command(line: &str) -> bool {
    let line = line.trim_start_matches(is_blank);
    let word = &line[..line.find(|c: char| !is_word(c)).unwrap_or(line.len())];
    line.starts_with(['%', '!', '$']) || ["cqlbook", "cqlsh", "dsbulk", "export"].contains(&word)
}

/// The value of a `%param` with a telling name. Its line ends it, unless a quote is open there.
fn params(cell: &str, line: Span, found: &mut Vec<Span>) {
    const MAGIC: &str = "%param";
    let text = line.of(cell);
    let Some(magic) = text.find(MAGIC) else { return };
    let rest = text[magic + MAGIC.len()..].trim_start_matches(is_blank);
    let head_length = rest.find('=').or_else(|| rest.find(is_blank)).unwrap_or(rest.len());
    let head = &rest[..head_length];
    if !is_secret_param(head) {
        return;
    }
    let value = rest[head_length..].trim_start_matches(|c| c == '=' || is_blank(c));
    let start = line.end - value.len();
    let line_end = start + value.trim_end_matches(is_blank).len();
    let end = literal_end(cell, start).map_or(line_end, |end| line_end.max(end));
    if end > start {
        found.push(Span::new(start, end));
    }
}

/// Whether the name of a `%param` says that its value is a secret.
fn is_secret_param(name: &str) -> bool {
    let says = |name: &str| {
        let lower = name.to_ascii_lowercase();
        says_secret(name) || (lower.contains("key") && !lower.contains("keyspace"))
    };
    name.split(|c: char| !is_word(c)).any(says)
}

/// The value of a `%param` as it may be shown: dots for one whose name says that it is a secret, and an application token masked
/// whatever the name.
pub fn shown_param<'a>(name: &str, literal: &'a str) -> Cow<'a, str> {
    if is_secret_param(name) { Cow::Borrowed(DOTS) } else { mask_tokens(literal) }
}

/// The values behind names that say what they are, and behind `LOGIN user`.
///
/// Names inside a value are read too: a quote that stands astray makes one value of what is two.
fn named(cell: &str, found: &mut Vec<Span>) {
    let mut at = 0;
    let mut line_end = line_length(cell);
    // From here on, all is masked.
    let mut limit = cell.len();
    while let Some(start) = cell[at..].find(is_word).map(|offset| at + offset).filter(|start| *start < limit)
    {
        at = cell[start..].find(|c| !is_word(c)).map_or(cell.len(), |length| start + length);
        if start > line_end {
            line_end = at + line_length(&cell[at..]);
        }
        let name = Span::new(start, at);
        let secret = match name.of(cell) {
            word if says_secret(word) => value_of(cell, name),
            word if word.eq_ignore_ascii_case("login") => login(cell, name, line_end),
            _ => None,
        };
        let Some(Value { span, resume }) = secret else { continue };
        found.push(span);
        at = at.max(resume);
        if span.end == cell.len() {
            limit = limit.min(span.start);
        }
    }
}

/// A value, and where the search for others goes on.
struct Value {
    span: Span,
    resume: usize,
}

impl Value {
    fn of(name: Span, start: usize, end: usize) -> Option<Self> {
        (end > start).then_some(Self { span: Span::new(start, end), resume: name.end })
    }
}

/// The value that a telling name has: quoted behind `=`, `:` or, for `PASSWORD`, nothing; bare where that is likely.
fn value_of(cell: &str, name: Span) -> Option<Value> {
    let bytes = cell.as_bytes();
    // JSON inside a string may have its quotes escaped.
    let escape = usize::from(bytes.get(name.end) == Some(&b'\\'));
    let quoted_name = bytes.get(name.end + escape).is_some_and(|byte| b"'\"`".contains(byte));
    let behind = if quoted_name { name.end + escape + 1 } else { name.end };
    let everything = || Value::of(name, behind, cell.len());
    let Some(sign) = behind_trivia(cell, behind) else { return everything() };
    let sign_length = ["==", "=>", "!=", ":=", "=", ":"]
        .iter()
        .find_map(|sign_text| cell[sign..].starts_with(sign_text).then_some(sign_text.len()))
        .unwrap_or(0);
    if sign_length == 0 && (quoted_name || !name.of(cell).eq_ignore_ascii_case("password")) {
        return None;
    }
    let Some(value) = behind_trivia(cell, sign + sign_length) else { return everything() };
    // A comment before the value may hold the value of yesterday.
    let start = cell.len() - cell[sign + sign_length..].trim_start_matches(is_blank).len();
    if let Some(end) = literal_end(cell, value) {
        return Value::of(name, start, end);
    }
    let assigned = match &cell[sign..sign + sign_length] {
        "" => false,
        ":" => sign == behind && says_password(name.of(cell)),
        _ => says_password(name.of(cell)) || in_command(cell, name.start),
    };
    // `{`, `[` and `(` open something with names of its own; `?` and `:name` are bind markers.
    if !assigned || cell[value..].starts_with([':', '?', '{', '[', '(']) {
        return None;
    }
    let (plain, end) = bare_end(cell, value);
    Value::of(name, start, end).map(|found| Value { resume: plain, ..found })
}

/// Where the first thing behind blanks and comments stands; `None` where that cannot be seen.
fn behind_trivia(cell: &str, from: usize) -> Option<usize> {
    let reach = floor_boundary(cell, from.saturating_add(REACH));
    for token in Lexer::within(cell, Span::new(from, reach)) {
        match token.kind {
            kind if kind.is_trivia() => {}
            TokenKind::Unterminated { what: Open::Comment, .. } => return None,
            _ => return Some(token.span.start),
        }
    }
    (reach == cell.len()).then_some(reach)
}

/// Whether the line of a place is a command. A line too long to look at is taken for one.
fn in_command(cell: &str, at: usize) -> bool {
    let from = floor_boundary(cell, at.saturating_sub(REACH));
    match cell[from..at].rfind(is_line_end) {
        Some(line_end) => is_command(&cell[from + line_end + 1..at]),
        None => from > 0 || is_command(&cell[..at]),
    }
}

/// The end of the quoted text that stands at byte `start`, if one does.
///
/// What is glued to its closing quote belongs to it: `'it's secret'` is one secret of a person in a hurry.
fn literal_end(cell: &str, start: usize) -> Option<usize> {
    let start = start + usize::from(cell[start..].starts_with('\\'));
    let first = cell[start..].chars().next()?;
    if TYPOGRAPHIC.contains(&first) {
        return Some(closed_by(cell, start + first.len_utf8(), |c| TYPOGRAPHIC.contains(&c)));
    }
    if !(is_quote(first) || cell[start..].starts_with("$$")) {
        return None;
    }
    let mut end = Lexer::within(cell, Span::new(start, cell.len())).next()?.span.end;
    let glued = |end: usize| {
        let rest = &cell[end..];
        let apart = |c| is_blank(c) || ";,)]}\\".contains(c);
        first != '$'
            && !rest.is_empty()
            && !rest.starts_with(apart)
            && !COMMENTS.iter().any(|mark| rest.starts_with(mark))
    };
    let mut pieces = 0;
    while glued(end) {
        pieces += 1;
        if pieces > PIECES {
            return Some(cell.len());
        }
        end = closed_by(cell, end, |c| c == first);
    }
    Some(end)
}

/// How many pieces with quotes between them may be one value. Beyond it, all is masked.
const PIECES: usize = 16;

/// The end of what a mark closes: behind the mark, or where the line ends before it.
fn closed_by(cell: &str, from: usize, closes: impl Fn(char) -> bool) -> usize {
    let mark = cell[from..].char_indices().find(|(_, c)| closes(*c) || is_line_end(*c));
    mark.map_or(cell.len(), |(at, c)| from + at + if is_line_end(c) { 0 } else { c.len_utf8() })
}

/// How comments begin.
const COMMENTS: [&str; 3] = ["--", "//", "/*"];

/// Where the first quote in a value without quotes stands, or its end, and then its end: the next blank outside quotes, less the
/// marks that end a statement or a list.
fn bare_end(cell: &str, start: usize) -> (usize, usize) {
    let mut end = start;
    let mut plain = None;
    while let Some(next) = cell[end..].chars().next().filter(|c| !is_blank(*c)) {
        let quoted = if is_quote(next) { literal_end(cell, end) } else { None };
        if quoted.is_some() {
            plain.get_or_insert(end);
        }
        end = quoted.unwrap_or(end + next.len_utf8());
    }
    let plain = plain.unwrap_or(end);
    (plain, start + cell[start..end].trim_end_matches([';', ',', ')', ']', '}']).len())
}

/// The password of a `LOGIN` that starts a command in the line that ends at `line_end`.
fn login(cell: &str, verb: Span, line_end: usize) -> Option<Value> {
    let in_line = |c: char| is_blank(c) && !is_line_end(c);
    let before = cell[..verb.start].trim_end_matches(in_line);
    if !(before.is_empty() || before.ends_with("*/") || before.ends_with([';', '\n', '\r'])) {
        return None;
    }
    let rest = &cell[verb.end..line_end];
    let user = rest.trim_start_matches(is_blank);
    if user.len() == rest.len() && !user.starts_with(is_quote) {
        return None;
    }
    let ends = match user.chars().next()? {
        quote if is_quote(quote) => {
            user.char_indices().skip(1).find(|(_, c)| *c == quote).map_or(0, |(at, _)| at + quote.len_utf8())
        }
        _ => user.find(|c| is_blank(c) || is_quote(c) || ";,=(".contains(c)).unwrap_or(user.len()),
    };
    let (user, password) = user.split_at(ends);
    let password = password.trim_start_matches(is_blank);
    // A column called `login` on a line of its own, such as `login text PRIMARY KEY,`, or an option `LOGIN = true`.
    let column = ["", "primary key", "static"].iter().any(|words| {
        let start = password.get(..words.len()).filter(|start| start.eq_ignore_ascii_case(words));
        let mut behind = password[start.map_or(0, str::len)..].chars();
        let ends = |c: Option<char>| c.is_none_or(|c| is_blank(c) || ",);".contains(c));
        start.is_some() && behind.next().is_none_or(|c| ",)".contains(c)) && ends(behind.next())
    }) || ["as", "and", "in", "is", "from", "like", "contains"]
        .iter()
        .any(|word| user.eq_ignore_ascii_case(word));
    let nobody = user.is_empty() && !password.starts_with(is_quote);
    if column || nobody || password.starts_with(';') {
        return None;
    }
    let start = line_end - password.len();
    let end = match literal_end(cell, start) {
        Some(end) if cell[end..].trim_start_matches(in_line).starts_with(';') => end,
        _ => start + password.trim_end_matches(is_blank).len(),
    };
    Value::of(verb, start, end)
}

/// Whether a name says that its value is a secret: `db_password`, `clientSecret`, `token2`, `API_KEY`.
fn says_secret(name: &str) -> bool {
    const ENDINGS: &[&str] = &[
        "token",
        "tokens",
        "secret",
        "secrets",
        "credential",
        "credentials",
        "secretkey",
        "apikey",
        "accesskey",
        "privatekey",
    ];
    let lower = name.to_ascii_lowercase();
    // Of `COPY`: places on the ring, and what was typed there is to be seen.
    if matches!(lower.as_str(), "begintoken" | "endtoken") {
        return false;
    }
    let says = |part: &str| {
        let part = part.trim_end_matches(|c: char| c.is_ascii_digit());
        ENDINGS.iter().any(|ending| part.ends_with(ending))
    };
    says_password(name) || lower.split(['_', '-']).any(says) || says(&lower.replace(['_', '-'], ""))
}

/// Whether a name says that its value is a password.
fn says_password(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    ["password", "passwd", "passphrase", "passcode", "pwd", "pswd"].iter().any(|word| lower.contains(word))
        || lower.split(['_', '-']).any(|part| ["pass", "pw"].contains(&part))
}

/// Quotes that a text editor or a chat makes of plain ones.
pub(crate) const TYPOGRAPHIC: [char; 6] = ['‘', '’', '‚', '“', '”', '„'];

pub(crate) fn is_quote(c: char) -> bool {
    matches!(c, '\'' | '"') || TYPOGRAPHIC.contains(&c)
}

fn is_dash(c: char) -> bool {
    matches!(c, '-' | '–' | '—')
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

fn is_line_end(c: char) -> bool {
    matches!(c, '\n' | '\r')
}

/// The lines of a text, without their ends.
fn lines(text: &str) -> impl Iterator<Item = Span> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = text.get(at..).filter(|rest| !rest.is_empty())?;
        let line = Span::new(at, at + line_length(rest));
        at = line.end + 1;
        Some(line)
    })
}

/// The text with masks in place of the spans.
fn cover(text: &str, mut spans: Vec<Span>) -> Cow<'_, str> {
    if spans.is_empty() {
        return Cow::Borrowed(text);
    }
    spans.sort_unstable();
    let mut masked = String::with_capacity(text.len());
    let mut done = 0;
    let mut covered = None;
    for span in spans {
        // Spans that overlap or touch are one secret.
        if covered.is_none_or(|end| span.start > end) {
            masked.push_str(Span::new(done, span.start).of(text));
            masked.push_str(MASK);
        }
        done = done.max(span.end);
        covered = Some(done);
    }
    masked.push_str(Span::new(done, text.len()).of(text));
    Cow::Owned(masked)
}

#[cfg(test)]
mod tests;
