//! What the tests build a small Astra of: authorities, bundles, a metadata service and a proxy that answer as they are told.

use std::io::{Cursor, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use cqlbook_cluster::{AstraTarget, Credentials, Stage, Target, Timeouts};
use cqlbook_core::secret::Secret;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use zip::write::SimpleFileOptions;

/// A certificate authority of its own.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub(crate) pem: String,
    der: CertificateDer<'static>,
}

/// A certificate with its key.
pub(crate) struct Identity {
    pub(crate) pem: String,
    pub(crate) key: KeyPair,
    der: CertificateDer<'static>,
}

/// When a certificate is valid.
#[derive(Clone, Copy)]
pub(crate) enum Valid {
    Now,
    Until2020,
    From2090,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let certificate = params.self_signed(&key).unwrap();
        Self { pem: certificate.pem(), der: certificate.der().clone(), issuer: Issuer::new(params, key) }
    }

    /// A certificate for `names` (host names or addresses).
    pub(crate) fn sign(&self, names: &[&str], valid: Valid) -> Identity {
        let key = KeyPair::generate().unwrap();
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        (params.not_before, params.not_after) = match valid {
            Valid::Now => (date_time_ymd(2020, 1, 1), date_time_ymd(2090, 1, 1)),
            Valid::Until2020 => (date_time_ymd(2019, 1, 1), date_time_ymd(2020, 1, 1)),
            Valid::From2090 => (date_time_ymd(2090, 1, 1), date_time_ymd(2091, 1, 1)),
        };
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Identity { pem: certificate.pem(), der: certificate.der().clone(), key }
    }
}

impl Identity {
    /// A server that shows this certificate and takes clients of `clients` only.
    pub(crate) fn acceptor(&self, clients: &Authority) -> TlsAcceptor {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut roots = RootCertStore::empty();
        roots.add(clients.der.clone()).unwrap();
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .build()
            .unwrap();
        let key = PrivateKeyDer::try_from(self.key.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(verifier)
            .with_single_cert(vec![self.der.clone()], key)
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
    }
}

/// A zip of these members.
pub(crate) fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in members {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// What a bundle is made of; tests spoil one part.
pub(crate) struct Parts {
    pub(crate) config: String,
    pub(crate) ca: String,
    pub(crate) cert: String,
    pub(crate) key: String,
}

impl Parts {
    pub(crate) fn new(authority: &Authority, client: &Identity, host: &str, port: u16) -> Self {
        let config = serde_json::json!({
            "host": host, "port": port, "cql_port": 29042, "keyspace": "shop", "localDC": "dc1",
            "caCertLocation": "./ca.crt", "keyLocation": "./key", "certLocation": "./cert",
            "pfxCertPassword": "unused", "something": {"new": [1, 2]},
        });
        Self {
            config: config.to_string(),
            ca: authority.pem.clone(),
            cert: client.pem.clone(),
            key: client.key.serialize_pem(),
        }
    }

    pub(crate) fn members(&self) -> Vec<(&str, &[u8])> {
        vec![
            ("ca.crt", self.ca.as_bytes()),
            ("cert", self.cert.as_bytes()),
            ("key", self.key.as_bytes()),
            ("config.json", self.config.as_bytes()),
            ("cert.pfx", b"for other clients"),
            ("cqlshrc", b"[ssl]"),
        ]
    }

    pub(crate) fn zip(&self) -> Vec<u8> {
        zip(&self.members())
    }
}

/// An Astra of our own: the authority all is signed by, a metadata service and a proxy.
pub(crate) struct World {
    pub(crate) authority: Authority,
    folder: tempfile::TempDir,
}

impl World {
    pub(crate) fn new() -> Self {
        Self { authority: Authority::new("the database's own"), folder: tempfile::tempdir().unwrap() }
    }

    /// A server certificate as it should be.
    pub(crate) fn server(&self) -> Identity {
        self.authority.sign(&["127.0.0.1", "localhost"], Valid::Now)
    }

    /// Writes a bundle for a metadata service at 127.0.0.1.
    pub(crate) fn bundle(&self, port: u16) -> PathBuf {
        self.bundle_for("127.0.0.1", port)
    }

    pub(crate) fn bundle_for(&self, host: &str, port: u16) -> PathBuf {
        let client = self.authority.sign(&["client"], Valid::Now);
        let parts = Parts::new(&self.authority, &client, host, port);
        self.file("secure-connect-shop.zip", &parts.zip())
    }

    pub(crate) fn file(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }
}

/// A target with short time-outs.
pub(crate) fn target(bundle: &Path) -> Target {
    let credentials = Credentials {
        username: "token".to_owned(),
        password: Secret::new("AstraCS:not-to-be-seen".to_owned()),
    };
    let seconds = std::time::Duration::from_secs;
    Target::new(AstraTarget { bundle: bundle.to_owned(), credentials }).with_timeouts(Timeouts {
        resolve: seconds(1),
        tcp: seconds(1),
        tls: seconds(1),
        answer: seconds(1),
        connect: seconds(8),
    })
}

/// Collects stages.
#[derive(Clone, Default)]
pub(crate) struct Stages(Arc<Mutex<Vec<Stage>>>);

impl Stages {
    pub(crate) fn teller(&self) -> impl Fn(Stage) + Send + Sync + use<> {
        let stages = Arc::clone(&self.0);
        move |stage| stages.lock().unwrap().push(stage)
    }

    pub(crate) fn seen(&self) -> Vec<Stage> {
        self.0.lock().unwrap().clone()
    }
}

/// A server on loopback that is stopped when dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    /// Connections taken so far.
    pub(crate) accepted: Arc<AtomicUsize>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    /// Serves each TCP connection, which is told its number from zero.
    pub(crate) async fn tcp<F>(serve: impl Fn(TcpStream, usize) -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self::tcp_at(([127, 0, 0, 1], 0).into(), serve).await
    }

    pub(crate) async fn tcp_at<F>(
        at: SocketAddr,
        serve: impl Fn(TcpStream, usize) -> F + Send + 'static,
    ) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind(at).await.unwrap();
        let address = listener.local_addr().unwrap();
        let accepted = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&accepted);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, count.fetch_add(1, Ordering::SeqCst)));
            }
        });
        Self { address, accepted, task }
    }

    pub(crate) async fn tls<F>(
        acceptor: TlsAcceptor,
        serve: impl Fn(TlsStream<TcpStream>, usize) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self::tls_at(([127, 0, 0, 1], 0).into(), acceptor, serve).await
    }

    pub(crate) async fn tls_at<F>(
        at: SocketAddr,
        acceptor: TlsAcceptor,
        serve: impl Fn(TlsStream<TcpStream>, usize) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let serve = Arc::new(serve);
        Self::tcp_at(at, move |stream, number| {
            let (acceptor, serve) = (acceptor.clone(), Arc::clone(&serve));
            async move {
                if let Ok(stream) = acceptor.accept(stream).await {
                    serve(stream, number).await;
                }
            }
        })
        .await
    }

    /// A metadata service that gives the nth answer to the nth request, and the last one from then on.
    pub(crate) async fn metadata(acceptor: TlsAcceptor, answers: Vec<String>) -> Self {
        let answers = Arc::new(answers);
        let asked = Arc::new(AtomicUsize::new(0));
        Self::tls(acceptor, move |mut stream, _| {
            let (answers, asked) = (Arc::clone(&answers), Arc::clone(&asked));
            async move {
                let mut request = Vec::new();
                while !request.ends_with(b"\r\n\r\n") {
                    match stream.read_u8().await {
                        Ok(byte) => request.push(byte),
                        Err(_) => return,
                    }
                }
                assert!(request.starts_with(b"GET /metadata HTTP/1.1\r\n"));
                let number = asked.fetch_add(1, Ordering::SeqCst).min(answers.len() - 1);
                let _ = stream.write_all(answers[number].as_bytes()).await;
                let _ = stream.shutdown().await;
            }
        })
        .await
    }
}

