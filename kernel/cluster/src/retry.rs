//! When the driver repeats a request: only where that cannot do harm, and then on another node. Pure.
//!
//! The driver's own policy gives up where a replica that has just died makes its coordinator time out, and repeats
//! nothing at a serial level. Here a read is worth three more tries, and a request that was not sent is always repeated.

use scylla::errors::{BrokenConnectionErrorKind, DbError, RequestAttemptError};
use scylla::policies::retry::{RequestInfo, RetryDecision, RetryPolicy, RetrySession};

/// Attempts beyond the first at most.
const MAX_RETRIES: u32 = 3;

/// Repeats what was not sent, and of idempotent requests what another node may answer.
#[derive(Debug)]
pub(crate) struct SafeRetry;

impl RetryPolicy for SafeRetry {
    fn new_session(&self) -> Box<dyn RetrySession> {
        Box::new(Attempts { retries: 0 })
    }
}

struct Attempts {
    retries: u32,
}

impl RetrySession for Attempts {
    fn decide_should_retry(&mut self, request: RequestInfo<'_>) -> RetryDecision {
        if self.retries < MAX_RETRIES && another_node_may_help(request.error, request.is_idempotent) {
            self.retries += 1;
            RetryDecision::RetryNextTarget(None)
        } else {
            RetryDecision::DontRetry
        }
    }

    fn reset(&mut self) {
        self.retries = 0;
    }
}

/// Whether a request that failed this way certainly did not leave this process. The driver reports a closed channel
/// where the connection broke while the request was still queued; one that was written gets the connection's own error.
pub(crate) fn was_not_sent(error: &RequestAttemptError) -> bool {
    match error {
        RequestAttemptError::UnableToAllocStreamId => true,
        RequestAttemptError::BrokenConnectionError(broken) => {
            matches!(broken.downcast_ref(), Some(BrokenConnectionErrorKind::ChannelError))
        }
        _ => false,
    }
}

fn another_node_may_help(error: &RequestAttemptError, idempotent: bool) -> bool {
    match error {
        _ if was_not_sent(error) => true,
        RequestAttemptError::DbError(error, _) => match error {
            // Refused before anything was done.
            DbError::IsBootstrapping | DbError::Unavailable { .. } => true,
            // Another coordinator may choose replicas that are alive, or know by now which are not.
            DbError::ReadTimeout { .. } | DbError::ReadFailure { .. } => idempotent,
            DbError::WriteTimeout { .. } | DbError::WriteFailure { .. } => idempotent,
            DbError::ServerError | DbError::TruncateError => idempotent,
            // Not a node that is overloaded or a rate limit that is reached: more requests at once are what it asks to be
            // spared. They are repeated after pauses (`patience.rs`).
            _ => false,
        },
        RequestAttemptError::BrokenConnectionError(_) => idempotent,
        _ => false,
    }
}
