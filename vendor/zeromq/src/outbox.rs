//! cqlbook: the outgoing queue of one subscriber, bounded in bytes, and the task that writes it.
//!
//! A publisher waits while the queue is full and the subscriber reads. A subscriber that reads nothing for
//! `patience`, or far too slowly, is stalled: nobody waits for it, and until it has caught up it misses messages,
//! large ones first. So one stopped reader costs neither the other readers nor memory.

use crate::async_rt;
use crate::codec::FrameableWrite;
use crate::message::ZmqMessage;

use bytes::{BufMut, Bytes, BytesMut};
use futures::future::{poll_fn, select};
use futures::AsyncWrite;
use parking_lot::Mutex;

use std::collections::VecDeque;
use std::io;
use std::pin::{pin, Pin};
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

/// What a message counts for besides its bytes.
const MESSAGE_OVERHEAD: usize = 128;
/// Messages up to this size (a status, say) still reach a stalled subscriber …
const SMALL: usize = 8 * 1024;
/// … while they take no more than this beyond the queue's limit.
const RESERVE: usize = 1024 * 1024;
/// A subscriber that was waited for `SLOW_FACTOR` times the patience must have read this much a second.
const SLOWEST_BYTES_PER_SECOND: f64 = 64.0 * 1024.0;
const SLOW_FACTOR: u32 = 5;
/// Frames from this size on are written from where they are; smaller ones are gathered.
const GATHER: usize = 32 * 1024;

/// What became of a message that was offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Offer {
    /// It is queued, or dropped for good (stalled or closed).
    Done,
    /// The queue is full, and the subscriber reads: wait.
    Full,
}

/// The queue. Clones are the same queue.
#[derive(Clone)]
pub(crate) struct Outbox {
    state: Arc<Mutex<State>>,
    limit: usize,
    patience: Duration,
}

struct State {
    queue: VecDeque<ZmqMessage>,
    /// Bytes queued and being written.
    bytes: usize,
    /// Bytes ever written.
    written: u64,
    /// When bytes were last written, or the queue was last empty.
    progressed: Instant,
    stalled: bool,
    closed: bool,
    writer: Option<Waker>,
    waiting: Vec<Waker>,
}

fn size_of(message: &ZmqMessage) -> usize {
    message.iter().map(Bytes::len).sum::<usize>() + MESSAGE_OVERHEAD
}

impl Outbox {
    pub(crate) fn new(limit: usize, patience: Duration) -> Self {
        let state = State {
            queue: VecDeque::new(),
            bytes: 0,
            written: 0,
            progressed: Instant::now(),
            stalled: false,
            closed: false,
            writer: None,
            waiting: Vec::new(),
        };
        Self {
            state: Arc::new(Mutex::new(state)),
            limit,
            patience,
        }
    }

    /// Queues a message if there is room, without waiting.
    pub(crate) fn offer(&self, message: &ZmqMessage) -> Offer {
        let size = size_of(message);
        let mut state = self.state.lock();
        if state.closed {
            return Offer::Done;
        }
        let fits = state.bytes == 0 || state.bytes + size <= self.limit;
        let squeezes_in =
            state.stalled && size <= SMALL && state.bytes + size <= self.limit + RESERVE;
        if fits || squeezes_in {
            if state.bytes == 0 {
                state.progressed = Instant::now();
            }
            state.bytes += size;
            state.queue.push_back(message.clone());
            if let Some(writer) = state.writer.take() {
                writer.wake();
            }
            return Offer::Done;
        }
        if state.stalled {
            return Offer::Done;
        }
        Offer::Full
    }

    /// Queues a message, waiting for room as long as the subscriber deserves it.
    pub(crate) async fn put(&self, message: &ZmqMessage) {
        let began = Instant::now();
        let written_before = self.state.lock().written;
        while self.offer(message) == Offer::Full {
            {
                let mut state = self.state.lock();
                let waited = began.elapsed();
                let read = (state.written - written_before) as f64;
                let too_slow = waited > self.patience * SLOW_FACTOR
                    && read < SLOWEST_BYTES_PER_SECOND * waited.as_secs_f64();
                if state.progressed.elapsed() > self.patience || too_slow {
                    state.stalled = true;
                    log::warn!("A subscriber does not read: it misses messages until it has caught up");
                    continue;
                }
            }
            let mut registered = false;
            let room = poll_fn(|cx| {
                if registered {
                    return Poll::Ready(());
                }
                registered = true;
                self.state.lock().waiting.push(cx.waker().clone());
                Poll::Pending
            });
            let tick = async_rt::task::sleep(Duration::from_millis(50));
            select(pin!(room), pin!(tick)).await;
        }
    }

