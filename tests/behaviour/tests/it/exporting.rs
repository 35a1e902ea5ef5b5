//! `%export`, `%%export` and `COPY … TO`: every format holds the rows, a file appears only when complete, and what was written is
//! told.

use std::io::Read;
use std::path::Path;
use std::time::{Duration, Instant};

use cqlbook_sandbox::{Astra, Switch};

use crate::notebook::{Notebook, database, failure};

/// A table of some rows, text among them that files have trouble with.
async fn filled(astra: &Astra, rows: usize) -> Notebook {
    let mut notebook = Notebook::connected(astra).await;
    notebook.ok("CREATE TABLE t (k int, c int, v text, d double, PRIMARY KEY (k, c))").await;
    let mut csv = String::from("k,c,v,d\n");
    for row in 0..rows {
        csv.push_str(&format!("{},{},\"text {row}, \"\"quoted\"\"\",{row}.5\n", row / 10, row % 10));
    }
    std::fs::write(notebook.folder.path().join("in.csv"), csv).unwrap();
    notebook.ok("%import in.csv INTO t").await;
    std::fs::remove_file(notebook.folder.path().join("in.csv")).unwrap();
    notebook
}

/// The names in a folder that are not the kernel's own.
fn files(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains("out"))
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_whole_table_is_streamed_without_a_lost_or_doubled_row() {
    let astra = database().await;
    let mut notebook = filled(&astra, 3_000).await;
    let cell = notebook.ok("%%export out.csv\nSELECT k, c, v, d FROM t -- all of it").await;
    let told = cell.plain().last().unwrap().to_string();
    assert!(told.contains("wrote 3000 rows to out.csv, all rows"), "{told}");
    let text = std::fs::read_to_string(notebook.folder.path().join("out.csv")).unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.remove(0), "k,c,v,d");
    assert_eq!(lines.len(), 3_000);
    lines.sort_unstable();
    lines.dedup();
    assert_eq!(lines.len(), 3_000, "no row twice");
    assert!(lines.contains(&r#"29,9,"text 299, ""quoted""",299.5"#), "{:?}", &lines[..3]);
    assert_eq!(files(notebook.folder.path()), ["out.csv"]);
}

#[tokio::test]
async fn what_is_no_whole_table_is_streamed_page_by_page_in_its_order() {
    let astra = database().await;
    let mut notebook = filled(&astra, 100).await;
    notebook.ok("%param k = 3").await;
    let cell =
        notebook.ok("%%export out.jsonl\nSELECT c, d FROM t WHERE k = :k ORDER BY c DESC LIMIT 4;").await;
    assert!(cell.plain().last().unwrap().contains("wrote 4 rows"), "{:?}", cell.plain());
    let text = std::fs::read_to_string(notebook.folder.path().join("out.jsonl")).unwrap();
    assert_eq!(
        text,
        "{\"c\":9,\"d\":39.5}\n{\"c\":8,\"d\":38.5}\n{\"c\":7,\"d\":37.5}\n{\"c\":6,\"d\":36.5}\n"
    );
    notebook.ok("%%export out.json\nSELECT count(*) AS n FROM t").await;
    let text = std::fs::read_to_string(notebook.folder.path().join("out.json")).unwrap();
    assert_eq!(text, "[\n{\"n\":100}\n]\n");
    notebook.ok("%%export out2.json\nSELECT * FROM t WHERE k = -1").await;
    assert_eq!(std::fs::read_to_string(notebook.folder.path().join("out2.json")).unwrap(), "[]\n");
}

#[tokio::test]
async fn a_kept_result_is_written_and_it_is_told_whether_that_is_all() {
    let astra = database().await;
    let mut notebook = filled(&astra, 60).await;
    notebook.ok("kept << SELECT * FROM t").await;
    let cell = notebook.ok("%export kept out.csv").await;
    let told = cell.plain().last().unwrap().to_string();
    assert!(told.contains("wrote 60 rows to out.csv, all rows"), "{told}");
    notebook.ok("%set fetch_rows 7").await;
    notebook.ok("SELECT * FROM t").await;
    let cell = notebook.ok("%export _ \"out two.csv\"").await;
    let told = cell.plain().last().unwrap().to_string();
    assert!(told.contains("wrote 7 rows to out two.csv, the fetched rows"), "{told}");
    assert!(told.contains("%%export \"out two.csv\"") || told.contains("%%export 'out two.csv'"), "{told}");
    let (name, _) = notebook.error("%export nothing out3.csv").await;
    assert_eq!(name, "USAGE");
}

#[tokio::test]
async fn a_file_that_is_there_is_replaced_only_by_force() {
    let astra = database().await;
    let mut notebook = filled(&astra, 10).await;
    let out = notebook.folder.path().join("out.csv");
    std::fs::write(&out, "mine").unwrap();
    for cell in ["%%export out.csv\nSELECT * FROM t", "SELECT * FROM t;\n%export _ out.csv"] {
        let (name, text) = notebook.error(cell).await;
        assert_eq!(name, "FILE_EXISTS");
        assert!(text.contains("--force"), "{text}");
        assert_eq!(std::fs::read_to_string(&out).unwrap(), "mine");
    }
    notebook.ok("%%export out.csv --force\nSELECT * FROM t").await;
    assert_eq!(std::fs::read_to_string(&out).unwrap().lines().count(), 11);
    assert_eq!(files(notebook.folder.path()), ["out.csv"]);
}

#[tokio::test]
async fn an_export_that_fails_leaves_nothing_and_says_why() {
    let astra = database().await;
    let mut notebook = filled(&astra, 10).await;
    let (name, text) = notebook.error("%%export nowhere/out.csv\nSELECT * FROM t").await;
    assert_eq!(name, "EXPORT_FAILED");
    assert!(text.contains("Make the folder"), "{text}");
    let (name, text) = notebook.error("%%export out.csv\nSELECT * FROM t WHERE d = 1").await;
    assert_eq!(name, "INVALID_QUERY");
    assert!(text.contains("ALLOW FILTERING"), "{text}");
    let (name, _) = notebook.error("%%export out.csv\nSELECT nope FROM t").await;
    assert_eq!(name, "INVALID_QUERY");
    for cell in [
        "%%export out.csv\nINSERT INTO t (k, c) VALUES (1, 1)",
        "%%export out.csv\nSELECT * FROM t; SELECT * FROM t",
        "%%export out.csv\n",
        "%%export out.what\nSELECT * FROM t",
        "%%export out.parquet.gz\nSELECT * FROM t",
    ] {
        assert_eq!(notebook.error(cell).await.0, "USAGE", "{cell}");
    }
    let (name, text) = notebook.error("%%export out.cql\nSELECT c, v FROM t").await;
    assert_eq!(name, "EXPORT_FAILED");
    assert!(text.contains("`k`"), "the missing part of the key is named: {text}");
    assert_eq!(files(notebook.folder.path()), [""; 0]);
}

#[tokio::test]
async fn an_interrupt_leaves_no_file_and_the_kernel_goes_on() {
    let astra = database().await;
    let mut notebook = filled(&astra, 20_000).await;
    // Small pages make it long.
    notebook.ok("%set page_size 1").await;
    let request = notebook.frontend.start("%%export out.parquet\nSELECT * FROM t").await;
    let begun = |text: &str| text.contains("% of the ring") && !text.contains(": 0 rows");
    notebook.frontend.until(&request, |message| begun(message.text("/data/text~1plain"))).await;
    let asked = Instant::now();
    notebook.frontend.interrupt().await;
    let exchange = notebook.frontend.finish(&request).await;
    assert_eq!(failure("%%export", &exchange).0, "INTERRUPTED");
    assert!(asked.elapsed() < Duration::from_secs(5));
    let left = exchange.html().last().copied().unwrap_or_default();
    assert!(left.contains("Stopped.") && !left.contains("<progress"), "no bar that goes on for ever: {left}");
    assert_eq!(files(notebook.folder.path()), [""; 0]);
    notebook.ok("%set page_size 5000").await;
    notebook.ok("%%export out.parquet\nSELECT * FROM t").await;
    assert_eq!(files(notebook.folder.path()), ["out.parquet"]);
}

#[tokio::test]
async fn a_node_that_goes_away_and_pages_that_break_off_cost_no_row_and_double_none() {
    let astra = database().await;
    let mut notebook = filled(&astra, 4_000).await;
    // Small pages make it long.
    notebook.ok("%set page_size 3").await;
    let request = notebook.frontend.start("%%export out.csv\nSELECT * FROM t").await;
    let begun = |text: &str| text.contains("% of the ring") && !text.contains(": 0 rows");
    notebook.frontend.until(&request, |message| begun(message.text("/data/text~1plain"))).await;
    astra.switch(Switch::CutMidPage { after_bytes: 20, times: Some(3) }).await.unwrap();
    astra.switch(Switch::NodeDown { host_id: astra.info().host_ids[1] }).await.unwrap();
    let exchange = notebook.frontend.finish(&request).await;
    let facts = astra.facts().await.unwrap();
    astra.reset().await.unwrap();
    assert_eq!(exchange.error(), None);
    assert!(facts.pages_cut > 0, "no page was cut: the export was over before");
    let text = std::fs::read_to_string(notebook.folder.path().join("out.csv")).unwrap();
    let mut lines: Vec<&str> = text.lines().skip(1).collect();
    assert_eq!(lines.len(), 4_000);
    lines.sort_unstable();
    lines.dedup();
    assert_eq!(lines.len(), 4_000, "no row twice");
}

#[tokio::test]
async fn a_kernel_that_is_killed_leaves_no_file() {
    let astra = database().await;
    let mut notebook = filled(&astra, 10_000).await;
    notebook.ok("%set page_size 1").await;
    let request = notebook.frontend.start("%%export out.csv\nSELECT * FROM t").await;
    let begun = |text: &str| text.contains("% of the ring") && !text.contains(": 0 rows");
    notebook.frontend.until(&request, |message| begun(message.text("/data/text~1plain"))).await;
    notebook.signal("KILL");
    notebook.kernel.exited().await;
    assert_eq!(files(notebook.folder.path()), [""; 0]);
}

#[tokio::test]
async fn text_is_compressed_by_its_ending() {
    let astra = database().await;
    let mut notebook = filled(&astra, 50).await;
    notebook.ok("SELECT * FROM t").await;
    for ending in ["csv", "csv.gz", "csv.zst"] {
        notebook.ok(&format!("%export _ out.{ending}")).await;
    }
    let read = |name: &str| std::fs::read(notebook.folder.path().join(name)).unwrap();
    let plain = read("out.csv");
    assert!(plain.len() > 1000);
    let mut unpacked = Vec::new();
    let packed = read("out.csv.gz");
    flate2::read::GzDecoder::new(&packed[..]).read_to_end(&mut unpacked).unwrap();
    assert_eq!(unpacked, plain);
    assert_eq!(zstd::decode_all(&read("out.csv.zst")[..]).unwrap(), plain);
}

#[tokio::test]
async fn insert_statements_give_equal_rows_back() {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    notebook
        .ok("CREATE TYPE address (street text, zip frozen<list<int>>);
             CREATE TABLE every (id int PRIMARY KEY, a ascii, b bigint, bl blob, bo boolean, d date, de decimal, do double,
                 du duration, f float, i inet, si smallint, t text, ti time, ts timestamp, tu timeuuid, ty tinyint, u uuid,
                 v varint, l list<text>, s set<int>, m map<text, frozen<list<double>>>, tup tuple<int, text>,
                 ud frozen<address>, vec vector<float, 3>, \"Odd Name\" text);
             INSERT INTO every (id, a, b, bl, bo, d, de, do, du, f, i, si, t, ti, ts, tu, ty, u, v, l, s, m, tup, ud, vec, \"Odd Name\")
                 VALUES (1, 'ascii', -9223372036854775808, 0xcafe, true, '2013-02-08', 3.14159265358979323846264338327950288, 0.1,
                 1y2mo3d4h5m6s7ms8us9ns, 16777216, '2001:db8::1', -32768, 'it''s; -- no comment', '08:12:54.123456789',
                 '2013-01-01T05:15:00.123Z', 50554d6e-29bb-11e5-b345-feff819cdc9f, -128, 123e4567-e89b-12d3-a456-426614174000,
                 123456789012345678901234567890, ['it''s', ''], {3, 1, 2}, {'k': [0.5, 1.5]}, (1, 'x'),
                 {street: 'Main', zip: [1, 2]}, [0.5, -1, 2], 'two
lines');
             INSERT INTO every (id, t, do, ts, d, b) VALUES (2, '', NaN, -1, '-0044-03-15', blobAsBigint(0x))")
        .await;
    notebook.ok("%%export out.cql\nSELECT * FROM every").await;
    notebook.ok("%%export out1.csv\nSELECT * FROM every WHERE id IN (1, 2)").await;
    notebook.ok("%%cql --yes\nTRUNCATE every").await;
    let statements = std::fs::read_to_string(notebook.folder.path().join("out.cql")).unwrap();
    assert_eq!(statements.matches("INSERT INTO").count(), 2);
    notebook.ok(&statements).await;
    notebook.ok("%%export out2.csv\nSELECT * FROM every WHERE id IN (1, 2)").await;
    let folder = notebook.folder.path().to_owned();
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    assert_eq!(read("out2.csv"), read("out1.csv"), "{statements}");
    notebook
        .ok("CREATE TABLE counts (k text PRIMARY KEY, n counter); UPDATE counts SET n = n + 7 WHERE k = 'a'")
        .await;
    notebook.ok("%%export out3.cql\nSELECT * FROM counts").await;
    assert!(read("out3.cql").ends_with("SET n = n + 7 WHERE k = 'a';\n"), "{}", read("out3.cql"));
}

#[tokio::test]
async fn copy_to_answers_in_cqlsh_s_words() {
    let astra = database().await;
    let mut notebook = filled(&astra, 30).await;
    let keyspace = astra.keyspace().to_owned();
    std::fs::write(notebook.folder.path().join("out.csv"), "cqlsh replaces it").unwrap();
    let cell = notebook
        .ok("COPY t (c, k, v) TO 'out.csv' WITH HEADER = true AND DELIMITER = '|' AND NULL = 'none'")
        .await;
    let transcript = cell.transcript();
    assert!(
        transcript.contains(&format!("Starting copy of {keyspace}.t with columns [c, k, v].")),
        "{transcript}"
    );
    assert!(cell.plain().last().unwrap().contains("30 rows exported to 1 files in"), "{transcript}");
    let text = std::fs::read_to_string(notebook.folder.path().join("out.csv")).unwrap();
    assert!(text.starts_with("c|k|v\n"), "{text}");
    assert!(text.contains(r#"9|0|"text 9, \"quoted\"""#), "{text}");
    // The tokens of the partitions 1, 0 and 2, in the ring's order: 0 has the one that is named.
    let token = "-3485513579396041028";
    notebook.ok(&format!("COPY t TO 'out2.csv' WITH BEGINTOKEN = {token}")).await;
    notebook.ok(&format!("COPY t TO 'out3.csv' WITH ENDTOKEN = {token}")).await;
    let lines =
        |name: &str| std::fs::read_to_string(notebook.folder.path().join(name)).unwrap().lines().count();
    assert_eq!((lines("out2.csv"), lines("out3.csv")), (10, 20));
    assert_eq!(notebook.error("COPY nowhere TO 'out4.csv'").await.0, "INVALID_QUERY");
}

#[tokio::test]
async fn copy_to_cuts_a_table_into_files_that_can_be_loaded_again() {
    let astra = database().await;
    let mut notebook = filled(&astra, 30).await;
    let folder = notebook.folder.path().to_owned();
    let cell = notebook.ok("COPY t TO 'cut.csv' WITH HEADER = true AND MAXOUTPUTSIZE = 12").await;
    assert!(cell.plain().last().unwrap().contains("30 rows exported to 3 files in"), "{}", cell.transcript());
    let lines = |name: &str| -> Vec<String> {
        std::fs::read_to_string(folder.join(name)).unwrap().lines().map(str::to_owned).collect()
    };
    let cut = ["cut.csv", "cut.csv.1", "cut.csv.2"].map(lines);
    assert_eq!(cut.each_ref().map(Vec::len), [13, 13, 7]);
    assert!(cut.iter().all(|file| file[0] == cut[0][0] && file[0].starts_with("k,c,")), "{cut:?}");
    notebook.ok("%%cql --yes\nTRUNCATE t").await;
    let cell = notebook.ok("COPY t FROM 'cut.csv*' WITH HEADER = true").await;
    assert!(cell.transcript().contains("30 rows imported from 3 files"), "{}", cell.transcript());
    // One file of exactly so many rows is no reason for another, and no limit is one file.
    notebook.ok("COPY t TO 'out1.csv' WITH MAXOUTPUTSIZE = 30").await;
    notebook.ok("COPY t TO 'out2.csv' WITH MAXOUTPUTSIZE = -1").await;
    notebook.ok("COPY t TO 'out3.csv.gz' WITH MAXOUTPUTSIZE = 20").await;
    assert_eq!(files(&folder), ["out1.csv", "out2.csv", "out3.csv.1.gz", "out3.csv.gz"]);
}

#[tokio::test]
async fn a_full_disk_is_told_and_nothing_stays() {
    let astra = database().await;
    let mut notebook = filled(&astra, 20_000).await;
    let small = notebook.folder.path().join("small");
    std::fs::create_dir(&small).unwrap();
    let mounted = std::process::Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=64k", "tmpfs"])
        .arg(&small)
        .output()
        .is_ok_and(|output| output.status.success());
    if !mounted {
        // Only root may make a small disk; elsewhere this cannot be provoked.
        return;
    }
    let (name, text) = notebook.error("%%export small/out.csv\nSELECT * FROM t").await;
    let left = files(&small);
    let unmounted = std::process::Command::new("umount").arg(&small).status().unwrap();
    assert!(unmounted.success());
    assert_eq!(name, "EXPORT_FAILED");
    assert!(text.contains("No space left") && text.contains("Free space"), "{text}");
    assert_eq!(left, [""; 0]);
}
