use crate::async_rt;
use crate::codec::*;
use crate::endpoint::Endpoint;
use crate::error::ZmqResult;
use crate::fair_queue::{FairQueue, QueueInner};
use crate::message::*;
use crate::outbox::{Offer, Outbox};
use crate::transport::AcceptStopHandle;
use crate::util::PeerIdentity;
use crate::{CaptureSocket, SocketOptions};
use crate::{
    MultiPeerBackend, Socket, SocketBackend, SocketEvent, SocketRecv, SocketSend, SocketType,
    ZmqError,
};

use async_trait::async_trait;
use futures::channel::mpsc;
use futures::StreamExt;
use parking_lot::Mutex;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub(crate) struct XPubSubscriber {
    pub(crate) subscriptions: Vec<Vec<u8>>,
    // cqlbook: a bounded queue and a writer task for each subscriber, so that none holds up the others.
    pub(crate) outbox: Outbox,
}

impl Drop for XPubSubscriber {
    fn drop(&mut self) {
        self.outbox.close();
    }
}

/// cqlbook: how many subscriptions one subscriber may have.
const MAX_SUBSCRIPTIONS: usize = 256;

pub(crate) struct XPubSocketBackend {
    subscribers: scc::HashMap<PeerIdentity, XPubSubscriber>,
    fair_queue_inner: Arc<Mutex<QueueInner<ZmqFramedRead, PeerIdentity>>>,
    socket_monitor: Mutex<Option<mpsc::Sender<SocketEvent>>>,
    socket_options: Arc<SocketOptions>,
}

impl XPubSocketBackend {
    fn message_received(&self, peer_id: &PeerIdentity, message: Message) {
        let data = match message {
            Message::Message(m) => {
                if m.len() != 1 {
                    return;
                }
                m.into_vec().pop().unwrap_or_default()
            }
            _ => return,
        };

        if data.is_empty() {
            return;
        }

        match data.first() {
            Some(1) => {
                // Subscribe
                if let Some(mut entry) = self.subscribers.get_sync(peer_id) {
                    if entry.subscriptions.len() < MAX_SUBSCRIPTIONS {
                        entry.subscriptions.push(Vec::from(&data[1..]));
                    }
                }
            }
            Some(0) => {
                // Unsubscribe
                let sub = Vec::from(&data[1..]);
                if let Some(mut entry) = self.subscribers.get_sync(peer_id) {
                    if let Some(index) = entry.subscriptions.iter().position(|s| s == &sub) {
                        entry.subscriptions.remove(index);
                    }
                }
            }
            _ => {}
        }
    }
}

impl SocketBackend for XPubSocketBackend {
    fn socket_type(&self) -> SocketType {
        SocketType::XPUB
    }

    fn socket_options(&self) -> &Arc<SocketOptions> {
        &self.socket_options
    }

    fn shutdown(&self) {
        self.subscribers.clear_sync();
    }

    fn monitor(&self) -> &Mutex<Option<mpsc::Sender<SocketEvent>>> {
        &self.socket_monitor
    }
}

#[async_trait]
impl MultiPeerBackend for XPubSocketBackend {
    async fn peer_connected(self: Arc<Self>, peer_id: &PeerIdentity, io: FramedIo) {
        let (recv_queue, send_queue) = io.into_parts();

        let outbox = Outbox::new(
            self.socket_options.subscriber_queue_bytes,
            self.socket_options.subscriber_patience,
        );
        // cqlbook: as for ROUTER, an identity belongs to the connection that said it first.
        let inserted = self
            .subscribers
            .insert_async(
                peer_id.clone(),
                XPubSubscriber {
                    subscriptions: vec![],
                    outbox: outbox.clone(),
                },
            )
            .await;
        if inserted.is_err() {
            log::debug!("Refused a second peer with the identity {:?}", peer_id);
            return;
        }

        let writer_backend = self.clone();
        let writer_peer_id = peer_id.clone();
        async_rt::task::spawn(async move {
            if let Err(error) = outbox.write_to(send_queue.into_inner()).await {
                log::debug!("Subscriber {:?} is gone: {:?}", writer_peer_id, error);
                writer_backend.peer_disconnected(&writer_peer_id);
            }
        });

        self.fair_queue_inner
            .lock()
            .insert(peer_id.clone(), recv_queue);
    }

