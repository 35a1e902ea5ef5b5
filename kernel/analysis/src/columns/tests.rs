//! Every type goes from cells to a column and back, and what does not fit is counted and never guessed.

use cqlbook_core::column::UdtType;
use cqlbook_core::page::testing::VecPage;

use super::*;
use cqlbook_core::column::{Column, CqlType};
use cqlbook_core::page::Page;
use cqlbook_core::value::{from_literal, literal};
use jiff::tz::TimeZone;
use std::ops::ControlFlow;
use std::sync::Arc;

fn boxed(ty: CqlType) -> Box<CqlType> {
    Box::new(ty)
}

fn address() -> CqlType {
    CqlType::Udt(Box::new(UdtType {
        keyspace: "ks".to_owned(),
        name: "Address".to_owned(),
        fields: vec![("street".to_owned(), CqlType::Text), ("No".to_owned(), CqlType::Varint)],
    }))
}

/// A column of each type with literals of its values, the ends of its range among them.
pub(crate) fn every_type() -> Vec<(&'static str, CqlType, Vec<&'static str>)> {
    use CqlType as T;
    vec![
        ("ascii", T::Ascii, vec!["'a'", "''"]),
        ("bigint", T::Bigint, vec!["-9223372036854775808", "9223372036854775807"]),
        ("blob", T::Blob, vec!["0x", "0x00ff"]),
        ("boolean", T::Boolean, vec!["true", "false"]),
        ("counter", T::Counter, vec!["7", "-7"]),
        ("date", T::Date, vec!["'-5877641-06-23'", "'+5881580-07-11'", "'2013-01-01'"]),
        ("decimal", T::Decimal, vec!["10.00", "-1E-14", "123456789012345678901234567890.123456789012"]),
        (
            "double",
            T::Double,
            vec!["0.30000000000000004", "NaN", "-Infinity", "-0.0", "1.7976931348623157e308"],
        ),
        ("duration", T::Duration, vec!["1y2mo3d4h5m6s7ms8us9ns", "-89h4m48s", "0s"]),
        ("float", T::Float, vec!["0.1", "NaN", "3.4028235e38"]),
        ("inet", T::Inet, vec!["'127.0.0.1'", "'2001:db8::1'"]),
        ("int", T::Int, vec!["-2147483648", "2147483647"]),
        ("smallint", T::Smallint, vec!["-32768", "32767"]),
        ("text", T::Text, vec!["'it''s \"ü\", 🦀\nnew'", "''", "'null'"]),
        ("time", T::Time, vec!["'00:00:00.000000000'", "'23:59:59.999999999'"]),
        (
            "timestamp",
            T::Timestamp,
            vec!["-9223372036854775808", "9223372036854775807", "'2013-01-01 05:15:00.123+0000'"],
        ),
        ("timeuuid", T::Timeuuid, vec!["123e4567-e89b-12d3-a456-426614174000"]),
        ("tinyint", T::Tinyint, vec!["-128", "127"]),
        ("uuid", T::Uuid, vec!["ffffffff-ffff-4fff-bfff-ffffffffffff"]),
        ("varint", T::Varint, vec!["0", "-170141183460469231731687303715884105729"]),
        ("list", T::List(boxed(T::Frozen(boxed(T::List(boxed(T::Int)))))), vec!["[]", "[[1, 2], [], [3]]"]),
        ("set", T::Set(boxed(T::Text)), vec!["{'a', 'b'}", "{}"]),
        (
            "map",
            T::Map(boxed(T::Timeuuid), boxed(T::Decimal)),
            vec!["{123e4567-e89b-12d3-a456-426614174000: 1.50}", "{}"],
        ),
        ("tuple", T::Tuple(vec![T::Int, T::Text, T::Duration]), vec!["(1, 'a', 2d)", "(null, '', null)"]),
        ("udt", address(), vec!["{street: 'x', \"No\": 12}", "{street: null, \"No\": null}"]),
        ("vector", T::Vector(boxed(T::Float), 3), vec!["[1, 2.5, -3]"]),
        ("vector_text", T::Vector(boxed(T::Text), 2), vec!["['a', '']"]),
        ("custom", T::Custom("org.example.Type".to_owned()), vec!["0x0102"]),
        (
            "nested",
            T::Map(boxed(T::Text), boxed(T::List(boxed(address())))),
            vec!["{'a': [{street: 'x', \"No\": 1}, {street: 'y', \"No\": null}]}"],
        ),
    ]
}

