//! Columns to polars and back by arrow's C data interface: buffers change hands, and nothing is copied.
//!
//! The two crates have each their own type of the same C structs; this file is the only one with `unsafe` in this room.
#![allow(unsafe_code)]

use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions, ffi};
use arrow_schema::{ArrowError, Field, Schema};
use polars::prelude::{
    Column as PolarsColumn, CompatLevel, DataFrame, DataType, PolarsError, PolarsResult, Series,
};
use polars_arrow::ffi as polars_ffi;
use std::sync::Arc;

/// A batch as a frame.
pub(super) fn frame(batch: &RecordBatch) -> PolarsResult<DataFrame> {
    let schema = batch.schema();
    let columns = schema.fields().iter().zip(batch.columns()).map(|(field, array)| {
        // The CQL type in a field's metadata means nothing to polars, and it warns of extension types that it does not know.
        let bare = bare(field);
        let (field, array) = import(&bare, array)?;
        // SAFETY: the array was made for this type by arrow, which checked it.
        let series = unsafe {
            Series::_try_from_arrow_unchecked(bare.name().as_str().into(), vec![array], &field.dtype)
        }?;
        Ok(PolarsColumn::from(series))
    });
    DataFrame::new(batch.num_rows(), columns.collect::<PolarsResult<Vec<_>>>()?)
}

/// A frame as a batch.
pub(super) fn batch(frame: &DataFrame) -> Result<RecordBatch, ArrowError> {
    let mut fields = Vec::new();
    let mut arrays: Vec<ArrayRef> = Vec::new();
    for column in frame.columns() {
        let name = column.name().to_string();
        // Not as views: they would keep, and send, every byte of the columns that the query read.
        // A column of nothing but `NULL` has no type there.
        let column = match column.dtype() {
            DataType::Null => {
                column.cast(&DataType::String).map_err(|error| ArrowError::ComputeError(error.to_string()))?
            }
            _ => column.clone(),
        };
        let array = column.rechunk_to_arrow(CompatLevel::oldest());
        let (data_type, array) = export(array)?;
        fields.push(Field::new(name, data_type, true));
        arrays.push(array);
    }
    let options = RecordBatchOptions::new().with_row_count(Some(frame.height()));
    RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options)
}

/// The field without metadata, at every depth.
fn bare(field: &Field) -> Field {
    use arrow_schema::DataType;
    let inner = |field: &Arc<Field>| Arc::new(bare(field));
    let data_type = match field.data_type() {
        DataType::List(item) => DataType::List(inner(item)),
        DataType::LargeList(item) => DataType::LargeList(inner(item)),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(inner).collect()),
        other => other.clone(),
    };
    Field::new(field.name(), data_type, field.is_nullable())
}

fn import(
    field: &Field,
    array: &ArrayRef,
) -> PolarsResult<(polars_arrow::datatypes::Field, Box<dyn polars_arrow::array::Array>)> {
    let trouble = |error: ArrowError| PolarsError::ComputeError(error.to_string().into());
    // Only the schema says what metadata there is; the array's own is left as it is, at every depth.
    let data = array.to_data();
    let (array, _) = ffi::to_ffi(&data).map_err(trouble)?;
    let schema = ffi::FFI_ArrowSchema::try_from(field).map_err(trouble)?;
    // SAFETY: both are the structs of the C data interface, whose layout is fixed, and ownership moves with them.
    let (array, schema) = unsafe {
        (
            std::mem::transmute::<ffi::FFI_ArrowArray, polars_ffi::ArrowArray>(array),
            std::mem::transmute::<ffi::FFI_ArrowSchema, polars_ffi::ArrowSchema>(schema),
        )
    };
    // SAFETY: arrow filled both in for this very array.
    unsafe {
        let field = polars_ffi::import_field_from_c(&schema)?;
        let array = polars_ffi::import_array_from_c(array, field.dtype.clone())?;
        Ok((field, array))
    }
}

fn export(
    array: Box<dyn polars_arrow::array::Array>,
) -> Result<(arrow_schema::DataType, ArrayRef), ArrowError> {
    let field = polars_arrow::datatypes::Field::new("".into(), array.dtype().clone(), true);
    let schema = polars_ffi::export_field_to_c(&field);
    let array = polars_ffi::export_array_to_c(array);
    // SAFETY: both are the structs of the C data interface, whose layout is fixed, and ownership moves with them.
    let (array, schema) = unsafe {
        (
            std::mem::transmute::<polars_ffi::ArrowArray, ffi::FFI_ArrowArray>(array),
            std::mem::transmute::<polars_ffi::ArrowSchema, ffi::FFI_ArrowSchema>(schema),
        )
    };
    // SAFETY: polars filled both in for this very array.
    let data = unsafe { ffi::from_ffi(array, &schema) }?;
    Ok((data.data_type().clone(), arrow_array::make_array(data)))
}
