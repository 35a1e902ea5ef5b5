//! The kernel of `examples/echo.rs`, driven through its sockets; each module is a subject of the protocol.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../../examples/echo.rs"]
mod echo;

mod crowds;
mod faults;
mod heartbeat;
mod interrupts;
mod lifecycle;
mod prompts;
mod protocol;
mod slow_frontends;
mod strangers;
mod subshells;
mod unsigned;

use std::path::Path;
use std::sync::Arc;

use cqlbook_wire::testing::{Frontend, InProcess, KernelProcess};
use cqlbook_wire::{ConnectionFile, Transport};
use echo::Echo;

/// A kernel in this process, and a frontend that minds every message.
async fn start() -> (InProcess, Frontend) {
    let kernel = InProcess::start(Arc::new(Echo::default())).await;
    let frontend = Frontend::connect(kernel.connection()).await.strict();
    (kernel, frontend)
}

/// The variable that makes this test program a kernel.
const CONNECTION: &str = "WIRE_TEST_CONNECTION";

/// This program again, as a kernel: it runs the one test below.
fn kernel_command(connection_file: &Path) -> tokio::process::Command {
    let mut command = tokio::process::Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "a_kernel_of_its_own", "--test-threads=1", "--nocapture"])
        .env(CONNECTION, connection_file);
    command.stdout(std::process::Stdio::null());
    command
}

/// A kernel in a process of its own.
fn spawn(transport: Transport) -> KernelProcess {
    KernelProcess::spawn(transport, kernel_command)
}

/// Not a test by itself: a kernel for the tests that need one in a process of its own.
#[tokio::test(flavor = "multi_thread")]
async fn a_kernel_of_its_own() {
    let Some(path) = std::env::var_os(CONNECTION) else { return };
    let connection = ConnectionFile::read(Path::new(&path)).unwrap();
    cqlbook_wire::serve(connection, Arc::new(Echo::default())).await.unwrap();
}
