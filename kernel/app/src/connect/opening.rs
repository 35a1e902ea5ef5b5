//! Opens a connection in sight of the user: what takes long says so, and what fails is explained.

use std::sync::Arc;
use std::time::{Duration, Instant};

use cqlbook_cluster::{Connection, Stage};
use cqlbook_core::diagnostic::Diagnostic;
use cqlbook_core::render::{self, Facts, StageState};
use cqlbook_vault::Destination;
use tokio::sync::mpsc;

use super::desk::Desk;
use super::destination::{self, Looked};
use super::fields::{self, Field};
use super::recipe::{Login, Place, Recipe};
use super::shelf::Shelf;
use super::verbs;
use crate::explain;
use crate::explain::connect::Kind;
use crate::notebook::Open;
use crate::run::scene::Scene;

/// A connection that takes no longer than this shows its outcome only.
const QUIET: Duration = Duration::from_millis(700);

/// A stage with the time it was reached at.
type Reached = (Stage, Instant);

/// Connects and makes the connection the notebook's own; one that is to be saved is saved then.
pub(crate) async fn open(scene: &Scene, recipe: Arc<Recipe>) -> Result<(), Diagnostic> {
    let started = Instant::now();
    let shelf = &scene.notebook.shelf;
    let (outcome, _) = connect(scene, shelf, &recipe).await;
    let (connection, led_to) = outcome.map_err(|diagnostic| match scene.connection() {
        Some(open) => {
            diagnostic.with_hint(format!("The notebook stays connected to {}.", open.recipe.label()))
        }
        None => diagnostic,
    })?;
    let elapsed = started.elapsed();
    let summary = summary(&recipe, &connection);
    let number = {
        let mut state = scene.notebook.state();
        state.opened += 1;
        state.opened
    };
    scene.connect(Some(Open { connection, recipe: Arc::clone(&recipe), led_to, number }));
    let mut notes = Vec::new();
    if recipe.read_only {
        notes.push("Only reads are sent.".to_owned());
    }
    match (&recipe.profile, recipe.login()) {
        (Some(profile), Some(Login::Kept)) => {
            shelf.settle(&recipe).await;
            shelf.note_use(profile).await;
        }
        (Some(_), _) if shelf.is_held(&recipe) => {}
        (Some(_), _) => match shelf.keep(&recipe).await {
            Ok(kept) => notes.extend(verbs::told(scene, shelf, &recipe, &kept).await),
            Err(diagnostic) => {
                return Err(diagnostic.with_hint(format!("The notebook is connected to {}.", recipe.label())));
            }
        },
        (None, _) => shelf.hold(&recipe),
    }
    scene.conclude(render::outcome(&summary, &Facts { elapsed, notes, ..Facts::default() })).await;
    Ok(())
}

/// Connects beside the notebook's own connection, which stays as it is; with where it led.
pub(crate) async fn beside(
    desk: &dyn Desk,
    shelf: &Shelf,
    recipe: &Recipe,
) -> Result<(Connection, Destination), Diagnostic> {
    Box::pin(connect(desk, shelf, recipe)).await.0
}

/// Connects, shows each stage with a tick or the error, and closes the connection again.
pub(crate) async fn test(desk: &dyn Desk, shelf: &Shelf, recipe: &Recipe) -> Result<(), Diagnostic> {
    let started = Instant::now();
    let (outcome, reached) = connect(desk, shelf, recipe).await;
    let mut stages = Vec::new();
    let mut since = started;
    let mut seen = Vec::new();
    for (stage, at) in &reached {
        let Some((name, detail)) = describe(stage) else { continue };
        if seen.contains(&name) {
            continue;
        }
        seen.push(name);
        stages.push(render::Stage {
            name: name.to_owned(),
            state: StageState::Passed,
            detail,
            elapsed: Some(at.saturating_duration_since(since)),
        });
        since = *at;
    }
    if let Err(failure) = &outcome {
        stages.push(render::Stage {
            name: next_stage(recipe, &seen).to_owned(),
            state: StageState::Failed,
            detail: format!("{}: {}", failure.code, failure.message),
            elapsed: Some(since.elapsed()),
        });
    }
    if let Ok((connection, _)) = &outcome {
        stages.push(render::Stage {
            name: "Cluster".to_owned(),
            state: StageState::Passed,
            detail: cluster(connection),
            elapsed: None,
        });
    }
    let title = match &outcome {
        Ok(_) => format!("The connection to {} works.", recipe.label()),
        Err(_) => format!("The connection to {} does not work.", recipe.label()),
    };
    let bundle = render::stages(&title, &stages);
    desk.conclude(bundle).await;
    outcome?;
    shelf.settle(recipe).await;
    Ok(())
}

