//! The handles that tests hold: of a sandbox and of a front of it. Both speak to the admin API, so that it makes no
//! difference whether the sandbox runs in this process or was started before by another.

use std::path::{Path, PathBuf};

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::net::TcpStream;
use tokio::sync::OnceCell;

use crate::admin::Order;
use crate::cluster::{ClusterOptions, NodeInfo};
use crate::error::{Context, Error, Result};
use crate::front::{AstraOptions, FrontInfo};
use crate::server::Owned;
use crate::switch::{Facts, Switch};

/// The environment variable that names a running sandbox: its admin API's address with the token as the fragment.
pub const VARIABLE: &str = "CQLBOOK_SANDBOX";

/// A sandbox: a Cassandra cluster and any number of fronts before it. One that this process started ends when it is
/// dropped, or with the process.
#[derive(Debug)]
pub struct Sandbox {
    api: Api,
    _owned: Option<Owned>,
}

static SHARED: OnceCell<Sandbox> = OnceCell::const_new();

impl Sandbox {
    /// Starts a cluster of this process's own.
    ///
    /// # Errors
    /// Java or Maven is missing, the jars cannot be fetched, no addresses are free, or a node does not start.
    pub async fn start(options: ClusterOptions) -> Result<Self> {
        Self::start_with_progress(options, |_| {}).await
    }

    /// Starts a cluster and tells `progress`, in a sentence each, what is being done.
    ///
    /// # Errors
    /// As for [`Sandbox::start`].
    pub async fn start_with_progress(
        options: ClusterOptions,
        progress: impl Fn(&str) + Send + Sync + 'static,
    ) -> Result<Self> {
        let owned = Owned::start(options, progress).await?;
        Ok(Self { api: Api::parse(owned.address())?, _owned: Some(owned) })
    }

    /// The sandbox that a whole test run shares: the one that [`VARIABLE`] names, if it answers, else one that is started
    /// now and lives as long as this process.
    ///
    /// # Errors
    /// As for [`Sandbox::start`].
    pub async fn shared() -> Result<&'static Self> {
        SHARED
            .get_or_try_init(|| async {
                if let Ok(address) = std::env::var(VARIABLE)
                    && let Ok(sandbox) = Self::connect(&address).await
                {
                    return Ok(sandbox);
                }
                Self::start(ClusterOptions::default()).await
            })
            .await
    }

    /// A handle of a running sandbox by its address, as [`VARIABLE`] has it.
    ///
    /// # Errors
    /// The address does not parse, nothing answers there, or the token is wrong.
    pub async fn connect(address: &str) -> Result<Self> {
        let sandbox = Self { api: Api::parse(address)?, _owned: None };
        sandbox.nodes().await?;
        Ok(sandbox)
    }

    /// The value for [`VARIABLE`] by which other processes find this sandbox. It holds a token: do not print it in logs.
    #[must_use]
    pub fn address(&self) -> String {
        format!("http://{}/#{}", self.api.authority, self.api.token)
    }

    /// Opens an Astra front, with a database of its own.
    ///
    /// # Errors
    /// A name that cannot be used or is taken, a statement that failed, or a missing `openssl` for real stores.
    pub async fn astra(&self, options: AstraOptions) -> Result<Astra> {
        Astra::read(self.api.clone(), self.api.call(Method::POST, "/fronts", Some(&options)).await?)
    }

    /// A handle of a front that was opened before, by its name.
    ///
    /// # Errors
    /// There is no such front.
    pub async fn front(&self, name: &str) -> Result<Astra> {
        Astra::read(self.api.clone(), self.api.get(&format!("/fronts/{name}")).await?)
    }

    /// All nodes, those of `dc1` first.
    ///
    /// # Errors
    /// The sandbox does not answer.
    pub async fn nodes(&self) -> Result<Vec<NodeInfo>> {
        self.api.get("/nodes").await
    }

    /// Kills a node's process. Only for a sandbox that no other test uses.
    ///
    /// # Errors
    /// There is no such node, or the sandbox is not [`stoppable`](ClusterOptions::stoppable).
    pub async fn stop_node(&self, index: usize) -> Result<()> {
        self.api.post(&format!("/nodes/{index}/stop")).await
    }

    /// Starts a stopped node and waits until the others see it.
    ///
    /// # Errors
    /// There is no such node, or it does not start.
    pub async fn start_node(&self, index: usize) -> Result<()> {
        self.api.post(&format!("/nodes/{index}/start")).await
    }

    /// Runs a statement as the sandbox's superuser, for what fronts' clients may not do.
    ///
    /// # Errors
    /// The database's answer.
    pub async fn execute(&self, statement: &str) -> Result<()> {
        let order = Order { statement: statement.to_owned() };
        self.api.call::<Nothing>(Method::POST, "/cql", Some(&order)).await.map(drop)
    }
}

/// A front's credentials, in the three parts of Astra's token JSON. Random, and worth nothing outside the sandbox; even so
/// they are not shown by `Debug`.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Credentials {
    /// The Client ID: a role of this front's own.
    pub client_id: String,
    /// The Client Secret.
    pub secret: String,
    /// The token, for the user name `token`: one role for all fronts of a sandbox.
    pub token: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Credentials").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

