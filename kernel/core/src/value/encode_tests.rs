//! Literals and fields as cells, and what is said of those that are none.

use insta::assert_snapshot;

use super::*;
use crate::column::UdtType;

fn text() -> CqlType {
    CqlType::Text
}

fn wrong(ty: &CqlType, literal: &str) -> String {
    from_literal(ty, literal).unwrap_err().to_string()
}

#[test]
fn literals() {
    assert_eq!(from_literal(&text(), " 'it''s' ").unwrap().unwrap(), b"it's");
    assert_eq!(from_literal(&text(), "$$it's$$").unwrap().unwrap(), b"it's");
    assert_eq!(from_literal(&text(), "NULL").unwrap(), None);
    assert_eq!(from_literal(&CqlType::Int, "-12").unwrap().unwrap(), (-12_i32).to_be_bytes());
    assert_eq!(from_literal(&CqlType::Boolean, "TRUE").unwrap().unwrap(), [1]);
    assert_eq!(from_literal(&CqlType::Blob, "0xCAFE").unwrap().unwrap(), [0xca, 0xfe]);
    assert_eq!(from_literal(&CqlType::Blob, "0x").unwrap().unwrap(), b"");
    assert_eq!(from_literal(&CqlType::Date, "'1970-01-02'").unwrap().unwrap(), [0x80, 0, 0, 1]);
    assert_eq!(from_literal(&CqlType::Timestamp, "1").unwrap().unwrap(), 1_i64.to_be_bytes());
    assert_eq!(from_literal(&CqlType::Inet, "'::1'").unwrap().unwrap().len(), 16);
    assert_eq!(
        from_literal(&CqlType::Vector(Box::new(CqlType::Tinyint), 2), "[1, 2]").unwrap().unwrap(),
        [1, 1, 1, 2]
    );
}

#[test]
fn what_json_has_can_be_bound() {
    let same = |ty: CqlType, json: &str, cql: &str| {
        assert_eq!(from_literal(&ty, json).unwrap(), from_literal(&ty, cql).unwrap(), "{json} as {ty}");
    };
    let id = "123e4567-e89b-12d3-a456-426614174000";
    same(CqlType::Uuid, &format!("'{id}'"), id);
    same(CqlType::Timeuuid, &format!("'{id}'"), id);
    same(CqlType::List(Box::new(CqlType::Uuid)), &format!("['{id}', '{id}']"), &format!("[{id}, {id}]"));
    same(CqlType::Blob, "'0xcafe'", "0xcafe");
    same(CqlType::Decimal, "'1.50'", "1.50");
    same(CqlType::Duration, "'1h30m'", "1h30m");
    same(CqlType::Set(Box::new(CqlType::Int)), "[1, 2]", "{1, 2}");
    same(CqlType::Set(Box::new(CqlType::Int)), "[]", "{}");
    same(CqlType::Tuple(vec![CqlType::Int, text()]), "[1, 'a']", "(1, 'a')");
    let udt = UdtType {
        keyspace: "k".to_owned(),
        name: "point".to_owned(),
        fields: vec![("x".to_owned(), CqlType::Tinyint), ("Y".to_owned(), text())],
    };
    same(CqlType::Udt(Box::new(udt)), "{'x': 1, 'Y': 'a'}", "{x: 1, \"Y\": 'a'}");
    assert_snapshot!(wrong(&CqlType::Uuid, "'ada'"), @"`ada` is no uuid: expected a uuid, e.g. 123e4567-e89b-12d3-a456-426614174000");
    assert_snapshot!(wrong(&CqlType::Int, "'12'"), @"`'12'` is no int: expected a whole number from -2147483648 to 2147483647");
}

#[test]
fn fields_of_a_file_have_no_quotes() {
    assert_eq!(from_text(&text(), "it's").unwrap(), b"it's");
    assert_eq!(from_text(&text(), "null").unwrap(), b"null");
    assert_eq!(from_text(&CqlType::Timestamp, " 1970-01-01T00:00:00.007Z").unwrap(), 7_i64.to_be_bytes());
    assert_eq!(from_text(&CqlType::List(Box::new(text())), "['a']").unwrap(), [0, 0, 0, 1, 0, 0, 0, 1, b'a']);
    assert!(from_text(&CqlType::Int, "null").is_err());
    assert!(from_text(&CqlType::Int, "").is_err());
}

#[test]
fn missing_fields_are_null() {
    let udt = CqlType::Udt(Box::new(UdtType {
        keyspace: "k".to_owned(),
        name: "point".to_owned(),
        fields: vec![("x".to_owned(), CqlType::Tinyint), ("Y".to_owned(), CqlType::Tinyint)],
    }));
    assert_eq!(from_literal(&udt, "{\"Y\": 2}").unwrap().unwrap(), [255, 255, 255, 255, 0, 0, 0, 1, 2]);
    assert_eq!(from_literal(&udt, "{X: 1}").unwrap().unwrap(), [0, 0, 0, 1, 1, 255, 255, 255, 255]);
    assert_snapshot!(wrong(&udt, "{z: 1}"), @"`z` is no point: its fields are x, Y");
}

#[test]
fn what_is_wrong_is_said() {
    assert_snapshot!(wrong(&CqlType::Tinyint, "128"), @"`128` is no tinyint: expected a whole number from -128 to 127");
    assert_snapshot!(wrong(&CqlType::Int, "'12'"), @"`'12'` is no int: expected a whole number from -2147483648 to 2147483647");
    assert_snapshot!(wrong(&CqlType::Int, "12 13"), @"`12 13` is no int: there is more after the value: 13");
    assert_snapshot!(wrong(&text(), "it"), @"`it` is no text: expected text in single quotes, e.g. 'it''s'");
    assert_snapshot!(wrong(&text(), "'it"), @"`'it` is no text: expected text in single quotes, e.g. 'it''s'");
    assert_snapshot!(wrong(&CqlType::Date, "2013-01-01"), @"`2013-01-01` is no date: expected it in single quotes, e.g. '2013-01-01'");
    assert_snapshot!(wrong(&CqlType::Float, "1e99"), @"`1e99` is no float: the number is too large");
    assert_snapshot!(wrong(&CqlType::List(Box::new(CqlType::Int)), "[1, null]"), @"`null` is no list<int>: null is not allowed inside a collection");
    assert_snapshot!(wrong(&CqlType::List(Box::new(CqlType::Int)), "[1"), @"`` is no list<int>: expected `]`, found the end");
    assert_snapshot!(wrong(&CqlType::Vector(Box::new(CqlType::Float), 3), "[1, 2]"), @"`[…]` is no vector<float, 3>: expected 3 elements, found 2");
    assert_snapshot!(wrong(&CqlType::Timeuuid, "123e4567-e89b-42d3-a456-426614174000"), @"`123e4567-e89b-42d3-a456-426614174000` is no timeuuid: a timeuuid is a uuid of version 1");
    assert_snapshot!(from_text(&CqlType::Ascii, "é").unwrap_err(), @"`é` is no ascii: ascii has no characters beyond code 127");
}
