//! The stages of making a connection, as a person is shown them. Plain data.

use std::time::Duration;

/// What has just been achieved, in order. Astra passes all but none twice; a self-hosted cluster has no bundle and no metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// The bundle was read and is whole.
    BundleRead {
        /// The metadata service's host.
        host: String,
    },
    /// The database is asleep or waking; it is asked again with growing pauses until the deadline.
    Waking {
        /// Since the first such answer.
        elapsed: Duration,
    },
    /// The metadata service (Astra) named the nodes.
    Metadata {
        /// How many nodes can be contacted.
        contact_points: usize,
        /// The data centre whose nodes are used.
        local_dc: Option<String>,
    },
    /// The node's (or the proxy's) name was resolved and it took a TCP connection.
    Reached {
        /// The host as it was named.
        host: String,
        /// Its port.
        port: u16,
    },
    /// TLS is established and the server proved who it is.
    Tls,
    /// The server accepted the credentials, or asked for none.
    Login,
    /// A query was answered.
    Queried {
        /// The server's release, e.g. `5.0.9`.
        release_version: String,
        /// The node's data centre.
        data_center: String,
    },
    /// The session over all nodes of the data centre is open.
    Session {
        /// How many nodes are connected.
        nodes: usize,
    },
}
