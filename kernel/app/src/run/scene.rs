//! What a step needs while it runs: the notebook, the cell's settings, and the way out for its outputs.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64ct::{Base64, Encoding};
use cqlbook_cluster::Connection;
use cqlbook_core::cell::{Step, StepKind};
use cqlbook_core::diagnostic::{Code, Diagnostic};
use cqlbook_core::magic;
use cqlbook_core::markdown::Markdown;
use cqlbook_core::render::{self, MimeBundle};
use cqlbook_core::secret::Secret;
use cqlbook_core::settings::{CellSettings, Settings};
use cqlbook_core::text::Positions;
use cqlbook_wire::{DisplayId, InputError};
use serde_json::{Value, json};

use super::out::Out;
use super::sending::{Sending, Stage};
use crate::connect::desk::Desk;
use crate::notebook::{Notebook, Open};

/// Saved connections that are named where one is needed.
const NAMES: usize = 10;

/// A cell's surroundings.
pub(crate) struct Scene {
    /// The session.
    pub(crate) notebook: Arc<Notebook>,
    /// The cell's text, which spans point into.
    pub(crate) source: Arc<str>,
    /// The connection of this cell and the keyspace in use: the notebook's when the cell began, and what the cell's own steps
    /// made of it. What other cells do meanwhile, in subshells, is theirs.
    pub(crate) open: Mutex<Option<Open>>,
    /// What a `%%cql` line set for this cell; `None` for a cell that follows the notebook's settings.
    pub(crate) own: Option<CellSettings>,
    /// Where outputs go.
    pub(crate) io: Out,
    /// Whether the frontend can be asked.
    pub(crate) allow_stdin: bool,
    /// Whether the step that runs is the cell's last, so that its rows are the cell's result.
    pub(crate) last: bool,
    /// The output that says how far the running step is, if it shows one.
    pub(crate) live: Live,
    /// The files that `SOURCE` runs, the outermost first: statements of a file that return no rows are counted, not shown.
    pub(crate) sources: Vec<Sourced>,
    /// Where the failures stand that were shown so far: a cell of 100,000 failing steps is read once for all of them.
    pub(crate) positions: Mutex<Positions>,
}

/// A file that `SOURCE` runs, and how far it is: what is told when the user stops it.
pub(crate) struct Sourced {
    /// The file.
    pub(crate) path: PathBuf,
    /// What the user called it.
    pub(crate) name: String,
    /// The line of the step that runs, from 1.
    pub(crate) line: usize,
    /// The steps before it.
    pub(crate) done: u64,
}

/// An output that changes while a step runs.
#[derive(Default)]
pub(crate) struct Live {
    shown: Mutex<Option<(DisplayId, String)>>,
    /// What is said in its place if the step is stopped now: how to go on.
    farewell: Mutex<Option<String>>,
    /// Whether the step's own work is done, and only something beside it is waited for.
    beside: AtomicBool,
    /// How far the sending of the step's statement is.
    stage: Mutex<Stage>,
}

impl Live {
    fn get(&self) -> MutexGuard<'_, Option<(DisplayId, String)>> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn farewell(&self) -> MutexGuard<'_, Option<String>> {
        self.farewell.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stage(&self) -> MutexGuard<'_, Stage> {
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A step has its turn: a statement is not on its way yet.
    pub(super) fn begins(&self, step: &Step) {
        let is_statement = matches!(step.kind, StepKind::Cql(_));
        *self.stage() = if is_statement { Stage::NotBegun } else { Stage::Unknown };
    }

    /// The step's statement is on its way from now on.
    pub(super) fn sends(&self, sending: Arc<Sending>) {
        *self.stage() = Stage::Begun(sending);
    }

    /// What is certain of a statement that is stopped now, if anything is: what follows "the statement".
    pub(super) fn certainty(&self) -> Option<&'static str> {
        self.stage().certainty()
    }

    /// Whether the running step's own work is done, and only something beside it is waited for.
    pub(crate) fn is_beside(&self) -> bool {
        self.beside.load(Ordering::Relaxed)
    }
}

impl Scene {
    /// The settings in force: those of the cell's `%%cql` line, else the notebook's as they are now.
    pub(crate) fn settings(&self) -> CellSettings {
        self.own.clone().unwrap_or_else(|| CellSettings::of(&self.notebook.state().settings))
    }

