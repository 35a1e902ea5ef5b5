//! What is said where there is no trace, or not all of it.

use cqlbook_cluster::{QueryError, ServerErrorKind};
use cqlbook_core::diagnostic::{Code, Diagnostic};
use cqlbook_core::trace::{Recording, TraceId};

use super::kept::short;

/// The server traced nothing.
pub(crate) fn no_id(astra: bool) -> Diagnostic {
    let cause = if astra {
        "This database may keep no traces. Astra documents them for some kinds of databases only."
    } else {
        "The statement was sent with the request to trace it, and the answer named no trace."
    };
    Diagnostic::new(Code::TraceUnavailable, "The server gave no trace of this statement.")
        .with_cause(cause)
        .with_hint("`%trace off` ends tracing.")
}

/// A failure of a statement that was traced: some databases are known to leave such a one without an answer.
pub(crate) fn of_a_traced_statement(error: Diagnostic) -> Diagnostic {
    if error.code != Code::Timeout {
        return error;
    }
    error.with_hint(
        "The statement was traced, and some databases never answer one that is. `%trace off` ends tracing.",
    )
}

/// A trace that cannot be read.
pub(crate) fn unreadable(error: &QueryError, id: TraceId) -> Diagnostic {
    let message = format!("The trace {} cannot be read.", short(id));
    let diagnostic = Diagnostic::new(Code::TraceUnavailable, message);
    match error {
        QueryError::Server(server) => {
            let diagnostic = if server.kind == ServerErrorKind::Unauthorized {
                diagnostic
                    .with_cause(
                        "The role may not read the keyspace `system_traces`, where the server writes traces.",
                    )
                    .with_hint(
                        "An administrator allows it: `GRANT SELECT ON KEYSPACE system_traces TO role;`",
                    )
            } else {
                diagnostic
                    .with_cause("The server refused to read its own tables of traces.")
                    .with_hint(again(id))
            };
            diagnostic.with_server_text(server.message.as_str())
        }
        QueryError::Timeout { .. } => diagnostic
            .with_cause("The server gave no answer when it was asked for the trace.")
            .with_hint(again(id)),
        other => diagnostic.with_cause(format!("Asking for it failed: {other}.")).with_hint(again(id)),
    }
}

/// Nothing of a trace is there.
pub(crate) fn nothing_there(id: TraceId) -> Diagnostic {
    Diagnostic::new(Code::TraceUnavailable, format!("The server has no trace {id}."))
        .with_cause(
            "Servers keep traces for a day. It may be older, or of another database, or not written yet.",
        )
        .with_hint("`%trace list` lists those of this notebook.")
}

/// A trace of a database that the notebook has left, and that was not read before.
pub(crate) fn of_another_connection(id: TraceId) -> Diagnostic {
    Diagnostic::new(
        Code::TraceUnavailable,
        format!("The trace {} was not read while its connection was open.", short(id)),
    )
    .with_cause("It is kept by the database of that connection, and the notebook has another one open now.")
    .with_hint("Connect to that database again, and run the statement with `%%cql --trace`.")
}

/// A trace of which the server wrote nothing in time.
pub(crate) fn never_came(id: TraceId) -> Diagnostic {
    Diagnostic::new(
        Code::TraceUnavailable,
        format!("The server named the trace {}, and wrote nothing of it in time.", short(id)),
    )
    .with_cause("Traces are written behind the answer, and a busy server may drop them.")
    .with_hint(again(id))
}

/// What stands over a trace that is not whole; nothing over one that is.
pub(crate) fn incomplete(recording: &Recording) -> Option<String> {
    let id = short(recording.session.id);
    (!recording.complete).then(|| {
        format!(
            "{}: The server had not written the end of this trace in time, so a part may be missing. `%trace show {id}` reads it again.",
            Code::TraceIncomplete
        )
    })
}

fn again(id: TraceId) -> String {
    format!("`%trace show {}` asks for it again.", short(id))
}
