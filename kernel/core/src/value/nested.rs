//! From a literal to a collection, a tuple, a vector or a user-defined type: brackets, commas, names, and the values between them.

use super::elements::{self, Entry};
use super::encode::{ValueError, append, shorten, value};
use super::packed_size;
use super::parse::Cursor;
use crate::column::{CqlType, UdtType};
use crate::vint;

fn expect(ty: &CqlType, cursor: &mut Cursor<'_>, mark: char) -> Result<(), ValueError> {
    if cursor.take(mark) {
        return Ok(());
    }
    let left = cursor.left();
    let found = if left.is_empty() { "the end".to_owned() } else { format!("`{}`", shorten(left)) };
    Err(ValueError::new(ty, left, format!("expected `{mark}`, found {found}")))
}

/// An element of a collection or a vector, where Cassandra allows no null.
fn element(ty: &CqlType, item: &CqlType, cursor: &mut Cursor<'_>) -> Result<Vec<u8>, ValueError> {
    value(item, cursor)?.ok_or_else(|| ValueError::new(ty, "null", "null is not allowed inside a collection"))
}

pub(super) fn collection(
    ty: &CqlType,
    cursor: &mut Cursor<'_>,
    [open, close]: [char; 2],
    item: &CqlType,
    mapped: Option<&CqlType>,
) -> Result<Vec<u8>, ValueError> {
    let mut entries = Vec::new();
    expect(ty, cursor, open)?;
    if !cursor.take(close) {
        loop {
            let mut entry = Entry { key: Some(element(ty, item, cursor)?), value: Vec::new() };
            if let Some(mapped) = mapped {
                expect(ty, cursor, ':')?;
                append(&mut entry.value, ty, Some(&element(ty, mapped, cursor)?))?;
            }
            entries.push(entry);
            if !cursor.take(',') {
                break;
            }
        }
        expect(ty, cursor, close)?;
    }
    elements::cell(ty, entries)
}

pub(super) fn vector(
    ty: &CqlType,
    cursor: &mut Cursor<'_>,
    item: &CqlType,
    dimensions: usize,
) -> Result<Vec<u8>, ValueError> {
    let (mut out, mut count) = (Vec::new(), 0_usize);
    let size = packed_size(item);
    expect(ty, cursor, '[')?;
    loop {
        let cell = element(ty, item, cursor)?;
        match size {
            Some(size) if size == cell.len() => {}
            Some(size) => return Err(ValueError::new(ty, "…", format!("an element has {size} bytes"))),
            None => vint::write_unsigned(cell.len() as u64, &mut out),
        }
        out.extend_from_slice(&cell);
        count += 1;
        if !cursor.take(',') {
            break;
        }
    }
    expect(ty, cursor, ']')?;
    if count == dimensions {
        return Ok(out);
    }
    Err(ValueError::new(ty, "[…]", format!("expected {dimensions} elements, found {count}")))
}

pub(super) fn tuple(ty: &CqlType, cursor: &mut Cursor<'_>, types: &[CqlType]) -> Result<Vec<u8>, ValueError> {
    let (mut out, mut given) = (Vec::new(), 0);
    let [open, close] = if cursor.at('[') { ['[', ']'] } else { ['(', ')'] };
    expect(ty, cursor, open)?;
    for item in types {
        append(&mut out, ty, field_value(item, cursor)?.as_deref())?;
        given += 1;
        if !cursor.take(',') {
            break;
        }
    }
    expect(ty, cursor, close)?;
    for _ in given..types.len() {
        append(&mut out, ty, None)?;
    }
    Ok(out)
}

/// A field of a tuple or a user-defined type. In a file one that is not there is null.
fn field_value(ty: &CqlType, cursor: &mut Cursor<'_>) -> Result<Option<Vec<u8>>, ValueError> {
    if cursor.at_gap() { Ok(None) } else { value(ty, cursor) }
}

/// The place of a field by its name. In a file a name without quotes may be written as the type has it, as cqlsh does.
fn field_place(ty: &CqlType, cursor: &mut Cursor<'_>, udt: &UdtType) -> Result<usize, ValueError> {
    let place = |name: &str| udt.fields.iter().position(|(field, _)| field == name);
    let unknown = |name: &str| {
        let names: Vec<&str> = udt.fields.iter().map(|(field, _)| field.as_str()).collect();
        ValueError::new(ty, name, format!("its fields are {}", names.join(", ")))
    };
    if cursor.forms.is_some()
        && let Some(name) = cursor.bare_name()
    {
        return place(name).or_else(|| place(&name.to_lowercase())).ok_or_else(|| unknown(name));
    }
    let left = cursor.left();
    let name = cursor.name().ok_or_else(|| ValueError::new(ty, left, "expected a field's name"))?;
    place(&name).ok_or_else(|| unknown(&name))
}

pub(super) fn user_defined(
    ty: &CqlType,
    cursor: &mut Cursor<'_>,
    udt: &UdtType,
) -> Result<Vec<u8>, ValueError> {
    let mut cells: Vec<Option<Vec<u8>>> = vec![None; udt.fields.len()];
    expect(ty, cursor, '{')?;
    if !cursor.take('}') {
        loop {
            let index = field_place(ty, cursor, udt)?;
            expect(ty, cursor, ':')?;
            cells[index] = field_value(&udt.fields[index].1, cursor)?;
            if !cursor.take(',') {
                break;
            }
        }
        expect(ty, cursor, '}')?;
    }
    let mut out = Vec::new();
    for cell in &cells {
        append(&mut out, ty, cell.as_deref())?;
    }
    Ok(out)
}
