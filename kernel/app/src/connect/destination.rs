//! What makes up the service that a secret is for. Reads a bundle or an authority's file; sends nothing.
//!
//! Of Astra: the bundle's host, port and authority. Of a cluster: its hosts, its port, who it has to prove to be, and as whom the
//! client proves itself. A name, a keyspace, a data centre and "only reads" are no part of it.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use cqlbook_cluster::bundle::Bundle;
use cqlbook_cluster::small_file::{self, MAX_PEM_BYTES};
use cqlbook_cluster::{ConnectError, LookedAt, Pem, TlsContent};
use cqlbook_core::diagnostic::{Code, Diagnostic};
use cqlbook_vault::{Destination, Place, TlsPaths};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::explain;
use crate::explain::connect::Kind;
use crate::explain::file::{self, Doing};

/// A place as it was when it was looked at: what it is told by, and what its files held. Who connects uses those, so that the
/// place which was judged is the place which is connected to.
pub(super) struct Looked {
    /// The service.
    pub(super) destination: Destination,
    /// What the files held; `None` where there are none.
    pub(super) content: Option<LookedAt>,
}

/// Where a place leads.
///
/// # Errors
/// As [`look`].
pub(super) fn of(place: &Place) -> Result<Destination, Diagnostic> {
    look(place).map(|looked| looked.destination)
}

/// Looks where a place leads, once.
///
/// # Errors
/// The bundle's, or the certificate file's: then nothing can be sent there either.
pub(super) fn look(place: &Place) -> Result<Looked, Diagnostic> {
    match place {
        Place::Astra { bundle } => of_bundle(bundle),
        Place::Cassandra { hosts, port, tls, .. } => {
            let mut names: Vec<String> = hosts.iter().map(|host| host.trim().to_lowercase()).collect();
            names.sort();
            names.dedup();
            let content = tls.clone().map(content).transpose()?;
            let (authority, told) = authority(content.as_ref());
            let port = port.to_string();
            let mut parts: Vec<&str> = vec![&port, &authority];
            parts.extend(names.iter().map(String::as_str));
            let words = format!("port {port}, {told}, {}", names.join(", "));
            let destination = Destination::new("cassandra", &parts, None, &words);
            Ok(Looked { destination, content: content.map(LookedAt::Tls) })
        }
    }
}

fn of_bundle(path: &Path) -> Result<Looked, Diagnostic> {
    let bundle = Bundle::read(path, SystemTime::now())
        .map_err(|error| explain::connect::connect(&ConnectError::from(error), Kind::Astra))?;
    let (host, port) = (bundle.host.to_lowercase(), bundle.port.to_string());
    // Whoever answers at the host is believed by the bundle's own authority: it is a part of where the bundle leads.
    let mut authorities: Vec<String> = bundle.authorities().map(fingerprint).collect();
    authorities.sort();
    authorities.dedup();
    let told: Vec<&str> = authorities.iter().map(|authority| short(authority)).collect();
    let words = format!("{host}:{port}, authority {}", told.join(" and "));
    let mut parts: Vec<&str> = vec![&host, &port];
    parts.extend(authorities.iter().map(String::as_str));
    let destination = Destination::new("astra", &parts, database(&host).as_deref(), &words);
    Ok(Looked { destination, content: Some(LookedAt::Bundle(Box::new(bundle))) })
}

/// The database, where the host is one of its: its id, with which Astra's host names begin, and the domain that the region stands
/// in. A host that begins with the id of another domain's database is no way to it.
fn database(host: &str) -> Option<String> {
    let (id, rest) = host.split_at_checked(36)?;
    let is_id = id.char_indices().all(|(at, c)| match at {
        8 | 13 | 18 | 23 => c == '-',
        _ => c.is_ascii_hexdigit(),
    });
    let (region, domain) = rest.strip_prefix('-')?.split_once('.')?;
    (is_id && !region.is_empty() && !domain.is_empty()).then(|| format!("{id}.{domain}"))
}

