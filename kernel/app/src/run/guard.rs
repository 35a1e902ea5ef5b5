//! Guard rails: what is refused or asked about before a statement is sent.

use cqlbook_cluster::SchemaSnapshot;
use cqlbook_core::cell::{Delete, Statement, StatementKind, TableName};
use cqlbook_core::column::KeyRole;
use cqlbook_core::cql::keywords::quote_name;
use cqlbook_core::diagnostic::{Code, Diagnostic};

/// Refuses a statement that writes where only reads are sent.
pub(crate) fn read_only(statement: &Statement, because: &str) -> Result<(), Diagnostic> {
    if statement.is_read() {
        return Ok(());
    }
    Err(Diagnostic::new(Code::ReadOnly, "Only reads are sent, and this statement writes. Nothing was sent.")
        .with_cause(because)
        .with_span(statement.span))
}

/// The question to ask before a destructive statement is sent; `None` for any other.
///
/// `keyspace` is the one in use, for tables named without theirs.
pub(crate) fn question(
    statement: &Statement,
    keyspace: Option<&str>,
    schema: &SchemaSnapshot,
) -> Option<String> {
    let words = statement.text.split_whitespace().take(6).collect::<Vec<_>>().join(" ");
    if matches!(statement.kind, StatementKind::Drop(_) | StatementKind::Truncate) {
        return Some(format!("This cannot be undone: {words}. Go on? [y/N] "));
    }
    let whole = |(delete, table): &(&Delete, Option<&TableName>)| {
        let known =
            table.and_then(|table| schema.table(table.keyspace.as_deref().or(keyspace)?, &table.name));
        match known {
            Some(table) => {
                let key: Vec<_> = table.with_role(KeyRole::Partition).map(|column| &column.name).collect();
                delete.is_whole_partition(&key)
            }
            // Without the schema the careful answer is to ask.
            None => delete.is_whole_partition(&delete.where_columns),
        }
    };
    let (_, table) = statement.deletes().into_iter().find(whole)?;
    Some(match (&statement.kind, table) {
        (StatementKind::Delete(_), _) => {
            format!("This deletes a whole partition: {words}. Go on? [y/N] ")
        }
        (_, Some(table)) => format!(
            "This deletes a whole partition of {}, among others. Go on? [y/N] ",
            quote_name(&table.name)
        ),
        (_, None) => "This deletes a whole partition, among others. Go on? [y/N] ".to_owned(),
    })
}

/// What is said when nobody could be asked.
pub(crate) fn unconfirmed(statement: &Statement, asked: bool) -> Diagnostic {
    let message = if asked {
        "The statement was not confirmed. Nothing was sent."
    } else {
        "The statement needs a confirmation, and this frontend cannot ask. Nothing was sent."
    };
    Diagnostic::new(Code::ConfirmationRequired, message)
        .with_cause("DROP, TRUNCATE and a DELETE of a whole partition ask first while `confirm` is on.")
        .with_hint("Start the cell with `%%cql --yes` to run it without a question.")
        .with_hint("Or switch the question off for the notebook: `%set confirm off`.")
        .with_span(statement.span)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(cql: &str) -> bool {
        question(&Statement::new(cql), Some("ks"), &SchemaSnapshot::default()).is_some()
    }

    #[test]
    fn what_cannot_be_undone_is_asked_about() {
        assert!(asked("DROP TABLE t"));
        assert!(asked("TRUNCATE t"));
        assert!(asked("DELETE FROM t WHERE id = 1"));
        assert!(!asked("DELETE name FROM t WHERE id = 1"));
        assert!(!asked("INSERT INTO t (id) VALUES (1)"));
        assert!(!asked("SELECT * FROM t"));
    }

    #[test]
    fn a_batch_is_asked_about_for_what_is_in_it() {
        assert!(asked("BEGIN BATCH INSERT INTO t (id) VALUES (1); DELETE FROM t WHERE id = 1; APPLY BATCH"));
        assert!(!asked("BEGIN BATCH DELETE v FROM t WHERE id = 1 APPLY BATCH"));
        assert!(asked("BEGIN TRANSACTION DELETE FROM t WHERE id = 1; COMMIT TRANSACTION"));
    }

    #[test]
    fn a_read_only_connection_sends_reads() {
        assert!(read_only(&Statement::new("SELECT * FROM t"), "").is_ok());
        let error =
            read_only(&Statement::new("DELETE FROM t WHERE id = 1"), "It was opened with --read-only.");
        assert_eq!(error.unwrap_err().code, Code::ReadOnly);
    }
}
