//! Queries over small kept results and files: what they answer, with which types, and what is said when they cannot.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cqlbook_core::column::CqlType;
use cqlbook_core::page::Page;
use cqlbook_core::page::testing::VecPage;
use cqlbook_core::value::literal;
use jiff::tz::TimeZone;

use cqlbook_analysis::sql::{Answer, Job, Place, SqlError, Table, wire};

use super::compute;

const LIMIT: usize = 1 << 20;

pub(super) fn table(name: &str, columns: &[(&str, CqlType)], rows: &[&[&str]]) -> Table {
    let page: Arc<dyn Page> = Arc::new(VecPage::of(columns, rows));
    Table { name: name.to_owned(), columns: Arc::clone(page.columns()), pages: vec![page] }
}

pub(super) fn ask_with(
    tables: &[Table],
    params: &[(&str, &str)],
    folder: &Path,
    text: &str,
) -> Result<Answer, SqlError> {
    let params: BTreeMap<String, String> =
        params.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let resolve = |path: &str| -> PathBuf { folder.join(path) };
    let job = Job::new(text, &Place { tables: tables.to_vec(), params, resolve: &resolve, limit: LIMIT })?;
    // As the kernel does it: both ways through bytes.
    let mut bytes = Vec::new();
    wire::write_job(&job, &mut bytes).unwrap();
    let outcome = compute(wire::read_job(bytes.as_slice()).unwrap());
    let mut bytes = Vec::new();
    wire::write_outcome(outcome, &mut bytes).unwrap();
    wire::read_outcome(bytes.as_slice()).unwrap()
}

fn ask(tables: &[Table], text: &str) -> Answer {
    match ask_with(tables, &[], Path::new("."), text) {
        Ok(answer) => answer,
        Err(error) => panic!("{text}\n{error:?}"),
    }
}

fn error(tables: &[Table], text: &str) -> SqlError {
    ask_with(tables, &[], Path::new("."), text).unwrap_err()
}

/// The answer as `name type` of each column, then its rows.
pub(super) fn shown(answer: &Answer) -> String {
    let heads: Vec<String> =
        answer.columns.iter().map(|column| format!("{} {}", column.name, column.cql_type)).collect();
    let mut lines = vec![heads.join(" | ")];
    for page in &answer.pages {
        page.visit(0, &mut |cells| {
            let cells = cells.iter().zip(answer.columns.iter());
            let cells: Vec<String> =
                cells.map(|(cell, column)| literal(*cell, &column.cql_type, &TimeZone::UTC).text).collect();
            lines.push(cells.join(" | "));
            std::ops::ControlFlow::Continue(())
        })
        .unwrap();
    }
    lines.join("\n")
}

fn flights() -> Vec<Table> {
    vec![
        table(
            "flights",
            &[("carrier", CqlType::Text), ("delay", CqlType::Int), ("at", CqlType::Timestamp)],
            &[
                &["'UA'", "10", "'2013-01-01T05:15:00Z'"],
                &["'UA'", "20", "'2013-02-08T14:00:00Z'"],
                &["'AA'", "-5", "'2013-02-09T00:00:00Z'"],
                &["'AA'", "null", "null"],
            ],
        ),
        table(
            "airlines",
            &[("carrier", CqlType::Text), ("name", CqlType::Text)],
            &[&["'UA'", "'United'"], &["'AA'", "'American'"]],
        ),
    ]
}

