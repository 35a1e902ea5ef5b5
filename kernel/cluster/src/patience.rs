//! When a request that failed is sent again, after which pause, and who is told: pure, but for the random part of a pause.
//!
//! Two failures pass with time: a lost connection, and a service that asks to slow down. Only what is safe to send again is:
//! an idempotent request, or one that certainly was not executed. A third passes where the first came before it: that nodes
//! which are back do not see one another yet. Otherwise it is told at once. Error 0x1001 says that "the request cannot be processed
//! because the coordinator node is overloaded" (protocol v4, section 9). Of a rate limit that is certain: it is checked before
//! a request is executed. In general it is not: Cassandra also answers so from the middle of a write, when too many hints
//! are under way (`StorageProxy.checkHintOverload`), and part of a batch may be written by then.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use cqlbook_core::cell::Idempotence;
use uuid::Uuid;

use crate::bundle::BundleError;
use crate::convert::pauses;
use crate::error::{ConnectError, ConnectionLost, QueryError, ServerErrorKind};
use crate::link::LinkError;
use crate::metadata::MetadataError;

/// How long a request waits for nodes to come back, or for a service to take requests again, if nobody is told of it.
pub(crate) const GRACE: Duration = Duration::from_secs(3);
/// How long at most where waiting does not help by itself, as with a server that cannot be trusted: long enough to read a
/// bundle that was changed just now, and to go by it.
const DOUBT: Duration = Duration::from_secs(5);
/// The pauses between attempts without a connection: each costs no network.
const LOST_PAUSES: (Duration, Duration) = (Duration::from_millis(25), Duration::from_millis(400));
/// The pauses a service gets that asks to slow down.
const SLOW_PAUSES: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(8));
/// A pause is longer or shorter by up to a so-manieth, so that many requests do not come back at once.
const JITTER: u32 = 5;

/// A request that is to be sent again.
#[derive(Debug, Clone)]
pub struct RetryNotice {
    /// Which attempt comes next; the first retry is the second.
    pub attempt: u32,
    /// After which pause.
    pub wait: Duration,
    /// What the last one failed of.
    pub reason: RetryReason,
    /// Whether some attempt so far may have been carried out. Every doubt says yes.
    pub may_have_happened: bool,
}

/// Why a request is sent again.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum RetryReason {
    /// The service takes no more requests now: its rate limit is reached, or a node is overloaded.
    SlowDown {
        /// The service's own words.
        server_text: String,
    },
    /// No node is connected.
    Lost(Box<ConnectionLost>),
}

/// Somebody who is told what a request waits for, and waits longer therefore.
#[derive(Clone)]
pub(crate) struct Attendance {
    /// How long what has no time-out of its own may take.
    pub(crate) timeout: Duration,
    pub(crate) observer: Arc<dyn Fn(RetryNotice) + Send + Sync>,
}

impl fmt::Debug for Attendance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attendance").field("timeout", &self.timeout).finish_non_exhaustive()
    }
}

/// The attempts of one request.
pub(crate) struct Attempts {
    idempotence: Idempotence,
    /// How long it may wait in all.
    patience: Duration,
    made: u32,
    /// Whether the database was seen asleep: while it wakes it is known to refuse now and then.
    was_asleep: bool,
    /// The connection that was lost last, if one was.
    lost: Option<Box<ConnectionLost>>,
    lost_pauses: Box<dyn Iterator<Item = Duration> + Send>,
    slow_pauses: Box<dyn Iterator<Item = Duration> + Send>,
    /// The pauses given so far without their random part, so that chance does not decide how often a request is sent.
    slowed: Duration,
}

impl Attempts {
    pub(crate) fn new(idempotence: Idempotence, patience: Duration) -> Self {
        Self {
            idempotence,
            patience,
            made: 0,
            was_asleep: false,
            lost: None,
            lost_pauses: Box::new(pauses(LOST_PAUSES.0, LOST_PAUSES.1)),
            slow_pauses: Box::new(pauses(SLOW_PAUSES.0, SLOW_PAUSES.1)),
            slowed: Duration::ZERO,
        }
    }

