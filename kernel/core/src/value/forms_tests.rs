//! What a cell of a file may look like, by type, and what it may not: the table of docs/import.md.

use proptest::prelude::*;

use super::{BlobForm, Forms, Given, Notes, TimeForm, from_literal, from_text};
use crate::column::{CqlType, UdtType};

fn text(ty: &CqlType, field: &str) -> Result<Vec<u8>, String> {
    from_text(ty, field).map_err(|error| error.to_string())
}

/// As the file has it, like the literal.
fn same(ty: &CqlType, field: &str, literal: &str) {
    assert_eq!(from_text(ty, field).map(Some), from_literal(ty, literal), "{ty}: {field}");
    assert!(from_literal(ty, literal).is_ok(), "{ty}: {literal}");
}

fn refused(ty: &CqlType, field: &str, word: &str) {
    let error = from_text(ty, field).expect_err(field).to_string();
    assert!(error.contains(word), "{ty}: {field}: {error}");
}

fn boxed(ty: CqlType) -> Box<CqlType> {
    Box::new(ty)
}

#[test]
fn bare_digits_are_no_date_and_no_time() {
    for digits in ["20210515", "2021", "18762", "20210515.0", "-1", "0"] {
        refused(&CqlType::Date, digits, "--date-format");
    }
    for digits in ["051500", "0", "18900000000000"] {
        refused(&CqlType::Time, digits, "bare digits");
    }
    for digits in [
        "20210515",
        "202105150311",
        "20210515031117",
        "20210515031117123",
        "1621048277",
        "1621048277.0",
        "1621048277000000",
        "1621048277000000000",
        "0",
        "-1",
        "637566582770000000",
        "99999999999999999999",
    ] {
        let error = text(&CqlType::Timestamp, digits).unwrap_err();
        assert!(error.contains("--timestamp-format") || error.contains("64 bits"), "{digits}: {error}");
    }
    let list = CqlType::List(boxed(CqlType::Timestamp));
    refused(&list, "[20210515031117]", "--timestamp-format");
    refused(&list, "[\"20210515031117\"]", "--timestamp-format");
    same(&CqlType::Timestamp, "1621048277000", "1621048277000");
    same(&CqlType::Timestamp, "1621048277000.0", "1621048277000");
    same(&CqlType::Timestamp, "253402300800000", "253402300800000");
    same(&CqlType::Timestamp, "-62135596800001", "-62135596800001");
    same(&CqlType::Timestamp, "20210515031117 ms", "20210515031117");
    assert!(
        from_literal(&CqlType::Timestamp, "20210515").is_ok(),
        "CQL's literal is a number of milliseconds"
    );
}

#[test]
fn a_form_that_is_named_is_read() {
    let read = |form: &str, ty: CqlType, field: &str| {
        let form = TimeForm::named(form);
        let forms = Forms { dates: form.clone(), timestamps: form, ..Forms::default() };
        forms.text(&ty, field, &mut Notes::default()).map_err(|error| error.to_string())
    };
    let moment = |literal: &str| Ok(from_literal(&CqlType::Timestamp, literal).unwrap().unwrap());
    let day = |literal: &str| Ok(from_literal(&CqlType::Date, literal).unwrap().unwrap());
    assert_eq!(read("s", CqlType::Timestamp, "1621048277"), moment("'2021-05-15 03:11:17Z'"));
    assert_eq!(read("s", CqlType::Timestamp, "1621048277.25"), moment("'2021-05-15 03:11:17.250Z'"));
    assert_eq!(read("s", CqlType::Timestamp, "1.621048277E9"), moment("'2021-05-15 03:11:17Z'"));
    assert_eq!(read("ms", CqlType::Timestamp, "20210515031117"), moment("20210515031117"));
    assert_eq!(read("us", CqlType::Timestamp, "-1"), moment("-1"), "towards the past, as Cassandra does");
    assert_eq!(read("ns", CqlType::Timestamp, "1621048277000000000"), moment("1621048277000"));
    assert_eq!(read("%d.%m.%Y %H:%M", CqlType::Timestamp, "15.05.2021 03:11"), moment("'2021-05-15 03:11Z'"));
    assert_eq!(read("%d.%m.%Y", CqlType::Timestamp, "01.03.2024"), moment("'2024-03-01'"));
    assert_eq!(read("%Y%m%d", CqlType::Date, "20210515"), day("'2021-05-15'"));
    assert_eq!(read("days", CqlType::Date, "18762"), day("'2021-05-15'"));
    assert_eq!(read("s", CqlType::Date, "1621036800"), day("'2021-05-15'"));
    assert_eq!(read("%Y%m%d", CqlType::Date, "2021-05-15"), day("'2021-05-15'"), "the usual form besides");
    assert!(read("s", CqlType::Date, "1621036801").is_err(), "a date has no time of day");
    assert!(read("%d.%m.%Y", CqlType::Timestamp, "20210515").is_err());
    assert!(read("%d.%m.%Y %H:%M", CqlType::Date, "15.05.2021 03:11").is_err());
    assert_eq!(TimeForm::named("dd.MM.yyyy"), None);
}

