//! Completion at a cursor, written `|`.

use proptest::prelude::*;

use super::*;
use crate::column::KeyRole;

struct Shop;

impl Names for Shop {
    fn keyspaces(&self) -> Vec<String> {
        ["shop", "Shop 2", "system"].map(str::to_owned).to_vec()
    }

    fn tables(&self, keyspace: Option<&str>) -> Vec<String> {
        match keyspace {
            None | Some("shop") => ["orders", "order", "Orders"].map(str::to_owned).to_vec(),
            Some("Shop 2") => vec!["other".to_owned()],
            _ => Vec::new(),
        }
    }

    fn columns(&self, _: Option<&str>, table: &str) -> Vec<KnownColumn> {
        let column = |name: &str, cql_type: &str, role| KnownColumn {
            name: name.to_owned(),
            cql_type: cql_type.to_owned(),
            role,
        };
        match table {
            "orders" => vec![
                column("id", "int", Some(KeyRole::Partition)),
                column("day", "date", Some(KeyRole::Clustering)),
                column("Total", "decimal", None),
                column("address", "frozen<address>", None),
                column("tags", "set<text>", None),
                column("paid", "boolean", None),
            ],
            _ => Vec::new(),
        }
    }

    fn types(&self, _: Option<&str>) -> Vec<String> {
        vec!["address".to_owned()]
    }

    fn fields(&self, _: Option<&str>, udt: &str) -> Vec<(String, String)> {
        match udt {
            "address" => ["street", "City"].map(|name| (name.to_owned(), "text".to_owned())).to_vec(),
            _ => Vec::new(),
        }
    }

    fn data_centers(&self) -> Vec<String> {
        vec!["dc1".to_owned(), "dc2".to_owned()]
    }

    fn params(&self) -> Vec<(String, String)> {
        vec![("day".to_owned(), "'2013-01-01'".to_owned()), ("limit".to_owned(), "5".to_owned())]
    }

    fn connections(&self) -> Vec<String> {
        vec!["demo".to_owned()]
    }

    fn results(&self) -> Vec<String> {
        vec!["_".to_owned(), "day1".to_owned()]
    }
}

fn at(source: &str) -> (String, usize) {
    let cursor = source.find('|').expect("a cursor");
    (source.replacen('|', "", 1), cursor)
}

/// What is replaced, then the first items.
fn offered(source: &str) -> String {
    let (source, cursor) = at(source);
    let found = complete(&source, cursor, &Shop);
    let items: Vec<_> = found.items.iter().take(8).map(|item| item.text.as_str()).collect();
    let path = found.path.map(|path| format!(" path {path:?}")).unwrap_or_default();
    format!("{:?}: {}{path}", &source[found.start..found.end], items.join(" "))
}

#[test]
fn magics_and_their_words() {
    assert_eq!(offered("%con|"), "\"%con\": %connect %connections %connection");
    assert_eq!(offered("SELECT 1;\n  %%c|"), "\"\": ", "a cell magic is first");
    assert_eq!(offered("%%c|"), "\"%%c\": %%cql");
    assert_eq!(offered("%connect |"), "\"\": astra cassandra demo");
    assert_eq!(offered("%connect astra --b|"), "\"--b\": --bundle");
    assert_eq!(offered("%connect astra --bundle ~/a|"), "\"~/a\":  path \"~/a\"");
    assert_eq!(offered("%import 'a b'|"), "\"'a b'\":  path \"a b\"");
    assert_eq!(offered("%connection test |"), "\"\": astra cassandra demo");
    assert_eq!(offered("%show |"), "\"\": _ day1 --rows --offset --columns --sort --vertical");
    assert_eq!(offered("%plot _ --kind=h|"), "\"h\": histogram heatmap");
    assert_eq!(offered("%plot _ --kind b|"), "\"b\": bar box");
    assert_eq!(offered("%set t|"), "\"t\": timeout timezone trace");
    assert_eq!(offered("%set trace |"), "\"\": on off");
    assert_eq!(offered("%schema shop.o|"), "\"o\": orders \"order\" \"Orders\"");
    assert_eq!(offered("%%cql --consistency LOCAL_Q|"), "\"LOCAL_Q\": LOCAL_QUORUM");
    assert_eq!(offered("%help conn|"), "\"conn\": connect connections connection CONNECTION_LOST");
    assert_eq!(offered("%help AUTH_|"), "\"AUTH_\": AUTH_FAILED AUTH_TOKEN_SHAPE");
    assert_eq!(offered("%nothing |"), "\"\": ");
}

