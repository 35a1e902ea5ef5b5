//! Statements that the server refuses: where in the cell, the nearest names, quotes, keys and indexes.

use std::time::{Duration, Instant};

use insta::assert_snapshot;

use super::kept::Case;

async fn with_flights() -> Case {
    let mut case = Case::connected().await;
    case.notebook
        .ok("CREATE TABLE flights (day date, id int, \"Delay\" int, origin text, PRIMARY KEY (day, id))")
        .await;
    // A busy cluster agrees on its schema late, and names are suggested from the schema.
    let deadline = Instant::now() + Duration::from_secs(30);
    while case.notebook.run("DESCRIBE TABLE flights").await.status() != "ok" {
        assert!(Instant::now() < deadline, "the table was made and is not in the schema");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    case
}

#[tokio::test]
async fn a_syntax_error_points_at_its_token() {
    let mut case = Case::connected().await;
    assert_snapshot!(case.told("SELECT key\nFRM system.local").await, @"
    SYNTAX_ERROR: The statement does not parse at `FRM`.
    The server could not read on at the marked place.

    In line 2, column 1:
    2 | FRM system.local
      | ^^^

    → Did you mean `FROM`?
    → Look there for a missing comma, quote or keyword, or a name that needs double quotes.

    The server said:
        line 2:0 no viable alternative at input 'FRM' (SELECT [key]FRM...)
    ");
    assert_snapshot!(case.told("SELECT key FROM system.local;\nSELEC 1;").await, @"
    SYNTAX_ERROR: The statement does not parse at `SELEC`.
    The server could not read on at the marked place.

    In statement 2 of 2, line 2, column 1:
    2 | SELEC 1;
      | ^^^^^

    → Did you mean `SELECT`?
    → Look there for a missing comma, quote or keyword, or a name that needs double quotes.

    The server said:
        line 1:0 no viable alternative at input 'SELEC' ([SELEC]...)
    ");
    assert_snapshot!(case.told("SELECT key FROM system.local\n%connections").await, @"
    SYNTAX_ERROR: The statement does not parse: mismatched input '%' expecting EOF.
    The statement runs on into the line of a magic, because the `;` before that line is missing.

    In line 2, column 1:
    2 | %connections
      | ^

    → End the statement with `;`.

    The server said:
        line 2:0 mismatched input '%' expecting EOF (SELECT key FROM system.local[%]...)
    ");
}

#[tokio::test]
async fn a_name_that_is_nearly_right_is_named() {
    let mut case = with_flights().await;
    assert_snapshot!(case.told("SELECT * FROM flihgts").await, @"
    INVALID_QUERY: table flihgts does not exist.
    The statement parses, but it does not fit the schema or the server's rules.

    In line 1, column 15:
    1 | SELECT * FROM flihgts
      |               ^^^^^^^

    → Did you mean `flights`?
    ");
    assert_snapshot!(case.told("SELECT delay FROM flights").await, @r#"
    INVALID_QUERY: Undefined column name delay in table KEYSPACE.flights.
    The statement parses, but it does not fit the schema or the server's rules.

    In line 1, column 8:
    1 | SELECT delay FROM flights
      |        ^^^^^

    → Did you mean `"Delay"`? Names with capitals need double quotes.
    "#);
    assert_snapshot!(case.told("SELECT * FROM systm.local").await, @"
    INVALID_QUERY: keyspace systm does not exist.
    The statement parses, but it does not fit the schema or the server's rules.

    In line 1, column 15:
    1 | SELECT * FROM systm.local
      |               ^^^^^

    → Did you mean `system`?
    ");
    assert_snapshot!(case.told("USE nowhere").await, @"
    INVALID_QUERY: Keyspace 'nowhere' does not exist.
    The statement parses, but it does not fit the schema or the server's rules.

    In line 1, column 5:
    1 | USE nowhere
      |     ^^^^^^^

    → `DESCRIBE KEYSPACES` lists what there is. Names that were created in quotes keep their case.
    ");
    assert_snapshot!(case.told("SELECT * FROM something_else").await, @"
    INVALID_QUERY: table something_else does not exist.
    The statement parses, but it does not fit the schema or the server's rules.

    In line 1, column 15:
    1 | SELECT * FROM something_else
      |               ^^^^^^^^^^^^^^

    → `DESCRIBE TABLES` lists what there is. Names that were created in quotes keep their case.
    ");
}

#[tokio::test]
async fn a_filter_that_the_key_does_not_serve_is_led_to_key_or_index() {
    let mut case = with_flights().await;
    assert_snapshot!(case.told("SELECT * FROM flights WHERE origin = 'JFK'").await, @"
    INVALID_QUERY: Cannot execute this query as it might involve data filtering and thus may have unpredictable performance. If you want to execute this query despite the performance unpredictability, use ALLOW FILTERING.
    The conditions do not name the whole partition key, so the server would have to read and discard rows.

    → `flights` has the partition key (day) and the clustering columns (id). Name the whole partition key with `=` or `IN`.
    → Or make an index: `CREATE INDEX ON flights (origin) USING 'sai'`
    ");
}

#[tokio::test]
async fn no_keyspace_in_use() {
    let mut case = Case::open().await;
    case.notebook.ok("%connect astra --no-save").await;
    assert_snapshot!(case.told("SELECT * FROM flights").await, @"
    INVALID_QUERY: No keyspace has been specified. USE a keyspace, or explicitly specify keyspace.tablename.
    A table was named without its keyspace, and none is in use.

    → `USE keyspace;`, or name it: `keyspace.table`.
    ");
}

#[tokio::test]
async fn what_is_there_already_and_what_is_configured_wrongly() {
    let mut case = with_flights().await;
    assert_snapshot!(case.told("CREATE TABLE flights (id int PRIMARY KEY)").await, @r#"
    ALREADY_EXISTS: The table `KEYSPACE.flights` exists already.
    It was made before, perhaps by another notebook.

    → Add `IF NOT EXISTS` to leave it as it is.

    The server said:
        Cannot add already existing table "flights" to keyspace "KEYSPACE"
    "#);
    assert_snapshot!(case.told("CREATE INDEX ON flights (origin) USING 'nothing'").await, @"
    CONFIG_ERROR: The server refused a setting of the statement.
    An option or a replication setting has a value that is not allowed.

    In line 1, column 40:
    1 | CREATE INDEX ON flights (origin) USING 'nothing'
      |                                        ^^^^^^^^^

    → The server's words below name it. `DESCRIBE` of a table or keyspace that works shows how it is written.

    The server said:
        Unable to find custom indexer class 'nothing'
    ");
    assert_snapshot!(case.told("CREATE TABLE u (id int PRIMARY KEY) WITH gc_grace_seconds = -1").await, @"
    CONFIG_ERROR: The server refused a setting of the statement.
    An option or a replication setting has a value that is not allowed.

    → The server's words below name it. `DESCRIBE` of a table or keyspace that works shows how it is written.

    The server said:
        gc_grace_seconds must be greater than or equal to 0 (got -1)
    ");
}

#[tokio::test]
async fn values_that_do_not_fit() {
    let mut case = with_flights().await;
    assert_snapshot!(case.told("INSERT INTO flights (day, id) VALUES ('today', 1)").await, @"
    INVALID_QUERY: Unable to coerce 'today' to a formatted date (long).
    The statement parses, but it does not fit the schema or the server's rules.

    In line 1, column 39:
    1 | INSERT INTO flights (day, id) VALUES ('today', 1)
      |                                       ^^^^^^^

    → `DESCRIBE TABLE flights` shows its columns and key.
    ");
    assert_snapshot!(case.told("INSERT INTO flights (day) VALUES ('2013-01-01')").await, @"
    INVALID_QUERY: Some clustering keys are missing: id.
    The statement parses, but it does not fit the schema or the server's rules.

    → `DESCRIBE TABLE flights` shows its columns and key.
    ");
    assert_snapshot!(case.told("SELECT * FROM flights WHERE day = :when").await, @"
    INVALID_QUERY: The bind variable `:when` has no value.
    A name with a colon stands for a value, and none was set in this session.

    In line 1, column 35:
    1 | SELECT * FROM flights WHERE day = :when
      |                                   ^^^^^

    → `%param when = VALUE`, with the value as a CQL literal.
    ");
}
