//! The Secure Connect Bundle: read in memory, checked, never extracted, copied or changed.
//!
//! A bundle is a zip of about 13 KB whose members are at its top level: `config.json`, `ca.crt`, `cert`, `key` and some
//! for other clients, which are ignored (the DataStax drivers read the same four). Whatever the file holds, reading it
//! ends in a bundle or a typed error, with bounded memory.

use std::fmt;
use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use serde_json::Value;
use x509_parser::prelude::{FromDer, X509Certificate};
use zeroize::Zeroizing;
use zip::ZipArchive;

use crate::tls;

/// The largest file that is read at all, in bytes.
pub const MAX_FILE_BYTES: u64 = 1024 * 1024;
/// The most members an archive may have.
pub const MAX_ENTRIES: usize = 64;
/// The most all members together may inflate to, in bytes.
pub const MAX_INFLATED_BYTES: u64 = 4 * 1024 * 1024;

/// The reason of [`BundleError::NotZip`] where the path leads to a pipe, a device or the like.
pub const NOT_REGULAR: &str = "it is not a regular file";

const CONFIG: &str = "config.json";
const AUTHORITIES: &str = "ca.crt";
const CERTIFICATE: &str = "cert";
const KEY: &str = "key";
/// The members of a bundle, by which an extracted one is recognised.
const MEMBERS: [&str; 8] =
    [CONFIG, AUTHORITIES, CERTIFICATE, KEY, "cert.pfx", "identity.jks", "trustStore.jks", "cqlshrc"];

/// A whole bundle.
pub struct Bundle {
    /// The metadata service's host; the name every server certificate must be valid for.
    pub host: String,
    /// The metadata service's port.
    pub port: u16,
    /// The CQL port the bundle names; the proxy's address comes from the metadata service.
    pub cql_port: Option<u16>,
    /// The keyspace the bundle was downloaded for.
    pub keyspace: Option<String>,
    /// The data centre the bundle names.
    pub local_dc: Option<String>,
    /// Until when the client's certificate is valid.
    pub valid_until: SystemTime,
    /// The authorities that sign the servers, DER.
    pub(crate) authorities: Vec<CertificateDer<'static>>,
    /// The client's certificate chain with its key.
    pub(crate) identity: Arc<CertifiedKey>,
}

impl Bundle {
    /// The authorities that the servers have to prove themselves by, as DER. Who they are is a part of where the bundle leads.
    pub fn authorities(&self) -> impl Iterator<Item = &[u8]> {
        self.authorities.iter().map(AsRef::as_ref)
    }
}

impl fmt::Debug for Bundle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bundle")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("keyspace", &self.keyspace)
            .field("local_dc", &self.local_dc)
            .finish_non_exhaustive()
    }
}

/// What makes the place that a bundle leads to another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Elsewhere {
    /// The host.
    Host,
    /// The metadata service's port.
    Port,
    /// Who the servers have to prove themselves by.
    Authority,
}

/// Why a bundle cannot be used.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    /// There is no file, or it may not be read.
    #[error("{path}: no bundle: {error}")]
    NotFound {
        /// The path as it was given.
        path: PathBuf,
        /// The system's words.
        error: Arc<io::Error>,
    },
    /// The path is a folder, or a member of an unpacked bundle.
    #[error("{path} is a part of an extracted bundle")]
    Extracted {
        /// The folder or the member.
        path: PathBuf,
        /// Whether it is a folder.
        is_folder: bool,
    },
    /// The file is no zip, or not a whole one.
    #[error("{path} is not a whole zip: {reason}")]
    NotZip {
        /// The path as it was given.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
        /// The file's size in bytes.
        size: u64,
        /// Whether it looks like a web page or a storage service's refusal saved as zip.
        looks_like_html: bool,
    },
    /// A member is missing or does not parse.
    #[error("{member} of the bundle: {reason}")]
    Incomplete {
        /// `config.json`, `ca.crt`, `cert` or `key`.
        member: &'static str,
        /// What is wrong with it. Never anything of the member's content.
        reason: String,
    },
    /// The archive has what no bundle has: more than it may, or names that lead elsewhere.
    #[error("the bundle is refused: {reason}")]
    Unsafe {
        /// What it has.
        reason: String,
    },
    /// A bundle of another place was put in the place of the one that the connection was made by. It is not used.
    #[error("{path} leads to {now} now, and the connection is to {was}, or its authority is another one")]
    OtherPlace {
        /// The path.
        path: PathBuf,
        /// What is different, the first of it.
        how: Elsewhere,
        /// The host and port of the open connection.
        was: String,
        /// The host and port that the bundle names now.
        now: String,
    },
    /// The client's certificate is not valid now.
    #[error("the bundle's certificate is not valid now")]
    Expired {
        /// Valid from.
        not_before: SystemTime,
        /// Valid until.
        not_after: SystemTime,
        /// This machine's clock.
        now: SystemTime,
    },
}

