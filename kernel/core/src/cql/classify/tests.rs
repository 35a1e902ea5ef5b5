//! What statements are, told from their text.

use insta::assert_snapshot;

use super::*;
use crate::cell::Idempotence;
use crate::cql::lexer::lex;

/// The kind and the table, one line a statement.
fn kinds(texts: &[&str]) -> String {
    let line = |text: &&str| {
        let statement = Statement::new(text);
        let table =
            statement.table().map(|(keyspace, table)| format!(" on {}:{table}", keyspace.unwrap_or("-")));
        let kind = match &statement.kind {
            StatementKind::Create(object) => format!("Create {}", of(object)),
            StatementKind::Alter(object) => format!("Alter {}", of(object)),
            StatementKind::Drop(object) => format!("Drop {}", of(object)),
            StatementKind::Select(_) => "Select".to_owned(),
            StatementKind::Delete(_) => "Delete".to_owned(),
            kind => format!("{kind:?}"),
        };
        kind + &table.unwrap_or_default()
    };
    texts.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn of(object: &Object) -> String {
    let name = object.name.as_ref().map_or("-".to_owned(), |name| {
        name.keyspace.as_ref().map_or(name.name.clone(), |keyspace| format!("{keyspace}.{}", name.name))
    });
    format!("{:?} {name}", object.kind)
}

#[test]
fn reads_and_writes_with_their_tables() {
    assert_snapshot!(kinds(&[
        "select * from Ks . T where a = 1",
        "SELECT a, count(*) FROM \"My\"\"T\"",
        "/* x */ INSERT INTO ks.\"T\" (a) VALUES (1) ;",
        "INSERT INTO t JSON '{}'",
        "UPDATE t USING TTL 5 SET a = 1",
        "DELETE a, m['from'] FROM t WHERE k = 1",
        "TRUNCATE TABLE ks.t",
        "truncate t",
        "USE \"Shop\"",
        "BEGIN BATCH INSERT INTO t (a) VALUES (1); APPLY BATCH",
        "BEGIN UNLOGGED BATCH APPLY BATCH",
        "BEGIN COUNTER BATCH APPLY BATCH",
        "BEGIN TRANSACTION COMMIT TRANSACTION",
        "LIST ROLES",
        "GRANT SELECT ON t TO r",
        "REVOKE SELECT ON t FROM r",
        "DESC TABLES",
        "SELEKT 1",
        "(1)",
        "-- nothing",
    ]), @r#"
    Select on ks:t
    Select on -:My"T
    Insert on ks:T
    Insert on -:t
    Update on -:t
    Delete on -:t
    Truncate on ks:t
    Truncate on -:t
    Use("Shop")
    Batch(Logged)
    Batch(Unlogged)
    Batch(Counter)
    Transaction
    List
    Grant
    Revoke
    Describe
    Other
    Other
    Empty
    "#);
}

#[test]
fn schema_statements_with_their_objects() {
    assert_snapshot!(kinds(&[
        "CREATE KEYSPACE IF NOT EXISTS shop WITH replication = {}",
        "ALTER SCHEMA shop WITH durable_writes = true",
        "CREATE TABLE shop.orders (id int PRIMARY KEY)",
        "DROP TABLE IF EXISTS orders",
        "CREATE CUSTOM INDEX by_day ON shop.orders (day) USING 'StorageAttachedIndex'",
        "CREATE INDEX ON orders (day)",
        "DROP INDEX shop.by_day",
        "CREATE MATERIALIZED VIEW v AS SELECT * FROM t",
        "CREATE OR REPLACE FUNCTION shop.f(x int) RETURNS NULL ON NULL INPUT RETURNS int LANGUAGE java AS $$1$$",
        "DROP AGGREGATE a",
        "CREATE TYPE address (street text)",
        "CREATE TRIGGER tr ON shop.orders USING 'x'",
        "CREATE ROLE 'Ann' WITH PASSWORD = 'x'",
        "DROP USER ann",
        "DROP IDENTITY 'x'",
    ]), @"
    Create Keyspace shop
    Alter Keyspace shop
    Create Table shop.orders on shop:orders
    Drop Table orders on -:orders
    Create Index by_day on shop:orders
    Create Index - on -:orders
    Drop Index shop.by_day
    Create MaterializedView v
    Create Function shop.f
    Drop Aggregate a
    Create Type address
    Create Trigger tr on shop:orders
    Create Role Ann
    Drop User ann
    Drop Other -
    ");
    assert!(Statement::new("DROP TYPE t").is_schema_change());
    assert!(!Statement::new("CREATE ROLE r").is_schema_change());
    assert!(Statement::new("DROP KEYSPACE k").changes_keyspaces());
    assert!(!Statement::new("DROP TABLE k.t").changes_keyspaces());
}

#[test]
fn what_a_select_tells() {
    let select = |text: &str| match Statement::new(text).kind {
        StatementKind::Select(select) => select,
        kind => panic!("{kind:?}"),
    };
    assert_eq!(select("SELECT json, distinct FROM t"), Select::default());
    assert_eq!(select("SELECT json FROM t"), Select::default());
    let all = Select {
        json: true,
        distinct: true,
        filtered: true,
        limited: true,
        grouped: true,
        ordered: true,
        allow_filtering: true,
        calls_functions: true,
        aggregates: true,
        limit: None,
        by_similarity: false,
        restrictions: vec![Restriction { column: "a".to_owned(), relation: Relation::Equal }],
    };
    let text = "SELECT JSON DISTINCT max(a) FROM t WHERE a = 1 GROUP BY a ORDER BY b PER PARTITION LIMIT 1 ALLOW FILTERING";
    assert_eq!(select(text), all);
    let restrictions = vec![Restriction { column: "b".to_owned(), relation: Relation::In }];
    assert_eq!(
        select("SELECT (int) a FROM t WHERE b IN (1)"),
        Select { filtered: true, restrictions, ..Select::default() }
    );
    let many = select("SELECT writetime(a) FROM t PER PARTITION LIMIT 2 LIMIT 70");
    assert_eq!((many.limit, many.calls_functions, many.aggregates), (Some(70), true, false));
    assert_eq!(select("SELECT a FROM t PER PARTITION LIMIT 2").limit, None);
    assert!(select("SELECT a FROM t ORDER BY v ANN OF [1, 2] LIMIT 3").by_similarity);
    assert_eq!(select("SELECT a AS \"limit\" FROM t"), Select::default());
}

#[test]
fn what_a_where_asks_of_columns() {
    let asked = |text: &str| {
        let StatementKind::Select(select) = Statement::new(text).kind else { panic!("{text}") };
        let one = |one: &Restriction| format!("{} {:?}", one.column, one.relation);
        select.restrictions.iter().map(one).collect::<Vec<_>>().join(", ")
    };
    insta::assert_snapshot!(
        asked("SELECT a FROM t WHERE a = 1 AND \"B\" IN (1, 2) AND c > 3 AND d BETWEEN 1 AND 2 AND e CONTAINS 'x' AND f CONTAINS KEY 'y' AND g['k'] = 1 AND h LIKE '%x' AND i != 4 AND j NOT IN (1) LIMIT 5"),
        @"a Equal, B In, c Range, d Range, e Contains, f ContainsKey, g Element, h Like, i Other, j Other"
    );
    insta::assert_snapshot!(asked("SELECT a FROM t WHERE token(a, b) > 5 AND (c, d) >= (1, 2) AND per = 1 AND group = 2 GROUP BY a PER PARTITION LIMIT 1"),
        @"a Token, b Token, c Range, d Range, per Equal, group Equal");
    assert_eq!(asked("SELECT a FROM t"), "");
}

#[test]
fn deletes_of_a_batch_are_found() {
    let found = |text: &str| {
        let statement = Statement::new(text);
        let one = |(delete, table): (&Delete, Option<&TableName>)| {
            format!("{} {}", table.map_or("?", |table| &table.name), delete.where_columns.join("+"))
        };
        statement.deletes().into_iter().map(one).collect::<Vec<_>>().join(", ")
    };
    let batch = "BEGIN BATCH USING TIMESTAMP 5 DELETE FROM ks.a WHERE k = 1; INSERT INTO b (k) VALUES ('DELETE') \
                 DELETE v FROM c WHERE k = 1 AND c = 2 APPLY BATCH";
    assert_eq!(found(batch), "a k, c k+c");
    assert_eq!(
        found("BEGIN TRANSACTION IF x.v = 1 THEN DELETE FROM t WHERE k = 1; END IF COMMIT TRANSACTION"),
        "t k"
    );
    assert_eq!(found("DELETE FROM t WHERE k = 1"), "t k");
    assert_eq!(found("UPDATE t SET v = 1 WHERE k = 1"), "");
}

#[test]
fn which_deletes_take_whole_partitions() {
    let whole = |text: &str| match Statement::new(text).kind {
        StatementKind::Delete(delete) => delete.is_whole_partition(&["day", "Hour"]),
        kind => panic!("{kind:?}"),
    };
    assert!(whole("DELETE FROM t WHERE day = 1 AND \"Hour\" = 2"));
    assert!(whole("DELETE FROM t USING TIMESTAMP 5 WHERE DAY IN (1, 2) AND \"Hour\" = 2 IF EXISTS"));
    assert!(whole("DELETE FROM t WHERE (day, \"Hour\") = (1, 2)"));
    assert!(!whole("DELETE FROM t WHERE day = 1 AND \"Hour\" = 2 AND dep > 5"));
    assert!(!whole("DELETE FROM t WHERE day = 1 AND hour = 2"));
    assert!(!whole("DELETE note FROM t WHERE day = 1 AND \"Hour\" = 2"));
}

#[test]
fn the_columns_that_a_delete_restricts() {
    let columns = |text: &str| match Statement::new(text).kind {
        StatementKind::Delete(delete) => (delete.where_columns.join(" "), delete.conditional),
        kind => panic!("{kind:?}"),
    };
    let text = "DELETE FROM t WHERE a = {x AND y} AND b BETWEEN 1 AND 5 AND (c, d) > (1, 2) AND token(e) = 1 AND a < 3 IF f = 1 AND g = 2";
    assert_eq!(columns(text), ("a b c d e".to_owned(), true));
    assert_eq!(columns("DELETE FROM t"), (String::new(), false));
}

#[test]
fn only_what_is_surely_the_same_twice_may_be_repeated() {
    let same = [
        "SELECT now() FROM t",
        "INSERT INTO ks.t (a, b) VALUES (-1, [1, -2.5])",
        "INSERT INTO values_of (a) VALUES (toDate('2013-01-01'))",
        "INSERT INTO t JSON '{\"a\": \"now()\"}' -- now() + 1",
        "INSERT INTO t (a, b) VALUES (textAsBlob('x'), :day) USING TTL 5",
        "UPDATE t SET a = {'k': -1}, b = CAST(1 AS int) WHERE k IN (1, 2) AND (c, d) = (1, 2)",
        "DELETE a FROM t WHERE k = 1",
        "BEGIN BATCH INSERT INTO t (a) VALUES (1); UPDATE t SET a = 1 WHERE k = 1; APPLY BATCH",
        "LIST ROLES",
    ];
    let not_surely = [
        "INSERT INTO t (a) VALUES (1) IF NOT EXISTS",
        "INSERT INTO t (a) VALUES (now())",
        "INSERT INTO t (a) VALUES (toTimestamp(now()))",
        "INSERT INTO t (a) VALUES (uuid ())",
        "INSERT INTO t (a) VALUES (\"MyFunction\"(1))",
        "INSERT INTO t (a) VALUES (ks.toDate(1))",
        "INSERT INTO t (a) VALUES (blobAsMine(0x00))",
        "INSERT INTO t (a) VALUES (currentTimestamp())",
        "UPDATE t SET l = l + :more WHERE k = 1",
        "UPDATE t SET l -= ['a'] WHERE k = 1",
        "UPDATE t SET c = :n + c WHERE k = 1",
        "DELETE FROM t WHERE k = 1 IF EXISTS",
        "BEGIN UNLOGGED BATCH UPDATE t SET l = l + ['a'] WHERE k = 1; APPLY BATCH",
        "BEGIN BATCH UPDATE t SET a = 1 WHERE k = 1 IF a = 2; APPLY BATCH",
        "GRANT SELECT ON t TO r",
        "ALTER TABLE t ADD b int",
        "DROP TABLE IF EXISTS t",
        "INSERT INTO t (a) VALUES (5 - 1)",
        "UPDATE t SET c = c + 1 WHERE k = 1",
        "UPDATE t SET c = c - 1 WHERE k = 1",
        "UPDATE t SET c = c -1 WHERE k = 1",
        "UPDATE t SET c = c-1 WHERE k = 1",
        "UPDATE t SET c += 1 WHERE k = 1",
        "UPDATE t SET l = [1] + l WHERE k = 1",
        "UPDATE t SET l[0] = 1 WHERE k = 1",
        "UPDATE t SET a = 1 WHERE k = 1 IF a = 2",
        "DELETE l[0] FROM t WHERE k = 1",
        "BEGIN BATCH INSERT INTO t (a) VALUES (1); INSERT INTO t (a) VALUES (uuid()); APPLY BATCH",
        "BEGIN COUNTER BATCH APPLY BATCH",
        "BEGIN TRANSACTION COMMIT TRANSACTION",
        "TRUNCATE t",
        "CREATE TABLE t (a int PRIMARY KEY)",
    ];
    let idempotence = |text: &str, lists: bool| Statement::new(text).idempotence(|_| lists);
    for text in same {
        assert!(idempotence(text, false).may_repeat(), "{text}");
        let writes = !matches!(
            Statement::new(text).kind,
            StatementKind::Select(_) | StatementKind::Use(_) | StatementKind::List
        );
        assert_eq!(idempotence(text, false).writes(), writes, "{text}");
    }
    for text in not_surely {
        assert_eq!(idempotence(text, false), Idempotence::AtMostOnce, "{text}");
    }
    // A whole list that is sent again may be doubled: the time that deletes the old one may be an earlier one.
    for text in [
        "INSERT INTO ks.t (a, l) VALUES (1, ['x'])",
        "INSERT INTO ks.t (a, l) VALUES (1, ['x']) USING TIMESTAMP 5",
        "UPDATE ks.t SET l = ['x'] WHERE k = 1",
        "UPDATE ks.t SET l = :l WHERE k = 1",
        "INSERT INTO ks.t (a, l) VALUES (?, ?)",
        "INSERT INTO ks.t JSON '{\"l\": [1]}'",
        "INSERT INTO ks.t JSON :all",
        "INSERT INTO ks.t (a, l) VALUES (1, fromJson('[1]'))",
        "BEGIN BATCH DELETE FROM u WHERE k = 1; UPDATE ks.t SET l = [1] WHERE k = 1; APPLY BATCH",
    ] {
        assert_eq!(idempotence(text, true), Idempotence::AtMostOnce, "{text}");
        let of_t = Statement::new(text).idempotence(|table| table.parts() == (Some("ks"), "t"));
        assert_eq!(of_t, Idempotence::AtMostOnce, "{text}");
        let of_others =
            Statement::new(text).idempotence(|table| table.parts() != (Some("ks"), "t") && table.name != "u");
        assert_eq!(of_others, Idempotence::Idempotent, "{text}");
    }
    for text in
        ["INSERT INTO t (a) VALUES ({1})", "DELETE FROM t WHERE k = :k", "UPDATE t SET a = 1 WHERE k = 2"]
    {
        assert_eq!(idempotence(text, true), Idempotence::Idempotent, "{text}: no list is written");
    }
}

#[test]
fn only_one_write_is_looked_at_as_a_whole_before_it_is_done() {
    for text in [
        "INSERT INTO t (a) VALUES (1)",
        "UPDATE t SET c = c + 1 WHERE k = 1",
        "DELETE FROM t WHERE k = 1 AND c > 3",
    ] {
        assert!(Statement::new(text).is_one_write(), "{text}");
    }
    for text in [
        "INSERT INTO t (a) VALUES (1) IF NOT EXISTS",
        "UPDATE t SET a = 1 WHERE k IN (1, 2)",
        "DELETE FROM t WHERE k in ?",
        "BEGIN BATCH INSERT INTO t (a) VALUES (1); APPLY BATCH",
        "BEGIN COUNTER BATCH UPDATE t SET c = c + 1 WHERE k = 1; APPLY BATCH",
        "TRUNCATE t",
        "SELECT * FROM t",
    ] {
        assert!(!Statement::new(text).is_one_write(), "{text}");
    }
}

#[test]
fn only_reads_are_reads() {
    for text in ["SELECT 1", "LIST ROLES", "DESCRIBE t", "USE k", ""] {
        assert!(Statement::new(text).is_read(), "{text}");
    }
    for text in ["INSERT", "TRUNCATE t", "GRANT x", "CREATE TABLE t", "BEGIN BATCH APPLY BATCH", "WHATEVER"] {
        assert!(!Statement::new(text).is_read(), "{text}");
    }
}

/// Facts of cqlsh's own parsing suite (`pylib/cqlshlib/test/test_cql_parsing.py`): what it takes for one statement is one.
#[test]
fn cqlsh_s_cases() {
    let words = |text: &str| {
        let tokens = lex(text).into_iter().filter(|token| !token.kind.is_trivia());
        tokens.map(|token| format!("{:?}:{}", token.kind, token.span.of(text))).collect::<Vec<_>>().join(" ")
    };
    for text in
        ["'eggs'", "''", "'two\nlines\t'", "'a -- b'", "'a // b'", "'a /* b'", "':a:b:'", "'(>>=) :: m a'"]
    {
        assert_eq!(words(text), format!("String:{text}"));
    }
    for text in ["6", "398", "18018"] {
        assert_eq!(words(text), format!("Number:{text}"));
    }
    for text in ["4feeae80-e9cc-11e4-b571-0800200c9a66", "7142303f-828f-4806-be9e-7a973da0c3f9"] {
        assert_eq!(words(text), format!("Uuid:{text}"));
    }
    assert_eq!(
        words("SELECT FROM \"MyTable\" WHERE a <= 3 LIMIT 10"),
        "Word:SELECT Word:FROM QuotedName:\"MyTable\" Word:WHERE Word:a Operator:<= Number:3 Word:LIMIT Number:10"
    );
    assert_eq!(
        words("SET x['k'] = {1: 'a'}, y = [b'"),
        "Word:SET Word:x Operator:[ String:'k' Operator:] Operator:= Operator:{ Number:1 Operator:: String:'a' Operator:} \
         Operator:, Word:y Operator:= Operator:[ Word:b Unterminated { what: String, opened_at: 29 }:'"
    );
}
