//! What frontends send and expect, and several of them at one kernel with a database behind: one of them stopped, one that
//! sends garbage, one that asks for what the protocol allows and few use.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use cqlbook_wire::Channel::{self, Control, Heartbeat, IoPub, Shell, Stdin};
use cqlbook_wire::ConnectionFile;
use cqlbook_wire::testing::{Frontend, Received, write_connection_file};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::notebook::{Notebook, database, failure, signal};

/// The variable that makes this test program a frontend that waits for the cell `%set timezone UTC`.
const LISTEN: &str = "CQLBOOK_TEST_LISTEN";

const PATIENCE: Duration = Duration::from_secs(90);

async fn another(notebook: &Notebook) -> Frontend {
    Frontend::connect(notebook.kernel.connection()).await.with_patience(PATIENCE)
}

#[tokio::test]
async fn two_share_a_kernel_and_its_connection() {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    let mut other = another(&notebook).await;
    let created = other.execute("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t (id) VALUES (7)").await;
    assert_eq!(created.status(), "ok", "{}", created.transcript());
    let request = notebook.frontend.start("SELECT * FROM t").await;
    // Both see the rows, with the parent of the one who asked.
    let seen = other.until(&request, |message| message.msg_type == "execute_result").await;
    let rows = notebook.frontend.finish(&request).await;
    assert!(rows.plain()[0].contains('7'), "{}", rows.transcript());
    assert_eq!(seen.text("/data/text~1plain"), rows.plain()[0]);
    assert_eq!(rows.content()["execution_count"], 3, "one count for all");

    // Each gets the replies and prompts of its own requests only.
    let request = other.start("DROP TABLE t").await;
    let prompt = other.until(&request, |message| message.msg_type == "input_request").await;
    notebook.frontend.send_answer("n", Some(&prompt)).await;
    other.send_answer("y", Some(&prompt)).await;
    assert_eq!(other.finish(&request).await.status(), "ok");
    let rest = notebook.frontend.rest(Duration::from_millis(200)).await;
    assert!(rest.iter().all(|message| message.channel == IoPub), "{rest:#?}");
}

/// Rows whose table is a few megabytes when it is drawn, kept as `_`.
async fn many_rows(notebook: &mut Notebook) {
    notebook.ok("CREATE TABLE t (k int, c int, v text, PRIMARY KEY (k, c))").await;
    let text = "x".repeat(500);
    let csv: String = (0..3_000).map(|c| format!("1,{c},{text}\n")).collect();
    std::fs::write(notebook.folder.path().join("t.csv"), format!("k,c,v\n{csv}")).unwrap();
    notebook.ok("%import t.csv INTO t").await;
    notebook.ok("SELECT * FROM t WHERE k = 1").await;
}

#[tokio::test]
async fn a_hundred_megabytes_of_tables_past_a_stopped_frontend() {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    many_rows(&mut notebook).await;
    let drawn = notebook.ok("%show _ --rows 3000").await;
    let size: usize = drawn.iopub.iter().map(|message| message.content.to_string().len()).sum();
    let times = 100_000_000 / size + 1;
    let (mut stopped, mut said) = listener(&notebook);
    signal("STOP", stopped.id());

    let before = notebook.peak_bytes() >> 20;
    let cell = notebook.ok(&"%show _ --rows 3000\n".repeat(times)).await;
    let output: usize = cell.iopub.iter().map(|message| message.content.to_string().len()).sum();
    assert!(output > 100_000_000, "{output} bytes");
    assert_eq!(cell.html().len(), times, "every table came");
    assert!(cell.iopub.last().unwrap().is_status("idle"));
    let grown = (notebook.peak_bytes() >> 20) - before;
    assert!(grown < 70, "the kernel grew by {grown} MB over {output} bytes of output");

    notebook.ok("%set timezone UTC").await;
    signal("CONT", stopped.id());
    assert!(said.any(|line| line.contains("saw the last cell end")), "the stopped one goes on");
    assert!(stopped.wait().unwrap().success());
}

/// This program again, as a frontend: it runs the one test below. Returns when it listens.
fn listener(notebook: &Notebook) -> (std::process::Child, impl Iterator<Item = String> + use<>) {
    let file = notebook.folder.path().join("listener.json");
    write_connection_file(notebook.kernel.connection(), &file);
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "frontends::a_frontend_of_its_own", "--test-threads=1", "--nocapture"]);
    let mut child = command.env(LISTEN, file).stdout(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    assert!(said.any(|line| line.contains("listening")));
    (child, said)
}