#[test]
fn shell_commands() {
    assert_eq!(offered("CONSISTENCY q|"), "\"q\": quorum");
    assert_eq!(offered("TRACING |"), "\"\": ON OFF");
    assert_eq!(offered("DESCRIBE shop.o|"), "\"o\": orders \"order\" \"Orders\"");
    assert_eq!(offered("DESC KEYSP|"), "\"KEYSP\": KEYSPACES KEYSPACE");
    assert_eq!(offered("SOURCE 'a/b|"), "\"a/b\":  path \"a/b\"");
    assert_eq!(offered("PAG|"), "\"PAG\": PAGING");
    assert_eq!(offered("exit|"), "\"exit\": exit");
}

#[test]
fn statements_start_with_their_keywords() {
    assert_eq!(offered("SEL|"), "\"SEL\": SELECT");
    assert_eq!(offered("SELECT 1; ins|"), "\"ins\": insert into");
    assert_eq!(offered("d << s|"), "\"s\": select serial consistency show source");
    assert_eq!(
        offered("BEGIN BATCH INSERT INTO t (a) VALUES (1); |"),
        "\"\": INSERT INTO UPDATE DELETE APPLY BATCH"
    );
    assert_eq!(offered("CREATE T|"), "\"T\": TABLE TYPE TRIGGER");
    assert_eq!(offered("%%sql\nSEL|"), "\"\": ");
    assert_eq!(offered("%%cql --all\nSEL|"), "\"SEL\": SELECT");
}

#[test]
fn names_are_offered_quoted_where_they_must_be() {
    assert_eq!(offered("SELECT * FROM |"), "\"\": orders \"order\" \"Orders\" shop \"Shop 2\" system");
    assert_eq!(offered("SELECT * FROM \"o|"), "\"\\\"o\": \"orders\" \"order\" \"Orders\"");
    assert_eq!(offered("SELECT * FROM \"Shop 2\".|"), "\"\": other");
    assert_eq!(offered("INSERT INTO Shop.ord|"), "\"ord\": orders \"order\" \"Orders\"");
    assert_eq!(offered("USE s|"), "\"s\": shop \"Shop 2\" system");
    assert_eq!(offered("SELECT | FROM orders; SELECT 1"), "\"\": id day \"Total\" address tags paid * JSON");
    assert_eq!(offered("SELECT * FROM orders WHERE d|"), "\"d\": day");
    assert_eq!(
        offered("BEGIN BATCH UPDATE a SET b = 1 WHERE c = 1; UPDATE orders SET |"),
        "\"\": \"Total\" address tags paid"
    );
}

#[test]
fn only_what_may_stand_there() {
    assert_eq!(
        offered("SELECT * FROM orders |"),
        "\"\": WHERE GROUP BY ORDER BY PER PARTITION LIMIT LIMIT ALLOW FILTERING"
    );
    assert_eq!(offered("select * from orders order |"), "\"\": by");
    assert_eq!(
        offered("SELECT * FROM orders WHERE id = 1 AND |"),
        "\"\": day \"Total\" address tags paid token("
    );
    assert_eq!(offered("UPDATE orders SET paid = true WHERE |"), "\"\": id day");
    assert_eq!(offered("SELECT * FROM orders WHERE tags |"), "\"\": CONTAINS");
    assert_eq!(
        offered("SELECT * FROM orders WHERE Total |"),
        "\"\": = < <= > >= IN CONTAINS KEY CONTAINS",
        "no such column"
    );
    assert_eq!(offered("SELECT * FROM orders WHERE paid |"), "\"\": = < <= > >= IN");
    assert_eq!(offered("SELECT * FROM orders ORDER BY |"), "\"\": day");
    assert_eq!(offered("INSERT INTO orders (id, |) VALUES (1, 2)"), "\"\": day \"Total\" address tags paid");
    assert_eq!(offered("UPDATE orders SET paid = true, |"), "\"\": \"Total\" address tags");
    assert_eq!(offered("ALTER TABLE orders RENAME |"), "\"\": id day IF EXISTS");
    assert_eq!(offered("DROP KEYSPACE |"), "\"\": shop \"Shop 2\" IF EXISTS");
    assert_eq!(
        offered("GRANT SELECT, |"),
        "\"\": MODIFY CREATE ALTER DROP AUTHORIZE DESCRIBE EXECUTE UNMASK"
    );
    assert_eq!(offered("SELECT FROM |"), "\"\": ", "nothing goes on with what no CQL is");
}

