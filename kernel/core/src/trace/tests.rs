//! Recorded traces made sense of, whole and mangled: no stretch is negative, and the critical path is as long as the request.

use std::collections::BTreeSet;
use std::path::Path;

use insta::assert_snapshot;
use proptest::prelude::*;

use super::testing::{node, outline, synthetic};
use super::*;

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/trace/recorded")
}

/// Every recorded trace with its name.
pub(crate) fn recorded() -> Vec<(String, Recording)> {
    let names = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let mut names: Vec<String> =
        names.map(|path| path.file_stem().unwrap().to_string_lossy().into_owned()).collect();
    names.sort();
    assert!(names.len() >= 40, "only {} recorded traces were found", names.len());
    names.into_iter().map(|name| (name.clone(), one(&name))).collect()
}

/// The recorded trace of this name.
pub(crate) fn one(name: &str) -> Recording {
    let text = std::fs::read_to_string(folder().join(format!("{name}.json"))).unwrap();
    Recording::from_json(&text).unwrap()
}

/// What holds for every trace, however mangled.
fn check(trace: &Trace) {
    let mut at = 0;
    for step in &trace.path {
        assert_eq!(step.from_us, at, "the path has no gap");
        assert!(step.us() >= 0, "no step is negative: {step:?}");
        at = step.to_us;
    }
    assert_eq!(at, trace.total_us, "the path is as long as the request");
    assert_eq!(trace.path.iter().map(Step::us).sum::<i64>(), trace.total_us);
    assert_eq!(trace.stretches.iter().map(Stretch::us).sum::<i64>(), trace.total_us);
    for stretch in &trace.stretches {
        assert!(stretch.us() > 0);
        assert_eq!(stretch.parts.iter().map(Part::us).sum::<i64>(), stretch.us());
        assert!(stretch.parts.iter().all(|part| part.us() >= 0 && part.lane < trace.lanes.len().max(1)));
    }
    for (number, lane) in trace.lanes.iter().enumerate() {
        let moments = trace.moments_of(lane);
        assert!(moments.iter().all(|moment| moment.lane == number));
        assert!(moments.is_sorted_by_key(|moment| moment.at_us), "a lane is in the order of time");
    }
    assert_eq!(trace.lanes.iter().map(|lane| lane.end - lane.first).sum::<usize>(), trace.moments.len());
    assert!(trace.moments.iter().all(|moment| moment.at_us >= 0), "nothing is before the request");
}

#[test]
fn recorded_traces_check_out() {
    for (name, recording) in recorded() {
        let events: BTreeSet<_> = recording.events.iter().map(|event| event.event_id).collect();
        let duration = recording.session.duration_us;
        let coordinator = recording.session.coordinator.clone();
        let trace = Trace::of(recording);
        check(&trace);
        assert_eq!(Some(trace.total_us), duration);
        assert_eq!(trace.moments.len(), events.len(), "every event once");
        assert_eq!(trace.lanes.first().map(|lane| lane.address.clone()), coordinator);
        // All nodes of a sandbox are on one machine, with one clock.
        assert!(trace.lanes.iter().all(|lane| lane.skew.is_none()), "no clock is off: {:?}", trace.lanes);
        for moment in trace.moments.iter() {
            let Some(sent) = moment.sent.map(|sent| &trace.moments[sent]) else { continue };
            let early = sent.at_us - moment.at_us;
            // A reply that came after the request was forgotten has no count of its own to be placed by.
            assert!(
                early <= 2_000 || moment.at_us > trace.total_us,
                "{name}: received {early} µs before it was sent: {moment:?}"
            );
        }
    }
}

#[test]
fn where_the_time_went() {
    assert_snapshot!("read-by-key", outline(&Trace::of(one("three-read-by-key"))));
    assert_snapshot!("tombstones", outline(&Trace::of(one("three-tombstones"))));
    assert_snapshot!("two-data-centres", outline(&Trace::of(one("two-data-centres"))));
    assert_snapshot!("lwt", outline(&Trace::of(one("three-lwt-applied"))));
    assert_snapshot!("batch", outline(&Trace::of(one("three-batch-logged"))));
    assert_snapshot!("sai", outline(&Trace::of(one("three-sai-index"))));
    assert_snapshot!("secondary-index", outline(&Trace::of(one("three-secondary-index"))));
    assert_snapshot!("dead-replica", outline(&Trace::of(one("three-quorum-dead-replica"))));
    assert_snapshot!("frozen-replica", outline(&Trace::of(one("three-quorum-frozen-replica"))));
    assert_snapshot!("read-repair", outline(&Trace::of(one("three-read-repair"))));
    assert_snapshot!("one-node", outline(&Trace::of(one("one-read-by-key"))));
}

#[test]
fn a_clock_that_is_off_is_recognised_and_its_lane_put_back() {
    let straight = Trace::of(one("two-data-centres"));
    for shift_us in [-90_000, -40_000, 40_000, 3_600_000_000] {
        let mut recording = one("two-data-centres");
        let far = straight.lanes.iter().find(|lane| lane.data_centre.as_deref() == Some("dc2")).unwrap();
        for event in recording.events.iter_mut().filter(|event| event.source == far.address) {
            event.event_id = TraceId::of_unix_us(event.timestamp_us().unwrap() + shift_us, 7);
        }
        let trace = Trace::of(recording);
        check(&trace);
        let lane = trace.lanes.iter().find(|lane| lane.address == far.address).unwrap();
        let skew = lane.skew.expect("the clock is off");
        let (off, within) =
            (skew.shift_us + shift_us, skew.within_us.expect("it is bounded by messages both ways"));
        assert!(off.abs() <= within + 5_000, "{shift_us}: {skew:?}");
        assert!(trace.findings.iter().any(|finding| finding.text.contains("an estimate")), "it is said");
        let others = trace.lanes.iter().filter(|other| other.address != far.address);
        assert!(others.clone().all(|other| other.skew.is_none()), "only that one");
    }
}

