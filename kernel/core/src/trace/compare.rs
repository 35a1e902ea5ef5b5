//! Two traces side by side: what grew, what shrank, by how much.
//!
//! The nodes of two runs differ from run to run; what they did for the request does not. So steps are lined up by the node's role and by
//! the activity without its numbers.

use std::collections::BTreeMap;

use super::message::Message;
use super::model::Trace;
use super::normal::normal;
use super::stretch::{Part, Phase};

/// What became of the time between two traces: `before` and `after`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// The totals, in µs.
    pub total_us: Pair,
    /// The parts of the critical path by what was done and where, the largest difference first.
    pub phases: Vec<Change<Place>>,
    /// The same by the server's own words.
    pub steps: Vec<StepChange>,
    /// What was counted: rows read, tombstones, nodes, messages; only what differs or matters.
    pub counts: Vec<Change<&'static str>>,
    /// Findings that only the first trace has.
    pub gone: Vec<String>,
    /// Findings that only the second one has.
    pub new: Vec<String>,
}

/// A number before and after.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pair {
    /// In the first trace.
    pub before: i64,
    /// In the second.
    pub after: i64,
}

impl Pair {
    /// How much it grew; negative where it shrank.
    pub fn grown(self) -> i64 {
        self.after.saturating_sub(self.before)
    }
}

/// Something of both traces, with its numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change<T> {
    /// What it is.
    pub what: T,
    /// Its numbers.
    pub pair: Pair,
}

/// What was done, and by whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// By whom.
    pub actor: Actor,
    /// What.
    pub phase: Phase,
}

/// A node by its part in the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Actor {
    /// The coordinator.
    Coordinator,
    /// A replica in the coordinator's data centre.
    Replica,
    /// A replica in another data centre.
    FarReplica,
    /// Between nodes.
    Between,
}

/// A step by the server's words, of the critical path: how often, and how long until the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepChange {
    /// By whom.
    pub actor: Actor,
    /// The activity, with `#` for its numbers and ids.
    pub activity: String,
    /// How often.
    pub times: Pair,
    /// How long, in µs.
    pub us: Pair,
}

impl Actor {
    /// The words for it.
    pub fn words(self) -> &'static str {
        match self {
            Self::Coordinator => "coordinator",
            Self::Replica => "replica",
            Self::FarReplica => "replica in another data centre",
            Self::Between => "network",
        }
    }
}

impl Place {
    /// What it is called, e.g. `reading (replica)`.
    pub fn words(&self) -> String {
        match self.actor {
            Actor::Between => self.phase.words().to_owned(),
            actor => format!("{} ({})", self.phase.words(), actor.words()),
        }
    }
}

impl Comparison {
    /// Lines up two traces.
    pub fn of(before: &Trace, after: &Trace) -> Self {
        let mut phases: BTreeMap<Place, Pair> = BTreeMap::new();
        let mut steps: BTreeMap<(Actor, String), (Pair, Pair)> = BTreeMap::new();
        for (second, trace) in [(false, before), (true, after)] {
            for part in trace.stretches.iter().flat_map(|stretch| &stretch.parts) {
                *side(phases.entry(place(trace, part)).or_default(), second) += part.us();
            }
            for step in &trace.path {
                let Some(moment) = step.from.and_then(|index| trace.moments.get(index)) else { continue };
                let key = (actor(trace, moment.lane), normal(&moment.activity));
                let (times, us) = steps.entry(key).or_default();
                *side(times, second) += 1;
                *side(us, second) += step.us();
            }
        }
        let mut phases: Vec<Change<Place>> =
            phases.into_iter().map(|(what, pair)| Change { what, pair }).collect();
        phases.sort_by_key(|change| -change.pair.grown().saturating_abs());
        let mut steps: Vec<StepChange> = steps
            .into_iter()
            .map(|((actor, activity), (times, us))| StepChange { actor, activity, times, us })
            .collect();
        steps.sort_by_key(|step| -step.us.grown().saturating_abs());
        let (gone, new) = (only(before, after), only(after, before));
        let total_us = Pair { before: before.total_us, after: after.total_us };
        Self { total_us, phases, steps, counts: counts(before, after), gone, new }
    }

    /// The part of the time that makes most of the difference, in its direction.
    pub fn most(&self) -> Option<&Change<Place>> {
        let grown = self.total_us.grown();
        self.phases.iter().find(|change| change.pair.grown() != 0 && (change.pair.grown() > 0) == (grown > 0))
    }
}

fn side(pair: &mut Pair, second: bool) -> &mut i64 {
    if second { &mut pair.after } else { &mut pair.before }
}

fn actor(trace: &Trace, lane: usize) -> Actor {
    match lane {
        0 => Actor::Coordinator,
        _ if trace.crosses(Some(lane)) => Actor::FarReplica,
        _ => Actor::Replica,
    }
}

fn place(trace: &Trace, part: &Part) -> Place {
    let actor = if part.phase == Phase::Way { Actor::Between } else { actor(trace, part.lane) };
    Place { actor, phase: part.phase }
}

/// Findings of one trace of which the other has none alike.
fn only(of: &Trace, not_of: &Trace) -> Vec<String> {
    // Alike by its advice, since that is of its kind; by its words, where it has none.
    let same = |text: &str, advice: &Option<String>| {
        not_of.findings.iter().any(|other| match advice {
            Some(_) => other.advice == *advice,
            None => normal(&other.text) == normal(text),
        })
    };
    let left = of.findings.iter().filter(|finding| !same(&finding.text, &finding.advice));
    left.map(|finding| finding.text.clone()).collect()
}

/// A name and how it is counted.
type Counted = (&'static str, fn(&Trace) -> i64);

fn counts(before: &Trace, after: &Trace) -> Vec<Change<&'static str>> {
    let counted: [Counted; 7] = [
        ("nodes", |trace| trace.lanes.len() as i64),
        ("events", |trace| trace.moments.len() as i64),
        ("messages between nodes", |trace| {
            count(trace, |message| i64::from(matches!(message, Message::Receive { .. })))
        }),
        ("rows read", |trace| {
            count(
                trace,
                |message| if let Message::ReadRows { live, .. } = message { clamp(*live) } else { 0 },
            )
        }),
        ("tombstones read", |trace| {
            count(trace, |message| {
                if let Message::ReadRows { tombstones, .. } = message { clamp(*tombstones) } else { 0 }
            })
        }),
        ("SSTables merged", |trace| {
            count(
                trace,
                |message| if let Message::Merged { sstables } = message { clamp(*sstables) } else { 0 },
            )
        }),
        ("rows returned", |trace| trace.recording().rows_returned.map_or(0, clamp)),
    ];
    let change = |(what, of): Counted| Change { what, pair: Pair { before: of(before), after: of(after) } };
    counted.into_iter().map(change).filter(|change| change.pair != Pair::default()).collect()
}

fn clamp(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn count(trace: &Trace, of: impl Fn(&Message) -> i64) -> i64 {
    let own = trace.moments.iter().filter(|moment| !moment.permissions);
    own.fold(0, |sum, moment| sum.saturating_add(of(&moment.message)))
}
