//! `%import FILE INTO KS.TABLE [(cols)]`: what the line says, and the summary.

use std::path::Path;

use cqlbook_core::cql::keywords::unquote_name;
use cqlbook_core::diagnostic::{Code, Diagnostic};
use cqlbook_core::magic::Arguments;
use cqlbook_core::render::{self, Facts};
use cqlbook_core::value::{BlobForm, Forms, TimeForm};

use crate::import::{Dialect, Encoding, Form, Format, Habits, NAMES, Order, Pace, Spec, kind_of, listed};
use crate::notebook::Notebook;
use crate::run::loading::{self, Done, Request};
use crate::run::scene::Scene;

/// Loads a file into a table.
pub(crate) async fn import(scene: &Scene, arguments: &Arguments) -> Result<(), Diagnostic> {
    let line = Line::parse(arguments)?;
    let request = request(scene, &line, arguments)?;
    let done = loading::load(scene, request).await?;
    let facts = Facts { elapsed: done.elapsed, notes: notes(&done, &scene.notebook), ..Facts::default() };
    scene.conclude(render::outcome(&summary(&done), &facts)).await;
    Ok(())
}

fn request(scene: &Scene, line: &Line, arguments: &Arguments) -> Result<Request, Diagnostic> {
    let path = scene.notebook.path(&line.file);
    let named = arguments.value("format");
    let format = Format::of(&path, named).ok_or_else(|| {
        if let (None, Some(told)) = (named, kind_of(&path)) {
            return Diagnostic::new(
                Code::ImportFailed,
                format!("The file {} cannot be loaded as it is.", line.file),
            )
            .with_cause(format!("Of the file: {told}."));
        }
        let what = match named {
            Some(name) => format!("`{name}` is no format that can be loaded."),
            None => format!("The ending of {} tells no format that can be loaded.", line.file),
        };
        Diagnostic::new(Code::ImportFailed, what)
            .with_cause(
                "Files can be csv, json, jsonl, parquet or arrow; csv and json may be packed as .gz or .zst.",
            )
            .with_hint("Say which it is: `--format csv`.")
    })?;
    let dialect = dialect(&path, arguments)?;
    check_of_use(format, arguments)?;
    Ok(Request {
        spec: Spec {
            path,
            format,
            dialect,
            header: !arguments.flag("no-header"),
            habits: Habits {
                encoding: encoding(arguments)?,
                null: arguments.value("null").unwrap_or_default().to_owned(),
                write_nulls: arguments.flag("write-nulls"),
                forms: forms(arguments)?,
                ..Habits::default()
            },
        },
        shown: line.file.clone(),
        keyspace: line.keyspace.clone(),
        table: line.table.clone(),
        chosen: line.columns.clone(),
        left_out: Vec::new(),
        ttl: None,
        order: Order::Select,
        guesses_header: false,
        pace: Pace::default(),
        form: Form::Reasons,
        rejected: None,
        keeps_place: true,
        resume: arguments.flag("resume"),
    })
}

fn dialect(path: &Path, arguments: &Arguments) -> Result<Dialect, Diagnostic> {
    let one = |option: &str, default: Option<u8>| match arguments.value(option) {
        None => Ok(default),
        Some("\\t" | "tab") => Ok(Some(b'\t')),
        Some(text) => match text.as_bytes() {
            [byte] if byte.is_ascii() && !matches!(byte, b'\n' | b'\r') => Ok(Some(*byte)),
            _ => Err(Diagnostic::new(Code::Usage, format!("`--{option}` takes one character."))
                .with_hint("In quotes where a shell would want them: `--delimiter ';'`, `--escape '\\'`.")),
        },
    };
    let tabs = arguments.value("format").is_some_and(|format| format.eq_ignore_ascii_case("tsv"))
        || path.to_str().is_some_and(|path| path.to_lowercase().contains(".tsv"));
    let delimiter = one("delimiter", Some(if tabs { b'\t' } else { b',' }))?.unwrap_or(b',');
    let escape = one("escape", None)?;
    let dialect =
        Dialect { delimiter, escape: escape.filter(|escape| *escape != b'"'), ..Dialect::default() };
    if delimiter == dialect.quote || escape == Some(delimiter) {
        return Err(Diagnostic::new(
            Code::Usage,
            "Delimiter, escape and quote are three different characters.",
        )
        .with_hint("`--delimiter ';' --escape '\\'`"));
    }
    Ok(dialect)
}

