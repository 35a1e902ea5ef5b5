//! What a notebook's session holds: its connection, settings, parameters and kept results.
//!
//! One lock, held for moments and never across an `await`. Everything dies with the kernel.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cqlbook_cluster::Connection;
use cqlbook_core::settings::Settings;
use cqlbook_vault::Destination;

use crate::compute::Engine;
use crate::connect::recipe::Recipe;
use crate::connect::shelf::Shelf;
use crate::results::Results;
use crate::trace::kept::Traces;

/// An open connection with what the notebook knows of it.
#[derive(Clone)]
pub(crate) struct Open {
    /// The connection, as a handle for statements under the keyspace in use. A `USE` makes another handle.
    pub(crate) connection: Connection,
    /// What it was made from.
    pub(crate) recipe: Arc<Recipe>,
    /// Where it led when it was made. Who asks for more secrets for it asks for this place.
    pub(crate) led_to: Destination,
    /// Counts connections, so that a result knows which one it came from.
    pub(crate) number: u64,
}

impl Open {
    /// Whether it is Astra.
    pub(crate) fn is_astra(&self) -> bool {
        self.connection.facts().astra
    }
}

/// The session's state.
#[derive(Default)]
pub(crate) struct State {
    /// The settings of the notebook.
    pub(crate) settings: Settings,
    /// The connection in use.
    pub(crate) open: Option<Open>,
    /// How many connections have been opened.
    pub(crate) opened: u64,
    /// Bind values: names to CQL literals.
    pub(crate) params: BTreeMap<String, String>,
    /// Kept results.
    pub(crate) results: Results,
    /// The file that rows are captured to.
    pub(crate) capture: Option<PathBuf>,
    /// Known traces.
    pub(crate) traces: Traces,
}

/// A notebook's session.
pub(crate) struct Notebook {
    state: Mutex<State>,
    /// The connections that have names.
    pub(crate) shelf: Shelf,
    /// Who computes local SQL.
    pub(crate) engine: Engine,
    /// The notebook's folder, where relative paths start.
    pub(crate) folder: PathBuf,
    /// The user's home folder, for `~`.
    pub(crate) home: Option<PathBuf>,
}

impl Notebook {
    /// A new session in the current folder, which Jupyter sets to the notebook's.
    pub(crate) fn new() -> Self {
        Self {
            state: Mutex::default(),
            shelf: Shelf::of_user(),
            engine: Engine::default(),
            folder: std::env::current_dir().unwrap_or_default(),
            home: etcetera::home_dir().ok(),
        }
    }

    /// The state. A panic elsewhere does not make it unusable: every change of it is one assignment.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The path a user typed, resolved.
    pub(crate) fn path(&self, typed: &str) -> PathBuf {
        crate::connect::fields::resolve_path(typed, &self.folder, self.home.as_deref())
    }

    /// A path as the user would type it: a notebook that is passed on says nothing of this machine's folders.
    pub(crate) fn shown(&self, path: &Path) -> String {
        path.strip_prefix(&self.folder).unwrap_or(path).display().to_string()
    }

    /// The connection in use, which the next cell begins with. A cell asks its scene, which keeps to the one it began with.
    pub(crate) fn open(&self) -> Option<Open> {
        self.state().open.clone()
    }
}
