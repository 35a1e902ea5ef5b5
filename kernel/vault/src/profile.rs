//! One saved connection, as the program holds it and as a table of the file.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use cqlbook_core::host::{HostError, Hosts, NATIVE_PORT};
use sha2::{Digest, Sha256};
use toml_edit::{Datetime, Item, Table, value};

use crate::name::{self, NameError, check_name};
use crate::profiles::{ProfileError, array, text};
use crate::seal::{self, NoRandomness};

/// A saved connection without its secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    pub(crate) id: ProfileId,
    /// What the user calls it.
    pub name: String,
    /// Where it leads.
    pub place: Place,
    /// The keyspace to begin in, as it was typed.
    pub keyspace: Option<String>,
    /// Only reads are sent over it.
    pub read_only: bool,
    /// When it was last opened, to the second.
    pub last_used: Option<SystemTime>,
    pub(crate) saved_as: SavedAs,
}

/// How a connection was found in the file, which tells it apart from a copy of it with the same id. It is no part of what a
/// connection is.
#[derive(Debug, Clone, Default)]
pub(crate) struct SavedAs {
    /// The name that it had there; `None` for one that is new.
    pub(crate) name: Option<String>,
    /// Whether another one had the same id.
    pub(crate) shared: bool,
}

impl PartialEq for SavedAs {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for SavedAs {}

/// What a connection's secrets are bound to. It outlives a change of name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ProfileId(String);

impl ProfileId {
    /// One that no other connection has.
    pub(crate) fn new() -> Result<Self, NoRandomness> {
        let id = seal::random::<16>()?;
        Ok(Self(id.iter().map(|byte| format!("{byte:02x}")).collect()))
    }

    /// As text: hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// From text, where it is an id: 32 hexadecimal digits.
    pub(crate) fn of_text(text: &str) -> Option<Self> {
        let is_ours = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_ours.then(|| Self(text.to_owned()))
    }
}

/// Where a connection leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// An Astra database. Client ID and Client Secret are secrets.
    Astra {
        /// The Secure Connect Bundle, where the user keeps it.
        bundle: PathBuf,
    },
    /// A self-hosted cluster. The password is a secret.
    Cassandra {
        /// Contact points.
        hosts: Vec<String>,
        /// The native port.
        port: u16,
        /// The user, where the cluster asks for one.
        user: Option<String>,
        /// The data centre whose nodes are used.
        dc: Option<String>,
        /// TLS files; `None` for a connection without TLS.
        tls: Option<TlsPaths>,
    },
}

impl Place {
    /// The word for its kind, as in `%connect astra`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Astra { .. } => "astra",
            Self::Cassandra { .. } => "cassandra",
        }
    }
}

/// Where a cluster's PEM files are. All `None` means TLS with the system's authorities.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TlsPaths {
    /// The authorities to trust.
    pub ca_cert: Option<PathBuf>,
    /// The client's certificate.
    pub cert: Option<PathBuf>,
    /// The client's key.
    pub key: Option<PathBuf>,
}

/// Why a connection cannot be begun.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NewError {
    /// It may not be called so.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The system gave no randomness for its id.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
}

/// The fields of the two kinds: those of one are removed when a connection becomes the other.
const FIELDS: [&str; 9] = ["bundle", "hosts", "port", "user", "dc", "tls", "ca_cert", "cert", "key"];

impl Profile {
    /// A connection that is not saved yet, with an id of its own.
    ///
    /// # Errors
    /// [`NewError`].
    pub fn new(name: &str, place: Place) -> Result<Self, NewError> {
        Ok(Self {
            id: ProfileId::new()?,
            name: check_name(name)?.to_owned(),
            place,
            keyspace: None,
            read_only: false,
            last_used: None,
            saved_as: SavedAs::default(),
        })
    }

    /// What its secrets are bound to.
    pub fn id(&self) -> &ProfileId {
        &self.id
    }

    /// The id of a table. A table that a person wrote without one gets one from its name, which is kept from then on.
    pub(crate) fn id_of(table: &Table) -> Option<ProfileId> {
        if let Some(id) = text(table, "id") {
            return ProfileId::of_text(&id);
        }
        let hash = Sha256::digest(name::key(&text(table, "name")?));
        Some(ProfileId(hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect()))
    }

