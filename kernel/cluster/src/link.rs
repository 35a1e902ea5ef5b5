//! One bounded way to a host: resolve, connect, TLS; and every way it can fail, typed.
//!
//! The metadata service, the login probe and the relays all go this way.

use std::error::Error as StdError;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::{AlertDescription, CertificateError, ClientConfig, Error as TlsError};
use rustls_pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::liveness;
use crate::target::Timeouts;

/// Which bound ran out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Resolving the name.
    Resolve,
    /// Opening the TCP connection.
    Tcp,
    /// The TLS handshake.
    Tls,
    /// Waiting for an answer.
    Answer,
}

/// Why a host could not be reached or not be trusted. `host` is the name as the bundle or the user gave it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LinkError {
    /// The name has no address.
    #[error("{host} has no address: {reason}")]
    NotResolved {
        /// The name.
        host: String,
        /// The resolver's words.
        reason: String,
    },
    /// Nothing listens there.
    #[error("{host}:{port} refused the connection")]
    Refused {
        /// The host.
        host: String,
        /// The port.
        port: u16,
    },
    /// The network gives no way there, or the connection broke.
    #[error("{host}:{port} cannot be reached: {reason}")]
    Unreachable {
        /// The host.
        host: String,
        /// The port.
        port: u16,
        /// The system's words.
        reason: String,
    },
    /// A step took longer than its bound.
    #[error("{host}:{port} did not answer within {after:?}")]
    TimedOut {
        /// The host.
        host: String,
        /// The port.
        port: u16,
        /// The step.
        step: Step,
        /// Its bound.
        after: Duration,
    },
    /// The server did not prove that it is the one it should be.
    #[error("{host}:{port} is not trusted: {distrust}")]
    Untrusted {
        /// The host.
        host: String,
        /// The port.
        port: u16,
        /// What is wrong with its certificate.
        distrust: Distrust,
    },
    /// The server ended TLS with an alert: our certificate is refused, or no node has the SNI name.
    #[error("{host}:{port} refused the TLS connection: {alert}")]
    TlsRefused {
        /// The host.
        host: String,
        /// The port.
        port: u16,
        /// The alert's name.
        alert: String,
        /// The SNI name sent, where it is a node's host id.
        sni: Option<String>,
    },
    /// The server closed the connection instead of answering (an SNI proxy does so where a node is down or unknown).
    #[error("{host}:{port} closed the connection")]
    Closed {
        /// The host.
        host: String,
        /// The port.
        port: u16,
        /// The SNI name sent, where it is a node's host id.
        sni: Option<String>,
    },
    /// The server does not speak TLS, or breaks its rules.
    #[error("{host}:{port} does not speak TLS: {reason}")]
    NotTls {
        /// The host.
        host: String,
        /// The port.
        port: u16,
        /// The TLS library's words.
        reason: String,
    },
}

/// What is wrong with a server's certificate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Distrust {
    /// Its chain does not end at an authority that is trusted here.
    #[error("its certificate is not signed by the expected authority")]
    UnknownAuthority,
    /// It is for other names.
    #[error("its certificate is not valid for {expected}")]
    WrongName {
        /// The name or names it should carry one of.
        expected: String,
        /// Those it carries.
        presented: Vec<String>,
    },
    /// It is not valid any more.
    #[error("its certificate has expired")]
    Expired,
    /// It is not valid yet.
    #[error("its certificate is not valid yet")]
    NotValidYet,
    /// Something else.
    #[error("{0}")]
    Other(String),
}

/// A host and its port as the bundle, the metadata service or the user named them, and the SNI name where it is another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Endpoint {
    pub(crate) host: String,
    pub(crate) port: u16,
    /// A node's host id, behind an SNI proxy.
    pub(crate) sni: Option<String>,
}

impl Endpoint {
    pub(crate) fn new(host: impl Into<String>, port: u16) -> Self {
        Self { host: host.into(), port, sni: None }
    }

    /// The same host and port, asked for the node of that host id.
    pub(crate) fn with_sni(mut self, sni: impl Into<String>) -> Self {
        self.sni = Some(sni.into());
        self
    }

    /// `host:port`, an IPv6 address in brackets.
    pub(crate) fn authority(&self) -> String {
        let Self { host, port, .. } = self;
        if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
    }

    /// Resolves the host and opens a TCP connection to the first of its addresses that takes one.
    pub(crate) async fn connect(&self, timeouts: &Timeouts) -> Result<TcpStream, LinkError> {
        let host = || self.host.clone();
        let lookup = tokio::net::lookup_host((self.host.as_str(), self.port));
        let addresses: Vec<_> = match timeout(timeouts.resolve, lookup).await {
            Ok(Ok(addresses)) => addresses.collect(),
            Ok(Err(error)) => {
                return Err(LinkError::NotResolved { host: host(), reason: error.to_string() });
            }
            Err(_) => return Err(self.timed_out(Step::Resolve, timeouts.resolve)),
        };
        let deadline = Instant::now() + timeouts.tcp;
        let mut failure =
            LinkError::NotResolved { host: host(), reason: "the name has no address".to_owned() };
        for (tried, address) in addresses.iter().enumerate() {
            // Each address gets its share of the time that is left, so that a silent one does not take all of it.
            let share = deadline.saturating_duration_since(Instant::now())
                / u32::try_from(addresses.len() - tried).unwrap_or(1);
            match timeout(share, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => {
                    // Without it small frames wait for acknowledgements; a failure costs time only.
                    let _ = stream.set_nodelay(true);
                    liveness::watch(&stream);
                    return Ok(stream);
                }
                Ok(Err(error)) => failure = self.broken(&error),
                Err(_) => failure = self.timed_out(Step::Tcp, timeouts.tcp),
            }
        }
        Err(failure)
    }

