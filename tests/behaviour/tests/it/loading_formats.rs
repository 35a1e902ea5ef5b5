//! `%import` of every format: rows arrive exact, whatever their types; bad ones are set aside; a load that stopped goes on.

use std::io::Write;
use std::path::Path;

use crate::notebook::{Notebook, database};

const EVERY: &str = "CREATE TYPE address (street text, zip frozen<list<int>>);
    CREATE TABLE every (k text, c timeuuid, a ascii, b bigint, bl blob, bo boolean, d date, de decimal, do double,
        du duration, f float, i inet, l list<text>, m map<int, frozen<list<double>>>, n text, s set<int>, si smallint,
        ti time, ts timestamp, tup tuple<int, text>, ty tinyint, u uuid, ud frozen<address>, v varint,
        vec vector<float, 3>, vt vector<text, 2>, PRIMARY KEY (k, c))";

/// Each column as CSV has it, as JSON has it, and as it is drawn.
const VALUES: &[(&str, &str, &str, &str)] = &[
    ("k", "it's", "\"it's\"", "it's"),
    (
        "c",
        "50554d6e-29bb-11e5-b345-feff819cdc9f",
        "\"50554d6e-29bb-11e5-b345-feff819cdc9f\"",
        "50554d6e-29bb-11e5-b345-feff819cdc9f",
    ),
    ("a", "ascii", "\"ascii\"", "ascii"),
    ("b", "-9223372036854775808", "-9223372036854775808", "-9223372036854775808"),
    ("bl", "0xcafe", "\"0xcafe\"", "0xcafe"),
    ("bo", "true", "true", "True"),
    ("d", "2013-02-08", "\"2013-02-08\"", "2013-02-08"),
    (
        "de",
        "3.14159265358979323846264338327950288",
        "3.14159265358979323846264338327950288",
        "3.14159265358979323846264338327950288",
    ),
    ("do", "0.1", "0.1", "0.1"),
    ("du", "1y2mo3d4h5m6s7ms8us9ns", "\"1y2mo3d4h5m6s7ms8us9ns\"", "1y2mo3d4h5m6s7ms8us9ns"),
    ("f", "NaN", "\"NaN\"", "NaN"),
    ("i", "2001:db8::1", "\"2001:db8::1\"", "2001:db8::1"),
    ("l", "\"['it''s', '']\"", "[\"it's\", \"\"]", "['it''s', '']"),
    ("m", "\"{1: [0.5, 1.5]}\"", "{\"1\": [0.5, 1.5]}", "{1: [0.5, 1.5]}"),
    ("n", "\"two\nlines, \"\"so\"\"\"", "\"two\\nlines, \\\"so\\\"\"", "two\\nlines, \"so\""),
    ("s", "\"{1, 2, 3}\"", "[3, 1, 2]", "{1, 2, 3}"),
    ("si", "-32768", "-32768", "-32768"),
    ("ti", "08:12:54.123456789", "\"08:12:54.123456789\"", "08:12:54.123456789"),
    ("ts", "2013-01-01T05:15:00.123Z", "\"2013-01-01T05:15:00.123Z\"", "2013-01-01 05:15:00.123+0000"),
    ("tup", "\"(1, null)\"", "[1, null]", "(1, null)"),
    ("ty", "-128", "-128", "-128"),
    (
        "u",
        "123e4567-e89b-12d3-a456-426614174000",
        "\"123e4567-e89b-12d3-a456-426614174000\"",
        "123e4567-e89b-12d3-a456-426614174000",
    ),
    (
        "ud",
        "\"{street: 'Main', zip: [1, 2]}\"",
        "{\"street\": \"Main\", \"zip\": [1, 2]}",
        "{street: 'Main', zip: [1, 2]}",
    ),
    (
        "v",
        "123456789012345678901234567890",
        "123456789012345678901234567890",
        "123456789012345678901234567890",
    ),
    ("vec", "\"[0.5, -1, 2]\"", "[0.5, -1, 2]", "[0.5, -1, 2]"),
    ("vt", "\"['a', 'bc']\"", "[\"a\", \"bc\"]", "['a', 'bc']"),
];

/// The one row of `every`, column by column.
async fn drawn(notebook: &mut Notebook) -> Vec<(String, String)> {
    let cell = notebook.ok("EXPAND ON; SELECT * FROM every; EXPAND OFF").await;
    let text = cell.plain().into_iter().find(|text| text.contains("@ Row 1")).unwrap().to_owned();
    assert!(!text.contains("@ Row 2"), "{text}");
    text.lines()
        .filter_map(|line| line.split_once(" | "))
        .map(|(name, value)| (name.trim().to_owned(), value.to_owned()))
        .collect()
}

