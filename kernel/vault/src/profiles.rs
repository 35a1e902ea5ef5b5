//! The saved connections: what is known of each but its secrets, in a file that a person can read and edit.
//!
//! `connections.toml`: `version = 1` and a table `[[connection]]` for each, with `id`, `name`, `kind` (`astra` or `cassandra`),
//! `keyspace`, `read_only`, `last_used`; of Astra `bundle`; of Cassandra `hosts`, `port`, `user`, `dc`, `ca_cert`, `cert`,
//! `key`; `slot` says in which of two entries of the keychain its secrets are. Comments, order and unknown fields stay as they are. Several processes may write: each reads under a lock what the
//! others wrote, and replaces the file as a whole.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use toml_edit::{Array, ArrayOfTables, DocumentMut, Item, Table, value};

use crate::files::{self, FileError};
use crate::name::{self, NameError, check_name};
use crate::profile::{Place, Profile, ProfileId};
use crate::seal::NoRandomness;

const VERSION: i64 = 1;
/// In which of a connection's two entries of the keychain its secrets are.
const SLOT: &str = "slot";
/// The most hosts of a connection: a few are tried, and the others are learned of.
const MAX_HOSTS: usize = 64;
/// The longest text of a connection, in bytes: as long as a path may be.
const MAX_TEXT: usize = 4096;
/// The most connections of a file: far more than anybody has.
const MAX_CONNECTIONS: usize = 2000;
const HEAD: &str = "# Saved connections of cqlbook. No secret is here: they are sealed, in the system's keychain or in vault.toml.\nversion = 1\n";

/// Why a saved connection cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProfileError {
    /// The file cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The file is no TOML, or not of this form. It is left as it is.
    #[error("{path} cannot be understood: {reason}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong, with the line where it is known.
        reason: String,
    },
    /// A later release has written the file. It is left as it is.
    #[error("{path} was written by a later version of this program")]
    Newer {
        /// The file.
        path: PathBuf,
    },
    /// The connection is there, but a field of it is missing or of the wrong kind.
    #[error("the connection `{name}` in {path} cannot be used: {reason}")]
    Unusable {
        /// The file.
        path: PathBuf,
        /// The connection's name.
        name: String,
        /// The field and what is wrong with it.
        reason: String,
    },
    /// There is no connection of that name.
    #[error("there is no connection called `{name}`")]
    NotFound {
        /// The name that was asked for.
        name: String,
        /// The names there are.
        known: Vec<String>,
    },
    /// Another connection has the name; capitals do not matter.
    #[error("there is a connection called `{name}` already")]
    Taken {
        /// The name as the other one has it.
        name: String,
    },
    /// There are as many connections as a file may have.
    #[error("{path} has {MAX_CONNECTIONS} connections, the most that it may have")]
    Full {
        /// The file.
        path: PathBuf,
    },
    /// Connections may not be called so.
    #[error(transparent)]
    Name(#[from] NameError),
    /// More than the file may hold. It is left as it is.
    #[error("the connection cannot be saved: {reason}")]
    TooMuch {
        /// What there is too much of, and how much there may be.
        reason: String,
    },
    /// There was no randomness for the id of a connection that was copied.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// A path has bytes that are no text, which the file cannot hold.
    #[error("the path {path:?} cannot be written as text")]
    PathNotText {
        /// The path.
        path: PathBuf,
    },
}

/// The file of saved connections.
#[derive(Debug)]
pub struct Profiles {
    path: PathBuf,
}

impl Profiles {
    /// The file at `path`, which need not exist.
    pub fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// All connections that can be used, in the file's order.
    ///
    /// # Errors
    /// [`ProfileError`], where the file as a whole cannot be read.
    pub fn list(&self) -> Result<Vec<Profile>, ProfileError> {
        let document = self.read()?;
        let mut profiles: Vec<_> = tables(&document).filter_map(|table| Profile::read(table).ok()).collect();
        let mut uses: HashMap<ProfileId, usize> = HashMap::new();
        tables(&document).filter_map(Profile::id_of).for_each(|id| *uses.entry(id).or_default() += 1);
        for profile in &mut profiles {
            profile.saved_as.shared = uses.get(profile.id()).is_some_and(|uses| *uses > 1);
        }
        Ok(profiles)
    }

