//! Traces: the rows come first and the timeline behind them; nothing is traced that nobody asked to trace, and where there is
//! no trace, or not all of one, that is said and the rows are there.

use std::time::{Duration, Instant};

use cqlbook_sandbox::{Astra, Sandbox, Switch};
use cqlbook_wire::testing::{Exchange, Received};

use crate::notebook::{Notebook, database, failure};

/// A notebook with a table of 30 rows in one partition.
async fn notebook_with_rows(astra: &Astra) -> Notebook {
    let mut notebook = Notebook::connected(astra).await;
    notebook.ok("CREATE TABLE t (k int, c int, v text, PRIMARY KEY (k, c))").await;
    let rows: String =
        (0..30).map(|c| format!("INSERT INTO t (k, c, v) VALUES (1, {c}, 'v{c}'); ")).collect();
    notebook.ok(&format!("BEGIN BATCH {rows} APPLY BATCH")).await;
    notebook
}

/// The outputs as they are in the end: an update takes the place of what its output showed.
fn outputs(exchange: &Exchange) -> Vec<(String, String)> {
    let mut outputs: Vec<(String, [String; 2])> = Vec::new();
    for message in &exchange.iopub {
        let texts = ["/data/text~1plain", "/data/text~1html"].map(|place| message.text(place).to_owned());
        let id = message.text("/transient/display_id").to_owned();
        match message.msg_type.as_str() {
            "display_data" | "execute_result" => outputs.push((id, texts)),
            "update_display_data" => {
                outputs.iter_mut().find(|(known, _)| *known == id).expect("an output to update").1 = texts;
            }
            _ => {}
        }
    }
    outputs.into_iter().map(|(_, [plain, html])| (plain, html)).collect()
}

fn is_timeline(output: &(String, String)) -> bool {
    output.1.contains("cqlbook-trace") && !output.1.contains("<progress")
}

/// The id of the trace that a text names in full.
fn trace_id(text: &str) -> String {
    let is_uuid = |word: &&str| word.len() == 36 && word.split('-').map(str::len).eq([8, 4, 4, 4, 12]);
    let word = text.split(|c: char| !(c.is_ascii_hexdigit() || c == '-')).find(is_uuid);
    word.unwrap_or_else(|| panic!("no trace's id: {text}")).to_owned()
}

fn no_bar_goes_on(exchange: &Exchange) {
    for (plain, html) in outputs(exchange) {
        assert!(!html.contains("<progress"), "a bar goes on for ever: {plain}");
    }
}

#[tokio::test]
async fn the_rows_come_first_and_then_the_timeline_in_an_output_that_waited_for_it() {
    let astra = database().await;
    let mut notebook = notebook_with_rows(&astra).await;
    let exchange = notebook.ok("%%cql --trace\nSELECT * FROM t WHERE k = 1").await;
    let kinds: Vec<_> = exchange
        .iopub
        .iter()
        .filter(|message| message.content.get("data").is_some())
        .map(|message| message.msg_type.as_str())
        .collect();
    assert_eq!(kinds, ["execute_result", "display_data", "update_display_data"]);
    let outputs = outputs(&exchange);
    assert!(outputs[0].1.contains("cqlbook-rows") && outputs[0].0.contains("v29"), "{}", outputs[0].0);
    assert!(is_timeline(&outputs[1]), "{}", outputs[1].1);
    let text = &outputs[1].0;
    assert!(text.contains("coordinator") && text.contains("SELECT * FROM t WHERE k = 1"), "{text}");
    assert!(text.contains("LOCAL_QUORUM") && text.contains("dc1"), "{text}");
    assert!(!text.contains("TRACE_INCOMPLETE"), "{text}");
    no_bar_goes_on(&exchange);
}

fn failed_in_time(exchange: &Exchange) -> bool {
    exchange.error().is_some_and(|(name, _)| name == "WRITE_TIMEOUT")
}

