//! Packs a Secure Connect Bundle with the members that Astra's has. It writes the one file and reads nothing back.

use std::fs::File;
use std::io::{Seek, Write};
use std::path::Path;

use serde_json::json;
use zip::write::SimpleFileOptions;

use crate::error::{Context, Error, Result};

/// What goes into a bundle.
#[derive(Debug)]
pub(crate) struct Bundle<'a> {
    pub(crate) host: &'a str,
    pub(crate) metadata_port: u16,
    pub(crate) cql_port: u16,
    pub(crate) keyspace: &'a str,
    pub(crate) local_dc: &'a str,
    pub(crate) ca: &'a str,
    pub(crate) cert: &'a str,
    pub(crate) key: &'a str,
    pub(crate) stores: &'a Stores,
}

/// The members for other clients than cqlbook, in formats of Java and Windows, with their passwords.
#[derive(Debug)]
pub(crate) struct Stores {
    pub(crate) password: String,
    pub(crate) pfx: Vec<u8>,
    pub(crate) identity: Vec<u8>,
    pub(crate) trust: Vec<u8>,
}

impl Bundle<'_> {
    /// Writes the bundle to `path`, readable by its owner only.
    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        let file = File::create(path).at("Creating", path)?;
        crate::place::protect(path)?;
        self.pack(file).map_err(|error| Error::Bundle(error.to_string()))
    }

    fn pack(&self, file: impl Write + Seek) -> zip::result::ZipResult<()> {
        let config = serde_json::to_vec_pretty(&self.config()).map_err(std::io::Error::from)?;
        let cqlshrc = format!(
            "[connection]\nhostname = {}\nport = {}\nssl = true\n\n[ssl]\nvalidate = true\ncertfile = ./ca.crt\n\
             userkey = ./key\nusercert = ./cert\n",
            self.host, self.cql_port
        );
        let members: [(&str, &[u8]); 8] = [
            ("ca.crt", self.ca.as_bytes()),
            ("cert", self.cert.as_bytes()),
            ("key", self.key.as_bytes()),
            ("cert.pfx", &self.stores.pfx),
            ("config.json", &config),
            ("cqlshrc", cqlshrc.as_bytes()),
            ("identity.jks", &self.stores.identity),
            ("trustStore.jks", &self.stores.trust),
        ];
        let mut zip = zip::ZipWriter::new(file);
        for (name, bytes) in members {
            zip.start_file(name, SimpleFileOptions::default())?;
            zip.write_all(bytes)?;
        }
        zip.finish().map(drop)
    }

    fn config(&self) -> serde_json::Value {
        json!({
            "host": self.host,
            "port": self.metadata_port,
            "cql_port": self.cql_port,
            "keyspace": self.keyspace,
            "localDC": self.local_dc,
            "caCertLocation": "./ca.crt",
            "keyLocation": "./key",
            "certLocation": "./cert",
            "keyStoreLocation": "./identity.jks",
            "keyStorePassword": self.stores.password,
            "trustStoreLocation": "./trustStore.jks",
            "trustStorePassword": self.stores.password,
            "pfxCertPassword": self.stores.password,
            "csvLocation": "./data",
        })
    }
}
