//! The order of values, type by type: exact, and Cassandra's own.
//!
//! The rule: no value is rounded to be compared. Every value has a key of bytes, and keys compare as their bytes do; so values are
//! read once each, and sorting reads none of them again. The orders are those of Cassandra's `AbstractType.compare`: numbers by
//! magnitude, NaN behind them, a `timeuuid` by its time, a `uuid` by its version first, collections element by element.
//! Cassandra has no order of durations that means anything; here a month counts as 30 days and a day as 24 hours. Where two
//! decimals are one number (`1.0`, `1.00`) they are equal.

use std::cmp::Ordering;

use num_bigint::{BigInt, Sign};

use super::number::VARINT_MAX;
use super::{packed_size, split_element};
use crate::column::CqlType;
use crate::vint;

/// The place of a value among others of its type.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key {
    /// What it is: a value, an empty or unreadable one, or null.
    class: Class,
    bytes: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Class {
    Value,
    Empty,
    Null,
}

/// Deeper values are ordered by their bytes.
const DEPTH: usize = 32;

impl Key {
    /// The key of a cell of this type.
    pub fn of(ty: &CqlType, cell: Option<&[u8]>) -> Self {
        let Some(bytes) = cell else { return Self { class: Class::Null, bytes: Vec::new() } };
        let mut key = Vec::with_capacity(bytes.len() + 2);
        match write(ty, bytes, &mut key, false, 0) {
            Some(()) => Self { class: Class::Value, bytes: key },
            None => Self { class: Class::Empty, bytes: bytes.to_vec() },
        }
    }

    /// The order of two cells. Null and empty ones come last, up and down.
    pub fn compare(&self, other: &Self, descending: bool) -> Ordering {
        self.class.cmp(&other.class).then_with(|| {
            let order = self.bytes.cmp(&other.bytes);
            if descending { order.reverse() } else { order }
        })
    }

    /// Whether it is a value that can be read, and neither null nor empty.
    pub fn is_value(&self) -> bool {
        self.class == Class::Value
    }

    /// Whether values of this type are equal where their bytes are, and only there; a key is needed for others: `1.0` and
    /// `1.00` are one decimal.
    pub const fn has_one_form(ty: &CqlType) -> bool {
        matches!(
            ty,
            CqlType::Ascii
                | CqlType::Bigint
                | CqlType::Blob
                | CqlType::Date
                | CqlType::Inet
                | CqlType::Int
                | CqlType::Smallint
                | CqlType::Text
                | CqlType::Time
                | CqlType::Timestamp
                | CqlType::Timeuuid
                | CqlType::Tinyint
                | CqlType::Uuid
        )
    }

    /// Its bytes: those of equal values are equal.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// The key of something inside of a collection, whose bytes compare as Cassandra compares it: null, then what is empty, then values.
pub(super) fn of_element(ty: &CqlType, cell: Option<&[u8]>) -> Vec<u8> {
    let mut key = Vec::new();
    // It has one always: what cannot be read is compared by its bytes.
    let _ = element(ty, cell, &mut key, 0);
    key
}

/// Appends the key of a value; `None` where the bytes are none of the type. Inside of another value it must say itself where it ends.
fn write(ty: &CqlType, bytes: &[u8], out: &mut Vec<u8>, inside: bool, depth: usize) -> Option<()> {
    if depth > DEPTH {
        return None;
    }
    match ty {
        CqlType::Frozen(inner) => write(inner, bytes, out, inside, depth + 1)?,
        CqlType::Boolean => out.push(u8::from(*bytes.first()? != 0)),
        CqlType::Tinyint => signed::<1>(bytes, out)?,
        CqlType::Smallint => signed::<2>(bytes, out)?,
        CqlType::Int => signed::<4>(bytes, out)?,
        CqlType::Bigint | CqlType::Counter | CqlType::Time | CqlType::Timestamp => signed::<8>(bytes, out)?,
        CqlType::Date => out.extend(<[u8; 4]>::try_from(bytes).ok()?),
        CqlType::Float => {
            let value = f32::from_be_bytes(bytes.try_into().ok()?);
            let bits = if value.is_nan() { f32::NAN.to_bits() & !(1 << 31) } else { value.to_bits() };
            out.extend((if bits >> 31 == 1 { !bits } else { bits | 1 << 31 }).to_be_bytes());
        }
        CqlType::Double => {
            let value = f64::from_be_bytes(bytes.try_into().ok()?);
            let bits = if value.is_nan() { f64::NAN.to_bits() & !(1 << 63) } else { value.to_bits() };
            out.extend((if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }).to_be_bytes());
        }
        CqlType::Varint => varint(bytes, out)?,
        CqlType::Decimal => decimal(bytes, out)?,
        CqlType::Timeuuid => {
            let uuid: &[u8; 16] = bytes.try_into().ok()?;
            out.extend(time(uuid));
            // Cassandra compares these as signed bytes.
            out.extend(uuid[8..].iter().map(|byte| byte ^ 0x80));
        }
        CqlType::Uuid => {
            let uuid: &[u8; 16] = bytes.try_into().ok()?;
            let version = uuid[6] >> 4;
            out.push(version);
            if version == 1 {
                out.extend(time(uuid));
            } else {
                out.extend_from_slice(&uuid[..8]);
            }
            out.extend_from_slice(&uuid[8..]);
        }
        CqlType::Duration => {
            let (months, rest) = vint::read_signed(bytes)?;
            let (days, rest) = vint::read_signed(rest)?;
            let (nanos, _) = vint::read_signed(rest)?;
            const DAY: i128 = 86_400_000_000_000;
            let length = (i128::from(months) * 30 + i128::from(days)) * DAY + i128::from(nanos);
            out.extend((length as u128 ^ 1 << 127).to_be_bytes());
            for part in [months, days, nanos] {
                out.extend((part as u64 ^ 1 << 63).to_be_bytes());
            }
        }
        CqlType::List(item) | CqlType::Set(item) => {
            let (count, mut rest) = count(bytes)?;
            for _ in 0..count {
                let (cell, more) = split_element(rest).ok()?;
                element(item, cell, out, depth)?;
                rest = more;
            }
            out.push(0);
        }
        CqlType::Map(key, value) => {
            let (count, mut rest) = count(bytes)?;
            for _ in 0..count {
                let (left, more) = split_element(rest).ok()?;
                let (right, more) = split_element(more).ok()?;
                element(key, left, out, depth)?;
                element(value, right, out, depth)?;
                rest = more;
            }
            out.push(0);
        }
        CqlType::Tuple(types) => fields(types.iter(), bytes, out, depth)?,
        CqlType::Udt(udt) => fields(udt.fields.iter().map(|(_, ty)| ty), bytes, out, depth)?,
        CqlType::Vector(item, dimensions) => {
            let mut rest = bytes;
            for _ in 0..*dimensions {
                let length = match packed_size(item) {
                    Some(size) => size,
                    None => {
                        let (length, more) = vint::read_unsigned(rest)?;
                        rest = more;
                        usize::try_from(length).ok()?
                    }
                };
                let (cell, more) = rest.split_at_checked(length)?;
                element(item, Some(cell), out, depth)?;
                rest = more;
            }
        }
        CqlType::Inet if bytes.is_empty() => return None,
        _ if inside => {
            // A zero is followed by what no end is, so that a text is less than one that begins with it.
            for byte in bytes {
                out.push(*byte);
                if *byte == 0 {
                    out.push(0xff);
                }
            }
            out.extend([0, 0]);
        }
        _ => out.extend_from_slice(bytes),
    }
    Some(())
}

