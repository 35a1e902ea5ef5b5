//! The commands that cqlsh users know, answered in cqlsh's words.

use std::ops::ControlFlow;

use cqlbook_cluster::Request as Sending;
use cqlbook_core::cell::{ShellCommand, ShellVerb, Statement};
use cqlbook_core::consistency::Consistency;
use cqlbook_core::diagnostic::{Code, Diagnostic};
use cqlbook_core::settings::Settings;
use cqlbook_core::shell::{Paging, Request};
use cqlbook_core::value;
use cqlbook_wire::Stream;

use super::fetch::{self, Sent};
use super::scene::Scene;
use super::statement::{explain_failure, options};
use super::wait::Wait;
use crate::connect::recipe::Place;
use crate::magics;

/// Runs one command.
pub(crate) async fn run(scene: &mut Scene, command: &ShellCommand) -> Result<(), Diagnostic> {
    let arguments = command.arguments.as_str();
    match command.verb {
        ShellVerb::Consistency
        | ShellVerb::SerialConsistency
        | ShellVerb::Tracing
        | ShellVerb::Expand
        | ShellVerb::Paging => setting(scene, command).await,
        ShellVerb::Describe => describe(scene, command).await,
        ShellVerb::Show => show(scene, arguments).await,
        ShellVerb::Help => help(scene, arguments).await,
        ShellVerb::Clear => {
            scene.io.clear_output(false).await;
            Ok(())
        }
        ShellVerb::Exit => {
            print(scene, "A notebook has no EXIT. Close it, or shut its kernel down from the Kernel menu; `%disconnect` closes the connection.")
                .await;
            Ok(())
        }
        ShellVerb::Source => Err(magics::not_in_this_release("SOURCE")),
        ShellVerb::Capture => Err(magics::not_in_this_release("CAPTURE")),
        ShellVerb::Copy => Err(magics::not_in_this_release("COPY")
            .with_hint("`%import FILE.csv INTO keyspace.table` loads a CSV file.")),
        ShellVerb::Login => {
            // A password on the line is refused first, and not shown again.
            command.login_user()?;
            Err(magics::not_in_this_release("LOGIN").with_hint("`%connect …` connects as another user."))
        }
    }
}

async fn print(scene: &Scene, text: &str) {
    scene.io.stream(Stream::Stdout, format!("{text}\n")).await;
}

/// Changes or shows what the command is about, and says so.
async fn setting(scene: &mut Scene, command: &ShellCommand) -> Result<(), Diagnostic> {
    let before = scene.settings().settings;
    let set = scene.change(|settings| command.apply(settings))?;
    let now = scene.settings().settings;
    let said = match command.verb {
        ShellVerb::Consistency => level("consistency", now.consistency, set),
        ShellVerb::SerialConsistency => level("serial consistency", now.serial_consistency, set),
        ShellVerb::Tracing => switched("Tracing", "TRACING", before.trace, now.trace, set),
        ShellVerb::Expand => switched("Expanded output", "EXPAND", before.expand, now.expand, set),
        _ => paging(command, &now),
    };
    print(scene, &said).await;
    Ok(())
}

fn level(what: &str, level: Consistency, set: bool) -> String {
    if !set {
        return format!("Current {what} level is {level}.");
    }
    let (initial, rest) = what.split_at(1);
    format!("{}{rest} level set to {level}.", initial.to_uppercase())
}

fn switched(what: &str, command: &str, before: bool, now: bool, set: bool) -> String {
    let (state, other, verb) = if now { ("enabled", "OFF", "disable") } else { ("disabled", "ON", "enable") };
    match (set, before == now) {
        (false, _) => format!("{what} is currently {state}. Use {command} {other} to {verb}"),
        (true, true) => format!("{what} is already {state}. Use {command} {other} to {verb}"),
        (true, false) if now => format!("Now {what} is enabled"),
        (true, false) => format!("Disabled {what}."),
    }
}

fn paging(command: &ShellCommand, now: &Settings) -> String {
    match command.paging() {
        Ok(Request::Set(Paging::Rows(rows))) => format!("Page size: {rows}"),
        Ok(Request::Set(Paging::On)) => "Now Query paging is enabled".to_owned(),
        Ok(Request::Set(Paging::Off)) => "Disabled Query paging.".to_owned(),
        _ if now.paging => format!(
            "Query paging is currently enabled. Use PAGING OFF to disable\nPage size: {}",
            now.page_size
        ),
        _ => "Query paging is currently disabled. Use PAGING ON to enable.".to_owned(),
    }
}

