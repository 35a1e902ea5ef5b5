//! What is asked of files of text: every value as it stands there, and what could be read in two ways as an error with its line.

use cqlbook_analysis::sql::{Answer, SqlError};

use crate::sql::tests::{ask_with, shown};

/// Asks of a file of that name with that text.
fn ask(name: &str, text: impl AsRef<[u8]>, query: &str) -> Result<Answer, SqlError> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(name), text).unwrap();
    ask_with(&[], &[], folder.path(), query)
}

fn all(name: &str, text: impl AsRef<[u8]>) -> String {
    match ask(name, text, &format!("SELECT * FROM '{name}'")) {
        Ok(answer) => shown(&answer),
        Err(error) => error.to_string(),
    }
}

#[test]
fn numbers_keep_their_digits() {
    let ids = ["12345678901234567890", "12345678901234567891"];
    let csv = format!("id,n\n{},1\n{},2\n", ids[0], ids[1]);
    let lines = format!("{{\"id\": {}, \"n\": 1}}\n{{\"id\": {}, \"n\": 2}}\n", ids[0], ids[1]);
    for (name, text) in [("f.csv", csv), ("g.jsonl", lines)] {
        assert_eq!(
            all(name, &text),
            format!("id varint | n bigint\n{} | 1\n{} | 2", ids[0], ids[1]),
            "{name}"
        );
        let count = format!("SELECT COUNT(DISTINCT CAST(id AS VARCHAR)) AS n FROM '{name}'");
        assert_eq!(shown(&ask(name, &text, &count).unwrap()), "n bigint\n2", "{name}");
        let one = format!("SELECT n FROM '{name}' WHERE CAST(id AS VARCHAR) = '{}'", ids[1]);
        assert_eq!(shown(&ask(name, &text, &one).unwrap()), "n bigint\n2", "{name}");
    }
    assert_eq!(all("f.csv", "d\n12345678901234567.89\n0.10\n"), "d decimal\n12345678901234567.89\n0.10");
    assert_eq!(all("f.jsonl", "{\"d\": 12345678901234567.89}"), "d decimal\n12345678901234567.89");
    assert_eq!(all("f.csv", "d\n0.30000000000000004\n1e5\n"), "d double\n0.30000000000000004\n100000");
    assert_eq!(all("f.jsonl", "{\"d\": NaN}\n{\"d\": -1.5}\n"), "d double\nNaN\n-1.5");
    let nested = "{\"a\": {\"id\": 12345678901234567890, \"l\": [1.50, null, \"é\\n\"]}}";
    assert_eq!(all("f.jsonl", nested), "a text\n{\"id\":12345678901234567890,\"l\":[1.50,null,\"é\\n\"]}");
    // More digits than SQL has: exact text, and that is said.
    let long = "1234567890123456789012345678901234567890";
    let answer = ask("f.csv", format!("id\n{long}\n"), "SELECT id FROM 'f.csv'").unwrap();
    assert_eq!(shown(&answer), format!("id varint\n{long}"));
    assert!(answer.notes[0].contains("more than 38 digits"), "{:?}", answer.notes);
}

#[test]
fn codes_are_text() {
    let text = "phone,plz,n\n+4915112345678,01067,+1\n4915112345678,-007,2\n";
    assert_eq!(
        all("f.csv", text),
        "phone text | plz text | n text\n+4915112345678 | 01067 | +1\n4915112345678 | -007 | 2"
    );
}

#[test]
fn a_line_that_could_be_read_in_two_ways_is_an_error() {
    let rule = "a quote inside quotes is written twice; `%import` with `--escape '\\'` reads \\\" as one";
    for (line, what) in [
        ("1,\"a\"x", "there is more behind a closing quote"),
        ("1,\"te\\\"xt\"", "there is more behind a closing quote"),
        ("1,\"a", "a quote of this line is not closed"),
    ] {
        assert_eq!(
            all("f.csv", format!("k,v\n0,\"b\"\n{line}\n")),
            format!("f.csv cannot be read: line 3: {what}: {rule}.")
        );
    }
    assert!(all("f.csv", "k,v\n1, \"a\"\n").contains("line 2: a quote opens behind a blank"));
    assert!(all("f.csv", "k,v\n1\n").contains("line 2: it has 1 fields, not 2"));
    assert!(all("f.csv", b"k,v\n\n1,caf\xe9\n").contains("line 3: its bytes are no UTF-8; save it as UTF-8"));
    for (line, what) in [
        ("{\"d\": 2, \"d\": 3}", "the name `d` comes twice at byte 16"),
        ("{\"d\": {\"e\": 1, \"e\": 1}}", "the name `e` comes twice at byte 22"),
    ] {
        assert_eq!(
            all("f.jsonl", format!("{{\"d\": 1}}\n{line}\n")),
            format!("f.jsonl cannot be read: line 2 is no JSON object: {what}.")
        );
    }
}

