//! The frontend: five sockets of the client's side, and everything that came kept until it is asked for.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::{Map, Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use zeromq::util::PeerIdentity;
use zeromq::{
    DealerSendHalf, DealerSocket, ReqSocket, Socket, SocketOptions, SocketRecv, SocketSend, SubSocket,
    ZmqMessage,
};

use crate::connection::{Channel, ConnectionFile};
use crate::session::{Session, no_parent, to_json};
use crate::testing::{Exchange, Received};

/// How long anything is waited for unless the test says otherwise.
const PATIENCE: Duration = Duration::from_secs(60);

/// A request that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId {
    id: String,
    has_reply: bool,
}

/// A frontend of a kernel.
pub struct Frontend {
    session: Session,
    shell: DealerSendHalf,
    control: DealerSendHalf,
    stdin: DealerSendHalf,
    heartbeat: ReqSocket,
    inbox: mpsc::UnboundedReceiver<Received>,
    unread: VecDeque<Received>,
    answers: VecDeque<String>,
    patience: Duration,
    strict: bool,
    _readers: JoinSet<()>,
}

impl Frontend {
    /// Connects and waits for the kernel's welcome on iopub, which is kept as read.
    pub async fn connect(connection: &ConnectionFile) -> Self {
        let mut frontend = Self::connect_quietly(connection).await;
        let subscribed = |message: &Received| message.msg_type == "iopub_welcome";
        frontend.wait_for("the welcome on iopub", subscribed).await;
        // Statuses of before: the kernel's start, other frontends.
        frontend.unread.clear();
        frontend
    }

    /// Connects without waiting for anything.
    ///
    /// # Panics
    /// When a socket cannot be connected.
    pub async fn connect_quietly(connection: &ConnectionFile) -> Self {
        let session = Session::new(&connection.key);
        let (arrived, inbox) = mpsc::unbounded_channel();
        let mut readers = JoinSet::new();
        let mut dealer = async |channel: Channel| {
            // As jupyter_client does: the same identity on all, so that prompts find their frontend.
            let mut options = SocketOptions::default();
            options.peer_identity(PeerIdentity::try_from(session.id().as_bytes()).expect("an identity"));
            let mut socket = DealerSocket::with_options(options);
            socket.connect(&connection.endpoint(channel)).await.expect("the socket connects");
            let (send, recv) = socket.split();
            readers.spawn(read(channel, recv, Session::new(&connection.key), arrived.clone()));
            send
        };
        let control = dealer(Channel::Control).await;
        let stdin = dealer(Channel::Stdin).await;
        let shell = dealer(Channel::Shell).await;
        let mut iopub = SubSocket::new();
        iopub.connect(&connection.endpoint(Channel::IoPub)).await.expect("iopub connects");
        iopub.subscribe("").await.expect("a subscription");
        readers.spawn(read(Channel::IoPub, iopub, Session::new(&connection.key), arrived));
        let mut heartbeat = ReqSocket::new();
        heartbeat.connect(&connection.endpoint(Channel::Heartbeat)).await.expect("heartbeat connects");
        Self {
            session,
            shell,
            control,
            stdin,
            heartbeat,
            inbox,
            unread: VecDeque::new(),
            answers: VecDeque::new(),
            patience: PATIENCE,
            strict: false,
            _readers: readers,
        }
    }

    /// The id of its session, which is also the identity of its sockets.
    pub fn session_id(&self) -> &str {
        self.session.id()
    }

    /// Panics when dropped with a message that the test did not ask for.
    #[must_use]
    pub fn strict(mut self) -> Self {
        self.strict = true;
        self
    }

    /// Waits for anything at most so long.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Sends a request.
    pub async fn send(&mut self, channel: Channel, msg_type: &str, content: Value) -> RequestId {
        let (message, id) = self.session.write(&[], msg_type, &no_parent(), to_json(&content));
        self.send_message(channel, message).await;
        RequestId { id, has_reply: msg_type.ends_with("_request") }
    }

