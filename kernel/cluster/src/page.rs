//! A page of rows over the driver's own buffer: nothing is copied or decoded until a cell is visited.

use std::fmt;
use std::ops::ControlFlow;
use std::sync::Arc;

use cqlbook_core::column::Column;
use cqlbook_core::page::{MalformedPage, Page};
use scylla::deserialize::row::ColumnIterator;
use scylla::response::query_result::QueryRowsResult;

/// The driver's page with our columns.
pub(crate) struct DriverPage {
    columns: Arc<[Column]>,
    result: QueryRowsResult,
}

impl DriverPage {
    pub(crate) fn new(columns: Arc<[Column]>, result: QueryRowsResult) -> Self {
        Self { columns, result }
    }
}

impl fmt::Debug for DriverPage {
    /// The rows are the user's data: they are counted, not shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DriverPage").field("columns", &self.columns).field("rows", &self.rows()).finish()
    }
}

impl Page for DriverPage {
    fn columns(&self) -> &Arc<[Column]> {
        &self.columns
    }

    fn rows(&self) -> usize {
        self.result.rows_num()
    }

    fn size_bytes(&self) -> usize {
        self.result.rows_bytes_size()
    }

    fn visit(
        &self,
        start: usize,
        visit: &mut dyn FnMut(&[Option<&[u8]>]) -> ControlFlow<()>,
    ) -> Result<(), MalformedPage> {
        let rows = self.result.rows::<ColumnIterator<'_, '_>>().map_err(|_| MalformedPage { row: 0 })?;
        let mut cells = Vec::with_capacity(self.columns.len());
        for (row, columns) in rows.enumerate() {
            // Rows have no index: those before `start` are stepped over cell by cell, without decoding.
            let columns = columns.map_err(|_| MalformedPage { row })?;
            if row < start {
                continue;
            }
            cells.clear();
            for column in columns {
                let column = column.map_err(|_| MalformedPage { row })?;
                cells.push(column.slice.map(|slice| slice.as_slice()));
            }
            if visit(&cells).is_break() {
                break;
            }
        }
        Ok(())
    }
}
