//! The floor under every export: all pages of a table fetched by ranges of the ring, side by side, and dropped unread.
//!
//! `floor KEYSPACE TABLE`, with `ASTRA_DB_SECURE_BUNDLE_PATH`, `ASTRA_DB_CLIENT_ID` and `ASTRA_DB_CLIENT_SECRET` in the
//! environment. Prints one line of JSON. `cargo xtask bench data` runs it beside the kernel.
#![allow(clippy::print_stdout, reason = "the line is this program's output")]

use std::collections::VecDeque;
use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use cqlbook_cluster::{
    AstraTarget, Cell, Connection, Credentials, Prepared, RequestOptions, Target, TokenRange, connect,
};
use cqlbook_core::column::{KeyRole, quote_identifier};
use cqlbook_core::secret::Secret;

type Failure = Box<dyn Error + Send + Sync>;
type Queue = Arc<Mutex<VecDeque<TokenRange>>>;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let (keyspace, table) = arguments.next().zip(arguments.next()).ok_or("usage: floor KEYSPACE TABLE")?;
    let variable = |name: &str| std::env::var(name).map_err(|_| format!("{name} is not set"));
    let target = Target::new(AstraTarget {
        bundle: variable("ASTRA_DB_SECURE_BUNDLE_PATH")?.into(),
        credentials: Credentials {
            username: variable("ASTRA_DB_CLIENT_ID")?,
            password: Secret::new(variable("ASTRA_DB_CLIENT_SECRET")?),
        },
    });
    let connection = connect(target, |_| {}).await?;
    let schema = connection.schema();
    let known = schema.table(&keyspace, &table).ok_or("no such table")?;
    let key: Vec<_> =
        known.with_role(KeyRole::Partition).map(|column| quote_identifier(&column.name)).collect();
    let key = key.join(", ");
    let cql = format!(
        "SELECT * FROM {}.{} WHERE token({key}) > ? AND token({key}) <= ?",
        quote_identifier(&keyspace),
        quote_identifier(&table)
    );
    let prepared = connection.prepare(&cql).await?;
    let started = Instant::now();
    let queue: Queue = Arc::new(Mutex::new(connection.token_ranges(64).into()));
    let nodes = connection.nodes().iter().filter(|node| node.used && node.connected).count();
    let tasks: Vec<_> = (0..(nodes * 2).clamp(4, 12))
        .map(|_| tokio::spawn(fetch(connection.clone(), prepared.clone(), Arc::clone(&queue))))
        .collect();
    let (mut rows, mut bytes) = (0, 0);
    for task in tasks {
        let (more_rows, more_bytes) = task.await??;
        rows += more_rows;
        bytes += more_bytes;
    }
    let seconds = started.elapsed().as_secs_f64();
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    let peak: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap_or_default();
    println!(r#"{{"rows": {rows}, "bytes": {bytes}, "seconds": {seconds}, "peak_kb": {peak}}}"#);
    Ok(())
}

/// Fetches ranges until there are none; gives rows and bytes.
async fn fetch(connection: Connection, prepared: Prepared, queue: Queue) -> Result<(usize, usize), Failure> {
    let options = RequestOptions::of_a_read();
    let (mut rows, mut bytes) = (0, 0);
    loop {
        let range = queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let Some(range) = range else { return Ok((rows, bytes)) };
        let values = [range.start, range.end].map(|token| Cell::Bytes(token.to_be_bytes().to_vec().into()));
        let mut paging = None;
        loop {
            let answer = connection.run_prepared(&prepared, &values, &options, paging.as_ref()).await?;
            if let Some(page) = answer.page {
                rows += page.rows();
                bytes += page.size_bytes();
            }
            paging = answer.next;
            if paging.is_none() {
                break;
            }
        }
    }
}
