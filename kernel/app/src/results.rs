//! Results that the notebook keeps: the last one under `_`, named ones under their names.
//!
//! Pages are kept as they came. What is kept is bounded in bytes and counted; the oldest unnamed result goes first.

use std::collections::BTreeMap;
use std::sync::Arc;

use cqlbook_core::column::Column;
use cqlbook_core::page::Page;
use cqlbook_core::render::Facts;

use crate::run::fetch::Continuation;

/// The name of the last result.
pub(crate) const LAST: &str = "_";

/// The most bytes of rows one result may bring into the kernel.
pub(crate) const RESULT_BYTES: usize = 256 << 20;
/// The most bytes of rows all kept results may hold together.
const TOTAL_BYTES: usize = 1 << 30;

/// A result as it is kept.
#[derive(Clone)]
pub(crate) struct Kept {
    /// Its columns.
    pub(crate) columns: Arc<[Column]>,
    /// Its pages in order.
    pub(crate) pages: Vec<Arc<dyn Page>>,
    /// What its footer says.
    pub(crate) facts: Facts,
    /// How to fetch what the server still has, if anything.
    pub(crate) rest: Option<Arc<Continuation>>,
    /// How many rows have been drawn, for `%more`.
    pub(crate) drawn: usize,
}

impl Kept {
    /// The rows that are here.
    pub(crate) fn rows(&self) -> usize {
        self.pages.iter().map(|page| page.rows()).sum()
    }

    /// The bytes its rows occupy.
    pub(crate) fn size_bytes(&self) -> usize {
        self.pages.iter().map(|page| page.size_bytes()).sum()
    }
}

/// How `%show` drew a result, so that `%more` goes on with it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Drawing {
    /// The result's name.
    pub(crate) name: String,
    /// The columns that were asked for; none for all.
    pub(crate) columns: Vec<String>,
    /// What it was sorted by.
    pub(crate) sort: Option<String>,
    /// One row under the other.
    pub(crate) vertical: bool,
    /// How many rows are drawn at a time.
    pub(crate) rows: usize,
    /// The first row that was not drawn.
    pub(crate) next: usize,
}

/// All kept results by name.
#[derive(Default)]
pub(crate) struct Results {
    kept: BTreeMap<String, Kept>,
    /// What `%show` drew after the last result came.
    pub(crate) drawing: Option<Drawing>,
    /// Named results in the order they were made, the oldest first.
    age: Vec<String>,
}

impl Results {
    /// Keeps `result` as the last one and, where given, under `name`. Returns the names dropped to make room.
    pub(crate) fn keep(&mut self, result: Kept, name: Option<&str>) -> Vec<String> {
        if let Some(name) = name {
            self.age.retain(|old| old != name);
            self.age.push(name.to_owned());
            self.kept.insert(name.to_owned(), result.clone());
        }
        self.kept.insert(LAST.to_owned(), result);
        self.drawing = None;
        self.make_room(name)
    }

    /// The result called `name`.
    pub(crate) fn get(&self, name: &str) -> Option<&Kept> {
        self.kept.get(name)
    }

    /// Replaces what is kept under `name` (after `%more` fetched on); an alias of it is replaced too.
    pub(crate) fn replace(&mut self, name: &str, result: &Kept) {
        let same = |old: &Kept| match (old.pages.first(), result.pages.first()) {
            (Some(old), Some(new)) => Arc::ptr_eq(old, new),
            _ => false,
        };
        for (key, old) in &mut self.kept {
            if key == name || same(old) {
                old.clone_from(result);
            }
        }
    }

    /// Forgets the result called `name`; false when there is none.
    pub(crate) fn forget(&mut self, name: &str) -> bool {
        self.age.retain(|old| old != name);
        self.kept.remove(name).is_some()
    }

    /// Every kept result with its name, in the order of names.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Kept)> {
        self.kept.iter().map(|(name, kept)| (name.as_str(), kept))
    }

    fn total_bytes(&self) -> usize {
        // The last result often has a name too; its pages are counted once.
        let mut seen = std::collections::HashSet::new();
        self.kept
            .values()
            .flat_map(|kept| &kept.pages)
            .filter(|page| seen.insert(Arc::as_ptr(page).cast::<()>()))
            .map(|page| page.size_bytes())
            .sum()
    }

    fn make_room(&mut self, newest: Option<&str>) -> Vec<String> {
        let mut dropped = Vec::new();
        while self.total_bytes() > TOTAL_BYTES {
            let Some(index) = self.age.iter().position(|name| Some(name.as_str()) != newest) else { break };
            let name = self.age.remove(index);
            self.kept.remove(&name);
            dropped.push(name);
        }
        dropped
    }
}
