//! Results as columns: pages to arrow record batches, what is said to the engine of local SQL, charts' data, file formats.
//!
//! The only room with arrow and parquet beside `kernel/engine`. It knows neither Jupyter nor Cassandra's connections.

pub mod chart;
pub mod columns;
mod convert;
pub mod damaged;
pub mod encoding;
pub mod formats;
pub mod profile;
mod quantity;
pub mod read;
pub mod separated;
pub mod sql;
pub mod unpack;

pub use arrow_array::RecordBatch;
pub use arrow_schema::SchemaRef;
