//! Decimals as exactly as they are written, and numbers that a double would round.

use sqlparser::ast::{
    BinaryOperator, DataType, ExactNumberInfo, Expr, SelectItem, SetExpr, UnaryOperator, Value,
};

use super::compare::is_fraction;
use super::{Scope, call, refuse};
use crate::sql::SqlError;
use crate::sql::digits::{self, ANY_WHOLE};
use crate::sql::kind::Kind;
use crate::sql::literal::{cast, quoted};

/// Calls whose value is one of their arguments, or near it.
const SAME: [&str; 14] = [
    "abs", "ceil", "ceiling", "coalesce", "first", "floor", "greatest", "ifnull", "last", "least", "max",
    "min", "nullif", "sum",
];

/// The digits of a number that is written out, with its sign.
pub(super) fn digits_of(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Value(value) => match &value.value {
            Value::Number(digits, false) if !digits.contains(['e', 'E']) => Some(digits.clone()),
            _ => None,
        },
        Expr::Nested(inner) | Expr::UnaryOp { op: UnaryOperator::Plus, expr: inner } => digits_of(inner),
        Expr::UnaryOp { op: UnaryOperator::Minus, expr: inner } => {
            let digits = digits_of(inner)?;
            Some(digits.strip_prefix('-').map_or_else(|| format!("-{digits}"), str::to_owned))
        }
        _ => None,
    }
}

/// A number that is written out as a decimal, which the engine has exactly; `false` where it is none.
pub(super) fn exact(expr: &mut Expr) -> Result<bool, SqlError> {
    let Some(digits) = digits_of(expr) else { return Ok(false) };
    let (before, places) = digits::counted(&digits);
    if before.saturating_add(places) > 38 {
        return Err(refuse(
            format!("the number {digits}, which has more than 38 digits"),
            "Write fewer places, or `CAST(x AS DOUBLE)` on both sides.",
        ));
    }
    let text = if let Some(rest) = digits.strip_prefix('.') { format!("0.{rest}") } else { digits };
    let text = text.trim_end_matches('.').to_owned();
    *expr = cast(quoted(&text), DataType::Decimal(ExactNumberInfo::PrecisionAndScale(38, i64::from(places))));
    Ok(true)
}

/// Whether two numbers, one of them decimal at least, can be put beside each other with the places of both.
pub(super) fn beside(left: (Kind, &Expr), right: (Kind, &Expr), scope: &Scope<'_>) -> Result<(), SqlError> {
    let kinds = (left.0, right.0);
    if !matches!(kinds, (Kind::Decimal, Kind::Decimal | Kind::Whole) | (Kind::Whole, Kind::Decimal)) {
        return Ok(());
    }
    let size = |(kind, expr): (Kind, &Expr)| match digits_of(expr).or_else(|| cast_digits(expr)) {
        Some(digits) => Some(digits::counted(&digits)),
        None => (kind == Kind::Whole).then_some(ANY_WHOLE),
    };
    let fits = match (size(left), size(right)) {
        (Some(_), Some(_)) => true,
        (one, other) => scope.tables.digits().fit(one.or(other)),
    };
    if fits {
        return Ok(());
    }
    Err(refuse(
        format!(
            "decimal numbers of unlike places beside each other, {} and {}, where both together have more than 38 digits",
            named(left.1),
            named(right.1)
        ),
        "`CAST(x AS DOUBLE)` on both sides compares them as doubles.",
    ))
}

/// A side as it was typed.
fn named(expr: &Expr) -> String {
    cast_digits(expr).map_or_else(|| format!("`{expr}`"), |digits| format!("`{digits}`"))
}

/// The digits that [`exact`] wrote.
fn cast_digits(expr: &Expr) -> Option<String> {
    let Expr::Cast { expr, data_type: DataType::Decimal(..), .. } = expr else { return None };
    match expr.as_ref() {
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(text) => Some(text.clone()),
            _ => None,
        },
        _ => None,
    }
}

/// Numbers written out with a point beside decimals become decimals; long numbers beside doubles are refused.
pub(super) fn together(values: &mut [(Kind, &mut Expr)], scope: &Scope<'_>) -> Result<(), SqlError> {
    let has_decimal = values.iter().any(|(kind, expr)| *kind == Kind::Decimal && !is_fraction(expr));
    let has_double = values.iter().any(|(kind, expr)| {
        matches!(kind, Kind::Single | Kind::Float)
            || (*kind == Kind::Decimal && is_fraction(expr) && !has_decimal)
    });
    if has_double {
        return values.iter().try_for_each(|(kind, expr)| short(*kind, expr, scope));
    }
    if has_decimal {
        for (_, expr) in values.iter_mut().filter(|(_, expr)| is_fraction(expr)) {
            exact(expr)?;
        }
    }
    Ok(())
}

/// Refuses what a double would round.
pub(super) fn short(kind: Kind, expr: &Expr, scope: &Scope<'_>) -> Result<(), SqlError> {
    if !matches!(kind, Kind::Whole | Kind::Decimal) || !is_long(expr, scope) {
        return Ok(());
    }
    Err(rounded(&format!("`{expr}`")))
}

pub(super) fn rounded(part: &str) -> SqlError {
    refuse(
        format!("{part} beside a double or a number with a point, where its long numbers would be rounded"),
        "`CAST(x AS DOUBLE)` says that the nearest double will do; without a point, numbers stay exact.",
    )
}

/// Whether it may be a number that a double does not hold.
pub(super) fn is_long(expr: &Expr, scope: &Scope<'_>) -> bool {
    match expr {
        Expr::Identifier(name) => scope.tables.digits().is_long(&name.value),
        Expr::CompoundIdentifier(names) => {
            names.last().is_some_and(|name| scope.tables.digits().is_long(&name.value))
        }
        Expr::Value(value) => {
            matches!(&value.value, Value::Number(text, _) if digits::is_long(text))
        }
        Expr::Nested(expr)
        | Expr::UnaryOp { expr, .. }
        | Expr::Floor { expr, .. }
        | Expr::Ceil { expr, .. } => is_long(expr, scope),
        Expr::Cast { expr, data_type: DataType::BigInt(_) | DataType::Decimal(_), .. } => {
            is_long(expr, scope) || cast_digits(expr).is_some_and(|text| digits::is_long(&text))
        }
        Expr::BinaryOp {
            left,
            op: BinaryOperator::Plus | BinaryOperator::Minus | BinaryOperator::Multiply,
            right,
        } => is_long(left, scope) || is_long(right, scope),
        Expr::Case { conditions, else_result, .. } => {
            conditions.iter().any(|when| is_long(&when.result, scope))
                || else_result.as_ref().is_some_and(|result| is_long(result, scope))
        }
        Expr::Function(function) if SAME.contains(&function.name.to_string().to_lowercase().as_str()) => {
            call::arguments(function).is_some_and(|all| all.iter().any(|expr| is_long(expr, scope)))
        }
        Expr::Subquery(query) => match query.body.as_ref() {
            SetExpr::Select(select) => select.projection.iter().any(|item| match item {
                SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => {
                    is_long(expr, scope)
                }
                _ => true,
            }),
            _ => true,
        },
        _ => false,
    }
}
