//! From a target to a connection, stage by stage, each bounded and each failure typed.
//!
//! Astra: bundle, metadata service (a paused database is polled), login probe, session. Self-hosted: TLS files, login
//! probe of the first contact point that answers, session.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::ClientConfig;
use tokio::time::{Instant, sleep, timeout};

use crate::astra_source::AstraSource;
use crate::bundle::Bundle;
use crate::connection::Connection;
use crate::convert::pauses;
use crate::error::{ConnectError, QueryError};
use crate::facts::ClusterFacts;
use crate::link::{Endpoint, LinkError, Step};
use crate::metadata::{self, Metadata, MetadataError};
use crate::probe::{self, Findings};
use crate::relay::{Place, Relays, Route};
use crate::session::{self, Way};
use crate::sessions::{Opener, Sessions};
use crate::stage::Stage;
use crate::target::{CassandraTarget, Credentials, LookedAt, Service, Target, Timeouts, TlsContent};
use crate::tls;
use crate::withheld::Withheld;

/// How long a connection is kept back until its schema was read. Then it is handed out, and the reading goes on.
const FIRST_READING: Duration = Duration::from_secs(10);
/// The native protocol's version that the driver speaks.
const NATIVE_PROTOCOL: u8 = 4;
/// The most contact points that are used; the driver learns of the other nodes by itself.
const MAX_CONTACT_POINTS: usize = 8;

/// What is told on the way, and kept for the case that time runs out.
struct Course<'a> {
    progress: &'a (dyn Fn(Stage) + Send + Sync),
    /// Whether the last stage told was [`Stage::Waking`].
    is_waking: AtomicBool,
    /// The last failure that did not end the attempt.
    last: Mutex<Option<ConnectError>>,
    /// The host and port that are being asked.
    asked: Mutex<Option<(String, u16)>>,
    /// The relays of the session that is being opened, which know its failures.
    relays: Mutex<Option<Arc<Relays>>>,
}

impl Course<'_> {
    fn tell(&self, stage: Stage) {
        self.is_waking.store(matches!(stage, Stage::Waking { .. }), Ordering::Relaxed);
        (self.progress)(stage);
    }

    fn note(&self, failure: ConnectError) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(failure);
    }

    fn ask(&self, host: &str, port: u16) {
        *self.asked.lock().unwrap_or_else(PoisonError::into_inner) = Some((host.to_owned(), port));
    }

    /// What to say when all of the time is used up.
    fn time_is_up(&self, after: Duration) -> ConnectError {
        if self.is_waking.load(Ordering::Relaxed) {
            return ConnectError::Paused { waited: after };
        }
        let relays = self.relays.lock().unwrap_or_else(PoisonError::into_inner).take();
        let on_the_way = relays.and_then(|relays| relays.last_failure()).map(ConnectError::Link);
        let last = on_the_way.or_else(|| self.last.lock().unwrap_or_else(PoisonError::into_inner).take());
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner).take();
        ConnectError::TimedOut { after, asked, last: last.map(Box::new) }
    }
}

/// Connects to `target`; `progress` is told each stage as it is reached. Never takes longer than the target's
/// `timeouts.connect`; dropping the future gives everything up.
///
/// # Errors
/// [`ConnectError`]; what can be known at once (a bad bundle, wrong credentials, an untrusted server) is told at once.
pub async fn connect(
    target: Target,
    progress: impl Fn(Stage) + Send + Sync,
) -> Result<Connection, ConnectError> {
    let after = target.timeouts.connect;
    let withheld = Withheld::of(&target.service);
    let deadline = Instant::now() + after;
    let course = Course {
        progress: &progress,
        is_waking: AtomicBool::new(false),
        last: Mutex::default(),
        asked: Mutex::default(),
        relays: Mutex::default(),
    };
    let outcome = match timeout(after, attempt(target, deadline, &course)).await {
        Ok(outcome) => outcome,
        Err(_) => Err(course.time_is_up(after)),
    };
    if let Ok(connection) = &outcome {
        // No part of what may fail: a schema that takes its time is no reason not to connect.
        let bound = deadline.saturating_duration_since(Instant::now()).min(FIRST_READING);
        let _ = timeout(bound, connection.first_reading()).await;
    }
    outcome.map_err(|error| withheld.hidden_in_connect(error))
}

