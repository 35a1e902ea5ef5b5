//! `%profile NAME`: what the columns of a kept result hold.

use cqlbook_core::diagnostic::{Code, Diagnostic};
use cqlbook_core::magic::Arguments;
use cqlbook_core::render;

use super::results::find;
use crate::results::LAST;
use crate::run::aside;
use crate::run::scene::Scene;

/// Draws the profile.
pub(crate) async fn profile(scene: &Scene, arguments: &Arguments) -> Result<(), Diagnostic> {
    let name = arguments.positional(0).unwrap_or(LAST).to_owned();
    let kept = find(scene, &name)?;
    let zone = scene.settings().settings.timezone;
    let more = kept.facts.more;
    let look = move || cqlbook_analysis::profile::profile(&name, &kept.columns, &kept.pages, &zone);
    let mut profile = aside::run(look).await?.map_err(|error| {
        Diagnostic::new(Code::ServerError, "The result cannot be read.").with_server_text(error.to_string())
    })?;
    if more {
        profile
            .notes
            .push("The rows that were fetched are described; more exist in the database.".to_owned());
    }
    scene.show_rows(render::profile(&profile)).await;
    Ok(())
}
