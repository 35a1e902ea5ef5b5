//! What can go wrong in a sandbox, as one typed error whose text names the next step. It formats and nothing else.

use std::path::PathBuf;

/// Why a sandbox, or a front of it, could not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A program that the sandbox runs is not installed.
    #[error("{program} is missing. {remedy}")]
    Missing {
        /// What is missing, as its users call it.
        program: &'static str,
        /// How to get it.
        remedy: &'static str,
    },
    /// A file or folder could not be read or written.
    #[error("{action} {} failed: {source}", path.display())]
    File {
        /// What was being done, as a verb: `Writing`.
        action: &'static str,
        /// To what.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// Something that is not a file failed below: a socket, a process, a runtime.
    #[error("{action} failed: {source}")]
    System {
        /// What was being done: `Starting Java`.
        action: &'static str,
        /// The system's reason.
        source: std::io::Error,
    },
    /// Maven could not bring Cassandra's jars.
    #[error("Maven could not copy Cassandra's jars. Its last words: {output}")]
    Maven {
        /// The end of what Maven printed.
        output: String,
    },
    /// No block of loopback addresses was free.
    #[error("No free block of loopback addresses was found for the nodes.")]
    NoAddresses,
    /// A node ended, or did not open its port in time.
    #[error("Node {node} did not start: {reason} Its log: {log}")]
    Node {
        /// The node's index, from 0.
        node: usize,
        /// What was seen.
        reason: &'static str,
        /// The end of the node's log.
        log: String,
    },
    /// A statement of the sandbox's own failed.
    #[error("The sandbox's statement failed ({statement}): {reason}")]
    Statement {
        /// The statement, with passwords left out.
        statement: String,
        /// The database's answer.
        reason: String,
    },
    /// A certificate or a TLS set-up could not be made.
    #[error("Making certificates failed: {0}")]
    Certificates(String),
    /// A bundle could not be packed.
    #[error("Packing the bundle failed: {0}")]
    Bundle(String),
    /// There is no such front, node or switch.
    #[error("There is no {0}.")]
    Unknown(String),
    /// What was asked for makes no sense.
    #[error("{0}")]
    Invalid(String),
    /// The admin API refused a request or answered something else than expected.
    #[error("The sandbox at {address} answered {status}: {message}")]
    Refused {
        /// The admin API's address.
        address: String,
        /// The HTTP status.
        status: u16,
        /// The message of the answer.
        message: String,
    },
    /// The admin API could not be reached.
    #[error("The sandbox at {address} does not answer: {reason}")]
    Unreachable {
        /// The admin API's address.
        address: String,
        /// What the connection said.
        reason: String,
    },
}

/// The result of everything here.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// `map_err` helpers that name the action and the path.
pub(crate) trait Context<T> {
    /// Names the file that was worked on.
    fn at(self, action: &'static str, path: &std::path::Path) -> Result<T>;
    /// Names the action alone.
    fn during(self, action: &'static str) -> Result<T>;
}

impl<T> Context<T> for std::io::Result<T> {
    fn at(self, action: &'static str, path: &std::path::Path) -> Result<T> {
        self.map_err(|source| Error::File { action, path: path.to_owned(), source })
    }

    fn during(self, action: &'static str) -> Result<T> {
        self.map_err(|source| Error::System { action, source })
    }
}
