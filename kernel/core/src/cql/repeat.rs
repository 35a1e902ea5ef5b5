//! Whether a statement may be sent twice: decided here, by its text, and carried with it to every retry.
//!
//! The rule: what may have happened is not done again unless that is harmless, and every doubt says that it is not. A
//! plain write without a timestamp counts as harmless: a repeat comes while the statement is still under way, so that
//! whatever others write meanwhile is written at the same time as it, before or behind.

use super::classify::{BatchKind, Reader, StatementKind, TableName};
use super::functions::is_pure;
use super::lexer::TokenKind;
use crate::column::CqlType;

/// What sending a statement a second time would do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Idempotence {
    /// It changes nothing, however often it is sent.
    Read,
    /// It writes, and writes the same when it is sent again.
    Idempotent,
    /// It may do more when it is sent again: what may have happened is not repeated.
    #[default]
    AtMostOnce,
}

impl Idempotence {
    /// Whether it may be sent again after it may have been executed.
    pub const fn may_repeat(self) -> bool {
        !matches!(self, Self::AtMostOnce)
    }

    /// Whether it changes something.
    pub const fn writes(self) -> bool {
        !matches!(self, Self::Read)
    }
}

/// Whether writing a value of a column of this type again does the same.
///
/// A counter is added to. A list that is not frozen is deleted and appended to, with the times of the node that was asked:
/// asked of another whose clock is behind, or with a timestamp of the user's, the old elements stay and the list is doubled.
/// A type that could not be read may be either.
pub const fn is_harmless_to_set(cql_type: &CqlType) -> bool {
    !matches!(cql_type, CqlType::List(_) | CqlType::Counter | CqlType::Custom(_))
}

/// What the text of a statement tells of sending it twice.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Repeat {
    /// The answer where no list is written.
    idempotence: Idempotence,
    /// It writes values that may be lists, to these tables (of those that are named).
    lists: Vec<TableName>,
    /// It writes to one partition and without a condition.
    is_one_write: bool,
}

impl Repeat {
    /// `has_binds` says whether values come with it that the text does not show.
    pub(crate) fn of(kind: &StatementKind, reader: &Reader<'_>, has_binds: bool) -> Self {
        use StatementKind::{Batch, Delete, Describe, Empty, Insert, List, Select, Update, Use};
        let is_one_write = match kind {
            Insert | Update | Delete(_) => (0..reader.len()).all(|at| !reader.is_any(at, &["IF", "IN"])),
            _ => false,
        };
        let (idempotence, lists) = match kind {
            Select(_) | Use(_) | List | Describe | Empty => (Idempotence::Read, Vec::new()),
            Insert | Update => written(reader, has_binds),
            // What it binds says which rows go.
            Delete(_) => written(reader, false),
            Batch(kind) if *kind != BatchKind::Counter => written(reader, has_binds),
            _ => (Idempotence::AtMostOnce, Vec::new()),
        };
        Self { idempotence, lists, is_one_write }
    }

    /// What sending it again would do. `has_lists` says of a table whether one of its columns is a list that is not frozen;
    /// of a table that is not known, yes.
    pub(crate) fn idempotence(&self, has_lists: impl Fn(&TableName) -> bool) -> Idempotence {
        if self.lists.iter().any(has_lists) { Idempotence::AtMostOnce } else { self.idempotence }
    }

    pub(crate) const fn is_one_write(&self) -> bool {
        self.is_one_write
    }
}

/// Keywords that a parenthesis may follow without being a call.
const NO_CALL: &[&str] = &["AND", "IN", "VALUES", "WHERE"];

/// Whether nothing in these `INSERT`s, `UPDATE`s and `DELETE`s (a batch of them, too) does more when done again, and the
/// tables that values are written to which may be lists.
fn written(reader: &Reader<'_>, has_binds: bool) -> (Idempotence, Vec<TableName>) {
    let mut tables = Vec::new();
    let mut may_be_lists = has_binds;
    let mut at = 0;
    while at < reader.len() {
        if reader.is(at, "IF") {
            return (Idempotence::AtMostOnce, Vec::new());
        }
        if reader.is_any(at, &["INTO", "UPDATE", "FROM"])
            && let Some((table, behind)) = reader.table_name(at + 1)
        {
            // A column list follows the table's name like a call's arguments.
            tables.push(table);
            at = behind;
            continue;
        }
        let doubtful = match reader.token_kind(at) {
            Some(TokenKind::Word) if reader.mark(at + 1, "(") => {
                let is_json = reader.is_any(at, &["fromJson", "from_json"]);
                may_be_lists |= is_json;
                // A function with its keyspace, or one whose name is in quotes, is the user's own.
                let is_of_user = at > 0 && reader.mark(at - 1, ".");
                !reader.is_any(at, NO_CALL) && (is_of_user || !is_pure(reader.text(at)))
            }
            Some(TokenKind::QuotedName) if reader.mark(at + 1, "(") => true,
            Some(TokenKind::Word | TokenKind::QuotedName) => {
                may_be_lists |= reader.is(at, "JSON");
                // An element of what may be a list.
                reader.mark(at + 1, "[")
            }
            Some(TokenKind::Operator) => match reader.text(at) {
                "+" | "+=" | "-=" | "*" | "/" | "%" => true,
                "-" => !is_sign(reader, at),
                "[" => {
                    may_be_lists = true;
                    false
                }
                _ => false,
            },
            Some(TokenKind::Unknown | TokenKind::Unterminated { .. }) => true,
            _ => false,
        };
        if doubtful {
            return (Idempotence::AtMostOnce, Vec::new());
        }
        at += 1;
    }
    (Idempotence::Idempotent, if may_be_lists { tables } else { Vec::new() })
}

/// Whether a `-` is the sign of a number rather than a subtraction.
fn is_sign(reader: &Reader<'_>, at: usize) -> bool {
    let number = matches!(reader.token_kind(at + 1), Some(TokenKind::Number | TokenKind::Duration))
        || reader.is_any(at + 1, &["NAN", "INFINITY"]);
    let opened = at > 0
        && reader.token_kind(at - 1) == Some(TokenKind::Operator)
        && !matches!(reader.text(at - 1), ")" | "]" | "}" | "?");
    number && opened
}
