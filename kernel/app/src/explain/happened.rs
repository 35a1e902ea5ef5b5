//! What is said of a statement that failed and may have been carried out all the same: that it may, and what to do then.
//!
//! The rule: nobody is told to run again what may have happened, unless that is harmless.

use cqlbook_cluster::QueryError;
use cqlbook_cluster::ServerErrorKind;
use cqlbook_core::cell::{Idempotence, Statement, StatementKind};
use cqlbook_core::diagnostic::Diagnostic;

/// Whether a statement that failed so may have been carried out, as a whole or in part.
pub(super) fn may_have(error: &QueryError, statement: &Statement, idempotence: Idempotence) -> bool {
    let is_looked_at_first = matches!(error, QueryError::Server(server)
        if matches!(server.kind, ServerErrorKind::Unavailable { .. }))
        && statement.is_one_write();
    idempotence.writes() && error.may_have_happened() && !is_looked_at_first
}

/// What may have happened, in one sentence.
pub(crate) fn sentence(statement: &Statement) -> &'static str {
    match &statement.kind {
        StatementKind::Batch(_) => "The batch, or a part of it, may have been written.",
        StatementKind::Insert | StatementKind::Update | StatementKind::Delete(_) => {
            "The write may have happened all the same."
        }
        StatementKind::Truncate => "The table may be empty, or empty on some nodes.",
        _ => "It may have been carried out all the same.",
    }
}

/// The next step after a statement that may have happened.
pub(crate) fn advice(statement: &Statement, idempotence: Idempotence) -> &'static str {
    match (&statement.kind, idempotence) {
        (_, Idempotence::Read) => "Run the statement again.",
        (_, Idempotence::Idempotent) => "Running the statement again does no harm: it writes the same.",
        (StatementKind::Truncate, _) => {
            "Look with `SELECT` whether rows are left, and whether somebody has written new ones, before you run it again."
        }
        (StatementKind::Create(_) | StatementKind::Alter(_) | StatementKind::Drop(_), _) => {
            "Look with `DESCRIBE` whether it was done before you run it again."
        }
        (StatementKind::Grant | StatementKind::Revoke, _) => {
            "Look with `LIST ALL PERMISSIONS` whether it was done before you run it again."
        }
        (
            StatementKind::Insert
            | StatementKind::Update
            | StatementKind::Delete(_)
            | StatementKind::Batch(_),
            _,
        ) if is_conditional(statement) => {
            "It is not repeated. Read the row with `%%cql --consistency SERIAL`, which also settles what is undecided, before you run it again."
        }
        _ => {
            "It is not repeated: done twice it may not be the same. Read what it writes before you run it again."
        }
    }
}

/// Adds to a failure that the statement may have happened, and what to do then, in place of any advice to run it again.
pub(super) fn told(
    mut diagnostic: Diagnostic,
    statement: &Statement,
    idempotence: Idempotence,
) -> Diagnostic {
    let message = diagnostic.message.trim_end();
    diagnostic.message = format!("{message} {}", sentence(statement));
    if idempotence.may_repeat() {
        return diagnostic.with_hint(advice(statement, idempotence));
    }
    diagnostic.hints.retain(|hint| !hint.to_ascii_lowercase().contains("again"));
    diagnostic.hints.insert(0, advice(statement, idempotence).to_owned());
    diagnostic
}

/// Whether an `IF` decides about it.
fn is_conditional(statement: &Statement) -> bool {
    use cqlbook_core::cql::lexer::{TokenKind, lex};
    lex(&statement.text).iter().any(|token| {
        token.kind == TokenKind::Word && token.span.of(&statement.text).eq_ignore_ascii_case("if")
    })
}
