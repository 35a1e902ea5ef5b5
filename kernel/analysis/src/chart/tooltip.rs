//! What a frontend shows of a mark under the pointer: the mark's own values, none of them rounded.

use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::figure::{Axis, Figure, Key, Marks, Place, Scale};
use super::values::DAY;

/// How a number is told under the pointer: with all of the digits that it is known by.
pub(super) const EXACT: &str = ",.15~g";

/// What is shown of a mark under the pointer.
pub(super) fn tooltip(figure: &Figure, fields: &[(&str, &str)]) -> Value {
    let spans = matches!(
        &figure.marks,
        Marks::Bars(bars) if bars.iter().any(|bar| matches!(bar.place, Place::Span(..)))
    );
    let mut out = vec![about(figure, &figure.x, "x")];
    if spans {
        let mut end = about(figure, &figure.x, "x2");
        if let Some(end) = end.as_object_mut() {
            end.insert("title".to_owned(), json!("up to"));
        }
        out.push(end);
    }
    if let Some(Key::Groups { title, .. }) = &figure.key {
        out.push(json!({"field": "g", "title": title, "type": "nominal"}));
    }
    out.extend(fields.iter().map(
        |(field, title)| json!({"field": field, "title": title, "type": "quantitative", "format": EXACT}),
    ));
    json!(out)
}

pub(super) fn about(figure: &Figure, axis: &Axis, field: &str) -> Value {
    match &axis.scale {
        Scale::Number(..) => {
            json!({"field": field, "title": axis.title, "type": "quantitative", "format": EXACT})
        }
        Scale::Time { zone, .. } if *zone != TimeZone::UTC => {
            json!({"field": format!("{field}t"), "title": axis.title, "type": "nominal"})
        }
        Scale::Time { clock, .. } => {
            json!({
                "field": field, "title": axis.title, "type": "temporal", "format": time_form(figure, *clock),
                "scale": {"type": "utc"}
            })
        }
        Scale::Bands(_) => json!({"field": field, "title": axis.title, "type": "nominal"}),
    }
}

/// A form that tells all the figure's moments apart from each other.
fn time_form(figure: &Figure, clock: bool) -> &'static str {
    let places: Vec<f64> = match &figure.marks {
        Marks::Bars(bars) => bars.iter().map(|bar| bar.place).flat_map(ends).collect(),
        Marks::Boxes(boxes) => boxes.iter().map(|mark| mark.place).flat_map(ends).collect(),
        Marks::Fields(fields) => fields.iter().flat_map(|field| [field.x, field.y]).flat_map(ends).collect(),
        Marks::Lines(lines) => lines.iter().flat_map(|line| &line.points).map(|point| point.0).collect(),
        Marks::Areas(areas) => areas.iter().flat_map(|area| &area.points).map(|point| point.0).collect(),
        Marks::Points(points) => points.iter().flat_map(|point| [point.x, point.y]).collect(),
    };
    let all = |unit: f64| places.iter().all(|place| place.rem_euclid(unit) == 0.0);
    match clock {
        true if all(60_000.0) => "%H:%M",
        true => "%H:%M:%S.%L",
        false if all(DAY) => "%Y-%m-%d",
        false if all(60_000.0) => "%Y-%m-%d %H:%M",
        false => "%Y-%m-%d %H:%M:%S.%L",
    }
}

fn ends(place: Place) -> [f64; 2] {
    match place {
        Place::Band(_) => [0.0; 2],
        Place::Span(from, to) => [from, to],
    }
}
