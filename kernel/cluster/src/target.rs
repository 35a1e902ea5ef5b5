//! What a connection is made to: a bundle or hosts, credentials, time-outs. Plain data; nothing here does I/O.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use cqlbook_core::secret::Secret;

/// Where to connect, as whom, and how long to wait.
#[derive(Debug)]
pub struct Target {
    /// The service behind the connection.
    pub service: Service,
    /// The keyspace to start in, as it is named in the schema (no quotes, case kept).
    pub keyspace: Option<String>,
    /// The bounds of every step.
    pub timeouts: Timeouts,
}

impl Target {
    /// A target with the default time-outs and no keyspace.
    pub fn new(service: impl Into<Service>) -> Self {
        Self { service: service.into(), keyspace: None, timeouts: Timeouts::default() }
    }

    /// Starts in `keyspace`, as it is named in the schema.
    #[must_use]
    pub fn with_keyspace(mut self, keyspace: Option<String>) -> Self {
        self.keyspace = keyspace;
        self
    }

    /// Waits as long as `timeouts` says.
    #[must_use]
    pub fn with_timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }
}

/// The two kinds of service.
#[derive(Debug)]
pub enum Service {
    /// An Astra database, through its Secure Connect Bundle.
    Astra(AstraTarget),
    /// A self-hosted cluster.
    Cassandra(CassandraTarget),
}

impl From<AstraTarget> for Service {
    fn from(target: AstraTarget) -> Self {
        Self::Astra(target)
    }
}

impl From<CassandraTarget> for Service {
    fn from(target: CassandraTarget) -> Self {
        Self::Cassandra(target)
    }
}

/// An Astra database.
#[derive(Debug)]
pub struct AstraTarget {
    /// The bundle's zip. It is read at connect time, and again when all nodes are gone; never copied.
    pub bundle: PathBuf,
    /// Client ID and Client Secret, or the user `token` with an application token.
    pub credentials: Credentials,
}

/// A self-hosted cluster.
#[derive(Debug)]
pub struct CassandraTarget {
    /// Contact points, names or addresses (IPv6 without brackets). They are tried in this order.
    pub hosts: Vec<String>,
    /// The native port of all nodes.
    pub port: u16,
    /// User and password, where the cluster asks for them.
    pub credentials: Option<Credentials>,
    /// The data centre whose nodes are used; without it, that of the first contact point that answers.
    pub local_dc: Option<String>,
    /// TLS, or `None` for a plain connection.
    pub tls: Option<TlsFiles>,
}

/// Where a self-hosted cluster's certificates are. There is no way to leave the verification out.
#[derive(Debug, Clone, Default)]
pub struct TlsFiles {
    /// A PEM file with the authorities to trust; without it, those of the system.
    pub ca_cert: Option<PathBuf>,
    /// A PEM file with the client's certificate chain; needs `key`.
    pub cert: Option<PathBuf>,
    /// A PEM file with the client's private key, not encrypted; needs `cert`.
    pub key: Option<PathBuf>,
}

/// A user name and its password (on Astra: Client ID and Client Secret).
pub struct Credentials {
    /// The user name; of Astra the Client ID, so that nothing prints it.
    pub username: String,
    /// The password.
    pub password: Secret,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").finish_non_exhaustive()
    }
}

/// How long each step may take. No step is unbounded.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// Resolving a name.
    pub resolve: Duration,
    /// Opening a TCP connection.
    pub tcp: Duration,
    /// The TLS handshake.
    pub tls: Duration,
    /// One answer of the metadata service or one answer of the server during login.
    pub answer: Duration,
    /// Everything from the first byte to a session that answers; also how long a paused database is polled.
    pub connect: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            resolve: Duration::from_secs(5),
            tcp: Duration::from_secs(5),
            tls: Duration::from_secs(5),
            answer: Duration::from_secs(10),
            connect: Duration::from_secs(30),
        }
    }
}
