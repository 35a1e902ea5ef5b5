//! The connection file: where a kernel's sockets are and what key its messages are signed with.
//!
//! Reads and checks only; nothing is bound here. The key is never shown.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use zeroize::Zeroizing;

/// Where the five sockets of a kernel are, and the key that signs its messages
/// ([connection files](https://jupyter-client.readthedocs.io/en/stable/kernels.html#connection-files)).
#[derive(Clone)]
pub struct ConnectionFile {
    pub(crate) transport: Transport,
    pub(crate) ip: String,
    pub(crate) ports: Ports,
    pub(crate) key: Zeroizing<String>,
}

/// The transport that a connection file names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// TCP: `ip` is an address, ports are ports.
    Tcp,
    /// Unix domain sockets: `ip` is the start of a path, ports are its endings.
    Ipc,
}

/// One number for each socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ports {
    pub(crate) shell: u16,
    pub(crate) iopub: u16,
    pub(crate) stdin: u16,
    pub(crate) control: u16,
    pub(crate) heartbeat: u16,
}

impl Ports {
    fn contains_zero(self) -> bool {
        [self.shell, self.iopub, self.stdin, self.control, self.heartbeat].contains(&0)
    }
}

/// One of a kernel's five sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Channel {
    /// Requests that run or look at code, one after the other.
    Shell,
    /// Everything the kernel publishes to all frontends.
    IoPub,
    /// Questions of the kernel to one frontend.
    Stdin,
    /// Requests that are answered while code runs.
    Control,
    /// Echoes what it is sent.
    Heartbeat,
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Shell => "shell",
            Self::IoPub => "iopub",
            Self::Stdin => "stdin",
            Self::Control => "control",
            Self::Heartbeat => "heartbeat",
        })
    }
}

/// Why a connection file cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectionFileError {
    /// It cannot be read.
    #[error("The connection file {} cannot be read: {source}.", path.display())]
    Unreadable {
        /// The path that was given.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// It is not the JSON that Jupyter writes. The text names the place and never quotes the key.
    #[error("The connection file is not valid: {0}.")]
    Invalid(String),
    /// It asks for CURVE encryption, which this kernel does not speak; going on without it would send in the clear
    /// what the user wanted encrypted.
    #[error(
        "The connection file asks for CURVE encryption, which this kernel does not support. \
         Turn it off in the Jupyter server's settings, or use the ipc transport."
    )]
    CurveUnsupported,
    /// It names a signature scheme other than `hmac-sha256`.
    #[error("The connection file asks for the signature scheme `{0}`. This kernel supports `hmac-sha256`.")]
    SignatureScheme(String),
}

#[derive(Deserialize)]
struct Raw {
    #[serde(default)]
    transport: Option<String>,
    #[serde(default)]
    ip: Option<String>,
    shell_port: u16,
    iopub_port: u16,
    stdin_port: u16,
    control_port: u16,
    hb_port: u16,
    #[serde(default)]
    key: String,
    #[serde(default)]
    signature_scheme: Option<String>,
    #[serde(flatten)]
    rest: serde_json::Map<String, serde_json::Value>,
}

