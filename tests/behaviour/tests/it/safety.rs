//! Guard rails: what asks first, what only reads, full scans, and errors that lead to key or index.

use insta::assert_snapshot;

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

/// The hints of a failure.
async fn hints(notebook: &mut Notebook, cell: &str) -> String {
    let (_, text) = notebook.error(cell).await;
    text.lines().filter(|line| line.starts_with("→ ")).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn a_filter_is_led_to_the_key_or_to_an_index_that_fits() {
    let mut notebook = with_tables().await;
    assert_snapshot!(hints(&mut notebook, "SELECT * FROM by_day WHERE day = '2026-01-01'").await, @r#"
    → `by_day` has the partition key (day, hour) and the clustering columns (id). Name `hour` too, with `=` or `IN`.
    → Or make an index: `CREATE INDEX ON by_day (day) USING 'sai'`
    "#);
    assert_snapshot!(hints(&mut notebook, "SELECT * FROM orders WHERE tags CONTAINS 'x' AND labels CONTAINS KEY 'y' AND labels['z'] = '1'").await, @r#"
    → `orders` has the partition key (customer) and the clustering columns (id). Name the whole partition key with `=` or `IN`.
    → Or make an index: `CREATE INDEX ON orders (tags) USING 'sai'`
    → Or make an index: `CREATE INDEX ON orders (KEYS(labels)) USING 'sai'`
    → Or make an index: `CREATE INDEX ON orders (ENTRIES(labels)) USING 'sai'`
    "#);
    assert_snapshot!(hints(&mut notebook, "SELECT * FROM orders WHERE customer = 'ada' AND total > 5").await, @r#"
    → `orders` has the partition key (customer) and the clustering columns (id).
    → Within one partition `ALLOW FILTERING` reads no more than that partition.
    → Or make an index: `CREATE INDEX ON orders (total) USING 'sai'`
    "#);
    assert_snapshot!(hints(&mut notebook, "SELECT * FROM by_day WHERE note > 'm'").await, @"→ `by_day` has the partition key (day, hour) and the clustering columns (id). Name the whole partition key with `=` or `IN`.");
    // What is offered is taken.
    notebook.ok("CREATE INDEX ON orders (total) USING 'sai'; CREATE INDEX ON orders (KEYS(labels)) USING 'sai'; CREATE INDEX ON orders (ENTRIES(labels)) USING 'sai'; CREATE INDEX ON by_day (hour) USING 'sai'").await;
    notebook.ok("SELECT * FROM orders WHERE total > 5; SELECT * FROM by_day WHERE hour = 5").await;
}

#[tokio::test]
async fn names_that_are_nearly_right_are_named() {
    let mut notebook = with_tables().await;
    notebook.ok("CREATE TYPE place (city text, zip int); CREATE TABLE \"Mixed\" (id int PRIMARY KEY, \"When\" timestamp, at frozen<place>)").await;
    notebook.ok("CREATE INDEX orders_total ON orders (total) USING 'sai'").await;
    let mut told = Vec::new();
    for cell in [
        "SELECT cuont(*) FROM orders",
        "SELECT summ(total) FROM orders",
        "SELECT CAST(total AS txet) FROM orders",
        "CREATE TABLE u (id int PRIMARY KEY, at frozen<plaec>)",
        "CREATE TABLE u (id int PRIMARY KEY, at timestmap)",
        "INSERT INTO \"Mixed\" (id, at) VALUES (1, {ctiy: 'x'})",
        "SELECT * FROM mixed",
        "SELECT * FROM \"Orders\"",
        "SELECT when FROM \"Mixed\"",
        "SELECT nothing FROM \"Mixed\"",
        "SELECT * FROM local",
        "SELECT * FROM system_schem.tables",
        "USE system_schem",
        "%%cql --yes\nDROP INDEX orders_totl",
        "%%cql --yes\nDROP TYPE plaec",
        "%%cql --yes\nDROP TABLE ordres",
        "%%cql --yes\nTRUNCATE ordres",
        "ALTER TABLE orders DROP totl",
        "CREATE INDEX ON ordres (total)",
    ] {
        let hints = hints(&mut notebook, cell).await;
        told.push(format!("{}\n    {}", cell.replace('\n', " "), hints.lines().next().unwrap_or_default()));
    }
    assert_snapshot!(told.join("\n"), @r#"
    SELECT cuont(*) FROM orders
        → Did you mean `count`?
    SELECT summ(total) FROM orders
        → Did you mean `sum`?
    SELECT CAST(total AS txet) FROM orders
        → Did you mean `text`?
    CREATE TABLE u (id int PRIMARY KEY, at frozen<plaec>)
        → Did you mean `place`?
    CREATE TABLE u (id int PRIMARY KEY, at timestmap)
        → Did you mean `timestamp`?
    INSERT INTO "Mixed" (id, at) VALUES (1, {ctiy: 'x'})
        → Did you mean `city`?
    SELECT * FROM mixed
        → Did you mean `"Mixed"`? Names with capitals need double quotes.
    SELECT * FROM "Orders"
        → Did you mean `orders`? In double quotes capitals count; without them they do not.
    SELECT when FROM "Mixed"
        → Did you mean `"When"`? Names with capitals need double quotes.
    SELECT nothing FROM "Mixed"
        → The table has the columns `id`, `"When"`, `at`.
    SELECT * FROM local
        → There is `system.local`. Name its keyspace, or `USE` it.
    SELECT * FROM system_schem.tables
        → Did you mean `system_schema`?
    USE system_schem
        → Did you mean `system_schema`?
    %%cql --yes DROP INDEX orders_totl
        → Did you mean `orders_total`?
    %%cql --yes DROP TYPE plaec
        → Did you mean `place`?
    %%cql --yes DROP TABLE ordres
        → Did you mean `orders`?
    %%cql --yes TRUNCATE ordres
        → Did you mean `orders`?
    ALTER TABLE orders DROP totl
        → Did you mean `total`?
    CREATE INDEX ON ordres (total)
        → Did you mean `orders`?
    "#);
}

#[tokio::test]
async fn a_keyspace_that_is_not_there_is_told_behind_a_refusal() {
    let astra = database().await;
    let credentials = astra.credentials();
    let bundle = astra.bundle().to_str().unwrap();
    let mut notebook = Notebook::open_with(&[
        ("ASTRA_DB_SECURE_BUNDLE_PATH", bundle),
        ("ASTRA_DB_CLIENT_ID", &credentials.client_id),
        ("ASTRA_DB_CLIENT_SECRET", &credentials.secret),
    ])
    .await;
    notebook.ok("%connect astra --no-save").await;
    let near = format!("{}x", astra.keyspace());
    let (name, text) = notebook.error(&format!("CREATE TABLE {near}.t (id int PRIMARY KEY)")).await;
    assert_eq!(name, "PERMISSION_DENIED");
    assert!(
        text.contains(&format!("No keyspace `{near}` is known here."))
            && text.contains(&format!("Did you mean `{}`?", astra.keyspace())),
        "{text}"
    );
    let (_, text) = notebook.error("CREATE TABLE nokeyspace.t (id int PRIMARY KEY)").await;
    assert!(text.contains("No keyspace `nokeyspace` is known here.") && !text.contains("Generate"), "{text}");
}
