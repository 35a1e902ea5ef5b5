//! What a connection is made to: a bundle or hosts, credentials, time-outs. Plain data; nothing here does I/O.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use cqlbook_core::secret::Secret;
use zeroize::Zeroizing;

use crate::bundle::Bundle;

/// Where to connect, as whom, and how long to wait.
#[derive(Debug)]
pub struct Target {
    /// The service behind the connection.
    pub service: Service,
    /// The keyspace to start in, as it is named in the schema (no quotes, case kept).
    pub keyspace: Option<String>,
    /// The bounds of every step.
    pub timeouts: Timeouts,
    /// What the service's files held when whoever releases the credentials looked at them; without it, they are read at connect
    /// time.
    pub looked_at: Option<LookedAt>,
}

impl Target {
    /// A target with the default time-outs and no keyspace.
    pub fn new(service: impl Into<Service>) -> Self {
        Self { service: service.into(), keyspace: None, timeouts: Timeouts::default(), looked_at: None }
    }

    /// Connects by what the files held, whatever lies at their paths by then.
    #[must_use]
    pub fn with_looked_at(mut self, looked_at: Option<LookedAt>) -> Self {
        self.looked_at = looked_at;
        self
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

/// A service's files as they were read, once: the place that was judged is the place that is connected to.
#[derive(Debug)]
pub enum LookedAt {
    /// An Astra database's bundle.
    Bundle(Box<Bundle>),
    /// A cluster's certificates and key.
    Tls(TlsContent),
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

/// What [`TlsFiles`] held.
#[derive(Debug, Default)]
pub struct TlsContent {
    /// The authorities to trust.
    pub ca_cert: Option<Pem>,
    /// The client's certificate chain.
    pub cert: Option<Pem>,
    /// The client's private key.
    pub key: Option<Pem>,
}

/// A PEM file as it was read. It may be a private key: it is wiped when dropped, and shows its path only.
pub struct Pem {
    /// Where it was read.
    pub path: PathBuf,
    /// What it held.
    pub bytes: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for Pem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pem").field("path", &self.path).finish_non_exhaustive()
    }
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
