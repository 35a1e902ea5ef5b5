//! The person at a terminal, for `cqlbook connection …`: outputs as text, questions on the terminal itself.
//!
//! A hidden answer is read without echo. It is never taken from the arguments, where every process could read it.

use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use cqlbook_core::diagnostic::{Code, Diagnostic};
use cqlbook_core::render::{self, MimeBundle};
use cqlbook_core::secret::Secret;

use super::desk::Desk;
use crate::cli;

/// How long connecting may take from a terminal, as `%set timeout` has it by default.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Standard input and output.
pub(crate) struct Terminal {
    folder: PathBuf,
    home: Option<PathBuf>,
    /// Whether a line of progress stands on the terminal, which the next output takes away.
    progressing: AtomicBool,
}

impl Terminal {
    /// The terminal of this process, in its folder.
    pub(crate) fn new() -> Self {
        Self {
            folder: std::env::current_dir().unwrap_or_default(),
            home: etcetera::home_dir().ok(),
            progressing: AtomicBool::new(false),
        }
    }

    fn clear_progress(&self) {
        if self.progressing.swap(false, Ordering::Relaxed) {
            cli::overwrite("");
        }
    }
}

#[async_trait]
impl Desk for Terminal {
    async fn ask(&self, prompt: &str, hidden: bool) -> Result<Option<Secret>, Diagnostic> {
        if !self.can_ask() {
            return Ok(None);
        }
        let prompt = render::one_line(prompt);
        let read = move || {
            if hidden {
                return rpassword::prompt_password(prompt).map(Secret::new);
            }
            let mut output = std::io::stderr();
            write!(output, "{prompt}")?;
            output.flush()?;
            let mut line = String::new();
            std::io::stdin().lock().read_line(&mut line)?;
            Ok(Secret::new(line.trim_end_matches(['\r', '\n']).to_owned()))
        };
        match tokio::task::spawn_blocking(read).await {
            Ok(Ok(answer)) => Ok(Some(answer)),
            Ok(Err(error)) if error.kind() == std::io::ErrorKind::Interrupted => {
                Err(Diagnostic::new(Code::Interrupted, "Interrupted.")
                    .with_cause("The question was not answered."))
            }
            Ok(Err(_)) | Err(_) => Ok(None),
        }
    }

    fn can_ask(&self) -> bool {
        std::io::stdin().is_terminal()
    }

    async fn show(&self, bundle: MimeBundle) {
        self.clear_progress();
        cli::say(bundle.plain.trim_end());
    }

    async fn progress(&self, label: &str) {
        if std::io::stderr().is_terminal() {
            self.progressing.store(true, Ordering::Relaxed);
            cli::overwrite(label);
        }
    }

    async fn conclude(&self, bundle: MimeBundle) {
        self.show(bundle).await;
    }

    fn timeout(&self) -> Duration {
        TIMEOUT
    }

    fn has_session(&self) -> bool {
        false
    }

    fn folder(&self) -> &Path {
        &self.folder
    }

    fn home(&self) -> Option<&Path> {
        self.home.as_deref()
    }
}
