//! Picks what a `history_request` asks for. Pure; the semantics are those of IPython's `HistoryManager`.

use std::collections::HashSet;

use cqlbook_wire::{HistoryAccess, HistoryEntry};

use super::glob::Glob;

/// The entries asked for, oldest first: other sessions in the order of their numbers, then this one, whose number is `current`.
pub(super) fn select(
    mut others: Vec<HistoryEntry>,
    own: Vec<HistoryEntry>,
    current: i64,
    access: &HistoryAccess,
) -> Vec<HistoryEntry> {
    others.sort_by_key(|entry| (entry.session, entry.line));
    let all = others.into_iter().chain(own);
    match access {
        HistoryAccess::Tail { n } => last(all.collect(), *n),
        HistoryAccess::Range { session, start, stop } => {
            let session = if *session <= 0 { current.saturating_add(*session) } else { *session };
            range(all.filter(|entry| entry.session == session).collect(), *start, *stop)
        }
        HistoryAccess::Search { pattern, n, unique } => {
            let glob = Glob::new(pattern);
            let mut found: Vec<_> = all.filter(|entry| glob.fits(&entry.input)).collect();
            if *unique {
                let mut seen = HashSet::new();
                // The newest of equal inputs is the one that stays.
                found.reverse();
                found.retain(|entry| seen.insert(entry.input.clone()));
                found.reverse();
            }
            last(found, n.unwrap_or(usize::MAX))
        }
    }
}

fn last(mut entries: Vec<HistoryEntry>, n: usize) -> Vec<HistoryEntry> {
    entries.split_off(entries.len().saturating_sub(n))
}

/// Lines `start..stop` of a session. Negative ones count back from its end; a missing or zero `stop` is its end.
fn range(mut entries: Vec<HistoryEntry>, start: i64, stop: Option<i64>) -> Vec<HistoryEntry> {
    let end = entries.last().map_or(0, |entry| entry.line).saturating_add(1);
    let place = |line: i64| if line < 0 { end.saturating_add(line) } else { line };
    let lines = place(start)..stop.filter(|stop| *stop != 0).map_or(end, place);
    entries.retain(|entry| lines.contains(&entry.line));
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(session: i64, line: i64, input: &str) -> HistoryEntry {
        HistoryEntry { session, line, input: input.to_owned(), output: None }
    }

    /// What is found among sessions 1, 2, 4 (which runs beside) and 3 (this one), as `session:line input`.
    fn found(access: HistoryAccess) -> String {
        let others =
            vec![entry(1, 1, "a"), entry(2, 1, "b"), entry(4, 1, "a"), entry(2, 2, "a"), entry(2, 3, "c")];
        let own = vec![entry(3, 1, "d"), entry(3, 2, "a"), entry(3, 4, "e")];
        let found = select(others, own, 3, &access);
        let lines: Vec<_> =
            found.iter().map(|entry| format!("{}:{} {}", entry.session, entry.line, entry.input)).collect();
        lines.join(", ")
    }

    fn range(session: i64, start: i64, stop: Option<i64>) -> String {
        found(HistoryAccess::Range { session, start, stop })
    }

    fn search(pattern: &str, n: Option<usize>, unique: bool) -> String {
        found(HistoryAccess::Search { pattern: pattern.to_owned(), n, unique })
    }

    #[test]
    fn the_tail_ends_with_this_session() {
        assert_eq!(found(HistoryAccess::Tail { n: 5 }), "2:3 c, 4:1 a, 3:1 d, 3:2 a, 3:4 e");
        assert_eq!(found(HistoryAccess::Tail { n: 100 }).matches(':').count(), 8);
        assert_eq!(found(HistoryAccess::Tail { n: 0 }), "");
    }

    #[test]
    fn a_range_is_of_one_session() {
        assert_eq!(range(0, 1, Some(3)), "3:1 d, 3:2 a");
        assert_eq!(range(3, 2, None), "3:2 a, 3:4 e");
        assert_eq!(range(-1, 0, Some(0)), "2:1 b, 2:2 a, 2:3 c");
        assert_eq!(range(1, 1, Some(2)), "1:1 a");
        assert_eq!(range(0, -1, None), "3:4 e");
        assert_eq!(range(0, 1, Some(-1)), "3:1 d, 3:2 a");
        assert_eq!(range(7, 1, None), "");
        assert_eq!(range(i64::MIN, i64::MIN, Some(i64::MIN)), "");
    }

    #[test]
    fn a_search_takes_the_newest() {
        assert_eq!(search("a", None, false), "1:1 a, 2:2 a, 4:1 a, 3:2 a");
        assert_eq!(search("a", Some(2), false), "4:1 a, 3:2 a");
        assert_eq!(search("a", None, true), "3:2 a");
        assert_eq!(search("*", Some(3), true), "3:1 d, 3:2 a, 3:4 e");
        assert_eq!(search("?", None, true), "2:1 b, 2:3 c, 3:1 d, 3:2 a, 3:4 e");
    }
}
