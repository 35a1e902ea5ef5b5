//! Subshells (JEP 91) of the real kernel: a second cell runs on the same connection while a long one does.

use cqlbook_sandbox::{Astra, Switch};
use cqlbook_wire::Channel::{Control, Shell};
use cqlbook_wire::testing::RequestId;
use serde_json::json;

use crate::notebook::{Notebook, database, failure};

/// A query that takes minutes while [`slow`] is on: each row is a page, and each page takes its time.
const LONG: &str = "%%cql --page-size 1 --all\nSELECT c FROM t WHERE k = 1";

pub(crate) async fn create(notebook: &mut Notebook) -> String {
    let created = notebook.frontend.request(Control, "create_subshell_request", json!({})).await;
    created.content()["subshell_id"].as_str().expect("a subshell").to_owned()
}

async fn delete(notebook: &mut Notebook, subshell: &str) {
    let content = json!({"subshell_id": subshell});
    assert_eq!(notebook.frontend.request(Control, "delete_subshell_request", content).await.status(), "ok");
}

pub(crate) async fn start_in(notebook: &mut Notebook, subshell: &str, cell: &str) -> RequestId {
    let content = json!({"code": cell, "allow_stdin": true});
    let header = json!({"subshell_id": subshell});
    notebook.frontend.send_with_header(Shell, "execute_request", content, header).await.0
}

/// Waits until the requests sent so far are in the queues of their lanes: a subshell answers behind them on the same socket.
pub(crate) async fn fence(notebook: &mut Notebook) {
    let subshell = create(notebook).await;
    let header = json!({"subshell_id": subshell});
    let (fence, _) =
        notebook.frontend.send_with_header(Shell, "kernel_info_request", json!({}), header).await;
    notebook.frontend.finish(&fence).await;
    delete(notebook, &subshell).await;
}

async fn table(notebook: &mut Notebook) {
    notebook.ok("CREATE TABLE t (k int, c int, PRIMARY KEY (k, c))").await;
    let csv: String = (0..600).map(|c| format!("1,{c}\n")).collect();
    std::fs::write(notebook.folder.path().join("t.csv"), format!("k,c\n{csv}")).expect("the file is written");
    notebook.ok("%import t.csv INTO t").await;
}

/// Starts the long query, and returns when it runs.
async fn start_long(astra: &Astra, notebook: &mut Notebook) -> RequestId {
    astra.switch(Switch::Slow { ms: 150 }).await.expect("the switch turns");
    let long = notebook.frontend.start(LONG).await;
    notebook.frontend.until(&long, |message| message.msg_type == "execute_input").await;
    long
}

#[tokio::test]
async fn a_second_query_runs_on_the_same_connection_while_a_long_one_does() {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    let info = notebook.frontend.request(Shell, "kernel_info_request", json!({})).await;
    let features = info.content()["supported_features"].as_array().unwrap();
    assert!(features.contains(&json!("kernel subshells")), "{features:?}");
    table(&mut notebook).await;
    let subshell = create(&mut notebook).await;
    let long = start_long(&astra, &mut notebook).await;

    for _ in 0..3 {
        let second = start_in(&mut notebook, &subshell, "SELECT count(*) FROM t WHERE k = 1").await;
        let second = notebook.frontend.finish(&second).await;
        assert_eq!(second.status(), "ok", "{}", second.transcript());
        assert!(second.plain()[0].contains("600"), "{}", second.plain()[0]);
    }
    // Completion and inspection need not wait for the long query either.
    let request = json!({"code": "SEL", "cursor_pos": 3});
    let header = json!({"subshell_id": subshell});
    let (typed, _) = notebook.frontend.send_with_header(Shell, "complete_request", request, header).await;
    let matches = notebook.frontend.finish(&typed).await.content()["matches"].clone();
    assert!(matches.as_array().unwrap().contains(&json!("SELECT")), "{matches}");

    notebook.frontend.interrupt().await;
    let long = notebook.frontend.finish(&long).await;
    assert_eq!(failure(LONG, &long).0, "INTERRUPTED", "it ran all the time");
    delete(&mut notebook, &subshell).await;
    let listed = notebook.frontend.request(Control, "list_subshell_request", json!({})).await;
    assert_eq!(listed.content()["subshell_id"], json!([]));
}

#[tokio::test]
async fn an_interrupt_stops_all_and_deleting_stops_one() {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    table(&mut notebook).await;
    let subshell = create(&mut notebook).await;
    let main = start_long(&astra, &mut notebook).await;
    let child = start_in(&mut notebook, &subshell, LONG).await;
    notebook.frontend.until(&child, |message| message.msg_type == "execute_input").await;
    delete(&mut notebook, &subshell).await;
    let child = notebook.frontend.finish(&child).await;
    assert_eq!(failure(LONG, &child).0, "INTERRUPTED");

    // The main shell's went on; an interrupt is for the whole kernel.
    let subshell = create(&mut notebook).await;
    let child = start_in(&mut notebook, &subshell, LONG).await;
    notebook.frontend.until(&child, |message| message.msg_type == "execute_input").await;
    notebook.frontend.interrupt().await;
    for cell in [main, child] {
        let exchange = notebook.frontend.finish(&cell).await;
        assert_eq!(failure(LONG, &exchange).0, "INTERRUPTED");
    }
    astra.reset().await.unwrap();
    notebook.ok("SELECT count(*) FROM t WHERE k = 1").await;
}

#[tokio::test]
async fn a_subshell_asks_while_the_main_shell_asks() {
    let mut notebook = Notebook::open().await;
    let subshell = create(&mut notebook).await;
    let asked = |message: &cqlbook_wire::testing::Received| message.msg_type == "input_request";
    let main = notebook.frontend.start("%connect astra").await;
    notebook.frontend.until(&main, asked).await;
    let child = start_in(&mut notebook, &subshell, "%connect astra --name child").await;
    let prompt = notebook.frontend.until(&child, asked).await;
    assert!(prompt.text("/prompt").starts_with("Client ID"), "{prompt:?}");
    notebook.frontend.interrupt().await;
    for cell in [main, child] {
        assert_eq!(failure("%connect", &notebook.frontend.finish(&cell).await).0, "INTERRUPTED");
    }
}