#[test]
fn five_thousand_events_and_twelve_nodes_check_out() {
    let trace = Trace::of(synthetic(12, 5_000));
    check(&trace);
    assert_eq!((trace.lanes.len(), trace.moments.len()), (12, 5_000));
    assert_eq!(trace.lanes.iter().filter(|lane| lane.role == Role::Replica).count(), 11);
}

#[test]
fn nothing_at_all_is_a_trace() {
    let trace = Trace::of(Recording::default());
    check(&trace);
    assert_eq!((trace.total_us, trace.lanes.len()), (0, 0));
    let trace = Trace::of(Recording {
        events: vec![node(1).event("Parsing SELECT 1", 5, 5)],
        ..Recording::default()
    });
    check(&trace);
    assert_eq!(trace.lanes.len(), 1);
}

/// A recorded trace with things missing, doubled, out of order, and clocks moved.
fn mangled() -> impl Strategy<Value = Recording> {
    let names = ["lwt", "batch", "tombstones", "three-read-repair", "three-quorum-dead-replica", "sai"];
    let changes = (
        any::<[bool; 5]>(),
        proptest::collection::vec(any::<prop::sample::Index>(), 0..60),
        proptest::collection::vec(
            (any::<prop::sample::Index>(), -100_000_000_000_i64..100_000_000_000),
            0..6,
        ),
        any::<prop::sample::Index>(),
        prop_oneof![Just(None), any::<i64>().prop_map(Some), (0..1_000_000_i64).prop_map(Some)],
    );
    (prop::sample::select(names.to_vec()), changes).prop_map(
        |(name, (flags, drops, shifts, turn, duration))| {
            let mut recording = one(name);
            for index in drops {
                if recording.events.len() > 1 {
                    let at = index.index(recording.events.len());
                    recording.events.swap_remove(at);
                }
            }
            for (index, by) in shifts {
                let at = index.index(recording.events.len());
                let source = recording.events[at].source.clone();
                for event in recording.events.iter_mut().filter(|event| event.source == source) {
                    if let (Some(clock), Some(elapsed)) = (event.timestamp_us(), event.source_elapsed_us) {
                        event.event_id = TraceId::of_unix_us(clock.saturating_add(by), elapsed as u64);
                    }
                }
            }
            let at = turn.index(recording.events.len());
            recording.events.rotate_left(at);
            let [double, unknown, forget, uncounted, strange] = flags;
            if double {
                let half = recording.events[..recording.events.len() / 2].to_vec();
                recording.events.extend(half);
            }
            if unknown {
                recording
                    .events
                    .iter_mut()
                    .step_by(3)
                    .for_each(|event| event.activity = format!("ünknown <b>{}</b>", event.activity));
            }
            if forget {
                recording.session = Session { id: recording.session.id, ..Session::default() };
            }
            if uncounted {
                recording.events.iter_mut().step_by(2).for_each(|event| event.source_elapsed_us = None);
            }
            if strange {
                recording.session.started_at_ms = Some(i64::MAX);
                recording
                    .events
                    .iter_mut()
                    .step_by(7)
                    .for_each(|event| event.source_elapsed_us = Some(i64::MIN));
                recording.events.iter_mut().step_by(11).for_each(|event| event.event_id = TraceId([255; 16]));
            }
            recording.session.duration_us = duration;
            recording
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn mangled_traces_check_out(recording in mangled()) {
        let trace = Trace::of(recording);
        check(&trace);
        let bundle = crate::render::trace(&trace, &Default::default());
        prop_assert!(bundle.html.unwrap().len() < 60_000);
        for text in [chrome(&trace), otlp(&trace)] {
            prop_assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok());
        }
        let comparison = Comparison::of(&trace, &trace);
        prop_assert!(comparison.phases.iter().all(|change| change.pair.grown() == 0));
    }
}

#[test]
fn a_comparison_accounts_for_all_of_the_difference() {
    let (before, after) = (Trace::of(one("three-tombstones")), Trace::of(one("three-read-by-key")));
    let comparison = Comparison::of(&before, &after);
    let sum: i64 = comparison.phases.iter().map(|change| change.pair.grown()).sum();
    assert_eq!(sum, after.total_us - before.total_us);
    assert!(comparison.gone.iter().any(|finding| finding.contains("tombstones")), "{:?}", comparison.gone);
    let back = Comparison::of(&after, &before);
    assert_eq!(back.total_us.grown(), -comparison.total_us.grown());
    assert_eq!(back.new, comparison.gone);
}

#[test]
fn an_answer_that_nobody_needed_any_more_is_not_waited_for() {
    let trace = Trace::of(one("three-read-partition"));
    let second = trace
        .moments
        .iter()
        .filter(|moment| moment.activity.starts_with("READ_RSP message received"))
        .nth(1)
        .unwrap();
    assert!(second.at_us < trace.total_us, "it came in time");
    let waits =
        trace.path.iter().filter_map(|step| step.to).any(|to| trace.moments[to].event_id == second.event_id);
    assert!(!waits, "but the first one made the quorum");
}
