//! `SOURCE 'file'`: runs the steps of a file, which is read part by part.
//!
//! Rows are shown as those of a cell are. Statements without rows are counted, and their warnings shown: a file of a
//! thousand INSERTs makes one output. A failure names the file and the line.

use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::time::{Duration, Instant};

use cqlbook_core::cell::{Feed, NotText, ShellCommand};
use cqlbook_core::diagnostic::{Code, Diagnostic};
use cqlbook_core::render;
use tokio::io::AsyncReadExt as _;

use super::cell::run_step;
use super::scene::{Scene, Sourced};
use crate::explain::file::{self, Doing};

/// Files that may run one another, one inside the other.
const DEPTH: usize = 16;
/// The longest statement of a file, in bytes. No server takes one nearly as long; without it an open quote would hold the
/// whole file.
const MAX_STATEMENT_BYTES: usize = 64 << 20;
/// How often the number of steps that are done is drawn.
const TICK: Duration = Duration::from_millis(500);

/// Runs the file that a command names. (Boxed, because a file may name another.)
pub(super) fn run<'a>(
    scene: &'a mut Scene,
    command: &'a ShellCommand,
) -> Pin<Box<dyn Future<Output = Result<(), Diagnostic>> + Send + 'a>> {
    Box::pin(async move {
        let usage = |message: String| Diagnostic::new(Code::Usage, message).with_span(command.span);
        let typed = command
            .file()
            .filter(|file| !file.is_empty())
            .ok_or_else(|| usage("`SOURCE` takes a file.".to_owned()).with_hint("`SOURCE 'schema.cql'`"))?;
        let path = scene.notebook.path(&typed);
        let asked = path.clone();
        let unreadable = |error: std::io::Error| {
            let message = usage(format!("Could not open '{typed}'."));
            file::with_trouble(message, &error, &asked, Doing::Reading)
        };
        let path = tokio::fs::canonicalize(path).await.map_err(unreadable)?;
        if scene.sources.iter().any(|source| source.path == path) {
            return Err(usage(format!("'{typed}' runs itself."))
                .with_cause("It is being run already, by itself or by a file that it runs.")
                .with_hint("Take one of the `SOURCE` lines out."));
        }
        if scene.sources.len() >= DEPTH {
            return Err(usage(format!("'{typed}' is not run: {DEPTH} files run one another already."))
                .with_cause("Files may run others to a bounded depth.")
                .with_hint("Run it from a cell of its own."));
        }
        // A folder opens like a file, and fails when it is read.
        if path.is_dir() {
            return Err(unreadable(std::io::ErrorKind::IsADirectory.into()));
        }
        let file = tokio::fs::File::open(&path).await.map_err(unreadable)?;
        scene.sources.push(Sourced { path: path.clone(), name: typed.clone(), line: 1, done: 0 });
        let last = std::mem::replace(&mut scene.last, false);
        let outcome = Run::new(&typed, path).through(scene, file).await;
        scene.sources.pop();
        scene.last = last;
        outcome
    })
}

/// A file as it is run.
struct Run<'a> {
    /// What the user called it.
    name: &'a str,
    path: PathBuf,
    started: Instant,
    drawn: Instant,
    done: u64,
    failures: Vec<Diagnostic>,
    failed: u64,
}

impl<'a> Run<'a> {
    fn new(name: &'a str, path: PathBuf) -> Self {
        let started = Instant::now();
        Self { name, path, started, drawn: started, done: 0, failures: Vec::new(), failed: 0 }
    }

    async fn through(mut self, scene: &mut Scene, mut file: tokio::fs::File) -> Result<(), Diagnostic> {
        let mut feed = Feed::default();
        let mut buffer = Vec::new();
        loop {
            buffer.clear();
            let mut part = (&mut file).take(feed.wants() as u64);
            let read =
                part.read_to_end(&mut buffer).await.map_err(|error| self.broken_off(&error.to_string()))?;
            feed.push(&buffer).map_err(|error| self.not_text(error))?;
            let ended = read == 0;
            let (steps, taken) = feed.steps(ended).map_err(|error| self.not_text(error))?;
            if steps.is_empty() && feed.text().len() > MAX_STATEMENT_BYTES {
                return Err(self.too_long(feed.line(feed.text().len() - feed.text().trim_start().len())));
            }
            for step in &steps {
                if let Some(here) = scene.sources.last_mut() {
                    (here.line, here.done) = (feed.line(step.span.start), self.done);
                }
                let outcome = run_step(scene, step).await;
                self.done += 1;
                if let Err(diagnostic) = outcome {
                    self.take_failure(scene, self.placed(diagnostic, &feed, step.span)).await?;
                }
                self.draw(scene).await;
            }
            feed.let_go(taken);
            if ended {
                break;
            }
        }
        scene.conclude(render::sentence(&self.summary())).await;
        self.failures.pop().map_or(Ok(()), Err)
    }

