//! An element of an array as a field of CSV, so that a load reads the same value again. Every layout has a form here, those too
//! that CQL has no type for: what is set aside is never lost.

use arrow_array::cast::AsArray;
use arrow_array::types::{Int16Type, Int32Type, Int64Type, IntervalDayTimeType, IntervalYearMonthType};
use arrow_array::{Array, RecordBatch, StructArray};
use arrow_schema::{DataType, Field, IntervalUnit};
use cqlbook_core::column::CqlType;
use cqlbook_core::page::Page as _;
use cqlbook_core::value::{self, Forms, Notes};
use jiff::tz::TimeZone;

use super::cells;
use super::fields::cql_type;
use super::scalar::{Reading, Scalar};
use crate::columns::BatchPage;

/// Bytes that were to be text and are none: as `0x` they would be read as another text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{column} has bytes that are no text")]
pub struct Formless {
    /// The column.
    pub column: String,
}

/// The field of a row in the column at `place`; `None` for null. `wanted` is the type of the column that the value goes into.
///
/// # Errors
/// [`Formless`] where no field would be read as what is there.
pub fn field_text(
    batch: &RecordBatch,
    place: usize,
    row: usize,
    wanted: Option<&CqlType>,
) -> Result<Option<String>, Formless> {
    let (schema, array) = (batch.schema(), batch.column(place));
    let field = schema.field(place);
    // Bytes do not say what they are: they are written as their column has them.
    if let Some(wanted) = wanted.filter(|_| holds_bytes(field.data_type())) {
        match literal(array, row, wanted) {
            Some(text) => return Ok(text),
            None if holds_text(wanted) => return Err(Formless { column: field.name().clone() }),
            None => {}
        }
    }
    let own = batch.slice(row, 1).project(&[place]).ok().and_then(|batch| {
        let page = BatchPage::new(batch).ok()?;
        let cell = page.row(0).ok()?.into_iter().next()?;
        let ty = &page.columns().first()?.cql_type;
        Some(cell.map(|cell| value::literal(Some(&cell), ty, &TimeZone::UTC).text))
    });
    Ok(own.unwrap_or_else(|| text(array.as_ref(), row, false)))
}

/// The value as text of this type; `Some(None)` for null.
fn literal(array: &dyn Array, row: usize, ty: &CqlType) -> Option<Option<String>> {
    Some(encoded(array, row, ty)?.map(|cell| value::literal(Some(&cell), ty, &TimeZone::UTC).text))
}

/// The cell of this type; `Some(None)` for null, and `None` where the value is none of it.
fn encoded(array: &dyn Array, row: usize, ty: &CqlType) -> Option<Option<Vec<u8>>> {
    let forms = Forms::default();
    let mut reading = Reading { forms: &forms, notes: Notes::default() };
    let mut cell = Vec::new();
    let is_value = cells::encode(array, row, ty, &mut reading, &mut cell).ok()?;
    Some(is_value.then_some(cell))
}

fn holds_bytes(ty: &DataType) -> bool {
    match ty {
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            true
        }
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::ListView(item)
        | DataType::LargeListView(item)
        | DataType::FixedSizeList(item, _)
        | DataType::Map(item, _) => holds_bytes(item.data_type()),
        DataType::Struct(fields) => fields.iter().any(|field| holds_bytes(field.data_type())),
        DataType::Union(fields, _) => fields.iter().any(|(_, field)| holds_bytes(field.data_type())),
        DataType::Dictionary(_, values) => holds_bytes(values),
        DataType::RunEndEncoded(_, values) => holds_bytes(values.data_type()),
        _ => false,
    }
}

fn holds_text(ty: &CqlType) -> bool {
    match ty {
        CqlType::Text | CqlType::Ascii => true,
        CqlType::Frozen(item) | CqlType::List(item) | CqlType::Set(item) | CqlType::Vector(item, _) => {
            holds_text(item)
        }
        CqlType::Map(key, value) => holds_text(key) || holds_text(value),
        CqlType::Tuple(types) => types.iter().any(holds_text),
        CqlType::Udt(udt) => udt.fields.iter().any(|(_, ty)| holds_text(ty)),
        _ => false,
    }
}

