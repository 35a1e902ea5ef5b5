//! What DataFusion says when it cannot do a query, as what was wrong and what to write instead.

use std::collections::BTreeSet;

use cqlbook_core::nearest::nearest;
use datafusion::common::SchemaError;
use datafusion::error::DataFusionError;

use super::SqlError;
use super::arithmetic::TOO_LONG;
use super::tree::beyond;

/// Our own refusal as an error of DataFusion's.
pub(super) fn refuse(error: SqlError) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

/// What is said, by words of DataFusion's message.
const SAID: &[(&str, &str, &str)] = &[
    (
        TOO_LONG,
        "A whole number does not fit 64 bits.",
        "Whole numbers have 64 bits here. `CAST(x AS DOUBLE)`, or `CAST(x AS DECIMAL(38, 0))` for all digits, before adding or multiplying.",
    ),
    ("Overflow happened", "A number does not fit its type.", "`CAST(x AS DOUBLE)` has room for any."),
    ("overflow", "A number does not fit its type.", "`CAST(x AS DOUBLE)` has room for any."),
    (
        "Can't cast value",
        "A value does not fit the type that it is cast to.",
        "`TRY_CAST(x AS …)` is null where it does not.",
    ),
    (
        "Cannot cast",
        "A value does not fit the type that it is cast to.",
        "`TRY_CAST(x AS …)` is null where it does not.",
    ),
    ("Invalid function", "There is no such function here.", "docs/analysis.md lists the functions."),
    (
        "Projections require unique",
        "Two columns of a query inside this one have the same name.",
        "Give one of them another name: `SELECT a.name AS other`.",
    ),
    (
        "must appear in the GROUP BY",
        "A column stands neither in `GROUP BY` nor in an aggregate.",
        "Add it to `GROUP BY`, or write `MIN(column)`.",
    ),
    (
        "could not be resolved from available columns",
        "A column stands neither in `GROUP BY` nor in an aggregate.",
        "Add it to `GROUP BY`, or write `MIN(column)`.",
    ),
    (
        "does not support logical expression",
        "A subquery refers to the query around it in a way that is not known here.",
        "Refer to it by equalities only, or write the inner query as a CTE and join it.",
    ),
    (
        "sliding accumulator",
        "This aggregate is not known over a frame that moves.",
        "Leave the frame out, or join the rows with themselves.",
    ),
    (
        "Resources exhausted",
        "The query needs more memory than there is for it.",
        "Join on the whole key, aggregate earlier, or name fewer columns.",
    ),
    (
        "more than one row",
        "A subquery that stands for one value has more than one row.",
        "`LIMIT 1`, or an aggregate in it.",
    ),
];

/// The error in a user's terms; `columns` are those of the tables that the query names.
pub(super) fn explain(error: DataFusionError, columns: &BTreeSet<String>) -> SqlError {
    match error {
        DataFusionError::External(inner) => match inner.downcast::<SqlError>() {
            Ok(error) => *error,
            Err(other) => said(&other.to_string()),
        },
        DataFusionError::Context(_, inner) | DataFusionError::Diagnostic(_, inner) => {
            explain(*inner, columns)
        }
        DataFusionError::Shared(inner) => match std::sync::Arc::try_unwrap(inner) {
            Ok(inner) => explain(inner, columns),
            Err(inner) => match own(&inner) {
                Some(message) => message,
                None => said(&inner.to_string()),
            },
        },
        DataFusionError::ArrowError(inner, _) => match *inner {
            datafusion::arrow::error::ArrowError::ExternalError(inner) => {
                match inner.downcast::<DataFusionError>() {
                    Ok(inner) => explain(*inner, columns),
                    Err(other) => said(&other.to_string()),
                }
            }
            other => said(&other.to_string()),
        },
        DataFusionError::SchemaError(inner, _) => match *inner {
            SchemaError::FieldNotFound { field, .. } => missing(&field.name, columns),
            SchemaError::AmbiguousReference { field } => beyond(
                format!("`{}` is a column of more than one table of this query.", field.name),
                &format!("Say of which: `t.{}`.", field.name),
            ),
            SchemaError::DuplicateUnqualifiedField { name }
            | SchemaError::DuplicateQualifiedField { name, .. } => beyond(
                format!("Two columns or tables of a query inside this one are called `{name}`."),
                "Give one of them another name with `AS`.",
            ),
        },
        DataFusionError::Collection(mut errors) if !errors.is_empty() => explain(errors.remove(0), columns),
        DataFusionError::ResourcesExhausted(words) => said(&format!("Resources exhausted: {words}")),
        other => said(&other.to_string()),
    }
}

/// As [`explain`], of what fails after every name of the query was found: names that are then missed or mixed up are those of a
/// subquery that DataFusion cannot make a join of.
pub(super) fn explain_planned(error: DataFusionError, columns: &BTreeSet<String>) -> SqlError {
    match error.find_root() {
        DataFusionError::SchemaError(..) => said("does not support logical expression"),
        _ => explain(error, columns),
    }
}

/// A refusal of ours that several share.
fn own(error: &DataFusionError) -> Option<SqlError> {
    match error {
        DataFusionError::External(inner) => {
            let refusal = inner.downcast_ref::<SqlError>()?;
            serde_json::from_value(serde_json::to_value(refusal).ok()?).ok()
        }
        DataFusionError::Context(_, inner) => own(inner),
        _ => None,
    }
}

fn missing(name: &str, columns: &BTreeSet<String>) -> SqlError {
    if columns.contains(name) {
        return beyond(
            format!("The column `{name}` is not known at this place of the query."),
            "After `GROUP BY` or in an outer query, only the columns selected there are known; of a table with an alias, by that alias.",
        );
    }
    SqlError::NoColumn {
        near: nearest(name, columns.iter().map(String::as_str)).map(str::to_owned),
        name: name.to_owned(),
        columns: columns.iter().cloned().collect(),
    }
}

fn said(words: &str) -> SqlError {
    let words = words.lines().next().unwrap_or_default().trim();
    let known = SAID.iter().find(|(part, ..)| words.contains(part));
    let (message, hint) = match known {
        Some((_, message, hint)) => (*message, *hint),
        None => (
            "Local SQL cannot do this.",
            "docs/analysis.md lists what local SQL can do. What it cannot, steps can: keep one by `%%sql --into NAME`, and go on from there.",
        ),
    };
    let prefixes = [
        "Error during planning: ",
        "This feature is not implemented: ",
        "Execution error: ",
        "Arrow error: ",
        "External error: ",
        "Optimizer rule",
    ];
    let mut plain = words;
    for prefix in prefixes {
        plain = plain.strip_prefix(prefix).unwrap_or(plain);
    }
    SqlError::Beyond { message: message.to_owned(), hints: vec![hint.to_owned()], words: plain.to_owned() }
}