    /// Sends a request whose header has more fields than the usual ones, or other ones. Returns the header's
    /// bytes too.
    pub async fn send_with_header(
        &mut self,
        channel: Channel,
        msg_type: &str,
        content: Value,
        fields: Value,
    ) -> (RequestId, Bytes) {
        let id = uuid::Uuid::new_v4().to_string();
        let mut header = Map::new();
        header.insert("msg_id".to_owned(), id.clone().into());
        header.insert("msg_type".to_owned(), msg_type.into());
        header.insert("session".to_owned(), self.session.id().into());
        header.extend(fields.as_object().cloned().unwrap_or_default());
        let header = to_json(&header);
        let message = self.session.write_raw(&[], header.clone(), no_parent(), to_json(&content));
        self.send_message(channel, message).await;
        (RequestId { id, has_reply: msg_type.ends_with("_request") }, header)
    }

    /// The frames of a signed request that is not sent.
    pub fn frames(&self, msg_type: &str, content: Value) -> Vec<Bytes> {
        self.session.write(&[], msg_type, &no_parent(), to_json(&content)).0.into_vec()
    }

    /// Sends frames as they are.
    ///
    /// # Panics
    /// When there is no frame.
    pub async fn send_frames(&mut self, channel: Channel, frames: Vec<Bytes>) {
        self.send_message(channel, ZmqMessage::try_from(frames).expect("a frame")).await;
    }

    async fn send_message(&mut self, channel: Channel, message: ZmqMessage) {
        let socket = match channel {
            Channel::Shell => &mut self.shell,
            Channel::Control => &mut self.control,
            Channel::Stdin => &mut self.stdin,
            Channel::IoPub | Channel::Heartbeat => panic!("{channel} takes no requests"),
        };
        socket.send(message).await.expect("the kernel is connected");
    }

    /// Sends a request and collects what comes back, up to the reply and idle.
    pub async fn request(&mut self, channel: Channel, msg_type: &str, content: Value) -> Exchange {
        let id = self.send(channel, msg_type, content).await;
        self.finish(&id).await
    }

    /// Runs a cell as a notebook does, with prompts allowed.
    pub async fn execute(&mut self, code: &str) -> Exchange {
        let id = self.start(code).await;
        self.finish(&id).await
    }

    /// Starts a cell; [`Frontend::finish`] collects its outputs.
    pub async fn start(&mut self, code: &str) -> RequestId {
        let content = json!({"code": code, "silent": false, "store_history": true, "allow_stdin": true});
        self.send(Channel::Shell, "execute_request", content).await
    }

    /// Interrupts.
    pub async fn interrupt(&mut self) -> Exchange {
        self.request(Channel::Control, "interrupt_request", json!({})).await
    }

    /// Stops the kernel.
    pub async fn shutdown(&mut self, restart: bool) -> Exchange {
        self.request(Channel::Control, "shutdown_request", json!({"restart": restart})).await
    }

    /// What the heartbeat answers.
    ///
    /// # Panics
    /// When it does not answer.
    pub async fn ping(&mut self, beat: &[u8]) -> Bytes {
        self.heartbeat.send(Bytes::copy_from_slice(beat).into()).await.expect("the heartbeat is connected");
        let echo = tokio::time::timeout(self.patience, self.heartbeat.recv()).await.expect("an echo in time");
        echo.expect("an echo").get(0).cloned().unwrap_or_default()
    }

    /// Has a line ready for the next prompt that [`Frontend::finish`] meets.
    pub fn answer(&mut self, line: &str) {
        self.answers.push_back(line.to_owned());
    }

    /// Sends an answer to a prompt now, asked for or not; `prompt` makes its header the answer's parent.
    pub async fn send_answer(&mut self, line: &str, prompt: Option<&Received>) {
        let parent = prompt.map_or_else(no_parent, |prompt| to_json(&prompt.header));
        let content = to_json(&json!({"value": line, "status": "ok"}));
        let (message, _) = self.session.write(&[], "input_reply", &parent, content);
        self.send_message(Channel::Stdin, message).await;
    }