/// What is there, whatever its layout; `None` for null. `inside` of something else texts have quotes.
fn text(array: &dyn Array, row: usize, inside: bool) -> Option<String> {
    if array.is_null(row) || *array.data_type() == DataType::Null {
        return None;
    }
    if let Some(dictionary) = array.as_any_dictionary_opt() {
        let key = match cells::scalar(dictionary.keys(), row) {
            Some(Scalar::Whole(key)) => usize::try_from(key).ok(),
            _ => None,
        };
        let values = dictionary.values();
        return key.filter(|key| *key < values.len()).and_then(|key| text(values.as_ref(), key, inside));
    }
    let elements = match array.data_type() {
        DataType::List(_) => Some(array.as_list::<i32>().value(row)),
        DataType::LargeList(_) => Some(array.as_list::<i64>().value(row)),
        DataType::ListView(_) => Some(array.as_list_view::<i32>().value(row)),
        DataType::LargeListView(_) => Some(array.as_list_view::<i64>().value(row)),
        DataType::FixedSizeList(..) => Some(array.as_fixed_size_list().value(row)),
        _ => None,
    };
    if let Some(elements) = elements {
        let all = (0..elements.len()).map(|row| within(elements.as_ref(), row));
        return Some(format!("[{}]", all.collect::<Vec<_>>().join(", ")));
    }
    match array.data_type() {
        DataType::Map(..) => Some(map(&array.as_map().value(row))),
        DataType::Struct(_) => Some(structure(array.as_struct(), row)),
        DataType::Union(..) => text(array.as_union().value(row).as_ref(), 0, inside),
        DataType::RunEndEncoded(ends, _) => {
            macro_rules! run {
                ($ty:ty) => {{
                    let run = array.as_run::<$ty>();
                    text(run.values().as_ref(), run.get_physical_index(row), inside)
                }};
            }
            match ends.data_type() {
                DataType::Int16 => run!(Int16Type),
                DataType::Int32 => run!(Int32Type),
                _ => run!(Int64Type),
            }
        }
        _ => Some(single(array, row, inside)),
    }
}

/// Something inside of something.
fn within(array: &dyn Array, row: usize) -> String {
    text(array, row, true).unwrap_or_else(|| "null".to_owned())
}

fn map(entries: &StructArray) -> String {
    let (keys, values) = (entries.column(0), entries.column(1));
    let pair = |row| format!("{}: {}", within(keys.as_ref(), row), within(values.as_ref(), row));
    format!("{{{}}}", (0..entries.len()).map(pair).collect::<Vec<_>>().join(", "))
}

fn structure(array: &StructArray, row: usize) -> String {
    let fields = array.column_names().into_iter().zip(array.columns()).map(|(name, column)| {
        let name = cqlbook_core::cql::keywords::quote_name(name);
        format!("{name}: {}", within(column.as_ref(), row))
    });
    format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
}

