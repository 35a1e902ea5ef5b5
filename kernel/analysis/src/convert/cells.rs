//! Elements of arrays as cells. Arrays of every layout arrow has are read (large, view, dictionary), because polars and files
//! of others use them.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Date64Type, Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type,
    DurationMicrosecondType, DurationMillisecondType, DurationNanosecondType, DurationSecondType,
    Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    IntervalMonthDayNanoType, Time32MillisecondType, Time32SecondType, Time64MicrosecondType,
    Time64NanosecondType, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef, MapArray, StructArray};
use arrow_schema::{DataType, IntervalUnit, TimeUnit};
use cqlbook_core::column::{CqlType, UdtType};
use cqlbook_core::value::{Entry, collection_cell};
use cqlbook_core::vint;
use num_bigint::BigInt;

use super::scalar::{Reading, Scalar};
use super::{fields, packed_size};

/// Appends the cell of type `ty` that element `row` of `array` is; false for a null.
///
/// # Errors
/// Why the element is no value of the type, in words.
pub(crate) fn encode(
    array: &dyn Array,
    row: usize,
    ty: &CqlType,
    reading: &mut Reading<'_>,
    out: &mut Vec<u8>,
) -> Result<bool, String> {
    if array.is_null(row) || *array.data_type() == DataType::Null {
        return Ok(false);
    }
    if let Some(dictionary) = array.as_any_dictionary_opt() {
        // One key is looked at, not all of them: a column would take time that grows with its square.
        let key = match scalar(dictionary.keys(), row) {
            Some(Scalar::Whole(key)) => usize::try_from(key).ok(),
            _ => None,
        };
        let key = key.filter(|key| *key < dictionary.values().len()).ok_or("a key leads to no value")?;
        return encode(dictionary.values().as_ref(), key, ty, reading, out);
    }
    let elements = match array.data_type() {
        DataType::List(_) => Some(array.as_list::<i32>().value(row)),
        DataType::LargeList(_) => Some(array.as_list::<i64>().value(row)),
        DataType::FixedSizeList(..) => Some(array.as_fixed_size_list().value(row)),
        _ => None,
    };
    match (elements, array.data_type()) {
        (Some(elements), _) => list(&elements, ty, reading, out)?,
        (None, DataType::Map(..)) => map(array.as_map(), row, ty, reading, out)?,
        (None, DataType::Struct(_)) => structure(array.as_struct(), row, ty, reading, out)?,
        _ => match scalar(array, row) {
            Some(scalar) => scalar.encode(ty, reading, out)?,
            None => return Err(format!("{} has no counterpart in CQL", array.data_type())),
        },
    }
    Ok(true)
}

