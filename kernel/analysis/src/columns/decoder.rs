//! From pages to record batches.

use std::ops::ControlFlow;
use std::sync::Arc;

use arrow_array::{RecordBatch, RecordBatchOptions};
use arrow_schema::{Field, Schema, SchemaRef};
use cqlbook_core::column::{Column, CqlType};
use cqlbook_core::page::{MalformedPage, Page};

use super::ColumnsError;
use crate::convert::builder::{Builder, Lost, small};
use crate::convert::fields::{self, Flavour, Number};

/// The schema of a result's columns.
pub fn schema(columns: &[Column], flavour: Flavour) -> SchemaRef {
    let fields: Vec<Field> =
        columns.iter().map(|column| fields::field(&column.name, &column.cql_type, flavour)).collect();
    Arc::new(Schema::new(fields))
}

/// All rows of a kept result as one batch, and what it could not hold.
///
/// # Errors
/// [`ColumnsError`] where a page's bytes contradict themselves.
pub fn record_batch(
    columns: &[Column],
    pages: &[Arc<dyn Page>],
    flavour: Flavour,
) -> Result<(RecordBatch, Lost), ColumnsError> {
    let mut decoder = match flavour {
        Flavour::File => Decoder::new(columns),
        Flavour::Sql => Decoder::for_sql(columns, pages)?,
    };
    for page in pages {
        decoder.push(page.as_ref())?;
    }
    let batch = decoder.finish()?;
    Ok((batch, decoder.lost()))
}

/// Collects rows of pages as columns.
pub struct Decoder {
    schema: SchemaRef,
    builders: Vec<Builder>,
    rows: usize,
    lost: Lost,
}

impl Decoder {
    /// A decoder for files: the form of each column depends on its type alone, so that any number of batches fit together.
    pub fn new(columns: &[Column]) -> Self {
        let builders = columns.iter().map(|column| Builder::new(&column.cql_type, Flavour::File)).collect();
        Self { schema: schema(columns, Flavour::File), builders, rows: 0, lost: Lost::default() }
    }

    /// A decoder for local SQL over these pages, which are all there are: `varint` and `decimal` become numbers where their
    /// values fit a number of arrow's, exactly, and text where not.
    ///
    /// # Errors
    /// [`MalformedPage`].
    pub fn for_sql(columns: &[Column], pages: &[Arc<dyn Page>]) -> Result<Self, MalformedPage> {
        let mut forms: Vec<Option<Survey>> =
            columns.iter().map(|column| Survey::of(&column.cql_type)).collect();
        if forms.iter().any(Option::is_some) {
            for page in pages {
                page.visit(0, &mut |cells| {
                    for (form, cell) in forms.iter_mut().zip(cells) {
                        if let (Some(form), Some(cell)) = (form, cell) {
                            form.look(cell);
                        }
                    }
                    ControlFlow::Continue(())
                })?;
            }
        }
        let mut schema: Vec<Field> = Vec::new();
        let mut builders = Vec::new();
        for (column, form) in columns.iter().zip(forms) {
            let Column { name, cql_type, .. } = column;
            match form.map(|form| form.number()) {
                Some(number) => {
                    schema.push(fields::number_field(name, cql_type, number));
                    builders.push(Builder::of_number(cql_type, number));
                }
                None => {
                    schema.push(fields::field(name, cql_type, Flavour::Sql));
                    builders.push(Builder::new(cql_type, Flavour::Sql));
                }
            }
        }
        Ok(Self { schema: Arc::new(Schema::new(schema)), builders, rows: 0, lost: Lost::default() })
    }

    /// The schema of every batch.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The rows since the last batch.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// What no batch could hold so far.
    pub fn lost(&self) -> Lost {
        self.lost
    }

    /// Takes all rows of a page.
    ///
    /// # Errors
    /// [`MalformedPage`].
    pub fn push(&mut self, page: &dyn Page) -> Result<(), MalformedPage> {
        let Self { builders, rows, lost, .. } = self;
        page.visit(0, &mut |cells| {
            for (builder, cell) in builders.iter_mut().zip(cells) {
                builder.append(*cell, lost);
            }
            *rows += 1;
            ControlFlow::Continue(())
        })
    }

    /// The rows since the last batch as a batch; the decoder goes on with none.
    ///
    /// # Errors
    /// [`ColumnsError::Arrow`] where keys of a map are no values of their type.
    pub fn finish(&mut self) -> Result<RecordBatch, ColumnsError> {
        let arrays = self.builders.iter_mut().map(Builder::finish).collect::<Result<Vec<_>, _>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(std::mem::take(&mut self.rows)));
        Ok(RecordBatch::try_new_with_options(Arc::clone(&self.schema), arrays, &options)?)
    }
}

/// What the values of a `varint` or `decimal` column are like.
struct Survey<'a> {
    ty: &'a CqlType,
    scale: i64,
    /// Whether all scales are zero and all values fit 64 bits.
    is_long: bool,
    fits: bool,
    /// The largest number of digits before the point.
    whole: i64,
}

impl<'a> Survey<'a> {
    fn of(ty: &'a CqlType) -> Option<Self> {
        matches!(ty, CqlType::Varint | CqlType::Decimal).then_some(Self {
            ty,
            scale: 0,
            is_long: *ty == CqlType::Varint,
            fits: true,
            whole: 0,
        })
    }

    fn look(&mut self, cell: &[u8]) {
        let (scale, unscaled) = match (self.ty, cell.split_first_chunk::<4>()) {
            (CqlType::Decimal, Some((scale, unscaled))) => (i64::from(i32::from_be_bytes(*scale)), unscaled),
            _ => (0, cell),
        };
        if cell.is_empty() || !self.fits {
            return;
        }
        match small(unscaled) {
            None => self.fits = false,
            Some(number) => {
                self.is_long &= i64::try_from(number).is_ok();
                let digits = number.unsigned_abs().checked_ilog10().map_or(0, |log| i64::from(log) + 1);
                self.scale = self.scale.max(scale);
                self.whole = self.whole.max(digits - scale);
                self.fits &= self.whole + self.scale <= 38;
            }
        }
    }

    fn number(&self) -> Number {
        match i8::try_from(self.scale) {
            _ if self.fits && self.is_long => Number::Long,
            Ok(scale) if self.fits => Number::Fixed(scale),
            _ => Number::Text,
        }
    }
}
