//! The traces a notebook knows: bounded, the oldest forgotten first. A trace that was forgotten or is not whole can be read
//! again as long as the server keeps it.

use std::collections::VecDeque;
use std::sync::Arc;

use cqlbook_core::diagnostic::{Code, Diagnostic};
use cqlbook_core::trace::{Trace, TraceId};

/// The most traces that are known.
const ENTRIES: usize = 100;
/// The most events of all traces together; a trace beyond that is known by its id only.
const EVENTS: usize = 50_000;
/// Characters of an id that tell it from others in lists. Ids of one node differ in the first of them.
const SHORT: usize = 8;
/// Characters of a statement that are kept.
const STATEMENT: usize = 200;

/// A trace as it is known.
#[derive(Clone)]
pub(crate) struct Entry {
    /// The session's id.
    pub(crate) id: TraceId,
    /// The name its rows were kept under, which is a name of the trace too.
    pub(crate) name: Option<String>,
    /// The statement on one line.
    pub(crate) statement: String,
    /// What else is to be said of it in the list, e.g. which page it is of.
    pub(crate) note: String,
    /// How many rows the request returned, where it was ours.
    pub(crate) rows: Option<u64>,
    /// The connection it was seen on.
    pub(crate) connection: u64,
    /// The trace as far as it was read.
    pub(crate) trace: Option<Arc<Trace>>,
}

impl Entry {
    /// A trace of which nothing has been read.
    pub(crate) fn new(id: TraceId, statement: &str, connection: u64) -> Self {
        let one_line = statement.split_whitespace().collect::<Vec<_>>().join(" ");
        let statement = match one_line.char_indices().nth(STATEMENT) {
            Some((end, _)) => format!("{}…", &one_line[..end]),
            None => one_line,
        };
        Self { id, name: None, statement, note: String::new(), rows: None, connection, trace: None }
    }

    /// Whether it has been read to its end.
    pub(crate) fn is_whole(&self) -> bool {
        self.trace.as_ref().is_some_and(|trace| trace.recording().complete)
    }

    fn events(&self) -> usize {
        self.trace.as_ref().map_or(0, |trace| trace.recording().events.len())
    }
}

/// An id as lists show it, and as it can be typed.
pub(crate) fn short(id: TraceId) -> String {
    id.to_string().chars().take(SHORT).collect()
}

/// All that are known.
#[derive(Default)]
pub(crate) struct Traces {
    /// The newest first.
    entries: VecDeque<Entry>,
    /// Those that `_`, `__` and `___` stand for: the one that was shown last, and those before it.
    shown: VecDeque<TraceId>,
}

impl Traces {
    /// Keeps a trace, or what is newly known of one.
    pub(crate) fn keep(&mut self, entry: Entry) {
        match self.entries.iter_mut().find(|known| known.id == entry.id) {
            Some(known) => *known = entry,
            None => self.entries.push_front(entry),
        }
        self.entries.truncate(ENTRIES);
        let mut events = 0;
        for entry in &mut self.entries {
            events += entry.events();
            if events > EVENTS && entry.trace.is_some() && entry.events() < events {
                events -= entry.events();
                entry.trace = None;
            }
        }
    }

    /// Makes it the one that `_` stands for.
    pub(crate) fn is_last(&mut self, id: TraceId) {
        self.shown.retain(|known| *known != id);
        self.shown.push_front(id);
        self.shown.truncate(3);
    }

    /// The newest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }

