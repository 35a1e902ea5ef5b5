//! Rows on their way into the kernel: they are counted as they come, together with what is kept, and what they are to replace
//! gives way to them before both are here.

use std::sync::Arc;

use super::{Kept, LAST, RESULT_BYTES, Results, TOTAL_BYTES};
use crate::notebook::Notebook;

/// What becomes of the rows.
enum Fate {
    /// A new result: the last one, and under this name.
    New {
        name: Option<String>,
        /// The results that it replaces, as long as they are there.
        replaced: Vec<u64>,
    },
    /// They go behind a result that is kept.
    Behind,
    /// They are looked at and not kept.
    Passing,
}

/// Why no more rows are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Full {
    /// It is as much as one statement may bring.
    Statement,
    /// It is as much as all results may hold.
    Kernel,
}

/// Rows of one statement that are being fetched. When it is dropped they are counted no more.
pub(crate) struct Incoming {
    notebook: Arc<Notebook>,
    fate: Fate,
    bytes: usize,
    /// The names of results that were dropped to make room.
    dropped: Vec<String>,
    /// Whether the last result was let go before the new one was here.
    has_let_go: bool,
}

impl Incoming {
    /// Rows of a new result.
    pub(crate) fn new(notebook: &Arc<Notebook>, name: Option<&str>) -> Self {
        let name = name.filter(|name| *name != LAST).map(str::to_owned);
        let replaced = notebook.state().results.replaced_by(name.as_deref());
        Self::of(notebook, Fate::New { name, replaced })
    }

    /// Rows for a result that is kept.
    pub(crate) fn behind(notebook: &Arc<Notebook>) -> Self {
        Self::of(notebook, Fate::Behind)
    }

    /// Rows that are not kept.
    pub(crate) fn passing(notebook: &Arc<Notebook>) -> Self {
        Self::of(notebook, Fate::Passing)
    }

    fn of(notebook: &Arc<Notebook>, fate: Fate) -> Self {
        Self { notebook: Arc::clone(notebook), fate, bytes: 0, dropped: Vec::new(), has_let_go: false }
    }

    /// Counts rows that have come; why no more are to be asked for, where that is so.
    pub(crate) fn take(&mut self, bytes: usize) -> Option<Full> {
        self.bytes += bytes;
        let notebook = Arc::clone(&self.notebook);
        let results = &mut notebook.state().results;
        results.incoming += bytes;
        if let Fate::New { name, replaced } = &mut self.fate {
            let old: usize = replaced.iter().filter_map(|number| results.sizes.get(number)).sum();
            // The new result and those that it replaces have the room of one.
            if old > 0 && old + self.bytes > RESULT_BYTES {
                results.let_go(replaced);
                self.has_let_go = true;
            }
            self.dropped.extend(results.make_room(name.as_deref(), TOTAL_BYTES - 1));
        }
        if self.bytes >= RESULT_BYTES {
            Some(Full::Statement)
        } else if results.total_bytes() >= TOTAL_BYTES && !matches!(self.fate, Fate::Passing) {
            Some(Full::Kernel)
        } else {
            None
        }
    }

    /// Keeps the result that the rows are. Returns the names dropped to make room.
    pub(crate) fn keep(mut self, result: Kept) -> Vec<String> {
        let mut dropped = std::mem::take(&mut self.dropped);
        let name = match &mut self.fate {
            Fate::New { name, .. } => name.take(),
            Fate::Behind | Fate::Passing => None,
        };
        let notebook = Arc::clone(&self.notebook);
        let results = &mut notebook.state().results;
        // In one step with the keeping, so that they are counted once.
        results.incoming = results.incoming.saturating_sub(std::mem::take(&mut self.bytes));
        dropped.extend(results.keep(result, name.as_deref()));
        dropped
    }

    /// What is to be said where the rows never became a result, though others gave way to them.
    pub(crate) fn given_way(&self) -> Option<String> {
        let names = self.dropped.iter().map(|name| format!("`{name}`"));
        let names: Vec<_> =
            self.has_let_go.then(|| "the last result".to_owned()).into_iter().chain(names).collect();
        (!names.is_empty()).then(|| format!("Forgotten to make room: {}.", names.join(", ")))
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        let results = &mut self.notebook.state().results;
        results.incoming = results.incoming.saturating_sub(self.bytes);
    }
}

