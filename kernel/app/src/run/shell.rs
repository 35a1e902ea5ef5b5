//! The commands that cqlsh users know, answered in cqlsh's words.

use std::sync::Arc;

use cqlbook_core::cell::{ShellCommand, ShellVerb};
use cqlbook_core::consistency::Consistency;
use cqlbook_core::diagnostic::Diagnostic;
use cqlbook_core::settings::Settings;
use cqlbook_core::shell::{Paging, Request};
use cqlbook_wire::Stream;

use super::scene::Scene;
use super::{capture, show, source};
use crate::connect::{gather, opening};
use crate::magics;

/// Runs one command.
pub(crate) async fn run(scene: &mut Scene, command: &ShellCommand) -> Result<(), Diagnostic> {
    match command.verb {
        ShellVerb::Consistency
        | ShellVerb::SerialConsistency
        | ShellVerb::Tracing
        | ShellVerb::Expand
        | ShellVerb::Paging => setting(scene, command).await,
        ShellVerb::Describe => Box::pin(super::describe::run(scene, command)).await,
        ShellVerb::Show => show::show(scene, command).await,
        ShellVerb::Help => magics::help::help(scene, &command.arguments).await,
        ShellVerb::Clear => {
            // The cell's own outputs go, as the screen does in cqlsh; those of other cells are not the kernel's.
            scene.io.clear().await;
            print(
                scene,
                "A notebook keeps its outputs. The Edit menu clears those of a cell, or of all cells.",
            )
            .await;
            Ok(())
        }
        ShellVerb::Exit => {
            print(scene, "A notebook has no EXIT. The Kernel menu shuts its kernel down; `%disconnect` closes the connection.")
                .await;
            Ok(())
        }
        ShellVerb::Source => source::run(scene, command).await,
        ShellVerb::Capture => capture::command(scene, command).await,
        ShellVerb::Copy => super::copy::copy(scene, command).await,
        ShellVerb::Login => login(scene, &command.login_user()?).await,
    }
}

/// Connects again as another user, to the same place and in the same keyspace. Nothing of it is saved.
async fn login(scene: &Scene, user: &str) -> Result<(), Diagnostic> {
    let open = scene.open()?;
    let keyspace = open.connection.keyspace().or_else(|| open.recipe.keyspace.clone());
    let recipe = gather::other_user(scene, &open, user, keyspace).await?;
    opening::open(scene, Arc::new(recipe)).await
}

pub(super) async fn print(scene: &Scene, text: &str) {
    scene.io.print(Stream::Stdout, text).await;
}

/// Changes or shows what the command is about, and says so.
async fn setting(scene: &mut Scene, command: &ShellCommand) -> Result<(), Diagnostic> {
    let before = scene.settings().settings;
    let set = scene.change(|settings| command.apply(settings))?;
    let now = scene.settings().settings;
    let said = match command.verb {
        ShellVerb::Consistency => Said::done(level("consistency", now.consistency, set)),
        ShellVerb::SerialConsistency => Said::done(level("serial consistency", now.serial_consistency, set)),
        ShellVerb::Tracing => switched("Tracing", "TRACING", before.trace, now.trace, set),
        ShellVerb::Expand => switched("Expanded output", "EXPAND", before.expand, now.expand, set),
        _ => paging(command, &before, &now),
    };
    for (stream, text) in [(Stream::Stderr, said.refused), (Stream::Stdout, said.done)] {
        if !text.is_empty() {
            scene.io.print(stream, &text).await;
        }
    }
    Ok(())
}

/// What a command answers, in cqlsh's words: what it did, and what it had not to do, which cqlsh tells as an error.
#[derive(Debug, Default, PartialEq, Eq)]
struct Said {
    done: String,
    refused: String,
}

impl Said {
    fn done(done: String) -> Self {
        Self { done, refused: String::new() }
    }
}

fn level(what: &str, level: Consistency, set: bool) -> String {
    if !set {
        return format!("Current {what} level is {level}.");
    }
    let (initial, rest) = what.split_at(1);
    format!("{}{rest} level set to {level}.", initial.to_uppercase())
}

fn switched(what: &str, command: &str, before: bool, now: bool, set: bool) -> Said {
    let refused = |refused| Said { refused, ..Said::default() };
    match (set, before, now) {
        (false, _, true) => Said::done(format!("{what} is currently enabled. Use {command} OFF to disable")),
        (false, _, false) => Said::done(format!("{what} is currently disabled. Use {command} ON to enable.")),
        (true, true, true) => refused(format!("{what} is already enabled. Use {command} OFF to disable.")),
        (true, false, false) => refused(format!("{what} is not enabled.")),
        (true, _, true) => Said::done(format!("Now {what} is enabled")),
        (true, _, false) => Said::done(format!("Disabled {what}.")),
    }
}

fn paging(command: &ShellCommand, before: &Settings, now: &Settings) -> Said {
    let mut said = match command.paging() {
        Ok(Request::Set(Paging::Rows(_))) => Said::default(),
        Ok(Request::Set(_)) => switched("Query paging", "PAGING", before.paging, now.paging, true),
        _ => switched("Query paging", "PAGING", before.paging, now.paging, false),
    };
    if now.paging {
        let separator = if said.done.is_empty() { "" } else { "\n" };
        said.done.push_str(&format!("{separator}Page size: {}", now.page_size));
    }
    said
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    /// What TRACING says for (set, before, now).
    fn tracing(set: bool, before: bool, now: bool) -> String {
        let said = switched("Tracing", "TRACING", before, now, set);
        assert!(said.done.is_empty() || said.refused.is_empty());
        said.done + &said.refused
    }

    #[test]
    fn switches_answer_as_cqlsh_does() {
        let all = [
            (false, true, true),
            (false, false, false),
            (true, true, true),
            (true, false, false),
            (true, false, true),
            (true, true, false),
        ];
        assert_snapshot!(all.map(|(set, before, now)| tracing(set, before, now)).join("\n"), @r"
        Tracing is currently enabled. Use TRACING OFF to disable
        Tracing is currently disabled. Use TRACING ON to enable.
        Tracing is already enabled. Use TRACING OFF to disable.
        Tracing is not enabled.
        Now Tracing is enabled
        Disabled Tracing.
        ");
    }

    #[test]
    fn levels_answer_as_cqlsh_does() {
        let serial = level("serial consistency", Consistency::LocalSerial, true);
        assert_eq!(serial, "Serial consistency level set to LOCAL_SERIAL.");
        assert_eq!(level("consistency", Consistency::Quorum, false), "Current consistency level is QUORUM.");
    }
}
