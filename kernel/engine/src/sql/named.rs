//! The queries that issue 15 names, each with its right answer, and those that were found since.

use std::path::Path;

use cqlbook_core::column::CqlType;

use super::tests::{ask_with, shown, table};
use super::{SqlError, tests};
use cqlbook_analysis::sql::Table;

fn tables() -> Vec<Table> {
    use CqlType::{Boolean, Decimal, Double, Int, Text, Timestamp};
    vec![
        table(
            "t",
            &[
                ("id", Int),
                ("c", Text),
                ("n", Int),
                ("x", Double),
                ("amount", Decimal),
                ("ok", Boolean),
                ("at", Timestamp),
            ],
            &[
                &["1", "'a'", "2000000000", "1.0", "9.50", "true", "'2024-01-31T10:00:00Z'"],
                &["2", "'a'", "2000000000", "3.0", "10.00", "false", "'2024-02-01T00:00:00Z'"],
                &["3", "'b'", "2000000000", "5.0", "1500.25", "null", "'2024-02-01T12:00:00Z'"],
            ],
        ),
        table("u", &[("id", Int), ("low", Int)], &[&["2", "1"], &["4", "9"]]),
        table(
            "lists",
            &[
                ("id", Int),
                ("tags", CqlType::List(Box::new(Text))),
                ("attrs", CqlType::Map(Box::new(Text), Box::new(Int))),
            ],
            &[&["1", "['p', 'q']", "{'x': 5, 'y': 6}"], &["2", "null", "{'y': 7}"]],
        ),
    ]
}

fn rows(query: &str) -> String {
    match ask_with(&tables(), &[], Path::new("."), query) {
        Ok(answer) => shown(&answer).split_once('\n').map_or_else(String::new, |(_, rows)| rows.to_owned()),
        Err(error) => format!("{error:?}"),
    }
}

#[test]
fn what_was_answered_wrongly_without_a_word() {
    let cases = [
        ("SELECT SUM(n) FROM t", "6000000000"),
        (
            "SELECT t.id, u.id FROM t LEFT JOIN u ON t.id = u.id AND u.low > 5 ORDER BY t.id",
            "1 | null\n2 | null\n3 | null",
        ),
        ("SELECT id, AVG(x) OVER (PARTITION BY c ORDER BY id) FROM t ORDER BY id", "1 | 1\n2 | 2\n3 | 5"),
        (
            "SELECT c, COUNT(*) * 100.0 / SUM(COUNT(*)) OVER () AS p FROM t GROUP BY c ORDER BY c",
            "a | 66.66666666666667\nb | 33.333333333333336",
        ),
        ("SELECT id FROM t WHERE ok IS NOT TRUE ORDER BY id", "2\n3"),
        ("SELECT id FROM t FULL JOIN u USING (id) ORDER BY id", "1\n2\n3\n4"),
        ("SELECT id FROM t FULL JOIN u USING (id) WHERE id > 2 ORDER BY id", "3\n4"),
        ("SELECT id FROM t RIGHT JOIN u USING (id) ORDER BY id", "2\n4"),
        ("SELECT id FROM t WHERE amount > '10' ORDER BY id", "3"),
        ("SELECT amount / 1000 FROM t WHERE id = 1", "0.0095"),
        ("SELECT DISTINCT amount FROM t ORDER BY amount", "9.50\n10.00\n1500.25"),
        ("SELECT id FROM t WHERE ok IS DISTINCT FROM TRUE AND id > 2", "3"),
        (
            "SELECT AVG(v) FROM (SELECT 9007199254740993 AS v UNION ALL SELECT -9007199254740993 UNION ALL SELECT 5) AS w",
            "1.6666666666666667",
        ),
        ("SELECT SUM(COALESCE(r, 0.5)) FROM (SELECT ROUND(amount, 1) AS r FROM t) AS w", "1519.8"),
        ("SELECT 1 AS a FROM (SELECT 1 AS c, COUNT(*) AS k FROM u) AS r WHERE r.c = 2", ""),
        (
            "SELECT t.id, k FROM t LEFT JOIN (SELECT COUNT(*) AS k FROM u) AS z ON FALSE WHERE t.id = 1",
            "1 | null",
        ),
        (
            "SELECT t.id, flag FROM t LEFT JOIN (SELECT id, 'yes' AS flag FROM t WHERE id > 1) AS f ON t.id = f.id ORDER BY flag, t.id",
            "2 | yes\n3 | yes\n1 | null",
        ),
        ("SELECT id FROM t WHERE id = 1 OR id NOT IN (SELECT NULLIF(low, 9) FROM u) ORDER BY id", "1"),
        ("SELECT id FROM t WHERE 'nowhere' NOT IN (SELECT NULLIF(c, 'b') FROM t)", ""),
        ("SELECT id FROM t WHERE id NOT IN (SELECT id FROM u WHERE id IS NOT NULL) ORDER BY id", "1\n3"),
        ("SELECT CAST('1e-20' AS DOUBLE) > 0.0", "True"),
        ("SELECT x FROM t WHERE id = 1 UNION ALL SELECT 0.5", "1\n0.5"),
        ("SELECT id FROM t WHERE id = 1 OR ok IS DISTINCT FROM TRUE AND id > 2 ORDER BY id", "1\n3"),
    ];
    for (query, right) in cases {
        assert_eq!(rows(query), right, "{query}");
    }
}

