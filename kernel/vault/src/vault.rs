//! The vault: saved connections joined with their secrets.
//!
//! Credentials come in sealed ([`Sealer`]) and lie sealed in the keychain; they are opened for [`Vault::credentials`] only, when
//! the connection is made. Three things are needed to open them: the keychain's entry, the key pair's file, and the key
//! to that file, which only the keychain has.

use std::path::PathBuf;
use std::sync::Arc;

use cqlbook_core::secret::Secret;

use crate::envelope::{KeyError, OpenError, PrivateKey, PublicKey, SealError, Sealed};
use crate::files::FileError;
use crate::keychain::{self, Keychain, Status, Store, StoreError};
use crate::keys::Keys;
use crate::paths::Paths;
use crate::profile::{Profile, ProfileId};
use crate::profiles::{ProfileError, Profiles};
use crate::sealed_file::SealedFile;

/// The first byte of what is kept for a connection.
const RECORD: u8 = 1;
/// The fields that envelopes are bound to.
const USER: &str = "user";
const PASSWORD: &str = "password";

/// Where secrets are kept.
pub enum Backend {
    /// The operating system's keychain.
    Keychain,
    /// A file, sealed under this passphrase.
    File(Secret),
    /// Another store.
    Other(Arc<dyn Store>),
}

impl Backend {
    /// The keychain, or, where there is none and a passphrase is given, the file. An empty passphrase is none.
    ///
    /// Without both it is the keychain all the same, and [`VaultError::NoKeychain`] says why it cannot be used.
    pub fn choose(passphrase: Option<Secret>) -> Self {
        match passphrase.filter(|passphrase| !passphrase.is_empty()) {
            Some(passphrase) if matches!(keychain::status(), Status::Absent { .. }) => Self::File(passphrase),
            _ => Self::Keychain,
        }
    }
}

/// Credentials as they are used. Wiped when dropped.
pub struct Credentials {
    /// Astra's Client ID; `None` for a cluster, whose user is no secret and stands in the profile.
    pub user: Option<Secret>,
    /// The Client Secret, the application token or the password.
    pub password: Secret,
}

/// Credentials that only this installation can open, and only for their own connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedCredentials {
    user: Option<Sealed>,
    password: Sealed,
}

/// Seals credentials. It opens nothing, and may be handed to where they are typed.
#[derive(Debug, Clone)]
pub struct Sealer {
    key: PublicKey,
}

/// What became of a deleted connection.
#[derive(Debug)]
pub enum Deleted {
    /// It is gone, and its secrets too.
    Whole,
    /// It is gone, but its secrets could not be looked for: they may still lie in the keychain.
    SecretsLeft(VaultError),
}

/// What a rotation of the keys did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotated {
    /// How many connections' credentials are sealed with the new pair now.
    pub resealed: usize,
    /// The connections whose credentials could not be opened; they have to be entered again.
    pub unreadable: Vec<String>,
}

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

/// Saved connections and their secrets. All of its methods block; those that need the keychain may let the desktop ask
/// its user to unlock it, however long that takes.
pub struct Vault {
    profiles: Profiles,
    keys: Keys,
    backend: Open,
}

/// A backend, ready.
enum Open {
    /// Reached anew each time: it may be started, locked or gone in between.
    Keychain,
    Store(Arc<dyn Store>),
}

impl Vault {
    /// A vault over these folders. Nothing is read or made yet.
    pub fn new(paths: &Paths, backend: Backend) -> Self {
        let backend = match backend {
            Backend::Keychain => Open::Keychain,
            Backend::File(passphrase) => {
                Open::Store(Arc::new(SealedFile::at(paths.vault_file(), passphrase)))
            }
            Backend::Other(store) => Open::Store(store),
        };
        Self { profiles: Profiles::at(paths.connections()), keys: Keys::at(paths.keys()), backend }
    }

    /// The saved connections without their secrets. Needs no keychain.
    pub fn profiles(&self) -> &Profiles {
        &self.profiles
    }

    /// What seals credentials for [`Self::save`]. Makes the key pair on first use, which takes a moment.
    ///
    /// # Errors
    /// [`VaultError::NoKeychain`]: then the application can hold the secret for the session, and say so; and others.
    pub fn sealer(&self) -> Result<Sealer, VaultError> {
        Ok(Sealer { key: self.keys.current(&*self.store()?)?.public() })
    }

