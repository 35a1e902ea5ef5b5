//! What `%import` sets aside can be corrected and loaded again; one bad row ends nothing; exports load again.

use crate::notebook::{Notebook, database};

#[tokio::test]
async fn rejected_rows_load_again_whatever_the_tables_columns_are_called() {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    notebook.ok("CREATE TABLE t (line int PRIMARY KEY, reason text, row text)").await;
    notebook.ok("CREATE TABLE loose (line text PRIMARY KEY, reason text, row text)").await;
    let folder = notebook.folder.path().to_owned();
    let file = |name: &str| folder.join(name);
    std::fs::write(
        file("t.csv"),
        "line,reason,row\r\n1,good,a\r\nx,\"two\r\nlines, \"\"so\"\"\",\"\"\r\n\"y\",,#1\r\n",
    )
    .unwrap();
    std::fs::write(
        file("t.jsonl"),
        "{\"line\": 1, \"reason\": \"good\"}\n{\"line\": \"x\",  \"row\": \"\\u00e4\"}\n",
    )
    .unwrap();
    std::fs::write(file("bare.csv"), "x;b;c\nz;b;\"c;\"\n").unwrap();
    for (name, options, rows) in [
        ("t.csv", "", "x,\"two\r\nlines, \"\"so\"\"\",\"\"\n"),
        ("t.jsonl", "", "{\"line\": \"x\",  \"row\": \"\\u00e4\"}\n"),
        ("bare.csv", " (line, reason, row) --no-header --delimiter ';'", "z;b;\"c;\"\n"),
    ] {
        notebook.ok(&format!("%import {name} INTO t{options}")).await;
        let rejected = std::fs::read_to_string(file(&format!("{name}.rejected"))).unwrap();
        assert!(rejected.contains(rows), "{name}: rows as they stand: {rejected}");
        assert!(rejected.contains("line: `x` is no int"), "{name}: with the reason: {rejected}");
        // Into a table that takes them, by the same line.
        let expected = if name == "t.jsonl" { "Loaded 1 rows" } else { "Loaded 2 rows" };
        let told =
            notebook.ok(&format!("%import {name}.rejected INTO loose{options}")).await.plain().join("\n");
        assert!(told.contains(expected) && told.contains("none rejected"), "{name}: {told}");
        // What is still wrong is set aside again, with the lines of the file at hand.
        let told = notebook.ok(&format!("%import {name}.rejected INTO t{options}")).await.plain().join("\n");
        assert!(
            told.contains("Loaded 0 rows") && told.contains(&format!("{name}.rejected.rejected")),
            "{told}"
        );
    }
    let cell = notebook.ok("SELECT reason, row FROM loose WHERE line = 'y'").await;
    assert!(cell.plain()[0].contains("null |  #1"), "{}", cell.plain()[0]);
    let cell = notebook.ok("SELECT reason FROM loose WHERE line = 'x'").await;
    assert!(!cell.plain()[0].contains("no int"), "{}", cell.plain()[0]);
}

