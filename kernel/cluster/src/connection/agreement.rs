//! Waits until nodes agree on a schema: those that are connected to after every change, and all others where a statement
//! has shown that it matters.

use std::collections::BTreeSet;
use std::pin::Pin;
use std::time::Duration;

use cqlbook_core::schema::read;
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use super::{Connection, REFRESH_BOUND, SCHEMA_BOUND, model};
use crate::error::{QueryError, ServerErrorKind};

/// How long the nodes that are not connected to may take to agree. Nodes tell each other every second.
const EVERYBODY: Duration = Duration::from_secs(5);
/// How often they are asked for.
const PERIOD: Duration = Duration::from_millis(250);
/// A node's own version of the schema.
pub(super) const OWN_VERSION: &str = "SELECT schema_version FROM system.local WHERE key = 'local'";
/// What a node has heard of the others' versions.
const OTHERS_VERSIONS: &str = "SELECT schema_version FROM system.peers";

impl Connection {
    /// Waits until nodes agree on a changed schema and reads what was changed; what does not work out is told as warnings. Until it
    /// was read, nothing is known of it.
    pub(super) async fn settle_schema(&self, cql: &str) -> Option<String> {
        let changed = model::changed_keyspace(cql, self.keyspace());
        if let Some(keyspace) = &changed {
            self.inner.keeper.forget(keyspace);
        }
        let settled = async {
            let agreed = self.await_agreement().await.is_some();
            let reread = async {
                match &changed {
                    Some(keyspace) => self.reread(keyspace).await.map(drop),
                    None => Ok(()),
                }
            };
            // (Boxed, because reading runs statements, after some of which the schema is read.)
            let reread: Pin<Box<dyn Future<Output = _> + Send + '_>> = Box::pin(reread);
            let ((), read) = tokio::join!(self.tell_driver(cql), reread);
            (agreed, read.is_ok())
        };
        match timeout(SCHEMA_BOUND, settled).await {
            Ok((true, true)) => None,
            Ok((true, false)) => Some("The changed schema could not be read yet.".to_owned()),
            Ok((false, _)) | Err(_) => Some("The nodes do not agree on the changed schema yet.".to_owned()),
        }
    }

    /// Has the driver read nodes and keyspaces again where keyspaces were changed: by them it knows replicas.
    async fn tell_driver(&self, cql: &str) {
        if model::is_of_keyspaces(cql) {
            let _ = timeout(REFRESH_BOUND, self.inner.sessions.main().refresh_metadata()).await;
        }
    }

    /// Waits until the nodes that are connected to have the same schema, and gives its version; `None` where they do not agree
    /// within the session's bound (`session.rs`). Where they do, it costs one small query each.
    pub async fn await_agreement(&self) -> Option<Uuid> {
        self.inner.sessions.main().await_schema_agreement().await.ok()
    }

    /// Waits for a while until all nodes have the same schema, those of other data centres included. The driver asks only
    /// those that it is connected to.
    pub(super) async fn await_everybody(&self) {
        let agreed = async {
            let queries = [OWN_VERSION, OTHERS_VERSIONS];
            while !self.versions(&queries).await.is_ok_and(|versions| versions.len() <= 1) {
                sleep(PERIOD).await;
            }
        };
        // Where they do not agree in time, what is done next shows whether it matters.
        let _ = timeout(EVERYBODY, agreed).await;
    }

    /// The versions of the schema that are in the answers of some node.
    pub(super) async fn versions(&self, queries: &[&str]) -> Result<BTreeSet<String>, QueryError> {
        let mut versions = BTreeSet::new();
        for cql in queries {
            for page in self.all_pages(cql).await? {
                read::texts(page.as_ref(), "schema_version", |text| {
                    versions.insert(text.to_owned());
                });
            }
        }
        Ok(versions)
    }
}

/// Whether a `TRUNCATE` failed of a replica that may not have heard of the table yet: it goes to all nodes, whatever nodes
/// the table is on. One that failed of a node that is down says otherwise.
pub(super) fn is_missing_on_a_replica(error: &QueryError) -> bool {
    matches!(error, QueryError::Server(server)
        if server.kind == ServerErrorKind::Truncate && server.message.contains("failed on replica"))
}
