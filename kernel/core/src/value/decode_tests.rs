//! Cells of every type as text, and what is said of cells that are none.

use insta::assert_snapshot;
use jiff::tz::TimeZone;

use super::{Kind, literal, literal_within};
use crate::column::{CqlType, UdtType};

fn show(bytes: &[u8], ty: &CqlType) -> String {
    literal(Some(bytes), ty, &TimeZone::UTC).text
}

/// Elements, each after its 32-bit length.
fn elements(cells: &[Option<&[u8]>]) -> Vec<u8> {
    let mut out = Vec::new();
    for cell in cells {
        out.extend_from_slice(&cell.map_or(-1, |cell| cell.len() as i32).to_be_bytes());
        out.extend_from_slice(cell.unwrap_or_default());
    }
    out
}

fn collection(count: i32, cells: &[Option<&[u8]>]) -> Vec<u8> {
    [count.to_be_bytes().to_vec(), elements(cells)].concat()
}

#[test]
fn scalars() {
    assert_snapshot!(show(&[0xff], &CqlType::Tinyint), @"-1");
    assert_snapshot!(show(&[0x80, 0], &CqlType::Smallint), @"-32768");
    assert_snapshot!(show(&[0, 0, 1, 0], &CqlType::Int), @"256");
    assert_snapshot!(show(&[0x7f, 255, 255, 255, 255, 255, 255, 255], &CqlType::Counter), @"9223372036854775807");
    assert_snapshot!(show(&0.1_f32.to_be_bytes(), &CqlType::Float), @"0.1");
    assert_snapshot!(show(&[1], &CqlType::Boolean), @"True");
    assert_snapshot!(show(&[0xca, 0xfe], &CqlType::Blob), @"0xcafe");
    assert_snapshot!(show(&[], &CqlType::Blob), @"0x");
    assert_snapshot!(show(&[1, 2], &CqlType::Custom("org.example.Point".to_owned())), @"0x0102");
    assert_snapshot!(show(&[127, 0, 0, 1], &CqlType::Inet), @"127.0.0.1");
    assert_snapshot!(show(&[0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], &CqlType::Inet), @"2001:db8::1");
    assert_snapshot!(show(&[0x11; 16], &CqlType::Timeuuid), @"11111111-1111-1111-1111-111111111111");
    assert_snapshot!(show(&18_900_123_456_789_i64.to_be_bytes(), &CqlType::Time), @"05:15:00.123456789");
    assert_snapshot!(show(&0_i64.to_be_bytes(), &CqlType::Timestamp), @"1970-01-01 00:00:00.000+0000");
    assert_snapshot!(show(&i64::MAX.to_be_bytes(), &CqlType::Timestamp), @"9223372036854775807 ms");
    assert_snapshot!(show("it's".as_bytes(), &CqlType::Text), @"it's");
    // 89 hours, 4 days, 2 months: the protocol's zigzag vints.
    assert_snapshot!(show(&[4, 8, 0xfd, 0x23, 0x8d, 0x45, 0xb7, 0x20, 0, 0][..], &CqlType::Duration), @"<10 bytes that are no duration: 0x0408fd238d45b7200000>");
}

#[test]
fn null_and_the_empties_are_told_apart() {
    let kind = |cell, ty: &CqlType| literal(cell, ty, &TimeZone::UTC).kind;
    assert_eq!(kind(None, &CqlType::Text), Kind::Null);
    assert_eq!(kind(Some(b""), &CqlType::Text), Kind::Text);
    assert_eq!(kind(Some(b"null"), &CqlType::Text), Kind::Text);
    assert_eq!(kind(Some(b""), &CqlType::Int), Kind::Empty);
    assert_eq!(kind(Some(b""), &CqlType::Blob), Kind::Plain);
    assert_eq!(kind(Some(b"x"), &CqlType::Int), Kind::Malformed);
}

