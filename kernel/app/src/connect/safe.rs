//! The way to the vault: which backend it stands on, and the thread it may block.
//!
//! The vault blocks, on files and on a keychain that may ask its user to unlock it; it is called off the asynchronous threads,
//! so that an interrupt can leave it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cqlbook_core::diagnostic::{Code, Diagnostic};
use cqlbook_core::secret::Secret;
use cqlbook_vault::keychain::Status;
use cqlbook_vault::{Backend, Paths, Profiles, Vault, VaultError};

use super::desk::Desk;
use crate::explain::vault::PASSPHRASE;

/// This user's vault.
pub(super) struct Safe {
    paths: Option<Paths>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    vault: Option<Arc<Vault>>,
    /// Whether the vault stands on its file rather than on a keychain.
    file: bool,
}

impl Safe {
    /// The vault in this user's folders. Nothing is opened yet.
    pub(super) fn of_user() -> Self {
        Self { paths: Paths::of_user(), state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The saved connections, which need no keychain; `None` where the user has no home folder.
    pub(super) fn profiles(&self) -> Option<Profiles> {
        self.paths.as_ref().map(|paths| Profiles::at(paths.connections()))
    }

    /// Whether the vault stands on its file rather than on a keychain.
    pub(super) fn is_file(&self) -> bool {
        self.state().file
    }

    /// Whether there is a vault file, open or not.
    pub(super) fn has_file(&self) -> bool {
        self.paths.as_ref().is_some_and(|paths| paths.vault_file().exists())
    }

    /// Where the vault file is, for telling.
    pub(super) fn vault_file(&self) -> String {
        self.paths.as_ref().map(|paths| paths.vault_file().display().to_string()).unwrap_or_default()
    }

    /// Asks for the passphrase of the vault file: twice, if there is no file yet. Without an answer all stays as it was.
    ///
    /// # Errors
    /// `USAGE` where the two differ, `INTERRUPTED`.
    pub(super) async fn ask_passphrase(&self, desk: &dyn Desk) -> Result<Option<Secret>, Diagnostic> {
        let Some(paths) = &self.paths else { return Ok(None) };
        let is_new = !paths.vault_file().exists();
        let prompt =
            if is_new { "New passphrase for the vault file: " } else { "Passphrase of the vault file: " };
        let Some(passphrase) = desk.ask(prompt, true).await?.filter(|answer| !answer.is_empty()) else {
            return Ok(None);
        };
        if is_new {
            let again = desk.ask("The same passphrase again: ", true).await?;
            if again.is_none_or(|again| again.expose() != passphrase.expose()) {
                return Err(Diagnostic::new(Code::Usage, "The two passphrases differ.")
                    .with_cause("Nothing was saved.")
                    .with_hint("Run the cell again."));
            }
        }
        let mut state = self.state();
        state.vault = Some(Arc::new(Vault::new(paths, Backend::File(passphrase.duplicate()))));
        state.file = true;
        Ok(Some(passphrase))
    }

    /// Forgets a passphrase that does not open the file.
    pub(super) fn forget_passphrase(&self) {
        let mut state = self.state();
        state.vault = None;
        state.file = false;
    }

    /// Does something with the vault, off the asynchronous threads.
    pub(super) async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Vault) -> Result<T, VaultError> + Send + 'static,
    ) -> Result<T, VaultError> {
        let no_home = || {
            let cause = "The user's home folder is unknown: HOME is not set.".to_owned();
            VaultError::NoKeychain(Status::Absent { cause })
        };
        let paths = self.paths.clone().ok_or_else(no_home)?;
        let ready = self.state().vault.clone();
        let job = tokio::task::spawn_blocking(move || {
            let (vault, file) = match ready {
                Some(vault) => (vault, None),
                None => {
                    let passphrase = std::env::var(PASSPHRASE).ok().map(Secret::new);
                    let backend = Backend::choose(passphrase);
                    let file = matches!(backend, Backend::File(_));
                    (Arc::new(Vault::new(&paths, backend)), Some(file))
                }
            };
            (work(&vault), vault, file)
        });
        let failed = |_| VaultError::NoKeychain(Status::Absent { cause: "The vault failed.".to_owned() });
        let (outcome, vault, file) = job.await.map_err(failed)?;
        if let Some(file) = file {
            let mut state = self.state();
            // A keychain may appear later: only the file, which takes its time to open, is held on to.
            if file && state.vault.is_none() {
                state.vault = Some(vault);
                state.file = true;
            }
        }
        outcome
    }
}
