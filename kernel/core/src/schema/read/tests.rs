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

/// The columns of `system_schema.types`.
fn user_type() -> [(&'static str, CqlType); 4] {
    [("keyspace_name", T), ("type_name", T), ("field_names", text_list()), ("field_types", text_list())]
}

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
    take(Source::Types, &user_type(), &[&["'shop'", "'address'", "['street']", "['text']"]]);
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
        ],
    );
    take(
        Source::Indexes,
        &[("keyspace_name", T), ("table_name", T), ("index_name", T), ("kind", T), ("options", text_map())],
        &[&["'shop'", "'t'", "'i'", "'CUSTOM'", "{'class_name': 'a.b.StorageAttachedIndex', 'target': 'a'}"]],
    );
    let Read { keyspaces, notes, unread, torn } = reader.finish();
    assert!(notes.is_empty() && unread.is_empty() && !torn, "{notes:?}");
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
    assert!(!shop.tables.contains_key("alone"), "it was made or dropped meanwhile");
}

const COLUMN: [(&str, CqlType); 6] = [
    ("keyspace_name", T),
    ("table_name", T),
    ("column_name", T),
    ("kind", T),
    ("position", CqlType::Int),
    ("type", T),
];

/// Tables of `ks` with the rows of their columns: table, column, kind, type.
fn read_of(tables: &[&str], columns: &[[&str; 4]]) -> Reader {
    let quoted = |text: &str| format!("'{text}'");
    let mut reader = Reader::default();
    for table in tables {
        let page =
            VecPage::of(&[("keyspace_name", T), ("table_name", T)], &[&["'ks'", quoted(table).as_str()]]);
        reader.take(Source::Tables, &page);
    }
    for row in columns {
        let [table, column, kind, ty] =
            row.map(|text| if text == "null" { text.to_owned() } else { quoted(text) });
        let page = VecPage::of(&COLUMN, &[&["'ks'", &table, &column, &kind, "0", &ty]]);
        reader.take(Source::Columns, &page);
    }
    reader
}

#[test]
fn a_table_that_is_not_known_whole_is_left_out() {
    let key = |table| [table, "k", "partition_key", "int"];
    let read = read_of(
        &["whole", "no_columns", "no_key", "no_type"],
        &[
            key("whole"),
            ["no_key", "v", "regular", "int"],
            key("no_type"),
            ["no_type", "tags", "regular", "null"],
        ],
    )
    .finish();
    assert_eq!(read.keyspaces["ks"].tables.keys().collect::<Vec<_>>(), ["whole"]);
    assert_eq!(read.unread, BTreeSet::from([Source::Columns]));
    assert_eq!(
        read.notes,
        [
            "1 rows of the schema could not be read.",
            "The columns of 3 tables could not be read, and they are left out."
        ]
    );
    let torn = read_of(&["whole", "no_columns"], &[key("whole")]).finish();
    assert!(torn.torn, "a table without columns was made or dropped meanwhile");
    // Where `tables` may not be read, the columns tell which there are.
    let mut reader = read_of(&[], &[key("whole")]);
    reader.lacks(Source::Tables, "not allowed");
    let read = reader.finish();
    assert!(read.keyspaces["ks"].tables.contains_key("whole"));
    assert_eq!(read.unread, BTreeSet::from([Source::Tables]));
}

#[test]
fn a_type_of_too_many_parts_leaves_its_table_out() {
    let wide = format!("tuple<{}int>", "a, ".repeat(1_000_000));
    let columns = [["t", "k", "partition_key", "int"], ["t", "v", "regular", &wide]];
    let read = read_of(&["t"], &columns).finish();
    assert!(read.keyspaces["ks"].tables.is_empty() && read.unread.contains(&Source::Columns));
}

#[test]
fn a_chain_of_types_of_any_length_ends() {
    const LENGTH: usize = 300_000;
    let columns = user_type();
    let mut reader = Reader::default();
    let text = |text: String| Some(text.into_bytes());
    let list = |item: String| {
        let count = 1_u32.to_be_bytes();
        let length = u32::try_from(item.len()).unwrap().to_be_bytes();
        Some([&count[..], &length[..], item.as_bytes()].concat())
    };
    let rows = (0..LENGTH).map(|at| {
        let next = if at + 1 < LENGTH { format!("frozen<t{}>", at + 1) } else { "int".to_owned() };
        vec![text("ks".to_owned()), text(format!("t{at}")), list("f".to_owned()), list(next)]
    });
    let named = columns.iter().map(|(name, ty)| crate::column::Column {
        name: (*name).to_owned(),
        cql_type: ty.clone(),
        role: None,
    });
    let page = VecPage::new(named.collect(), rows.collect());
    assert!(!reader.admits(Source::Types, &page), "they are more than a schema has");
    // Even where they were taken, none is followed on the stack.
    reader.take(Source::Types, &page);
    let read = reader.finish();
    assert_eq!(types::in_order(&read.keyspaces["ks"].types).len(), LENGTH);
}

#[test]
fn there_is_room_for_so_many_objects_and_columns() {
    let mut room = Room::default();
    assert!(room.admits(Source::Tables, 30_000, 0));
    assert!(!room.admits(Source::Types, 30_000, 0), "tables and types count alike");
    assert!(room.admits(Source::Types, 20_000, 0));
    assert!(!room.admits(Source::Types, 0, 0), "a page of nothing counts as well");
    assert!(room.admits(Source::Columns, 1_000_000, 100 << 20));
    assert!(!room.admits(Source::Columns, 1, 0));
    assert!(!Room::default().admits(Source::Columns, 1, 200 << 20), "bytes count");
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
        take(Source::Columns, &COLUMN, &["'ks'", "'t'", "'v'", "'partition_key'", "0", "'text'"]);
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
        let Read { keyspaces, notes, .. } = reader.finish();
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

#[test]
fn what_a_row_does_not_say_is_not_known_and_nothing_is_put_in_its_place() {
    let left_out = |source: Source, columns: &[(&str, CqlType)], row: &[&str]| {
        let mut reader = Reader::default();
        reader.take(source, &VecPage::of(columns, &[row]));
        let read = reader.finish();
        assert!(read.unread.contains(&source) && !read.notes.is_empty(), "{source:?}: {read:?}");
        read
    };
    // Fewer types than names, and more: no field has another's type, and none is missing.
    for types in ["['int', 'text']", "['int', 'text', 'int', 'text']", "[]", "null"] {
        let row = ["'shop'", "'u'", "['a', 'b', 'c']", types];
        let read = left_out(Source::Types, &user_type(), &row);
        assert!(read.keyspaces.get("shop").is_none_or(|shop| shop.types.is_empty()));
    }
    // A keyspace without its replication is none that could be made again.
    let columns = [("keyspace_name", T), ("durable_writes", CqlType::Boolean), ("replication", text_map())];
    left_out(Source::Keyspaces, &columns, &["'shop'", "true", "null"]);
    left_out(Source::Keyspaces, &columns, &["'shop'", "null", "{'class': 'X'}"]);
    // A column of a kind that is not known may be part of the key.
    left_out(Source::Columns, &COLUMN, &["'shop'", "'t'", "'a'", "'future'", "-1", "'int'"]);
}
