//! Runs a load for a cell: finds the table, makes the plan, shows the progress. `%import` and `COPY … FROM` ask for it.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use cqlbook_cluster::RetryReason;
use cqlbook_core::cell::Statement;
use cqlbook_core::diagnostic::{Code, Diagnostic};
use cqlbook_core::render;

use super::guard;
use super::scene::Scene;
use super::statement::{explain_failure, options};
use super::wait::Wait;
use crate::import::{
    self, Form, Job, LoadError, Loaded, Match, NoPlace, Order, Pace, Place, Plan, Spec, Tally, Target, Titles,
};
use crate::notebook::Open;

/// How often the progress is drawn.
const TICK: Duration = Duration::from_millis(500);

/// What is to be loaded, and how.
pub(crate) struct Request {
    pub(crate) spec: Spec,
    /// The file as the user wrote it.
    pub(crate) shown: String,
    /// The table's keyspace, where the line names one.
    pub(crate) keyspace: Option<String>,
    pub(crate) table: String,
    /// Only these columns.
    pub(crate) chosen: Vec<String>,
    /// Not these.
    pub(crate) left_out: Vec<String>,
    pub(crate) ttl: Option<u32>,
    /// The order of the table's columns, for a file that does not name them.
    pub(crate) order: Order,
    /// A header that does not name the columns is stepped over, and fields go by their places.
    pub(crate) guesses_header: bool,
    pub(crate) pace: Pace,
    pub(crate) form: Form,
    /// Where rejected rows go, if not beside the file.
    pub(crate) rejected: Option<PathBuf>,
    pub(crate) keeps_place: bool,
    /// Goes on where an earlier load stopped.
    pub(crate) resume: bool,
}

/// What a load did.
pub(crate) struct Done {
    pub(crate) loaded: Loaded,
    /// `keyspace.table`.
    pub(crate) table: String,
    /// Fields that went nowhere.
    pub(crate) skipped_fields: Vec<String>,
    pub(crate) elapsed: Duration,
    /// How often the service asked to slow down.
    pub(crate) waits: u64,
    /// An earlier load that stopped after so many rows, and was not gone on with.
    pub(crate) left_behind: Option<u64>,
}

/// Refuses to load where only reads are sent.
pub(crate) fn check_writable(scene: &Scene, open: &Open) -> Result<(), Diagnostic> {
    if open.recipe.read_only || scene.settings().settings.read_only {
        let insert = Statement::new("INSERT INTO t (a) VALUES (0)");
        let because = "The connection or the notebook only reads.";
        return guard::read_only(&insert, because).map_err(unplaced);
    }
    Ok(())
}

/// The keyspace and the name of the table to load into.
pub(crate) async fn place(
    open: &Open,
    keyspace: Option<&str>,
    table: &str,
) -> Result<(String, String), Diagnostic> {
    let keyspace = keyspace.map(str::to_owned).or_else(|| open.connection.keyspace()).ok_or_else(|| {
        Diagnostic::new(Code::ImportFailed, "The table's keyspace is not known.")
            .with_hint(format!("Name it: `INTO keyspace.{table}`, or `USE keyspace;` before."))
    })?;
    if open.connection.schema_with(&keyspace, table).await.table(&keyspace, table).is_none() {
        return Err(Diagnostic::new(Code::ImportFailed, format!("There is no table {keyspace}.{table}."))
            .with_hint("Create it first, and check the spelling. Names with capitals need double quotes."));
    }
    Ok((keyspace, table.to_owned()))
}

/// Loads a file.
pub(crate) async fn load(scene: &Scene, request: Request) -> Result<Done, Diagnostic> {
    let open = scene.open()?;
    check_writable(scene, &open)?;
    let titles = titles(&request).await?;
    let (keyspace, name) = place(&open, request.keyspace.as_deref(), &request.table).await?;
    let table = format!("{keyspace}.{name}");
    let plan = plan(&open, &request, &keyspace, &name, &titles)?;
    let (place, left_behind) = earlier(&request, &plan)?;
    let settings = scene.settings();
    let prepared = {
        let mut wait = Wait::new();
        let open = wait.attend(&open, settings.settings.timeout);
        let preparing = async {
            // A node that has not heard of a new table yet would refuse its rows.
            open.connection.await_agreement().await;
            let prepared = open.connection.prepare(&plan.statement).await;
            prepared
                .map_err(|error| unplaced(explain_failure(&error, &open, &Statement::new(&plan.statement))))
        };
        wait.through(scene, preparing).await?
    };
    let skipped_fields = plan.skipped.clone();
    let length = fs::metadata(&request.spec.path).map_or(0, |metadata| metadata.len());
    let label = format!("Loading {} into {table}", request.shown);
    let keeps_place = request.keeps_place;
    let counters = plan.counters;
    let job = Job {
        connection: open.connection.clone(),
        prepared,
        options: options(&open, &settings, &Statement::new(&plan.statement)),
        plan,
        spec: request.spec,
        pace: request.pace,
        form: request.form,
        rejected: request.rejected,
        keeps_place,
        place,
    };
    let started = Instant::now();
    let tally = Arc::new(Tally::default());
    scene.progress(&label, Some(0), "rows").await;
    let loading = import::run(job, Arc::clone(&tally));
    tokio::pin!(loading);
    let mut tick = tokio::time::interval(TICK);
    let outcome = loop {
        tokio::select! {
            outcome = &mut loading => break outcome,
            _ = tick.tick() => {
                if keeps_place && tally.written() > 0 {
                    scene.if_stopped("`--resume` at the end of the line goes on from there.");
                }
                let read = tally.bytes.load(Ordering::Relaxed);
                scene.progress(&label, Some(tally.written()), &amount(&tally, started.elapsed(), read, length)).await;
            }
        }
    };
    match outcome {
        Ok(loaded) => Ok(Done {
            loaded,
            table,
            skipped_fields,
            elapsed: started.elapsed(),
            waits: tally.waits(),
            left_behind,
        }),
        Err(error) => Err(failed(&error, tally.written(), &open, keeps_place, counters)),
    }
}

