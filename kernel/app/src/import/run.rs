//! One load from beginning to end: a thread that reads, tasks that write, the file of what was set aside.

use std::path::PathBuf;
use std::sync::Arc;

use cqlbook_cluster::{Connection, Prepared, RequestOptions};
use cqlbook_core::cell::{Idempotence, is_harmless_to_set};
use cqlbook_core::value::Notes;
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;

use super::clock::Clock;
use super::journal::Journal;
use super::load::Writer;
use super::outcome::{LoadError, Told};
use super::plan::Plan;
use super::rejected::{self, Form, Kept};
use super::resume::{Bond, Place};
use super::rows::{self, Before, Pace};
use super::source::Spec;
use super::tally::{Fault, Rejection, Tally};
use super::throttle::{self, Throttle};

/// Batches that wait for a writer.
const QUEUE: usize = 64;
/// Rejections that are told; all are in the file.
const TOLD: usize = 10;

/// A load, ready to run.
pub(crate) struct Job {
    /// The connection, which nobody attends yet.
    pub(crate) connection: Connection,
    /// The plan's statement, and that of rows with static columns alone.
    pub(crate) prepared: (Prepared, Option<Prepared>),
    /// The server's time.
    pub(crate) clock: Clock,
    /// How each write is sent. Whether it may be repeated is the plan's matter.
    pub(crate) options: RequestOptions,
    pub(crate) plan: Plan,
    pub(crate) spec: Spec,
    pub(crate) pace: Pace,
    /// How rows set aside are written, and where; beside the file where nothing is said.
    pub(crate) form: Form,
    pub(crate) rejected: Option<PathBuf>,
    /// What the load is bound to, where a load that stops leaves its place.
    pub(crate) bond: Option<Bond>,
    /// The place to go on from.
    pub(crate) place: Option<Place>,
}

/// What a load did.
#[derive(Debug)]
pub(crate) struct Loaded {
    /// Rows written in this run.
    pub(crate) written: u64,
    /// Rows written before it, where it went on with an earlier run.
    pub(crate) earlier: Option<u64>,
    /// Rows left out at the start.
    pub(crate) skipped: u64,
    /// Rows that were looked at.
    pub(crate) seen: u64,
    /// Rows that do not fit.
    pub(crate) parse_errors: u64,
    /// Rows that the server refused.
    pub(crate) insert_errors: u64,
    /// The first of them.
    pub(crate) first: Vec<Rejection>,
    /// Where they are.
    pub(crate) kept: Option<Kept>,
    /// Names in the rows that are no column's.
    pub(crate) unknown: Vec<String>,
    /// What is to be told of the values.
    pub(crate) notes: Notes,
}

impl Loaded {
    /// Rows set aside.
    pub(crate) fn rejected(&self) -> u64 {
        self.parse_errors + self.insert_errors
    }
}

/// Stops whatever still runs of a load when it is dropped, and has its record say how far it came.
struct Stop(Arc<Tally>);

impl Drop for Stop {
    fn drop(&mut self) {
        self.0.stop();
    }
}

/// Begins the record of the load: it is on disk before anything is sent. Where it cannot be written a load of counters does not
/// begin; any other goes on without, and says so.
fn begin(job: &mut Job, tally: &Tally) -> Result<Before, LoadError> {
    let before = job.place.take().map_or_else(Before::default, |place| place.take_up(tally));
    let Some(bond) = job.bond.take() else { return Ok(before) };
    let stamp = tally.state().stamp;
    let counters = job.plan.counters;
    match Journal::begin(&job.spec.path, bond, counters, before.unsure.clone(), stamp, tally) {
        Ok(journal) => tally.keep(Arc::new(journal)),
        Err(error) if counters => return Err(LoadError::Journal(error)),
        Err(error) => tally.cannot_keep(error.to_string()),
    }
    Ok(before)
}

