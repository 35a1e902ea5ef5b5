//! The key pairs of this installation: made on first use, kept in a file whose private halves are sealed under a key that only
//! the keychain holds.
//!
//! `keys.toml`: `version = 1`, `current` (the id of the pair that new credentials are sealed with) and a table `pair.ID` for
//! each pair, with `public` (SubjectPublicKeyInfo) and `private` (nonce, AES-256-GCM of PKCS#8), both DER in base64. The
//! store holds, under `key-ID`, the 32 bytes that open `private`. `unsure` names the connections whose secrets are being written or
//! deleted; what a writer that was killed left there is cleaned away by the next one.

use std::path::PathBuf;

use toml_edit::{Array, DocumentMut, Item, Table, value};
use zeroize::Zeroizing;

use crate::envelope::{KeyError, KeyId, PrivateKey, PublicKey};
use crate::files::{self, Lock};
use crate::keychain::Store;
use crate::seal::{self, KEY};
use crate::vault::VaultError;

const VERSION: i64 = 1;
/// The connections that a writer is at.
const UNSURE: &str = "unsure";
const HEAD: &str = "# cqlbook's key pairs. The private halves are sealed; the keys that open them are in the system's keychain or in vault.toml.\nversion = 1\n";

/// The file of key pairs.
#[derive(Debug)]
pub(crate) struct Keys {
    path: PathBuf,
}

/// The file's content.
struct Content {
    document: DocumentMut,
}

impl Keys {
    pub(crate) fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// The one writer's place.
    pub(crate) fn lock(&self) -> Result<Lock, VaultError> {
        Ok(files::lock(&self.path)?)
    }

    /// The pair that credentials are to be sealed with: the current one, or another that this store can open, or a new one.
    pub(crate) fn current(&self, store: &dyn Store) -> Result<PrivateKey, VaultError> {
        // Nobody has to wait for a pair that is there.
        let content = self.read()?;
        if let Some(pair) = content.current_pair(store)? {
            return Ok(pair);
        }
        let lock = self.lock()?;
        self.current_of(store, &lock)
    }

    /// The same for the one writer.
    pub(crate) fn current_of(&self, store: &dyn Store, lock: &Lock) -> Result<PrivateKey, VaultError> {
        let content = self.read()?;
        let current = content.current();
        let first = content.pairs().into_iter().filter(|(id, _)| Some(id) == current.as_ref());
        let others = content.pairs().into_iter().filter(|(id, _)| Some(id) != current.as_ref());
        for (_, (public, private)) in first.chain(others) {
            // A pair whose key this store lacks belongs to another store, or to a keychain that was emptied.
            if let Some(pair) = unlock(&public, &private, store)? {
                return Ok(pair);
            }
        }
        self.add(content, store, lock)
    }

    /// Whether the file can be understood.
    pub(crate) fn check(&self) -> Result<(), VaultError> {
        self.read().map(drop)
    }

    /// Whether anything was ever kept here.
    pub(crate) fn exists(&self) -> bool {
        self.path.exists()
    }

    /// Notes that a connection's secrets are about to be written or deleted.
    pub(crate) fn begin(&self, id: &str, lock: &Lock) -> Result<(), VaultError> {
        let mut content = self.read()?;
        let mut unsure = content.unsure();
        if !unsure.iter().any(|known| known == id) {
            unsure.push(id.to_owned());
            self.set_unsure(&mut content, &unsure, lock)?;
        }
        Ok(())
    }

    /// Notes that it was done.
    pub(crate) fn finish(&self, id: &str, lock: &Lock) -> Result<(), VaultError> {
        let mut content = self.read()?;
        let mut unsure = content.unsure();
        let before = unsure.len();
        unsure.retain(|known| known != id);
        if unsure.len() < before { self.set_unsure(&mut content, &unsure, lock) } else { Ok(()) }
    }

    /// The connections at which a writer was ended.
    pub(crate) fn unsure(&self) -> Result<Vec<String>, VaultError> {
        Ok(self.read()?.unsure())
    }

    fn set_unsure(&self, content: &mut Content, unsure: &[String], lock: &Lock) -> Result<(), VaultError> {
        if unsure.is_empty() {
            content.document.remove(UNSURE);
        } else {
            content.document.insert(UNSURE, value(unsure.iter().collect::<Array>()));
        }
        Ok(files::write(&self.path, &content.document.to_string(), lock)?)
    }

    /// Makes a pair and makes it the current one.
    pub(crate) fn renew(&self, store: &dyn Store, lock: &Lock) -> Result<PrivateKey, VaultError> {
        self.add(self.read()?, store, lock)
    }

