//! The sandbox's own way into its Cassandra: one superuser with a random password, the only one there is.
//! Fronts' clients never come this way.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
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
const LIMIT: Duration = Duration::from_secs(120);
const PAUSE: Duration = Duration::from_millis(200);

/// The sandbox's way in as its superuser.
pub(crate) struct Database {
    door: Door,
    session: Session,
}

/// A node as Cassandra knows it.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub(crate) host_id: Uuid,
    pub(crate) data_center: String,
}

/// What the nodes say of each other, by the addresses on which they listen.
pub(crate) type Members = HashMap<IpAddr, Member>;

impl Database {
    /// Logs in to fresh nodes as Cassandra's first superuser, waits until all see each other, puts our own superuser in its
    /// place and drops it. `addresses` are the CQL ports, each with the address that the node tells its peers.
    pub(crate) async fn take_over(addresses: &[(SocketAddr, SocketAddr)]) -> Result<(Self, Members)> {
        let mut reachable: HashMap<_, _> = addresses.iter().map(|&(real, told)| (told, real)).collect();
        reachable.extend(addresses.iter().map(|&(real, _)| (real, real)));
        let first = Door {
            nodes: addresses.iter().map(|&(real, _)| real).collect(),
            reachable: Arc::new(reachable),
            user: "cassandra",
            password: "cassandra".to_owned(),
        };
        let (session, members) = first.wait_until_all_up().await?;
        let password = words::password();
        run(
            &session,
            &format!(
                "CREATE ROLE {SUPERUSER} WITH SUPERUSER = true AND LOGIN = true AND PASSWORD = '{password}'"
            ),
        )
        .await?;
        let door = Door { user: SUPERUSER, password, ..first };
        let (session, _) = door.wait_until_all_up().await?;
        run(&session, "DROP ROLE cassandra").await?;
        Ok((Self { door, session }, members))
    }

    /// Runs one statement that returns no rows of interest.
    pub(crate) async fn run(&self, statement: &str) -> Result<()> {
        run(&self.session, statement).await
    }

    /// Waits until all nodes see each other as up.
    pub(crate) async fn wait_until_all_up(&self) -> Result<()> {
        self.door.wait_until_all_up().await.map(drop)
    }
}

/// Where and as whom to log in.
struct Door {
    nodes: Vec<SocketAddr>,
    /// The real address for each that the nodes tell.
    reachable: Arc<HashMap<SocketAddr, SocketAddr>>,
    user: &'static str,
    password: String,
}

impl Door {
    /// Waits until a session reaches every node, and every node can read from all others.
    async fn wait_until_all_up(&self) -> Result<(Session, Members)> {
        let limit = Instant::now() + LIMIT;
        loop {
            // A fresh session each time: the driver's pools come back to a node that refused them only after long pauses.
            match self.try_all().await {
                Ok(outcome) => return Ok(outcome),
                Err(reason) if Instant::now() > limit => {
                    return Err(Error::Statement {
                        statement: format!("log in as {} at every node", self.user),
                        reason,
                    });
                }
                Err(_) => tokio::time::sleep(PAUSE).await,
            }
        }
    }

    async fn try_all(&self) -> Result<(Session, Members), String> {
        let session = self.log_in().await.map_err(|error| error.to_string())?;
        let known: Vec<Uuid> =
            session.get_cluster_state().get_nodes_info().iter().map(|node| node.host_id).collect();
        if known.len() != self.nodes.len() {
            return Err(format!("{} of {} nodes are known", known.len(), self.nodes.len()));
        }
        let mut members = Members::new();
        for node in known {
            // All copies of the roles: a node answers this only if it sees all others.
            let mut question = Statement::new("SELECT role FROM system_auth.roles WHERE role = 'cassandra'");
            question.set_consistency(Consistency::All);
            aim(&mut question, node);
            session.query_unpaged(question, ()).await.map_err(|error| error.to_string())?;
            members = members_seen_by(&session, node).await.ok_or("the system tables could not be read")?;
            if members.len() != self.nodes.len() {
                return Err(format!("{node} knows {} of {} nodes", members.len(), self.nodes.len()));
            }
        }
        Ok((session, members))
    }

    async fn log_in(&self) -> Result<Session, scylla::errors::NewSessionError> {
        let profile = ExecutionProfile::builder()
            .consistency(Consistency::Quorum)
            .request_timeout(Some(Duration::from_secs(30)))
            .build();
        SessionBuilder::new()
            .known_nodes_addr(self.nodes.iter().copied())
            .user(self.user, &self.password)
            .address_translator(self.reachable.clone())
            .disallow_shard_aware_port(true)
            // It needs none, and would give up at types of a test that the driver cannot parse.
            .fetch_schema_metadata(false)
            .schema_agreement_interval(Duration::from_millis(20))
            .default_execution_profile_handle(profile.into_handle())
            .build()
            .await
    }
}

/// The local row and the peers' of one node.
async fn members_seen_by(session: &Session, node: Uuid) -> Option<Members> {
    let mut members = Members::new();
    for text in [
        "SELECT listen_address, host_id, data_center FROM system.local",
        "SELECT peer, host_id, data_center FROM system.peers",
    ] {
        let mut statement = Statement::new(text);
        aim(&mut statement, node);
        let rows = session.query_unpaged(statement, ()).await.ok()?.into_rows_result().ok()?;
        for row in rows.rows::<(IpAddr, Uuid, String)>().ok()? {
            let (address, host_id, data_center) = row.ok()?;
            members.insert(address, Member { host_id, data_center });
        }
    }
    Some(members)
}

/// Sends the statement to that node and no other.
fn aim(statement: &mut Statement, node: Uuid) {
    let policy = SingleTargetLoadBalancingPolicy::new(NodeIdentifier::HostId(node), None);
    statement.set_load_balancing_policy(Some(policy));
}

async fn run(session: &Session, statement: &str) -> Result<()> {
    session.query_unpaged(statement, ()).await.map(drop).map_err(|error| Error::Statement {
        statement: statement.split(" PASSWORD").next().unwrap_or_default().to_owned(),
        reason: error.to_string(),
    })
}
