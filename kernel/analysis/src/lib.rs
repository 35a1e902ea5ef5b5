//! Results as columns: pages to arrow record batches, local SQL, charts' data, file formats.
//!
//! The only room with arrow, parquet and polars. It knows neither Jupyter nor Cassandra's connections.
