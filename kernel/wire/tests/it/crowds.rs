//! Many other local processes at once at the kernel's sockets: they take neither its descriptors nor its time, and who was
//! there before them goes on.

use std::path::Path;
use std::time::{Duration, Instant};

use cqlbook_wire::Channel::{Control, Heartbeat, Shell};
use cqlbook_wire::testing::{Frontend, KernelProcess};
use cqlbook_wire::{Channel, ConnectionFile, Transport};
use tokio::net::{TcpStream, UnixStream};
use tokio::process::Command;

use crate::strangers::{ALL, assert_well, closed, connect, greeting, handshake};
use crate::{kernel_command, start};

/// How many connections a socket has, and how many of them in the handshake.
const CONNECTIONS: usize = 128;
const HANDSHAKES: usize = 32;

/// A kernel in a process of its own that may have so many files open, and a frontend of it.
async fn start_with_files(transport: Transport, files: usize) -> (KernelProcess, Frontend) {
    let limited = |connection: &Path| {
        let kernel = kernel_command(connection);
        let kernel = kernel.as_std();
        let mut limited = Command::new("sh");
        limited.arg("-c").arg(format!("ulimit -n {files} && exec \"$0\" \"$@\""));
        limited.arg(kernel.get_program()).args(kernel.get_args());
        limited.envs(kernel.get_envs().filter_map(|(name, value)| Some((name, value?))));
        limited.stdout(std::process::Stdio::null());
        limited
    };
    let kernel = KernelProcess::spawn(transport, limited);
    let frontend = Frontend::connect(kernel.connection()).await.strict();
    (kernel, frontend)
}

/// How many descriptors a process has.
fn descriptors(pid: u32) -> usize {
    std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count()
}

