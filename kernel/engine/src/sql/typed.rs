//! A text in quotes as a value of the type of what it stands beside, read as CQL reads it.

use cqlbook_core::column::CqlType;
use cqlbook_core::value::{Forms, Notes, from_text, literal};
use datafusion::arrow::compute::kernels::cast_utils::string_to_timestamp_nanos;
use datafusion::common::ScalarValue;
use jiff::tz::TimeZone;

use super::SqlError;
use super::kind::Kind;
use super::tree::beyond;

/// The text as a value of this kind.
///
/// # Errors
/// [`SqlError::Beyond`] where it is none.
pub(super) fn value(kind: Kind, text: &str) -> Result<ScalarValue, SqlError> {
    let none = || {
        beyond(
            format!("'{text}' is compared with {}, and is none.", kind.name()),
            "Numbers stand without quotes, days as '2024-01-31', times as '2024-01-31 12:00:00'.",
        )
    };
    let cell = |ty: CqlType| from_text(&ty, text).ok();
    let known = match kind {
        Kind::Uuid | Kind::Timeuuid => Some(same(CqlType::Uuid, text)),
        Kind::Inet => Some(same(CqlType::Inet, text)),
        Kind::Boolean => match text.to_ascii_lowercase().as_str() {
            "true" => Some(ScalarValue::Boolean(Some(true))),
            "false" => Some(ScalarValue::Boolean(Some(false))),
            _ => None,
        },
        Kind::Date => day(text).or_else(|| instant(text)),
        Kind::Timestamp => instant(text),
        Kind::Time => cell(CqlType::Time).and_then(|cell| {
            let nanos = i64::from_be_bytes(cell.try_into().ok()?);
            Some(ScalarValue::Time64Nanosecond(Some(nanos)))
        }),
        Kind::Whole | Kind::Decimal => number(text.trim()),
        Kind::Single => text.trim().parse().ok().map(|float| ScalarValue::Float32(Some(float))),
        Kind::Float => text.trim().parse().ok().map(|float| ScalarValue::Float64(Some(float))),
        _ => None,
    };
    known.ok_or_else(none)
}

/// The text in the form that values of the type have in a query; as it is where it is none, and equals nothing.
fn same(ty: CqlType, text: &str) -> ScalarValue {
    let canonical = from_text(&ty, text).ok().map(|cell| literal(Some(&cell), &ty, &TimeZone::UTC).text);
    ScalarValue::Utf8(Some(canonical.unwrap_or_else(|| text.to_owned())))
}

fn day(text: &str) -> Option<ScalarValue> {
    let is_plain = text.contains('-');
    let cell = from_text(&CqlType::Date, text).ok().filter(|_| is_plain)?;
    let days = i64::from(u32::from_be_bytes(cell.try_into().ok()?)) - (1 << 31);
    Some(ScalarValue::Date32(Some(i32::try_from(days).ok()?)))
}

fn instant(text: &str) -> Option<ScalarValue> {
    if !text.contains(['-', ':']) {
        return None;
    }
    let mut notes = Notes::default();
    let zone = Some("UTC".into());
    match Forms::default().text(&CqlType::Timestamp, text, &mut notes) {
        Ok(cell) if notes == Notes::default() => {
            Some(ScalarValue::TimestampMillisecond(Some(i64::from_be_bytes(cell.try_into().ok()?)), zone))
        }
        // Finer than milliseconds.
        _ => Some(ScalarValue::TimestampNanosecond(Some(string_to_timestamp_nanos(text).ok()?), zone)),
    }
}

fn number(text: &str) -> Option<ScalarValue> {
    if let Ok(whole) = text.parse::<i64>() {
        return Some(ScalarValue::Int64(Some(whole)));
    }
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text),
    };
    let (before, behind) = digits.split_once('.').unwrap_or((digits, ""));
    let all = format!("{before}{behind}");
    if all.is_empty() || all.len() > 38 || !all.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let scale = i8::try_from(behind.len()).ok()?;
    let precision = u8::try_from(all.len()).ok()?.max(behind.len() as u8).max(1);
    Some(ScalarValue::Decimal128(Some(sign * all.parse::<i128>().ok()?), precision, scale))
}
