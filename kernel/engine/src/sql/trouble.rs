//! What polars says when it cannot do a query, as what was wrong and what to write instead.

use std::collections::BTreeSet;

use cqlbook_core::nearest::nearest;
use polars::prelude::PolarsError;

use super::SqlError;

/// What to write instead of what polars has not, by a word of the query or of polars' message.
const INSTEAD: &[(&str, &str)] = &[
    ("date_trunc", "`DATE_TRUNC` takes 'year', 'month', 'day', 'hour' and 'minute' here."),
    ("ordinality", "`ROW_NUMBER() OVER (ORDER BY …)` numbers rows."),
    ("recursive", "Write each step as a CTE of its own."),
    ("cube", "Write one `GROUP BY` for each grouping and join them by `UNION ALL`."),
    (
        "subquery",
        "Write the inner query as a CTE and join it: `WITH m AS (SELECT …) SELECT … FROM t CROSS JOIN m`.",
    ),
    ("lateral", "Write the inner query as a CTE and join it."),
    ("filter (where", "`SUM(CASE WHEN … THEN … END)` adds up some of the rows."),
    (
        "conversion from",
        "A value does not fit the type: whole numbers have 64 bits here. `CAST(x AS DOUBLE)` before adding or multiplying has room for any.",
    ),
    (
        "overflow in decimal",
        "Decimal numbers have 38 digits here, those behind the point among them. `CAST(x AS DOUBLE)` before adding or multiplying has room for any.",
    ),
    ("not between", "Write both comparisons with `AND`."),
];

/// What is said of a sum that does not fit; see `check::sum`.
pub(super) const LONG_SUM: &str = "a sum of more than 38 digits";

/// The error in a user's terms; `columns` are those of the tables that the query names.
pub(super) fn explain(error: &PolarsError, columns: &BTreeSet<String>) -> SqlError {
    let words = first_line(&error.to_string());
    let missing = match error {
        PolarsError::ColumnNotFound(message) | PolarsError::SchemaFieldNotFound(message) => {
            Some(quoted(message))
        }
        PolarsError::SQLInterface(message)
            if message.contains("unable to find column") || message.contains("no column named") =>
        {
            Some(quoted(message))
        }
        PolarsError::Context { error, .. } => return explain(error, columns),
        _ => None,
    };
    if words.contains(LONG_SUM) {
        return SqlError::Beyond {
            message: "A sum has more than 38 digits, which are the most of a decimal number here.".to_owned(),
            hints: vec!["`SUM(CAST(x AS DOUBLE))` has room for any.".to_owned()],
            words: String::new(),
        };
    }
    // Names of the engine's own are no user's.
    let is_own = |name: &str| name.starts_with("_POLARS") || name.contains(':');
    if let Some(name) = missing.filter(|name| !columns.contains(name) && !name.is_empty() && !is_own(name)) {
        return SqlError::NoColumn {
            near: nearest(&name, columns.iter().map(String::as_str)).map(str::to_owned),
            name,
            columns: columns.iter().cloned().collect(),
        };
    }
    let lower = words.to_lowercase();
    let mut hints: Vec<String> =
        INSTEAD.iter().filter(|(word, _)| lower.contains(word)).map(|(_, hint)| (*hint).to_owned()).collect();
    let message = match error {
        PolarsError::SQLSyntax(_) => "This SQL is not understood here.",
        PolarsError::SQLInterface(_) => "Local SQL cannot do this.",
        PolarsError::SchemaMismatch(_) | PolarsError::InvalidOperation(_) => {
            hints.push("`CAST(column AS DOUBLE)`, `AS BIGINT` or `AS VARCHAR` changes a column's type; `%profile NAME` shows what it is.".to_owned());
            "The types of this query do not go together."
        }
        PolarsError::Duplicate(_) => {
            hints.push("Give one of the columns another name: `SELECT a.name AS other`.".to_owned());
            "Two columns of the answer have the same name."
        }
        PolarsError::ColumnNotFound(_) | PolarsError::SchemaFieldNotFound(_) => {
            hints.push("After `GROUP BY` or in an outer query, only the columns selected there are known. An alias can be grouped by in a CTE around it.".to_owned());
            "A column is not known at this place of the query."
        }
        _ => "The query failed.",
    };
    if hints.is_empty() {
        hints.push("docs/analysis.md lists what local SQL can do. What it cannot, steps can: keep one by `%%sql --into NAME`, and go on from there.".to_owned());
    }
    SqlError::Beyond { message: message.to_owned(), hints, words }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().trim().to_owned()
}

/// The name that a message has in quotes, or is.
fn quoted(message: &str) -> String {
    for quote in ['"', '\'', '`'] {
        if let Some((_, rest)) = message.split_once(quote)
            && let Some((name, _)) = rest.split_once(quote)
        {
            return name.rsplit('.').next().unwrap_or(name).to_owned();
        }
    }
    first_line(message)
}
