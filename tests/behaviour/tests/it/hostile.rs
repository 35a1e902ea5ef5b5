//! A hostile node behind a good connection: whatever it answers, a cell ends in words, and the next one runs.

use std::time::{Duration, Instant};

use cqlbook_sandbox::{Astra, Switch};

use crate::notebook::{Notebook, database};

/// The opcodes of responses in protocol v4.
const ERROR: u8 = 0x00;
const AUTHENTICATE: u8 = 0x03;
const RESULT: u8 = 0x08;
const EVENT: u8 = 0x0C;
/// What stands in each statement that the hostile node answers.
const WORD: &str = "of_a_stranger";
/// More than a kernel that has read a small answer may have taken.
const PEAK: u64 = 700 << 20;

/// A message for the request that asked, or, for an event, for nobody.
fn message(opcode: u8, flags: u8, body: &[u8]) -> Vec<u8> {
    let stream: i16 = if opcode == EVENT { -1 } else { 0 };
    let mut message = vec![0x84, flags];
    message.extend(stream.to_be_bytes());
    message.push(opcode);
    message.extend(u32::try_from(body.len()).unwrap().to_be_bytes());
    message.extend_from_slice(body);
    message
}

fn text(body: &mut Vec<u8>, text: &str) {
    body.extend(u16::try_from(text.len()).unwrap().to_be_bytes());
    body.extend_from_slice(text.as_bytes());
}

/// Rows of one column; with a state, more follow behind it.
fn rows(kind: &[u8], state: Option<&[u8]>, cells: &[&[u8]]) -> Vec<u8> {
    let flags: u32 = if state.is_some() { 3 } else { 1 };
    let mut body = [2_u32, flags, 1].map(u32::to_be_bytes).concat();
    if let Some(state) = state {
        body.extend(u32::try_from(state.len()).unwrap().to_be_bytes());
        body.extend_from_slice(state);
    }
    for name in ["ks", "t", "c"] {
        text(&mut body, name);
    }
    body.extend_from_slice(kind);
    body.extend(u32::try_from(cells.len()).unwrap().to_be_bytes());
    for cell in cells {
        body.extend(u32::try_from(cell.len()).unwrap().to_be_bytes());
        body.extend_from_slice(cell);
    }
    message(RESULT, 0, &body)
}

/// From now on the node answers statements with [`WORD`] by these messages.
async fn answers(astra: &Astra, messages: &[Vec<u8>], times: u32) {
    answers_to(astra, WORD, messages, times).await;
}

/// The same for statements with another word.
async fn answers_to(astra: &Astra, word: &str, messages: &[Vec<u8>], times: u32) {
    let (containing, messages) = (word.to_owned(), messages.to_vec());
    astra.switch(Switch::Answers { containing, messages, times }).await.unwrap();
}

async fn connected_to(astra: &Astra) -> Notebook {
    // The front reads statements of connections without compression only, which are those that are opened after the switch.
    answers(astra, &[message(ERROR, 0, &[0, 0, 0x22, 0, 0, 2, b'n', b'o'])], 1).await;
    let mut notebook = Notebook::connected(astra).await;
    let (name, told) = notebook.error(&format!("SELECT * FROM {WORD}")).await;
    assert!(name == "INVALID_QUERY" && told.contains("no"), "the node is hostile: {name}: {told}");
    notebook
}

/// The kernel answers a good statement, has not grown beyond use, and nothing was a fault of its own.
async fn goes_on(notebook: &mut Notebook, what: &str, ename: &str) {
    assert_ne!(ename, "INTERNAL_ERROR", "{what}");
    let started = Instant::now();
    let next = notebook.ok("SELECT key FROM system.local").await;
    assert!(next.plain().join("").contains("local"), "{what}");
    assert!(
        started.elapsed() < Duration::from_secs(30),
        "{what}: the next cell took {:?}",
        started.elapsed()
    );
    let peak = notebook.peak_bytes();
    assert!(peak < PEAK, "{what}: {} MiB", peak >> 20);
}

#[tokio::test]
async fn a_page_that_leads_to_itself_is_not_read_for_ever() {
    let astra = database().await;
    let mut notebook = connected_to(&astra).await;
    answers(&astra, &[rows(&[0, 9], Some(b"here"), &[&[0, 0, 0, 1], &[0, 0, 0, 2]])], 1).await;
    let select = format!("SELECT c FROM {WORD}");
    for cell in [format!("%%cql --all\n{select}"), format!("%%export circle.csv\n{select}")] {
        let (name, told) = notebook.error(&cell).await;
        assert_eq!(name, "SERVER_ERROR", "{cell}: {told}");
        assert!(told.contains("leads in a circle"), "{cell}: {told}");
    }
    assert!(!notebook.folder.path().join("circle.csv").exists(), "no file of doubled rows is left");
    // A result that was cut before keeps what it has.
    notebook.ok(&format!("%%cql --fetch-rows 2 --into kept\n{select}")).await;
    for _ in 0..2 {
        let (name, told) = notebook.error("%more kept").await;
        assert_eq!(name, "SERVER_ERROR", "{told}");
        assert!(told.contains("leads in a circle"), "{told}");
    }
    let kept = notebook.ok("%show kept").await;
    assert!(kept.plain().join("").contains("2 rows"), "{}", kept.transcript());
    goes_on(&mut notebook, "a circle", "").await;
}

