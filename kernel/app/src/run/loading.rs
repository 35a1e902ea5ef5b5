//! Runs a load for a cell: finds the table, makes the plan, shows the progress. `%import` and `COPY … FROM` ask for it.

mod earlier;
mod key;
mod set_aside;
mod table;

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use cqlbook_cluster::{Prepared, QueryError, RequestOptions, RetryReason, Table};
use cqlbook_core::cell::Statement;
use cqlbook_core::column::CqlType;
use cqlbook_core::diagnostic::{Code, Diagnostic};
use cqlbook_core::render;
use cqlbook_core::value::{Notes, statement_literal};
use cqlbook_wire::Stream;
use uuid::Uuid;

use self::earlier::{alone, earlier};
use self::table::known;
pub(crate) use self::table::place;
use super::guard;
use super::scene::Scene;
use super::statement::{explain_failure, options};
use super::wait::Wait;
use crate::explain::file::{self, Doing};
use crate::import::{
    self, Bond, Clock, Form, Format, Job, Kept, LoadError, Loaded, Match, Order, Pace, Plan, Spec, Tally,
    Target, Titles,
};
use crate::notebook::{Notebook, Open};

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
    /// An earlier load stopped, and was not gone on with.
    pub(crate) left_behind: bool,
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

/// Loads a file.
pub(crate) async fn load(scene: &Scene, request: Request) -> Result<Done, Diagnostic> {
    let open = scene.open()?;
    check_writable(scene, &open)?;
    let titles = titles(&request).await?;
    let (keyspace, name) = place(&open, request.keyspace.as_deref(), &request.table).await?;
    let table = format!("{keyspace}.{name}");
    let known = known(&open, &keyspace, &name).await?;
    let (mut plan, places) = plan(&request, &keyspace, &name, &known, &titles)?;
    if let Some(places) = places {
        scene.io.print(Stream::Stderr, &places).await;
    }
    let settings = scene.settings();
    let (prepared, identity, clock) = {
        let mut wait = Wait::new();
        let open = wait.attend(&open, settings.settings.timeout);
        let preparing = async {
            // A node that has not heard of a new table yet would refuse its rows.
            open.connection.await_agreement().await;
            let prepared = prepare(&open, &plan, &keyspace, &name, &known).await;
            if prepared.as_ref().is_err_and(|error| error.code == Code::SchemaChanged) {
                // So that it is known when the cell is run again.
                let _ = open.connection.refresh(&keyspace).await;
            }
            prepared
        };
        wait.through(scene, preparing).await?
    };
    plan.adopt(prepared.0.bind_columns());
    let counters = plan.counters;
    let bond = if request.keeps_place || counters {
        let bond = Bond::new(&request.spec, &plan, &request.pace, &identity);
        Some(bond.map_err(|error| unreadable(&request, &LoadError::Read(error)))?)
    } else {
        None
    };
    let _lock = alone(&request, counters)?;
    let (place, left_behind) = match &bond {
        Some(bond) => earlier(&request, bond, counters).await?,
        None => (None, false),
    };
    let skipped_fields = plan.skipped.clone();
    let length = fs::metadata(&request.spec.path).map_or(0, |metadata| metadata.len());
    let label = format!("Loading {} into {table}", request.shown);
    let keeps_place = request.keeps_place;
    let job = Job {
        connection: open.connection.clone(),
        prepared,
        clock,
        options: options(&open, &settings, &Statement::new(&plan.statement)),
        plan,
        spec: request.spec,
        pace: request.pace,
        form: request.form,
        rejected: request.rejected,
        bond,
        place,
    };
    let started = Instant::now();
    let tally = Arc::new(Tally::default());
    scene.progress(&label, Some(0), "rows").await;
    let loading = import::run(job, Arc::clone(&tally));
    tokio::pin!(loading);
    let mut tick = tokio::time::interval(TICK);
    let mut is_warned = false;
    let outcome = loop {
        tokio::select! {
            outcome = &mut loading => break outcome,
            _ = tick.tick() => {
                if keeps_place && !is_warned && let Some(reason) = tally.trouble() {
                    is_warned = true;
                    warn(scene, &request.shown, &reason, counters).await;
                }
                if tally.written() > 0 {
                    scene.if_stopped(farewell(keeps_place, tally.is_kept(), counters));
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
        Err(error) => {
            let goes_on = keeps_place && tally.is_kept();
            let told = failed(&error, tally.written(), &open, goes_on, counters);
            Err(match tally.kept() {
                Some(kept) => told.with_hint(told_kept(kept, &scene.notebook)),
                None => told,
            })
        }
    }
}

/// Where the rows of a load that stopped are.
fn told_kept(kept: &Kept, notebook: &Notebook) -> String {
    let shown = |path: &Path| notebook.shown(path);
    let moved = kept.moved.as_deref().map(|moved| format!(" What had that name is {} now.", shown(moved)));
    format!("The rows that failed before are in {}.{}", shown(&kept.file), moved.unwrap_or_default())
}

/// Says at the start that a load which stops cannot be gone on with.
async fn warn(scene: &Scene, shown: &str, reason: &str, counters: bool) {
    let then = if counters {
        "No more rows are counted than it tells of: the import ends."
    } else {
        "If this import is stopped, it cannot be resumed: it begins anew."
    };
    let text = format!("{shown}.resume cannot be written ({reason}). {then}");
    scene.io.print(Stream::Stderr, &text).await;
}

/// How to go on with a load that is stopped now.
const fn farewell(keeps_place: bool, is_kept: bool, counters: bool) -> &'static str {
    match (keeps_place && is_kept, counters) {
        (true, _) => "`--resume` at the end of the line goes on from there.",
        (false, true) => {
            "`FILE.resume` beside the file tells which rows were counted. Until it is deleted the file is not loaded again."
        }
        (false, false) => "Its place could not be kept. The same line begins anew, which does no harm.",
    }
}

/// The statements, what tells cluster and table from others, and the server's clock.
async fn prepare(
    open: &Open,
    plan: &Plan,
    keyspace: &str,
    table: &str,
    known: &Table,
) -> Result<((Prepared, Option<Prepared>), Vec<(&'static str, String)>, Clock), Diagnostic> {
    let explained = |error: &QueryError, statement: &str| {
        unplaced(explain_failure(error, open, &Statement::new(statement)))
    };
    let prepare = async |statement: &str| {
        open.connection.prepare(statement).await.map_err(|error| explained(&error, statement))
    };
    let insert = prepare(&plan.statement).await?;
    let statics = match &plan.statics {
        Some(statics) => Some(prepare(&statics.statement).await?),
        None => None,
    };
    // Asked as text: to prepare what is asked once would be a second way to the server, at every import.
    let asked = async |statement: &str| {
        let request = cqlbook_cluster::Request::with_options(statement, RequestOptions::of_a_read());
        let answer = open.connection.run(&request, None).await?;
        let mut rows: Vec<Vec<Vec<u8>>> = Vec::new();
        if let Some(page) = answer.page {
            // A page that cannot be read has nothing to tell.
            let _ = page.visit(0, &mut |row| {
                rows.push(row.iter().map(|cell| cell.unwrap_or_default().to_vec()).collect());
                ControlFlow::Continue(())
            });
        }
        Ok::<_, QueryError>(rows)
    };
    // What cannot be read is as known.
    let columns = asked(&key::asked(keyspace, table)).await.unwrap_or_default();
    key::check(known, &columns, &format!("{keyspace}.{table}"))?;
    let local = asked(LOCAL).await.map_err(|error| explained(&error, LOCAL))?;
    let local = local.into_iter().next().unwrap_or_default();
    let told = Instant::now();
    let now = local.get(1).and_then(|bytes| Uuid::from_slice(bytes).ok()?.get_timestamp());
    let millis = now.map_or_else(
        || i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis()),
        |now| {
            let (seconds, nanos) = now.to_unix();
            i64::try_from(seconds * 1000 + u64::from(nanos) / 1_000_000)
        },
    );
    // A service that hides it has other ways to tell its tables apart.
    let id = asked(&table_id(keyspace, table)).await.unwrap_or_default();
    let id = id.first().and_then(|row| row.first()).and_then(|bytes| Uuid::from_slice(bytes).ok());
    let identity = vec![
        (
            "cluster",
            local.first().map_or_else(String::new, |name| String::from_utf8_lossy(name).into_owned()),
        ),
        ("table", format!("{keyspace}.{table}")),
        ("table of this name", id.map_or_else(String::new, |id| id.to_string())),
    ];
    Ok(((insert, statics), identity, Clock::new(millis.unwrap_or_default(), told)))
}

/// The cluster's name, and the time of the node that answers.
const LOCAL: &str = "SELECT cluster_name, now() FROM system.local";

/// Asks for the table's id: one that was dropped and made anew has another.
fn table_id(keyspace: &str, table: &str) -> String {
    let text = |text: &str| statement_literal(text.as_bytes(), &CqlType::Text).unwrap_or_default();
    let (keyspace, table) = (text(keyspace), text(table));
    format!("SELECT id FROM system_schema.tables WHERE keyspace_name = {keyspace} AND table_name = {table}")
}

/// What the file says of its fields.
async fn titles(request: &Request) -> Result<Titles, Diagnostic> {
    let spec = request.spec.clone();
    let read = tokio::task::spawn_blocking(move || spec.titles()).await.unwrap_or(Err(LoadError::Task));
    read.map_err(|error| unreadable(request, &error))
}

fn unreadable(request: &Request, error: &LoadError) -> Diagnostic {
    let message = format!("The file {} cannot be read.", request.shown);
    let diagnostic = Diagnostic::new(Code::ImportFailed, message);
    match error {
        LoadError::Read(error) if error.kind() == std::io::ErrorKind::InvalidData => {
            diagnostic.with_cause(format!("Of the file: {error}."))
        }
        LoadError::Read(error) => file::with_trouble(diagnostic, error, &request.spec.path, Doing::Reading),
        // It says what to do itself; of options `COPY` has none for it.
        LoadError::Kind(told) if request.form == Form::Bare => {
            let told = told.split("; `--format").next().unwrap_or(told);
            let is_of_columns = told.contains("Parquet file") || told.contains("Arrow file");
            let diagnostic = diagnostic.with_cause(format!("Of the file: {told}."));
            if is_of_columns {
                diagnostic.with_hint(
                    "`COPY` reads text. `%import FILE INTO TABLE --format parquet` (or arrow) loads it.",
                )
            } else {
                diagnostic
            }
        }
        LoadError::Kind(told) => diagnostic.with_cause(format!("Of the file: {told}.")),
        error => diagnostic
            .with_cause(format!("Of the file: {error}."))
            .with_hint("`--format` names another format than the one that the file's ending tells."),
    }
}

/// The plan, and what to say of it.
fn plan(
    request: &Request,
    keyspace: &str,
    name: &str,
    table: &Table,
    titles: &Titles,
) -> Result<(Plan, Option<String>), Diagnostic> {
    let target = Target {
        keyspace,
        name,
        table,
        chosen: &request.chosen,
        left_out: &request.left_out,
        ttl: request.ttl,
    };
    let names_nothing = match titles {
        Titles::Names(titles) => titles.len() < 2 && titles.iter().all(String::is_empty),
        Titles::Places(width) => *width == 0,
        Titles::Members(_) => false,
    };
    if names_nothing && !request.guesses_header && request.spec.format == Format::Csv {
        return Err(Diagnostic::new(
            Code::ImportFailed,
            format!("The file {} is empty, or its first line is.", request.shown),
        )
        .with_cause("Nothing was loaded: the first line names the columns, and there is none.")
        .with_hint("Look at the file. If its first line is a row, say `--no-header` and name the columns behind the table."));
    }
    let fields = match titles {
        Titles::Names(titles) if request.guesses_header && !target.is_named_by(titles) => {
            Match::Places(titles.len())
        }
        Titles::Names(titles) => Match::Names(titles),
        Titles::Places(width) => Match::Places(*width),
        Titles::Members(titles) => Match::Members(titles),
    };
    let plan = Plan::new(&target, fields, request.order).map_err(|mut diagnostic| {
        diagnostic.hints.splice(0..0, request.spec.hints());
        diagnostic
    })?;
    let places = match titles {
        Titles::Names(titles) if request.guesses_header => target.told_places(titles, &plan.goals),
        _ => None,
    };
    Ok((plan, places))
}

/// What is to be told of values that were taken.
pub(crate) fn value_notes(notes: &Notes) -> Vec<String> {
    let mut told = Vec::new();
    if notes.finer > 0 {
        told.push(format!(
            "{} finer than a millisecond. CQL keeps milliseconds: the rest was cut, as Cassandra cuts it.",
            if notes.finer == 1 {
                "1 timestamp was".to_owned()
            } else {
                format!("{} timestamps were", render::count(notes.finer))
            }
        ));
    }
    if notes.beyond > 0 {
        told.push(format!(
            "{} floating point beyond 9,007,199,254,740,992, where not every whole number has a place: the file \
             may have lost their last digits.",
            if notes.beyond == 1 { "1 whole number was".to_owned() } else { format!("{} whole numbers were", render::count(notes.beyond)) }
        ));
    }
    if notes.quoted_nulls > 0 {
        told.push(format!(
            "{} of the nulls were texts in quotes that say what stands for null: cqlsh reads them so. `%import` with `--null` reads \
             them as text.",
            render::count(notes.quoted_nulls)
        ));
    }
    told
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
                (false, true) => told.with_hint("Running it again would count rows twice. `FILE.resume` beside the file tells which were counted; until it is deleted the file is not loaded again."),
            }
        }
        LoadError::Journal(_) => {
            let told = Diagnostic::new(Code::ImportFailed, message)
                .with_cause(format!(
                    "Of the record of what is counted, `FILE.resume` beside the file: {error}. Without it rows could be counted twice."
                ));
            match (written > 0, keeps_place) {
                (false, _) => told.with_hint(
                    "Make room, or copy the file to a folder that can be written to and load it from there.",
                ),
                // A copy elsewhere has no record, and would be counted from its first row.
                (true, true) => told.with_hint(
                    "Make room beside the file, and say the line again with `--resume`: rows that may have been counted are set aside by name. Do not load a copy of it.",
                ),
                (true, false) => told.with_hint(
                    "`FILE.resume` beside the file tells which rows were counted; until it is deleted the file is not loaded again. A copy of it would be counted from its first row.",
                ),
            }
        }
        LoadError::NotSetAside { because, ended, told } => {
            let ended = ended.as_ref().map(|ended| failed(ended, written, open, keeps_place, counters));
            let diagnostic = set_aside::impossible(because, told, written, ended);
            if keeps_place && written > 0 && !diagnostic.hints.iter().any(|hint| hint == go_on) {
                diagnostic.with_hint(go_on)
            } else {
                diagnostic
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
