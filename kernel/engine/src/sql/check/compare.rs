//! Comparisons: what stands beside what, and texts that are read as the values that they are compared with.

use cqlbook_core::column::CqlType;
use cqlbook_core::value;
use jiff::tz::TimeZone;
use sqlparser::ast::{BinaryOperator, DataType, Expr, TimezoneInfo, UnaryOperator, Value};

use super::arithmetic::{double, take};
use super::expr::of;
use super::{Scope, precise, refuse, shown};
use crate::sql::SqlError;
use crate::sql::kind::Kind;
use crate::sql::literal::{call as invoke, cast, nested, quoted};

/// Two values that are compared: a text beside a value of another type is read as CQL reads it.
pub(super) fn compare(
    left: &mut Expr,
    right: &mut Expr,
    scope: &Scope<'_>,
) -> Result<(Kind, Kind), SqlError> {
    let (one, other) = (of(left, scope)?, of(right, scope)?);
    compared((left, one), (right, other), scope)
}

/// Two values of known kinds that are compared. What was checked once is not to be checked again: it is written in other words then.
pub(super) fn compared(
    (left, mut one): (&mut Expr, Kind),
    (right, mut other): (&mut Expr, Kind),
    scope: &Scope<'_>,
) -> Result<(Kind, Kind), SqlError> {
    if let Some(kind) = adapted(right, other, one)? {
        other = kind;
    }
    if let Some(kind) = adapted(left, one, other)? {
        one = kind;
    }
    if !one.compares(other) {
        return Err(refuse(
            format!("the comparison of {} with {}, `{left}` and `{right}`", one.name(), other.name()),
            "`CAST(x AS DOUBLE)`, `AS VARCHAR` or `AS DATE` on one side makes them alike.",
        ));
    }
    precise::beside((one, left), (other, right), scope)?;
    Ok((one, other))
}

/// Refuses the order of values that the engine has as text.
pub(super) fn sorted(kind: Kind) -> Result<(), SqlError> {
    if kind.is_sorted() || !kind.has_order() {
        return Ok(());
    }
    Err(refuse(
        format!("the order of {}, which its engine has as text", kind.name()),
        "`%show NAME --sort COLUMN` has their own order. In CQL, `toTimestamp(id)` makes a time of a timeuuid; `CAST(x AS VARCHAR)` orders them as text.",
    ))
}

/// A literal beside a value of the kind `beside`, as a value of that kind; `None` where nothing needs to be changed.
pub(super) fn adapted(expr: &mut Expr, own: Kind, beside: Kind) -> Result<Option<Kind>, SqlError> {
    let inner = match expr {
        Expr::Nested(inner) => inner.as_mut(),
        other => other,
    };
    // A decimal or double beside a float is what the float nearest to it is.
    if beside == Kind::Single && matches!(own, Kind::Decimal | Kind::Float) && is_number(inner) {
        *inner = cast(take(inner), DataType::Real);
        return Ok(Some(Kind::Single));
    }
    // Beside a whole number one with a point is a double to the engine, which is not exact beyond 2^53.
    if beside == Kind::Whole
        && own == Kind::Decimal
        && let Expr::Value(value) = &mut *inner
        && let Value::Number(digits, _) = &mut value.value
    {
        let (before, behind) = digits.split_once('.').unwrap_or((digits, ""));
        if before.len() > 15 {
            let part = format!("the comparison of a whole number with `{digits}`");
            return Err(refuse(part, "Write it without a point."));
        }
        if behind.bytes().all(|digit| digit == b'0') && !before.is_empty() {
            *digits = before.to_owned();
            return Ok(Some(Kind::Whole));
        }
    }
    // Beside a decimal it is one, with the digits that are written: to the engine it would be a double.
    if beside == Kind::Decimal && own == Kind::Decimal && precise::exact(inner)? {
        return Ok(Some(Kind::Decimal));
    }
    // A decimal that is written out beside a double is that double.
    if beside == Kind::Float && own == Kind::Decimal {
        *inner = double(nested(take(inner)));
        return Ok(Some(Kind::Float));
    }
    let Expr::Value(value) = &*inner else { return Ok(None) };
    let Value::SingleQuotedString(text) = &value.value else { return Ok(None) };
    let ty = match beside {
        Kind::Uuid | Kind::Timeuuid => CqlType::Uuid,
        Kind::Inet => CqlType::Inet,
        Kind::Date => CqlType::Date,
        Kind::Time => CqlType::Time,
        Kind::Timestamp => CqlType::Timestamp,
        Kind::Boolean | Kind::Whole | Kind::Single | Kind::Float | Kind::Decimal => {
            return Err(refuse(
                format!("the comparison of {} with text, `{inner}`", beside.name()),
                "Write the value without quotes, or `CAST(column AS VARCHAR)`.",
            ));
        }
        _ => return Ok(None),
    };
    let cell = value::from_text(&ty, text).map_err(|error| SqlError::Beyond {
        message: format!("{}.", error.to_string().trim_end_matches('.')),
        hints: vec![format!("It is compared with {}.", beside.name())],
        words: String::new(),
    })?;
    *inner = of_cell(&cell, &ty)?;
    Ok(Some(beside))
}

/// Whether it is a number with a point that is written out, which is a double to the engine.
pub(super) fn is_fraction(expr: &Expr) -> bool {
    is_number(expr) && expr.to_string().contains('.')
}

pub(super) fn is_number(expr: &Expr) -> bool {
    match expr {
        Expr::Value(value) => matches!(value.value, Value::Number(..)),
        Expr::UnaryOp { op: UnaryOperator::Minus | UnaryOperator::Plus, expr } | Expr::Nested(expr) => {
            is_number(expr)
        }
        _ => false,
    }
}

