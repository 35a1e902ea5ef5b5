//! Rows of a file of columns: Parquet or Arrow.

use std::borrow::Cow;

use cqlbook_analysis::RecordBatch;
use cqlbook_analysis::columns::BatchPage;
use cqlbook_analysis::read::{self, Batches, ReadError};
use cqlbook_cluster::Cell;
use cqlbook_core::page::Page;
use cqlbook_core::value::{self, Notes};
use jiff::tz::TimeZone;

use super::fields::Habits;
use super::kinds;
use super::outcome::LoadError;
use super::plan::Goal;
use super::source::{Format, Original, Source, Spec};

/// The rows of a file of columns.
pub(super) struct Columns {
    batches: Batches,
    batch: Option<RecordBatch>,
    /// The batch with the goals' columns, once they are known.
    page: Option<BatchPage>,
    /// The row in the batch that comes next.
    next: usize,
    /// Rows read so far.
    rows: u64,
    notes: Notes,
}

impl From<ReadError> for LoadError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Io(error) => Self::Read(error),
            error => Self::Format(error.to_string()),
        }
    }
}

impl Columns {
    pub(super) fn open(spec: &Spec) -> Result<Self, LoadError> {
        let batches =
            if spec.format == Format::Arrow { read::arrow(&spec.path) } else { read::parquet(&spec.path) };
        let batches = batches.map_err(|error| match error {
            ReadError::Parquet(_) | ReadError::Arrow(_) | ReadError::Damaged(_) => {
                kinds::of_columns(&spec.path, error.to_string())
            }
            error => error.into(),
        })?;
        Ok(Self { batches, batch: None, page: None, next: 0, rows: 0, notes: Notes::default() })
    }

    /// The columns' names.
    pub(super) fn titles(&self) -> Vec<String> {
        self.batches.schema().fields().iter().map(|field| field.name().clone()).collect()
    }
}

impl Source for Columns {
    fn next(&mut self) -> Result<Option<u64>, LoadError> {
        self.next += 1;
        while self.batch.as_ref().is_none_or(|batch| self.next > batch.num_rows()) {
            let Some(batch) = self.batches.next() else { return Ok(None) };
            (self.batch, self.page, self.next) = (Some(batch?), None, 1);
        }
        self.rows += 1;
        Ok(Some(self.rows))
    }

    fn cells(&mut self, goals: &[Goal], habits: &Habits) -> Result<Vec<Cell>, String> {
        if self.page.is_none() {
            let batch = self.batch.as_ref().ok_or("there is no row")?;
            let fields: Vec<usize> = goals.iter().map(|goal| goal.field).collect();
            let batch = batch.project(&fields).map_err(|error| error.to_string())?;
            let columns = goals.iter().map(|goal| goal.column.clone()).collect();
            self.page = Some(BatchPage::with_columns(batch, columns).map_err(|error| error.to_string())?);
        }
        let page = self.page.as_ref().ok_or("there is no row")?;
        let mut notes = self.notes;
        let row = page.row_of(self.next - 1, &habits.forms, &mut notes).map_err(|error| error.to_string())?;
        let cell = |(cell, goal): (Option<Vec<u8>>, &Goal)| match cell {
            Some(bytes) => Ok(Cell::Bytes(bytes.into())),
            None => habits.missing(&goal.column),
        };
        let cells = row.into_iter().zip(goals).map(cell).collect::<Result<_, _>>()?;
        self.notes = notes;
        Ok(cells)
    }

    fn notes(&self) -> Notes {
        self.notes
    }

    fn original(&self) -> Original<'_> {
        let row = self.batch.as_ref().and_then(|batch| {
            let page = BatchPage::new(batch.slice(self.next - 1, 1)).ok()?;
            let row = page.row(0).ok()?;
            let columns = page.columns();
            let shown = row.iter().zip(columns.iter()).map(|(cell, column)| {
                cell.as_ref().map(|cell| value::literal(Some(cell), &column.cql_type, &TimeZone::UTC).text)
            });
            Some(shown.map(|text| text.map(|text| Cow::Owned(text.into_bytes()))).collect())
        });
        Original::Fields(row.unwrap_or_default())
    }
}
