//! Saved connections and their secrets: no Jupyter, no Cassandra, no asynchronous tasks. Everything blocks, on files and on
//! the keychain.
//!
//! [`Vault`] joins [`Profiles`] (names, kinds, paths: a readable file) with credentials, which are sealed by a [`Sealer`] before
//! they leave the form, lie sealed in the [`keychain`], and are opened only when the connection is made.

mod credentials;
mod destination;
pub mod envelope;
mod files;
pub mod keychain;
mod keys;
mod name;
mod paths;
mod profile;
mod profiles;
mod seal;
mod sealed_file;
#[cfg(test)]
mod testing;
mod vault;

pub use credentials::{Credentials, SealedCredentials, Sealer};
pub use destination::Destination;
pub use files::FileError;
pub use name::{MAX_NAME, NameError, check_name};
pub use paths::Paths;
pub use profile::{NewError, Place, Profile, ProfileId, TlsPaths};
pub use profiles::{ProfileError, Profiles};
pub use seal::NoRandomness;
pub use sealed_file::SealedFile;
pub use vault::{Backend, Deleted, Rotated, Vault, VaultError};

/// Looks whether the files of secrets that are there can be read: each with what is wrong with it. Opens no credentials, and changes
/// nothing. Without a passphrase the vault file is looked at from outside only.
pub fn look(
    paths: &Paths,
    passphrase: Option<cqlbook_core::secret::Secret>,
) -> Vec<(std::path::PathBuf, Option<VaultError>)> {
    let mut found = Vec::new();
    let (keys, file) = (paths.keys(), paths.vault_file());
    if keys.exists() {
        found.push((keys.clone(), keys::Keys::at(keys).check().err()));
    }
    if file.exists() {
        let passphrase = passphrase.filter(|passphrase| !passphrase.is_empty());
        let outcome = sealed_file::SealedFile::check(file.clone(), passphrase);
        found.push((file, outcome.err().map(VaultError::from)));
    }
    found
}
