//! Puts rows in places on an axis, in bands or in bins, and in groups for their colours.

use std::collections::BTreeMap;

use super::figure::{Place, Scale};
use super::scale::{Stretch, moment_in, nice_step};
use super::values::{Series, Sort, tell_apart};
use jiff::tz::TimeZone;

/// The most groups that have a colour of their own; the rest share the last one.
pub(crate) const GROUPS: usize = 10;
/// The name that the rest share.
const OTHERS: &str = "others";
/// The name of values that cannot be drawn, where there are many different ones.
const UNFIT: &str = "beyond what can be drawn";
/// The name of rows without a value.
const NULL: &str = "null";

/// Rows in places along an axis.
#[derive(Debug, Clone)]
pub(crate) struct Placed {
    /// The places, from left to right.
    pub(crate) places: Vec<Place>,
    /// The names of bands; empty for bins.
    pub(crate) names: Vec<String>,
    /// Each kept row's place.
    pub(crate) of: Vec<usize>,
    /// What a bin is: `day`, `25`. `None` for bands.
    pub(crate) bin: Option<String>,
    sort: Sort,
    zone: TimeZone,
}

impl Placed {
    /// The axis that has all the places.
    pub(crate) fn scale(&self) -> Scale {
        let ends = self.places.iter().filter_map(|place| match place {
            Place::Span(from, to) => Some((*from, *to)),
            Place::Band(_) => None,
        });
        let ends = ends.reduce(|all, one| (all.0.min(one.0), all.1.max(one.1)));
        match (ends, self.sort) {
            (None, _) => Scale::Bands(self.names.clone()),
            (Some((low, high)), Sort::Moment | Sort::Clock) => {
                Scale::Time { low, high, clock: self.sort == Sort::Clock, zone: self.zone.clone() }
            }
            (Some((low, high)), _) => Scale::Number(low, high),
        }
    }

    /// Keeps the places at `kept`, in that order; rows of others go to `usize::MAX`.
    pub(crate) fn keep(&mut self, kept: &[usize]) {
        let mut new = vec![usize::MAX; self.places.len()];
        for (place, &old) in kept.iter().enumerate() {
            if let Some(slot) = new.get_mut(old) {
                *slot = place;
            }
        }
        self.places = (0..kept.len()).map(Place::Band).collect();
        self.names = kept.iter().filter_map(|&old| self.names.get(old).cloned()).collect();
        for place in &mut self.of {
            *place = new.get(*place).copied().unwrap_or(usize::MAX);
        }
    }
}

/// Puts the kept rows in bands where the column has names or a few whole numbers (`bands` at most), else in bins.
pub(crate) fn bands_or_bins(series: &Series, rows: &[usize], bands: usize, bins: usize) -> Placed {
    if series.is_name() {
        return named(series, rows);
    }
    if series.sort == (Sort::Number { whole: true }) {
        let wide = |row: usize| series.wide.get(row);
        let key = |row: usize| wide(row).map_or(&[][..], |wide| &wide.key);
        // Numbers whose doubles are the same are told apart by their own order.
        let order = |left: &(f64, usize), right: &(f64, usize)| {
            left.0.total_cmp(&right.0).then_with(|| key(left.1).cmp(key(right.1)))
        };
        let own: Vec<_> = values(series, rows).zip(rows.iter().copied()).collect();
        let mut distinct = own.clone();
        distinct.sort_by(order);
        distinct.dedup_by(|left, right| order(left, right).is_eq());
        if distinct.len() <= bands {
            let of = own
                .iter()
                .map(|one| distinct.binary_search_by(|other| order(other, one)).unwrap_or_default())
                .collect();
            let name = |(value, row): &(f64, usize)| {
                wide(*row).map_or_else(|| value.to_string(), |wide| wide.text.clone())
            };
            return Placed {
                places: (0..distinct.len()).map(Place::Band).collect(),
                names: distinct.iter().map(name).collect(),
                of,
                bin: None,
                sort: series.sort,
                zone: series.zone.clone(),
            };
        }
    }
    binned(series, rows, bins)
}

fn values<'a>(series: &'a Series, rows: &'a [usize]) -> impl Iterator<Item = f64> + 'a {
    rows.iter().map(|&row| series.values.get(row).copied().flatten().unwrap_or_default())
}

