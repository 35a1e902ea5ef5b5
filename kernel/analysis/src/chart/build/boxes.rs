//! Boxes: the quartiles of a column's numbers, and what lies far from them.

use super::{Data, extent, key};
use crate::chart::ChartError;
use crate::chart::figure::{Axis, BoxMark, Figure, Marks, Place, Scale};
use crate::chart::measure::quantile;
use crate::chart::place::bands_or_bins;
use crate::chart::scale::{number_range, short};

/// Whole numbers of at most so many values get a box each, as names do.
const BANDS: usize = 31;
/// The most boxes along an axis of bins.
const BINS: usize = 24;
/// The most names that have boxes.
const NAMES: usize = 30;
/// How many values beyond one box's whiskers are drawn, about.
const BEYOND: usize = 40;
/// A whisker reaches so many times the box's height.
const REACH: f64 = 1.5;
/// How far the axis goes on behind the farthest whisker, at most, in shares of the whiskers' range.
const ROOM: f64 = 1.0;

/// A box for each name, number or stretch of time.
pub(super) fn boxes(data: &Data) -> Result<Figure, ChartError> {
    let y = data.y.as_ref().filter(|y| y.is_number() && data.aggregate.is_none()).ok_or_else(|| {
        ChartError::unfit(
            "A box needs a column of numbers for `--y`.",
            "`%profile NAME` shows each column's type.",
        )
    })?;
    let mut placed = bands_or_bins(&data.x, &data.rows, BANDS, BINS);
    let groups = data.groups();
    let wide = groups.names.len();
    let mut notes = Vec::new();
    if data.x.is_name() {
        let mut counts = vec![0_usize; placed.names.len()];
        placed.of.iter().for_each(|&place| counts[place] += 1);
        let mut order: Vec<usize> = (0..counts.len()).collect();
        order.sort_by(|&left, &right| counts[right].cmp(&counts[left]).then(left.cmp(&right)));
        if order.len() > NAMES {
            notes.push(format!(
                "The {NAMES} commonest of {} values of {} are shown.",
                order.len(),
                data.x.name
            ));
            order.truncate(NAMES);
        }
        order.sort_by(|&left, &right| placed.names[left].cmp(&placed.names[right]));
        placed.keep(&order);
    }
    let mut values: Vec<Vec<f64>> = vec![Vec::new(); placed.places.len() * wide];
    for (index, value) in data.of(y).enumerate() {
        let (Some(&place), Some(&group)) = (placed.of.get(index), groups.of.get(index)) else { continue };
        let cell = place.checked_mul(wide).and_then(|start| start.checked_add(group));
        if let Some(values) = cell.and_then(|cell| values.get_mut(cell)) {
            values.push(value);
        }
    }
    let mut hidden = 0;
    let mut boxes = Vec::new();
    for (cell, mut values) in values.into_iter().enumerate() {
        values.sort_by(f64::total_cmp);
        let (place, group) = (cell / wide, cell % wide);
        let at = placed.places.get(place).copied().unwrap_or(Place::Band(place));
        let (at, slot) = match at {
            Place::Span(low, high) if wide > 1 => {
                let part = (high - low) / wide as f64;
                (Place::Span(low + part * group as f64, low + part * (group + 1) as f64), (0, 1))
            }
            at => (at, (group, wide)),
        };
        if let Some((mark, left)) = one(&values, at, slot, group) {
            hidden += left;
            boxes.push(mark);
        }
    }
    let whiskers = extent(boxes.iter().flat_map(|mark| [mark.five[0], mark.five[4]]));
    let (low, high) = extent(
        boxes.iter().flat_map(|mark| mark.five.iter().chain(&mark.beyond).copied().collect::<Vec<_>>()),
    );
    // Far values must not press the boxes flat: then the axis is the boxes', with some room.
    let room = whiskers.1 - whiskers.0;
    let (from, to) = (low.max(whiskers.0 - ROOM * room), high.min(whiskers.1 + ROOM * room));
    if (from, to) != (low, high) {
        boxes.iter_mut().for_each(|mark| mark.beyond.retain(|value| (from..=to).contains(value)));
        notes.push(format!("Values as far as {} and {} lie outside the chart.", short(low), short(high)));
    } else if hidden > 0 {
        notes.push(format!("Beyond the whiskers, about {BEYOND} values of each box are drawn."));
    }
    let (low, high) = number_range(from, to, false);
    let (key, note) = key(&groups);
    notes.extend(note);
    Ok(Figure {
        title: format!("{} by {}", y.name, data.x.name),
        subtitle: data
            .subtitle("median, quartiles, and whiskers up to 1.5 times the box", placed.bin.as_deref()),
        notes,
        x: data.axis(&data.x, placed.scale()),
        y: Axis { title: y.name.clone(), scale: Scale::Number(low, high) },
        key,
        marks: Marks::Boxes(boxes),
    })
}

/// The box of sorted values, and how many beyond its whiskers are not drawn.
fn one(sorted: &[f64], place: Place, slot: (usize, usize), group: usize) -> Option<(BoxMark, usize)> {
    let [low, middle, high] = [0.25, 0.5, 0.75].map(|share| quantile(sorted, share));
    let (low, middle, high) = (low?, middle?, high?);
    let reach = REACH * (high - low);
    let inside = |value: &&f64| (low - reach..=high + reach).contains(*value);
    let from = sorted.iter().find(inside).copied().unwrap_or(low);
    let to = sorted.iter().rev().find(inside).copied().unwrap_or(high);
    let mut beyond: Vec<f64> = sorted.iter().filter(|value| !inside(value)).copied().collect();
    let all = beyond.len();
    // Those in between are taken evenly, so that near and far ones are seen.
    let every = all.div_ceil(BEYOND).max(1);
    let last = beyond.last().copied();
    beyond = beyond.into_iter().step_by(every).chain(last).collect();
    beyond.dedup();
    let left = all.saturating_sub(beyond.len());
    let mark = BoxMark {
        place,
        slot,
        group,
        five: [from, low, middle, high, to],
        beyond,
        rows: sorted.len() as u64,
    };
    Some((mark, left))
}
