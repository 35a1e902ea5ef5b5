//! Whole numbers on their way to the engine and back: all of 64 bits there, so that no sum of small ones wraps around.

use std::sync::Arc;

use arrow_array::cast::AsArray as _;
use arrow_array::types::{Int8Type, Int16Type, Int32Type, Int64Type};
use arrow_array::{ArrayRef, ArrowPrimitiveType, PrimitiveArray, RecordBatch, RecordBatchOptions};
use arrow_schema::{ArrowError, DataType, Schema};
use cqlbook_core::column::{Column, CqlType};

use super::SqlError;
use cqlbook_analysis::columns::ColumnsError;

/// The batch with whole numbers of 64 bits in place of shorter ones.
pub(super) fn widen(batch: &RecordBatch) -> Result<RecordBatch, SqlError> {
    fn wide<T: ArrowPrimitiveType>(array: &ArrayRef) -> ArrayRef
    where
        i64: From<T::Native>,
    {
        Arc::new(array.as_primitive::<T>().unary::<_, Int64Type>(i64::from))
    }
    let arrays = batch.columns().iter().map(|array| match array.data_type() {
        DataType::Int8 => wide::<Int8Type>(array),
        DataType::Int16 => wide::<Int16Type>(array),
        DataType::Int32 => wide::<Int32Type>(array),
        _ => Arc::clone(array),
    });
    with_columns(batch, arrays.collect())
}

/// The batch with whole numbers of the lengths that their columns have.
pub(super) fn narrow(batch: RecordBatch, columns: &[Column]) -> Result<RecordBatch, SqlError> {
    fn narrowed<T: ArrowPrimitiveType>(array: &ArrayRef) -> Result<ArrayRef, ArrowError>
    where
        T::Native: TryFrom<i64>,
    {
        let fit = |number| {
            T::Native::try_from(number)
                .map_err(|_| ArrowError::ComputeError(format!("{number} does not fit its column")))
        };
        let array: PrimitiveArray<T> = array.as_primitive::<Int64Type>().try_unary(fit)?;
        Ok(Arc::new(array))
    }
    let arrays = batch.columns().iter().zip(columns).map(|(array, column)| {
        if *array.data_type() != DataType::Int64 {
            return Ok(Arc::clone(array));
        }
        match column.cql_type {
            CqlType::Tinyint => narrowed::<Int8Type>(array),
            CqlType::Smallint => narrowed::<Int16Type>(array),
            CqlType::Int => narrowed::<Int32Type>(array),
            _ => Ok(Arc::clone(array)),
        }
    });
    let arrays = arrays.collect::<Result<Vec<_>, ArrowError>>().map_err(ColumnsError::from)?;
    with_columns(&batch, arrays)
}

fn with_columns(batch: &RecordBatch, arrays: Vec<ArrayRef>) -> Result<RecordBatch, SqlError> {
    let schema = batch.schema();
    let fields = schema.fields().iter().zip(&arrays);
    let fields: Vec<_> = fields
        .map(|(field, array)| field.as_ref().clone().with_data_type(array.data_type().clone()))
        .collect();
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    let batch = RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options);
    Ok(batch.map_err(ColumnsError::from)?)
}
