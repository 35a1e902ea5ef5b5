//! `TLS_UNTRUSTED`: who does not prove to be the bundle's server is sent nothing; and who refuses the bundle's certificate.

use cqlbook_sandbox::{Part, Switch};
use insta::assert_snapshot;

use super::kept::Case;
use super::packing::Packing;
use super::staged::{Authority, http, plain_service};
use crate::notebook::database;

const CONNECT: &str = "%connect astra --no-save";

/// What is told of a database whose bundle says so.
async fn told_of(case: &mut Case, bundle: &Packing) -> String {
    std::fs::write(case.notebook.folder.path().join("scb.zip"), bundle.bytes()).unwrap();
    case.told(&format!("{CONNECT} --bundle scb.zip --token-file token.json")).await
}

/// What is told of a front in that state; nothing may have been sent to a node.
async fn told_behind(case: &mut Case, switch: Switch) -> String {
    case.astra.switch(switch.clone()).await.unwrap();
    let told = case.told(CONNECT).await;
    let tested = case.told("%connection test astra").await;
    assert_eq!(tested, told, "a test says the same");
    let requests = case.astra.facts().await.unwrap().requests();
    assert_eq!(requests, 0, "{switch:?}: nothing was sent");
    case.astra.reset().await.unwrap();
    told
}

