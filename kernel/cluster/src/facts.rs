//! What is known of a cluster and its nodes. Plain data.

use uuid::Uuid;

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
