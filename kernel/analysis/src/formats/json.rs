//! JSON, as one array or as one object a line.
//!
//! Whole numbers of any size are numbers with all their digits; decimals are text, because readers round numbers that have a
//! point. What JSON has no form for (NaN, dates, bytes) is the text that CQL writes.

use std::sync::Arc;

use cqlbook_core::column::{Column, CqlType};
use cqlbook_core::value::Kind;
use cqlbook_core::vint;

use super::text;
use super::writer::{RowFormat, WriteError};
use crate::convert::{Misfit, exact, packed_size, split_element, thawed};

/// Writes rows as objects.
pub(crate) struct Json {
    columns: Arc<[Column]>,
    /// The columns' names as JSON with what follows them, made once.
    names: Vec<Vec<u8>>,
    is_array: bool,
    rows: u64,
}

impl Json {
    pub(crate) fn array(columns: &Arc<[Column]>) -> Self {
        Self::new(columns, true)
    }

    pub(crate) fn lines(columns: &Arc<[Column]>) -> Self {
        Self::new(columns, false)
    }

    fn new(columns: &Arc<[Column]>, is_array: bool) -> Self {
        let name = |column: &Column| {
            let mut name = Vec::new();
            string(&column.name, &mut name);
            name.push(b':');
            name
        };
        Self { names: columns.iter().map(name).collect(), columns: Arc::clone(columns), is_array, rows: 0 }
    }
}

impl RowFormat for Json {
    fn begin(&mut self, out: &mut Vec<u8>) {
        if self.is_array {
            out.push(b'[');
        }
    }

    fn row(&mut self, cells: &[Option<&[u8]>], out: &mut Vec<u8>) -> Result<(), WriteError> {
        if self.is_array {
            out.extend_from_slice(if self.rows == 0 { b"\n" } else { b",\n" });
        }
        self.rows += 1;
        out.push(b'{');
        for (place, ((cell, column), name)) in
            cells.iter().zip(self.columns.iter()).zip(&self.names).enumerate()
        {
            if place > 0 {
                out.push(b',');
            }
            out.extend_from_slice(name);
            value(*cell, &column.cql_type, out);
        }
        out.push(b'}');
        if !self.is_array {
            out.push(b'\n');
        }
        Ok(())
    }

    fn end(&mut self, out: &mut Vec<u8>) -> Vec<String> {
        if self.is_array {
            out.extend_from_slice(if self.rows == 0 { b"]\n" } else { b"\n]\n" });
        }
        Vec::new()
    }
}

fn string(text: &str, out: &mut Vec<u8>) {
    // Text into a vector: neither can fail.
    drop(serde_json::to_writer(out, text));
}

/// Appends a value; one whose bytes do not fit its type as the text that tables show for it.
fn value(cell: Option<&[u8]>, ty: &CqlType, out: &mut Vec<u8>) {
    let Some(bytes) = cell else {
        out.extend_from_slice(b"null");
        return;
    };
    let start = out.len();
    if nested(bytes, thawed(ty), out).is_err() {
        out.truncate(start);
        let mut shown = Vec::new();
        text::append(bytes, ty, &mut shown);
        string(&String::from_utf8_lossy(&shown), out);
    }
}

/// Appends a collection, a tuple or a user-defined type; a single value otherwise.
fn nested(bytes: &[u8], ty: &CqlType, out: &mut Vec<u8>) -> Result<(), Misfit> {
    match ty {
        CqlType::List(item) | CqlType::Set(item) => {
            out.push(b'[');
            each(bytes, 1, |place, cells| {
                separate(place, out);
                value(cells[0], item, out);
            })?;
            out.push(b']');
        }
        CqlType::Map(key, item) => {
            out.push(b'{');
            each(bytes, 2, |place, cells| {
                separate(place, out);
                // A name is text in JSON, whatever the key's type is.
                let mut name = Vec::new();
                if let Some(bytes) = cells[0] {
                    text::append(bytes, key, &mut name);
                }
                string(&String::from_utf8_lossy(&name), out);
                out.push(b':');
                value(cells[1], item, out);
            })?;
            out.push(b'}');
        }
        CqlType::Vector(item, dimensions) => vector(bytes, item, *dimensions, out)?,
        CqlType::Tuple(types) => {
            out.push(b'[');
            let mut rest = bytes;
            for (place, ty) in types.iter().enumerate() {
                separate(place, out);
                let (cell, after) = if rest.is_empty() { (None, rest) } else { split_element(rest)? };
                value(cell, ty, out);
                rest = after;
            }
            out.push(b']');
        }
        CqlType::Udt(udt) => {
            out.push(b'{');
            let mut rest = bytes;
            for (place, (name, ty)) in udt.fields.iter().enumerate() {
                separate(place, out);
                string(name, out);
                out.push(b':');
                let (cell, after) = if rest.is_empty() { (None, rest) } else { split_element(rest)? };
                value(cell, ty, out);
                rest = after;
            }
            out.push(b'}');
        }
        _ => single(bytes, ty, out),
    }
    Ok(())
}

