//! One Astra front of a sandbox: its certificates, bundle and credentials, its metadata service and its SNI proxy.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rcgen::KeyPair;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::bundle::Bundle;
use crate::certs::Certificates;
use crate::cluster::{Cluster, Grant, LOCAL_DC};
use crate::error::{Context, Error, Result};
use crate::state::Shared;
use crate::switch::{Facts, Switch};
use crate::{listener, metadata, proxy, stores, words};

/// How a front is to be.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default)]
pub struct AstraOptions {
    /// Its name in the sandbox and in the bundle's file name; made up if empty.
    pub name: String,
    /// The keyspace that the bundle names; made if it is not there; made up if empty.
    pub keyspace: String,
    /// Further keyspaces of the same database.
    pub more_keyspaces: Vec<String>,
    /// The host that the bundle names, for which the certificates are. It has to resolve to 127.0.0.1.
    pub host: String,
    /// Whether the Client ID may only read. The token always may write.
    pub read_only: bool,
    /// Whether the bundle's members for other clients (`cert.pfx`, `identity.jks`, `trustStore.jks`) are real, which takes
    /// about a second and needs `openssl`; otherwise they are stand-ins.
    pub java_stores: bool,
}

impl Default for AstraOptions {
    fn default() -> Self {
        Self {
            name: String::new(),
            keyspace: String::new(),
            more_keyspaces: Vec::new(),
            host: "localhost".to_owned(),
            read_only: false,
            java_stores: false,
        }
    }
}

/// What a client needs to know of a front, and a test besides.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FrontInfo {
    /// Its name in the sandbox.
    pub name: String,
    /// The Secure Connect Bundle's path.
    pub bundle: PathBuf,
    /// The path of a bundle that is downloaded later: the same place, with new certificates of the same authority.
    pub renewed_bundle: PathBuf,
    /// The path of the token JSON, as Astra's console offers it: `clientId`, `secret`, `token`.
    pub token_json: PathBuf,
    /// The Client ID; the secret is in the token JSON alone.
    pub client_id: String,
    /// The bundle's keyspace.
    pub keyspace: String,
    /// The host that the bundle names.
    pub host: String,
    /// The data centre that clients are told.
    pub local_dc: String,
    /// The metadata service's port.
    pub metadata_port: u16,
    /// The SNI proxy's port, which a switch may change.
    pub proxy_port: u16,
    /// The host ids of that data centre's nodes.
    pub host_ids: Vec<Uuid>,
}

/// A front that serves until it is dropped.
pub(crate) struct Front {
    shared: Arc<Shared>,
    info: FrontInfo,
    keyspaces: Vec<String>,
    stop: CancellationToken,
    /// Ends the proxy's current port.
    proxy_stop: Mutex<CancellationToken>,
}