    /// The connections that cannot be used: the name of each, where it has one, and why.
    ///
    /// # Errors
    /// [`ProfileError`], where the file as a whole cannot be read.
    pub fn broken(&self) -> Result<Vec<(Option<String>, String)>, ProfileError> {
        let document = self.read()?;
        let broken = |table| Some((text(table, "name"), Profile::read(table).err()?));
        Ok(tables(&document).filter_map(broken).collect())
    }

    /// The names of all connections, of those that cannot be used too.
    ///
    /// # Errors
    /// [`ProfileError`], where the file as a whole cannot be read.
    pub fn names(&self) -> Result<Vec<String>, ProfileError> {
        Ok(names(&self.read()?))
    }

    /// The connection of that name; capitals do not matter.
    ///
    /// # Errors
    /// [`ProfileError::NotFound`] with the names there are, [`ProfileError::Unusable`], or the file's.
    pub fn get(&self, name: &str) -> Result<Profile, ProfileError> {
        let document = self.read()?;
        match tables(&document).find(|table| has_name(table, name)) {
            Some(table) => Ok(marked(self.usable(table)?, &document)),
            None => Err(not_found(&document, name)),
        }
    }

    /// Keeps a connection: in place of the one with the same id, or as a new one.
    ///
    /// # Errors
    /// [`ProfileError::Taken`] where another connection has the name, [`ProfileError::Name`], or the file's.
    pub fn save(&self, profile: &Profile) -> Result<(), ProfileError> {
        self.save_with(profile, profile, None)
    }

    /// The same, in place of `was`, which may have another id; with a slot, from this moment on that one has the connection's secrets.
    pub(crate) fn save_with(
        &self,
        profile: &Profile,
        was: &Profile,
        slot: Option<Slot>,
    ) -> Result<(), ProfileError> {
        check_name(&profile.name)?;
        check_lengths(profile)?;
        self.change(|document| {
            let own = position(document, was);
            if let (None, None, Some(name)) = (own, slot, &was.saved_as.name) {
                // Its secrets were forgotten with it, or belong to another one.
                return Err(not_found(document, name));
            }
            let taken = tables(document)
                .enumerate()
                .find(|(at, table)| Some(*at) != own && has_name(table, &profile.name));
            if let Some((_, other)) = taken {
                return Err(ProfileError::Taken { name: text(other, "name").unwrap_or_default() });
            }
            let tables = tables_mut(document, &self.path)?;
            if let Some(table) = own.and_then(|at| tables.get_mut(at)) {
                profile.write(table)?;
            } else if tables.len() >= MAX_CONNECTIONS {
                return Err(ProfileError::Full { path: self.path.clone() });
            } else {
                let mut table = Table::new();
                profile.write(&mut table)?;
                tables.push(table);
            }
            if let Some(slot) = slot {
                // A copy that a person made in the file shares the secrets.
                tables.iter_mut().filter(|table| has_id(table, profile)).for_each(|table| slot.write(table));
            }
            Ok(())
        })
    }

    /// Whether another connection has the same id, as a copy made by hand has.
    pub(crate) fn shares_id(&self, profile: &Profile) -> Result<bool, ProfileError> {
        let document = self.read()?;
        let own = position(&document, profile);
        Ok(tables(&document).enumerate().any(|(at, table)| Some(at) != own && has_id(table, profile)))
    }

    /// Gives a connection another name, and returns it.
    ///
    /// # Errors
    /// [`ProfileError::NotFound`], [`ProfileError::Taken`], [`ProfileError::Name`], or the file's.
    pub fn rename(&self, old: &str, new: &str) -> Result<Profile, ProfileError> {
        let new = check_name(new)?;
        self.change(|document| {
            let Some(at) = tables(document).position(|table| has_name(table, old)) else {
                return Err(not_found(document, old));
            };
            let taken =
                tables(document).enumerate().find(|(other, table)| *other != at && has_name(table, new));
            if let Some((_, other)) = taken {
                return Err(ProfileError::Taken { name: text(other, "name").unwrap_or_default() });
            }
            let Some(table) = tables_mut(document, &self.path)?.get_mut(at) else {
                return Err(not_found(document, old));
            };
            let mut profile = self.usable(table)?;
            new.clone_into(&mut profile.name);
            profile.write(table)?;
            profile.saved_as.name = Some(profile.name.clone());
            Ok(marked(profile, document))
        })
    }

