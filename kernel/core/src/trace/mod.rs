//! Traces: what a request did on which node, and where its time went.
//!
//! A [`Recording`] is what was read from the server; [`Trace::of`] makes sense of it, and never fails: what is missing,
//! doubled or out of order is left out, put right or said.

mod advice;
pub mod compare;
mod count;
mod export;
mod finding;
pub mod message;
mod model;
mod normal;
mod pair;
mod path;
mod place;
mod record;
mod runs;
mod skew;
mod stretch;
mod surplus;
pub(crate) mod units;

pub use compare::Comparison;
pub use export::{chrome, csv, otlp};
pub use finding::{Finding, Weight};
pub use model::{Lane, Moment, Role, Skew, Step, Trace};
pub(crate) use normal::normal;
pub use record::{Event, NotATraceId, Recording, Session, TraceId};
pub use runs::{Bin, Runs};
pub use stretch::{Part, Phase, Stretch};
pub use units::micros;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
pub(crate) mod tests;