/// A single value in the form of its own type.
fn single(array: &dyn Array, row: usize, inside: bool) -> String {
    let data_type = array.data_type();
    match data_type {
        DataType::Interval(IntervalUnit::YearMonth) => {
            return format!("{}mo", array.as_primitive::<IntervalYearMonthType>().value(row));
        }
        DataType::Interval(IntervalUnit::DayTime) => {
            let value = array.as_primitive::<IntervalDayTimeType>().value(row);
            return format!("{}d{}ms", value.days, value.milliseconds);
        }
        _ => {}
    }
    let ty = cql_type(&Field::new("", data_type.clone(), true));
    match (encoded(array, row, &ty).flatten(), cells::scalar(array, row)) {
        (Some(cell), _) if inside => {
            // In a tuple it has its quotes.
            let length = i32::try_from(cell.len()).unwrap_or_default();
            let cell = [&length.to_be_bytes()[..], &cell].concat();
            let text = value::literal(Some(&cell), &CqlType::Tuple(vec![ty]), &TimeZone::UTC).text;
            text.strip_prefix('(').and_then(|text| text.strip_suffix(')')).unwrap_or(&text).to_owned()
        }
        (Some(cell), _) => value::literal(Some(&cell), &ty, &TimeZone::UTC).text,
        // Parts of two signs, which no CQL duration has.
        (_, Some(Scalar::Duration(months, days, nanos))) => format!("{months}mo{days}d{nanos}ns"),
        _ => format!("<{data_type}>"),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::builder::{
        BinaryBuilder, FixedSizeListBuilder, Float32Builder, Int32Builder, ListViewBuilder,
        PrimitiveRunBuilder,
    };
    use arrow_array::types::IntervalMonthDayNanoType;
    use arrow_array::{ArrayRef, IntervalMonthDayNanoArray};

    use super::*;

    fn field(array: ArrayRef, wanted: Option<&CqlType>) -> Result<Option<String>, Formless> {
        let batch = RecordBatch::try_from_iter([("c", array)]).unwrap();
        let row = batch.num_rows() - 1;
        field_text(&batch, 0, row, wanted)
    }

    fn written(array: ArrayRef, wanted: Option<&CqlType>) -> String {
        field(array, wanted).unwrap().unwrap()
    }

    #[test]
    fn layouts_that_cql_has_no_type_for_have_a_form() {
        let mut vector = FixedSizeListBuilder::new(Float32Builder::new(), 3);
        vector.values().append_value(1.0);
        vector.values().append_null();
        vector.values().append_value(3.5);
        vector.append(true);
        assert_eq!(written(Arc::new(vector.finish()), None), "[1, null, 3.5]");
        let mut view = ListViewBuilder::new(Int32Builder::new());
        view.append_value([Some(2), None]);
        assert_eq!(written(Arc::new(view.finish()), None), "[2, null]");
        let mut run = PrimitiveRunBuilder::<Int32Type, Int64Type>::new();
        run.append_value(5);
        run.append_value(5);
        run.append_value(7);
        assert_eq!(written(Arc::new(run.finish()), None), "7");
        let signs = IntervalMonthDayNanoType::make_value(1, -2, 3);
        assert_eq!(written(Arc::new(IntervalMonthDayNanoArray::from(vec![signs])), None), "1mo-2d3ns");
        let mut null = Int32Builder::new();
        null.append_null();
        assert_eq!(field(Arc::new(null.finish()), None), Ok(None));
    }

    #[test]
    fn bytes_are_written_as_their_column_has_them() {
        let bytes = |bytes: &[u8]| -> ArrayRef {
            let mut array = BinaryBuilder::new();
            array.append_value(bytes);
            Arc::new(array.finish())
        };
        let id =
            [0x12, 0x3e, 0x45, 0x67, 0xe8, 0x9b, 0x12, 0xd3, 0xa4, 0x56, 0x42, 0x66, 0x14, 0x17, 0x40, 0];
        assert_eq!(written(bytes(&id), Some(&CqlType::Uuid)), "123e4567-e89b-12d3-a456-426614174000");
        assert_eq!(written(bytes(&[10, 0, 0, 1]), Some(&CqlType::Inet)), "10.0.0.1");
        assert_eq!(written(bytes(b"it's"), Some(&CqlType::Text)), "it's");
        assert_eq!(written(bytes(b"it's"), Some(&CqlType::Blob)), "0x69742773");
        assert_eq!(written(bytes(b"it's"), None), "0x69742773");
        // Refused again, and not taken for something else.
        assert_eq!(written(bytes(b"it's"), Some(&CqlType::Uuid)), "0x69742773");
        assert_eq!(field(bytes(&[0xff]), Some(&CqlType::Text)), Err(Formless { column: "c".to_owned() }));
    }
}
