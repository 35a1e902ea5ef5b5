//! A lane answers the requests of the main shell, or of one subshell (JEP 91), one after the other. Tab and Shift-Tab do not
//! wait for the cell before them: whoever waits for a cell writes the next one.
//!
//! Lanes run on the sockets' thread, so that what they say needs no other thread to be sent; what the handler does runs in the
//! runtime of the cells, and holds nobody up.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jupyter_protocol::{CommClose, CommId, CommInfoReply, Status};
use serde_json::Value;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use zeromq::RouterSendHalf;

use crate::cursor;
use crate::execute;
use crate::handler::{ErrorReport, Handler};
use crate::kernel::Kernel;
use crate::replies;
use crate::requests::Fields;
use crate::session::Incoming;

/// How many subshells there may be.
const MAX_SUBSHELLS: usize = 64;

/// How many bytes of requests may wait in all lanes.
const WAITING: u32 = 256 * 1024 * 1024;

/// What a waiting request counts for besides its content.
const OVERHEAD: usize = 1024;

/// All lanes of a kernel.
pub(crate) struct Lanes {
    /// Lanes by subshell id; the main one has none.
    lanes: Mutex<HashMap<Option<String>, Lane>>,
    tasks: TaskTracker,
    /// Room for requests that wait.
    room: Arc<Semaphore>,
    /// Where the handler runs.
    cells: Handle,
}

/// Why a request was not queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// There is no such subshell.
    NoLane,
    /// Too much waits already.
    NoRoom,
}

#[derive(Clone)]
struct Lane {
    queue: mpsc::UnboundedSender<Request>,
    deleted: CancellationToken,
}

/// A request with the time it came, and the room it takes while it waits.
struct Request {
    message: Incoming,
    arrived: Instant,
    room: OwnedSemaphorePermit,
}

impl Lanes {
    /// No lanes yet; the handler of those to come runs in the runtime `cells`.
    pub(crate) fn new(cells: Handle) -> Self {
        let room = Arc::new(Semaphore::new(WAITING as usize));
        Self { lanes: Mutex::default(), tasks: TaskTracker::default(), room, cells }
    }

    /// The runtime of the handler's methods.
    pub(crate) fn cells(&self) -> &Handle {
        &self.cells
    }

    /// Opens a lane; false when there are too many.
    pub(crate) fn open<H: Handler>(
        &self,
        kernel: &Arc<Kernel<H>>,
        socket: RouterSendHalf,
        id: Option<String>,
    ) -> bool {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        if lanes.len() > MAX_SUBSHELLS {
            return false;
        }
        let (queue, requests) = mpsc::unbounded_channel();
        let deleted = kernel.stopping.child_token();
        self.tasks.spawn(run(kernel.clone(), socket, requests, deleted.clone()));
        lanes.insert(id, Lane { queue, deleted });
        true
    }

    /// Closes a subshell's lane: what runs in it is interrupted, what waits is aborted. False when there is none.
    pub(crate) fn delete(&self, id: &str) -> bool {
        let lane = self.lanes.lock().unwrap_or_else(PoisonError::into_inner).remove(&Some(id.to_owned()));
        lane.map(|lane| lane.deleted.cancel()).is_some()
    }

    /// The subshells' ids.
    pub(crate) fn subshells(&self) -> Vec<String> {
        let mut ids: Vec<_> =
            self.lanes.lock().unwrap_or_else(PoisonError::into_inner).keys().flatten().cloned().collect();
        ids.sort();
        ids
    }

    /// Queues a request in its lane.
    pub(crate) fn dispatch(&self, message: &Incoming) -> Result<(), Refused> {
        let lane = {
            let lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
            lanes.get(&message.head.subshell_id).cloned()
        };
        let lane = lane.ok_or(Refused::NoLane)?;
        let size = u32::try_from(message.content.len() + message.header.len() + OVERHEAD).unwrap_or(u32::MAX);
        let room = self.room.clone().try_acquire_many_owned(size).map_err(|_| Refused::NoRoom)?;
        let request = Request { message: message.clone(), arrived: Instant::now(), room };
        lane.queue.send(request).map_err(|_| Refused::NoLane)
    }

    /// Waits until the lanes have answered what they had, at most for `timeout`. They must have been told to stop.
    pub(crate) async fn finish(&self, timeout: Duration) {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.tasks.close();
        if tokio::time::timeout(timeout, self.tasks.wait()).await.is_err() {
            tracing::warn!("a request did not stop in time");
        }
    }
}

