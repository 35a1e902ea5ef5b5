//! `%help`, `%lsmagic` and questions (`orders?`), `%echo` and `%warn`: texts made from tables, the schema, or typed.

use cqlbook_core::cell::Question;
use cqlbook_core::diagnostic::{Code, Diagnostic};
use cqlbook_core::nearest::nearest;
use cqlbook_core::{inspect, magic};
use cqlbook_wire::{Payload, Stream};

use crate::names::Known;
use crate::run::scene::{Scene, help_page};

/// Shows help on a topic, or the overview.
pub(crate) async fn help(scene: &Scene, topic: &str) -> Result<(), Diagnostic> {
    let text = inspect::about(topic, &Known::of(&scene.notebook)).ok_or_else(|| nothing_on(topic))?;
    scene.io.display(help_page(&text)).await;
    Ok(())
}

/// Answers `topic?` in the frontend's pager.
pub(crate) fn answer(scene: &Scene, question: &Question) -> Result<Payload, Diagnostic> {
    let text = inspect::about(&question.topic, &Known::of(&scene.notebook))
        .ok_or_else(|| nothing_on(&question.topic))?;
    Ok(Payload::Page { data: help_page(&text), start: 0 })
}

/// Prints the rest of a line, as `\echo` and `\warn` of psql do.
pub(crate) async fn print(scene: &Scene, stream: Stream, text: &str) -> Result<(), Diagnostic> {
    scene.io.print(stream, text).await;
    Ok(())
}

fn nothing_on(topic: &str) -> Diagnostic {
    let diagnostic = Diagnostic::new(Code::Usage, format!("There is no help on `{topic}`."));
    let diagnostic = match nearest(topic, magic::topics()) {
        Some(near) => diagnostic.with_hint(format!("Did you mean `%help {near}`?")),
        None => diagnostic,
    };
    diagnostic.with_hint("`%help` lists the topics. A table is known once the notebook is connected.")
}

/// Lists the names of all magics.
pub(crate) async fn list(scene: &Scene) -> Result<(), Diagnostic> {
    scene.io.print(Stream::Stdout, magic::list().trim_end()).await;
    Ok(())
}
