//! The protocol as a frontend sees it, told as transcripts of the echo kernel.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../examples/echo.rs"]
mod echo;

use std::sync::Arc;
use std::time::Duration;

use cqlbook_wire::Channel::{Control, Shell};
use cqlbook_wire::testing::{Frontend, InProcess};
use echo::Echo;
use insta::assert_snapshot;
use serde_json::json;

async fn start() -> (InProcess, Frontend) {
    let kernel = InProcess::start(Arc::new(Echo::default())).await;
    let frontend = Frontend::connect(kernel.connection()).await.strict();
    (kernel, frontend)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cell() {
    let (_kernel, mut frontend) = start().await;
    let cell = frontend.execute("print hello\nshow x < y\nresult 42\nwarn careful").await;
    assert_snapshot!(cell.transcript(), @"");
}
