//! A figure as a Vega-Lite v5 specification. Its data is what is drawn, and nothing is left to the frontend to work out.

use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use super::figure::{Axis, Figure, Key, Marks, Place, Scale, overlap};
use super::palette::{GRID, GROUPS, INK, LINE, SHADES};
use super::picture::{PLOT_HEIGHT, PLOT_WIDTH, label_angle};
use super::scale::{NumberForm, moment_in, rounded, time_ticks};
use super::tooltip::{EXACT, about, tooltip};

/// The longest label, in pixels; JupyterLab's own cut is the same in both forms.
const LABEL_LIMIT: u32 = 160;
/// Lines with fewer points than this have a dot at each.
const DOTS: usize = 40;

/// The specification; `alt` describes it.
pub(super) fn spec(figure: &Figure, alt: &str) -> Value {
    let mut spec = json!({
        "$schema": SCHEMA,
        "description": alt,
        "background": "transparent",
        "width": PLOT_WIDTH,
        "height": PLOT_HEIGHT,
        "title": {"text": figure.title, "subtitle": subtitle(figure)},
        "data": {"values": values(figure)},
        "config": config(),
    });
    let layers = layers(figure);
    if let Some(object) = spec.as_object_mut() {
        match <[Value; 1]>::try_from(layers) {
            Ok([Value::Object(only)]) => object.extend(only),
            Ok([other]) => drop(object.insert("layer".to_owned(), json!([other]))),
            Err(layers) => drop(object.insert("layer".to_owned(), Value::Array(layers))),
        }
    }
    spec
}

/// The name by which Vega-Lite's fifth version is known; nothing is fetched from there.
const SCHEMA: &str = "https://vega.github.io/schema/vega-lite/v5.json";

fn subtitle(figure: &Figure) -> Value {
    let lines: Vec<&str> =
        std::iter::once(figure.subtitle.as_str()).chain(figure.notes.iter().map(String::as_str)).collect();
    json!(lines)
}

fn config() -> Value {
    json!({
        "font": "Inter, system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif",
        "view": {"stroke": null},
        "title": {
            "anchor": "start", "frame": "group", "color": INK, "subtitleColor": INK, "fontSize": 14, "fontWeight": 600,
            "subtitleFontSize": 11, "subtitlePadding": 4, "offset": 12
        },
        "axis": {
            "labelColor": INK, "titleColor": INK, "gridColor": GRID, "domainColor": LINE, "tickColor": LINE,
            "labelFontSize": 11, "titleFontSize": 11, "titleFontWeight": "normal", "titlePadding": 8,
            "labelLimit": LABEL_LIMIT
        },
        "legend": {
            "labelColor": INK, "titleColor": INK, "labelFontSize": 11, "titleFontSize": 11, "titleFontWeight": "normal",
            "labelLimit": LABEL_LIMIT
        }
    })
}

/// A number with the digits that it is known by.
fn number(value: f64) -> Value {
    let value = rounded(value, 15);
    if value.fract() == 0.0 && value.abs() < 9e15 { json!(value as i64) } else { json!(value) }
}

