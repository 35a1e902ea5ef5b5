//! A page made of plain vectors, for tests of whoever draws or analyses pages.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::{MalformedPage, Page};
use crate::column::{Column, CqlType};
use crate::value::from_literal;

/// Rows held as vectors of cells.
#[derive(Debug)]
pub struct VecPage {
    columns: Arc<[Column]>,
    rows: Vec<Vec<Option<Vec<u8>>>>,
    /// The row whose bytes cannot be read, where a test wants one.
    broken_at: Option<usize>,
}

impl VecPage {
    /// A page of serialised cells; each row has one for each column.
    pub fn new(columns: Vec<Column>, rows: Vec<Vec<Option<Vec<u8>>>>) -> Self {
        Self { columns: columns.into(), rows, broken_at: None }
    }

    /// A page of CQL literals, e.g. `VecPage::of(&[("id", CqlType::Int)], &[&["1"], &["null"]])`.
    ///
    /// # Panics
    /// When a literal is none of its column's type.
    #[allow(clippy::panic)]
    pub fn of(columns: &[(&str, CqlType)], rows: &[&[&str]]) -> Self {
        let cell = |literal: &str, ty: &CqlType| match from_literal(ty, literal) {
            Ok(cell) => cell,
            Err(error) => panic!("{error}"),
        };
        let rows = rows
            .iter()
            .map(|row| row.iter().zip(columns).map(|(literal, (_, ty))| cell(literal, ty)).collect())
            .collect();
        let columns = columns
            .iter()
            .map(|(name, ty)| Column { name: (*name).to_owned(), cql_type: ty.clone(), role: None })
            .collect();
        Self::new(columns, rows)
    }

    /// The same page, whose row `row` (from zero) cannot be read.
    #[must_use]
    pub fn broken_at(mut self, row: usize) -> Self {
        self.broken_at = Some(row);
        self
    }
}

impl Page for VecPage {
    fn columns(&self) -> &Arc<[Column]> {
        &self.columns
    }

    fn rows(&self) -> usize {
        self.rows.len()
    }

    fn size_bytes(&self) -> usize {
        self.rows.iter().flatten().map(|cell| 4 + cell.as_ref().map_or(0, Vec::len)).sum()
    }

    fn visit(
        &self,
        start: usize,
        visit: &mut dyn FnMut(&[Option<&[u8]>]) -> ControlFlow<()>,
    ) -> Result<(), MalformedPage> {
        for (index, row) in self.rows.iter().enumerate().skip(start) {
            if self.broken_at == Some(index) {
                return Err(MalformedPage { row: index });
            }
            let cells: Vec<Option<&[u8]>> = row.iter().map(Option::as_deref).collect();
            if visit(&cells).is_break() {
                break;
            }
        }
        Ok(())
    }
}
