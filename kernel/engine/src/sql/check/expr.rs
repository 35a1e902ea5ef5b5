//! Expressions: what each is, and which of them the engine answers rightly.

use sqlparser::ast::{
    CastKind, CeilFloorKind, DataType, DateTimeField, ExactNumberInfo, Expr, TimezoneInfo, Value,
};

use super::arithmetic::{binary, double, take, unary};
use super::compare::{adapted, compared, in_list, sorted, typed};
use super::precise::together;
use super::subquery::{correlated, is_one_row, of_rows};
use super::{Scope, call, mixed, of_query, refuse, shown};
use crate::sql::SqlError;
use crate::sql::kind::Kind;
use crate::sql::literal::quoted;

/// A condition, which is true, false or null.
pub(super) fn condition(expr: &mut Expr, scope: &Scope<'_>, clause: &str) -> Result<(), SqlError> {
    truth(expr, scope, &format!("`{clause}`"))
}

pub(super) fn truth(expr: &mut Expr, scope: &Scope<'_>, part: &str) -> Result<(), SqlError> {
    let kind = of(expr, scope)?;
    if kind == Kind::Boolean || kind.is_open() {
        return Ok(());
    }
    Err(refuse(format!("{part} with {}", kind.name()), "Compare it with something: `x <> 0`."))
}

