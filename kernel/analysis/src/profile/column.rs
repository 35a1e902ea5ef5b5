//! What is collected of one column while its rows go by.

use std::collections::HashMap;

use cqlbook_core::column::{Column, CqlType};
use cqlbook_core::render::ColumnProfile;
use cqlbook_core::value::{Key, Kind, literal_within};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::distinct::Distinct;
use crate::chart::{Sum, moment, moment_text, number, quantile, share, short};
use crate::quantity::Quantity;

/// The most values that quartiles and bars are worked out of.
pub(super) const SAMPLE: usize = 100_000;
/// The most different values whose rows are counted.
const COUNTED: usize = 10_000;
/// Longer values are counted as different, and not one by one.
const LONG: usize = 200;
/// The bars of a distribution.
const BINS: usize = 24;
/// The commonest values shown.
const TOP: usize = 5;

/// What a column's values are measured by.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Measure {
    /// They are numbers.
    Number,
    /// They are times of a calendar.
    Moment,
    /// They are times of a day.
    Clock,
    /// How many elements they have.
    Elements,
    /// How many bytes they have.
    Bytes,
    /// They are names, in an order of their own.
    Name,
    /// They are only told apart.
    Other,
}

impl Measure {
    fn of(ty: &CqlType) -> Self {
        match (Quantity::of(ty), ty) {
            (Some(Quantity::Number), _) => Self::Number,
            (Some(Quantity::Moment), _) => Self::Moment,
            (Some(Quantity::Clock), _) => Self::Clock,
            (None, CqlType::List(_) | CqlType::Set(_) | CqlType::Map(..)) => Self::Elements,
            (None, CqlType::Blob) => Self::Bytes,
            (None, CqlType::Text | CqlType::Ascii) => Self::Name,
            (None, CqlType::Frozen(inner)) => Self::of(inner),
            (None, _) => Self::Other,
        }
    }
}

/// One column's collection.
pub(super) struct Collector {
    column: Column,
    measure: Measure,
    nulls: u64,
    /// Values of no bytes.
    empty: u64,
    /// Values that are there and have no measure.
    odd: u64,
    distinct: Distinct,
    /// The values with the least and the greatest measure, or by their bytes.
    ends: Option<(Vec<u8>, Vec<u8>)>,
    /// The keys of the ends, where a double does not tell values apart.
    keys: Option<(Key, Key)>,
    /// Whether values are there that a double does not hold.
    is_rounded: bool,
    range: (f64, f64),
    sum: Sum,
    measured: u64,
    sample: Vec<f64>,
    random: u64,
    counts: HashMap<Box<[u8]>, u64>,
    /// Whether values are missing in `counts`.
    is_partial: bool,
}

impl Collector {
    pub(super) fn new(column: &Column) -> Self {
        Self {
            column: column.clone(),
            measure: Measure::of(&column.cql_type),
            nulls: 0,
            empty: 0,
            odd: 0,
            distinct: Distinct::new(),
            ends: None,
            keys: None,
            is_rounded: false,
            range: (f64::INFINITY, f64::NEG_INFINITY),
            sum: Sum::default(),
            measured: 0,
            sample: Vec::new(),
            random: 0x2545_f491_4f6c_dd1d,
            counts: HashMap::new(),
            is_partial: false,
        }
    }

    /// Takes a cell.
    pub(super) fn take(&mut self, cell: Option<&[u8]>) {
        let Some(bytes) = cell else {
            self.nulls += 1;
            return;
        };
        // 1.0 and 1.00 are one number.
        let key = self.is_exact().then(|| Key::of(self.bare(), Some(bytes)));
        match &key {
            Some(key) => self.distinct.take(key.bytes()),
            None => self.distinct.take(bytes),
        }
        if let Some(key) = key.filter(Key::is_value) {
            self.widen_exactly(key, bytes);
        }
        match self.measure {
            Measure::Name | Measure::Other => self.count(bytes),
            _ => {}
        }
        let value = match self.measure {
            Measure::Name => return self.widen(bytes),
            Measure::Other => return,
            Measure::Number => number(bytes, self.bare()),
            Measure::Moment => moment(bytes, self.bare()),
            Measure::Clock => bytes.try_into().ok().map(|bytes| i64::from_be_bytes(bytes) as f64 / 1e6),
            Measure::Elements => bytes.first_chunk::<4>().map(|count| f64::from(i32::from_be_bytes(*count))),
            Measure::Bytes => Some(bytes.len() as f64),
        };
        match value.filter(|value| value.is_finite()) {
            Some(value) => {
                self.is_rounded |= self.is_exact() && value.abs() > 9_007_199_254_740_992.0;
                self.measure(value, bytes);
            }
            None if bytes.is_empty() => self.empty += 1,
            None => self.odd += 1,
        }
    }

