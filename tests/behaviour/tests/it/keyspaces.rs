//! A statement, its later pages and its question are of the keyspace that their cell says, whatever other cells do meanwhile.

use cqlbook_sandbox::{Astra, AstraOptions, Sandbox, Switch};

use crate::notebook::Notebook;
use crate::subshells::{create, start_in};

/// Rows of `t` in each keyspace.
const ROWS: usize = 60;

/// A database of two keyspaces, each with a table `t` whose rows say which one it is.
async fn two() -> (Astra, String, String) {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let other = format!("p{}_{}", std::process::id(), now.as_nanos());
    let options = AstraOptions { more_keyspaces: vec![other.clone()], ..AstraOptions::default() };
    let astra = Sandbox::shared().await.unwrap().astra(options).await.unwrap();
    let dev = astra.keyspace().to_owned();
    (astra, dev, other)
}

async fn filled(astra: &Astra, keyspaces: &[(&str, &str)]) -> Notebook {
    let mut notebook = Notebook::open_for(astra).await;
    notebook.ok("%connect astra --no-save").await;
    for (keyspace, word) in keyspaces {
        notebook.ok(&format!("CREATE TABLE {keyspace}.t (k int, c int, d text, PRIMARY KEY (k, c))")).await;
        let csv: String = (0..ROWS).map(|c| format!("1,{c},{word}\n")).collect();
        std::fs::write(notebook.folder.path().join("t.csv"), format!("k,c,d\n{csv}")).unwrap();
        notebook.ok(&format!("%import t.csv INTO {keyspace}.t")).await;
    }
    notebook.ok("%set fetch_rows 10").await;
    notebook
}

#[tokio::test]
async fn more_stays_in_the_keyspace_of_its_select() {
    let (astra, dev, prod) = two().await;
    let mut notebook = filled(&astra, &[(&dev, "dev"), (&prod, "prod")]).await;
    notebook.ok("%set display_rows 10").await;
    notebook.ok(&format!("USE {dev}; a << SELECT * FROM t WHERE k = 1")).await;
    notebook.ok(&format!("%%cql --keyspace {prod} --into b\nSELECT * FROM t WHERE k = 1")).await;
    notebook.ok(&format!("USE {prod}")).await;
    for (name, own, other) in [("a", "dev", "prod"), ("b", "prod", "dev"), ("a", "dev", "prod")] {
        let cell = notebook.ok(&format!("%more {name}")).await;
        let text = cell.plain()[0];
        assert!(text.contains(own) && !text.contains(other), "%more {name}: {text}");
    }
    notebook.ok("%set fetch_rows 500").await;
    let list = notebook.ok("%results").await;
    assert!(list.plain()[0].contains("30"), "the bound is the first fetch's: {}", list.plain()[0]);
    notebook.ok("%connect astra --no-save").await;
    let (name, text) = notebook.error("%more a").await;
    assert!(name == "NOT_CONNECTED" && text.contains("Run the SELECT again"), "{text}");
}

#[tokio::test]
async fn a_keyspace_for_one_cell_ends_with_it_where_none_was_in_use() {
    let (astra, dev, prod) = two().await;
    let mut notebook = filled(&astra, &[(&dev, "dev"), (&prod, "prod")]).await;
    let cell = notebook.ok(&format!("%%cql --keyspace {prod}\nSELECT d FROM t WHERE k = 1 AND c = 1")).await;
    assert!(cell.plain()[0].contains("prod"), "{}", cell.plain()[0]);
    notebook.error(&format!("%%cql --keyspace {prod}\nSELECT nope FROM t")).await;
    for cell in ["TRUNCATE t", "SELECT * FROM t"] {
        let (name, text) = notebook.error(&format!("%%cql --yes\n{cell}")).await;
        assert!(name == "INVALID_QUERY" && text.contains("No keyspace has been specified"), "{text}");
    }
    // The question names the table in full, by whatever rule its keyspace came.
    for (cell, table) in [
        (format!("%%cql --keyspace {prod}\nTRUNCATE t"), format!("TRUNCATE {prod}.t.")),
        (format!("USE {dev}; DROP TABLE t"), format!("DROP TABLE {dev}.t.")),
        (
            format!("%%cql --keyspace {prod}\nDELETE FROM t WHERE k = 1"),
            format!("a whole partition of {prod}.t"),
        ),
    ] {
        notebook.frontend.answer("n");
        let exchange = notebook.run(&cell).await;
        let asked = exchange.transcript();
        assert!(asked.contains(&table), "{asked}");
        assert_eq!(exchange.status(), "error");
    }
    notebook.ok(&format!("SELECT d FROM {prod}.t WHERE k = 1")).await;
}

