//! What a running cell may do: publish outputs and ask the user.
//!
//! Every send waits while too much output is queued, so a fast cell and a slow frontend cost no memory. After the
//! cell has ended its [`Io`] is closed: what a forgotten task still sends is dropped, so idle stays last.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use jupyter_protocol::{ClearOutput, Stdio, StreamContent};
use serde::Serialize;
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

use crate::bundle::{Data, DisplayId, MimeBundle};
use crate::iopub::IoPub;
use crate::session::{Incoming, to_json};
use crate::stdin::Stdin;

/// From how many bytes on an output is large.
const LARGE: usize = 16 * 1024;

/// The outputs and the prompt of one running cell. Cheap to clone; may be used from several tasks.
#[derive(Clone)]
pub struct Io {
    inner: Arc<Inner>,
}

struct Inner {
    iopub: IoPub,
    stdin: Arc<Stdin>,
    request: Incoming,
    execution_count: u32,
    /// Whether outputs go anywhere: not for a silent request, and not after the cell has ended.
    open: Mutex<bool>,
    allow_stdin: bool,
    /// Held while a question is open: a cell asks one at a time.
    asking: tokio::sync::Mutex<()>,
    cancelled: CancellationToken,
    /// Cancelled when the cell has ended.
    ended: CancellationToken,
}

/// Where text goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Ordinary output.
    Stdout,
    /// Notices and warnings.
    Stderr,
}

/// Why there is no input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InputError {
    /// The frontend cannot ask (`allow_stdin` is false).
    #[error("This frontend cannot ask for input.")]
    NotAllowed,
    /// The user interrupted.
    #[error("The prompt was interrupted.")]
    Interrupted,
    /// The frontend or the kernel is gone, or the cell has ended.
    #[error("The prompt was closed.")]
    Closed,
}

/// How a cell's [`Io`] is made.
pub(crate) struct Cell {
    pub(crate) request: Incoming,
    pub(crate) execution_count: u32,
    pub(crate) silent: bool,
    pub(crate) allow_stdin: bool,
    pub(crate) cancelled: CancellationToken,
}

#[derive(Serialize)]
struct Display<'a> {
    data: Data<'a>,
    metadata: &'a Map<String, Value>,
    transient: Transient<'a>,
}

#[derive(Serialize)]
struct Transient<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    display_id: Option<&'a str>,
}

#[derive(Serialize)]
struct ExecuteResult<'a> {
    execution_count: u32,
    data: Data<'a>,
    metadata: &'a Map<String, Value>,
}

impl Io {
    pub(crate) fn new(iopub: IoPub, stdin: Arc<Stdin>, cell: Cell) -> Self {
        let Cell { request, execution_count, silent, allow_stdin, cancelled } = cell;
        let inner = Inner {
            iopub,
            stdin,
            request,
            execution_count,
            open: Mutex::new(!silent),
            allow_stdin,
            asking: tokio::sync::Mutex::default(),
            cancelled,
            ended: CancellationToken::new(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// Ends the cell: nothing that is sent from now on goes anywhere.
    pub(crate) fn close(&self) {
        *self.inner.open.lock().unwrap_or_else(PoisonError::into_inner) = false;
        self.inner.ended.cancel();
    }

    /// Shows an output.
    pub async fn display(&self, bundle: MimeBundle) {
        self.send_display("display_data", &bundle, None).await;
    }

    /// Shows an output that [`Io::update`] can change later.
    pub async fn display_with_id(&self, bundle: MimeBundle, id: DisplayId) {
        self.send_display("display_data", &bundle, Some(&id)).await;
    }

    /// Changes every output that was shown under `id`, also one of an earlier cell.
    pub async fn update(&self, bundle: MimeBundle, id: &DisplayId) {
        self.send_display("update_display_data", &bundle, Some(id)).await;
    }

    /// Adds text to a stream. Nothing is added to it, not even a line end.
    pub async fn stream(&self, stream: Stream, text: impl Into<String>) {
        let name = match stream {
            Stream::Stdout => Stdio::Stdout,
            Stream::Stderr => Stdio::Stderr,
        };
        self.send("stream", to_json(&StreamContent { name, text: text.into() })).await;
    }

    /// Clears the cell's outputs: at once, or (`wait`) when the next one comes.
    pub async fn clear_output(&self, wait: bool) {
        self.send("clear_output", to_json(&ClearOutput { wait })).await;
    }

    /// Shows the cell's result, marked with its number (`execute_result`).
    pub async fn result(&self, bundle: MimeBundle) {
        let execution_count = self.inner.execution_count;
        let content = ExecuteResult { execution_count, data: bundle.data(), metadata: bundle.metadata() };
        self.send("execute_result", to_json(&content)).await;
    }

    /// Asks the user for a line; `password` hides what is typed. A cell has one prompt at a time: a second one waits.
    ///
    /// # Errors
    /// See [`InputError`].
    pub async fn input(&self, prompt: &str, password: bool) -> Result<Zeroizing<String>, InputError> {
        let Inner { stdin, request, allow_stdin, asking, cancelled, ended, .. } = &*self.inner;
        if !allow_stdin {
            return Err(InputError::NotAllowed);
        }
        let asked = async {
            let _turn = asking.lock().await;
            stdin.ask(request, prompt, password).await
        };
        tokio::select! {
            biased;
            () = ended.cancelled() => Err(InputError::Closed),
            () = cancelled.cancelled() => Err(InputError::Interrupted),
            answer = asked => answer,
        }
    }

    async fn send_display(&self, msg_type: &'static str, bundle: &MimeBundle, id: Option<&DisplayId>) {
        let transient = Transient { display_id: id.map(DisplayId::as_str) };
        let content = Display { data: bundle.data(), metadata: bundle.metadata(), transient };
        self.send(msg_type, to_json(&content)).await;
    }

    async fn send(&self, msg_type: &'static str, content: Bytes) {
        let size = content.len();
        let Some(room) = self.inner.iopub.room(size).await else { return };
        {
            // Held while the message is queued: after `close`, nothing gets in behind the idle status.
            let open = self.inner.open.lock().unwrap_or_else(PoisonError::into_inner);
            if *open {
                self.inner.iopub.publish_in(room, msg_type, &self.inner.request.header, content);
            }
        }
        if size >= LARGE {
            // What was worked on for long gives way, so that a cell that only writes can be stopped.
            tokio::task::yield_now().await;
        }
    }
}
