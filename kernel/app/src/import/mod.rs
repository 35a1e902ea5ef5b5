//! Loads a CSV file into a table: rows are read and converted on one thread, grouped by partition, and written with
//! bounded concurrency. What cannot be loaded is set aside with its reason; memory does not grow with the file.

mod load;
mod plan;
mod rejected;
mod rows;

pub(crate) use load::{LoadError, Loaded, Progress, load};
pub(crate) use plan::Plan;
pub(crate) use rows::{Reading, open};
