//! What a secret is for: the service that it was entered for, and no other one.
//!
//! The rule: a secret is sent to the destination that it was sealed for, or to none. The destination is part of the seal
//! ([`crate::envelope`]), so that an edited `connections.toml` cannot lead a secret elsewhere. What makes up a destination (a
//! bundle's host and database; hosts, port and authority) is the caller's to say: this room reads no bundle.

use std::borrow::Cow;

use sha2::{Digest, Sha256};

use crate::seal;

/// Bytes of each of the two hashes.
const HASH: usize = 16;
/// The most bytes of words in an envelope: two envelopes must fit the 2,560 bytes of Windows' keychain, in base64.
const MAX_WORDS: usize = 90;

/// A service, told from every other one.
#[derive(Debug, Clone)]
pub struct Destination {
    whole: [u8; HASH],
    /// All zero where it is no database of which there could be another way.
    database: [u8; HASH],
    words: String,
}

impl Destination {
    /// The service that these parts make up; `database` tells it apart where it can be reached in several ways, and `words` is
    /// what a person calls it.
    pub fn new(kind: &str, parts: &[&str], database: Option<&str>, words: &str) -> Self {
        let mut all = vec![kind.as_bytes()];
        all.extend(parts.iter().map(|part| part.as_bytes()));
        let database = database.map(|id| hash(&[kind.as_bytes(), b"database", id.as_bytes()]));
        Self { whole: hash(&all), database: database.unwrap_or_default(), words: shown(words) }
    }

    /// What a person calls it: all of it, for a person decides by it where a secret goes. Of one that was read back from an envelope
    /// the middle is left out where it was long.
    pub fn words(&self) -> &str {
        &self.words
    }

    /// Whether both are one service.
    pub fn is(&self, other: &Self) -> bool {
        self.whole == other.whole
    }

    /// Whether both are ways to one database, and perhaps the same.
    pub fn is_same_database(&self, other: &Self) -> bool {
        self.is(other) || (self.database != [0; HASH] && self.database == other.database)
    }

    /// As it stands in an envelope: both hashes, the length of the words and the words.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let words = short(&self.words);
        let length = u8::try_from(words.len()).unwrap_or_default();
        [&self.whole[..], &self.database, &[length], words.as_bytes()].concat()
    }

    /// From the beginning of `bytes`, with how many of them it is.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<(Self, usize)> {
        let (whole, rest) = bytes.split_first_chunk::<HASH>()?;
        let (database, rest) = rest.split_first_chunk::<HASH>()?;
        let (length, rest) = rest.split_first()?;
        let length = usize::from(*length);
        let words = str::from_utf8(rest.get(..length)?).ok()?;
        let known = Self { whole: *whole, database: *database, words: words.to_owned() };
        Some((known, 2 * HASH + 1 + length))
    }
}

fn hash(parts: &[&[u8]]) -> [u8; HASH] {
    let mut out = [0; HASH];
    out.copy_from_slice(&Sha256::digest(seal::context(parts))[..HASH]);
    out
}

/// The words without what cannot be seen.
fn shown(words: &str) -> String {
    words.chars().filter(|c| !c.is_control()).collect()
}

/// The words without their middle where an envelope has no room for all of them: both ends tell places apart, and who owns a host's
/// name stands at its end.
fn short(words: &str) -> Cow<'_, str> {
    if words.len() <= MAX_WORDS {
        return Cow::Borrowed(words);
    }
    let room = MAX_WORDS - '…'.len_utf8();
    let mut head = room / 2;
    while !words.is_char_boundary(head) {
        head -= 1;
    }
    let mut tail = words.len() - (room - head);
    while !words.is_char_boundary(tail) {
        tail += 1;
    }
    Cow::Owned(format!("{}…{}", &words[..head], &words[tail..]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_part_tells_one_from_another() {
        let of = |kind: &str, parts: &[&str]| Destination::new(kind, parts, None, "x");
        let one = of("cassandra", &["10.0.0.1", "9042"]);
        assert!(one.is(&of("cassandra", &["10.0.0.1", "9042"])));
        for other in [
            of("astra", &["10.0.0.1", "9042"]),
            of("cassandra", &["10.0.0.19042"]),
            of("cassandra", &["10.0.0.1", "9043"]),
            of("cassandra", &["10.0.0.1", "9042", ""]),
        ] {
            assert!(!one.is(&other) && !one.is_same_database(&other));
        }
    }

    #[test]
    fn another_way_to_the_same_database_is_known_as_one() {
        let of = |host: &str, id: Option<&str>| Destination::new("astra", &[host], id, host);
        let one = of("east", Some("1234"));
        assert!(!one.is(&of("west", Some("1234"))) && one.is_same_database(&of("west", Some("1234"))));
        assert!(!one.is_same_database(&of("west", Some("1235"))) && !one.is_same_database(&of("west", None)));
        assert!(!of("east", None).is_same_database(&of("west", None)), "no database is not a database");
    }

    #[test]
    fn an_envelope_keeps_the_end_of_a_long_name() {
        let host = format!("{}.evil.example:29042", "00.db-node-1.prod.corp.example.".repeat(5));
        let kept = Destination::new("astra", &[&host], None, &host).to_bytes();
        let (read, _) = Destination::from_bytes(&kept).unwrap();
        assert!(read.words().starts_with("00.db-node-1.prod") && read.words().contains('…'));
        assert!(read.words().ends_with(".evil.example:29042"), "{}", read.words());
    }

    proptest! {
        #[test]
        fn it_is_read_back_and_never_too_long(words in "\\PC{0,200}", id: Option<String>) {
            let one = Destination::new("astra", &["h"], id.as_deref(), &words);
            prop_assert_eq!(one.words(), &words, "whole, where a person decides by it");
            let mut bytes = one.to_bytes();
            prop_assert!(bytes.len() <= 2 * HASH + 1 + MAX_WORDS);
            let length = bytes.len();
            bytes.extend(b"rest");
            let (read, taken) = Destination::from_bytes(&bytes).unwrap();
            prop_assert_eq!(taken, length);
            prop_assert!(read.is(&one) && read.database == one.database);
            prop_assert_eq!(read.to_bytes(), one.to_bytes(), "the seal is over these");
            prop_assert_eq!(read.words(), short(&words));
        }

        #[test]
        fn bytes_of_others_never_panic(bytes: Vec<u8>) {
            let _ = Destination::from_bytes(&bytes);
        }
    }
}
