//! What a connection is made from, kept for this session so that `%connect NAME` can make it again.
//!
//! It holds a secret, so it prints nothing and is never written anywhere.

use std::path::PathBuf;
use std::time::Duration;

use cqlbook_cluster::{AstraTarget, CassandraTarget, Credentials, Service, Target, Timeouts, TlsFiles};
use cqlbook_core::secret::Secret;

/// A user and a password that can be handed out more than once.
pub(crate) struct Login {
    pub(crate) user: String,
    pub(crate) password: Secret,
}

impl Login {
    fn credentials(&self) -> Credentials {
        Credentials { username: self.user.clone(), password: self.password.duplicate() }
    }
}

/// The service a recipe leads to.
pub(crate) enum Place {
    /// An Astra database by its bundle.
    Astra { bundle: PathBuf, login: Login },
    /// A self-hosted cluster.
    Cassandra {
        hosts: Vec<String>,
        port: u16,
        login: Option<Login>,
        dc: Option<String>,
        tls: Option<TlsFiles>,
    },
}

/// All that is needed to connect again.
pub(crate) struct Recipe {
    /// The name the user gave it.
    pub(crate) name: Option<String>,
    /// Where it leads.
    pub(crate) place: Place,
    /// The keyspace to start in, as typed.
    pub(crate) keyspace: Option<String>,
    /// Only reads are sent over it.
    pub(crate) read_only: bool,
}

impl Recipe {
    /// Whether it leads to Astra.
    pub(crate) fn is_astra(&self) -> bool {
        matches!(self.place, Place::Astra { .. })
    }

    /// What must never be shown or kept.
    pub(crate) fn secret(&self) -> Option<&Secret> {
        match &self.place {
            Place::Astra { login, .. } => Some(&login.password),
            Place::Cassandra { login, .. } => login.as_ref().map(|login| &login.password),
        }
    }

    /// What to call it in a sentence: its name, or what kind it is.
    pub(crate) fn label(&self) -> String {
        match (&self.name, &self.place) {
            (Some(name), _) => name.clone(),
            (None, Place::Astra { .. }) => "Astra DB".to_owned(),
            (None, Place::Cassandra { hosts, .. }) => hosts.join(", "),
        }
    }

    /// The target for the cluster room, to be reached within `wait`.
    pub(crate) fn target(&self, wait: Duration) -> Target {
        let service = match &self.place {
            Place::Astra { bundle, login } => {
                Service::Astra(AstraTarget { bundle: bundle.clone(), credentials: login.credentials() })
            }
            Place::Cassandra { hosts, port, login, dc, tls } => Service::Cassandra(CassandraTarget {
                hosts: hosts.clone(),
                port: *port,
                credentials: login.as_ref().map(Login::credentials),
                local_dc: dc.clone(),
                tls: tls.clone(),
            }),
        };
        let timeouts = Timeouts { connect: wait, ..Timeouts::default() };
        Target::new(service).with_keyspace(self.keyspace.as_deref().map(unquoted)).with_timeouts(timeouts)
    }
}

/// A keyspace as the schema names it: a quoted name loses its quotes. A bare one keeps its case, for a shell-like
/// option is taken as it was typed.
fn unquoted(name: &str) -> String {
    match name.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(inner) => inner.replace("\"\"", "\""),
        None => name.to_owned(),
    }
}
