//! Why a host could not be reached or not be trusted, in the user's words.

use std::time::SystemTime;

use cqlbook_cluster::link::{Distrust, LinkError, Step};
use cqlbook_core::diagnostic::{Code, Diagnostic};
use cqlbook_core::render::duration;

use super::bundle::{DOWNLOAD, moment};
use super::connect::Kind;
use super::{proxy, sentence};

/// Tells why a host could not be reached or not be trusted.
pub(super) fn link(error: &LinkError, kind: Kind) -> Diagnostic {
    match error {
        // An address of IPv6 has colons of its own: with a port behind it, it stands in brackets.
        LinkError::Refused { host, port } if host.contains(':') => {
            of_host(&LinkError::Refused { host: format!("[{host}]"), port: *port }, kind)
        }
        LinkError::Unreachable { host, port, reason } if host.contains(':') => {
            let (host, reason) = (format!("[{host}]"), reason.clone());
            of_host(&LinkError::Unreachable { host, port: *port, reason }, kind)
        }
        LinkError::TimedOut { host, port, step, after } if host.contains(':') => {
            let host = format!("[{host}]");
            of_host(&LinkError::TimedOut { host, port: *port, step: *step, after: *after }, kind)
        }
        other => of_host(other, kind),
    }
}

fn of_host(error: &LinkError, kind: Kind) -> Diagnostic {
    let told =
        |message: String, cause: &str| Diagnostic::new(Code::NetworkUnreachable, message).with_cause(cause);
    match error {
        LinkError::NotResolved { host, reason } => {
            let told = told(
                format!("The name {host} has no address."),
                &format!(
                    "There is no network, or the name does not exist any more. The system says: {reason}."
                ),
            );
            let proxies = proxy::set();
            match kind {
                _ if !proxies.is_empty() => told
                    .with_hint(direct(&proxies, host))
                    .with_hint("Or check the network, the VPN and the name, and run the cell again."),
                Kind::Astra => told
                    .with_hint("Check the network and the VPN, and run the cell again.")
                    .with_hint("If other names have addresses here, see in the Astra console whether the database is still there, and download its bundle again."),
                Kind::Cassandra => told.with_hint("Check the network, the VPN, and the name after `--host`."),
            }
        }
        LinkError::Refused { host, port } => check(
            told(format!("{host}:{port} refused the connection."), "Nothing listens there."),
            host,
            *port,
            kind,
        ),
        LinkError::Unreachable { host, port, reason } => check(
            told(
                format!("{host}:{port} cannot be reached."),
                &format!("The network has no way there, or the connection broke. The system says: {reason}."),
            ),
            host,
            *port,
            kind,
        ),
        LinkError::TimedOut { host, port, step, after } => {
            let after = duration(*after);
            let (message, cause) = match step {
                Step::Resolve => (
                    format!("The name {host} was not resolved within {after}."),
                    "There is no network, or its name server does not answer.",
                ),
                Step::Tcp => (
                    format!("{host}:{port} took no connection within {after}."),
                    "A firewall drops the packets, or the machine is down.",
                ),
                Step::Tls => (
                    format!("{host}:{port} did not begin TLS within {after}."),
                    "The service hangs, or something in between lets the connection through and then nothing over it.",
                ),
                _ => (
                    format!("{host}:{port} did not answer within {after}."),
                    "The service hangs, or the connection is gone without a word.",
                ),
            };
            check(told(message, cause), host, *port, kind)
        }
        LinkError::Untrusted { host, port, distrust } => untrusted(host, *port, distrust, kind),
        LinkError::TlsRefused { host, port, alert, sni } => refused(host, *port, alert, sni.is_some(), kind),
        LinkError::Closed { host, port, sni } => {
            let told = told(
                format!("{host}:{port} closed the connection without an answer."),
                match sni {
                    Some(_) => "The proxy knows no such node any more, or the node behind it is down.",
                    None => "The service is restarting, or it does not accept this client.",
                },
            )
            .with_hint("Run the cell again in a moment.");
            check(told, host, *port, kind)
        }
        LinkError::NotTls { host, port, reason } => check(
            told(
                format!("{host}:{port} does not speak TLS."),
                &format!("Another service listens there, or a proxy stands in between ({reason})."),
            ),
            host,
            *port,
            kind,
        ),
        other => told("The host cannot be reached.".to_owned(), &sentence(&other.to_string()))
            .with_hint("Check the network and the VPN, and run the cell again."),
    }
}

