//! The record of a load that runs: `FILE.resume`, there before the first row is sent.
//!
//! The rule: what must not be done twice is on disk before it is handed out, and what has no answer is never sent again. Rows
//! of counters are written down, and the disk is waited for, before a writer may have them (`sent`); each answer is added
//! (`done`). Of other rows it is enough to know how far all is done (`reached`): they are sent again in the file's order. The
//! file grows at its end and is made anew when it has grown large; how long it must be stands in its first line, so that one
//! that was cut short is known. It is locked while its load runs. Nothing here follows a symbolic link.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use super::rejected::beside;
use super::resume::{Bond, path_for};
use super::tally::{Done, Fault, Rejection, State, Tally};

/// What the first line begins with; behind it come twenty digits, the length that the file has at least.
pub(super) const MAGIC: &str = "{\"cqlbook_resume\":2,\"length\":\"";
pub(super) const DIGITS: usize = 20;
/// A file that has grown by so much is made anew.
const GROWN: u64 = 16 << 20;

/// A line of the file behind its first one.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Entry {
    /// What the load is bound to, and whether it adds to counters.
    Bond { bond: Bond, counters: bool },
    /// All rows before this one are dealt with; the latest time that a row was given.
    Reached { before: u64, stamp: i64 },
    /// These rows of counters may be sent from now on.
    Sent(Vec<(u64, u64)>),
    /// These were not sent after all.
    Unsent(Vec<(u64, u64)>),
    /// These were answered.
    Done(Vec<(u64, u64)>),
    /// Set aside: number, line, whether the server refused it, reason.
    Rejected(u64, u64, bool, String),
}

/// Numbers in rising order as ranges, both ends included.
pub(super) fn ranges(numbers: impl IntoIterator<Item = u64>) -> Vec<(u64, u64)> {
    let mut ranges: Vec<(u64, u64)> = Vec::new();
    for number in numbers {
        match ranges.last_mut() {
            Some((_, end)) if *end + 1 == number => *end = number,
            _ => ranges.push((number, number)),
        }
    }
    ranges
}

/// The record of a load that runs.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    bond: Bond,
    counters: bool,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    file: File,
    length: u64,
    /// Its length when it was last made anew.
    compact: u64,
    /// Rows of counters that may have been sent and have no answer.
    outstanding: BTreeSet<u64>,
    reached: u64,
    stamp: i64,
    /// It holds what an earlier run did.
    is_resumed: bool,
    /// Nothing is written any more.
    is_over: bool,
    /// Why it could not be written further.
    broken: Option<io::Error>,
}

impl Journal {
    /// Begins the record beside `path`, with what an earlier run left. What is there under its name is replaced.
    pub(super) fn begin(
        path: &Path,
        bond: Bond,
        counters: bool,
        outstanding: BTreeSet<u64>,
        stamp: i64,
        tally: &Tally,
    ) -> io::Result<Self> {
        let target = path_for(path);
        let state = tally.state();
        let reached = state.done.before;
        let is_resumed =
            state.done != Done::default() || !state.rejections.is_empty() || !outstanding.is_empty();
        let (file, length) = make(&target, &bond, counters, &outstanding, stamp, &state)?;
        drop(state);
        let inner = Inner {
            file,
            length,
            compact: length,
            outstanding,
            reached,
            stamp,
            is_resumed,
            is_over: false,
            broken: None,
        };
        Ok(Self { path: target, bond, counters, inner: Mutex::new(inner) })
    }

