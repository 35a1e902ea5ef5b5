//! Windows: `OVER (…)`.

use sqlparser::ast::helpers::attached_token::AttachedToken;
use sqlparser::ast::{
    CaseWhen, Expr, NamedWindowDefinition, NamedWindowExpr, OrderByExpr, OrderByOptions, Value,
    WindowFrameBound, WindowFrameUnits, WindowSpec, WindowType,
};

use super::{Scope, grouped, ordered, refuse};
use crate::sql::SqlError;
use crate::sql::check::expr;
use crate::sql::literal::nested;

/// The calls that take a window.
pub(super) const CALLS: [&str; 5] = ["count", "max", "min", "row_number", "sum"];

/// Checks the window of a call.
pub(super) fn over(name: &str, window: &mut WindowType, scope: &Scope<'_>) -> Result<(), SqlError> {
    if !CALLS.contains(&name) {
        let hint = match name {
            "rank" | "dense_rank" => {
                "`ROW_NUMBER()` numbers rows. A rank is one more than the number of rows before: join the table with its counts by value."
            }
            "avg" => "`SUM(…) OVER (…) / COUNT(…) OVER (…)` is the mean.",
            _ => {
                "`SUM`, `COUNT`, `MIN`, `MAX` and `ROW_NUMBER` take a window. `ROW_NUMBER()` in a CTE, joined with itself by `place + 1`, has each row's neighbour."
            }
        };
        return Err(refuse(format!("`{}` over a window", name.to_uppercase()), hint));
    }
    match window {
        WindowType::NamedWindow(_) => Err(refuse("a window by its name", "Write the window behind `OVER`.")),
        WindowType::WindowSpec(spec) => {
            if name == "row_number" && spec.order_by.is_empty() {
                return Err(refuse(
                    "`ROW_NUMBER` without an order",
                    "`OVER (ORDER BY …)` says which row is the first.",
                ));
            }
            of_spec(name, spec, scope)
        }
    }
}

/// A window of `WINDOW name AS (…)`.
pub(super) fn named(window: &mut NamedWindowDefinition, _: &Scope<'_>) -> Result<(), SqlError> {
    let NamedWindowDefinition(_, NamedWindowExpr::NamedWindow(_) | NamedWindowExpr::WindowSpec(_)) = window;
    Err(refuse("a window by its name", "Write the window behind `OVER`."))
}

fn of_spec(name: &str, spec: &mut WindowSpec, scope: &Scope<'_>) -> Result<(), SqlError> {
    if spec.window_name.is_some() {
        return Err(refuse("a window by its name", "Write the window behind `OVER`."));
    }
    for key in &mut spec.partition_by {
        let kind = expr::of(key, scope)?;
        grouped(kind, "`PARTITION BY`")?;
    }
    let (mut terms, mut has_nulls) = (Vec::new(), false);
    for mut item in std::mem::take(&mut spec.order_by) {
        if item.options.nulls_first.is_some() {
            return Err(refuse(
                "`NULLS FIRST` or `NULLS LAST` in a window",
                "Leave it out: nulls come last.",
            ));
        }
        ordered(&mut item, scope)?;
        item.options.nulls_first = None;
        let column = match &item.expr {
            Expr::Identifier(name) => Some(&name.value),
            Expr::CompoundIdentifier(names) => names.last().map(|name| &name.value),
            _ => None,
        };
        if column.is_none_or(|name| !scope.solid.contains(name)) {
            // The engine has nulls first in a window, whatever is said; so whether it is one comes first.
            if std::mem::replace(&mut has_nulls, true) {
                return Err(refuse(
                    "a window ordered by several columns that may hold nulls",
                    "Leave the nulls out first, in a CTE kept by `%%sql --into NAME`, or order by one such column and a key.",
                ));
            }
            let number = |digits: &str| Expr::value(Value::Number(digits.to_owned(), false));
            let (last, first) = if item.options.asc == Some(false) { ("0", "1") } else { ("1", "0") };
            let rank = Expr::Case {
                case_token: AttachedToken::empty(),
                end_token: AttachedToken::empty(),
                operand: None,
                conditions: vec![CaseWhen {
                    condition: Expr::IsNull(Box::new(nested(item.expr.clone()))),
                    result: number(last),
                }],
                else_result: Some(Box::new(number(first))),
            };
            let options = OrderByOptions { asc: item.options.asc, nulls_first: None };
            terms.push(OrderByExpr { expr: nested(rank), options, with_fill: None });
        }
        terms.push(item);
    }
    let directions: std::collections::BTreeSet<bool> =
        terms.iter().map(|term| term.options.asc == Some(false)).collect();
    if directions.len() > 1 {
        return Err(refuse(
            "a window ordered up and down at once",
            "Order all of it up or all of it down; a number turns with a minus: `ORDER BY x, -y`.",
        ));
    }
    spec.order_by = terms;
    match &spec.window_frame {
        None if spec.order_by.is_empty() || name == "row_number" => Ok(()),
        None => Err(refuse(
            format!(
                "`{}` over an order without a frame, where rows that are equal count together",
                name.to_uppercase()
            ),
            "Say that each row counts by itself: `OVER (ORDER BY … ROWS UNBOUNDED PRECEDING)`.",
        )),
        Some(frame)
            if frame.units == WindowFrameUnits::Rows
                && !spec.order_by.is_empty()
                && frame.start_bound == WindowFrameBound::Preceding(None)
                && matches!(frame.end_bound, None | Some(WindowFrameBound::CurrentRow)) =>
        {
            Ok(())
        }
        Some(_) => Err(refuse(
            "this frame of a window",
            "`ROWS UNBOUNDED PRECEDING` is the one that is taken: from the first row to the present one. Without `ORDER BY` a window has all rows.",
        )),
    }
}
