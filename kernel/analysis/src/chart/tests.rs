//! Charts of small results: the marks that are chosen, their text, and what is said when there is no chart.

use std::sync::Arc;

use cqlbook_core::column::{Column, CqlType};
use cqlbook_core::page::Page;
use cqlbook_core::page::testing::VecPage;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::figure::{Key, Marks, Scale};
use super::{ChartError, Kind, Request, build, plot};

struct Rows {
    columns: Arc<[Column]>,
    pages: Vec<Arc<dyn Page>>,
}

fn result(columns: &[(&str, CqlType)], rows: &[Vec<String>]) -> Rows {
    let rows: Vec<Vec<&str>> = rows.iter().map(|row| row.iter().map(String::as_str).collect()).collect();
    let rows: Vec<&[&str]> = rows.iter().map(Vec::as_slice).collect();
    let page: Arc<dyn Page> = Arc::new(VecPage::of(columns, &rows));
    Rows { columns: Arc::clone(page.columns()), pages: vec![page] }
}

fn request(x: &str, y: Option<&str>, color: Option<&str>, kind: Option<Kind>) -> Request {
    Request {
        x: x.to_owned(),
        y: y.map(str::to_owned),
        color: color.map(str::to_owned),
        kind,
        title: None,
        zone: TimeZone::UTC,
        part: None,
    }
}

impl Rows {
    fn figure(&self, request: &Request) -> super::figure::Figure {
        build::figure(&self.columns, &self.pages, request).unwrap()
    }

    fn text(&self, request: &Request) -> String {
        plot(&self.columns, &self.pages, request).unwrap().plain
    }

    fn error(&self, request: &Request) -> ChartError {
        plot(&self.columns, &self.pages, request).unwrap_err()
    }
}

/// Two hundred departures of three carriers over ten days.
fn departures() -> Rows {
    let rows: Vec<Vec<String>> = (0..200)
        .map(|row: i64| {
            let carrier = ["AA", "B6", "UA"][(row % 3) as usize];
            let delay = if row == 7 { "null".to_owned() } else { ((row * 37) % 61 - 10).to_string() };
            let time = format!("'2013-02-{:02}T{:02}:30:00Z'", 1 + row / 20, 6 + row % 18);
            vec![format!("'{carrier}'"), delay, time, (row % 12 + 1).to_string()]
        })
        .collect();
    result(
        &[
            ("carrier", CqlType::Text),
            ("delay", CqlType::Int),
            ("at", CqlType::Timestamp),
            ("month", CqlType::Int),
        ],
        &rows,
    )
}

#[test]
fn the_kind_follows_the_columns() {
    let result = departures();
    let marks = |x, y| result.figure(&request(x, y, None, None)).marks;
    assert!(matches!(marks("carrier", Some("delay")), Marks::Bars(bars) if bars.len() == 3));
    assert!(matches!(marks("carrier", None), Marks::Bars(bars) if bars.len() == 3));
    assert!(matches!(marks("delay", None), Marks::Bars(_)));
    assert!(matches!(marks("at", Some("delay")), Marks::Lines(_)));
    assert!(matches!(marks("delay", Some("month")), Marks::Points(points) if points.len() == 199));
    assert!(matches!(marks("month", Some("mean(delay)")), Marks::Lines(_)));
    assert!(matches!(marks("month", Some("carrier")), Marks::Fields(fields) if fields.len() == 12));
}

#[test]
fn bars_of_many_rows_are_their_means_and_say_so() {
    let text = departures().text(&request("carrier", Some("delay"), None, None));
    let head: Vec<&str> = text.lines().take(4).collect();
    assert_eq!(
        head,
        ["Mean of delay by carrier", "mean of delay · 199 rows", "1 row without delay is left out.", ""]
    );
    assert_eq!(text.lines().count(), 7, "{text}");
}

#[test]
fn bars_of_one_row_each_keep_the_results_order() {
    let rows = [["'late'", "3"], ["'early'", "1"]].map(|row| row.map(str::to_owned).to_vec());
    let result = result(&[("what", CqlType::Text), ("n", CqlType::Bigint)], &rows);
    let bar = |blocks: usize| "█".repeat(blocks);
    assert_eq!(
        result.text(&request("what", Some("n"), None, None)),
        format!("n by what\n2 rows\n\n  late | {} 3\n early | {}▍ 1", bar(40), bar(13))
    );
}

