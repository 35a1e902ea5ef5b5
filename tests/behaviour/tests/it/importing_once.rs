//! `%import` and what must not be done twice: killed, stopped, gone on with, told to begin anew; and two lines of one key.

use std::path::Path;
use std::time::Duration;

use crate::notebook::{Notebook, database, until};

/// The number in the one row of a `SELECT`.
async fn number(notebook: &mut Notebook, select: &str) -> i64 {
    let cell = notebook.ok(&format!("%%cql --timeout 60s\n{select}")).await;
    // A scan that takes long says so before its table.
    let text = cell.plain().last().copied().unwrap_or_default().to_owned();
    text.lines().nth(2).unwrap_or_default().trim().parse().unwrap_or_else(|_| panic!("{text}"))
}

/// A file of counters, each counted once.
fn write_hits(folder: &Path, rows: usize) {
    let mut csv = String::from("k,n\n");
    csv.extend((0..rows).map(|row| format!("{row},1\n")));
    std::fs::write(folder.join("hits.csv"), csv).unwrap();
}

const HITS: &str = "CREATE TABLE hits (k int PRIMARY KEY, n counter)";

/// Rows of a file of rejected ones, and reasons.
fn rejected(folder: &Path, name: &str) -> (Vec<String>, Vec<String>) {
    let text = std::fs::read_to_string(folder.join(name)).unwrap_or_default();
    let (reasons, rows) = text.lines().skip(2).partition::<Vec<_>, _>(|line| line.starts_with('#'));
    let own = |lines: Vec<&str>| lines.into_iter().map(str::to_owned).collect();
    (own(rows), own(reasons))
}

#[tokio::test]
async fn a_kernel_killed_at_any_moment_counts_nothing_twice() {
    let astra = database().await;
    let mut first = Notebook::connected(&astra).await;
    first.ok(HITS).await;
    let rows = 4_000;
    for (run, wait) in [0_u64, 60, 400].into_iter().enumerate() {
        let mut notebook = Notebook::connected(&astra).await;
        first.ok("%%cql --yes\nTRUNCATE hits").await;
        let folder = notebook.folder.path().to_owned();
        write_hits(&folder, rows);
        astra.switch(cqlbook_sandbox::Switch::Slow { ms: 20 }).await.unwrap();
        let _ = notebook.frontend.start("%import hits.csv INTO hits").await;
        until(Duration::from_secs(20), "the record", || folder.join("hits.csv.resume").exists()).await;
        tokio::time::sleep(Duration::from_millis(wait)).await;
        notebook.signal("KILL");
        astra.reset().await.unwrap();
        // What was sent arrives.
        tokio::time::sleep(Duration::from_millis(500)).await;
        let mut again = Notebook::connected(&astra).await;
        let folder = again.folder.path().to_owned();
        let old = notebook.folder.path();
        for name in ["hits.csv", "hits.csv.resume"] {
            std::fs::rename(old.join(name), folder.join(name)).unwrap();
        }
        let (name, text) = again.error("%import hits.csv INTO hits").await;
        assert!(name == "IMPORT_FAILED" && text.contains("twice"), "run {run}: {text}");
        again.ok("%import hits.csv INTO hits --resume").await;
        let (uncertain, reasons) = rejected(&folder, "hits.csv.rejected");
        let greatest = number(&mut again, "SELECT max(n) FROM hits").await;
        assert_eq!(greatest, 1, "run {run}: no row is counted twice");
        let counted = number(&mut again, "SELECT count(*) FROM hits").await as usize;
        assert!(
            counted <= rows && counted + uncertain.len() >= rows,
            "run {run}: {counted} counted, {} uncertain: each row is one or the other",
            uncertain.len()
        );
        assert!(uncertain.len() < 2_500, "run {run}: {}", uncertain.len());
        assert!(reasons.iter().all(|reason| reason.contains("may have been counted")), "{reasons:?}");
        assert!(!folder.join("hits.csv.resume").exists());
    }
}

#[tokio::test]
async fn a_kernel_killed_early_leaves_a_place_and_the_table_is_whole_after_it() {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    notebook.ok("CREATE TABLE t (k int PRIMARY KEY, v text)").await;
    let rows = 6_000;
    let folder = notebook.folder.path().to_owned();
    let mut csv = String::from("k,v\n");
    csv.extend((0..rows).map(|k| format!("{k},some text\n")));
    std::fs::write(folder.join("t.csv"), &csv).unwrap();
    astra.switch(cqlbook_sandbox::Switch::Slow { ms: 20 }).await.unwrap();
    let _ = notebook.frontend.start("%import t.csv INTO t").await;
    until(Duration::from_secs(20), "the record", || folder.join("t.csv.resume").exists()).await;
    tokio::time::sleep(Duration::from_millis(800)).await;
    notebook.signal("KILL");
    astra.reset().await.unwrap();
    let mut again = Notebook::connected(&astra).await;
    for name in ["t.csv", "t.csv.resume"] {
        std::fs::rename(folder.join(name), again.folder.path().join(name)).unwrap();
    }
    again.ok("%import t.csv INTO t --resume").await;
    assert_eq!(number(&mut again, "SELECT count(*) FROM t").await, rows);
}

