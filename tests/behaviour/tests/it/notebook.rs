//! What the tests stand on: a kernel process with a frontend, in a folder of its own, and databases to connect to.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use cqlbook_sandbox::{Astra, AstraOptions, Sandbox};
use cqlbook_wire::testing::{Exchange, Frontend, KernelProcess, RequestId};
use cqlbook_wire::{Channel, Transport};
use serde_json::json;
use tempfile::TempDir;
use tokio::process::Command;

/// How long a cell may take before the test gives up; only a hang takes so long.
const PATIENCE: Duration = Duration::from_secs(90);

/// The environment variables that a developer's own shell may have set.
pub(crate) const ASTRA: [&str; 4] = [
    "ASTRA_DB_SECURE_BUNDLE_PATH",
    "ASTRA_DB_CLIENT_ID",
    "ASTRA_DB_CLIENT_SECRET",
    "ASTRA_DB_APPLICATION_TOKEN",
];

/// What would lead a kernel out of its home folder: to a developer's own history, connections and keychain.
const OF_USER: [&str; 5] = [
    "CQLBOOK_HISTORY",
    "CQLBOOK_VAULT_PASSPHRASE",
    "DBUS_SESSION_BUS_ADDRESS",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
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
        Self::open_by(&program(), environment).await
    }

    /// A notebook of a program that is not the one beside the tests.
    pub(crate) async fn open_by(program: &Path, environment: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let kernel = KernelProcess::spawn(Transport::Tcp, |file| {
            let mut command = Command::new(program);
            command.args(["kernel", "--connection-file"]).arg(file).current_dir(folder.path());
            command.env("HOME", folder.path()).env("TMPDIR", folder.path());
            for name in ASTRA.into_iter().chain(OF_USER) {
                command.env_remove(name);
            }
            command.envs(environment.iter().copied());
            command
        });
        let frontend = Frontend::connect(kernel.connection()).await.with_patience(PATIENCE);
        Self { frontend, kernel, folder }
    }

    /// A notebook with the environment that is enough for `%connect astra --no-save`.
    pub(crate) async fn open_for(astra: &Astra) -> Self {
        let bundle = astra.bundle().to_str().expect("a path in UTF-8");
        let token = &astra.credentials().token;
        Self::open_with(&[("ASTRA_DB_SECURE_BUNDLE_PATH", bundle), ("ASTRA_DB_APPLICATION_TOKEN", token)])
            .await
    }

    /// A notebook that is connected to `astra`, in its keyspace.
    pub(crate) async fn connected(astra: &Astra) -> Self {
        let mut notebook = Self::open_for(astra).await;
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
        let status = exchange.status();
        assert_eq!(status, "ok", "{cell}\n{}\n{}", exchange.transcript(), traceback(&exchange));
        exchange
    }

    /// Runs a cell that must fail, and gives the error as (name, all of its traceback without colours).
    pub(crate) async fn error(&mut self, cell: &str) -> (String, String) {
        let exchange = self.run(cell).await;
        failure(cell, &exchange)
    }

    /// The most memory that the kernel has had, in bytes.
    pub(crate) fn peak_bytes(&self) -> u64 {
        let peak = cqlbook_fuzz::peak_bytes(self.kernel.pid());
        assert!(peak > 0, "the system says how much memory the kernel has had");
        peak
    }

    /// Sends the kernel a signal, by its name without SIG.
    pub(crate) fn signal(&self, name: &str) {
        signal(name, self.kernel.pid());
    }

    /// Starts a cell with prompts switched off, as `nbclient` does.
    pub(crate) async fn start_without_prompts(&mut self, cell: &str) -> RequestId {
        let content = json!({"code": cell, "silent": false, "store_history": true, "allow_stdin": false});
        self.frontend.send(Channel::Shell, "execute_request", content).await
    }
}

/// Sends a process a signal, by its name without SIG.
pub(crate) fn signal(name: &str, pid: u32) {
    let sent = std::process::Command::new("kill").args([&format!("-{name}"), &pid.to_string()]).status();
    assert!(sent.expect("kill runs").success(), "SIG{name} to {pid}");
}

/// Waits for what comes by itself, but no longer than `patience`.
pub(crate) async fn until(patience: Duration, what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + patience;
    while !holds() {
        assert!(Instant::now() < deadline, "{what}: not in {patience:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// How many TCP ports a process listens at. Linux only, as the sandbox is.
pub(crate) fn listeners(pid: u32) -> usize {
    let links = std::fs::read_dir(format!("/proc/{pid}/fd")).expect("the process lives");
    let sockets: std::collections::HashSet<String> = links
        .filter_map(|link| std::fs::read_link(link.ok()?.path()).ok())
        .filter_map(|to| Some(to.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned()))
        .collect();
    let tables = ["tcp", "tcp6"].map(|table| std::fs::read_to_string(format!("/proc/{pid}/net/{table}")));
    let tables = tables.into_iter().flatten().collect::<String>();
    // Columns of proc(5): the fourth is the state, 0A for a listener, the tenth the socket's inode.
    let rows = tables.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    rows.filter(|row| row.get(3) == Some(&"0A") && row.get(9).is_some_and(|inode| sockets.contains(*inode)))
        .count()
}

/// The error of an exchange, as (name, all of its traceback without colours).
pub(crate) fn failure(cell: &str, exchange: &Exchange) -> (String, String) {
    assert_eq!(exchange.status(), "error", "{cell}\n{}", exchange.transcript());
    assert_eq!(exchange.published("error").count(), 1, "exactly one error message");
    (exchange.content()["ename"].as_str().expect("a name").to_owned(), traceback(exchange))
}

/// What an error said, without its colours; empty where there was none.
fn traceback(exchange: &Exchange) -> String {
    let lines = exchange.content()["traceback"].as_array().into_iter().flatten();
    plain(&lines.filter_map(|line| line.as_str()).collect::<Vec<_>>().join("\n"))
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