async fn attempt(target: Target, deadline: Instant, course: &Course<'_>) -> Result<Connection, ConnectError> {
    let Target { service, keyspace, timeouts, looked_at } = target;
    match service {
        Service::Astra(astra) => {
            let source = AstraSource::new(astra.bundle, timeouts);
            let credentials = Arc::new(astra.credentials);
            let (bundle, tls) = match looked_at {
                Some(LookedAt::Bundle(bundle)) => source.of_same_place(*bundle)?,
                _ => source.read().await?,
            };
            course.tell(Stage::BundleRead { host: bundle.host.clone() });
            let metadata = awake(&bundle, &tls, &timeouts, deadline, course).await?;
            course.tell(Stage::Metadata {
                contact_points: metadata.contact_points.len(),
                local_dc: metadata.local_dc.clone(),
            });
            let endpoints: Vec<_> = metadata
                .contact_points
                .iter()
                .take(MAX_CONTACT_POINTS)
                .map(|id| Endpoint::new(&metadata.proxy_host, metadata.proxy_port).with_sni(id.to_string()))
                .collect();
            let (findings, _) = probe(&endpoints, Some(&tls), Some(&credentials), &timeouts, course).await?;
            let local_dc = metadata
                .local_dc
                .clone()
                .or_else(|| bundle.local_dc.clone())
                .unwrap_or_else(|| findings.data_center.clone());
            let relays = Arc::new(Relays::new(route(&bundle, tls, metadata), timeouts));
            let way = Way::Proxy { relays, contact_points: endpoints.len() };
            let facts = facts(findings, true, local_dc);
            open(way, Some(credentials), facts, keyspace, Some(source), &timeouts, course).await
        }
        Service::Cassandra(cassandra) => {
            let content = match looked_at {
                Some(LookedAt::Tls(content)) => Some(content),
                _ => None,
            };
            self_hosted(cassandra, content, keyspace, &timeouts, course).await
        }
    }
}

async fn self_hosted(
    target: CassandraTarget,
    content: Option<TlsContent>,
    keyspace: Option<String>,
    timeouts: &Timeouts,
    course: &Course<'_>,
) -> Result<Connection, ConnectError> {
    let CassandraTarget { hosts, port, credentials, local_dc, tls } = target;
    if hosts.is_empty() {
        return Err(ConnectError::BadHost { host: String::new() });
    }
    let credentials = credentials.map(Arc::new);
    let tls = match tls {
        None => None,
        Some(files) => {
            let hosts = hosts.clone();
            let secured = move || tls::self_hosted(&content.map_or_else(|| files.read(), Ok)?, &hosts);
            Some(blocking(secured).await??)
        }
    };
    let endpoints: Vec<_> =
        hosts.iter().take(MAX_CONTACT_POINTS).map(|host| Endpoint::new(host, port)).collect();
    let (findings, answered) =
        probe(&endpoints, tls.as_ref(), credentials.as_ref(), timeouts, course).await?;
    let local_dc = local_dc.unwrap_or_else(|| findings.data_center.clone());
    let way = match tls {
        None => Way::Plain {
            nodes: endpoints.iter().map(Endpoint::authority).collect(),
            known: (findings.host_id, answered.address),
        },
        Some(tls) => {
            let contact_points = endpoints.len();
            let place = Place::Direct { contact_points: endpoints };
            let route = Route { tls, certificates: Vec::new(), place };
            let known = (findings.host_id, answered.index);
            Way::Direct { relays: Arc::new(Relays::new(route, *timeouts)), contact_points, port, known }
        }
    };
    let astra = findings.astra;
    open(way, credentials, facts(findings, astra, local_dc), keyspace, None, timeouts, course).await
}

fn facts(findings: Findings, astra: bool, local_dc: String) -> ClusterFacts {
    ClusterFacts {
        astra,
        release_version: findings.release_version,
        cluster_name: findings.cluster_name,
        cql_version: findings.cql_version,
        native_protocol: NATIVE_PROTOCOL,
        local_dc,
    }
}

async fn open(
    way: Way,
    credentials: Option<Arc<Credentials>>,
    facts: ClusterFacts,
    keyspace: Option<String>,
    source: Option<AstraSource>,
    timeouts: &Timeouts,
    course: &Course<'_>,
) -> Result<Connection, ConnectError> {
    let relays = match &way {
        Way::Plain { .. } => None,
        Way::Proxy { relays, .. } | Way::Direct { relays, .. } => Some(Arc::clone(relays)),
    };
    *course.relays.lock().unwrap_or_else(PoisonError::into_inner) = relays.clone();
    let session = session::open(&way, credentials.as_ref(), &facts.local_dc, timeouts).await?;
    let login = credentials.as_ref();
    let withheld = login.map(|login| Withheld::of_login(login, facts.astra)).unwrap_or_default();
    let opener = Opener { way, credentials, local_dc: facts.local_dc.clone(), timeouts: *timeouts };
    let sessions = Sessions::new(session, opener);
    let mut connection = Connection::start(sessions, relays, facts, source, withheld);
    if let Some(keyspace) = keyspace {
        connection = connection.use_keyspace(&keyspace, true).await.map_err(|error| match error {
            QueryError::ConnectionLost(lost) if lost.cause.is_some() => {
                lost.cause.unwrap_or(ConnectError::Driver { reason: "the connection is lost".to_owned() })
            }
            other => ConnectError::Keyspace { keyspace, reason: other.to_string() },
        })?;
    }
    let nodes = connection.nodes().iter().filter(|node| node.connected).count();
    course.tell(Stage::Session { nodes });
    Ok(connection)
}

