//! From a field of text to a cell, after a file's habits: what stands for null, how numbers, booleans and times are written.

use std::borrow::Cow;

use cqlbook_cluster::Cell;
use cqlbook_core::column::{Column, CqlType, KeyRole};
use cqlbook_core::value;
use jiff::fmt::strtime;
use jiff::tz::TimeZone;

/// How a file writes its values.
#[derive(Debug, Clone, Default)]
pub(crate) struct Habits {
    /// What stands for null, beside an empty field.
    pub(crate) null: String,
    /// cqlsh's way: only `null` stands for null, in quotes or not, and a null that is read is written. Otherwise a field in
    /// quotes is a text even if it is empty, and a null leaves its column unset.
    pub(crate) cqlsh: bool,
    /// Nulls of the file are written, and so delete what is there.
    pub(crate) write_nulls: bool,
    /// How true and false are written, beside these words.
    pub(crate) booleans: Option<(String, String)>,
    /// The decimal separator, where it is no point.
    pub(crate) decimal_separator: Option<char>,
    /// The separator of thousands.
    pub(crate) thousands_separator: Option<char>,
    /// How timestamps are written, in the letters of strftime.
    pub(crate) datetime_format: Option<String>,
}

impl Habits {
    /// A field as a cell of `column`; `None` is a field that the line does not have.
    pub(super) fn cell(&self, column: &Column, field: Option<(&[u8], bool)>) -> Result<Cell, String> {
        let Some((bytes, quoted)) = field else { return self.missing(column) };
        let text =
            std::str::from_utf8(bytes).map_err(|_| format!("{}: its bytes are no UTF-8", column.name))?;
        if self.is_null(text, quoted, &column.cql_type) {
            return self.missing(column);
        }
        let ty = plain(&column.cql_type);
        if let (CqlType::Timestamp, Some(format)) = (ty, &self.datetime_format)
            && let Some(millis) = timestamp(format, text)
        {
            return Ok(Cell::Bytes(millis.to_be_bytes().to_vec().into()));
        }
        value::from_text(ty, &self.usual(ty, text))
            .map(|bytes| Cell::Bytes(bytes.into()))
            .map_err(|error| format!("{}: {error}", column.name))
    }

    /// What a column gets for which the file has no value. (A counter is left as it is: it cannot be set to null.)
    pub(super) fn missing(&self, column: &Column) -> Result<Cell, String> {
        if is_key(column) {
            return Err(format!("{}: a part of the key is missing", column.name));
        }
        let write = self.write_nulls && column.cql_type != CqlType::Counter;
        Ok(if write { Cell::Null } else { Cell::Unset })
    }

    fn is_null(&self, text: &str, quoted: bool, ty: &CqlType) -> bool {
        if self.cqlsh {
            // Our own `COPY TO` writes an empty text as a pair of quotes, and null as nothing.
            let is_empty_text = text.is_empty() && quoted;
            return text == self.null
                && !(is_empty_text && matches!(plain(ty), CqlType::Text | CqlType::Ascii));
        }
        // In quotes it is what it says, where the type has such a value.
        let says_null = text.is_empty() || text == self.null;
        says_null && !(quoted && matches!(plain(ty), CqlType::Text | CqlType::Ascii))
    }

    /// The text as CQL would write it.
    fn usual<'a>(&self, ty: &CqlType, text: &'a str) -> Cow<'a, str> {
        match ty {
            CqlType::Boolean => match &self.booleans {
                Some((yes, _)) if text.eq_ignore_ascii_case(yes) => "true".into(),
                Some((_, no)) if text.eq_ignore_ascii_case(no) => "false".into(),
                _ => text.into(),
            },
            CqlType::Tinyint
            | CqlType::Smallint
            | CqlType::Int
            | CqlType::Bigint
            | CqlType::Counter
            | CqlType::Varint => whole(self.number(text)),
            CqlType::Float | CqlType::Double | CqlType::Decimal => self.number(text),
            _ => text.into(),
        }
    }

    fn number<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut text = Cow::Borrowed(text.trim());
        if let Some(thousands) = self.thousands_separator.filter(|mark| text.contains(*mark)) {
            text = text.replace(thousands, "").into();
        }
        match self.decimal_separator {
            Some(mark) if mark != '.' && text.contains(mark) => text.replace(mark, ".").into(),
            _ => text,
        }
    }
}

