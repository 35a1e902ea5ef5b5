//! The event table: by time, over all nodes, with what repeats itself put together.

use std::collections::HashMap;

use super::words::cut;
use crate::trace::{Trace, micros};

/// The same words in one thread are shown so often; then they are counted.
const SHOWN: usize = 3;
/// Longer activities are cut.
const LONGEST: usize = 160;

/// A row of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    /// Its place on the axis.
    pub(super) at: String,
    /// Since the event before it on the same node.
    pub(super) since: String,
    /// Whether that is one of the longest of the trace.
    pub(super) long: bool,
    /// The node.
    pub(super) node: String,
    /// The thread.
    pub(super) thread: String,
    /// The server's words.
    pub(super) activity: String,
}

/// The rows, and how many events they stand for.
pub(super) fn rows(trace: &Trace) -> Vec<Row> {
    let gaps = gaps(trace);
    let mut longest: Vec<i64> = gaps.clone();
    longest.sort_unstable_by_key(|gap| -gap);
    let limit = longest.get(2.min(longest.len().saturating_sub(1))).copied().unwrap_or(0).max(1);
    let mut order: Vec<usize> = (0..trace.moments.len()).collect();
    order.sort_by_key(|&index| (trace.moments[index].at_us, index));
    let mut seen: HashMap<(usize, &str, String), (usize, usize)> = HashMap::new();
    let mut rows: Vec<Row> = Vec::new();
    let mut more: Vec<usize> = Vec::new();
    for index in order {
        let moment = &trace.moments[index];
        let kind = (moment.lane, moment.thread.as_str(), normal(&moment.activity));
        let (times, last) = seen.entry(kind).or_insert((0, 0));
        *times += 1;
        let long = gaps[index] >= limit && trace.moments.len() > 3;
        if *times > SHOWN && !long {
            more[*last] += 1;
            continue;
        }
        *last = rows.len();
        more.push(0);
        rows.push(Row {
            at: micros(moment.at_us),
            since: micros(gaps[index]),
            long,
            node: trace.lanes.get(moment.lane).map(|lane| cut(&lane.name, 60)).unwrap_or_default(),
            thread: cut(&moment.thread, 40),
            activity: cut(&moment.activity, LONGEST),
        });
    }
    for (row, more) in rows.iter_mut().zip(more).filter(|(_, more)| *more > 0) {
        row.activity.push_str(&format!(" (and {more} more like it)"));
    }
    rows
}

/// For each moment, the time since the one before it on its node.
fn gaps(trace: &Trace) -> Vec<i64> {
    let moments = &trace.moments;
    let gap = |index: usize| {
        let before = index
            .checked_sub(1)
            .map(|before| &moments[before])
            .filter(|before| before.lane == moments[index].lane);
        match before {
            Some(before) => moments[index].at_us - before.at_us,
            // The coordinator's first event counts from the request.
            None if moments[index].lane == 0 => moments[index].at_us,
            None => 0,
        }
    };
    (0..moments.len()).map(|index| gap(index).max(0)).collect()
}

/// An activity without its numbers and ids, so that repetitions are alike.
pub(super) fn normal(activity: &str) -> String {
    crate::trace::normal(activity)
}
