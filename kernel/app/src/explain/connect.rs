//! Why there is no connection, in the user's words.
//!
//! Codes and advice follow `errors.md`; the sections of `docs/errors.md` say more of each.

use std::path::Path;
use std::time::Duration;

use cqlbook_cluster::bundle::BundleError;
use cqlbook_cluster::metadata::MetadataError;
use cqlbook_cluster::{ConnectError, ServerErrorKind};
use cqlbook_core::diagnostic::{Code, Diagnostic};
use cqlbook_core::host::HostError;
use cqlbook_core::render::duration;

use super::bundle::bundle;
pub(crate) use super::bundle::moment;
use super::file::{self, Doing};
use super::link::{direct, link};
use super::{proxy, sentence};

/// Whether the failure concerns Astra or a cluster of the user's own: the advice differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Astra,
    Cassandra,
}

/// Tells why a connection could not be made.
pub(crate) fn connect(error: &ConnectError, kind: Kind) -> Diagnostic {
    match error {
        ConnectError::Bundle(error) => bundle(error),
        ConnectError::BundleReplaced { path, error } => bundle_replaced(path, error),
        ConnectError::Metadata(error) => metadata(error),
        ConnectError::Paused { waited } => paused(*waited, None),
        ConnectError::Link(error) => link(error, kind),
        ConnectError::AuthFailed { server_text } => auth_failed(server_text, kind),
        ConnectError::CredentialsRequired => {
            Diagnostic::new(Code::AuthFailed, "The server asks for a user and a password.")
                .with_cause("The cluster uses password authentication, and none were given.")
                .with_hint("Add `--user NAME`; the password is asked for.")
        }
        ConnectError::Server(error) if error.kind == ServerErrorKind::Credentials => {
            auth_failed(&error.message, kind)
        }
        ConnectError::Server(error) => super::query::server(error, kind == Kind::Astra),
        ConnectError::Keyspace { keyspace, reason } => {
            Diagnostic::new(Code::InvalidQuery, format!("The keyspace `{keyspace}` cannot be used."))
                .with_cause("There is no keyspace of that name, or the role may not see it. Names that were created in quotes keep their case.")
                .with_hint("Connect without `--keyspace`, and list the names with `DESCRIBE KEYSPACES`.")
                .with_server_text(reason)
        }
        ConnectError::NoNodes { dc, known } => Diagnostic::new(
            Code::NetworkUnreachable,
            format!("The cluster has no node in data centre `{dc}` that can be used."),
        )
        .with_cause(format!("It has these data centres: {}.", known.join(", ")))
        .with_hint(match kind {
            Kind::Cassandra => "Name one of them with `--dc`.",
            Kind::Astra => "Download the Secure Connect Bundle of the region again.",
        }),
        ConnectError::TlsFile { path, reason } => {
            let told = Diagnostic::new(Code::Usage, format!("The TLS file {} cannot be used.", path.display()));
            // `cert`, `key` and the system's certificates are named without a folder.
            if let Some(error) = file::unreadable(path).filter(|_| path.is_absolute()) {
                return file::with_trouble(told, &error, path, Doing::Reading);
            }
            told.with_cause(format!("It was read, and {reason}."))
                .with_hint("Give PEM files: `--ca-cert` the authorities, `--cert` and `--key` the client's certificate and its unencrypted key.")
        }
        ConnectError::BadHost { host } if host.is_empty() => super::host::host(&HostError::Missing, "--host"),
        ConnectError::BadHost { host } => {
            Diagnostic::new(Code::Usage, format!("`{host}` is not a host."))
                .with_cause("It is neither a name nor an address.")
                .with_hint("Give a name or an address after `--host`, and the port after `--port`.")
        }
        ConnectError::Protocol { host, port, reason } => Diagnostic::new(
            Code::NetworkUnreachable,
            format!("{host}:{port} answers, but not as a Cassandra node does."),
        )
        .with_cause("Another service listens on this port, or the node wants TLS.")
        .with_hint("Check the port; with TLS add `--ca-cert FILE`.")
        .with_server_text(reason),
        ConnectError::TimedOut { after, asked, last } => timed_out(*after, asked.as_ref(), last.as_deref(), kind),
        ConnectError::Loopback { reason } => Diagnostic::new(
            Code::InternalError,
            "The kernel could not open a listener of its own on the loopback interface.",
        )
        .with_cause(format!("The system says: {reason}."))
        .with_hint("Check that the machine has a loopback interface and free ports."),
        ConnectError::Driver { reason } => {
            Diagnostic::new(Code::ConnectionLost, "The connection could not be made.")
                .with_cause("The driver gave up for the reason below.")
                .with_hint("Run the cell again.")
                .with_server_text(reason)
        }
        other => Diagnostic::new(Code::ConnectionLost, "The connection could not be made.")
            .with_cause(sentence(&other.to_string()))
            .with_hint("Run the cell again."),
    }
}

