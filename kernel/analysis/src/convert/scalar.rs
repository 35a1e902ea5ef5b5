//! One element of an array, and its form as a cell of a CQL type. A value that the type cannot hold exactly is refused.

use std::net::IpAddr;

use cqlbook_core::column::CqlType;
use cqlbook_core::value;
use cqlbook_core::vint;
use num_bigint::BigInt;

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
    pub(crate) fn encode(&self, ty: &CqlType, out: &mut Vec<u8>) -> Result<(), String> {
        let wrong = || format!("{} is no {ty}", self.name());
        match ty {
            CqlType::Boolean => match self {
                Self::Boolean(value) => out.push(u8::from(*value)),
                Self::Text(text) => return from_text(ty, text, out),
                _ => return Err(wrong()),
            },
            CqlType::Tinyint => out.extend(self.whole::<i8>(ty)?.to_be_bytes()),
            CqlType::Smallint => out.extend(self.whole::<i16>(ty)?.to_be_bytes()),
            CqlType::Int => out.extend(self.whole::<i32>(ty)?.to_be_bytes()),
            CqlType::Bigint | CqlType::Counter => out.extend(self.whole::<i64>(ty)?.to_be_bytes()),
            CqlType::Varint => out.extend(match self {
                Self::Decimal(number, 0) => number.to_signed_bytes_be(),
                Self::Text(text) => return from_text(ty, text, out),
                _ => BigInt::from(self.whole::<i128>(ty)?).to_signed_bytes_be(),
            }),
            CqlType::Decimal => self.decimal(ty, out)?,
            CqlType::Float => self.float(ty, out)?,
            CqlType::Double => self.double(ty, out)?,
            CqlType::Text | CqlType::Ascii => self.text(ty, out)?,
            CqlType::Blob | CqlType::Custom(_) => match self {
                Self::Bytes(bytes) => out.extend_from_slice(bytes),
                Self::Text(text) => return from_text(ty, text, out),
                _ => return Err(wrong()),
            },
            CqlType::Uuid | CqlType::Timeuuid => match self {
                Self::Bytes(bytes) if bytes.len() == 16 => {
                    if *ty == CqlType::Timeuuid && bytes[6] >> 4 != 1 {
                        return Err("a timeuuid is a uuid of version 1".to_owned());
                    }
                    out.extend_from_slice(bytes);
                }
                Self::Text(text) => return from_text(ty, text, out),
                _ => return Err(wrong()),
            },
            CqlType::Inet => match self {
                Self::Bytes(bytes) if matches!(bytes.len(), 4 | 16) => out.extend_from_slice(bytes),
                Self::Text(text) => match text.trim().parse() {
                    Ok(IpAddr::V4(address)) => out.extend(address.octets()),
                    Ok(IpAddr::V6(address)) => out.extend(address.octets()),
                    Err(_) => return from_text(ty, text, out),
                },
                _ => return Err(wrong()),
            },
            CqlType::Date => out.extend((self.days(ty)? as u32 ^ (1 << 31)).to_be_bytes()),
            CqlType::Time => match self {
                Self::Time(nanos) => out.extend(nanos.to_be_bytes()),
                Self::Text(text) => return from_text(ty, text, out),
                _ => return Err(wrong()),
            },
            CqlType::Timestamp => out.extend(self.millis(ty)?.to_be_bytes()),
            CqlType::Duration => match self {
                Self::Duration(months, days, nanos) => {
                    let parts = [i64::from(*months), i64::from(*days), *nanos];
                    if parts.iter().any(|part| *part < 0) && parts.iter().any(|part| *part > 0) {
                        return Err("the parts of a duration have one sign".to_owned());
                    }
                    parts.iter().for_each(|part| vint::write_signed(*part, out));
                }
                Self::Text(text) => return from_text(ty, text, out),
                _ => return Err(wrong()),
            },
            CqlType::Frozen(inner) => return self.encode(inner, out),
            // A collection written as text, as CSV has it.
            _ => match self {
                Self::Text(text) => return from_text(ty, text, out),
                _ => return Err(wrong()),
            },
        }
        Ok(())
    }

    fn whole<N: TryFrom<i128>>(&self, ty: &CqlType) -> Result<N, String> {
        let number = match self {
            Self::Whole(number) => *number,
            // A column of whole numbers with nulls becomes doubles on its way through pandas.
            Self::Double(number) if number.fract() == 0.0 && number.abs() <= 9_007_199_254_740_992.0 => {
                *number as i128
            }
            Self::Float(number) if number.fract() == 0.0 && number.abs() <= 16_777_216.0 => *number as i128,
            Self::Decimal(number, 0) => {
                i128::try_from(number).map_err(|_| format!("{number} does not fit {ty}"))?
            }
            Self::Text(text) => text
                .trim()
                .parse()
                .map_err(|_| format!("`{}` is no {ty}: expected a whole number", shorten(text)))?,
            Self::Double(number) => return Err(format!("{number} is no {ty}: expected a whole number")),
            Self::Float(number) => return Err(format!("{number} is no {ty}: expected a whole number")),
            _ => return Err(format!("{} is no {ty}", self.name())),
        };
        N::try_from(number).map_err(|_| format!("{number} does not fit {ty}"))
    }

    fn decimal(&self, ty: &CqlType, out: &mut Vec<u8>) -> Result<(), String> {
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
            Self::Double(number) if number.is_finite() => from_text(ty, &number.to_string(), out),
            Self::Float(number) if number.is_finite() => from_text(ty, &number.to_string(), out),
            Self::Text(text) => from_text(ty, text.trim(), out),
            _ => Err(format!("{} is no {ty}", self.name())),
        }
    }

    fn float(&self, ty: &CqlType, out: &mut Vec<u8>) -> Result<(), String> {
        let number = match self {
            Self::Float(number) => *number,
            Self::Double(number) => {
                let narrow = *number as f32;
                if f64::from(narrow) != *number && !number.is_nan() {
                    return Err(format!("{number} is not exactly a {ty}"));
                }
                narrow
            }
            Self::Whole(number) => {
                let narrow = *number as f32;
                if narrow as i128 != *number {
                    return Err(format!("{number} is not exactly a {ty}"));
                }
                narrow
            }
            Self::Decimal(..) => return from_text(ty, &self.digits(), out),
            Self::Text(text) => return from_text(ty, text.trim(), out),
            _ => return Err(format!("{} is no {ty}", self.name())),
        };
        out.extend(number.to_be_bytes());
        Ok(())
    }

    fn double(&self, ty: &CqlType, out: &mut Vec<u8>) -> Result<(), String> {
        let number = match self {
            Self::Float(number) => f64::from(*number),
            Self::Double(number) => *number,
            Self::Whole(number) => {
                let double = *number as f64;
                if double as i128 != *number {
                    return Err(format!("{number} is not exactly a {ty}"));
                }
                double
            }
            Self::Decimal(..) => return from_text(ty, &self.digits(), out),
            Self::Text(text) => return from_text(ty, text.trim(), out),
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

    fn text(&self, ty: &CqlType, out: &mut Vec<u8>) -> Result<(), String> {
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
                self.encode(&own, &mut cell)?;
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

    fn days(&self, ty: &CqlType) -> Result<i32, String> {
        const DAY: i128 = 86_400_000_000_000;
        match self {
            Self::Date(days) => Ok(*days),
            Self::Instant(nanos) if nanos % DAY == 0 => {
                i32::try_from(nanos / DAY).map_err(|_| format!("the date does not fit {ty}"))
            }
            Self::Instant(_) => Err("the timestamp has a time of day, a date has none".to_owned()),
            Self::Text(text) => {
                let mut cell = Vec::new();
                from_text(ty, text, &mut cell)?;
                let bytes = super::exact::<4>(&cell).map_err(|_| format!("text is no {ty}"))?;
                Ok((u32::from_be_bytes(bytes) ^ (1 << 31)) as i32)
            }
            _ => Err(format!("{} is no {ty}", self.name())),
        }
    }

    fn millis(&self, ty: &CqlType) -> Result<i64, String> {
        match self {
            Self::Instant(nanos) if nanos % 1_000_000 == 0 => {
                i64::try_from(nanos / 1_000_000).map_err(|_| format!("the time does not fit {ty}"))
            }
            Self::Instant(_) => Err("a timestamp has milliseconds and nothing finer".to_owned()),
            Self::Date(days) => Ok(i64::from(*days) * 86_400_000),
            // CQL takes a number of milliseconds too.
            Self::Whole(number) => i64::try_from(*number).map_err(|_| format!("{number} does not fit {ty}")),
            Self::Text(text) => {
                let mut cell = Vec::new();
                from_text(ty, text, &mut cell)?;
                Ok(i64::from_be_bytes(super::exact(&cell).map_err(|_| format!("text is no {ty}"))?))
            }
            _ => Err(format!("{} is no {ty}", self.name())),
        }
    }
}

fn from_text(ty: &CqlType, text: &str, out: &mut Vec<u8>) -> Result<(), String> {
    let cell = value::from_text(ty, text).map_err(|error| error.to_string())?;
    out.extend_from_slice(&cell);
    Ok(())
}

fn shorten(text: &str) -> String {
    text.chars().take(40).collect()
}
