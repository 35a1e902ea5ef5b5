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
    /// It is a file of another kind; with what to do.
    #[error("{0}")]
    Kind(String),
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
    /// The rows set aside could not be kept, so they are told here.
    #[error("{} rows that could not be loaded cannot be set aside: {because}", told.count)]
    NotSetAside {
        /// Why not.
        because: Box<LoadError>,
        /// Why the load had ended before; `None` where all rows had been dealt with.
        ended: Option<Box<LoadError>>,
        /// How many they are, and the first of them.
        told: Box<Told>,
    },
    /// The file is not the one that was loaded, when it is read again for the rows set aside.
    #[error(
        "the file was changed while it was loaded: {0} of the rows that could not be loaded are not in it any more"
    )]
    Changed(u64),
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

/// Rows that were set aside.
#[derive(Debug)]
pub(crate) struct Told {
    /// How many.
    pub(crate) count: u64,
    /// Of the first of them the line, and why it could not be loaded.
    pub(crate) first: Vec<(u64, String)>,
}

fn told(exceeded: &Exceeded) -> String {
    let Exceeded { fault, limit, .. } = exceeded;
    match fault {
        Some(Fault::Parse) => format!("exceeded the maximum number of parse errors, {limit}"),
        Some(Fault::Insert) => format!("exceeded the maximum number of insert errors, {limit}"),
        None => format!("more than {limit} rows cannot be loaded"),
    }
}
