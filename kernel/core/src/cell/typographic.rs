//! Cells with characters that look like CQL's and are none: each is refused before anything of its statement is sent, once, with the
//! plain form to type.

use super::*;
use crate::cql::lookalike;
use crate::diagnostic::Code;

/// Each step of a cell: a statement's text, or what is said of it, with the marked text and the rest of what it covers.
fn steps_of(cell: &str) -> Vec<String> {
    let Cell::Steps(steps) = parse(cell) else { panic!("no steps: {cell}") };
    let said = steps.into_iter().map(|step| match step.kind {
        StepKind::Cql(statement) => statement.text,
        StepKind::Shell(command) => format!("{} {}", command.verb.name(), command.arguments),
        StepKind::Magic(line) => format!("%{} {}", line.name, line.rest),
        StepKind::Broken(told) => {
            let marked = told.span.map_or("", |span| span.of(cell)).escape_debug().to_string();
            let cause =
                if told.code == Code::Unterminated { told.cause.unwrap_or_default() } else { String::new() };
            format!(
                "{} at {marked}: {} {cause}→ {} | {}",
                told.code,
                told.message,
                told.hints.join(" "),
                step.span.of(cell)
            )
        }
    });
    said.map(|said| {
        said.chars()
            .map(|one| {
                if lookalike::is_invisible(&one.to_string()) && !one.is_ascii() || one == '\u{37e}' {
                    one.escape_unicode().to_string()
                } else {
                    one.to_string()
                }
            })
            .collect()
    })
    .collect()
}

