//! The schema as a model, read from real clusters.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use cqlbook_cluster::{Connection, Request};
use cqlbook_core::schema::read::Source;
use cqlbook_core::schema::{Grant, IndexKind, KeyspaceKind};
use cqlbook_sandbox::{Astra, Switch};

use crate::astra::{connected, database};

async fn run(connection: &Connection, cql: &str) {
    connection.run(&Request::new(cql), None).await.unwrap_or_else(|error| panic!("{cql}: {error:?}"));
}

/// Waits for what comes by itself, but not for ever.
async fn eventually(what: &str, holds: impl Fn() -> bool) {
    for _ in 0..600 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it never came: {what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_model_follows_own_and_others_changes() {
    let astra = database().await;
    let connection = connected(&astra).await;
    let keyspace = connection.keyspace().unwrap();
    // A connection is handed out when its schema was read.
    assert!(connection.model().table("system_schema", "columns").is_some());

    let model = connection.fresh_model().await.unwrap();
    let own = model.keyspace(&keyspace).unwrap();
    assert_eq!(own.kind, KeyspaceKind::User);
    assert!(own.durable_writes && own.replication["class"].contains("Strategy"), "{own:?}");
    assert_eq!(model.keyspace("system_views").unwrap().kind, KeyspaceKind::Virtual);
    assert!(model.table("system_views", "settings").is_some());
    assert_eq!(model.keyspace("system_auth").unwrap().kind, KeyspaceKind::System);
    assert_eq!((&*model.origin.release, &*model.origin.cql_version), ("5.0.9", "3.4.7"));
    assert!(model.origin.partitioner.ends_with("Murmur3Partitioner"));
    assert_eq!(model.origin.data_centers.keys().collect::<Vec<_>>(), ["dc1", "dc2"]);
    assert!(!model.roles.is_empty(), "{:?}", model.notes);
    let select = |grant: &Grant| {
        grant.permission == "SELECT" && grant.resource == format!("<all tables in {keyspace}>")
    };
    assert!(model.grants.iter().any(select), "{:?}", model.grants);
    assert_eq!(model.notes, Vec::<String>::new());

    // What this connection changes is known when the statement is answered.
    let other = connected(&astra).await;
    other.fresh_model().await.unwrap();
    run(&connection, "CREATE TABLE t (p int, c int, v text, PRIMARY KEY (p, c)) WITH comment = 'it''s'")
        .await;
    run(&connection, "CREATE INDEX by_v ON t (v) USING 'sai'").await;
    let model = connection.model();
    let table = model.table(&keyspace, "t").unwrap();
    assert_eq!(table.comment, "it's");
    assert_eq!(table.indexes["by_v"].kind, IndexKind::Sai);
    assert!(table.options.contains_key("compaction") && !table.options.contains_key("read_repair_chance"));

    // What others change comes by itself, by the server's events.
    eventually("the new index", || {
        other.model().table(&keyspace, "t").is_some_and(|table| table.indexes.contains_key("by_v"))
    })
    .await;
    run(&other, "DROP TABLE t").await;
    assert!(other.model().table(&keyspace, "t").is_none());
    let fresh = connection.fresh_model().await.unwrap();
    assert!(fresh.table(&keyspace, "t").is_none());
}

/// What is asked of one of the server's tables is answered by these messages; by none, it is never answered.
async fn answers(astra: &Astra, table: &str, messages: &[Vec<u8>]) {
    let (containing, messages) = (table.to_owned(), messages.to_vec());
    astra.switch(Switch::Answers { containing, messages, times: 1 }).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_read_is_known_as_such_and_read_again() {
    let astra = database().await;
    let first = connected(&astra).await;
    run(&first, "CREATE TABLE t (k int PRIMARY KEY, v int)").await;
    run(&first, "CREATE INDEX by_v ON t (v)").await;
    // An error of the server's own, without words.
    let failure = [0x84, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0].to_vec();
    answers(&astra, "system_schema.indexes", &[failure]).await;
    let connection = connected(&astra).await;
    let keyspace = connection.keyspace().unwrap();
    let model = connection.model();
    assert_eq!(model.unread, BTreeSet::from([Source::Indexes]), "{:?}", model.notes);
    assert!(model.notes[0].starts_with("system_schema.indexes could not be read"), "{:?}", model.notes);
    assert!(model.table(&keyspace, "t").unwrap().indexes.is_empty());
    astra.reset().await.unwrap();
    let model = connection.fresh_model().await.unwrap();
    assert_eq!((model.unread.len(), model.notes.len()), (0, 0), "{:?}", model.notes);
    assert!(model.table(&keyspace, "t").unwrap().indexes.contains_key("by_v"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_that_does_not_come_keeps_no_connection_from_its_user() {
    let astra = database().await;
    run(&connected(&astra).await, "CREATE TABLE t (k int PRIMARY KEY, v int)").await;
    answers(&astra, "system_schema.columns", &[]).await;
    let started = Instant::now();
    let connection = connected(&astra).await;
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
    let keyspace = connection.keyspace().unwrap();
    // Nothing is known, and so nothing is denied.
    let schema = connection.schema();
    assert_eq!((schema.has_keyspace(&keyspace), schema.has_keyspace("no")), (None, None));
    run(&connection, "INSERT INTO t (k, v) VALUES (1, 1)").await;
    assert!(connection.replicas(&keyspace, 0).is_some_and(|nodes| !nodes.is_empty()));
}
