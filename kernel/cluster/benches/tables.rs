//! What drawing costs beside fetching, and what a kept result costs beside its bytes. `cargo xtask bench tables` runs it.
//!
//! A table of 10,000 rows of 20 columns in the local Astra is fetched and dropped, and fetched and drawn, in turns; then
//! 50,000 rows (a million cells) are kept. The medians are printed as a Markdown table; a target that is missed is a failure.
#![allow(clippy::print_stdout, reason = "the table is this program's output")]
#![allow(clippy::unwrap_used, reason = "a bench that cannot go on ends")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use cqlbook_cluster::{
    AstraTarget, BatchKind, Cell, Connection, Credentials, Request, RequestOptions, Target, connect,
};
use cqlbook_core::column::CqlType;
use cqlbook_core::page::Page;
use cqlbook_core::render::{Facts, TableOptions, table};
use cqlbook_core::secret::Secret;
use cqlbook_core::value::from_text;
use cqlbook_sandbox::{AstraOptions, Sandbox};

const ROWS: usize = 10_000;
const RUNS: usize = 21;
const KEPT: usize = 5;
const TYPES: [&str; 5] = ["int", "text", "double", "timestamp", "boolean"];

#[tokio::main]
async fn main() {
    let sandbox = Sandbox::shared().await.unwrap();
    let astra = sandbox.astra(AstraOptions::default()).await.unwrap();
    let credentials = astra.credentials();
    let credentials = Credentials {
        username: credentials.client_id.clone(),
        password: Secret::new(credentials.secret.clone()),
    };
    let target = Target::new(AstraTarget { bundle: astra.bundle().to_owned(), credentials })
        .with_keyspace(Some(astra.keyspace().to_owned()));
    let connection = connect(target, |_| ()).await.unwrap();
    fill(&connection).await;
    // First of all, while nothing that was freed can be used again.
    let before = resident();
    let mut kept = Vec::new();
    for _ in 0..KEPT {
        kept.extend(fetch(&connection).await);
    }
    let grown = resident().saturating_sub(before);
    let bytes: usize = kept.iter().map(|page| page.size_bytes()).sum();
    drop(kept);
    for _ in 0..3 {
        fetch(&connection).await;
    }

    let (mut fetched, mut drawn, mut html) = (Vec::new(), Vec::new(), 0);
    for _ in 0..RUNS {
        let started = Instant::now();
        drop(fetch(&connection).await);
        fetched.push(started.elapsed());
        let started = Instant::now();
        let pages = fetch(&connection).await;
        let facts = Facts { rows_fetched: ROWS, ..Facts::default() };
        let bundle = table(pages[0].columns(), &pages, &facts, &TableOptions::default());
        drawn.push(started.elapsed());
        html = bundle.html.unwrap_or_default().len();
    }
    let (fetched, drawn) = (median(fetched), median(drawn));

    let cost = drawn.as_secs_f64() / fetched.as_secs_f64();
    let memory = grown as f64 / bytes as f64;
    let millis = |time: Duration| time.as_secs_f64() * 1000.0;
    println!("| | | ratio | target |\n| --- | ---: | ---: | ---: |");
    println!("| 10,000 rows × 20 columns fetched and dropped, median ms | {:.1} | | |", millis(fetched));
    println!("| the same fetched and 50 rows drawn, median ms | {:.1} | {cost:.2} | 1.2 |", millis(drawn));
    println!("| HTML of the 50 rows × 20 columns, KB | {:.1} | | 60 |", html as f64 / 1000.0);
    println!("| 1,000,000 cells on the wire, MB | {:.1} | | |", bytes as f64 / 1e6);
    println!(
        "| the same kept, growth of resident memory in MB | {:.1} | {memory:.2} | 1.5 |",
        grown as f64 / 1e6
    );
    assert!(cost < 1.2 && memory < 1.5 && html < 60_000, "a target is missed");
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// The process's resident memory in bytes.
fn resident() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    pages.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

async fn fill(connection: &Connection) {
    let names: Vec<String> = (0..19).map(|n| format!("column_{n}")).collect();
    let columns: Vec<String> = (0..19).map(|n| format!("column_{n} {}", TYPES[n % TYPES.len()])).collect();
    let create =
        format!("CREATE TABLE measured (p int, c int, {}, PRIMARY KEY (p, c))", columns[1..].join(", "));
    connection.run(&Request::new(create), None).await.unwrap();
    let insert =
        format!("INSERT INTO measured (p, c, {}) VALUES ({})", names[1..].join(", "), ["?"; 20].join(", "));
    let insert = connection.prepare(&insert).await.unwrap();
    let types: Vec<CqlType> = insert.bind_columns().iter().map(|column| column.cql_type.clone()).collect();
    let cell = |ty: &CqlType, row: usize| {
        let text = match ty {
            CqlType::Text => format!("some text of row {row}"),
            CqlType::Double => format!("{row}.25"),
            CqlType::Timestamp => "2013-01-01 05:15:00Z".to_owned(),
            CqlType::Boolean => row.is_multiple_of(2).to_string(),
            _ => row.to_string(),
        };
        Cell::Bytes(from_text(ty, &text).unwrap().into())
    };
    let options = RequestOptions::of_a_read();
    for batch in 0..ROWS / 50 {
        let row = |row: usize| {
            let mut cells: Vec<Cell> = types.iter().map(|ty| cell(ty, row)).collect();
            cells[0] = cell(&CqlType::Int, batch);
            cells
        };
        let rows: Vec<_> = (batch * 50..(batch + 1) * 50).map(row).collect();
        connection.run_batch(BatchKind::Unlogged, &insert, &rows, &options).await.unwrap();
    }
}

async fn fetch(connection: &Connection) -> Vec<Arc<dyn Page>> {
    let options = RequestOptions::of_a_read();
    let request = Request::with_options("SELECT * FROM measured", options);
    let (mut pages, mut paging) = (Vec::new(), None);
    loop {
        let answer = connection.run(&request, paging.as_ref()).await.unwrap();
        pages.extend(answer.page);
        paging = answer.next;
        if paging.is_none() {
            return pages;
        }
    }
}
