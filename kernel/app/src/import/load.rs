//! Writes batches of rows with bounded concurrency, and sends again what may be sent again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use cqlbook_cluster::{
    BatchKind, Cell, Connection, Prepared, QueryError, Request, RequestOptions, RetryReason, ServerErrorKind,
};
use tokio::sync::{Mutex, mpsc};

use super::outcome::LoadError;
use super::rows::Row;
use super::spelled::Spelling;
use super::tally::{Fault, Limits, Rejection, Tally};
use super::throttle::Throttle;

/// How often a batch is tried when replicas do not answer in time; pauses double from the first. A lost connection and a
/// service that asks to slow down are waited out below, by the connection.
const TRIES: u32 = 6;
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// One of the tasks that write.
pub(super) struct Writer {
    pub(super) connection: Connection,
    pub(super) prepared: Prepared,
    /// The statement of rows that have static columns alone.
    pub(super) statics: Option<Prepared>,
    spelling: Spelling,
    pub(super) options: RequestOptions,
    /// The rows are added to counters: what may have happened is not done again.
    pub(super) counters: bool,
    pub(super) limits: Limits,
    pub(super) tally: Arc<Tally>,
    pub(super) throttle: Arc<Throttle>,
    /// The service asked this task to slow down since it last looked.
    busy: Arc<AtomicBool>,
}

/// What became of an attempt to write.
enum Sent {
    Done,
    /// The server refused these values; nothing was written.
    Refused(QueryError),
    /// Whether it was written is not known, and it must not be written twice.
    Unsure(QueryError),
}

impl Writer {
    pub(super) fn new(
        connection: &Connection,
        (prepared, statics, spelling): (Prepared, Option<Prepared>, Spelling),
        options: RequestOptions,
        counters: bool,
        limits: Limits,
        tally: Arc<Tally>,
        throttle: Arc<Throttle>,
    ) -> Self {
        let busy = Arc::new(AtomicBool::new(false));
        let (told, asked) = (Arc::clone(&tally), Arc::clone(&busy));
        let connection = connection.attended(options.timeout, move |notice| {
            asked.fetch_or(matches!(notice.reason, RetryReason::SlowDown { .. }), Ordering::Relaxed);
            told.wait(notice);
        });
        Self { connection, prepared, statics, spelling, options, counters, limits, tally, throttle, busy }
    }

    /// Writes batches until there are no more.
    pub(super) async fn run(self, batches: Arc<Mutex<mpsc::Receiver<Vec<Row>>>>) -> Result<(), LoadError> {
        loop {
            let batch = batches.lock().await.recv().await;
            let Some(rows) = batch else { return Ok(()) };
            let permit = self.throttle.enter().await;
            self.write(rows).await?;
            match (self.busy.swap(false, Ordering::Relaxed), permit) {
                (true, Some(permit)) => self.throttle.give_up(permit),
                _ => self.throttle.went_well(),
            }
        }
    }

    /// Writes a batch; where the server refuses it, each row on its own, so that only the bad ones are set aside.
    async fn write(&self, rows: Vec<Row>) -> Result<(), LoadError> {
        if !self.tally.begin(rows.iter().map(|row| row.number)) {
            return Ok(());
        }
        let is_spelled = |row: &Row| self.spelled(row).is_some();
        let together =
            if rows.len() > 1 && rows.iter().any(is_spelled) { None } else { Some(self.send(&rows).await?) };
        match together {
            None => {}
            Some(Sent::Done) => {
                self.tally.wrote(&rows.iter().map(|row| row.number).collect::<Vec<_>>());
                return Ok(());
            }
            Some(Sent::Unsure(error)) => {
                for row in &rows {
                    self.set_aside(row, self.unsure(&error))?;
                }
                return Ok(());
            }
            Some(Sent::Refused(error)) if rows.len() == 1 => {
                return self.set_aside(&rows[0], refusal(&error));
            }
            Some(Sent::Refused(_)) => {}
        }
        for row in &rows {
            match self.send(std::slice::from_ref(row)).await? {
                Sent::Done => self.tally.wrote(&[row.number]),
                Sent::Refused(error) => self.set_aside(row, refusal(&error))?,
                Sent::Unsure(error) => {
                    self.set_aside(row, self.unsure(&error))?;
                }
            }
        }
        Ok(())
    }

