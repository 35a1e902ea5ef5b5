//! A record batch as a page of cells.

use std::ops::ControlFlow;
use std::sync::Arc;

use arrow_array::{Array as _, ArrayRef, RecordBatch};
use arrow_schema::DataType;
use cqlbook_core::column::{Column, CqlType};
use cqlbook_core::page::{MalformedPage, Page};
use cqlbook_core::value::{Forms, Notes};

use super::ColumnsError;
use crate::convert::cells;
use crate::convert::fields;
use crate::convert::scalar::{Reading, Scalar};

/// Rows of a record batch whose cells are made when they are visited.
#[derive(Debug, Clone)]
pub struct BatchPage {
    columns: Arc<[Column]>,
    batch: RecordBatch,
}

/// A value of a batch that its column's type cannot hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{column}: {reason}")]
pub struct CellError {
    /// The column.
    pub column: String,
    /// What is wrong, e.g. `300 does not fit tinyint`.
    pub reason: String,
}

impl BatchPage {
    /// The batch with the types that its fields tell: their own where they came from CQL, otherwise the nearest that hold every
    /// value. A time that is finer than CQL's timestamps becomes text.
    ///
    /// # Errors
    /// [`ColumnsError::Unsupported`] for a type that CQL has nothing like.
    pub fn new(batch: RecordBatch) -> Result<Self, ColumnsError> {
        let schema = batch.schema();
        let columns = schema.fields().iter().zip(batch.columns()).map(|(field, array)| {
            let mut cql_type = fields::cql_type(field);
            if is_unknown(field.data_type()) {
                return Err(ColumnsError::Unsupported {
                    column: field.name().clone(),
                    data_type: field.data_type().to_string(),
                });
            }
            if cql_type == CqlType::Timestamp {
                let is_finer = |row| {
                    matches!(cells::scalar(array.as_ref(), row), Some(Scalar::Instant(nanos)) if nanos % 1_000_000 != 0)
                };
                let valid = |row: &usize| arrow_array::Array::is_valid(array.as_ref(), *row);
                if (0..batch.num_rows()).filter(valid).any(is_finer) {
                    cql_type = CqlType::Text;
                }
            }
            Ok(Column { name: field.name().clone(), cql_type, role: None })
        });
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        Ok(Self { columns: columns.into(), batch })
    }

    /// The batch with the types that its values are to have, e.g. of the table they go into. Each value is checked when it is
    /// visited.
    ///
    /// # Errors
    /// [`ColumnsError::ColumnCount`].
    pub fn with_columns(batch: RecordBatch, columns: Arc<[Column]>) -> Result<Self, ColumnsError> {
        if columns.len() == batch.num_columns() {
            return Ok(Self { columns, batch });
        }
        Err(ColumnsError::ColumnCount { expected: batch.num_columns(), given: columns.len() })
    }

    /// The batch.
    pub fn batch(&self) -> &RecordBatch {
        &self.batch
    }

    /// The cells of one row, `None` for null.
    ///
    /// # Errors
    /// [`CellError`] for the first value that does not fit its column.
    pub fn row(&self, row: usize) -> Result<Vec<Option<Vec<u8>>>, CellError> {
        self.row_of(row, &Forms::default(), &mut Notes::default())
    }

    /// The cells of one row of a file that writes its values in these forms.
    ///
    /// # Errors
    /// [`CellError`] for the first value that does not fit its column.
    pub fn row_of(
        &self,
        row: usize,
        forms: &Forms,
        notes: &mut Notes,
    ) -> Result<Vec<Option<Vec<u8>>>, CellError> {
        let mut reading = Reading { forms, notes: Notes::default() };
        let cell = |(column, array): (&Column, &arrow_array::ArrayRef)| {
            let mut cell = Vec::new();
            match cells::encode(array.as_ref(), row, &column.cql_type, &mut reading, &mut cell) {
                Ok(is_value) => Ok(is_value.then_some(cell)),
                Err(reason) => Err(CellError { column: column.name.clone(), reason }),
            }
        };
        let cells = self.columns.iter().zip(self.batch.columns()).map(cell).collect::<Result<_, _>>()?;
        notes.add(reading.notes);
        Ok(cells)
    }
}

/// Whether arrow's type has no counterpart in CQL.
fn is_unknown(data_type: &DataType) -> bool {
    match data_type {
        DataType::Union(..)
        | DataType::RunEndEncoded(..)
        | DataType::ListView(_)
        | DataType::LargeListView(_) => true,
        DataType::Interval(unit) => *unit != arrow_schema::IntervalUnit::MonthDayNano,
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            is_unknown(item.data_type())
        }
        DataType::Map(entries, _) => is_unknown(entries.data_type()),
        DataType::Struct(fields) => fields.iter().any(|field| is_unknown(field.data_type())),
        DataType::Dictionary(_, values) => is_unknown(values),
        _ => false,
    }
}

/// How many bytes the rows of a batch occupy. Arrays that share a buffer, as those that were read from one message do, count
/// their own part of it.
pub fn size_bytes(batch: &RecordBatch) -> usize {
    let size = |array: &ArrayRef| {
        array.to_data().get_slice_memory_size().unwrap_or_else(|_| array.get_array_memory_size())
    };
    batch.columns().iter().map(size).sum()
}

impl Page for BatchPage {
    fn columns(&self) -> &Arc<[Column]> {
        &self.columns
    }

    fn rows(&self) -> usize {
        self.batch.num_rows()
    }

    fn size_bytes(&self) -> usize {
        size_bytes(&self.batch)
    }

    /// Gives `MalformedPage` for a row with a value that does not fit its column; [`BatchPage::row`] says which and why.
    fn visit(
        &self,
        start: usize,
        visit: &mut dyn FnMut(&[Option<&[u8]>]) -> ControlFlow<()>,
    ) -> Result<(), MalformedPage> {
        let forms = Forms::default();
        let mut reading = Reading { forms: &forms, notes: Notes::default() };
        let mut bytes = Vec::new();
        let mut ends: Vec<Option<(usize, usize)>> = Vec::with_capacity(self.columns.len());
        for row in start..self.batch.num_rows() {
            bytes.clear();
            ends.clear();
            for (column, array) in self.columns.iter().zip(self.batch.columns()) {
                let from = bytes.len();
                let is_value = cells::encode(array.as_ref(), row, &column.cql_type, &mut reading, &mut bytes)
                    .map_err(|_| MalformedPage { row })?;
                ends.push(is_value.then_some((from, bytes.len())));
            }
            let cells: Vec<Option<&[u8]>> =
                ends.iter().map(|range| range.map(|(from, to)| &bytes[from..to])).collect();
            if visit(&cells).is_break() {
                break;
            }
        }
        Ok(())
    }
}
