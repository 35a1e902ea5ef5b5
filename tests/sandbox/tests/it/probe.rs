//! A client as small as can be, made from a bundle alone: the metadata request, TLS with SNI, and CQL frames of version 4.
//! It verifies what a good client verifies, and tells failures apart.

use std::io;
use std::io::Read;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, SignatureScheme};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// How long the probe waits before it calls a peer silent: more than a CREATE TABLE takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(5);

pub(crate) struct Probe {
    pub(crate) config: Value,
    tls: TlsConnector,
}

/// What a probe met.
#[derive(Debug, PartialEq)]
pub(crate) enum Failure {
    /// The port is closed.
    Refused,
    /// Nothing came within [`PATIENCE`].
    Silent,
    /// The other side closed the connection.
    Closed,
    /// The certificate is by another authority.
    Untrusted,
    /// The certificate is for another host.
    WrongName,
    /// The certificate is no longer valid.
    Expired,
    /// The other side sent a TLS alert.
    Alert,
    /// Anything else.
    Other(String),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            Some(rustls::Error::InvalidCertificate(reason)) => match reason {
                CertificateError::UnknownIssuer | CertificateError::BadSignature => Self::Untrusted,
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                    Self::WrongName
                }
                CertificateError::Expired | CertificateError::ExpiredContext { .. } => Self::Expired,
                other => Self::Other(other.to_string()),
            },
            Some(rustls::Error::AlertReceived(_)) => Self::Alert,
            Some(other) => Self::Other(other.to_string()),
            None => match error.kind() {
                io::ErrorKind::ConnectionRefused => Self::Refused,
                io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => {
                    Self::Closed
                }
                _ => Self::Other(error.to_string()),
            },
        }
    }
}

/// Bounds a wait.
pub(crate) async fn patiently<T>(work: impl Future<Output = io::Result<T>>) -> Result<T, Failure> {
    timeout(PATIENCE, work).await.map_err(|_| Failure::Silent)?.map_err(Failure::from)
}

impl Probe {
    /// A client of the bundle.
    pub(crate) fn new(bundle: &Path) -> Self {
        Self::with(bundle, true)
    }

    /// A client that keeps its certificate to itself.
    pub(crate) fn without_certificate(bundle: &Path) -> Self {
        Self::with(bundle, false)
    }

    fn with(bundle: &Path, certificate: bool) -> Self {
        let ca = CertificateDer::from_pem_slice(&member(bundle, "ca.crt")).unwrap();
        let config: Value = serde_json::from_slice(&member(bundle, "config.json")).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut roots = rustls::RootCertStore::empty();
        roots.add(ca).unwrap();
        let inner =
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build().unwrap();
        let host = ServerName::try_from(config["host"].as_str().unwrap().to_owned()).unwrap();
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(HostVerifier { inner, host }));
        let tls = if certificate {
            let chain = vec![CertificateDer::from_pem_slice(&member(bundle, "cert")).unwrap()];
            let key = PrivateKeyDer::from_pem_slice(&member(bundle, "key")).unwrap();
            builder.with_client_auth_cert(chain, key).unwrap()
        } else {
            builder.with_no_client_auth()
        };
        Self { config, tls: TlsConnector::from(Arc::new(tls)) }
    }

    /// Asks the metadata service; the status and the body.
    pub(crate) async fn metadata(&self) -> Result<(u16, String), Failure> {
        let host = self.config["host"].as_str().unwrap().to_owned();
        let port = u16::try_from(self.config["port"].as_u64().unwrap()).unwrap();
        patiently(async {
            let stream = TcpStream::connect((host.as_str(), port)).await?;
            let mut tls = self.tls.connect(ServerName::try_from(host.clone()).unwrap(), stream).await?;
            let request = format!("GET /metadata HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
            tls.write_all(request.as_bytes()).await?;
            let mut answer = String::new();
            tls.read_to_string(&mut answer).await?;
            let (head, body) = answer.split_once("\r\n\r\n").unwrap();
            Ok((head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned()))
        })
        .await
    }

    /// The proxy's address and the nodes, as the metadata service tells them.
    pub(crate) async fn nodes(&self) -> (String, Vec<String>) {
        let (status, body) = self.metadata().await.unwrap();
        assert_eq!(status, 200, "{body}");
        let body: Value = serde_json::from_str(&body).unwrap();
        let info = &body["contact_info"];
        let points =
            info["contact_points"].as_array().unwrap().iter().map(|id| id.as_str().unwrap().to_owned());
        (info["sni_proxy_address"].as_str().unwrap().to_owned(), points.collect())
    }

    /// Opens TLS to the proxy with that SNI name. In TLS 1.3 a refused client hears of it only when it reads.
    pub(crate) async fn open(&self, proxy: &str, sni: &str) -> Result<Connection, Failure> {
        let name = ServerName::try_from(sni.to_owned()).unwrap();
        let tls = patiently(async { self.tls.connect(name, TcpStream::connect(proxy).await?).await }).await?;
        Ok(Connection { tls })
    }

    /// A connection to the first node, logged in.
    pub(crate) async fn session(&self, user: &str, password: &str) -> Connection {
        let (proxy, nodes) = self.nodes().await;
        let mut connection = self.open(&proxy, &nodes[0]).await.unwrap();
        connection.log_in(user, password).await.unwrap();
        connection
    }
}

