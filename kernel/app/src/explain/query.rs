//! Why a statement gave no answer, in the user's words.

use cqlbook_cluster::{
    ConnectError, ConnectionLost, QueryError, SchemaSnapshot, ServerError, ServerErrorKind,
};
use cqlbook_core::cell::{Statement, StatementKind};
use cqlbook_core::cql::keywords::quote_name;
use cqlbook_core::diagnostic::{Code, Diagnostic};
use cqlbook_core::render::duration;
use cqlbook_core::schema::Schema;
use cqlbook_core::text::Span;

use super::connect::{self, Kind};
use super::{filtering, happened, names, place, refusals, syntax, wording};
use crate::run::repeat::idempotence;

/// What is known of the statement that failed.
pub(crate) struct Context<'a> {
    /// Whether the service is Astra.
    pub(crate) astra: bool,
    /// The statement.
    pub(crate) statement: &'a Statement,
    /// The keyspace in use.
    pub(crate) keyspace: Option<String>,
    /// The schema, for names that are nearly right.
    pub(crate) schema: &'a SchemaSnapshot,
    /// The same as a model, for functions and indexes.
    pub(crate) model: &'a Schema,
}

impl Context<'_> {
    /// The keyspace (written or in use, where one is known) and the table that the statement is about.
    pub(crate) fn table(&self) -> Option<(Option<&str>, &str)> {
        let (keyspace, table) = self.statement.table()?;
        Some((keyspace.or(self.keyspace.as_deref()), table))
    }
}

/// Tells why a statement failed.
pub(crate) fn query(error: &QueryError, context: &Context<'_>) -> Diagnostic {
    let idempotence = idempotence(context.statement, context.keyspace.as_deref(), context.schema);
    let diagnostic = failure(error, context);
    if happened::may_have(error, context.statement, idempotence) {
        return happened::told(diagnostic, context.statement, idempotence);
    }
    match error {
        // Of a write it is worth a word.
        QueryError::Server(server) if matches!(server.kind, ServerErrorKind::Unavailable { .. }) => {
            nothing_done(diagnostic)
        }
        QueryError::ConnectionLost(_) | QueryError::Timeout { .. } if idempotence.writes() => {
            nothing_done(diagnostic)
        }
        _ => diagnostic,
    }
}

fn nothing_done(mut diagnostic: Diagnostic) -> Diagnostic {
    diagnostic.message.push_str(" Nothing was done.");
    diagnostic
}

fn failure(error: &QueryError, context: &Context<'_>) -> Diagnostic {
    let diagnostic = match error {
        QueryError::Server(error) => match refusals::by_astra(error, context) {
            Some(told) => told.with_server_text(error.message.as_str()),
            None => {
                let diagnostic = advise(server(error, context.astra), error, context);
                return diagnostic.with_span(place(error, context));
            }
        },
        QueryError::ConnectionLost(lost) => connection_lost(lost, context.astra),
        QueryError::Timeout { after, .. } => {
            Diagnostic::new(Code::Timeout, format!("There was no answer within {}.", duration(*after)))
                .with_cause("The statement may be too much work, or a node hangs.")
                .with_hint("Wait longer with `%set timeout 2m`, or for one cell `%%cql --timeout 2m`.")
        }
        QueryError::ValueCount { expected, given } => Diagnostic::new(
            Code::InvalidQuery,
            format!("The statement has {expected} bind variables, and {given} values were given."),
        )
        .with_cause("Each variable needs a value of its own.")
        .with_hint("Name each variable, `:name`, and set it with `%param name = VALUE`."),
        QueryError::UnknownType { class } => Diagnostic::new(
            Code::Unsupported,
            "The result has a column of a type that this release does not know.",
        )
        .with_cause(format!("The server calls it {class}."))
        .with_hint("Select the other columns, or cast this one: `CAST(column AS text)`."),
        QueryError::KeyspaceName { name, reason } => {
            Diagnostic::new(Code::InvalidQuery, format!("`{name}` cannot be a keyspace's name."))
                .with_cause(format!("It was refused: {reason}."))
                .with_hint("`DESCRIBE KEYSPACES` lists the names there are.")
        }
        QueryError::ColumnsChanged { difference } => columns_changed(difference),
        QueryError::PageRepeats => Diagnostic::new(
            Code::ServerError,
            "The server's answer leads in a circle: behind this page it names the same page again.",
        )
        .with_cause("A proxy or a node repeats an answer. The page was not taken, so no row is there twice.")
        .with_hint("Run the cell again. If it comes again, read the table by ranges: `%%export`, or `WHERE token(key) > …`."),
        QueryError::KeyspacesBusy { most } => Diagnostic::new(
            Code::Timeout,
            format!("Statements run under {most} other keyspaces, the most at one moment. Nothing was sent."),
        )
        .with_cause(
            "Each keyspace needs a session of its own while statements run under it, and none ended in time.",
        )
        .with_hint("Run the cell again when a statement of another subshell has ended."),
        QueryError::Driver { reason } | QueryError::TooLong { reason } => Diagnostic::new(Code::ServerError, "The answer could not be read.")
            .with_cause("The driver gave up for the reason below.")
            .with_hint("Run the statement again. If it fails again, report it with the text below.")
            .with_server_text(reason),
        other => Diagnostic::new(Code::ServerError, "The statement failed.")
            .with_cause(super::sentence(&other.to_string()))
            .with_hint("Run the statement again."),
    };
    diagnostic.with_span(context.statement.span)
}

