//! Writes the rows of a file to the cluster with bounded concurrency, and counts.

use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use cqlbook_cluster::{
    BatchKind, Cell, Connection, Prepared, QueryError, RequestOptions, RetryNotice, RetryReason,
    ServerErrorKind,
};
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;

use super::rejected;
use super::rows::{self, Parcel, Reading, Rejection, Row};

/// Batches under way at a time.
const WRITERS: usize = 24;
/// Batches that wait for a writer.
const QUEUE: usize = 64;
/// How often a batch is tried when replicas do not answer in time; pauses double from the first. A lost connection and a
/// service that asks to slow down are waited out below, by the connection.
const TRIES: u32 = 6;
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// Lines set aside at most; a file of which more is wrong is the wrong file.
const MAX_REJECTED: usize = 100_000;

/// How far an import has come; read while it runs.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    /// Rows written.
    pub(crate) written: AtomicU64,
    /// How often a write had to wait.
    pub(crate) waits: AtomicU64,
    /// What a write waits for, and until when.
    waiting: std::sync::Mutex<Option<(RetryReason, Instant)>>,
}

impl Progress {
    /// Takes what a write waits for.
    pub(crate) fn wait(&self, notice: RetryNotice) {
        if matches!(notice.reason, RetryReason::SlowDown { .. }) {
            self.waits.fetch_add(1, Ordering::Relaxed);
        }
        let until = Instant::now() + notice.wait;
        *self.waiting.lock().unwrap_or_else(PoisonError::into_inner) = Some((notice.reason, until));
    }

    /// What writes wait for now.
    pub(crate) fn waiting(&self) -> Option<RetryReason> {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.as_ref().filter(|(_, until)| *until > Instant::now()).map(|(reason, _)| reason.clone())
    }
}

/// What an import did.
#[derive(Debug)]
pub(crate) struct Loaded {
    /// Rows written.
    pub(crate) written: u64,
    /// Lines that were not loaded.
    pub(crate) rejected: u64,
    /// Where those lines are with their reasons.
    pub(crate) rejected_file: Option<PathBuf>,
}

/// Why an import ended early.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoadError {
    #[error("the file cannot be read: {0}")]
    Read(#[from] csv::Error),
    #[error("the rejected lines cannot be written: {0}")]
    Rejected(#[source] io::Error),
    #[error("more than {MAX_REJECTED} lines cannot be loaded; the first, line {line}: {reason}")]
    TooManyRejected { line: u64, reason: String },
    #[error("a write failed: {0}")]
    Write(#[from] QueryError),
    #[error("a task of the import ended early")]
    Task,
}

/// Reads `reading` and writes each row with `prepared`. Dropping the future stops all of it.
pub(crate) async fn load(
    connection: &Connection,
    prepared: Prepared,
    options: RequestOptions,
    reading: Reading,
    progress: Arc<Progress>,
) -> Result<Loaded, LoadError> {
    let (sender, parcels) = mpsc::channel(QUEUE);
    let source = reading.path.clone();
    let reader = tokio::task::spawn_blocking(move || rows::read(&reading, &sender));
    let parcels = Arc::new(Mutex::new(parcels));
    let mut writers = JoinSet::new();
    for _ in 0..WRITERS {
        let writer = Writer {
            connection: connection.clone(),
            prepared: prepared.clone(),
            options: options.clone(),
            progress: Arc::clone(&progress),
        };
        let parcels = Arc::clone(&parcels);
        writers.spawn(writer.run(parcels));
    }
    drop(parcels);
    let mut rejections: Vec<Rejection> = Vec::new();
    while let Some(done) = writers.join_next().await {
        rejections.extend(done.map_err(|_| LoadError::Task)??);
        if rejections.len() > MAX_REJECTED {
            let Rejection { line, reason } = rejections.swap_remove(0);
            return Err(LoadError::TooManyRejected { line, reason });
        }
    }
    reader.await.map_err(|_| LoadError::Task)??;
    let rejected = rejections.len() as u64;
    let rejected_file = if rejections.is_empty() {
        None
    } else {
        let write = tokio::task::spawn_blocking(move || rejected::write(&source, &mut rejections));
        Some(write.await.map_err(|_| LoadError::Task)?.map_err(LoadError::Rejected)?)
    };
    Ok(Loaded { written: progress.written.load(Ordering::Relaxed), rejected, rejected_file })
}

/// One of the tasks that write.
struct Writer {
    connection: Connection,
    prepared: Prepared,
    options: RequestOptions,
    progress: Arc<Progress>,
}

impl Writer {
    async fn run(self, parcels: Arc<Mutex<mpsc::Receiver<Parcel>>>) -> Result<Vec<Rejection>, QueryError> {
        let mut rejections = Vec::new();
        loop {
            let parcel = parcels.lock().await.recv().await;
            match parcel {
                None => return Ok(rejections),
                Some(Parcel::Rejected(rejection)) => rejections.push(rejection),
                Some(Parcel::Rows(rows)) => self.write(rows, &mut rejections).await?,
            }
            if rejections.len() > MAX_REJECTED {
                return Ok(rejections);
            }
        }
    }

    /// Writes a batch; where the server refuses it, each row on its own, so that only the bad ones are set aside.
    async fn write(&self, rows: Vec<Row>, rejections: &mut Vec<Rejection>) -> Result<(), QueryError> {
        let count = rows.len() as u64;
        let (lines, cells): (Vec<u64>, Vec<Vec<Cell>>) =
            rows.into_iter().map(|row| (row.line, row.cells)).unzip();
        match self.send(&cells).await {
            Ok(()) => {
                self.progress.written.fetch_add(count, Ordering::Relaxed);
                return Ok(());
            }
            Err(error) if !is_about_the_row(&error) => return Err(error),
            Err(_) => {}
        }
        for (line, cells) in lines.into_iter().zip(cells) {
            match self.send(std::slice::from_ref(&cells)).await {
                Ok(()) => {
                    self.progress.written.fetch_add(1, Ordering::Relaxed);
                }
                Err(error) if is_about_the_row(&error) => {
                    rejections.push(Rejection { line, reason: format!("the server refused it: {error}") });
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Sends rows of one partition, again after a pause where the cluster is busy: an INSERT may be repeated.
    async fn send(&self, cells: &[Vec<Cell>]) -> Result<(), QueryError> {
        let mut pause = FIRST_PAUSE;
        let mut tries = 1;
        loop {
            let outcome = match cells {
                [row] => self.connection.run_prepared(&self.prepared, row, &self.options, None).await,
                rows => {
                    self.connection.run_batch(BatchKind::Unlogged, &self.prepared, rows, &self.options).await
                }
            };
            match outcome {
                Ok(_) => return Ok(()),
                Err(error) if tries < TRIES && is_busy(&error) => {
                    tokio::time::sleep(pause).await;
                    tries += 1;
                    pause *= 2;
                }
                Err(error) => return Err(error),
            }
        }
    }
}

/// Whether the server refused these values, and not the statement or the time.
fn is_about_the_row(error: &QueryError) -> bool {
    matches!(error, QueryError::Server(error) if matches!(error.kind, ServerErrorKind::Invalid))
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
