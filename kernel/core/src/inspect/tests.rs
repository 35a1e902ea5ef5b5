//! What is said at a cursor, written `|`.

use super::*;
use crate::complete::{KnownColumn, complete};

struct Shop;

impl Names for Shop {
    fn keyspaces(&self) -> Vec<String> {
        ["shop", "Shop 2", "system"].map(str::to_owned).to_vec()
    }

    fn tables(&self, keyspace: Option<&str>) -> Vec<String> {
        match keyspace {
            None | Some("shop") => ["orders", "order", "Ord 2"].map(str::to_owned).to_vec(),
            _ => Vec::new(),
        }
    }

    fn connections(&self) -> Vec<String> {
        vec!["demo".to_owned(), "the demo".to_owned()]
    }

    fn results(&self) -> Vec<String> {
        vec!["_".to_owned(), "day1".to_owned()]
    }

    fn columns(&self, _: Option<&str>, table: &str) -> Vec<KnownColumn> {
        let column = |name: &str, cql_type: &str| KnownColumn {
            name: name.to_owned(),
            cql_type: cql_type.to_owned(),
            role: None,
        };
        match table {
            "orders" => vec![column("id", "int"), column("Total", "decimal")],
            _ => Vec::new(),
        }
    }
}

/// The first line of what is said.
fn said(source: &str) -> String {
    let cursor = source.find('|').expect("a cursor");
    let text = inspect(&source.replacen('|', "", 1), cursor, &Shop);
    text.map_or("nothing".to_owned(), |text| text.lines().next().unwrap_or_default().to_owned())
}

#[test]
fn the_thing_under_the_cursor_is_explained() {
    assert_eq!(said("SELECT 1;\n%sh|ow _ --rows 5"), "**`%show`** Draws a kept result again.");
    assert_eq!(said("%show _ --ro|ws 5"), "**`--rows N`** Rows drawn.");
    assert_eq!(said("%set pa|ge_size 5"), "**`%set page_size ROWS`** Rows asked of the server at a time.");
    assert_eq!(said("%%cql --a|ll\nSELECT 1"), "**`--all`** Brings all rows: `fetch_rows` does not count.");
    assert_eq!(said("%%c|ql\nSELECT 1"), "**`%%cql`** Runs the cell with settings of its own.");
    assert_eq!(
        said("PAG|ING 5"),
        "**`PAGING`** Shows paging, turns it on or off, or sets the rows asked of the server at a time."
    );
    assert_eq!(said("DESCRIBE ord|ers"), "**`orders`**");
    assert_eq!(said("SELECT id FROM ord|ers"), "**`orders`**");
    assert_eq!(said("SELECT \"Tot|al\" FROM orders"), "**`\"Total\"`** `decimal`, a column of `orders`.");
    assert_eq!(
        said("%%cql\nTRUN|CATE orders"),
        "**`TRUNCATE [TABLE] [ks.]table`** Removes all rows of a table."
    );
    assert_eq!(said("CREATE TABLE t (a tinyint|)"), "**`tinyint`** An 8-bit integer.");
    assert_eq!(said("SELECT 'int|' FROM t"), "nothing");
    assert_eq!(said("SELECT nothing| FROM t"), "nothing");
    assert_eq!(said("%noth|ing"), "nothing");
    assert_eq!(said("|"), "nothing");
}

#[test]
fn every_type_that_is_offered_is_explained() {
    for name in crate::cql::keywords::TYPES {
        assert!(word(name).is_some(), "{name}");
    }
}

/// Places where something is offered, the cursor written `|`.
const PLACES: &[&str] = &[
    "|",
    "%|",
    "%%|",
    "%connect |",
    "%connect d|",
    "%connect astra |",
    "%connect astra --|",
    "%connection test |",
    "%set |",
    "%set trace |",
    "%set consistency |",
    "%show |",
    "%show _ |",
    "%plot _ --kind |",
    "%plot _ --kind=|",
    "%schema shop.|",
    "%snapshot |",
    "%help |",
    "%%cql |",
    "%%cql --consistency |",
    "%%cql --keyspace |",
    "%%cql --all\n|",
    "CONSISTENCY |",
    "SERIAL CONSISTENCY |",
    "TRACING |",
    "DESCRIBE |",
    "DESC TABLE |",
    "SHOW |",
    "HELP |",
    "USE |",
    "SELECT |",
    "SELECT | FROM orders",
    "SELECT * FROM |",
    "SELECT * FROM shop.|",
    "SELECT * FROM \"|",
    "SELECT * FROM orders WHERE |",
    "INSERT INTO orders |",
    "INSERT INTO orders (|",
    "UPDATE orders |",
    "UPDATE orders SET |",
    "DELETE |",
    "BEGIN |",
    "BEGIN BATCH |",
    "BEGIN BATCH INSERT INTO orders (id) VALUES (1); |",
    "CREATE |",
    "CREATE TABLE a (b |",
    "ALTER |",
    "DROP |",
    "GRANT |",
    "REVOKE |",
    "LIST |",
    "TRUNCATE |",
    "x << |",
    "SELECT 1; |",
    "-- é 😀\nSELECT * FROM |",
];

#[test]
fn every_candidate_has_an_answer_in_place_and_as_jupyterlab_asks() {
    let mut offered = 0;
    for place in PLACES {
        let cursor = place.find('|').expect("a cursor");
        let source = place.replacen('|', "", 1);
        for item in complete(&source, cursor, &Shop).items {
            let start = complete(&source, cursor, &Shop).start;
            let until = format!("{}{}", &source[..start], item.text);
            let whole = format!("{until}{}", &source[cursor..]);
            // JupyterLab asks about the source up to the candidate, with a cursor that lies beyond its end.
            for (asked, at) in [(&whole, until.len()), (&until, until.len() + (cursor - start))] {
                let answer = inspect(asked, at, &Shop);
                assert!(
                    answer.is_some_and(|text| !text.trim().is_empty()),
                    "{place}: {:?} of {asked:?}",
                    item.text
                );
            }
            offered += 1;
        }
    }
    assert!(offered > 500, "only {offered} candidates were offered");
}

#[test]
fn candidates_are_explained_by_what_they_are() {
    assert_eq!(said("%set trace on|"), "**`on`** A value of `trace`.");
    assert_eq!(said("%%cql --consistency QUORUM|"), "**`QUORUM`** A value of `consistency`.");
    assert_eq!(said("USE shop|"), "**`shop`** A keyspace.");
    assert_eq!(said("SELECT Id|"), "**`id`** `int`, a column of `orders`.");
    assert_eq!(
        said("SELECT a FROM t WHERE b CONTAINS KEY|"),
        "**`map CONTAINS KEY key`** Rows whose map has the key. It needs an index on the map's keys."
    );
    assert_eq!(
        said("DESCRIBE TABLES|"),
        "**`DESCRIBE`** Shows the CQL that makes a keyspace, table or other part of the schema, or lists them."
    );
    assert_eq!(
        said("BEGIN BATCH INSERT INTO a (b) VALUES (1); APPLY BATCH|"),
        "**`BEGIN [UNLOGGED|COUNTER] BATCH statements; … APPLY BATCH;`** Sends writes as one. A logged batch is applied as a whole or not at all."
    );
}
