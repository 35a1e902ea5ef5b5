//! Cells as people write them, and cells that nobody should.

use insta::assert_snapshot;
use proptest::prelude::*;

use super::*;

/// The cell in lines: what each step is, then its text with line ends shown.
fn outline(source: &str) -> String {
    match parse(source) {
        Cell::Magic(magic) => {
            format!("%%{} | {} | {:?}", magic.name, magic.line.of(source), magic.body.of(source))
        }
        Cell::Steps(steps) => steps.iter().map(|step| line(source, step)).collect::<Vec<_>>().join("\n"),
        Cell::Question(question) => format!("? {} at {:?}", question.topic, question.span.of(source)),
    }
}

fn line(source: &str, step: &Step) -> String {
    match &step.kind {
        StepKind::Cql(statement) => {
            assert_eq!(statement.text, statement.span.of(source), "a statement's span is its text");
            let into = statement.into.as_ref().map(|name| format!(" {name} <<")).unwrap_or_default();
            let binds: String = statement.binds.iter().map(|bind| format!(" [{}]", bind.name)).collect();
            format!("cql{into} {}{binds}", one_line(&statement.text))
        }
        StepKind::Shell(command) => {
            format!("shell {} | {}", command.verb.name(), one_line(&command.arguments))
        }
        StepKind::Magic(magic) => {
            assert_eq!(magic.rest, magic.rest_span.of(source), "a magic's span is its rest");
            format!("magic {} | {}", magic.name, magic.rest)
        }
        StepKind::Broken(diagnostic) => {
            let place = diagnostic.span.map(|span| format!("{}@{}", span.of(source), span.start));
            format!("broken {} {} {}", diagnostic.code, place.unwrap_or_default(), diagnostic.message)
        }
    }
}

fn one_line(text: &str) -> String {
    text.replace('\n', "\\n")
}

fn statements(source: &str) -> Vec<String> {
    steps(source, Span::new(0, source.len()))
        .into_iter()
        .map(|step| match step.kind {
            StepKind::Cql(statement) => statement.text,
            other => format!("{other:?}"),
        })
        .collect()
}

