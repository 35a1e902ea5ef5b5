//! `%connect`: the four fields from line, environment and prompts; the summary; self-hosted clusters; closing.

use cqlbook_sandbox::Sandbox;

use crate::notebook::{Notebook, database, failure};

#[tokio::test]
async fn the_environment_is_enough() {
    let astra = database().await;
    let bundle = astra.bundle().to_str().unwrap();
    let credentials = astra.credentials();
    let mut notebook = Notebook::open_with(&[
        ("ASTRA_DB_SECURE_BUNDLE_PATH", bundle),
        ("ASTRA_DB_CLIENT_ID", &credentials.client_id),
        ("ASTRA_DB_CLIENT_SECRET", &credentials.secret),
    ])
    .await;
    let cell = notebook.ok("%connect astra --no-save").await;
    let told = cell.plain().join("\n");
    assert!(told.contains("Connected to Astra DB"), "{told}");
    assert!(told.contains("3 nodes"), "the fourth is of another data centre: {told}");
    let cell = notebook.ok("SELECT release_version FROM system.local;").await;
    assert!(cell.plain()[0].contains("5.0."), "{:?}", cell.plain());
}

#[tokio::test]
async fn what_is_missing_is_asked_for_and_the_secret_is_hidden() {
    let astra = database().await;
    let mut notebook = Notebook::open().await;
    notebook.frontend.answer("Production");
    notebook.frontend.answer("");
    notebook.frontend.answer(&astra.credentials().token);
    notebook.frontend.answer(astra.bundle().to_str().unwrap());
    let cell = notebook.ok("%connect astra").await;
    let asked: Vec<_> = cell
        .prompts
        .iter()
        .map(|prompt| (prompt.text("/prompt").to_owned(), prompt.content["password"].as_bool().unwrap()))
        .collect();
    assert_eq!(
        asked,
        [
            ("Connection Name: ".to_owned(), false),
            ("Client ID (empty for an application token): ".to_owned(), true),
            ("Client Secret or AstraCS: token: ".to_owned(), true),
            ("Secure Connect Bundle (path of the .zip): ".to_owned(), false),
        ]
    );
    assert!(cell.plain().join("\n").contains("Connected to Production"), "{}", cell.transcript());
    notebook.ok("%disconnect").await;
    notebook.ok("%connect Production").await;
    let list = notebook.ok("%connections").await;
    assert!(list.plain()[0].contains("Production"), "{}", list.transcript());
}

#[tokio::test]
async fn a_frontend_that_cannot_ask_is_told_all_that_is_missing() {
    let mut notebook = Notebook::open().await;
    let request = notebook.start_without_prompts("%connect astra --client-id someone").await;
    let exchange = notebook.frontend.finish(&request).await;
    let (name, text) = failure("%connect astra", &exchange);
    assert_eq!(name, "FIELDS_REQUIRED");
    assert!(text.contains("All fields are required"), "{text}");
    for field in ["Connection Name", "Client Secret", "Secure Connect Bundle"] {
        assert!(text.contains(field), "{field} is missing: {text}");
    }
}

#[tokio::test]
async fn a_token_file_and_a_relative_bundle_are_found_from_the_notebooks_folder() {
    let astra = database().await;
    let mut notebook = Notebook::open().await;
    std::fs::copy(astra.bundle(), notebook.folder.path().join("scb.zip")).unwrap();
    std::fs::copy(astra.token_json(), notebook.folder.path().join("token.json")).unwrap();
    notebook.ok("%connect astra --no-save --bundle scb.zip --token-file ./token.json").await;
    notebook
        .ok("%connect astra --no-save --bundle ~/scb.zip --token-file ~/token.json --client-id token")
        .await;
}

#[tokio::test]
async fn a_secret_on_the_line_is_refused_and_not_repeated() {
    let mut notebook = Notebook::open().await;
    let (name, text) = notebook.error("%connect astra --client-secret s3cr3tv4lue").await;
    assert_eq!(name, "USAGE");
    assert!(text.contains("ASTRA_DB_CLIENT_SECRET"), "{text}");
    assert!(!text.contains("s3cr3tv4lue"), "the line is not quoted: {text}");
}

#[tokio::test]
async fn a_test_shows_its_stages_and_leaves_the_notebook_as_it_was() {
    let astra = database().await;
    let mut notebook = Notebook::open_with(&[
        ("ASTRA_DB_SECURE_BUNDLE_PATH", astra.bundle().to_str().unwrap()),
        ("ASTRA_DB_APPLICATION_TOKEN", &astra.credentials().token),
    ])
    .await;
    let cell = notebook.ok("%connection test astra").await;
    let told = cell.plain().join("\n");
    for stage in ["Bundle", "Metadata", "TLS", "Login", "Query"] {
        assert!(told.contains(stage), "{stage} is not shown: {told}");
    }
    let (name, _) = notebook.error("SELECT * FROM system.local").await;
    assert_eq!(name, "NOT_CONNECTED");
}

#[tokio::test]
async fn a_cluster_of_ones_own_is_reached_by_its_hosts() {
    let sandbox = Sandbox::shared().await.expect("the sandbox starts");
    let node = sandbox.nodes().await.unwrap().remove(0);
    let astra = database().await;
    let mut notebook = Notebook::open().await;
    notebook.frontend.answer(&astra.credentials().secret);
    let line = format!(
        "%connect cassandra --no-save --host {} --port {} --user {}",
        node.address.ip(),
        node.address.port(),
        astra.credentials().client_id
    );
    let cell = notebook.ok(&line).await;
    assert!(cell.prompts[0].content["password"].as_bool().unwrap());
    notebook.ok("SELECT cluster_name FROM system.local").await;
}

#[tokio::test]
async fn a_read_only_connection_refuses_writes_before_they_are_sent() {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    notebook.ok("CREATE TABLE t (id int PRIMARY KEY)").await;
    let line = format!("%connect astra --no-save --read-only --keyspace {}", astra.keyspace());
    notebook.ok(&line).await;
    notebook.ok("SELECT * FROM t").await;
    let (name, text) = notebook.error("INSERT INTO t (id) VALUES (1)").await;
    assert_eq!(name, "READ_ONLY", "{text}");
}