impl Front {
    /// Makes role and keyspaces, certificates and bundle, and opens the two ports.
    pub(crate) async fn open(options: AstraOptions, cluster: &Cluster, run: &Path) -> Result<Self> {
        let name = or_made_up(options.name, "astra");
        let keyspace = or_made_up(options.keyspace, "ks");
        for text in std::iter::once(&keyspace).chain(&options.more_keyspaces).chain([&name]) {
            let plain =
                text.chars().all(|character| character.is_ascii_alphanumeric() || "_-".contains(character));
            if text.is_empty() || text.len() > 48 || !plain {
                return Err(Error::Invalid(format!(
                    "{text:?} is no name: use letters, digits, - and _, at most 48."
                )));
            }
        }
        let mut keyspaces = options.more_keyspaces;
        keyspaces.insert(0, keyspace.clone());
        let (client_id, secret) = (words::client_id(), words::client_secret());
        let grant = Grant {
            keyspaces: &keyspaces,
            client_id: &client_id,
            secret: &secret,
            read_only: options.read_only,
        };
        cluster.admit(&grant).await?;

        let folder = run.join("fronts").join(&name);
        std::fs::create_dir_all(&folder).at("Creating", &folder)?;
        let key = stores::client_key(&folder).await?;
        let pair = KeyPair::from_pem(&key.pkcs8).map_err(|error| Error::Certificates(error.to_string()))?;
        let certificates = Certificates::make(&options.host, &pair)?;
        let stores = stores::make(&folder, &certificates, key, options.java_stores).await?;
        let (metadata_port, proxy_port) = (listener::bind().await?, listener::bind().await?);
        let port = |listener: &tokio::net::TcpListener| {
            listener.local_addr().during("Opening a port").map(|at| at.port())
        };
        let members = cluster.local_members().await;
        let info = FrontInfo {
            bundle: folder.join(format!("secure-connect-{name}.zip")),
            renewed_bundle: folder.join(format!("secure-connect-{name}-renewed.zip")),
            token_json: folder.join(format!("{name}-token.json")),
            client_id,
            keyspace,
            host: options.host,
            local_dc: LOCAL_DC.to_owned(),
            metadata_port: port(&metadata_port)?,
            proxy_port: port(&proxy_port)?,
            host_ids: members.iter().map(|&(id, _)| id).collect(),
            name,
        };
        let bundle = Bundle {
            host: &info.host,
            metadata_port: info.metadata_port,
            cql_port: info.proxy_port,
            keyspace: &info.keyspace,
            local_dc: &info.local_dc,
            ca: &certificates.ca_pem,
            cert: &certificates.client_pem,
            key: &key.traditional,
            stores: &stores,
        };
        bundle.write(&info.bundle)?;
        Bundle { cert: &certificates.renewed_pem, ..bundle }.write(&info.renewed_bundle)?;
        let token = json!({ "clientId": info.client_id, "secret": secret, "token": cluster.token() });
        std::fs::write(&info.token_json, token.to_string()).at("Writing", &info.token_json)?;
        crate::place::protect(&info.token_json)?;

        let shared = Arc::new(Shared::new(
            certificates,
            info.host.clone(),
            info.local_dc.clone(),
            members,
            info.proxy_port,
        ));
        let stop = CancellationToken::new();
        let proxy_stop = stop.child_token();
        let service = shared.clone();
        tokio::spawn(listener::serve(metadata_port, shared.clone(), stop.clone(), move |stream| {
            metadata::converse(stream, service.clone())
        }));
        serve_proxy(proxy_port, shared.clone(), proxy_stop.clone());
        shared.wait_for_ports(2).await;
        Ok(Self { shared, info, keyspaces, stop, proxy_stop: Mutex::new(proxy_stop) })
    }

    /// The front as it is now.
    pub(crate) fn info(&self) -> FrontInfo {
        FrontInfo { proxy_port: self.shared.proxy_port(), ..self.info.clone() }
    }

    /// Turns a switch on.
    pub(crate) async fn switch(&self, switch: &Switch) -> Result<()> {
        if let Switch::NodeDown { host_id } = switch
            && !self.info.host_ids.contains(host_id)
        {
            return Err(Error::Unknown(format!("node {host_id} behind front {}", self.info.name)));
        }
        self.shared.turn_on(switch);
        match switch {
            Switch::MovedProxy => self.move_proxy().await?,
            Switch::Refusing => self.shared.wait_for_ports(0).await,
            _ => {}
        }
        Ok(())
    }

    /// Turns all switches off; when it returns, both ports are open.
    pub(crate) async fn reset(&self) {
        self.shared.reset();
        self.shared.wait_for_ports(2).await;
    }

    /// What the front has seen.
    pub(crate) fn facts(&self) -> Facts {
        self.shared.facts()
    }

    /// Starts counting anew.
    pub(crate) fn clear_facts(&self) {
        self.shared.clear_facts();
    }

    /// Closes the ports and takes role, keyspaces and files away.
    pub(crate) async fn close(&self, cluster: &Cluster) -> Result<()> {
        self.stop.cancel();
        if let Some(folder) = self.info.bundle.parent() {
            std::fs::remove_dir_all(folder).at("Removing", folder)?;
        }
        cluster.dismiss(&self.info.client_id, &self.keyspaces).await
    }

    async fn move_proxy(&self) -> Result<()> {
        let listener = listener::bind().await?;
        let port = listener.local_addr().during("Opening a port")?.port();
        let fresh = self.stop.child_token();
        serve_proxy(listener, self.shared.clone(), fresh.clone());
        self.shared.wait_for_ports(3).await;
        self.shared.move_proxy(port);
        {
            let mut current = self.proxy_stop.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *current, fresh).cancel();
        }
        self.shared.wait_for_ports(2).await;
        Ok(())
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn serve_proxy(listener: tokio::net::TcpListener, shared: Arc<Shared>, stop: CancellationToken) {
    let service = shared.clone();
    tokio::spawn(listener::serve(listener, shared, stop, move |stream| {
        proxy::converse(stream, service.clone())
    }));
}

fn or_made_up(name: String, stem: &str) -> String {
    if name.is_empty() { format!("{stem}_{}", words::suffix()) } else { name }
}
