//! A notebook that stays open: connections die, databases sleep and move, bundles are changed, services ask for patience. Nobody
//! connects again, and what is waited for is seen.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use cqlbook_sandbox::{Astra, AstraOptions, Part, SniAnswer, Switch};
use cqlbook_wire::testing::{Exchange, RequestId};

use crate::errors::packing::Packing;
use crate::notebook::{Notebook, database, database_with, failure};

/// How long a notebook may take to work again. Measured: under a second in all but the silent cases; a busy machine gets more.
const SOON: Duration = Duration::from_secs(10);

/// A notebook that is connected to `astra` and has a table `t` with one row.
async fn with_table(astra: &Astra) -> Notebook {
    let mut notebook = Notebook::connected(astra).await;
    notebook.ok("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t (id) VALUES (1)").await;
    notebook
}

/// Waits until the running cell shows an output with these words.
async fn shown(notebook: &mut Notebook, request: &RequestId, words: &str) -> String {
    let said =
        notebook.frontend.until(request, |message| message.text("/data/text~1plain").contains(words)).await;
    said.text("/data/text~1plain").to_owned()
}

/// What the outputs of a cell are in the end, as plain text: updates take the place of what they update.
fn left(exchange: &Exchange) -> Vec<String> {
    let mut outputs: Vec<(String, String)> = Vec::new();
    for message in &exchange.iopub {
        let text = message.text("/data/text~1plain").to_owned();
        let id = message.text("/transient/display_id").to_owned();
        match message.msg_type.as_str() {
            "display_data" | "execute_result" => outputs.push((id, text)),
            "update_display_data" => {
                for output in outputs.iter_mut().filter(|output| output.0 == id) {
                    output.1.clone_from(&text);
                }
            }
            _ => {}
        }
    }
    outputs.into_iter().map(|(_, text)| text).collect()
}

/// Runs a cell that must succeed soon.
async fn soon(notebook: &mut Notebook, what: &str, cell: &str) -> Exchange {
    let started = Instant::now();
    let exchange = notebook.ok(cell).await;
    assert!(started.elapsed() < SOON, "{what}: {:?}\n{}", started.elapsed(), exchange.transcript());
    exchange
}

#[tokio::test]
async fn a_statement_waits_for_a_lost_connection_in_sight() {
    let astra = database().await;
    let mut notebook = with_table(&astra).await;
    astra.switch(Switch::Refusing).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    for cell in ["SELECT id FROM t", "INSERT INTO t (id) VALUES (2)"] {
        astra.switch(Switch::Refusing).await.unwrap();
        let request = notebook.frontend.start(cell).await;
        shown(&mut notebook, &request, "The connection is lost. Reconnecting").await;
        astra.reset().await.unwrap();
        let back = Instant::now();
        let exchange = notebook.frontend.finish(&request).await;
        assert_eq!(exchange.status(), "ok", "{}", exchange.transcript());
        assert!(back.elapsed() < SOON, "{:?}", back.elapsed());
        let left: Vec<_> =
            exchange.published("update_display_data").map(|m| m.text("/data/text~1plain")).collect();
        let last = left.last().expect("the outcome takes the place of the progress");
        assert!(!last.contains("Reconnecting") && last.contains("The connection was lost."), "{last}");
    }
    let cell = notebook.ok("SELECT count(*) FROM t").await;
    assert!(cell.plain()[0].contains('2'), "the write was sent once: {}", cell.plain()[0]);
}

