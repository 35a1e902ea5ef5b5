//! Where an Astra database is looked up: its bundle, at first and again when all its nodes are gone.
//!
//! The rule: the credentials were given for the place of the first bundle, its host, its port and its authorities. A bundle that lies at
//! the path later is followed without a word where it leads to the same place: certificates that end are followed by others of the
//! same authority. Any other one is refused, before anything is sent: only a person can say that it is meant, at a new connection.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use rustls::ClientConfig;
use rustls_pki_types::CertificateDer;

use crate::bundle::{Bundle, BundleError, Elsewhere};
use crate::connect::{blocking, metadata_failure, route};
use crate::error::ConnectError;
use crate::metadata;
use crate::relay::Route;
use crate::target::Timeouts;
use crate::tls;

/// Where an Astra database is looked up.
#[derive(Debug, Clone)]
pub(crate) struct AstraSource {
    bundle: PathBuf,
    timeouts: Timeouts,
    /// The place of the bundle as it was read first.
    pinned: Arc<OnceLock<Place>>,
}

/// What credentials are given for.
#[derive(Debug)]
struct Place {
    host: String,
    port: u16,
    authorities: Vec<CertificateDer<'static>>,
}

impl Place {
    fn of(bundle: &Bundle) -> Self {
        Self { host: bundle.host.clone(), port: bundle.port, authorities: bundle.authorities.clone() }
    }

    /// How the place of `bundle` is another one, if it is.
    fn elsewhere(&self, bundle: &Bundle) -> Option<Elsewhere> {
        if !self.host.eq_ignore_ascii_case(&bundle.host) {
            Some(Elsewhere::Host)
        } else if self.port != bundle.port {
            Some(Elsewhere::Port)
        } else if bundle.authorities.iter().any(|authority| !self.authorities.contains(authority)) {
            // Fewer of them let nobody in who was not trusted before.
            Some(Elsewhere::Authority)
        } else {
            None
        }
    }
}

impl AstraSource {
    /// The database of the bundle at this path.
    pub(crate) fn new(bundle: PathBuf, timeouts: Timeouts) -> Self {
        Self { bundle, timeouts, pinned: Arc::default() }
    }

    /// The bundle as it is now, with what TLS takes of it.
    ///
    /// # Errors
    /// Those of the bundle; [`BundleError::OtherPlace`].
    pub(crate) async fn read(&self) -> Result<(Bundle, Arc<ClientConfig>), ConnectError> {
        let path = self.bundle.clone();
        self.of_same_place(blocking(move || Bundle::read(&path, SystemTime::now())).await??)
    }

    /// The bundle with what TLS takes of it, if it leads to the place of the one before.
    ///
    /// # Errors
    /// [`BundleError::OtherPlace`].
    pub(crate) fn of_same_place(&self, bundle: Bundle) -> Result<(Bundle, Arc<ClientConfig>), ConnectError> {
        let place = self.pinned.get_or_init(|| Place::of(&bundle));
        if let Some(how) = place.elsewhere(&bundle) {
            let (was, now) =
                (format!("{}:{}", place.host, place.port), format!("{}:{}", bundle.host, bundle.port));
            return Err(BundleError::OtherPlace { path: self.bundle.clone(), how, was, now }.into());
        }
        let tls = tls::astra(&bundle).map_err(|reason| ConnectError::Driver { reason })?;
        Ok((bundle, tls))
    }

    /// Reads the bundle and asks the metadata service anew, once.
    pub(crate) async fn look_up(&self) -> Result<Route, ConnectError> {
        let (bundle, tls) = self.read().await.map_err(|error| match error {
            ConnectError::Bundle(error) => {
                ConnectError::BundleReplaced { path: self.bundle.clone(), error: Box::new(error) }
            }
            other => other,
        })?;
        let metadata = metadata::fetch(&bundle, &tls, &self.timeouts).await.map_err(metadata_failure)?;
        Ok(route(&bundle, tls, metadata))
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
    use rustls::sign::CertifiedKey;
    use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

    use super::*;

    struct Authority {
        certificate: CertificateDer<'static>,
        issuer: Issuer<'static, KeyPair>,
    }

    impl Authority {
        fn new() -> Self {
            let key = KeyPair::generate().unwrap();
            let mut params = CertificateParams::new(Vec::new()).unwrap();
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            let certificate = params.self_signed(&key).unwrap().der().clone();
            Self { certificate, issuer: Issuer::new(params, key) }
        }

        /// A bundle with a client's certificate of its own.
        fn bundle(&self, host: &str, port: u16, more: &[&Self]) -> Bundle {
            let key = KeyPair::generate().unwrap();
            let certificate =
                CertificateParams::new(Vec::new()).unwrap().signed_by(&key, &self.issuer).unwrap();
            let der = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
            let signing = rustls::crypto::ring::sign::any_supported_type(&der).unwrap();
            let identity = CertifiedKey::new(vec![certificate.der().clone()], signing);
            let more = more.iter().map(|other| other.certificate.clone());
            Bundle {
                host: host.to_owned(),
                port,
                cql_port: None,
                keyspace: None,
                local_dc: None,
                valid_until: SystemTime::now(),
                authorities: std::iter::once(self.certificate.clone()).chain(more).collect(),
                identity: Arc::new(identity),
            }
        }
    }

    #[test]
    fn new_certificates_of_the_same_place_are_followed_and_no_other_place() {
        let (own, other, third) = (Authority::new(), Authority::new(), Authority::new());
        let source = AstraSource::new(PathBuf::from("b.zip"), Timeouts::default());
        let taken = |bundle: Bundle| match source.of_same_place(bundle) {
            Ok(_) => None,
            Err(ConnectError::Bundle(BundleError::OtherPlace { how, .. })) => Some(how),
            Err(error) => panic!("{error}"),
        };
        assert_eq!(taken(own.bundle("db.example", 29080, &[&other])), None);
        for same in [
            own.bundle("db.example", 29080, &[&other]),
            own.bundle("DB.example", 29080, &[&other]),
            other.bundle("db.example", 29080, &[&own]),
            own.bundle("db.example", 29080, &[]),
            other.bundle("db.example", 29080, &[]),
        ] {
            assert_eq!(taken(same), None);
        }
        for (bundle, how) in [
            (own.bundle("db.example.org", 29080, &[]), Elsewhere::Host),
            (own.bundle("db.example", 29081, &[]), Elsewhere::Port),
            (third.bundle("db.example", 29080, &[]), Elsewhere::Authority),
            (own.bundle("db.example", 29080, &[&third]), Elsewhere::Authority),
        ] {
            assert_eq!(taken(bundle), Some(how));
        }
    }
}
