//! One element of an array, and its form as a cell of a CQL type, by the rules of every other file: a number that is exactly whole
//! is one, a floating-point type takes the nearest, and what is finer than milliseconds is cut and counted.

use cqlbook_core::column::CqlType;
use cqlbook_core::value::{self, Forms, Notes};
use cqlbook_core::vint;
use num_bigint::BigInt;

/// How values are read, and what is to be told of those that were.
#[derive(Debug)]
pub(crate) struct Reading<'a> {
    /// The forms of the file's texts and numbers.
    pub(crate) forms: &'a Forms,
    pub(crate) notes: Notes,
}

/// A single value as arrow has it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Scalar<'a> {
    Boolean(bool),
    Whole(i128),
    Float(f32),
    Double(f64),
    /// An unscaled number and how many of its digits are behind the point.
    Decimal(BigInt, i32),
    Text(&'a str),
    Bytes(&'a [u8]),
    /// Days since 1970.
    Date(i32),
    /// Nanoseconds since midnight.
    Time(i64),
    /// Nanoseconds since 1970, UTC.
    Instant(i128),
    /// Months, days, nanoseconds.
    Duration(i32, i32, i64),
}

impl Scalar<'_> {
    /// What it is, for a message.
    fn name(&self) -> &'static str {
        match self {
            Self::Boolean(_) => "a boolean",
            Self::Whole(_) => "a whole number",
            Self::Float(_) | Self::Double(_) => "a floating-point number",
            Self::Decimal(..) => "a decimal number",
            Self::Text(_) => "text",
            Self::Bytes(_) => "bytes",
            Self::Date(_) => "a date",
            Self::Time(_) => "a time",
            Self::Instant(_) => "a timestamp",
            Self::Duration(..) => "a duration",
        }
    }

    /// Appends the value's cell of type `ty`.
    ///
    /// # Errors
    /// Why it does not fit, in words.
    pub(crate) fn encode(
        &self,
        ty: &CqlType,
        reading: &mut Reading<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), String> {
        let wrong = || format!("{} is no {ty}", self.name());
        match ty {
            CqlType::Boolean => match self {
                Self::Boolean(value) => out.push(u8::from(*value)),
                // A column of booleans with nulls becomes numbers on its way through pandas.
                Self::Whole(0) => out.push(0),
                Self::Whole(1) => out.push(1),
                Self::Double(number) if [0.0, 1.0].contains(number) => out.push(u8::from(*number == 1.0)),
                Self::Text(text) => return from_text(ty, text, reading, out),
                _ => return Err(wrong()),
            },
            CqlType::Tinyint => out.extend(self.whole::<i8>(ty, reading)?.to_be_bytes()),
            CqlType::Smallint => out.extend(self.whole::<i16>(ty, reading)?.to_be_bytes()),
            CqlType::Int => out.extend(self.whole::<i32>(ty, reading)?.to_be_bytes()),
            CqlType::Bigint | CqlType::Counter => out.extend(self.whole::<i64>(ty, reading)?.to_be_bytes()),
            CqlType::Varint => out.extend(match self {
                Self::Decimal(number, 0) => number.to_signed_bytes_be(),
                Self::Text(text) => return from_text(ty, text, reading, out),
                _ => BigInt::from(self.whole::<i128>(ty, reading)?).to_signed_bytes_be(),
            }),
            CqlType::Decimal => self.decimal(ty, reading, out)?,
            CqlType::Float => self.float(ty, reading, out)?,
            CqlType::Double => self.double(ty, reading, out)?,
            CqlType::Text | CqlType::Ascii => self.text(ty, reading, out)?,
            CqlType::Blob | CqlType::Custom(_) => match self {
                Self::Bytes(bytes) => out.extend_from_slice(bytes),
                Self::Text(text) => return from_text(ty, text, reading, out),
                _ => return Err(wrong()),
            },
            CqlType::Uuid | CqlType::Timeuuid => match self {
                Self::Bytes(bytes) if bytes.len() == 16 => {
                    if *ty == CqlType::Timeuuid && bytes[6] >> 4 != 1 {
                        return Err("a timeuuid is a uuid of version 1".to_owned());
                    }
                    out.extend_from_slice(bytes);
                }
                Self::Text(text) => return from_text(ty, text, reading, out),
                _ => return Err(wrong()),
            },
            CqlType::Inet => match self {
                Self::Bytes(bytes) if matches!(bytes.len(), 4 | 16) => out.extend_from_slice(bytes),
                Self::Text(text) => return from_text(ty, text, reading, out),
                _ => return Err(wrong()),
            },
            CqlType::Date => out.extend((self.days(ty, reading)? as u32 ^ (1 << 31)).to_be_bytes()),
            CqlType::Time => match self {
                Self::Time(nanos) => out.extend(nanos.to_be_bytes()),
                Self::Text(text) => return from_text(ty, text, reading, out),
                _ => return Err(wrong()),
            },
            CqlType::Timestamp => out.extend(self.millis(ty, reading)?.to_be_bytes()),
            CqlType::Duration => match self {
                Self::Duration(months, days, nanos) => {
                    let parts = [i64::from(*months), i64::from(*days), *nanos];
                    if parts.iter().any(|part| *part < 0) && parts.iter().any(|part| *part > 0) {
                        return Err("the parts of a duration have one sign".to_owned());
                    }
                    parts.iter().for_each(|part| vint::write_signed(*part, out));
                }
                Self::Text(text) => return from_text(ty, text, reading, out),
                _ => return Err(wrong()),
            },
            CqlType::Frozen(inner) => return self.encode(inner, reading, out),
            // A collection written as text, as CSV has it.
            _ => match self {
                Self::Text(text) => return from_text(ty, text, reading, out),
                _ => return Err(wrong()),
            },
        }
        Ok(())
    }

    fn whole<N: TryFrom<i128>>(&self, ty: &CqlType, reading: &mut Reading<'_>) -> Result<N, String> {
        let number = match self {
            Self::Whole(number) => *number,
            // A column of whole numbers with nulls becomes doubles on its way through pandas.
            Self::Double(number) => exactly(*number, 9_007_199_254_740_992.0, reading)
                .ok_or_else(|| format!("{number} is no {ty}: expected a whole number"))?,
            Self::Float(number) => exactly(f64::from(*number), 16_777_216.0, reading)
                .ok_or_else(|| format!("{number} is no {ty}: expected a whole number"))?,
            Self::Decimal(..) | Self::Text(_) => {
                let digits = match self {
                    Self::Text(text) => (*text).to_owned(),
                    _ => self.digits(),
                };
                let mut cell = Vec::new();
                from_text(&CqlType::Varint, &digits, reading, &mut cell)
                    .map_err(|_| format!("`{}` is no {ty}: expected a whole number", shorten(&digits)))?;
                let number = BigInt::from_signed_bytes_be(&cell);
                i128::try_from(&number).map_err(|_| format!("`{}` does not fit {ty}", shorten(&digits)))?
            }
            _ => return Err(format!("{} is no {ty}", self.name())),
        };
        N::try_from(number).map_err(|_| format!("{number} does not fit {ty}"))
    }

    fn decimal(&self, ty: &CqlType, reading: &mut Reading<'_>, out: &mut Vec<u8>) -> Result<(), String> {
        match self {
            Self::Decimal(number, scale) => {
                out.extend(scale.to_be_bytes());
                out.extend(number.to_signed_bytes_be());
                Ok(())
            }
            Self::Whole(number) => {
                out.extend([0; 4]);
                out.extend(BigInt::from(*number).to_signed_bytes_be());
                Ok(())
            }
            // The shortest text that reads back the same is what a person means by the number.
            Self::Double(number) if number.is_finite() => from_text(ty, &number.to_string(), reading, out),
            Self::Float(number) if number.is_finite() => from_text(ty, &number.to_string(), reading, out),
            Self::Text(text) => from_text(ty, text.trim(), reading, out),
            _ => Err(format!("{} is no {ty}", self.name())),
        }
    }

    /// The nearest float, as a text of the same digits would have; infinity is none.
    fn float(&self, ty: &CqlType, reading: &mut Reading<'_>, out: &mut Vec<u8>) -> Result<(), String> {
        let (number, given) = match self {
            Self::Float(number) => (*number, f64::from(*number)),
            Self::Double(number) => (*number as f32, *number),
            Self::Whole(number) => (*number as f32, 0.0),
            Self::Decimal(..) => return from_text(ty, &self.digits(), reading, out),
            Self::Text(text) => return from_text(ty, text.trim(), reading, out),
            _ => return Err(format!("{} is no {ty}", self.name())),
        };
        if number.is_infinite() && !given.is_infinite() {
            return Err(format!("{given} is too large for {ty}"));
        }
        out.extend(number.to_be_bytes());
        Ok(())
    }

    fn double(&self, ty: &CqlType, reading: &mut Reading<'_>, out: &mut Vec<u8>) -> Result<(), String> {
        let number = match self {
            Self::Float(number) => f64::from(*number),
            Self::Double(number) => *number,
            Self::Whole(number) => *number as f64,
            Self::Decimal(..) => return from_text(ty, &self.digits(), reading, out),
            Self::Text(text) => return from_text(ty, text.trim(), reading, out),
            _ => return Err(format!("{} is no {ty}", self.name())),
        };
        out.extend(number.to_be_bytes());
        Ok(())
    }

    /// A decimal number's digits.
    fn digits(&self) -> String {
        match self {
            Self::Decimal(number, scale) => format!("{number}E{}", -i64::from(*scale)),
            _ => String::new(),
        }
    }

    fn text(&self, ty: &CqlType, reading: &mut Reading<'_>, out: &mut Vec<u8>) -> Result<(), String> {
        let text = match self {
            Self::Text(text) => text,
            Self::Bytes(bytes) => std::str::from_utf8(bytes).map_err(|_| format!("the bytes are no {ty}"))?,
            Self::Instant(nanos) if nanos % 1_000_000 != 0 => {
                // Finer than any CQL type: ISO 8601, with all its digits.
                let text = jiff::Timestamp::from_nanosecond(*nanos).map(|instant| instant.to_string());
                out.extend_from_slice(text.unwrap_or_else(|_| format!("{nanos} ns")).as_bytes());
                return Ok(());
            }
            // What else there is has a text of its own, the one it is shown as.
            _ => {
                let (own, mut cell) = (self.own_type(), Vec::new());
                self.encode(&own, reading, &mut cell)?;
                let text = value::literal(Some(&cell), &own, &jiff::tz::TimeZone::UTC).text;
                out.extend_from_slice(text.as_bytes());
                return Ok(());
            }
        };
        if *ty == CqlType::Ascii && !text.is_ascii() {
            return Err("ascii has no characters beyond code 127".to_owned());
        }
        out.extend_from_slice(text.as_bytes());
        Ok(())
    }

    fn own_type(&self) -> CqlType {
        match self {
            Self::Boolean(_) => CqlType::Boolean,
            Self::Whole(_) => CqlType::Varint,
            Self::Float(_) => CqlType::Float,
            Self::Double(_) => CqlType::Double,
            Self::Decimal(..) => CqlType::Decimal,
            Self::Text(_) | Self::Bytes(_) => CqlType::Text,
            Self::Date(_) => CqlType::Date,
            Self::Time(_) => CqlType::Time,
            Self::Instant(_) => CqlType::Timestamp,
            Self::Duration(..) => CqlType::Duration,
        }
    }

    fn days(&self, ty: &CqlType, reading: &mut Reading<'_>) -> Result<i32, String> {
        const DAY: i128 = 86_400_000_000_000;
        match self {
            Self::Date(days) => Ok(*days),
            Self::Instant(nanos) if nanos % DAY == 0 => {
                i32::try_from(nanos / DAY).map_err(|_| format!("the date does not fit {ty}"))
            }
            Self::Instant(_) => Err("the timestamp has a time of day, a date has none".to_owned()),
            Self::Text(text) => {
                let mut cell = Vec::new();
                from_text(ty, text, reading, &mut cell)?;
                let bytes = super::exact::<4>(&cell).map_err(|_| format!("text is no {ty}"))?;
                Ok((u32::from_be_bytes(bytes) ^ (1 << 31)) as i32)
            }
            _ => Err(format!("{} is no {ty}", self.name())),
        }
    }

    fn millis(&self, ty: &CqlType, reading: &mut Reading<'_>) -> Result<i64, String> {
        match self {
            Self::Instant(nanos) => value::millis_of(*nanos, &mut reading.notes)
                .ok_or_else(|| format!("the time does not fit {ty}")),
            Self::Date(days) => Ok(i64::from(*days) * 86_400_000),
            // A number says no unit: it is read as the same digits in a text would be.
            Self::Whole(_) | Self::Double(_) | Self::Text(_) => {
                let text = match self {
                    Self::Text(text) => (*text).to_owned(),
                    Self::Whole(number) => number.to_string(),
                    Self::Double(number) => number.to_string(),
                    _ => String::new(),
                };
                let mut cell = Vec::new();
                from_text(ty, &text, reading, &mut cell)?;
                Ok(i64::from_be_bytes(super::exact(&cell).map_err(|_| format!("text is no {ty}"))?))
            }
            _ => Err(format!("{} is no {ty}", self.name())),
        }
    }
}

/// A floating-point number that is exactly whole. From `certain` on not every whole number is one: what came from one that is not
/// has lost digits, which is counted.
fn exactly(number: f64, certain: f64, reading: &mut Reading<'_>) -> Option<i128> {
    if number.fract() != 0.0 || number.abs() >= 1e38 {
        return None;
    }
    reading.notes.beyond += u64::from(number.abs() > certain);
    Some(number as i128)
}

fn from_text(ty: &CqlType, text: &str, reading: &mut Reading<'_>, out: &mut Vec<u8>) -> Result<(), String> {
    let cell = reading.forms.text(ty, text, &mut reading.notes).map_err(|error| error.to_string())?;
    out.extend_from_slice(&cell);
    Ok(())
}

fn shorten(text: &str) -> String {
    text.chars().take(40).collect()
}
