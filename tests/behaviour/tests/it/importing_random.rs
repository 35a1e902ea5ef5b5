//! Files of random bytes that `%import` is given: each is loaded or set aside in words, and no other row changes. A seed makes
//! them; a failure names it, and `CQLBOOK_FUZZ_SEED` repeats it.

use std::time::{Duration, Instant};

use cqlbook_fuzz::Random;

use crate::notebook::{Notebook, database};

/// Files of one run.
const FILES: u64 = 60;

const CSV: &str = "k,t,d,l,m,u\r\n1,\"a,\"\"b\"\"\",2024-01-01,\"[1, 2]\",\"{'a': 1.5}\",\"{x: 1, y: 'z'}\"\r\n2,,2024-02-29,[],{},\r\n3,\u{e9},,,,\r\n";
const JSON: &str = "{\"k\": 1, \"t\": \"\\u0000\", \"l\": [1, 2], \"m\": {\"a\": 1e300}}\n{\"k\": 2, \"d\": \"2024-01-01\", \"u\": {\"x\": 1}}\n";
const PIECES: [&str; 18] = [
    "k,t\n", ",", "\"", "\\", "\n", "\r", "\u{feff}", "\0", "1", "NaN", "[", "{", "'", "}", "]", "<empty>",
    "\u{202e}", ";",
];

#[tokio::test]
async fn files_of_anything_are_loaded_or_set_aside_in_words() {
    let seed = std::env::var("CQLBOOK_FUZZ_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or_else(|| u64::from(std::process::id()));
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    notebook.ok("CREATE TYPE pair (x int, y text)").await;
    let columns = "(k int PRIMARY KEY, t text, d date, l list<int>, m map<text, double>, u pair)";
    notebook.ok(&format!("CREATE TABLE t {columns}; CREATE TABLE calm {columns}")).await;
    notebook.ok("INSERT INTO calm (k, t) VALUES (1, 'here')").await;
    std::fs::write(notebook.folder.path().join("good.csv"), CSV).unwrap();
    notebook.ok("%%sql --into good\nSELECT * FROM 'good.csv'").await;
    let mut kinds = vec![("csv", CSV.as_bytes().to_vec()), ("jsonl", JSON.as_bytes().to_vec())];
    for ending in ["parquet", "arrow", "csv.gz", "csv.zst"] {
        notebook.ok(&format!("%export good good.{ending}")).await;
        kinds.push((ending, std::fs::read(notebook.folder.path().join(format!("good.{ending}"))).unwrap()));
    }
    for number in 0..FILES {
        let mut random = Random::new(seed.wrapping_mul(0x0100_0000_01b3).wrapping_add(number));
        let told = format!("CQLBOOK_FUZZ_SEED={seed}, file {number}");
        let (ending, content) = &kinds[number as usize % kinds.len()];
        let mut bytes = content.clone();
        if random.once_in(4) {
            bytes = random.text(&PIECES, 60).into_bytes();
        }
        random.spoil(&mut bytes);
        let file = format!("f{number}.{ending}");
        std::fs::write(notebook.folder.path().join(&file), &bytes).unwrap();
        let started = Instant::now();
        let cell = notebook.run(&format!("%import {file} INTO t")).await;
        assert!(started.elapsed() < Duration::from_secs(60), "{told}: {:?}", started.elapsed());
        let said = format!("{}{}", cell.transcript(), cell.content());
        assert!(!said.contains("INTERNAL_ERROR") && !said.contains("panicked"), "{told}: {said}");
        assert!(said.contains("Loaded") || cell.status() == "error", "{told}: {said}");
    }
    let calm = notebook.ok("SELECT k, t FROM calm").await;
    assert!(calm.plain().join("").contains("1 row"), "{}", calm.transcript());
    notebook.ok("SELECT * FROM t").await;
}
