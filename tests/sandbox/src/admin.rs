//! The admin API: a little HTTP and JSON on 127.0.0.1, by which tests in any language make fronts, turn switches and read
//! facts. Every request needs the sandbox's bearer token. It only calls what `server.rs` and `front.rs` offer.

use std::convert::Infallible;
use std::sync::Weak;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::error::{Error, Result};
use crate::server::Sandbox;

const BODY_LIMIT: usize = 128 << 20;

/// A statement that the superuser is to run.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) statement: String,
}

/// Answers until `stop`, or until the sandbox is gone.
pub(crate) async fn serve(
    listener: TcpListener,
    token: String,
    sandbox: Weak<Sandbox>,
    stop: CancellationToken,
) {
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, _)) = accepted else { continue };
        let (token, sandbox, stop) = (token.clone(), sandbox.clone(), stop.clone());
        tokio::spawn(async move {
            let service =
                service_fn(|request| async { Ok::<_, Infallible>(answer(request, &token, &sandbox).await) });
            let served =
                hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            tokio::select! {
                () = stop.cancelled() => {}
                // A client that breaks off is its own affair.
                _ = served => {}
            }
        });
    }
}

async fn answer(request: Request<Incoming>, token: &str, sandbox: &Weak<Sandbox>) -> Response<Full<Bytes>> {
    let expected = format!("Bearer {token}");
    if request.headers().get(AUTHORIZATION).map(HeaderValue::as_bytes) != Some(expected.as_bytes()) {
        return response(
            StatusCode::UNAUTHORIZED,
            &json!({ "message": "The token of CQLBOOK_SANDBOX is needed." }),
        );
    }
    let Some(sandbox) = sandbox.upgrade() else {
        return response(StatusCode::GONE, &json!({ "message": "The sandbox has stopped." }));
    };
    match act(request, &sandbox).await {
        Ok(value) => response(StatusCode::OK, &value),
        Err(error) => {
            let status = match error {
                Error::Unknown(_) => StatusCode::NOT_FOUND,
                Error::Invalid(_) => StatusCode::BAD_REQUEST,
                _ => StatusCode::INTERNAL_SERVER_ERROR,
            };
            response(status, &json!({ "message": error.to_string() }))
        }
    }
}

async fn act(request: Request<Incoming>, sandbox: &Sandbox) -> Result<Value> {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    match (&parts.method, segments.as_slice()) {
        (&Method::GET, ["nodes"]) => encode(&sandbox.cluster.nodes().await),
        (&Method::POST, ["nodes", index, "stop"]) => done(sandbox.cluster.stop_node(number(index)?).await),
        (&Method::POST, ["nodes", index, "start"]) => done(sandbox.cluster.start_node(number(index)?).await),
        (&Method::POST, ["cql"]) => done(sandbox.cluster.run(&decode::<Order>(body).await?.statement).await),
        (&Method::GET, ["fronts"]) => encode(&sandbox.fronts().await),
        (&Method::POST, ["fronts"]) => encode(&sandbox.open_front(decode(body).await?).await?),
        (&Method::GET, ["fronts", name]) => encode(&sandbox.front(name).await?.info()),
        (&Method::DELETE, ["fronts", name]) => done(sandbox.close_front(name).await),
        (&Method::POST, ["fronts", name, "switch"]) => {
            done(sandbox.front(name).await?.switch(&decode(body).await?).await)
        }
        (&Method::POST, ["fronts", name, "reset"]) => {
            sandbox.front(name).await?.reset().await;
            done(Ok(()))
        }
        (&Method::GET, ["fronts", name, "facts"]) => encode(&sandbox.front(name).await?.facts()),
        (&Method::DELETE, ["fronts", name, "facts"]) => {
            sandbox.front(name).await?.clear_facts();
            done(Ok(()))
        }
        (method, _) => Err(Error::Unknown(format!("{method} {path}"))),
    }
}

fn number(text: &str) -> Result<usize> {
    text.parse().map_err(|_| Error::Unknown(format!("node {text}")))
}

fn done(outcome: Result<()>) -> Result<Value> {
    outcome.map(|()| json!({}))
}

fn encode(value: &impl Serialize) -> Result<Value> {
    serde_json::to_value(value).map_err(|error| Error::Invalid(error.to_string()))
}

async fn decode<T: DeserializeOwned>(body: Incoming) -> Result<T> {
    let invalid = |reason: String| Error::Invalid(format!("The request's body could not be read: {reason}"));
    let bytes = Limited::new(body, BODY_LIMIT)
        .collect()
        .await
        .map_err(|error| invalid(error.to_string()))?
        .to_bytes();
    serde_json::from_slice(&bytes).map_err(|error| invalid(error.to_string()))
}

fn response(status: StatusCode, value: &Value) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(value.to_string())));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