    /// Opens a TCP connection and TLS over it. The server has proved who it is when this returns.
    pub(crate) async fn connect_tls(
        &self,
        config: &Arc<ClientConfig>,
        timeouts: &Timeouts,
    ) -> Result<TlsStream<TcpStream>, LinkError> {
        let tcp = self.connect(timeouts).await?;
        self.secure(tcp, config, timeouts).await
    }

    /// TLS over an open TCP connection.
    pub(crate) async fn secure(
        &self,
        tcp: TcpStream,
        config: &Arc<ClientConfig>,
        timeouts: &Timeouts,
    ) -> Result<TlsStream<TcpStream>, LinkError> {
        let name = self.sni.as_ref().unwrap_or(&self.host);
        let name = ServerName::try_from(name.clone())
            .map_err(|error| LinkError::NotResolved { host: name.clone(), reason: error.to_string() })?;
        let handshake = TlsConnector::from(Arc::clone(config)).connect(name, tcp);
        match timeout(timeouts.tls, handshake).await {
            Ok(Ok(stream)) => Ok(stream),
            Ok(Err(error)) => Err(self.broken(&error)),
            Err(_) => Err(self.timed_out(Step::Tls, timeouts.tls)),
        }
    }

    /// The step took too long.
    pub(crate) fn timed_out(&self, step: Step, after: Duration) -> LinkError {
        LinkError::TimedOut { host: self.host.clone(), port: self.port, step, after }
    }

    /// The server closed the connection where an answer was due.
    pub(crate) fn closed(&self) -> LinkError {
        LinkError::Closed { host: self.host.clone(), port: self.port, sni: self.sni.clone() }
    }

    /// What an I/O error on a way to this endpoint means. TLS failures travel inside of I/O errors, and a refused
    /// client certificate arrives with the first read, after the handshake.
    pub(crate) fn broken(&self, error: &(dyn StdError + 'static)) -> LinkError {
        let (host, port) = (self.host.clone(), self.port);
        let mut cause: Option<&(dyn StdError + 'static)> = Some(error);
        let mut kind = None;
        while let Some(current) = cause {
            if let Some(tls) = current.downcast_ref::<TlsError>() {
                return self.tls_failure(tls);
            }
            if let Some(io) = current.downcast_ref::<io::Error>() {
                kind = Some(io.kind());
                // An I/O error made of another error does not always give it away as its source.
                if let Some(tls) = io.get_ref().and_then(|inner| inner.downcast_ref::<TlsError>()) {
                    return self.tls_failure(tls);
                }
            }
            cause = current.source();
        }
        match kind {
            Some(io::ErrorKind::ConnectionRefused) => LinkError::Refused { host, port },
            Some(
                io::ErrorKind::UnexpectedEof
                | io::ErrorKind::ConnectionReset
                | io::ErrorKind::BrokenPipe
                | io::ErrorKind::ConnectionAborted,
            ) => self.closed(),
            _ => LinkError::Unreachable { host, port, reason: error.to_string() },
        }
    }

    fn tls_failure(&self, error: &TlsError) -> LinkError {
        let (host, port) = (self.host.clone(), self.port);
        match error {
            TlsError::InvalidCertificate(certificate) => {
                LinkError::Untrusted { host, port, distrust: distrust(certificate, &self.host) }
            }
            TlsError::NoCertificatesPresented => LinkError::Untrusted {
                host,
                port,
                distrust: Distrust::Other("it shows no certificate".to_owned()),
            },
            TlsError::AlertReceived(alert) => {
                LinkError::TlsRefused { host, port, alert: alert_name(*alert), sni: self.sni.clone() }
            }
            other => LinkError::NotTls { host, port, reason: other.to_string() },
        }
    }
}

fn distrust(error: &CertificateError, host: &str) -> Distrust {
    match error {
        CertificateError::UnknownIssuer | CertificateError::BadSignature => Distrust::UnknownAuthority,
        CertificateError::NotValidForName => {
            Distrust::WrongName { expected: host.to_owned(), presented: Vec::new() }
        }
        CertificateError::NotValidForNameContext { expected, presented } => {
            Distrust::WrongName { expected: expected.to_str().into_owned(), presented: presented.clone() }
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => Distrust::Expired,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => Distrust::NotValidYet,
        other => Distrust::Other(other.to_string()),
    }
}

/// The alert as RFC 8446, section 6, spells it in words.
fn alert_name(alert: AlertDescription) -> String {
    match alert {
        AlertDescription::UnrecognisedName => "unrecognized name".to_owned(),
        AlertDescription::UnknownCA => "unknown CA".to_owned(),
        AlertDescription::BadCertificate => "bad certificate".to_owned(),
        AlertDescription::CertificateExpired => "certificate expired".to_owned(),
        AlertDescription::CertificateRevoked => "certificate revoked".to_owned(),
        AlertDescription::CertificateUnknown => "certificate unknown".to_owned(),
        AlertDescription::CertificateRequired => "certificate required".to_owned(),
        AlertDescription::HandshakeFailure => "handshake failure".to_owned(),
        AlertDescription::AccessDenied => "access denied".to_owned(),
        other => format!("{other:?}"),
    }
}
