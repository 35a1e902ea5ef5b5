//! Astra's metadata service: one GET over mutual TLS that tells where the nodes are.

use crate::link::LinkError;

/// Why the metadata service's answer cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MetadataError {
    /// Status 503 or the text `Resuming your database`: asleep or waking.
    #[error("says that the database is paused")]
    Paused {
        /// The service's words, at most 300 bytes.
        text: String,
    },
    /// It refuses the bundle.
    #[error("answered with status {status}")]
    Refused {
        /// The HTTP status, e.g. 401, 403, 404.
        status: u16,
        /// The service's words, at most 300 bytes.
        text: String,
    },
    /// Not the JSON expected.
    #[error("gave no metadata: {reason}")]
    Invalid {
        /// What is wrong with it.
        reason: String,
        /// The HTTP status.
        status: u16,
        /// The first bytes of the answer as text, at most 300 bytes, unescaped.
        first_bytes: String,
    },
    /// It could not be reached or not be trusted.
    #[error("cannot be asked: {0}")]
    Link(#[from] LinkError),
}
