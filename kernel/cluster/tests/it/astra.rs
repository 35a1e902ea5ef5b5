//! A real Cassandra behind the sandbox's Astra: connecting, all nodes, what goes wrong and what comes back by itself.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use cqlbook_cluster::link::{Distrust, LinkError};
use cqlbook_cluster::metadata::MetadataError;
use cqlbook_cluster::{
    AstraTarget, ConnectError, Connection, Credentials, QueryError, Request, RequestOptions, Stage, Target,
    connect,
};
use cqlbook_core::secret::Secret;
use cqlbook_sandbox::{Astra, AstraOptions, Part, Sandbox, SniAnswer, Switch};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt};
use uuid::Uuid;

use crate::support::Stages;

/// A database of the shared sandbox.
pub(crate) async fn database() -> Astra {
    Sandbox::shared().await.unwrap().astra(AstraOptions::default()).await.unwrap()
}

pub(crate) fn target(astra: &Astra) -> Target {
    let credentials = astra.credentials();
    target_as(astra, &credentials.client_id, &credentials.secret)
}

fn target_as(astra: &Astra, username: &str, password: &str) -> Target {
    let credentials =
        Credentials { username: username.to_owned(), password: Secret::new(password.to_owned()) };
    Target::new(AstraTarget { bundle: astra.bundle().to_owned(), credentials })
        .with_keyspace(Some(astra.keyspace().to_owned()))
}

pub(crate) async fn connected(astra: &Astra) -> Connection {
    connect(target(astra), |_| ()).await.unwrap()
}

/// A read that may be repeated.
pub(crate) fn read(cql: &str) -> Request {
    Request::with_options(cql, RequestOptions::of_a_read())
}

const WHO: &str = "SELECT host_id FROM system.local";

