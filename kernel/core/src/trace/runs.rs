//! Many runs of one statement: how the time is distributed.

use super::model::Trace;

/// More bins than this nobody reads.
const MOST_BINS: u64 = 14;

/// What `--repeat` brought.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Runs {
    /// How long each run took as the notebook saw it, in µs, in the order of the runs.
    pub elapsed_us: Vec<u64>,
    /// The traces that came, of any of the runs.
    pub traces: Vec<Trace>,
}

/// One bar of a histogram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bin {
    /// Its least time, in µs.
    pub from_us: u64,
    /// Its end, not part of it; but the last bin holds its end.
    pub to_us: u64,
    /// How many runs.
    pub runs: usize,
}

impl Runs {
    /// The time that so many percent of the runs did not exceed (nearest rank); none without runs.
    pub fn percentile(&self, percent: usize) -> Option<u64> {
        let mut sorted = self.elapsed_us.clone();
        sorted.sort_unstable();
        let rank = (sorted.len() * percent.min(100)).div_ceil(100);
        sorted.get(rank.saturating_sub(1)).copied()
    }

    /// The runs in bins of one width, a round number of µs; the few that took far longer than the others share the last bin.
    pub fn histogram(&self) -> Vec<Bin> {
        let (Some(&least), Some(&most)) = (self.elapsed_us.iter().min(), self.elapsed_us.iter().max()) else {
            return Vec::new();
        };
        let usual = self.percentile(90).unwrap_or(most);
        let wanted = (self.elapsed_us.len() as f64).sqrt().ceil().clamp(4.0, 8.0) as u64;
        let width = round_up((usual - least) / wanted + 1);
        let first = least / width * width;
        let all = (most - first) / width + 1;
        let bins = all.min(MOST_BINS).min((usual - first) / width + 3);
        let bin = |number: u64| {
            let from_us = first + number * width;
            let to_us = if number + 1 == bins { (from_us + width).max(most) } else { from_us + width };
            let holds = |us: u64| us >= from_us && (us < to_us || number + 1 == bins);
            Bin { from_us, to_us, runs: self.elapsed_us.iter().filter(|&&us| holds(us)).count() }
        };
        (0..bins).map(bin).collect()
    }

    /// The trace of the median, by the server's own duration.
    pub fn median(&self) -> Option<&Trace> {
        let sorted = self.sorted();
        sorted.get(sorted.len().saturating_sub(1) / 2).copied()
    }

    /// The trace that took longest.
    pub fn worst(&self) -> Option<&Trace> {
        self.sorted().last().copied()
    }

    fn sorted(&self) -> Vec<&Trace> {
        let mut sorted: Vec<&Trace> = self.traces.iter().collect();
        sorted.sort_by_key(|trace| trace.total_us);
        sorted
    }
}

/// The next of 1, 2, 5, 10, 20, 50, …
fn round_up(width: u64) -> u64 {
    let mut step: u64 = 1;
    loop {
        for factor in [1, 2, 5] {
            if step.saturating_mul(factor) >= width {
                return step.saturating_mul(factor);
            }
        }
        step = step.saturating_mul(10);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn percentiles_are_runs_that_were() {
        let runs = Runs { elapsed_us: vec![50, 10, 40, 20, 30], traces: Vec::new() };
        assert_eq!(
            [0, 20, 50, 90, 100].map(|percent| runs.percentile(percent)),
            [10, 10, 30, 50, 50].map(Some)
        );
        assert_eq!(Runs::default().percentile(50), None);
    }

    proptest! {
        #[test]
        fn every_run_is_in_one_bin(elapsed_us in proptest::collection::vec(0..10_000_000_u64, 0..200)) {
            let runs = Runs { elapsed_us, traces: Vec::new() };
            let bins = runs.histogram();
            prop_assert_eq!(bins.iter().map(|bin| bin.runs).sum::<usize>(), runs.elapsed_us.len());
            prop_assert!(bins.len() <= 16);
        }
    }
}
