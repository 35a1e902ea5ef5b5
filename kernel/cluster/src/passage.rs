//! One connection of the driver's, through a relay to a node: how it is opened, kept alive and given up.
//!
//! While no node can be reached, the driver's connection is held and the way to the node tried again and again: the driver
//! on its own would come back after pauses of up to ten seconds, which a person who waits for a database notices. Where
//! another node answers, a connection that fails is closed at once, so that the driver turns to that node.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_rustls::client::TlsStream;

use crate::convert::pauses;
use crate::link::{Endpoint, LinkError, Step};
use crate::relay::{Shared, Upstream};

/// Bytes moved at a time.
const BUFFER_BYTES: usize = 64 * 1024;
/// What the driver sends before the first answer at most: some empty frames.
const HELD_BYTES: usize = 4 * 1024;
/// The header of a frame (protocol v4, section 2): version, flags, two bytes of stream, opcode, four of length.
const HEADER: usize = 9;
/// The opcode of OPTIONS, which the driver asks with whether a connection lives.
const OPTIONS: u8 = 0x05;
/// The pauses between attempts while no node can be reached, where no statement waits.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));
/// How long a connection that owes an answer may take for it once the machine has slept. A statement that began just
/// before may still be answered; nobody waits longer than this for a connection that died meanwhile.
const PROOF: Duration = Duration::from_secs(5);
/// How often it is looked whether the answer has come.
const LOOK: Duration = Duration::from_millis(50);

/// Opens the way to the node and moves bytes until one side ends; notes what became of the way.
pub(crate) async fn run(mut local: TcpStream, upstream: &Upstream, shared: &Arc<Shared>) {
    let _ = local.set_nodelay(true);
    let Some(way) = open(&mut local, upstream, shared).await else { return };
    shared.answered.send_modify(|count| *count += 1);
    let _answered = Answered(shared);
    shared.note(upstream, Ok(()));
    if let Some(failure) = carry(local, way, shared).await {
        shared.note(upstream, Err(failure));
    }
}

/// Counts a connection as answered until it is dropped.
struct Answered<'a>(&'a Shared);

impl Drop for Answered<'_> {
    fn drop(&mut self) {
        self.0.answered.send_modify(|count| *count = count.saturating_sub(1));
    }
}

/// A connection to a node that has answered.
struct Way {
    endpoint: Endpoint,
    node: TlsStream<TcpStream>,
    /// The node's first answer.
    first: Vec<u8>,
    /// What the driver sent since that first answer was asked for.
    late: Vec<u8>,
}

/// Opens the way to the node, again and again while there is no other; `None` where it was given up.
async fn open(local: &mut TcpStream, upstream: &Upstream, shared: &Arc<Shared>) -> Option<Way> {
    let (mut renewed, mut answered) = (shared.renewed.subscribe(), shared.answered.subscribe());
    // The driver speaks first: with OPTIONS, which is asked anew at each attempt.
    let (mut question, mut late) = (Vec::new(), Vec::new());
    while question.len() < HEADER {
        if local.read_buf(&mut question).await.ok()? == 0 {
            return None;
        }
    }
    let mut growing = pauses(PAUSES.0, PAUSES.1);
    loop {
        renewed.borrow_and_update();
        let route = shared.route();
        let endpoint = route.endpoint(upstream)?;
        let outcome = tokio::select! {
            outcome = attempt(&endpoint, &route.tls, &question, shared) => outcome,
            _ = renewed.changed() => continue,
            () = keep_company(local, &mut late) => return None,
        };
        let failure = match outcome {
            Ok((node, first)) => return Some(Way { endpoint, node, first, late }),
            Err(failure) => failure,
        };
        shared.note(upstream, Err(failure));
        if !shared.is_open.load(Ordering::Acquire) || *answered.borrow_and_update() > 0 {
            return None;
        }
        tokio::select! {
            () = shared.demand.pause(growing.next().unwrap_or(PAUSES.1)) => {}
            // Another node answers: one more attempt, and then it is the driver's to choose.
            _ = answered.wait_for(|&count| count > 0) => {}
            _ = renewed.changed() => {}
            () = keep_company(local, &mut late) => return None,
        }
    }
}

/// Opens TLS to the node and asks what the driver asked. The first answer proves that there is a node behind the proxy: an
/// unknown SNI name, a node that is down and a refused client certificate all show up here at the latest, some as silence.
async fn attempt(
    endpoint: &Endpoint,
    tls: &Arc<rustls::ClientConfig>,
    question: &[u8],
    shared: &Shared,
) -> Result<(TlsStream<TcpStream>, Vec<u8>), LinkError> {
    let mut node = endpoint.connect_tls(tls, &shared.timeouts).await?;
    let ask = async {
        node.write_all(question).await?;
        node.flush().await?;
        let mut first = Vec::with_capacity(BUFFER_BYTES);
        node.read_buf(&mut first).await.map(|_| first)
    };
    match timeout(shared.timeouts.answer, ask).await {
        Err(_) => Err(endpoint.timed_out(Step::Answer, shared.timeouts.answer)),
        Ok(Err(error)) => Err(endpoint.broken(&error)),
        Ok(Ok(first)) if first.is_empty() => Err(endpoint.closed()),
        Ok(Ok(first)) => Ok((node, first)),
    }
}

/// Ends when the driver has closed its side. Until then its questions whether the connection lives are answered in the
/// node's place, else it would give up; anything else it sends is kept in `late`.
async fn keep_company(local: &mut TcpStream, late: &mut Vec<u8>) {
    while late.len() < HELD_BYTES {
        if local.read_buf(late).await.map_or(true, |count| count == 0) {
            return;
        }
        while let Some(answer) = supported(late) {
            // A few bytes into a buffer of our own machine; were there no room, the driver would ask again.
            let _ = local.try_write(&answer);
            late.drain(..HEADER);
        }
    }
    std::future::pending().await
}

