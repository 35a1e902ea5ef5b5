//! What is said under a table, and after a statement without rows.

use crate::render::escape::visible_prose;
use crate::render::{Facts, units};
use crate::text::floor_boundary;

/// Rows shown of rows fetched, and whether there are more: `50 of 10000 rows, more exist`.
pub(super) fn rows(shown: usize, first: usize, facts: &Facts) -> String {
    let fetched = facts.rows_fetched.max(first + shown);
    let mut text = if fetched == 0 {
        "0 rows".to_owned()
    } else {
        format!("{shown} of {fetched} {}", if fetched == 1 { "row" } else { "rows" })
    };
    if first > 0 && shown > 0 {
        text.push_str(&format!(", from row {}", first + 1));
    }
    if facts.more {
        text.push_str(", more exist in the database");
    }
    text
}

/// How it was executed: elapsed time, consistency, coordinator or that there was none, the name it is kept under.
pub(in crate::render) fn execution(facts: &Facts) -> Vec<String> {
    let mut parts = vec![units::duration(facts.elapsed)];
    parts.extend(facts.consistency.as_deref().map(visible_prose));
    parts.extend(facts.coordinator.as_deref().map(|node| format!("coordinator {}", visible_prose(node))));
    parts.extend(facts.computed_here.then(|| "computed on this machine".to_owned()));
    parts.extend(facts.kept_as.as_deref().map(|name| format!("kept as {}", visible_prose(name))));
    parts
}

/// The server's warnings, each as a line.
pub(in crate::render) fn warnings(facts: &Facts) -> impl Iterator<Item = String> {
    facts.warnings.iter().map(|warning| {
        let text = visible_prose(warning);
        let (shown, rest) = text.split_at(floor_boundary(&text, 4_000));
        format!("Warning from the server: {shown}{}", if rest.is_empty() { "" } else { "…" })
    })
}
