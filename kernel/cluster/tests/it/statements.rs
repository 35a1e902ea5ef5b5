//! Statements against a real Cassandra: pages, types, roles, prepared statements, batches, schema and errors.

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cqlbook_cluster::{
    Answer, BatchKind, Cell, Connection, PagingState, QueryError, Request, RequestOptions, RetryNotice,
    RetryReason, ServerError, ServerErrorKind, connect,
};
use cqlbook_core::column::{Column, KeyRole};
use cqlbook_core::text::Position;
use cqlbook_sandbox::{AstraOptions, Sandbox, Switch};

use crate::astra::{connected, database, read, target};

async fn run(connection: &Connection, cql: &str) -> Answer {
    connection.run(&Request::new(cql), None).await.unwrap_or_else(|error| panic!("{cql}: {error:?}"))
}

async fn refused(connection: &Connection, cql: &str) -> ServerError {
    match connection.run(&Request::new(cql), None).await {
        Err(QueryError::Server(error)) => *error,
        other => panic!("{cql}: {other:?}"),
    }
}

fn int(value: i32) -> Cell {
    Cell::Bytes(value.to_be_bytes().to_vec().into())
}

/// A page's cells as `int`s.
fn ints(answer: &Answer) -> Vec<Vec<Option<i32>>> {
    let mut rows = Vec::new();
    let mut take = |cells: &[Option<&[u8]>]| {
        rows.push(
            cells
                .iter()
                .map(|cell| cell.map(|bytes| i32::from_be_bytes(bytes.try_into().unwrap())))
                .collect(),
        );
        ControlFlow::Continue(())
    };
    answer.page.as_ref().unwrap().visit(0, &mut take).unwrap();
    rows
}

