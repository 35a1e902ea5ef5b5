//! Why the vault did not do what it was asked for.

use std::path::PathBuf;

use crate::destination::Destination;
use crate::envelope::{KeyError, SealError};
use crate::files::FileError;
use crate::keychain::{Status, StoreError};
use crate::profiles::ProfileError;

/// Why the vault did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VaultError {
    /// There is no keychain that could be used, or it is locked. (`KEYCHAIN_UNAVAILABLE`.)
    #[error("the keychain cannot be used: {0:?}")]
    NoKeychain(Status),
    /// The secrets of a connection are there but cannot be opened. Enter them again. (`SECRET_UNREADABLE`.)
    #[error("the secrets of `{name}` cannot be opened: {reason}")]
    Unreadable {
        /// The connection's name.
        name: String,
        /// Why, as the end of a sentence.
        reason: String,
    },
    /// The secrets of a connection were entered for another service than it leads to now. They are not opened for it.
    #[error("the secrets of `{name}` were entered for {}", sealed_for.words())]
    Elsewhere {
        /// The connection's name.
        name: String,
        /// What they were entered for.
        sealed_for: Destination,
    },
    /// The passphrase does not open the vault file. (`SECRET_UNREADABLE`.)
    #[error("the passphrase does not open the vault file, or the file was changed")]
    WrongPassphrase,
    /// The keychain failed otherwise.
    #[error(transparent)]
    Store(StoreError),
    /// A saved connection cannot be read or written.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// A file of keys cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The file of keys was changed by somebody else. It is left as it is.
    #[error("{path} cannot be understood")]
    KeysDamaged {
        /// The file.
        path: PathBuf,
    },
    /// The file of keys was written by a later release. It is left as it is.
    #[error("{path} was written by a later version of this program")]
    Newer {
        /// The file.
        path: PathBuf,
    },
    /// A key pair cannot be made.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A credential cannot be sealed.
    #[error(transparent)]
    Seal(#[from] SealError),
}

impl From<StoreError> for VaultError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Locked => Self::NoKeychain(Status::Locked),
            StoreError::Absent { cause } => Self::NoKeychain(Status::Absent { cause }),
            StoreError::WrongPassphrase => Self::WrongPassphrase,
            other => Self::Store(other),
        }
    }
}
