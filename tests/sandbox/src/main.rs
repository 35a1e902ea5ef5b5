//! `cqlbook-sandbox`: runs a sandbox for other programs. One line of JSON on standard output says that it is ready and
//! where everything is; it ends with standard input, with its parent or with a signal. All it does is in the library.
#![allow(clippy::print_stderr, reason = "progress and errors of a program belong on standard error")]

use std::io::Write;
use std::os::unix::fs::FileTypeExt;
use std::os::unix::process::parent_id;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::{Parser, Subcommand};
use cqlbook_sandbox::{AstraOptions, ClusterOptions, Sandbox};
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

/// A local Astra around a real Apache Cassandra, for tests and for trying cqlbook without an account.
///
/// Needs Linux, Java 17 and, the first time, Maven. Keeps Cassandra's jars and all data in the folder .work of the
/// project, or where CQLBOOK_WORK says.
#[derive(Debug, Parser)]
#[command(name = "cqlbook-sandbox", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start a cluster and its fronts; run until standard input closes, the parent ends or a signal comes.
    ///
    /// When all is ready, one line of JSON is printed: "admin" is the value for the environment variable CQLBOOK_SANDBOX,
    /// and "fronts" lists each front's bundle, keyspace, client_id and token_json, the path of a file with the
    /// credentials in the format of Astra's console.
    Run(Run),
}

#[derive(Debug, clap::Args)]
struct Run {
    /// Nodes in dc1, the data centre that clients use.
    #[arg(long, default_value_t = 3, value_name = "COUNT")]
    nodes: usize,
    /// Nodes in dc2, which clients must ignore.
    #[arg(long, default_value_t = 1, value_name = "COUNT")]
    other_dc_nodes: usize,
    /// Open an Astra front with this name, with a keyspace of the same name. May be given several times.
    #[arg(long = "front", value_name = "NAME")]
    fronts: Vec<String>,
    /// Let system.peers show addresses that clients can connect to.
    #[arg(long)]
    public_addresses: bool,
    /// Let the nodes offer TLS on their own CQL ports as well.
    #[arg(long)]
    client_tls: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let Command::Run(run) = Arguments::parse().command;
    match serve(run).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cqlbook-sandbox: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(run: Run) -> Result<(), Box<dyn std::error::Error>> {
    let parent = parent_id();
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    let work = async {
        let sandbox = open(run).await?;
        std::future::pending::<()>().await;
        drop(sandbox);
        Ok(())
    };
    // Whatever ends the wait drops the sandbox, also one that is still starting.
    tokio::select! {
        outcome = work => outcome,
        () = end_of_input() => Ok(()),
        () = end_of_parent(parent) => Ok(()),
        _ = interrupt.recv() => Ok(()),
        _ = terminate.recv() => Ok(()),
        _ = hang_up.recv() => Ok(()),
    }
}

async fn open(run: Run) -> Result<Sandbox, Box<dyn std::error::Error>> {
    let start = Instant::now();
    let mut options = ClusterOptions::default();
    options.nodes = run.nodes;
    options.other_dc_nodes = run.other_dc_nodes;
    options.private_addresses = !run.public_addresses;
    options.client_tls = run.client_tls;
    let tell =
        move |text: &str| eprintln!("cqlbook-sandbox: {:5.1} s  {text}", start.elapsed().as_secs_f64());
    let sandbox = Sandbox::start_with_progress(options, tell).await?;
    let mut fronts = Vec::new();
    for name in run.fronts {
        tell(&format!("Opening the front {name}."));
        let options =
            AstraOptions { keyspace: name.clone(), name, java_stores: true, ..AstraOptions::default() };
        fronts.push(serde_json::to_value(sandbox.astra(options).await?.info())?);
    }
    tell("Ready.");
    let mut output = std::io::stdout();
    writeln!(output, "{}", json!({ "admin": sandbox.address(), "fronts": fronts }))?;
    output.flush()?;
    Ok(sandbox)
}

/// Waits for the end of standard input if it is a pipe or a socket. A terminal, a file and `/dev/null` say nothing about
/// the one who started us.
async fn end_of_input() {
    let kind = std::fs::metadata("/dev/stdin").map(|data| data.file_type());
    if !kind.is_ok_and(|kind| kind.is_fifo() || kind.is_socket()) {
        return std::future::pending().await;
    }
    // A thread of its own, which nobody waits for: a read cannot be broken off.
    let (ended, end) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        let _ = ended.send(());
    });
    let _ = end.await;
}

/// Waits until this process has another parent than at the start.
async fn end_of_parent(parent: u32) {
    while parent_id() == parent {
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
}
