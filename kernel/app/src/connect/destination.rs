//! What makes up the service that a secret is for. Reads a bundle or an authority's file; sends nothing.
//!
//! Of Astra: the bundle's host and port. Of a cluster: its hosts, its port, and who it has to prove to be. A name, a keyspace, a
//! data centre and "only reads" are no part of it.

use std::path::Path;
use std::time::SystemTime;

use cqlbook_cluster::ConnectError;
use cqlbook_cluster::bundle::Bundle;
use cqlbook_cluster::small_file::{self, MAX_PEM_BYTES};
use cqlbook_core::diagnostic::{Code, Diagnostic};
use cqlbook_vault::{Destination, Place, TlsPaths};
use sha2::{Digest, Sha256};

use crate::explain;
use crate::explain::connect::Kind;
use crate::explain::file::{self, Doing};

/// Where a place leads.
///
/// # Errors
/// The bundle's, or the certificate file's: then nothing can be sent there either.
pub(super) fn of(place: &Place) -> Result<Destination, Diagnostic> {
    match place {
        Place::Astra { bundle } => of_bundle(bundle),
        Place::Cassandra { hosts, port, tls, .. } => {
            let mut names: Vec<String> = hosts.iter().map(|host| host.trim().to_lowercase()).collect();
            names.sort();
            names.dedup();
            let (authority, told) = authority(tls.as_ref())?;
            let port = port.to_string();
            let mut parts: Vec<&str> = vec![&port, &authority];
            parts.extend(names.iter().map(String::as_str));
            let words = format!("port {port}, {told}, {}", names.join(", "));
            Ok(Destination::new("cassandra", &parts, None, &words))
        }
    }
}

fn of_bundle(path: &Path) -> Result<Destination, Diagnostic> {
    let bundle = Bundle::read(path, SystemTime::now())
        .map_err(|error| explain::connect::connect(&ConnectError::from(error), Kind::Astra))?;
    let (host, port) = (bundle.host.to_lowercase(), bundle.port.to_string());
    Ok(Destination::new("astra", &[&host, &port], database(&host), &format!("{host}:{port}")))
}

/// The database's id, with which Astra's host names begin.
fn database(host: &str) -> Option<&str> {
    let id = host.get(..36)?;
    let is_id = id.char_indices().all(|(at, c)| match at {
        8 | 13 | 18 | 23 => c == '-',
        _ => c.is_ascii_hexdigit(),
    });
    is_id.then_some(id)
}

/// Whom a cluster has to prove to be, and whom it is proved to: told apart by the files' content, and as words.
fn authority(tls: Option<&TlsPaths>) -> Result<(String, String), Diagnostic> {
    let Some(tls) = tls else { return Ok(("none".to_owned(), "without TLS".to_owned())) };
    let ca = tls.ca_cert.as_deref().map(content).transpose()?;
    let cert = tls.cert.as_deref().map(content).transpose()?;
    let told = match &ca {
        Some(ca) => format!("authority {}", ca.get(..8).unwrap_or_default()),
        None => "the system's authorities".to_owned(),
    };
    Ok((format!("{}/{}", ca.unwrap_or_default(), cert.unwrap_or_default()), told))
}

fn content(path: &Path) -> Result<String, Diagnostic> {
    let bytes = small_file::read(path, MAX_PEM_BYTES).map_err(|error| {
        let told = Diagnostic::new(Code::Usage, format!("The TLS file {} cannot be used.", path.display()));
        file::with_trouble(told, &error, path, Doing::Reading)
    })?;
    Ok(Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect())
}

/// That a secret was entered for another service than the one it would be sent to.
pub(super) fn elsewhere(name: &str, old: &Destination, new: &Destination) -> Diagnostic {
    let quoted = cqlbook_core::magic::quoted(name);
    Diagnostic::new(
        Code::SecretUnreadable,
        format!("The secret of `{name}` was entered for {}, and the connection leads to {} now.", old.words(), new.words()),
    )
    .with_cause("A secret is sent only where it was entered for. Nothing was sent.")
    .with_hint(format!(
        "Enter the secret for the new place: `%connection edit {quoted} --client-secret`, where the frontend can ask."
    ))
    .with_hint("Or lead the connection back to the old place: `%connection edit`.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cluster(hosts: &[&str], port: u16, tls: Option<TlsPaths>) -> Destination {
        let hosts = hosts.iter().map(|host| (*host).to_owned()).collect();
        of(&Place::Cassandra { hosts, port, user: None, dc: None, tls }).unwrap()
    }

    #[test]
    fn hosts_port_and_authority_make_a_cluster() {
        let folder = tempfile::tempdir().unwrap();
        let ca = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            Some(TlsPaths { ca_cert: Some(path), ..TlsPaths::default() })
        };
        let one = cluster(&["A", "b"], 9042, None);
        assert!(one.is(&cluster(&["b", "a ", "a"], 9042, None)), "their order is no difference");
        for other in [
            cluster(&["a"], 9042, None),
            cluster(&["a", "b", "c"], 9042, None),
            cluster(&["a", "b"], 9043, None),
            cluster(&["a", "b"], 9042, Some(TlsPaths::default())),
            cluster(&["a", "b"], 9042, ca("x.pem", "one")),
        ] {
            assert!(!one.is(&other), "{other:?}");
        }
        let secure = cluster(&["a"], 9042, ca("x.pem", "one"));
        assert!(secure.is(&cluster(&["a"], 9042, ca("y.pem", "one"))), "the same authority, moved");
        assert!(!secure.is(&cluster(&["a"], 9042, ca("x.pem", "two"))), "another one at its path");
        assert!(!secure.is(&cluster(&["a"], 9042, Some(TlsPaths::default()))), "taken away");
    }

    #[test]
    fn a_database_is_known_by_the_id_in_its_host() {
        let id = "0a1b2c3d-0000-4000-8000-0123456789ab";
        assert_eq!(database(&format!("{id}-us-east1.db.astra.datastax.com")), Some(id));
        assert_eq!(database("localhost"), None);
        assert_eq!(database("0a1b2c3d-0000-4000-8000-0123456789äb-us"), None);
    }
}
