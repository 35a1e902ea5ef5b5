//! Prepared statements and the values that go with them. Nothing here does I/O.

use std::sync::Arc;

use cqlbook_core::column::Column;
use scylla::serialize::SerializationError;
use scylla::serialize::row::{RowSerializationContext, SerializeRow};
use scylla::serialize::writers::RowWriter;
use scylla::statement::prepared::PreparedStatement;

use crate::error::QueryError;
use crate::request::Cell;
use crate::sessions::Scope;

/// A prepared statement. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Prepared {
    pub(crate) statement: PreparedStatement,
    /// The keyspace that it was prepared under, and is run under.
    pub(crate) scope: Scope,
    pub(crate) bind_columns: Arc<[Column]>,
    pub(crate) result_columns: Arc<[Column]>,
}

impl Prepared {
    /// The bind markers in order: the name of a named marker or of the column it is compared with, and its type.
    pub fn bind_columns(&self) -> &Arc<[Column]> {
        &self.bind_columns
    }

    /// The columns of its result, empty where it returns no rows.
    pub fn result_columns(&self) -> &Arc<[Column]> {
        &self.result_columns
    }

    /// The statement's text.
    pub fn cql(&self) -> &str {
        self.statement.get_statement()
    }

    /// Whether there is a value for each bind marker.
    pub(crate) fn check_count(&self, values: &[Cell]) -> Result<(), QueryError> {
        let (expected, given) = (self.bind_columns.len(), values.len());
        if expected == given { Ok(()) } else { Err(QueryError::ValueCount { expected, given }) }
    }
}

/// Values that are serialised already. Their types were the caller's matter; the server checks them again.
pub(crate) struct Cells<'a>(pub(crate) &'a [Cell]);

impl SerializeRow for Cells<'_> {
    fn serialize(
        &self,
        _context: &RowSerializationContext<'_>,
        writer: &mut RowWriter<'_>,
    ) -> Result<(), SerializationError> {
        for cell in self.0 {
            let writer = writer.make_cell_writer();
            match cell {
                Cell::Null => writer.set_null(),
                Cell::Unset => writer.set_unset(),
                Cell::Bytes(bytes) => writer.set_value(bytes).map_err(SerializationError::new)?,
            };
        }
        Ok(())
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