#[test]
fn values_follow_the_columns_type() {
    assert_eq!(
        offered("SELECT * FROM orders WHERE day = |"),
        "\"\": :day :\"limit\" current_date() to_date("
    );
    assert_eq!(
        offered("SELECT * FROM orders WHERE day IN (:day, |"),
        "\"\": :day :\"limit\" current_date() to_date("
    );
    assert_eq!(offered("UPDATE orders SET paid = |"), "\"\": true false :day :\"limit\" null");
    assert_eq!(offered("INSERT INTO orders (id, tags) VALUES (1, |"), "\"\": { :day :\"limit\" null");
    assert_eq!(offered("SELECT * FROM orders WHERE day = :d|"), "\":d\": :day");
    assert_eq!(offered("SELECT * FROM orders LIMIT :|"), "\":\": :day :\"limit\"");
    assert_eq!(offered("%param d|"), "\"d\": day");
}

#[test]
fn fields_of_types() {
    assert_eq!(offered("SELECT address.| FROM orders"), "\"\": street \"City\"");
    assert_eq!(offered("UPDATE orders SET address.c|"), "\"c\": \"City\"");
    assert_eq!(
        offered("INSERT INTO orders (id, address) VALUES (1, {street: 'a', |"),
        "\"\": \"City\" :day :\"limit\" cast( token( now() uuid() current_timestamp()"
    );
    assert_eq!(offered("ALTER TYPE address RENAME s|"), "\"s\": street");
}

#[test]
fn tables_that_are_being_made() {
    assert_eq!(offered("CREATE TABLE a (b in|"), "\"in\": inet int");
    assert_eq!(offered("CREATE TABLE a (b add|"), "\"add\": address");
    assert_eq!(offered("CREATE TABLE a (b int, \"C\" map<text, int>, PRIMARY KEY (b, |))"), "\"\": \"C\"");
    let made =
        |rest: &str| offered(&format!("CREATE TABLE a (b int, c int, PRIMARY KEY (b, c)) WITH {rest}"));
    assert_eq!(made("CLUSTERING ORDER BY (|"), "\"\": c");
    assert_eq!(made("comment = '' AND com|"), "\"com\": compaction compression compact storage");
    assert_eq!(
        made("compaction = {'class': 'Le|'}"),
        "\"'Le\": 'LeveledCompactionStrategy",
        "the quote is there"
    );
    assert_eq!(
        made("compaction = {'s|': '5', 'class': 'LeveledCompactionStrategy'}"),
        "\"'s\": 'sstable_size_in_mb 'single_sstable_uplevel"
    );
    assert_eq!(made("caching = {'keys': |"), "\"\": 'ALL' 'NONE'");
}

#[test]
fn keyspaces_and_their_data_centres() {
    assert_eq!(
        offered("CREATE KEYSPACE a WITH replication = {'class': '|"),
        "\"'\": 'NetworkTopologyStrategy' 'SimpleStrategy'"
    );
    let replicated = |rest: &str| {
        offered(&format!("ALTER KEYSPACE a WITH replication = {{'class': 'NetworkTopologyStrategy', {rest}"))
    };
    assert_eq!(replicated("|"), "\"\": 'dc1' 'dc2' 'replication_factor'");
    assert_eq!(replicated("'dc1': 3, '|"), "\"'\": 'dc2' 'replication_factor'");
}

#[test]
fn what_is_nested_beyond_reason_offers_nothing_and_breaks_nothing() {
    let deep = format!("SELECT * FROM t WHERE a = {}", "(".repeat(20_000));
    assert!(complete(&deep, deep.len(), &Shop).items.is_empty());
    let long = format!("INSERT INTO orders (id) VALUES ({}", "1, ".repeat(5_000));
    assert!(!complete(&long, long.len(), &Shop).items.is_empty());
}

#[test]
fn nothing_in_strings_and_comments() {
    assert_eq!(offered("SELECT 'or|"), "\"\": ");
    assert_eq!(offered("SELECT 1 -- or|"), "\"\": ");
    assert_eq!(offered("-- or|"), "\"\": ");
    assert_eq!(offered("/* or|"), "\"\": ");
}

/// Names as somebody who wants to be in the cell may give them.
struct Hostile;

const ODD: [&str; 7] = ["v", "v\nDROP TABLE y; --", "two words", "it's", "a;b", "v\u{1b}[2J", "v\u{202e}x"];

impl Names for Hostile {
    fn keyspaces(&self) -> Vec<String> {
        ODD.map(str::to_owned).to_vec()
    }

    fn tables(&self, _: Option<&str>) -> Vec<String> {
        ODD.map(str::to_owned).to_vec()
    }

    fn connections(&self) -> Vec<String> {
        ODD.map(str::to_owned).to_vec()
    }

    fn results(&self) -> Vec<String> {
        ODD.map(str::to_owned).to_vec()
    }

    fn snapshots(&self) -> Vec<String> {
        ODD.map(str::to_owned).to_vec()
    }

