//! Calls of functions: those that are taken, with what they take.

use sqlparser::ast::{
    BinaryOperator, CaseWhen, CeilFloorKind, DataType, DateTimeField, DuplicateTreatment, ExactNumberInfo,
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Value, WindowType,
};

use super::arithmetic::{double, take};
use super::compare::{compare, sorted};
use super::expr::{at_least, extracted, of as kind_of};
use super::precise::{self, together};
use super::{Scope, format, grouped, grouping, mixed, refuse, shown, sum, window};
use crate::sql::SqlError;
use crate::sql::kind::Kind;
use crate::sql::literal::{call, cast, nested, quoted};

/// Aggregates.
const AGGREGATES: [&str; 13] = [
    "avg",
    "count",
    "first",
    "last",
    "max",
    "median",
    "min",
    "stddev",
    "stddev_samp",
    "sum",
    "var",
    "var_samp",
    "variance",
];
/// Of one text.
const OF_TEXT: [&str; 5] = ["lower", "upper", "ltrim", "rtrim", "reverse"];
/// Of one number, as a double.
const OF_NUMBER: [&str; 5] = ["exp", "ln", "log10", "log2", "sqrt"];

/// The arguments, where they are plain expressions.
pub(super) fn arguments(function: &Function) -> Option<Vec<&Expr>> {
    let FunctionArguments::List(list) = &function.args else { return None };
    let plain = |argument| match argument {
        &FunctionArg::Unnamed(FunctionArgExpr::Expr(ref expr)) => Some(expr),
        _ => None,
    };
    list.args.iter().map(plain).collect()
}

fn arguments_mut(function: &mut Function) -> Option<Vec<&mut Expr>> {
    let FunctionArguments::List(list) = &mut function.args else { return None };
    let plain = |argument| match argument {
        &mut FunctionArg::Unnamed(FunctionArgExpr::Expr(ref mut expr)) => Some(expr),
        _ => None,
    };
    list.args.iter_mut().map(plain).collect()
}

/// Whether it is an aggregate over all rows.
pub(super) fn is_aggregate(expr: &Expr) -> bool {
    let Expr::Function(function) = expr else { return false };
    function.over.is_none() && AGGREGATES.contains(&function.name.to_string().to_lowercase().as_str())
}

/// Checks a call.
pub(super) fn of(expr: &mut Expr, scope: &Scope<'_>) -> Result<Kind, SqlError> {
    let part = shown(expr);
    let Expr::Function(function) = expr else { return Ok(Kind::Unknown) };
    let name = function.name.to_string().to_lowercase();
    let odd = !function.within_group.is_empty()
        || function.filter.is_some()
        || function.null_treatment.is_some()
        || !matches!(function.parameters, FunctionArguments::None)
        || matches!(&function.args, FunctionArguments::List(list) if !list.clauses.is_empty());
    if odd {
        return Err(refuse(
            part,
            "`SUM(CASE WHEN … THEN … END)` adds up some of the rows; an order among them is not taken.",
        ));
    }
    if let Some(over) = &mut function.over {
        window::over(&name, over, scope)?;
    }
    if distinct(function)
        && (function.over.is_some() || !matches!(name.as_str(), "count" | "sum" | "avg" | "min" | "max"))
    {
        return Err(refuse(
            part,
            "`COUNT`, `SUM`, `AVG`, `MIN` and `MAX` take `DISTINCT`, over a group and not over a window.",
        ));
    }
    if name == "row_number" {
        return Ok(Kind::Whole);
    }
    if name == "count" && is_star(function) {
        return Ok(Kind::Whole);
    }
    if AGGREGATES.contains(&name.as_str()) {
        return aggregate(expr, &name, scope, &part);
    }
    scalar(expr, &name, scope, &part)
}

fn distinct(function: &Function) -> bool {
    matches!(&function.args, FunctionArguments::List(list) if list.duplicate_treatment == Some(DuplicateTreatment::Distinct))
}

fn is_star(function: &Function) -> bool {
    match &function.args {
        FunctionArguments::List(list) => {
            list.args.is_empty()
                || matches!(list.args.as_slice(), [FunctionArg::Unnamed(FunctionArgExpr::Wildcard)])
        }
        _ => false,
    }
}