/// The rows of data, with short names that no column's name can disturb.
fn values(figure: &Figure) -> Value {
    let names = group_names(figure);
    let group = |group: usize| names.get(group).cloned().unwrap_or_default();
    let rows: Vec<Value> = match &figure.marks {
        Marks::Bars(bars) => bars
            .iter()
            .map(|bar| {
                let mut row = placed(&figure.x.scale, bar.place, "x");
                row.extend(fields(&[("from", bar.from), ("to", bar.to), ("v", bar.to - bar.from)]));
                with(row, &names, bar.group, bar.rows)
            })
            .collect(),
        Marks::Lines(lines) => lines
            .iter()
            .flat_map(|line| line.points.iter().map(move |point| (line.group, point)))
            .map(|(of, &(x, y))| {
                let mut row = at(&figure.x.scale, x, "x");
                row.extend(fields(&[("y", y)]));
                row.extend((!names.is_empty()).then(|| ("g".to_owned(), json!(group(of)))));
                Value::Object(row)
            })
            .collect(),
        Marks::Areas(areas) => areas
            .iter()
            .flat_map(|area| area.points.iter().map(move |point| (area.group, point)))
            .map(|(of, &(x, from, to))| {
                let mut row = at(&figure.x.scale, x, "x");
                row.extend(fields(&[("from", from), ("to", to), ("v", to - from)]));
                row.extend((!names.is_empty()).then(|| ("g".to_owned(), json!(group(of)))));
                Value::Object(row)
            })
            .collect(),
        Marks::Points(points) => points
            .iter()
            .map(|point| {
                let mut row = at(&figure.x.scale, point.x, "x");
                row.extend(at(&figure.y.scale, point.y, "y"));
                row.extend(point.shade.map(|shade| ("s".to_owned(), number(shade))));
                with(row, &names, point.group, point.rows)
            })
            .collect(),
        Marks::Fields(all) => all
            .iter()
            .map(|field| {
                let mut row = placed(&figure.x.scale, field.x, "x");
                row.extend(placed(&figure.y.scale, field.y, "y"));
                row.extend(fields(&[("v", field.value)]));
                with(row, &[], 0, field.rows)
            })
            .collect(),
        Marks::Boxes(boxes) => boxes
            .iter()
            .flat_map(|mark| {
                let base = placed(&figure.x.scale, mark.place, "x");
                let mut row = base.clone();
                let [low, first, middle, third, high] = mark.five;
                row.extend(fields(&[
                    ("low", low),
                    ("q1", first),
                    ("q2", middle),
                    ("q3", third),
                    ("high", high),
                ]));
                row.extend([("xm".to_owned(), number(mark.place.middle()))]);
                let beyond = mark.beyond.iter().map(|value| {
                    let mut row = base.clone();
                    row.extend(fields(&[("far", *value), ("xm", mark.place.middle())]));
                    row.extend((!names.is_empty()).then(|| ("g".to_owned(), json!(group(mark.group)))));
                    Value::Object(row)
                });
                let beyond: Vec<_> = beyond.collect();
                std::iter::once(with(row, &names, mark.group, mark.rows)).chain(beyond)
            })
            .collect(),
    };
    Value::Array(rows)
}

type Row = Map<String, Value>;

fn fields(fields: &[(&str, f64)]) -> Row {
    fields.iter().map(|(name, value)| ((*name).to_owned(), number(*value))).collect()
}

fn with(mut row: Row, names: &[String], group: usize, rows: u64) -> Value {
    row.extend(names.get(group).map(|name| ("g".to_owned(), json!(name))));
    row.insert("n".to_owned(), json!(rows));
    Value::Object(row)
}

/// A place as `x` of a band, or as `x` and `x2`.
fn placed(scale: &Scale, place: Place, name: &str) -> Row {
    match (place, scale) {
        (Place::Band(index), Scale::Bands(names)) => {
            let band = names.get(index).cloned().unwrap_or_default();
            Row::from_iter([(name.to_owned(), json!(band))])
        }
        (Place::Band(index), _) => fields(&[(name, index as f64)]),
        (Place::Span(from, to), _) => {
            let mut row = fields(&[(name, from), (&format!("{name}2"), to)]);
            row.extend(told(scale, from, &format!("{name}t")));
            row.extend(told(scale, to, &format!("{name}2t")));
            row
        }
    }
}

/// A moment of a zone in words, beside its number: a frontend knows UTC and its own zone, and no other.
fn told(scale: &Scale, value: f64, name: &str) -> Option<(String, Value)> {
    match scale {
        Scale::Time { clock, zone, .. } if *zone != TimeZone::UTC => {
            Some((name.to_owned(), json!(moment_in(value, *clock, zone))))
        }
        _ => None,
    }
}

fn at(scale: &Scale, value: f64, name: &str) -> Row {
    match scale {
        Scale::Bands(names) => {
            Row::from_iter([(name.to_owned(), json!(names.get(value as usize).cloned().unwrap_or_default()))])
        }
        _ => {
            let mut row = fields(&[(name, value)]);
            row.extend(told(scale, value, &format!("{name}t")));
            row
        }
    }
}

fn group_names(figure: &Figure) -> Vec<String> {
    match &figure.key {
        Some(Key::Groups { names, .. }) => names.clone(),
        _ => Vec::new(),
    }
}

