//! The critical path as a person would tell it: what was done or waited for, where, how long.

use super::message::{Message, Paxos};
use super::model::{Moment, Step, Trace};

/// A part of the request's time: something that the coordinator did, or the wait for a replica.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch {
    /// Where it begins.
    pub from_us: i64,
    /// Where it ends.
    pub to_us: i64,
    /// The replica that was waited for; none for what the coordinator did itself.
    pub replica: Option<usize>,
    /// What it consists of, in order, never empty.
    pub parts: Vec<Part>,
}

/// A part of a stretch: one kind of work or wait at one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Where it begins.
    pub from_us: i64,
    /// Where it ends.
    pub to_us: i64,
    /// The node it is at; that of the receiver for a message on its way.
    pub lane: usize,
    /// What was done.
    pub phase: Phase,
    /// The node that is waited for, in the server's words, where it wrote nothing itself.
    pub awaited: Option<String>,
}

/// What is done in a part of the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Phase {
    /// Before the server's first word.
    Begin,
    /// The statement is parsed and prepared.
    Parse,
    /// The user's permissions are read.
    Permissions,
    /// Replicas, ranges and an index are chosen.
    Plan,
    /// Messages to replicas are made and handed to the network.
    Ask,
    /// A message is between two nodes.
    Way,
    /// What came in waits for a thread.
    Queue,
    /// Memtables and SSTables are read.
    Read,
    /// An index is searched.
    Index,
    /// The commit log is written.
    Commitlog,
    /// The memtable is written.
    Memtable,
    /// A lightweight transaction's vote.
    Paxos,
    /// A logged batch is secured before it is written.
    Batchlog,
    /// Replicas that disagree are put right.
    Repair,
    /// An answer is made and handed to the network.
    Reply,
    /// Answers are taken in.
    Gather,
    /// Nothing is done but to wait for others.
    Wait,
    /// From the last word to the end.
    Answer,
    /// Something that cqlbook has no word for.
    Other,
}

impl Phase {
    /// Every phase, in the order of a request.
    pub const ALL: [Self; 19] = [
        Self::Begin,
        Self::Parse,
        Self::Permissions,
        Self::Plan,
        Self::Ask,
        Self::Way,
        Self::Queue,
        Self::Read,
        Self::Index,
        Self::Commitlog,
        Self::Memtable,
        Self::Paxos,
        Self::Batchlog,
        Self::Repair,
        Self::Reply,
        Self::Gather,
        Self::Wait,
        Self::Answer,
        Self::Other,
    ];

    /// What it is called.
    pub fn words(self) -> &'static str {
        match self {
            Self::Begin => "taking the request in",
            Self::Parse => "parsing and preparing the statement",
            Self::Permissions => "checking permissions",
            Self::Plan => "planning",
            Self::Ask => "sending to replicas",
            Self::Way => "between the nodes",
            Self::Queue => "waiting for a free thread",
            Self::Read => "reading",
            Self::Index => "searching the index",
            Self::Commitlog => "writing the commit log",
            Self::Memtable => "writing to memory",
            Self::Paxos => "voting on the lightweight transaction",
            Self::Batchlog => "securing the batch",
            Self::Repair => "repairing replicas that disagree",
            Self::Reply => "sending the answer back",
            Self::Gather => "taking in answers",
            Self::Wait => "waiting for an answer",
            Self::Answer => "finishing the answer",
            Self::Other => "work that the server does not name",
        }
    }
}

impl Stretch {
    /// Its duration.
    pub fn us(&self) -> i64 {
        self.to_us - self.from_us
    }

    /// The part of it that took longest.
    pub fn longest(&self) -> Option<&Part> {
        self.parts.iter().rev().max_by_key(|part| part.us())
    }

