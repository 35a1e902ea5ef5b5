//! Hosts as people type them, and ways to a database that are closed: each is taken as it was meant, or refused with what to type
//! before a password is asked for.

use cqlbook_sandbox::{Sandbox, Switch};

use crate::notebook::{Notebook, database};
use crate::user::User;

/// The address and the port of a node, and the user and the password of a role.
async fn cluster() -> (String, u16, String, String) {
    let sandbox = Sandbox::shared().await.expect("the sandbox starts");
    let node = sandbox.nodes().await.unwrap().remove(0);
    let credentials = database().await.credentials().clone();
    (node.address.ip().to_string(), node.address.port(), credentials.client_id, credentials.secret)
}

#[tokio::test]
async fn a_host_is_taken_in_the_forms_of_other_tools() {
    let (host, port, user, password) = cluster().await;
    let mut notebook =
        Notebook::open_with(&[("CASSANDRA_PASSWORD", &password), ("CASSANDRA_HOST", &host)]).await;
    for typed in [
        format!("--host {host} --port {port}"),
        format!("--host {host}:{port}"),
        format!("--host cql://{host}:{port}"),
        format!("--host cassandra://{host}:{port}/"),
        format!("--host '{host}:{port} '"),
        format!("--host {host}:{port} --port {port}"),
        format!("--host {host}:{port},{host}:{port}"),
    ] {
        let connected = notebook.ok(&format!("%connect cassandra --no-save {typed} --user {user}")).await;
        assert!(connected.prompts.is_empty(), "{typed}");
    }
}

#[tokio::test]
async fn what_is_no_host_is_refused_before_a_password_is_asked_for() {
    let mut notebook = Notebook::open().await;
    for (typed, words) in [
        ("--host h:9042 --port 9043", "Two ports are named: 9042 behind the host, and 9043"),
        ("--host h1,h2:9043", "different ports: 9042, 9043"),
        ("--host http://h:9042", "is a web address"),
        ("--host https://db.example.org/", "is a web address"),
        ("--host ada@h", "A user stands before the host"),
        ("--host ada:hunter2@h", "A user stands before the host"),
        ("--host cql://h/shop", "`--host h --keyspace shop`"),
        ("--host '[::1'", "he bracket is not closed"),
        ("--host h:", "the port is missing"),
        ("--host h:cql", "`cql` is not a port"),
        ("--host 'h1 h2'", "commas between them"),
        ("--host 10.0.0.256", "four numbers"),
        ("--host h --port 0", "`0` is not a port"),
    ] {
        for cell in [
            "%connect cassandra --name Staging",
            "%connect cassandra --no-save",
            "%connection test cassandra",
        ] {
            let exchange = notebook.run(&format!("{cell} {typed} --user ada")).await;
            assert!(exchange.prompts.is_empty(), "{typed}: nothing is asked");
            let (name, text) = crate::notebook::failure(typed, &exchange);
            assert_eq!(name, "USAGE", "{typed}: {text}");
            assert!(text.contains(words), "{typed}: {text}");
            assert!(!text.contains("hunter2"), "{text}");
        }
    }
}