/// What is said where the columns of a result changed while its rows were read.
pub(crate) fn columns_changed(difference: &str) -> Diagnostic {
    Diagnostic::new(
        Code::SchemaChanged,
        format!("The columns changed while the rows were read: {difference}. The rows that came after were not taken."),
    )
    .with_cause("The table was altered meanwhile, perhaps by another notebook.")
    .with_hint("Run the SELECT again: it reads all rows under the new columns.")
}

/// Tells why a later page of a result that is kept could not be fetched.
pub(crate) fn of_a_later_page(error: &QueryError, astra: bool) -> Diagnostic {
    let diagnostic = query_of_no_statement(error, astra);
    match error {
        QueryError::ColumnsChanged { .. } => diagnostic.with_hint("What was fetched before is still kept."),
        _ => diagnostic,
    }
}

/// Tells why a page of an earlier statement could not be fetched.
pub(crate) fn query_of_no_statement(error: &QueryError, astra: bool) -> Diagnostic {
    let mut diagnostic = query(
        error,
        &Context {
            astra,
            statement: &Statement::new(""),
            keyspace: None,
            schema: &SchemaSnapshot::default(),
            model: &Schema::default(),
        },
    );
    diagnostic.span = None;
    diagnostic
}

/// Where in the cell the server's complaint points: the token it names, or the whole statement.
fn place(error: &ServerError, context: &Context<'_>) -> Span {
    let statement = context.statement;
    let Some(position) = error.position else {
        return match error.kind {
            // The parser gives the end no place.
            ServerErrorKind::Syntax if error.message.contains("input '<EOF>'") => {
                Span::new(statement.span.end, statement.span.end)
            }
            // It quotes the whole statement, and nothing else.
            ServerErrorKind::Syntax if syntax::is_whole(&error.message) => {
                let number = syntax::too_large(&statement.text);
                number.map_or(statement.span, |span| span.shifted(statement.span.start))
            }
            ServerErrorKind::Syntax | ServerErrorKind::Invalid | ServerErrorKind::Config => {
                let found = place::of(&statement.text, &error.message);
                found.map_or(statement.span, |span| span.shifted(statement.span.start))
            }
            _ => statement.span,
        };
    };
    let place = statement.server_position(position.line, position.column.saturating_sub(1));
    statement.unseparated(place).unwrap_or(place)
}

