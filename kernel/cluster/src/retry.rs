//! When the driver repeats a request, and what each of its attempts came to.
//!
//! The driver's own policy repeats nothing at a serial level, and tells the last attempt's failure alone, which says nothing
//! of those before it: where its last target is a dead node, "no connection" comes behind a time-out of a write. Here a
//! request that was not sent is always repeated, one that may have been executed only where that does no harm, and what an
//! attempt came to is kept until the whole is over ([`Record`]).

use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use scylla::errors::{BrokenConnectionErrorKind, DbError, RequestAttemptError, RequestError};
use scylla::observability::history::{AttemptId, HistoryListener, RequestId, SpeculativeId};
use scylla::policies::retry::{RequestInfo, RetryDecision, RetryPolicy, RetrySession};

use crate::convert::attempt_error;
use crate::error::QueryError;

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
        RequestAttemptError::UnableToAllocStreamId
        | RequestAttemptError::SerializationError(_)
        | RequestAttemptError::CqlRequestSerialization(_) => true,
        RequestAttemptError::BrokenConnectionError(broken) => {
            matches!(broken.downcast_ref(), Some(BrokenConnectionErrorKind::ChannelError))
        }
        _ => false,
    }
}

/// What may have been executed is sent again only where it is idempotent; that replicas are missing is no exception: the
/// partitions of a batch are written one after another, and a conditional write is decided before its level is looked at.
fn another_node_may_help(error: &RequestAttemptError, idempotent: bool) -> bool {
    match error {
        RequestAttemptError::UnableToAllocStreamId => true,
        RequestAttemptError::BrokenConnectionError(_) => idempotent || was_not_sent(error),
        // Another coordinator may choose replicas that are alive, or know by now which are not. (Not a node that is
        // overloaded or a rate limit that is reached: more requests at once are what it asks to be spared. They are
        // repeated after pauses, `patience.rs`.)
        RequestAttemptError::DbError(error, _) => {
            idempotent
                && matches!(
                    error,
                    DbError::IsBootstrapping
                        | DbError::Unavailable { .. }
                        | DbError::ReadTimeout { .. }
                        | DbError::ReadFailure { .. }
                        | DbError::WriteTimeout { .. }
                        | DbError::WriteFailure { .. }
                        | DbError::ServerError
                        | DbError::TruncateError
                )
        }
        _ => false,
    }
}

/// What the attempts of one request came to, all of them: the driver's and ours.
#[derive(Debug, Default)]
pub(crate) struct Record {
    course: Mutex<Course>,
}

#[derive(Debug, Default)]
struct Course {
    /// Attempts that are under way.
    open: usize,
    /// Whether one that failed may have been executed.
    maybe_executed: bool,
    /// The last failure that a server told, since the last look and ever.
    told: Option<QueryError>,
    ever_told: Option<QueryError>,
    /// The last failure of an attempt that reached a connection, since the last look.
    last: Option<QueryError>,
}

impl Record {
    fn course(&self) -> MutexGuard<'_, Course> {
        self.course.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether some attempt may have been executed: one that is under way, or one that failed and does not say otherwise.
    pub(crate) fn may_have_happened(&self) -> bool {
        let course = self.course();
        course.open > 0 || course.maybe_executed
    }

    /// What the attempts since the last call failed of, if any was made: what a server told before what a connection did.
    /// That the last target had no connection says nothing of them.
    pub(crate) fn take_failure(&self) -> Option<QueryError> {
        let mut course = self.course();
        // None is under way any more: the driver has given its answer, or was dropped and cannot tell.
        course.maybe_executed |= course.open > 0;
        course.open = 0;
        let (told, last) = (course.told.take(), course.last.take());
        told.or(last)
    }

    /// The last failure that a server told.
    pub(crate) fn told(&self) -> Option<QueryError> {
        self.course().ever_told.clone()
    }
}

impl HistoryListener for Record {
    fn log_request_start(&self) -> RequestId {
        RequestId(0)
    }

    fn log_request_success(&self, _: RequestId) {}

    fn log_request_error(&self, _: RequestId, _: &RequestError) {}

    fn log_new_speculative_fiber(&self, _: RequestId) -> SpeculativeId {
        SpeculativeId(0)
    }

    fn log_attempt_start(&self, _: RequestId, _: Option<SpeculativeId>, _: SocketAddr) -> AttemptId {
        self.course().open += 1;
        AttemptId(0)
    }

    fn log_attempt_success(&self, _: AttemptId) {
        let mut course = self.course();
        course.open = course.open.saturating_sub(1);
    }

