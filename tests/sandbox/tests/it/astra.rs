//! A front with no switch on is what `astra.md` describes.

use std::path::{Path, PathBuf};
use std::process::Command;

use cqlbook_sandbox::{AstraOptions, Sandbox};
use serde_json::{Value, json};

use crate::front;
use crate::probe::{Failure, Probe, member};

#[tokio::test]
async fn a_bundle_has_the_members_of_astras() {
    let astra = front().await;
    let mut archive = zip::ZipArchive::new(std::fs::File::open(astra.bundle()).unwrap()).unwrap();
    let mut names: Vec<String> =
        (0..archive.len()).map(|at| archive.by_index(at).unwrap().name().unwrap().into_owned()).collect();
    names.sort();
    assert_eq!(
        names,
        ["ca.crt", "cert", "cert.pfx", "config.json", "cqlshrc", "identity.jks", "key", "trustStore.jks"]
    );
    let config: Value = serde_json::from_slice(&member(astra.bundle(), "config.json")).unwrap();
    let info = astra.info();
    assert_eq!(config["host"], "localhost");
    assert_eq!(config["keyspace"], info.keyspace);
    assert_eq!(config["localDC"], "dc1");
    assert_eq!(config["port"], info.metadata_port);
    assert_eq!(config["cql_port"], info.proxy_port);
    assert_ne!(info.metadata_port, info.proxy_port);
    let key = String::from_utf8(member(astra.bundle(), "key")).unwrap();
    assert!(key.contains("PRIVATE KEY"));
    let credentials = astra.credentials();
    assert_eq!((credentials.client_id.len(), credentials.token.len()), (24, 97));
    assert!(!format!("{astra:?}").contains(&credentials.secret));
}

#[tokio::test]
async fn metadata_tells_the_proxy_and_the_nodes_of_one_data_centre() {
    let astra = front().await;
    let (status, body) = Probe::new(astra.bundle()).metadata().await.unwrap();
    let body: Value = serde_json::from_str(&body).unwrap();
    let info = astra.info();
    assert_eq!(status, 200);
    assert_eq!(
        body,
        json!({
            "version": 1,
            "region": "dc1",
            "contact_info": {
                "type": "sni_proxy",
                "local_dc": "dc1",
                "contact_points": info.host_ids,
                "sni_proxy_address": format!("localhost:{}", info.proxy_port),
            }
        })
    );
    let nodes = Sandbox::shared().await.unwrap().nodes().await.unwrap();
    let elsewhere: Vec<_> =
        nodes.iter().filter(|node| node.data_center == "dc2").map(|node| node.host_id).collect();
    assert_eq!((info.host_ids.len(), elsewhere.len()), (3, 1));
    assert!(!info.host_ids.contains(&elsewhere[0]));
}

#[tokio::test]
async fn each_name_leads_to_its_node_and_any_other_to_none() {
    let astra = front().await;
    let probe = Probe::new(astra.bundle());
    let (proxy, nodes) = probe.nodes().await;
    for node in &nodes {
        let mut connection = probe.open(&proxy, node).await.unwrap();
        connection.log_in("token", &astra.credentials().token).await.unwrap();
        let local = connection.query("SELECT host_id, data_center FROM system.local").await.unwrap();
        assert!(local.contains(uuid::Uuid::parse_str(node).unwrap().as_bytes()));
    }
    let stranger = uuid::Uuid::new_v4().to_string();
    assert_eq!(probe.open(&proxy, &stranger).await.err(), Some(Failure::Closed));
    let facts = astra.facts().await.unwrap();
    assert_eq!(facts.sni_names, [nodes.as_slice(), &[stranger]].concat());
    assert_eq!((facts.refused_names, facts.nodes.len()), (1, 3));
}

#[tokio::test]
async fn a_client_without_a_certificate_gets_nothing() {
    let astra = front().await;
    let (proxy, nodes) = Probe::new(astra.bundle()).nodes().await;
    let stranger = Probe::without_certificate(astra.bundle());
    assert_eq!(stranger.metadata().await.err(), Some(Failure::Alert));
    let refused = match stranger.open(&proxy, &nodes[0]).await {
        Ok(mut connection) => connection.options().await.err(),
        Err(failure) => Some(failure),
    };
    assert!(matches!(refused, Some(Failure::Alert | Failure::Closed)), "{refused:?}");
    assert_eq!(astra.facts().await.unwrap().missing_client_certificates, 2);
}

#[tokio::test]
async fn it_speaks_as_astra_does() {
    let astra = front().await;
    let probe = Probe::new(astra.bundle());
    let (proxy, nodes) = probe.nodes().await;
    let mut connection = probe.open(&proxy, &nodes[0]).await.unwrap();
    let supported = connection.options().await.unwrap();
    assert!(
        supported.contains(b"DATASTAX_APOLLO") && supported.contains(b"4/v4") && !supported.contains(b"5/v5")
    );
    let (code, message) = connection.ask(5, 0x05, &[]).await.unwrap().error().unwrap();
    assert_eq!(code, 0x000A);
    assert!(message.contains("supported versions are (3/v3, 4/v4)"), "{message}");
    assert_eq!(connection.options().await.err(), Some(Failure::Closed));
}

