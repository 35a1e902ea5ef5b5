//! Files hold what the rows hold: read back here, and by other programs in `tests/formats`.

use std::io::Read;
use std::sync::Arc;

use cqlbook_core::column::{Column, CqlType, KeyRole};
use cqlbook_core::page::Page;
use cqlbook_core::page::testing::VecPage;
use cqlbook_core::value::{self, Kind, Styles};
use insta::assert_snapshot;
use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::*;
use crate::columns::tests::{every_type, page_of_every_type, rows};

/// A page as a file of these options.
fn file(page: &VecPage, options: &Options) -> (Vec<u8>, Written) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let part = PartFile::create(&path, false).unwrap();
    let mut writer = RowWriter::new(part.writer().unwrap(), page.columns(), options).unwrap();
    writer.write(page).unwrap();
    let written = writer.finish().unwrap();
    part.publish().unwrap();
    (std::fs::read(&path).unwrap(), written)
}

fn text(page: &VecPage, format: Format) -> String {
    String::from_utf8(file(page, &Options::new(format)).0).unwrap()
}

fn small() -> VecPage {
    VecPage::of(
        &[
            ("id", CqlType::Int),
            ("it's", CqlType::Text),
            ("m", CqlType::Map(Box::new(CqlType::Int), Box::new(CqlType::Decimal))),
        ],
        &[
            &["1", "'a,\"b\"'", "{1: 1.50}"],
            &["2", "''", "null"],
            &["3", "null", "{}"],
            &["4", "'two\nlines | *x*'", "null"],
        ],
    )
}

