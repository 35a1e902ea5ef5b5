//! Cells of any bytes in any type, and texts that are to become cells.

use cqlbook_core::column::{CqlType, UdtType};
use cqlbook_core::value::{from_literal, from_text, literal, literal_within};
use cqlbook_fuzz::{Campaign, Random};
use jiff::tz::TimeZone;

const NATIVE: [CqlType; 20] = [
    CqlType::Ascii,
    CqlType::Bigint,
    CqlType::Blob,
    CqlType::Boolean,
    CqlType::Counter,
    CqlType::Date,
    CqlType::Decimal,
    CqlType::Double,
    CqlType::Duration,
    CqlType::Float,
    CqlType::Inet,
    CqlType::Int,
    CqlType::Smallint,
    CqlType::Text,
    CqlType::Time,
    CqlType::Timestamp,
    CqlType::Timeuuid,
    CqlType::Tinyint,
    CqlType::Uuid,
    CqlType::Varint,
];

fn cql_type(random: &mut Random, depth: usize) -> CqlType {
    let inner = |random: &mut Random| cql_type(random, depth.saturating_sub(1));
    match if depth == 0 { 9 } else { random.below(12) } {
        0 => CqlType::List(Box::new(inner(random))),
        1 => CqlType::Set(Box::new(inner(random))),
        2 => CqlType::Map(Box::new(inner(random)), Box::new(inner(random))),
        3 => CqlType::Vector(Box::new(inner(random)), random.below(5)),
        4 => CqlType::Tuple((0..random.below(4)).map(|_| inner(random)).collect()),
        5 => {
            let fields = (0..random.below(4)).map(|place| (format!("F {place}"), inner(random))).collect();
            CqlType::Udt(Box::new(UdtType { keyspace: "ks".to_owned(), name: "u".to_owned(), fields }))
        }
        6 => CqlType::Frozen(Box::new(inner(random))),
        7 => CqlType::Custom("org.example.Odd(a=>b)".to_owned()),
        _ => random.pick(&NATIVE).cloned().unwrap_or(CqlType::Int),
    }
}

fn cell(random: &mut Random) -> Vec<u8> {
    let mut bytes = Vec::new();
    for _ in 0..random.below(6) {
        match random.below(4) {
            0 => bytes.extend_from_slice(&(random.below(6) as u32).to_be_bytes()),
            1 => bytes.extend_from_slice(&(random.edge() as u32).to_be_bytes()),
            2 => bytes.extend_from_slice(&random.edge().to_be_bytes()),
            _ => bytes.extend(random.bytes(20)),
        }
    }
    if random.once_in(50) {
        bytes = bytes.repeat(random.below(5_000));
    }
    bytes
}

/// The first eight bytes choose the type, the rest is the cell.
fn check(bytes: &[u8]) {
    let (head, bytes) = bytes.split_at(bytes.len().min(8));
    let mut random = Random::new(head.iter().fold(0, |seed, byte| seed << 8 | u64::from(*byte)));
    let ty = cql_type(&mut random, 4);
    let zone = TimeZone::UTC;
    let whole = literal(Some(bytes), &ty, &zone);
    let limit = random.below(300);
    let part = literal_within(Some(bytes), &ty, &zone, limit);
    assert!(part.text.len() <= limit.max(64) + 64, "{} bytes for a limit of {limit}", part.text.len());
    if let Ok(Some(again)) = from_literal(&ty, &whole.text) {
        let shown = literal(Some(&again), &ty, &zone);
        assert!(!shown.cut);
    }
    let text = String::from_utf8_lossy(bytes);
    if let Ok(cell) = from_text(&ty, &text) {
        literal(Some(&cell), &ty, &zone);
    }
    let _ = from_literal(&ty, &text);
}

const PIECES: &[&str] = &[
    "1",
    "-",
    "e",
    "9",
    ".",
    "'",
    "''",
    "[",
    "]",
    "{",
    "}",
    "(",
    ")",
    ",",
    ":",
    "null",
    "NaN",
    "Infinity",
    "0x",
    "ff",
    "T",
    "Z",
    "+00:00",
    "2024-02-29",
    "23:59:59.999999999",
    "P1Y",
    "1h30m",
    "12mo3d",
    "::1",
    "127.0.0.1",
    "true",
    "F 0",
    "\"F 0\"",
    "x",
    " ",
    "\n",
];

#[test]
fn cells_and_literals() {
    Campaign::new("value", 10, "value").run(
        |random| {
            let mut bytes = random.number().to_be_bytes().to_vec();
            if random.once_in(2) {
                bytes.extend(cell(random));
            } else {
                bytes.extend(random.text(PIECES, 12).into_bytes());
            }
            bytes
        },
        check,
    );
}
