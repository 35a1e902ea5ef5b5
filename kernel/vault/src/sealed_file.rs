//! A file that stands in for the keychain where there is none: everything in it is sealed under a passphrase.
//!
//! `vault.toml`: `version = 1`, `kdf = "argon2id"` with its `memory_kib`, `iterations`, `lanes` and `salt`, and `sealed`: nonce and
//! AES-256-GCM of the entries, in base64. The associated data bind the parameters. Inside, each entry is a line of account and
//! base64. Defaults: RFC 9106's second recommendation, 64 MiB and 3 passes over 4 lanes.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use argon2::{Algorithm, Argon2, Params, Version};
use base64ct::{Base64, Encoding};
use cqlbook_core::secret::Secret;
use toml_edit::{DocumentMut, Item, value};
use zeroize::Zeroizing;

use crate::files::{self, FileError};
use crate::keychain::{Store, StoreError};
use crate::seal::{self, KEY, Key, NoRandomness};

const VERSION: i64 = 1;
const HEAD: &str = "# cqlbook's vault file, sealed under a passphrase. It stands in for the system's keychain.\nversion = 1\n";
/// Bytes of a salt.
const SALT: usize = 16;

/// What a passphrase costs somebody who guesses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cost {
    memory_kib: u32,
    iterations: u32,
    lanes: u32,
}

impl Cost {
    const DEFAULT: Self = Self { memory_kib: 64 * 1024, iterations: 3, lanes: 4 };

    /// What a file may ask of this machine: four times the memory that a new one asks for, and eight times the work.
    fn is_bearable(self) -> bool {
        let work = |cost: Self| u64::from(cost.memory_kib) * u64::from(cost.iterations);
        self.memory_kib <= 4 * Self::DEFAULT.memory_kib
            && work(self) <= 8 * work(Self::DEFAULT)
            && self.iterations <= 64
            && (1..=64).contains(&self.lanes)
    }
}

/// How a file's key comes from its passphrase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Derivation {
    cost: Cost,
    salt: [u8; SALT],
}

/// The vault file with its passphrase.
pub struct SealedFile {
    path: PathBuf,
    passphrase: Secret,
    /// The last key that was derived: it takes a fraction of a second each time.
    derived: Mutex<Option<(Derivation, Key)>>,
    /// For new files.
    cost: Cost,
}

/// The entries, wiped when dropped.
type Entries = Vec<(String, Zeroizing<Vec<u8>>)>;

impl SealedFile {
    /// The file at `path`, which is made when something is kept in it.
    pub fn at(path: PathBuf, passphrase: Secret) -> Self {
        Self { path, passphrase, derived: Mutex::new(None), cost: Cost::DEFAULT }
    }

    /// Whether the file at `path` can be understood and, with a passphrase, opened.
    pub(crate) fn check(path: PathBuf, passphrase: Option<Secret>) -> Result<(), StoreError> {
        match passphrase {
            Some(passphrase) => Self::at(path, passphrase).read().map(drop),
            None => {
                let text = files::read(&path).map_err(failed)?.unwrap_or_default();
                parse(&text).map(drop).map_err(|reason| StoreError::FileDamaged { path, reason })
            }
        }
    }

