//! How far the sending of a statement is: what is said of it when the user stops it. In doubt it may have been carried out.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use cqlbook_cluster::RetryNotice;

/// The attempts of one statement, as they are told.
#[derive(Debug, Default)]
pub(crate) struct Sending {
    /// No attempt so far can have been carried out, and none is made before this moment.
    pauses_until: Mutex<Option<Instant>>,
}

impl Sending {
    /// Takes what was told at the moment when a pause began.
    pub(super) fn note(&self, notice: &RetryNotice) {
        let until = (!notice.may_have_happened).then(|| Instant::now() + notice.wait);
        *self.pauses_until.lock().unwrap_or_else(PoisonError::into_inner) = until;
    }

    fn is_in_a_pause(&self, now: Instant) -> bool {
        self.pauses_until.lock().unwrap_or_else(PoisonError::into_inner).is_some_and(|until| now < until)
    }
}

/// Where a step stands.
#[derive(Debug, Default)]
pub(super) enum Stage {
    /// Nobody tells: it is no statement.
    #[default]
    Unknown,
    /// A statement that is not on its way yet: what is asked before is not answered, or it has not had its turn.
    NotBegun,
    /// A statement that is on its way, or was.
    Begun(Arc<Sending>),
}

impl Stage {
    /// What is certain of a statement that is stopped now, if anything is: what follows "the statement".
    pub(super) fn certainty(&self) -> Option<&'static str> {
        match self {
            Self::Unknown => None,
            Self::NotBegun => Some("was not sent"),
            Self::Begun(sending) => sending
                .is_in_a_pause(Instant::now())
                .then_some("was waiting to be sent, and was not carried out"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use cqlbook_cluster::{ConnectionLost, RetryReason};

    use super::*;

    fn notice(may_have_happened: bool, wait: Duration) -> RetryNotice {
        let lost = ConnectionLost { since: None, cause: None, maybe_applied: may_have_happened };
        RetryNotice { attempt: 2, wait, reason: RetryReason::Lost(Box::new(lost)), may_have_happened }
    }

    #[test]
    fn only_what_is_certain_is_said() {
        const LONG: Duration = Duration::from_secs(3600);
        let after = |notices: &[RetryNotice]| {
            let sending = Arc::new(Sending::default());
            notices.iter().for_each(|notice| sending.note(notice));
            Stage::Begun(sending).certainty()
        };
        assert_eq!(Stage::Unknown.certainty(), None);
        assert_eq!(Stage::NotBegun.certainty(), Some("was not sent"));
        assert_eq!(after(&[]), None, "it is under way");
        assert!(after(&[notice(false, LONG)]).unwrap().contains("was not carried out"));
        assert_eq!(after(&[notice(false, Duration::ZERO)]), None, "the next attempt is made");
        assert_eq!(after(&[notice(true, LONG)]), None, "one before was sent");
        assert_eq!(after(&[notice(false, LONG), notice(true, LONG)]), None);
    }
}
