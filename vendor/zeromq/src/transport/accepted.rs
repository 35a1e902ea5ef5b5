//! cqlbook: the accepted connections of one bound endpoint, counted, with a limit for all and a smaller one for those that
//! have not finished the handshake. So a local process without a key cannot use up this process's file descriptors.
//!
//! A connection is counted for as long as its stream exists, in whatever task that is.

use crate::async_rt;
use crate::SocketOptions;

use futures::channel::oneshot;
use futures::future::{select, Either};
use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::pin::{pin, Pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

/// How long nothing is accepted after an accept has failed: there are no descriptors left, say.
const PAUSE: Duration = Duration::from_millis(50);

/// The connections of one endpoint. Clones are the same ones.
#[derive(Clone)]
pub(super) struct Accepted {
    state: Arc<Mutex<State>>,
    max_connections: usize,
    max_handshakes: usize,
}

#[derive(Default)]
struct State {
    /// Streams that exist.
    open: usize,
    /// Handshakes that are under way, the oldest first; dropping the sender ends one.
    handshakes: VecDeque<(u64, oneshot::Sender<()>)>,
    /// The number of the next handshake.
    next: u64,
}

/// A connection's place among those that are counted; given back when dropped.
pub(super) struct Place(Accepted);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.state.lock().open -= 1;
    }
}

impl Place {
    /// The stream, which has this place for as long as it exists.
    pub(super) fn hold<S>(self, stream: S) -> Held<S> {
        Held {
            stream,
            _place: self,
        }
    }
}

/// The handshake of an accepted connection.
pub(super) struct Handshake {
    accepted: Accepted,
    number: u64,
    ended: oneshot::Receiver<()>,
}

impl Drop for Handshake {
    fn drop(&mut self) {
        let number = self.number;
        let mut state = self.accepted.state.lock();
        state.handshakes.retain(|(other, _)| *other != number);
    }
}

impl Handshake {
    /// Runs the handshake to its end, or until its place is needed for another one.
    pub(super) async fn run(mut self, handshake: impl Future<Output = ()>) {
        if let Either::Right(_) = select(pin!(handshake), &mut self.ended).await {
            log::debug!("Closed the connection that has been in the handshake for the longest");
        }
    }
}

impl Accepted {
    pub(super) fn new(options: &SocketOptions) -> Self {
        Self {
            state: Arc::default(),
            max_connections: options.max_connections,
            max_handshakes: options.max_handshakes,
        }
    }

    /// Places for one connection more; `None` when there are as many as there may be.
    pub(super) fn admit(&self) -> Option<(Place, Handshake)> {
        let mut state = self.state.lock();
        let all = state.open >= self.max_connections;
        if all || state.handshakes.len() >= self.max_handshakes {
            // Dropping the sender ends it; its descriptor is closed a moment later.
            state.handshakes.pop_front();
        }
        if all {
            log::debug!("Refused a connection: there are {} already", state.open);
            return None;
        }
        state.open += 1;
        let number = state.next;
        state.next += 1;
        let (end, ended) = oneshot::channel();
        state.handshakes.push_back((number, end));
        let accepted = self.clone();
        Some((
            Place(accepted.clone()),
            Handshake {
                accepted,
                number,
                ended,
            },
        ))
    }

    /// Frees what can be freed after an accept has failed, and pauses, so that the loop neither ends nor burns a core.
    pub(super) async fn failed(&self, error: &io::Error) {
        if error.kind() == io::ErrorKind::ConnectionAborted {
            return;
        }
        log::debug!("Cannot accept a connection: {error}");
        self.state.lock().handshakes.pop_front();
        async_rt::task::sleep(PAUSE).await;
    }
}

/// A stream that is counted.
pub(super) struct Held<S> {
    stream: S,
    _place: Place,
}

impl<S: AsyncRead + Unpin> AsyncRead for Held<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Held<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