    fn peer_disconnected(&self, peer_id: &PeerIdentity) {
        log::info!("Client disconnected {:?}", peer_id);
        self.subscribers.remove_sync(peer_id);
        self.fair_queue_inner.lock().remove(peer_id);
    }
}

pub struct XPubSocket {
    pub(crate) backend: Arc<XPubSocketBackend>,
    fair_queue: FairQueue<ZmqFramedRead, PeerIdentity>,
    binds: HashMap<Endpoint, AcceptStopHandle>,
}

impl Drop for XPubSocket {
    fn drop(&mut self) {
        self.backend.shutdown();
    }
}

impl XPubSocketBackend {
    /// cqlbook: gives the message to every subscriber with room, then waits for the others in turn.
    async fn publish(&self, message: ZmqMessage) -> ZmqResult<()> {
        let first_frame = match message.get(0) {
            Some(frame) => frame,
            None => return Ok(()), // Empty message, nothing to publish
        };
        let mut full = Vec::new();
        let mut iter = self.subscribers.begin_async().await;
        while let Some(subscriber) = iter {
            if subscriber.subscriptions.iter().any(|sub_filter| {
                sub_filter.len() <= first_frame.len()
                    && sub_filter.as_slice() == &first_frame[0..sub_filter.len()]
            }) && subscriber.outbox.offer(&message) == Offer::Full
            {
                full.push(subscriber.outbox.clone());
            }
            iter = subscriber.next_async().await;
        }
        for outbox in full {
            outbox.put(&message).await;
        }
        Ok(())
    }
}

/// cqlbook: the next message of a subscriber; one that breaks the protocol only loses its connection.
async fn next_message(
    backend: &XPubSocketBackend,
    fair_queue: &mut FairQueue<ZmqFramedRead, PeerIdentity>,
) -> ZmqResult<(PeerIdentity, ZmqMessage)> {
    loop {
        match fair_queue.next().await {
            Some((peer_id, Ok(Message::Message(message)))) => {
                // Process the subscription message internally to update tracking
                backend.message_received(&peer_id, Message::Message(message.clone()));
                // Also expose it to the application
                return Ok((peer_id, message));
            }
            Some((_peer_id, Ok(_msg))) => {
                // Ignore non-message frames
            }
            Some((peer_id, Err(_))) => backend.peer_disconnected(&peer_id),
            None => {
                return Err(ZmqError::NoMessage);
            }
        }
    }
}

#[async_trait]
impl SocketSend for XPubSocket {
    async fn send(&mut self, message: ZmqMessage) -> ZmqResult<()> {
        self.backend.publish(message).await
    }
}

#[async_trait]
impl SocketRecv for XPubSocket {
    async fn recv(&mut self) -> ZmqResult<ZmqMessage> {
        next_message(&self.backend, &mut self.fair_queue)
            .await
            .map(|(_, message)| message)
    }
}

impl XPubSocket {
    /// cqlbook: separate halves for publishing and for subscriptions, as [`crate::RouterSocket::split`].
    pub fn split(mut self) -> (XPubSendHalf, XPubRecvHalf) {
        let inner = Arc::new(XPubSocketInner {
            backend: self.backend.clone(),
            binds: Mutex::new(std::mem::take(&mut self.binds)),
        });
        let fair_queue = std::mem::replace(&mut self.fair_queue, FairQueue::new(true));
        // This socket's Drop would close the backend that the halves go on using.
        self.backend = Arc::new(XPubSocketBackend {
            subscribers: scc::HashMap::new(),
            fair_queue_inner: self.fair_queue.inner(),
            socket_monitor: Mutex::new(None),
            socket_options: Arc::new(SocketOptions::default()),
        });
        let send = XPubSendHalf {
            inner: inner.clone(),
        };
        (send, XPubRecvHalf { inner, fair_queue })
    }
}

struct XPubSocketInner {
    backend: Arc<XPubSocketBackend>,
    binds: Mutex<HashMap<Endpoint, AcceptStopHandle>>,
}

impl Drop for XPubSocketInner {
    fn drop(&mut self) {
        self.backend.shutdown();
    }
}

/// cqlbook: the publishing half of an [`XPubSocket`].
#[derive(Clone)]
pub struct XPubSendHalf {
    inner: Arc<XPubSocketInner>,
}

