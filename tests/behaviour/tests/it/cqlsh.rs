//! The commands that cqlsh users know: its words, files that are run and written, other users, the ring.

use std::path::PathBuf;

use insta::assert_snapshot;

use crate::notebook::{Notebook, database};

/// A notebook with a table `t (k int, c int, v text)` of three rows in one partition.
async fn with_rows() -> Notebook {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    notebook.ok("CREATE TABLE t (k int, c int, v text, PRIMARY KEY (k, c))").await;
    notebook
        .ok("INSERT INTO t (k, c, v) VALUES (1, 1, 'pear'); INSERT INTO t (k, c, v) VALUES (1, 2, 'fig');\n\
             INSERT INTO t (k, c, v) VALUES (1, 3, null);")
        .await;
    notebook
}

fn file(notebook: &Notebook, name: &str, text: &str) -> PathBuf {
    let path = notebook.folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    path
}

#[tokio::test]
async fn settings_answer_in_cqlshs_words() {
    let mut notebook = Notebook::open().await;
    let said = |cell: cqlbook_wire::testing::Exchange| format!("{}[{}]", cell.stdout(), cell.stderr());
    let cell = "CONSISTENCY; CONSISTENCY quorum; SERIAL CONSISTENCY; SERIAL CONSISTENCY SERIAL";
    assert_snapshot!(said(notebook.ok(cell).await), @r"
    Current consistency level is LOCAL_QUORUM.
    Consistency level set to QUORUM.
    Current serial consistency level is LOCAL_SERIAL.
    Serial consistency level set to SERIAL.
    []
    ");
    assert_snapshot!(said(notebook.ok("TRACING\nTRACING ON\nTRACING ON\nTRACING\nTRACING OFF\ntracing off").await), @r"
    Tracing is currently disabled. Use TRACING ON to enable.
    Now Tracing is enabled
    Tracing is currently enabled. Use TRACING OFF to disable
    Disabled Tracing.
    [Tracing is already enabled. Use TRACING OFF to disable.
    Tracing is not enabled.
    ]
    ");
    assert_snapshot!(said(notebook.ok("EXPAND\nEXPAND ON\nEXPAND OFF").await), @r"
    Expanded output is currently disabled. Use EXPAND ON to enable.
    Now Expanded output is enabled
    Disabled Expanded output.
    []
    ");
    assert_snapshot!(said(notebook.ok("PAGING\nPAGING 7\nPAGING OFF\nPAGING\nPAGING ON").await), @r"
    Query paging is currently enabled. Use PAGING OFF to disable
    Page size: 5000
    Page size: 7
    Disabled Query paging.
    Query paging is currently disabled. Use PAGING ON to enable.
    Now Query paging is enabled
    Page size: 5000
    []
    ");
    assert_snapshot!(said(notebook.ok("CLEAR\nCLS; EXIT\nquit").await), @r"
    A notebook keeps its outputs. The Edit menu clears those of a cell, or of all cells.
    A notebook keeps its outputs. The Edit menu clears those of a cell, or of all cells.
    A notebook has no EXIT. The Kernel menu shuts its kernel down; `%disconnect` closes the connection.
    A notebook has no EXIT. The Kernel menu shuts its kernel down; `%disconnect` closes the connection.
    []
    ");
    assert_eq!(notebook.error("CONSISTENCY QORUM").await.0, "USAGE");
}

#[tokio::test]
async fn show_tells_versions_host_and_replicas() {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    let version = notebook.ok("SHOW VERSION").await.stdout();
    let parts: Vec<_> = version.trim().trim_matches(['[', ']']).split(" | ").collect();
    assert_eq!(parts.len(), 4, "{version}");
    for (part, name) in parts.iter().zip(["cqlbook ", "Cassandra 5", "CQL spec 3.", "Native protocol v4"]) {
        assert!(part.starts_with(name), "{version}");
    }
    let host = notebook.ok("show host;").await.stdout();
    assert!(host.starts_with("Connected to ") && host.contains(" at Astra DB, data centre dc1"), "{host}");

    // Three replicas in dc1 and one in dc2, or what the keyspace has: each is an address, none comes twice.
    let replicas = notebook.ok("SHOW REPLICAS -95").await.stdout();
    let addresses: Vec<_> = replicas.trim().trim_matches(['[', ']']).split(", ").collect();
    let distinct: std::collections::BTreeSet<_> = addresses.iter().collect();
    assert!(addresses.iter().all(|one| one.starts_with("'127.") && one.ends_with('\'')), "{replicas}");
    assert_eq!(distinct.len(), addresses.len(), "{replicas}");
    assert_eq!(
        notebook.ok("SHOW REPLICAS -95 system_schema").await.stdout().matches("127.").count(),
        1,
        "a local table"
    );
    let (name, text) = notebook.error("SHOW REPLICAS 5 systm").await;
    assert!(name == "INVALID_QUERY" && text.contains("Did you mean `system`?"), "{text}");
    assert_eq!(notebook.error("SHOW REPLICAS five").await.0, "USAGE");
}

#[tokio::test]
async fn source_runs_the_steps_of_a_file() {
    let mut notebook = with_rows().await;
    std::fs::create_dir(notebook.folder.path().join("load")).unwrap();
    file(&notebook, "load/more.cql", "INSERT INTO t (k, c, v) VALUES (2, 1, 'inner; one');\n");
    file(
        &notebook,
        "all.cql",
        "-- a file as cqlsh reads it\nCONSISTENCY LOCAL_QUORUM\nINSERT INTO t (k, c) VALUES (2, 2);\n\
         SOURCE 'load/more.cql'\nkept << SELECT c, v FROM t WHERE k = 2;\n%set display_rows 7\n",
    );
    let cell = notebook.ok("SOURCE 'all.cql'").await;
    let outputs = cell.plain();
    assert_eq!(outputs.len(), 4, "{}", cell.transcript());
    assert!(outputs[0].starts_with("Ran 1 step of load/more.cql in "), "{}", outputs[0]);
    assert!(outputs[1].contains("inner; one"), "rows are shown: {}", outputs[1]);
    assert!(outputs[3].starts_with("Ran 5 steps of all.cql in "), "{}", outputs[3]);
    assert_eq!(cell.stdout(), "Consistency level set to LOCAL_QUORUM.\n");
    assert!(notebook.ok("%show kept").await.plain()[0].contains("inner; one"));
    assert!(notebook.ok("%set display_rows").await.plain()[0].contains('7'));
}

#[tokio::test]
async fn a_failure_in_a_file_names_file_and_line() {
    let mut notebook = with_rows().await;
    file(&notebook, "inner.cql", "SELECT c FROM t WHERE k = 1;\n\n  SELEC 1;\nSELECT c FROM t WHERE k = 1;");
    file(&notebook, "outer.cql", "CONSISTENCY ONE\nSOURCE 'inner.cql'\n");
    let (_, text) = notebook.error("SELECT c FROM t WHERE k = 1; SOURCE 'outer.cql'").await;
    assert_snapshot!(text.split("The server said").next().unwrap(), @"
    SYNTAX_ERROR: The statement does not parse at `SELEC`.
    The server could not read on at the marked place.

    In statement 2 of 2, inner.cql, line 3, column 3, run by outer.cql at line 2:
    3 |   SELEC 1;
      |   ^^^^^

    → Did you mean `SELECT`?
    → Look there for a missing comma, quote or keyword, or a name that needs double quotes.
    → 1 step before it was done.
    → 1 step before it was done.
    ");

    notebook.ok("%set stop_on_error off").await;
    let exchange = notebook.run("SOURCE 'inner.cql'").await;
    assert_eq!(exchange.status(), "error", "something failed");
    assert_eq!(exchange.plain().len(), 3, "the statement after it ran: {}", exchange.transcript());
    assert!(exchange.plain()[2].ends_with(", and 1 failed."), "{}", exchange.plain()[2]);
}

#[tokio::test]
async fn a_file_that_cannot_be_run_is_told() {
    let mut notebook = with_rows().await;
    let (name, text) = notebook.error("SOURCE 'none.cql'").await;
    assert_eq!(name, "USAGE");
    assert!(
        text.contains("Could not open 'none.cql'.") && text.contains("There is no none.cql in "),
        "{text}"
    );
    file(&notebook, "self.cql", "SOURCE 'self.cql'");
    let (_, text) = notebook.error("SOURCE 'self.cql'").await;
    assert!(text.contains("'self.cql' runs itself."), "{text}");
    file(&notebook, "open.cql", "SELECT c FROM t WHERE k = 1;\nSELECT 'x;");
    let (name, text) = notebook.error("SOURCE 'open.cql'").await;
    assert_eq!(name, "UNTERMINATED");
    assert!(text.contains("open.cql, line 2, column 8"), "{text}");
    std::fs::write(notebook.folder.path().join("bytes.cql"), b"SELECT 1;\n\xff").unwrap();
    let (_, text) = notebook.error("SOURCE 'bytes.cql'").await;
    assert!(text.contains("line 2 is no text in UTF-8"), "{text}");
    assert_eq!(notebook.error("SOURCE").await.0, "USAGE");
}

#[tokio::test]
async fn a_long_file_is_run_in_parts() {
    let mut notebook = with_rows().await;
    let inserts: String = (0..1500)
        .map(|n| format!("INSERT INTO t (k, c, v) VALUES (9, {n}, '{}');\n", "x;".repeat(60)))
        .collect();
    file(&notebook, "many.cql", &inserts);
    let cell = notebook.ok("SOURCE 'many.cql'").await;
    assert!(
        cell.plain().last().unwrap().starts_with("Ran 1,500 steps of many.cql in "),
        "{}",
        cell.transcript()
    );
    let cell = notebook.ok("SELECT count(*) FROM t WHERE k = 9").await;
    assert!(cell.plain()[0].contains("1500"), "{}", cell.plain()[0]);
}

#[tokio::test]
async fn capture_appends_rows_to_a_file() {
    let mut notebook = with_rows().await;
    assert_eq!(notebook.ok("CAPTURE").await.stdout(), "Currently not capturing query output.\n");
    let began = notebook.ok("CAPTURE 'out.txt'").await.stdout();
    assert!(began.starts_with("Now capturing query output to '") && began.contains("appended"), "{began}");
    let cell =
        notebook.ok("SELECT c, v FROM t WHERE k = 1; INSERT INTO t (k, c) VALUES (3, 3); SHOW VERSION").await;
    assert!(cell.plain()[0].contains("pear"), "the rows are drawn, too");
    assert!(notebook.ok("capture").await.stdout().contains("out.txt"));
    let (name, text) = notebook.error("CAPTURE 'other.txt'").await;
    assert!(name == "USAGE" && text.contains("Already capturing output to "), "{text}");
    assert_eq!(notebook.run("SELECT nothing FROM t").await.status(), "error");
    notebook.ok("%%cql --display-rows 1\nSELECT c FROM t WHERE k = 1").await;
    notebook.ok("CAPTURE OFF").await;
    notebook.ok("SELECT k FROM t WHERE k = 1").await;
    assert_eq!(notebook.ok("CAPTURE OFF").await.stderr(), "Not currently capturing output.\n");
    let captured = std::fs::read_to_string(notebook.folder.path().join("out.txt")).unwrap();
    assert_snapshot!(captured, @r"

     c | v
    ---+------
     1 | pear
     2 |  fig
     3 | null

    (3 rows)

     c
    ---
     1
     2
     3

    (3 rows)
    ");
    let (name, text) = notebook.error("CAPTURE 'none/out.txt'").await;
    assert!(name == "USAGE" && text.contains("Could not open"), "{text}");
}

#[tokio::test]
async fn login_connects_again_as_another_user() {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    let credentials = astra.credentials();
    notebook.frontend.answer("not the secret");
    let (name, text) = notebook.error(&format!("LOGIN '{}'", credentials.client_id)).await;
    assert!(name == "AUTH_FAILED" && text.contains("stays connected"), "{text}");
    notebook.frontend.answer(&credentials.secret);
    let cell = notebook.ok(&format!("LOGIN '{}'", credentials.client_id)).await;
    let said = *cell.plain().last().unwrap();
    assert!(said.contains("Connected to Astra DB") && said.contains(astra.keyspace()), "{said}");
    assert!(!cell.transcript().contains(&credentials.secret));
    let request = notebook.start_without_prompts("LOGIN ada").await;
    let exchange = notebook.frontend.finish(&request).await;
    assert_eq!(crate::notebook::failure("LOGIN ada", &exchange).0, "FIELDS_REQUIRED");
}

#[tokio::test]
async fn a_keyspace_that_is_refused_changes_nothing() {
    let mut notebook = with_rows().await;
    let (name, text) = notebook.error("USE nowhere_at_all").await;
    assert!(name == "INVALID_QUERY" && text.contains("does not exist"), "{text}");
    let cell = notebook.ok("SELECT c FROM t WHERE k = 1; USE system; SELECT key FROM local").await;
    assert_eq!(cell.plain()[1].lines().next(), Some("Using keyspace system."));
    assert_eq!(
        notebook.error("%%cql --keyspace nowhere_at_all\nSELECT key FROM local").await.0,
        "INVALID_QUERY"
    );
    notebook.ok("SELECT key FROM local").await;
}
