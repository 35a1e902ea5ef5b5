//! The tests of `cqlbook-cluster` from outside, in one program: bundles, the way to a database past bad servers, and real
//! clusters of the sandbox.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

mod astra;
mod bundle;
mod keyspaces;
mod model;
mod own;
mod scripts;
mod statements;
mod support;
mod way;
