//! The columns that a chart is drawn from, read from a result's pages: numbers, times and names, and nothing else of a row.

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;
use std::sync::Arc;

use cqlbook_core::column::{Column, CqlType};
use cqlbook_core::page::{MalformedPage, Page};
use cqlbook_core::value::{Kind, literal, literal_within};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::wide::{EXACT, Wide};
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
    /// Moments, in milliseconds since 1970 in UTC: the hour that a zone's clock shows twice is two hours.
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
    /// The names, for [`Sort::Name`], in the order they came. No two are the same: marks are told apart by them.
    pub(crate) names: Vec<String>,
    /// Whether its moments are instants, and not dates.
    pub(crate) zoned: bool,
    /// The zone that its moments are told by; UTC for dates and times of a day, which have none.
    pub(crate) zone: TimeZone,
    /// The rows, in order, whose values are there and cannot be drawn: not finite, larger than a double, or beyond the years of
    /// a calendar.
    pub(crate) unfit: Vec<usize>,
    /// Whether its type has numbers of any size.
    pub(crate) unbounded: bool,
    /// The values that their doubles do not tell apart.
    pub(crate) wide: Wide,
    /// Whole numbers that a double does not hold exactly.
    pub(crate) inexact: u64,
}

impl Series {
    /// Whether the row has a value that cannot be drawn.
    pub(crate) fn is_unfit(&self, row: usize) -> bool {
        self.unfit.binary_search(&row).is_ok()
    }

    /// Whether its values can be added and averaged.
    pub(crate) const fn is_number(&self) -> bool {
        matches!(self.sort, Sort::Number { .. })
    }

    /// Whether its values are times.
    pub(crate) const fn is_time(&self) -> bool {
        matches!(self.sort, Sort::Moment | Sort::Clock)
    }

