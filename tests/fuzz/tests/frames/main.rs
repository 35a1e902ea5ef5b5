//! Messages of a hostile node that once ended a kernel or kept a core busy, with their neighbours. In a program of its own, as
//! its memory is looked at.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use cqlbook_fuzz::frames::{frame, lists, read, string};
use cqlbook_fuzz::{peak_bytes, worked};
use scylla_cql::frame::limits::{MAX_BODY_BYTES, MAX_COLUMNS, MAX_TYPE_DEPTH};
use scylla_cql::frame::read_response_frame;
use scylla_cql::frame::response::ResponseOpcode;

/// The head of a RESULT with rows of one table, up to its first column.
fn rows(columns: u32) -> Vec<u8> {
    let mut body = [2_u32, 1, columns].map(u32::to_be_bytes).concat();
    string(&mut body, "ks");
    string(&mut body, "t");
    body
}

/// A page of one column of that type, with `count` rows of which `cells` are there.
fn page(column: &[u8], count: u32, cells: &[u8]) -> Vec<u8> {
    let mut body = rows(1);
    string(&mut body, "c");
    body.extend_from_slice(column);
    body.extend_from_slice(&count.to_be_bytes());
    body.extend_from_slice(cells);
    frame(0, ResponseOpcode::Result, &body)
}

fn class(name: &str) -> Vec<u8> {
    let mut column = vec![0, 0];
    string(&mut column, name);
    column
}

/// Reads a message in a moment, and without asking for more memory than it is long.
fn harmless(what: &str, message: &[u8]) -> Result<(), String> {
    // One at a time: their memory is that of the process.
    static ALONE: Mutex<()> = Mutex::new(());
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let (started, before) = (worked("/proc/thread-self/stat"), peak_bytes(std::process::id()));
    let outcome = read(message);
    let grown = peak_bytes(std::process::id()).saturating_sub(before);
    let work = worked("/proc/thread-self/stat").saturating_sub(started);
    assert!(work < Duration::from_secs(2), "{what} took {work:?}");
    assert!(grown < (64 << 20) + 8 * message.len() as u64, "{what} asked for {} MiB", grown >> 20);
    outcome
}

#[test]
fn counts_are_held_against_the_bytes_that_are_there() {
    for count in [2, 100, u32::try_from(MAX_COLUMNS).unwrap() + 1, 0x7fff_ffff, 0x8000_0000, u32::MAX] {
        let mut body = rows(count);
        string(&mut body, "c");
        body.extend_from_slice(&[0, 9]);
        harmless("columns of rows", &frame(0, ResponseOpcode::Result, &body)).unwrap_err();
        for (columns, keys) in [(count, 0), (0, count), (1, count)] {
            let mut body = 4_u32.to_be_bytes().to_vec();
            string(&mut body, "an id");
            body.extend([1_u32, columns, keys].map(u32::to_be_bytes).concat());
            harmless("a prepared statement", &frame(0, ResponseOpcode::Result, &body)).unwrap_err();
        }
        harmless("rows", &page(&[0, 9], count, &[0, 0, 0, 1, 7])).unwrap_err();
        // Rows of no columns take no bytes at all.
        let mut none = rows(0);
        none.extend_from_slice(&count.to_be_bytes());
        harmless("rows of no columns", &frame(0, ResponseOpcode::Result, &none)).unwrap_err();
    }
    for kind in [0x31_u8, 0x30] {
        let mut column = vec![0, kind];
        if kind == 0x30 {
            string(&mut column, "ks");
            string(&mut column, "u");
        }
        column.extend_from_slice(&[0xff, 0xff]);
        harmless("parts of a type", &page(&column.repeat(40), 0, &[])).unwrap_err();
    }
}

