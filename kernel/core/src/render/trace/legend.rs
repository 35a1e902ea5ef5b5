//! Where the time went: the critical path's stretches put together by what they are called, numbered, with their shares.

use crate::render::escape::visible_prose;
use crate::trace::units::percent;
use crate::trace::{Phase, Trace};

/// Below this share a kind of stretch is one of the rest.
const LEAST_PERCENT: f64 = 1.5;
/// No more kinds than this have a number.
const MOST: usize = 9;

/// One kind of stretch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kind {
    /// What it is called.
    pub(super) words: String,
    /// Where it is done: a lane.
    pub(super) lane: usize,
    /// All of it.
    pub(super) us: i64,
    /// How many stretches.
    pub(super) times: usize,
    /// The phase that gives its colour.
    pub(super) phase: Phase,
    /// What it consists of, where it is a wait for a replica: phases and their time, the longest first.
    pub(super) parts: Vec<(Phase, i64)>,
    /// How many kinds are put together here: more than one for the rest.
    pub(super) kinds: usize,
}

/// The kinds in the order of their first stretch, the rest last; and each stretch's number among them.
pub(super) struct Legend {
    pub(super) kinds: Vec<Kind>,
    /// The kind of each of the trace's stretches.
    pub(super) of: Vec<usize>,
}

pub(super) fn legend(trace: &Trace) -> Legend {
    let mut kinds: Vec<Kind> = Vec::new();
    let mut of = Vec::with_capacity(trace.stretches.len());
    for stretch in &trace.stretches {
        let words = visible_prose(&stretch.words(trace));
        let longest = stretch.longest();
        let index = kinds.iter().position(|kind| kind.words == words).unwrap_or_else(|| {
            kinds.push(Kind {
                words,
                lane: stretch.replica.or(longest.map(|part| part.lane)).unwrap_or(0),
                us: 0,
                times: 0,
                phase: longest.map_or(Phase::Other, |part| part.phase),
                parts: Vec::new(),
                kinds: 1,
            });
            kinds.len() - 1
        });
        let kind = &mut kinds[index];
        kind.us += stretch.us();
        kind.times += 1;
        for part in stretch.parts.iter().filter(|_| stretch.replica.is_some()) {
            match kind.parts.iter_mut().find(|(phase, _)| *phase == part.phase) {
                Some((_, us)) => *us += part.us(),
                None => kind.parts.push((part.phase, part.us())),
            }
        }
        of.push(index);
    }
    for kind in &mut kinds {
        kind.parts.sort_by_key(|(_, us)| -us);
        if let Some((phase, _)) = kind.parts.first() {
            kind.phase = *phase;
        }
    }
    shorten(trace, kinds, of)
}

/// Puts the smallest kinds together.
fn shorten(trace: &Trace, kinds: Vec<Kind>, of: Vec<usize>) -> Legend {
    let mut by_size: Vec<usize> = (0..kinds.len()).collect();
    by_size.sort_by_key(|&index| -kinds[index].us);
    let large = |index: usize| kinds[index].us as f64 * 100.0 >= LEAST_PERCENT * trace.total_us.max(1) as f64;
    let mut kept: Vec<usize> = by_size.iter().copied().take(MOST).filter(|&index| large(index)).collect();
    if kinds.len() - kept.len() < 2 {
        kept = by_size;
    }
    kept.sort_unstable();
    let small: Vec<usize> = (0..kinds.len()).filter(|index| !kept.contains(index)).collect();
    let number = |index: usize| kept.iter().position(|&kept| kept == index).unwrap_or(kept.len());
    let of = of.into_iter().map(number).collect();
    let mut out: Vec<Kind> = kept.iter().map(|&index| kinds[index].clone()).collect();
    if !small.is_empty() {
        out.push(Kind {
            words: format!(
                "the rest: {} short stretches",
                small.iter().map(|&index| kinds[index].times).sum::<usize>()
            ),
            lane: 0,
            us: small.iter().map(|&index| kinds[index].us).sum(),
            times: 1,
            phase: Phase::Other,
            parts: Vec::new(),
            kinds: small.len(),
        });
    }
    Legend { kinds: out, of }
}

impl Kind {
    /// What it consists of, in words: `reading 68.1 ms, on the network 3.2 ms`.
    pub(super) fn detail(&self) -> String {
        let shown = self.parts.iter().filter(|(_, us)| percent(*us, self.us) >= 3).take(4);
        let parts: Vec<String> =
            shown.map(|(phase, us)| format!("{} {}", phase.words(), crate::trace::micros(*us))).collect();
        parts.join(", ")
    }
}