#[test]
fn a_quotation_is_refused_once_with_all_that_is_in_it() {
    insta::assert_snapshot!(
        [
            "INSERT INTO t (a) VALUES (‘x; DROP TABLE t; y’); SELECT 1",
            "SELECT * FROM “T”",
            "SELECT * FROM t WHERE a = „x“ AND b = «y»",
            "SELECT * FROM `t`;",
            "INSERT INTO t (a) VALUES (‘it's’);\nSELECT 1",
            "INSERT INTO t (a) VALUES (‘x');\nSELECT 1",
            "BEGIN BATCH INSERT INTO t (a) VALUES (’x;’); APPLY BATCH; SELECT 1",
            "INSERT INTO t (a) VALUES ('x’); SELECT 1",
            "x << SELECT ‘a;b’ FROM t",
        ]
        .map(|cell| steps_of(cell).join("\n  ")).join("\n"), @r#"
    SYNTAX_ERROR at ‘: `‘` (U+2018, left single quotation mark) is no character of CQL. → At the marked place type `'`. | INSERT INTO t (a) VALUES (‘x; DROP TABLE t; y’)
      SELECT 1
    SYNTAX_ERROR at “: `“` (U+201C, left double quotation mark) is no character of CQL. → At the marked place type `'` around a text, or `"` around a name. | SELECT * FROM “T”
    SYNTAX_ERROR at „: `„` (U+201E, low double quotation mark) is no character of CQL. → At the marked place type `'` around a text, or `"` around a name. There are more behind it: for `«` (U+00AB, left-pointing double angle quotation mark) type `'` around a text, or `"` around a name. | SELECT * FROM t WHERE a = „x“ AND b = «y»
    SYNTAX_ERROR at `: A backtick (U+0060) is no character of CQL. → At the marked place type `"`. | SELECT * FROM `t`
    SYNTAX_ERROR at ‘: `‘` (U+2018, left single quotation mark) is no character of CQL. → At the marked place type `'`. | INSERT INTO t (a) VALUES (‘it's’)
      SELECT 1
    SYNTAX_ERROR at ‘: `‘` (U+2018, left single quotation mark) is no character of CQL. → At the marked place type `'`. | INSERT INTO t (a) VALUES (‘x');
    SELECT 1
    SYNTAX_ERROR at ’: `’` (U+2019, right single quotation mark) is no character of CQL. → At the marked place type `'`. | BEGIN BATCH INSERT INTO t (a) VALUES (’x;’); APPLY BATCH
      SELECT 1
    UNTERMINATED at \': The string that starts here is not closed. It holds `’` (U+2019, right single quotation mark), which closes nothing in CQL.→ Close it with `'`. An apostrophe inside a string is written `''`. | INSERT INTO t (a) VALUES ('x’); SELECT 1
    SYNTAX_ERROR at ‘: `‘` (U+2018, left single quotation mark) is no character of CQL. → At the marked place type `'`. | x << SELECT ‘a;b’ FROM t
    "#);
}

#[test]
fn dashes_blanks_and_full_width_marks_are_named() {
    insta::assert_snapshot!(
        [
            "SELECT a – 1 FROM t",
            "—— a comment; with more\nSELECT 1",
            "SELECT\u{a0}a FROM t",
            "SELECT a FROM\u{3000}\u{200b}t;",
            "SELECT a FROM t\u{37e}\nSELECT 1",
            "INSERT INTO t （a，b） VALUES （1，2）；",
            "SELECT a FROM t WHERE d ＝ 5μs AND c ≥ −1",
            "SEL\u{ad}ECT 1",
            "DESCRIBE “T”",
            "COPY t TO ‘a.csv’",
            "CONSISTENCY ONE；",
        ]
        .map(|cell| steps_of(cell).join("\n  ")).join("\n"), @r#"
    SYNTAX_ERROR at –: `–` (U+2013, en dash) is no character of CQL. → At the marked place type `-`, or `--` where a comment starts. | SELECT a – 1 FROM t
    SYNTAX_ERROR at —: `—` (U+2014, em dash) is no character of CQL. → At the marked place type `-`, or `--` where a comment starts. | —— a comment
      with more
    SELECT 1
    SYNTAX_ERROR at \u{a0}: A no-break space (U+00A0) is no character of CQL. → At the marked place type a blank. | SELECT\u{a0}a FROM t
    SYNTAX_ERROR at \u{3000}: An ideographic space (U+3000) is no character of CQL. → At the marked place type a blank. There are more behind it: for a zero-width space (U+200B) delete it. | SELECT a FROM\u{3000}\u{200b}t
    SYNTAX_ERROR at \u{37e}: `\u{37e}` (U+037E, Greek question mark) is no character of CQL. → At the marked place type `;`. | SELECT a FROM t\u{37e}
    SELECT 1
    SYNTAX_ERROR at （: `（` (U+FF08, full-width form) is no character of CQL. → At the marked place type `(`. There are more behind it: for `，` (U+FF0C, full-width form) type `,`; for `）` (U+FF09, full-width form) type `)`; for `；` (U+FF1B, full-width form) type `;`. | INSERT INTO t （a，b） VALUES （1，2）；
    SYNTAX_ERROR at ＝: `＝` (U+FF1D, full-width form) is no character of CQL. → At the marked place type `=`. There are more behind it: for `μ` (U+03BC, Greek letter mu) type `us`; for `≥` (U+2265, greater-than or equal to) type `>=`; for `−` (U+2212, minus sign) type `-`. | SELECT a FROM t WHERE d ＝ 5μs AND c ≥ −1
    SYNTAX_ERROR at \u{ad}: A soft hyphen (U+00AD) is no character of CQL. → At the marked place delete it. | SEL\u{ad}ECT 1
    USAGE at “: `“` (U+201C, left double quotation mark) is not taken here. → At the marked place type `'` around a text, or `"` around a name. There are more behind it: for `”` (U+201D, right double quotation mark) type `'` around a text, or `"` around a name. | DESCRIBE “T”
    USAGE at ‘: `‘` (U+2018, left single quotation mark) is not taken here. → At the marked place type `'`. There are more behind it: for `’` (U+2019, right single quotation mark) type `'`. | COPY t TO ‘a.csv’
    USAGE at ；: `；` (U+FF1B, full-width form) is not taken here. → At the marked place type `;`. | CONSISTENCY ONE；
    "#);
}

#[test]
fn strings_quoted_names_comments_and_what_stands_between_steps_are_free() {
    for cell in [
        "INSERT INTO t (\"“a” – b\", c) VALUES ('‘it’s’ … ；', $$ «x» $$)",
        "SELECT a /* – “x” */ FROM t -- ‘y’",
        "SELECT a FROM t // – \u{a0}\u{200b}\nWHERE b = 1",
        "SOURCE 'a – b.cql'",
        "SOURCE report–1.cql",
        "HELP ‘x’",
        "%export _ “a.csv”",
    ] {
        let steps = steps_of(cell);
        assert_eq!(steps.len(), 1, "{steps:?}");
        assert!(!steps[0].contains(" at "), "{steps:?}");
    }
    assert_eq!(
        steps_of("\u{feff}\u{200b}SELECT 1;\u{200b}\n\u{a0}SELECT 2\u{a0};\u{a0}"),
        ["SELECT 1", "SELECT 2"]
    );
    assert_eq!(steps_of("\u{200b}%show _"), ["%show _"]);
}