#[tokio::test]
async fn a_subshell_moves_no_cell_that_runs() {
    let (astra, dev, prod) = two().await;
    let mut notebook = filled(&astra, &[(&dev, "dev"), (&prod, "prod")]).await;
    notebook.ok(&format!("USE {dev}")).await;
    let subshell = create(&mut notebook).await;
    astra.switch(Switch::Slow { ms: 40 }).await.unwrap();
    // By text in pages, and with a second statement behind the first.
    for cell in [
        "%%export rows.csv\nSELECT * FROM t WHERE k = 1".to_owned(),
        "%%cql --page-size 1 --all --into rows\nSELECT d FROM t WHERE k = 1;\nafter << SELECT d FROM t WHERE k = 1 AND c = 1"
            .to_owned(),
    ] {
        notebook.ok("%set page_size 5").await;
        let long = notebook.frontend.start(&cell).await;
        notebook.frontend.until(&long, |message| message.msg_type == "execute_input").await;
        let moves = format!("USE {prod}; SELECT d FROM t WHERE k = 1 AND c = 1");
        let beside = start_in(&mut notebook, &subshell, &moves).await;
        let beside = notebook.frontend.finish(&beside).await;
        assert!(beside.plain().last().unwrap().contains("prod"), "{}", beside.transcript());
        let long = notebook.frontend.finish(&long).await;
        assert_eq!(long.status(), "ok", "{}", long.transcript());
        let back = start_in(&mut notebook, &subshell, &format!("USE {dev}")).await;
        notebook.frontend.finish(&back).await;
    }
    astra.reset().await.unwrap();
    let file = std::fs::read_to_string(notebook.folder.path().join("rows.csv")).unwrap();
    assert_eq!((file.matches("dev").count(), file.matches("prod").count()), (ROWS, 0));
    for name in ["rows", "after"] {
        let cell = notebook.ok(&format!("%show {name} --rows 100")).await;
        assert!(cell.plain()[0].contains("dev") && !cell.plain()[0].contains("prod"), "{}", cell.plain()[0]);
    }
    // A subshell's USE is the notebook's from the next cell on.
    let moves = start_in(&mut notebook, &subshell, &format!("USE {prod}")).await;
    notebook.frontend.finish(&moves).await;
    let cell = notebook.ok("SELECT d FROM t WHERE k = 1 AND c = 1").await;
    assert!(cell.plain()[0].contains("prod"), "{}", cell.plain()[0]);
}

#[tokio::test]
async fn rows_of_other_columns_are_not_put_behind() {
    let (astra, dev, _) = two().await;
    let mut notebook = filled(&astra, &[(&dev, "dev")]).await;
    notebook.ok(&format!("USE {dev}; a << SELECT * FROM t WHERE k = 1")).await;
    notebook.ok("%param k = 1\nb << SELECT * FROM t WHERE k = :k").await;
    notebook.ok("ALTER TABLE t ADD a text").await;
    notebook.ok("%set display_rows 20").await;
    for name in ["a", "b"] {
        let (code, text) = notebook.error(&format!("%more {name}")).await;
        assert_eq!(code, "SCHEMA_CHANGED");
        assert!(
            text.contains("the column `a` (text) is new") && text.contains("Run the SELECT again"),
            "{text}"
        );
        assert!(notebook.ok(&format!("%show {name}")).await.plain()[0].contains("dev"));
    }
    notebook.ok("%forget a").await;
    let cell = notebook.ok("%forget b").await;
    assert!(cell.plain()[0].contains("It was the last result `_`, too."), "{}", cell.plain()[0]);
    assert_eq!(notebook.error("%show _").await.0, "USAGE");
}
