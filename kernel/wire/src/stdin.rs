//! The stdin socket: asks one frontend for a line, and takes no answer but one to a question that is open.
//!
//! A cell asks one question at a time (`io.rs` sees to it), and cells of different subshells ask independently, so there is
//! at most one open question for each lane.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jupyter_protocol::InputRequest;
use serde::Deserialize;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use zeroize::Zeroizing;
use zeromq::{RouterRecvHalf, RouterSendHalf, SocketRecv, SocketSend};

use crate::io::InputError;
use crate::session::{Head, Incoming, Session, to_json};

/// How long a frontend's stdin connection may come after its request.
const CONNECTING: Duration = Duration::from_secs(1);

/// The prompts of a kernel.
pub(crate) struct Stdin {
    session: Arc<Session>,
    socket: RouterSendHalf,
    /// The open questions, oldest first.
    open: Mutex<Vec<Question>>,
}

struct Question {
    /// The session that was asked; another one's answer does not count.
    session: Option<String>,
    /// The subshell whose cell asks; `None` for the main shell's.
    subshell_id: Option<String>,
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
        let stdin = Arc::new(Self { session, socket, open: Mutex::default() });
        tasks.spawn(read(stdin.clone(), recv));
        stdin
    }

    /// Asks the frontend that sent `request`, and waits for its answer. Dropping the future closes the question.
    pub(crate) async fn ask(
        &self,
        request: &Incoming,
        prompt: &str,
        password: bool,
    ) -> Result<Zeroizing<String>, InputError> {
        let content = to_json(&InputRequest { prompt: prompt.to_owned(), password });
        let (answer, answered) = oneshot::channel();
        let (message, id) =
            self.session.write(&request.identities, "input_request", &request.header, content);
        let Head { session, subshell_id, .. } = request.head.clone();
        // Opened before it is sent; what came before finds no open question and was dropped.
        let _open = Opened::new(&self.open, Question { session, subshell_id, id, answer });
        let deadline = tokio::time::Instant::now() + CONNECTING;
        while self.socket.clone().send(message.clone()).await.is_err() {
            if tokio::time::Instant::now() >= deadline {
                return Err(InputError::Closed);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        answered.await.map_err(|_| InputError::Closed)
    }

    fn answer(&self, message: &Incoming) {
        #[derive(Deserialize)]
        struct Reply {
            value: Option<String>,
        }
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let at = if message.head.msg_type == "input_reply" { answered(&open, message) } else { None };
        let Some(at) = at else {
            tracing::debug!("dropped a stale input_reply");
            return;
        };
        let value = serde_json::from_slice(&message.content).ok().and_then(|reply: Reply| reply.value);
        let _ = open.remove(at).answer.send(Zeroizing::new(value.unwrap_or_default()));
    }
}

/// Which of the open questions a reply answers: the one that its parent header names. jupyter_client names no parent; then
/// it is the question of the subshell that the reply's header names, or the only one that this frontend was asked.
fn answered(open: &[Question], reply: &Incoming) -> Option<usize> {
    #[derive(Deserialize)]
    struct Parent {
        msg_id: Option<String>,
    }
    let asked = |question: &&Question| question.session == reply.head.session;
    let parent = serde_json::from_slice::<Parent>(&reply.parent_header).ok().and_then(|parent| parent.msg_id);
    let of_lane = |question: &Question| question.subshell_id == reply.head.subshell_id;
    let only = open.iter().filter(asked).count() == 1;
    open.iter().position(|question| {
        asked(&question)
            && match &parent {
                Some(parent) => question.id == *parent,
                None => only || of_lane(question),
            }
    })
}

/// An open question; closed when the one who asked gives up.
struct Opened<'a> {
    open: &'a Mutex<Vec<Question>>,
    id: String,
}

impl<'a> Opened<'a> {
    fn new(open: &'a Mutex<Vec<Question>>, question: Question) -> Self {
        let id = question.id.clone();
        open.lock().unwrap_or_else(PoisonError::into_inner).push(question);
        Self { open, id }
    }
}

impl Drop for Opened<'_> {
    fn drop(&mut self) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|question| question.id != self.id);
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