/// An empty SUPPORTED (protocol v4, section 4.2.4), where `frames` begin with OPTIONS.
fn supported(frames: &[u8]) -> Option<[u8; HEADER + 2]> {
    let &[version, _, stream, number, OPTIONS, 0, 0, 0, 0] = frames.first_chunk::<HEADER>()? else {
        return None;
    };
    Some([version | 0x80, 0, stream, number, 0x06, 0, 0, 0, 2, 0, 0])
}

/// What has passed, as far as it tells whether the node lives.
#[derive(Debug, Default)]
struct Traffic {
    /// Whether the driver has sent something since the node last did.
    is_owed: AtomicBool,
    /// Counts what came from the node.
    heard: AtomicU64,
}

/// Moves bytes until one side ends. `None` says nothing about the node.
async fn carry(mut local: TcpStream, way: Way, shared: &Shared) -> Option<LinkError> {
    let Way { endpoint, mut node, first, late } = way;
    let woken = shared.woken.subscribe();
    let traffic = Traffic::default();
    let (from_local, mut to_local) = local.split();
    let (from_node, mut to_node) = tokio::io::split(&mut node);
    let up = async {
        to_node.write_all(&late).await?;
        to_node.flush().await?;
        copy(from_local, to_node, || traffic.is_owed.store(true, Ordering::Relaxed)).await
    };
    let down = async {
        if to_local.write_all(&first).await.is_err() {
            return None;
        }
        let heard = || {
            traffic.is_owed.store(false, Ordering::Relaxed);
            traffic.heard.fetch_add(1, Ordering::Relaxed);
        };
        match copy(from_node, to_local, heard).await {
            Ok(()) => Some(endpoint.closed()),
            Err(error) => Some(endpoint.broken(&error)),
        }
    };
    tokio::select! {
        failure = down => failure,
        // The driver closed its side, or the node does not take what it sends; the latter shows when reading, too.
        _ = up => None,
        () = slept_away(woken, &shared.suspects, &traffic, PROOF) => None,
    }
}

/// Ends when the machine has slept and the connection does not prove that it lives. One that owes nothing is replaced
/// without a proof: that costs a handshake, and a statement sent on a dead connection costs much more.
async fn slept_away(
    mut woken: watch::Receiver<u64>,
    suspects: &watch::Sender<usize>,
    traffic: &Traffic,
    proof: Duration,
) {
    while woken.changed().await.is_ok() {
        if !traffic.is_owed.load(Ordering::Relaxed) {
            return;
        }
        let _suspect = Suspect::new(suspects);
        let before = traffic.heard.load(Ordering::Relaxed);
        let proven = async {
            while traffic.heard.load(Ordering::Relaxed) == before {
                sleep(LOOK).await;
            }
        };
        if timeout(proof, proven).await.is_err() {
            return;
        }
    }
    std::future::pending().await
}

/// Counts a connection as suspect until it is dropped.
struct Suspect<'a>(&'a watch::Sender<usize>);

impl<'a> Suspect<'a> {
    fn new(suspects: &'a watch::Sender<usize>) -> Self {
        suspects.send_modify(|count| *count += 1);
        Self(suspects)
    }
}

impl Drop for Suspect<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count = count.saturating_sub(1));
    }
}

/// Moves bytes until the reader ends or one of the two fails; `passed` is told of each move before it is made.
async fn copy(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    passed: impl Fn(),
) -> io::Result<()> {
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        match from.read(&mut buffer).await? {
            0 => return Ok(()),
            count => {
                passed();
                to.write_all(&buffer[..count]).await?;
                to.flush().await?;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_question_whether_the_connection_lives_is_answered_here() {
        let options = [4, 0, 1, 7, 5, 0, 0, 0, 0, 99];
        assert_eq!(supported(&options), Some([0x84, 0, 1, 7, 6, 0, 0, 0, 2, 0, 0]));
        assert_eq!(supported(&options[..8]), None, "it is not whole");
        assert_eq!(supported(&[4, 0, 1, 7, 1, 0, 0, 0, 0]), None, "STARTUP is the node's to answer");
    }

    #[tokio::test]
    async fn after_a_sleep_a_connection_proves_itself_or_is_given_up() {
        let (woken, suspects) = (watch::Sender::new(0), watch::Sender::new(0));
        let start = |is_owed: bool| {
            let traffic = Arc::new(Traffic { is_owed: AtomicBool::new(is_owed), ..Traffic::default() });
            let (receiver, of) = (woken.subscribe(), Arc::clone(&traffic));
            let suspects = watch::Sender::clone(&suspects);
            let proof = Duration::from_secs(3);
            let task = tokio::spawn(async move { slept_away(receiver, &suspects, &of, proof).await });
            (task, traffic)
        };
        let ((idle, _), (silent, _), (mut speaks, traffic)) = (start(false), start(true), start(true));
        sleep(Duration::from_millis(20)).await;
        assert!(!idle.is_finished(), "the machine has not slept");
        woken.send_modify(|count| *count += 1);
        timeout(Duration::from_secs(30), idle).await.expect("it owes nothing, so it is given up").unwrap();
        assert_eq!(*suspects.borrow(), 2, "nothing new is sent on these");
        traffic.heard.fetch_add(1, Ordering::Relaxed);
        timeout(Duration::from_secs(30), silent).await.expect("it is given up in the end").unwrap();
        assert!(timeout(Duration::from_millis(500), &mut speaks).await.is_err(), "it has answered");
        assert_eq!(*suspects.borrow(), 0);
    }
}
