//! A handler that panics wherever it is asked, or blocks its thread: every request is answered, and the kernel lives on.

use std::sync::Arc;
use std::time::{Duration, Instant};

use cqlbook_wire::Channel::{Control, Shell};
use cqlbook_wire::testing::{Frontend, InProcess};
use cqlbook_wire::{
    Completeness, Completions, ErrorReport, ExecuteOutcome, ExecuteRequest, Exit, Handler, HistoryEntry,
    HistoryRequest, Io, KernelInfo, MimeBundle,
};
use serde_json::json;

/// How long [`Faulty`] blocks its thread.
const BLOCKED: Duration = Duration::from_secs(5);

struct Faulty;

impl Handler for Faulty {
    fn kernel_info(&self) -> KernelInfo {
        panic!("on purpose")
    }

    async fn execute(&self, request: ExecuteRequest, io: Io) -> ExecuteOutcome {
        match request.code.as_str() {
            "block" => std::thread::sleep(BLOCKED),
            "later" => {
                io.display(MimeBundle::plain("before")).await;
                panic!("on purpose")
            }
            "now" => panic!("on purpose"),
            _ => {}
        }
        ExecuteOutcome::ok()
    }

    async fn evaluate(&self, _expression: &str) -> Result<MimeBundle, ErrorReport> {
        panic!("on purpose")
    }

    async fn complete(&self, _code: &str, _cursor: usize) -> Completions {
        panic!("on purpose")
    }

    async fn inspect(&self, _code: &str, _cursor: usize, _detail_level: u8) -> Option<MimeBundle> {
        panic!("on purpose")
    }

    fn is_complete(&self, _code: &str) -> Completeness {
        panic!("on purpose")
    }

    async fn history(&self, _request: HistoryRequest) -> Vec<HistoryEntry> {
        panic!("on purpose")
    }

    async fn shutdown(&self, _restart: bool) {
        panic!("on purpose")
    }
}

async fn start() -> (InProcess, Frontend) {
    let kernel = InProcess::start(Arc::new(Faulty)).await;
    let frontend = Frontend::connect(kernel.connection()).await.strict();
    (kernel, frontend)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_anywhere_is_an_answer() {
    let (kernel, mut frontend) = start().await;
    for request in ["complete", "inspect", "is_complete", "history", "kernel_info"] {
        let reply = frontend.request(Shell, &format!("{request}_request"), json!({"code": "a"})).await;
        assert_eq!(reply.content()["ename"], "INTERNAL_ERROR", "{request}");
        assert!(!reply.content().to_string().contains("on purpose"), "a panic's text is for the log");
    }
    let reply = frontend.request(Control, "kernel_info_request", json!({})).await;
    assert_eq!(reply.content()["ename"], "INTERNAL_ERROR");
    for cell in ["now", "later"] {
        assert_eq!(frontend.execute(cell).await.error().unwrap().0, "INTERNAL_ERROR");
    }
    let content = json!({"code": "", "user_expressions": {"a": "1"}});
    let cell = frontend.request(Shell, "execute_request", content).await;
    assert_eq!(cell.status(), "ok");
    assert_eq!(cell.content()["user_expressions"]["a"]["ename"], "INTERNAL_ERROR");
    frontend.shutdown(false).await;
    assert_eq!(kernel.exited().await, Exit::Shutdown { restart: false });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cell_that_blocks_its_thread_holds_up_nobody_else() {
    let (_kernel, mut frontend) = start().await;
    let began = Instant::now();
    let cell = frontend.start("block").await;
    frontend.until(&cell, |message| message.msg_type == "execute_input").await;
    assert_eq!(frontend.ping(b"beat").await, "beat");
    assert_eq!(frontend.request(Control, "interrupt_request", json!({})).await.status(), "ok");
    let waited = began.elapsed();
    assert!(waited < BLOCKED, "control and heartbeat waited for the cell: {waited:?}");
    frontend.finish(&cell).await;
}
