//! What a trace gives away, and what to do about it.

use std::collections::{BTreeMap, BTreeSet};

use super::advice;
use super::message::{Message, Paxos};
use super::model::{Moment, Trace};
use super::stretch::Phase;
use super::units::{micros, share};
use crate::render::count;

/// Something worth knowing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How much it matters.
    pub weight: Weight,
    /// What was found, a sentence.
    pub text: String,
    /// What to do about it, a sentence or two; nothing where it is as it should be.
    pub advice: Option<String>,
}

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// It probably costs time.
    Problem,
    /// It may, or will with more data.
    Notice,
    /// It tells how the request was done.
    Fact,
}

impl Weight {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Problem => "Problem",
            Self::Notice => "Notice",
            Self::Fact => "Fact",
        }
    }
}

/// What one node's own work comes to, the check of permissions left out.
#[derive(Default)]
struct Work {
    live: u64,
    tombstones: u64,
    sstables: u64,
    bloom_skips: u64,
    false_positives: u64,
}

/// The findings, the most important first.
pub(super) fn findings(trace: &Trace) -> Vec<Finding> {
    let work = work(trace);
    let mut all = Vec::new();
    all.extend(incomplete(trace));
    all.extend(failures(trace));
    if !changes_schema(trace.request()) {
        all.extend(tombstones(trace, &work));
        all.extend(scanned(trace, &work));
        all.extend(sstables(trace, &work));
    }
    all.extend(bloom(&work));
    all.extend(disagreement(trace));
    all.extend(retries(trace));
    all.extend(indexes(trace));
    all.extend(ranges(trace));
    all.extend(paxos(trace));
    all.extend(batch(trace));
    all.extend(far_away(trace));
    all.extend(shares(trace));
    all.extend(ways(trace));
    all.extend(clocks(trace));
    all.sort_by_key(|finding| finding.weight);
    all
}

fn finding(weight: Weight, text: String, advice: &str) -> Finding {
    Finding { weight, text, advice: Some(advice.to_owned()).filter(|advice| !advice.is_empty()) }
}

fn number(amount: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(amount), if amount == 1 { one } else { many })
}

/// Its own moments: those of the request and not of the check of permissions.
fn own(trace: &Trace) -> impl Iterator<Item = &Moment> {
    trace.moments.iter().filter(|moment| !moment.permissions)
}

fn name(trace: &Trace, lane: usize) -> &str {
    trace.lanes.get(lane).map_or("", |lane| &lane.name)
}

fn work(trace: &Trace) -> BTreeMap<usize, Work> {
    let mut all: BTreeMap<usize, Work> = BTreeMap::new();
    for moment in own(trace) {
        let work = all.entry(moment.lane).or_default();
        match &moment.message {
            Message::ReadRows { live, tombstones } => {
                work.live = work.live.saturating_add(*live);
                work.tombstones = work.tombstones.saturating_add(*tombstones);
            }
            Message::Scanned { rows, .. } => work.live = work.live.max(*rows),
            Message::Merged { sstables } => work.sstables = work.sstables.max(*sstables),
            Message::BloomSkip => work.bloom_skips += 1,
            Message::BloomFalsePositive => work.false_positives += 1,
            _ => {}
        }
    }
    all
}

fn incomplete(trace: &Trace) -> Option<Finding> {
    let text = if !trace.ended() {
        "The server has not written how the request ended, so the time after the last event is not here."
    } else if !trace.recording().complete {
        "Events of this trace may still be missing."
    } else if trace.moments.is_empty() {
        "The server wrote no events for this request."
    } else {
        return None;
    };
    let show = format!("Read it again later with `%trace show {}`.", trace.id());
    Some(finding(Weight::Notice, text.to_owned(), &show))
}

fn failures(trace: &Trace) -> Option<Finding> {
    let moment = own(trace).find(|moment| matches!(moment.message, Message::TimedOut | Message::Failed))?;
    let waited =
        trace.stretches.iter().flat_map(|stretch| &stretch.parts).find_map(|part| part.awaited.clone());
    let text = match waited {
        Some(node) => format!(
            "The coordinator gave up waiting: {}. {node} did not answer.",
            moment.activity.trim_end_matches('.')
        ),
        None => format!("The coordinator gave up waiting: {}.", moment.activity.trim_end_matches('.')),
    };
    Some(finding(Weight::Problem, text, advice::FAILED))
}

