//! How a value is read: the same by a literal, by a bind value and from every file; what could be meant in two ways is rejected
//! with the option that says which.

use std::io::Write;

use cqlbook_sandbox::Astra;

use crate::notebook::{Notebook, database, failure};

async fn notebook_with(table: &str) -> (Astra, Notebook, std::path::PathBuf) {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    notebook.ok(table).await;
    let folder = notebook.folder.path().to_owned();
    (astra, notebook, folder)
}

async fn told(notebook: &mut Notebook, line: &str) -> String {
    notebook.ok(line).await.plain().join("\n")
}

/// Texts that Cassandra's literals take, by type; the first of each is as a file has it, without the literal's quotes.
const LITERALS: &[(&str, &str, &str)] = &[
    ("inet", "::ffff:10.0.0.1", "'::ffff:10.0.0.1'"),
    ("inet", "::FFFF:a00:1", "'::FFFF:a00:1'"),
    ("inet", "10.0.0.1", "'10.0.0.1'"),
    ("inet", "2001:DB8::1", "'2001:DB8::1'"),
    ("timestamp", "2021-05-15 03:11:17 CET", "'2021-05-15 03:11:17 CET'"),
    ("timestamp", "2021-01-15 03:11:17 CET", "'2021-01-15 03:11:17 CET'"),
    ("timestamp", "2021-01-15 03:11:17 UTC", "'2021-01-15 03:11:17 UTC'"),
    ("timestamp", "2021-01-15 03:11:17 GMT", "'2021-01-15 03:11:17 GMT'"),
    ("timestamp", "2021-01-15T03:11:17.123456Z", "'2021-01-15T03:11:17.123456Z'"),
    ("timestamp", "1960-01-15 03:11:17.123456+0000", "'1960-01-15 03:11:17.123456+0000'"),
    ("timestamp", "2021-01-15 03:11+01", "'2021-01-15 03:11+01'"),
    ("timestamp", "2021-01-15", "'2021-01-15'"),
    ("timestamp", "1621048277000", "1621048277000"),
    ("date", "2021-05-15", "'2021-05-15'"),
    ("time", "05:15:00", "'05:15:00'"),
    ("time", "05:15:00.123456789", "'05:15:00.123456789'"),
    ("duration", "1y2mo3d4h5m6s7ms8us9ns", "1y2mo3d4h5m6s7ms8us9ns"),
    ("duration", "P1Y2M3DT4H5M6S", "P1Y2M3DT4H5M6S"),
    ("duration", "-2W", "-2w"),
    ("uuid", "123E4567-E89B-42D3-A456-426614174000", "123E4567-E89B-42D3-A456-426614174000"),
    ("blob", "0xCAFE", "0xCAFE"),
    ("blob", "0x", "0x"),
    ("decimal", "1E-14", "1E-14"),
    ("decimal", "-1.50e+3", "-1.50e+3"),
    ("double", "1e-7", "1e-7"),
    ("double", "NaN", "NaN"),
    ("double", "-Infinity", "-Infinity"),
    ("float", "0.1", "0.1"),
    ("float", "16777217", "16777217"),
    ("boolean", "TRUE", "TRUE"),
    ("bigint", "-9223372036854775808", "-9223372036854775808"),
    ("varint", "123456789012345678901234567890", "123456789012345678901234567890"),
];

