//! Requests of one connection under several keyspaces: each runs under its own, whatever others do meanwhile.

use std::ops::ControlFlow;
use std::time::Duration;

use cqlbook_cluster::{
    Answer, BatchKind, Cell, Connection, PagingState, QueryError, Request, RequestOptions, ServerErrorKind,
    connect,
};
use cqlbook_sandbox::{Astra, AstraOptions, Sandbox, Switch};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::astra::{comes_back, read, target};

/// Rows of each table: several pages of [`PAGE`].
const ROWS: i32 = 40;
const PAGE: u32 = 7;

/// A database of several keyspaces, each with a table `t` whose rows say which one it is.
async fn keyspaces(count: usize) -> (Astra, Connection, Vec<Connection>) {
    let names: Vec<_> = (1..count).map(|_| format!("k{}", Uuid::new_v4().simple())).collect();
    let options = AstraOptions { more_keyspaces: names.clone(), ..AstraOptions::default() };
    let astra = Sandbox::shared().await.unwrap().astra(options).await.unwrap();
    let without = connect(target(&astra).with_keyspace(None), |_| ()).await.unwrap();
    let mut within = Vec::new();
    for (number, name) in std::iter::once(astra.keyspace().to_owned()).chain(names).enumerate() {
        let connection = without.use_keyspace(&name, true).await.unwrap();
        run(&connection, "CREATE TABLE t (p int, c int, d text, PRIMARY KEY (p, c))").await;
        let insert = connection.prepare("INSERT INTO t (p, c, d) VALUES (1, ?, ?)").await.unwrap();
        let text = number.to_string().into_bytes();
        let rows: Vec<_> = (0..ROWS).map(|c| vec![int(c), Cell::Bytes(text.clone().into())]).collect();
        connection.run_batch(BatchKind::Unlogged, &insert, &rows, &RequestOptions::default()).await.unwrap();
        within.push(connection);
    }
    (astra, without, within)
}

fn int(value: i32) -> Cell {
    Cell::Bytes(value.to_be_bytes().to_vec().into())
}

async fn run(connection: &Connection, cql: &str) -> Answer {
    connection.run(&Request::new(cql), None).await.unwrap_or_else(|error| panic!("{cql}: {error:?}"))
}

/// What the rows of a page say they are of, each once.
fn of(answer: &Answer) -> Vec<String> {
    let page = answer.page.as_ref().unwrap();
    let place = page.columns().iter().position(|column| column.name == "d").unwrap();
    let mut said = Vec::new();
    page.visit(0, &mut |cells| {
        said.push(String::from_utf8(cells[place].unwrap().to_vec()).unwrap());
        ControlFlow::Continue(())
    })
    .unwrap();
    said.dedup();
    said
}

fn paged() -> Request {
    let mut request = read("SELECT * FROM t WHERE p = 1");
    request.options.page_size = PAGE;
    request
}