/// A single value; `None` for a type without a counterpart.
pub(crate) fn scalar(array: &dyn Array, row: usize) -> Option<Scalar<'_>> {
    macro_rules! at {
        ($ty:ty) => {
            array.as_primitive::<$ty>().value(row)
        };
    }
    macro_rules! whole {
        ($ty:ty) => {
            Scalar::Whole(i128::from(at!($ty)))
        };
    }
    let instant = |number: i64, nanos: i128| Scalar::Instant(i128::from(number) * nanos);
    let duration =
        |number: i64, nanos: i64| number.checked_mul(nanos).map(|nanos| Scalar::Duration(0, 0, nanos));
    Some(match array.data_type() {
        DataType::Boolean => Scalar::Boolean(array.as_boolean().value(row)),
        DataType::Int8 => whole!(Int8Type),
        DataType::Int16 => whole!(Int16Type),
        DataType::Int32 => whole!(Int32Type),
        DataType::Int64 => whole!(Int64Type),
        DataType::UInt8 => whole!(UInt8Type),
        DataType::UInt16 => whole!(UInt16Type),
        DataType::UInt32 => whole!(UInt32Type),
        DataType::UInt64 => whole!(UInt64Type),
        DataType::Float16 => Scalar::Float(at!(Float16Type).to_f32()),
        DataType::Float32 => Scalar::Float(at!(Float32Type)),
        DataType::Float64 => Scalar::Double(at!(Float64Type)),
        DataType::Decimal32(_, scale) => Scalar::Decimal(BigInt::from(at!(Decimal32Type)), i32::from(*scale)),
        DataType::Decimal64(_, scale) => Scalar::Decimal(BigInt::from(at!(Decimal64Type)), i32::from(*scale)),
        DataType::Decimal128(_, scale) => {
            Scalar::Decimal(BigInt::from(at!(Decimal128Type)), i32::from(*scale))
        }
        DataType::Decimal256(_, scale) => Scalar::Decimal(
            BigInt::from_signed_bytes_be(&at!(Decimal256Type).to_be_bytes()),
            i32::from(*scale),
        ),
        DataType::Utf8 => Scalar::Text(array.as_string::<i32>().value(row)),
        DataType::LargeUtf8 => Scalar::Text(array.as_string::<i64>().value(row)),
        DataType::Utf8View => Scalar::Text(array.as_string_view().value(row)),
        DataType::Binary => Scalar::Bytes(array.as_binary::<i32>().value(row)),
        DataType::LargeBinary => Scalar::Bytes(array.as_binary::<i64>().value(row)),
        DataType::BinaryView => Scalar::Bytes(array.as_binary_view().value(row)),
        DataType::FixedSizeBinary(_) => Scalar::Bytes(array.as_fixed_size_binary().value(row)),
        DataType::Date32 => Scalar::Date(at!(Date32Type)),
        DataType::Date64 => instant(at!(Date64Type), 1_000_000),
        DataType::Timestamp(TimeUnit::Second, _) => instant(at!(TimestampSecondType), 1_000_000_000),
        DataType::Timestamp(TimeUnit::Millisecond, _) => instant(at!(TimestampMillisecondType), 1_000_000),
        DataType::Timestamp(TimeUnit::Microsecond, _) => instant(at!(TimestampMicrosecondType), 1_000),
        DataType::Timestamp(TimeUnit::Nanosecond, _) => instant(at!(TimestampNanosecondType), 1),
        DataType::Time32(TimeUnit::Second) => Scalar::Time(i64::from(at!(Time32SecondType)) * 1_000_000_000),
        DataType::Time32(_) => Scalar::Time(i64::from(at!(Time32MillisecondType)) * 1_000_000),
        DataType::Time64(TimeUnit::Microsecond) => {
            Scalar::Time(at!(Time64MicrosecondType).checked_mul(1_000)?)
        }
        DataType::Time64(_) => Scalar::Time(at!(Time64NanosecondType)),
        DataType::Duration(TimeUnit::Second) => duration(at!(DurationSecondType), 1_000_000_000)?,
        DataType::Duration(TimeUnit::Millisecond) => duration(at!(DurationMillisecondType), 1_000_000)?,
        DataType::Duration(TimeUnit::Microsecond) => duration(at!(DurationMicrosecondType), 1_000)?,
        DataType::Duration(TimeUnit::Nanosecond) => duration(at!(DurationNanosecondType), 1)?,
        DataType::Interval(IntervalUnit::MonthDayNano) => {
            let interval = at!(IntervalMonthDayNanoType);
            Scalar::Duration(interval.months, interval.days, interval.nanoseconds)
        }
        _ => return None,
    })
}

/// Appends an element after its 32-bit length, -1 for null.
fn element(
    array: &dyn Array,
    row: usize,
    ty: &CqlType,
    reading: &mut Reading<'_>,
    out: &mut Vec<u8>,
) -> Result<(), String> {
    let start = out.len();
    out.extend((-1_i32).to_be_bytes());
    if encode(array, row, ty, reading, out)? {
        let length = i32::try_from(out.len() - start - 4).map_err(|_| "an element is larger than 2 GB")?;
        out[start..start + 4].copy_from_slice(&length.to_be_bytes());
    }
    Ok(())
}

fn count(elements: usize, out: &mut Vec<u8>) -> Result<(), String> {
    let elements = i32::try_from(elements).map_err(|_| "a collection has too many elements")?;
    out.extend(elements.to_be_bytes());
    Ok(())
}

fn list(
    elements: &ArrayRef,
    ty: &CqlType,
    reading: &mut Reading<'_>,
    out: &mut Vec<u8>,
) -> Result<(), String> {
    match ty {
        CqlType::Frozen(inner) => list(elements, inner, reading, out),
        CqlType::List(item) => {
            count(elements.len(), out)?;
            (0..elements.len()).try_for_each(|row| element(elements.as_ref(), row, item, reading, out))
        }
        CqlType::Set(item) => entries(ty, (elements.as_ref(), item), None, reading, out),
        CqlType::Vector(item, dimensions) => vector(elements, item, *dimensions, reading, out),
        CqlType::Tuple(types) if types.len() == elements.len() => types
            .iter()
            .enumerate()
            .try_for_each(|(row, ty)| element(elements.as_ref(), row, ty, reading, out)),
        CqlType::Map(key, value) => match elements.as_struct_opt() {
            Some(pairs) if pairs.num_columns() == 2 => {
                let (keys, values) = (pairs.column(0).as_ref(), pairs.column(1).as_ref());
                entries(ty, (keys, key), Some((values, value)), reading, out)
            }
            _ => Err(format!("a list is no {ty}")),
        },
        _ => Err(format!("a list is no {ty}")),
    }
}

