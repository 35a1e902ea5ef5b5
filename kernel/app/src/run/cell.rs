//! Runs a whole cell: steps in order, settings of its own, interrupts, and the one error that ends it.

use std::sync::{Arc, Mutex};

use cqlbook_cluster::{Connection, QueryError, ServerErrorKind};
use cqlbook_core::cell::{self, Cell, CellMagic, Idempotence, Step, StepKind};
use cqlbook_core::diagnostic::{Code, Diagnostic};
use cqlbook_core::magic::{self, MagicKind};
use cqlbook_core::render;
use cqlbook_core::settings::CellSettings;
use cqlbook_wire::{ExecuteOutcome, ExecuteRequest, Io};

use super::out::Out;
use super::scene::{Live, Scene, interrupted};
use super::{repeat, shell, source, statement};
use crate::explain::happened;
use crate::magics;
use crate::notebook::Notebook;
use crate::trace;

/// Runs the request's cell to its end, its first failure, or an interrupt.
pub(crate) async fn run(notebook: Arc<Notebook>, request: ExecuteRequest, io: Io) -> ExecuteOutcome {
    let source: Arc<str> = request.code.as_str().into();
    let mut scene = Scene {
        open: Mutex::new(notebook.open()),
        notebook,
        source: Arc::clone(&source),
        own: None,
        io: Out::new(io),
        allow_stdin: request.allow_stdin,
        last: false,
        live: Live::default(),
        sources: Vec::new(),
        positions: Mutex::default(),
    };
    let outcome = match cell::parse(&source) {
        Cell::Steps(steps) => run_steps(&mut scene, &steps, &request).await,
        Cell::Magic(magic) => run_cell_magic(&mut scene, &magic, &request).await,
        Cell::Question(question) => match magics::help::answer(&scene, &question) {
            Ok(page) => return ExecuteOutcome::Ok { payload: vec![page] },
            Err(diagnostic) => Err(diagnostic),
        },
    };
    match outcome {
        Ok(()) => ExecuteOutcome::ok(),
        Err(diagnostic) => {
            let error = render::diagnostic(&source, &diagnostic);
            ExecuteOutcome::Error { ename: error.ename, evalue: error.evalue, traceback: error.traceback }
        }
    }
}

async fn run_cell_magic(
    scene: &mut Scene,
    cell: &CellMagic,
    request: &ExecuteRequest,
) -> Result<(), Diagnostic> {
    let magic =
        magic::lookup(MagicKind::Cell, &cell.name).map_err(|error| error.with_span(cell.name_span))?;
    let arguments =
        magic::parse_line(magic, cell.line.of(&scene.source)).map_err(|error| error.placed_in(cell.line))?;
    if magic.name == "export" {
        let outcome = tokio::select! {
            biased;
            () = request.cancelled.cancelled() => {
                Err(interrupted("The export was given up here. No file was left."))
            }
            outcome = magics::export::all(scene, cell, &arguments) => outcome,
        };
        if outcome.is_err() {
            scene.stop_progress().await;
        }
        return outcome;
    }
    if magic.name == "sql" {
        scene.last = true;
        return tokio::select! {
            biased;
            () = request.cancelled.cancelled() => Err(interrupted("The query was given up. Nothing was kept.")),
            outcome = magics::sql::sql(scene, &arguments, cell.body) => outcome,
        };
    }
    if magic.name != "cql" {
        return Err(magics::not_in_this_release(&format!("%%{}", magic.name)).with_span(cell.name_span));
    }
    let own = CellSettings::with_options(&scene.notebook.state().settings, &arguments)
        .map_err(|error| error.with_span(cell.line))?;
    let keyspace = own.keyspace.clone();
    let steps = cell::steps(&scene.source, cell.body);
    if let Some(times) = own.repeat {
        trace::repeat::check(times, own.settings.trace, &steps)
            .map_err(|error| if error.span.is_none() { error.with_span(cell.line) } else { error })?;
    }
    scene.own = Some(own);
    let Some(keyspace) = keyspace else { return run_steps(scene, &steps, request).await };
    let open = scene.open()?;
    let used = tokio::select! {
        biased;
        () = request.cancelled.cancelled() => Err(interrupted("No statement of the cell was sent.")),
        used = use_keyspace(&open.connection, &keyspace) => {
            used.map_err(|error| magics::connect::keyspace_failed(&error, &open, cell.line))
        }
    };
    // Of the cell alone: there is nothing to go back to, and nobody else is moved.
    scene.enter(open.number, &used?);
    run_steps(scene, &steps, request).await
}

