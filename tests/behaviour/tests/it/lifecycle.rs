//! Start, restart, shutdown and death of the installed kernel, as its kernelspec starts it: nothing is left behind.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use cqlbook_sandbox::{Astra, Switch};
use cqlbook_wire::Channel::{Control, Heartbeat, IoPub, Shell, Stdin};
use cqlbook_wire::testing::{Frontend, KernelProcess, free_connection, write_connection_file};
use cqlbook_wire::{ConnectionFile, Transport};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;

use crate::notebook::{ASTRA, Notebook, database, failure, listeners, program, signal, until};

/// How long what must happen may take; only what does not happen takes so long.
const PATIENCE: Duration = Duration::from_secs(90);

/// The kernelspec's `argv`, as `cqlbook install` writes it.
fn argv() -> &'static [String] {
    static ARGV: OnceLock<Vec<String>> = OnceLock::new();
    ARGV.get_or_init(|| {
        let prefix = tempfile::tempdir().unwrap();
        let install = std::process::Command::new(program())
            .args(["install", "--prefix"])
            .arg(prefix.path())
            .env_remove("VIRTUAL_ENV")
            .output()
            .unwrap();
        assert!(install.status.success(), "{}", String::from_utf8_lossy(&install.stderr));
        let spec = prefix.path().join("share/jupyter/kernels/cql/kernel.json");
        let spec: Value = serde_json::from_slice(&std::fs::read(spec).unwrap()).unwrap();
        spec["argv"].as_array().unwrap().iter().map(|word| word.as_str().unwrap().to_owned()).collect()
    })
}

/// Folders of a user of one's own: home, temporary files, runtime files.
struct Folders(TempDir);

