//! Frontends that do not read: the others go on, memory stays bounded, and idle still comes last.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use cqlbook_wire::Channel::{Control, IoPub};
use cqlbook_wire::testing::{Frontend, InProcess, write_connection_file};
use cqlbook_wire::{ConnectionFile, Transport};
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::{spawn, start, strangers};

/// The variable that makes this test program a frontend that waits for `print last`.
const LISTEN: &str = "WIRE_TEST_LISTEN";

/// A subscriber of everything that never reads.
async fn never_reading(connection: &ConnectionFile) -> TcpStream {
    let mut stream = strangers::handshake(connection, IoPub).await;
    stream.write_all(b"\x00\x01\x01").await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    stream
}

/// The most memory that a process has had, in bytes.
fn peak_memory(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_megabytes_of_output_stay_bounded_and_idle_comes_last() {
    let kernel = spawn(Transport::Tcp);
    let mut frontend =
        Frontend::connect(kernel.connection()).await.strict().with_patience(Duration::from_secs(120));
    let stuck = never_reading(kernel.connection()).await;
    let before = peak_memory(kernel.pid());
    let cell = frontend.execute("flood 100").await;
    assert_eq!(cell.stdout().len(), 100_000_000);
    assert!(cell.iopub.last().unwrap().is_status("idle"));
    let grown = peak_memory(kernel.pid()) - before;
    assert!(grown < 60 << 20, "the kernel grew by {} MB", grown >> 20);
    drop(stuck);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_never_reads_holds_up_the_others_once_for_two_seconds() {
    let (kernel, mut frontend) = start().await;
    let stuck = [never_reading(kernel.connection()).await, never_reading(kernel.connection()).await];
    // Fills the sockets' buffers and both queues, until the kernel gives up on the two.
    frontend.execute("flood 40").await;
    let began = Instant::now();
    for _ in 0..20 {
        frontend.execute("print on").await;
    }
    // Waiting for a stuck one again would cost two seconds for each message.
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    drop(stuck);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_listening_costs_nothing() {
    let (kernel, frontend) = start().await;
    let connection = kernel.connection().clone();
    drop(frontend);
    let mut other = Frontend::connect(&connection).await;
    let cell = other.start("flood 20").await;
    other.until(&cell, |message| message.msg_type == "stream").await;
    // Gone in the middle of it.
    drop(other);
    let mut third = Frontend::connect(&connection).await;
    assert_eq!(third.execute("print on").await.stdout(), "on\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frontend_that_was_stopped_goes_on_where_it_can() {
    let (kernel, mut frontend) = start().await;
    let file = tempfile::NamedTempFile::new().unwrap();
    write_connection_file(kernel.connection(), file.path());
    let mut stopped = listener(file.path());
    let mut said = BufReader::new(stopped.stdout.take().unwrap()).lines().map_while(Result::ok);
    assert!(said.any(|line| line.contains("listening")));
    signal("STOP", stopped.id());
    let cell = frontend.execute("flood 40").await;
    assert_eq!(cell.stdout().len(), 40_000_000);
    // Statuses of many cells, more than the room that the outputs left.
    for _ in 0..200 {
        frontend.execute("").await;
    }
    frontend.execute("print last").await;
    signal("CONT", stopped.id());
    assert!(said.any(|line| line.contains("saw the last cell end")));
    assert!(stopped.wait().unwrap().success());
}

fn signal(name: &str, pid: u32) {
    assert!(Command::new("kill").args([&format!("-{name}"), &pid.to_string()]).status().unwrap().success());
}

/// This program again, as a frontend: it runs the one test below.
fn listener(connection_file: &Path) -> std::process::Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "slow_frontends::a_frontend_of_its_own", "--test-threads=1", "--nocapture"]);
    command.env(LISTEN, connection_file).stdout(Stdio::piped()).spawn().unwrap()
}

/// Not a test by itself: a frontend for the test above.
#[tokio::test(flavor = "multi_thread")]
async fn a_frontend_of_its_own() {
    let Some(path) = std::env::var_os(LISTEN) else { return };
    let connection = ConnectionFile::read(Path::new(&path)).unwrap();
    let mut frontend = Frontend::connect(&connection).await.with_patience(Duration::from_secs(60));
    let mut say = std::io::stdout();
    writeln!(say, "listening").unwrap();
    let last = frontend.wait_for("the last cell", |message| message.text("/code") == "print last").await;
    let ended = |message: &cqlbook_wire::testing::Received| {
        message.is_status("idle") && message.parent_id() == last.parent_id()
    };
    frontend.wait_for("its idle", ended).await;
    writeln!(say, "saw the last cell end").unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_goodbye_reaches_the_others_past_one_that_never_reads() {
    let (kernel, mut frontend) = start().await;
    let stuck = never_reading(kernel.connection()).await;
    let cell = frontend.start("flood 1000").await;
    // Its queue is full soon, and the kernel is waiting for it when it is told to stop.
    frontend.until(&cell, |message| message.msg_type == "stream").await;
    let goodbye = frontend.send(Control, "shutdown_request", json!({"restart": false})).await;
    let cell = frontend.finish(&cell).await;
    assert_eq!(cell.status(), "error");
    assert!(cell.iopub.last().unwrap().is_status("idle"));
    let goodbye = frontend.finish(&goodbye).await;
    assert_eq!(goodbye.published("shutdown_reply").count(), 1);
    kernel.exited().await;
    drop(stuck);
}

/// Two frontends see the same outputs.
#[tokio::test(flavor = "multi_thread")]
async fn every_frontend_sees_every_cell() {
    let kernel = InProcess::start(std::sync::Arc::new(crate::echo::Echo::default())).await;
    let mut one = Frontend::connect(kernel.connection()).await;
    let mut two = Frontend::connect(kernel.connection()).await;
    let cell = one.start("print hello").await;
    let seen = two.until(&cell, |message| message.msg_type == "stream").await;
    assert_eq!(seen.text("/text"), "hello\n");
    assert_eq!(one.finish(&cell).await.stdout(), "hello\n");
}
