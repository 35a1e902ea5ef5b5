//! Local SQL: a [`cqlbook_analysis::sql::Job`] is computed here, and nowhere else.
//!
//! The only room with polars. It knows the kernel by what [`cqlbook_analysis::sql::wire`] brings, and neither Jupyter nor Cassandra.

pub mod memory;
pub mod sql;
