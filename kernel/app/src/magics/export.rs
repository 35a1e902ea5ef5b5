//! `%export NAME FILE` and `%%export FILE`: what the line says, the progress, and the summary.

use std::sync::Arc;
use std::time::{Duration, Instant};

use cqlbook_analysis::formats::{self, Compression, Dialect, Format, Options, WriteError};
use cqlbook_cluster::{Request, TokenRange};
use cqlbook_core::cell::{self, CellMagic, Statement, StatementKind, StepKind};
use cqlbook_core::cql::keywords::unquote_name;
use cqlbook_core::diagnostic::{Code, Diagnostic};
use cqlbook_core::magic::Arguments;
use cqlbook_core::render::{self, Facts};
use cqlbook_core::settings::CellSettings;

use super::results;
use crate::explain;
use crate::explain::file::{self, Doing};
use crate::export::{self, Done, ExportError, Progress, Target};
use crate::notebook::Open;
use crate::run::fetch::Sent;
use crate::run::scene::Scene;
use crate::run::selected;
use crate::run::statement::{self, Values, explain_failure};
use crate::run::wait::Wait;

/// How often the progress is drawn.
const TICK: Duration = Duration::from_millis(500);
/// Rows asked for at a time at most.
const PAGE_ROWS: u32 = 5000;

/// Writes a kept result.
pub(crate) async fn kept(scene: &Scene, arguments: &Arguments) -> Result<(), Diagnostic> {
    let name = arguments.positional(0).unwrap_or_default();
    let shown = arguments.positional(1).unwrap_or_default();
    let kept = results::find(scene, name)?;
    let mut target = target(scene, shown, arguments)?;
    complete(scene, &mut target.options, kept.facts.table.clone(), kept.facts.derived.clone());
    let started = Instant::now();
    scene.progress(&format!("Writing {shown}"), None, "").await;
    let outcome = export::kept(kept.pages, target.clone()).await;
    let done = outcome.map_err(|error| failed(&error, shown, &target, 0))?;
    let which =
        if kept.rest.is_some() { "the fetched rows: the server has more" } else { "all rows of the result" };
    let mut notes = done.written.notes.clone();
    notes.extend(kept.facts.incomplete.clone());
    if kept.rest.is_some() {
        notes.push(format!(
            "`%%export {}` with the SELECT under it writes them all.",
            cqlbook_core::magic::quoted(shown)
        ));
    }
    conclude(scene, &done, shown, which, Facts { elapsed: started.elapsed(), notes, ..Facts::default() })
        .await;
    Ok(())
}

/// Streams all rows of the cell's `SELECT`.
pub(crate) async fn all(scene: &Scene, cell: &CellMagic, arguments: &Arguments) -> Result<(), Diagnostic> {
    let statement = select(scene, cell)?;
    let open = scene.open()?;
    let settings = scene.settings();
    let shown = arguments.positional(0).unwrap_or_default();
    let mut target = target(scene, shown, arguments).map_err(|error| error.with_span(cell.line))?;
    let read = statement::table_of(&open, &statement);
    complete(scene, &mut target.options, read, selected::derived(&statement));
    let streamed = Streamed { statement: &statement, shown, only: TokenRange::WHOLE, page_size: None };
    let (done, progress) = stream(scene, &open, &settings, streamed, &target).await?;
    let facts = facts(&settings, &done, &progress);
    conclude(scene, &done, shown, "all rows of the SELECT", facts).await;
    Ok(())
}

/// A statement that is streamed into a file.
pub(crate) struct Streamed<'a> {
    /// What is read.
    pub(crate) statement: &'a Statement,
    /// The file as it was typed.
    pub(crate) shown: &'a str,
    /// The tokens that are wanted.
    pub(crate) only: TokenRange,
    /// Rows asked for at a time, where not the setting.
    pub(crate) page_size: Option<u32>,
}