/// The bundle of an open connection, which was read again: what lies at its path now.
fn bundle_replaced(path: &Path, error: &BundleError) -> Diagnostic {
    let mut diagnostic = bundle(error);
    // Nothing was typed just now.
    diagnostic.hints.retain(|hint| !hint.starts_with("Check the path after"));
    let path = path.display().to_string();
    if !diagnostic.message.contains(&path) {
        diagnostic.message = format!("{} It is the one at {path}.", diagnostic.message);
    }
    if !matches!(error, BundleError::OtherPlace { .. }) {
        diagnostic.hints.push(format!(
            "When a whole bundle of the same database is at {path}, the kernel goes on with it by itself."
        ));
    }
    diagnostic
}

/// That what was typed is no port.
pub(crate) fn no_port(text: &str) -> Diagnostic {
    Diagnostic::new(Code::Usage, format!("`{text}` is not a port."))
        .with_cause("Nothing was tried.")
        .with_hint("A port is a whole number from 1 to 65535; Cassandra's is 9042.")
}

fn metadata(error: &MetadataError) -> Diagnostic {
    match error {
        MetadataError::Paused { text } => paused(Duration::ZERO, Some(text)),
        MetadataError::Refused { status, text } => Diagnostic::new(
            Code::MetadataRefused,
            format!("Astra's metadata service refused the bundle (HTTP {status})."),
        )
        .with_cause("The database is hibernated, or the bundle was revoked or belongs to a deleted database. A sleeping database can answer so too.")
        .with_hint("Look at the database in the Astra console. Resume it if it sleeps, and run the cell again.")
        .with_hint("If it is active, download its Secure Connect Bundle again.")
        .with_server_text(text),
        MetadataError::Invalid { reason, status, first_bytes } => {
            invalid_metadata(reason, *status).with_server_text(first_bytes)
        }
        MetadataError::Link(error) => link(error, Kind::Astra),
        other => Diagnostic::new(Code::MetadataInvalid, "The metadata service could not be asked.")
            .with_cause(sentence(&other.to_string()))
            .with_hint("Run the cell again in a minute."),
    }
}

fn invalid_metadata(reason: &str, status: u16) -> Diagnostic {
    let told =
        Diagnostic::new(Code::MetadataInvalid, "The metadata service's answer is not what Astra sends.");
    let told = match status {
        0 => told.with_cause("It is not HTTP at all. Another service listens there, or a proxy stands in between."),
        300..400 => told.with_cause(format!(
            "It leads to another address (HTTP {status}), as the sign-in page of a network does. It was not followed."
        )),
        500.. => {
            return told
                .with_cause(format!("The service, or a proxy before it, is in trouble (HTTP {status})."))
                .with_hint("Run the cell again in a minute.")
                .with_hint("If it stays, look at the database in the Astra console.");
        }
        200 => told.with_cause(format!("{} A proxy or a sign-in page may stand in between.", sentence(reason))),
        _ => told.with_cause(format!("Its status is HTTP {status}. A proxy may stand in between.")),
    };
    told.with_hint(
        "Open a web page in a browser: if the network asks you to sign in, do so, and run the cell again.",
    )
    .with_hint("Or try from another network, or ask who runs this one about outbound HTTPS.")
}

