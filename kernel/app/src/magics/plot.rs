//! `%plot NAME --x COL --y COL`: a chart of a kept result.

use cqlbook_analysis::chart::{self, ChartError, Kind, Request};
use cqlbook_core::diagnostic::{Code, Diagnostic};
use cqlbook_core::magic::Arguments;
use cqlbook_core::render;

use super::results::find;
use crate::results::LAST;
use crate::run::aside;
use crate::run::scene::Scene;

/// Draws the chart.
pub(crate) async fn plot(scene: &Scene, arguments: &Arguments) -> Result<(), Diagnostic> {
    let kept = find(scene, arguments.positional(0).unwrap_or(LAST))?;
    for option in ["x", "y", "color", "kind", "title"] {
        if arguments.times(option) > 1 {
            return Err(Diagnostic::new(Code::Usage, format!("`--{option}` is given twice, and a chart has one."))
                .with_hint("Draw a chart for each, or put the columns into one by `%%sql … UNION ALL`, and name it by `--color`."));
        }
    }
    let part = match (kept.facts.more, &kept.facts.incomplete) {
        (true, _) => {
            let rows = render::count(kept.rows() as u64);
            Some(format!("Only the {rows} rows that were fetched are drawn: the database has more."))
        }
        (false, of_part) => of_part.clone(),
    };
    let request = Request {
        x: arguments.value("x").unwrap_or_default().to_owned(),
        y: arguments.value("y").map(str::to_owned),
        color: arguments.value("color").map(str::to_owned),
        kind: arguments.value("kind").and_then(Kind::named),
        title: arguments.value("title").map(str::to_owned),
        zone: scene.settings().settings.timezone,
        part,
    };
    let drawn = aside::run(move || chart::plot(&kept.columns, &kept.pages, &request)).await?;
    let bundle = drawn.map_err(|error| explained(&error))?;
    scene.show_rows(bundle).await;
    Ok(())
}

fn explained(error: &ChartError) -> Diagnostic {
    let diagnostic = Diagnostic::new(Code::Usage, error.to_string());
    match error {
        ChartError::NoColumn { near, columns, .. } => {
            let diagnostic = match near {
                Some(near) => diagnostic.with_hint(format!("Did you mean `{near}`?")),
                None => diagnostic,
            };
            diagnostic.with_hint(format!("It has: {}.", columns.join(", ")))
        }
        ChartError::Unfit { hint, .. } => diagnostic.with_hint(hint),
        ChartError::Empty { .. } => diagnostic.with_hint("`%show NAME` draws the rows as a table."),
        ChartError::Malformed(error) => Diagnostic::new(Code::ServerError, "The result cannot be read.")
            .with_server_text(error.to_string()),
        ChartError::Picture => diagnostic.with_hint("Run the cell again, with fewer rows."),
    }
}