    /// The trace of that id.
    pub(crate) fn get(&self, id: TraceId) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.id == id)
    }

    /// What `_`, `__` or `___` stand for now.
    pub(crate) fn back(&self, steps: usize) -> Option<TraceId> {
        self.shown.get(steps).copied()
    }

    /// The trace that a word means: `_`, `__`, `___`, the name of a kept result, an id, or the start of a known id.
    ///
    /// # Errors
    /// `USAGE` where it means none, or more than one.
    pub(crate) fn find(&self, word: &str) -> Result<TraceId, Diagnostic> {
        if !word.is_empty() && word.chars().all(|c| c == '_') {
            return self.back(word.len() - 1).ok_or_else(|| match word {
                "_" => Diagnostic::new(Code::Usage, "There is no trace yet.")
                    .with_hint("`%trace on` traces every statement, and `%%cql --trace` those of one cell."),
                _ => Diagnostic::new(
                    Code::Usage,
                    format!("There are not so many traces that `{word}` is one."),
                )
                .with_hint("`%trace list` lists them."),
            });
        }
        if let Some(entry) = self.entries.iter().find(|entry| entry.name.as_deref() == Some(word)) {
            return Ok(entry.id);
        }
        if let Ok(id) = word.parse() {
            return Ok(id);
        }
        let typed = word.to_ascii_lowercase();
        let fits = |entry: &&Entry| !typed.is_empty() && entry.id.to_string().starts_with(&typed);
        let found: Vec<_> = self.entries.iter().filter(fits).collect();
        match found[..] {
            [entry] => Ok(entry.id),
            [] => Err(Diagnostic::new(Code::Usage, format!("No trace is known by `{word}`."))
                .with_hint("`%trace list` lists those of this notebook. A trace of somebody else is named by its whole id.")),
            [..] => {
                let ids: Vec<_> = found.iter().take(5).map(|entry| format!("`{}`", entry.id)).collect();
                Err(Diagnostic::new(Code::Usage, format!("The ids of {} traces start with `{word}`.", found.len()))
                    .with_hint(format!("Type more of it: {}.", ids.join(", "))))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use cqlbook_core::trace::{Event, Recording, Session};

    use super::*;

    fn id(text: &str) -> TraceId {
        text.parse().unwrap()
    }

    const A: &str = "aaaaaaaa-0000-11f0-8000-000000000001";
    const B: &str = "aaaabbbb-0000-11f0-8000-000000000002";
    const C: &str = "cccccccc-0000-11f0-8000-000000000003";

    fn traces() -> Traces {
        let mut traces = Traces::default();
        for text in [A, B, C] {
            traces.keep(Entry::new(id(text), "SELECT *\n  FROM t", 1));
            traces.is_last(id(text));
        }
        traces
    }

    fn with_events(text: &str, count: usize) -> Entry {
        let event = |at: usize| Event {
            event_id: TraceId::of_unix_us(at as i64, 1),
            activity: "x".to_owned(),
            source: "127.0.0.1".to_owned(),
            source_port: None,
            source_elapsed_us: Some(at as i64),
            thread: None,
        };
        let recording = Recording {
            session: Session { id: id(text), ..Session::default() },
            events: (0..count).map(event).collect(),
            ..Recording::default()
        };
        Entry { trace: Some(Arc::new(Trace::of(recording))), ..Entry::new(id(text), "", 1) }
    }

    #[test]
    fn a_trace_is_found_by_what_tells_it_from_the_others() {
        let mut traces = traces();
        assert_eq!(traces.find("_"), Ok(id(C)));
        assert_eq!(traces.find("__"), Ok(id(B)));
        assert_eq!(traces.find("___"), Ok(id(A)));
        assert_eq!(traces.find("c"), Ok(id(C)));
        assert_eq!(traces.find("AAAAB"), Ok(id(B)));
        let unknown = "dddddddd-0000-11f0-8000-000000000003";
        assert_eq!(traces.find(unknown), Ok(id(unknown)), "somebody else's");
        for wrong in ["", "aaaa", "d", "____", "before"] {
            assert_eq!(traces.find(wrong).unwrap_err().code, Code::Usage, "{wrong:?}");
        }
        traces.keep(Entry { name: Some("before".to_owned()), ..Entry::new(id(A), "SELECT 1", 1) });
        assert_eq!(traces.find("before"), Ok(id(A)));
        assert_eq!(traces.iter().count(), 3, "it was known already");
        assert_eq!(Traces::default().find("_").unwrap_err().code, Code::Usage);
    }

    #[test]
    fn a_statement_is_kept_on_one_line_and_cut() {
        assert_eq!(traces().get(id(A)).unwrap().statement, "SELECT * FROM t");
        assert_eq!(Entry::new(id(A), &"ü".repeat(1000), 1).statement.chars().count(), STATEMENT + 1);
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let mut traces = Traces::default();
        for number in 0..ENTRIES as i64 + 20 {
            traces.keep(Entry::new(TraceId::of_unix_us(number, 1), "SELECT 1", 1));
        }
        assert_eq!(traces.iter().count(), ENTRIES);
        let mut traces = Traces::default();
        traces.keep(with_events(A, EVENTS / 2 + 1));
        traces.keep(with_events(B, EVENTS / 2));
        assert!(traces.get(id(A)).unwrap().trace.is_none(), "the oldest is known by its id only");
        assert!(traces.get(id(B)).unwrap().trace.is_some());
        traces.keep(with_events(C, EVENTS + 1));
        assert!(traces.get(id(C)).unwrap().trace.is_some(), "the newest is kept whatever its size");
    }
}