/// Something inside of something: null, then what is empty or cannot be read, then what can.
fn element(ty: &CqlType, cell: Option<&[u8]>, out: &mut Vec<u8>, depth: usize) -> Option<()> {
    let Some(bytes) = cell else {
        out.push(1);
        return Some(());
    };
    let start = out.len();
    out.push(3);
    if write(ty, bytes, out, true, depth + 1).is_none() {
        out.truncate(start);
        out.push(2);
        write(&CqlType::Blob, bytes, out, true, depth + 1)?;
    }
    Some(())
}

/// The fields of a tuple; those that are missing are null.
fn fields<'a>(
    types: impl Iterator<Item = &'a CqlType>,
    bytes: &[u8],
    out: &mut Vec<u8>,
    depth: usize,
) -> Option<()> {
    let mut rest = bytes;
    for ty in types {
        let cell = if rest.is_empty() {
            None
        } else {
            let (cell, more) = split_element(rest).ok()?;
            rest = more;
            cell
        };
        element(ty, cell, out, depth)?;
    }
    Some(())
}

fn count(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (count, rest) = bytes.split_first_chunk::<4>()?;
    Some((usize::try_from(i32::from_be_bytes(*count)).ok()?, rest))
}

fn signed<const N: usize>(bytes: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let mut bytes: [u8; N] = bytes.try_into().ok()?;
    bytes[0] ^= 0x80;
    out.extend(bytes);
    Some(())
}

/// Two's complement of any length: its sign, how long it is without what only repeats the sign, and the rest.
fn varint(bytes: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let negative = bytes.first()? & 0x80 != 0;
    let fill = if negative { 0xff } else { 0 };
    let start = bytes.iter().position(|byte| *byte != fill).unwrap_or(bytes.len());
    let digits = &bytes[start..];
    let length = u32::try_from(digits.len()).ok()?;
    out.push(u8::from(!negative));
    out.extend((if negative { !length } else { length }).to_be_bytes());
    out.extend_from_slice(digits);
    Some(())
}

/// A decimal: its sign, the power of ten of its first digit, and its digits without zeros at their end.
fn decimal(bytes: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let (scale, unscaled) = bytes.split_first_chunk::<4>()?;
    if unscaled.is_empty() || unscaled.len() > VARINT_MAX {
        return None;
    }
    let number = BigInt::from_signed_bytes_be(unscaled);
    let negative = match number.sign() {
        Sign::NoSign => {
            out.push(1);
            return Some(());
        }
        sign => sign == Sign::Minus,
    };
    let digits = number.magnitude().to_string();
    let power = digits.len() as i64 - i64::from(i32::from_be_bytes(*scale));
    let turn = |byte: u8| if negative { !byte } else { byte };
    out.push(if negative { 0 } else { 2 });
    out.extend((power as u64 ^ 1 << 63).to_be_bytes().map(turn));
    out.extend(digits.trim_end_matches('0').bytes().map(turn));
    out.push(turn(0));
    Some(())
}

/// The 60-bit time of a version 1 UUID (RFC 9562, section 5.1), its greatest byte first.
fn time(uuid: &[u8; 16]) -> [u8; 8] {
    [uuid[6] & 0x0f, uuid[7], uuid[4], uuid[5], uuid[0], uuid[1], uuid[2], uuid[3]]
}
