//! Texts that stay texts, values that do not wrap around, and queries that are too large or too deep.

use std::path::Path;

use cqlbook_analysis::sql::{SqlError, Table, bounds};
use cqlbook_core::column::CqlType;
use proptest::prelude::*;

use super::tests::{ask_with, shown, table};

const ODD: [&str; 9] =
    ["a'b", "a''b", "'", "''", "\\", "a\\'", "a\\'' OR 1=1 --", "x'; DROP", "\"q\" -- /* $$"];

fn names() -> Vec<Table> {
    let rows: Vec<[String; 1]> = ODD.iter().map(|text| [format!("'{}'", text.replace('\'', "''"))]).collect();
    let rows: Vec<Vec<&str>> = rows.iter().map(|row| vec![row[0].as_str()]).collect();
    let rows: Vec<&[&str]> = rows.iter().map(Vec::as_slice).collect();
    vec![table("t", &[("name", CqlType::Text)], &rows)]
}

fn ask(tables: &[Table], params: &[(&str, &str)], text: &str) -> Result<String, SqlError> {
    ask_with(tables, params, Path::new("."), text).map(|answer| shown(&answer))
}

#[test]
fn a_texts_content_never_becomes_sql() {
    for text in ODD {
        let literal = format!("'{}'", text.replace('\'', "''"));
        let typed = ask(&names(), &[], &format!("SELECT name FROM t WHERE name = {literal}")).unwrap();
        let bound = ask(&names(), &[("x", &literal)], "SELECT name FROM t WHERE name = :x").unwrap();
        let listed =
            ask(&names(), &[("x", &format!("[{literal}, 'none']"))], "SELECT name FROM t WHERE name IN (:x)");
        let dollars = ask(&names(), &[("x", &format!("$${text}$$"))], "SELECT name FROM t WHERE name = :x");
        let expected = format!("name text\n{text}");
        assert_eq!(typed, expected);
        assert_eq!(bound, expected);
        assert_eq!(listed.unwrap(), expected);
        if !text.contains("$$") {
            assert_eq!(dollars.unwrap(), expected);
        }
    }
    for wrong in
        ["'a' OR 'b'", "'a'' OR 1=1 --", "1 OR 1=1", "0xff", "1h", "{'a': 1}", "[[1]]", "1e", "--1", "name"]
    {
        let error = ask(&names(), &[("x", wrong)], "SELECT name FROM t WHERE name = :x").unwrap_err();
        assert!(matches!(error, SqlError::Param { .. }), "{wrong}: {error:?}");
    }
}

