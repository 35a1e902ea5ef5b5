//! From a serialised cell to exact text.
//!
//! Bytes that are no value of their type become a marked blob (`<6 bytes that are no int: 0x…>`), in place: one bad
//! element does not hide the rest of its list. The text's length is linear in the cell's, and stops at a limit.

use std::net::{Ipv4Addr, Ipv6Addr};

use jiff::tz::TimeZone;

use super::encode::is_nested;
use super::part::{Misfit, exact, split_element};
use super::styles::Styles;
use super::{calendar, interval, number, packed_size};
use crate::column::{CqlType, UdtType};
use crate::cql::keywords::quote_name;
use crate::text::floor_boundary;
use crate::vint;

/// What sort of thing a cell's text is, for whoever has to tell `null` from the text that says `null`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// No value. The text is `null`.
    Null,
    /// A value of zero bytes of a type whose values have some (an `int` of no bytes). The text is `<empty>`.
    Empty,
    /// `text` or `ascii`, perhaps of no characters. The text is the value itself, without quotes.
    Text,
    /// A number: right-aligned in a table.
    Number,
    /// A single value of another type, as CQL writes it without quotes: a date, a uuid, a blob.
    Plain,
    /// A collection, tuple, vector or user-defined type, as a CQL literal.
    Nested,
    /// Bytes that are no value of the type. The text says so and has them in hex.
    Malformed,
}

/// A cell as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// What the text is.
    pub kind: Kind,
    /// The text: exact, and unescaped (control characters of a `text` are as they are).
    pub text: String,
    /// Whether text was left out because of a limit.
    pub cut: bool,
}

/// The whole cell as text; timestamps in `zone`.
pub fn literal(cell: Option<&[u8]>, ty: &CqlType, zone: &TimeZone) -> Rendered {
    literal_within(cell, ty, zone, usize::MAX)
}

/// The cell as text of at most `limit` bytes; the work done is bounded by the limit too.
pub fn literal_within(cell: Option<&[u8]>, ty: &CqlType, zone: &TimeZone, limit: usize) -> Rendered {
    let Some(bytes) = cell else {
        return Rendered { kind: Kind::Null, text: "null".to_owned(), cut: false };
    };
    let mut writer = Writer { limit, ..Writer::new(zone) };
    let kind = writer.value(bytes, ty, Place::Cell);
    Rendered { kind, text: writer.text, cut: writer.cut }
}

/// The whole value as text, its single values in the forms that `styles` say, at every depth; timestamps in UTC.
pub fn styled(bytes: &[u8], ty: &CqlType, styles: &Styles) -> Rendered {
    let zone = TimeZone::UTC;
    let mut writer = Writer { styles: Some(styles), ..Writer::new(&zone) };
    let kind = writer.value(bytes, ty, Place::Cell);
    Rendered { kind, text: writer.text, cut: writer.cut }
}

/// A value as an expression that Cassandra reads back as the same bytes: a literal where there is one, and where CQL has none (a
/// value of no bytes, a decimal beyond a double's exponents, a date beyond the year 9999, an address of version 4 in 16 bytes) the value's bytes in a conversion, such as
/// `blobAsInt(0x)`. `None` where the bytes are no value of the type.
pub fn statement_literal(bytes: &[u8], ty: &CqlType) -> Option<String> {
    let zone = TimeZone::UTC;
    let mut writer = Writer { statement: Some(true), ..Writer::new(&zone) };
    writer.value(bytes, ty, Place::Inside);
    (writer.statement == Some(true)).then_some(writer.text)
}

/// Where a value stands: inside a literal, text and dates have quotes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Cell,
    Inside,
}

struct Writer<'a> {
    text: String,
    limit: usize,
    cut: bool,
    zone: &'a TimeZone,
    /// Whether the text is an expression of a statement and not for reading, and whether it is a whole one so far.
    statement: Option<bool>,
    /// The forms of single values, where they are not the usual ones.
    styles: Option<&'a Styles>,
}

impl<'a> Writer<'a> {
    fn new(zone: &'a TimeZone) -> Self {
        Self { text: String::new(), limit: usize::MAX, cut: false, zone, statement: None, styles: None }
    }

    fn push(&mut self, text: &str) {
        if self.cut {
            return;
        }
        let room = self.limit - self.text.len();
        if text.len() <= room {
            self.text.push_str(text);
        } else {
            self.text.push_str(&text[..floor_boundary(text, room)]);
            self.cut = true;
        }
    }

