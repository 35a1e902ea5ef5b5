//! `%trace`: traces every statement or none, and lists, shows, compares and writes traces.

use std::time::Duration;

use cqlbook_core::diagnostic::Diagnostic;
use cqlbook_core::magic::Arguments;
use cqlbook_core::render::{self, Item, List};
use cqlbook_core::trace::TraceId;

use crate::run::scene::Scene;
use crate::trace::{file, follow, kept};

/// Runs the form that the words chose.
pub(crate) async fn run(scene: &mut Scene, arguments: &Arguments) -> Result<(), Diagnostic> {
    match arguments.words() {
        ["on"] => switch(scene, true).await,
        ["off"] => switch(scene, false).await,
        ["list"] => {
            list(scene).await;
            Ok(())
        }
        ["compare"] => compare(scene, arguments).await,
        ["export"] => export(scene, arguments).await,
        _ => show(scene, arguments.positional(0).unwrap_or(LAST)).await,
    }
}

/// What stands for the last trace.
const LAST: &str = "_";

async fn switch(scene: &mut Scene, on: bool) -> Result<(), Diagnostic> {
    scene.change(|settings| settings.set("trace", if on { "on" } else { "off" }))?;
    scene
        .say(if on {
            "Every statement is traced from now on, which costs the servers some work. `%trace off` ends it."
        } else {
            "Statements are not traced. Traces that are known stay: `%trace list`."
        })
        .await;
    Ok(())
}

/// Draws a trace: one that is known, or any that the server has by its id.
pub(crate) async fn show(scene: &Scene, word: &str) -> Result<(), Diagnostic> {
    let id = find(scene, word)?;
    let trace = follow::get(scene, id).await?;
    scene.notebook.state().traces.is_last(id);
    scene.conclude(follow::draw(&trace, None)).await;
    Ok(())
}

async fn list(scene: &Scene) {
    let rows: Vec<_> = {
        let state = scene.notebook.state();
        let item = |entry: &kept::Entry| {
            let name = (0..3).find(|&steps| state.traces.back(steps) == Some(entry.id));
            let underscores = name.map(|steps| "_".repeat(steps + 1));
            let names: Vec<_> = underscores.into_iter().chain(entry.name.clone()).collect();
            let (duration, events) = match &entry.trace {
                Some(trace) => {
                    let us = u64::try_from(trace.total_us).unwrap_or_default();
                    (render::duration(Duration::from_micros(us)), trace.recording().events.len().to_string())
                }
                None => Default::default(),
            };
            let note = match (entry.note.as_str(), &entry.trace) {
                (note, Some(_)) if entry.is_whole() => note.to_owned(),
                ("", _) => "not read to its end".to_owned(),
                (note, _) => note.to_owned(),
            };
            vec![
                Item::code(kept::short(entry.id)),
                Item::code(names.join(" ")),
                Item::Number(duration),
                Item::Number(events),
                Item::code(entry.statement.as_str()),
                Item::text(note),
            ]
        };
        state.traces.iter().map(item).collect()
    };
    let note = if rows.is_empty() {
        "There is no trace yet. `%trace on` traces every statement, `%%cql --trace` those of one cell."
    } else {
        "`%trace show ID` draws one, `%trace compare ID ID` two beside each other. The last one is `_`, the one before it `__`."
    };
    let headers = ["ID", "Name", "Duration", "Events", "Statement", ""].map(str::to_owned).to_vec();
    scene.show(render::list(&List { title: None, headers, rows, note: Some(note.to_owned()) })).await;
}

async fn compare(scene: &Scene, arguments: &Arguments) -> Result<(), Diagnostic> {
    let word = |place: usize| arguments.positional(place).unwrap_or(LAST);
    let (before, after) = (find(scene, word(0))?, find(scene, word(1))?);
    let before = follow::get(scene, before).await?;
    let after = follow::get(scene, after).await?;
    scene.conclude(render::trace_comparison(&before, &after)).await;
    Ok(())
}

async fn export(scene: &Scene, arguments: &Arguments) -> Result<(), Diagnostic> {
    let typed = arguments.positional(1).unwrap_or_default();
    let format = file::Format::of(typed)?;
    let id = find(scene, arguments.positional(0).unwrap_or(LAST))?;
    let trace = follow::get(scene, id).await?;
    file::write(&scene.notebook.path(typed), typed, &format.text(&trace), arguments.flag("force"))?;
    let events = render::count(trace.recording().events.len() as u64);
    let part = if trace.recording().complete { "" } else { " The trace was not whole." };
    let text = format!("wrote {events} events to {typed}: {}.{part}", format.opens_in());
    scene.conclude(render::sentence(&text)).await;
    Ok(())
}

fn find(scene: &Scene, word: &str) -> Result<TraceId, Diagnostic> {
    scene.notebook.state().traces.find(word)
}
