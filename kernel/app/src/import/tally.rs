//! How far a load has come: which rows are dealt with, which are under way, which were set aside. Shared by reader, writers and
//! whoever tells the user.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;

use cqlbook_cluster::{RetryNotice, RetryReason};

use super::journal::Journal;
use super::rejected::Kept;

/// Rows set aside at most; a file of which more is wrong is the wrong file.
pub(super) const MOST_REJECTED: u64 = 100_000;

/// Failures of the server's own in a row, none of whose rows could be written; after so many it is not the rows.
const MOST_FAILURES: u64 = 200;

/// What a row failed at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It does not fit the table.
    Parse,
    /// The server refused it.
    Insert,
}

/// A row that was not loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rejection {
    /// The row, from zero.
    pub(crate) number: u64,
    /// The line it starts at, from 1.
    pub(crate) line: u64,
    /// What it failed at.
    pub(crate) fault: Fault,
    /// Why.
    pub(crate) reason: String,
}

/// How many rows may fail.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Limits {
    /// Of those that do not fit.
    pub(crate) parse: Option<u64>,
    /// Of those that the server refuses.
    pub(crate) insert: Option<u64>,
}

/// Which rows are dealt with: written or set aside.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Done {
    /// All rows before this one are.
    pub(super) before: u64,
    /// And these behind it.
    pub(super) beyond: BTreeSet<u64>,
}

impl Done {
    pub(super) fn contains(&self, number: u64) -> bool {
        number < self.before || self.beyond.contains(&number)
    }

    pub(super) fn add(&mut self, number: u64) {
        if number >= self.before {
            self.beyond.insert(number);
            while self.beyond.remove(&self.before) {
                self.before += 1;
            }
        }
    }
}

#[derive(Debug, Clone, Default)]
pub(super) struct State {
    pub(super) done: Done,
    /// Rows that were sent and are not answered.
    pub(super) under_way: BTreeSet<u64>,
    pub(super) rejections: Vec<Rejection>,
    pub(super) parse_errors: u64,
    pub(super) insert_errors: u64,
    /// The latest time that a row was given, in microseconds since 1970.
    pub(super) stamp: i64,
    /// Something was sent in this run.
    has_sent: bool,
    /// Nothing is sent any more: what the record says of rows under way is true for good.
    is_stopped: bool,
}

/// How far a load has come.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    state: Mutex<State>,
    /// Rows written, in this run.
    written: AtomicU64,
    /// How often a write had to wait.
    waits: AtomicU64,
    /// Bytes read of the file.
    pub(crate) bytes: Arc<AtomicU64>,
    /// Failures of the server's own since a write last went well.
    failures: AtomicU64,
    /// What a write waits for, and until when.
    waiting: Mutex<Option<(RetryReason, Instant)>>,
    /// The record that is kept of it, if one is.
    journal: OnceLock<Arc<Journal>>,
    /// Why none is kept.
    unkept: OnceLock<String>,
    /// Where the rows are that were set aside, once they are in a file.
    kept: OnceLock<Kept>,
}

impl Tally {
    /// From now on a record is kept.
    pub(super) fn keep(&self, journal: Arc<Journal>) {
        let _ = self.journal.set(journal);
    }

    pub(super) fn journal(&self) -> Option<&Arc<Journal>> {
        self.journal.get()
    }

    /// No record can be kept, for this reason.
    pub(super) fn cannot_keep(&self, reason: String) {
        let _ = self.unkept.set(reason);
    }

    /// Why the load could not be gone on with, were it stopped now; `None` where it could.
    pub(crate) fn trouble(&self) -> Option<String> {
        self.unkept.get().cloned().or_else(|| self.journal.get().and_then(|journal| journal.trouble()))
    }

    /// Whether a load that is stopped now can be gone on with.
    pub(crate) fn is_kept(&self) -> bool {
        self.journal.get().is_some() && self.trouble().is_none()
    }

    /// Whether something was sent in this run.
    pub(super) fn has_sent(&self) -> bool {
        self.state().has_sent
    }

    /// The rows that were set aside are in this file.
    pub(super) fn set_aside(&self, kept: Kept) {
        let _ = self.kept.set(kept);
    }

    /// Where the rows are that were set aside.
    pub(crate) fn kept(&self) -> Option<&Kept> {
        self.kept.get()
    }