#[tokio::test]
async fn it_refuses_what_astra_refuses() {
    let astra = front().await;
    let credentials = astra.credentials();
    let mut session = Probe::new(astra.bundle()).session(&credentials.client_id, &credentials.secret).await;
    let table = format!("{}.t", astra.keyspace());
    let created =
        session.query(&format!("CREATE TABLE {table} (k int PRIMARY KEY, l list<int>)")).await.unwrap();
    assert!(created.is_result());
    session.wait_for_agreement().await;
    let mut refusal = async |statement: &str| session.query_at_one(statement).await.unwrap().error();
    assert_eq!(
        refusal(&format!("INSERT INTO {table} (k) VALUES (1)")).await.unwrap(),
        (
            0x2200,
            "Provided value ONE is not allowed for Write Consistency Level \
             (disallowed values are: [ANY, ONE, LOCAL_ONE])"
                .to_owned()
        )
    );
    let view = format!(
        "CREATE MATERIALIZED VIEW {}.v AS SELECT * FROM {table} WHERE k IS NOT NULL PRIMARY KEY (k)",
        astra.keyspace()
    );
    let (code, message) = refusal(&view).await.unwrap();
    assert_eq!((code, message.as_str()), (0x2200, "Tables cannot have more than 0 materialized views"));
    for statement in [
        "CREATE KEYSPACE other WITH replication = {'class': 'NetworkTopologyStrategy', 'dc1': 3}".to_owned(),
        format!("DROP KEYSPACE {}", astra.keyspace()),
        format!("ALTER KEYSPACE {} WITH durable_writes = false", astra.keyspace()),
        "CREATE ROLE other".to_owned(),
    ] {
        let (code, message) = refusal(&statement).await.unwrap();
        assert_eq!(code, 0x2100, "{statement}: {message}");
    }
    let (_, message) = refusal(&format!("UPDATE {table} SET l[0] = 1 WHERE k = 1")).await.unwrap();
    assert!(message.contains("not allowed"), "{message}");
    assert_eq!(refusal(&format!("SELECT * FROM {table}")).await, None);
}

#[tokio::test]
async fn peers_have_addresses_where_nothing_listens() {
    let astra = front().await;
    let nodes = Sandbox::shared().await.unwrap().nodes().await.unwrap();
    let mut session = Probe::new(astra.bundle()).session("token", &astra.credentials().token).await;
    let peers = session.query("SELECT rpc_address FROM system.peers").await.unwrap();
    for node in nodes.iter().skip(1) {
        let std::net::IpAddr::V4(real) = node.address.ip() else { panic!("{node:?}") };
        let [x, a, b, last] = real.octets();
        let told = [x, a, b, last + 100];
        assert!(peers.contains(&told) && !peers.contains(&real.octets()), "{peers:?}");
        let reached =
            tokio::net::TcpStream::connect((std::net::Ipv4Addr::from(told), node.address.port())).await;
        assert_eq!(reached.map_err(|error| error.kind()).err(), Some(std::io::ErrorKind::ConnectionRefused));
    }
}

#[tokio::test]
async fn roles_of_one_front_have_no_business_in_another() {
    let (one, other) = (front().await, front().await);
    let sandbox = Sandbox::shared().await.unwrap();
    sandbox.execute(&format!("CREATE TABLE {}.t (k int PRIMARY KEY)", other.keyspace())).await.unwrap();
    let credentials = one.credentials();
    let mut session = Probe::new(one.bundle()).session(&credentials.client_id, &credentials.secret).await;
    let refused = session.query(&format!("SELECT * FROM {}.t", other.keyspace())).await.unwrap().error();
    assert_eq!(refused.map(|(code, _)| code), Some(0x2100));

    let options =
        AstraOptions { read_only: true, keyspace: other.keyspace().to_owned(), ..AstraOptions::default() };
    let reader = sandbox.astra(options).await.unwrap();
    let credentials = reader.credentials();
    let mut session = Probe::new(reader.bundle()).session(&credentials.client_id, &credentials.secret).await;
    let mut code =
        async |statement: String| session.query(&statement).await.unwrap().error().map(|(code, _)| code);
    assert_eq!(code(format!("SELECT * FROM {}.t", other.keyspace())).await, None);
    assert_eq!(code(format!("INSERT INTO {}.t (k) VALUES (1)", other.keyspace())).await, Some(0x2100));
}

#[tokio::test]
async fn the_unmodified_python_driver_works() {
    let Some(python) = python() else {
        eprintln!("skipped: no Python with cassandra-driver (set CQLBOOK_DRIVERS_PYTHON)");
        return;
    };
    let astra = front().await;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../drivers/check_python_driver.py");
    let (bundle, token) = (astra.bundle().to_owned(), astra.token_json());
    let run = move || Command::new(python).arg(script).args([bundle, token]).output();
    let output = tokio::task::spawn_blocking(run).await.unwrap().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.ends_with("OK\n"),
        "{said}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let facts = astra.facts().await.unwrap();
    assert_eq!((facts.sni_names.len(), facts.missing_client_certificates), (3, 0));
    assert!(facts.nodes.values().all(|node| node.requests > 0), "{facts:?}");
}

/// The Python that a test run was given, or the one in the work folder.
fn python() -> Option<PathBuf> {
    let given = std::env::var_os("CQLBOOK_DRIVERS_PYTHON").map(PathBuf::from);
    let usual = cqlbook_sandbox::work_folder().join("venv-drivers/bin/python");
    given.or_else(|| usual.is_file().then_some(usual))
}
