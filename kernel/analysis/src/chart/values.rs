//! The columns that a chart is drawn from, read from a result's pages: numbers, times and names, and nothing else of a row.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use cqlbook_core::column::{Column, CqlType};
use cqlbook_core::page::{MalformedPage, Page};
use cqlbook_core::value::literal_within;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::quantity::Quantity;

/// The longest name of a category; the rest of a text is cut.
const NAME_BYTES: usize = 120;
/// Milliseconds of a day.
pub(crate) const DAY: f64 = 86_400_000.0;

/// What a column's values are to a chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sort {
    /// Amounts, whole ones or not.
    Number { whole: bool },
    /// Moments of a calendar, in milliseconds of the zone's own clock since 1970.
    Moment,
    /// Times of a day, in milliseconds since midnight.
    Clock,
    /// Names, by their places in a list.
    Name,
}

/// One column as a chart sees it.
#[derive(Debug, Clone)]
pub(crate) struct Series {
    /// Its name.
    pub(crate) name: String,
    /// What its values are.
    pub(crate) sort: Sort,
    /// The values in the order of rows: a number, a time, or the place of a name. `None` where there is nothing to draw: null,
    /// empty, not finite.
    pub(crate) values: Vec<Option<f64>>,
    /// The names, for [`Sort::Name`], in the order they came.
    pub(crate) names: Vec<String>,
    /// Whether its moments are those of a zone's clock, and not dates.
    pub(crate) zoned: bool,
}

impl Series {
    /// Whether its values can be added and averaged.
    pub(crate) const fn is_number(&self) -> bool {
        matches!(self.sort, Sort::Number { .. })
    }

    /// Whether its values are times.
    pub(crate) const fn is_time(&self) -> bool {
        matches!(self.sort, Sort::Moment | Sort::Clock)
    }

    /// Whether its values are names.
    pub(crate) const fn is_name(&self) -> bool {
        matches!(self.sort, Sort::Name)
    }
}

/// Reads the columns at `places`, in that order; timestamps by the clock of `zone`.
///
/// # Errors
/// [`MalformedPage`] of the first page that cannot be read.
pub(crate) fn read(
    columns: &[Column],
    pages: &[Arc<dyn Page>],
    places: &[usize],
    zone: &TimeZone,
) -> Result<Vec<Series>, MalformedPage> {
    let rows = pages.iter().map(|page| page.rows()).sum();
    let mut readers: Vec<Reader> =
        places.iter().filter_map(|&place| Some(Reader::new(columns.get(place)?, place, rows))).collect();
    for page in pages {
        page.visit(0, &mut |cells| {
            for reader in &mut readers {
                reader.take(cells.get(reader.place).copied().flatten(), zone);
            }
            ControlFlow::Continue(())
        })?;
    }
    Ok(readers.into_iter().map(Reader::finish).collect())
}

struct Reader {
    place: usize,
    ty: CqlType,
    series: Series,
    /// Serialised names to their places.
    known: HashMap<Box<[u8]>, f64>,
}

impl Reader {
    fn new(column: &Column, place: usize, rows: usize) -> Self {
        let ty = bare(&column.cql_type);
        let sort = sort_of(&ty);
        let series = Series {
            name: column.name.clone(),
            sort,
            values: Vec::with_capacity(rows),
            names: Vec::new(),
            zoned: matches!(ty, CqlType::Timestamp | CqlType::Timeuuid),
        };
        Self { place, ty, series, known: HashMap::new() }
    }

    fn take(&mut self, cell: Option<&[u8]>, zone: &TimeZone) {
        let value = match (self.series.sort, cell) {
            (_, None) => None,
            (Sort::Name, Some(bytes)) => Some(self.name(bytes, zone)),
            (Sort::Number { .. }, Some(bytes)) => number(bytes, &self.ty),
            (Sort::Moment, Some(bytes)) => moment(bytes, &self.ty, zone),
            (Sort::Clock, Some(bytes)) => {
                bytes.try_into().ok().map(|bytes| i64::from_be_bytes(bytes) as f64 / 1e6)
            }
        };
        self.series.values.push(value.filter(|value| value.is_finite()));
    }

    fn name(&mut self, bytes: &[u8], zone: &TimeZone) -> f64 {
        if let Some(&place) = self.known.get(bytes) {
            return place;
        }
        let shown = literal_within(Some(bytes), &self.ty, zone, NAME_BYTES);
        let mut text = if shown.text.is_empty() { "''".to_owned() } else { shown.text };
        if shown.cut {
            text.push('…');
        }
        let place = self.series.names.len() as f64;
        self.series.names.push(text);
        self.known.insert(bytes.into(), place);
        place
    }

    fn finish(mut self) -> Series {
        if let Sort::Number { whole } = &mut self.series.sort {
            *whole = self.series.values.iter().flatten().all(|value| value.fract() == 0.0);
        }
        self.series
    }
}

fn bare(ty: &CqlType) -> CqlType {
    match ty {
        CqlType::Frozen(inner) => bare(inner),
        other => other.clone(),
    }
}

/// What values of a type are to a chart.
fn sort_of(ty: &CqlType) -> Sort {
    match Quantity::of(ty) {
        Some(Quantity::Number) => Sort::Number { whole: false },
        Some(Quantity::Moment) => Sort::Moment,
        Some(Quantity::Clock) => Sort::Clock,
        None => Sort::Name,
    }
}

