//! Lines and areas.

use super::{Data, can_be_stacked, come_to, extent, key, sentence_case};
use crate::chart::ChartError;
use crate::chart::figure::{Area, Axis, Figure, Line, Marks, Place, Scale};
use crate::chart::measure::{Aggregate, Tally};
use crate::chart::place::{Groups, binned};
use crate::chart::scale::number_range;
use crate::chart::values::Sort;

/// The most places along a line whose values are drawn as they are.
const PLACES: usize = 1000;
/// The most stretches that more are put together in.
const BINS: usize = 400;

/// Values at places from left to right, for each group.
struct Course {
    at: Vec<f64>,
    scale: Scale,
    bin: Option<String>,
    /// By group, then by place.
    values: Vec<Vec<Option<f64>>>,
    groups: Groups,
    together: bool,
}

/// A line for each group.
pub(super) fn lines(data: &Data) -> Result<Figure, ChartError> {
    let course = course(data, "a line")?;
    let (low, high) = extent(course.values.iter().flatten().flatten().copied());
    let lines = course.values.iter().enumerate().map(|(group, values)| Line {
        group,
        points: course.at.iter().zip(values).filter_map(|(at, value)| Some((*at, (*value)?))).collect(),
    });
    let lines = lines.filter(|line| !line.points.is_empty()).collect();
    Ok(finish(data, &course, number_range(low, high, false), Marks::Lines(lines)))
}

/// An area for each group. Only counts and sums that are not negative are parts of a whole and lie on top of each other; what
/// does not add up (means, maxima, plain values) is drawn from zero, one over the other.
pub(super) fn areas(data: &Data) -> Result<Figure, ChartError> {
    let course = course(data, "an area")?;
    let several = course.values.len() > 1;
    let adds_up = matches!(data.aggregate(), Aggregate::Count | Aggregate::Sum);
    let at = |place: usize| course.values.iter().filter_map(move |line| line.get(place).copied().flatten());
    let stacked = several && adds_up && (0..course.at.len()).all(|place| can_be_stacked(at(place)));
    let mut base = vec![0.0; course.at.len()];
    let mut areas = Vec::new();
    for (group, values) in course.values.iter().enumerate() {
        let mut points = Vec::new();
        for ((at, value), base) in course.at.iter().zip(values).zip(&mut base) {
            // Nothing counted is nothing; where there is no mean, there is no point.
            let Some(value) = value.or(adds_up.then_some(0.0)) else { continue };
            let from = if stacked { *base } else { 0.0 };
            *base = from + value;
            points.push((*at, from, from + value));
        }
        areas.push(Area { group, points });
    }
    areas.retain(|area| !area.points.is_empty());
    let (low, high) = extent(areas.iter().flat_map(|area| &area.points).flat_map(|point| [point.1, point.2]));
    let mut figure = finish(data, &course, number_range(low, high, true), Marks::Areas(areas));
    if several && !stacked {
        figure
            .notes
            .push("The areas all begin at zero, one over the other: their values do not add up.".to_owned());
    }
    Ok(figure)
}

fn course(data: &Data, kind: &str) -> Result<Course, ChartError> {
    let amounts = data.amounts(kind)?;
    let groups = data.groups();
    let mut exact: Vec<f64> = data.of(&data.x).collect();
    let mut at = exact.clone();
    at.sort_by(f64::total_cmp);
    at.dedup();
    let mut bin = None;
    let mut ends = extent(at.iter().copied());
    if at.len() > PLACES && !data.x.is_name() {
        let placed = binned(&data.x, &data.rows, BINS);
        let start = |place: &Place| match place {
            // A stretch of time is named by its beginning, one of numbers stands at its middle.
            Place::Span(from, _) if data.x.is_time() => *from,
            other => other.middle(),
        };
        at = placed.places.iter().map(start).collect();
        exact = placed.of.iter().map(|&place| at.get(place).copied().unwrap_or_default()).collect();
        bin.clone_from(&placed.bin);
        ends = extent(at.iter().copied());
    }
    let mut tallies = vec![vec![data.tally(); at.len()]; groups.names.len()];
    for (index, amount) in amounts.iter().enumerate() {
        let place =
            exact.get(index).and_then(|value| at.binary_search_by(|other| other.total_cmp(value)).ok());
        let group = groups.of.get(index).and_then(|&group| tallies.get_mut(group));
        if let (Some(place), Some(group)) = (place, group)
            && let Some(tally) = group.get_mut(place)
        {
            tally.take(*amount);
        }
    }
    let together = data.together(tallies.iter().flatten());
    let aggregate = data.aggregate();
    let result = |tally: &Tally| come_to(tally, aggregate, data.y.as_ref());
    let values = tallies
        .iter()
        .map(|line| line.iter().map(result).collect())
        .collect::<Result<Vec<Vec<Option<f64>>>, _>>()?;
    let scale = match data.x.sort {
        Sort::Name => Scale::Bands(names(data, &at)),
        Sort::Number { .. } => Scale::Number(ends.0, if ends.0 == ends.1 { ends.1 + 1.0 } else { ends.1 }),
        sort => {
            let high = if ends.0 == ends.1 { ends.1 + 1000.0 } else { ends.1 };
            Scale::Time { low: ends.0, high, clock: sort == Sort::Clock, zone: data.x.zone.clone() }
        }
    };
    if data.x.is_name() {
        // Bands are counted from zero, whichever names were left out.
        at = (0..at.len()).map(|index| index as f64).collect();
    }
    Ok(Course { at, scale, bin, values, groups, together })
}

fn names(data: &Data, places: &[f64]) -> Vec<String> {
    places.iter().map(|&place| data.x.names.get(place as usize).cloned().unwrap_or_default()).collect()
}

fn finish(data: &Data, course: &Course, (low, high): (f64, f64), marks: Marks) -> Figure {
    let measure = data.measure(course.together);
    let (key, note) = key(&course.groups);
    let what = if course.together { measure.as_str() } else { "" };
    Figure {
        title: format!("{} by {}", sentence_case(&measure), data.x.name),
        subtitle: data.subtitle(what, course.bin.as_deref()),
        notes: note.into_iter().collect(),
        x: data.axis(&data.x, course.scale.clone()),
        y: Axis { title: measure, scale: Scale::Number(low, high) },
        key,
        marks,
    }
}
