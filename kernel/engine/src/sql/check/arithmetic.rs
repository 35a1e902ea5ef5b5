//! Operators: numbers of 64 bits that do not wrap around, remainders with SQL's sign, divisions that are not cut.

use sqlparser::ast::helpers::attached_token::AttachedToken;
use sqlparser::ast::{BinaryOperator, CaseWhen, DataType, ExactNumberInfo, Expr, UnaryOperator, Value};

use super::compare::{compare, is_fraction, is_number, sorted};
use super::expr::{at_least, of, texts, truth};
use super::{Scope, precise, refuse, shown};
use crate::sql::SqlError;
use crate::sql::kind::Kind;
use crate::sql::literal::{cast, nested};

pub(super) fn unary(expr: &mut Expr, scope: &Scope<'_>) -> Result<Kind, SqlError> {
    let Expr::UnaryOp { op, expr: value } = expr else { return Ok(Kind::Unknown) };
    if *op == UnaryOperator::Not {
        truth(value, scope, "`NOT`")?;
        return Ok(Kind::Boolean);
    }
    let kind = of(value, scope)?;
    let is_literal = matches!(value.as_ref(), Expr::Value(_));
    match op {
        UnaryOperator::Plus | UnaryOperator::Minus if is_literal && kind.is_number() => Ok(kind),
        UnaryOperator::Plus if kind.is_number() || kind.is_open() => Ok(kind),
        UnaryOperator::Minus
            if matches!(kind, Kind::Single | Kind::Float | Kind::Decimal) || kind.is_open() =>
        {
            Ok(kind)
        }
        UnaryOperator::Minus if kind == Kind::Whole => {
            let zero = Expr::value(Value::Number("0".to_owned(), false));
            *expr = whole(zero, BinaryOperator::Minus, std::mem::replace(value, Expr::value(Value::Null)));
            Ok(Kind::Whole)
        }
        _ => Err(refuse(format!("{} of {}", shown(op), kind.name()), "Give it a number.")),
    }
}

/// Whole numbers of 64 bits are added and multiplied as numbers of 38 digits, which hold every outcome; one that does not fit 64
/// bits is an error then, and never a wrong number.
pub(super) fn whole(left: Expr, op: BinaryOperator, right: Expr) -> Expr {
    let wide = |expr| cast(expr, DataType::Decimal(ExactNumberInfo::PrecisionAndScale(38, 0)));
    let is_sum = |op: &BinaryOperator| matches!(op, BinaryOperator::Plus | BinaryOperator::Minus);
    // A sum of sums is one sum: 38 digits hold more terms than a query has, and the engine plans casts in casts slowly.
    let left = match left {
        Expr::Cast { expr: inner, data_type: DataType::BigInt(None), .. }
            if is_sum(&op)
                && matches!(inner.as_ref(), Expr::BinaryOp { op, left, .. } if is_sum(op) && is_wide(left)) =>
        {
            *inner
        }
        other => wide(other),
    };
    let outcome = Expr::BinaryOp { left: Box::new(left), op, right: Box::new(wide(right)) };
    cast(outcome, DataType::BigInt(None))
}

/// Whether it is what [`whole`] makes of a number, or a sum of such.
fn is_wide(expr: &Expr) -> bool {
    match expr {
        Expr::Cast { data_type: DataType::Decimal(ExactNumberInfo::PrecisionAndScale(38, 0)), .. } => true,
        Expr::BinaryOp { op: BinaryOperator::Plus | BinaryOperator::Minus, left, .. } => is_wide(left),
        _ => false,
    }
}

/// Products in products, which the engine plans in a time that doubles with each.
const PRODUCTS: usize = 8;

/// How many of them are in one another.
fn products(expr: &Expr) -> usize {
    match expr {
        Expr::Cast { expr, .. } | Expr::Nested(expr) => products(expr),
        Expr::BinaryOp { left, op, right } => {
            products(left).max(products(right)) + usize::from(*op == BinaryOperator::Multiply)
        }
        _ => 0,
    }
}

/// The remainder with the sign of the number that is divided, as SQL has it; the engine's has that of the divisor.
pub(super) fn remainder(number: Expr, by: Expr) -> Expr {
    let zero = || Expr::value(Value::Number("0".to_owned(), false));
    let modulo = |left: Expr| {
        nested(Expr::BinaryOp {
            left: Box::new(nested(left)),
            op: BinaryOperator::Modulo,
            right: Box::new(by.clone()),
        })
    };
    let negative = whole(zero(), BinaryOperator::Minus, nested(number.clone()));
    let below = Expr::BinaryOp {
        left: Box::new(nested(number.clone())),
        op: BinaryOperator::Lt,
        right: Box::new(zero()),
    };
    nested(Expr::Case {
        case_token: AttachedToken::empty(),
        end_token: AttachedToken::empty(),
        operand: None,
        conditions: vec![CaseWhen {
            condition: below,
            result: whole(zero(), BinaryOperator::Minus, modulo(negative)),
        }],
        else_result: Some(Box::new(modulo(number))),
    })
}

/// As a double.
pub(super) fn double(expr: Expr) -> Expr {
    cast(expr, DataType::Double(ExactNumberInfo::None))
}

pub(super) fn take(expr: &mut Expr) -> Expr {
    std::mem::replace(expr, Expr::value(Value::Null))
}