fn named(series: &Series, rows: &[usize]) -> Placed {
    // Names of rows that were left out have no band.
    let mut new = vec![usize::MAX; series.names.len()];
    let mut names = Vec::new();
    let of = values(series, rows).map(|name| {
        let name = name as usize;
        match new.get_mut(name) {
            Some(place) if *place == usize::MAX => {
                *place = names.len();
                names.push(series.names[name].clone());
                *place
            }
            Some(place) => *place,
            None => usize::MAX,
        }
    });
    let of = of.collect();
    Placed {
        places: (0..names.len()).map(Place::Band).collect(),
        names,
        of,
        bin: None,
        sort: series.sort,
        zone: series.zone.clone(),
    }
}

/// Puts the kept rows of numbers or times in at most `most` bins that end at round values.
pub(crate) fn binned(series: &Series, rows: &[usize], most: usize) -> Placed {
    let range = values(series, rows)
        .map(|value| (value, value))
        .reduce(|all, one| (all.0.min(one.0), all.1.max(one.1)));
    let (low, high) = range.unwrap_or((0.0, 1.0));
    let (edges, bin) = if series.is_time() {
        let stretch = stretch(series, rows, high - low, most);
        let mut edges = vec![stretch.floor(low, &series.zone)];
        while let Some(&last) = edges.last()
            && last <= high
            && edges.len() <= most + 2
        {
            edges.push(stretch.next(last, &series.zone));
        }
        (edges, stretch.name())
    } else {
        let mut step = nice_step(high - low, most);
        if matches!(series.sort, Sort::Number { whole: true }) {
            // A bin of part of a whole number would be empty, and one of two and a half uneven.
            step = step.ceil();
        }
        let first = (low / step).floor();
        let count = ((high / step).floor() - first).clamp(0.0, most as f64 + 1.0) as usize + 1;
        let edges = (0..=count.min(most + 2)).map(|index| (first + index as f64) * step).collect();
        (edges, super::scale::short(step))
    };
    let last = edges.len().saturating_sub(2);
    let of = values(series, rows)
        .map(|value| edges.partition_point(|edge| *edge <= value).saturating_sub(1).min(last))
        .collect();
    let places = edges.windows(2).map(|pair| Place::Span(pair[0], pair[1])).collect();
    Placed { places, names: Vec::new(), of, bin: Some(bin), sort: series.sort, zone: series.zone.clone() }
}

/// A bin of times is never shorter than the values are apart: daily values have bars of a day.
fn stretch(series: &Series, rows: &[usize], span: f64, most: usize) -> Stretch {
    let fit = Stretch::fit(span, most);
    let mut moments: Vec<f64> = values(series, rows).collect();
    moments.sort_by(f64::total_cmp);
    moments.dedup();
    let own = match Stretch::of_moments(&moments, &series.zone) {
        // A date alone is still a day.
        None if series.is_date() => Some(Stretch::DAY),
        own => own,
    };
    own.filter(|own| own.millis() > fit.millis()).unwrap_or(fit)
}

/// Rows in groups.
#[derive(Debug, Clone)]
pub(crate) struct Groups {
    /// The column's name; `None` where all rows are of one group.
    pub(crate) title: Option<String>,
    /// The groups' names.
    pub(crate) names: Vec<String>,
    /// Each kept row's group.
    pub(crate) of: Vec<usize>,
    /// How many values share the last group.
    pub(crate) shared: usize,
}

impl Groups {
    /// One group of all rows.
    pub(crate) fn one(rows: usize) -> Self {
        Self { title: None, names: vec![String::new()], of: vec![0; rows], shared: 0 }
    }

    /// A group for each value of the column, in order; from [`GROUPS`] on the rarest share one.
    pub(crate) fn by(series: &Series, rows: &[usize]) -> Self {
        let mut counts: BTreeMap<Colour, usize> = BTreeMap::new();
        let key = |row: usize| Colour::of(series, row);
        let keys: Vec<_> = rows.iter().map(|&row| key(row)).collect();
        for key in &keys {
            *counts.entry(key.clone()).or_default() += 1;
        }
        let mut wanted: Vec<_> = counts.iter().collect();
        let shared = if wanted.len() > GROUPS { wanted.len() - (GROUPS - 1) } else { 0 };
        if shared > 0 {
            wanted.sort_by(|left, right| right.1.cmp(left.1).then_with(|| left.0.cmp(right.0)));
            wanted.truncate(GROUPS - 1);
            wanted.sort();
        }
        let kept: Vec<_> = wanted.into_iter().map(|(key, _)| key).collect();
        let of = keys.iter().map(|key| kept.binary_search(&key).unwrap_or(GROUPS - 1)).collect();
        let mut names: Vec<String> = kept.iter().map(|colour| colour.name.clone()).collect();
        if shared > 0 {
            names.push(OTHERS.to_owned());
        }
        tell_apart(&mut names);
        Self { title: Some(series.name.clone()), names, of, shared }
    }
}

