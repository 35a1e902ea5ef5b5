//! SQL on this machine: over kept results and over files, by polars, with results of CQL's types.
//!
//! A kept result becomes a table of columns without a copy on the way to polars; the answer becomes columns again, and each of
//! them keeps the CQL type of the column it came from.

mod bridge;
mod check;
mod digits;
mod files;
mod kind;
mod lineage;
mod run;
mod trouble;
mod whole;
mod written;

use cqlbook_analysis::sql::{Computed, Input, Job, Query, SqlError, bounds, literal, of_pages};

pub use run::compute;

#[cfg(test)]
mod against_duckdb;
#[cfg(test)]
mod bounds_tests;
#[cfg(test)]
mod tests;
