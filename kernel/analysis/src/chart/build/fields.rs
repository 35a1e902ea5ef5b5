//! Heatmaps: a grid of fields, shaded by how many rows they hold or by what a column's values come to there.

use std::collections::BTreeMap;

use super::{Data, Wanted, come_to, extent, sentence_case};
use crate::chart::ChartError;
use crate::chart::figure::{Field, Figure, Key, Marks, Place};
use crate::chart::measure::{Aggregate, Tally};
use crate::chart::place::{Placed, bands_or_bins};
use crate::chart::values::Series;

/// Whole numbers of at most so many values get a band each, as names do.
const BANDS: usize = 60;
/// The most bins along an axis.
const BINS: usize = 40;
/// The most names along an axis.
const NAMES: usize = 40;

/// A field for each place across and place up.
pub(super) fn fields(data: &Data, shade: Option<Wanted>) -> Result<Figure, ChartError> {
    let Some(y) = data.y.as_ref() else {
        return Err(ChartError::unfit(
            "A heatmap needs a column for `--y`.",
            "`--color COL` shades the fields by a column's mean; without it they count rows.",
        ));
    };
    let aggregate = shade.and_then(|shade| shade.aggregate).unwrap_or(Aggregate::Mean);
    let shade = data.color.as_ref().filter(|_| aggregate != Aggregate::Count);
    if let Some(shade) = shade.filter(|shade| !shade.is_number()) {
        return Err(ChartError::unfit(
            format!("`{}` is no number, and a heatmap shades numbers.", shade.name),
            "Without `--color` the fields count rows.",
        ));
    }
    let aggregate = if shade.is_some() { aggregate } else { Aggregate::Count };
    let (across, across_note) = along(&data.x, &data.rows);
    let (up, up_note) = along(y, &data.rows);

    let mut tallies: BTreeMap<(usize, usize), Tally> = BTreeMap::new();
    for (index, &row) in data.rows.iter().enumerate() {
        let (Some(&x), Some(&y)) = (across.of.get(index), up.of.get(index)) else { continue };
        if x == usize::MAX || y == usize::MAX {
            continue;
        }
        let value = shade.and_then(|shade| shade.values.get(row).copied().flatten()).unwrap_or(1.0);
        tallies.entry((x, y)).or_insert_with(|| Tally::new(aggregate == Aggregate::Median)).take(value);
    }
    let place =
        |placed: &Placed, index: usize| placed.places.get(index).copied().unwrap_or(Place::Band(index));
    let fields: Vec<Field> = tallies
        .iter()
        .filter_map(|(&(x, y), tally)| {
            let value = come_to(tally, aggregate, shade).transpose()?;
            let field = |value| Field { x: place(&across, x), y: place(&up, y), value, rows: tally.rows };
            Some(value.map(field))
        })
        .collect::<Result<_, _>>()?;
    let measure = match shade {
        Some(shade) => format!("{} {}", aggregate.words(), shade.name),
        None => "rows".to_owned(),
    };
    let (low, high) = extent(fields.iter().map(|field| field.value));
    // Counts begin at nothing.
    let low = if shade.is_none() { 0.0 } else { low };
    Ok(Figure {
        title: format!("{} by {} and {}", sentence_case(&measure), data.x.name, y.name),
        subtitle: data.subtitle(if shade.is_some() { &measure } else { "" }, None),
        notes: across_note.into_iter().chain(up_note).collect(),
        x: data.axis(&data.x, across.scale()),
        y: data.axis(y, up.scale()),
        key: Some(Key::Shades { title: measure, low, high }),
        marks: Marks::Fields(fields),
    })
}

fn along(series: &Series, rows: &[usize]) -> (Placed, Option<String>) {
    let mut placed = bands_or_bins(series, rows, BANDS, BINS);
    if !series.is_name() {
        return (placed, None);
    }
    let mut counts = vec![0_usize; placed.names.len()];
    for &place in &placed.of {
        if let Some(count) = counts.get_mut(place) {
            *count += 1;
        }
    }
    let mut order: Vec<usize> = (0..placed.names.len()).collect();
    let all = order.len();
    order.sort_by(|&left, &right| counts[right].cmp(&counts[left]).then(left.cmp(&right)));
    order.truncate(NAMES);
    order.sort_by(|&left, &right| placed.names[left].cmp(&placed.names[right]));
    placed.keep(&order);
    let note =
        (all > NAMES).then(|| format!("The {NAMES} commonest of {all} values of {} are shown.", series.name));
    (placed, note)
}
