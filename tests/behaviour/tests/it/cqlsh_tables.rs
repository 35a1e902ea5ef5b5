//! The tables that cqlsh's own suite expects (apache/cassandra, `pylib/cqlshlib/test/test_cqlsh_output.py`): the same columns and the
//! same cells from equal data, with all digits where cqlsh rounds. Which row comes where is the server's matter and is not looked at
//! where the statement does not say.

use cqlbook_wire::testing::Exchange;

use crate::notebook::{Notebook, database};

const TYPES: &[&str] = &[
    "CREATE TYPE address (city text, address text, zip text)",
    "CREATE TYPE phone_number (country text, number text)",
    "CREATE TYPE band_info_type (founded varint, members set<text>, description text)",
    "CREATE TYPE tags (tags map<text, text>)",
    "CREATE TYPE quote_udt (data text)",
    "CREATE TABLE has_all_types (num int PRIMARY KEY, intcol int, asciicol ascii, bigintcol bigint, blobcol blob, booleancol boolean,
        decimalcol decimal, doublecol double, durationcol duration, floatcol float, smallintcol smallint, textcol text,
        timestampcol timestamp, tinyintcol tinyint, uuidcol uuid, varcharcol varchar, varintcol varint, listcol list<text>,
        setcol set<text>, mapcol map<text, int>, vectorcol vector<float, 3>)",
    "CREATE TABLE empty_table (lonelykey float PRIMARY KEY, lonelycol text)",
    "CREATE TABLE empty_composite_table (lonelykey float, lonelycol text, lonelyval int, PRIMARY KEY (lonelykey, lonelycol))",
    "CREATE TABLE dynamic_columns (somekey int, column1 float, value text, PRIMARY KEY (somekey, column1))",
    "CREATE TABLE twenty_rows_table (a text PRIMARY KEY, b text)",
    "CREATE TABLE twenty_rows_composite_table (a text, b text, c text, PRIMARY KEY (a, b))",
    "CREATE TABLE undefined_values_table (k text PRIMARY KEY, c text, notthere text)",
    "CREATE TABLE ascii_with_special_chars (k int PRIMARY KEY, val ascii)",
    "CREATE TABLE utf8_with_special_chars (k int PRIMARY KEY, val text)",
    "CREATE TABLE users (login text PRIMARY KEY, name text, addresses set<frozen<address>>, phone_numbers set<frozen<phone_number>>)",
    "CREATE TABLE songs (title text PRIMARY KEY, band text, info frozen<band_info_type>, tags frozen<tags>)",
    "CREATE TABLE escape_quotes (id int PRIMARY KEY, text_data text, map_data map<int, text>, set_data set<text>, list_data list<text>,
        tuple_data tuple<int, text>, udt_data frozen<quote_udt>)",
];

