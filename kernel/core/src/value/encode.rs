//! From text to a serialised cell.

use std::net::IpAddr;

use super::forms::{self, Forms, Notes};
use super::nested::{collection, tuple, user_defined, vector};
use super::parse::Cursor;
use super::styles::is_number;
use super::{calendar, given, interval, json, number};
use crate::column::CqlType;

/// A text is no value of its type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no {cql_type}: {reason}")]
pub struct ValueError {
    /// The text, or the part of it that does not fit, cut where it is long.
    pub text: String,
    /// The type it was to have, as CQL writes it.
    pub cql_type: String,
    /// What is wrong, e.g. `expected a whole number from -128 to 127`.
    pub reason: String,
}

impl ValueError {
    pub(super) fn new(ty: &CqlType, text: &str, reason: impl Into<String>) -> Self {
        let mut shown: String = text.chars().take(60).collect();
        if shown.len() < text.len() {
            shown.push('…');
        }
        Self { text: shown, cql_type: ty.to_string(), reason: reason.into() }
    }
}

/// Reads a field of a file whose values have the usual forms; see [`Forms::text`].
///
/// # Errors
/// [`ValueError`] when the text is no value of the type.
pub fn from_text(ty: &CqlType, text: &str) -> Result<Vec<u8>, ValueError> {
    field(ty, text, &Forms::default(), &mut Notes::default())
}

/// A field of a file: see [`Forms::text`].
pub(super) fn field(
    ty: &CqlType,
    text: &str,
    forms: &Forms,
    notes: &mut Notes,
) -> Result<Vec<u8>, ValueError> {
    match ty {
        CqlType::Frozen(inner) => field(inner, text, forms, notes),
        _ if has_empty(ty) && text.trim() == EMPTY => Ok(Vec::new()),
        CqlType::Text | CqlType::Ascii => string(ty, text),
        CqlType::Date | CqlType::Time | CqlType::Timestamp | CqlType::Inet => {
            in_quotes(ty, text.trim(), Some(forms), notes)
        }
        _ => {
            let none = || ValueError::new(ty, text, "null is no value here");
            let usual = if is_number(ty) { forms.number(text) } else { text.into() };
            let mut cursor = Cursor::new(&usual, Some(forms));
            let refused = match whole_literal(ty, &mut cursor) {
                Ok(value) => {
                    notes.add(cursor.notes);
                    return value.ok_or_else(none);
                }
                Err(refused) if is_number(ty) => {
                    let reason = forms.number_advice(text.trim(), refused.reason.clone());
                    ValueError { reason, ..refused }
                }
                Err(refused) => refused,
            };
            // DSBulk and pandas write what is nested as JSON. No text is both with two meanings: JSON's texts are in double
            // quotes, and CQL has none of those among values.
            if !is_nested(ty) || !text.contains('"') {
                return Err(refused);
            }
            match json::value(text.trim()) {
                Ok(given) => given::encode(ty, &given, forms, notes)?.ok_or_else(none),
                Err(_) => Err(refused),
            }
        }
    }
}

/// Whether a value of the type is made of other values.
pub(super) fn is_nested(ty: &CqlType) -> bool {
    !ty.is_native() && !matches!(ty, CqlType::Frozen(_) | CqlType::Custom(_))
}

/// Reads a CQL literal: `'it''s'`, `12`, `0xff`, a uuid, `[..]`, `{..}`, `(..)`, `null` (which gives `None`).
///
/// A timestamp without an offset is in UTC. A tuple may have fewer elements than its type and a user-defined type
/// fewer fields; what is missing is null.
///
/// More than CQL is taken, so that what came from JSON or YAML can be bound (papermill's parameters): a uuid, blob, decimal or
/// duration in single quotes, `[..]` for a set or a tuple, fields' names in single quotes, `7.0` and `1e3` for a whole number, and
/// `inf` for infinity.
///
/// # Errors
/// [`ValueError`] when the text is no literal of the type.
pub fn from_literal(ty: &CqlType, literal: &str) -> Result<Option<Vec<u8>>, ValueError> {
    whole_literal(ty, &mut Cursor::new(literal, None))
}

