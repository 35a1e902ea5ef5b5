//! Shows what a statement waits for while it is sent again: a lost connection, or a service that asks to slow down. It
//! decides nothing; what is repeated is `cqlbook_cluster`'s matter.

use std::sync::Arc;
use std::time::{Duration, Instant};

use cqlbook_cluster::{ConnectError, RetryNotice, RetryReason};
use cqlbook_core::diagnostic::{Code, Diagnostic};
use cqlbook_core::render::{self, MimeBundle};
use tokio::sync::watch;

use super::scene::Scene;
use super::sending::Sending;
use crate::notebook::Open;

/// A connection that is back within this time was never said to be lost.
const QUIET: Duration = Duration::from_millis(700);
/// A statement that takes no longer than this is said nothing of while it runs.
const LONG: Duration = Duration::from_secs(1);
/// How often the time that has passed is drawn.
const TICK: Duration = Duration::from_millis(500);

/// What a statement waits for, as the cluster tells it.
pub(crate) struct Wait {
    sender: watch::Sender<Option<RetryNotice>>,
    /// How far its sending is, for whoever is stopped meanwhile.
    sending: Arc<Sending>,
    /// How often the service asked to slow down.
    slowed: u32,
    /// How often the statement was sent, the last attempt included.
    attempts: u32,
    /// Since when there is no connection.
    lost: Option<Instant>,
    /// Whether something was shown of it.
    is_shown: bool,
    /// What is said of a statement that takes long for no other reason, and since when it runs.
    label: Option<(String, Instant)>,
}

impl Wait {
    /// A wait for nothing, yet.
    pub(crate) fn new() -> Self {
        Self {
            sender: watch::Sender::default(),
            sending: Arc::default(),
            slowed: 0,
            attempts: 1,
            lost: None,
            is_shown: false,
            label: None,
        }
    }

    /// A wait for a statement of which something is to be said while it takes long: a sentence or several.
    pub(crate) fn with_label(label: &str) -> Self {
        Self { label: Some((label.to_owned(), Instant::now())), ..Self::new() }
    }

    /// The same connection, whose requests tell what they wait for; those that have no time-out of their own get `timeout`.
    pub(crate) fn attend(&self, open: &Open, timeout: Duration) -> Open {
        let (sender, sending) = (self.sender.clone(), Arc::clone(&self.sending));
        let told = move |notice| {
            sending.note(&notice);
            drop(sender.send_replace(Some(notice)));
        };
        Open { connection: open.connection.attended(timeout, told), ..open.clone() }
    }

    /// How far the sending is of what runs through it.
    pub(crate) fn sending(&self) -> Arc<Sending> {
        Arc::clone(&self.sending)
    }

    /// Runs `work` to its end, and shows in the place of its outcome what it waits for. A failure says what was tried.
    ///
    /// # Errors
    /// Those of `work`.
    pub(crate) async fn through<T>(
        &mut self,
        scene: &Scene,
        work: impl Future<Output = Result<T, Diagnostic>>,
    ) -> Result<T, Diagnostic> {
        let mut notices = self.sender.subscribe();
        let mut tick = tokio::time::interval(TICK);
        tokio::pin!(work);
        let outcome = loop {
            tokio::select! {
                outcome = &mut work => break outcome,
                // The sender is `self`'s, so that it is still there.
                _ = notices.changed() => {
                    let notice = notices.borrow_and_update().clone();
                    if let Some(notice) = notice {
                        self.take(scene, &notice).await;
                    }
                }
                _ = tick.tick() => {
                    let notice = notices.borrow().clone();
                    match notice {
                        Some(RetryNotice { reason: RetryReason::Lost(lost), .. }) => {
                            self.show_lost(scene, lost.cause.as_ref()).await;
                        }
                        Some(_) => {}
                        None => self.show_label(scene).await,
                    }
                }
            }
        };
        outcome.map_err(|error| self.told(error))
    }

    async fn take(&mut self, scene: &Scene, notice: &RetryNotice) {
        self.attempts = notice.attempt;
        match &notice.reason {
            RetryReason::SlowDown { .. } => {
                self.slowed += 1;
                self.is_shown = true;
                scene.progress(&slow(notice), None, "").await;
            }
            RetryReason::Lost(_) => drop(self.lost.get_or_insert_with(Instant::now)),
            _ => {}
        }
    }