fn compress(path: &Path, text: &str) {
    let file = std::fs::File::create(path).unwrap();
    let mut out = flate2::write::GzEncoder::new(file, flate2::Compression::default());
    // Two members, as `cat a.gz b.gz` makes them.
    let (head, tail) = text.split_at(text.len() / 2);
    out.write_all(head.as_bytes()).unwrap();
    let file = out.finish().unwrap();
    let mut out = flate2::write::GzEncoder::new(file, flate2::Compression::default());
    out.write_all(tail.as_bytes()).unwrap();
    out.finish().unwrap();
}

#[tokio::test]
async fn every_type_comes_from_csv_and_from_json() {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    notebook.ok(EVERY).await;
    let names: Vec<_> = VALUES.iter().map(|(name, ..)| *name).collect();
    let csv: Vec<_> = VALUES.iter().map(|(_, csv, ..)| *csv).collect();
    let json: Vec<_> = VALUES.iter().map(|(name, _, json, _)| format!("\"{name}\": {json}")).collect();
    let expected: Vec<_> =
        VALUES.iter().map(|(name, _, _, drawn)| ((*name).to_owned(), (*drawn).to_owned())).collect();
    let folder = notebook.folder.path().to_owned();
    compress(&folder.join("every.csv.gz"), &format!("{}\n{}\n", names.join(","), csv.join(",")));
    std::fs::write(folder.join("every.jsonl"), format!("{{{}}}\n\n", json.join(", "))).unwrap();
    let json = std::fs::read(folder.join("every.jsonl")).unwrap();
    std::fs::write(folder.join("every.ndjson.zst"), zstd::encode_all(&json[..], 0).unwrap()).unwrap();
    for file in ["every.csv.gz", "every.jsonl", "every.ndjson.zst"] {
        notebook.ok("%%cql --yes\nTRUNCATE every").await;
        let cell = notebook.ok(&format!("%import {file} INTO every")).await;
        let told = cell.plain().join("\n");
        assert!(told.contains("Loaded 1 rows") && told.contains("none rejected"), "{file}: {told}");
        assert_eq!(drawn(&mut notebook).await, expected, "{file}");
    }
}

#[tokio::test]
async fn null_empty_and_missing_are_told_apart() {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    notebook.ok("CREATE TABLE t (k int PRIMARY KEY, v text, n int)").await;
    for k in 1..=4 {
        notebook.ok(&format!("INSERT INTO t (k, v, n) VALUES ({k}, 'old', 7)")).await;
    }
    let folder = notebook.folder.path().to_owned();
    std::fs::write(folder.join("t.csv"), "k,v,n\n1,,\n2,\"\",\"\"\n").unwrap();
    std::fs::write(folder.join("t.jsonl"), "{\"k\":3,\"v\":null,\"extra\":1}\n{\"k\":4,\"v\":\"\"}\n")
        .unwrap();
    notebook.ok("%import t.csv INTO t").await;
    let cell = notebook.ok("%import t.jsonl INTO t").await;
    assert!(cell.plain().join("\n").contains("extra"), "a name without a column is told");
    let mut rows = async |expected: [&str; 4]| {
        for (k, expected) in (1..).zip(expected) {
            let cell = notebook.ok(&format!("SELECT v, n FROM t WHERE k = {k}")).await;
            let line = cell.plain()[0].lines().nth(2).unwrap().trim().to_owned();
            assert_eq!(line, expected, "k = {k}");
        }
        notebook.ok("%import t.csv INTO t --write-nulls\n%import t.jsonl INTO t --write-nulls").await;
    };
    rows(["old | 7", "'' | 7", "old | 7", "'' | 7"]).await;
    rows(["null | null", "'' | null", "null | 7", "'' | 7"]).await;
}

#[tokio::test]
async fn lines_that_are_no_rows_are_set_aside_with_their_reasons() {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    notebook.ok("CREATE TABLE t (k int PRIMARY KEY, v list<int>)").await;
    let folder = notebook.folder.path().to_owned();
    let json = "{\"k\": 1, \"v\": [1]}\n{\"k\": \"x\"}\nnot json\n{\"v\": [2]}\n{\"k\": 2, \"v\": [null]}\n";
    std::fs::write(folder.join("t.jsonl"), json).unwrap();
    let cell = notebook.ok("%import t.jsonl INTO t").await;
    let told = cell.plain().join("\n");
    assert!(told.contains("Loaded 1 rows") && told.contains("4 rejected"), "{told}");
    let rejected = std::fs::read_to_string(folder.join("t.jsonl.rejected")).unwrap();
    let lines: Vec<_> = rejected.lines().collect();
    assert_eq!(
        [lines[2], lines[4], lines[6], lines[8]],
        ["{\"k\": \"x\"}", "not json", "{\"v\": [2]}", "{\"k\": 2, \"v\": [null]}"]
    );
    for (reason, words) in [lines[1], lines[3], lines[5], lines[7]].into_iter().zip([
        "line 2: k: `x` is no int",
        "line 3: the line is no JSON object",
        "line 4: k: a part of the key is missing",
        "line 5: v: ",
    ]) {
        assert!(reason.contains(words), "{reason}");
    }
    std::fs::write(folder.join("t.csv"), "k,v\n1\n2,[1],3\n3,\"[1\n").unwrap();
    let told = notebook.ok("%import t.csv INTO t").await.plain().join("\n");
    assert!(told.contains("Loaded 0 rows") && told.contains("3 rejected"), "{told}");
}

