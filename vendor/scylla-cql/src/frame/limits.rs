//! cqlbook: what a node may make this process do. Every count of a message is held against the bytes that are there before
//! memory is asked for it, and types are nested no deeper than the stack allows.

use std::io;

use super::frame_errors::{CqlTypeParseError, LowLevelDeserializationError};
use super::types;
use scylla_cql_core::frame::response::result::{
    CollectionType, ColumnSpec, ColumnType, NativeType, PartitionKeyIndex,
};

/// The longest body of a message that is read, in bytes. It is the longest that Cassandra's own drivers take.
pub const MAX_BODY_BYTES: usize = 256 * 1024 * 1024;
/// How many columns a result or a statement's variables may have: as many as the protocol can bind.
pub const MAX_COLUMNS: usize = 65_535;
/// How deep types may be nested in each other.
pub const MAX_TYPE_DEPTH: usize = 64;
/// How the text begins that stands for a message too long to be read.
pub const TOO_LONG: &str = "The node's answer is too long";

fn refusal(reason: String) -> LowLevelDeserializationError {
    io::Error::new(io::ErrorKind::InvalidData, reason).into()
}

/// That `count` things of at least `least` bytes each can stand in `left` bytes.
pub(crate) fn check_count(count: usize, least: usize, left: usize) -> Result<(), LowLevelDeserializationError> {
    match count.checked_mul(least) {
        Some(expected) if expected <= left => Ok(()),
        expected => Err(LowLevelDeserializationError::TooFewBytesReceived {
            expected: expected.unwrap_or(usize::MAX),
            received: left,
        }),
    }
}

/// That a message can have that many columns: each has a name and a type, of two bytes at least.
pub(crate) fn check_columns(count: usize, left: usize) -> Result<(), LowLevelDeserializationError> {
    if count > MAX_COLUMNS {
        return Err(refusal(format!("{count} columns are more than {MAX_COLUMNS}")));
    }
    check_count(count, 4, left)
}

/// That each part of a key is a variable of its own. They are in ascending order.
pub(crate) fn check_key_places(
    places: &[PartitionKeyIndex],
    variables: usize,
) -> Result<(), LowLevelDeserializationError> {
    let is_ascending = places.windows(2).all(|pair| pair[0].index < pair[1].index);
    if is_ascending && places.last().is_none_or(|last| usize::from(last.index) < variables) {
        return Ok(());
    }
    Err(refusal("the places of the key's parts are no places of variables".to_owned()))
}

/// That a page can have that many rows: each has a length of four bytes for each of its columns.
pub(crate) fn check_rows(
    rows: usize,
    columns: usize,
    left: usize,
) -> Result<(), LowLevelDeserializationError> {
    check_count(rows, columns.max(1).saturating_mul(4), left)
}

/// That a type stands at a depth which the stack allows.
pub(crate) fn check_depth(depth: usize) -> Result<(), CqlTypeParseError> {
    if depth <= MAX_TYPE_DEPTH {
        return Ok(());
    }
    let reason = format!("types are nested deeper than {MAX_TYPE_DEPTH} levels");
    Err(CqlTypeParseError::TypeIdParseError(refusal(reason)))
}

/// That a class's name nests no deeper than `depth` more levels allow.
pub(crate) fn check_class(class: &str, depth: usize) -> Result<(), CqlTypeParseError> {
    let mut open = depth;
    for byte in class.bytes() {
        match byte {
            b'(' => {
                open += 1;
                check_depth(open)?;
            }
            b')' => open = open.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}

/// That no type is nested too deep in what the driver may read as the schema's own tables, where types are text: it follows each
/// of them into itself. It reads columns by their places and types by their names, so whatever has either form is looked into,
/// whatever tables and columns the node says it is of. Other results are not.
pub(crate) fn check_type_texts(
    columns: &[ColumnSpec<'_>],
    rows: &[u8],
) -> Result<(), LowLevelDeserializationError> {
    // All that the driver takes for texts, and for lists of them.
    let is_text = |ty: &ColumnType<'_>| {
        matches!(ty, ColumnType::Native(NativeType::Text | NativeType::Ascii))
    };
    let is_texts = |ty: &ColumnType<'_>| match ty {
        ColumnType::Collection { typ: CollectionType::List(item) | CollectionType::Set(item), .. } => is_text(item),
        ColumnType::Vector { typ, .. } => is_text(typ),
        _ => false,
    };
    // keyspace_name, table_name, column_name, kind, position, type.
    let are_columns = match columns {
        [a, b, c, d, _, f] => [a, b, c, d, f].into_iter().all(|column| is_text(column.typ())),
        _ => false,
    };
    let are_types = columns.iter().any(|column| column.name() == "field_types" && is_texts(column.typ()));
    if !are_columns && !are_types {
        return Ok(());
    }
    let (mut open, mut before) = (0_usize, 0_u8);
    for &byte in rows {
        match byte {
            // A type's name stands before what it is made of.
            b'<' if before.is_ascii_alphanumeric() => open += 1,
            b'>' => open = open.saturating_sub(1),
            b',' | b'_' | b'"' | b'\'' | b'.' | b'$' => {}
            // The driver steps over all white space.
            _ if char::from(byte).is_whitespace() => {}
            _ if byte.is_ascii_alphanumeric() || !byte.is_ascii() => {}
            _ => open = 0,
        }
        before = byte;
        if open > MAX_TYPE_DEPTH {
            let reason = format!("types of the schema are nested deeper than {MAX_TYPE_DEPTH} levels");
            return Err(refusal(reason));
        }
    }
    Ok(())
}

/// The body of an ERROR that stands for a message of `length` bytes: the connection and its other statements go on.
pub(crate) fn too_long(length: usize) -> Vec<u8> {
    let text = format!("{TOO_LONG}: {length} bytes, and at most {MAX_BODY_BYTES} are read.");
    // A protocol error (section 9 of the specification).
    let mut body = 0x000A_u32.to_be_bytes().to_vec();
    // It is much shorter than a string may be.
    let _ = types::write_string(&text, &mut body);
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_held_against_the_bytes() {
        assert!(check_columns(2, 8).is_ok());
        assert!(check_columns(3, 8).is_err());
        assert!(check_columns(MAX_COLUMNS, usize::MAX).is_ok());
        assert!(check_columns(MAX_COLUMNS + 1, usize::MAX).is_err());
        assert!(check_columns(0x7fff_ffff, 64).is_err());
        assert!(check_rows(0x7fff_ffff, 0, 1024).is_err());
        assert!(check_rows(usize::MAX, usize::MAX, 1024).is_err());
        assert!(check_rows(3, 2, 24).is_ok());
    }
}