/// A value of CQL as one of the engine, in the form that it reads exactly.
pub(super) fn of_cell(cell: &[u8], ty: &CqlType) -> Result<Expr, SqlError> {
    let text = value::literal(Some(cell), ty, &TimeZone::UTC).text;
    Ok(match ty {
        CqlType::Date => cast(quoted(&text), DataType::Date),
        CqlType::Time => cast(quoted(&text), DataType::Time(None, TimezoneInfo::None)),
        CqlType::Timestamp => {
            let bytes: [u8; 8] =
                cell.try_into().map_err(|_| refuse(format!("`{text}`"), "Write a timestamp."))?;
            let instant = jiff::Timestamp::from_millisecond(i64::from_be_bytes(bytes)).map_err(|_| {
                refuse(format!("the timestamp `{text}`"), "Years from -9999 to 9999 can be compared.")
            })?;
            let civil = instant.to_zoned(TimeZone::UTC).datetime();
            invoke(
                "STRPTIME",
                vec![
                    quoted(&civil.strftime("%Y-%m-%d %H:%M:%S.%3f+0000").to_string()),
                    quoted("%Y-%m-%d %H:%M:%S%.3f%z"),
                ],
            )
        }
        _ => quoted(&text),
    })
}

/// `DATE '…'`, `TIMESTAMP '…'`.
pub(super) fn typed(expr: &mut Expr) -> Result<Kind, SqlError> {
    let Expr::TypedString(typed) = &*expr else { return Ok(Kind::Unknown) };
    let kind = match typed.data_type {
        DataType::Date => Kind::Date,
        DataType::Timestamp(_, TimezoneInfo::None) | DataType::Datetime(_) => Kind::Timestamp,
        DataType::Time(_, TimezoneInfo::None) => Kind::Time,
        _ => return Err(refuse(shown(expr), "It takes `DATE '…'`, `TIME '…'` and `TIMESTAMP '…'`.")),
    };
    let Value::SingleQuotedString(text) = &typed.value.value else {
        return Err(refuse(shown(expr), "Write the value in single quotes."));
    };
    *expr = quoted(text);
    adapted(expr, Kind::Text, kind)?;
    Ok(kind)
}

fn is_null(expr: &Expr) -> bool {
    matches!(expr, Expr::Value(value) if value.value == Value::Null)
}

/// A decimal in a list, as comparisons: the engine's list takes decimals of the column's own places only.
fn equal(value: &Expr, list: &mut [Expr], scope: &Scope<'_>) -> Result<Expr, SqlError> {
    const MOST: usize = 1000;
    if list.len() > MOST {
        return Err(refuse(
            format!("more than {MOST} decimal numbers in `IN (…)`"),
            "Put the values into a file, and join it: `FROM t JOIN 'values.csv' AS v ON t.x = v.x`.",
        ));
    }
    let mut terms = Vec::with_capacity(list.len());
    for item in list {
        let own = of(item, scope)?;
        let mut left = value.clone();
        compared((&mut left, Kind::Decimal), (item, own), scope)?;
        terms.push(nested(Expr::BinaryOp {
            left: Box::new(left),
            op: BinaryOperator::Eq,
            right: Box::new(take(item)),
        }));
    }
    // By halves: a chain of them would be as deep as it is long.
    while terms.len() > 1 {
        let mut halves = Vec::with_capacity(terms.len().div_ceil(2));
        let mut rest = terms.into_iter();
        while let Some(left) = rest.next() {
            halves.push(match rest.next() {
                None => left,
                Some(right) => nested(Expr::BinaryOp {
                    left: Box::new(left),
                    op: BinaryOperator::Or,
                    right: Box::new(right),
                }),
            });
        }
        terms = halves;
    }
    terms.pop().ok_or_else(|| refuse("an empty list", "Name a value at least."))
}

pub(super) fn in_list(expr: &mut Expr, scope: &Scope<'_>) -> Result<Kind, SqlError> {
    let part = shown(expr);
    let Expr::InList { expr: value, list, negated } = expr else { return Ok(Kind::Unknown) };
    let left = of(value, scope)?;
    if left == Kind::Decimal && list.iter().all(|item| is_number(item) || is_null(item)) {
        let equal = equal(value, list, scope)?;
        *expr =
            if *negated { Expr::UnaryOp { op: UnaryOperator::Not, expr: Box::new(equal) } } else { equal };
        return Ok(Kind::Boolean);
    }
    for item in list {
        let right = of(item, scope)?;
        let right = match left {
            // The engine takes values in a list and no calls.
            Kind::Uuid | Kind::Timeuuid | Kind::Inet | Kind::Date => {
                adapted(item, right, left)?.unwrap_or(right)
            }
            _ => right,
        };
        if left == Kind::Float
            && let Expr::Value(value) = &mut *item
            && let Value::Number(digits, _) = &mut value.value
            && !digits.contains('.')
        {
            digits.push_str(".0");
        }
        let alike = left == right
            || left.is_open()
            || right == Kind::Null
            || (left.is_text() && right.is_text())
            || (left == Kind::Decimal && right == Kind::Whole)
            || (left == Kind::Float && matches!(right, Kind::Whole | Kind::Decimal));
        let is_value = matches!(item, Expr::Value(_)) || is_number(item) || left == Kind::Date;
        if !alike || !is_value || left == Kind::Single || !left.has_order() {
            return Err(refuse(
                part,
                "Values of one type, as they are written, stand in `IN (…)`. `x = a OR x = b` takes any.",
            ));
        }
    }
    Ok(Kind::Boolean)
}
