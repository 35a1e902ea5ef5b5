//! Hosts as a person types them: names and addresses, with a port or without, in the forms that other tools take. It parses text
//! and resolves nothing.
//!
//! The rule: what is meant beyond doubt is taken; what is not a host of CQL's own protocol is refused with what to type instead,
//! and nothing of it that may be a password is repeated.

use std::net::{Ipv4Addr, Ipv6Addr};

/// The native port where none is named.
pub const NATIVE_PORT: u16 = 9042;
/// The longest name that DNS knows, in bytes.
const MAX_NAME: usize = 253;
/// The longest part of one, between its dots.
const MAX_LABEL: usize = 63;
/// Schemes that mean CQL's own protocol.
const SCHEMES: [&str; 4] = ["cql", "cassandra", "jdbc:cassandra", "tcp"];
/// As much of what was typed is named in an error.
const MAX_SHOWN: usize = 80;

/// A node, as it was typed: by which hosts a cluster is found, and the port of all its nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hosts {
    /// Names and addresses in the order that they were typed, IPv6 without brackets, none twice.
    pub names: Vec<String>,
    /// The port, where one was named.
    pub port: Option<u16>,
}

/// Why what was typed names no host.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HostError {
    /// Nothing was typed.
    #[error("no host is named")]
    Missing,
    /// A web address.
    #[error("`{scheme}://{host}` is a web address")]
    Web {
        /// `http` or `https`.
        scheme: String,
        /// What follows it, without a user and a path.
        host: String,
    },
    /// An address of another protocol.
    #[error("`{scheme}://` is not CQL's protocol")]
    Scheme {
        /// The protocol's name.
        scheme: String,
        /// What follows it, without a user and a path.
        host: String,
    },
    /// A user stands before the host.
    #[error("a user stands before the host `{host}`")]
    User {
        /// The host.
        host: String,
    },
    /// A path follows the host, as a keyspace does in the addresses of some tools.
    #[error("`/{rest}` follows the host `{host}`")]
    Path {
        /// The host, with its port.
        host: String,
        /// What follows.
        rest: String,
    },
    /// The port is none.
    #[error("`{port}` is not a port")]
    Port {
        /// The host.
        host: String,
        /// What stands behind the colon.
        port: String,
    },
    /// It is neither a name nor an address.
    #[error("`{typed}` is not a host: {reason}")]
    Name {
        /// What was typed.
        typed: String,
        /// Why it is none, as the end of a sentence.
        reason: &'static str,
    },
    /// Hosts are named with ports that differ.
    #[error("the hosts are named with different ports: {}", list(ports))]
    Ports {
        /// The hosts.
        names: Vec<String>,
        /// Their ports, each once.
        ports: Vec<u16>,
    },
    /// Another port is given than the one behind the host.
    #[error("two ports are named: {inside} behind the host, and {given}")]
    TwoPorts {
        /// The hosts.
        names: Vec<String>,
        /// The port behind the host.
        inside: u16,
        /// The port that is given beside it.
        given: u16,
    },
}

impl Hosts {
    /// Reads hosts that were typed, each text one or several with commas between them.
    ///
    /// # Errors
    /// [`HostError`], of the first that is none.
    pub fn parse<'a>(typed: impl IntoIterator<Item = &'a str>) -> Result<Self, HostError> {
        let mut names: Vec<String> = Vec::new();
        let mut ports: Vec<Option<u16>> = Vec::new();
        let typed: Vec<&str> = typed
            .into_iter()
            .flat_map(|typed| typed.split(','))
            .filter(|text| !text.trim().is_empty())
            .collect();
        if let Some(text) = typed.iter().find(|text| text.contains('@')) {
            // A password may have commas in it: nothing that stands before an `@` is looked at.
            one(text)?;
        }
        for text in typed {
            let (name, port) = one(text)?;
            if !names.contains(&name) {
                names.push(name);
            }
            if !ports.contains(&port) {
                ports.push(port);
            }
        }
        match ports.as_slice() {
            [] => Err(HostError::Missing),
            [port] => Ok(Self { names, port: *port }),
            // A host without a port means CQL's own beside one that has another.
            several => {
                let mut ports: Vec<u16> = several.iter().map(|port| port.unwrap_or(NATIVE_PORT)).collect();
                ports.sort_unstable();
                ports.dedup();
                match ports.as_slice() {
                    [port] => Ok(Self { names, port: Some(*port) }),
                    _ => Err(HostError::Ports { names, ports }),
                }
            }
        }
    }

    /// The port of all hosts, where another way to name it gave `port`.
    ///
    /// # Errors
    /// [`HostError::TwoPorts`] where both were given and differ.
    pub fn port_with(&self, port: Option<u16>) -> Result<Option<u16>, HostError> {
        match (self.port, port) {
            (Some(inside), Some(given)) if inside != given => {
                Err(HostError::TwoPorts { names: self.names.clone(), inside, given })
            }
            (inside, given) => Ok(inside.or(given)),
        }
    }
}

