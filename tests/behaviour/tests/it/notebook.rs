//! What the tests stand on: a kernel process with a frontend, in a folder of its own, and databases to connect to.

use std::path::PathBuf;
use std::time::Duration;

use cqlbook_sandbox::{Astra, AstraOptions, Sandbox};
use cqlbook_wire::testing::{Exchange, Frontend, KernelProcess, RequestId};
use cqlbook_wire::{Channel, Transport};
use serde_json::json;
use tempfile::TempDir;
use tokio::process::Command;

/// How long a cell may take before the test gives up; only a hang takes so long.
const PATIENCE: Duration = Duration::from_secs(90);

/// The environment variables that a developer's own shell may have set.
const ASTRA: [&str; 4] = [
    "ASTRA_DB_SECURE_BUNDLE_PATH",
    "ASTRA_DB_CLIENT_ID",
    "ASTRA_DB_CLIENT_SECRET",
    "ASTRA_DB_APPLICATION_TOKEN",
];

/// An open notebook.
pub(crate) struct Notebook {
    pub(crate) frontend: Frontend,
    pub(crate) kernel: KernelProcess,
    /// The notebook's folder, which is also its home and its temporary folder.
    pub(crate) folder: TempDir,
}

impl Notebook {
    /// A notebook with an environment that names no database.
    pub(crate) async fn open() -> Self {
        Self::open_with(&[]).await
    }

    /// A notebook with variables in its environment.
    pub(crate) async fn open_with(environment: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let kernel = KernelProcess::spawn(Transport::Tcp, |file| {
            let mut command = Command::new(program());
            command.args(["kernel", "--connection-file"]).arg(file).current_dir(folder.path());
            command.env("HOME", folder.path()).env("TMPDIR", folder.path());
            for name in ASTRA {
                command.env_remove(name);
            }
            command.envs(environment.iter().copied());
            command
        });
        let frontend = Frontend::connect(kernel.connection()).await.with_patience(PATIENCE);
        Self { frontend, kernel, folder }
    }

    /// A notebook that is connected to `astra`, in its keyspace.
    pub(crate) async fn connected(astra: &Astra) -> Self {
        let bundle = astra.bundle().to_str().expect("a path in UTF-8");
        let token = &astra.credentials().token;
        let mut notebook = Self::open_with(&[
            ("ASTRA_DB_SECURE_BUNDLE_PATH", bundle),
            ("ASTRA_DB_APPLICATION_TOKEN", token),
        ])
        .await;
        notebook.ok(&format!("%connect astra --no-save --keyspace {}", astra.keyspace())).await;
        notebook
    }

    /// Runs a cell.
    pub(crate) async fn run(&mut self, cell: &str) -> Exchange {
        self.frontend.execute(cell).await
    }

    /// Runs a cell that must succeed.
    pub(crate) async fn ok(&mut self, cell: &str) -> Exchange {
        let exchange = self.run(cell).await;
        assert_eq!(exchange.status(), "ok", "{cell}\n{}", exchange.transcript());
        exchange
    }

    /// Runs a cell that must fail, and gives the error as (name, all of its traceback without colours).
    pub(crate) async fn error(&mut self, cell: &str) -> (String, String) {
        let exchange = self.run(cell).await;
        failure(cell, &exchange)
    }

    /// Starts a cell with prompts switched off, as `nbclient` does.
    pub(crate) async fn start_without_prompts(&mut self, cell: &str) -> RequestId {
        let content = json!({"code": cell, "silent": false, "store_history": true, "allow_stdin": false});
        self.frontend.send(Channel::Shell, "execute_request", content).await
    }
}

/// The error of an exchange, as (name, all of its traceback without colours).
pub(crate) fn failure(cell: &str, exchange: &Exchange) -> (String, String) {
    assert_eq!(exchange.status(), "error", "{cell}\n{}", exchange.transcript());
    assert_eq!(exchange.published("error").count(), 1, "exactly one error message");
    let content = exchange.content();
    let lines: Vec<_> = content["traceback"]
        .as_array()
        .expect("a traceback")
        .iter()
        .filter_map(|line| line.as_str())
        .collect();
    (content["ename"].as_str().expect("a name").to_owned(), plain(&lines.join("\n")))
}

/// Text without its ANSI colours.
pub(crate) fn plain(text: &str) -> String {
    let mut out = String::new();
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character == '\u{1b}' {
            characters.by_ref().find(char::is_ascii_alphabetic);
        } else {
            out.push(character);
        }
    }
    out
}

/// A database of the test's own.
pub(crate) async fn database() -> Astra {
    database_with(AstraOptions::default()).await
}

/// A database of the test's own, made to order.
pub(crate) async fn database_with(options: AstraOptions) -> Astra {
    let sandbox = Sandbox::shared().await.expect("the sandbox starts");
    sandbox.astra(options).await.expect("a front opens")
}

/// The program under test, beside the tests in the target folder.
pub(crate) fn program() -> PathBuf {
    let tests = std::env::current_exe().expect("the test's own path");
    let folder = tests.ancestors().nth(2).expect("target/debug/deps/it");
    let program = folder.join(format!("cqlbook{}", std::env::consts::EXE_SUFFIX));
    assert!(program.exists(), "{} is missing: run `cargo build --package cqlbook` first", program.display());
    program
}
