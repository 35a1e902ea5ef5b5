//! Calls, patterns and types of a query, by the names and in the forms that DataFusion has.

use sqlparser::ast::{
    BinaryOperator, DataType, Expr, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, ObjectNamePart,
    TimezoneInfo, Value,
};

use super::SqlError;
use super::literal::{call, nested, number, quoted};
use super::tree::{beyond, not_here};

/// Brings a pattern to the backslash, which is DataFusion's escape: to SQL it is a letter, unless `ESCAPE` names it.
pub(super) fn escaped(
    pattern: &mut Expr,
    escape: &mut Option<sqlparser::ast::ValueWithSpan>,
) -> Result<(), SqlError> {
    let letter = match escape.as_ref().map(|value| &value.value) {
        None => None,
        Some(Value::SingleQuotedString(text)) => text.chars().next(),
        Some(_) => return Err(not_here("This `ESCAPE`")),
    };
    match pattern {
        Expr::Value(value) => {
            let Value::SingleQuotedString(text) = &mut value.value else { return Ok(()) };
            let mut out = String::with_capacity(text.len());
            let mut marks = text.chars();
            while let Some(mark) = marks.next() {
                match mark {
                    mark if Some(mark) == letter => {
                        let Some(next) = marks.next() else {
                            return Err(beyond(
                                "The pattern ends with its `ESCAPE`.",
                                "Write the letter twice for itself.",
                            ));
                        };
                        out.extend(['\\', next]);
                    }
                    '\\' => out.push_str("\\\\"),
                    mark => out.push(mark),
                }
            }
            *text = out;
            *escape = None;
            Ok(())
        }
        _ if escape.is_some() => Err(not_here("ESCAPE beside a pattern that is worked out")),
        _ => Ok(()),
    }
}

/// A `TIMESTAMP` without a precision has that of microseconds: nanoseconds of 64 bits end in the year 2262.
pub(super) fn timestamps(data_type: &mut DataType) {
    match data_type {
        DataType::Timestamp(precision @ None, TimezoneInfo::None | TimezoneInfo::WithoutTimeZone) => {
            *precision = Some(6)
        }
        DataType::Datetime(precision) => {
            *data_type = DataType::Timestamp(Some(precision.unwrap_or(6)), TimezoneInfo::None)
        }
        _ => {}
    }
}

/// Functions that take one time and give a part of it.
const PARTS: [&str; 13] = [
    "year",
    "quarter",
    "month",
    "week",
    "day",
    "hour",
    "minute",
    "second",
    "dayofweek",
    "dayofyear",
    "weekday",
    "millisecond",
    "microsecond",
];

/// Other names of functions that DataFusion has.
const ALIASES: [(&str, &str); 16] = [
    ("variance", "var_samp"),
    ("var_sample", "var_samp"),
    ("len", "character_length"),
    ("length", "character_length"),
    ("dayofmonth", "day"),
    ("any_value", "first_value"),
    ("arbitrary", "first_value"),
    ("first", "first_value"),
    ("last", "last_value"),
    ("list", "array_agg"),
    ("group_concat", "string_agg"),
    ("listagg", "string_agg"),
    ("sign", "signum"),
    ("quantile_cont", "percentile_cont"),
    ("list_contains", "array_has"),
    ("ifnull", "nvl"),
];

/// Puts a call right.
pub(super) fn function(expr: &mut Expr) -> Result<(), SqlError> {
    let Expr::Function(called) = expr else { return Ok(()) };
    let [ObjectNamePart::Identifier(ident)] = called.name.0.as_mut_slice() else { return Ok(()) };
    let mut name = ident.value.to_lowercase();
    if matches!(name.as_str(), "any_value" | "arbitrary") {
        called.null_treatment = Some(sqlparser::ast::NullTreatment::IgnoreNulls);
    }
    if let Some((_, other)) = ALIASES.iter().find(|(alias, _)| *alias == name) {
        name = (*other).to_owned();
        *ident = Ident::new(*other);
    }
    if called.over.is_some() {
        if called.filter.is_some()
            && matches!(name.as_str(), "row_number" | "rank" | "dense_rank" | "lag" | "lead" | "ntile")
        {
            return Err(not_here("FILTER of this function"));
        }
        return Ok(());
    }
    let FunctionArguments::List(list) = &called.args else { return Ok(()) };
    let arguments: Vec<Expr> = list
        .args
        .iter()
        .filter_map(|argument| match argument {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr.clone()),
            _ => None,
        })
        .collect();
    let text = |expr: &Expr| match expr {
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(text) => Some(text.clone()),
            _ => None,
        },
        _ => None,
    };
    *expr = match (name.as_str(), arguments.as_slice()) {
        (part, [time]) if PARTS.contains(&part) => {
            let part = match part {
                "dayofweek" | "weekday" => "dow",
                "dayofyear" => "doy",
                part => part,
            };
            call("date_part", vec![quoted(part), time.clone()])
        }
        ("strftime", [time, format]) => {
            let Some(format) = text(format) else {
                return Err(beyond(
                    "`STRFTIME` takes its form as text in quotes.",
                    "`STRFTIME(at, '%Y-%m')`.",
                ));
            };
            let known = "YmdHMSfyjbBaApI%";
            let mut marks = format.split('%').skip(1);
            // `%%` leaves an empty piece.
            if !marks.all(|piece| piece.chars().next().is_none_or(|mark| known.contains(mark))) {
                return Err(beyond(
                    "`STRFTIME` has a mark that is not known here.",
                    "It takes `%Y %m %d %H %M %S %f %y %j %b %B %a %A %p %I %%`.",
                ));
            }
            call("to_char", vec![time.clone(), quoted(&format.replace("%f", "%6f"))])
        }
        ("strptime", [given, format]) => {
            let known = "YmdHMSbBpI%";
            let is_known = text(format).is_some_and(|format| {
                format
                    .split('%')
                    .skip(1)
                    .all(|piece| piece.chars().next().is_none_or(|mark| known.contains(mark)))
            });
            if !is_known {
                return Err(beyond(
                    "`STRPTIME` has a mark that is not known here.",
                    "It takes `%Y %m %d %H %M %S %b %B %p %I %%`, as text in quotes.",
                ));
            }
            call("to_timestamp_micros", vec![given.clone(), format.clone()])
        }
        ("datediff" | "date_diff", [part, from, to]) if text(part).is_some_and(|part| part == "day") => {
            let day = |expr: &Expr| super::literal::cast(expr.clone(), DataType::Date);
            nested(Expr::BinaryOp {
                left: Box::new(day(to)),
                op: BinaryOperator::Minus,
                right: Box::new(day(from)),
            })
        }
        ("count_if" | "countif", [condition]) => call(
            "sum",
            vec![Expr::Case {
                case_token: sqlparser::ast::helpers::attached_token::AttachedToken::empty(),
                end_token: sqlparser::ast::helpers::attached_token::AttachedToken::empty(),
                operand: None,
                conditions: vec![sqlparser::ast::CaseWhen {
                    condition: condition.clone(),
                    result: number("1"),
                }],
                else_result: Some(Box::new(number("0"))),
            }],
        ),
        _ => return Ok(()),
    };
    Ok(())
}
