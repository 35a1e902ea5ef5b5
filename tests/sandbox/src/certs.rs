//! The certificates of one front: its authority, what its services show, right and wrong, and what its clients show.
//! Made anew for each front and only ever kept in memory and in its bundle.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::server::{ResolvesServerCert, WebPkiClientVerifier};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use time::{Duration, OffsetDateTime};

use crate::error::{Error, Result};

/// What a service shows its clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Identity {
    /// A certificate that holds.
    #[default]
    Good,
    /// One by an authority of the same name with another key.
    WrongCa,
    /// One for another host.
    WrongHost,
    /// One that ended yesterday.
    Expired,
}

/// All of a front's certificates.
#[derive(Debug)]
pub(crate) struct Certificates {
    /// The authority, for the bundle's `ca.crt`.
    pub(crate) ca_pem: String,
    /// The client's certificate, for the bundle's `cert`.
    pub(crate) client_pem: String,
    /// Another one of the same authority and key, as a bundle has it that is downloaded later.
    pub(crate) renewed_pem: String,
    good: Arc<ServerConfig>,
    wrong_ca: Arc<ServerConfig>,
    wrong_host: Arc<ServerConfig>,
    expired: Arc<ServerConfig>,
    speechless: Arc<ServerConfig>,
}

impl Certificates {
    /// Makes them for services on `host` and for a client that holds `client_key`.
    pub(crate) fn make(host: &str, client_key: &KeyPair) -> Result<Self> {
        let authority = Authority::make()?;
        let impostor = Authority::make()?;
        let ends = OffsetDateTime::now_utc() + Duration::days(365);
        let yesterday = OffsetDateTime::now_utc() - Duration::days(1);
        let elsewhere = "another-database.db.astra.invalid";
        let client = authority.issue("client", &[], ExtendedKeyUsagePurpose::ClientAuth, ends, client_key)?;
        let later = ends + Duration::days(30);
        let renewed =
            authority.issue("client", &[], ExtendedKeyUsagePurpose::ClientAuth, later, client_key)?;
        let service = |issuer: &Authority, name: &str, ends| {
            let key = KeyPair::generate().map_err(certificates)?;
            let certificate =
                issuer.issue(name, &[name.to_owned()], ExtendedKeyUsagePurpose::ServerAuth, ends, &key)?;
            let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
            server_config(&authority, |builder| {
                builder.with_single_cert(vec![certificate.der().clone()], key).map_err(certificates)
            })
        };
        Ok(Self {
            ca_pem: authority.certificate.pem(),
            client_pem: client.pem(),
            renewed_pem: renewed.pem(),
            good: service(&authority, host, ends)?,
            wrong_ca: service(&impostor, host, ends)?,
            wrong_host: service(&authority, elsewhere, ends)?,
            expired: service(&authority, host, yesterday)?,
            speechless: server_config(&authority, |builder| {
                Ok(builder.with_cert_resolver(Arc::new(NoCertificate)))
            })?,
        })
    }

    /// The set-up by which a service shows that identity. Each asks the client for a certificate of this authority.
    pub(crate) fn server(&self, identity: Identity) -> Arc<ServerConfig> {
        match identity {
            Identity::Good => self.good.clone(),
            Identity::WrongCa => self.wrong_ca.clone(),
            Identity::WrongHost => self.wrong_host.clone(),
            Identity::Expired => self.expired.clone(),
        }
    }

    /// A set-up that answers every client with an alert.
    pub(crate) fn speechless(&self) -> Arc<ServerConfig> {
        self.speechless.clone()
    }
}

/// What nodes show to clients that connect to them without a front, in PEM.
#[derive(Debug)]
pub(crate) struct NodeCertificates {
    /// The authority's certificate.
    pub(crate) authority: String,
    /// The private key and the certificate that goes with it.
    pub(crate) identity: String,
}

/// Makes one certificate for all of those addresses.
pub(crate) fn for_addresses(addresses: &[String]) -> Result<NodeCertificates> {
    let authority = Authority::make()?;
    let key = KeyPair::generate().map_err(certificates)?;
    let ends = OffsetDateTime::now_utc() + Duration::days(365);
    let certificate = authority.issue("node", addresses, ExtendedKeyUsagePurpose::ServerAuth, ends, &key)?;
    Ok(NodeCertificates {
        authority: authority.certificate.pem(),
        identity: key.serialize_pem() + &certificate.pem(),
    })
}

struct Authority {
    certificate: rcgen::Certificate,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn make() -> Result<Self> {
        let mut params = CertificateParams::default();
        name(&mut params, "ca.db.astra.invalid");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.not_before = OffsetDateTime::now_utc() - Duration::days(30);
        params.not_after = OffsetDateTime::now_utc() + Duration::days(3650);
        let key = KeyPair::generate().map_err(certificates)?;
        let certificate = params.self_signed(&key).map_err(certificates)?;
        Ok(Self { certificate, issuer: Issuer::new(params, key) })
    }

    fn issue(
        &self,
        common_name: &str,
        hosts: &[String],
        usage: ExtendedKeyUsagePurpose,
        ends: OffsetDateTime,
        key: &KeyPair,
    ) -> Result<rcgen::Certificate> {
        let mut params = CertificateParams::new(hosts).map_err(certificates)?;
        name(&mut params, common_name);
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
        params.extended_key_usages = vec![usage];
        params.not_before = OffsetDateTime::now_utc() - Duration::days(30);
        params.not_after = ends;
        params.signed_by(key, &self.issuer).map_err(certificates)
    }
}

fn name(params: &mut CertificateParams, common_name: &str) {
    params.distinguished_name.push(DnType::OrganizationName, "cqlbook sandbox");
    params.distinguished_name.push(DnType::CommonName, common_name);
}

type Builder = rustls::ConfigBuilder<ServerConfig, rustls::server::WantsServerCert>;

fn server_config(
    authority: &Authority,
    finish: impl FnOnce(Builder) -> Result<ServerConfig>,
) -> Result<Arc<ServerConfig>> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::clone(authority.certificate.der())).map_err(certificates)?;
    let clients = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone())
        .build()
        .map_err(certificates)?;
    let builder = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(certificates)?
        .with_client_cert_verifier(clients);
    finish(builder).map(Arc::new)
}

/// Finds no certificate for anybody, which rustls tells the client by an alert.
#[derive(Debug)]
struct NoCertificate;

impl ResolvesServerCert for NoCertificate {
    fn resolve(&self, _: rustls::server::ClientHello<'_>) -> Option<Arc<rustls::sign::CertifiedKey>> {
        None
    }
}

fn certificates(error: impl std::fmt::Display) -> Error {
    Error::Certificates(error.to_string())
}
