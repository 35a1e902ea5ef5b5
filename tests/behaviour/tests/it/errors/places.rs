//! Where a failure points: the name or the constant that the server complains of, the place where a `;` is missing, the character
//! that is none of CQL.

use insta::assert_snapshot;

use super::kept::Case;

/// The line that points, and the caret under it: what a user's eye goes to.
fn pointed(told: &str) -> String {
    let lines: Vec<&str> = told.lines().collect();
    let caret = lines.iter().position(|line| line.trim_start().starts_with("| ") && line.contains('^'));
    match caret {
        Some(at) => format!("{}\n{}\n{}", lines[0], lines[at - 1], lines[at]),
        None => format!("{}\nno place", lines[0]),
    }
}

async fn pointed_each(case: &mut Case, cells: &[&str]) -> String {
    let mut told = Vec::new();
    for cell in cells {
        told.push(pointed(&case.told(cell).await));
    }
    told.join("\n")
}

async fn with_tables() -> Case {
    let mut case = Case::connected().await;
    case.notebook
        .ok("CREATE TYPE place (street text, zip int);
            CREATE TABLE t (k int, c int, v text, p frozen<place>, tags set<text>, d date, PRIMARY KEY (k, c));")
        .await;
    case
}

#[tokio::test]
async fn a_name_that_the_server_does_not_know_is_marked() {
    let mut case = with_tables().await;
    let cells = [
        "SELECT k, vv FROM t",
        "SELECT 'vv' AS a, \"vV\" FROM t",
        "INSERT INTO t (k, c, vv) VALUES (1, 1, 'vv')",
        "UPDATE t SET vv = 'a' WHERE k = 1 AND c = 1",
        "SELECT * FROM t\nWHERE kk = 1",
        "ALTER TABLE t DROP vv",
        "ALTER TABLE t RENAME kk TO x",
        "CREATE TABLE t2 (plaec plaec PRIMARY KEY)",
        "CREATE TABLE t2 (a int, PRIMARY KEY (b))",
        "CREATE TABLE t2 (a int PRIMARY KEY, a text)",
        "CREATE TABLE t2 (a int PRIMARY KEY) WITH nope = 1",
        "SELECT k, nope(v) FROM t",
        "INSERT INTO t (k, c, p) VALUES (1, 1, {stret: 'a'})",
        "SELECT p.stret FROM t",
        "SELECT * FROM nope.nope",
        "SELECT nope FROM nope",
        "USE nope",
        "%%cql --yes\nDROP TABLE nope",
        "%%cql --yes\nDROP INDEX nope",
        "SELECT * FROM t WHERE k = 1 AND k = 2",
        "SELECT k, v FROM t GROUP BY v",
    ];
    assert_snapshot!(pointed_each(&mut case, &cells).await, @"");
}

#[tokio::test]
async fn a_constant_of_the_wrong_type_is_marked() {
    let mut case = with_tables().await;
    let cells = [
        "SELECT * FROM t WHERE k = 'abc' AND c = 1",
        "INSERT INTO t (v, k, c) VALUES ('x', 1, 'x')",
        "INSERT INTO t (k, c, v) VALUES (5, 5, 5)",
        "INSERT INTO t (k, c, d) VALUES (1, 1, 'today')",
        "SELECT * FROM t WHERE tags CONTAINS 1 ALLOW FILTERING",
    ];
    assert_snapshot!(pointed_each(&mut case, &cells).await, @"");
}

#[tokio::test]
async fn two_statements_without_a_semicolon_between_them_are_told_of_it() {
    let mut case = with_tables().await;
    assert_snapshot!(case.told("SELECT * FROM t\nSELECT * FROM t").await, @"");
    assert_snapshot!(case.told("SELECT k FROM t;\nUSE system SELECT * FROM t").await, @"");
    let cells = [
        "INSERT INTO t (k, c) VALUES (1, 1)\nSELECT * FROM t",
        "SELECT * FROM t WHERE k = 1 SELECT * FROM t",
        "SELECT * FROM t\nCONSISTENCY ONE",
        "SELECT * FROM t LIMIT 5\nLIST ROLES",
        "CREATE TABLE x1 (a int PRIMARY KEY)\nCREATE TABLE x2 (a int PRIMARY KEY)",
        "USE system\nUSE system_schema",
    ];
    for cell in cells {
        let told = case.told(cell).await;
        assert!(told.contains("→ Write `;` before `"), "{cell}: {told}");
    }
    for cell in ["SELECT SELECT FROM t", "SELECT * FROM t WHERE SELECT", "INSERT INTO t;", "SELECT * FROM"] {
        let told = case.told(cell).await;
        assert!(!told.contains("→ Write `;` before `"), "{cell}: {told}");
    }
    assert_snapshot!(pointed(&case.told("INSERT INTO t;").await), @"");
}

#[tokio::test]
async fn a_character_that_looks_like_a_plain_one_is_named_and_nothing_is_sent() {
    let mut case = with_tables().await;
    assert_snapshot!(case.told("INSERT INTO t (k, c, v) VALUES (1, 1, ‘a; TRUNCATE t; b’);\nSELECT * FROM t;").await, @"");
    assert_snapshot!(case.told("SELECT *\u{a0}FROM t").await, @"");
    assert_snapshot!(case.told("%export _ “rows.csv” ——force").await, @"");
    assert_snapshot!(case.told("%param day = ‘2026-01-01’").await, @"");
    case.notebook.ok("INSERT INTO t (k, c, v) VALUES (2, 2, '‘a; – b’')").await;
    case.notebook.ok("SELECT v /* “x” */ FROM t WHERE k = 2; -- –").await;
}