    /// Notes when a connection was used. One that has been deleted meanwhile is no failure.
    ///
    /// # Errors
    /// The file's.
    pub fn used(&self, profile: &Profile, at: SystemTime) -> Result<(), ProfileError> {
        self.change(|document| {
            let own = position(document, profile);
            let tables = tables_mut(document, &self.path)?;
            if let Some(table) = own.and_then(|at| tables.get_mut(at)) {
                Profile::write_last_used(table, Some(at));
            }
            Ok(())
        })
    }

    /// Forgets a connection. Its secrets are the vault's matter.
    ///
    /// # Errors
    /// [`ProfileError::NotFound`], or the file's.
    pub fn delete(&self, name: &str) -> Result<(), ProfileError> {
        self.change(|document| {
            if !tables(document).any(|table| has_name(table, name)) {
                return Err(not_found(document, name));
            }
            tables_mut(document, &self.path)?.retain(|table| !has_name(table, name));
            Ok(())
        })
    }

    /// In which entry a connection's secrets are; `None` where there is no such connection.
    pub(crate) fn slot(&self, id: &ProfileId) -> Result<Option<Slot>, ProfileError> {
        let document = self.read()?;
        Ok(tables(&document).find(|table| Profile::id_of(table).as_ref() == Some(id)).map(Slot::read))
    }

    /// The ids and names of all connections, of those that cannot be used too.
    pub(crate) fn ids(&self) -> Result<Vec<(ProfileId, String)>, ProfileError> {
        let document = self.read()?;
        let id = |table| Some((Profile::id_of(table)?, text(table, "name").unwrap_or_default()));
        Ok(tables(&document).filter_map(id).collect())
    }

    fn usable(&self, table: &Table) -> Result<Profile, ProfileError> {
        Profile::read(table).map_err(|reason| ProfileError::Unusable {
            path: self.path.clone(),
            name: text(table, "name").unwrap_or_default(),
            reason,
        })
    }

    /// Reads, changes and writes the file as its one writer.
    fn change<T>(
        &self,
        change: impl FnOnce(&mut DocumentMut) -> Result<T, ProfileError>,
    ) -> Result<T, ProfileError> {
        let lock = files::lock(&self.path)?;
        let mut document = self.read()?;
        let done = change(&mut document)?;
        let text = document.to_string();
        // What could not be read again is not written.
        self.parse(&text)?;
        files::write(&self.path, &text, &lock)?;
        Ok(done)
    }

    fn read(&self) -> Result<DocumentMut, ProfileError> {
        match files::read(&self.path)? {
            Some(text) => self.parse(&text),
            None => self.parse(HEAD),
        }
    }

    fn parse(&self, text: &str) -> Result<DocumentMut, ProfileError> {
        let damaged = |reason: String| ProfileError::Damaged { path: self.path.clone(), reason };
        let document: DocumentMut = text.parse().map_err(|error: toml_edit::TomlError| {
            let line = error.span().map(|span| text[..span.start.min(text.len())].matches('\n').count() + 1);
            let reason = error.message().lines().next().unwrap_or_default().to_owned();
            damaged(line.map_or(reason.clone(), |line| format!("line {line}: {reason}")))
        })?;
        match document.get("version").map(Item::as_integer) {
            None | Some(Some(VERSION)) => {}
            Some(Some(version)) if version > VERSION => {
                return Err(ProfileError::Newer { path: self.path.clone() });
            }
            _ => return Err(damaged("its version is not a number from 1".to_owned())),
        }
        match document.get("connection") {
            Some(Item::ArrayOfTables(tables)) if tables.len() > MAX_CONNECTIONS => {
                Err(damaged(format!("it has more than {MAX_CONNECTIONS} connections")))
            }
            None | Some(Item::ArrayOfTables(_)) => Ok(document),
            _ => Err(damaged("its connections are not written as [[connection]]".to_owned())),
        }
    }
}

/// One of the two entries of the keychain that a connection may have its secrets in. New ones are written into the other; the
/// file of connections says at once which one counts, so that a writer that is killed leaves the old ones or the new ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slot {
    First,
    Second,
}

impl Slot {
    pub(crate) const BOTH: [Self; 2] = [Self::First, Self::Second];

    pub(crate) fn other(self) -> Self {
        match self {
            Self::First => Self::Second,
            Self::Second => Self::First,
        }
    }

