//! Completion and inspection at a cursor, written `|`, behind what the cell itself says.

use std::time::{Duration, Instant};

use super::*;
use crate::complete::complete;
use crate::inspect::inspect;

/// A schema of two keyspaces, `shop` in use.
struct Shop;

impl Names for Shop {
    fn current(&self) -> Option<String> {
        Some("shop".to_owned())
    }

    fn keyspaces(&self) -> Vec<String> {
        ["Lab", "shop"].map(str::to_owned).to_vec()
    }

    fn tables(&self, keyspace: Option<&str>) -> Vec<String> {
        match keyspace {
            Some("shop") => vec!["orders".to_owned(), "visits".to_owned()],
            Some("Lab") => vec!["samples".to_owned()],
            _ => Vec::new(),
        }
    }

    fn columns(&self, keyspace: Option<&str>, table: &str) -> Vec<KnownColumn> {
        let columns: &[(&str, &str)] = match (keyspace, table) {
            (Some("shop"), "orders") => {
                &[("id", "int"), ("tags", "set<text>"), ("note", "text"), ("place", "address")]
            }
            (Some("shop"), "visits") => &[("page", "text"), ("n", "counter")],
            (Some("Lab"), "samples") => &[("sample", "int"), ("grams", "double")],
            _ => &[],
        };
        let column = |(place, (name, cql_type)): (usize, &(&str, &str))| KnownColumn {
            name: (*name).to_owned(),
            cql_type: (*cql_type).to_owned(),
            role: (place == 0).then_some(crate::column::KeyRole::Partition),
        };
        columns.iter().enumerate().map(column).collect()
    }

    fn types(&self, keyspace: Option<&str>) -> Vec<String> {
        if keyspace == Some("shop") { vec!["address".to_owned()] } else { Vec::new() }
    }

    fn fields(&self, keyspace: Option<&str>, udt: &str) -> Vec<(String, String)> {
        match (keyspace, udt) {
            (Some("shop"), "address") => vec![("street".to_owned(), "text".to_owned())],
            _ => Vec::new(),
        }
    }
}

/// The first items.
fn offered(cell: &str) -> String {
    let cursor = cell.find('|').expect("a cursor");
    let found = complete(&cell.replacen('|', "", 1), cursor, &Shop);
    found.items.iter().take(7).map(|item| item.text.as_str()).collect::<Vec<_>>().join(" ")
}

/// The first line of what is said.
fn said(cell: &str) -> String {
    let cursor = cell.find('|').expect("a cursor");
    let text = inspect(&cell.replacen('|', "", 1), cursor, &Shop);
    text.map_or("nothing".to_owned(), |text| text.lines().next().unwrap_or_default().to_owned())
}

#[test]
fn the_keyspace_is_the_one_that_the_cell_says() {
    assert_eq!(offered("SELECT * FROM |"), "orders visits \"Lab\" shop");
    assert_eq!(offered("USE \"Lab\";\nSELECT * FROM |"), "samples \"Lab\" shop");
    assert_eq!(
        offered("USE \"Lab\"; SELECT | FROM samples"),
        "sample grams * JSON DISTINCT count( writetime("
    );
    assert_eq!(offered("USE \"Lab\"; USE shop; SELECT * FROM o|"), "orders");
    assert_eq!(offered("%%cql --keyspace Lab --all\nSELECT * FROM |"), "samples \"Lab\" shop");
    assert_eq!(offered("%%cql --keyspace Lab\nUSE shop;\nSELECT * FROM o|"), "orders");
    assert_eq!(offered("%%cql --keyspace Shop\nSELECT * FROM o|"), "orders", "a bare name is in lower case");
    assert_eq!(
        offered("%connect cassandra --host h --keyspace Lab\nSELECT * FROM |"),
        "samples \"Lab\" shop"
    );
    assert_eq!(
        offered("SELECT * FROM |; USE \"Lab\""),
        "orders visits \"Lab\" shop",
        "what is below is not yet"
    );
    assert_eq!(offered("-- USE \"Lab\";\nSELECT * FROM o|"), "orders");
    assert_eq!(
        said("USE \"Lab\";\nSELECT gra|ms FROM samples"),
        "**`grams`** `double`, a column of `samples`."
    );
    assert_eq!(said("%%cql --keyspace Lab\nSELECT * FROM sam|ples"), "**`samples`**");
    assert_eq!(said("SELECT * FROM sam|ples"), "nothing");
}

