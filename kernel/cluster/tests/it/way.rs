//! The way to a database, past metadata services and proxies that are asleep, wrong or hostile.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use cqlbook_cluster::link::{Distrust, LinkError, Step};
use cqlbook_cluster::metadata::MetadataError;
use cqlbook_cluster::{CassandraTarget, ConnectError, Service, Stage, Target, TlsFiles, connect};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::{
    Authority, HOST_ID, Identity, Server, Stages, Valid, World, http, metadata, talk, target,
};

/// Connects with a bundle for the metadata service at this server; it must fail.
async fn failure(world: &World, service: &Server) -> ConnectError {
    connect(target(&world.bundle(service.address.port())), |_| ()).await.unwrap_err()
}

/// What a metadata service's answer comes to.
async fn answered(answer: String) -> ConnectError {
    let world = World::new();
    let service = Server::metadata(world.server().acceptor(&world.authority), vec![answer]).await;
    failure(&world, &service).await
}

#[tokio::test]
async fn refusals_are_told_with_their_status() {
    for status in [401, 403, 404] {
        let error = answered(http(status, "{\"message\":\"no\"}")).await;
        let ConnectError::Metadata(MetadataError::Refused { status: told, text }) = error else {
            panic!("{error:?}")
        };
        assert_eq!((told, text.as_str()), (status, "{\"message\":\"no\"}"));
    }
}

