//! The driver's session: how it is configured, how it finds its way through the relays, what it is told of the login.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use scylla::authentication::{AuthError, AuthenticatorProvider, AuthenticatorSession};
use scylla::client::PoolSize;
use scylla::client::execution_profile::ExecutionProfile;
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use scylla::cluster::metadata::Peer;
use scylla::errors::{CustomTranslationError, TranslationError};
use scylla::policies::address_translator::{AddressTranslator, UntranslatedPeer};
use scylla::policies::host_filter::HostFilter;
use scylla::policies::load_balancing::DefaultPolicy;
use scylla::statement::{Consistency, SerialConsistency};
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use crate::convert;
use crate::error::ConnectError;
use crate::liveness;
use crate::probe;
use crate::relay::{RelayError, Relays, Upstream};
use crate::retry::SafeRetry;
use crate::target::{Credentials, Timeouts};

/// How long all nodes of the data centre may take to connect once one is.
const COMPANY: Duration = Duration::from_millis(500);
/// How long no node may be connected before the reason is told.
const NOBODY: Duration = Duration::from_secs(5);

/// Which nodes the driver is pointed at first, and how it reaches the others.
pub(crate) enum Way {
    /// Straight to the nodes' own addresses, from these `host:port`.
    Plain {
        /// The contact points, `host:port`.
        nodes: Vec<String>,
        /// The node that answered the probe, and where: its reported address may not be reachable (a container's is not).
        known: (Uuid, SocketAddr),
    },
    /// Through relays, by host id, from this many contact points.
    Proxy { relays: Arc<Relays>, contact_points: usize },
    /// Through relays, by the nodes' own addresses and the cluster's one port.
    Direct { relays: Arc<Relays>, contact_points: usize, port: u16, known: (Uuid, usize) },
}

/// Opens the session; it has at least one connected node when this returns. Bounded by the caller.
pub(crate) async fn open(
    way: &Way,
    credentials: Option<&Arc<Credentials>>,
    local_dc: &str,
    timeouts: &Timeouts,
) -> Result<Session, ConnectError> {
    let mut session = build(way, credentials, local_dc, timeouts, true).await?;
    // The driver starts without metadata where it cannot read them, and asks again in vain: a single keyspace whose
    // replication it does not parse is enough. Then it goes without all of them. What its second failure says is not always
    // why: it may be the refusal of another contact point.
    if is_guess(&session) && session.refresh_metadata().await.is_err() {
        tracing::debug!("the driver cannot read the keyspaces");
        session = build(way, credentials, local_dc, timeouts, false).await?;
    }
    await_nodes(&session, local_dc, || on_the_way(way)).await?;
    Ok(session)
}

/// Opens another session over the same way, beside one that knows the keyspaces; bounded by the caller.
pub(crate) async fn open_another(
    way: &Way,
    credentials: Option<&Arc<Credentials>>,
    local_dc: &str,
    timeouts: &Timeouts,
) -> Result<Session, ConnectError> {
    let session = build(way, credentials, local_dc, timeouts, false).await?;
    await_nodes(&session, local_dc, || on_the_way(way)).await?;
    Ok(session)
}

/// What the relays know of a failure.
fn on_the_way(way: &Way) -> Option<ConnectError> {
    way.relays().and_then(|relays| relays.last_failure()).map(ConnectError::Link)
}

impl Way {
    fn relays(&self) -> Option<&Arc<Relays>> {
        match self {
            Self::Plain { .. } => None,
            Self::Proxy { relays, .. } | Self::Direct { relays, .. } => Some(relays),
        }
    }
}

/// Whether the driver knows its contact points only: without metadata nodes are of no data centre.
fn is_guess(session: &Session) -> bool {
    session.get_cluster_state().get_nodes_info().iter().all(|node| node.datacenter.is_none())
}

/// `reads_keyspaces` says whether the driver is to know keyspaces and their replication, and with it each statement's replicas.
async fn build(
    way: &Way,
    credentials: Option<&Arc<Credentials>>,
    local_dc: &str,
    timeouts: &Timeouts,
    reads_keyspaces: bool,
) -> Result<Session, ConnectError> {
    let policy = DefaultPolicy::builder().token_aware(true).permit_dc_failover(false).build();
    let profile = ExecutionProfile::builder()
        .consistency(Consistency::LocalQuorum)
        .serial_consistency(Some(SerialConsistency::LocalSerial))
        .load_balancing_policy(policy)
        .retry_policy(Arc::new(SafeRetry))
        .build();
    let mut builder = SessionBuilder::new()
        .default_execution_profile_handle(profile.into_handle())
        .prefer_datacenter(local_dc.to_owned())
        .host_filter(Arc::new(LocalNodes { local_dc: local_dc.to_owned() }))
        .disallow_shard_aware_port(true)
        .pool_size(PoolSize::PerHost(NonZeroUsize::MIN))
        .connection_timeout(timeouts.tcp)
        .hostname_resolution_timeout(Some(timeouts.resolve))
        .metadata_request_clientside_timeout(timeouts.answer)
        .keepalive_interval(liveness::INTERVAL)
        .keepalive_timeout(liveness::ANSWER)
        .tcp_keepalive_interval(liveness::IDLE)
        .fetch_schema_metadata(reads_keyspaces)
        // Columns and types are read by `connection/reading.rs`: the driver follows user-defined types into each other on its
        // stack, as deep as a node says that they are.
        .fetch_full_schema_metadata(false)
        // Agreement is awaited after DDL by the connection, which makes a warning of a disagreement, not a failure.
        .auto_await_schema_agreement(false)
        .schema_agreement_interval(Duration::from_millis(100))
        .schema_agreement_timeout(Duration::from_secs(10))
        .driver_config_reporting(false);
    if let Some(credentials) = credentials {
        builder = builder.authenticator_provider(Arc::new(Plain { credentials: Arc::clone(credentials) }));
    }
    let (relays, contact_points) = match way {
        Way::Plain { nodes, known: (host_id, address) } => {
            let translator = AsReached { host_id: *host_id, address: *address };
            builder = builder.known_nodes(nodes).address_translator(Arc::new(translator));
            (None, 0)
        }
        Way::Proxy { relays, contact_points } => {
            let relays = Arc::clone(relays);
            builder = builder.address_translator(Arc::new(ByHostId { relays: Arc::clone(&relays) }));
            (Some(relays), *contact_points)
        }
        Way::Direct { relays, contact_points, port, known } => {
            let relays = Arc::clone(relays);
            let translator = ByAddress { relays: Arc::clone(&relays), port: *port, known: *known };
            builder = builder.address_translator(Arc::new(translator));
            (Some(relays), *contact_points)
        }
    };
    if let Some(relays) = &relays {
        for index in 0..contact_points {
            let address = relays
                .address(Upstream::Contact(index))
                .await
                .map_err(|error| ConnectError::Loopback { reason: error.to_string() })?;
            builder = builder.known_node_addr(address);
        }
    }
    builder.build().await.map_err(|error| {
        convert::session_error(&error)
            .or_else(|| on_the_way(way))
            .unwrap_or_else(|| ConnectError::Driver { reason: error.to_string() })
    })
}