fn aggregate(expr: &mut Expr, name: &str, scope: &Scope<'_>, part: &str) -> Result<Kind, SqlError> {
    let Expr::Function(function) = expr else { return Ok(Kind::Unknown) };
    let windowed = function.over.is_some();
    let runs = matches!(&function.over, Some(WindowType::WindowSpec(window)) if !window.order_by.is_empty());
    let is_distinct = distinct(function);
    let argument = match arguments_mut(function).map(|mut all| (all.len(), all.pop())) {
        Some((1, Some(argument))) => argument,
        _ => return Err(refuse(part, "An aggregate takes one column.")),
    };
    // The engine has a value that is written out once, however many rows there are.
    let counts_rows = name == "count" && matches!(argument, Expr::Value(_)) && !is_distinct;
    if !counts_rows && !grouping::names_column(argument) {
        return Err(refuse(
            format!("{part}, an aggregate of what names no column"),
            "`COUNT(*)` counts the rows: `2 * COUNT(*)` is the sum of as many twos.",
        ));
    }
    let kind = kind_of(argument, scope)?;
    let number = || {
        if kind.is_number() || kind.is_open() {
            return Ok(());
        }
        Err(refuse(format!("{part} of {}", kind.name()), "It takes numbers."))
    };
    if is_distinct {
        grouped(kind, part)?;
    }
    match name {
        "count" => {
            if kind == Kind::Nested {
                return Err(refuse(format!("{part} of {}", kind.name()), "`COUNT(*)` counts rows."));
            }
            Ok(Kind::Whole)
        }
        "min" | "max" | "first" | "last" => {
            if !kind.has_order() || (kind == Kind::Boolean && windowed) {
                return Err(refuse(
                    format!("{part} of {}", kind.name()),
                    "`%profile NAME` shows the least and the greatest.",
                ));
            }
            if matches!(name, "min" | "max") {
                sorted(kind)?;
            }
            Ok(kind)
        }
        "sum" => {
            number()?;
            match kind {
                Kind::Whole => {
                    *argument =
                        cast(take(argument), DataType::Decimal(ExactNumberInfo::PrecisionAndScale(38, 0)));
                    let sum = take(expr);
                    *expr = cast(sum, DataType::BigInt(None));
                    Ok(Kind::Whole)
                }
                Kind::Single => {
                    *argument = double(take(argument));
                    Ok(Kind::Float)
                }
                // A running one is checked by the engine.
                Kind::Decimal if !runs => {
                    *expr = sum::guarded(take(expr));
                    Ok(Kind::Decimal)
                }
                kind => Ok(kind),
            }
        }
        _ => {
            number()?;
            if matches!(kind, Kind::Whole | Kind::Decimal) && precise::is_long(argument, scope) {
                return Err(refuse(
                    format!("{part} of long numbers, which would be rounded"),
                    "`CAST(x AS DOUBLE)` in it says that the nearest doubles will do.",
                ));
            }
            if matches!(kind, Kind::Single | Kind::Decimal | Kind::Whole) {
                *argument = double(take(argument));
            }
            Ok(Kind::Float)
        }
    }
}