fn tombstones(trace: &Trace, work: &BTreeMap<usize, Work>) -> Option<Finding> {
    let (&lane, most) = work.iter().max_by_key(|(_, work)| work.tombstones)?;
    if most.tombstones == 0 {
        return None;
    }
    let weight = match most.tombstones {
        tombstones if tombstones >= 1_000 || (tombstones >= 100 && tombstones > most.live) => Weight::Problem,
        tombstones if tombstones >= 10 => Weight::Notice,
        _ => Weight::Fact,
    };
    let others = work.values().filter(|work| work.tombstones > 0).count() as u64 - 1;
    let also = if others > 0 {
        format!(", and likewise {}", number(others, "other node", "other nodes"))
    } else {
        String::new()
    };
    let text = format!(
        "{} read {} and {}{also}.",
        name(trace, lane),
        number(most.live, "live row", "live rows"),
        number(most.tombstones, "tombstone", "tombstones"),
    );
    Some(finding(weight, text, if weight == Weight::Fact { "" } else { advice::TOMBSTONES }))
}

fn scanned(trace: &Trace, work: &BTreeMap<usize, Work>) -> Option<Finding> {
    let returned = trace.recording().rows_returned.filter(|_| !gathers(trace.request()))?;
    let read: u64 = work.values().fold(0, |sum, work| sum.saturating_add(work.live));
    let nodes = work.values().filter(|work| work.live > 0).count() as u64;
    // Each replica that takes part reads the rows that come back; what is beyond was read for nothing.
    if read <= returned.saturating_mul(nodes.max(1)) || read < 20 {
        return None;
    }
    let text = format!(
        "{} on {} to return {}.",
        if read == 1 { "One row was read".to_owned() } else { format!("{} rows were read", count(read)) },
        number(nodes, "node", "nodes"),
        number(returned, "row", "rows"),
    );
    let weight = if read / nodes.max(1) >= returned.max(1).saturating_mul(10) {
        Weight::Problem
    } else {
        Weight::Notice
    };
    Some(finding(weight, text, advice::SCANNED))
}

/// Whether what is read is the schema, of which a user has no say.
fn changes_schema(statement: &str) -> bool {
    let word = statement.split_whitespace().next().unwrap_or_default();
    ["create", "alter", "drop", "truncate"].iter().any(|verb| word.eq_ignore_ascii_case(verb))
}

/// Whether the rows are counted or summed up, so that few come back of many.
fn gathers(statement: &str) -> bool {
    let statement = statement.to_ascii_lowercase();
    let selected = statement.split(" from ").next().unwrap_or_default();
    statement.contains("group by")
        || ["count(", "sum(", "avg(", "min(", "max("].iter().any(|name| selected.contains(name))
}

fn sstables(trace: &Trace, work: &BTreeMap<usize, Work>) -> Option<Finding> {
    let (&lane, most) = work.iter().max_by_key(|(_, work)| work.sstables)?;
    let weight = match most.sstables {
        0..=1 => return None,
        2..=3 => Weight::Fact,
        4..=9 => Weight::Notice,
        _ => Weight::Problem,
    };
    let text =
        format!("{} merged the data of {}.", name(trace, lane), number(most.sstables, "SSTable", "SSTables"));
    Some(finding(weight, text, if weight == Weight::Fact { "" } else { advice::SSTABLES }))
}

fn bloom(work: &BTreeMap<usize, Work>) -> Option<Finding> {
    let skips: u64 = work.values().map(|work| work.bloom_skips).sum();
    let wrong: u64 = work.values().map(|work| work.false_positives).sum();
    let skipped = format!("Bloom filters let {} be left out", number(skips, "SSTable", "SSTables"));
    match (skips, wrong) {
        (0, 0) => None,
        (_, 0) => Some(finding(Weight::Fact, format!("{skipped}."), "")),
        _ => Some(finding(
            Weight::Notice,
            format!(
                "{skipped}, and were wrong about {}.",
                number(wrong, "one", "others").replace("1 one", "one")
            ),
            advice::BLOOM,
        )),
    }
}

fn disagreement(trace: &Trace) -> Option<Finding> {
    let mismatches = own(trace).filter(|moment| moment.message == Message::DigestMismatch).count() as u64;
    let repairs = own(trace).any(|moment| moment.message == Message::ReadRepair);
    if mismatches == 0 && !repairs {
        return None;
    }
    let text = "The replicas had different data, so that it was read anew in full and the ones behind were repaired.";
    Some(finding(Weight::Problem, text.to_owned(), advice::DISAGREE))
}

