//! What a cell's text goes through: splitting, completion, inspection, masking, magics' lines, errors with their places.

use cqlbook_core::cell::{self, Cell, StepKind};
use cqlbook_core::column::KeyRole;
use cqlbook_core::complete::{KnownColumn, Names, complete};
use cqlbook_core::cql::lexer::lex;
use cqlbook_core::diagnostic::{Code, Diagnostic};
use cqlbook_core::inspect::inspect;
use cqlbook_core::magic::{MAGICS, parse_line};
use cqlbook_core::schema::{describe, file::Snapshot, types};
use cqlbook_core::text::Span;
use cqlbook_core::trace::message::Message;
use cqlbook_core::{redact, render};
use cqlbook_fuzz::{Campaign, Random};

/// Pieces that cells are made of.
pub(crate) const PIECES: &[&str] = &[
    "SELECT",
    "*",
    "FROM",
    "t",
    "ks.t",
    "\"T x\"",
    "WHERE",
    "k",
    "=",
    "1",
    "'a''b'",
    "$$",
    "$",
    ";",
    "\n",
    "\r\n",
    "\r",
    "--",
    "//",
    "/*",
    "*/",
    "%",
    "%%",
    "%%cql",
    "%%sql",
    "%set",
    "%param",
    "%connect astra",
    "%show",
    "%help",
    "%plot",
    "--name",
    "--keyspace",
    "--x=",
    "<<",
    "a <<",
    "?",
    ":",
    ":v",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "<",
    ">",
    "list<",
    "map<",
    "frozen<",
    ",",
    "BEGIN BATCH",
    "APPLY BATCH",
    "BEGIN TRANSACTION",
    "COMMIT TRANSACTION",
    "INSERT INTO",
    "VALUES",
    "UPDATE",
    "SET",
    "DELETE",
    "CREATE TABLE",
    "PRIMARY KEY",
    "WITH",
    "AND",
    "IN",
    "token(",
    "USING TTL",
    "IF NOT EXISTS",
    "DESCRIBE",
    "CONSISTENCY",
    "HELP",
    "USE",
    "LOGIN u",
    "PASSWORD =",
    "AstraCS:",
    "secret",
    "\"",
    "'",
    "\\",
    "0x",
    "0xzz",
    "1h30m",
    "1e999",
    "-",
    "+",
    ".",
    "..",
    "\u{0}",
    "\u{feff}",
    "\u{202e}",
    "é",
    "\u{1f469}\u{200d}\u{1f680}",
    "‘",
    "’",
    "–",
    "\u{a0}",
    "\u{37e}",
    "\t",
    "123e4567-e89b-12d3-a456-426614174000",
    "LIKE",
    "ORDER BY",
    "LIMIT",
    "ALLOW FILTERING",
    "TRUNCATE",
    "DROP",
    "ALTER",
    "GRANT",
    "LIST",
    "null",
    "true",
    "NaN",
    "GROUP BY",
];

/// A schema that is known.
struct Known;

impl Names for Known {
    fn keyspaces(&self) -> Vec<String> {
        vec!["ks".to_owned(), "a`<b>".to_owned(), "Q \"x".to_owned()]
    }

    fn tables(&self, _: Option<&str>) -> Vec<String> {
        vec!["t".to_owned(), "T x".to_owned(), "```".to_owned()]
    }

    fn columns(&self, _: Option<&str>, _: &str) -> Vec<KnownColumn> {
        ["k", "v", "select", "a\"b"]
            .map(|name| KnownColumn {
                name: name.to_owned(),
                cql_type: "frozen<map<text, int>>".to_owned(),
                role: (name == "k").then_some(KeyRole::Partition),
            })
            .to_vec()
    }
}

fn check(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut random = Random::new(text.len() as u64);
    let end = lex(&text).last().map_or(0, |token| token.span.end);
    assert_eq!(end, text.len(), "the tokens are the text");
    for _ in 0..2 {
        let cursor = random.below(text.len() + 2);
        let found = complete(&text, cursor, &Known);
        assert!(text.get(found.start..found.end).is_some());
        inspect(&text, cursor, &Known);
    }
    cell::completeness(&text);
    redact::redact(&text);
    let steps = match cell::parse(&text) {
        Cell::Steps(steps) => steps,
        Cell::Magic(magic) => cell::steps(&text, magic.body),
        Cell::Question(_) => Vec::new(),
    };
    let mut before = 0;
    for step in &steps {
        assert!(step.span.start >= before && text.get(step.span.start..step.span.end).is_some());
        before = step.span.start;
        if let StepKind::Cql(statement) = &step.kind {
            let _ = statement.idempotence(|_| true);
            statement.deletes();
            statement.server_position(random.below(5), random.edge() as usize);
        }
    }
    for step in steps.iter().take(20) {
        let failure = Diagnostic::new(Code::SyntaxError, text.chars().take(50).collect::<String>());
        render::diagnostic(&text, &failure.with_span(step.span));
    }
    let odd = Span::new(random.below(text.len() + 9), random.edge() as usize);
    render::diagnostic(
        &text,
        &Diagnostic::new(Code::Usage, "x").with_span(odd).with_server_text(text.clone()),
    );
    let magic = &MAGICS[random.below(MAGICS.len())];
    let _ = parse_line(magic, &text);
    describe::parse(&text);
    let parsed = types::parse(&text, "ks").to_string();
    assert!(parsed.len() <= 8 * text.len() + 64, "{} bytes of type from {}", parsed.len(), text.len());
    Message::of(&text);
}

#[test]
fn cells_completion_inspection_and_masks() {
    Campaign::new("text", 20, "text").run(
        |random| {
            let mut bytes = random.text(PIECES, 40).into_bytes();
            if random.once_in(3) {
                random.spoil(&mut bytes);
            }
            bytes
        },
        check,
    );
}

/// A snapshot's file, in miniature.
const SNAPSHOT: &str = r#"{"cqlbook_snapshot":1,"name":"a","saved":"2026-01-01T00:00:00Z","connection":"c","keyspace":null,
"cluster":{"name":"c","release":"5.0","cql_version":"3.4.7","partitioner":"p","astra":false,"data_centers":{"dc1":3}},"notes":[],
"keyspaces":{"ks":{"kind":"ordinary","replication":{"class":"SimpleStrategy"},"durable_writes":true,
"types":{"u":{"x":"int","y":"frozen<u>"}},"tables":{"t":{"columns":[{"name":"k","type":"int","role":"partition"},
{"name":"v","type":"frozen<map<text, frozen<u>>>"}],"options":{"comment":"a"},"indexes":{},"triggers":{}}},"views":{},"functions":{},
"aggregates":{}}}}"#;

#[test]
fn snapshots() {
    Campaign::new("json", 5, "json").run(
        |random| {
            let mut bytes = if random.once_in(4) {
                let nested = ["[", "{\"a\":", "{\"keyspaces\":", "\"", "1,", "]", "}", "list<", "null", ":"];
                random.text(&nested, 30).into_bytes()
            } else {
                SNAPSHOT.as_bytes().to_vec()
            };
            random.spoil(&mut bytes);
            bytes
        },
        |bytes| {
            if let Ok(snapshot) = Snapshot::read(&String::from_utf8_lossy(bytes)) {
                let again = Snapshot::read(&snapshot.write()).expect("what was written can be read");
                assert_eq!(again.schema.keyspaces.len(), snapshot.schema.keyspaces.len());
            }
        },
    );
}
