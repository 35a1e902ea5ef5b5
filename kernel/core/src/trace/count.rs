//! A node's counts of elapsed time: where each begins by the node's clock.
//!
//! A node that has done its part forgets the request; with the next message of it the count begins anew. An event's clock is read a
//! little after its elapsed time, on a busy machine milliseconds after. So `clock - elapsed` is never before the count's zero (but for
//! the clock's resolution), and the least of them is the best word on it.

use super::place::elapsed;
use super::record::Event;

/// Later than this after another message, a small elapsed time is that of a new count.
const JUMP_US: i64 = 2_000;

/// A count is as new as this with its first message.
const FRESH_US: i64 = 500;

/// One count of a node.
#[derive(Debug)]
pub(super) struct Count {
    /// The node's clock at its zero, in µs since 1970; an estimate within the clock's resolution.
    pub(super) zero_us: i64,
    /// The numbers of its events.
    pub(super) events: Vec<usize>,
    /// The least of `clock - elapsed`, the clock as it was read, rounded down.
    least: i64,
    /// The longest elapsed time so far.
    longest: i64,
}

/// Splits a node's events, sorted by its clock, into counts. `started_ms` is another reading at the first count's zero.
pub(super) fn counts(events: &[&Event], started_ms: Option<i64>, resolution_us: i64) -> Vec<Count> {
    let started = started_ms.map(|ms| ms.saturating_mul(1000));
    let mut counts: Vec<Count> = Vec::new();
    if let Some(started) = started
        && !events.is_empty()
    {
        counts.push(Count { zero_us: started, events: Vec::new(), least: started, longest: 0 });
    }
    // Events without a clock or an elapsed time go where the one before them went.
    let mut current = 0;
    for (index, event) in events.iter().enumerate() {
        let clock = event.timestamp_us().map(|us| us - us.rem_euclid(resolution_us));
        let (Some(clock), Some(elapsed)) = (clock, elapsed(event)) else {
            let zero_us = clock.or(event.timestamp_us()).unwrap_or(0);
            if counts.is_empty() {
                counts.push(Count { zero_us, events: Vec::new(), least: i64::MAX, longest: 0 });
            }
            counts[current].events.push(index);
            continue;
        };
        let zero = clock.saturating_sub(elapsed);
        let open = |count: &&Count| count.least != i64::MAX;
        // The count whose zero it comes nearest to.
        let nearest = counts.iter().filter(open).map(|count| count.least.abs_diff(zero)).min();
        let fit =
            counts.iter().rposition(|count| open(&count) && Some(count.least.abs_diff(zero)) == nearest);
        current = match fit {
            Some(fit) if !begins_anew(event, zero, elapsed, &counts[fit]) => fit,
            None if !counts.is_empty() => current,
            _ => {
                counts.push(Count { zero_us: zero, events: Vec::new(), least: i64::MAX, longest: 0 });
                counts.len() - 1
            }
        };
        let count = &mut counts[current];
        count.events.push(index);
        count.least = count.least.min(zero);
        count.longest = count.longest.max(elapsed);
    }
    for count in &mut counts {
        count.zero_us = zero(count, events, started, resolution_us);
    }
    counts
}

/// Whether an event is the first of a new count rather than one of `count`.
fn begins_anew(event: &Event, zero: i64, elapsed: i64, count: &Count) -> bool {
    // The first message of a count is read within µs of its zero; others may overtake each other.
    let least_fall = if elapsed < FRESH_US { 0 } else { JUMP_US };
    let fell = elapsed.saturating_add(least_fall) < count.longest;
    let later = zero.saturating_sub(count.least) > JUMP_US;
    fell && later && (is_message(event) || elapsed < JUMP_US)
}

fn is_message(event: &Event) -> bool {
    event.activity.contains(" message received from ")
}

/// Where the count's zero is: between the least reading of its clock and the latest that can be right.
fn zero(count: &Count, events: &[&Event], started: Option<i64>, resolution_us: i64) -> i64 {
    if count.least == i64::MAX {
        return count.zero_us;
    }
    let limit = count.least.saturating_add(resolution_us);
    let readings = count.events.iter().filter_map(|&index| {
        let event = events.get(index)?;
        let clock = event.timestamp_us()?;
        Some(clock - clock.rem_euclid(resolution_us) - elapsed(event)?)
    });
    let started = started.filter(|started| *started >= count.least);
    let latest = readings.chain(started).filter(|zero| *zero < limit).max().unwrap_or(count.least);
    latest + (limit - latest) / 2
}
