//! A schema made of rows by hand.

use super::*;
use crate::column::CqlType;
use crate::page::testing::VecPage;

fn text_map() -> CqlType {
    CqlType::Frozen(Box::new(CqlType::Map(Box::new(CqlType::Text), Box::new(CqlType::Text))))
}

fn text_list() -> CqlType {
    CqlType::Frozen(Box::new(CqlType::List(Box::new(CqlType::Text))))
}

const T: CqlType = CqlType::Text;

#[test]
fn a_keyspace_is_put_together_from_its_rows() {
    let mut reader = Reader::default();
    let mut take = |source, columns: &[(&str, CqlType)], rows: &[&[&str]]| {
        reader.take(source, &VecPage::of(columns, rows));
    };
    take(
        Source::Keyspaces,
        &[("keyspace_name", T), ("durable_writes", CqlType::Boolean), ("replication", text_map())],
        &[&["'shop'", "false", "{'class': 'SimpleStrategy', 'replication_factor': '1'}"]],
    );
    take(
        Source::Types,
        &[("keyspace_name", T), ("type_name", T), ("field_names", text_list()), ("field_types", text_list())],
        &[&["'shop'", "'address'", "['street']", "['text']"]],
    );
    take(
        Source::Tables,
        &[
            ("keyspace_name", T),
            ("table_name", T),
            ("comment", T),
            ("compaction", text_map()),
            ("crc_check_chance", CqlType::Double),
            ("cdc", CqlType::Boolean),
            ("read_repair_chance", CqlType::Double),
            ("from_the_future", CqlType::Inet),
        ],
        &[&["'shop'", "'t'", "'it''s'", "{'class': 'X'}", "1", "null", "0", "'::1'"]],
    );
    let columns = [
        ("keyspace_name", T),
        ("table_name", T),
        ("column_name", T),
        ("kind", T),
        ("position", CqlType::Int),
        ("type", T),
        ("clustering_order", T),
    ];
    take(
        Source::Columns,
        &columns,
        &[
            &["'shop'", "'t'", "'a'", "'regular'", "-1", "'frozen<address>'", "'none'"],
            &["'shop'", "'t'", "'c'", "'clustering'", "0", "'int'", "'desc'"],
            &["'shop'", "'t'", "'z'", "'partition_key'", "0", "'int'", "'none'"],
            &["'shop'", "'alone'", "'k'", "'partition_key'", "0", "'int'", "'none'"],
            &["'shop'", "'t'", "'lost'", "null", "0", "'int'", "'none'"],
        ],
    );
    take(
        Source::Indexes,
        &[("keyspace_name", T), ("table_name", T), ("index_name", T), ("kind", T), ("options", text_map())],
        &[&["'shop'", "'t'", "'i'", "'CUSTOM'", "{'class_name': 'a.b.StorageAttachedIndex', 'target': 'a'}"]],
    );
    let (keyspaces, notes) = reader.finish();
    assert_eq!(notes, ["1 rows of the schema could not be read."]);
    let shop = &keyspaces["shop"];
    assert!(!shop.durable_writes && shop.replication["replication_factor"] == "1");
    let table = &shop.tables["t"];
    let names: Vec<_> = table.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["z", "c", "a"]);
    assert!(table.column("c").unwrap().descending);
    assert!(format!("{:?}", table.column("a").unwrap().cql_type).contains("street"));
    assert_eq!(table.comment, "it's");
    assert_eq!(table.indexes["i"].kind, IndexKind::Sai);
    let options: Vec<_> = table.options.iter().map(|(name, value)| format!("{name} {value:?}")).collect();
    assert_eq!(
        options,
        [
            r#"cdc Flag(false)"#,
            r#"compaction Map({"class": "X"})"#,
            r#"crc_check_chance Number("1.0")"#,
            r#"from_the_future Text("::1")"#,
        ]
    );
    assert!(shop.tables.contains_key("alone"));
}

#[test]
fn a_masks_argument_is_the_value_and_no_literal() {
    let masked = |kind: &str, stored: &str| {
        let mut reader = Reader::default();
        let mut take = |source, columns: &[(&str, CqlType)], row: &[&str]| {
            reader.take(source, &VecPage::of(columns, &[row]));
        };
        let keyspace =
            [("keyspace_name", T), ("durable_writes", CqlType::Boolean), ("replication", text_map())];
        take(Source::Keyspaces, &keyspace, &["'ks'", "true", "{'class': 'SimpleStrategy'}"]);
        take(Source::Tables, &[("keyspace_name", T), ("table_name", T)], &["'ks'", "'t'"]);
        let column = [
            ("keyspace_name", T),
            ("table_name", T),
            ("column_name", T),
            ("kind", T),
            ("position", CqlType::Int),
            ("type", T),
        ];
        take(Source::Columns, &column, &["'ks'", "'t'", "'v'", "'regular'", "-1", "'text'"]);
        let mask = [
            ("keyspace_name", T),
            ("table_name", T),
            ("column_name", T),
            ("function_keyspace", T),
            ("function_name", T),
            ("function_argument_types", text_list()),
            ("function_argument_values", text_list()),
        ];
        let (kind, stored) = (format!("['{kind}']"), format!("['{}']", stored.replace('\'', "''")));
        take(Source::Masks, &mask, &["'ks'", "'t'", "'v'", "'system'", "'mask_replace'", &kind, &stored]);
        let (keyspaces, notes) = reader.finish();
        assert!(notes.is_empty(), "{notes:?}");
        ddl::mask(keyspaces["ks"].tables["t"].columns[0].mask.as_ref().unwrap())
    };
    assert_eq!(
        masked("text", "'a'); DROP KEYSPACE prod; --"),
        "system.mask_replace('''a''); DROP KEYSPACE prod; --')"
    );
    assert_eq!(masked("text", "hidden"), "system.mask_replace('hidden')");
    assert_eq!(masked("ascii", "'"), "system.mask_replace('''')");
    assert_eq!(masked("int", "1"), "system.mask_replace(1)");
}
