//! Other local processes at the kernel's sockets: what they send costs them their connection and nobody else anything.

use std::time::Duration;

use bytes::Bytes;
use cqlbook_wire::Channel::{self, Control, Heartbeat, IoPub, Shell, Stdin};
use cqlbook_wire::testing::{Frontend, KernelProcess};
use cqlbook_wire::{ConnectionFile, Transport};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::{spawn, start};

pub(crate) const ALL: [Channel; 5] = [Shell, IoPub, Stdin, Control, Heartbeat];

/// The greeting of ZMTP 3.0 with the NULL mechanism.
pub(crate) fn greeting() -> Vec<u8> {
    let mut greeting = vec![0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 0];
    greeting.extend(b"NULL");
    greeting.resize(64, 0);
    greeting
}

/// READY of a socket that fits the kernel's.
fn ready(channel: Channel, identity: &str) -> Vec<u8> {
    let kind: &[u8] = if channel == IoPub { b"SUB" } else { b"DEALER" };
    let mut body = b"\x05READY".to_vec();
    for (name, value) in [(&b"Socket-Type"[..], kind), (b"Identity", identity.as_bytes())] {
        body.push(u8::try_from(name.len()).unwrap());
        body.extend(name);
        body.extend(u32::try_from(value.len()).unwrap().to_be_bytes());
        body.extend(value);
    }
    let mut ready = vec![4, u8::try_from(body.len()).unwrap()];
    ready.extend(body);
    ready
}

/// A frame header with a 64-bit length.
fn long_header(flags: u8, length: u64) -> Vec<u8> {
    let mut header = vec![flags | 2];
    header.extend(length.to_be_bytes());
    header
}

pub(crate) async fn connect(connection: &ConnectionFile, channel: Channel) -> TcpStream {
    TcpStream::connect(connection.endpoint(channel).strip_prefix("tcp://").unwrap()).await.unwrap()
}

/// A connection that is through the handshake.
pub(crate) async fn handshake(connection: &ConnectionFile, channel: Channel) -> TcpStream {
    let mut stream = connect(connection, channel).await;
    stream.write_all(&[greeting(), ready(channel, "")].concat()).await.unwrap();
    stream
}

/// Reads what the kernel says until it closes the connection.
pub(crate) async fn closed(mut stream: TcpStream) {
    let mut sink = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(8), stream.read_to_end(&mut sink)).await;
    // End of stream or a reset; both are the kernel hanging up.
    assert!(read.is_ok(), "the kernel kept the connection");
}

async fn start_process() -> (KernelProcess, Frontend) {
    let kernel = spawn(Transport::Tcp);
    let frontend = Frontend::connect(kernel.connection()).await.strict();
    (kernel, frontend)
}

