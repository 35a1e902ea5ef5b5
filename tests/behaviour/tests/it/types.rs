//! Every CQL type comes from a real server, is drawn exactly, and nothing crashes or lies.

use crate::notebook::{Notebook, database};

#[tokio::test]
async fn every_type_is_drawn_as_it_was_written() {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    notebook
        .ok("CREATE TYPE address (street text, zip frozen<list<int>>);
             CREATE TABLE every (id int PRIMARY KEY, a ascii, b bigint, bl blob, bo boolean, d date, de decimal, do double,
                 du duration, f float, i inet, si smallint, t text, ti time, ts timestamp, tu timeuuid, ty tinyint, u uuid,
                 v varint, l list<text>, s set<int>, m map<text, frozen<list<double>>>, tup tuple<int, text>,
                 ud frozen<address>, vec vector<float, 3>, vt vector<text, 2>)")
        .await;
    let values = [
        ("a", "'ascii'", "ascii"),
        ("b", "-9223372036854775808", "-9223372036854775808"),
        ("bl", "0xcafe", "0xcafe"),
        ("bo", "true", "True"),
        ("d", "'2013-02-08'", "2013-02-08"),
        ("de", "3.14159265358979323846264338327950288", "3.14159265358979323846264338327950288"),
        ("do", "0.1", "0.1"),
        ("du", "1y2mo3d4h5m6s7ms8us9ns", "1y2mo3d4h5m6s7ms8us9ns"),
        ("f", "16777216", "16777216"),
        ("i", "'2001:db8::1'", "2001:db8::1"),
        ("si", "-32768", "-32768"),
        ("t", "'gruß <b>&amp;'", "gruß <b>&amp;"),
        ("ti", "'08:12:54.123456789'", "08:12:54.123456789"),
        ("ts", "'2013-01-01T05:15:00.123Z'", "2013-01-01 05:15:00.123"),
        ("tu", "50554d6e-29bb-11e5-b345-feff819cdc9f", "50554d6e-29bb-11e5-b345-feff819cdc9f"),
        ("ty", "-128", "-128"),
        ("u", "123e4567-e89b-12d3-a456-426614174000", "123e4567-e89b-12d3-a456-426614174000"),
        ("v", "123456789012345678901234567890", "123456789012345678901234567890"),
        ("l", "['it''s', '']", "['it''s', '']"),
        ("s", "{3, 1, 2}", "{1, 2, 3}"),
        ("m", "{'k': [0.5, 1.5]}", "{'k': [0.5, 1.5]}"),
        ("tup", "(1, 'x')", "(1, 'x')"),
        ("ud", "{street: 'Main', zip: [1, 2]}", "{street: 'Main', zip: [1, 2]}"),
        ("vec", "[0.5, -1, 2]", "[0.5, -1, 2]"),
        ("vt", "['a', 'bc']", "['a', 'bc']"),
    ];
    for (column, literal, shown) in values {
        notebook.ok(&format!("INSERT INTO every (id, {column}) VALUES (1, {literal})")).await;
        let cell = notebook.ok(&format!("SELECT {column} FROM every WHERE id = 1")).await;
        let text = cell.plain()[0].to_lowercase();
        assert!(text.contains(&shown.to_lowercase()), "{column} = {literal} is drawn as:\n{text}");
        let html = cell.html()[0];
        assert!(!html.contains("<b>"), "{column}: markup of a value reached the page: {html}");
    }
    let cell = notebook.ok("SELECT * FROM every").await;
    assert!(!cell.plain()[0].contains("no int"), "{}", cell.plain()[0]);
}

#[tokio::test]
async fn custom_types_are_read_as_their_bytes_and_keep_the_other_columns_readable() {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    let marshal = "org.apache.cassandra.db.marshal";
    let composite = format!("'{marshal}.CompositeType({marshal}.UTF8Type,{marshal}.Int32Type)'");
    let dynamic = format!("'{marshal}.DynamicCompositeType(a=>{marshal}.BytesType,b=>{marshal}.UTF8Type)'");
    let lexical = format!("'{marshal}.LexicalUUIDType'");
    notebook
        .ok(&format!(
            "CREATE TABLE custom (id int PRIMARY KEY, pair {composite}, free {dynamic}, lexical {lexical},
                 many list<{lexical}>, plain '{marshal}.Int32Type', note text)"
        ))
        .await;
    let uuid = "0x123e4567e89b12d3a456426614174000";
    // A component is its length, its bytes, and an end-of-component byte.
    let pair = "0x00036162630000040000000100";
    notebook
        .ok(&format!(
            "INSERT INTO custom (id, pair, free, lexical, many, plain, note)
                 VALUES (1, {pair}, 0x8061000201ff00, {uuid}, [{uuid}], 7, 'beside it')"
        ))
        .await;
    let cell = notebook.ok("SELECT pair, free, lexical, many, plain, note FROM custom").await;
    let text = cell.plain()[0];
    for shown in [pair, "0x8061000201ff00", uuid, &format!("[{uuid}]"), "7", "beside it"] {
        assert!(text.contains(shown), "{shown} is not in:\n{text}");
    }
    let html = cell.html()[0];
    assert!(html.contains("CompositeType("), "the header does not name the class: {html}");

    // What is shown is a literal that finds and writes the same value.
    notebook.ok(&format!("UPDATE custom SET lexical = {uuid} WHERE id = 2")).await;
    notebook.ok(&format!("%param v = {uuid}\nUPDATE custom SET lexical = :v WHERE id = 3")).await;
    let cell = notebook.ok("SELECT id, lexical FROM custom WHERE id IN (2, 3)").await;
    assert_eq!(cell.plain()[0].matches(uuid).count(), 2, "{}", cell.plain()[0]);
    let described = notebook.ok("DESCRIBE TABLE custom").await.stdout();
    assert!(described.contains(&format!("pair {composite}")), "{described}");
}

#[tokio::test]
async fn null_empty_and_the_words_for_them_look_different() {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    notebook.ok("CREATE TABLE t (id int PRIMARY KEY, v text, n int)").await;
    let mut drawn = Vec::new();
    for (id, v, n) in
        [(1, "null", "null"), (2, "''", "null"), (3, "'null'", "null"), (4, "'x'", "blobAsInt(0x)")]
    {
        notebook.ok(&format!("INSERT INTO t (id, v, n) VALUES ({id}, {v}, {n})")).await;
        let cell = notebook.ok(&format!("SELECT v FROM t WHERE id = {id}")).await;
        let html = cell.html()[0];
        let body = html.split("<tbody").nth(1).unwrap().split("</tbody>").next().unwrap().to_owned();
        drawn.push(body);
    }
    let cell = notebook.ok("SELECT n FROM t WHERE id = 4").await;
    let html = cell.html()[0];
    drawn.push(html.split("<tbody").nth(1).unwrap().split("</tbody>").next().unwrap().to_owned());
    let different: std::collections::BTreeSet<_> = drawn.iter().collect();
    assert_eq!(different.len(), drawn.len(), "{drawn:#?}");
}
