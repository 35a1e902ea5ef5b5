//! The user's history: the cells that were run, for the frontends' `history_request`.
//!
//! This session's cells are held in memory, and written to the user's file by a thread of their own, so that no cell waits for
//! a disk and none fails because of one. Nothing enters either place before its secrets are masked.

pub(crate) mod glob;
mod mask;
mod select;
mod store;

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cqlbook_wire::{ExecuteRequest, HistoryEntry, HistoryRequest};
use etcetera::BaseStrategy;
use tokio::task::JoinHandle;

use crate::cli::complain;
use crate::connect::fields::resolve_path;
use crate::notebook::Notebook;
use store::{Line, Store};

/// The most cells that are looked at, in the file and of this session.
const MOST_ENTRIES: usize = 10_000;
/// A cell of more bytes is not kept: half a cell would be run again as if it were a whole one.
const LONGEST_ENTRY: usize = 64 * 1024;
/// The most bytes of this session's cells in memory, and of the file after it was trimmed.
const MOST_BYTES: usize = 8 * 1024 * 1024;
/// How long a cell waits for the one before it to be written.
const SLOW_DISK: Duration = Duration::from_millis(25);

/// The history of one kernel's session, and the way to those before it.
pub(crate) struct History {
    session: Mutex<Session>,
    /// Whether there is a file to write.
    on_disk: bool,
    /// `None` where nothing may be kept on disk. Held while the file is read or written: never by an async thread.
    store: Mutex<Option<Store>>,
    /// Whether a thread is about to write.
    scheduled: AtomicBool,
    /// The thread that was started last.
    writer: Mutex<Option<JoinHandle<()>>>,
}

/// This session's cells.
#[derive(Default)]
struct Session {
    cells: VecDeque<Arc<Line>>,
    bytes: usize,
    /// How many cells were dropped from the front.
    dropped: usize,
    /// How many cells, counted from the session's first, are in the file.
    written: usize,
}

impl Session {
    /// The cells that are not in the file yet, and the count that makes them written.
    fn unwritten(&self) -> (Vec<Arc<Line>>, usize) {
        let skipped = self.written.saturating_sub(self.dropped);
        (self.cells.iter().skip(skipped).cloned().collect(), self.dropped + self.cells.len())
    }
}

impl History {
    /// The history where `CQLBOOK_HISTORY` says, or in the user's data folder. Touches no file.
    pub(crate) fn of(notebook: &Notebook) -> Self {
        let setting =
            std::env::var_os("CQLBOOK_HISTORY").map(|setting| setting.to_string_lossy().into_owned());
        let file = match setting.as_deref().map(str::trim) {
            None | Some("") => default_file(),
            Some(off) if ["off", "no", "none", "false", "0"].contains(&off.to_ascii_lowercase().as_str()) => {
                None
            }
            Some(path) => {
                // What does not begin at the root or at home begins at the notebook's folder.
                let file = resolve_path(path, Path::new(""), notebook.home.as_deref());
                return Self::with(Some(if file.is_relative() {
                    Store::in_notebooks_folder(&notebook.folder, &file)
                } else {
                    Store::new(file)
                }));
            }
        };
        Self::at(file)
    }

    fn at(file: Option<PathBuf>) -> Self {
        Self::with(file.map(Store::new))
    }

    fn with(store: Option<Store>) -> Self {
        Self {
            session: Mutex::default(),
            on_disk: store.is_some(),
            store: Mutex::new(store),
            scheduled: AtomicBool::new(false),
            writer: Mutex::default(),
        }
    }

    /// Keeps a request's cell when the guard is dropped, however the cell ends; `None` for one that is not to be kept.
    ///
    /// Lets the cell before it get to the disk first, which it mostly has: a kernel that dies loses one cell, not several.
    pub(crate) async fn keeping(
        self: &Arc<Self>,
        request: &ExecuteRequest,
        notebook: &Arc<Notebook>,
    ) -> Option<Keeping> {
        let writer = self.writer().take();
        if let Some(writer) = writer {
            // A disk that takes longer gets no more of the user's time.
            let _ = tokio::time::timeout(SLOW_DISK, writer).await;
        }
        let kept = request.store_history && !request.silent && !request.code.trim().is_empty();
        kept.then(|| Keeping {
            history: Arc::clone(self),
            cell: request.code.clone(),
            line: request.execution_count.into(),
            notebook: Arc::clone(notebook),
        })
    }

