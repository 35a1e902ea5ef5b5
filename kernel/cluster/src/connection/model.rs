//! The schema as a model ([`cqlbook_core::schema`]): read behind the scenes once the connection is open, read again where
//! the schema changes, and handed out without touching the network.
//!
//! The driver is told of schema events, but keeps them for its next look at the cluster, up to a minute later. So the
//! version of the schema is asked for whenever somebody has looked at the model: the next look finds it new, and an idle
//! notebook asks nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use cqlbook_core::cell::{ObjectKind, Statement, StatementKind};
use cqlbook_core::schema::read::{self, Reader, Source};
use cqlbook_core::schema::{Keyspace, Origin, Schema};
use scylla::cluster::ClusterState;
use tokio::time::{Instant, sleep, timeout};
use uuid::Uuid;

use super::agreement::OWN_VERSION;
use super::{Connection, Inner};
use crate::error::{QueryError, ServerErrorKind};
use crate::request::{Answer, Request, RequestOptions};
use crate::schema::{self, SchemaSnapshot};

/// How often the driver's state is looked at; costs no network.
const PERIOD: Duration = Duration::from_millis(250);
/// How often the version is asked for at most while somebody looks.
const LOOK: Duration = Duration::from_secs(2);
/// The pause after it was read, so that a script's many changes are not each read.
const REST: Duration = Duration::from_millis(500);
/// The pause after it could not be read.
const RECOVERY: Duration = Duration::from_secs(10);
/// The most roles whose permissions are asked for one by one.
const ROLES: usize = 20;

/// The model that is known, and what is known of its age.
#[derive(Default)]
pub(super) struct Keeper {
    /// `None` until it was read.
    model: Mutex<Option<Arc<Schema>>>,
    /// What the driver's schema makes of a model, until it was read.
    first: Mutex<Option<(Arc<ClusterState>, Arc<Schema>)>>,
    /// The version that all of it was read at.
    version: Mutex<Option<Uuid>>,
    /// Held while it is read, so that an older reading never replaces a newer one.
    reading: tokio::sync::Mutex<()>,
    /// Whether roles or permissions were changed by this connection.
    roles_changed: AtomicBool,
    /// Whether somebody has looked since the version was asked for.
    asked: AtomicBool,
}

impl Keeper {
    fn known(&self) -> MutexGuard<'_, Option<Arc<Schema>>> {
        self.model.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn version(&self) -> MutexGuard<'_, Option<Uuid>> {
        self.version.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn roles_changed(&self) {
        self.roles_changed.store(true, Ordering::Relaxed);
    }
}

