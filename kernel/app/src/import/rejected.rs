//! The file of what could not be loaded. It appears only when complete; the source is read a second time for it.
//!
//! The rule: it can be loaded again by the same line as its source. So it has the source's own first line and the rows as they
//! stand there, and each reason is a line that no load takes for a row (see [`super::marked`]). A file of columns is set aside as
//! CSV. A file of this name that we did not write, or that somebody has corrected, stays as it is; where cqlsh's way is asked
//! for, a file that is there is moved away, and never replaced.

use std::cell::RefCell;
use std::fs;
use std::io::{self, BufRead, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use cqlbook_analysis::separated::{Dialect, Fields, Records};

use super::journal::create;
use super::marked::{self, Seal};
use super::outcome::LoadError;
use super::plan::Goal;
use super::source::{Format, Original, Source, Spec, Titles};
use super::tally::Rejection;

/// How rejected rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Each below its reason, and below the first line of the source.
    Reasons,
    /// As they are: cqlsh's way.
    Bare,
}

/// Where the rejected lines of `path` go where nothing else is said: `FILE.rejected` beside it.
pub(super) fn path_for(path: &Path) -> PathBuf {
    beside(path, ".rejected")
}

/// The file's path with more behind its name.
pub(crate) fn beside(path: &Path, more: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(more);
    path.with_file_name(name)
}

/// Removes what an earlier load of the same file left at `target`, if nobody has touched it.
pub(super) fn clear(target: &Path) {
    if marked::is_ours(target) {
        let _ = fs::remove_file(target);
    }
}

/// Where rejected rows are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kept {
    /// Their file.
    pub(crate) file: PathBuf,
    /// What the file that had its name before is called now.
    pub(crate) moved: Option<PathBuf>,
}

/// Writes the rejected rows, in the order of their numbers, to `target`. Where something is there, reasons go to the next free
/// name, unless it is ours; bare rows take its place, and it has a free name of its own afterwards.
pub(super) fn write(
    spec: &Spec,
    goals: &[Goal],
    rejections: &[Rejection],
    form: Form,
    target: &Path,
) -> Result<Kept, LoadError> {
    let target = match form {
        Form::Bare => target.to_owned(),
        Form::Reasons => free(target),
    };
    let unfinished = beside(&target, ".part");
    let outcome = write_to(spec, goals, rejections, form, &unfinished).and_then(|()| {
        let failed = |source| LoadError::Rejected { path: target.clone(), source };
        let moved = if form == Form::Bare { moved_away(&target).map_err(failed)? } else { None };
        fs::rename(&unfinished, &target).map_err(failed)?;
        Ok(moved)
    });
    if outcome.is_err() {
        // Nothing half-written stays; the write's own failure is what is reported.
        let _ = fs::remove_file(&unfinished);
    }
    match outcome {
        Ok(moved) => Ok(Kept { file: target, moved }),
        // The name that the user knows, and not that of the unfinished one.
        Err(LoadError::Rejected { source, .. }) => Err(LoadError::Rejected { path: target, source }),
        Err(other) => Err(other),
    }
}

/// The first of `target`, `target.2`, … where nothing is, or what we wrote.
fn free(target: &Path) -> PathBuf {
    first_of(target, |path| is_nothing(path) || marked::is_ours(path)).unwrap_or_else(|| target.to_owned())
}

/// The first of `name`, `name.2`, … of which this is true.
fn first_of(name: &Path, is_it: impl Fn(&Path) -> bool) -> Option<PathBuf> {
    let numbered = (2..100).map(|number| beside(name, &format!(".{number}")));
    std::iter::once(name.to_owned()).chain(numbered).find(|path| is_it(path))
}

fn is_nothing(path: &Path) -> bool {
    fs::symlink_metadata(path).is_err()
}

/// Gives what is at `target` a free name, which begins as the one that cqlsh would give it.
fn moved_away(target: &Path) -> io::Result<Option<PathBuf>> {
    if !fs::symlink_metadata(target).is_ok_and(|metadata| !metadata.is_dir()) {
        return Ok(None);
    }
    let name = beside(target, &jiff::Zoned::now().strftime(".%Y%m%d_%H%M%S").to_string());
    let free = first_of(&name, is_nothing).ok_or(io::ErrorKind::AlreadyExists)?;
    fs::rename(target, &free)?;
    Ok(Some(free))
}

