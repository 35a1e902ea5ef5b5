//! The keychain of the operating system: macOS Keychain, Windows Credential Manager, Linux Secret Service.
//!
//! A [`Store`] keeps small pieces of bytes by account. What is put into one here is sealed already, but for the keys that
//! seal it. Everything in this file blocks; an operation on a locked keychain lets the desktop ask its user to unlock it,
//! [`status`] never asks.

use std::time::Duration;

use base64ct::{Base64, Encoding};
use zeroize::Zeroizing;

/// Under which all entries of this program lie in a keychain.
pub const SERVICE: &str = "cqlbook";

/// How long [`status`] waits for the keychain before it counts as absent.
const PATIENCE: Duration = Duration::from_secs(5);

/// Whether secrets can be kept and read, as far as can be told without asking anybody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// It answers and is open.
    Available,
    /// It answers, but has to be unlocked by its user first.
    Locked,
    /// There is none that could be used.
    Absent {
        /// Why, as a plain sentence.
        cause: String,
    },
}

/// Why a store did not do what it was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// It is locked, and was not unlocked.
    #[error("the keychain is locked")]
    Locked,
    /// There is none.
    #[error("there is no keychain: {cause}")]
    Absent {
        /// Why, as a plain sentence.
        cause: String,
    },
    /// The passphrase does not open it, or somebody has changed it.
    #[error("the passphrase does not open the vault file, or the file was changed")]
    WrongPassphrase,
    /// What it holds was not written by this program.
    #[error("an entry of the keychain cannot be read: {reason}")]
    Damaged {
        /// What is wrong with it. Never anything of its content.
        reason: &'static str,
    },
    /// The file that stands in for it cannot be read or written: a full disk, a folder's permissions.
    #[error("{reason}")]
    File {
        /// Which file, and the system's words.
        reason: String,
    },
    /// The file that stands in for it cannot be understood.
    #[error("{} cannot be understood: {reason}", path.display())]
    FileDamaged {
        /// The file.
        path: std::path::PathBuf,
        /// What is wrong with it. Never anything of its content.
        reason: &'static str,
    },
    /// It failed otherwise.
    #[error("the keychain failed: {reason}")]
    Failed {
        /// The system's words.
        reason: String,
    },
}

/// Where small pieces of bytes are kept by account, under [`SERVICE`].
pub trait Store: Send + Sync {
    /// The bytes of an account, or `None` where it has none.
    ///
    /// # Errors
    /// [`StoreError`].
    fn get(&self, account: &str) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError>;

    /// Keeps bytes (2 KiB at most, for Windows) in place of what the account had.
    ///
    /// # Errors
    /// [`StoreError`].
    fn set(&self, account: &str, bytes: &[u8]) -> Result<(), StoreError>;

    /// Forgets an account; one that has nothing is no failure.
    ///
    /// # Errors
    /// [`StoreError`].
    fn delete(&self, account: &str) -> Result<(), StoreError>;
}

/// Whether the keychain can be used. Asks nobody, changes nothing, and takes a few seconds at most.
///
/// macOS and Windows do not say that they are locked; there the answer is [`Status::Available`].
pub fn status() -> Status {
    let (sender, answer) = std::sync::mpsc::sync_channel(1);
    // A service that hangs must not hang its caller; the thread ends with it or with the process.
    let asking = std::thread::Builder::new().name("keychain".to_owned()).spawn(move || {
        // Nobody waits any longer once the time is up.
        let _ = sender.send(platform::status());
    });
    if asking.is_err() {
        return Status::Absent { cause: "No thread could be started to ask it.".to_owned() };
    }
    answer.recv_timeout(PATIENCE).unwrap_or_else(|_| Status::Absent {
        cause: format!("The keychain service did not answer within {} s.", PATIENCE.as_secs()),
    })
}

