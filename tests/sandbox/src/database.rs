//! The sandbox's own way into its Cassandra: one superuser with a random password, the only one there is.
//! Fronts' clients never come this way.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use scylla::client::execution_profile::ExecutionProfile;
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use scylla::policies::load_balancing::{NodeIdentifier, SingleTargetLoadBalancingPolicy};
use scylla::statement::Consistency;
use scylla::statement::unprepared::Statement;
use tokio::time::Instant;
use uuid::Uuid;

use crate::error::{Error, Result};
use crate::words;

const SUPERUSER: &str = "sandbox";
const LIMIT: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(200);

/// A session as the superuser.
pub(crate) struct Database {
    session: Session,
}

/// A node as Cassandra knows it.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub(crate) host_id: Uuid,
    pub(crate) data_center: String,
}

impl Database {
    /// Logs in to fresh nodes as Cassandra's first superuser, puts our own in its place and drops it.
    /// `addresses` are the CQL ports, each with the address that the node tells its peers.
    pub(crate) async fn take_over(addresses: &[(SocketAddr, SocketAddr)]) -> Result<Self> {
        let first = log_in(addresses, "cassandra", "cassandra").await?;
        let password = words::password();
        let statement = format!(
            "CREATE ROLE {SUPERUSER} WITH SUPERUSER = true AND LOGIN = true AND PASSWORD = '{password}'"
        );
        run(&first, &statement).await?;
        drop(first);
        let session = log_in(addresses, SUPERUSER, &password).await?;
        run(&session, "DROP ROLE cassandra").await?;
        Ok(Self { session })
    }

    /// Runs one statement that returns no rows of interest.
    pub(crate) async fn run(&self, statement: &str) -> Result<()> {
        run(&self.session, statement).await
    }

    /// Waits until `count` nodes are known, each with its host id, keyed by the address on which it listens.
    pub(crate) async fn members(&self, count: usize) -> Result<HashMap<std::net::IpAddr, Member>> {
        let limit = Instant::now() + LIMIT;
        loop {
            let mut members = HashMap::new();
            // The local row and the peers' have to come from one node: take the first that answers both.
            for node in self.session.get_cluster_state().get_nodes_info() {
                members = self.members_seen_by(node.host_id).await.unwrap_or_default();
                if members.len() == count {
                    return Ok(members);
                }
            }
            if Instant::now() > limit {
                let reason =
                    format!("{} of {count} nodes had joined after {} s.", members.len(), LIMIT.as_secs());
                return Err(Error::Statement {
                    statement: "SELECT … FROM system.peers".to_owned(), reason
                });
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Waits until every node in `observers` can read from all `copies` of the roles: all see each other as up.
    pub(crate) async fn wait_until_all_up(&self, observers: &[Uuid]) -> Result<()> {
        let limit = Instant::now() + LIMIT;
        for &observer in observers {
            let mut question = Statement::new("SELECT role FROM system_auth.roles WHERE role = 'sandbox'");
            question.set_consistency(Consistency::All);
            aim(&mut question, observer);
            while let Err(error) = self.session.query_unpaged(question.clone(), ()).await {
                if Instant::now() > limit {
                    let statement = question.contents.clone();
                    return Err(Error::Statement { statement, reason: error.to_string() });
                }
                tokio::time::sleep(PAUSE).await;
            }
        }
        Ok(())
    }

    async fn members_seen_by(&self, node: Uuid) -> Option<HashMap<std::net::IpAddr, Member>> {
        let mut members = HashMap::new();
        for text in [
            "SELECT listen_address, host_id, data_center FROM system.local",
            "SELECT peer, host_id, data_center FROM system.peers",
        ] {
            let mut statement = Statement::new(text);
            aim(&mut statement, node);
            let rows = self.session.query_unpaged(statement, ()).await.ok()?.into_rows_result().ok()?;
            for row in rows.rows::<(std::net::IpAddr, Uuid, String)>().ok()? {
                let (address, host_id, data_center) = row.ok()?;
                members.insert(address, Member { host_id, data_center });
            }
        }
        Some(members)
    }
}

/// Sends the statement to that node and no other.
fn aim(statement: &mut Statement, node: Uuid) {
    let policy = SingleTargetLoadBalancingPolicy::new(NodeIdentifier::HostId(node), None);
    statement.set_load_balancing_policy(Some(policy));
}

/// Tries until the roles can be read.
async fn log_in(addresses: &[(SocketAddr, SocketAddr)], user: &str, password: &str) -> Result<Session> {
    let limit = Instant::now() + LIMIT;
    let profile = ExecutionProfile::builder()
        .consistency(Consistency::Quorum)
        .request_timeout(Some(Duration::from_secs(30)))
        .build()
        .into_handle();
    let mut reachable: HashMap<SocketAddr, SocketAddr> =
        addresses.iter().map(|&(real, told)| (told, real)).collect();
    reachable.extend(addresses.iter().map(|&(real, _)| (real, real)));
    let reachable = Arc::new(reachable);
    loop {
        let attempt = SessionBuilder::new()
            .known_nodes_addr(addresses.iter().map(|&(real, _)| real))
            .user(user, password)
            .address_translator(reachable.clone())
            .disallow_shard_aware_port(true)
            .default_execution_profile_handle(profile.clone())
            .build()
            .await;
        match attempt {
            Ok(session) => return Ok(session),
            Err(error) if Instant::now() > limit => {
                return Err(Error::Statement {
                    statement: format!("log in as {user}"),
                    reason: error.to_string(),
                });
            }
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}

async fn run(session: &Session, statement: &str) -> Result<()> {
    session.query_unpaged(statement, ()).await.map(drop).map_err(|error| Error::Statement {
        statement: statement.split(" PASSWORD").next().unwrap_or_default().to_owned(),
        reason: error.to_string(),
    })
}
