//! Tab inside CQL, through the Jupyter protocol, from the schema of a real Cassandra.

use cqlbook_wire::Channel;
use serde_json::json;

use crate::notebook::{Notebook, database};

/// The candidates at the `|` of a cell, each with its kind and what is said beside it.
pub(crate) async fn offered(notebook: &mut Notebook, cell: &str) -> Vec<(String, String, String)> {
    let cursor = cell.chars().position(|c| c == '|').expect("a cursor");
    let content = json!({"code": cell.replacen('|', "", 1), "cursor_pos": cursor});
    let reply = notebook.frontend.request(Channel::Shell, "complete_request", content).await;
    let content = reply.content();
    assert_eq!(content["status"], "ok");
    let types = content["metadata"]["_jupyter_types_experimental"].as_array().unwrap();
    assert_eq!(types.len(), content["matches"].as_array().unwrap().len(), "{cell}: parallel to the matches");
    let of = |one: &serde_json::Value, field: &str| one[field].as_str().unwrap().to_owned();
    types.iter().map(|one| (of(one, "text"), of(one, "type"), of(one, "signature"))).collect()
}

fn texts(offered: &[(String, String, String)]) -> Vec<&str> {
    offered.iter().map(|(text, ..)| text.as_str()).collect()
}

async fn notebook_with_a_shop() -> Notebook {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    notebook
        .ok("CREATE TYPE address (street text, \"City\" text);
            CREATE TABLE orders (customer int, day date, line int, note text STATIC, place frozen<address>, paid boolean,
                PRIMARY KEY (customer, day, line));
            CREATE TABLE \"OddNames\" (\"Key\" text PRIMARY KEY);")
        .await;
    notebook
}

#[tokio::test]
async fn columns_come_with_type_and_role_and_only_where_they_may_stand() {
    let mut notebook = notebook_with_a_shop().await;
    let restricted = offered(&mut notebook, "SELECT 1;\nSELECT * FROM orders\nWHERE |").await;
    let (text, kind, label) = &restricted[0];
    assert_eq!((text.as_str(), kind.as_str(), label.as_str()), ("customer", "column", "int, partition key"));
    assert_eq!(restricted[1].2, "date, clustering");
    let selected =
        offered(&mut notebook, "SELECT customer, | FROM orders WHERE customer = 1; SELECT 2").await;
    assert!(
        selected.contains(&("note".to_owned(), "column".to_owned(), "text, static".to_owned())),
        "{selected:?}"
    );
    let inserted = offered(&mut notebook, "INSERT INTO orders (customer, day, |").await;
    assert_eq!(texts(&inserted), ["line", "note", "paid", "place"], "those not named yet");
    let set = offered(&mut notebook, "UPDATE orders SET |").await;
    assert_eq!(texts(&set), ["note", "paid", "place"], "no key can be set");
    let truth = offered(&mut notebook, "UPDATE orders SET paid = |").await;
    assert_eq!(texts(&truth), ["true", "false", "null"]);
}

#[tokio::test]
async fn names_of_the_schema_and_of_the_session_are_offered() {
    let mut notebook = notebook_with_a_shop().await;
    let tables = offered(&mut notebook, "SELECT * FROM \"O|").await;
    assert_eq!(texts(&tables), ["\"OddNames\"", "\"orders\""]);
    let fields = offered(&mut notebook, "SELECT place.| FROM orders").await;
    assert_eq!(texts(&fields), ["street", "\"City\""]);
    assert_eq!((fields[0].1.as_str(), fields[0].2.as_str()), ("field", "text"));
    let types = offered(&mut notebook, "CREATE TABLE t (a addr|").await;
    assert_eq!(texts(&types), ["address"]);
    let copies = "CREATE KEYSPACE k WITH replication = {'class': 'NetworkTopologyStrategy', '|";
    let centres = offered(&mut notebook, copies).await;
    assert!(centres.iter().any(|(text, kind, _)| text == "'dc1'" && kind == "datacenter"), "{centres:?}");
    notebook.ok("%param day = '2026-01-01'").await;
    let binds = offered(&mut notebook, "SELECT * FROM orders WHERE customer = 1 AND day = :d|").await;
    assert_eq!(binds, [(":day".to_owned(), "bind".to_owned(), "'2026-01-01'".to_owned())]);
    notebook.ok("kept << SELECT key, rack FROM system.local").await;
    let columns = offered(&mut notebook, "%show kept --columns key,r|").await;
    assert_eq!(texts(&columns), ["rack"]);
}

#[tokio::test]
async fn what_was_made_a_moment_ago_is_offered_and_what_was_dropped_is_not() {
    let mut notebook = notebook_with_a_shop().await;
    notebook.ok("CREATE TABLE brand_new (k int PRIMARY KEY)").await;
    assert_eq!(texts(&offered(&mut notebook, "SELECT * FROM bra|").await), ["brand_new"]);
    notebook.ok("%%cql --yes\nDROP TABLE brand_new").await;
    assert_eq!(offered(&mut notebook, "SELECT * FROM bra|").await, []);
}

#[tokio::test]
async fn what_the_cell_itself_says_above_the_cursor_counts() {
    let mut notebook = notebook_with_a_shop().await;
    let local = offered(&mut notebook, "USE system;\nSELECT * FROM loc|").await;
    assert_eq!(texts(&local), ["local"]);
    let local = offered(&mut notebook, "%%cql --keyspace system\nSELECT rac| FROM local").await;
    assert_eq!(texts(&local), ["rack"]);
    let made = "CREATE TABLE parts (part int PRIMARY KEY, grams double);\nALTER TABLE parts ADD place frozen<address>;\n";
    let columns = offered(&mut notebook, &format!("{made}UPDATE parts SET |")).await;
    assert_eq!(texts(&columns), ["grams", "place"]);
    let fields = offered(&mut notebook, &format!("{made}SELECT place.| FROM parts")).await;
    assert_eq!(texts(&fields), ["street", "\"City\""]);
    assert_eq!(offered(&mut notebook, "SELECT * FROM parts|").await, [], "it was not run");
    let code = format!("{made}SELECT grams FROM parts");
    let content = json!({"code": code, "cursor_pos": code.len() - 12, "detail_level": 0});
    let reply = notebook.frontend.request(Channel::Shell, "inspect_request", content).await;
    let said = reply.content()["data"]["text/markdown"].as_str().unwrap_or_default().to_owned();
    assert!(said.starts_with("**`grams`** `double`, a column of `parts`."), "{said}");
}