    /// Opens credentials that are not saved yet, to test the connection with them.
    ///
    /// # Errors
    /// [`VaultError::Unreadable`], [`VaultError::NoKeychain`] and others.
    pub fn reveal(&self, profile: &Profile, sealed: &SealedCredentials) -> Result<Credentials, VaultError> {
        self.open(&*self.store()?, profile.id(), &profile.name, sealed)
    }

    /// Keeps a connection, and credentials in place of those it has. Without credentials those it has stay.
    ///
    /// All of it is kept, or nothing. What it returns well from can be read back: the credentials are opened once to see.
    ///
    /// # Errors
    /// [`VaultError::Profile`] where the name is taken; without credentials no keychain is needed.
    pub fn save(&self, profile: &Profile, credentials: Option<&SealedCredentials>) -> Result<(), VaultError> {
        let Some(sealed) = credentials else { return Ok(self.profiles.save(profile)?) };
        let store = self.store()?;
        // Nobody may take the key pair away between the look and the writing.
        let _lock = self.keys.lock()?;
        drop(self.open(&*store, profile.id(), &profile.name, sealed)?);
        let account = account(profile.id());
        let before = store.get(&account)?;
        store.set(&account, &sealed.to_bytes())?;
        self.profiles.save(profile).map_err(|error| {
            // What cannot be put back is at worst an entry without a connection.
            let _ = match &before {
                Some(bytes) => store.set(&account, bytes),
                None => store.delete(&account),
            };
            error.into()
        })
    }

    /// The credentials of a connection, opened; `None` where none are kept.
    ///
    /// # Errors
    /// [`VaultError::Unreadable`], [`VaultError::WrongPassphrase`], [`VaultError::NoKeychain`] and others.
    pub fn credentials(&self, profile: &Profile) -> Result<Option<Credentials>, VaultError> {
        let store = self.store()?;
        match self.record(&*store, profile.id(), &profile.name)? {
            Some(sealed) => self.open(&*store, profile.id(), &profile.name, &sealed).map(Some),
            None => Ok(None),
        }
    }

    /// Deletes a connection and its secrets. Where there is no keychain the connection is deleted all the same.
    ///
    /// # Errors
    /// [`VaultError::Profile`]: then nothing was deleted but perhaps the secrets.
    pub fn delete(&self, name: &str) -> Result<Deleted, VaultError> {
        // One that cannot be used can be deleted too, so the id comes from the file as it is.
        let ids = self.profiles.ids()?;
        let is_it = |other: &str| crate::name::key(other) == crate::name::key(name);
        let id = ids.iter().find(|(_, other)| is_it(other)).map(|(id, _)| id.clone());
        // A person may have copied a connection in the file, with its id.
        let shared = id.as_ref().is_some_and(|id| ids.iter().filter(|(other, _)| other == id).count() > 1);
        let secrets = match id.filter(|_| !shared) {
            Some(id) => self.store().and_then(|store| Ok(store.delete(&account(&id))?)),
            None => Ok(()),
        };
        self.profiles.delete(name)?;
        Ok(secrets.map_or_else(Deleted::SecretsLeft, |()| Deleted::Whole))
    }

    /// Makes a new key pair, seals all credentials with it, and forgets the old one.
    ///
    /// Whenever it is broken off, all credentials can be opened as before; another call finishes it.
    ///
    /// # Errors
    /// [`VaultError`]; the old key pair is then still there.
    pub fn rotate_keys(&self) -> Result<Rotated, VaultError> {
        let store = self.store()?;
        let lock = self.keys.lock()?;
        let connections = self.profiles.ids()?;
        let old = self.keys.opened_by(&*store)?;
        let new = Sealer { key: self.keys.renew(&*store, &lock)?.public() };
        let mut rotated = Rotated { resealed: 0, unreadable: Vec::new() };
        for (id, name) in &connections {
            let opened = self
                .record(&*store, id, name)
                .and_then(|record| record.map(|sealed| self.open(&*store, id, name, &sealed)).transpose());
            match opened {
                Ok(None) => {}
                Ok(Some(credentials)) => {
                    let sealed = new.seal_for(id, &credentials)?;
                    store.set(&account(id), &sealed.to_bytes())?;
                    rotated.resealed += 1;
                }
                Err(VaultError::Unreadable { .. }) => rotated.unreadable.push(name.clone()),
                Err(other) => return Err(other),
            }
        }
        for id in old {
            self.keys.forget(id, &*store, &lock)?;
        }
        Ok(rotated)
    }

