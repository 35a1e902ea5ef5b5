//! Who a connection is made for: the person at a notebook's cell, or at a terminal. What connects, tests, saves and edits
//! speaks to either through [`Desk`] and knows neither.

use std::path::{Path, PathBuf};
use std::time::Duration;

use cqlbook_core::diagnostic::Diagnostic;
use cqlbook_core::render::{self, MimeBundle};
use cqlbook_core::secret::Secret;

/// A person who can be shown things and, mostly, be asked.
#[async_trait::async_trait]
pub(crate) trait Desk: Send + Sync {
    /// Asks; `None` where the person cannot be asked or gives no answer. What is typed at a hidden prompt is not shown.
    ///
    /// # Errors
    /// `INTERRUPTED` when the person stops it.
    async fn ask(&self, prompt: &str, hidden: bool) -> Result<Option<Secret>, Diagnostic>;

    /// Whether the person can be asked at all.
    fn can_ask(&self) -> bool;

    /// Shows an output of its own.
    async fn show(&self, bundle: MimeBundle);

    /// Says how far it is; what comes next takes its place.
    async fn progress(&self, label: &str);

    /// Shows what came of it, in the place of the progress where there is one.
    async fn conclude(&self, bundle: MimeBundle);

    /// How long connecting may take.
    fn timeout(&self) -> Duration;

    /// Whether a session goes on after this, which can hold a secret that is kept nowhere else.
    fn has_session(&self) -> bool {
        true
    }

    /// Where relative paths start.
    fn folder(&self) -> &Path;

    /// The person's home folder, for `~`.
    fn home(&self) -> Option<&Path>;

    /// The path a person typed, resolved.
    fn path(&self, typed: &str) -> PathBuf {
        super::fields::resolve_path(typed, self.folder(), self.home())
    }

    /// Asks a question of yes or no; `None` where the person cannot be asked or gives no answer.
    ///
    /// # Errors
    /// `INTERRUPTED` when the person stops it.
    async fn agrees(&self, question: &str) -> Result<Option<bool>, Diagnostic> {
        Ok(self.ask(question, false).await?.as_ref().map(is_yes))
    }

    /// Shows one sentence.
    async fn say(&self, sentence: &str) {
        self.show(render::sentence(sentence)).await;
    }
}

/// Whether an answer says yes: `y` or `yes`, whatever the case. Anything else, and nothing, is no.
pub(crate) fn is_yes(answer: &Secret) -> bool {
    matches!(answer.expose().trim().to_lowercase().as_str(), "y" | "yes")
}
