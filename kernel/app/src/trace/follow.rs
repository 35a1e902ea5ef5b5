//! Reads traces: behind the rows of a statement, in an output that is filled when the trace is there, and on demand.

use std::sync::Arc;
use std::time::Duration;

use cqlbook_cluster::TracePatience;
use cqlbook_core::diagnostic::Diagnostic;
use cqlbook_core::render::{self, TraceOptions};
use cqlbook_core::trace::{Trace, TraceId};

use super::explain;
use super::kept::{Entry, short};
use crate::notebook::Open;
use crate::run::fetch::Traced;
use crate::run::scene::Scene;

/// How long the trace of a statement of ours is waited for. A healthy server has written it within a tenth of a second.
pub(super) const BEHIND: TracePatience =
    TracePatience { first: Duration::from_secs(4), whole: Duration::from_secs(6) };
/// How long one is waited for that somebody asks for by its id.
const ON_DEMAND: TracePatience =
    TracePatience { first: Duration::from_millis(700), whole: Duration::from_secs(4) };
/// Pages after the first one whose traces are listed.
const PAGES: usize = 9;

/// Shows the timeline of a statement whose rows have been shown: that of its first page. The traces of further pages are
/// listed. Where there is no trace, a notice says so; it is never the statement's failure.
pub(crate) async fn statement(scene: &Scene, open: &Open, traced: &[Traced], text: &str, name: Option<&str>) {
    let ids = list(scene, open, traced, text, name);
    let Some(&id) = ids.first() else {
        scene.show(render::notice(&explain::no_id(open.is_astra()))).await;
        return;
    };
    scene.notebook.state().traces.is_last(id);
    let later = format!("`%trace show {}` shows it later.", short(id));
    scene.progress_beside("Waiting for the trace.", &later).await;
    match read(scene, open, id, BEHIND).await {
        Ok(trace) => scene.conclude(draw(&trace, None)).await,
        Err(diagnostic) => scene.conclude(render::notice(&diagnostic)).await,
    }
}

/// Lists the traces of a statement's pages without waiting for one, and gives their ids.
pub(crate) fn list(
    scene: &Scene,
    open: &Open,
    traced: &[Traced],
    text: &str,
    name: Option<&str>,
) -> Vec<TraceId> {
    let pages = traced.len();
    let known = traced.iter().enumerate().take(1 + PAGES).filter_map(|(page, traced)| {
        let note = if pages > 1 { format!("page {} of {pages}", page + 1) } else { String::new() };
        let entry = Entry::new(TraceId(traced.id?.into_bytes()), text, open.number);
        let name = if page == 0 { name.map(str::to_owned) } else { None };
        Some(Entry { note, name, rows: traced.rows, ..entry })
    });
    let known: Vec<_> = known.collect();
    let ids = known.iter().map(|entry| entry.id).collect();
    let mut state = scene.notebook.state();
    // The first page's is the newest of them, so that it leads the list.
    known.into_iter().rev().for_each(|entry| state.traces.keep(entry));
    ids
}

/// A trace by its id: the kept one, or what the server has of it.
///
/// # Errors
/// `NOT_CONNECTED` where it must be read and cannot, `TRACE_UNAVAILABLE` where it is not there.
pub(crate) async fn get(scene: &Scene, id: TraceId) -> Result<Arc<Trace>, Diagnostic> {
    let known = scene.notebook.state().traces.get(id).cloned();
    if let Some(trace) = known.as_ref().filter(|entry| entry.is_whole()).and_then(|entry| entry.trace.clone())
    {
        return Ok(trace);
    }
    let part = known.as_ref().and_then(|entry| entry.trace.clone());
    let open = match (scene.open(), part) {
        (Ok(open), part) => match known.filter(|entry| entry.connection != open.number) {
            None => open,
            Some(_) => return part.ok_or_else(|| explain::of_another_connection(id)),
        },
        // A part of it is better than none.
        (Err(_), Some(part)) => return Ok(part),
        (Err(error), None) => return Err(error),
    };
    scene.progress(&format!("Reading the trace {}.", short(id)), None, "").await;
    read(scene, &open, id, ON_DEMAND).await
}

/// Reads a trace and keeps it.
pub(super) async fn read(
    scene: &Scene,
    open: &Open,
    id: TraceId,
    patience: TracePatience,
) -> Result<Arc<Trace>, Diagnostic> {
    // Not by a handle that tells what it waits for: reading a trace is nothing that a user waits for a lost connection with.
    let read = open.connection.trace(id, patience).await;
    let mut recording = read.map_err(|error| explain::unreadable(&error, id))?;
    let known = scene.notebook.state().traces.get(id).cloned();
    if recording.events.is_empty() && recording.session.started_at_ms.is_none() {
        return Err(if known.is_some() { explain::never_came(id) } else { explain::nothing_there(id) });
    }
    let mut entry = known.unwrap_or_else(|| {
        let text = recording.session.parameters.get("query").or(recording.session.request.as_ref());
        Entry::new(id, text.map_or("", String::as_str), open.number)
    });
    recording.rows_returned = entry.rows;
    let trace = Arc::new(Trace::of(recording));
    entry.trace = Some(Arc::clone(&trace));
    scene.notebook.state().traces.keep(entry);
    Ok(trace)
}

/// The timeline, labelled where it is not whole.
pub(crate) fn draw(trace: &Trace, title: Option<String>) -> render::MimeBundle {
    render::trace(trace, &TraceOptions { notice: explain::incomplete(trace.recording()), title })
}
