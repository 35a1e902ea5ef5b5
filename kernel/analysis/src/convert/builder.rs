//! Cells into a column: one builder for each CQL type, fed with a cell's bytes. No value object is made on the way.

use std::sync::Arc;

use arrow_array::ArrayRef;
use arrow_array::builder::{
    BinaryBuilder, BooleanBuilder, Date32Builder, Decimal128Builder, FixedSizeBinaryBuilder, Float32Builder,
    Float64Builder, Int8Builder, Int16Builder, Int32Builder, Int64Builder, StringBuilder,
    Time64NanosecondBuilder, TimestampMillisecondBuilder,
};
use cqlbook_core::column::CqlType;
use cqlbook_core::value::{self, Kind};
use jiff::tz::TimeZone;

use super::fields::{Flavour, Number};
use super::nested::{Durations, Lists, Maps, Structs, Vectors};
use super::{Misfit, exact, thawed};

/// Cells that a column could not hold. They are null in it; whoever makes a file of it tells the user.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Lost {
    /// Values of zero bytes of a type whose values have some (an `int` of no bytes).
    pub empty: u64,
    /// Bytes that are no value of their type.
    pub malformed: u64,
    /// Entries of maps, left out because their key is one of these: a column's maps have no null keys.
    #[serde(default)]
    pub keys: u64,
}

impl Lost {
    /// How many there are.
    pub fn total(self) -> u64 {
        self.empty + self.malformed + self.keys
    }
}

impl std::ops::AddAssign for Lost {
    fn add_assign(&mut self, other: Self) {
        self.empty += other.empty;
        self.malformed += other.malformed;
        self.keys += other.keys;
    }
}

/// A column under construction.
pub(crate) enum Builder {
    Boolean(BooleanBuilder),
    Tinyint(Int8Builder),
    Smallint(Int16Builder),
    Int(Int32Builder),
    Bigint(Int64Builder),
    Float(Float32Builder),
    Double(Float64Builder),
    Date(Date32Builder),
    Time(Time64NanosecondBuilder),
    Timestamp(TimestampMillisecondBuilder),
    Uuid(FixedSizeBinaryBuilder),
    Text(StringBuilder),
    Ascii(StringBuilder),
    Blob(BinaryBuilder),
    /// Exact text of a type for which arrow has none.
    Written(StringBuilder, CqlType),
    /// A `decimal` or, without a scale of its own, a `varint`, all of whose values fit.
    Fixed(Decimal128Builder, i8, CqlType),
    /// A `varint` or `decimal` all of whose values fit 64 bits.
    Long(Int64Builder, CqlType),
    Duration(Box<Durations>),
    List(Box<Lists>),
    Map(Box<Maps>),
    Vector(Box<Vectors>),
    Struct(Box<Structs>),
}

impl Builder {
    pub(crate) fn new(ty: &CqlType, flavour: Flavour) -> Self {
        let ty = thawed(ty);
        match ty {
            CqlType::Boolean => Self::Boolean(BooleanBuilder::new()),
            CqlType::Tinyint => Self::Tinyint(Int8Builder::new()),
            CqlType::Smallint => Self::Smallint(Int16Builder::new()),
            CqlType::Int => Self::Int(Int32Builder::new()),
            CqlType::Bigint | CqlType::Counter => Self::Bigint(Int64Builder::new()),
            CqlType::Float => Self::Float(Float32Builder::new()),
            CqlType::Double => Self::Double(Float64Builder::new()),
            CqlType::Date => Self::Date(Date32Builder::new()),
            CqlType::Time => Self::Time(Time64NanosecondBuilder::new()),
            CqlType::Timestamp => Self::Timestamp(TimestampMillisecondBuilder::new().with_timezone("UTC")),
            CqlType::Uuid | CqlType::Timeuuid if flavour == Flavour::File => {
                Self::Uuid(FixedSizeBinaryBuilder::new(16))
            }
            CqlType::Text => Self::Text(StringBuilder::new()),
            CqlType::Ascii => Self::Ascii(StringBuilder::new()),
            CqlType::Blob | CqlType::Custom(_) => Self::Blob(BinaryBuilder::new()),
            CqlType::Duration => Self::Duration(Box::default()),
            CqlType::List(item) | CqlType::Set(item) => Self::List(Box::new(Lists::new(item, flavour))),
            CqlType::Map(key, value) => Self::Map(Box::new(Maps::new(key, value, flavour))),
            CqlType::Vector(item, dimensions) => {
                Self::Vector(Box::new(Vectors::new(item, *dimensions, flavour)))
            }
            CqlType::Tuple(types) => Self::Struct(Box::new(Structs::of_tuple(types, flavour))),
            CqlType::Udt(udt) => Self::Struct(Box::new(Structs::of_udt(udt, flavour))),
            ty => Self::Written(StringBuilder::new(), ty.clone()),
        }
    }