#[tokio::test]
async fn an_edit_takes_hosts_in_the_same_forms() {
    let (host, port, user, password) = cluster().await;
    let person = User::without_keychain(Some("correct horse"));
    let mut notebook = person.notebook().await;
    notebook.frontend.answer(&password);
    notebook
        .ok(&format!("%connection add cassandra --name Staging --host {host}:{port} --user {user}"))
        .await;
    let file = person.connections();
    assert!(
        file.contains(&format!("hosts = [\"{host}\"]")) && file.contains(&format!("port = {port}")),
        "{file}"
    );
    // The same place in other words: the secret that is kept is for it.
    let edited = notebook.ok(&format!("%connection edit Staging --host cql://{host}:{port}")).await;
    assert!(edited.prompts.is_empty(), "{}", edited.transcript());
    for (typed, words) in
        [("http://h", "is a web address"), ("h:9042 --port 9043", "Two ports"), ("ada@h", "A user stands")]
    {
        let exchange =
            notebook.run(&format!("%connection edit Staging --host {typed} --client-secret")).await;
        assert!(exchange.prompts.is_empty(), "{typed}: nothing is asked");
        let (name, text) = crate::notebook::failure(typed, &exchange);
        assert!(name == "USAGE" && text.contains(words), "{typed}: {name} {text}");
    }
    // By hand in the file.
    let path = person.home.path().join(".config/cqlbook/connections.toml");
    let by_hand = person
        .connections()
        .replace(&format!("hosts = [\"{host}\"]"), &format!("hosts = [\"{host}:{port}\"]"))
        .replace(&format!("port = {port}\n"), "");
    std::fs::write(&path, by_hand).unwrap();
    assert!(notebook.ok("%connect Staging").await.prompts.is_empty());
    std::fs::write(&path, person.connections().replace(&format!("{host}:{port}"), "http://h")).unwrap();
    let (_, text) = notebook.error("%connect Staging").await;
    assert!(text.contains("is a web address") && text.contains("connections.toml"), "{text}");
}

#[tokio::test]
async fn a_variable_that_names_hosts_binds_host_and_port() {
    let (host, port, user, password) = cluster().await;
    let line = format!("%connect cassandra --no-save --host {host}:{port} --user {user}");
    for (variable, is_sent) in [
        (format!("{host}:{port}"), true),
        (format!("cql://{host}"), true),
        (format!("{host}:1"), false),
        ("other".to_owned(), false),
    ] {
        let mut notebook =
            Notebook::open_with(&[("CASSANDRA_PASSWORD", &password), ("CASSANDRA_HOST", &variable)]).await;
        let request = notebook.start_without_prompts(&line).await;
        let exchange = notebook.frontend.finish(&request).await;
        if is_sent {
            assert_eq!(exchange.status(), "ok", "{variable}: {}", exchange.transcript());
        } else {
            let (name, text) = crate::notebook::failure(&line, &exchange);
            assert_eq!(name, "CONFIRMATION_REQUIRED", "{variable}: {text}");
        }
    }
    let mut notebook =
        Notebook::open_with(&[("CASSANDRA_PASSWORD", &password), ("CASSANDRA_HOST", "http://h")]).await;
    let (name, text) = notebook.error(&line).await;
    assert!(name == "USAGE" && text.contains("CASSANDRA_HOST names no hosts"), "{name} {text}");
}

#[tokio::test]
async fn who_has_a_proxy_set_is_told_that_it_carries_no_cql() {
    let astra = database().await;
    let bundle = astra.bundle().to_str().unwrap();
    let token = astra.credentials().token.clone();
    for variable in ["HTTPS_PROXY", "all_proxy"] {
        let mut notebook = Notebook::open_with(&[
            ("ASTRA_DB_SECURE_BUNDLE_PATH", bundle),
            ("ASTRA_DB_APPLICATION_TOKEN", &token),
            (variable, "http://proxy.example:3128"),
            ("NO_PROXY", "localhost"),
        ])
        .await;
        astra.reset().await.unwrap();
        notebook.ok("%connect astra --no-save").await;
        astra.switch(Switch::Refusing).await.unwrap();
        for cell in ["%connect astra --no-save", "%connect cassandra --no-save --host 127.0.0.1:1"] {
            let (name, text) = notebook.error(cell).await;
            assert_eq!(name, "NETWORK_UNREACHABLE", "{text}");
            assert!(text.contains(&format!("{variable} is set, and not used")), "{text}");
            assert!(text.contains("direct TCP connections to") && !text.contains("outbound HTTPS"), "{text}");
            assert!(!text.contains("proxy.example"), "a proxy's address may have a password in it: {text}");
        }
    }
}
