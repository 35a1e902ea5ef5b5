//! What is written reads back: by OpenTelemetry's fields, by Chrome's, and as a table.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;

use super::{chrome, csv, otlp};
use crate::trace::Trace;
use crate::trace::tests::{one, recorded};

// opentelemetry-proto 1, collector/trace/v1: the fields that are written, in JSON's lowerCamelCase. A field that is not there fails.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Request {
    resource_spans: Vec<ResourceSpans>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ResourceSpans {
    resource: Resource,
    scope_spans: Vec<ScopeSpans>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Resource {
    attributes: Vec<KeyValue>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScopeSpans {
    scope: BTreeMap<String, String>,
    spans: Vec<Span>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Span {
    trace_id: String,
    span_id: String,
    #[serde(default)]
    parent_span_id: String,
    name: String,
    kind: u8,
    start_time_unix_nano: String,
    end_time_unix_nano: String,
    attributes: Vec<KeyValue>,
    events: Vec<SpanEvent>,
    status: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SpanEvent {
    time_unix_nano: String,
    name: String,
    attributes: Vec<KeyValue>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyValue {
    key: String,
    value: AnyValue,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum AnyValue {
    StringValue(String),
    IntValue(String),
}

impl AnyValue {
    fn text(&self) -> &str {
        let (Self::StringValue(text) | Self::IntValue(text)) = self;
        text
    }
}

fn hex(text: &str, bytes: usize) -> bool {
    text.len() == bytes * 2
        && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
        && text.bytes().any(|byte| byte != b'0')
}

#[test]
fn opentelemetry_reads_every_recorded_trace() {
    for (name, recording) in recorded() {
        let trace = Trace::of(recording);
        let request: Request =
            serde_json::from_str(&otlp(&trace)).unwrap_or_else(|error| panic!("{name}: {error}"));
        let scopes = request.resource_spans.iter().flat_map(|resource| &resource.scope_spans);
        assert!(scopes.clone().all(|scope| scope.scope["name"] == "cqlbook"));
        let spans: Vec<&Span> = scopes.flat_map(|scope| &scope.spans).collect();
        let ids: BTreeSet<&str> = spans.iter().map(|span| span.span_id.as_str()).collect();
        assert_eq!(ids.len(), spans.len(), "{name}: each span has an id of its own");
        assert_eq!(spans.iter().filter(|span| span.parent_span_id.is_empty()).count(), 1, "{name}: one root");
        for span in &spans {
            assert!(hex(&span.trace_id, 16) && hex(&span.span_id, 8) && !span.name.is_empty(), "{name}");
            assert!(span.parent_span_id.is_empty() || ids.contains(span.parent_span_id.as_str()));
            assert!((1..=5).contains(&span.kind) && span.status.is_empty());
            let (from, to): (u64, u64) =
                (span.start_time_unix_nano.parse().unwrap(), span.end_time_unix_nano.parse().unwrap());
            assert!(from <= to && from > 1_000_000_000_000_000_000, "{name}: ns since 1970");
            for event in &span.events {
                assert!(event.time_unix_nano.parse::<u64>().unwrap() >= from && !event.name.is_empty());
                assert!(event.attributes.iter().any(|attribute| attribute.key == "thread.name"));
            }
        }
        let root = spans.iter().find(|span| span.parent_span_id.is_empty()).unwrap();
        let query = root.attributes.iter().find(|attribute| attribute.key == "db.query.text").unwrap();
        assert_eq!(query.value.text(), trace.request());
        assert_eq!(spans.iter().map(|span| span.events.len()).sum::<usize>(), trace.moments.len());
        let nodes = request.resource_spans.iter().map(|resource| {
            let named =
                resource.resource.attributes.iter().find(|attribute| attribute.key == "service.instance.id");
            named.unwrap().value.text().to_owned()
        });
        assert_eq!(
            nodes.collect::<BTreeSet<_>>().len(),
            request.resource_spans.len(),
            "a resource for each node"
        );
    }
}

#[test]
fn perfetto_has_named_lanes_and_arrows() {
    for (name, recording) in recorded() {
        let trace = Trace::of(recording);
        let whole: Value = serde_json::from_str(&chrome(&trace)).unwrap();
        let events = whole["traceEvents"].as_array().unwrap();
        let of = |ph: &str| events.iter().filter(|event| event["ph"] == ph).collect::<Vec<_>>();
        let names: Vec<&str> = of("M")
            .into_iter()
            .filter(|event| event["name"] == "process_name")
            .map(|event| event["args"]["name"].as_str().unwrap())
            .collect();
        assert_eq!(names.len(), trace.lanes.len() + 1);
        assert!(
            trace.lanes.iter().all(|lane| names.iter().any(|name| name.starts_with(&lane.name))),
            "{name}: {names:?}"
        );
        let threads: BTreeSet<(u64, u64)> = of("M")
            .into_iter()
            .filter(|event| event["name"] == "thread_name")
            .map(|event| (event["pid"].as_u64().unwrap(), event["tid"].as_u64().unwrap()))
            .collect();
        for event in events.iter().filter(|event| event["ph"] != "M") {
            assert!(
                threads.contains(&(event["pid"].as_u64().unwrap(), event["tid"].as_u64().unwrap())),
                "{name}: {event}"
            );
            assert!(event["ts"].as_i64().unwrap() >= 0);
            assert!(event["ph"] != "X" || event["dur"].as_i64().unwrap() > 0, "{name}: {event}");
        }
        let ids =
            |ph: &str| of(ph).into_iter().map(|event| event["id"].as_u64().unwrap()).collect::<BTreeSet<_>>();
        assert_eq!(ids("s"), ids("f"), "{name}: every arrow has both ends");
        let told = events.iter().filter(|event| event["args"]["event_id"].is_string()).count();
        assert_eq!(told, trace.moments.len(), "{name}: every event is there");
    }
}

#[test]
fn a_table_for_spreadsheets() {
    let trace = Trace::of(one("lwt"));
    let text = csv(&trace);
    let mut lines = text.split("\r\n");
    let header = lines.next().unwrap();
    assert_eq!(header.split(',').count(), 12);
    assert_eq!(
        lines.next().unwrap(),
        "65cf5b10-e8ec-11f1-aa1c-1d42133cbce5,65cf5b1a-e8ec-11f1-aa1c-1d42133cbce5,505,,127.98.53.1,7000,dc1,coordinator and replica,Native-Transport-Requests-1,505,1795623744321001,Parsing UPDATE tracecore.users SET city='Oslo' WHERE id=5 IF name='n5'"
    );
    // A line feed in an activity is within quotes.
    assert!(text.contains("\"Accepting proposal Accepted(140149165443410002:65d26852-e8ec-11f1-9d63-f2545ab0dae9, 1795623744341000:key=5\n"));
    assert_eq!(lines.count(), trace.moments.len());
}