#[tokio::test]
async fn whatever_a_node_answers_the_cell_ends_in_words_and_the_next_one_runs() {
    let astra = database().await;
    let mut notebook = connected_to(&astra).await;
    notebook.ok("CREATE TABLE here (k int PRIMARY KEY)").await;
    let of_count = |count: u32| {
        let mut body = [2_u32, 1, count].map(u32::to_be_bytes).concat();
        ["ks", "t", "c"].into_iter().for_each(|name| text(&mut body, name));
        body.extend_from_slice(&[0, 9]);
        message(RESULT, 0, &body)
    };
    let class = |name: &str| {
        let mut kind = vec![0, 0];
        text(&mut kind, name);
        kind
    };
    let use_of = |keyspace: &str| {
        let mut body = 3_u32.to_be_bytes().to_vec();
        text(&mut body, keyspace);
        message(RESULT, 0, &body)
    };
    let nested = |depth: usize| [[0, 0x20].repeat(depth), vec![0, 9]].concat();
    let mut promise = message(RESULT, 0, &[0; 4]);
    promise[5..9].copy_from_slice(&u32::MAX.to_be_bytes());
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("a column count beyond all", of_count(0x7fff_ffff)),
        ("a column count below zero", of_count(0xffff_ffff)),
        ("types in each other", rows(&nested(200_000), None, &[])),
        ("types at the limit", rows(&nested(60), None, &[&[0, 0, 0, 0]])),
        ("a class in classes", rows(&class(&"ListType(".repeat(6_000)), None, &[])),
        ("a class that is none", rows(&class("a.b.<script>alert(1)</script>"), None, &[b"x"])),
        ("an int of three bytes", rows(&[0, 9], None, &[&[1, 2, 3]])),
        ("a list whose count lies", rows(&nested(1), None, &[&[0x7f, 0xff, 0xff, 0xff]])),
        ("a text that is no UTF-8", rows(&[0, 13], None, &[&[0xff, 0xfe]])),
        ("a message of nothing", message(RESULT, 0, &[])),
        ("a kind of result that is not", message(RESULT, 0, &[0, 0, 0, 99])),
        ("an error of nothing", message(ERROR, 0, &[])),
        ("an error whose text is longer than it", message(ERROR, 0, &[0, 0, 0x22, 0, 0xff, 0xff, b'x'])),
        ("a question for a password", message(AUTHENTICATE, 0, &[0, 1, b'x'])),
        ("a message of no kind", message(0x55, 0, &[1, 2, 3])),
        ("a keyspace nobody asked for", use_of("\"x\"; DROP <img src=x onerror=alert(1)>")),
        ("a keyspace without a name", use_of("")),
        ("warnings that are not there", message(RESULT, 8, &[0xff, 0xff, 0, 1])),
        ("compression that is none", message(RESULT, 1, &[0xff; 64])),
        ("a promise of 4 GB", promise),
    ];
    for (what, answer) in cases {
        answers(&astra, &[answer], 1).await;
        let cell = notebook.run(&format!("%%cql --timeout 5s\nSELECT c FROM {WORD}")).await;
        let shown = cell.transcript();
        assert!(!shown.contains("<script>") && !shown.contains("<img"), "{what}: {shown}");
        let name = cell.content()["ename"].as_str().unwrap_or_default().to_owned();
        goes_on(&mut notebook, what, &name).await;
    }
    // Nobody was moved to another keyspace.
    notebook.ok("SELECT k FROM here").await;
}

#[tokio::test]
async fn a_flood_of_events_and_of_answers_that_nobody_asked_for_is_passed_over() {
    let astra = database().await;
    let mut notebook = connected_to(&astra).await;
    let mut schema = Vec::new();
    ["SCHEMA_CHANGE", "CREATED", "TABLE", "ks", "t"].into_iter().for_each(|part| text(&mut schema, part));
    let mut topology = Vec::new();
    ["TOPOLOGY_CHANGE", "NEW_NODE"].into_iter().for_each(|part| text(&mut topology, part));
    topology.extend_from_slice(&[4, 10, 0, 0, 1, 0, 0, 0x23, 0x52]);
    let mut status = Vec::new();
    ["STATUS_CHANGE", "DOWN"].into_iter().for_each(|part| text(&mut status, part));
    status.extend_from_slice(&[4, 127, 0, 0, 1, 0, 0, 0x23, 0x52]);
    let flood: Vec<_> = [schema, topology, status].iter().map(|body| message(EVENT, 0, body)).collect();
    let answer = rows(&[0, 9], None, &[&[0, 0, 0, 1]]);
    for (what, round, times) in [
        ("events", flood.clone(), 30_000),
        ("one answer often", vec![answer.clone()], 30_000),
        ("events that are none", vec![message(EVENT, 0, &[0xff; 40])], 1_000),
    ] {
        answers(&astra, &round, times).await;
        let cell = notebook.run(&format!("%%cql --timeout 10s\nSELECT c FROM {WORD}")).await;
        let name = cell.content()["ename"].as_str().unwrap_or_default().to_owned();
        goes_on(&mut notebook, what, &name).await;
    }
}