#[test]
fn counts_of_groups_are_stacked_and_means_stand_side_by_side() {
    let result = departures();
    let figure = result.figure(&request("month", Some("count"), Some("carrier"), Some(Kind::Bar)));
    assert!(figure.notes.is_empty(), "{:?}", figure.notes);
    let Marks::Bars(bars) = &figure.marks else { panic!("{figure:?}") };
    assert!(bars.iter().any(|bar| bar.from > 0.0) || bars.iter().all(|bar| bar.slot == (0, 1)));
    let figure = result.figure(&request("month", Some("delay"), Some("carrier"), Some(Kind::Bar)));
    let Marks::Bars(bars) = &figure.marks else { panic!("{figure:?}") };
    assert!(bars.iter().all(|bar| bar.slot.1 == 3 && bar.from == 0.0));
    assert!(matches!(figure.key, Some(Key::Groups { ref names, .. }) if names == &["AA", "B6", "UA"]));
}

#[test]
fn every_kind_has_text() {
    let result = departures();
    for (x, y, color, kind, part) in [
        ("at", Some("mean(delay)"), Some("carrier"), Kind::Line, "at (UTC): from 2013-02-01 06:30 to"),
        ("month", Some("count"), Some("carrier"), Kind::Area, "month: from 1 to 12"),
        ("delay", Some("month"), Some("carrier"), Kind::Point, "delay: from"),
        ("delay", None, None, Kind::Histogram, "Distribution of delay"),
        ("month", Some("carrier"), Some("delay"), Kind::Heatmap, "mean of delay"),
        ("carrier", Some("delay"), None, Kind::Box, "median (quartiles) [whiskers]"),
    ] {
        let text = result.text(&request(x, y, color, Some(kind)));
        assert!(text.contains(part), "{}: {text}", kind.name());
    }
}

#[test]
fn many_rows_become_few_marks_and_none_is_lost() {
    let rows: Vec<Vec<String>> =
        (0..20_000_i64).map(|row| vec![(row % 997).to_string(), ((row * row) % 1009).to_string()]).collect();
    let result = result(&[("a", CqlType::Int), ("b", CqlType::Int)], &rows);
    let figure = result.figure(&request("a", Some("b"), None, Some(Kind::Point)));
    let Marks::Points(points) = &figure.marks else { panic!("{figure:?}") };
    assert!(points.len() <= 4000, "{}", points.len());
    assert_eq!(points.iter().map(|point| point.rows).sum::<u64>(), 20_000);
    assert!(figure.subtitle.contains("20,000 rows"), "{}", figure.subtitle);
    let figure = result.figure(&request("a", None, None, None));
    let Marks::Bars(bars) = &figure.marks else { panic!("{figure:?}") };
    assert!(bars.len() <= 61);
    assert_eq!(bars.iter().map(|bar| bar.rows).sum::<u64>(), 20_000);
}

#[test]
fn names_beyond_forty_are_the_greatest() {
    let rows: Vec<Vec<String>> = (0..100).map(|row| vec![format!("'n{row}'"), row.to_string()]).collect();
    let result = result(&[("name", CqlType::Text), ("v", CqlType::Int)], &rows);
    let figure = result.figure(&request("name", Some("v"), None, None));
    assert_eq!(figure.notes, ["The 40 greatest of 100 values of name are shown."]);
    assert!(matches!(&figure.x.scale, Scale::Bands(names) if names.len() == 40 && names[0] == "n99"));
}

#[test]
fn the_specification_holds_what_is_drawn_and_no_column_name_can_break_it() {
    let rows = [["'a.b'", "1"], ["'[c]'", "2"]].map(|row| row.map(str::to_owned).to_vec());
    let result = result(&[("x.\"[0]'", CqlType::Text), ("count", CqlType::Bigint)], &rows);
    let bundle =
        plot(&result.columns, &result.pages, &request("x.\"[0]'", Some("count"), None, None)).unwrap();
    let spec: Value = serde_json::from_str(&bundle.vega_lite.unwrap()).unwrap();
    assert_eq!(spec["background"], "transparent");
    assert_eq!(spec["data"]["values"].as_array().unwrap().len(), 2);
    assert_eq!(spec["encoding"]["x"]["axis"]["title"], "x.\"[0]'");
    assert_eq!(spec["encoding"]["x"]["scale"]["domain"], serde_json::json!(["a.b", "[c]"]));
    let picture = bundle.picture.unwrap();
    assert!(picture.png.starts_with(b"\x89PNG"));
    assert!(picture.alt.contains("bar chart of 2 bars"), "{}", picture.alt);
    assert!(picture.width > 560 && picture.height > 300);
}

