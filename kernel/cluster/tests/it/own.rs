//! A cluster of this test's own, whose nodes can be reached directly and killed: self-hosted Cassandra, plain and behind TLS.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use cqlbook_cluster::link::LinkError;
use cqlbook_cluster::{
    CassandraTarget, ConnectError, Connection, Credentials, Request, RequestOptions, Service, Target,
    TlsFiles, connect,
};
use cqlbook_core::column::KeyRole;
use cqlbook_core::secret::Secret;
use cqlbook_sandbox::{AstraOptions, ClusterOptions, NodeInfo, Sandbox};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use crate::astra::{comes_back, coordinators, read};
use crate::support::{Server, Valid, World};

#[tokio::test(flavor = "multi_thread")]
async fn a_self_hosted_cluster_is_used_whole_and_survives_the_death_of_a_node() {
    let mut options = ClusterOptions::default();
    (options.private_addresses, options.stoppable) = (false, true);
    let sandbox = Sandbox::start(options).await.unwrap();
    // A front is opened for its role and keyspace only.
    let astra = sandbox.astra(AstraOptions::default()).await.unwrap();
    let nodes = sandbox.nodes().await.unwrap();
    let port = nodes[0].address.port();
    let local: BTreeSet<_> =
        nodes.iter().filter(|node| node.data_center == "dc1").map(|node| node.host_id).collect();
    let target = |hosts: &[&str], local_dc: Option<&str>| {
        let credentials = astra.credentials();
        Target::new(CassandraTarget {
            hosts: hosts.iter().map(|host| (*host).to_owned()).collect(),
            port,
            credentials: Some(Credentials {
                username: credentials.client_id.clone(),
                password: Secret::new(credentials.secret.clone()),
            }),
            local_dc: local_dc.map(str::to_owned),
            tls: None,
        })
        .with_keyspace(Some(astra.keyspace().to_owned()))
    };
    let host = nodes[0].address.ip().to_string();

    // The first contact point that answers decides on the data centre.
    let connection = connect(target(&["127.255.255.254", &host], None), |_| ()).await.unwrap();
    assert_eq!((connection.facts().local_dc.as_str(), connection.facts().astra), ("dc1", false));
    assert_eq!(coordinators(&connection, 60).await, local);
    let other = connect(target(&[&host], Some("dc2")), |_| ()).await.unwrap();
    assert_eq!(coordinators(&other, 10).await.len(), 1);
    drop(other);

    // What cannot work is told.
    let error = connect(target(&[&host], Some("dc9")), |_| ()).await.unwrap_err();
    assert!(
        matches!(&error, ConnectError::NoNodes { dc, known } if dc == "dc9" && *known == ["dc1", "dc2"]),
        "{error:?}"
    );
    let error = connect(target(&["127.255.255.254"], None), |_| ()).await.unwrap_err();
    assert!(matches!(error, ConnectError::Link(LinkError::Refused { .. })), "{error:?}");
    let mut anonymous = target(&[&host], None);
    if let Service::Cassandra(cassandra) = &mut anonymous.service {
        cassandra.credentials = None;
    }
    let error = connect(anonymous, |_| ()).await.unwrap_err();
    assert!(matches!(error, ConnectError::CredentialsRequired), "{error:?}");

    over_tls(&world_of(&nodes, port).await, &host, &target).await;
    one_node_dies(&sandbox, &connection).await;

    let before = connection.schema();
    // The driver cannot parse the type of such a column. It must not lock anybody out.
    for cql in [
        "CREATE TYPE \"Address\" (street text)",
        "CREATE TABLE quoted (p int PRIMARY KEY, a frozen<\"Address\">)",
    ] {
        connection.run(&Request::new(cql), None).await.unwrap();
    }
    let fresh = connect(target(&[&host], None), |_| ()).await.unwrap();
    for (connection, added) in [(connection, "b"), (fresh, "c")] {
        assert_eq!(coordinators(&connection, 60).await, local);
        let page = connection.run(&read("SELECT * FROM quoted"), None).await.unwrap().page.unwrap();
        assert_eq!(page.columns()[1].cql_type.to_string(), "\"Address\"");
        assert_eq!(page.columns()[0].role, Some(KeyRole::Partition));
        // The schema is read without the driver, and is the same as far as the driver can read it.
        let alter = Request::new(format!("ALTER TABLE quoted ADD {added} frozen<map<text, int>>"));
        let answer = connection.run(&alter, None).await.unwrap();
        assert!(answer.schema_changed && answer.warnings.is_empty(), "{answer:?}");
        let schema = connection.schema();
        let table = schema.table(&connection.keyspace().unwrap(), "quoted").unwrap();
        assert_eq!(table.column("a").unwrap().cql_type.to_string(), "frozen<\"Address\">");
        assert_eq!(table.column(added).unwrap().cql_type.to_string(), "frozen<map<text, int>>");
        let ours = &schema.keyspaces["system_schema"].tables;
        assert_eq!(Some(ours), before.keyspaces.get("system_schema").map(|keyspace| &keyspace.tables));
    }
}

