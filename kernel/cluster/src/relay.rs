//! Loopback relays: the driver speaks plain CQL to one of them, it speaks TLS to the node.
//!
//! The driver has no hook for SNI, but it lets us translate each node's address. Each node gets a listener on loopback;
//! what connects to it is checked to be a socket of this process, and only then a way to the node is opened. A stranger is
//! dropped having been sent nothing, and nothing is opened for it. Listeners outlive the session: a port given back too
//! early could be taken by another process, which would be sent the credentials.
//!
//! The driver's own time-outs end at the relay; those on the way to the node are kept by the passages (`passage.rs`), and the
//! failures here, typed (the driver only sees that a connection was closed).

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use rustls::ClientConfig;
use rustls_pki_types::CertificateDer;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::demand::Demand;
use crate::link::{Endpoint, LinkError};
use crate::own_socket;
use crate::passage;
use crate::target::Timeouts;

/// How long a listener is kept, refusing all, after the relays were given up: the driver's tasks are gone by then.
const LINGER: Duration = Duration::from_secs(10);
/// How many nodes are led to: each costs a listener and connections, and a cluster says itself how many it has.
const MAX_NODES: usize = 2_000;

/// Which node a relay leads to. The endpoint is looked up for each connection, so that relays outlive a move.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Upstream {
    /// The nth contact point, whichever node that is now.
    Contact(usize),
    /// The node of that host id, behind the SNI proxy.
    Node(Uuid),
    /// The node at that address.
    Address(SocketAddr),
}

/// Where upstreams are now.
#[derive(Debug, Clone)]
pub(crate) struct Route {
    /// Who is trusted, and as whom we present ourselves.
    pub(crate) tls: Arc<ClientConfig>,
    /// The certificates that `tls` is made of, where it can change: it has no way to compare itself.
    pub(crate) certificates: Vec<CertificateDer<'static>>,
    /// The nodes' place.
    pub(crate) place: Place,
}

/// How an upstream becomes an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// Behind an SNI proxy, by host id.
    Proxy { host: String, port: u16, contact_points: Vec<Uuid> },
    /// Each at its own address.
    Direct { contact_points: Vec<Endpoint> },
}

impl Route {
    /// Whether both lead to the same place with the same certificates.
    fn is_same(&self, other: &Self) -> bool {
        self.place == other.place && self.certificates == other.certificates
    }

    pub(crate) fn endpoint(&self, upstream: &Upstream) -> Option<Endpoint> {
        match (&self.place, upstream) {
            (Place::Proxy { contact_points, .. }, Upstream::Contact(index)) => {
                let id = contact_points.get(index % contact_points.len().max(1))?;
                self.endpoint(&Upstream::Node(*id))
            }
            (Place::Proxy { host, port, .. }, Upstream::Node(id)) => {
                Some(Endpoint::new(host, *port).with_sni(id.to_string()))
            }
            (Place::Direct { contact_points }, Upstream::Contact(index)) => {
                contact_points.get(*index).cloned()
            }
            (Place::Direct { .. }, Upstream::Address(address)) => {
                Some(Endpoint::new(address.ip().to_string(), address.port()))
            }
            (Place::Proxy { .. }, Upstream::Address(_)) | (Place::Direct { .. }, Upstream::Node(_)) => None,
        }
    }
}

/// Why there is no relay.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum RelayError {
    /// No listener may be opened here.
    #[error("this system gives no way to tell who connects to a local port")]
    Unsupported,
    /// The system gives no listener.
    #[error("{0}")]
    Listen(String),
}

/// All relays of one connection.
#[derive(Debug)]
pub(crate) struct Relays {
    shared: Arc<Shared>,
    listeners: tokio::sync::Mutex<HashMap<Upstream, SocketAddr>>,
}

/// What the relays' tasks share.
#[derive(Debug)]
pub(crate) struct Shared {
    route: RwLock<Arc<Route>>,
    pub(crate) timeouts: Timeouts,
    /// The last failure of each upstream, gone when it works again.
    failures: Mutex<HashMap<Upstream, (Instant, LinkError)>>,
    /// How many connections are open on which a node has answered.
    pub(crate) answered: watch::Sender<usize>,
    /// Whether the session is open, so that a connection is worth waiting for when there is none.
    pub(crate) is_open: AtomicBool,
    /// Counts what makes an attempt under way a wrong one: another route, or a sleep of the machine.
    pub(crate) renewed: watch::Sender<u64>,
    /// Counts sleeps of the machine, after which connections may be dead without knowing it.
    pub(crate) woken: watch::Sender<u64>,
    /// How many connections have yet to prove after a sleep that they live.
    pub(crate) suspects: watch::Sender<usize>,
    /// Whether statements wait for a connection.
    pub(crate) demand: Arc<Demand>,
    /// Ends all connections and, after [`LINGER`], the listeners.
    given_up: CancellationToken,
}

