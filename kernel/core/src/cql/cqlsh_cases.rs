//! The parsing cases of cqlsh's own suite, as facts: a statement, and the pieces it is made of.
//!
//! Source: `pylib/cqlshlib/test/test_cql_parsing.py` of Apache Cassandra. cqlsh tells keywords from names while it
//! lexes and we do not, so both are words here. Cases that the suite leaves empty (batches, tables, `USE`, `TRUNCATE`)
//! are in the tests of the splitter.

use super::lexer::{TokenKind, lex};
use crate::cell::{Cell, StepKind, parse};

/// Texts that are one string, number or UUID each.
const SINGLE: &[(TokenKind, &[&str])] = &[
    (TokenKind::String, &["'eggs'", "'Sausage 1'", "'spam\nspam\n\tsausage'", "''"]),
    (TokenKind::Number, &["6", "398", "18018"]),
    (
        TokenKind::Uuid,
        &[
            "4feeae80-e9cc-11e4-b571-0800200c9a66",
            "7142303f-828f-4806-be9e-7a973da0c3f9",
            "dff8d435-9ca0-487c-b5d0-b0fe5c5768a8",
        ],
    ),
    (
        TokenKind::String,
        &[
            "'sausage -- comment'",
            "'eggs and spam // comment string'",
            "'spam eggs sausage and spam /* still in string'",
        ],
    ),
    (
        TokenKind::String,
        &["'Movie Title: The Movie'", "':a:b:c:'", "'(>>=) :: (Monad m) => m a -> (a -> m b) -> m b'"],
    ),
];