    fn traces(&self) -> Vec<(String, String)> {
        ODD.map(|name| (name.to_owned(), format!("SELECT {name}"))).to_vec()
    }

    fn result_columns(&self, _: &str) -> Vec<(String, String)> {
        ODD.map(|name| (name.to_owned(), format!("frozen<{name}>"))).to_vec()
    }
}

/// The cells that come of accepting what is offered, but for what is an option.
fn accepted_of(source: &str) -> Vec<String> {
    let (source, cursor) = at(source);
    let found = complete(&source, cursor, &Hostile);
    let items = found.items.iter().filter(|item| !item.text.starts_with("--"));
    items.map(|item| format!("{}{}{}", &source[..found.start], item.text, &source[found.end..])).collect()
}

#[test]
fn a_name_is_one_word_of_a_magics_line_and_brings_no_other_line() {
    for (source, expected) in [
        (
            "%plot r --x |",
            ["%plot r --x v", "%plot r --x 'two words'", "%plot r --x \"it's\"", "%plot r --x 'a;b'"],
        ),
        (
            "%plot r --x=|",
            ["%plot r --x=v", "%plot r --x='two words'", "%plot r --x=\"it's\"", "%plot r --x='a;b'"],
        ),
        (
            "%show r --columns w,|",
            [
                "%show r --columns w,v",
                "%show r --columns w,'two words'",
                "%show r --columns w,\"it's\"",
                "%show r --columns w,'a;b'",
            ],
        ),
        (
            "%connection delete |",
            [
                "%connection delete v",
                "%connection delete 'two words'",
                "%connection delete \"it's\"",
                "%connection delete 'a;b'",
            ],
        ),
        ("%show |", ["%show v", "%show 'two words'", "%show \"it's\"", "%show 'a;b'"]),
        (
            "%snapshot show |",
            [
                "%snapshot show v",
                "%snapshot show 'two words'",
                "%snapshot show \"it's\"",
                "%snapshot show 'a;b'",
            ],
        ),
        // A keyspace is a name of CQL.
        (
            "%snapshot save --keyspace |",
            [
                "%snapshot save --keyspace v",
                "%snapshot save --keyspace '\"two words\"'",
                r#"%snapshot save --keyspace "\"it's\"""#,
                "%snapshot save --keyspace '\"a;b\"'",
            ],
        ),
    ] {
        let offered = accepted_of(source);
        let is_new = |cell: &String| source.trim_end_matches('|') != cell.as_str();
        assert_eq!(offered.into_iter().filter(is_new).collect::<Vec<_>>(), expected, "{source}");
    }
}

#[test]
fn a_word_in_quotes_is_written_anew() {
    assert_eq!(accepted_of("%plot r --x 'two'|"), ["%plot r --x 'two words'"]);
    assert_eq!(accepted_of("%plot r --x='two w'|"), ["%plot r '--x=two words'"]);
    assert_eq!(accepted_of("%show r --columns 'w,two'|"), ["%show r --columns 'w,two words'"]);
    assert_eq!(accepted_of("%show r --columns 'w','t'|"), ["%show r --columns 'w,two words'"]);
    assert_eq!(accepted_of("%schema \"a;b\".\"two\"|"), ["%schema \"a;b\".\"two words\""]);
    assert!(accepted_of("%schema v.i|").is_empty(), "a table's word is read as it stands, without `'`");
}

#[test]
fn what_cannot_be_seen_is_not_offered_anywhere() {
    let sources = [
        "%connect |",
        "%trace |",
        "%schema |",
        "%schema v.|",
        "SELECT * FROM |",
        "DROP KEYSPACE |",
        "USE |",
        "%plot r --y |",
    ];
    for source in sources {
        let (source, cursor) = at(source);
        let found = complete(&source, cursor, &Hostile);
        assert!(!found.items.is_empty(), "{source}");
        for item in found.items {
            let seen = format!("{}{}", item.text, item.detail);
            assert!(!seen.contains(['\n', '\u{1b}', '\u{202e}']), "{source}: {item:?}");
        }
    }
}

proptest! {
    #[test]
    fn any_cursor_in_any_text_is_fine(
        source in "(%%?[a-z]{0,6} |[;:.'\"$%{}()\\-/*<a-zé\n ]|BEGIN BATCH |SELECT |FROM |DESC |--rows )(\\PC){0,12}",
        cursor in 0_usize..40,
    ) {
        let found = complete(&source, cursor, &Shop);
        prop_assert!(source.get(found.start..found.end).is_some());
        prop_assert!(found.end <= cursor.min(source.len()));
        let _ = crate::inspect::inspect(&source, cursor, &Shop);
    }
}