#[tokio::test]
async fn a_statement_that_waited_in_vain_says_since_when() {
    let astra = database().await;
    let mut notebook = with_table(&astra).await;
    notebook.ok("%set timeout 3s").await;
    astra.switch(Switch::Refusing).await.unwrap();
    let started = Instant::now();
    let (name, text) = notebook.error("SELECT id FROM t").await;
    assert_eq!(name, "CONNECTION_LOST", "{text}");
    assert!(started.elapsed() > Duration::from_secs(2), "it waits: {:?}", started.elapsed());
    assert!(text.contains("have been gone for") && text.contains("reconnects by itself"), "{text}");

    notebook.ok("%set timeout 60s").await;
    let request = notebook.frontend.start("CREATE TABLE late (id int PRIMARY KEY)").await;
    shown(&mut notebook, &request, "Reconnecting").await;
    notebook.frontend.interrupt().await;
    let exchange = notebook.frontend.finish(&request).await;
    let (name, text) = exchange.error().unwrap();
    // It is certain but for the moment of an attempt, which is a short one here.
    assert_eq!(name, "INTERRUPTED", "{text}");
    assert!(failure("CREATE", &exchange).1.contains("was not carried out"), "{}", exchange.transcript());
    let last = exchange.published("update_display_data").last().expect("the progress ends");
    assert!(last.text("/data/text~1plain").starts_with("Stopped."), "{}", last.line());
    astra.reset().await.unwrap();
    soon(&mut notebook, "after a given up wait", "SELECT id FROM t").await;
}

#[tokio::test]
async fn after_a_long_outage_the_first_statement_works() {
    let after = async |outage: Switch| {
        let astra = database().await;
        let mut notebook = with_table(&astra).await;
        astra.switch(outage.clone()).await.unwrap();
        // The driver on its own tries in vain after 13 s and then pauses for 10: nobody is to wait for the rest of that.
        tokio::time::sleep(Duration::from_secs(14)).await;
        astra.reset().await.unwrap();
        let back = Instant::now();
        soon(&mut notebook, &format!("after 14 s of {outage:?}"), "SELECT id FROM t").await;
        assert!(back.elapsed() < Duration::from_secs(6), "{outage:?}: {:?}", back.elapsed());
        soon(&mut notebook, "and a write", "INSERT INTO t (id) VALUES (1)").await;
    };
    tokio::join!(
        after(Switch::Refusing),
        after(Switch::Hanging),
        after(Switch::Paused { seconds: None }),
        after(Switch::SniUnknown { answer: SniAnswer::Silence }),
    );
}

