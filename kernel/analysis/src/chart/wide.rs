//! Values that a double does not tell from others: numbers of more digits, and what no chart can place. Kept by their exact order
//! and text, so that two of them never share a band or a colour.

use std::collections::HashMap;

use cqlbook_core::column::CqlType;
use cqlbook_core::value::{Key, literal_within};
use jiff::tz::TimeZone;

/// The most different ones that are kept; a chart has far fewer bands and colours.
const MOST: usize = 1000;
/// The longest text of one.
const TEXT_BYTES: usize = 120;
/// From here on a double has not every whole number.
pub(super) const EXACT: f64 = 9_007_199_254_740_992.0;
/// Bytes of a decimal of up to 15 digits, its scale among them: a double tells those apart.
const SHORT_DECIMAL: usize = 4 + 6;

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WideValue {
    /// Its place among others of its type: these compare as their bytes do.
    pub(crate) key: Vec<u8>,
    /// Its text.
    pub(crate) text: String,
}

/// Those of one column, by row.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wide {
    values: Vec<WideValue>,
    known: HashMap<Box<[u8]>, usize>,
    of: HashMap<usize, usize>,
    is_full: bool,
}

impl Wide {
    /// Keeps the value of a row where its double (`None` for one that cannot be drawn) is not the value alone.
    pub(super) fn take(
        &mut self,
        row: usize,
        bytes: &[u8],
        ty: &CqlType,
        value: Option<f64>,
        zone: &TimeZone,
    ) {
        let is_plain = value.is_some_and(|value| match ty {
            CqlType::Bigint | CqlType::Counter | CqlType::Varint => value.abs() < EXACT,
            CqlType::Decimal => value.abs() < EXACT && bytes.len() <= SHORT_DECIMAL,
            _ => true,
        });
        if is_plain || self.is_full {
            return;
        }
        let place = match self.known.get(bytes) {
            Some(place) => *place,
            None if self.values.len() < MOST => {
                let place = self.values.len();
                let shown = literal_within(Some(bytes), ty, zone, TEXT_BYTES);
                let text = if shown.cut { format!("{}…", shown.text) } else { shown.text };
                self.values.push(WideValue { key: Key::of(ty, Some(bytes)).bytes().to_vec(), text });
                self.known.insert(bytes.into(), place);
                place
            }
            None => {
                *self = Self { is_full: true, ..Self::default() };
                return;
            }
        };
        self.of.insert(row, place);
    }

    /// Whether there were too many different ones to keep any.
    pub(crate) fn is_full(&self) -> bool {
        self.is_full
    }

    /// That of a row, where it has one.
    pub(crate) fn get(&self, row: usize) -> Option<&WideValue> {
        self.of.get(&row).and_then(|place| self.values.get(*place))
    }
}
