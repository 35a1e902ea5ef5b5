//! Loopback relays: the driver speaks plain CQL to one of them, it speaks TLS to the node.
//!
//! The driver has no hook for SNI, but it lets us translate each node's address. Each node gets a listener on loopback;
//! what connects to it is checked to be a socket of this process, and only then a way to the node is opened. A stranger is
//! dropped having been sent nothing, and nothing is opened for it. Listeners outlive the session: a port given back too
//! early could be taken by another process, which would be sent the credentials.
//!
//! The driver's own time-outs end at the relay; those on the way to the node are kept here, and so are the failures, typed
//! (the driver only sees that a connection was closed).

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use rustls::ClientConfig;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::link::{Endpoint, LinkError, Step};
use crate::own_socket;
use crate::target::Timeouts;

/// How long a listener is kept, refusing all, after the relays were given up: the driver's tasks are gone by then.
const LINGER: Duration = Duration::from_secs(10);
/// Bytes moved at a time.
const BUFFER_BYTES: usize = 64 * 1024;

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
    /// The nodes' place.
    pub(crate) place: Place,
}

/// How an upstream becomes an endpoint.
#[derive(Debug, Clone)]
pub(crate) enum Place {
    /// Behind an SNI proxy, by host id.
    Proxy { host: String, port: u16, contact_points: Vec<Uuid> },
    /// Each at its own address.
    Direct { contact_points: Vec<Endpoint> },
}

impl Route {
    fn endpoint(&self, upstream: &Upstream) -> Option<Endpoint> {
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
struct Shared {
    route: RwLock<Arc<Route>>,
    timeouts: Timeouts,
    /// The last failure of each upstream, gone when it works again.
    failures: Mutex<HashMap<Upstream, (Instant, LinkError)>>,
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
        let failed = |error: io::Error| RelayError::Listen(error.to_string());
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        tokio::spawn(listen(listener, upstream.clone(), Arc::clone(&self.shared)));
        listeners.insert(upstream, address);
        Ok(address)
    }

    /// Sends connections that are opened from now on another way.
    pub(crate) fn reroute(&self, route: Route) {
        *self.shared.route.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(route);
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
    fn route(&self) -> Arc<Route> {
        Arc::clone(&self.route.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn note(&self, upstream: &Upstream, outcome: Result<(), LinkError>) {
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
    let relaying = relay(local, &upstream, &shared);
    tokio::select! {
        outcome = relaying => if let Some(outcome) = outcome { shared.note(&upstream, outcome) },
        () = shared.given_up.cancelled() => {}
    }
}

/// Opens the way to the node and moves bytes until one side ends. `None` says nothing about the node.
async fn relay(mut local: TcpStream, upstream: &Upstream, shared: &Shared) -> Option<Result<(), LinkError>> {
    let route = shared.route();
    let endpoint = route.endpoint(upstream)?;
    let mut node = match endpoint.connect_tls(&route.tls, &shared.timeouts).await {
        Ok(node) => node,
        Err(failure) => return Some(Err(failure)),
    };
    let _ = local.set_nodelay(true);
    let (mut from_local, mut to_local) = local.split();
    let (mut from_node, mut to_node) = tokio::io::split(&mut node);

    let down = async {
        // The first answer proves that there is a node behind the proxy: an unknown SNI name, a node that is down and
        // a refused client certificate all show up here at the latest, some of them as silence.
        let mut buffer = vec![0; BUFFER_BYTES];
        let patience = shared.timeouts.answer;
        match timeout(patience, from_node.read(&mut buffer)).await {
            Err(_) => return Some(endpoint.timed_out(Step::Answer, patience)),
            Ok(Err(error)) => return Some(endpoint.broken(&error)),
            Ok(Ok(0)) => return Some(endpoint.closed()),
            Ok(Ok(count)) => {
                shared.note(upstream, Ok(()));
                to_local.write_all(&buffer[..count]).await.ok()?;
            }
        }
        match copy(&mut from_node, &mut to_local, buffer).await {
            Ok(()) => Some(endpoint.closed()),
            Err(error) => Some(endpoint.broken(&error)),
        }
    };
    let up = copy(&mut from_local, &mut to_node, vec![0; BUFFER_BYTES]);
    tokio::select! {
        failure = down => failure.map(Err),
        // The driver closed its side, or the node does not take what it sends; the latter shows when reading, too.
        _ = up => None,
    }
}

/// Moves bytes until the reader ends or one of the two fails.
async fn copy(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    mut buffer: Vec<u8>,
) -> io::Result<()> {
    loop {
        match from.read(&mut buffer).await? {
            0 => return Ok(()),
            count => {
                to.write_all(&buffer[..count]).await?;
                to.flush().await?;
            }
        }
    }
}
