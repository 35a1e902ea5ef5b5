//! Cells made of generated pieces, which must be split back into the same pieces.

use proptest::prelude::*;

use super::*;

/// A piece of a statement that ends nothing, with no blanks or comments at its ends.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z_][a-z0-9_]{0,6}",
        "-?[0-9]{1,4}(\\.[0-9]{1,3})?",
        "'([ -&(-~é\n]|''){0,8}'".prop_map(|text| text),
        "\"([ !#-~é\n]|\"\"){1,8}\"".prop_map(|text| text),
        "[ -#%-~é\n]{0,8}".prop_map(|text| format!("$${text}$$")),
        prop::sample::select(vec![
            "(", ")", "[1]", "{a: 1}", "<=", "=", ",", ":day", "?", "*", "+", "0xCAFE", "1h30m"
        ])
        .prop_map(str::to_owned),
    ]
}

/// Blanks and comments.
fn gap() -> impl Strategy<Value = String> {
    prop::collection::vec(
        prop_oneof![
            Just(" ".to_owned()),
            Just("\n".to_owned()),
            "[ -~é]{0,8}".prop_map(|text| format!("--{text}\n")),
            "[ -~é]{0,8}".prop_map(|text| format!("//{text}\r\n")),
            "[ -)+-.0-~é\n]{0,8}".prop_map(|text| format!("/*{text}*/")),
        ],
        1..4,
    )
    .prop_map(|parts| parts.concat())
}

fn statement() -> impl Strategy<Value = String> {
    let first = prop::sample::select(vec!["SELECT", "insert", "Update", "CREATE", "(", "1"]);
    (first, prop::collection::vec((gap(), piece()), 0..6)).prop_map(|(first, rest)| {
        rest.into_iter().fold(first.to_owned(), |text, (gap, piece)| text + &gap + &piece)
    })
}

fn batch() -> impl Strategy<Value = String> {
    (prop::collection::vec(statement(), 0..3), gap()).prop_map(|(inner, gap)| {
        let inner: String = inner.iter().map(|statement| format!("{statement};{gap}")).collect();
        format!("BEGIN{gap}BATCH{gap}{inner}APPLY{gap}BATCH")
    })
}

/// Accord's transactions, in which statements end with `;` too.
fn transaction() -> impl Strategy<Value = String> {
    (prop::collection::vec(statement(), 0..3), gap()).prop_map(|(inner, gap)| {
        let inner: String = inner.iter().map(|statement| format!("{statement};{gap}")).collect();
        format!("begin{gap}TRANSACTION{gap}LET x = (SELECT 1);{gap}{inner}commit{gap}transaction")
    })
}

/// A function with a body that holds what would end a statement.
fn function() -> impl Strategy<Value = String> {
    "[ -#%-~é\n]{0,20}".prop_map(|body| {
        format!("CREATE FUNCTION f() CALLED ON NULL INPUT RETURNS int LANGUAGE java AS $${body};$$")
    })
}

fn any_statement() -> impl Strategy<Value = String> {
    prop_oneof![4 => statement(), 1 => batch(), 1 => transaction(), 1 => function()]
}

/// One step, as it is written and as it must come back.
#[derive(Debug, Clone)]
enum Piece {
    Statement(String),
    Named(String, String),
    Shell(&'static str, &'static str),
    Magic(String),
}

fn any_piece() -> impl Strategy<Value = Piece> {
    let shell = prop::sample::select(vec![
        ("CONSISTENCY", "ONE"),
        ("SERIAL CONSISTENCY", "SERIAL"),
        ("SOURCE", "'a; b''s.cql'"),
        ("DESCRIBE", "TABLE \"a;b\""),
        ("COPY", "t (a,\n b) TO 'x;y.csv'\n WITH HEADER = true"),
        ("HELP", "it's"),
        ("TRACING", ""),
    ]);
    prop_oneof![
        5 => any_statement().prop_map(Piece::Statement),
        1 => ("[a-z]{1,5}", statement()).prop_map(|(name, text)| Piece::Named(format!("r_{name}"), text)),
        2 => shell.prop_map(|(verb, arguments)| Piece::Shell(verb, arguments)),
        2 => "[a-z]{1,6}( [ -~é]{0,10}[a-z])?".prop_map(Piece::Magic),
    ]
}

/// The step as its piece.
fn back(step: &Step, source: &str) -> (String, String) {
    match &step.kind {
        StepKind::Cql(statement) => {
            assert_eq!(statement.text, statement.span.of(source));
            (statement.into.clone().unwrap_or_default(), statement.text.clone())
        }
        StepKind::Shell(command) => (command.verb.name().to_owned(), command.arguments.clone()),
        StepKind::Magic(line) => ("%".to_owned(), line.span.of(source).to_owned()),
        StepKind::Broken(diagnostic) => ("broken".to_owned(), diagnostic.message.clone()),
    }
}

proptest! {
    #[test]
    fn joined_statements_split_into_themselves(
        parts in prop::collection::vec((gap(), any_statement(), gap()), 0..6),
        last_is_closed: bool,
    ) {
        let mut source: String = parts.iter().map(|(before, text, after)| format!("{before}{text}{after};")).collect();
        if !last_is_closed {
            source.pop();
        }
        let found: Vec<_> = steps(&source, Span::new(0, source.len())).iter().map(|step| back(step, &source).1).collect();
        let expected: Vec<_> = parts.into_iter().map(|(_, text, _)| text).collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn joined_steps_split_into_themselves(parts in prop::collection::vec((gap(), any_piece()), 0..8)) {
        let mut source = String::new();
        let mut expected = Vec::new();
        for (gap, piece) in parts {
            match piece {
                Piece::Statement(text) => {
                    source.push_str(&format!("{gap}{text}{gap};"));
                    expected.push((String::new(), text));
                }
                Piece::Named(name, text) => {
                    source.push_str(&format!("{gap}{name}{gap}<<{gap}{text};"));
                    expected.push((name, text));
                }
                // The gap may end in a comment that would be the command's: it stands on the line before.
                Piece::Shell(verb, arguments) => {
                    source.push_str(&format!("{gap}\n{verb} {arguments};"));
                    expected.push((verb.to_owned(), arguments.to_owned()));
                }
                Piece::Magic(line) => {
                    source.push_str(&format!("{gap}\n%{line}\n"));
                    expected.push(("%".to_owned(), format!("%{line}")));
                }
            }
        }
        let found: Vec<_> = steps(&source, Span::new(0, source.len())).iter().map(|step| back(step, &source)).collect();
        prop_assert_eq!(found, expected);
    }
}
