//! Why a connection could not be made and why a statement failed, typed. What a user is told of it is the application's matter.

use std::path::PathBuf;
use std::time::Duration;

use cqlbook_core::text::Position;

use crate::bundle::BundleError;
use crate::link::LinkError;
use crate::metadata::MetadataError;

/// Why there is no connection.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The bundle cannot be used.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// The bundle was read again, to find a database that is gone, and what lies at its path now cannot be used.
    #[error("the bundle at {path}, read again: {error}")]
    BundleReplaced {
        /// The path.
        path: PathBuf,
        /// Why it cannot be used.
        error: Box<BundleError>,
    },
    /// The metadata service gave no answer that can be used (but not [`MetadataError::Paused`], [`MetadataError::Link`]).
    #[error("the metadata service {0}")]
    Metadata(MetadataError),
    /// The database slept or was waking until the deadline.
    #[error("the database is paused; waited {waited:?}")]
    Paused {
        /// How long it was polled.
        waited: Duration,
    },
    /// A host could not be reached, or did not prove who it is.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// The server refused the credentials (CQL error 0x0100).
    #[error("the server refused the credentials: {server_text}")]
    AuthFailed {
        /// The server's own words.
        server_text: String,
    },
    /// The server asks for a user and a password, and the target has none.
    #[error("the server asks for a user and a password")]
    CredentialsRequired,
    /// The server answered the login or the first query with another error.
    #[error(transparent)]
    Server(Box<ServerError>),
    /// The keyspace to start in cannot be used.
    #[error("keyspace {keyspace} cannot be used: {reason}")]
    Keyspace {
        /// Its name.
        keyspace: String,
        /// The server's words.
        reason: String,
    },
    /// No node of the data centre was found in the cluster.
    #[error("no node of data centre {dc} can be used")]
    NoNodes {
        /// The data centre asked for.
        dc: String,
        /// Those the cluster has.
        known: Vec<String>,
    },
    /// One of a self-hosted cluster's TLS files cannot be used.
    #[error("{path}: {reason}")]
    TlsFile {
        /// The file; `cert` or `key` where one of the two is missing.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The target has no contact point, or one that is no host.
    #[error("`{host}` is not a host")]
    BadHost {
        /// What was given, empty for none.
        host: String,
    },
    /// The server spoke something else than CQL's native protocol v4.
    #[error("{host}:{port} does not speak CQL's native protocol: {reason}")]
    Protocol {
        /// The host as it was named.
        host: String,
        /// Its port.
        port: u16,
        /// What came.
        reason: String,
    },
    /// The whole did not end within [`crate::Timeouts::connect`].
    #[error("not connected after {after:?}")]
    TimedOut {
        /// The bound.
        after: Duration,
        /// The host and port that were asked last.
        asked: Option<(String, u16)>,
        /// The last failure seen, where there is one.
        last: Option<Box<ConnectError>>,
    },
    /// A loopback listener of our own could not be opened.
    #[error("cannot listen on the loopback interface: {reason}")]
    Loopback {
        /// The system's words.
        reason: String,
    },
    /// The driver failed in a way that has no type of its own here.
    #[error("{reason}")]
    Driver {
        /// The driver's words; they hold no secret.
        reason: String,
    },
}

/// Why a statement gave no answer.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum QueryError {
    /// The server refused or failed it.
    #[error(transparent)]
    Server(Box<ServerError>),
    /// All connections are gone, or the one it was sent on broke; the session reconnects by itself.
    #[error("the connection is lost")]
    ConnectionLost(Box<ConnectionLost>),
    /// No answer within [`crate::RequestOptions::timeout`].
    #[error("no answer within {after:?}")]
    Timeout {
        /// The bound.
        after: Duration,
        /// Whether a write may have happened all the same.
        maybe_applied: bool,
    },
    /// The number of values does not fit the statement's bind markers.
    #[error("the statement has {expected} bind markers, {given} values were given")]
    ValueCount {
        /// Bind markers.
        expected: usize,
        /// Values.
        given: usize,
    },
    /// The result has a column of a type that this build does not know.
    #[error("a type of the result is not known: {class}")]
    UnknownType {
        /// The driver's words with the type's number in the protocol.
        class: String,
    },
    /// The keyspace's name is none.
    #[error("`{name}` is not a keyspace's name: {reason}")]
    KeyspaceName {
        /// The name given.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Requests are under way in as many keyspaces as there may be at one moment, and none of them ended in time. Nothing was
    /// sent.
    #[error("requests are under way in {most} other keyspaces, the most at one moment")]
    KeyspacesBusy {
        /// The most.
        most: usize,
    },
    /// A later page is of other columns than the first: the table was changed meanwhile. Its rows were not taken.
    #[error("the result's columns changed between two pages: {difference}")]
    ColumnsChanged {
        /// What is different, as the end of a sentence.
        difference: String,
    },
    /// A page leads to itself: whoever followed it would read the same rows for ever. It was not taken.
    #[error("the page says that it is followed by itself")]
    PageRepeats,
    /// The answer is longer than any is read.
    #[error("{reason}")]
    TooLong {
        /// How long it is, and what to do.
        reason: String,
    },
    /// The answer could not be read, or the driver failed in a way that has no type of its own here.
    #[error("{reason}")]
    Driver {
        /// The driver's words; they hold no secret.
        reason: String,
    },
}

