//! Pictures of recorded traces: what they say, how large they are, what they are made of.

use insta::assert_snapshot;

use super::{TraceOptions, trace_comparison, trace_distribution};
use crate::render::{self, MimeBundle};
use crate::trace::testing::synthetic;
use crate::trace::tests::{one, recorded};
use crate::trace::{Recording, Runs, Trace};

fn draw(recording: Recording) -> MimeBundle {
    render::trace(&Trace::of(recording), &TraceOptions::default())
}

#[test]
fn the_same_facts_as_text() {
    assert_snapshot!("tombstones", draw(one("three-tombstones")).plain);
    assert_snapshot!("two-data-centres", draw(one("two-data-centres")).plain);
    assert_snapshot!("dead-replica", draw(one("three-quorum-dead-replica")).plain);
}

#[test]
fn a_picture() {
    let options = TraceOptions {
        title: Some("The `worst` run".to_owned()),
        notice: Some("The trace did not end within 10 s.".to_owned()),
    };
    assert_snapshot!("picture", render::trace(&Trace::of(one("one-read-by-key")), &options).html.unwrap());
}

#[test]
fn a_comparison_and_a_distribution_as_text() {
    let (before, after) = (Trace::of(one("three-tombstones")), Trace::of(one("three-read-by-key")));
    assert_snapshot!("comparison", trace_comparison(&before, &after).plain);
    let runs = Runs {
        elapsed_us: vec![9_100, 8_700, 9_400, 8_900, 12_000, 9_000, 61_000, 9_200, 9_900, 10_400],
        traces: vec![
            Trace::of(one("read-by-key")),
            Trace::of(one("one-read-by-key")),
            Trace::of(one("three-read-by-key")),
        ],
    };
    assert_snapshot!("distribution", trace_distribution(&runs).plain);
    let none = trace_distribution(&Runs::default());
    assert_eq!(none.plain.trim(), "No runs");
}

#[test]
fn every_picture_is_of_what_the_sanitizer_leaves_and_under_60_kb() {
    let many = [(1, 30), (12, 500), (12, 5_000), (150, 5_000), (40, 600)];
    let made =
        many.map(|(nodes, events)| (format!("{nodes} nodes, {events} events"), synthetic(nodes, events)));
    for (name, recording) in recorded().into_iter().chain(made) {
        let events = recording.events.len();
        let bundle = draw(recording);
        let html = bundle.html.unwrap();
        assert!(html.len() < 60_000, "{name}: {} bytes", html.len());
        assert!(bundle.plain.len() < 40_000, "{name}: {} bytes of text", bundle.plain.len());
        assert!(
            html.contains(&format!("{} event", crate::render::count(events as u64))),
            "{name} says how many events"
        );
        sanitary(&name, &html);
    }
    let (before, after) = (Trace::of(one("lwt")), Trace::of(synthetic(12, 5_000)));
    let comparison = trace_comparison(&before, &after).html.unwrap();
    let runs = Runs {
        elapsed_us: (0..1000).map(|us| us * us).collect(),
        traces: vec![before.clone(), after, before],
    };
    let distribution = trace_distribution(&runs).html.unwrap();
    for (name, html) in [("comparison", comparison), ("distribution", distribution)] {
        assert!(html.len() < 80_000, "{name}: {} bytes", html.len());
        sanitary(name, &html);
    }
}

/// No element, attribute or style that JupyterLab's sanitizer would take away, and no colour that hides text in one theme.
fn sanitary(name: &str, html: &str) {
    const TAGS: [&str; 19] = [
        "b", "br", "code", "details", "div", "i", "li", "small", "span", "summary", "table", "tbody", "td",
        "th", "thead", "tr", "ul", "p", "strong",
    ];
    const STYLES: [&str; 36] = [
        "background",
        "background-image",
        "background-size",
        "border",
        "border-left",
        "border-top",
        "box-sizing",
        "display",
        "font-size",
        "height",
        "left",
        "line-height",
        "margin",
        "margin-right",
        "max-height",
        "max-width",
        "min-width",
        "opacity",
        "overflow",
        "overflow-wrap",
        "padding",
        "padding-left",
        "padding-right",
        "position",
        "right",
        "text-align",
        "top",
        "vertical-align",
        "white-space",
        "width",
        "bottom",
        "font-weight",
        "margin-bottom",
        "margin-left",
        "margin-top",
        "padding-top",
    ];
    for tag in html.split('<').skip(1) {
        let (tag, _) = tag.split_once('>').unwrap_or_else(|| panic!("{name}: a tag does not end: {tag}"));
        let word = tag.trim_start_matches('/').split([' ', '/']).next().unwrap_or_default();
        assert!(TAGS.contains(&word), "{name}: <{word}>");
        for attribute in
            tag.split(" ").filter_map(|part| part.split_once("=\"")).map(|(attribute, _)| attribute)
        {
            assert!(
                ["style", "class", "scope", "title"].contains(&attribute),
                "{name}: {attribute} in <{tag}>"
            );
        }
        let Some((_, style)) = tag.split_once("style=\"") else { continue };
        for rule in style.split('"').next().unwrap_or_default().split(';') {
            let (property, value) = rule.split_once(':').unwrap_or_else(|| panic!("{name}: {rule}"));
            assert!(STYLES.contains(&property), "{name}: {property}");
            assert!(!value.contains('#') && !value.contains("rgb("), "{name}: an opaque colour: {value}");
            assert!(!["NaN", "inf", "-"].iter().any(|wrong| value.starts_with(wrong)), "{name}: {rule}");
        }
    }
}

#[test]
fn what_comes_from_outside_is_text() {
    let mut recording = one("tombstones");
    let evil = "<img src=x onerror=alert(1)>\u{202e} \"'`";
    recording.session.parameters.insert("query".to_owned(), evil.to_owned());
    recording.session.parameters.insert(evil.to_owned(), evil.repeat(400));
    recording.session.coordinator = Some(evil.to_owned());
    recording.data_centres.values_mut().for_each(|dc| *dc = evil.to_owned());
    for event in &mut recording.events {
        event.thread = Some(evil.to_owned());
        event.source = format!("{}{evil}", event.source);
        event.activity.push_str(evil);
    }
    let bundle = draw(recording);
    let html = bundle.html.unwrap();
    assert!(!html.contains("<img") && !html.contains('\u{202e}'));
    sanitary("evil", &html);
    assert!(!bundle.plain.contains('\u{202e}'));
}

#[test]
fn a_statement_of_any_length_fits() {
    let mut recording = synthetic(3, 100);
    recording
        .session
        .parameters
        .insert("query".to_owned(), format!("SELECT * FROM t WHERE k IN ({})", "1234567, ".repeat(20_000)));
    let bundle = draw(recording);
    assert!(bundle.html.unwrap().len() < 60_000 && bundle.plain.len() < 40_000);
}