#[test]
fn csv_tells_null_from_empty() {
    assert_snapshot!(text(&small(), Format::Csv), @r#"
    id,it's,m
    1,"a,""b""",{1: 1.50}
    2,"",
    3,,{}
    4,"two
    lines | *x*",
    "#);
}

#[test]
fn csv_in_cqlsh_s_dialect() {
    let dialect = Dialect {
        header: false,
        escape: '\\',
        null: "NULL".to_owned(),
        styles: Some(Styles {
            null: "NULL".to_owned(),
            booleans: ("yes".to_owned(), "no".to_owned()),
            decimal_separator: ',',
            thousands_separator: Some('.'),
            datetime_format: Some("%Y/%m/%d %H:%M".to_owned()),
            ..Styles::default()
        }),
        ..Dialect::default()
    };
    let page = VecPage::of(
        &[("t", CqlType::Text), ("b", CqlType::Boolean), ("n", CqlType::Double), ("s", CqlType::Timestamp)],
        &[
            &["'a\"b\\c'", "true", "-1234567.5", "'2013-01-01 05:15:00Z'"],
            &["'NULL'", "null", "1e300", "null"],
        ],
    );
    let options = Options { dialect, ..Options::new(Format::Csv) };
    assert_snapshot!(String::from_utf8(file(&page, &options).0).unwrap(), @r#"
    "a\"b\\c",yes,"-1.234.567,5",2013/01/01 05:15
    "NULL",NULL,1e300,NULL
    "#);
}

#[test]
fn a_row_of_one_null_is_still_a_row() {
    let page = VecPage::of(&[("t", CqlType::Text)], &[&["null"], &["'a'"]]);
    assert_eq!(text(&page, Format::Csv), "t\n\"\"\na\n");
}

#[test]
fn json_as_an_array_and_as_lines() {
    assert_snapshot!(text(&small(), Format::Json), @r#"
    [
    {"id":1,"it's":"a,\"b\"","m":{"1":"1.50"}},
    {"id":2,"it's":"","m":null},
    {"id":3,"it's":null,"m":{}},
    {"id":4,"it's":"two\nlines | *x*","m":null}
    ]
    "#);
    let none = VecPage::of(&[("id", CqlType::Int)], &[]);
    assert_eq!(text(&none, Format::Json), "[]\n");
    assert_eq!(text(&none, Format::JsonLines), "");
    let numbers = VecPage::of(
        &[("v", CqlType::Varint), ("d", CqlType::Double), ("f", CqlType::Float), ("t", CqlType::Timestamp)],
        &[
            &["123456789012345678901234567890", "1", "0.1", "'2013-01-01 05:15:00.123Z'"],
            &["-1", "NaN", "-Infinity", "253402300800000"],
            &["0", "1e300", "-0.0", "null"],
        ],
    );
    assert_snapshot!(text(&numbers, Format::JsonLines), @r#"
    {"v":123456789012345678901234567890,"d":1.0,"f":0.1,"t":"2013-01-01T05:15:00.123Z"}
    {"v":-1,"d":"NaN","f":"-Infinity","t":253402300800000}
    {"v":0,"d":1e300,"f":-0.0,"t":null}
    "#);
}

#[test]
fn every_json_line_is_json_with_its_values() {
    for line in text(&page_of_every_type(), Format::JsonLines).lines() {
        let object: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(object.as_object().unwrap().len(), every_type().len());
    }
}

#[test]
fn tables_for_reading() {
    assert_snapshot!(text(&small(), Format::Markdown), @r"
    | id | it&#39;s | m |
    | ---: | :--- | :--- |
    | 1 | a,&quot;b&quot; | {1: 1.50} |
    | 2 | '' | *null* |
    | 3 | *null* | {} |
    | 4 | two<br>lines \| \*x\* | *null* |
    ");
    let html = text(&small(), Format::Html);
    assert!(html.contains("<td style=\"text-align:right\">1</td><td>a,&quot;b&quot;</td>"), "{html}");
    assert!(html.contains("<td><em>null</em></td>") && html.ends_with("</html>\n"), "{html}");
}

fn into_t(page: &VecPage, key: &str) -> Options {
    let column = |column: &Column| Column {
        role: (column.name == key).then_some(KeyRole::Partition),
        ..column.clone()
    };
    Options {
        table: Some(("ks".to_owned(), "T".to_owned())),
        table_columns: page.columns().iter().map(column).collect(),
        ..Options::new(Format::Cql)
    }
}

#[test]
fn rows_as_statements() {
    let page = small();
    assert_snapshot!(String::from_utf8(file(&page, &into_t(&page, "id")).0).unwrap(), @r#"
    INSERT INTO ks."T" (id, "it's", m) VALUES (1, 'a,"b"', {1: 1.50});
    INSERT INTO ks."T" (id, "it's") VALUES (2, '');
    INSERT INTO ks."T" (id, m) VALUES (3, {});
    INSERT INTO ks."T" (id, "it's") VALUES (4, 'two
    lines | *x*');
    "#);
    let counted = VecPage::of(&[("k", CqlType::Text), ("c", CqlType::Counter)], &[&["'it''s'", "-7"]]);
    assert_snapshot!(String::from_utf8(file(&counted, &into_t(&counted, "k")).0).unwrap(), @r#"UPDATE ks."T" SET c = c + -7 WHERE k = 'it''s';"#);
}

#[test]
fn statements_need_the_table_s_own_columns() {
    let page = small();
    let refused = |options: &Options| {
        let file = tempfile::tempfile().unwrap();
        RowWriter::new(file, page.columns(), options).map(drop).unwrap_err().to_string()
    };
    let mut options = into_t(&page, "id");
    options.table_columns.remove(1);
    assert_snapshot!(refused(&options), @r#"ks."T" has no column `it's`. Select the table's own columns, under their own names."#);
    let mut options = into_t(&page, "id");
    options.table_columns.push(Column {
        name: "c".to_owned(),
        cql_type: CqlType::Int,
        role: Some(KeyRole::Clustering),
    });
    assert_snapshot!(refused(&options), @r#"A part of the key of ks."T" was not selected: `c`."#);
    assert_snapshot!(refused(&Options::new(Format::Cql)), @"It is not known which table the statements are to write to. Name it: `--table keyspace.table`.");
}

#[test]
fn every_literal_is_read_back_as_its_value() {
    // A counter is written by an UPDATE.
    for (name, ty, literals) in every_type().into_iter().filter(|(_, ty, _)| *ty != CqlType::Counter) {
        for literal in literals {
            let cell = value::from_literal(&ty, literal).unwrap();
            let page = VecPage::of(&[("v", ty.clone())], &[&[literal]]);
            let line = String::from_utf8(file(&page, &into_t(&page, "v")).0).unwrap();
            let text = line.split_once("VALUES (").unwrap().1.trim_end().trim_end_matches(");");
            if text.starts_with("blobAs") {
                // A literal is what CQL has not for it; then the bytes themselves stand there.
                let hex: String = cell.iter().flatten().map(|byte| format!("{byte:02x}")).collect();
                assert!(text.ends_with(&format!("(0x{hex})")), "{name}: {text}");
                continue;
            }
            assert_eq!(value::from_literal(&ty, text).unwrap(), cell, "{name}: {text}");
        }
    }
}

#[test]
fn text_is_compressed() {
    let plain = text(&small(), Format::Csv).into_bytes();
    let mut read = Vec::new();
    let gz = file(&small(), &Options { compression: Compression::Gz, ..Options::new(Format::Csv) }).0;
    flate2::read::GzDecoder::new(&gz[..]).read_to_end(&mut read).unwrap();
    assert_eq!(read, plain);
    let zst = file(&small(), &Options { compression: Compression::Zst, ..Options::new(Format::Csv) }).0;
    assert_eq!(zstd::decode_all(&zst[..]).unwrap(), plain);
}

#[test]
fn values_of_no_bytes_are_told_where_a_format_has_no_form_for_them() {
    let columns = vec![Column { name: "i".to_owned(), cql_type: CqlType::Int, role: None }];
    let page = VecPage::new(columns, vec![vec![Some(Vec::new())]]);
    let (_, written) = file(&page, &Options::new(Format::Parquet));
    assert_snapshot!(written.notes.join("\n"), @"1 value became null: values of no bytes, which this format has no form for. CSV, JSON and CQL keep them.");
    assert_eq!(text(&page, Format::Csv), "i\n<empty>\n");
    assert_eq!(text(&page, Format::JsonLines), "{\"i\":\"<empty>\"}\n");
    assert_snapshot!(String::from_utf8(file(&page, &into_t(&page, "i")).0).unwrap(), @r#"INSERT INTO ks."T" (i) VALUES (blobAsInt(0x));"#);
}

#[test]
fn addresses_that_text_does_not_bring_back_are_kept_or_told() {
    let mapped = [&[0; 10][..], &[0xff, 0xff, 10, 0, 0, 1]].concat();
    let plain = vec![10, 0, 0, 1];
    let list = [&[0, 0, 0, 2][..], &[0, 0, 0, 4], &plain, &[0, 0, 0, 16], &mapped].concat();
    let column = |name: &str, cql_type| Column { name: name.to_owned(), cql_type, role: None };
    let lists = CqlType::Frozen(Box::new(CqlType::List(Box::new(CqlType::Inet))));
    let columns = vec![column("i", CqlType::Inet), column("l", lists), column("b", CqlType::Blob)];
    let page = VecPage::new(columns, vec![vec![Some(mapped.clone()), Some(list), Some(mapped)]]);
    assert_snapshot!(String::from_utf8(file(&page, &into_t(&page, "i")).0).unwrap(), @r#"INSERT INTO ks."T" (i, l, b) VALUES (blobAsInet(0x00000000000000000000ffff0a000001), ['10.0.0.1', blobAsInet(0x00000000000000000000ffff0a000001)], 0x00000000000000000000ffff0a000001);"#);
    for format in [Format::Csv, Format::Json, Format::JsonLines, Format::Parquet, Format::Arrow] {
        let (_, written) = file(&page, &Options::new(format));
        assert_eq!(
            written.notes,
            [
                "2 values of inet will come back as 4 bytes: as text, an IPv4 address in 16 bytes (::ffff:10.0.0.1) is the plain one to Cassandra and to %import. CQL keeps them."
            ],
            "{format:?}"
        );
    }
    let columns = vec![column("i", CqlType::Inet)];
    let others = [plain, [&[0; 12][..], &[10, 0, 0, 1]].concat(), vec![0; 16], vec![0xff; 16], Vec::new()];
    let others = VecPage::new(columns, others.into_iter().map(|bytes| vec![Some(bytes)]).collect());
    let (_, written) = file(&others, &Options::new(Format::Csv));
    assert!(written.notes.is_empty(), "{:?}", written.notes);
}

/// A list of an empty `int` and 1, and a map whose first key is empty.
fn empties() -> VecPage {
    let list = CqlType::List(Box::new(CqlType::Int));
    let map = CqlType::Map(Box::new(CqlType::Int), Box::new(CqlType::Text));
    let column = |name: &str, cql_type| Column { name: name.to_owned(), cql_type, role: None };
    let items = [&[0, 0, 0, 2][..], &[0; 4], &[0, 0, 0, 4], &[0, 0, 0, 1]].concat();
    let pairs =
        [&[0, 0, 0, 2][..], &[0; 4], &[0, 0, 0, 1], b"a", &[0, 0, 0, 4], &[0, 0, 0, 7], &[0, 0, 0, 1], b"b"]
            .concat();
    VecPage::new(vec![column("l", list), column("m", map)], vec![vec![Some(items), Some(pairs)]])
}

#[test]
fn values_of_no_bytes_in_collections_are_kept_or_told() {
    let page = empties();
    assert_snapshot!(text(&page, Format::Csv), @r#"
    l,m
    "[<empty>, 1]","{<empty>: 'a', 7: 'b'}"
    "#);
    assert_snapshot!(text(&page, Format::JsonLines), @r#"{"l":["<empty>",1],"m":{"<empty>":"a","7":"b"}}"#);
    assert_snapshot!(String::from_utf8(file(&page, &into_t(&page, "l")).0).unwrap(), @r#"INSERT INTO ks."T" (l, m) VALUES ([blobAsInt(0x), 1], {blobAsInt(0x): 'a', 7: 'b'});"#);
    for format in [Format::Parquet, Format::Arrow] {
        let (_, written) = file(&page, &Options::new(format));
        assert_eq!(
            written.notes,
            [
                "1 value became null: values of no bytes, which this format has no form for. CSV, JSON and CQL keep them.",
                "1 entry of a map was left out: a key of no bytes would be null, and this format has no null keys. CSV, JSON and CQL keep them."
            ]
        );
    }
    // Our own import reads what our own export wrote.
    let mut cells = Vec::new();
    page.visit(0, &mut |row| {
        cells.extend(row.iter().map(|cell| cell.unwrap_or_default().to_vec()));
        std::ops::ControlFlow::Continue(())
    })
    .unwrap();
    for ((column, cell), written) in
        page.columns().iter().zip(cells).zip(["[<empty>, 1]", "{<empty>: 'a', 7: 'b'}"])
    {
        assert_eq!(value::from_text(&column.cql_type, written).unwrap(), cell);
    }
}

#[test]
fn what_cql_has_no_literal_for_is_made_of_its_bytes() {
    let written =
        |ty: CqlType, bytes: &[u8]| value::statement_literal(bytes, &ty).unwrap_or_else(|| "none".to_owned());
    assert_eq!(written(CqlType::Decimal, &[0xff, 0xff, 0xfe, 0x70, 1]), "blobAsDecimal(0xfffffe7001)");
    assert_eq!(written(CqlType::Decimal, &[0, 0, 0, 1, 15]), "1.5");
    assert_eq!(written(CqlType::Date, &[0xff; 4]), "blobAsDate(0xffffffff)");
    assert_eq!(
        written(CqlType::List(Box::new(CqlType::Date)), &[0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 0]),
        "[blobAsDate(0x00000000)]"
    );
    assert_eq!(written(CqlType::Timestamp, &i64::MIN.to_be_bytes()), "-9223372036854775808");
    assert_eq!(written(CqlType::Int, &[1]), "none");
    assert_eq!(written(CqlType::List(Box::new(CqlType::Int)), &[0, 0, 0, 1, 0, 0, 0, 1, 9]), "none");
    assert_eq!(written(CqlType::List(Box::new(CqlType::Int)), b""), "none");
}

#[test]
fn an_alias_is_not_written_into_the_column_of_its_name() {
    let page = small();
    let mut options = into_t(&page, "id");
    options.derived = vec![("id".to_owned(), "v".to_owned())];
    let file = tempfile::tempfile().unwrap();
    let refused = RowWriter::new(file, page.columns(), &options).map(drop).unwrap_err().to_string();
    assert_snapshot!(refused, @r#"`id` is `v` here, and not the column of ks."T". Select the table's own columns under their own names, or name the table whose columns they are: `--table keyspace.table`."#);
}

#[test]
fn names_that_come_twice_are_told_apart_in_every_format_of_data() {
    let page = VecPage::of(&[("k", CqlType::Int), ("k", CqlType::Int)], &[&["1", "2"]]);
    assert_eq!(text(&page, Format::JsonLines), "{\"k\":1,\"k_2\":2}\n");
    assert_eq!(text(&page, Format::Csv), "k,k_2\n1,2\n");
    for format in [Format::Parquet, Format::Arrow, Format::Xlsx, Format::Json] {
        let (_, written) = file(&page, &Options::new(format));
        assert_eq!(
            written.notes,
            ["The result has the column `k` more than once; one of them is `k_2` in the file."]
        );
    }
    let file = tempfile::tempfile().unwrap();
    let refused =
        RowWriter::new(file, page.columns(), &into_t(&page, "k")).map(drop).unwrap_err().to_string();
    assert_snapshot!(refused, @"The column `k` is selected twice, and a statement writes it once.");
}

#[test]
fn a_file_tells_its_format() {
    assert_eq!(of_name("a.b/x.CSV.gz"), (Some(Format::Csv), Compression::Gz));
    assert_eq!(of_name("x.jsonl.zst"), (Some(Format::JsonLines), Compression::Zst));
    assert_eq!(of_name("x.parquet"), (Some(Format::Parquet), Compression::None));
    assert_eq!(of_name("x"), (None, Compression::None));
    assert_eq!(of_name("x.gz"), (None, Compression::Gz));
}

#[test]
fn a_long_text_is_cut_for_excel_and_told() {
    let long = format!("'{}'", "x".repeat(40_000));
    let page = VecPage::of(&[("t", CqlType::Text)], &[&[long.as_str()], &["'short'"]]);
    let (bytes, written) = file(&page, &Options::new(Format::Xlsx));
    assert!(bytes.starts_with(b"PK"));
    assert_snapshot!(written.notes.join("\n"), @"1 value was cut to 32767 characters, the most an Excel cell holds. CSV and Parquet keep them whole.");
}

/// What core says of a cell, in the form of files.
fn of_core(cell: &[u8], ty: &CqlType) -> (Kind, String) {
    let text = value::literal(Some(cell), ty, &TimeZone::UTC);
    let shown = match text.kind {
        Kind::Plain if *ty == CqlType::Timestamp => {
            let bare = text.text.trim_end_matches(" ms");
            // Never a text that would not be read back.
            if value::from_text(ty, bare).is_ok() { bare.to_owned() } else { text.text }
        }
        _ => text.text,
    };
    (text.kind, shown)
}

proptest! {
    #[test]
    fn text_is_core_s_text(bytes in prop::collection::vec(any::<u8>(), 0..20), number: i64, small in -70_000_000_000_000_i64..260_000_000_000_000, double: f64, usual in -1e17_f64..1e17, float: f32) {
        use CqlType as T;
        let cells = [
            bytes.clone(),
            number.to_be_bytes().to_vec(),
            small.to_be_bytes().to_vec(),
            small.rem_euclid(86_400_000_000_000).to_be_bytes().to_vec(),
            double.to_be_bytes().to_vec(),
            usual.to_be_bytes().to_vec(),
            float.to_be_bytes().to_vec(),
            ((usual / 1e10) as f32).to_be_bytes().to_vec(),
            ((small / 86_400_000 + (1 << 31)) as u32).to_be_bytes().to_vec(),
            format!("{small}").into_bytes(),
            [number.to_be_bytes(), small.to_be_bytes()].concat(),
            vec![number as u8],
        ];
        for cell in cells {
            for ty in [T::Ascii, T::Text, T::Bigint, T::Int, T::Smallint, T::Tinyint, T::Boolean, T::Blob, T::Date, T::Time, T::Timestamp, T::Double, T::Float, T::Uuid, T::Timeuuid, T::Inet, T::Varint, T::Decimal, T::Duration] {
                let mut out = Vec::new();
                let kind = text::append(&cell, &ty, &mut out);
                let (text, (of_core, core)) = (String::from_utf8(out).unwrap(), of_core(&cell, &ty));
                prop_assert_eq!(kind, of_core);
                // Of two shortest texts that are as near, either will do.
                if text != core && matches!(ty, T::Double | T::Float) && kind == Kind::Number {
                    prop_assert_eq!(text.len(), core.len(), "{} {}", text, core);
                    prop_assert_eq!(value::from_text(&ty, &text).unwrap(), cell.clone(), "{}", text);
                } else {
                    prop_assert_eq!(text, core, "{} {:?}", ty, cell);
                }
            }
        }
    }

    #[test]
    fn csv_is_read_back_by_others(texts in prop::collection::vec(prop::option::of("[a-z\",;\\\\\n\r 'é🦀]{0,8}"), 1..6), numbers in prop::collection::vec(any::<i32>(), 6)) {
        let columns: Vec<_> = [("t", CqlType::Text), ("n", CqlType::Int)].into_iter().map(|(name, cql_type)| Column { name: name.to_owned(), cql_type, role: None }).collect();
        let cells = texts.iter().zip(&numbers).map(|(text, number)| vec![text.as_ref().map(|text| text.clone().into_bytes()), Some(number.to_be_bytes().to_vec())]);
        let page = VecPage::new(columns, cells.collect());
        let written = file(&page, &Options::new(Format::Csv)).0;
        let mut reader = ::csv::Reader::from_reader(&written[..]);
        let read: Vec<(String, i32)> = reader.deserialize().map(Result::unwrap).collect();
        let expected: Vec<_> = texts.iter().zip(&numbers).map(|(text, number)| (text.clone().unwrap_or_default(), *number)).collect();
        prop_assert_eq!(read, expected);
    }
}

#[test]
fn parquet_and_arrow_are_read_back() {
    let page = page_of_every_type();
    let (bytes, written) = file(&page, &Options::new(Format::Parquet));
    assert_eq!((written.rows, written.notes.len()), (page.rows() as u64, 0));
    let reader =
        parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(bytes))
            .unwrap()
            .build()
            .unwrap();
    let batches: Vec<_> = reader.map(Result::unwrap).collect();
    let back = crate::columns::BatchPage::new(batches[0].clone()).unwrap();
    assert_eq!(rows(&back), rows(&page));
    let (bytes, _) = file(&page, &Options::new(Format::Arrow));
    let reader = arrow_ipc::reader::FileReader::try_new(std::io::Cursor::new(bytes), None).unwrap();
    let batches: Vec<_> = reader.map(Result::unwrap).collect();
    let back = crate::columns::BatchPage::new(batches[0].clone()).unwrap();
    assert_eq!(rows(&back), rows(&page));
    let _: Arc<dyn Page> = Arc::new(back);
}