#[tokio::test]
async fn any_trace_of_an_import_of_counters_stops_another_one() {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    notebook.ok(HITS).await;
    notebook.ok("CREATE TABLE other (k int PRIMARY KEY, n counter)").await;
    notebook.ok("CREATE TABLE plain (k int PRIMARY KEY, n int)").await;
    let folder = notebook.folder.path().to_owned();
    write_hits(&folder, 3_000);
    astra.switch(cqlbook_sandbox::Switch::Slow { ms: 100 }).await.unwrap();
    let request = notebook.frontend.start("%import hits.csv INTO hits").await;
    let moving = |text: &str| text.contains("rows") && !text.contains(": 0 rows");
    notebook.frontend.until(&request, |message| moving(message.text("/data/text~1plain"))).await;
    notebook.frontend.interrupt().await;
    notebook.frontend.finish(&request).await;
    astra.reset().await.unwrap();
    // What was sent arrives.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let before = number(&mut notebook, "SELECT count(*) FROM hits").await;
    let record = folder.join("hits.csv.resume");
    let kept = std::fs::read(&record).unwrap();
    let refused = async |notebook: &mut Notebook, line: &str, words: &str| {
        let (name, text) = notebook.error(line).await;
        assert!(name == "IMPORT_FAILED" && text.contains(words), "{line}: {text}");
        assert!(text.contains("hits.csv.resume"), "the way out is named: {line}: {text}");
    };
    refused(&mut notebook, "%import hits.csv INTO hits", "twice").await;
    refused(&mut notebook, "%import hits.csv INTO hits (k, n)  --null x", "null").await;
    refused(&mut notebook, "%import hits.csv INTO other", "table").await;
    refused(&mut notebook, "%import hits.csv INTO plain", "table").await;
    refused(&mut notebook, "COPY hits FROM 'hits.csv' WITH HEADER = true", "hits.csv").await;
    // Cut short, empty, and something else.
    let endless = [&kept[..], b"{\"done\":[[0,18446744073709551615]]}\n"].concat();
    for (bytes, words) in [
        (&kept[..kept.len() / 2], "cut short"),
        (b"", "cut short"),
        (b"mine\n", "not made by"),
        (&endless, "more rows than can be"),
    ] {
        std::fs::write(&record, bytes).unwrap();
        refused(&mut notebook, "%import hits.csv INTO hits", words).await;
        refused(&mut notebook, "%import hits.csv INTO hits --resume", words).await;
    }
    std::fs::write(&record, &kept).unwrap();
    // Touched: the time can be given back. Longer: it cannot.
    let file = std::fs::File::options().append(true).open(folder.join("hits.csv")).unwrap();
    let was = file.metadata().unwrap().modified().unwrap();
    file.set_modified(was + Duration::from_secs(5)).unwrap();
    refused(&mut notebook, "%import hits.csv INTO hits", "touch -d @").await;
    refused(&mut notebook, "%import hits.csv INTO hits --resume", "touch -d @").await;
    file.set_modified(was).unwrap();
    assert_eq!(
        number(&mut notebook, "SELECT count(*) FROM hits").await,
        before,
        "nothing was counted meanwhile"
    );
    notebook.ok("%import hits.csv INTO hits --resume").await;
    assert_eq!(number(&mut notebook, "SELECT max(n) FROM hits").await, 1);
    let (uncertain, _) = rejected(&folder, "hits.csv.rejected");
    let counted = number(&mut notebook, "SELECT count(*) FROM hits").await;
    assert!(
        counted as usize + uncertain.len() >= 3_000 && uncertain.len() < 200,
        "{counted}, {}",
        uncertain.len()
    );
}