    /// Nothing may be sent any more, and the record says what was.
    pub(super) fn stop(&self) {
        let (state, has_sent) = {
            let mut state = self.state();
            state.is_stopped = true;
            (state.clone(), state.has_sent)
        };
        if let Some(journal) = self.journal.get() {
            journal.stop(&state, has_sent);
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Rows written so far.
    pub(crate) fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    /// How often a write had to wait because the service asked for it.
    pub(crate) fn waits(&self) -> u64 {
        self.waits.load(Ordering::Relaxed)
    }

    /// A write went well.
    pub(super) fn went_well(&self) {
        self.failures.store(0, Ordering::Relaxed);
    }

    /// Whether a failure of the server's own may be a row's fault: others go well meanwhile.
    pub(super) fn may_be_the_row(&self) -> bool {
        self.failures.fetch_add(1, Ordering::Relaxed) < MOST_FAILURES
    }

    /// Rows that are sent now. False where nothing may be sent any more.
    pub(super) fn begin(&self, numbers: impl Iterator<Item = u64>) -> bool {
        let mut state = self.state();
        if state.is_stopped {
            return false;
        }
        state.under_way.extend(numbers);
        state.has_sent = true;
        true
    }

    /// Rows that the server has.
    pub(super) fn wrote(&self, numbers: &[u64]) {
        let mut state = self.state();
        for number in numbers {
            state.under_way.remove(number);
            state.done.add(*number);
        }
        drop(state);
        self.written.fetch_add(numbers.len() as u64, Ordering::Relaxed);
        if let Some(journal) = self.journal.get().filter(|journal| journal.adds_to_counters()) {
            journal.done(numbers);
        }
    }

    /// A row that is not loaded.
    pub(super) fn reject(&self, rejection: Rejection) {
        let mut state = self.state();
        state.under_way.remove(&rejection.number);
        state.done.add(rejection.number);
        match rejection.fault {
            Fault::Parse => state.parse_errors += 1,
            Fault::Insert => state.insert_errors += 1,
        }
        state.rejections.push(rejection.clone());
        drop(state);
        if let Some(journal) = self.journal.get() {
            journal.rejected(&rejection);
        }
    }

    /// A row was given this time.
    pub(super) fn gave(&self, stamp: Option<i64>) {
        if let Some(stamp) = stamp {
            let mut state = self.state();
            state.stamp = state.stamp.max(stamp);
        }
    }

    /// A row that is left out, as the user asked for it.
    pub(super) fn skip(&self, number: u64) {
        self.state().done.add(number);
    }

    /// The first limit that is passed, in words.
    pub(super) fn exceeded(&self, limits: Limits) -> Option<Exceeded> {
        let state = self.state();
        let first = || state.rejections.first().cloned();
        let passed = |count: u64, limit: Option<u64>| limit.is_some_and(|limit| count > limit);
        if passed(state.parse_errors, limits.parse) {
            return Some(Exceeded { fault: Some(Fault::Parse), limit: limits.parse?, first: first()? });
        }
        if passed(state.insert_errors, limits.insert) {
            return Some(Exceeded { fault: Some(Fault::Insert), limit: limits.insert?, first: first()? });
        }
        let all = state.parse_errors + state.insert_errors;
        (all > MOST_REJECTED)
            .then(|| Some(Exceeded { fault: None, limit: MOST_REJECTED, first: first()? }))?
    }

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

/// A limit that was passed.
#[derive(Debug)]
pub(crate) struct Exceeded {
    /// Of which faults; `None` for all together.
    pub(crate) fault: Option<Fault>,
    /// The limit.
    pub(crate) limit: u64,
    /// The first row that failed.
    pub(crate) first: Rejection,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rejection(number: u64, fault: Fault) -> Rejection {
        Rejection { number, line: number + 2, fault, reason: "bad".to_owned() }
    }

    #[test]
    fn rows_come_out_of_order_and_are_counted_in_order() {
        let tally = Tally::default();
        tally.begin(0..5);
        tally.wrote(&[2, 3]);
        tally.reject(rejection(0, Fault::Parse));
        let state = tally.state();
        assert_eq!((state.done.before, state.done.beyond.len()), (1, 2));
        assert!(state.done.contains(0) && !state.done.contains(1) && state.done.contains(3));
        drop(state);
        tally.wrote(&[1]);
        let state = tally.state();
        assert_eq!((state.done.before, state.done.beyond.len()), (4, 0));
        assert_eq!(state.under_way.iter().copied().collect::<Vec<_>>(), [4]);
    }

    #[test]
    fn limits_are_of_each_fault() {
        let tally = Tally::default();
        let limits = Limits { parse: Some(1), insert: None };
        tally.reject(rejection(0, Fault::Insert));
        tally.reject(rejection(1, Fault::Parse));
        assert!(tally.exceeded(limits).is_none());
        tally.reject(rejection(2, Fault::Parse));
        let exceeded = tally.exceeded(limits).unwrap();
        assert_eq!((exceeded.fault, exceeded.limit, exceeded.first.number), (Some(Fault::Parse), 1, 0));
    }
}