    fn bare(&self) -> &CqlType {
        match &self.column.cql_type {
            CqlType::Frozen(inner) => inner,
            ty => ty,
        }
    }

    /// Whether its numbers are longer than a double's.
    fn is_exact(&self) -> bool {
        matches!(self.bare(), CqlType::Bigint | CqlType::Counter | CqlType::Varint | CqlType::Decimal)
    }

    /// The ends of numbers that a double does not tell apart.
    fn widen_exactly(&mut self, key: Key, bytes: &[u8]) {
        match (&mut self.keys, &mut self.ends) {
            (Some((least, greatest)), Some(ends)) => {
                if key.compare(least, false).is_lt() {
                    ends.0 = bytes.to_vec();
                    *least = key;
                } else if key.compare(greatest, false).is_gt() {
                    ends.1 = bytes.to_vec();
                    *greatest = key;
                }
            }
            _ => {
                self.ends = Some((bytes.to_vec(), bytes.to_vec()));
                self.keys = Some((key.clone(), key));
            }
        }
    }

    fn measure(&mut self, value: f64, bytes: &[u8]) {
        self.measured += 1;
        self.sum.add(value);
        let (least, greatest) = self.range;
        let is_exact = self.is_exact();
        if is_exact {
            self.range = (least.min(value), greatest.max(value));
        } else if value < least || self.ends.is_none() {
            self.range.0 = value;
            self.ends.get_or_insert_with(|| (bytes.to_vec(), bytes.to_vec())).0 = bytes.to_vec();
        }
        if value > greatest && !is_exact {
            self.range.1 = value;
            if let Some(ends) = &mut self.ends {
                ends.1 = bytes.to_vec();
            }
        }
        if self.sample.len() < SAMPLE {
            self.sample.push(value);
            return;
        }
        // Each value that is measured is in the sample with the same probability (Vitter's algorithm R), by a xorshift of a fixed seed.
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        let place = (self.random % self.measured.max(1)) as usize;
        if let Some(old) = self.sample.get_mut(place) {
            *old = value;
        }
    }

    fn widen(&mut self, bytes: &[u8]) {
        match &mut self.ends {
            None => self.ends = Some((bytes.to_vec(), bytes.to_vec())),
            Some((least, greatest)) => {
                if bytes < least.as_slice() {
                    *least = bytes.to_vec();
                } else if bytes > greatest.as_slice() {
                    *greatest = bytes.to_vec();
                }
            }
        }
    }

    fn count(&mut self, bytes: &[u8]) {
        if bytes.len() > LONG {
            self.is_partial = true;
        } else if let Some(rows) = self.counts.get_mut(bytes) {
            *rows += 1;
        } else if self.counts.len() < COUNTED {
            self.counts.insert(bytes.into(), 1);
        } else {
            self.is_partial = true;
        }
    }

    /// Whether its quartiles are those of a sample.
    pub(super) fn is_sampled(&self) -> bool {
        self.measured > SAMPLE as u64
    }

    /// What a reader must know of this column.
    pub(super) fn note(&self) -> Option<String> {
        let told = |number: u64, what: &str| match number {
            0 => None,
            1 => Some(format!("`{}`: 1 value is {what}.", self.column.name)),
            more => Some(format!("`{}`: {more} values are {what}.", self.column.name)),
        };
        let empty = told(self.empty, "empty, and not in its numbers");
        let why = match self.measure {
            Measure::Number if self.is_exact() => {
                "beyond the 1.8E308 that a double reaches, and not in its mean, quartiles and distribution"
            }
            Measure::Number => "not finite, and not in its numbers",
            Measure::Moment => "beyond the calendar, and not in its numbers",
            _ => "unreadable, and not in its numbers",
        };
        let odd = told(self.odd, why);
        let rounded = self.is_rounded.then(|| {
            format!(
                "`{}`: its ends are exact; its mean and quartiles are those of the nearest doubles.",
                self.column.name
            )
        });
        let all: Vec<String> = [empty, odd, rounded].into_iter().flatten().collect();
        (!all.is_empty()).then(|| all.join(" "))
    }

