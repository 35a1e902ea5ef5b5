//! `DESCRIBE` as the server answers it, and from the schema that is known here where the server does not: Astra may refuse
//! it, and Cassandra knows it from version 4 on.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::Arc;

use cqlbook_cluster::{Node, Request as Sending};
use cqlbook_core::cell::{ShellCommand, Statement};
use cqlbook_core::column::Column;
use cqlbook_core::cql::keywords::unquote_name;
use cqlbook_core::diagnostic::{Code, Diagnostic};
use cqlbook_core::page::{MalformedPage, Page};
use cqlbook_core::schema::describe::{self, Cluster, Entry, Request, What};
use cqlbook_core::schema::{KeyspaceKind, types};
use cqlbook_core::{render, value};
use cqlbook_wire::Stream;
use jiff::tz::TimeZone;

use super::fetch::{self, Fetched, Sent};
use super::scene::Scene;
use super::statement::{explain_failure, options};
use super::wait::Wait;
use crate::explain;
use crate::notebook::Open;
use crate::results::Incoming;

/// How wide lists of names are, in characters.
const WIDTH: usize = 100;

/// Runs a `DESCRIBE`.
pub(super) async fn run(scene: &Scene, command: &ShellCommand) -> Result<(), Diagnostic> {
    let open = scene.open()?;
    let mut wait = Wait::new();
    let open = wait.attend(&open, scene.settings().settings.timeout);
    let text = wait.through(scene, describe(scene, &open, &command.arguments)).await?;
    wait.leave(scene).await;
    if !text.is_empty() {
        scene.io.print(Stream::Stdout, &text).await;
        if render::terminal(&text) != text {
            scene.say("The text has characters that cannot be seen. They are shown as escapes: as it stands here, it is not what the server keeps.").await;
        }
    }
    Ok(())
}

async fn describe(scene: &Scene, open: &Open, arguments: &str) -> Result<String, Diagnostic> {
    let statement = Statement::new(&format!("DESCRIBE {arguments}"));
    let options = options(open, &scene.settings(), &statement);
    let sent = Sent::Text(Sending::with_options(statement.text.clone(), options));
    let current = open.connection.keyspace();
    let incoming = Incoming::passing(&scene.notebook);
    let refused = match fetch::fetch(&open.connection, sent, None, usize::MAX, incoming).await {
        Ok(fetched) => {
            let (entries, text) = of_server(&fetched, current.as_deref()).map_err(unreadable)?;
            // The server writes such names without quotes, and what it writes makes something else.
            let request = describe::parse(arguments).filter(|_| are_confused(open, &entries));
            return match request {
                Some(request) => of_model(open, &request, current.as_deref()).await,
                None => Ok(text),
            };
        }
        Err(failed) => {
            let mut diagnostic = explain_failure(&failed.error, open, &statement);
            diagnostic.span = None;
            diagnostic
        }
    };
    let unknown = matches!(
        refused.code,
        Code::PermissionDenied | Code::SyntaxError | Code::Unsupported | Code::AstraUnsupported
    );
    let Some(request) = describe::parse(arguments).filter(|_| unknown) else { return Err(refused) };
    of_model(open, &request, current.as_deref()).await
}

/// Whether an answer is of a keyspace whose types are called like the language's own.
fn are_confused(open: &Open, entries: &[Entry]) -> bool {
    let model = open.connection.model();
    let keyspaces: BTreeSet<String> = entries.iter().map(|entry| unquote_name(&entry.keyspace)).collect();
    keyspaces.iter().filter_map(|name| model.keyspace(name)).any(|keyspace| types::confuse(&keyspace.types))
}

