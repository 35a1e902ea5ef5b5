//! Some hundred queries of common shapes over small tables with nulls, duplicates, decimals, times and odd texts: each gives what
//! DuckDB gave, or is refused. The answers of `duckdb.txt` were DuckDB's (2.0.1, from PyPI), written down by it and not by us.

use std::cmp::Ordering;
use std::ops::ControlFlow;
use std::path::Path;

use cqlbook_analysis::sql::{Answer, SqlError, Table};
use cqlbook_core::column::CqlType;
use cqlbook_core::value::literal;
use jiff::tz::TimeZone;

use super::tests::{ask_with, table};

/// A line `> query`, then its rows or `refused`.
const CASES: &str = include_str!("duckdb.txt");

fn tables() -> Vec<Table> {
    use CqlType::{Bigint, Boolean, Date, Decimal, Double, Int, Text, Timestamp, Tinyint};
    let t: &[(&str, CqlType)] = &[
        ("id", Int),
        ("g", Text),
        ("n", Int),
        ("b", Bigint),
        ("s", Tinyint),
        ("x", Double),
        ("d", Decimal),
        ("w", Text),
        ("o", Boolean),
        ("ts", Timestamp),
        ("day", Date),
        ("f", CqlType::Float),
    ];
    vec![
        table(
            "t",
            t,
            &[
                &[
                    "1",
                    "'a'",
                    "10",
                    "9007199254740993",
                    "100",
                    "1.5",
                    "1.10",
                    "'x'",
                    "true",
                    "'2024-01-31T23:59:59.250Z'",
                    "'2024-01-31'",
                    "0.1",
                ],
                &[
                    "2",
                    "'a'",
                    "10",
                    "5",
                    "100",
                    "null",
                    "2.25",
                    "'X'",
                    "false",
                    "'2024-02-29T00:00:00Z'",
                    "'2024-02-29'",
                    "0.5",
                ],
                &[
                    "3", "'b'", "null", "null", "null", "-2.25", "null", "'a%b'", "null", "null", "null",
                    "null",
                ],
                &[
                    "4",
                    "'b'",
                    "-7",
                    "-3",
                    "-100",
                    "1.5",
                    "-0.50",
                    "'a_b'",
                    "true",
                    "'1969-12-31T23:00:00Z'",
                    "'1969-12-31'",
                    "1.25",
                ],
                &[
                    "5",
                    "null",
                    "7",
                    "5",
                    "1",
                    "0.0",
                    "10.00",
                    "null",
                    "null",
                    "'2024-02-29T00:00:00Z'",
                    "'2024-02-29'",
                    "0.1",
                ],
                &[
                    "6",
                    "null",
                    "2000000000",
                    "9223372036854775807",
                    "2",
                    "3.0",
                    "1.10",
                    "''",
                    "false",
                    "'2024-12-30T05:06:07Z'",
                    "'2024-12-30'",
                    "3",
                ],
                &[
                    "7",
                    "'c'",
                    "2000000000",
                    "0",
                    "127",
                    "2.5",
                    "0.05",
                    "'l1\nl2'",
                    "true",
                    "'2023-01-01T12:30:00.001Z'",
                    "'2023-01-01'",
                    "-0.1",
                ],
            ],
        ),
        table(
            "u",
            &[("id", Int), ("g", Text), ("n", Int), ("d", Decimal)],
            &[
                &["1", "'a'", "1", "1.100"],
                &["2", "'b'", "2", "3.000"],
                &["2", "'b'", "3", "null"],
                &["7", "null", "null", "10.000"],
                &["null", "'c'", "5", "2.250"],
            ],
        ),
        table("e", &[("id", Int), ("v", Bigint)], &[]),
        // Numbers that are longer than a double's.
        table(
            "l",
            &[("id", Int), ("d", Decimal), ("v", CqlType::Varint), ("b", Bigint), ("i", CqlType::Inet)],
            &[
                &["1", "0.10", "90000000000000000000000000000000000000", "9007199254740993", "'10.0.0.10'"],
                &["2", "1.00", "90000000000000000000000000000000000000", "-9007199254740993", "'10.0.0.9'"],
                &["3", "123456789012345678.91", "90000000000000000000000000000000000000", "5", "null"],
                &["4", "123456789012345678.92", "null", "null", "'10.0.0.9'"],
            ],
        ),
    ]
}