#[test]
fn a_pattern_is_read_with_its_zone_and_its_time() {
    let read = |pattern: &str, ty: CqlType, field: &str| {
        let form = TimeForm::named(pattern);
        let forms = Forms { dates: form.clone(), timestamps: form, ..Forms::default() };
        forms.text(&ty, field, &mut Notes::default()).map_err(|error| error.to_string())
    };
    let moment = |pattern: &str, field: &str| read(pattern, CqlType::Timestamp, field);
    let is = |literal: &str| Ok(from_literal(&CqlType::Timestamp, literal).unwrap().unwrap());
    // The same as the usual form says, in summer and in winter, of the hours that come twice and never.
    for (pattern, field, usual) in [
        ("%Y/%m/%d %H:%M %Q", "2024/07/01 12:00 Europe/Berlin", "2024-07-01 12:00 Europe/Berlin"),
        ("%Y/%m/%d %H:%M %Q", "2024/01/01 12:00 Europe/Berlin", "2024-01-01 12:00 Europe/Berlin"),
        ("%Y/%m/%d %H:%M %Q", "2024/10/27 02:30 Europe/Berlin", "2024-10-27 02:30 Europe/Berlin"),
        ("%Y/%m/%d %H:%M %Q", "2024/03/31 02:30 Europe/Berlin", "2024-03-31 02:30 Europe/Berlin"),
        ("%Y/%m/%d %H:%M %Q", "2024/07/01 12:00 +0330", "2024-07-01 12:00+0330"),
        ("%Y/%m/%d %Q", "2024/07/01 America/New_York", "2024-07-01 America/New_York"),
        ("%d.%m.%Y %I %p", "01.07.2024 3 PM", "2024-07-01 15:00"),
        ("%d.%m.%Y %H:%M:%S%.f%z", "01.07.2024 03:04:05.678-0700", "2024-07-01 03:04:05.678-0700"),
        ("%d.%m.%Y", "01.07.2024", "2024-07-01"),
        ("@%s", "@1719792000", "2024-07-01"),
    ] {
        assert_eq!(moment(pattern, field), is(&format!("'{usual}'")), "{pattern} {field}");
    }
    // A time that is not whole is no midnight, and a zone that nobody knows is not UTC.
    for (pattern, field) in [
        ("%Y-%m-%d %M", "2024-07-01 30"),
        ("%Y-%m-%d :%S", "2024-07-01 :30"),
        ("%Y-%m-%d %H %S", "2024-07-01 12 30"),
        ("%Y-%m-%d %p", "2024-07-01 PM"),
        ("%Y-%m-%d %H:%M %Q", "2024-07-01 12:00 Europe/Nowhere"),
        ("%d.%m.%Y %H:%M", "31.02.2024 12:00"),
        ("%A %d.%m.%Y", "Sunday 01.07.2024"),
    ] {
        let error = moment(pattern, field).unwrap_err();
        assert!(error.contains(pattern), "the pattern is named: {error}");
    }
    for (pattern, field) in [("%Y-%m-%d %M", "2024-07-01 30"), ("%Y-%m-%d %p", "2024-07-01 PM")] {
        assert!(read(pattern, CqlType::Date, field).unwrap_err().contains("time of day"), "{field}");
    }
}

