//! Why there is no connection, in the user's words.
//!
//! Codes and advice follow `errors.md`; the sections of `docs/errors.md` say more of each.

use std::time::{Duration, SystemTime};

use cqlbook_cluster::bundle::BundleError;
use cqlbook_cluster::link::{Distrust, LinkError};
use cqlbook_cluster::metadata::MetadataError;
use cqlbook_cluster::{ConnectError, ServerErrorKind};
use cqlbook_core::diagnostic::{Code, Diagnostic};
use cqlbook_core::render::duration;

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
                .with_hint("Leave `--keyspace` out, and look at the names with `SELECT keyspace_name FROM system_schema.keyspaces`.")
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
            Diagnostic::new(Code::Usage, format!("The TLS file {} cannot be used.", path.display()))
                .with_cause(format!("It was read, and {reason}."))
                .with_hint("Give PEM files: `--ca-cert` the authorities, `--cert` and `--key` the client's certificate and its unencrypted key.")
        }
        ConnectError::BadHost { host } if host.is_empty() => {
            Diagnostic::new(Code::FieldsRequired, "All fields are required. Missing: host.")
                .with_hint("Add `--host HOST`, or several with commas between them.")
        }
        ConnectError::BadHost { host } => {
            Diagnostic::new(Code::Usage, format!("`{host}` is not a host."))
                .with_hint("Give a name or an address after `--host`, and the port after `--port`.")
        }
        ConnectError::Protocol { host, port, reason } => Diagnostic::new(
            Code::NetworkUnreachable,
            format!("{host}:{port} answers, but not as a Cassandra node does."),
        )
        .with_cause("Another service listens on this port, or the node wants TLS.")
        .with_hint("Check the port; with TLS add `--ca-cert FILE`.")
        .with_server_text(reason),
        ConnectError::TimedOut { after, last } => timed_out(*after, last.as_deref(), kind),
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
            .with_hint("Run the cell again.")
            .with_server_text(other.to_string()),
    }
}

fn bundle(error: &BundleError) -> Diagnostic {
    const DOWNLOAD: &str =
        "Download the bundle again: Astra console, your database, Connect, Secure Connect Bundle.";
    match error {
        BundleError::NotFound { path, reason } => {
            Diagnostic::new(Code::BundleNotFound, format!("There is no bundle at {}.", path.display()))
                .with_cause("Relative paths start at the notebook's folder, and `~` is your home folder.")
                .with_hint("Check the path after `--bundle`, or the one in ASTRA_DB_SECURE_BUNDLE_PATH.")
                .with_server_text(reason)
        }
        BundleError::Extracted { path } => Diagnostic::new(
            Code::BundleExtracted,
            format!("{} is part of an unpacked bundle.", path.display()),
        )
        .with_cause("The bundle is used as the one .zip file that was downloaded. Some browsers unpack it by themselves.")
        .with_hint("Give the path of the .zip itself. If it is gone, download it again."),
        BundleError::NotZip { path, reason, size, looks_like_html } => Diagnostic::new(
            Code::BundleNotZip,
            format!("{} is not a whole zip archive.", path.display()),
        )
        .with_cause(if *looks_like_html {
            format!("It is a web page of {size} bytes saved under that name. The download link lives 5 minutes.")
        } else {
            format!("It has {size} bytes, and {reason}. A healthy bundle has about 12 to 13 KB.")
        })
        .with_hint(DOWNLOAD),
        BundleError::Incomplete { member, reason } => Diagnostic::new(
            Code::BundleIncomplete,
            format!("The bundle's member `{member}` cannot be used."),
        )
        .with_cause(format!("The archive was read, but of this member: {reason}."))
        .with_hint(DOWNLOAD),
        BundleError::Unsafe { reason } => {
            Diagnostic::new(Code::BundleUnsafe, "The archive is refused: it is not what a bundle is.")
                .with_cause(format!("What was found: {reason}."))
                .with_hint(DOWNLOAD)
        }
        BundleError::Expired { not_before, not_after, now } => {
            Diagnostic::new(Code::BundleExpired, "The bundle's certificate is not valid now.")
                .with_cause(format!(
                    "It is valid from {} to {}. This machine's clock says {}.",
                    moment(*not_before),
                    moment(*not_after),
                    moment(*now)
                ))
                .with_hint("If the clock is right, download the bundle again; otherwise set the clock.")
        }
        other => Diagnostic::new(Code::BundleIncomplete, "The bundle cannot be used.")
            .with_cause(other.to_string())
            .with_hint(DOWNLOAD),
    }
}

