//! Waits until nodes agree on a schema: those that are connected to after every change, and all others where a statement
//! has shown that it matters.

use std::collections::BTreeSet;
use std::time::Duration;

use cqlbook_core::schema::read;
use tokio::time::{sleep, timeout};

use super::{Connection, SCHEMA_BOUND};
use crate::error::{QueryError, ServerErrorKind};

/// How long the nodes that are not connected to may take to agree. Nodes tell each other every second.
const EVERYBODY: Duration = Duration::from_secs(5);
/// How often they are asked for.
const PERIOD: Duration = Duration::from_millis(250);
/// Where each node keeps its own version, and what it has heard of the others'.
const VERSIONS: [&str; 2] = [
    "SELECT schema_version FROM system.local WHERE key = 'local'",
    "SELECT schema_version FROM system.peers",
];

impl Connection {
    /// Waits until nodes agree on a changed schema and reads it; what does not work out is told as warnings.
    pub(super) async fn settle_schema(&self, cql: &str) -> Option<String> {
        let session = &self.inner.session;
        let settled = async {
            let agreed = session.await_schema_agreement().await.is_ok();
            let (read, ()) = tokio::join!(self.read_schema(), self.reread(cql));
            (agreed, read.is_ok())
        };
        match timeout(SCHEMA_BOUND, settled).await {
            Ok((true, true)) => None,
            Ok((true, false)) => Some("The changed schema could not be read yet.".to_owned()),
            Ok((false, _)) | Err(_) => Some("The nodes do not agree on the changed schema yet.".to_owned()),
        }
    }

    /// Waits for a while until the nodes that are connected to have the same schema, before many rows go to a table that some
    /// of them may not have heard of yet. Where they agree it costs one small query each.
    pub async fn settled(&self) {
        let _ = timeout(SCHEMA_BOUND, self.inner.session.await_schema_agreement()).await;
    }

    /// Waits for a while until all nodes have the same schema, those of other data centres included. The driver asks only
    /// those that it is connected to.
    pub(super) async fn await_everybody(&self) {
        let agreed = async {
            while self.versions().await.is_none_or(|versions| versions.len() > 1) {
                sleep(PERIOD).await;
            }
        };
        // Where they do not agree in time, what is done next shows whether it matters.
        let _ = timeout(EVERYBODY, agreed).await;
    }

    /// The versions of the schema that there are, as far as some node has heard.
    async fn versions(&self) -> Option<BTreeSet<String>> {
        let mut versions = BTreeSet::new();
        for cql in VERSIONS {
            let answers = self.all_pages(cql).await.ok()?;
            for page in answers.into_iter().filter_map(|answer| answer.page) {
                read::texts(page.as_ref(), "schema_version", |text| {
                    versions.insert(text.to_owned());
                });
            }
        }
        Some(versions)
    }
}

/// Whether a `TRUNCATE` failed of a replica that may not have heard of the table yet: it goes to all nodes, whatever nodes
/// the table is on. One that failed of a node that is down says otherwise.
pub(super) fn is_missing_on_a_replica(error: &QueryError) -> bool {
    matches!(error, QueryError::Server(server)
        if server.kind == ServerErrorKind::Truncate && server.message.contains("failed on replica"))
}
