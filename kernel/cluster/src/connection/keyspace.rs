//! The keyspace of a handle's requests: fixed when the handle is made, and carried by what its requests leave behind (prepared
//! statements, paging states). No request takes it from elsewhere.

use std::sync::Arc;

use super::Connection;
use crate::error::QueryError;
use crate::request::RequestOptions;
use crate::retry::Record;
use crate::sessions::{self, KeyspaceHold, Lease, Scope};

impl Connection {
    /// The same connection for requests under the keyspace `name`, as a `USE` makes it: the server is asked for it. With
    /// `case_sensitive` the name is taken as it stands. Other handles stay where they are, and so does what they have under way.
    ///
    /// # Errors
    /// [`QueryError`].
    pub async fn use_keyspace(&self, name: &str, case_sensitive: bool) -> Result<Self, QueryError> {
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            let reason = "a name has letters, digits and underscores".to_owned();
            return Err(QueryError::KeyspaceName { name: name.to_owned(), reason });
        }
        let name = if case_sensitive { name.to_owned() } else { name.to_ascii_lowercase() };
        let scope = Scope::Keyspace(name.as_str().into());
        let options = self.own_options();
        let is_known = |name: &str| self.inner.keeper.snapshot().keyspaces.contains_key(name);
        self.repeatedly(&options, &Record::default(), || {
            Box::pin(async {
                let session = self.inner.sessions.lease(&scope, options.timeout, is_known).await?;
                let outcome =
                    if session.was_asked { Ok(()) } else { sessions::ask_for(&session, &name).await };
                session.end(matches!(outcome, Err(QueryError::Timeout { .. })));
                outcome
            })
        })
        .await?;
        Ok(Self { inner: Arc::clone(&self.inner), attendance: None, scope })
    }

    /// The keyspace of this handle's requests, as the schema names it.
    pub fn keyspace(&self) -> Option<String> {
        self.scope.keyspace().map(str::to_owned)
    }

    /// Keeps what it takes to run requests under this handle's keyspace ready between them, for as long as it is not dropped.
    /// Only speed depends on it.
    pub fn hold(&self) -> KeyspaceHold {
        self.inner.sessions.hold(&self.scope)
    }

    /// A session for one request in `scope`. A keyspace that is no more is like none: names without one are refused then.
    pub(super) async fn lease(&self, scope: &Scope, options: &RequestOptions) -> Result<Lease, QueryError> {
        let sessions = &self.inner.sessions;
        // Where none gets free, the reason is to be told before time is up.
        let patience = options.timeout - options.timeout / 10;
        let is_known = |name: &str| self.inner.keeper.snapshot().keyspaces.contains_key(name);
        match sessions.lease(scope, patience, is_known).await {
            Err(error) if sessions::is_gone(&error) => {
                sessions.lease(&Scope::Without, patience, is_known).await
            }
            outcome => outcome,
        }
    }
}