/// Connects; says how far it is when it takes long. Returns the outcome and the stages.
///
/// Where it leads is looked at once, before a secret is opened or asked for, and what was read then is what it is connected by.
async fn connect(
    desk: &dyn Desk,
    shelf: &Shelf,
    recipe: &Recipe,
) -> (Result<(Connection, Destination), Diagnostic>, Vec<Reached>) {
    let Looked { destination, content } = match destination::look(&recipe.saved_place()) {
        Ok(looked) => looked,
        Err(diagnostic) => return (Err(diagnostic), Vec::new()),
    };
    let credentials = match recipe.login() {
        Some(login) => match shelf.credentials(desk, recipe, login, &destination).await {
            Ok(credentials) => Some(credentials),
            Err(diagnostic) => return (Err(diagnostic), Vec::new()),
        },
        None => None,
    };
    let Some(target) = recipe.target(credentials, desk.timeout()) else {
        return (Err(fields::fields_required(&[Field::ClientSecret])), Vec::new());
    };
    let (sender, mut stages) = mpsc::unbounded_channel::<Reached>();
    let connecting = cqlbook_cluster::connect(target.with_looked_at(content), move |stage| {
        // Nobody listens once the outcome is there.
        let _ = sender.send((stage, Instant::now()));
    });
    tokio::pin!(connecting);
    let started = Instant::now();
    let mut reached: Vec<Reached> = Vec::new();
    let mut tick = tokio::time::interval_at((started + QUIET).into(), Duration::from_millis(500));
    let outcome = loop {
        tokio::select! {
            outcome = &mut connecting => break outcome,
            Some(stage) = stages.recv() => reached.push(stage),
            _ = tick.tick() => desk.progress(&waiting(reached.last(), started.elapsed())).await,
        }
    };
    while let Ok(stage) = stages.try_recv() {
        reached.push(stage);
    }
    let outcome = outcome.map(|connection| (connection, destination));
    (outcome.map_err(|error| explain::connect::connect(&error, kind(recipe))), reached)
}

fn kind(recipe: &Recipe) -> Kind {
    if recipe.is_astra() { Kind::Astra } else { Kind::Cassandra }
}

/// What is said while a connection takes its time.
fn waiting(last: Option<&Reached>, elapsed: Duration) -> String {
    let elapsed = render::duration(elapsed);
    match last {
        Some((Stage::Waking { .. }, _)) => {
            format!(
                "The database is paused and is being asked again, for {elapsed} so far. Resume it in the Astra console."
            )
        }
        Some((stage, _)) => match describe(stage) {
            Some((name, _)) => format!("Connecting, {elapsed} so far. Last passed: {name}."),
            None => format!("Connecting, {elapsed} so far."),
        },
        None => format!("Connecting, {elapsed} so far."),
    }
}

/// A stage's name and what was found; `None` for one that is no achievement.
fn describe(stage: &Stage) -> Option<(&'static str, String)> {
    Some(match stage {
        Stage::BundleRead { host } => ("Bundle", format!("for {host}")),
        Stage::Waking { .. } => return None,
        Stage::Metadata { contact_points, local_dc } => (
            "Metadata",
            match local_dc {
                Some(dc) => format!("{} in data centre {dc}", plural(*contact_points, "node")),
                None => plural(*contact_points, "node"),
            },
        ),
        Stage::Reached { host, port } => ("Network", format!("{host}:{port}")),
        Stage::Tls => ("TLS", "the server proved who it is".to_owned()),
        Stage::Login => ("Login", "accepted".to_owned()),
        Stage::Queried { release_version, data_center } => {
            ("Query", format!("Cassandra {release_version}, data centre {data_center}"))
        }
        Stage::Session { nodes } => ("Session", format!("{} connected", plural(*nodes, "node"))),
    })
}

/// The stage at which it stopped: the first that was not reached.
fn next_stage(recipe: &Recipe, seen: &[&str]) -> &'static str {
    let order: &[&'static str] = match recipe.place {
        Place::Astra { .. } => &["Bundle", "Metadata", "Network", "TLS", "Login", "Query", "Session"],
        Place::Cassandra { tls: Some(_), .. } => &["Network", "TLS", "Login", "Query", "Session"],
        Place::Cassandra { .. } => &["Network", "Login", "Query", "Session"],
    };
    order.iter().find(|name| !seen.contains(name)).copied().unwrap_or("Session")
}

fn cluster(connection: &Connection) -> String {
    let facts = connection.facts();
    let nodes = connection.nodes();
    let mut centres: Vec<(String, usize)> = Vec::new();
    for node in &nodes {
        let name = node.dc.clone().unwrap_or_else(|| "unknown".to_owned());
        match centres.iter_mut().find(|(centre, _)| *centre == name) {
            Some((_, count)) => *count += 1,
            None => centres.push((name, 1)),
        }
    }
    centres.sort();
    let centres: Vec<_> =
        centres.iter().map(|(name, count)| format!("{name} ({})", plural(*count, "node"))).collect();
    format!(
        "Cassandra {}, CQL {}, data centres: {}",
        facts.release_version,
        facts.cql_version,
        centres.join(", ")
    )
}

fn summary(recipe: &Recipe, connection: &Connection) -> String {
    let facts = connection.facts();
    let used = connection.nodes().iter().filter(|node| node.used).count();
    let service = if facts.astra && recipe.name.is_some() { "Astra DB, " } else { "" };
    let keyspace = match connection.keyspace() {
        Some(keyspace) => format!(", keyspace {keyspace}"),
        None => String::new(),
    };
    format!(
        "Connected to {}: {service}Cassandra {}, data centre {} with {}{keyspace}.",
        recipe.label(),
        facts.release_version,
        facts.local_dc,
        plural(used, "node"),
    )
}

fn plural(count: usize, thing: &str) -> String {
    if count == 1 { format!("1 {thing}") } else { format!("{count} {thing}s") }
}
