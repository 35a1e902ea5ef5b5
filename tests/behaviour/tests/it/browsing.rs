//! `%schema`: the tree, a keyspace, a table's page with the queries that its key allows, and a few rows.

use crate::notebook::{Notebook, database};

async fn notebook_with_a_shop() -> (Notebook, String) {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    notebook
        .ok("CREATE TYPE address (street text, city text);
            CREATE TABLE orders (customer int, day date, line int, place frozen<address>, total decimal,
                PRIMARY KEY (customer, day, line)) WITH CLUSTERING ORDER BY (day DESC, line ASC) AND comment = 'What was ordered.';
            CREATE INDEX by_total ON orders (total) USING 'sai';
            CREATE TABLE \"OddNames\" (\"Key\" text PRIMARY KEY);
            INSERT INTO orders (customer, day, line, total) VALUES (1, '2026-01-01', 1, 2.5);
            INSERT INTO orders (customer, day, line, total) VALUES (1, '2026-01-02', 1, 3.5);")
        .await;
    (notebook, astra.keyspace().to_owned())
}

#[tokio::test]
async fn the_tree_names_every_table_and_folds_the_servers_own() {
    let (mut notebook, keyspace) = notebook_with_a_shop().await;
    let cell = notebook.ok("%schema").await;
    let text = cell.plain()[0];
    for part in [
        keyspace.as_str(),
        "orders  (customer, day, line)",
        "\"OddNames\"",
        "The server's own  ",
        "system_schema",
    ] {
        assert!(text.contains(part), "{part} in\n{text}");
    }
    assert!(
        text.find("orders  (").unwrap() < text.find("The server's own").unwrap(),
        "the server's own come last"
    );
    let html = cell.html()[0];
    assert!(html.contains("<details><summary><b>The server's own</b>"), "{html}");
    assert!(html.len() < 200_000);
    let of_keyspace = notebook.ok(&format!("%schema {keyspace}")).await;
    assert!(of_keyspace.plain()[0].contains("address  street text, city text"), "{}", of_keyspace.plain()[0]);
}

#[tokio::test]
async fn each_query_that_a_page_shows_can_be_run() {
    let (mut notebook, keyspace) = notebook_with_a_shop().await;
    for table in ["orders".to_owned(), format!("{keyspace}.orders"), "\"OddNames\"".to_owned()] {
        let cell = notebook.ok(&format!("%schema {table}")).await;
        let text = cell.plain()[0];
        let samples: Vec<&str> =
            text.lines().map(str::trim).filter(|line| line.starts_with("SELECT")).collect();
        assert!(samples.len() >= 3, "{text}");
        for sample in samples {
            notebook.ok(sample).await;
        }
    }
    let cell = notebook.ok("%schema orders").await;
    let page = cell.plain()[0];
    for part in [
        "What was ordered.",
        "clustering ↓",
        "index by_total",
        "storage-attached index",
        "Types used",
        "Size",
    ] {
        assert!(page.contains(part), "{part} in\n{page}");
    }
}

#[tokio::test]
async fn a_peek_shows_rows_and_keeps_them() {
    let (mut notebook, _) = notebook_with_a_shop().await;
    let cell = notebook.ok("%schema orders --peek 1").await;
    assert!(cell.plain().iter().any(|text| text.contains("2026-01-02")), "{:?}", cell.plain());
    assert!(!cell.plain().iter().any(|text| text.contains("2026-01-01 |")), "one row was asked for");
    notebook.ok("%show _").await;
    let (name, said) = notebook.error("%schema --peek").await;
    assert_eq!(name, "USAGE");
    assert!(said.contains("`--peek` needs a table."), "{said}");
}

#[tokio::test]
async fn a_name_that_is_nearly_right_is_asked_for() {
    let (mut notebook, keyspace) = notebook_with_a_shop().await;
    for (written, meant) in [
        ("odrers".to_owned(), "orders".to_owned()),
        (format!("{keyspace}.odrers"), format!("{keyspace}.orders")),
    ] {
        let (name, said) = notebook.error(&format!("%schema {written}")).await;
        assert_eq!(name, "INVALID_QUERY");
        assert!(said.contains(&format!("Did you mean `%schema {meant}`?")), "{said}");
    }
    let (name, _) = Notebook::open().await.error("%schema").await;
    assert_eq!(name, "NOT_CONNECTED");
}