fn whole_literal(ty: &CqlType, cursor: &mut Cursor<'_>) -> Result<Option<Vec<u8>>, ValueError> {
    let literal = cursor.left();
    cursor.inside = is_nested(ty);
    let value = value(ty, cursor)?;
    if cursor.at_end() {
        return Ok(value);
    }
    Err(ValueError::new(ty, literal, format!("there is more after the value: {}", shorten(cursor.left()))))
}

pub(super) fn shorten(text: &str) -> String {
    text.chars().take(20).collect()
}

/// What stands for a value of no bytes wherever we write values: it is read back as what it was.
const EMPTY: &str = "<empty>";

/// Whether a value of no bytes is another thing than the type's own empty value.
fn has_empty(ty: &CqlType) -> bool {
    !matches!(ty, CqlType::Text | CqlType::Ascii | CqlType::Blob | CqlType::Custom(_) | CqlType::Frozen(_))
}

pub(super) fn value(ty: &CqlType, cursor: &mut Cursor<'_>) -> Result<Option<Vec<u8>>, ValueError> {
    if cursor.null() {
        return Ok(None);
    }
    if has_empty(ty) && cursor.word_is(EMPTY) {
        return Ok(Some(Vec::new()));
    }
    if *ty == CqlType::Boolean
        && let Some(value) = styled_boolean(cursor)
    {
        return Ok(Some(vec![u8::from(value)]));
    }
    let bytes = match ty {
        CqlType::Frozen(inner) => return value(inner, cursor),
        CqlType::Text | CqlType::Ascii => {
            let left = cursor.left();
            let text = cursor
                .string()
                .ok_or_else(|| ValueError::new(ty, left, "expected text in single quotes, e.g. 'it''s'"))?;
            string(ty, &text)?
        }
        CqlType::Inet => {
            let left = cursor.left();
            let text = cursor.string().ok_or_else(|| {
                ValueError::new(ty, left, "expected an address in single quotes, e.g. '127.0.0.1'")
            })?;
            in_quotes(ty, &text, cursor.forms, &mut cursor.notes)?
        }
        CqlType::Date | CqlType::Time | CqlType::Timestamp if cursor.at_string() => {
            let left = cursor.left();
            let text = cursor.string().ok_or_else(|| ValueError::new(ty, left, "the quote does not end"))?;
            in_quotes(ty, &text, cursor.forms, &mut cursor.notes)?
        }
        // cqlsh writes them without quotes inside of collections.
        CqlType::Date if cursor.forms.is_some() => {
            let word = cursor.word();
            in_quotes(ty, word, cursor.forms, &mut cursor.notes)?
        }
        CqlType::Time if cursor.forms.is_some() => {
            let word = cursor.clock();
            in_quotes(ty, word, cursor.forms, &mut cursor.notes)?
        }
        // A bare number is a serialised one; a bare date would be a subtraction to CQL.
        CqlType::Date | CqlType::Time | CqlType::Timestamp => {
            let word = cursor.word();
            let digits = word.strip_prefix('-').unwrap_or(word);
            if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(ValueError::new(ty, word, "expected it in single quotes, e.g. '2013-01-01'"));
            }
            in_quotes(ty, word, cursor.forms, &mut cursor.notes)?
        }
        CqlType::List(item) => collection(ty, cursor, ['[', ']'], item, None)?,
        CqlType::Set(item) if cursor.at('[') => collection(ty, cursor, ['[', ']'], item, None)?,
        CqlType::Set(item) => collection(ty, cursor, ['{', '}'], item, None)?,
        CqlType::Map(key, item) => collection(ty, cursor, ['{', '}'], key, Some(item))?,
        CqlType::Vector(item, dimensions) => vector(ty, cursor, item, *dimensions)?,
        CqlType::Tuple(types) => tuple(ty, cursor, types)?,
        CqlType::Udt(udt) => user_defined(ty, cursor, udt)?,
        CqlType::Uuid | CqlType::Timeuuid | CqlType::Blob | CqlType::Decimal | CqlType::Duration
            if cursor.at_string() =>
        {
            let left = cursor.left();
            let text = cursor.string().ok_or_else(|| ValueError::new(ty, left, "the quote does not end"))?;
            word_value(ty, text.trim(), cursor.forms).map_err(|reason| ValueError::new(ty, &text, reason))?
        }
        _ => {
            let left = cursor.left();
            let word = if matches!(ty, CqlType::Duration) { cursor.duration() } else { cursor.word() };
            let usual = match cursor.forms.filter(|_| cursor.inside && is_number(ty)) {
                Some(forms) => forms.number(word),
                None => word.into(),
            };
            word_value(ty, &usual, cursor.forms)
                .map_err(|reason| ValueError::new(ty, if word.is_empty() { left } else { word }, reason))?
        }
    };
    Ok(Some(bytes))
}

