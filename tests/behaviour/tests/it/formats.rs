//! Every type, in every format, as other programs read it: pyarrow, pandas, openpyxl, Python's own csv and json.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::notebook::{Notebook, database};

/// A table of every type: a row of values, one of empty texts and the ends of ranges, one of nothing but its key.
pub(crate) const EVERY: &str = r#"CREATE TYPE address (street text, zip frozen<list<int>>);
CREATE TABLE every (id int PRIMARY KEY, a ascii, b bigint, bl blob, bo boolean, d date, de decimal, do double, du duration,
    f float, i inet, si smallint, t text, ti time, ts timestamp, tu timeuuid, ty tinyint, u uuid, v varint, l list<text>,
    s set<int>, m map<text, frozen<list<double>>>, tup tuple<int, text>, ud frozen<address>, vec vector<float, 3>);
INSERT INTO every (id, a, b, bl, bo, d, de, do, du, f, i, si, t, ti, ts, tu, ty, u, v, l, s, m, tup, ud, vec) VALUES (1, 'ascii',
    -9223372036854775808, 0xcafe, true, '2013-02-08', 3.14159265358979323846264338327950288, 0.1, 1y2mo3d4h5m6s7ms8us9ns, 16777216,
    '2001:db8::1', -32768, 'it''s "quoted", gruß
line', '08:12:54.123456789', '2013-01-01T05:15:00.123Z', 50554d6e-29bb-11e5-b345-feff819cdc9f, -128,
    123e4567-e89b-12d3-a456-426614174000, 123456789012345678901234567890, ['it''s', ''], {3, 1, 2}, {'k': [0.5, 1.5]}, (1, 'x'),
    {street: 'Main', zip: [1, 2]}, [0.5, -1, 2]);
INSERT INTO every (id, t, do, d, ts) VALUES (2, '', NaN, 0, 9223372036854775807);
INSERT INTO every (id) VALUES (3)"#;

#[tokio::test]
async fn other_programs_read_what_was_written() {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    notebook.ok(EVERY).await;
    for ending in ["parquet", "arrow", "csv", "jsonl", "json", "xlsx", "html", "md", "cql"] {
        let cell = notebook.ok(&format!("%%export every.{ending}\nSELECT * FROM every")).await;
        let told = cell.plain().last().unwrap().to_string();
        assert!(told.contains(&format!("wrote 3 rows to every.{ending}, all rows")), "{told}");
        assert!(!told.contains("became null"), "{told}");
    }
    let said = python("check_formats.py", notebook.folder.path()).await;
    assert!(said.contains("ok      parquet: du"), "{said}");
}

/// What a script of `tests/formats` says of a folder, where it is content.
async fn python(script: &str, folder: &Path) -> String {
    let given = std::env::var_os("CQLBOOK_DRIVERS_PYTHON").map(PathBuf::from);
    let python = given.unwrap_or_else(|| cqlbook_sandbox::work_folder().join("venv/bin/python"));
    assert!(python.is_file(), "no Python at {}: `cargo xtask test` installs one", python.display());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../formats").join(script);
    let folder = folder.to_owned();
    let run = move || Command::new(python).arg(script).arg(folder).output();
    let output = tokio::task::spawn_blocking(run).await.unwrap().unwrap();
    let (said, complained) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}\n{complained}");
    said.into_owned()
}