    /// What is asked for, oldest first.
    pub(crate) async fn answer(self: &Arc<Self>, request: HistoryRequest) -> Vec<HistoryEntry> {
        let history = Arc::clone(self);
        let answer = tokio::task::spawn_blocking(move || {
            // So that the session has its number.
            history.flush();
            let (number, others) = match &*history.store() {
                Some(store) => store.others(),
                None => (1, Vec::new()),
            };
            let own = history.session().cells.iter().map(|cell| cell.entry(number)).collect();
            select::select(others, own, number, &request.access)
        });
        answer.await.unwrap_or_default()
    }

    /// Writes what is not written yet.
    pub(crate) async fn finish(self: &Arc<Self>) {
        let history = Arc::clone(self);
        // Only a panic in it, or the end of the runtime, could fail.
        let _ = tokio::task::spawn_blocking(move || history.flush()).await;
    }

    /// Takes a cell without secrets, and has it written soon.
    fn keep(self: &Arc<Self>, line: i64, input: String) {
        if input.len() > LONGEST_ENTRY {
            return;
        }
        {
            let mut session = self.session();
            session.bytes += input.len();
            session.cells.push_back(Arc::new(Line::now(line, input)));
            while session.cells.len() > MOST_ENTRIES || session.bytes > MOST_BYTES {
                let Some(oldest) = session.cells.pop_front() else { break };
                session.bytes -= oldest.input.len();
                session.dropped += 1;
            }
        }
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        if self.on_disk && !self.scheduled.swap(true, Ordering::AcqRel) {
            let history = Arc::clone(self);
            let writer = runtime.spawn_blocking(move || {
                // What is kept from here on needs another thread: this one may have looked already.
                history.scheduled.store(false, Ordering::Release);
                history.flush();
            });
            *self.writer() = Some(writer);
        }
    }

    /// Writes what is not in the file yet. What cannot be written stays, for the next time.
    fn flush(&self) {
        let mut store = self.store();
        let Some(store) = &mut *store else { return };
        let (unwritten, written) = self.session().unwritten();
        if unwritten.is_empty() {
            return;
        }
        match store.append(&unwritten) {
            Ok(()) => self.session().written = written,
            Err(error) if store.is_first_failure() => complain(&format!(
                "The history cannot be written to {}: {error}. The cells of this session are kept until the kernel stops.",
                store.file().display()
            )),
            Err(_) => {}
        }
    }

    fn writer(&self) -> MutexGuard<'_, Option<JoinHandle<()>>> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn session(&self) -> MutexGuard<'_, Session> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn store(&self) -> MutexGuard<'_, Option<Store>> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `cqlbook/history.jsonl` in the user's data folder: `~/.local/share` or XDG_DATA_HOME on Linux, `~/Library/Application Support`
/// on macOS, `%APPDATA%` on Windows.
fn default_file() -> Option<PathBuf> {
    let strategy = etcetera::base_strategy::choose_native_strategy().ok()?;
    Some(strategy.data_dir().join("cqlbook").join("history.jsonl"))
}

/// A cell that runs and will be kept.
///
/// It is masked when it has ended, because a connection that it made has secrets to mask too.
pub(crate) struct Keeping {
    history: Arc<History>,
    cell: String,
    line: i64,
    notebook: Arc<Notebook>,
}

impl Drop for Keeping {
    fn drop(&mut self) {
        let secrets = self.notebook.shelf.secrets();
        self.history.keep(self.line, mask::masked(&self.cell, &secrets));
    }
}

#[cfg(test)]
mod tests;