fn retries(trace: &Trace) -> Option<Finding> {
    let on = own(trace).find_map(|moment| match &moment.message {
        Message::Speculate { on } => Some(on.clone()),
        _ => None,
    })?;
    let slow =
        trace.stretches.iter().flat_map(|stretch| &stretch.parts).find_map(|part| part.awaited.clone());
    let silent = |node: &String| {
        !own(trace).any(|moment| matches!(&moment.message, Message::Receive { from, .. } if from.ip == *node))
    };
    let (what, advice) = match slow.as_ref().is_some_and(silent) {
        true => ("did not answer", advice::SILENT),
        false => ("was slow to answer", advice::SPECULATED),
    };
    let slow = slow.map_or_else(|| "A replica".to_owned(), |node| format!("Replica {node}"));
    let other = on.map_or_else(|| "another".to_owned(), |on| on.ip);
    Some(finding(Weight::Problem, format!("{slow} {what}, so that {other} was asked as well."), advice))
}

fn indexes(trace: &Trace) -> Option<Finding> {
    let names: BTreeSet<&str> = own(trace)
        .filter_map(|moment| match &moment.message {
            Message::IndexRead { index } => Some(index.as_str()),
            _ => None,
        })
        .filter(|index| !index.is_empty())
        .collect();
    if names.is_empty() {
        return None;
    }
    let nodes: BTreeSet<usize> = own(trace)
        .filter(|moment| matches!(moment.message, Message::IndexRead { .. }))
        .map(|moment| moment.lane)
        .collect();
    let filtered: u64 = own(trace)
        .filter_map(|moment| match moment.message {
            Message::IndexQuery { rows, .. } => Some(rows),
            _ => None,
        })
        .sum();
    let names: Vec<&str> = names.into_iter().collect();
    let matched =
        if filtered > 0 { format!("; it led to {}", number(filtered, "row", "rows")) } else { String::new() };
    let text = format!(
        "The index {} was used on {}{matched}.",
        names.join(", "),
        number(nodes.len() as u64, "node", "nodes")
    );
    // Without the partition key every node that owns a part of the table has to be asked.
    let everywhere = own(trace)
        .any(|moment| matches!(moment.message, Message::ComputeRanges | Message::RangeRequests { .. }));
    Some(finding(Weight::Fact, text, if everywhere { advice::INDEX } else { "" }))
}

fn ranges(trace: &Trace) -> Option<Finding> {
    let index = own(trace)
        .any(|moment| matches!(moment.message, Message::IndexRead { .. } | Message::IndexChosen { .. }));
    let ranges = own(trace).find_map(|moment| match moment.message {
        Message::RangeRequests { ranges, .. } => Some(ranges),
        _ => None,
    })?;
    let requests: u64 = own(trace)
        .filter_map(|moment| match moment.message {
            Message::RangesSubmitted { requests } => Some(requests),
            _ => None,
        })
        .sum();
    let rounds = if requests > 1 {
        format!(", in {}", number(requests, "request", "requests"))
    } else {
        String::new()
    };
    let text = format!(
        "No partition key was given: all {} of the table were to be read{rounds}.",
        number(ranges, "token range", "token ranges")
    );
    let weight = if index { Weight::Fact } else { Weight::Notice };
    Some(finding(weight, text, if index { "" } else { advice::RANGES }))
}

fn paxos(trace: &Trace) -> Vec<Finding> {
    let has = |paxos: Paxos| own(trace).any(|moment| moment.message == Message::Paxos(paxos));
    let sent = |verb: &str| {
        own(trace)
            .any(|moment| matches!(&moment.message, Message::Send { verb: sent, .. } if sent.contains(verb)))
    };
    let rounds: Vec<&str> = [
        ("prepare", has(Paxos::Prepare) || sent("PAXOS_PREPARE")),
        ("read", has(Paxos::Read)),
        ("propose", has(Paxos::Propose) || sent("PAXOS_PROPOSE")),
        ("commit", has(Paxos::Commit) || sent("PAXOS_COMMIT")),
    ]
    .into_iter()
    .filter_map(|(round, there)| there.then_some(round))
    .collect();
    let mut all = Vec::new();
    if has(Paxos::Contention) {
        let text = "Another lightweight transaction on the same partition was in the way, so that the vote was held again.";
        all.push(finding(Weight::Problem, text.to_owned(), advice::CONTENTION));
    }
    if has(Paxos::Prepare) || sent("PAXOS_") {
        let applied = match (has(Paxos::NotApplied), has(Paxos::Applied)) {
            (true, _) => " The condition did not hold.",
            (false, true) => " It was applied.",
            (false, false) => "",
        };
        let text = format!(
            "A lightweight transaction: {} one after the other ({}).{applied}",
            number(rounds.len() as u64, "round", "rounds"),
            rounds.join(", ")
        );
        all.push(finding(Weight::Fact, text, advice::PAXOS));
    }
    all
}