    /// What to do about a failure, `elapsed` after the first attempt began: wait and try again, or `None`, give it up.
    /// `random` is anything; it changes a pause a little.
    pub(crate) fn after(
        &mut self,
        error: &QueryError,
        elapsed: Duration,
        random: u32,
    ) -> Option<RetryNotice> {
        self.made += 1;
        let (wait, reason, patience) = match error {
            QueryError::ConnectionLost(lost) => {
                if !self.idempotence.may_repeat() && lost.maybe_applied {
                    return None;
                }
                self.lost = Some(lost.clone());
                // One that had been gone for longer than anybody waits unseen is not waited for unseen.
                if self.patience <= GRACE && lost.since.is_some_and(|since| since >= self.patience) {
                    return None;
                }
                let patience = self.patience_with(lost.cause.as_ref());
                (self.lost_pauses.next()?, RetryReason::Lost(lost.clone()), patience)
            }
            QueryError::Server(server) if server.kind == ServerErrorKind::Overloaded => {
                if !self.idempotence.may_repeat() && !server.is_of_a_rate_limit() {
                    return None;
                }
                let pause = self.slow_pauses.next()?;
                self.slowed += pause;
                if self.slowed >= self.patience {
                    return None;
                }
                let spread = pause / JITTER;
                let wait = pause - spread + spread * 2 * (random % 1024) / 1024;
                (wait, RetryReason::SlowDown { server_text: server.message.clone() }, self.patience)
            }
            QueryError::Server(server) if is_of_nodes_that_start(&server.kind) => {
                let lost = self.lost.clone().filter(|_| self.idempotence.may_repeat())?;
                (self.lost_pauses.next()?, RetryReason::Lost(lost), self.patience)
            }
            _ => return None,
        };
        // What became of the attempts is known to who makes them.
        let notice = RetryNotice { attempt: self.made + 1, wait, reason, may_have_happened: true };
        (elapsed + wait < patience).then_some(notice)
    }

    /// How long a connection that is lost for this cause is worth waiting for.
    fn patience_with(&mut self, cause: Option<&ConnectError>) -> Duration {
        match cause {
            Some(ConnectError::AuthFailed { .. } | ConnectError::CredentialsRequired) => Duration::ZERO,
            Some(ConnectError::Paused { .. }) => {
                self.was_asleep = true;
                self.patience
            }
            Some(ConnectError::Metadata(MetadataError::Refused { .. })) if self.was_asleep => self.patience,
            Some(ConnectError::BundleReplaced { error, .. })
                if matches!(**error, BundleError::OtherPlace { .. }) =>
            {
                self.patience.min(DOUBT)
            }
            Some(
                ConnectError::Bundle(_)
                | ConnectError::Metadata(_)
                | ConnectError::Link(LinkError::Untrusted { .. }),
            ) => self.patience.min(DOUBT),
            _ => self.patience,
        }
    }
}

/// What nodes answer that have just come back, and do not see one another yet.
const fn is_of_nodes_that_start(kind: &ServerErrorKind) -> bool {
    matches!(
        kind,
        ServerErrorKind::Unavailable { .. }
            | ServerErrorKind::Bootstrapping
            | ServerErrorKind::ReadTimeout { .. }
            | ServerErrorKind::WriteTimeout { .. }
            | ServerErrorKind::Server
    )
}

