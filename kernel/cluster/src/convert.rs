//! From the driver's types to ours, and from its errors to ours. Pure; the only file that knows the driver's error trees.

use std::sync::Arc;
use std::time::Duration;

use cqlbook_core::column::{Column, CqlType, UdtType, same_type};
use cqlbook_core::consistency::Consistency;
use cqlbook_core::text::Position;
use scylla::cluster::metadata::{CollectionType, ColumnType, NativeType};
use scylla::errors::{
    ConnectionError, ConnectionPoolError, ConnectionSetupRequestError, ConnectionSetupRequestErrorKind,
    DbError, ExecutionError, MetadataError, NewSessionError, PrepareError, RequestAttemptError,
    UseKeyspaceError,
};
use scylla::frame::response::result::ColumnSpec;
use scylla::statement::{Consistency as DriverConsistency, SerialConsistency as DriverSerial};
use scylla_cql::frame::limits::TOO_LONG;

use crate::error::{ConnectError, ConnectionLost, QueryError, ServerError, ServerErrorKind};
use crate::request::SerialConsistency;
use crate::retry::{Record, was_not_sent};
use crate::schema::SchemaSnapshot;

pub(crate) fn consistency(level: Consistency) -> DriverConsistency {
    match level {
        Consistency::Any => DriverConsistency::Any,
        Consistency::One => DriverConsistency::One,
        Consistency::Two => DriverConsistency::Two,
        Consistency::Three => DriverConsistency::Three,
        Consistency::Quorum => DriverConsistency::Quorum,
        Consistency::All => DriverConsistency::All,
        Consistency::LocalQuorum => DriverConsistency::LocalQuorum,
        Consistency::EachQuorum => DriverConsistency::EachQuorum,
        Consistency::Serial => DriverConsistency::Serial,
        Consistency::LocalSerial => DriverConsistency::LocalSerial,
        Consistency::LocalOne => DriverConsistency::LocalOne,
    }
}

pub(crate) fn serial_consistency(level: SerialConsistency) -> DriverSerial {
    match level {
        SerialConsistency::Serial => DriverSerial::Serial,
        SerialConsistency::LocalSerial => DriverSerial::LocalSerial,
    }
}

fn consistency_name(level: DriverConsistency) -> &'static str {
    let ours = Consistency::ALL.iter().find(|ours| consistency(**ours) == level);
    ours.map_or("UNKNOWN", |ours| ours.name())
}

/// How deep types are followed into each other, those of a user's types included.
const MAX_TYPE_DEPTH: usize = 128;
/// How many types one type may be made of: user-defined types that hold each other twice double with each.
const MAX_TYPE_PARTS: usize = 20_000;
/// What stands where a type goes on beyond these limits.
const BEYOND: &str = "a type that is nested beyond any use";

/// A type as a result describes it.
pub(crate) fn cql_type(column_type: &ColumnType<'_>) -> CqlType {
    bounded(column_type, MAX_TYPE_DEPTH, &mut { MAX_TYPE_PARTS })
}

fn bounded(column_type: &ColumnType<'_>, depth: usize, parts: &mut usize) -> CqlType {
    if depth == 0 || *parts == 0 {
        return CqlType::Custom(BEYOND.to_owned());
    }
    *parts -= 1;
    let mut inner = |inner: &ColumnType<'_>| bounded(inner, depth - 1, parts);
    let frozen = |is_frozen: bool, inner: CqlType| {
        if is_frozen { CqlType::Frozen(Box::new(inner)) } else { inner }
    };
    match column_type {
        ColumnType::Native(native) => native_type(native),
        ColumnType::Collection { frozen: is_frozen, typ } => {
            let collection = match typ {
                CollectionType::List(item) => CqlType::List(Box::new(inner(item))),
                CollectionType::Set(item) => CqlType::Set(Box::new(inner(item))),
                CollectionType::Map(key, value) => CqlType::Map(Box::new(inner(key)), Box::new(inner(value))),
                other => CqlType::Custom(format!("{other:?}")),
            };
            frozen(*is_frozen, collection)
        }
        ColumnType::Vector { typ, dimensions } => {
            CqlType::Vector(Box::new(inner(typ)), usize::from(*dimensions))
        }
        // How the patched driver says a class that is none of CQL's types (`vendor/scylla-cql`).
        ColumnType::UserDefinedType { definition, .. }
            if definition.keyspace.is_empty() && definition.field_types.is_empty() =>
        {
            CqlType::Custom(definition.name.to_string())
        }
        ColumnType::UserDefinedType { frozen: is_frozen, definition } => {
            let fields = definition.field_types.iter();
            let udt = UdtType {
                keyspace: definition.keyspace.to_string(),
                name: definition.name.to_string(),
                fields: fields.map(|(name, typ)| (name.to_string(), inner(typ))).collect(),
            };
            frozen(*is_frozen, CqlType::Udt(Box::new(udt)))
        }
        ColumnType::Tuple(items) => CqlType::Tuple(items.iter().map(inner).collect()),
        other => CqlType::Custom(format!("{other:?}")),
    }
}

