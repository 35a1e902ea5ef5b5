//! The metadata service: HTTPS with mutual TLS and one resource, `GET /metadata`, that tells where the proxy is and which
//! nodes there are. It never sees CQL.

use std::convert::Infallible;
use std::sync::Arc;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::CONTENT_TYPE;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use crate::state::Shared;

const ASLEEP: &str = r#"{"message":"Resuming your database, please try again shortly."}"#;
const PORTAL: &str = "<!DOCTYPE html>\n<html><head><title>Sign in to the network</title></head>\
                      <body><h1>Sign in to the network</h1></body></html>\n";

/// Talks with one client until it leaves.
pub(crate) async fn converse(stream: TcpStream, shared: Arc<Shared>) {
    if shared.switches().hanging {
        return shared.wait_for(|switches| !switches.hanging).await;
    }
    let acceptor = TlsAcceptor::from(shared.certificates.server(shared.switches().metadata_identity));
    let tls = match acceptor.accept(stream).await {
        Ok(tls) => tls,
        Err(error) => return shared.note_handshake(&error),
    };
    let service = service_fn(|request| {
        let shared = shared.clone();
        async move { Ok::<_, Infallible>(answer(&request, &shared).await) }
    });
    let served =
        hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(tls), service).await;
    // With TLS 1.3 a client that does not trust us says so after our side of the handshake.
    if let Err(error) = served
        && let Some(error) =
            std::error::Error::source(&error).and_then(|cause| cause.downcast_ref::<std::io::Error>())
        && error.get_ref().is_some_and(|inner| inner.is::<rustls::Error>())
    {
        shared.note_handshake(error);
    }
}

async fn answer(request: &Request<Incoming>, shared: &Shared) -> Response<Full<Bytes>> {
    let switches = shared.switches();
    tokio::time::sleep(switches.delay).await;
    if switches.hanging {
        std::future::pending::<()>().await;
    }
    shared.note(|facts| facts.metadata_requests += 1);
    if switches.is_asleep() {
        return response(StatusCode::SERVICE_UNAVAILABLE, "application/json", ASLEEP.to_owned());
    }
    if let Some(status) = switches.status {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let reason = status.canonical_reason().unwrap_or_default();
        return response(status, "application/json", json!({ "message": reason }).to_string());
    }
    if switches.not_json {
        return response(StatusCode::OK, "text/html; charset=utf-8", PORTAL.to_owned());
    }
    if request.method() != Method::GET || request.uri().path() != "/metadata" {
        return response(
            StatusCode::NOT_FOUND,
            "application/json",
            json!({ "message": "Not Found" }).to_string(),
        );
    }
    let contact_points: Vec<String> = shared.members.iter().map(|(id, _)| id.to_string()).collect();
    let body = json!({
        "version": 1,
        "region": shared.local_dc,
        "contact_info": {
            "type": "sni_proxy",
            "local_dc": shared.local_dc,
            "contact_points": contact_points,
            "sni_proxy_address": format!("{}:{}", shared.host, shared.proxy_port()),
        }
    });
    response(StatusCode::OK, "application/json", body.to_string())
}

fn response(status: StatusCode, content_type: &'static str, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static(content_type));
    response
}