/// What an expression is. It is rewritten where the engine answers other words rightly.
pub(super) fn of(expr: &mut Expr, scope: &Scope<'_>) -> Result<Kind, SqlError> {
    Ok(match expr {
        Expr::Identifier(name) if scope.is_ambiguous(&name.value) => {
            return Err(refuse(
                format!("`{name}`, which several tables of this query have"),
                "Say which is meant: `t.column`.",
            ));
        }
        Expr::Identifier(name) => column(&name.value, scope),
        Expr::CompoundIdentifier(names) => match names.as_slice() {
            [table, column] => qualified(&table.value, &column.value, scope),
            _ => return Err(refuse(shown(expr), "Fields of structures cannot be taken here.")),
        },
        Expr::Value(value) => match &value.value {
            Value::Number(digits, false) if digits.contains(['e', 'E']) => {
                *expr = double(quoted(&digits.clone()));
                Kind::Float
            }
            value => literal(value)?,
        },
        Expr::Nested(inner) => of(inner, scope)?,
        Expr::UnaryOp { .. } => unary(expr, scope)?,
        Expr::BinaryOp { .. } => binary(expr, scope)?,
        Expr::IsNull(inner) | Expr::IsNotNull(inner) => {
            of(inner, scope)?;
            Kind::Boolean
        }
        Expr::IsTrue(_)
        | Expr::IsNotTrue(_)
        | Expr::IsFalse(_)
        | Expr::IsNotFalse(_)
        | Expr::IsUnknown(_)
        | Expr::IsNotUnknown(_) => {
            return Err(refuse(
                shown(expr),
                "`COALESCE(x, FALSE)` is true where `x` is true, and false where it is false or null; `x IS NULL` finds the unknown.",
            ));
        }
        Expr::IsDistinctFrom(..) | Expr::IsNotDistinctFrom(..) => {
            return Err(refuse(
                shown(expr),
                "`a <> b OR (a IS NULL AND b IS NOT NULL) OR (a IS NOT NULL AND b IS NULL)` says the same; for the opposite, `a = b OR (a IS NULL AND b IS NULL)`.",
            ));
        }
        Expr::Between { expr: value, low, high, .. } => {
            let mut kind = of(value, scope)?;
            for end in [low, high] {
                let other = of(end, scope)?;
                kind = compared((value, kind), (end, other), scope)?.0;
                sorted(kind)?;
                sorted(other)?;
            }
            Kind::Boolean
        }
        Expr::InList { .. } => in_list(expr, scope)?,
        Expr::InSubquery { expr: value, subquery, .. } => {
            let left = of(value, scope)?;
            let part = subquery.to_string();
            correlated(subquery, scope, false)?;
            of_rows(subquery, "`IN`")?;
            let columns = of_query(subquery, scope.tables, None)?;
            let right = match columns.as_slice() {
                [(_, kind)] => *kind,
                _ => return Err(refuse(shown(&part), "The query in `IN (…)` has one column.")),
            };
            let alike =
                left == right || left.is_open() || right.is_open() || (left.is_text() && right.is_text());
            if !alike || matches!(right, Kind::Decimal | Kind::Single | Kind::Float) || !right.has_order() {
                return Err(mixed("`IN`", left, right));
            }
            Kind::Boolean
        }
        Expr::Exists { subquery, .. } => {
            correlated(subquery, scope, true)?;
            of_rows(subquery, "`EXISTS`")?;
            of_query(subquery, scope.tables, Some(scope))?;
            Kind::Boolean
        }
        Expr::Subquery(subquery) => {
            correlated(subquery, scope, false)?;
            if !is_one_row(subquery) {
                return Err(refuse(
                    format!("the single value of {}", shown(subquery)),
                    "It takes the one of an aggregate over all rows: `(SELECT MAX(x) FROM t)`.",
                ));
            }
            let columns = of_query(subquery, scope.tables, None)?;
            columns.first().map_or(Kind::Unknown, |(_, kind)| *kind)
        }
        Expr::Case { operand, conditions, else_result, .. } => {
            let mut kind = Kind::Null;
            let mut results = Vec::new();
            let mut operand = match operand {
                Some(operand) => {
                    let kind = of(operand, scope)?;
                    Some((operand, kind))
                }
                None => None,
            };
            for when in conditions {
                match &mut operand {
                    Some((operand, kind)) => {
                        let other = of(&mut when.condition, scope)?;
                        *kind = compared((operand, *kind), (&mut when.condition, other), scope)?.0;
                    }
                    None => truth(&mut when.condition, scope, "`WHEN`")?,
                }
                let own = of(&mut when.result, scope)?;
                kind = kind.joined(own).ok_or_else(|| mixed("`CASE`", kind, own))?;
                results.push((own, &mut when.result));
            }
            if let Some(result) = else_result {
                let own = of(result, scope)?;
                kind = kind.joined(own).ok_or_else(|| mixed("`CASE`", kind, own))?;
                results.push((own, result.as_mut()));
            }
            together(&mut results, scope)?;
            kind
        }
        Expr::Cast { .. } => cast_to(expr, scope)?,
        Expr::Extract { field, expr: value, .. } => {
            let kind = of(value, scope)?;
            extracted(field, kind)?
        }
        Expr::Floor { expr: value, field: CeilFloorKind::DateTimeField(DateTimeField::NoDateTime) }
        | Expr::Ceil { expr: value, field: CeilFloorKind::DateTimeField(DateTimeField::NoDateTime) } => {
            let kind = of(value, scope)?;
            if !kind.is_number() && !kind.is_open() {
                return Err(refuse(format!("the rounding of {}", kind.name()), "Give it a number."));
            }
            kind
        }
        Expr::Like { any: false, expr: value, pattern, escape_char: None, .. }
        | Expr::ILike { any: false, expr: value, pattern, escape_char: None, .. } => {
            let kind = of(value, scope)?;
            let text = match pattern.as_ref() {
                Expr::Value(value) => match &value.value {
                    Value::SingleQuotedString(text) => Some(text),
                    _ => None,
                },
                _ => None,
            };
            if text.is_none_or(|text| text.contains('\\')) || !(kind.is_text() || kind.is_open()) {
                return Err(refuse(
                    shown(expr),
                    "`LIKE` takes text and a pattern in quotes, without a backslash. `REPLACE(text, '%', '') <> text` finds a mark that is a wildcard.",
                ));
            }
            Kind::Boolean
        }
        Expr::Like { .. } | Expr::ILike { .. } => {
            return Err(refuse(
                "`LIKE … ESCAPE`",
                "`STARTS_WITH(text, 'a%')` compares the beginning, and `REPLACE(text, '%', '') <> text` finds a mark that is a wildcard.",
            ));
        }
        Expr::Substring { .. } => substring(expr, scope)?,
        Expr::Trim { trim_where: None, trim_what: None, expr: value, trim_characters: None } => {
            texts(&mut [value], scope)?;
            Kind::Text
        }
        Expr::TypedString(_) => typed(expr)?,
        Expr::Interval(interval) => {
            if !matches!(interval.value.as_ref(), Expr::Value(_)) {
                return Err(refuse(shown(expr), "Write the length itself: `INTERVAL '1 day'`."));
            }
            Kind::Interval
        }
        Expr::Function(_) => call::of(expr, scope)?,
        other => return Err(refuse(shown(other), "docs/analysis.md lists what local SQL can do.")),
    })
}