/// Who answers `count` reads, one after the other.
pub(crate) async fn coordinators(connection: &Connection, count: usize) -> BTreeSet<Uuid> {
    let mut seen = BTreeSet::new();
    for _ in 0..count {
        seen.insert(connection.run(&read(WHO), None).await.unwrap().coordinator.unwrap().host_id);
    }
    seen
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_and_credentials_open_a_session_over_all_nodes_of_the_region() {
    let astra = database().await;
    let stages = Stages::default();
    let connection = connect(target(&astra), stages.teller()).await.unwrap();

    let facts = connection.facts();
    assert_eq!((facts.astra, facts.local_dc.as_str(), facts.native_protocol), (true, "dc1", 4));
    assert!(facts.release_version.starts_with("5."), "{facts:?}");
    let local: BTreeSet<Uuid> = astra.info().host_ids.iter().copied().collect();
    assert_eq!(local.len(), 3);
    assert_eq!(coordinators(&connection, 60).await, local);

    let nodes = connection.nodes();
    assert_eq!(nodes.len(), 4);
    for node in &nodes {
        assert_eq!(node.used, local.contains(&node.host_id), "{node:?}");
        assert_eq!(node.connected, node.used, "{node:?}");
        assert_eq!(node.dc.as_deref() == Some("dc1"), node.used, "{node:?}");
    }
    let asked: BTreeSet<Uuid> =
        astra.facts().await.unwrap().sni_names.iter().map(|name| name.parse().unwrap()).collect();
    assert_eq!(asked, local, "the other data centre's node is never asked for");

    let host = astra.info().host.clone();
    let seen = stages.seen();
    assert_eq!(seen[0], Stage::BundleRead { host });
    assert_eq!(seen[1], Stage::Metadata { contact_points: 3, local_dc: Some("dc1".to_owned()) });
    assert!(matches!(seen[2], Stage::Reached { port, .. } if port == astra.info().proxy_port));
    assert_eq!((&seen[3], &seen[4]), (&Stage::Tls, &Stage::Login));
    assert!(matches!(&seen[5], Stage::Queried { data_center, .. } if data_center == "dc1"));
    assert_eq!(&seen[6..], [Stage::Session { nodes: 3 }]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_token_logs_in_as_the_user_token() {
    let astra = database().await;
    let connection = connect(target_as(&astra, "token", &astra.credentials().token), |_| ()).await.unwrap();
    assert_eq!(connection.keyspace().as_deref(), Some(astra.keyspace()));
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_credentials_are_told_quickly_in_the_servers_words() {
    let astra = database().await;
    let started = Instant::now();
    let error =
        connect(target_as(&astra, &astra.credentials().client_id, "wrong"), |_| ()).await.unwrap_err();
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
    let ConnectError::AuthFailed { server_text } = error else { panic!("{error:?}") };
    assert!(server_text.contains("incorrect"), "{server_text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keyspace_that_is_not_there_is_told() {
    let astra = database().await;
    let error = connect(target(&astra).with_keyspace(Some("nowhere".to_owned())), |_| ()).await.unwrap_err();
    assert!(
        matches!(&error, ConnectError::Keyspace { keyspace, reason } if keyspace == "nowhere" && reason.contains("nowhere")),
        "{error:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn impostors_are_refused_by_the_metadata_client_and_for_cql() {
    let astra = database().await;
    for part in [Part::Metadata, Part::Proxy] {
        for switch in
            [Switch::WrongCa { part }, Switch::WrongHostName { part }, Switch::ExpiredCertificate { part }]
        {
            astra.switch(switch.clone()).await.unwrap();
            let error = connect(target(&astra), |_| ()).await.unwrap_err();
            let ConnectError::Link(LinkError::Untrusted { distrust, port, .. }) = error else {
                panic!("{switch:?}: {error:?}")
            };
            let expected =
                if part == Part::Proxy { astra.info().proxy_port } else { astra.info().metadata_port };
            assert_eq!(port, expected);
            match switch {
                Switch::WrongCa { .. } => assert_eq!(distrust, Distrust::UnknownAuthority),
                Switch::WrongHostName { .. } => assert!(matches!(distrust, Distrust::WrongName { .. })),
                _ => assert_eq!(distrust, Distrust::Expired),
            }
            astra.reset().await.unwrap();
        }
    }
    connected(&astra).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn impostors_that_appear_later_get_no_connection_either() {
    let astra = database().await;
    let connection = connected(&astra).await;
    // All connections are cut, and whoever answers then is another.
    astra.switch(Switch::WrongCa { part: Part::Both }).await.unwrap();
    for host_id in astra.info().host_ids.clone() {
        astra.switch(Switch::NodeDown { host_id }).await.unwrap();
    }
    let lost = loop {
        match connection.run(&read(WHO), None).await {
            Err(QueryError::ConnectionLost(lost)) if lost.cause.is_some() => break lost,
            Ok(_) | Err(QueryError::ConnectionLost(_)) => {}
            Err(other) => panic!("{other:?}"),
        }
    };
    assert!(matches!(&lost.cause, Some(ConnectError::Link(LinkError::Untrusted { .. }))), "{lost:?}");
    astra.reset().await.unwrap();
    comes_back(&connection).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_metadata_service_refuses_is_told() {
    let astra = database().await;
    for (switch, expected) in [(Switch::Revoked, 401), (Switch::Forbidden, 403), (Switch::NotFound, 404)] {
        astra.switch(switch).await.unwrap();
        let error = connect(target(&astra), |_| ()).await.unwrap_err();
        assert!(
            matches!(&error, ConnectError::Metadata(MetadataError::Refused { status, .. }) if *status == expected),
            "{error:?}"
        );
        astra.reset().await.unwrap();
    }
    astra.switch(Switch::NotJson).await.unwrap();
    let error = connect(target(&astra), |_| ()).await.unwrap_err();
    assert!(matches!(error, ConnectError::Metadata(MetadataError::Invalid { .. })), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_hangs_where_a_server_says_nothing() {
    let astra = database().await;
    let hurried = || {
        let mut target = target(&astra);
        target.timeouts.tls = Duration::from_secs(1);
        target.timeouts.answer = Duration::from_secs(1);
        target
    };
    for switch in [
        Switch::Hanging,
        Switch::SniUnknown { answer: SniAnswer::Silence },
        Switch::SniUnknown { answer: SniAnswer::Alert },
        Switch::SniUnknown { answer: SniAnswer::Close },
        Switch::Refusing,
    ] {
        astra.switch(switch.clone()).await.unwrap();
        let started = Instant::now();
        let error = connect(hurried(), |_| ()).await.unwrap_err();
        assert!(started.elapsed() < Duration::from_secs(8), "{switch:?}: {:?}", started.elapsed());
        let ConnectError::Link(link) = error else { panic!("{switch:?}: {error:?}") };
        match switch {
            Switch::Refusing => assert!(matches!(link, LinkError::Refused { .. }), "{link:?}"),
            Switch::SniUnknown { answer: SniAnswer::Alert } => {
                assert!(matches!(link, LinkError::TlsRefused { sni: Some(_), .. }), "{link:?}");
            }
            Switch::SniUnknown { answer: SniAnswer::Close } => {
                assert!(matches!(link, LinkError::Closed { sni: Some(_), .. }), "{link:?}");
            }
            _ => assert!(matches!(link, LinkError::TimedOut { .. }), "{link:?}"),
        }
        astra.reset().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sleeping_database_is_waited_for() {
    let astra = database().await;
    astra.switch(Switch::Paused { seconds: Some(2) }).await.unwrap();
    let stages = Stages::default();
    let connection = connect(target(&astra), stages.teller()).await.unwrap();
    assert!(matches!(stages.seen()[1], Stage::Waking { .. }), "{:?}", stages.seen());
    assert_eq!(coordinators(&connection, 30).await.len(), 3);
}

/// Waits until reads are answered; all that fails meanwhile is told as a lost connection.
pub(crate) async fn comes_back(connection: &Connection) {
    let started = Instant::now();
    loop {
        match connection.run(&read(WHO), None).await {
            Ok(_) => return,
            Err(QueryError::ConnectionLost(lost)) => {
                assert!(started.elapsed() < Duration::from_secs(40), "{lost:?}");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            Err(other) => panic!("{other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_falls_asleep_is_told_so_and_found_again_when_it_wakes() {
    let astra = database().await;
    let connection = connected(&astra).await;
    astra.switch(Switch::Paused { seconds: None }).await.unwrap();
    let lost = loop {
        match connection.run(&read(WHO), None).await {
            Err(QueryError::ConnectionLost(lost))
                if matches!(lost.cause, Some(ConnectError::Paused { .. })) =>
            {
                break lost;
            }
            Ok(_) | Err(QueryError::ConnectionLost(_)) => {}
            Err(other) => panic!("{other:?}"),
        }
    };
    assert!(lost.since.is_some());
    astra.reset().await.unwrap();
    comes_back(&connection).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_moved_is_found_without_help() {
    let astra = database().await;
    let connection = connected(&astra).await;
    astra.switch(Switch::MovedProxy).await.unwrap();
    comes_back(&connection).await;
    all_nodes_answer(&connection).await;
}

/// Waits until all three nodes of the region are used again; the driver tries each of them every ten seconds at least.
async fn all_nodes_answer(connection: &Connection) {
    let started = Instant::now();
    while coordinators(connection, 20).await.len() < 3 {
        assert!(started.elapsed() < Duration::from_secs(30));
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_goes_away_costs_no_idempotent_query() {
    let astra = database().await;
    let connection = connected(&astra).await;
    let gone = astra.info().host_ids[1];
    let prepared = connection.prepare("SELECT * FROM system.local WHERE key = ?").await.unwrap();
    let key = [cqlbook_cluster::Cell::Bytes("local".into())];
    let options = RequestOptions::of_a_read();
    let reads = async {
        let mut seen = BTreeSet::new();
        for number in 0..400 {
            let answer = if number % 2 == 0 {
                connection.run(&read(WHO), None).await
            } else {
                connection.run_prepared(&prepared, &key, &options, None).await
            };
            let coordinator = answer.unwrap().coordinator.unwrap().host_id;
            if number >= 300 {
                seen.insert(coordinator);
            }
        }
        seen
    };
    let stop = async {
        tokio::time::sleep(Duration::from_millis(60)).await;
        astra.switch(Switch::NodeDown { host_id: gone }).await.unwrap();
    };
    let (seen, ()) = tokio::join!(reads, stop);
    assert!(!seen.contains(&gone) && seen.len() == 2, "{seen:?} without {gone}");

    astra.reset().await.unwrap();
    all_nodes_answer(&connection).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_connections_cut_at_once_cost_no_idempotent_query() {
    let astra = database().await;
    let connection = connected(&astra).await;
    for host_id in astra.info().host_ids.clone() {
        astra.switch(Switch::NodeDown { host_id }).await.unwrap();
    }
    astra.reset().await.unwrap();
    coordinators(&connection, 60).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_process_gets_nothing_from_a_relay_and_opens_nothing_through_it() {
    let sandbox = Sandbox::shared().await.unwrap();
    let astra = database().await;
    // A process of its own connects and tells where it listens; this process is the stranger.
    let mut kernel = tokio::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "astra::a_process_that_connects_and_waits", "--ignored", "--nocapture"])
        .env(cqlbook_sandbox::VARIABLE, sandbox.address())
        .env("CQLBOOK_TEST_FRONT", &astra.info().name)
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut told = tokio::io::BufReader::new(kernel.stdout.take().unwrap()).lines();
    let ports: Vec<u16> = loop {
        let line = told.next_line().await.unwrap().expect("it tells its ports");
        if let Some((_, ports)) = line.split_once("listening on ") {
            break ports.split(' ').map(|port| port.parse().unwrap()).collect();
        }
    };
    assert!(ports.len() >= 4, "relays of three nodes and of contact points: {ports:?}");

    let before = astra.facts().await.unwrap();
    for &port in &ports {
        let mut stranger = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        let _ = stranger.write_all(b"\x04\0\0\0\x05\0\0\0\0").await;
        let mut got = Vec::new();
        let end = tokio::time::timeout(Duration::from_secs(3), stranger.read_to_end(&mut got)).await;
        end.expect("it is dropped").ok();
        assert_eq!(got, b"", "port {port}");
    }
    let after = astra.facts().await.unwrap();
    let connections = |facts: &cqlbook_sandbox::Facts| -> Vec<_> {
        facts.nodes.iter().map(|(id, node)| (*id, node.connections)).collect()
    };
    assert_eq!(connections(&before), connections(&after));
    assert_eq!(before.failed_handshakes, after.failed_handshakes);
    assert_eq!(before.refused_names, after.refused_names);

    // When it lets go of the connection its ports stay taken for a while.
    drop(kernel.stdin.take());
    while !told.next_line().await.unwrap().expect("it closes").contains("closed") {}
    tokio::net::TcpStream::connect(("127.0.0.1", ports[0])).await.expect("the port is still held");
}

/// Started by the test above, in a process of its own: all that listens on loopback there is a relay.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a part of another test"]
async fn a_process_that_connects_and_waits() {
    let name = std::env::var("CQLBOOK_TEST_FRONT").unwrap();
    let astra = Sandbox::shared().await.unwrap().front(&name).await.unwrap();
    let connection = connected(&astra).await;
    let ports: Vec<_> = own_listeners().iter().map(u16::to_string).collect();
    println!("listening on {}", ports.join(" "));
    tokio::task::spawn_blocking(|| std::io::stdin().lines().count()).await.unwrap();
    assert_eq!(coordinators(&connection, 30).await.len(), 3, "the relays still serve their own process");
    drop(connection);
    println!("closed");
    tokio::time::sleep(Duration::from_secs(2)).await;
}

/// The loopback ports that this process listens on.
fn own_listeners() -> BTreeSet<u16> {
    let open: BTreeSet<String> = std::fs::read_dir("/proc/self/fd")
        .unwrap()
        .flatten()
        .filter_map(|entry| std::fs::read_link(entry.path()).ok()?.to_str().map(str::to_owned))
        .collect();
    let table = std::fs::read_to_string("/proc/self/net/tcp").unwrap();
    let port = |row: &str| {
        let fields: Vec<_> = row.split_ascii_whitespace().collect();
        let (address, port) = fields[1].split_once(':')?;
        let is_listening = fields[3] == "0A" && address == "0100007F";
        let is_open = open.contains(&format!("socket:[{}]", fields[9]));
        if is_listening && is_open { u16::from_str_radix(port, 16).ok() } else { None }
    };
    table.lines().skip(1).filter_map(port).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_connection_leaves_nothing_open() {
    let astra = database().await;
    let connection = connected(&astra).await;
    let copy = connection.clone();
    drop(connection);
    coordinators(&copy, 3).await;
    drop(copy);
    let started = Instant::now();
    while astra.facts().await.unwrap().nodes.values().any(|node| node.open > 0) {
        assert!(started.elapsed() < Duration::from_secs(5));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
