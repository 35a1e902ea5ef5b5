//! How long a cell of a megabyte takes to be split into its steps. `cargo xtask bench split` runs it.
//!
//! Each shape is split a few times, and the median is printed, as the row of a Markdown table. What is measured is the
//! processor's time where the system tells it (Linux), so that a busy machine does not count; otherwise the clock's.
#![allow(clippy::print_stdout, reason = "the table is this program's output")]

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use cqlbook_core::cell::{Cell, parse};

const BYTES: usize = 1_000_000;
const RUNS: usize = 11;

static STARTED: LazyLock<Instant> = LazyLock::new(Instant::now);

/// The time that this thread had a processor (proc(5), `schedstat`: nanoseconds), or that has passed.
fn spent() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = text.split(' ').next().and_then(|field| field.parse().ok());
    nanoseconds.map_or_else(|| STARTED.elapsed(), Duration::from_nanos)
}

fn main() {
    let repeated = |piece: &str| piece.repeat(BYTES / piece.len());
    let shapes = [
        ("one SELECT of many columns", format!("SELECT {}a FROM t", repeated("column_name, "))),
        ("one INSERT of a long text", format!("INSERT INTO t (a) VALUES ('{}')", repeated("it''s; "))),
        (
            "one batch",
            format!("BEGIN BATCH {} APPLY BATCH", repeated("INSERT INTO t (a, b) VALUES (1, 'x;y'); ")),
        ),
        ("many statements", repeated("SELECT a, 'b;c' FROM t WHERE d = :day AND e IN (1, 2); -- why\n")),
        ("many shell commands", repeated("CONSISTENCY ONE\n")),
        ("quotes that open and close", repeated("'a' \"b\" $$c$$ /* d */ ")),
        ("open braces and colons", repeated("{:a ")),
    ];
    println!("| A cell of 1 MB | steps | median ms |\n| --- | ---: | ---: |");
    for (name, source) in shapes {
        let mut steps = 0;
        let mut times: Vec<Duration> = (0..RUNS)
            .map(|_| {
                let before = spent();
                if let Cell::Steps(found) = parse(&source) {
                    steps = found.len();
                }
                spent() - before
            })
            .collect();
        times.sort();
        println!("| {name} | {steps} | {:.1} |", times[RUNS / 2].as_secs_f64() * 1000.0);
    }
}