fn column(name: &str, scope: &Scope<'_>) -> Kind {
    scope.column(name).or_else(|| scope.outer.and_then(|outer| outer.column(name))).unwrap_or(Kind::Unknown)
}

fn qualified(table: &str, name: &str, scope: &Scope<'_>) -> Kind {
    let outer = || scope.outer.and_then(|outer| outer.qualified(table, name));
    scope.qualified(table, name).or_else(outer).unwrap_or(Kind::Unknown)
}

fn literal(value: &Value) -> Result<Kind, SqlError> {
    Ok(match value {
        Value::Null => Kind::Null,
        Value::Boolean(_) => Kind::Boolean,
        Value::SingleQuotedString(_) => Kind::Text,
        Value::Number(digits, false) if digits.contains('.') => Kind::Decimal,
        Value::Number(digits, false) if digits.parse::<i64>().is_ok() => Kind::Whole,
        other => {
            return Err(refuse(
                format!("the value {}", shown(other)),
                "It takes texts in single quotes, numbers of 64 bits, decimals, `TRUE`, `FALSE` and `NULL`.",
            ));
        }
    })
}

/// Texts, and nothing else.
pub(super) fn texts(values: &mut [&mut Box<Expr>], scope: &Scope<'_>) -> Result<(), SqlError> {
    for value in values {
        let kind = of(value, scope)?;
        if !kind.is_text() && !kind.is_open() {
            return Err(refuse(
                format!("`{value}` as text, which is {}", kind.name()),
                "`CAST(x AS VARCHAR)` makes text of a number.",
            ));
        }
    }
    Ok(())
}

fn substring(expr: &mut Expr, scope: &Scope<'_>) -> Result<Kind, SqlError> {
    let part = shown(expr);
    let Expr::Substring { expr: value, substring_from, substring_for, .. } = expr else {
        return Ok(Kind::Unknown);
    };
    texts(&mut [value], scope)?;
    let from = substring_from.as_deref().is_none_or(|from| at_least(from, 1));
    let length = substring_for.as_deref().is_none_or(|length| at_least(length, 0));
    if from && length {
        return Ok(Kind::Text);
    }
    Err(refuse(
        part,
        "The place and the length are whole numbers, and the first character has place 1. `RIGHT(text, n)` has the end.",
    ))
}

/// Whether it is a whole number that is written out, of this at least.
pub(super) fn at_least(expr: &Expr, least: i64) -> bool {
    matches!(expr, Expr::Value(value) if matches!(&value.value, Value::Number(digits, false) if digits.parse::<i64>().is_ok_and(|number| number >= least)))
}

pub(super) fn extracted(field: &DateTimeField, kind: Kind) -> Result<Kind, SqlError> {
    use DateTimeField as F;
    let of_day = matches!(
        field,
        F::Year
            | F::Month
            | F::Day
            | F::Quarter
            | F::Week(None)
            | F::Dow
            | F::DayOfWeek
            | F::Isodow
            | F::Doy
            | F::DayOfYear
            | F::Isoyear
    );
    let of_time = matches!(field, F::Hour | F::Minute);
    let fits = match kind {
        Kind::Date => of_day,
        Kind::Timestamp => of_day || of_time || matches!(field, F::Second | F::Epoch),
        Kind::Time => of_time,
        _ => kind.is_open(),
    };
    if fits {
        return Ok(if matches!(field, F::Second | F::Epoch) { Kind::Float } else { Kind::Whole });
    }
    Err(refuse(
        format!("`EXTRACT({field} FROM …)` of {}", kind.name()),
        "It takes YEAR, QUARTER, MONTH, WEEK, DAY, DOW, DOY, HOUR, MINUTE, SECOND and EPOCH of a timestamp, and those of the day of a date.",
    ))
}