#[tokio::test]
async fn rejected_rows_load_by_the_line_of_their_source_whatever_its_letters_and_its_first_line() {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    notebook.ok("CREATE TABLE t (k int PRIMARY KEY, v text)").await;
    let folder = notebook.folder.path().to_owned();
    let latin = |text: &str| text.chars().map(|c| c as u8).collect::<Vec<_>>();
    let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
    let semi = " --delimiter ';'";
    for (name, bytes, options) in [
        ("l1.csv", latin("v;k\ncaf\u{e9};x\n"), format!(" --encoding latin1{semi}")),
        ("w.csv", latin("v;k\ncaf\u{e9};x\n"), format!(" --encoding windows-1252{semi}")),
        ("u16.csv", wide("v;k\ncaf\u{e9};x\n"), format!(" --encoding utf-16le{semi}")),
        ("l1.jsonl", latin("{\"v\": \"caf\u{e9}\", \"k\": \"x\"}\n"), " --encoding latin1".to_owned()),
        ("sep.csv", "sep=;\nv;k\ncaf\u{e9};x\n".as_bytes().to_vec(), String::new()),
        ("sep16.csv", wide("sep=;\r\nv;k\r\ncaf\u{e9};x\r\n"), " --encoding utf-16le".to_owned()),
    ] {
        notebook.ok("%%cql --yes\nTRUNCATE t").await;
        std::fs::write(folder.join(name), bytes).unwrap();
        notebook.ok(&format!("%import {name} INTO t{options}")).await;
        let rejected = folder.join(format!("{name}.rejected"));
        let line = format!("%import {name}.rejected INTO t{options}");
        // Still wrong: set aside again, and that file loads by the same line too.
        notebook.ok(&line).await;
        let again = folder.join(format!("{name}.rejected.rejected"));
        let text = std::fs::read_to_string(&again).unwrap();
        assert!(text.contains("caf\u{e9}"), "{name}: {text}");
        std::fs::write(&again, text.replace(";x", ";8").replace("\"x\"", "8")).unwrap();
        notebook.ok(&format!("%import {name}.rejected.rejected INTO t{options}")).await;
        let text = std::fs::read_to_string(&rejected).unwrap();
        std::fs::write(&rejected, text.replace(";x", ";7").replace("\"x\"", "7")).unwrap();
        let told = notebook.ok(&line).await.plain().join("\n");
        assert!(told.contains("Loaded 1 rows") && told.contains("none rejected"), "{name}: {told}");
        let rows = notebook.ok("SELECT * FROM t").await.plain()[0].to_owned();
        assert_eq!(rows.matches(" caf\u{e9}").count(), 2, "{name}: {rows}");
    }
    // Saved in another encoding by an editor: the way out is one that works.
    let saved = std::fs::read_to_string(folder.join("l1.csv.rejected")).unwrap();
    std::fs::write(folder.join("l1.csv.rejected"), latin(&saved)).unwrap();
    let line = "%import l1.csv.rejected INTO t --encoding latin1 --delimiter ';'";
    let told = notebook.ok(line).await.plain().join("\n");
    assert!(told.contains("1 rejected") && told.contains("a file of rejected rows is UTF-8"), "{told}");
}

#[tokio::test]
async fn what_is_exported_comes_back_whatever_stands_for_null() {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    for table in ["t", "again"] {
        notebook.ok(&format!("CREATE TABLE {table} (k int PRIMARY KEY, n int, d double, v text)")).await;
    }
    notebook.ok("INSERT INTO t (k, n, d, v) VALUES (1, 0, NaN, '0'); INSERT INTO t (k) VALUES (2)").await;
    for null in ["0", "NaN", "NA", "False"] {
        notebook.ok("%%cql --yes\nTRUNCATE again").await;
        notebook.ok(&format!("%%export own.csv --null {null} --force\nSELECT * FROM t")).await;
        notebook.ok(&format!("%import own.csv INTO again --null {null}")).await;
        let rows = notebook.ok("SELECT k, n, d, v FROM again").await.plain()[0].to_owned();
        assert!(rows.contains("1 |    0 |  NaN |    0"), "{null}: {rows}");
        assert!(rows.contains("2 | null | null | null"), "{null}: {rows}");
    }
}

#[tokio::test]
async fn a_clean_run_takes_away_what_we_left_and_nothing_else() {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    notebook.ok("CREATE TABLE t (k int PRIMARY KEY, v text)").await;
    let folder = notebook.folder.path().to_owned();
    let rejected = folder.join("t.csv.rejected");
    let load = async |notebook: &mut Notebook, rows: &str| {
        std::fs::write(folder.join("t.csv"), format!("k,v\n{rows}")).unwrap();
        notebook.ok("%import t.csv INTO t").await.plain().join("\n")
    };
    load(&mut notebook, "x,1\n").await;
    assert!(rejected.exists());
    load(&mut notebook, "1,1\n").await;
    assert!(!rejected.exists(), "a clean run removes it");
    load(&mut notebook, "x,1\n").await;
    let corrected = std::fs::read_to_string(&rejected).unwrap().replace("x,1", "2,1");
    std::fs::write(&rejected, &corrected).unwrap();
    load(&mut notebook, "1,1\n").await;
    assert_eq!(std::fs::read_to_string(&rejected).unwrap(), corrected, "somebody's work stays");
    let told = load(&mut notebook, "y,1\n").await;
    assert!(told.contains("t.csv.rejected.2"), "{told}");
    assert_eq!(std::fs::read_to_string(&rejected).unwrap(), corrected);
    let told = notebook.ok("%import t.csv.rejected INTO t").await.plain().join("\n");
    assert!(told.contains("Loaded 1 rows") && told.contains("none rejected"), "{told}");
}

