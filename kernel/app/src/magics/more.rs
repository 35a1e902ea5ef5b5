//! `%more`: draws the next rows of a result, and fetches them if need be, by what was kept of the first fetch.

use std::sync::Arc;

use cqlbook_core::diagnostic::{Code, Diagnostic};
use cqlbook_core::magic::{self, Arguments};
use cqlbook_core::render;

use super::results::{draw, find};
use crate::explain;
use crate::results::{Drawing, Incoming, Kept, LAST, TOTAL_BYTES};
use crate::run::fetch::{self, Continuation};
use crate::run::scene::Scene;
use crate::run::statement::ended_early;
use crate::run::wait::Wait;
use crate::trace;

/// Results that are named where room is needed.
const NAMES: usize = 5;

/// Draws the rows after those that were drawn of the result that the line names, or of the one drawn last.
pub(super) async fn more(scene: &Scene, arguments: &Arguments) -> Result<(), Diagnostic> {
    let (name, mut kept) = match arguments.positional(0) {
        Some(name) => (name.to_owned(), find(scene, name)?),
        None => {
            let last = scene.notebook.state().results.last_drawn().map(|(name, kept)| (name, kept.clone()));
            match last {
                Some(last) => last,
                None => (LAST.to_owned(), find(scene, LAST)?),
            }
        }
    };
    let drawn = scene.notebook.state().results.drawing(kept.number).cloned();
    let mut drawing = drawn.unwrap_or_else(|| Drawing { next: kept.drawn, ..Drawing::default() });
    drawing.name = name;
    drawing.rows = scene.settings().settings.display_rows.max(1);
    let mut wait = Wait::new();
    // Rows that were sorted are the fetched ones: others would come between them.
    if drawing.next + drawing.rows > kept.rows()
        && drawing.sort.is_none()
        && let Some(rest) = kept.rest.clone()
    {
        fetch_on(scene, &mut wait, &mut kept, &drawing, &rest).await?;
    }
    if drawing.next >= kept.rows() {
        let said = if kept.rest.is_some() && drawing.sort.is_some() {
            "There are no more rows here, and the server has more. Rows that were sorted are the fetched ones: `%show` without `--sort`, and then `%more`, fetches on."
        } else {
            "There are no more rows."
        };
        scene.conclude(render::sentence(said)).await;
        return Ok(());
    }
    wait.show_rows(scene, draw(scene, &kept, drawing).await?).await;
    Ok(())
}

async fn fetch_on(
    scene: &Scene,
    wait: &mut Wait,
    kept: &mut Kept,
    drawing: &Drawing,
    rest: &Arc<Continuation>,
) -> Result<(), Diagnostic> {
    let open = scene.open()?;
    if open.number != rest.connection {
        return Err(Diagnostic::new(
            Code::NotConnected,
            "The rest of the result belongs to a connection that is closed.",
        )
        .with_cause("Where a next page starts means nothing to another connection.")
        .with_hint("Run the SELECT again."));
    }
    if scene.notebook.state().results.are_full() {
        return Err(no_room(scene));
    }
    let open = wait.attend(&open, scene.settings().settings.timeout);
    let limit = rest.limit.max(drawing.rows);
    let fetching = async {
        let incoming = Incoming::behind(&scene.notebook);
        let next = Some(rest.next.clone());
        let fetched = fetch::fetch(&open.connection, rest.sent.clone(), next, limit, incoming).await;
        fetched.map_err(|failed| failed.told(|error| explain::query::of_a_later_page(error, open.is_astra())))
    };
    let fetched = wait.through(scene, fetching).await?;
    trace::follow::list(scene, &open, &fetched.traced, "%more", None);
    let pages = fetched.pages.unwrap_or_default();
    let rest_now = fetched.next.map(|next| {
        Arc::new(Continuation { sent: fetched.sent, next, connection: rest.connection, limit: rest.limit })
    });
    // Their room is that of the result from here on.
    drop(fetched.incoming);
    let told =
        fetched.full.map(|full| ended_early(full, (drawing.name != LAST).then_some(drawing.name.as_str())));
    let facts = |facts: &mut render::Facts| {
        facts.elapsed = fetched.elapsed;
        facts.notes.clone_from(&told.clone().into_iter().collect());
    };
    let now = scene.notebook.state().results.extend(kept.number, rest, &pages, rest_now, facts);
    *kept = now.unwrap_or_else(|| {
        let mut shown = kept.clone();
        shown.pages.extend(pages);
        shown.rest = None;
        shown.facts.rows_fetched = shown.rows();
        shown.facts.more = true;
        shown.facts.notes = vec![
            "The result was replaced or forgotten meanwhile, so that these rows are not kept.".to_owned(),
        ];
        shown
    });
    Ok(())
}

/// What is said where the kernel has no room for another row, with the largest results.
fn no_room(scene: &Scene) -> Diagnostic {
    let mut sizes: Vec<_> = {
        let state = scene.notebook.state();
        state.results.iter().map(|(name, kept)| (kept.size_bytes(), name.to_owned())).collect()
    };
    sizes.sort_by(|one, other| other.cmp(one));
    let largest: Vec<_> = sizes
        .iter()
        .take(NAMES)
        .map(|(bytes, name)| format!("`{name}` ({})", render::bytes(*bytes)))
        .collect();
    let frees = sizes.first().map_or("NAME".to_owned(), |(_, name)| magic::quoted(name));
    Diagnostic::new(
        Code::Usage,
        format!(
            "The rows in the kernel fill {}, the most there is room for. Nothing was fetched.",
            render::bytes(TOTAL_BYTES)
        ),
    )
    .with_cause(format!("The largest results: {}.", largest.join(", ")))
    .with_hint(format!("`%forget {frees}` frees one, and `%more` goes on then."))
    .with_hint("`%%export FILE` with the SELECT under it writes all rows, however many.")
}