#[test]
fn statements_commands_and_magics_in_order() {
    assert_snapshot!(outline("%connect demo\nUSE shop; CONSISTENCY QUORUM\n\nSELECT * FROM t;\n  %more\ndesc t;INSERT INTO t (a) VALUES (1)"), @"
    magic connect | demo
    cql USE shop
    shell CONSISTENCY | QUORUM
    cql SELECT * FROM t
    magic more | 
    shell DESCRIBE | t
    cql INSERT INTO t (a) VALUES (1)
    ");
}

#[test]
fn a_semicolon_in_quotes_or_comments_ends_nothing() {
    assert_snapshot!(outline(r#"SELECT ';' FROM "a;b" /* ; */ WHERE x = $$;$$ -- ;
 AND y = 'it''s;'; // ;
 SELECT 2"#), @r#"
    cql SELECT ';' FROM "a;b" /* ; */ WHERE x = $$;$$ -- ;\n AND y = 'it''s;'
    cql SELECT 2
    "#);
}

#[test]
fn a_comment_swallows_no_code_and_makes_no_step() {
    assert_snapshot!(outline("-- one\nSELECT a /* x */, b /* y */ FROM t; /* two */ // three\n;;\n-- four"), @"cql SELECT a /* x */, b /* y */ FROM t");
    assert_snapshot!(outline("  \n-- only a note"), @"");
}

#[test]
fn batches_and_transactions_are_one_statement() {
    assert_snapshot!(outline("begin unlogged batch INSERT INTO t (a) VALUES (1); DELETE FROM t WHERE a = 2; apply batch; SELECT 1;
BEGIN BATCH USING TIMESTAMP 5 UPDATE t SET b = 1 WHERE a = 1 APPLY /* now */ BATCH;
BEGIN TRANSACTION LET x = (SELECT * FROM t WHERE a = 1); IF x.b = 1 THEN UPDATE t SET b = 2 WHERE a = 1; END IF COMMIT TRANSACTION"), @"
    cql begin unlogged batch INSERT INTO t (a) VALUES (1); DELETE FROM t WHERE a = 2; apply batch
    cql SELECT 1
    cql BEGIN BATCH USING TIMESTAMP 5 UPDATE t SET b = 1 WHERE a = 1 APPLY /* now */ BATCH
    cql BEGIN TRANSACTION LET x = (SELECT * FROM t WHERE a = 1); IF x.b = 1 THEN UPDATE t SET b = 2 WHERE a = 1; END IF COMMIT TRANSACTION
    ");
}

#[test]
fn a_function_body_is_part_of_its_statement() {
    assert_snapshot!(outline("CREATE FUNCTION f(x int) RETURNS NULL ON NULL INPUT RETURNS int LANGUAGE java AS $$ return x; // it's $$; SELECT 1"), @"
    cql CREATE FUNCTION f(x int) RETURNS NULL ON NULL INPUT RETURNS int LANGUAGE java AS $$ return x; // it's $$
    cql SELECT 1
    ");
}

#[test]
fn what_is_open_is_told_where_it_was_opened() {
    assert_snapshot!(outline("SELECT 1; SELECT 'it; SELECT 2;"), @"
    cql SELECT 1
    broken UNTERMINATED '@17 The string that starts here is not closed.
    ");
    assert_snapshot!(outline("SELECT \"a FROM t"), @r#"broken UNTERMINATED "@7 The quoted name that starts here is not closed."#);
    assert_snapshot!(outline("SELECT 1 /* one"), @"broken UNTERMINATED /*@9 The comment that starts here is not closed.");
    assert_snapshot!(outline("SELECT $$ one"), @"broken UNTERMINATED $$@7 The string that starts here is not closed.");
    assert_snapshot!(outline("BEGIN BATCH INSERT INTO t (a) VALUES (1);"), @"broken UNTERMINATED BEGIN@0 The batch that starts here is not closed.");
    assert_snapshot!(outline("BEGIN TRANSACTION SELECT 1;"), @"broken UNTERMINATED BEGIN@0 The transaction that starts here is not closed.");
    assert_snapshot!(outline("SOURCE 'a.cql\nSELECT 1"), @"
    broken UNTERMINATED '@7 The string that starts here is not closed.
    cql SELECT 1
    ");
}

#[test]
fn a_name_before_arrows_keeps_the_result() {
    assert_snapshot!(outline("day << SELECT 1;\n total /* x */ <<\nSELECT 2; desc << DESCRIBE TABLES; a << ; SELECT a << 1"), @"
    cql day << SELECT 1
    cql total << SELECT 2
    cql desc << DESCRIBE TABLES
    broken USAGE a <<@70 Nothing follows `a <<`.
    cql SELECT a << 1
    ");
}

#[test]
fn a_statement_s_span_leaves_out_the_name() {
    let source = "é << SELECT 1; d << SELECT 'é';";
    let Cell::Steps(steps) = parse(source) else { panic!("steps") };
    assert_eq!(steps[1].span.of(source), "d << SELECT 'é'");
}

#[test]
fn shell_commands_end_with_their_line() {
    assert_snapshot!(outline("SERIAL  CONSISTENCY LOCAL_SERIAL -- for LWT
HELP it's; select 1; TRACING ON /* why
not */ EXPAND /* x */ ON
? SELECT
cls
COPY t (a,
 b) TO 'x;y.csv'
  WITH HEADER = true
COPY t FROM 'z.csv'
SELECT 1
serial"), @r"
    shell SERIAL CONSISTENCY | LOCAL_SERIAL
    shell HELP | it's
    cql select 1
    shell TRACING | ON
    shell EXPAND | ON
    shell HELP | SELECT
    shell CLEAR | 
    shell COPY | t (a,\n b) TO 'x;y.csv'\n  WITH HEADER = true
    shell COPY | t FROM 'z.csv'
    cql SELECT 1\nserial
    ");
}

#[test]
fn a_shell_word_inside_a_statement_is_a_name() {
    assert_snapshot!(outline("SELECT show, describe, help\nFROM copy\nWHERE source = 1; SHOW VERSION"), @r"
    cql SELECT show, describe, help\nFROM copy\nWHERE source = 1
    shell SHOW | VERSION
    ");
}

#[test]
fn a_percent_line_starts_a_magic_only_where_no_statement_is_open() {
    assert_snapshot!(outline("SELECT a\n % 2 FROM t;\n%set trace on -- it's raw; all of it\n  %more  "), @r"
    cql SELECT a\n % 2 FROM t
    magic set | trace on -- it's raw; all of it
    magic more | 
    ");
    assert_snapshot!(outline("SELECT 1; %more\nSELECT 2"), @"
    cql SELECT 1
    broken USAGE %more@10 A magic must start its line.
    cql SELECT 2
    ");
    assert_snapshot!(outline("SELECT 1;\n%%sql\nSELECT 2;"), @"
    cql SELECT 1
    broken USAGE %%sql@10 A cell magic must be the first line of its cell.
    ");
}

#[test]
fn a_magic_swallowed_by_an_open_statement_is_found() {
    let source = "SELECT * FROM t\n%show _\n";
    let Cell::Steps(steps) = parse(source) else { panic!("steps") };
    let StepKind::Cql(statement) = &steps[0].kind else { panic!("a statement") };
    assert_eq!(statement.swallowed_magic().map(|span| span.of(source)), Some("%show _"));
    assert_eq!(Statement::new("SELECT a\n%b FROM t").swallowed_magic(), None);
}

#[test]
fn a_first_line_with_two_percents_takes_the_cell() {
    assert_snapshot!(outline("\n  %%cql --trace  --all \r\nSELECT 1;\n%%x"), @r#"%%cql | --trace  --all | "SELECT 1;\n%%x""#);
    assert_snapshot!(outline("%%sql"), @r#"%%sql |  | """#);
    assert_snapshot!(outline("%%\nx"), @r#"%% |  | "x""#);
}

#[test]
fn steps_of_a_body_have_spans_of_the_cell() {
    let source = "%%cql --all\nSELECT 1; SELECT é";
    let Cell::Magic(magic) = parse(source) else { panic!("a cell magic") };
    let spans: Vec<_> = steps(source, magic.body).iter().map(|step| step.span.of(source)).collect();
    assert_eq!(spans, ["SELECT 1", "SELECT é"]);
    assert_eq!(steps(source, Span::new(5, 1000)), []);
}

#[test]
fn windows_line_ends_and_odd_blanks() {
    assert_snapshot!(outline("\u{feff}%set trace on\r\nSELECT 1\r\n;\u{a0}\r\nPAGING OFF\r\n"), @"
    magic set | trace on
    cql SELECT 1
    shell PAGING | OFF
    ");
}

#[test]
fn colons_that_bind_and_colons_that_do_not() {
    let binds = |text: &str| {
        let statement = Statement::new(text);
        let names: Vec<_> = statement.binds.iter().map(|bind| bind.name.as_str()).collect();
        let places: Vec<_> = statement.binds.iter().map(|bind| bind.span.of(text)).collect();
        format!("names {} | {} | {} ?", names.join(" "), places.join(" "), statement.positional_binds.len())
    };
    assert_snapshot!(binds("SELECT * FROM t WHERE a = :Day AND b=:\"Day\" AND c IN : list LIMIT:n"), @r#"names day Day list n | :Day :"Day" : list :n | 0 ?"#);
    assert_snapshot!(binds("INSERT INTO t (a) VALUES ({a:1, 'b':2, c:d})"), @"names  |  | 0 ?");
    assert_snapshot!(binds("INSERT INTO t (a) VALUES ({:k : :v, 'a'::w, (1, :x): [:y], f: {g: :z}})"), @"names k v w x y z | :k :v :w :x :y :z | 0 ?");
    assert_snapshot!(binds("INSERT INTO t (a) VALUES ({:a, :b}, {{:c}: {:d: 1}})"), @"names a b c d | :a :b :c :d | 0 ?");
    assert_snapshot!(binds("SELECT ':a', \":b\", $$:c$$ /* :d */ FROM t -- :e\n WHERE x = ? AND y = ?"), @"names  |  | 2 ?");
    assert_snapshot!(binds("CREATE KEYSPACE k WITH replication = {'class': 'SimpleStrategy', 'dc1' : 3}"), @"names  |  | 0 ?");
    assert_snapshot!(binds("SELECT * FROM t WHERE a = :1 AND b = :"), @"names  |  | 0 ?");
}

#[test]
fn a_server_s_position_is_found_in_the_cell() {
    let source = "x << SELECT 'é𝄞', b\n  FROM\n  wrong wrod;";
    let Cell::Steps(steps) = parse(source) else { panic!("steps") };
    let StepKind::Cql(statement) = &steps[0].kind else { panic!("a statement") };
    assert_eq!(statement.server_position(1, 0).of(source), "SELECT");
    assert_eq!(statement.server_position(1, 14).of(source), "b");
    assert_eq!(statement.server_position(3, 8).of(source), "wrod");
    assert_eq!(statement.server_position(3, 9).of(source), "wrod");
    assert_eq!(statement.server_position(3, 12), Span::new(statement.span.end, statement.span.end));
    assert_eq!(statement.server_position(9, 9), Span::new(statement.span.end, statement.span.end));
}

#[test]
fn a_console_waits_for_what_is_missing() {
    let incomplete = |indent: &str| Completeness::Incomplete { indent: indent.to_owned() };
    assert_eq!(completeness(""), Completeness::Complete);
    assert_eq!(completeness("SELECT 1;"), Completeness::Complete);
    assert_eq!(completeness("SELECT 1; -- done"), Completeness::Complete);
    assert_eq!(completeness("CONSISTENCY"), Completeness::Complete);
    assert_eq!(completeness("%more"), Completeness::Complete);
    assert_eq!(completeness("SELECT 1"), incomplete("  "));
    assert_eq!(completeness("SELECT 1\n"), Completeness::Complete);
    assert_eq!(completeness("SELECT 'a;\n"), incomplete(""));
    assert_eq!(completeness("BEGIN BATCH\n\n"), incomplete("  "));
    assert_eq!(completeness("a <<"), incomplete("  "));
    assert_eq!(completeness("%%cql --all"), incomplete(""));
    assert_eq!(completeness("%%cql --all\nSELECT 1\n"), Completeness::Complete);
    assert_eq!(completeness("%%nothing"), Completeness::Invalid);
    assert_eq!(completeness("SELECT 1; %more"), Completeness::Invalid);
    assert_eq!(completeness("SOURCE 'a"), Completeness::Invalid);
}

#[test]
fn a_megabyte_is_one_pass() {
    // Shapes that make a careless splitter look at the rest of the cell again and again.
    for piece in [
        "SELECT 'a;' FROM t; ",
        "HELP /*\n",
        "COPY (\n",
        "a<<",
        "SERIAL ",
        "COPY t\n\n\n",
        "%x\n",
        "{:a ",
        "'",
    ] {
        let source = piece.repeat(1_000_000 / piece.len());
        let Cell::Steps(steps) = parse(&source) else { panic!("steps") };
        assert!(!steps.is_empty());
    }
    let columns: Vec<_> = (0..60_000).map(|place| format!("c{place} = {place}")).collect();
    assert_eq!(statements(&format!("DELETE FROM t WHERE {}", columns.join(" AND "))).len(), 1);
    let statement = format!("SELECT {} FROM t", "a, ".repeat(333_000));
    assert_eq!(crate::cql::lexer::lex(&statement).len(), 3 * 333_000 + 5);
    assert_eq!(statements(&statement), [statement]);
}

#[test]
fn a_word_with_a_question_mark_is_a_question() {
    assert_eq!(outline(" orders? "), "? orders at \"orders\"");
    assert_eq!(outline("%connect??"), "? %connect at \"%connect\"");
    assert_eq!(
        outline("shop.\"Two words\"?\n"),
        "cql shop.\"Two words\"?",
        "blanks only in a name that is quoted as a whole"
    );
    assert_eq!(outline("\"Two words\"?"), "? \"Two words\" at \"\\\"Two words\\\"\"");
    assert!(outline("SELECT a FROM t LIMIT ?").starts_with("cql"), "a bind marker is none");
    assert!(outline("?").starts_with("shell HELP"), "cqlsh's own");
    assert_eq!(completeness("orders?"), Completeness::Complete);
}

proptest! {
    #[test]
    fn any_text_is_a_cell_and_spans_slice_it(source in "(%%?[a-z]{0,6}|[;:'\"$%{}()\\-/*<a-zé\n\r ]|BEGIN BATCH|APPLY BATCH|DESC|COPY|\\PC){0,40}") {
        let _ = completeness(&source);
        let region = match parse(&source) {
            Cell::Magic(magic) => magic.body,
            Cell::Steps(_) => Span::new(0, source.len()),
            Cell::Question(question) => {
                prop_assert_eq!(question.span.of(&source), question.topic);
                return Ok(());
            }
        };
        let mut end = region.start;
        for step in steps(&source, region) {
            prop_assert!(step.span.start >= end && step.span.start < step.span.end, "steps are in order and not empty");
            end = step.span.end;
            prop_assert!(source.get(step.span.start..step.span.end).is_some());
            let _ = line(&source, &step);
            if let StepKind::Cql(statement) = &step.kind {
                let _ = (statement.server_position(1, 3), statement.swallowed_magic());
                for bind in &statement.binds {
                    prop_assert!(bind.span.of(&source).starts_with(':'));
                }
            }
        }
    }

    #[test]
    fn tokens_put_together_are_the_text(source in "\\PC{0,60}|[-/*'\"$;a0.µx \n]{0,40}") {
        let joined: String = crate::cql::lexer::lex(&source).iter().map(|token| token.span.of(&source)).collect();
        prop_assert_eq!(joined, source);
    }
}

#[test]
fn what_stands_behind_use_is_not_lost() {
    let told = |cell: &str| match parse(cell) {
        Cell::Steps(steps) => match &steps[0].kind {
            StepKind::Broken(told) => {
                format!("{} {}", told.span.map_or("", |span| span.of(cell)), told.hints.join(" "))
            }
            _ => "fine".to_owned(),
        },
        _ => "no steps".to_owned(),
    };
    assert_eq!(
        told("USE ks SELECT * FROM t"),
        "SELECT Write `;` before `SELECT`: it ends the statement that stands before."
    );
    assert_eq!(
        told("USE \"Ks\"\nUSE b"),
        "USE Write `;` before `USE`: it ends the statement that stands before."
    );
    assert!(told("USE my-keyspace").starts_with("- A name with other characters"));
    assert_eq!(told("USE ks; SELECT 1"), "fine");
    assert_eq!(told("USE ks -- SELECT 1"), "fine");
}

#[test]
fn a_statement_within_another_is_found_where_the_parser_stumbles() {
    let found = |cell: &str, stumbled: &str| {
        let at = cell.rfind(stumbled).unwrap();
        let statement = Statement::new(cell);
        let span = statement.unseparated(Span::new(at, at + stumbled.len()));
        span.map_or("-".to_owned(), |span| format!("{}@{}", span.of(cell), span.start))
    };
    assert_eq!(found("SELECT * FROM a\nSELECT * FROM b", "SELECT"), "SELECT@16");
    assert_eq!(found("SELECT * FROM a\nupdate b SET c = 1", "b"), "update@16", "one word later");
    assert_eq!(found("INSERT INTO t (k) VALUES (1)\nCONSISTENCY ONE", "CONSISTENCY"), "CONSISTENCY@29");
    assert_eq!(found("SELECT * FROM a WHERE k = 'x' DROP TABLE t", "DROP"), "DROP@30");
    assert_eq!(found("SELECT * FROM a ORDER BY c DESC\nLIST ROLES", "LIST"), "LIST@32");
    assert_eq!(found("SELECT SELECT FROM t", "SELECT"), "-");
    assert_eq!(found("SELECT * FROM a WHERE SELECT", "SELECT"), "-");
    assert_eq!(found("SELECT a, SELECT FROM t", "SELECT"), "-");
    assert_eq!(found("SELECT a FRM t", "FRM"), "-");
}