#[tokio::test]
async fn exports_of_partitions_without_rows_load_again() {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    for table in ["t", "again"] {
        notebook
            .ok(&format!(
                "CREATE TABLE {table} (k int, c text, s text static, z int static, v int, PRIMARY KEY (k, c))"
            ))
            .await;
    }
    notebook.ok("INSERT INTO t (k, s, z) VALUES (1, 'alone', 7); INSERT INTO t (k, c, s, v) VALUES (2, '', 'both', 3)").await;
    for format in ["csv", "jsonl", "parquet", "arrow"] {
        notebook.ok("%%cql --yes\nTRUNCATE again").await;
        notebook.ok(&format!("%%export t.{format}\nSELECT * FROM t")).await;
        let told = notebook.ok(&format!("%import t.{format} INTO again")).await.plain().join("\n");
        assert!(told.contains("Loaded 2 rows") && told.contains("none rejected"), "{format}: {told}");
        let rows = notebook.ok("SELECT k, c, s, z, v FROM again WHERE k = 1").await.plain()[0].to_owned();
        assert!(rows.contains("1 | null | alone | 7 | null"), "{format}: {rows}");
        let rows = notebook.ok("SELECT k, c, s, z, v FROM again WHERE k = 2").await.plain()[0].to_owned();
        assert!(rows.contains("both | null | 3"), "{format}: {rows}");
    }
    // There and back by COPY, statics between the others, with and without a header.
    for options in ["", " WITH HEADER = true"] {
        notebook.ok("%%cql --yes\nTRUNCATE again").await;
        notebook.ok(&format!("COPY t TO 'copy.csv'{options}; COPY again FROM 'copy.csv'{options}")).await;
        let rows = notebook.ok("SELECT k, c, s, z, v FROM again WHERE k = 1").await.plain()[0].to_owned();
        assert!(rows.contains("1 | null | alone | 7 | null"), "{options}: {rows}");
        let rows = notebook.ok("SELECT k, c, s, z, v FROM again WHERE k = 2").await.plain()[0].to_owned();
        assert!(rows.contains("both | null | 3"), "{options}: {rows}");
    }
    // A part of the key is missing where there is more than static columns.
    std::fs::write(notebook.folder.path().join("half.csv"), "k,c,s,z,v\n3,,x,1,2\n3,,,,\n").unwrap();
    let told = notebook.ok("%import half.csv INTO again").await.plain().join("\n");
    assert!(told.contains("1 rejected") && told.contains("key is missing"), "{told}");
}

#[tokio::test]
async fn a_bad_row_does_not_end_an_import() {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    notebook.ok("CREATE TABLE source (k int PRIMARY KEY, v frozen<tuple<int, text>>, n text)").await;
    notebook.ok("CREATE TABLE t (k int, n text, v list<int>, PRIMARY KEY (k, n))").await;
    let folder = notebook.folder.path().to_owned();
    // A key that is longer than a server takes, and one that is empty where it cannot be, among good ones of the same partition.
    let mut csv = String::from("k,n,v\n");
    csv.extend((0..100).map(|row| format!("1,row{row},[{row}]\n")));
    csv.push_str(&format!("1,{},[1]\n", "x".repeat(70_000)));
    csv.extend((100..200).map(|row| format!("1,row{row},[{row}]\n")));
    std::fs::write(folder.join("t.csv"), csv).unwrap();
    let told = notebook.ok("%import t.csv INTO t").await.plain().join("\n");
    assert!(told.contains("Loaded 200 rows") && told.contains("1 rejected"), "{told}");
    assert!(!folder.join("t.csv.resume").exists());
}

