//! OpenTelemetry's trace request in its JSON form: ids in hex, times as text in ns, one resource for each node.
//!
//! The coordinator's span is the root; under it are the stretches of the critical path, and a span for each time that a replica had to do
//! with the request. Events are span events, in the server's words.

use serde_json::{Value, json};

use super::began_us;
use crate::trace::{Lane, Moment, Trace};

const INTERNAL: i32 = 1;
const SERVER: i32 = 2;

/// The trace as an `ExportTraceServiceRequest`.
pub fn otlp(trace: &Trace) -> String {
    let began = began_us(trace);
    let mut ids = Ids { trace: trace.id().0, next: 0 };
    let root = ids.next();
    let mut resources = Vec::new();
    for (number, lane) in trace.lanes.iter().enumerate() {
        let spans = match number {
            0 => coordinator(trace, lane, &root, began, &mut ids),
            _ => replica(trace, lane, &root, began, &mut ids),
        };
        if !spans.is_empty() {
            resources.push(resource(lane, spans));
        }
    }
    let mut whole = json!({ "resourceSpans": resources }).to_string();
    whole.push('\n');
    whole
}

fn resource(lane: &Lane, spans: Vec<Value>) -> Value {
    let mut attributes = vec![
        text("service.name", "cassandra"),
        text("service.instance.id", &lane.name),
        text("server.address", &lane.address),
        text("cassandra.role", lane.role.name()),
    ];
    attributes.extend(lane.data_centre.as_ref().map(|dc| text("cassandra.data_center", dc)));
    json!({
        "resource": { "attributes": attributes },
        "scopeSpans": [{ "scope": { "name": "cqlbook", "version": env!("CARGO_PKG_VERSION") }, "spans": spans }],
    })
}

fn coordinator(trace: &Trace, lane: &Lane, root: &str, began: i64, ids: &mut Ids) -> Vec<Value> {
    let session = &trace.recording().session;
    let mut attributes = vec![text("db.system.name", "cassandra"), text("db.query.text", trace.request())];
    for (parameter, name) in [
        ("consistency_level", "cassandra.consistency.level"),
        ("serial_consistency_level", "cassandra.serial_consistency.level"),
        ("page_size", "cassandra.page.size"),
    ] {
        attributes.extend(trace.parameter(parameter).map(|value| text(name, value)));
    }
    attributes.extend(session.client.as_ref().map(|client| text("client.address", client)));
    let name = session.request.as_deref().unwrap_or("request");
    let moments = trace.moments_of(lane);
    let mut spans =
        vec![span(ids, Some(root), None, name, SERVER, began, (0, trace.total_us), attributes, moments)];
    for stretch in &trace.stretches {
        let words = stretch.words(trace);
        let place = (stretch.from_us, stretch.to_us);
        spans.push(span(ids, None, Some(root), &words, INTERNAL, began, place, Vec::new(), &[]));
    }
    spans
}

/// A span for each of a node's counts.
fn replica(trace: &Trace, lane: &Lane, root: &str, began: i64, ids: &mut Ids) -> Vec<Value> {
    let moments = trace.moments_of(lane);
    let counts = moments.iter().map(|moment| moment.count).max().map_or(0, |count| count + 1);
    let mut spans = Vec::new();
    for count in 0..counts {
        let of: Vec<Moment> = moments.iter().filter(|moment| moment.count == count).cloned().collect();
        let (Some(first), Some(last)) = (of.first(), of.last()) else { continue };
        let mut attributes = Vec::new();
        if let Some(skew) = lane.skew {
            attributes.push(json!({ "key": "cqlbook.clock_shift_us", "value": { "intValue": skew.shift_us.to_string() } }));
        }
        let place = (first.at_us, last.at_us);
        spans.push(span(ids, None, Some(root), &first.activity, SERVER, began, place, attributes, &of));
    }
    spans
}

#[allow(clippy::too_many_arguments)] // The fields of a span.
fn span(
    ids: &mut Ids,
    own: Option<&str>,
    parent: Option<&str>,
    name: &str,
    kind: i32,
    began: i64,
    (from_us, to_us): (i64, i64),
    attributes: Vec<Value>,
    moments: &[Moment],
) -> Value {
    let events = moments.iter().map(|moment| {
        let mut attributes = vec![text("thread.name", &moment.thread)];
        if let Some(us) = moment.elapsed_us {
            attributes.push(json!({ "key": "cassandra.source_elapsed_us", "value": { "intValue": us.to_string() } }));
        }
        json!({ "timeUnixNano": nanos(began, moment.at_us), "name": moment.activity, "attributes": attributes })
    });
    let mut span = json!({
        "traceId": ids.trace(),
        "spanId": own.map_or_else(|| ids.next(), str::to_owned),
        "name": name,
        "kind": kind,
        "startTimeUnixNano": nanos(began, from_us),
        "endTimeUnixNano": nanos(began, to_us.max(from_us)),
        "attributes": attributes,
        "events": events.collect::<Vec<_>>(),
        "status": {},
    });
    if let Some(parent) = parent {
        span["parentSpanId"] = json!(parent);
    }
    span
}

fn text(key: &str, value: &str) -> Value {
    json!({ "key": key, "value": { "stringValue": value } })
}

/// ns since 1970, as text; never before.
fn nanos(began_us: i64, at_us: i64) -> String {
    (i128::from(began_us.saturating_add(at_us).max(0)) * 1000).to_string()
}

/// The trace's id, and ids of spans that are the same each time the trace is written.
struct Ids {
    trace: [u8; 16],
    next: u64,
}

impl Ids {
    fn trace(&self) -> String {
        self.trace.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn next(&mut self) -> String {
        self.next += 1;
        // FNV-1a over the trace's id and the number.
        let bytes = self.trace.iter().copied().chain(self.next.to_be_bytes());
        let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        format!("{:016x}", hash.max(1))
    }
}