impl Drop for Relays {
    fn drop(&mut self) {
        self.shared.given_up.cancel();
    }
}

impl Relays {
    pub(crate) fn new(route: Route, timeouts: Timeouts) -> Self {
        let shared = Shared {
            route: RwLock::new(Arc::new(route)),
            timeouts,
            failures: Mutex::default(),
            answered: watch::Sender::default(),
            is_open: AtomicBool::new(false),
            renewed: watch::Sender::default(),
            woken: watch::Sender::default(),
            suspects: watch::Sender::default(),
            demand: Arc::default(),
            given_up: CancellationToken::new(),
        };
        Self { shared: Arc::new(shared), listeners: tokio::sync::Mutex::default() }
    }

    /// The loopback address that leads to `upstream`; opens its listener the first time.
    pub(crate) async fn address(&self, upstream: Upstream) -> Result<SocketAddr, RelayError> {
        if !own_socket::SUPPORTED {
            return Err(RelayError::Unsupported);
        }
        let mut listeners = self.listeners.lock().await;
        if let Some(&address) = listeners.get(&upstream) {
            return Ok(address);
        }
        if listeners.len() >= MAX_NODES {
            return Err(RelayError::Listen(format!("the cluster names more than {MAX_NODES} nodes")));
        }
        let failed = |error: io::Error| RelayError::Listen(error.to_string());
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        tokio::spawn(listen(listener, upstream.clone(), Arc::clone(&self.shared)));
        listeners.insert(upstream, address);
        Ok(address)
    }

    /// From now on a connection that finds no node waits for one, if it is the only hope; see [`passage::run`].
    pub(crate) fn session_is_open(&self) {
        self.shared.is_open.store(true, Ordering::Release);
    }

    /// Whether statements wait for a connection.
    pub(crate) fn demand(&self) -> Arc<Demand> {
        Arc::clone(&self.shared.demand)
    }

    /// Sends connections that are opened from now on another way, and those that are being opened too. What is open stays.
    /// True if it is another way.
    pub(crate) fn reroute(&self, route: Route) -> bool {
        {
            let mut current = self.shared.route.write().unwrap_or_else(PoisonError::into_inner);
            if current.is_same(&route) {
                return false;
            }
            *current = Arc::new(route);
        }
        // They tell of the way that is no more.
        self.shared.failures.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.shared.renewed.send_modify(|count| *count += 1);
        true
    }

    /// The machine has slept: connections that say nothing are given up, and those that are being opened start anew.
    pub(crate) fn woke(&self) {
        self.shared.renewed.send_modify(|count| *count += 1);
        self.shared.woken.send_modify(|count| *count += 1);
    }

    /// Waits until no connection is under suspicion after a sleep: nothing new is to be sent on one that may be dead.
    pub(crate) async fn settled(&self) {
        let mut suspects = self.shared.suspects.subscribe();
        // The sender lives as long as the relays do.
        let _ = suspects.wait_for(|count| *count == 0).await;
    }

    /// The failure that explains best why nodes are not connected: the latest, but one of trust before all others.
    pub(crate) fn last_failure(&self) -> Option<LinkError> {
        let failures = self.shared.failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures
            .values()
            .max_by_key(|(when, failure)| (matches!(failure, LinkError::Untrusted { .. }), *when))
            .map(|(_, failure)| failure.clone())
    }
}

impl Shared {
    pub(crate) fn route(&self) -> Arc<Route> {
        Arc::clone(&self.route.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn note(&self, upstream: &Upstream, outcome: Result<(), LinkError>) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        match outcome {
            Ok(()) => drop(failures.remove(upstream)),
            Err(failure) => {
                tracing::debug!(?upstream, %failure, "no way to a node");
                failures.insert(upstream.clone(), (Instant::now(), failure));
            }
        }
    }
}

/// Takes connections until the relays are given up, and refuses them for a while after.
async fn listen(listener: TcpListener, upstream: Upstream, shared: Arc<Shared>) {
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((local, peer)) => drop(tokio::spawn(serve(local, peer, upstream.clone(), Arc::clone(&shared)))),
                // Out of descriptors, or a connection that was gone at once: neither ends the listener.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            },
            () = shared.given_up.cancelled() => break,
        }
    }
    let refuse_all = async {
        loop {
            drop(listener.accept().await);
        }
    };
    let _ = timeout(LINGER, refuse_all).await;
}

/// Serves one connection to its end, if it is ours.
async fn serve(local: TcpStream, peer: SocketAddr, upstream: Upstream, shared: Arc<Shared>) {
    let Ok(here) = local.local_addr() else { return };
    let own = tokio::task::spawn_blocking(move || own_socket::is_own(peer, here)).await.unwrap_or(false);
    if !own {
        tracing::warn!(%peer, "another process connected to a relay and was dropped");
        return;
    }
    tokio::select! {
        () = passage::run(local, &upstream, &shared) => {}
        () = shared.given_up.cancelled() => {}
    }
}