    fn key(&self, derivation: Derivation) -> Result<Key, StoreError> {
        let mut derived = self.derived.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, key)) = derived.as_ref()
            && *known == derivation
        {
            return Ok(key.clone());
        }
        let Cost { memory_kib, iterations, lanes } = derivation.cost;
        let params = Params::new(memory_kib, iterations, lanes, Some(KEY))
            .map_err(|_| self.damaged("its cost is none"))?;
        let mut key = Key::default();
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(self.passphrase.expose().as_bytes(), &derivation.salt, key.as_mut())
            .map_err(|error| StoreError::Failed { reason: error.to_string() })?;
        *derived = Some((derivation, key.clone()));
        Ok(key)
    }

    /// The entries and how they are sealed; a new file has none.
    fn read(&self) -> Result<(Entries, Derivation), StoreError> {
        let Some(text) = files::read(&self.path).map_err(failed)? else {
            let salt = *seal::random::<SALT>().map_err(no_randomness)?;
            return Ok((Vec::new(), Derivation { cost: self.cost, salt }));
        };
        let (derivation, sealed) = parse(&text).map_err(|reason| self.damaged(reason))?;
        let key = self.key(derivation)?;
        let plain = seal::open(&key, &context(derivation), &sealed).ok_or(StoreError::WrongPassphrase)?;
        Ok((entries(&plain).ok_or_else(|| self.damaged("its entries are not of this form"))?, derivation))
    }

    fn damaged(&self, reason: &'static str) -> StoreError {
        StoreError::FileDamaged { path: self.path.clone(), reason }
    }

    fn change(&self, change: impl FnOnce(&mut Entries)) -> Result<(), StoreError> {
        // What the key costs is spent before the others have to wait.
        if self.path.exists() {
            self.read()?;
        }
        let lock = files::lock(&self.path).map_err(failed)?;
        let (mut entries, derivation) = self.read()?;
        change(&mut entries);
        let mut plain = Zeroizing::new(String::new());
        for (account, bytes) in &entries {
            // No reallocation may leave a copy behind: the line's length is known.
            let mut longer =
                Zeroizing::new(String::with_capacity(plain.len() + account.len() + bytes.len() * 2 + 8));
            longer.push_str(&plain);
            longer.push_str(account);
            longer.push(' ');
            longer.push_str(&Zeroizing::new(Base64::encode_string(bytes)));
            longer.push('\n');
            plain = longer;
        }
        let key = self.key(derivation)?;
        let sealed = seal::seal(&key, &context(derivation), plain.as_bytes()).map_err(no_randomness)?;
        files::write(&self.path, &written(derivation, &sealed), &lock).map_err(failed)
    }
}

impl Store for SealedFile {
    fn get(&self, account: &str) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
        let (entries, _) = self.read()?;
        Ok(entries.into_iter().find(|(name, _)| name == account).map(|(_, bytes)| bytes))
    }

    fn set(&self, account: &str, bytes: &[u8]) -> Result<(), StoreError> {
        self.change(|entries| {
            entries.retain(|(name, _)| name != account);
            entries.push((account.to_owned(), Zeroizing::new(bytes.to_vec())));
        })
    }

    fn delete(&self, account: &str) -> Result<(), StoreError> {
        self.change(|entries| entries.retain(|(name, _)| name != account))
    }
}

fn context(Derivation { cost, salt }: Derivation) -> Vec<u8> {
    let Cost { memory_kib, iterations, lanes } = cost;
    let numbers = [memory_kib, iterations, lanes].map(u32::to_be_bytes);
    seal::context(&[b"cqlbook vault file", &VERSION.to_be_bytes(), numbers.as_flattened(), &salt])
}

fn parse(text: &str) -> Result<(Derivation, Vec<u8>), &'static str> {
    let document: DocumentMut = text.parse().map_err(|_| "it is not TOML")?;
    let number = |field: &str| {
        let number = document.get(field).and_then(Item::as_integer);
        number.and_then(|number| u32::try_from(number).ok()).ok_or("it lacks a number")
    };
    let bytes = |field: &str| {
        let text = document.get(field).and_then(Item::as_str);
        text.and_then(|text| Base64::decode_vec(text).ok()).ok_or("it lacks a field")
    };
    if i64::from(number("version")?) != VERSION
        || document.get("kdf").and_then(Item::as_str) != Some("argon2id")
    {
        return Err("it was written by a later version of this program");
    }
    let cost = Cost {
        memory_kib: number("memory_kib")?,
        iterations: number("iterations")?,
        lanes: number("lanes")?,
    };
    if !cost.is_bearable() {
        return Err("it asks for more work than any passphrase should");
    }
    let salt = bytes("salt")?.try_into().map_err(|_| "its salt has another length")?;
    Ok((Derivation { cost, salt }, bytes("sealed")?))
}