/// The rows, each cell as it is shown.
fn rows(answer: &Answer) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for page in &answer.pages {
        page.visit(0, &mut |cells| {
            let cells = cells.iter().zip(answer.columns.iter());
            rows.push(
                cells
                    .map(|(cell, column)| {
                        literal(*cell, &column.cql_type, &TimeZone::UTC)
                            .text
                            .replace("True", "true")
                            .replace("False", "false")
                    })
                    .collect(),
            );
            ControlFlow::Continue(())
        })
        .unwrap();
    }
    rows
}

/// Whether two cells are one value: numbers of different length, times in different writing.
fn same(ours: &str, theirs: &str) -> bool {
    let plain = |text: &str| {
        // The fraction of a second in three digits.
        let is_fine = text.contains(':') && text.split_once('.').is_some_and(|(_, digits)| digits.len() == 6);
        let text = if is_fine { text.strip_suffix("000").unwrap_or(text) } else { text };
        text.replace(['T', ' '], " ").trim_end_matches("+0000").trim_end_matches(".000").replace("\\n", "\n")
    };
    if plain(ours) == plain(theirs)
        || (matches!(theirs, "true" | "false") && ours.eq_ignore_ascii_case(theirs))
    {
        return true;
    }
    let digits = |text: &str| {
        !text.is_empty() && text.trim_start_matches('-').bytes().all(|byte| byte.is_ascii_digit())
    };
    if digits(ours) && digits(theirs) {
        return false;
    }
    match (ours.parse::<f64>(), theirs.parse::<f64>()) {
        (Ok(ours), Ok(theirs)) => {
            (ours - theirs).abs() <= 1e-8 * theirs.abs().max(1.0) || (ours.is_nan() && theirs.is_nan())
        }
        _ => {
            // A day is the instant that it begins.
            let begins = |text: &str| plain(text).trim_end_matches(" 00:00:00").to_owned();
            begins(ours) == begins(theirs)
        }
    }
}

fn order(left: &[String], right: &[String]) -> Ordering {
    let number = |text: &str| text.parse::<f64>().ok();
    for (left, right) in left.iter().zip(right) {
        let order = match (number(left), number(right)) {
            (Some(left), Some(right)) => left.total_cmp(&right),
            _ => left.cmp(right),
        };
        if order.is_ne() {
            return order;
        }
    }
    Ordering::Equal
}

#[test]
fn every_answer_is_duckdbs_or_there_is_none() {
    let tables = tables();
    let (mut wrong, mut refused, mut answered) = (Vec::new(), 0, 0);
    for case in CASES.split("\n> ").skip(1) {
        let mut lines = case.strip_suffix('\n').unwrap_or(case).split('\n');
        let query = lines.next().unwrap();
        let is_refused = case.contains("\nrefused");
        let mut theirs: Vec<Vec<String>> = lines
            .filter(|line| *line != "refused")
            .map(|line| line.split(" | ").map(str::to_owned).collect())
            .collect();
        match ask_with(&tables, &[], Path::new("."), query) {
            Err(SqlError::Beyond { message, hints, .. }) if is_refused => {
                refused += 1;
                if hints.is_empty() || message.is_empty() {
                    wrong.push(format!("{query}\n  without a hint: {message}"));
                }
            }
            Err(_) if is_refused => refused += 1,
            Err(error) => wrong.push(format!("{query}\n  error {error:?}")),
            Ok(answer) => {
                answered += 1;
                let mut ours = rows(&answer);
                if !query.contains("/*o*/") {
                    ours.sort_by(|left, right| order(left, right));
                    theirs.sort_by(|left, right| order(left, right));
                }
                let equal = ours.len() == theirs.len()
                    && ours.iter().zip(&theirs).all(|(ours, theirs)| {
                        ours.len() == theirs.len()
                            && ours.iter().zip(theirs).all(|(ours, theirs)| same(ours, theirs))
                    });
                if !equal {
                    wrong.push(format!("{query}\n  ours {ours:?}\n  duck {theirs:?}"));
                } else if is_refused {
                    wrong.push(format!("{query}\n  is answered rightly, and need not be refused"));
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong, {answered} answered, {refused} refused\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(answered > 150, "{answered} answered, {refused} refused");
}
