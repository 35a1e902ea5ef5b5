//! How a connection that died without a word is noticed: a network that changed, a NAT that forgot it, a laptop's sleep.
//!
//! Three nets, each for what the one before cannot see. TCP notices a path that is gone (below). The driver's own question
//! ([`INTERVAL`], [`ANSWER`]) notices a node or a proxy that is reachable and silent. A jump of the clock tells that the
//! machine slept, after which nothing is believed ([`Wakefulness`]); the relays act on it.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;

/// How often each connection is asked whether it lives (an OPTIONS frame: nine bytes, nothing is read on the server).
pub(crate) const INTERVAL: Duration = Duration::from_secs(5);
/// How long a node may take for that answer. Shorter would take a long garbage collection for a death.
pub(crate) const ANSWER: Duration = Duration::from_secs(8);

/// After how long without traffic TCP asks whether the other side is there.
pub(crate) const IDLE: Duration = Duration::from_secs(10);
/// How often it asks then; after three questions without an answer the connection is broken.
const PROBE: Duration = Duration::from_secs(3);
const PROBES: u32 = 3;
/// How long sent bytes may stay unacknowledged, where the system lets one say so (Linux; others have a bound of their own
/// in minutes, and there [`ANSWER`] is the bound). A retransmission or five fit in; a slow query is acknowledged at once.
#[cfg(target_os = "linux")]
const UNACKNOWLEDGED: Duration = Duration::from_secs(8);

/// Has the system watch over a connection. Where it cannot, the other nets hold.
pub(crate) fn watch(stream: &TcpStream) {
    let socket = SockRef::from(stream);
    let keepalive = TcpKeepalive::new().with_time(IDLE).with_interval(PROBE).with_retries(PROBES);
    let _ = socket.set_tcp_keepalive(&keepalive);
    #[cfg(target_os = "linux")]
    let _ = socket.set_tcp_user_timeout(Some(UNACKNOWLEDGED));
}

/// A jump of the wall clock beyond this between two looks is a sleep of the machine (or of this process). A busy machine
/// that is late by as much, or a clock that was set, costs some handshakes.
const JUMP: Duration = Duration::from_secs(5);

/// When the clock was last looked at.
#[derive(Debug)]
pub(crate) struct Wakefulness {
    last: Mutex<SystemTime>,
    /// When the last sleep was noticed.
    woke: Mutex<Option<Instant>>,
}

impl Wakefulness {
    pub(crate) fn new(now: SystemTime) -> Self {
        Self { last: Mutex::new(now), woke: Mutex::new(None) }
    }

    /// How long ago a sleep was noticed last.
    pub(crate) fn since_waking(&self) -> Option<Duration> {
        self.woke.lock().unwrap_or_else(PoisonError::into_inner).map(|woke| woke.elapsed())
    }

    /// Looks at the clock; true once after each sleep. To be called more often than [`JUMP`]. The wall clock it is, because
    /// the monotonic clocks of Linux and macOS stand still while the machine sleeps.
    pub(crate) fn has_slept(&self, now: SystemTime) -> bool {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let slept = now.duration_since(*last).is_ok_and(|passed| passed > JUMP);
        *last = now;
        if slept {
            *self.woke.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        }
        slept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sleep_is_told_once() {
        let start = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        let at = |seconds: u64| start + Duration::from_secs(seconds);
        let wakefulness = Wakefulness::new(start);
        assert!(!wakefulness.has_slept(at(1)));
        assert!(!wakefulness.has_slept(at(5)));
        assert_eq!(wakefulness.since_waking(), None);
        assert!(wakefulness.has_slept(at(3600)));
        assert!(wakefulness.since_waking().is_some());
        assert!(!wakefulness.has_slept(at(3601)));
        // A clock that is set back is no sleep, and the next look starts from it.
        assert!(!wakefulness.has_slept(at(10)));
        assert!(!wakefulness.has_slept(at(12)));
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn the_system_watches_over_connections() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        watch(&stream);
        let socket = SockRef::from(&stream);
        assert!(socket.keepalive().unwrap());
        assert_eq!(socket.tcp_user_timeout().unwrap(), Some(UNACKNOWLEDGED));
    }
}
