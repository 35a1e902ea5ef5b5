//! From tasks that fetch, through a bounded queue, to the thread that writes. Dropping the future ends all of it, and no file
//! is left: the thread only completes files, and they are named by the future itself, in one step in which it cannot be dropped.

use std::num::NonZeroU64;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use cqlbook_analysis::formats::{Options, PartFile, WriteError, Written};
use cqlbook_cluster::{Connection, QueryError};
use cqlbook_core::column::{self, Column};
use cqlbook_core::page::Page;
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};

use super::fetching::Fetcher;
use super::files::{Files, Ready};
use super::pace::Pace;
use super::progress::Progress;
use super::work::Work;

/// Pages that wait to be written, each of about a megabyte.
const QUEUE: usize = 8;
/// Tasks that fetch, whatever the number of nodes.
const FETCHERS: (usize, usize) = (4, 12);

/// The file to write.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    /// Where.
    pub(crate) path: PathBuf,
    /// Whether a file that is there may be replaced.
    pub(crate) replace: bool,
    /// What it is to be like.
    pub(crate) options: Options,
    /// Rows of one file at most, where they are to be cut into several.
    pub(crate) rows_per_file: Option<NonZeroU64>,
}

/// What an export did.
#[derive(Debug)]
pub(crate) struct Done {
    /// What was written.
    pub(crate) written: Written,
    /// The size of the file, or of all files.
    pub(crate) bytes: u64,
    /// How many files hold it.
    pub(crate) files: usize,
}

/// Why an export ended early. No file is left.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExportError {
    #[error(transparent)]
    Query(#[from] QueryError),
    #[error(transparent)]
    Write(#[from] WriteError),
    #[error("the file is there already")]
    Exists,
    #[error("the statement returned no rows at all")]
    NoRows,
    /// A page has other columns than the first, whichever task fetched it.
    #[error("the columns changed while the rows were read: {0}")]
    Columns(String),
    /// The writer's own failure says why.
    #[error("the writing ended early")]
    WriterEnded,
    /// A defect of ours: a task that fetches ended without a word, or with pieces left.
    #[error("only {done} of {planned} parts were read")]
    Incomplete { done: usize, planned: usize },
}

/// What the writer is sent.
pub(super) enum Parcel {
    Page(Arc<dyn Page>),
    /// There is no more: the file is complete.
    End,
}

/// Writes what `work` brings.
///
/// # Errors
/// [`ExportError`].
pub(crate) async fn stream(
    connection: &Connection,
    work: Work,
    target: Target,
    progress: Arc<Progress>,
) -> Result<Done, ExportError> {
    let (pages, writing) = writer(target)?;
    let connected = connection.nodes().iter().filter(|node| node.used && node.connected).count();
    let planned = work.pieces.len();
    let fetchers = (connected * 2).clamp(FETCHERS.0, FETCHERS.1).min(planned);
    let pace = Arc::new(Pace::new(work.page_size));
    let _hold = connection.hold();
    let queue = Arc::new(Mutex::new(work.pieces.into()));
    let mut tasks = JoinSet::new();
    for _ in 0..fetchers {
        let fetcher = Fetcher {
            connection: connection.clone(),
            queue: Arc::clone(&queue),
            pages: pages.clone(),
            pace: Arc::clone(&pace),
            progress: Arc::clone(&progress),
        };
        tasks.spawn(fetcher.run());
    }
    match all_read(tasks, planned).await {
        Ok(()) => end(pages, writing).await,
        Err(ExportError::WriterEnded) => {
            drop(pages);
            // Never told that the pages are all, it ends with a failure, and that says why.
            named(writing).await
        }
        Err(error) => Err(error),
    }
}

/// Waits for all tasks. The rule: a file is complete when as many pieces were read to their end as were planned, and not when
/// the tasks are over: one that panics reads no more, and takes the piece that it had with it.
async fn all_read(mut tasks: JoinSet<Result<usize, ExportError>>, planned: usize) -> Result<(), ExportError> {
    let mut done = 0;
    let mut failure = None;
    while let Some(ended) = tasks.join_next().await {
        match ended {
            Ok(Ok(pieces)) => done += pieces,
            Ok(Err(error)) => return Err(error),
            Err(panicked) => failure = Some(panicked),
        }
    }
    if failure.is_none() && done == planned { Ok(()) } else { Err(ExportError::Incomplete { done, planned }) }
}

/// Writes pages that are here.
///
/// # Errors
/// [`ExportError`].
pub(crate) async fn kept(kept: Vec<Arc<dyn Page>>, target: Target) -> Result<Done, ExportError> {
    let (pages, writing) = writer(target)?;
    for page in kept {
        if pages.send(Parcel::Page(page)).await.is_err() {
            break;
        }
    }
    end(pages, writing).await
}

async fn end(pages: mpsc::Sender<Parcel>, writing: Thread) -> Result<Done, ExportError> {
    // Where the writer has ended, its outcome says why.
    drop(pages.send(Parcel::End).await);
    drop(pages);
    named(writing).await
}

/// Waits for the thread, and gives the files their names.
async fn named(writing: Thread) -> Result<Done, ExportError> {
    writing.await.unwrap_or(Err(ExportError::WriterEnded))?.publish()
}

/// The thread that writes.
type Thread = JoinHandle<Result<Ready, ExportError>>;

type Writing = (mpsc::Sender<Parcel>, Thread);

/// Begins the file, so that what cannot be written is known before anything is fetched.
fn writer(target: Target) -> Result<Writing, ExportError> {
    let part = PartFile::create(&target.path, target.replace).map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => ExportError::Exists,
        _ => ExportError::Write(WriteError::Io(error)),
    })?;
    let (sender, parcels) = mpsc::channel(QUEUE);
    Ok((sender, tokio::task::spawn_blocking(move || write(part, &target, parcels))))
}