impl Bundle {
    /// Reads the bundle at `path`, in memory; `now` is this machine's clock. Blocks on the file.
    ///
    /// # Errors
    /// [`BundleError`], for each way a bundle can be bad.
    pub fn read(path: &Path, now: SystemTime) -> Result<Self, BundleError> {
        let not_found = |error: io::Error| {
            // Some browsers unpack a download at once, and leave a folder of the same name.
            let unpacked = path.with_extension("");
            if error.kind() == io::ErrorKind::NotFound && unpacked.join(CONFIG).is_file() {
                return BundleError::Extracted { path: unpacked, is_folder: true };
            }
            BundleError::NotFound { path: path.to_owned(), error: Arc::new(error) }
        };
        let metadata = std::fs::metadata(path).map_err(not_found)?;
        if metadata.is_dir() {
            return Err(BundleError::Extracted { path: path.to_owned(), is_folder: true });
        }
        let size = metadata.len();
        let not_zip = |reason: &str| BundleError::NotZip {
            path: path.to_owned(),
            reason: reason.to_owned(),
            size,
            looks_like_html: false,
        };
        if !metadata.is_file() {
            return Err(not_zip(NOT_REGULAR));
        }
        if size > MAX_FILE_BYTES {
            return Err(BundleError::Unsafe {
                reason: format!("the file has {} KB, and a bundle has about 13", size / 1000),
            });
        }
        let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(size).unwrap_or_default()));
        File::open(path)
            .and_then(|file| file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes))
            .map_err(not_found)?;
        let is_member =
            path.file_name().and_then(|name| name.to_str()).is_some_and(|name| MEMBERS.contains(&name));
        if is_member && !bytes.starts_with(b"PK") {
            return Err(BundleError::Extracted { path: path.to_owned(), is_folder: false });
        }
        Self::from_bytes(&bytes, path, now)
    }

    /// Reads a bundle that is in memory already; `path` is only named in errors.
    ///
    /// # Errors
    /// [`BundleError`], but neither `NotFound` nor `Extracted`.
    pub fn from_bytes(bytes: &[u8], path: &Path, now: SystemTime) -> Result<Self, BundleError> {
        let not_zip = |reason: String| BundleError::NotZip {
            path: path.to_owned(),
            reason,
            size: bytes.len() as u64,
            looks_like_html: bytes.trim_ascii_start().starts_with(b"<"),
        };
        if bytes.is_empty() {
            return Err(not_zip("it is empty".to_owned()));
        }
        if !bytes.starts_with(b"PK") {
            return Err(not_zip("it does not start like one".to_owned()));
        }
        let archive = ZipArchive::new(Cursor::new(bytes))
            .map_err(|_| not_zip("it is cut short or damaged".to_owned()))?;
        let mut members = Members::check(archive)?;

        let config = Config::parse(&members.read(CONFIG)?)?;
        let authorities = parse_certificates(AUTHORITIES, &members.read(AUTHORITIES)?)?;
        tls::roots(&authorities).map_err(|reason| BundleError::Incomplete { member: AUTHORITIES, reason })?;
        let certificates = parse_certificates(CERTIFICATE, &members.read(CERTIFICATE)?)?;
        let validity = validity(&certificates)?;
        let identity = parse_identity(certificates, &members.read(KEY)?)?;

        let (not_before, not_after) = validity;
        if now < not_before || now > not_after {
            return Err(BundleError::Expired { not_before, not_after, now });
        }
        Ok(Self {
            host: config.host,
            port: config.port,
            cql_port: config.cql_port,
            keyspace: config.keyspace,
            local_dc: config.local_dc,
            valid_until: not_after,
            authorities,
            identity: Arc::new(identity),
        })
    }
}

/// An archive that keeps to a bundle's bounds.
struct Members<'a> {
    archive: ZipArchive<Cursor<&'a [u8]>>,
    /// What may still be inflated, in bytes.
    left: u64,
}

impl<'a> Members<'a> {
    /// Refuses an archive that has what no bundle has, by its directory alone.
    fn check(mut archive: ZipArchive<Cursor<&'a [u8]>>) -> Result<Self, BundleError> {
        let refuse = |reason: String| Err(BundleError::Unsafe { reason });
        if archive.has_duplicate_names() {
            return refuse("two members have the same name".to_owned());
        }
        if archive.len() > MAX_ENTRIES {
            return refuse(format!("it has {} members; at most {MAX_ENTRIES} are allowed", archive.len()));
        }
        let mut inflated: u64 = 0;
        for index in 0..archive.len() {
            let Ok(member) = archive.by_index_raw(index) else {
                return refuse("a member's header contradicts the directory".to_owned());
            };
            let name = String::from_utf8_lossy(member.name_raw()).into_owned();
            if leads_elsewhere(&name) {
                return refuse(format!("the name {name:?} leads out of the archive"));
            }
            // The upper half of the attributes is the Unix mode; 0o120000 is a symbolic link.
            if member.is_symlink() || member.unix_mode().is_some_and(|mode| mode & 0o170_000 == 0o120_000) {
                return refuse(format!("{name:?} is a link"));
            }
            inflated = inflated.saturating_add(member.size());
        }
        if inflated > MAX_INFLATED_BYTES {
            return refuse(format!("it would unpack to more than {} MiB", MAX_INFLATED_BYTES >> 20));
        }
        Ok(Self { archive, left: MAX_INFLATED_BYTES })
    }

