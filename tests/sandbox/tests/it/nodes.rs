//! Real nodes stopped and started, on sandboxes that no other test uses.

use std::time::Duration;

use cqlbook_sandbox::{AstraOptions, ClusterOptions, Sandbox};

use crate::probe::{Failure, Probe, options_over_tls};

#[tokio::test]
async fn a_node_stops_and_comes_back() {
    let mut options = ClusterOptions::default();
    (options.nodes, options.other_dc_nodes, options.stoppable) = (2, 0, true);
    let sandbox = Sandbox::start(options).await.unwrap();
    let astra = sandbox.astra(AstraOptions::default()).await.unwrap();
    let probe = Probe::new(astra.bundle());
    let (proxy, nodes) = probe.nodes().await;
    let mut connection = probe.open(&proxy, &nodes[1]).await.unwrap();
    assert!(connection.options().await.is_ok());

    sandbox.stop_node(1).await.unwrap();
    assert_eq!(connection.options().await.err(), Some(Failure::Closed));
    let mut refused = probe.open(&proxy, &nodes[1]).await.unwrap();
    assert_eq!(refused.options().await.err(), Some(Failure::Closed));
    assert!(probe.open(&proxy, &nodes[0]).await.unwrap().options().await.is_ok());
    assert!(!sandbox.nodes().await.unwrap()[1].running);

    sandbox.start_node(1).await.unwrap();
    let again = sandbox.nodes().await.unwrap();
    assert!(again[1].running && again[1].host_id.to_string() == nodes[1], "{again:?}");
    let mut back = probe.open(&proxy, &nodes[1]).await.unwrap();
    back.log_in("token", &astra.credentials().token).await.unwrap();
    let both = back.query("SELECT role FROM system_auth.roles").await.unwrap();
    assert!(both.error().is_some_and(|(code, _)| code == 0x2100), "roles are not for clients");
    assert!(sandbox.stop_node(2).await.unwrap_err().to_string().contains("There is no node 2"));

    let run = astra.bundle().ancestors().nth(3).unwrap().to_owned();
    assert!(run.exists());
    tokio::task::spawn_blocking(move || drop(sandbox)).await.unwrap();
    assert!(!run.exists(), "the sandbox leaves its folder behind");
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(probe.metadata().await.is_err());
}

#[tokio::test]
async fn nodes_without_a_front() {
    let mut options = ClusterOptions::default();
    (options.nodes, options.other_dc_nodes) = (2, 0);
    (options.private_addresses, options.client_tls) = (false, true);
    let sandbox = Sandbox::start(options).await.unwrap();
    let astra = sandbox.astra(AstraOptions::default()).await.unwrap();
    let mut session = Probe::new(astra.bundle()).session("token", &astra.credentials().token).await;
    let peers = session.query("SELECT rpc_address FROM system.peers").await.unwrap();
    let nodes = sandbox.nodes().await.unwrap();
    let std::net::IpAddr::V4(address) = nodes[1].address.ip() else { panic!("{nodes:?}") };
    assert!(peers.contains(&address.octets()));
    for node in &nodes {
        let supported =
            options_over_tls(node.address, node.certificate_authority.as_ref().unwrap()).await.unwrap();
        assert!(supported.contains(b"PROTOCOL_VERSIONS") && !supported.contains(b"DATASTAX_APOLLO"));
    }
}
