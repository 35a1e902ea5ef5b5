//! What may have happened is not done again, and is told truly: nodes that die, sleep and come back under reads and writes.
//! One sandbox of its own, whose nodes are stopped, serves all of it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use cqlbook_sandbox::{Astra, AstraOptions, ClusterOptions, Sandbox};
use cqlbook_wire::Channel::Shell;
use serde_json::json;

use crate::notebook::{Notebook, database, failure, signal};

/// What a node takes to be known as down by the others, at most.
const CONVICTION: Duration = Duration::from_secs(60);
/// What "at once" means on a machine that does other things.
const AT_ONCE: Duration = Duration::from_secs(3);
const KEYS: u32 = 40;

fn batch(kind: &str, statement: impl Fn(u32) -> String) -> String {
    let statements: String = (0..KEYS).map(|key| format!("{};\n", statement(key))).collect();
    format!("BEGIN {kind} BATCH\n{statements}APPLY BATCH")
}

/// The second column of a table by the first, as its plain text says.
async fn column(notebook: &mut Notebook, select: &str) -> BTreeMap<String, String> {
    let cell = notebook.ok(select).await;
    let plain = cell.plain().join("\n");
    let cells = plain.lines().filter_map(|line| line.split_once('|'));
    let cells = cells.map(|(key, value)| (key.trim().to_owned(), value.trim().to_owned()));
    cells.filter(|(key, _)| key.parse::<u32>().is_ok()).collect()
}