#[test]
fn advice_leads_on() {
    let read = |form: Option<&str>, copy: bool, ty: CqlType, field: &str| {
        let form = form.and_then(TimeForm::named);
        let decimal_separator = copy.then_some('.');
        let forms = Forms { dates: form.clone(), timestamps: form, decimal_separator, ..Forms::default() };
        forms.text(&ty, field, &mut Notes::default()).unwrap_err().to_string()
    };
    // What was given is not advised again.
    for (form, field) in
        [("%Y%m%d", "20211315"), ("days", "1.5.2021"), ("%d.%m.%Y", "2021/05/15"), ("%d.%m.%Y", "20210515")]
    {
        for ty in [CqlType::Date, CqlType::Timestamp] {
            let told = read(Some(form), false, ty, field);
            assert!(!told.contains("-format") && told.contains("says"), "{form} {field}: {told}");
        }
    }
    for (form, field) in [
        (Some("%d.%m.%Y"), "29.02.2023"),
        (Some("%d/%m/%Y"), "31/04/2021"),
        (None, "2021-02-30"),
        (None, "2021-13-01"),
    ] {
        for ty in [CqlType::Date, CqlType::Timestamp] {
            let told = read(form, false, ty, field);
            assert!(told.contains("there is no such day"), "{field}: {told}");
        }
    }
    // `COPY` has its own names for what it has, and is told of `%import` for the rest.
    for field in ["20210515", "15.05.2021"] {
        let told = read(None, true, CqlType::Timestamp, field);
        assert!(told.contains("DATETIMEFORMAT") && !told.contains("--"), "{told}");
        let told = read(None, true, CqlType::Date, field);
        assert!(told.contains("%import FILE INTO TABLE --date-format"), "{told}");
    }
    for ty in [CqlType::Decimal, CqlType::Double] {
        assert!(read(None, true, ty.clone(), "2,5").contains("`DECIMALSEP`"));
        assert!(read(None, false, ty, "2,5").contains("WITH DECIMALSEP = ','"));
    }
}

#[test]
fn a_date_may_come_as_a_timestamp_at_midnight() {
    same(&CqlType::Date, "2021-05-15 00:00:00", "'2021-05-15'");
    same(&CqlType::Date, "2021-05-15T00:00:00.000Z", "'2021-05-15'");
    refused(&CqlType::Date, "2021-05-15 03:11:17", "time of day");
    refused(&CqlType::Date, "01.03.2024", "--date-format");
    refused(&CqlType::Timestamp, "01.03.2024", "--timestamp-format");
}

#[test]
fn whole_numbers_have_one_rule_at_every_depth() {
    for ty in [CqlType::Int, CqlType::Bigint, CqlType::Varint, CqlType::Smallint, CqlType::Counter] {
        for field in ["1000", "1000.0", "1000.", "1e3", "1E+3", " 1000.00 ", "10000e-1"] {
            same(&ty, field, "1000");
        }
        for field in ["7.5", "1e-1", "", "1,000", "0x10", "NaN", "1e99999", "seven"] {
            assert!(
                from_text(&ty, field).is_err() || (ty == CqlType::Varint && field == "1e99999"),
                "{ty} {field}"
            );
        }
        let list = CqlType::List(boxed(ty.clone()));
        same(&list, "[1.0, 2.0]", "[1, 2]");
        same(&list, "[\"1.0\", 2e0]", "[1, 2]");
        same(&CqlType::Map(boxed(ty.clone()), boxed(ty.clone())), "{1.0: 2.0}", "{1: 2}");
    }
    refused(&CqlType::Tinyint, "128.0", "from -128 to 127");
    same(&CqlType::Tinyint, "-1.28e2", "-128");
    same(&CqlType::Varint, "1e30", "1000000000000000000000000000000");
    refused(&CqlType::Varint, "1e200000", "expected a whole number");
}

