//! What is written of unusual values comes back as they were, and what goes wrong with a file is said.

use std::process::Command;

use crate::notebook::{Notebook, database};

/// Values that no literal writes, and those that are near the ends of their ranges.
const ODD: &str = r#"CREATE TYPE odd_type ("order" int, "Mixed" text, json text);
CREATE TABLE odd (id int PRIMARY KEY, l list<int>, m map<int, text>, s set<int>, t tuple<int, text>, u frozen<odd_type>, de decimal,
    du duration, d date, ts timestamp, f float, i int, ld list<decimal>, lt list<timestamp>);
INSERT INTO odd (id, l, m, s) VALUES (1, [blobAsInt(0x), 1], {blobAsInt(0x): 'a', 2: 'b'}, {blobAsInt(0x)});
INSERT INTO odd (id, t, u, i) VALUES (2, (blobAsInt(0x), ''), {"order": 1, "Mixed": 'it''s', json: '{}'}, blobAsInt(0x));
INSERT INTO odd (id, de, du, d, ts) VALUES (3, blobAsDecimal(0xfffffe7001), -1y2mo3d4ns, blobAsDate(0xffffffff), -9223372036854775808);
INSERT INTO odd (id, de, du, d, f) VALUES (4, 1E-400, 1h2m, '0000-01-01', -Infinity);
INSERT INTO odd (id, d, f, ld, lt) VALUES (5, '-5877641-06-23', NaN, [blobAsDecimal(0xfffffe7001), 1.50], [-9223372036854775808, 0])"#;

const ALL: &str = "SELECT id, l, m, s, t, u, de, du, d, ts, f, i, ld, lt FROM odd";

#[tokio::test]
async fn statements_bring_back_every_value() {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    notebook.ok(ODD).await;
    let folder = notebook.folder.path().to_owned();
    let lines = |name: &str| {
        let text = std::fs::read_to_string(folder.join(name)).expect("the file");
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    notebook.ok(&format!("%%export before.jsonl\n{ALL}")).await;
    for (write, load) in [
        (format!("%%export odd.cql\n{ALL}"), "SOURCE 'odd.cql'"),
        (format!("%%export odd.csv\n{ALL}"), "%import odd.csv INTO odd"),
        (format!("%%export odd.jsonl\n{ALL}"), "%import odd.jsonl INTO odd"),
    ] {
        notebook.ok(&write).await;
        notebook.ok("%%cql --yes\nTRUNCATE odd").await;
        notebook.ok(load).await;
        notebook.ok(&format!("%%export after.jsonl --force\n{ALL}")).await;
        assert_eq!(lines("after.jsonl"), lines("before.jsonl"), "{load}");
    }
    let told = notebook.ok(&format!("%%export odd.parquet\n{ALL}")).await;
    let told = told.plain().last().expect("an answer").to_string();
    assert!(told.contains("became null") && told.contains("1 entry of a map was left out"), "{told}");
}

#[tokio::test]
async fn an_alias_has_no_role_and_is_not_written_into_the_column_of_its_name() {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    notebook.ok("CREATE TABLE al (k int PRIMARY KEY, v int); INSERT INTO al (k, v) VALUES (1, 2)").await;
    let shown = notebook.ok("SELECT v AS k FROM al").await;
    assert!(shown.transcript().contains("| k (int) |"), "no role stands beside it: {}", shown.transcript());
    for cell in ["%export _ a.cql", "%%export a.cql\nSELECT v AS k FROM al"] {
        let (name, text) = notebook.error(cell).await;
        assert_eq!(name, "EXPORT_FAILED");
        assert!(text.contains("`k` is `v` here"), "{text}");
    }
    notebook.ok("%%export a.cql\nSELECT k AS k, v FROM al").await;
    let told = notebook.ok("%%export a.json\nSELECT k, v AS k FROM al").await;
    assert!(told.plain().last().expect("an answer").contains("`k_2` in the file"));
    assert_eq!(
        std::fs::read_to_string(notebook.folder.path().join("a.json")).expect("the file"),
        "[\n{\"k\":1,\"k_2\":2}\n]\n"
    );
}

#[tokio::test]
async fn a_limit_on_file_sizes_is_an_error_and_not_the_end() {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    notebook.ok("CREATE TABLE big (k int PRIMARY KEY, t text)").await;
    for k in 0..8 {
        notebook.ok(&format!("INSERT INTO big (k, t) VALUES ({k}, '{}')", "x".repeat(100_000))).await;
    }
    let pid = notebook.kernel.pid().to_string();
    let limited = Command::new("prlimit").args(["--fsize=200000", "--pid", &pid]).status();
    assert!(limited.expect("prlimit runs").success());
    let (name, text) = notebook.error("%%export big.csv\nSELECT * FROM big").await;
    assert_eq!(name, "EXPORT_FAILED");
    assert!(text.contains("larger than a file may be") && text.contains("ulimit -f"), "{text}");
    assert!(!notebook.folder.path().join("big.csv").exists());
    notebook.ok("SELECT k FROM big").await;
}

#[tokio::test]
async fn a_collection_shown_with_escapes_says_that_it_is_no_literal() {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    notebook.ok("CREATE TABLE esc (k int PRIMARY KEY, l list<text>)").await;
    notebook.ok("INSERT INTO esc (k, l) VALUES (1, ['a\nb\\c'])").await;
    let shown = notebook.ok("SELECT l FROM esc").await;
    let plain = shown.plain().last().expect("rows").to_string();
    assert!(plain.contains(r"['a\nb\\c']") && plain.contains("CQL has no escapes"), "{plain}");
    notebook.ok("INSERT INTO esc (k, l) VALUES (1, ['a\\nb'])").await;
    let shown = notebook.ok("SELECT l FROM esc").await;
    let plain = shown.plain().last().expect("rows").to_string();
    assert!(plain.contains(r"['a\nb']") && !plain.contains("CQL has no escapes"), "{plain}");
}