impl ConnectionFile {
    /// Reads the file that Jupyter wrote.
    ///
    /// # Errors
    /// When it cannot be read, is not a connection file, or asks for what this kernel does not speak.
    pub fn read(path: &Path) -> Result<Self, ConnectionFileError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConnectionFileError::Unreadable { path: path.to_owned(), source })?;
        Self::parse(&Zeroizing::new(text))
    }

    /// Reads the text of a connection file.
    ///
    /// # Errors
    /// When it is not a connection file, or asks for what this kernel does not speak.
    pub fn parse(text: &str) -> Result<Self, ConnectionFileError> {
        let raw: Raw = serde_json::from_str(text).map_err(|error| {
            // Only the kind of fault and its place: serde's own text may quote a value, and the key is one.
            let kind = match error.classify() {
                serde_json::error::Category::Data => "a field is missing or of the wrong kind",
                _ => "it is not JSON",
            };
            ConnectionFileError::Invalid(format!("{kind} (line {}, column {})", error.line(), error.column()))
        })?;
        let key = Zeroizing::new(raw.key);
        if raw.rest.iter().any(|(name, value)| name.starts_with("curve") && !value.is_null()) {
            return Err(ConnectionFileError::CurveUnsupported);
        }
        match raw.signature_scheme.as_deref() {
            None | Some("" | "hmac-sha256") => {}
            Some(other) => {
                return Err(ConnectionFileError::SignatureScheme(other.escape_debug().to_string()));
            }
        }
        let transport = match raw.transport.as_deref() {
            None | Some("tcp") => Transport::Tcp,
            Some("ipc") => Transport::Ipc,
            Some(other) => {
                let other = other.escape_debug();
                return Err(ConnectionFileError::Invalid(format!("its transport `{other}` is unknown")));
            }
        };
        let ip = match (raw.ip, transport) {
            (Some(ip), _) if !ip.is_empty() => ip,
            (_, Transport::Tcp) => "127.0.0.1".to_owned(),
            (_, Transport::Ipc) => return Err(ConnectionFileError::Invalid("`ip` is missing".to_owned())),
        };
        let ports = Ports {
            shell: raw.shell_port,
            iopub: raw.iopub_port,
            stdin: raw.stdin_port,
            control: raw.control_port,
            heartbeat: raw.hb_port,
        };
        if transport == Transport::Tcp && ports.contains_zero() {
            return Err(ConnectionFileError::Invalid("a port is 0, where no frontend would look".to_owned()));
        }
        Ok(Self { transport, ip, ports, key })
    }

    /// The transport.
    pub fn transport(&self) -> Transport {
        self.transport
    }

    /// The endpoint of a socket as ZeroMQ writes it: `tcp://127.0.0.1:5555` or `ipc:///run/kernel-ipc-1`.
    pub fn endpoint(&self, channel: Channel) -> String {
        let port = self.port(channel);
        match self.transport {
            Transport::Tcp if self.ip.contains(':') => format!("tcp://[{}]:{port}", self.ip),
            Transport::Tcp => format!("tcp://{}:{port}", self.ip),
            Transport::Ipc => format!("ipc://{}-{port}", self.ip),
        }
    }

    /// The file of a socket; `None` for TCP.
    pub(crate) fn socket_file(&self, channel: Channel) -> Option<PathBuf> {
        match self.transport {
            Transport::Tcp => None,
            Transport::Ipc => Some(PathBuf::from(format!("{}-{}", self.ip, self.port(channel)))),
        }
    }

    pub(crate) fn port(&self, channel: Channel) -> u16 {
        match channel {
            Channel::Shell => self.ports.shell,
            Channel::IoPub => self.ports.iopub,
            Channel::Stdin => self.ports.stdin,
            Channel::Control => self.ports.control,
            Channel::Heartbeat => self.ports.heartbeat,
        }
    }
}