/// One row for each place in the literals, and one of nulls.
pub(crate) fn page_of_every_type() -> VecPage {
    let types = every_type();
    let columns = types.iter().map(|(name, ty, _)| Column {
        name: (*name).to_owned(),
        cql_type: ty.clone(),
        role: None,
    });
    let most = types.iter().map(|(_, _, literals)| literals.len()).max().unwrap_or(0);
    let row = |place: usize| {
        let cell = |(_, ty, literals): &(&str, CqlType, Vec<&str>)| {
            from_literal(ty, literals.get(place).copied().unwrap_or("null")).unwrap()
        };
        types.iter().map(cell).collect()
    };
    VecPage::new(columns.collect(), (0..=most).map(row).collect())
}

/// The rows of a page as text.
pub(crate) fn rows(page: &dyn Page) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    page.visit(0, &mut |cells| {
        let text = |(cell, column): (&Option<&[u8]>, &Column)| {
            let shown = literal(*cell, &column.cql_type, &TimeZone::UTC);
            format!("{:?} {}", shown.kind, shown.text)
        };
        rows.push(cells.iter().zip(page.columns().iter()).map(text).collect());
        ControlFlow::Continue(())
    })
    .unwrap();
    rows
}

/// The types without `frozen`, which results do not report either.
fn types(columns: &[Column]) -> Vec<String> {
    columns
        .iter()
        .map(|column| column.cql_type.to_string().replace("frozen<list<int>>", "list<int>"))
        .collect()
}

#[test]
fn every_type_comes_back_from_its_column() {
    let page = page_of_every_type();
    let pages: Vec<Arc<dyn Page>> = vec![Arc::new(page)];
    let columns = Arc::clone(pages[0].columns());
    let (batch, lost) = record_batch(&columns, &pages, Flavour::File).unwrap();
    assert_eq!(lost, Lost::default());
    let back = BatchPage::new(batch).unwrap();
    // A server's own class has no counterpart but its bytes.
    let expected: Vec<_> = types(&columns)
        .into_iter()
        .map(|ty| if ty.starts_with('\'') { "blob".to_owned() } else { ty })
        .collect();
    assert_eq!(types(back.columns()), expected);
    assert_eq!(rows(&back), rows(pages[0].as_ref()));
}

#[test]
fn every_value_comes_back_from_the_columns_of_local_sql() {
    let page = page_of_every_type();
    let pages: Vec<Arc<dyn Page>> = vec![Arc::new(page)];
    let columns = Arc::clone(pages[0].columns());
    let (batch, lost) = record_batch(&columns, &pages, Flavour::Sql).unwrap();
    assert_eq!(lost, Lost::default());
    let back = BatchPage::with_columns(batch, columns).unwrap();
    assert_eq!(rows(&back), rows(pages[0].as_ref()));
}

#[test]
fn numbers_of_local_sql_are_numbers_where_they_fit() {
    let of = |ty: CqlType, literals: &[&str]| {
        let cells: Vec<Vec<_>> =
            literals.iter().map(|literal| vec![from_literal(&ty, literal).unwrap()]).collect();
        let columns = vec![Column { name: "n".to_owned(), cql_type: ty, role: None }];
        let pages: Vec<Arc<dyn Page>> = vec![Arc::new(VecPage::new(columns.clone(), cells))];
        let (batch, _) = record_batch(&columns, &pages, Flavour::Sql).unwrap();
        let shown = rows(&BatchPage::new(batch.clone()).unwrap());
        (batch.schema().field(0).data_type().to_string(), shown.concat())
    };
    let (ty, shown) = of(CqlType::Varint, &["1", "null", "-9223372036854775808"]);
    assert_eq!(ty, "Int64");
    assert_eq!(shown, ["Number 1", "Null null", "Number -9223372036854775808"]);
    let (ty, _) = of(CqlType::Varint, &["9223372036854775808"]);
    assert_eq!(ty, "Decimal128(38, 0)");
    let (ty, shown) = of(CqlType::Decimal, &["1.5", "10.00", "1E+3", "0.00001"]);
    assert_eq!(ty, "Decimal128(38, 5)");
    assert_eq!(shown, ["Number 1.50000", "Number 10.00000", "Number 1000.00000", "Number 0.00001"]);
    let (ty, shown) = of(CqlType::Decimal, &["1E+40", "1.5"]);
    assert_eq!(ty, "Utf8");
    assert_eq!(shown, ["Number 1E+40", "Number 1.5"]);
    assert_eq!(of(CqlType::Decimal, &["12345678901234567890123456789012345678", "0.1"]).0, "Utf8");
}

