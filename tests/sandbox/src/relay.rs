//! Passes CQL frames between a client and a node, and does to them what the front's switches say. It keeps no more than
//! one request and one read of a response in memory.

use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::mpsc;
use tokio_rustls::server::TlsStream;
use uuid::Uuid;

use crate::frames::{self, HEADER, HIGHEST_VERSION, Header};
use crate::state::Shared;

const CHUNK: usize = 64 * 1024;
const MATERIALIZED_VIEW: &str = "Tables cannot have more than 0 materialized views";
const DESCRIBE: &str = "Unable to authorize statement org.apache.cassandra.cql3.statements.DescribeStatement";
const TRACES: &str =
    "User somebody has no SELECT permission on <table system_traces.sessions> or any of its parents";
const TRUNCATE: &str = "Truncate failed on replica /10.0.0.4:7000 -> UNKNOWN";
const VERSION: &str = "Invalid or unsupported protocol version; supported versions are (3/v3, 4/v4)";
const RATE_LIMIT: &str = "Rate limit reached";

/// A frame of the front's own for the client.
enum Answer {
    /// One more frame among the node's.
    Frame(Vec<u8>),
    /// The last frame before the connection is closed.
    Last(Vec<u8>),
}

/// Runs until either side closes.
pub(crate) async fn run(client: TlsStream<TcpStream>, server: TcpStream, node: Uuid, shared: &Shared) {
    let (client_reads, client_writes) = tokio::io::split(client);
    let (server_reads, server_writes) = server.into_split();
    let (answers, own) = mpsc::channel(16);
    let generation = shared.generation();
    // Whichever direction ends first takes the other with it; why it ended is for the client to find out.
    tokio::select! {
        _ = upstream(client_reads, server_writes, answers, node, generation, shared) => {}
        _ = downstream(server_reads, client_writes, own, node, generation, shared) => {}
    }
}

/// From the client to the node, frame by frame.
async fn upstream(
    mut client: ReadHalf<TlsStream<TcpStream>>,
    mut server: OwnedWriteHalf,
    answers: mpsc::Sender<Answer>,
    node: Uuid,
    generation: u64,
    shared: &Shared,
) -> std::io::Result<()> {
    let mut pending = Vec::with_capacity(CHUNK);
    let mut forward = Vec::with_capacity(CHUNK);
    while client.read_buf(&mut pending).await? > 0 {
        shared.let_pass(generation).await;
        let mut start = 0;
        while let Some(header) = Header::read(&pending[start..]) {
            if header.version > HIGHEST_VERSION {
                shared.note(|facts| facts.versions_refused += 1);
                let error = frames::error(header.stream, frames::PROTOCOL_ERROR, VERSION);
                let _ = answers.send(Answer::Last(error)).await;
                return std::future::pending().await;
            }
            let Some(frame) = pending.get(start..start + HEADER + header.length) else { break };
            if header.is_request() {
                shared.note_node(node, |facts| {
                    facts.requests += 1;
                    facts.traced += u64::from(header.is_traced());
                });
            }
            match answered(&header, &frame[HEADER..], shared) {
                Some(answer) => {
                    shared.note(|facts| facts.requests_refused += 1);
                    let _ = answers.send(Answer::Frame(answer)).await;
                }
                None => {
                    let at = forward.len();
                    forward.extend_from_slice(frame);
                    if shared.switches().no_tracing {
                        frames::untraced(&mut forward[at..]);
                    }
                }
            }
            start += frame.len();
        }
        pending.drain(..start);
        if !forward.is_empty() {
            shared.note_node(node, |facts| facts.bytes_from_client += forward.len() as u64);
            server.write_all(&forward).await?;
            forward.clear();
        }
    }
    Ok(())
}

/// What the front answers a request with in the node's place: one or several frames.
fn answered(header: &Header, body: &[u8], shared: &Shared) -> Option<Vec<u8>> {
    let forged = shared.switches().answers;
    let forged = forged.and_then(|forged| forged.answer(header.stream, header.statement(body)?));
    let refused = || refusal(header, body, shared);
    forged.or_else(|| refused().map(|(code, message)| frames::error(header.stream, code, message)))
}