/// All pages of [`paged`], as text or prepared.
async fn all(connection: &Connection, prepared: bool) -> (usize, Vec<String>) {
    let request = paged();
    let statement = match prepared {
        true => Some(connection.prepare("SELECT * FROM t WHERE p = ?").await.unwrap()),
        false => None,
    };
    let (mut rows, mut said, mut next): (_, _, Option<PagingState>) = (0, Vec::new(), None);
    loop {
        let answer = match &statement {
            None => connection.run(&request, next.as_ref()).await.unwrap(),
            Some(statement) => {
                connection.run_prepared(statement, &[int(1)], &request.options, next.as_ref()).await.unwrap()
            }
        };
        rows += answer.page.as_ref().unwrap().rows();
        said.extend(of(&answer));
        said.dedup();
        next = answer.next;
        if next.is_none() {
            return (rows, said);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_side_by_side_run_each_under_its_own_keyspace() {
    let (_astra, without, within) = keyspaces(5).await;
    let mut lanes = JoinSet::new();
    for (number, connection) in within.iter().enumerate() {
        for lane in 0..2 {
            let (connection, without) = (connection.clone(), without.clone());
            lanes.spawn(async move {
                for turn in 0..4 {
                    let read = all(&connection, (turn + lane) % 2 == 0).await;
                    assert_eq!(read, (ROWS as usize, vec![number.to_string()]));
                    // Writes of this lane's own rows, which another keyspace would show.
                    let cql = format!("INSERT INTO t (p, c, d) VALUES (2, {lane}, '{number}')");
                    run(&connection, &cql).await;
                    let error = without.run(&paged(), None).await.unwrap_err();
                    assert!(
                        matches!(&error, QueryError::Server(error) if error.kind == ServerErrorKind::Invalid),
                        "{error:?}"
                    );
                    assert!(error.to_string().contains("No keyspace has been specified"), "{error}");
                }
            });
        }
    }
    while let Some(lane) = lanes.join_next().await {
        lane.unwrap();
    }
    for (number, connection) in within.iter().enumerate() {
        let answer = connection.run(&read("SELECT * FROM t WHERE p = 2"), None).await.unwrap();
        assert_eq!((answer.page.as_ref().unwrap().rows(), of(&answer)), (2, vec![number.to_string()]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_later_page_is_of_the_first_ones_keyspace_whoever_asks_for_it() {
    let (_astra, without, within) = keyspaces(2).await;
    let [dev, prod] = &within[..] else { panic!("there are two") };
    let first = dev.run(&paged(), None).await.unwrap();
    let (next, options) = (first.next.unwrap(), paged().options);
    assert_eq!(of(&prod.run(&paged(), None).await.unwrap()), ["1"]);
    for connection in [prod, &without, dev] {
        assert_eq!(of(&connection.run(&paged(), Some(&next)).await.unwrap()), ["0"]);
    }
    let prepared = dev.prepare("SELECT * FROM t WHERE p = ?").await.unwrap();
    for connection in [prod, &without] {
        let answer = connection.run_prepared(&prepared, &[int(1)], &options, None).await.unwrap();
        assert_eq!(of(&answer), ["0"]);
        let next = answer.next.unwrap();
        let answer = connection.run_prepared(&prepared, &[int(1)], &options, Some(&next)).await.unwrap();
        assert_eq!(of(&answer), ["0"]);
    }

    // What was first sent where no keyspace was in use names its own, and needs none later.
    let mut request = paged();
    request.cql = format!("SELECT * FROM {}.t WHERE p = 1", dev.keyspace().unwrap());
    let first = without.run(&request, None).await.unwrap();
    let answer = prod.run(&request, Some(&first.next.unwrap())).await.unwrap();
    assert_eq!(of(&answer), ["0"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_was_given_up_and_a_lost_connection_move_nobody() {
    let (astra, _, within) = keyspaces(2).await;
    let [dev, prod] = &within[..] else { panic!("there are two") };
    // Given up on this side, executed by the server all the same, while somebody uses another keyspace.
    astra.switch(Switch::Slow { ms: 300 }).await.unwrap();
    for c in 0..6 {
        let write = Request::new(format!("INSERT INTO t (p, c, d) VALUES (3, {c}, '0')"));
        assert!(tokio::time::timeout(Duration::from_millis(50), dev.run(&write, None)).await.is_err());
        let _ = tokio::time::timeout(Duration::from_millis(100), prod.run(&paged(), None)).await;
    }
    astra.reset().await.unwrap();
    comes_back(prod).await;
    let answer = prod.run(&read("SELECT * FROM t WHERE p = 3"), None).await.unwrap();
    assert_eq!(answer.page.unwrap().rows(), 0, "nothing of it went to another keyspace");

    // Every session comes back in its own.
    let first = dev.run(&paged(), None).await.unwrap();
    astra.switch(Switch::MovedProxy).await.unwrap();
    for connection in [prod, dev] {
        comes_back(connection).await;
    }
    assert_eq!(of(&prod.run(&paged(), first.next.as_ref()).await.unwrap()), ["0"]);
    assert_eq!(of(&prod.run(&paged(), None).await.unwrap()), ["1"]);
    assert_eq!(of(&dev.run(&paged(), None).await.unwrap()), ["0"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keyspace_that_is_refused_moves_nobody() {
    let (_astra, without, within) = keyspaces(2).await;
    let [dev, prod] = &within[..] else { panic!("there are two") };
    for connection in [dev, prod, &without] {
        for name in ["nowhere_at_all", "Nowhere"] {
            let error = connection.use_keyspace(name, true).await.unwrap_err();
            assert!(matches!(error, QueryError::Server(_)), "{error:?}");
        }
        for name in ["no-name", "", "k\"; DROP TABLE t; --"] {
            let error = connection.use_keyspace(name, true).await.unwrap_err();
            assert!(matches!(error, QueryError::KeyspaceName { .. }), "{error:?}");
        }
    }
    let upper = dev.keyspace().unwrap().to_ascii_uppercase();
    assert_eq!(prod.use_keyspace(&upper, false).await.unwrap().keyspace(), dev.keyspace());
    assert_eq!(of(&dev.run(&paged(), None).await.unwrap()), ["0"]);
    assert_eq!(of(&prod.run(&paged(), None).await.unwrap()), ["1"]);
    let error = without.run(&paged(), None).await.unwrap_err();
    assert!(error.to_string().contains("No keyspace has been specified"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_other_columns_is_not_taken() {
    let (_astra, _, within) = keyspaces(1).await;
    let connection = &within[0];
    let options = paged().options;
    let text = connection.run(&paged(), None).await.unwrap().next.unwrap();
    let prepared = connection.prepare("SELECT * FROM t WHERE p = ?").await.unwrap();
    let bound = connection.run_prepared(&prepared, &[int(1)], &options, None).await.unwrap().next.unwrap();
    let named = Request { cql: "SELECT c, d FROM t WHERE p = 1".to_owned(), ..paged() };
    let still = connection.run(&named, None).await.unwrap().next.unwrap();

    run(connection, "ALTER TABLE t ADD a text").await;
    let told = |outcome: Result<Answer, QueryError>| match outcome {
        Err(QueryError::ColumnsChanged { difference }) => difference,
        other => panic!("{other:?}"),
    };
    let new = "the column `a` (text) is new";
    assert_eq!(told(connection.run(&paged(), Some(&text)).await), new);
    assert_eq!(told(connection.run_prepared(&prepared, &[int(1)], &options, Some(&bound)).await), new);
    // What the statement names is what it was.
    assert_eq!(of(&connection.run(&named, Some(&still)).await.unwrap()), ["0"]);
    run(connection, "ALTER TABLE t DROP d").await;
    assert!(connection.run(&named, Some(&still)).await.is_err());

    // From the beginning there is nothing to compare with, and the prepared one comes with its new columns.
    let answer = connection.run_prepared(&prepared, &[int(1)], &options, None).await.unwrap();
    let names: Vec<_> = answer.page.as_ref().unwrap().columns().iter().map(|c| c.name.clone()).collect();
    assert_eq!(names, ["p", "c", "a"]);

    // Fields of a user-defined type.
    run(connection, "CREATE TYPE pair (x int)").await;
    run(connection, "CREATE TABLE u (p int, c int, v frozen<pair>, PRIMARY KEY (p, c))").await;
    for c in 0..20 {
        run(connection, &format!("INSERT INTO u (p, c, v) VALUES (1, {c}, {{x: {c}}})")).await;
    }
    let request = Request { cql: "SELECT * FROM u WHERE p = 1".to_owned(), ..paged() };
    let next = connection.run(&request, None).await.unwrap().next.unwrap();
    run(connection, "ALTER TYPE pair ADD y text").await;
    let fields = "a user-defined type in the column `v` (pair) has other fields now";
    assert_eq!(told(connection.run(&request, Some(&next)).await), fields);
}
