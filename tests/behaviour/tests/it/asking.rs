//! Tab, Shift-Tab, `topic?`, `%help`: what the kernel knows without running anything; and `%echo`.

use cqlbook_wire::Channel;
use serde_json::{Value, json};

use crate::notebook::{Notebook, database};

/// What Tab offers at the `|` of a cell: start, end (in code points), and each candidate with its kind.
async fn offered(notebook: &mut Notebook, cell: &str) -> (usize, usize, Vec<(String, String)>) {
    let cursor = cell.chars().position(|c| c == '|').expect("a cursor");
    let code = cell.replacen('|', "", 1);
    let content = json!({"code": code, "cursor_pos": cursor});
    let reply = notebook.frontend.request(Channel::Shell, "complete_request", content).await;
    let content = reply.content();
    let matches: Vec<&str> =
        content["matches"].as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
    let types = content["metadata"]["_jupyter_types_experimental"].as_array().unwrap();
    let (start, end) = (content["cursor_start"].as_u64().unwrap(), content["cursor_end"].as_u64().unwrap());
    assert_eq!(types.len(), matches.len(), "types are parallel to matches");
    for (kind, text) in types.iter().zip(&matches) {
        assert_eq!((&kind["text"], &kind["start"], &kind["end"]), (&json!(text), &json!(start), &json!(end)));
        assert!(!kind["type"].as_str().unwrap().is_empty(), "{text} has a kind");
    }
    let of = |kind: &Value| kind["type"].as_str().unwrap().to_owned();
    let all = matches.iter().zip(types).map(|(text, kind)| ((*text).to_owned(), of(kind))).collect();
    (start as usize, end as usize, all)
}

/// What Shift-Tab shows at a place of a cell (in code points), as text.
async fn shown(notebook: &mut Notebook, code: &str, cursor: usize) -> Option<String> {
    let content = json!({"code": code, "cursor_pos": cursor, "detail_level": 0});
    let reply = notebook.frontend.request(Channel::Shell, "inspect_request", content).await;
    let content = reply.content();
    assert_eq!(content["status"], "ok");
    content["found"].as_bool().unwrap().then(|| content["data"]["text/plain"].as_str().unwrap().to_owned())
}

async fn notebook_with_a_table() -> Notebook {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    notebook.ok("CREATE TABLE orders (id int PRIMARY KEY, \"Total\" decimal)").await;
    notebook.ok("day1 << SELECT key, rack FROM system.local;").await;
    std::fs::write(notebook.folder.path().join("two words.csv"), "id\n1\n").unwrap();
    notebook
}

#[tokio::test]
async fn every_candidate_is_explained_in_place_and_as_jupyterlab_asks() {
    let mut notebook = notebook_with_a_table().await;
    let places = [
        "SELECT '😀'; SELECT * FROM |",
        "SELECT | FROM orders",
        "SELECT * FROM system.lo|",
        "UPDATE orders SET |",
        "%|",
        "%show |",
        "%set consistency |",
        "%import |",
        "%import two|",
        "DESCRIBE |",
        "USE |",
        "%%cql --|",
    ];
    for cell in places {
        let (start, end, candidates) = offered(&mut notebook, cell).await;
        assert!(!candidates.is_empty(), "{cell}");
        let code: Vec<char> = cell.replacen('|', "", 1).chars().collect();
        for (text, kind) in candidates {
            let until: String = code[..start].iter().collect::<String>() + &text;
            let whole = until.clone() + &code[end..].iter().collect::<String>();
            let cursor = until.chars().count();
            // JupyterLab asks about the text up to the candidate, with a cursor that lies beyond its end.
            for (asked, at) in [(&whole, cursor), (&until, cursor + end - start)] {
                let answer = shown(&mut notebook, asked, at).await;
                assert!(
                    answer.is_some_and(|text| !text.trim().is_empty()),
                    "{cell}: {kind} {text:?} in {asked:?}"
                );
            }
        }
    }
}

#[tokio::test]
async fn candidates_have_kinds_and_names_are_quoted_as_they_must_be() {
    let mut notebook = notebook_with_a_table().await;
    let pair = |text: &str, kind: &str| (text.to_owned(), kind.to_owned());
    let (start, end, tables) = offered(&mut notebook, "/* 😀 */ SELECT * FROM ord|").await;
    assert_eq!((start, end), (22, 25), "counted in code points");
    assert_eq!(tables, [pair("orders", "table")]);
    let (.., columns) = offered(&mut notebook, "SELECT t| FROM orders").await;
    assert_eq!(columns[0], pair("\"Total\"", "column"));
    let (.., paths) = offered(&mut notebook, "%import two|").await;
    assert_eq!(paths, [pair("'two words.csv'", "path")]);
    let (.., results) = offered(&mut notebook, "%show d|").await;
    assert_eq!(results, [pair("day1", "result")]);
}

#[tokio::test]
async fn a_question_opens_the_pager() {
    let mut notebook = notebook_with_a_table().await;
    for (question, answer) in [
        ("orders?", "| `\"Total\"` | `decimal` |"),
        ("%connect?", "`%connect astra"),
        ("day1?", "A kept result: 1 rows"),
        ("page_size??", "`%set page_size ROWS`"),
    ] {
        let cell = notebook.ok(question).await;
        let payload = &cell.content()["payload"][0];
        assert_eq!(payload["source"], "page");
        let text = payload["data"]["text/plain"].as_str().unwrap();
        assert!(text.contains(answer), "{question}: {text}");
        assert_eq!(cell.published("display_data").count(), 0, "the pager shows it");
    }
    let (name, said) = notebook.error("nothing_of_the_kind?").await;
    assert_eq!(name, "USAGE");
    assert!(said.contains("There is no help on `nothing_of_the_kind`."), "{said}");
    let help = notebook.ok("%help orders").await;
    assert!(help.plain()[0].contains("`decimal`"), "%help knows tables too");
}

#[tokio::test]
async fn echo_and_warn_print_their_line_as_it_is() {
    let mut notebook = Notebook::open().await;
    let cell = notebook.ok("%echo hello, 'world'; -- é\n%warn low on disk\n%echo").await;
    assert_eq!(cell.stdout(), "hello, 'world'; -- é\n\n");
    assert_eq!(cell.stderr(), "low on disk\n");
}
