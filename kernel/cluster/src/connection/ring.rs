//! Who has what: the nodes of the ring as the driver knows them. Nothing here touches the network.

use std::sync::Arc;

use scylla::cluster::{ClusterState, Node as DriverNode};
use scylla::frame::response::result::TableSpec;
use scylla::routing::Token;

use super::Connection;
use crate::facts::Node;

impl Connection {
    /// The tokens of the ring in order, each the last of its range, with the nodes that have the range in `keyspace` (as the
    /// schema names it). `None` for a keyspace that is not known.
    pub fn owners(&self, keyspace: &str) -> Option<Vec<(i64, Vec<Node>)>> {
        let state = self.inner.sessions.main().get_cluster_state();
        let tokens = state.replica_locator().ring().iter().map(|(token, _)| token.value());
        tokens.map(|token| Some((token, replicas(&state, keyspace, token)?))).collect()
    }

    /// The nodes that have the partitions of `token` in `keyspace` (as the schema names it), of all data centres and in the
    /// order of the ring. `None` for a keyspace that is not known.
    pub fn replicas(&self, keyspace: &str, token: i64) -> Option<Vec<Node>> {
        replicas(&self.inner.sessions.main().get_cluster_state(), keyspace, token)
    }
}

fn replicas(state: &ClusterState, keyspace: &str, token: i64) -> Option<Vec<Node>> {
    let strategy = &state.get_keyspace(keyspace)?.strategy;
    // Only tablets, which Cassandra has not, belong to a table.
    let table = TableSpec::borrowed(keyspace, "");
    let replicas = state.replica_locator().replicas_for_token(Token::new(token), strategy, None, &table);
    Some(replicas.into_replicas_ordered().into_iter().map(|(replica, _)| node(replica)).collect())
}

/// The driver's node as ours.
pub(super) fn node(node: &Arc<DriverNode>) -> Node {
    Node {
        host_id: node.host_id,
        dc: node.datacenter.clone(),
        rack: node.rack.clone(),
        label: node.address.ip().to_string(),
        used: node.is_enabled(),
        connected: node.is_connected(),
    }
}
