//! The subjects: each is given random input of its own kind. `cargo xtask test fuzz` runs them for a minute.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

mod bundles;
mod frames;
mod kernel;
mod texts;
mod values;
