//! The time that a row is given: the server's clock, and later for each row than for the one before it.
//!
//! The server's, because what was written there before must be older, and what is written there afterwards newer; this machine's
//! clock may be wrong by hours.

use std::time::Instant;

/// Gives times in microseconds since 1970, each later than the one before.
#[derive(Debug, Clone)]
pub(crate) struct Clock {
    /// The server's time, and when it was told.
    base: i64,
    told: Instant,
    last: i64,
}

impl Clock {
    /// A clock that goes on from the server's time in milliseconds since 1970, as it was told at `told`.
    pub(crate) fn new(millis: i64, told: Instant) -> Self {
        // Servers give times within a millisecond by counting from its start; ours are the later ones.
        Self { base: millis.saturating_mul(1000).saturating_add(999), told, last: i64::MIN }
    }

    /// All times are later than this one.
    pub(super) fn after(mut self, stamp: i64) -> Self {
        self.last = self.last.max(stamp);
        self
    }

    /// The next row's time.
    pub(super) fn next(&mut self) -> i64 {
        let passed = i64::try_from(self.told.elapsed().as_micros()).unwrap_or(i64::MAX);
        self.last = self.base.saturating_add(passed).max(self.last.saturating_add(1));
        self.last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_time_is_later_than_the_one_before() {
        let mut clock = Clock::new(1_700_000_000_000, Instant::now());
        let times: Vec<_> = (0..1000).map(|_| clock.next()).collect();
        assert!(times.is_sorted_by(|left, right| left < right), "{times:?}");
        assert!(times[0] >= 1_700_000_000_000_999);
        let mut clock = clock.after(9_000_000_000_000_000);
        assert_eq!(clock.next(), 9_000_000_000_000_001, "a load that goes on does not go back");
    }
}