#[tokio::test]
async fn copy_counts_rows_over_all_files_and_keeps_quotes() {
    let astra = database().await;
    let ks = astra.keyspace().to_owned();
    let mut notebook = Notebook::connected(&astra).await;
    notebook.ok("CREATE TABLE t (k text PRIMARY KEY, v text, n int)").await;
    let folder = notebook.folder.path().to_owned();
    for (file, keys) in [("a.csv", ["a1", "a2", "a3"]), ("b.csv", ["b1", "b2", "b3"])] {
        let rows: String = keys.iter().map(|key| format!("{key},1,x\n")).collect();
        std::fs::write(folder.join(file), format!("k,n,v\n{rows}")).unwrap();
    }
    let mut keys = async |line: &str| {
        notebook.ok("%%cql --yes\nTRUNCATE t").await;
        notebook.ok(line).await;
        let text = notebook.ok("SELECT k FROM t").await.plain()[0].to_owned();
        let mut keys: Vec<_> = text
            .split_whitespace()
            .filter(|word| {
                word.len() == 2 && word.ends_with(|c: char| c.is_ascii_digit()) && !word.starts_with('(')
            })
            .map(str::to_owned)
            .collect();
        keys.sort();
        keys.join(" ")
    };
    assert_eq!(keys("COPY t FROM 'a.csv, b.csv' WITH HEADER = true AND MAXROWS = 4").await, "a1 a2 a3 b1");
    assert_eq!(keys("COPY t FROM 'a.csv, b.csv' WITH HEADER = true AND SKIPROWS = 4").await, "b2 b3");
    assert_eq!(
        keys("COPY t FROM 'a.csv, b.csv' WITH HEADER = true AND SKIPROWS = 2 AND MAXROWS = 4").await,
        "a3 b1"
    );
    notebook.ok("CREATE TABLE e (p int, k text, n int, v text, PRIMARY KEY (p, k))").await;
    std::fs::write(folder.join("e.csv"), "1,\"q\",\"no, int\",\"say \\\"hi\\\"\"\n1,\"\",1,\"\"\n").unwrap();
    notebook.ok("COPY e FROM 'e.csv'").await;
    let kept = std::fs::read_to_string(folder.join(format!("import_{ks}_e.err"))).unwrap();
    assert_eq!(kept, "1,\"q\",\"no, int\",\"say \\\"hi\\\"\"\n");
    let rows = notebook.ok("SELECT n, v FROM e WHERE p = 1 AND k = ''").await.plain()[0].to_owned();
    assert!(rows.contains("1 | ''"), "the row with the empty key, and the empty text: {rows}");
}

/// Another notebook knows the old table; types of one length would change places without a word.
#[tokio::test]
async fn a_table_that_was_made_anew_a_moment_ago_is_loaded_by_its_types_of_now() {
    let astra = database().await;
    let mut first = Notebook::connected(&astra).await;
    let mut second = Notebook::connected(&astra).await;
    std::fs::write(second.folder.path().join("t.csv"), "k,v\n1,7\n").unwrap();
    for (old, new, shown) in [
        ("int", "float", "7"),
        ("bigint", "double", "7"),
        ("bigint", "timestamp", "7"),
        ("blob", "text", "7"),
    ] {
        first
            .ok(&format!(
                "%%cql --yes\nDROP TABLE IF EXISTS sw; CREATE TABLE sw (k int PRIMARY KEY, v {old})"
            ))
            .await;
        second.ok("DESCRIBE TABLE sw").await;
        second.run("SELECT v FROM sw").await;
        first.ok(&format!("%%cql --yes\nDROP TABLE sw; CREATE TABLE sw (k int PRIMARY KEY, v {new})")).await;
        let told = second.run("%import t.csv INTO sw").await;
        let loaded = told.plain().join("\n");
        if new == "timestamp" {
            assert!(
                loaded.contains("rejected") && !loaded.contains("none rejected"),
                "{old}, {new}: {loaded}"
            );
            continue;
        }
        assert!(loaded.contains("Loaded 1 rows"), "{old}, {new}: {}", told.transcript());
        let rows = first.ok("SELECT v FROM sw").await.plain().join("");
        assert!(rows.lines().any(|line| line.trim() == shown), "{old}, {new}: {rows}");
    }
}