/// A connection through the proxy, on which requests are asked one after the other.
pub(crate) struct Connection {
    tls: TlsStream<TcpStream>,
}

/// A response frame.
#[derive(Debug)]
pub(crate) struct Response {
    flags: u8,
    pub(crate) opcode: u8,
    pub(crate) body: Vec<u8>,
}

impl Response {
    /// Code and message of an ERROR.
    pub(crate) fn error(&self) -> Option<(u32, String)> {
        let mut body = self.body.as_slice();
        // Cassandra's guardrails refuse and warn at once: a list of warnings comes before the code (flag 0x08).
        if self.flags & 0x08 != 0 {
            let (count, mut rest) = body.split_first_chunk::<2>()?;
            for _ in 0..u16::from_be_bytes(*count) {
                let (length, text) = rest.split_first_chunk::<2>()?;
                rest = text.get(usize::from(u16::from_be_bytes(*length))..)?;
            }
            body = rest;
        }
        let (code, rest) = body.split_first_chunk::<4>()?;
        let (length, text) = rest.split_first_chunk::<2>()?;
        let text = text.get(..usize::from(u16::from_be_bytes(*length)))?;
        (self.opcode == 0).then(|| (u32::from_be_bytes(*code), String::from_utf8_lossy(text).into_owned()))
    }

    /// Whether it is a RESULT.
    pub(crate) fn is_result(&self) -> bool {
        self.opcode == 0x08
    }

    /// Whether those bytes are somewhere in it.
    pub(crate) fn contains(&self, bytes: &[u8]) -> bool {
        self.body.windows(bytes.len()).any(|window| window == bytes)
    }
}

impl Connection {
    /// OPTIONS, answered by SUPPORTED.
    pub(crate) async fn options(&mut self) -> Result<Response, Failure> {
        self.ask(4, 0x05, &[]).await
    }

    /// One frame there and one back.
    pub(crate) async fn ask(&mut self, version: u8, opcode: u8, body: &[u8]) -> Result<Response, Failure> {
        patiently(async {
            self.send(version, opcode, body).await?;
            let mut header = [0; 9];
            self.tls.read_exact(&mut header).await?;
            let length = u32::from_be_bytes(*header.last_chunk().unwrap());
            let mut body = vec![0; length as usize];
            self.tls.read_exact(&mut body).await?;
            Ok(Response { flags: header[1], opcode: header[4], body })
        })
        .await
    }

