//! What is said at a cursor, written `|`.

use super::*;

struct Shop;

impl Names for Shop {
    fn columns(&self, _: Option<&str>, table: &str) -> Vec<(String, String)> {
        match table {
            "orders" => vec![("id".to_owned(), "int".to_owned()), ("Total".to_owned(), "decimal".to_owned())],
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
