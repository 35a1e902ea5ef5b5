//! Snapshots written and read again.

use std::collections::BTreeSet;

use super::*;
use crate::schema::testing::{self, Features};

fn snapshot(seed: u64) -> Snapshot {
    let features = Features { views: true, functions: true, masks: true, sasi: true };
    let mut keyspace = testing::keyspace("Shop", seed, features);
    keyspace.resolve();
    let origin = Origin {
        cluster: "cluster".to_owned(),
        release: "5.0.9".to_owned(),
        data_centers: BTreeMap::from([("dc1".to_owned(), 3)]),
        table_options: ["comment", "gc_grace_seconds"].map(str::to_owned).into(),
        ..Origin::default()
    };
    let keyspaces = BTreeMap::from([("Shop".to_owned(), Arc::new(keyspace))]);
    let schema = Schema { origin, keyspaces, ..Schema::default() };
    Snapshot {
        name: "monday".to_owned(),
        saved: "2026-11-23T08:00:00Z".to_owned(),
        connection: "shop".to_owned(),
        keyspace: Some("Shop".to_owned()),
        schema,
    }
}

#[test]
fn what_is_written_is_read_again_whole() {
    for seed in 0..200 {
        let written = snapshot(seed);
        assert_eq!(Snapshot::read(&written.write()).as_ref(), Ok(&written), "seed {seed}");
    }
}

#[test]
fn what_was_not_read_is_kept_and_older_files_tell_it_in_their_notes() {
    let mut written = snapshot(1);
    written.schema.unread = BTreeSet::from([Source::Indexes]);
    written.schema.notes = vec!["system_schema.indexes could not be read: no".to_owned()];
    assert_eq!(Snapshot::read(&written.write()).as_ref(), Ok(&written));
    let mut value: Value = serde_json::from_str(&written.write()).unwrap();
    value.as_object_mut().unwrap().remove("unread");
    assert_eq!(Snapshot::read(&value.to_string()).as_ref(), Ok(&written));
}

#[test]
fn other_files_are_refused_with_the_reason() {
    let read = |text: &str| Snapshot::read(text).unwrap_err().to_string();
    assert!(read("CREATE TABLE").starts_with("It is not JSON: "));
    assert_eq!(read(" \n"), "It is empty.");
    let whole = snapshot(1).write();
    for length in [1, whole.len() / 3, whole.len() / 2, whole.trim_end().len() - 1] {
        let part: String = whole.chars().take(length).collect();
        assert!(read(&part).ends_with("in the middle: it was cut short."), "{length}: {}", read(&part));
    }
    assert!(Snapshot::read(&format!("\u{feff}{whole}")).is_ok());
    assert_eq!(read("{}"), "It is not a snapshot: it does not say `cqlbook_snapshot`.");
    assert_eq!(
        read(r#"{"cqlbook_snapshot": 2}"#),
        "It has form 2, and this release reads form 1 and before."
    );
    let broken =
        r#"{"cqlbook_snapshot": 1, "keyspaces": {"k": {"tables": {"t": {"columns": [{"name": "a"}]}}}}}"#;
    assert_eq!(read(broken), "`type` of the column a of the table k.t does not fit its form.");
    // What goes into statements as it stands is what it should be.
    let option = |value: &str| {
        format!(
            r#"{{"cqlbook_snapshot": 1, "keyspaces": {{"k": {{"tables": {{"t": {{"columns": [], "options": {{"o": {value}}}}}}}}}}}}}"#
        )
    };
    assert!(Snapshot::read(&option(r#"{"number": "0.5"}"#)).is_ok());
    assert!(Snapshot::read(&option(r#"{"bytes": {"a": "0xCAFE"}}"#)).is_ok());
    for odd in [r#"{"number": "1; DROP TABLE t"}"#, r#"{"bytes": {"a": "0x; DROP TABLE t"}}"#] {
        assert_eq!(read(&option(odd)), "`o` of the table k.t does not fit its form.");
    }
    // What a form does not say is taken as absent.
    let bare = Snapshot::read(r#"{"cqlbook_snapshot": 1, "keyspaces": {"k": {}}}"#).unwrap();
    assert!(bare.schema.keyspace("k").unwrap().tables.is_empty());
}

#[test]
fn a_part_that_goes_into_statements_is_of_its_own_kind() {
    let file = serde_json::json!({"cqlbook_snapshot": 1, "keyspaces": {"k": {
        "tables": {"t": {
            "columns": [
                {"name": "k", "type": "int", "role": "partition"},
                {"name": "v", "type": "text", "mask": {"function": "mask_replace", "arguments": ["'x; y'", null]}},
            ],
            "options": {"gc_grace_seconds": {"number": "864000"}, "extensions": {"bytes": {"a": "0xca"}}},
            "indexes": {"i": {"target": "values(v)", "options": {}}},
            "id": "c2a4ef50-3b5c-11ef-8b1a-0242ac120002",
        }},
        "views": {"mv": {"base": "t", "where": "k IS NOT NULL", "table": {"columns": []}}},
        "functions": [{"name": "f", "arguments": [], "returns": "int", "language": "java", "body": "return 1;",
            "qualities": ["DETERMINISTIC", "MONOTONIC ON \"K\""]}],
        "aggregates": [{"name": "a", "arguments": ["int"], "returns": "int", "state_function": "f",
            "state_type": "int", "initial": "(0, 'a;b')"}],
    }}});
    Snapshot::read(&file.to_string()).unwrap();
    let parts = [
        "tables/t/columns/1/mask/arguments/0",
        "tables/t/options/gc_grace_seconds/number",
        "tables/t/options/extensions/bytes/a",
        "tables/t/indexes/i/target",
        "tables/t/id",
        "views/mv/where",
        "functions/0/language",
        "functions/0/qualities/1",
        "aggregates/0/initial",
    ];
    for part in parts {
        for smuggled in ["; DROP KEYSPACE prod; --", "'); DROP TABLE t; --", " -- ", " /* ", " '"] {
            let mut evil = file.clone();
            let value = evil.pointer_mut(&format!("/keyspaces/k/{part}")).unwrap();
            *value = format!("{}{smuggled}", value.as_str().unwrap()).into();
            let refused = Snapshot::read(&evil.to_string());
            assert!(matches!(refused, Err(FileError::Part(_))), "{part}{smuggled}: {refused:?}");
        }
    }
    let mut evil = file.clone();
    evil["keyspaces"]["k"]["tables"]["t"]["options"]["x = 1; DROP KEYSPACE prod; --"] = true.into();
    assert!(matches!(Snapshot::read(&evil.to_string()), Err(FileError::Part(_))), "an option's name");
}