    /// A builder of a number whose form was found by looking.
    pub(crate) fn of_number(ty: &CqlType, number: Number) -> Self {
        match number {
            Number::Long => Self::Long(Int64Builder::new(), ty.clone()),
            // The precision and any scale up to it are arrow's own limits: it cannot fail.
            Number::Fixed(scale) => match Decimal128Builder::new().with_precision_and_scale(38, scale) {
                Ok(builder) => Self::Fixed(builder, scale, ty.clone()),
                Err(_) => Self::Written(StringBuilder::new(), ty.clone()),
            },
            Number::Text => Self::Written(StringBuilder::new(), ty.clone()),
        }
    }

    /// Appends a cell. What the column cannot hold becomes null and is counted.
    pub(crate) fn append(&mut self, cell: Option<&[u8]>, lost: &mut Lost) {
        let Some(bytes) = cell else {
            self.append_null();
            return;
        };
        if let Err(Misfit) = self.append_bytes(bytes, lost) {
            if bytes.is_empty() {
                lost.empty += 1;
            } else {
                lost.malformed += 1;
            }
            self.append_null();
        }
    }

    /// Appends a value, or leaves the builder as it was.
    pub(super) fn append_bytes(&mut self, bytes: &[u8], lost: &mut Lost) -> Result<(), Misfit> {
        match self {
            Self::Boolean(builder) => builder.append_value(exact::<1>(bytes)?[0] != 0),
            Self::Tinyint(builder) => builder.append_value(i8::from_be_bytes(exact(bytes)?)),
            Self::Smallint(builder) => builder.append_value(i16::from_be_bytes(exact(bytes)?)),
            Self::Int(builder) => builder.append_value(i32::from_be_bytes(exact(bytes)?)),
            Self::Bigint(builder) => builder.append_value(i64::from_be_bytes(exact(bytes)?)),
            Self::Float(builder) => builder.append_value(f32::from_be_bytes(exact(bytes)?)),
            Self::Double(builder) => builder.append_value(f64::from_be_bytes(exact(bytes)?)),
            // Cassandra counts from 2^31 days before 1970: over the whole range the difference is arrow's number.
            Self::Date(builder) => {
                builder.append_value((u32::from_be_bytes(exact(bytes)?) ^ (1 << 31)) as i32);
            }
            Self::Time(builder) => {
                const DAY: i64 = 86_400_000_000_000;
                let nanos = i64::from_be_bytes(exact(bytes)?);
                if !(0..DAY).contains(&nanos) {
                    return Err(Misfit);
                }
                builder.append_value(nanos);
            }
            Self::Timestamp(builder) => builder.append_value(i64::from_be_bytes(exact(bytes)?)),
            Self::Uuid(builder) => builder.append_value(exact::<16>(bytes)?).map_err(|_| Misfit)?,
            Self::Text(builder) => builder.append_value(std::str::from_utf8(bytes).map_err(|_| Misfit)?),
            Self::Ascii(builder) => match std::str::from_utf8(bytes) {
                Ok(text) if text.is_ascii() => builder.append_value(text),
                _ => return Err(Misfit),
            },
            Self::Blob(builder) => builder.append_value(bytes),
            Self::Written(builder, ty) => {
                let text = value::literal(Some(bytes), ty, &TimeZone::UTC);
                if matches!(text.kind, Kind::Malformed | Kind::Empty) {
                    return Err(Misfit);
                }
                builder.append_value(&text.text);
            }
            Self::Fixed(builder, scale, ty) => {
                builder.append_value(scaled(bytes, ty, *scale).ok_or(Misfit)?);
            }
            Self::Long(builder, ty) => {
                let number = scaled(bytes, ty, 0).and_then(|number| i64::try_from(number).ok());
                builder.append_value(number.ok_or(Misfit)?);
            }
            Self::Duration(builder) => builder.append(bytes)?,
            Self::List(builder) => builder.append(bytes, lost)?,
            Self::Map(builder) => builder.append(bytes, lost)?,
            Self::Vector(builder) => builder.append(bytes, lost)?,
            Self::Struct(builder) => builder.append(bytes, lost)?,
        }
        Ok(())
    }

