//! Reads the steps of a file part by part, so that a file of any size is never held as a whole.
//!
//! The caller pushes bytes as they come, runs the steps that are complete, and lets them go. A step is held back
//! until others follow it, for only then is it known where it ends.

use super::{Step, steps};
use crate::diagnostic::{Diagnostic, Origin};
use crate::text::{Position, Span};

/// The fewest bytes worth asking for.
const LEAST: usize = 64 * 1024;

/// The steps of a text that comes in parts.
#[derive(Debug, Default)]
pub struct Feed {
    /// What has not been let go.
    text: String,
    /// Bytes at its end that are no whole character yet.
    rest: Vec<u8>,
    /// Lines, and characters of the first line, that were let go.
    lines: usize,
    columns: usize,
}

/// Bytes that are no UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("line {line} is no text in UTF-8")]
pub struct NotText {
    /// The line they are in.
    pub line: usize,
}

impl Feed {
    /// How many bytes to push next: as many as are held, so that what is read again grows with what is read.
    pub fn wants(&self) -> usize {
        self.text.len().max(LEAST)
    }

    /// Takes the next bytes of the text.
    ///
    /// # Errors
    /// [`NotText`]; nothing of `bytes` is taken then.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), NotText> {
        self.rest.extend_from_slice(bytes);
        let whole = match std::str::from_utf8(&self.rest) {
            Ok(_) => self.rest.len(),
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            Err(error) => return Err(self.not_text(error.valid_up_to())),
        };
        let rest = self.rest.split_off(whole);
        let whole = std::mem::replace(&mut self.rest, rest);
        // Valid as was just seen: nothing is replaced.
        self.text.push_str(&String::from_utf8_lossy(&whole));
        Ok(())
    }

    /// The steps that are surely complete, or all of them once the text has `ended`, with how much of the text they take.
    ///
    /// # Errors
    /// [`NotText`] where the text ends within a character.
    pub fn steps(&self, ended: bool) -> Result<(Vec<Step>, usize), NotText> {
        let mut found = steps(&self.text, Span::new(0, self.text.len()));
        if ended {
            if !self.rest.is_empty() {
                return Err(self.not_text(0));
            }
            return Ok((found, self.text.len()));
        }
        // Two, because the second line of a `COPY` looks like a step of its own until it is whole.
        found.truncate(found.len().saturating_sub(2));
        // The `;` behind the last complete step stays, and with it what is known of the line that follows.
        let taken = found.last().map_or(0, |step| step.span.end);
        Ok((found, taken))
    }

    /// The text that the steps' spans point into.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The line of the whole text that byte `offset` of [`Feed::text`] is in.
    pub fn line(&self, offset: usize) -> usize {
        self.lines + Position::of(&self.text, offset).line
    }

    /// Lets the first `taken` bytes go.
    pub fn let_go(&mut self, taken: usize) {
        let Position { line, column } = Position::of(&self.text, taken);
        let before = if line == 1 { self.columns } else { 0 };
        self.lines += line - 1;
        self.columns = before + column - 1;
        self.text.drain(..crate::text::floor_boundary(&self.text, taken));
    }

    /// The failure with its place in the file called `name`, which points into the text held now.
    pub fn place(&self, mut diagnostic: Diagnostic, name: &str) -> Diagnostic {
        let span = diagnostic.span.unwrap_or(Span::new(0, 0));
        // Its line is enough to be shown.
        let start = self.text[..crate::text::floor_boundary(&self.text, span.start)]
            .rfind('\n')
            .map_or(0, |newline| newline + 1);
        let line = self.text[start..].lines().next().unwrap_or_default();
        diagnostic.span =
            diagnostic.span.map(|span| Span::new(span.start - start, span.end.max(start) - start));
        diagnostic.with_origin(Origin {
            name: name.to_owned(),
            text: line.to_owned(),
            lines_before: self.line(start) - 1,
            columns_before: if start == 0 { self.columns } else { 0 },
            run_by: Vec::new(),
        })
    }

    fn not_text(&self, valid: usize) -> NotText {
        let newlines = |bytes: &[u8]| bytes.iter().filter(|byte| **byte == b'\n').count();
        NotText { line: self.lines + 1 + newlines(self.text.as_bytes()) + newlines(&self.rest[..valid]) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::cell::StepKind;
    use crate::diagnostic::Code;

    /// Each step's text and line, read in parts of `size` bytes.
    fn read(source: &str, size: usize) -> Vec<(usize, String)> {
        let mut feed = Feed::default();
        let mut found = Vec::new();
        let mut parts = source.as_bytes().chunks(size).peekable();
        loop {
            let part = parts.next();
            feed.push(part.unwrap_or_default()).unwrap();
            let (steps, taken) = feed.steps(part.is_none()).unwrap();
            for step in steps {
                let broken = if matches!(step.kind, StepKind::Broken(_)) { "broken " } else { "" };
                found.push((feed.line(step.span.start), format!("{broken}{}", step.span.of(feed.text()))));
            }
            feed.let_go(taken);
            if part.is_none() {
                return found;
            }
        }
    }

    #[test]
    fn steps_come_as_soon_as_they_are_complete() {
        let source = "-- one\nSELECT 'é;\n';\n\nCONSISTENCY ONE\nSELECT 2; %more\n%more\nBEGIN BATCH INSERT 1; APPLY BATCH;\nSELECT 3";
        let expected = [
            (2, "SELECT 'é;\n'"),
            (5, "CONSISTENCY ONE"),
            (6, "SELECT 2"),
            (6, "broken %more"),
            (7, "%more"),
            (8, "BEGIN BATCH INSERT 1; APPLY BATCH"),
            (9, "SELECT 3"),
        ];
        let expected: Vec<_> = expected.iter().map(|(line, text)| (*line, (*text).to_owned())).collect();
        for size in [1, 2, 3, 7, 1000] {
            assert_eq!(read(source, size), expected, "in parts of {size}");
        }
    }

    #[test]
    fn a_failure_is_placed_in_its_file() {
        let mut feed = Feed::default();
        feed.push(b"SELECT 1;\nSELECT 2; SELEC 3; SELECT 4;\nSELECT 5;").unwrap();
        let (steps, _) = feed.steps(false).unwrap();
        feed.let_go(steps[1].span.end);
        let (steps, _) = feed.steps(true).unwrap();
        let placed = feed.place(Diagnostic::new(Code::SyntaxError, "No.").with_span(steps[0].span), "a.cql");
        let origin = placed.origin.unwrap();
        assert_eq!(
            (origin.text.as_str(), origin.lines_before, origin.columns_before),
            ("; SELEC 3; SELECT 4;", 1, 8)
        );
        assert_eq!(placed.span.unwrap().of(&origin.text), "SELEC 3");
    }

    #[test]
    fn what_is_no_text_is_told_with_its_line() {
        let mut feed = Feed::default();
        feed.push(b"SELECT 1;\n\xc3").unwrap();
        assert_eq!(feed.steps(true).unwrap_err(), NotText { line: 2 });
        assert_eq!(feed.push(b"\n").unwrap_err(), NotText { line: 2 });
    }

    #[test]
    fn a_statement_of_any_length_is_read_in_linear_work() {
        let source = format!("INSERT INTO t (a) VALUES ('{}')", "it''s; ".repeat(500_000));
        let mut feed = Feed::default();
        let (mut at, mut split) = (0, 0);
        loop {
            let part = &source.as_bytes()[at..source.len().min(at + feed.wants())];
            at += part.len();
            feed.push(part).unwrap();
            split += feed.text().len();
            let (steps, taken) = feed.steps(part.is_empty()).unwrap();
            feed.let_go(taken);
            if part.is_empty() {
                assert_eq!(steps.len(), 1);
                break;
            }
        }
        assert!(split <= 4 * source.len(), "{split} bytes were split for {}", source.len());
    }

    proptest! {
        #[test]
        fn parts_make_no_difference(source in "(SELECT 'a;b'|SELECT é|;|; |\n|HELP|%more|COPY t TO|BEGIN BATCH|APPLY BATCH|-- c|/\\*|\\*/|\\$\\$|\"){0,12}", size in 1..9_usize) {
            prop_assert_eq!(read(&source, size), read(&source, 10_000));
        }
    }
}
