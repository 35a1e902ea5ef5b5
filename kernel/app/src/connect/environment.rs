//! Secrets of the environment, and where they may be sent.
//!
//! The rule: they go to the place that the environment names beside them (`ASTRA_DB_SECURE_BUNDLE_PATH`; `CASSANDRA_HOST` with its
//! port, `CASSANDRA_CA_CERT`, `CASSANDRA_CERT`). Where it names none, they go to the place that a cell names after the person said yes, once for each place and kernel. To
//! any other place they do not go.

use cqlbook_core::diagnostic::{Code, Diagnostic};
use cqlbook_core::host::{Hosts, NATIVE_PORT};
use cqlbook_vault::{Destination, Place, TlsPaths};

use super::desk::Desk;
use super::destination;
use super::shelf::Shelf;
use crate::explain::host::host;

const BUNDLE: &str = "ASTRA_DB_SECURE_BUNDLE_PATH";
const HOST: &str = "CASSANDRA_HOST";
/// The authority that the cluster of [`HOST`] has to prove itself by: a file, or [`SYSTEM`] for those of the system.
const CA_CERT: &str = "CASSANDRA_CA_CERT";
const SYSTEM: &str = "system";
/// The certificate that the client shows it.
const CERT: &str = "CASSANDRA_CERT";
/// What of the environment is sent to an Astra database.
const OF_ASTRA: [&str; 3] = ["ASTRA_DB_CLIENT_ID", "ASTRA_DB_CLIENT_SECRET", "ASTRA_DB_APPLICATION_TOKEN"];

/// A variable that is set to something.
pub(super) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.trim().is_empty())
}

/// Whether the environment has a secret for Astra and names no bundle.
pub(super) fn is_astra_unbound() -> bool {
    variable(BUNDLE).is_none() && OF_ASTRA.iter().any(|name| variable(name).is_some())
}

/// Says of fields that are missing though the environment has a secret for them, which was not to go there: what they lack is the
/// place.
pub(super) fn kept_back(missing: Diagnostic, is_astra: bool) -> Diagnostic {
    let (names, place): (&[&str], &str) =
        if is_astra { (&OF_ASTRA, BUNDLE) } else { (&["CASSANDRA_PASSWORD"], HOST) };
    let set: Vec<&str> = names.iter().copied().filter(|name| variable(name).is_some()).collect();
    if set.is_empty() {
        return missing;
    }
    told_kept_back(missing, &set.join(", "), place)
}

fn told_kept_back(missing: Diagnostic, set: &str, place: &str) -> Diagnostic {
    let message = missing.message.clone();
    let are = if set.contains(", ") { "are" } else { "is" };
    Diagnostic::new(missing.code, message)
        .with_cause(format!("{set} {are} set, and was not sent here, as {place} does not say that it may be; and the prompt gave none. Nothing was tried."))
        .with_hint(format!("Set {place} to this place too, before the kernel starts, or run the cell where the frontend can ask."))
}

/// The bundle that the environment names.
pub(super) fn bundle() -> Option<String> {
    variable(BUNDLE)
}

/// Whether Astra's secrets of the environment may be sent to `to`, where `bundle` leads, which a cell, a prompt or a saved
/// connection names. No bundle stands for the environment's own.
///
/// # Errors
/// `CONFIRMATION_REQUIRED` where they may not and nobody can be asked for others; `INTERRUPTED`.
pub(super) async fn may_go_by_bundle(
    desk: &dyn Desk,
    shelf: &Shelf,
    bundle: Option<&str>,
    to: Option<&Destination>,
) -> Result<bool, Diagnostic> {
    let place = |typed: &str| Place::Astra { bundle: desk.path(typed) };
    let named = bundle.filter(|typed| !typed.trim().is_empty()).map(place);
    let own = variable(BUNDLE);
    let is_fixed = own.as_deref().is_some_and(is_one_place);
    let is_own = named.is_none() && (is_fixed || own.is_none());
    if is_own || !OF_ASTRA.iter().any(|name| variable(name).is_some()) {
        return Ok(true);
    }
    // A bundle that could not be looked at fails before anything is sent.
    let Some(to) = to else { return Ok(true) };
    let what = "Client ID and secret";
    match own.filter(|_| is_fixed) {
        Some(own) if Some(place(&own)) == named => Ok(true),
        Some(own) => {
            let of = destination::of(&place(&own)).ok();
            if of.as_ref().is_some_and(|of| of.is(to)) {
                return Ok(true);
            }
            let of = of.map_or_else(|| format!("the bundle {own}"), |of| of.words().to_owned());
            other_place(desk, what, &of, BUNDLE, to).await
        }
        None => first_time(desk, shelf, what, BUNDLE, to).await,
    }
}