impl QueryError {
    /// Whether a write that failed this way may have been done all the same, as a whole or in part: decided here and nowhere
    /// else. Every doubt says yes. (That too few replicas are alive is certain of one write to one partition alone:
    /// [`cqlbook_core::cell::Statement::is_one_write`].)
    pub fn may_have_happened(&self) -> bool {
        match self {
            Self::Server(error) => error.kind.may_have_happened() && !error.is_of_a_rate_limit(),
            Self::ConnectionLost(lost) => lost.maybe_applied,
            Self::Timeout { maybe_applied, .. } => *maybe_applied,
            // The answer came, and cannot be read.
            Self::UnknownType { .. } | Self::TooLong { .. } | Self::Driver { .. } => true,
            Self::ValueCount { .. }
            | Self::KeyspaceName { .. }
            | Self::KeyspacesBusy { .. }
            | Self::ColumnsChanged { .. }
            | Self::PageRepeats => false,
        }
    }
}

impl ServerErrorKind {
    /// Of a write that failed with this kind of ERROR: whether it may have been done.
    fn may_have_happened(&self) -> bool {
        match self {
            // Found out before anything is done.
            Self::Syntax
            | Self::Unauthorized
            | Self::Invalid
            | Self::Config
            | Self::AlreadyExists { .. }
            | Self::Unprepared
            | Self::Credentials
            | Self::Protocol
            | Self::Bootstrapping => false,
            Self::Unavailable { .. }
            | Self::Server
            | Self::Overloaded
            | Self::Truncate
            | Self::WriteTimeout { .. }
            | Self::ReadTimeout { .. }
            | Self::ReadFailure { .. }
            | Self::FunctionFailure { .. }
            | Self::WriteFailure { .. }
            | Self::Other => true,
        }
    }
}

impl ServerError {
    /// Whether it is the answer of a rate limit, which refuses a request before it is executed.
    pub fn is_of_a_rate_limit(&self) -> bool {
        self.kind == ServerErrorKind::Overloaded && self.message.to_ascii_lowercase().contains("rate limit")
    }
}

/// All connections are gone, or the one a statement was sent on.
#[derive(Debug, Clone)]
pub struct ConnectionLost {
    /// How long no node has been connected; `None` if one still is (only the statement's own connection broke).
    pub since: Option<Duration>,
    /// The last failure on the way to a node or to the metadata service.
    pub cause: Option<ConnectError>,
    /// Whether the statement was sent, so that a write may have happened.
    pub maybe_applied: bool,
}

/// An ERROR message of the server (protocol v4, section 9).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ServerError {
    /// The protocol's code, e.g. 0x2000.
    pub code: i32,
    /// Its meaning, with the fields that come with it.
    pub kind: ServerErrorKind,
    /// The server's own words.
    pub message: String,
    /// The `line L:C` the server named, in the statement as it was sent, both from one.
    pub position: Option<Position>,
}

/// What an ERROR message means. Numbers are replicas unless said otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServerErrorKind {
    /// 0x0000: something unexpected on the server.
    Server,
    /// 0x000A: a message of ours was not understood.
    Protocol,
    /// 0x0100: the credentials were refused.
    Credentials,
    /// 0x1000: too few replicas are alive.
    Unavailable {
        /// The level asked for, in CQL's words.
        consistency: &'static str,
        /// Needed for the level.
        required: i32,
        /// Known to be alive.
        alive: i32,
    },
    /// 0x1001: overloaded, also `Rate limit reached`.
    Overloaded,
    /// 0x1002: the node is starting.
    Bootstrapping,
    /// 0x1003: a TRUNCATE failed.
    Truncate,
    /// 0x1100: too few replicas acknowledged a write in time. It may have happened.
    WriteTimeout {
        /// The level asked for.
        consistency: &'static str,
        /// Acknowledged.
        received: i32,
        /// Needed.
        required: i32,
        /// The protocol's word, e.g. `SIMPLE`, `BATCH_LOG`, `CAS`.
        write_type: String,
    },
    /// 0x1200: too few replicas answered a read in time.
    ReadTimeout {
        /// The level asked for.
        consistency: &'static str,
        /// Answered.
        received: i32,
        /// Needed.
        required: i32,
        /// Whether the one asked for the data was among them.
        data_present: bool,
    },
    /// 0x1300: replicas failed a read.
    ReadFailure {
        /// The level asked for.
        consistency: &'static str,
        /// Answered.
        received: i32,
        /// Needed.
        required: i32,
        /// Failed.
        failures: i32,
        /// Whether the one asked for the data was among those that answered.
        data_present: bool,
    },
    /// 0x1400: a user-defined function failed.
    FunctionFailure {
        /// Its keyspace.
        keyspace: String,
        /// Its name.
        function: String,
        /// Its arguments' types.
        arg_types: Vec<String>,
    },
    /// 0x1500: replicas failed a write. It may have happened on others.
    WriteFailure {
        /// The level asked for.
        consistency: &'static str,
        /// Acknowledged.
        received: i32,
        /// Needed.
        required: i32,
        /// Failed.
        failures: i32,
        /// The protocol's word.
        write_type: String,
    },
    /// 0x2000: it does not parse.
    Syntax,
    /// 0x2100: the role may not do this.
    Unauthorized,
    /// 0x2200: it parses but does not fit the schema or the rules.
    Invalid,
    /// 0x2300: a configuration is refused.
    Config,
    /// 0x2400: it exists already.
    AlreadyExists {
        /// The keyspace.
        keyspace: String,
        /// The table, empty where the keyspace itself exists.
        table: String,
    },
    /// 0x2500: the prepared statement is unknown, and preparing it again did not help.
    Unprepared,
    /// A code this build does not know.
    Other,
}