/// A number that nobody can foretell, for a pause's random part.
pub(crate) fn random() -> u32 {
    Uuid::new_v4().as_fields().0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ServerError;

    const HALF_A_MINUTE: Duration = Duration::from_secs(30);

    fn overloaded(message: &str) -> QueryError {
        QueryError::Server(Box::new(ServerError {
            code: 0x1001,
            kind: ServerErrorKind::Overloaded,
            message: message.to_owned(),
            position: None,
        }))
    }

    fn lost(maybe_applied: bool, since: u64, cause: Option<ConnectError>) -> QueryError {
        let since = Some(Duration::from_secs(since));
        QueryError::ConnectionLost(Box::new(ConnectionLost { since, cause, maybe_applied }))
    }

    /// The pauses of a request that fails so until it is given up, and how long that takes.
    fn course(error: &QueryError, idempotence: Idempotence, patience: Duration) -> (Vec<Duration>, Duration) {
        let mut attempts = Attempts::new(idempotence, patience);
        let (mut waits, mut elapsed) = (Vec::new(), Duration::ZERO);
        while let Some(notice) = attempts.after(error, elapsed, 512) {
            assert_eq!(notice.attempt as usize, waits.len() + 2);
            elapsed += notice.wait;
            waits.push(notice.wait);
        }
        (waits, elapsed)
    }

    #[test]
    fn a_service_that_asks_to_slow_down_gets_growing_pauses() {
        let (waits, _) = course(&overloaded("Rate limit reached"), Idempotence::Read, HALF_A_MINUTE);
        assert_eq!(waits, [500, 1000, 2000, 4000, 8000, 8000].map(Duration::from_millis));
        let (waits, _) = course(&overloaded("Rate limit reached"), Idempotence::Idempotent, GRACE);
        assert_eq!(waits.len(), 2, "unseen, it is given up soon");
    }

    #[test]
    fn chance_does_not_decide_how_often_a_request_is_sent() {
        for random in [0, 512, 1023] {
            let mut attempts = Attempts::new(Idempotence::Read, HALF_A_MINUTE);
            let (mut elapsed, mut made) = (Duration::ZERO, 1);
            while let Some(notice) = attempts.after(&overloaded(""), elapsed, random) {
                elapsed += notice.wait;
                made += 1;
            }
            assert_eq!(made, 7, "{random}");
        }
    }

    #[test]
    fn a_pause_is_spread_by_a_fifth() {
        let wait = |random| {
            let mut attempts = Attempts::new(Idempotence::Read, HALF_A_MINUTE);
            attempts.after(&overloaded(""), Duration::ZERO, random).unwrap().wait
        };
        assert_eq!(wait(0), Duration::from_millis(400));
        assert!((Duration::from_millis(599)..Duration::from_millis(600)).contains(&wait(1023)));
        assert!((400..600).contains(&wait(u32::MAX).as_millis()));
    }

    #[test]
    fn a_write_is_repeated_only_where_it_was_not_executed() {
        let tries = |error: &QueryError| course(error, Idempotence::AtMostOnce, HALF_A_MINUTE).0.len();
        assert!(tries(&overloaded("Rate limit reached")) > 0);
        assert_eq!(tries(&overloaded("Too many in flight hints: 1025")), 0);
        assert!(tries(&lost(false, 0, None)) > 0, "it was not sent");
        assert_eq!(tries(&lost(true, 0, None)), 0, "it may have happened");
    }

    #[test]
    fn a_lost_connection_is_waited_for_where_that_helps() {
        let waited = |error: &QueryError, patience| course(error, Idempotence::Read, patience).1;
        let nearly_all = HALF_A_MINUTE - LOST_PAUSES.1;
        assert!(waited(&lost(true, 600, None), HALF_A_MINUTE) >= nearly_all);
        let paused = ConnectError::Paused { waited: Duration::ZERO };
        assert!(waited(&lost(false, 0, Some(paused)), HALF_A_MINUTE) >= nearly_all);
        let wrong = ConnectError::AuthFailed { server_text: String::new() };
        assert_eq!(waited(&lost(false, 0, Some(wrong)), HALF_A_MINUTE), Duration::ZERO);
        let revoked = MetadataError::Refused { status: 401, text: String::new() };
        let revoked = lost(false, 0, Some(ConnectError::Metadata(revoked)));
        assert!(waited(&revoked, HALF_A_MINUTE) < DOUBT);
        assert_eq!(waited(&lost(false, 600, None), GRACE), Duration::ZERO, "nobody is told that it waits");
    }

    #[test]
    fn a_refusal_of_a_database_that_wakes_is_waited_out() {
        let mut attempts = Attempts::new(Idempotence::Read, HALF_A_MINUTE);
        let late = DOUBT * 2;
        let refused = MetadataError::Refused { status: 401, text: String::new() };
        let refused = lost(false, 5, Some(ConnectError::Metadata(refused)));
        let paused = lost(false, 5, Some(ConnectError::Paused { waited: Duration::ZERO }));
        assert!(attempts.after(&paused, late, 0).is_some());
        assert!(attempts.after(&refused, late, 0).is_some());
    }

    #[test]
    fn too_few_replicas_are_told_at_once_unless_nodes_have_just_come_back() {
        let unavailable = QueryError::Server(Box::new(ServerError {
            code: 0x1000,
            kind: ServerErrorKind::Unavailable { consistency: "ALL", required: 3, alive: 2 },
            message: String::new(),
            position: None,
        }));
        for idempotence in [Idempotence::Read, Idempotence::Idempotent, Idempotence::AtMostOnce] {
            let mut attempts = Attempts::new(idempotence, HALF_A_MINUTE);
            assert!(attempts.after(&unavailable, Duration::ZERO, 0).is_none(), "it is told at once");
            assert!(attempts.after(&lost(false, 0, None), Duration::ZERO, 0).is_some());
            let retried = attempts.after(&unavailable, Duration::ZERO, 0).is_some();
            assert_eq!(retried, idempotence.may_repeat());
        }
    }
}