/// Tells what an ERROR message of the server means.
pub(crate) fn server(error: &ServerError, astra: bool) -> Diagnostic {
    let text = error.message.as_str();
    let diagnostic = match &error.kind {
        ServerErrorKind::Credentials => {
            return connect::auth_failed(text, if astra { Kind::Astra } else { Kind::Cassandra });
        }
        ServerErrorKind::Unavailable { consistency, required, alive } => Diagnostic::new(
            Code::Unavailable,
            format!(
                "{consistency} needs {}, and {alive} {} alive.",
                replicas(*required),
                if *alive == 1 { "is" } else { "are" }
            ),
        )
        .with_cause("Nodes are down, or the keyspace is replicated to fewer nodes than the level needs.")
        .with_hint("Try again when the nodes are back, or use a lower level: `CONSISTENCY LOCAL_ONE` (Astra refuses it for writes)."),
        ServerErrorKind::ReadTimeout { consistency, received, required, data_present } => Diagnostic::new(
            Code::ReadTimeout,
            format!("{received} of {required} replicas answered a read at {consistency} in time."),
        )
        .with_cause(if *data_present {
            "The replica that was asked for the rows answered, others did not: a node is slow or down."
        } else {
            "The replica that was asked for the rows did not answer: it is slow, or the query reads much, many tombstones included."
        })
        .with_hint("Read less at a time: name the partition key, add a LIMIT, or use a smaller page (`%set page_size 500`)."),
        ServerErrorKind::WriteTimeout { consistency, received, required, write_type } => Diagnostic::new(
            Code::WriteTimeout,
            format!("{received} of {required} replicas acknowledged a write at {consistency} in time ({write_type})."),
        )
        .with_cause("A node is slow or down.")
        .with_hint("Look whether all nodes are up, or use a lower level: `CONSISTENCY LOCAL_QUORUM`."),
        ServerErrorKind::ReadFailure { consistency, received, required, failures, .. } => Diagnostic::new(
            Code::ReadFailure,
            format!("{} failed a read at {consistency}; {received} of {required} answered.", replicas(*failures)),
        )
        .with_cause("Most often a replica met more tombstones than it accepts.")
        .with_hint("Read a narrower range of clustering columns, or look at what was deleted there."),
        ServerErrorKind::WriteFailure { consistency, received, required, failures, write_type } => Diagnostic::new(
            Code::WriteFailure,
            format!("{} failed a write at {consistency} ({write_type}); {received} of {required} acknowledged it.", replicas(*failures)),
        )
        .with_cause("The mutation may be too large, or a replica has a fault.")
        .with_hint("Write less at once: smaller values, or fewer rows in a batch."),
        ServerErrorKind::Overloaded => Diagnostic::new(Code::RateLimited, "The server takes no more requests now.")
            .with_cause(if astra {
                "The database's rate limit is reached, or a node is overloaded."
            } else {
                "The node is overloaded."
            })
            .with_hint("Wait a little and run the statement again. A smaller page or import concurrency helps."),
        ServerErrorKind::Bootstrapping => Diagnostic::new(Code::ServerError, "The node is still starting.")
            .with_cause("It was started a moment ago, and answers no statements yet.")
            .with_hint("Run the statement again in some seconds."),
        ServerErrorKind::Truncate => Diagnostic::new(Code::TruncateError, "The table could not be truncated.")
            .with_cause("TRUNCATE needs every node to be up, and to know the table.")
            .with_hint("Run it again when all nodes are back."),
        ServerErrorKind::FunctionFailure { keyspace, function, arg_types } => Diagnostic::new(
            Code::FunctionFailure,
            format!("The function {keyspace}.{function}({}) failed.", arg_types.join(", ")),
        )
        .with_cause("Its code met a value that it was not made for.")
        .with_hint("Look at its body with `DESCRIBE FUNCTION`, and at the values it got."),
        ServerErrorKind::Syntax => Diagnostic::new(Code::SyntaxError, syntax::message(text)),
        ServerErrorKind::Unauthorized => refusals::unauthorized(text, astra),
        ServerErrorKind::Invalid => refusals::level(text)
            .unwrap_or_else(|| Diagnostic::new(Code::InvalidQuery, server_sentence(text))),
        ServerErrorKind::Config if is_of_a_name(text) => {
            Diagnostic::new(Code::ConfigError, "The server refused a name of the statement.")
                .with_cause("Quotes do not help: such a name has only letters, digits and `_`, and no more than the server allows.")
                .with_hint("Take another name. The server's words below say which it refused.")
        }
        ServerErrorKind::Config => Diagnostic::new(Code::ConfigError, "The server refused a setting of the statement.")
            .with_cause("An option or a replication setting has a value that is not allowed.")
            .with_hint("The server's words below name it. `DESCRIBE` of a table or keyspace that works shows how it is written."),
        ServerErrorKind::AlreadyExists { keyspace, table } => Diagnostic::new(
            Code::AlreadyExists,
            if table.is_empty() {
                format!("The keyspace `{keyspace}` exists already.")
            } else {
                format!("The table `{keyspace}.{table}` exists already.")
            },
        )
        .with_cause("It was made before, perhaps by another notebook.")
        .with_hint("Add `IF NOT EXISTS` to leave it as it is."),
        ServerErrorKind::Server | ServerErrorKind::Protocol | ServerErrorKind::Unprepared | ServerErrorKind::Other => {
            Diagnostic::new(Code::ServerError, "The server failed.")
                .with_cause(format!("It answered with error 0x{:04X}.", error.code))
                .with_hint("Run the statement again. If it fails again, the server's log says more.")
        }
        other => Diagnostic::new(Code::ServerError, "The server failed.")
            .with_cause(format!("{other:?}"))
            .with_hint("Run the statement again. If it fails again, the server's log says more."),
    };
    // Its words are not said twice.
    if diagnostic.message == server_sentence(text) { diagnostic } else { diagnostic.with_server_text(text) }
}

