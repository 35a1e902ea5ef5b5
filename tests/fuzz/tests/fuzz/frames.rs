//! Messages of a hostile node, made at random.

use cqlbook_fuzz::frames::{lists, read, string};
use cqlbook_fuzz::{Campaign, Random};

fn random_type(random: &mut Random, body: &mut Vec<u8>, depth: usize) {
    match random.below(12) {
        0 | 1 => {
            body.extend_from_slice(&[0, 0]);
            let pieces = [
                "MapType",
                "ListType",
                "(",
                ")",
                ",",
                "Int32Type",
                "VectorType",
                "UserType",
                "61:",
                "TupleType",
                "3",
                "a.B",
                "=>",
            ];
            let mut name = random.text(&pieces, 12);
            name.truncate(60_000);
            string(body, &name);
        }
        2..=4 if depth > 0 => {
            body.extend_from_slice(&[0, 0x20 + random.below(3) as u8]);
            random_type(random, body, depth - 1);
            random_type(random, body, depth - 1);
        }
        5 if depth > 0 => {
            let count = random.below(4);
            body.extend_from_slice(&[0, 0x31, 0, count as u8]);
            (0..count).for_each(|_| random_type(random, body, depth - 1));
        }
        6 => body.extend(lists(random.below(200))),
        _ => body.extend_from_slice(&[0, random.below(0x18) as u8]),
    }
}

fn random_frame(random: &mut Random) -> Vec<u8> {
    let kinds = [0, 2, 3, 6, 8, 8, 8, 8, 0x0c, 0x0e, 0x10, 0x55];
    let opcode = random.pick(&kinds).copied().unwrap_or_default();
    let mut body = Vec::new();
    if opcode == 8 {
        let kind = random.below(6) as u32;
        body.extend_from_slice(&kind.to_be_bytes());
        if kind == 4 {
            string(&mut body, "id");
        }
        let columns = random.below(4) as u32;
        body.extend([random.below(9) as u32, columns].map(u32::to_be_bytes).concat());
        if kind == 4 {
            body.extend_from_slice(&(random.below(3) as u32).to_be_bytes());
        }
        for text in ["ks", "t"] {
            string(&mut body, text);
        }
        for _ in 0..columns {
            string(&mut body, "type");
            random_type(random, &mut body, 4);
        }
        body.extend_from_slice(&(random.edge() as u32).to_be_bytes());
    }
    body.extend(random.bytes(60));
    let mut message = vec![0x84, if random.once_in(4) { random.below(16) as u8 } else { 0 }, 0, 1, opcode];
    message.extend_from_slice(&(body.len() as u32).to_be_bytes());
    message.extend(body);
    random.spoil(&mut message);
    message
}

#[test]
fn frames_of_a_hostile_node() {
    Campaign::new("frame", 10, "frame").run(random_frame, |message| {
        // What announces more than is there would be waited for.
        let _ = read(message);
    });
}