#[test]
fn types_are_nested_to_a_depth() {
    harmless("at the limit", &page(&lists(MAX_TYPE_DEPTH - 1), 0, &[])).unwrap();
    for depth in [MAX_TYPE_DEPTH, MAX_TYPE_DEPTH + 1, 10_000, 200_000, 4_000_000] {
        harmless("lists", &page(&lists(depth), 0, &[])).unwrap_err();
        let tuples = [[0, 0x31, 0, 1].repeat(depth), vec![0, 9]].concat();
        harmless("tuples", &page(&tuples, 0, &[])).unwrap_err();
    }
    let nested = |class: &str, depth: usize| {
        format!("{}Int32Type{}", format!("{class}(").repeat(depth), ")".repeat(depth))
    };
    harmless("a class at the limit", &page(&class(&nested("ListType", 60)), 0, &[])).unwrap();
    for depth in [MAX_TYPE_DEPTH, 1_000, 6_000] {
        harmless("a class", &page(&class(&nested("ListType", depth)), 0, &[])).unwrap_err();
        harmless("a class of ours", &page(&class(&nested("a.B", depth)), 0, &[])).unwrap_err();
    }
}

/// Each level was read twice, and what had no end was counted for ever.
#[test]
fn the_name_of_a_class_is_read_once() {
    for depth in [30, 60] {
        for name in [
            "MapType",
            "ListType",
            "SetType",
            "FrozenType",
            "ReversedType",
            "TupleType",
            "VectorType",
            "UserType",
        ] {
            let open = format!("{name}(").repeat(depth);
            for inside in ["", "Int32Type", "Int32Type,Int32Type,Int32Type", "%", "a:b", ",", " "] {
                let _ = harmless(name, &page(&class(&format!("{open}{inside}")), 0, &[]));
                let _ =
                    harmless(name, &page(&class(&format!("{open}{inside}{}", ")".repeat(depth))), 0, &[]));
            }
        }
    }
}

/// The driver follows what the schema's tables say of types; nothing is nested there deeper than in a result.
#[test]
fn types_in_the_schemas_own_tables_are_nested_to_a_depth() {
    let table = |columns: &[(&str, &[u8])], text: &str| {
        let mut body = rows(u32::try_from(columns.len()).unwrap());
        for (name, kind) in columns {
            string(&mut body, name);
            body.extend_from_slice(kind);
        }
        body.extend_from_slice(&1_u32.to_be_bytes());
        for place in 1..=columns.len() {
            let cell = if place == columns.len() { text } else { "ks" };
            body.extend_from_slice(&u32::try_from(cell.len()).unwrap().to_be_bytes());
            body.extend_from_slice(cell.as_bytes());
        }
        harmless("a type's text", &frame(0, ResponseOpcode::Result, &body))
    };
    const TEXT: &[u8] = &[0, 13];
    const ASCII: &[u8] = &[0, 1];
    let columns_of = |text: &'static [u8]| -> [(&str, &[u8]); 6] {
        [("a", TEXT), ("b", ASCII), ("c", text), ("d", TEXT), ("e", &[0, 9]), ("type", text)]
    };
    let deep = |depth: usize| format!("{}int{}", "frozen<list<".repeat(depth / 2), ">>".repeat(depth / 2));
    for text in [TEXT, ASCII] {
        let columns = columns_of(text);
        table(&columns, &deep(MAX_TYPE_DEPTH)).unwrap();
        for depth in [MAX_TYPE_DEPTH + 2, 1_000, 100_000] {
            table(&columns, &deep(depth)).unwrap_err();
            for list in [0x20, 0x22] {
                table(&[("field_types", &[&[0, list], text].concat())], &deep(depth)).unwrap_err();
            }
        }
        // Whatever the driver steps over.
        for open in
            ["tuple<int,\n", "tuple<int,\t\u{b}\u{c}\r ", "tuple<int,\u{85}\u{a0}\u{2028}", "map<\u{e9}.$_,"]
        {
            table(&columns, &open.repeat(1_000)).unwrap_err();
        }
        // A user's own texts are no types, and neither is a drawing.
        table(&columns[..5], &deep(1_000)).unwrap();
        table(&[("keyspace_name", text), ("type", text)], &deep(1_000)).unwrap();
        table(&columns, &"<".repeat(1_000)).unwrap();
    }
}

