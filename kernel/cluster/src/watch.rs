//! Watches over an open connection: since when no node is connected, whether the machine has slept, and the way to an Astra
//! database anew where nodes are gone.
//!
//! The driver reconnects by itself to the places it knows. After a database has slept or moved, or its bundle was changed,
//! the places are others: the bundle is read and the metadata service asked again, with growing pauses, and the relays are
//! led there. The pauses are short while a statement waits, so that nobody waits for a pause.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::time::{Instant, MissedTickBehavior};

use crate::astra_source::AstraSource;
use crate::convert::pauses;
use crate::demand::Demand;
use crate::error::ConnectError;
use crate::link::LinkError;
use crate::liveness::Wakefulness;
use crate::relay::{Relays, Route};

/// How often the nodes are looked at; costs no network.
const PERIOD: Duration = Duration::from_millis(200);
/// How long no node may be connected before the way is looked up anew. A node that only restarts a connection is back by then.
const PATIENCE: Duration = Duration::from_millis(600);
/// How long some of the nodes may be gone before that: the others answer meanwhile.
const PARTIAL_PATIENCE: Duration = Duration::from_secs(10);
/// The same where a node is refused or refuses for its certificate, which another bundle cures.
const DISTRUST_PATIENCE: Duration = Duration::from_secs(1);
/// The pauses between look-ups while no node is connected, the first and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));
/// The pauses while some are.
const PARTIAL_PAUSES: (Duration, Duration) = (Duration::from_secs(15), Duration::from_secs(300));

/// What is known of a connection without nodes, and of the machine below.
#[derive(Debug)]
pub(crate) struct Health {
    lost: Mutex<Option<Lost>>,
    pub(crate) wakefulness: Wakefulness,
    /// Whether statements wait for a node.
    pub(crate) demand: Arc<Demand>,
}

#[derive(Debug)]
struct Lost {
    since: Instant,
    cause: Option<ConnectError>,
}

impl Health {
    pub(crate) fn new(demand: Arc<Demand>) -> Self {
        Self { lost: Mutex::default(), wakefulness: Wakefulness::new(SystemTime::now()), demand }
    }

    /// For how long no node has been connected, and why the way could not be found anew.
    pub(crate) fn lost(&self) -> (Option<Duration>, Option<ConnectError>) {
        let lost = self.lost.lock().unwrap_or_else(PoisonError::into_inner);
        lost.as_ref().map_or((None, None), |lost| (Some(lost.since.elapsed()), lost.cause.clone()))
    }

    fn set_connected(&self) {
        *self.lost.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn set_lost(&self) {
        let mut lost = self.lost.lock().unwrap_or_else(PoisonError::into_inner);
        lost.get_or_insert_with(|| Lost { since: Instant::now(), cause: None });
    }

    fn set_cause(&self, cause: Option<ConnectError>) {
        if let Some(lost) = self.lost.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            lost.cause = cause;
        }
    }
}

/// How many of the nodes that are to be used are connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Census {
    pub(crate) connected: usize,
    pub(crate) used: usize,
}

/// What the watch may do with the session. It holds no session itself, so that the connection can end.
pub(crate) struct Reach {
    /// `None` when the connection is gone.
    pub(crate) census: Box<dyn Fn() -> Option<Census> + Send + Sync>,
    /// Makes the driver look for nodes at once; bounded.
    pub(crate) refresh: Box<dyn Fn() -> Errand<()> + Send + Sync>,
}

/// How much is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Whole,
    Partial,
    Lost,
}

/// When to look the way up: after some patience, and then with growing pauses. Pure but for the clock it is given.
struct Plan {
    state: State,
    since: Instant,
    last: Option<Instant>,
    pause: Box<dyn Iterator<Item = Duration> + Send>,
    wait: Duration,
}

impl Plan {
    fn new(now: Instant) -> Self {
        Self {
            state: State::Whole,
            since: now,
            last: None,
            pause: Box::new(std::iter::empty()),
            wait: PERIOD,
        }
    }

    /// Takes the state as it is now.
    fn see(&mut self, state: State, now: Instant) {
        if self.state != state {
            let (first, longest) = if state == State::Partial { PARTIAL_PAUSES } else { PAUSES };
            *self =
                Self { state, since: now, last: None, pause: Box::new(pauses(first, longest)), wait: first };
        }
    }