    fn value(&mut self, bytes: &[u8], ty: &CqlType, place: Place) -> Kind {
        let (start, was_cut) = (self.text.len(), self.cut);
        match self.well_formed(bytes, ty, place) {
            Ok(kind) => kind,
            Err(Misfit) if self.statement.is_some() => {
                self.statement = Some(false);
                Kind::Malformed
            }
            Err(Misfit) => {
                self.text.truncate(start);
                self.cut = was_cut;
                let unit = if bytes.len() == 1 { "byte that is" } else { "bytes that are" };
                self.push(&format!("<{} {unit} no {ty}: ", bytes.len()));
                self.hex(bytes);
                self.push(">");
                Kind::Malformed
            }
        }
    }

    fn well_formed(&mut self, bytes: &[u8], ty: &CqlType, place: Place) -> Result<Kind, Misfit> {
        let text_like = matches!(ty, CqlType::Text | CqlType::Ascii | CqlType::Blob | CqlType::Custom(_));
        if let CqlType::Frozen(inner) = ty {
            return self.well_formed(bytes, inner, place);
        }
        if self.statement.is_some() && !text_like && !has_literal(bytes, ty) {
            return self.conversion(bytes, ty);
        }
        if bytes.is_empty() && !text_like {
            self.push("<empty>");
            return Ok(Kind::Empty);
        }
        match ty {
            CqlType::Ascii if !bytes.is_ascii() => return Err(Misfit),
            CqlType::Text | CqlType::Ascii => {
                self.string(std::str::from_utf8(bytes).map_err(|_| Misfit)?, place);
                return Ok(Kind::Text);
            }
            CqlType::Blob | CqlType::Custom(_) => self.hex(bytes),
            CqlType::Boolean => {
                let [value] = exact(bytes)?;
                self.push(match (self.styles, value) {
                    (Some(styles), value) => styles.boolean(value != 0),
                    (None, 0) => "False",
                    (None, _) => "True",
                });
            }
            CqlType::Tinyint
            | CqlType::Smallint
            | CqlType::Int
            | CqlType::Bigint
            | CqlType::Counter
            | CqlType::Float
            | CqlType::Double
            | CqlType::Varint
            | CqlType::Decimal => {
                let number = number_text(bytes, ty)?;
                match self.styles {
                    Some(styles) => self.push(&styles.number(ty, number)),
                    None => self.push(&number),
                }
                return Ok(Kind::Number);
            }
            CqlType::Date => self.quoted(&calendar::date(u32::from_be_bytes(exact(bytes)?)), place),
            CqlType::Time => {
                self.quoted(&calendar::time(i64::from_be_bytes(exact(bytes)?)).ok_or(Misfit)?, place);
            }
            CqlType::Timestamp => self.timestamp(i64::from_be_bytes(exact(bytes)?), place),
            CqlType::Duration => self.push(&interval::text(bytes).ok_or(Misfit)?),
            CqlType::Inet => self.quoted(&address(bytes)?, place),
            CqlType::Uuid | CqlType::Timeuuid => self.push(&uuid(exact(bytes)?)),
            CqlType::List(item) => self.collection(bytes, ["[", "]"], item, None)?,
            CqlType::Set(item) => self.collection(bytes, ["{", "}"], item, None)?,
            CqlType::Map(key, value) => self.collection(bytes, ["{", "}"], key, Some(value))?,
            CqlType::Tuple(types) => self.tuple(bytes, types)?,
            CqlType::Udt(udt) => self.udt(bytes, udt)?,
            CqlType::Vector(item, dimensions) => self.vector(bytes, item, *dimensions)?,
            CqlType::Frozen(_) => return Err(Misfit),
        }
        Ok(if is_nested(ty) { Kind::Nested } else { Kind::Plain })
    }

    /// The value's bytes, in the function that makes a value of them.
    fn conversion(&mut self, bytes: &[u8], ty: &CqlType) -> Result<Kind, Misfit> {
        let name = ty.to_string();
        let nested = !name.bytes().all(|byte| byte.is_ascii_lowercase());
        let (Some(first), false) = (name.get(..1), nested) else { return Err(Misfit) };
        self.push(&format!("blobAs{}{}(", first.to_ascii_uppercase(), &name[1..]));
        self.hex(bytes);
        self.push(")");
        Ok(Kind::Plain)
    }

