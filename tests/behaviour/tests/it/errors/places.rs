//! A secret goes to the place that it was given for, and to no other: what is changed at a path, under a question or later, leads it
//! nowhere, and a question names the place whole.

use std::path::PathBuf;

use cqlbook_sandbox::Astra;
use cqlbook_wire::Channel;
use tokio::net::TcpListener;

use super::packing::Packing;
use super::staged::Authority;
use crate::notebook::{Notebook, database, failure};
use crate::user::User;

/// Asserts that nobody came to a database.
async fn assert_untouched(astra: &Astra) {
    let facts = astra.facts().await.unwrap();
    assert_eq!((facts.metadata_requests, facts.requests()), (0, 0), "somebody came");
}

/// A path in a notebook's folder at which the bundle of a database lies.
fn bundle_of(notebook: &Notebook, astra: &Astra) -> PathBuf {
    let path = notebook.folder.path().join("scb.zip");
    std::fs::copy(astra.bundle(), &path).unwrap();
    path
}

/// Puts the bundle of another database at a path, as somebody who may write there would.
async fn replace(path: &PathBuf, by: &Astra) {
    by.clear_facts().await.unwrap();
    std::fs::copy(by.bundle(), path).unwrap();
}

#[tokio::test]
async fn a_bundle_that_is_replaced_under_the_question_for_the_passphrase() {
    let (one, other) = (database().await, database().await);
    let mut user = User::without_keychain(Some("correct horse"));
    let path = user.home.path().join("scb.zip");
    std::fs::copy(one.bundle(), &path).unwrap();
    let credentials = one.credentials();
    let bundle = path.to_str().unwrap().to_owned();
    let variables = [
        ("ASTRA_DB_SECURE_BUNDLE_PATH", bundle.as_str()),
        ("ASTRA_DB_CLIENT_ID", &credentials.client_id),
        ("ASTRA_DB_CLIENT_SECRET", &credentials.secret),
    ];
    user.notebook_with(&variables).await.ok("%connect astra --name Prod").await;
    user.passphrase = None;

    let mut notebook = user.notebook().await;
    one.clear_facts().await.unwrap();
    let request = notebook.frontend.start("%connect Prod").await;
    let prompt = notebook.frontend.until(&request, |message| message.channel == Channel::Stdin).await;
    assert!(prompt.text("/prompt").contains("Passphrase"), "{prompt:?}");
    replace(&path, &other).await;
    notebook.frontend.send_answer("correct horse", Some(&prompt)).await;
    let exchange = notebook.frontend.finish(&request).await;
    assert_eq!(exchange.status(), "ok", "the place that was looked at before: {}", exchange.transcript());
    assert!(one.facts().await.unwrap().requests() > 0);
    assert_untouched(&other).await;
    // The next time the path leads elsewhere, and that is told.
    let request = notebook.start_without_prompts("%connect Prod").await;
    let (name, text) = failure("%connect Prod", &notebook.frontend.finish(&request).await);
    assert_eq!(name, "SECRET_UNREADABLE", "{text}");
    assert_untouched(&other).await;
}

#[tokio::test]
async fn a_bundle_that_is_replaced_under_the_question_whether_to_send() {
    let (one, other) = (database().await, database().await);
    let credentials = one.credentials();
    let mut notebook = Notebook::open_with(&[
        ("ASTRA_DB_CLIENT_ID", &credentials.client_id),
        ("ASTRA_DB_CLIENT_SECRET", &credentials.secret),
    ])
    .await;
    let path = bundle_of(&notebook, &one);
    let cell = "%connect astra --no-save --bundle scb.zip";
    let request = notebook.frontend.start(cell).await;
    let prompt = notebook.frontend.until(&request, |message| message.channel == Channel::Stdin).await;
    let asked = prompt.text("/prompt").to_owned();
    assert!(asked.starts_with("Send the environment's Client ID and secret to localhost:"), "{asked}");
    assert!(asked.contains(", authority ") && asked.ends_with("? [y/N] "), "{asked}");
    replace(&path, &other).await;
    notebook.frontend.send_answer("y", Some(&prompt)).await;
    let (name, text) = failure(cell, &notebook.frontend.finish(&request).await);
    assert_eq!(name, "SECRET_UNREADABLE", "{text}");
    assert!(text.contains("Nothing was sent"), "{text}");
    assert_untouched(&other).await;
}

#[tokio::test]
async fn login_where_the_path_leads_elsewhere_by_now() {
    let (one, other) = (database().await, database().await);
    let mut notebook = Notebook::open().await;
    let path = bundle_of(&notebook, &one);
    let credentials = one.credentials();
    notebook.frontend.answer(&credentials.client_id);
    notebook.frontend.answer(&credentials.secret);
    notebook.ok("%connect astra --no-save --bundle scb.zip").await;
    replace(&path, &other).await;
    let (name, text) = notebook.error("LOGIN ada").await;
    assert_eq!(name, "SECRET_UNREADABLE", "no password is asked for: {text}");
    assert_untouched(&other).await;
    std::fs::copy(one.bundle(), &path).unwrap();
    notebook.frontend.answer(&credentials.secret);
    notebook.ok(&format!("LOGIN '{}'", credentials.client_id)).await;
}