#[test]
fn what_analysts_type() {
    let cases = [
        (
            "SELECT id, SUM(x) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM t ORDER BY id",
            "1 | 1\n2 | 4\n3 | 8",
        ),
        ("SELECT id FROM t WHERE x = (SELECT MAX(x) FROM t)", "3"),
        (
            "SELECT id FROM t WHERE EXISTS (SELECT 1 FROM t AS o WHERE o.c = t.c AND o.n = t.n AND o.x > 3) ORDER BY id",
            "3",
        ),
        ("SELECT id, NTILE(2) OVER (ORDER BY id) FROM t ORDER BY id", "1 | 1\n2 | 1\n3 | 2"),
        ("SELECT PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY x) FROM t", "3"),
        ("SELECT YEAR(at), MONTH(at) FROM t WHERE id = 1", "2024 | 1"),
        ("SELECT c, SUM(x) FROM t GROUP BY ROLLUP (c) ORDER BY c", "a | 4\nb | 5\nnull | 9"),
        ("SELECT COUNT(*), COUNT(*) FROM t", "3 | 3"),
        ("SELECT c FROM t GROUP BY c ORDER BY COUNT(*) DESC", "a\nb"),
        (
            "WITH RECURSIVE r AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM r WHERE i < 3) SELECT i FROM r ORDER BY i",
            "1\n2\n3",
        ),
        ("WITH t AS (SELECT * FROM t WHERE id = 2) SELECT id FROM t", "2"),
        ("SELECT id FROM t WHERE at = '2024-02-01 00:00:00.000+0000'", "2"),
        ("SELECT id FROM t WHERE at = '2024-02-01T00:00:00Z'", "2"),
        ("SELECT id FROM t WHERE at >= DATE '2024-02-01' ORDER BY id", "2\n3"),
        ("SELECT Id, AMOUNT FROM T WHERE ID = 1", "1 | 9.50"),
        ("SELECT 'a''''b', 'x\\y'", "a''b | x\\y"),
        ("SELECT 7 / 2, 7 % 4, -7 % 4", "3.5 | 3 | -3"),
        ("SELECT UNNEST(tags) FROM lists WHERE id = 1", "p\nq"),
        ("SELECT id, u.tag FROM lists CROSS JOIN UNNEST(lists.tags) AS u (tag) ORDER BY tag", "1 | p\n1 | q"),
        ("SELECT id, attrs['x'], tags[2] FROM lists ORDER BY id", "1 | 5 | q\n2 | null | null"),
    ];
    for (query, right) in cases {
        assert_eq!(rows(query), right, "{query}");
    }
    let answer = ask_with(&tables(), &[], Path::new("."), "SELECT COUNT(*), COUNT(*) FROM t").unwrap();
    let names: Vec<&str> = answer.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["COUNT(*)", "COUNT(*)"]);
}

#[test]
fn what_would_be_answered_otherwise_is_refused_in_words() {
    for query in [
        "SELECT n + 9223372036854775807 FROM t",
        "SELECT n * 9000000000 FROM t",
        "SELECT id FROM t WHERE c > 5",
        "SELECT id FROM t EXCEPT ALL SELECT id FROM u",
        "SELECT id FROM t WHERE id NOT IN (SELECT u.id FROM u WHERE u.low = t.n)",
        "SELECT * FROM t PIVOT (SUM(n) FOR c IN ('a', 'b'))",
        "SELECT id FROM t UNION SELECT c FROM t",
        "SELECT CASE WHEN ok THEN c ELSE n END FROM t",
    ] {
        match ask_with(&tables(), &[], Path::new("."), query) {
            Err(SqlError::Beyond { message, hints, .. }) => {
                assert!(!message.is_empty() && !hints.is_empty(), "{query}")
            }
            other => panic!("{query}: {other:?}"),
        }
    }
    let _ = tests::shown;
}