fn written(derivation: Derivation, sealed: &[u8]) -> String {
    let mut document = DocumentMut::new();
    document.insert("kdf", value("argon2id"));
    document.insert("memory_kib", value(i64::from(derivation.cost.memory_kib)));
    document.insert("iterations", value(i64::from(derivation.cost.iterations)));
    document.insert("lanes", value(i64::from(derivation.cost.lanes)));
    document.insert("salt", value(Base64::encode_string(&derivation.salt)));
    document.insert("sealed", value(Base64::encode_string(sealed)));
    format!("{HEAD}{document}")
}

fn entries(plain: &[u8]) -> Option<Entries> {
    let text = str::from_utf8(plain).ok()?;
    text.lines()
        .map(|line| {
            let (account, bytes) = line.split_once(' ')?;
            Some((account.to_owned(), Zeroizing::new(Base64::decode_vec(bytes).ok()?)))
        })
        .collect()
}

fn failed(error: FileError) -> StoreError {
    StoreError::File { reason: error.to_string() }
}

fn no_randomness(error: NoRandomness) -> StoreError {
    StoreError::Failed { reason: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHEAP: Cost = Cost { memory_kib: 64, iterations: 1, lanes: 1 };

    fn file(folder: &tempfile::TempDir, passphrase: &str) -> SealedFile {
        let path = folder.path().join("vault.toml");
        SealedFile { cost: CHEAP, ..SealedFile::at(path, Secret::new(passphrase.to_owned())) }
    }

    #[test]
    fn what_is_kept_is_read_back_under_the_same_passphrase_only() {
        let folder = tempfile::tempdir().unwrap();
        let ours = file(&folder, "correct horse");
        assert!(ours.get("a").unwrap().is_none());
        ours.set("a", b"one").unwrap();
        ours.set("b", &[0, 255]).unwrap();
        ours.set("a", b"two").unwrap();
        let again = file(&folder, "correct horse");
        assert_eq!(again.get("a").unwrap().unwrap().as_slice(), b"two");
        assert_eq!(again.get("b").unwrap().unwrap().as_slice(), [0, 255]);
        again.delete("a").unwrap();
        again.delete("never there").unwrap();
        assert!(ours.get("a").unwrap().is_none());
        let stranger = file(&folder, "battery staple");
        assert_eq!(stranger.get("b").unwrap_err(), StoreError::WrongPassphrase);
        assert_eq!(
            stranger.set("b", b"x").unwrap_err(),
            StoreError::WrongPassphrase,
            "it overwrites nothing"
        );
    }

    #[test]
    fn nothing_of_an_entry_is_in_the_file_and_every_change_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let ours = file(&folder, "correct horse");
        ours.set("credentials-1", b"s3cr3tv4lue").unwrap();
        let text = std::fs::read_to_string(&ours.path).unwrap();
        for hidden in ["s3cr3tv4lue", "credentials-1", &Base64::encode_string(b"s3cr3tv4lue"), "correct"] {
            assert!(!text.contains(hidden), "{text}");
        }
        for (from, to) in [("iterations = 1", "iterations = 2"), ("memory_kib = 64", "memory_kib = 128")] {
            std::fs::write(&ours.path, text.replace(from, to)).unwrap();
            assert_eq!(ours.get("credentials-1").unwrap_err(), StoreError::WrongPassphrase, "{to}");
        }
        let at = text.find("sealed = \"").unwrap() + 40;
        let mut changed = text.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        std::fs::write(&ours.path, changed).unwrap();
        assert_eq!(ours.get("credentials-1").unwrap_err(), StoreError::WrongPassphrase);
        for broken in
            ["", "version = 2", "not TOML [", &text.replace("memory_kib = 64", "memory_kib = 4000000000")]
        {
            std::fs::write(&ours.path, broken).unwrap();
            assert!(matches!(ours.get("credentials-1"), Err(StoreError::FileDamaged { .. })), "{broken}");
        }
    }

    #[test]
    fn a_new_file_costs_as_much_as_it_should() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vault.toml");
        SealedFile::at(path.clone(), Secret::new("p".to_owned())).set("a", b"b").unwrap();
        let text = std::fs::read_to_string(path).unwrap();
        assert!(text.contains("memory_kib = 65536\niterations = 3\nlanes = 4\n"), "{text}");
    }
}