/// User-defined types of one keyspace, each of which has the next one for its field.
fn chain_of_types(length: usize) -> Vec<u8> {
    let mut body = [2_u32, 1, 4].map(u32::to_be_bytes).concat();
    ["system_schema", "types"].into_iter().for_each(|name| text(&mut body, name));
    let texts: &[u8] = &[0, 0x20, 0, 13];
    for (name, kind) in [
        ("keyspace_name", &[0, 13][..]),
        ("type_name", &[0, 13]),
        ("field_names", texts),
        ("field_types", texts),
    ] {
        text(&mut body, name);
        body.extend_from_slice(kind);
    }
    let cell = |body: &mut Vec<u8>, parts: &[&[u8]]| {
        let length: usize = parts.iter().map(|part| part.len()).sum();
        body.extend(u32::try_from(length).unwrap().to_be_bytes());
        parts.iter().for_each(|part| body.extend_from_slice(part));
    };
    let list_of = |body: &mut Vec<u8>, item: &str| {
        let length = u32::try_from(item.len()).unwrap().to_be_bytes();
        cell(body, &[&[0, 0, 0, 1], &length, item.as_bytes()]);
    };
    body.extend(u32::try_from(length).unwrap().to_be_bytes());
    for at in 0..length {
        cell(&mut body, &[b"chain"]);
        cell(&mut body, &[format!("t{at}").as_bytes()]);
        list_of(&mut body, "f");
        list_of(&mut body, &format!("frozen<t{}>", at + 1));
    }
    message(RESULT, 0, &body)
}

/// Who follows types into each other on the stack has none left at the end of such a chain.
#[tokio::test]
async fn a_chain_of_types_of_any_length_ends_no_notebook() {
    let astra = database().await;
    let mut notebook = connected_to(&astra).await;
    notebook.ok("CREATE TABLE here (k int PRIMARY KEY)").await;
    for length in [40_000, 300_000] {
        answers_to(&astra, "system_schema.types", &[chain_of_types(length)], 1).await;
        // What is altered is read again, and what is connected anew reads everything.
        notebook.ok(&format!("ALTER TABLE here ADD v{length} int")).await;
        let mut other = Notebook::connected(&astra).await;
        for notebook in [&mut notebook, &mut other] {
            notebook.ok("SELECT k FROM here").await;
            notebook.run("here?").await;
            goes_on(notebook, &format!("a chain of {length}"), "").await;
        }
    }
}

#[tokio::test]
async fn a_node_that_lies_about_the_schema_ends_no_notebook() {
    let astra = database().await;
    let mut notebook = connected_to(&astra).await;
    notebook.ok("CREATE TABLE t (k int PRIMARY KEY, v text)").await;
    notebook.ok("INSERT INTO t (k, v) VALUES (1, 'here')").await;
    let deep = "frozen<list<".repeat(50_000);
    let lies = [
        ("garbage", message(RESULT, 0, &[0xff; 200])),
        ("no columns at all", message(RESULT, 0, &[0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9])),
        ("another table's rows", rows(&[0, 13], None, &[b"x", &[0xff]])),
        ("a type without an end", rows(&[0, 13], None, &[&deep.as_bytes()[..60_000]])),
        ("an error", message(ERROR, 0, &[0, 0, 0, 0, 0, 1, b'x'])),
    ];
    for table in ["system_schema.columns", "system_schema.types", "system_schema.tables"] {
        let before = astra.facts().await.unwrap().requests_refused;
        for (number, (what, lie)) in lies.iter().enumerate() {
            answers_to(&astra, table, std::slice::from_ref(lie), 1).await;
            // Whatever is altered, its keyspace is read again.
            let name = format!("{}_{number}", table.replace('.', "_"));
            let cell = notebook.run(&format!("%%cql --timeout 20s\nALTER TABLE t ADD {name} int")).await;
            let ename = cell.content()["ename"].as_str().unwrap_or_default();
            assert_ne!(ename, "INTERNAL_ERROR", "{table}, {what}: {}", cell.transcript());
            let row = notebook.ok("SELECT v FROM t WHERE k = 1").await;
            assert!(row.plain().join("").contains("here"), "{table}, {what}: {}", row.transcript());
            notebook.run("t?").await;
            assert!(notebook.peak_bytes() < PEAK, "{table}, {what}: {} MiB", notebook.peak_bytes() >> 20);
        }
        let lied = astra.facts().await.unwrap().requests_refused - before;
        assert!(lied >= lies.len() as u64, "{table}: only {lied} lies were told");
    }
    astra.reset().await.unwrap();
    notebook.ok("ALTER TABLE t ADD at_last int").await;
    let described = notebook.ok("DESCRIBE TABLE t").await;
    assert!(described.transcript().contains("at_last"), "{}", described.transcript());
}
