//! `%connect`, `%connection`, `%connections`, `%disconnect`.

use std::sync::Arc;

use cqlbook_cluster::QueryError;
use cqlbook_core::diagnostic::Diagnostic;
use cqlbook_core::magic::Arguments;
use cqlbook_core::text::Span;

use crate::connect::gather::{self, Purpose};
use crate::connect::{opening, verbs};
use crate::explain;
use crate::notebook::Open;
use crate::run::scene::Scene;

/// `%connect astra …`, `%connect cassandra …`, `%connect NAME`.
pub(crate) async fn connect(scene: &Scene, words: &[&str], arguments: &Arguments) -> Result<(), Diagnostic> {
    let shelf = &scene.notebook.shelf;
    let purpose = if arguments.flag("no-save") { Purpose::Use } else { Purpose::Save };
    let recipe = match words {
        ["astra"] => Arc::new(gather::astra(scene, shelf, arguments, purpose).await?),
        ["cassandra"] => Arc::new(gather::cassandra(scene, shelf, arguments, purpose).await?),
        _ => shelf.find(arguments.positional(0).unwrap_or_default())?,
    };
    opening::open(scene, recipe).await
}

/// `%connection …`.
pub(crate) async fn connection(scene: &Scene, arguments: &Arguments) -> Result<(), Diagnostic> {
    match arguments.words() {
        ["list"] => list(scene).await,
        _ => verbs::run(scene, &scene.notebook.shelf, arguments).await,
    }
}

/// `%connections`, with the notebook's own marked.
pub(crate) async fn list(scene: &Scene) -> Result<(), Diagnostic> {
    let open = scene.connection();
    verbs::list(scene, &scene.notebook.shelf, open.as_ref().map(|open| &*open.recipe)).await
}

/// Closes the connection.
pub(crate) async fn disconnect(scene: &Scene) -> Result<(), Diagnostic> {
    match scene.connect(None) {
        Some(open) => scene.say(format!("Disconnected from {}.", open.recipe.label())).await,
        None => scene.say("There was no connection.").await,
    }
    Ok(())
}

/// Why the keyspace of a `--keyspace` option or a `USE` cannot be used.
pub(crate) fn keyspace_failed(error: &QueryError, open: &Open, span: Span) -> Diagnostic {
    explain::query::query_of_no_statement(error, open.is_astra()).with_span(span)
}