/// Adds what to look at on the way to a host.
fn check(told: Diagnostic, host: &str, port: u16, kind: Kind) -> Diagnostic {
    told.with_hint(on_the_way(&proxy::set(), host, port, kind))
}

/// What to look at on the way to a host, where these variables name proxies.
fn on_the_way(proxies: &[&str], host: &str, port: u16, kind: Kind) -> String {
    match kind {
        // Who typed them looks at them first.
        Kind::Cassandra if !proxies.is_empty() => format!(
            "Check host and port, and that the node is up. {}",
            direct(proxies, &format!("{host}:{port}"))
        ),
        Kind::Astra if !proxies.is_empty() => direct(proxies, &format!("{host}:{port}")),
        Kind::Astra => {
            format!("Check the network and the VPN, and that outbound HTTPS to {host}:{port} is allowed.")
        }
        Kind::Cassandra => format!(
            "Check host and port, that the node is up, and that no firewall stands before {host}:{port}."
        ),
    }
}

/// Where the environment names proxies: that they are not used, and what is needed instead.
pub(super) fn direct(proxies: &[&str], place: &str) -> String {
    format!(
        "{} set, and not used: an HTTP proxy does not carry CQL, so all of a database is reached directly. Ask who runs the network to let direct TCP connections to {place} out, or use a VPN or another network.",
        proxy::are(proxies)
    )
}

/// A server that ended TLS: it does not accept our certificate, or knows no node of the name.
fn refused(host: &str, port: u16, alert: &str, behind_proxy: bool, kind: Kind) -> Diagnostic {
    // Of an alert's name: those by which a server refuses the certificate it was shown (RFC 8446, section 6.2).
    let of_certificates = ["certificate", "CA", "access denied", "DecryptError"];
    let refuses_certificate = of_certificates.iter().any(|word| alert.contains(word));
    let told = match kind {
        Kind::Astra if refuses_certificate && !behind_proxy => Diagnostic::new(
            Code::MetadataRefused,
            format!("Astra's metadata service at {host}:{port} refused the bundle's certificate."),
        )
        .with_cause("The bundle was revoked, or belongs to a deleted database.")
        .with_hint(DOWNLOAD),
        Kind::Astra => check(
            Diagnostic::new(Code::NetworkUnreachable, format!("{host}:{port} ended the TLS connection."))
                .with_cause(if behind_proxy {
                    "The proxy knows no such node any more, or refuses the bundle's certificate."
                } else {
                    "Another service listens there, or a proxy stands in between."
                })
                .with_hint(
                    "Run the cell again in a moment. If it stays, download the Secure Connect Bundle again.",
                ),
            host,
            port,
            kind,
        ),
        Kind::Cassandra => check(
            Diagnostic::new(Code::NetworkUnreachable, format!("{host}:{port} ended the TLS connection."))
                .with_cause("It may ask for a client's certificate, or refuse the one it was shown.")
                .with_hint("Give the certificate with its key: `--cert FILE --key FILE`."),
            host,
            port,
            kind,
        ),
    };
    told.with_server_text(if alert == "DecryptError" { "decrypt error" } else { alert })
}