/// A port that was typed: a whole number from 1.
pub fn port(typed: &str) -> Option<u16> {
    let typed = typed.trim();
    let is_number = !typed.is_empty() && typed.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| typed.parse().ok()).flatten().filter(|port| *port > 0)
}

/// One host, and its port where it has one.
fn one(typed: &str) -> Result<(String, Option<u16>), HostError> {
    let typed = typed.trim();
    let (scheme, rest) = match typed.split_once("://") {
        Some((scheme, rest)) => (Some(scheme.to_ascii_lowercase()), rest),
        None => (None, typed),
    };
    // A password may have any character in it: the last `@` ends the user.
    let (has_user, rest) = match rest.rsplit_once('@') {
        Some((_, host)) => (true, host),
        None => (false, rest),
    };
    let (authority, path) = match rest.split_once(['/', '?', '#']) {
        Some((authority, path)) => (authority, path),
        None => (rest, ""),
    };
    match scheme {
        Some(scheme) if SCHEMES.contains(&scheme.as_str()) => {}
        Some(scheme) if scheme == "http" || scheme == "https" => {
            return Err(HostError::Web { scheme, host: shown(authority) });
        }
        Some(scheme) => {
            // What stands there may be anything, a user with a password too.
            let is_scheme = scheme.len() <= 16 && scheme.bytes().all(|byte| byte.is_ascii_alphabetic());
            let scheme = if is_scheme { scheme } else { "…".to_owned() };
            return Err(HostError::Scheme { scheme, host: shown(authority) });
        }
        None => {}
    }
    if has_user {
        return Err(HostError::User { host: shown(authority) });
    }
    if !path.is_empty() {
        return Err(HostError::Path { host: shown(authority), rest: shown(path) });
    }
    let (host, port) = split_port(authority)?;
    Ok((name(host)?, port))
}

/// A host and the port behind it. An address of IPv6 has colons of its own; with a port it stands in brackets.
fn split_port(authority: &str) -> Result<(&str, Option<u16>), HostError> {
    let authority = authority.trim();
    if let Some(rest) = authority.strip_prefix('[') {
        let Some((host, behind)) = rest.split_once(']') else {
            return Err(none(authority, "the bracket is not closed"));
        };
        let (address, _) = host.split_once('%').unwrap_or((host, ""));
        if address.parse::<Ipv6Addr>().is_err() {
            return Err(none(authority, "in brackets stands an address of IPv6, such as `[::1]`"));
        }
        return match behind.strip_prefix(':') {
            Some(port) => Ok((host, Some(numbered(host, port)?))),
            None if behind.is_empty() => Ok((host, None)),
            None => Err(none(authority, "behind the bracket only a port may stand, as in `[::1]:9042`")),
        };
    }
    match authority.split_once(':') {
        Some((host, port)) if !port.contains(':') => Ok((host.trim_end(), Some(numbered(host, port)?))),
        _ => Ok((authority, None)),
    }
}

fn numbered(host: &str, port: &str) -> Result<u16, HostError> {
    self::port(port).ok_or_else(|| HostError::Port { host: shown(host), port: shown(port) })
}

