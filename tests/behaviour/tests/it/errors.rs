//! Failures as users meet them, provoked for real: code, message, and a next step.

use cqlbook_sandbox::{Part, Switch};

use crate::notebook::{Notebook, database};

/// A notebook whose environment leads to the database, not yet connected.
async fn before(astra: &cqlbook_sandbox::Astra) -> Notebook {
    Notebook::open_with(&[
        ("ASTRA_DB_SECURE_BUNDLE_PATH", astra.bundle().to_str().unwrap()),
        ("ASTRA_DB_APPLICATION_TOKEN", &astra.credentials().token),
    ])
    .await
}

#[tokio::test]
async fn a_server_that_does_not_prove_itself_is_refused_everywhere() {
    for part in [Part::Metadata, Part::Proxy] {
        for switch in
            [Switch::WrongCa { part }, Switch::WrongHostName { part }, Switch::ExpiredCertificate { part }]
        {
            let astra = database().await;
            astra.switch(switch.clone()).await.unwrap();
            let mut notebook = before(&astra).await;
            let (name, text) = notebook.error("%connect astra --no-save").await;
            assert_eq!(name, "TLS_UNTRUSTED", "{switch:?}: {text}");
            let requests: u64 = astra.facts().await.unwrap().nodes.values().map(|node| node.requests).sum();
            assert_eq!(requests, 0, "{switch:?}: nothing was sent");
            astra.close().await.unwrap();
        }
    }
}

#[tokio::test]
async fn wrong_credentials_are_said_at_once() {
    let astra = database().await;
    let mut notebook = Notebook::open_with(&[
        ("ASTRA_DB_SECURE_BUNDLE_PATH", astra.bundle().to_str().unwrap()),
        ("ASTRA_DB_CLIENT_ID", &astra.credentials().client_id),
        ("ASTRA_DB_CLIENT_SECRET", "not-the-secret"),
    ])
    .await;
    let (name, text) = notebook.error("%connect astra --no-save").await;
    assert_eq!(name, "AUTH_FAILED");
    assert!(!text.contains("not-the-secret"), "{text}");
    let (name, _) = notebook.error("%connect astra --no-save --client-id token").await;
    assert_eq!(name, "AUTH_TOKEN_SHAPE");
}

#[tokio::test]
async fn a_sleeping_database_is_waited_for() {
    let astra = database().await;
    astra.switch(Switch::Paused { seconds: Some(3) }).await.unwrap();
    let mut notebook = before(&astra).await;
    let cell = notebook.ok("%connect astra --no-save").await;
    assert!(cell.transcript().contains("paused"), "the wait is shown: {}", cell.transcript());

    astra.switch(Switch::Paused { seconds: None }).await.unwrap();
    notebook.ok("%set timeout 2s").await;
    let (name, text) = notebook.error("%connect astra --no-save").await;
    assert_eq!(name, "DATABASE_PAUSED", "{text}");

    notebook.ok("%set timeout 60s").await;
    let request = notebook.frontend.start("%connect astra --no-save").await;
    notebook.frontend.until(&request, |message| message.msg_type == "display_data").await;
    notebook.frontend.interrupt().await;
    let exchange = notebook.frontend.finish(&request).await;
    assert_eq!(exchange.error().unwrap().0, "INTERRUPTED");
}

#[tokio::test]
async fn what_the_metadata_service_says_is_understood() {
    let astra = database().await;
    let mut notebook = before(&astra).await;
    for (switch, code) in [
        (Switch::Revoked, "METADATA_REFUSED"),
        (Switch::NotFound, "METADATA_REFUSED"),
        (Switch::NotJson, "METADATA_INVALID"),
        (Switch::Refusing, "NETWORK_UNREACHABLE"),
    ] {
        astra.switch(switch.clone()).await.unwrap();
        let (name, text) = notebook.error("%connect astra --no-save").await;
        assert_eq!(name, code, "{switch:?}: {text}");
        astra.reset().await.unwrap();
    }
    notebook.ok("%connect astra --no-save").await;
}

#[tokio::test]
async fn bad_bundles_are_told_apart() {
    let astra = database().await;
    let mut notebook =
        Notebook::open_with(&[("ASTRA_DB_APPLICATION_TOKEN", &astra.credentials().token)]).await;
    let folder = notebook.folder.path().to_owned();
    let whole = std::fs::read(astra.bundle()).unwrap();
    std::fs::write(folder.join("short.zip"), &whole[..whole.len() / 2]).unwrap();
    std::fs::write(folder.join("page.zip"), "<html>expired</html>").unwrap();
    std::fs::create_dir(folder.join("unpacked")).unwrap();
    for (bundle, code) in [
        ("none.zip", "BUNDLE_NOT_FOUND"),
        ("short.zip", "BUNDLE_NOT_ZIP"),
        ("page.zip", "BUNDLE_NOT_ZIP"),
        ("unpacked", "BUNDLE_EXTRACTED"),
    ] {
        let (name, text) = notebook.error(&format!("%connect astra --no-save --bundle {bundle}")).await;
        assert_eq!(name, code, "{text}");
    }
}

#[tokio::test]
async fn astras_own_refusals_are_explained() {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    notebook.ok("CREATE TABLE t (id int PRIMARY KEY, v int)").await;
    for (cell, code) in [
        (
            "CREATE KEYSPACE other WITH replication = {'class': 'NetworkTopologyStrategy', 'dc1': 3}",
            "ASTRA_KEYSPACE_DDL",
        ),
        ("%%cql --consistency ONE\nINSERT INTO t (id) VALUES (1)", "CONSISTENCY_REFUSED"),
        (
            "CREATE MATERIALIZED VIEW w AS SELECT * FROM t WHERE v IS NOT NULL AND id IS NOT NULL PRIMARY KEY (v, id)",
            "ASTRA_UNSUPPORTED",
        ),
        ("CREATE ROLE someone", "PERMISSION_DENIED"),
    ] {
        let (name, text) = notebook.error(cell).await;
        assert_eq!(name, code, "{cell}: {text}");
    }
}

#[tokio::test]
async fn a_name_that_is_nearly_right_is_named() {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    notebook.ok("CREATE TABLE flights (id int PRIMARY KEY, \"Delay\" int, origin text)").await;
    let (name, text) = notebook.error("SELECT * FROM flihgts").await;
    assert_eq!(name, "INVALID_QUERY");
    assert!(text.contains("Did you mean `flights`"), "{text}");
    let (_, text) = notebook.error("SELECT delay FROM flights").await;
    assert!(text.contains("double quotes"), "{text}");
    let (_, text) = notebook.error("SELECT * FROM flights WHERE origin = 'JFK'").await;
    assert!(text.contains("partition key (id)") && text.contains("CREATE INDEX"), "{text}");
}

#[tokio::test]
async fn a_syntax_error_points_at_its_token() {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    let (name, text) = notebook.error("SELECT key\nFRM system.local").await;
    assert_eq!(name, "SYNTAX_ERROR");
    let lines: Vec<_> = text.lines().collect();
    let source = lines.iter().position(|line| line.contains("FRM system.local")).expect("the line is shown");
    let caret = lines[source + 1].find('^').expect("a caret");
    assert!(lines[source][caret..].starts_with("FRM"), "{text}");
}