#[tokio::test]
async fn a_metadata_service_that_does_not_prove_itself() {
    let mut case = Case::open().await;
    let part = Part::Metadata;
    assert_snapshot!(told_behind(&mut case, Switch::WrongCa { part }).await, @"
    TLS_UNTRUSTED: HOST:PORT did not prove that it is the server you mean. Nothing was sent to it.
    Its certificate is not signed by the bundle's authority.

    → Download the Secure Connect Bundle again: the old one may belong to another database or region.
    → If that does not help, a proxy may be inspecting TLS here: ask who runs the network to let this host through uninspected. No switch skips this check.
    ");
    assert_snapshot!(told_behind(&mut case, Switch::WrongHostName { part }).await, @"
    TLS_UNTRUSTED: HOST:PORT did not prove that it is the server you mean. Nothing was sent to it.
    Its certificate is for another-database.db.astra.invalid, not for localhost.

    → Download the Secure Connect Bundle again: the old one may belong to another database or region.
    → If that does not help, a proxy may be inspecting TLS here: ask who runs the network to let this host through uninspected. No switch skips this check.
    ");
    assert_snapshot!(told_behind(&mut case, Switch::ExpiredCertificate { part }).await, @"
    TLS_UNTRUSTED: HOST:PORT did not prove that it is the server you mean. Nothing was sent to it.
    Its certificate has expired. This machine's clock says TIME.

    → Set this machine's clock if it is wrong.
    → If that does not help, a proxy may be inspecting TLS here: ask who runs the network to let this host through uninspected. No switch skips this check.
    ");
    assert_eq!(case.astra.facts().await.unwrap().metadata_requests, 0, "nothing was asked");
}

#[tokio::test]
async fn a_proxy_that_does_not_prove_itself() {
    let mut case = Case::open().await;
    let part = Part::Proxy;
    assert_snapshot!(told_behind(&mut case, Switch::WrongCa { part }).await, @"
    TLS_UNTRUSTED: HOST:PORT did not prove that it is the server you mean. Nothing was sent to it.
    Its certificate is not signed by the bundle's authority.

    → Download the Secure Connect Bundle again: the old one may belong to another database or region.
    → If that does not help, a proxy may be inspecting TLS here: ask who runs the network to let this host through uninspected. No switch skips this check.
    ");
    assert_snapshot!(told_behind(&mut case, Switch::WrongHostName { part }).await, @"
    TLS_UNTRUSTED: HOST:PORT did not prove that it is the server you mean. Nothing was sent to it.
    Its certificate is for another-database.db.astra.invalid, not for localhost.

    → Download the Secure Connect Bundle again: the old one may belong to another database or region.
    → If that does not help, a proxy may be inspecting TLS here: ask who runs the network to let this host through uninspected. No switch skips this check.
    ");
    assert_snapshot!(told_behind(&mut case, Switch::ExpiredCertificate { part }).await, @"
    TLS_UNTRUSTED: HOST:PORT did not prove that it is the server you mean. Nothing was sent to it.
    Its certificate has expired. This machine's clock says TIME.

    → Set this machine's clock if it is wrong.
    → If that does not help, a proxy may be inspecting TLS here: ask who runs the network to let this host through uninspected. No switch skips this check.
    ");
}

#[tokio::test]
async fn what_a_certificate_says_is_shown_as_text() {
    let mut case = Case::open().await;
    let authority = Authority::new();
    let port = authority.service_named("\u{1b}[2J<b>evil</b>.example", "").await;
    assert_snapshot!(told_of(&mut case, &authority.bundle(port)).await, @r"
    TLS_UNTRUSTED: HOST:PORT did not prove that it is the server you mean. Nothing was sent to it.
    Its certificate is for \x1b[2J<b>evil</b>.example, not for localhost.

    → Download the Secure Connect Bundle again: the old one may belong to another database or region.
    → If that does not help, a proxy may be inspecting TLS here: ask who runs the network to let this host through uninspected. No switch skips this check.
    ");
}

#[tokio::test]
async fn a_proxy_of_the_network_that_inspects_tls() {
    let mut case = Case::open().await;
    // It shows a certificate for the right name, made by itself a moment ago.
    let inspector = Authority::new().service(http("200 OK", "{}")).await;
    let bundle = Packing::of(case.astra.bundle()).with_config("port", inspector);
    assert_snapshot!(told_of(&mut case, &bundle).await, @"
    TLS_UNTRUSTED: HOST:PORT did not prove that it is the server you mean. Nothing was sent to it.
    Its certificate is not signed by the bundle's authority.

    → Download the Secure Connect Bundle again: the old one may belong to another database or region.
    → If that does not help, a proxy may be inspecting TLS here: ask who runs the network to let this host through uninspected. No switch skips this check.
    ");
}

#[tokio::test]
async fn a_port_that_speaks_no_tls() {
    let mut case = Case::open().await;
    let plain =
        plain_service(b"HTTP/1.1 400 Bad Request\r\n\r\nThe plain HTTP request was sent to an HTTPS port")
            .await;
    let bundle = Packing::of(case.astra.bundle()).with_config("port", plain);
    assert_snapshot!(told_of(&mut case, &bundle).await, @"
    NETWORK_UNREACHABLE: HOST:PORT does not speak TLS.
    Another service listens there, or a proxy stands in between (received corrupt message of type InvalidContentType).

    → Check the network and the VPN, and that outbound HTTPS to HOST:PORT is allowed.
    ");
    let authority = Authority::new();
    let metadata = authority.metadata_naming(&format!("localhost:{plain}")).await;
    assert_snapshot!(told_of(&mut case, &authority.bundle(metadata)).await, @"
    NETWORK_UNREACHABLE: HOST:PORT does not speak TLS.
    Another service listens there, or a proxy stands in between (received corrupt message of type InvalidContentType).

    → Check the network and the VPN, and that outbound HTTPS to HOST:PORT is allowed.
    ");
}

#[tokio::test]
async fn a_server_that_refuses_the_bundles_certificate() {
    let mut case = Case::open().await;
    let other = database().await;
    // Another database's certificate and key, in this one's bundle.
    let others = Packing::of(other.bundle());
    let bundle = Packing::of(case.astra.bundle())
        .with("cert", others.member("cert"))
        .with("key", others.member("key"));
    assert_snapshot!(told_of(&mut case, &bundle).await, @"
    METADATA_REFUSED: Astra's metadata service at HOST:PORT refused the bundle's certificate.
    The bundle was revoked, or belongs to a deleted database.

    → Download the bundle again: Astra console, your database, Connect, Secure Connect Bundle.

    The server said:
        decrypt error
    ");
    assert_eq!(case.astra.facts().await.unwrap().metadata_requests, 0);
}

#[tokio::test]
async fn the_bundle_of_another_database() {
    let mut case = Case::open().await;
    let other = database().await;
    // Right in itself, but its authority is another than that of the server it leads to.
    let bundle = Packing::of(other.bundle()).with_config("port", case.astra.info().metadata_port);
    assert_snapshot!(told_of(&mut case, &bundle).await, @"
    TLS_UNTRUSTED: HOST:PORT did not prove that it is the server you mean. Nothing was sent to it.
    Its certificate is not signed by the bundle's authority.

    → Download the Secure Connect Bundle again: the old one may belong to another database or region.
    → If that does not help, a proxy may be inspecting TLS here: ask who runs the network to let this host through uninspected. No switch skips this check.
    ");
}
