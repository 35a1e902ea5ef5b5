//! Chrome's trace format, which Perfetto opens: a process for each node, a thread for each of its threads, and one process more for
//! where the time went.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Value, json};

use super::title;
use crate::trace::message::Message;
use crate::trace::{Moment, Trace};

/// The process of the critical path; the nodes follow.
const PATH: usize = 1;

/// The trace as one JSON object; times are µs since the request began.
pub fn chrome(trace: &Trace) -> String {
    let mut events = vec![
        name("process_name", PATH, 0, "Where the time went"),
        sort("process_sort_index", PATH, 0, 0),
        name("thread_name", PATH, 1, "stretches"),
        name("thread_name", PATH, 2, "parts"),
    ];
    for stretch in &trace.stretches {
        events.push(slice(&stretch.words(trace), PATH, 1, stretch.from_us, stretch.us(), json!({})));
        for part in stretch.parts.iter().filter(|part| part.us() > 0) {
            let node = trace.lanes.get(part.lane).map(|lane| lane.name.as_str()).unwrap_or_default();
            events.push(slice(&part.words(), PATH, 2, part.from_us, part.us(), json!({ "node": node })));
        }
    }
    let received: HashMap<usize, usize> =
        trace.moments.iter().enumerate().filter_map(|(index, moment)| Some((moment.sent?, index))).collect();
    for (number, lane) in trace.lanes.iter().enumerate() {
        let pid = PATH + 1 + number;
        events.push(name("process_name", pid, 0, &title(lane)));
        events.push(sort("process_sort_index", pid, 0, number + 1));
        let mut threads: BTreeMap<&str, usize> = BTreeMap::new();
        for moment in trace.moments_of(lane) {
            let next = threads.len() + 1;
            threads.entry(&moment.thread).or_insert(next);
        }
        for (&thread, &tid) in &threads {
            events.push(name("thread_name", pid, tid, if thread.is_empty() { "unnamed" } else { thread }));
        }
        for index in lane.first..lane.end {
            event(&mut events, trace, index, (pid, &threads), &received);
        }
    }
    let mut whole = json!({
        "displayTimeUnit": "ms",
        "otherData": {
            "trace_id": trace.id().to_string(),
            "request": trace.request(),
            "total_us": trace.total_us,
            "started_at_ms": trace.recording().session.started_at_ms,
            "parameters": trace.recording().session.parameters,
        },
        "traceEvents": events,
    })
    .to_string();
    whole.push('\n');
    whole
}

/// An event lasts until the next of its thread, if it is the beginning of something; else it is an instant.
fn event(
    events: &mut Vec<Value>,
    trace: &Trace,
    index: usize,
    (pid, threads): (usize, &BTreeMap<&str, usize>),
    received: &HashMap<usize, usize>,
) {
    let Some(moment) = trace.moments.get(index) else { return };
    let tid = threads.get(moment.thread.as_str()).copied().unwrap_or(0);
    let args = json!({ "source_elapsed_us": moment.elapsed_us, "event_id": moment.event_id.to_string() });
    if let Message::Send { .. } | Message::Receive { .. } = moment.message {
        // One µs, so that an arrow can be bound to it.
        events.push(slice(&moment.activity, pid, tid, moment.at_us, 1, args));
        if moment.sent.is_some() {
            events.push(flow("f", index, pid, tid, moment.at_us));
        } else if let Some(&received) = received.get(&index) {
            events.push(flow("s", received, pid, tid, moment.at_us));
        }
        return;
    }
    match lasts(trace, index, moment) {
        Some(us) => events.push(slice(&moment.activity, pid, tid, moment.at_us, us, args)),
        None => events.push(json!({
            "name": moment.activity, "ph": "i", "s": "t", "pid": pid, "tid": tid, "ts": moment.at_us, "cat": "event", "args": args,
        })),
    }
}

fn lasts(trace: &Trace, index: usize, moment: &Moment) -> Option<i64> {
    let lane = trace.lanes.get(moment.lane)?;
    let mut rest = trace.moments.get(index + 1..lane.end)?.iter();
    let next = rest.find(|next| next.thread == moment.thread && next.count == moment.count)?;
    let us = next.at_us - moment.at_us;
    (!moment.message.ends() && !matches!(next.message, Message::ProcessResponse { .. }) && us > 0)
        .then_some(us)
}

fn slice(name: &str, pid: usize, tid: usize, ts: i64, dur: i64, args: Value) -> Value {
    json!({ "name": name, "cat": "cassandra", "ph": "X", "pid": pid, "tid": tid, "ts": ts, "dur": dur, "args": args })
}

fn flow(ph: &str, id: usize, pid: usize, tid: usize, ts: i64) -> Value {
    let mut event =
        json!({ "name": "message", "cat": "message", "ph": ph, "id": id, "pid": pid, "tid": tid, "ts": ts });
    if ph == "f" {
        event["bp"] = json!("e");
    }
    event
}

fn name(kind: &str, pid: usize, tid: usize, name: &str) -> Value {
    json!({ "name": kind, "ph": "M", "pid": pid, "tid": tid, "args": { "name": name } })
}

fn sort(kind: &str, pid: usize, tid: usize, index: usize) -> Value {
    json!({ "name": kind, "ph": "M", "pid": pid, "tid": tid, "args": { "sort_index": index } })
}
