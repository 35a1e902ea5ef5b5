//! `%import FILE INTO KS.TABLE [(cols)]`: what the line says, the progress, and the summary.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use cqlbook_cluster::RetryReason;
use cqlbook_core::cell::Statement;
use cqlbook_core::cql::keywords::unquote_name;
use cqlbook_core::diagnostic::{Code, Diagnostic};
use cqlbook_core::magic::Arguments;
use cqlbook_core::render::{self, Facts};

use crate::import::{self, LoadError, Loaded, Plan, Progress, Reading};
use crate::notebook::Open;
use crate::run::guard;
use crate::run::scene::Scene;
use crate::run::statement::{explain_failure, options};
use crate::run::wait::Wait;

/// How often the progress is drawn.
const TICK: Duration = Duration::from_millis(500);

/// Loads a file into a table.
pub(crate) async fn import(scene: &Scene, arguments: &Arguments) -> Result<(), Diagnostic> {
    let open = scene.open()?;
    let line = Line::parse(arguments)?;
    let settings = scene.settings();
    let insert = Statement::new("INSERT INTO t (a) VALUES (0)");
    if open.recipe.read_only || settings.settings.read_only {
        guard::read_only(&insert, "The connection or the notebook only reads.").map_err(|mut error| {
            error.span = None;
            error
        })?;
    }
    let path = scene.notebook.path(&line.file);
    check_format(&path, arguments.value("format"))?;
    let keyspace = line.keyspace.clone().or_else(|| open.connection.keyspace()).ok_or_else(|| {
        Diagnostic::new(Code::ImportFailed, "The table's keyspace is not known.")
            .with_hint(format!("Name it: `INTO keyspace.{}`, or `USE keyspace;` before.", line.table))
    })?;
    let header = header(&path)?;
    let schema = open.connection.schema();
    let table = schema.table(&keyspace, &line.table).ok_or_else(|| {
        Diagnostic::new(Code::ImportFailed, format!("There is no table {keyspace}.{}.", line.table))
            .with_hint("Create it first, and check the spelling. Names with capitals need double quotes.")
    })?;
    let plan = Plan::new(&keyspace, &line.table, table, &header, &line.columns)?;
    let mut wait = Wait::new();
    let prepared = {
        let open = wait.attend(&open, settings.settings.timeout);
        let preparing = async {
            let prepared = open.connection.prepare(&plan.insert).await;
            prepared.map_err(|error| unplaced(explain_failure(&error, &open, &Statement::new(&plan.insert))))
        };
        wait.through(scene, preparing).await?
    };
    let mut options = options(&settings, &insert);
    options.idempotent = true;
    options.trace = false;
    let reading = Reading {
        path: path.clone(),
        goals: plan.goals.clone(),
        null: arguments.value("null").unwrap_or_default().to_owned(),
    };
    let started = Instant::now();
    let progress = Arc::new(Progress::default());
    let label = format!("Loading {} into {keyspace}.{}", line.file, line.table);
    scene.progress(&label, Some(0), "rows").await;
    let told = Arc::clone(&progress);
    let attended = open.connection.attended(options.timeout, move |notice| told.wait(notice));
    let loading = import::load(&attended, prepared, options, reading, Arc::clone(&progress));
    tokio::pin!(loading);
    let mut tick = tokio::time::interval(TICK);
    let outcome = loop {
        tokio::select! {
            outcome = &mut loading => break outcome,
            _ = tick.tick() => {
                let written = progress.written.load(Ordering::Relaxed);
                let mut amount = rate(written, started.elapsed());
                match progress.waiting() {
                    Some(RetryReason::SlowDown { .. }) => {
                        amount.push_str(". The service asks to slow down; the import goes on with growing pauses.");
                    }
                    Some(_) => amount.push_str(". The connection is lost. Reconnecting."),
                    None => {}
                }
                scene.progress(&label, Some(written), &amount).await;
            }
        }
    };
    match outcome {
        Ok(loaded) => {
            let facts = Facts {
                elapsed: started.elapsed(),
                notes: notes(&loaded, &plan, &scene.notebook.folder, progress.waits.load(Ordering::Relaxed)),
                ..Facts::default()
            };
            let summary = summary(&loaded, &keyspace, &line.table, started.elapsed());
            scene.conclude(render::outcome(&summary, &facts)).await;
            Ok(())
        }
        Err(error) => {
            let written = progress.written.load(Ordering::Relaxed);
            Err(failed(&error, written, &open))
        }
    }
}

/// What the line says.
struct Line {
    file: String,
    keyspace: Option<String>,
    table: String,
    columns: Vec<String>,
}

