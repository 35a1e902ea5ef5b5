//! Places in a text: byte spans, and the line and column a person would name.
//!
//! All offsets are bytes. Unicode code points exist only in Jupyter requests; `cqlbook-wire` converts them.

/// A half-open range of bytes of a cell's source, always on character boundaries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// A span from `start` up to, not including, `end`.
    pub const fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// The text the span covers, empty where it does not fit `source`.
    pub fn of<'a>(&self, source: &'a str) -> &'a str {
        source.get(self.start..self.end).unwrap_or_default()
    }

    /// The same span moved `by` bytes to the right.
    pub const fn shifted(self, by: usize) -> Self {
        Self::new(self.start + by, self.end + by)
    }
}

/// A place in a text as a person names it, both counted from one, the column in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The line, from one.
    pub line: usize,
    /// The column in characters (not bytes), from one.
    pub column: usize,
}

impl Position {
    /// The position of byte `offset` in `source`; one past the end for an offset beyond it.
    pub fn of(source: &str, offset: usize) -> Self {
        Positions::default().at(source, offset)
    }
}

/// The positions of places in one text, asked for one after the other: what lies before a place is read once, so that all
/// places of a text together cost one pass over it.
#[derive(Debug, Clone)]
pub struct Positions {
    /// Whether the text holds what is to be masked; `None` until it was looked through.
    pub(crate) has_secrets: Option<bool>,
    /// How far the text was read, and where that is.
    offset: usize,
    position: Position,
    /// The first byte of the line.
    line_start: usize,
}

impl Default for Positions {
    fn default() -> Self {
        Self { offset: 0, position: Position { line: 1, column: 1 }, line_start: 0, has_secrets: None }
    }
}

impl Positions {
    /// The position of byte `offset` in `source`, which is the same text each time. One before the last is read for anew.
    pub fn at(&mut self, source: &str, offset: usize) -> Position {
        let offset = floor_boundary(source, offset);
        if offset < self.offset {
            *self = Self::default();
        }
        let passed = source.get(self.offset..offset).unwrap_or_default();
        if let Some(newline) = passed.rfind('\n') {
            self.position.line += passed.bytes().filter(|&byte| byte == b'\n').count();
            self.position.column = passed[newline + 1..].chars().count() + 1;
            self.line_start = self.offset + newline + 1;
        } else {
            self.position.column += passed.chars().count();
        }
        self.offset = offset;
        self.position
    }

    /// The first byte of the line that the last position is in.
    pub fn line_start(&self) -> usize {
        self.line_start
    }
}

/// The last character boundary at or before byte `offset`, the text's end for an offset beyond it.
pub fn floor_boundary(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}
