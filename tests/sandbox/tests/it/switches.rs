//! Each switch does what its documentation says, and a reset undoes it.

use std::time::{Duration, Instant};

use cqlbook_sandbox::{Astra, Part, SniAnswer, Switch};

use crate::front;
use crate::probe::{Connection, Failure, Probe};

/// Whether the front works: metadata, proxy, log in, query.
async fn assert_well(astra: &Astra) {
    let probe = Probe::new(astra.bundle());
    let mut session = probe.session("token", &astra.credentials().token).await;
    assert!(session.query("SELECT key FROM system.local").await.unwrap().is_result());
}

async fn connected(astra: &Astra) -> (Probe, String, Vec<String>, Connection) {
    let probe = Probe::new(astra.bundle());
    let (proxy, nodes) = probe.nodes().await;
    let session = probe.session("token", &astra.credentials().token).await;
    (probe, proxy, nodes, session)
}

#[tokio::test]
async fn paused_then_awake() {
    let astra = front().await;
    let (probe, proxy, nodes, mut session) = connected(&astra).await;
    astra.switch(Switch::Paused { seconds: Some(4) }).await.unwrap();
    let start = Instant::now();
    let (status, body) = probe.metadata().await.unwrap();
    assert_eq!(status, 503);
    assert_eq!(body, r#"{"message":"Resuming your database, please try again shortly."}"#);
    assert_eq!(probe.open(&proxy, &nodes[0]).await.err(), Some(Failure::Closed));
    assert_eq!(session.options().await.err(), Some(Failure::Closed));
    while probe.metadata().await.unwrap().0 == 503 {
        assert!(start.elapsed() < Duration::from_secs(15), "it does not wake");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(start.elapsed() > Duration::from_millis(3900));
    assert_well(&astra).await;
}

#[tokio::test]
async fn metadata_refused_or_not_json() {
    let astra = front().await;
    let probe = Probe::new(astra.bundle());
    for (switch, expected) in [(Switch::Revoked, 401), (Switch::Forbidden, 403), (Switch::NotFound, 404)] {
        astra.switch(switch).await.unwrap();
        assert_eq!(probe.metadata().await.unwrap().0, expected);
    }
    astra.reset().await.unwrap();
    astra.switch(Switch::NotJson).await.unwrap();
    let (status, body) = probe.metadata().await.unwrap();
    assert!(status == 200 && body.starts_with("<!DOCTYPE html>"), "{body}");
    astra.reset().await.unwrap();
    assert_well(&astra).await;
    assert_eq!(astra.facts().await.unwrap().metadata_requests, 5);
}

#[tokio::test]
async fn slow() {
    let astra = front().await;
    let (probe, _, _, mut session) = connected(&astra).await;
    astra.switch(Switch::Slow { ms: 300 }).await.unwrap();
    let start = Instant::now();
    assert_eq!(probe.metadata().await.unwrap().0, 200);
    let metadata = start.elapsed();
    session.options().await.unwrap();
    let both = start.elapsed();
    assert!(
        metadata >= Duration::from_millis(300) && both - metadata >= Duration::from_millis(300),
        "{both:?}"
    );
}

#[tokio::test]
async fn refusing() {
    let astra = front().await;
    let (probe, proxy, nodes, mut session) = connected(&astra).await;
    astra.switch(Switch::Refusing).await.unwrap();
    assert_eq!(session.options().await.err(), Some(Failure::Closed));
    assert_eq!(probe.metadata().await.err(), Some(Failure::Refused));
    assert_eq!(probe.open(&proxy, &nodes[0]).await.err(), Some(Failure::Refused));
    astra.reset().await.unwrap();
    assert_well(&astra).await;
}

#[tokio::test]
async fn hanging() {
    let astra = front().await;
    let (probe, proxy, nodes, mut session) = connected(&astra).await;
    astra.switch(Switch::Hanging).await.unwrap();
    let (silent, metadata, opened) =
        tokio::join!(session.options(), probe.metadata(), probe.open(&proxy, &nodes[0]));
    assert_eq!(silent.err(), Some(Failure::Silent));
    assert_eq!(metadata.err(), Some(Failure::Silent));
    assert_eq!(opened.err(), Some(Failure::Silent));
    astra.reset().await.unwrap();
    assert_well(&astra).await;
}

#[tokio::test]
async fn certificates_that_do_not_hold() {
    let astra = front().await;
    let probe = Probe::new(astra.bundle());
    let (proxy, nodes) = probe.nodes().await;
    let wrong = |part| {
        [
            (Switch::WrongCa { part }, Failure::Untrusted),
            (Switch::WrongHostName { part }, Failure::WrongName),
            (Switch::ExpiredCertificate { part }, Failure::Expired),
        ]
    };
    for (switch, failure) in wrong(Part::Metadata) {
        astra.switch(switch).await.unwrap();
        assert_eq!(probe.metadata().await.as_ref().err(), Some(&failure));
        assert!(probe.open(&proxy, &nodes[0]).await.is_ok());
        astra.reset().await.unwrap();
    }
    for (switch, failure) in wrong(Part::Proxy) {
        astra.switch(switch).await.unwrap();
        assert_eq!(probe.metadata().await.unwrap().0, 200);
        assert_eq!(probe.open(&proxy, &nodes[1]).await.err(), Some(failure));
        astra.reset().await.unwrap();
    }
    astra.switch(Switch::WrongCa { part: Part::Both }).await.unwrap();
    assert_eq!(probe.metadata().await.err(), Some(Failure::Untrusted));
    assert_eq!(probe.open(&proxy, &nodes[0]).await.err(), Some(Failure::Untrusted));
    astra.reset().await.unwrap();
    assert_well(&astra).await;
}

#[tokio::test]
async fn a_node_down() {
    let astra = front().await;
    let (probe, proxy, nodes, mut session) = connected(&astra).await;
    astra.switch(Switch::NodeDown { host_id: nodes[0].parse().unwrap() }).await.unwrap();
    assert_eq!(session.options().await.err(), Some(Failure::Closed));
    assert_eq!(probe.open(&proxy, &nodes[0]).await.err(), Some(Failure::Closed));
    assert!(probe.open(&proxy, &nodes[1]).await.unwrap().options().await.is_ok());
    let nowhere = astra.switch(Switch::NodeDown { host_id: uuid::Uuid::new_v4() }).await;
    assert!(nowhere.unwrap_err().to_string().contains("There is no node"));
    astra.reset().await.unwrap();
    assert_well(&astra).await;
}

#[tokio::test]
async fn names_unknown() {
    let astra = front().await;
    let (probe, proxy, nodes, mut session) = connected(&astra).await;
    let answers = [
        (SniAnswer::Close, Failure::Closed),
        (SniAnswer::Alert, Failure::Alert),
        (SniAnswer::Silence, Failure::Silent),
    ];
    for (answer, failure) in answers {
        astra.switch(Switch::SniUnknown { answer }).await.unwrap();
        assert_eq!(probe.open(&proxy, &nodes[0]).await.err(), Some(failure));
    }
    assert!(session.options().await.is_ok(), "what is connected stays");
    astra.reset().await.unwrap();
    assert_well(&astra).await;
}

#[tokio::test]
async fn cut_in_mid_page() {
    let astra = front().await;
    let (_, _, _, mut session) = connected(&astra).await;
    let table = format!("{}.t", astra.keyspace());
    session.query(&format!("CREATE TABLE {table} (k int PRIMARY KEY, v text)")).await.unwrap();
    session.wait_for_agreement().await;
    for k in 0..20 {
        let statement = format!("INSERT INTO {table} (k, v) VALUES ({k}, '{}')", "x".repeat(1000));
        assert!(session.query(&statement).await.unwrap().is_result());
    }
    astra.switch(Switch::CutMidPage { after_bytes: 5000, times: Some(1) }).await.unwrap();
    let short = session.query(&format!("SELECT v FROM {table} WHERE k = 1")).await.unwrap();
    assert!(short.is_result(), "a short page passes");
    let came = session.count_until_cut(&format!("SELECT v FROM {table}")).await.unwrap();
    assert_eq!(came, 9 + 5000);
    let mut again = Probe::new(astra.bundle()).session("token", &astra.credentials().token).await;
    let whole = again.query(&format!("SELECT v FROM {table}")).await.unwrap();
    assert!(whole.is_result() && whole.body.len() > 20_000);
    assert_eq!(astra.facts().await.unwrap().pages_cut, 1);
}

#[tokio::test]
async fn forgotten() {
    let astra = front().await;
    let (_, _, _, mut session) = connected(&astra).await;
    astra.switch(Switch::Forgotten).await.unwrap();
    assert_eq!(session.options().await.err(), Some(Failure::Silent));
    assert_well(&astra).await;
    astra.reset().await.unwrap();
    assert_eq!(session.options().await.err(), Some(Failure::Silent));
}

#[tokio::test]
async fn moved_proxy() {
    let astra = front().await;
    let (probe, before, nodes, mut session) = connected(&astra).await;
    astra.switch(Switch::MovedProxy).await.unwrap();
    assert_eq!(session.options().await.err(), Some(Failure::Closed));
    assert_eq!(probe.open(&before, &nodes[0]).await.err(), Some(Failure::Refused));
    let (after, _) = probe.nodes().await;
    assert_ne!(before, after);
    assert_well(&astra).await;
    astra.reset().await.unwrap();
    assert_eq!(probe.nodes().await.0, after);
}

#[tokio::test]
async fn rate_limited() {
    let astra = front().await;
    let (_, _, _, mut session) = connected(&astra).await;
    session.query(&format!("CREATE TABLE {}.t (k int PRIMARY KEY)", astra.keyspace())).await.unwrap();
    session.wait_for_agreement().await;
    astra.switch(Switch::RateLimited { requests: 2 }).await.unwrap();
    let statement = format!("SELECT * FROM {}.t", astra.keyspace());
    assert!(session.query("SELECT * FROM system.local").await.unwrap().is_result());
    for _ in 0..2 {
        let (code, message) = session.query(&statement).await.unwrap().error().unwrap();
        assert_eq!((code, message.as_str()), (0x1001, "Rate limit reached"));
    }
    assert!(session.query(&statement).await.unwrap().is_result());
    assert_eq!(astra.facts().await.unwrap().requests_refused, 2);
}

#[tokio::test]
async fn describe_refused() {
    let astra = front().await;
    let (probe, proxy, nodes, mut session) = connected(&astra).await;
    assert!(session.query("DESCRIBE KEYSPACES").await.unwrap().is_result());
    astra.switch(Switch::RefuseDescribe).await.unwrap();
    let (code, message) = session.query("  desc tables").await.unwrap().error().unwrap();
    assert_eq!(code, 0x2100);
    assert!(message.starts_with("Unable to authorize statement"), "{message}");
    let offered = probe.open(&proxy, &nodes[0]).await.unwrap().options().await.unwrap();
    assert!(!offered.contains(b"lz4"));
}
