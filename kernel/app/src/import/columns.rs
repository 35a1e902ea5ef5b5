//! Rows of a file of columns: Parquet or Arrow.

use std::borrow::Cow;

use cqlbook_analysis::RecordBatch;
use cqlbook_analysis::columns::{self, BatchPage, Formless};
use cqlbook_analysis::read::{self, Batches, ReadError};
use cqlbook_cluster::Cell;
use cqlbook_core::value::Notes;

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
        Ok(Self { batches, batch: None, page: None, next: 0, rows: 0 })
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

    fn cells(&mut self, goals: &[Goal], habits: &Habits, notes: &mut Notes) -> Result<Vec<Cell>, String> {
        if self.page.is_none() {
            let batch = self.batch.as_ref().ok_or("there is no row")?;
            let fields: Vec<usize> = goals.iter().map(|goal| goal.field).collect();
            let batch = batch.project(&fields).map_err(|error| error.to_string())?;
            let columns = goals.iter().map(|goal| goal.column.clone()).collect();
            self.page = Some(BatchPage::with_columns(batch, columns).map_err(|error| error.to_string())?);
        }
        let page = self.page.as_ref().ok_or("there is no row")?;
        let row = page.row_of(self.next - 1, &habits.forms, notes).map_err(|error| error.to_string())?;
        let cell = |(cell, goal): (Option<Vec<u8>>, &Goal)| match cell {
            Some(bytes) => Ok(Cell::Bytes(bytes.into())),
            None => habits.missing(&goal.column),
        };
        row.into_iter().zip(goals).map(cell).collect()
    }

    fn original(&self, goals: &[Goal]) -> Original<'_> {
        let (Some(batch), Some(row)) = (&self.batch, self.next.checked_sub(1)) else {
            return Original::Formless("there is no row".to_owned());
        };
        let field = |place| {
            let goal = goals.iter().find(|goal| goal.field == place);
            let text = columns::field_text(batch, place, row, goal.map(|goal| &goal.column.cql_type))?;
            Ok(text.map(|text| Cow::Owned(text.into_bytes())))
        };
        let fields: Result<_, Formless> = (0..batch.num_columns()).map(field).collect();
        fields.map_or_else(|error| Original::Formless(error.to_string()), Original::Fields)
    }
}
