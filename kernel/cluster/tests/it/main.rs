//! The tests of `cqlbook-cluster` from outside, in one program: bundles, the way to a database past bad servers, and real
//! clusters of the sandbox.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod bundle;
mod support;
mod way;