#[test]
fn parameters_are_values_of_their_types() {
    let id = "550e8400-e29b-41d4-a716-446655440000";
    let tables = [table(
        "t",
        &[("id", CqlType::Uuid), ("n", CqlType::Int), ("ts", CqlType::Timestamp), ("o", CqlType::Boolean)],
        &[&[id, "-5", "'2024-02-29T00:00:00Z'", "true"], &[id, "5", "null", "false"]],
    )];
    let count = |params: &[(&str, &str)], condition: &str| {
        ask(&tables, params, &format!("SELECT COUNT(*) AS c FROM t WHERE {condition}")).unwrap()
    };
    assert_eq!(count(&[("x", &id.to_uppercase())], "id = :x"), "c bigint\n2");
    assert_eq!(count(&[("x", &format!("'{}'", id.to_uppercase()))], "id = :x"), "c bigint\n2");
    assert_eq!(count(&[("x", "-5")], "n = :x"), "c bigint\n1");
    // Two minus signs would begin a comment.
    assert_eq!(count(&[("x", "-5")], "n = 0 -:x"), "c bigint\n1");
    assert_eq!(count(&[("x", "'2024-02-29 00:00:00+0000'")], "ts = :x"), "c bigint\n1");
    assert_eq!(count(&[("x", "true")], "o = :x"), "c bigint\n1");
    assert_eq!(count(&[("x", "null")], "n = :x"), "c bigint\n0");
    assert_eq!(count(&[("x", "[5, 7]")], "n IN (:x)"), "c bigint\n1");
    assert_eq!(count(&[("x", "{}")], "n IN (:x)"), "c bigint\n0");
    assert!(ask(&tables, &[("x", "[5]")], "SELECT n FROM t WHERE n = :x").is_err());
    assert!(ask(&tables, &[("x", "'no uuid'")], "SELECT n FROM t WHERE id = :x").is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn every_text_comes_back(text in "[a'\\\\\"$ \\-é;:]{0,12}") {
        let literal = format!("'{}'", text.replace('\'', "''"));
        let tables = [table("one", &[("i", CqlType::Int)], &[&["1"]])];
        let answer = ask(&tables, &[("x", &literal)], &format!("SELECT {literal} = :x AS same, LENGTH(:x) AS n FROM one")).unwrap();
        prop_assert_eq!(answer, format!("same boolean | n bigint\nTrue | {}", text.chars().count()));
    }
}

#[test]
fn whole_numbers_do_not_wrap_around() {
    let tables = [table(
        "t",
        &[("i", CqlType::Int), ("s", CqlType::Tinyint), ("b", CqlType::Bigint)],
        &[["2000000000", "100", "9000000000000000000"].as_slice(); 3],
    )];
    let asked = |what: &str| ask(&tables, &[], &format!("SELECT {what} AS v FROM t LIMIT 1"));
    assert_eq!(asked("SUM(i)").unwrap(), "v bigint\n6000000000");
    assert_eq!(asked("i * i").unwrap(), "v bigint\n4000000000000000000");
    assert_eq!(asked("i + i").unwrap(), "v bigint\n4000000000");
    assert_eq!(asked("s + s").unwrap(), "v bigint\n200");
    assert_eq!(asked("s * s * s").unwrap(), "v bigint\n1000000");
    assert_eq!(asked("i").unwrap(), "v int\n2000000000");
    assert_eq!(asked("MAX(s)").unwrap(), "v tinyint\n100");
    assert_eq!(asked("SUM(b)").unwrap(), "v varint\n27000000000000000000");
    for wide in ["b + b", "b * 2", "i * i * i", "0 - b - b"] {
        let error = asked(wide).unwrap_err();
        assert!(
            matches!(&error, SqlError::Beyond { hints, .. } if hints.iter().any(|hint| hint.contains("64 bits"))),
            "{wide}: {error:?}"
        );
    }
}

#[test]
fn a_query_that_is_too_large_or_too_deep_is_refused_before_it_is_parsed() {
    let tables = [table("t", &[("i", CqlType::Int)], &[&["1"]])];
    let refused = |text: &str| {
        let error = ask(&tables, &[], text).unwrap_err();
        let is_said = match &error {
            SqlError::Beyond { hints, .. } => !hints.is_empty(),
            SqlError::Syntax { message, .. } => message.contains("nested"),
            _ => false,
        };
        assert!(is_said, "{}: {error:?}", text.len());
    };
    let chain = |link: &str, count: usize| format!("SELECT i{} AS v FROM t", link.repeat(count));
    for count in [bounds::CHAIN + 1, 5_000, 40_000] {
        refused(&chain(" + 1", count));
        refused(&chain(" = 1 OR i", count));
        refused(&chain("::INT", count));
        refused(&chain(" IS NULL", count));
        refused(&format!("SELECT {}1{} FROM t", "(".repeat(count), ")".repeat(count)));
        refused(&format!("SELECT {} i FROM t", "NOT ".repeat(count)));
        refused(&format!("SELECT {} i FROM t", "- ".repeat(count)));
        refused(&format!("SELECT i FROM t{}", " UNION SELECT i FROM t".repeat(count)));
        refused(&format!("SELECT {}1{} FROM t", "CASE WHEN TRUE THEN ".repeat(count), " END".repeat(count)));
        refused(&format!("SELECT {}i{} FROM t", "ABS(".repeat(count), ")".repeat(count)));
    }
    refused(&format!("SELECT '{}' AS v FROM t", "x".repeat(2 << 20)));
    refused(&format!("SELECT i FROM t WHERE i IN (1{})", ", 1".repeat(200_000)));
    // What is within is computed.
    assert_eq!(ask(&tables, &[], &chain(" * 1", 60)).unwrap(), "v bigint\n1");
    assert_eq!(ask(&tables, &[], &chain(" * 2", 8)).unwrap(), "v bigint\n256");
    assert_eq!(ask(&tables, &[], &chain(" + 1", 60)).unwrap(), "v bigint\n61");
    assert_eq!(
        ask(&tables, &[], &format!("SELECT i FROM t WHERE i IN (1{})", ", 2".repeat(5_000))).unwrap(),
        "i int\n1"
    );
    assert!(ask(&tables, &[], &format!("SELECT i FROM t WHERE i = 0{}", " OR i = 1".repeat(150))).is_ok());
    let deepest = ask(&tables, &[], &chain(" + 1", bounds::CHAIN - 1));
    assert!(matches!(deepest, Ok(_) | Err(SqlError::Beyond { .. })), "{deepest:?}");
}
