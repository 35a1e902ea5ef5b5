//! The driver's sessions of one connection, by the keyspace that they are in: one that is always there, and others beside it
//! where requests are under way in several keyspaces at once.
//!
//! A request is given a session in its own keyspace, or none; where it is run says `sessions/pool.rs`. All sessions share the
//! way to the nodes and the login; the main one alone knows the keyspaces' replicas and is watched.

mod pool;

use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use scylla::client::session::Session;
use scylla::errors::ExecutionError;
use scylla::statement::unprepared::Statement;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout, timeout_at};

pub(crate) use self::pool::Scope;
use self::pool::{Choice, MOST, Place, Pool};
use crate::convert;
use crate::error::{ConnectError, ConnectionLost, QueryError, ServerErrorKind};
use crate::retry::Record;
use crate::session::{self, Way};
use crate::target::{Credentials, Timeouts};

/// A keyspace that every server has: where a session waits that must leave its own.
const ALWAYS_THERE: &str = "system";

/// What another session is opened by.
pub(crate) struct Opener {
    pub(crate) way: Way,
    pub(crate) credentials: Option<Arc<Credentials>>,
    pub(crate) local_dc: String,
    pub(crate) timeouts: Timeouts,
}

/// The sessions of a connection.
pub(crate) struct Sessions {
    pool: Mutex<Pool<Session>>,
    main: Arc<Session>,
    /// Told when a session is free, moved or opened.
    changed: Notify,
    opener: Opener,
}

impl Sessions {
    pub(crate) fn new(main: Session, opener: Opener) -> Arc<Self> {
        let main = Arc::new(main);
        let pool = Mutex::new(Pool::new(Arc::clone(&main), Instant::now()));
        Arc::new(Self { pool, main, changed: Notify::new(), opener })
    }

    /// The session that is always there. Its keyspace is anybody's: only what names the keyspace of everything runs on it
    /// without a lease.
    pub(crate) fn main(&self) -> &Arc<Session> {
        &self.main
    }

    fn pool(&self) -> MutexGuard<'_, Pool<Session>> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A session in `scope` for one request. One is moved or opened where none is there, and waited for where there is no room.
    /// `is_known` tells whether the schema has a keyspace; any other is asked for first, since the driver would keep one that
    /// is refused and have every new connection use it.
    ///
    /// # Errors
    /// [`QueryError`]: the server refuses the keyspace, no other session can be opened, or none was free within `patience`.
    pub(crate) async fn lease(
        self: &Arc<Self>,
        scope: &Scope,
        patience: Duration,
        is_known: impl Fn(&str) -> bool,
    ) -> Result<Lease, QueryError> {
        if *scope == Scope::Any {
            return Ok(Lease {
                session: Arc::clone(&self.main),
                of: None,
                under_way: false,
                was_asked: false,
            });
        }
        let deadline = Instant::now() + patience;
        loop {
            // Before the choice, so that no change between the two is missed.
            let changed = self.changed.notified();
            let choice = self.pool().choose(scope, Instant::now(), is_connected);
            // What is begun here is brought to its end whoever waits for it: half of it would leave a session in no state.
            let task = match (choice, scope) {
                (Choice::Run(id, session), _) => {
                    let of = Some((Arc::clone(self), id));
                    return Ok(Lease { session, of, under_way: true, was_asked: false });
                }
                (Choice::Move(id, session, from), Scope::Keyspace(name)) => {
                    let (sessions, name, known) = (Arc::clone(self), Arc::clone(name), is_known(name));
                    tokio::spawn(sessions.move_to(id, session, from, name, known))
                }
                (Choice::Open, scope) => {
                    let known = scope.keyspace().is_none_or(&is_known);
                    tokio::spawn(Arc::clone(self).open(scope.clone(), known))
                }
                (Choice::Move(..) | Choice::Wait, _) => {
                    if timeout_at(deadline, changed).await.is_err() {
                        return Err(QueryError::KeyspacesBusy { most: MOST });
                    }
                    continue;
                }
            };
            let failed = |error: tokio::task::JoinError| QueryError::Driver { reason: error.to_string() };
            let mut lease = task.await.map_err(failed)??;
            lease.under_way = true;
            return Ok(lease);
        }
    }

    async fn move_to(
        self: Arc<Self>,
        id: u64,
        session: Arc<Session>,
        from: Place,
        name: Arc<str>,
        is_known: bool,
    ) -> Result<Lease, QueryError> {
        let (place, outcome) = match use_keyspace(&session, &name, is_known).await {
            Ok(()) => (Place::In(name), Ok(())),
            Err(Refused { error, is_untouched: true }) => (from, Err(error)),
            Err(Refused { error, .. }) => (park(&session, &error).await, Err(error)),
        };
        self.pool().moved(id, place, outcome.is_ok());
        self.changed.notify_waiters();
        outcome?;
        Ok(Lease { session, of: Some((Arc::clone(&self), id)), under_way: false, was_asked: true })
    }

    async fn open(self: Arc<Self>, scope: Scope, is_known: bool) -> Result<Lease, QueryError> {
        let opening = async {
            let Opener { way, credentials, local_dc, timeouts } = &self.opener;
            let opened = session::open_another(way, credentials.as_ref(), local_dc, timeouts);
            let session = timeout(timeouts.connect, opened).await.unwrap_or(Err(ConnectError::TimedOut {
                after: timeouts.connect,
                asked: None,
                last: None,
            }));
            let lost = |cause| ConnectionLost { since: None, cause: Some(cause), maybe_applied: false };
            let session = session.map_err(|cause| QueryError::ConnectionLost(Box::new(lost(cause))))?;
            if let Some(name) = scope.keyspace() {
                use_keyspace(&session, name, is_known).await.map_err(|refused| refused.error)?;
            }
            Ok(Arc::new(session))
        };
        let (session, outcome) = match opening.await {
            Ok(session) => (Some(Arc::clone(&session)), Ok(session)),
            Err(error) => (None, Err(error)),
        };
        let id = self.pool().opened(&scope, session, Instant::now());
        self.changed.notify_waiters();
        let of = id.map(|id| (Arc::clone(&self), id));
        Ok(Lease { session: outcome?, of, under_way: false, was_asked: true })
    }