/// The answer from the schema that is known here.
async fn of_model(open: &Open, request: &Request, current: Option<&str>) -> Result<String, Diagnostic> {
    let schema = open
        .connection
        .fresh_model()
        .await
        .map_err(|error| explain::query::query_of_no_statement(&error, open.is_astra()))?;
    if request.what == What::Cluster {
        let ranges = current.map(|current| owners(open, current)).unwrap_or_default();
        return Ok(Cluster::of(&schema.origin, ranges).render());
    }
    let entries = describe::answer(&schema, request, current).map_err(|missing| {
        Diagnostic::new(Code::InvalidQuery, format!("{missing}.")).with_hint(
            "`DESCRIBE KEYSPACES` and `DESCRIBE TABLES` list what there is. Names in quotes keep their case.",
        )
    })?;
    Ok(describe::render(&entries, current, WIDTH))
}

/// Who owns which range of a keyspace, unless it is one of the server's.
fn owners(open: &Open, keyspace: &str) -> Vec<(String, Vec<String>)> {
    let owners = match KeyspaceKind::of(keyspace) {
        KeyspaceKind::User => open.connection.owners(keyspace),
        _ => None,
    };
    let labels = |nodes: Vec<Node>| nodes.into_iter().map(|node| node.label).collect();
    owners.into_iter().flatten().map(|(token, nodes)| (token.to_string(), labels(nodes))).collect()
}

/// The server's answer as cqlsh lays it out.
fn of_server(fetched: &Fetched, current: Option<&str>) -> Result<(Vec<Entry>, String), MalformedPage> {
    let mut entries = Vec::new();
    let mut of_cluster = None;
    for page in fetched.pages.iter().flatten() {
        read(page, &mut |row| match row.get("create_statement") {
            Some(cql) => entries.push(Entry { cql: Some(cql), ..row.entry() }),
            None if row.get("type").is_some() => entries.push(row.entry()),
            None => of_cluster = Some(cluster(row)),
        })?;
    }
    let text = match of_cluster {
        Some(cluster) => cluster.render(),
        None => describe::render(&entries, current, WIDTH),
    };
    Ok((entries, text))
}

/// A row of an answer, by the names of its columns.
struct Row<'a> {
    columns: &'a [Column],
    cells: &'a [Option<&'a [u8]>],
}

fn read(page: &Arc<dyn Page>, take: &mut dyn FnMut(&Row<'_>)) -> Result<(), MalformedPage> {
    let columns = Arc::clone(page.columns());
    page.visit(0, &mut |cells| {
        take(&Row { columns: &columns, cells });
        ControlFlow::Continue(())
    })
}

impl Row<'_> {
    fn get(&self, name: &str) -> Option<String> {
        let place = self.columns.iter().position(|column| column.name == name)?;
        let cell = self.cells.get(place).copied().flatten();
        Some(value::literal(cell, &self.columns.get(place)?.cql_type, &TimeZone::UTC).text)
    }

    fn entry(&self) -> Entry {
        Entry {
            keyspace: self.get("keyspace_name").unwrap_or_default(),
            is_keyspace: self.get("type").is_some_and(|kind| kind == "keyspace"),
            name: self.get("name").unwrap_or_default(),
            cql: None,
        }
    }
}

/// `DESCRIBE CLUSTER`; which node owns which range comes where a keyspace is in use.
fn cluster(row: &Row<'_>) -> Cluster {
    let named = [("Cluster", "cluster"), ("Partitioner", "partitioner"), ("Snitch", "snitch")];
    let facts = named.into_iter().filter_map(|(label, name)| Some((label, row.get(name)?))).collect();
    let ranges = row.get("range_ownership").filter(|ranges| ranges.starts_with('{')).unwrap_or_default();
    let ranges = ranges.trim_matches(['{', '}']).replace('\'', "");
    let ranges = ranges.split_inclusive(']').filter_map(|range| {
        let (token, nodes) = range.split_once(": [")?;
        let nodes = nodes.trim_end_matches(']').split(", ").map(str::to_owned);
        Some((token.trim_start_matches([',', ' ']).to_owned(), nodes.collect()))
    });
    Cluster { facts, ranges: ranges.collect() }
}

fn unreadable(error: MalformedPage) -> Diagnostic {
    Diagnostic::new(Code::ServerError, "The answer cannot be read.").with_server_text(error.to_string())
}
