//! A whole kernel in one file: each line of a cell is a command, and `print TEXT` is the first of them.
//!
//! Run it with the path of a connection file. The tests of this crate run it too, in their own process.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cqlbook_wire::{
    Completeness, Completion, Completions, ConnectionFile, DisplayId, ErrorReport, ExecuteOutcome,
    ExecuteRequest, Handler, HelpLink, HistoryAccess, HistoryEntry, HistoryRequest, InputError, Io,
    KernelInfo, LanguageInfo, MimeBundle, Payload, Stream, WireError, serve,
};

/// The commands, with what they do.
const COMMANDS: [(&str, &str); 17] = [
    ("print", "writes the text to stdout"),
    ("warn", "writes the text to stderr"),
    ("show", "shows the text"),
    ("result", "shows the text as the cell's result"),
    ("progress", "shows an output and changes it"),
    ("clear", "clears the output"),
    ("ask", "asks for a line and prints it"),
    ("password", "asks for a hidden line and prints its length"),
    ("sleep", "waits so many milliseconds"),
    ("stubborn", "waits for ever and does not listen to interrupts"),
    ("fail", "fails with the text"),
    ("abort", "says that it did not run"),
    ("panic", "has a fault"),
    ("flood", "writes so many megabytes to stdout"),
    ("late", "leaves a task behind that writes after the cell has ended"),
    ("page", "shows the text in a pager"),
    ("next", "puts the text into the next cell"),
];

/// The toy kernel.
#[derive(Default)]
pub(crate) struct Echo {
    history: Mutex<Vec<HistoryEntry>>,
    stopped: Mutex<Option<bool>>,
}

impl Echo {
    /// With what `restart` it was told to stop, if it was.
    #[allow(dead_code, reason = "for the tests that include this file")]
    pub(crate) fn stopped(&self) -> Option<bool> {
        *self.stopped.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn command(
        &self,
        line: &str,
        request: &ExecuteRequest,
        io: &Io,
    ) -> Result<Option<Payload>, ErrorReport> {
        let (command, text) = line.split_once(' ').unwrap_or((line, ""));
        let both = || MimeBundle::plain(text).with("text/html", format!("<b>{text}</b>"));
        match command {
            "print" => io.stream(Stream::Stdout, format!("{text}\n")).await,
            "warn" => io.stream(Stream::Stderr, format!("{text}\n")).await,
            "show" => io.display(both()).await,
            "result" => io.result(both()).await,
            "progress" => {
                let id = DisplayId::new();
                io.display_with_id(MimeBundle::plain("0 %"), id.clone()).await;
                io.update(MimeBundle::plain("100 %"), &id).await;
            }
            "clear" => io.clear_output(false).await,
            "ask" => {
                let line = io.input(text, false).await.map_err(no_input)?;
                io.stream(Stream::Stdout, format!("{}\n", *line)).await;
            }
            "password" => {
                let line = io.input(text, true).await.map_err(no_input)?;
                io.stream(Stream::Stdout, format!("{} characters\n", line.chars().count())).await;
            }
            "sleep" => {
                let time = Duration::from_millis(text.parse().unwrap_or(0));
                tokio::select! {
                    () = tokio::time::sleep(time) => {}
                    () = request.cancelled.cancelled() => return Err(ErrorReport::new("INTERRUPTED", "Woken up.")),
                }
            }
            "stubborn" => std::future::pending().await,
            "fail" => return Err(ErrorReport::new("FAILED", text)),
            "panic" => panic!("{text}"),
            "flood" => {
                let line = format!("{}\n", "x".repeat(99_999));
                for _ in 0..text.parse::<usize>().unwrap_or(0) * 10 {
                    io.stream(Stream::Stdout, line.clone()).await;
                }
            }
            "late" => {
                let (io, text) = (io.clone(), text.to_owned());
                tokio::spawn(async move {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    io.stream(Stream::Stdout, text).await;
                });
            }
            "page" => return Ok(Some(Payload::Page { data: MimeBundle::plain(text), start: 0 })),
            "next" => return Ok(Some(Payload::SetNextInput { text: text.to_owned(), replace: false })),
            "" => {}
            other => {
                return Err(ErrorReport::new("UNKNOWN_COMMAND", format!("There is no command `{other}`.")));
            }
        }
        Ok(None)
    }
}

fn no_input(error: InputError) -> ErrorReport {
    let name = if error == InputError::Interrupted { "INTERRUPTED" } else { "NO_INPUT" };
    ErrorReport::new(name, error.to_string())
}

/// The word that ends at `cursor`, with its start.
fn word(code: &str, cursor: usize) -> (usize, &str) {
    let before = &code[..cursor];
    let start = before
        .rfind(char::is_whitespace)
        .map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8));
    (start, &before[start..])
}