    /// Whether its rows are added to counters.
    pub(super) const fn adds_to_counters(&self) -> bool {
        self.counters
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// These rows of counters are about to be handed out; when this returns the disk has it. False once the load was stopped.
    pub(super) fn sent(&self, rows: &[u64], tally: &Tally) -> io::Result<bool> {
        let mut inner = self.inner();
        if inner.is_over {
            return Ok(false);
        }
        inner.outstanding.extend(rows);
        let rows: BTreeSet<u64> = rows.iter().copied().collect();
        inner.append(&Entry::Sent(ranges(rows)))?;
        inner.settle()?;
        if inner.length > inner.compact.saturating_mul(2) + GROWN {
            let state = tally.state();
            let Inner { outstanding, stamp, .. } = &*inner;
            let (file, length) = make(&self.path, &self.bond, self.counters, outstanding, *stamp, &state)?;
            drop(state);
            (inner.file, inner.length, inner.compact) = (file, length, length);
        }
        Ok(true)
    }

    /// These rows of counters were answered.
    pub(super) fn done(&self, rows: &[u64]) {
        let mut inner = self.inner();
        for row in rows {
            inner.outstanding.remove(row);
        }
        let rows: BTreeSet<u64> = rows.iter().copied().collect();
        inner.note(&Entry::Done(ranges(rows)));
    }

    /// A row was set aside.
    pub(super) fn rejected(&self, rejection: &Rejection) {
        let mut inner = self.inner();
        inner.outstanding.remove(&rejection.number);
        inner.note(&entry(rejection));
    }

    /// How far all is done.
    pub(super) fn reached(&self, before: u64, stamp: i64) {
        let mut inner = self.inner();
        if self.counters || before <= inner.reached {
            return;
        }
        (inner.reached, inner.stamp) = (before, stamp);
        inner.note(&Entry::Reached { before, stamp });
    }

    /// Why the record is not complete, if it is not.
    pub(super) fn trouble(&self) -> Option<String> {
        self.inner().broken.as_ref().map(ToString::to_string)
    }

    /// The load was stopped while `under_way` were sent: all others that were to be sent were not, and nothing is written from
    /// now on. A load that sent nothing leaves no record.
    pub(super) fn stop(&self, state: &State, has_sent: bool) {
        let mut inner = self.inner();
        if inner.is_over {
            return;
        }
        if has_sent || inner.is_resumed {
            let quiet = inner.outstanding.difference(&state.under_way).copied();
            let (done, unsent): (Vec<_>, Vec<_>) = quiet.partition(|number| state.done.contains(*number));
            if !done.is_empty() {
                inner.note(&Entry::Done(ranges(done)));
            }
            if !unsent.is_empty() {
                inner.note(&Entry::Unsent(ranges(unsent)));
            }
            if !self.counters && state.done.before > inner.reached {
                let (before, stamp) = (state.done.before, inner.stamp.max(state.stamp));
                inner.note(&Entry::Reached { before, stamp });
            }
            let _ = inner.settle();
        } else {
            let _ = fs::remove_file(&self.path);
        }
        let _ = inner.file.unlock();
        inner.is_over = true;
    }

    /// The load is done: there is nothing to go on with.
    pub(super) fn finish(&self) {
        self.inner().is_over = true;
        let _ = fs::remove_file(&self.path);
    }
}

impl Inner {
    /// Adds a line whose loss does no harm: a row without an answer is not sent again.
    fn note(&mut self, entry: &Entry) {
        if self.is_over || self.broken.is_some() {
            return;
        }
        if let Err(error) = self.append(entry) {
            self.broken = Some(error);
        }
    }

    fn append(&mut self, entry: &Entry) -> io::Result<()> {
        if let Some(error) = &self.broken {
            return Err(io::Error::new(error.kind(), error.to_string()));
        }
        let mut line = serde_json::to_vec(entry)?;
        line.push(b'\n');
        self.file.seek(SeekFrom::Start(self.length))?;
        self.file.write_all(&line)?;
        self.length += line.len() as u64;
        Ok(())
    }

    /// Says in the first line how long the file is, and waits for the disk.
    fn settle(&mut self) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(MAGIC.len() as u64))?;
        self.file.write_all(digits(self.length).as_bytes())?;
        self.file.sync_data()
    }
}

fn digits(length: u64) -> String {
    format!("{length:0DIGITS$}")
}

fn entry(rejection: &Rejection) -> Entry {
    let refused = rejection.fault == Fault::Insert;
    Entry::Rejected(rejection.number, rejection.line, refused, rejection.reason.clone())
}

/// Makes the file anew, whole: it takes its name when all of it is on disk.
fn make(
    target: &Path,
    bond: &Bond,
    counters: bool,
    outstanding: &BTreeSet<u64>,
    stamp: i64,
    state: &State,
) -> io::Result<(File, u64)> {
    let mut entries = vec![Entry::Bond { bond: bond.clone(), counters }];
    let Done { before, beyond } = &state.done;
    if counters {
        let first = before.checked_sub(1).map(|last| (0, last));
        entries.push(Entry::Done(first.into_iter().chain(ranges(beyond.iter().copied())).collect()));
        entries.push(Entry::Sent(ranges(outstanding.iter().copied())));
    } else {
        entries.push(Entry::Reached { before: *before, stamp });
    }
    entries.extend(state.rejections.iter().map(entry));
    let mut text = format!("{MAGIC}{}\"}}\n", digits(0)).into_bytes();
    for entry in &entries {
        serde_json::to_writer(&mut text, entry)?;
        text.push(b'\n');
    }
    let length = text.len() as u64;
    text[MAGIC.len()..MAGIC.len() + DIGITS].copy_from_slice(digits(length).as_bytes());
    let unfinished = beside(target, ".part");
    let made = create(&unfinished).and_then(|mut file| {
        file.write_all(&text)?;
        file.sync_all()?;
        // A file system without locks has that of the loaded file alone (see `lock`), which tells.
        let _ = file.try_lock();
        fs::rename(&unfinished, target)?;
        Ok(file)
    });
    if made.is_err() {
        let _ = fs::remove_file(&unfinished);
    }
    Ok((made?, length))
}

/// A new file in the place of whatever is there under this name, be it a link.
pub(super) fn create(path: &Path) -> io::Result<File> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    OpenOptions::new().read(true).write(true).create_new(true).open(path)
}
