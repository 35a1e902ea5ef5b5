//! The vault: saved connections joined with their secrets.
//!
//! Credentials come in sealed ([`Sealer`]) and lie sealed in the keychain; they are opened for [`Vault::credentials`] only, when
//! the connection is made. Three things are needed to open them: the keychain's entry, the key pair's file, and the key
//! to that file, which only the keychain has.
//!
//! Who writes secrets holds the lock of the key pairs' file, from the first look to the last writing; a connection and its
//! secrets change together, or not at all, wherever the writer is killed.

mod error;

use std::sync::Arc;

use cqlbook_core::secret::Secret;

use crate::credentials::{Credentials, PASSWORD, SealedCredentials, Sealer, USER, account};
use crate::destination::Destination;
use crate::envelope::{OpenError, PrivateKey, Sealed};
use crate::files::Lock;
use crate::keychain::{self, Keychain, Status, Store, StoreError};
use crate::keys::Keys;
use crate::paths::Paths;
use crate::profile::{Profile, ProfileId};
use crate::profiles::{ProfileError, Profiles, Slot};
use crate::sealed_file::SealedFile;

pub use self::error::VaultError;

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
        Ok(Sealer::of(self.keys.current(&*self.store()?)?))
    }

    /// Opens credentials that are not saved yet, to test the connection with them. `destination` is where they are to be sent.
    ///
    /// # Errors
    /// [`VaultError::Unreadable`], [`VaultError::Elsewhere`], [`VaultError::NoKeychain`] and others.
    pub fn reveal(
        &self,
        profile: &Profile,
        destination: &Destination,
        sealed: &SealedCredentials,
    ) -> Result<Credentials, VaultError> {
        let opened = self.open(&*self.store()?, profile.id(), &profile.name, sealed)?;
        sealed.only_for(destination, profile)?;
        Ok(opened)
    }

    /// Keeps a connection, and credentials in place of those it has. Without credentials those it has stay.
    ///
    /// All of it is kept, or nothing. What it returns well from can be read back: the credentials are opened once to see. A
    /// connection of the same name to the same place, saved meanwhile by another process, is replaced.
    ///
    /// # Errors
    /// [`VaultError::Profile`] where the name is taken; without credentials no keychain is needed.
    pub fn save(&self, profile: &Profile, credentials: Option<&SealedCredentials>) -> Result<(), VaultError> {
        let Some(sealed) = credentials else { return Ok(self.profiles.save(profile)?) };
        let store = self.store()?;
        // The key pair that it may be sealed with is opened before the others have to wait.
        drop(self.keys.current(&*store)?);
        let lock = self.keys.lock()?;
        self.clean(&*store, &lock)?;
        let opened = self.open(&*store, profile.id(), &profile.name, sealed)?;
        let mut was = profile.clone();
        let mut profile = profile.clone();
        let mut slot = None;
        if self.profiles.shares_id(&was)? {
            // A copy that a person made in the file gets an id of its own in the moment in which it gets secrets of its own.
            profile.id = ProfileId::new().map_err(ProfileError::from)?;
        } else {
            slot = self.profiles.slot(&profile.id)?;
        }
        if slot.is_none()
            && let Ok(same) = self.profiles.get(&profile.name)
            && same.place == profile.place
            && same.id != was.id
        {
            slot = self.profiles.slot(&same.id)?;
            profile.id = same.id.clone();
            was = same;
        }
        let sealer = Sealer::of(self.keys.current_of(&*store, &lock)?);
        // Sealed anew, since the key pair may be another one by now, and the id too.
        let destination = sealed.password.destination().map(|(destination, _)| destination);
        let sealed = sealer.seal_for(profile.id(), destination.as_ref(), &opened)?;
        self.put(&*store, &lock, (&profile, &was), slot, &sealed)
    }

    /// Writes secrets into the entry that does not count, then says in the file that it counts, then forgets the other. The connection
    /// takes the place of the second one given, which may have another id.
    fn put(
        &self,
        store: &dyn Store,
        lock: &Lock,
        (profile, was): (&Profile, &Profile),
        slot: Option<Slot>,
        sealed: &SealedCredentials,
    ) -> Result<(), VaultError> {
        let id = profile.id();
        let new = slot.map_or(Slot::First, Slot::other);
        if slot.is_none() {
            self.keys.begin(id.as_str(), lock)?;
        }
        let written = store.set(&account(id, new), &sealed.to_bytes()).map_err(VaultError::from);
        let written = written.and_then(|()| Ok(self.profiles.save_with(profile, was, Some(new))?));
        let is_named = || matches!(self.profiles.slot(id), Ok(Some(named)) if named == new);
        if let Err(error) = written
            && !is_named()
        {
            // What cannot be put back is at worst an entry without a connection, which the next writer cleans away.
            let _ = store.delete(&account(id, new));
            if slot.is_none() {
                let _ = self.keys.finish(id.as_str(), lock);
            }
            return Err(error);
        }
        // It is saved; what is left of the old ones is overwritten the next time.
        let _ = store.delete(&account(id, new.other()));
        if slot.is_none() { self.keys.finish(id.as_str(), lock) } else { Ok(()) }
    }

    /// Forgets the secrets of connections that a killed writer did not get into the file, or got out of it.
    fn clean(&self, store: &dyn Store, lock: &Lock) -> Result<(), VaultError> {
        for id in self.keys.unsure()? {
            let of = ProfileId::of_text(&id);
            if let Some(of) = of
                && self.profiles.slot(&of)?.is_none()
            {
                for slot in Slot::BOTH {
                    store.delete(&account(&of, slot))?;
                }
            }
            self.keys.finish(&id, lock)?;
        }
        Ok(())
    }

    /// The credentials of a connection, opened to be sent to `destination`; `None` where none are kept.
    ///
    /// Those that a release before this one sealed, for no destination, are sealed for this one from now on.
    ///
    /// # Errors
    /// [`VaultError::Unreadable`], [`VaultError::Elsewhere`], [`VaultError::WrongPassphrase`], [`VaultError::NoKeychain`] and others.
    pub fn credentials(
        &self,
        profile: &Profile,
        destination: &Destination,
    ) -> Result<Option<Credentials>, VaultError> {
        let store = self.store()?;
        let Some((sealed, opened)) = self.kept(&*store, profile)? else { return Ok(None) };
        sealed.only_for(destination, profile)?;
        if sealed.password.destination().is_none() {
            // A store that cannot be written to just now gets it the next time.
            let _ = self.bind(&*store, profile, destination);
        }
        Ok(Some(opened))
    }

    /// The service that a connection's credentials are for; `None` where none are kept. Those of an older release, for none, are
    /// sealed for `was`, where that is known.
    ///
    /// # Errors
    /// As [`Self::credentials`].
    pub fn sealed_for(
        &self,
        profile: &Profile,
        was: Option<&Destination>,
    ) -> Result<Option<Destination>, VaultError> {
        let store = self.store()?;
        let Some((sealed, _)) = self.kept(&*store, profile)? else { return Ok(None) };
        match sealed.password.destination() {
            Some((sealed_for, _)) => Ok(Some(sealed_for)),
            None => {
                if let Some(was) = was {
                    self.bind(&*store, profile, was)?;
                }
                Ok(was.cloned())
            }
        }
    }

    /// Opens a connection's credentials for whatever they were sealed for, to seal them for another way to the same database
    /// after a person agreed. They are not for sending.
    ///
    /// # Errors
    /// As [`Self::credentials`].
    pub fn reseal(
        &self,
        profile: &Profile,
        destination: &Destination,
    ) -> Result<Option<SealedCredentials>, VaultError> {
        let store = self.store()?;
        let Some((_, opened)) = self.kept(&*store, profile)? else { return Ok(None) };
        Ok(Some(self.sealer()?.seal(profile, destination, &opened)?))
    }

    /// What is kept for a connection, opened. Another process may be replacing it: what cannot be opened, or is not there, is looked
    /// for once more as the one writer.
    fn kept(
        &self,
        store: &dyn Store,
        profile: &Profile,
    ) -> Result<Option<(SealedCredentials, Credentials)>, VaultError> {
        let look = || {
            let slot = self.profiles.slot(profile.id())?.unwrap_or(Slot::First);
            let Some(sealed) = self.record(store, profile.id(), slot, &profile.name)? else {
                return Ok(None);
            };
            let opened = self.open(store, profile.id(), &profile.name, &sealed)?;
            Ok(Some((sealed, opened)))
        };
        match look() {
            Ok(None) | Err(VaultError::Unreadable { .. }) if self.keys.exists() => {
                let _lock = self.keys.lock()?;
                look()
            }
            found => found,
        }
    }

    /// Seals what has no destination yet for this one.
    fn bind(
        &self,
        store: &dyn Store,
        profile: &Profile,
        destination: &Destination,
    ) -> Result<(), VaultError> {
        let lock = self.keys.lock()?;
        let Some(slot) = self.profiles.slot(profile.id())? else { return Ok(()) };
        let Some(sealed) = self.record(store, profile.id(), slot, &profile.name)? else { return Ok(()) };
        if sealed.password.destination().is_some() {
            return Ok(());
        }
        let opened = self.open(store, profile.id(), &profile.name, &sealed)?;
        let sealer = Sealer::of(self.keys.current_of(store, &lock)?);
        let bound = sealer.seal(profile, destination, &opened)?;
        Ok(store.set(&account(profile.id(), slot), &bound.to_bytes())?)
    }

    /// Deletes a connection and its secrets. Where there is no keychain the connection is deleted all the same.
    ///
    /// # Errors
    /// [`VaultError::Profile`]: then nothing was deleted.
    pub fn delete(&self, name: &str) -> Result<Deleted, VaultError> {
        // Where nothing was ever kept nothing is made now.
        let lock = if self.keys.exists() { Some(self.keys.lock()?) } else { None };
        // One that cannot be used can be deleted too, so the id comes from the file as it is.
        let ids = self.profiles.ids()?;
        let is_it = |other: &str| crate::name::key(other) == crate::name::key(name);
        let id = ids.iter().find(|(_, other)| is_it(other)).map(|(id, _)| id.clone());
        // A person may have copied a connection in the file, with its id.
        let shared = id.as_ref().is_some_and(|id| ids.iter().filter(|(other, _)| other == id).count() > 1);
        let id = id.filter(|_| !shared);
        // Noted first: a connection without its secrets would be neither there nor gone. A file of keys that cannot be
        // understood must not keep anybody from deleting.
        if let (Some(id), Some(lock)) = (&id, &lock) {
            let _ = self.keys.begin(id.as_str(), lock);
        }
        self.profiles.delete(name)?;
        let Some(id) = id else { return Ok(Deleted::Whole) };
        let forget = || -> Result<(), VaultError> {
            let store = self.store()?;
            Ok(Slot::BOTH.iter().try_for_each(|slot| store.delete(&account(&id, *slot)))?)
        };
        match (forget(), &lock) {
            (Ok(()), Some(lock)) => {
                let _ = self.keys.finish(id.as_str(), lock);
                Ok(Deleted::Whole)
            }
            (Ok(()), None) => Ok(Deleted::Whole),
            (Err(error), _) => Ok(Deleted::SecretsLeft(error)),
        }
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
        self.clean(&*store, &lock)?;
        let connections = self.profiles.ids()?;
        let old = self.keys.opened_by(&*store)?;
        let new = Sealer::of(self.keys.renew(&*store, &lock)?);
        let mut rotated = Rotated { resealed: 0, unreadable: Vec::new() };
        for (id, name) in &connections {
            let slot = self.profiles.slot(id)?.unwrap_or(Slot::First);
            let opened = self.record(&*store, id, slot, name).and_then(|record| {
                record.map(|sealed| Ok((self.open(&*store, id, name, &sealed)?, sealed))).transpose()
            });
            match opened {
                Ok(None) => {}
                Ok(Some((credentials, sealed))) => {
                    let destination = sealed.password.destination().map(|(destination, _)| destination);
                    let sealed = new.seal_for(id, destination.as_ref(), &credentials)?;
                    store.set(&account(id, slot), &sealed.to_bytes())?;
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
        slot: Slot,
        name: &str,
    ) -> Result<Option<SealedCredentials>, VaultError> {
        let unreadable =
            |reason: &str| VaultError::Unreadable { name: name.to_owned(), reason: reason.to_owned() };
        match store.get(&account(id, slot)) {
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
        let pair = match &sealed.opener {
            Some(opener) => Arc::clone(opener),
            None => Arc::new(pair(&sealed.password)?),
        };
        let open = |field: &str, sealed: &Sealed| {
            pair.open(id.as_str(), field, sealed).map_err(|error: OpenError| unreadable(error.to_string()))
        };
        Ok(Credentials {
            user: sealed.user.as_ref().map(|user| open(USER, user)).transpose()?,
            password: open(PASSWORD, &sealed.password)?,
        })
    }
}

#[cfg(test)]
mod tests;