/// The error that the front answers a request with in the node's place.
fn refusal(header: &Header, body: &[u8], shared: &Shared) -> Option<(u32, &'static str)> {
    let statement = header.statement(body);
    if let Some(statement) = statement {
        let words = frames::first_words(statement, 3);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["CREATE", "MATERIALIZED", "VIEW"] => return Some((frames::INVALID, MATERIALIZED_VIEW)),
            ["TRUNCATE", ..] if header.is_request() && shared.take_truncate() => {
                return Some((frames::TRUNCATE, TRUNCATE));
            }
            ["DESC" | "DESCRIBE", ..] if shared.switches().refuse_describe => {
                return Some((frames::UNAUTHORIZED, DESCRIBE));
            }
            _ if shared.switches().refuse_traces && statement.contains("system_traces.") => {
                return Some((frames::UNAUTHORIZED, TRACES));
            }
            _ => {}
        }
    }
    // Drivers read the system tables for themselves; Astra does not count that.
    let own = statement.is_some_and(|text| {
        ["system.", "system_schema.", "system_virtual_schema.", "LIST "]
            .iter()
            .any(|part| text.contains(part))
    });
    (header.is_request() && !own && shared.take_limited()).then_some((frames::OVERLOADED, RATE_LIMIT))
}

/// From the node to the client, with the front's own frames put in where a frame ends.
async fn downstream(
    mut server: OwnedReadHalf,
    mut client: WriteHalf<TlsStream<TcpStream>>,
    mut own: mpsc::Receiver<Answer>,
    node: Uuid,
    generation: u64,
    shared: &Shared,
) -> std::io::Result<()> {
    let mut walk = Walk::default();
    let mut read = Vec::with_capacity(CHUNK);
    let mut write = Vec::with_capacity(CHUNK);
    loop {
        let answer = tokio::select! {
            Some(answer) = own.recv(), if walk.is_between_frames() => Some(answer),
            count = server.read_buf(&mut read) => {
                if count? == 0 {
                    return Ok(());
                }
                None
            }
        };
        shared.let_pass(generation).await;
        let delay = shared.switches().delay;
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        let last = match answer {
            Some(Answer::Frame(frame)) => {
                write.extend(frame);
                false
            }
            Some(Answer::Last(frame)) => {
                write.extend(frame);
                true
            }
            None => walk.pass(&mut read, &mut write, shared),
        };
        shared.note_node(node, |facts| facts.bytes_to_client += write.len() as u64);
        client.write_all(&write).await?;
        client.flush().await?;
        write.clear();
        if last {
            return client.shutdown().await;
        }
    }
}

/// Where in the node's stream of frames the relay is.
#[derive(Debug, Default)]
struct Walk {
    /// Bytes of the current frame's body that are still to come.
    body_left: usize,
    /// Bytes of them after which the connection is cut.
    cut_after: Option<usize>,
    /// Whether the last read ended within a header, or within a frame that is kept until it is whole.
    partial: bool,
}

impl Walk {
    fn is_between_frames(&self) -> bool {
        self.body_left == 0 && !self.partial
    }

    /// Moves from `read` to `write` what may pass. True if the connection is to be cut after that.
    fn pass(&mut self, read: &mut Vec<u8>, write: &mut Vec<u8>, shared: &Shared) -> bool {
        let mut rest = read.as_slice();
        self.partial = false;
        loop {
            let body = self.body_left.min(rest.len());
            if let Some(after) = self.cut_after {
                if body >= after {
                    write.extend_from_slice(&rest[..after]);
                    shared.note(|facts| facts.pages_cut += 1);
                    return true;
                }
                self.cut_after = Some(after - body);
            }
            write.extend_from_slice(&rest[..body]);
            self.body_left -= body;
            rest = &rest[body..];
            if rest.is_empty() {
                break;
            }
            let Some(header) = Header::read(rest) else {
                self.partial = true;
                break;
            };
            if matches!(header.opcode, frames::OP_SUPPORTED | frames::OP_ERROR) {
                let Some(frame) = rest.get(..HEADER + header.length) else {
                    self.partial = true;
                    break;
                };
                let body = &frame[HEADER..];
                let changed = match header.opcode {
                    frames::OP_SUPPORTED => {
                        let switches = shared.switches();
                        let plain = switches.refuse_describe || switches.answers.is_some();
                        frames::supported(header.stream, body, plain)
                    }
                    _ => frames::astras_error(&header, body),
                };
                write.extend_from_slice(changed.as_deref().unwrap_or(frame));
                rest = &rest[frame.len()..];
                continue;
            }
            if header.opcode == frames::OP_RESULT {
                self.cut_after = shared.take_cut(header.length);
            }
            write.extend_from_slice(&rest[..HEADER]);
            self.body_left = header.length;
            rest = &rest[HEADER..];
        }
        let left = rest.len();
        read.drain(..read.len() - left);
        false
    }
}
