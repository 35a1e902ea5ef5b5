//! What is drawn in a lane: the critical path's parts, the other work, and a mark for each event.

use std::collections::HashMap;

use crate::trace::message::Message;
use crate::trace::{Lane, Phase, Trace};

/// Rows of other work in one lane at most.
const ROWS: usize = 3;
/// Bars of other work in one lane at most, the longest of them.
const BARS: usize = 24;
/// Marks in the whole picture at most.
const MARKS: usize = 240;

/// Work that the request did not wait for, from its first event to its last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bar {
    pub(super) from_us: i64,
    pub(super) to_us: i64,
    /// The row, counted from the top.
    pub(super) row: usize,
    pub(super) phase: Phase,
    pub(super) thread: String,
}

/// A lane's other work, in rows in which nothing overlaps.
pub(super) fn bars(trace: &Trace, number: usize, lane: &Lane) -> Vec<Bar> {
    let mut tasks = tasks(trace, lane);
    let critical: Vec<(i64, i64)> = trace
        .stretches
        .iter()
        .flat_map(|stretch| &stretch.parts)
        .filter(|part| part.lane == number)
        .map(|part| (part.from_us, part.to_us))
        .collect();
    tasks.retain(|task| {
        let covered: i64 =
            critical.iter().map(|&(from, to)| (to.min(task.to_us) - from.max(task.from_us)).max(0)).sum();
        covered * 10 < (task.to_us - task.from_us).max(1) * 8
    });
    tasks.sort_by_key(|task| task.from_us - task.to_us);
    tasks.truncate(BARS);
    tasks.sort_by_key(|task| task.from_us);
    let mut ends = [i64::MIN; ROWS];
    tasks.retain_mut(|task| match ends.iter().position(|&end| end <= task.from_us) {
        Some(row) => {
            ends[row] = task.to_us;
            task.row = row;
            true
        }
        None => false,
    });
    tasks
}

/// What each thread did without a break.
fn tasks(trace: &Trace, lane: &Lane) -> Vec<Bar> {
    let pause = (trace.total_us / 30).max(1);
    let mut open: HashMap<(usize, &str), Bar> = HashMap::new();
    let mut done = Vec::new();
    for moment in trace.moments_of(lane) {
        let message = &moment.message;
        if matches!(message, Message::Send { .. } | Message::Receive { .. }) || moment.thread.is_empty() {
            continue;
        }
        let key = (moment.count, moment.thread.as_str());
        let waits = moment.thread.starts_with("Native-Transport");
        let goes_on = open.get(&key).is_some_and(|bar| {
            let paused = waits && moment.at_us - bar.to_us > pause;
            !paused && !matches!(message, Message::ProcessResponse { .. })
        });
        if goes_on {
            if let Some(bar) = open.get_mut(&key) {
                bar.to_us = moment.at_us;
            }
        } else {
            let bar = Bar {
                from_us: moment.at_us,
                to_us: moment.at_us,
                row: 0,
                phase: phase(message, moment.permissions),
                thread: moment.thread.clone(),
            };
            done.extend(open.insert(key, bar));
        }
        if message.ends() && !matches!(message, Message::ReadRows { .. } | Message::Memtable { .. }) {
            done.extend(open.remove(&key));
        }
    }
    done.extend(open.into_values());
    done.retain(|bar| bar.to_us > bar.from_us);
    done.sort_by_key(|bar| (bar.from_us, bar.to_us));
    done
}

fn phase(message: &Message, permissions: bool) -> Phase {
    match message {
        _ if permissions => Phase::Permissions,
        Message::IndexRead { .. } => Phase::Index,
        Message::ExecuteRead { .. } | Message::ReadStep | Message::Merged { .. } => Phase::Read,
        Message::Commitlog | Message::Memtable { .. } => Phase::Commitlog,
        Message::Paxos(_) => Phase::Paxos,
        Message::Parsing | Message::PreparingStatement => Phase::Parse,
        Message::ProcessResponse { .. } => Phase::Gather,
        Message::DigestMismatch | Message::ReadRepair => Phase::Repair,
        _ => Phase::Other,
    }
}

/// The places of every lane's marks in tenths of a percent of `end_us`: one for each event, but one for those that cannot be told apart.
pub(super) fn marks(trace: &Trace, end_us: i64) -> Vec<Vec<i64>> {
    let end = end_us.max(1);
    let mut grain = 2;
    loop {
        let of_lane = |lane: &Lane| {
            let in_sight = trace.moments_of(lane).iter().filter(|moment| moment.at_us <= end);
            let mut places: Vec<i64> = in_sight
                .map(|moment| (moment.at_us.max(0) as f64 / end as f64 * 1000.0) as i64 / grain * grain)
                .collect();
            places.dedup();
            places
        };
        let all: Vec<Vec<i64>> = trace.lanes.iter().map(of_lane).collect();
        if all.iter().map(Vec::len).sum::<usize>() <= MARKS || grain >= 500 {
            return all;
        }
        grain += grain;
    }
}
