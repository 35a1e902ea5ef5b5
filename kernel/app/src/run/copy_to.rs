//! `COPY … TO`, told in cqlsh's words. It is `%%export` by another name: the same engine, cqlsh's options.

use std::num::NonZeroU64;
use std::path::Path;

use cqlbook_analysis::formats::{Compression, Dialect, Format, Options, of_name};
use cqlbook_cluster::{Table, TokenRange};
use cqlbook_core::cell::{ShellCommand, Statement};
use cqlbook_core::cql::keywords::quote_name;
use cqlbook_core::diagnostic::{Code, Diagnostic};
use cqlbook_core::render;
use cqlbook_core::shell::copy::{Copy, CopyOptions};
use cqlbook_core::value::Confused;

use super::scene::Scene;
use super::shell::print;
use crate::explain;
use crate::export::{Target, numbered};
use crate::import::in_cqlshs_order;
use crate::magics::export::{Streamed, facts, stream};

/// Rows asked for at a time, where `PAGESIZE` says nothing; fewer where they are large.
const PAGE_ROWS: u32 = 5000;

/// Writes a table to a CSV file. A file that is there is replaced, as in cqlsh.
pub(super) async fn to_file(scene: &Scene, command: &ShellCommand, copy: &Copy) -> Result<(), Diagnostic> {
    let open = scene.open()?;
    let settings = scene.settings();
    let keyspace = copy.keyspace.clone().or_else(|| open.connection.keyspace()).ok_or_else(|| {
        Diagnostic::new(Code::Usage, "The table's keyspace is not known.")
            .with_hint(format!("Name it: `COPY keyspace.{} TO …`, or `USE keyspace;` before.", copy.table))
            .with_span(command.arguments_span)
    })?;
    let schema = open.connection.schema_with(&keyspace, &copy.table).await.map_err(|error| {
        let told = explain::query::query_of_no_statement(&error, open.is_astra());
        Diagnostic { span: Some(command.arguments_span), ..told }
    })?;
    let table = schema.table(&keyspace, &copy.table).ok_or_else(|| {
        Diagnostic::new(Code::InvalidQuery, format!("There is no table {keyspace}.{}.", copy.table))
            .with_hint("Check the spelling. Names with capitals need double quotes.")
            .with_span(command.arguments_span)
    })?;
    let names: Vec<String> = if copy.columns.is_empty() {
        in_cqlshs_order(table).into_iter().map(|column| column.name.clone()).collect()
    } else {
        copy.columns.clone()
    };
    refuse_confusion(command, copy, table, &names)?;
    let selected = names.iter().map(|name| quote_name(name)).collect::<Vec<_>>().join(", ");
    let statement = Statement::new(&format!(
        "SELECT {selected} FROM {}.{}",
        quote_name(&keyspace),
        quote_name(&copy.table)
    ));
    print(
        scene,
        &format!("\nStarting copy of {keyspace}.{} with columns [{}].", copy.table, names.join(", ")),
    )
    .await;
    let mut options = Options::new(Format::Csv);
    options.compression = match of_name(&copy.file) {
        (_, compression @ (Compression::Gz | Compression::Zst)) => compression,
        _ => Compression::None,
    };
    options.dialect = dialect(&copy.options);
    let rows_per_file = copy.options.max_output_size.and_then(NonZeroU64::new);
    let target = Target { path: scene.notebook.path(&copy.file), replace: true, options, rows_per_file };
    let streamed = Streamed {
        statement: &statement,
        shown: &copy.file,
        only: TokenRange {
            start: copy.options.begin_token.unwrap_or(i64::MIN),
            end: copy.options.end_token.unwrap_or(i64::MAX),
        },
        page_size: Some(copy.options.page_size.unwrap_or(PAGE_ROWS)),
    };
    let (done, progress) = stream(scene, &open, &settings, streamed, &target)
        .await
        .map_err(|error| Diagnostic { span: Some(command.span), ..error })?;
    let mut facts = facts(&settings, &done, &progress);
    if !copy.options.idle.is_empty() {
        facts.notes.push(format!("Without effect here: {}.", copy.options.idle.join(", ")));
    }
    if let (Some(format), _) = of_name(&copy.file)
        && format != Format::Csv
    {
        facts.notes.push(format!(
            "COPY writes CSV alone, whatever the file is called. `%%export {}` writes {}.",
            copy.file,
            format.name()
        ));
    }
    let older = older_parts(&target.path, done.files);
    if !older.is_empty() {
        facts.notes.push(format!(
            "Parts of an earlier COPY lie beside them, which a pattern would load too: {}. Delete them.",
            older.join(", ")
        ));
    }
    let summary = format!(
        "{} rows exported to {} files in {}.",
        done.written.rows,
        done.files,
        render::duration(progress.elapsed())
    );
    scene.conclude(render::outcome(&summary, &facts)).await;
    Ok(())
}

/// The files that look like further parts and were not written now: of an earlier `COPY` into more parts.
fn older_parts(path: &Path, files: usize) -> Vec<String> {
    let parts = (files.max(1)..).map(|number| numbered(path, number));
    let older = parts.take_while(|part| part.exists()).take(20);
    older.map(|part| part.file_name().unwrap_or_default().to_string_lossy().into_owned()).collect()
}

/// Refuses a separator that numbers inside of a column's values could not be told apart by.
pub(super) fn refuse_confusion(
    command: &ShellCommand,
    copy: &Copy,
    table: &Table,
    names: &[String],
) -> Result<(), Diagnostic> {
    let styles = copy.options.styles();
    let columns = table.columns.iter().filter(|column| names.contains(&column.name));
    for column in columns {
        let Some(Confused { option, mark }) = styles.confused(&column.cql_type) else { continue };
        let message = format!(
            "`{option} = '{mark}'` cannot be told from the marks of `{}` ({}), which has numbers inside.",
            column.name, column.cql_type
        );
        return Err(Diagnostic::new(Code::Usage, message)
            .with_cause("A list of 1,5 and 2,5 would be read as one of 1, 5, 2 and 5.")
            .with_hint(format!(
                "Take another character, leave `{option}` out, or name the other columns behind the table."
            ))
            .with_span(command.arguments_span));
    }
    Ok(())
}

/// cqlsh's options as the form of a file.
fn dialect(options: &CopyOptions) -> Dialect {
    Dialect {
        header: options.header,
        delimiter: options.delimiter,
        quote: options.quote,
        escape: options.escape,
        null: options.null.clone(),
        styles: Some(options.styles()),
    }
}