/// Waits until nodes are connected: all of the data centre, or after a while at least one.
async fn await_nodes(
    session: &Session,
    local_dc: &str,
    on_the_way: impl Fn() -> Option<ConnectError>,
) -> Result<(), ConnectError> {
    let started = Instant::now();
    loop {
        let state = session.get_cluster_state();
        let nodes = state.get_nodes_info();
        let local: Vec<_> =
            nodes.iter().filter(|node| node.datacenter.as_deref() == Some(local_dc)).collect();
        if local.is_empty() && !is_guess(session) {
            let known: BTreeSet<_> = nodes.iter().filter_map(|node| node.datacenter.clone()).collect();
            return Err(ConnectError::NoNodes {
                dc: local_dc.to_owned(),
                known: known.into_iter().collect(),
            });
        }
        let connected = local.iter().filter(|node| node.is_connected()).count();
        if connected > 0 && (connected == local.len() || started.elapsed() > COMPANY) {
            return Ok(());
        }
        if connected == 0 && started.elapsed() > NOBODY {
            return Err(on_the_way().unwrap_or_else(|| ConnectError::Driver {
                reason: "the driver connected to no node".to_owned(),
            }));
        }
        sleep(Duration::from_millis(5)).await;
    }
}

/// Takes the nodes of the local data centre, and those of which none is known.
struct LocalNodes {
    local_dc: String,
}

impl HostFilter for LocalNodes {
    fn accept(&self, peer: &Peer) -> bool {
        peer.datacenter.as_ref().is_none_or(|dc| *dc == self.local_dc)
    }
}

/// Leads the driver to a node's relay by its host id; the address that the cluster reports is not reachable from here.
struct ByHostId {
    relays: Arc<Relays>,
}

#[async_trait]
impl AddressTranslator for ByHostId {
    async fn translate_address(&self, peer: &UntranslatedPeer) -> Result<SocketAddr, TranslationError> {
        self.relays.address(Upstream::Node(peer.host_id())).await.map_err(untranslatable)
    }
}

/// Leads the driver to a node's relay by the address that the cluster reports. The port is the cluster's: the driver
/// takes it from the contact point, which is a relay.
struct ByAddress {
    relays: Arc<Relays>,
    port: u16,
    /// The node that answered the probe, and the place of the contact point that leads to it.
    known: (Uuid, usize),
}

#[async_trait]
impl AddressTranslator for ByAddress {
    async fn translate_address(&self, peer: &UntranslatedPeer) -> Result<SocketAddr, TranslationError> {
        if peer.host_id() == self.known.0 {
            return self.relays.address(Upstream::Contact(self.known.1)).await.map_err(untranslatable);
        }
        let mut address = peer.untranslated_address();
        address.set_port(self.port);
        self.relays.address(Upstream::Address(address)).await.map_err(untranslatable)
    }
}

/// Leaves addresses as the cluster reports them, but for the one node that was reached by another.
struct AsReached {
    host_id: Uuid,
    address: SocketAddr,
}

#[async_trait]
impl AddressTranslator for AsReached {
    async fn translate_address(&self, peer: &UntranslatedPeer) -> Result<SocketAddr, TranslationError> {
        Ok(if peer.host_id() == self.host_id { self.address } else { peer.untranslated_address() })
    }
}

fn untranslatable(error: RelayError) -> TranslationError {
    TranslationError::Custom(CustomTranslationError::new(error))
}

/// Logs in with user and password; the password stays in its own type until it is sent.
struct Plain {
    credentials: Arc<Credentials>,
}

#[async_trait]
impl AuthenticatorProvider for Plain {
    async fn start_authentication_session(
        &self,
        _authenticator: &str,
    ) -> Result<(Option<Vec<u8>>, Box<dyn AuthenticatorSession>), AuthError> {
        Ok((Some(probe::plain_token(&self.credentials).to_vec()), Box::new(NoChallenge)))
    }
}

struct NoChallenge;

#[async_trait]
impl AuthenticatorSession for NoChallenge {
    async fn evaluate_challenge(&mut self, _token: Option<&[u8]>) -> Result<Option<Vec<u8>>, AuthError> {
        Err("the server asks for another kind of login than user and password".to_owned())
    }

    async fn success(&mut self, _token: Option<&[u8]>) -> Result<(), AuthError> {
        Ok(())
    }
}