fn scalar(expr: &mut Expr, name: &str, scope: &Scope<'_>, part: &str) -> Result<Kind, SqlError> {
    let Expr::Function(function) = expr else { return Ok(Kind::Unknown) };
    let Some(mut all) = arguments_mut(function) else {
        return Err(refuse(part, "Name the arguments by their place."));
    };
    let mut kinds = Vec::with_capacity(all.len());
    for argument in &mut all {
        kinds.push(kind_of(argument, scope)?);
    }
    let all_text = kinds.iter().all(|kind| kind.is_text() || kind.is_open());
    let all_numbers = kinds.iter().all(|kind| kind.is_number() || kind.is_open());
    let joined = || {
        kinds.iter().try_fold(Kind::Null, |joined, kind| {
            joined.joined(*kind).ok_or_else(|| mixed(part, joined, *kind))
        })
    };
    let given = |place: usize, least: i64| all.get(place).is_none_or(|argument| at_least(argument, least));
    match (name, kinds.len()) {
        ("coalesce" | "ifnull", 2..) | ("greatest" | "least", 2..) => {
            let joined = joined()?;
            if matches!(name, "greatest" | "least") {
                sorted(joined)?;
            }
            if joined == Kind::Nested || joined == Kind::Long {
                return Err(refuse(format!("{part} of {}", joined.name()), "Give it single values."));
            }
            let mut values: Vec<_> = kinds.iter().copied().zip(all).collect();
            together(&mut values, scope)?;
            Ok(joined)
        }
        ("nullif", 2) => {
            let kind = kinds.first().copied().unwrap_or(Kind::Unknown);
            if let [left, right] = all.as_mut_slice() {
                compare(left, right, scope)?;
            }
            Ok(kind)
        }
        (name, 1) if OF_TEXT.contains(&name) && all_text => Ok(Kind::Text),
        ("length" | "char_length" | "character_length", 1) if all_text => Ok(Kind::Whole),
        ("concat", 1..) | ("concat_ws", 2..) if all_text => Ok(Kind::Text),
        ("left" | "right", 2) if kinds[0].is_text() && given(1, 1) => Ok(Kind::Text),
        ("substr" | "substring", 2 | 3) if kinds[0].is_text() && given(1, 1) && given(2, 0) => Ok(Kind::Text),
        // The engine finds the empty text between all characters.
        ("replace", 3) if all_text && is_some_text(all[1]) => Ok(Kind::Text),
        ("replace", 3) => Err(refuse(
            part,
            "What is replaced is a text in quotes that is not empty: `REPLACE(x, 'a', 'b')`.",
        )),
        ("starts_with" | "ends_with", 2) if all_text => Ok(Kind::Boolean),
        ("abs", 1) if all_numbers => Ok(kinds[0]),
        ("sign", 1) if matches!(kinds[0], Kind::Whole | Kind::Float) => Ok(kinds[0]),
        ("floor" | "ceil" | "ceiling", 1) if all_numbers => Ok(kinds[0]),
        (name, 1) if OF_NUMBER.contains(&name) && all_numbers => {
            for argument in &mut all {
                **argument = double(take(argument));
            }
            Ok(Kind::Float)
        }
        ("round", 1 | 2)
            if all_numbers && given(1, 0) && !given(1, 16)
                || name == "round" && all.len() == 1 && all_numbers =>
        {
            round(expr, kinds[0], part)
        }
        ("date_part", 2) => match all.as_slice() {
            [Expr::Value(value), _] => match &value.value {
                Value::SingleQuotedString(unit) => extracted(&unit_of(unit), kinds[1]),
                _ => Err(refuse(part, "Write the unit in quotes: `DATE_PART('year', x)`.")),
            },
            _ => Err(refuse(part, "Write the unit in quotes: `DATE_PART('year', x)`.")),
        },
        ("strftime", 2) if matches!(kinds[0], Kind::Date | Kind::Timestamp) && kinds[1] == Kind::Text => {
            format::written(all[1])?;
            Ok(Kind::Text)
        }
        ("strptime", 2) if all_text => {
            format::read(all[1])?;
            Ok(Kind::Timestamp)
        }
        ("date_trunc", 2) => truncation(expr, kinds[1]),
        _ => Err(refuse(
            part,
            "docs/analysis.md lists the functions, with what they take. What else there is, SQL's own words may say: `CASE`, `LIKE`, `CAST`.",
        )),
    }
}

/// Whether it is a text that is written out and not empty.
fn is_some_text(expr: &Expr) -> bool {
    matches!(expr, Expr::Value(value) if matches!(&value.value, Value::SingleQuotedString(text) if !text.is_empty()))
}

fn unit_of(unit: &str) -> DateTimeField {
    match unit.to_lowercase().as_str() {
        "year" => DateTimeField::Year,
        "quarter" => DateTimeField::Quarter,
        "month" => DateTimeField::Month,
        "week" => DateTimeField::Week(None),
        "day" => DateTimeField::Day,
        "dow" => DateTimeField::Dow,
        "isodow" => DateTimeField::Isodow,
        "doy" => DateTimeField::Doy,
        "hour" => DateTimeField::Hour,
        "minute" => DateTimeField::Minute,
        "second" => DateTimeField::Second,
        "epoch" => DateTimeField::Epoch,
        _ => DateTimeField::NoDateTime,
    }
}

