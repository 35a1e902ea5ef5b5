//! Results that the notebook keeps: the last one under `_`, named ones under their names.
//!
//! Pages are kept as they came. **All rows in the kernel are counted, those that are being fetched too** (`results/incoming.rs`),
//! and together they are bounded. A result has a number of its own: names come and go, and what is fetched for a result goes to
//! the result of that number or to none.

mod incoming;

use std::collections::BTreeMap;
use std::sync::Arc;

use cqlbook_core::column::Column;
use cqlbook_core::page::Page;
use cqlbook_core::render::Facts;

pub(crate) use self::incoming::{Full, Incoming};
use crate::run::fetch::Continuation;

/// The name of the last result.
pub(crate) const LAST: &str = "_";

/// The most bytes of rows that one statement, or one `%more`, may bring into the kernel.
pub(crate) const RESULT_BYTES: usize = 256 << 20;
/// The most bytes of rows in the kernel: those of all kept results and those that are being fetched.
pub(crate) const TOTAL_BYTES: usize = 1 << 30;

/// A result as it is kept.
#[derive(Clone)]
pub(crate) struct Kept {
    /// Which result it is, whatever it is called: given when it is kept.
    pub(crate) number: u64,
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

/// How a result was drawn last, so that `%more` goes on with it.
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

/// What [`Results::forget`] did.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Forgotten {
    /// Its rows are gone; it was the last result, too.
    WithLast,
    /// Its rows are gone.
    Alone,
    /// Its rows are still kept under this name.
    StillAs(String),
}

/// All kept results by name.
#[derive(Default)]
pub(crate) struct Results {
    kept: BTreeMap<String, Kept>,
    /// What was drawn of a result after it came, by its number.
    drawings: BTreeMap<u64, Drawing>,
    /// The result that was drawn last.
    drawn_last: Option<u64>,
    /// Named results in the order they were made, the oldest first.
    age: Vec<String>,
    /// Results kept so far.
    count: u64,
    /// The bytes of each kept result, by its number: a result of two names is there once.
    sizes: BTreeMap<u64, usize>,
    /// The bytes of rows that are being fetched.
    incoming: usize,
}

impl Results {
    /// Keeps `result` as the last one and, where given, under `name`. Returns the names dropped to make room.
    pub(crate) fn keep(&mut self, mut result: Kept, name: Option<&str>) -> Vec<String> {
        self.count += 1;
        result.number = self.count;
        if let Some(name) = name.filter(|name| *name != LAST) {
            self.age.retain(|old| old != name);
            self.age.push(name.to_owned());
            self.kept.insert(name.to_owned(), result.clone());
        }
        self.sizes.insert(result.number, result.size_bytes());
        self.kept.insert(LAST.to_owned(), result);
        self.drawn_last = None;
        self.tidy();
        self.make_room(name, TOTAL_BYTES)
    }

    /// The result called `name`.
    pub(crate) fn get(&self, name: &str) -> Option<&Kept> {
        self.kept.get(name)
    }

    /// The name and the result that were drawn last, or the last result.
    pub(crate) fn last_drawn(&self) -> Option<(String, &Kept)> {
        let drawing = self.drawn_last.and_then(|number| self.drawings.get(&number));
        let drawn = drawing.and_then(|drawing| {
            let kept = self.kept.get(&drawing.name)?;
            (Some(kept.number) == self.drawn_last).then(|| (drawing.name.clone(), kept))
        });
        drawn.or_else(|| Some((LAST.to_owned(), self.kept.get(LAST)?)))
    }

    /// How a result was drawn last.
    pub(crate) fn drawing(&self, number: u64) -> Option<&Drawing> {
        self.drawings.get(&number)
    }

    /// Notes how a result was drawn; nothing of one that is not kept any more.
    pub(crate) fn drew(&mut self, number: u64, drawing: Drawing) {
        if self.sizes.contains_key(&number) {
            self.drawings.insert(number, drawing);
            self.drawn_last = Some(number);
        }
    }

