//! Astra's metadata service: one GET over mutual TLS that tells where the nodes are.
//!
//! The answer is JSON (as the DataStax drivers read it): `contact_info.type` is `sni_proxy`, `contact_info.local_dc`,
//! `contact_info.contact_points` (host ids) and `contact_info.sni_proxy_address` (`host:port`). Nothing here retries.

use std::str::FromStr;
use std::sync::Arc;

use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::header::{ACCEPT, HOST, USER_AGENT};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use serde::Deserialize;
use tokio::time::timeout;
use uuid::Uuid;

use crate::bundle::Bundle;
use crate::link::{Endpoint, LinkError, Step};
use crate::target::Timeouts;

/// The longest answer that is read, in bytes.
pub const MAX_ANSWER_BYTES: usize = 64 * 1024;
/// How much of an answer is quoted in an error, in bytes.
const MAX_QUOTED_BYTES: usize = 300;
/// How many contact points are used: they only lead to the first node that answers.
const MAX_CONTACT_POINTS: usize = 100;

/// Where a database's nodes are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    /// The data centre whose nodes are to be used.
    pub local_dc: Option<String>,
    /// Host ids of nodes that can be asked for, at least one.
    pub contact_points: Vec<Uuid>,
    /// The SNI proxy's host.
    pub proxy_host: String,
    /// The SNI proxy's port.
    pub proxy_port: u16,
}

/// Why the metadata service's answer cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MetadataError {
    /// Status 503 or the text `Resuming your database`: asleep or waking.
    #[error("says that the database is paused")]
    Paused {
        /// The service's words, at most 300 bytes.
        text: String,
    },
    /// It refuses the bundle.
    #[error("answered with status {status}")]
    Refused {
        /// The HTTP status, 401, 403 or 404.
        status: u16,
        /// The service's words, at most 300 bytes.
        text: String,
    },
    /// Not the JSON expected.
    #[error("gave no metadata: {reason}")]
    Invalid {
        /// What is wrong with it.
        reason: String,
        /// The HTTP status, 0 where the answer is not HTTP.
        status: u16,
        /// The first bytes of the answer as text, at most 300 bytes, unescaped.
        first_bytes: String,
    },
    /// It could not be reached or not be trusted.
    #[error("cannot be asked: {0}")]
    Link(#[from] LinkError),
}

/// Asks the bundle's metadata service, once.
pub(crate) async fn fetch(
    bundle: &Bundle,
    tls: &Arc<ClientConfig>,
    timeouts: &Timeouts,
) -> Result<Metadata, MetadataError> {
    let endpoint = Endpoint::new(&bundle.host, bundle.port);
    let stream = endpoint.connect_tls(tls, timeouts).await?;
    let exchange = async {
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        // The connection lives as long as this exchange; dropping the guard closes it.
        let _driver = AbortOnDrop(tokio::spawn(connection));
        let request = Request::get("/metadata")
            .header(HOST, format!("{}:{}", bundle.host, bundle.port))
            .header(ACCEPT, "application/json")
            .header(USER_AGENT, concat!("cqlbook/", env!("CARGO_PKG_VERSION")))
            .body(Empty::<&[u8]>::new());
        let response = match request {
            Ok(request) => sender.send_request(request).await?,
            // The bundle's host is a valid name, so that it is a valid header.
            Err(_) => return Ok(None),
        };
        Ok::<_, hyper::Error>(Some((response.status(), read(response.into_body()).await)))
    };
    let (status, (body, end)) = match timeout(timeouts.answer, exchange).await {
        Err(_) => return Err(endpoint.timed_out(Step::Answer, timeouts.answer).into()),
        Ok(Ok(Some(answer))) => answer,
        Ok(Ok(None)) => return Err(invalid("the request cannot be written", None, b"")),
        Ok(Err(error)) if error.is_parse() => return Err(invalid("it is not HTTP", None, b"")),
        Ok(Err(error)) if error.is_incomplete_message() => return Err(endpoint.closed().into()),
        Ok(Err(error)) => return Err(endpoint.broken(&error).into()),
    };
    match end {
        End::Whole => interpret(status, &body, bundle.cql_port),
        End::TooLong => Err(invalid("it is longer than any metadata", Some(status), &body)),
        End::Broken => Err(invalid("it is cut short", Some(status), &body)),
    }
}