#[test]
fn a_table_that_the_cell_makes_is_known_below() {
    let made = "CREATE TABLE parts (a int, \"B\" map<text, frozen<list<int>>>, c date, s text STATIC, PRIMARY KEY ((a, \"B\"), c));\n";
    let after = |rest: &str| offered(&format!("{made}{rest}"));
    assert_eq!(after("SELECT * FROM p|"), "parts");
    assert_eq!(after("SELECT * FROM parts WHERE |"), "a \"B\" c s token(");
    assert_eq!(after("SELECT * FROM shop.parts ORDER BY |"), "c");
    assert_eq!(after("UPDATE parts SET |"), "s");
    assert_eq!(after("INSERT INTO parts (a, |"), "\"B\" c s");
    assert_eq!(after("SELECT * FROM \"Lab\".parts WHERE |"), "token(", "of another keyspace");
    assert_eq!(
        said(&format!("{made}SELECT \"B|\" FROM parts")),
        "**`\"B\"`** `map<text, frozen<list<int>>>, partition key`, a column of `parts`."
    );
    assert_eq!(said(&format!("{made}SELECT * FROM par|ts")), "**`parts`**");
    assert_eq!(offered("CREATE TABLE t (a int PRIMARY KEY, b text); UPDATE t SET |"), "b");
    assert_eq!(offered("CREATE TABLE t LIKE orders; UPDATE t SET |"), "tags note place");
    assert_eq!(
        offered("CREATE TABLE IF NOT EXISTS orders (x int PRIMARY KEY); UPDATE orders SET |"),
        "tags note place"
    );
    assert_eq!(
        offered(
            "CREATE MATERIALIZED VIEW v AS SELECT note, id FROM orders WHERE note IS NOT NULL PRIMARY KEY (note, id); SELECT * FROM v WHERE |"
        ),
        "note id token("
    );
}

#[test]
fn what_the_cell_alters_and_drops_is_so_below() {
    assert_eq!(offered("ALTER TABLE orders ADD paid boolean; UPDATE orders SET p|"), "place paid");
    assert_eq!(
        offered("ALTER TABLE orders ADD (paid boolean, x int); UPDATE orders SET |"),
        "tags note place paid x"
    );
    assert_eq!(
        offered("ALTER TABLE orders ADD IF NOT EXISTS a int, b int; UPDATE orders SET |"),
        "tags note place a b"
    );
    assert_eq!(offered("ALTER TABLE shop.orders DROP note; UPDATE orders SET |"), "tags place");
    assert_eq!(offered("ALTER TABLE orders DROP IF EXISTS (note, tags); UPDATE orders SET |"), "place");
    assert_eq!(offered("ALTER TABLE orders RENAME id TO number; SELECT * FROM orders WHERE nu|"), "number");
    assert_eq!(offered("DROP TABLE orders; SELECT * FROM |"), "visits \"Lab\" shop");
    assert_eq!(offered("CREATE KEYSPACE made WITH replication = {'class': 'x'}; USE m|"), "made");
    assert_eq!(offered("DROP KEYSPACE \"Lab\"; USE |"), "shop");
    assert_eq!(
        offered("CREATE INDEX ON orders (note); DROP INDEX |"),
        "orders_note_idx \"Lab\" shop IF EXISTS"
    );
    assert_eq!(
        offered("CREATE CUSTOM INDEX IF NOT EXISTS by_tag ON orders (values(tags)) USING 'x'; DROP INDEX b|"),
        "by_tag"
    );
    assert_eq!(
        said("ALTER TABLE orders ADD paid boolean; SELECT pa|id FROM orders"),
        "**`paid`** `boolean`, a column of `orders`."
    );
}

#[test]
fn types_parameters_and_results_of_the_cell_are_known_below() {
    assert_eq!(offered("CREATE TYPE size (w int, h int); CREATE TABLE t (a si|"), "size");
    assert_eq!(
        offered(
            "CREATE TYPE size (w int, h int); CREATE TABLE t (a int PRIMARY KEY, s frozen<size>); SELECT s.| FROM t"
        ),
        "w h"
    );
    assert_eq!(offered("ALTER TYPE address ADD zip text; SELECT place.| FROM orders"), "street zip");
    assert_eq!(offered("ALTER TYPE address RENAME street TO road; SELECT place.| FROM orders"), "road");
    assert_eq!(offered("DROP TYPE address; ALTER TYPE |"), "\"Lab\" shop IF EXISTS");
    assert_eq!(offered("%param day = '2026-01-01'\nSELECT * FROM orders WHERE id = :d|"), ":day");
    assert_eq!(offered("kept << SELECT * FROM orders;\n%show k|"), "kept");
}