/// Keeps a connection's model up to date for as long as somebody else has the connection.
pub(super) async fn keep(inner: Weak<Inner>) {
    let mut seen: Weak<ClusterState> = Weak::new();
    let mut looked = Instant::now();
    loop {
        let Some(connection) = inner.upgrade().map(Connection::of) else { return };
        connection.inner.sessions.close_idle();
        let state = connection.inner.sessions.main().get_cluster_state();
        let roles = connection.inner.keeper.roles_changed.swap(false, Ordering::Relaxed);
        let asked = looked.elapsed() > LOOK && connection.inner.keeper.asked.swap(false, Ordering::Relaxed);
        let mut pause = PERIOD;
        if roles || asked || !std::ptr::eq(seen.as_ptr(), Arc::as_ptr(&state)) {
            seen = Arc::downgrade(&state);
            looked = Instant::now();
            let read = tokio::select! {
                read = Box::pin(connection.bring_up_to_date(roles)) => read,
                () = alone(&connection.inner) => return,
            };
            if read.is_err() {
                tracing::debug!("the schema could not be read");
                (seen, pause) = (Weak::new(), RECOVERY);
            } else {
                pause = REST;
            }
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
    /// The schema as a model. Never touches the network: it is what was read last, and what the driver knows before that.
    pub fn model(&self) -> Arc<Schema> {
        let keeper = &self.inner.keeper;
        keeper.asked.store(true, Ordering::Relaxed);
        if let Some(model) = &*keeper.known() {
            return Arc::clone(model);
        }
        let state = self.inner.sessions.main().get_cluster_state();
        let mut first = keeper.first.lock().unwrap_or_else(PoisonError::into_inner);
        match &*first {
            Some((of, model)) if Arc::ptr_eq(of, &state) => Arc::clone(model),
            _ => {
                let model = Schema { origin: self.origin(), ..schema::model(&self.schema()) };
                let model = Arc::new(model);
                *first = Some((state, Arc::clone(&model)));
                model
            }
        }
    }

    /// Whether the driver's schema takes some types for others.
    pub(super) fn is_confused(&self) -> bool {
        schema::is_confused(&self.inner.sessions.main().get_cluster_state())
    }

    /// The schema without the driver, where its own is none or takes some types for others.
    pub(super) fn own_schema(&self) -> Option<Arc<SchemaSnapshot>> {
        let own = self.inner.own_schema.lock().unwrap_or_else(PoisonError::into_inner).clone();
        own.or_else(|| {
            let model = self.inner.keeper.known().clone().filter(|_| self.is_confused())?;
            Some(Arc::new(schema::of_model(&model)))
        })
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
        let agreed = self.await_agreement().await;
        let keeper = &self.inner.keeper;
        let _reading = keeper.reading.lock().await;
        let same = agreed.is_some() && *keeper.version() == agreed;
        if same && !always && keeper.known().is_some() {
            return Ok(());
        }
        let model = Box::pin(self.read_all()).await?;
        *keeper.known() = Some(Arc::new(model));
        *keeper.version() = agreed;
        Ok(())
    }

    /// Whether one node has the version that was read. Costs one small query.
    async fn is_up_to_date(&self) -> bool {
        let keeper = &self.inner.keeper;
        let Some(version) = (*keeper.version()).filter(|_| keeper.known().is_some()) else { return false };
        let versions = self.versions(&[OWN_VERSION]).await;
        versions.is_ok_and(|versions| versions.contains(&version.to_string()))
    }

    /// Reads the whole schema, whatever is known of it.
    pub(super) async fn read_model(&self) -> Result<Arc<Schema>, QueryError> {
        let keeper = &self.inner.keeper;
        let _reading = keeper.reading.lock().await;
        let model = Arc::new(Box::pin(self.read_all()).await?);
        *keeper.known() = Some(Arc::clone(&model));
        *keeper.version() = None;
        Ok(model)
    }

    /// Reads again what a statement of this connection changed: its keyspace. The rest is left to [`keep`].
    /// (Boxed, because reading runs statements, after some of which the schema is read.)
    pub(super) fn reread<'a>(&'a self, cql: &str) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        let keyspace = keyspace_of(cql).or_else(|| self.keyspace());
        Box::pin(async move {
            if let Some(keyspace) = keyspace {
                self.reread_keyspace(keyspace).await;
            }
        })
    }

    async fn reread_keyspace(&self, keyspace: String) {
        let keeper = &self.inner.keeper;
        let _reading = keeper.reading.lock().await;
        if keeper.known().is_none() {
            return;
        }
        let Ok(Sources { keyspaces, .. }) = self.read_sources(Some(&keyspace)).await else { return };
        let mut known = keeper.known();
        if let Some(model) = known.as_ref() {
            let mut model = Schema::clone(model);
            match keyspaces.get(&keyspace) {
                Some(read) => model.keyspaces.insert(keyspace, Arc::clone(read)),
                None => model.keyspaces.remove(&keyspace),
            };
            *known = Some(Arc::new(model));
        }
    }

    async fn read_all(&self) -> Result<Schema, QueryError> {
        let (sources, origin) = tokio::join!(self.read_sources(None), self.read_origin());
        let Sources { keyspaces, table_options, mut notes } = sources?;
        let origin = Origin { table_options, ..origin };
        let mut model = Schema { origin, keyspaces, ..Schema::default() };
        self.read_roles(&mut model, &mut notes).await;
        model.notes = notes;
        Ok(model)
    }

    async fn read_sources(&self, keyspace: Option<&str>) -> Result<Sources, QueryError> {
        let mut reader = Reader::default();
        let asked = Source::ALL.map(|source| async move {
            let pages = self.all_pages(&source.query(keyspace)).await;
            (source, pages)
        });
        for (source, pages) in join_all(asked).await {
            match pages {
                Ok(pages) => {
                    for page in pages.into_iter().filter_map(|answer| answer.page) {
                        reader.take(source, page.as_ref());
                    }
                }
                Err(QueryError::Server(error))
                    if source.may_lack() && error.kind == ServerErrorKind::Invalid => {}
                Err(error) if source == Source::Columns => return Err(error),
                Err(error) => reader.note(format!("{} could not be read: {error}", source.table())),
            }
        }
        let table_options = reader.table_options();
        let (mut keyspaces, notes) = reader.finish();
        self.settle_types(&mut keyspaces).await;
        Ok(Sources { keyspaces, table_options, notes })
    }

    /// The pages of an answer, which the schema's tables are small enough to be held of. (Boxed: many run at once, and a
    /// stack is small.)
    pub(super) fn all_pages(&self, cql: &str) -> Pages<'_> {
        let request = Request::with_options(cql, RequestOptions::of_a_read());
        Box::pin(async move {
            let mut pages: Vec<Answer> = Vec::new();
            loop {
                let next = pages.last().and_then(|answer| answer.next.as_ref());
                let answer = self.run_anywhere(&request, next).await?;
                let last = answer.next.is_none();
                pages.push(answer);
                if last {
                    return Ok(pages);
                }
            }
        })
    }

    fn origin(&self) -> Origin {
        let facts = self.facts();
        let mut origin = Origin {
            cluster: facts.cluster_name.clone(),
            release: facts.release_version.clone(),
            cql_version: facts.cql_version.clone(),
            astra: facts.astra,
            ..Origin::default()
        };
        for node in self.nodes() {
            *origin.data_centers.entry(node.dc.unwrap_or_default()).or_default() += 1;
        }
        origin
    }

    async fn read_origin(&self) -> Origin {
        let mut origin = self.origin();
        let local = self.all_pages("SELECT partitioner FROM system.local").await;
        for page in local.into_iter().flatten().filter_map(|answer| answer.page) {
            read::texts(page.as_ref(), "partitioner", |name| origin.partitioner = name);
        }
        origin
    }

    /// Roles and permissions, as far as this user may see them: all, or those of the roles that are the user's.
    async fn read_roles(&self, model: &mut Schema, notes: &mut Vec<String>) {
        match self.all_pages("LIST ROLES").await {
            Ok(pages) => {
                for page in pages.iter().filter_map(|answer| answer.page.as_ref()) {
                    read::roles(page.as_ref(), &mut model.roles);
                }
            }
            Err(error) => return notes.push(format!("Roles could not be read: {error}")),
        }
        let mut lists = self.all_pages("LIST ALL PERMISSIONS").await;
        if lists.is_err() {
            let each = model.roles.keys().take(ROLES).map(|role| async move {
                self.all_pages(&format!(
                    "LIST ALL PERMISSIONS OF \"{}\" NORECURSIVE",
                    role.replace('"', "\"\"")
                ))
                .await
            });
            let each: Vec<_> = join_all(each).await;
            lists = each.into_iter().collect::<Result<Vec<_>, _>>().map(|lists| lists.concat());
        }
        match lists {
            Ok(pages) => {
                for page in pages.iter().filter_map(|answer| answer.page.as_ref()) {
                    read::grants(page.as_ref(), &mut model.grants);
                }
            }
            Err(error) => notes.push(format!("Permissions could not be read: {error}")),
        }
    }
}