    /// What it is called, e.g. `waiting for replica 127.0.0.3`.
    pub fn words(&self, trace: &Trace) -> String {
        if let Some(lane) = self.replica.and_then(|replica| trace.lanes.get(replica)) {
            return match &lane.data_centre {
                Some(dc) if trace.crosses(self.replica) => {
                    format!("waiting for replica {} in {dc}", lane.name)
                }
                _ => format!("waiting for replica {}", lane.name),
            };
        }
        self.longest().map_or_else(String::new, |part| part.words())
    }
}

impl Part {
    /// Its duration.
    pub fn us(&self) -> i64 {
        self.to_us - self.from_us
    }

    /// What it is called.
    pub fn words(&self) -> String {
        match (&self.awaited, self.phase) {
            (Some(node), Phase::Wait) => format!("waiting for replica {node}"),
            _ => self.phase.words().to_owned(),
        }
    }
}

impl Trace {
    /// Whether a node is in another data centre than the coordinator.
    pub fn crosses(&self, lane: Option<usize>) -> bool {
        let dc = |lane: usize| self.lanes.get(lane).and_then(|lane| lane.data_centre.as_deref());
        match (dc(0), lane.and_then(dc)) {
            (Some(here), Some(there)) => here != there,
            _ => false,
        }
    }
}

/// Tells the critical path. Its stretches lie end to end, from the beginning to the end of the request.
pub(super) fn stretches(trace: &Trace) -> Vec<Stretch> {
    let mut out: Vec<Stretch> = Vec::new();
    let mut waiting_for: Option<usize> = None;
    for step in &trace.path {
        let part = part(trace, step);
        let lane =
            |index: Option<usize>| index.and_then(|index| trace.moments.get(index)).map(|moment| moment.lane);
        let (from, to) = (lane(step.from).unwrap_or(0), lane(step.to).unwrap_or(0));
        // A message to a replica begins the wait for it, and a message from it ends the wait.
        let replica = match (from, to) {
            (0, 0) => None,
            (0, replica) | (replica, 0) => waiting_for.or(Some(replica)),
            (_, _) => waiting_for.or(Some(from)),
        };
        waiting_for = if to == 0 { None } else { replica };
        match out.last_mut() {
            Some(last)
                if last.replica == replica
                    && (replica.is_some() || joins(last, &part))
                    && !begins(from, to) =>
            {
                last.to_us = part.to_us;
                push(&mut last.parts, part);
            }
            _ => {
                let (from_us, to_us) = (part.from_us, part.to_us);
                out.push(Stretch { from_us, to_us, replica, parts: vec![part] });
            }
        }
    }
    out.retain(|stretch| stretch.us() > 0);
    out
}

/// Whether a step leaves the coordinator: another wait, even for the same replica.
fn begins(from: usize, to: usize) -> bool {
    from == 0 && to != 0
}

fn joins(last: &Stretch, part: &Part) -> bool {
    last.parts.last().is_some_and(|other| other.phase == part.phase && other.awaited == part.awaited)
}

fn push(parts: &mut Vec<Part>, part: Part) {
    match parts.last_mut() {
        Some(last) if last.phase == part.phase && last.lane == part.lane && last.awaited == part.awaited => {
            last.to_us = part.to_us;
        }
        _ => parts.push(part),
    }
}

fn part(trace: &Trace, step: &Step) -> Part {
    let moment = |index: Option<usize>| index.and_then(|index| trace.moments.get(index));
    let (from, to) = (moment(step.from), moment(step.to));
    let travels = to.is_some_and(|to| to.sent.is_some() && to.sent == step.from);
    let phase = if travels { Phase::Way } else { phase(from, to) };
    let awaited = match to.map(|to| &to.message) {
        Some(Message::Receive { from, .. }) if phase == Phase::Wait => Some(from.ip.clone()),
        _ if phase == Phase::Wait => unanswered(trace, step.from),
        _ => None,
    };
    let lane = to.or(from).map_or(0, |moment| moment.lane);
    Part { from_us: step.from_us, to_us: step.to_us, lane, phase, awaited }
}

