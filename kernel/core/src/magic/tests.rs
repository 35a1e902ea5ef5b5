//! Magic lines as people write them, and the table against the contract.

use insta::assert_snapshot;

use super::*;

fn read(line: &str) -> Result<Arguments, Diagnostic> {
    let (name, rest) = line.split_at(line.find(' ').unwrap_or(line.len()));
    parse_line(find(name).expect("a magic"), rest)
}

/// What is said of a line that does not parse.
fn told(line: &str) -> String {
    let diagnostic = read(line).unwrap_err();
    format!("{} {}\n{}", diagnostic.code, diagnostic.message, diagnostic.hints.join("\n"))
}

#[test]
fn the_usage_lines_are_those_of_the_contract() {
    let lines: Vec<_> =
        MAGICS.iter().flat_map(|magic| magic.forms.iter().map(|form| magic.usage(form))).collect();
    assert_snapshot!(lines.join("\n"), @"
    %connect astra [--name N] [--bundle ZIP] [--client-id ID] [--token-file JSON] [--keyspace KS] [--read-only] [--no-save] [--vault]
    %connect cassandra [--name N] [--host H[,H…]] [--port PORT] [--user U] [--dc DC] [--ca-cert F] [--cert F] [--key F] [--keyspace KS] [--read-only] [--no-save] [--vault]
    %connect NAME
    %connections
    %connection test NAME
    %connection test astra [--name N] [--bundle ZIP] [--client-id ID] [--token-file JSON] [--keyspace KS] [--read-only] [--no-save] [--vault]
    %connection test cassandra [--name N] [--host H[,H…]] [--port PORT] [--user U] [--dc DC] [--ca-cert F] [--cert F] [--key F] [--keyspace KS] [--read-only] [--no-save] [--vault]
    %connection add astra [--name N] [--bundle ZIP] [--client-id ID] [--token-file JSON] [--keyspace KS] [--read-only] [--vault]
    %connection add cassandra [--name N] [--host H[,H…]] [--port PORT] [--user U] [--dc DC] [--ca-cert F] [--cert F] [--key F] [--keyspace KS] [--read-only] [--vault]
    %connection list
    %connection edit NAME [--name N] [--bundle ZIP] [--client-id ID] [--client-secret] [--token-file JSON] [--host H[,H…]] [--port PORT] [--user U] [--dc DC] [--ca-cert F] [--cert F] [--key F] [--keyspace KS] [--read-only] [--vault]
    %connection show NAME
    %connection rename OLD NEW
    %connection delete NAME
    %connection rotate-keys
    %disconnect
    %set [NAME] [VALUE]
    %param [NAME = LITERAL]
    %%cql [--consistency LEVEL] [--serial-consistency LEVEL] [--keyspace KS] [--page-size ROWS] [--timeout DURATION] [--fetch-rows ROWS] [--display-rows ROWS] [--timezone ZONE] [--trace] [--repeat N] [--read-only] [--into NAME] [--all] [--yes]
    %show NAME [--rows N] [--offset N] [--columns a,b] [--sort col[:desc]] [--vertical]
    %more [NAME]
    %results
    %forget NAME
    %%sql [--into NAME]
    %plot NAME --x COL [--y COL] [--color COL] [--kind bar|line|area|point|histogram|heatmap|box] [--title T]
    %profile NAME
    %export NAME FILE [--format F] [--force] [--null TEXT] [--table KS.TABLE]
    %%export FILE [--format F] [--force] [--null TEXT] [--table KS.TABLE]
    %import FILE INTO KS.TABLE [(COLUMNS)] [--format F] [--null TEXT] [--write-nulls] [--delimiter C] [--no-header] [--escape C] [--encoding E] [--date-format F] [--timestamp-format F] [--blobs B] [--resume]
    %trace on
    %trace off
    %trace list
    %trace show [ID]
    %trace compare ID ID
    %trace export ID FILE [--force]
    %schema [KS[.TABLE]] [N] [--peek]
    %snapshot save [NAME] [--keyspace KS] [--force]
    %snapshot list
    %snapshot show NAME
    %snapshot delete NAME
    %snapshot diff A [B|live] [--keyspace KS]
    %snapshot script A [B|live] [--keyspace KS] [--allow-lossy]
    %help [TOPIC]
    %echo [TEXT]
    %warn [TEXT]
    %lsmagic
    ");
}

#[test]
fn the_table_is_sound() {
    for (place, magic) in MAGICS.iter().enumerate() {
        assert!(MAGICS[..place].iter().all(|other| (other.name, other.kind) != (magic.name, magic.kind)));
        assert!(magic.summary.ends_with('.'), "{}", magic.name);
        for form in magic.forms {
            assert!(form.summary.ends_with('.'), "{} {:?}", magic.name, form.words);
            let required = form.positionals.iter().map(|positional| positional.required);
            assert!(required.is_sorted_by(|a, b| a >= b), "required words come first: {}", magic.usage(form));
            assert!(!form.raw || magic.forms.len() == 1, "a raw form is a magic's only one");
            for option in form.options {
                assert!(option.help.ends_with('.'), "--{}", option.name);
                let secret = matches!(option.name, "password" | "token" | "secret" | "client-secret");
                assert!(!secret || option.value.is_none(), "no option takes a secret");
            }
        }
    }
    for setting in crate::settings::SETTINGS {
        let option = setting.name.replace('_', "-");
        let of_cql = find("%%cql").unwrap().forms[0].options.iter().any(|one| one.name == option);
        assert!(of_cql || matches!(setting.name, "confirm" | "stop_on_error"), "%%cql sets {}", setting.name);
    }
}

#[test]
fn options_in_every_way_that_gnu_has() {
    let line = "%show 'my result' --rows 5 --columns=a,b --columns ' c' --vertical --sort \"dep delay:desc\"";
    let show = read(line).unwrap();
    assert_eq!(show.positionals(), ["my result"]);
    assert_eq!((show.count("rows"), show.count("offset")), (Some(5), None));
    assert_eq!(show.values("columns"), ["a", "b", "c"]);
    assert_eq!(show.value("sort"), Some("dep delay:desc"));
    assert!(show.flag("vertical") && !show.flag("rows-of"));
    // Neither of two is taken, of any magic; a list may come in parts.
    for twice in [
        "%show a --rows 1 --rows 2",
        "%show a --rows 1 --rows=1",
        "%show a --vertical --vertical",
        "%import f.csv INTO k.t --null A --null B",
        "%%cql --trace --trace",
    ] {
        let error = read(twice).unwrap_err();
        assert!(error.message.ends_with("is given twice."), "{twice}: {}", error.message);
    }
    assert_eq!(read("%show -- --rows").unwrap().positionals(), ["--rows"]);
    assert_eq!(read("%plot r --x=a --y '' --title '--x'").unwrap_err().message, "`--title` needs a value.");
    assert_eq!(read("%plot r --x=a --y '' --title=--x").unwrap().value("title"), Some("--x"));
}

#[test]
fn words_choose_the_form() {
    assert_eq!(read("%connect astra --no-save").unwrap().words(), ["astra"]);
    assert_eq!(read("%connect demo").unwrap().positionals(), ["demo"]);
    assert_eq!(read("%connect -- astra").unwrap().positionals(), ["astra"]);
    assert_eq!(read("%connection test demo").unwrap().words(), ["test"]);
    let test = read("%connection test cassandra --host a,b --host c --port 9043").unwrap();
    assert_eq!(test.words(), ["test", "cassandra"]);
    assert_eq!(test.values("host"), ["a", "b", "c"]);
    assert_eq!(test.count("port"), Some(9043));
    assert!(read("%connection show demo").unwrap().form().implemented);
}

#[test]
fn raw_lines_stay_as_they_are() {
    assert_eq!(read("%param  day = 'it''s' -- x ").unwrap().positionals(), ["day = 'it''s' -- x"]);
    assert!(read("%param").unwrap().positionals().is_empty());
    assert_eq!(read("%help CREATE TABLE").unwrap().positional(0), Some("CREATE TABLE"));
}

#[test]
fn names_of_tables_keep_their_quotes() {
    let import = read("%import 'my file.csv' into \"Shop\".orders (id, \"Day\") --null NA").unwrap();
    assert_eq!(import.positionals(), ["my file.csv", "into", "\"Shop\".orders", "(id,", "\"Day\")"]);
    assert_eq!(import.value("null"), Some("NA"));
    assert_eq!(read("%schema '\"Shop\"'").unwrap().positional(0), Some("\"Shop\""));
}

#[test]
fn what_does_not_parse_is_told_with_the_usage_line() {
    assert_snapshot!(told("%show a --row 5"), @"
    USAGE `%show` has no option `--row`.
    Did you mean `--rows`?
    Usage: `%show NAME [--rows N] [--offset N] [--columns a,b] [--sort col[:desc]] [--vertical]`.
    ");
    assert_snapshot!(told("%show a -vertical"), @"
    USAGE `%show` has no option `-vertical`.
    Did you mean `--vertical`?
    Usage: `%show NAME [--rows N] [--offset N] [--columns a,b] [--sort col[:desc]] [--vertical]`.
    ");
    assert_snapshot!(told("%show a --rows many"), @"
    USAGE `--rows` takes a whole number.
    Usage: `%show NAME [--rows N] [--offset N] [--columns a,b] [--sort col[:desc]] [--vertical]`.
    ");
    assert_snapshot!(told("%show a --vertical=yes"), @"
    USAGE `--vertical` takes no value.
    Usage: `%show NAME [--rows N] [--offset N] [--columns a,b] [--sort col[:desc]] [--vertical]`.
    ");
    assert_snapshot!(told("%forget"), @"
    USAGE `%forget` needs NAME.
    Usage: `%forget NAME`.
    ");
    assert_snapshot!(told("%forget a b"), @"
    USAGE `%forget` has a word too many.
    Usage: `%forget NAME`.
    ");
    assert_snapshot!(told("%plot a --y b"), @"
    USAGE `%plot` needs `--x COL`.
    Usage: `%plot NAME --x COL [--y COL] [--color COL] [--kind bar|line|area|point|histogram|heatmap|box] [--title T]`.
    ");
    assert_snapshot!(told("%plot a --x b --y c --kind pie"), @"
    USAGE `--kind` takes one of bar, line, area, point, histogram, heatmap, box.
    Usage: `%plot NAME --x COL [--y COL] [--color COL] [--kind bar|line|area|point|histogram|heatmap|box] [--title T]`.
    ");
    assert_snapshot!(told("%connect --bundle a.zip"), @"
    USAGE `%connect` has no option `--bundle`.
    `--bundle` belongs to `%connect astra`: write that first.
    Usage: `%connect NAME`.
    ");
    assert_snapshot!(told("%trace lst"), @"
    USAGE `%trace` takes one of on, off, list, show, compare, export.
    Did you mean `%trace list`?
    `%help trace` shows each of them.
    ");
    assert_snapshot!(told("%show 'a"), @r#"
    USAGE A quote on this line is not closed.
    Quotes are those of a shell: `'two words'`, `"it's"`.
    "#);
    assert_snapshot!(told("%%cql --page-size 0"), @"
    USAGE `--page-size` takes a number of rows from 1 to 2147483647.
    Usage: `%%cql [--consistency LEVEL] [--serial-consistency LEVEL] [--keyspace KS] [--page-size ROWS] [--timeout DURATION] [--fetch-rows ROWS] [--display-rows ROWS] [--timezone ZONE] [--trace] [--repeat N] [--read-only] [--into NAME] [--all] [--yes]`.
    ");
    assert_snapshot!(told("%import a.csv shop.orders b"), @"
    USAGE `%import` takes the word INTO.
    Usage: `%import FILE INTO KS.TABLE [(COLUMNS)] [--format F] [--null TEXT] [--write-nulls] [--delimiter C] [--no-header] [--escape C] [--encoding E] [--date-format F] [--timestamp-format F] [--blobs B] [--resume]`.
    ");
}

#[test]
fn a_secret_is_refused_and_never_repeated() {
    let secret = "hunter2-AstraCS:abc";
    for line in [
        "%connect astra --client-secret hunter2-AstraCS:abc",
        "%connect astra --client-secret=hunter2-AstraCS:abc --bundle 'open",
        "%connect astra --client_secret hunter2 --nonsense",
        "%connect astra --client-secret",
        "%connect astra --token hunter2",
        "%connect cassandra --host a --password hunter2",
        "%connect cassandra -password hunter2",
        "%connect astra --name AstraCS:abc",
        "%connect AstraCS:abc",
        "%connection edit demo --client-secret hunter2",
        "%connection edit --client-secret demo",
        "%connection edit demo --client-secret=hunter2",
        "%connection edit demo --client-secret 'hunter2",
        "%show a --password=hunter2",
        "%trace AstraCS:abc",
        "%connect cassandra --host a -u bob -p hunter2",
        "%connect cassandra --host a -u bob -phunter2",
        "%connect cassandra --host a -u bob -p'hunter2 and more'",
        "%connect cassandra --host a -p=hunter2",
        "%connect cassandra --host a --pasword hunter2",
        "%connect astra --secert=hunter2",
        "%connect astra --client-secert hunter2",
        "%connect astra --passwordhunter2",
        "%connect astra -tokenhunter2",
        "%connection edit demo --pass_word hunter2",
        "%show a --pasword=hunter2",
    ] {
        let diagnostic = read(line).unwrap_err();
        assert_eq!(diagnostic.code, Code::Usage);
        let text = format!("{diagnostic:?}");
        if !line.ends_with("'hunter2") {
            assert!(text.contains("not accepted on this line"), "{line}: {text}");
        }
        for part in ["hunter2", "AstraCS", secret] {
            assert!(!text.contains(part), "{line}: {text}");
        }
    }
    assert_snapshot!(told("%connect astra --client-secret x"), @"
    USAGE A secret is not accepted on this line, because it would be saved in the notebook.
    Run the line without the secret. A hidden prompt asks for it.
    Or set ASTRA_DB_CLIENT_SECRET or ASTRA_DB_APPLICATION_TOKEN before Jupyter starts, or name the file with the token: `--token-file FILE`.
    If a notebook with the secret was saved or shared, revoke the secret and make a new one.
    ");
    // Where no password is meant, it is not called one; what is glued is not repeated all the same.
    assert_snapshot!(told("%show a -phunter2").lines().next().unwrap(), @"USAGE `%show` has no option `-p…`.");
    assert!(told("%connect cassandra --host a -port 9042").contains("Did you mean `--port`?"));
    assert!(told("%connection edit demo --client-secert").contains("`--client-secret` without a value asks"));
    let edit = read("%connection edit demo --client-secret --client-id x").unwrap();
    assert!(edit.flag("client-secret"));
}

#[test]
fn an_unknown_magic_names_the_nearest() {
    let told = |kind, name| {
        let diagnostic = lookup(kind, name).unwrap_err();
        format!("{} {} {}", diagnostic.code, diagnostic.message, diagnostic.hints.join(" "))
    };
    assert_snapshot!(told(MagicKind::Line, "conect"), @"UNKNOWN_MAGIC There is no magic `%conect`. Did you mean `%connect`? `%lsmagic` lists the magics.");
    assert_snapshot!(told(MagicKind::Line, "sql"), @"UNKNOWN_MAGIC There is no magic `%sql`. `%%sql` takes a whole cell: write it as the cell's first line. `%lsmagic` lists the magics.");
    assert_snapshot!(told(MagicKind::Cell, "show"), @"UNKNOWN_MAGIC There is no magic `%%show`. `%show` takes one line, with one `%`. `%lsmagic` lists the magics.");
    assert_snapshot!(told(MagicKind::Cell, ""), @"UNKNOWN_MAGIC A name is missing behind `%%`. `%lsmagic` lists the magics.");
    assert_eq!(find("export").map(|magic| magic.kind), Some(MagicKind::Line));
    assert_eq!(find("%%export").map(|magic| magic.kind), Some(MagicKind::Cell));
    assert_eq!(find("cql").map(|magic| magic.kind), Some(MagicKind::Cell));
    assert_eq!(find("%cql"), None);
}

#[test]
fn there_is_help_on_everything_in_the_tables() {
    for magic in MAGICS {
        let text = help(&magic.full_name()).unwrap();
        for form in magic.forms {
            assert!(text.contains(&magic.usage(form)), "{}", magic.name);
        }
        assert!(help("").unwrap().contains(&format!("`{}`", magic.full_name())));
        assert!(list().contains(&magic.full_name()));
    }
    for setting in crate::settings::SETTINGS {
        assert!(help(setting.name).is_some(), "{}", setting.name);
    }
    for verb in crate::shell::ShellVerb::ALL {
        assert!(help(verb.name()).unwrap().contains(verb.usage()));
    }
    assert!(help("create table").unwrap().contains("PRIMARY KEY"));
    assert!(help("export").unwrap().contains("%%export"));
    assert_eq!(help("nothing of the kind"), None);
    assert_snapshot!(help("plot").unwrap(), @r"
    **`%plot`** Draws a chart of a kept result.

    `%plot NAME --x COL [--y COL] [--color COL] [--kind bar|line|area|point|histogram|heatmap|box] [--title T]`  
    Draws a chart of a kept result.

    | Option | Meaning |
    | --- | --- |
    | `--x COL` | The horizontal axis. |
    | `--y COL` | The vertical axis: a column, or what its values come to, such as `mean(COL)` or `count`. |
    | `--color COL` | One colour for each of its values. |
    | `--kind bar\|line\|area\|point\|histogram\|heatmap\|box` | The kind of chart. |
    | `--title T` | The chart's title. |
    ");
}

/// What is said of a line, with the marked text.
fn refused(line: &str) -> String {
    let (name, rest) = line.split_once(' ').unwrap();
    let magic = lookup(MagicKind::Line, name.trim_start_matches('%')).unwrap();
    match parse_line(magic, rest) {
        Ok(arguments) => format!("{:?}", arguments.positionals()),
        Err(told) => {
            let marked = told.span.map_or("-", |span| span.of(rest)).escape_unicode().to_string();
            format!("{} at {marked}: {}", told.message, told.hints.first().map_or("", String::as_str))
        }
    }
}

#[test]
fn a_semicolon_behind_the_last_word_belongs_to_no_word() {
    let read = [
        "%import a.csv INTO t;",
        "%import a.csv INTO ks.t (a, b);",
        "%snapshot save nightly ;",
        "%export _ f.csv --force;;",
        "%export _ 'f;'",
        "%show _ --rows 5;",
    ];
    assert_snapshot!(read.map(refused).join("\n"), @r#"
    ["a.csv", "INTO", "t"]
    ["a.csv", "INTO", "ks.t", "(a,", "b)"]
    ["nightly"]
    ["_", "f.csv"]
    ["_", "f;"]
    ["_"]
    "#);
}

#[test]
fn what_looks_like_a_dash_or_a_quote_is_named() {
    let read = [
        "%export _ f.csv ——format csv",
        "%export _ f.csv –force",
        "%export _ f.csv --format＝csv",
        "%export _ “file.csv”",
        "%export _ file.csv --null=‘x’",
        "%show _\u{a0}--rows 5",
        "%export _ 'a – “b”.csv'",
        "%export _ report–2026.csv",
        "%export _ \u{a0}b.csv",
    ];
    assert_snapshot!(read.map(refused).join("\n"), @r#"
    `—` (U+2014, em dash) is not taken here. at \u{2014}: At the marked place type `-`: an option begins with `--`.
    `–` (U+2013, en dash) is not taken here. at \u{2013}: At the marked place type `-`: an option begins with `--`.
    `＝` (U+FF1D, full-width form) is not taken here. at \u{ff1d}: At the marked place type `=`.
    `“` (U+201C, left double quotation mark) is not taken here. at \u{201c}: At the marked place type `'` or `"`.
    `‘` (U+2018, left single quotation mark) is not taken here. at \u{2018}: At the marked place type `'` or `"`.
    A no-break space (U+00A0) is not taken here. at \u{a0}: At the marked place type a blank.
    ["_", "a – “b”.csv"]
    ["_", "report–2026.csv"]
    ["_", "\u{a0}b.csv"]
    "#);
}