    /// Changes a setting: of the notebook and, inside a `%%cql` cell, of the rest of the cell too.
    pub(crate) fn change<T>(
        &mut self,
        change: impl Fn(&mut Settings) -> Result<T, Diagnostic>,
    ) -> Result<T, Diagnostic> {
        if let Some(own) = &mut self.own {
            change(&mut own.settings)?;
        }
        change(&mut self.notebook.state().settings)
    }

    fn cell(&self) -> MutexGuard<'_, Option<Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The cell's connection.
    pub(crate) fn connection(&self) -> Option<Open> {
        self.cell().clone()
    }

    /// Makes a connection the cell's and the notebook's, or leaves both without one. Gives the notebook's before it.
    pub(crate) fn connect(&self, open: Option<Open>) -> Option<Open> {
        self.cell().clone_from(&open);
        std::mem::replace(&mut self.notebook.state().open, open)
    }

    /// Goes on with `connection`, another handle of the connection `number`, for the rest of the cell.
    pub(crate) fn enter(&self, number: u64, connection: &Connection) {
        if let Some(open) = self.cell().as_mut().filter(|open| open.number == number) {
            open.connection = connection.clone();
        }
    }

    /// Does as a `USE` does: goes on with `connection` in this cell and in those that begin from now on.
    pub(crate) fn use_keyspace(&self, number: u64, connection: &Connection) {
        self.enter(number, connection);
        if let Some(open) = self.notebook.state().open.as_mut().filter(|open| open.number == number) {
            open.connection = connection.clone();
        }
    }

    /// The cell's connection, or `NOT_CONNECTED` with the names that can be opened.
    pub(crate) fn open(&self) -> Result<Open, Diagnostic> {
        self.connection().ok_or_else(|| {
            let diagnostic = Diagnostic::new(Code::NotConnected, "The notebook is not connected.").with_hint(
                "`%connect astra` connects to Astra DB, `%connect cassandra --host HOST` to a cluster.",
            );
            let names = self.notebook.shelf.names();
            if names.is_empty() {
                return diagnostic;
            }
            let more = names.len().saturating_sub(NAMES);
            let mut names: Vec<_> =
                names.iter().take(NAMES).map(|name| format!("`%connect {}`", magic::quoted(name))).collect();
            if more > 0 {
                names.push(format!("and {more} more, which `%connections` lists"));
            }
            diagnostic.with_hint(format!("Saved connections: {}.", names.join(", ")))
        })
    }

    /// Shows an output of its own.
    pub(crate) async fn show(&self, bundle: MimeBundle) {
        self.io.display(mime(bundle)).await;
    }

    /// Shows rows: the last step's are the cell's result.
    pub(crate) async fn show_rows(&self, bundle: MimeBundle) {
        if self.last {
            self.io.result(mime(bundle)).await;
        } else {
            self.io.display(mime(bundle)).await;
        }
    }

    /// Shows one sentence.
    pub(crate) async fn say(&self, sentence: impl AsRef<str>) {
        self.show(render::sentence(sentence.as_ref())).await;
    }

    /// Says how far the running step is: `label` and, where something is counted, how much is done and of what.
    pub(crate) async fn progress(&self, label: &str, done: Option<u64>, of: &str) {
        let bundle = render::progress(label, done, None, of);
        let shown = self.live.get().as_ref().map(|(id, _)| id.clone());
        let id = shown.clone().unwrap_or_else(DisplayId::new);
        *self.live.get() = Some((id.clone(), bundle.plain.clone()));
        match shown {
            Some(id) => self.io.update(mime(bundle), &id).await,
            None => self.io.display_with_id(mime(bundle), id).await,
        }
    }

    /// Says what is waited for beside the running step's own work, which is done: an interrupt ends the wait and nothing else.
    pub(crate) async fn progress_beside(&self, label: &str, farewell: &str) {
        self.progress(label, None, "").await;
        self.if_stopped(farewell);
        self.live.beside.store(true, Ordering::Relaxed);
    }

    /// Shows what came of the running step, in the place of its progress where there is one.
    pub(crate) async fn conclude(&self, bundle: MimeBundle) {
        self.live.farewell().take();
        self.live.beside.store(false, Ordering::Relaxed);
        let shown = self.live.get().take();
        match shown {
            Some((id, _)) => self.io.update(mime(bundle), &id).await,
            None => self.show(bundle).await,
        }
    }