#[test]
fn only_what_can_be_added_to_is_offered_a_sign() {
    assert_eq!(offered("UPDATE orders SET tags = tags |"), "+ -");
    assert_eq!(offered("UPDATE orders SET tags |"), "= += -=");
    assert_eq!(offered("UPDATE orders SET tags = tags + |"), "{");
    assert_eq!(offered("UPDATE visits SET n = n |"), "+ -");
    assert_eq!(offered("UPDATE visits SET n += |"), "");
    assert_eq!(offered("UPDATE orders SET note = note |"), "");
    assert_eq!(offered("UPDATE orders SET note |"), "=");
    assert_eq!(offered("UPDATE orders SET tags = note |"), "");
}

#[test]
fn a_condition_is_offered_only_where_the_server_takes_it() {
    assert_eq!(offered("SELECT * FROM orders WHERE note |"), "= < <= > >= IN LIKE");
    assert_eq!(
        offered("SELECT * FROM orders WHERE tags |"),
        "CONTAINS",
        "the server compares no set that is not frozen"
    );
    assert_eq!(offered("SELECT * FROM orders WHERE place |"), "", "nor a type of fields");
    assert_eq!(offered("DELETE FROM orders WHERE id |"), "= < <= > >= IN");
    assert_eq!(offered("UPDATE orders SET note = 'a' WHERE id |"), "= IN");
    assert_eq!(offered("DELETE FROM orders WHERE |"), "id");
    assert_eq!(offered("DELETE FROM orders WHERE id = 1 IF tags |"), "= != < <= > >= IN");
}

#[test]
fn a_map_that_needs_entries_is_not_closed_at_once() {
    let created = |rest: &str| offered(&format!("CREATE TABLE t (a int PRIMARY KEY) WITH {rest}"));
    assert_eq!(offered("CREATE KEYSPACE k WITH replication={|"), "'class' 'replication_factor'");
    assert_eq!(
        offered("ALTER KEYSPACE shop WITH durable_writes = true AND replication = {|"),
        "'class' 'replication_factor'"
    );
    assert_eq!(created("extensions = {|"), "}");
    assert!(!created("compression = {'|").contains("crc"));
    assert_eq!(created("crc|"), "crc_check_chance");
}

#[test]
fn each_strategy_has_its_own_options() {
    let of = |class: &str, typed: &str| {
        offered(&format!(
            "CREATE TABLE t (a int PRIMARY KEY) WITH compaction = {{'class': '{class}', '{typed}|"
        ))
    };
    for class in ["SizeTieredCompactionStrategy", "LeveledCompactionStrategy", "TimeWindowCompactionStrategy"]
    {
        assert_eq!(of(class, "m").split(' ').next(), Some("'min_threshold'"), "{class}");
    }
    assert_eq!(of("UnifiedCompactionStrategy", "m"), "'min_sstable_size' 'max_sstables_to_compact'");
    assert_eq!(of("UnifiedCompactionStrategy", "s"), "'scaling_parameters' 'sstable_growth'");
    assert_eq!(of("SizeTieredCompactionStrategy", "s"), "");
}

#[test]
fn a_cell_of_a_megabyte_is_answered_soon() {
    let numbers = (0..150_000).map(|n| n.to_string()).collect::<Vec<_>>().join(", ");
    let cells = [
        format!("SELECT * FROM orders WHERE id IN ({numbers}, 1|) AND note = 'a'"),
        format!("SELECT no|te FROM orders WHERE id IN ({numbers})"),
        format!(
            "{}\nSELECT no|te FROM orders",
            "INSERT INTO orders (id, note) VALUES (1, 'a');\n".repeat(22_000)
        ),
        format!("{}\nSELECT no|te FROM orders", "ALTER TABLE orders ADD a int, b int;\n".repeat(28_000)),
        format!(
            "{}SELECT * FROM t9|",
            (0..25_000).map(|n| format!("CREATE TABLE t{n} (a int PRIMARY KEY);\n")).collect::<String>()
        ),
        format!("SELECT * FROM orders WHERE {} note| = 'a'", "id = 1 AND ".repeat(95_000)),
        format!("INSERT INTO orders (id, tags) VALUES (1, {{{}}}|)", "[(1, 2), 3], ".repeat(77_000)),
    ];
    for cell in cells {
        let cursor = cell.find('|').expect("a cursor");
        let source = cell.replacen('|', "", 1);
        let start = Instant::now();
        let _ = complete(&source, cursor, &Shop);
        let _ = inspect(&source, cursor, &Shop);
        assert!(start.elapsed() < Duration::from_secs(10), "{:?} for {}…", start.elapsed(), &cell[..60]);
    }
}
