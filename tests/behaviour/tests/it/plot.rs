//! `%plot`: charts as Vega-Lite, as a picture and as text.

use cqlbook_wire::testing::Exchange;
use serde_json::Value;

use crate::notebook::{Notebook, database};

/// The content of the chart that a cell showed.
fn chart(cell: &Exchange) -> &Value {
    let mut shown = cell.published("execute_result");
    &shown.next().unwrap_or_else(|| panic!("no chart\n{}", cell.transcript())).content
}

async fn with_delays(astra: &cqlbook_sandbox::Astra) -> Notebook {
    let mut notebook = Notebook::connected(astra).await;
    notebook
        .ok("CREATE TABLE d (k int, n int, carrier text, delay int, at timestamp, PRIMARY KEY (k, n))")
        .await;
    for (n, carrier, delay) in
        [(1, "UA", "12"), (2, "UA", "30"), (3, "AA", "-5"), (4, "AA", "null"), (5, "B6", "90")]
    {
        let insert = format!(
            "INSERT INTO d (k, n, carrier, delay, at) VALUES (1, {n}, '{carrier}', {delay}, '2013-02-0{n}T12:00:00Z')"
        );
        notebook.ok(&insert).await;
    }
    notebook.ok("delays << SELECT * FROM d WHERE k = 1").await;
    notebook
}

#[tokio::test]
async fn a_chart_comes_for_frontends_that_draw_and_for_those_that_do_not() {
    let astra = database().await;
    let mut notebook = with_delays(&astra).await;
    let cell = notebook.ok("%plot delays --x carrier --y delay --title 'Late at the gate'").await;
    let data = &chart(&cell)["data"];
    let spec = &data["application/vnd.vegalite.v5+json"];
    assert_eq!(spec["title"]["text"], "Late at the gate");
    assert_eq!(spec["data"]["values"].as_array().expect("rows").len(), 3);
    let picture = data["image/png"].as_str().expect("a picture");
    assert!(picture.starts_with("iVBORw0KGgo"), "a PNG in base64");
    assert!(data.get("text/html").is_none(), "JupyterLab would draw it instead of the chart");
    let text = data["text/plain"].as_str().expect("text");
    assert!(
        text.starts_with("Late at the gate\nmean of delay · 4 rows\n1 row without delay is left out."),
        "{text}"
    );
    assert!(text.contains("UA | ") && text.contains(" 21"), "{text}");
    let metadata = &chart(&cell)["metadata"];
    assert!(
        metadata["image/png"]["alt"].as_str().expect("alt").contains("bar chart of 3 bars"),
        "{metadata}"
    );
    assert!(metadata["image/png"]["width"].as_u64().expect("a width") > 500);
}

#[tokio::test]
async fn every_kind_is_drawn() {
    let astra = database().await;
    let mut notebook = with_delays(&astra).await;
    for line in [
        "%plot delays --x at --y delay",
        "%plot delays --x at --y delay --color carrier --kind area",
        "%plot delays --x n --y delay --color carrier --kind point",
        "%plot delays --x delay --kind histogram",
        "%plot delays --x delay --y delay --kind histogram",
        "%plot delays --x carrier --y n --color delay --kind heatmap",
        "%plot delays --x carrier --y delay --kind box",
        "%plot _ --x carrier --y 'max(delay)' --kind bar",
        "%plot delays --x carrier --y count",
    ] {
        let cell = notebook.ok(line).await;
        assert!(chart(&cell)["data"]["application/vnd.vegalite.v5+json"].is_object(), "{line}");
    }
}

#[tokio::test]
async fn what_cannot_be_drawn_is_said() {
    let mut notebook = Notebook::open().await;
    let (name, text) = notebook.error("%plot none --x a --y b").await;
    assert!(name == "USAGE" && text.contains("No result is kept under `none`"), "{text}");
    std::fs::write(notebook.folder.path().join("t.csv"), "a,b\nx,1\ny,2\n").expect("a file");
    notebook.ok("%%sql --into t\nSELECT * FROM 't.csv'").await;
    let (_, text) = notebook.error("%plot t --x a --y c").await;
    assert!(text.contains("The result has no column `c`") && text.contains("It has: a, b"), "{text}");
    let (_, text) = notebook.error("%plot t --x b --y a --kind line").await;
    assert!(text.contains("`a` is no number"), "{text}");
    let (_, text) = notebook.error("%plot t --y b").await;
    assert!(text.contains("needs `--x COL`"), "{text}");
}