    fn log_attempt_error(&self, _: AttemptId, error: &RequestAttemptError, _: &RetryDecision) {
        let failure = attempt_error(error);
        let mut course = self.course();
        course.open = course.open.saturating_sub(1);
        course.maybe_executed |= !was_not_sent(error) && failure.may_have_happened();
        if matches!(failure, QueryError::Server(_)) {
            course.told = Some(failure.clone());
            course.ever_told = Some(failure.clone());
        }
        course.last = Some(failure);
    }
}

#[cfg(test)]
mod tests {
    use scylla::errors::WriteType;
    use scylla::statement::Consistency;

    use super::*;
    use crate::error::ServerErrorKind;

    const LEVEL: Consistency = Consistency::LocalQuorum;

    fn server(error: DbError) -> RequestAttemptError {
        RequestAttemptError::DbError(error, String::new())
    }

    fn broken(kind: BrokenConnectionErrorKind) -> RequestAttemptError {
        RequestAttemptError::BrokenConnectionError(kind.into())
    }

    /// Every failure that another node might mend, all of which may have been executed.
    fn of_the_moment() -> Vec<RequestAttemptError> {
        let counts = (1, 2);
        vec![
            server(DbError::Unavailable { consistency: LEVEL, required: counts.1, alive: counts.0 }),
            server(DbError::IsBootstrapping),
            server(DbError::WriteTimeout {
                consistency: LEVEL,
                received: counts.0,
                required: counts.1,
                write_type: WriteType::Counter,
            }),
            server(DbError::ReadTimeout {
                consistency: LEVEL,
                received: counts.0,
                required: counts.1,
                data_present: false,
            }),
            server(DbError::ServerError),
            server(DbError::TruncateError),
            broken(BrokenConnectionErrorKind::TooManyOrphanedStreamIds(1)),
            broken(BrokenConnectionErrorKind::KeepaliveTimeout([127, 0, 0, 1].into())),
        ]
    }

    #[test]
    fn what_may_have_been_executed_is_repeated_only_where_it_is_idempotent() {
        for error in of_the_moment() {
            assert!(another_node_may_help(&error, true), "{error}");
            assert!(!another_node_may_help(&error, false), "{error}");
        }
        let not_sent =
            [broken(BrokenConnectionErrorKind::ChannelError), RequestAttemptError::UnableToAllocStreamId];
        for error in not_sent {
            assert!(another_node_may_help(&error, false), "{error}");
        }
        for error in [server(DbError::Overloaded), server(DbError::Invalid), server(DbError::SyntaxError)] {
            assert!(!another_node_may_help(&error, true), "{error}");
        }
    }

    fn attempt(record: &Record, error: Option<&RequestAttemptError>) {
        let id = record.log_attempt_start(RequestId(0), None, ([127, 0, 0, 1], 1).into());
        if let Some(error) = error {
            record.log_attempt_error(id, error, &RetryDecision::DontRetry);
        }
    }

    #[test]
    fn every_attempt_s_outcome_counts() {
        for error in of_the_moment() {
            let record = Record::default();
            attempt(&record, Some(&broken(BrokenConnectionErrorKind::ChannelError)));
            assert!(!record.may_have_happened(), "it was not sent");
            attempt(&record, Some(&error));
            attempt(&record, Some(&broken(BrokenConnectionErrorKind::ChannelError)));
            let is_certain = matches!(error, RequestAttemptError::DbError(DbError::IsBootstrapping, _));
            assert_eq!(record.may_have_happened(), !is_certain, "{error}: what came last does not undo it");
            if let Some(QueryError::Server(told)) = record.take_failure() {
                assert!(matches!(error, RequestAttemptError::DbError(..)), "{told:?}");
            }
            assert!(record.take_failure().is_none());
            assert_eq!(record.may_have_happened(), !is_certain, "{error}");
        }
        let record = Record::default();
        attempt(&record, None);
        assert!(record.may_have_happened(), "it is under way");
    }

    #[test]
    fn that_replicas_are_missing_is_told_before_that_a_node_is() {
        let record = Record::default();
        attempt(&record, Some(&server(DbError::Unavailable { consistency: LEVEL, required: 3, alive: 2 })));
        attempt(&record, Some(&broken(BrokenConnectionErrorKind::TooManyOrphanedStreamIds(1))));
        let Some(QueryError::Server(told)) = record.take_failure() else { panic!("a server told it") };
        assert!(matches!(told.kind, ServerErrorKind::Unavailable { required: 3, alive: 2, .. }));
    }
}
