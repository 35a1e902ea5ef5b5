//! Names that others gave, in a schema, in a file: what Tab puts into a cell of them, and how they are shown.

use std::time::Duration;

use crate::completing::offered;
use crate::notebook::{Notebook, database};
use crate::user::User;

#[tokio::test]
async fn a_columns_name_is_offered_as_one_word_or_not_at_all() {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    notebook
        .ok("CREATE TABLE nl (k int PRIMARY KEY, v int, \"v\nDROP TABLE nl; --\" int, \"two words\" int, \"it's\" int);
            INSERT INTO nl (k, v) VALUES (1, 2)")
        .await;
    notebook.ok("%%cql --into r\nSELECT * FROM nl").await;
    for cell in ["%plot r --x |", "%plot r --x=|", "%show r --columns k,|"] {
        let found = offered(&mut notebook, cell).await;
        let columns: Vec<_> = found.iter().filter(|(_, kind, _)| kind == "column").collect();
        let texts: Vec<_> = columns.iter().map(|(text, ..)| text.as_str()).collect();
        assert_eq!(texts, ["k", "\"it's\"", "'two words'", "v"], "{cell}");
    }
    // What is accepted runs, and is the column that was meant.
    let shown = notebook.ok("%show r --columns k,'two words',\"it's\"").await;
    assert!(shown.plain()[0].contains("two words"), "{}", shown.plain()[0]);
    // In CQL a name may have a line feed, but who accepts it would not see what it is.
    let found = offered(&mut notebook, "SELECT | FROM nl").await;
    assert!(found.iter().all(|(text, ..)| !text.contains('\n')), "{found:?}");
    assert!(found.iter().any(|(text, ..)| text == "\"two words\""), "{found:?}");
}

#[tokio::test]
async fn a_files_name_is_offered_as_the_place_quotes_it() {
    let mut notebook = Notebook::open().await;
    for name in
        ["e\"; DROP TABLE x; --'.cql", "e'; DROP TABLE x; --.cql", "e\nDROP TABLE x;.cql", "e\u{1b}[2J.cql"]
    {
        std::fs::write(notebook.folder.path().join(name), "").unwrap();
    }
    for (cell, expected) in [
        ("SOURCE e|", [r#"'e"; DROP TABLE x; --''.cql'"#, "'e''; DROP TABLE x; --.cql'"]),
        ("SOURCE 'e|", [r#"e"; DROP TABLE x; --''.cql"#, "e''; DROP TABLE x; --.cql"]),
        ("COPY t FROM 'e|", [r#"e"; DROP TABLE x; --''.cql"#, "e''; DROP TABLE x; --.cql"]),
        ("%import e|", [r#""e\"; DROP TABLE x; --'.cql""#, r#""e'; DROP TABLE x; --.cql""#]),
    ] {
        let found = offered(&mut notebook, cell).await;
        let paths: Vec<_> =
            found.iter().filter(|(_, kind, _)| kind == "path").map(|(text, ..)| text).collect();
        assert_eq!(paths, expected, "{cell}");
    }
}

#[tokio::test]
async fn a_connection_with_a_line_feed_in_its_name_is_neither_offered_nor_named() {
    let user = User::without_keychain(None);
    let folder = user.home.path().join(".config/cqlbook");
    std::fs::create_dir_all(&folder).unwrap();
    let file = "[[connection]]\nname = \"x\\nDROP TABLE y;\"\nkind = \"cassandra\"\nhosts = [\"h\"]\n\
        [[connection]]\nname = \"two words\"\nkind = \"cassandra\"\nhosts = [\"h\"]\n";
    std::fs::write(folder.join("connections.toml"), file).unwrap();
    let mut notebook = user.notebook().await;
    let found = offered(&mut notebook, "%connect |").await;
    let texts: Vec<_> = found.iter().map(|(text, ..)| text.as_str()).collect();
    assert!(texts.contains(&"'two words'") && !texts.iter().any(|text| text.contains("DROP")), "{texts:?}");
    let (name, told) = notebook.error("SELECT 1").await;
    assert_eq!(name, "NOT_CONNECTED");
    assert!(told.contains("'two words'") && !told.contains("DROP"), "{told}");
    let listed = notebook.ok("%connections").await;
    assert!(listed.plain()[0].contains(r"x\nDROP TABLE y;"), "{}", listed.plain()[0]);
}

#[tokio::test]
async fn a_script_shows_what_it_holds() {
    let astra = database().await;
    let user = User::without_keychain(None);
    let mut notebook = user.notebook_of(&astra).await;
    let keyspace = astra.keyspace().to_owned();
    notebook.ok(&format!("%connect astra --no-save --keyspace {keyspace}")).await;
    notebook.ok(&format!("%snapshot save ./before.json --keyspace {keyspace}")).await;
    notebook
        .ok("CREATE TABLE t (k int PRIMARY KEY, \"a\u{202e}b\" int) WITH comment = 'x\u{202e} ;--\u{200b}'")
        .await;
    notebook.ok(&format!("%snapshot save ./after.json --keyspace {keyspace}")).await;
    for cell in ["%snapshot script ./before.json ./after.json", "%snapshot show ./after.json"] {
        let shown = notebook.ok(cell).await;
        let (plain, html) = (shown.plain().join("\n"), shown.html().join("\n"));
        for text in [&plain, &html] {
            assert!(!text.contains(['\u{202e}', '\u{200b}']), "{cell}: {text}");
            assert!(
                text.contains(r#""a\u202eb""#) && text.contains(r"'x\u202e ;--\u200b'"),
                "{cell}: {text}"
            );
            assert!(text.contains("characters that cannot be seen"), "{cell}: {text}");
        }
    }
    let plain_one = notebook.ok("%snapshot script ./after.json ./before.json").await;
    notebook.ok("%%cql --yes\nDROP TABLE t").await;
    notebook.ok("CREATE TABLE u (k int PRIMARY KEY)").await;
    let without = notebook.ok("%snapshot script ./before.json live").await;
    assert!(!without.plain()[0].contains("cannot be seen"), "{}", without.plain()[0]);
    assert!(plain_one.plain()[0].contains("DROP TABLE"), "{}", plain_one.plain()[0]);
}

#[tokio::test]
async fn two_snapshots_of_a_chain_of_types_are_compared_and_the_kernel_answers_meanwhile() {
    let astra = database().await;
    let user = User::without_keychain(None);
    let mut notebook = user.notebook_of(&astra).await;
    let keyspace = astra.keyspace().to_owned();
    notebook.ok(&format!("%connect astra --no-save --keyspace {keyspace}")).await;
    notebook.ok("CREATE TYPE t0 (a int)").await;
    notebook.ok(&format!("%snapshot save ./one.json --keyspace {keyspace}")).await;
    let path = notebook.folder.path().join("one.json");
    let mut file: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    for (name, last) in [("one.json", "int"), ("two.json", "text")] {
        let types = &mut file["keyspaces"][&keyspace]["types"];
        let shape = types["t0"].clone();
        for at in 0..4000 {
            let field = if at == 3999 { last.to_owned() } else { format!("frozen<t{}>", at + 1) };
            let mut one = serde_json::to_string(&shape).unwrap();
            one = one.replace("\"int\"", &format!("\"{field}\""));
            types[format!("t{at}")] = serde_json::from_str(&one).unwrap();
        }
        std::fs::write(notebook.folder.path().join(name), file.to_string()).unwrap();
    }
    let compared =
        tokio::time::timeout(Duration::from_secs(60), notebook.ok("%snapshot diff ./one.json ./two.json"));
    let compared = compared.await.expect("in time");
    assert!(
        compared.plain()[0].contains("lossy") || compared.plain()[0].contains("t3999"),
        "{}",
        compared.plain()[0]
    );
}
