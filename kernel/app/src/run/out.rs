//! The way out for a cell's outputs.
//!
//! The rule: what gets into a stream goes through [`Out::print`], which leaves a terminal nothing but text, or is the traceback of a
//! failure, which was drawn for a terminal. Nothing else of the kernel has the [`Io`] that a cell came with.

use cqlbook_core::render::{self, ErrorOutput};
use cqlbook_wire::{DisplayId, InputError, Io, MimeBundle, Stream};
use zeroize::Zeroizing;

/// Where outputs go.
pub(crate) struct Out(Io);

impl Out {
    /// The outputs of the cell that `io` came with.
    pub(crate) const fn new(io: Io) -> Self {
        Self(io)
    }

    /// Adds a text to a stream, as lines of its own. Whatever of strangers is in it moves no cursor and changes no colour.
    pub(crate) async fn print(&self, stream: Stream, text: &str) {
        self.0.stream(stream, format!("{}\n", render::terminal(text))).await;
    }

    /// Shows a failure that does not end the cell.
    pub(crate) async fn traceback(&self, error: &ErrorOutput) {
        self.0.stream(Stream::Stderr, format!("{}\n", error.traceback.join("\n"))).await;
    }

    /// Shows an output of its own.
    pub(crate) async fn display(&self, bundle: MimeBundle) {
        self.0.display(bundle).await;
    }

    /// Shows an output that can be changed later.
    pub(crate) async fn display_with_id(&self, bundle: MimeBundle, id: DisplayId) {
        self.0.display_with_id(bundle, id).await;
    }

    /// Changes an output.
    pub(crate) async fn update(&self, bundle: MimeBundle, id: &DisplayId) {
        self.0.update(bundle, id).await;
    }

    /// Shows the cell's result.
    pub(crate) async fn result(&self, bundle: MimeBundle) {
        self.0.result(bundle).await;
    }

    /// Clears the cell's outputs at once.
    pub(crate) async fn clear(&self) {
        self.0.clear_output(false).await;
    }

    /// Asks the user for a line; the question is the one that is meant, whatever is in it.
    ///
    /// # Errors
    /// See [`InputError`].
    pub(crate) async fn input(&self, prompt: &str, hidden: bool) -> Result<Zeroizing<String>, InputError> {
        self.0.input(&render::one_line(prompt), hidden).await
    }
}
