//! What a role may not do and what Astra does not do, in the user's words.

use cqlbook_cluster::{ServerError, ServerErrorKind};
use cqlbook_core::cell::{ObjectKind, StatementKind};
use cqlbook_core::consistency::Consistency;
use cqlbook_core::diagnostic::{Code, Diagnostic};

use super::query::Context;

/// What Astra refuses because it is not done by CQL there, or not at all; `None` for every other failure.
pub(super) fn by_astra(error: &ServerError, context: &Context<'_>) -> Option<Diagnostic> {
    let refused = matches!(error.kind, ServerErrorKind::Unauthorized | ServerErrorKind::Invalid);
    if !context.astra || !refused {
        return None;
    }
    if context.statement.changes_keyspaces() {
        return Some(keyspaces());
    }
    let denied = error.kind == ServerErrorKind::Unauthorized;
    match &context.statement.kind {
        StatementKind::Grant | StatementKind::Revoke if denied => Some(roles()),
        StatementKind::Create(object) | StatementKind::Alter(object) | StatementKind::Drop(object)
            if denied && matches!(object.kind, ObjectKind::Role | ObjectKind::User) =>
        {
            Some(roles())
        }
        // A view can also be refused for its own faults.
        StatementKind::Create(object)
            if object.kind != ObjectKind::MaterializedView || denied || refuses_views(&error.message) =>
        {
            unsupported(object.kind)
        }
        _ => None,
    }
}

fn keyspaces() -> Diagnostic {
    Diagnostic::new(
        Code::AstraKeyspaceDdl,
        "Keyspaces of an Astra database are not made, changed or dropped by CQL.",
    )
    .with_cause("The service keeps that to its console and its own API.")
    .with_hint("Open the database in the Astra console, where keyspaces are added and dropped. Tables are made here as usual.")
}

fn roles() -> Diagnostic {
    Diagnostic::new(Code::PermissionDenied, "Roles and permissions of an Astra database are not managed by CQL.")
        .with_cause("The service keeps that to its console and its own API.")
        .with_hint("Make a role in the Astra console (Settings, Roles), and generate a token with it (Settings, Tokens).")
}

fn refuses_views(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    text.contains("materialized view")
        && ["cannot have more than", "not enabled", "disabled"].iter().any(|words| text.contains(words))
}

/// What to use in place of an object that Astra does not have.
fn unsupported(kind: ObjectKind) -> Option<Diagnostic> {
    let (things, instead) = match kind {
        ObjectKind::MaterializedView => (
            "materialized views",
            "Keep a second table with the other key and write to both, or make an index: `CREATE INDEX … USING 'sai'`.",
        ),
        ObjectKind::Function => {
            ("user-defined functions", "Compute the value before it is written, or after it is read.")
        }
        ObjectKind::Aggregate => (
            "user-defined aggregates",
            "Use `count`, `sum`, `avg`, `min` and `max`, or compute after reading.",
        ),
        ObjectKind::Trigger => ("triggers", "Do it in the program that writes."),
        _ => return None,
    };
    Some(
        Diagnostic::new(Code::AstraUnsupported, format!("Astra has no {things}."))
            .with_cause("The service leaves them out.")
            .with_hint(instead),
    )
}

/// A permission that the role lacks (CQL error 0x2100).
pub(super) fn unauthorized(text: &str, astra: bool) -> Diagnostic {
    let message = match lacking(text) {
        Some((permission, resource)) => format!("The role has no {permission} permission on {resource}."),
        None => "The role may not do this.".to_owned(),
    };
    let told = Diagnostic::new(Code::PermissionDenied, message);
    if astra {
        told.with_cause(
            "A token carries a role, and the role of the one you connected with does not allow it.",
        )
        .with_hint("Generate a token with a role that may, e.g. Database Administrator, and connect with it.")
    } else {
        told.with_cause("It was not granted to the role, nor to a role it has.").with_hint(
            "Ask for the permission, or log in as a role that has it: `LIST ALL PERMISSIONS OF role`.",
        )
    }
}

/// Permission and resource of `User u has no MODIFY permission on <table ks.t> or any of its parents`.
fn lacking(text: &str) -> Option<(&str, &str)> {
    let (_, rest) = text.split_once(" has no ")?;
    let (permission, rest) = rest.split_once(" permission on <")?;
    let (resource, _) = rest.rsplit_once('>')?;
    Some((permission, resource))
}

/// A level that the service does not take for writes.
pub(super) fn level(text: &str) -> Option<Diagnostic> {
    let (before, _) = text.split_once(" is not allowed for Write Consistency Level")?;
    let level = before.rsplit(' ').next().unwrap_or(before);
    let refused: Vec<&str> = text
        .split_once("disallowed values are: [")
        .and_then(|(_, list)| list.split_once(']'))
        .map(|(list, _)| list.split(", ").collect())
        .unwrap_or_default();
    let told = Diagnostic::new(Code::ConsistencyRefused, format!("The service takes no writes at {level}."));
    let told = if refused.is_empty() {
        told.with_cause("It has a list of levels that it refuses for writes.")
    } else {
        let allowed: Vec<_> = Consistency::ALL
            .iter()
            .filter(|level| !level.is_serial() && !refused.contains(&level.name()))
            .map(|level| level.name())
            .collect();
        told.with_cause(format!(
            "It refuses writes at {}. Allowed are {}.",
            refused.join(", "),
            allowed.join(", ")
        ))
    };
    Some(
        told.with_hint("`CONSISTENCY LOCAL_QUORUM`")
            .with_hint("Or for one cell: `%%cql --consistency LOCAL_QUORUM`"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permission_and_resource_are_named() {
        let text = "User ann has no MODIFY permission on <table shop.orders> or any of its parents";
        assert_eq!(
            unauthorized(text, true).message,
            "The role has no MODIFY permission on table shop.orders."
        );
        assert_eq!(unauthorized("No.", true).message, "The role may not do this.");
    }

    #[test]
    fn the_levels_that_are_left_are_named() {
        let told = level("Provided value ONE is not allowed for Write Consistency Level (disallowed values are: [ANY, ONE, LOCAL_ONE])").unwrap();
        assert_eq!(told.message, "The service takes no writes at ONE.");
        assert_eq!(
            told.cause.unwrap(),
            "It refuses writes at ANY, ONE, LOCAL_ONE. Allowed are TWO, THREE, QUORUM, ALL, LOCAL_QUORUM, EACH_QUORUM."
        );
        assert!(level("Undefined column name x").is_none());
    }
}
