//! Requests and what comes back, as transcripts.

use cqlbook_wire::Channel::{Control, Shell};
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::start;

#[tokio::test(flavor = "multi_thread")]
async fn a_cell_shows_what_it_does_between_busy_and_idle() {
    let (_kernel, mut frontend) = start().await;
    let cell = frontend.execute("print hello\nshow x < y\nresult 42\nwarn careful").await;
    assert_snapshot!(cell.transcript(), @r#"
    iopub: status busy
    iopub: execute_input "print hello\nshow x < y\nresult 42\nwarn careful" [1]
    iopub: stream stdout "hello\n"
    iopub: display_data {"text/plain":"x < y","text/html":"<b>x < y</b>"}
    iopub: execute_result {"text/plain":"42","text/html":"<b>42</b>"} [1]
    iopub: stream stderr "careful\n"
    iopub: status idle
    shell: execute_reply ok [1]
    "#);
    let result = cell.published("execute_result").next().unwrap();
    assert_eq!(result.content.get("transient"), None, "null is not allowed by the schema");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_is_shown_once() {
    let (_kernel, mut frontend) = start().await;
    let cell = frontend.execute("print before\nfail it broke\nprint never").await;
    assert_snapshot!(cell.transcript(), @r#"
    iopub: status busy
    iopub: execute_input "print before\nfail it broke\nprint never" [1]
    iopub: stream stdout "before\n"
    iopub: error FAILED: it broke
    iopub: status idle
    shell: execute_reply error FAILED [1]
    "#);
    assert_eq!(cell.content()["traceback"], json!(["FAILED: it broke"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_of_the_handler_is_an_error_and_the_kernel_lives() {
    let (_kernel, mut frontend) = start().await;
    let cell = frontend.execute("panic on purpose").await;
    assert_eq!(cell.error().unwrap().0, "INTERNAL_ERROR");
    assert!(!cell.transcript().contains("on purpose:"), "a panic's text is for the log");
    assert_eq!(frontend.execute("print alive").await.stdout(), "alive\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_output_that_changes_keeps_its_name() {
    let (_kernel, mut frontend) = start().await;
    let cell = frontend.execute("progress\nclear").await;
    let shown = cell.published("display_data").next().unwrap().text("/transient/display_id");
    let changed = cell.published("update_display_data").next().unwrap();
    assert_eq!((changed.text("/transient/display_id"), changed.text("/data/text~1plain")), (shown, "100 %"));
    assert!(!shown.is_empty());
    assert_eq!(cell.published("clear_output").next().unwrap().content, json!({"wait": false}));
}

#[tokio::test(flavor = "multi_thread")]
async fn counting_starts_at_one_and_only_stored_cells_count() {
    let (_kernel, mut frontend) = start().await;
    let mut count = async |content: Value| {
        let cell = frontend.request(Shell, "execute_request", content).await;
        cell.content()["execution_count"].as_u64().unwrap()
    };
    assert_eq!(count(json!({"code": "print a"})).await, 1);
    assert_eq!(count(json!({"code": "print b", "store_history": false})).await, 1);
    assert_eq!(count(json!({"code": "print c", "silent": true, "store_history": true})).await, 1);
    assert_eq!(count(json!({"code": "fail d"})).await, 2);
    assert_eq!(count(json!({"code": ""})).await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_cell_shows_nothing() {
    let (_kernel, mut frontend) = start().await;
    let silent = json!({"code": "print a\nresult b\nfail c", "silent": true});
    let cell = frontend.request(Shell, "execute_request", silent).await;
    assert_snapshot!(cell.transcript(), @r#"
    iopub: status busy
    iopub: status idle
    shell: execute_reply error FAILED [0]
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn user_expressions_are_evaluated_after_a_cell_that_ran_well() {
    let (_kernel, mut frontend) = start().await;
    let request = |code| json!({"code": code, "user_expressions": {"a": "1", "b": "fail no", "c": 5}});
    let cell = frontend.request(Shell, "execute_request", request("")).await;
    assert_snapshot!(cell.content()["user_expressions"], @r#"{"a":{"status":"ok","data":{"text/plain":"1"},"metadata":{}},"b":{"status":"error","ename":"FAILED","evalue":"no","traceback":["FAILED: no"]}}"#);
    let cell = frontend.request(Shell, "execute_request", request("fail")).await;
    assert_eq!(cell.content()["user_expressions"], json!({}));
}

#[tokio::test(flavor = "multi_thread")]
async fn payloads_and_an_aborted_cell() {
    let (_kernel, mut frontend) = start().await;
    let cell = frontend.execute("page help\nnext print 2").await;
    assert_snapshot!(cell.content()["payload"], @r#"[{"source":"page","data":{"text/plain":"help"},"start":0},{"source":"set_next_input","text":"print 2","replace":false}]"#);
    assert_eq!(frontend.execute("abort").await.status(), "aborted");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_forgotten_task_writes_after_the_end_goes_nowhere() {
    let (_kernel, mut frontend) = start().await;
    frontend.execute("late boo").await;
    let next = frontend.execute("sleep 300").await;
    assert!(!next.transcript().contains("boo"));
    assert!(frontend.rest(std::time::Duration::from_millis(50)).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn kernel_info_on_shell_and_control() {
    let (_kernel, mut frontend) = start().await;
    let on_shell = frontend.request(Shell, "kernel_info_request", json!({})).await;
    let on_control = frontend.request(Control, "kernel_info_request", json!({})).await;
    assert_eq!(on_shell.content(), on_control.content());
    assert_eq!(on_shell.content()["protocol_version"], "5.5");
    assert_eq!(on_shell.content()["supported_features"], json!(["kernel subshells"]));
    assert_eq!(on_shell.content()["debugger"], false);
    for exchange in [on_shell, on_control] {
        let states: Vec<_> = exchange.iopub.iter().map(|message| message.text("/execution_state")).collect();
        assert_eq!(states, ["busy", "idle"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn completion_and_inspection_count_in_code_points() {
    let (_kernel, mut frontend) = start().await;
    // 😀 is one code point (two UTF-16 units, four bytes).
    let request = json!({"code": "print 😀\n pri", "cursor_pos": 12});
    let reply = frontend.request(Shell, "complete_request", request).await;
    assert_snapshot!(reply.content(), @r#"{"status":"ok","matches":["print"],"cursor_start":9,"cursor_end":12,"metadata":{"_jupyter_types_experimental":[{"start":9,"end":12,"text":"print","type":"keyword","signature":"writes the text to stdout"}]}}"#);

    let request = json!({"code": "😀 ask", "cursor_pos": 5, "detail_level": 1});
    let reply = frontend.request(Shell, "inspect_request", request).await;
    assert_snapshot!(reply.content(), @r#"{"status":"ok","found":true,"data":{"text/plain":"ask asks for a line and prints it, always"},"metadata":{}}"#);
    let reply = frontend.request(Shell, "inspect_request", json!({"code": "what", "cursor_pos": 99})).await;
    assert_snapshot!(reply.content(), @r#"{"status":"ok","found":false,"data":{},"metadata":{}}"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn tab_does_not_wait_for_the_cell_before_it() {
    let (_kernel, mut frontend) = start().await;
    let cell = frontend.start("sleep 60000").await;
    frontend.until(&cell, |message| message.msg_type == "execute_input").await;
    let behind = frontend.start("print behind").await;
    let request = json!({"code": "pri", "cursor_pos": 3, "detail_level": 0});
    for _ in 0..20 {
        for (asked, answer) in [("complete_request", "matches"), ("inspect_request", "found")] {
            let exchange = frontend.request(Shell, asked, request.clone()).await;
            assert!(exchange.content().get(answer).is_some(), "{}", exchange.transcript());
        }
    }
    frontend.interrupt().await;
    let cell = frontend.finish(&cell).await;
    // A frontend that looks at the kernel's last word alone sees that the cell still runs; its idle is its last.
    let lines: Vec<_> = cell.transcript().lines().map(str::to_owned).collect();
    let statuses: Vec<_> = lines.iter().filter(|line| line.contains("status ")).collect();
    assert!(statuses.len() > 2, "{lines:?}");
    assert!(statuses.iter().rev().skip(1).all(|line| line.contains("busy")), "{lines:?}");
    assert!(statuses.last().unwrap().contains("idle"), "{lines:?}");
    assert!(frontend.finish(&behind).await.transcript().contains("execute_reply"), "it waited for its turn");
}

#[tokio::test(flavor = "multi_thread")]
async fn is_complete() {
    let (_kernel, mut frontend) = start().await;
    let reply = frontend.request(Shell, "is_complete_request", json!({"code": "print \\"})).await;
    assert_eq!(reply.content(), &json!({"status": "incomplete", "indent": "  "}));
    let reply = frontend.request(Shell, "is_complete_request", json!({"code": "print"})).await;
    assert_eq!(reply.content(), &json!({"status": "complete"}));
}

#[tokio::test(flavor = "multi_thread")]
async fn history_with_and_without_the_optional_fields() {
    let (_kernel, mut frontend) = start().await;
    for code in ["print a", "print b", "warn c"] {
        frontend.execute(code).await;
    }
    let mut ask = async |content: Value| {
        frontend.request(Shell, "history_request", content).await.content()["history"].to_string()
    };
    let tail = json!({"hist_access_type": "tail", "n": 1, "output": false, "raw": true});
    assert_eq!(ask(tail).await, r#"[[1,3,"warn c"]]"#);
    let range = json!({"hist_access_type": "range", "session": 0, "start": 1, "stop": 2, "output": true});
    assert_eq!(ask(range).await, r#"[[1,1,["print a",null]]]"#);
    // jupyter_client leaves out `unique`, `n`, `stop` when it has nothing to say.
    let search = json!({"hist_access_type": "search", "pattern": "print*"});
    assert_eq!(ask(search).await, r#"[[1,1,"print a"],[1,2,"print b"]]"#);
    let odd = frontend.request(Shell, "history_request", json!({"hist_access_type": "dream"})).await;
    assert_eq!(odd.content()["ename"], "INVALID_REQUEST");
}

#[tokio::test(flavor = "multi_thread")]
async fn comms_are_closed_and_listed_as_none() {
    let (_kernel, mut frontend) = start().await;
    let open = json!({"comm_id": "c1", "target_name": "jupyter.widget", "data": {}});
    let opened = frontend.request(Shell, "comm_open", open).await;
    assert_snapshot!(opened.transcript(), @r#"
    iopub: status busy
    iopub: comm_close {"comm_id":"c1","data":{}}
    iopub: status idle
    "#);
    let info = frontend.request(Shell, "comm_info_request", json!({})).await;
    assert_eq!(info.content(), &json!({"status": "ok", "comms": {}}));
    let ignored = frontend.request(Shell, "comm_msg", json!({"comm_id": "c1", "data": {}})).await;
    assert_eq!(ignored.iopub.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_request_is_answered_with_an_error() {
    let (_kernel, mut frontend) = start().await;
    for channel in [Shell, Control] {
        let reply = frontend.request(channel, "dance_request", json!({})).await;
        assert_eq!(reply.reply.as_ref().unwrap().msg_type, "dance_reply");
        assert_eq!(reply.content()["ename"], "UNKNOWN_REQUEST");
    }
    assert_eq!(frontend.request(Control, "debug_request", json!({})).await.status(), "error");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parent_header_comes_back_as_the_bytes_that_were_sent() {
    let (_kernel, mut frontend) = start().await;
    let fields = json!({"username": "ü", "future_field": {"b": 1, "a": [2.50, null]}, "date": "yesterday"});
    let (id, header) =
        frontend.send_with_header(Shell, "execute_request", json!({"code": "print a"}), fields).await;
    let cell = frontend.finish(&id).await;
    assert_eq!(cell.iopub.len(), 4);
    for message in cell.iopub.iter().chain(&cell.reply) {
        assert_eq!(message.parent_header, header);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_with_nothing_in_them_are_answered() {
    let (_kernel, mut frontend) = start().await;
    for request in ["execute", "complete", "inspect", "is_complete", "history", "comm_info", "kernel_info"] {
        for content in [json!({}), json!([1]), json!(null), json!({"code": 5, "cursor_pos": "x"})] {
            let reply = frontend.request(Shell, &format!("{request}_request"), content).await;
            assert_eq!(reply.reply.as_ref().unwrap().msg_type, format!("{request}_reply"));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cursors_beyond_the_end_and_in_utf16_units_are_at_the_end() {
    let (_kernel, mut frontend) = start().await;
    // "😀 pri" has 5 code points, 6 UTF-16 units (which old frontends send) and 8 bytes.
    for cursor in [5, 6, 8, 1_000_000] {
        let request = json!({"code": "😀 pri", "cursor_pos": cursor});
        let reply = frontend.request(Shell, "complete_request", request).await;
        let content = reply.content();
        assert_eq!(content["matches"], json!(["print"]), "at {cursor}");
        assert_eq!((content["cursor_start"].as_u64(), content["cursor_end"].as_u64()), (Some(2), Some(5)));
        let request = json!({"code": "😀 ask", "cursor_pos": cursor});
        assert_eq!(frontend.request(Shell, "inspect_request", request).await.content()["found"], true);
    }
    // Before, behind and between emoji and a combining mark: an answer at every place, within the text.
    let code = "a😀e\u{301}😀👩‍🚀 p";
    let length = u64::try_from(code.chars().count()).unwrap();
    for cursor in 0..=length {
        let reply =
            frontend.request(Shell, "complete_request", json!({"code": code, "cursor_pos": cursor})).await;
        let place = |name: &str| reply.content()[name].as_u64().unwrap();
        assert!(place("cursor_start") <= cursor && place("cursor_end") == cursor, "{}", reply.content());
        let request = json!({"code": code, "cursor_pos": cursor});
        assert_eq!(frontend.request(Shell, "inspect_request", request).await.status(), "ok");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn busy_and_idle_of_shell_and_control_are_pairs_of_their_own() {
    let (_kernel, mut frontend) = start().await;
    let cell = frontend.start("ask Now?").await;
    frontend.until(&cell, |message| message.msg_type == "input_request").await;
    // From here to the answer the shell is busy; control has a pair of its own, with its own parent.
    let info = frontend.request(Control, "kernel_info_request", json!({})).await;
    let states: Vec<_> = info.iopub.iter().map(|message| message.text("/execution_state")).collect();
    assert_eq!(states, ["busy", "idle"]);
    frontend.send_answer("yes", None).await;
    let cell = frontend.finish(&cell).await;
    let states: Vec<_> = cell.published("status").map(|message| message.text("/execution_state")).collect();
    assert_eq!(states, ["busy", "idle"]);
    assert!(cell.iopub.last().unwrap().is_status("idle"));
}

#[tokio::test(flavor = "multi_thread")]
async fn prompts_and_control_have_the_parents_bytes_too() {
    let (_kernel, mut frontend) = start().await;
    let fields = json!({"future": "☃", "n": 1.0});
    let content = json!({"code": "ask ☃", "allow_stdin": true});
    let (id, header) = frontend.send_with_header(Shell, "execute_request", content, fields.clone()).await;
    frontend.answer("line");
    let cell = frontend.finish(&id).await;
    assert_eq!(cell.prompts[0].parent_header, header);
    let (id, header) = frontend.send_with_header(Control, "kernel_info_request", json!({}), fields).await;
    let info = frontend.finish(&id).await;
    assert!(info.iopub.iter().chain(&info.reply).all(|message| message.parent_header == header));
}
