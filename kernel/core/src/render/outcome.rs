//! What a statement without rows answers, and how far a long one has come.

use super::{Facts, MimeBundle};

/// The outcome of a statement without rows: `summary` is a sentence, e.g. `Table created.`; the footer has the facts.
pub fn outcome(summary: &str, _facts: &Facts) -> MimeBundle {
    MimeBundle { html: None, plain: summary.to_owned(), markdown: None }
}

/// How far a long action has come, for `display_data` and then `update_display_data`.
///
/// `done` and `total` count the same thing, named by `note` (e.g. `rows`); without a total the bar has no end.
pub fn progress(label: &str, _done: Option<u64>, _total: Option<u64>, _note: &str) -> MimeBundle {
    MimeBundle { html: None, plain: label.to_owned(), markdown: None }
}
