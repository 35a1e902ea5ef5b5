//! Where saved connections and sealed keys lie on each system.

use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;

/// The folders of this program. Nothing is made until something is saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// For what a person may read and edit: `connections.toml`.
    pub config: PathBuf,
    /// For what is sealed: the key pair and, where there is no keychain, the vault file.
    pub data: PathBuf,
}

impl Paths {
    /// The user's own folders: `~/.config/cqlbook` and `~/.local/share/cqlbook` (or what XDG's variables say), on macOS
    /// `~/Library/Application Support/cqlbook`, on Windows `%APPDATA%\cqlbook`. `None` where the home folder is unknown.
    pub fn of_user() -> Option<Self> {
        let (config, data) = if cfg!(target_os = "macos") {
            let folder = etcetera::home_dir().ok()?.join("Library").join("Application Support");
            (folder.clone(), folder)
        } else {
            let strategy = etcetera::choose_base_strategy().ok()?;
            (strategy.config_dir(), strategy.data_dir())
        };
        Some(Self { config: config.join("cqlbook"), data: data.join("cqlbook") })
    }

    /// Both in one folder.
    pub fn within(folder: &Path) -> Self {
        Self { config: folder.join("config"), data: folder.join("data") }
    }

    /// The file of saved connections.
    pub fn connections(&self) -> PathBuf {
        self.config.join("connections.toml")
    }

    /// The file of the key pair, its private half sealed.
    pub fn keys(&self) -> PathBuf {
        self.data.join("keys.toml")
    }

    /// The file that stands in for a keychain, sealed under a passphrase.
    pub fn vault_file(&self) -> PathBuf {
        self.data.join("vault.toml")
    }
}