/// Whether a path of the environment is one place in every notebook's folder, and not whatever lies in the one at hand.
fn is_one_place(path: &str) -> bool {
    let path = path.trim();
    path == "~" || path.starts_with("~/") || std::path::Path::new(path).is_absolute()
}

/// The password of the environment, where it may be sent to `to`, where `place` leads.
///
/// # Errors
/// As [`may_go_by_bundle`]; and where the environment's own place cannot be told.
pub(super) async fn password(
    desk: &dyn Desk,
    shelf: &Shelf,
    place: &Place,
    to: &Destination,
) -> Result<Option<String>, Diagnostic> {
    let Some(password) = variable("CASSANDRA_PASSWORD") else { return Ok(None) };
    let Place::Cassandra { hosts, .. } = place else { return Ok(None) };
    let files = [variable(CA_CERT).filter(|ca| ca.trim() != SYSTEM), variable(CERT)];
    let is_fixed = files.iter().flatten().all(|path| is_one_place(path));
    let may = match variable(HOST).filter(|_| is_fixed) {
        Some(text) => {
            let own = Cluster::of(desk, &text)?;
            if own.is_at(hosts, to) {
                true
            } else {
                other_place(desk, "password", own.destination(own.hosts.clone())?.words(), HOST, to).await?
            }
        }
        None => first_time(desk, shelf, "password", HOST, to).await?,
    };
    Ok(may.then_some(password))
}

/// The cluster that the environment names: hosts, port, and who it has to prove to be.
struct Cluster {
    hosts: Vec<String>,
    port: u16,
    tls: Option<TlsPaths>,
}

impl Cluster {
    /// By `CASSANDRA_HOST`, and the variables of its certificates: without those it is a cluster without TLS.
    ///
    /// # Errors
    /// `USAGE` where it names no hosts.
    fn of(desk: &dyn Desk, text: &str) -> Result<Self, Diagnostic> {
        let own = Hosts::parse([text]).map_err(|error| {
            let told = host(&error, HOST);
            Diagnostic { message: format!("{HOST} names no hosts. {}", told.message), ..told }
        })?;
        let (ca, cert) = (variable(CA_CERT), variable(CERT));
        let tls = (ca.is_some() || cert.is_some()).then(|| TlsPaths {
            ca_cert: ca.filter(|ca| ca.trim() != SYSTEM).map(|ca| desk.path(&ca)),
            cert: cert.map(|cert| desk.path(&cert)),
            key: None,
        });
        Ok(Self { hosts: own.names, port: own.port.unwrap_or(NATIVE_PORT), tls })
    }

    fn destination(&self, hosts: Vec<String>) -> Result<Destination, Diagnostic> {
        let (port, tls) = (self.port, self.tls.clone());
        destination::of(&Place::Cassandra { hosts, port, user: None, dc: None, tls }).map_err(|error| {
            error.with_hint(format!("{CA_CERT} and {CERT} name files of the environment's own."))
        })
    }

    /// Whether `hosts` are some of its own, and the destination that they make up is its own.
    fn is_at(&self, hosts: &[String], to: &Destination) -> bool {
        let is_own = |host: &String| self.hosts.iter().any(|own| own.eq_ignore_ascii_case(host.trim()));
        !hosts.is_empty()
            && hosts.iter().all(is_own)
            && self.destination(hosts.to_vec()).is_ok_and(|own| own.is(to))
    }
}

async fn other_place(
    desk: &dyn Desk,
    what: &str,
    of: &str,
    variable: &str,
    to: &Destination,
) -> Result<bool, Diagnostic> {
    let (belong, they, those) =
        if what == "password" { ("belongs", "It is", "that") } else { ("belong", "They are", "those") };
    let kept_back = format!(
        "The environment's {what} {belong} to {of}, by {variable}, and the cell names {}.",
        to.words()
    );
    if desk.can_ask() {
        desk.say(&format!("{kept_back} {they} not sent there. Enter {those} for {}.", to.words())).await;
        return Ok(false);
    }
    let more = if variable == HOST {
        format!(" (`host:port`; of a cluster with TLS {CA_CERT} and {CERT} too)")
    } else {
        String::new()
    };
    Err(Diagnostic::new(Code::ConfirmationRequired, kept_back)
        .with_cause("A secret is sent only to the place that it belongs to. Nothing was sent.")
        .with_hint(format!("Set {variable}{more} to the place that the cell names, and the secret with it, before the kernel starts."))
        .with_hint("Or run the cell where the frontend can ask."))
}

