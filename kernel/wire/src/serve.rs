//! Runs a kernel: binds the five sockets, starts a task for each, and stops with everything sent.
//!
//! The sockets have a thread of their own, and cells run in the runtime that [`serve`] was called in. So a cell that
//! computes for long without waiting holds up neither control nor heartbeat nor the outputs of others.

use std::sync::Arc;
use std::time::Duration;

use jupyter_protocol::{ShutdownReply, Status};
use tokio::runtime::{Builder, Handle};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use crate::connection::{Channel, ConnectionFile, ConnectionFileError};
use crate::control;
use crate::handler::Handler;
use crate::iopub::IoPub;
use crate::kernel::{Kernel, ShutdownRequest};
use crate::lane::Lanes;
use crate::parent;
use crate::session::{Session, no_parent};
use crate::sockets::{self, Sockets};
use crate::stdin::Stdin;

/// How long an interrupted cell may take to stop before it is dropped, unless [`Options`] say otherwise.
pub const INTERRUPT_GRACE: Duration = Duration::from_secs(10);

/// How long [`Handler::shutdown`] may take. Jupyter kills a kernel 2.5 s after it asked it to stop.
pub const SHUTDOWN_GRACE: Duration = Duration::from_secs(1);

/// How long cells may go on when the kernel stops.
pub(crate) const STOP_GRACE: Duration = Duration::from_millis(800);

/// How long the lanes may then take to answer what they have. Only one whose thread is blocked takes so long.
const ANSWERING: Duration = Duration::from_millis(700);

/// How long to wait for frontends to take their last replies when the kernel stops.
const LINGER: Duration = Duration::from_millis(500);

/// Why a kernel stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// A frontend asked for it.
    Shutdown {
        /// Whether another kernel will be started in its place.
        restart: bool,
    },
    /// The process that started the kernel is gone.
    ParentGone,
    /// The system asked for it (SIGTERM).
    Terminated,
}

/// Why a kernel cannot run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WireError {
    /// The connection file cannot be used.
    #[error(transparent)]
    ConnectionFile(#[from] ConnectionFileError),
    /// A socket cannot be bound.
    #[error("The {channel} socket cannot be opened at {endpoint}: {reason}.")]
    Bind {
        /// Which of the five.
        channel: Channel,
        /// Where.
        endpoint: String,
        /// The system's reason.
        reason: String,
    },
    /// A socket's task ended on its own: a fault. Better no kernel than one that does not hear.
    #[error("The kernel has a fault: a socket stopped working.")]
    SocketLost,
    /// The thread of the sockets cannot be started.
    #[error("The kernel cannot start its thread: {0}.")]
    Thread(#[source] std::io::Error),
    /// A signal handler cannot be set.
    #[error("The kernel cannot listen for signals: {0}.")]
    Signals(#[source] std::io::Error),
}

/// Runs a kernel until a frontend, the system or the end of its parent stops it; everything is sent by then.
///
/// # Errors
/// When a socket cannot be bound or stops working, the thread cannot be started, or signals cannot be listened for.
pub async fn serve<H: Handler>(connection: ConnectionFile, handler: Arc<H>) -> Result<Exit, WireError> {
    serve_with(connection, handler, Options::default()).await
}

/// What a kernel listens to besides its sockets.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Whether SIGINT interrupts and SIGTERM stops the kernel.
    pub signals: bool,
    /// Whether the kernel stops when the process that started it is gone (only where `JPY_PARENT_PID` is set).
    pub watch_parent: bool,
    /// How long an interrupted cell may take to stop before it is dropped.
    pub interrupt_grace: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { signals: true, watch_parent: true, interrupt_grace: INTERRUPT_GRACE }
    }
}

/// [`serve`] with options, for kernels inside another program. Dropping the future closes the sockets at once.
///
/// # Errors
/// As for [`serve`].
pub async fn serve_with<H: Handler>(
    connection: ConnectionFile,
    handler: Arc<H>,
    options: Options,
) -> Result<Exit, WireError> {
    let cells = Handle::current();
    let runtime = Builder::new_current_thread().enable_all().build().map_err(WireError::Thread)?;
    let (mut done, ended) = oneshot::channel();
    let thread = move || {
        let outcome = runtime.block_on(async {
            tokio::select! {
                outcome = run(connection, handler, options, cells) => Some(outcome),
                () = done.closed() => None,
            }
        });
        // Before the caller goes on: nothing of the sockets is left then.
        drop(runtime);
        if let Some(outcome) = outcome {
            let _ = done.send(outcome);
        }
    };
    std::thread::Builder::new().name("jupyter".to_owned()).spawn(thread).map_err(WireError::Thread)?;
    ended.await.unwrap_or(Err(WireError::SocketLost))
}

