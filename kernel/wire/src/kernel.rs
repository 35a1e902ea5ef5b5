//! What the tasks of a kernel share: the handler, the sockets to answer on, the count, and what is running.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jupyter_protocol::Status;
use serde::Serialize;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use zeromq::{RouterSendHalf, SocketSend};

use crate::handler::{ErrorReport, Handler};
use crate::iopub::IoPub;
use crate::lane::Lanes;
use crate::replies;
use crate::session::{Head, Incoming, Session, to_json};
use crate::stdin::Stdin;

/// How long a reply may wait for a frontend that does not read its replies.
const REPLYING: Duration = Duration::from_secs(5);

/// The state of a kernel.
pub(crate) struct Kernel<H> {
    pub(crate) handler: Arc<H>,
    pub(crate) session: Arc<Session>,
    pub(crate) iopub: IoPub,
    pub(crate) stdin: Arc<Stdin>,
    pub(crate) lanes: Lanes,
    /// The number of the last stored cell.
    pub(crate) count: AtomicU32,
    /// Cancelled when the kernel stops; nothing new is begun then.
    pub(crate) stopping: CancellationToken,
    /// Where a shutdown is asked for.
    pub(crate) shutdown: mpsc::UnboundedSender<ShutdownRequest>,
    pub(crate) interrupt_grace: Duration,
    running: Running,
}

/// A frontend's wish that the kernel stops, to be answered on the socket by which it came.
pub(crate) struct ShutdownRequest {
    pub(crate) restart: bool,
    pub(crate) message: Incoming,
    pub(crate) socket: RouterSendHalf,
}

/// What runs now, so that it can be interrupted.
#[derive(Default)]
struct Running {
    next: AtomicU64,
    tokens: Mutex<HashMap<u64, Interruptible>>,
}

/// Something that an interrupt stops.
struct Interruptible {
    cancelled: CancellationToken,
    /// What asked for it, where that is known.
    asked_by: Option<Head>,
}

/// A place among what runs; given up when dropped.
pub(crate) struct Registered<'a> {
    running: &'a Running,
    id: u64,
    /// Cancelled by an interrupt and when the kernel stops.
    pub(crate) cancelled: CancellationToken,
}

impl Drop for Registered<'_> {
    fn drop(&mut self) {
        self.running.tokens.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
    }
}

impl<H: Handler> Kernel<H> {
    pub(crate) fn new(
        handler: Arc<H>,
        session: Arc<Session>,
        iopub: IoPub,
        stdin: Arc<Stdin>,
        lanes: Lanes,
        shutdown: mpsc::UnboundedSender<ShutdownRequest>,
        interrupt_grace: Duration,
    ) -> Self {
        Self {
            handler,
            session,
            iopub,
            stdin,
            lanes,
            count: AtomicU32::new(0),
            stopping: CancellationToken::new(),
            shutdown,
            interrupt_grace,
            running: Running::default(),
        }
    }

    /// Notes that something runs that an interrupt should stop; `asked_by` is the head of the request for it.
    pub(crate) fn register(&self, asked_by: Option<&Head>) -> Registered<'_> {
        let id = self.running.next.fetch_add(1, Ordering::Relaxed);
        let cancelled = self.stopping.child_token();
        let running = Interruptible { cancelled: cancelled.clone(), asked_by: asked_by.cloned() };
        self.running.tokens.lock().unwrap_or_else(PoisonError::into_inner).insert(id, running);
        Registered { running: &self.running, id, cancelled }
    }

    /// Interrupts all that runs; nothing when nothing does.
    ///
    /// An interrupt belongs to what runs when it is sent: a cell that its sender asked for later is not stopped by it, though
    /// the two come by different sockets and may overtake each other. `sent` is the head of its message, where it is one.
    pub(crate) fn interrupt(&self, sent: Option<&Head>) {
        for running in self.running.tokens.lock().unwrap_or_else(PoisonError::into_inner).values() {
            let is_old =
                sent.zip(running.asked_by.as_ref()).is_some_and(|(sent, asked)| sent.is_before(asked));
            if !is_old {
                running.cancelled.cancel();
            }
        }
    }

    /// Publishes busy; the guard publishes idle when it is dropped.
    pub(crate) fn busy(&self, message: &Incoming) -> Busy<'_> {
        self.iopub.status(&message.header, &Status::busy());
        Busy { iopub: &self.iopub, message: message.clone() }
    }

    /// Sends a reply to the frontend that sent `message`.
    pub(crate) async fn reply(
        &self,
        socket: &RouterSendHalf,
        message: &Incoming,
        msg_type: &str,
        content: &impl Serialize,
    ) {
        let (reply, _) = self.session.write(&message.identities, msg_type, &message.header, to_json(content));
        // A frontend that is gone gets no reply.
        match tokio::time::timeout(REPLYING, socket.clone().send(reply)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(%error, msg_type, "no reply"),
            Err(_) => tracing::warn!(msg_type, "a frontend does not read its replies"),
        }
    }

    /// The reply to `kernel_info_request`.
    pub(crate) fn kernel_info(&self) -> serde_json::Value {
        match std::panic::catch_unwind(AssertUnwindSafe(|| self.handler.kernel_info())) {
            Ok(info) => replies::kernel_info(&info),
            Err(_) => replies::error(&internal_error()),
        }
    }

    /// Awaits a handler's answer, which is worked out in the runtime of the cells; a panic and an interrupt become errors.
    pub(crate) async fn guarded<T: Send + 'static>(
        &self,
        answer: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, ErrorReport> {
        let registered = self.register(None);
        let answer = AbortOnDropHandle::new(self.lanes.cells().spawn(answer));
        tokio::select! {
            biased;
            () = registered.cancelled.cancelled() => Err(interrupted()),
            answer = answer => answer.map_err(|_| internal_error()),
        }
    }
}

/// The time during which a request is worked on.
pub(crate) struct Busy<'a> {
    iopub: &'a IoPub,
    message: Incoming,
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.iopub.status(&self.message.header, &Status::idle());
    }
}

/// What a user is told of a panic.
pub(crate) fn internal_error() -> ErrorReport {
    ErrorReport::new(
        "INTERNAL_ERROR",
        "The kernel has a fault and could not finish this. It goes on running. Its log has the details.",
    )
}

/// What a user is told of a request that was interrupted before its handler said something better.
pub(crate) fn interrupted() -> ErrorReport {
    ErrorReport::new("INTERRUPTED", "Stopped by the user.")
}
