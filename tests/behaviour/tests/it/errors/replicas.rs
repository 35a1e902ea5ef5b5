//! Replicas that are too few, or that fail: keyspaces that want more nodes than there are, rows with too many tombstones.

use cqlbook_sandbox::Sandbox;
use insta::assert_snapshot;

use super::kept::Case;

/// Has the database's keyspace kept in so many copies, where only three nodes can hold one.
async fn with_copies(case: &Case, copies: usize) {
    let statement = format!(
        "ALTER KEYSPACE {} WITH replication = {{'class': 'NetworkTopologyStrategy', 'dc1': {copies}}}",
        case.astra.keyspace()
    );
    Sandbox::shared().await.unwrap().execute(&statement).await.unwrap();
}

#[tokio::test]
async fn too_few_replicas_are_alive() {
    let mut case = Case::connected().await;
    case.notebook.ok("CREATE TABLE t (id int PRIMARY KEY)").await;
    with_copies(&case, 7).await;
    assert_snapshot!(case.told("SELECT * FROM t WHERE id = 1").await, @"
    UNAVAILABLE: LOCAL_QUORUM needs 4 replicas, and 3 are alive. Nothing was done.
    Nodes are down, or the keyspace is replicated to fewer nodes than the level needs.

    → Try again when the nodes are back, or use a lower level: `CONSISTENCY LOCAL_ONE` (Astra refuses it for writes).

    The server said:
        Cannot achieve consistency level LOCAL_QUORUM
    ");
    assert_snapshot!(case.told("INSERT INTO t (id) VALUES (1)").await, @"
    UNAVAILABLE: LOCAL_QUORUM needs 4 replicas, and 3 are alive. Nothing was done.
    Nodes are down, or the keyspace is replicated to fewer nodes than the level needs.

    → Try again when the nodes are back, or use a lower level: `CONSISTENCY LOCAL_ONE` (Astra refuses it for writes).

    The server said:
        Cannot achieve consistency level LOCAL_QUORUM
    ");
    case.notebook.ok("%%cql --consistency LOCAL_ONE\nSELECT * FROM t WHERE id = 1").await;
}

#[tokio::test]
async fn replicas_that_fail_a_read() {
    let mut case = Case::connected().await;
    let columns: Vec<_> = (0..1000).map(|number| format!("v{number}")).collect();
    let typed: Vec<_> = columns.iter().map(|name| format!("{name} int")).collect();
    case.notebook
        .ok(&format!("CREATE TABLE t (k int, c int, {}, PRIMARY KEY (k, c))", typed.join(", ")))
        .await;
    let nulls = vec!["null"; columns.len()].join(", ");
    let names = columns.join(", ");
    // Each null is a tombstone; a replica takes 100,000 of them in one read.
    for c in 0..101 {
        case.notebook.ok(&format!("INSERT INTO t (k, c, {names}) VALUES (1, {c}, {nulls})")).await;
    }
    assert_snapshot!(case.told("SELECT * FROM t WHERE k = 1").await, @"
    READ_FAILURE: 1 replica failed a read at LOCAL_QUORUM; 0 of 2 answered.
    Most often a replica met more tombstones than it accepts.

    → Read a narrower range of clustering columns, or look at what was deleted there.

    The server said:
        Operation failed - received 0 responses and 1 failures: READ_TOO_MANY_TOMBSTONES from /NODE:PORT
    ");
}

#[tokio::test]
async fn a_write_that_is_too_large() {
    let mut case = Case::connected().await;
    case.notebook.ok("CREATE TABLE t (id int PRIMARY KEY, v text)").await;
    let large = "x".repeat(17 * 1024 * 1024);
    assert_snapshot!(case.told(&format!("INSERT INTO t (id, v) VALUES (1, '{large}')")).await, @"
    INVALID_QUERY: Request is too big: length 17825850 exceeds maximum allowed length 16777216.
    The server takes no statement of more than 16 MiB, its values included.

    → Write less at once: smaller values, or fewer rows in a batch.
    ");
}
