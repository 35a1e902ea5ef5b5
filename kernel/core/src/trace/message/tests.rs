//! The server's words and what is understood of them.

use proptest::prelude::*;

use super::*;

fn at(ip: &str, port: Option<i32>) -> Address {
    Address { ip: ip.to_owned(), port }
}

#[test]
fn words_of_cassandra_5() {
    let two = || at("127.0.0.2", Some(7000));
    let table = |table: &str| Message::ExecuteRead { table: Some(table.to_owned()) };
    for (words, meant) in [
        ("Parsing SELECT * FROM t", Message::Parsing),
        ("Preparing statement", Message::PreparingStatement),
        ("Preparing 32541ac2-e8ea-11f1-35c3-c6083cd1d02b", Message::Paxos(Paxos::Prepare)),
        (
            "Sending READ_REQ message to /127.0.0.2:7000 message size 113 bytes",
            Message::Send { verb: "READ_REQ".to_owned(), to: two() },
        ),
        (
            "READ_RSP message received from /127.0.0.2:7000",
            Message::Receive { verb: "READ_RSP".to_owned(), from: two() },
        ),
        ("Processing response from /127.0.0.2:7000", Message::ProcessResponse { from: two() }),
        ("reading digest from /127.0.0.2:7000", Message::Ask { digest: true, of: two() }),
        ("Enqueuing request to Full(/127.0.0.2:7000,(-92,-91])", Message::Ask { digest: false, of: two() }),
        (
            "Sending mutation to remote replica Full(/127.0.0.2:7000,(-92,-91])",
            Message::Ask { digest: false, of: two() },
        ),
        (
            "Enqueuing full data read to Full(/127.0.0.2:7000,(-92,-91])",
            Message::Ask { digest: false, of: two() },
        ),
        ("speculating read retry on Full(/127.0.0.2:7000,(3,4])", Message::Speculate { on: Some(two()) }),
        ("Executing single-partition query on users", table("users")),
        ("Executing seq scan across 3 sstables for (min(-1), min(-1)]", Message::ExecuteRead { table: None }),
        ("Merged data from memtables and 12 sstables", Message::Merged { sstables: 12 }),
        ("Read 20 live rows and 480 tombstone cells", Message::ReadRows { live: 20, tombstones: 480 }),
        ("Bloom filter allows skipping sstable 3", Message::BloomSkip),
        (
            "Skipped 1/3 non-slice-intersecting sstables, included 2 due to tombstones",
            Message::SlicesSkipped { skipped: 1, of: 3 },
        ),
        (
            "Executing read on shop.users using index users_city",
            Message::IndexRead { index: "users_city".to_owned() },
        ),
        (
            "Index mean cardinalities are users_city:300. Scanning with users_city.",
            Message::IndexChosen { index: "users_city".to_owned() },
        ),
        (
            "Index query accessed memtable indexes, 1 SSTable index, and 1 segment, post-filtered 9 rows in 8 partitions, and took 85 microseconds.",
            Message::IndexQuery { rows: 9, partitions: 8 },
        ),
        (
            "Submitting range requests on 4 ranges with a concurrency of 2 (0.1 rows per range expected)",
            Message::RangeRequests { ranges: 4, concurrency: 2 },
        ),
        ("Submitted 1 concurrent range requests", Message::RangesSubmitted { requests: 1 }),
        ("Adding to users memtable", Message::Memtable { table: "users".to_owned() }),
        ("Digest mismatch: Mismatch for key DecoratedKey(1, 00)", Message::DigestMismatch),
        ("Timed out; received 1 of 2 responses", Message::TimedOut),
        ("CAS did not apply", Message::Paxos(Paxos::NotApplied)),
        ("CAS applied successfully", Message::Paxos(Paxos::Applied)),
        ("Committing proposal Committed(1:2, 3:key=5", Message::Paxos(Paxos::Commit)),
        ("Doing something new", Message::Other),
    ] {
        assert_eq!(Message::of(words), meant, "{words}");
    }
}

#[test]
fn words_of_cassandra_3() {
    let two = || at("127.0.0.2", None);
    for (words, meant) in [
        ("Sending READ message to /127.0.0.2", Message::Send { verb: "READ".to_owned(), to: two() }),
        (
            "REQUEST_RESPONSE message received from /127.0.0.2",
            Message::Receive { verb: "REQUEST_RESPONSE".to_owned(), from: two() },
        ),
        ("Read 1 live and 7 tombstone cells", Message::ReadRows { live: 1, tombstones: 7 }),
        ("Scanned 200 rows and matched 3", Message::Scanned { rows: 200, matched: 3 }),
    ] {
        assert_eq!(Message::of(words), meant, "{words}");
    }
    assert!(
        Message::is_answer("REQUEST_RESPONSE")
            && Message::is_answer("READ_RSP")
            && !Message::is_answer("READ_REQ")
    );
}

#[test]
fn nodes_are_named_in_several_ways() {
    for (text, ip, port) in [
        ("/10.0.0.1:7000 message size 5 bytes", "10.0.0.1", Some(7000)),
        ("host.example/10.0.0.1:7000", "10.0.0.1", Some(7000)),
        ("/10.0.0.1", "10.0.0.1", None),
        ("/[2001:db8::1]:7000", "2001:db8::1", Some(7000)),
        ("/2001:db8:0:0:0:0:0:1", "2001:db8:0:0:0:0:0:1", None),
        ("Full(/10.0.0.1:7000,(1,2])", "10.0.0.1", Some(7000)),
    ] {
        assert_eq!(Address::at(text), at(ip, port), "{text}");
    }
}

#[test]
fn reading_permissions_is_not_the_request() {
    assert!(Message::of("Executing single-partition query on role_permissions").reads_permissions());
    assert!(!Message::of("Executing single-partition query on users").reads_permissions());
}

proptest! {
    #[test]
    fn no_words_are_too_strange(words in prop_oneof![
        any::<String>(),
        "(Read|Skipped|Scanned|Sending|Preparing|Index query accessed|Submitting range requests on|Merged data from memtables and) .{0,40}",
    ]) {
        let _ = Message::of(&words);
    }
}
