//! What a load that was stopped leaves beside its file, so that `--resume` goes on where it stopped: `FILE.resume`.
//!
//! It is written every few seconds and when the load is dropped, and removed when the load ends well. It is never followed
//! unasked, and not at all where the file or the statement has changed since.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

use super::rejected::beside;
use super::rows::Before;
use super::tally::{Done, Fault, Rejection, State, Tally};

/// The form of the file; another one is not followed.
const VERSION: u32 = 1;

/// Where a load of `path` leaves its place.
pub(super) fn path_for(path: &Path) -> PathBuf {
    beside(path, ".resume")
}

/// What is written.
#[derive(Debug, Serialize, Deserialize, PartialEq, Eq)]
pub(crate) struct Place {
    version: u32,
    /// The file's length in bytes, and when it was changed.
    length: u64,
    changed: u64,
    statement: String,
    /// Rows that had been written.
    pub(crate) written: u64,
    before: u64,
    beyond: BTreeSet<u64>,
    /// Rows of counters that were under way.
    unsure: BTreeSet<u64>,
    /// Rows set aside: number, line, whether the server refused it, reason.
    rejected: Vec<(u64, u64, bool, String)>,
}

/// Why a load cannot be resumed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoPlace {
    #[error("There is no place to resume from")]
    None,
    #[error("The file has changed since the import stopped")]
    Changed,
    #[error("The import that stopped was another one: {statement}")]
    Another { statement: String },
    #[error("The place to resume from cannot be read: {0}")]
    Unreadable(String),
}

impl Place {
    /// The place that an earlier load of this file by this statement left.
    pub(crate) fn read(path: &Path, statement: &str) -> Result<Self, NoPlace> {
        let text = fs::read_to_string(path_for(path)).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => NoPlace::None,
            _ => NoPlace::Unreadable(error.to_string()),
        })?;
        let place: Self =
            serde_json::from_str(&text).map_err(|error| NoPlace::Unreadable(error.to_string()))?;
        if place.version != VERSION {
            return Err(NoPlace::Unreadable("it was made by another version of cqlbook".to_owned()));
        }
        if stamp(path).ok() != Some((place.length, place.changed)) {
            return Err(NoPlace::Changed);
        }
        if place.statement != statement {
            return Err(NoPlace::Another { statement: place.statement });
        }
        Ok(place)
    }

    /// What the load that goes on has to know, with the tally as it was.
    pub(super) fn take_up(self, tally: &Tally) -> Before {
        let done = Done { before: self.before, beyond: self.beyond };
        let mut state = tally.state();
        state.done = done.clone();
        for (number, line, refused, reason) in self.rejected {
            let fault = if refused { Fault::Insert } else { Fault::Parse };
            match fault {
                Fault::Insert => state.insert_errors += 1,
                Fault::Parse => state.parse_errors += 1,
            }
            state.rejections.push(Rejection { number, line, fault, reason });
        }
        Before { done, unsure: self.unsure }
    }
}

/// The file's length, and when it was changed in nanoseconds.
fn stamp(path: &Path) -> io::Result<(u64, u64)> {
    let metadata = fs::metadata(path)?;
    let changed = metadata.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok((metadata.len(), u64::try_from(changed.as_nanos()).unwrap_or_default()))
}

/// Keeps the place of a load that runs.
pub(crate) struct Keeper {
    path: PathBuf,
    length: u64,
    changed: u64,
    statement: String,
    /// Rows that were written before this run.
    earlier: u64,
    counters: bool,
    tally: Arc<Tally>,
    is_over: AtomicBool,
}

impl Keeper {
    pub(super) fn new(
        path: &Path,
        statement: &str,
        earlier: u64,
        counters: bool,
        tally: Arc<Tally>,
    ) -> io::Result<Self> {
        let (length, changed) = stamp(path)?;
        Ok(Self {
            path: path.to_owned(),
            length,
            changed,
            statement: statement.to_owned(),
            earlier,
            counters,
            tally,
            is_over: AtomicBool::new(false),
        })
    }

    /// Writes the place down. A folder that cannot be written to has none.
    pub(crate) fn save(&self) {
        let text = {
            let state = self.tally.state();
            if state.done == Done::default() && state.under_way.is_empty() {
                return;
            }
            serde_json::to_string(&self.place(&state))
        };
        let target = path_for(&self.path);
        let unfinished = beside(&target, ".part");
        let saved = text
            .map_err(io::Error::from)
            .and_then(|text| fs::write(&unfinished, text))
            .and_then(|()| fs::rename(&unfinished, &target));
        if saved.is_err() {
            let _ = fs::remove_file(&unfinished);
        }
    }

    fn place(&self, state: &State) -> Place {
        let rejected = |rejection: &Rejection| {
            let refused = rejection.fault == Fault::Insert;
            (rejection.number, rejection.line, refused, rejection.reason.clone())
        };
        Place {
            version: VERSION,
            length: self.length,
            changed: self.changed,
            statement: self.statement.clone(),
            written: self.earlier + self.tally.written(),
            before: state.done.before,
            beyond: state.done.beyond.clone(),
            // An INSERT that is done twice is done once.
            unsure: if self.counters { state.under_way.clone() } else { BTreeSet::new() },
            rejected: state.rejections.iter().map(rejected).collect(),
        }
    }

    /// The load is done: there is nothing to go on with.
    pub(super) fn finish(&self) {
        self.is_over.store(true, Ordering::Relaxed);
        let _ = fs::remove_file(path_for(&self.path));
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        if !self.is_over.load(Ordering::Relaxed) {
            self.save();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_load_that_is_dropped_leaves_its_place_and_one_that_ends_takes_it_away() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.csv");
        fs::write(&path, "k\n1\n2\n3\n").unwrap();
        let tally = Arc::new(Tally::default());
        let keeper = |earlier| Keeper::new(&path, "UPDATE", earlier, true, Arc::clone(&tally)).unwrap();
        drop(keeper(0));
        assert_eq!(Place::read(&path, "UPDATE"), Err(NoPlace::None), "nothing was done yet");
        tally.begin(0..4);
        tally.wrote(&[0, 2]);
        tally.reject(Rejection { number: 1, line: 3, fault: Fault::Insert, reason: "bad".to_owned() });
        drop(keeper(10));
        let place = Place::read(&path, "UPDATE").unwrap();
        assert_eq!((place.written, place.before), (12, 3));
        let again = Tally::default();
        let before = place.take_up(&again);
        assert!(before.done.contains(2) && before.unsure.contains(&3));
        assert_eq!(again.state().rejections.len(), 1);
        assert!(matches!(Place::read(&path, "INSERT"), Err(NoPlace::Another { .. })));
        keeper(0).finish();
        assert_eq!(Place::read(&path, "UPDATE"), Err(NoPlace::None));
    }

    #[test]
    fn a_file_that_changed_is_not_gone_on_with() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.csv");
        fs::write(&path, "k\n1\n").unwrap();
        let tally = Arc::new(Tally::default());
        tally.wrote(&[0]);
        drop(Keeper::new(&path, "INSERT", 0, false, tally).unwrap());
        fs::write(&path, "k\n1\n2\n").unwrap();
        assert_eq!(Place::read(&path, "INSERT"), Err(NoPlace::Changed));
    }
}