    /// The failure with its place: in this file, or in a file that this one runs.
    fn placed(&self, mut diagnostic: Diagnostic, feed: &Feed, step: cqlbook_core::text::Span) -> Diagnostic {
        match &mut diagnostic.origin {
            Some(origin) => {
                origin.run_by.push((self.name.to_owned(), feed.line(step.start)));
                diagnostic
            }
            None => {
                diagnostic.span.get_or_insert(step);
                feed.place(diagnostic, self.name)
            }
        }
    }

    /// Ends the run at a failure, unless the notebook goes on after one. The last becomes the cell's error.
    async fn take_failure(&mut self, scene: &Scene, diagnostic: Diagnostic) -> Result<(), Diagnostic> {
        scene.stop_progress().await;
        self.failed += 1;
        if scene.settings().settings.stop_on_error || diagnostic.code == Code::Interrupted {
            let before = self.done - 1;
            return Err(match before {
                0 => diagnostic,
                1 => diagnostic.with_hint("1 step before it was done."),
                before => {
                    diagnostic.with_hint(format!("{} steps before it were done.", render::count(before)))
                }
            });
        }
        if let Some(earlier) = self.failures.pop() {
            scene.complain(&earlier).await;
        }
        self.failures.push(diagnostic);
        Ok(())
    }

    async fn draw(&mut self, scene: &Scene) {
        if self.drawn.elapsed() >= TICK {
            self.drawn = Instant::now();
            scene.progress(&format!("Running {}", self.name), Some(self.done), "steps").await;
        }
    }

    fn summary(&self) -> String {
        let steps =
            if self.done == 1 { "1 step".to_owned() } else { format!("{} steps", render::count(self.done)) };
        let failed = match self.failed {
            0 => String::new(),
            1 => ", and 1 failed".to_owned(),
            failed => format!(", and {} failed", render::count(failed)),
        };
        format!("Ran {steps} of {} in {}{failed}.", self.name, render::duration(self.started.elapsed()))
    }

    fn too_long(&self, line: usize) -> Diagnostic {
        let most = render::bytes(MAX_STATEMENT_BYTES);
        Diagnostic::new(Code::Usage, format!("A statement of '{}' is longer than {most}.", self.name))
            .with_cause(format!(
                "It starts at line {line} or in the statement behind it, and does not end. {}",
                self.reached(&self.path)
            ))
            .with_hint("Look there for a quote or a comment that is not closed.")
    }

    fn not_text(&self, error: NotText) -> Diagnostic {
        Diagnostic::new(Code::Usage, format!("'{}' is not a text: {error}.", self.name))
            .with_cause(self.reached(&self.path))
            .with_hint("Save the file as UTF-8.")
    }

    fn broken_off(&self, reason: &str) -> Diagnostic {
        Diagnostic::new(Code::Usage, format!("'{}' could not be read to its end.", self.name))
            .with_cause(format!("The system says: {reason}. {}", self.reached(&self.path)))
            .with_hint("Look whether the file is still there, and run the rest of it.")
    }

    fn reached(&self, path: &Path) -> String {
        format!("{} steps of {} were run.", render::count(self.done), path.display())
    }
}

/// What is said of the files that were being run when the user stopped: how far each was, the innermost first.
/// `certain` is what is known of the statement that ran.
pub(super) fn given_up(sources: &[Sourced], certain: Option<&str>) -> String {
    let place = |source: &Sourced| {
        let done = match source.done {
            0 => "no step before it was done".to_owned(),
            1 => "1 step before it was done".to_owned(),
            done => format!("{} steps before it were done", render::count(done)),
        };
        format!("{}, line {} ({done})", source.name, source.line)
    };
    let places: Vec<_> = sources.iter().rev().map(place).collect();
    let of_the_statement = match certain {
        Some(certain) => format!("The statement of that line {certain}."),
        None => "The server may have finished the statement of that line.".to_owned(),
    };
    format!("`SOURCE` was given up at {}. {of_the_statement}", places.join(", run by "))
}