fn described(columns: &[Column]) -> String {
    let line = |column: &Column| {
        let role = column.role.map_or(String::new(), |role| format!(" {role:?}"));
        format!("{} {}{role}", column.name, column.cql_type)
    };
    columns.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_come_one_by_one_and_are_visited_in_place() {
    let connection = connected(&database().await).await;
    run(&connection, "CREATE TABLE t (p int, c int, PRIMARY KEY (p, c))").await;
    let insert = connection.prepare("INSERT INTO t (p, c) VALUES (?, ?)").await.unwrap();
    let rows: Vec<_> = (0..250).map(|c| vec![int(1), int(c)]).collect();
    connection.run_batch(BatchKind::Unlogged, &insert, &rows, &RequestOptions::default()).await.unwrap();

    let mut request = read("SELECT p, c FROM t WHERE p = 1");
    request.options.page_size = 100;
    let mut paging: Option<PagingState> = None;
    let (mut seen, mut sizes) = (Vec::new(), Vec::new());
    loop {
        let answer = connection.run(&request, paging.as_ref()).await.unwrap();
        let page = answer.page.clone().unwrap();
        sizes.push(page.rows());
        // Each cell of four bytes comes with its length.
        assert_eq!(page.size_bytes(), page.rows() * 16);
        seen.extend(ints(&answer).into_iter().map(|row| row[1].unwrap()));
        paging = answer.next;
        if paging.is_none() {
            break;
        }
    }
    assert_eq!(sizes, [100, 100, 50]);
    assert_eq!(seen, (0..250).collect::<Vec<_>>());

    // A visit starts and ends where it is told.
    let page = connection.run(&read("SELECT c FROM t WHERE p = 1"), None).await.unwrap().page.unwrap();
    let mut some = Vec::new();
    page.visit(20, &mut |cells| {
        some.push(i32::from_be_bytes(cells[0].unwrap().try_into().unwrap()));
        if some.len() == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })
    .unwrap();
    assert_eq!(some, [20, 21, 22]);
    page.visit(250, &mut |_| panic!("there is no such row")).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_cut_in_the_middle_is_fetched_again() {
    let astra = database().await;
    let connection = connected(&astra).await;
    run(&connection, "CREATE TABLE t (p int PRIMARY KEY, v blob)").await;
    run(&connection, &format!("INSERT INTO t (p, v) VALUES (1, 0x{})", "ab".repeat(50_000))).await;
    // The schema is read by now, and not in the midst of what follows.
    connection.fresh_model().await.unwrap();
    let cut = || Switch::CutMidPage { after_bytes: 10_000, times: Some(2) };
    astra.switch(cut()).await.unwrap();
    let answer = connection.run(&read("SELECT * FROM t"), None).await.unwrap();
    assert_eq!(answer.page.unwrap().rows(), 1);
    assert_eq!(astra.facts().await.unwrap().pages_cut, 2);

    // What may not be repeated is not: it may have happened.
    astra.switch(cut()).await.unwrap();
    match connection.run(&Request::new("SELECT * FROM t"), None).await {
        Err(QueryError::ConnectionLost(lost)) => assert!(lost.maybe_applied),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_type_and_role_is_described() {
    let connection = connected(&database().await).await;
    run(&connection, "CREATE TYPE address (street text, numbers frozen<list<int>>)").await;
    run(
        &connection,
        "CREATE TABLE t (p1 int, p2 text, c1 timeuuid, c2 date, s text STATIC, \
         v_ascii ascii, v_bigint bigint, v_blob blob, v_boolean boolean, v_decimal decimal, v_double double, \
         v_duration duration, v_float float, v_inet inet, v_smallint smallint, v_time time, v_timestamp timestamp, \
         v_tinyint tinyint, v_uuid uuid, v_varint varint, v_list list<text>, v_set set<int>, \
         v_map map<text, frozen<set<int>>>, v_tuple tuple<int, frozen<list<text>>>, v_udt address, \
         v_frozen frozen<address>, v_vector vector<float, 3>, v_vectors list<frozen<vector<text, 2>>>, \
         PRIMARY KEY ((p1, p2), c1, c2))",
    )
    .await;
    let page = connection.run(&read("SELECT * FROM t"), None).await.unwrap().page.unwrap();
    insta::assert_snapshot!(described(page.columns()), @r"
    p1 int Partition
    p2 text Partition
    c1 timeuuid Clustering
    c2 date Clustering
    s text Static
    v_ascii ascii
    v_bigint bigint
    v_blob blob
    v_boolean boolean
    v_decimal decimal
    v_double double
    v_duration duration
    v_float float
    v_frozen address
    v_inet inet
    v_list list<text>
    v_map map<text, set<int>>
    v_set set<int>
    v_smallint smallint
    v_time time
    v_timestamp timestamp
    v_tinyint tinyint
    v_tuple tuple<int, list<text>>
    v_udt address
    v_uuid uuid
    v_varint varint
    v_vector vector<float, 3>
    v_vectors list<vector<text, 2>>
    ");
    assert_eq!(page.rows(), 0);

    // Functions and other names have no role; the schema's own types keep what is frozen.
    let some =
        connection.run(&read("SELECT p1, p2 AS x, count(*) FROM t GROUP BY p1, p2"), None).await.unwrap();
    insta::assert_snapshot!(described(some.page.unwrap().columns()), @r"
    p1 int Partition
    x text
    count bigint
    ");
    let schema = connection.schema();
    let table = schema.table(&connection.keyspace().unwrap(), "t").unwrap();
    assert_eq!(table.column("v_frozen").unwrap().cql_type.to_string(), "frozen<address>");
    assert_eq!(table.column("v_map").unwrap().cql_type.to_string(), "map<text, frozen<set<int>>>");
    let clustering: Vec<_> =
        table.with_role(KeyRole::Clustering).map(|column| column.name.as_str()).collect();
    assert_eq!(clustering, ["c1", "c2"]);

    run(&connection, "CREATE TABLE counters (p int PRIMARY KEY, n counter)").await;
    let page = connection.run(&read("SELECT * FROM counters"), None).await.unwrap().page.unwrap();
    insta::assert_snapshot!(described(page.columns()), @r"
    p int Partition
    n counter
    ");
    let page = connection
        .run(&read("SELECT cluster_name, key FROM system.local"), None)
        .await
        .unwrap()
        .page
        .unwrap();
    insta::assert_snapshot!(described(page.columns()), @r"
    cluster_name text
    key text Partition
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn prepared_statements_take_values_nulls_and_gaps() {
    let connection = connected(&database().await).await;
    run(&connection, "CREATE TABLE t (p int PRIMARY KEY, a int, b int)").await;
    let insert = connection.prepare("INSERT INTO t (p, a, b) VALUES (:id, :a, ?)").await.unwrap();
    insta::assert_snapshot!(described(insert.bind_columns()), @r"
    id int
    a int
    b int
    ");
    assert!(insert.result_columns().is_empty());
    let options = RequestOptions::default();
    let put = |values: [Cell; 3]| {
        let (connection, insert, options) = (&connection, &insert, &options);
        async move { connection.run_prepared(insert, &values, options, None).await.unwrap() }
    };
    assert!(put([int(1), int(10), int(100)]).await.page.is_none());
    put([int(1), Cell::Null, Cell::Unset]).await;

    let select = connection.prepare("SELECT a, b FROM t WHERE p = ?").await.unwrap();
    insta::assert_snapshot!(described(select.result_columns()), @r"
    a int
    b int
    ");
    let answer = connection.run_prepared(&select, &[int(1)], &options, None).await.unwrap();
    assert_eq!(ints(&answer), [[None, Some(100)]]);

    let error = connection.run_prepared(&select, &[], &options, None).await.unwrap_err();
    assert!(matches!(error, QueryError::ValueCount { expected: 1, given: 0 }), "{error:?}");
    let short = [Cell::Bytes(vec![1].into())];
    let error = connection.run_prepared(&select, &short, &options, None).await.unwrap_err();
    assert!(
        matches!(&error, QueryError::Server(error) if error.kind == ServerErrorKind::Invalid),
        "{error:?}"
    );

    // A prepared statement outlives a change of its table.
    run(&connection, "ALTER TABLE t ADD c int").await;
    let all = connection.prepare("SELECT * FROM t WHERE p = ?").await.unwrap();
    run(&connection, "ALTER TABLE t ADD d int").await;
    let answer = connection.run_prepared(&all, &[int(1)], &options, None).await.unwrap();
    let columns = answer.page.as_ref().unwrap().columns().len();
    assert_eq!(ints(&answer)[0].len(), columns, "cells and columns fit each other");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_schema_is_known_when_its_statement_is_answered() {
    let connection = connected(&database().await).await;
    let keyspace = connection.keyspace().unwrap();
    let knows = |table: &str| connection.schema().table(&keyspace, table).is_some();
    let answer = run(&connection, "-- a table\n/* of */ create TABLE fresh (p int PRIMARY KEY)").await;
    assert!(answer.schema_changed && answer.page.is_none() && answer.warnings.is_empty(), "{answer:?}");
    assert!(knows("fresh"));
    run(&connection, "DROP TABLE fresh").await;
    assert!(!knows("fresh"));
    let answer = run(&connection, "USE system").await;
    assert_eq!(answer.keyspace_set.as_deref(), Some("system"));
    assert_eq!(connection.keyspace(), Some(keyspace), "a handle stays where it is");
    let error = connection.use_keyspace("no-name", true).await.unwrap_err();
    assert!(matches!(error, QueryError::KeyspaceName { .. }), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_servers_refusals_keep_their_code_words_and_fields() {
    let connection = connected(&database().await).await;
    run(&connection, "CREATE TABLE t (p int PRIMARY KEY, v int)").await;

    let error = refused(&connection, "SELECT p\nFORM t").await;
    assert_eq!((error.code, error.kind), (0x2000, ServerErrorKind::Syntax));
    assert_eq!(error.position, Some(Position { line: 2, column: 1 }), "{}", error.message);

    let error = refused(&connection, "SELECT nope FROM t").await;
    assert_eq!((error.code, error.kind), (0x2200, ServerErrorKind::Invalid));
    assert!(error.message.contains("nope") && error.position.is_none());

    let error = refused(&connection, "CREATE TABLE t (p int PRIMARY KEY)").await;
    let keyspace = connection.keyspace().unwrap();
    assert_eq!(error.kind, ServerErrorKind::AlreadyExists { keyspace, table: "t".to_owned() });

    let error = refused(
        &connection,
        "CREATE KEYSPACE mine WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}",
    )
    .await;
    assert_eq!((error.code, error.kind), (0x2100, ServerErrorKind::Unauthorized));

    let mut request = Request::new("INSERT INTO t (p, v) VALUES (1, 1)");
    request.options.consistency = "one".parse().unwrap();
    match connection.run(&request, None).await {
        Err(QueryError::Server(error)) => {
            assert!(error.message.contains("not allowed for Write Consistency Level"), "{error}")
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn traces_warnings_and_conditional_writes_come_through() {
    let connection = connected(&database().await).await;
    run(&connection, "CREATE TABLE t (p int PRIMARY KEY, v int)").await;
    let mut request = Request::new("INSERT INTO t (p, v) VALUES (1, 1) IF NOT EXISTS");
    request.options.trace = true;
    let answer = connection.run(&request, None).await.unwrap();
    assert!(answer.tracing_id.is_some());
    assert_eq!(described(answer.page.unwrap().columns()), "[applied] boolean");
    let answer = connection.run(&read("SELECT count(*) FROM t"), None).await.unwrap();
    assert!(answer.warnings.iter().any(|warning| warning.contains("Aggregation")), "{:?}", answer.warnings);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_answer_is_given_up_after_its_time_out() {
    let astra = database().await;
    let connection = connected(&astra).await;
    astra.switch(Switch::Slow { ms: 1500 }).await.unwrap();
    let mut request = read("SELECT key FROM system.local");
    request.options.timeout = Duration::from_millis(300);
    let started = std::time::Instant::now();
    let error = connection.run(&request, None).await.unwrap_err();
    assert!(matches!(error, QueryError::Timeout { maybe_applied: false, .. }), "{error:?}");
    assert!(started.elapsed() < Duration::from_millis(600));
    astra.reset().await.unwrap();
    connection.run(&read("SELECT key FROM system.local"), None).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_may_only_read_is_refused_writes() {
    let sandbox = Sandbox::shared().await.unwrap();
    let astra = sandbox.astra(AstraOptions { read_only: true, ..AstraOptions::default() }).await.unwrap();
    let keyspace = astra.keyspace().to_owned();
    sandbox.execute(&format!("CREATE TABLE {keyspace}.t (p int PRIMARY KEY)")).await.unwrap();
    let connection = connect(target(&astra), |_| ()).await.unwrap();
    connection.run(&read("SELECT * FROM t"), None).await.unwrap();
    let error = refused(&connection, "INSERT INTO t (p) VALUES (1)").await;
    assert_eq!((error.code, error.kind), (0x2100, ServerErrorKind::Unauthorized));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rate_limit_is_waited_out_and_who_looks_on_is_told() {
    let astra = database().await;
    let connection = connected(&astra).await;
    run(&connection, "CREATE TABLE t (p int PRIMARY KEY)").await;
    astra.switch(Switch::RateLimited { requests: 2 }).await.unwrap();
    connection.run(&read("SELECT * FROM t"), None).await.unwrap();
    // Also a request that may not be repeated is: a limit is checked before a request is executed.
    let told = Arc::new(Mutex::new(Vec::new()));
    let teller = Arc::clone(&told);
    let tell = move |notice| teller.lock().unwrap().push(notice);
    let attended = connection.attended(Duration::from_secs(30), tell);
    astra.switch(Switch::RateLimited { requests: 3 }).await.unwrap();
    run(&attended, "INSERT INTO t (p) VALUES (1)").await;
    let told: Vec<RetryNotice> = told.lock().unwrap().drain(..).collect();
    assert_eq!(told.iter().map(|notice| notice.attempt).collect::<Vec<_>>(), [2, 3, 4]);
    assert!(told[0].wait < told[1].wait && told[1].wait < told[2].wait, "{told:?}");
    let is_limit = |notice: &RetryNotice| matches!(&notice.reason, RetryReason::SlowDown { server_text } if server_text.contains("Rate limit"));
    assert!(told.iter().all(is_limit), "{told:?}");
    // Where nobody looks on, it is told soon.
    astra.switch(Switch::RateLimited { requests: 1000 }).await.unwrap();
    let error = refused(&connection, "INSERT INTO t (p) VALUES (1)").await;
    assert_eq!((error.code, &error.kind), (0x1001, &ServerErrorKind::Overloaded));
    assert!(error.message.contains("Rate limit reached"), "{}", error.message);
}
