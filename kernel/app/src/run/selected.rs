//! What an answer's columns are in the table that was read: an alias has the name of a column and is none.

use std::sync::Arc;

use cqlbook_core::cell::{Statement, StatementKind};
use cqlbook_core::column::Column;
use cqlbook_core::cql::selection::{self, Selected};

use super::statement::table_of;
use crate::notebook::Open;

/// The columns in the roles that they have in the table's key. The protocol tells names alone, so that `SELECT v AS k` would
/// have k's.
pub(crate) fn columns(open: &Open, statement: &Statement, told: &Arc<[Column]>) -> Arc<[Column]> {
    let selected = selected(statement);
    if selected.len() != told.len() || selected.iter().all(Selected::is_own) {
        return Arc::clone(told);
    }
    let schema = open.connection.schema();
    let table = table_of(open, statement);
    let table = table.as_ref().and_then(|(keyspace, table)| schema.table(keyspace, table));
    let role = |selected: &Selected| table?.column(selected.column.as_deref()?)?.role;
    told.iter()
        .zip(&selected)
        .map(|(column, selected)| Column { role: role(selected), ..column.clone() })
        .collect()
}

/// The selected columns that are none of the table under its own name: what each is called, and what it is.
pub(crate) fn derived(statement: &Statement) -> Vec<(String, String)> {
    let name = |selected: &Selected| selected.alias.clone().unwrap_or_else(|| selected.text.clone());
    selected(statement)
        .into_iter()
        .filter(|selected| !selected.is_own())
        .map(|selected| (name(&selected), selected.text.clone()))
        .collect()
}

fn selected(statement: &Statement) -> Vec<Selected> {
    match statement.kind {
        StatementKind::Select(_) => selection::selected(&statement.text).unwrap_or_default(),
        _ => Vec::new(),
    }
}
