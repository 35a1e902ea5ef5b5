//! Times completion and inspection in a keyspace of 500 tables: `cargo run --release -p cqlbook-core --example completing`.
#![allow(clippy::print_stdout)]

use std::time::{Duration, Instant};

use cqlbook_core::column::KeyRole;
use cqlbook_core::complete::{KnownColumn, Names, complete};
use cqlbook_core::inspect::inspect;

const TABLES: usize = 500;
const COLUMNS: usize = 30;

struct Large;

impl Names for Large {
    fn keyspaces(&self) -> Vec<String> {
        (0..20).map(|number| format!("keyspace_{number}")).collect()
    }

    fn tables(&self, _: Option<&str>) -> Vec<String> {
        (0..TABLES).map(|number| format!("table_number_{number}")).collect()
    }

    fn columns(&self, _: Option<&str>, table: &str) -> Vec<KnownColumn> {
        let known = table.starts_with("table_number_");
        let column = |number: usize| KnownColumn {
            name: format!("column_number_{number}"),
            cql_type: "timestamp".to_owned(),
            role: (number == 0).then_some(KeyRole::Partition),
        };
        (0..if known { COLUMNS } else { 0 }).map(column).collect()
    }
}

fn main() {
    let batch = "INSERT INTO table_number_7 (column_number_0) VALUES ('2026-01-01');\n".repeat(500);
    let values = "1, ".repeat(2_000);
    let cells = [
        ("tables", "SELECT * FROM ".to_owned()),
        ("columns", "SELECT * FROM table_number_7 WHERE ".to_owned()),
        ("a cell of 500 statements", format!("{batch}SELECT * FROM table_number_7 WHERE ")),
        ("a batch of 500", format!("BEGIN BATCH {batch}UPDATE table_number_7 SET ")),
        (
            "a list of 2,000 values",
            format!("SELECT * FROM table_number_7 WHERE column_number_0 IN ({values}"),
        ),
    ];
    for (what, cell) in cells {
        let timed = |run: &dyn Fn()| {
            let mut times: Vec<Duration> = (0..50)
                .map(|_| {
                    let started = Instant::now();
                    run();
                    started.elapsed()
                })
                .collect();
            times.sort();
            format!("{:.2} ms, at most {:.2} ms", milliseconds(times[25]), milliseconds(times[49]))
        };
        let completing = timed(&|| drop(complete(&cell, cell.len(), &Large)));
        println!(
            "{what:>26}: Tab {completing}; Shift-Tab {}",
            timed(&|| drop(inspect(&cell, cell.len(), &Large)))
        );
    }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