    /// Adds pages behind those of a result, which `from` says how to fetch, under all of its names. The result as it is kept
    /// then: where somebody else has fetched the same meanwhile, theirs; `None` where it is not kept any more.
    pub(crate) fn extend(
        &mut self,
        number: u64,
        from: &Arc<Continuation>,
        pages: &[Arc<dyn Page>],
        rest: Option<Arc<Continuation>>,
        facts: impl Fn(&mut Facts),
    ) -> Option<Kept> {
        let mut now = None;
        for kept in self.kept.values_mut().filter(|kept| kept.number == number) {
            if kept.rest.as_ref().is_some_and(|rest| Arc::ptr_eq(rest, from)) {
                kept.pages.extend(pages.iter().cloned());
                kept.rest.clone_from(&rest);
                kept.facts.rows_fetched = kept.rows();
                kept.facts.more = rest.is_some();
                facts(&mut kept.facts);
                self.sizes.insert(number, kept.size_bytes());
            }
            now = Some(kept.clone());
        }
        now
    }

    /// Forgets the result called `name`; `None` when there is none. A result that is forgotten by its name is not kept as the
    /// last one either.
    pub(crate) fn forget(&mut self, name: &str) -> Option<Forgotten> {
        let number = self.kept.remove(name)?.number;
        self.age.retain(|old| old != name);
        let others: Vec<_> = self
            .kept
            .iter()
            .filter(|(_, kept)| kept.number == number)
            .map(|(name, _)| name.clone())
            .collect();
        let forgotten = match others.as_slice() {
            [] => Forgotten::Alone,
            [last] if last == LAST => {
                self.kept.remove(LAST);
                Forgotten::WithLast
            }
            [.., other] => Forgotten::StillAs(other.clone()),
        };
        self.tidy();
        Some(forgotten)
    }

    /// Every kept result with its name, in the order of names.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Kept)> {
        self.kept.iter().map(|(name, kept)| (name.as_str(), kept))
    }

    /// The bytes of all rows, kept or being fetched.
    fn total_bytes(&self) -> usize {
        self.sizes.values().sum::<usize>() + self.incoming
    }

    /// Whether nothing more may be fetched behind what is kept.
    pub(crate) fn are_full(&self) -> bool {
        self.total_bytes() >= TOTAL_BYTES
    }

    /// Takes out what belongs to results that are gone.
    fn tidy(&mut self) {
        let kept = &self.kept;
        let is_kept = |number: &u64| kept.values().any(|kept| kept.number == *number);
        self.sizes.retain(|number, _| is_kept(number));
        self.drawings.retain(|number, _| is_kept(number));
        self.drawn_last = self.drawn_last.filter(is_kept);
    }

    /// Drops the oldest named results, but for `newest`, until all rows are no more than so many bytes.
    fn make_room(&mut self, newest: Option<&str>, bytes: usize) -> Vec<String> {
        let mut dropped = Vec::new();
        while self.total_bytes() > bytes {
            let Some(index) = self.age.iter().position(|name| Some(name.as_str()) != newest) else { break };
            let name = self.age.remove(index);
            self.kept.remove(&name);
            self.tidy();
            dropped.push(name);
        }
        dropped
    }
}

#[cfg(test)]
mod testing {
    use std::ops::ControlFlow;

    use cqlbook_core::page::MalformedPage;

    use super::*;

    /// A page that says it is so large.
    #[derive(Debug)]
    pub(super) struct Large(pub(super) usize);

    impl Page for Large {
        fn columns(&self) -> &Arc<[Column]> {
            static NONE: std::sync::LazyLock<Arc<[Column]>> = std::sync::LazyLock::new(|| Arc::from([]));
            &NONE
        }

        fn rows(&self) -> usize {
            1
        }

        fn size_bytes(&self) -> usize {
            self.0
        }

        fn visit(
            &self,
            _start: usize,
            _visit: &mut dyn FnMut(&[Option<&[u8]>]) -> ControlFlow<()>,
        ) -> Result<(), MalformedPage> {
            Ok(())
        }
    }

    /// A result of so many bytes.
    pub(super) fn result(bytes: usize) -> Kept {
        let pages: Vec<Arc<dyn Page>> = vec![Arc::new(Large(bytes))];
        Kept { number: 0, columns: Arc::from([]), pages, facts: Facts::default(), rest: None, drawn: 0 }
    }

