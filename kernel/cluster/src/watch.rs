//! Watches over an open connection: since when no node is connected, and the way to an Astra database anew when all are gone.
//!
//! The driver reconnects by itself to the places it knows. After a database has slept or moved, the places are others: the
//! bundle is read and the metadata service asked again, with growing pauses, and the relays are led there.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::connect::AstraSource;
use crate::convert::pauses;
use crate::error::ConnectError;
use crate::relay::Relays;

/// How often the nodes are looked at; costs no network.
const PERIOD: Duration = Duration::from_millis(200);
/// How long no node may be connected before the way is looked up anew.
const PATIENCE: Duration = Duration::from_millis(600);

/// What is known of a connection without nodes.
#[derive(Debug, Default)]
pub(crate) struct Health {
    lost: Mutex<Option<Lost>>,
}

#[derive(Debug)]
struct Lost {
    since: Instant,
    cause: Option<ConnectError>,
}

impl Health {
    /// For how long no node has been connected, and why the way could not be found anew.
    pub(crate) fn lost(&self) -> (Option<Duration>, Option<ConnectError>) {
        let lost = self.lost.lock().unwrap_or_else(PoisonError::into_inner);
        lost.as_ref().map_or((None, None), |lost| (Some(lost.since.elapsed()), lost.cause.clone()))
    }

    fn set_connected(&self) {
        *self.lost.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Notes that no node is connected; returns for how long.
    fn set_lost(&self) -> Duration {
        let mut lost = self.lost.lock().unwrap_or_else(PoisonError::into_inner);
        lost.get_or_insert_with(|| Lost { since: Instant::now(), cause: None }).since.elapsed()
    }

    fn set_cause(&self, cause: Option<ConnectError>) {
        if let Some(lost) = self.lost.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            lost.cause = cause;
        }
    }
}

/// What the watch may do with the session. It holds no session itself, so that the connection can end.
pub(crate) struct Reach {
    /// Whether any node is connected; `None` when the connection is gone.
    pub(crate) is_connected: Box<dyn Fn() -> Option<bool> + Send + Sync>,
    /// Makes the driver look for nodes at once; bounded.
    pub(crate) refresh: Box<dyn Fn() -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>,
}

/// Watches until the connection is gone.
pub(crate) async fn watch(reach: Reach, source: Option<(AstraSource, Arc<Relays>)>, health: Arc<Health>) {
    let again = || pauses(Duration::from_secs(1), Duration::from_secs(30));
    let mut growing = again();
    let mut next_look_up = Instant::now();
    loop {
        sleep(PERIOD).await;
        match (reach.is_connected)() {
            None => return,
            Some(true) => {
                health.set_connected();
                growing = again();
                next_look_up = Instant::now();
            }
            Some(false) => {
                let lost_for = health.set_lost();
                let Some((source, relays)) = &source else { continue };
                if lost_for < PATIENCE || Instant::now() < next_look_up {
                    continue;
                }
                match source.look_up().await {
                    Ok(route) => {
                        health.set_cause(None);
                        relays.reroute(route);
                        (reach.refresh)().await;
                    }
                    Err(error) => {
                        tracing::debug!(%error, "no way to the database");
                        health.set_cause(Some(error));
                    }
                }
                next_look_up = Instant::now() + growing.next().unwrap_or(Duration::from_secs(30));
            }
        }
    }
}
