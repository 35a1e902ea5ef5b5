//! Traces for tests: made up ones, and one trace as a few lines.

use std::fmt::Write as _;

use super::{Event, Recording, Session, Trace, TraceId, micros};

/// When the made up requests begin, in µs since 1970.
const BEGAN_US: i64 = 1_795_622_797_521_000;

/// A node that writes events.
pub(crate) struct Node {
    address: String,
    number: u64,
}

pub(crate) fn node(number: u64) -> Node {
    Node { address: format!("10.0.0.{number}"), number }
}

impl Node {
    /// An event at this place, with this elapsed time; the clock is written in whole milliseconds, as Cassandra does.
    pub(crate) fn event(&self, activity: &str, at_us: i64, elapsed_us: i64) -> Event {
        let clock = BEGAN_US + at_us;
        let tie = at_us.rem_euclid(90);
        Event {
            event_id: TraceId::of_unix_us(
                clock - clock.rem_euclid(1000) + tie,
                self.number << 40 | at_us as u64,
            ),
            activity: activity.to_owned(),
            source: self.address.clone(),
            source_port: Some(7000),
            source_elapsed_us: Some(elapsed_us),
            thread: Some(
                if activity.contains("message") { "Messaging-EventLoop-3-1" } else { "ReadStage-1" }
                    .to_owned(),
            ),
        }
    }
}

/// A read by a coordinator of `nodes` nodes, with `events` events in all.
pub(crate) fn synthetic(nodes: u64, events: usize) -> Recording {
    let coordinator = node(1);
    let mut all = vec![coordinator.event("Parsing SELECT * FROM t", 100, 100)];
    for replica in 2..=nodes {
        let (name, sent) = (node(replica), 300 + replica as i64 * 40);
        let to = format!("/10.0.0.{replica}:7000");
        all.push(coordinator.event(
            &format!("Sending READ_REQ message to {to} message size 100 bytes"),
            sent,
            sent,
        ));
        all.push(name.event("READ_REQ message received from /10.0.0.1:7000", sent + 700, 20));
        let each = (events - 1) / (nodes as usize - 1).max(1) - 4;
        for step in 0..each as i64 {
            let activity = [
                "Executing single-partition query on t",
                "Acquiring sstable references",
                "Merging memtable contents",
            ][step as usize % 3];
            all.push(name.event(activity, sent + 800 + step * 37, 120 + step * 37));
        }
        let end = sent + 900 + each as i64 * 37;
        all.push(name.event(
            "Sending READ_RSP message to /10.0.0.1:7000 message size 50 bytes",
            end,
            end - sent - 680,
        ));
        all.push(coordinator.event(&format!("READ_RSP message received from {to}"), end + 600, end + 600));
    }
    let mut filler = 0;
    while all.len() < events {
        filler += 1;
        all.push(coordinator.event("Something that nobody knows", 200 + filler, 200 + filler));
    }
    let last = all.iter().filter_map(|event| event.source_elapsed_us).max().unwrap_or(0);
    Recording {
        session: Session {
            id: TraceId::of_unix_us(BEGAN_US, 1),
            coordinator: Some("10.0.0.1".to_owned()),
            duration_us: Some(last + 400),
            started_at_ms: Some(BEGAN_US / 1000),
            request: Some("Execute CQL3 query".to_owned()),
            parameters: [("query".to_owned(), "SELECT * FROM t".to_owned())].into(),
            ..Session::default()
        },
        events: all,
        complete: true,
        ..Recording::default()
    }
}

/// A trace as a few lines.
pub(crate) fn outline(trace: &Trace) -> String {
    let mut out = format!("{} in {}\n", trace.request(), micros(trace.total_us));
    for lane in &trace.lanes {
        let _ = writeln!(out, "{}: {}, {} events", lane.name, lane.role.name(), lane.end - lane.first);
    }
    for stretch in &trace.stretches {
        let _ = writeln!(
            out,
            "{:>8} {:>8}  {}",
            micros(stretch.from_us),
            micros(stretch.us()),
            stretch.words(trace)
        );
        for part in stretch.parts.iter().filter(|_| stretch.replica.is_some()) {
            let _ = writeln!(out, "                     {:>8} {}", micros(part.us()), part.words());
        }
    }
    for finding in &trace.findings {
        let _ = writeln!(out, "{}: {}", finding.weight.word(), finding.text);
    }
    out
}
