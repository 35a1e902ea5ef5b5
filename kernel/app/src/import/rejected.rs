//! The file of what could not be loaded. It appears only when complete; the source is read a second time for it.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::dialect::Dialect;
use super::outcome::LoadError;
use super::source::{Original, Source, Spec, Titles};
use super::tally::Rejection;

/// How rejected rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Each with its line and the reason.
    Reasons,
    /// As they are, so that they can be corrected and loaded again: cqlsh's way.
    Bare,
}

/// Where the rejected lines of `path` go where nothing else is said: `FILE.rejected` beside it.
pub(super) fn path_for(path: &Path) -> PathBuf {
    beside(path, ".rejected")
}

/// The file's path with more behind its name.
pub(super) fn beside(path: &Path, more: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(more);
    path.with_file_name(name)
}

/// Writes the rejected rows to `target`.
pub(super) fn write(
    spec: &Spec,
    rejections: &mut [Rejection],
    form: Form,
    target: &Path,
) -> Result<(), LoadError> {
    rejections.sort_by_key(|rejection| rejection.number);
    let unfinished = beside(target, ".part");
    let outcome = write_to(spec, rejections, form, &unfinished)
        .and_then(|()| std::fs::rename(&unfinished, target).map_err(LoadError::Rejected));
    if outcome.is_err() {
        // Nothing half-written stays; the write's own failure is what is reported.
        let _ = std::fs::remove_file(&unfinished);
    }
    outcome
}

fn write_to(spec: &Spec, rejections: &[Rejection], form: Form, target: &Path) -> Result<(), LoadError> {
    let mut out = BufWriter::new(File::create(target).map_err(LoadError::Rejected)?);
    if let (Form::Reasons, Titles::Names(titles)) = (form, spec.titles()?) {
        let titles = ["line", "reason"].into_iter().chain(titles.iter().map(String::as_str));
        line(&mut out, titles.map(str::as_bytes), spec.dialect).map_err(LoadError::Rejected)?;
    }
    let mut source = spec.open(&Arc::default())?;
    let mut left = rejections.iter().peekable();
    let mut number = 0;
    while left.peek().is_some() && source.next()?.is_some() {
        if let Some(rejection) = left.next_if(|rejection| rejection.number == number) {
            one(&mut out, rejection, source.as_ref(), form, spec.dialect).map_err(LoadError::Rejected)?;
        }
        number += 1;
    }
    out.flush().map_err(LoadError::Rejected)
}

fn one(
    out: &mut impl Write,
    rejection: &Rejection,
    source: &dyn Source,
    form: Form,
    dialect: Dialect,
) -> io::Result<()> {
    let number = rejection.line.to_string();
    match (source.original(), form) {
        (Original::Fields(fields), Form::Reasons) => {
            let told = [number.as_bytes(), rejection.reason.as_bytes()];
            line(out, told.into_iter().chain(fields.iter().map(AsRef::as_ref)), dialect)
        }
        (Original::Fields(fields), Form::Bare) => line(out, fields.iter().map(AsRef::as_ref), dialect),
        (Original::Line(row), Form::Bare) => {
            out.write_all(row)?;
            out.write_all(b"\n")
        }
        (Original::Line(row), Form::Reasons) => {
            // A line that is no JSON is kept as a text.
            let text = String::from_utf8_lossy(row);
            let row = match serde_json::from_str::<&serde_json::value::RawValue>(&text) {
                Ok(raw) => raw.get().to_owned(),
                Err(_) => serde_json::Value::from(text.as_ref()).to_string(),
            };
            let reason = serde_json::Value::from(rejection.reason.as_str());
            writeln!(out, "{{\"line\":{number},\"reason\":{reason},\"row\":{row}}}")
        }
    }
}

/// Writes fields as a line in their dialect, in quotes where they need them.
fn line<'a>(
    out: &mut impl Write,
    fields: impl Iterator<Item = &'a [u8]>,
    dialect: Dialect,
) -> io::Result<()> {
    let Dialect { delimiter, quote, escape } = dialect;
    for (place, field) in fields.enumerate() {
        if place > 0 {
            out.write_all(&[delimiter])?;
        }
        let special = |byte: &u8| {
            matches!(*byte, b'\n' | b'\r') || *byte == delimiter || *byte == quote || Some(*byte) == escape
        };
        if !field.iter().any(special) {
            out.write_all(field)?;
            continue;
        }
        out.write_all(&[quote])?;
        for &byte in field {
            if byte == quote || Some(byte) == escape {
                out.write_all(&[escape.unwrap_or(quote)])?;
            }
            out.write_all(&[byte])?;
        }
        out.write_all(&[quote])?;
    }
    out.write_all(b"\n")
}
