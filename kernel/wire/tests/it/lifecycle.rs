//! Start, shutdown, restart, signals, and what is left behind: nothing.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use cqlbook_wire::Channel::{Control, Shell};
use cqlbook_wire::testing::{Frontend, InProcess, free_connection, write_connection_file};
use cqlbook_wire::{ConnectionFile, Exit, Options, Transport, WireError, serve_with};
use insta::assert_snapshot;
use serde_json::json;

use crate::echo::Echo;
use crate::{CONNECTION, spawn, start};

#[tokio::test(flavor = "multi_thread")]
async fn shutdown_is_answered_and_told_to_everyone() {
    let handler = Arc::new(Echo::default());
    let kernel = InProcess::start(handler.clone()).await;
    let mut frontend = Frontend::connect(kernel.connection()).await.strict();
    let goodbye = frontend.shutdown(false).await;
    assert_snapshot!(goodbye.transcript(), @r#"
    iopub: status busy
    iopub: shutdown_reply {"restart":false,"status":"ok"}
    iopub: status idle
    control: shutdown_reply {"restart":false,"status":"ok"}
    "#);
    assert_eq!(kernel.exited().await, Exit::Shutdown { restart: false });
    assert_eq!(handler.stopped(), Some(false));
}

#[tokio::test(flavor = "multi_thread")]
async fn shutdown_by_shell_does_not_wait_behind_a_cell() {
    let (kernel, mut frontend) = start().await;
    let cell = frontend.start("sleep 60000").await;
    let behind = frontend.start("print never").await;
    frontend.until(&cell, |message| message.msg_type == "execute_input").await;
    // `restart` is missing, as some clients leave it.
    let goodbye = frontend.send(Shell, "shutdown_request", json!({})).await;
    assert_eq!(frontend.finish(&cell).await.status(), "error");
    assert_eq!(frontend.finish(&behind).await.status(), "aborted");
    assert_eq!(frontend.finish(&goodbye).await.reply.unwrap().channel, Shell);
    assert_eq!(kernel.exited().await, Exit::Shutdown { restart: false });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cell_that_does_not_listen_does_not_stop_the_end() {
    let (kernel, mut frontend) = start().await;
    let cell = frontend.start("stubborn").await;
    frontend.until(&cell, |message| message.msg_type == "execute_input").await;
    let began = std::time::Instant::now();
    frontend.shutdown(true).await;
    assert_eq!(frontend.finish(&cell).await.status(), "error");
    assert_eq!(kernel.exited().await, Exit::Shutdown { restart: true });
    // Cells get 0.8 s then, less than the 2.5 s after which Jupyter sends SIGTERM; the rest is for a busy machine.
    assert!(began.elapsed() < Duration::from_secs(5));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_at_the_end() {
    let mut kernel = spawn(Transport::Tcp);
    let mut frontend = Frontend::connect(kernel.connection()).await.strict();
    frontend.execute("").await;
    let big = frontend.start("flood 5").await;
    frontend.until(&big, |message| message.msg_type == "execute_input").await;
    let mut cells = Vec::new();
    for _ in 0..40 {
        cells.push(frontend.start("print a").await);
    }
    let big = frontend.finish(&big).await;
    assert_eq!(big.stdout().len(), 5_000_000);
    let goodbye = frontend.send(Control, "shutdown_request", json!({"restart": false})).await;
    for cell in cells {
        // Run or aborted, each is answered and ends with idle.
        assert!(["ok", "aborted"].contains(&frontend.finish(&cell).await.status()));
    }
    frontend.finish(&goodbye).await;
    assert!(kernel.exited().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_restarts_on_the_same_ports_and_files() {
    for transport in [Transport::Tcp, Transport::Ipc] {
        let connection = free_connection(transport);
        for _ in 0..10 {
            let mut kernel =
                cqlbook_wire::testing::KernelProcess::spawn_at(connection.clone(), crate::kernel_command);
            let mut frontend = Frontend::connect(&connection).await.strict();
            assert_eq!(frontend.execute("print hello").await.content()["execution_count"], 1);
            frontend.shutdown(true).await;
            assert!(kernel.exited().await.success());
        }
        // In one process too: the ports are free when `serve` returns.
        for _ in 0..10 {
            let kernel = InProcess::start_at(connection.clone(), Arc::new(Echo::default())).await;
            let mut frontend = Frontend::connect(&connection).await.strict();
            frontend.shutdown(true).await;
            assert_eq!(kernel.exited().await, Exit::Shutdown { restart: true });
        }
        assert_eq!(socket_files(&connection), Vec::<PathBuf>::new());
    }
}

fn socket_files(connection: &ConnectionFile) -> Vec<PathBuf> {
    let endpoints = [Shell, Control].map(|channel| connection.endpoint(channel));
    let files = endpoints.iter().filter_map(|endpoint| endpoint.strip_prefix("ipc://").map(PathBuf::from));
    files.filter(|file| file.exists()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_a_killed_kernel_are_no_obstacle_but_those_of_a_living_one_are() {
    let connection = free_connection(Transport::Ipc);
    let mut killed =
        cqlbook_wire::testing::KernelProcess::spawn_at(connection.clone(), crate::kernel_command);
    Frontend::connect(&connection).await.execute("print a").await;
    signal("KILL", killed.pid());
    killed.exited().await;
    assert_eq!(socket_files(&connection).len(), 2, "left behind");

    let kernel = InProcess::start_at(connection.clone(), Arc::new(Echo::default())).await;
    let mut frontend = Frontend::connect(&connection).await;
    assert_eq!(frontend.execute("print a").await.stdout(), "a\n");
    let second = serve_with(connection.clone(), Arc::new(Echo::default()), Options::default()).await;
    assert!(matches!(second, Err(WireError::Bind { .. })), "{second:?}");
    assert_eq!(frontend.execute("print b").await.stdout(), "b\n");
    frontend.shutdown(false).await;
    kernel.exited().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_in_use_is_a_clear_error() {
    let connection = free_connection(Transport::Tcp);
    let endpoint = connection.endpoint(Shell);
    let _taken = std::net::TcpListener::bind(endpoint.strip_prefix("tcp://").unwrap()).unwrap();
    let error = serve_with(connection, Arc::new(Echo::default()), Options::default()).await.unwrap_err();
    let expected = format!("The shell socket cannot be opened at {endpoint}: ");
    assert!(error.to_string().starts_with(&expected), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn sigint_interrupts_and_sigterm_stops() {
    let mut kernel = spawn(Transport::Tcp);
    let mut frontend = Frontend::connect(kernel.connection()).await.strict();
    signal("INT", kernel.pid());
    let cell = frontend.start("sleep 60000").await;
    frontend.until(&cell, |message| message.msg_type == "execute_input").await;
    signal("INT", kernel.pid());
    signal("INT", kernel.pid());
    assert_eq!(frontend.finish(&cell).await.error(), Some(("INTERRUPTED", "Woken up.")));

    let cell = frontend.start("sleep 60000").await;
    frontend.until(&cell, |message| message.msg_type == "execute_input").await;
    signal("TERM", kernel.pid());
    assert_eq!(frontend.finish(&cell).await.status(), "error");
    let told = frontend.wait_for("the goodbye", |message| message.msg_type == "shutdown_reply").await;
    assert_eq!(told.parent_id(), "");
    assert!(kernel.exited().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_parent_is_gone_the_kernel_goes() {
    let connection = free_connection(Transport::Tcp);
    let file = tempfile::NamedTempFile::new().unwrap();
    write_connection_file(&connection, file.path());
    let kernel = crate::kernel_command(file.path());
    // A parent between us and the kernel, which says the kernel's process id and waits.
    let mut parent = Command::new("sh");
    parent.arg("-c").arg("\"$@\" >&2 & echo $!; wait").arg("sh").arg(kernel.as_std().get_program());
    parent.args(kernel.as_std().get_args()).env(CONNECTION, file.path()).env("JPY_PARENT_PID", "1");
    let mut parent =
        parent.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::null()).spawn().unwrap();
    let mut pid = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(parent.stdout.take().unwrap()), &mut pid)
        .unwrap();

    let mut frontend = Frontend::connect(&connection).await;
    let cell = frontend.start("sleep 60000").await;
    frontend.until(&cell, |message| message.msg_type == "execute_input").await;
    signal("KILL", parent.id());
    parent.wait().unwrap();
    frontend.wait_for("the goodbye", |message| message.msg_type == "shutdown_reply").await;
    let gone = async {
        while std::path::Path::new(&format!("/proc/{}/fd/0", pid.trim())).exists() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), gone).await.expect("the kernel goes");
}

fn signal(name: &str, pid: u32) {
    assert!(Command::new("kill").args([&format!("-{name}"), &pid.to_string()]).status().unwrap().success());
}
