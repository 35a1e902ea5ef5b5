//! `%help` and `%lsmagic`: texts made from the table of magics.

use cqlbook_core::diagnostic::{Code, Diagnostic};
use cqlbook_core::magic;
use cqlbook_wire::{MimeBundle, Stream};

use crate::run::scene::Scene;

/// Shows help on a topic, or the overview.
pub(crate) async fn help(scene: &Scene, topic: &str) -> Result<(), Diagnostic> {
    let Some(text) = magic::help(topic) else {
        return Err(Diagnostic::new(Code::Usage, format!("There is no help on `{topic}`."))
            .with_hint("`%help` lists the topics."));
    };
    scene.io.display(MimeBundle::new().with("text/markdown", text.clone()).with("text/plain", text)).await;
    Ok(())
}

/// Lists the names of all magics.
pub(crate) async fn list(scene: &Scene) -> Result<(), Diagnostic> {
    scene.io.stream(Stream::Stdout, format!("{}\n", magic::list().trim_end())).await;
    Ok(())
}