#[test]
fn words_of_other_programs() {
    for ty in [CqlType::Double, CqlType::Float] {
        for field in ["inf", "Inf", "+inf", "Infinity", "INFINITY"] {
            same(&ty, field, "Infinity");
        }
        same(&ty, "-inf", "-Infinity");
        same(&ty, "nan", "NaN");
        for field in ["in", "infin", "1#INF", "na", "0x1p3", "1_0", "1.5f"] {
            assert!(from_text(&ty, field).is_err(), "{field}");
        }
    }
    refused(&CqlType::Float, "1e39", "too large");
    same(&CqlType::Float, "0.1", "0.1");
    for field in ["true", "True", "t", "T", "Y", "yes", "1", "1.0"] {
        same(&CqlType::Boolean, field, "true");
    }
    for field in ["FALSE", "f", "N", "no", "0"] {
        same(&CqlType::Boolean, field, "false");
    }
    for field in ["2", "ja", "on", "-1", "tr", ""] {
        assert!(from_text(&CqlType::Boolean, field).is_err(), "{field}");
    }
    let turned = Forms { booleans: Some(("0".to_owned(), "1".to_owned())), ..Forms::default() };
    assert_eq!(
        turned.text(&CqlType::Boolean, "0", &mut Notes::default()),
        Ok(vec![1]),
        "the file's own words first"
    );
    same(&CqlType::List(boxed(CqlType::Boolean)), "[t, 0]", "[true, false]");
}

#[test]
fn blobs_are_hexadecimal_or_base64_and_never_both() {
    same(&CqlType::Blob, "0xCAFE", "0xcafe");
    same(&CqlType::Blob, "\\xcafe", "0xcafe");
    same(&CqlType::Blob, "0x", "0x");
    same(&CqlType::Blob, "yv66vg==", "0xcafebabe");
    same(&CqlType::Blob, "AQI=", "0x0102");
    same(&CqlType::Blob, "+/A=", "0xfbf0");
    for field in ["cafe", "CAFEBABE", "1234", "00000000", "ab"] {
        refused(&CqlType::Blob, field, "--blobs");
    }
    for field in ["0xabc", "0xzz", "AQI", "AQJ=", "A===", "hello", "a b=", "", "=", "AQI=AQI="] {
        assert!(from_text(&CqlType::Blob, field).is_err(), "{field}");
    }
    let read =
        |blobs, field| Forms { blobs, ..Forms::default() }.text(&CqlType::Blob, field, &mut Notes::default());
    assert_eq!(read(BlobForm::Hex, "cafe"), Ok(vec![0xca, 0xfe]));
    assert_eq!(read(BlobForm::Base64, "cafe"), Ok(vec![0x71, 0xa7, 0xde]));
    assert!(read(BlobForm::Hex, "yv66vg==").is_err());
    assert!(from_literal(&CqlType::Blob, "'yv66vg=='").is_err(), "CQL has no base64");
}

#[test]
fn what_is_nested_may_be_json() {
    let list = CqlType::List(boxed(CqlType::Text));
    same(&list, "[\"a\",\"b\"]", "['a', 'b']");
    same(&list, "[\"it's\", \"\\\"q\\\"\"]", "['it''s', '\"q\"']");
    same(&CqlType::Set(boxed(CqlType::Text)), "[\"a\"]", "{'a'}");
    let map = CqlType::Map(boxed(CqlType::Text), boxed(CqlType::Int));
    same(&map, "{\"a\": 1, \"b\": 2.0}", "{'a': 1, 'b': 2}");
    same(&CqlType::Map(boxed(CqlType::Int), boxed(CqlType::Text)), "{\"1\": \"x\"}", "{1: 'x'}");
    same(&CqlType::Tuple(vec![CqlType::Int, CqlType::Text]), "[1, \"x\"]", "(1, 'x')");
    let point = CqlType::Udt(boxed_udt(&[("x", CqlType::Int), ("Y", CqlType::Text)]));
    same(&point, "{\"x\": 1, \"Y\": \"b\"}", "{x: 1, \"Y\": 'b'}");
    same(&point, "{x: 1, \"Y\": 'b'}", "{x: 1, \"Y\": 'b'}");
    same(&CqlType::List(boxed(CqlType::Timestamp)), "[\"2021-05-15T03:11:17Z\"]", "['2021-05-15 03:11:17']");
    for (ty, field) in [
        (&list, "[\"a\""),
        (&list, "[\"a\",]"),
        (&list, "{\"a\": 1}"),
        (&list, "[\"a\", null]"),
        (&map, "{\"a\": 1, \"a\": 2}"),
        (&point, "{\"z\": 1}"),
    ] {
        assert!(from_text(ty, field).is_err(), "{field}");
    }
    assert!(from_literal(&list, "[\"a\"]").is_err(), "CQL has no such list");
}

