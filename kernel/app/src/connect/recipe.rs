//! What a connection is made from, so that it can be made, saved and made again.
//!
//! It may hold a secret, so it prints nothing and is never written anywhere.

use std::path::PathBuf;
use std::time::Duration;

use cqlbook_cluster::{AstraTarget, CassandraTarget, Credentials, Service, Target, Timeouts, TlsFiles};
use cqlbook_core::secret::Secret;
use cqlbook_vault::{Destination, Place as Saved, Profile, SealedCredentials, TlsPaths};

/// How a connection's user and password are held. They are opened when the connection is made, by
/// [`Shelf::credentials`](super::shelf::Shelf::credentials).
pub(crate) enum Login {
    /// By this session, and nowhere else.
    Held {
        /// The Client ID, or the user.
        user: String,
        /// The Client Secret, the token or the password.
        password: Secret,
        /// The service that they were given for, as it was when they were asked for; `None` where that could not be told, so that
        /// they are sent nowhere.
        to: Option<Destination>,
    },
    /// Sealed since they left the form, for the recipe's profile only.
    Sealed(SealedCredentials),
    /// In the keychain, or the vault file, under the recipe's profile.
    Kept,
}

/// The service a recipe leads to.
pub(crate) enum Place {
    /// An Astra database by its bundle.
    Astra { bundle: PathBuf, login: Login },
    /// A self-hosted cluster. A user comes with a login.
    Cassandra {
        hosts: Vec<String>,
        port: u16,
        user: Option<String>,
        login: Option<Login>,
        dc: Option<String>,
        tls: Option<TlsFiles>,
    },
}

/// All that is needed to connect again.
pub(crate) struct Recipe {
    /// What the user calls it.
    pub(crate) name: Option<String>,
    /// The saved connection that it is or is to become; `None` for one that is not to be saved.
    pub(crate) profile: Option<Profile>,
    /// Where it leads.
    pub(crate) place: Place,
    /// The keyspace to start in, as typed.
    pub(crate) keyspace: Option<String>,
    /// Only reads are sent over it.
    pub(crate) read_only: bool,
}

impl Login {
    /// What this session holds, for another holder; `None` where it does not hold it.
    pub(crate) fn duplicate_held(&self) -> Option<Self> {
        let Self::Held { user, password, to } = self else { return None };
        Some(Self::Held { user: user.clone(), password: password.duplicate(), to: to.clone() })
    }
}

impl Recipe {
    /// The recipe of a saved connection, whose secrets are kept.
    pub(crate) fn of(profile: &Profile) -> Self {
        let place = match &profile.place {
            Saved::Astra { bundle } => Place::Astra { bundle: bundle.clone(), login: Login::Kept },
            Saved::Cassandra { hosts, port, user, dc, tls } => Place::Cassandra {
                hosts: hosts.clone(),
                port: *port,
                user: user.clone(),
                login: user.as_ref().map(|_| Login::Kept),
                dc: dc.clone(),
                tls: tls.clone().map(|TlsPaths { ca_cert, cert, key }| TlsFiles { ca_cert, cert, key }),
            },
        };
        let (keyspace, read_only) = (profile.keyspace.clone(), profile.read_only);
        Self { name: Some(profile.name.clone()), profile: Some(profile.clone()), place, keyspace, read_only }
    }

    /// The same with another login.
    pub(crate) fn with_login(mut self, new: Login) -> Self {
        match &mut self.place {
            Place::Astra { login, .. } => *login = new,
            Place::Cassandra { login, .. } => *login = Some(new),
        }
        self
    }

    /// Where it leads, without the secrets.
    pub(crate) fn saved_place(&self) -> Saved {
        match &self.place {
            Place::Astra { bundle, .. } => Saved::Astra { bundle: bundle.clone() },
            Place::Cassandra { hosts, port, user, dc, tls, .. } => Saved::Cassandra {
                hosts: hosts.clone(),
                port: *port,
                user: user.clone(),
                dc: dc.clone(),
                tls: tls.clone().map(|TlsFiles { ca_cert, cert, key }| TlsPaths { ca_cert, cert, key }),
            },
        }
    }

    /// How its secrets are held, where it has any.
    pub(crate) fn login(&self) -> Option<&Login> {
        match &self.place {
            Place::Astra { login, .. } => Some(login),
            Place::Cassandra { login, .. } => login.as_ref(),
        }
    }

    /// Whether it leads to Astra.
    pub(crate) fn is_astra(&self) -> bool {
        matches!(self.place, Place::Astra { .. })
    }

    /// What to call it in a sentence: its name, or what kind it is.
    pub(crate) fn label(&self) -> String {
        match (&self.name, &self.place) {
            (Some(name), _) => name.clone(),
            (None, Place::Astra { .. }) => "Astra DB".to_owned(),
            (None, Place::Cassandra { hosts, .. }) => hosts.join(", "),
        }
    }

    /// The target for the cluster room, to be reached within `wait`, with what its login holds. `None` for Astra without
    /// credentials, which cannot be reached so.
    pub(crate) fn target(&self, credentials: Option<Credentials>, wait: Duration) -> Option<Target> {
        let service = match &self.place {
            Place::Astra { bundle, .. } => {
                Service::Astra(AstraTarget { bundle: bundle.clone(), credentials: credentials? })
            }
            Place::Cassandra { hosts, port, dc, tls, .. } => Service::Cassandra(CassandraTarget {
                hosts: hosts.clone(),
                port: *port,
                credentials,
                local_dc: dc.clone(),
                tls: tls.clone(),
            }),
        };
        let timeouts = Timeouts { connect: wait, ..Timeouts::default() };
        Some(
            Target::new(service)
                .with_keyspace(self.keyspace.as_deref().map(unquoted))
                .with_timeouts(timeouts),
        )
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
