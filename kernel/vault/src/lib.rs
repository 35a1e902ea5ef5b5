//! Saved connections and their secrets: no Jupyter, no Cassandra, no asynchronous tasks. Everything blocks, on files and on
//! the keychain.

pub mod keychain;
mod paths;

pub use paths::Paths;
