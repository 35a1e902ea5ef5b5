//! Shell commands as people write them.

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

#[test]
fn every_verb_is_found_by_its_name_and_short_name() {
    for verb in ShellVerb::ALL {
        assert_eq!(ShellVerb::find(&verb.name().to_lowercase()), Some(*verb));
        assert!(verb.usage().starts_with(verb.name()));
    }
    let short = ["desc", "CLS", "quit", "?"].map(ShellVerb::find);
    assert_eq!(short, [ShellVerb::Describe, ShellVerb::Clear, ShellVerb::Exit, ShellVerb::Help].map(Some));
    assert_eq!(ShellVerb::find("SELECT"), None);
    assert_eq!(ShellVerb::find("serial"), None);
}

#[test]
fn settings_follow_commands() {
    let mut settings = Settings::default();
    for source in ["CONSISTENCY quorum", "SERIAL CONSISTENCY SERIAL;", "TRACING ON", "EXPAND on", "PAGING 77"]
    {
        assert_eq!(command(source).apply(&mut settings), Ok(true));
    }
    let expected = Settings {
        consistency: Consistency::Quorum,
        serial_consistency: Consistency::Serial,
        trace: true,
        expand: true,
        page_size: 77,
        ..Settings::default()
    };
    assert_eq!(settings, expected);
    command("PAGING OFF").apply(&mut settings).unwrap();
    assert!(!settings.paging);
    for source in ["CONSISTENCY", "PAGING", "TRACING;", "DESCRIBE t"] {
        assert_eq!(command(source).apply(&mut settings), Ok(false));
    }
}

#[test]
fn what_does_not_fit_is_told() {
    let told = |source: &str| {
        let diagnostic = command(source).apply(&mut Settings::default()).unwrap_err();
        format!("{} {}\n{}", diagnostic.code, diagnostic.message, diagnostic.hints.join("\n"))
    };
    assert_snapshot!(told("CONSISTENCY QORUM"), @"
    USAGE There is no such consistency level.
    Did you mean `QUORUM`?
    The levels are ANY, ONE, TWO, THREE, QUORUM, ALL, LOCAL_QUORUM, EACH_QUORUM, SERIAL, LOCAL_SERIAL, LOCAL_ONE.
    ");
    assert_snapshot!(told("SERIAL CONSISTENCY ONE"), @"
    USAGE `ONE` is not a serial consistency level.
    Usage: `SERIAL CONSISTENCY [SERIAL|LOCAL_SERIAL]`.
    ");
    assert_snapshot!(told("TRACING 1"), @"
    USAGE `TRACING` takes `ON` or `OFF`.
    Usage: `TRACING [ON|OFF]`.
    ");
    assert_snapshot!(told("PAGING 0"), @"
    USAGE `PAGING` takes `ON`, `OFF` or a number of rows from 1 on.
    Usage: `PAGING [ON|OFF|ROWS]`.
    ");
}

#[test]
fn a_password_of_login_is_refused_and_not_repeated() {
    assert_eq!(command("LOGIN \"An\"\"n\"").login_user(), Ok("An\"n".to_owned()));
    let refused = command("LOGIN ann 'hunter2'").login_user().unwrap_err();
    assert_eq!(refused.code, Code::Usage);
    assert!(!format!("{refused:?}").contains("hunter2"));
    assert_eq!(command("LOGIN").login_user().unwrap_err().message, "`LOGIN` takes a user.");
}

#[test]
fn show_shows_four_things() {
    let shown = |source: &str| command(source).show().map_err(|diagnostic| diagnostic.message);
    assert_eq!(shown("SHOW version"), Ok(Show::Version));
    assert_eq!(shown("SHOW HOST;"), Ok(Show::Host));
    let id = "7EE251DA-af52-49a4-97f4-3f07e406c7a7";
    assert_eq!(shown(&format!("show session {id}")), Ok(Show::Session(id.to_lowercase())));
    let replicas =
        |token, keyspace: Option<&str>| Show::Replicas { token, keyspace: keyspace.map(str::to_owned) };
    assert_eq!(shown("SHOW REPLICAS -95"), Ok(replicas(-95, None)));
    assert_eq!(shown("SHOW REPLICAS 95 \"My ks\""), Ok(replicas(95, Some("My ks"))));
    let failures = ["", " SESSION 5", " REPLICAS", " REPLICAS x", " HOST now", " TABLES"]
        .map(|rest| shown(&format!("SHOW{rest}")).expect_err(rest));
    assert_snapshot!(failures.join("\n"), @r"
    `SHOW` needs to know what.
    `SHOW SESSION` takes the id of a trace, a UUID.
    `SHOW REPLICAS` takes a token and, if you like, a keyspace.
    `SHOW REPLICAS` takes a token: a whole number of 64 bits.
    Nothing follows `SHOW HOST`.
    `SHOW` takes VERSION, HOST, SESSION or REPLICAS. `DESCRIBE TABLES` shows those.
    ");
}

#[test]
fn a_file_may_be_quoted() {
    assert_eq!(command("SOURCE 'a; b''s.cql'").file().as_deref(), Some("a; b's.cql"));
    assert_eq!(command("CAPTURE off").file().as_deref(), Some("off"));
    assert_eq!(command("CAPTURE").file(), None);
}

#[test]
fn a_files_name_stays_one_argument_whatever_it_is() {
    assert_eq!(super::quoted("../a-b/größe_1.cql"), "../a-b/größe_1.cql");
    for name in [
        "two words.cql",
        "it's.cql",
        "a'; DROP TABLE x; --.cql",
        "e\"; DROP TABLE x; --'.cql",
        "e\\\"; DROP TABLE x; --'.cql",
        "a;b",
        "-- a",
        "a /* b",
        "//a",
        "''",
        "'",
        "\"",
        "",
    ] {
        let source = format!("SOURCE {}", super::quoted(name));
        let Cell::Steps(steps) = parse(&source) else { panic!("steps: {source}") };
        assert_eq!(steps.len(), 1, "{source}");
        assert_eq!(command(&source).file().as_deref(), Some(name), "{source}");
    }
}

#[test]
fn spans_are_of_the_cell() {
    let source = "SELECT 1; DESC  KEYSPACE \"a;b\" ; SELECT 2";
    let Cell::Steps(steps) = parse(source) else { panic!("steps") };
    let StepKind::Shell(command) = &steps[1].kind else { panic!("a shell command") };
    assert_eq!(command.arguments, "KEYSPACE \"a;b\"");
    assert_eq!(command.arguments_span.of(source), "KEYSPACE \"a;b\"");
    assert_eq!(command.span.of(source), "DESC  KEYSPACE \"a;b\"");
}