/// A boolean in the words of the file, which may have spaces.
fn styled_boolean(cursor: &mut Cursor<'_>) -> Option<bool> {
    let (yes, no) = cursor.forms?.booleans.as_ref()?;
    cursor.one_of([yes, no]).map(|place| place == 0)
}

fn string(ty: &CqlType, text: &str) -> Result<Vec<u8>, ValueError> {
    if matches!(ty, CqlType::Ascii) && !text.is_ascii() {
        return Err(ValueError::new(ty, text, "ascii has no characters beyond code 127"));
    }
    Ok(text.as_bytes().to_vec())
}

/// The types whose literals are in quotes, by what is between them.
fn in_quotes(
    ty: &CqlType,
    text: &str,
    forms: Option<&Forms>,
    notes: &mut Notes,
) -> Result<Vec<u8>, ValueError> {
    let bytes = match (ty, forms) {
        (CqlType::Date, Some(forms)) => forms.date(text).map(|days| days.to_be_bytes().to_vec()),
        (CqlType::Date, None) => calendar::parse_date(text).map(|days| days.to_be_bytes().to_vec()),
        (CqlType::Time, Some(_)) => Forms::time(text).map(|nanos| nanos.to_be_bytes().to_vec()),
        (CqlType::Time, None) => calendar::parse_time(text).map(|nanos| nanos.to_be_bytes().to_vec()),
        (CqlType::Timestamp, Some(forms)) => {
            forms.timestamp(text, notes).map(|millis| millis.to_be_bytes().to_vec())
        }
        (CqlType::Timestamp, None) => calendar::parse_timestamp(text).map(|(millis, finer)| {
            notes.finer += u64::from(finer);
            millis.to_be_bytes().to_vec()
        }),
        _ => inet(text).ok_or_else(|| "expected an address, e.g. 127.0.0.1 or 2001:db8::1".to_owned()),
    };
    bytes.map_err(|reason| ValueError::new(ty, text, reason))
}

/// An address. One of version 4 that is written as one of version 6 (`::ffff:10.0.0.1`) is the former, as Cassandra's literals have
/// it: otherwise two rows would look alike.
fn inet(text: &str) -> Option<Vec<u8>> {
    Some(match text.parse().ok()? {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(address) => address.octets().to_vec(),
            None => address.octets().to_vec(),
        },
    })
}