const ROWS: &[&str] = &[
    "INSERT INTO has_all_types (num, intcol, bigintcol, blobcol, booleancol, decimalcol, doublecol, durationcol, floatcol, timestampcol,
        varintcol, vectorcol) VALUES (0, -12, 1234567890123456789, 0x000102030405fffefd, true, 19952.11882, 1.0, 12h, -2.1,
        '2012-05-14 12:53:20+0000', 10000000000000000000000000, [1.0, 2.0, 3.0])",
    "INSERT INTO has_all_types (num, intcol, bigintcol, blobcol, booleancol, decimalcol, doublecol, durationcol, floatcol, timestampcol,
        varintcol, vectorcol) VALUES (1, 2147483647, 9223372036854775807, 0xffffffffffffffffff, true, 0.00000000000001, 9999999.999,
        12h30m, 99999.999, '1950-01-01+0000', 9, [1, -2.0, NaN])",
    "INSERT INTO has_all_types (num, intcol, bigintcol, blobcol, booleancol, decimalcol, doublecol, durationcol, floatcol, timestampcol,
        varintcol, vectorcol) VALUES (2, 0, 0, 0x, false, 0.0, 0.0, 12h30m30s, 0.0, 0, 0, [0.0, 0.0, 0.0])",
    "INSERT INTO has_all_types (num, intcol, bigintcol, blobcol, booleancol, decimalcol, doublecol, durationcol, floatcol, timestampcol,
        varintcol, vectorcol) VALUES (3, -2147483648, -9223372036854775808, 0x80, false, 10.0000000000000, -1004.10, 12h30m30s250ms,
        100000000.9, '2038-01-19T03:14-1200', -10000000000000000000000000, [100000000.9, 100000000.9, 100000000.9])",
    "INSERT INTO has_all_types (num, intcol, bigintcol, blobcol, booleancol, decimalcol, doublecol, floatcol, timestampcol, varintcol)
        VALUES (4, blobAsInt(0x), blobAsBigint(0x), 0x, blobAsBoolean(0x), blobAsDecimal(0x), blobAsDouble(0x), blobAsFloat(0x),
        blobAsTimestamp(0x), blobAsVarint(0x))",
    "INSERT INTO dynamic_columns (somekey, column1, value) VALUES (1, 1.2, 'one point two')",
    "INSERT INTO dynamic_columns (somekey, column1, value) VALUES (2, 2.3, 'two point three')",
    "INSERT INTO dynamic_columns (somekey, column1, value) VALUES (3, 3.46, 'three point four six')",
    "INSERT INTO dynamic_columns (somekey, column1, value) VALUES (3, 99.0, 'ninety-nine point oh')",
    "INSERT INTO dynamic_columns (somekey, column1, value) VALUES (3, -0.0001, 'negative ten thousandth')",
    "INSERT INTO undefined_values_table (k, c) VALUES ('k1', 'c1')",
    "INSERT INTO undefined_values_table (k, c) VALUES ('k2', 'c2')",
    "INSERT INTO ascii_with_special_chars (k, val) VALUES (0, blobAsAscii(0x6e65776c696e653a0a))",
    "INSERT INTO ascii_with_special_chars (k, val) VALUES (1, blobAsAscii(0x72657475726e0d616e64206e756c6c0021))",
    "INSERT INTO ascii_with_special_chars (k, val) VALUES (2, blobAsAscii(0x000102030405636f6e74726f6c2063686172730607))",
    "INSERT INTO ascii_with_special_chars (k, val) VALUES (3, 'fake special chars\\x00\\n')",
    "INSERT INTO utf8_with_special_chars (k, val) VALUES (0, 'Normal string')",
    "INSERT INTO utf8_with_special_chars (k, val) VALUES (1, 'Text with\nnewlines\n')",
    "INSERT INTO utf8_with_special_chars (k, val) VALUES (2, 'Text with embedded \u{1} char')",
    "INSERT INTO utf8_with_special_chars (k, val) VALUES (3, 'ⓈⓅⒺⒸⒾⒶⓁ ⒞⒣⒜⒭⒮ and normal ones')",
    "INSERT INTO utf8_with_special_chars (k, val) VALUES (4, 'double wides: ⾑⾤⾚')",
    "INSERT INTO utf8_with_special_chars (k, val) VALUES (5, 'zero width\u{200b}space')",
    "INSERT INTO utf8_with_special_chars (k, val) VALUES (6, 'fake special chars\\x00\\n')",
    "INSERT INTO users (login, addresses, phone_numbers) VALUES ('jbellis', {{city: 'Austin', address: '902 East 5th St. #202', zip: '78702'},
        {city: 'Sunnyvale', address: '292 Gibraltar Drive #107', zip: '94089'}},
        {{country: '+44', number: '208 622 3021'}, {country: '+1', number: '512-537-7809'}})",
    "INSERT INTO users (login, addresses, phone_numbers) VALUES ('vpupkin', {{city: 'Chelyabinsk', address: '3rd street', zip: null},
        {city: 'Chigirinsk', address: null, zip: '676722'}}, {{country: '+7', number: null}, {country: null, number: '03'}})",
    "INSERT INTO songs (title, band, info, tags) VALUES ('The trooper', 'Iron Maiden', {founded: 188694000, members: {'Bruce Dickinson',
        'Dave Murray', 'Adrian Smith', 'Janick Gers', 'Steve Harris', 'Nicko McBrain'}, description: 'Pure evil metal'},
        {tags: {'genre': 'metal', 'origin': 'england'}})",
    "INSERT INTO escape_quotes (id, text_data, map_data, set_data, list_data, tuple_data, udt_data) VALUES (1, 'I''m newb',
        {1: 'I''m newb'}, {'I''m newb'}, ['I''m newb'], (1, 'I''m newb'), {data: 'I''m newb'})",
];