impl Results {
    /// The results that a new one replaces: the last one where it has no name, and the one of the same name.
    fn replaced_by(&self, name: Option<&str>) -> Vec<u64> {
        let stays = |number: u64| {
            self.kept
                .iter()
                .any(|(other, kept)| kept.number == number && other != LAST && Some(other.as_str()) != name)
        };
        let replaced = [Some(LAST), name].into_iter().flatten().filter_map(|name| self.kept.get(name));
        let mut numbers: Vec<_> = replaced.map(|kept| kept.number).filter(|number| !stays(*number)).collect();
        numbers.dedup();
        numbers
    }

    /// Lets results go under all of their names.
    fn let_go(&mut self, numbers: &mut Vec<u64>) {
        let kept = &mut self.kept;
        for number in numbers.drain(..) {
            kept.retain(|_, kept| kept.number != number);
        }
        self.age.retain(|name| kept.contains_key(name));
        self.tidy();
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{names, result};
    use super::*;

    const MEGABYTE: usize = 1 << 20;

    fn notebook() -> Arc<Notebook> {
        Arc::new(Notebook::new())
    }

    fn total(notebook: &Notebook) -> usize {
        notebook.state().results.total_bytes()
    }

    fn kept(notebook: &Notebook) -> Vec<String> {
        names(&notebook.state().results).into_iter().map(str::to_owned).collect()
    }

    /// Takes megabytes until no more are to be asked for.
    fn fill(incoming: &mut Incoming, most: usize) -> (usize, Option<Full>) {
        for taken in 1..=most {
            if let Some(full) = incoming.take(MEGABYTE) {
                return (taken, Some(full));
            }
        }
        (most, None)
    }

    #[test]
    fn a_new_result_and_the_one_it_replaces_have_the_room_of_one() {
        let notebook = notebook();
        notebook.state().results.keep(result(200 * MEGABYTE), None);
        let mut incoming = Incoming::new(&notebook, None);
        assert_eq!(fill(&mut incoming, 56), (56, None));
        assert_eq!(kept(&notebook), ["_"], "there is room for both");
        assert_eq!(incoming.given_way(), None);
        assert_eq!(incoming.take(MEGABYTE), None);
        assert!(notebook.state().results.get("_").is_none());
        assert_eq!(total(&notebook), 57 * MEGABYTE);
        assert_eq!(incoming.given_way().as_deref(), Some("Forgotten to make room: the last result."));
        assert_eq!(fill(&mut incoming, 1000), (199, Some(Full::Statement)));
        incoming.keep(result(256 * MEGABYTE));
        assert_eq!((kept(&notebook), total(&notebook)), (vec!["_".to_owned()], 256 * MEGABYTE));
    }

    #[test]
    fn what_has_another_name_is_not_replaced() {
        let notebook = notebook();
        notebook.state().results.keep(result(200 * MEGABYTE), Some("big"));
        let mut incoming = Incoming::new(&notebook, Some("other"));
        assert_eq!(fill(&mut incoming, 100), (100, None));
        assert_eq!(kept(&notebook), ["_", "big"]);
        drop(incoming);
        assert_eq!(total(&notebook), 200 * MEGABYTE, "what never became a result is not counted");
        let mut incoming = Incoming::new(&notebook, Some("big"));
        assert_eq!(fill(&mut incoming, 100), (100, None));
        assert_eq!((kept(&notebook), total(&notebook)), (vec![], 100 * MEGABYTE));
    }

    #[test]
    fn all_rows_together_are_bounded_while_they_come() {
        let notebook = notebook();
        for name in ["a", "b", "c", "d"] {
            notebook.state().results.keep(result(240 * MEGABYTE), Some(name));
        }
        let mut first = Incoming::new(&notebook, None);
        assert_eq!(fill(&mut first, 65), (65, None));
        assert_eq!(kept(&notebook), ["_", "b", "c", "d"], "the oldest gave way");
        assert!(total(&notebook) <= TOTAL_BYTES);
        // Those of another lane are counted, too; what goes behind a result drops none.
        let mut second = Incoming::behind(&notebook);
        let (taken, full) = fill(&mut second, 1000);
        assert_eq!((taken, full), (1024 - 720 - 65, Some(Full::Kernel)));
        assert_eq!(first.keep(result(65 * MEGABYTE)), ["a"]);
        drop(second);
        assert_eq!(total(&notebook), 785 * MEGABYTE);
    }
}