    /// The pair of that id. `None` where the file or the store does not have it.
    pub(crate) fn find(&self, id: KeyId, store: &dyn Store) -> Result<Option<PrivateKey>, VaultError> {
        match self.read()?.pairs().into_iter().find(|(name, _)| *name == id.to_string()) {
            Some((_, (public, private))) => unlock(&public, &private, store),
            None => Ok(None),
        }
    }

    /// The ids of all pairs that this store can open.
    pub(crate) fn opened_by(&self, store: &dyn Store) -> Result<Vec<KeyId>, VaultError> {
        let mut ids = Vec::new();
        for (_, (public, private)) in self.read()?.pairs() {
            ids.extend(unlock(&public, &private, store)?.map(|pair| pair.id()));
        }
        Ok(ids)
    }

    /// Forgets a pair: first in the file, then in the store.
    pub(crate) fn forget(&self, id: KeyId, store: &dyn Store, lock: &Lock) -> Result<(), VaultError> {
        let mut content = self.read()?;
        if let Some(pairs) = content.document.get_mut("pair").and_then(Item::as_table_mut) {
            pairs.remove(&id.to_string());
        }
        files::write(&self.path, &content.document.to_string(), lock)?;
        store.delete(&account(id))?;
        Ok(())
    }

    fn add(&self, mut content: Content, store: &dyn Store, lock: &Lock) -> Result<PrivateKey, VaultError> {
        let pair = PrivateKey::generate()?;
        let key = seal::random::<KEY>().map_err(KeyError::from)?;
        let mut table = Table::new();
        table.insert("public", value(pair.public().to_text()?));
        table.insert("private", value(pair.to_sealed_text(&key)?));
        // The store comes first: a key there without a pair does no harm, a pair without its key would be lost.
        store.set(&account(pair.id()), key.as_slice())?;
        let document = &mut content.document;
        document.insert("current", value(pair.id().to_string()));
        let pairs = document.entry("pair").or_insert_with(|| {
            let mut pairs = Table::new();
            pairs.set_implicit(true);
            Item::Table(pairs)
        });
        match pairs.as_table_mut() {
            Some(pairs) => pairs.insert(&pair.id().to_string(), Item::Table(table)),
            None => return Err(VaultError::KeysDamaged { path: self.path.clone() }),
        };
        files::write(&self.path, &document.to_string(), lock)?;
        Ok(pair)
    }

    fn read(&self) -> Result<Content, VaultError> {
        let text = files::read(&self.path)?;
        let damaged = || VaultError::KeysDamaged { path: self.path.clone() };
        let document: DocumentMut = text.as_deref().unwrap_or(HEAD).parse().map_err(|_| damaged())?;
        match document.get("version").map(Item::as_integer) {
            Some(Some(VERSION)) => {}
            Some(Some(version)) if version > VERSION => {
                return Err(VaultError::Newer { path: self.path.clone() });
            }
            _ => return Err(damaged()),
        }
        Ok(Content { document })
    }
}

impl Content {
    fn current(&self) -> Option<String> {
        self.document.get("current")?.as_str().map(str::to_owned)
    }

    /// The current pair, where this store can open it.
    fn current_pair(&self, store: &dyn Store) -> Result<Option<PrivateKey>, VaultError> {
        let Some(current) = self.current() else { return Ok(None) };
        match self.pairs().into_iter().find(|(id, _)| *id == current) {
            Some((_, (public, private))) => unlock(&public, &private, store),
            None => Ok(None),
        }
    }

    fn unsure(&self) -> Vec<String> {
        let unsure = self.document.get(UNSURE).and_then(Item::as_array);
        unsure.into_iter().flatten().filter_map(|id| id.as_str().map(str::to_owned)).collect()
    }

    /// Id, public and sealed private half of each pair, as text.
    fn pairs(&self) -> Vec<(String, (String, String))> {
        let Some(pairs) = self.document.get("pair").and_then(Item::as_table_like) else { return Vec::new() };
        pairs
            .iter()
            .filter_map(|(id, pair)| {
                let text = |name: &str| pair.get(name)?.as_str().map(str::to_owned);
                Some((id.to_owned(), (text("public")?, text("private")?)))
            })
            .collect()
    }
}

/// Opens a pair with the key the store has for it; `None` where it has none, or one that does not fit.
fn unlock(public: &str, private: &str, store: &dyn Store) -> Result<Option<PrivateKey>, VaultError> {
    let Ok(public) = PublicKey::from_text(public) else { return Ok(None) };
    let Some(key) = store.get(&account(public.id()))? else { return Ok(None) };
    let Ok(key) = <[u8; KEY]>::try_from(key.as_slice()).map(Zeroizing::new) else { return Ok(None) };
    Ok(PrivateKey::from_sealed_text(private, &key, &public).ok())
}

fn account(id: KeyId) -> String {
    format!("key-{id}")
}
