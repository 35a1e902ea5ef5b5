//! A cell's text, appended to a buffer: what `cqlbook_core::value::literal` gives in UTC, without a string for each value.
//!
//! Frequent types are written here; the rest, and whatever is unusual, is left to core. The tests hold both together.

use std::io::Write;
use std::net::{Ipv4Addr, Ipv6Addr};

use cqlbook_core::column::CqlType;
use cqlbook_core::value::{self, Kind, Rendered, Styles};
use jiff::tz::TimeZone;

use crate::convert::{exact, thawed};

const HEX: &[u8; 16] = b"0123456789abcdef";

/// Appends the text of a value. `<empty>` is a value of no bytes; our own import reads it back as one.
pub(crate) fn append(bytes: &[u8], ty: &CqlType, out: &mut Vec<u8>) -> Kind {
    match known(bytes, ty, out) {
        Some(kind) => kind,
        None => push(&value::literal(Some(bytes), ty, &TimeZone::UTC), ty, out),
    }
}

/// Appends the text of a value whose single values have other forms.
pub(crate) fn append_styled(bytes: &[u8], ty: &CqlType, styles: &Styles, out: &mut Vec<u8>) -> Kind {
    push(&value::styled(bytes, ty, styles), ty, out)
}

fn push(text: &Rendered, ty: &CqlType, out: &mut Vec<u8>) -> Kind {
    match text.kind {
        // Milliseconds that no calendar has are a bare number in files, as cqlsh writes them, where it can be read back.
        Kind::Plain if *thawed(ty) == CqlType::Timestamp => {
            let bare = text.text.trim_end_matches(" ms");
            let is_read = bare.parse().is_ok_and(|millis| value::bare_millis(millis).is_ok());
            out.extend_from_slice(if is_read { bare } else { &text.text }.as_bytes());
        }
        _ => out.extend_from_slice(text.text.as_bytes()),
    }
    text.kind
}

/// The frequent types in their usual ranges.
fn known(bytes: &[u8], ty: &CqlType, out: &mut Vec<u8>) -> Option<Kind> {
    macro_rules! whole {
        ($ty:ty) => {{
            let number = <$ty>::from_be_bytes(exact(bytes).ok()?);
            out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
            Some(Kind::Number)
        }};
    }
    match ty {
        CqlType::Text => {
            std::str::from_utf8(bytes).ok()?;
            out.extend_from_slice(bytes);
            Some(Kind::Text)
        }
        CqlType::Ascii => {
            bytes.is_ascii().then(|| out.extend_from_slice(bytes))?;
            Some(Kind::Text)
        }
        CqlType::Int => whole!(i32),
        CqlType::Bigint | CqlType::Counter => whole!(i64),
        CqlType::Smallint => whole!(i16),
        CqlType::Tinyint => whole!(i8),
        CqlType::Double => {
            let number = f64::from_be_bytes(exact(bytes).ok()?);
            if !(1e-4..1e15).contains(&number.abs()) {
                return None;
            }
            shortest(zmij::Buffer::new().format_finite(number), out)
        }
        CqlType::Float => {
            let number = f32::from_be_bytes(exact(bytes).ok()?);
            if !(1e-4..1e15).contains(&number.abs()) {
                return None;
            }
            shortest(zmij::Buffer::new().format_finite(number), out)
        }
        CqlType::Boolean => {
            out.extend_from_slice(if exact::<1>(bytes).ok()?[0] == 0 { b"False" } else { b"True" });
            Some(Kind::Plain)
        }
        CqlType::Uuid | CqlType::Timeuuid => {
            let bytes = exact::<16>(bytes).ok()?;
            for (place, byte) in bytes.into_iter().enumerate() {
                if matches!(place, 4 | 6 | 8 | 10) {
                    out.push(b'-');
                }
                out.extend([HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
            }
            Some(Kind::Plain)
        }
        CqlType::Blob => {
            out.reserve(2 + bytes.len() * 2);
            out.extend_from_slice(b"0x");
            for byte in bytes {
                out.extend([HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
            }
            Some(Kind::Plain)
        }
        CqlType::Date => {
            let days = i64::from(u32::from_be_bytes(exact(bytes).ok()?)) - (1 << 31);
            date(days, out)?;
            Some(Kind::Plain)
        }
        CqlType::Timestamp => {
            let millis = i64::from_be_bytes(exact(bytes).ok()?);
            let start = out.len();
            date(millis.div_euclid(86_400_000), out)?;
            if out[start..].starts_with(b"0000") {
                // Timestamps have no year 0: core says what they have instead.
                out.truncate(start);
                return None;
            }
            out.push(b' ');
            clock(millis.rem_euclid(86_400_000) / 1000, out);
            out.push(b'.');
            digits(millis.rem_euclid(1000), 3, out);
            out.extend_from_slice(b"+0000");
            Some(Kind::Plain)
        }
        CqlType::Time => {
            let nanos = i64::from_be_bytes(exact(bytes).ok()?);
            if !(0..86_400_000_000_000).contains(&nanos) {
                return None;
            }
            clock(nanos / 1_000_000_000, out);
            out.push(b'.');
            digits(nanos % 1_000_000_000, 9, out);
            Some(Kind::Plain)
        }
        CqlType::Inet => {
            let written = match bytes.len() {
                4 => write!(out, "{}", Ipv4Addr::from(exact::<4>(bytes).ok()?)),
                16 => write!(out, "{}", Ipv6Addr::from(exact::<16>(bytes).ok()?)),
                _ => return None,
            };
            written.ok()?;
            Some(Kind::Plain)
        }
        _ => None,
    }
}

/// A number without the `.0` that CQL does not write.
fn shortest(text: &str, out: &mut Vec<u8>) -> Option<Kind> {
    if text.contains('e') {
        return None;
    }
    out.extend_from_slice(text.strip_suffix(".0").unwrap_or(text).as_bytes());
    Some(Kind::Number)
}

/// `2013-01-01`, for years from 0 to 9999; the calendar is core's.
fn date(days: i64, out: &mut Vec<u8>) -> Option<()> {
    if !(-719_528..=2_932_896).contains(&days) {
        return None;
    }
    let (year, month, day) = value::civil(days);
    digits(year, 4, out);
    out.push(b'-');
    digits(month.into(), 2, out);
    out.push(b'-');
    digits(day.into(), 2, out);
    Some(())
}

fn clock(seconds: i64, out: &mut Vec<u8>) {
    digits(seconds / 3600, 2, out);
    out.push(b':');
    digits(seconds / 60 % 60, 2, out);
    out.push(b':');
    digits(seconds % 60, 2, out);
}

/// A number that is not negative, with leading zeros.
fn digits(mut number: i64, width: usize, out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + width, b'0');
    for place in out[start..].iter_mut().rev() {
        *place = b'0' + (number % 10) as u8;
        number /= 10;
    }
}
