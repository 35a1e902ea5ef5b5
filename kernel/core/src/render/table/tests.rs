//! What results look like, and the bounds they keep.

use std::{sync::Arc, time::Duration};

use insta::assert_snapshot;
use proptest::prelude::*;

use super::*;
use crate::column::UdtType;
use crate::page::testing::VecPage;

fn facts(rows: usize) -> Facts {
    Facts {
        rows_fetched: rows,
        elapsed: Duration::from_micros(12_400),
        consistency: Some("LOCAL_QUORUM".to_owned()),
        coordinator: Some("127.0.0.2".to_owned()),
        ..Facts::default()
    }
}

fn draw_with(page: VecPage, facts: &Facts, options: &TableOptions) -> MimeBundle {
    let columns = page.columns().clone();
    table(&columns, &[Arc::new(page)], facts, options)
}

fn draw(columns: &[(&str, CqlType)], rows: &[&[&str]]) -> MimeBundle {
    draw_with(VecPage::of(columns, rows), &facts(rows.len()), &TableOptions::default())
}

/// The html of the body's rows, one a line.
fn body(bundle: &MimeBundle) -> String {
    let html = bundle.html.as_deref().unwrap();
    let (_, rest) = html.split_once("<tbody>\n").unwrap();
    rest.split_once("</tbody>").unwrap().0.to_owned()
}

/// The grid without what is said under it.
fn grid(bundle: &MimeBundle) -> &str {
    bundle.plain.split_once("\n\n").unwrap().0
}

fn flights() -> VecPage {
    let text = |text: &str| Some(text.as_bytes().to_vec());
    let columns = vec![
        Column { name: "day".to_owned(), cql_type: CqlType::Date, role: Some(KeyRole::Partition) },
        Column { name: "dep_time".to_owned(), cql_type: CqlType::Timestamp, role: Some(KeyRole::Clustering) },
        Column { name: "carrier".to_owned(), cql_type: CqlType::Text, role: Some(KeyRole::Static) },
        Column { name: "distance".to_owned(), cql_type: CqlType::Int, role: None },
    ];
    let day = Some((0x8000_0000_u32 + 15_706).to_be_bytes().to_vec());
    let at = |millis: i64| Some(millis.to_be_bytes().to_vec());
    let rows = vec![
        vec![day.clone(), at(1_357_017_420_000), text("UA"), Some(1400_i32.to_be_bytes().to_vec())],
        vec![day, at(1_357_018_380_000), text("<b>AA</b>"), None],
    ];
    VecPage::new(columns, rows)
}

