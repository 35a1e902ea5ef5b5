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
    assert_snapshot!(pointed_each(&mut case, &cells).await, @r#"
    INVALID_QUERY: Undefined column name vv in table KEYSPACE.t.
    1 | SELECT k, vv FROM t
      |           ^^
    INVALID_QUERY: Cannot infer type for term 'vv' in selection clause (try using a cast to force a type).
    1 | SELECT 'vv' AS a, "vV" FROM t
      |        ^^^^
    INVALID_QUERY: Undefined column name vv in table KEYSPACE.t.
    1 | INSERT INTO t (k, c, vv) VALUES (1, 1, 'vv')
      |                      ^^
    INVALID_QUERY: Undefined column name vv in table KEYSPACE.t.
    1 | UPDATE t SET vv = 'a' WHERE k = 1 AND c = 1
      |              ^^
    INVALID_QUERY: Undefined column name kk in table KEYSPACE.t.
    2 | WHERE kk = 1
      |       ^^
    INVALID_QUERY: Column vv was not found in table 'KEYSPACE.t'.
    1 | ALTER TABLE t DROP vv
      |                    ^^
    INVALID_QUERY: Undefined column name kk in table KEYSPACE.t.
    1 | ALTER TABLE t RENAME kk TO x
      |                      ^^
    INVALID_QUERY: Unknown type KEYSPACE.plaec.
    1 | CREATE TABLE t2 (plaec plaec PRIMARY KEY)
      |                        ^^^^^
    INVALID_QUERY: Unknown column 'b' referenced in PRIMARY KEY for table 't2'.
    1 | CREATE TABLE t2 (a int, PRIMARY KEY (b))
      |                                      ^
    INVALID_QUERY: Duplicate column 'a' declaration for table 't2'.
    1 | CREATE TABLE t2 (a int PRIMARY KEY, a text)
      |                                     ^
    SYNTAX_ERROR: The statement does not parse: Unknown property 'nope'.
    1 | CREATE TABLE t2 (a int PRIMARY KEY) WITH nope = 1
      |                                          ^^^^
    INVALID_QUERY: Unknown function 'nope'.
    1 | SELECT k, nope(v) FROM t
      |           ^^^^
    INVALID_QUERY: Unknown field 'stret' in value of user defined type place.
    1 | INSERT INTO t (k, c, p) VALUES (1, 1, {stret: 'a'})
      |                                        ^^^^^
    INVALID_QUERY: p of type frozen<place> has no field stret.
    1 | SELECT p.stret FROM t
      |          ^^^^^
    INVALID_QUERY: keyspace nope does not exist.
    1 | SELECT * FROM nope.nope
      |               ^^^^
    INVALID_QUERY: table nope does not exist.
    1 | SELECT nope FROM nope
      |                  ^^^^
    INVALID_QUERY: Keyspace 'nope' does not exist.
    1 | USE nope
      |     ^^^^
    INVALID_QUERY: Table 'KEYSPACE.nope' doesn't exist.
    2 | DROP TABLE nope
      |            ^^^^
    INVALID_QUERY: Index 'KEYSPACE.nope' doesn't exist'.
    2 | DROP INDEX nope
      |            ^^^^
    INVALID_QUERY: k cannot be restricted by more than one relation if it includes an Equal.
    1 | SELECT * FROM t WHERE k = 1 AND k = 2
      |                                 ^
    INVALID_QUERY: Group by is currently only supported on the columns of the PRIMARY KEY, got v.
    1 | SELECT k, v FROM t GROUP BY v
      |                             ^
    "#);
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
    assert_snapshot!(pointed_each(&mut case, &cells).await, @r#"
    INVALID_QUERY: Invalid STRING constant (abc) for "k" of type int.
    1 | SELECT * FROM t WHERE k = 'abc' AND c = 1
      |                           ^^^^^
    INVALID_QUERY: Invalid STRING constant (x) for "c" of type int.
    1 | INSERT INTO t (v, k, c) VALUES ('x', 1, 'x')
      |                                         ^^^
    INVALID_QUERY: Invalid INTEGER constant (5) for "v" of type text.
    1 | INSERT INTO t (k, c, v) VALUES (5, 5, 5)
      |                                       ^
    INVALID_QUERY: Unable to coerce 'today' to a formatted date (long).
    1 | INSERT INTO t (k, c, d) VALUES (1, 1, 'today')
      |                                       ^^^^^^^
    INVALID_QUERY: Invalid INTEGER constant (1) for "value(tags)" of type text.
    1 | SELECT * FROM t WHERE tags CONTAINS 1 ALLOW FILTERING
      |                                     ^
    "#);
}

#[tokio::test]
async fn two_statements_without_a_semicolon_between_them_are_told_of_it() {
    let mut case = with_tables().await;
    assert_snapshot!(case.told("SELECT * FROM t\nSELECT * FROM t").await, @"
    SYNTAX_ERROR: The statement does not parse at `SELECT`.
    Two statements stand one behind the other, and the `;` between them is missing.

    In line 2, column 1:
    2 | SELECT * FROM t
      | ^^^^^^

    → Write `;` before `SELECT`: it ends the statement that stands before.

    The server said:
        line 2:0 no viable alternative at input 'SELECT' (SELECT * FROM [t]SELECT...)
    ");
    assert_snapshot!(case.told("SELECT k FROM t;\nUSE system SELECT * FROM t").await, @"
    SYNTAX_ERROR: The statement does not parse at `SELECT`.
    `USE` takes the name of a keyspace and nothing more.

    In statement 2 of 2, line 2, column 12:
    2 | USE system SELECT * FROM t
      |            ^^^^^^

    → Write `;` before `SELECT`: it ends the statement that stands before.
    ");
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
    assert_snapshot!(pointed(&case.told("INSERT INTO t;").await), @"
    SYNTAX_ERROR: The statement does not parse: it ends too early.
    1 | INSERT INTO t;
      |              ^
    ");
}

#[tokio::test]
async fn a_character_that_looks_like_a_plain_one_is_named_and_nothing_is_sent() {
    let mut case = with_tables().await;
    assert_snapshot!(case.told("INSERT INTO t (k, c, v) VALUES (1, 1, ‘a; TRUNCATE t; b’);\nSELECT * FROM t;").await, @"
    SYNTAX_ERROR: `‘` (U+2018, left single quotation mark) is no character of CQL.
    It looks like a plain one, or like nothing, and was probably put there by the program that the text was copied from. In a string, a quoted name or a comment it may stand.

    In statement 1 of 2, line 1, column 39:
    1 | INSERT INTO t (k, c, v) VALUES (1, 1, ‘a; TRUNCATE t; b’);
      |                                       ^

    → At the marked place type `'`.
    ");
    assert_snapshot!(case.told("SELECT *\u{a0}FROM t").await, @r"
    SYNTAX_ERROR: A no-break space (U+00A0) is no character of CQL.
    It looks like a plain one, or like nothing, and was probably put there by the program that the text was copied from. In a string, a quoted name or a comment it may stand.

    In line 1, column 9:
    1 | SELECT *\xa0FROM t
      |         ^

    → At the marked place type a blank.
    ");
    assert_snapshot!(case.told("%export _ “rows.csv” ——force").await, @r#"
    USAGE: `“` (U+201C, left double quotation mark) is not taken here.
    It looks like a plain one, or like nothing, and was probably put there by the program that the line was copied from.

    In line 1, column 11:
    1 | %export _ “rows.csv” ——force
      |           ^

    → At the marked place type `'` or `"`.
    → A file may be called so: write its name within plain quotes.
    "#);
    assert_snapshot!(case.told("%param day = ‘2026-01-01’").await, @"
    USAGE: `‘` (U+2018, left single quotation mark) is not taken here.
    It looks like a plain one, or like nothing, and was probably put there by the program that the text was copied from. In a string, a quoted name or a comment it may stand.

    → Type `'`.
    → There are more behind it: for `’` (U+2019, right single quotation mark) type `'`.
    ");
    case.notebook.ok("INSERT INTO t (k, c, v) VALUES (2, 2, '‘a; – b’')").await;
    case.notebook.ok("SELECT v /* “x” */ FROM t WHERE k = 2; -- –").await;
}
