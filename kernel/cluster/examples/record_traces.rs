//! Records the traces that `cqlbook_core::trace` is tested with, from a real Cassandra of one and of three nodes:
//!
//!     cargo run -p cqlbook-cluster --example record_traces -- kernel/core/src/trace/recorded [NAME…]
//!
//! It starts clusters of its own, because it freezes and kills nodes. With names it writes these recordings only.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "a tool for developers")]

use std::path::{Path, PathBuf};
use std::time::Duration;

use cqlbook_cluster::{
    Answer, AstraTarget, BatchKind, Cell, Connection, Consistency, Credentials, QueryError, Request,
    RequestOptions, Target, TracePatience, connect,
};
use cqlbook_core::secret::Secret;
use cqlbook_core::trace::{Recording, TraceId};
use cqlbook_sandbox::{AstraOptions, ClusterOptions, Sandbox};

const PATIENCE: TracePatience =
    TracePatience { first: Duration::from_secs(10), whole: Duration::from_secs(15) };
/// How often a statement is tried whose coordinator may be the node that answers nothing.
const TRIES: usize = 20;
/// Rows of the table whose replicas fail.
const WATCHED: usize = 12;

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().expect("the folder to write to"));
    let recorder = Recorder { folder, only: arguments.collect() };
    for nodes in [1, 3] {
        let mut options = ClusterOptions::default();
        (options.nodes, options.stoppable) = (nodes, true);
        options.other_dc_nodes = usize::from(nodes > 1);
        let sandbox = Sandbox::start(options).await.expect("a cluster starts");
        let connection = connected(&sandbox).await;
        recorder.healthy(&connection, if nodes == 1 { "one" } else { "three" }).await;
        if nodes > 1 {
            recorder.unwell(&sandbox, &connection).await;
        }
    }
}

struct Recorder {
    folder: PathBuf,
    only: Vec<String>,
}

impl Recorder {
    /// What a cluster does that is well.
    async fn healthy(&self, connection: &Connection, nodes: &str) {
        prepare(connection).await;
        let statements = [
            ("read-by-key", "SELECT * FROM flights WHERE origin = 'JFK' AND day = 1 AND number = 17"),
            ("read-partition", "SELECT number, carrier, delay FROM flights WHERE origin = 'JFK' AND day = 1"),
            (
                "read-partitions",
                "SELECT day, count(*) FROM flights WHERE origin = 'JFK' AND day IN (1, 2, 3, 4) GROUP BY origin, day",
            ),
            ("no-such-row", "SELECT * FROM flights WHERE origin = 'XXX' AND day = 1"),
            ("tombstones", "SELECT number, delay FROM cancelled WHERE origin = 'JFK' LIMIT 3"),
            ("scan-filtering", "SELECT * FROM flights WHERE carrier = 'Z9' ALLOW FILTERING"),
            ("scan-count", "SELECT count(*) FROM flights"),
            ("sai-index", "SELECT * FROM flights WHERE delay > 290"),
            ("secondary-index", "SELECT * FROM flights WHERE tailnum = 'N17'"),
            (
                "insert",
                "INSERT INTO flights (origin, day, number, carrier, delay) VALUES ('JFK', 1, 9001, 'UA', 3)",
            ),
            ("delete", "DELETE FROM flights WHERE origin = 'JFK' AND day = 1 AND number = 9001"),
            (
                "batch-logged",
                "BEGIN BATCH INSERT INTO flights (origin, day, number, carrier) VALUES ('EWR', 9, 1, 'UA'); INSERT INTO flights (origin, day, number, carrier) VALUES ('LGA', 9, 1, 'DL'); APPLY BATCH",
            ),
            (
                "lwt-applied",
                "INSERT INTO flights (origin, day, number, carrier) VALUES ('SWF', 1, 1, 'B6') IF NOT EXISTS",
            ),
            (
                "lwt-not-applied",
                "UPDATE flights SET delay = 1 WHERE origin = 'SWF' AND day = 1 AND number = 1 IF carrier = 'UA'",
            ),
            ("create-table", "CREATE TABLE made_while_traced (k int PRIMARY KEY, v text)"),
        ];
        for (name, cql) in statements {
            self.record(connection, &format!("{nodes}-{name}"), cql, |_| ()).await;
        }
        let all = |options: &mut RequestOptions| options.consistency = Consistency::All;
        self.record(
            connection,
            &format!("{nodes}-read-all"),
            "SELECT * FROM flights WHERE origin = 'JFK' AND day = 2 AND number = 3",
            all,
        )
        .await;
        let prepared =
            connection.prepare("SELECT * FROM flights WHERE origin = ? AND day = ?").await.unwrap();
        let values = [Cell::Bytes("JFK".into()), int(3)];
        let answer = connection.run_prepared(&prepared, &values, &traced(), None).await.unwrap();
        self.keep(connection, &format!("{nodes}-prepared"), &answer).await;
    }

