//! What is known of the schema, and how old it is. It is shared by everybody who has the connection, and reads nothing itself.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cqlbook_core::schema::read::{Read, Source};
use cqlbook_core::schema::{Keyspace, Schema};
use tokio::sync::watch;
use tokio::time::Instant;
use uuid::Uuid;

use crate::schema::{self, SchemaSnapshot};

/// How long what was too large is not fetched again.
const TOO_LARGE: Duration = Duration::from_secs(300);

/// Keeps it.
#[derive(Default)]
pub(super) struct Keeper {
    known: Mutex<Known>,
    /// Held while it is read, so that an older reading never replaces a newer one.
    pub(super) reading: tokio::sync::Mutex<()>,
    /// Whether the first reading has ended, however it ended.
    tried: watch::Sender<bool>,
    /// Whether roles or permissions were changed by this connection.
    roles_changed: AtomicBool,
    /// Whether somebody has looked since the version was asked for.
    asked: AtomicBool,
    /// When sources, or what they have of a keyspace, were found to be too large.
    too_large: Mutex<BTreeMap<(Source, Option<String>), Instant>>,
}

struct Known {
    model: Arc<Schema>,
    snapshot: Arc<SchemaSnapshot>,
    /// The version that all of it was read at; `None` where something is missing that is worth another reading.
    version: Option<Uuid>,
    /// Keyspaces that this connection has changed since the last whole reading began, and that were not read since.
    changed: BTreeSet<String>,
}

impl Default for Known {
    fn default() -> Self {
        let model = Schema {
            unread: Source::ALL.into(),
            notes: vec!["The schema is still being read.".to_owned()],
            ..Schema::default()
        };
        Self { model: Arc::new(model), snapshot: Arc::default(), version: None, changed: BTreeSet::new() }
    }
}

impl Known {
    /// Changes model and snapshot alike in one keyspace; without one there it is taken out.
    fn put(&mut self, name: &str, keyspace: Option<Arc<Keyspace>>) {
        let (model, snapshot) = (Arc::make_mut(&mut self.model), Arc::make_mut(&mut self.snapshot));
        match keyspace {
            Some(keyspace) => {
                snapshot.keyspaces.insert(name.to_owned(), schema::of_keyspace(&keyspace));
                model.keyspaces.insert(name.to_owned(), keyspace);
            }
            None => {
                snapshot.keyspaces.remove(name);
                model.keyspaces.remove(name);
            }
        }
        snapshot.has_all = self.changed.is_empty() && !model.unread.contains(&Source::Keyspaces);
    }
}

impl Keeper {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn model(&self) -> Arc<Schema> {
        Arc::clone(&self.known().model)
    }

    pub(super) fn snapshot(&self) -> Arc<SchemaSnapshot> {
        Arc::clone(&self.known().snapshot)
    }

    pub(super) fn version(&self) -> Option<Uuid> {
        self.known().version
    }

    /// Somebody looks: the next look is to find it new.
    pub(super) fn look(&self) {
        self.asked.store(true, Ordering::Relaxed);
    }

    pub(super) fn take_asked(&self) -> bool {
        self.asked.swap(false, Ordering::Relaxed)
    }

    pub(super) fn roles_changed(&self) {
        self.roles_changed.store(true, Ordering::Relaxed);
    }

    pub(super) fn take_roles_changed(&self) -> bool {
        self.roles_changed.swap(false, Ordering::Relaxed)
    }

    /// The first reading has ended.
    pub(super) fn tried(&self) {
        self.tried.send_replace(true);
    }

    pub(super) fn was_tried(&self) -> bool {
        *self.tried.borrow()
    }

    /// Waits until the first reading has ended.
    pub(super) async fn await_tried(&self) {
        let _ = self.tried.subscribe().wait_for(|tried| *tried).await;
    }

    /// A statement has changed a keyspace: nothing of it is known until it was read again.
    pub(super) fn forget(&self, keyspace: &str) {
        let mut known = self.known();
        known.changed.insert(keyspace.to_owned());
        known.version = None;
        known.put(keyspace, None);
    }

    /// A reading of everything begins: it sees what was changed until now.
    pub(super) fn begin(&self) {
        self.known().changed.clear();
    }

    /// A reading of everything has ended, but for roles and permissions, which stay as they were.
    pub(super) fn set(&self, model: Schema) {
        let mut known = self.known();
        let (roles, grants) = (known.model.roles.clone(), known.model.grants.clone());
        let mut model = Schema { roles, grants, ..model };
        // It may have seen these as they were before, or half of each.
        model.keyspaces.retain(|name, _| !known.changed.contains(name));
        if !known.changed.is_empty() {
            model.unread.extend(Source::ALL);
        }
        let keyspaces = model.keyspaces.iter();
        let keyspaces = keyspaces.map(|(name, keyspace)| (name.clone(), schema::of_keyspace(keyspace)));
        let has_all = !model.unread.contains(&Source::Keyspaces);
        known.snapshot = Arc::new(SchemaSnapshot { keyspaces: keyspaces.collect(), has_all });
        known.model = Arc::new(model);
        known.version = None;
    }