fn cast_to(expr: &mut Expr, scope: &Scope<'_>) -> Result<Kind, SqlError> {
    let part = shown(expr);
    let Expr::Cast { kind, expr: value, data_type, array: false, format: None } = expr else {
        return Err(refuse(part, "Write `CAST(x AS TYPE)`."));
    };
    let from = of(value, scope)?;
    let hint = |hint: &str| Err(refuse(format!("{part} of {}", from.name()), hint));
    let strict = matches!(kind, CastKind::Cast | CastKind::DoubleColon);
    match &*data_type {
        DataType::TinyInt(_)
        | DataType::SmallInt(_)
        | DataType::Int(_)
        | DataType::Integer(_)
        | DataType::BigInt(_) => match from {
            Kind::Whole | Kind::Text | Kind::Boolean | Kind::Null | Kind::Unknown => Ok(Kind::Whole),
            Kind::Single | Kind::Float | Kind::Decimal if is_rounded(value) => Ok(Kind::Whole),
            Kind::Single | Kind::Float | Kind::Decimal => {
                hint("Say how it is rounded: `CAST(ROUND(x) AS BIGINT)`, `FLOOR(x)` or `CEIL(x)`.")
            }
            _ => hint("`EXTRACT(EPOCH FROM x)` has a time's seconds."),
        },
        DataType::Double(_)
        | DataType::DoublePrecision
        | DataType::Float(ExactNumberInfo::None)
        | DataType::Float8 => match from {
            kind if kind.is_number() || kind.is_open() || matches!(kind, Kind::Text) => Ok(Kind::Float),
            _ => hint("Give it a number or text."),
        },
        DataType::Real | DataType::Float4 if from.is_number() || from.is_open() => Ok(Kind::Single),
        DataType::Decimal(ExactNumberInfo::PrecisionAndScale(..))
        | DataType::Numeric(ExactNumberInfo::PrecisionAndScale(..)) => match from {
            Kind::Whole | Kind::Null => Ok(Kind::Decimal),
            _ => hint("`ROUND(x, 2)` rounds; whole numbers become decimals."),
        },
        DataType::Varchar(None) | DataType::Text | DataType::String(None) => match from {
            kind if kind.is_text()
                || kind.is_open()
                || matches!(kind, Kind::Whole | Kind::Date | Kind::Boolean) =>
            {
                Ok(Kind::Text)
            }
            Kind::Long => Ok(Kind::Text),
            Kind::Decimal if strict => Ok(Kind::Text),
            Kind::Timestamp => hint("`STRFTIME(x, '%Y-%m-%d %H:%M:%S')` makes text of a time."),
            _ => hint("Keep the value as it is: it is shown by its own type."),
        },
        DataType::Date => match from {
            Kind::Date | Kind::Timestamp | Kind::Null | Kind::Unknown => Ok(Kind::Date),
            Kind::Text if matches!(value.as_ref(), Expr::Value(_)) => {
                *expr = take(value);
                adapted(expr, Kind::Text, Kind::Date)?;
                Ok(Kind::Date)
            }
            _ => hint("`STRPTIME(text, '%Y-%m-%d')` reads a time."),
        },
        DataType::Timestamp(_, TimezoneInfo::None) => match from {
            Kind::Text if matches!(value.as_ref(), Expr::Value(_)) => {
                *expr = take(value);
                adapted(expr, Kind::Text, Kind::Timestamp)?;
                Ok(Kind::Timestamp)
            }
            _ => hint("Write `TIMESTAMP '…'`, and compare dates with `CAST(x AS DATE)`."),
        },
        DataType::Boolean | DataType::Bool if from == Kind::Boolean || from.is_open() => Ok(Kind::Boolean),
        _ => hint(
            "It takes BIGINT, INTEGER, SMALLINT, TINYINT, DOUBLE, REAL, VARCHAR, DATE and DECIMAL(p, s) of what fits them.",
        ),
    }
}

/// Whether a value is whole because it was rounded.
fn is_rounded(expr: &Expr) -> bool {
    match expr {
        Expr::Nested(inner) => is_rounded(inner),
        Expr::Floor { .. } | Expr::Ceil { .. } => true,
        // What `ROUND` is rewritten to; see `call`.
        Expr::Case { .. } => call::is_round(expr),
        Expr::Function(function) => {
            matches!(function.name.to_string().to_lowercase().as_str(), "floor" | "ceil" | "ceiling")
                || (function.name.to_string().eq_ignore_ascii_case("round")
                    && call::arguments(function).is_some_and(|all| all.len() == 1))
        }
        _ => false,
    }
}