fn native_type(native: &NativeType) -> CqlType {
    match native {
        NativeType::Ascii => CqlType::Ascii,
        NativeType::Boolean => CqlType::Boolean,
        NativeType::Blob => CqlType::Blob,
        NativeType::Counter => CqlType::Counter,
        NativeType::Date => CqlType::Date,
        NativeType::Decimal => CqlType::Decimal,
        NativeType::Double => CqlType::Double,
        NativeType::Duration => CqlType::Duration,
        NativeType::Float => CqlType::Float,
        NativeType::Int => CqlType::Int,
        NativeType::BigInt => CqlType::Bigint,
        NativeType::Text => CqlType::Text,
        NativeType::Timestamp => CqlType::Timestamp,
        NativeType::Inet => CqlType::Inet,
        NativeType::SmallInt => CqlType::Smallint,
        NativeType::TinyInt => CqlType::Tinyint,
        NativeType::Time => CqlType::Time,
        NativeType::Timeuuid => CqlType::Timeuuid,
        NativeType::Uuid => CqlType::Uuid,
        NativeType::Varint => CqlType::Varint,
        other => CqlType::Custom(format!("{other:?}")),
    }
}

/// Columns with their roles, where the schema knows a column of that name and type in the column's table. (The protocol
/// does not tell an alias from a column: an alias that is named like another column of the same type takes its role.)
pub(crate) fn columns<'a>(
    specs: impl Iterator<Item = &'a ColumnSpec<'a>>,
    schema: &SchemaSnapshot,
) -> Arc<[Column]> {
    specs
        .map(|spec| {
            let cql_type = cql_type(spec.typ());
            let role = schema
                .table(spec.table_spec().ks_name(), spec.table_spec().table_name())
                .and_then(|table| table.column(spec.name()))
                .filter(|column| same_type(&column.cql_type, &cql_type))
                .and_then(|column| column.role);
            Column { name: spec.name().to_owned(), cql_type, role }
        })
        .collect()
}

/// An ERROR message.
pub(crate) fn server_error(error: &DbError, message: &str) -> ServerError {
    let (code, kind) = match error {
        DbError::ServerError => (0x0000, ServerErrorKind::Server),
        DbError::ProtocolError => (0x000A, ServerErrorKind::Protocol),
        DbError::AuthenticationError => (0x0100, ServerErrorKind::Credentials),
        DbError::Unavailable { consistency, required, alive } => (
            0x1000,
            ServerErrorKind::Unavailable {
                consistency: consistency_name(*consistency),
                required: *required,
                alive: *alive,
            },
        ),
        DbError::Overloaded | DbError::RateLimitReached { .. } => (0x1001, ServerErrorKind::Overloaded),
        DbError::IsBootstrapping => (0x1002, ServerErrorKind::Bootstrapping),
        DbError::TruncateError => (0x1003, ServerErrorKind::Truncate),
        DbError::WriteTimeout { consistency, received, required, write_type } => (
            0x1100,
            ServerErrorKind::WriteTimeout {
                consistency: consistency_name(*consistency),
                received: *received,
                required: *required,
                write_type: write_type.as_str().to_owned(),
            },
        ),
        DbError::ReadTimeout { consistency, received, required, data_present } => (
            0x1200,
            ServerErrorKind::ReadTimeout {
                consistency: consistency_name(*consistency),
                received: *received,
                required: *required,
                data_present: *data_present,
            },
        ),
        DbError::ReadFailure { consistency, received, required, numfailures, data_present } => (
            0x1300,
            ServerErrorKind::ReadFailure {
                consistency: consistency_name(*consistency),
                received: *received,
                required: *required,
                failures: *numfailures,
                data_present: *data_present,
            },
        ),
        DbError::FunctionFailure { keyspace, function, arg_types } => (
            0x1400,
            ServerErrorKind::FunctionFailure {
                keyspace: keyspace.clone(),
                function: function.clone(),
                arg_types: arg_types.clone(),
            },
        ),
        DbError::WriteFailure { consistency, received, required, numfailures, write_type } => (
            0x1500,
            ServerErrorKind::WriteFailure {
                consistency: consistency_name(*consistency),
                received: *received,
                required: *required,
                failures: *numfailures,
                write_type: write_type.as_str().to_owned(),
            },
        ),
        DbError::SyntaxError => (0x2000, ServerErrorKind::Syntax),
        DbError::Unauthorized => (0x2100, ServerErrorKind::Unauthorized),
        DbError::Invalid => (0x2200, ServerErrorKind::Invalid),
        DbError::ConfigError => (0x2300, ServerErrorKind::Config),
        DbError::AlreadyExists { keyspace, table } => {
            (0x2400, ServerErrorKind::AlreadyExists { keyspace: keyspace.clone(), table: table.clone() })
        }
        DbError::Unprepared { .. } => (0x2500, ServerErrorKind::Unprepared),
        DbError::Other(code) => (*code, ServerErrorKind::Other),
        _ => (0x0000, ServerErrorKind::Other),
    };
    let position = if matches!(kind, ServerErrorKind::Syntax) { position(message) } else { None };
    ServerError { code, kind, message: message.to_owned(), position }
}