/// What a row's colour is by, in the order of the key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Colour {
    is_null: bool,
    /// The order of its double, and then its own.
    order: i64,
    own: Vec<u8>,
    name: String,
}

impl Colour {
    fn of(series: &Series, row: usize) -> Self {
        let value = series.values.get(row).copied().flatten();
        let of = |is_null, order, name| Self { is_null, order, own: Vec::new(), name };
        match (value, series.wide.get(row)) {
            (value, Some(wide)) => {
                // Beyond all doubles, on the side that its sign says.
                let beyond = if wide.text.starts_with('-') { i64::MIN } else { i64::MAX };
                let order = value.map_or(beyond, order);
                Self { is_null: false, order, own: wide.key.clone(), name: wide.text.clone() }
            }
            (None, None) if series.is_unfit(row) => of(false, i64::MAX, UNFIT.to_owned()),
            (None, None) => of(true, 0, NULL.to_owned()),
            (Some(value), None) => match series.sort {
                Sort::Name => of(false, 0, series.names.get(value as usize).cloned().unwrap_or_default()),
                Sort::Number { .. } => of(false, order(value), super::scale::exact(value)),
                sort => of(false, order(value), moment_in(value, sort == Sort::Clock, &series.zone)),
            },
        }
    }
}

/// A whole number that orders as the double does.
fn order(value: f64) -> i64 {
    let bits = value.to_bits() as i64;
    if bits < 0 { i64::MIN - bits } else { bits }
}

#[cfg(test)]
mod tests {
    use super::super::wide::Wide;
    use super::*;

    fn numbers(values: &[f64], whole: bool) -> Series {
        Series {
            name: "n".to_owned(),
            sort: Sort::Number { whole },
            values: values.iter().copied().map(Some).collect(),
            names: Vec::new(),
            zoned: false,
            zone: TimeZone::UTC,
            unfit: Vec::new(),
            unbounded: false,
            wide: Wide::default(),
            inexact: 0,
        }
    }

    #[test]
    fn a_few_whole_numbers_are_bands_in_order_and_many_are_bins() {
        let months = numbers(&[12.0, 1.0, 3.0, 1.0], true);
        let placed = bands_or_bins(&months, &[0, 1, 2, 3], 31, 10);
        assert_eq!(placed.names, ["1", "3", "12"]);
        assert_eq!(placed.of, [2, 0, 1, 0]);
        let placed = bands_or_bins(&months, &[0, 1, 2, 3], 2, 4);
        assert_eq!(placed.bin.as_deref(), Some("5"));
        assert_eq!(placed.places, [Place::Span(0.0, 5.0), Place::Span(5.0, 10.0), Place::Span(10.0, 15.0)]);
        assert_eq!(placed.of, [2, 0, 0, 0]);
    }

    #[test]
    fn the_greatest_value_is_in_the_last_bin() {
        let placed = binned(&numbers(&[0.0, 1.0], false), &[0, 1], 4);
        assert_eq!(placed.bin.as_deref(), Some("0.25"));
        assert_eq!(placed.of, [0, 4]);
        let placed = binned(&numbers(&[7.0, 7.0], true), &[0, 1], 4);
        assert_eq!(placed.places, [Place::Span(7.0, 8.0)]);
    }

    #[test]
    fn groups_are_in_order_of_their_values_and_the_rarest_share_one() {
        let values: Vec<f64> = (0..30).map(|row| f64::from(row % 12) - 1.0).collect();
        let rows: Vec<usize> = (0..30).collect();
        let groups = Groups::by(&numbers(&values, true), &rows);
        assert_eq!(groups.names, ["-1", "0", "1", "2", "3", "4", "5", "6", "7", "others"]);
        assert_eq!(groups.shared, 3);
        assert_eq!(groups.of[..3], [0, 1, 2]);
        assert_eq!(groups.of[11], 9);
    }
}
