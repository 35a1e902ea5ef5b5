//! Cells: steps in order, the first failure ends, settings, guards, interrupts.

use std::time::{Duration, Instant};

use cqlbook_sandbox::Switch;

use crate::notebook::{Notebook, database, failure};

#[tokio::test]
async fn steps_run_in_order_each_with_an_output_of_its_own() {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    let cell = notebook
        .ok("CREATE TABLE t (id int PRIMARY KEY, name text); -- a comment; with a semicolon\n\
             INSERT INTO t (id, name) VALUES (1, 'one; two');\n\
             CONSISTENCY LOCAL_ONE\n\
             SELECT * FROM t")
        .await;
    let outputs = cell.plain();
    assert_eq!(outputs.len(), 3, "{}", cell.transcript());
    assert!(outputs[0].contains("Created table"), "{}", outputs[0]);
    assert!(outputs[2].contains("one; two"), "{}", outputs[2]);
    assert_eq!(cell.stdout(), "Consistency level set to LOCAL_ONE.\n");
    assert_eq!(cell.published("execute_result").count(), 1, "the last rows are the cell's result");
}

#[tokio::test]
async fn the_first_failure_ends_the_cell_and_what_was_shown_stays() {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    let cell = "SELECT key FROM system.local;\nSELEC 1;\nSELECT key FROM system.local;";
    let exchange = notebook.run(cell).await;
    let (name, text) = failure(cell, &exchange);
    assert_eq!(name, "SYNTAX_ERROR");
    assert!(text.contains("statement 2 of 3"), "{text}");
    assert!(text.contains("SELEC 1"), "{text}");
    assert_eq!(exchange.plain().len(), 1, "the first statement's rows stay");

    notebook.ok("%set stop_on_error off").await;
    let exchange = notebook.run(cell).await;
    assert_eq!(exchange.plain().len(), 2, "the third statement ran too");
    assert_eq!(failure(cell, &exchange).0, "SYNTAX_ERROR", "the reply still says that something failed");
}

#[tokio::test]
async fn rows_say_who_answered_at_which_level_and_whether_there_are_more() {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    notebook.ok("CREATE TABLE t (k int, c int, v text static, w double, PRIMARY KEY (k, c))").await;
    for c in 0..12 {
        notebook.ok(&format!("INSERT INTO t (k, c, v, w) VALUES (1, {c}, 'v', 0.5)")).await;
    }
    notebook.ok("%set fetch_rows 10").await;
    notebook.ok("%set display_rows 4").await;
    let cell = notebook.ok("SELECT * FROM t").await;
    let html = cell.html()[0];
    assert!(html.contains("cqlbook-rows"), "{html}");
    for text in ["partition", "clustering", "static", "int", "double", "LOCAL_QUORUM", "127.", "more"] {
        assert!(html.contains(text), "{text} is not in {html}");
    }
    assert!(html.contains("4") && html.contains("10"), "rows shown of rows fetched: {html}");
    let all = notebook.ok("%%cql --all\nSELECT * FROM t").await;
    assert!(all.plain()[0].contains("12"), "{}", all.plain()[0]);
}

#[tokio::test]
async fn every_node_of_the_data_centre_coordinates() {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..24 {
        let cell = notebook.ok("SELECT host_id FROM system.local").await;
        let html = cell.html()[0].to_owned();
        for host_id in &astra.info().host_ids {
            if html.contains(&host_id.to_string()) {
                seen.insert(*host_id);
            }
        }
    }
    assert_eq!(seen.len(), 3, "queries reached {seen:?} of {:?}", astra.info().host_ids);
}

#[tokio::test]
async fn bind_variables_are_sent_as_typed_values() {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    notebook.ok("CREATE TABLE t (day date, name text, n int, PRIMARY KEY (day, name))").await;
    notebook.ok("%param day = '2013-01-01'").await;
    notebook.ok("%param name = 'it''s; DROP TABLE t'").await;
    notebook.ok("INSERT INTO t (day, name, n) VALUES (:day, :name, 7)").await;
    let cell = notebook.ok("SELECT n, name FROM t WHERE day = :day AND name = :name").await;
    assert!(cell.plain()[0].contains("it's; DROP TABLE t"), "{}", cell.plain()[0]);
    let (name, text) = notebook.error("SELECT * FROM t WHERE day = :when").await;
    assert_eq!(name, "INVALID_QUERY");
    assert!(text.contains("%param when"), "{text}");
    // Of a name that says so the value is shown nowhere, and sent all the same.
    let cell = notebook.ok("%param db_password = 'hunter2'\n%param db_password\n%param").await;
    let seen = [cell.plain(), cell.html()].concat().join("\n");
    assert!(seen.contains(":db_password = ••••••••") && !seen.contains("hunter2"), "{seen}");
    notebook.ok("INSERT INTO t (day, name, n) VALUES (:day, :db_password, 8)").await;
    let cell = notebook.ok("SELECT n FROM t WHERE day = :day AND name = 'hunter2'").await;
    assert!(cell.plain()[0].contains('8'), "{}", cell.plain()[0]);
    let (_, text) = notebook.error("SELECT * FROM t WHERE day = :db_password").await;
    assert!(text.contains("does not fit.") && !text.contains("hunter2"), "{text}");
}