/// The place Cassandra's parser names at the start of its message: `line 1:7 no viable alternative …`, lines from one,
/// columns from zero.
fn position(message: &str) -> Option<Position> {
    let (line, rest) = message.strip_prefix("line ")?.split_once(':')?;
    let column = rest.split(|c: char| !c.is_ascii_digit()).next()?;
    let line = line.parse().ok().filter(|&line| line > 0)?;
    Some(Position { line, column: column.parse::<usize>().ok()?.checked_add(1)? })
}

/// A connection that is gone; `since` and `cause` are added by whoever knows them.
fn lost(maybe_applied: bool, cause: Option<ConnectError>) -> QueryError {
    QueryError::ConnectionLost(Box::new(ConnectionLost { since: None, cause, maybe_applied }))
}

fn driver(error: &dyn std::fmt::Display) -> QueryError {
    QueryError::Driver { reason: error.to_string() }
}

/// Why a statement failed, after the attempts that `record` saw. The driver tells the last failure alone, and "no
/// connection" of its last target says nothing of what came before it.
pub(crate) fn execution_error(error: &ExecutionError, record: &Record) -> QueryError {
    let seen = record.take_failure();
    match (error, seen) {
        (
            ExecutionError::LastAttemptError(_)
            | ExecutionError::ConnectionPoolError(_)
            | ExecutionError::EmptyPlan,
            Some(seen),
        ) => seen,
        _ => unseen_error(error),
    }
}

fn unseen_error(error: &ExecutionError) -> QueryError {
    match error {
        ExecutionError::LastAttemptError(attempt) => attempt_error(attempt),
        ExecutionError::ConnectionPoolError(pool) => lost(false, pool_error(pool)),
        ExecutionError::EmptyPlan => lost(false, None),
        ExecutionError::RequestTimeout(after) => QueryError::Timeout { after: *after, maybe_applied: true },
        ExecutionError::PrepareError(prepare) => prepare_error(prepare),
        ExecutionError::UseKeyspaceError(keyspace) => use_keyspace_error(keyspace, ""),
        other => driver(other),
    }
}

pub(crate) fn prepare_error(error: &PrepareError) -> QueryError {
    match error {
        PrepareError::ConnectionPoolError(pool) => lost(false, pool_error(pool)),
        PrepareError::AllAttemptsFailed { first_attempt } => match attempt_error(first_attempt) {
            QueryError::ConnectionLost(lost) => {
                QueryError::ConnectionLost(Box::new(ConnectionLost { maybe_applied: false, ..*lost }))
            }
            other => other,
        },
        other => driver(other),
    }
}

pub(crate) fn use_keyspace_error(error: &UseKeyspaceError, name: &str) -> QueryError {
    match error {
        UseKeyspaceError::BadKeyspaceName(bad) => {
            QueryError::KeyspaceName { name: name.to_owned(), reason: bad.to_string() }
        }
        UseKeyspaceError::RequestError(attempt) => attempt_error(attempt),
        UseKeyspaceError::RequestTimeout(after) => {
            QueryError::Timeout { after: *after, maybe_applied: false }
        }
        other => driver(other),
    }
}