impl Handler for Echo {
    fn kernel_info(&self) -> KernelInfo {
        KernelInfo {
            implementation: "echo".into(),
            implementation_version: env!("CARGO_PKG_VERSION").into(),
            banner: "The echo kernel: try `print hello`.".into(),
            language_info: LanguageInfo {
                name: "echo".into(),
                version: "1.0".into(),
                mimetype: Some("text/plain".into()),
                file_extension: Some(".txt".into()),
                pygments_lexer: None,
                codemirror_mode: None,
                nbconvert_exporter: None,
            },
            help_links: vec![HelpLink {
                text: "Jupyter's protocol".into(),
                url: "https://jupyter-client.readthedocs.io/en/stable/messaging.html".into(),
            }],
            debugger: false,
            supported_features: Vec::new(),
        }
    }

    async fn execute(&self, request: ExecuteRequest, io: Io) -> ExecuteOutcome {
        if request.store_history {
            let entry = HistoryEntry {
                session: 1,
                line: request.execution_count.into(),
                input: request.code.clone(),
                output: None,
            };
            self.history.lock().unwrap_or_else(PoisonError::into_inner).push(entry);
        }
        let mut payload = Vec::new();
        for line in request.code.lines() {
            if line == "abort" {
                return ExecuteOutcome::Aborted;
            }
            match self.command(line, &request, &io).await {
                Ok(more) => payload.extend(more),
                Err(report) => return report.into(),
            }
        }
        ExecuteOutcome::Ok { payload }
    }

    async fn evaluate(&self, expression: &str) -> Result<MimeBundle, ErrorReport> {
        match expression.strip_prefix("fail ") {
            None => Ok(MimeBundle::plain(expression)),
            Some(text) => Err(ErrorReport::new("FAILED", text)),
        }
    }

    async fn complete(&self, code: &str, cursor: usize) -> Completions {
        let (start, word) = word(code, cursor);
        let fitting = COMMANDS.iter().filter(|(name, _)| name.starts_with(word));
        let candidate = |(name, help): &(&str, &str)| Completion {
            text: (*name).to_owned(),
            kind: "keyword".into(),
            signature: (*help).to_owned(),
        };
        Completions { start, end: cursor, matches: fitting.map(candidate).collect() }
    }

    async fn inspect(&self, code: &str, cursor: usize, detail_level: u8) -> Option<MimeBundle> {
        let (_, word) = word(code, cursor);
        let (name, help) = COMMANDS.iter().find(|(name, _)| *name == word)?;
        Some(MimeBundle::plain(if detail_level == 0 {
            format!("{name} {help}")
        } else {
            format!("{name} {help}, always")
        }))
    }

    fn is_complete(&self, code: &str) -> Completeness {
        if code.ends_with('\\') {
            Completeness::Incomplete { indent: "  ".into() }
        } else {
            Completeness::Complete
        }
    }

    async fn history(&self, request: HistoryRequest) -> Vec<HistoryEntry> {
        let entries = self.history.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match request.access {
            HistoryAccess::Tail { n } => entries[entries.len().saturating_sub(n)..].to_vec(),
            HistoryAccess::Range { start, stop, .. } => {
                let wanted =
                    |entry: &HistoryEntry| entry.line >= start && stop.is_none_or(|stop| entry.line < stop);
                entries.into_iter().filter(wanted).collect()
            }
            HistoryAccess::Search { pattern, n, unique } => {
                let mut found: Vec<HistoryEntry> = Vec::new();
                for entry in
                    entries.into_iter().filter(|entry| entry.input.contains(pattern.trim_matches('*')))
                {
                    found.retain(|earlier| !(unique && earlier.input == entry.input));
                    found.push(entry);
                }
                found.split_off(found.len().saturating_sub(n.unwrap_or(usize::MAX)))
            }
        }
    }

    async fn shutdown(&self, restart: bool) {
        *self.stopped.lock().unwrap_or_else(PoisonError::into_inner) = Some(restart);
    }
}

async fn run(path: PathBuf) -> Result<(), WireError> {
    let connection = ConnectionFile::read(&path)?;
    serve(connection, Arc::new(Echo::default())).await?;
    Ok(())
}

#[allow(dead_code, reason = "the tests that include this file have a main of their own")]
#[expect(clippy::print_stderr, reason = "a program says why it ends")]
fn main() -> ExitCode {
    let Some(path) = std::env::args_os().nth(1) else {
        eprintln!("Give the path of a connection file.");
        return ExitCode::FAILURE;
    };
    let outcome = tokio::runtime::Runtime::new().map(|runtime| runtime.block_on(run(path.into())));
    match outcome {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(error)) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("The runtime cannot start: {error}.");
            ExitCode::FAILURE
        }
    }
}