/// The node that was asked last and had not answered at a moment.
fn unanswered(trace: &Trace, until: Option<usize>) -> Option<String> {
    let lane = trace.lanes.first()?;
    let until = until.filter(|until| (lane.first..lane.end).contains(until))?;
    let mut waiting: Vec<&str> = Vec::new();
    for moment in &trace.moments[lane.first..=until] {
        match &moment.message {
            Message::Ask { of: to, .. } | Message::Send { to, .. }
                if !waiting.contains(&to.ip.as_str()) && to.ip != lane.address =>
            {
                waiting.push(&to.ip);
            }
            Message::Receive { from, .. } => waiting.retain(|ip| *ip != from.ip),
            _ => {}
        }
    }
    waiting.pop().map(str::to_owned)
}

/// What was done between two moments of one node: mostly, what the first of them announced.
fn phase(from: Option<&Moment>, to: Option<&Moment>) -> Phase {
    let Some(from) = from else { return Phase::Begin };
    if from.permissions && !matches!(from.message, Message::ReadRows { .. }) {
        return Phase::Permissions;
    }
    let next = to.map(|to| &to.message);
    if matches!(next, Some(Message::TimedOut | Message::Failed | Message::Speculate { .. })) {
        return Phase::Wait;
    }
    match &from.message {
        Message::Parsing | Message::PreparingStatement => Phase::Parse,
        Message::Receive { .. } => Phase::Queue,
        Message::Speculate { .. } => Phase::Ask,
        Message::Send { .. } | Message::Ask { .. } => match next {
            Some(Message::Receive { .. }) | None => Phase::Wait,
            _ => Phase::Ask,
        },
        _ if matches!(next, Some(Message::Receive { .. })) => Phase::Wait,
        Message::ReadRows { .. } if from.permissions => Phase::Plan,
        Message::ExecuteRead { .. }
        | Message::ReadStep
        | Message::MergeSstable
        | Message::Merged { .. }
        | Message::BloomSkip
        | Message::BloomFalsePositive
        | Message::SlicesSkipped { .. }
        | Message::Scanned { .. } => Phase::Read,
        Message::IndexRead { .. } => Phase::Index,
        Message::ReadRows { .. } if matches!(next, Some(Message::IndexQuery { .. })) => Phase::Index,
        Message::Commitlog => Phase::Commitlog,
        Message::Batchlog => Phase::Batchlog,
        Message::DigestMismatch | Message::ReadRepair => Phase::Repair,
        Message::ReadRows { .. }
        | Message::Memtable { .. }
        | Message::IndexQuery { .. }
        | Message::EnqueueResponse => match next {
            Some(Message::EnqueueResponse) => Phase::Reply,
            Some(Message::Send { verb, .. }) if Message::is_answer(verb) => Phase::Reply,
            Some(Message::Send { .. } | Message::Ask { .. }) => Phase::Ask,
            None => Phase::Answer,
            Some(Message::Memtable { .. } | Message::Commitlog) => Phase::Memtable,
            // Written already: what comes now, the server does not say.
            _ if matches!(from.message, Message::Memtable { .. }) => Phase::Other,
            _ => Phase::Gather,
        },
        _ if to.is_none() => Phase::Answer,
        Message::Paxos(Paxos::Promise | Paxos::Accept) if matches!(next, Some(Message::Commitlog)) => {
            Phase::Paxos
        }
        Message::Paxos(_) => Phase::Paxos,
        Message::ProcessResponse { .. } | Message::TimedOut | Message::Failed => Phase::Gather,
        Message::IndexChosen { .. }
        | Message::ComputeRanges
        | Message::RangeRequests { .. }
        | Message::RangesSubmitted { .. }
        | Message::DetermineReplicas { .. } => Phase::Plan,
        Message::Complete | Message::Other => Phase::Other,
    }
}