/// Whether it complains of the name that something is to have.
fn is_of_a_name(text: &str) -> bool {
    let text = text.to_lowercase();
    ["name must", "names must", "names shouldn't", "is not a valid"].iter().any(|words| text.contains(words))
        && text.contains("name")
}

fn replicas(count: i32) -> String {
    if count == 1 { "1 replica".to_owned() } else { format!("{count} replicas") }
}

/// The server's words as one sentence.
fn server_sentence(text: &str) -> String {
    let text = text.trim().trim_end_matches('.');
    if text.is_empty() { "The server calls the statement invalid.".to_owned() } else { format!("{text}.") }
}

/// Adds what the schema knows: names that are nearly right, quotes, keys.
fn advise(diagnostic: Diagnostic, error: &ServerError, context: &Context<'_>) -> Diagnostic {
    let text = error.message.as_str();
    match diagnostic.code {
        Code::InvalidQuery if text.contains("No keyspace has been specified") => diagnostic
            .with_cause("A table was named without its keyspace, and none is in use.")
            .with_hint("`USE keyspace;`, or name it: `keyspace.table`."),
        Code::InvalidQuery if text.contains("ALLOW FILTERING") => filtering::advise(diagnostic, context),
        Code::InvalidQuery if text.contains("bind variables are not supported inside collection literals") => diagnostic
            .with_cause("The server takes no variable inside a list, set or map that is written out.")
            .with_hint("Bind the whole collection: `= :tags`, with `%param tags = {'a', 'b'}`."),
        Code::InvalidQuery if text.contains("Request is too big") => diagnostic
            .with_cause("The server takes no statement of more than 16 MiB, its values included.")
            .with_hint("Write less at once: smaller values, or fewer rows in a batch."),
        Code::InvalidQuery if text.contains("Invalid STRING constant (") && unquoted(text).is_some() => diagnostic
            .with_cause("What is in single quotes is text, and the column is of another type.")
            .with_hint(format!("Write it without the quotes: {}.", unquoted(text).unwrap_or_default())),
        Code::InvalidQuery if text.contains("user type literal") && wording::hint(&context.statement.text).is_some() => diagnostic
            .with_cause("In braces, names before `:` make a value of a user-defined type; keys of a map are values.")
            .with_hint(wording::hint(&context.statement.text).unwrap_or_default()),
        Code::InvalidQuery => {
            let diagnostic =
                diagnostic.with_cause("The statement parses, but it does not fit the schema or the server's rules.");
            match (names::suggest(text, context), context.table()) {
                (Some(hint), _) => diagnostic.with_hint(hint),
                (None, _) if names::is_missing(text) => diagnostic.with_hint(names::listing(text)),
                // What was to be made is not there, so that it shows nothing.
                (None, _) if matches!(context.statement.kind, StatementKind::Create(_)) => {
                    diagnostic.with_hint("`%help` on the statement's first words, e.g. `%help CREATE TABLE`, shows its form.")
                }
                (None, Some((_, table))) => {
                    diagnostic.with_hint(format!("`DESCRIBE TABLE {table}` shows its columns and key."))
                }
                (None, None) => diagnostic.with_hint("`%help` on the statement's first word shows its form."),
            }
        }
        Code::SyntaxError if syntax::is_whole(text) => match syntax::too_large(&context.statement.text) {
            Some(number) => {
                let number = number.of(&context.statement.text);
                diagnostic
                    .with_cause(format!("`{}` is beyond a double, about 1.8E308, and the server reads every number with a point or an exponent as one first, whatever the column's type.", shortened(number)))
                    .with_hint("No literal has it. Bind it: write `:big` in its place, and `%param big = VALUE` before.")
            }
            None => diagnostic
                .with_cause("The server's parser gave up over the statement as a whole, and names no place.")
                .with_hint("Its words below say over what. Look for a constant that it may not read, e.g. a number."),
        },
        Code::SyntaxError if syntax::hash(&context.statement.text).is_some() => diagnostic
            .with_cause("`#` begins no comment in CQL.")
            .with_hint("Comments are `-- …`, `// …` and `/* … */`."),
        Code::SyntaxError if context.statement.swallowed_magic().is_some() => diagnostic
            .with_cause("The statement runs on into the line of a magic, because the `;` before that line is missing.")
            .with_hint("End the statement with `;`."),
        Code::SyntaxError if unseparated(error, context).is_some() => {
            let word = unseparated(error, context).map_or("", |span| span.of(&context.statement.text));
            diagnostic
                .with_cause("Two statements stand one behind the other, and the `;` between them is missing.")
                .with_hint(format!("Write `;` before `{word}`: it ends the statement that stands before."))
        }
        Code::SyntaxError => {
            let diagnostic = diagnostic.with_cause("The server could not read on at the marked place.");
            if let Some(hint) = wording::hint(&context.statement.text) {
                return diagnostic.with_hint(hint);
            }
            let diagnostic = match syntax::meant(text) {
                Some(word) => diagnostic.with_hint(format!("Did you mean `{word}`?")),
                None => diagnostic,
            };
            diagnostic.with_hint(
                "Look there for a missing comma, quote or keyword, or a name that needs double quotes.",
            )
        }
        Code::PermissionDenied => match names::unknown_keyspace(text, context) {
            // The notebook may not have heard of it yet.
            Some((name, hint)) => {
                let mut diagnostic = diagnostic.with_cause(format!(
                    "No keyspace `{}` is known here. Where there is none, the server says that the permission is missing.",
                    quote_name(&name)
                ));
                diagnostic.hints = vec![hint];
                diagnostic
            }
            None => diagnostic,
        },
        _ => diagnostic,
    }
}

