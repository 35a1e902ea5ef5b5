//! The ring of tokens, cut into ranges that can be read side by side. Pure but for the driver's metadata.

use scylla::cluster::ClusterState;

/// Tokens behind `start`, up to and with `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenRange {
    /// The token before the first.
    pub start: i64,
    /// The last token.
    pub end: i64,
}

impl TokenRange {
    /// All tokens that a partition can have: none has the least.
    pub const WHOLE: Self = Self { start: i64::MIN, end: i64::MAX };

    /// How many tokens it has.
    pub fn width(self) -> u64 {
        self.end.wrapping_sub(self.start) as u64
    }

    /// The part of it that lies in `other`.
    pub fn within(self, other: Self) -> Option<Self> {
        let range = Self { start: self.start.max(other.start), end: self.end.min(other.end) };
        (range.start < range.end).then_some(range)
    }

    /// The same range in `parts` of one width.
    pub fn split(self, parts: u32) -> Vec<Self> {
        let parts = u128::from(parts.max(1)).min(u128::from(self.width()).max(1));
        let width = u128::from(self.width());
        let bound = |part: u128| self.start.wrapping_add((width * part / parts) as u64 as i64);
        (0..parts).map(|part| Self { start: bound(part), end: bound(part + 1) }).collect()
    }
}

/// The ring, cut at these tokens and then into pieces until there are about `least`.
pub(crate) fn ranges(mut tokens: Vec<i64>, least: u32) -> Vec<TokenRange> {
    tokens.retain(|token| *token != i64::MIN && *token != i64::MAX);
    tokens.sort_unstable();
    tokens.dedup();
    let mut start = i64::MIN;
    let mut ranges = Vec::new();
    for end in tokens.into_iter().chain([i64::MAX]) {
        let range = TokenRange { start, end };
        // Each range gets pieces by its share of the ring, so that all are about as wide.
        let share = u128::from(range.width()) * u128::from(least) / u128::from(u64::MAX);
        ranges.extend(range.split(u32::try_from(share).unwrap_or(1)));
        start = end;
    }
    ranges
}

/// The tokens of the nodes of a data centre, or of all nodes where it has none.
pub(crate) fn tokens(state: &ClusterState, dc: &str) -> Vec<i64> {
    let ring = state.replica_locator().ring();
    let local: Vec<i64> = ring
        .iter()
        .filter(|(_, node)| node.datacenter.as_deref() == Some(dc))
        .map(|(token, _)| token.value())
        .collect();
    if local.is_empty() { ring.iter().map(|(token, _)| token.value()).collect() } else { local }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_whole(ranges: &[TokenRange]) -> bool {
        ranges.first().is_some_and(|range| range.start == i64::MIN)
            && ranges.last().is_some_and(|range| range.end == i64::MAX)
            && ranges.windows(2).all(|pair| pair[0].end == pair[1].start)
            && ranges.iter().all(|range| range.start < range.end)
    }

    #[test]
    fn ranges_are_the_ring_without_gap_or_overlap() {
        for tokens in [
            vec![],
            vec![0],
            vec![5, -5, 5, i64::MIN, i64::MAX],
            vec![i64::MIN + 1, i64::MAX - 1],
            (0..256).map(|number| number * 7_777_777_777_777 - (1 << 62)).collect(),
        ] {
            for least in [1, 2, 64, 1000] {
                let cut = ranges(tokens.clone(), least);
                assert!(is_whole(&cut), "{tokens:?} {least}");
                assert!(
                    cut.len() >= (least as usize).saturating_sub(tokens.len() + 1).max(1),
                    "{}",
                    cut.len()
                );
            }
        }
        assert_eq!(ranges(vec![], 64).len(), 64);
    }

    #[test]
    fn a_range_can_be_clipped() {
        let range = TokenRange { start: -10, end: 10 };
        assert_eq!(range.within(TokenRange { start: 0, end: 100 }), Some(TokenRange { start: 0, end: 10 }));
        assert_eq!(range.within(TokenRange { start: 10, end: 100 }), None);
        assert_eq!(TokenRange { start: 0, end: 1 }.split(5).len(), 1);
    }
}
