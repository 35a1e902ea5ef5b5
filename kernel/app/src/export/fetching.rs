//! The tasks that fetch. Each takes a piece of the work, fetches its pages in order and hands them on.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cqlbook_cluster::{Answer, Connection, PagingState, QueryError, ServerErrorKind};
use cqlbook_core::page::Page;
use tokio::sync::mpsc;

use super::pace::Pace;
use super::progress::Progress;
use super::pump::{ExportError, Parcel};
use super::work::Piece;

/// How often a page is asked for when replicas do not answer in time; pauses double from the first up to the longest. A lost
/// connection and a service that asks to slow down are waited out below, by the connection.
const TRIES: u32 = 8;
const PAUSES: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(4));

/// The pieces that nobody has taken yet.
pub(super) type Queue = Arc<Mutex<VecDeque<Piece>>>;

/// One of the tasks.
pub(super) struct Fetcher {
    pub(super) connection: Connection,
    pub(super) queue: Queue,
    pub(super) pages: mpsc::Sender<Parcel>,
    pub(super) pace: Arc<Pace>,
    pub(super) progress: Arc<Progress>,
}

impl Fetcher {
    /// Fetches pieces until there are none; how many it read to their end.
    pub(super) async fn run(self) -> Result<usize, ExportError> {
        let mut done = 0;
        while let Some(mut piece) = self.next() {
            let mut paging = None;
            loop {
                let answer = self.page(&mut piece, paging.as_ref()).await?;
                if let Some(page) = answer.page {
                    self.pace.saw(page.as_ref());
                    self.progress.fetched(page.rows(), answer.warnings);
                    self.hand_on(page).await?;
                }
                paging = answer.next;
                if paging.is_none() {
                    break;
                }
            }
            self.progress.finished(piece.width);
            done += 1;
        }
        Ok(done)
    }

    fn next(&self) -> Option<Piece> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    async fn hand_on(&self, page: Arc<dyn Page>) -> Result<(), ExportError> {
        self.pages.send(Parcel::Page(page)).await.map_err(|_| ExportError::WriterEnded)
    }

    /// The page at `paging`. What was handed on before it is not fetched again: no row is lost or doubled by a retry.
    async fn page(&self, piece: &mut Piece, paging: Option<&PagingState>) -> Result<Answer, ExportError> {
        let (mut pause, longest) = PAUSES;
        let mut tries = 1;
        loop {
            let error = match piece.sent.page(&self.connection, self.pace.rows(), paging).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            if tries == TRIES || !passes(&error) {
                return Err(ExportError::Query(error));
            }
            if is_slow(&error) {
                self.pace.slow_down();
            }
            self.progress.again();
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(longest);
            tries += 1;
        }
    }
}

/// Whether the failure is of the moment.
fn passes(error: &QueryError) -> bool {
    match error {
        QueryError::Server(error) => matches!(
            error.kind,
            ServerErrorKind::Bootstrapping
                | ServerErrorKind::Unavailable { .. }
                | ServerErrorKind::ReadTimeout { .. }
                | ServerErrorKind::ReadFailure { .. }
        ),
        QueryError::Timeout { .. } => true,
        _ => false,
    }
}

/// Whether a smaller page might come in time.
fn is_slow(error: &QueryError) -> bool {
    matches!(error, QueryError::Timeout { .. })
        || matches!(error, QueryError::Server(error) if matches!(error.kind, ServerErrorKind::ReadTimeout { .. } | ServerErrorKind::ReadFailure { .. }))
}