/// `SHOW VERSION` and `SHOW HOST`.
async fn show(scene: &Scene, argument: &str) -> Result<(), Diagnostic> {
    match argument.to_ascii_uppercase().as_str() {
        "VERSION" => {
            let open = scene.open()?;
            let facts = open.connection.facts();
            print(
                scene,
                &format!(
                    "[cqlbook {} | Cassandra {} | CQL spec {} | Native protocol v{}]",
                    env!("CARGO_PKG_VERSION"),
                    facts.release_version,
                    facts.cql_version,
                    facts.native_protocol
                ),
            )
            .await;
            Ok(())
        }
        "HOST" => {
            let open = scene.open()?;
            let name = &open.connection.facts().cluster_name;
            let place = match &open.recipe.place {
                Place::Astra { .. } => format!("Astra DB, data centre {}", open.connection.facts().local_dc),
                Place::Cassandra { hosts, port, .. } => format!("{}:{port}", hosts.join(", ")),
            };
            print(scene, &format!("Connected to {name} at {place}")).await;
            Ok(())
        }
        other if other.starts_with("SESSION") || other.starts_with("REPLICAS") => {
            Err(magics::not_in_this_release(&format!("SHOW {argument}")))
        }
        _ => Err(Diagnostic::new(Code::Usage, "`SHOW` takes VERSION or HOST.").with_hint("`SHOW VERSION`")),
    }
}

async fn help(scene: &Scene, topic: &str) -> Result<(), Diagnostic> {
    magics::help::help(scene, topic).await
}

/// `DESCRIBE` as the server answers it. Where the service refuses, that is said.
async fn describe(scene: &Scene, command: &ShellCommand) -> Result<(), Diagnostic> {
    let open = scene.open()?;
    let statement = Statement::new(&format!("DESCRIBE {}", command.arguments));
    let mut options = options(&scene.settings(), &statement);
    options.idempotent = true;
    let sent = Sent::Text(Sending::with_options(statement.text.clone(), options));
    let mut wait = Wait::new();
    let open = wait.attend(&open, scene.settings().settings.timeout);
    let described = async {
        let fetched = fetch::fetch(&open.connection, sent, None, usize::MAX).await;
        fetched.map_err(|error| explain_failure(&error, &open, &statement))
    };
    let fetched = wait.through(scene, described).await.map_err(|mut diagnostic| {
        diagnostic.span = None;
        if diagnostic.code == Code::PermissionDenied && open.is_astra() {
            diagnostic = Diagnostic::new(Code::Unsupported, "The service does not describe its schema.")
                .with_cause("Astra may refuse DESCRIBE. Describing from the client's own metadata is not in this release.")
                .with_hint("`SELECT * FROM system_schema.columns WHERE keyspace_name = '…' AND table_name = '…';`")
                .with_server_text(diagnostic.server_text.unwrap_or_default());
        }
        diagnostic
    })?;
    wait.leave(scene).await;
    let pages = fetched.pages.unwrap_or_default();
    let Some(columns) = pages.first().map(|page| page.columns().clone()) else { return Ok(()) };
    // Objects come as (keyspace, type, name, create_statement); lists of names have no statement.
    let place = |name: &str| columns.iter().position(|column| column.name == name);
    let statements = place("create_statement");
    let listed = place("keyspace_name").zip(place("type")).zip(place("name"));
    let zone = scene.settings().settings.timezone;
    let mut text = String::new();
    let mut under = None;
    for page in &pages {
        let read = page.visit(0, &mut |cells| {
            let cell = |place: usize| {
                let cell = cells.get(place).copied().flatten();
                columns
                    .get(place)
                    .map(|column| value::literal(cell, &column.cql_type, &zone).text)
                    .unwrap_or_default()
            };
            match (statements, listed) {
                (Some(place), _) => text.push_str(&format!("{}\n\n", cell(place))),
                (None, Some(((keyspace, kind), name))) => {
                    let (keyspace, kind, name) = (cell(keyspace), cell(kind), cell(name));
                    // A keyspace is its own heading; tables and types stand under theirs, as in cqlsh.
                    if kind != "keyspace" && under.as_ref() != Some(&keyspace) {
                        let heading = format!("Keyspace {keyspace}");
                        text.push_str(&format!("\n{heading}\n{}\n", "-".repeat(heading.chars().count())));
                        under = Some(keyspace);
                    }
                    text.push_str(&format!("{name}\n"));
                }
                (None, None) => {
                    let line: Vec<_> = (0..columns.len()).map(cell).collect();
                    text.push_str(&format!("{}\n", line.join("  ")));
                }
            }
            ControlFlow::Continue(())
        });
        read.map_err(|error| {
            Diagnostic::new(Code::ServerError, "The answer cannot be read.")
                .with_server_text(error.to_string())
        })?;
    }
    print(scene, text.trim()).await;
    Ok(())
}