    /// What a step that is stopped from now on says of how to go on: a whole sentence.
    pub(crate) fn if_stopped(&self, sentence: &str) {
        *self.live.farewell() = Some(sentence.to_owned());
    }

    /// Leaves no progress that goes on for ever behind a step that failed or was interrupted.
    pub(crate) async fn stop_progress(&self) {
        let shown = self.live.get().take();
        if let Some((id, last)) = shown {
            let last = last.trim_end_matches('.');
            let farewell = self.live.farewell().take().map(|sentence| format!(" {sentence}"));
            let text = format!("Stopped. {last}.{}", farewell.unwrap_or_default());
            self.io.update(mime(render::sentence(&text)), &id).await;
        }
    }

    /// Shows a failure that does not end the cell.
    pub(crate) async fn complain(&self, diagnostic: &Diagnostic) {
        let error = {
            let mut positions = self.positions.lock().unwrap_or_else(PoisonError::into_inner);
            render::diagnostic_at(&self.source, diagnostic, &mut positions)
        };
        self.io.traceback(&error).await;
    }

    /// Asks the user; `None` where the frontend cannot ask or the answer never came.
    pub(crate) async fn ask(&self, prompt: &str, hidden: bool) -> Result<Option<Secret>, Diagnostic> {
        if !self.allow_stdin {
            return Ok(None);
        }
        match self.io.input(prompt, hidden).await {
            Ok(answer) => Ok(Some(Secret::new(String::clone(&answer)))),
            Err(InputError::NotAllowed | InputError::Closed) => Ok(None),
            Err(InputError::Interrupted) => Err(interrupted("The question was not answered.")),
        }
    }
}

#[async_trait::async_trait]
impl Desk for Scene {
    async fn ask(&self, prompt: &str, hidden: bool) -> Result<Option<Secret>, Diagnostic> {
        Scene::ask(self, prompt, hidden).await
    }

    fn can_ask(&self) -> bool {
        self.allow_stdin
    }

    async fn show(&self, bundle: MimeBundle) {
        Scene::show(self, bundle).await;
    }

    async fn progress(&self, label: &str) {
        Scene::progress(self, label, None, "").await;
    }

    async fn conclude(&self, bundle: MimeBundle) {
        Scene::conclude(self, bundle).await;
    }

    fn timeout(&self) -> Duration {
        self.settings().settings.timeout
    }

    fn folder(&self) -> &Path {
        &self.notebook.folder
    }

    fn home(&self) -> Option<&Path> {
        self.notebook.home.as_deref()
    }
}

/// What is said when the user stopped a step.
pub(crate) fn interrupted(done: &str) -> Diagnostic {
    Diagnostic::new(Code::Interrupted, "Interrupted.").with_cause(done)
}

/// A rendered output as Jupyter carries it.
pub(crate) fn mime(bundle: MimeBundle) -> cqlbook_wire::MimeBundle {
    let mut out = cqlbook_wire::MimeBundle::new();
    if let Some(html) = bundle.html {
        out = out.with("text/html", html);
    }
    if let Some(markdown) = bundle.markdown {
        out = out.with("text/markdown", markdown);
    }
    // A chart that is no JSON would be our own mistake; its twins are shown then.
    if let Some(chart) = bundle.vega_lite.and_then(|text| serde_json::from_str::<Value>(&text).ok()) {
        out = out.with("application/vnd.vegalite.v5+json", chart);
    }
    if let Some(picture) = bundle.picture {
        let metadata = json!({"width": picture.width, "height": picture.height, "alt": picture.alt});
        out = out.with("image/png", Base64::encode_string(&picture.png)).with_metadata("image/png", metadata);
    }
    out.with("text/plain", render::terminal(&bundle.plain).into_owned())
}

/// A page of help as Jupyter carries it. Nothing but a [`Markdown`], in which what came from outside is quoted, becomes one.
pub(crate) fn help_page(text: &Markdown) -> cqlbook_wire::MimeBundle {
    let plain = render::terminal(text).into_owned();
    cqlbook_wire::MimeBundle::new().with("text/markdown", text.to_string()).with("text/plain", plain)
}
