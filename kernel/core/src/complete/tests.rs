//! Completion at a cursor, written `|`.

use proptest::prelude::*;

use super::*;

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

    fn columns(&self, _: Option<&str>, table: &str) -> Vec<(String, String)> {
        match table {
            "orders" => ["id", "day", "Total"].map(|name| (name.to_owned(), "int".to_owned())).to_vec(),
            _ => Vec::new(),
        }
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
    assert_eq!(offered("%plot _ --kind b|"), "\"b\": bar");
    assert_eq!(offered("%set t|"), "\"t\": timeout timezone trace");
    assert_eq!(offered("%set trace |"), "\"\": on off");
    assert_eq!(offered("%schema shop.o|"), "\"o\": orders \"order\" \"Orders\"");
    assert_eq!(offered("%%cql --consistency LOCAL_Q|"), "\"LOCAL_Q\": LOCAL_QUORUM");
    assert_eq!(offered("%help conn|"), "\"conn\": connect connections connection");
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
    assert_eq!(offered("CREATE T|"), "\"T\": TABLE TYPE text time timestamp timeuuid tinyint tuple");
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
    assert_eq!(
        offered("SELECT | FROM orders; SELECT 1"),
        "\"\": id day \"Total\" FROM WHERE AND IN CONTAINS"
    );
    assert_eq!(offered("SELECT * FROM orders WHERE d|"), "\"d\": day desc distinct");
    assert_eq!(
        offered("BEGIN BATCH UPDATE a SET b = 1 WHERE c = 1; UPDATE orders SET |"),
        "\"\": id day \"Total\" SET WHERE AND IN IF"
    );
}

#[test]
fn nothing_in_strings_and_comments() {
    assert_eq!(offered("SELECT 'or|"), "\"\": ");
    assert_eq!(offered("SELECT 1 -- or|"), "\"\": ");
    assert_eq!(offered("-- or|"), "\"\": ");
    assert_eq!(offered("/* or|"), "\"\": ");
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