async fn replicated(sandbox: &Sandbox, astra: &Astra, copies: u32) {
    let keyspace = astra.keyspace();
    let replication = format!("{{'class': 'NetworkTopologyStrategy', 'dc1': {copies}}}");
    let started = Instant::now();
    // A node that was started a moment ago is none to copy to, for all the others, until they have heard that it is back.
    while let Err(error) =
        sandbox.execute(&format!("ALTER KEYSPACE {keyspace} WITH replication = {replication}")).await
    {
        let is_coming_back = error.to_string().contains("not in normal state");
        assert!(is_coming_back && started.elapsed() < CONVICTION, "{error}");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// Runs the cell until its error is UNAVAILABLE: the others have heard of a node's death by then.
async fn until_unavailable(notebook: &mut Notebook, cell: &str) {
    let started = Instant::now();
    while notebook.run(cell).await.error().is_none_or(|(name, _)| name != "UNAVAILABLE") {
        assert!(started.elapsed() < CONVICTION, "{cell}: never UNAVAILABLE");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// The cell fails as UNAVAILABLE, at once.
async fn unavailable_at_once(notebook: &mut Notebook, cell: &str) -> String {
    let started = Instant::now();
    let (name, text) = notebook.error(cell).await;
    assert_eq!(name, "UNAVAILABLE", "{cell}\n{text}");
    assert!(started.elapsed() < AT_ONCE, "{cell}: {:?}", started.elapsed());
    assert!(text.contains("needs") && text.contains("alive"), "{text}");
    text
}

/// What may have happened is said to, and nobody is told to run it again.
fn is_true_of_a_doubtful_write(name: &str, text: &str) {
    assert!(["WRITE_TIMEOUT", "UNAVAILABLE", "CONNECTION_LOST", "TIMEOUT"].contains(&name), "{name}: {text}");
    assert!(text.contains("may have"), "{text}");
    assert!(!text.contains("Nothing was done") && !text.contains("again in a moment"), "{text}");
    assert!(text.contains("before you run it again"), "{text}");
}

#[tokio::test]
async fn what_may_have_happened_is_not_done_again() {
    let mut options = ClusterOptions::default();
    (options.other_dc_nodes, options.stoppable) = (0, true);
    let sandbox = Sandbox::start(options).await.unwrap();
    let astra = sandbox.astra(AstraOptions::default()).await.unwrap();
    let mut notebook = Notebook::connected(&astra).await;
    notebook
        .ok("CREATE TABLE c (k int PRIMARY KEY, n counter); CREATE TABLE l (k int PRIMARY KEY, l list<int>);\
             CREATE TABLE t (k int PRIMARY KEY, v int); INSERT INTO t (k, v) VALUES (1, 1)")
        .await;
    notebook.ok("%set timeout 15s").await;

    one_copy_and_its_node_dies(&sandbox, &astra, &mut notebook).await;
    three_copies_and_nodes_die(&sandbox, &astra, &mut notebook).await;
    all_nodes_die_under_a_read(&sandbox, &mut notebook).await;
    a_node_sleeps(&astra, &mut notebook).await;
}

async fn one_copy_and_its_node_dies(sandbox: &Sandbox, astra: &Astra, notebook: &mut Notebook) {
    replicated(sandbox, astra, 1).await;
    sandbox.stop_node(2).await.unwrap();
    // Once while the others do not know of it yet, and once when they do.
    let counters = batch("COUNTER", |key| format!("UPDATE c SET n = n + 1 WHERE k = {key}"));
    let (name, text) = notebook.error(&counters).await;
    is_true_of_a_doubtful_write(&name, &text);
    let lists = batch("UNLOGGED", |key| format!("UPDATE l SET l = l + [1] WHERE k = {key}"));
    until_unavailable(notebook, "%%cql --consistency ALL\nINSERT INTO t (k, v) VALUES (3, 3); INSERT INTO t (k, v) VALUES (4, 4); INSERT INTO t (k, v) VALUES (6, 6); INSERT INTO t (k, v) VALUES (7, 7); INSERT INTO t (k, v) VALUES (8, 8); INSERT INTO t (k, v) VALUES (9, 9)").await;
    let text = unavailable_at_once(notebook, &lists).await;
    is_true_of_a_doubtful_write("UNAVAILABLE", &text);
    sandbox.start_node(2).await.unwrap();

    let counted = column(notebook, "SELECT k, n FROM c").await;
    assert!(counted.values().all(|n| n == "1"), "{counted:?}");
    let appended = column(notebook, "SELECT k, l FROM l").await;
    assert!(appended.values().all(|list| list == "[1]"), "{appended:?}");
}

async fn three_copies_and_nodes_die(sandbox: &Sandbox, astra: &Astra, notebook: &mut Notebook) {
    replicated(sandbox, astra, 3).await;
    notebook.ok("INSERT INTO t (k, v) VALUES (1, 1); UPDATE c SET n = n + 1 WHERE k = 100").await;
    sandbox.stop_node(2).await.unwrap();

    // Decided by a quorum, and then not written at its level.
    let conditional = "%%cql --consistency ALL\nINSERT INTO t (k, v) VALUES (200, 1) IF NOT EXISTS";
    let (name, text) = notebook.error(conditional).await;
    is_true_of_a_doubtful_write(&name, &text);
    assert!(text.contains("%%cql --consistency SERIAL"), "{text}");
    let settled = notebook.ok("%%cql --consistency SERIAL\nSELECT v FROM t WHERE k = 200").await;
    assert!(settled.plain()[0].contains("(1 rows)"), "it was applied: {}", settled.plain()[0]);

    let read = "%%cql --consistency ALL\nSELECT * FROM t WHERE k = 1";
    until_unavailable(notebook, read).await;
    for cell in [read, "%%cql --consistency ALL\nSELECT * FROM t"] {
        let text = unavailable_at_once(notebook, cell).await;
        assert!(text.contains("ALL needs 3 replicas, and 2 are alive. Nothing was done."), "{text}");
    }
    // One write to one partition is looked at before it is done.
    let one = "%%cql --consistency ALL\nUPDATE c SET n = n + 1 WHERE k = 100";
    let text = unavailable_at_once(notebook, one).await;
    assert!(text.contains("Nothing was done."), "{text}");
    assert_eq!(column(notebook, "SELECT k, n FROM c WHERE k = 100").await["100"], "1");

    sandbox.stop_node(1).await.unwrap();
    until_unavailable(notebook, "SELECT * FROM t WHERE k = 1").await;
    let text = unavailable_at_once(notebook, "SELECT * FROM t WHERE k = 1").await;
    assert!(text.contains("LOCAL_QUORUM needs 2 replicas, and 1 is alive."), "{text}");
    unavailable_at_once(notebook, "INSERT INTO t (k, v) VALUES (1, 1)").await;
}

/// All nodes are gone, a read waits for them, and they come back.
async fn all_nodes_die_under_a_read(sandbox: &Sandbox, notebook: &mut Notebook) {
    sandbox.stop_node(0).await.unwrap();
    // Nothing was sent, and that is said.
    let started = Instant::now();
    let (name, text) = notebook.error("%%cql --timeout 4s\nUPDATE c SET n = n + 1 WHERE k = 100").await;
    assert_eq!(name, "CONNECTION_LOST", "{text}");
    assert!(text.contains("Nothing was done.") && !text.contains("may have"), "{text}");
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());

    notebook.ok("%set timeout 120s").await;
    let waiting = notebook.frontend.start("SELECT * FROM t WHERE k = 1").await;
    notebook.frontend.until(&waiting, |message| message.msg_type == "execute_input").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    // Tab answers meanwhile.
    let typed = json!({"code": "SELECT * FROM ", "cursor_pos": 14});
    let asked = Instant::now();
    let tab = notebook.frontend.request(Shell, "complete_request", typed).await;
    assert!(asked.elapsed() < AT_ONCE, "Tab took {:?}", asked.elapsed());
    assert!(tab.content()["matches"].as_array().unwrap().contains(&json!("t")), "{}", tab.content());

    let (a, b, c) = tokio::join!(sandbox.start_node(0), sandbox.start_node(1), sandbox.start_node(2));
    a.and(b).and(c).unwrap();
    let read = notebook.frontend.finish(&waiting).await;
    assert_eq!(read.status(), "ok", "the read ends with its rows: {}", read.transcript());
    assert!(read.plain().join("\n").contains("(1 rows)"), "{}", read.transcript());
    for cell in ["SELECT * FROM t", "DESCRIBE TABLE t", "INSERT INTO t (k, v) VALUES (2, 2)"] {
        let started = Instant::now();
        notebook.ok(cell).await;
        assert!(started.elapsed() < Duration::from_secs(30), "{cell}: {:?}", started.elapsed());
    }
    assert_eq!(column(notebook, "SELECT k, n FROM c WHERE k = 100").await["100"], "1");
}

/// One of three nodes says nothing for a while, and goes on.
async fn a_node_sleeps(astra: &Astra, notebook: &mut Notebook) {
    notebook.ok("%set timeout 30s").await;
    // Java's process of the second node, of this sandbox.
    let run = astra.bundle().ancestors().nth(3).unwrap().join("node1");
    let run = run.to_str().unwrap();
    let processes = std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
    let is_it = |pid: &u32| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        line.starts_with(b"/") && String::from_utf8_lossy(&line).contains(run)
    };
    let java = processes.into_iter().find(is_it).expect("the node's process");
    signal("STOP", java);
    let (mut done, mut failed) = (1_u32, 0_u32);
    for _ in 0..6 {
        let started = Instant::now();
        notebook.ok("SELECT * FROM t WHERE k = 1").await;
        let cell = "UPDATE c SET n = n + 1 WHERE k = 100";
        let exchange = notebook.run(cell).await;
        match exchange.status() {
            "ok" => done += 1,
            _ => {
                failed += 1;
                let (name, text) = failure(cell, &exchange);
                is_true_of_a_doubtful_write(&name, &text);
            }
        }
        assert!(started.elapsed() < Duration::from_secs(45), "{:?}", started.elapsed());
    }
    signal("CONT", java);
    for cell in ["SELECT * FROM t WHERE k = 1", "SELECT * FROM t", "UPDATE t SET v = 3 WHERE k = 1"] {
        notebook.ok(cell).await;
    }
    let counted: u32 = column(notebook, "SELECT k, n FROM c WHERE k = 100").await["100"].parse().unwrap();
    assert!((done..=done + failed).contains(&counted), "{counted}, {done} done and {failed} failed");
}

#[tokio::test]
async fn only_reads_are_repeated_wherever_they_come_from() {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    notebook.ok("CREATE TABLE c (k int PRIMARY KEY, n counter); UPDATE c SET n = n + 1 WHERE k = 1").await;
    notebook.ok("CREATE TABLE t (k int PRIMARY KEY, v int)").await;
    let folder = notebook.folder.path().to_owned();
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).unwrap();
    write("w.cql", "SELECT * FROM c;\nUPDATE c SET n = n + 1 WHERE k = 1;\n");
    write("outer.cql", "SOURCE 'w.cql';\n");
    write("r.cql", "SELECT * FROM c;\n");
    write("batch.cql", "BEGIN COUNTER BATCH UPDATE c SET n = n + 1 WHERE k = 1; APPLY BATCH;\n");
    write("rows.csv", "k,v\n1,1\n2,2\n");
    for cell in ["SOURCE 'w.cql'", "SOURCE 'outer.cql'", "SOURCE 'batch.cql'"] {
        let (name, text) = notebook.error(&format!("%%cql --trace --repeat 5\n{cell}")).await;
        assert_eq!(name, "USAGE", "{text}");
        assert!(text.contains("repeats reads"), "{text}");
    }
    assert_eq!(column(&mut notebook, "SELECT k, n FROM c").await["1"], "1", "nothing of it was sent");
    notebook.ok("%%cql --trace --repeat 3\nSOURCE 'r.cql'").await;
    // What is no statement is done once.
    let loaded = notebook.ok("%%cql --trace --repeat 3\n%import rows.csv INTO t\nSELECT * FROM t").await;
    let told = loaded.plain().join("\n");
    assert_eq!(told.matches("2 rows").count().min(1), 1, "{told}");
    assert_eq!(column(&mut notebook, "SELECT k, v FROM t").await.len(), 2);
}