/// Fetches and writes, and draws how far it is.
pub(crate) async fn stream(
    scene: &Scene,
    open: &Open,
    settings: &CellSettings,
    streamed: Streamed<'_>,
    target: &Target,
) -> Result<(Done, Arc<Progress>), Diagnostic> {
    let Streamed { statement, shown, only, page_size } = streamed;
    if !target.replace && target.path.symlink_metadata().is_ok() {
        return Err(failed(&ExportError::Exists, shown, target, 0));
    }
    let mut options = statement::options(open, settings, statement);
    options.trace = false;
    options.page_size = page_size
        .unwrap_or_else(|| u32::try_from(settings.settings.page_size).unwrap_or(PAGE_ROWS))
        .clamp(1, PAGE_ROWS);
    let values = Values::of(scene, statement);
    let mut wait = Wait::new();
    let work = {
        let open = wait.attend(open, settings.settings.timeout);
        let preparing = async {
            let sent = match statement::prepare(&open, settings, statement, &values).await? {
                Some(sent) => sent,
                None => Sent::Text(Request::with_options(statement.text.clone(), options.clone())),
            };
            let work = export::work(&open, statement, sent, &options, only).await;
            let work = work.map_err(|error| explain_failure(&error, &open, statement))?;
            if only != TokenRange::WHOLE && !work.is_ring {
                return Err(Diagnostic::new(
                    Code::Usage,
                    "This table is not read by ranges of tokens. Nothing was written.",
                )
                .with_cause("Each node has its own of it, or its tokens are of another kind than numbers.")
                .with_hint("Leave `BEGINTOKEN` and `ENDTOKEN` out."));
            }
            Ok(work)
        };
        wait.through(scene, preparing).await?
    };
    let progress = Arc::new(Progress::new(work.is_ring));
    let told = Arc::clone(&progress);
    let attended = open.connection.attended(options.timeout, move |notice| told.wait(notice));
    let label = format!("Writing {shown}");
    let streaming = export::stream(&attended, work, target.clone(), Arc::clone(&progress));
    tokio::pin!(streaming);
    let mut tick = tokio::time::interval(TICK);
    let outcome = loop {
        tokio::select! {
            outcome = &mut streaming => break outcome,
            _ = tick.tick() => scene.progress(&label, Some(progress.rows()), &progress.note()).await,
        }
    };
    match outcome {
        Ok(done) => Ok((done, progress)),
        Err(error @ (ExportError::Query(_) | ExportError::Columns(_))) => {
            let told = match &error {
                ExportError::Query(error) => explain_failure(error, open, statement),
                error => failed(error, shown, target, 0).with_span(statement.span),
            };
            let message = match progress.rows() {
                0 => told.message,
                rows => format!(
                    "{} The export stopped after {} rows, and no file was left.",
                    told.message,
                    render::count(rows)
                ),
            };
            Err(Diagnostic { message, ..told })
        }
        Err(error) => Err(failed(&error, shown, target, progress.rows())),
    }
}

/// The one `SELECT` of a cell.
fn select(scene: &Scene, cell: &CellMagic) -> Result<Statement, Diagnostic> {
    let usage = |message: &str| {
        Diagnostic::new(Code::Usage, message).with_hint(
            "Write one SELECT under the line `%%export FILE`. `%export NAME FILE` writes a kept result.",
        )
    };
    let mut statements = Vec::new();
    for step in cell::steps(&scene.source, cell.body) {
        match step.kind {
            StepKind::Cql(statement) => statements.push(statement),
            StepKind::Broken(diagnostic) => return Err(diagnostic),
            StepKind::Magic(_) | StepKind::Shell(_) => {
                return Err(usage("`%%export` takes a SELECT and nothing else.").with_span(step.span));
            }
        }
    }
    let mut statements = statements.into_iter();
    match (statements.next(), statements.next()) {
        (None, _) => Err(usage("The SELECT is missing.").with_span(cell.span)),
        (Some(_), Some(second)) => {
            Err(usage("`%%export` takes one SELECT, and here is a second statement.").with_span(second.span))
        }
        (Some(statement), None) if matches!(statement.kind, StatementKind::Select(_)) => Ok(statement),
        (Some(statement), None) => {
            Err(usage("`%%export` takes a SELECT, and this is another statement.").with_span(statement.span))
        }
    }
}

/// The file that a line describes.
fn target(scene: &Scene, shown: &str, arguments: &Arguments) -> Result<Target, Diagnostic> {
    let path = scene.notebook.path(shown);
    let (told, compression) = formats::of_name(shown);
    let format = match arguments.value("format") {
        Some(name) => Format::named(name),
        None => told,
    };
    let endings = Format::ALL.map(|(_, ending)| ending).join(", ");
    let format = format.ok_or_else(|| {
        Diagnostic::new(Code::Usage, format!("The ending of {shown} tells no format."))
            .with_hint(format!("Use one of these endings, or name one with `--format`: {endings}."))
    })?;
    if !format.is_text() && compression != Compression::None {
        return Err(Diagnostic::new(
            Code::Usage,
            format!("A {} file is compressed inside. It takes no `.gz` or `.zst`.", format.name()),
        )
        .with_hint("Leave the second ending out."));
    }
    check_of_use(format, arguments)?;
    let mut options = Options::new(format);
    options.compression = compression;
    options.title = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    if let Some(null) = arguments.value("null") {
        options.dialect = Dialect { null: null.to_owned(), ..Dialect::default() };
    }
    if let Some(table) = arguments.value("table") {
        let (keyspace, table) = match table.split_once('.') {
            Some((keyspace, table)) => (Some(unquote_name(keyspace)), unquote_name(table)),
            None => (scene.connection().and_then(|open| open.connection.keyspace()), unquote_name(table)),
        };
        let keyspace = keyspace.ok_or_else(|| {
            Diagnostic::new(Code::Usage, "The keyspace of `--table` is missing.")
                .with_hint("Write `--table keyspace.table`.")
        })?;
        options.table = Some((keyspace, table));
    }
    Ok(Target { path, replace: arguments.flag("force"), options, rows_per_file: None })
}

