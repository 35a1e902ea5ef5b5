//! Services that say exactly what a test wants, under an authority of the test's own: for answers that no front of the
//! sandbox gives. The bundle that leads to them is theirs, too.

use std::sync::Arc;
use std::time::Duration;

use rcgen::{BasicConstraints, Certificate, CertificateParams, DnType, IsCa, Issuer, KeyPair, SanType};
use rustls::ServerConfig;
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use serde_json::json;
use time::OffsetDateTime;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::packing::Packing;

/// An authority, and what it has signed.
pub(super) struct Authority {
    certificate: Certificate,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    pub(super) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "a test's authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        Self { certificate, issuer: Issuer::new(params, key) }
    }

    /// The bundle of a database whose metadata service is at `port` of this machine.
    pub(super) fn bundle(&self, port: u16) -> Packing {
        let now = OffsetDateTime::now_utc();
        let day = time::Duration::days(1);
        self.bundle_of_time(port, now - day, now + day)
    }

    /// The same, with a client's certificate that is valid from and to these times.
    pub(super) fn bundle_of_time(&self, port: u16, from: OffsetDateTime, to: OffsetDateTime) -> Packing {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        (params.not_before, params.not_after) = (from, to);
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let config = json!({"host": "localhost", "port": port, "localDC": "dc1", "keyspace": "shop"});
        Packing::default()
            .with("config.json", config.to_string())
            .with("ca.crt", self.certificate.pem())
            .with("cert", certificate.pem())
            .with("key", key.serialize_pem())
    }

    /// What makes a service show a certificate for `name`.
    fn acceptor(&self, name: &str) -> TlsAcceptor {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.subject_alt_names = vec![SanType::DnsName(name.try_into().unwrap())];
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
    }

    /// A service that sends `answer` to what comes over TLS first, and closes. Returns its port.
    pub(super) async fn service(&self, answer: impl Into<Vec<u8>>) -> u16 {
        self.service_named("localhost", answer).await
    }

    /// The same, with a certificate for another name.
    pub(super) async fn service_named(&self, name: &str, answer: impl Into<Vec<u8>>) -> u16 {
        let (acceptor, answer) = (self.acceptor(name), answer.into());
        serve(move |stream| {
            let (acceptor, answer) = (acceptor.clone(), answer.clone());
            async move {
                let Ok(mut tls) = acceptor.accept(stream).await else { return };
                let _ = tls.read(&mut [0; 4096]).await;
                let _ = tls.write_all(&answer).await;
                let _ = tls.shutdown().await;
            }
        })
        .await
    }

    /// A metadata service that names a proxy at this address.
    pub(super) async fn metadata_naming(&self, proxy: &str) -> u16 {
        let body = json!({
            "version": 1,
            "region": "dc1",
            "contact_info": {
                "type": "sni_proxy",
                "local_dc": "dc1",
                "contact_points": ["11111111-2222-3333-4444-555555555555"],
                "sni_proxy_address": proxy,
            }
        });
        self.service(http("200 OK", &body.to_string())).await
    }
}

/// An HTTP answer.
pub(super) fn http(status: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
        .into_bytes()
}

/// A service without TLS that sends `answer` to what comes first, and closes. Returns its port.
pub(super) async fn plain_service(answer: &'static [u8]) -> u16 {
    serve(move |mut stream| async move {
        let _ = stream.read(&mut [0; 4096]).await;
        let _ = stream.write_all(answer).await;
        let _ = stream.shutdown().await;
        // What the client still sends is read, so that the answer is not lost in a reset.
        let _ = tokio::time::timeout(Duration::from_secs(1), stream.read(&mut [0; 4096])).await;
    })
    .await
}

/// A service that takes connections and says nothing. Returns its port.
pub(super) async fn silent_service() -> u16 {
    serve(|stream| async move {
        tokio::time::sleep(Duration::from_secs(60)).await;
        drop(stream);
    })
    .await
}

/// A port of this machine on which nothing listens.
pub(super) async fn closed_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port()
}

/// A port that lets no connection through, as behind a firewall that drops what comes; open while this is kept.
pub(super) struct DroppingPort {
    pub(super) port: u16,
    _full: (TcpListener, Vec<TcpStream>),
}

impl DroppingPort {
    /// A listener whose queue is full: the system answers no further connection.
    pub(super) async fn open() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(1).unwrap();
        let address = listener.local_addr().unwrap();
        let mut waiting = Vec::new();
        while let Ok(stream) =
            tokio::time::timeout(Duration::from_millis(300), TcpStream::connect(address)).await
        {
            waiting.push(stream.unwrap());
        }
        Self { port: address.port(), _full: (listener, waiting) }
    }
}

async fn serve<F>(talk: impl Fn(TcpStream) -> F + Send + 'static) -> u16
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(talk(stream));
        }
    });
    port
}
