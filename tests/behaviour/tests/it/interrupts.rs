//! Stop: by a message and by SIGINT, at every place where a cell can wait. Afterwards the next cell is answered and no output
//! says that something still goes on.

use std::time::{Duration, Instant};

use cqlbook_sandbox::{Astra, SniAnswer, Switch};
use cqlbook_wire::testing::{Exchange, Received, RequestId};

use crate::notebook::{Notebook, database, failure, listeners};

/// A cell that does not listen is dropped after ten seconds; whatever takes less was stopped.
const AT_ONCE: Duration = Duration::from_secs(8);

/// The two ways to interrupt a kernel.
const WAYS: [Way; 2] = [Way::Message, Way::Signal];

#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    Message,
    Signal,
}

async fn interrupt(notebook: &mut Notebook, way: Way) {
    match way {
        Way::Message => drop(notebook.frontend.interrupt().await),
        Way::Signal => notebook.signal("INT"),
    }
}

/// Starts a cell, interrupts it once it has come to the place that `there` knows, and checks what is left.
async fn interrupted(
    notebook: &mut Notebook,
    cell: &str,
    way: Way,
    there: impl Fn(&Received) -> bool,
) -> Exchange {
    let request = notebook.frontend.start(cell).await;
    let seen = notebook.frontend.until(&request, there).await;
    stopped(notebook, cell, &request, seen, way).await
}

/// Interrupts a cell of which `seen` was read.
async fn stopped(
    notebook: &mut Notebook,
    cell: &str,
    request: &RequestId,
    seen: Received,
    way: Way,
) -> Exchange {
    let asked = Instant::now();
    interrupt(notebook, way).await;
    let mut exchange = notebook.frontend.finish(request).await;
    exchange.iopub.push(seen);
    exchange.iopub.sort_by_key(|message| message.at);
    assert_eq!(failure(cell, &exchange).0, "INTERRUPTED", "{cell} by {way:?}");
    assert!(
        asked.elapsed() < AT_ONCE,
        "{cell} by {way:?} was dropped and not stopped: {:?}",
        asked.elapsed()
    );
    for output in last_outputs(&exchange) {
        assert!(
            !output.contains("<progress"),
            "{cell} by {way:?} leaves a bar that goes on for ever: {output}"
        );
        assert!(!output.contains("so far") || output.contains("Stopped."), "{cell} by {way:?}: {output}");
    }
    let asked = Instant::now();
    notebook.ok("%set display_rows").await;
    assert!(asked.elapsed() < AT_ONCE, "the next cell waited: {:?}", asked.elapsed());
    exchange
}

/// The HTML of a cell's outputs as they are in the end: an update replaces what its output showed.
fn last_outputs(exchange: &Exchange) -> Vec<String> {
    let mut outputs: Vec<(String, String)> = Vec::new();
    for message in &exchange.iopub {
        let html = message.text("/data/text~1html").to_owned();
        let id = message.text("/transient/display_id").to_owned();
        match message.msg_type.as_str() {
            "display_data" | "execute_result" => outputs.push((id, html)),
            "update_display_data" => {
                let shown = outputs.iter_mut().find(|(known, _)| *known == id);
                shown.expect("an update of an output of this cell").1 = html;
            }
            _ => {}
        }
    }
    outputs.into_iter().map(|(_, html)| html).collect()
}

fn running(message: &Received) -> bool {
    message.msg_type == "execute_input"
}

fn says(text: &'static str) -> impl Fn(&Received) -> bool {
    move |message| message.text("/data/text~1plain").contains(text)
}

#[tokio::test]
async fn an_idle_kernel_survives_any_number_of_them() {
    let mut notebook = Notebook::open().await;
    for _ in 0..3 {
        assert_eq!(notebook.frontend.interrupt().await.status(), "ok");
    }
    notebook.ok("%set timezone UTC").await;
    for _ in 0..3 {
        notebook.signal("INT");
    }
    // Nothing tells when a signal has arrived: each of them may still hit a cell, and no more than one.
    let mut hit = 0;
    while notebook.run("%set timezone UTC").await.status() != "ok" {
        hit += 1;
        assert!(hit <= 3, "interrupted for the fourth time");
    }
}

