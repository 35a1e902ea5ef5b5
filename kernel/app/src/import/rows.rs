//! Reads a file's rows, converts them, and sends them on grouped by partition. Runs on a thread of its own.

use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant};

use bytes::Bytes;
use cqlbook_cluster::Cell;
use cqlbook_core::column::KeyRole;
use tokio::sync::mpsc;

use super::outcome::LoadError;
use super::plan::Goal;
use super::source::Spec;
use super::tally::{Done, Fault, Limits, Rejection, Tally};

/// Rows that wait for others of their partition, in bytes at most.
const WINDOW_BYTES: usize = 16 << 20;
/// A batch is small enough that the server does not warn (5 KiB).
const BATCH_BYTES: usize = 4_000;

/// A row, ready to be written.
#[derive(Debug, Clone)]
pub(super) struct Row {
    /// The row, from zero.
    pub(super) number: u64,
    /// The line it starts at, from 1.
    pub(super) line: u64,
    /// Its cells in the order of the plan.
    pub(super) cells: Vec<Cell>,
}

/// How much is read, and how fast.
#[derive(Debug, Clone)]
pub(crate) struct Pace {
    /// Rows that are sorted into batches at a time, so that rows of a partition that are near in the file meet.
    pub(crate) window_rows: usize,
    /// Rows of one batch at most.
    pub(crate) batch_rows: usize,
    /// Rows a second at most.
    pub(crate) rows_a_second: Option<u64>,
    /// Rows left out at the start.
    pub(crate) skip_rows: u64,
    /// Rows read at most, those left out not counted.
    pub(crate) max_rows: Option<u64>,
    /// How many rows may fail.
    pub(crate) limits: Limits,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            window_rows: 32_768,
            batch_rows: 50,
            rows_a_second: None,
            skip_rows: 0,
            max_rows: None,
            limits: Limits::default(),
        }
    }
}

/// What an earlier run of the same load left behind.
#[derive(Debug, Clone, Default)]
pub(super) struct Before {
    /// Rows that are dealt with.
    pub(super) done: Done,
    /// Rows of counters of which nobody knows whether they were counted.
    pub(super) unsure: BTreeSet<u64>,
}

/// What reading a file brought beside its rows.
#[derive(Debug, Default)]
pub(super) struct Read {
    /// Rows left out at the start.
    pub(super) skipped: u64,
    /// Names in the rows that are no column's.
    pub(super) unknown: Vec<String>,
}

/// Reads the file and sends what it holds; ends early when nobody listens any more.
pub(super) fn read(
    spec: &Spec,
    goals: &[Goal],
    pace: &Pace,
    before: &Before,
    tally: &Tally,
    batches: &mpsc::Sender<Vec<Row>>,
) -> Result<Read, LoadError> {
    let mut source = spec.open(&tally.bytes)?;
    let mut window = Window::new(goals, pace);
    let mut brake = Brake::new(pace.rows_a_second);
    let mut read = Read::default();
    let mut number = 0;
    while let Some(line) = source.next()? {
        let this = number;
        number += 1;
        if this < pace.skip_rows {
            read.skipped += 1;
            tally.skip(this);
            continue;
        }
        if pace.max_rows.is_some_and(|most| this - pace.skip_rows >= most) {
            break;
        }
        if before.done.contains(this) {
            continue;
        }
        let rejected = |fault, reason| Rejection { number: this, line, fault, reason };
        if before.unsure.contains(&this) {
            let reason = "it was under way when the import stopped, and may have been counted".to_owned();
            tally.reject(rejected(Fault::Insert, reason));
            continue;
        }
        match source.cells(goals, &spec.habits) {
            Ok(cells) => {
                brake.one_more();
                window.add(Row { number: this, line, cells });
            }
            Err(reason) => {
                tally.reject(rejected(Fault::Parse, reason));
                if let Some(exceeded) = tally.exceeded(pace.limits) {
                    return Err(LoadError::Exceeded(Box::new(exceeded)));
                }
            }
        }
        if window.is_full() && !window.send(batches) {
            return Ok(read);
        }
    }
    window.send(batches);
    read.unknown = source.unknown();
    Ok(read)
}

/// Holds the rate of rows below a limit.
struct Brake {
    rows_a_second: Option<u64>,
    started: Instant,
    rows: u64,
}

impl Brake {
    fn new(rows_a_second: Option<u64>) -> Self {
        Self { rows_a_second, started: Instant::now(), rows: 0 }
    }

    fn one_more(&mut self) {
        self.rows += 1;
        // Looking at the clock for every row would cost more than the row.
        let Some(limit) = self.rows_a_second.filter(|limit| self.rows.is_multiple_of((limit / 50).max(1)))
        else {
            return;
        };
        let due = Duration::from_secs_f64(self.rows as f64 / limit as f64);
        if let Some(early) = due.checked_sub(self.started.elapsed()) {
            std::thread::sleep(early);
        }
    }
}

/// Rows that wait for others of their partition.
struct Window {
    /// Which cells are the partition key.
    key: Vec<usize>,
    most_rows: usize,
    batch_rows: usize,
    groups: HashMap<Vec<Bytes>, Vec<Row>>,
    rows: usize,
    bytes: usize,
}

impl Window {
    fn new(goals: &[Goal], pace: &Pace) -> Self {
        let key = goals
            .iter()
            .enumerate()
            .filter(|(_, goal)| goal.column.role == Some(KeyRole::Partition))
            .map(|(place, _)| place)
            .collect();
        let (most_rows, batch_rows) = (pace.window_rows, pace.batch_rows);
        Self { key, most_rows, batch_rows, groups: HashMap::new(), rows: 0, bytes: 0 }
    }

    fn is_full(&self) -> bool {
        self.rows >= self.most_rows || self.bytes >= WINDOW_BYTES
    }

    fn add(&mut self, row: Row) {
        let key = self.key.iter().filter_map(|&place| match row.cells.get(place) {
            Some(Cell::Bytes(bytes)) => Some(bytes.clone()),
            _ => None,
        });
        self.bytes += size_bytes(&row);
        self.rows += 1;
        self.groups.entry(key.collect()).or_default().push(row);
    }

    /// Sends every group on, cut into batches; false when nobody listens any more.
    fn send(&mut self, batches: &mpsc::Sender<Vec<Row>>) -> bool {
        (self.rows, self.bytes) = (0, 0);
        for (_, rows) in self.groups.drain() {
            let mut batch: Vec<Row> = Vec::new();
            let mut bytes = 0;
            for row in rows {
                let size = size_bytes(&row);
                if !batch.is_empty() && (batch.len() >= self.batch_rows || bytes + size > BATCH_BYTES) {
                    if batches.blocking_send(std::mem::take(&mut batch)).is_err() {
                        return false;
                    }
                    bytes = 0;
                }
                bytes += size;
                batch.push(row);
            }
            if !batch.is_empty() && batches.blocking_send(batch).is_err() {
                return false;
            }
        }
        true
    }
}

/// About what a row adds to a batch as the server counts it.
fn size_bytes(row: &Row) -> usize {
    row.cells
        .iter()
        .map(|cell| match cell {
            Cell::Bytes(bytes) => bytes.len() + 8,
            Cell::Null | Cell::Unset => 4,
        })
        .sum()
}