    /// Keeps sessions in the keyspace of `scope` from being moved until it is dropped.
    pub(crate) fn hold(self: &Arc<Self>, scope: &Scope) -> KeyspaceHold {
        let held = (*scope != Scope::Any).then(|| {
            self.pool().hold(scope);
            (Arc::clone(self), scope.clone())
        });
        KeyspaceHold { held }
    }

    /// Closes sessions that nobody has used for long.
    pub(crate) fn close_idle(&self) {
        let idle = self.pool().take_idle(Instant::now(), None);
        drop(idle);
    }

    /// A keyspace was dropped: a session that stays in it could open no new connection.
    pub(crate) fn leave(self: &Arc<Self>, gone: &str) {
        let now = Instant::now();
        let (idle, main) = {
            let mut pool = self.pool();
            let to = Scope::Keyspace(ALWAYS_THERE.into());
            (pool.take_idle(now, Some(gone)), pool.main_to_leave(gone, &to, now))
        };
        drop(idle);
        if let Some((id, session)) = main {
            let sessions = Arc::clone(self);
            tokio::spawn(async move {
                let place = wait_elsewhere(&session).await;
                sessions.pool().moved(id, place, false);
                sessions.changed.notify_waiters();
            });
        }
    }
}

/// Whether the driver has a connection to any node.
fn is_connected(session: &Session) -> bool {
    session.get_cluster_state().get_nodes_info().iter().any(|node| node.is_connected())
}

/// A move that failed.
struct Refused {
    error: QueryError,
    /// No connection of the session has left the keyspace that it was in.
    is_untouched: bool,
}

/// Has all connections of the session use a keyspace.
async fn use_keyspace(session: &Session, name: &str, is_known: bool) -> Result<(), Refused> {
    if is_known {
        let used = session.use_keyspace(name, true).await;
        return used.map_err(|error| {
            let error = convert::use_keyspace_error(&error, name);
            Refused { is_untouched: matches!(error, QueryError::KeyspaceName { .. }), error }
        });
    }
    // The driver sees the server's yes, and has the other connections follow.
    ask_for(session, name).await.map_err(|error| {
        let is_untouched = matches!(error, QueryError::Server(_));
        Refused { error, is_untouched }
    })
}

/// Asks the server for a keyspace by a `USE`; the session is in it then.
pub(crate) async fn ask_for(session: &Session, name: &str) -> Result<(), QueryError> {
    let mut statement = Statement::new(format!("USE \"{}\"", name.replace('"', "\"\"")));
    statement.set_is_idempotent(true);
    let used = session.query_unpaged(statement, ()).await;
    used.map(drop).map_err(|error| convert::execution_error(&error, &Record::default()))
}

/// Where a session is that could not be moved. Where the server refused the keyspace, the driver would have every new
/// connection use it, in vain.
async fn park(session: &Session, error: &QueryError) -> Place {
    if matches!(error, QueryError::Server(_)) { wait_elsewhere(session).await } else { Place::Unknown }
}

async fn wait_elsewhere(session: &Session) -> Place {
    match session.use_keyspace(ALWAYS_THERE, true).await {
        Ok(()) => Place::In(ALWAYS_THERE.into()),
        Err(_) => Place::Unknown,
    }
}

/// A session for one request.
pub(crate) struct Lease {
    session: Arc<Session>,
    /// The pool, and its number there; `None` for one that nobody counts.
    of: Option<(Arc<Sessions>, u64)>,
    /// Whether a request may be under way on it.
    under_way: bool,
    /// Whether the server was asked for the keyspace just now.
    pub(crate) was_asked: bool,
}

impl Lease {
    /// The request has ended; one that was `given_up` on this side may still be executed by the server, and so may one that is
    /// dropped without this.
    pub(crate) fn end(mut self, given_up: bool) {
        self.under_way = given_up;
    }
}

/// Whether the driver gave a request up before it ended.
pub(crate) fn is_given_up<T>(outcome: &Result<T, ExecutionError>) -> bool {
    matches!(outcome, Err(ExecutionError::RequestTimeout(_)))
}

impl Deref for Lease {
    type Target = Session;

    fn deref(&self) -> &Session {
        &self.session
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some((sessions, id)) = self.of.take() {
            sessions.pool().release(id, self.under_way, Instant::now());
            sessions.changed.notify_waiters();
        }
    }
}

/// Keeps a session in its keyspace between the requests of one piece of work, so that it is not moved to and fro. What is right
/// does not hang on it.
pub struct KeyspaceHold {
    held: Option<(Arc<Sessions>, Scope)>,
}

impl Drop for KeyspaceHold {
    fn drop(&mut self) {
        if let Some((sessions, scope)) = self.held.take() {
            sessions.pool().let_go(&scope);
            sessions.changed.notify_waiters();
        }
    }
}

/// Whether the server says that there is no such keyspace.
pub(crate) fn is_gone(error: &QueryError) -> bool {
    matches!(error, QueryError::Server(server) if server.kind == ServerErrorKind::Invalid)
}
