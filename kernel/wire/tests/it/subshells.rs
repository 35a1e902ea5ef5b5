//! Subshells (JEP 91): a second cell runs while a long one does.

use cqlbook_wire::Channel::{Control, Shell, Stdin};
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

#[tokio::test(flavor = "multi_thread")]
async fn each_asks_on_its_own() {
    let (_kernel, mut frontend) = start().await;
    let subshell = create(&mut frontend).await;
    let asked = |message: &cqlbook_wire::testing::Received| message.msg_type == "input_request";
    let main = frontend.start("ask Main?").await;
    let first = frontend.until(&main, asked).await;
    let ask = json!({"code": "ask Child?", "allow_stdin": true});
    let header = json!({"subshell_id": subshell});
    let (child, _) = frontend.send_with_header(Shell, "execute_request", ask.clone(), header.clone()).await;
    let second = frontend.until(&child, asked).await;
    // The later question is answered first, by frontends that name the question …
    frontend.send_answer("of the child", Some(&second)).await;
    assert_eq!(frontend.finish(&child).await.stdout(), "of the child\n");
    // … and one that names none answers the main shell's, unless it names a subshell.
    let (child, _) = frontend.send_with_header(Shell, "execute_request", ask, header.clone()).await;
    frontend.until(&child, asked).await;
    frontend.send_answer("of the main shell", None).await;
    assert_eq!(frontend.finish(&main).await.stdout(), "of the main shell\n");
    frontend.send_answer("late", Some(&first)).await;
    frontend.send_with_header(Stdin, "input_reply", json!({"value": "again the child"}), header).await;
    assert_eq!(frontend.finish(&child).await.stdout(), "again the child\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupt_is_for_all_of_them() {
    let (_kernel, mut frontend) = start().await;
    let subshell = create(&mut frontend).await;
    let main = frontend.start("sleep 60000").await;
    let child = start_in(&mut frontend, &subshell, "sleep 60000").await;
    for cell in [&main, &child] {
        frontend.until(cell, |message| message.msg_type == "execute_input").await;
    }
    // JEP 91: an interrupt is handled at the level of the kernel.
    frontend.interrupt().await;
    assert_eq!(frontend.finish(&main).await.status(), "error");
    assert_eq!(frontend.finish(&child).await.status(), "error");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_without_a_reply_gets_none_from_an_unknown_one() {
    let (_kernel, mut frontend) = start().await;
    let header = json!({"subshell_id": "nowhere"});
    let (lost, _) = frontend.send_with_header(Shell, "comm_msg", json!({"comm_id": "c"}), header).await;
    let lost = frontend.finish(&lost).await;
    assert_eq!(lost.transcript(), "iopub: status busy\niopub: status idle\n");
    frontend.execute("").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn there_are_at_most_sixty_four() {
    let (_kernel, mut frontend) = start().await;
    let mut last = String::new();
    for _ in 0..64 {
        last = create(&mut frontend).await;
    }
    let refused = frontend.request(Control, "create_subshell_request", json!({})).await;
    assert_eq!(refused.content()["ename"], "TOO_MANY_SUBSHELLS");
    frontend.request(Control, "delete_subshell_request", json!({"subshell_id": last})).await;
    create(&mut frontend).await;
}
