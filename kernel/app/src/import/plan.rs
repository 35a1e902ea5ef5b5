//! Which field of a file goes into which column. Decided before anything is written.

use cqlbook_cluster::Table;
use cqlbook_core::column::{Column, CqlType, KeyRole};
use cqlbook_core::cql::keywords::quote_name;
use cqlbook_core::diagnostic::{Code, Diagnostic};

/// A column that a field goes into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Goal {
    /// The field's place in a line, from zero.
    pub(crate) field: usize,
    /// The column.
    pub(crate) column: Column,
}

/// The plan of an import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Plan {
    /// The statement with one `?` for each goal, in order.
    pub(crate) insert: String,
    /// Fields and their columns.
    pub(crate) goals: Vec<Goal>,
    /// Fields of the file that the table has no column for.
    pub(crate) skipped: Vec<String>,
}

impl Plan {
    /// Matches the file's `header` with the columns of `table`, called `keyspace`.`name`.
    ///
    /// With `chosen` columns only those are loaded; each must be in the header.
    ///
    /// # Errors
    /// `IMPORT_FAILED` when a key column has no field, a chosen column is in neither, or the table has counters.
    pub(crate) fn new(
        keyspace: &str,
        name: &str,
        table: &Table,
        header: &[String],
        chosen: &[String],
    ) -> Result<Self, Diagnostic> {
        let failed = |message: String| Diagnostic::new(Code::ImportFailed, message);
        if table.columns.iter().any(|column| column.cql_type == CqlType::Counter) {
            return Err(failed(format!("{keyspace}.{name} has counters, which cannot be inserted."))
                .with_hint("Loading counters is not in this release; use UPDATE."));
        }
        let column = |field: &str| {
            let field = field.trim();
            table.column(field).or_else(|| table.column(&field.to_lowercase()))
        };
        let fields: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
        let mut goals = Vec::new();
        let mut skipped = Vec::new();
        for (field, title) in header.iter().enumerate() {
            let wanted =
                chosen.is_empty() || chosen.iter().any(|name| name.eq_ignore_ascii_case(title.trim()));
            match column(title) {
                Some(column) if wanted => goals.push(Goal { field, column: column.clone() }),
                _ => skipped.push(title.clone()),
            }
        }
        for name in chosen {
            if !goals.iter().any(|goal| goal.column.name.eq_ignore_ascii_case(name)) {
                return Err(failed(format!("The column `{name}` is not in both the file and the table."))
                    .with_cause(format!(
                        "The file has: {}. The table has: {}.",
                        header.join(", "),
                        fields.join(", ")
                    )));
            }
        }
        let missing: Vec<_> = table
            .columns
            .iter()
            .filter(|column| matches!(column.role, Some(KeyRole::Partition | KeyRole::Clustering)))
            .filter(|column| !goals.iter().any(|goal| goal.column.name == column.name))
            .map(|column| column.name.as_str())
            .collect();
        if !missing.is_empty() {
            return Err(failed(format!(
                "The file has no field for the key of {keyspace}.{name}: {}.",
                missing.join(", ")
            ))
            .with_cause(format!("The file's first line names: {}.", header.join(", ")))
            .with_hint("The first line of a CSV file must name the columns."));
        }
        let names: Vec<_> = goals.iter().map(|goal| quote_name(&goal.column.name)).collect();
        let insert = format!(
            "INSERT INTO {}.{} ({}) VALUES ({})",
            quote_name(keyspace),
            quote_name(name),
            names.join(", "),
            vec!["?"; names.len()].join(", ")
        );
        Ok(Self { insert, goals, skipped })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let column = |name: &str, cql_type, role| Column { name: name.to_owned(), cql_type, role };
        Table {
            columns: vec![
                column("origin", CqlType::Text, Some(KeyRole::Partition)),
                column("day", CqlType::Date, Some(KeyRole::Clustering)),
                column("Delay", CqlType::Int, None),
            ],
            base: None,
        }
    }

    fn header(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn fields_find_their_columns_by_name() {
        let plan =
            Plan::new("ks", "t", &table(), &header(&["day", "extra", "ORIGIN", "Delay"]), &[]).unwrap();
        assert_eq!(plan.insert, r#"INSERT INTO ks.t (day, origin, "Delay") VALUES (?, ?, ?)"#);
        assert_eq!(plan.skipped, ["extra"]);
    }

    #[test]
    fn a_file_without_the_key_is_refused_before_anything_is_written() {
        let error = Plan::new("ks", "t", &table(), &header(&["origin", "Delay"]), &[]).unwrap_err();
        assert_eq!(error.message, "The file has no field for the key of ks.t: day.");
    }

    #[test]
    fn chosen_columns_must_be_in_both() {
        let error =
            Plan::new("ks", "t", &table(), &header(&["origin", "day"]), &header(&["nope"])).unwrap_err();
        assert_eq!(error.code, Code::ImportFailed);
    }
}