/// The types whose literals are single words.
fn word_value(ty: &CqlType, word: &str, forms: Option<&Forms>) -> Result<Vec<u8>, String> {
    if let Some(forms) = forms {
        match ty {
            CqlType::Boolean => return forms.boolean(word).map(|value| vec![u8::from(value)]),
            CqlType::Blob => return forms.blob(word),
            _ => {}
        }
    }
    match ty {
        CqlType::Boolean if word.eq_ignore_ascii_case("true") => Ok(vec![1]),
        CqlType::Boolean if word.eq_ignore_ascii_case("false") => Ok(vec![0]),
        CqlType::Boolean => Err("expected true or false".to_owned()),
        CqlType::Tinyint => {
            whole::<i8>(word, i8::MIN.into(), i8::MAX.into()).map(|n| n.to_be_bytes().to_vec())
        }
        CqlType::Smallint => {
            whole::<i16>(word, i16::MIN.into(), i16::MAX.into()).map(|n| n.to_be_bytes().to_vec())
        }
        CqlType::Int => {
            whole::<i32>(word, i32::MIN.into(), i32::MAX.into()).map(|n| n.to_be_bytes().to_vec())
        }
        CqlType::Bigint | CqlType::Counter => {
            whole::<i64>(word, i64::MIN, i64::MAX).map(|n| n.to_be_bytes().to_vec())
        }
        CqlType::Float => float_word(word)?
            .parse::<f32>()
            .map(|n| n.to_be_bytes().to_vec())
            .map_err(|_| "expected a number".to_owned())
            .and_then(|bytes| {
                finite_or_named(
                    word,
                    f64::from(f32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])),
                    bytes,
                )
            }),
        CqlType::Double => {
            let number: f64 = float_word(word)?.parse().map_err(|_| "expected a number".to_owned())?;
            finite_or_named(word, number, number.to_be_bytes().to_vec())
        }
        CqlType::Varint => number::parse_varint(word),
        CqlType::Decimal => number::parse_decimal(word),
        CqlType::Duration => interval::parse(word),
        CqlType::Uuid => uuid(word),
        CqlType::Timeuuid => match uuid(word)? {
            bytes if bytes[6] >> 4 == 1 => Ok(bytes),
            _ => Err("a timeuuid is a uuid of version 1".to_owned()),
        },
        CqlType::Blob => hex(word),
        _ => hex(word)
            .map_err(|_| "this build knows the type only as bytes: 0x and hexadecimal digits".to_owned()),
    }
}

fn whole<N: std::str::FromStr>(word: &str, least: i64, most: i64) -> Result<N, String> {
    number::whole_digits(word, 20)
        .and_then(|digits| digits.parse().ok())
        .ok_or_else(|| format!("expected a whole number from {least} to {most}"))
}

/// A floating-point number's digits, or its word: `NaN`, `Infinity` and the `inf` of C, pandas and cqlsh, in any case.
fn float_word(word: &str) -> Result<&str, String> {
    let unsigned = word.strip_prefix(['-', '+']).unwrap_or(word);
    let named = ["nan", "infinity", "inf"].iter().any(|name| unsigned.eq_ignore_ascii_case(name));
    let numeric = unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && unsigned
            .bytes()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'-' | b'+'));
    if named || numeric { Ok(word) } else { Err("expected a number, NaN or Infinity".to_owned()) }
}

/// A number too large for the type must not quietly become infinite.
fn finite_or_named(word: &str, number: f64, bytes: Vec<u8>) -> Result<Vec<u8>, String> {
    let named = word.contains(['f', 'F']);
    if number.is_infinite() && !named { Err("the number is too large".to_owned()) } else { Ok(bytes) }
}

fn uuid(word: &str) -> Result<Vec<u8>, String> {
    let groups: Vec<usize> = word.split('-').map(str::len).collect();
    let digits = word.replace('-', "");
    if groups != [8, 4, 4, 4, 12] || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err("expected a uuid, e.g. 123e4567-e89b-12d3-a456-426614174000".to_owned());
    }
    u128::from_str_radix(&digits, 16)
        .map(|number| number.to_be_bytes().to_vec())
        .map_err(|error| error.to_string())
}

fn hex(word: &str) -> Result<Vec<u8>, String> {
    let digits = word.strip_prefix("0x").or_else(|| word.strip_prefix("0X"));
    digits.and_then(forms::hex).ok_or_else(|| "expected 0x and hexadecimal digits, two a byte".to_owned())
}

/// Appends a cell after its 32-bit length, -1 for null.
pub(super) fn append(out: &mut Vec<u8>, ty: &CqlType, cell: Option<&[u8]>) -> Result<(), ValueError> {
    let length = match cell {
        None => -1,
        Some(cell) => i32::try_from(cell.len())
            .map_err(|_| ValueError::new(ty, "…", "an element is larger than 2 GB"))?,
    };
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(cell.unwrap_or_default());
    Ok(())
}

#[cfg(test)]
#[path = "encode_tests.rs"]
mod tests;
