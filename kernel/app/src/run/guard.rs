//! Guard rails: what is refused or asked about before a statement is sent.

use cqlbook_cluster::SchemaSnapshot;
use cqlbook_core::cell::{Delete, Object, ObjectKind, Statement, StatementKind, TableName};
use cqlbook_core::column::KeyRole;
use cqlbook_core::cql::keywords::quote_name;
use cqlbook_core::diagnostic::{Code, Diagnostic};

/// Words of a statement that a question repeats.
const WORDS: usize = 8;

/// Refuses a statement that writes where only reads are sent.
pub(crate) fn read_only(statement: &Statement, because: &str) -> Result<(), Diagnostic> {
    if statement.is_read() {
        return Ok(());
    }
    Err(Diagnostic::new(Code::ReadOnly, "Only reads are sent, and this statement writes. Nothing was sent.")
        .with_cause(because)
        .with_span(statement.span))
}

/// The question to ask before a destructive statement is sent; `None` for any other. It names what is lost in full, with the
/// keyspace that the statement runs under where none is written.
///
/// `keyspace` is the one in use, for tables named without theirs.
pub(crate) fn question(
    statement: &Statement,
    keyspace: Option<&str>,
    schema: &SchemaSnapshot,
) -> Option<String> {
    let lost = match &statement.kind {
        StatementKind::Drop(object) => Some(dropped(statement, object, keyspace)),
        StatementKind::Truncate => Some(match statement.table() {
            Some((written, table)) => format!("TRUNCATE {}", full(written.or(keyspace), table)),
            None => beginning(statement),
        }),
        _ => None,
    };
    if let Some(lost) = lost {
        return Some(format!("This cannot be undone: {lost}. Go on? [y/N] "));
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
    let mut tables = Vec::new();
    let mut any = false;
    for (_, table) in statement.deletes().into_iter().filter(whole) {
        any = true;
        let name = table.map(|table| full(table.keyspace.as_deref().or(keyspace), &table.name));
        if let Some(name) = name.filter(|name| !tables.contains(name)) {
            tables.push(name);
        }
    }
    let of = match tables.as_slice() {
        [] => String::new(),
        tables => format!(" of {}", tables.join(", of ")),
    };
    any.then(|| match &statement.kind {
        StatementKind::Delete(_) => {
            format!("This deletes a whole partition{of}: {}. Go on? [y/N] ", beginning(statement))
        }
        _ => format!("This deletes a whole partition{of}, among others. Go on? [y/N] "),
    })
}

/// What a `DROP` drops, e.g. `DROP TABLE shop.orders`.
fn dropped(statement: &Statement, object: &Object, keyspace: Option<&str>) -> String {
    let kind = match object.kind {
        ObjectKind::Keyspace => "KEYSPACE",
        ObjectKind::Table => "TABLE",
        ObjectKind::Type => "TYPE",
        ObjectKind::Index => "INDEX",
        ObjectKind::MaterializedView => "MATERIALIZED VIEW",
        ObjectKind::Function => "FUNCTION",
        ObjectKind::Aggregate => "AGGREGATE",
        ObjectKind::Trigger | ObjectKind::Role | ObjectKind::User | ObjectKind::Other => {
            return beginning(statement);
        }
    };
    match &object.name {
        Some(name) if object.kind == ObjectKind::Keyspace => {
            format!("DROP {kind} {}", quote_name(&name.name))
        }
        Some(name) => format!("DROP {kind} {}", full(name.keyspace.as_deref().or(keyspace), &name.name)),
        None => beginning(statement),
    }
}

/// A name with its keyspace, as CQL writes it.
fn full(keyspace: Option<&str>, name: &str) -> String {
    match keyspace {
        Some(keyspace) => format!("{}.{}", quote_name(keyspace), quote_name(name)),
        None => quote_name(name),
    }
}

/// The statement's first words.
fn beginning(statement: &Statement) -> String {
    let mut words = statement.text.split_whitespace();
    let mut beginning = words.by_ref().take(WORDS).collect::<Vec<_>>().join(" ");
    if words.next().is_some() {
        beginning.push_str(" …");
    }
    beginning
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
    use insta::assert_snapshot;

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
    fn a_question_names_what_is_lost_in_full() {
        let asked = |cql: &str| {
            let question = question(&Statement::new(cql), Some("Prod"), &SchemaSnapshot::default()).unwrap();
            question.strip_suffix(" Go on? [y/N] ").unwrap().to_owned()
        };
        assert_snapshot!(asked("TRUNCATE t5"), @r#"This cannot be undone: TRUNCATE "Prod".t5."#);
        assert_snapshot!(asked("truncate table dev.\"T\""), @r#"This cannot be undone: TRUNCATE dev."T"."#);
        assert_snapshot!(asked("DROP TABLE IF EXISTS t5"), @r#"This cannot be undone: DROP TABLE "Prod".t5."#);
        assert_snapshot!(asked("DROP INDEX i"), @r#"This cannot be undone: DROP INDEX "Prod".i."#);
        assert_snapshot!(asked("DROP TYPE dev.address"), @"This cannot be undone: DROP TYPE dev.address.");
        assert_snapshot!(asked("DROP KEYSPACE dev"), @"This cannot be undone: DROP KEYSPACE dev.");
        assert_snapshot!(asked("DROP ROLE ada"), @"This cannot be undone: DROP ROLE ada.");
        assert_snapshot!(asked("DELETE FROM t WHERE a = 1 AND b = 2 AND c = 3"), @r#"This deletes a whole partition of "Prod".t: DELETE FROM t WHERE a = 1 AND …."#);
        assert_snapshot!(asked("BEGIN BATCH DELETE FROM t WHERE a = 1; DELETE FROM t WHERE a = 2; DELETE FROM dev.u WHERE a = 1; APPLY BATCH"), @r#"This deletes a whole partition of "Prod".t, of dev.u, among others."#);
        let question = question(&Statement::new("TRUNCATE t"), None, &SchemaSnapshot::default());
        assert_snapshot!(question.unwrap(), @"This cannot be undone: TRUNCATE t. Go on? [y/N] ");
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
