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
    let left_out = data.left_out(&figure);
    figure.notes.extend(left_out);
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
    /// The columns for want of whose values rows are left out, and how many of these.
    lacking: Vec<String>,
    without: usize,
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
        let none = |series: &Series, row: usize| !there(series, row) && !series.is_unfit(row);
        let drawn = || [Some(&x), y.as_ref(), shade].into_iter().flatten();
        for series in drawn() {
            if (0..total).any(|row| none(series, row)) && !lacking.contains(&series.name) {
                lacking.push(series.name.clone());
            }
        }
        // Rows whose values are there and cannot be drawn are told by themselves.
        let without = (0..total).filter(|&row| drawn().any(|series| none(series, row))).count();
        let zone = zone.iana_name().unwrap_or("the zone set").to_owned();
        let data = Self { x, y, color, aggregate, rows, lacking, without, zone };
        if total == 0 {
            return Err(ChartError::Empty { reason: "the result has no rows".to_owned() });
        }
        if data.rows.is_empty() {
            return Err(ChartError::Empty { reason: data.nothing() });
        }
        Ok(data)
    }

    /// Why no row is drawn, as the end of a sentence.
    fn nothing(&self) -> String {
        let drawn = [Some(&self.x), self.y.as_ref(), self.color.as_ref()];
        let unfit: Vec<String> = drawn.into_iter().flatten().filter_map(unfit).collect();
        if self.lacking.is_empty() && !unfit.is_empty() {
            return unfit.join(" ").trim_end_matches('.').replacen("Of ", "of ", 1);
        }
        format!("no row has a value of {}", self.lacking.join(" and "))
    }

    /// What is not drawn, or not as it is: each a sentence.
    fn left_out(&self, figure: &Figure) -> Vec<String> {
        let out = self.without;
        let verb = if out == 1 { "is" } else { "are" };
        let left = (out > 0)
            .then(|| format!("{} without {} {verb} left out.", rows(out), self.lacking.join(" or ")));
        let mut notes: Vec<String> = left.into_iter().collect();
        // Groups have a colour for each value, whether it could be placed or not.
        let is_shaded = matches!(figure.key, Some(Key::Shades { .. }));
        let color = self.color.as_ref().filter(|color| is_shaded || color.wide.is_full());
        // Bands are those of the values themselves.
        let is_banded = matches!(figure.x.scale, Scale::Bands(_));
        let drawn = [Some(&self.x), self.y.as_ref(), color];
        for series in drawn.into_iter().flatten() {
            notes.extend(unfit(series));
            if series.inexact > 0 && !(is_banded && std::ptr::eq(series, &self.x)) {
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

/// What the values of a mark come to, of this column. What is beyond a double's reach is no length and no place.
fn come_to(tally: &Tally, aggregate: Aggregate, of: Option<&Series>) -> Result<Option<f64>, ChartError> {
    let result = tally.result(aggregate);
    if result.is_none_or(f64::is_finite) {
        return Ok(result);
    }
    let name = of.map_or("its values", |series| series.name.as_str());
    Err(ChartError::unfit(
        format!("The {} {name} is beyond 1.8E308, the largest number that a chart holds.", aggregate.words()),
        format!("`mean({name})` can be drawn, and so can `max({name})`."),
    ))
}

/// Whether these can be drawn one on the other.
fn can_be_stacked(values: impl Iterator<Item = f64> + Clone) -> bool {
    values.clone().all(|value| value >= 0.0) && values.sum::<f64>().is_finite()
}

/// How many values of a column are there and cannot be drawn, and why: a sentence.
fn unfit(series: &Series) -> Option<String> {
    let number = series.unfit.len() as u64;
    let why = match (series.is_number(), series.unbounded) {
        (true, true) => "beyond 1.8E308, the largest number that a chart holds",
        (true, false) => "no finite numbers",
        _ => "beyond the years of a calendar",
    };
    (number > 0).then(|| format!("Of {}, {} cannot be drawn: {why}.", series.name, values_of(number)))
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