#[tokio::test]
async fn a_resume_is_bound_to_all_that_gives_the_rows_their_meaning() {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    notebook.ok("CREATE TABLE t (k int PRIMARY KEY, v text, w text)").await;
    let folder = notebook.folder.path().to_owned();
    let mut csv = String::from("k,v,w\n");
    csv.extend((0..3_000).map(|k| format!("{k},some text,more\n")));
    std::fs::write(folder.join("t.csv"), &csv).unwrap();
    astra.switch(cqlbook_sandbox::Switch::Slow { ms: 100 }).await.unwrap();
    let request = notebook.frontend.start("%import t.csv INTO t").await;
    let moving = |text: &str| text.contains("rows") && !text.contains(": 0 rows");
    notebook.frontend.until(&request, |message| moving(message.text("/data/text~1plain"))).await;
    notebook.frontend.interrupt().await;
    notebook.frontend.finish(&request).await;
    astra.reset().await.unwrap();
    for (options, words) in [
        ("(k, v) --resume", "fields"),
        ("(k, v, w) --no-header --resume", "header"),
        ("--null x --resume", "null"),
        ("--write-nulls --resume", "writing of nulls"),
    ] {
        let (name, text) = notebook.error(&format!("%import t.csv INTO t {options}")).await;
        assert!(name == "IMPORT_FAILED" && text.contains(words), "{options}: {text}");
    }
    // A table of the same name and columns is another one.
    notebook.ok("%%cql --yes\nDROP TABLE t; CREATE TABLE t (k int PRIMARY KEY, v text, w text)").await;
    let (_, text) = notebook.error("%import t.csv INTO t --resume").await;
    assert!(text.contains("table"), "{text}");
    let told = notebook.ok("%import t.csv INTO t").await.plain().join("\n");
    assert!(told.contains("began anew") && told.contains("Loaded 3,000 rows"), "{told}");
    assert!(!folder.join("t.csv.resume").exists());
}

#[tokio::test]
async fn a_record_that_cannot_be_written_is_said_at_the_start_and_no_link_is_followed() {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    notebook.ok(HITS).await;
    notebook.ok("CREATE TABLE t (k int PRIMARY KEY, n int)").await;
    let folder = notebook.folder.path().to_owned();
    // With `.resume` behind it this name is longer than any can be.
    let long = format!("{}.csv", "x".repeat(246));
    std::fs::write(folder.join(&long), "k,n\n1,1\n").unwrap();
    let cell = notebook.ok(&format!("%import {long} INTO t")).await;
    let told = cell.transcript();
    assert!(told.contains("cannot be written") && told.contains("cannot be resumed"), "{told}");
    let (name, text) = notebook.error(&format!("%import {long} INTO hits")).await;
    assert!(name == "IMPORT_FAILED" && text.contains("folder that can be written"), "{text}");
    assert_eq!(number(&mut notebook, "SELECT count(*) FROM hits").await, 0);
    // A link of the record's name, and of the rejected rows'.
    std::fs::write(folder.join("t.csv"), "k,n\n1,1\nx,2\n").unwrap();
    std::fs::write(folder.join("precious"), "mine").unwrap();
    for name in ["t.csv.rejected", "t.csv.rejected.part", "t.csv.resume.part"] {
        std::os::unix::fs::symlink(folder.join("precious"), folder.join(name)).unwrap();
    }
    notebook.ok("%import t.csv INTO t").await;
    std::os::unix::fs::symlink(folder.join("precious"), folder.join("t.csv.resume")).unwrap();
    let (_, text) = notebook.error("%import t.csv INTO t").await;
    assert!(text.contains("no plain file"), "{text}");
    assert_eq!(std::fs::read_to_string(folder.join("precious")).unwrap(), "mine");
}

#[tokio::test]
async fn of_two_lines_of_one_key_the_later_one_stays() {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    notebook.ok("CREATE TABLE t (k int PRIMARY KEY, a text, b text, l list<int>)").await;
    notebook.ok("CREATE TABLE s (k int, c int, s text static, v text, PRIMARY KEY (k, c))").await;
    // A row that is there already is older, whatever this machine's clock says.
    notebook.ok("INSERT INTO t (k, a, b) VALUES (1, 'old', 'old')").await;
    let folder = notebook.folder.path().to_owned();
    std::fs::write(
        folder.join("t.csv"),
        "k,a,b,l\n1,x,a,\"[1]\"\n1,a,x,\"[2, 3]\"\n2,z,z,\n2,,,\n3,,,\n3,y,y,\n",
    )
    .unwrap();
    let shown = async |notebook: &mut Notebook, select: &str| notebook.ok(select).await.plain()[0].to_owned();
    for options in ["", " --write-nulls"] {
        notebook.ok(&format!("%import t.csv INTO t{options}")).await;
        let rows = shown(&mut notebook, "SELECT a, b, l FROM t WHERE k = 1").await;
        assert!(rows.contains("a | x | [2, 3]"), "{options}: {rows}");
        let rows = shown(&mut notebook, "SELECT a, b FROM t WHERE k = 3").await;
        assert!(rows.contains("y | y"), "{options}: {rows}");
        let rows = shown(&mut notebook, "SELECT a, b FROM t WHERE k = 2").await;
        let expected = if options.is_empty() { "z | z" } else { "null | null" };
        assert!(rows.contains(expected), "{options}: {rows}");
    }
    // What is written afterwards is newer.
    notebook.ok("UPDATE t SET a = 'new' WHERE k = 1").await;
    assert!(shown(&mut notebook, "SELECT a FROM t WHERE k = 1").await.contains("new"));
    // Static columns of one partition, and keys that come again far behind, in other batches.
    let mut csv = String::from("k,c,s,v\n");
    for round in 0..40 {
        csv.extend(
            (0..60).map(|c| format!("{},{c},s{:02},v{:02}\n", c % 3, (97 * round) % 40, (61 * round) % 40)),
        );
    }
    csv.push_str("1,1,a,b\n1,2,Z,A\n");
    std::fs::write(folder.join("s.csv"), csv).unwrap();
    notebook.ok("%import s.csv INTO s").await;
    let last = format!("v{:02}", (61 * 39) % 40);
    let rows = shown(&mut notebook, "SELECT s, v FROM s WHERE k = 1 AND c = 4").await;
    assert!(rows.contains(&format!("Z | {last}")), "{rows}");
    let rows = shown(&mut notebook, "SELECT v FROM s WHERE k = 1 AND c = 1").await;
    assert!(rows.lines().nth(2).is_some_and(|line| line.trim() == "b"), "{rows}");
}

