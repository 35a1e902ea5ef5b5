//! Guard rails: what asks first, what only reads, full scans, and errors that lead to key or index.

use crate::notebook::{Notebook, database, failure};

/// A notebook with tables of one and of two partition key columns.
async fn with_tables() -> Notebook {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    notebook
        .ok("CREATE TABLE orders (customer text, id int, total int, tags set<text>, labels map<text, text>, PRIMARY KEY (customer, id));\n\
             CREATE TABLE by_day (day date, hour int, id int, note text, PRIMARY KEY ((day, hour), id));\n\
             INSERT INTO orders (customer, id, total) VALUES ('ada', 1, 5);")
        .await;
    notebook
}

#[tokio::test]
async fn whole_partitions_ask_first_also_in_batches() {
    let mut notebook = with_tables().await;
    for cell in [
        "DELETE FROM orders WHERE customer = 'ada'",
        "BEGIN BATCH INSERT INTO orders (customer, id) VALUES ('b', 1); DELETE FROM orders WHERE customer = 'ada'; APPLY BATCH",
        "DELETE FROM by_day WHERE day = '2026-01-01' AND hour IN (1, 2)",
        "TRUNCATE orders",
        "DROP TABLE orders",
    ] {
        let request = notebook.start_without_prompts(cell).await;
        let exchange = notebook.frontend.finish(&request).await;
        let (name, text) = failure(cell, &exchange);
        assert_eq!(name, "CONFIRMATION_REQUIRED", "{cell}");
        assert!(text.contains("Nothing was sent.") && text.contains("`%%cql --yes`"), "{text}");
    }
    for cell in [
        "DELETE FROM orders WHERE customer = 'ada' AND id = 7",
        "DELETE total FROM orders WHERE customer = 'ada' AND id = 7",
        "DELETE FROM by_day WHERE day = '2026-01-01' AND hour = 1 AND id > 5",
        "BEGIN BATCH DELETE FROM orders WHERE customer = 'ada' AND id = 7; APPLY BATCH",
        "%%cql --yes\nDELETE FROM orders WHERE customer = 'nobody'",
        "%set confirm off\nDELETE FROM orders WHERE customer = 'nobody'\n",
    ] {
        let request = notebook.start_without_prompts(cell).await;
        let exchange = notebook.frontend.finish(&request).await;
        assert_eq!(exchange.status(), "ok", "{cell}\n{}", exchange.transcript());
    }
}

#[tokio::test]
async fn a_file_asks_too() {
    let mut notebook = with_tables().await;
    std::fs::write(notebook.folder.path().join("drop.cql"), "DROP TABLE orders;").unwrap();
    notebook.frontend.answer("n");
    let (name, text) = notebook.error("SOURCE 'drop.cql'").await;
    assert!(name == "CONFIRMATION_REQUIRED" && text.contains("drop.cql, line 1"), "{text}");
    notebook.ok("%%cql --yes\nSOURCE 'drop.cql'").await;
}

#[tokio::test]
async fn only_reads_are_sent_where_that_was_asked_for() {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    notebook.ok("CREATE TABLE t (id int PRIMARY KEY)").await;
    notebook.ok("%set read_only on").await;
    for cell in [
        "INSERT INTO t (id) VALUES (1)",
        "UPDATE t SET x = 1 WHERE id = 1",
        "BEGIN BATCH INSERT INTO t (id) VALUES (1); APPLY BATCH",
        "CREATE TABLE u (id int PRIMARY KEY)",
        "TRUNCATE t",
        "GRANT SELECT ON t TO x",
    ] {
        let (name, text) = notebook.error(cell).await;
        assert!(name == "READ_ONLY" && text.contains("%set read_only off"), "{cell}: {text}");
    }
    notebook.ok("SELECT * FROM t; DESCRIBE TABLE t; USE system; CONSISTENCY ONE").await;
    notebook.ok("%set read_only off").await;
    notebook.ok(&format!("%connect astra --no-save --read-only --keyspace {}", astra.keyspace())).await;
    let (name, text) = notebook.error("%set read_only off\nINSERT INTO t (id) VALUES (1)").await;
    assert!(name == "READ_ONLY" && text.contains("--read-only"), "{text}");
    notebook.ok("SELECT * FROM t").await;
}

#[tokio::test]
async fn a_full_scan_says_so_before_it_hurts() {
    let mut notebook = with_tables().await;
    let cell = notebook.ok("SELECT count(*) FROM orders").await;
    assert_eq!(
        cell.stdout(),
        "Full scan: every partition of `orders` is read, because no `WHERE` names its whole partition key (customer). Stop ends it.\n"
    );
    let transcript = cell.transcript();
    let (told, came) =
        (transcript.find("stream stdout").unwrap(), transcript.find("execute_result").unwrap());
    assert!(told < came, "{transcript}");
    for cell in [
        "SELECT * FROM orders WHERE total = 5 ALLOW FILTERING",
        "SELECT * FROM by_day WHERE day = '2026-01-01' LIMIT 5 ALLOW FILTERING",
        "%%cql --all\nSELECT * FROM orders",
    ] {
        let said = notebook.ok(cell).await.stdout();
        assert!(said.starts_with("Full scan: every partition of `"), "{cell}: {said}");
    }
    let cell = notebook.ok("SELECT * FROM orders").await;
    assert_eq!(cell.stdout(), "", "it ends by itself");
    assert!(
        cell.plain()[0].contains("Full scan: no `WHERE` names the partition key (customer) of `orders`."),
        "{}",
        cell.plain()[0]
    );
    for cell in [
        "SELECT * FROM orders LIMIT 10",
        "SELECT * FROM orders WHERE customer = 'ada'",
        "SELECT count(*) FROM orders WHERE customer IN ('ada', 'bob')",
        "SELECT * FROM orders WHERE token(customer) > 0",
        "SELECT * FROM system_schema.tables",
    ] {
        let told = notebook.ok(cell).await;
        assert!(!told.transcript().contains("Full scan"), "{cell}: {}", told.transcript());
    }
}