/// Runs the load. Dropping the future stops all of it; what `tally` says is then what was done.
pub(crate) async fn run(mut job: Job, tally: Arc<Tally>) -> Result<Loaded, LoadError> {
    // A list that is set twice may be doubled, as a counter is.
    let is_harmless = job.prepared.0.bind_columns().iter().all(|column| is_harmless_to_set(&column.cql_type));
    job.options.idempotence =
        if job.plan.counters || !is_harmless { Idempotence::AtMostOnce } else { Idempotence::Idempotent };
    job.options.trace = false;
    let earlier = job.place.as_ref().map(Place::written);
    let before = begin(&mut job, &tally)?;
    let stop = Stop(Arc::clone(&tally));
    let outcome = move_rows(&job, before, &tally).await;
    // Rows are set aside in a file even where the load stops early, so that what was seen of them is not lost; where it can be
    // gone on with they are in its record. A load that sent nothing leaves none.
    let goes_on = outcome.is_err() && tally.is_kept() && (tally.has_sent() || earlier.is_some());
    let mut rejections = tally.state().rejections.clone();
    rejections.sort_by_key(|rejection| rejection.number);
    let count = |fault| rejections.iter().filter(|rejection| rejection.fault == fault).count() as u64;
    let (parse_errors, insert_errors) = (count(Fault::Parse), count(Fault::Insert));
    let first: Vec<Rejection> = rejections.iter().take(TOLD).cloned().collect();
    let mut not_set_aside = None;
    let target = job.rejected.clone().unwrap_or_else(|| rejected::path_for(&job.spec.path));
    if !rejections.is_empty() && !goes_on {
        let (spec, goals, form) = (job.spec.clone(), job.plan.goals.clone(), job.form);
        let write =
            tokio::task::spawn_blocking(move || rejected::write(&spec, &goals, &rejections, form, &target));
        match write.await.unwrap_or(Err(LoadError::Task)) {
            Ok(written) => tally.set_aside(written),
            Err(error) => not_set_aside = Some(error),
        }
    } else if rejections.is_empty() && outcome.is_ok() && job.form == Form::Reasons {
        rejected::clear(&target);
    }
    if let Some(because) = not_set_aside {
        // Neither the rows nor the reason for an early end are lost with the file.
        let first = first.into_iter().map(|rejection| (rejection.line, rejection.reason)).collect();
        let told = Told { count: parse_errors + insert_errors, first };
        let ended = outcome.err().map(Box::new);
        return Err(LoadError::NotSetAside { because: Box::new(because), ended, told: Box::new(told) });
    }
    let read = outcome?;
    if let Some(journal) = tally.journal() {
        journal.finish();
    }
    drop(stop);
    Ok(Loaded {
        written: tally.written(),
        earlier,
        skipped: read.skipped,
        seen: read.seen,
        parse_errors,
        insert_errors,
        first,
        kept: tally.kept().cloned(),
        unknown: read.unknown,
        notes: read.notes,
    })
}

/// How often it is written down how far all is done.
const SAVE: std::time::Duration = std::time::Duration::from_millis(250);

async fn move_rows(job: &Job, before: Before, tally: &Arc<Tally>) -> Result<rows::Read, LoadError> {
    let _hold = job.connection.hold();
    let (sender, batches) = mpsc::channel(QUEUE);
    let (spec, plan, pace) = (job.spec.clone(), job.plan.clone(), job.pace.clone());
    let told = Arc::clone(tally);
    let clock = job.clock.clone().after(tally.state().stamp);
    let reader =
        tokio::task::spawn_blocking(move || rows::read(&spec, &plan, &pace, &before, clock, &told, &sender));
    let batches = Arc::new(Mutex::new(batches));
    let throttle = Arc::new(Throttle::new());
    let (prepared, statics) = job.prepared.clone();
    let statements = (prepared, statics, job.plan.spelling.clone());
    let mut writers = JoinSet::new();
    for _ in 0..throttle::MOST {
        let writer = Writer::new(
            &job.connection,
            statements.clone(),
            job.options.clone(),
            job.plan.counters,
            job.pace.limits,
            Arc::clone(tally),
            Arc::clone(&throttle),
        );
        writers.spawn(writer.run(Arc::clone(&batches)));
    }
    drop(batches);
    let mut save = tokio::time::interval_at(tokio::time::Instant::now() + SAVE, SAVE);
    loop {
        tokio::select! {
            done = writers.join_next() => match done {
                Some(done) => done.map_err(|_| LoadError::Task)??,
                None => break,
            },
            _ = save.tick() => {
                if let Some(journal) = tally.journal() {
                    let (before, stamp) = {
                        let state = tally.state();
                        (state.done.before, state.stamp)
                    };
                    journal.reached(before, stamp);
                }
            }
        }
    }
    reader.await.map_err(|_| LoadError::Task)?
}