    fn string(&mut self, value: &str, place: Place) {
        if place == Place::Cell {
            self.push(value);
            return;
        }
        self.push("'");
        for (index, piece) in value.split('\'').enumerate() {
            if index > 0 {
                self.push("''");
            }
            self.push(piece);
            if self.cut {
                return;
            }
        }
        self.push("'");
    }

    fn quoted(&mut self, value: &str, place: Place) {
        self.string(value, place);
    }

    fn timestamp(&mut self, millis: i64, place: Place) {
        let styled = self.styles.and_then(|styles| styles.moment(millis));
        match styled.or_else(|| calendar::timestamp(millis, self.zone)) {
            Some(text) => self.quoted(&text, place),
            // Inside a literal the bare number is what CQL would take.
            None if place == Place::Inside => self.push(&millis.to_string()),
            None => self.push(&format!("{millis} ms")),
        }
    }

    fn hex(&mut self, bytes: &[u8]) {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        self.push("0x");
        for chunk in bytes.chunks(512) {
            let mut text = String::with_capacity(chunk.len() * 2);
            for byte in chunk {
                text.push(char::from(DIGITS[usize::from(byte >> 4)]));
                text.push(char::from(DIGITS[usize::from(byte & 15)]));
            }
            self.push(&text);
            if self.cut {
                return;
            }
        }
    }

    /// A list, a set, or with `value` a map: a 32-bit count, then each element after its 32-bit length.
    fn collection(
        &mut self,
        bytes: &[u8],
        [open, close]: [&str; 2],
        item: &CqlType,
        value: Option<&CqlType>,
    ) -> Result<(), Misfit> {
        let (count, mut rest) = bytes.split_first_chunk::<4>().ok_or(Misfit)?;
        let count = usize::try_from(i32::from_be_bytes(*count)).map_err(|_| Misfit)?;
        self.push(open);
        for index in 0..count {
            if index > 0 {
                self.push(", ");
            }
            rest = self.element(rest, item)?;
            if let Some(value) = value {
                self.push(": ");
                rest = self.element(rest, value)?;
            }
            if self.cut {
                return Ok(());
            }
        }
        self.push(close);
        if rest.is_empty() { Ok(()) } else { Err(Misfit) }
    }

    /// One element after its 32-bit length (negative: null); gives what follows.
    fn element<'b>(&mut self, bytes: &'b [u8], ty: &CqlType) -> Result<&'b [u8], Misfit> {
        let (cell, rest) = split_element(bytes)?;
        match cell {
            Some(cell) => {
                self.value(cell, ty, Place::Inside);
            }
            None => self.push("null"),
        }
        Ok(rest)
    }

    /// A tuple; it may have fewer elements than its type, the rest are null.
    fn tuple(&mut self, bytes: &[u8], types: &[CqlType]) -> Result<(), Misfit> {
        let mut rest = bytes;
        self.push("(");
        for (index, ty) in types.iter().enumerate() {
            if index > 0 {
                self.push(", ");
            }
            rest = self.field(rest, ty)?;
        }
        self.push(")");
        if rest.is_empty() || self.cut { Ok(()) } else { Err(Misfit) }
    }

    /// A user-defined type's value; fields added to the type later are missing and so null.
    fn udt(&mut self, bytes: &[u8], udt: &UdtType) -> Result<(), Misfit> {
        let mut rest = bytes;
        self.push("{");
        for (index, (name, ty)) in udt.fields.iter().enumerate() {
            if index > 0 {
                self.push(", ");
            }
            match self.styles.and_then(|_| Styles::plain_name(name)) {
                Some(plain) => self.push(plain),
                None => self.push(&quote_name(name)),
            }
            self.push(": ");
            rest = self.field(rest, ty)?;
        }
        self.push("}");
        if rest.is_empty() || self.cut { Ok(()) } else { Err(Misfit) }
    }

    fn field<'b>(&mut self, bytes: &'b [u8], ty: &CqlType) -> Result<&'b [u8], Misfit> {
        let (cell, rest) = if bytes.is_empty() { (None, bytes) } else { split_element(bytes)? };
        match cell {
            Some(cell) => {
                self.value(cell, ty, Place::Inside);
            }
            None => self.push(self.styles.map_or("null", Styles::null_inside)),
        }
        Ok(rest)
    }

    /// A vector: elements of a fixed size packed, others each after their length as an unsigned vint.
    fn vector(&mut self, bytes: &[u8], item: &CqlType, dimensions: usize) -> Result<(), Misfit> {
        self.push("[");
        if let Some(size) = packed_size(item) {
            if size == 0 || size.checked_mul(dimensions) != Some(bytes.len()) {
                return Err(Misfit);
            }
            for (index, element) in bytes.chunks(size).enumerate() {
                if index > 0 {
                    self.push(", ");
                }
                self.value(element, item, Place::Inside);
                if self.cut {
                    return Ok(());
                }
            }
        } else {
            let mut rest = bytes;
            for index in 0..dimensions {
                if index > 0 {
                    self.push(", ");
                }
                let (length, tail) = vint::read_unsigned(rest).ok_or(Misfit)?;
                let length = usize::try_from(length).map_err(|_| Misfit)?;
                let (element, tail) = tail.split_at_checked(length).ok_or(Misfit)?;
                self.value(element, item, Place::Inside);
                if self.cut {
                    return Ok(());
                }
                rest = tail;
            }
            if !rest.is_empty() {
                return Err(Misfit);
            }
        }
        self.push("]");
        Ok(())
    }
}

