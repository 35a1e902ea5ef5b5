//! Loads a file into a table: rows are read and converted on one thread, grouped by partition, and written with bounded
//! concurrency. What cannot be loaded is set aside with its reason; memory does not grow with the file.
//!
//! `%import` and `COPY … FROM` are two ways to ask for it. What is read from is a [`source`], where the rows go a [`plan`].

mod clock;
mod columns;
mod fields;
mod journal;
mod kinds;
mod load;
pub(crate) mod lock;
mod marked;
mod nulls;
mod numbers;
mod objects;
mod outcome;
mod plan;
mod rejected;
mod resume;
mod rows;
mod run;
mod source;
mod spelled;
mod tally;
mod throttle;
mod window;

pub(crate) use cqlbook_analysis::encoding::Encoding;
pub(crate) use cqlbook_analysis::separated::Dialect;

pub(crate) use clock::Clock;
pub(crate) use fields::{Habits, listed};
pub(crate) use kinds::kind_of;
pub(crate) use objects::NAMES;
pub(crate) use outcome::{LoadError, Told};
pub(crate) use plan::{Match, Order, Plan, Target, in_cqlshs_order};
pub(crate) use rejected::{Form, Kept, beside};
pub(crate) use resume::{Bond, NoPlace, Place};
pub(crate) use rows::Pace;
pub(crate) use run::{Job, Loaded, run};
pub(crate) use source::{Format, Spec, Titles};
pub(crate) use tally::{Fault, Limits, Tally};
