//! `%show`, `%results`, `%forget`: results that are kept. `%more` has a file of its own (`more.rs`).

use std::sync::Arc;

use cqlbook_core::diagnostic::{Code, Diagnostic};
use cqlbook_core::magic::{self, Arguments};
use cqlbook_core::page::Page;
use cqlbook_core::render::{self, Item, List, MimeBundle};

use super::view::{Stop, View, Wanted};
use crate::results::{Drawing, Forgotten, Kept, LAST};
use crate::run::aside;
use crate::run::scene::Scene;
use crate::run::statement::table_options;

/// Draws a kept result again: other rows, fewer columns, sorted, or one row under the other.
pub(crate) async fn show(scene: &Scene, arguments: &Arguments) -> Result<(), Diagnostic> {
    let name = arguments.positional(0).unwrap_or(LAST);
    let kept = find(scene, name)?;
    let settings = scene.settings();
    let drawing = Drawing {
        name: name.to_owned(),
        columns: arguments.values("columns").into_iter().map(str::to_owned).collect(),
        sort: arguments.value("sort").map(str::to_owned),
        vertical: arguments.flag("vertical"),
        rows: arguments.count("rows").unwrap_or(settings.settings.display_rows),
        next: arguments.count("offset").unwrap_or(0),
    };
    scene.show_rows(draw(scene, &kept, drawing).await?).await;
    Ok(())
}

/// Draws rows of a result as asked, and notes where `%more` goes on.
pub(super) async fn draw(scene: &Scene, kept: &Kept, mut drawing: Drawing) -> Result<MimeBundle, Diagnostic> {
    let mut options = table_options(&scene.settings());
    options.display_rows = drawing.rows;
    options.offset = drawing.next;
    options.vertical |= drawing.vertical;
    let (columns, pages) = if drawing.columns.is_empty() && drawing.sort.is_none() {
        (Arc::clone(&kept.columns), kept.pages.clone())
    } else {
        let wanted = Wanted {
            columns: drawing.columns.clone(),
            sort: drawing.sort.clone(),
            first: drawing.next,
            rows: drawing.rows,
        };
        // Dropped with this cell, which may be interrupted while a large result is sorted.
        let stop = Stop::default();
        let (kept, flag) = (kept.clone(), Arc::clone(&stop.0));
        let view = aside::run(move || View::of(&kept, &wanted, &flag)).await??;
        (Arc::clone(view.columns()), vec![Arc::new(view) as Arc<dyn Page>])
    };
    let table = render::table(&columns, &pages, &kept.facts, &options);
    drawing.next = drawing.next.saturating_add(drawing.rows).min(kept.rows());
    scene.notebook.state().results.drew(kept.number, drawing);
    Ok(table)
}

/// Lists what is kept.
pub(crate) async fn list(scene: &Scene) -> Result<(), Diagnostic> {
    let rows: Vec<_> = {
        let state = scene.notebook.state();
        let item = |(name, kept): (&str, &Kept)| {
            vec![
                Item::code(name),
                Item::Number(render::count(kept.rows() as u64)),
                Item::Number(kept.columns.len().to_string()),
                Item::Number(render::bytes(kept.size_bytes())),
                Item::text(if kept.rest.is_some() { "the server has more" } else { "" }),
            ]
        };
        state.results.iter().map(item).collect()
    };
    let note = if rows.is_empty() {
        "Nothing is kept yet. `name << SELECT …;` keeps a result, and `_` is the last one."
    } else {
        "`%show NAME` draws one again, `%forget NAME` frees its memory."
    };
    let headers = ["Name", "Rows", "Columns", "Memory", ""].map(str::to_owned).to_vec();
    scene.show(render::list(&List { title: None, headers, rows, note: Some(note.to_owned()) })).await;
    Ok(())
}

/// Frees a kept result.
pub(crate) async fn forget(scene: &Scene, arguments: &Arguments) -> Result<(), Diagnostic> {
    let name = arguments.positional(0).unwrap_or(LAST);
    let forgotten = scene.notebook.state().results.forget(name);
    let said = match forgotten {
        None => return Err(unknown(scene, name)),
        Some(Forgotten::Alone) => format!("Forgot {name}."),
        Some(Forgotten::WithLast) => format!("Forgot {name}. It was the last result `_`, too."),
        Some(Forgotten::StillAs(other)) => {
            format!(
                "Forgot {name}. Its rows are still kept as `{other}`: `%forget {}` frees them.",
                magic::quoted(&other)
            )
        }
    };
    scene.say(said).await;
    Ok(())
}

/// The result called `name`, or what is kept instead.
pub(crate) fn find(scene: &Scene, name: &str) -> Result<Kept, Diagnostic> {
    let kept = scene.notebook.state().results.get(name).cloned();
    kept.ok_or_else(|| unknown(scene, name))
}

fn unknown(scene: &Scene, name: &str) -> Diagnostic {
    if name == LAST {
        return Diagnostic::new(Code::Usage, "There is no result yet.").with_hint("Run a SELECT first.");
    }
    let names: Vec<_> = scene.notebook.state().results.iter().map(|(name, _)| format!("`{name}`")).collect();
    let diagnostic = Diagnostic::new(Code::Usage, format!("No result is kept under `{name}`."));
    if names.is_empty() {
        diagnostic.with_hint("`name << SELECT …;` keeps one.")
    } else {
        diagnostic.with_hint(format!("Kept are: {}.", names.join(", ")))
    }
}
