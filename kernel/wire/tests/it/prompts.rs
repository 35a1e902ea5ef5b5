//! Asking the user.

use cqlbook_wire::Channel::Shell;
use cqlbook_wire::testing::Frontend;
use insta::assert_snapshot;
use serde_json::json;

use crate::start;

#[tokio::test(flavor = "multi_thread")]
async fn a_line_and_a_password() {
    let (_kernel, mut frontend) = start().await;
    frontend.answer("Ada");
    frontend.answer("s3crët");
    let cell = frontend.execute("ask Name:\npassword Secret:").await;
    assert_snapshot!(cell.transcript(), @r#"
    iopub: status busy
    iopub: execute_input "ask Name:\npassword Secret:" [1]
    iopub: stream stdout "Ada\n"
    iopub: stream stdout "6 characters\n"
    iopub: status idle
    stdin: input_request {"prompt":"Name:","password":false}
    stdin: input_request {"prompt":"Secret:","password":true}
    shell: execute_reply ok [1]
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frontend_that_cannot_ask_is_not_asked() {
    let (_kernel, mut frontend) = start().await;
    // `allow_stdin` left out counts as false: better no prompt than one that nobody sees.
    for content in [json!({"code": "ask Name:", "allow_stdin": false}), json!({"code": "ask Name:"})] {
        let cell = frontend.request(Shell, "execute_request", content).await;
        assert_eq!(cell.error(), Some(("NO_INPUT", "This frontend cannot ask for input.")));
        assert!(cell.prompts.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_answer_does_not_count() {
    let (_kernel, mut frontend) = start().await;
    // Nobody asked.
    frontend.send_answer("early", None).await;
    frontend.execute("print a").await;

    // An interrupted prompt is answered too late, while the next one is open.
    let first = frontend.start("ask First:").await;
    let first_prompt = frontend.until(&first, |message| message.msg_type == "input_request").await;
    frontend.interrupt().await;
    frontend.finish(&first).await;
    let second = frontend.start("ask Second:").await;
    let second_prompt = frontend.until(&second, |message| message.msg_type == "input_request").await;
    frontend.send_answer("to the first", Some(&first_prompt)).await;
    frontend.send_answer("to the second", Some(&second_prompt)).await;
    frontend.send_answer("twice", Some(&second_prompt)).await;
    assert_eq!(frontend.finish(&second).await.stdout(), "to the second\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupt_closes_a_prompt() {
    let (_kernel, mut frontend) = start().await;
    let cell = frontend.start("ask Name:").await;
    frontend.until(&cell, |message| message.msg_type == "input_request").await;
    frontend.interrupt().await;
    assert_eq!(frontend.finish(&cell).await.error(), Some(("INTERRUPTED", "The prompt was interrupted.")));
    frontend.answer("Ada");
    assert_eq!(frontend.execute("ask Name:").await.stdout(), "Ada\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_frontend_is_not_asked_and_cannot_answer() {
    let (kernel, mut frontend) = start().await;
    let mut other = Frontend::connect(kernel.connection()).await;
    let cell = frontend.start("ask Name:").await;
    let prompt = frontend.until(&cell, |message| message.msg_type == "input_request").await;
    other.send_answer("not mine", Some(&prompt)).await;
    // Answered on the same socket behind the wrong answer.
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    frontend.send_answer("mine", Some(&prompt)).await;
    assert_eq!(frontend.finish(&cell).await.stdout(), "mine\n");
    let rest = other.rest(std::time::Duration::from_millis(50)).await;
    assert!(rest.iter().all(|message| message.msg_type != "input_request"));
}
