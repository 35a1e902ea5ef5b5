//! Sends a request again where that is safe and may help, and tells who looks on. What is safe is `patience.rs`'s matter.

use std::pin::Pin;
use std::time::{Duration, SystemTime};

use tokio::time::{Instant, sleep, timeout};

use super::Connection;
use crate::error::{ConnectError, ConnectionLost, QueryError};
use crate::patience::{self, Attempts, GRACE, RetryReason};
use crate::request::RequestOptions;
use crate::retry::Record;

/// How long the driver may take to notice what the relays gave up after a sleep of the machine.
const AFTER_SLEEP: Duration = Duration::from_millis(100);

impl Connection {
    /// The options of what has none of its own, and may be repeated.
    pub(super) fn own_options(&self) -> RequestOptions {
        let defaults = RequestOptions::of_a_read();
        match &self.attendance {
            Some(attendance) => RequestOptions { timeout: attendance.timeout, ..defaults },
            None => defaults,
        }
    }

    /// Runs `once` until it succeeds, fails for good, or time is up: all of it takes no longer than `options.timeout`. A lost
    /// connection is waited for, and a service that asks to slow down is obeyed, where the request may be repeated. `record`
    /// is told by the driver what became of each attempt.
    // Boxed futures, because callers spawn ours: the compiler cannot see that an `AsyncFn`'s future may move between threads.
    pub(super) async fn repeatedly<'a, T>(
        &self,
        options: &RequestOptions,
        record: &Record,
        once: impl Fn() -> Pin<Box<dyn Future<Output = Result<T, QueryError>> + Send + 'a>> + Send + Sync,
    ) -> Result<T, QueryError> {
        let started = Instant::now();
        let patience = if self.attendance.is_some() { options.timeout } else { options.timeout.min(GRACE) };
        let attempts = async {
            self.look_for_sleep().await;
            let mut attempts = Attempts::new(options.idempotence, patience);
            let mut waiting = None;
            loop {
                let error = match once().await {
                    Ok(done) => return Ok(done),
                    Err(error) => self.explained(error),
                };
                // Asked of all attempts, whatever the last one failed of.
                if !options.idempotence.may_repeat() && record.may_have_happened() {
                    return Err(error);
                }
                let Some(mut notice) = attempts.after(&error, started.elapsed(), patience::random()) else {
                    return Err(error);
                };
                notice.may_have_happened = record.may_have_happened();
                if matches!(notice.reason, RetryReason::Lost(_)) {
                    waiting.get_or_insert_with(|| self.inner.health.demand.wait());
                }
                let wait = notice.wait;
                if let Some(attendance) = &self.attendance {
                    (attendance.observer)(notice);
                }
                sleep(wait).await;
            }
        };
        match timeout(options.timeout, attempts).await {
            Ok(Err(QueryError::Timeout { .. })) | Err(_) => Err(self.time_is_up(options, record)),
            Ok(outcome) => outcome,
        }
    }

    /// What is told of a request that took all of its time: that there is no connection, or what a server told of it, before
    /// that there was no answer.
    fn time_is_up(&self, options: &RequestOptions, record: &Record) -> QueryError {
        let maybe_applied = options.idempotence.writes() && record.may_have_happened();
        let lost = ConnectionLost { since: None, cause: None, maybe_applied };
        match self.explained(QueryError::ConnectionLost(Box::new(lost))) {
            QueryError::ConnectionLost(lost) if lost.since.is_some() => QueryError::ConnectionLost(lost),
            _ => match record.told() {
                Some(told) if told.may_have_happened() || !maybe_applied => self.explained(told),
                _ => QueryError::Timeout { after: options.timeout, maybe_applied },
            },
        }
    }

    /// Where the machine has slept, has connections replaced that died meanwhile, before anything is sent on them.
    async fn look_for_sleep(&self) {
        let Some(relays) = &self.inner.relays else { return };
        if self.inner.health.wakefulness.has_slept(SystemTime::now()) {
            relays.woke();
        }
        // The watch may have noticed it a moment ago.
        let since = self.inner.health.wakefulness.since_waking();
        if let Some(rest) = since.and_then(|since| AFTER_SLEEP.checked_sub(since)) {
            sleep(rest).await;
        }
        relays.settled().await;
    }

    /// Adds to a lost connection since when and why, as far as the relays and the watch know, and takes out what of the login is withheld.
    pub(super) fn explained(&self, error: QueryError) -> QueryError {
        let QueryError::ConnectionLost(mut lost) = error else {
            return self.inner.withheld.hidden_in_query(error);
        };
        let (since, cause) = self.inner.health.lost();
        lost.since = since;
        lost.cause = lost.cause.or(cause).or_else(|| {
            self.inner.relays.as_ref().and_then(|relays| relays.last_failure()).map(ConnectError::Link)
        });
        self.inner.withheld.hidden_in_query(QueryError::ConnectionLost(lost))
    }
}
