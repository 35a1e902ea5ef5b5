//! `COPY … FROM`, told in cqlsh's words. It is `%import` by another name: the same engine, cqlsh's options.

use std::path::{Path, PathBuf};
use std::time::Duration;

use cqlbook_core::cell::ShellCommand;
use cqlbook_core::diagnostic::{Code, Diagnostic};
use cqlbook_core::render;
use cqlbook_core::shell::copy::{Copy, CopyOptions, Direction};
use cqlbook_core::value::{Forms, TimeForm};
use cqlbook_wire::Stream;

use super::copy_to;
use super::error_file;
use super::loading::{self, Done, Request};
use super::scene::Scene;
use crate::history::glob::Glob;
use crate::import::{Dialect, Encoding, Fault, Form, Format, Habits, Limits, Order, Pace, Spec};

/// Runs a `COPY`.
pub(crate) async fn copy(scene: &Scene, command: &ShellCommand) -> Result<(), Diagnostic> {
    let copy = command.copy()?;
    match copy.direction {
        Direction::From => load(scene, command, &copy).await,
        Direction::To => copy_to::to_file(scene, command, &copy).await,
    }
}

async fn load(scene: &Scene, command: &ShellCommand, copy: &Copy) -> Result<(), Diagnostic> {
    let open = scene.open()?;
    loading::check_writable(scene, &open)?;
    let all = files(scene, &copy.file)?;
    let (keyspace, table) = loading::place(&open, copy.keyspace.as_deref(), &copy.table).await?;
    let named = copy.options.error_file.clone();
    let errors =
        scene.notebook.path(&named.unwrap_or_else(|| format!("import_{keyspace}_{}.err", copy.table)));
    if let Some(taken) = error_file::taken(&errors, &all) {
        let shown = |path: &Path| scene.notebook.shown(path);
        return Err(Diagnostic::new(
            Code::Usage,
            format!("{} is loaded, and rows that fail would take its place.", shown(taken)),
        )
        .with_cause(format!("Rows that fail go to {}.", shown(&errors)))
        .with_hint(
            "Name another file for them, `WITH ERRFILE = 'failed.err'`, or give the loaded one another name.",
        )
        .with_span(command.arguments_span));
    }
    if let Some(known) = open.connection.schema().table(&keyspace, &table) {
        let names = match copy.columns.as_slice() {
            [] => known.columns.iter().map(|column| column.name.clone()).collect(),
            columns => columns.to_vec(),
        };
        let left = |name: &String| !copy.options.skip_columns.contains(name);
        copy_to::refuse_confusion(command, copy, known, &names.into_iter().filter(left).collect::<Vec<_>>())?;
    }
    if !copy.options.idle.is_empty() {
        say(scene, &format!("Without effect here: {}.", copy.options.idle.join(", "))).await;
    }
    let columns = match copy.columns.as_slice() {
        [] => "all columns".to_owned(),
        columns => format!("columns [{}]", columns.join(", ")),
    };
    say(scene, &format!("Starting copy of {keyspace}.{table} with {columns}.")).await;
    let mut total = Total::default();
    for (number, file) in all.iter().enumerate() {
        // MAXROWS and SKIPROWS count the rows of all files, and MAXROWS those left out too: cqlsh's way.
        let left = copy.options.max_rows.map(|most| most.saturating_sub(total.read));
        if left == Some(0) && number > 0 {
            break;
        }
        let skip = copy.options.skip_rows.saturating_sub(total.read);
        let mut request = request(scene, copy, &keyspace, file, error_file::of(&errors, number));
        let skipped = left.map_or(skip, |left| skip.min(left));
        request.pace.skip_rows = skipped;
        request.pace.max_rows = left.map(|left| left - skipped);
        let shown = request.shown.clone();
        let done = loading::load(scene, request).await?;
        // In the place of the progress, whose last word would stand there as if it were the outcome.
        let (written, rejected) = (done.loaded.written, done.loaded.rejected());
        let outcome = format!("Loaded {shown} into {}: {written} rows, {rejected} rejected.", done.table);
        scene.conclude(render::sentence(&outcome)).await;
        told(scene, &done, copy.options.header).await;
        total.add(&done);
    }
    let Total { written, skipped, elapsed, files, .. } = total;
    say(
        scene,
        &format!("{written} rows imported from {files} files in {} ({skipped} skipped).", interval(elapsed)),
    )
    .await;
    Ok(())
}

/// What all files brought together.
#[derive(Default)]
struct Total {
    written: u64,
    skipped: u64,
    /// Rows read, those left out too.
    read: u64,
    files: usize,
    elapsed: Duration,
}

impl Total {
    fn add(&mut self, done: &Done) {
        self.written += done.loaded.written;
        self.skipped += done.loaded.skipped;
        self.read += done.loaded.skipped + done.loaded.seen;
        self.files += 1;
        self.elapsed += done.elapsed;
    }
}

async fn say(scene: &Scene, text: &str) {
    scene.io.print(Stream::Stdout, text).await;
}

