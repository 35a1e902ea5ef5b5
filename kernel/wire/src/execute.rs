//! Runs one cell: count, input echo, the handler, its error message, user expressions.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use jupyter_protocol::{ErrorOutput, ExecuteInput, ExecutionCount};
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::handler::{ErrorReport, ExecuteOutcome, ExecuteRequest, Handler};
use crate::io::{Cell, Io};
use crate::kernel::{Kernel, Registered, internal_error, interrupted};
use crate::replies;
use crate::requests::{Fields, cell_id};
use crate::serve::STOP_GRACE;
use crate::session::Incoming;

/// How long a cell that was dropped may take to let go of what it holds.
const LETTING_GO: Duration = Duration::from_millis(200);

/// A cell that was run.
pub(crate) struct Done {
    pub(crate) reply: Value,
    /// When it failed, if the cells that had come by then are to be aborted. Taken before anyone is told of the error: what
    /// a frontend sends in answer to it runs.
    pub(crate) abort_until: Option<Instant>,
}

/// The reply for a cell that is not run.
pub(crate) fn aborted<H>(kernel: &Kernel<H>) -> Value {
    replies::aborted(kernel.count.load(Ordering::Relaxed))
}

/// Runs a cell that is `running`: registered before busy was published, so that an interrupt by one who saw it finds it.
pub(crate) async fn run<H: Handler>(
    kernel: &Kernel<H>,
    message: &Incoming,
    running: Registered<'_>,
    deleted: &CancellationToken,
) -> Done {
    let fields = Fields::of(message);
    let silent = fields.flag("silent", false);
    let store_history = !silent && fields.flag("store_history", true);
    let stop_on_error = fields.flag("stop_on_error", true);
    let code = fields.text("code").to_owned();
    let execution_count = match store_history {
        true => kernel.count.fetch_add(1, Ordering::Relaxed) + 1,
        false => kernel.count.load(Ordering::Relaxed),
    };
    if !silent {
        let execution_count = ExecutionCount::new(execution_count as usize);
        kernel.iopub.publish(
            "execute_input",
            &message.header,
            &ExecuteInput { code: code.clone(), execution_count },
        );
    }

    let request = ExecuteRequest {
        code,
        silent,
        store_history,
        allow_stdin: fields.flag("allow_stdin", false),
        stop_on_error,
        execution_count,
        cell_id: cell_id(message),
        cancelled: running.cancelled.clone(),
    };
    let cell = Cell {
        request: message.clone(),
        execution_count,
        silent,
        allow_stdin: request.allow_stdin,
        cancelled: running.cancelled.clone(),
    };
    let io = Io::new(kernel.iopub.clone(), kernel.stdin.clone(), cell);
    let (handler, own) = (kernel.handler.clone(), io.clone());
    let cell = kernel.lanes.cells().spawn(async move { handler.execute(request, own).await });
    let mut cell = AbortOnDropHandle::new(cell);
    let outcome = tokio::select! {
        biased;
        () = overdue(kernel, &running.cancelled, deleted) => {
            cell.abort();
            // What it holds is let go before the next cell runs, unless its thread is blocked.
            let _ = tokio::time::timeout(LETTING_GO, &mut cell).await;
            interrupted().into()
        }
        // It ends in no other way than by its end or a panic.
        outcome = &mut cell => outcome.unwrap_or_else(|_| internal_error().into()),
    };
    let ended = Instant::now();
    drop(running);
    io.close();

    match outcome {
        ExecuteOutcome::Ok { payload } => {
            let expressions = expressions(kernel, &fields).await;
            Done { reply: replies::executed(execution_count, &payload, expressions), abort_until: None }
        }
        ExecuteOutcome::Error { ename, evalue, traceback } => {
            let report = ErrorReport { ename, evalue, traceback };
            let reply = replies::failed(execution_count, &report);
            if !silent {
                let ErrorReport { ename, evalue, traceback } = report;
                kernel.iopub.publish("error", &message.header, &ErrorOutput { ename, evalue, traceback });
            }
            Done { reply, abort_until: stop_on_error.then_some(ended) }
        }
        ExecuteOutcome::Aborted => {
            Done { reply: replies::aborted(execution_count), abort_until: stop_on_error.then_some(ended) }
        }
    }
}

/// Ends when a cell that was told to stop has gone on for too long.
async fn overdue<H>(kernel: &Kernel<H>, cancelled: &CancellationToken, deleted: &CancellationToken) {
    let interrupted = async {
        cancelled.cancelled().await;
        tokio::time::sleep(kernel.interrupt_grace).await;
    };
    let stopped = async {
        kernel.stopping.cancelled().await;
        tokio::time::sleep(STOP_GRACE).await;
    };
    let deleted = async {
        deleted.cancelled().await;
        // A deleted subshell's cell is interrupted like any other.
        cancelled.cancel();
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = interrupted => {}
        () = stopped => {}
        () = deleted => {}
    }
}

async fn expressions<H: Handler>(kernel: &Kernel<H>, fields: &Fields) -> Map<String, Value> {
    let mut values = Map::new();
    for (name, expression) in fields.texts("user_expressions") {
        let (handler, owned) = (kernel.handler.clone(), expression.to_owned());
        let evaluated = kernel.guarded(async move { handler.evaluate(&owned).await }).await;
        let value = evaluated.and_then(|value| value);
        values.insert(name.to_owned(), replies::expression(&value));
    }
    values
}
