//! `%%sql`: a query over kept results and files, computed on this machine, whose rows are kept and drawn like any other.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use cqlbook_analysis::sql::{Answer, Job, Place, SqlError, Table};
use cqlbook_core::cql::lookalike;
use cqlbook_core::diagnostic::{Code, Diagnostic};
use cqlbook_core::magic::Arguments;
use cqlbook_core::render::{self, Facts};
use cqlbook_core::text::Span;

use crate::compute::Failed;
use crate::explain::file::{self, Doing};
use crate::import::kind_of;
use crate::results::{Kept, RESULT_BYTES};
use crate::run::aside;
use crate::run::scene::Scene;
use crate::run::statement::{set_param, table_options};

/// How much of the engine's own words is shown, in characters: some hold a whole syntax tree.
const WORDS: usize = 200;

/// Runs the query that `body` covers of the cell.
pub(crate) async fn sql(scene: &Scene, arguments: &Arguments, body: Span) -> Result<(), Diagnostic> {
    let started = Instant::now();
    let text = body.of(&scene.source).to_owned();
    let (tables, params) = {
        let state = scene.notebook.state();
        let table = |(name, kept): (&str, &Kept)| Table {
            name: name.to_owned(),
            columns: Arc::clone(&kept.columns),
            pages: kept.pages.clone(),
        };
        (state.results.iter().map(table).collect::<Vec<_>>(), state.params.clone())
    };
    let partial: Vec<String> = {
        let state = scene.notebook.state();
        state
            .results
            .iter()
            .filter(|(_, kept)| kept.facts.more || kept.facts.incomplete.is_some())
            .map(|(name, _)| name.to_owned())
            .collect()
    };
    let notebook = Arc::clone(&scene.notebook);
    let of_files = Arc::clone(&scene.notebook);
    let job = aside::run(move || {
        let resolve = |path: &str| notebook.path(path);
        Job::new(&text, &Place { tables, params, resolve: &resolve, limit: RESULT_BYTES })
    });
    let failed = |error: &Failed| match error {
        Failed::Sql(error @ SqlError::File { path, .. }) => of_file(error, &of_files.path(path)),
        Failed::Sql(error) => explained(error, &scene.source, body),
        other => unanswered(other),
    };
    let job = job.await?.map_err(|error| failed(&error.into()))?;
    let of_part: Vec<String> =
        job.tables().filter(|name| partial.iter().any(|part| part == name)).map(str::to_owned).collect();
    let Answer { columns, pages, mut notes } =
        scene.notebook.engine.ask(job).await.map_err(|error| failed(&error))?;
    let mut incomplete = None;
    if !of_part.is_empty() {
        let names: Vec<String> = of_part.iter().map(|name| format!("`{name}`")).collect();
        let note =
            format!("Of {} only the fetched rows were used; more exist in the database.", names.join(", "));
        notes.push(format!("{note} `%%cql --all` fetches them all."));
        incomplete = Some(note);
    }
    let settings = scene.settings();
    let name = arguments.value("into").map(str::to_owned);
    let facts = Facts {
        rows_fetched: pages.iter().map(|page| page.rows()).sum(),
        elapsed: started.elapsed(),
        computed_here: true,
        kept_as: name.clone(),
        notes,
        incomplete,
        ..Facts::default()
    };
    let drawn = settings.settings.display_rows.min(facts.rows_fetched);
    let kept = Kept { number: 0, columns, pages, facts, rest: None, drawn };
    let dropped = scene.notebook.state().results.keep(kept.clone(), name.as_deref());
    let mut facts = kept.facts.clone();
    if !dropped.is_empty() {
        facts.notes.push(format!("Forgotten to make room: {}.", dropped.join(", ")));
    }
    scene.show_rows(render::table(&kept.columns, &kept.pages, &facts, &table_options(&settings))).await;
    Ok(())
}

/// Why the process that computes gave no answer.
fn unanswered(error: &Failed) -> Diagnostic {
    let of_memory = |message: &str, cause: &str| {
        Diagnostic::new(Code::InvalidQuery, message)
            .with_cause(cause)
            .with_hint("Join on the whole key, aggregate before joining, or select fewer columns.")
            .with_hint("`CQLBOOK_SQL_MEMORY` names another bound, in megabytes, in the environment that Jupyter starts in.")
    };
    let unavailable = |message: String| Diagnostic::new(Code::EngineUnavailable, message);
    match error {
        Failed::Memory => of_memory(
            "The query needs more memory than there is to spare.",
            "Its steps are computed in memory. A join has a row for each pair of rows whose keys are equal.",
        ),
        Failed::Killed => of_memory(
            "The engine that computed the query was killed from outside.",
            "The system does that to the largest process when it has no memory left.",
        ),
        Failed::Missing(path) => unavailable("`%%sql` needs the program `cqlbook-engine`, which is not installed.".to_owned())
            .with_cause(format!("There is no {}.", path.display()))
            .with_hint("`pip install` of cqlbook's wheel brings both programs. In a checkout `cargo xtask lab` builds the engine.")
            .with_hint("Everything but `%%sql` works without it."),
        Failed::Stranger { path, stranger } => {
            unavailable("`%%sql` needs the `cqlbook-engine` that was built with this kernel.".to_owned())
                .with_cause(format!(
                    "Of {}: {stranger}; the kernel is of version {}.",
                    path.display(),
                    env!("CARGO_PKG_VERSION")
                ))
                .with_hint("Restart the kernel if it was upgraded while it ran. Else install both again: `pip install --force-reinstall` of the wheel, or `cargo xtask lab` in a checkout.")
        }
        Failed::NotStarted(error) => unavailable("The engine of `%%sql` could not be started.".to_owned())
            .with_cause(format!("The system says: {error}."))
            .with_hint("`cqlbook doctor` says which program it is and what is wrong with it."),
        Failed::Sql(_) | Failed::Died(_) => aside::failed(error.to_string()),
    }
}

