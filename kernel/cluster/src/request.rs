//! What is asked of a server and what it answers. Plain data; nothing here does I/O.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use cqlbook_core::cell::Idempotence;
use cqlbook_core::column::{self, Column};
use cqlbook_core::consistency::Consistency;
use cqlbook_core::cql::keywords::quote_name;
use cqlbook_core::page::Page;
use uuid::Uuid;

use crate::error::QueryError;
use crate::sessions::Scope;

/// The consistency of the Paxos part of a conditional write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SerialConsistency {
    /// Over all data centres.
    Serial,
    /// Within the local data centre: the default.
    LocalSerial,
}

impl SerialConsistency {
    /// Both levels.
    pub const ALL: [Self; 2] = [Self::Serial, Self::LocalSerial];

    /// The serial level that `level` is; `None` for any other.
    pub const fn of(level: Consistency) -> Option<Self> {
        match level {
            Consistency::Serial => Some(Self::Serial),
            Consistency::LocalSerial => Some(Self::LocalSerial),
            _ => None,
        }
    }

    /// `SERIAL` or `LOCAL_SERIAL`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Serial => "SERIAL",
            Self::LocalSerial => "LOCAL_SERIAL",
        }
    }
}

impl fmt::Display for SerialConsistency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How a statement is run, whatever it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestOptions {
    /// Consistency of reads and writes.
    pub consistency: Consistency,
    /// Consistency of the Paxos part of conditional writes.
    pub serial_consistency: SerialConsistency,
    /// Rows asked of the server at a time, at least 1.
    pub page_size: u32,
    /// How long one page or statement may take on this side, retries included.
    pub timeout: Duration,
    /// Whether the server is to trace it.
    pub trace: bool,
    /// What sending it again would do, and with it whether it may be: on another node when its node dies, until nodes are
    /// back, after a time-out. What is to be done at most once is sent again only where it certainly was not executed.
    pub idempotence: Idempotence,
    /// The time of what it writes, in microseconds since 1970, where the statement names none; `None` for the server's.
    pub timestamp: Option<i64>,
}

impl RequestOptions {
    /// The default options of a request that only reads.
    pub fn of_a_read() -> Self {
        Self { idempotence: Idempotence::Read, ..Self::default() }
    }
}

impl Default for RequestOptions {
    fn default() -> Self {
        Self {
            consistency: Consistency::LocalQuorum,
            serial_consistency: SerialConsistency::LocalSerial,
            page_size: 5000,
            timeout: Duration::from_secs(30),
            trace: false,
            idempotence: Idempotence::AtMostOnce,
            timestamp: None,
        }
    }
}

/// One statement without bind values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The statement, one, with or without its `;`.
    pub cql: String,
    /// How to run it.
    pub options: RequestOptions,
}

impl Request {
    /// The statement with the default options.
    pub fn new(cql: impl Into<String>) -> Self {
        Self { cql: cql.into(), options: RequestOptions::default() }
    }

    /// The statement with `options`.
    pub fn with_options(cql: impl Into<String>, options: RequestOptions) -> Self {
        Self { cql: cql.into(), options }
    }
}

/// A bind value, already in its serialised form (protocol v4, section 6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// Null: deletes on write.
    Null,
    /// Not set: leaves the column as it is.
    Unset,
    /// The value's bytes, without their length.
    Bytes(Bytes),
}

/// Where the next page of an answer starts, and all that must stay as it was at the first: the keyspace and the columns.
/// Opaque; only an answer makes one. It may be kept and used later on any node, whatever keyspace is in use by then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PagingState {
    /// The server's own mark.
    pub(crate) bytes: Bytes,
    /// The keyspace that the first page was asked for under.
    pub(crate) scope: Scope,
    /// What the first page was like.
    pub(crate) shape: Shape,
}

impl PagingState {
    /// Where the page behind the one at `before` starts, or, without, behind the first.
    ///
    /// # Errors
    /// [`QueryError::PageRepeats`] where that is the page at `before` itself.
    pub(crate) fn behind(
        before: Option<&Self>,
        mark: &[u8],
        scope: &Scope,
        shape: Shape,
    ) -> Result<Self, QueryError> {
        if before.is_some_and(|before| before.bytes == mark) {
            return Err(QueryError::PageRepeats);
        }
        let shape = before.map_or(shape, |before| before.shape.clone());
        Ok(Self { bytes: Bytes::copy_from_slice(mark), scope: scope.once_accepted(), shape })
    }

    /// The state as the server sent it.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// What all pages of an answer have in common: their columns, and the table that the server says they are of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) columns: Arc<[Column]>,
    pub(crate) table: Option<(String, String)>,
}

impl Shape {
    /// What is different in a later page; `None` where its rows fit behind the first's.
    pub(crate) fn difference(&self, later: &Self) -> Option<String> {
        let named = |(keyspace, table): &(String, String)| {
            format!("`{}.{}`", quote_name(keyspace), quote_name(table))
        };
        match (&self.table, &later.table) {
            (Some(first), Some(other)) if first != other => {
                Some(format!("it is of the table {}, and the first was of {}", named(other), named(first)))
            }
            _ => column::difference(&self.columns, &later.columns),
        }
    }
}

/// The node that answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coordinator {
    /// Its host id.
    pub host_id: Uuid,
    /// Its data centre, if known.
    pub dc: Option<String>,
    /// What to call it: its own address as the cluster reports it, which need not be reachable.
    pub label: String,
}

/// What a statement brought.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    /// The rows, `None` where the statement returns none at all (a page may still have zero rows).
    pub page: Option<Arc<dyn Page>>,
    /// Where the next page starts, `None` at the end.
    pub next: Option<PagingState>,
    /// Who answered.
    pub coordinator: Option<Coordinator>,
    /// The server's warnings, and ours where nodes do not agree on a changed schema in time.
    pub warnings: Vec<String>,
    /// The trace's id, where one was asked for and given.
    pub tracing_id: Option<Uuid>,
    /// Whether the statement may have changed the schema; the snapshot of [`crate::Connection::schema`] is new then.
    pub schema_changed: bool,
    /// The keyspace that is in use after a `USE`.
    pub keyspace_set: Option<String>,
}

/// The kinds of batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BatchKind {
    /// Applied whole or not at all, in the end.
    Logged,
    /// Sent together, applied one by one; for rows of one partition.
    Unlogged,
    /// Of counter updates.
    Counter,
}