/// An answer that is being fetched.
type Pages<'a> = Pin<Box<dyn Future<Output = Result<Vec<Answer>, QueryError>> + Send + 'a>>;

/// What the server's tables say.
struct Sources {
    keyspaces: BTreeMap<String, Arc<Keyspace>>,
    table_options: BTreeSet<String>,
    /// What could not be read.
    notes: Vec<String>,
}

/// Runs futures at once; their outcomes in order.
async fn join_all<F: Future>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let mut pending: Vec<_> = futures.into_iter().map(|future| (Box::pin(future), None)).collect();
    std::future::poll_fn(|context| {
        let mut all = true;
        for (future, outcome) in &mut pending {
            if outcome.is_none() {
                match future.as_mut().poll(context) {
                    std::task::Poll::Ready(value) => *outcome = Some(value),
                    std::task::Poll::Pending => all = false,
                }
            }
        }
        if all { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    pending.into_iter().filter_map(|(_, outcome)| outcome).collect()
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

/// The keyspace that a statement names whose schema it changes.
fn keyspace_of(cql: &str) -> Option<String> {
    let statement = Statement::new(cql);
    let (StatementKind::Create(object) | StatementKind::Alter(object) | StatementKind::Drop(object)) =
        &statement.kind
    else {
        return None;
    };
    let name = object.name.as_ref();
    if object.kind == ObjectKind::Keyspace {
        return name.map(|name| name.name.clone());
    }
    let of_object = name.and_then(|name| name.keyspace.clone());
    of_object.or_else(|| statement.table().and_then(|(keyspace, _)| keyspace.map(str::to_owned)))
}