#[test]
fn rows_in_every_form() {
    let bundle = draw_with(flights(), &facts(2), &TableOptions::default());
    assert_snapshot!(bundle.plain, @"
     day        | dep_time                     | carrier   | distance
    ------------+------------------------------+-----------+----------
     2013-01-01 | 2013-01-01 05:17:00.000+0000 |        UA |     1400
     2013-01-01 | 2013-01-01 05:33:00.000+0000 | <b>AA</b> |     null

    (2 rows)
    12.4 ms, LOCAL_QUORUM, coordinator 127.0.0.2
    ");
    assert_snapshot!(bundle.html.unwrap(), @r#"
    <div class="cqlbook" style="overflow-x:auto"><table class="cqlbook-rows dataframe" style="margin:0"><thead><tr><th scope="col" style="text-align:left;vertical-align:top;white-space:nowrap;min-width:7em">day<br /><small style="font-weight:normal;opacity:.65">date<br />partition key</small></th><th scope="col" style="text-align:left;vertical-align:top;white-space:nowrap;min-width:18em">dep_time<br /><small style="font-weight:normal;opacity:.65">timestamp<br />clustering</small></th><th scope="col" style="text-align:left;vertical-align:top;white-space:nowrap">carrier<br /><small style="font-weight:normal;opacity:.65">text<br />static</small></th><th scope="col" style="text-align:right;vertical-align:top">distance<br /><small style="font-weight:normal;opacity:.65">int</small></th></tr></thead><tbody>
    <tr><td style="text-align:left">2013-01-01</td><td style="text-align:left">2013-01-01 05:17:00.000+0000</td><td style="text-align:left">UA</td><td style="text-align:right">1400</td></tr>
    <tr><td style="text-align:left">2013-01-01</td><td style="text-align:left">2013-01-01 05:33:00.000+0000</td><td style="text-align:left">&lt;b&gt;AA&lt;/b&gt;</td><td style="text-align:right;opacity:.5"><i>null</i></td></tr>
    </tbody><tfoot><tr><td colspan="4" style="text-align:left"><div style="width:0;white-space:nowrap"><small style="opacity:.65">2 of 2 rows · 12.4 ms · LOCAL_QUORUM · coordinator 127.0.0.2</small></div></td></tr></tfoot></table></div>
    "#);
    assert_snapshot!(bundle.markdown.unwrap(), @r"
    | day (date, partition key) | dep\_time (timestamp, clustering) | carrier (text, static) | distance (int) |
    | :--- | :--- | :--- | ---: |
    | 2013-01-01 | 2013-01-01 05:17:00.000+0000 | UA | 1400 |
    | 2013-01-01 | 2013-01-01 05:33:00.000+0000 | &lt;b&gt;AA&lt;/b&gt; | null |

    2 of 2 rows, 12.4 ms, LOCAL\_QUORUM, coordinator 127.0.0.2
    ");
}

#[test]
fn the_expanded_form() {
    let bundle = draw_with(flights(), &facts(2), &TableOptions { vertical: true, ..TableOptions::default() });
    assert_snapshot!(bundle.plain, @"
    @ Row 1
    ----------+------------------------------
     day      | 2013-01-01
     dep_time | 2013-01-01 05:17:00.000+0000
     carrier  | UA
     distance | 1400

    @ Row 2
    ----------+------------------------------
     day      | 2013-01-01
     dep_time | 2013-01-01 05:33:00.000+0000
     carrier  | <b>AA</b>
     distance | null

    (2 rows)
    12.4 ms, LOCAL_QUORUM, coordinator 127.0.0.2
    ");
    assert_snapshot!(bundle.html.unwrap(), @r#"
    <div class="cqlbook" style="overflow-x:auto"><table class="cqlbook-rows cqlbook-vertical dataframe" style="margin:0"><tbody>
    <tr><th colspan="2" style="text-align:left;background:rgba(128,128,128,.15)">Row 1</th></tr>
    <tr><th scope="row" style="text-align:left;vertical-align:top">day <small style="font-weight:normal;opacity:.65">date · partition key</small></th><td style="text-align:left">2013-01-01</td></tr>
    <tr><th scope="row" style="text-align:left;vertical-align:top">dep_time <small style="font-weight:normal;opacity:.65">timestamp · clustering</small></th><td style="text-align:left">2013-01-01 05:17:00.000+0000</td></tr>
    <tr><th scope="row" style="text-align:left;vertical-align:top">carrier <small style="font-weight:normal;opacity:.65">text · static</small></th><td style="text-align:left">UA</td></tr>
    <tr><th scope="row" style="text-align:left;vertical-align:top">distance <small style="font-weight:normal;opacity:.65">int</small></th><td style="text-align:left">1400</td></tr>
    <tr><th colspan="2" style="text-align:left;background:rgba(128,128,128,.15)">Row 2</th></tr>
    <tr><th scope="row" style="text-align:left;vertical-align:top">day <small style="font-weight:normal;opacity:.65">date · partition key</small></th><td style="text-align:left">2013-01-01</td></tr>
    <tr><th scope="row" style="text-align:left;vertical-align:top">dep_time <small style="font-weight:normal;opacity:.65">timestamp · clustering</small></th><td style="text-align:left">2013-01-01 05:33:00.000+0000</td></tr>
    <tr><th scope="row" style="text-align:left;vertical-align:top">carrier <small style="font-weight:normal;opacity:.65">text · static</small></th><td style="text-align:left">&lt;b&gt;AA&lt;/b&gt;</td></tr>
    <tr><th scope="row" style="text-align:left;vertical-align:top">distance <small style="font-weight:normal;opacity:.65">int</small></th><td style="text-align:left;opacity:.5"><i>null</i></td></tr>
    </tbody><tfoot><tr><td colspan="2" style="text-align:left"><div style="width:0;white-space:nowrap"><small style="opacity:.65">2 of 2 rows · 12.4 ms · LOCAL_QUORUM · coordinator 127.0.0.2</small></div></td></tr></tfoot></table></div>
    "#);
}

#[test]
fn no_rows() {
    let bundle = draw(&[("a", CqlType::Int), ("b", CqlType::Text)], &[]);
    assert_snapshot!(bundle.plain, @"
     a | b
    ---+---

    (0 rows)
    12.4 ms, LOCAL_QUORUM, coordinator 127.0.0.2
    ");
    assert_snapshot!(bundle.html.unwrap(), @r#"
    <div class="cqlbook" style="overflow-x:auto"><table class="cqlbook-rows dataframe" style="margin:0"><thead><tr><th scope="col" style="text-align:right;vertical-align:top">a<br /><small style="font-weight:normal;opacity:.65">int</small></th><th scope="col" style="text-align:left;vertical-align:top">b<br /><small style="font-weight:normal;opacity:.65">text</small></th></tr></thead><tbody>
    </tbody><tfoot><tr><td colspan="2" style="text-align:left"><div style="width:0;white-space:nowrap"><small style="opacity:.65">0 rows · 12.4 ms · LOCAL_QUORUM · coordinator 127.0.0.2</small></div></td></tr></tfoot></table></div>
    "#);
    let bundle = table(&[], &[], &Facts::default(), &TableOptions::default());
    assert_snapshot!(bundle.html.unwrap(), @r#"
    <div class="cqlbook" style="overflow-x:auto"><table class="cqlbook-rows dataframe" style="margin:0"><thead><tr></tr></thead><tbody>
    </tbody><tfoot><tr><td colspan="1" style="text-align:left"><div style="width:0;white-space:nowrap"><small style="opacity:.65">0 rows · 0.0 ms</small></div></td></tr></tfoot></table></div>
    "#);
    let vertical = TableOptions { vertical: true, ..TableOptions::default() };
    assert_snapshot!(table(&[], &[], &Facts::default(), &vertical).plain, @"
    (0 rows)
    0.0 ms
    ");
}

#[test]
fn null_empty_and_text_that_looks_like_them() {
    let text = |text: &str| vec![Some(text.as_bytes().to_vec())];
    let mut rows = vec![vec![None]];
    rows.extend(
        ["", "null", "<empty>", "''", "'quoted'", "it's", "<6 bytes that are no text: 0x>"].map(text),
    );
    rows.push(vec![Some(vec![0xff])]);
    let columns = vec![Column { name: "t".to_owned(), cql_type: CqlType::Text, role: None }];
    let shown = draw_with(VecPage::new(columns, rows), &facts(9), &TableOptions::default());
    assert_snapshot!(body(&shown), @r#"
    <tr><td style="text-align:left;opacity:.5"><i>null</i></td></tr>
    <tr><td style="text-align:left;opacity:.5"><i>''</i></td></tr>
    <tr><td style="text-align:left">'null'</td></tr>
    <tr><td style="text-align:left">'&lt;empty&gt;'</td></tr>
    <tr><td style="text-align:left">''''''</td></tr>
    <tr><td style="text-align:left">'''quoted'''</td></tr>
    <tr><td style="text-align:left">it's</td></tr>
    <tr><td style="text-align:left">'&lt;6 bytes that are no text: 0x&gt;'</td></tr>
    <tr><td style="text-align:left"><i>&lt;1 byte that is no text: 0xff&gt;</i></td></tr>
    "#);
    assert_snapshot!(grid(&shown), @"
     t
    ----------------------------------
                                 null
                                   ''
                               'null'
                            '<empty>'
                               ''''''
                         '''quoted'''
                                 it's
     '<6 bytes that are no text: 0x>'
       <1 byte that is no text: 0xff>
    ");
    let columns = vec![Column { name: "n".to_owned(), cql_type: CqlType::Int, role: None }];
    let rows = vec![vec![None], vec![Some(Vec::new())], vec![Some(vec![0; 4])], vec![Some(vec![1, 2])]];
    let shown = draw_with(VecPage::new(columns, rows), &facts(4), &TableOptions::default());
    assert_snapshot!(body(&shown), @r#"
    <tr><td style="text-align:right;opacity:.5"><i>null</i></td></tr>
    <tr><td style="text-align:right;opacity:.5"><i>&lt;empty&gt;</i></td></tr>
    <tr><td style="text-align:right">0</td></tr>
    <tr><td style="text-align:right"><i>&lt;2 bytes that are no int: 0x0102&gt;</i></td></tr>
    "#);
    assert_snapshot!(grid(&shown), @"
     n
    -----------------------------------
                                  null
                               <empty>
                                     0
     <2 bytes that are no int: 0x0102>
    ");
}

#[test]
fn every_type() {
    let boxed = |ty: CqlType| Box::new(ty);
    let udt = UdtType {
        keyspace: "shop".to_owned(),
        name: "point".to_owned(),
        fields: vec![("x".to_owned(), CqlType::Double), ("Y".to_owned(), CqlType::Double)],
    };
    let all: Vec<(&str, CqlType, &str)> = vec![
        ("ascii", CqlType::Ascii, "'a'"),
        ("bigint", CqlType::Bigint, "-9223372036854775808"),
        ("blob", CqlType::Blob, "0xcafe"),
        ("boolean", CqlType::Boolean, "true"),
        ("counter", CqlType::Counter, "7"),
        ("date", CqlType::Date, "'2013-01-01'"),
        ("decimal", CqlType::Decimal, "10.00"),
        ("double", CqlType::Double, "0.1"),
        ("duration", CqlType::Duration, "1y2mo3d4h5m6s7ms8us9ns"),
        ("float", CqlType::Float, "-Infinity"),
        ("inet", CqlType::Inet, "'2001:DB8::1'"),
        ("int", CqlType::Int, "42"),
        ("smallint", CqlType::Smallint, "-1"),
        ("text", CqlType::Text, "'日本'"),
        ("time", CqlType::Time, "'05:15:00.123456789'"),
        ("timestamp", CqlType::Timestamp, "'2013-01-01T05:15:00Z'"),
        ("timeuuid", CqlType::Timeuuid, "50554d6e-29bb-11e5-b345-feff819cdc9f"),
        ("tinyint", CqlType::Tinyint, "127"),
        ("uuid", CqlType::Uuid, "123E4567-e89b-42d3-a456-426614174000"),
        ("varint", CqlType::Varint, "100000000000000000000000000000000000000000"),
        ("list", CqlType::List(boxed(CqlType::Text)), "['it''s', 'b']"),
        ("set", CqlType::Set(boxed(CqlType::Int)), "{1, 2}"),
        ("map", CqlType::Map(boxed(CqlType::Text), boxed(CqlType::Date)), "{'a': '2013-01-01'}"),
        ("tuple", CqlType::Tuple(vec![CqlType::Int, CqlType::Text]), "(1, null)"),
        ("udt", CqlType::Udt(Box::new(udt)), "{x: 1.5, \"Y\": NaN}"),
        ("vector", CqlType::Vector(boxed(CqlType::Float), 3), "[0.1, 2, -3]"),
        ("custom", CqlType::Custom("org.example.Type".to_owned()), "0x01"),
    ];
    let columns: Vec<(&str, CqlType)> = all.iter().map(|(name, ty, _)| (*name, ty.clone())).collect();
    let row: Vec<&str> = all.iter().map(|(_, _, literal)| *literal).collect();
    let page = VecPage::of(&columns, &[&row]);
    let bundle = draw_with(page, &facts(1), &TableOptions { vertical: true, ..TableOptions::default() });
    assert_snapshot!(bundle.plain, @r#"
    @ Row 1
    -----------+--------------------------------------------
     ascii     | a
     bigint    | -9223372036854775808
     blob      | 0xcafe
     boolean   | True
     counter   | 7
     date      | 2013-01-01
     decimal   | 10.00
     double    | 0.1
     duration  | 1y2mo3d4h5m6s7ms8us9ns
     float     | -Infinity
     inet      | 2001:db8::1
     int       | 42
     smallint  | -1
     text      | 日本
     time      | 05:15:00.123456789
     timestamp | 2013-01-01 05:15:00.000+0000
     timeuuid  | 50554d6e-29bb-11e5-b345-feff819cdc9f
     tinyint   | 127
     uuid      | 123e4567-e89b-42d3-a456-426614174000
     varint    | 100000000000000000000000000000000000000000
     list      | ['it''s', 'b']
     set       | {1, 2}
     map       | {'a': '2013-01-01'}
     tuple     | (1, null)
     udt       | {x: 1.5, "Y": NaN}
     vector    | [0.1, 2, -3]
     custom    | 0x01

    (1 rows)
    12.4 ms, LOCAL_QUORUM, coordinator 127.0.0.2
    "#);
    let page = VecPage::of(&columns, &[&row]);
    let bundle = draw_with(page, &facts(1), &TableOptions::default());
    assert_snapshot!(body(&bundle).replace("</td>", "</td>\n"), @r#"
    <tr><td style="text-align:left">a</td>
    <td style="text-align:right">-9223372036854775808</td>
    <td style="text-align:left">0xcafe</td>
    <td style="text-align:left">True</td>
    <td style="text-align:right">7</td>
    <td style="text-align:left">2013-01-01</td>
    <td style="text-align:right">10.00</td>
    <td style="text-align:right">0.1</td>
    <td style="text-align:left">1y2mo3d4h5m6s7ms8us9ns</td>
    <td style="text-align:right">-Infinity</td>
    <td style="text-align:left">2001:db8::1</td>
    <td style="text-align:right">42</td>
    <td style="text-align:right">-1</td>
    <td style="text-align:left">日本</td>
    <td style="text-align:left">05:15:00.123456789</td>
    <td style="text-align:left">2013-01-01 05:15:00.000+0000</td>
    <td style="text-align:left">50554d6e-29bb-11e5-b345-feff819cdc9f</td>
    <td style="text-align:right">127</td>
    <td style="text-align:left">123e4567-e89b-42d3-a456-426614174000</td>
    <td style="text-align:right">100000000000000000000000000000000000000000</td>
    <td style="text-align:left">['it''s', 'b']</td>
    <td style="text-align:left">{1, 2}</td>
    <td style="text-align:left">{'a': '2013-01-01'}</td>
    <td style="text-align:left">(1, null)</td>
    <td style="text-align:left">{x: 1.5, "Y": NaN}</td>
    <td style="text-align:left">[0.1, 2, -3]</td>
    <td style="text-align:left">0x01</td>
    </tr>
    "#);
}

#[test]
fn a_conditional_write() {
    let columns = [("[applied]", CqlType::Boolean), ("id", CqlType::Int)];
    let refused = draw(&columns, &[&["false", "7"]]);
    assert_snapshot!(refused.plain, @"
     [applied]   | id
    -------------+----
     not applied |  7

    (1 rows)
    12.4 ms, LOCAL_QUORUM, coordinator 127.0.0.2
    The write was not applied. The row shown is the one in the table.
    ");
    assert_snapshot!(body(&refused), @r#"<tr><td style="text-align:left">not applied</td><td style="text-align:right">7</td></tr>"#);
    let done = draw(&columns[..1], &[&["true"]]);
    assert_snapshot!(grid(&done), @"
     [applied]
    -----------
       applied
    ");
}

#[test]
fn what_is_shown_of_what_there_is() {
    let numbers: Vec<String> = (0..30).map(|n| n.to_string()).collect();
    let rows: Vec<Vec<&str>> = numbers.iter().map(|n| vec![n.as_str()]).collect();
    let rows: Vec<&[&str]> = rows.iter().map(Vec::as_slice).collect();
    let columns = [("n", CqlType::Int)];
    let pages: Vec<Arc<dyn Page>> =
        vec![Arc::new(VecPage::of(&columns, &rows[..12])), Arc::new(VecPage::of(&columns, &rows[12..]))];
    let mut facts = facts(30);
    facts.more = true;
    facts.kept_as = Some("day".to_owned());
    facts.warnings = vec!["Aggregation query used without partition key".to_owned()];
    let options = TableOptions { display_rows: 3, offset: 10, ..TableOptions::default() };
    let bundle = table(pages[0].columns(), &pages, &facts, &options);
    assert_snapshot!(bundle.plain, @"
     n
    ----
     10
     11
     12

    (3 of 30 rows, from row 11, more exist in the database)
    12.4 ms, LOCAL_QUORUM, coordinator 127.0.0.2, kept as day
    Warning from the server: Aggregation query used without partition key
    ");
    assert_snapshot!(bundle.html.unwrap().split_once("<tfoot>").unwrap().1, @r#"<tr><td colspan="1" style="text-align:left"><div style="width:0;white-space:nowrap"><small style="opacity:.65">3 of 30 rows, from row 11, more exist in the database · 12.4 ms · LOCAL_QUORUM · coordinator 127.0.0.2 · kept as day</small></div><div style="width:0"><div style="width:50em"><small>Warning from the server: Aggregation query used without partition key</small></div></div></td></tr></tfoot></table></div>"#);
    let past = TableOptions { offset: 40, ..options };
    assert_snapshot!(table(pages[0].columns(), &pages, &facts, &past).plain, @"
     n
    ---

    (0 of 40 rows, more exist in the database)
    12.4 ms, LOCAL_QUORUM, coordinator 127.0.0.2, kept as day
    Warning from the server: Aggregation query used without partition key
    ");
}

#[test]
fn a_broken_page_is_said_and_the_rest_is_shown() {
    let page = VecPage::of(&[("n", CqlType::Int)], &[&["1"], &["2"], &["3"]]).broken_at(1);
    assert_snapshot!(draw_with(page, &facts(3), &TableOptions::default()).plain, @"
     n
    ---
     1

    (1 of 3 rows)
    12.4 ms, LOCAL_QUORUM, coordinator 127.0.0.2
    Row 2 could not be read: the server's bytes do not match their description. The rows after it are not shown.
    ");
}

#[test]
fn control_characters_and_wide_ones() {
    let bundle = draw(
        &[("k", CqlType::Int), ("naïve 日本", CqlType::Text)],
        &[&["1", "'two\nlines\t\u{202e}\\n'"], &["2", "'日本語 e\u{301}'"], &["3", "'  spaces '"]],
    );
    assert_snapshot!(grid(&bundle), @r"
     k | naïve 日本
    ---+----------------------
     1 | two\nlines\t\u202e\n
     2 |             日本語 é
     3 |              spaces
    ");
    assert_snapshot!(body(&bundle), @r#"
    <tr><td style="text-align:right">1</td><td style="text-align:left">two<i>\n</i>lines<i>\t\u202e</i>\n</td></tr>
    <tr><td style="text-align:right">2</td><td style="text-align:left">日本語 é</td></tr>
    <tr><td style="text-align:right">3</td><td style="text-align:left;white-space:pre-wrap">  spaces </td></tr>
    "#);
}

#[test]
fn long_values_are_folded() {
    let words = format!("'{}'", "word ".repeat(60));
    let bundle = draw(&[("t", CqlType::Text)], &[&[&words]]);
    let cell = body(&bundle);
    assert!(
        cell.starts_with(
            "<tr><td style=\"text-align:left;white-space:pre-wrap\"><details><summary style=\"white-space:nowrap\">word word"
        )
    );
    assert!(cell.contains("<small style=\"opacity:.65\">300 characters</small></summary>"));
    assert!(cell.contains(&"word ".repeat(60)));
}

#[test]
fn two_megabytes_are_cut_and_it_is_said() {
    let columns = vec![Column { name: "t".to_owned(), cql_type: CqlType::Text, role: None }];
    let page = VecPage::new(columns, vec![vec![Some(vec![b'x'; 2 * 1024 * 1024])]]);
    let bundle = draw_with(page, &facts(1), &TableOptions::default());
    for text in [bundle.html.as_deref().unwrap(), &bundle.plain] {
        assert!(text.contains("(cut here, the value has 2,097,152 bytes)"));
        assert!(text.len() < 150_000, "{}", text.len());
    }
    assert!(bundle.html.unwrap().contains(">2.1 MB</small></summary>"));
    assert_eq!(bundle.markdown, None);
}

#[test]
fn many_large_values_share_a_budget() {
    let row = || (0..10).map(|n| Some(vec![b'y'; if n == 0 { 10 } else { 40_000 }])).collect::<Vec<_>>();
    let columns =
        (0..10).map(|n| Column { name: format!("c{n}"), cql_type: CqlType::Text, role: None }).collect();
    let bundle = draw_with(
        VecPage::new(columns, (0..50).map(|_| row()).collect()),
        &facts(50),
        &TableOptions::default(),
    );
    let html = bundle.html.unwrap();
    assert!(html.len() < 2 * HTML_BUDGET, "{}", html.len());
    assert!(bundle.plain.len() < 2 * PLAIN_BUDGET, "{}", bundle.plain.len());
    assert_eq!(html.matches(">yyyyyyyyyy<").count(), 50);
}

#[test]
fn fifty_rows_of_twenty_columns_are_under_60_kb() {
    let types = [CqlType::Int, CqlType::Text, CqlType::Double, CqlType::Timestamp, CqlType::Boolean];
    let literals = ["123456", "'some text'", "1234.5678", "'2013-01-01 05:15:00Z'", "true"];
    let names: Vec<String> = (0..20).map(|n| format!("column_{n}")).collect();
    let columns: Vec<(&str, CqlType)> =
        (0..20).map(|n| (names[n].as_str(), types[n % types.len()].clone())).collect();
    let row: Vec<&str> = (0..20).map(|n| literals[n % literals.len()]).collect();
    let nulls = vec!["null"; 20];
    for row in [row, nulls] {
        let html = draw(&columns, &vec![row.as_slice(); 50]).html.unwrap();
        assert!(html.len() < 60_000, "{}", html.len());
    }
}

#[test]
fn limits_are_shared_fairly() {
    assert_eq!(fair_limit(vec![10, 20, 30], 60, 1), usize::MAX);
    assert_eq!(fair_limit(vec![10, 1000, 1000], 110, 1), 50);
    assert_eq!(fair_limit(vec![1000; 100], 100, 16), 16);
}

proptest! {
    /// Whatever the server sends, the html has no markup but ours and the plain text no control character.
    #[test]
    fn nothing_from_outside_is_markup(
        name: String,
        cells in prop::collection::vec(prop::option::of(prop::collection::vec(any::<u8>(), 0..30)), 1..6),
        text in prop::collection::vec("[<>&\"'a-z=/ \n]{0,40}", 1..6),
        warning: String,
        vertical: bool,
    ) {
        let column = |ty| Column { name: name.clone(), cql_type: ty, role: None };
        let columns = vec![column(CqlType::Int), column(CqlType::List(Box::new(CqlType::Text))), column(CqlType::Text)];
        let rows = cells.iter().zip(&text).map(|(cell, text)| {
            vec![cell.clone(), cell.clone(), Some(text.clone().into_bytes())]
        });
        let mut facts = facts(9);
        facts.warnings = vec![warning.clone()];
        facts.coordinator = Some(warning);
        let page = VecPage::new(columns, rows.collect());
        let bundle = draw_with(page, &facts, &TableOptions { vertical, ..TableOptions::default() });
        let html = bundle.html.unwrap();
        let ours = ["div", "table", "thead", "tbody", "tfoot", "tr", "th", "td", "br", "small", "i", "details", "summary"];
        for piece in html.split('<').skip(1) {
            let tag = piece.trim_start_matches('/');
            let name: String = tag.chars().take_while(char::is_ascii_alphabetic).collect();
            prop_assert!(ours.contains(&name.as_str()), "{piece}");
        }
        prop_assert!(!bundle.plain.chars().any(|c| c.is_control() && c != '\n'));
    }
}