/// A file that the query names cannot be read, or is not what its ending says.
fn of_file(error: &SqlError, path: &Path) -> Diagnostic {
    let usage = Diagnostic::new(Code::Usage, error.to_string());
    if let Some(error) = file::unreadable(path) {
        return file::with_trouble(usage, &error, path, Doing::Reading);
    }
    match kind_of(path) {
        // A workbook or a page of bytes is none under any other name.
        Some(told) if !told.contains("--format") => usage.with_hint(format!("By its first bytes {told}.")),
        _ if usage.message.contains("no UTF-8") => usage.with_hint("Save the file as UTF-8, or load it into a table with `%import FILE INTO TABLE --encoding latin1`."),
        _ => usage.with_hint(
            "If it is of another format, give it the ending of that one. Else have it made or sent again.",
        ),
    }
}

fn explained(error: &SqlError, source: &str, body: Span) -> Diagnostic {
    // What fails may hold a typographic quote, which says more than what the parser made of it.
    let odd = matches!(
        error,
        SqlError::Syntax { .. } | SqlError::Several(_) | SqlError::NoTable { .. } | SqlError::NoColumn { .. }
    );
    if let Some(told) = lookalike::refusal(body.of(source), Code::SyntaxError).filter(|_| odd) {
        let message = told.message.replace("no character of CQL", "no character of SQL");
        return Diagnostic { message, ..told }.placed_in(body);
    }
    let usage = Diagnostic::new(Code::Usage, error.to_string());
    let invalid = Diagnostic::new(Code::InvalidQuery, error.to_string());
    let meant = |diagnostic: Diagnostic, near: &Option<String>| match near {
        Some(near) => diagnostic.with_hint(format!("Did you mean `{near}`?")),
        None => diagnostic,
    };
    match error {
        SqlError::Syntax { message, at } => {
            let diagnostic = Diagnostic::new(Code::SyntaxError, message.clone());
            match at.and_then(|(line, column)| place(body.of(source), line, column)) {
                Some(offset) => diagnostic.with_span(Span::new(body.start + offset, body.start + offset)),
                None => diagnostic,
            }
        }
        SqlError::Nothing => usage.with_hint("Write a `SELECT` under the `%%sql` line."),
        SqlError::Several(_) => {
            usage.with_hint("Put each into a cell of its own, and keep what the next one needs by `%%sql --into NAME`.")
        }
        SqlError::NoQuery(_) => usage.with_hint("A cell without `%%sql` sends CQL to the database."),
        SqlError::NoTable { near, tables, .. } => {
            let diagnostic = meant(usage, near);
            let diagnostic = if tables.is_empty() {
                diagnostic
            } else {
                let names: Vec<String> = tables.iter().map(|name| format!("`{name}`")).collect();
                diagnostic.with_hint(format!("Kept are: {}.", names.join(", ")))
            };
            diagnostic.with_hint(
                "`%%sql` reads kept results and files, not the database: keep a result by `name << SELECT …;`, or read a file by `FROM 'path.parquet'`.",
            )
        }
        SqlError::NoColumn { near, columns, .. } => {
            meant(invalid, near).with_hint(format!("There are: {}.", columns.join(", ")))
        }
        SqlError::Param { name, .. } => {
            usage.with_hint(format!("{}, with the value as a CQL literal.", set_param(name)))
        }
        SqlError::File { path, .. } => of_file(error, Path::new(path)),
        SqlError::Beyond { hints, words, .. } => {
            let diagnostic = hints.iter().fold(invalid, |diagnostic, hint| diagnostic.with_hint(hint));
            if words.is_empty() {
                return diagnostic;
            }
            let words: String = words.chars().take(WORDS).collect();
            diagnostic.with_cause(format!("The engine, which computes it, says: {words}."))
        }
        SqlError::TooLarge { .. } => invalid
            .with_hint("Aggregate it, add a `LIMIT`, or select fewer columns.")
            .with_hint("What is large in the database, `%%export FILE.parquet` streams to a file, and `%%sql` reads it: `SELECT … FROM 'FILE.parquet'`."),
        SqlError::Defect(words) => aside::failed(words.clone()),
        SqlError::Columns(error) => {
            Diagnostic::new(Code::ServerError, "A result cannot be read.").with_server_text(error.to_string())
        }
    }
}

/// The offset of a line and column, both from one, the column in characters.
fn place(text: &str, line: usize, column: usize) -> Option<usize> {
    let start: usize = text.split_inclusive('\n').take(line.checked_sub(1)?).map(str::len).sum();
    let rest = text.get(start..)?;
    let into = rest.char_indices().nth(column.saturating_sub(1)).map_or(rest.len(), |(offset, _)| offset);
    Some(start + into.min(rest.find('\n').unwrap_or(rest.len())))
}