#[test]
fn what_cannot_be_drawn_is_said() {
    let result = departures();
    let error = |x, y, kind| result.error(&request(x, y, None, kind)).to_string();
    assert_eq!(error("carier", None, None), "The result has no column `carier`.");
    assert_eq!(
        error("month", Some("carrier"), Some(Kind::Bar)),
        "`carrier` is no number, and a bar needs one for `--y`."
    );
    assert_eq!(error("month", None, Some(Kind::Point)), "A point needs a column for `--y`.");
    let empty = super::tests::result(&[("a", CqlType::Int)], &[]);
    assert_eq!(
        empty.error(&request("a", None, None, None)).to_string(),
        "There is nothing to draw: the result has no rows."
    );
    let nulls = super::tests::result(&[("a", CqlType::Int)], &[vec!["null".to_owned()]]);
    assert_eq!(
        nulls.error(&request("a", None, None, None)).to_string(),
        "There is nothing to draw: no row has a value of a."
    );
}

#[test]
fn odd_values_make_a_chart_all_the_same() {
    let rows: Vec<Vec<String>> =
        ["NaN", "Infinity", "-1e308", "1e308", "0"].map(|value| vec![value.to_owned()]).to_vec();
    let odd = result(&[("v", CqlType::Double)], &rows);
    for kind in [None, Some(Kind::Bar), Some(Kind::Histogram)] {
        assert!(plot(&odd.columns, &odd.pages, &request("v", None, None, kind)).is_ok(), "{kind:?}");
    }
    let one =
        result(&[("v", CqlType::Double), ("t", CqlType::Timestamp)], &[vec!["3".to_owned(), "0".to_owned()]]);
    for (_, kind) in Kind::NAMES {
        for x in ["v", "t"] {
            let drawn = plot(&one.columns, &one.pages, &request(x, Some("v"), None, Some(*kind)));
            assert!(drawn.is_ok(), "{} of {x}: {:?}", kind.name(), drawn.err());
        }
    }
}

#[test]
fn what_is_asked_of_a_histogram_is_drawn_or_refused() {
    let rows: Vec<Vec<String>> = [("1", "10", "'a'"), ("1", "20", "'b'"), ("9", "60", "'a'")]
        .map(|(v, w, n)| vec![v.to_owned(), w.to_owned(), n.to_owned()])
        .to_vec();
    let result = result(&[("v", CqlType::Int), ("w", CqlType::Int), ("n", CqlType::Text)], &rows);
    let drawn = |y| {
        let figure = result.figure(&request("v", Some(y), None, Some(Kind::Histogram)));
        let Marks::Bars(bars) = &figure.marks else { panic!("{figure:?}") };
        (figure.y.title.clone(), bars.iter().map(|bar| bar.to).fold(0.0, f64::max))
    };
    assert_eq!(drawn("v"), ("rows".to_owned(), 2.0));
    assert_eq!(drawn("count"), ("rows".to_owned(), 2.0));
    assert_eq!(drawn("count(v)"), ("rows".to_owned(), 2.0));
    assert_eq!(drawn("mean(v)"), ("mean of v".to_owned(), 9.0));
    assert_eq!(drawn("max(v)"), ("greatest v".to_owned(), 9.0));
    assert_eq!(drawn("w"), ("sum of w".to_owned(), 60.0));
    assert_eq!(drawn("mean(w)"), ("mean of w".to_owned(), 60.0));
    for y in ["n", "max(n)", "mean(n)"] {
        let error = result.error(&request("v", Some(y), None, Some(Kind::Histogram))).to_string();
        assert_eq!(error, "`n` is no number, and a histogram needs one for `--y`.", "{y}");
    }
}

