//! `CAPTURE`: the rows of statements, as plain text, appended to a file too.
//!
//! As in cqlsh only rows are captured, and a file is appended to. Unlike there, the rows are drawn in the notebook all the same.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use cqlbook_core::cell::ShellCommand;
use cqlbook_core::diagnostic::{Code, Diagnostic};
use cqlbook_core::render::{self, TableOptions};
use cqlbook_wire::Stream;

use super::scene::Scene;
use super::shell::print;
use crate::explain::file::{self, Doing};
use crate::results::Kept;

/// Rows that are drawn under one header, as cqlsh draws a page.
const PAGE: usize = 100;

/// Begins, ends or tells a capture.
pub(super) async fn command(scene: &Scene, command: &ShellCommand) -> Result<(), Diagnostic> {
    let capturing = scene.notebook.state().capture.clone();
    let Some(typed) = command.file() else {
        let said = match &capturing {
            Some(path) => format!("Currently capturing query output to {}.", quoted(path)),
            None => "Currently not capturing query output.".to_owned(),
        };
        print(scene, &said).await;
        return Ok(());
    };
    if typed.eq_ignore_ascii_case("off") {
        scene.notebook.state().capture = None;
        match &capturing {
            Some(path) => print(scene, &format!("Stopped capturing query output to {}.", quoted(path))).await,
            None => scene.io.print(Stream::Stderr, "Not currently capturing output.").await,
        }
        return Ok(());
    }
    if let Some(path) = &capturing {
        let message = format!("Already capturing output to {}. Use CAPTURE OFF to disable.", path.display());
        return Err(Diagnostic::new(Code::Usage, message)
            .with_cause("One file is captured to at a time.")
            .with_hint("`CAPTURE OFF`, and then `CAPTURE 'FILE'` again.")
            .with_span(command.span));
    }
    let path = scene.notebook.path(&typed);
    append(path.clone(), String::new()).await.map_err(|error| {
        let message = Diagnostic::new(Code::Usage, format!("Could not open {} for append.", quoted(&path)));
        file::with_trouble(message, &error, &path, Doing::Writing).with_span(command.span)
    })?;
    print(
        scene,
        &format!(
            "Now capturing query output to {}.\nAll rows that a statement brings are appended to it as plain text. They are drawn here, too.",
            quoted(&path)
        ),
    )
    .await;
    scene.notebook.state().capture = Some(path);
    Ok(())
}

/// Appends a result's rows to the file that is captured to, if there is one. Returns what went wrong, as a sentence.
pub(super) async fn take(scene: &Scene, kept: &Kept, options: &TableOptions) -> Option<String> {
    let path = scene.notebook.state().capture.clone()?;
    let rows = kept.rows();
    let mut from = 0;
    loop {
        let options = TableOptions { display_rows: PAGE, offset: from, ..options.clone() };
        let mut text = format!("\n{}", render::grid(&kept.columns, &kept.pages, &options));
        from += PAGE;
        if from >= rows {
            text.push_str(&format!("\n({rows} rows)\n"));
        }
        if let Err(error) = append(path.clone(), text).await {
            let (cause, hint) = file::trouble(&error, &path, Doing::Writing);
            return Some(format!("The rows could not be captured to {}. {cause} {hint}", path.display()));
        }
        if from >= rows {
            return None;
        }
    }
}

async fn append(path: PathBuf, text: String) -> std::io::Result<()> {
    let written = tokio::task::spawn_blocking(move || {
        std::fs::OpenOptions::new().create(true).append(true).open(path)?.write_all(text.as_bytes())
    });
    written.await.unwrap_or_else(|error| Err(std::io::Error::other(error)))
}

/// The path in the quotes that cqlsh prints.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.display())
}
