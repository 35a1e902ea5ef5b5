//! The rows of an answer with the CQL types of the columns that they came from, and the nearest for what was worked out.

use std::sync::Arc;

use cqlbook_analysis::columns::{BatchPage, ColumnsError, Flavour, schema};
use cqlbook_core::column::{Column, CqlType};
use cqlbook_core::page::Page as _;
use datafusion::arrow::array::{Array as _, ArrayRef, AsArray as _, RecordBatch, RecordBatchOptions};
use datafusion::arrow::compute::{CastOptions, cast_with_options};
use datafusion::arrow::datatypes::{DataType, Decimal128Type, Field, Schema};

use super::SqlError;

/// The batch with the names that the query gives its columns, and the CQL type of each.
pub(super) fn typed(
    batch: &RecordBatch,
    names: &[String],
    came: &[Option<CqlType>],
) -> Result<(RecordBatch, Arc<[Column]>), SqlError> {
    let schema = batch.schema();
    let (mut fields, mut arrays, mut columns) = (Vec::new(), Vec::new(), Vec::new());
    for (place, array) in batch.columns().iter().enumerate() {
        let name = names.get(place).cloned().unwrap_or_else(|| schema.field(place).name().clone());
        let (array, cql_type) = column(&name, array, came.get(place).cloned().flatten())?;
        fields.push(Field::new(&name, array.data_type().clone(), true));
        arrays.push(array);
        columns.push(Column { name, cql_type, role: None });
    }
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    let batch = RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options);
    Ok((batch.map_err(ColumnsError::from)?, columns.into()))
}

fn column(name: &str, array: &ArrayRef, came: Option<CqlType>) -> Result<(ArrayRef, CqlType), SqlError> {
    if let Some(ty) = came
        && let Some(form) = form(&ty, array.data_type())
    {
        return Ok((into(array, &form)?, ty));
    }
    let array = into(array, &plain(array))?;
    // What has no type (`NULL`) is text.
    let field = Field::new(name, array.data_type().clone(), true);
    let one = RecordBatch::try_new(Arc::new(Schema::new(vec![field])), vec![Arc::clone(&array)]);
    let page = BatchPage::new(one.map_err(ColumnsError::from)?)?;
    let ty = match array.data_type() {
        DataType::Decimal128(precision, 0) if *precision < 38 => CqlType::Varint,
        _ => page.columns().first().map_or(CqlType::Text, |column| column.cql_type.clone()),
    };
    Ok((array, ty))
}

/// The form that what was worked out is given in.
fn plain(array: &ArrayRef) -> DataType {
    match array.data_type() {
        DataType::Null => DataType::Utf8,
        DataType::Float16 => DataType::Float64,
        ty if ty.is_integer() => DataType::Int64,
        // Whole numbers that were added up: of 64 bits where all are.
        DataType::Decimal128(precision, 0) if *precision < 38 => {
            let fits = array.as_primitive::<Decimal128Type>().iter().flatten().all(|sum| i64::try_from(sum).is_ok());
            if fits { DataType::Int64 } else { array.data_type().clone() }
        }
        ty => unviewed(ty),
    }
}

/// The form of a CQL type's values, where values of this form are its own.
fn form(ty: &CqlType, data_type: &DataType) -> Option<DataType> {
    let unviewed = unviewed(data_type);
    match ty {
        CqlType::Tinyint if data_type.is_integer() => Some(DataType::Int8),
        CqlType::Smallint if data_type.is_integer() => Some(DataType::Int16),
        CqlType::Int if data_type.is_integer() => Some(DataType::Int32),
        CqlType::Varint => {
            matches!(unviewed, DataType::Int64 | DataType::Utf8 | DataType::Decimal128(_, 0) | DataType::Decimal256(_, 0))
                .then_some(unviewed)
        }
        CqlType::Decimal => matches!(
            unviewed,
            DataType::Int64 | DataType::Utf8 | DataType::Decimal128(..) | DataType::Decimal256(..)
        )
        .then_some(unviewed),
        ty => {
            let column = Column { name: String::new(), cql_type: ty.clone(), role: None };
            let own = schema(std::slice::from_ref(&column), Flavour::Sql).fields().first()?.data_type().clone();
            bare(&own).equals_datatype(&bare(&unviewed)).then_some(unviewed)
        }
    }
}

/// Without names and metadata of inner fields that an engine changes in passing.
fn bare(data_type: &DataType) -> DataType {
    let inner = |field: &Arc<Field>, name: &str| Arc::new(Field::new(name, bare(field.data_type()), true));
    match data_type {
        DataType::List(item) | DataType::LargeList(item) => DataType::List(inner(item, "item")),
        DataType::Map(entries, _) => DataType::Map(inner(entries, "entries"), false),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(|field| inner(field, field.name())).collect()),
        other => other.clone(),
    }
}

/// Text and bytes as they cross to the kernel: views would keep, and send, every byte of the columns that the query read.
fn unviewed(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Utf8View | DataType::LargeUtf8 => DataType::Utf8,
        DataType::BinaryView | DataType::LargeBinary => DataType::Binary,
        DataType::Dictionary(_, value) => unviewed(value),
        DataType::ListView(item) | DataType::LargeListView(item) | DataType::LargeList(item) => {
            DataType::List(Arc::clone(item))
        }
        other => other.clone(),
    }
}

fn into(array: &ArrayRef, data_type: &DataType) -> Result<ArrayRef, SqlError> {
    if array.data_type() == data_type {
        return Ok(Arc::clone(array));
    }
    let options = CastOptions { safe: false, ..CastOptions::default() };
    Ok(cast_with_options(array, data_type, &options).map_err(ColumnsError::from)?)
}
