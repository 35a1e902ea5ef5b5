//! That a table's key is still the one that an import was planned by.
//!
//! A table that was dropped and made anew a moment ago may have another key, and its statements are taken all the same. Rows of one key
//! must not travel in one batch, so the wrong key would mix their cells without a word.

use cqlbook_cluster::Table;
use cqlbook_core::column::{CqlType, KeyRole};
use cqlbook_core::diagnostic::{Code, Diagnostic};
use cqlbook_core::value::statement_literal;

/// Asks for the columns of a table, and what each is in the key.
pub(super) fn asked(keyspace: &str, table: &str) -> String {
    let text = |text: &str| statement_literal(text.as_bytes(), &CqlType::Text).unwrap_or_default();
    let (keyspace, table) = (text(keyspace), text(table));
    format!(
        "SELECT column_name, kind FROM system_schema.columns WHERE keyspace_name = {keyspace} AND table_name = {table}"
    )
}

/// That the table has the key that is known, by the answer to [`asked`]. Where there is none it is as known.
///
/// # Errors
/// `SCHEMA_CHANGED`.
pub(super) fn check(known: &Table, answer: &[Vec<Vec<u8>>], shown: &str) -> Result<(), Diagnostic> {
    let planned = |role| match role {
        Some(KeyRole::Partition) => "partition_key",
        Some(KeyRole::Clustering) => "clustering",
        Some(KeyRole::Static) => "static",
        None => "regular",
    };
    let is_other = |row: &Vec<Vec<u8>>| {
        let [name, kind, ..] = row.as_slice() else { return false };
        // A column that is not known is not written, and one that is gone the server refuses.
        let column = known.columns.iter().find(|column| column.name.as_bytes() == name);
        let kind = if kind == b"compact_value" { b"regular".as_slice() } else { kind.as_slice() };
        column.is_some_and(|column| planned(column.role).as_bytes() != kind)
    };
    if !answer.iter().any(is_other) {
        return Ok(());
    }
    Err(Diagnostic::new(
        Code::SchemaChanged,
        format!("The key of {shown} is another one than when the table was last read. Nothing was loaded."),
    )
    .with_cause("The table was made anew a moment ago, perhaps by another notebook.")
    .with_hint("Run the cell again."))
}

#[cfg(test)]
mod tests {
    use cqlbook_core::column::Column;

    use super::*;

    #[test]
    fn another_key_is_seen_and_other_columns_are_not() {
        let column = |name: &str, role| Column { name: name.to_owned(), cql_type: CqlType::Int, role };
        let known = Table {
            columns: vec![
                column("a", Some(KeyRole::Partition)),
                column("b", Some(KeyRole::Clustering)),
                column("s", Some(KeyRole::Static)),
                column("v", None),
            ],
            base: None,
        };
        let is_taken = |rows: &[(&str, &str)]| {
            let rows: Vec<Vec<Vec<u8>>> = rows
                .iter()
                .map(|(name, kind)| vec![name.as_bytes().to_vec(), kind.as_bytes().to_vec()])
                .collect();
            check(&known, &rows, "shop.t").is_ok()
        };
        let (a, b, s, v) = (("a", "partition_key"), ("b", "clustering"), ("s", "static"), ("v", "regular"));
        assert!(is_taken(&[v, s, b, a]) && is_taken(&[a, b, s]) && is_taken(&[a, b, s, v, ("w", "regular")]));
        assert!(is_taken(&[]), "a service that hides it");
        assert!(!is_taken(&[a, ("b", "regular"), s, v]));
        assert!(!is_taken(&[a, ("b", "partition_key"), s, v]));
        assert!(!is_taken(&[a, b, ("s", "regular"), v]));
        assert!(!is_taken(&[a, b, s, ("v", "static")]));
        assert!(!is_taken(&[a, b, s, ("v", "clustering")]));
    }
}
