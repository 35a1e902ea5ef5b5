//! What is said where rows that could not be loaded cannot be set aside in their file: none of them is lost without a word.

use cqlbook_core::diagnostic::{Code, Diagnostic};
use cqlbook_core::render;

use crate::explain::file::{self, Doing};
use crate::import::{LoadError, Told};

/// Of a load whose rows could not be set aside; `ended` tells why it had ended before all rows were dealt with.
pub(super) fn impossible(
    because: &LoadError,
    rows: &Told,
    written: u64,
    ended: Option<Diagnostic>,
) -> Diagnostic {
    let (place, cause, hint) = match because {
        LoadError::Rejected { path, source } => {
            let (cause, hint) = file::trouble(source, path, Doing::Writing);
            (format!("{} cannot be written", path.display()), cause, Some(hint))
        }
        LoadError::Changed(_) => {
            ("the file was changed meanwhile".to_owned(), format!("Of the file: {because}."), None)
        }
        other => ("the file cannot be read again".to_owned(), format!("Of the file: {other}."), None),
    };
    let count = render::count(rows.count);
    let cause = format!("{cause} {}", listed(rows));
    let diagnostic = match ended {
        None => Diagnostic::new(
            Code::ImportFailed,
            format!(
                "All rows were read, and {} were loaded. Those that could not be, {count}, cannot be set aside: {place}.",
                render::count(written)
            ),
        )
        .with_cause(cause),
        Some(mut ended) => {
            let also = format!("Rows that could not be loaded, {count}, cannot be set aside: {place}. {cause}");
            ended.cause = Some(ended.cause.map_or_else(|| also.clone(), |cause| format!("{cause} {also}")));
            ended
        }
    };
    match hint {
        Some(hint) => diagnostic.with_hint(hint),
        None => diagnostic,
    }
}

/// The rows as a sentence: the first of them, and how many there are besides.
fn listed(rows: &Told) -> String {
    let first: Vec<_> = rows
        .first
        .iter()
        .map(|(line, reason)| format!("line {line}: {}", reason.trim_end_matches('.')))
        .collect();
    let more = rows.count.saturating_sub(first.len() as u64);
    let more = if more > 0 { format!("; and {} more", render::count(more)) } else { String::new() };
    format!("They are: {}{more}.", first.join("; "))
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    fn rows(count: u64) -> Told {
        let row = |line: u64| (line, format!("k: `{line}x` is no int."));
        Told { count, first: (2..=count.min(3) + 1).map(row).collect() }
    }

    #[test]
    fn neither_the_rows_nor_the_reason_for_an_early_end_are_lost() {
        let full = LoadError::Rejected {
            path: "/data/a.csv.rejected".into(),
            source: io::ErrorKind::StorageFull.into(),
        };
        let told = |diagnostic: Diagnostic| {
            format!(
                "{}\n{}\n{}",
                diagnostic.message,
                diagnostic.cause.unwrap_or_default(),
                diagnostic.hints.join(" ")
            )
        };
        insta::assert_snapshot!(told(impossible(&full, &rows(1), 5, None)), @"
        All rows were read, and 5 were loaded. Those that could not be, 1, cannot be set aside: /data/a.csv.rejected cannot be written.
        No space left on the disk. They are: line 2: k: `2x` is no int.
        Free space on the disk, or write to another one.
        ");
        insta::assert_snapshot!(told(impossible(&LoadError::Changed(1), &rows(30), 5, None)), @"
        All rows were read, and 5 were loaded. Those that could not be, 30, cannot be set aside: the file was changed meanwhile.
        Of the file: the file was changed while it was loaded: 1 of the rows that could not be loaded are not in it any more. They are: line 2: k: `2x` is no int; line 3: k: `3x` is no int; line 4: k: `4x` is no int; and 27 more.
        ");
        let ended =
            Diagnostic::new(Code::ImportFailed, "The import stopped after 5 rows.").with_cause("Too many.");
        insta::assert_snapshot!(told(impossible(&full, &rows(2), 5, Some(ended))), @"
        The import stopped after 5 rows.
        Too many. Rows that could not be loaded, 2, cannot be set aside: /data/a.csv.rejected cannot be written. No space left on the disk. They are: line 2: k: `2x` is no int; line 3: k: `3x` is no int.
        Free space on the disk, or write to another one.
        ");
    }
}
