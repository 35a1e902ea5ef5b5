//! `COPY … FROM`: cqlsh's options, cqlsh's words, files that cqlsh wrote.

use crate::notebook::{Notebook, database};

fn said(exchange: &cqlbook_wire::testing::Exchange) -> String {
    exchange.published("stream").map(|message| message.text("/text").to_owned()).collect()
}

#[tokio::test]
async fn a_file_of_cqlsh_is_loaded_in_cqlshs_words() {
    let astra = database().await;
    let ks = astra.keyspace().to_owned();
    let mut notebook = Notebook::connected(&astra).await;
    notebook
        .ok("CREATE TABLE t (k int, c text, z text, a map<text, int>, b static, PRIMARY KEY (k, c))"
            .replace("b static", "b int static")
            .as_str())
        .await;
    // Without a header cqlsh writes the key and then the others by name: k, c, a, b, z. Its escape is a backslash.
    let file = notebook.folder.path().join("t.csv");
    std::fs::write(&file, "1,one,\"{'x': 1}\",5,\"say \\\"hi\\\"\"\n1,two\\,three,,5,back\\\\slash\n")
        .unwrap();
    let cell = notebook.ok("COPY t FROM 't.csv';").await;
    let text = said(&cell);
    assert!(text.contains(&format!("Starting copy of {ks}.t with")), "{text}");
    assert!(text.contains("2 rows imported from 1 files in ") && text.contains("(0 skipped)."), "{text}");
    let cell = notebook.ok("SELECT c, b, a, z FROM t WHERE k = 1").await;
    let rows = cell.plain()[0];
    assert!(rows.contains("one | 5 | {'x': 1} |   say \"hi\""), "{rows}");
    assert!(rows.contains("two,three | 5 |     null | back\\"), "{rows}");
}

