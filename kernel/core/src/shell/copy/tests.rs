//! `COPY` as cqlsh's users write it.

use insta::assert_snapshot;

use super::*;
use crate::cell::{Cell, StepKind, parse};

fn command(source: &str) -> ShellCommand {
    let Cell::Steps(mut steps) = parse(source) else { panic!("steps") };
    match steps.remove(0).kind {
        StepKind::Shell(command) => command,
        kind => panic!("{kind:?}"),
    }
}

fn copy(source: &str) -> Copy {
    command(source).copy().unwrap()
}

fn wrong(source: &str) -> String {
    let diagnostic = command(source).copy().unwrap_err();
    assert_eq!(diagnostic.code, Code::Usage);
    format!("{} [{}]", diagnostic.message, diagnostic.span.unwrap().of(source))
}

#[test]
fn the_shortest_form() {
    let copy = copy("COPY users FROM 'users.csv';");
    assert_eq!((copy.keyspace.as_deref(), copy.table.as_str()), (None, "users"));
    assert_eq!((copy.direction, copy.file.as_str()), (Direction::From, "users.csv"));
    assert_eq!((copy.columns, copy.options), (vec![], CopyOptions::default()));
}

#[test]
fn an_option_is_given_once() {
    for source in [
        "COPY q TO 'x.csv' WITH HEADER = true AND HEADER = false",
        "COPY q FROM 'x.csv' WITH header = true AND NULL = '' AND Header = true",
        "COPY q FROM 'x.csv' WITH NUMPROCESSES = 1 AND NUMPROCESSES = 2",
    ] {
        assert!(wrong(source).contains("is given twice."), "{source}: {}", wrong(source));
    }
    let refused = wrong("COPY q FROM 'x.csv' WITH ENCODING = 'latin1'");
    assert!(refused.contains("`%import FILE INTO TABLE --encoding latin1`"), "{refused}");
}

#[test]
fn everything_that_can_be_said() {
    let copy = copy(
        "copy \"Shop\".Orders (id, \"Total\") to '/tmp/it''s.csv'\n  WITH header = TRUE AND DELIMITER='\\t' AND NULL='N/A'\n  AND ESCAPE = '\\' AND QUOTE='''' AND PAGESIZE=500 AND NUMPROCESSES = 4 AND BEGINTOKEN=-5 AND ENDTOKEN = '9'",
    );
    assert_eq!((copy.keyspace.as_deref(), copy.table.as_str()), (Some("Shop"), "orders"));
    assert_eq!(copy.columns, ["id", "Total"]);
    assert_eq!((copy.direction, copy.file.as_str()), (Direction::To, "/tmp/it's.csv"));
    let expected = CopyOptions {
        header: true,
        delimiter: '\t',
        null: "N/A".to_owned(),
        quote: '\'',
        page_size: Some(500),
        begin_token: Some(-5),
        end_token: Some(9),
        idle: vec!["NUMPROCESSES"],
        ..CopyOptions::default()
    };
    assert_eq!(copy.options, expected);
}

#[test]
fn options_of_a_load() {
    let options = copy(
        "COPY t FROM 'a.csv, b/*.csv' WITH CHUNKSIZE=100 AND INGESTRATE=5000 AND MAXBATCHSIZE=7 AND MAXROWS=-1 AND SKIPROWS=3 \
         AND SKIPCOLS='a, B' AND MAXPARSEERRORS=10 AND MAXINSERTERRORS=-1 AND ERRFILE='bad.err' AND TTL=60 \
         AND BOOLSTYLE='yes, no' AND DECIMALSEP=',' AND THOUSANDSSEP='.' AND DELIMITER='|' AND DATETIMEFORMAT='%d.%m.%Y'",
    )
    .options;
    let expected = CopyOptions {
        chunk_size: 100,
        ingest_rate: 5000,
        max_batch_size: 7,
        skip_rows: 3,
        skip_columns: vec!["a".to_owned(), "b".to_owned()],
        max_parse_errors: Some(10),
        max_insert_errors: None,
        error_file: Some("bad.err".to_owned()),
        ttl: Some(60),
        booleans: ("yes".to_owned(), "no".to_owned()),
        decimal_separator: ',',
        thousands_separator: Some('.'),
        delimiter: '|',
        datetime_format: Some("%d.%m.%Y".to_owned()),
        ..CopyOptions::default()
    };
    assert_eq!(options, expected);
}

#[test]
fn what_is_wrong_is_pointed_at() {
    assert_snapshot!(wrong("COPY"), @"`COPY` takes the name of a table. []");
    assert_snapshot!(wrong("COPY t"), @"`COPY` takes a table, and then `TO` or `FROM`. [t]");
    assert_snapshot!(wrong("COPY t INTO 'f'"), @"`COPY` takes a table, and then `TO` or `FROM`. [INTO]");
    assert_snapshot!(wrong("COPY t FROM f.csv"), @"`FROM` takes a file in single quotes. [f]");
    assert_snapshot!(wrong("COPY t FROM STDIN"), @"A notebook has no STDIN. Save the rows to a file, and name that. [STDIN]");
    assert_snapshot!(wrong("COPY t (a b) FROM 'f'"), @"Columns are in parentheses, with commas between them. [b]");
    assert_snapshot!(wrong("COPY t FROM 'f' WITH HEADR = true"), @"`COPY` has no option `HEADR`. Did you mean `HEADER`? [HEADR]");
    assert_snapshot!(wrong("COPY t FROM 'f' WITH HEADER = maybe"), @"`HEADER` takes true|false. [HEADER]");
    assert_snapshot!(wrong("COPY t FROM 'f' WITH PAGESIZE = 5"), @"`PAGESIZE` is no option of `COPY … FROM`. [PAGESIZE]");
    assert_snapshot!(wrong("COPY t FROM 'f' WITH DELIMITER = '||'"), @"`DELIMITER` takes 'C'. [DELIMITER]");
    assert_snapshot!(wrong("COPY t FROM 'f' WITH DELIMITER = '\"'"), @r#"`DELIMITER` must be another character than `QUOTE` and `ESCAPE`. [t FROM 'f' WITH DELIMITER = '"']"#);
    assert_snapshot!(wrong("COPY t FROM 'f' HEADER = true"), @"The `COPY` was to end here. Options follow `WITH`, with `AND` between them. [HEADER]");
    assert_snapshot!(wrong("COPY t FROM 'f' WITH RATEFILE = 'r'"), @"`RATEFILE` is not known here. Give the options on this line; progress is drawn. [RATEFILE]");
}

#[test]
fn every_option_is_taken_by_its_direction() {
    for option in OPTIONS {
        assert!(option.meaning.ends_with('.'), "{}", option.name);
        let value = match option.value {
            "true|false" => "true",
            "utf8" => "utf8",
            "'C'" if option.name == "DECIMALSEP" => "'.'",
            "'C'" => "'|'",
            "'TRUE,FALSE'" => "'yes,no'",
            value if value.starts_with('\'') => "'x'",
            _ => "7",
        };
        let direction = option.only.unwrap_or(Direction::To).name();
        copy(&format!("COPY t {direction} 'f' WITH {} = {value}", option.name));
    }
}
