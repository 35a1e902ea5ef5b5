//! SQL on this machine: over kept results and over files, by DataFusion, with results of CQL's types.
//!
//! The text is read by [`cqlbook_analysis::sql::Query`] and put right as a tree ([`tree`]); DataFusion plans it with our arithmetic
//! and aggregates ([`arithmetic`], [`aggregate`]) and with rules that keep to what a query says ([`rules`]); the plan is checked for what would be answered otherwise than it reads
//! ([`checks`]); and the rows are gathered within bounds ([`run`]).

mod aggregate;
mod answer;
mod arithmetic;
mod checks;
mod files;
mod functions;
mod kind;
mod mean;
mod membership;
mod names;
mod rounding;
mod rules;
mod run;
mod spelling;
mod tree;
mod trouble;
mod typed;
mod types;
mod unnest;
mod using;

use cqlbook_analysis::sql::{Computed, Input, Job, Query, SqlError, bounds, literal, of_pages};

pub use run::{Bounds, compute, compute_within};

#[cfg(test)]
mod against_duckdb;
#[cfg(test)]
mod bounds_tests;
#[cfg(test)]
mod named;
#[cfg(test)]
mod tests;
