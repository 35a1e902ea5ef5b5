//! A failure's whole message, with what differs from run to run replaced, and what holds for every message checked.

use std::sync::LazyLock;

use cqlbook_sandbox::{Astra, AstraOptions};
use cqlbook_wire::testing::Exchange;
use regex::Regex;

use crate::notebook::{Notebook, database_with, failure};

/// A database and a notebook.
pub(super) struct Case {
    pub(super) astra: Astra,
    pub(super) notebook: Notebook,
}

impl Case {
    /// A notebook whose environment leads to a database of its own, not yet connected.
    pub(super) async fn open() -> Self {
        Self::open_with(AstraOptions::default()).await
    }

    /// The same, with a database made to order.
    pub(super) async fn open_with(options: AstraOptions) -> Self {
        let astra = database_with(options).await;
        let notebook = Notebook::open_with(&[
            ("ASTRA_DB_SECURE_BUNDLE_PATH", astra.bundle().to_str().unwrap()),
            ("ASTRA_DB_APPLICATION_TOKEN", &astra.credentials().token),
        ])
        .await;
        // For a bundle that a line names: the environment's own are for the environment's bundle alone.
        let credentials = astra.credentials();
        let token = format!(
            "{{\"clientId\": \"{}\", \"secret\": \"{}\"}}",
            credentials.client_id, credentials.secret
        );
        std::fs::write(notebook.folder.path().join("token.json"), token).unwrap();
        Self { astra, notebook }
    }

    /// A notebook that is connected to a database of its own, in its keyspace.
    pub(super) async fn connected() -> Self {
        let mut case = Self::open().await;
        let keyspace = case.astra.keyspace().to_owned();
        case.notebook.ok(&format!("%connect astra --no-save --keyspace {keyspace}")).await;
        case
    }

    /// A notebook that is connected by the Client ID, whose role is this database's alone.
    pub(super) async fn connected_by_client_id(options: AstraOptions) -> Self {
        let astra = database_with(options).await;
        let credentials = astra.credentials();
        let mut notebook = Notebook::open_with(&[
            ("ASTRA_DB_SECURE_BUNDLE_PATH", astra.bundle().to_str().unwrap()),
            ("ASTRA_DB_CLIENT_ID", &credentials.client_id),
            ("ASTRA_DB_CLIENT_SECRET", &credentials.secret),
        ])
        .await;
        notebook.ok(&format!("%connect astra --no-save --keyspace {}", astra.keyspace())).await;
        Self { astra, notebook }
    }

    /// Runs a cell that must fail, and gives what the user is told.
    pub(super) async fn told(&mut self, cell: &str) -> String {
        let exchange = self.notebook.run(cell).await;
        self.kept(cell, &exchange)
    }

    /// Runs cells that must all fail, and gives what the user is told of each.
    pub(super) async fn told_each(&mut self, cells: impl IntoIterator<Item = impl AsRef<str>>) -> String {
        let mut told = Vec::new();
        for cell in cells {
            told.push(self.told(cell.as_ref()).await);
        }
        told.join("\n\n")
    }

    /// What an exchange tells the user who ran `cell`.
    ///
    /// # Panics
    /// When the message lacks a part that every message has, or repeats a secret.
    pub(super) fn kept(&self, cell: &str, exchange: &Exchange) -> String {
        let secret = &self.astra.credentials();
        let everything = format!("{exchange:?}");
        for secret in [secret.secret.as_str(), secret.token.as_str(), "PRIVATE KEY"] {
            assert!(!everything.contains(secret), "{cell}: a secret is repeated");
        }
        let folder = self.notebook.folder.path().canonicalize().unwrap();
        let info = self.astra.info();
        let own = [
            (self.astra.bundle().to_str().unwrap(), "BUNDLE.zip"),
            (folder.to_str().unwrap(), "FOLDER"),
            (self.notebook.folder.path().to_str().unwrap(), "FOLDER"),
            (self.astra.keyspace(), "KEYSPACE"),
            (&info.client_id, "CLIENT-ID"),
        ];
        own.iter().fold(kept(cell, exchange), |text, (found, name)| text.replace(found, name))
    }
}

/// What an exchange tells the user who ran `cell`, without what differs from run to run.
fn kept(cell: &str, exchange: &Exchange) -> String {
    let (code, text) = failure(cell, exchange);
    let content = exchange.content();
    let (first, rest) = text.split_once('\n').unwrap_or((&text, ""));
    assert_eq!(
        first,
        format!("{code}: {}", content["evalue"].as_str().unwrap()),
        "what a log shows is the first line"
    );
    assert!(first.ends_with('.'), "a sentence: {first}");
    assert!(!rest.starts_with('\n'), "{cell}: it says no cause: {text}");
    let next: Vec<_> = text.lines().filter(|line| line.starts_with("→ ")).collect();
    // Who interrupts knows what to do next.
    assert!(!next.is_empty() || code == "INTERRUPTED", "{cell}: it says no next step: {text}");
    assert!(
        next.iter().all(|line| line.ends_with(['.', '?', '`'])),
        "{cell}: neither a sentence nor a line: {next:?}"
    );
    assert!(!text.contains(|c: char| c.is_control() && c != '\n'), "{cell}: {text:?}");
    FILTERS.iter().fold(text, |text, (pattern, name)| pattern.replace_all(&text, *name).into_owned())
}

/// What differs from run to run, and what stands in its place.
static FILTERS: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    [
        (r"localhost:[0-9]+", "HOST:PORT"),
        (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "HOST-ID"),
        (r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2} UTC", "TIME"),
        (r"The system says: [^.]+\.", "The system says: REASON."),
        (r"127\.[0-9]+\.[0-9]+\.[0-9]+:[0-9]+", "NODE:PORT"),
    ]
    .into_iter()
    .map(|(pattern, name)| (Regex::new(pattern).unwrap(), name))
    .collect()
});
