//! `SHOW VERSION`, `SHOW HOST`, `SHOW REPLICAS` and `SHOW SESSION`, answered in cqlsh's words.

use cqlbook_core::cell::ShellCommand;
use cqlbook_core::cql::keywords::quote_name;
use cqlbook_core::diagnostic::{Code, Diagnostic};
use cqlbook_core::nearest::nearest;
use cqlbook_core::shell::Show;

use super::scene::Scene;
use super::shell::print;
use crate::connect::recipe::Place;
use crate::magics;
use crate::notebook::Open;

/// Shows what is asked for.
pub(super) async fn show(scene: &Scene, command: &ShellCommand) -> Result<(), Diagnostic> {
    let what = command.show()?;
    let open = scene.open()?;
    let text = match what {
        Show::Version => version(&open),
        Show::Host => host(&open),
        Show::Replicas { token, keyspace } => {
            replicas(&open, token, keyspace).map_err(|error| error.with_span(command.span))?
        }
        Show::Session(id) => return magics::trace::show(scene, &id).await,
    };
    print(scene, &text).await;
    Ok(())
}

fn version(open: &Open) -> String {
    let facts = open.connection.facts();
    format!(
        "[cqlbook {} | Cassandra {} | CQL spec {} | Native protocol v{}]",
        env!("CARGO_PKG_VERSION"),
        facts.release_version,
        facts.cql_version,
        facts.native_protocol
    )
}

fn host(open: &Open) -> String {
    let facts = open.connection.facts();
    let place = match &open.recipe.place {
        Place::Astra { .. } => format!("Astra DB, data centre {}", facts.local_dc),
        Place::Cassandra { hosts, port, .. } => format!("{}:{port}", hosts.join(", ")),
    };
    format!("Connected to {} at {place}", facts.cluster_name)
}

/// The replicas of a token, as the list that cqlsh prints.
fn replicas(open: &Open, token: i64, keyspace: Option<String>) -> Result<String, Diagnostic> {
    let keyspace = keyspace.or_else(|| open.connection.keyspace()).ok_or_else(|| {
        Diagnostic::new(Code::Usage, "No keyspace is in use.")
            .with_hint("Name it: `SHOW REPLICAS TOKEN KEYSPACE`, or `USE keyspace;` before.")
    })?;
    let replicas = open.connection.replicas(&keyspace, token).ok_or_else(|| {
        let diagnostic =
            Diagnostic::new(Code::InvalidQuery, format!("There is no keyspace {}.", quote_name(&keyspace)));
        let schema = open.connection.schema();
        match nearest(&keyspace, schema.keyspaces.keys().map(String::as_str)) {
            Some(near) => diagnostic.with_hint(format!("Did you mean `{}`?", quote_name(near))),
            None => diagnostic.with_hint("`DESCRIBE KEYSPACES` lists them."),
        }
    })?;
    let labels: Vec<_> = replicas.iter().map(|node| format!("'{}'", node.label)).collect();
    Ok(format!("[{}]", labels.join(", ")))
}