    fn store(&self) -> Result<Arc<dyn Store>, VaultError> {
        match &self.backend {
            Open::Keychain => Ok(Arc::new(Keychain::open()?)),
            Open::Store(store) => Ok(Arc::clone(store)),
        }
    }

    /// What the store has for a connection.
    fn record(
        &self,
        store: &dyn Store,
        id: &ProfileId,
        name: &str,
    ) -> Result<Option<SealedCredentials>, VaultError> {
        let unreadable =
            |reason: &str| VaultError::Unreadable { name: name.to_owned(), reason: reason.to_owned() };
        match store.get(&account(id)) {
            Ok(None) => Ok(None),
            Ok(Some(bytes)) => SealedCredentials::from_bytes(&bytes)
                .map(Some)
                .ok_or_else(|| unreadable("the keychain's entry was changed")),
            Err(StoreError::Damaged { reason }) => Err(unreadable(reason)),
            Err(other) => Err(other.into()),
        }
    }

    fn open(
        &self,
        store: &dyn Store,
        id: &ProfileId,
        name: &str,
        sealed: &SealedCredentials,
    ) -> Result<Credentials, VaultError> {
        let unreadable = |reason: String| VaultError::Unreadable { name: name.to_owned(), reason };
        let not_here = "the key that opens them is not on this machine";
        let pair = |sealed: &Sealed| -> Result<PrivateKey, VaultError> {
            let key_id = sealed.key_id().map_err(|error| unreadable(error.to_string()))?;
            self.keys.find(key_id, store)?.ok_or_else(|| unreadable(not_here.to_owned()))
        };
        let pair = pair(&sealed.password)?;
        let open = |field: &str, sealed: &Sealed| {
            pair.open(id.as_str(), field, sealed).map_err(|error: OpenError| unreadable(error.to_string()))
        };
        Ok(Credentials {
            user: sealed.user.as_ref().map(|user| open(USER, user)).transpose()?,
            password: open(PASSWORD, &sealed.password)?,
        })
    }
}

impl Sealer {
    /// Seals credentials for a connection; they open for no other one.
    ///
    /// # Errors
    /// [`SealError`].
    pub fn seal(&self, profile: &Profile, credentials: &Credentials) -> Result<SealedCredentials, SealError> {
        self.seal_for(profile.id(), credentials)
    }

    fn seal_for(&self, id: &ProfileId, credentials: &Credentials) -> Result<SealedCredentials, SealError> {
        let seal = |field: &str, text: &Secret| self.key.seal(id.as_str(), field, text);
        Ok(SealedCredentials {
            user: credentials.user.as_ref().map(|user| seal(USER, user)).transpose()?,
            password: seal(PASSWORD, &credentials.password)?,
        })
    }
}

impl SealedCredentials {
    /// A version byte, then user and password, each with its length as two big-endian bytes before it; no user has length 0.
    fn to_bytes(&self) -> Vec<u8> {
        let mut out = vec![RECORD];
        for part in [self.user.as_ref(), Some(&self.password)] {
            let part = part.map_or(&[][..], Sealed::as_bytes);
            // An envelope has less than 1 KiB.
            out.extend(u16::try_from(part.len()).unwrap_or_default().to_be_bytes());
            out.extend(part);
        }
        out
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        fn part(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
            let (length, rest) = bytes.split_first_chunk::<2>()?;
            rest.split_at_checked(u16::from_be_bytes(*length).into())
        }
        let (user, rest) = part(bytes.strip_prefix(&[RECORD])?)?;
        let (password, rest) = part(rest)?;
        let is_whole = rest.is_empty() && !password.is_empty();
        is_whole.then(|| Self {
            user: (!user.is_empty()).then(|| Sealed::from_bytes(user)),
            password: Sealed::from_bytes(password),
        })
    }
}

fn account(id: &ProfileId) -> String {
    format!("credentials-{}", id.as_str())
}

#[cfg(test)]
mod tests;