/// Where in the statement's own text another one starts, by what the server stumbled over.
fn unseparated(error: &ServerError, context: &Context<'_>) -> Option<Span> {
    let position = error.position?;
    let statement = context.statement;
    let place = statement.server_position(position.line, position.column.saturating_sub(1));
    let found = statement.unseparated(place)?;
    let start = found.start.checked_sub(statement.span.start)?;
    Some(Span::new(start, start + (found.end - found.start)))
}

/// How a type is written that takes no quotes, where the complaint names one.
fn unquoted(text: &str) -> Option<&'static str> {
    let (_, name) = text.rsplit_once("\" of type ")?;
    match name.trim().trim_end_matches('.') {
        "uuid" | "timeuuid" => Some("`123e4567-e89b-12d3-a456-426614174000`"),
        "tinyint" | "smallint" | "int" | "bigint" | "varint" | "counter" => Some("`12`"),
        "float" | "double" | "decimal" => Some("`1.5`"),
        "boolean" => Some("`true`"),
        "blob" => Some("`0xcafe`"),
        _ => None,
    }
}

/// A number as it stands, cut where it is long.
fn shortened(number: &str) -> String {
    let mut characters = number.chars();
    let start: String = characters.by_ref().take(40).collect();
    if characters.next().is_some() { format!("{start}…") } else { start }
}

fn connection_lost(lost: &ConnectionLost, astra: bool) -> Diagnostic {
    let message = match lost.since {
        Some(since) => format!("All connections have been gone for {}.", duration(since)),
        None => "The connection broke while the statement was under way.".to_owned(),
    };
    let kind = if astra { Kind::Astra } else { Kind::Cassandra };
    let told = lost.cause.as_ref().map(|cause| connect::connect(cause, kind));
    // Who cannot be trusted, or sleeps, is said under its own code even when it shows in mid-session.
    if let Some(told) = &told
        && matches!(
            told.code,
            Code::TlsUntrusted | Code::DatabasePaused | Code::MetadataRefused | Code::AuthFailed
        )
    {
        return told.clone();
    }
    if let (Some(ConnectError::BundleReplaced { .. }), Some(told)) = (&lost.cause, &told) {
        let cause = format!(
            "The bundle was read again to find the database. {} {}",
            told.message,
            told.cause.as_deref().unwrap_or_default()
        );
        let lost = Diagnostic::new(Code::ConnectionLost, message).with_cause(cause.trim_end());
        return told.hints.iter().fold(lost, Diagnostic::with_hint);
    }
    let cause = told.map_or_else(|| "A node or the network failed.".to_owned(), |told| told.message);
    Diagnostic::new(Code::ConnectionLost, message)
        .with_cause(cause)
        .with_hint("The kernel reconnects by itself. Run the statement again in a moment.")
}
