//! The Secure Connect Bundle: read in memory, checked, never extracted.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rustls_pki_types::CertificateDer;

/// A whole bundle.
pub struct Bundle {
    /// The metadata service's host; the name every server certificate must be valid for.
    pub host: String,
    /// The metadata service's port.
    pub port: u16,
    /// The CQL port the bundle names; drivers take the proxy's address from the metadata service instead.
    pub cql_port: Option<u16>,
    /// The keyspace the bundle was downloaded for.
    pub keyspace: Option<String>,
    /// The data centre the bundle names.
    pub local_dc: Option<String>,
    /// The authorities that sign the servers.
    pub authorities: Vec<CertificateDer<'static>>,
    /// The client's certificate chain, leaf first.
    pub certificates: Vec<CertificateDer<'static>>,
}

/// Why a bundle cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    /// There is no file, or it may not be read.
    #[error("{path}: no bundle: {reason}")]
    NotFound {
        /// The path as it was given.
        path: PathBuf,
        /// The system's words.
        reason: String,
    },
    /// The path is a folder, or a member of an unpacked bundle.
    #[error("{path} is a part of an extracted bundle")]
    Extracted {
        /// The path as it was given.
        path: PathBuf,
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
        /// Whether it looks like a web page saved as zip.
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
    /// Reads the bundle at `path`, in memory; `now` is this machine's clock.
    ///
    /// # Errors
    /// [`BundleError`], for each way a bundle can be bad.
    pub fn read(_path: &Path, _now: SystemTime) -> Result<Self, BundleError> {
        todo!()
    }
}