impl Folders {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["home", "tmp", "run"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The kernel as Jupyter starts it.
    fn command(&self, connection_file: &Path) -> Command {
        let file = connection_file.to_str().unwrap();
        let mut words = argv().iter().map(|word| word.replace("{connection_file}", file));
        let mut command = Command::new(words.next().unwrap());
        command.args(words).current_dir(self.path("home")).env("HOME", self.path("home"));
        command.env("TMPDIR", self.path("tmp")).env("XDG_RUNTIME_DIR", self.path("run"));
        for name in ASTRA {
            command.env_remove(name);
        }
        command
    }

    /// The kernel with the environment that is enough for `%connect astra --no-save`.
    fn command_for(&self, astra: &Astra, connection_file: &Path) -> Command {
        let mut command = self.command(connection_file);
        command.env("ASTRA_DB_SECURE_BUNDLE_PATH", astra.bundle());
        command.env("ASTRA_DB_APPLICATION_TOKEN", &astra.credentials().token);
        command
    }

    /// What a kernel that ended must not leave: temporary files and runtime files.
    fn left(&self) -> Vec<PathBuf> {
        let entries = ["tmp", "run"].map(|name| std::fs::read_dir(self.path(name)).unwrap());
        entries.into_iter().flatten().map(|entry| entry.unwrap().path()).collect()
    }
}

/// Processes whose command line names something.
fn processes_with(word: &str) -> Vec<String> {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let lines = processes.filter_map(|process| std::fs::read(process.path().join("cmdline")).ok());
    let lines = lines.map(|line| String::from_utf8_lossy(&line).replace('\0', " "));
    lines.filter(|line| line.contains(word)).collect()
}

/// Whether all five addresses are free again.
fn free(connection: &ConnectionFile) -> bool {
    [Shell, IoPub, Stdin, Control, Heartbeat].into_iter().all(|channel| {
        let endpoint = connection.endpoint(channel);
        match endpoint.strip_prefix("tcp://") {
            Some(address) => std::net::TcpListener::bind(address).is_ok(),
            None => !Path::new(endpoint.strip_prefix("ipc://").unwrap()).exists(),
        }
    })
}

async fn ok(frontend: &mut Frontend, cell: &str) {
    let exchange = frontend.execute(cell).await;
    assert_eq!(exchange.status(), "ok", "{cell}\n{}", exchange.transcript());
}

#[tokio::test]
async fn ten_restarts_at_the_same_addresses_during_a_query_leave_nothing() {
    let astra = database().await;
    let folders = Folders::new();
    for transport in [Transport::Tcp, Transport::Ipc] {
        let connection = free_connection(transport);
        for round in 0..10 {
            let mut named = String::new();
            let mut kernel = KernelProcess::spawn_at(connection.clone(), |file| {
                named = file.to_str().unwrap().to_owned();
                folders.command_for(&astra, file)
            });
            let mut frontend = Frontend::connect(&connection).await.with_patience(PATIENCE);
            ok(&mut frontend, "%connect astra --no-save").await;
            assert_eq!(processes_with(&named).len(), 1, "the kernel is one process");
            let own = if transport == Transport::Tcp { 5 } else { 0 };
            assert!(listeners(kernel.pid()) > own, "the connection has relays");

            astra.switch(Switch::Hanging).await.unwrap();
            let query = frontend.start("SELECT key FROM system.local").await;
            frontend.until(&query, |message| message.msg_type == "execute_input").await;
            // The last of each ten is for good.
            let goodbye = frontend.shutdown(round < 9).await;
            assert_eq!(goodbye.content()["restart"], round < 9);
            let query = frontend.finish(&query).await;
            assert_eq!(failure("SELECT", &query).0, "INTERRUPTED");
            assert!(query.iopub.last().unwrap().is_status("idle"));
            assert!(kernel.exited().await.success());
            assert_eq!(processes_with(&named), Vec::<String>::new());
            assert!(free(&connection), "an address is still taken");
            assert_eq!(folders.left(), Vec::<PathBuf>::new());
            astra.reset().await.unwrap();
        }
    }
}

#[tokio::test]
async fn closing_a_connection_closes_its_relays() {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    let pid = notebook.kernel.pid();
    let relays = listeners(pid) - 5;
    assert!(relays > 0);
    // Another connection takes the place of the first, whose relays go.
    for _ in 0..3 {
        notebook.ok("%connect astra --no-save").await;
    }
    until(PATIENCE, "the relays of old connections close", || listeners(pid) <= 5 + relays).await;
    notebook.ok("%disconnect").await;
    until(PATIENCE, "all relays close", || listeners(pid) == 5).await;
}

#[tokio::test]
async fn when_the_parent_is_gone_the_kernel_goes_whatever_it_does() {
    let astra = database().await;
    let query = ("SELECT key FROM system.local", "execute_input");
    let prompt = ("%connect cassandra --no-save --host 127.0.0.1 --user someone", "input_request");
    for busy in [None, Some(query), Some(prompt)] {
        let folders = Folders::new();
        let connection = free_connection(Transport::Tcp);
        let file = folders.path("kernel.json");
        write_connection_file(&connection, &file);
        let kernel = folders.command_for(&astra, &file);
        // A parent between this process and the kernel, which only waits.
        let mut parent = std::process::Command::new("sh");
        parent.args(["-c", "\"$@\" & wait", "sh"]).arg(kernel.as_std().get_program());
        parent.args(kernel.as_std().get_args()).env("JPY_PARENT_PID", "1");
        for (name, value) in kernel.as_std().get_envs() {
            match value {
                Some(value) => parent.env(name, value),
                None => parent.env_remove(name),
            };
        }
        let mut parent = parent.stdin(Stdio::null()).spawn().unwrap();
        let mut frontend = Frontend::connect(&connection).await.with_patience(PATIENCE);
        ok(&mut frontend, "%connect astra --no-save").await;
        if let Some((cell, there)) = busy {
            astra.switch(Switch::Hanging).await.unwrap();
            let cell = frontend.start(cell).await;
            frontend.until(&cell, |message| message.msg_type == there).await;
        }
        let named = file.to_str().unwrap();
        assert_eq!(processes_with(named).len(), 2, "the parent and the kernel");
        signal("KILL", parent.id());
        parent.wait().unwrap();
        until(PATIENCE, "the kernel goes", || processes_with(named).is_empty()).await;
        assert!(free(&connection));
        assert_eq!(folders.left(), Vec::<PathBuf>::new());
        astra.reset().await.unwrap();
    }
}

#[tokio::test]
async fn sigterm_during_a_query_is_a_shutdown() {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    astra.switch(Switch::Hanging).await.unwrap();
    let query = notebook.frontend.start("SELECT key FROM system.local").await;
    notebook.frontend.until(&query, |message| message.msg_type == "execute_input").await;
    notebook.signal("TERM");
    assert_eq!(failure("SELECT", &notebook.frontend.finish(&query).await).0, "INTERRUPTED");
    notebook.frontend.wait_for("the goodbye", |message| message.msg_type == "shutdown_reply").await;
    assert!(notebook.kernel.exited().await.success());
}

#[tokio::test]
async fn nothing_is_lost_at_the_end() {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    let mut cells = Vec::new();
    for _ in 0..20 {
        cells.push(notebook.frontend.start("SELECT * FROM system_schema.columns").await);
    }
    notebook.frontend.until(&cells[3], |message| message.msg_type == "execute_input").await;
    let goodbye = notebook.frontend.send(Control, "shutdown_request", json!({"restart": false})).await;
    for (index, cell) in cells.iter().enumerate() {
        // Run, interrupted or not begun: each is answered, what it showed is there, and idle is its last.
        let exchange = notebook.frontend.finish(cell).await;
        assert!(exchange.iopub.last().unwrap().is_status("idle"));
        match exchange.status() {
            "ok" => assert_eq!(exchange.published("execute_result").count(), 1, "cell {index}"),
            status => assert!(index >= 3 && ["error", "aborted"].contains(&status), "cell {index}: {status}"),
        }
    }
    notebook.frontend.finish(&goodbye).await;
    assert!(notebook.kernel.exited().await.success());
}

/// Starts the kernel with a connection file of this text and waits for its end.
async fn refused(text: &[u8]) -> Output {
    let folders = Folders::new();
    let file = folders.path("kernel.json");
    std::fs::write(&file, text).unwrap();
    ended(&folders, &file).await
}

async fn ended(folders: &Folders, file: &Path) -> Output {
    let mut command = folders.command(file);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
    tokio::time::timeout(PATIENCE, child.wait_with_output()).await.expect("the kernel ends").unwrap()
}

fn assert_refused(output: &Output, says: &str) {
    let line = String::from_utf8(output.stderr.clone()).unwrap();
    assert!(!output.status.success(), "{line}");
    assert!(line.starts_with("cqlbook: The connection file") && line.ends_with(".\n"), "{line:?}");
    assert_eq!(line.lines().count(), 1, "{line:?}");
    assert!(line.contains(says), "{says:?} is not in {line:?}");
    assert!(!line.contains("s3cret"), "a key is told: {line:?}");
    assert!(output.stdout.is_empty());
}

#[tokio::test]
async fn a_connection_file_that_cannot_be_used_is_one_clear_line_and_an_exit() {
    let file = json!({
        "transport": "tcp", "ip": "127.0.0.1", "key": "s3cret", "signature_scheme": "hmac-sha256",
        "shell_port": 1, "iopub_port": 2, "stdin_port": 3, "control_port": 4, "hb_port": 5,
    });
    let with = |name: &str, value: Value| {
        let mut file = file.clone();
        file[name] = value;
        file.to_string().into_bytes()
    };
    let whole = file.to_string().into_bytes();
    let mut missing = file.clone();
    missing.as_object_mut().unwrap().remove("control_port");
    let cases = [
        (with("curve_publickey", "s3cret".into()), "CURVE"),
        (with("curve_secretkey", json!({"s3cret": 1})), "CURVE"),
        (with("signature_scheme", "hmac-md5".into()), "`hmac-md5`"),
        (with("signature_scheme", "two\nlines".into()), r"`two\nlines`"),
        (with("transport", "smoke".into()), "`smoke`"),
        (with("key", 7.into()), "of the wrong kind"),
        (with("shell_port", "1".into()), "of the wrong kind"),
        (with("shell_port", 70_000.into()), "of the wrong kind"),
        (with("shell_port", 0.into()), "a port is 0"),
        (missing.to_string().into_bytes(), "a field is missing"),
        (whole[..whole.len() / 2].to_vec(), "it is not JSON"),
        (Vec::new(), "it is not JSON"),
        (b"\xff\xfe\x00".to_vec(), "cannot be read"),
    ];
    for (text, says) in cases {
        assert_refused(&refused(&text).await, says);
    }
    let folders = Folders::new();
    assert_refused(&ended(&folders, &folders.path("none.json")).await, "none.json cannot be read");
    assert_refused(&ended(&folders, &folders.path("home")).await, "cannot be read");
    assert_eq!(folders.left(), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn a_taken_port_is_one_clear_line_and_an_exit() {
    let connection = free_connection(Transport::Tcp);
    let _taken =
        std::net::TcpListener::bind(connection.endpoint(Shell).strip_prefix("tcp://").unwrap()).unwrap();
    let folders = Folders::new();
    let file = folders.path("kernel.json");
    write_connection_file(&connection, &file);
    let output = ended(&folders, &file).await;
    let line = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(line.starts_with("cqlbook: The shell socket cannot be opened at tcp://127.0.0.1:"), "{line}");
    assert_eq!(line.lines().count(), 1, "{line:?}");
}

#[tokio::test]
async fn odd_but_good_connection_files_work() {
    for transport in [Transport::Tcp, Transport::Ipc] {
        let folders = Folders::new();
        let file = folders.path("kernel ü 😀.json");
        let connection = free_connection(transport);
        write_connection_file(&connection, &file);
        let mut fields: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        fields["kernel_name"] = "кассандра 😀".into();
        fields["key"] = "".into();
        fields["curve_publickey"] = Value::Null;
        fields["of_the_future"] = json!([{"a": 1}]);
        std::fs::write(&file, fields.to_string()).unwrap();
        let connection = ConnectionFile::read(&file).unwrap();
        let mut kernel = folders.command(&file).kill_on_drop(true).spawn().unwrap();
        let mut frontend = Frontend::connect(&connection).await.with_patience(PATIENCE);
        ok(&mut frontend, "%set timezone UTC").await;
        frontend.shutdown(false).await;
        assert!(kernel.wait().await.unwrap().success());
        assert!(free(&connection));
    }
}