    /// Whether it is time. `is_awaited` shortens the pause, `is_distrusted` the patience.
    fn is_due(&self, now: Instant, is_awaited: bool, is_distrusted: bool) -> bool {
        let patience = match self.state {
            State::Whole => return false,
            State::Lost => PATIENCE,
            State::Partial if is_distrusted => DISTRUST_PATIENCE,
            State::Partial => PARTIAL_PATIENCE,
        };
        match self.last {
            None => now.duration_since(self.since) >= patience,
            Some(last) => {
                now.duration_since(last) >= if is_awaited { self.wait.min(PAUSES.0) } else { self.wait }
            }
        }
    }

    /// A look-up has ended.
    fn looked_up(&mut self, now: Instant) {
        self.last = Some(now);
        self.wait = self.pause.next().unwrap_or(self.wait);
    }
}

/// Watches until the connection is gone.
pub(crate) async fn watch(
    reach: Reach,
    relays: Option<Arc<Relays>>,
    source: Option<AstraSource>,
    health: Arc<Health>,
) {
    let mut plan = Plan::new(Instant::now());
    let mut tick = tokio::time::interval(PERIOD);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // A look-up under way, and what the driver does after one; the nodes are looked at meanwhile.
    let mut looking: Option<Errand<Result<Route, ConnectError>>> = None;
    let mut refreshing: Option<Errand<()>> = None;
    loop {
        tokio::select! {
            _ = tick.tick() => {}
            looked = maybe(&mut looking) => {
                looking = None;
                plan.looked_up(Instant::now());
                let (failure, is_new) = match looked {
                    // Where the way is the one it was, the relays and the driver are at it already.
                    Ok(route) => (None, relays.as_ref().is_some_and(|relays| relays.reroute(route))),
                    Err(error) => {
                        tracing::debug!(%error, "no way to the database");
                        (Some(error), false)
                    }
                };
                health.set_cause(failure);
                if is_new {
                    refreshing = Some((reach.refresh)());
                }
                continue;
            }
            () = maybe(&mut refreshing) => {
                refreshing = None;
                continue;
            }
        }
        let Some(census) = (reach.census)() else { return };
        let now = Instant::now();
        match census.connected {
            0 => {
                health.set_lost();
                plan.see(State::Lost, now);
            }
            connected => {
                health.set_connected();
                plan.see(if connected < census.used { State::Partial } else { State::Whole }, now);
            }
        }
        let Some(relays) = &relays else { continue };
        if health.wakefulness.has_slept(SystemTime::now()) {
            tracing::debug!("the machine has slept");
            relays.woke();
        }
        let Some(source) = &source else { continue };
        let distrusted =
            matches!(relays.last_failure(), Some(LinkError::Untrusted { .. } | LinkError::TlsRefused { .. }));
        if looking.is_none() && plan.is_due(now, health.demand.is_awaited(), distrusted) {
            let source = source.clone();
            looking = Some(Box::pin(async move { source.look_up().await }));
        }
    }
}

/// Something that goes on beside the watch.
type Errand<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Ends with the errand; never where there is none.
async fn maybe<T>(errand: &mut Option<Errand<T>>) -> T {
    match errand {
        Some(errand) => errand.await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The seconds, from 0.2 to `until`, at which a connection in that state is looked up.
    fn look_ups(state: State, until: u64, is_awaited: bool, is_distrusted: bool) -> Vec<f64> {
        let start = Instant::now();
        let mut plan = Plan::new(start);
        let mut at = Vec::new();
        for tick in 1..=until * 5 {
            let now = start + PERIOD * u32::try_from(tick).unwrap();
            plan.see(state, now);
            if plan.is_due(now, is_awaited, is_distrusted) {
                at.push(now.duration_since(start).as_secs_f64());
                plan.looked_up(now);
            }
        }
        at
    }

    #[test]
    fn a_lost_connection_is_looked_up_soon_and_then_less_and_less() {
        assert_eq!(look_ups(State::Lost, 20, false, false), [0.8, 1.8, 3.8, 7.8, 15.8]);
        let an_hour = look_ups(State::Lost, 3600, false, false);
        assert!((100..140).contains(&an_hour.len()), "{}", an_hour.len());
    }

    #[test]
    fn while_a_statement_waits_the_pauses_do_not_grow() {
        assert_eq!(look_ups(State::Lost, 5, true, false), [0.8, 1.8, 2.8, 3.8, 4.8]);
    }

    #[test]
    fn some_nodes_may_be_gone_for_a_while() {
        assert_eq!(look_ups(State::Partial, 60, false, false), [10.2, 25.2, 55.2]);
        assert_eq!(look_ups(State::Partial, 60, false, true), [1.2, 16.2, 46.2]);
        assert!(look_ups(State::Whole, 60, true, true).is_empty());
    }
}
