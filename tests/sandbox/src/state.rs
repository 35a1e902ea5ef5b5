//! A front's state: which switches are on and what has been seen. Shared by its two services and changed from outside;
//! it opens no socket.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;
use uuid::Uuid;

use crate::certs::{Certificates, Identity};
use crate::frames;
use crate::switch::{Facts, NodeFacts, Part, SniAnswer, Switch};

/// Which switches are on.
#[derive(Debug, Clone, Default)]
pub(crate) struct Switches {
    sleep: Sleep,
    /// The status that the metadata service answers with instead of 200.
    pub(crate) status: Option<u16>,
    /// Whether the metadata service answers with a web page.
    pub(crate) not_json: bool,
    /// What every answer waits for.
    pub(crate) delay: Duration,
    pub(crate) refusing: bool,
    pub(crate) hanging: bool,
    pub(crate) metadata_identity: Identity,
    pub(crate) proxy_identity: Identity,
    pub(crate) sni_unknown: Option<SniAnswer>,
    pub(crate) refuse_describe: bool,
    pub(crate) no_tracing: bool,
    pub(crate) refuse_traces: bool,
    /// What a node does not get to see, and what is answered in its place.
    pub(crate) answers: Option<Arc<Forged>>,
    down: BTreeSet<Uuid>,
}

/// The messages of [`Switch::Answers`].
#[derive(Debug)]
pub(crate) struct Forged {
    containing: String,
    messages: Vec<Vec<u8>>,
    times: u32,
}

impl Forged {
    /// What is sent to the request of that stream and text; `None` where it goes to the node.
    pub(crate) fn answer(&self, stream: i16, statement: &str) -> Option<Vec<u8>> {
        if !statement.contains(&self.containing) {
            return None;
        }
        let mut round = Vec::new();
        for message in &self.messages {
            let start = round.len();
            round.extend_from_slice(message);
            frames::readdress(&mut round[start..], stream);
        }
        Some(round.repeat(self.times as usize))
    }
}

#[derive(Debug, Clone, Copy, Default)]
enum Sleep {
    #[default]
    Awake,
    Until(Instant),
    Forever,
}

impl Switches {
    /// Whether the database sleeps now.
    pub(crate) fn is_asleep(&self) -> bool {
        match self.sleep {
            Sleep::Awake => false,
            Sleep::Until(end) => Instant::now() < end,
            Sleep::Forever => true,
        }
    }

    /// Whether the proxy may hold a connection to that node.
    pub(crate) fn lets_through(&self, node: Uuid) -> bool {
        !self.is_asleep() && !self.refusing && !self.down.contains(&node)
    }

    fn turn_on(&mut self, switch: &Switch) {
        match *switch {
            Switch::Answers { ref containing, ref messages, times } => {
                let (containing, messages) = (containing.clone(), messages.clone());
                self.answers = Some(Arc::new(Forged { containing, messages, times }));
            }
            Switch::Paused { seconds: None } => self.sleep = Sleep::Forever,
            Switch::Paused { seconds: Some(seconds) } => {
                // A time too far to be told is for ever.
                let end = Instant::now().checked_add(Duration::from_secs(seconds));
                self.sleep = end.map_or(Sleep::Forever, Sleep::Until);
            }
            Switch::Revoked => self.status = Some(401),
            Switch::Forbidden => self.status = Some(403),
            Switch::NotFound => self.status = Some(404),
            Switch::NotJson => self.not_json = true,
            Switch::Slow { ms } => self.delay = Duration::from_millis(ms),
            Switch::Refusing => self.refusing = true,
            Switch::Hanging => self.hanging = true,
            Switch::WrongCa { part } => self.show(part, Identity::WrongCa),
            Switch::WrongHostName { part } => self.show(part, Identity::WrongHost),
            Switch::ExpiredCertificate { part } => self.show(part, Identity::Expired),
            Switch::NodeDown { host_id } => drop(self.down.insert(host_id)),
            Switch::SniUnknown { answer } => self.sni_unknown = Some(answer),
            Switch::RefuseDescribe => self.refuse_describe = true,
            Switch::NoTracing => self.no_tracing = true,
            Switch::RefuseTraces => self.refuse_traces = true,
            Switch::CutMidPage { .. }
            | Switch::Forgotten
            | Switch::MovedProxy
            | Switch::RateLimited { .. }
            | Switch::TruncateFails { .. } => {}
        }
    }

    fn show(&mut self, part: Part, identity: Identity) {
        if part != Part::Proxy {
            self.metadata_identity = identity;
        }
        if part != Part::Metadata {
            self.proxy_identity = identity;
        }
    }
}

/// What is counted down while it is used.
#[derive(Debug, Default)]
struct Allowances {
    /// After how many bytes a page is cut, and how many more pages.
    cut: Option<(usize, u32)>,
    /// How many more requests are answered with "rate limit reached".
    limited: u32,
    /// How many more `TRUNCATE` fail.
    truncates: u32,
}

/// Takes one of those that are left.
fn take(left: &mut u32) -> bool {
    let some = *left > 0;
    *left = left.saturating_sub(1);
    some
}

/// All that a front's services share.
pub(crate) struct Shared {
    /// Made for the front, with its authority.
    pub(crate) certificates: Certificates,
    /// The name clients connect to.
    pub(crate) host: String,
    /// The data centre clients are told.
    pub(crate) local_dc: String,
    /// The nodes of that data centre, and where they really are.
    pub(crate) members: Vec<(Uuid, SocketAddr)>,
    proxy_port: AtomicU16,
    /// Counts how often all connections were forgotten.
    forgotten: AtomicU64,
    /// How many ports are listened on now.
    open_ports: watch::Sender<usize>,
    switches: watch::Sender<Switches>,
    allowances: Mutex<Allowances>,
    facts: Mutex<Facts>,
}

