//! How far an export has come, as the tasks count it and as it is shown.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use cqlbook_cluster::{RetryNotice, RetryReason};
use cqlbook_core::render;

/// The whole of the work, in the unit that shares are counted in.
const WHOLE: u64 = 1 << 32;

/// Counted by the tasks of an export, read while it runs.
#[derive(Debug)]
pub(crate) struct Progress {
    started: Instant,
    /// Rows fetched.
    rows: AtomicU64,
    /// The part of the ring that is done, of [`WHOLE`].
    done: AtomicU64,
    /// Whether the work is a ring at all.
    is_ring: bool,
    /// How often the service asked to slow down.
    slowed: AtomicU64,
    /// How often a range was asked for again.
    repeated: AtomicU64,
    /// What a request waits for, and until when.
    waiting: Mutex<Option<(RetryReason, Instant)>>,
    /// The server's warnings, each once.
    warnings: Mutex<Vec<String>>,
}

impl Progress {
    /// Nothing yet.
    pub(crate) fn new(is_ring: bool) -> Self {
        Self {
            started: Instant::now(),
            rows: AtomicU64::new(0),
            done: AtomicU64::new(0),
            is_ring,
            slowed: AtomicU64::new(0),
            repeated: AtomicU64::new(0),
            waiting: Mutex::default(),
            warnings: Mutex::default(),
        }
    }

    /// Rows fetched so far.
    pub(crate) fn rows(&self) -> u64 {
        self.rows.load(Ordering::Relaxed)
    }

    /// Since when.
    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Counts rows of a page.
    pub(super) fn fetched(&self, rows: usize, warnings: Vec<String>) {
        self.rows.fetch_add(rows as u64, Ordering::Relaxed);
        if !warnings.is_empty() {
            let mut known = self.warnings.lock().unwrap_or_else(PoisonError::into_inner);
            for warning in warnings {
                if !known.contains(&warning) {
                    known.push(warning);
                }
            }
        }
    }

    /// Counts a range as done.
    pub(super) fn finished(&self, width: u64) {
        self.done.fetch_add(width / (u64::MAX / WHOLE), Ordering::Relaxed);
    }

    /// Counts a range that is asked for again.
    pub(super) fn again(&self) {
        self.repeated.fetch_add(1, Ordering::Relaxed);
    }

    /// Takes what a request waits for.
    pub(crate) fn wait(&self, notice: RetryNotice) {
        if matches!(notice.reason, RetryReason::SlowDown { .. }) {
            self.slowed.fetch_add(1, Ordering::Relaxed);
        }
        let until = Instant::now() + notice.wait;
        *self.waiting.lock().unwrap_or_else(PoisonError::into_inner) = Some((notice.reason, until));
    }

    /// What follows the number of rows: `rows, 12,345 a second, 40 % of the ring, about 3.0 s left`.
    pub(crate) fn note(&self) -> String {
        let share = self.is_ring.then(|| self.done.load(Ordering::Relaxed) as f64 / WHOLE as f64);
        let mut note = note(self.rows(), self.elapsed(), share);
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        match waiting.as_ref().filter(|(_, until)| *until > Instant::now()) {
            Some((RetryReason::SlowDown { .. }, _)) => {
                note.push_str(". The service asks to slow down; the export goes on with growing pauses.");
            }
            Some(_) => note.push_str(". The connection is lost. Reconnecting."),
            None => {}
        }
        note
    }

    /// What is told when it is over, in whole sentences.
    pub(crate) fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        let slowed = self.slowed.load(Ordering::Relaxed);
        if slowed > 0 {
            notes.push(format!("The service asked to slow down {} times.", render::count(slowed)));
        }
        let repeated = self.repeated.load(Ordering::Relaxed);
        if repeated > 0 {
            notes.push(format!(
                "{} did not come at first and were asked for again, from where they had stopped.",
                if repeated == 1 {
                    "One page".to_owned()
                } else {
                    format!("{} pages", render::count(repeated))
                }
            ));
        }
        notes
    }

    /// The server's warnings.
    pub(crate) fn warnings(&self) -> Vec<String> {
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn note(rows: u64, elapsed: Duration, share: Option<f64>) -> String {
    let seconds = elapsed.as_secs_f64().max(0.001);
    let mut note = format!("rows, {} a second", render::count((rows as f64 / seconds).round() as u64));
    if let Some(share) = share {
        note.push_str(&format!(", {:.0} % of the ring", (share * 100.0).floor()));
        // A guess from little is worse than none.
        if share > 0.02 && share < 0.999 && seconds > 1.0 {
            let left = Duration::from_secs_f64(seconds * (1.0 - share) / share);
            note.push_str(&format!(", about {} left", render::duration(left)));
        }
    }
    note
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_far_it_is() {
        let two = Duration::from_secs(2);
        assert_eq!(note(3000, two, None), "rows, 1,500 a second");
        assert_eq!(note(0, two, Some(0.0)), "rows, 0 a second, 0 % of the ring");
        assert_eq!(note(10, two, Some(0.25)), "rows, 5 a second, 25 % of the ring, about 6.0 s left");
        assert_eq!(note(10, two, Some(1.0)), "rows, 5 a second, 100 % of the ring");
    }

    #[test]
    fn shares_of_a_ring_add_up() {
        let progress = Progress::new(true);
        for _ in 0..64 {
            progress.finished(u64::MAX / 64);
        }
        assert!(progress.note().contains("99 % of the ring") || progress.note().contains("100 %"));
    }
}