/// An HTTP answer.
pub(crate) fn http(status: u16, body: &str) -> String {
    format!("HTTP/1.1 {status} Said So\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

/// The metadata of a database behind the proxy at `address`, with one node.
pub(crate) fn metadata(address: SocketAddr) -> String {
    let body = serde_json::json!({
        "version": 1, "region": "here",
        "contact_info": {
            "type": "sni_proxy", "local_dc": "dc1", "contact_points": [HOST_ID],
            "sni_proxy_address": address.to_string(),
        },
    });
    http(200, &body.to_string())
}

/// The host id of the one node.
pub(crate) const HOST_ID: &str = "4ac06655-f861-49f9-881e-3fee22e69b94";

/// Answers CQL as far as the login: messages of the given kinds and bodies, one for each frame that comes.
pub(crate) async fn talk(mut stream: TlsStream<TcpStream>, answers: &[(u8, u8, &[u8])]) {
    for (flags, kind, body) in answers {
        let mut header = [0; 9];
        if stream.read_exact(&mut header).await.is_err() {
            return;
        }
        let length = u32::from_be_bytes(header[5..].try_into().unwrap());
        let mut sent = vec![0; length as usize];
        stream.read_exact(&mut sent).await.unwrap();
        let mut frame = vec![0x84, *flags, 0, 0, *kind];
        frame.extend_from_slice(&(body.len() as u32).to_be_bytes());
        frame.extend_from_slice(body);
        stream.write_all(&frame).await.unwrap();
        stream.flush().await.unwrap();
    }
    // Then silence, until the client goes.
    while stream.read(&mut [0; 64]).await.is_ok_and(|count| count > 0) {}
}