/// Whether CQL has a literal for the value: Cassandra's parser makes a double of a number with an exponent before it makes a
/// decimal of it, knows dates of the years from 0 to 9999, and an address of version 4 in no more than its four bytes.
fn has_literal(bytes: &[u8], ty: &CqlType) -> bool {
    const YEARS: std::ops::RangeInclusive<i64> = -719_528..=2_932_896;
    match ty {
        _ if bytes.is_empty() => false,
        CqlType::Date => {
            exact(bytes).is_ok_and(|days| YEARS.contains(&(i64::from(u32::from_be_bytes(days)) - (1 << 31))))
        }
        CqlType::Decimal => number::decimal(bytes).is_some_and(|text| text.parse().is_ok_and(f64::is_finite)),
        CqlType::Varint => number::varint(bytes).is_some(),
        CqlType::Inet => !is_mapped(bytes),
        _ => true,
    }
}

/// Whether an `inet` is an address of version 4 in the sixteen bytes of version 6. Its text, `::ffff:10.0.0.1`, is taken for the four
/// bytes by Cassandra and by all that reads text.
pub fn is_mapped(inet: &[u8]) -> bool {
    exact::<16>(inet).is_ok_and(|bytes| Ipv6Addr::from(bytes).to_ipv4_mapped().is_some())
}

fn number_text(bytes: &[u8], ty: &CqlType) -> Result<String, Misfit> {
    Ok(match ty {
        CqlType::Tinyint => i8::from_be_bytes(exact(bytes)?).to_string(),
        CqlType::Smallint => i16::from_be_bytes(exact(bytes)?).to_string(),
        CqlType::Int => i32::from_be_bytes(exact(bytes)?).to_string(),
        CqlType::Bigint | CqlType::Counter => i64::from_be_bytes(exact(bytes)?).to_string(),
        CqlType::Float => number::float(f32::from_be_bytes(exact(bytes)?)),
        CqlType::Double => number::float(f64::from_be_bytes(exact(bytes)?)),
        CqlType::Decimal => match number::decimal(bytes) {
            Some(text) => text,
            None => long_number(bytes, 4, "decimal").ok_or(Misfit)?,
        },
        _ => match number::varint(bytes) {
            Some(text) => text,
            None => long_number(bytes, 0, "varint").ok_or(Misfit)?,
        },
    })
}

/// A number with too many digits to work out in reasonable time, in hex: still exact.
fn long_number(bytes: &[u8], scale_bytes: usize, name: &str) -> Option<String> {
    if bytes.len() <= number::VARINT_MAX + scale_bytes {
        return None;
    }
    let zone = TimeZone::UTC;
    let mut hex = Writer::new(&zone);
    hex.hex(bytes);
    Some(format!("<a {name} of {} bytes: {}>", bytes.len(), hex.text))
}

fn address(bytes: &[u8]) -> Result<String, Misfit> {
    if let Ok(four) = <[u8; 4]>::try_from(bytes) {
        return Ok(Ipv4Addr::from(four).to_string());
    }
    Ok(Ipv6Addr::from(exact::<16>(bytes)?).to_string())
}

fn uuid(bytes: [u8; 16]) -> String {
    let digits = format!("{:032x}", u128::from_be_bytes(bytes));
    format!("{}-{}-{}-{}-{}", &digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..])
}