/// `ROUND` of a double, half away from zero, as other databases have it: the engine rounds half to even.
fn round(expr: &mut Expr, kind: Kind, part: &str) -> Result<Kind, SqlError> {
    let is_literal = |function: &Function| {
        arguments(function)
            .is_some_and(|all| matches!(all.first(), Some(Expr::Value(_) | Expr::UnaryOp { .. })))
    };
    if kind == Kind::Decimal && !matches!(&*expr, Expr::Function(function) if is_literal(function)) {
        let hint = "`ROUND(CAST(x AS DOUBLE), 2)` rounds it as a double.";
        return Err(refuse(format!("{part} of a decimal number"), hint));
    }
    if !matches!(kind, Kind::Single | Kind::Float | Kind::Decimal) {
        return Ok(kind);
    }
    let Expr::Function(function) = &*expr else { return Ok(kind) };
    let Some(all) = arguments(function) else { return Ok(kind) };
    let Some(value) = all.first() else { return Ok(kind) };
    // It is written three times: one in another would grow without end.
    if value.to_string().matches("SIGN(").count() > 1 {
        return Err(refuse(part, "Round once."));
    }
    let places = all.get(1).and_then(|places| places.to_string().parse::<u32>().ok()).unwrap_or(0);
    let number = |digits: String| double(Expr::value(Value::Number(digits, false)));
    let factor = number(10_u64.checked_pow(places).unwrap_or(1).to_string());
    let binary = |left: Expr, op, right: Expr| {
        nested(Expr::BinaryOp { left: Box::new(left), op, right: Box::new(right) })
    };
    let value = double(nested((*value).clone()));
    let scaled = binary(call("ABS", vec![value.clone()]), BinaryOperator::Multiply, factor.clone());
    let floor = |expr: Expr| Expr::Floor {
        expr: Box::new(expr),
        field: CeilFloorKind::DateTimeField(DateTimeField::NoDateTime),
    };
    // What is behind the point is exact, and so is the double of it; a half that is added to the whole may be rounded up.
    let behind = binary(scaled.clone(), BinaryOperator::Minus, floor(scaled.clone()));
    let up = floor(binary(behind, BinaryOperator::Multiply, number("2".to_owned())));
    let rounded = binary(floor(scaled.clone()), BinaryOperator::Plus, up);
    let signed = binary(
        call("SIGN", vec![value.clone()]),
        BinaryOperator::Multiply,
        binary(rounded, BinaryOperator::Divide, factor),
    );
    // From here on a double has no places behind the point that could be rounded away.
    let whole = number("4503599627370496".to_owned());
    *expr = nested(Expr::Case {
        case_token: sqlparser::ast::helpers::attached_token::AttachedToken::empty(),
        end_token: sqlparser::ast::helpers::attached_token::AttachedToken::empty(),
        operand: None,
        conditions: vec![CaseWhen { condition: binary(scaled, BinaryOperator::Lt, whole), result: signed }],
        else_result: Some(Box::new(value)),
    });
    Ok(Kind::Float)
}

/// Whether it is what `ROUND` to no places was rewritten to.
pub(super) fn is_round(expr: &Expr) -> bool {
    expr.to_string().starts_with("CASE WHEN ((ABS(CAST(")
        && expr.to_string().contains(" * CAST(1 AS DOUBLE)))) * CAST(2 AS DOUBLE))")
}

/// `DATE_TRUNC('month', time)` in the words of what the engine has.
fn truncation(expr: &mut Expr, kind: Kind) -> Result<Kind, SqlError> {
    let part = shown(expr);
    let refusal = || {
        refuse(
            &part,
            "`DATE_TRUNC` takes 'year', 'month', 'day', 'hour' and 'minute', of a timestamp or a date.",
        )
    };
    let Expr::Function(function) = &mut *expr else { return Err(refusal()) };
    let Some([unit, time]) = arguments_mut(function).and_then(|all| <[&mut Expr; 2]>::try_from(all).ok())
    else {
        return Err(refusal());
    };
    let unit = match unit {
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(unit) => unit.to_lowercase(),
            _ => return Err(refusal()),
        },
        _ => return Err(refusal()),
    };
    let form = match unit.as_str() {
        "year" => "%Y-01-01 00:00:00",
        "month" => "%Y-%m-01 00:00:00",
        "day" => "%Y-%m-%d 00:00:00",
        "hour" => "%Y-%m-%d %H:00:00",
        "minute" => "%Y-%m-%d %H:%M:00",
        _ => return Err(refusal()),
    };
    if !matches!(kind, Kind::Timestamp | Kind::Date | Kind::Unknown) {
        return Err(refusal());
    }
    let text = call("STRFTIME", vec![take(time), quoted(form)]);
    *expr = call("STRPTIME", vec![text, quoted("%Y-%m-%d %H:%M:%S")]);
    Ok(Kind::Timestamp)
}
