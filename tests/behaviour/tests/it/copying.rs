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
