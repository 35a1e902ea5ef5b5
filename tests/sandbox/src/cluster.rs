//! The nodes of one sandbox as a cluster: started together, waited for, stopped and started one by one. It makes the
//! keyspaces and roles that fronts ask for, and knows nothing of TLS.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use uuid::Uuid;

use crate::block::Block;
use crate::database::Database;
use crate::error::{Context, Error, Result};
use crate::java::Installation;
use crate::node::{Archive, Node, NodeTls, Seat};
use crate::words;

/// The data centre that fronts belong to.
pub(crate) const LOCAL_DC: &str = "dc1";
const OTHER_DC: &str = "dc2";

/// How large a cluster a sandbox starts.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ClusterOptions {
    /// Nodes in `dc1`, the data centre that clients use: 1 to 8.
    pub nodes: usize,
    /// Nodes in `dc2`, which clients must ignore.
    pub other_dc_nodes: usize,
    /// Whether `system.peers` shows addresses where nothing listens, as Astra's does. Without, clients may connect to the
    /// nodes themselves.
    pub private_addresses: bool,
    /// Whether the nodes offer TLS on their CQL port to clients of theirs, besides plain connections.
    pub client_tls: bool,
    /// Whether the nodes have all that Cassandra 5 can: materialized views, functions, SASI, masks.
    pub everything: bool,
    /// Whether nodes can be stopped and started. A node that cannot writes no schema to its disk, which makes DDL several
    /// times quicker.
    pub stoppable: bool,
}

impl Default for ClusterOptions {
    fn default() -> Self {
        Self {
            nodes: 3,
            other_dc_nodes: 1,
            private_addresses: true,
            client_tls: false,
            everything: false,
            stoppable: false,
        }
    }
}

/// A node as seen from outside.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct NodeInfo {
    /// Its index in the sandbox, from 0; those of `dc1` come first.
    pub index: usize,
    /// Its host id: the SNI name by which a front's proxy finds it.
    pub host_id: Uuid,
    /// Its data centre's name.
    pub data_center: String,
    /// Where it listens for CQL, without TLS.
    pub address: SocketAddr,
    /// With [`ClusterOptions::client_tls`]: the file of the authority that vouches for the address above.
    pub certificate_authority: Option<PathBuf>,
    /// Whether its process runs.
    pub running: bool,
}

/// A running cluster.
pub(crate) struct Cluster {
    java: Installation,
    run: PathBuf,
    nodes: Mutex<Vec<Node>>,
    host_ids: Vec<Uuid>,
    database: Database,
    local_nodes: usize,
    token: String,
    certificate_authority: Option<PathBuf>,
    stoppable: bool,
    _block: Block,
}

/// What a front gets in the database.
#[derive(Debug)]
pub(crate) struct Grant<'a> {
    pub(crate) keyspaces: &'a [String],
    pub(crate) client_id: &'a str,
    pub(crate) secret: &'a str,
    pub(crate) read_only: bool,
}