fn write_to(
    spec: &Spec,
    goals: &[Goal],
    rejections: &[Rejection],
    form: Form,
    target: &Path,
) -> Result<(), LoadError> {
    let failed = |source| LoadError::Rejected { path: target.to_owned(), source };
    let file = create(target).map_err(failed)?;
    let mut out = BufWriter::new(Summed { file, sum: marked::SUM });
    let seal = (form == Form::Reasons).then(|| Seal::new(target));
    if let Some(seal) = &seal {
        let name = spec.path.file_name().unwrap_or_default().to_string_lossy();
        let head = seal.head(&name, rejections.len());
        out.write_all(head.as_bytes()).map_err(failed)?;
    }
    let mut rows = Rows::open(spec)?;
    if form == Form::Reasons {
        out.write_all(&rows.head).map_err(failed)?;
    }
    let mut left = rejections.iter().peekable();
    let mut number = 0;
    let mut raw = Vec::new();
    while left.peek().is_some() && rows.next(&mut raw)? {
        if let Some(rejection) = left.next_if(|rejection| rejection.number == number) {
            let formless = rows.finish(&mut raw, goals).err();
            if let Some(seal) = &seal {
                let alone = formless.as_ref().map(|why| format!(". Its row stands in the file alone: {why}"));
                let reason = format!("{}{}", rejection.reason, alone.unwrap_or_default());
                out.write_all(seal.reason(rejection.line, &reason).as_bytes()).map_err(failed)?;
            }
            if formless.is_none() {
                out.write_all(&raw).map_err(failed)?;
                out.write_all(b"\n").map_err(failed)?;
            }
        }
        number += 1;
    }
    // The source has fewer rows than when it was loaded.
    match left.len() {
        0 => {}
        missing => return Err(LoadError::Changed(missing as u64)),
    }
    let mut out = out.into_inner().map_err(|error| failed(error.into_error()))?;
    if seal.is_some() {
        out.seal().map_err(failed)?;
    }
    Ok(())
}

/// A file, and a sum over what was written to it.
struct Summed {
    file: fs::File,
    sum: u64,
}

impl Write for Summed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let length = self.file.write(bytes)?;
        self.sum = marked::add(self.sum, &bytes[..length]);
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Summed {
    /// Puts the sum into the first line.
    fn seal(&mut self) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(marked::SUM_AT as u64))?;
        self.file.write_all(marked::shown(self.sum).as_bytes())
    }
}

/// The rows of a source as they stand in it.
struct Rows {
    /// The first line, if it is no row; with its end.
    head: Vec<u8>,
    kind: Kind,
}

enum Kind {
    /// What was read lies on the tape.
    Csv(Records<Taped>, Fields, Rc<RefCell<Vec<u8>>>),
    Other(Box<dyn Source>),
}

impl Rows {
    fn open(spec: &Spec) -> Result<Self, LoadError> {
        if spec.format != Format::Csv {
            let mut head = Vec::new();
            if let (Format::Parquet | Format::Arrow, Titles::Names(titles)) = (spec.format, spec.titles()?) {
                line(&mut head, titles.iter().map(String::as_bytes).map(Some), Dialect::default());
                head.push(b'\n');
            }
            return Ok(Self { head, kind: Kind::Other(spec.open(&Arc::default())?) });
        }
        let tape = Rc::new(RefCell::new(Vec::new()));
        let (input, dialect, first) = spec.separated(&Arc::default())?;
        let input = Taped { input, tape: Rc::clone(&tape) };
        let mut records = Records::new(input, dialect, first);
        let (mut fields, mut head) = (Fields::default(), Vec::new());
        if spec.header {
            records.read(&mut fields)?;
            take(&tape, &mut head);
            head.push(b'\n');
        }
        if dialect.delimiter != spec.dialect.delimiter {
            // The line that named another one.
            head.splice(0..0, [b"sep=".as_slice(), &[dialect.delimiter, b'\n']].concat());
        }
        Ok(Self { head, kind: Kind::Csv(records, fields, tape) })
    }