/// A front: what looks like one Astra database from outside.
#[derive(Debug, Clone)]
pub struct Astra {
    api: Api,
    info: FrontInfo,
    credentials: Credentials,
}

impl Astra {
    fn read(api: Api, info: FrontInfo) -> Result<Self> {
        let bytes = std::fs::read(&info.token_json).at("Reading", &info.token_json)?;
        let credentials =
            serde_json::from_slice(&bytes).map_err(|error| Error::Invalid(error.to_string()))?;
        Ok(Self { api, info, credentials })
    }

    /// The front as it was when this handle was made.
    #[must_use]
    pub fn info(&self) -> &FrontInfo {
        &self.info
    }

    /// The Secure Connect Bundle's path.
    #[must_use]
    pub fn bundle(&self) -> &Path {
        &self.info.bundle
    }

    /// The token JSON's path.
    #[must_use]
    pub fn token_json(&self) -> PathBuf {
        self.info.token_json.clone()
    }

    /// The bundle's keyspace.
    #[must_use]
    pub fn keyspace(&self) -> &str {
        &self.info.keyspace
    }

    /// What a user would enter.
    #[must_use]
    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// Turns a switch on, until the next [`Astra::reset`].
    ///
    /// # Errors
    /// The switch names a node that is not there.
    pub async fn switch(&self, switch: Switch) -> Result<()> {
        self.api.call::<Nothing>(Method::POST, &self.path("switch"), Some(&switch)).await.map(drop)
    }

    /// Turns all switches off.
    ///
    /// # Errors
    /// The sandbox does not answer.
    pub async fn reset(&self) -> Result<()> {
        self.api.post(&self.path("reset")).await
    }

    /// What the front has seen since it was opened, or since [`Astra::clear_facts`].
    ///
    /// # Errors
    /// The sandbox does not answer.
    pub async fn facts(&self) -> Result<Facts> {
        self.api.get(&self.path("facts")).await
    }

    /// Starts counting anew.
    ///
    /// # Errors
    /// The sandbox does not answer.
    pub async fn clear_facts(&self) -> Result<()> {
        self.api.call::<Nothing>(Method::DELETE, &self.path("facts"), None::<&()>).await.map(drop)
    }

    /// Closes the front and drops its role and keyspaces.
    ///
    /// # Errors
    /// A statement that failed.
    pub async fn close(self) -> Result<()> {
        self.api
            .call::<Nothing>(Method::DELETE, &format!("/fronts/{}", self.info.name), None::<&()>)
            .await
            .map(drop)
    }

    fn path(&self, what: &str) -> String {
        format!("/fronts/{}/{what}", self.info.name)
    }
}

/// The `{}` of an answer that has nothing to tell.
#[derive(Deserialize)]
struct Nothing {}

/// A client of the admin API: one connection for each request.
#[derive(Clone)]
struct Api {
    authority: String,
    token: String,
}

impl std::fmt::Debug for Api {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Api").field("authority", &self.authority).finish_non_exhaustive()
    }
}

impl Api {
    fn parse(address: &str) -> Result<Self> {
        address
            .strip_prefix("http://")
            .and_then(|rest| rest.split_once("/#"))
            .map(|(authority, token)| Self { authority: authority.to_owned(), token: token.to_owned() })
            .ok_or_else(|| Error::Invalid(format!("{VARIABLE} has the form http://127.0.0.1:PORT/#TOKEN.")))
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        self.call(Method::GET, path, None::<&()>).await
    }

    async fn post(&self, path: &str) -> Result<()> {
        self.call::<Nothing>(Method::POST, path, None::<&()>).await.map(drop)
    }

    async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
    ) -> Result<T> {
        let body =
            body.map(serde_json::to_vec).transpose().map_err(|error| Error::Invalid(error.to_string()))?;
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, &self.authority)
            .header(AUTHORIZATION, format!("Bearer {}", self.token))
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(body.unwrap_or_default())))
            .map_err(|error| Error::Invalid(error.to_string()))?;
        let unreachable = |reason: String| Error::Unreachable { address: self.authority.clone(), reason };
        let stream =
            TcpStream::connect(&self.authority).await.map_err(|error| unreachable(error.to_string()))?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| unreachable(error.to_string()))?;
        let exchange = async {
            let response = sender.send_request(request).await?;
            let status = response.status();
            let bytes = response.into_body().collect().await?.to_bytes();
            Ok::<_, hyper::Error>((status, bytes))
        };
        let mut connection = std::pin::pin!(connection);
        let mut exchange = std::pin::pin!(exchange);
        let outcome = tokio::select! {
            outcome = &mut exchange => outcome,
            // The connection may end in the same moment as it has brought the last byte.
            _ = &mut connection => exchange.await,
        };
        let (status, bytes) = outcome.map_err(|error| unreachable(error.to_string()))?;
        let refused = |message: String| Error::Refused {
            address: self.authority.clone(),
            status: status.as_u16(),
            message,
        };
        if !status.is_success() {
            let value: serde_json::Value = serde_json::from_slice(&bytes).unwrap_or_default();
            return Err(refused(value["message"].as_str().unwrap_or("(no message)").to_owned()));
        }
        serde_json::from_slice(&bytes).map_err(|error| refused(error.to_string()))
    }
}