/// How the reading of an answer ended.
enum End {
    Whole,
    /// It goes on beyond [`MAX_ANSWER_BYTES`].
    TooLong,
    /// The connection ended before the answer did.
    Broken,
}

/// Reads an answer, or as much of it as there is and may be.
async fn read(mut body: Incoming) -> (Vec<u8>, End) {
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return (bytes, End::Broken) };
        let Ok(data) = frame.into_data() else { continue };
        bytes.extend_from_slice(&data[..data.len().min(MAX_ANSWER_BYTES - bytes.len())]);
        if bytes.len() == MAX_ANSWER_BYTES {
            return (bytes, End::TooLong);
        }
    }
    (bytes, End::Whole)
}

/// What the service's answer says. `default_port` is for a proxy address without a port.
pub(crate) fn interpret(
    status: StatusCode,
    body: &[u8],
    default_port: Option<u16>,
) -> Result<Metadata, MetadataError> {
    let text = quote(body);
    if status == StatusCode::SERVICE_UNAVAILABLE || text.contains("Resuming your database") {
        return Err(MetadataError::Paused { text });
    }
    match status {
        StatusCode::OK => parse(body, default_port).map_err(|reason| invalid(&reason, Some(status), body)),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND => {
            Err(MetadataError::Refused { status: status.as_u16(), text })
        }
        other => Err(invalid(&format!("its status is {}", other.as_u16()), Some(status), body)),
    }
}

fn parse(body: &[u8], default_port: Option<u16>) -> Result<Metadata, String> {
    /// The answer's JSON; unknown fields are for later versions.
    #[derive(Deserialize)]
    struct Answer {
        contact_info: ContactInfo,
    }
    #[derive(Deserialize)]
    struct ContactInfo {
        #[serde(rename = "type")]
        kind: Option<String>,
        local_dc: Option<String>,
        contact_points: Vec<String>,
        sni_proxy_address: String,
    }

    let answer: Answer = serde_json::from_slice(body).map_err(|error| match error.classify() {
        serde_json::error::Category::Data => "it lacks a field".to_owned(),
        _ => "it is not JSON".to_owned(),
    })?;
    let info = answer.contact_info;
    if info.kind.is_some_and(|kind| kind != "sni_proxy") {
        return Err("it names another way than an SNI proxy".to_owned());
    }
    let contact_points = info
        .contact_points
        .iter()
        .take(MAX_CONTACT_POINTS)
        .map(|id| Uuid::from_str(id).map_err(|_| "a contact point is not a host id".to_owned()))
        .collect::<Result<Vec<_>, _>>()?;
    if contact_points.is_empty() {
        return Err("it names no contact point".to_owned());
    }
    let (proxy_host, proxy_port) =
        host_and_port(&info.sni_proxy_address, default_port).ok_or("it names no proxy")?;
    let local_dc = info.local_dc.filter(|dc| !dc.is_empty());
    Ok(Metadata { local_dc, contact_points, proxy_host, proxy_port })
}

/// Takes `host:port` apart; an IPv6 address stands in brackets.
fn host_and_port(address: &str, default_port: Option<u16>) -> Option<(String, u16)> {
    let (host, port) = match address.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()?),
        _ => (address, default_port?),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    (!host.is_empty() && port != 0).then(|| (host.to_owned(), port))
}

fn invalid(reason: &str, status: Option<StatusCode>, body: &[u8]) -> MetadataError {
    MetadataError::Invalid {
        reason: reason.to_owned(),
        status: status.map_or(0, |status| status.as_u16()),
        first_bytes: quote(body),
    }
}

/// The beginning of an answer as text.
fn quote(body: &[u8]) -> String {
    String::from_utf8_lossy(&body[..body.len().min(MAX_QUOTED_BYTES)]).trim().to_owned()
}

/// Ends a task when its owner goes.
#[derive(Debug)]
pub(crate) struct AbortOnDrop<T>(pub(crate) tokio::task::JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
