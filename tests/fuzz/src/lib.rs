//! Random input as a habit: a seeded generator, mutations, and a campaign that gives them to what reads things from outside.
//!
//! The subjects are in `tests/it`. `CQLBOOK_FUZZ_SECONDS` says how long all of them together may take, `CQLBOOK_FUZZ_SEED` where
//! the generator starts, and `CQLBOOK_FUZZ_CASE` repeats one case alone. Inputs that once failed lie in `cases`, and come first.
#![allow(clippy::print_stdout, clippy::expect_used)]

mod campaign;
pub mod frames;
mod random;

pub use campaign::{Campaign, Case, MAX_ANSWER, peak_bytes, resident_bytes, worked};
pub use random::Random;
