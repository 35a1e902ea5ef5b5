//! Answers that nobody waited for any more: those that came after as many as the consistency level asks for.
//!
//! It is told only where it is plain: one read that was tried again elsewhere, or one write to each replica. Where a request has
//! several rounds (lightweight transactions, repairs, batches, ranges), every answer may have been waited for.

use std::collections::HashSet;

use super::message::{Address, Message};
use super::model::{Moment, Trace};
use super::pair::lane_of;

/// For each moment, whether it belongs to such an answer.
pub(super) fn surplus(trace: &Trace) -> Vec<bool> {
    let mut marked = vec![false; trace.moments.len()];
    let Some(lane) = trace.lanes.first() else { return marked };
    let own = || trace.moments.iter().enumerate().take(lane.end).skip(lane.first);
    let has = |wanted: fn(&Message) -> bool| {
        own().any(|(_, moment)| !moment.permissions && wanted(&moment.message))
    };
    let several = has(|message| {
        matches!(
            message,
            Message::Paxos(_)
                | Message::Batchlog
                | Message::DetermineReplicas { batch: true }
                | Message::DigestMismatch
                | Message::ReadRepair
                | Message::ComputeRanges
                | Message::RangeRequests { .. }
        )
    });
    if several {
        return marked;
    }
    let needed =
        if has(|message| matches!(message, Message::Speculate { .. })) { read(trace) } else { write(trace) };
    let Some(needed) = needed else { return marked };
    let (verb, far) =
        (needed.verb, |from: &Address| needed.local && trace.crosses(lane_of(trace.lanes.iter(), from)));
    let mut answers = 0;
    for (index, moment) in own() {
        let Message::Receive { verb: of, from } = &moment.message else { continue };
        if of != verb {
            continue;
        }
        let counts = !far(from);
        if counts && answers < needed.answers {
            answers += 1;
            continue;
        }
        marked[index] = true;
        let handled = own().skip_while(|(other, _)| *other <= index).find(|(_, other)| handles(other, from));
        if let Some((handled, _)) = handled {
            marked[handled] = true;
        }
    }
    // Fewer came than are needed: then it is not understood what was waited for.
    if answers < needed.answers { vec![false; trace.moments.len()] } else { marked }
}

/// How many answers of other nodes are waited for.
struct Needed {
    verb: &'static str,
    answers: usize,
    /// Whether those of other data centres do not count.
    local: bool,
}

fn handles(moment: &Moment, from: &Address) -> bool {
    matches!(&moment.message, Message::ProcessResponse { from: of } if of == from)
}

/// A read asks as many replicas as it needs; those that are asked later on suspicion come on top.
fn read(trace: &Trace) -> Option<Needed> {
    let asked = trace.moments.iter().filter(|moment| matches!(moment.message, Message::Ask { .. })).count();
    (asked > 0).then_some(Needed { verb: "READ_RSP", answers: asked, local: false })
}

/// A write goes to all replicas, and waits for as many as its level says.
fn write(trace: &Trace) -> Option<Needed> {
    let level = trace.parameter("consistency_level")?;
    let local = level.starts_with("LOCAL_");
    let lane = trace.lanes.first()?;
    let mut to: HashSet<usize> = HashSet::new();
    for moment in trace.moments_of(lane) {
        if let Message::Send { verb, to: node } = &moment.message
            && verb == "MUTATION_REQ"
            // A node that is written to twice has a part in several writes.
            && !to.insert(lane_of(trace.lanes.iter(), node)?)
        {
            return None;
        }
    }
    let itself =
        usize::from(trace.moments_of(lane).iter().any(|moment| moment.message == Message::Commitlog));
    let replicas = itself + to.iter().filter(|&&node| !(local && trace.crosses(Some(node)))).count();
    let needed = match level {
        "ANY" | "ONE" | "LOCAL_ONE" => 1,
        "TWO" => 2,
        "THREE" => 3,
        "QUORUM" | "LOCAL_QUORUM" => replicas / 2 + 1,
        _ => return None,
    };
    (!to.is_empty()).then_some(Needed { verb: "MUTATION_RSP", answers: needed.max(itself) - itself, local })
}