impl Cluster {
    /// Starts all nodes at once and waits until each sees the others.
    pub(crate) async fn start(
        java: Installation,
        run: &Path,
        options: &ClusterOptions,
        progress: &(dyn Fn(&str) + Sync),
    ) -> Result<Self> {
        let count = options.nodes + options.other_dc_nodes;
        if options.nodes == 0 || count > 9 {
            return Err(Error::Invalid(
                "A sandbox has 1 to 9 nodes, at least one of them in dc1.".to_owned(),
            ));
        }
        if !java.archive().exists() {
            progress("Recording what Java loads, so that later starts are quicker.");
            record_classes(&java, run).await?;
        }
        let block = Block::claim()?;
        let tls = if options.client_tls { Some(NodeTls::make(run, &block, count)?) } else { None };
        let mut nodes = seats(options)
            .into_iter()
            .map(|seat| Node::configure(run, &block, seat, count, tls.as_ref(), options))
            .collect::<Result<Vec<_>>>()?;
        progress(&format!("Starting {count} Cassandra {}.", if count == 1 { "node" } else { "nodes" }));
        for node in &mut nodes {
            node.spawn(&java, run, count, Archive::Use)?;
        }
        for node in &mut nodes {
            node.wait_until_open().await?;
        }
        progress("Waiting until the nodes know each other.");
        let told = |index: usize| {
            let real = block.cql(index);
            let told = if options.private_addresses { block.private(index).into() } else { real.ip() };
            (real, SocketAddr::new(told, real.port()))
        };
        let addresses: Vec<_> = (0..count).map(told).collect();
        let (database, members) = Database::take_over(&addresses).await?;
        let mut host_ids = Vec::new();
        for node in &nodes {
            let member = members
                .get(&node.address.ip())
                .filter(|member| member.data_center == node.seat.data_center)
                .ok_or_else(|| Error::Unknown(format!("host id of node {}", node.seat.index)))?;
            host_ids.push(member.host_id);
        }
        let token = words::token();
        database.run(&format!("CREATE ROLE \"token\" WITH LOGIN = true AND PASSWORD = '{token}'")).await?;
        database.run("GRANT SELECT ON KEYSPACE system_traces TO \"token\"").await?;
        let local_nodes = options.nodes;
        Ok(Self {
            java,
            run: run.to_owned(),
            nodes: Mutex::new(nodes),
            host_ids,
            database,
            local_nodes,
            token,
            certificate_authority: tls.map(|tls| tls.authority),
            stoppable: options.stoppable,
            _block: block,
        })
    }

    /// The token that opens every front of this cluster, with the user name `token`.
    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// Host ids and CQL ports of the nodes in the fronts' data centre.
    pub(crate) async fn local_members(&self) -> Vec<(Uuid, SocketAddr)> {
        let nodes = self.nodes.lock().await;
        self.host_ids
            .iter()
            .copied()
            .zip(nodes.iter().map(|node| node.address))
            .take(self.local_nodes)
            .collect()
    }

    /// All nodes as they are now.
    pub(crate) async fn nodes(&self) -> Vec<NodeInfo> {
        let mut nodes = self.nodes.lock().await;
        nodes
            .iter_mut()
            .zip(&self.host_ids)
            .map(|(node, &host_id)| NodeInfo {
                index: node.seat.index,
                host_id,
                data_center: node.seat.data_center.clone(),
                address: node.address,
                certificate_authority: self.certificate_authority.clone(),
                running: node.is_running(),
            })
            .collect()
    }

    /// Kills a node's process, as a crash would.
    pub(crate) async fn stop_node(&self, index: usize) -> Result<()> {
        let mut nodes = self.nodes.lock().await;
        let node = node_at(&mut nodes, index)?;
        if !self.stoppable {
            return Err(Error::Invalid("This sandbox was not started with `stoppable`.".to_owned()));
        }
        node.kill().await
    }

    /// Starts a stopped node and waits until all running nodes see it.
    pub(crate) async fn start_node(&self, index: usize) -> Result<()> {
        let mut nodes = self.nodes.lock().await;
        let count = nodes.len();
        let node = node_at(&mut nodes, index)?;
        if !node.is_running() {
            node.spawn(&self.java, &self.run, count, Archive::Use)?;
        }
        node.wait_until_open().await?;
        if nodes.iter_mut().all(Node::is_running) {
            self.database.wait_until_all_up().await?;
        }
        Ok(())
    }

    /// Runs a statement as the superuser.
    pub(crate) async fn run(&self, statement: &str) -> Result<()> {
        self.database.run(statement).await
    }