/// Writes pages until it is told that they are all; nothing is left if it never is. All have the columns of the first: later
/// pages of one statement are compared where they are fetched, and those of another range have no other place.
fn write(part: PartFile, target: &Target, mut parcels: mpsc::Receiver<Parcel>) -> Result<Ready, ExportError> {
    let mut files = Files::new(part, target);
    let mut columns: Option<Arc<[Column]>> = None;
    loop {
        let page = match parcels.blocking_recv() {
            None => return Err(ExportError::WriterEnded),
            Some(Parcel::End) => return files.finish(),
            Some(Parcel::Page(page)) => page,
        };
        let first = columns.get_or_insert_with(|| Arc::clone(page.columns()));
        if let Some(difference) = column::difference(first, page.columns()) {
            return Err(ExportError::Columns(difference));
        }
        files.write(page.as_ref())?;
    }
}

#[cfg(test)]
mod tests {
    use cqlbook_analysis::formats::Format;
    use cqlbook_core::column::CqlType;
    use cqlbook_core::page::testing::VecPage;

    use super::*;

    type Outcome = Result<usize, ExportError>;

    async fn of(planned: usize, tasks: Vec<fn() -> Outcome>) -> Result<(), ExportError> {
        let mut set = JoinSet::new();
        for task in tasks {
            set.spawn(async move { task() });
        }
        all_read(set, planned).await
    }

    #[tokio::test]
    async fn an_export_is_complete_when_every_piece_was_read_and_not_when_the_tasks_are_over() {
        assert!(of(5, vec![|| Ok(2), || Ok(3)]).await.is_ok());
        assert!(of(0, Vec::new()).await.is_ok());
        let panics: fn() -> Outcome = || panic!("injected");
        for (planned, tasks) in
            [(5, vec![|| Ok(2), panics]), (2, vec![|| Ok(2), panics]), (3, vec![|| Ok(2)]), (1, Vec::new())]
        {
            let outcome = of(planned, tasks).await;
            assert!(matches!(outcome, Err(ExportError::Incomplete { .. })), "{outcome:?}");
        }
        let slow: fn() -> Outcome = || Err(ExportError::WriterEnded);
        assert!(matches!(of(2, vec![|| Ok(2), slow]).await, Err(ExportError::WriterEnded)));
    }

    #[tokio::test]
    async fn a_writer_that_is_not_told_that_the_pages_are_all_leaves_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.csv");
        let options = Options::new(Format::Csv);
        let target = Target { path: path.clone(), replace: false, options, rows_per_file: None };
        let (pages, writing) = writer(target).unwrap();
        drop(pages);
        assert!(matches!(writing.await.unwrap(), Err(ExportError::WriterEnded)));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn an_export_that_is_given_up_while_its_file_is_completed_leaves_what_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.csv");
        std::fs::write(&path, "old").unwrap();
        let page: Arc<dyn Page> = Arc::new(VecPage::of(&[("a", CqlType::Int)], &[&["1"]]));
        let options = Options::new(Format::Csv);
        let target = Target { path: path.clone(), replace: true, options, rows_per_file: None };
        let (pages, writing) = writer(target.clone()).unwrap();
        assert!(pages.send(Parcel::Page(Arc::clone(&page))).await.is_ok());
        assert!(pages.send(Parcel::End).await.is_ok());
        // The thread has all it needs, and nobody waits for it any more.
        let ready = writing.await.unwrap().unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "old", "it is complete, and has no name");
        drop(ready);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        kept(vec![page], target).await.unwrap();
        assert_ne!(std::fs::read_to_string(&path).unwrap(), "old");
    }

    #[tokio::test]
    async fn pages_of_other_columns_leave_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let first: Arc<dyn Page> =
            Arc::new(VecPage::of(&[("a", CqlType::Int), ("b", CqlType::Text)], &[&["1", "'x'"]]));
        let others = [
            VecPage::of(&[("a", CqlType::Int), ("aa", CqlType::Text), ("b", CqlType::Text)], &[]),
            VecPage::of(&[("b", CqlType::Text), ("a", CqlType::Int)], &[&["'x'", "1"]]),
            VecPage::of(&[("a", CqlType::Bigint), ("b", CqlType::Text)], &[&["1", "'x'"]]),
            VecPage::of(&[("a", CqlType::Int)], &[&["1"]]),
        ];
        let same = VecPage::of(&[("a", CqlType::Int), ("b", CqlType::Text)], &[]);
        let target = |name: &str| Target {
            path: folder.path().join(name),
            replace: false,
            options: Options::new(Format::Csv),
            rows_per_file: None,
        };
        for other in others {
            let pages = vec![Arc::clone(&first), Arc::new(other) as Arc<dyn Page>];
            let outcome = kept(pages, target("t.csv")).await;
            assert!(matches!(outcome, Err(ExportError::Columns(_))), "{outcome:?}");
            assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        }
        let pages = vec![Arc::clone(&first), Arc::new(same) as Arc<dyn Page>, first];
        assert_eq!(kept(pages, target("t.csv")).await.unwrap().written.rows, 2);
    }
}