/// A moment as a person reads it, in UTC and to the minute.
pub(crate) fn moment(time: SystemTime) -> String {
    jiff::Timestamp::try_from(time).map_or_else(
        |_| "a time out of range".to_owned(),
        |time| time.strftime("%Y-%m-%d %H:%M UTC").to_string(),
    )
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
        MetadataError::Invalid { reason, status, first_bytes } => Diagnostic::new(
            Code::MetadataInvalid,
            "The metadata service's answer is not what Astra sends.",
        )
        .with_cause(format!("HTTP {status}: {reason}. A proxy or a log-in portal may stand in between."))
        .with_hint("Try from another network, or ask who runs this one about outbound HTTPS.")
        .with_server_text(first_bytes),
        MetadataError::Link(error) => link(error, Kind::Astra),
        other => Diagnostic::new(Code::MetadataInvalid, "The metadata service could not be asked.")
            .with_server_text(other.to_string()),
    }
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
            .with_cause("One of them is wrong, was revoked, or belongs to another organisation than the database.")
            .with_hint("Generate a token in the Astra console (Settings, Tokens), and use its Client ID and Client Secret."),
        Kind::Cassandra => Diagnostic::new(Code::AuthFailed, "The server refused the user and the password.")
            .with_cause("One of them is wrong, or the role may not log in.")
            .with_hint("Check `--user`, and run the cell again to be asked for the password."),
    };
    diagnostic.with_server_text(server_text)
}

/// Tells why a host could not be reached or not be trusted.
pub(crate) fn link(error: &LinkError, kind: Kind) -> Diagnostic {
    let unreachable = |message: String, cause: &str| {
        let diagnostic = Diagnostic::new(Code::NetworkUnreachable, message).with_cause(cause);
        match kind {
            Kind::Astra => diagnostic.with_hint(
                "Check the network, the VPN, and that outbound HTTPS to this host and port is allowed.",
            ),
            Kind::Cassandra => diagnostic
                .with_hint("Check host and port, that the node is up, and that no firewall is in between."),
        }
    };
    match error {
        LinkError::NotResolved { host, reason } => unreachable(
            format!("The name {host} has no address."),
            "There is no network, or the name does not exist (any more).",
        )
        .with_server_text(reason),
        LinkError::Refused { host, port } => {
            unreachable(format!("{host}:{port} refused the connection."), "Nothing listens there.")
        }
        LinkError::Unreachable { host, port, reason } => unreachable(
            format!("{host}:{port} cannot be reached."),
            "The network has no way there, or the connection broke.",
        )
        .with_server_text(reason),
        LinkError::TimedOut { host, port, after, .. } => unreachable(
            format!("{host}:{port} did not answer within {}.", duration(*after)),
            "A firewall drops the packets, or the service hangs.",
        ),
        LinkError::Untrusted { host, port, distrust } => untrusted(host, *port, distrust, kind),
        LinkError::TlsRefused { host, port, alert, sni } => {
            let diagnostic = unreachable(
                format!("{host}:{port} ended the TLS connection."),
                match (kind, sni) {
                    (_, Some(_)) => {
                        "The proxy knows no node of that host id, or refuses the bundle's certificate."
                    }
                    (Kind::Astra, None) => {
                        "It refuses the bundle's certificate: the bundle may have been revoked."
                    }
                    (Kind::Cassandra, None) => {
                        "It may ask for a client certificate: `--cert FILE --key FILE`."
                    }
                },
            );
            let diagnostic = if kind == Kind::Astra {
                diagnostic.with_hint("Download the Secure Connect Bundle again.")
            } else {
                diagnostic
            };
            diagnostic.with_server_text(alert)
        }
        LinkError::Closed { host, port, .. } => unreachable(
            format!("{host}:{port} closed the connection without an answer."),
            "The node behind it is down, or the service does not accept this client.",
        ),
        LinkError::NotTls { host, port, reason } => unreachable(
            format!("{host}:{port} does not speak TLS."),
            "Another service listens there, or a proxy stands in between.",
        )
        .with_server_text(reason),
        other => unreachable("The host cannot be reached.".to_owned(), "The reason is below.")
            .with_server_text(other.to_string()),
    }
}