#[test]
fn what_a_column_cannot_hold_is_null_and_counted() {
    let columns = vec![
        Column { name: "i".to_owned(), cql_type: CqlType::Int, role: None },
        Column { name: "l".to_owned(), cql_type: CqlType::List(boxed(CqlType::Int)), role: None },
    ];
    let list = |bytes: &[u8]| Some(bytes.to_vec());
    let page = VecPage::new(
        columns.clone(),
        vec![
            vec![Some(vec![]), list(&[0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 9])],
            vec![Some(vec![1, 2]), list(&[0, 0, 0, 2, 0, 0, 0, 4, 0, 0, 0, 9])],
            vec![Some(vec![0, 0, 0, 5]), list(&[0, 0, 0, 1, 0, 0, 0, 1, 9])],
        ],
    );
    let pages: Vec<Arc<dyn Page>> = vec![Arc::new(page)];
    let (batch, lost) = record_batch(&columns, &pages, Flavour::File).unwrap();
    assert_eq!(lost, Lost { empty: 1, malformed: 3, keys: 0 });
    let back = BatchPage::new(batch).unwrap();
    assert_eq!(
        rows(&back),
        [["Null null", "Nested [9]"], ["Null null", "Null null"], ["Number 5", "Nested [null]"],]
    );
}

#[test]
fn sets_and_maps_of_a_file_are_as_cassandra_keeps_them() {
    let read = |from: CqlType, literal: &str, into: CqlType| {
        let columns = vec![Column { name: "c".to_owned(), cql_type: from.clone(), role: None }];
        let cells = vec![vec![from_literal(&from, literal).unwrap()]];
        let pages: Vec<Arc<dyn Page>> = vec![Arc::new(VecPage::new(columns.clone(), cells))];
        let (batch, _) = record_batch(&columns, &pages, Flavour::File).unwrap();
        let columns = vec![Column { name: "c".to_owned(), cql_type: into, role: None }];
        BatchPage::with_columns(batch, columns.into()).unwrap().row(0).unwrap().remove(0)
    };
    let list = |item| CqlType::List(boxed(item));
    let set = CqlType::Set(boxed(CqlType::Int));
    assert_eq!(
        read(list(CqlType::Int), "[3, -1, 3, 2]", set.clone()),
        from_literal(&set, "{-1, 2, 3}").unwrap()
    );
    let tuple = |item| CqlType::Tuple(vec![CqlType::Int, item]);
    assert_eq!(
        read(tuple(list(CqlType::Int)), "(5, [2, 1])", tuple(set.clone())),
        from_literal(&tuple(set), "(5, {1, 2})").unwrap()
    );
    let map = CqlType::Map(boxed(CqlType::Int), boxed(CqlType::Text));
    assert_eq!(
        read(list(tuple(CqlType::Text)), "[(2, 'b'), (1, 'a'), (2, 'c')]", map.clone()),
        from_literal(&map, "{1: 'a', 2: 'c'}").unwrap()
    );
}

#[test]
fn a_value_that_does_not_fit_its_column_is_refused_by_name() {
    let columns = vec![Column { name: "n".to_owned(), cql_type: CqlType::Int, role: None }];
    let pages: Vec<Arc<dyn Page>> = vec![Arc::new(VecPage::of(&[("n", CqlType::Int)], &[&["300"]]))];
    let (batch, _) = record_batch(&columns, &pages, Flavour::File).unwrap();
    let narrow = [Column { name: "n".to_owned(), cql_type: CqlType::Tinyint, role: None }];
    let page = BatchPage::with_columns(batch, Arc::from(narrow)).unwrap();
    assert_eq!(page.row(0).unwrap_err().to_string(), "n: 300 does not fit tinyint");
    assert_eq!(
        page.visit(0, &mut |_| ControlFlow::Continue(())),
        Err(cqlbook_core::page::MalformedPage { row: 0 })
    );
}

#[test]
fn a_decoder_goes_on_after_a_batch() {
    let columns = vec![Column { name: "n".to_owned(), cql_type: CqlType::Int, role: None }];
    let page = VecPage::of(&[("n", CqlType::Int)], &[&["1"], &["null"]]);
    let mut decoder = Decoder::new(&columns);
    decoder.push(&page).unwrap();
    assert_eq!((decoder.rows(), decoder.finish().unwrap().num_rows()), (2, 2));
    decoder.push(&page).unwrap();
    decoder.push(&page).unwrap();
    assert_eq!(decoder.finish().unwrap().num_rows(), 4);
    assert_eq!(decoder.finish().unwrap().num_rows(), 0);
}
