//! From typed failures to what a user is told: each error of the libraries is mapped here, once, to a [`Diagnostic`].
//!
//! Every diagnostic that is made here has a cause and a next step. `The server said` is kept for words that came from the
//! other side; what this system or a library says is part of the cause.
//!
//! [`Diagnostic`]: cqlbook_core::diagnostic::Diagnostic

mod bundle;
mod complaint;
pub(crate) mod connect;
pub(crate) mod file;
mod filtering;
pub(crate) mod happened;
pub(crate) mod host;
mod link;
mod names;
mod place;
pub(crate) mod proxy;
pub(crate) mod query;
mod refusals;
pub(crate) mod snapshot;
mod syntax;
pub(crate) mod vault;
mod wording;

/// A clause as a sentence: begun with a capital, ended with a full stop.
fn sentence(text: &str) -> String {
    let text = text.trim().trim_end_matches('.');
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), letters.as_str()))
}