    pub(crate) fn append_null(&mut self) {
        match self {
            Self::Boolean(builder) => builder.append_null(),
            Self::Tinyint(builder) => builder.append_null(),
            Self::Smallint(builder) => builder.append_null(),
            Self::Int(builder) => builder.append_null(),
            Self::Bigint(builder) | Self::Long(builder, _) => builder.append_null(),
            Self::Float(builder) => builder.append_null(),
            Self::Double(builder) => builder.append_null(),
            Self::Date(builder) => builder.append_null(),
            Self::Time(builder) => builder.append_null(),
            Self::Timestamp(builder) => builder.append_null(),
            Self::Uuid(builder) => builder.append_null(),
            Self::Text(builder) | Self::Ascii(builder) | Self::Written(builder, _) => builder.append_null(),
            Self::Blob(builder) => builder.append_null(),
            Self::Fixed(builder, _, _) => builder.append_null(),
            Self::Duration(builder) => builder.append_null(),
            Self::List(builder) => builder.append_null(),
            Self::Map(builder) => builder.append_null(),
            Self::Vector(builder) => builder.append_null(),
            Self::Struct(builder) => builder.append_null(),
        }
    }

    /// The column; the builder is empty then and may go on.
    pub(crate) fn finish(&mut self) -> Result<ArrayRef, arrow_schema::ArrowError> {
        Ok(match self {
            Self::Boolean(builder) => Arc::new(builder.finish()),
            Self::Tinyint(builder) => Arc::new(builder.finish()),
            Self::Smallint(builder) => Arc::new(builder.finish()),
            Self::Int(builder) => Arc::new(builder.finish()),
            Self::Bigint(builder) | Self::Long(builder, _) => Arc::new(builder.finish()),
            Self::Float(builder) => Arc::new(builder.finish()),
            Self::Double(builder) => Arc::new(builder.finish()),
            Self::Date(builder) => Arc::new(builder.finish()),
            Self::Time(builder) => Arc::new(builder.finish()),
            Self::Timestamp(builder) => Arc::new(builder.finish()),
            Self::Uuid(builder) => Arc::new(builder.finish()),
            Self::Text(builder) | Self::Ascii(builder) | Self::Written(builder, _) => {
                Arc::new(builder.finish())
            }
            Self::Blob(builder) => Arc::new(builder.finish()),
            Self::Fixed(builder, _, _) => Arc::new(builder.finish()),
            Self::Duration(builder) => builder.finish()?,
            Self::List(builder) => builder.finish()?,
            Self::Map(builder) => builder.finish()?,
            Self::Vector(builder) => builder.finish()?,
            Self::Struct(builder) => builder.finish()?,
        })
    }
}

/// A `decimal` or `varint` as a whole number of units of 10^-scale; `None` where it is not one or does not fit 38 digits.
pub(crate) fn scaled(bytes: &[u8], ty: &CqlType, scale: i8) -> Option<i128> {
    const LARGEST: i128 = 10_i128.pow(38) - 1;
    let (own, unscaled) = match ty {
        CqlType::Decimal => {
            let (own, unscaled) = bytes.split_first_chunk::<4>()?;
            (i64::from(i32::from_be_bytes(*own)), unscaled)
        }
        _ => (0, bytes),
    };
    let unscaled = small(unscaled)?;
    if unscaled == 0 {
        return Some(0);
    }
    let up = u32::try_from(i64::from(scale) - own).ok().filter(|up| *up <= 38)?;
    let number = unscaled.checked_mul(10_i128.checked_pow(up)?)?;
    (-LARGEST..=LARGEST).contains(&number).then_some(number)
}

/// A varint of at most 128 bits.
pub(crate) fn small(bytes: &[u8]) -> Option<i128> {
    let &first = bytes.first()?;
    if bytes.len() > 16 {
        return None;
    }
    let start = if first & 0x80 == 0 { 0 } else { -1_i128 };
    Some(bytes.iter().fold(start, |value, &byte| value << 8 | i128::from(byte)))
}