#[tokio::test]
async fn every_kind_of_statement_has_a_trace() {
    let astra = database().await;
    let mut notebook = notebook_with_rows(&astra).await;
    notebook.ok("%trace on").await;
    notebook.ok("%param k = 1").await;
    let cells = [
        "SELECT v FROM t WHERE k = 1 AND c = 3",
        "SELECT v FROM t WHERE k = :k LIMIT 5",
        "INSERT INTO t (k, c, v) VALUES (2, 1, 'x')",
        "INSERT INTO t (k, c, v) VALUES (2, 1, 'x') IF NOT EXISTS",
        "BEGIN BATCH INSERT INTO t (k, c) VALUES (3, 1); INSERT INTO t (k, c) VALUES (4, 1); APPLY BATCH",
        "DELETE FROM t WHERE k = 2 AND c = 1",
        "CREATE TABLE made_while_traced (k int PRIMARY KEY)",
    ];
    for cell in cells {
        let mut exchange = notebook.run(cell).await;
        // On a busy machine a conditional write may not come to its end in Cassandra's time.
        while cell.contains("IF NOT EXISTS") && failed_in_time(&exchange) {
            exchange = notebook.run(cell).await;
        }
        assert_eq!(exchange.status(), "ok", "{cell}\n{}", exchange.transcript());
        let outputs = outputs(&exchange);
        assert_eq!(outputs.len(), 2, "{cell}: {}", exchange.transcript());
        assert!(is_timeline(&outputs[1]), "{cell}: {}", outputs[1].0);
    }
    let list = notebook.ok("%trace list").await;
    let text = list.plain()[0];
    assert_eq!(text.matches("t WHERE k = 1 AND c = 3").count(), 1, "{text}");
    assert!(text.contains("made_while_traced") && text.contains("BEGIN BATCH"), "{text}");
    notebook.ok("%trace off").await;
    assert_eq!(outputs(&notebook.ok(cells[0]).await).len(), 1);
}

#[tokio::test]
async fn a_trace_is_shown_again_by_its_id_the_start_of_it_its_results_name_or_an_underscore() {
    let astra = database().await;
    let mut notebook = notebook_with_rows(&astra).await;
    let first = notebook.ok("%%cql --trace\nbefore << SELECT v FROM t WHERE k = 1 AND c = 7").await;
    let id = trace_id(&outputs(&first)[1].0);
    notebook.ok("%%cql --trace\nSELECT v FROM t WHERE k = 1 AND c = 8").await;
    for word in ["__", "before", &id, &id[..8]] {
        let text = outputs(&notebook.ok(&format!("%trace show {word}")).await)[0].0.clone();
        assert!(text.contains(&id) && text.contains("c = 7"), "{word}: {text}");
    }
    for cell in ["%trace show", "%trace show _"] {
        assert!(
            outputs(&notebook.ok(cell).await)[0].0.contains("c = 7"),
            "the one that was shown last: {cell}"
        );
    }
    assert!(outputs(&notebook.ok("%trace show __").await)[0].0.contains("c = 8"));
    let shown = notebook.ok(&format!("SHOW SESSION {id}")).await;
    assert!(is_timeline(&outputs(&shown)[0]) && outputs(&shown)[0].0.contains("c = 7"), "as in cqlsh");

    // Somebody else's, by the whole id.
    let mut other = Notebook::connected(&astra).await;
    let shown = other.ok(&format!("%trace show {id}")).await;
    assert!(outputs(&shown).last().unwrap().0.contains("c = 7"), "{}", shown.transcript());
    no_bar_goes_on(&shown);
    let (name, text) = other.error(&format!("%trace show {}", &id[1..])).await;
    assert_eq!(name, "USAGE", "{text}");
    let (name, text) = other.error("%trace show 00000000-0000-1000-8000-000000000000").await;
    assert_eq!(name, "TRACE_UNAVAILABLE", "{text}");
    let (name, _) = notebook.error("%trace show ______").await;
    assert_eq!(name, "USAGE");
}

#[tokio::test]
async fn each_page_has_a_trace_and_the_first_one_is_shown() {
    let astra = database().await;
    let mut notebook = notebook_with_rows(&astra).await;
    let exchange = notebook.ok("%%cql --trace --page-size 10\nSELECT * FROM t WHERE k = 1").await;
    let outputs = outputs(&exchange);
    assert_eq!(outputs.len(), 2, "{}", exchange.transcript());
    let list = notebook.ok("%trace list").await;
    let text = list.plain()[0];
    let line = text.lines().find(|line| line.contains("page 1 of")).unwrap_or_else(|| panic!("{text}"));
    assert!(line.starts_with(&trace_id(&outputs[1].0)[..8]), "{line}");
    assert!(text.contains("page 3 of"), "{text}");
}