fn untrusted(host: &str, port: u16, distrust: &Distrust, kind: Kind) -> Diagnostic {
    let authority = match kind {
        Kind::Astra => "the bundle's authority",
        Kind::Cassandra => "an authority that is trusted here",
    };
    let clock = || format!("This machine's clock says {}.", moment(SystemTime::now()));
    let cause = match distrust {
        Distrust::UnknownAuthority => format!("Its certificate is not signed by {authority}."),
        Distrust::WrongName { expected, presented } => {
            let names: Vec<_> = presented.iter().map(|name| plain_name(name)).collect();
            let presented = if names.is_empty() { "no name at all".to_owned() } else { names.join(", ") };
            format!("Its certificate is for {presented}, not for {expected}.")
        }
        Distrust::Expired => format!("Its certificate has expired. {}", clock()),
        Distrust::NotValidYet => format!("Its certificate is not valid yet. {}", clock()),
        Distrust::Other(reason) => format!("Its certificate does not verify: {reason}."),
        other => format!("Its certificate does not verify: {other}."),
    };
    let told = Diagnostic::new(
        Code::TlsUntrusted,
        format!("{host}:{port} did not prove that it is the server you mean. Nothing was sent to it."),
    )
    .with_cause(cause);
    let told = match (kind, distrust) {
        (_, Distrust::Expired | Distrust::NotValidYet) => {
            told.with_hint("Set this machine's clock if it is wrong.")
        }
        (Kind::Astra, _) => told.with_hint(
            "Download the Secure Connect Bundle again: the old one may belong to another database or region.",
        ),
        (Kind::Cassandra, Distrust::WrongName { .. }) => {
            told.with_hint("Name the host as its certificate does: `--host NAME`.")
        }
        (Kind::Cassandra, _) => {
            told.with_hint("Give the authority that signed the nodes' certificates: `--ca-cert FILE`.")
        }
    };
    told.with_hint("If that does not help, a proxy may be inspecting TLS here: ask who runs the network to let this host through uninspected. No switch skips this check.")
}

/// A certificate's name without the TLS library's wrapping (`DnsName("db.example")`).
fn plain_name(presented: &str) -> &str {
    presented.split_once('(').map_or(presented, |(_, rest)| rest.trim_end_matches(')').trim_matches('"'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_shown_as_it_is() {
        for (presented, shown) in [
            ("DnsName(\"db.example\")", "db.example"),
            ("IpAddress(10.0.0.1)", "10.0.0.1"),
            ("db.example", "db.example"),
        ] {
            assert_eq!(plain_name(presented), shown);
        }
    }

    #[test]
    fn an_address_with_a_port_stands_in_brackets() {
        let refused = |host: &str| {
            link(&LinkError::Refused { host: host.to_owned(), port: 9042 }, Kind::Cassandra).message
        };
        assert_eq!(refused("::1"), "[::1]:9042 refused the connection.");
        assert_eq!(refused("h"), "h:9042 refused the connection.");
    }

    #[test]
    fn who_has_a_proxy_is_told_that_it_carries_no_cql() {
        for kind in [Kind::Astra, Kind::Cassandra] {
            let told = on_the_way(&["HTTPS_PROXY", "all_proxy"], "db.example", 29042, kind);
            let told = told.strip_prefix("Check host and port, and that the node is up. ").unwrap_or(&told);
            assert_eq!(
                told,
                "HTTPS_PROXY, all_proxy are set, and not used: an HTTP proxy does not carry CQL, so all of a database is reached directly. Ask who runs the network to let direct TCP connections to db.example:29042 out, or use a VPN or another network."
            );
            assert!(!on_the_way(&[], "db.example", 29042, kind).contains("proxy"));
        }
    }

    #[test]
    fn what_cannot_be_trusted_is_said_without_a_way_round() {
        let error = LinkError::Untrusted {
            host: "db.example".to_owned(),
            port: 29042,
            distrust: Distrust::WrongName {
                expected: "db.example".to_owned(),
                presented: vec!["other.example".to_owned()],
            },
        };
        let told = link(&error, Kind::Astra);
        assert_eq!(told.code, Code::TlsUntrusted);
        assert_eq!(told.cause.as_deref(), Some("Its certificate is for other.example, not for db.example."));
        assert!(told.hints.iter().any(|hint| hint.ends_with("No switch skips this check.")));
    }
}