    /// Reads a table; the error says which field is wrong.
    pub(crate) fn read(table: &Table) -> Result<Self, String> {
        let name = text(table, "name").ok_or("it has no name")?;
        let name = check_name(&name).map_err(|error| error.to_string())?.to_owned();
        let id = Self::id_of(table).ok_or("its id is not 32 hexadecimal digits")?;
        let optional = |field: &str| match table.get(field) {
            None => Ok(None),
            Some(item) => {
                item.as_str().map(|text| Some(text.to_owned())).ok_or(format!("`{field}` is not text"))
            }
        };
        let truth = |field: &str| match table.get(field) {
            None => Ok(false),
            Some(item) => item.as_bool().ok_or(format!("`{field}` is neither true nor false")),
        };
        let place = match text(table, "kind").as_deref() {
            Some("astra") => {
                Place::Astra { bundle: optional("bundle")?.ok_or("`bundle` is missing")?.into() }
            }
            Some("cassandra") => {
                let path = |field: &str| optional(field).map(|text| text.map(PathBuf::from));
                let paths = TlsPaths { ca_cert: path("ca_cert")?, cert: path("cert")?, key: path("key")? };
                let tls = truth("tls")? || paths != TlsPaths::default();
                let (hosts, port) = hosts(table)?;
                Place::Cassandra {
                    hosts,
                    port,
                    user: optional("user")?,
                    dc: optional("dc")?,
                    tls: tls.then_some(paths),
                }
            }
            Some(other) => return Err(format!("its kind is `{other}`, which this version does not know")),
            None => return Err("`kind` is missing".to_owned()),
        };
        Ok(Self {
            id,
            saved_as: SavedAs { name: Some(name.clone()), shared: false },
            name,
            place,
            keyspace: optional("keyspace")?,
            read_only: truth("read_only")?,
            last_used: last_used(table),
        })
    }

    /// Writes it over a table; what it does not know there stays.
    pub(crate) fn write(&self, table: &mut Table) -> Result<(), ProfileError> {
        set(table, "id", Some(value(self.id.as_str())));
        set(table, "name", Some(value(&self.name)));
        set(table, "kind", Some(value(self.place.kind())));
        let mut fields: Vec<(&str, Item)> = Vec::new();
        match &self.place {
            Place::Astra { bundle } => fields.push(("bundle", path(bundle)?)),
            Place::Cassandra { hosts, port, user, dc, tls } => {
                fields.push(("hosts", array(hosts)));
                fields.push(("port", value(i64::from(*port))));
                fields.extend(user.as_ref().map(|user| ("user", value(user))));
                fields.extend(dc.as_ref().map(|dc| ("dc", value(dc))));
                if let Some(TlsPaths { ca_cert, cert, key }) = tls {
                    fields.push(("tls", value(true)));
                    for (field, file) in [("ca_cert", ca_cert), ("cert", cert), ("key", key)] {
                        if let Some(file) = file {
                            fields.push((field, path(file)?));
                        }
                    }
                }
            }
        }
        for field in FIELDS {
            if !fields.iter().any(|(name, _)| *name == field) {
                table.remove(field);
            }
        }
        for (field, item) in fields {
            set(table, field, Some(item));
        }
        set(table, "keyspace", self.keyspace.as_ref().map(value));
        set(table, "read_only", self.read_only.then(|| value(true)));
        Self::write_last_used(table, self.last_used);
        Ok(())
    }

    pub(crate) fn write_last_used(table: &mut Table, last_used: Option<SystemTime>) {
        let moment = last_used.and_then(|at| jiff::Timestamp::try_from(at).ok());
        let moment =
            moment.and_then(|at| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string().parse::<Datetime>().ok());
        set(table, "last_used", moment.map(value));
    }
}

/// Sets a field in place, so that comments around it stay, or removes it.
fn set(table: &mut Table, field: &str, item: Option<Item>) {
    match (item, table.get_mut(field)) {
        (Some(Item::Value(mut new)), Some(Item::Value(old))) => {
            // What stands around a value, a comment at its end for one, belongs to the person who wrote it.
            *new.decor_mut() = old.decor().clone();
            *old = new;
        }
        (Some(new), _) => {
            table.insert(field, new);
        }
        (None, _) => {
            table.remove(field);
        }
    }
}

fn path(path: &Path) -> Result<Item, ProfileError> {
    match path.to_str() {
        Some(text) => Ok(value(text)),
        None => Err(ProfileError::PathNotText { path: path.to_owned() }),
    }
}

/// The hosts and the port of all of them, which may stand behind a host as well.
fn hosts(table: &Table) -> Result<(Vec<String>, u16), String> {
    let texts = table
        .get("hosts")
        .and_then(Item::as_array)
        .map(|hosts| hosts.iter().map(|host| host.as_str()).collect::<Option<Vec<_>>>());
    let Some(Some(texts)) = texts else { return Err("`hosts` is not a list of hosts".to_owned()) };
    let told = |error: HostError| format!("`hosts` is not a list of hosts: {error}");
    let hosts = Hosts::parse(texts).map_err(told)?;
    let port = hosts.port_with(port(table)?).map_err(told)?;
    Ok((hosts.names, port.unwrap_or(NATIVE_PORT)))
}

fn port(table: &Table) -> Result<Option<u16>, String> {
    let Some(port) = table.get("port") else { return Ok(None) };
    let number = port.as_integer().and_then(|port| u16::try_from(port).ok()).filter(|port| *port > 0);
    number.map(Some).ok_or_else(|| "`port` is not a number from 1 to 65535".to_owned())
}

/// One that does not parse is as good as none.
fn last_used(table: &Table) -> Option<SystemTime> {
    let moment: jiff::Timestamp = table.get("last_used")?.as_datetime()?.to_string().parse().ok()?;
    Some(moment.into())
}