#[tokio::test]
async fn a_service_that_traces_nothing_still_gives_its_rows() {
    let astra = database().await;
    let mut notebook = notebook_with_rows(&astra).await;
    astra.switch(Switch::NoTracing).await.unwrap();
    let exchange = notebook.ok("%%cql --trace\nSELECT * FROM t WHERE k = 1").await;
    let outputs = outputs(&exchange);
    assert!(outputs[0].1.contains("cqlbook-rows"));
    assert!(outputs[1].0.starts_with("TRACE_UNAVAILABLE: "), "{}", outputs[1].0);
    assert!(outputs[1].0.contains("%trace off"), "{}", outputs[1].0);
    let (name, _) = notebook.error("%trace show").await;
    assert_eq!(name, "USAGE", "there is none to show");
}

#[tokio::test]
async fn a_role_that_may_not_read_traces_still_gets_its_rows() {
    let astra = database().await;
    let mut notebook = notebook_with_rows(&astra).await;
    astra.switch(Switch::RefuseTraces).await.unwrap();
    let exchange = notebook.ok("%%cql --trace\nSELECT * FROM t WHERE k = 1").await;
    let outputs = outputs(&exchange);
    assert!(outputs[0].1.contains("cqlbook-rows"));
    let text = &outputs[1].0;
    assert!(text.starts_with("TRACE_UNAVAILABLE: ") && text.contains("system_traces"), "{text}");
    assert!(text.contains("has no SELECT permission"), "the server's own words: {text}");
    no_bar_goes_on(&exchange);
}

#[tokio::test]
async fn a_trace_that_does_not_end_is_waited_for_within_bounds_and_labelled() {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    let id = unended().await;
    let asked = Instant::now();
    let exchange = notebook.ok(&format!("%trace show {id}")).await;
    assert!(asked.elapsed() < Duration::from_secs(30), "{:?}", asked.elapsed());
    let text = &outputs(&exchange).last().unwrap().0.clone();
    assert!(text.contains("TRACE_INCOMPLETE") && text.contains("Parsing SELECT 1"), "{text}");
    assert!(text.contains(&format!("%trace show {}", &id[..8])), "{text}");
    no_bar_goes_on(&exchange);
    let sandbox = Sandbox::shared().await.unwrap();
    let ended = format!("UPDATE system_traces.sessions SET duration = 9000 WHERE session_id = {id}");
    sandbox.execute(&ended).await.unwrap();
    let exchange = notebook.ok("%trace show _").await;
    let text = &outputs(&exchange).last().unwrap().0.clone();
    assert!(!text.contains("TRACE_INCOMPLETE"), "it is read again and whole: {text}");
}

#[tokio::test]
async fn a_traced_statement_without_an_answer_is_told_that_tracing_may_be_why() {
    let astra = database().await;
    let mut notebook = notebook_with_rows(&astra).await;
    astra.switch(Switch::Slow { ms: 6000 }).await.unwrap();
    let (name, text) = notebook.error("%%cql --trace --timeout 1s\nSELECT * FROM t WHERE k = 1").await;
    assert_eq!(name, "TIMEOUT", "{text}");
    assert!(text.contains("%trace off"), "{text}");
}

/// A trace in the server's tables that has begun and not ended.
async fn unended() -> String {
    let sandbox = Sandbox::shared().await.unwrap();
    let millis = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
    let tail = uuid_tail();
    let id = format!("{tail}-29bb-11f0-b345-feff819cdc9f");
    let session = format!(
        "INSERT INTO system_traces.sessions (session_id, command, coordinator, request, parameters, started_at) \
         VALUES ({id}, 'QUERY', '127.0.0.1', 'Execute CQL3 query', {{'query': 'SELECT 1'}}, {millis})"
    );
    let event = format!(
        "INSERT INTO system_traces.events (session_id, event_id, activity, source, source_elapsed, thread) \
         VALUES ({id}, now(), 'Parsing SELECT 1', '127.0.0.1', 120, 'Native-1')"
    );
    sandbox.execute(&session).await.unwrap();
    sandbox.execute(&event).await.unwrap();
    id
}

/// Eight hexadecimal digits that no other test has.
fn uuid_tail() -> String {
    let nanos = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos();
    format!("{:08x}", nanos as u32)
}

