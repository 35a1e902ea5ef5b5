//! Line magics: each name leads to the function that does it. What a line may say is in `cqlbook_core::magic`.

mod browse;
pub(crate) mod connect;
pub(crate) mod export;
pub(crate) mod help;
mod import;
mod more;
mod plot;
mod profile;
mod results;
mod settings;
pub(crate) mod snapshot;
pub(crate) mod sql;
pub(crate) mod trace;
mod view;

use cqlbook_core::cell::MagicLine;
use cqlbook_core::diagnostic::{Code, Diagnostic};
use cqlbook_core::magic::{self, Arguments, MagicKind};
use cqlbook_wire::Stream;

use crate::run::scene::Scene;

/// Runs one line magic.
pub(crate) async fn run(scene: &mut Scene, line: &MagicLine) -> Result<(), Diagnostic> {
    let magic =
        magic::lookup(MagicKind::Line, &line.name).map_err(|error| error.with_span(line.name_span))?;
    let arguments = magic::parse_line(magic, &line.rest).map_err(|error| error.placed_in(line.rest_span))?;
    if !arguments.form().implemented {
        let words: Vec<_> = std::iter::once(magic.name).chain(arguments.words().iter().copied()).collect();
        return Err(not_in_this_release(&format!("%{}", words.join(" "))).with_span(line.span));
    }
    dispatch(scene, magic.name, &arguments).await
}

async fn dispatch(scene: &mut Scene, name: &str, arguments: &Arguments) -> Result<(), Diagnostic> {
    match (name, arguments.words()) {
        ("connect", words) => connect::connect(scene, words, arguments).await,
        ("connection", _) => connect::connection(scene, arguments).await,
        ("connections", _) => connect::list(scene).await,
        ("disconnect", _) => connect::disconnect(scene).await,
        ("set", _) => settings::set(scene, arguments).await,
        ("param", _) => settings::param(scene, arguments).await,
        ("show", _) => results::show(scene, arguments).await,
        ("more", _) => more::more(scene, arguments).await,
        ("results", _) => results::list(scene).await,
        ("forget", _) => results::forget(scene, arguments).await,
        ("export", _) => export::kept(scene, arguments).await,
        ("trace", _) => trace::run(scene, arguments).await,
        ("profile", _) => profile::profile(scene, arguments).await,
        ("plot", _) => plot::plot(scene, arguments).await,
        // Boxed, as it may connect beside the notebook: the stack of a cell is small.
        ("snapshot", _) => Box::pin(snapshot::run(scene, arguments)).await,
        ("import", _) => import::import(scene, arguments).await,
        ("schema", _) => browse::schema(scene, arguments).await,
        ("echo", _) => help::print(scene, Stream::Stdout, arguments.positional(0).unwrap_or_default()).await,
        ("warn", _) => help::print(scene, Stream::Stderr, arguments.positional(0).unwrap_or_default()).await,
        ("help", _) => help::help(scene, arguments.positional(0).unwrap_or_default()).await,
        ("lsmagic", _) => help::list(scene).await,
        (name, _) => Err(not_in_this_release(&format!("%{name}"))),
    }
}

/// What is said of a part of the notebook language that this release does not have.
pub(crate) fn not_in_this_release(what: &str) -> Diagnostic {
    Diagnostic::new(Code::Unsupported, format!("`{what}` is not in this release."))
        .with_cause("Its name is kept for a later one.")
        .with_hint("`%lsmagic` lists what there is, and `%help` says how it is used.")
}