    async fn show_label(&mut self, scene: &Scene) {
        let Some((label, since)) = &self.label else { return };
        if since.elapsed() >= LONG {
            let said = format!("{label} Reading, {} so far.", render::duration(since.elapsed()));
            self.is_shown = true;
            scene.progress(&said, None, "").await;
        }
    }

    async fn show_lost(&mut self, scene: &Scene, cause: Option<&ConnectError>) {
        if let Some(since) = self.lost.map(|since| since.elapsed()).filter(|since| *since >= QUIET) {
            self.is_shown = true;
            scene.progress(&lost(since, cause), None, "").await;
        }
    }

    /// Shows the rows that were waited for, in the place of what was shown meanwhile.
    pub(crate) async fn show_rows(&self, scene: &Scene, rows: MimeBundle) {
        if self.is_shown {
            scene.conclude(rows).await;
        } else {
            scene.show_rows(rows).await;
        }
    }

    /// Ends what was shown, before an outcome that cannot take its place, such as plain text.
    pub(crate) async fn leave(&self, scene: &Scene) {
        if let Some(note) = self.note().filter(|_| self.is_shown) {
            scene.conclude(render::sentence(&note)).await;
        }
    }

    /// What a result says of the wait for it; nothing of one that nobody noticed.
    pub(crate) fn note(&self) -> Option<String> {
        match self.slowed {
            0 => {
                let since = self.lost.map(|since| since.elapsed()).filter(|since| *since >= QUIET)?;
                let since = render::duration(since);
                Some(format!(
                    "The connection was lost. It was waited for, and the answer came after {since}."
                ))
            }
            1 => Some("The service asked to slow down once.".to_owned()),
            times => Some(format!("The service asked to slow down {times} times.")),
        }
    }

    /// A failure with what was tried.
    fn told(&self, mut error: Diagnostic) -> Diagnostic {
        if error.code == Code::RateLimited && self.slowed > 0 {
            error.message =
                format!("{} It was asked {} times, with growing pauses.", error.message, self.attempts);
        }
        error
    }
}

/// What is said while a service gets its pause.
pub(crate) fn slow(notice: &RetryNotice) -> String {
    let RetryNotice { attempt, wait, .. } = notice;
    format!("The service asks to slow down. Attempt {attempt}, next in {}.", render::duration(*wait))
}

fn lost(since: Duration, cause: Option<&ConnectError>) -> String {
    let since = render::duration(since);
    match cause {
        Some(ConnectError::Paused { .. }) => format!(
            "The database is paused and is being asked again, for {since} so far. Resume it in the Astra console."
        ),
        _ => format!("The connection is lost. Reconnecting, {since} so far."),
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    #[test]
    fn what_is_waited_for_is_said() {
        let reason = RetryReason::SlowDown { server_text: "Rate limit reached".to_owned() };
        let notice =
            RetryNotice { attempt: 3, wait: Duration::from_millis(1234), reason, may_have_happened: false };
        assert_snapshot!(slow(&notice), @"The service asks to slow down. Attempt 3, next in 1.2 s.");
        assert_snapshot!(lost(Duration::from_millis(4321), None), @"The connection is lost. Reconnecting, 4.3 s so far.");
        let paused = ConnectError::Paused { waited: Duration::ZERO };
        assert_snapshot!(lost(Duration::from_secs(75), Some(&paused)), @"The database is paused and is being asked again, for 1 min 15 s so far. Resume it in the Astra console.");
    }

    #[test]
    fn a_rate_limit_that_did_not_pass_is_told_with_the_attempts() {
        let limited = || Diagnostic::new(Code::RateLimited, "The server takes no more requests now.");
        let wait = Wait { slowed: 5, attempts: 6, ..Wait::new() };
        assert_snapshot!(wait.told(limited()).message, @"The server takes no more requests now. It was asked 6 times, with growing pauses.");
        assert_snapshot!(Wait::new().told(limited()).message, @"The server takes no more requests now.");
        assert_eq!(wait.note().as_deref(), Some("The service asked to slow down 5 times."));
        assert_eq!(Wait::new().note(), None);
    }
}
