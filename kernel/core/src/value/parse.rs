//! A CQL literal, taken apart: words, quoted strings and the brackets around them.

use super::forms::{Forms, Notes};

/// Reads a literal from left to right.
pub(super) struct Cursor<'a> {
    text: &'a str,
    at: usize,
    /// The forms of the file that the literal stands in; `None` for a literal of CQL itself.
    pub(super) forms: Option<&'a Forms>,
    /// What is to be told of the values so far.
    pub(super) notes: Notes,
    /// Whether the values stand inside of another one.
    pub(super) inside: bool,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str, forms: Option<&'a Forms>) -> Self {
        Self { text, at: 0, forms, notes: Notes::default(), inside: false }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn skip_space(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    /// Whether nothing but space is left.
    pub(super) fn at_end(&mut self) -> bool {
        self.skip_space();
        self.rest().is_empty()
    }

    /// Whether `mark` comes next.
    pub(super) fn at(&mut self, mark: char) -> bool {
        self.skip_space();
        self.rest().starts_with(mark)
    }

    /// Steps over `mark` if it comes next.
    pub(super) fn take(&mut self, mark: char) -> bool {
        let found = self.at(mark);
        if found {
            self.at += mark.len_utf8();
        }
        found
    }

    /// Whether a quoted string comes next.
    pub(super) fn at_string(&mut self) -> bool {
        self.skip_space();
        self.rest().starts_with('\'') || self.rest().starts_with("$$")
    }

    /// A string in quotes (`'it''s'`) or between `$$`; `None` where there is none or it does not end.
    pub(super) fn string(&mut self) -> Option<String> {
        self.skip_space();
        if let Some(body) = self.rest().strip_prefix("$$") {
            let length = body.find("$$")?;
            self.at += length + 4;
            return Some(body[..length].to_owned());
        }
        self.delimited('\'')
    }

    /// A field's name, quoted or not; an unquoted one is lower case then. In single quotes it is what a JSON object's key
    /// becomes, and is taken as it stands.
    pub(super) fn name(&mut self) -> Option<String> {
        self.skip_space();
        if let Some(mark) = self.rest().chars().next().filter(|first| matches!(first, '"' | '\'')) {
            return self.delimited(mark);
        }
        let word = self.word();
        (!word.is_empty()).then(|| word.to_lowercase())
    }

    /// Text between two of `mark`, where a doubled one stands for itself.
    fn delimited(&mut self, mark: char) -> Option<String> {
        let mut rest = self.rest().strip_prefix(mark)?;
        let mut value = String::new();
        loop {
            let (piece, tail) = rest.split_once(mark)?;
            value.push_str(piece);
            match tail.strip_prefix(mark) {
                Some(more) => {
                    value.push(mark);
                    rest = more;
                }
                None => {
                    self.at = self.text.len() - tail.len();
                    return Some(value);
                }
            }
        }
    }

    /// Everything up to a space, a bracket, a comma or a quote: a number, a uuid, `true`. A colon ends it only where
    /// `true` would: uuids, blobs and numbers have none, so a map's key ends there too.
    pub(super) fn word(&mut self) -> &'a str {
        self.skip_space();
        let rest = self.rest();
        let length = rest
            .find(|c: char| {
                c.is_whitespace() || matches!(c, ',' | ':' | '[' | ']' | '{' | '}' | '(' | ')' | '\'' | '"')
            })
            .unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    /// Steps over a colon and the word behind it, if that begins with a digit: a further part of a time of day.
    fn step_over_part(&mut self) -> bool {
        let rest = self.rest().strip_prefix(':');
        let is_next = rest.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        if is_next {
            self.at += 1;
            self.word();
        }
        is_next
    }

    /// A duration: a word, where the form `P0001-02-03T04:05:06` has colons of its own.
    pub(super) fn duration(&mut self) -> &'a str {
        let word = self.word();
        let start = self.at - word.len();
        if word.trim_start_matches('-').starts_with(['P', 'p']) && word[1..].contains('-') {
            while self.step_over_part() {}
        }
        &self.text[start..self.at]
    }

    /// Steps over `text` if it comes next as a word of its own.
    pub(super) fn word_is(&mut self, text: &str) -> bool {
        let before = self.at;
        if self.word() == text {
            return true;
        }
        self.at = before;
        false
    }

    /// Steps over one of these words if it comes next, whatever its case and whatever is in it; gives its place.
    pub(super) fn one_of(&mut self, words: [&str; 2]) -> Option<usize> {
        self.skip_space();
        let rest = self.rest();
        let ends = |length: usize| {
            let next = rest[length..].chars().next();
            next.is_none_or(|c| c.is_whitespace() || matches!(c, ',' | ':' | ']' | '}' | ')'))
        };
        let is_next = |word: &str| {
            !word.is_empty()
                && rest.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
                && ends(word.len())
        };
        // The longer one, where one begins with the other.
        let places = if words[0].len() < words[1].len() { [1, 0] } else { [0, 1] };
        let place = places.into_iter().find(|place| is_next(words[*place]))?;
        self.at += words[place].len();
        Some(place)
    }

    /// A time of day without quotes, as cqlsh writes it inside of a collection: a word with two colons of its own.
    pub(super) fn clock(&mut self) -> &'a str {
        let start = self.at + (self.rest().len() - self.left().len());
        self.word();
        for _ in 0..2 {
            self.step_over_part();
        }
        &self.text[start..self.at]
    }

    /// Whether nothing stands in a field's place. In a file that is null.
    pub(super) fn at_gap(&mut self) -> bool {
        self.forms.is_some() && [',', '}', ')', ']'].into_iter().any(|mark| self.at(mark))
    }

    /// A field's name as a file has it: in quotes, or all that is in front of the colon.
    pub(super) fn bare_name(&mut self) -> Option<&'a str> {
        self.skip_space();
        let rest = self.rest();
        if rest.starts_with(['"', '\'']) {
            return None;
        }
        let length = rest.find([':', ',', '}'])?;
        self.at += length;
        Some(rest[..length].trim_end())
    }

    /// Steps over `null`, or what stands for it in the file, if it comes next as a word of its own.
    pub(super) fn null(&mut self) -> bool {
        let before = self.at;
        let marker = self.forms.and_then(|forms| forms.null.as_deref()).filter(|_| self.inside);
        let word = self.word();
        // cqlsh writes `None` for a null inside of a tuple. Text is in quotes, so that no value is lost by it.
        let is_cqlshs = self.inside && self.forms.is_some() && word == "None";
        if word.eq_ignore_ascii_case("null") || is_cqlshs {
            return true;
        }
        if let Some(marker) = marker.filter(|marker| !marker.is_empty())
            && word == marker
        {
            return true;
        }
        self.at = before;
        false
    }

    /// What is left, for a message.
    pub(super) fn left(&mut self) -> &'a str {
        self.skip_space();
        self.rest()
    }
}