/// Not a test by itself: a frontend for the test above.
#[tokio::test]
async fn a_frontend_of_its_own() {
    let Some(path) = std::env::var_os(LISTEN) else { return };
    let connection = ConnectionFile::read(Path::new(&path)).unwrap();
    let mut frontend = Frontend::connect(&connection).await.with_patience(PATIENCE);
    let mut say = std::io::stdout();
    writeln!(say, "listening").unwrap();
    let last = |message: &Received| message.text("/code") == "%set timezone UTC";
    let last = frontend.wait_for("the last cell", last).await;
    let ended = |message: &Received| message.is_status("idle") && message.parent_id() == last.parent_id();
    frontend.wait_for("its idle", ended).await;
    writeln!(say, "saw the last cell end").unwrap();
}

#[tokio::test]
async fn garbage_on_every_socket_while_a_query_runs() {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    astra.switch(cqlbook_sandbox::Switch::Slow { ms: 1000 }).await.unwrap();
    let query = notebook.frontend.start("SELECT key FROM system.local; SELECT key FROM system.local").await;
    notebook.frontend.until(&query, |message| message.msg_type == "execute_input").await;
    let connection = notebook.kernel.connection();
    // A greeting of ZMTP 3.0, and then a frame that claims to be of 2^62 bytes.
    let mut greeting = vec![0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 0];
    greeting.extend(b"NULL");
    greeting.resize(64, 0);
    let oversized = [&greeting[..], &[2], &(1u64 << 62).to_be_bytes()].concat();
    for channel in [Shell, Control, Stdin, IoPub, Heartbeat] {
        for garbage in [&oversized[..], &b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(4)] {
            hung_up(connection, channel, garbage).await;
        }
    }
    let beat: Vec<u8> = (0..=255).collect();
    assert_eq!(notebook.frontend.ping(&beat).await, beat);
    let query = notebook.frontend.finish(&query).await;
    assert_eq!(query.status(), "ok", "{}", query.transcript());
}

/// Sends what no frontend sends; the kernel closes the connection.
async fn hung_up(connection: &ConnectionFile, channel: Channel, garbage: &[u8]) {
    let endpoint = connection.endpoint(channel);
    let mut stream = TcpStream::connect(endpoint.strip_prefix("tcp://").unwrap()).await.unwrap();
    stream.write_all(garbage).await.unwrap();
    let mut sink = Vec::new();
    let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut sink)).await;
    // End of stream or a reset; both are the kernel hanging up.
    assert!(read.is_ok(), "{channel} kept the connection");
}

#[tokio::test]
async fn the_cells_behind_a_failure_are_aborted_and_what_comes_after_runs() {
    let mut notebook = Notebook::open().await;
    let failing = notebook.frontend.start("%connect astra --name x --client-id y").await;
    notebook.frontend.until(&failing, |message| message.msg_type == "input_request").await;
    let behind = [notebook.frontend.start("%set").await, notebook.frontend.start("%results").await];
    let info = notebook.frontend.send(Shell, "kernel_info_request", json!({})).await;
    crate::subshells::fence(&mut notebook).await;
    notebook.frontend.interrupt().await;
    assert_eq!(failure("%connect", &notebook.frontend.finish(&failing).await).0, "INTERRUPTED");
    for cell in behind {
        let exchange = notebook.frontend.finish(&cell).await;
        assert_eq!(exchange.status(), "aborted");
        assert_eq!(exchange.iopub.len(), 2, "busy and idle: {}", exchange.transcript());
    }
    assert_eq!(notebook.frontend.finish(&info).await.status(), "ok", "only cells are aborted");
    assert_eq!(notebook.ok("%set timezone UTC").await.content()["execution_count"], 2);
}

#[tokio::test]
async fn with_stop_on_error_off_in_the_request_the_cells_behind_run() {
    let mut notebook = Notebook::open().await;
    let content = json!({"code": "%connect astra", "allow_stdin": true, "stop_on_error": false});
    let failing = notebook.frontend.send(Shell, "execute_request", content).await;
    notebook.frontend.until(&failing, |message| message.msg_type == "input_request").await;
    let behind = notebook.frontend.start("%set timezone UTC").await;
    crate::subshells::fence(&mut notebook).await;
    notebook.frontend.interrupt().await;
    assert_eq!(notebook.frontend.finish(&failing).await.status(), "error");
    assert_eq!(notebook.frontend.finish(&behind).await.status(), "ok");
}

async fn execute(notebook: &mut Notebook, content: Value) -> cqlbook_wire::testing::Exchange {
    notebook.frontend.request(Shell, "execute_request", content).await
}

#[tokio::test]
async fn silent_cells_show_and_count_nothing_and_keep_what_they_did() {
    let mut notebook = Notebook::open().await;
    let cell = execute(&mut notebook, json!({"code": "%set timezone Europe/Berlin", "silent": true})).await;
    assert_eq!(cell.transcript(), "iopub: status busy\niopub: status idle\nshell: execute_reply ok [0]\n");
    let failed = json!({"code": "SELECT 1", "silent": true, "store_history": true});
    let cell = execute(&mut notebook, failed).await;
    assert_eq!(cell.content()["ename"], "NOT_CONNECTED");
    assert_eq!(cell.iopub.len(), 2, "{}", cell.transcript());
    let cell = execute(&mut notebook, json!({"code": "%set timezone", "store_history": false})).await;
    assert_eq!(cell.content()["execution_count"], 0);
    assert!(cell.transcript().contains("Europe/Berlin"), "{}", cell.transcript());
    assert_eq!(notebook.ok("%set timezone").await.content()["execution_count"], 1);
}

