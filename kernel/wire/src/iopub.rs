//! The iopub socket: one task owns it, and everything published goes through that task's queue in order.
//!
//! Outputs take room in the queue and wait for it; statuses do not, they are few and small. The socket itself holds
//! a bounded number of bytes for each subscriber (see `vendor/zeromq`).

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jupyter_protocol::{IoPubWelcome, Status};
use serde::Serialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::task::JoinSet;
use uuid::Uuid;
use zeromq::util::PeerIdentity;
use zeromq::{XPubRecvHalf, XPubSendHalf, ZmqMessage};

use crate::session::{Session, no_parent, to_json};

/// How many bytes of outputs wait for the task, at most.
const ROOM: u32 = 8 * 1024 * 1024;

/// How long one frontend that does not read can hold up the queue (the socket gives it up after 2 s), and a little more.
const STUCK: Duration = Duration::from_millis(2500);

/// How long to wait at the end for frontends that take what is left …
const LINGER: Duration = Duration::from_millis(2500);

/// … and for one that takes nothing.
const QUIET: Duration = Duration::from_secs(1);

/// How many subscriptions wait to be welcomed, at most.
const WELCOMES: usize = 64;

/// The way to the iopub task. Clones lead to the same task.
#[derive(Clone)]
pub(crate) struct IoPub {
    queue: mpsc::UnboundedSender<Item>,
    room: Arc<Semaphore>,
}

enum Item {
    Publish { msg_type: &'static str, parent: Bytes, content: Bytes, room: Option<OwnedSemaphorePermit> },
    Welcome { peer: PeerIdentity, topic: Bytes, _room: OwnedSemaphorePermit },
    Flush { done: oneshot::Sender<()> },
}

/// Room in the queue for one output, taken before the output is put there.
pub(crate) struct Room(OwnedSemaphorePermit);

impl IoPub {
    /// Starts the socket's two tasks: one publishes, one hears of subscriptions.
    pub(crate) fn start(
        tasks: &mut JoinSet<()>,
        session: Arc<Session>,
        send: XPubSendHalf,
        recv: XPubRecvHalf,
    ) -> Self {
        let (queue, items) = mpsc::unbounded_channel();
        tasks.spawn(publish(session, send, items));
        tasks.spawn(welcome(recv, queue.downgrade()));
        Self { queue, room: Arc::new(Semaphore::new(ROOM as usize)) }
    }

    /// Publishes a small message, without waiting.
    pub(crate) fn publish(&self, msg_type: &'static str, parent: &Bytes, content: &impl Serialize) {
        let content = to_json(content);
        // The task ends only after the kernel; then there is nobody to tell.
        let _ = self.queue.send(Item::Publish { msg_type, parent: parent.clone(), content, room: None });
    }

    /// Publishes that the kernel works on a request, or no longer.
    pub(crate) fn status(&self, parent: &Bytes, status: &Status) {
        self.publish("status", parent, status);
    }

    /// Waits for room for an output of `size` bytes.
    pub(crate) async fn room(&self, size: usize) -> Option<Room> {
        // An output larger than the whole queue takes all of it.
        let permits = u32::try_from(size).unwrap_or(ROOM).clamp(1, ROOM);
        self.room.clone().acquire_many_owned(permits).await.ok().map(Room)
    }

    /// Publishes an output in the room that was waited for.
    pub(crate) fn publish_in(&self, room: Room, msg_type: &'static str, parent: &Bytes, content: Bytes) {
        let _ =
            self.queue.send(Item::Publish { msg_type, parent: parent.clone(), content, room: Some(room.0) });
    }

    /// Waits until everything published so far is handed to the operating system: at most [`STUCK`] for a frontend that is
    /// in the way of the others, and then at most [`LINGER`] for those that are slow to take what is theirs.
    pub(crate) async fn flush(&self) {
        let (done, flushed) = oneshot::channel();
        let _ = self.queue.send(Item::Flush { done });
        let _ = tokio::time::timeout(STUCK + LINGER, flushed).await;
    }
}

async fn publish(session: Arc<Session>, socket: XPubSendHalf, mut items: mpsc::UnboundedReceiver<Item>) {
    let kernel = Uuid::new_v4();
    while let Some(item) = items.recv().await {
        match item {
            Item::Publish { msg_type, parent, content, room } => {
                let topic = Bytes::from(format!("kernel.{kernel}.{msg_type}"));
                let (message, _) = session.write(&[topic], msg_type, &parent, content);
                if let Err(error) = socket.send(message).await {
                    tracing::warn!(%error, msg_type, "not published");
                }
                drop(room);
            }
            Item::Welcome { peer, topic, _room } => {
                let content = IoPubWelcome::new(String::from_utf8_lossy(&topic).into_owned());
                let (message, _) = session.write(&[topic], "iopub_welcome", &no_parent(), to_json(&content));
                socket.send_to(&peer, &message);
            }
            Item::Flush { done } => {
                socket.flush(QUIET, LINGER).await;
                let _ = done.send(());
            }
        }
    }
}

async fn welcome(mut socket: XPubRecvHalf, queue: mpsc::WeakUnboundedSender<Item>) {
    let room = Arc::new(Semaphore::new(WELCOMES));
    while let Ok((peer, message)) = socket.recv().await {
        let Some(topic) = subscribed(&message) else { continue };
        let Ok(_room) = room.clone().acquire_owned().await else { return };
        let Some(queue) = queue.upgrade() else { return };
        let _ = queue.send(Item::Welcome { peer, topic, _room });
    }
}

/// The topic, when the message is a subscription.
fn subscribed(message: &ZmqMessage) -> Option<Bytes> {
    let frame = message.get(0).filter(|_| message.len() == 1)?;
    (frame.first() == Some(&1)).then(|| frame.slice(1..))
}