    /// What one does whose second node is slow, has missed writes, or is dead.
    async fn unwell(&self, sandbox: &Sandbox, connection: &Connection) {
        // Which replicas a read asks is not for us to choose: the rows of several keys are tried until it asks that node.
        let reads: Vec<_> = (0..WATCHED).map(|k| format!("SELECT * FROM watched WHERE k = {k}")).collect();
        let node = format!("/{}:", sandbox.nodes().await.unwrap()[1].address.ip());
        let asks_it = |activity: &str| activity.starts_with("Sending READ_REQ") && activity.contains(&node);
        let pid = pid_of(1);
        signal(pid, "STOP");
        // All at once: the others soon take it for dead, and ask it no longer.
        let mut slow = tokio::task::JoinSet::new();
        for cql in reads.clone() {
            let connection = connection.clone();
            slow.spawn(async move { connection.run(&Request::with_options(cql, traced()), None).await });
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
        signal(pid, "CONT");
        let answers = slow.join_all().await.into_iter().filter_map(Result::ok).collect::<Vec<_>>();
        self.search(connection, "three-quorum-frozen-replica", answers, asks_it).await;
        tokio::time::sleep(Duration::from_secs(3)).await;

        sandbox.stop_node(1).await.unwrap();
        self.record(connection, "three-quorum-dead-replica", &reads[0], quick).await;
        self.record(
            connection,
            "three-insert-dead-replica",
            "INSERT INTO watched (k, v) VALUES (0, 8)",
            quick,
        )
        .await;
        for k in 0..WATCHED {
            run(connection, &format!("UPDATE watched SET v = 2 WHERE k = {k}"), quick).await.unwrap();
        }
        sandbox.start_node(1).await.unwrap();
        let all = |options: &mut RequestOptions| {
            quick(options);
            options.consistency = Consistency::All;
        };
        let mut answers = Vec::new();
        for cql in &reads {
            answers.extend(run(connection, cql, all).await);
        }
        self.search(connection, "three-read-repair", answers, |activity| activity.contains("igest mismatch"))
            .await;
    }

    /// Keeps the first trace of these in which an activity is as wanted.
    async fn search(
        &self,
        connection: &Connection,
        name: &str,
        answers: Vec<Answer>,
        wanted: impl Fn(&str) -> bool,
    ) {
        for answer in answers {
            let id = TraceId(answer.tracing_id.expect("a trace's id").into_bytes());
            let recording = connection.trace(id, PATIENCE).await.expect("traces can be read");
            if recording.events.iter().any(|event| wanted(&event.activity)) {
                return self.keep(connection, name, &answer).await;
            }
        }
        println!("{name}: in no trace");
    }

    async fn record(
        &self,
        connection: &Connection,
        name: &str,
        cql: &str,
        change: impl Fn(&mut RequestOptions),
    ) {
        match run(connection, cql, change).await {
            Ok(answer) => self.keep(connection, name, &answer).await,
            Err(error) => println!("{name}: {error}"),
        }
    }

    async fn keep(&self, connection: &Connection, name: &str, answer: &Answer) {
        let id = answer.tracing_id.expect("a trace's id");
        let mut recording: Recording =
            connection.trace(TraceId(id.into_bytes()), PATIENCE).await.expect("traces can be read");
        recording.rows_returned = answer.page.as_ref().map(|page| page.rows() as u64);
        println!("{name}: {} events, complete: {}", recording.events.len(), recording.complete);
        if self.only.is_empty() || self.only.iter().any(|only| only == name) {
            let path = self.folder.join(name).with_extension("json");
            std::fs::write(path, recording.to_json().unwrap() + "\n").unwrap();
        }
    }
}

async fn connected(sandbox: &Sandbox) -> Connection {
    let options = AstraOptions { keyspace: "flights".to_owned(), ..AstraOptions::default() };
    let astra = sandbox.astra(options).await.expect("a front opens");
    let credentials = astra.credentials();
    let target = AstraTarget {
        bundle: astra.bundle().to_owned(),
        credentials: Credentials {
            username: credentials.client_id.clone(),
            password: Secret::new(credentials.secret.clone()),
        },
    };
    connect(Target::new(target).with_keyspace(Some("flights".to_owned())), |_| ()).await.expect("it connects")
}

/// The tables: 4 days of 3 airports with 100 flights each, and one partition that is nearly all tombstones.
async fn prepare(connection: &Connection) {
    for cql in [
        "CREATE TABLE flights (origin text, day int, number int, carrier text, tailnum text, delay int, PRIMARY KEY ((origin, day), number))",
        "CREATE INDEX ON flights (delay) USING 'sai'",
        "CREATE INDEX ON flights (tailnum)",
        "CREATE TABLE cancelled (origin text, number int, delay int, PRIMARY KEY (origin, number))",
        "CREATE TABLE watched (k int PRIMARY KEY, v int) WITH speculative_retry = '20ms'",
    ] {
        run(connection, cql, |_| ()).await.unwrap();
    }
    for k in 0..WATCHED {
        run(connection, &format!("INSERT INTO watched (k, v) VALUES ({k}, 1)"), |_| ()).await.unwrap();
    }
    let insert = connection
        .prepare(
            "INSERT INTO flights (origin, day, number, carrier, tailnum, delay) VALUES (?, ?, ?, ?, ?, ?)",
        )
        .await
        .unwrap();
    for origin in ["EWR", "JFK", "LGA"] {
        for day in 1..=4 {
            let row = |number: i32| {
                let tail = format!("N{}", number % 40);
                vec![
                    Cell::Bytes(origin.into()),
                    int(day),
                    int(number),
                    Cell::Bytes("UA".into()),
                    Cell::Bytes(tail.into()),
                    int(number * 3),
                ]
            };
            let rows: Vec<_> = (0..100).map(row).collect();
            let options = RequestOptions::default();
            connection.run_batch(BatchKind::Unlogged, &insert, &rows, &options).await.unwrap();
        }
    }
    for number in 0..1_200 {
        let cql = format!("INSERT INTO cancelled (origin, number, delay) VALUES ('JFK', {number}, 1)");
        run(connection, &cql, |_| ()).await.unwrap();
        if number < 1_197 {
            let cql = format!("DELETE FROM cancelled WHERE origin = 'JFK' AND number = {number}");
            run(connection, &cql, |_| ()).await.unwrap();
        }
    }
}

fn int(value: i32) -> Cell {
    Cell::Bytes(value.to_be_bytes().to_vec().into())
}

fn traced() -> RequestOptions {
    RequestOptions { trace: true, ..RequestOptions::of_a_read() }
}

fn quick(options: &mut RequestOptions) {
    options.timeout = Duration::from_secs(2);
}

/// Runs a statement, traced; again where its coordinator gave no answer.
async fn run(
    connection: &Connection,
    cql: &str,
    change: impl Fn(&mut RequestOptions),
) -> Result<Answer, QueryError> {
    let mut options = traced();
    change(&mut options);
    let request = Request::with_options(cql, options);
    let mut tries = TRIES;
    loop {
        tries -= 1;
        match connection.run(&request, None).await {
            Err(QueryError::Timeout { .. }) if tries > 0 => {}
            outcome => return outcome,
        }
    }
}

/// The process of this program's node of that index.
fn pid_of(index: usize) -> u32 {
    let own = std::process::id().to_string();
    let folder = format!("/node{index}/");
    let is_it = |pid: &u32| {
        let read = |name: &str| {
            std::fs::read(Path::new("/proc").join(pid.to_string()).join(name)).unwrap_or_default()
        };
        let status = String::from_utf8_lossy(&read("status")).into_owned();
        let is_ours =
            status.lines().any(|line| line.strip_prefix("PPid:").is_some_and(|ppid| ppid.trim() == own));
        is_ours && String::from_utf8_lossy(&read("cmdline")).contains(&folder)
    };
    let processes = std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    processes.into_iter().find(is_it).expect("the node's process")
}

fn signal(pid: u32, name: &str) {
    let sent = std::process::Command::new("kill").arg(format!("-{name}")).arg(pid.to_string()).status();
    assert!(sent.expect("kill runs").success());
}