#[tokio::test]
async fn an_interrupt_ends_the_wait_for_a_trace_and_keeps_the_rows() {
    let astra = database().await;
    let mut notebook = notebook_with_rows(&astra).await;
    // So slow that the trace cannot be there when the interrupt comes.
    astra.switch(Switch::Slow { ms: 1500 }).await.unwrap();
    let cell = "%%cql --trace\nSELECT * FROM t WHERE k = 1;\nSELECT * FROM t WHERE k = 2";
    let request = notebook.frontend.start(cell).await;
    let waits = |message: &Received| message.text("/data/text~1plain").contains("Waiting for the trace");
    let rows = |message: &Received| message.text("/data/text~1html").contains("cqlbook-rows");
    let rows = notebook.frontend.until(&request, rows).await;
    let waiting = notebook.frontend.until(&request, waits).await;
    assert!(rows.at <= waiting.at, "the rows did not wait for the trace");
    notebook.frontend.interrupt().await;
    let mut exchange = notebook.frontend.finish(&request).await;
    exchange.iopub.extend([rows, waiting]);
    exchange.iopub.sort_by_key(|message| message.at);
    let (name, text) = failure(cell, &exchange);
    assert_eq!(name, "INTERRUPTED");
    assert!(text.contains("Only the wait for its trace was ended"), "{text}");
    no_bar_goes_on(&exchange);
    let left = outputs(&exchange).last().unwrap().0.clone();
    assert!(left.starts_with("Stopped.") && left.contains("%trace show "), "{left}");
    astra.reset().await.unwrap();
    assert!(notebook.ok("%show _").await.plain()[0].contains("v29"), "the rows are kept");
    let shown = notebook.ok("%trace show").await;
    assert!(is_timeline(outputs(&shown).last().unwrap()), "it is read later: {}", shown.transcript());
}

#[tokio::test]
async fn without_tracing_nothing_is_asked_for_and_reading_traces_is_not_traced() {
    let astra = database().await;
    let mut notebook = notebook_with_rows(&astra).await;
    assert_eq!(astra.facts().await.unwrap().traced(), 0);
    notebook.ok("%%cql --trace\nSELECT * FROM t WHERE k = 1").await;
    assert_eq!(
        astra.facts().await.unwrap().traced(),
        1,
        "the statement, and nothing of what reads its trace"
    );
    // The driver reads the system tables whenever the schema has changed, which other tests on the same nodes do all the time;
    // between some of these cells it does not.
    let mut fewest = u64::MAX;
    for round in 0..40 {
        let before = astra.facts().await.unwrap().requests();
        notebook.ok("SELECT * FROM t WHERE k = 1").await;
        fewest = fewest.min(astra.facts().await.unwrap().requests() - before);
        if fewest == 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20 * round)).await;
    }
    assert_eq!(fewest, 1, "the statement, and no trace is read");
    assert_eq!(astra.facts().await.unwrap().traced(), 1);
}

#[tokio::test]
async fn completion_offers_the_traces() {
    let astra = database().await;
    let mut notebook = notebook_with_rows(&astra).await;
    let exchange = notebook.ok("%%cql --trace\nSELECT v FROM t WHERE k = 1 AND c = 7").await;
    let id = trace_id(&outputs(&exchange)[1].0);
    let line = "%trace show ";
    let content = serde_json::json!({"code": line, "cursor_pos": line.len()});
    let reply = notebook.frontend.request(cqlbook_wire::Channel::Shell, "complete_request", content).await;
    let matches = reply.content()["matches"].to_string();
    assert!(matches.contains(&id[..8]), "{matches}");
}

#[tokio::test]
async fn two_traces_are_compared_step_by_step() {
    let astra = database().await;
    let mut notebook = notebook_with_rows(&astra).await;
    notebook.ok("%%cql --trace --into one\nSELECT v FROM t WHERE k = 1 AND c = 7").await;
    notebook.ok("%%cql --trace --into all\nSELECT v FROM t WHERE v = 'v7' ALLOW FILTERING").await;
    for cell in ["%trace compare one all", "%trace compare __ _"] {
        let exchange = notebook.ok(cell).await;
        let outputs = outputs(&exchange);
        assert_eq!(outputs.len(), 1, "{}", exchange.transcript());
        let (plain, html) = &outputs[0];
        assert!(html.contains("cqlbook-trace"), "{html}");
        assert!(plain.contains("ms") && plain.lines().count() > 3, "{plain}");
    }
    let (name, _) = notebook.error("%trace compare one nothing").await;
    assert_eq!(name, "USAGE");
    let (name, _) = notebook.error("%trace compare one").await;
    assert_eq!(name, "USAGE", "two are needed");
}