/// An option that says nothing of such a file is refused: whoever wrote it expects it to do something.
fn check_of_use(format: Format, arguments: &Arguments) -> Result<(), Diagnostic> {
    let (option, of) = match format {
        _ if arguments.flag("null") && format != Format::Csv => ("null", Format::Csv),
        _ if arguments.flag("table") && format != Format::Cql => ("table", Format::Cql),
        _ => return Ok(()),
    };
    Err(Diagnostic::new(Code::Usage, format!("`--{option}` has no meaning for a {} file.", format.name()))
        .with_hint(format!("Leave it out. It is for {} files.", of.name())))
}

/// Adds the table that statements write to, and its columns as far as they are known.
///
/// Into the table that was read go its own columns; into one that the line names, whatever has the names of its columns.
fn complete(
    scene: &Scene,
    options: &mut Options,
    read: Option<(String, String)>,
    derived: Vec<(String, String)>,
) {
    if options.table.is_none() {
        (options.table, options.derived) = (read, derived);
    }
    let Some((keyspace, table)) = &options.table else { return };
    if let Some(open) = scene.connection() {
        let schema = open.connection.schema();
        let columns = schema.table(keyspace, table).map(|table| table.columns.clone());
        options.table_columns = columns.unwrap_or_default();
    }
}

/// What is known beside the rows.
pub(crate) fn facts(settings: &CellSettings, done: &Done, progress: &Progress) -> Facts {
    let mut notes = done.written.notes.clone();
    notes.extend(progress.notes());
    Facts {
        elapsed: progress.elapsed(),
        consistency: Some(settings.settings.consistency.name().to_owned()),
        warnings: progress.warnings(),
        notes,
        ..Facts::default()
    }
}

/// Says what was written, in the place of the progress.
async fn conclude(scene: &Scene, done: &Done, shown: &str, which: &str, facts: Facts) {
    let rows = done.written.rows;
    let rate = (rows as f64 / facts.elapsed.as_secs_f64().max(0.001)).round() as u64;
    let size = render::bytes(usize::try_from(done.bytes).unwrap_or(usize::MAX));
    // The number without commas, and rows even of one: people's notebooks read it.
    let summary = format!(
        "Export: wrote {rows} rows to {shown}, {which} ({size}, {} rows a second).",
        render::count(rate)
    );
    scene.conclude(render::outcome(&summary, &facts)).await;
}

/// Why nothing was written.
pub(crate) fn failed(error: &ExportError, shown: &str, target: &Target, rows: u64) -> Diagnostic {
    let stopped = if rows == 0 {
        format!("The file {shown} was not written.")
    } else {
        format!("The file {shown} was not written. The export stopped after {} rows.", render::count(rows))
    };
    let diagnostic = Diagnostic::new(Code::ExportFailed, stopped);
    match error {
        ExportError::Exists => Diagnostic::new(
            Code::FileExists,
            format!("There is a file {shown} already. Nothing was written."),
        )
        .with_hint("`--force` replaces it. Or choose another name."),
        ExportError::Write(WriteError::Refused(reason)) => diagnostic.with_cause(reason),
        ExportError::Write(error) => match error.io() {
            Some(error) => file::with_trouble(diagnostic, error, &target.path, Doing::Writing),
            None => diagnostic
                .with_cause(format!("{error}."))
                .with_hint("Nothing was left of it. Try another format."),
        },
        ExportError::NoRows => diagnostic.with_cause("The statement returns no rows that could be written."),
        ExportError::Query(error) => diagnostic.with_cause(format!("The database says: {error}.")),
        ExportError::Columns(difference) => explain::query::columns_changed(difference),
        ExportError::WriterEnded => diagnostic
            .with_cause("A task of the export ended early.")
            .with_hint("Run it again. If it fails again, report it: this is a defect of cqlbook."),
        ExportError::Incomplete { done, planned } => diagnostic
            .with_cause(format!(
                "A task of the export ended early: {done} of {planned} parts were read to their end."
            ))
            .with_hint("Run it again. If it fails again, report it: this is a defect of cqlbook."),
    }
}

#[cfg(test)]
mod tests {
    use cqlbook_core::magic::{MagicKind, lookup, parse_line};

    use super::*;

    #[test]
    fn an_option_without_use_is_refused() {
        let magic = lookup(MagicKind::Line, "export").unwrap();
        let checked = |line: &str, format| {
            check_of_use(format, &parse_line(magic, line).unwrap()).map_err(|told| told.message)
        };
        for (line, format, fits) in [
            ("bg bg.cql --null x", Format::Cql, false),
            ("bg bg.parquet --null x", Format::Parquet, false),
            ("bg bg.json --null ''", Format::Json, false),
            ("bg bg.csv --table ks.q", Format::Csv, false),
            ("bg bg.csv --null x", Format::Csv, true),
            ("bg bg.cql --table ks.q", Format::Cql, true),
            ("bg bg.parquet --force", Format::Parquet, true),
        ] {
            let outcome = checked(line, format);
            assert_eq!(outcome.is_ok(), fits, "{line}: {outcome:?}");
        }
    }
}
