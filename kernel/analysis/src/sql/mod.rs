//! What the kernel and `cqlbook-engine` say to each other about a query of `%%sql`, and what the kernel reads of one.
//!
//! A query may take any memory and any time, so it is computed in another process: a [`Job`] holds the query with the columns of
//! the kept results that it names, [`Computed`] the columns of the answer, and [`wire`] is how both are written and read. Nothing
//! is computed here; `kernel/engine` does.

pub mod bounds;
mod job;
pub mod literal;
mod query;
pub mod wire;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use arrow_array::RecordBatch;
use cqlbook_core::column::Column;
use cqlbook_core::page::Page;
use serde::{Deserialize, Serialize};

use crate::columns::{BatchPage, ColumnsError};

pub use job::{Input, Job, of_pages};
pub use query::Query;

/// A table that a query may name.
#[derive(Debug, Clone)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// Its columns.
    pub columns: Arc<[Column]>,
    /// Its rows.
    pub pages: Vec<Arc<dyn Page>>,
}

/// What a query stands in.
pub struct Place<'a> {
    /// The kept results.
    pub tables: Vec<Table>,
    /// Values of `:name`, as CQL literals.
    pub params: BTreeMap<String, String>,
    /// Where a path that was typed leads.
    pub resolve: &'a dyn Fn(&str) -> PathBuf,
    /// The most bytes that the answer may take.
    pub limit: usize,
}

/// A query's rows.
#[derive(Debug)]
pub struct Answer {
    /// Its columns.
    pub columns: Arc<[Column]>,
    /// Its rows, as one page.
    pub pages: Vec<Arc<dyn Page>>,
    /// What a reader must know of them, each a sentence.
    pub notes: Vec<String>,
}

/// The rows of an answer, as the engine made them.
#[derive(Debug)]
pub struct Computed {
    /// Their columns.
    pub columns: Arc<[Column]>,
    /// The rows.
    pub batch: RecordBatch,
    /// What a reader must know of them, each a sentence.
    pub notes: Vec<String>,
}

impl Computed {
    /// The rows as a page.
    ///
    /// # Errors
    /// [`SqlError::Columns`] where the columns are not those of the rows.
    pub fn answer(self) -> Result<Answer, SqlError> {
        let Self { columns, batch, notes } = self;
        let page = BatchPage::with_columns(batch, Arc::clone(&columns))?;
        Ok(Answer { columns, pages: vec![Arc::new(page)], notes })
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error, Serialize, Deserialize)]
pub enum SqlError {
    /// The text is no SQL.
    #[error("{message}")]
    Syntax {
        /// What is wrong, in the parser's words.
        message: String,
        /// Line and column of the text, from one.
        at: Option<(usize, usize)>,
    },
    /// There is nothing to run.
    #[error("The cell has no SQL.")]
    Nothing,
    /// More than one statement.
    #[error("A cell of `%%sql` takes one query; this one has {0} statements.")]
    Several(usize),
    /// A statement that changes something.
    #[error("`%%sql` only reads: it takes `SELECT` and `WITH`, not `{0}`.")]
    NoQuery(String),
    /// There is no such table.
    #[error("There is no kept result `{name}`.")]
    NoTable {
        /// What was typed.
        name: String,
        /// The one that was probably meant.
        near: Option<String>,
        /// Those there are.
        tables: Vec<String>,
    },
    /// There is no such column.
    #[error("There is no column `{name}`.")]
    NoColumn {
        /// What was typed.
        name: String,
        /// The one that was probably meant.
        near: Option<String>,
        /// Those of the tables that the query names.
        columns: Vec<String>,
    },
    /// A parameter has no value, or none that fits a query.
    #[error("The parameter `:{name}` {reason}.")]
    Param {
        /// Its name.
        name: String,
        /// What is wrong, as the end of a sentence.
        reason: String,
    },
    /// A file cannot be read.
    #[error("{path} cannot be read: {reason}.")]
    File {
        /// Its path.
        path: String,
        /// Why, as the end of a sentence.
        reason: String,
    },
    /// The query is SQL, but the engine cannot do it.
    #[error("{message}")]
    Beyond {
        /// What it cannot do, in a sentence.
        message: String,
        /// What to write instead, in sentences.
        hints: Vec<String>,
        /// The engine's own words.
        words: String,
    },
    /// The answer is too large to keep.
    #[error("The answer is larger than a result may be ({} at most).", cqlbook_core::render::bytes(*limit))]
    TooLarge {
        /// The most bytes.
        limit: usize,
    },
    /// A table cannot be made columns, or an answer not be made a page.
    #[error("{0}")]
    Columns(String),
    /// The engine failed in a way that it should not, with these words.
    #[error("{0}")]
    Defect(String),
}

impl From<ColumnsError> for SqlError {
    fn from(error: ColumnsError) -> Self {
        Self::Columns(error.to_string())
    }
}