pub(crate) async fn assert_well(frontend: &mut Frontend) {
    assert_eq!(frontend.execute("print well").await.stdout(), "well\n");
    assert_eq!(frontend.request(Control, "kernel_info_request", json!({})).await.status(), "ok");
    assert_eq!(frontend.ping(b"beat").await, "beat");
    frontend.answer("line");
    assert_eq!(frontend.execute("ask ?").await.stdout(), "line\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_oversized_frame_header_on_each_socket() {
    let (kernel, mut frontend) = start_process().await;
    for channel in ALL {
        for length in [65 << 20, 1 << 40, 1 << 62, u64::MAX / 2, u64::MAX] {
            let mut message = handshake(kernel.connection(), channel).await;
            message.write_all(&long_header(0, length)).await.unwrap();
            closed(message).await;

            // Before anyone has said who they are, as a message and as a command.
            for flags in [0, 4] {
                let mut early = connect(kernel.connection(), channel).await;
                early.write_all(&[greeting(), long_header(flags, length)].concat()).await.unwrap();
                closed(early).await;
            }
        }
    }
    assert_well(&mut frontend).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn endless_empty_frames_of_one_message() {
    let (kernel, mut frontend) = start_process().await;
    let mut stream = handshake(kernel.connection(), Heartbeat).await;
    let frames = [1, 0].repeat(8192);
    // 64 KiB at 32 bytes for each empty frame: 2,048 of them are too many.
    let _ = stream.write_all(&frames).await;
    closed(stream).await;
    assert_well(&mut frontend).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_and_halves_on_each_socket() {
    let (kernel, mut frontend) = start_process().await;
    let mut kept_open = Vec::new();
    for channel in ALL {
        let mut web = connect(kernel.connection(), channel).await;
        web.write_all(&b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(4)).await.unwrap();
        closed(web).await;

        let mut old = connect(kernel.connection(), channel).await;
        let mut two = greeting();
        two[10] = 2;
        old.write_all(&two).await.unwrap();
        closed(old).await;

        let mut odd = connect(kernel.connection(), channel).await;
        let unknown = b"\x04\x1b\x05READY\x0bSocket-Type\x00\x00\x00\x06STREAM";
        odd.write_all(&[greeting(), unknown.to_vec()].concat()).await.unwrap();
        closed(odd).await;

        // Halves, cut off and left hanging.
        for part in [&greeting()[..20], &[greeting(), ready(channel, "")[..9].to_vec()].concat()] {
            for hang in [false, true] {
                let mut half = connect(kernel.connection(), channel).await;
                half.write_all(part).await.unwrap();
                if hang {
                    kept_open.push(half);
                }
            }
        }
        for hang in [false, true] {
            let mut half = handshake(kernel.connection(), channel).await;
            half.write_all(&[1, 3, b'a', b'b', b'c', 0, 200, b'x']).await.unwrap();
            if hang {
                kept_open.push(half);
            }
        }
    }
    assert_well(&mut frontend).await;
    let mut second = Frontend::connect(kernel.connection()).await.strict();
    // Two frontends see each other's statuses; this one only minds that its own cell works.
    assert_eq!(second.execute("print here too").await.stdout(), "here too\n");
    frontend.rest(Duration::from_millis(50)).await;
    drop(kept_open);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_says_nothing_is_closed_after_ten_seconds() {
    let (kernel, mut frontend) = start().await;
    let mut silent = connect(kernel.connection(), Shell).await;
    let mut sink = Vec::new();
    tokio::time::timeout(Duration::from_secs(15), silent.read_to_end(&mut sink)).await.unwrap().unwrap();
    assert_eq!(sink.len(), 64, "only the kernel's greeting");
    assert_eq!(frontend.execute("print well").await.stdout(), "well\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_identity_cannot_be_taken_over() {
    let (kernel, mut frontend) = start().await;
    frontend.execute("").await;
    for channel in [Shell, Control, Stdin] {
        let mut thief = connect(kernel.connection(), channel).await;
        thief.write_all(&[greeting(), ready(channel, frontend.session_id())].concat()).await.unwrap();
        closed(thief).await;
    }
    assert_well(&mut frontend).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unsigned_forged_and_replayed_requests_are_not_run() {
    let (_kernel, mut frontend) = start().await;
    let good = frontend.frames("execute_request", json!({"code": "print once"}));
    let with = |index: usize, frame: &'static [u8]| {
        let mut frames = good.clone();
        frames[index] = Bytes::from_static(frame);
        frames
    };
    let forged = [
        with(1, b""),                                   // no signature
        with(1, &[b'0'; 64]),                           // another's
        with(5, br#"{"code":"print forged"}"#),         // other content under a good signature
        with(2, br#"{"msg_type":"shutdown_request"}"#), // another header
        with(0, b"<IDS|MSQ>"),                          // no delimiter
        good[..4].to_vec(),                             // cut short
    ];
    for channel in [Shell, Control, Stdin] {
        for frames in &forged {
            frontend.send_frames(channel, frames.clone()).await;
        }
    }
    frontend.send_frames(Shell, good.clone()).await;
    let once = frontend.wait_for("the good request's output", |message| message.msg_type == "stream").await;
    assert_eq!(once.text("/text"), "once\n");
    for channel in [Shell, Control] {
        frontend.send_frames(channel, good.clone()).await;
    }
    let next = frontend.execute("print after").await;
    assert_eq!(next.content()["execution_count"], 2, "the one good request ran once");
    let rest = frontend.rest(Duration::from_millis(100)).await;
    assert!(rest.iter().all(|message| message.msg_type != "stream"), "{rest:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_while_a_cell_runs_and_asks() {
    let (kernel, mut frontend) = start_process().await;
    let cell = frontend.start("print before\nask Now?\nflood 2\nprint after").await;
    let prompt = frontend.until(&cell, |message| message.msg_type == "input_request").await;
    for channel in ALL {
        let mut web = connect(kernel.connection(), channel).await;
        web.write_all(&b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(4)).await.unwrap();
        closed(web).await;
        let mut oversized = handshake(kernel.connection(), channel).await;
        oversized.write_all(&long_header(0, 1 << 62)).await.unwrap();
        closed(oversized).await;
        // A whole message that is none of Jupyter's is dropped, and the connection may stay.
        let mut odd = handshake(kernel.connection(), channel).await;
        odd.write_all(b"\x00\x05hello").await.unwrap();
    }
    frontend.send_answer("yes", Some(&prompt)).await;
    let cell = frontend.finish(&cell).await;
    let stdout = cell.stdout();
    assert!(stdout.starts_with("before\nyes\nxxx") && stdout.ends_with("x\nafter\n"));
    assert_eq!(stdout.len(), "before\nyes\nafter\n".len() + 2_000_000);
    assert_well(&mut frontend).await;
}