#[test]
fn a_sum_beyond_all_doubles_is_no_length() {
    let rows: Vec<Vec<String>> = [("1", "'a'", "1e308"), ("1", "'b'", "1.5e308")]
        .map(|(x, g, y)| vec![x.to_owned(), g.to_owned(), y.to_owned()])
        .to_vec();
    let result = result(&[("x", CqlType::Int), ("g", CqlType::Text), ("y", CqlType::Double)], &rows);
    for kind in [Kind::Bar, Kind::Line, Kind::Area, Kind::Histogram] {
        let error = result.error(&request("x", Some("sum(y)"), None, Some(kind))).to_string();
        assert_eq!(error, "The sum of y is beyond 1.8E308, the largest number that a chart holds.");
        let figure = result.figure(&request("x", Some("mean(y)"), None, Some(kind)));
        let Scale::Number(_, high) = figure.y.scale else { panic!("{figure:?}") };
        assert!((1.25e308..1.7e308).contains(&high), "{high}");
        // Each of them can be drawn, and not one on the other.
        let apart = result.figure(&request("x", Some("sum(y)"), Some("g"), Some(kind)));
        let Scale::Number(_, high) = apart.y.scale else { panic!("{apart:?}") };
        assert!(high.is_finite(), "{high}");
    }
}

#[test]
fn only_what_adds_up_is_stacked() {
    let rows: Vec<Vec<String>> =
        [("1", "'a'", "22"), ("1", "'b'", "24"), ("2", "'a'", "20"), ("2", "'b'", "11")]
            .map(|(x, g, y)| vec![x.to_owned(), g.to_owned(), y.to_owned()])
            .to_vec();
    let columns = [("x", CqlType::Int), ("g", CqlType::Text), ("y", CqlType::Int)];
    let result = result(&columns, &rows);
    let greatest = |y| {
        let figure = result.figure(&request("x", Some(y), Some("g"), Some(Kind::Area)));
        let Marks::Areas(areas) = &figure.marks else { panic!("{figure:?}") };
        let top = areas.iter().flat_map(|area| &area.points).map(|point| point.2).fold(0.0, f64::max);
        (top, figure.notes.len())
    };
    assert_eq!([greatest("y"), greatest("max(y)"), greatest("mean(y)")], [(24.0, 1); 3]);
    assert_eq!([greatest("sum(y)"), greatest("count")], [(46.0, 0), (2.0, 0)]);
}

#[test]
fn daily_dates_have_bars_of_a_day_and_hours_that_come_twice_are_two() {
    let days = |ty: CqlType, days: &[&str]| {
        let rows: Vec<Vec<String>> =
            days.iter().map(|day| vec![format!("'{day}'"), "1".to_owned()]).collect();
        let result = result(&[("d", ty), ("v", CqlType::Int)], &rows);
        let figure = result.figure(&request("d", Some("v"), None, Some(Kind::Bar)));
        let Marks::Bars(bars) = figure.marks else { panic!() };
        let widths = bars.iter().map(|bar| match bar.place {
            super::figure::Place::Span(from, to) => (to - from) / 3_600_000.0,
            super::figure::Place::Band(_) => 0.0,
        });
        widths.collect::<Vec<_>>()
    };
    assert_eq!(days(CqlType::Date, &["2013-02-01", "2013-02-02", "2013-02-03"]), [24.0; 3]);
    assert_eq!(days(CqlType::Date, &["2013-02-01"]), [24.0]);
    assert_eq!(days(CqlType::Timestamp, &["2013-02-01T00:00:00Z", "2013-02-02T00:00:00Z"]), [24.0; 2]);
    let rows =
        ["2013-11-03T05:30:00Z", "2013-11-03T06:30:00Z"].map(|at| vec![format!("'{at}'"), "7".to_owned()]);
    let twice = result(&[("at", CqlType::Timestamp), ("v", CqlType::Int)], &rows);
    let zone = TimeZone::get("America/New_York").unwrap();
    let asked = Request { zone, ..request("at", Some("v"), None, None) };
    let figure = twice.figure(&asked);
    assert!(matches!(&figure.marks, Marks::Lines(lines) if lines[0].points.len() == 2), "{figure:?}");
    let spec = plot(&twice.columns, &twice.pages, &asked).unwrap().vega_lite.unwrap();
    assert!(spec.contains("01:30:00 -04:00") && spec.contains("01:30:00 -05:00"), "{spec}");
}

