//! `cqlbook connection …`: the words of `%connection`, from a terminal. It parses by the table of magics and does what they do.

use std::io::IsTerminal as _;
use std::process::ExitCode;

use cqlbook_core::diagnostic::Diagnostic;
use cqlbook_core::magic::{self, MagicKind};
use cqlbook_core::render;

use super::shelf::Shelf;
use super::terminal::Terminal;
use super::verbs;
use crate::cli;

/// Runs what the words ask for.
pub(crate) fn run(words: &[String]) -> ExitCode {
    if words.is_empty() || words.iter().any(|word| word == "--help" || word == "-h" || word == "help") {
        cli::say(&usage());
        return ExitCode::SUCCESS;
    }
    let line: Vec<String> = words.iter().map(|word| magic::quoted(word)).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            cli::complain(&format!("The program cannot start its threads: {error}."));
            return ExitCode::FAILURE;
        }
    };
    let outcome = runtime.block_on(dispatch(&line.join(" ")));
    runtime.shutdown_background();
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(diagnostic) => {
            cli::complain_formatted(&told(&diagnostic));
            ExitCode::FAILURE
        }
    }
}

async fn dispatch(line: &str) -> Result<(), Diagnostic> {
    let magic = magic::lookup(MagicKind::Line, "connection")?;
    // A terminal shows no source to point into.
    let arguments = magic::parse_line(magic, line).map_err(|error| Diagnostic { span: None, ..error })?;
    verbs::run(&Terminal::new(), &Shelf::of_user(), &arguments).await
}

/// The failure as lines, with colours only where a person looks.
fn told(diagnostic: &Diagnostic) -> String {
    let lines = render::diagnostic("", diagnostic).traceback.join("\n");
    if std::io::stderr().is_terminal() { lines } else { uncoloured(&lines) }
}

fn uncoloured(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character == '\u{1b}' {
            characters.by_ref().find(char::is_ascii_alphabetic);
        } else {
            out.push(character);
        }
    }
    out
}

/// Every form of `connection`, as it is typed in a terminal.
fn usage() -> String {
    let Some(magic) = magic::find("%connection") else { return String::new() };
    let forms = magic.forms.iter().map(|form| {
        let usage = magic.usage(form);
        format!("  cqlbook {}\n      {}", usage.trim_start_matches('%'), form.summary)
    });
    let forms: Vec<String> = forms.collect();
    format!(
        "{}\n\n{}\n\nA secret is asked for, hidden, or taken from the environment; never from the command line.",
        magic.summary,
        forms.join("\n")
    )
}
