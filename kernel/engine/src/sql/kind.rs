//! What a value of a query is, as far as its engine's rules differ by it; and how two of them go together.

use cqlbook_core::column::CqlType;
use datafusion::arrow::datatypes::DataType;

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// `NULL` itself.
    Null,
    /// Not known: a name that is found nowhere, which the engine will say.
    Unknown,
    Boolean,
    /// Of 64 bits, whatever the column's.
    Whole,
    /// A `float`.
    Single,
    /// A `double`.
    Float,
    Decimal,
    Text,
    /// A uuid or an address, which are text in one form.
    Uuid,
    Timeuuid,
    Inet,
    Date,
    Time,
    Timestamp,
    /// The length of a time, as `INTERVAL '1 day'` is.
    Interval,
    /// A number of more than 38 digits, which the engine has as text.
    Long,
    /// A blob, a collection, a structure, a duration of CQL.
    Nested,
}

impl Kind {
    /// The kind of a column's values.
    pub(super) fn of(ty: &CqlType, data_type: &DataType) -> Self {
        match data_type {
            DataType::Boolean => Self::Boolean,
            DataType::Null => Self::Null,
            ty if ty.is_integer() => Self::Whole,
            DataType::Float32 => Self::Single,
            DataType::Float64 => Self::Float,
            DataType::Decimal128(..) | DataType::Decimal256(..) => Self::Decimal,
            DataType::Interval(_) | DataType::Duration(_) => Self::Interval,
            DataType::Date32 => Self::Date,
            DataType::Time64(_) => Self::Time,
            DataType::Timestamp(..) => Self::Timestamp,
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => match ty {
                CqlType::Uuid => Self::Uuid,
                CqlType::Timeuuid => Self::Timeuuid,
                CqlType::Inet => Self::Inet,
                CqlType::Varint | CqlType::Decimal => Self::Long,
                CqlType::Frozen(inner) => Self::of(inner, data_type),
                _ => Self::Text,
            },
            _ => Self::Nested,
        }
    }

    /// Whether it is a number.
    pub(super) fn is_number(self) -> bool {
        matches!(self, Self::Whole | Self::Single | Self::Float | Self::Decimal)
    }

    /// Whether it is text to the engine, and to be treated as text.
    pub(super) fn is_text(self) -> bool {
        matches!(self, Self::Text | Self::Uuid | Self::Timeuuid | Self::Inet)
    }

    /// Whether a text in quotes beside it is one of its values.
    pub(super) fn is_typed(self) -> bool {
        !matches!(self, Self::Text | Self::Null | Self::Unknown | Self::Long | Self::Nested | Self::Interval)
    }

    /// Whether there is nothing to be said about it.
    pub(super) fn is_open(self) -> bool {
        matches!(self, Self::Null | Self::Unknown)
    }

    /// Whether its values have an order here.
    pub(super) fn has_order(self) -> bool {
        !matches!(self, Self::Long | Self::Nested)
    }

    /// Whether the engine's order is theirs: it has times and addresses as text.
    pub(super) fn is_sorted(self) -> bool {
        self.has_order() && !matches!(self, Self::Timeuuid | Self::Inet)
    }

    /// Whether values of both can be compared.
    pub(super) fn compares(self, other: Self) -> bool {
        self == other
            || matches!((self, other), (Self::Date, Self::Timestamp) | (Self::Timestamp, Self::Date))
            || self.is_open()
            || other.is_open()
            || (self.is_number() && other.is_number())
            || (self.is_text() && other.is_text())
    }

    /// What a float or double and a decimal are compared as; `None` for others.
    pub(super) fn meets_decimal(self, other: Self) -> Option<DataType> {
        match (self, other) {
            (Self::Single, Self::Decimal) | (Self::Decimal, Self::Single) => Some(DataType::Float32),
            (Self::Float, Self::Decimal) | (Self::Decimal, Self::Float) => Some(DataType::Float64),
            _ => None,
        }
    }

    /// What a column is that has values of both; `None` where that is no one thing.
    pub(super) fn joined(self, other: Self) -> Option<Self> {
        Some(match (self, other) {
            (left, right) if left == right => left,
            (Self::Null, known) | (known, Self::Null) => known,
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
            (left, right) if left.is_text() && right.is_text() => Self::Text,
            (Self::Single | Self::Float, right) | (right, Self::Single | Self::Float)
                if right.is_number() =>
            {
                Self::Float
            }
            (Self::Date, Self::Timestamp) | (Self::Timestamp, Self::Date) => Self::Timestamp,
            (left, right) if left.is_number() && right.is_number() => Self::Decimal,
            _ => return None,
        })
    }

    /// In words.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Unknown => "a value",
            Self::Boolean => "a boolean",
            Self::Whole => "a whole number",
            Self::Single => "a float",
            Self::Float => "a double",
            Self::Decimal => "a decimal number",
            Self::Text => "text",
            Self::Uuid => "a uuid",
            Self::Timeuuid => "a timeuuid",
            Self::Inet => "an inet",
            Self::Date => "a date",
            Self::Time => "a time",
            Self::Timestamp => "a timestamp",
            Self::Interval => "an interval",
            Self::Long => "a number of more than 38 digits",
            Self::Nested => "a blob, a collection, a structure or a duration",
        }
    }
}