pub(super) fn binary(expr: &mut Expr, scope: &Scope<'_>) -> Result<Kind, SqlError> {
    let whole_text = shown(expr);
    let Expr::BinaryOp { left, op, right } = expr else { return Ok(Kind::Unknown) };
    match op {
        BinaryOperator::And | BinaryOperator::Or => {
            let part = format!("`{op}`");
            truth(left, scope, &part)?;
            truth(right, scope, &part)?;
            Ok(Kind::Boolean)
        }
        BinaryOperator::Eq
        | BinaryOperator::NotEq
        | BinaryOperator::Lt
        | BinaryOperator::LtEq
        | BinaryOperator::Gt
        | BinaryOperator::GtEq => {
            let (one, other) = compare(left, right, scope)?;
            if !matches!(op, BinaryOperator::Eq | BinaryOperator::NotEq) {
                sorted(one)?;
                sorted(other)?;
            }
            Ok(Kind::Boolean)
        }
        BinaryOperator::StringConcat => {
            texts(&mut [left, right], scope)?;
            Ok(Kind::Text)
        }
        BinaryOperator::Plus
        | BinaryOperator::Minus
        | BinaryOperator::Multiply
        | BinaryOperator::Divide
        | BinaryOperator::Modulo => {
            let (one, other) = (of(left, scope)?, of(right, scope)?);
            if one.is_open() || other.is_open() {
                return Ok(if one.is_open() { other } else { one });
            }
            let is_column = |kind: Kind, expr: &Expr| kind == Kind::Decimal && !is_fraction(expr);
            let additive = matches!(op, BinaryOperator::Plus | BinaryOperator::Minus);
            match (one, other) {
                (Kind::Date, Kind::Interval) if additive && !is_of_days(right) => Err(refuse(
                    format!("{whole_text}, a date with parts of a day"),
                    "Add them to a timestamp; a date takes days, weeks, months and years: `INTERVAL '2 days'`.",
                )),
                (Kind::Date | Kind::Timestamp, Kind::Interval) if additive => Ok(one),
                _ if !one.is_number() || !other.is_number() => Err(refuse(
                    format!("{whole_text}, {} and {}", one.name(), other.name()),
                    "Numbers are worked out with numbers, and `INTERVAL '1 day'` is added to times. `CAST(x AS DOUBLE)` makes a number of text; `EXTRACT(EPOCH FROM x)` has a time's seconds.",
                )),
                (Kind::Whole, Kind::Whole) if *op == BinaryOperator::Divide => Ok(Kind::Float),
                _ if *op == BinaryOperator::Modulo => {
                    let fits = (one, other) == (Kind::Whole, Kind::Whole) && at_least(right, 1);
                    if !fits || left.to_string().contains('%') {
                        let hint =
                            "`%` takes a whole number, and a positive one that is written out: `n % 7`.";
                        return Err(refuse(whole_text, hint));
                    }
                    *expr = remainder(take(left), take(right));
                    Ok(Kind::Whole)
                }
                (Kind::Whole, Kind::Whole) => {
                    let op = op.clone();
                    if products(left).max(products(right)) >= PRODUCTS {
                        let hint = "Work out a part in a CTE first, or with `CAST(x AS DOUBLE)`.";
                        return Err(refuse(
                            format!("more than {PRODUCTS} products of whole numbers in one another"),
                            hint,
                        ));
                    }
                    *expr = whole(take(left), op, take(right));
                    Ok(Kind::Whole)
                }
                (Kind::Decimal, Kind::Decimal)
                    if *op == BinaryOperator::Multiply && !is_number(left) && !is_number(right) =>
                {
                    let hint = "`CAST(x AS DOUBLE)` on both multiplies them as doubles.";
                    Err(refuse(format!("{whole_text}, a product of decimal numbers"), hint))
                }
                (Kind::Whole | Kind::Decimal, Kind::Whole | Kind::Decimal)
                    if *op != BinaryOperator::Divide && !is_fraction(left) && !is_fraction(right) =>
                {
                    Ok(Kind::Decimal)
                }
                // A sum of decimals is exact, whatever its places.
                (Kind::Decimal, Kind::Decimal)
                    if additive && (is_column(one, left) || is_column(other, right)) =>
                {
                    for side in [left, right] {
                        if is_fraction(side) {
                            precise::exact(side)?;
                        }
                    }
                    Ok(Kind::Decimal)
                }
                // The engine divides decimals to a few places only; and single precision is not what one expects of a sum.
                _ => {
                    // A quotient is a double anywhere, and so is what a double is worked out with.
                    if *op != BinaryOperator::Divide && (is_fraction(left) || is_fraction(right)) {
                        precise::short(one, left, scope)?;
                        precise::short(other, right, scope)?;
                    }
                    if one != Kind::Float {
                        **left = double(nested(take(left)));
                    }
                    if other != Kind::Float {
                        **right = double(nested(take(right)));
                    }
                    Ok(Kind::Float)
                }
            }
        }
        _ => Err(refuse(
            whole_text,
            "`FLOOR(a / b)` divides to a whole number, and `LIKE` finds a pattern; bits are not worked with.",
        )),
    }
}

/// Whether an interval is of whole days.
fn is_of_days(interval: &Expr) -> bool {
    const UNITS: [&str; 4] = ["day", "week", "month", "year"];
    let is_unit = |word: &str| {
        let word = word.to_ascii_lowercase();
        UNITS.contains(&word.strip_suffix('s').unwrap_or(&word))
    };
    match interval {
        Expr::Nested(inner) => is_of_days(inner),
        Expr::Interval(interval) => {
            let text = match interval.value.as_ref() {
                Expr::Value(value) => match &value.value {
                    Value::SingleQuotedString(text) | Value::Number(text, _) => text.as_str(),
                    _ => return false,
                },
                _ => return false,
            };
            let named = interval.leading_field.as_ref().map(ToString::to_string);
            let mut words: Vec<&str> = text.split_whitespace().collect();
            words.extend(named.as_deref());
            words
                .chunks(2)
                .all(|pair| matches!(pair, [number, unit] if is_unit(unit) && number.parse::<i32>().is_ok()))
        }
        _ => false,
    }
}
