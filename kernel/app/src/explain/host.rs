//! Why what was typed names no host of a cluster, in the user's words. It is told before anything is asked for or sent.

use cqlbook_core::diagnostic::{Code, Diagnostic};
use cqlbook_core::host::HostError;
use cqlbook_core::magic::quoted;

use super::sentence;

/// Tells it. `origin` is where the hosts were named: an option, a variable or a prompt.
pub(crate) fn host(error: &HostError, origin: &str) -> Diagnostic {
    let told = |message: String, cause: &str| {
        Diagnostic::new(Code::Usage, message).with_cause(format!("{cause} Nothing was tried."))
    };
    let instead = |host: &str| format!("Name the node alone: `{origin} {}`.", quoted(bare(host)));
    match error {
        HostError::Missing => missing(),
        HostError::Web { scheme, host } => told(
            format!("`{scheme}://{host}` is a web address, and no host of a cluster."),
            "CQL is not spoken over HTTP: it has a protocol and a port of its own.",
        )
        .with_hint(instead(host)),
        HostError::Scheme { scheme, host } => told(
            format!("`{scheme}://` does not lead to a Cassandra node."),
            "A host is a name or an address, with a port if need be; `cql://` may stand before it.",
        )
        .with_hint(instead(host)),
        HostError::User { host } => told(
            "A user stands before the host.".to_owned(),
            "The user has an option of its own, and the password is asked for, hidden: what stands in a cell is saved with the notebook.",
        )
        .with_hint(format!("`{origin} {} --user USER` asks for the password.", quoted(host)))
        .with_hint("If a password stood there, take it out of the cell, and change it if the notebook was saved."),
        HostError::Path { host, rest } => told(
            format!("Behind the host `{host}` stands `/{rest}`."),
            "No path leads into a cluster.",
        )
        .with_hint(format!(
            "If it is the keyspace to begin in: `{origin} {} --keyspace {}`.",
            quoted(host),
            quoted(rest.trim_end_matches('/'))
        )),
        HostError::Port { host, port } if port.is_empty() => {
            told(format!("Behind `{host}:` the port is missing."), "A colon ends the name of a host.").with_hint(instead(host))
        }
        HostError::Port { port, .. } => super::connect::no_port(port),
        HostError::Name { typed, reason } => told(format!("`{typed}` is not a host."), &sentence(reason))
            .with_hint(format!("Give a name or an address: `{origin} HOST`, or several with commas between them.")),
        HostError::Ports { names, ports } => {
            let listed: Vec<String> = ports.iter().map(u16::to_string).collect();
            let last = listed.last().cloned().unwrap_or_default();
            told(
                format!("The hosts are named with different ports: {}.", listed.join(", ")),
                "All nodes of a cluster are reached at one port. A host without a port means 9042.",
            )
            .with_hint(format!("Name it once: `{origin} {} --port {last}`.", quoted(&names.join(","))))
        }
        HostError::TwoPorts { names, inside, given } => told(
            format!("Two ports are named: {inside} behind the host, and {given} after `--port`."),
            "All nodes of a cluster are reached at one port.",
        )
        .with_hint(format!("Name it once: `{origin} {} --port {inside}`.", quoted(&names.join(",")))),
        other => told(sentence(&other.to_string()), "It is no host of a cluster."),
    }
}

/// That no host is named at all.
fn missing() -> Diagnostic {
    Diagnostic::new(Code::FieldsRequired, "All fields are required. Missing: host.")
        .with_cause("A cluster of your own is reached by the name or address of a node. Nothing was tried.")
        .with_hint("Add `--host HOST`, or several with commas between them.")
}

/// A host without its port.
fn bare(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if !name.contains(':') && cqlbook_core::host::port(port).is_some() => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use cqlbook_core::host::Hosts;

    use super::*;

    #[test]
    fn each_way_to_name_none_has_its_next_step() {
        let told: Vec<_> = [
            "http://h:9042/",
            "postgres://h",
            "ada:hunter2@h:9042",
            "h:9042/shop",
            "h:",
            "h:99999",
            "h1 h2",
            "h1,h2:9043",
            "",
        ]
        .iter()
        .map(|typed| {
            let told = host(&Hosts::parse([*typed]).unwrap_err(), "--host");
            assert!(!format!("{told:?}").contains("hunter2"), "{told:?}");
            format!("{} | {} | {}", told.message, told.cause.unwrap_or_default(), told.hints.join(" "))
        })
        .collect();
        insta::assert_snapshot!(told.join("\n"), @"
        `http://h:9042` is a web address, and no host of a cluster. | CQL is not spoken over HTTP: it has a protocol and a port of its own. Nothing was tried. | Name the node alone: `--host h`.
        `postgres://` does not lead to a Cassandra node. | A host is a name or an address, with a port if need be; `cql://` may stand before it. Nothing was tried. | Name the node alone: `--host h`.
        A user stands before the host. | The user has an option of its own, and the password is asked for, hidden: what stands in a cell is saved with the notebook. Nothing was tried. | `--host h:9042 --user USER` asks for the password. If a password stood there, take it out of the cell, and change it if the notebook was saved.
        Behind the host `h:9042` stands `/shop`. | No path leads into a cluster. Nothing was tried. | If it is the keyspace to begin in: `--host h:9042 --keyspace shop`.
        Behind `h:` the port is missing. | A colon ends the name of a host. Nothing was tried. | Name the node alone: `--host h`.
        `99999` is not a port. | Nothing was tried. | A port is a whole number from 1 to 65535; Cassandra's is 9042.
        `h1 h2` is not a host. | Several hosts have commas between them. Nothing was tried. | Give a name or an address: `--host HOST`, or several with commas between them.
        The hosts are named with different ports: 9042, 9043. | All nodes of a cluster are reached at one port. A host without a port means 9042. Nothing was tried. | Name it once: `--host 'h1,h2' --port 9043`.
        All fields are required. Missing: host. | A cluster of your own is reached by the name or address of a node. Nothing was tried. | Add `--host HOST`, or several with commas between them.
        ");
    }
}