    /// Whether everything is handed to the operating system, or never will be: the subscriber is stalled, or has
    /// read nothing for `quiet`.
    pub(crate) fn is_settled(&self, quiet: Duration) -> bool {
        let state = self.state.lock();
        state.bytes == 0 || state.closed || state.stalled || state.progressed.elapsed() > quiet
    }

    /// Drops what is queued and ends the writer, also one that is stuck.
    pub(crate) fn close(&self) {
        let mut state = self.state.lock();
        state.closed = true;
        state.queue.clear();
        state.bytes = 0;
        if let Some(writer) = state.writer.take() {
            writer.wake();
        }
        wake_all(&mut state.waiting);
    }

    /// Writes what is queued until the outbox is closed or the connection breaks.
    pub(crate) async fn write_to(&self, mut io: Box<dyn FrameableWrite>) -> io::Result<()> {
        while let Some(batch) = self.next_batch().await {
            let mut size = 0;
            let mut chunks = Vec::new();
            let mut gathered = BytesMut::new();
            for message in &batch {
                size += size_of(message);
                encode(message, &mut gathered, &mut chunks);
            }
            if !gathered.is_empty() {
                chunks.push(gathered.freeze());
            }
            for chunk in chunks {
                let mut rest = &chunk[..];
                while !rest.is_empty() {
                    let n = self.write_some(&mut io, rest).await?;
                    rest = &rest[n..];
                }
            }
            let mut state = self.state.lock();
            state.bytes = state.bytes.saturating_sub(size);
            if state.bytes <= self.limit / 2 {
                state.stalled = false;
            }
            wake_all(&mut state.waiting);
        }
        Ok(())
    }

    async fn next_batch(&self) -> Option<Vec<ZmqMessage>> {
        poll_fn(|cx| {
            let mut state = self.state.lock();
            if state.closed {
                return Poll::Ready(None);
            }
            if state.queue.is_empty() {
                state.writer = Some(cx.waker().clone());
                return Poll::Pending;
            }
            let mut batch = Vec::new();
            let mut size = 0;
            while size < GATHER {
                let Some(message) = state.queue.pop_front() else {
                    break;
                };
                size += size_of(&message);
                batch.push(message);
            }
            Poll::Ready(Some(batch))
        })
        .await
    }

    async fn write_some(&self, io: &mut Box<dyn FrameableWrite>, data: &[u8]) -> io::Result<usize> {
        let n = poll_fn(|cx| {
            {
                let mut state = self.state.lock();
                if state.closed {
                    return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
                }
                state.writer = Some(cx.waker().clone());
            }
            Pin::new(&mut *io).poll_write(cx, data)
        })
        .await?;
        if n == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        let mut state = self.state.lock();
        state.written += n as u64;
        state.progressed = Instant::now();
        Ok(n)
    }
}

fn wake_all(waiting: &mut Vec<Waker>) {
    for waker in waiting.drain(..) {
        waker.wake();
    }
}

/// ZMTP frames of a message: small ones into `gathered`, large ones as chunks of their own, in order.
fn encode(message: &ZmqMessage, gathered: &mut BytesMut, chunks: &mut Vec<Bytes>) {
    let last = message.len().saturating_sub(1);
    for (index, frame) in message.iter().enumerate() {
        let more = u8::from(index != last);
        match u8::try_from(frame.len()) {
            Ok(short) => gathered.put_slice(&[more, short]),
            Err(_) => {
                gathered.put_u8(more | 0b10);
                gathered.put_u64(frame.len() as u64);
            }
        }
        if frame.len() < GATHER {
            gathered.put_slice(frame);
        } else {
            chunks.push(gathered.split().freeze());
            chunks.push(frame.clone());
        }
    }
}