    /// Roles and permissions were read as well. All of it is of `version`, unless it was changed meanwhile.
    pub(super) fn complete(&self, roles: Schema, version: Option<Uuid>) {
        let mut known = self.known();
        known.version = version.filter(|_| known.changed.is_empty());
        let model = Arc::make_mut(&mut known.model);
        (model.roles, model.grants) = (roles.roles, roles.grants);
        model.notes.extend(roles.notes);
    }

    /// A reading of one keyspace has ended.
    pub(super) fn set_keyspace(&self, name: &str, read: &Read) {
        let mut known = self.known();
        let keyspace = read.keyspaces.get(name).cloned();
        if keyspace.is_some() || !read.unread.contains(&Source::Keyspaces) {
            known.changed.remove(name);
        }
        if !read.unread.is_empty() {
            known.version = None;
            let model = Arc::make_mut(&mut known.model);
            model.unread.extend(&read.unread);
            let new = read.notes.iter().filter(|note| !model.notes.contains(note)).cloned();
            let new: Vec<_> = new.collect();
            model.notes.extend(new);
        }
        known.put(name, keyspace);
    }

    /// Whether a source, or what it has of a keyspace, was found to be too large a while ago.
    pub(super) fn is_too_large(&self, source: Source, keyspace: Option<&str>) -> bool {
        let mut found = self.too_large.lock().unwrap_or_else(PoisonError::into_inner);
        found.retain(|_, found| found.elapsed() < TOO_LARGE);
        found.contains_key(&(source, keyspace.map(str::to_owned)))
    }

    pub(super) fn found_too_large(&self, source: Source, keyspace: Option<&str>) {
        let place = (source, keyspace.map(str::to_owned));
        self.too_large.lock().unwrap_or_else(PoisonError::into_inner).insert(place, Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema_of(names: &[&str]) -> Schema {
        let keyspace = |name: &&str| {
            let keyspace = Keyspace { name: (*name).to_owned(), ..Keyspace::default() };
            ((*name).to_owned(), Arc::new(keyspace))
        };
        Schema { keyspaces: names.iter().map(keyspace).collect(), ..Schema::default() }
    }

    fn set(keeper: &Keeper, names: &[&str]) {
        keeper.set(schema_of(names));
        keeper.complete(Schema::default(), Some(Uuid::nil()));
    }

    fn read_of(names: &[&str], unread: &[Source]) -> Read {
        let keyspaces = schema_of(names).keyspaces;
        Read { keyspaces, unread: unread.iter().copied().collect(), notes: Vec::new(), torn: false }
    }

    #[test]
    fn nothing_is_denied_before_it_was_read() {
        let keeper = Keeper::default();
        assert_eq!(keeper.snapshot().has_keyspace("shop"), None);
        assert_eq!(keeper.model().unread.len(), Source::ALL.len());
        set(&keeper, &["shop"]);
        assert_eq!(keeper.snapshot().has_keyspace("shop"), Some(true));
        assert_eq!(keeper.snapshot().has_keyspace("other"), Some(false));
    }

    #[test]
    fn a_changed_keyspace_is_unknown_until_it_was_read_again() {
        let keeper = Keeper::default();
        set(&keeper, &["shop", "other"]);
        keeper.forget("shop");
        assert_eq!(keeper.snapshot().has_keyspace("shop"), None);
        assert_eq!(keeper.snapshot().has_keyspace("other"), Some(true));
        assert_eq!(keeper.version(), None);
        // A reading that began before may have seen it as it was.
        set(&keeper, &["shop", "other"]);
        assert_eq!(keeper.snapshot().has_keyspace("shop"), None);
        assert_eq!(keeper.version(), None);
        keeper.set_keyspace("shop", &read_of(&["shop"], &[]));
        assert_eq!(keeper.snapshot().has_keyspace("shop"), Some(true));
        keeper.forget("shop");
        keeper.begin();
        set(&keeper, &["other"]);
        assert_eq!(keeper.snapshot().has_keyspace("shop"), Some(false), "it was dropped");
    }

    #[test]
    fn what_a_reading_lacks_is_not_taken_for_dropped() {
        let keeper = Keeper::default();
        set(&keeper, &["shop"]);
        keeper.forget("shop");
        keeper.set_keyspace("shop", &read_of(&[], &[Source::Keyspaces]));
        assert_eq!(keeper.snapshot().has_keyspace("shop"), None);
        keeper.set_keyspace("shop", &read_of(&["shop"], &[Source::Indexes]));
        assert_eq!(keeper.version(), None, "it is to be read again");
        assert!(keeper.model().unread.contains(&Source::Indexes));
    }
}
