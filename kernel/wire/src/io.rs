//! What a running cell may do: publish outputs and ask the user.
//!
//! Every send waits while too much output is queued, so a fast cell and a slow frontend cost no memory. After the
//! cell has ended its [`Io`] is closed: what a forgotten task still sends is dropped, so idle stays last.

use std::sync::Arc;

use zeroize::Zeroizing;

use crate::bundle::{DisplayId, MimeBundle};

/// The outputs and the prompt of one running cell. Cheap to clone; may be used from several tasks.
#[derive(Clone)]
pub struct Io {
    inner: Arc<Inner>,
}

struct Inner {}

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

impl Io {
    /// Shows an output.
    pub async fn display(&self, bundle: MimeBundle) {
        let _ = bundle;
    }

    /// Shows an output that [`Io::update`] can change later.
    pub async fn display_with_id(&self, bundle: MimeBundle, id: DisplayId) {
        let _ = (bundle, id);
    }

    /// Changes every output that was shown under `id`, also one of an earlier cell.
    pub async fn update(&self, bundle: MimeBundle, id: &DisplayId) {
        let _ = (bundle, id);
    }

    /// Adds text to a stream. Nothing is added to it, not even a line end.
    pub async fn stream(&self, stream: Stream, text: impl Into<String>) {
        let _ = (stream, text.into());
    }

    /// Clears the cell's outputs: at once, or (`wait`) when the next one comes.
    pub async fn clear_output(&self, wait: bool) {
        let _ = wait;
    }

    /// Shows the cell's result, marked with its number (`execute_result`).
    pub async fn result(&self, bundle: MimeBundle) {
        let _ = bundle;
    }

    /// Asks the user for a line; `password` hides what is typed. One prompt at a time: a second one waits.
    ///
    /// # Errors
    /// See [`InputError`].
    pub async fn input(&self, prompt: &str, password: bool) -> Result<Zeroizing<String>, InputError> {
        let _ = (prompt, password, &self.inner);
        Err(InputError::NotAllowed)
    }
}