#[tokio::test]
async fn a_held_secret_is_for_the_place_that_it_was_given_for() {
    let (one, other) = (database().await, database().await);
    let mut notebook = Notebook::open().await;
    let path = bundle_of(&notebook, &one);
    let credentials = one.credentials();
    let token =
        format!("{{\"clientId\": \"{}\", \"secret\": \"{}\"}}", credentials.client_id, credentials.secret);
    std::fs::write(notebook.folder.path().join("token.json"), token).unwrap();
    notebook.ok("%connect astra --name X --no-save --bundle scb.zip --token-file token.json").await;
    replace(&path, &other).await;
    let (name, text) = notebook.error("%connect X").await;
    assert_eq!(name, "SECRET_UNREADABLE", "{text}");
    assert_untouched(&other).await;
}

#[tokio::test]
async fn a_bundle_of_the_same_host_with_somebody_elses_authority() {
    let astra = database().await;
    let user = User::with_keychain().await;
    let path = user.home.path().join("scb.zip");
    std::fs::copy(astra.bundle(), &path).unwrap();
    let credentials = astra.credentials();
    let variables = [
        ("ASTRA_DB_SECURE_BUNDLE_PATH", path.to_str().unwrap()),
        ("ASTRA_DB_CLIENT_ID", &credentials.client_id),
        ("ASTRA_DB_CLIENT_SECRET", &credentials.secret),
    ];
    user.notebook_with(&variables).await.ok("%connect astra --name Prod").await;
    let own = Packing::of(astra.bundle());
    let other = Authority::new().bundle(1).member("ca.crt").to_owned();
    let added = [own.member("ca.crt"), b"\n", &other].concat();
    for authorities in [other, added] {
        std::fs::write(&path, own.clone().with("ca.crt", authorities).bytes()).unwrap();
        astra.clear_facts().await.unwrap();
        let mut notebook = user.notebook().await;
        let request = notebook.start_without_prompts("%connect Prod").await;
        let (name, text) = failure("%connect Prod", &notebook.frontend.finish(&request).await);
        assert_eq!(name, "SECRET_UNREADABLE", "{text}");
        assert_eq!(text.matches(", authority ").count(), 2, "the old one and the new one: {text}");
        assert_untouched(&astra).await;
    }
    std::fs::write(&path, own.bytes()).unwrap();
    user.notebook().await.ok("%connect Prod").await;
}

#[tokio::test]
async fn the_environments_password_goes_to_the_port_that_the_environment_names() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let password = ("CASSANDRA_PASSWORD", "hunter22secret");
    for own in ["localhost", "localhost:9043", "elsewhere.example", "[::1]:9042"] {
        let mut notebook = Notebook::open_with(&[("CASSANDRA_HOST", own), password]).await;
        let cell = format!("%connect cassandra --no-save --host localhost --port {port} --user admin");
        let request = notebook.start_without_prompts(&cell).await;
        let exchange = notebook.frontend.finish(&request).await;
        let (name, text) = failure(&cell, &exchange);
        assert_eq!(name, "CONFIRMATION_REQUIRED", "{own}: {text}");
        assert!(text.contains(&format!("port {port}, without TLS, localhost")), "{text}");
        assert!(!format!("{exchange:?}").contains(password.1));
    }
    let came = tokio::time::timeout(std::time::Duration::from_millis(200), listener.accept()).await;
    assert!(came.is_err(), "nobody connects");
}

#[tokio::test]
async fn a_question_names_every_host() {
    let mut notebook = Notebook::open_with(&[("CASSANDRA_PASSWORD", "hunter22secret")]).await;
    let long = "00.db-node-1.prod.corp.example.with.many.labels.of.ones.own.prod.example";
    notebook.frontend.answer("n");
    notebook.frontend.answer("");
    let cell = notebook
        .run(&format!("%connect cassandra --no-save --host {long},127.0.0.1 --port 31337 --user admin"))
        .await;
    assert_eq!(
        cell.prompts[0].text("/prompt"),
        format!("Send the environment's password to port 31337, without TLS, {long}, 127.0.0.1? [y/N] ")
    );
}

#[tokio::test]
async fn a_saved_connection_is_not_replaced_by_one_that_is_less_safe_without_a_question() {
    let user = User::with_keychain().await;
    let config = user.home.path().join(".config/cqlbook");
    std::fs::create_dir_all(&config).unwrap();
    let saved = "version = 1\n\n[[connection]]\nname = \"Prod\"\nkind = \"cassandra\"\nhosts = [\"127.77.77.1\"]\nuser = \"ann\"\nread_only = true\n";
    std::fs::write(config.join("connections.toml"), saved).unwrap();
    let mut notebook = user.notebook().await;
    let cell = "%connect cassandra --name prod --host 127.77.77.1";
    let request = notebook.start_without_prompts(cell).await;
    let (name, text) = failure(cell, &notebook.frontend.finish(&request).await);
    assert_eq!(name, "CONFIRMATION_REQUIRED", "{text}");
    assert!(text.contains("It logs in as ann, and only reads."), "{text}");
    assert_eq!(user.connections(), saved);
}

#[tokio::test]
async fn a_question_is_shown_as_what_it_is() {
    let astra = database().await;
    let mut notebook = Notebook::connected(&astra).await;
    notebook.frontend.answer("n");
    let cell = notebook.run("DROP TABLE \"x\u{1b}[2J\u{1b}[31mnothing\u{202e}\"").await;
    let asked = cell.prompts[0].text("/prompt");
    assert!(asked.contains("x\\x1b[2J\\x1b[31mnothing\\u202e"), "{asked}");
    assert!(!asked.contains(|c: char| c.is_control() || c == '\u{202e}'), "{asked:?}");
}
