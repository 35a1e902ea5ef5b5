//! Rows of cells as they are read from text, a page after the other.

use std::ops::ControlFlow;
use std::sync::Arc;

use cqlbook_core::column::{Column, CqlType};
use cqlbook_core::page::{MalformedPage, Page};

use crate::sql::SqlError;
use crate::sql::{Input, of_pages};

/// The most rows of a page.
const ROWS: usize = 10_000;

/// A column that is part of no key.
pub(super) fn column(name: &str, cql_type: CqlType) -> Column {
    Column { name: name.to_owned(), cql_type, role: None }
}

/// Rows of cells, a page after the other.
pub(super) struct Pages {
    columns: Arc<[Column]>,
    pages: Vec<Arc<dyn Page>>,
    rows: Vec<Vec<Option<Vec<u8>>>>,
    bytes: usize,
}

impl Pages {
    pub(super) fn new(columns: Vec<Column>) -> Self {
        Self { columns: columns.into(), pages: Vec::new(), rows: Vec::new(), bytes: 0 }
    }

    pub(super) fn columns(&self) -> &Arc<[Column]> {
        &self.columns
    }

    /// How much they take so far.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn push(&mut self, row: Vec<Option<Vec<u8>>>) {
        self.bytes += row.iter().map(|cell| 4 + cell.as_ref().map_or(0, Vec::len)).sum::<usize>();
        self.rows.push(row);
        if self.rows.len() == ROWS {
            self.turn();
        }
    }

    fn turn(&mut self) {
        let mut cells = Vec::new();
        let mut ends = Vec::new();
        for cell in self.rows.iter().flatten() {
            if let Some(cell) = cell {
                cells.extend_from_slice(cell);
            }
            ends.push(cell.as_ref().map(|_| cells.len()));
        }
        let page = TextPage { columns: Arc::clone(&self.columns), rows: self.rows.len(), cells, ends };
        self.rows.clear();
        self.pages.push(Arc::new(page));
    }

    pub(super) fn input(mut self, all: Vec<Column>) -> Result<Input, SqlError> {
        self.turn();
        of_pages(self.columns.to_vec(), all, &self.pages)
    }
}

/// Cells one behind the other, and where each ends; `None` for null.
#[derive(Debug)]
struct TextPage {
    columns: Arc<[Column]>,
    rows: usize,
    cells: Vec<u8>,
    ends: Vec<Option<usize>>,
}

impl Page for TextPage {
    fn columns(&self) -> &Arc<[Column]> {
        &self.columns
    }

    fn rows(&self) -> usize {
        self.rows
    }

    fn size_bytes(&self) -> usize {
        self.cells.len() + 4 * self.ends.len()
    }

    fn visit(
        &self,
        start: usize,
        visit: &mut dyn FnMut(&[Option<&[u8]>]) -> ControlFlow<()>,
    ) -> Result<(), MalformedPage> {
        let wide = self.columns.len();
        let mut at = self.ends.iter().take(start * wide).flatten().next_back().copied().unwrap_or(0);
        let mut cells: Vec<Option<&[u8]>> = Vec::with_capacity(wide);
        for row in start..self.rows {
            cells.clear();
            for end in self.ends.iter().skip(row * wide).take(wide) {
                cells.push(end.and_then(|end| self.cells.get(at..end)));
                at = end.unwrap_or(at);
            }
            if visit(&cells).is_break() {
                break;
            }
        }
        Ok(())
    }
}
