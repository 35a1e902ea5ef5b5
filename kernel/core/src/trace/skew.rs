//! Clocks that cannot be right: where an effect stands before its cause, moments are moved.
//!
//! Every message bounds how two nodes' clocks can stand to each other: it is received after it was sent. A node that keeps these bounds
//! stays where its clock puts it. A clock is also read late: on a busy machine milliseconds after the event it is written for. So a
//! count that stands a little too late is moved to where it can have been, and that is no skew. What is beyond is: then the middle
//! of what the messages allow is taken, as network time protocols do; it is an estimate and is called one.

use super::model::{Lane, Moment, Skew};
use super::pair::Pair;
use super::place::FAR;

/// A clock of whole milliseconds is read up to so much late on a busy machine.
const READ_LATE_US: i64 = 10_000;

/// What the messages allow: a count moved by at least, and at most.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    least: i64,
    most: i64,
}

/// Moves what cannot stand where it is. The coordinator's lane, the first, stays: the request's duration is by its clock.
pub(super) fn correct(nodes: &mut [(Lane, Vec<Moment>)], pairs: &[Pair], resolution_us: i64) {
    let mut settled = vec![false; nodes.len()];
    if let Some(first) = settled.first_mut() {
        *first = true;
    }
    // Those that talk to a settled node come next; those that talk to nobody are bounded by the beginning alone.
    while let Some(node) = next(&settled, pairs) {
        let bounds = bounds(node, nodes, pairs, &settled);
        settle(&mut nodes[node], bounds, resolution_us);
        settled[node] = true;
    }
}

fn next(settled: &[bool], pairs: &[Pair]) -> Option<usize> {
    let waiting = |node: usize| settled.get(node) == Some(&false);
    let ends = pairs.iter().flat_map(|pair| [(pair.from.0, pair.to.0), (pair.to.0, pair.from.0)]);
    let talks = ends.filter(|&(node, other)| waiting(node) && !waiting(other)).map(|(node, _)| node).min();
    talks.or_else(|| (0..settled.len()).find(|&node| waiting(node)))
}

/// The bounds of each of a node's counts.
fn bounds(node: usize, nodes: &[(Lane, Vec<Moment>)], pairs: &[Pair], settled: &[bool]) -> Vec<Bounds> {
    let moment =
        |(lane, moment): (usize, usize)| nodes.get(lane).and_then(|(_, moments)| moments.get(moment));
    let mut bounds = Vec::new();
    // Nothing happens before the request.
    for moment in nodes.get(node).map(|(_, moments)| moments.as_slice()).unwrap_or_default() {
        if bounds.len() <= moment.count {
            bounds.resize(moment.count + 1, Bounds { least: -FAR, most: FAR });
        }
        let count: &mut Bounds = &mut bounds[moment.count];
        count.least = count.least.max(-moment.at_us);
    }
    for pair in pairs {
        let (Some(from), Some(to)) = (moment(pair.from), moment(pair.to)) else { continue };
        let between = to.at_us - from.at_us;
        if pair.to.0 == node && settled.get(pair.from.0) == Some(&true) {
            bounds[to.count].least = bounds[to.count].least.max(-between);
        } else if pair.from.0 == node && settled.get(pair.to.0) == Some(&true) {
            bounds[from.count].most = bounds[from.count].most.min(between);
        }
    }
    bounds
}

fn settle((lane, moments): &mut (Lane, Vec<Moment>), bounds: Vec<Bounds>, resolution_us: i64) {
    let least = bounds.iter().map(|bounds| bounds.least).max().unwrap_or(-FAR);
    let most = bounds.iter().map(|bounds| bounds.most).min().unwrap_or(FAR);
    // What every count needs is the clock's fault; what one needs may be a late reading.
    let bound = bounds.iter().filter(|bounds| bounds.most < FAR);
    let ahead = bound.map(|bounds| (-bounds.most).max(0)).min().unwrap_or(0);
    let late = if resolution_us > 1 { READ_LATE_US } else { 0 };
    // Both ends of a message are known to the clock's resolution.
    let tolerance = 2 * resolution_us.max(50);
    let mut shift = 0;
    if least > tolerance || ahead > tolerance + late {
        let bounded = least > -FAR && most < FAR && least <= most;
        shift = match (bounded, least > tolerance) {
            (true, _) => least + (most - least) / 2,
            (false, true) => least,
            (false, false) => -ahead,
        };
        lane.skew = Some(Skew { shift_us: shift, within_us: bounded.then_some((most - least) / 2) });
    }
    let shifts: Vec<i64> = bounds
        .iter()
        .map(|bounds| {
            let (least, most) = (bounds.least - shift, bounds.most - shift);
            shift + if least > 0 { least } else { most.min(0).max(least) }
        })
        .collect();
    for moment in moments.iter_mut() {
        let by = shifts.get(moment.count).copied().unwrap_or(shift);
        moment.at_us = moment.at_us.saturating_add(by);
    }
    moments.sort_by_key(|moment| moment.at_us);
}