fn untrusted(host: &str, port: u16, distrust: &Distrust, kind: Kind) -> Diagnostic {
    let authority = match kind {
        Kind::Astra => "the bundle's authority",
        Kind::Cassandra => "an authority that is trusted here",
    };
    let cause = match distrust {
        Distrust::UnknownAuthority => format!("Its certificate is not signed by {authority}."),
        Distrust::WrongName { expected, presented } => {
            let presented =
                if presented.is_empty() { "no name at all".to_owned() } else { presented.join(", ") };
            format!("Its certificate is for {presented}, not for {expected}.")
        }
        Distrust::Expired => "Its certificate has expired.".to_owned(),
        Distrust::NotValidYet => {
            "Its certificate is not valid yet, or this machine's clock is wrong.".to_owned()
        }
        Distrust::Other(reason) => format!("Its certificate does not verify: {reason}."),
        other => format!("Its certificate does not verify: {other}."),
    };
    let diagnostic = Diagnostic::new(
        Code::TlsUntrusted,
        format!("{host}:{port} did not prove that it is the server you mean. Nothing was sent to it."),
    )
    .with_cause(cause);
    match kind {
        Kind::Astra => diagnostic
            .with_hint("Download the Secure Connect Bundle again: the old one may belong to another database or region.")
            .with_hint("If that does not help, a proxy may be inspecting TLS here; ask who runs the network. There is no switch to skip this check."),
        Kind::Cassandra => diagnostic
            .with_hint("Give the authority that signed the nodes' certificates: `--ca-cert FILE`.")
            .with_hint("Name the host as its certificate does. There is no switch to skip this check."),
    }
}

fn timed_out(after: Duration, last: Option<&ConnectError>, kind: Kind) -> Diagnostic {
    match last {
        // The last failure seen says more than the bound; the bound is added.
        Some(last) => {
            let mut diagnostic = connect(last, kind);
            let waited = format!("It was tried for {}.", duration(after));
            diagnostic.cause = Some(match diagnostic.cause.take() {
                Some(cause) => format!("{cause} {waited}"),
                None => waited,
            });
            diagnostic
        }
        None => Diagnostic::new(
            Code::NetworkUnreachable,
            format!("There was no connection after {}.", duration(after)),
        )
        .with_cause("The service is slow or hangs, or a firewall drops the packets.")
        .with_hint("Check the network, the VPN, and that outbound traffic to the service is allowed.")
        .with_hint("Or wait longer: `%set timeout 2m`."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_trusted_is_said_without_a_way_round() {
        let error = ConnectError::Link(LinkError::Untrusted {
            host: "db.example".to_owned(),
            port: 29042,
            distrust: Distrust::WrongName {
                expected: "db.example".to_owned(),
                presented: vec!["other.example".to_owned()],
            },
        });
        let told = connect(&error, Kind::Astra);
        assert_eq!(told.code, Code::TlsUntrusted);
        assert_eq!(told.cause.as_deref(), Some("Its certificate is for other.example, not for db.example."));
    }

    #[test]
    fn a_time_out_names_the_last_failure_and_the_time() {
        let last = ConnectError::Link(LinkError::Refused { host: "h".to_owned(), port: 1 });
        let error = ConnectError::TimedOut { after: Duration::from_secs(30), last: Some(Box::new(last)) };
        let told = connect(&error, Kind::Astra);
        assert_eq!(told.code, Code::NetworkUnreachable);
        assert_eq!(told.message, "h:1 refused the connection.");
        assert!(told.cause.is_some_and(|cause| cause.contains("It was tried for")));
    }

    #[test]
    fn dates_are_readable() {
        assert_eq!(moment(SystemTime::UNIX_EPOCH), "1970-01-01 00:00 UTC");
    }
}