fn encoding(arguments: &Arguments) -> Result<Encoding, Diagnostic> {
    let Some(name) = arguments.value("encoding") else { return Ok(Encoding::default()) };
    Encoding::named(name).ok_or_else(|| {
        Diagnostic::new(Code::Usage, "`--encoding` takes the name of an encoding that is read.")
            .with_hint(format!("These are: {}.", Encoding::NAMES))
    })
}

/// How the line says that values are written.
fn forms(arguments: &Arguments) -> Result<Forms, Diagnostic> {
    let time = |option: &str| match arguments.value(option) {
        None => Ok(None),
        Some(form) => TimeForm::named(form).map(Some).ok_or_else(|| {
            Diagnostic::new(
                Code::Usage,
                format!("`--{option}` takes a pattern in the letters of strftime, or a unit."),
            )
            .with_hint(
                "For example `%d.%m.%Y`, `%Y%m%d` or `%m/%d/%Y %H:%M`, in quotes where there is a blank.",
            )
            .with_hint("Units since 1970 are `s`, `ms`, `us`, `ns` and `days`.")
        }),
    };
    Ok(Forms {
        dates: time("date-format")?,
        timestamps: time("timestamp-format")?,
        blobs: match arguments.value("blobs") {
            Some("hex") => BlobForm::Hex,
            Some("base64") => BlobForm::Base64,
            _ => BlobForm::Either,
        },
        ..Forms::default()
    })
}

/// An option that says nothing of such a file is refused: whoever wrote it expects it to do something.
fn check_of_use(format: Format, arguments: &Arguments) -> Result<(), Diagnostic> {
    const OF_CSV: [&str; 4] = ["null", "delimiter", "escape", "no-header"];
    let (kind, idle): (&str, &[&str]) = match format {
        Format::Csv => return Ok(()),
        Format::Jsonl | Format::Json => ("JSON", &OF_CSV),
        Format::Parquet => ("Parquet", &["null", "delimiter", "escape", "no-header", "encoding"]),
        Format::Arrow => ("Arrow", &["null", "delimiter", "escape", "no-header", "encoding"]),
    };
    match idle.iter().find(|option| arguments.flag(option)) {
        None => Ok(()),
        Some(option) => {
            Err(Diagnostic::new(Code::Usage, format!("`--{option}` has no meaning for a {kind} file."))
                .with_hint(format!(
                    "Leave it out. If the file is no {kind}, say what it is: `--format csv`."
                )))
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

fn summary(done: &Done) -> String {
    let rejected = match done.loaded.rejected() {
        0 => "none rejected".to_owned(),
        rejected => format!("{} rejected", render::count(rejected)),
    };
    let rate = loading::rate(done.loaded.written, done.elapsed);
    format!(
        "Loaded {} rows into {}, {rejected} ({}).",
        render::count(done.loaded.written),
        done.table,
        rate.trim_start_matches("rows, ")
    )
}

fn notes(done: &Done, notebook: &Notebook) -> Vec<String> {
    let loaded = &done.loaded;
    let mut notes = Vec::new();
    if let Some(earlier) = loaded.earlier {
        notes.push(format!(
            "Resumed: {} rows had been loaded before; they were left out.",
            render::count(earlier)
        ));
    }
    if done.left_behind {
        notes.push("An earlier import of this file stopped before its end. This one began anew.".to_owned());
    }
    if done.waits > 0 {
        notes.push(format!("The service asked to slow down {} times.", render::count(done.waits)));
    }
    notes.extend(loading::value_notes(&loaded.notes));
    if let Some(kept) = &loaded.kept {
        let first =
            loaded.first.first().map(|first| format!(" The first, line {}: {}.", first.line, first.reason));
        notes.push(format!(
            "The rejected lines are in {} with their reasons.{}",
            notebook.shown(&kept.file),
            first.unwrap_or_default()
        ));
    }
    let skipped: Vec<_> = done.skipped_fields.iter().chain(&loaded.unknown).map(String::as_str).collect();
    if !skipped.is_empty() {
        notes.push(format!(
            "Not loaded, as the table has no such column or it was not chosen: {}.{}",
            listed(&skipped),
            // More are not kept, so how many there are is not known.
            if loaded.unknown.len() >= NAMES {
                " There may be more names: no more than these were counted."
            } else {
                ""
            }
        ));
    }
    notes
}
