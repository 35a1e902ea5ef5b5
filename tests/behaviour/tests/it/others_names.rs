//! Names that others gave, in a schema, in a file: what Tab puts into a cell of them, and how they are shown.

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
