//! Results that are kept: names, `%show`, `%more`, `%results`, `%forget`.

use crate::notebook::{Notebook, database};

#[tokio::test]
async fn a_kept_result_is_drawn_again_sorted_and_cut() {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    notebook.ok("CREATE TABLE t (k int, c int, v text, PRIMARY KEY (k, c))").await;
    for (c, v) in [(1, "pear"), (2, "apple"), (3, "fig")] {
        notebook.ok(&format!("INSERT INTO t (k, c, v) VALUES (1, {c}, '{v}')")).await;
    }
    notebook.ok("fruit << SELECT * FROM t WHERE k = 1").await;
    let cell = notebook.ok("%show fruit --sort v --columns v --rows 2").await;
    let text = cell.plain()[0];
    let (apple, fig) = (text.find("apple").unwrap(), text.find("fig").unwrap());
    assert!(apple < fig && !text.contains("pear"), "{text}");
    let cell = notebook.ok("%show fruit --sort c:desc --vertical").await;
    let text = cell.plain()[0];
    assert!(text.find("fig").unwrap() < text.find("pear").unwrap(), "{text}");
    let list = notebook.ok("%results").await;
    assert!(list.plain()[0].contains("fruit") && list.plain()[0].contains('_'), "{}", list.plain()[0]);
    let cell = notebook.ok("fruit << INSERT INTO t (k, c) VALUES (9, 9)").await;
    let told = "Nothing is kept as `fruit`: the statement has no rows.";
    assert!(cell.plain()[0].contains(told), "{}", cell.plain()[0]);
    notebook.ok("%forget fruit").await;
    let (name, _) = notebook.error("%show fruit").await;
    assert_eq!(name, "USAGE");
}

#[tokio::test]
async fn more_draws_the_next_rows_and_fetches_them_if_need_be() {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    notebook.ok("CREATE TABLE t (k int, c int, PRIMARY KEY (k, c))").await;
    for c in 0..7 {
        notebook.ok(&format!("INSERT INTO t (k, c) VALUES (1, {})", 70_000 + c)).await;
    }
    notebook.ok("%set display_rows 3").await;
    notebook.ok("%set fetch_rows 3").await;
    let cell = notebook.ok("SELECT * FROM t WHERE k = 1").await;
    assert!(cell.plain()[0].contains("70002") && !cell.plain()[0].contains("70003"));
    let cell = notebook.ok("%more").await;
    assert!(cell.plain()[0].contains("70003") && cell.plain()[0].contains("70005"), "{}", cell.plain()[0]);
    let cell = notebook.ok("%more").await;
    assert!(cell.plain()[0].contains("70006"), "{}", cell.plain()[0]);
    let cell = notebook.ok("%more").await;
    assert!(cell.plain()[0].contains("no more rows"), "{}", cell.plain()[0]);
}