/// The name or address in one form, so that the same host is written the same.
fn name(typed: &str) -> Result<String, HostError> {
    if typed.contains(':') {
        let (address, zone) = match typed.split_once('%') {
            Some((address, zone)) => (address, Some(zone)),
            None => (typed, None),
        };
        let is_zone = |zone: &str| {
            !zone.is_empty()
                && zone.len() <= 32
                && zone.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
        };
        return match (address.parse::<Ipv6Addr>(), zone) {
            (Ok(address), None) => Ok(address.to_string()),
            (Ok(address), Some(zone)) if is_zone(zone) => Ok(format!("{address}%{zone}")),
            _ => Err(none(typed, "it has more than one colon, and is no address of IPv6")),
        };
    }
    let host = typed.strip_suffix('.').unwrap_or(typed);
    if host.is_empty() {
        return Err(none(typed, "the name is missing"));
    }
    if host.chars().any(char::is_whitespace) || host.contains(';') {
        return Err(none(typed, "several hosts have commas between them"));
    }
    if !host.is_ascii() {
        return Err(none(typed, "it has letters that a name of the network has in another form (`xn--…`)"));
    }
    let is_part = |c: u8| c.is_ascii_alphanumeric() || c == b'-' || c == b'_' || c == b'.';
    if !host.bytes().all(is_part) || host.starts_with('-') {
        return Err(none(typed, "it has a character that no name has"));
    }
    if host.len() > MAX_NAME || host.split('.').any(|label| label.is_empty() || label.len() > MAX_LABEL) {
        return Err(none(typed, "a part of the name is empty or too long"));
    }
    let is_numbers = host.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if is_numbers && host.parse::<Ipv4Addr>().is_err() {
        return Err(none(typed, "an address has four numbers from 0 to 255, such as `10.0.0.1`"));
    }
    Ok(host.to_owned())
}

fn none(typed: &str, reason: &'static str) -> HostError {
    HostError::Name { typed: shown(typed), reason }
}

/// What was typed, as far as it is repeated.
fn shown(typed: &str) -> String {
    let mut shown: String = typed.trim().chars().filter(|c| !c.is_control()).take(MAX_SHOWN + 1).collect();
    if shown.chars().count() > MAX_SHOWN {
        shown.pop();
        shown.push('…');
    }
    shown
}

