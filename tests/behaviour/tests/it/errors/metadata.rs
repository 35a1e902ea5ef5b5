//! `METADATA_REFUSED` and `METADATA_INVALID`: what the metadata service, or whoever answers in its place, may say.

use cqlbook_sandbox::Switch;
use insta::assert_snapshot;

use super::kept::Case;
use super::staged::{Authority, http};

const CONNECT: &str = "%connect astra --no-save";

/// What is told of a metadata service that answers so.
async fn told_of(case: &mut Case, answer: impl Into<Vec<u8>>) -> String {
    let authority = Authority::new();
    let bundle = authority.bundle(authority.service(answer).await);
    std::fs::write(case.notebook.folder.path().join("scb.zip"), bundle.bytes()).unwrap();
    case.told(&format!("{CONNECT} --bundle scb.zip --token-file token.json")).await
}

#[tokio::test]
async fn a_bundle_that_is_refused() {
    let mut case = Case::open().await;
    let mut told = Vec::new();
    for switch in [Switch::Revoked, Switch::Forbidden, Switch::NotFound] {
        case.astra.switch(switch).await.unwrap();
        told.push(case.told(CONNECT).await);
        case.astra.reset().await.unwrap();
    }
    assert_snapshot!(told.join("\n\n"), @r#"
    METADATA_REFUSED: Astra's metadata service refused the bundle (HTTP 401).
    The database is hibernated, or the bundle was revoked or belongs to a deleted database. A sleeping database can answer so too.

    → Look at the database in the Astra console. Resume it if it sleeps, and run the cell again.
    → If it is active, download its Secure Connect Bundle again.

    The server said:
        {"message":"Unauthorized"}

    METADATA_REFUSED: Astra's metadata service refused the bundle (HTTP 403).
    The database is hibernated, or the bundle was revoked or belongs to a deleted database. A sleeping database can answer so too.

    → Look at the database in the Astra console. Resume it if it sleeps, and run the cell again.
    → If it is active, download its Secure Connect Bundle again.

    The server said:
        {"message":"Forbidden"}

    METADATA_REFUSED: Astra's metadata service refused the bundle (HTTP 404).
    The database is hibernated, or the bundle was revoked or belongs to a deleted database. A sleeping database can answer so too.

    → Look at the database in the Astra console. Resume it if it sleeps, and run the cell again.
    → If it is active, download its Secure Connect Bundle again.

    The server said:
        {"message":"Not Found"}
    "#);
    case.notebook.ok(CONNECT).await;
}

#[tokio::test]
async fn a_web_page_in_place_of_metadata() {
    let mut case = Case::open().await;
    case.astra.switch(Switch::NotJson).await.unwrap();
    assert_snapshot!(case.told(CONNECT).await, @"
    METADATA_INVALID: The metadata service's answer is not what Astra sends.
    It is not JSON. A proxy or a sign-in page may stand in between.

    → Open a web page in a browser: if the network asks you to sign in, do so, and run the cell again.
    → Or try from another network, or ask who runs this one about outbound HTTPS.

    The server said:
        <!DOCTYPE html>
        <html><head><title>Sign in to the network</title></head><body><h1>Sign in to the network</h1></body></html>
    ");
    assert_snapshot!(case.told("%connection test astra").await, @"
    METADATA_INVALID: The metadata service's answer is not what Astra sends.
    It is not JSON. A proxy or a sign-in page may stand in between.

    → Open a web page in a browser: if the network asks you to sign in, do so, and run the cell again.
    → Or try from another network, or ask who runs this one about outbound HTTPS.

    The server said:
        <!DOCTYPE html>
        <html><head><title>Sign in to the network</title></head><body><h1>Sign in to the network</h1></body></html>
    ");
}

#[tokio::test]
async fn json_of_another_shape() {
    let mut case = Case::open().await;
    assert_snapshot!(told_of(&mut case, http("200 OK", r#"{"hello": "world"}"#)).await, @r#"
    METADATA_INVALID: The metadata service's answer is not what Astra sends.
    It lacks a field. A proxy or a sign-in page may stand in between.

    → Open a web page in a browser: if the network asks you to sign in, do so, and run the cell again.
    → Or try from another network, or ask who runs this one about outbound HTTPS.

    The server said:
        {"hello": "world"}
    "#);
    let contact = |points: &str, proxy: &str| {
        let info =
            format!(r#"{{"type":"sni_proxy","contact_points":{points},"sni_proxy_address":"{proxy}"}}"#);
        http("200 OK", &format!(r#"{{"contact_info":{info}}}"#))
    };
    let mut told = Vec::new();
    for answer in [
        contact("[]", "h:1"),
        contact(r#"["node-1"]"#, "h:1"),
        contact(r#"["11111111-2222-3333-4444-555555555555"]"#, ""),
    ] {
        told.push(told_of(&mut case, answer).await);
    }
    assert_snapshot!(told.join("\n\n"), @r#"
    METADATA_INVALID: The metadata service's answer is not what Astra sends.
    It names no contact point. A proxy or a sign-in page may stand in between.

    → Open a web page in a browser: if the network asks you to sign in, do so, and run the cell again.
    → Or try from another network, or ask who runs this one about outbound HTTPS.

    The server said:
        {"contact_info":{"type":"sni_proxy","contact_points":[],"sni_proxy_address":"h:1"}}

    METADATA_INVALID: The metadata service's answer is not what Astra sends.
    A contact point is not a host id. A proxy or a sign-in page may stand in between.

    → Open a web page in a browser: if the network asks you to sign in, do so, and run the cell again.
    → Or try from another network, or ask who runs this one about outbound HTTPS.

    The server said:
        {"contact_info":{"type":"sni_proxy","contact_points":["node-1"],"sni_proxy_address":"h:1"}}

    METADATA_INVALID: The metadata service's answer is not what Astra sends.
    It names no proxy. A proxy or a sign-in page may stand in between.

    → Open a web page in a browser: if the network asks you to sign in, do so, and run the cell again.
    → Or try from another network, or ask who runs this one about outbound HTTPS.

    The server said:
        {"contact_info":{"type":"sni_proxy","contact_points":["HOST-ID"],"sni_proxy_address":""}}
    "#);
}

#[tokio::test]
async fn answers_that_are_none() {
    let mut case = Case::open().await;
    let long = format!("{{\"padding\": \"{}\"}}", "x".repeat(2_000_000));
    assert_snapshot!(told_of(&mut case, http("200 OK", &long)).await, @r#"
    METADATA_INVALID: The metadata service's answer is not what Astra sends.
    It is longer than any metadata. A proxy or a sign-in page may stand in between.

    → Open a web page in a browser: if the network asks you to sign in, do so, and run the cell again.
    → Or try from another network, or ask who runs this one about outbound HTTPS.

    The server said:
        {"padding": "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
    "#);
    let short = b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"version\": 1, ".to_vec();
    assert_snapshot!(told_of(&mut case, short).await, @r#"
    METADATA_INVALID: The metadata service's answer is not what Astra sends.
    It is cut short. A proxy or a sign-in page may stand in between.

    → Open a web page in a browser: if the network asks you to sign in, do so, and run the cell again.
    → Or try from another network, or ask who runs this one about outbound HTTPS.

    The server said:
        {"version": 1,
    "#);
    let elsewhere =
        b"HTTP/1.1 302 Found\r\nLocation: https://portal.example/sign-in\r\nContent-Length: 0\r\n\r\n"
            .to_vec();
    assert_snapshot!(told_of(&mut case, elsewhere).await, @"
    METADATA_INVALID: The metadata service's answer is not what Astra sends.
    It leads to another address (HTTP 302), as the sign-in page of a network does. It was not followed.

    → Open a web page in a browser: if the network asks you to sign in, do so, and run the cell again.
    → Or try from another network, or ask who runs this one about outbound HTTPS.
    ");
    assert_snapshot!(told_of(&mut case, http("502 Bad Gateway", "upstream connect error")).await, @"
    METADATA_INVALID: The metadata service's answer is not what Astra sends.
    The service, or a proxy before it, is in trouble (HTTP 502).

    → Run the cell again in a minute.
    → If it stays, look at the database in the Astra console.

    The server said:
        upstream connect error
    ");
    assert_snapshot!(told_of(&mut case, b"SSH-2.0-OpenSSH_9.2\r\n".to_vec()).await, @"
    METADATA_INVALID: The metadata service's answer is not what Astra sends.
    It is not HTTP at all. Another service listens there, or a proxy stands in between.

    → Open a web page in a browser: if the network asks you to sign in, do so, and run the cell again.
    → Or try from another network, or ask who runs this one about outbound HTTPS.
    ");
    assert_snapshot!(told_of(&mut case, Vec::new()).await, @"
    NETWORK_UNREACHABLE: HOST:PORT closed the connection without an answer.
    The service is restarting, or it does not accept this client.

    → Run the cell again in a moment.
    → Check the network and the VPN, and that outbound HTTPS to HOST:PORT is allowed.
    ");
}

#[tokio::test]
async fn what_a_stranger_answers_is_shown_as_text() {
    let mut case = Case::open().await;
    let hostile = "\u{1b}]0;owned\u{7}\u{1b}[2J<script>alert(1)</script>\r\nsecond line\u{202e}";
    assert_snapshot!(told_of(&mut case, http("200 OK", hostile)).await, @r"
    METADATA_INVALID: The metadata service's answer is not what Astra sends.
    It is not JSON. A proxy or a sign-in page may stand in between.

    → Open a web page in a browser: if the network asks you to sign in, do so, and run the cell again.
    → Or try from another network, or ask who runs this one about outbound HTTPS.

    The server said:
        \x1b]0;owned\x07\x1b[2J<script>alert(1)</script>
        second line\u202e
    ");
    assert_snapshot!(told_of(&mut case, http("403 Forbidden", hostile)).await, @r"
    METADATA_REFUSED: Astra's metadata service refused the bundle (HTTP 403).
    The database is hibernated, or the bundle was revoked or belongs to a deleted database. A sleeping database can answer so too.

    → Look at the database in the Astra console. Resume it if it sleeps, and run the cell again.
    → If it is active, download its Secure Connect Bundle again.

    The server said:
        \x1b]0;owned\x07\x1b[2J<script>alert(1)</script>
        second line\u202e
    ");
}