    fn prepared(&self, row: &Row) -> &Prepared {
        self.statics.as_ref().filter(|_| row.is_static).unwrap_or(&self.prepared)
    }

    /// The statement of a row that cannot be bound.
    fn spelled(&self, row: &Row) -> Option<String> {
        self.spelling.of(self.prepared(row).bind_columns(), &row.cells)
    }

    fn unsure(&self, error: &QueryError) -> String {
        let done = if self.counters { "counted" } else { "written" };
        format!("it may have been {done}, or not: {error}")
    }

    fn set_aside(&self, row: &Row, reason: String) -> Result<(), LoadError> {
        self.tally.reject(Rejection { number: row.number, line: row.line, fault: Fault::Insert, reason });
        match self.tally.exceeded(self.limits) {
            Some(exceeded) => Err(LoadError::Exceeded(Box::new(exceeded))),
            None => Ok(()),
        }
    }

    /// Sends rows of one partition, again after a pause where the cluster is busy and that can do no harm.
    async fn send(&self, rows: &[Row]) -> Result<Sent, LoadError> {
        let Some(last) = rows.last() else { return Ok(Sent::Done) };
        let prepared = self.prepared(last);
        let cells: Vec<Vec<Cell>> = rows.iter().map(|row| row.cells.clone()).collect();
        // A batch has one time, its last row's. It stays the same when the batch is sent again.
        let options = RequestOptions { timestamp: last.stamp, ..self.options.clone() };
        let spelled = if rows.len() == 1 { self.spelled(last) } else { None };
        let spelled = spelled.map(|statement| Request::with_options(statement, options.clone()));
        let mut pause = FIRST_PAUSE;
        let mut tries = 1;
        let kind = if self.counters { BatchKind::Counter } else { BatchKind::Unlogged };
        loop {
            let outcome = match (cells.as_slice(), &spelled) {
                (_, Some(request)) => self.connection.run(request, None).await,
                ([row], None) => self.connection.run_prepared(prepared, row, &options, None).await,
                (rows, None) => self.connection.run_batch(kind, prepared, rows, &options).await,
            };
            match outcome {
                Ok(_) => {
                    self.tally.went_well();
                    return Ok(Sent::Done);
                }
                Err(error) if is_about_the_row(&error) => return Ok(Sent::Refused(error)),
                Err(error) if !self.options.idempotence.may_repeat() && may_have_happened(&error) => {
                    return Ok(Sent::Unsure(error));
                }
                // A server that fails at a value says so in words of its own. One that fails at every value is ill.
                Err(error) if is_servers_own(&error) && self.tally.may_be_the_row() => {
                    return Ok(Sent::Refused(error));
                }
                Err(error) if tries < TRIES && is_busy(&error) => {
                    self.busy.store(true, Ordering::Relaxed);
                    tokio::time::sleep(pause).await;
                    tries += 1;
                    pause *= 2;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
}

fn refusal(error: &QueryError) -> String {
    format!("the server refused it: {error}")
}

/// Whether the server refused these values, and not the statement or the time.
fn is_about_the_row(error: &QueryError) -> bool {
    matches!(error, QueryError::Server(error) if matches!(error.kind, ServerErrorKind::Invalid))
}

/// Whether the server failed for a reason that it has no kind of error for.
fn is_servers_own(error: &QueryError) -> bool {
    matches!(error, QueryError::Server(error) if matches!(error.kind, ServerErrorKind::Server))
}

fn is_busy(error: &QueryError) -> bool {
    match error {
        QueryError::Server(error) => matches!(
            error.kind,
            ServerErrorKind::Bootstrapping
                | ServerErrorKind::Unavailable { .. }
                | ServerErrorKind::WriteTimeout { .. }
                | ServerErrorKind::WriteFailure { .. }
        ),
        QueryError::Timeout { .. } => true,
        _ => false,
    }
}

/// Whether a write to one partition that failed this way may have been done all the same. That too few replicas are alive is
/// found before it is done.
fn may_have_happened(error: &QueryError) -> bool {
    let is_unavailable = matches!(error, QueryError::Server(error)
        if matches!(error.kind, ServerErrorKind::Unavailable { .. }));
    error.may_have_happened() && !is_unavailable
}