/// Statement, columns, rows of cells.
type Expected = (&'static str, &'static [&'static str], &'static [&'static [&'static str]]);

const TABLES: &[Expected] = &[
    ("SELECT count(*) FROM has_all_types", &["count"], &[&["5"]]),
    ("SELECT COUNT(*) FROM empty_table", &["count"], &[&["0"]]),
    ("SELECT COUNT(*) FROM empty_composite_table", &["count"], &[&["0"]]),
    ("SELECT COUNT(*) FROM twenty_rows_table LIMIT 10", &["count"], &[&["20"]]),
    ("SELECT COUNT(*) FROM twenty_rows_table LIMIT 1000000", &["count"], &[&["20"]]),
    ("SELECT COUNT(*) FROM twenty_rows_composite_table LIMIT 1000000", &["count"], &[&["20"]]),
    (
        "SELECT a, b FROM twenty_rows_table WHERE a IN ('1', '13', '2')",
        &["a", "b"],
        &[&["1", "1"], &["13", "13"], &["2", "2"]],
    ),
    (
        "SELECT * FROM dynamic_columns",
        &["somekey", "column1", "value"],
        &[
            &["1", "1.2", "one point two"],
            &["2", "2.3", "two point three"],
            &["3", "-0.0001", "negative ten thousandth"],
            &["3", "3.46", "three point four six"],
            &["3", "99", "ninety-nine point oh"],
        ],
    ),
    ("SELECT * FROM empty_table", &["lonelykey", "lonelycol"], &[]),
    (
        "SELECT * FROM has_all_types WHERE num = 999",
        &[
            "num",
            "asciicol",
            "bigintcol",
            "blobcol",
            "booleancol",
            "decimalcol",
            "doublecol",
            "durationcol",
            "floatcol",
            "intcol",
            "listcol",
            "mapcol",
            "setcol",
            "smallintcol",
            "textcol",
            "timestampcol",
            "tinyintcol",
            "uuidcol",
            "varcharcol",
            "varintcol",
            "vectorcol",
        ],
        &[],
    ),
    ("SELECT a FROM twenty_rows_table WHERE a IN ('1', '2', '-9192')", &["a"], &[&["1"], &["2"]]),
    (
        "SELECT intcol, bigintcol, varintcol FROM has_all_types WHERE num IN (0, 1, 2, 3, 4)",
        &["intcol", "bigintcol", "varintcol"],
        &[
            &["-12", "1234567890123456789", "10000000000000000000000000"],
            &["2147483647", "9223372036854775807", "9"],
            &["0", "0", "0"],
            &["-2147483648", "-9223372036854775808", "-10000000000000000000000000"],
            // cqlsh shows nothing for a value of no bytes; here it is told from an empty text.
            &["<empty>", "<empty>", "<empty>"],
        ],
    ),
    (
        "SELECT decimalcol, doublecol, floatcol FROM has_all_types WHERE num IN (0, 1, 2, 3, 4)",
        &["decimalcol", "doublecol", "floatcol"],
        // cqlsh rounds to 1e+07, 1e+05 and 1e+08.
        &[
            &["19952.11882", "1", "-2.1"],
            &["1E-14", "9999999.999", "100000"],
            &["0.0", "0", "0"],
            &["10.0000000000000", "-1004.1", "100000000"],
            &["<empty>", "<empty>", "<empty>"],
        ],
    ),
    // Milliseconds are all that a timestamp has.
    (
        "SELECT timestampcol FROM has_all_types WHERE num = 0",
        &["timestampcol"],
        &[&["2012-05-14 12:53:20.000+0000"]],
    ),
    (
        "SELECT num, booleancol FROM has_all_types WHERE num IN (0, 1, 2, 3)",
        &["num", "booleancol"],
        &[&["0", "True"], &["1", "True"], &["2", "False"], &["3", "False"]],
    ),
    (
        "SELECT k, c, notthere FROM undefined_values_table WHERE k IN ('k1', 'k2')",
        &["k", "c", "notthere"],
        &[&["k1", "c1", "null"], &["k2", "c2", "null"]],
    ),
    (
        "SELECT * FROM undefined_values_table WHERE k IN ('k1', 'k2')",
        &["k", "c", "notthere"],
        &[&["k1", "c1", "null"], &["k2", "c2", "null"]],
    ),
    (
        "SELECT * FROM ascii_with_special_chars WHERE k IN (0, 1, 2, 3)",
        &["k", "val"],
        &[
            &["0", r"newline:\n"],
            &["1", r"return\rand null\x00!"],
            &["2", r"\x00\x01\x02\x03\x04\x05control chars\x06\x07"],
            &["3", r"fake special chars\x00\n"],
        ],
    ),
    (
        "SELECT * FROM utf8_with_special_chars WHERE k IN (0, 1, 2, 3, 4, 5, 6)",
        &["k", "val"],
        &[
            &["0", "Normal string"],
            &["1", r"Text with\nnewlines\n"],
            &["2", r"Text with embedded \x01 char"],
            &["3", "ⓈⓅⒺⒸⒾⒶⓁ ⒞⒣⒜⒭⒮ and normal ones"],
            &["4", "double wides: ⾑⾤⾚"],
            // What cannot be seen is shown; cqlsh leaves it unseen.
            &["5", r"zero width\u200bspace"],
            &["6", r"fake special chars\x00\n"],
        ],
    ),
    (
        "SELECT num, blobcol FROM has_all_types WHERE num IN (0, 1, 2, 3)",
        &["num", "blobcol"],
        &[&["0", "0x000102030405fffefd"], &["1", "0xffffffffffffffffff"], &["2", "0x"], &["3", "0x80"]],
    ),
    (
        "SELECT num, durationcol FROM has_all_types WHERE num IN (0, 1, 2, 3)",
        &["num", "durationcol"],
        &[&["0", "12h"], &["1", "12h30m"], &["2", "12h30m30s"], &["3", "12h30m30s250ms"]],
    ),
    (
        "SELECT addresses FROM users",
        &["addresses"],
        &[
            &[
                "{{city: 'Austin', address: '902 East 5th St. #202', zip: '78702'}, {city: 'Sunnyvale', address: '292 Gibraltar Drive #107', zip: '94089'}}",
            ],
            &[
                "{{city: 'Chelyabinsk', address: '3rd street', zip: null}, {city: 'Chigirinsk', address: null, zip: '676722'}}",
            ],
        ],
    ),
    (
        "SELECT phone_numbers FROM users",
        &["phone_numbers"],
        &[
            &["{{country: '+1', number: '512-537-7809'}, {country: '+44', number: '208 622 3021'}}"],
            &["{{country: null, number: '03'}, {country: '+7', number: null}}"],
        ],
    ),
    (
        "SELECT info FROM songs",
        &["info"],
        &[&[
            "{founded: 188694000, members: {'Adrian Smith', 'Bruce Dickinson', 'Dave Murray', 'Janick Gers', 'Nicko McBrain', 'Steve Harris'}, description: 'Pure evil metal'}",
        ]],
    ),
    ("SELECT tags FROM songs", &["tags"], &[&["{tags: {'genre': 'metal', 'origin': 'england'}}"]]),
    (
        "SELECT tags AS my_tags FROM songs",
        &["my_tags"],
        &[&["{tags: {'genre': 'metal', 'origin': 'england'}}"]],
    ),
    (
        "SELECT vectorcol FROM has_all_types",
        &["vectorcol"],
        &[
            &["[0, 0, 0]"],
            &["[1, -2, NaN]"],
            &["[1, 2, 3]"],
            &["[100000000, 100000000, 100000000]"],
            &["null"],
        ],
    ),
    ("SELECT text_data FROM escape_quotes", &["text_data"], &[&["I'm newb"]]),
    ("SELECT map_data FROM escape_quotes", &["map_data"], &[&["{1: 'I''m newb'}"]]),
    ("SELECT set_data FROM escape_quotes", &["set_data"], &[&["{'I''m newb'}"]]),
    ("SELECT list_data FROM escape_quotes", &["list_data"], &[&["['I''m newb']"]]),
    ("SELECT tuple_data FROM escape_quotes", &["tuple_data"], &[&["(1, 'I''m newb')"]]),
    ("SELECT udt_data FROM escape_quotes", &["udt_data"], &[&["{data: 'I''m newb'}"]]),
];

