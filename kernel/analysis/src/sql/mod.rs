//! SQL on this machine: over kept results and over files, by polars, with results of CQL's types.
//!
//! A kept result becomes a table of columns without a copy on the way to polars; the answer becomes a page again, and each of
//! its columns keeps the CQL type of the column it came from. A query may take any memory and any time, and polars may panic: so a
//! [`Job`] and what comes of it can be written and read again, and be computed in another process.

mod bounds;
mod bridge;
mod check;
mod digits;
mod files;
mod job;
mod kind;
mod lineage;
mod literal;
mod query;
mod run;
mod trouble;
mod whole;
pub mod wire;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use cqlbook_core::column::Column;
use cqlbook_core::page::Page;
use serde::{Deserialize, Serialize};

use crate::columns::ColumnsError;

pub use job::Job;
pub use query::Query;
pub use run::Computed;

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
    /// The query is SQL, but polars cannot do it.
    #[error("{message}")]
    Beyond {
        /// What it cannot do, in a sentence.
        message: String,
        /// What to write instead, in sentences.
        hints: Vec<String>,
        /// polars' own words.
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
}

impl From<ColumnsError> for SqlError {
    fn from(error: ColumnsError) -> Self {
        Self::Columns(error.to_string())
    }
}

#[cfg(test)]
mod against_duckdb;
#[cfg(test)]
mod bounds_tests;
#[cfg(test)]
mod tests;