fn boxed_udt(fields: &[(&str, CqlType)]) -> Box<UdtType> {
    let fields = fields.iter().map(|(name, ty)| ((*name).to_owned(), ty.clone())).collect();
    Box::new(UdtType { keyspace: "k".to_owned(), name: "point".to_owned(), fields })
}

#[test]
fn what_is_finer_than_milliseconds_is_cut_and_counted_at_every_depth() {
    let mut notes = Notes::default();
    let forms = Forms::default();
    let cut = forms.text(&CqlType::Timestamp, "2021-05-15 03:11:17.123456", &mut notes).unwrap();
    assert_eq!(Ok(Some(cut)), from_literal(&CqlType::Timestamp, "'2021-05-15 03:11:17.123'"));
    let list = CqlType::List(boxed(CqlType::Timestamp));
    forms.text(&list, "['2021-05-15 03:11:17.0001', '2021-05-15']", &mut notes).unwrap();
    forms.text(&list, "[\"2021-05-15 03:11:17.0001\"]", &mut notes).unwrap();
    forms
        .given(&CqlType::Timestamp, &Given::Text("2021-05-15T03:11:17.999999999Z".into()), &mut notes)
        .unwrap();
    assert_eq!(notes, Notes { finer: 4, ..Notes::default() });
}

#[test]
fn an_address_of_version_four_is_one_however_it_is_written() {
    same(&CqlType::Inet, "::ffff:10.0.0.1", "'10.0.0.1'");
    same(&CqlType::Inet, "::FFFF:a00:1", "'10.0.0.1'");
    same(&CqlType::Set(boxed(CqlType::Inet)), "{'::ffff:10.0.0.1'}", "{'10.0.0.1'}");
    assert_eq!(text(&CqlType::Inet, "::10.0.0.1").unwrap().len(), 16);
    assert_eq!(text(&CqlType::Inet, "10.0.0.1").unwrap().len(), 4);
}

proptest! {
    #[test]
    fn base64_is_what_it_says(bytes in prop::collection::vec(any::<u8>(), 1..40)) {
        const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut written = String::new();
        for group in bytes.chunks(3) {
            let bits = group.iter().enumerate().fold(0_u32, |bits, (at, byte)| bits | u32::from(*byte) << (16 - 8 * at));
            for at in 0..4 {
                let letter = LETTERS[(bits >> (18 - 6 * at) & 63) as usize];
                written.push(if at <= group.len() { char::from(letter) } else { '=' });
            }
        }
        let forms = Forms { blobs: BlobForm::Base64, ..Forms::default() };
        prop_assume!(!written.starts_with("0x") && !written.starts_with("0X"));
        prop_assert_eq!(forms.text(&CqlType::Blob, &written, &mut Notes::default()), Ok(bytes));
    }

    #[test]
    fn any_form_reads_any_text(pattern in "[%a-zA-Z.: -]{0,8}", field: String) {
        let form = TimeForm::named(&pattern);
        let forms = Forms { dates: form.clone(), timestamps: form, ..Forms::default() };
        for ty in [CqlType::Date, CqlType::Timestamp, CqlType::Blob, CqlType::Boolean] {
            let _ = forms.text(&ty, &field, &mut Notes::default());
        }
    }
}

#[test]
fn a_value_of_no_bytes_comes_back_at_every_depth() {
    let int = || boxed(CqlType::Int);
    let types = [
        CqlType::List(int()),
        CqlType::Set(int()),
        CqlType::Map(int(), boxed(CqlType::Text)),
        CqlType::Tuple(vec![CqlType::Int, CqlType::Text]),
        CqlType::List(boxed(CqlType::Frozen(boxed(CqlType::Map(int(), int()))))),
    ];
    let fields =
        ["[<empty>, 1]", "{<empty>}", "{<empty>: 'a', 2: 'b'}", "(<empty>, '')", "[{<empty>: <empty>}]"];
    for (ty, field) in types.iter().zip(fields) {
        same(ty, field, field);
        let bytes = from_text(ty, field).unwrap();
        let shown = super::literal(Some(&bytes), ty, &jiff::tz::TimeZone::UTC);
        assert_eq!(shown.text, field);
    }
}