/// cqlbook: the half of an [`XPubSocket`] that hears of subscriptions. It must be polled for any to take effect.
pub struct XPubRecvHalf {
    inner: Arc<XPubSocketInner>,
    fair_queue: FairQueue<ZmqFramedRead, PeerIdentity>,
}

impl XPubSendHalf {
    /// Publishes a message; waits while a subscriber's queue is full and the subscriber reads.
    pub async fn send(&self, message: ZmqMessage) -> ZmqResult<()> {
        self.inner.backend.publish(message).await
    }

    /// Sends a message to one subscriber whatever it subscribed to; drops it when its queue is full.
    pub fn send_to(&self, peer_id: &PeerIdentity, message: &ZmqMessage) {
        if let Some(subscriber) = self.inner.backend.subscribers.get_sync(peer_id) {
            subscriber.outbox.offer(message);
        }
    }

    /// Waits until every message is handed to the operating system (subscribers aside that are stalled or have read
    /// nothing for `quiet`); false when `timeout` came first.
    pub async fn flush(&self, quiet: Duration, timeout: Duration) -> bool {
        let deadline = Instant::now() + timeout;
        loop {
            let mut settled = true;
            self.inner.backend.subscribers.iter_sync(|_, subscriber| {
                settled &= subscriber.outbox.is_settled(quiet);
                settled
            });
            if settled || Instant::now() >= deadline {
                return settled;
            }
            async_rt::task::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Stops listening, waits until the listeners are closed and their files removed, and closes every
    /// connection.
    pub async fn close(&self) {
        let binds = std::mem::take(&mut *self.inner.binds.lock());
        for (_, handle) in binds {
            let _ = handle.0.shutdown().await;
        }
        self.inner.backend.shutdown();
        self.inner.backend.fair_queue_inner.lock().clear();
    }
}

impl XPubRecvHalf {
    /// The next message of a subscriber (byte 1 and a topic: subscribed; byte 0 and a topic: no longer).
    pub async fn recv(&mut self) -> ZmqResult<(PeerIdentity, ZmqMessage)> {
        next_message(&self.inner.backend, &mut self.fair_queue).await
    }
}

impl CaptureSocket for XPubSocket {}

#[async_trait]
impl Socket for XPubSocket {
    fn with_options(options: SocketOptions) -> Self {
        let mut fair_queue = FairQueue::new(true);
        let backend = Arc::new(XPubSocketBackend {
            subscribers: scc::HashMap::new(),
            fair_queue_inner: fair_queue.inner(),
            socket_monitor: Mutex::new(None),
            socket_options: Arc::new(options),
        });

        let backend_weak = Arc::downgrade(&backend);
        fair_queue.set_on_disconnect(move |peer_id: PeerIdentity| {
            if let Some(backend) = backend_weak.upgrade() {
                backend.peer_disconnected(&peer_id);
            }
        });

        Self {
            backend,
            fair_queue,
            binds: HashMap::new(),
        }
    }

    fn backend(&self) -> Arc<dyn MultiPeerBackend> {
        self.backend.clone()
    }

    fn binds(&mut self) -> &mut HashMap<Endpoint, AcceptStopHandle> {
        &mut self.binds
    }

    fn monitor(&mut self) -> mpsc::Receiver<SocketEvent> {
        let (sender, receiver) = mpsc::channel(1024);
        self.backend.socket_monitor.lock().replace(sender);
        receiver
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::async_rt;
    use crate::util::tests::{
        test_bind_to_any_port_helper, test_bind_to_unspecified_interface_helper,
    };
    use crate::ZmqResult;
    use std::net::IpAddr;

    #[async_rt::test]
    async fn test_bind_to_any_port() -> ZmqResult<()> {
        let s = XPubSocket::new();
        test_bind_to_any_port_helper(s).await
    }

    #[async_rt::test]
    async fn test_bind_to_any_ipv4_interface() -> ZmqResult<()> {
        let any_ipv4: IpAddr = "0.0.0.0".parse().unwrap();
        let s = XPubSocket::new();
        test_bind_to_unspecified_interface_helper(any_ipv4, s, 4020).await
    }

    #[async_rt::test]
    async fn test_bind_to_any_ipv6_interface() -> ZmqResult<()> {
        let any_ipv6: IpAddr = "::".parse().unwrap();
        let s = XPubSocket::new();
        test_bind_to_unspecified_interface_helper(any_ipv6, s, 4030).await
    }
}