    fn read(table: &Table) -> Self {
        match table.get(SLOT).and_then(Item::as_integer) {
            Some(2) => Self::Second,
            _ => Self::First,
        }
    }

    /// The first one is not written: releases before this one know no other.
    fn write(self, table: &mut Table) {
        match self {
            Self::First => drop(table.remove(SLOT)),
            Self::Second => drop(table.insert(SLOT, value(2))),
        }
    }
}

fn tables(document: &DocumentMut) -> impl Iterator<Item = &Table> {
    document.get("connection").and_then(Item::as_array_of_tables).into_iter().flat_map(ArrayOfTables::iter)
}

fn tables_mut<'a>(document: &'a mut DocumentMut, path: &Path) -> Result<&'a mut ArrayOfTables, ProfileError> {
    document
        .entry("connection")
        .or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()))
        .as_array_of_tables_mut()
        .ok_or_else(|| ProfileError::Damaged {
            path: path.to_owned(),
            reason: "its connections are not written as [[connection]]".to_owned(),
        })
}

fn names(document: &DocumentMut) -> Vec<String> {
    tables(document).filter_map(|table| text(table, "name")).collect()
}

fn not_found(document: &DocumentMut, name: &str) -> ProfileError {
    ProfileError::NotFound { name: name.trim().to_owned(), known: names(document) }
}

fn has_name(table: &Table, wanted: &str) -> bool {
    text(table, "name").is_some_and(|name| name::key(&name) == name::key(wanted))
}

/// That a connection is no longer than anybody's: one that fills the file would lock the others out.
fn check_lengths(profile: &Profile) -> Result<(), ProfileError> {
    let too_much = |reason: String| Err(ProfileError::TooMuch { reason });
    let mut texts = vec![("the keyspace", profile.keyspace.clone())];
    match &profile.place {
        Place::Astra { bundle } => texts.push(("the bundle's path", bundle.to_str().map(str::to_owned))),
        Place::Cassandra { hosts, user, dc, tls, .. } => {
            if hosts.len() > MAX_HOSTS {
                return too_much(format!("it names {} hosts, and at most {MAX_HOSTS} are kept", hosts.len()));
            }
            texts.extend(hosts.iter().map(|host| ("a host", Some(host.clone()))));
            texts.push(("the user", user.clone()));
            texts.push(("the data centre", dc.clone()));
            let files = tls.iter().flat_map(|tls| [&tls.ca_cert, &tls.cert, &tls.key]).flatten();
            texts.extend(files.map(|file| ("a file's path", file.to_str().map(str::to_owned))));
        }
    }
    let long = texts.iter().find(|(_, text)| text.as_ref().is_some_and(|text| text.len() > MAX_TEXT));
    match long {
        Some((what, _)) => too_much(format!("{what} has more than {MAX_TEXT} bytes")),
        None => Ok(()),
    }
}

/// Which table is a connection's: the one of its id, and of several with that, as a copy made by hand has it, the one of its name.
/// Where one of several was deleted since, what is left is not it.
fn position(document: &DocumentMut, profile: &Profile) -> Option<usize> {
    let own: Vec<_> = tables(document).enumerate().filter(|(_, table)| has_id(table, profile)).collect();
    let of_name = |name: &str| own.iter().find(|(_, table)| has_name(table, name)).map(|(at, _)| *at);
    let of_old_name = profile.saved_as.name.as_deref().and_then(of_name);
    match own.as_slice() {
        _ if profile.saved_as.shared => of_old_name,
        [(at, _)] => Some(*at),
        _ => of_old_name.or_else(|| of_name(&profile.name)),
    }
}

/// The same, knowing whether another one has its id.
fn marked(mut profile: Profile, document: &DocumentMut) -> Profile {
    profile.saved_as.shared = tables(document).filter(|table| has_id(table, &profile)).count() > 1;
    profile
}

fn has_id(table: &Table, profile: &Profile) -> bool {
    Profile::id_of(table).as_ref() == Some(profile.id())
}

pub(crate) fn text(table: &Table, field: &str) -> Option<String> {
    table.get(field)?.as_str().map(str::to_owned)
}

/// Paths and hosts as an array of one line.
pub(crate) fn array(texts: &[String]) -> Item {
    value(texts.iter().collect::<Array>())
}

#[cfg(test)]
mod tests;
