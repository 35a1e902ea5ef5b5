//! Subshells (JEP 91): a second cell runs while a long one does.

use cqlbook_wire::Channel::{Control, Shell};
use cqlbook_wire::testing::{Frontend, RequestId};
use serde_json::json;

use crate::start;

async fn create(frontend: &mut Frontend) -> String {
    let created = frontend.request(Control, "create_subshell_request", json!({})).await;
    created.content()["subshell_id"].as_str().unwrap().to_owned()
}

async fn start_in(frontend: &mut Frontend, subshell: &str, code: &str) -> RequestId {
    let header = json!({"subshell_id": subshell});
    frontend.send_with_header(Shell, "execute_request", json!({"code": code}), header).await.0
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_cell_runs_while_a_long_one_does() {
    let (_kernel, mut frontend) = start().await;
    let subshell = create(&mut frontend).await;
    let listed = frontend.request(Control, "list_subshell_request", json!({})).await;
    assert_eq!(listed.content(), &json!({"status": "ok", "subshell_id": [subshell]}));

    let long = frontend.start("sleep 60000").await;
    frontend.until(&long, |message| message.msg_type == "execute_input").await;
    let second = start_in(&mut frontend, &subshell, "print meanwhile").await;
    assert_eq!(frontend.finish(&second).await.stdout(), "meanwhile\n");
    frontend.interrupt().await;
    assert_eq!(frontend.finish(&long).await.status(), "error");

    let deleted =
        frontend.request(Control, "delete_subshell_request", json!({"subshell_id": subshell})).await;
    assert_eq!(deleted.status(), "ok");
    let listed = frontend.request(Control, "list_subshell_request", json!({})).await;
    assert_eq!(listed.content()["subshell_id"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn deleting_one_interrupts_its_cell_and_aborts_those_behind() {
    let (_kernel, mut frontend) = start().await;
    let subshell = create(&mut frontend).await;
    let long = start_in(&mut frontend, &subshell, "sleep 60000").await;
    let behind = start_in(&mut frontend, &subshell, "print never").await;
    frontend.until(&long, |message| message.msg_type == "execute_input").await;
    // Answered behind `behind` on the same socket; the deletion comes by another one.
    frontend.request(Shell, "kernel_info_request", json!({})).await;
    frontend.request(Control, "delete_subshell_request", json!({"subshell_id": subshell})).await;
    assert_eq!(frontend.finish(&long).await.status(), "error");
    assert_eq!(frontend.finish(&behind).await.status(), "aborted");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_one_is_an_error() {
    let (_kernel, mut frontend) = start().await;
    let lost = start_in(&mut frontend, "nowhere", "print a").await;
    assert_eq!(frontend.finish(&lost).await.content()["ename"], "UNKNOWN_SUBSHELL");
    let deleted =
        frontend.request(Control, "delete_subshell_request", json!({"subshell_id": "nowhere"})).await;
    assert_eq!(deleted.content()["ename"], "UNKNOWN_SUBSHELL");
}
