//! Nodes that stop, connections that break: what a retry could save fails no cell.

use std::time::Duration;

use cqlbook_sandbox::Switch;

use crate::notebook::{Notebook, database};

#[tokio::test]
async fn one_stopped_node_costs_no_read() {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    notebook.ok("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t (id) VALUES (1)").await;
    astra.switch(Switch::NodeDown { host_id: astra.info().host_ids[0] }).await.unwrap();
    for _ in 0..30 {
        notebook.ok("SELECT * FROM t WHERE id = 1").await;
    }
    for id in 0..30 {
        notebook.ok(&format!("INSERT INTO t (id) VALUES ({id})")).await;
    }
    astra.reset().await.unwrap();
    notebook.ok("SELECT * FROM t").await;
}

#[tokio::test]
async fn a_database_that_comes_back_is_found_again() {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    notebook.ok("%set timeout 3s").await;
    astra.switch(Switch::Refusing).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let (name, text) = notebook.error("INSERT INTO nowhere (id) VALUES (now())").await;
    assert_eq!(name, "CONNECTION_LOST", "{text}");
    astra.reset().await.unwrap();
    // The kernel looks for the database by itself; nobody connects again, and nobody tries twice.
    notebook.ok("%set timeout 60s").await;
    notebook.ok("SELECT key FROM system.local").await;
}

#[tokio::test]
async fn a_page_cut_in_the_middle_is_fetched_again() {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    notebook.ok("CREATE TABLE t (k int, c int, v text, PRIMARY KEY (k, c))").await;
    let long = "x".repeat(500);
    for c in 0..40 {
        notebook.ok(&format!("INSERT INTO t (k, c, v) VALUES (1, {c}, '{long}')")).await;
    }
    astra.switch(Switch::CutMidPage { after_bytes: 5_000, times: Some(1) }).await.unwrap();
    let cell = notebook.ok("SELECT * FROM t WHERE k = 1").await;
    assert!(cell.plain()[0].contains("40"), "{}", cell.plain()[0]);
    assert_eq!(astra.facts().await.unwrap().pages_cut, 1, "the page was cut");
}

#[tokio::test]
async fn an_interrupt_gives_a_silent_server_up() {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    astra.switch(Switch::Hanging).await.unwrap();
    let request = notebook.frontend.start("SELECT key FROM system.local").await;
    notebook.frontend.until(&request, |message| message.msg_type == "execute_input").await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    notebook.frontend.interrupt().await;
    let exchange = notebook.frontend.finish(&request).await;
    assert_eq!(exchange.error().unwrap().0, "INTERRUPTED");
}
