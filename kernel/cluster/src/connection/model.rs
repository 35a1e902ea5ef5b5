//! The schema as a model ([`cqlbook_core::schema`]): read behind the scenes once the connection is open, read again where
//! the schema changes, and handed out without touching the network.
//!
//! The driver is told of schema events, but keeps them for its next look at the cluster, up to a minute later. So the
//! version of the schema is asked for whenever somebody has looked at the model: the next look finds it new, and an idle
//! notebook asks nothing.

use std::sync::{Arc, Weak};
use std::time::Duration;

use cqlbook_core::cell::{ObjectKind, Statement, StatementKind};
use cqlbook_core::schema::{Origin, Schema};
use scylla::cluster::ClusterState;
use tokio::time::{Instant, sleep, timeout};

use super::agreement::OWN_VERSION;
use super::{Connection, Inner, SCHEMA_BOUND};
use crate::error::QueryError;
use crate::schema::SchemaSnapshot;

/// How often the driver's state is looked at; costs no network.
const PERIOD: Duration = Duration::from_millis(250);
/// How often the version is asked for at most while somebody looks.
const LOOK: Duration = Duration::from_secs(2);
/// The pause after it was read, so that a script's many changes are not each read.
const REST: Duration = Duration::from_millis(500);
/// The pause after it could not be read, or not all of it.
const RECOVERY: Duration = Duration::from_secs(10);
/// How long nodes may take to agree on a schema before it is first read.
const FIRST_AGREEMENT: Duration = Duration::from_secs(2);
/// How long a reading of everything may take.
const READING: Duration = Duration::from_secs(120);

/// Keeps a connection's model up to date for as long as somebody else has the connection.
pub(super) async fn keep(inner: Weak<Inner>) {
    let mut seen: Weak<ClusterState> = Weak::new();
    let mut looked = Instant::now();
    loop {
        let Some(connection) = inner.upgrade().map(Connection::of) else { return };
        connection.inner.sessions.close_idle();
        let state = connection.inner.sessions.main().get_cluster_state();
        let keeper = &connection.inner.keeper;
        let roles = keeper.take_roles_changed();
        let asked = looked.elapsed() > LOOK && keeper.take_asked();
        let mut pause = PERIOD;
        if roles || asked || !std::ptr::eq(seen.as_ptr(), Arc::as_ptr(&state)) {
            seen = Arc::downgrade(&state);
            looked = Instant::now();
            let read = tokio::select! {
                read = timeout(READING, Box::pin(connection.bring_up_to_date(roles))) => read,
                () = alone(&connection.inner) => return,
            };
            keeper.tried();
            pause = match read {
                Ok(Ok(())) if keeper.version().is_some() => REST,
                Ok(Ok(())) => RECOVERY,
                Ok(Err(_)) | Err(_) => {
                    tracing::debug!("the schema could not be read");
                    seen = Weak::new();
                    RECOVERY
                }
            };
        }
        drop((connection, state));
        sleep(pause).await;
    }
}

/// Waits until nobody else has the connection.
async fn alone(inner: &Arc<Inner>) {
    while Arc::strong_count(inner) > 1 {
        sleep(Duration::from_millis(20)).await;
    }
}

impl Connection {
    /// The schema as it is known now; never touches the network. It is empty until it was read.
    pub fn schema(&self) -> Arc<SchemaSnapshot> {
        self.inner.keeper.look();
        self.inner.keeper.snapshot()
    }

    /// The schema as a model, as it is known now; never touches the network.
    pub fn model(&self) -> Arc<Schema> {
        self.inner.keeper.look();
        self.inner.keeper.model()
    }

    /// The schema, with a keyspace of it read again where it has no such table: one that somebody else made a moment ago may
    /// not be known yet. What it does not have then is not there.
    ///
    /// # Errors
    /// [`QueryError`], where it cannot be known whether there is such a table.
    pub async fn schema_with(&self, keyspace: &str, table: &str) -> Result<Arc<SchemaSnapshot>, QueryError> {
        if self.schema().table(keyspace, table).is_some() {
            return Ok(self.schema());
        }
        let doubts = self.refresh(keyspace).await?;
        let schema = self.schema();
        match doubts.into_iter().next() {
            Some(reason) if schema.table(keyspace, table).is_none() => Err(QueryError::Driver { reason }),
            _ => Ok(schema),
        }
    }

    /// Reads a keyspace again, and says what of it could not be read.
    ///
    /// # Errors
    /// [`QueryError`], where not even the tables' columns could be read.
    pub async fn refresh(&self, keyspace: &str) -> Result<Vec<String>, QueryError> {
        match timeout(SCHEMA_BOUND, Box::pin(self.reread(keyspace))).await {
            Ok(outcome) => outcome,
            Err(_) => Err(QueryError::Timeout { after: SCHEMA_BOUND, maybe_applied: false }),
        }
    }