#[tokio::test]
async fn options_do_what_cqlsh_does() {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    notebook.ok("CREATE TABLE t (k int PRIMARY KEY, b boolean, n double, at timestamp, v text)").await;
    let folder = notebook.folder.path().to_owned();
    std::fs::write(
        folder.join("one.csv"),
        "v|k|b|n|at\nskipped|0|yes|1|01.02.2013 10:00\nx|1|yes|1.234,5|01.02.2013 10:00\nN/A|2|no|0,5|N/A\nlast|3|no|1|N/A\n",
    )
    .unwrap();
    let cell = notebook
        .ok("COPY t FROM 'o*.csv' WITH HEADER = true AND DELIMITER = '|' AND NULL = 'N/A' AND BOOLSTYLE = 'yes, no'
             AND DECIMALSEP = ',' AND THOUSANDSSEP = '.' AND DATETIMEFORMAT = '%d.%m.%Y %H:%M' AND SKIPROWS = 1
             AND MAXROWS = 3 AND CHUNKSIZE = 50 AND INGESTRATE = 1000 AND NUMPROCESSES = 4 AND TTL = 86400")
        .await;
    let text = said(&cell);
    assert!(text.contains("2 rows imported from 1 files") && text.contains("(1 skipped)."), "{text}");
    assert!(text.contains("NUMPROCESSES"), "an option without effect is named: {text}");
    let cell = notebook.ok("SELECT k, b, n, at, v, ttl(n) FROM t").await;
    let rows = cell.plain()[0];
    assert!(rows.contains("1 |  True | 1234.5 | 2013-02-01 10:00:00.000+0000 |    x"), "{rows}");
    assert!(rows.contains("2 | False |    0.5 |                         null | null"), "{rows}");
    assert!(!rows.contains("last") && !rows.contains("skipped"), "{rows}");
    assert!(rows.contains("86"), "the rows live a day: {rows}");
}

#[tokio::test]
async fn rows_that_fail_are_told_and_kept_so_that_they_can_be_loaded_again() {
    let astra = database().await;
    let ks = astra.keyspace().to_owned();
    let mut notebook = Notebook::connected(&astra).await;
    notebook.ok("CREATE TABLE t (k int PRIMARY KEY, v int)").await;
    let folder = notebook.folder.path().to_owned();
    std::fs::write(folder.join("t.csv"), "k,v\n1,2\nx,3\n4,\"a,b\"\n").unwrap();
    let cell = notebook.ok("COPY t (k, v) FROM 't.csv' WITH HEADER = true").await;
    let text = said(&cell);
    assert!(text.contains("Failed to import 1 rows: ParseError - line 3: k: `x` is no int"), "{text}");
    assert!(
        text.contains(&format!("Failed to process 2 rows; failed rows written to import_{ks}_t.err")),
        "{text}"
    );
    assert!(text.contains("1 rows imported from 1 files"), "{text}");
    let kept = std::fs::read_to_string(folder.join(format!("import_{ks}_t.err"))).unwrap();
    assert_eq!(kept, "x,3\n4,\"a,b\"\n");
    // What a stranger wrote there moves no cursor, and makes no line of its own.
    std::fs::write(folder.join("e.csv"), "k,v\n1,\"\u{1b}]0;P\u{7}\u{1b}[2J\nx\"\n").unwrap();
    let cell = notebook.ok("COPY t (k, v) FROM 'e.csv' WITH HEADER = true").await;
    let streams = format!("{}{}", cell.stdout(), cell.stderr());
    assert!(
        !streams.contains(|c: char| c.is_control() && c != '\n') && streams.contains("\\x1b"),
        "{streams:?}"
    );
    assert_eq!(cell.stderr().lines().count(), 2, "{streams:?}");
    let (name, text) = notebook
        .error("COPY t FROM 't.csv' WITH HEADER = true AND MAXPARSEERRORS = 1 AND ERRFILE = 'e.err'")
        .await;
    assert!(
        name == "IMPORT_FAILED" && text.contains("exceeded the maximum number of parse errors, 1"),
        "{text}"
    );
    let (name, text) = notebook.error("COPY t FROM 't.csv' WITH HEDER = true").await;
    assert!(name == "USAGE" && text.contains("HEADER"), "{text}");
    let (name, _) = notebook.error("COPY nowhere FROM 't.csv'").await;
    assert_eq!(name, "IMPORT_FAILED");
}

#[tokio::test]
async fn styles_hold_inside_of_values_and_come_back() {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    let folder = notebook.folder.path().to_owned();
    notebook
        .ok(r#"CREATE TYPE place (n int, "Mixed" text, ok boolean);
             CREATE TABLE s (k int PRIMARY KEY, d double, l list<double>, m map<boolean, frozen<list<timestamp>>>, v vector<float, 2>,
                 t tuple<bigint, text>, u place, days list<date>);
             INSERT INTO s (k, d, l, m, v, t, u, days) VALUES (1000, -1234.5, [1234.5, 0.5, NaN], {true: ['2024-03-01 05:06:07.089Z']},
                 [1000.5, 2], (null, 'NA'), {n: 1234, "Mixed": 'NA', ok: null}, ['2024-03-01']);
             INSERT INTO s (k) VALUES (2)"#)
        .await;
    notebook.ok("%%export before.cql\nSELECT * FROM s").await;
    let with = "WITH NULL = 'NA' AND DECIMALSEP = '~' AND THOUSANDSSEP = '.' AND BOOLSTYLE = 'yes, no' AND HEADER = true \
                AND DATETIMEFORMAT = '%d/%m/%Y %H:%M:%S.%f'";
    notebook.ok(&format!("COPY s TO 's.csv' {with}")).await;
    let text = std::fs::read_to_string(folder.join("s.csv")).unwrap();
    let mut lines: Vec<_> = text.lines().collect();
    lines.sort_unstable();
    assert_eq!(
        lines,
        [
            "1.000,-1.234~5,['2024-03-01'],\"[1.234~5, 0~5, NaN]\",{yes: ['01/03/2024 05:06:07.089']},\"(NA, 'NA')\",\
             \"{n: 1.234, Mixed: 'NA', ok: NA}\",\"[1.000~5, 2]\"",
            "2,NA,NA,NA,NA,NA,NA,NA",
            "k,d,days,l,m,t,u,v",
        ]
    );
    notebook.ok("%%cql --yes\nTRUNCATE s").await;
    notebook.ok(&format!("COPY s FROM 's.csv' {with}")).await;
    notebook.ok("%%export after.cql\nSELECT * FROM s").await;
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    assert_eq!(read("after.cql"), read("before.cql"));

    // As cqlsh writes them: dates without quotes, names of fields as they are, nulls as nothing or as Python's word.
    std::fs::write(folder.join("c.csv"), "1,[2024-03-01],\"(None, 'x')\",\"{n: , Mixed: 'a', ok: True}\"\n")
        .unwrap();
    notebook.ok("COPY s (k, days, t, u) FROM 'c.csv'").await;
    let shown = notebook.ok("SELECT days, t, u FROM s WHERE k = 1").await;
    let shown = shown.plain()[0].to_owned();
    assert!(shown.contains("['2024-03-01'] | (null, 'x') | {n: null, \"Mixed\": 'a', ok: True}"), "{shown}");
}

#[tokio::test]
async fn a_separator_that_a_collection_has_too_is_refused_by_name() {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    notebook.ok("CREATE TABLE s (k int PRIMARY KEY, d double, l list<double>); INSERT INTO s (k, d) VALUES (1, 0.5)").await;
    std::fs::write(notebook.folder.path().join("in.csv"), "1,\"0,5\",\"[1,5, 2,5]\"\n").unwrap();
    for cell in ["COPY s TO 's.csv' WITH DECIMALSEP = ','", "COPY s FROM 'in.csv' WITH DECIMALSEP = ','"] {
        let (name, text) = notebook.error(cell).await;
        assert!(
            name == "USAGE" && text.contains("`DECIMALSEP = ','`") && text.contains("`l` (list<double>)"),
            "{text}"
        );
    }
    notebook.ok("COPY s (k, d) TO 's.csv' WITH DECIMALSEP = ','").await;
    notebook.ok("COPY s (k, d) FROM 's.csv' WITH DECIMALSEP = ','").await;
    let (name, text) = notebook.error("COPY s TO 's.csv' WITH FLOATPRECISION = many").await;
    assert!(name == "USAGE" && text.contains("`FLOATPRECISION` takes DIGITS"), "{text}");
    notebook.ok("INSERT INTO s (k, d, l) VALUES (1, 3.14159265358979, [0.123456789])").await;
    notebook.ok("COPY s TO 'p.csv' WITH DOUBLEPRECISION = 3").await;
    let text = std::fs::read_to_string(notebook.folder.path().join("p.csv")).unwrap();
    assert_eq!(text, "1,3.142,[0.1235]\n");
}

#[tokio::test]
async fn no_row_is_lost_to_an_error_file() {
    let astra = database().await;
    let ks = astra.keyspace().to_owned();
    let mut notebook = Notebook::connected(&astra).await;
    notebook.ok("CREATE TABLE e (k int PRIMARY KEY, v int)").await;
    let folder = notebook.folder.path().to_owned();
    let default = format!("import_{ks}_e.err");
    let rows = "x,1\n1,1\ny,1\n2,2\n";
    for (file, options) in [
        (default.as_str(), "MAXPARSEERRORS = 1"),
        ("in.csv", "ERRFILE = 'in.csv'"),
        ("in*.csv", "ERRFILE = 'in.csv'"),
        ("other.csv, in.csv", "ERRFILE = './in.csv'"),
    ] {
        for name in ["in.csv", "other.csv", default.as_str()] {
            std::fs::write(folder.join(name), rows).unwrap();
        }
        let (name, text) = notebook.error(&format!("COPY e FROM '{file}' WITH {options}")).await;
        assert!(
            name == "USAGE" && text.contains("is loaded, and rows that fail would take its place"),
            "{text}"
        );
        for name in ["in.csv", "other.csv", default.as_str()] {
            assert_eq!(std::fs::read_to_string(folder.join(name)).unwrap(), rows, "{file} {options}");
        }
    }
    // What had the name before is moved to one of its own, and told.
    let text = said(&notebook.ok("COPY e (k, v) FROM 'in.csv'").await);
    assert!(text.contains(&format!("The earlier {default} is {default}.2")), "{text}");
    assert_eq!(std::fs::read_to_string(folder.join(&default)).unwrap(), "x,1\ny,1\n");
    let (_, text) = notebook.error("COPY e FROM 'other.csv' WITH MAXPARSEERRORS = 1").await;
    assert!(
        text.contains(&format!("The rows that failed before are in {default}. What had that name is")),
        "{text}"
    );
    let mut kept: Vec<String> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with(&default))
        .map(|name| std::fs::read_to_string(folder.join(name)).unwrap())
        .collect();
    kept.sort();
    assert_eq!(kept, ["x,1\n1,1\ny,1\n2,2\n", "x,1\ny,1\n", "x,1\ny,1\n"]);
}

#[tokio::test]
async fn what_cqlsh_reads_otherwise_than_it_looks_is_told() {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    notebook.ok("CREATE TABLE t (k int PRIMARY KEY, other text, value text)").await;
    let folder = notebook.folder.path().to_owned();
    // A header that names some of the columns: cqlsh goes by the places.
    std::fs::write(folder.join("t.csv"), "k,val,other\n1,a,b\nx,a,b\n").unwrap();
    let text = said(&notebook.ok("COPY t FROM 't.csv' WITH HEADER = true").await);
    assert!(text.contains(": `k` into k, `val` into other, `other` into value."), "{text}");
    assert!(text.contains("has no header: load it without HEADER"), "{text}");
    std::fs::write(folder.join("n.csv"), "K,OTHER,value\n1,a,b\n").unwrap();
    let text = said(&notebook.ok("COPY t FROM 'n.csv' WITH HEADER = true").await);
    assert!(!text.contains(" into "), "{text}");

    // A text that says what stands for null is null to COPY, as to cqlsh, and a text to %import.
    notebook.ok("INSERT INTO t (k, other, value) VALUES (1, 'NA', null)").await;
    let told = notebook.ok("COPY t TO 'na.csv' WITH NULL = 'NA'").await.plain().join("\n");
    assert!(told.contains("1 value says `NA`"), "{told}");
    let text = said(&notebook.ok("COPY t FROM 'na.csv' WITH NULL = 'NA'").await);
    assert!(text.contains("1 of the nulls were texts in quotes"), "{text}");
    notebook.ok("INSERT INTO t (k, other, value) VALUES (1, 'NA', null)").await;
    notebook.ok("%%export kept.csv --null NA\nSELECT * FROM t").await;
    notebook.ok("INSERT INTO t (k, other) VALUES (1, 'gone')").await;
    notebook.ok("%import kept.csv INTO t --null NA").await;
    let rows = notebook.ok("SELECT * FROM t").await.plain()[0].to_owned();
    assert!(rows.contains("1 |    NA |  null"), "{rows}");

    // COPY writes CSV and reads CSV, whatever the file is called.
    let told = notebook.ok("COPY t TO 't.jsonl'").await.plain().join("\n");
    assert!(told.contains("COPY writes CSV alone"), "{told}");
    let text = said(&notebook.ok("COPY t FROM 't.jsonl'").await);
    assert!(text.contains("1 rows imported from 1 files"), "{text}");
}
