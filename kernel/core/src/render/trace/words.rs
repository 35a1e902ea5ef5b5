//! The sentences over a picture: what took longest, and the facts.

use super::legend::Legend;
use crate::render::escape::visible_prose;
use crate::render::units::count;
use crate::text::floor_boundary;
use crate::trace::message::Message;
use crate::trace::units::share;
use crate::trace::{Lane, Trace, micros};

/// `62 % of 14.2 ms: waiting for replica 127.0.0.3`, and what most of that was.
pub(super) struct Headline {
    pub(super) share: String,
    pub(super) what: String,
    pub(super) mostly: Option<String>,
}

pub(super) fn headline(trace: &Trace, legend: &Legend) -> Option<Headline> {
    let slowest = legend.kinds.iter().filter(|kind| kind.kinds == 1).max_by_key(|kind| kind.us)?;
    let waits = slowest.words.starts_with("waiting for replica");
    let mostly =
        slowest.parts.first().map(|(phase, us)| format!("most of it {}, {}", phase.words(), micros(*us)));
    let times = if slowest.times > 1 { format!(", {} times", slowest.times) } else { String::new() };
    Some(Headline {
        share: format!("{} of {}", share(slowest.us, trace.total_us), micros(trace.total_us)),
        what: format!("{}{}{times}", slowest.words, if waits { "" } else { " on the coordinator" }),
        mostly,
    })
}

/// Total, consistency, coordinator, nodes, events, id.
pub(super) fn facts(trace: &Trace) -> Vec<String> {
    let mut facts = Vec::new();
    let total = micros(trace.total_us);
    facts.push(if trace.ended() { total } else { format!("{total} to the last event, not ended") });
    facts.extend(trace.parameter("consistency_level").map(visible_prose));
    if conditional(trace) {
        facts.extend(trace.parameter("serial_consistency_level").map(visible_prose));
    }
    facts.extend(trace.lanes.first().map(|lane| format!("coordinator {}", node(lane))));
    let nodes = trace.lanes.len() as u64;
    facts.push(format!("{} {}", count(nodes), if nodes == 1 { "node" } else { "nodes" }));
    let events = trace.moments.len() as u64;
    facts.push(format!("{} {}", count(events), if events == 1 { "event" } else { "events" }));
    facts.push(format!("trace {}", trace.id()));
    facts
}

fn conditional(trace: &Trace) -> bool {
    trace.moments.iter().any(|moment| matches!(moment.message, Message::Paxos(_)))
}

/// A node with its data centre.
pub(super) fn node(lane: &Lane) -> String {
    match &lane.data_centre {
        Some(dc) => format!("{} in {}", visible_prose(&lane.name), visible_prose(dc)),
        None => visible_prose(&lane.name),
    }
}

/// A lane's second line.
pub(super) fn lane_note(trace: &Trace, lane: &Lane) -> String {
    let mut note = lane.role.name().to_owned();
    if let Some(dc) = &lane.data_centre {
        note.push_str(&format!(", {}", visible_prose(dc)));
    }
    if lane.first == lane.end {
        let answered = trace.moments.iter().any(|moment| match &moment.message {
            Message::Receive { from, .. } => from.ip == lane.address,
            _ => false,
        });
        note.push_str(if answered { ", wrote no events" } else { ", did not answer" });
    }
    if let Some(skew) = lane.skew {
        note.push_str(&format!(", clock off by {}: estimated", micros(skew.shift_us.saturating_abs())));
    }
    note
}

/// What of the session's parameters is worth showing, beside the statement and the consistency.
pub(super) fn parameters(trace: &Trace) -> Vec<(String, String)> {
    let shown = ["query", "consistency_level"];
    let all = trace.recording().session.parameters.iter().filter(|(name, _)| !shown.contains(&name.as_str()));
    let mut all: Vec<(String, String)> =
        all.map(|(name, value)| (visible_prose(name), visible_prose(value))).collect();
    all.extend(
        trace.recording().session.client.as_ref().map(|client| ("client".to_owned(), visible_prose(client))),
    );
    all
}

/// The text up to `most` bytes, on one line, with an ellipsis where it was longer.
pub(super) fn cut(text: &str, most: usize) -> String {
    let text = visible_prose(text);
    match text.len() > most {
        true => format!("{}…", text[..floor_boundary(&text, most)].trim_end()),
        false => text,
    }
}
