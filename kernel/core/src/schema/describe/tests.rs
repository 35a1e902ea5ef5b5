//! `DESCRIBE` as it is written, and as its answer is laid out.

use super::*;

#[test]
fn every_variant_is_read() {
    let read = |text: &str| format!("{:?}", parse(text).map(|request| (request.what, request.internals)));
    assert_eq!(read("cluster"), "Some((Cluster, false))");
    assert_eq!(read("FULL schema"), "Some((Schema { full: true }, false))");
    assert_eq!(read("schema with internals"), "Some((Schema { full: false }, true))");
    assert_eq!(read("Keyspaces"), "Some((Keyspaces, false))");
    assert_eq!(read("keyspace"), "Some((Keyspace { name: None, only: false }, false))");
    assert_eq!(
        read("only keyspace \"Shop\""),
        r#"Some((Keyspace { name: Some("Shop"), only: true }, false))"#
    );
    assert_eq!(
        read("table Shop.\"T\" with internals"),
        r#"Some((One { kind: Table, keyspace: Some("shop"), name: "T" }, true))"#
    );
    assert_eq!(
        read("materialized view v"),
        r#"Some((One { kind: View, keyspace: None, name: "v" }, false))"#
    );
    assert_eq!(read("types"), "Some((List(Type), false))");
    assert_eq!(read("a.b"), r#"Some((Any { keyspace: Some("a"), name: "b" }, false))"#);
    // A thing may be named as a variant is.
    assert_eq!(read("type"), r#"Some((Any { keyspace: None, name: "type" }, false))"#);
    for nonsense in ["", "a b", "table a b", "full", "keyspace a b"] {
        assert_eq!(parse(nonsense).filter(|_| nonsense != "full"), None, "{nonsense}");
    }
}

#[test]
fn names_stand_in_columns() {
    let entry = |keyspace: &str, name: &str, is_keyspace| Entry {
        keyspace: keyspace.to_owned(),
        is_keyspace,
        name: name.to_owned(),
        cql: None,
    };
    let tables = [entry("a", "t1", false), entry("a", "t2", false), entry("b", "t", false)];
    assert_eq!(render(&tables, None, 80), "Keyspace a\n----------\nt1  t2\n\nKeyspace b\n----------\nt");
    let names = ["one", "two", "three", "four", "five"].map(|name| entry(name, name, true));
    assert_eq!(render(&names, None, 12), "one    four\ntwo    five\nthree");
    assert_eq!(render(&tables[..2], Some("a"), 80), "t1  t2");
    assert_eq!(render(&[], None, 80), "");
}
