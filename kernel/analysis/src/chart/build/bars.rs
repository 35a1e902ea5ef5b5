//! Bars and histograms.

use cqlbook_core::render::count;

use super::{Data, can_be_stacked, come_to, extent, key, sentence_case};
use crate::chart::ChartError;
use crate::chart::figure::{Axis, Bar, Figure, Marks, Place, Scale};
use crate::chart::measure::{Aggregate, Tally};
use crate::chart::place::{Groups, Placed, bands_or_bins, binned};
use crate::chart::scale::number_range;

/// Whole numbers of at most so many values get a bar each, as names do.
const BANDS: usize = 60;
/// The most bars along an axis of bins.
const BINS: usize = 40;
/// The most bars of a histogram.
const FINE_BINS: usize = 60;
/// The most names that have a bar.
const NAMES: usize = 40;

/// A bar for each name, number or stretch of time.
pub(super) fn bars(data: &Data) -> Result<Figure, ChartError> {
    let amounts = data.amounts("a bar")?;
    let placed = bands_or_bins(&data.x, &data.rows, BANDS, BINS);
    draw(data, placed, &amounts, data.aggregate(), false)
}

/// Bars that count rows by value, or add up another column's numbers.
pub(super) fn histogram(data: &Data) -> Result<Figure, ChartError> {
    // A column by itself is counted, unless something else is asked of it.
    let counts = data.y.as_ref().is_none_or(|y| y.name == data.x.name && data.aggregate.is_none());
    let (amounts, aggregate) = match data.aggregate {
        Some(Aggregate::Count) => (vec![1.0; data.rows.len()], Aggregate::Count),
        _ if counts => (vec![1.0; data.rows.len()], Aggregate::Count),
        other => (data.amounts("a histogram")?, other.unwrap_or(Aggregate::Sum)),
    };
    let placed = if data.x.is_name() {
        bands_or_bins(&data.x, &data.rows, BANDS, BINS)
    } else {
        binned(&data.x, &data.rows, FINE_BINS)
    };
    draw(data, placed, &amounts, aggregate, true)
}

fn draw(
    data: &Data,
    mut placed: Placed,
    amounts: &[f64],
    aggregate: Aggregate,
    histogram: bool,
) -> Result<Figure, ChartError> {
    let groups = data.groups();
    let wide = groups.names.len();
    let mut tallies = tally(data, &placed, &groups, amounts, aggregate);
    let together = histogram || data.together(&tallies);
    let mut notes = Vec::new();
    if !placed.names.is_empty() && data.x.is_name() {
        let (kept, note) = chosen(&placed, &tallies, wide, aggregate, together, &data.x.name);
        placed.keep(&kept);
        notes.extend(note);
        tallies = tally(data, &placed, &groups, amounts, aggregate);
    }
    let results = tallies.iter().map(|tally| come_to(tally, aggregate, data.y.as_ref()));
    let results: Vec<Option<f64>> = results.collect::<Result<_, _>>()?;
    // Counts and sums of groups are parts of a whole; other values are compared side by side.
    let stacked = wide > 1
        && together
        && matches!(aggregate, Aggregate::Count | Aggregate::Sum)
        && results.chunks(wide.max(1)).all(|bars| can_be_stacked(bars.iter().flatten().copied()));

    let mut bars = Vec::new();
    for (place, &at) in placed.places.iter().enumerate() {
        let mut base = 0.0;
        for group in 0..wide {
            let cell = place * wide + group;
            let (Some(Some(value)), Some(tally)) = (results.get(cell), tallies.get(cell)) else { continue };
            let (from, to) = if stacked { (base, base + value) } else { (0.0, *value) };
            base = to;
            let (place, slot) = match at {
                _ if stacked || wide == 1 => (at, (0, 1)),
                Place::Band(_) => (at, (group, wide)),
                Place::Span(low, high) => {
                    let part = (high - low) / wide as f64;
                    (Place::Span(low + part * group as f64, low + part * (group + 1) as f64), (0, 1))
                }
            };
            bars.push(Bar { place, slot, from, to, group, rows: tally.rows });
        }
    }
    let (low, high) = extent(bars.iter().flat_map(|bar| [bar.from, bar.to]));
    let measure = match aggregate {
        Aggregate::Count => "rows".to_owned(),
        _ if histogram => {
            format!("{} {}", aggregate.words(), data.y.as_ref().map_or("", |y| y.name.as_str()))
        }
        _ => data.measure(together),
    };
    let (key, note) = key(&groups);
    notes.extend(note);
    let (low, high) = number_range(low, high, true);
    let title = if histogram && aggregate == Aggregate::Count {
        format!("Distribution of {}", data.x.name)
    } else {
        format!("{} by {}", sentence_case(&measure), data.x.name)
    };
    let what = if together { measure.as_str() } else { "" };
    let subtitle = if aggregate == Aggregate::Count {
        let per = placed.bin.as_deref().map(|bin| format!(", in steps of {bin}"));
        data.subtitle("", None) + &per.unwrap_or_default()
    } else {
        data.subtitle(what, placed.bin.as_deref())
    };
    Ok(Figure {
        title,
        subtitle,
        notes,
        x: data.axis(&data.x, placed.scale()),
        y: Axis { title: measure, scale: Scale::Number(low, high) },
        key,
        marks: Marks::Bars(bars),
    })
}

fn tally(data: &Data, placed: &Placed, groups: &Groups, amounts: &[f64], aggregate: Aggregate) -> Vec<Tally> {
    let wide = groups.names.len();
    let empty = Tally::new(aggregate == Aggregate::Median);
    let mut tallies = vec![empty; placed.places.len() * wide];
    for (index, amount) in amounts.iter().enumerate().take(data.rows.len()) {
        let (Some(&place), Some(&group)) = (placed.of.get(index), groups.of.get(index)) else { continue };
        let cell = place.checked_mul(wide).and_then(|start| start.checked_add(group));
        if let Some(tally) = cell.and_then(|cell| tallies.get_mut(cell)) {
            tally.take(*amount);
        }
    }
    tallies
}

/// Which names have a bar and in what order: the result's own where each is one row, else by name; the greatest where they are many.
fn chosen(
    placed: &Placed,
    tallies: &[Tally],
    wide: usize,
    aggregate: Aggregate,
    together: bool,
    column: &str,
) -> (Vec<usize>, Option<String>) {
    let mut order: Vec<usize> = (0..placed.names.len()).collect();
    if order.len() > NAMES {
        let size = |place: usize| {
            let cells = tallies.iter().skip(place * wide).take(wide);
            cells.filter_map(|tally| tally.result(aggregate)).map(f64::abs).fold(0.0, f64::max)
        };
        order.sort_by(|&left, &right| size(right).total_cmp(&size(left)).then(left.cmp(&right)));
        let all = order.len();
        order.truncate(NAMES);
        let note = format!("The {NAMES} greatest of {} values of {column} are shown.", count(all as u64));
        return (order, Some(note));
    }
    if together {
        order.sort_by(|&left, &right| placed.names[left].cmp(&placed.names[right]));
    }
    (order, None)
}
