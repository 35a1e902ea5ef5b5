//! The order of values against exact arithmetic and Cassandra's rules.

use std::cmp::Ordering;

use num_bigint::BigInt;
use proptest::prelude::*;

use super::Key;
use crate::column::{CqlType, UdtType};
use crate::value::from_literal;

fn key(ty: &CqlType, literal: &str) -> Key {
    Key::of(ty, from_literal(ty, literal).unwrap().as_deref())
}

/// The literals are each less than the next.
fn ascending(ty: &CqlType, literals: &[&str]) {
    let keys: Vec<Key> = literals.iter().map(|literal| key(ty, literal)).collect();
    for (left, left_key) in keys.iter().enumerate() {
        for (right, right_key) in keys.iter().enumerate() {
            let (one, other) = (literals[left], literals[right]);
            assert_eq!(left_key.compare(right_key, false), left.cmp(&right), "{ty}: {one} {other}");
        }
    }
}

#[test]
fn numbers_are_ordered_by_magnitude_and_not_by_the_nearest_double() {
    ascending(
        &CqlType::Bigint,
        &["-9223372036854775808", "-1", "0", "9007199254740992", "9007199254740993", "9223372036854775807"],
    );
    ascending(&CqlType::Int, &["-2147483648", "-2", "0", "7"]);
    ascending(
        &CqlType::Varint,
        &[
            "-1000000000000000000000000000001",
            "-1000000000000000000000000000000",
            "-256",
            "-255",
            "-1",
            "0",
            "1",
            "127",
            "128",
            "1000000000000000000000000000000",
            "1000000000000000000000000000001",
        ],
    );
    ascending(
        &CqlType::Decimal,
        &[
            "-1E+400",
            "-10",
            "-9.99",
            "-0.1",
            "-0.01",
            "0",
            "1E-400",
            "0.1",
            "0.10000000000000000001",
            "1",
            "9007199254740992.1",
            "9007199254740992.2",
            "1E+400",
            "1.1E+400",
        ],
    );
    ascending(&CqlType::Double, &["-Infinity", "-1.5", "-0.0", "0.0", "1e-300", "1", "Infinity", "NaN"]);
    ascending(&CqlType::Float, &["-Infinity", "-1.5", "0.5", "Infinity", "NaN"]);
    assert_eq!(
        key(&CqlType::Decimal, "1.0").compare(&key(&CqlType::Decimal, "1.000"), false),
        Ordering::Equal
    );
    assert_eq!(key(&CqlType::Decimal, "0"), key(&CqlType::Decimal, "0E-9"));
}

#[test]
fn times_uuids_and_addresses_are_ordered_as_cassandra_does() {
    ascending(
        &CqlType::Timestamp,
        &["'1969-12-31T00:00:00Z'", "'1970-01-01T00:00:00Z'", "'2024-01-01T00:00:00Z'"],
    );
    ascending(&CqlType::Date, &["'1969-12-31'", "'1970-01-01'", "'2024-02-29'"]);
    // By time, of which the first bytes are the least; then by signed bytes.
    ascending(
        &CqlType::Timeuuid,
        &[
            "ffffffff-0000-1000-8000-000000000000",
            "00000000-0001-1000-8000-000000000000",
            "00000000-0001-1000-8000-00000000007f",
            "00000000-0000-1001-8000-000000000000",
        ],
    );
    assert_eq!(
        key(&CqlType::Timeuuid, "00000000-0000-1000-8000-0000000000ff")
            .compare(&key(&CqlType::Timeuuid, "00000000-0000-1000-8000-000000000001"), false),
        Ordering::Less
    );
    ascending(
        &CqlType::Uuid,
        &[
            "00000000-0001-1000-8000-000000000000",
            "00000000-0000-1001-8000-000000000000",
            "00000000-0000-4000-8000-000000000000",
            "f0000000-0000-4000-8000-000000000000",
        ],
    );
    ascending(&CqlType::Inet, &["'9.0.0.1'", "'10.0.0.1'", "'192.168.0.1'"]);
    ascending(&CqlType::Duration, &["-1mo", "-1d", "0s", "1ns", "23h", "1d", "29d", "1mo", "31d", "1y"]);
    ascending(&CqlType::Boolean, &["false", "true"]);
    ascending(&CqlType::Text, &["''", "'a'", "'a\u{0}'", "'ab'", "'b'", "'é'"]);
}

