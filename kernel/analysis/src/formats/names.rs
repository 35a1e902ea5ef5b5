//! Names of a file's columns: no two the same. Readers of JSON keep one of two members of a name, and those of columns open no file
//! that has a name twice.

use std::collections::HashSet;
use std::sync::Arc;

use cqlbook_core::column::Column;

use super::Format;

/// The columns under names that differ, and what is to be said of it.
pub(super) fn distinct(columns: &Arc<[Column]>, format: Format) -> (Arc<[Column]>, Vec<String>) {
    // A page for reading shows what was selected, and a statement has its own rule.
    if matches!(format, Format::Markdown | Format::Html | Format::Cql) {
        return (Arc::clone(columns), Vec::new());
    }
    let mut notes = Vec::new();
    let mut taken: HashSet<String> = columns.iter().map(|column| column.name.clone()).collect();
    let mut columns = Arc::clone(columns);
    if taken.len() < columns.len() {
        let mut seen = HashSet::new();
        let mut renamed: Vec<Column> = columns.to_vec();
        for column in &mut renamed {
            if seen.insert(column.name.clone()) {
                continue;
            }
            let mut number = 2_usize;
            let name = loop {
                let name = format!("{}_{number}", column.name);
                if taken.insert(name.clone()) {
                    break name;
                }
                number += 1;
            };
            notes.push(format!(
                "The result has the column `{}` more than once; one of them is `{name}` in the file.",
                column.name
            ));
            column.name = name;
        }
        columns = renamed.into();
    }
    let mut folded = HashSet::new();
    if matches!(format, Format::Parquet | Format::Arrow)
        && let Some(column) = columns.iter().find(|column| !folded.insert(column.name.to_lowercase()))
    {
        notes.push(format!(
            "The name `{}` differs from another column's in upper and lower case alone. Programs that do not tell these apart read one for the other.",
            column.name
        ));
    }
    (columns, notes)
}

#[cfg(test)]
mod tests {
    use cqlbook_core::column::CqlType;

    use super::*;

    #[test]
    fn no_two_columns_of_a_file_have_one_name() {
        let named = |names: &[&str], format| {
            let columns: Vec<Column> = names
                .iter()
                .map(|name| Column { name: (*name).to_owned(), cql_type: CqlType::Int, role: None })
                .collect();
            let (columns, notes) = distinct(&columns.into(), format);
            (columns.iter().map(|column| column.name.clone()).collect::<Vec<_>>().join(" "), notes.len())
        };
        assert_eq!(named(&["k", "v"], Format::Json), ("k v".to_owned(), 0));
        assert_eq!(named(&["k", "k", "k_2", "k"], Format::Json), ("k k_3 k_2 k_4".to_owned(), 2));
        assert_eq!(named(&["k", "K"], Format::Json), ("k K".to_owned(), 0));
        assert_eq!(named(&["k", "K"], Format::Parquet), ("k K".to_owned(), 1));
        assert_eq!(named(&["k", "k"], Format::Html), ("k k".to_owned(), 0));
    }
}
