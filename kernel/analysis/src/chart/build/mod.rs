//! Works out a figure: reads the columns, leaves out rows without a value, chooses the kind, and places the marks.

mod bars;
mod boxes;
mod fields;
mod lines;
mod points;

use std::sync::Arc;

use cqlbook_core::column::Column;
use cqlbook_core::page::Page;
use cqlbook_core::render::count;
use jiff::tz::TimeZone;

use super::figure::{Axis, Figure, Key, Scale};
use super::measure::{self, Aggregate, Tally};
use super::place::Groups;
use super::values::{self, Series};
use super::{ChartError, Kind, Request, find};

/// The figure that is asked for.
pub(super) fn figure(
    columns: &[Column],
    pages: &[Arc<dyn Page>],
    request: &Request,
) -> Result<Figure, ChartError> {
    let x = find(columns, &request.x)?;
    let y = request.y.as_deref().map(|text| Wanted::of(columns, text)).transpose()?;
    let color = request.color.as_deref().map(|text| Wanted::of(columns, text)).transpose()?;
    let mut places = vec![x];
    places.extend(y.and_then(|y| y.column));
    places.extend(color.and_then(|color| color.column));
    let mut series = values::read(columns, pages, &places, &request.zone)?.into_iter();
    let Some(x) = series.next() else {
        return Err(ChartError::Empty { reason: "the result has no such column".to_owned() });
    };
    let mut next =
        |wanted: Option<Wanted>| wanted.and_then(|wanted| wanted.column).and_then(|_| series.next());
    let y_series = next(y);
    let color_series = next(color);
    let kind = request.kind.unwrap_or_else(|| guess(&x, y, y_series.as_ref()));
    if kind != Kind::Heatmap && color.is_some_and(|color| color.aggregate.is_some()) {
        return Err(ChartError::unfit(
            "`--color` takes a column here.",
            "Only a heatmap shades what values come to, such as `mean(dep_delay)`.",
        ));
    }
    let aggregate = y.and_then(|y| y.aggregate);
    let data = Data::new(x, y_series, color_series, aggregate, kind, &request.zone)?;
    let mut figure = match kind {
        Kind::Bar => bars::bars(&data),
        Kind::Histogram => bars::histogram(&data),
        Kind::Line => lines::lines(&data),
        Kind::Area => lines::areas(&data),
        Kind::Point => points::points(&data),
        Kind::Heatmap => fields::fields(&data, color),
        Kind::Box => boxes::boxes(&data),
    }?;
    if let Some(title) = &request.title {
        figure.title.clone_from(title);
    }
    figure.notes.extend(data.left_out());
    // First of all, as it is of all the rest.
    figure.notes.splice(0..0, request.part.clone());
    Ok(figure)
}

/// A column, or what its values come to, as an option says.
#[derive(Debug, Clone, Copy)]
struct Wanted {
    column: Option<usize>,
    aggregate: Option<Aggregate>,
}

impl Wanted {
    /// A column of that very name goes before an aggregate: `count` is what CQL calls a count's column.
    fn of(columns: &[Column], text: &str) -> Result<Self, ChartError> {
        let found = find(columns, text);
        match (found, measure::parse(text)) {
            (Ok(place), _) => Ok(Self { column: Some(place), aggregate: None }),
            (Err(_), Some((aggregate, None))) => Ok(Self { column: None, aggregate: Some(aggregate) }),
            (Err(_), Some((aggregate, Some(name)))) => {
                Ok(Self { column: Some(find(columns, name)?), aggregate: Some(aggregate) })
            }
            (Err(error), None) => Err(error),
        }
    }
}

/// The kind that suits the columns best.
fn guess(x: &Series, y: Option<Wanted>, y_series: Option<&Series>) -> Kind {
    let Some(y) = y else { return if x.is_name() { Kind::Bar } else { Kind::Histogram } };
    if x.is_time() {
        Kind::Line
    } else if x.is_name() {
        Kind::Bar
    } else if y.aggregate.is_some() {
        Kind::Line
    } else if y_series.is_some_and(Series::is_number) {
        Kind::Point
    } else {
        Kind::Heatmap
    }
}

/// What a figure is made of.
struct Data {
    x: Series,
    y: Option<Series>,
    color: Option<Series>,
    /// What was asked for; otherwise the kind knows.
    aggregate: Option<Aggregate>,
    /// The rows that have all that is drawn.
    rows: Vec<usize>,
    /// How many there are.
    total: usize,
    /// The columns for want of whose values rows are left out.
    lacking: Vec<String>,
    zone: String,
}

impl Data {
    fn new(
        x: Series,
        y: Option<Series>,
        color: Option<Series>,
        aggregate: Option<Aggregate>,
        kind: Kind,
        zone: &TimeZone,
    ) -> Result<Self, ChartError> {
        let total = x.values.len();
        let there = |series: &Series, row: usize| series.values.get(row).is_some_and(Option::is_some);
        // What only counts rows needs no value of the column that it may name; a shaded field does of the shade's.
        let shade = if kind == Kind::Heatmap { color.as_ref() } else { None };
        let rows: Vec<usize> = (0..total)
            .filter(|&row| {
                let all = [Some(&x), y.as_ref(), shade];
                all.into_iter().flatten().all(|series| there(series, row))
            })
            .collect();
        let mut lacking: Vec<String> = Vec::new();
        for series in [Some(&x), y.as_ref(), shade].into_iter().flatten() {
            if series.values.iter().any(Option::is_none) && !lacking.contains(&series.name) {
                lacking.push(series.name.clone());
            }
        }
        let zone = zone.iana_name().unwrap_or("the zone set").to_owned();
        let data = Self { x, y, color, aggregate, rows, total, lacking, zone };
        if total == 0 {
            return Err(ChartError::Empty { reason: "the result has no rows".to_owned() });
        }
        if data.rows.is_empty() {
            return Err(ChartError::Empty {
                reason: format!("no row has a value of {}", data.lacking.join(" and ")),
            });
        }
        Ok(data)
    }