/// Statements with their pieces: w(ord), q(uoted name), s(tring), n(umber), u(uid), o(perator), e(nd).
const STATEMENTS: &[(&str, &str)] = &[
    ("SELECT FROM ks.tab;", "w SELECT | w FROM | w ks | o . | w tab | e ;"),
    (r#"SELECT FROM "MyTable";"#, r#"w SELECT | w FROM | q "MyTable" | e ;"#),
    ("SELECT FROM tab WHERE foo = 3;", "w SELECT | w FROM | w tab | w WHERE | w foo | o = | n 3 | e ;"),
    (
        "SELECT FROM tab ORDER BY event_id DESC LIMIT 1000",
        "w SELECT | w FROM | w tab | w ORDER | w BY | w event_id | w DESC | w LIMIT | n 1000",
    ),
    (
        "SELECT FROM tab WHERE clustering_column > 200 AND clustering_column < 400 ALLOW FILTERING",
        "w SELECT | w FROM | w tab | w WHERE | w clustering_column | o > | n 200 | w AND | w clustering_column | o < | n 400 | w ALLOW | w FILTERING",
    ),
    ("INSERT INTO ks.test", "w INSERT | w INTO | w ks | o . | w test"),
    (
        "INSERT INTO mytable (x) VALUES (2);",
        "w INSERT | w INTO | w mytable | o ( | w x | o ) | w VALUES | o ( | n 2 | o ) | e ;",
    ),
    (
        "INSERT INTO mytable (x, y) VALUES (2, 'eggs');",
        "w INSERT | w INTO | w mytable | o ( | w x | o , | w y | o ) | w VALUES | o ( | n 2 | o , | s 'eggs' | o ) | e ;",
    ),
    (
        "INSERT INTO mytable (ids) VALUES (7ee251da-af52-49a4-97f4-3f07e406c7a7) USING TTL 86400;",
        "w INSERT | w INTO | w mytable | o ( | w ids | o ) | w VALUES | o ( | u 7ee251da-af52-49a4-97f4-3f07e406c7a7 | o ) | w USING | w TTL | n 86400 | e ;",
    ),
    (
        "INSERT INTO test_table (username) VALUES ('Albert') USING TIMESTAMP 1240003134 AND TTL 600;",
        "w INSERT | w INTO | w test_table | o ( | w username | o ) | w VALUES | o ( | s 'Albert' | o ) | w USING | w TIMESTAMP | n 1240003134 | w AND | w TTL | n 600 | e ;",
    ),
    (
        "UPDATE tab SET x = 15 WHERE y = 'eggs';",
        "w UPDATE | w tab | w SET | w x | o = | n 15 | w WHERE | w y | o = | s 'eggs' | e ;",
    ),
    (
        "UPDATE tab USING TTL 432000 SET x = 15 WHERE y = 'eggs';",
        "w UPDATE | w tab | w USING | w TTL | n 432000 | w SET | w x | o = | n 15 | w WHERE | w y | o = | s 'eggs' | e ;",
    ),
    (
        "UPDATE tab SET x = 15, y = 'sausage' WHERE y = 'eggs';",
        "w UPDATE | w tab | w SET | w x | o = | n 15 | o , | w y | o = | s 'sausage' | w WHERE | w y | o = | s 'eggs' | e ;",
    ),
    (
        "UPDATE tab SET x = 15 WHERE y IN ('eggs', 'sausage', 'spam');",
        "w UPDATE | w tab | w SET | w x | o = | n 15 | w WHERE | w y | w IN | o ( | s 'eggs' | o , | s 'sausage' | o , | s 'spam' | o ) | e ;",
    ),
    (
        "UPDATE tab SET x = 15 WHERE y = 'spam' if z = 'sausage';",
        "w UPDATE | w tab | w SET | w x | o = | n 15 | w WHERE | w y | o = | s 'spam' | w if | w z | o = | s 'sausage' | e ;",
    ),
    (
        "UPDATE tab SET x = 15 WHERE y = 'spam' if z = 'sausage' AND w = 'spam';",
        "w UPDATE | w tab | w SET | w x | o = | n 15 | w WHERE | w y | o = | s 'spam' | w if | w z | o = | s 'sausage' | w AND | w w | o = | s 'spam' | e ;",
    ),
    (
        "UPDATE tab SET x = 15 WHERE y = 'spam' IF EXISTS",
        "w UPDATE | w tab | w SET | w x | o = | n 15 | w WHERE | w y | o = | s 'spam' | w IF | w EXISTS",
    ),
    (
        "DELETE FROM songs WHERE songid = 444;",
        "w DELETE | w FROM | w songs | w WHERE | w songid | o = | n 444 | e ;",
    ),
    (
        "DELETE FROM songs WHERE name IN ('Yellow Submarine', 'Eleanor Rigby');",
        "w DELETE | w FROM | w songs | w WHERE | w name | w IN | o ( | s 'Yellow Submarine' | o , | s 'Eleanor Rigby' | o ) | e ;",
    ),
    (
        "DELETE task_map ['2014-12-25'] from tasks where user_id = 'Santa';",
        "w DELETE | w task_map | o [ | s '2014-12-25' | o ] | w from | w tasks | w where | w user_id | o = | s 'Santa' | e ;",
    ),
    (
        "DELETE my_list[0] from lists where user_id = 'Jim';",
        "w DELETE | w my_list | o [ | n 0 | o ] | w from | w lists | w where | w user_id | o = | s 'Jim' | e ;",
    ),
    (
        "CREATE KEYSPACE ks WITH REPLICATION = {'class': 'SimpleStrategy', 'replication_factor': 1};",
        "w CREATE | w KEYSPACE | w ks | w WITH | w REPLICATION | o = | o { | s 'class' | o : | s 'SimpleStrategy' | o , | s 'replication_factor' | o : | n 1 | o } | e ;",
    ),
    (
        r#"CREATE KEYSPACE "Cql_test_KS" WITH REPLICATION = {'class': 'NetworkTopologyStrategy', 'dc1' : 3, 'dc2': 2};"#,
        r#"w CREATE | w KEYSPACE | q "Cql_test_KS" | w WITH | w REPLICATION | o = | o { | s 'class' | o : | s 'NetworkTopologyStrategy' | o , | s 'dc1' | o : | n 3 | o , | s 'dc2' | o : | n 2 | o } | e ;"#,
    ),
    (
        "CREATE KEYSPACE ks WITH REPLICATION = {'class': 'NetworkTopologyStrategy', 'dc1': 3} AND DURABLE_WRITES = false;",
        "w CREATE | w KEYSPACE | w ks | w WITH | w REPLICATION | o = | o { | s 'class' | o : | s 'NetworkTopologyStrategy' | o , | s 'dc1' | o : | n 3 | o } | w AND | w DURABLE_WRITES | o = | w false | e ;",
    ),
    ("DROP KEYSPACE ks;", "w DROP | w KEYSPACE | w ks | e ;"),
    ("DROP SCHEMA ks;", "w DROP | w SCHEMA | w ks | e ;"),
    (r#"DROP KEYSPACE IF EXISTS "My_ks";"#, r#"w DROP | w KEYSPACE | w IF | w EXISTS | q "My_ks" | e ;"#),
    (
        "CREATE INDEX idx ON ks.tab (i);",
        "w CREATE | w INDEX | w idx | w ON | w ks | o . | w tab | o ( | w i | o ) | e ;",
    ),
    (
        "CREATE INDEX idx ON ks.tab (i) IF NOT EXISTS;",
        "w CREATE | w INDEX | w idx | w ON | w ks | o . | w tab | o ( | w i | o ) | w IF | w NOT | w EXISTS | e ;",
    ),
    (
        "CREATE INDEX idx ON tab (KEYS(i));",
        "w CREATE | w INDEX | w idx | w ON | w tab | o ( | w KEYS | o ( | w i | o ) | o ) | e ;",
    ),
    (
        "CREATE INDEX idx ON ks.tab FULL(i);",
        "w CREATE | w INDEX | w idx | w ON | w ks | o . | w tab | w FULL | o ( | w i | o ) | e ;",
    ),
    (
        "CREATE CUSTOM INDEX idx ON ks.tab (i);",
        "w CREATE | w CUSTOM | w INDEX | w idx | w ON | w ks | o . | w tab | o ( | w i | o ) | e ;",
    ),
    (
        "CREATE INDEX idx ON ks.tab (i) USING 'org.custom.index.MyIndexClass';",
        "w CREATE | w INDEX | w idx | w ON | w ks | o . | w tab | o ( | w i | o ) | w USING | s 'org.custom.index.MyIndexClass' | e ;",
    ),
    (
        "CREATE INDEX idx ON ks.tab (i) WITH OPTIONS = {'storage': '/mnt/ssd/indexes/'};",
        "w CREATE | w INDEX | w idx | w ON | w ks | o . | w tab | o ( | w i | o ) | w WITH | w OPTIONS | o = | o { | s 'storage' | o : | s '/mnt/ssd/indexes/' | o } | e ;",
    ),
];

/// The pieces of a text as the table writes them.
fn pieces(source: &str) -> String {
    let piece = |kind: TokenKind, text: &str| {
        let letter = match kind {
            TokenKind::Word => "w",
            TokenKind::QuotedName => "q",
            TokenKind::String => "s",
            TokenKind::Number => "n",
            TokenKind::Uuid => "u",
            TokenKind::Operator => "o",
            TokenKind::Semicolon => "e",
            other => panic!("{other:?} {text}"),
        };
        format!("{letter} {text}")
    };
    let tokens = lex(source).into_iter().filter(|token| !token.kind.is_trivia());
    tokens.map(|token| piece(token.kind, token.span.of(source))).collect::<Vec<_>>().join(" | ")
}

#[test]
fn a_literal_is_one_piece() {
    for (kind, texts) in SINGLE {
        for text in *texts {
            let found: Vec<_> = lex(text).iter().map(|token| (token.kind, token.span.of(text))).collect();
            assert_eq!(found, [(*kind, *text)]);
        }
    }
}

#[test]
fn a_statement_is_its_pieces_and_one_step() {
    for (source, expected) in STATEMENTS {
        assert_eq!(pieces(source), *expected);
        let Cell::Steps(steps) = parse(source) else { panic!("{source}: steps") };
        let [step] = &steps[..] else { panic!("{source}: {} steps", steps.len()) };
        let StepKind::Cql(statement) = &step.kind else { panic!("{source}: {:?}", step.kind) };
        assert_eq!(statement.text, source.trim_end_matches(';'));
    }
}

#[test]
fn statements_on_one_line_are_as_many_steps() {
    let closed = STATEMENTS.iter().map(|(source, _)| source.trim_end_matches(';')).collect::<Vec<_>>();
    let Cell::Steps(steps) = parse(&closed.join("; ")) else { panic!("steps") };
    let found: Vec<_> = steps
        .iter()
        .map(|step| match &step.kind {
            StepKind::Cql(statement) => statement.text.as_str(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(found, closed);
}
