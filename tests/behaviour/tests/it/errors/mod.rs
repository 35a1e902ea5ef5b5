//! Failures as users meet them: each is provoked for real, and its whole message is kept, as it is read: code and what
//! happened, why probably, where in the cell, what to do next, and the server's own words.
//!
//! `docs/errors.md` quotes first lines of what is kept here; `documented.rs` holds the two together.

mod bundles;
mod carets;
mod documented;
mod fields;
mod kept;
mod login;
mod metadata;
mod network;
pub(crate) mod packing;
mod paused;
mod places;
mod refusals;
mod replicas;
mod staged;
mod statements;
mod tls;
mod troubleshooting;