    /// Waits until the schema was read for the first time, or could not be.
    pub(crate) async fn first_reading(&self) {
        self.inner.keeper.await_tried().await;
    }

    /// The schema as a model, read again if it was changed since. For commands that a user waits for.
    ///
    /// # Errors
    /// [`QueryError`], where not even the tables' columns could be read.
    pub async fn fresh_model(&self) -> Result<Arc<Schema>, QueryError> {
        // Many small reads, each with a time-out of its own: all of them take no longer than one statement may.
        let bound = self.own_options().timeout;
        match timeout(bound, Box::pin(self.bring_up_to_date(false))).await {
            Ok(outcome) => outcome?,
            Err(_) => return Err(QueryError::Timeout { after: bound, maybe_applied: false }),
        }
        Ok(self.model())
    }

    /// Reads the whole schema again if nodes agree on another version than was read.
    async fn bring_up_to_date(&self, always: bool) -> Result<(), QueryError> {
        if !always && self.is_up_to_date().await {
            return Ok(());
        }
        let keeper = &self.inner.keeper;
        let agreed = if keeper.was_tried() {
            self.await_agreement().await
        } else {
            timeout(FIRST_AGREEMENT, self.await_agreement()).await.ok().flatten()
        };
        let _reading = keeper.reading.lock().await;
        if agreed.is_some() && keeper.version() == agreed && !always {
            return Ok(());
        }
        keeper.begin();
        let (sources, origin) = tokio::join!(self.read_sources(None), self.read_origin());
        let sources = sources?;
        keeper.set(Schema {
            origin: Origin { table_options: sources.table_options, ..origin },
            keyspaces: sources.read.keyspaces,
            unread: sources.read.unread,
            notes: sources.read.notes,
            ..Schema::default()
        });
        // Whoever waits for the first reading waits for tables: roles may take their time.
        keeper.tried();
        let roles = self.read_roles().await;
        keeper.complete(roles, agreed.filter(|_| !sources.is_to_be_read_again));
        Ok(())
    }

    /// Whether one node has the version that was read. Costs one small query.
    async fn is_up_to_date(&self) -> bool {
        let Some(version) = self.inner.keeper.version() else { return false };
        let versions = self.versions(&[OWN_VERSION]).await;
        versions.is_ok_and(|versions| versions.contains(&version.to_string()))
    }

    /// Reads a keyspace again, and says what of it could not be read. All else is left to [`keep`].
    pub(super) async fn reread(&self, keyspace: &str) -> Result<Vec<String>, QueryError> {
        let keeper = &self.inner.keeper;
        let _reading = keeper.reading.lock().await;
        let sources = self.read_sources(Some(keyspace)).await?;
        keeper.set_keyspace(keyspace, &sources.read);
        Ok(sources.read.notes)
    }
}

/// The keyspace that a statement drops.
pub(super) fn dropped_keyspace(cql: &str) -> Option<String> {
    match Statement::new(cql).kind {
        StatementKind::Drop(object) if object.kind == ObjectKind::Keyspace => {
            object.name.map(|name| name.name)
        }
        _ => None,
    }
}

/// Whether a statement makes, changes or drops a role.
pub(super) fn is_of_roles(cql: &str) -> bool {
    matches!(
        Statement::new(cql).kind,
        StatementKind::Create(object) | StatementKind::Alter(object) | StatementKind::Drop(object)
            if matches!(object.kind, ObjectKind::Role | ObjectKind::User)
    )
}

/// Whether a statement makes, changes or drops a keyspace.
pub(super) fn is_of_keyspaces(cql: &str) -> bool {
    matches!(
        Statement::new(cql).kind,
        StatementKind::Create(object) | StatementKind::Alter(object) | StatementKind::Drop(object)
            if object.kind == ObjectKind::Keyspace
    )
}

/// The keyspace whose schema a statement changes: the one that it names, or the one that is in use.
pub(super) fn changed_keyspace(cql: &str, current: Option<String>) -> Option<String> {
    let statement = Statement::new(cql);
    let (StatementKind::Create(object) | StatementKind::Alter(object) | StatementKind::Drop(object)) =
        &statement.kind
    else {
        return None;
    };
    if matches!(object.kind, ObjectKind::Role | ObjectKind::User) {
        return None;
    }
    let name = object.name.as_ref();
    if object.kind == ObjectKind::Keyspace {
        return name.map(|name| name.name.clone());
    }
    let of_object = name.and_then(|name| name.keyspace.clone());
    let of_table = || statement.table().and_then(|(keyspace, _)| keyspace.map(str::to_owned));
    of_object.or_else(of_table).or(current)
}
