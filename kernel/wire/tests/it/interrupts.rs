//! Stop, and what answers while a cell runs.

use std::sync::Arc;
use std::time::{Duration, Instant};

use cqlbook_wire::Channel::{Control, Shell};
use cqlbook_wire::testing::{Frontend, InProcess, free_connection};
use cqlbook_wire::{Options, Transport};
use insta::assert_snapshot;
use serde_json::json;

use crate::echo::Echo;
use crate::start;

#[tokio::test(flavor = "multi_thread")]
async fn a_running_cell_stops() {
    let (_kernel, mut frontend) = start().await;
    let cell = frontend.start("sleep 60000\nprint never").await;
    frontend.until(&cell, |message| message.msg_type == "execute_input").await;
    let interrupt = frontend.interrupt().await;
    assert_snapshot!(interrupt.transcript(), @r#"
    iopub: status busy
    iopub: status idle
    control: interrupt_reply {"status":"ok"}
    "#);
    let cell = frontend.finish(&cell).await;
    assert_eq!(cell.error(), Some(("INTERRUPTED", "Woken up.")));
    assert_eq!(cell.stdout(), "");
    assert_eq!(frontend.execute("print on").await.stdout(), "on\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_kernel_survives_interrupts_and_the_next_cell_runs() {
    let (_kernel, mut frontend) = start().await;
    for _ in 0..3 {
        assert_eq!(frontend.interrupt().await.status(), "ok");
    }
    assert_eq!(frontend.execute("sleep 10\nprint on").await.stdout(), "on\n");
}

/// An interrupt sent before a cell, which comes behind it: by another socket, on a busy machine.
#[tokio::test(flavor = "multi_thread")]
async fn an_old_interrupt_does_not_stop_the_cell_that_its_sender_asked_for_later() {
    let (_kernel, mut frontend) = start().await;
    let at = |seconds: &str| json!({"date": format!("2026-11-30T05:10:{seconds}")});
    let code =
        |code: &str| json!({"code": code, "silent": false, "store_history": true, "allow_stdin": false});
    let stopped = [
        // (the interrupt's time, whose it is, whether the cell of 07.5 is stopped)
        (at("07.400000Z"), "own", false),
        (at("07Z"), "own", false),
        (at("07.600000Z"), "own", true),
        // A clock that was set back, another zone, no time, another sender: nothing is known, and Stop is Stop.
        (at("01.000000Z"), "own", true),
        (at("07.400000+00:00"), "own", true),
        (json!({}), "own", true),
        (json!({"date": "yesterday, in the afternoon"}), "own", true),
        (at("07.400000Z"), "another", true),
    ];
    for (head, sender, is_stopped) in stopped {
        let (cell, _) = frontend
            .send_with_header(Shell, "execute_request", code("sleep 300\nprint on"), at("07.500000Z"))
            .await;
        frontend.until(&cell, |message| message.msg_type == "execute_input").await;
        let mut fields = head.clone();
        if sender == "another" {
            fields["session"] = json!("another");
        }
        let (interrupt, _) = frontend.send_with_header(Control, "interrupt_request", json!({}), fields).await;
        assert_eq!(frontend.finish(&interrupt).await.status(), "ok");
        let cell = frontend.finish(&cell).await;
        assert_eq!(cell.status(), if is_stopped { "error" } else { "ok" }, "{head} of {sender}");
    }
}

/// At every moment of a short cell, by one interrupt and by three at once: the cell ends as a whole or is interrupted, and the
/// next one runs.
#[tokio::test(flavor = "multi_thread")]
async fn an_interrupt_at_any_moment_of_a_short_cell_stops_that_cell_or_none() {
    let (_kernel, mut frontend) = start().await;
    let (mut whole, mut stopped) = (0, 0);
    for moment in 0..240_u64 {
        let cell = frontend.start("sleep 3\nprint one").await;
        tokio::time::sleep(Duration::from_micros(moment * 40)).await;
        let mut interrupts = Vec::new();
        for _ in 0..(if moment % 2 == 0 { 1 } else { 3 }) {
            interrupts.push(frontend.send(Control, "interrupt_request", json!({})).await);
        }
        // Sent before anything is known of the interrupts.
        let next = frontend.start("print next").await;
        let cell = frontend.finish(&cell).await;
        match cell.status() {
            "ok" => whole += usize::from(cell.stdout() == "one\n"),
            _ => stopped += usize::from(cell.error().is_some_and(|(name, _)| name == "INTERRUPTED")),
        }
        assert_eq!(whole + stopped, usize::try_from(moment).unwrap() + 1, "{}", cell.transcript());
        for interrupt in &interrupts {
            assert_eq!(frontend.finish(interrupt).await.status(), "ok");
        }
        // A cell that was queued behind a failed one is aborted; it is not interrupted.
        let next = frontend.finish(&next).await;
        assert!(matches!(next.status(), "ok" | "aborted"), "{}", next.transcript());
        assert_eq!(frontend.execute("print on").await.stdout(), "on\n");
    }
    assert!(whole > 0 && stopped > 0, "{whole} ended and {stopped} were stopped");
}

#[tokio::test(flavor = "multi_thread")]
async fn twice_at_once_is_once() {
    let (_kernel, mut frontend) = start().await;
    let cell = frontend.start("sleep 60000").await;
    frontend.until(&cell, |message| message.msg_type == "execute_input").await;
    let first = frontend.send(Control, "interrupt_request", json!({})).await;
    let second = frontend.send(Control, "interrupt_request", json!({})).await;
    frontend.finish(&first).await;
    frontend.finish(&second).await;
    assert_eq!(frontend.finish(&cell).await.status(), "error");
    assert_eq!(frontend.execute("print on").await.stdout(), "on\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cell_that_does_not_listen_is_dropped() {
    let options = Options { interrupt_grace: Duration::from_millis(200), ..Options::default() };
    let connection = free_connection(Transport::Tcp);
    let kernel = InProcess::start_with(connection, Arc::new(Echo::default()), options).await;
    let mut frontend = Frontend::connect(kernel.connection()).await.strict();
    let cell = frontend.start("stubborn").await;
    frontend.until(&cell, |message| message.msg_type == "execute_input").await;
    frontend.interrupt().await;
    assert_eq!(frontend.finish(&cell).await.error(), Some(("INTERRUPTED", "Stopped by the user.")));
    assert_eq!(frontend.execute("print on").await.stdout(), "on\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn control_and_heartbeat_answer_while_a_cell_runs() {
    let (_kernel, mut frontend) = start().await;
    let cell = frontend.start("sleep 60000").await;
    frontend.until(&cell, |message| message.msg_type == "execute_input").await;
    let began = Instant::now();
    assert_eq!(frontend.ping(b"\x00any bytes\xff").await, b"\x00any bytes\xff".as_slice());
    assert_eq!(frontend.request(Control, "kernel_info_request", json!({})).await.status(), "ok");
    assert!(began.elapsed() < Duration::from_secs(10));
    // An interrupt that comes by shell does not wait behind the cell either.
    assert_eq!(frontend.request(Shell, "interrupt_request", json!({})).await.status(), "ok");
    assert_eq!(frontend.finish(&cell).await.status(), "error");
}

#[tokio::test(flavor = "multi_thread")]
async fn cells_behind_an_error_are_aborted_and_other_requests_answered() {
    let (_kernel, mut frontend) = start().await;
    let subshell = frontend.request(Control, "create_subshell_request", json!({})).await;
    let failing = frontend.start("ask Now?\nfail first").await;
    let waiting = [frontend.start("print a").await, frontend.start("print b").await];
    let info = frontend.send(Shell, "kernel_info_request", json!({})).await;
    // When this is answered, those before it on the same socket are in the queue of the main shell.
    let header = json!({"subshell_id": subshell.content()["subshell_id"]});
    let (fence, _) = frontend.send_with_header(Shell, "kernel_info_request", json!({}), header).await;
    frontend.finish(&fence).await;
    frontend.answer("yes");
    assert_eq!(frontend.finish(&failing).await.status(), "error");
    for cell in waiting {
        let expected = "iopub: status busy\niopub: status idle\nshell: execute_reply aborted [1]\n";
        assert_eq!(frontend.finish(&cell).await.transcript(), expected);
    }
    assert_eq!(frontend.finish(&info).await.status(), "ok");
    // What comes after the error runs.
    assert_eq!(frontend.execute("print c").await.stdout(), "c\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn with_stop_on_error_off_the_cells_behind_run() {
    let (_kernel, mut frontend) = start().await;
    let content = json!({"code": "sleep 100\nfail first", "stop_on_error": false});
    let failing = frontend.send(Shell, "execute_request", content).await;
    let waiting = frontend.start("print a").await;
    assert_eq!(frontend.finish(&failing).await.status(), "error");
    assert_eq!(frontend.finish(&waiting).await.stdout(), "a\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupt_at_the_first_sight_of_busy_is_not_lost() {
    let (_kernel, mut frontend) = start().await;
    for _ in 0..100 {
        let cell = frontend.start("sleep 60000").await;
        frontend.until(&cell, |message| message.is_status("busy")).await;
        frontend.interrupt().await;
        assert_eq!(frontend.finish(&cell).await.status(), "error");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cell_sent_in_answer_to_an_error_runs() {
    let (_kernel, mut frontend) = start().await;
    for _ in 0..100 {
        let failing = frontend.start("fail").await;
        frontend.until(&failing, |message| message.msg_type == "error").await;
        let next = frontend.start("print a").await;
        assert_eq!(frontend.finish(&failing).await.status(), "error");
        assert_eq!(frontend.finish(&next).await.stdout(), "a\n");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_bounded_and_an_interrupt_still_gets_through() {
    let (_kernel, mut frontend) = start().await;
    let cell = frontend.start("sleep 60000").await;
    frontend.until(&cell, |message| message.msg_type == "execute_input").await;
    // Six times 60 MB are more than may wait.
    let big = json!({"code": "x".repeat(60_000_000)});
    let mut waiting = Vec::new();
    for _ in 0..6 {
        waiting.push(frontend.send(Shell, "is_complete_request", big.clone()).await);
    }
    let refused = frontend.finish(waiting.last().unwrap()).await;
    assert_eq!(refused.content()["ename"], "QUEUE_FULL");
    frontend.interrupt().await;
    assert_eq!(frontend.finish(&cell).await.status(), "error");
    for request in &waiting[..4] {
        assert_eq!(frontend.finish(request).await.status(), "complete");
    }
    assert_eq!(frontend.finish(&waiting[4]).await.content()["ename"], "QUEUE_FULL");
    assert_eq!(frontend.execute("print on").await.stdout(), "on\n");
}
