//! The one place that makes rustls configurations: who is trusted, by which name, and as whom we present ourselves.
//!
//! Every server must show a chain to a trusted authority *and* a certificate that is valid for a name known beforehand.
//! Nothing turns that off. On Astra the SNI name is a node's host id, which no certificate carries; the name that is
//! checked is the bundle's host.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, InconsistentKeys, RootCertStore,
    SignatureScheme,
};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use zeroize::Zeroizing;

use crate::bundle::Bundle;
use crate::error::ConnectError;
use crate::small_file::{self, MAX_PEM_BYTES};
use crate::target::{Pem, TlsContent, TlsFiles};

/// The only cryptography in this program: ring, chosen here and not by a process-wide default.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// For Astra: trusts the bundle's authorities, checks the bundle's host name whatever SNI name is sent, and presents
/// the bundle's certificate.
///
/// # Errors
/// What is wrong with the bundle's certificates; reading the bundle has found it before.
pub(crate) fn astra(bundle: &Bundle) -> Result<Arc<ClientConfig>, String> {
    let name = ServerName::try_from(bundle.host.clone()).map_err(|error| error.to_string())?;
    config(roots(&bundle.authorities)?, vec![name], Some(Arc::clone(&bundle.identity)))
}

impl TlsFiles {
    /// Reads the files, once. Blocks on them.
    ///
    /// # Errors
    /// [`ConnectError::TlsFile`] for one that cannot be read. What they hold is not looked at.
    pub fn read(&self) -> Result<TlsContent, ConnectError> {
        let read = |path: &Option<PathBuf>| path.as_deref().map(pem).transpose();
        Ok(TlsContent { ca_cert: read(&self.ca_cert)?, cert: read(&self.cert)?, key: read(&self.key)? })
    }
}

fn pem(path: &Path) -> Result<Pem, ConnectError> {
    small_file::read(path, MAX_PEM_BYTES)
        .map(|bytes| Pem { path: path.to_owned(), bytes: Zeroizing::new(bytes) })
        .map_err(|error| unusable(path, error.to_string()))
}

fn unusable(path: &Path, reason: String) -> ConnectError {
    ConnectError::TlsFile { path: path.to_owned(), reason }
}

/// For a self-hosted cluster: trusts the given authorities or the system's, and takes a certificate for any of
/// `hosts`, the contact points as the user typed them (a node found through another has no name the user knows).
/// Blocks on the system's files.
///
/// # Errors
/// [`ConnectError::TlsFile`], [`ConnectError::BadHost`].
pub(crate) fn self_hosted(files: &TlsContent, hosts: &[String]) -> Result<Arc<ClientConfig>, ConnectError> {
    let (authorities, origin) = match &files.ca_cert {
        Some(Pem { path, bytes }) => {
            let authorities = certificates(bytes).map_err(|reason| unusable(path, reason))?;
            (roots(&authorities).map_err(|reason| unusable(path, reason))?, path.as_path())
        }
        None => {
            let origin = Path::new("the system's certificates");
            let mut roots = RootCertStore::empty();
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            if roots.is_empty() {
                return Err(unusable(origin, "there are none; name a CA certificate".to_owned()));
            }
            (roots, origin)
        }
    };
    let client = match (&files.cert, &files.key) {
        (None, None) => None,
        (Some(_), None) => return Err(unusable(Path::new("key"), "a certificate needs its key".to_owned())),
        (None, Some(_)) => return Err(unusable(Path::new("cert"), "a key needs its certificate".to_owned())),
        (Some(cert), Some(key)) => {
            let chain = certificates(&cert.bytes).map_err(|reason| unusable(&cert.path, reason))?;
            let private = PrivateKeyDer::from_pem_slice(&key.bytes).map_err(|_| {
                unusable(&key.path, "it holds no private key that is not encrypted, as PEM".to_owned())
            })?;
            Some(Arc::new(identity(chain, private).map_err(|reason| unusable(&key.path, reason))?))
        }
    };
    let names = hosts
        .iter()
        .map(|host| server_name(host).ok_or_else(|| ConnectError::BadHost { host: host.clone() }))
        .collect::<Result<_, _>>()?;
    config(authorities, names, client).map_err(|reason| unusable(origin, reason))
}

/// The name of a host, or its address, as certificates carry it.
pub(crate) fn server_name(host: &str) -> Option<ServerName<'static>> {
    ServerName::try_from(host.to_owned()).ok()
}

/// All certificates of a PEM text, at least one.
pub(crate) fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let certificates = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| "it is not PEM".to_owned())?;
    if certificates.is_empty() { Err("it holds no certificate".to_owned()) } else { Ok(certificates) }
}

/// The authorities as a store.
pub(crate) fn roots(authorities: &[CertificateDer<'static>]) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    for authority in authorities {
        roots
            .add(authority.clone())
            .map_err(|_| "it holds a certificate that cannot be an authority".to_owned())?;
    }
    Ok(roots)
}

/// A certificate chain with its key, checked to belong together.
pub(crate) fn identity(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<CertifiedKey, String> {
    CertifiedKey::from_der(chain, key, &provider()).map_err(|error| match error {
        Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
            "it does not belong to the certificate".to_owned()
        }
        _ => "it is of a kind that cannot be used".to_owned(),
    })
}

fn config(
    roots: RootCertStore,
    names: Vec<ServerName<'static>>,
    client: Option<Arc<CertifiedKey>>,
) -> Result<Arc<ClientConfig>, String> {
    let provider = provider();
    let chain = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
        .build()
        .map_err(|error| error.to_string())?;
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .dangerous() // The name of the method, not of what is done: `NamedVerifier` checks all that the default does.
        .with_custom_certificate_verifier(Arc::new(NamedVerifier { chain, names }));
    let mut config = match client {
        Some(client) => builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(client))),
        None => builder.with_no_client_auth(),
    };
    // Each connection proves anew who the server is.
    config.resumption = rustls::client::Resumption::disabled();
    Ok(Arc::new(config))
}

/// Checks chain, validity and purpose as rustls does, and the name against those known beforehand instead of the SNI name.
#[derive(Debug)]
struct NamedVerifier {
    chain: Arc<WebPkiServerVerifier>,
    /// The certificate must be valid for one of them.
    names: Vec<ServerName<'static>>,
}

impl ServerCertVerifier for NamedVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _sni: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let mut refusal = Error::InvalidCertificate(CertificateError::NotValidForName);
        for name in &self.names {
            match self.chain.verify_server_cert(end_entity, intermediates, name, ocsp_response, now) {
                Ok(verified) => return Ok(verified),
                Err(error) => refusal = error,
            }
        }
        Err(refusal)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.chain.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.chain.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.chain.supported_verify_schemes()
    }
}