#[tokio::test]
async fn a_running_query_by_one_and_by_two_in_a_row() {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    for way in WAYS {
        astra.switch(Switch::Hanging).await.unwrap();
        interrupted(&mut notebook, "SELECT key FROM system.local", way, running).await;
        let cell = "SELECT key FROM system.local; SELECT key FROM system.local";
        let request = notebook.frontend.start(cell).await;
        notebook.frontend.until(&request, running).await;
        notebook.frontend.interrupt().await;
        interrupt(&mut notebook, Way::Message).await;
        let exchange = notebook.frontend.finish(&request).await;
        assert_eq!(failure(cell, &exchange).0, "INTERRUPTED");
        astra.reset().await.unwrap();
        connected_again(&mut notebook).await;
    }
}

/// Queries until the database is found again: what hung was cut off, and the driver connects anew with pauses.
async fn connected_again(notebook: &mut Notebook) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while notebook.run("%%cql --timeout 2s\nSELECT key FROM system.local").await.status() != "ok" {
        assert!(Instant::now() < deadline, "the database is back and was not found again");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

#[tokio::test]
async fn the_cells_behind_an_interrupted_one_do_not_run() {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    notebook.ok("CREATE TABLE t (id int PRIMARY KEY)").await;
    astra.switch(Switch::Hanging).await.unwrap();
    let request = notebook.frontend.start("SELECT * FROM t").await;
    let behind = notebook.frontend.start("%disconnect").await;
    let seen = notebook.frontend.until(&request, running).await;
    // Answered by another lane when the main one has `behind`.
    crate::subshells::fence(&mut notebook).await;
    stopped(&mut notebook, "SELECT * FROM t", &request, seen, Way::Message).await;
    assert_eq!(notebook.frontend.finish(&behind).await.status(), "aborted");
    let (name, _) = notebook.error("%connect nowhere").await;
    assert_eq!(name, "NOT_CONNECTED");
}

#[tokio::test]
async fn a_keyspace_for_one_cell_on_a_server_that_says_nothing() {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    astra.switch(Switch::Hanging).await.unwrap();
    let cell = "%%cql --keyspace system\nSELECT key FROM local";
    for way in WAYS {
        interrupted(&mut notebook, cell, way, running).await;
    }
}

#[tokio::test]
async fn a_hidden_prompt_and_a_question_in_the_open() {
    let astra = database().await;
    let mut notebook = Notebook::open().await;
    let bundle = astra.bundle().to_str().unwrap();
    let hidden = format!("%connect astra --no-save --client-id someone --bundle '{bundle}'");
    for way in WAYS {
        let asked = |message: &Received| message.msg_type == "input_request";
        interrupted(&mut notebook, &hidden, way, |message| {
            asked(message) && message.content["password"] == true
        })
        .await;
        interrupted(&mut notebook, "%connect astra", way, asked).await;
    }
}

/// Interrupts `line` while a front keeps it waiting in `switch`'s way; nothing of the connection is left.
async fn interrupted_connecting(astra: &Astra, line: &str, switch: Switch, said: &'static str) {
    astra.switch(switch).await.unwrap();
    let mut notebook = Notebook::open_for(astra).await;
    let before = listeners(notebook.kernel.pid());
    assert_eq!(before, 5, "the kernel's own sockets");
    for way in WAYS {
        interrupted(&mut notebook, line, way, says(said)).await;
        no_more_listeners_than(before, &notebook).await;
        let (name, _) = notebook.error("SELECT key FROM system.local").await;
        assert_eq!(name, "NOT_CONNECTED");
    }
    astra.reset().await.unwrap();
    notebook.ok(line).await;
}

/// What an interrupted connection listened at is closed, if not at once then soon.
async fn no_more_listeners_than(count: usize, notebook: &Notebook) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while listeners(notebook.kernel.pid()) > count {
        assert!(Instant::now() < deadline, "{} listeners are left", listeners(notebook.kernel.pid()));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn connecting_to_a_metadata_service_that_says_nothing() {
    let astra = database().await;
    interrupted_connecting(&astra, "%connect astra --no-save", Switch::Hanging, "Connecting").await;
    interrupted_connecting(&astra, "%connection test astra", Switch::Hanging, "Connecting").await;
}

#[tokio::test]
async fn connecting_to_a_proxy_that_says_nothing() {
    let astra = database().await;
    let silence = Switch::SniUnknown { answer: SniAnswer::Silence };
    interrupted_connecting(&astra, "%connect astra --no-save", silence.clone(), "Connecting").await;
    interrupted_connecting(&astra, "%connection test astra", silence, "Connecting").await;
}

#[tokio::test]
async fn waiting_for_a_database_that_wakes_up() {
    let astra = database().await;
    let asleep = Switch::Paused { seconds: None };
    interrupted_connecting(&astra, "%connect astra --no-save", asleep.clone(), "paused").await;
    interrupted_connecting(&astra, "%connection test astra", asleep, "paused").await;
}

#[tokio::test]
async fn an_import_that_writes_and_one_whose_server_says_nothing() {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    notebook.ok("CREATE TABLE t (k int PRIMARY KEY, v text)").await;
    let rows = (0..300_000).map(|k| format!("{k},some text that takes a little room\n"));
    let csv = std::iter::once("k,v\n".to_owned()).chain(rows).collect::<String>();
    std::fs::write(notebook.folder.path().join("t.csv"), csv).unwrap();
    let writing = |message: &Received| {
        let text = message.text("/data/text~1plain");
        text.contains("rows") && !text.contains(": 0 rows")
    };
    let exchange = interrupted(&mut notebook, "%import t.csv INTO t", Way::Signal, writing).await;
    assert!(
        last_outputs(&exchange)[0].contains("Stopped."),
        "how far it came stays: {}",
        exchange.transcript()
    );

    let request = notebook.frontend.start("%import t.csv INTO t").await;
    let seen = notebook.frontend.until(&request, writing).await;
    astra.switch(Switch::Hanging).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    stopped(&mut notebook, "%import t.csv INTO t", &request, seen, Way::Message).await;
    astra.reset().await.unwrap();
    connected_again(&mut notebook).await;
}

#[tokio::test]
async fn a_file_that_is_run_between_two_statements_and_inside_one() {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    notebook.ok("CREATE TABLE t (k int PRIMARY KEY)").await;
    let inserts: String = (0..20_000).map(|k| format!("INSERT INTO t (k) VALUES ({k});\n")).collect();
    std::fs::write(notebook.folder.path().join("many.cql"), inserts).unwrap();
    // `stop_on_error off` goes on behind a failure, and not behind an interrupt.
    for (way, stop_on_error) in [(Way::Message, "on"), (Way::Signal, "off")] {
        notebook.ok(&format!("%set stop_on_error {stop_on_error}")).await;
        let exchange = interrupted(&mut notebook, "SOURCE 'many.cql'", way, says("Running many.cql")).await;
        let text = failure("SOURCE", &exchange).1;
        assert!(text.contains("many.cql, line ") && text.contains(" steps before it were done)"), "{text}");
    }
    // `CONSISTENCY` is answered without the server: when it has said its word, the file is being run.
    let two = "CONSISTENCY;\nSELECT key FROM system.local;\n";
    std::fs::write(notebook.folder.path().join("two.cql"), two).unwrap();
    astra.switch(Switch::Hanging).await.unwrap();
    let answered = |message: &Received| message.text("/text").contains("onsistency");
    let exchange = interrupted(&mut notebook, "SOURCE 'two.cql'", Way::Message, answered).await;
    assert!(failure("SOURCE", &exchange).1.contains("two.cql, line "), "{}", exchange.transcript());
}