async fn run<H: Handler>(
    kernel: Arc<Kernel<H>>,
    socket: RouterSendHalf,
    mut requests: mpsc::UnboundedReceiver<Request>,
    deleted: CancellationToken,
) {
    // Execute requests that came up to this moment are aborted.
    let mut abort_until = None;
    let mut waiting = VecDeque::new();
    loop {
        let request = match waiting.pop_front() {
            Some(request) if !deleted.is_cancelled() => request,
            Some(request) => {
                waiting.push_front(request);
                break;
            }
            None => tokio::select! {
                biased;
                () = deleted.cancelled() => break,
                request = requests.recv() => match request {
                    Some(request) => request,
                    None => return,
                },
            },
        };
        let abort = abort_until.is_some_and(|moment| request.arrived <= moment);
        drop(request.room);
        let answering = answer(&kernel, &socket, &request.message, abort, &deleted);
        tokio::pin!(answering);
        let is_over = Arc::new(AtomicBool::new(false));
        let failed = loop {
            tokio::select! {
                biased;
                failed = &mut answering => break failed,
                Some(next) = requests.recv() => {
                    if looks_ahead(&next.message) {
                        let (kernel, socket, deleted) = (kernel.clone(), socket.clone(), deleted.clone());
                        let (running, is_over) = (request.message.clone(), is_over.clone());
                        kernel.clone().lanes.tasks.spawn(async move {
                            answer(&kernel, &socket, &next.message, false, &deleted).await;
                            drop(next.room);
                            // Some frontends take the idle of this answer for the kernel's. (Lanes share one thread:
                            // nothing comes between the look and the word.)
                            if !is_over.load(Ordering::Relaxed) {
                                kernel.iopub.status(&running.header, &Status::busy());
                            }
                        });
                    } else {
                        waiting.push_back(next);
                    }
                }
            }
        };
        is_over.store(true, Ordering::Relaxed);
        abort_until = failed.or(abort_until);
    }
    requests.close();
    for request in waiting {
        answer(&kernel, &socket, &request.message, true, &deleted).await;
    }
    while let Ok(request) = requests.try_recv() {
        answer(&kernel, &socket, &request.message, true, &deleted).await;
    }
}

/// Whether a request need not wait for a cell that runs: it asks about code, and never touches the network.
fn looks_ahead(message: &Incoming) -> bool {
    matches!(message.head.msg_type.as_str(), "complete_request" | "inspect_request")
}

/// Answers one request. When it is a cell that failed, the cells that had come by the moment it gives are to be aborted.
async fn answer<H: Handler>(
    kernel: &Kernel<H>,
    socket: &RouterSendHalf,
    message: &Incoming,
    abort: bool,
    deleted: &CancellationToken,
) -> Option<Instant> {
    let msg_type = message.head.msg_type.as_str();
    let is_cell = msg_type == "execute_request";
    // An interrupt that has come by now is of the time before this cell: whoever takes it goes first.
    tokio::task::yield_now().await;
    // Before busy is said: who has seen it may interrupt.
    let running = (is_cell && !abort).then(|| kernel.register(Some(&message.head)));
    let busy = kernel.busy(message);
    let mut abort_until = None;
    let reply = match running {
        Some(running) => {
            let done = execute::run(kernel, message, running, deleted).await;
            abort_until = done.abort_until;
            Some(done.reply)
        }
        None if is_cell => Some(execute::aborted(kernel)),
        None => look(kernel, message).await,
    };
    if let (Some(reply), Some(name)) = (reply, msg_type.strip_suffix("_request")) {
        kernel.reply(socket, message, &format!("{name}_reply"), &reply).await;
    }
    drop(busy);
    abort_until
}

/// The reply to a request that looks at code and runs none; `None` for messages that have none.
async fn look<H: Handler>(kernel: &Kernel<H>, message: &Incoming) -> Option<Value> {
    let fields = Fields::of(message);
    let code = fields.text("code");
    let at_cursor = || cursor::to_bytes(code, fields.count("cursor_pos").unwrap_or(usize::MAX));
    // What the handler's future owns.
    let (handler, owned) = (kernel.handler.clone(), || code.to_owned());
    Some(match message.head.msg_type.as_str() {
        "kernel_info_request" => kernel.kernel_info(),
        "complete_request" => {
            let (owned, at) = (owned(), at_cursor());
            match kernel.guarded(async move { handler.complete(&owned, at).await }).await {
                Ok(completions) => replies::complete(code, &completions),
                Err(report) => replies::error(&report),
            }
        }
        "inspect_request" => {
            let level = u8::from(fields.count("detail_level").unwrap_or(0) > 0);
            let (owned, at) = (owned(), at_cursor());
            match kernel.guarded(async move { handler.inspect(&owned, at, level).await }).await {
                Ok(found) => replies::inspect(found.as_ref()),
                Err(report) => replies::error(&report),
            }
        }
        "is_complete_request" => {
            let owned = owned();
            match kernel.guarded(async move { handler.is_complete(&owned) }).await {
                Ok(completeness) => replies::is_complete(&completeness),
                Err(report) => replies::error(&report),
            }
        }
        "history_request" => match fields.history() {
            Some(request) => {
                let output = request.output;
                match kernel.guarded(async move { handler.history(request).await }).await {
                    Ok(entries) => replies::history(&entries, output),
                    Err(report) => replies::error(&report),
                }
            }
            None => replies::error(&ErrorReport::new("INVALID_REQUEST", "This kind of history is unknown.")),
        },
        "comm_info_request" => serde_json::to_value(CommInfoReply::default()).unwrap_or_default(),
        "comm_open" => {
            // No target is known here; left open, a widget would wait for ever.
            let comm_id = CommId(fields.text("comm_id").to_owned());
            let close = CommClose { comm_id, data: serde_json::Map::new() };
            kernel.iopub.publish("comm_close", &message.header, &close);
            return None;
        }
        other => return unknown(other),
    })
}

/// An unknown request is answered, so that nobody waits for a reply; other unknown messages are let pass.
pub(crate) fn unknown(msg_type: &str) -> Option<Value> {
    tracing::debug!(msg_type, "unknown message");
    msg_type.ends_with("_request").then(|| {
        replies::error(&ErrorReport::new(
            "UNKNOWN_REQUEST",
            format!("This kernel does not answer `{msg_type}`."),
        ))
    })
}
