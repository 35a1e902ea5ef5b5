//! What the role may not do and what Astra does not do: permissions, keyspaces, views and functions, levels, rates.

use cqlbook_sandbox::{AstraOptions, Sandbox, Switch};
use insta::assert_snapshot;

use super::kept::Case;
use crate::notebook::database;

/// Reads only: its role may select, and nothing else.
async fn reader() -> Case {
    let case =
        Case::connected_by_client_id(AstraOptions { read_only: true, ..AstraOptions::default() }).await;
    let sandbox = Sandbox::shared().await.unwrap();
    let table = format!("CREATE TABLE {}.t (id int PRIMARY KEY, v int)", case.astra.keyspace());
    sandbox.execute(&table).await.unwrap();
    case
}

#[tokio::test]
async fn a_role_that_may_only_read() {
    let mut case = reader().await;
    case.notebook.ok("SELECT * FROM t").await;
    assert_snapshot!(case.told("INSERT INTO t (id) VALUES (1)").await, @"
    PERMISSION_DENIED: The role has no MODIFY permission on table KEYSPACE.t.
    A token carries a role, and the role of the one you connected with does not allow it.

    → Generate a token with a role that may, e.g. Database Administrator, and connect with it.

    The server said:
        User <Client ID> has no MODIFY permission on <table KEYSPACE.t> or any of its parents
    ");
    assert_snapshot!(case.told("CREATE TABLE u (id int PRIMARY KEY)").await, @"
    PERMISSION_DENIED: The role has no CREATE permission on all tables in KEYSPACE.
    A token carries a role, and the role of the one you connected with does not allow it.

    → Generate a token with a role that may, e.g. Database Administrator, and connect with it.

    The server said:
        User <Client ID> has no CREATE permission on <all tables in KEYSPACE> or any of its parents
    ");
    assert_snapshot!(case.told("ALTER TABLE t ADD w int").await, @"
    PERMISSION_DENIED: The role has no ALTER permission on table KEYSPACE.t.
    A token carries a role, and the role of the one you connected with does not allow it.

    → Generate a token with a role that may, e.g. Database Administrator, and connect with it.

    The server said:
        User <Client ID> has no ALTER permission on <table KEYSPACE.t> or any of its parents
    ");
    assert_snapshot!(case.told("%%cql --yes\nDROP TABLE t").await, @"
    PERMISSION_DENIED: The role has no DROP permission on table KEYSPACE.t.
    A token carries a role, and the role of the one you connected with does not allow it.

    → Generate a token with a role that may, e.g. Database Administrator, and connect with it.

    The server said:
        User <Client ID> has no DROP permission on <table KEYSPACE.t> or any of its parents
    ");
    assert_snapshot!(case.told("%%cql --yes\nTRUNCATE t").await, @"
    PERMISSION_DENIED: The role has no MODIFY permission on table KEYSPACE.t.
    A token carries a role, and the role of the one you connected with does not allow it.

    → Generate a token with a role that may, e.g. Database Administrator, and connect with it.

    The server said:
        User <Client ID> has no MODIFY permission on <table KEYSPACE.t> or any of its parents
    ");
}

#[tokio::test]
async fn an_import_that_is_refused_names_no_client_id_in_its_file_either() {
    let mut case = reader().await;
    let folder = case.notebook.folder.path().to_owned();
    std::fs::write(folder.join("t.csv"), "id,v\n1,2\n2,3\n").unwrap();
    let exchange = case.notebook.run("%import t.csv INTO t").await;
    let said = format!("{exchange:?}");
    let rejected = std::fs::read_to_string(folder.join("t.csv.rejected")).unwrap_or_default();
    assert!(said.contains("MODIFY") || rejected.contains("MODIFY"), "{said}\n{rejected}");
    let client_id = &case.astra.credentials().client_id;
    assert!(!said.contains(client_id) && !rejected.contains(client_id), "{said}\n{rejected}");
}

#[tokio::test]
async fn a_role_that_may_not_read_there() {
    let other = database().await;
    let sandbox = Sandbox::shared().await.unwrap();
    sandbox.execute(&format!("CREATE TABLE {}.t (id int PRIMARY KEY)", other.keyspace())).await.unwrap();
    let mut case = Case::connected_by_client_id(AstraOptions::default()).await;
    let told = case.told(&format!("SELECT * FROM {}.t", other.keyspace())).await;
    assert_snapshot!(told.replace(other.keyspace(), "OTHER"), @"
    PERMISSION_DENIED: The role has no SELECT permission on table OTHER.t.
    A token carries a role, and the role of the one you connected with does not allow it.

    → Generate a token with a role that may, e.g. Database Administrator, and connect with it.

    The server said:
        User <Client ID> has no SELECT permission on <table OTHER.t> or any of its parents
    ");
}

#[tokio::test]
async fn roles_are_not_made_by_cql() {
    let mut case = Case::connected().await;
    assert_snapshot!(case.told("CREATE ROLE someone").await, @"
    PERMISSION_DENIED: Roles and permissions of an Astra database are not managed by CQL.
    The service keeps that to its console and its own API.

    → Make a role in the Astra console (Settings, Roles), and generate a token with it (Settings, Tokens).

    The server said:
        User token does not have sufficient privileges to perform the requested operation
    ");
    assert_snapshot!(case.told("GRANT SELECT ON ALL KEYSPACES TO token").await, @"
    SYNTAX_ERROR: The statement does not parse at `token`.
    The server could not read on at the marked place.

    In line 1, column 34:
    1 | GRANT SELECT ON ALL KEYSPACES TO token
      |                                  ^^^^^

    → Look there for a missing comma, quote or keyword, or a name that needs double quotes.

    The server said:
        line 1:33 no viable alternative at input 'token' (...SELECT ON ALL KEYSPACES TO [token])
    ");
}

#[tokio::test]
async fn keyspaces_are_not_made_changed_or_dropped_by_cql() {
    let mut case = Case::connected().await;
    let cells = [
        "CREATE KEYSPACE other WITH replication = {'class': 'NetworkTopologyStrategy', 'dc1': 3}".to_owned(),
        format!("ALTER KEYSPACE {} WITH durable_writes = false", case.astra.keyspace()),
        format!("%%cql --yes\nDROP KEYSPACE {}", case.astra.keyspace()),
    ];
    assert_snapshot!(case.told(&cells[0]).await, @"
    ASTRA_KEYSPACE_DDL: Keyspaces of an Astra database are not made, changed or dropped by CQL.
    The service keeps that to its console and its own API.

    → Open the database in the Astra console, where keyspaces are added and dropped. Tables are made here as usual.

    The server said:
        User token has no CREATE permission on <all keyspaces> or any of its parents
    ");
    assert_snapshot!(case.told(&cells[1]).await, @"
    ASTRA_KEYSPACE_DDL: Keyspaces of an Astra database are not made, changed or dropped by CQL.
    The service keeps that to its console and its own API.

    → Open the database in the Astra console, where keyspaces are added and dropped. Tables are made here as usual.

    The server said:
        User token has no ALTER permission on <keyspace KEYSPACE> or any of its parents
    ");
    assert_snapshot!(case.told(&cells[2]).await, @"
    ASTRA_KEYSPACE_DDL: Keyspaces of an Astra database are not made, changed or dropped by CQL.
    The service keeps that to its console and its own API.

    → Open the database in the Astra console, where keyspaces are added and dropped. Tables are made here as usual.

    The server said:
        User token has no DROP permission on <keyspace KEYSPACE> or any of its parents
    ");
}

#[tokio::test]
async fn views_functions_aggregates_and_triggers_are_not_there() {
    let mut case = Case::connected().await;
    case.notebook.ok("CREATE TABLE t (id int PRIMARY KEY, v int)").await;
    assert_snapshot!(case.told("CREATE MATERIALIZED VIEW w AS SELECT * FROM t WHERE v IS NOT NULL AND id IS NOT NULL PRIMARY KEY (v, id)").await, @"
    ASTRA_UNSUPPORTED: Astra has no materialized views.
    The service leaves them out.

    → Keep a second table with the other key and write to both, or make an index: `CREATE INDEX … USING 'sai'`.

    The server said:
        Tables cannot have more than 0 materialized views
    ");
    assert_snapshot!(case.told("CREATE FUNCTION double_of (n int) RETURNS NULL ON NULL INPUT RETURNS int LANGUAGE java AS $$ return n * 2; $$").await, @"
    ASTRA_UNSUPPORTED: Astra has no user-defined functions.
    The service leaves them out.

    → Compute the value before it is written, or after it is read.

    The server said:
        User token has no CREATE permission on <all functions in KEYSPACE> or any of its parents
    ");
    assert_snapshot!(case.told("CREATE AGGREGATE total (int) SFUNC plus STYPE int INITCOND 0").await, @"
    ASTRA_UNSUPPORTED: Astra has no user-defined aggregates.
    The service leaves them out.

    → Use `count`, `sum`, `avg`, `min` and `max`, or compute after reading.

    The server said:
        User token has no CREATE permission on <all functions in KEYSPACE> or any of its parents
    ");
    assert_snapshot!(case.told("CREATE TRIGGER audit ON t USING 'org.example.Audit'").await, @"
    ASTRA_UNSUPPORTED: Astra has no triggers.
    The service leaves them out.

    → Do it in the program that writes.

    The server said:
        Only superusers are allowed to perform CREATE TRIGGER queries
    ");
}

#[tokio::test]
async fn levels_that_are_refused_for_writes() {
    let mut case = Case::connected().await;
    case.notebook.ok("CREATE TABLE t (id int PRIMARY KEY, v int)").await;
    let cells = ["ANY", "ONE", "LOCAL_ONE"]
        .map(|level| format!("%%cql --consistency {level}\nINSERT INTO t (id) VALUES (1)"));
    assert_snapshot!(case.told_each(cells).await, @"
    CONSISTENCY_REFUSED: The service takes no writes at ANY.
    It refuses writes at ANY, ONE, LOCAL_ONE. Allowed are TWO, THREE, QUORUM, ALL, LOCAL_QUORUM, EACH_QUORUM.

    → `CONSISTENCY LOCAL_QUORUM`
    → Or for one cell: `%%cql --consistency LOCAL_QUORUM`

    The server said:
        Provided value ANY is not allowed for Write Consistency Level (disallowed values are: [ANY, ONE, LOCAL_ONE])

    CONSISTENCY_REFUSED: The service takes no writes at ONE.
    It refuses writes at ANY, ONE, LOCAL_ONE. Allowed are TWO, THREE, QUORUM, ALL, LOCAL_QUORUM, EACH_QUORUM.

    → `CONSISTENCY LOCAL_QUORUM`
    → Or for one cell: `%%cql --consistency LOCAL_QUORUM`

    The server said:
        Provided value ONE is not allowed for Write Consistency Level (disallowed values are: [ANY, ONE, LOCAL_ONE])

    CONSISTENCY_REFUSED: The service takes no writes at LOCAL_ONE.
    It refuses writes at ANY, ONE, LOCAL_ONE. Allowed are TWO, THREE, QUORUM, ALL, LOCAL_QUORUM, EACH_QUORUM.

    → `CONSISTENCY LOCAL_QUORUM`
    → Or for one cell: `%%cql --consistency LOCAL_QUORUM`

    The server said:
        Provided value LOCAL_ONE is not allowed for Write Consistency Level (disallowed values are: [ANY, ONE, LOCAL_ONE])
    ");
    assert_snapshot!(case.told("CONSISTENCY ONE\nUPDATE t SET v = 1 WHERE id = 1").await, @"
    CONSISTENCY_REFUSED: The service takes no writes at ONE.
    It refuses writes at ANY, ONE, LOCAL_ONE. Allowed are TWO, THREE, QUORUM, ALL, LOCAL_QUORUM, EACH_QUORUM.

    In statement 2 of 2, line 2, column 1:
    2 | UPDATE t SET v = 1 WHERE id = 1
      | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^

    → `CONSISTENCY LOCAL_QUORUM`
    → Or for one cell: `%%cql --consistency LOCAL_QUORUM`

    The server said:
        Provided value ONE is not allowed for Write Consistency Level (disallowed values are: [ANY, ONE, LOCAL_ONE])
    ");
    case.notebook.ok("CONSISTENCY LOCAL_QUORUM\nUPDATE t SET v = 1 WHERE id = 1").await;
}

#[tokio::test]
async fn a_rate_that_is_reached() {
    let mut case = Case::connected().await;
    case.notebook.ok("CREATE TABLE t (id int PRIMARY KEY, v int)").await;
    case.astra.switch(Switch::RateLimited { requests: 1000 }).await.unwrap();
    assert_snapshot!(case.told("SELECT * FROM t").await, @"
    RATE_LIMITED: The server takes no more requests now. It was asked 7 times, with growing pauses.
    The database's rate limit is reached, or a node is overloaded.

    → Wait a little and run the statement again. A smaller page or import concurrency helps.

    The server said:
        Rate limit reached
    ");
    assert_snapshot!(case.told("INSERT INTO t (id) VALUES (uuid())").await, @"
    RATE_LIMITED: The server takes no more requests now. It was asked 7 times, with growing pauses.
    The database's rate limit is reached, or a node is overloaded.

    → Wait a little and run the statement again. A smaller page or import concurrency helps.

    The server said:
        Rate limit reached
    ");
    case.astra.reset().await.unwrap();
    case.notebook.ok("SELECT * FROM t").await;
}