/// The grid of an answer: its columns, and its rows of cells.
fn grid(exchange: &Exchange) -> (Vec<String>, Vec<Vec<String>>) {
    let plain = exchange.plain();
    let text =
        plain.iter().find(|text| text.lines().nth(1).is_some_and(|line| line.starts_with("--"))).unwrap();
    let cells = |line: &str| line.split(" | ").map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
    let mut lines = text.lines();
    let names = cells(lines.next().unwrap());
    let rows = lines.skip(1).take_while(|line| !line.is_empty()).map(cells).collect();
    (names, rows)
}

#[tokio::test]
async fn the_tables_of_cqlshs_own_suite_hold() {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    notebook.ok(&TYPES.join(";\n")).await;
    notebook.ok(&ROWS.join(";\n")).await;
    let twenty = (1..=20).map(|n| {
        format!(
            "INSERT INTO twenty_rows_table (a, b) VALUES ('{n}', '{n}'); \
             INSERT INTO twenty_rows_composite_table (a, b, c) VALUES ('A', '{n}', '{n}');"
        )
    });
    notebook.ok(&twenty.collect::<Vec<_>>().join("\n")).await;
    for (statement, columns, rows) in TABLES {
        let cell = notebook.ok(statement).await;
        let (names, mut drawn) = grid(&cell);
        assert_eq!(names, *columns, "{statement}");
        drawn.sort();
        let mut expected: Vec<Vec<String>> =
            rows.iter().map(|row| row.iter().map(|cell| (*cell).to_owned()).collect()).collect();
        expected.sort();
        assert_eq!(drawn, expected, "{statement}");
        // The HTML has the same cells, and as many rows.
        let html = cell.html().into_iter().find(|html| html.contains("cqlbook-rows")).unwrap();
        let body = html.split("<tbody>").nth(1).unwrap().split("</tbody>").next().unwrap();
        assert_eq!(body.matches("<tr>").count(), rows.len(), "{statement}");
    }
    let cell = notebook
        .ok("%%cql --timezone America/Sao_Paulo\nSELECT timestampcol FROM has_all_types WHERE num = 0")
        .await;
    assert!(cell.plain()[0].contains("2012-05-14 09:53:20.000-0300"), "{}", cell.plain()[0]);
    // Rows are counted past a page.
    let cell = notebook.ok("PAGING 5; EXPAND ON; SELECT * FROM twenty_rows_table;").await;
    let text = cell.plain().join("\n");
    let numbers: Vec<usize> =
        text.lines().filter_map(|line| line.strip_prefix("@ Row ")?.parse().ok()).collect();
    assert_eq!(numbers, (1..=20).collect::<Vec<_>>());
}