#[tokio::test]
async fn files_that_other_programs_wrote_are_loaded() {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    notebook
        .ok("CREATE TABLE made (id int PRIMARY KEY, small tinyint, wide bigint, huge varint, price decimal, ratio float,
                 name text, kind text, ok boolean, day date, clock time, seen timestamp, fine timestamp, raw blob, tag uuid,
                 words list<text>, marks set<int>, points map<text, double>, vec vector<float, 3>)")
        .await;
    python("make_files.py", notebook.folder.path()).await;
    let expected = [
        "1,-5,9007199254740993,18446744073709551615,12.30,0.1,gruß,b,True,2024-02-29,08:12:54.123456789,\
         2024-02-29 12:00:00.123+0000,2024-02-29 12:00:00.000+0000,0xcafe,123e4567-e89b-12d3-a456-426614174000,\
         \"['x', '']\",\"{1, 2}\",{'k': 0.5},\"[0.5, -1, 2]\"",
        "2,NIL,NIL,NIL,NIL,NIL,\"\",a,NIL,NIL,NIL,NIL,NIL,NIL,NIL,NIL,NIL,NIL,NIL",
    ];
    for file in ["made.parquet", "pandas.parquet", "made.arrow", "made.feather"] {
        notebook.ok("%%cql --yes\nTRUNCATE made").await;
        let told = notebook.ok(&format!("%import {file} INTO made")).await;
        assert!(told.plain().last().unwrap().contains("2 rows"), "{file}: {:?}", told.plain());
        notebook
            .ok("%%export made.csv --null NIL --force
SELECT id, small, wide, huge, price, ratio, name, kind, ok, day, clock, seen, fine, raw, tag, words, marks, points, vec FROM made")
            .await;
        let text = std::fs::read_to_string(notebook.folder.path().join("made.csv")).unwrap();
        let mut lines: Vec<&str> = text.lines().skip(1).collect();
        lines.sort_unstable();
        assert_eq!(lines, expected, "{file}");
    }
    // Values of a wider type are taken by the same rules as from text.
    for file in ["loose.parquet", "loose.feather"] {
        notebook.ok("%%cql --yes\nTRUNCATE made").await;
        let told = notebook.ok(&format!("%import {file} INTO made")).await.plain().join("\n");
        assert!(told.contains("2 rows") && told.contains("2 timestamps were finer"), "{file}: {told}");
        notebook
            .ok("%%export made.csv --null NIL --force\nSELECT id, wide, ratio, vec, ok, huge, seen, fine FROM made WHERE id = 1")
            .await;
        let text = std::fs::read_to_string(notebook.folder.path().join("made.csv")).unwrap();
        let expected =
            "1,7,0.1,\"[0.1, -1, 2]\",True,1000,2024-02-29 12:00:00.123+0000,2024-02-29 12:00:00.999+0000";
        assert_eq!(text.lines().nth(1), Some(expected), "{file}");
    }
    let told = notebook.ok("%import dictionary.feather INTO made").await.plain().join("\n");
    assert!(told.contains("20,000 rows") && told.contains("none rejected"), "{told}");
    // Times of 96 bits have no end at 2262, whoever reads them.
    notebook.ok("%%cql --yes\nTRUNCATE made").await;
    let told = notebook.ok("%import far.parquet INTO made").await.plain().join("\n");
    assert!(told.contains("3 rows") && !told.contains("finer"), "{told}");
    let loaded = notebook.ok("SELECT id, seen FROM made").await.plain().join("\n");
    let queried =
        notebook.ok("%%sql\nSELECT id, seen FROM 'far.parquet' ORDER BY id").await.plain().join("\n");
    for time in ["9999-12-31", "1600-01-01 06:00", "2024-02-29 12:00"] {
        assert!(loaded.contains(time) && queried.contains(time), "{time}: {loaded}\n{queried}");
    }
    // A file of some kilobytes whose rows are a megabyte each.
    assert!(std::fs::metadata(notebook.folder.path().join("long.parquet")).unwrap().len() < 4_000_000);
    let told = notebook.ok("%import long.parquet INTO made (id)").await.plain().join("\n");
    assert!(told.contains("1,500 rows"), "{told}");
    let peak = notebook.peak_bytes();
    assert!(peak < 900 << 20, "{} MiB", peak >> 20);
    let (name, text) = notebook.error("%import gzip.parquet INTO made").await;
    assert!(
        name == "IMPORT_FAILED" && text.contains("compressed by GZIP") && text.contains("zstd"),
        "{text}"
    );
}

#[tokio::test]
async fn every_type_comes_back_through_every_format_that_is_loaded() {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    notebook.ok(EVERY).await;
    let folder = notebook.folder.path().to_owned();
    // All rows as text in which null and empty differ, in one order.
    let shown = |name: &str| {
        let text = std::fs::read_to_string(folder.join(name)).unwrap();
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    let show = |name: &str| format!("%%export {name} --null NIL\nSELECT * FROM every");
    notebook.ok(&show("before.csv")).await;
    for (write, load) in [
        ("%%export every.jsonl\nSELECT * FROM every", "%import every.jsonl INTO every"),
        ("%%export every.parquet\nSELECT * FROM every", "%import every.parquet INTO every"),
        ("%%export every.arrow\nSELECT * FROM every", "%import every.arrow INTO every"),
        (
            "COPY every TO 'every.csv' WITH HEADER = true AND NULL = 'NIL'",
            "COPY every FROM 'every.csv' WITH HEADER = true AND NULL = 'NIL'",
        ),
    ] {
        notebook.ok(write).await;
        notebook.ok("%%cql --yes\nTRUNCATE every").await;
        notebook.ok(load).await;
        notebook.ok(&show("after.csv")).await;
        assert_eq!(shown("after.csv"), shown("before.csv"), "{load}");
        std::fs::remove_file(folder.join("after.csv")).unwrap();
    }
}