#[test]
fn quotes_marks_and_delimiters_are_those_of_a_load() {
    assert_eq!(
        all("f.csv", "k,v\n1,\"it \"\"is\"\"\"\n2,5\" disk\n"),
        "k bigint | v text\n1 | it \"is\"\n2 | 5\" disk"
    );
    assert_eq!(all("f.csv", "\u{feff}\"k\",v\n1,\"a\nb\"\n"), "k bigint | v text\n1 | a\nb");
    assert_eq!(all("f.csv", "sep=;\r\nk;v\r\n1;a,b\r\n"), "k bigint | v text\n1 | a,b");
    assert_eq!(all("f.tsv", "k\tv\n1\ta,b\n"), "k bigint | v text\n1 | a,b");
    let wide: Vec<u8> = "\u{feff}k,v\n1,é\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(all("f.csv", &wide), "k bigint | v text\n1 | é");
    assert!(all("f.csv", &wide[2..]).contains("UTF-16 without a mark"));
}

#[test]
fn null_is_told_from_what_says_so_in_quotes() {
    let asked = |text: &str, null: &str| {
        let query = format!("SELECT * FROM read_csv('f.csv', '{null}')");
        shown(&ask("f.csv", text, &query).unwrap())
    };
    assert_eq!(
        asked("k,v\n,NA\n\"\",\"NA\"\n1,\"\"\n\"NA\",x\n", "NA"),
        "k bigint | v text\nnull | null\nnull | NA\n1 | \nnull | x"
    );
    assert_eq!(asked("k,v\n0,0\n\"0\",\"0\"\n1,x\n", "0"), "k bigint | v text\nnull | null\n0 | 0\n1 | x");
    assert_eq!(all("f.csv", "k,v\n1,\n2,\"\"\n"), "k bigint | v text\n1 | null\n2 | ");
}

#[test]
fn a_file_without_names_has_no_columns() {
    for text in ["", "\n\n"] {
        assert_eq!(all("f.csv", text), "f.csv cannot be read: it has no columns.");
        assert_eq!(all("f.jsonl", text), "f.jsonl cannot be read: it has no columns.");
    }
    assert_eq!(all("f.csv", "k,v\n"), "k text | v text");
}

#[test]
fn a_file_that_changes_while_it_is_read_is_an_error_and_never_a_null() {
    use std::sync::atomic::{AtomicBool, Ordering};
    const ROWS: usize = 20_000;
    // What is a number in one version is text in the other, has more columns, or stands in another place.
    for (name, versions) in [
        ("f.jsonl", ["{\"v\": 1}\n".to_owned(), "{\"v\": \"x\"}\n".to_owned()]),
        ("f.jsonl", ["{\"v\": 1}\n".to_owned(), "{\"w\": 1, \"v\": 2}\n".to_owned()]),
        ("f.csv", ["1,x\n".to_owned(), "x,1\n".to_owned()]),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        let head = if name == "f.csv" { "v,w\n" } else { "" };
        let whole = versions.map(|line| format!("{head}{}", line.repeat(ROWS)));
        let replace = |text: &str| {
            std::fs::write(folder.path().join("new"), text).unwrap();
            std::fs::rename(folder.path().join("new"), &path).unwrap();
        };
        replace(&whole[0]);
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for version in whole.iter().cycle() {
                    if done.load(Ordering::Relaxed) {
                        break;
                    }
                    replace(version);
                    std::thread::sleep(std::time::Duration::from_millis(3));
                }
            });
            let began = std::time::Instant::now();
            let mut refused = 0;
            while refused < 5 && began.elapsed().as_secs() < 60 {
                let query = format!("SELECT COUNT(v) AS n FROM '{name}'");
                match ask_with(&[], &[], folder.path(), &query) {
                    Ok(answer) => assert_eq!(shown(&answer), format!("n bigint\n{ROWS}")),
                    Err(SqlError::File { reason, .. }) if reason.contains("it changed while it was read") => {
                        refused += 1
                    }
                    Err(error) => panic!("{error}"),
                }
            }
            done.store(true, Ordering::Relaxed);
            assert_eq!(refused, 5, "{name}");
        });
        // As it lies there now, it is read.
        let query = format!("SELECT COUNT(v) AS n FROM '{name}'");
        assert_eq!(shown(&ask_with(&[], &[], folder.path(), &query).unwrap()), format!("n bigint\n{ROWS}"));
    }
}