/// What the file says of its fields.
async fn titles(request: &Request) -> Result<Titles, Diagnostic> {
    let spec = request.spec.clone();
    let read = tokio::task::spawn_blocking(move || spec.titles()).await.unwrap_or(Err(LoadError::Task));
    read.map_err(|error| {
        Diagnostic::new(Code::ImportFailed, format!("The file {} cannot be read.", request.shown))
            .with_cause(format!("The system says: {error}."))
            .with_hint("Check the path. Relative paths start at the notebook's folder.")
    })
}

fn plan(
    open: &Open,
    request: &Request,
    keyspace: &str,
    name: &str,
    titles: &Titles,
) -> Result<Plan, Diagnostic> {
    let schema = open.connection.schema();
    let Some(table) = schema.table(keyspace, name) else {
        return Err(Diagnostic::new(Code::ImportFailed, format!("There is no table {keyspace}.{name}.")));
    };
    let target = Target {
        keyspace,
        name,
        table,
        chosen: &request.chosen,
        left_out: &request.left_out,
        ttl: request.ttl,
    };
    let fields = match titles {
        Titles::Names(titles) if request.guesses_header && !target.is_named_by(titles) => {
            Match::Places(titles.len())
        }
        Titles::Names(titles) => Match::Names(titles),
        Titles::Places(width) => Match::Places(*width),
        Titles::Members(titles) => Match::Members(titles),
    };
    Plan::new(&target, fields, request.order)
}

/// The place to go on from, or how far an earlier load came that is not gone on with.
fn earlier(request: &Request, plan: &Plan) -> Result<(Option<Place>, Option<u64>), Diagnostic> {
    if !request.keeps_place {
        return Ok((None, None));
    }
    let place = Place::read(&request.spec.path, &plan.statement);
    match (request.resume, place) {
        (true, Ok(place)) => Ok((Some(place), None)),
        (true, Err(NoPlace::None)) => Err(Diagnostic::new(
            Code::ImportFailed,
            format!("There is no import of {} to resume.", request.shown),
        )
        .with_cause("An import that is stopped leaves `FILE.resume` beside its file. There is none.")
        .with_hint("Run the line without `--resume`.")),
        (true, Err(error)) => {
            Err(Diagnostic::new(Code::ImportFailed, format!("The import cannot be resumed. {error}."))
                .with_hint("Run the line without `--resume` to begin anew."))
        }
        (false, Ok(place)) if plan.counters => Err(Diagnostic::new(
            Code::ImportFailed,
            format!(
                "An earlier import of this file stopped after {} rows. Beginning anew would count them twice.",
                render::count(place.written)
            ),
        )
        .with_hint("`--resume` at the end of the line goes on where it stopped.")
        .with_hint(format!("To begin anew all the same, delete {}.resume first.", request.shown))),
        (false, Ok(place)) => Ok((None, Some(place.written))),
        (false, Err(_)) => Ok((None, None)),
    }
}

/// Rows and their rate, for the progress and the summary: `rows, 12,345 a second`.
pub(crate) fn rate(written: u64, elapsed: Duration) -> String {
    let per_second = (written as f64 / elapsed.as_secs_f64().max(0.001)).round();
    format!("rows, {} a second", render::count(per_second as u64))
}

fn amount(tally: &Tally, elapsed: Duration, read: u64, length: u64) -> String {
    let mut amount = rate(tally.written(), elapsed);
    if let Some(percent) = (read.min(length) * 100).checked_div(length) {
        amount.push_str(&format!(", {percent} % of the file read"));
    }
    match tally.waiting() {
        Some(RetryReason::SlowDown { .. }) => {
            amount.push_str(". The service asks to slow down; the import goes on with growing pauses.");
        }
        Some(_) => amount.push_str(". The connection is lost. Reconnecting."),
        None => {}
    }
    amount
}

fn failed(error: &LoadError, written: u64, open: &Open, keeps_place: bool, counters: bool) -> Diagnostic {
    let message = format!("The import stopped after {} rows.", render::count(written));
    let go_on = "`--resume` at the end of the line goes on from there, when the cause is gone.";
    match error {
        LoadError::Write(error) => {
            let told = unplaced(explain_failure(error, open, &Statement::new("")));
            let told = Diagnostic { message: format!("{message} {}", told.message), ..told };
            match (keeps_place, counters) {
                (true, _) => told.with_hint(go_on),
                (false, false) => told.with_hint(
                    "Run it again when the cause is gone: rows that are there already are written once more, with no harm.",
                ),
                (false, true) => told.with_hint("Running it again would count the rows before twice. `SKIPROWS` leaves rows out."),
            }
        }
        error => {
            let diagnostic =
                Diagnostic::new(Code::ImportFailed, message).with_cause(format!("Of the file: {error}."));
            if keeps_place && written > 0 { diagnostic.with_hint(go_on) } else { diagnostic }
        }
    }
}

fn unplaced(mut diagnostic: Diagnostic) -> Diagnostic {
    diagnostic.span = None;
    diagnostic
}