/// The rows that were not loaded, as cqlsh tells them.
async fn told(scene: &Scene, done: &Done, header: bool) {
    let loaded = &done.loaded;
    for rejection in &loaded.first {
        let kind = match rejection.fault {
            Fault::Parse => "ParseError",
            Fault::Insert => "InvalidRequest",
        };
        let text = format!(
            "Failed to import 1 rows: {kind} - line {}: {}, given up without retries",
            rejection.line,
            // It quotes the file, which could begin a line of its own otherwise.
            render::one_line(&rejection.reason)
        );
        scene.io.print(Stream::Stderr, &text).await;
    }
    for note in loading::value_notes(&loaded.notes) {
        say(scene, &note).await;
    }
    if let Some(kept) = &loaded.kept {
        let shown = |path: &Path| render::one_line(&scene.notebook.shown(path));
        let file = shown(&kept.file);
        let text = format!("Failed to process {} rows; failed rows written to {file}", loaded.rejected());
        scene.io.print(Stream::Stderr, &text).await;
        if let Some(moved) = kept.moved.as_deref() {
            say(scene, &format!("The earlier {file} is {} now.", shown(moved))).await;
        }
        if header {
            let text = format!(
                "{file} has no header: load it without HEADER, and name its columns behind the table, in their order in the file."
            );
            say(scene, &text).await;
        }
    }
}

fn request(scene: &Scene, copy: &Copy, keyspace: &str, path: &Path, errors: PathBuf) -> Request {
    let options = &copy.options;
    let shown = scene.notebook.shown(path);
    Request {
        spec: Spec {
            path: path.to_owned(),
            // Whatever the file is called: `COPY … TO` writes CSV alone.
            format: Format::Csv,
            dialect: dialect(options),
            header: options.header,
            habits: habits(options),
        },
        shown,
        keyspace: Some(keyspace.to_owned()),
        table: copy.table.clone(),
        chosen: copy.columns.clone(),
        left_out: options.skip_columns.clone(),
        ttl: options.ttl,
        order: Order::Cqlsh,
        guesses_header: true,
        pace: Pace {
            window_rows: options.chunk_size,
            batch_rows: options.max_batch_size,
            rows_a_second: Some(options.ingest_rate),
            skip_rows: options.skip_rows,
            max_rows: options.max_rows,
            limits: Limits { parse: options.max_parse_errors, insert: options.max_insert_errors },
        },
        form: Form::Bare,
        rejected: Some(errors),
        keeps_place: false,
        resume: false,
    }
}

fn dialect(options: &CopyOptions) -> Dialect {
    // They are ASCII: the parser saw to it.
    let byte = |character: char| u8::try_from(character).unwrap_or(b',');
    Dialect {
        delimiter: byte(options.delimiter),
        quote: byte(options.quote),
        escape: (options.escape != options.quote).then(|| byte(options.escape)),
        escapes_all: true,
    }
}

fn habits(options: &CopyOptions) -> Habits {
    Habits {
        encoding: Encoding::default(),
        null: options.null.clone(),
        cqlsh: true,
        write_nulls: true,
        forms: Forms {
            null: Some(options.null.clone()),
            decimal_separator: Some(options.decimal_separator),
            thousands_separator: options.thousands_separator,
            booleans: Some(options.booleans.clone()),
            timestamps: options.datetime_format.as_deref().and_then(TimeForm::named),
            ..Forms::default()
        },
    }
}

/// The files that a `COPY` names: with commas between, and patterns in their names.
fn files(scene: &Scene, written: &str) -> Result<Vec<PathBuf>, Diagnostic> {
    let mut files = Vec::new();
    for name in written.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        let path = scene.notebook.path(name);
        let pattern =
            path.file_name().and_then(|name| name.to_str()).filter(|name| name.contains(['*', '?']));
        let Some(pattern) = pattern else {
            files.push(path);
            continue;
        };
        let glob = Glob::new(pattern);
        let folder = path.parent().unwrap_or(&path);
        let mut found: Vec<_> = std::fs::read_dir(folder)
            .into_iter()
            .flatten()
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.is_file())
            .filter(|path| {
                path.file_name().and_then(|name| name.to_str()).is_some_and(|name| glob.fits(name))
            })
            .collect();
        if found.is_empty() {
            return Err(Diagnostic::new(Code::ImportFailed, format!("No file fits {name}."))
                .with_hint("Relative paths start at the notebook's folder."));
        }
        found.sort();
        files.extend(found);
    }
    Ok(files)
}

/// A stretch of time as cqlsh tells it.
fn interval(elapsed: Duration) -> String {
    let seconds = elapsed.as_secs();
    let rest = format!("{:.3} seconds", (seconds % 60) as f64 + f64::from(elapsed.subsec_millis()) / 1000.0);
    let units = [(seconds / 86_400, "day"), (seconds / 3600 % 24, "hour"), (seconds / 60 % 60, "minute")];
    let words: Vec<_> = units
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, unit)| format!("{count} {unit}{}", if count > 1 { "s" } else { "" }))
        .collect();
    match words.as_slice() {
        [] => rest,
        [one] => format!("{one} and {rest}"),
        several => format!("{}, and {rest}", several.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_as_cqlsh_tells_them() {
        assert_eq!(interval(Duration::from_millis(422)), "0.422 seconds");
        assert_eq!(interval(Duration::from_millis(63_500)), "1 minute and 3.500 seconds");
        assert_eq!(interval(Duration::from_secs(7_325)), "2 hours, 2 minutes, and 5.000 seconds");
    }
}