/// Keeps something, reads it back and forgets it, where that asks nobody: not on macOS, which cannot be asked first
/// whether it is locked. Takes a few seconds at most.
///
/// # Errors
/// [`StoreError`]: it is [`Status::Available`] and yet does not work.
pub fn probe() -> Result<(), StoreError> {
    if cfg!(target_os = "macos") {
        return Ok(());
    }
    let keychain = Keychain::open()?;
    let account = format!("doctor-{}", std::process::id());
    let written = keychain.set(&account, b"probe");
    let read = written.and_then(|()| keychain.get(&account));
    keychain.delete(&account)?;
    match read? {
        Some(bytes) if *bytes == b"probe" => Ok(()),
        _ => Err(StoreError::Damaged { reason: "it is not what was written" }),
    }
}

/// The operating system's keychain.
///
/// Bytes are kept as base64, since KDE's wallet keeps text only.
pub struct Keychain {
    store: std::sync::Arc<keyring_core::CredentialStore>,
}

impl Keychain {
    /// Reaches the keychain.
    ///
    /// # Errors
    /// [`StoreError::Absent`], [`StoreError::Locked`] where it is locked and no desktop could ask for its password,
    /// [`StoreError::Failed`].
    pub fn open() -> Result<Self, StoreError> {
        match status() {
            Status::Absent { cause } => return Err(StoreError::Absent { cause }),
            Status::Locked if !platform::can_ask() => return Err(StoreError::Locked),
            Status::Locked | Status::Available => {}
        }
        Ok(Self { store: platform::store().map_err(failure)? })
    }

    fn entry(&self, account: &str) -> Result<keyring_core::Entry, StoreError> {
        self.store.build(SERVICE, account, None).map_err(failure)
    }
}

impl Store for Keychain {
    fn get(&self, account: &str) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
        let text = match self.entry(account)?.get_secret() {
            Ok(text) => Zeroizing::new(text),
            Err(keyring_core::Error::NoEntry) => return Ok(None),
            Err(error) => return Err(failure(error)),
        };
        let text =
            str::from_utf8(&text).map_err(|_| StoreError::Damaged { reason: "it is not text" })?.trim_end();
        let bytes =
            Base64::decode_vec(text).map_err(|_| StoreError::Damaged { reason: "it is not base64" })?;
        Ok(Some(Zeroizing::new(bytes)))
    }

    fn set(&self, account: &str, bytes: &[u8]) -> Result<(), StoreError> {
        let text = Zeroizing::new(Base64::encode_string(bytes));
        self.entry(account)?.set_secret(text.as_bytes()).map_err(failure)
    }

    fn delete(&self, account: &str) -> Result<(), StoreError> {
        match self.entry(account)?.delete_credential() {
            Ok(()) | Err(keyring_core::Error::NoEntry) => Ok(()),
            Err(error) => Err(failure(error)),
        }
    }
}

/// keyring-core's errors can carry an entry's content; only its words for the others are kept.
fn failure(error: keyring_core::Error) -> StoreError {
    use keyring_core::Error;
    match error {
        Error::NoStorageAccess(_) => StoreError::Locked,
        Error::BadEncoding(_) | Error::BadDataFormat(..) => StoreError::Damaged { reason: "it is not text" },
        Error::Ambiguous(_) => {
            StoreError::Damaged { reason: "another program keeps one under the same name" }
        }
        other => StoreError::Failed { reason: other.to_string() },
    }
}

#[cfg(any(target_os = "linux", target_os = "freebsd"))]
mod platform {
    //! The Secret Service over D-Bus: gnome-keyring, KDE's wallet, KeePassXC.

    use std::sync::Arc;

    use secret_service::{EncryptionType, Error};

    use super::Status;

    pub(super) fn store() -> keyring_core::Result<Arc<keyring_core::CredentialStore>> {
        let store: Arc<keyring_core::CredentialStore> = zbus_secret_service_keyring_store::Store::new()?;
        Ok(store)
    }

    /// Whether a desktop is there that could ask for the keychain's password.
    pub(super) fn can_ask() -> bool {
        ["DISPLAY", "WAYLAND_DISPLAY"]
            .iter()
            .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
    }

