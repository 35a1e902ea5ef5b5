//! One bounded way to a host: resolve, connect, TLS; and every way it can fail, typed.
//!
//! The metadata service, the login probe and the relays all go this way.

use std::time::Duration;

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