#[tokio::test]
async fn what_destroys_asks_first() {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    notebook.ok("CREATE TABLE t (id int PRIMARY KEY)").await;
    notebook.frontend.answer("n");
    let (name, _) = notebook.error("DROP TABLE t").await;
    assert_eq!(name, "CONFIRMATION_REQUIRED");
    let request = notebook.start_without_prompts("TRUNCATE t").await;
    let exchange = notebook.frontend.finish(&request).await;
    let (name, text) = failure("TRUNCATE t", &exchange);
    assert_eq!(name, "CONFIRMATION_REQUIRED");
    assert!(text.contains("%%cql --yes"), "{text}");
    notebook.ok("%%cql --yes\nTRUNCATE t").await;
    // Stopped at the question, nothing was sent, and nothing else is said.
    std::fs::write(notebook.folder.path().join("drop.cql"), "DROP TABLE t;\n").unwrap();
    for cell in ["DROP TABLE t", "SOURCE 'drop.cql'"] {
        let request = notebook.frontend.start(cell).await;
        notebook.frontend.until(&request, |message| message.msg_type == "input_request").await;
        notebook.frontend.interrupt().await;
        let (name, text) = failure(cell, &notebook.frontend.finish(&request).await);
        assert!(name == "INTERRUPTED" && text.contains("was not sent"), "{text}");
        assert!(!text.contains("carried out") && !text.contains("may have"), "{text}");
    }
    notebook.frontend.answer("y");
    notebook.ok("DROP TABLE t").await;
}

#[tokio::test]
async fn a_truncate_is_repeated_once_where_a_replica_has_not_heard_of_the_table() {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    notebook.ok("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t (id) VALUES (1)").await;
    astra.switch(Switch::TruncateFails { times: 1 }).await.unwrap();
    notebook.ok("%%cql --yes\nTRUNCATE t").await;
    assert!(notebook.ok("SELECT * FROM t").await.plain()[0].contains("0 rows"));
    astra.switch(Switch::TruncateFails { times: 2 }).await.unwrap();
    let (name, text) = notebook.error("%%cql --yes\nTRUNCATE t").await;
    assert_eq!(name, "TRUNCATE_ERROR");
    assert!(text.contains("failed on replica") && text.contains("know the table"), "{text}");
}

#[tokio::test]
async fn an_interrupt_ends_a_prompt_and_the_kernel_goes_on() {
    let mut notebook = Notebook::open().await;
    let request = notebook.frontend.start("%connect astra").await;
    notebook.frontend.until(&request, |message| message.msg_type == "input_request").await;
    let asked = Instant::now();
    notebook.frontend.interrupt().await;
    let exchange = notebook.frontend.finish(&request).await;
    assert_eq!(failure("%connect astra", &exchange).0, "INTERRUPTED");
    assert!(asked.elapsed() < Duration::from_secs(5));
    let (name, _) = notebook.error("SELECT 1").await;
    assert_eq!(name, "NOT_CONNECTED", "the kernel answers");
}

#[tokio::test]
async fn an_open_quote_is_shown_where_it_was_opened() {
    let mut notebook = Notebook::open().await;
    let (name, text) = notebook.error("SELECT a FROM t\nWHERE b = 'open").await;
    assert_eq!(name, "UNTERMINATED");
    assert!(text.contains("WHERE b = 'open") && text.contains('^'), "{text}");
}

#[tokio::test]
async fn unknown_magics_and_options_name_the_nearest() {
    let mut notebook = Notebook::open().await;
    let (name, text) = notebook.error("%conect astra").await;
    assert_eq!(name, "UNKNOWN_MAGIC");
    assert!(text.contains("%connect"), "{text}");
    let (name, text) = notebook.error("%connect astra --bundel x.zip").await;
    assert_eq!(name, "USAGE");
    assert!(text.contains("--bundle"), "{text}");
}

#[tokio::test]
async fn settings_can_be_read_and_set() {
    let mut notebook = Notebook::open().await;
    let cell = notebook.ok("%set").await;
    for name in ["consistency", "fetch_rows", "display_rows", "timezone", "stop_on_error"] {
        assert!(cell.plain()[0].contains(name), "{name} is not listed: {}", cell.plain()[0]);
    }
    notebook.ok("%set timezone Europe/Berlin").await;
    let (name, text) = notebook.error("%set consistancy ONE").await;
    assert_eq!(name, "USAGE");
    assert!(text.contains("consistency"), "{text}");
}

#[tokio::test]
async fn shell_commands_answer_in_cqlshs_words() {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    notebook.ok("CREATE TABLE t (id int PRIMARY KEY, name text)").await;
    let cell = notebook.ok("CONSISTENCY\nSERIAL CONSISTENCY\nTRACING\nPAGING 100\nEXPAND ON").await;
    assert_eq!(
        cell.stdout(),
        "Current consistency level is LOCAL_QUORUM.\n\
         Current serial consistency level is LOCAL_SERIAL.\n\
         Tracing is currently disabled. Use TRACING ON to enable.\n\
         Page size: 100\n\
         Now Expanded output is enabled\n"
    );
    let cell =
        notebook.ok("SELECT * FROM t; INSERT INTO t (id, name) VALUES (1, 'one'); SELECT * FROM t").await;
    assert!(cell.plain()[2].contains("@ Row 1"), "{}", cell.plain()[2]);
    let cell = notebook.ok("DESCRIBE TABLE t").await;
    assert!(
        cell.stdout().starts_with(&format!("CREATE TABLE {}.t (", astra.keyspace())),
        "{}",
        cell.stdout()
    );
    let cell = notebook.ok("DESC TABLES").await;
    assert_eq!(cell.stdout(), "t\n", "the keyspace in use has no heading, as in cqlsh");
}

#[tokio::test]
async fn a_password_behind_login_is_refused_and_not_shown_again() {
    let mut notebook = Notebook::open().await;
    let (name, text) = notebook.error("LOGIN ada 's3cr3tv4lue'; SHOW VERSION").await;
    assert_eq!(name, "USAGE");
    assert!(!text.contains("s3cr3tv4lue"), "{text}");
}