    /// Sends a QUERY and reads until the connection ends; how many bytes came.
    pub(crate) async fn count_until_cut(&mut self, statement: &str) -> Result<usize, Failure> {
        patiently(async {
            self.send(4, 0x07, &query(statement, 0x06)).await?;
            let mut bytes = Vec::new();
            match self.tls.read_to_end(&mut bytes).await {
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {}
                Err(error) => return Err(error),
            }
            Ok(bytes.len())
        })
        .await
    }

    pub(crate) async fn log_in(&mut self, user: &str, password: &str) -> Result<(), Failure> {
        self.ask(4, 0x01, b"\x00\x01\x00\x0bCQL_VERSION\x00\x053.0.0").await?;
        let answer = format!("\0{user}\0{password}");
        let mut body = u32::try_from(answer.len()).unwrap().to_be_bytes().to_vec();
        body.extend(answer.as_bytes());
        let response = self.ask(4, 0x0F, &body).await?;
        match response.error() {
            Some((_, message)) => Err(Failure::Other(message)),
            None => Ok(()),
        }
    }

    /// A QUERY at LOCAL_QUORUM.
    pub(crate) async fn query(&mut self, statement: &str) -> Result<Response, Failure> {
        self.ask(4, 0x07, &query(statement, 0x06)).await
    }

    /// Waits until the node and its three peers have the same schema, as drivers do after a CREATE.
    pub(crate) async fn wait_for_agreement(&mut self) {
        loop {
            let local = self.query("SELECT schema_version FROM system.local").await.unwrap();
            let peers = self.query("SELECT schema_version FROM system.peers").await.unwrap();
            // The last 16 bytes of a row of one UUID are the UUID.
            let version = local.body.last_chunk::<16>().unwrap();
            if peers.body.windows(16).filter(|window| window == version).count() == 3 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// A QUERY at ONE.
    pub(crate) async fn query_at_one(&mut self, statement: &str) -> Result<Response, Failure> {
        self.ask(4, 0x07, &query(statement, 0x01)).await
    }

    async fn send(&mut self, version: u8, opcode: u8, body: &[u8]) -> io::Result<()> {
        let mut frame = vec![version, 0, 0, 1, opcode];
        frame.extend(u32::try_from(body.len()).unwrap().to_be_bytes());
        frame.extend(body);
        self.tls.write_all(&frame).await?;
        self.tls.flush().await
    }
}

/// OPTIONS to a node itself, over TLS that is verified against the authority and the node's address.
pub(crate) async fn options_over_tls(node: SocketAddr, authority: &Path) -> Result<Response, Failure> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(authority).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = TlsConnector::from(Arc::new(config));
    let name = ServerName::from(node.ip());
    let tls = patiently(async { connector.connect(name, TcpStream::connect(node).await?).await }).await?;
    Connection { tls }.options().await
}

fn query(statement: &str, consistency: u16) -> Vec<u8> {
    let mut body = u32::try_from(statement.len()).unwrap().to_be_bytes().to_vec();
    body.extend(statement.as_bytes());
    body.extend(consistency.to_be_bytes());
    body.push(0);
    body
}

/// A member of a bundle.
pub(crate) fn member(bundle: &Path, name: &str) -> Vec<u8> {
    let mut archive = zip::ZipArchive::new(std::fs::File::open(bundle).unwrap()).unwrap();
    let mut bytes = Vec::new();
    archive.by_name(name).unwrap().read_to_end(&mut bytes).unwrap();
    bytes
}

/// Checks the chain, and the name of the bundle's host in place of the SNI name.
#[derive(Debug)]
struct HostVerifier {
    inner: Arc<WebPkiServerVerifier>,
    host: ServerName<'static>,
}

impl ServerCertVerifier for HostVerifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        self.inner.verify_server_cert(certificate, intermediates, &self.host, ocsp, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}