#[tokio::test]
async fn a_literal_a_bind_value_and_a_file_are_one_value() {
    let (_astra, mut notebook, folder) = notebook_with("CREATE TABLE one (k int PRIMARY KEY, x int)").await;
    let mut wrong = Vec::new();
    for (number, (ty, field, literal)) in LITERALS.iter().enumerate() {
        notebook.ok(&format!("CREATE TABLE v{number} (k text PRIMARY KEY, v {ty})")).await;
        notebook.ok(&format!("INSERT INTO v{number} (k, v) VALUES ('literal', {literal})")).await;
        notebook.ok(&format!("%param v = {literal}")).await;
        notebook.ok(&format!("INSERT INTO v{number} (k, v) VALUES ('bind', :v)")).await;
        std::fs::write(folder.join("v.csv"), format!("k,v\ncsv,{field}\n")).unwrap();
        std::fs::write(folder.join("v.jsonl"), format!("{{\"k\": \"json\", \"v\": \"{field}\"}}\n")).unwrap();
        notebook.ok(&format!("%import v.csv INTO v{number}")).await;
        notebook.ok(&format!("%import v.jsonl INTO v{number}")).await;
        let bytes = if *ty == "blob" { "v".to_owned() } else { format!("{ty}AsBlob(v)") };
        let cell = notebook.ok(&format!("SELECT k, {bytes} AS b FROM v{number}")).await;
        let grid = cell.plain()[0].to_owned();
        let bytes: Vec<&str> =
            grid.lines().filter_map(|line| line.split_once('|')).map(|pair| pair.1.trim()).skip(1).collect();
        if bytes.len() != 4 || bytes.iter().any(|one| *one != bytes[0]) {
            wrong.push(format!("{ty} {literal}:\n{grid}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn a_line_that_could_be_read_in_two_ways_is_rejected_with_the_way() {
    let (_astra, mut notebook, folder) = notebook_with("CREATE TABLE q (k int PRIMARY KEY, v text)").await;
    std::fs::write(
        folder.join("q.csv"),
        "k,v\r\n1,\"te\\\"xt\"\r\n2,\"a\"x\r\n3, \"b\"\r\n4,5\" disk\r\n5,\"two\r\nlines\"\r\n",
    )
    .unwrap();
    let summary = told(&mut notebook, "%import q.csv INTO q").await;
    assert!(summary.contains("Loaded 1 rows") && summary.contains("4 rejected"), "{summary}");
    assert!(summary.contains("--escape"), "the way is named: {summary}");
    std::fs::write(
        folder.join("q.csv"),
        "k,v\n1,\"te\\\"xt\"\n4,5\" disk\n5,\"two\r\nlines\"\n6,\"C:\\\\dir\\n\"\n",
    )
    .unwrap();
    let summary = told(&mut notebook, r"%import q.csv INTO q --escape '\'").await;
    assert!(summary.contains("Loaded 4 rows") && summary.contains("none rejected"), "{summary}");
    let rows = told(&mut notebook, "SELECT k, v FROM q").await;
    for value in ["te\"xt", "5\" disk", "two\\r\\nlines", r"C:\dir\n"] {
        assert!(rows.contains(value), "{value}: {rows}");
    }
    std::fs::write(folder.join("u.csv"), "k,v\n7,a\n8,\"open\n9,b\n10,c\n").unwrap();
    let summary = told(&mut notebook, "%import u.csv INTO q").await;
    assert!(summary.contains("1 rejected") && summary.contains("2 lines behind it"), "{summary}");
}

#[tokio::test]
async fn digits_are_no_dates_and_words_of_other_programs_are_known() {
    let (_astra, mut notebook, folder) = notebook_with(
        "CREATE TABLE w (k int PRIMARY KEY, d date, ts timestamp, f float, ok boolean, b blob, l list<text>, n bigint, s set<int>)",
    )
    .await;
    std::fs::write(
        folder.join("d.csv"),
        "k,d,ts\n1,20210515,\n2,,20210515\n3,,20210515031117\n4,,1621048277\n5,,1621048277000\n",
    )
    .unwrap();
    let summary = told(&mut notebook, "%import d.csv INTO w").await;
    assert!(summary.contains("Loaded 1 rows") && summary.contains("4 rejected"), "{summary}");
    assert!(summary.contains("--date-format"), "{summary}");
    std::fs::write(folder.join("d.csv"), "k,d,ts\n1,20210515,01.03.2024\n2,2021-05-16,2024-03-02\n").unwrap();
    let summary =
        told(&mut notebook, "%import d.csv INTO w --date-format %Y%m%d --timestamp-format '%d.%m.%Y'").await;
    assert!(summary.contains("none rejected"), "{summary}");
    std::fs::write(
        folder.join("s.jsonl"),
        "{\"k\": 3, \"ts\": 1621048277.5}\n{\"k\": 4, \"ts\": \"1621048277\"}\n",
    )
    .unwrap();
    told(&mut notebook, "%import s.jsonl INTO w --timestamp-format s").await;
    let rows = told(&mut notebook, "SELECT k, d, ts FROM w").await;
    for value in [
        "2021-05-15",
        "2024-03-01 00:00:00.000",
        "2024-03-02",
        "2021-05-15 03:11:17.500",
        "2021-05-15 03:11:17.000",
    ] {
        assert!(rows.contains(value), "{value}: {rows}");
    }
    std::fs::write(
        folder.join("w.csv"),
        "k,f,ok,b,l,n,s\n10,inf,Y,yv66vg==,\"[\"\"a\"\",\"\"b\"\"]\",1e3,\"[1.0, 2.0]\"\n11,-Infinity,0,0xcafe,\"['c']\",7.0,{3.0}\n12,nan,t,cafe,,,\n",
    )
    .unwrap();
    let summary = told(&mut notebook, "%import w.csv INTO w").await;
    assert!(
        summary.contains("Loaded 2 rows") && summary.contains("1 rejected") && summary.contains("--blobs"),
        "{summary}"
    );
    std::fs::write(folder.join("w.jsonl"), "{\"k\": 13, \"f\": NaN, \"n\": 8.0, \"ok\": 1, \"s\": [4.0]}\n")
        .unwrap();
    told(&mut notebook, "%import w.jsonl INTO w").await;
    let rows = told(&mut notebook, "SELECT k, f, ok, b, l, n, s FROM w WHERE k IN (10, 11, 13)").await;
    for value in ["inf", "0xcafebabe", "['a', 'b']", "1000", "{1, 2}", "{3}", "{4}", "nan"] {
        assert!(rows.to_lowercase().contains(value), "{value}: {rows}");
    }
}

#[tokio::test]
async fn what_is_finer_than_milliseconds_is_cut_and_said() {
    let (_astra, mut notebook, folder) =
        notebook_with("CREATE TABLE m (k int PRIMARY KEY, ts timestamp)").await;
    std::fs::write(folder.join("m.csv"), "k,ts\n1,2021-05-15 03:11:17.123456\n2,2021-05-15 03:11:17.123\n")
        .unwrap();
    let summary = told(&mut notebook, "%import m.csv INTO m").await;
    assert!(summary.contains("none rejected") && summary.contains("1 timestamp was finer"), "{summary}");
    std::fs::write(folder.join("m.copy"), "3,2021-05-15 03:11:17.999999+0000\n").unwrap();
    let printed = notebook.ok("COPY m (k, ts) FROM 'm.copy'").await;
    assert!(printed.stdout().contains("1 timestamp was finer"), "{}", printed.stdout());
    let rows = told(&mut notebook, "SELECT k, ts FROM m").await;
    assert!(rows.contains("17.123") && rows.contains("17.999"), "{rows}");
}

#[tokio::test]
async fn a_file_that_is_another_kind_is_named_with_the_option_that_loads_it() {
    let (_astra, mut notebook, folder) = notebook_with("CREATE TABLE h (k int PRIMARY KEY, v text)").await;
    for (name, bytes, hint) in [
        ("semi.csv", &b"k;v\n1;a\n"[..], "--delimiter ';'"),
        ("tabs.csv", b"k\tv\n1\ta\n", "--delimiter tab"),
        ("book.csv", b"PK\x03\x04\x14\0\0\0", "Excel workbook"),
        ("columns.csv", b"PAR1\x15\x04\0\0", "--format parquet"),
        ("text.parquet", b"k,v\n1,a\n", "--format csv"),
        ("objects.csv", b"{\"k\": 1, \"v\": \"a\"}\n", "--format json"),
    ] {
        std::fs::write(folder.join(name), bytes).unwrap();
        let line = format!("%import {name} INTO h");
        let cell = notebook.run(&line).await;
        let (error, text) = failure(&line, &cell);
        assert!(error == "IMPORT_FAILED" && text.contains(hint), "{name}: {text}");
    }
    let utf_16 = |text: &str| -> Vec<u8> {
        [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect()
    };
    std::fs::write(folder.join("utf16.csv"), utf_16("k,v\r\n1,grüße\r\n")).unwrap();
    std::fs::write(folder.join("latin.csv"), b"k,v\n2,gr\xfc\xdfe\n").unwrap();
    std::fs::write(folder.join("sep.csv"), "sep=;\r\nk;v\r\n3;grüße\r\nx;y\r\n").unwrap();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all("k,v\n4,grüße\n".as_bytes()).unwrap();
    std::fs::write(folder.join("packed.csv"), gzip.finish().unwrap()).unwrap();
    std::fs::write(
        folder.join("array.json"),
        "[\n {\"k\": 5, \"v\": \"grüße\"},\n {\"k\": 6,\n  \"v\": \"grüße\"}\n]\n",
    )
    .unwrap();
    told(&mut notebook, "%import utf16.csv INTO h").await;
    let latin = told(&mut notebook, "%import latin.csv INTO h").await;
    assert!(latin.contains("1 rejected") && latin.contains("--encoding latin1"), "{latin}");
    told(&mut notebook, "%import latin.csv INTO h --encoding latin1").await;
    let sep = told(&mut notebook, "%import sep.csv INTO h").await;
    assert!(sep.contains("line 4"), "the line of the file: {sep}");
    told(&mut notebook, "%import packed.csv INTO h").await;
    told(&mut notebook, "%import array.json INTO h").await;
    let count = told(&mut notebook, "SELECT count(*) FROM h WHERE v = 'grüße' ALLOW FILTERING").await;
    assert!(count.contains(" 6"), "{count}");
    // What we wrote ourselves comes back.
    notebook.ok("%%export own.json\nSELECT * FROM h").await;
    notebook.ok("%%cql --yes\nTRUNCATE h").await;
    let own = told(&mut notebook, "%import own.json INTO h").await;
    assert!(own.contains("Loaded 6 rows") && own.contains("none rejected"), "{own}");
}

#[tokio::test]
async fn an_option_that_is_given_twice_or_has_no_meaning_is_refused() {
    let (_astra, mut notebook, folder) = notebook_with("CREATE TABLE o (k int PRIMARY KEY)").await;
    std::fs::write(folder.join("o.jsonl"), "{\"k\": 1}\n").unwrap();
    for line in [
        "%import o.csv INTO o --null A --null B",
        "%import o.jsonl INTO o --null A",
        "%import o.parquet INTO o --delimiter ';'",
        "%import o.parquet INTO o --no-header",
        "%import o.csv INTO o --timestamp-format dd.MM.yyyy",
        "%import o.csv INTO o --encoding ebcdic",
    ] {
        let cell = notebook.run(line).await;
        assert_eq!(failure(line, &cell).0, "USAGE", "{line}");
    }
}

#[tokio::test]
async fn input_without_a_bound_is_refused_and_the_kernel_goes_on() {
    let (_astra, mut notebook, folder) =
        notebook_with("CREATE TABLE b (k int PRIMARY KEY, l list<text>)").await;
    let deep = format!("{{\"k\": 1, \"l\": {}{}}}\n{{\"k\": 2}}\n", "[".repeat(3_000), "]".repeat(3_000));
    std::fs::write(folder.join("deep.jsonl"), deep).unwrap();
    let summary = told(&mut notebook, "%import deep.jsonl INTO b").await;
    assert!(summary.contains("Loaded 1 rows") && summary.contains("nested"), "{summary}");
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(b"k,l\n1,").unwrap();
    for _ in 0..50 {
        gzip.write_all(&vec![b','; 1 << 20]).unwrap();
    }
    std::fs::write(folder.join("commas.csv.gz"), gzip.finish().unwrap()).unwrap();
    let line = "%import commas.csv.gz INTO b";
    let cell = notebook.run(line).await;
    assert!(failure(line, &cell).1.contains("65,536 fields"));
    let names: Vec<String> = (0..3_000).map(|number| format!("stranger{number}")).collect();
    std::fs::write(folder.join("wide.csv"), format!("k,{}\n3{}\n", names.join(","), ",".repeat(3_000)))
        .unwrap();
    let summary = told(&mut notebook, "%import wide.csv INTO b").await;
    assert!(summary.contains("more") && summary.len() < 2_000, "{}", summary.len());
    notebook.ok("SELECT * FROM b").await;
}

#[tokio::test]
async fn what_is_told_of_values_is_of_the_rows_that_were_taken() {
    let (_astra, mut notebook, folder) =
        notebook_with("CREATE TABLE r (k int PRIMARY KEY, ts timestamp, n list<int>)").await;
    // Each row's moment is finer than a millisecond; two of the rows are rejected for another value, before or behind it.
    let lines = [
        r#"{"k": 1, "ts": "2026-01-01T00:00:00.0001Z", "n": [1, null]}"#,
        r#"{"n": [1], "k": 2.5, "ts": "2026-01-01T00:00:00.0001Z"}"#,
        r#"{"k": 3, "ts": "2026-01-01T00:00:00.0001Z", "n": [1]}"#,
    ];
    std::fs::write(folder.join("r.jsonl"), lines.join("\n")).unwrap();
    let summary = told(&mut notebook, "%import r.jsonl INTO r").await;
    assert!(summary.contains("2 rejected") && summary.contains("1 timestamp was finer"), "{summary}");
    std::fs::write(folder.join("none.jsonl"), lines[..2].join("\n")).unwrap();
    let summary = told(&mut notebook, "%import none.jsonl INTO r").await;
    assert!(summary.contains("2 rejected") && !summary.contains("finer"), "{summary}");
    // A part of the key that is null is found missing when all else was read.
    std::fs::write(folder.join("r.csv"), "ts,k\n2026-01-01 00:00:00.0001,\n").unwrap();
    let summary = told(&mut notebook, "%import r.csv INTO r").await;
    assert!(summary.contains("1 rejected") && !summary.contains("finer"), "{summary}");
}

#[tokio::test]
async fn a_text_for_null_that_begins_with_a_backslash_is_null_in_quotes_too() {
    let (_astra, mut notebook, folder) = notebook_with("CREATE TABLE q (k int PRIMARY KEY, v text)").await;
    std::fs::write(folder.join("q.copy"), "1,\\N\n2,\"\\N\"\n3,N\n4,\"\\Nx\"\n").unwrap();
    notebook.ok("COPY q (k, v) FROM 'q.copy' WITH NULL='\\N'").await;
    for (k, value) in [(1, "null"), (2, "null"), (3, "N"), (4, "Nx")] {
        let row = told(&mut notebook, &format!("SELECT v FROM q WHERE k = {k}")).await;
        assert!(row.lines().any(|line| line.trim_matches([' ', '│', '|']) == value), "{k}: {row}");
    }
}