#[tokio::test]
async fn user_expressions_are_each_answered_and_fail_no_cell() {
    let mut notebook = Notebook::open().await;
    let content = json!({"code": "%set timezone UTC", "user_expressions": {"a": "1 + 1", "b": "_"}});
    let cell = execute(&mut notebook, content).await;
    assert_eq!(cell.status(), "ok");
    assert_eq!(cell.published("error").count(), 0);
    let expressions = cell.content()["user_expressions"].as_object().unwrap();
    assert_eq!(expressions.len(), 2);
    for answer in expressions.values() {
        // The protocol: each is an output, or an error in three parts.
        assert_eq!(answer["status"], "error");
        assert!(
            answer["evalue"].as_str().unwrap().ends_with('.') && answer["traceback"].is_array(),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn cursors_are_counted_in_code_points() {
    let mut notebook = Notebook::open().await;
    // 😀 is one code point, two UTF-16 units and four bytes.
    let code = "-- 😀 e\u{301}\n%conn";
    let end = code.chars().count();
    for cursor in [end, end + 1, end + 5, 1 << 40] {
        let request = json!({"code": code, "cursor_pos": cursor});
        let reply = notebook.frontend.request(Shell, "complete_request", request).await;
        let content = reply.content();
        let matches = content["matches"].as_array().unwrap();
        assert!(
            matches.iter().any(|one| one.as_str().unwrap().contains("connect")),
            "at {cursor}: {content}"
        );
        assert_eq!(content["cursor_end"], end, "at {cursor}: {content}");
        let start = usize::try_from(content["cursor_start"].as_u64().unwrap()).unwrap();
        let replaced: String = code.chars().skip(start).collect();
        assert!(["%conn", "conn"].contains(&replaced.as_str()), "{replaced:?}");
    }
    let code = "-- 😀😀\n%connect";
    for cursor in [code.chars().count() - 2, code.chars().count(), code.chars().count() + 2] {
        let request = json!({"code": code, "cursor_pos": cursor, "detail_level": 0});
        let reply = notebook.frontend.request(Shell, "inspect_request", request).await;
        assert_eq!(reply.content()["found"], true, "at {cursor}");
        assert!(reply.content()["data"]["text/plain"].as_str().unwrap().contains("%connect"));
    }
    // Every place of a text full of them has an answer.
    let code = "SELECT '😀👩‍🚀e\u{301}' FROM 😀.t WHERE \"👩‍🚀\" = 1";
    for cursor in 0..=code.chars().count() {
        for request in ["complete_request", "inspect_request"] {
            let content = json!({"code": code, "cursor_pos": cursor});
            let reply = notebook.frontend.request(Shell, request, content).await;
            assert_eq!(reply.status(), "ok", "{request} at {cursor}: {}", reply.content());
        }
    }
}

#[tokio::test]
async fn comms_are_closed_at_once() {
    let mut notebook = Notebook::open().await;
    let open = json!({"comm_id": "c1", "target_name": "jupyter.widget", "data": {}});
    let opened = notebook.frontend.request(Shell, "comm_open", open).await;
    let closed: Vec<_> = opened.published("comm_close").map(|message| message.text("/comm_id")).collect();
    assert_eq!(closed, ["c1"]);
    let info = notebook.frontend.request(Shell, "comm_info_request", json!({"target_name": "x"})).await;
    assert_eq!(info.content(), &json!({"status": "ok", "comms": {}}));
}

#[tokio::test]
async fn a_late_answer_to_an_interrupted_prompt_is_no_answer_to_the_next() {
    let mut notebook = Notebook::open().await;
    let asked = |message: &Received| message.msg_type == "input_request";
    notebook.frontend.send_answer("nobody asked", None).await;
    let first = notebook.frontend.start("%connect astra").await;
    let first_prompt = notebook.frontend.until(&first, asked).await;
    notebook.frontend.interrupt().await;
    notebook.frontend.finish(&first).await;
    let second = notebook.frontend.start("%connect astra").await;
    let second_prompt = notebook.frontend.until(&second, asked).await;
    notebook.frontend.send_answer("late", Some(&first_prompt)).await;
    notebook.frontend.send_answer("in time", Some(&second_prompt)).await;
    notebook.frontend.until(&second, asked).await;
    let control = notebook.frontend.request(Control, "interrupt_request", json!({})).await;
    assert_eq!(control.status(), "ok");
    assert_eq!(failure("%connect", &notebook.frontend.finish(&second).await).0, "INTERRUPTED");
}