/// Uses a keyspace as typed where there is such a one; otherwise as CQL reads a bare name, in lower case. Where the schema is not known
/// the server is asked.
async fn use_keyspace(connection: &Connection, typed: &str) -> Result<Connection, QueryError> {
    let schema = connection.schema();
    let is_there = schema.keyspaces.contains_key(typed);
    if !is_there && schema.keyspaces.is_empty() && typed.contains(|c: char| c.is_ascii_uppercase()) {
        match connection.use_keyspace(typed, true).await {
            Err(QueryError::Server(error)) if error.kind == ServerErrorKind::Invalid => {}
            used => return used,
        }
    }
    connection.use_keyspace(typed, is_there).await
}

async fn run_steps(scene: &mut Scene, steps: &[Step], request: &ExecuteRequest) -> Result<(), Diagnostic> {
    let mut failures: Vec<Diagnostic> = Vec::new();
    for (index, step) in steps.iter().enumerate() {
        scene.last = index + 1 == steps.len();
        scene.live.begins(step);
        let place = (index + 1, steps.len());
        let outcome = tokio::select! {
            biased;
            () = request.cancelled.cancelled() => Err(stopped(scene, step, index, steps.len())),
            outcome = run_step(scene, step) => outcome,
        };
        let Err(mut diagnostic) = outcome else { continue };
        scene.stop_progress().await;
        if steps.len() > 1 && diagnostic.statement.is_none() {
            diagnostic.statement = Some(place);
        }
        if steps.len() > 1 {
            if diagnostic.code != Code::Interrupted {
                diagnostic.span.get_or_insert(step.span);
            }
        } else if diagnostic.span == Some(step.span)
            && diagnostic.origin.is_none()
            && diagnostic.code != Code::SyntaxError
        {
            // The only step of a cell needs no pointing at.
            diagnostic.span = None;
        }
        let go_on = !scene.settings().settings.stop_on_error && diagnostic.code != Code::Interrupted;
        if !go_on {
            failures.push(diagnostic);
            break;
        }
        // The last failure becomes the cell's error; those before it are shown as they come.
        if let Some(earlier) = failures.pop() {
            scene.complain(&earlier).await;
        }
        failures.push(diagnostic);
    }
    failures.pop().map_or(Ok(()), Err)
}

/// Runs one step of a cell, or of a file.
pub(super) async fn run_step(scene: &mut Scene, step: &Step) -> Result<(), Diagnostic> {
    scene.live.begins(step);
    match &step.kind {
        StepKind::Cql(statement) => statement::run(scene, statement).await,
        StepKind::Shell(command) => shell::run(scene, command).await,
        StepKind::Magic(line) => magics::run(scene, line).await,
        StepKind::Broken(diagnostic) => Err(diagnostic.clone()),
    }
}

/// What is said of the step that was given up, and of those before it.
fn stopped(scene: &Scene, step: &Step, index: usize, of: usize) -> Diagnostic {
    let given_up = match &step.kind {
        StepKind::Magic(line) => format!("`%{}` was given up here.", line.name),
        StepKind::Shell(_) if !scene.sources.is_empty() => {
            source::given_up(&scene.sources, scene.live.certainty())
        }
        StepKind::Shell(command) => format!("`{}` was given up here.", command.verb.name()),
        StepKind::Cql(_) if scene.live.is_beside() => {
            "The statement was done. Only the wait for its trace was ended here.".to_owned()
        }
        StepKind::Cql(statement) => {
            let idempotence =
                scene.open().map_or(Idempotence::AtMostOnce, |open| repeat::of_open(&open, statement));
            if !idempotence.writes() {
                "The statement was given up here. It only reads.".to_owned()
            } else if let Some(certain) = scene.live.certainty() {
                format!("The statement was given up here. It {certain}.")
            } else {
                let (may, then) = (happened::sentence(statement), happened::advice(statement, idempotence));
                format!("The statement was given up here. {may} {then}")
            }
        }
        StepKind::Broken(_) => "Nothing was sent.".to_owned(),
    };
    interrupted(&match (index, of) {
        (_, 1) => given_up,
        (done, of) => format!("{done} of {of} steps were done. {given_up}"),
    })
}
