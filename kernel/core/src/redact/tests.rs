//! What is masked, as examples; that no secret gets through, and that it is quick about it, as properties.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;

/// Each line masked for itself.
fn each(lines: &str) -> String {
    lines.lines().map(|line| redact(line).into_owned()).collect::<Vec<_>>().join("\n")
}

#[test]
fn options_of_magic_lines() {
    insta::assert_snapshot!(each(
        r#"%connect astra --bundle b.zip --client-secret abc --keyspace shop
%connect astra --client-secret=abc --name shop
%connect astra --Client_Secret "a b" --name shop
%connect astra --client-secret a b c --name shop
%connect astra --token-file token.json --password
%connect cassandra --host h -p abc --user bob
%connect cassandra --host h --password 'it's open
%connect astra —client-secret abc
%connection edit shop --client-secret
%connection edit shop --client-secret --bundle b.zip
%%cql --token abc
cqlsh -u bob -p abc
SELECT 1; %connect astra --client-secret abc"#
    ), @r"
    %connect astra --bundle b.zip --client-secret <secret> --keyspace shop
    %connect astra --client-secret=<secret> --name shop
    %connect astra --Client_Secret <secret> --name shop
    %connect astra --client-secret <secret> --name shop
    %connect astra --token-file token.json --password
    %connect cassandra --host h -p <secret> --user bob
    %connect cassandra --host h --password <secret>
    %connect astra —client-secret <secret>
    %connection edit shop --client-secret
    %connection edit shop --client-secret --bundle b.zip
    %%cql --token <secret>
    cqlsh -u bob -p <secret>
    SELECT 1; %connect astra --client-secret <secret>
    ");
}

#[test]
fn options_that_are_misspelt_or_have_the_secret_glued_to_them() {
    insta::assert_snapshot!(each(
        r#"%connect cassandra --host h -u bob -phunter2 --port 9042
%connect cassandra --host h -p'a b'c --port 9042
%connect cassandra --host h -phunter2!$x --port 9042
%connect cassandra --host h -p=hunter2
%connect cassandra --host h --pasword a b --port 9042
%connect astra --secert=abc --name shop
%connect astra --client-secert abc
%connect astra —tokn abc
%connect astra --passwordhunter2 --name shop
%connect astra --passwrd hunter2 --name shop
%connect cassandra --host h -passwrd hunter2 --port 9042
cqlsh h -u bob -phunter2
!dsbulk load -u bob --pasword abc
%connect cassandra --host h -port 9042 --kespace shop
%connect astra --token-fil token.json
SELECT a-pages, b --pasword of nobody
FROM t;"#
    ), @"
    %connect cassandra --host h -u bob -p<secret> --port 9042
    %connect cassandra --host h -p'<secret>
    %connect cassandra --host h -p<secret> --port 9042
    %connect cassandra --host h -p=<secret>
    %connect cassandra --host h --pasword <secret> --port 9042
    %connect astra --secert=<secret> --name shop
    %connect astra --client-secert <secret>
    %connect astra —tokn <secret>
    %connect astra --password<secret> --name shop
    %connect astra --pass<secret> <secret> --name shop
    %connect cassandra --host h -pass<secret> <secret> --port 9042
    cqlsh h -u bob -p<secret>
    !dsbulk load -u bob --pasword <secret>
    %connect cassandra --host h -port 9042 --kespace shop
    %connect astra --token-fil <secret>
    SELECT a-pages, b --pasword of nobody
    FROM t;
    ");
}

#[test]
fn passwords_of_roles() {
    insta::assert_snapshot!(each(
        r#"CREATE ROLE bob WITH PASSWORD = 'a b' AND LOGIN = true;
CREATE USER bob WITH PASSWORD 'abc' NOSUPERUSER; ALTER ROLE x WITH password='it''s' AND SUPERUSER = false
ALTER ROLE bob WITH HASHED PASSWORD = '$2a$10$JSJEMFm6GeaW9XxT5JIheuEtPvat6i7uKbnTcxX3c1wshIIsGyUtG'
ALTER ROLE bob WITH LOGIN = true AND PASSWORD = $$a ' b$$;
ALTER ROLE bob WITH PASSWORD /* new */ = /* was 'old' */ 'abc';
ALTER ROLE bob WITH PASSWORD = 'it's secret' AND LOGIN = true;
ALTER ROLE bob WITH PASSWORD = ‘a b’ AND LOGIN = true;
ALTER ROLE bob WITH PASSWORD = abc; SELECT 1
ALTER ROLE bob WITH PASSWORD = 'abc
INSERT INTO t (a) VALUES ('it's'); ALTER ROLE bob WITH PASSWORD = 'abc';
-- the password ' ; ALTER ROLE bob WITH PASSWORD = ' abc';"#
    ), @r"
    CREATE ROLE bob WITH PASSWORD = <secret> AND LOGIN = true;
    CREATE USER bob WITH PASSWORD <secret> NOSUPERUSER; ALTER ROLE x WITH password=<secret> AND SUPERUSER = false
    ALTER ROLE bob WITH HASHED PASSWORD = <secret>
    ALTER ROLE bob WITH LOGIN = true AND PASSWORD = <secret>;
    ALTER ROLE bob WITH PASSWORD /* new */ = <secret>;
    ALTER ROLE bob WITH PASSWORD = <secret> AND LOGIN = true;
    ALTER ROLE bob WITH PASSWORD = <secret> AND LOGIN = true;
    ALTER ROLE bob WITH PASSWORD = <secret>; SELECT 1
    ALTER ROLE bob WITH PASSWORD = <secret>
    INSERT INTO t (a) VALUES ('it's'); ALTER ROLE bob WITH PASSWORD = <secret>;
    -- the password <secret>;
    ");
    assert_eq!(
        redact("ALTER ROLE b WITH PASSWORD\n=\n'a\nb'\n;"),
        "ALTER ROLE b WITH PASSWORD\n=\n<secret>\n;"
    );
}

#[test]
fn names_that_say_what_they_are() {
    insta::assert_snapshot!(each(
        r#"UPDATE users SET db_password = 'a', token = 'b', api_key = 'c', name = 'd';
{"clientId": "id", "secret": "abc", "token": "AstraCS:x:y"}
SELECT '{\"client_secret\": \"abc\"}'
%env ASTRA_DB_CLIENT_SECRET=abc
-- the password: abc"#
    ), @r#"
    UPDATE users SET db_password = <secret>, token = <secret>, api_key = <secret>, name = 'd';
    {"clientId": "id", "secret": <secret>, "token": <secret>}
    SELECT '{\"client_secret\": <secret>}'
    %env ASTRA_DB_CLIENT_SECRET=<secret>
    -- the password: <secret>
    "#);
}

#[test]
fn logins_parameters_and_tokens() {
    insta::assert_snapshot!(each(
        r#"LOGIN bob 'a b'; SELECT 1
login bob abc
USE shop; LOGIN "bob" abc
LOGIN bob static-abc
LOGIN bob ,abc
LOGIN bob;
LOGIN
%param db_password = 'a b'
%param Api_Key='abc'
%param token 'abc'
%param keyspace_name = 'shop'
%param day = '2013-01-01'
-- AstraCS:abc:def, and the one before
INSERT INTO t (a) VALUES ('astracs:abc:def')"#
    ), @r#"
    LOGIN bob <secret>; SELECT 1
    login bob <secret>
    USE shop; LOGIN "bob" <secret>
    LOGIN bob <secret>
    LOGIN bob <secret>
    LOGIN bob;
    LOGIN
    %param db_password = <secret>
    %param Api_Key=<secret>
    %param token <secret>
    %param keyspace_name = 'shop'
    %param day = '2013-01-01'
    -- <secret>, and the one before
    INSERT INTO t (a) VALUES ('<secret>')
    "#);
}

#[test]
fn what_only_looks_like_it_stays() {
    for cell in [
        "",
        "SELECT * FROM t WHERE token(id) > token('abc') AND key = 'k';",
        "SELECT password, token FROM users WHERE name = 'bob';",
        "SELECT * FROM users WHERE password = :password AND token = ? AND name = 'bob';",
        "CREATE TABLE users (\n  login text PRIMARY KEY,\n  password text,\n  token uuid\n);",
        "SELECT\n  login AS name\nFROM users;",
        "SELECT\n  login, name\nFROM users;",
        "CREATE TABLE users (\n  id int,\n  login text STATIC,\n  login text, PRIMARY KEY (id));",
        "CREATE ROLE bob WITH\n  LOGIN = true;",
        "CREATE CUSTOM INDEX ON t (a) WITH OPTIONS = {'tokenization_enable_stemming': 'true', 'index_analyzer': '{\"tokenizer\": {\"name\": \"standard\"}}'};",
        "A client secret begins with AstraCS: and then -- see the docs",
        "%connect astra --no-save --bundle ~/scb.zip --client-id token",
        "%connection edit shop --client-secret",
        "%import passwords.csv INTO shop.passwords --null NA",
        "SELECT a--token\nFROM t",
    ] {
        assert!(matches!(redact(cell), Cow::Borrowed(_)), "{cell:?} became {:?}", redact(cell));
    }
}

/// Text around a secret: CQL, magics, comments, quotes left open, characters of several bytes.
fn around() -> impl Strategy<Value = String> {
    let pieces = proptest::sample::select(vec![
        "SELECT * FROM shop.orders WHERE id = 7;",
        "INSERT INTO t (a) VALUES ('it''s', $$b$$);",
        "it's",
        "\"",
        "$$",
        "/* open",
        "*/",
        "-- note",
        "// note's",
        "%connect astra --name o'brien",
        "%%cql --trace",
        "BEGIN BATCH",
        "CREATE ROLE r WITH LOGIN = true AND PASSWORD = 'x'",
        "LOGIN ann",
        "--password",
        "%param key = ",
        "password",
        "AstraCS:",
        "😀 é \u{feff}\u{a0}",
        "\\",
        "",
    ]);
    proptest::collection::vec((pieces, "[ \n]"), 0..6)
        .prop_map(|pieces| pieces.into_iter().map(|(piece, gap)| format!("{piece}{gap}")).collect())
}

/// A secret with marks in it, and quotes where `quotes` says so. `Zq9` is in nothing else here.
fn secret(marks: &'static str) -> impl Strategy<Value = String> {
    proptest::string::string_regex(&format!("Zq9[a-z0-9{marks}]{{3,12}}[a-z]")).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_secret_gets_through(
        before in around(),
        after in around(),
        word in secret("!#&*+./:@_~-"),
        text in secret(" !#%&()*+,./:;<=>?@_{}~é-"),
        spot in 0..22_usize,
        same_line in any::<bool>(),
    ) {
        // What needs no line of its own.
        let gap = if same_line && matches!(spot, 6..=13 | 17 | 18 | 21) { " " } else { "\n" };
        let spot = match spot {
            0 => format!("%connect astra --client-secret {word}"),
            1 => format!("%connect astra --name x --client-secret={word} --bundle b"),
            2 => format!("%connect astra --password '{text}' --bundle b"),
            3 => format!("%connection test astra --SECRET \"{text}\""),
            4 => format!("%%cql --token={word} --trace"),
            5 => format!("%x --db-password   {word}"),
            6 => format!("CREATE ROLE bob WITH PASSWORD = '{text}' AND LOGIN = true;"),
            7 => format!("alter user bob with password '{text}'"),
            8 => format!("ALTER ROLE bob WITH LOGIN = true AND HASHED PASSWORD='{text}'"),
            9 => format!("ALTER ROLE bob WITH PASSWORD = $${text}$$;"),
            10 => format!("ALTER ROLE bob WITH PassWord /* it's */ = -- \"new\n '{text}';"),
            11 => format!("ALTER ROLE bob WITH PASSWORD = 'it''s{text}''';"),
            12 => format!("ALTER ROLE bob WITH PASSWORD = \"{text}\";"),
            13 => format!("ALTER ROLE bob WITH PASSWORD = 'it's{text}';"),
            14 => format!("LOGIN bob '{text}'"),
            15 => format!("login bob {word};"),
            16 => format!("Login 'bob' {word}"),
            17 => format!("-- AstraCS:{}", word.replace(['<', '>'], "")),
            18 => format!("SELECT 'AstraCS:x:{word}'"),
            19 => format!("%param db_password = '{text}'"),
            20 => format!("%param apiKey = $${text}$$"),
            _ => format!("{{\"secret\": \"{text}\"}}"),
        };
        let cell = format!("{before}{gap}{spot}\n{after}");
        let masked = redact(&cell);
        prop_assert!(!masked.contains("Zq9"), "{cell:?} became {masked:?}");
    }

    #[test]
    fn any_text_is_taken(cell in "\\PC{0,200}") {
        redact(&cell);
    }

    #[test]
    fn any_mix_of_its_own_marks_is_taken(pieces in proptest::collection::vec(proptest::sample::select(vec![
        "password", "PASSWORD", "=", ":", "'", "\"", "$$", "/*", "*/", "--", "//", "\n", "\r", " ", ";", "LOGIN", "bob",
        "%param", "--client-secret", "-p", "—token", "AstraCS:", "astracs:x", "’", "“", "\\", "é", "😀", "(", "}", "\u{a0}",
    ]), 0..40)) {
        let cell = pieces.concat();
        let masked = redact(&cell);
        prop_assert!(masked.len() <= cell.len() + MASK.len() * cell.len());
    }

    #[test]
    fn text_without_signs_stays(cell in "[a-jl-o 0-9;'\"=%*()/\n-]{0,200}") {
        prop_assert!(matches!(redact(&cell), Cow::Borrowed(_)));
    }
}

/// Patterns that would cost the square of their length if any place were read again and again.
#[test]
fn a_long_cell_takes_time_in_proportion() {
    for pattern in [
        "PASSWORD/*",
        "PASSWORD /* */",
        "PASSWORD='",
        "PASSWORD=$$",
        "PASSWORD--\n",
        "/*PASSWORD--*/\n",
        "password ",
        "pw=‘a’;",
        "pw='a'b;",
        "pw=a'b",
        "token=",
        "--token ",
        "%x --token ",
        "-a-",
        "- -",
        "%param pw = /*\n",
        "%param pw = '\n",
        ";login 'x",
        ";login x 'y';",
        "login ",
        "LOGIN bob x\n",
        "astracs:",
        "AstraCS:x ",
        "secret: ",
        "\\\"secret\\\":\\\"",
        "a",
        "--password '",
        "key ",
        "'",
        "PASSWORD = (",
        "\n",
        ";login a ‘x",
        "pw='x''",
        "pw=",
        "pw=x'",
        ";login a b",
        "login\n",
        "'pw=''",
    ] {
        for start in ["", "%x --password "] {
            let cell = format!("{start}{}", pattern.repeat(400_000 / pattern.len()));
            let began = Instant::now();
            redact(&cell);
            let took = began.elapsed();
            // A debug build takes less than a second.
            assert!(took < Duration::from_secs(10), "{start}{pattern:?} took {took:?}");
        }
    }
}
