//! The critical path: walked back from the end, from each moment to the one that it had to wait for.
//!
//! A message received waited for the sender; what a thread goes on with, for that thread; what a thread begins with, for what the node
//! did last. Steps lie end to end, so that their sum is the request's duration, whatever the clocks say.

use std::collections::HashMap;

use super::message::{Address, Message};
use super::model::{Moment, Step, Trace};
use super::surplus::surplus;

/// How far back a message's cause is looked for, in moments of the lane.
const NEAR: usize = 100;

pub(super) fn critical(trace: &Trace) -> Vec<Step> {
    let before = same_thread(trace);
    let surplus = surplus(trace);
    let mut visited = vec![false; trace.moments.len()];
    let mut steps = Vec::new();
    let (mut to, mut to_us) = (None, trace.total_us);
    let mut current = last(trace, &surplus);
    while let Some(index) = current.filter(|&index| !std::mem::replace(&mut visited[index], true)) {
        let at_us = trace.moments[index].at_us.clamp(0, to_us);
        steps.push(Step { from_us: at_us, to_us, from: Some(index), to });
        (to, to_us) = (Some(index), at_us);
        current = cause(trace, index, &before, &surplus);
    }
    steps.push(Step { from_us: 0, to_us, from: None, to });
    steps.reverse();
    steps
}

/// The moment before the end: of the coordinator, where the end is known; else of all.
fn last(trace: &Trace, surplus: &[bool]) -> Option<usize> {
    let own = trace.lanes.first().filter(|lane| trace.ended() && lane.end > lane.first);
    let range = own.map_or(0..trace.moments.len(), |lane| lane.first..lane.end);
    let in_time = range.filter(|&index| trace.moments[index].at_us <= trace.total_us && !surplus[index]);
    in_time.max_by_key(|&index| (trace.moments[index].at_us, index))
}

/// For each moment, the one before it in its thread and count.
fn same_thread(trace: &Trace) -> Vec<Option<usize>> {
    let mut last: HashMap<(usize, usize, &str), usize> = HashMap::new();
    let before = trace.moments.iter().enumerate().map(|(index, moment)| {
        if moment.thread.is_empty() {
            return None;
        }
        last.insert((moment.lane, moment.count, &moment.thread), index)
    });
    before.collect()
}

/// What a moment had to wait for.
fn cause(trace: &Trace, index: usize, before: &[Option<usize>], surplus: &[bool]) -> Option<usize> {
    let moment = &trace.moments[index];
    let lane = trace.lanes.get(moment.lane)?;
    if moment.sent.is_some() {
        return moment.sent;
    }
    let near = || (lane.first..index).rev().take(NEAR);
    let of_lane = (lane.first..index).rev().find(|&previous| !surplus[previous]);
    let of_thread = before.get(index).copied().flatten();
    let found = match &moment.message {
        Message::ProcessResponse { from } => near().find(
            |&other| matches!(&trace.moments[other].message, Message::Receive { from: of, .. } if of == from),
        ),
        Message::Send { verb, .. } if Message::is_answer(verb) => near()
            .filter(|&other| trace.moments[other].count == moment.count)
            .find(|&other| matches!(trace.moments[other].message, Message::EnqueueResponse))
            .or_else(|| near().find(|&other| !is_messenger(&trace.moments[other]))),
        Message::Send { verb, to } if !verb.starts_with("PAXOS") => near()
            .take_while(|&other| !matches!(&trace.moments[other].message, Message::Send { verb: of, to: other } if of == verb && other == to))
            .find(|&other| asks(&trace.moments[other], to))
            .or_else(|| near().find(|&other| !is_messenger(&trace.moments[other]))),
        Message::Send { .. } => near().find(|&other| !is_messenger(&trace.moments[other])),
        // One replica is asked after the other.
        Message::Ask { .. } => {
            of_thread.filter(|&previous| matches!(trace.moments[previous].message, Message::Ask { .. }))
        }
        // The thread that gives up waiting, or hands over what it has read.
        Message::EnqueueResponse | Message::IndexQuery { .. } => of_thread,
        Message::Speculate { .. } | Message::TimedOut | Message::Failed => of_thread,
        Message::Receive { .. } | Message::Parsing => None,
        _ if is_request_thread(moment) => None,
        _ => of_thread.filter(|&previous| !trace.moments[previous].message.ends()),
    };
    found.or(of_lane).or_else(|| asked(trace, index))
}

/// For the first moment of a replica whose message was lost: what the coordinator did last before.
fn asked(trace: &Trace, index: usize) -> Option<usize> {
    let moment = &trace.moments[index];
    let coordinator = trace.lanes.first().filter(|_| moment.lane > 0)?;
    (coordinator.first..coordinator.end).rev().find(|&other| trace.moments[other].at_us <= moment.at_us)
}

/// Whether a node was to be asked with it.
fn asks(moment: &Moment, node: &Address) -> bool {
    match &moment.message {
        Message::Ask { of, .. } => of == node,
        Message::Speculate { on } => on.as_ref() == Some(node),
        _ => false,
    }
}

/// The thread that takes the request and answers it: it goes on after waiting, with whatever came in.
fn is_request_thread(moment: &Moment) -> bool {
    moment.thread.starts_with("Native-Transport") || moment.thread.starts_with("RequestThread")
}

/// A thread that carries messages, and what happens in it has its cause elsewhere.
fn is_messenger(moment: &Moment) -> bool {
    moment.thread.starts_with("Messaging")
}