/// The cluster's nodes behind TLS, each at its own address and all at the same port.
struct TlsNodes {
    world: World,
    port: u16,
    _servers: Vec<Server>,
}

async fn world_of(nodes: &[NodeInfo], port: u16) -> TlsNodes {
    let world = World::new();
    let acceptor = world.authority.sign(&["localhost"], Valid::Now).acceptor(&world.authority);
    let mut servers: Vec<Server> = Vec::new();
    let mut shared_port = 0;
    for node in nodes {
        let upstream = SocketAddr::new(node.address.ip(), port);
        let serve = move |mut client: TlsStream<TcpStream>, _| async move {
            let mut node = TcpStream::connect(upstream).await.unwrap();
            let _ = tokio::io::copy_bidirectional(&mut client, &mut node).await;
        };
        let server = Server::tls_at((node.address.ip(), shared_port).into(), acceptor.clone(), serve).await;
        shared_port = server.address.port();
        servers.push(server);
    }
    // The name in the certificates is the first node's as well.
    let to_first = servers[0].address;
    let forward = move |mut client: TcpStream, _| async move {
        let mut node = TcpStream::connect(to_first).await.unwrap();
        let _ = tokio::io::copy_bidirectional(&mut client, &mut node).await;
    };
    servers.push(Server::tcp_at(([127, 0, 0, 1], shared_port).into(), forward).await);
    TlsNodes { world, port: shared_port, _servers: servers }
}

async fn over_tls(nodes: &TlsNodes, host: &str, target: &impl Fn(&[&str], Option<&str>) -> Target) {
    let client = nodes.world.authority.sign(&["client"], Valid::Now);
    let files = TlsFiles {
        ca_cert: Some(nodes.world.file("ca.pem", nodes.world.authority.pem.as_bytes())),
        cert: Some(nodes.world.file("client.pem", client.pem.as_bytes())),
        key: Some(nodes.world.file("client.key", client.key.serialize_pem().as_bytes())),
    };
    let secured = |host: &str| {
        let mut target = target(&[host], None);
        if let Service::Cassandra(cassandra) = &mut target.service {
            cassandra.port = nodes.port;
            cassandra.tls = Some(files.clone());
        }
        target
    };
    let connection = connect(secured("localhost"), |_| ()).await.unwrap();
    assert_eq!(
        coordinators(&connection, 60).await.len(),
        3,
        "nodes found through another are verified by its name"
    );
    // The same servers by a name that is not in their certificates.
    let error = connect(secured(host), |_| ()).await.unwrap_err();
    assert!(matches!(error, ConnectError::Link(LinkError::Untrusted { .. })), "{error:?}");
}

async fn one_node_dies(sandbox: &Sandbox, connection: &Connection) {
    connection.run(&Request::new("CREATE TABLE t (p int PRIMARY KEY, v int)"), None).await.unwrap();
    let insert = connection.prepare("INSERT INTO t (p, v) VALUES (?, ?)").await.unwrap();
    let int = |value: i32| cqlbook_cluster::Cell::Bytes(value.to_be_bytes().to_vec().into());
    let safe = RequestOptions::of_a_read();
    let work = async {
        let started = Instant::now();
        let mut done = 0;
        while started.elapsed() < Duration::from_secs(8) {
            connection.run_prepared(&insert, &[int(done), int(1)], &safe, None).await.unwrap();
            connection.run(&read(&format!("SELECT v FROM t WHERE p = {done}")), None).await.unwrap();
            done += 1;
        }
        done
    };
    let death = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        sandbox.stop_node(1).await.unwrap();
    };
    let (done, ()) = tokio::join!(work, death);
    assert!(done > 10, "the work went on: {done}");
    assert_eq!(coordinators(connection, 30).await.len(), 2);

    // DDL works with two of three, and is known afterwards. (A CREATE would also grant rights, which needs all replicas.)
    let answer = connection.run(&Request::new("ALTER TABLE t ADD w int"), None).await.unwrap();
    assert!(answer.schema_changed && answer.warnings.is_empty(), "{answer:?}");
    let schema = connection.schema();
    assert!(schema.table(&connection.keyspace().unwrap(), "t").unwrap().column("w").is_some());

    sandbox.start_node(1).await.unwrap();
    comes_back(connection).await;
    let started = Instant::now();
    while coordinators(connection, 20).await.len() < 3 {
        assert!(started.elapsed() < Duration::from_secs(40), "the node is used again");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