/// Whom a cluster has to prove to be, and whom it is proved to: told apart by the files' content, and as words.
fn authority(content: Option<&TlsContent>) -> (String, String) {
    let Some(content) = content else { return ("none".to_owned(), "without TLS".to_owned()) };
    let hash = |pem: &Option<Pem>| pem.as_ref().map(|pem| fingerprint(&pem.bytes));
    let (ca, cert) = (hash(&content.ca_cert), hash(&content.cert));
    let mut told = match &ca {
        Some(ca) => format!("authority {}", short(ca)),
        None => "the system's authorities".to_owned(),
    };
    if let Some(cert) = &cert {
        told.push_str(&format!(", client certificate {}", short(cert)));
    }
    (format!("{}/{}", ca.unwrap_or_default(), cert.unwrap_or_default()), told)
}

fn fingerprint(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// As much of a fingerprint as a person compares.
fn short(fingerprint: &str) -> &str {
    fingerprint.get(..16).unwrap_or(fingerprint)
}

fn content(TlsPaths { ca_cert, cert, key }: TlsPaths) -> Result<TlsContent, Diagnostic> {
    let read = |path: Option<PathBuf>| path.map(pem).transpose();
    Ok(TlsContent { ca_cert: read(ca_cert)?, cert: read(cert)?, key: read(key)? })
}

fn pem(path: PathBuf) -> Result<Pem, Diagnostic> {
    match small_file::read(&path, MAX_PEM_BYTES) {
        Ok(bytes) => Ok(Pem { path, bytes: Zeroizing::new(bytes) }),
        Err(error) => {
            let told =
                Diagnostic::new(Code::Usage, format!("The TLS file {} cannot be used.", path.display()));
            Err(file::with_trouble(told, &error, &path, Doing::Reading))
        }
    }
}

/// That the secret of a saved connection was entered for another service than the one it would be sent to.
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

/// That a secret which is not kept was given for another service than the one it would be sent to: what the connection's files
/// hold was changed meanwhile. `old` is where it led, where that could be told.
pub(super) fn moved(old: Option<&Destination>, new: &Destination) -> Diagnostic {
    let message = match old {
        Some(old) => {
            format!(
                "The secret was given for {}, and the connection leads to {} now.",
                old.words(),
                new.words()
            )
        }
        None => format!(
            "The secret was given when nothing told where the connection leads. It leads to {} now.",
            new.words()
        ),
    };
    Diagnostic::new(Code::SecretUnreadable, message)
        .with_cause("A secret is sent only where it was given for. Nothing was sent.")
        .with_hint(
            "If the new place is meant, connect anew with `%connect`: what is sent there is asked for.",
        )
        .with_hint("Else see who changed the bundle, or the certificates, at the connection's paths.")
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
    fn a_database_is_known_by_the_id_and_the_domain_of_its_host() {
        let id = "0a1b2c3d-0000-4000-8000-0123456789ab";
        let of = |rest: &str| database(&format!("{id}{rest}"));
        let east = of("-us-east1.db.astra.datastax.com").unwrap();
        assert_eq!(of("-eu-central-1.db.astra.datastax.com").unwrap(), east);
        for other in [
            "-us-east1.db.astra.datastax.com.private-link-eu-central-1.evil.example",
            "-us-east1.db.astra.datastax.com.evil.example",
            "-us-east1.evil.example",
            "-us-east1.db.astra.datastax.co",
        ] {
            assert_ne!(of(other).unwrap(), east, "{other}");
        }
        for none in ["", ".db.astra.datastax.com", "-us-east1", "-.db", "-us-east1."] {
            assert_eq!(of(none), None, "{none}");
        }
        assert_eq!(database("localhost"), None);
        assert_eq!(database("0a1b2c3d-0000-4000-8000-0123456789äb-us.x"), None);
    }

    #[test]
    fn its_words_name_all_of_it() {
        let hosts = ["00.db-node-1.prod.corp.example.with.many.labels.of.ones.own.prod.example", "127.0.0.1"];
        assert_eq!(
            cluster(&hosts, 31337, None).words(),
            format!("port 31337, without TLS, {}, {}", hosts[0], hosts[1])
        );
    }
}
