//! `NETWORK_UNREACHABLE`: the metadata service and the proxy, each by name, port and silence, with the time waited.

use std::time::Instant;

use cqlbook_sandbox::{SniAnswer, Switch};
use insta::assert_snapshot;

use super::kept::Case;
use super::packing::Packing;
use super::staged::{Authority, DroppingPort, closed_port, silent_service};

const CONNECT: &str = "%connect astra --no-save";

/// What is told of a database whose bundle says so.
async fn told_of(case: &mut Case, bundle: &Packing) -> String {
    std::fs::write(case.notebook.folder.path().join("scb.zip"), bundle.bytes()).unwrap();
    case.told(&format!("{CONNECT} --bundle scb.zip --token-file token.json")).await
}

#[tokio::test]
async fn the_metadata_service_cannot_be_reached() {
    let mut case = Case::open().await;
    let whole = Packing::of(case.astra.bundle());
    let nowhere = whole.clone().with_config("host", "no-such-database.db.astra.invalid");
    assert_snapshot!(told_of(&mut case, &nowhere).await, @"
    NETWORK_UNREACHABLE: The name no-such-database.db.astra.invalid has no address.
    There is no network, or the name does not exist any more. The system says: REASON.

    → Check the network and the VPN, and run the cell again.
    → If other names have addresses here, see in the Astra console whether the database is still there, and download its bundle again.
    ");
    let closed = whole.clone().with_config("port", closed_port().await);
    assert_snapshot!(told_of(&mut case, &closed).await, @"
    NETWORK_UNREACHABLE: HOST:PORT refused the connection.
    Nothing listens there.

    → Check the network and the VPN, and that outbound HTTPS to HOST:PORT is allowed.
    ");
    let dropping = DroppingPort::open().await;
    let begun = Instant::now();
    assert_snapshot!(told_of(&mut case, &whole.with_config("port", dropping.port)).await, @"
    NETWORK_UNREACHABLE: HOST:PORT took no connection within 5.0 s.
    A firewall drops the packets, or the machine is down.

    → Check the network and the VPN, and that outbound HTTPS to HOST:PORT is allowed.
    ");
    assert!(begun.elapsed().as_secs() < 8, "the bound of one step, not of all of them");
}

#[tokio::test]
async fn the_ports_of_a_database_that_are_closed_or_silent() {
    let mut case = Case::open().await;
    case.astra.switch(Switch::Refusing).await.unwrap();
    assert_snapshot!(case.told(CONNECT).await, @"
    NETWORK_UNREACHABLE: HOST:PORT refused the connection.
    Nothing listens there.

    → Check the network and the VPN, and that outbound HTTPS to HOST:PORT is allowed.
    ");
    assert_snapshot!(case.told("%connection test astra").await, @"
    NETWORK_UNREACHABLE: HOST:PORT refused the connection.
    Nothing listens there.

    → Check the network and the VPN, and that outbound HTTPS to HOST:PORT is allowed.
    ");
    case.astra.reset().await.unwrap();
    case.astra.switch(Switch::Hanging).await.unwrap();
    assert_snapshot!(case.told(CONNECT).await, @"
    NETWORK_UNREACHABLE: HOST:PORT did not begin TLS within 5.0 s.
    The service hangs, or something in between lets the connection through and then nothing over it.

    → Check the network and the VPN, and that outbound HTTPS to HOST:PORT is allowed.
    ");
    case.notebook.ok("%set timeout 2s").await;
    assert_snapshot!(case.told(CONNECT).await, @"
    NETWORK_UNREACHABLE: HOST:PORT gave no connection within 2.0 s.
    The service is slow or hangs, or a firewall drops the packets.

    → Check the network and the VPN, and that outbound HTTPS to HOST:PORT is allowed.
    → Or wait longer: `%set timeout 2m`.
    ");
    case.astra.reset().await.unwrap();
    case.notebook.ok(CONNECT).await;
}

#[tokio::test]
async fn the_proxy_cannot_be_reached() {
    let mut case = Case::open().await;
    let authority = Authority::new();
    let closed = format!("localhost:{}", closed_port().await);
    let silent = format!("localhost:{}", silent_service().await);
    let nowhere = "no-such-proxy.db.astra.invalid:29042".to_owned();
    let mut told = Vec::new();
    for proxy in [closed, silent, nowhere] {
        let bundle = authority.bundle(authority.metadata_naming(&proxy).await);
        told.push(told_of(&mut case, &bundle).await);
    }
    assert_snapshot!(told.join("\n\n"), @"
    NETWORK_UNREACHABLE: HOST:PORT refused the connection.
    Nothing listens there.

    → Check the network and the VPN, and that outbound HTTPS to HOST:PORT is allowed.

    NETWORK_UNREACHABLE: HOST:PORT did not begin TLS within 5.0 s.
    The service hangs, or something in between lets the connection through and then nothing over it.

    → Check the network and the VPN, and that outbound HTTPS to HOST:PORT is allowed.

    NETWORK_UNREACHABLE: The name no-such-proxy.db.astra.invalid has no address.
    There is no network, or the name does not exist any more. The system says: REASON.

    → Check the network and the VPN, and run the cell again.
    → If other names have addresses here, see in the Astra console whether the database is still there, and download its bundle again.
    ");
}

#[tokio::test]
async fn a_proxy_that_knows_no_such_node() {
    let mut case = Case::open().await;
    case.astra.switch(Switch::SniUnknown { answer: SniAnswer::Close }).await.unwrap();
    assert_snapshot!(case.told(CONNECT).await, @"
    NETWORK_UNREACHABLE: HOST:PORT closed the connection without an answer.
    The proxy knows no such node any more, or the node behind it is down.

    → Run the cell again in a moment.
    → Check the network and the VPN, and that outbound HTTPS to HOST:PORT is allowed.
    ");
    case.astra.switch(Switch::SniUnknown { answer: SniAnswer::Alert }).await.unwrap();
    assert_snapshot!(case.told(CONNECT).await, @"
    NETWORK_UNREACHABLE: HOST:PORT ended the TLS connection.
    The proxy knows no such node any more, or refuses the bundle's certificate.

    → Run the cell again in a moment. If it stays, download the Secure Connect Bundle again.
    → Check the network and the VPN, and that outbound HTTPS to HOST:PORT is allowed.

    The server said:
        access denied
    ");
    case.astra.switch(Switch::SniUnknown { answer: SniAnswer::Silence }).await.unwrap();
    case.notebook.ok("%set timeout 3s").await;
    assert_snapshot!(case.told(CONNECT).await, @"
    NETWORK_UNREACHABLE: HOST:PORT gave no connection within 3.0 s.
    The service is slow or hangs, or a firewall drops the packets.

    → Check the network and the VPN, and that outbound HTTPS to HOST:PORT is allowed.
    → Or wait longer: `%set timeout 2m`.
    ");
}
