//! Pages as record batches, and record batches as pages.
//!
//! [`Decoder`] reads cells straight from a page's bytes into arrow's builders. [`BatchPage`] is the way back: a batch that came
//! from local SQL or from a file, in the form of everything else that is kept, drawn, exported or imported.

mod batch_page;
mod decoder;
#[cfg(test)]
pub(crate) mod tests;

pub use batch_page::{BatchPage, CellError, size_bytes};
pub use decoder::{Decoder, record_batch, schema};

pub use crate::convert::builder::Lost;
pub use crate::convert::fields::Flavour;
pub use crate::convert::shown::{Formless, field_text};

use arrow_schema::ArrowError;
use cqlbook_core::page::MalformedPage;

/// Columns cannot be made of these pages, or pages of these columns.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ColumnsError {
    /// The server's bytes contradict their own description.
    #[error(transparent)]
    Page(#[from] MalformedPage),
    /// Arrow refuses what was built.
    #[error("the rows cannot be made columns: {0}")]
    Arrow(#[from] ArrowError),
    /// The number of columns is not the same on both sides.
    #[error("{given} columns were given for {expected}")]
    ColumnCount {
        /// How many there must be.
        expected: usize,
        /// How many there are.
        given: usize,
    },
    /// A type of arrow's that has no counterpart in CQL.
    #[error("the column `{column}` is of the type {data_type}, which CQL has no counterpart for")]
    Unsupported {
        /// The column.
        column: String,
        /// Arrow's name of its type.
        data_type: String,
    },
}
