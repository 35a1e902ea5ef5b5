//! Whether somebody waits for a connection: then the pauses between attempts are short. Otherwise they may be long.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// The longest pause between attempts while a statement waits: a person looks on, and one attempt costs little.
const URGENT: Duration = Duration::from_millis(500);

/// Counts the statements that wait for a connection.
#[derive(Debug, Default)]
pub(crate) struct Demand {
    waiting: watch::Sender<usize>,
}

/// A statement that waits, until it is dropped.
#[derive(Debug)]
pub(crate) struct Waiting(Arc<Demand>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.waiting.send_modify(|count| *count = count.saturating_sub(1));
    }
}

impl Demand {
    /// Notes that a statement waits.
    pub(crate) fn wait(self: &Arc<Self>) -> Waiting {
        self.waiting.send_modify(|count| *count += 1);
        Waiting(Arc::clone(self))
    }

    /// Whether a statement waits now.
    pub(crate) fn is_awaited(&self) -> bool {
        *self.waiting.borrow() > 0
    }

    /// Sleeps for `longest`, shorter while a statement waits, also when one comes in the meantime.
    pub(crate) async fn pause(&self, longest: Duration) {
        let started = Instant::now();
        let mut waiting = self.waiting.subscribe();
        loop {
            let pause = if *waiting.borrow_and_update() > 0 { longest.min(URGENT) } else { longest };
            tokio::select! {
                () = sleep_until(started + pause) => return,
                // The sender is `self`, so that it is still there.
                _ = waiting.changed() => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_pause_ends_soon_where_somebody_waits() {
        let demand = Arc::new(Demand::default());
        let long = Duration::from_secs(3600);
        let pausing = tokio::spawn({
            let demand = Arc::clone(&demand);
            async move { demand.pause(long).await }
        });
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert!(!pausing.is_finished(), "nobody waits");
        let waiting = demand.wait();
        tokio::time::timeout(Duration::from_secs(30), pausing).await.expect("the pause ends").unwrap();
        drop(waiting);
        let pausing = tokio::time::timeout(Duration::from_millis(700), demand.pause(long));
        assert!(pausing.await.is_err(), "nobody waits any more");
    }
}
