//! The control and shell sockets' readers, and what is answered while cells run: interrupt, shutdown, kernel_info,
//! subshells (JEP 91).

use std::sync::Arc;

use serde_json::{Value, json};
use uuid::Uuid;
use zeromq::{RouterRecvHalf, RouterSendHalf, SocketRecv};

use crate::connection::Channel;
use crate::execute;
use crate::handler::{ErrorReport, Handler};
use crate::kernel::{Kernel, ShutdownRequest};
use crate::lane::{self, Refused};
use crate::replies;
use crate::requests::Fields;
use crate::session::Incoming;

/// Reads the control socket.
pub(crate) async fn control<H: Handler>(
    kernel: Arc<Kernel<H>>,
    shell: RouterSendHalf,
    socket: RouterSendHalf,
    mut recv: RouterRecvHalf,
) {
    while let Some(message) = next(&kernel, Channel::Control, &mut recv).await {
        if !out_of_band(&kernel, &socket, &message).await {
            answer(&kernel, &shell, &socket, &message).await;
        }
    }
}

/// Reads the shell socket: hands each request to its lane. A shutdown or interrupt that comes here does not wait.
pub(crate) async fn shell<H: Handler>(
    kernel: Arc<Kernel<H>>,
    socket: RouterSendHalf,
    mut recv: RouterRecvHalf,
) {
    while let Some(message) = next(&kernel, Channel::Shell, &mut recv).await {
        if out_of_band(&kernel, &socket, &message).await {
            continue;
        }
        if let Err(refused) = kernel.lanes.dispatch(&message) {
            let reply = match refused {
                _ if kernel.stopping.is_cancelled() => execute::aborted(&kernel),
                Refused::NoLane => unknown_subshell(),
                Refused::NoRoom => busy_queue(),
            };
            send_reply(&kernel, &socket, &message, &reply).await;
        }
    }
}

/// The next message that is let in; `None` when the socket is closed.
async fn next<H: Handler>(
    kernel: &Kernel<H>,
    channel: Channel,
    socket: &mut RouterRecvHalf,
) -> Option<Incoming> {
    loop {
        match kernel.session.read(socket.recv().await.ok()?) {
            Ok(message) => return Some(message),
            Err(reason) => tracing::warn!(%channel, %reason, "a message was dropped"),
        }
    }
}

/// Handles shutdown and interrupt; false for other messages.
async fn out_of_band<H: Handler>(kernel: &Kernel<H>, socket: &RouterSendHalf, message: &Incoming) -> bool {
    match message.head.msg_type.as_str() {
        "shutdown_request" => {
            let restart = Fields::of(message).flag("restart", false);
            let request = ShutdownRequest { restart, message: message.clone(), socket: socket.clone() };
            let _ = kernel.shutdown.send(request);
        }
        "interrupt_request" => {
            let busy = kernel.busy(message);
            kernel.interrupt(Some(&message.head));
            let reply = jupyter_protocol::InterruptReply::new();
            kernel.reply(socket, message, "interrupt_reply", &reply).await;
            drop(busy);
        }
        _ => return false,
    }
    true
}

async fn answer<H: Handler>(
    kernel: &Arc<Kernel<H>>,
    shell: &RouterSendHalf,
    socket: &RouterSendHalf,
    message: &Incoming,
) {
    let reply = match message.head.msg_type.as_str() {
        "kernel_info_request" => Some(kernel.kernel_info()),
        "create_subshell_request" => Some(create_subshell(kernel, shell)),
        "delete_subshell_request" => {
            Some(match kernel.lanes.delete(Fields::of(message).text("subshell_id")) {
                true => json!({"status": "ok"}),
                false => unknown_subshell(),
            })
        }
        "list_subshell_request" => Some(json!({"status": "ok", "subshell_id": kernel.lanes.subshells()})),
        other => lane::unknown(other),
    };
    match reply {
        Some(reply) => send_reply(kernel, socket, message, &reply).await,
        None => drop(kernel.busy(message)),
    }
}

fn unknown_subshell() -> Value {
    replies::error(&ErrorReport::new("UNKNOWN_SUBSHELL", "There is no subshell with this id."))
}

fn busy_queue() -> Value {
    let text = "Too many requests wait for the cell that runs. Interrupt it, or wait for its end.";
    replies::error(&ErrorReport::new("QUEUE_FULL", text))
}

fn create_subshell<H: Handler>(kernel: &Arc<Kernel<H>>, shell: &RouterSendHalf) -> Value {
    let id = Uuid::new_v4().to_string();
    if kernel.lanes.open(kernel, shell.clone(), Some(id.clone())) {
        json!({"status": "ok", "subshell_id": id})
    } else {
        replies::error(&ErrorReport::new("TOO_MANY_SUBSHELLS", "Delete a subshell before you make another."))
    }
}

/// Sends a reply between busy and idle; a message that is no request has none, and only says busy and idle.
async fn send_reply<H: Handler>(
    kernel: &Kernel<H>,
    socket: &RouterSendHalf,
    message: &Incoming,
    reply: &Value,
) {
    let busy = kernel.busy(message);
    if let Some(name) = message.head.msg_type.strip_suffix("_request") {
        kernel.reply(socket, message, &format!("{name}_reply"), reply).await;
    }
    drop(busy);
}