#[test]
fn what_cql_has_not_joins_groups_windows_and_ctes() {
    let answer = ask(
        &flights(),
        "SELECT name, COUNT(*) AS n, AVG(delay) AS mean FROM flights JOIN airlines USING (carrier) GROUP BY name ORDER BY name",
    );
    insta::assert_snapshot!(shown(&answer), @r"
    name text | n bigint | mean double
    American | 2 | -5
    United | 2 | 15
    ");
    let answer = ask(
        &flights(),
        "WITH late AS (SELECT * FROM flights WHERE delay > 0) \
         SELECT carrier, delay, ROW_NUMBER() OVER (PARTITION BY carrier ORDER BY delay DESC) AS place FROM late ORDER BY place",
    );
    insta::assert_snapshot!(shown(&answer), @r"
    carrier text | delay int | place bigint
    UA | 20 | 1
    UA | 10 | 2
    ");
    let answer =
        ask(&flights(), "SELECT carrier FROM flights UNION SELECT carrier FROM airlines ORDER BY carrier;");
    insta::assert_snapshot!(shown(&answer), @r"
    carrier text
    AA
    UA
    ");
}

#[test]
fn every_type_comes_back_as_itself() {
    let columns = [
        ("a", CqlType::Ascii, "'x'"),
        ("b", CqlType::Bigint, "1"),
        ("c", CqlType::Blob, "0xff00"),
        ("d", CqlType::Boolean, "true"),
        ("e", CqlType::Date, "'2013-01-01'"),
        ("f", CqlType::Decimal, "12.50"),
        ("g", CqlType::Double, "0.1"),
        ("h", CqlType::Duration, "1mo2d3ns"),
        ("i", CqlType::Float, "0.5"),
        ("j", CqlType::Inet, "'10.0.0.1'"),
        ("k", CqlType::Int, "-7"),
        ("l", CqlType::Smallint, "7"),
        ("m", CqlType::Time, "'08:12:54.000000001'"),
        ("n", CqlType::Timestamp, "'2013-01-01T05:00:00.123Z'"),
        ("o", CqlType::Timeuuid, "13814000-1dd2-11b2-8080-808080808080"),
        ("p", CqlType::Tinyint, "1"),
        ("q", CqlType::Uuid, "550e8400-e29b-41d4-a716-446655440000"),
        ("r", CqlType::Varint, "123456789012345678901234567890"),
        ("s", CqlType::List(Box::new(CqlType::Int)), "[1, 2]"),
        ("t", CqlType::Set(Box::new(CqlType::Uuid)), "{550e8400-e29b-41d4-a716-446655440000}"),
        ("u", CqlType::Map(Box::new(CqlType::Text), Box::new(CqlType::Int)), "{'a': 1}"),
        ("v", CqlType::Tuple(vec![CqlType::Int, CqlType::Text]), "(1, 'x')"),
        ("w", CqlType::Vector(Box::new(CqlType::Float), 2), "[0.5, 1]"),
    ];
    let types: Vec<(&str, CqlType)> = columns.iter().map(|(name, ty, _)| (*name, ty.clone())).collect();
    let values: Vec<&str> = columns.iter().map(|(_, _, value)| *value).collect();
    let nulls = vec!["null"; values.len()];
    let all = [table("all_types", &types, &[&values, &nulls])];
    let answer = ask(&all, "SELECT * FROM all_types");
    assert_eq!(answer.notes, Vec::<String>::new());
    for (column, (name, ty, _)) in answer.columns.iter().zip(&columns) {
        assert_eq!((&column.name[..], &column.cql_type), (*name, ty));
    }
    let before =
        Answer { columns: Arc::clone(&all[0].columns), pages: all[0].pages.clone(), notes: Vec::new() };
    assert_eq!(shown(&answer), shown(&before));
}

#[test]
fn a_type_survives_an_alias_a_cte_a_join_and_an_aggregate() {
    let id = "550e8400-e29b-41d4-a716-446655440000";
    let tables = [
        table(
            "people",
            &[("id", CqlType::Uuid), ("paid", CqlType::Decimal)],
            &[&[id, "1.10"], &[id, "2.205"]],
        ),
        table("names", &[("id", CqlType::Uuid), ("name", CqlType::Text)], &[&[id, "'Ada'"]]),
    ];
    let answer = ask(
        &tables,
        "WITH p AS (SELECT id AS person, paid FROM people) \
         SELECT person, MAX(paid) AS most, SUM(paid) AS paid, MAX(n.name) AS name \
         FROM p JOIN names AS n ON p.person = n.id GROUP BY person",
    );
    insta::assert_snapshot!(shown(&answer), @r"
    person uuid | most decimal | paid decimal | name text
    550e8400-e29b-41d4-a716-446655440000 | 2.205 | 3.305 | Ada
    ");
    let answer = ask(&tables, &format!("SELECT name FROM names WHERE id = '{id}'"));
    assert_eq!(answer.pages[0].rows(), 1);
}

#[test]
fn numbers_beyond_sqls_are_text_and_that_is_said() {
    let long = "1234567890123456789012345678901234567890";
    let tables = [table("t", &[("n", CqlType::Varint)], &[&[long]])];
    let answer = ask(&tables, "SELECT n FROM t");
    assert_eq!(shown(&answer), format!("n varint\n{long}"));
    assert!(answer.notes[0].contains("more than 38 digits"), "{:?}", answer.notes);
}

#[test]
fn parameters_are_put_in_as_literals() {
    let asked = |params: &[(&str, &str)], text: &str| ask_with(&flights(), params, Path::new("."), text);
    let answer = asked(
        &[("who", "'UA'"), ("least", "15")],
        "SELECT delay FROM flights WHERE carrier = :who AND delay > :least",
    );
    assert_eq!(shown(&answer.unwrap()), "delay int\n20");
    let answer = asked(&[("who", "'O''Hare; DROP'")], "SELECT delay FROM flights WHERE carrier = :who");
    assert_eq!(shown(&answer.unwrap()), "delay int");
    let error = asked(&[], "SELECT delay FROM flights WHERE carrier = :who").unwrap_err();
    assert_eq!(error.to_string(), "The parameter `:who` has no value; `%param` sets one.");
}

#[test]
fn a_time_is_truncated_to_the_units_that_charts_need() {
    let answer = ask(
        &flights(),
        "SELECT DATE_TRUNC('month', at) AS month, COUNT(*) AS n FROM flights WHERE at IS NOT NULL GROUP BY DATE_TRUNC('month', at) ORDER BY month",
    );
    insta::assert_snapshot!(shown(&answer), @r"
    month timestamp | n bigint
    2013-01-01 00:00:00.000+0000 | 1
    2013-02-01 00:00:00.000+0000 | 2
    ");
}

#[test]
fn what_is_not_there_is_named_with_what_is_near() {
    let tables = flights();
    match error(&tables, "SELECT * FROM flihgts") {
        SqlError::NoTable { name, near, tables } => {
            assert_eq!((name.as_str(), near.as_deref()), ("flihgts", Some("flights")));
            assert_eq!(tables, ["flights", "airlines"]);
        }
        other => panic!("{other:?}"),
    }
    for text in [
        "SELECT dely FROM flights",
        "SELECT carrier FROM flights WHERE dely > 1",
        "SELECT f.dely FROM flights AS f",
    ] {
        match error(&tables, text) {
            SqlError::NoColumn { name, near, .. } => {
                assert_eq!((name.as_str(), near.as_deref()), ("dely", Some("delay")), "{text}");
            }
            other => panic!("{text}: {other:?}"),
        }
    }
}

#[test]
fn what_is_no_query_is_refused_before_anything_runs() {
    let tables = flights();
    assert!(matches!(error(&tables, "  ;"), SqlError::Nothing));
    assert!(matches!(error(&tables, "SELECT 1; SELECT 2"), SqlError::Several(2)));
    for (text, verb) in [
        ("DROP TABLE flights", "DROP"),
        ("DELETE FROM flights", "DELETE"),
        ("INSERT INTO t VALUES (1)", "INSERT"),
    ] {
        match error(&tables, text) {
            SqlError::NoQuery(named) => assert_eq!(named, verb),
            other => panic!("{other:?}"),
        }
    }
    match error(&tables, "SELECT carrier\nFROM flights WHERE") {
        SqlError::Syntax { message, at } => {
            assert!(message.starts_with("Expected"), "{message}");
            assert!(at.is_none() || at.is_some_and(|(line, _)| line == 2), "{at:?}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_cannot_be_done_comes_with_what_to_write_instead() {
    let tables = flights();
    for text in [
        "SELECT carrier + delay FROM flights",
        "SELECT DATE_TRUNC('fortnight', at) FROM flights",
        "SELECT no_such_function(delay) FROM flights",
    ] {
        match error(&tables, text) {
            SqlError::Beyond { message, hints, .. } => {
                assert!(message.ends_with('.') && !hints.is_empty(), "{text}: {message} {hints:?}");
            }
            other => panic!("{text}: {other:?}"),
        }
    }
}

#[test]
fn an_answer_that_is_too_large_is_not_kept() {
    let rows: Vec<Vec<&str>> = (0..600).map(|_| vec!["1"]).collect();
    let rows: Vec<&[&str]> = rows.iter().map(Vec::as_slice).collect();
    let tables = [table("n", &[("i", CqlType::Int)], &rows)];
    let error = error(&tables, "SELECT a.i FROM n AS a CROSS JOIN n AS b");
    assert!(matches!(error, SqlError::TooLarge { limit: LIMIT }), "{error:?}");
}

#[test]
fn files_are_tables_by_their_paths() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("late.csv"),
        "carrier,delay,day,code\nUA,10,2013-01-01,007\nAA,,2013-01-02,010\n\"B,6\",2.5,2013-01-03,\n",
    )
    .unwrap();
    std::fs::write(
        folder.path().join("names.jsonl"),
        "{\"carrier\": \"UA\", \"name\": \"United\"}\n\n{\"carrier\": \"AA\"}\n",
    )
    .unwrap();
    let ask = |text: &str| ask_with(&[], &[], folder.path(), text);
    let answer = ask("SELECT * FROM 'late.csv' ORDER BY day").unwrap();
    insta::assert_snapshot!(shown(&answer), @r"
    carrier text | delay double | day date | code text
    UA | 10 | 2013-01-01 | 007
    AA | null | 2013-01-02 | 010
    B,6 | 2.5 | 2013-01-03 | null
    ");
    let answer = ask(
        "SELECT late.carrier, n.name FROM read_csv('late.csv') JOIN 'names.jsonl' AS n ON late.carrier = n.carrier ORDER BY late.carrier",
    );
    insta::assert_snapshot!(shown(&answer.unwrap()), @r"
    carrier text | name text
    AA | null
    UA | United
    ");
    let error = ask("SELECT * FROM 'none.csv'").unwrap_err();
    assert_eq!(error.to_string(), "none.csv cannot be read: there is no such file.");
    std::fs::write(folder.path().join("bad.jsonl"), "{\"a\": 1}\n[1]\n").unwrap();
    let error = ask("SELECT * FROM 'bad.jsonl'").unwrap_err();
    assert_eq!(error.to_string(), "bad.jsonl cannot be read: line 2 is no JSON object.");
    std::fs::write(folder.path().join("bad.parquet"), "no parquet").unwrap();
    assert!(matches!(ask("SELECT * FROM 'bad.parquet'").unwrap_err(), SqlError::File { .. }));
}

#[test]
fn a_parquet_file_keeps_the_types_of_what_was_written_to_it() {
    let folder = tempfile::tempdir().unwrap();
    let id = "13814000-1dd2-11b2-8080-808080808080";
    let written = table(
        "t",
        &[("id", CqlType::Timeuuid), ("n", CqlType::Int), ("d", CqlType::Decimal)],
        &[&[id, "1", "1.50"], &[id, "2", "null"]],
    );
    let (batch, _) = cqlbook_analysis::columns::record_batch(
        &written.columns,
        &written.pages,
        cqlbook_analysis::columns::Flavour::File,
    )
    .unwrap();
    let file = std::fs::File::create(folder.path().join("t.parquet")).unwrap();
    let mut writer = parquet::arrow::ArrowWriter::try_new(file, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let answer = ask_with(
        &[],
        &[],
        folder.path(),
        "SELECT id, MAX(n) AS n, MAX(d) AS d FROM read_parquet('t.parquet') GROUP BY id",
    )
    .unwrap();
    insta::assert_snapshot!(shown(&answer), @r"
    id timeuuid | n int | d decimal
    13814000-1dd2-11b2-8080-808080808080 | 2 | 1.50
    ");
}

#[test]
fn a_file_is_read_with_one_text_for_null() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("na.csv"), "k,v\n1,NA\n2,x\n").unwrap();
    let ask = |text: &str| ask_with(&[], &[], folder.path(), text);
    let both = "SELECT a.v AS p, b.v AS q FROM read_csv('na.csv', 'NA') AS a JOIN read_csv('na.csv'{}) AS b ON a.k = b.k ORDER BY a.k";
    let error = ask(&both.replace("{}", "")).unwrap_err();
    assert_eq!(error.to_string(), "`na.csv` is read twice in this query, with two texts for null.");
    assert_eq!(
        ask("SELECT a.v FROM 'na.csv' AS a JOIN read_csv('na.csv', 'NA') AS b ON a.k = b.k")
            .unwrap_err()
            .to_string(),
        error.to_string()
    );
    let answer = ask(&both.replace("{}", ", 'NA'")).unwrap();
    assert_eq!(shown(&answer), "p text | q text\nnull | null\nx | x");
}

#[test]
fn the_columns_of_a_subquery_have_the_types_of_what_is_there_under_new_names() {
    let id = "13814000-1dd2-11b2-8080-808080808080";
    let tables = [table("r", &[("id", CqlType::Timeuuid), ("v", CqlType::Text)], &[&[id, "'x'"]])];
    let answer = ask(&tables, "SELECT v, id FROM (SELECT id, v FROM r) AS t (v, id)");
    assert_eq!(shown(&answer), format!("v timeuuid | id text\n{id} | x"));
}

#[test]
fn a_timeuuid_has_no_order_of_its_text() {
    let id = "13814000-1dd2-11b2-8080-808080808080";
    let tables = [table("r", &[("id", CqlType::Timeuuid), ("u", CqlType::Uuid)], &[&[id, id]])];
    for query in [
        "SELECT id FROM r ORDER BY id",
        "SELECT MAX(id) FROM r",
        "SELECT u FROM r WHERE id > '13814000-1dd2-11b2-8080-808080808081'",
        "SELECT GREATEST(id, id) FROM r",
        "SELECT ROW_NUMBER() OVER (ORDER BY id) FROM r",
    ] {
        let error = error(&tables, query).to_string();
        assert!(error.contains("the order of a timeuuid"), "{query}: {error}");
    }
    assert_eq!(shown(&ask(&tables, "SELECT MAX(u) AS u FROM r ORDER BY u")), format!("u uuid\n{id}"));
    let asked = format!("SELECT id FROM r WHERE id = '{id}' AND id IN ('{id}')");
    assert_eq!(shown(&ask(&tables, &asked)), format!("id timeuuid\n{id}"));
}

#[test]
fn a_decimal_beside_a_parameter_is_compared_by_all_its_digits() {
    let tables = [table(
        "r",
        &[("k", CqlType::Int), ("d", CqlType::Decimal)],
        &[&["1", "0.1"], &["2", "0.1000000000000000000001"], &["3", "123456789012345.91"]],
    )];
    let with =
        |value: &str, query: &str| shown(&ask_with(&tables, &[("p", value)], Path::new("."), query).unwrap());
    assert_eq!(with("0.1", "SELECT k FROM r WHERE d = :p"), "k int\n1");
    assert_eq!(with("-0.5", "SELECT k FROM r WHERE d > :p AND d < 1"), "k int\n1\n2");
    assert_eq!(with("[0.1, 123456789012345.91]", "SELECT k FROM r WHERE d IN (:p)"), "k int\n1\n3");
    assert_eq!(with("[0.1, 2]", "SELECT k FROM r WHERE d NOT IN (:p)"), "k int\n2\n3");
}

#[test]
fn a_sum_of_more_digits_than_there_are_says_so() {
    let long = "90000000000000000000000000000000000000";
    let tables = [table("r", &[("v", CqlType::Varint)], &[&[long], &[long], &[long]])];
    for query in ["SELECT SUM(v) FROM r", "SELECT SUM(v) OVER () FROM r"] {
        let error = error(&tables, query).to_string();
        assert!(error.contains("more than 38 digits"), "{query}: {error}");
    }
    let near = [table("r", &[("v", CqlType::Varint)], &[&[long], &[&format!("-{long}")], &["7"]])];
    assert_eq!(shown(&ask(&near, "SELECT SUM(v) AS s FROM r")), "s decimal\n7");
}