    pub(super) fn names(results: &Results) -> Vec<&str> {
        results.iter().map(|(name, _)| name).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::testing::{Large, names, result};
    use super::*;
    use crate::run::fetch::testing::continuation;

    const MEGABYTE: usize = 1 << 20;

    #[test]
    fn a_result_of_two_names_is_counted_once_and_forgotten_whole() {
        let mut results = Results::default();
        results.keep(result(100), Some("big"));
        assert_eq!((names(&results), results.total_bytes()), (vec!["_", "big"], 100));
        assert_eq!(results.forget("big"), Some(Forgotten::WithLast));
        assert_eq!((names(&results), results.total_bytes()), (vec![], 0));
        assert_eq!(results.forget("big"), None);

        results.keep(result(100), Some("big"));
        assert_eq!(results.forget("_"), Some(Forgotten::StillAs("big".to_owned())));
        assert_eq!((names(&results), results.total_bytes()), (vec!["big"], 100));
        results.keep(result(7), None);
        assert_eq!(results.forget("big"), Some(Forgotten::Alone), "the last one is another");
        assert_eq!((names(&results), results.total_bytes()), (vec!["_"], 7));
        results.keep(result(8), Some("_"));
        assert_eq!(
            (names(&results), results.total_bytes()),
            (vec!["_"], 8),
            "`_` is no name to be kept under"
        );
    }

    #[test]
    fn the_oldest_give_way_and_are_named() {
        let mut results = Results::default();
        for name in ["a", "b", "c", "d"] {
            assert!(results.keep(result(250 * MEGABYTE), Some(name)).is_empty());
        }
        assert_eq!(results.keep(result(250 * MEGABYTE), None), ["a"]);
        assert_eq!(names(&results), ["_", "b", "c", "d"]);
    }

    #[test]
    fn what_is_fetched_on_goes_to_its_result_or_nowhere() {
        let mut results = Results::default();
        let rest = Arc::new(continuation());
        results.keep(Kept { rest: Some(Arc::clone(&rest)), ..result(10) }, Some("a"));
        let number = results.get("a").unwrap().number;
        let page: [Arc<dyn Page>; 1] = [Arc::new(Large(5))];
        // A newer result came while it was fetched.
        results.keep(result(1000), None);
        let next = Arc::new(continuation());
        let now = results.extend(number, &rest, &page, Some(Arc::clone(&next)), |_| ()).unwrap();
        assert_eq!((now.rows(), now.facts.rows_fetched, now.facts.more), (2, 2, true));
        assert_eq!(results.get("_").unwrap().size_bytes(), 1000, "it is another result");
        assert_eq!((results.get("a").unwrap().rows(), results.total_bytes()), (2, 1015));
        // Somebody else had asked for the same rows.
        let now = results.extend(number, &rest, &page, None, |_| ()).unwrap();
        assert_eq!((now.rows(), now.facts.more), (2, true), "they are not there twice");
        results.extend(number, &next, &page, None, |_| ()).unwrap();
        assert_eq!((results.get("a").unwrap().rows(), results.total_bytes()), (3, 1020));
        results.forget("a");
        assert!(results.extend(number, &next, &page, None, |_| ()).is_none());
        assert_eq!(results.total_bytes(), 1000);
    }

    #[test]
    fn more_goes_on_with_what_was_drawn_last_and_each_result_has_its_own_place() {
        let mut results = Results::default();
        results.keep(result(1), Some("a"));
        results.keep(result(1), Some("b"));
        let last = |results: &Results| results.last_drawn().map(|(name, kept)| (name, kept.number)).unwrap();
        let number = |results: &Results, name: &str| results.get(name).unwrap().number;
        let (a, b) = (number(&results, "a"), number(&results, "b"));
        assert_eq!(last(&results), ("_".to_owned(), b));
        let drawing = |name: &str, next| Drawing { name: name.to_owned(), next, ..Drawing::default() };
        results.drew(a, drawing("a", 3));
        assert_eq!(last(&results), ("a".to_owned(), a));
        results.drew(b, drawing("b", 5));
        assert_eq!((results.drawing(a).unwrap().next, results.drawing(b).unwrap().next), (3, 5));
        results.keep(result(1), None);
        assert_eq!(last(&results).0, "_", "a new result is the one to go on with");
        results.keep(result(1), Some("a"));
        assert_eq!(results.drawing(a), None);
        results.drew(a, drawing("a", 9));
        assert_eq!(results.drawing(a), None, "it is gone");
    }
}
