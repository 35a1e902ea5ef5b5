//! Cassandra and Astra: bundle, metadata service, verified TLS, relays, session. No Jupyter, no rendering, no saved connections.
//!
//! [`connect`] takes a [`Target`] and gives a [`Connection`]; [`Connection::run`] takes a [`Request`] and gives an
//! [`Answer`] whose page is still the server's bytes. Every failure is typed ([`ConnectError`], [`QueryError`]); what a
//! user is told of it is the application's matter.

mod astra_source;
pub mod bundle;
mod connect;
mod connection;
mod convert;
mod demand;
mod error;
mod facts;
pub mod link;
mod liveness;
pub mod metadata;
mod own_socket;
mod page;
mod passage;
mod patience;
mod prepared;
mod probe;
mod ranges;
mod relay;
mod request;
mod retry;
mod schema;
mod session;
mod sessions;
pub mod small_file;
mod stage;
mod survey;
mod target;
pub mod testing;
mod tls;
mod tracing;
mod watch;
mod withheld;

pub use self::tracing::TracePatience;
pub use connect::connect;
pub use connection::Connection;
pub use cqlbook_core::consistency::Consistency;
pub use error::{ConnectError, ConnectionLost, QueryError, ServerError, ServerErrorKind};
pub use facts::{ClusterFacts, Node};
pub use patience::{RetryNotice, RetryReason};
pub use prepared::Prepared;
pub use ranges::TokenRange;
pub use request::{
    Answer, BatchKind, Cell, Coordinator, PagingState, Request, RequestOptions, SerialConsistency,
};
pub use schema::{Keyspace, SchemaSnapshot, Table};
pub use sessions::KeyspaceHold;
pub use stage::Stage;
pub use survey::survey;
pub use target::{
    AstraTarget, CassandraTarget, Credentials, LookedAt, Pem, Service, Target, Timeouts, TlsContent, TlsFiles,
};