impl Shared {
    pub(crate) fn new(
        certificates: Certificates,
        host: String,
        local_dc: String,
        members: Vec<(Uuid, SocketAddr)>,
        proxy_port: u16,
    ) -> Self {
        Self {
            certificates,
            host,
            local_dc,
            members,
            proxy_port: AtomicU16::new(proxy_port),
            forgotten: AtomicU64::new(0),
            open_ports: watch::Sender::default(),
            switches: watch::Sender::default(),
            allowances: Mutex::default(),
            facts: Mutex::default(),
        }
    }

    /// Turns a switch on.
    pub(crate) fn turn_on(&self, switch: &Switch) {
        match *switch {
            Switch::CutMidPage { after_bytes, times } => {
                lock(&self.allowances).cut = Some((after_bytes as usize, times.unwrap_or(u32::MAX)));
            }
            Switch::Forgotten => drop(self.forgotten.fetch_add(1, Ordering::AcqRel)),
            Switch::RateLimited { requests } => lock(&self.allowances).limited = requests,
            Switch::TruncateFails { times } => lock(&self.allowances).truncates = times,
            _ => self.switches.send_modify(|switches| switches.turn_on(switch)),
        }
    }

    /// Turns all switches off.
    pub(crate) fn reset(&self) {
        *lock(&self.allowances) = Allowances::default();
        self.switches.send_replace(Switches::default());
    }

    /// The switches as they are now.
    pub(crate) fn switches(&self) -> Switches {
        self.switches.borrow().clone()
    }

    /// Waits until the switches satisfy `condition`, whether they change or the time does.
    pub(crate) async fn wait_for(&self, condition: impl Fn(&Switches) -> bool) {
        if condition(&self.switches.borrow()) {
            return;
        }
        let mut watcher = self.switches.subscribe();
        while !condition(&watcher.borrow_and_update()) {
            // A sleeping database wakes without a change of switches: look again from time to time.
            let _ = tokio::time::timeout(Duration::from_millis(200), watcher.changed()).await;
        }
    }

    /// Which generation of connections one that is opened now belongs to.
    pub(crate) fn generation(&self) -> u64 {
        self.forgotten.load(Ordering::Acquire)
    }

    /// Waits until something may pass on a connection of that generation: for ever on one that was forgotten.
    pub(crate) async fn let_pass(&self, generation: u64) {
        self.wait_for(|switches| !switches.hanging).await;
        if generation < self.generation() {
            std::future::pending::<()>().await;
        }
    }

    /// Counts a port as listened on until the guard is dropped.
    pub(crate) fn count_port(&self) -> OpenPort<'_> {
        self.open_ports.send_modify(|count| *count += 1);
        OpenPort(self)
    }

    /// Waits until so many ports are listened on, but not for ever: a port may have been taken in the meantime.
    pub(crate) async fn wait_for_ports(&self, count: usize) {
        let mut watcher = self.open_ports.subscribe();
        let _ = tokio::time::timeout(Duration::from_secs(5), watcher.wait_for(|&open| open == count)).await;
    }

    /// Whether a page of that many bytes is to be cut, and after how many.
    pub(crate) fn take_cut(&self, length: usize) -> Option<usize> {
        let mut allowances = lock(&self.allowances);
        let (after, times) = allowances.cut.filter(|&(after, times)| times > 0 && length > after)?;
        allowances.cut = Some((after, times.saturating_sub(1)));
        Some(after)
    }

    /// Whether a request is to be refused for the rate limit.
    pub(crate) fn take_limited(&self) -> bool {
        take(&mut lock(&self.allowances).limited)
    }

    /// Whether a `TRUNCATE` is to fail.
    pub(crate) fn take_truncate(&self) -> bool {
        take(&mut lock(&self.allowances).truncates)
    }

    /// The proxy's port, as the metadata service tells it.
    pub(crate) fn proxy_port(&self) -> u16 {
        self.proxy_port.load(Ordering::Acquire)
    }

    /// Tells another port from now on.
    pub(crate) fn move_proxy(&self, port: u16) {
        self.proxy_port.store(port, Ordering::Release);
    }

    /// Notes something.
    pub(crate) fn note(&self, change: impl FnOnce(&mut Facts)) {
        change(&mut lock(&self.facts));
    }

    /// Notes something about one node.
    pub(crate) fn note_node(&self, node: Uuid, change: impl FnOnce(&mut NodeFacts)) {
        self.note(|facts| change(facts.nodes.entry(node).or_default()));
    }

    /// Notes why a handshake failed.
    pub(crate) fn note_handshake(&self, error: &std::io::Error) {
        let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
        let missing = matches!(tls, Some(rustls::Error::NoCertificatesPresented));
        self.note(|facts| {
            facts.failed_handshakes += 1;
            facts.missing_client_certificates += u64::from(missing);
        });
    }

    /// What has been seen.
    pub(crate) fn facts(&self) -> Facts {
        lock(&self.facts).clone()
    }

    /// Forgets what has been seen, but for connections that are open.
    pub(crate) fn clear_facts(&self) {
        let mut facts = lock(&self.facts);
        let open =
            facts.nodes.iter().map(|(&id, node)| (id, NodeFacts { open: node.open, ..NodeFacts::default() }));
        *facts = Facts { nodes: open.collect(), ..Facts::default() };
    }
}

/// A port that is listened on.
pub(crate) struct OpenPort<'a>(&'a Shared);

impl Drop for OpenPort<'_> {
    fn drop(&mut self) {
        self.0.open_ports.send_modify(|count| *count -= 1);
    }
}

/// A panic while a counter was held leaves a counter: go on with it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
