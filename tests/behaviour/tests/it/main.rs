//! The kernel as a notebook sees it: cells in, messages out, a real Cassandra behind. One program, so that one sandbox serves all.
//!
//! `cargo build --package cqlbook` first: the tests run the program `cqlbook` that lies beside them.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod asking;
mod at_most_once;
mod browsing;
mod cells;
mod completing;
mod connecting;
mod copying;
mod cqlsh;
mod cqlsh_tables;
mod describe;
mod doctor;
mod errors;
mod exporting;
mod exporting_values;
mod formats;
mod frontends;
mod history;
mod importing;
mod importing_again;
mod importing_once;
mod interrupts;
mod keyring;
mod keyspaces;
mod language;
mod lifecycle;
mod limits;
mod loading_formats;
mod loading_values;
mod long_life;
mod notebook;
mod outages;
mod plot;
mod profile;
mod results;
mod safety;
mod saved;
mod secrets;
mod snapshots;
mod sql;
mod subshells;
mod tracing;
mod types;
mod user;