#[tokio::test]
async fn where_some_nodes_are_gone_for_long_the_way_is_looked_up_and_nobody_waits() {
    let astra = database().await;
    let mut notebook = with_table(&astra).await;
    astra.switch(Switch::NodeDown { host_id: astra.info().host_ids[0] }).await.unwrap();
    astra.clear_facts().await.unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    while astra.facts().await.unwrap().metadata_requests == 0 {
        assert!(Instant::now() < deadline, "the metadata service is not asked");
        soon(&mut notebook, "with a node less", "SELECT id FROM t").await;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    astra.reset().await.unwrap();
    soon(&mut notebook, "with all nodes", "SELECT id FROM t").await;
}

#[tokio::test]
async fn a_laptop_that_slept_wakes_with_its_notebook() {
    let astra = database().await;
    let mut notebook = with_table(&astra).await;
    notebook.ok("CREATE TABLE c (id int PRIMARY KEY, n counter)").await;
    for meanwhile in [Switch::Forgotten, Switch::MovedProxy] {
        stop(&notebook, "STOP");
        astra.switch(meanwhile.clone()).await.unwrap();
        tokio::time::sleep(Duration::from_secs(7)).await;
        stop(&notebook, "CONT");
        // First what is never repeated once it was sent: it must not meet a dead connection.
        let what = format!("a counter after a sleep with {meanwhile:?}");
        soon(&mut notebook, &what, "UPDATE c SET n = n + 1 WHERE id = 1").await;
        soon(&mut notebook, "and a read", "SELECT id FROM t").await;
    }
    let cell = notebook.ok("SELECT n FROM c").await;
    assert!(cell.plain()[0].lines().any(|line| line.trim() == "2"), "{}", cell.plain()[0]);
}

/// Sends the kernel a signal.
fn stop(notebook: &Notebook, signal: &str) {
    let pid = notebook.kernel.pid().to_string();
    let sent = std::process::Command::new("kill").args([&format!("-{signal}"), &pid]).status().unwrap();
    assert!(sent.success());
}

#[tokio::test]
async fn a_connection_that_goes_silent_is_noticed() {
    let astra = database().await;
    let mut notebook = with_table(&astra).await;
    astra.switch(Switch::Forgotten).await.unwrap();
    // The read is under way on a dead connection; it is repeated when that is known, well within its 30 s (measured: 12 s).
    notebook.ok("SELECT id FROM t").await;
    soon(&mut notebook, "the next", "SELECT id FROM t").await;
}

#[tokio::test]
async fn a_proxy_that_moved_is_found() {
    let astra = database().await;
    let mut notebook = with_table(&astra).await;
    for _ in 0..2 {
        astra.switch(Switch::MovedProxy).await.unwrap();
        soon(&mut notebook, "after a move", "SELECT id FROM t").await;
        soon(&mut notebook, "and a write", "INSERT INTO t (id) VALUES (1)").await;
    }
}

/// A notebook that is connected by a copy of the bundle in its own folder, with the copy's path.
async fn with_copy(astra: &Astra) -> (Notebook, PathBuf) {
    let mut notebook = Notebook::open_with(&[
        ("ASTRA_DB_APPLICATION_TOKEN", &astra.credentials().token),
        ("ASTRA_DB_SECURE_BUNDLE_PATH", astra.bundle().to_str().unwrap()),
    ])
    .await;
    let bundle = notebook.folder.path().join("secure-connect.zip");
    std::fs::copy(astra.bundle(), &bundle).unwrap();
    notebook
        .ok(&format!("%connect astra --no-save --bundle secure-connect.zip --keyspace {}", astra.keyspace()))
        .await;
    notebook.ok("CREATE TABLE IF NOT EXISTS t (id int PRIMARY KEY); INSERT INTO t (id) VALUES (1)").await;
    (notebook, bundle)
}

/// Another front of the same database, with authorities, certificates and ports of its own.
async fn successor(astra: &Astra) -> Astra {
    database_with(AstraOptions { keyspace: astra.keyspace().to_owned(), ..AstraOptions::default() }).await
}

#[tokio::test]
async fn certificates_that_were_renewed_are_picked_up_and_another_service_gets_nothing() {
    let astra = database().await;
    let other = successor(&astra).await;
    let (mut notebook, bundle) = with_copy(&astra).await;
    let before = std::fs::read(&bundle).unwrap();
    std::fs::copy(&astra.info().renewed_bundle, &bundle).unwrap();
    soon(&mut notebook, "the old connections still serve", "SELECT id FROM t").await;
    // The way is looked up anew, by the bundle that is there now.
    astra.clear_facts().await.unwrap();
    astra.switch(Switch::MovedProxy).await.unwrap();
    soon(&mut notebook, "by the renewed bundle", "SELECT id FROM t").await;
    soon(&mut notebook, "and a write", "INSERT INTO t (id) VALUES (2)").await;
    assert!(astra.facts().await.unwrap().metadata_requests > 0, "it was looked up");
    // Another port and authority of the same host; and another authority alone.
    other.clear_facts().await.unwrap();
    astra.switch(Switch::Refusing).await.unwrap();
    let port = astra.info().metadata_port;
    for (bytes, words) in [
        (Packing::of(other.bundle()).bytes(), "is the bundle of another service now"),
        (
            Packing::of(other.bundle()).with_config("port", port).bytes(),
            "is the bundle of another certificate authority now",
        ),
    ] {
        std::fs::write(&bundle, bytes).unwrap();
        let (name, text) = notebook.error("SELECT id FROM t").await;
        assert!(name == "CONNECTION_LOST" && text.contains(words), "{text}");
        assert!(text.contains("Nothing was sent") && text.contains("`%connect NAME`"), "{text}");
    }
    let facts = other.facts().await.unwrap();
    let connections: u64 = facts.nodes.values().map(|node| node.connections).sum();
    let reached = (facts.metadata_requests, facts.failed_handshakes, facts.requests(), connections);
    assert_eq!(reached, (0, 0, 0, 0), "no login, and no question before one");
    std::fs::copy(&astra.info().renewed_bundle, &bundle).unwrap();
    astra.reset().await.unwrap();
    soon(&mut notebook, "by its own bundle", "SELECT id FROM t").await;
    for entry in std::fs::read_dir(notebook.folder.path()).unwrap() {
        let path = entry.unwrap().path();
        assert!(!path.is_file() || std::fs::read(&path).unwrap() != before, "the old bundle is at {path:?}");
    }
}

#[tokio::test]
async fn a_broken_bundle_at_the_path_is_named_as_the_cause_until_a_whole_one_is_there() {
    let astra = database().await;
    let (mut notebook, bundle) = with_copy(&astra).await;
    let whole = std::fs::read(&bundle).unwrap();
    notebook.ok("%set timeout 4s").await;
    astra.switch(Switch::Refusing).await.unwrap();
    let other = Packing::of(&bundle).with_config("host", "other.example").bytes();
    for (bytes, words) in [
        (Some(b"<html>gone</html>".as_slice()), "is not a whole zip archive"),
        (Some(&whole[..whole.len() / 2]), "is not a whole zip archive"),
        (Some(&other), "is the bundle of another database now"),
        (None, "There is no bundle at"),
    ] {
        match bytes {
            Some(bytes) => std::fs::write(&bundle, bytes).unwrap(),
            None => std::fs::remove_file(&bundle).unwrap(),
        }
        let (name, text) = notebook.error("SELECT id FROM t").await;
        assert_eq!(name, "CONNECTION_LOST", "{text}");
        assert!(text.contains(words) && text.contains(bundle.to_str().unwrap()), "{words}: {text}");
        assert!(text.contains("the kernel goes on with it by itself"), "{text}");
    }
    std::fs::write(&bundle, whole).unwrap();
    astra.reset().await.unwrap();
    notebook.ok("%set timeout 60s").await;
    soon(&mut notebook, "with the whole bundle", "SELECT id FROM t").await;
}

#[tokio::test]
async fn certificates_that_do_not_hold_any_more_are_told_until_a_new_bundle_is_there() {
    let old = database().await;
    let (mut notebook, bundle) = with_copy(&old).await;
    old.switch(Switch::WrongCa { part: Part::Both }).await.unwrap();
    // What is connected is cut; what comes after is not trusted.
    old.switch(Switch::Paused { seconds: Some(1) }).await.unwrap();
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let (name, text) = notebook.error("SELECT id FROM t").await;
    assert_eq!(name, "TLS_UNTRUSTED", "{text}");
    std::fs::copy(&old.info().renewed_bundle, &bundle).unwrap();
    old.reset().await.unwrap();
    soon(&mut notebook, "with the new bundle", "SELECT id FROM t").await;
}

#[tokio::test]
async fn a_rate_limit_is_backed_off_from_in_sight() {
    let astra = database().await;
    let mut notebook = with_table(&astra).await;
    notebook.ok("CREATE TABLE c (id int PRIMARY KEY, n counter)").await;
    for (cell, outcome) in [
        ("SELECT id FROM t", "(1 row"),
        ("INSERT INTO t (id) VALUES (1)", "Written."),
        // A rate limit is checked before a request is executed, so that even this is counted once.
        ("UPDATE c SET n = n + 1 WHERE id = 1", "Written."),
    ] {
        astra.clear_facts().await.unwrap();
        astra.switch(Switch::RateLimited { requests: 2 }).await.unwrap();
        let exchange = notebook.ok(cell).await;
        assert_eq!(astra.facts().await.unwrap().requests_refused, 2, "{cell}: each attempt is one request");
        let said = exchange.transcript();
        for attempt in [2, 3] {
            assert!(said.contains(&format!("slow down. Attempt {attempt}, next in ")), "{said}");
        }
        let left = left(&exchange);
        assert_eq!(left.len(), 1, "the outcome takes the place of the progress: {left:?}");
        assert!(left[0].contains(outcome) && left[0].contains("asked to slow down 2 times"), "{left:?}");
        assert!(!left[0].contains("next in"), "{left:?}");
    }
    let cell = notebook.ok("SELECT n FROM c").await;
    assert!(cell.plain()[0].lines().any(|line| line.trim() == "1"), "{}", cell.plain()[0]);
}

#[tokio::test]
async fn a_rate_limit_that_stays_is_told_and_can_be_interrupted() {
    let astra = database().await;
    let mut notebook = with_table(&astra).await;
    astra.switch(Switch::RateLimited { requests: 100_000 }).await.unwrap();
    notebook.ok("%set timeout 4s").await;
    let (name, text) = notebook.error("SELECT id FROM t").await;
    assert_eq!(name, "RATE_LIMITED", "{text}");
    assert!(text.contains("It was asked") && text.contains("Rate limit reached"), "{text}");
    let asked = astra.facts().await.unwrap().requests_refused;
    assert!((2..=4).contains(&asked), "the pauses grow: {asked}");

    notebook.ok("%set timeout 60s").await;
    let request = notebook.frontend.start("SELECT id FROM t").await;
    shown(&mut notebook, &request, "slow down. Attempt 3").await;
    notebook.frontend.interrupt().await;
    let exchange = notebook.frontend.finish(&request).await;
    assert_eq!(exchange.error().unwrap().0, "INTERRUPTED");
    astra.reset().await.unwrap();
    notebook.ok("SELECT id FROM t").await;
}

#[tokio::test]
async fn an_import_slows_down_and_says_so() {
    let astra = database().await;
    let mut notebook = with_table(&astra).await;
    let rows: String = (0..200).map(|id| format!("{id}\n")).collect();
    std::fs::write(notebook.folder.path().join("t.csv"), format!("id\n{rows}")).unwrap();
    astra.switch(Switch::RateLimited { requests: 60 }).await.unwrap();
    let exchange = notebook.ok("%import t.csv INTO t").await;
    let said = exchange.transcript();
    assert!(said.contains("The service asks to slow down; the import goes on"), "{said}");
    let left = left(&exchange);
    assert!(
        left[0].contains("Loaded 200 rows") && left[0].contains("asked to slow down 60 times"),
        "{left:?}"
    );
    let cell = notebook.ok("SELECT count(*) FROM t").await;
    assert!(cell.plain()[0].contains("200"), "{}", cell.plain()[0]);
}

#[tokio::test]
async fn a_database_that_falls_asleep_under_a_notebook_is_waited_for() {
    let astra = database().await;
    let mut notebook = with_table(&astra).await;
    astra.switch(Switch::Paused { seconds: Some(5) }).await.unwrap();
    let request = notebook.frontend.start("SELECT id FROM t").await;
    shown(&mut notebook, &request, "The database is paused and is being asked again").await;
    let exchange = notebook.frontend.finish(&request).await;
    assert_eq!(exchange.status(), "ok", "{}", exchange.transcript());

    astra.switch(Switch::Paused { seconds: None }).await.unwrap();
    notebook.ok("%set timeout 4s").await;
    let (name, text) = notebook.error("SELECT id FROM t").await;
    assert_eq!(name, "DATABASE_PAUSED", "{text}");
    notebook.ok("%set timeout 60s").await;
    let request = notebook.frontend.start("SELECT id FROM t").await;
    shown(&mut notebook, &request, "The database is paused").await;
    notebook.frontend.interrupt().await;
    let exchange = notebook.frontend.finish(&request).await;
    assert_eq!(exchange.error().unwrap().0, "INTERRUPTED");
    astra.reset().await.unwrap();
    soon(&mut notebook, "after waking", "SELECT id FROM t").await;
}