    /// What is not drawn, or not as it is: each a sentence.
    fn left_out(&self) -> Vec<String> {
        let out = self.total - self.rows.len();
        let verb = if out == 1 { "is" } else { "are" };
        let left = (out > 0)
            .then(|| format!("{} without {} {verb} left out.", rows(out), self.lacking.join(" or ")));
        let mut notes: Vec<String> = left.into_iter().collect();
        let drawn = [Some(&self.x), self.y.as_ref(), self.color.as_ref()];
        for series in drawn.into_iter().flatten() {
            if series.unfit > 0 {
                let why =
                    if series.is_number() { "no finite numbers" } else { "beyond the years of a calendar" };
                notes.push(format!(
                    "Of {}, {} cannot be drawn: {why}.",
                    series.name,
                    values_of(series.unfit)
                ));
            }
            if series.inexact > 0 {
                let verb = if series.inexact == 1 { "is" } else { "are" };
                notes.push(format!(
                    "Of {}, {} {verb} drawn at the nearest number that a chart holds: beyond 2^53 it has not all of them.",
                    series.name,
                    values_of(series.inexact)
                ));
            }
        }
        notes.dedup();
        notes
    }

    fn groups(&self) -> Groups {
        self.color
            .as_ref()
            .map_or_else(|| Groups::one(self.rows.len()), |color| Groups::by(color, &self.rows))
    }

    /// The values up, which must be numbers; ones where rows are counted.
    fn amounts(&self, kind: &str) -> Result<Vec<f64>, ChartError> {
        match &self.y {
            None => Ok(vec![1.0; self.rows.len()]),
            Some(_) if self.aggregate == Some(Aggregate::Count) => Ok(vec![1.0; self.rows.len()]),
            Some(y) if y.is_number() => Ok(self.of(y).collect()),
            Some(y) => Err(ChartError::unfit(
                format!("`{}` is no number, and {kind} needs one for `--y`.", y.name),
                "`--y count` counts rows. `--kind heatmap` takes names and times both ways.",
            )),
        }
    }

    /// A column's values of the kept rows.
    fn of<'a>(&'a self, series: &'a Series) -> impl Iterator<Item = f64> + 'a {
        self.rows.iter().map(|&row| series.values.get(row).copied().flatten().unwrap_or_default())
    }

    /// What many values come to: what was asked for, a count where there is no column, else the mean.
    fn aggregate(&self) -> Aggregate {
        self.aggregate.unwrap_or(if self.y.is_some() { Aggregate::Mean } else { Aggregate::Count })
    }

    /// What an amount is called; `together` where it is of many rows.
    fn measure(&self, together: bool) -> String {
        let aggregate = self.aggregate();
        match &self.y {
            Some(y) if aggregate != Aggregate::Count => {
                if together {
                    format!("{} {}", aggregate.words(), y.name)
                } else {
                    y.name.clone()
                }
            }
            _ => "rows".to_owned(),
        }
    }

    fn tally(&self) -> Tally {
        Tally::new(self.aggregate() == Aggregate::Median)
    }

    /// Whether marks are of many rows, or something was asked of them that says so.
    fn together<'a>(&self, tallies: impl IntoIterator<Item = &'a Tally>) -> bool {
        self.aggregate.is_some() || self.y.is_none() || tallies.into_iter().any(|tally| tally.rows > 1)
    }

    /// An axis along a column.
    fn axis(&self, series: &Series, scale: Scale) -> Axis {
        let title = if series.zoned && matches!(scale, Scale::Time { .. }) {
            format!("{} ({})", series.name, self.zone)
        } else {
            series.name.clone()
        };
        Axis { title, scale }
    }

    /// `mean of dep_delay per week · 328,521 rows`.
    fn subtitle(&self, what: &str, bin: Option<&str>) -> String {
        let rows = rows(self.rows.len());
        let per = bin.map(|bin| format!(" per {bin}")).unwrap_or_default();
        if what.is_empty() { rows } else { format!("{what}{per} · {rows}") }
    }
}

/// `1 value`, `2 values`.
fn values_of(number: u64) -> String {
    format!("{} {}", count(number), if number == 1 { "value" } else { "values" })
}

/// `1 row`, `336,776 rows`.
fn rows(number: usize) -> String {
    format!("{} {}", count(number as u64), if number == 1 { "row" } else { "rows" })
}

/// The key of groups, and what to say of those that share a colour.
fn key(groups: &Groups) -> (Option<Key>, Option<String>) {
    let Some(title) = &groups.title else { return (None, None) };
    let note = (groups.shared > 0).then(|| {
        format!("The {} rarest values of {title} are drawn together, as others.", count(groups.shared as u64))
    });
    (Some(Key::Groups { title: title.clone(), names: groups.names.clone() }), note)
}

/// The least and the greatest; zero and one of nothing.
fn extent(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values
        .map(|value| (value, value))
        .reduce(|all, one| (all.0.min(one.0), all.1.max(one.1)))
        .unwrap_or((0.0, 1.0))
}

/// The same with its first letter in upper case, unless that is part of a name.
fn sentence_case(text: &str) -> String {
    if text == "rows" {
        return "Rows".to_owned();
    }
    match text.split_once(' ') {
        Some((first, rest)) if !first.contains(['_', '.']) => {
            let mut letters = first.chars();
            let head: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
            format!("{head}{} {rest}", letters.as_str())
        }
        _ => text.to_owned(),
    }
}