/// Runs a kernel in this thread, and its cells in another runtime.
async fn run<H: Handler>(
    connection: ConnectionFile,
    handler: Arc<H>,
    options: Options,
    cells: Handle,
) -> Result<Exit, WireError> {
    // Bound before anything else: a frontend that is early waits in the listeners' queues.
    let sockets = Sockets::bind(&connection).await?;
    let signals = if options.signals { Some(Signals::listen()?) } else { None };
    let session = Arc::new(Session::new(&connection.key));
    let closer = sockets.closer();
    let Sockets { shell, control, stdin, heartbeat, iopub } = sockets;

    // All tasks but the lanes end when this is dropped.
    let mut tasks = JoinSet::new();
    tasks.spawn(sockets::echo(heartbeat));
    let iopub = IoPub::start(&mut tasks, session.clone(), iopub.0, iopub.1);
    let stdin = Stdin::start(&mut tasks, session.clone(), stdin.0, stdin.1);
    let (shutdown, mut shutdowns) = mpsc::unbounded_channel();
    let lanes = Lanes::new(cells);
    let kernel =
        Arc::new(Kernel::new(handler, session, iopub, stdin, lanes, shutdown, options.interrupt_grace));
    // Lanes end with this future, also when it is dropped.
    let _stopping = kernel.stopping.clone().drop_guard();
    kernel.iopub.status(&no_parent(), &Status::starting());
    kernel.lanes.open(&kernel, shell.0.clone(), None);
    tasks.spawn(control::control(kernel.clone(), shell.0.clone(), control.0, control.1));
    tasks.spawn(control::shell(kernel.clone(), shell.0, shell.1));

    let interrupt = || kernel.interrupt(None);
    let (stopped, request) = tokio::select! {
        Some(request) = shutdowns.recv() => (Ok(Exit::Shutdown { restart: request.restart }), Some(request)),
        () = terminated(signals, interrupt) => (Ok(Exit::Terminated), None),
        () = parent_gone(options.watch_parent) => (Ok(Exit::ParentGone), None),
        _ = tasks.join_next() => (Err(WireError::SocketLost), None),
    };
    stop(&kernel, request).await;
    tasks.shutdown().await;
    closer.close(LINGER).await;
    stopped
}

/// Lets what runs come to its end, tells the handler, answers, and sends all that is left.
async fn stop<H: Handler>(kernel: &Kernel<H>, request: Option<ShutdownRequest>) {
    let busy = request.as_ref().map(|request| kernel.busy(&request.message));
    kernel.stopping.cancel();
    kernel.lanes.finish(STOP_GRACE + ANSWERING).await;
    let restart = request.as_ref().is_some_and(|request| request.restart);
    let handler = kernel.handler.clone();
    let farewell = kernel.lanes.cells().spawn(async move { handler.shutdown(restart).await });
    if tokio::time::timeout(SHUTDOWN_GRACE, farewell).await.is_err() {
        tracing::warn!("the handler's shutdown was cut short");
    }
    let reply = ShutdownReply { restart, ..ShutdownReply::default() };
    if let Some(ShutdownRequest { message, socket, .. }) = &request {
        kernel.reply(socket, message, "shutdown_reply", &reply).await;
    }
    // Every frontend is told, not only the one that asked.
    let parent = request.as_ref().map_or_else(no_parent, |request| request.message.header.clone());
    kernel.iopub.publish("shutdown_reply", &parent, &reply);
    drop(busy);
    kernel.iopub.flush().await;
}

async fn parent_gone(watch: bool) {
    if watch { parent::gone().await } else { std::future::pending().await }
}

/// The signals that a kernel knows.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn listen() -> Result<Self, WireError> {
        let listen = |kind| signal(kind).map_err(WireError::Signals);
        Ok(Self { interrupt: listen(SignalKind::interrupt())?, terminate: listen(SignalKind::terminate())? })
    }
}

/// Ends at SIGTERM; SIGINT is an interrupt, as an `interrupt_request` is.
async fn terminated(signals: Option<Signals>, interrupt: impl Fn()) {
    let Some(mut signals) = signals else { return std::future::pending().await };
    loop {
        tokio::select! {
            Some(()) = signals.interrupt.recv() => interrupt(),
            Some(()) = signals.terminate.recv() => return,
            else => return std::future::pending().await,
        }
    }
}