fn paused(waited: Duration, text: Option<&str>) -> Diagnostic {
    let message = if waited.is_zero() {
        "The database is paused.".to_owned()
    } else {
        format!("The database is still paused after {}.", duration(waited))
    };
    let diagnostic = Diagnostic::new(Code::DatabasePaused, message)
        .with_cause("A serverless database sleeps after a time without use. It takes some minutes to wake.")
        .with_hint("Resume it in the Astra console, and run the cell again.")
        .with_hint("Or wait longer: `%set timeout 5m`.");
    match text {
        Some(text) => diagnostic.with_server_text(text),
        None => diagnostic,
    }
}

pub(crate) fn auth_failed(server_text: &str, kind: Kind) -> Diagnostic {
    let diagnostic = match kind {
        Kind::Astra => Diagnostic::new(Code::AuthFailed, "The server refused the Client ID and Client Secret.")
            .with_cause("One of them is wrong, was revoked, or belongs to another organisation than the database. The same holds for a token, which goes with the Client ID `token`.")
            .with_hint("Generate a token in the Astra console (Settings, Tokens), and connect with its Client ID and Client Secret."),
        Kind::Cassandra => Diagnostic::new(Code::AuthFailed, "The server refused the user and the password.")
            .with_cause("One of them is wrong, or the role may not log in.")
            .with_hint("Check the user (`--user`, or the name behind `LOGIN`), and run the cell again to be asked for the password."),
    };
    diagnostic.with_server_text(server_text)
}

fn timed_out(
    after: Duration,
    asked: Option<&(String, u16)>,
    last: Option<&ConnectError>,
    kind: Kind,
) -> Diagnostic {
    // The last failure seen says more than the bound; the bound is added.
    if let Some(last) = last {
        let mut diagnostic = connect(last, kind);
        let waited = format!("It was tried for {}.", duration(after));
        diagnostic.cause = Some(match diagnostic.cause.take() {
            Some(cause) => format!("{cause} {waited}"),
            None => waited,
        });
        return diagnostic;
    }
    let (message, place) = match asked {
        Some((host, port)) => (
            format!("{host}:{port} gave no connection within {}.", duration(after)),
            format!("{host}:{port}"),
        ),
        None => (format!("There was no connection after {}.", duration(after)), "the service".to_owned()),
    };
    Diagnostic::new(Code::NetworkUnreachable, message)
        .with_cause("The service is slow or hangs, or a firewall drops the packets.")
        .with_hint(match kind {
            _ if !proxy::set().is_empty() => direct(&proxy::set(), &place),
            Kind::Astra => {
                format!("Check the network and the VPN, and that outbound HTTPS to {place} is allowed.")
            }
            Kind::Cassandra => format!("Check the network, and that no firewall stands before {place}."),
        })
        .with_hint("Or wait longer: `%set timeout 2m`.")
}

#[cfg(test)]
mod tests {
    use cqlbook_cluster::link::LinkError;

    use super::*;

    #[test]
    fn a_time_out_names_the_last_failure_and_the_time() {
        let last = ConnectError::Link(LinkError::Refused { host: "h".to_owned(), port: 1 });
        let error = ConnectError::TimedOut {
            after: Duration::from_secs(30),
            asked: None,
            last: Some(Box::new(last)),
        };
        let told = connect(&error, Kind::Astra);
        assert_eq!(told.code, Code::NetworkUnreachable);
        assert_eq!(told.message, "h:1 refused the connection.");
        assert!(told.cause.is_some_and(|cause| cause.contains("It was tried for")));
    }
}