impl fmt::Debug for ConnectionFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectionFile")
            .field("transport", &self.transport)
            .field("ip", &self.ip)
            .field("ports", &self.ports)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"{"shell_port":1,"iopub_port":2,"stdin_port":3,"control_port":4,"hb_port":5,
        "ip":"127.0.0.1","key":"s3cret","transport":"tcp","signature_scheme":"hmac-sha256","kernel_name":"cql"}"#;

    #[test]
    fn a_file_of_jupyter_is_read() {
        let file = ConnectionFile::parse(FILE).unwrap();
        assert_eq!(file.endpoint(Channel::Shell), "tcp://127.0.0.1:1");
        assert_eq!(file.endpoint(Channel::Heartbeat), "tcp://127.0.0.1:5");
    }

    #[test]
    fn ipc_and_ipv6_endpoints() {
        let ipc = FILE.replace("\"tcp\"", "\"ipc\"").replace("127.0.0.1", "/run/kernel-ipc");
        assert_eq!(ConnectionFile::parse(&ipc).unwrap().endpoint(Channel::IoPub), "ipc:///run/kernel-ipc-2");
        let six = FILE.replace("127.0.0.1", "::1");
        assert_eq!(ConnectionFile::parse(&six).unwrap().endpoint(Channel::IoPub), "tcp://[::1]:2");
    }

    #[test]
    fn curve_is_refused_before_anything_is_bound() {
        let curve = FILE.replacen('{', r#"{"curve_publickey":"abc","curve_secretkey":"def","#, 1);
        assert!(matches!(ConnectionFile::parse(&curve), Err(ConnectionFileError::CurveUnsupported)));
        let null = FILE.replacen('{', r#"{"curve_publickey":null,"#, 1);
        assert!(ConnectionFile::parse(&null).is_ok());
    }

    #[test]
    fn another_signature_scheme_is_refused() {
        let error = ConnectionFile::parse(&FILE.replace("sha256", "md5")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "The connection file asks for the signature scheme `hmac-md5`. This kernel supports `hmac-sha256`."
        );
    }

    #[test]
    fn what_cannot_be_used_is_said_in_one_line() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("kernel.json");
        let refused = |text: &[u8], fact: &str| {
            std::fs::write(&file, text).unwrap();
            let line = ConnectionFile::read(&file).unwrap_err().to_string();
            assert!(line.contains(fact), "{fact:?} is not in {line:?}");
            assert!(!line.contains(['\n', '\r', '\u{1b}']) && !line.contains("s3cret"), "{line:?}");
        };
        let with = |old: &str, new: &str| FILE.replace(old, new).into_bytes();
        refused(b"", "it is not JSON");
        refused(&FILE.as_bytes()[..FILE.len() / 2], "it is not JSON");
        refused(b"[1, 2]", "a field is missing or of the wrong kind");
        refused(b"\xff\xfe", "cannot be read");
        refused(&with("\"hb_port\":5,", ""), "a field is missing");
        refused(&with("\"hb_port\":5", "\"hb_port\":65536"), "of the wrong kind");
        refused(&with("\"hb_port\":5", "\"hb_port\":-5"), "of the wrong kind");
        refused(&with("\"hb_port\":5", "\"hb_port\":0"), "a port is 0");
        refused(&with("\"s3cret\"", "[\"s3cret\"]"), "of the wrong kind");
        refused(&with("\"tcp\"", "\"smoke\\n\""), r"its transport `smoke\n` is unknown");
        refused(&with("hmac-sha256", "md5\\u001b[1m"), r"signature scheme `md5\u{1b}[1m`");
        let nowhere = FILE.replace("\"tcp\"", "\"ipc\"").replace("127.0.0.1", "");
        refused(nowhere.as_bytes(), "`ip` is missing");
        let line = ConnectionFile::read(&folder.path().join("none.json")).unwrap_err().to_string();
        assert!(
            line.starts_with("The connection file ") && line.contains("none.json cannot be read"),
            "{line}"
        );
        let line = ConnectionFile::read(folder.path()).unwrap_err().to_string();
        assert!(line.contains("cannot be read"), "{line}");
    }

    #[test]
    fn fields_that_jupyter_adds_or_leaves_out_do_not_matter() {
        let more = FILE
            .replace("\"cql\"", "\"кассандра 😀\",\"jupyter_session\":\"/a b.ipynb\",\"future\":{\"a\":[1]}");
        assert!(ConnectionFile::parse(&more).is_ok());
        let fewer = r#"{"shell_port":1,"iopub_port":2,"stdin_port":3,"control_port":4,"hb_port":5,"key":""}"#;
        let file = ConnectionFile::parse(fewer).unwrap();
        assert_eq!((file.endpoint(Channel::Shell).as_str(), file.key.as_str()), ("tcp://127.0.0.1:1", ""));
    }

    #[test]
    fn the_key_is_never_shown() {
        assert!(!format!("{:?}", ConnectionFile::parse(FILE).unwrap()).contains("s3cret"));
        let broken = FILE.replace("\"shell_port\":1", "\"shell_port\":\"s3cret\"");
        let error = ConnectionFile::parse(&broken).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("s3cret"));
        assert_eq!(
            error.to_string(),
            "The connection file is not valid: a field is missing or of the wrong kind (line 1, column 22)."
        );
    }
}