#[tokio::test]
async fn a_read_is_repeated_and_its_durations_are_drawn() {
    let astra = database().await;
    let mut notebook = notebook_with_rows(&astra).await;
    notebook.ok("%param c = 7").await;
    let exchange =
        notebook.ok("%%cql --trace --repeat 5 --into usual\nSELECT v FROM t WHERE k = 1 AND c = :c").await;
    let outputs = outputs(&exchange);
    assert_eq!(outputs.len(), 2, "rows, then the distribution: {}", exchange.transcript());
    assert!(outputs[0].1.contains("cqlbook-rows") && outputs[0].0.contains("v7"), "{}", outputs[0].0);
    let text = &outputs[1].0;
    assert!(text.contains("5 runs") && text.contains("median") && text.contains("slowest"), "{text}");
    assert!(text.contains("coordinator"), "with timelines: {text}");
    no_bar_goes_on(&exchange);
    let list = notebook.ok("%trace list").await;
    let line = list.plain()[0].lines().find(|line| line.contains("median of 5 runs")).unwrap_or_default();
    assert!(line.contains("usual") && line.contains('_'), "{}", list.plain()[0]);
    assert!(is_timeline(&self::outputs(&notebook.ok("%trace show usual").await)[0]));
}

#[tokio::test]
async fn only_reads_are_repeated_and_a_refusal_sends_nothing() {
    let astra = database().await;
    let mut notebook = notebook_with_rows(&astra).await;
    let cells = [
        "%%cql --trace --repeat 5\nSELECT * FROM t WHERE k = 1;\nINSERT INTO t (k, c) VALUES (9, 9)",
        "%%cql --repeat 5\nSELECT * FROM t WHERE k = 1",
        "%%cql --trace --repeat 1\nSELECT * FROM t WHERE k = 1",
        "%%cql --trace --repeat 100000\nSELECT * FROM t WHERE k = 1",
        "%%cql --trace --repeat many\nSELECT * FROM t WHERE k = 1",
    ];
    for cell in cells {
        let exchange = notebook.run(cell).await;
        let (name, text) = failure(cell, &exchange);
        assert_eq!(name, "USAGE", "{cell}: {text}");
        assert!(outputs(&exchange).is_empty(), "{cell}: {}", exchange.transcript());
    }
    assert!(notebook.ok("SELECT c FROM t WHERE k = 9").await.plain()[0].contains("0 rows"));
}

#[tokio::test]
async fn a_trace_is_written_in_the_format_of_the_files_ending_and_never_half() {
    let astra = database().await;
    let mut notebook = notebook_with_rows(&astra).await;
    notebook.ok("%%cql --trace\nSELECT v FROM t WHERE k = 1 AND c = 7").await;
    for file in ["t.json", "t.otlp.json", "t.csv"] {
        let said = notebook.ok(&format!("%trace export _ {file}")).await;
        assert!(said.plain().last().unwrap().starts_with("wrote "), "{}", said.transcript());
    }
    let read = |file: &str| std::fs::read_to_string(notebook.folder.path().join(file)).unwrap();
    let chrome: serde_json::Value = serde_json::from_str(&read("t.json")).unwrap();
    let events = chrome["traceEvents"].as_array().expect("Chrome's trace format");
    let lanes = events.iter().filter(|event| event["name"] == "process_name");
    assert!(lanes.count() >= 2, "the nodes have names: {chrome}");
    let otlp: serde_json::Value = serde_json::from_str(&read("t.otlp.json")).unwrap();
    assert!(otlp["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["traceId"].is_string(), "{otlp}");
    let csv = read("t.csv");
    assert!(csv.lines().count() > 5 && csv.lines().next().unwrap().contains("activity"), "{csv}");

    let (name, text) = notebook.error("%trace export _ t.csv").await;
    assert_eq!(name, "FILE_EXISTS", "{text}");
    notebook.ok("%trace export _ t.csv --force").await;
    let (name, _) = notebook.error("%trace export _ t.txt").await;
    assert_eq!(name, "USAGE");
    let (name, _) = notebook.error("%trace export _ nowhere/t.csv").await;
    assert_eq!(name, "EXPORT_FAILED");
    let mut left: Vec<_> = std::fs::read_dir(notebook.folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains("t."))
        .collect();
    left.sort();
    assert_eq!(left, ["t.csv", "t.json", "t.otlp.json"], "nothing half-written is left");
}
