//! From typed failures to what a user is told: each error of the libraries is mapped here, once, to a [`Diagnostic`].
//!
//! [`Diagnostic`]: cqlbook_core::diagnostic::Diagnostic

pub(crate) mod connect;
mod names;
pub(crate) mod query;