/// What one attempt failed of.
pub(crate) fn attempt_error(error: &RequestAttemptError) -> QueryError {
    match error {
        // Said in the node's place by the driver's own reading of messages.
        RequestAttemptError::DbError(DbError::ProtocolError, message) if message.starts_with(TOO_LONG) => {
            QueryError::TooLong {
                reason: format!("{message} Ask for fewer rows at a time, e.g. with `%set page_size 100`."),
            }
        }
        RequestAttemptError::DbError(db, message) => QueryError::Server(Box::new(server_error(db, message))),
        RequestAttemptError::BrokenConnectionError(_) | RequestAttemptError::UnableToAllocStreamId => {
            lost(!was_not_sent(error), None)
        }
        RequestAttemptError::CqlResultParseError(parse) => {
            // The number is only in the words of the innermost cause.
            let text = innermost(parse);
            if text.contains("not yet implemented") {
                QueryError::UnknownType { class: text }
            } else {
                QueryError::Driver { reason: text }
            }
        }
        other => driver(other),
    }
}

/// The words of the last cause in a chain.
fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut current = error;
    while let Some(source) = current.source() {
        current = source;
    }
    current.to_string()
}

/// Why a pool has no connection, where there is more to say than that.
pub(crate) fn pool_error(error: &ConnectionPoolError) -> Option<ConnectError> {
    match error {
        ConnectionPoolError::Broken { last_connection_error } => connection_error(last_connection_error),
        _ => None,
    }
}

/// Why a connection could not be made, as far as the server said so; what happened on the way is known by the relay.
fn connection_error(error: &ConnectionError) -> Option<ConnectError> {
    match error {
        ConnectionError::ConnectionSetupRequestError(ConnectionSetupRequestError { error, .. }) => {
            match error {
                // Said where the replicas of the roles do not answer, as of nodes that have just started: it passes.
                ConnectionSetupRequestErrorKind::DbError(DbError::AuthenticationError, text)
                    if text.contains("Unable to perform authentication") =>
                {
                    Some(ConnectError::Server(Box::new(server_error(&DbError::ServerError, text))))
                }
                ConnectionSetupRequestErrorKind::DbError(DbError::AuthenticationError, server_text) => {
                    Some(ConnectError::AuthFailed { server_text: server_text.clone() })
                }
                ConnectionSetupRequestErrorKind::DbError(db, message) => {
                    Some(ConnectError::Server(Box::new(server_error(db, message))))
                }
                ConnectionSetupRequestErrorKind::MissingAuthentication => {
                    Some(ConnectError::CredentialsRequired)
                }
                _ => None,
            }
        }
        _ => None,
    }
}

/// Why there is no session, as far as the driver knows more than that it has no connection.
pub(crate) fn session_error(error: &NewSessionError) -> Option<ConnectError> {
    match error {
        NewSessionError::MetadataError(MetadataError::ConnectionPoolError(pool)) => pool_error(pool),
        _ => None,
    }
}

/// The pauses between tries: doubling from `first` up to `longest`.
pub(crate) fn pauses(first: Duration, longest: Duration) -> impl Iterator<Item = Duration> {
    std::iter::successors(Some(first), move |pause| Some(pause.saturating_mul(2).min(longest)))
}

#[cfg(test)]
mod tests {
    use scylla::cluster::metadata::UserDefinedType;

    use super::*;

    /// Thirty types, each of which holds the one before it twice: 2^30 parts were they all written out.
    #[test]
    fn types_that_double_are_cut() {
        let mut held = ColumnType::Native(NativeType::Int);
        for level in 0..30 {
            let field = |name: &'static str| (name.into(), held.clone());
            let definition = Arc::new(UserDefinedType {
                keyspace: "ks".into(),
                name: format!("level_{level}").into(),
                field_types: vec![field("a"), field("b")],
            });
            held = ColumnType::UserDefinedType { frozen: true, definition };
        }
        let converted = cql_type(&held);
        assert!(format!("{converted:?}").contains(BEYOND));
        let mut lists = ColumnType::Native(NativeType::Int);
        for _ in 0..MAX_TYPE_DEPTH + 5 {
            lists = ColumnType::Collection { frozen: false, typ: CollectionType::List(Box::new(lists)) };
        }
        assert!(cql_type(&lists).to_string().contains(BEYOND));
    }
}