/// The places of a key's parts are used as they come: twice the same one was a difference below zero.
#[test]
fn the_places_of_a_key_are_places_of_variables() {
    for (places, is_right) in
        [([0_u16, 1], true), ([1, 0], true), ([0, 0], false), ([1, 2], false), ([0xffff, 0], false)]
    {
        let mut body = 4_u32.to_be_bytes().to_vec();
        string(&mut body, "an id");
        body.extend([1_u32, 2, 2].map(u32::to_be_bytes).concat());
        places.iter().for_each(|place| body.extend_from_slice(&place.to_be_bytes()));
        for name in ["ks", "t"] {
            string(&mut body, name);
        }
        for name in ["a", "b"] {
            string(&mut body, name);
            body.extend_from_slice(&[0, 9]);
        }
        body.extend([4_u32, 0].map(u32::to_be_bytes).concat());
        let outcome = harmless("a key", &frame(0, ResponseOpcode::Result, &body));
        assert_eq!(outcome.is_ok(), is_right, "{places:?}: {outcome:?}");
    }
}

#[test]
fn a_message_too_long_is_read_past_and_an_error_stands_for_it() {
    struct Zeros(u64);
    impl tokio::io::AsyncRead for Zeros {
        fn poll_read(
            mut self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
            buffer: &mut tokio::io::ReadBuf<'_>,
        ) -> std::task::Poll<std::io::Result<()>> {
            let count = buffer.remaining().min(usize::try_from(self.0).unwrap_or(usize::MAX));
            buffer.initialize_unfilled_to(count).fill(0);
            buffer.advance(count);
            self.0 -= count as u64;
            std::task::Poll::Ready(Ok(()))
        }
    }
    use tokio::io::AsyncReadExt as _;
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let length = u32::try_from(MAX_BODY_BYTES + 1).unwrap();
    let head = [&[0x84, 0, 0, 1, 8], length.to_be_bytes().as_slice()].concat();
    let after = frame(0, ResponseOpcode::Ready, &[]);
    let before = peak_bytes(std::process::id());
    let mut stream = head.as_slice().chain(Zeros(length.into())).chain(after.as_slice());
    let (params, opcode, body) = runtime.block_on(read_response_frame(&mut stream)).unwrap();
    assert_eq!((params.stream, opcode), (1, ResponseOpcode::Error));
    assert!(String::from_utf8_lossy(&body).contains("too long: 268435457 bytes"), "{body:?}");
    // What follows on the connection is whole.
    assert_eq!(runtime.block_on(read_response_frame(&mut stream)).unwrap().1, ResponseOpcode::Ready);
    let grown = peak_bytes(std::process::id()).saturating_sub(before);
    assert!(grown < 128 << 20, "grown by {} MiB", grown >> 20);
    // One that promises the most and sends nothing costs nothing.
    let promised = [&[0x84, 0, 0, 1, 8], u32::MAX.to_be_bytes().as_slice()].concat();
    harmless("a promise", &promised).unwrap_err();
}

#[test]
fn warnings_payloads_and_maps_are_as_long_as_the_message() {
    let mut lists = u16::MAX.to_be_bytes().to_vec();
    for _ in 0..200 {
        string(&mut lists, &"w".repeat(60_000));
    }
    harmless("warnings that are not all there", &frame(8, ResponseOpcode::Result, &lists)).unwrap_err();
    harmless(
        "a payload",
        &frame(4, ResponseOpcode::Result, &[0xff, 0xff, 0, 1, b'a', 0x7f, 0xff, 0xff, 0xff]),
    )
    .unwrap_err();
    harmless("options", &frame(0, ResponseOpcode::Supported, &[0xff, 0xff, 0, 1, b'a', 0xff, 0xff]))
        .unwrap_err();
    harmless("a compressed body", &frame(1, ResponseOpcode::Result, &[0xff; 64])).unwrap_err();
    for opcode in
        [ResponseOpcode::Error, ResponseOpcode::Event, ResponseOpcode::Authenticate, ResponseOpcode::Result]
    {
        harmless("nothing", &frame(0, opcode, &[])).unwrap_err();
    }
}