#[test]
fn a_part_of_the_rows_says_so_in_every_twin_and_values_are_told_exactly() {
    let rows = [["'a'", "24833"]].map(|row| row.map(str::to_owned).to_vec());
    let result = result(&[("k", CqlType::Text), ("v", CqlType::Int)], &rows);
    let part = "Only the 1 rows that were fetched are drawn: the database has more.";
    let asked = Request { part: Some(part.to_owned()), ..request("k", Some("v"), None, None) };
    let bundle = plot(&result.columns, &result.pages, &asked).unwrap();
    assert!(bundle.plain.contains(part) && bundle.plain.contains("24,833"), "{}", bundle.plain);
    assert!(bundle.picture.unwrap().alt.contains(part));
    let spec: Value = serde_json::from_str(&bundle.vega_lite.unwrap()).unwrap();
    assert_eq!(spec["title"]["subtitle"][1], part);
    assert_eq!(spec["encoding"]["tooltip"][1]["format"], ",.15~g");
}

#[test]
fn numbers_beyond_a_double_are_told_apart_and_what_is_there_is_not_called_empty() {
    let digits = "9".repeat(400);
    let rows: Vec<Vec<String>> = [
        ("9223372036854775807", "1E400", digits.as_str(), "1"),
        ("9223372036854775806", "-1E400", "9007199254740993", "2"),
        ("9223372036854775807", "0.1", "9007199254740992", "3"),
        ("5", "null", "-1", "4"),
    ]
    .iter()
    .map(|row| [row.0, row.1, row.2, row.3].map(str::to_owned).to_vec())
    .collect();
    let columns =
        [("b", CqlType::Bigint), ("d", CqlType::Decimal), ("v", CqlType::Varint), ("y", CqlType::Int)];
    let all = result(&columns, &rows);

    // Bands of whole numbers: two that are one double are two bands, in order and by their own digits.
    let figure = all.figure(&request("b", Some("sum(y)"), None, Some(Kind::Bar)));
    assert_eq!(
        figure.x.scale,
        Scale::Bands(["5", "9223372036854775806", "9223372036854775807"].map(str::to_owned).to_vec())
    );
    let Marks::Bars(bars) = &figure.marks else { panic!("{:?}", figure.marks) };
    assert_eq!(bars.iter().map(|bar| bar.to).collect::<Vec<_>>(), [4.0, 2.0, 4.0]);

    // Colours: each value its own, in the order of numbers; what is null says so, and nothing else does.
    let names = |color: &str| {
        let figure = all.figure(&request("y", Some("sum(y)"), Some(color), Some(Kind::Bar)));
        assert!(!figure.notes.iter().any(|note| note.contains("cannot be drawn")), "{:?}", figure.notes);
        match figure.key {
            Some(Key::Groups { names, .. }) => names,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(names("b"), ["5", "9223372036854775806", "9223372036854775807"]);
    assert_eq!(names("d"), ["-1E+400", "0.1", "1E+400", "null"]);
    let varints = names("v");
    assert_eq!(varints[..3], ["-1", "9007199254740992", "9007199254740993"]);
    assert!(varints[3].starts_with("99999") && varints.len() == 4, "{varints:?}");

    // Shades are of doubles: what has none is said.
    let figure = all.figure(&request("y", Some("y"), Some("d"), Some(Kind::Point)));
    assert!(
        figure.notes.iter().any(|note| note.starts_with("Of d, 2 values cannot be drawn")),
        "{:?}",
        figure.notes
    );

    // Up: what is null is left out, and what is too large is said to be just that.
    let figure = all.figure(&request("y", Some("d"), None, Some(Kind::Point)));
    assert_eq!(
        figure.notes,
        [
            "1 row without d is left out.",
            "Of d, 2 values cannot be drawn: beyond 1.8E308, the largest number that a chart holds."
        ]
    );
    let large = result(&[("d", CqlType::Decimal)], &[vec!["1E400".to_owned()], vec!["2E400".to_owned()]]);
    assert_eq!(
        large.error(&request("d", None, None, None)).to_string(),
        "There is nothing to draw: of d, 2 values cannot be drawn: beyond 1.8E308, the largest number that a chart holds."
    );
}
