//! An open connection: statements in, pages out.

use std::sync::Arc;

use cqlbook_core::column::Column;
use uuid::Uuid;

use crate::error::{ConnectError, QueryError};
use crate::request::{Answer, BatchKind, Cell, PagingState, Request, RequestOptions};
use crate::schema::SchemaSnapshot;
use crate::stage::Stage;
use crate::target::Target;

/// What is known of the cluster since the connection was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterFacts {
    /// Whether it is Astra DB: connected by a bundle, or announced by the server.
    pub astra: bool,
    /// The server's release, e.g. `5.0.9`.
    pub release_version: String,
    /// The cluster's name.
    pub cluster_name: String,
    /// The CQL language's version, e.g. `3.4.7`.
    pub cql_version: String,
    /// The native protocol's version spoken, 4.
    pub native_protocol: u8,
    /// The data centre whose nodes are used.
    pub local_dc: String,
}

/// A node of the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Its host id.
    pub host_id: Uuid,
    /// Its data centre.
    pub dc: Option<String>,
    /// Its rack.
    pub rack: Option<String>,
    /// What to call it: its own address as the cluster reports it, which need not be reachable.
    pub label: String,
    /// Whether statements may be sent to it (it is in the local data centre).
    pub used: bool,
    /// Whether it is connected now.
    pub connected: bool,
}

/// A prepared statement.
#[derive(Debug, Clone)]
pub struct Prepared {
    inner: Arc<()>,
}

impl Prepared {
    /// The bind markers in order: the name of a named marker or of the column it is compared with, and its type.
    pub fn bind_columns(&self) -> &Arc<[Column]> {
        let _ = &self.inner;
        todo!()
    }

    /// The columns of its result, empty where it returns no rows.
    pub fn result_columns(&self) -> &Arc<[Column]> {
        todo!()
    }

    /// The statement's text.
    pub fn cql(&self) -> &str {
        todo!()
    }
}

/// An open connection to the nodes of one data centre. Cheap to clone; the last clone's drop closes everything.
#[derive(Clone)]
pub struct Connection {
    inner: Arc<()>,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection").finish_non_exhaustive()
    }
}

/// Connects to `target`; `progress` is told each stage as it is reached. Never takes longer than the target's
/// `timeouts.connect`; dropping the future gives everything up.
///
/// # Errors
/// [`ConnectError`]; what can be known at once (a bad bundle, wrong credentials, an untrusted server) is told at once.
pub async fn connect(
    _target: Target,
    _progress: impl Fn(Stage) + Send + Sync,
) -> Result<Connection, ConnectError> {
    todo!()
}

impl Connection {
    /// What was learned of the cluster while connecting.
    pub fn facts(&self) -> &ClusterFacts {
        let _ = &self.inner;
        todo!()
    }

    /// The cluster's nodes as they are known now, of all data centres.
    pub fn nodes(&self) -> Vec<Node> {
        todo!()
    }

    /// Runs one statement, or fetches the page at `paging` of one that ran.
    ///
    /// A request whose `options.idempotent` is set is repeated on other nodes, and for a short while until nodes are
    /// back, when its connection breaks; any other only where it was not sent. Dropping the future gives it up on
    /// this side; the server may finish it.
    ///
    /// # Errors
    /// [`QueryError`].
    pub async fn run(&self, _request: &Request, _paging: Option<&PagingState>) -> Result<Answer, QueryError> {
        todo!()
    }

    /// Prepares one statement.
    ///
    /// # Errors
    /// [`QueryError`].
    pub async fn prepare(&self, _cql: &str) -> Result<Prepared, QueryError> {
        todo!()
    }

    /// Runs a prepared statement with one cell for each bind marker, in order.
    ///
    /// # Errors
    /// [`QueryError`].
    pub async fn run_prepared(
        &self,
        _prepared: &Prepared,
        _values: &[Cell],
        _options: &RequestOptions,
        _paging: Option<&PagingState>,
    ) -> Result<Answer, QueryError> {
        todo!()
    }

    /// Runs `prepared` once for each of `rows` in one batch; at most 65,535 rows.
    ///
    /// # Errors
    /// [`QueryError`].
    pub async fn run_batch(
        &self,
        _kind: BatchKind,
        _prepared: &Prepared,
        _rows: &[Vec<Cell>],
        _options: &RequestOptions,
    ) -> Result<Answer, QueryError> {
        todo!()
    }

    /// Uses `name` for names without a keyspace, as a `USE` does. With `case_sensitive` it is taken as it stands.
    ///
    /// # Errors
    /// [`QueryError`].
    pub async fn use_keyspace(&self, _name: &str, _case_sensitive: bool) -> Result<(), QueryError> {
        todo!()
    }

    /// The keyspace in use, as the schema names it.
    pub fn keyspace(&self) -> Option<String> {
        todo!()
    }

    /// The schema as it is known now; never touches the network.
    pub fn schema(&self) -> Arc<SchemaSnapshot> {
        todo!()
    }

    /// Reads schema and nodes again.
    ///
    /// # Errors
    /// [`QueryError`].
    pub async fn refresh(&self) -> Result<(), QueryError> {
        todo!()
    }
}