    /// Whether its values are days of a calendar, without a time.
    pub(crate) fn is_date(&self) -> bool {
        self.sort == Sort::Moment && !self.zoned
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
    let mut readers: Vec<Reader> = places
        .iter()
        .filter_map(|&place| Some(Reader::new(columns.get(place)?, place, rows, zone)))
        .collect();
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
    fn new(column: &Column, place: usize, rows: usize, zone: &TimeZone) -> Self {
        let ty = bare(&column.cql_type);
        let sort = sort_of(&ty);
        let zoned = matches!(ty, CqlType::Timestamp | CqlType::Timeuuid);
        let series = Series {
            name: column.name.clone(),
            sort,
            values: Vec::with_capacity(rows),
            names: Vec::new(),
            zoned,
            zone: if zoned { zone.clone() } else { TimeZone::UTC },
            unfit: Vec::new(),
            unbounded: matches!(ty, CqlType::Varint | CqlType::Decimal),
            wide: Wide::default(),
            inexact: 0,
        };
        Self { place, ty, series, known: HashMap::new() }
    }

    fn take(&mut self, cell: Option<&[u8]>, zone: &TimeZone) {
        let value = match (self.series.sort, cell) {
            (_, None) => None,
            (Sort::Name, Some(bytes)) => Some(self.name(bytes, zone)),
            (Sort::Number { .. }, Some(bytes)) => {
                let value = number(bytes, &self.ty).filter(|value| value.is_finite());
                self.series.inexact +=
                    u64::from(value.is_some_and(|value| !is_exact(value, bytes, &self.ty)));
                value
            }
            (Sort::Moment, Some(bytes)) => moment(bytes, &self.ty),
            (Sort::Clock, Some(bytes)) => {
                bytes.try_into().ok().map(|bytes| i64::from_be_bytes(bytes) as f64 / 1e6)
            }
        };
        // Zero has one sign here: places are found by the order of all doubles, where it has two.
        let value = value.filter(|value| value.is_finite()).map(|value| value + 0.0);
        if let Some(bytes) = cell.filter(|bytes| !bytes.is_empty()) {
            let row = self.series.values.len();
            if value.is_none() {
                self.series.unfit.push(row);
            }
            if self.series.sort != Sort::Name {
                self.series.wide.take(row, bytes, &self.ty, value, zone);
            }
        }
        self.series.values.push(value);
    }

    fn name(&mut self, bytes: &[u8], zone: &TimeZone) -> f64 {
        if let Some(&place) = self.known.get(bytes) {
            return place;
        }
        let shown = literal_within(Some(bytes), &self.ty, zone, NAME_BYTES);
        let mut text = match shown.kind {
            Kind::Text if shown.text.is_empty() => "''".to_owned(),
            Kind::Text if is_mark(&shown.text) => format!("'{}'", shown.text.replace('\'', "''")),
            _ => shown.text,
        };
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
        tell_apart(&mut self.series.names);
        self.series
    }
}

/// Whether a text could be taken for what stands for null, the empty text or an empty value; it is in quotes then.
fn is_mark(text: &str) -> bool {
    matches!(text, "null" | "<empty>") || (text.len() >= 2 && text.starts_with('\'') && text.ends_with('\''))
}

/// Numbers names that are the same, so that no two categories share a mark: long texts that begin alike are cut alike.
pub(crate) fn tell_apart(names: &mut [String]) {
    /// As much of a long name as is left in front of its number, in characters.
    const BASE: usize = 16;
    let mut times: HashMap<String, usize> = HashMap::new();
    names.iter().for_each(|name| *times.entry(name.clone()).or_default() += 1);
    if times.len() == names.len() {
        return;
    }
    let mut taken: HashSet<String> = times.keys().cloned().collect();
    let mut next: HashMap<String, usize> = HashMap::new();
    for name in names {
        if times.get(name).is_none_or(|times| *times < 2) {
            continue;
        }
        let base = match name.char_indices().nth(BASE + 4) {
            Some(_) => format!("{}…", name.chars().take(BASE).collect::<String>()),
            None => name.clone(),
        };
        let number = next.entry(base.clone()).or_insert(1);
        loop {
            let numbered = format!("{base} ({number})");
            *number += 1;
            if taken.insert(numbered.clone()) {
                *name = numbered;
                break;
            }
        }
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

/// A number as the nearest double; a `float` as the double of its shortest text, which is what a reader knows it by.
pub(crate) fn number(bytes: &[u8], ty: &CqlType) -> Option<f64> {
    match ty {
        CqlType::Tinyint => bytes.try_into().ok().map(|bytes| f64::from(i8::from_be_bytes(bytes))),
        CqlType::Smallint => bytes.try_into().ok().map(|bytes| f64::from(i16::from_be_bytes(bytes))),
        CqlType::Int => bytes.try_into().ok().map(|bytes| f64::from(i32::from_be_bytes(bytes))),
        CqlType::Bigint | CqlType::Counter => {
            bytes.try_into().ok().map(|bytes| i64::from_be_bytes(bytes) as f64)
        }
        CqlType::Float => {
            let number = f32::from_be_bytes(bytes.try_into().ok()?);
            if number.fract() == 0.0 { Some(f64::from(number)) } else { number.to_string().parse().ok() }
        }
        CqlType::Double => bytes.try_into().ok().map(f64::from_be_bytes),
        _ => literal(Some(bytes), ty, &TimeZone::UTC).text.parse().ok(),
    }
}

/// Whether a whole number's double is the number itself. (Of parts a double is the nearest, as everywhere.)
fn is_exact(value: f64, bytes: &[u8], ty: &CqlType) -> bool {
    if value.abs() < EXACT {
        return true;
    }
    match ty {
        CqlType::Bigint | CqlType::Counter => {
            bytes.try_into().is_ok_and(|bytes| i128::from(i64::from_be_bytes(bytes)) == value as i128)
        }
        CqlType::Varint | CqlType::Decimal => {
            crate::convert::builder::scaled(bytes, ty, 0) == Some(value as i128)
        }
        _ => true,
    }
}

/// A moment in milliseconds since 1970 in UTC; `None` beyond the years that a calendar of ours knows.
pub(crate) fn moment(bytes: &[u8], ty: &CqlType) -> Option<f64> {
    let millis = match ty {
        CqlType::Date => {
            let days = i64::from(u32::from_be_bytes(bytes.try_into().ok()?)) - (1 << 31);
            return Timestamp::from_second(days * 86_400).ok().map(|time| time.as_millisecond() as f64);
        }
        CqlType::Timeuuid => timeuuid_millis(bytes)?,
        _ => i64::from_be_bytes(bytes.try_into().ok()?),
    };
    Timestamp::from_millisecond(millis).ok().map(|_| millis as f64)
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
    fn moments_are_instants_and_dates_are_those_of_the_calendar() {
        let zone = TimeZone::get("America/New_York").unwrap();
        let read = series(CqlType::Timestamp, &["'2013-07-01T04:00:00Z'"], &zone);
        assert_eq!(read.values, [Some(15_887.0 * DAY + 4.0 * 3_600_000.0)]);
        assert_eq!(read.zone, zone);
        let read = series(CqlType::Date, &["'2013-07-01'"], &zone);
        assert_eq!((read.values, read.zone), (vec![Some(15_887.0 * DAY)], TimeZone::UTC));
        let read = series(CqlType::Timeuuid, &["13814000-1dd2-11b2-8080-808080808080"], &TimeZone::UTC);
        assert_eq!(read.values, [Some(0.0)]);
        assert_eq!(series(CqlType::Time, &["'01:00:00'"], &zone).values, [Some(3_600_000.0)]);
    }

    #[test]
    fn what_cannot_be_drawn_or_is_rounded_is_counted() {
        let read = series(CqlType::Double, &["NaN", "1", "-Infinity", "null", "-0.0"], &TimeZone::UTC);
        assert_eq!((read.unfit, read.values[4].map(f64::to_bits)), (vec![0, 2], Some(0)));
        let read = series(CqlType::Bigint, &["9007199254740993", "9007199254740994", "3"], &TimeZone::UTC);
        assert_eq!((read.unfit.len(), read.inexact), (0, 1));
        let wide: Vec<_> = (0..3).map(|row| read.wide.get(row).map(|wide| wide.text.as_str())).collect();
        assert_eq!(wide, [Some("9007199254740993"), Some("9007199254740994"), None]);
        let read = series(CqlType::Varint, &["123456789012345678901", "1"], &TimeZone::UTC);
        assert_eq!(read.inexact, 1);
        assert_eq!(series(CqlType::Decimal, &["1E400", "0.1"], &TimeZone::UTC).unfit, [0]);
        assert_eq!(series(CqlType::Timestamp, &["9223372036854775807"], &TimeZone::UTC).unfit, [0]);
        assert_eq!(series(CqlType::Float, &["0.1"], &TimeZone::UTC).values, [Some(0.1)]);
    }

    #[test]
    fn categories_never_share_a_name() {
        let long = |end: &str| format!("'{}{end}'", "a".repeat(200));
        let (one, two) = (long("x"), long("y"));
        let read = series(
            CqlType::Text,
            &[&one, &two, "''", "''''''", "'null'", "'<empty>'", "'aaaaaaaaaaaaaaaa… (1)'"],
            &TimeZone::UTC,
        );
        assert_eq!(
            read.names,
            [
                "aaaaaaaaaaaaaaaa… (2)",
                "aaaaaaaaaaaaaaaa… (3)",
                "''",
                "''''''",
                "'null'",
                "'<empty>'",
                "aaaaaaaaaaaaaaaa… (1)"
            ]
        );
    }

    #[test]
    fn names_are_counted_once_each() {
        let read = series(CqlType::Text, &["'JFK'", "'EWR'", "'JFK'", "null", "''"], &TimeZone::UTC);
        assert_eq!(read.values, [Some(0.0), Some(1.0), Some(0.0), None, Some(2.0)]);
        assert_eq!(read.names, ["JFK", "EWR", "''"]);
        assert_eq!(series(CqlType::Boolean, &["true"], &TimeZone::UTC).names, ["True"]);
    }
}