/// Which contact point answered the probe.
struct Answered {
    /// Its place among them.
    index: usize,
    /// Where it was reached.
    address: SocketAddr,
}

/// Logs in to the first of `endpoints` that can be reached. What is the same for all of them ends it at once.
async fn probe(
    endpoints: &[Endpoint],
    tls: Option<&Arc<ClientConfig>>,
    credentials: Option<&Arc<Credentials>>,
    timeouts: &Timeouts,
    course: &Course<'_>,
) -> Result<(Findings, Answered), ConnectError> {
    let mut failure = ConnectError::BadHost { host: String::new() };
    let tell = |stage| course.tell(stage);
    for (index, endpoint) in endpoints.iter().enumerate() {
        course.ask(&endpoint.host, endpoint.port);
        let answered = async {
            let mut tcp = endpoint.connect(timeouts).await?;
            let address = tcp.peer_addr().map_err(|error| LinkError::Unreachable {
                host: endpoint.host.clone(),
                port: endpoint.port,
                reason: error.to_string(),
            })?;
            course.tell(Stage::Reached { host: endpoint.host.clone(), port: endpoint.port });
            let login = credentials.map(Arc::as_ref);
            let findings = match tls {
                None => probe::ask(&mut tcp, endpoint, login, timeouts.answer, &tell).await?,
                Some(tls) => {
                    let mut stream = endpoint.secure(tcp, tls, timeouts).await?;
                    course.tell(Stage::Tls);
                    probe::ask(&mut stream, endpoint, login, timeouts.answer, &tell).await?
                }
            };
            Ok((findings, Answered { index, address }))
        };
        match answered.await {
            Ok(answer) => return Ok(answer),
            Err(error) if !another_may_answer(&error, endpoint.sni.is_some()) => return Err(error),
            Err(error) => {
                course.note(error.clone());
                failure = error;
            }
        }
    }
    Err(failure)
}

/// Whether the next contact point may do better. Behind a proxy all of them share its address.
fn another_may_answer(error: &ConnectError, behind_proxy: bool) -> bool {
    match error {
        ConnectError::Link(LinkError::Untrusted { .. }) => false,
        ConnectError::Link(
            LinkError::NotResolved { .. }
            | LinkError::Refused { .. }
            | LinkError::Unreachable { .. }
            | LinkError::TimedOut { step: Step::Resolve | Step::Tcp, .. },
        ) => !behind_proxy,
        ConnectError::AuthFailed { .. } | ConnectError::CredentialsRequired => false,
        _ => true,
    }
}

/// Asks the metadata service until the database is awake or time is up.
async fn awake(
    bundle: &Bundle,
    tls: &Arc<ClientConfig>,
    timeouts: &Timeouts,
    deadline: Instant,
    course: &Course<'_>,
) -> Result<Metadata, ConnectError> {
    let mut asleep_since = None;
    let mut pauses = pauses(Duration::from_millis(500), Duration::from_secs(5));
    course.ask(&bundle.host, bundle.port);
    loop {
        let error = match metadata::fetch(bundle, tls, timeouts).await {
            Ok(metadata) => return Ok(metadata),
            Err(error) => error,
        };
        let elapsed = match (&error, asleep_since) {
            (MetadataError::Paused { .. }, None) => {
                asleep_since = Some(Instant::now());
                Duration::ZERO
            }
            // A database that wakes is known to refuse now and then before it answers.
            (MetadataError::Paused { .. } | MetadataError::Refused { .. }, Some(since)) => since.elapsed(),
            (_, _) => return Err(metadata_failure(error)),
        };
        course.tell(Stage::Waking { elapsed });
        let pause = pauses.next().unwrap_or(Duration::from_secs(5));
        if Instant::now() + pause >= deadline {
            return Err(ConnectError::Paused { waited: timeouts.connect });
        }
        sleep(pause).await;
    }
}

pub(crate) fn metadata_failure(error: MetadataError) -> ConnectError {
    match error {
        MetadataError::Link(link) => ConnectError::Link(link),
        MetadataError::Paused { .. } => ConnectError::Paused { waited: Duration::ZERO },
        other => ConnectError::Metadata(other),
    }
}

pub(crate) fn route(bundle: &Bundle, tls: Arc<ClientConfig>, metadata: Metadata) -> Route {
    let Metadata { mut contact_points, proxy_host, proxy_port, .. } = metadata;
    // The order says nothing, and a service may change it with every answer.
    contact_points.sort_unstable();
    let certificates = bundle.authorities.iter().chain(&bundle.identity.cert).cloned().collect();
    let place = Place::Proxy { host: proxy_host, port: proxy_port, contact_points };
    Route { tls, certificates, place }
}

/// Runs what blocks on files beside the asynchronous tasks.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, ConnectError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| ConnectError::Driver { reason: "reading files was broken off".to_owned() })
}
