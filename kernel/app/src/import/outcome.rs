//! Why a load ended early.

use std::io;
use std::path::PathBuf;

use cqlbook_cluster::QueryError;

use super::tally::{Exceeded, Fault};

/// Why a load ended early.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoadError {
    /// The file could not be read, or read on.
    #[error("the file cannot be read: {0}")]
    Read(#[from] io::Error),
    /// It is no file of its format.
    #[error("{0}")]
    Format(String),
    /// The rows set aside could not be written.
    #[error("the rejected rows cannot be written to {}: {source}", path.display())]
    Rejected {
        /// The file that they were to be in.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// What must not be done twice could not be written down before it was to be sent.
    #[error("what is sent cannot be written down: {0}")]
    Journal(#[source] io::Error),
    /// Too much of it does not fit.
    #[error("{}; the first, line {}: {}", told(.0), .0.first.line, .0.first.reason)]
    Exceeded(Box<Exceeded>),
    /// A write failed for a reason that is none of the row's.
    #[error("a write failed: {0}")]
    Write(#[from] QueryError),
    /// A task ended early.
    #[error("a task of the import ended early")]
    Task,
}

fn told(exceeded: &Exceeded) -> String {
    let Exceeded { fault, limit, .. } = exceeded;
    match fault {
        Some(Fault::Parse) => format!("exceeded the maximum number of parse errors, {limit}"),
        Some(Fault::Insert) => format!("exceeded the maximum number of insert errors, {limit}"),
        None => format!("more than {limit} rows cannot be loaded"),
    }
}
