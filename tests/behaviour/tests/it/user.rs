//! A person with a home folder, and programs that run as that person.

use std::path::{Path, PathBuf};

use cqlbook_sandbox::Astra;
use tempfile::TempDir;
use tokio::process::Command;

use crate::keyring::Keyring;
use crate::notebook::{ASTRA, Notebook, program};

/// A user: a home folder and, where there is one, a keychain. What is left is read from the folder.
pub(crate) struct User {
    pub(crate) home: TempDir,
    keyring: Option<Keyring>,
    pub(crate) passphrase: Option<&'static str>,
}

impl User {
    /// One with a keychain.
    pub(crate) async fn with_keychain() -> Self {
        let home = tempfile::tempdir().unwrap();
        let keyring = Some(Keyring::start(home.path()).await);
        Self { home, keyring, passphrase: None }
    }

    /// One without a keychain, and perhaps with a passphrase in the environment.
    pub(crate) fn without_keychain(passphrase: Option<&'static str>) -> Self {
        Self { home: tempfile::tempdir().unwrap(), keyring: None, passphrase }
    }

    /// What leads a program of this user to the home folder and the keychain.
    pub(crate) fn environment(&self) -> Vec<(&str, &str)> {
        let bus = self.keyring.as_ref().map_or("unix:path=/nonexistent", |keyring| &keyring.address);
        let mut all = vec![("HOME", self.home.path().to_str().unwrap()), ("DBUS_SESSION_BUS_ADDRESS", bus)];
        all.extend(self.passphrase.map(|passphrase| ("CQLBOOK_VAULT_PASSPHRASE", passphrase)));
        all
    }

    /// A notebook of this user, with nothing else in its environment.
    pub(crate) async fn notebook(&self) -> Notebook {
        self.notebook_with(&[]).await
    }

    /// A notebook of this user, with more in its environment.
    pub(crate) async fn notebook_with<'a>(&'a self, more: &[(&'a str, &'a str)]) -> Notebook {
        let mut environment = self.environment();
        environment.extend(more);
        Notebook::open_with(&environment).await
    }

    /// A notebook in whose environment a database's fields are, but for its name.
    pub(crate) async fn notebook_of(&self, astra: &Astra) -> Notebook {
        let credentials = astra.credentials();
        self.notebook_with(&[
            ("ASTRA_DB_SECURE_BUNDLE_PATH", astra.bundle().to_str().unwrap()),
            ("ASTRA_DB_CLIENT_ID", &credentials.client_id),
            ("ASTRA_DB_CLIENT_SECRET", &credentials.secret),
        ])
        .await
    }

    /// `cqlbook connection …` of this user: whether it went well, and what it printed.
    pub(crate) async fn command(&self, words: &[&str], more: &[(&str, &str)]) -> (bool, String) {
        let mut command = Command::new(program());
        command.arg("connection").args(words).current_dir(self.home.path());
        for name in ASTRA {
            command.env_remove(name);
        }
        command.envs(self.environment()).envs(more.iter().copied()).stdin(std::process::Stdio::null());
        let output = command.output().await.unwrap();
        let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
        (output.status.success(), said)
    }

    /// The file of saved connections; empty where there is none.
    pub(crate) fn connections(&self) -> String {
        std::fs::read_to_string(self.connections_path()).unwrap_or_default()
    }

    /// Writes that file, as somebody does by hand.
    pub(crate) fn write_connections(&self, text: &str) {
        let path = self.connections_path();
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn connections_path(&self) -> PathBuf {
        self.home.path().join(".config/cqlbook/connections.toml")
    }

    /// The files under the home folder in which a text stands.
    pub(crate) fn files_with(&self, text: &str) -> Vec<PathBuf> {
        files_with(self.home.path(), text)
    }
}

/// The files under a folder in which a text stands.
pub(crate) fn files_with(folder: &Path, text: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_with(&path, text));
        } else if path.is_file()
            && std::fs::read(&path).unwrap().windows(text.len()).any(|window| window == text.as_bytes())
        {
            found.push(path);
        }
    }
    found
}
