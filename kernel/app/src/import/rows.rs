//! Reads a file's rows, converts them, and sends them on grouped by partition. Runs on a thread of its own.
//!
//! The rule for two rows of one key: the later line wins, cell by cell, as if each were written when the one before it was
//! there. So each row has a time of its own, later than those of all rows before it ([`Clock`]); a batch has the time of its last
//! row; and two rows that write the same cells never travel in one batch, where the greater value would win.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use cqlbook_cluster::Cell;
use cqlbook_core::value::Notes;
use tokio::sync::mpsc;

use super::clock::Clock;
use super::nulls;
use super::outcome::LoadError;
use super::plan::Plan;
use super::source::Spec;
use super::tally::{Done, Fault, Limits, Rejection, Tally};
use super::window::Window;

/// A row, ready to be written.
#[derive(Debug, Clone)]
pub(super) struct Row {
    /// The row, from zero.
    pub(super) number: u64,
    /// The line it starts at, from 1.
    pub(super) line: u64,
    /// Its cells in the order of the plan, or of the plan's statement for static columns.
    pub(super) cells: Vec<Cell>,
    /// Its time, in microseconds since 1970; none for counters.
    pub(super) stamp: Option<i64>,
    /// It has static columns alone, and no clustering key.
    pub(super) is_static: bool,
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
    /// Rows that were looked at, those left out not counted.
    pub(super) seen: u64,
    /// Names in the rows that are no column's.
    pub(super) unknown: Vec<String>,
    /// What is to be told of the values of the rows that were not rejected here.
    pub(super) notes: Notes,
}

/// Reads the file and sends what it holds; ends early when nobody listens any more.
pub(super) fn read(
    spec: &Spec,
    plan: &Plan,
    pace: &Pace,
    before: &Before,
    mut clock: Clock,
    tally: &Tally,
    batches: &mpsc::Sender<Vec<Row>>,
) -> Result<Read, LoadError> {
    let mut source = spec.open(&tally.bytes)?;
    let goals = plan.goals.as_slice();
    let mut window = Window::new(plan, pace);
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
        read.seen += 1;
        if before.done.contains(this) {
            continue;
        }
        let rejected = |fault, reason| Rejection { number: this, line, fault, reason };
        if before.unsure.contains(&this) {
            let reason = "it was under way when the import stopped, and may have been counted".to_owned();
            tally.reject(rejected(Fault::Insert, reason));
            continue;
        }
        let mut notes = Notes::default();
        let cells = source.cells(goals, &spec.habits, &mut notes).and_then(|cells| {
            nulls::check(goals, &cells)?;
            plan.settle(cells)
        });
        match cells {
            Ok((cells, is_static)) => {
                read.notes.add(notes);
                brake.one_more();
                let stamp = (!plan.counters).then(|| clock.next());
                tally.gave(stamp);
                window.add(Row { number: this, line, cells, stamp, is_static });
            }
            Err(reason) => {
                tally.reject(rejected(Fault::Parse, reason));
                if let Some(exceeded) = tally.exceeded(pace.limits) {
                    return Err(LoadError::Exceeded(Box::new(exceeded)));
                }
            }
        }
        if window.is_full() && !window.send(tally, batches)? {
            return Ok(read);
        }
    }
    window.send(tally, batches)?;
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