impl Line {
    fn parse(arguments: &Arguments) -> Result<Self, Diagnostic> {
        let usage = || {
            Diagnostic::new(Code::Usage, "`%import` takes a file, INTO and a table.")
                .with_hint("`%import flights.csv INTO travel.flights`")
        };
        let words = arguments.positionals();
        let [file, into, table, columns @ ..] = words else { return Err(usage()) };
        if !into.eq_ignore_ascii_case("into") {
            return Err(usage());
        }
        // `KS.TABLE(a,b)` and `KS.TABLE (a, b)` are the same.
        let (table, first) =
            table.split_once('(').map_or((table.as_str(), None), |(table, rest)| (table, Some(rest)));
        let columns = first
            .into_iter()
            .chain(columns.iter().map(String::as_str))
            .flat_map(|word| word.split(','))
            .map(|name| unquote_name(name.trim_matches(['(', ')', ' '])))
            .filter(|name| !name.is_empty())
            .collect();
        let mut parts = table.splitn(2, '.').map(unquote_name);
        let (keyspace, table) = match (parts.next(), parts.next()) {
            (Some(keyspace), Some(table)) => (Some(keyspace), table),
            (Some(table), None) => (None, table),
            _ => return Err(usage()),
        };
        if table.is_empty() {
            Err(usage())
        } else {
            Ok(Self { file: file.clone(), keyspace, table, columns })
        }
    }
}

fn check_format(path: &Path, format: Option<&str>) -> Result<(), Diagnostic> {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_lowercase();
    let format = format.unwrap_or(&ending);
    match format {
        "csv" | "txt" => Ok(()),
        other => Err(super::not_in_this_release(&format!("%import of {other}"))
            .with_hint("CSV can be loaded: a first line with the columns' names, commas between fields.")),
    }
}

fn header(path: &Path) -> Result<Vec<String>, Diagnostic> {
    let failed = |error: csv::Error| {
        Diagnostic::new(Code::ImportFailed, format!("The file {} cannot be read.", path.display()))
            .with_cause(format!("The system says: {error}."))
            .with_hint("Check the path. Relative paths start at the notebook's folder.")
    };
    let mut reader = import::open(path).map_err(failed)?;
    Ok(reader.headers().map_err(failed)?.iter().map(str::to_owned).collect())
}

fn rate(written: u64, elapsed: Duration) -> String {
    let per_second = (written as f64 / elapsed.as_secs_f64().max(0.001)).round();
    format!("rows, {} a second", render::count(per_second as u64))
}

fn summary(loaded: &Loaded, keyspace: &str, table: &str, elapsed: Duration) -> String {
    let rejected = match loaded.rejected {
        0 => "none rejected".to_owned(),
        rejected => format!("{} rejected", render::count(rejected)),
    };
    let rate = rate(loaded.written, elapsed);
    format!(
        "Loaded {} rows into {keyspace}.{table}, {rejected} ({}).",
        render::count(loaded.written),
        rate.trim_start_matches("rows, ")
    )
}

fn notes(loaded: &Loaded, plan: &Plan, folder: &Path, waits: u64) -> Vec<String> {
    let mut notes = Vec::new();
    if waits > 0 {
        notes.push(format!("The service asked to slow down {} times.", render::count(waits)));
    }
    if let Some(file) = &loaded.rejected_file {
        // As the user would type it: a notebook that is passed on says nothing of this machine's folders.
        let file = file.strip_prefix(folder).unwrap_or(file);
        notes.push(format!("The rejected lines are in {} with their reasons.", file.display()));
    }
    if !plan.skipped.is_empty() {
        notes.push(format!(
            "Not loaded, as the table has no such column or it was not chosen: {}.",
            plan.skipped.join(", ")
        ));
    }
    notes
}

fn failed(error: &LoadError, written: u64, open: &Open) -> Diagnostic {
    let message = format!("The import stopped after {} rows.", render::count(written));
    match error {
        LoadError::Write(error) => {
            let told = unplaced(explain_failure(error, open, &Statement::new("")));
            Diagnostic { message: format!("{message} {}", told.message), ..told }
                .with_hint("Run it again when the cause is gone: rows that are there already are written once more, with no harm.")
        }
        LoadError::Read(_) | LoadError::Rejected(_) | LoadError::TooManyRejected { .. } | LoadError::Task => {
            Diagnostic::new(Code::ImportFailed, message).with_cause(format!("Of the file: {error}."))
        }
    }
}

fn unplaced(mut diagnostic: Diagnostic) -> Diagnostic {
    diagnostic.span = None;
    diagnostic
}