fn separate(place: usize, out: &mut Vec<u8>) {
    if place > 0 {
        out.push(b',');
    }
}

/// Visits the elements of a list or set, or the pairs of a map.
fn each(bytes: &[u8], per: usize, mut visit: impl FnMut(usize, [Option<&[u8]>; 2])) -> Result<(), Misfit> {
    let (count, mut rest) = bytes.split_first_chunk::<4>().ok_or(Misfit)?;
    let count = usize::try_from(i32::from_be_bytes(*count)).map_err(|_| Misfit)?;
    for place in 0..count {
        let mut cells = [None; 2];
        for cell in cells.iter_mut().take(per) {
            (*cell, rest) = split_element(rest)?;
        }
        visit(place, cells);
    }
    if rest.is_empty() { Ok(()) } else { Err(Misfit) }
}

fn vector(bytes: &[u8], item: &CqlType, dimensions: usize, out: &mut Vec<u8>) -> Result<(), Misfit> {
    out.push(b'[');
    match packed_size(item) {
        Some(size) if size > 0 && size.checked_mul(dimensions) == Some(bytes.len()) => {
            for (place, cell) in bytes.chunks_exact(size).enumerate() {
                separate(place, out);
                value(Some(cell), item, out);
            }
        }
        Some(_) => return Err(Misfit),
        None => {
            let mut rest = bytes;
            for place in 0..dimensions {
                let (length, tail) = vint::read_unsigned(rest).ok_or(Misfit)?;
                let length = usize::try_from(length).map_err(|_| Misfit)?;
                let (cell, tail) = tail.split_at_checked(length).ok_or(Misfit)?;
                separate(place, out);
                value(Some(cell), item, out);
                rest = tail;
            }
            if !rest.is_empty() {
                return Err(Misfit);
            }
        }
    }
    out.push(b']');
    Ok(())
}

fn single(bytes: &[u8], ty: &CqlType, out: &mut Vec<u8>) {
    match ty {
        CqlType::Boolean if bytes.len() == 1 => {
            out.extend_from_slice(if bytes == [0] { b"false" } else { b"true" });
        }
        CqlType::Text | CqlType::Ascii => match std::str::from_utf8(bytes) {
            Ok(text) => string(text, out),
            Err(_) => shown(bytes, ty, out),
        },
        CqlType::Timestamp => {
            let start = out.len();
            out.push(b'"');
            text::append(bytes, ty, out);
            // ISO 8601: `2013-01-01T05:15:00.000Z`. What has no date is a bare number of milliseconds.
            let text = &mut out[start + 1..];
            if exact::<8>(bytes).is_ok() && text.ends_with(b"+0000") {
                if let Some(blank) = text.iter().position(|byte| *byte == b' ') {
                    text[blank] = b'T';
                }
                out.truncate(out.len() - 5);
                out.extend_from_slice(b"Z\"");
            } else if text.iter().all(|byte| byte.is_ascii_digit() || *byte == b'-') && !text.is_empty() {
                out.remove(start);
            } else {
                out.push(b'"');
            }
        }
        _ => shown(bytes, ty, out),
    }
}

/// Appends a number as a number where JSON has it exactly, anything else as its text.
fn shown(bytes: &[u8], ty: &CqlType, out: &mut Vec<u8>) {
    let start = out.len();
    let kind = text::append(bytes, ty, out);
    let text = &out[start..];
    let is_digits = text.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e'));
    match (kind, ty) {
        (Kind::Number, CqlType::Float | CqlType::Double) if is_digits => {
            // Readers tell a whole double from an integer by its point.
            if !text.iter().any(|byte| matches!(byte, b'.' | b'e')) {
                out.extend_from_slice(b".0");
            }
        }
        (Kind::Number, CqlType::Decimal) => quote(start, out),
        (Kind::Number, _) if is_digits => {}
        _ => quote(start, out),
    }
}

/// Makes a string of what stands from `start` on.
fn quote(start: usize, out: &mut Vec<u8>) {
    let text = String::from_utf8_lossy(&out.split_off(start)).into_owned();
    string(&text, out);
}