#[test]
fn what_has_elements_is_ordered_by_them() {
    let list = CqlType::List(Box::new(CqlType::Int));
    ascending(&list, &["[]", "[-5]", "[1]", "[1, 2]", "[2]", "[200]"]);
    ascending(&CqlType::Set(Box::new(CqlType::Text)), &["{}", "{'a'}", "{'a', 'b'}", "{'ab'}", "{'b'}"]);
    let map = CqlType::Map(Box::new(CqlType::Text), Box::new(CqlType::Decimal));
    ascending(&map, &["{}", "{'a': -1}", "{'a': 0.5}", "{'a': 0.5, 'b': 1}", "{'a': 10}", "{'b': 0}"]);
    let tuple = CqlType::Tuple(vec![CqlType::Int, CqlType::Text]);
    ascending(&tuple, &["(null, 'a')", "(-1, 'z')", "(1, null)", "(1, 'a')", "(2, 'a')", "(10, 'a')"]);
    ascending(&CqlType::Vector(Box::new(CqlType::Float), 2), &["[-1, 5]", "[0.5, 1]", "[0.5, 2]", "[1, 0]"]);
    ascending(&CqlType::Vector(Box::new(CqlType::Text), 2), &["['a', 'b']", "['a', 'bb']", "['aa', '']"]);
    let udt = CqlType::Udt(Box::new(UdtType {
        keyspace: "k".to_owned(),
        name: "u".to_owned(),
        fields: vec![("x".to_owned(), CqlType::Int), ("y".to_owned(), CqlType::Int)],
    }));
    ascending(&udt, &["{x: -1, y: 5}", "{x: 1}", "{x: 1, y: -1}", "{x: 1, y: 1}"]);
    ascending(&CqlType::Frozen(Box::new(list)), &["[1]", "[1, 1]"]);
}

#[test]
fn null_and_empty_come_last_up_and_down() {
    let (null, empty, value) =
        (Key::of(&CqlType::Int, None), Key::of(&CqlType::Int, Some(b"")), key(&CqlType::Int, "1"));
    for descending in [false, true] {
        assert_eq!(value.compare(&empty, descending), Ordering::Less);
        assert_eq!(empty.compare(&null, descending), Ordering::Less);
    }
    assert_eq!(value.compare(&key(&CqlType::Int, "2"), true), Ordering::Greater);
    assert!(value.is_value() && !empty.is_value() && !null.is_value());
    // An empty text is a text.
    assert!(Key::of(&CqlType::Text, Some(b"")).is_value());
}

fn decimal_cell(unscaled: i128, scale: i32) -> Vec<u8> {
    [scale.to_be_bytes().to_vec(), BigInt::from(unscaled).to_signed_bytes_be()].concat()
}

proptest! {
    #[test]
    fn decimals_compare_as_exact_numbers(left: i128, right: i128, left_scale in -30..30_i32, right_scale in -30..30_i32, near: bool) {
        // Half of them so near each other that no double tells them apart.
        let right = if near { left.saturating_add(right % 3) } else { right };
        let right_scale = if near { left_scale } else { right_scale };
        let exact = |number: i128, scale: i32| BigInt::from(number) * BigInt::from(10).pow((30 - scale) as u32);
        let expected = exact(left, left_scale).cmp(&exact(right, right_scale));
        let key = |number, scale| Key::of(&CqlType::Decimal, Some(&decimal_cell(number, scale)));
        prop_assert_eq!(key(left, left_scale).compare(&key(right, right_scale), false), expected);
    }

    #[test]
    fn whole_numbers_compare_as_exact_numbers(left: i128, right: i128, wide: bool) {
        let cell = |number: i128| if wide { number.to_be_bytes().to_vec() } else { BigInt::from(number).to_signed_bytes_be() };
        let key = |number| Key::of(&CqlType::Varint, Some(&cell(number)));
        prop_assert_eq!(key(left).compare(&key(right), false), left.cmp(&right));
        let small = |number: i128| Key::of(&CqlType::Bigint, Some(&(number as i64).to_be_bytes()));
        prop_assert_eq!(small(left).compare(&small(right), false), (left as i64).cmp(&(right as i64)));
    }

    #[test]
    fn lists_of_texts_compare_as_lists_do(left: Vec<Vec<u8>>, right: Vec<Vec<u8>>) {
        let ty = CqlType::List(Box::new(CqlType::Blob));
        let cell = |items: &[Vec<u8>]| {
            let mut out = (items.len() as i32).to_be_bytes().to_vec();
            for item in items {
                out.extend((item.len() as i32).to_be_bytes());
                out.extend(item);
            }
            out
        };
        let key = |items: &[Vec<u8>]| Key::of(&ty, Some(&cell(items)));
        prop_assert_eq!(key(&left).compare(&key(&right), false), left.cmp(&right));
    }

    #[test]
    fn anything_has_a_key(bytes: Vec<u8>) {
        for ty in [
            CqlType::Decimal,
            CqlType::Duration,
            CqlType::Map(Box::new(CqlType::Text), Box::new(CqlType::Varint)),
            CqlType::Tuple(vec![CqlType::Uuid, CqlType::Inet]),
            CqlType::Vector(Box::new(CqlType::Text), 3),
        ] {
            let key = Key::of(&ty, Some(&bytes));
            prop_assert_eq!(key.compare(&key.clone(), false), Ordering::Equal);
        }
    }
}