    pub(super) fn finish(mut self, zone: &TimeZone) -> ColumnProfile {
        let (distinct, estimated) = self.distinct.count();
        let shown = |bytes: &[u8]| shown(bytes, &self.column.cql_type, zone);
        let of = match self.measure {
            Measure::Elements => Some("elements"),
            Measure::Bytes => Some("bytes"),
            _ => None,
        };
        let ends = match self.measure {
            Measure::Elements | Measure::Bytes if self.measured > 0 => {
                Some((short(self.range.0), short(self.range.1)))
            }
            _ => self.ends.as_ref().map(|(least, greatest)| (shown(least), shown(greatest))),
        };
        let mut top: Vec<(String, u64)> = Vec::new();
        // Where nearly all differ, the commonest says nothing.
        if self.counts.values().any(|rows| *rows > 1) || self.counts.len() <= TOP {
            let mut counts: Vec<_> = self.counts.iter().collect();
            counts.sort_by(|left, right| right.1.cmp(left.1).then_with(|| left.0.cmp(right.0)));
            top.extend(counts.into_iter().take(TOP).map(|(value, rows)| (shown(value), *rows)));
        }
        self.sample.sort_by(f64::total_cmp);
        let text = |value: f64| match self.measure {
            // A date is one in every zone.
            Measure::Moment if *self.bare() == CqlType::Date => moment_text(value, false),
            Measure::Moment => moment_at(value, zone),
            Measure::Clock => moment_text(value, true),
            _ => short(value),
        };
        let quartile = |share| quantile(&self.sample, share).map(text);
        let quartiles = match (quartile(0.25), quartile(0.5), quartile(0.75)) {
            (Some(first), Some(median), Some(third)) => Some([first, median, third]),
            _ => None,
        };
        let mean = (self.measure == Measure::Number && self.measured > 0)
            .then(|| short(self.sum.mean(self.measured)));
        let (least, greatest) = ends.unzip();
        ColumnProfile {
            name: self.column.name.clone(),
            cql_type: self.column.cql_type.to_string(),
            nulls: self.nulls,
            distinct,
            estimated,
            least,
            quartiles,
            greatest,
            mean,
            of,
            bins: bins(&self.sample, self.range),
            top,
        }
    }
}

/// A moment as the clock of a zone shows it, with the offset that its ends have.
fn moment_at(millis: f64, zone: &TimeZone) -> String {
    let Ok(time) = Timestamp::from_millisecond(millis as i64) else { return moment_text(millis, false) };
    let time = time.to_zoned(zone.clone());
    let is_even = time.second() == 0 && time.subsec_nanosecond() == 0;
    time.strftime(if is_even { "%Y-%m-%d %H:%M%z" } else { "%Y-%m-%d %H:%M:%S%.f%z" }).to_string()
}

fn shown(bytes: &[u8], ty: &CqlType, zone: &TimeZone) -> String {
    let shown = literal_within(Some(bytes), ty, zone, LONG);
    match shown.kind {
        Kind::Text if shown.text.is_empty() => "''".to_owned(),
        _ if shown.cut => format!("{}…", shown.text),
        _ => shown.text,
    }
}

/// How many of the sorted values lie in each stretch of the range.
fn bins(sorted: &[f64], (low, high): (f64, f64)) -> Vec<u64> {
    if sorted.is_empty() {
        return Vec::new();
    }
    let mut bins = vec![0; BINS];
    for value in sorted {
        let share = if high > low { share(*value, low, high) } else { 0.5 };
        let place = ((share * BINS as f64) as usize).min(BINS - 1);
        bins[place] += 1;
    }
    bins
}