fn list(ports: &[u16]) -> String {
    ports.iter().map(u16::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parsed(typed: &str) -> String {
        match Hosts::parse([typed]) {
            Ok(Hosts { names, port }) => {
                format!(
                    "{} at {}",
                    names.join(" and "),
                    port.map_or("any".to_owned(), |port| port.to_string())
                )
            }
            Err(error) => format!("refused: {error}"),
        }
    }

    #[test]
    fn what_is_meant_beyond_doubt_is_taken() {
        for (typed, taken) in [
            ("h", "h at any"),
            ("db.example.org", "db.example.org at any"),
            ("h:9042", "h at 9042"),
            ("h:9142", "h at 9142"),
            ("10.0.0.1:9043", "10.0.0.1 at 9043"),
            ("[::1]", "::1 at any"),
            ("[::1]:9042", "::1 at 9042"),
            ("::1", "::1 at any"),
            ("2001:DB8:0:0::1", "2001:db8::1 at any"),
            ("fe80::1%eth0", "fe80::1%eth0 at any"),
            ("[fe80::1%eth0]:9042", "fe80::1%eth0 at 9042"),
            ("cql://h", "h at any"),
            ("CQL://h:9042/", "h at 9042"),
            ("cassandra://h:9042", "h at 9042"),
            ("tcp://[::1]:9042", "::1 at 9042"),
            ("h/", "h at any"),
            ("h:9042/", "h at 9042"),
            ("h.", "h at any"),
            ("db.example.org.:9042", "db.example.org at 9042"),
            (" h ", "h at any"),
            ("h1,h2", "h1 and h2 at any"),
            ("h1, h2 ,", "h1 and h2 at any"),
            ("h1:9043,h2:9043", "h1 and h2 at 9043"),
            ("h1:9042,h2", "h1 and h2 at 9042"),
            ("h,h", "h at any"),
            ("my_node-1", "my_node-1 at any"),
            ("h : 9042", "h at 9042"),
            ("jdbc:cassandra://h:9042", "h at 9042"),
        ] {
            assert_eq!(parsed(typed), taken, "{typed}");
        }
    }

    #[test]
    fn what_is_no_host_is_refused_by_its_reason() {
        let told: Vec<_> = [
            "",
            " , ",
            "http://h:9042",
            "https://db.example.org/x",
            "jdbc:cassandra://h:9042/ks",
            "ada@h",
            "ada:secret@h:9042",
            "cql://ada:sec/ret@h",
            "h/ks",
            "cql://h:9042/ks",
            "h:",
            "h:0",
            "h:99999",
            "h:cql",
            "h:90 42",
            "h:+9042",
            ":9042",
            "[::1",
            "[::1]9042",
            "[h]:9042",
            "1::2::3",
            "h:1:2",
            "h1 h2",
            "h1;h2",
            "bücher.example",
            "a..b",
            "10.0.0",
            "10.0.0.256",
            "*",
            "h1,h2:9043",
            "h1:9042,h2:9043",
            "fe80::1%",
            "-",
            "<b>",
        ]
        .iter()
        .map(|typed| format!("{typed:?}: {}", parsed(typed).trim_start_matches("refused: ")))
        .collect();
        insta::assert_snapshot!(told.join("\n"), @r#"
    "": no host is named
    " , ": no host is named
    "http://h:9042": `http://h:9042` is a web address
    "https://db.example.org/x": `https://db.example.org` is a web address
    "jdbc:cassandra://h:9042/ks": `/ks` follows the host `h:9042`
    "ada@h": a user stands before the host `h`
    "ada:secret@h:9042": a user stands before the host `h:9042`
    "cql://ada:sec/ret@h": a user stands before the host `h`
    "h/ks": `/ks` follows the host `h`
    "cql://h:9042/ks": `/ks` follows the host `h:9042`
    "h:": `` is not a port
    "h:0": `0` is not a port
    "h:99999": `99999` is not a port
    "h:cql": `cql` is not a port
    "h:90 42": `90 42` is not a port
    "h:+9042": `+9042` is not a port
    ":9042": `` is not a host: the name is missing
    "[::1": `[::1` is not a host: the bracket is not closed
    "[::1]9042": `[::1]9042` is not a host: behind the bracket only a port may stand, as in `[::1]:9042`
    "[h]:9042": `[h]:9042` is not a host: in brackets stands an address of IPv6, such as `[::1]`
    "1::2::3": `1::2::3` is not a host: it has more than one colon, and is no address of IPv6
    "h:1:2": `h:1:2` is not a host: it has more than one colon, and is no address of IPv6
    "h1 h2": `h1 h2` is not a host: several hosts have commas between them
    "h1;h2": `h1;h2` is not a host: several hosts have commas between them
    "bücher.example": `bücher.example` is not a host: it has letters that a name of the network has in another form (`xn--…`)
    "a..b": `a..b` is not a host: a part of the name is empty or too long
    "10.0.0": `10.0.0` is not a host: an address has four numbers from 0 to 255, such as `10.0.0.1`
    "10.0.0.256": `10.0.0.256` is not a host: an address has four numbers from 0 to 255, such as `10.0.0.1`
    "*": `*` is not a host: it has a character that no name has
    "h1,h2:9043": the hosts are named with different ports: 9042, 9043
    "h1:9042,h2:9043": the hosts are named with different ports: 9042, 9043
    "fe80::1%": `fe80::1%` is not a host: it has more than one colon, and is no address of IPv6
    "-": `-` is not a host: it has a character that no name has
    "<b>": `<b>` is not a host: it has a character that no name has
    "#);
    }

    #[test]
    fn a_port_beside_the_host_may_only_be_the_same() {
        let hosts = Hosts::parse(["h:9043"]).unwrap();
        assert_eq!(hosts.port_with(None), Ok(Some(9043)));
        assert_eq!(hosts.port_with(Some(9043)), Ok(Some(9043)));
        assert!(matches!(
            hosts.port_with(Some(9042)),
            Err(HostError::TwoPorts { inside: 9043, given: 9042, .. })
        ));
        assert_eq!(Hosts::parse(["h"]).unwrap().port_with(Some(9043)), Ok(Some(9043)));
    }

    #[test]
    fn nothing_before_the_host_is_repeated() {
        for typed in [
            "ada:hunter2@h",
            "cql://ada:hunter2@h",
            "http://ada:hunter2@h",
            "x://ada:hunter2@h/",
            "a:hunter2@b@h",
        ] {
            let error = Hosts::parse([typed]).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_ends_in_hosts_or_a_reason(typed in "\\PC{0,60}") {
            if let Ok(Hosts { names, port }) = Hosts::parse([typed.as_str()]) {
                prop_assert!(!names.is_empty() && port != Some(0));
                // What was taken is taken again, and stays what it is.
                let again = Hosts::parse(names.iter().map(String::as_str)).unwrap();
                prop_assert_eq!(again.names, names);
            }
        }

        #[test]
        fn an_address_is_taken_with_and_without_a_port(bits: u128, port in 1_u16..) {
            let address = Ipv6Addr::from(bits).to_string();
            let plain = Hosts::parse([address.as_str()]).unwrap();
            prop_assert_eq!(&plain.names, std::slice::from_ref(&address));
            let with_port = Hosts::parse([format!("[{address}]:{port}").as_str()]).unwrap();
            prop_assert_eq!((with_port.names, with_port.port), (vec![address], Some(port)));
        }
    }
}