    /// Steps to the next row, and puts it into `raw` where that costs nothing; false at the end.
    fn next(&mut self, raw: &mut Vec<u8>) -> Result<bool, LoadError> {
        match &mut self.kind {
            Kind::Csv(records, fields, tape) => {
                tape.borrow_mut().clear();
                let is_there = records.read(fields)?.is_some();
                if is_there {
                    take(tape, raw);
                }
                Ok(is_there)
            }
            Kind::Other(source) => Ok(source.next()?.is_some()),
        }
    }

    /// Puts the row into `raw`, if it is not there yet; or says why it cannot be written.
    fn finish(&self, raw: &mut Vec<u8>, goals: &[Goal]) -> Result<(), String> {
        let Kind::Other(source) = &self.kind else { return Ok(()) };
        raw.clear();
        match source.original(goals) {
            Original::Line(row) => raw.extend_from_slice(row),
            Original::Fields(fields) => {
                line(raw, fields.iter().map(|field| field.as_deref()), Dialect::default());
            }
            Original::Formless(why) => return Err(why),
        }
        Ok(())
    }
}

/// Moves what was read from the tape, without the ends of lines around it and a mark of the encoding.
fn take(tape: &Rc<RefCell<Vec<u8>>>, raw: &mut Vec<u8>) {
    let tape = std::mem::take(&mut *tape.borrow_mut());
    let read = tape.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&tape);
    let is_end = |byte: &u8| matches!(byte, b'\n' | b'\r');
    let start = read.iter().position(|byte| !is_end(byte)).unwrap_or(read.len());
    let end = read.iter().rposition(|byte| !is_end(byte)).map_or(start, |last| last + 1);
    raw.clear();
    raw.extend_from_slice(&read[start..end.max(start)]);
}

/// An input that keeps what was read of it.
struct Taped {
    input: Box<dyn BufRead + Send>,
    tape: Rc<RefCell<Vec<u8>>>,
}

impl Read for Taped {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.input.read(buffer)?;
        self.tape.borrow_mut().extend_from_slice(&buffer[..length]);
        Ok(length)
    }
}

impl BufRead for Taped {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.input.fill_buf()
    }

    fn consume(&mut self, used: usize) {
        if let Ok(buffer) = self.input.fill_buf() {
            self.tape.borrow_mut().extend_from_slice(&buffer[..used.min(buffer.len())]);
        }
        self.input.consume(used);
    }
}

/// Writes fields as a line in their dialect, in quotes where they need them; null is an empty field.
fn line<'a>(out: &mut Vec<u8>, fields: impl Iterator<Item = Option<&'a [u8]>>, dialect: Dialect) {
    let Dialect { delimiter, quote, escape, .. } = dialect;
    for (place, field) in fields.enumerate() {
        if place > 0 {
            out.push(delimiter);
        }
        let special = |byte: &u8| {
            matches!(*byte, b'\n' | b'\r') || *byte == delimiter || *byte == quote || Some(*byte) == escape
        };
        let Some(field) = field else { continue };
        if !field.is_empty() && !field.iter().any(special) {
            out.extend_from_slice(field);
            continue;
        }
        out.push(quote);
        for &byte in field {
            if byte == quote || Some(byte) == escape {
                out.push(escape.unwrap_or(quote));
            }
            out.push(byte);
        }
        out.push(quote);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_there_is_moved_to_a_free_name() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("e.err");
        assert_eq!(moved_away(&target).unwrap(), None);
        let mut names = Vec::new();
        for number in 0..3 {
            fs::write(&target, number.to_string()).unwrap();
            let moved = moved_away(&target).unwrap().unwrap();
            assert_eq!(fs::read_to_string(&moved).unwrap(), number.to_string());
            assert!(!target.exists() && !names.contains(&moved), "{moved:?}");
            names.push(moved);
        }
        fs::create_dir(&target).unwrap();
        assert_eq!(moved_away(&target).unwrap(), None, "a folder stays");
    }
}
