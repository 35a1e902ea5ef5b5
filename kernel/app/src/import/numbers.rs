//! Numbers of rows, held as ranges: a record may name a billion rows in a few bytes, and nothing here takes longer for it.

use std::collections::BTreeMap;

/// A set of numbers.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    /// Where each range begins, and the number behind its end. No two overlap or touch.
    ranges: BTreeMap<u64, u64>,
}

impl Numbers {
    /// Puts in the numbers from `start` to before `end`.
    pub(super) fn insert(&mut self, mut start: u64, mut end: u64) {
        if start >= end {
            return;
        }
        while let Some((&first, &behind)) = self.ranges.range(..=end).next_back() {
            if behind < start {
                break;
            }
            self.ranges.remove(&first);
            (start, end) = (start.min(first), end.max(behind));
        }
        self.ranges.insert(start, end);
    }

    /// Takes out the numbers from `start` to before `end`.
    pub(super) fn remove(&mut self, start: u64, end: u64) {
        while let Some((&first, &behind)) = self.ranges.range(..end).next_back() {
            if behind <= start || start >= end {
                break;
            }
            self.ranges.remove(&first);
            if first < start {
                self.ranges.insert(first, start);
            }
            if behind > end {
                self.ranges.insert(end, behind);
            }
        }
    }

    /// The first number from zero on that is not in it.
    pub(super) fn gap(&self) -> u64 {
        self.ranges.get(&0).copied().unwrap_or_default()
    }

    /// How many ranges it takes.
    pub(super) fn pieces(&self) -> usize {
        self.ranges.len()
    }

    /// How many numbers from `start` on are in it. `start` is zero or in no range.
    pub(super) fn count_from(&self, start: u64) -> u64 {
        self.ranges.range(start..).map(|(first, behind)| behind - first).sum()
    }

    /// The numbers from `start` on, rising. `start` is zero or in no range.
    pub(super) fn from(&self, start: u64) -> impl Iterator<Item = u64> {
        self.ranges.range(start..).flat_map(|(first, behind)| *first..*behind)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_a_set(steps in prop::collection::vec((any::<bool>(), 0_u64..40, 0_u64..40), 0..40)) {
            let (mut numbers, mut set) = (Numbers::default(), BTreeSet::new());
            for (puts_in, start, end) in steps {
                if puts_in {
                    numbers.insert(start, end);
                    set.extend(start..end);
                } else {
                    numbers.remove(start, end);
                    set.retain(|number| !(start..end).contains(number));
                }
                prop_assert_eq!(numbers.from(0).collect::<Vec<_>>(), set.iter().copied().collect::<Vec<_>>());
                prop_assert_eq!(numbers.count_from(0), set.len() as u64);
                prop_assert_eq!(numbers.gap(), (0..).find(|number| !set.contains(number)).unwrap());
                let gap = numbers.gap();
                prop_assert_eq!(numbers.from(gap).collect::<Vec<_>>(), set.range(gap..).copied().collect::<Vec<_>>());
                let touching = numbers.ranges.values().any(|behind| numbers.ranges.contains_key(behind));
                prop_assert!(!touching, "{:?}", numbers);
            }
        }
    }
}