async fn first_time(
    desk: &dyn Desk,
    shelf: &Shelf,
    what: &str,
    variable: &str,
    to: &Destination,
) -> Result<bool, Diagnostic> {
    if shelf.is_allowed(to) {
        return Ok(true);
    }
    if desk.can_ask() {
        let question = format!("Send the environment's {what} to {}? [y/N] ", to.words());
        if let Some(yes) = desk.agrees(&question).await? {
            if yes {
                shelf.allow(to);
            }
            return Ok(yes);
        }
    }
    let (they, paths) =
        if what == "password" { ("it belongs", "") } else { ("they belong", ", with an absolute path") };
    Err(Diagnostic::new(
        Code::ConfirmationRequired,
        format!("The environment's {what} would be sent to {}, which only the cell names.", to.words()),
    )
    .with_cause(format!(
        "The environment does not say where {they}, and the frontend cannot ask. Nothing was sent."
    ))
    .with_hint(format!("Set {variable} too, before the kernel starts{paths}."))
    .with_hint("Or run the cell where the frontend can ask."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn destination(hosts: &[&str], port: u16, ca: Option<&std::path::Path>) -> Destination {
        let tls = ca.map(|ca| TlsPaths { ca_cert: Some(ca.to_owned()), ..TlsPaths::default() });
        let hosts = hosts.iter().map(|host| (*host).to_owned()).collect();
        destination::of(&Place::Cassandra { hosts, port, user: None, dc: None, tls }).unwrap()
    }

    fn is_at(own: &str, ca: Option<&std::path::Path>, named: &[&str], to: &Destination) -> bool {
        let own = Hosts::parse([own]).unwrap();
        let (hosts, port) = (own.names, own.port.unwrap_or(NATIVE_PORT));
        let tls = ca.map(|ca| TlsPaths { ca_cert: Some(ca.to_owned()), ..TlsPaths::default() });
        let named: Vec<String> = named.iter().map(|host| (*host).to_owned()).collect();
        Cluster { hosts, port, tls }.is_at(&named, to)
    }

    #[test]
    fn a_password_is_for_the_hosts_and_the_port_that_the_variable_names() {
        for (own, named, port) in [
            ("db", vec!["db"], 9042),
            ("a, db", vec!["DB", "a"], 9042),
            ("a,db", vec!["db"], 9042),
            ("db:9142", vec!["db"], 9142),
            ("[::1]:9142", vec!["::1"], 9142),
            ("::1", vec!["::1"], 9042),
            ("cql://db:9142", vec!["db"], 9142),
            ("db.", vec!["db"], 9042),
        ] {
            assert!(is_at(own, None, &named, &destination(&named, port, None)), "{own} {named:?} {port}");
        }
        for (own, named, port) in [
            ("db", vec!["other"], 9042),
            ("db", vec!["db", "other"], 9042),
            ("db", vec!["db.evil"], 9042),
            ("db", vec!["d"], 9042),
            ("db", vec!["db"], 31337),
            ("db:9142", vec!["db"], 9042),
            ("db", vec![], 9042),
        ] {
            assert!(!is_at(own, None, &named, &destination(&named, port, None)), "{own} {named:?} {port}");
        }
    }

    #[test]
    fn who_kept_a_secret_back_is_not_told_to_set_it() {
        let missing =
            Diagnostic::new(Code::FieldsRequired, "Missing: password.").with_hint("Set CASSANDRA_PASSWORD.");
        let told = told_kept_back(missing, "CASSANDRA_PASSWORD", HOST);
        assert_eq!((told.code, told.message.as_str()), (Code::FieldsRequired, "Missing: password."));
        assert!(told.hints.len() == 1 && told.hints[0].starts_with("Set CASSANDRA_HOST"), "{:?}", told.hints);
    }

    #[test]
    fn a_relative_path_is_no_place() {
        for path in ["/home/ada/scb.zip", "~/scb.zip", "~", " /a "] {
            assert!(is_one_place(path), "{path}");
        }
        for path in ["scb.zip", "./scb.zip", "../scb.zip", "~ada/scb.zip", ""] {
            assert!(!is_one_place(path), "{path}");
        }
    }

    #[test]
    fn a_password_is_for_the_authority_that_the_environment_names() {
        let folder = tempfile::tempdir().unwrap();
        let [one, other] = ["one", "other"].map(|name| {
            let path = folder.path().join(name);
            std::fs::write(&path, name).unwrap();
            path
        });
        let to = |ca| destination(&["db"], 9042, ca);
        assert!(is_at("db", Some(&one), &["db"], &to(Some(&one))));
        for (own, ca) in [(Some(&*one), None), (Some(&*one), Some(&*other)), (None, Some(&*one))] {
            assert!(!is_at("db", own, &["db"], &to(ca)), "{own:?} {ca:?}");
        }
    }
}