/// A whole number that a spreadsheet or pandas wrote as `7.0`.
fn whole(text: Cow<'_, str>) -> Cow<'_, str> {
    match text.split_once('.') {
        Some((whole, zeros)) if !zeros.is_empty() && zeros.bytes().all(|byte| byte == b'0') => {
            whole.to_owned().into()
        }
        _ => text,
    }
}

fn plain(ty: &CqlType) -> &CqlType {
    match ty {
        CqlType::Frozen(inner) => plain(inner),
        ty => ty,
    }
}

/// Whether a column is part of the primary key.
pub(super) fn is_key(column: &Column) -> bool {
    matches!(column.role, Some(KeyRole::Partition | KeyRole::Clustering))
}

/// Milliseconds since 1970 of a text in that format; UTC where it names no offset, midnight where it names no time.
fn timestamp(format: &str, text: &str) -> Option<i64> {
    let broken = strtime::parse(format, text.trim()).ok()?;
    if let Ok(timestamp) = broken.to_timestamp() {
        return Some(timestamp.as_millisecond());
    }
    let datetime = broken.to_datetime().or_else(|_| broken.to_date().map(|date| date.at(0, 0, 0, 0))).ok()?;
    Some(datetime.to_zoned(TimeZone::UTC).ok()?.timestamp().as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(habits: &Habits, ty: CqlType, text: &str, quoted: bool) -> Result<Cell, String> {
        let column = Column { name: "c".to_owned(), cql_type: ty, role: None };
        habits.cell(&column, Some((text.as_bytes(), quoted)))
    }

    fn bytes(value: &[u8]) -> Result<Cell, String> {
        Ok(Cell::Bytes(value.to_vec().into()))
    }

    #[test]
    fn an_empty_field_is_null_and_an_empty_text_is_in_quotes() {
        let habits = Habits { null: "NA".to_owned(), ..Habits::default() };
        for text in ["", "NA"] {
            assert_eq!(cell(&habits, CqlType::Text, text, false), Ok(Cell::Unset));
            assert_eq!(cell(&habits, CqlType::Text, text, true), bytes(text.as_bytes()));
            assert_eq!(cell(&habits, CqlType::Int, text, true), Ok(Cell::Unset), "no int says so");
        }
        let habits = Habits { null: "NA".to_owned(), cqlsh: true, write_nulls: true, ..Habits::default() };
        assert_eq!(cell(&habits, CqlType::Text, "NA", true), Ok(Cell::Null));
        assert_eq!(cell(&habits, CqlType::Text, "", false), bytes(b""));
        let key = Column { name: "k".to_owned(), cql_type: CqlType::Int, role: Some(KeyRole::Partition) };
        assert_eq!(habits.missing(&key), Err("k: a part of the key is missing".to_owned()));
    }

    #[test]
    fn numbers_booleans_and_times_as_the_file_writes_them() {
        let habits = Habits {
            booleans: Some(("yes".to_owned(), "no".to_owned())),
            decimal_separator: Some(','),
            thousands_separator: Some('.'),
            datetime_format: Some("%d.%m.%Y %H:%M".to_owned()),
            ..Habits::default()
        };
        assert_eq!(cell(&habits, CqlType::Int, "1.234", false), bytes(&1234_i32.to_be_bytes()));
        assert_eq!(cell(&habits, CqlType::Double, "1.234,5", false), bytes(&1234.5_f64.to_be_bytes()));
        assert_eq!(cell(&habits, CqlType::Boolean, "Yes", false), bytes(&[1]));
        assert_eq!(cell(&habits, CqlType::Boolean, "false", false), bytes(&[0]));
        let minute = bytes(&60_000_i64.to_be_bytes());
        assert_eq!(cell(&habits, CqlType::Timestamp, "01.01.1970 00:01", false), minute);
        assert_eq!(cell(&habits, CqlType::Timestamp, "1970-01-01T00:01:00Z", false), minute);
        let day = Habits { datetime_format: Some("%d.%m.%Y".to_owned()), ..Habits::default() };
        assert_eq!(cell(&day, CqlType::Timestamp, "01.01.1970", false), bytes(&[0; 8]));
    }

    #[test]
    fn whole_numbers_may_have_a_point_and_nothing_behind_it() {
        let habits = Habits::default();
        assert_eq!(cell(&habits, CqlType::Bigint, " 7.0 ", false), bytes(&7_i64.to_be_bytes()));
        assert!(cell(&habits, CqlType::Bigint, "7.5", false).is_err());
    }
}