/// The encoding of a place along an axis.
fn encoding(axis: &Axis, field: &str, across: bool) -> Value {
    let mut looks = json!({"title": axis.title});
    let mut put = |name: &str, value: Value| {
        if let Some(looks) = looks.as_object_mut() {
            looks.insert(name.to_owned(), value);
        }
    };
    let (kind, scale) = match &axis.scale {
        Scale::Number(low, high) => {
            put("format", json!(NumberForm::of(*low, *high).d3()));
            put("tickCount", json!(6));
            put("grid", json!(!across));
            ("quantitative", json!({"domain": [number(*low), number(*high)], "nice": false, "zero": false}))
        }
        Scale::Time { low, high, clock, zone } => {
            if *zone == TimeZone::UTC {
                if *clock {
                    put("format", json!("%H:%M"));
                }
                put("tickCount", json!(8));
            } else {
                // The ticks of the picture, by the same clock.
                let ticks = time_ticks(*low, *high, *clock, zone);
                let labels: Map<String, Value> =
                    ticks.iter().map(|(at, label)| (format!("{at:.0}"), json!(label))).collect();
                put("values", ticks.iter().map(|(at, _)| number(*at)).collect());
                put("labelExpr", json!(format!("{}[toString(+datum.value)]", Value::Object(labels))));
            }
            put("grid", json!(!across));
            ("temporal", json!({"type": "utc", "domain": [number(*low), number(*high)], "nice": false}))
        }
        Scale::Bands(names) => {
            put("grid", json!(false));
            put("labelOverlap", json!("greedy"));
            if across {
                put("labelAngle", json!(label_angle(names)));
            }
            ("nominal", json!({"domain": names}))
        }
    };
    json!({"field": field, "type": kind, "scale": scale, "axis": looks, "sort": null})
}

/// A channel that follows another field on the same axis.
fn also(field: &str) -> Value {
    json!({"field": field})
}

fn color(figure: &Figure, field: &str) -> Value {
    match &figure.key {
        None => json!({"value": GROUPS[0]}),
        Some(Key::Groups { title, names }) => json!({
            "field": "g", "type": "nominal", "title": title, "sort": null,
            "scale": {"domain": names, "range": GROUPS.iter().cycle().take(names.len()).collect::<Vec<_>>()},
        }),
        Some(Key::Shades { title, low, high }) => json!({
            "field": field, "type": "quantitative", "title": title,
            "scale": {"domain": [number(*low), number(*high)], "range": SHADES},
            "legend": {"format": NumberForm::of(*low, *high).d3(), "gradientLength": 160},
        }),
    }
}

fn layers(figure: &Figure) -> Vec<Value> {
    let (x, y) = (|| encoding(&figure.x, "x", true), |field: &str| encoding(&figure.y, field, false));
    let bands = matches!(figure.x.scale, Scale::Bands(_));
    let measure = figure.y.title.as_str();
    match &figure.marks {
        Marks::Bars(bars) => {
            let tips = tooltip(figure, &[("v", measure), ("n", "rows")]);
            let mut encoding = json!({
                "x": x(), "y": y("to"), "y2": also("from"), "color": color(figure, "v"), "tooltip": tips
            });
            let side_by_side = bars.iter().any(|bar| bar.slot.1 > 1);
            if let Some(encoding) = encoding.as_object_mut() {
                if !bands {
                    encoding.insert("x2".to_owned(), also("x2"));
                }
                if side_by_side {
                    let names = group_names(figure);
                    encoding.insert(
                        "xOffset".to_owned(),
                        json!({"field": "g", "type": "nominal", "sort": null, "scale": {"domain": names}}),
                    );
                }
            }
            let mark = if bands { json!({"type": "bar"}) } else { json!({"type": "rect", "x2Offset": -1}) };
            vec![json!({"mark": mark, "encoding": encoding})]
        }
        Marks::Lines(lines) => {
            let few = lines.iter().all(|line| line.points.len() <= DOTS);
            let tips = tooltip(figure, &[("y", measure)]);
            vec![json!({
                "mark": {"type": "line", "strokeWidth": 2, "point": if few { json!({"size": 30}) } else { json!(false) }},
                "encoding": {"x": x(), "y": y("y"), "color": color(figure, "y"), "tooltip": tips}
            })]
        }
        Marks::Areas(areas) => {
            let tips = tooltip(figure, &[("v", measure)]);
            vec![json!({
                "mark": {"type": "area", "opacity": if overlap(areas) { 0.45 } else { 0.8 }, "line": false},
                "encoding": {
                    "x": x(), "y": y("to"), "y2": also("from"), "color": color(figure, "v"), "tooltip": tips
                }
            })]
        }
        Marks::Points(points) => {
            let most = points.iter().map(|point| point.rows).max().unwrap_or(1);
            let mut tips = vec![about(figure, &figure.x, "x"), about(figure, &figure.y, "y")];
            let mut encoding = json!({"x": x(), "y": y("y"), "color": color(figure, "s")});
            match &figure.key {
                Some(Key::Groups { title, .. }) => {
                    tips.push(json!({"field": "g", "title": title, "type": "nominal"}))
                }
                Some(Key::Shades { title, .. }) => {
                    tips.push(json!({"field": "s", "title": title, "type": "quantitative", "format": EXACT}));
                }
                None => {}
            }
            if let Some(encoding) = encoding.as_object_mut() {
                if most > 1 {
                    tips.push(json!({"field": "n", "title": "rows", "type": "quantitative"}));
                    encoding.insert(
                        "size".to_owned(),
                        json!({
                            "field": "n", "type": "quantitative", "title": "rows", "legend": null,
                            "scale": {"type": "sqrt", "domain": [1, most], "range": [8, 180], "zero": false}
                        }),
                    );
                }
                encoding.insert("tooltip".to_owned(), json!(tips));
            }
            let size = if most > 1 { Value::Null } else { json!(28) };
            vec![json!({"mark": {"type": "circle", "opacity": 0.6, "size": size}, "encoding": encoding})]
        }
        Marks::Fields(_) => {
            let measure = match &figure.key {
                Some(Key::Shades { title, .. }) => title.as_str(),
                _ => "rows",
            };
            let mut tips = vec![about(figure, &figure.x, "x"), about(figure, &figure.y, "y")];
            tips.push(json!({"field": "v", "title": measure, "type": "quantitative", "format": EXACT}));
            let mut encoding = json!({"x": x(), "y": y("y"), "color": color(figure, "v"), "tooltip": tips});
            if let Some(encoding) = encoding.as_object_mut() {
                if !bands {
                    encoding.insert("x2".to_owned(), also("x2"));
                }
                if !matches!(figure.y.scale, Scale::Bands(_)) {
                    encoding.insert("y2".to_owned(), also("y2"));
                }
            }
            vec![json!({"mark": {"type": "rect"}, "encoding": encoding})]
        }
        Marks::Boxes(_) => boxes(figure, bands),
    }
}