    /// The content of the member of exactly that name.
    fn read(&mut self, member: &'static str) -> Result<Zeroizing<Vec<u8>>, BundleError> {
        let incomplete = |reason: &str| BundleError::Incomplete { member, reason: reason.to_owned() };
        let nested = format!("/{member}");
        let is_nested = self.archive.file_names_raw().any(|name| name.ends_with(nested.as_bytes()));
        let Some(index) = self.archive.index_for_name(member) else {
            return Err(incomplete(if is_nested {
                "it lies in a folder of the archive, which was packed anew"
            } else {
                "it is missing"
            }));
        };
        let entry = self
            .archive
            .by_index(index)
            .map_err(|_| incomplete("it is encrypted, or packed in a way bundles are not"))?;
        if entry.is_dir() {
            return Err(incomplete("it is a folder"));
        }
        let mut content = Zeroizing::new(Vec::new());
        let read =
            entry.take(self.left + 1).read_to_end(&mut content).map_err(|_| incomplete("it is damaged"))?;
        // The directory's sizes may lie: count what really came out.
        self.left = self.left.checked_sub(read as u64).ok_or_else(|| BundleError::Unsafe {
            reason: format!("it unpacks to more than {} MiB", MAX_INFLATED_BYTES >> 20),
        })?;
        Ok(content)
    }
}

/// Whether a member of this name could be written outside of a folder it were extracted to.
fn leads_elsewhere(name: &str) -> bool {
    let drive = name.as_bytes().get(1) == Some(&b':');
    drive
        || name.is_empty()
        || name.contains('\0')
        || name.starts_with(['/', '\\'])
        || name.split(['/', '\\']).any(|part| part == "..")
}

/// What is used of `config.json`; the other fields are for other clients.
struct Config {
    host: String,
    port: u16,
    cql_port: Option<u16>,
    keyspace: Option<String>,
    local_dc: Option<String>,
}

impl Config {
    fn parse(json: &[u8]) -> Result<Self, BundleError> {
        let incomplete = |reason: &str| BundleError::Incomplete { member: CONFIG, reason: reason.to_owned() };
        let value: Value = serde_json::from_slice(json).map_err(|_| incomplete("it is not JSON"))?;
        let text = |name: &str| {
            value.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
        };
        let port = |name: &str| {
            let port = value.get(name)?;
            let number = port.as_u64().or_else(|| port.as_str()?.parse().ok())?;
            u16::try_from(number).ok().filter(|&port| port != 0)
        };
        let host = text("host").ok_or_else(|| incomplete("it names no host"))?;
        if ServerName::try_from(host.as_str()).is_err() {
            return Err(incomplete("its host is not a host's name"));
        }
        Ok(Self {
            host,
            port: port("port").ok_or_else(|| incomplete("it names no port"))?,
            cql_port: port("cql_port"),
            keyspace: text("keyspace"),
            local_dc: text("localDC"),
        })
    }
}

fn parse_certificates(member: &'static str, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, BundleError> {
    tls::certificates(pem).map_err(|reason| BundleError::Incomplete { member, reason })
}

/// The time the leaf certificate is valid for.
fn validity(chain: &[CertificateDer<'static>]) -> Result<(SystemTime, SystemTime), BundleError> {
    let incomplete = || BundleError::Incomplete {
        member: CERTIFICATE,
        reason: "it does not hold an X.509 certificate".to_owned(),
    };
    let leaf = chain.first().ok_or_else(incomplete)?;
    let (_, leaf) = X509Certificate::from_der(leaf).map_err(|_| incomplete())?;
    let moment = |seconds: i64| match u64::try_from(seconds) {
        Ok(seconds) => SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds)),
        Err(_) => SystemTime::UNIX_EPOCH.checked_sub(Duration::from_secs(seconds.unsigned_abs())),
    };
    let validity = leaf.validity();
    moment(validity.not_before.timestamp()).zip(moment(validity.not_after.timestamp())).ok_or_else(incomplete)
}

fn parse_identity(chain: Vec<CertificateDer<'static>>, pem: &[u8]) -> Result<CertifiedKey, BundleError> {
    let incomplete = |reason: &str| BundleError::Incomplete { member: KEY, reason: reason.to_owned() };
    let key = PrivateKeyDer::from_pem_slice(pem)
        .map_err(|_| incomplete("it holds no unencrypted private key in PEM form"))?;
    tls::identity(chain, key).map_err(|reason| BundleError::Incomplete { member: KEY, reason })
}