/// Waits until a process has fewer descriptors.
async fn wait_for_fewer(pid: u32, most: usize) {
    let began = Instant::now();
    while descriptors(pid) >= most {
        assert!(began.elapsed() < Duration::from_secs(20), "it keeps {} of them", descriptors(pid));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// How long a process has computed, in hundredths of a second.
fn computed(pid: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<_> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

/// What the strangers say: nothing, a half, all and then nothing, rubbish before and after.
fn words(connection: usize, channel: Channel) -> Vec<u8> {
    let ready: &[u8] = match channel {
        Channel::IoPub => b"\x04\x19\x05READY\x0bSocket-Type\x00\x00\x00\x03SUB",
        _ => b"\x04\x1c\x05READY\x0bSocket-Type\x00\x00\x00\x06DEALER",
    };
    match connection % 6 {
        0 => Vec::new(),
        1 => greeting()[..20].to_vec(),
        2 => greeting(),
        3 => [&greeting(), ready].concat(),
        4 => b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(4),
        _ => [&greeting(), ready, &b"\x00\x05hello".repeat(100)].concat(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_thousand_that_idle_or_send_rubbish_leave_the_kernel_to_its_frontend() {
    let (kernel, mut frontend) = start_with_files(Transport::Tcp, 1024).await;
    let before = descriptors(kernel.pid());
    // They keep their ends: as many as this process may have, and at most four hundred for each socket.
    let mut strangers = Vec::new();
    for number in 0..2_000 {
        let channel = ALL[number % ALL.len()];
        let endpoint = kernel.connection().endpoint(channel);
        let Ok(stream) = TcpStream::connect(endpoint.strip_prefix("tcp://").unwrap()).await else { continue };
        // The kernel may have hung up already.
        let _ = stream.writable().await;
        let _ = stream.try_write(&words(number / ALL.len(), channel));
        strangers.push(stream);
        if number % 400 == 399 {
            assert_well(&mut frontend).await;
            assert!(descriptors(kernel.pid()) < before + ALL.len() * CONNECTIONS + 20);
        }
    }
    assert_eq!(strangers.len(), 2_000, "this process may have too few files open for the test");
    assert_well(&mut frontend).await;
    drop(strangers);
    wait_for_fewer(kernel.pid(), before + 20).await;
    let mut second = Frontend::connect(kernel.connection()).await;
    assert_eq!(second.execute("print here too").await.stdout(), "here too\n");
    frontend.rest(Duration::from_millis(50)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_thousand_at_sockets_that_are_files() {
    let (kernel, mut frontend) = start_with_files(Transport::Ipc, 1024).await;
    let before = descriptors(kernel.pid());
    let mut strangers = Vec::new();
    for number in 0..2_000 {
        let channel = ALL[number % ALL.len()];
        let endpoint = kernel.connection().endpoint(channel);
        // Where the system's queue is full, it says so at once.
        let stream = loop {
            match UnixStream::connect(endpoint.strip_prefix("ipc://").unwrap()).await {
                Ok(stream) => break stream,
                Err(_) => tokio::time::sleep(Duration::from_millis(1)).await,
            }
        };
        let _ = stream.writable().await;
        let _ = stream.try_write(&words(number / ALL.len(), channel));
        strangers.push(stream);
    }
    assert_well(&mut frontend).await;
    assert!(descriptors(kernel.pid()) < before + ALL.len() * CONNECTIONS + 20);
    drop(strangers);
    wait_for_fewer(kernel.pid(), before + 20).await;
    assert_well(&mut frontend).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_says_nothing_gives_way_to_newer_ones() {
    let (kernel, mut frontend) = start().await;
    let mut silent = Vec::new();
    for _ in 0..=HANDSHAKES {
        silent.push(connect(kernel.connection(), Shell).await);
    }
    let began = Instant::now();
    closed(silent.remove(0)).await;
    assert!(began.elapsed() < Duration::from_secs(5), "it gave way before its time was over");
    assert!(is_open(&silent[HANDSHAKES - 1]), "the newest stays");
    assert_well(&mut frontend).await;
}

/// Whether the kernel's greeting is there and nothing after it.
fn is_open(stream: &TcpStream) -> bool {
    let mut greeting = [0; 64];
    let read = stream.try_read(&mut greeting);
    let more = stream.try_read(&mut greeting);
    !matches!(read, Ok(0)) && matches!(more, Err(error) if error.kind() == std::io::ErrorKind::WouldBlock)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_that_is_full_refuses_more_until_one_leaves() {
    let (kernel, mut frontend) = start().await;
    for channel in [Control, Heartbeat] {
        let mut strangers = Vec::new();
        for _ in 1..CONNECTIONS {
            strangers.push(handshake(kernel.connection(), channel).await);
            // One after the other: those that wait for the handshake have a smaller limit.
            answered(strangers.last().unwrap()).await;
        }
        closed(connect(kernel.connection(), channel).await).await;
        assert_well(&mut frontend).await;
        drop(strangers.pop());
        eventually_open(kernel.connection(), channel).await;
    }
    assert_well(&mut frontend).await;
}

/// Waits until the kernel has said something.
async fn answered(stream: &TcpStream) {
    let mut greeting = [0; 64];
    loop {
        stream.readable().await.unwrap();
        match stream.try_read(&mut greeting) {
            Ok(read) => return assert_ne!(read, 0, "the kernel hung up"),
            Err(_) => tokio::task::yield_now().await,
        }
    }
}

/// Connects until the kernel has room.
async fn eventually_open(connection: &ConnectionFile, channel: Channel) {
    let began = Instant::now();
    loop {
        let stream = connect(connection, channel).await;
        let _ = stream.readable().await;
        let mut greeting = [0; 64];
        match stream.try_read(&mut greeting) {
            Ok(64) => return,
            _ => assert!(began.elapsed() < Duration::from_secs(10), "there is no room"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_descriptors_left_costs_the_kernel_no_time_and_none_of_its_frontends() {
    let (kernel, mut frontend) = start_with_files(Transport::Tcp, 64).await;
    let mut strangers = Vec::new();
    for _ in 0..100 {
        strangers.push(handshake(kernel.connection(), Shell).await);
    }
    // Those that are not accepted wait at the system, so every accept fails.
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(descriptors(kernel.pid()) >= 60, "{} descriptors", descriptors(kernel.pid()));
    let before = computed(kernel.pid());
    tokio::time::sleep(Duration::from_secs(2)).await;
    let computed = computed(kernel.pid()) - before;
    assert!(computed < 50, "it computed for {computed} hundredths of two seconds");
    assert_well(&mut frontend).await;
    drop(strangers);
    wait_for_fewer(kernel.pid(), 40).await;
    let mut second = Frontend::connect(kernel.connection()).await;
    assert_eq!(second.execute("print here too").await.stdout(), "here too\n");
    frontend.rest(Duration::from_millis(50)).await;
}