#[tokio::test]
async fn a_file_that_is_being_imported_is_not_imported_by_another_kernel() {
    let astra = database().await;
    let mut first = Notebook::connected(&astra).await;
    let mut second = Notebook::connected(&astra).await;
    first.ok(HITS).await;
    first.ok("CREATE TABLE plain (k int PRIMARY KEY, n int)").await;
    let folder = first.folder.path().to_owned();
    let rows = 2_000;
    write_hits(&folder, rows);
    std::os::unix::fs::symlink(folder.join("hits.csv"), second.folder.path().join("link.csv")).unwrap();
    let path = folder.join("hits.csv").display().to_string();
    for table in ["hits", "plain"] {
        astra.switch(cqlbook_sandbox::Switch::Slow { ms: 200 }).await.unwrap();
        let request = first.frontend.start(&format!("%import hits.csv INTO {table}")).await;
        until(Duration::from_secs(20), "the record", || folder.join("hits.csv.resume").exists()).await;
        for line in [
            format!("%import '{path}' INTO {table}"),
            format!("%import '{path}' INTO {table} --resume"),
            format!("%import '{path}' INTO {}", if table == "hits" { "plain" } else { "hits" }),
            format!("%import link.csv INTO {table}"),
            format!("COPY {table} FROM '{path}' WITH HEADER = true"),
        ] {
            let (name, text) = second.error(&line).await;
            assert!(name == "IMPORT_FAILED" && text.contains("is being imported now"), "{line}: {text}");
        }
        assert!(folder.join("hits.csv.resume").exists(), "{table}: all of that while the first one ran");
        astra.reset().await.unwrap();
        assert_eq!(first.frontend.finish(&request).await.status(), "ok", "the first one is not disturbed");
        assert_eq!(number(&mut second, &format!("SELECT count(*) FROM {table}")).await as usize, rows);
    }
    assert_eq!(number(&mut second, "SELECT max(n) FROM hits").await, 1, "each row was counted once");
    // Afterwards it is anyone's.
    second.ok(&format!("%import '{path}' INTO plain")).await;
}

#[tokio::test]
async fn of_two_lines_of_one_key_in_two_forms_the_later_one_stays() {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    let columns = "p int, c CLUSTERED, a text, b text, PRIMARY KEY (p, c)";
    for (number, (kind, forms)) in [
        ("decimal", ["1.0", "1.00"]),
        ("decimal", ["-0", "0.000"]),
        ("frozen<list<decimal>>", ["[1.0]", "[1.000]"]),
        ("frozen<tuple<decimal, text>>", ["(1.5, 'x')", "(1.50, 'x')"]),
    ]
    .into_iter()
    .enumerate()
    {
        let table = format!("t{number}");
        notebook.ok(&format!("CREATE TABLE {table} ({})", columns.replace("CLUSTERED", kind))).await;
        let [first, second] = forms;
        let csv = format!("p,c,a,b\n1,\"{first}\",x,aaa\n1,\"{second}\",a,xxx\n");
        std::fs::write(notebook.folder.path().join(format!("{table}.csv")), csv).unwrap();
        notebook.ok(&format!("%import {table}.csv INTO {table}")).await;
        let rows = notebook.ok(&format!("SELECT a, b FROM {table}")).await.plain().join("");
        assert!(rows.contains("1 row") && rows.contains("a | xxx"), "{kind} {forms:?}: {rows}");
    }
}