    /// Collects what comes back for a request up to its reply and idle, answering prompts with the lines that are
    /// ready.
    ///
    /// # Panics
    /// When reply or idle do not come in time, or a prompt has no answer ready.
    pub async fn finish(&mut self, request: &RequestId) -> Exchange {
        let mut exchange = Exchange::default();
        let deadline = Instant::now() + self.patience;
        let (mut replied, mut idle) = (!request.has_reply, false);
        while !(replied && idle) {
            let Some(message) = self.take(|message| message.parent_id() == request.id, deadline).await else {
                let missing = if replied { "idle" } else { "the reply" };
                panic!(
                    "{missing} did not come; until then:\n{}unread: {:#?}",
                    exchange.transcript(),
                    self.unread
                );
            };
            match message.channel {
                Channel::IoPub => {
                    idle |= message.is_status("idle");
                    exchange.iopub.push(message);
                }
                Channel::Stdin => {
                    let line = self.answers.pop_front().expect("a line ready for the prompt");
                    self.send_answer(&line, None).await;
                    exchange.prompts.push(message);
                }
                _ => {
                    replied = true;
                    exchange.reply = Some(message);
                }
            }
        }
        exchange
    }

    /// Waits for the next message of a request that fits, leaving the others unread.
    ///
    /// # Panics
    /// When it does not come in time.
    pub async fn until(&mut self, request: &RequestId, fits: impl Fn(&Received) -> bool) -> Received {
        let id = request.id.clone();
        self.wait_for("a message of the request", move |message| message.parent_id() == id && fits(message))
            .await
    }

    /// Waits for the next message that fits, leaving the others unread.
    ///
    /// # Panics
    /// When it does not come in time; `what` says what was awaited.
    pub async fn wait_for(&mut self, what: &str, fits: impl Fn(&Received) -> bool) -> Received {
        let deadline = Instant::now() + self.patience;
        match self.take(fits, deadline).await {
            Some(message) => message,
            None => panic!("{what} did not come; unread: {:#?}", self.unread),
        }
    }

    /// Everything that came and was not asked for, after a quiet time of `quiet`.
    pub async fn rest(&mut self, quiet: Duration) -> Vec<Received> {
        while let Ok(Some(message)) = tokio::time::timeout(quiet, self.inbox.recv()).await {
            self.unread.push_back(message);
        }
        self.unread.drain(..).collect()
    }

    async fn take(&mut self, fits: impl Fn(&Received) -> bool, deadline: Instant) -> Option<Received> {
        if let Some(at) = self.unread.iter().position(&fits) {
            return self.unread.remove(at);
        }
        loop {
            let message = tokio::time::timeout_at(deadline.into(), self.inbox.recv()).await.ok()??;
            if fits(&message) {
                return Some(message);
            }
            self.unread.push_back(message);
        }
    }
}

impl Drop for Frontend {
    fn drop(&mut self) {
        if self.strict && !std::thread::panicking() {
            while let Ok(message) = self.inbox.try_recv() {
                self.unread.push_back(message);
            }
            let lines: Vec<_> = self.unread.iter().map(Received::line).collect();
            assert!(lines.is_empty(), "left unread: {lines:#?}");
        }
    }
}

async fn read(
    channel: Channel,
    mut socket: impl SocketRecv,
    session: Session,
    arrived: mpsc::UnboundedSender<Received>,
) {
    while let Ok(message) = socket.recv().await {
        let message = session.read(message).expect("the kernel's messages are signed and well formed");
        let received = Received {
            channel,
            msg_type: message.head.msg_type,
            content: serde_json::from_slice(&message.content).expect("content in JSON"),
            header: serde_json::from_slice(&message.header).expect("a header in JSON"),
            parent_header: message.parent_header,
            at: Instant::now(),
        };
        if arrived.send(received).is_err() {
            return;
        }
    }
}