fn boxes(figure: &Figure, bands: bool) -> Vec<Value> {
    let tips = tooltip(
        figure,
        &[
            ("high", "upper whisker"),
            ("q3", "third quartile"),
            ("q2", "median"),
            ("q1", "first quartile"),
            ("low", "lower whisker"),
            ("n", "rows"),
        ],
    );
    let far = tooltip(figure, &[("far", figure.y.title.as_str())]);
    let names = group_names(figure);
    let beside = bands && names.len() > 1;
    let layer = |filter: &str, mark: Value, x: &str, y: &str, y2: Option<&str>, tips: &Value| {
        let mut encoding = json!({
            "x": encoding(&figure.x, x, true), "y": encoding(&figure.y, y, false), "color": color(figure, "v"), "tooltip": tips
        });
        if let Some(encoding) = encoding.as_object_mut() {
            if let Some(y2) = y2 {
                encoding.insert("y2".to_owned(), also(y2));
            }
            if beside {
                encoding.insert(
                    "xOffset".to_owned(),
                    json!({"field": "g", "type": "nominal", "sort": null, "scale": {"domain": names}}),
                );
            }
            if !bands && x == "x" {
                encoding.insert("x2".to_owned(), also("x2"));
            }
        }
        json!({"transform": [{"filter": format!("isValid(datum.{filter})")}], "mark": mark, "encoding": encoding})
    };
    let middle = if bands { "x" } else { "xm" };
    let body = if bands { json!({"type": "bar"}) } else { json!({"type": "rect", "x2Offset": -2}) };
    let body = |opacity: f64| {
        let mut body = body.clone();
        if let Some(body) = body.as_object_mut() {
            body.insert("opacity".to_owned(), json!(opacity));
        }
        body
    };
    let step = f64::from(PLOT_WIDTH) / figure_places(figure).max(1) as f64;
    let tick = json!({"type": "tick", "thickness": 2, "size": (step * if bands { 0.8 } else { 0.9 } / names.len().max(1) as f64).max(2.0)});
    let rule = json!({"type": "rule", "strokeWidth": 1.2});
    let dot = json!({"type": "point", "filled": true, "size": 10, "opacity": 0.35});
    let mut layers = vec![
        layer("q1", rule.clone(), middle, "low", Some("q1"), &tips),
        layer("q1", rule, middle, "q3", Some("high"), &tips),
        layer("q1", body(0.45), "x", "q1", Some("q3"), &tips),
        layer("q1", tick, middle, "q2", None, &tips),
    ];
    layers.push(layer("far", dot, middle, "far", None, &far));
    layers
}

fn figure_places(figure: &Figure) -> usize {
    match (&figure.x.scale, &figure.marks) {
        (Scale::Bands(names), _) => names.len(),
        (_, Marks::Boxes(boxes)) => boxes.len(),
        _ => 1,
    }
}
