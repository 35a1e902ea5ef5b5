//! Which CQL types are amounts, moments or times of a day. Charts and profiles both ask; nothing here reads a value.

use cqlbook_core::column::CqlType;

/// What values of a type measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quantity {
    /// Amounts, which can be added and averaged.
    Number,
    /// Moments of a calendar.
    Moment,
    /// Times of a day.
    Clock,
}

impl Quantity {
    /// That of `ty`, frozen or not; `None` where a value measures nothing by itself.
    pub(crate) fn of(ty: &CqlType) -> Option<Self> {
        match ty {
            CqlType::Tinyint
            | CqlType::Smallint
            | CqlType::Int
            | CqlType::Bigint
            | CqlType::Counter
            | CqlType::Float
            | CqlType::Double
            | CqlType::Decimal
            | CqlType::Varint => Some(Self::Number),
            CqlType::Date | CqlType::Timestamp | CqlType::Timeuuid => Some(Self::Moment),
            CqlType::Time => Some(Self::Clock),
            CqlType::Frozen(inner) => Self::of(inner),
            _ => None,
        }
    }
}