    /// Makes keyspaces (where they are not there yet) and a role, with what Astra grants: data and tables, no keyspace DDL,
    /// no roles, no functions.
    pub(crate) async fn admit(&self, grant: &Grant<'_>) -> Result<()> {
        let Grant { keyspaces, client_id, secret, read_only } = grant;
        let permissions = if *read_only { "SELECT" } else { "SELECT, MODIFY, CREATE, ALTER, DROP" };
        let role = async {
            self.run(&format!("CREATE ROLE \"{client_id}\" WITH LOGIN = true AND PASSWORD = '{secret}'"))
                .await?;
            self.run(&format!("GRANT SELECT ON KEYSPACE system_traces TO \"{client_id}\"")).await
        };
        let databases = async {
            for keyspace in *keyspaces {
                let copies = self.local_nodes.min(3);
                self.run(&format!(
                    "CREATE KEYSPACE IF NOT EXISTS \"{keyspace}\" WITH replication = \
                     {{'class': 'NetworkTopologyStrategy', '{LOCAL_DC}': {copies}}} AND durable_writes = true"
                ))
                .await?;
            }
            Ok(())
        };
        tokio::try_join!(role, databases)?;
        for keyspace in *keyspaces {
            let to = async |role: &str| {
                self.run(&format!(
                    "GRANT {permissions} ON ALL TABLES IN KEYSPACE \"{keyspace}\" TO \"{role}\""
                ))
                .await
            };
            tokio::try_join!(to(client_id), to("token"))?;
        }
        Ok(())
    }

    /// Takes a front's role and keyspaces away.
    pub(crate) async fn dismiss(&self, client_id: &str, keyspaces: &[String]) -> Result<()> {
        self.run(&format!("DROP ROLE IF EXISTS \"{client_id}\"")).await?;
        for keyspace in keyspaces {
            self.run(&format!("DROP KEYSPACE IF EXISTS \"{keyspace}\"")).await?;
        }
        Ok(())
    }
}

fn node_at(nodes: &mut [Node], index: usize) -> Result<&mut Node> {
    nodes.get_mut(index).ok_or_else(|| Error::Unknown(format!("node {index}")))
}

/// Tokens spread evenly over each data centre's ring; the other one's are shifted, as no two nodes may share a token.
fn seats(options: &ClusterOptions) -> Vec<Seat> {
    let ring = |count: usize, data_center: &'static str, first: usize, shift: i64| {
        (0..count).map(move |place| Seat {
            index: first + place,
            data_center: data_center.to_owned(),
            token: token(place, count).saturating_add(shift),
            private: options.private_addresses,
        })
    };
    ring(options.nodes, LOCAL_DC, 0, 0)
        .chain(ring(options.other_dc_nodes, OTHER_DC, options.nodes, 100))
        .collect()
}

/// The `place`th of `count` evenly spaced tokens of Murmur3Partitioner, from its least.
fn token(place: usize, count: usize) -> i64 {
    let share = (1u128 << 64) * place as u128 / count as u128;
    i64::try_from(i128::from(i64::MIN) + share as i128).unwrap_or(i64::MAX)
}

/// Runs one node until its port is open and lets it end in peace, which makes Java write the archive.
async fn record_classes(java: &Installation, run: &Path) -> Result<()> {
    let folder = run.join("recording");
    let block = Block::claim()?;
    let seat = Seat { index: 0, data_center: LOCAL_DC.to_owned(), token: 0, private: false };
    let mut node = Node::configure(&folder, &block, seat, 1, None, &ClusterOptions::default())?;
    let fresh = folder.join("classes.jsa");
    node.spawn(java, run, 1, Archive::Make(fresh.clone()))?;
    node.wait_until_open().await?;
    node.terminate().await?;
    // Into place in one step: another sandbox may be starting. Without an archive, starts are only slower.
    if fresh.exists() {
        std::fs::rename(&fresh, java.archive()).at("Moving the archive to", java.archive())?;
    }
    std::fs::remove_dir_all(&folder).at("Removing", &folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_spread_evenly_and_never_shared() {
        let seats = seats(&ClusterOptions::default());
        let tokens: Vec<_> = seats.iter().map(|seat| (seat.data_center.as_str(), seat.token)).collect();
        assert_eq!(
            tokens,
            [
                ("dc1", i64::MIN),
                ("dc1", -3_074_457_345_618_258_603),
                ("dc1", 3_074_457_345_618_258_602),
                ("dc2", i64::MIN + 100)
            ]
        );
    }
}