fn batch(trace: &Trace) -> Option<Finding> {
    let logged = own(trace).any(|moment| {
        matches!(&moment.message, Message::Batchlog)
            || matches!(&moment.message, Message::Send { verb, .. } if verb.starts_with("BATCH_STORE"))
    });
    if !logged {
        return None;
    }
    let text =
        "A logged batch over several partitions: it was secured on two other nodes before it was written.";
    Some(finding(Weight::Fact, text.to_owned(), advice::BATCH))
}

fn far_away(trace: &Trace) -> Option<Finding> {
    let far = trace.stretches.iter().filter(|stretch| trace.crosses(stretch.replica));
    let waited: i64 = far.clone().map(|stretch| stretch.us()).sum();
    let dc = far.clone().find_map(|stretch| trace.lanes.get(stretch.replica?)?.data_centre.clone())?;
    let text = format!("{} of the time went by waiting for data centre {dc}.", share(waited, trace.total_us));
    let weight = if waited * 4 > trace.total_us { Weight::Problem } else { Weight::Notice };
    Some(finding(weight, text, advice::FAR))
}

/// Work that should be small and is a good part of the time.
fn shares(trace: &Trace) -> Vec<Finding> {
    let parts = || trace.stretches.iter().flat_map(|stretch| &stretch.parts);
    let of = |phase: Phase| parts().filter(|part| part.phase == phase).map(|part| part.us()).sum::<i64>();
    let large = |us: i64| us * 5 >= trace.total_us && us >= 500;
    let mut all = Vec::new();
    for (phase, text, advice) in [
        (Phase::Permissions, "checking the user's permissions", advice::PERMISSIONS),
        (Phase::Queue, "waiting for free threads of the nodes", advice::QUEUE),
        (Phase::Parse, "parsing and preparing the statement", advice::PARSE),
    ] {
        let us = of(phase);
        if large(us) {
            all.push(finding(
                Weight::Notice,
                format!("{} of the time went by {text}.", share(us, trace.total_us)),
                advice,
            ));
        }
    }
    all
}

/// Messages that took long: on the network, or since a node was not running when they came.
fn ways(trace: &Trace) -> Option<Finding> {
    let parts =
        || trace.stretches.iter().flat_map(|stretch| &stretch.parts).filter(|part| part.phase == Phase::Way);
    let all: i64 = parts().map(|part| part.us()).sum();
    let longest = parts().max_by_key(|part| part.us())?;
    if all * 5 < trace.total_us || all < 500 {
        return None;
    }
    let weight = if all * 2 > trace.total_us && all > 50_000 { Weight::Problem } else { Weight::Notice };
    let text = format!(
        "{} of the time messages were between the nodes. The slowest took {} to reach {}.",
        share(all, trace.total_us),
        micros(longest.us()),
        name(trace, longest.lane)
    );
    Some(finding(weight, text, advice::WAY))
}

fn clocks(trace: &Trace) -> Vec<Finding> {
    let skewed = trace.lanes.iter().filter_map(|lane| Some((lane, lane.skew?)));
    let text = skewed.map(|(lane, skew)| {
        let within = match skew.within_us {
            Some(within) => format!(", give or take {}", micros(within)),
            None => String::new(),
        };
        let way = if skew.shift_us > 0 { "behind" } else { "ahead" };
        format!(
            "The clock of {} is about {} {way} the coordinator's{within}. Its place here is an estimate from the messages.",
            lane.name,
            micros(skew.shift_us.saturating_abs())
        )
    });
    text.map(|text| finding(Weight::Notice, text, advice::CLOCK)).collect()
}