/// A number as the nearest double.
pub(crate) fn number(bytes: &[u8], ty: &CqlType) -> Option<f64> {
    match ty {
        CqlType::Tinyint => bytes.try_into().ok().map(|bytes| f64::from(i8::from_be_bytes(bytes))),
        CqlType::Smallint => bytes.try_into().ok().map(|bytes| f64::from(i16::from_be_bytes(bytes))),
        CqlType::Int => bytes.try_into().ok().map(|bytes| f64::from(i32::from_be_bytes(bytes))),
        CqlType::Bigint | CqlType::Counter => {
            bytes.try_into().ok().map(|bytes| i64::from_be_bytes(bytes) as f64)
        }
        CqlType::Float => bytes.try_into().ok().map(|bytes| f64::from(f32::from_be_bytes(bytes))),
        CqlType::Double => bytes.try_into().ok().map(f64::from_be_bytes),
        _ => literal_within(Some(bytes), ty, &TimeZone::UTC, 4096).text.parse().ok(),
    }
}

/// A moment in milliseconds by the zone's clock; `None` beyond the years that a calendar of ours knows.
pub(crate) fn moment(bytes: &[u8], ty: &CqlType, zone: &TimeZone) -> Option<f64> {
    let millis = match ty {
        CqlType::Date => {
            let days = i64::from(u32::from_be_bytes(bytes.try_into().ok()?)) - (1 << 31);
            return Timestamp::from_second(days * 86_400).ok().map(|time| time.as_millisecond() as f64);
        }
        CqlType::Timeuuid => timeuuid_millis(bytes)?,
        _ => i64::from_be_bytes(bytes.try_into().ok()?),
    };
    let time = Timestamp::from_millisecond(millis).ok()?;
    let offset = if *zone == TimeZone::UTC { 0 } else { zone.to_offset(time).seconds() };
    Some(millis as f64 + f64::from(offset) * 1000.0)
}

/// The time inside a version 1 UUID (RFC 9562, section 5.1), in milliseconds since 1970.
fn timeuuid_millis(bytes: &[u8]) -> Option<i64> {
    let bytes: &[u8; 16] = bytes.try_into().ok()?;
    let field = |bytes: &[u8]| bytes.iter().fold(0_i64, |value, &byte| value << 8 | i64::from(byte));
    let ticks = (field(&bytes[6..8]) & 0x0fff) << 48 | field(&bytes[4..6]) << 32 | field(&bytes[..4]);
    Some(ticks / 10_000 - 12_219_292_800_000)
}

#[cfg(test)]
mod tests {
    use cqlbook_core::page::testing::VecPage;

    use super::*;

    fn series(ty: CqlType, literals: &[&str], zone: &TimeZone) -> Series {
        let rows: Vec<&[&str]> = literals.iter().map(std::slice::from_ref).collect();
        let page: Arc<dyn Page> = Arc::new(VecPage::of(&[("v", ty)], &rows));
        let columns = Arc::clone(page.columns());
        read(&columns, &[page], &[0], zone).unwrap().remove(0)
    }

    #[test]
    fn numbers_of_every_type_are_doubles_and_nothing_stands_for_what_is_no_number() {
        for ty in [CqlType::Tinyint, CqlType::Int, CqlType::Bigint, CqlType::Varint] {
            let read = series(ty, &["7", "-3", "null"], &TimeZone::UTC);
            assert_eq!(read.values, [Some(7.0), Some(-3.0), None]);
            assert_eq!(read.sort, Sort::Number { whole: true });
        }
        let read = series(CqlType::Double, &["0.5", "NaN", "Infinity"], &TimeZone::UTC);
        assert_eq!(read.values, [Some(0.5), None, None]);
        assert_eq!(read.sort, Sort::Number { whole: false });
        assert_eq!(series(CqlType::Decimal, &["1E-3"], &TimeZone::UTC).values, [Some(0.001)]);
    }

    #[test]
    fn moments_are_those_of_the_zone_and_dates_are_those_of_the_calendar() {
        let zone = TimeZone::get("America/New_York").unwrap();
        let read = series(CqlType::Timestamp, &["'2013-07-01T04:00:00Z'"], &zone);
        assert_eq!(read.values, [Some(15_887.0 * DAY)]);
        assert_eq!(series(CqlType::Date, &["'2013-07-01'"], &zone).values, [Some(15_887.0 * DAY)]);
        let read = series(CqlType::Timeuuid, &["13814000-1dd2-11b2-8080-808080808080"], &TimeZone::UTC);
        assert_eq!(read.values, [Some(0.0)]);
        assert_eq!(series(CqlType::Time, &["'01:00:00'"], &zone).values, [Some(3_600_000.0)]);
    }

    #[test]
    fn names_are_counted_once_each() {
        let read = series(CqlType::Text, &["'JFK'", "'EWR'", "'JFK'", "null", "''"], &TimeZone::UTC);
        assert_eq!(read.values, [Some(0.0), Some(1.0), Some(0.0), None, Some(2.0)]);
        assert_eq!(read.names, ["JFK", "EWR", "''"]);
        assert_eq!(series(CqlType::Boolean, &["true"], &TimeZone::UTC).names, ["True"]);
    }
}
