//! `%profile`: what the columns of a kept result hold.

use crate::notebook::{Notebook, database};

#[tokio::test]
async fn each_column_has_a_line() {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    notebook.ok("CREATE TABLE p (k int, n int, name text, tags set<text>, at timestamp, id uuid, PRIMARY KEY (k, n))").await;
    notebook.ok("INSERT INTO p (k, n, name, tags, at, id) VALUES (1, 1, 'fig', {'a', 'b'}, '2013-01-01T00:00:00Z', uuid())").await;
    notebook.ok("INSERT INTO p (k, n, name) VALUES (1, 2, 'fig')").await;
    notebook.ok("INSERT INTO p (k, n, name) VALUES (1, 30, '<b>')").await;
    notebook.ok("fruit << SELECT * FROM p WHERE k = 1").await;
    let cell = notebook.ok("%profile fruit").await;
    let text = cell.plain()[0];
    assert!(text.starts_with("fruit: 3 rows, 6 columns"), "{text}");
    let line = |name: &str| text.lines().find(|line| line.trim_start().starts_with(name)).expect(name);
    assert!(line("n ").contains("int") && line("n ").contains("1.5, 2, 16"), "{text}");
    assert!(line("n ").contains("30") && line("n ").contains("11"), "{text}");
    assert!(line("name").contains("fig 66.7 %"), "{text}");
    assert!(line("tags").contains("2 (66.7 %)") && line("tags").contains("2 elements"), "{text}");
    assert!(line("at").contains("2013-01-01 00:00:00.000+0000"), "{text}");
    let html = cell.html()[0];
    assert!(
        html.contains("cqlbook-profile") && html.contains("&lt;b&gt;") && !html.contains("<b>"),
        "{html}"
    );
    let (name, _) = notebook.error("%profile none").await;
    assert_eq!(name, "USAGE");
}