/// Rows of one key must not travel in one batch: by the key of before, the cells of two of them would be mixed.
#[tokio::test]
async fn a_table_that_got_another_key_a_moment_ago_gets_whole_rows_or_none() {
    let astra = database().await;
    let mut first = Notebook::connected(&astra).await;
    let mut second = Notebook::connected(&astra).await;
    std::fs::write(second.folder.path().join("t.csv"), "k,c,x,y\n1,1,9,1\n1,2,1,9\n").unwrap();
    for _ in 0..5 {
        let table = "CREATE TABLE ky (k int, c int, x int, y int, PRIMARY KEY";
        first.ok(&format!("%%cql --yes\nDROP TABLE IF EXISTS ky; {table} (k, c))")).await;
        second.ok("DESCRIBE TABLE ky").await;
        second.run("SELECT x FROM ky").await;
        first.ok(&format!("%%cql --yes\nDROP TABLE ky; {table} (k))")).await;
        let told = second.run("%import t.csv INTO ky").await;
        if told.status() == "error" {
            assert!(
                told.transcript().contains("is another one than when the table was last read"),
                "{}",
                told.transcript()
            );
            assert!(
                first.ok("SELECT k FROM ky").await.plain().join("").contains("0 rows"),
                "nothing is loaded"
            );
            second.ok("%import t.csv INTO ky").await;
        }
        let rows = first.ok("SELECT c, x, y FROM ky").await.plain().join("");
        assert!(rows.lines().any(|line| line.split('|').map(str::trim).eq(["2", "1", "9"])), "{rows}");
    }
}

#[tokio::test]
async fn rejected_rows_for_which_there_is_no_room_are_told_and_not_lost() {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    notebook.ok("CREATE TABLE room (k int PRIMARY KEY, v text)").await;
    let folder = notebook.folder.path().to_owned();
    let pid = notebook.kernel.pid().to_string();
    let limit = |bytes: &str| {
        let limited = std::process::Command::new("prlimit")
            .args([&format!("--fsize={bytes}:"), "--pid", &pid])
            .status();
        assert!(limited.expect("prlimit runs").success());
    };
    let long = "x".repeat(2_000);
    let rows: String = (0..100)
        .map(|k| if k % 5 < 2 { format!("{k},{long}\n") } else { format!("x{k},{long}\n") })
        .collect();
    std::fs::write(folder.join("t.csv"), format!("k,v\n{rows}")).unwrap();
    // Of a disk on which there is room for the record of the import, and of one without.
    for (bytes, is_kept) in [("60000", true), ("200", false)] {
        limit(bytes);
        let (name, text) = notebook.error("%import t.csv INTO room").await;
        limit("unlimited");
        assert_eq!(name, "IMPORT_FAILED");
        for part in [
            "All rows were read, and 40 were loaded. Those that could not be, 60, cannot be set aside: ",
            "t.csv.rejected cannot be written",
            "larger than a file may be",
            "line 4: k: `x2` is no int",
            "and 50 more",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert_eq!(text.contains("--resume"), is_kept, "{text}");
        assert!(!folder.join("t.csv.rejected").exists() && !folder.join("t.csv.rejected.part").exists());
        // With room the same line, or the rest of it, sets all of them aside.
        let resume = if is_kept { " --resume" } else { "" };
        let told = notebook.ok(&format!("%import t.csv INTO room{resume}")).await.plain().join("\n");
        assert!(told.contains("60 rejected"), "{told}");
        let rejected = std::fs::read_to_string(folder.join("t.csv.rejected")).unwrap();
        assert_eq!(
            rejected.lines().filter(|line| line.starts_with('x') && line.ends_with(&long)).count(),
            60
        );
        std::fs::remove_file(folder.join("t.csv.rejected")).unwrap();
    }
    let count = notebook.ok("SELECT COUNT(*) AS n FROM room").await.plain().join("");
    assert!(count.contains("40"), "{count}");
}