#[tokio::test]
async fn counters_are_added_to_and_are_not_counted_twice() {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    notebook
        .ok("CREATE TABLE hits (site text, page text, n counter, m counter, PRIMARY KEY (site, page))")
        .await;
    let mut csv = String::from("site,page,n,m\n");
    for row in 0..600 {
        csv.push_str(&format!("s{},p{},{},\n", row % 3, row % 5, row % 7));
    }
    csv.push_str("s0,p0,many,1\n");
    let path = notebook.folder.path().join("hits.csv");
    std::fs::write(&path, csv).unwrap();
    let told = notebook.ok("%import hits.csv INTO hits").await.plain().join("\n");
    assert!(told.contains("Loaded 600 rows") && told.contains("1 rejected"), "{told}");
    let expected: usize = (0..600).map(|row| row % 7).sum();
    let cell = notebook.ok("SELECT sum(n) FROM hits").await;
    assert!(cell.plain()[0].contains(&expected.to_string()), "{}", cell.plain()[0]);
    assert!(!path.with_file_name("hits.csv.resume").exists());
}

#[tokio::test]
async fn an_import_that_was_stopped_goes_on_where_it_stopped() {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    notebook.ok("CREATE TABLE t (k int PRIMARY KEY, v text)").await;
    let rows = 3_000;
    let mut csv = String::from("k,v\n");
    csv.extend((0..rows).map(|k| format!("{k},some text\n")));
    let folder = notebook.folder.path().to_owned();
    std::fs::write(folder.join("t.csv"), csv).unwrap();
    let (_, text) = notebook.error("%import t.csv INTO t --resume").await;
    assert!(text.contains("no import of t.csv to resume"), "{text}");
    astra.switch(cqlbook_sandbox::Switch::Slow { ms: 200 }).await.unwrap();
    let request = notebook.frontend.start("%import t.csv INTO t").await;
    let moving = |text: &str| text.contains("rows") && !text.contains(": 0 rows");
    notebook.frontend.until(&request, |message| moving(message.text("/data/text~1plain"))).await;
    notebook.frontend.interrupt().await;
    let stopped = notebook.frontend.finish(&request).await;
    assert!(stopped.transcript().contains("`--resume`"), "{}", stopped.transcript());
    assert!(folder.join("t.csv.resume").exists());
    astra.reset().await.unwrap();
    let told = notebook.ok("%import t.csv INTO t --resume").await.plain().join("\n");
    assert!(told.contains("Resumed: "), "{told}");
    assert!(!folder.join("t.csv.resume").exists());
    let cell = notebook.ok("%%cql --timeout 60s\nSELECT count(*) FROM t").await;
    let told = cell.plain().join("\n");
    assert!(told.contains(&format!("\n  {rows}\n")), "{told}");
}

#[tokio::test]
async fn what_a_line_may_say() {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    notebook.ok("CREATE TABLE t (k int, c int, s text static, v double, PRIMARY KEY (k, c))").await;
    let folder = notebook.folder.path().to_owned();
    std::fs::write(folder.join("a.txt"), "1;2;0.5\n3;4;NA\n").unwrap();
    let told = notebook.ok("%import a.txt INTO t (k, c, v) --no-header --delimiter ';' --null NA").await;
    assert!(told.plain().join("\n").contains("Loaded 2 rows"), "{:?}", told.plain());
    std::fs::write(folder.join("s.tsv"), "\u{feff}k\ts\n1\tshared\n").unwrap();
    notebook.ok("%import s.tsv INTO t").await;
    let cell = notebook.ok("SELECT c, s, v FROM t WHERE k = 1").await;
    assert!(cell.plain()[0].contains("2 | shared | 0.5"), "{}", cell.plain()[0]);
    let (name, _) = notebook.error("%import a.txt INTO t --delimiter ';;'").await;
    assert_eq!(name, "USAGE");
    std::fs::write(folder.join("a.xyz"), "k\n1\n").unwrap();
    let (name, text) = notebook.error("%import a.xyz INTO t").await;
    assert!(name == "IMPORT_FAILED" && text.contains("--format"), "{text}");
    std::fs::write(folder.join("a.parquet"), "no parquet").unwrap();
    let (name, text) = notebook.error("%import a.parquet INTO t").await;
    assert!(name == "IMPORT_FAILED" && text.contains("Parquet"), "{text}");
}