#[test]
fn nested_values_are_cql_literals() {
    let text = CqlType::Text;
    let list = CqlType::List(Box::new(text.clone()));
    assert_snapshot!(show(&collection(3, &[Some(b"it's"), Some(b""), None]), &list), @"['it''s', '', null]");
    assert_snapshot!(show(&collection(0, &[]), &list), @"[]");
    let set = CqlType::Frozen(Box::new(CqlType::Set(Box::new(CqlType::Int))));
    assert_snapshot!(show(&collection(2, &[Some(&[0, 0, 0, 1]), Some(&[])]), &set), @"{1, <empty>}");
    let map = CqlType::Map(Box::new(text.clone()), Box::new(CqlType::Date));
    assert_snapshot!(show(&collection(1, &[Some(b"born"), Some(&[0x80, 0, 0, 0])]), &map), @"{'born': '1970-01-01'}");
    let tuple = CqlType::Tuple(vec![CqlType::Int, text.clone(), CqlType::Inet]);
    assert_snapshot!(show(&elements(&[Some(&[0, 0, 0, 7]), None]), &tuple), @"(7, null, null)");
    let udt = CqlType::Udt(Box::new(UdtType {
        keyspace: "shop".to_owned(),
        name: "address".to_owned(),
        fields: vec![("street".to_owned(), text.clone()), ("ZIP code".to_owned(), CqlType::Int)],
    }));
    assert_snapshot!(show(&elements(&[Some(b"Main St")]), &udt), @r#"{street: 'Main St', "ZIP code": null}"#);
    let out_of_range = CqlType::Tuple(vec![CqlType::Timestamp]);
    assert_snapshot!(show(&elements(&[Some(&i64::MIN.to_be_bytes())]), &out_of_range), @"(-9223372036854775808)");
}

#[test]
fn vectors_are_packed_or_have_lengths() {
    let floats = CqlType::Vector(Box::new(CqlType::Float), 2);
    let bytes = [0.5_f32.to_be_bytes(), (-3_f32).to_be_bytes()].concat();
    assert_snapshot!(show(&bytes, &floats), @"[0.5, -3]");
    assert_snapshot!(show(&bytes[..7], &floats), @"<7 bytes that are no vector<float, 2>: 0x3f000000c04000>");
    let texts = CqlType::Vector(Box::new(CqlType::Text), 2);
    assert_snapshot!(show(&[1, b'a', 2, b'b', b'c'], &texts), @"['a', 'bc']");
    let smallints = CqlType::Vector(Box::new(CqlType::Smallint), 1);
    assert_snapshot!(show(&[2, 1, 0], &smallints), @"[256]");
    let matrix = CqlType::Vector(Box::new(CqlType::Vector(Box::new(CqlType::Int), 1)), 2);
    assert_snapshot!(show(&[0, 0, 0, 1, 0, 0, 0, 2], &matrix), @"[[1], [2]]");
}

#[test]
fn malformed_bytes_are_marked_where_they_are() {
    assert_snapshot!(show(&[1, 2, 3, 4, 5, 6], &CqlType::Int), @"<6 bytes that are no int: 0x010203040506>");
    assert_snapshot!(show(&[0xff], &CqlType::Text), @"<1 byte that is no text: 0xff>");
    let list = CqlType::List(Box::new(CqlType::Int));
    assert_snapshot!(show(&collection(2, &[Some(&[0, 0, 0, 1]), Some(&[9])]), &list), @"[1, <1 byte that is no int: 0x09>]");
    assert_snapshot!(show(&collection(3, &[Some(&[0, 0, 0, 1])]), &list), @"<12 bytes that are no list<int>: 0x000000030000000400000001>");
    assert_snapshot!(show(&[0xff; 4], &list), @"<4 bytes that are no list<int>: 0xffffffff>");
}

#[test]
fn a_limit_cuts_at_a_character() {
    let cut = literal_within(Some("ééé".as_bytes()), &CqlType::Text, &TimeZone::UTC, 3);
    assert_eq!((cut.text.as_str(), cut.cut), ("é", true));
    let million = collection(1_000_000, &vec![None; 1_000_000]);
    let cut = literal_within(Some(&million), &CqlType::List(Box::new(CqlType::Int)), &TimeZone::UTC, 20);
    assert_eq!((cut.text.as_str(), cut.cut), ("[null, null, null, n", true));
}

#[test]
fn a_number_of_megabytes_is_shown_in_hex() {
    let shown = show(&vec![1; 2_000_000], &CqlType::Varint);
    assert!(shown.starts_with("<a varint of 2000000 bytes: 0x0101"));
    assert_eq!(shown.len(), 4_000_000 + "<a varint of 2000000 bytes: 0x>".len());
}
