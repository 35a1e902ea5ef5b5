//! `%import`: all rows arrive exact, bad ones are set aside with their reasons, and the summary counts both.

use std::time::{Duration, Instant};

use crate::notebook::{Notebook, database, failure};

#[tokio::test]
async fn rows_arrive_and_bad_ones_are_set_aside_with_their_reasons() {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    notebook.ok("CREATE TABLE t (k text, c int, v double, seen timestamp, PRIMARY KEY (k, c))").await;
    let mut csv = String::from("k,c,v,seen,extra\n");
    for c in 0..2_000 {
        csv.push_str(&format!("k{},{c},{}.5,2013-01-01T05:00:00Z,x\n", c % 7, c));
    }
    csv.push_str("\"a,b\",1,NA,NA,x\n");
    csv.push_str("bad,notanumber,1,NA,x\n");
    csv.push_str(",5,1,NA,x\n");
    std::fs::write(notebook.folder.path().join("t.csv"), csv).unwrap();
    let cell = notebook.ok("%import t.csv INTO t --null NA").await;
    let told = cell.plain().join("\n");
    assert!(told.contains("2,001") && told.contains("2 rejected"), "{told}");
    assert!(told.contains("extra"), "the field that was not loaded is named: {told}");
    let cell = notebook.ok("SELECT count(*) FROM t").await;
    assert!(cell.plain()[0].contains("2001"), "{}", cell.plain()[0]);
    let cell = notebook.ok("SELECT v, seen FROM t WHERE k = 'a,b' AND c = 1").await;
    assert!(cell.plain()[0].contains("null"), "{}", cell.plain()[0]);
    let rejected = std::fs::read_to_string(notebook.folder.path().join("t.csv.rejected")).unwrap();
    let lines: Vec<_> = rejected.lines().collect();
    assert!(lines[0].starts_with("#cqlbook-rejected "), "{rejected}");
    assert_eq!((lines[1], lines[3], lines[5]), ("k,c,v,seen,extra", "bad,notanumber,1,NA,x", ",5,1,NA,x"));
    assert!(lines[2].contains("line 2003: ") && lines[2].contains("`notanumber` is no int"), "{rejected}");
    assert!(lines[4].contains("line 2004: ") && lines[4].contains("key"), "{rejected}");
    assert_eq!(lines.len(), 6);
}

#[tokio::test]
async fn a_file_that_cannot_be_loaded_is_refused_before_anything_is_written() {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    notebook.ok("CREATE TABLE t (k text PRIMARY KEY)").await;
    std::fs::write(notebook.folder.path().join("t.csv"), "other\n1\n").unwrap();
    let (name, text) = notebook.error("%import t.csv INTO t").await;
    assert_eq!(name, "IMPORT_FAILED");
    assert!(text.contains('k'), "{text}");
    let (name, _) = notebook.error("%import none.csv INTO t").await;
    assert_eq!(name, "IMPORT_FAILED");
    let (name, _) = notebook.error("%import t.csv INTO nowhere").await;
    assert_eq!(name, "IMPORT_FAILED");
}

#[tokio::test]
async fn an_interrupt_ends_an_import_and_the_kernel_goes_on() {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    notebook.ok("CREATE TABLE t (k int PRIMARY KEY, v text)").await;
    let mut csv = String::from("k,v\n");
    for k in 0..400_000 {
        csv.push_str(&format!("{k},some text that takes a little room\n"));
    }
    std::fs::write(notebook.folder.path().join("t.csv"), csv).unwrap();
    let request = notebook.frontend.start("%import t.csv INTO t").await;
    let written = |text: &str| text.contains("rows") && !text.contains(": 0 rows");
    notebook.frontend.until(&request, |message| written(message.text("/data/text~1plain"))).await;
    let asked = Instant::now();
    notebook.frontend.interrupt().await;
    let exchange = notebook.frontend.finish(&request).await;
    assert_eq!(failure("%import", &exchange).0, "INTERRUPTED");
    assert!(asked.elapsed() < Duration::from_secs(5));
    let left = exchange.html().last().copied().unwrap_or_default();
    assert!(left.contains("Stopped.") && left.contains("rows"), "how far it came stays: {left}");
    assert!(!left.contains("<progress"), "no bar that goes on for ever: {left}");
    assert!(!notebook.folder.path().join("t.csv.rejected").exists());
    notebook.ok("SELECT k FROM t LIMIT 1").await;
}

#[tokio::test]
async fn an_import_of_the_wrong_file_leaves_its_reasons() {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    notebook.ok("CREATE TABLE wrong (k int PRIMARY KEY)").await;
    let folder = notebook.folder.path().to_owned();
    std::fs::write(folder.join("w.csv"), format!("k\n{}", "x\n".repeat(100_050))).unwrap();
    let (name, text) = notebook.error("%import w.csv INTO wrong").await;
    assert!(name == "IMPORT_FAILED" && text.contains("more than 100000 rows cannot be loaded"), "{text}");
    assert!(text.contains("The rows that failed before are in w.csv.rejected"), "{text}");
    // Nothing was sent, so there is nothing to go on with: the reasons are in the file that is told.
    assert!(!folder.join("w.csv.resume").exists());
    let rejected = std::fs::read_to_string(folder.join("w.csv.rejected")).unwrap();
    assert!(rejected.lines().count() > 200_000 && rejected.contains("`x` is no int"));
}
