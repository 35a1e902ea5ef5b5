//! How long the numbers of a query's tables are. The engine makes doubles of whole numbers and decimals in some places, and null of
//! a decimal that does not fit 38 digits beside one of more places: both are right only as long as the numbers are short.
//!
//! The rule: what is not known to be short is called long.

use std::collections::BTreeSet;

use arrow_array::cast::AsArray as _;
use arrow_array::types::{Decimal128Type, Int64Type};
use arrow_array::{Array as _, RecordBatch};
use arrow_schema::DataType;

/// The digits of a decimal number of the engine.
const DECIMAL: u32 = 38;
/// The digits of any whole number of 64 bits.
const WHOLE: u32 = 19;
/// Whole numbers up to here are doubles, each one.
const DOUBLE: u64 = 1 << 53;
/// Decimals of as many digits are told apart as doubles.
const PRECISE: u32 = 15;

/// What is known of the numbers of all tables of a query.
#[derive(Debug, Clone, Default)]
pub(super) struct Digits {
    /// The names of columns with numbers that are longer than a double's.
    long: BTreeSet<String>,
    /// The most digits before the point of a decimal.
    before: u32,
    /// The places behind the point that columns of decimals have.
    places: BTreeSet<u32>,
}

impl Digits {
    /// Looks at a table's columns.
    pub(super) fn add(&mut self, batch: &RecordBatch) {
        let schema = batch.schema();
        for (field, array) in schema.fields().iter().zip(batch.columns()) {
            match array.data_type() {
                DataType::Int64 => {
                    let greatest =
                        array.as_primitive::<Int64Type>().iter().flatten().map(i64::unsigned_abs).max();
                    if greatest > Some(DOUBLE) {
                        self.add_long(field.name());
                    }
                }
                DataType::Decimal128(_, scale) => {
                    let numbers = array.as_primitive::<Decimal128Type>();
                    let greatest = numbers.iter().flatten().map(i128::unsigned_abs).max().unwrap_or(0);
                    let digits = greatest.checked_ilog10().map_or(0, |log| log + 1);
                    let places = u32::try_from(*scale).unwrap_or(0);
                    if digits > PRECISE {
                        self.add_long(field.name());
                    }
                    self.before = self.before.max(digits.saturating_sub(places));
                    self.places.insert(places);
                }
                _ => {}
            }
        }
    }

    /// A column of this name holds long numbers.
    pub(super) fn add_long(&mut self, name: &str) {
        self.long.insert(name.to_owned());
    }

    /// Whether a column of this name may hold numbers that are longer than a double's.
    pub(super) fn is_long(&self, name: &str) -> bool {
        self.long.contains(name)
    }

    /// Whether any decimal of the tables fits 38 digits with as many places as any other has; beside `other`, a number of so many
    /// digits before and behind the point.
    pub(super) fn fit(&self, other: Option<(u32, u32)>) -> bool {
        let (before, behind) = other.unwrap_or((0, 0));
        let places = self.places.last().copied().unwrap_or(0);
        let is_alike = self.places.iter().all(|own| *own == places) && (other.is_none() || behind == places);
        is_alike || self.before.max(before) + places.max(behind) <= DECIMAL
    }
}

/// The digits before and behind the point of any whole number.
pub(super) const ANY_WHOLE: (u32, u32) = (WHOLE, 0);

/// The digits before and behind the point of a number that is written out.
pub(super) fn counted(digits: &str) -> (u32, u32) {
    let (before, behind) = digits.trim_start_matches(['-', '+']).split_once('.').unwrap_or((digits, ""));
    let length = |text: &str| u32::try_from(text.len()).unwrap_or(u32::MAX / 2);
    (length(before.trim_start_matches(['-', '+', '0'])), length(behind))
}

/// Whether a number that is written out is longer than a double's.
pub(super) fn is_long(digits: &str) -> bool {
    match digits.parse::<i64>() {
        Ok(whole) => whole.unsigned_abs() > DOUBLE,
        Err(_) => {
            let (before, behind) = counted(digits);
            before + behind > PRECISE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_of_one_number_of_places_fit_and_others_where_there_is_room() {
        let of = |before, places: &[u32]| Digits {
            before,
            places: places.iter().copied().collect(),
            ..Digits::default()
        };
        assert!(of(38, &[0]).fit(None));
        assert!(!of(38, &[0, 1]).fit(None));
        assert!(of(37, &[0, 1]).fit(None));
        assert!(!of(38, &[0]).fit(Some((1, 1))));
        assert!(of(10, &[22]).fit(Some((16, 2))));
        assert!(!of(10, &[22]).fit(Some(ANY_WHOLE)));
    }

    #[test]
    fn a_number_is_long_where_a_double_does_not_hold_it() {
        assert_eq!(counted("-0012.50"), (2, 2));
        assert_eq!(counted(".5"), (0, 1));
        assert!(!is_long("9007199254740992") && is_long("9007199254740993"));
        assert!(!is_long("123456789012.345") && is_long("12345678901234567.89"));
    }
}
