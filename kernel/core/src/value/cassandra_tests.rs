//! The bytes that Cassandra 5.0.9's own serializers (`org.apache.cassandra.db.marshal`) make of texts and values,
//! recorded by calling them: the encoder must make the same, and the decoder read them back.

use jiff::tz::TimeZone;

use super::{from_literal, from_text, literal};
use crate::column::CqlType::{self, *};

fn hex(digits: &str) -> Vec<u8> {
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
}

#[test]
fn what_from_string_makes_of_texts() {
    let recorded: &[(CqlType, &str, &str)] = &[
        (Timestamp, "2013-01-01", "0000013bf3685800"),
        (Timestamp, "2013-01-01 05:00", "0000013bf47b0080"),
        (Timestamp, "2013-01-01 05:00+0000", "0000013bf47b0080"),
        (Timestamp, "2013-01-01T05:00:00.123Z", "0000013bf47b00fb"),
        (Timestamp, "2013-01-01 05:00:00.1", "0000013bf47b00e4"),
        (Timestamp, "2013-01-01+0100", "0000013bf3316980"),
        (Timestamp, "2013-01-01 06:00+01:00", "0000013bf47b0080"),
        (Timestamp, "2013-01-01 06:00+01", "0000013bf47b0080"),
        (Timestamp, "2013-01-01 05:00:00 UTC", "0000013bf47b0080"),
        (Timestamp, "1357016400000", "0000013bf47b0080"),
        (Timestamp, "-1", "ffffffffffffffff"),
        (Date, "2013-01-01", "80003d5a"),
        (Date, "-5877641-06-23", "00000000"),
        (Date, "+5881580-07-11", "ffffffff"),
        (Date, "2147483648", "80000000"),
        (Date, "0", "00000000"),
        (Date, "+10000-01-01", "802cc0a1"),
        (Date, "-0044-03-15", "7ff4c6db"),
        (Time, "05:15:00.123456789", "0000113087251515"),
        (Time, "05:15:00", "000011307fc94800"),
        (Time, "5:15:00", "000011307fc94800"),
        (Time, "86399999999999", "00004e94914effff"),
        (Time, "05:15:00.1", "0000113085bf2900"),
        (Duration, "1y2mo3d4h5m6s7ms8us9ns", "1c06fc1ac004a5c612"),
        (Duration, "P1Y2M3DT4H5M6S", "1c06fc1ac003cfe800"),
        (Duration, "P0001-02-03T04:05:06", "1c06fc1ac003cfe800"),
        (Duration, "P2W", "001c00"),
        (Duration, "-90m", "0000fc09d29229dfff"),
        (Duration, "0s", "000000"),
        (Duration, "5µs", "0000a710"),
        (Decimal, "10.00", "0000000203e8"),
        (Decimal, "1E-14", "0000000e01"),
        (Decimal, "-1.5E+1000000000", "c4653601f1"),
        (Decimal, "0.0", "0000000100"),
        (Decimal, ".5", "0000000105"),
        (Decimal, "1e2", "fffffffe01"),
        (Decimal, "0E+3", "fffffffd00"),
        (Varint, "0", "00"),
        (Varint, "-1", "ff"),
        (Varint, "128", "0080"),
        (Varint, "-129", "ff7f"),
        (Varint, "100000000000000000000000000000000000000000", "0125dfa371a19e6f7cb54395ca0000000000"),
        (Double, "1e-7", "3e7ad7f29abcaf48"),
        (Inet, "2001:DB8::1", "20010db8000000000000000000000001"),
    ];
    for (ty, text, bytes) in recorded {
        let bytes = hex(bytes);
        match ty {
            // In a file bare digits are no date.
            Date | Time | Timestamp => {
                let read = from_literal(ty, &format!("'{text}'"));
                assert_eq!(read, Ok(Some(bytes.clone())), "{ty} {text}");
            }
            _ => assert_eq!(from_text(ty, text).as_ref(), Ok(&bytes), "{ty} {text}"),
        }
        let shown = literal(Some(&bytes), ty, &TimeZone::UTC).text;
        assert_eq!(from_text(ty, &shown), Ok(bytes), "{ty} {text} shown as {shown}");
    }
    for (ty, refused) in [(Time, "05:15"), (Duration, "1d1d"), (Duration, "1d1y")] {
        assert!(from_text(&ty, refused).is_err(), "{refused}");
    }
    let fine = from_text(&Timestamp, "2013-01-01 05:00:00.123456");
    assert_eq!(fine, Ok(hex("0000013bf47b00fb")), "Cassandra drops what is finer than a millisecond");
    // It makes infinity of a number too large; we say so instead.
    assert!(from_text(&Float, "1e99").is_err());
}

#[test]
fn what_decompose_makes_of_nested_values() {
    let vector = |item: CqlType, dimensions| Vector(Box::new(item), dimensions);
    let long = format!("['a', '{}']", "x".repeat(200));
    let long_bytes = format!("016180c8{}", "78".repeat(200));
    let recorded: &[(CqlType, &str, &str)] = &[
        (vector(Float, 2), "[0.5, -3]", "3f000000c0400000"),
        (vector(Smallint, 2), "[256, 1]", "020100020001"),
        (vector(Text, 2), &long, &long_bytes),
        (vector(Boolean, 3), "[True, False, True]", "010001"),
        (vector(vector(Int, 1), 2), "[[1], [2]]", "0000000100000002"),
        (vector(vector(Text, 1), 2), "[['a'], ['b']]", "020161020162"),
        (vector(List(Box::new(Int)), 1), "[[7]]", "0c000000010000000400000007"),
        (
            Map(Box::new(Text), Box::new(Int)),
            "{'a': 1, 'b': 2}",
            "000000020000000161000000040000000100000001620000000400000002",
        ),
        (Set(Box::new(Int)), "{1, 2}", "0000000200000004000000010000000400000002"),
    ];
    for (ty, text, bytes) in recorded {
        assert_eq!(from_literal(ty, text), Ok(Some(hex(bytes))), "{ty}");
        assert_eq!(literal(Some(&hex(bytes)), ty, &TimeZone::UTC).text, *text, "{ty}");
    }
}