    pub(super) fn status() -> Status {
        let absent = |cause: &str| Status::Absent { cause: cause.to_owned() };
        if !has_session_bus() {
            return absent(
                "There is no D-Bus session, as on servers, in containers and over SSH, so no Secret Service can be asked.",
            );
        }
        // No secret passes here, so the session needs no encryption of its own.
        let service = match secret_service::blocking::SecretService::connect(EncryptionType::Plain) {
            Ok(service) => service,
            // Which of the two depends on whether the bus can start services; D-Bus' names of errors are its protocol.
            Err(error)
                if matches!(error, Error::Unavailable) || error.to_string().contains("ServiceUnknown") =>
            {
                return absent("No Secret Service (such as gnome-keyring) runs in this D-Bus session.");
            }
            Err(error) => {
                return absent(&format!("The Secret Service cannot be reached. The system says: {error}."));
            }
        };
        let default = match service.get_default_collection() {
            Ok(default) => default,
            // Keeping something would now ask for a new keyring's password.
            Err(Error::NoResult) => {
                return absent(
                    "The Secret Service has no default keyring. Create one (for example with Seahorse), or open the one of the program that provides it.",
                );
            }
            Err(error) => {
                return absent(&format!(
                    "The Secret Service has no default keyring. The system says: {error}."
                ));
            }
        };
        match default.is_locked() {
            Ok(false) => Status::Available,
            Ok(true) => Status::Locked,
            Err(error) => absent(&format!("The Secret Service does not answer. The system says: {error}.")),
        }
    }

    /// Where D-Bus' own rules would find a session: the variable, or the socket of a login session.
    fn has_session_bus() -> bool {
        std::env::var_os("DBUS_SESSION_BUS_ADDRESS").is_some_and(|address| !address.is_empty())
            || std::env::var_os("XDG_RUNTIME_DIR")
                .is_some_and(|folder| std::path::Path::new(&folder).join("bus").exists())
    }
}

#[cfg(target_os = "macos")]
mod platform {
    //! The user's keychain, which macOS unlocks at login; it asks by itself when it has to.

    use std::sync::Arc;

    use super::Status;

    pub(super) fn store() -> keyring_core::Result<Arc<keyring_core::CredentialStore>> {
        let store: Arc<keyring_core::CredentialStore> = apple_native_keyring_store::keychain::Store::new()?;
        Ok(store)
    }

    pub(super) fn can_ask() -> bool {
        true
    }

    pub(super) fn status() -> Status {
        match store() {
            Ok(_) => Status::Available,
            Err(error) => Status::Absent { cause: format!("The system says: {error}.") },
        }
    }
}

#[cfg(windows)]
mod platform {
    //! The Credential Manager, which is open as long as its user is logged in.

    use std::sync::Arc;

    use super::Status;

    pub(super) fn store() -> keyring_core::Result<Arc<keyring_core::CredentialStore>> {
        let store: Arc<keyring_core::CredentialStore> = windows_native_keyring_store::Store::new()?;
        Ok(store)
    }

    pub(super) fn can_ask() -> bool {
        true
    }

    pub(super) fn status() -> Status {
        match store() {
            Ok(_) => Status::Available,
            Err(error) => Status::Absent { cause: format!("The system says: {error}.") },
        }
    }
}

#[cfg(not(any(target_os = "linux", target_os = "freebsd", target_os = "macos", windows)))]
mod platform {
    //! A system whose keychain this program does not know.

    use std::sync::Arc;

    use super::Status;

    pub(super) fn store() -> keyring_core::Result<Arc<keyring_core::CredentialStore>> {
        Err(keyring_core::Error::NoDefaultStore)
    }

    pub(super) fn can_ask() -> bool {
        false
    }

    pub(super) fn status() -> Status {
        Status::Absent { cause: "This system's keychain is not supported.".to_owned() }
    }
}
