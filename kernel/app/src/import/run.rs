//! One load from beginning to end: a thread that reads, tasks that write, the file of what was set aside.

use std::path::PathBuf;
use std::sync::Arc;

use cqlbook_cluster::{Connection, Prepared, RequestOptions};
use cqlbook_core::cell::{Idempotence, is_harmless_to_set};
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;

use super::load::Writer;
use super::outcome::LoadError;
use super::plan::Plan;
use super::rejected::{self, Form};
use super::resume::{Keeper, Place};
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
    /// The plan's statement.
    pub(crate) prepared: Prepared,
    /// How each write is sent. Whether it may be repeated is the plan's matter.
    pub(crate) options: RequestOptions,
    pub(crate) plan: Plan,
    pub(crate) spec: Spec,
    pub(crate) pace: Pace,
    /// How rows set aside are written, and where; beside the file where nothing is said.
    pub(crate) form: Form,
    pub(crate) rejected: Option<PathBuf>,
    /// Whether a load that stops leaves its place.
    pub(crate) keeps_place: bool,
    /// The place to go on from.
    pub(crate) place: Option<Place>,
}

/// What a load did.
#[derive(Debug)]
pub(crate) struct Loaded {
    /// Rows written in this run.
    pub(crate) written: u64,
    /// Rows written before it.
    pub(crate) earlier: u64,
    /// Rows left out at the start.
    pub(crate) skipped: u64,
    /// Rows that do not fit.
    pub(crate) parse_errors: u64,
    /// Rows that the server refused.
    pub(crate) insert_errors: u64,
    /// The first of them.
    pub(crate) first: Vec<Rejection>,
    /// Where they are.
    pub(crate) rejected_file: Option<PathBuf>,
    /// Names in the rows that are no column's.
    pub(crate) unknown: Vec<String>,
}

impl Loaded {
    /// Rows set aside.
    pub(crate) fn rejected(&self) -> u64 {
        self.parse_errors + self.insert_errors
    }
}

/// Runs the load. Dropping the future stops all of it; what `tally` says is then what was done.
pub(crate) async fn run(mut job: Job, tally: Arc<Tally>) -> Result<Loaded, LoadError> {
    // A list that is set twice may be doubled, as a counter is.
    let is_harmless = job.prepared.bind_columns().iter().all(|column| is_harmless_to_set(&column.cql_type));
    job.options.idempotence =
        if job.plan.counters || !is_harmless { Idempotence::AtMostOnce } else { Idempotence::Idempotent };
    job.options.trace = false;
    let earlier = job.place.as_ref().map_or(0, |place| place.written);
    let before = job.place.take().map_or_else(Before::default, |place| place.take_up(&tally));
    let keeper = if job.keeps_place {
        let tally = Arc::clone(&tally);
        Some(Keeper::new(&job.spec.path, &job.plan.statement, earlier, job.plan.counters, tally)?)
    } else {
        None
    };
    let outcome = move_rows(&job, before, &tally, keeper.as_ref()).await;
    // Rows are set aside in a file even where the load stops early, so that what was seen of them is not lost.
    let mut rejections = std::mem::take(&mut tally.state().rejections);
    rejections.sort_by_key(|rejection| rejection.number);
    let count = |fault| rejections.iter().filter(|rejection| rejection.fault == fault).count() as u64;
    let (parse_errors, insert_errors) = (count(Fault::Parse), count(Fault::Insert));
    let first = rejections.iter().take(TOLD).cloned().collect();
    let kept = outcome.is_err() && keeper.is_some();
    if kept {
        // They are part of the place that is left, and are written when the load is over.
        tally.state().rejections = rejections.clone();
    }
    let mut rejected_file = None;
    if !rejections.is_empty() && !kept {
        let target = job.rejected.clone().unwrap_or_else(|| rejected::path_for(&job.spec.path));
        let (spec, form, to) = (job.spec.clone(), job.form, target.clone());
        let write = tokio::task::spawn_blocking(move || rejected::write(&spec, &mut rejections, form, &to));
        write.await.map_err(|_| LoadError::Task)??;
        rejected_file = Some(target);
    }
    let read = outcome?;
    if let Some(keeper) = &keeper {
        keeper.finish();
    }
    Ok(Loaded {
        written: tally.written(),
        earlier,
        skipped: read.skipped,
        parse_errors,
        insert_errors,
        first,
        rejected_file,
        unknown: read.unknown,
    })
}

/// How often the place is written down while rows move.
const SAVE: std::time::Duration = std::time::Duration::from_secs(5);

async fn move_rows(
    job: &Job,
    before: Before,
    tally: &Arc<Tally>,
    keeper: Option<&Keeper>,
) -> Result<rows::Read, LoadError> {
    let (sender, batches) = mpsc::channel(QUEUE);
    let (spec, goals, pace) = (job.spec.clone(), job.plan.goals.clone(), job.pace.clone());
    let told = Arc::clone(tally);
    let reader =
        tokio::task::spawn_blocking(move || rows::read(&spec, &goals, &pace, &before, &told, &sender));
    let batches = Arc::new(Mutex::new(batches));
    let throttle = Arc::new(Throttle::new());
    let mut writers = JoinSet::new();
    for _ in 0..throttle::MOST {
        let writer = Writer::new(
            &job.connection,
            job.prepared.clone(),
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
                if let Some(keeper) = keeper {
                    keeper.save();
                }
            }
        }
    }
    reader.await.map_err(|_| LoadError::Task)?
}