#[tokio::test]
async fn answers_that_are_no_metadata_are_told_with_their_first_bytes() {
    let contacts = |contacts: &str, kind: &str| {
        http(
            200,
            &format!(
                r#"{{"contact_info":{{"type":"{kind}","contact_points":{contacts},"sni_proxy_address":"h:1"}}}}"#
            ),
        )
    };
    let mut told = Vec::new();
    for answer in [
        http(200, "<html>Welcome to the hotel's network</html>"),
        http(302, "over there"),
        http(200, "{\"contact_info\": {}}"),
        contacts("[]", "sni_proxy"),
        contacts("[\"x\"]", "sni_proxy"),
        contacts(&format!("[\"{HOST_ID}\"]"), "direct"),
        "SSH-2.0-OpenSSH\r\n\r\n".to_owned(),
        http(200, &"x".repeat(70_000)),
    ] {
        let error = answered(answer).await;
        let ConnectError::Metadata(MetadataError::Invalid { reason, status, first_bytes }) = error else {
            panic!("{error:?}")
        };
        let beginning: String = first_bytes.chars().take(30).collect();
        told.push(format!("{status} {reason}: {beginning}|"));
    }
    insta::assert_snapshot!(told.join("\n"), @r#"
    200 it is not JSON: <html>Welcome to the hotel's n|
    302 its status is 302: over there|
    200 it lacks a field: {"contact_info": {}}|
    200 it names no contact point: {"contact_info":{"type":"sni_p|
    200 a contact point is not a host id: {"contact_info":{"type":"sni_p|
    200 it names another way than an SNI proxy: {"contact_info":{"type":"direc|
    0 it is not HTTP: |
    200 it is longer than any metadata: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx|
    "#);
}

#[tokio::test]
async fn a_paused_database_is_waited_for_and_a_misleading_refusal_meanwhile_too() {
    let world = World::new();
    let acceptor = world.server().acceptor(&world.authority);
    let nothing_there = "127.0.0.1:1".parse().unwrap();
    let paused = http(503, r#"{"message":"Resuming your database, please try again shortly."}"#);
    let answers = vec![paused, http(401, "{}"), metadata(nothing_there)];
    let service = Server::metadata(acceptor, answers).await;
    let stages = Stages::default();
    let error = connect(target(&world.bundle(service.address.port())), stages.teller()).await.unwrap_err();
    // Awake, it named a proxy where nothing listens.
    assert!(matches!(error, ConnectError::Link(LinkError::Refused { port: 1, .. })), "{error:?}");
    let seen = stages.seen();
    assert_eq!(seen[0], Stage::BundleRead { host: "127.0.0.1".to_owned() });
    assert_eq!(seen[1], Stage::Waking { elapsed: Duration::ZERO });
    assert!(matches!(seen[2], Stage::Waking { elapsed } if elapsed > Duration::from_millis(400)));
    assert_eq!(seen[3], Stage::Metadata { contact_points: 1, local_dc: Some("dc1".to_owned()) });
    assert_eq!(seen.len(), 4);
}

#[tokio::test]
async fn a_database_that_does_not_wake_is_given_up_at_the_deadline() {
    let world = World::new();
    let service = Server::metadata(world.server().acceptor(&world.authority), vec![http(503, "zzz")]).await;
    let mut target = target(&world.bundle(service.address.port()));
    target.timeouts.connect = Duration::from_secs(2);
    let started = Instant::now();
    let error = connect(target, |_| ()).await.unwrap_err();
    assert!(matches!(error, ConnectError::Paused { .. }), "{error:?}");
    assert!(started.elapsed() < Duration::from_millis(2200));
}

#[tokio::test]
async fn a_metadata_service_that_cannot_be_reached_is_told_with_the_step_that_failed() {
    let world = World::new();
    // Nothing listens.
    let error = connect(target(&world.bundle(1)), |_| ()).await.unwrap_err();
    assert!(matches!(error, ConnectError::Link(LinkError::Refused { port: 1, .. })), "{error:?}");

    // It takes the connection and says nothing.
    let silent = Server::tcp(|stream, _| async move {
        let _stream = stream;
        std::future::pending::<()>().await;
    })
    .await;
    let error = failure(&world, &silent).await;
    assert!(matches!(error, ConnectError::Link(LinkError::TimedOut { step: Step::Tls, .. })), "{error:?}");

    // It says nothing over TLS.
    let silent = Server::tls(world.server().acceptor(&world.authority), |stream, _| async move {
        let _stream = stream;
        std::future::pending::<()>().await;
    })
    .await;
    let error = failure(&world, &silent).await;
    assert!(matches!(error, ConnectError::Link(LinkError::TimedOut { step: Step::Answer, .. })), "{error:?}");

    // It hangs up.
    let rude = Server::tcp(|stream, _| async move { drop(stream) }).await;
    let error = failure(&world, &rude).await;
    assert!(matches!(error, ConnectError::Link(LinkError::Closed { .. })), "{error:?}");

    // It is no TLS server.
    let plain = Server::tcp(|mut stream, _| async move {
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        let _ = stream.read(&mut [0; 1024]).await;
    })
    .await;
    let error = failure(&world, &plain).await;
    assert!(matches!(error, ConnectError::Link(LinkError::NotTls { .. })), "{error:?}");

    // The name has no address (or no resolver answers here).
    let error = connect(target(&world.bundle_for("db.invalid", 1)), |_| ()).await.unwrap_err();
    let unresolved = matches!(
        &error,
        ConnectError::Link(LinkError::NotResolved { host, .. } | LinkError::TimedOut { host, step: Step::Resolve, .. })
            if host == "db.invalid"
    );
    assert!(unresolved, "{error:?}");
}

/// The certificates that must not be believed, with why.
fn impostors(world: &World) -> Vec<(Identity, Distrust)> {
    let wrong_name = Distrust::WrongName {
        expected: "127.0.0.1".to_owned(),
        presented: vec!["DnsName(\"db.example.org\")".to_owned(), format!("DnsName(\"{HOST_ID}\")")],
    };
    vec![
        (Authority::new("the database's own").sign(&["127.0.0.1"], Valid::Now), Distrust::UnknownAuthority),
        (world.authority.sign(&["db.example.org", HOST_ID], Valid::Now), wrong_name),
        (world.authority.sign(&["127.0.0.1"], Valid::Until2020), Distrust::Expired),
        (world.authority.sign(&["127.0.0.1"], Valid::From2090), Distrust::NotValidYet),
    ]
}

#[tokio::test]
async fn an_impostor_of_the_metadata_service_is_refused() {
    let world = World::new();
    for (impostor, why) in impostors(&world) {
        let service = Server::metadata(impostor.acceptor(&world.authority), vec![http(200, "{}")]).await;
        let error = failure(&world, &service).await;
        let ConnectError::Link(LinkError::Untrusted { distrust, host, port }) = error else {
            panic!("{why:?}: {error:?}")
        };
        assert_eq!((distrust, host.as_str(), port), (why, "127.0.0.1", service.address.port()));
    }
}

#[tokio::test]
async fn an_impostor_of_the_proxy_is_refused_and_is_sent_nothing() {
    let world = World::new();
    for (impostor, why) in impostors(&world) {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let ears = Arc::clone(&heard);
        let proxy = Server::tls(impostor.acceptor(&world.authority), move |mut stream, _| {
            let ears = Arc::clone(&ears);
            async move {
                let mut bytes = Vec::new();
                let _ = stream.read_to_end(&mut bytes).await;
                ears.lock().unwrap().extend(bytes);
            }
        })
        .await;
        let service =
            Server::metadata(world.server().acceptor(&world.authority), vec![metadata(proxy.address)]).await;
        let error = failure(&world, &service).await;
        let ConnectError::Link(LinkError::Untrusted { distrust, port, .. }) = error else {
            panic!("{why:?}: {error:?}")
        };
        assert_eq!((distrust, port), (why, proxy.address.port()));
        assert_eq!(proxy.accepted.load(Ordering::SeqCst), 1);
        assert!(heard.lock().unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_bundle_of_another_database_is_refused_by_the_service_and_told_so() {
    let world = World::new();
    let other = Authority::new("another database's");
    // The server takes clients of another authority only; in TLS 1.3 its alert comes with the first read.
    let service = Server::metadata(world.server().acceptor(&other), vec![http(200, "{}")]).await;
    let error = failure(&world, &service).await;
    assert!(matches!(error, ConnectError::Link(LinkError::TlsRefused { .. })), "{error:?}");
}

/// What a node behind a good proxy comes to that gives these answers to the frames that come.
async fn node(answers: &'static [(u8, u8, &'static [u8])]) -> (ConnectError, Vec<Stage>, Vec<String>) {
    let world = World::new();
    let names = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&names);
    let proxy = Server::tls(world.server().acceptor(&world.authority), move |stream, _| {
        heard.lock().unwrap().extend(stream.get_ref().1.server_name().map(str::to_owned));
        async move { talk(stream, answers).await }
    })
    .await;
    let service =
        Server::metadata(world.server().acceptor(&world.authority), vec![metadata(proxy.address)]).await;
    let stages = Stages::default();
    let error = connect(target(&world.bundle(service.address.port())), stages.teller()).await.unwrap_err();
    let names = names.lock().unwrap().clone();
    (error, stages.seen(), names)
}

const SUPPORTED: (u8, u8, &[u8]) = (0, 0x06, &[0, 0]);
const AUTHENTICATE: (u8, u8, &[u8]) = (0, 0x03, b"\0\x01a");

#[tokio::test]
async fn refused_credentials_are_told_at_once_in_the_servers_words() {
    // An ERROR whose header announces a warning before the body, as Cassandra sends them.
    let refusal: (u8, u8, &[u8]) = (0x08, 0x00, b"\0\x01\0\x04warn\0\0\x01\0\0\x07no such");
    let refusal: &'static _ = Box::leak(Box::new([SUPPORTED, AUTHENTICATE, refusal]));
    let started = Instant::now();
    let (error, stages, names) = node(refusal).await;
    assert!(
        matches!(&error, ConnectError::AuthFailed { server_text } if server_text == "no such"),
        "{error:?}"
    );
    assert!(started.elapsed() < Duration::from_secs(1));
    assert_eq!(names, [HOST_ID], "the name asked for is the node's host id");
    assert!(stages.contains(&Stage::Tls) && !stages.contains(&Stage::Login), "{stages:?}");
}

#[tokio::test]
async fn a_node_that_is_gone_silent_or_strange_is_told_apart() {
    let silent = |error: &ConnectError| {
        matches!(error, ConnectError::Link(LinkError::TimedOut { step: Step::Answer, .. }))
    };
    let (error, _, _) = node(&[]).await;
    assert!(silent(&error), "{error:?}");
    let (error, _, _) = node(&[(0, 0x06, b"\0\x01")]).await;
    assert!(matches!(error, ConnectError::Protocol { .. }), "{error:?}");
    let (error, _, _) = node(&[SUPPORTED, (0, 0x08, b"")]).await;
    assert!(matches!(error, ConnectError::Protocol { .. }), "{error:?}");
    let (error, _, _) = node(&[SUPPORTED, AUTHENTICATE, (0, 0x0E, b"\0\0\0\0")]).await;
    assert!(matches!(error, ConnectError::Protocol { .. }), "{error:?}");
    let (error, stages, _) = node(&[SUPPORTED, AUTHENTICATE, (0, 0x10, b"\xff\xff\xff\xff")]).await;
    assert!(silent(&error), "{error:?}");
    assert!(stages.contains(&Stage::Login));
}

#[tokio::test]
async fn a_proxy_that_turns_into_an_impostor_after_the_login_gets_no_session() {
    // RESULT, rows, one global table "s"."l" of four text columns and a uuid, one row: dc1, 5, c, 3, a host id.
    let local: &[u8] =
        b"\0\0\0\x02\0\0\0\x01\0\0\0\x05\0\x01s\0\x01l\0\x01a\0\x0d\0\x01b\0\x0d\0\x01c\0\x0d\0\x01d\0\x0d\
        \0\x01e\0\x0c\0\0\0\x01\0\0\0\x03dc1\0\0\0\x015\0\0\0\x01c\0\0\0\x013\0\0\0\x100123456789abcdef";
    let answers: &'static _ = Box::leak(Box::new([
        SUPPORTED,
        AUTHENTICATE,
        (0, 0x10, b"\xff\xff\xff\xff".as_slice()),
        (0, 0x08, local),
    ]));
    let world = World::new();
    let good = world.server().acceptor(&world.authority);
    for (impostor, why) in impostors(&world) {
        let (good, bad) = (good.clone(), impostor.acceptor(&world.authority));
        let proxy = Server::tcp(move |stream, number| {
            let acceptor = if number == 0 { good.clone() } else { bad.clone() };
            async move {
                if let Ok(stream) = acceptor.accept(stream).await {
                    talk(stream, answers).await;
                }
            }
        })
        .await;
        let service =
            Server::metadata(world.server().acceptor(&world.authority), vec![metadata(proxy.address)]).await;
        let stages = Stages::default();
        let error =
            connect(target(&world.bundle(service.address.port())), stages.teller()).await.unwrap_err();
        let ConnectError::Link(LinkError::Untrusted { distrust, .. }) = error else {
            panic!("{why:?}: {error:?}")
        };
        assert_eq!(distrust, why);
        assert!(
            stages
                .seen()
                .contains(&Stage::Queried { release_version: "5".to_owned(), data_center: "dc1".to_owned() })
        );
    }
}

#[tokio::test]
async fn a_self_hosted_cluster_over_tls_is_verified_by_the_name_the_user_typed() {
    let world = World::new();
    let client = world.authority.sign(&["client"], Valid::Now);
    let files = || TlsFiles {
        ca_cert: Some(world.file("ca.pem", world.authority.pem.as_bytes())),
        cert: Some(world.file("client.pem", client.pem.as_bytes())),
        key: Some(world.file("client.key", client.key.serialize_pem().as_bytes())),
    };
    let refused = |server: Identity, host: &'static str, files: TlsFiles| {
        let acceptor = server.acceptor(&world.authority);
        async move {
            let node = Server::tls(acceptor, |stream, _| talk(stream, &[SUPPORTED, AUTHENTICATE])).await;
            let cassandra = CassandraTarget {
                hosts: vec![host.to_owned()],
                port: node.address.port(),
                credentials: None,
                local_dc: None,
                tls: Some(files),
            };
            connect(Target::new(cassandra), |_| ()).await.unwrap_err()
        }
    };
    // The right name gets as far as the login.
    let localhost = || world.authority.sign(&["localhost"], Valid::Now);
    let error = refused(localhost(), "localhost", files()).await;
    assert!(matches!(error, ConnectError::CredentialsRequired), "{error:?}");
    let error = refused(localhost(), "127.0.0.1", files()).await;
    assert!(matches!(error, ConnectError::Link(LinkError::Untrusted { .. })), "{error:?}");
    let error = refused(Authority::new("x").sign(&["localhost"], Valid::Now), "localhost", files()).await;
    assert!(matches!(error, ConnectError::Link(LinkError::Untrusted { .. })), "{error:?}");

    let half = TlsFiles { key: None, ..files() };
    let error = refused(localhost(), "localhost", half).await;
    assert!(matches!(error, ConnectError::TlsFile { .. }), "{error:?}");
    let missing = TlsFiles { ca_cert: Some("/nowhere/ca.pem".into()), ..TlsFiles::default() };
    let error = refused(localhost(), "localhost", missing).await;
    assert!(matches!(error, ConnectError::TlsFile { path, .. } if path.ends_with("ca.pem")));
}

#[tokio::test]
async fn files_of_certificates_are_read_within_a_bound() {
    let world = World::new();
    let refused = |ca: std::path::PathBuf| async move {
        let cassandra = CassandraTarget {
            hosts: vec!["localhost".to_owned()],
            port: 1,
            credentials: None,
            local_dc: None,
            tls: Some(TlsFiles { ca_cert: Some(ca), ..TlsFiles::default() }),
        };
        match connect(Target::new(cassandra), |_| ()).await.unwrap_err() {
            ConnectError::TlsFile { reason, .. } => reason,
            other => panic!("{other:?}"),
        }
    };
    let limit = 1024 * 1024;
    let at_the_limit = refused(world.file("at.pem", &vec![b'x'; limit])).await;
    assert_eq!(at_the_limit, "it holds no certificate", "it is read");
    for bytes in [limit + 1, 8 * limit] {
        let reason = refused(world.file("beyond.pem", &vec![b'x'; bytes])).await;
        assert_eq!(reason, "it has more than 1048576 bytes");
    }
    for endless in ["/dev/zero", "/dev/random"] {
        assert_eq!(refused(endless.into()).await, "it is no regular file");
    }
}

#[tokio::test]
async fn secrets_are_in_no_debug_text_and_in_no_error() {
    let world = World::new();
    let bundle = world.bundle(1);
    let target = target(&bundle);
    let Service::Astra(astra) = &target.service else { panic!("it is a database of Astra's") };
    let login = format!("{:?}", astra.credentials);
    assert_eq!(login, "Credentials { .. }", "neither the Client ID nor the secret");
    let shown = format!("{target:?}");
    assert!(shown.contains(&login) && !shown.contains("not-to-be-seen"), "{shown}");
    let error = connect(target, |_| ()).await.unwrap_err();
    assert!(!format!("{error} {error:?}").contains("not-to-be-seen"));
}
