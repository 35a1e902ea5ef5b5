//! The stdin socket: asks one frontend for a line, and takes no answer but the one to the question that is open.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use jupyter_protocol::InputRequest;
use serde::Deserialize;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;
use zeromq::{RouterRecvHalf, RouterSendHalf, SocketRecv, SocketSend};

use crate::io::InputError;
use crate::session::{Incoming, Session, to_json};

/// How long a frontend's stdin connection may come after its request.
const CONNECTING: Duration = Duration::from_secs(1);

/// The prompts of a kernel.
pub(crate) struct Stdin {
    session: Arc<Session>,
    socket: RouterSendHalf,
    /// Held while a question is open: there is one at a time.
    turn: tokio::sync::Mutex<()>,
    open: Mutex<Option<Question>>,
}

struct Question {
    /// The session that was asked; another one's answer does not count.
    session: String,
    /// The id of the `input_request`.
    id: String,
    answer: oneshot::Sender<Zeroizing<String>>,
}

impl Stdin {
    /// Starts the task that reads answers.
    pub(crate) fn start(
        tasks: &mut JoinSet<()>,
        session: Arc<Session>,
        socket: RouterSendHalf,
        recv: RouterRecvHalf,
    ) -> Arc<Self> {
        let stdin =
            Arc::new(Self { session, socket, turn: tokio::sync::Mutex::default(), open: Mutex::default() });
        tasks.spawn(read(stdin.clone(), recv));
        stdin
    }

    /// Asks the frontend that sent `request`.
    pub(crate) async fn ask(
        &self,
        request: &Incoming,
        prompt: &str,
        password: bool,
        cancelled: &CancellationToken,
    ) -> Result<Zeroizing<String>, InputError> {
        let asked = async {
            let _turn = self.turn.lock().await;
            let content = to_json(&InputRequest { prompt: prompt.to_owned(), password });
            let (answer, answered) = oneshot::channel();
            let (message, id) =
                self.session.write(&request.identities, "input_request", &request.header, content);
            let question = Question { session: request.head.session.clone(), id, answer };
            // Opened before it is sent; what came before finds no open question and was dropped.
            let _open = Opened::new(&self.open, question);
            let deadline = tokio::time::Instant::now() + CONNECTING;
            while self.socket.clone().send(message.clone()).await.is_err() {
                if tokio::time::Instant::now() >= deadline {
                    return Err(InputError::Closed);
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            answered.await.map_err(|_| InputError::Closed)
        };
        tokio::select! {
            biased;
            () = cancelled.cancelled() => Err(InputError::Interrupted),
            answer = asked => answer,
        }
    }

    fn answer(&self, message: &Incoming) {
        #[derive(Deserialize)]
        struct Reply {
            value: Option<String>,
        }
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = open.as_ref().is_some_and(|question| {
            question.session == message.head.session && answers(&message.parent_header, &question.id)
        });
        if message.head.msg_type != "input_reply" || !fits {
            tracing::debug!("dropped a stale input_reply");
            return;
        }
        let value = serde_json::from_slice(&message.content).ok().and_then(|reply: Reply| reply.value);
        if let Some(question) = open.take() {
            let _ = question.answer.send(Zeroizing::new(value.unwrap_or_default()));
        }
    }
}

/// Whether a reply with this parent header answers the question `id`. jupyter_client names no parent.
fn answers(parent_header: &Bytes, id: &str) -> bool {
    #[derive(Deserialize)]
    struct Parent {
        msg_id: Option<String>,
    }
    let parent = serde_json::from_slice::<Parent>(parent_header).ok().and_then(|parent| parent.msg_id);
    parent.is_none_or(|parent| parent == id)
}

/// An open question; closed when the one who asked gives up.
struct Opened<'a>(&'a Mutex<Option<Question>>);

impl<'a> Opened<'a> {
    fn new(open: &'a Mutex<Option<Question>>, question: Question) -> Self {
        *open.lock().unwrap_or_else(PoisonError::into_inner) = Some(question);
        Self(open)
    }
}

impl Drop for Opened<'_> {
    fn drop(&mut self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

async fn read(stdin: Arc<Stdin>, mut socket: RouterRecvHalf) {
    while let Ok(message) = socket.recv().await {
        match stdin.session.read(message) {
            Ok(message) => stdin.answer(&message),
            Err(reason) => tracing::warn!(%reason, "a message on stdin was dropped"),
        }
    }
}