fn vector(
    elements: &ArrayRef,
    item: &CqlType,
    dimensions: usize,
    reading: &mut Reading<'_>,
    out: &mut Vec<u8>,
) -> Result<(), String> {
    if elements.len() != dimensions {
        return Err(format!("expected {dimensions} elements, found {}", elements.len()));
    }
    let size = packed_size(item);
    let mut cell = Vec::new();
    for row in 0..dimensions {
        cell.clear();
        if !encode(elements.as_ref(), row, item, reading, &mut cell)? {
            return Err("null is not allowed inside a vector".to_owned());
        }
        match size {
            Some(size) if size == cell.len() => {}
            Some(size) => return Err(format!("an element has {size} bytes")),
            None => vint::write_unsigned(cell.len() as u64, out),
        }
        out.extend_from_slice(&cell);
    }
    Ok(())
}

fn map(
    array: &MapArray,
    row: usize,
    ty: &CqlType,
    reading: &mut Reading<'_>,
    out: &mut Vec<u8>,
) -> Result<(), String> {
    match ty {
        CqlType::Frozen(inner) => map(array, row, inner, reading, out),
        CqlType::Map(key, value) => {
            let pairs = array.value(row);
            let (keys, values) = (pairs.column(0).as_ref(), pairs.column(1).as_ref());
            entries(ty, (keys, key), Some((values, value)), reading, out)
        }
        _ => Err(format!("a map is no {ty}")),
    }
}

/// The elements of a set or the entries of a map, as Cassandra keeps them.
fn entries(
    ty: &CqlType,
    (keys, key): (&dyn Array, &CqlType),
    values: Option<(&dyn Array, &CqlType)>,
    reading: &mut Reading<'_>,
    out: &mut Vec<u8>,
) -> Result<(), String> {
    let mut entries = Vec::with_capacity(keys.len());
    for row in 0..keys.len() {
        let (mut cell, mut beside) = (Vec::new(), Vec::new());
        let is_value = encode(keys, row, key, reading, &mut cell)?;
        if let Some((values, value)) = values {
            element(values, row, value, reading, &mut beside)?;
        }
        entries.push(Entry { key: is_value.then_some(cell), value: beside });
    }
    out.extend(collection_cell(ty, entries).map_err(|error| error.reason)?);
    Ok(())
}

fn structure(
    array: &StructArray,
    row: usize,
    ty: &CqlType,
    reading: &mut Reading<'_>,
    out: &mut Vec<u8>,
) -> Result<(), String> {
    match ty {
        CqlType::Frozen(inner) => structure(array, row, inner, reading, out),
        CqlType::Duration if fields::is_duration(array.fields()) => {
            let whole = |place: usize| match scalar(array.column(place).as_ref(), row) {
                Some(Scalar::Whole(number)) => i64::try_from(number).unwrap_or_default(),
                _ => 0,
            };
            let narrow = |number: i64| i32::try_from(number).unwrap_or_default();
            Scalar::Duration(narrow(whole(0)), narrow(whole(1)), whole(2)).encode(ty, reading, out)
        }
        CqlType::Tuple(types) if types.len() == array.num_columns() => types
            .iter()
            .zip(array.columns())
            .try_for_each(|(ty, column)| element(column.as_ref(), row, ty, reading, out)),
        CqlType::Udt(udt) => user_defined(array, row, udt, reading, out),
        _ => Err(format!("a structure is no {ty}")),
    }
}

/// Fields find each other by name; what the array does not have is null, what the type does not have is refused.
fn user_defined(
    array: &StructArray,
    row: usize,
    udt: &UdtType,
    reading: &mut Reading<'_>,
    out: &mut Vec<u8>,
) -> Result<(), String> {
    let known = |name: &str| udt.fields.iter().any(|(field, _)| field == name);
    if let Some(stranger) = array.column_names().into_iter().find(|name| !known(name)) {
        return Err(format!("the type {} has no field `{stranger}`", udt.name));
    }
    for (name, ty) in &udt.fields {
        match array.column_by_name(name) {
            Some(column) => element(column.as_ref(), row, ty, reading, out)?,
            None => out.extend((-1_i32).to_be_bytes()),
        }
    }
    Ok(())
}
