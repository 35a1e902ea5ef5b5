//! The schema as a model, read from real clusters.

use std::time::Duration;

use cqlbook_cluster::{Connection, Request};
use cqlbook_core::schema::{Grant, IndexKind, KeyspaceKind};

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
    // Before it was read, it is what the driver knows.
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
