//! Binds the five sockets, with limits on what a stranger can cost, and closes them without leaving a file.

use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use futures::FutureExt;
use zeromq::{
    RouterRecvHalf, RouterSendHalf, RouterSocket, Socket, SocketOptions, SocketRecv, SocketSend,
    XPubRecvHalf, XPubSendHalf, XPubSocket,
};

use crate::connection::{Channel, ConnectionFile};
use crate::serve::WireError;

/// The longest message that a frontend may send.
const LONGEST_REQUEST: usize = 64 * 1024 * 1024;

/// The longest message to echo or subscription to read.
const LONGEST_SMALL: usize = 64 * 1024;

/// How many echoes wait for one frontend.
const ECHOES: usize = 64;

/// How many replies wait for one frontend.
const REPLIES: usize = 10_000;

/// How long a connection may take to say what it is.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// How many connections a socket has. Five times as many are fewer descriptors than a process mostly may have, 1,024.
const CONNECTIONS: usize = 128;

/// How many of them may still have to say what they are.
const HANDSHAKES: usize = 32;

/// The five sockets, bound.
pub(crate) struct Sockets {
    pub(crate) shell: (RouterSendHalf, RouterRecvHalf),
    pub(crate) control: (RouterSendHalf, RouterRecvHalf),
    pub(crate) stdin: (RouterSendHalf, RouterRecvHalf),
    pub(crate) heartbeat: (RouterSendHalf, RouterRecvHalf),
    pub(crate) iopub: (XPubSendHalf, XPubRecvHalf),
}

/// What closes the sockets.
pub(crate) struct Closer {
    routers: [RouterSendHalf; 4],
    iopub: XPubSendHalf,
}

impl Sockets {
    /// Binds all five; a heartbeat that answers means that the others are there too, so it comes last.
    pub(crate) async fn bind(connection: &ConnectionFile) -> Result<Self, WireError> {
        let iopub: XPubSocket = bind(connection, Channel::IoPub, options(LONGEST_SMALL, REPLIES)).await?;
        let router = async |channel, longest, waiting| -> Result<_, WireError> {
            let socket: RouterSocket = bind(connection, channel, options(longest, waiting)).await?;
            Ok(socket.split())
        };
        Ok(Self {
            iopub: iopub.split(),
            stdin: router(Channel::Stdin, LONGEST_REQUEST, REPLIES).await?,
            shell: router(Channel::Shell, LONGEST_REQUEST, REPLIES).await?,
            control: router(Channel::Control, LONGEST_REQUEST, REPLIES).await?,
            heartbeat: router(Channel::Heartbeat, LONGEST_SMALL, ECHOES).await?,
        })
    }

    /// What closes these sockets after their halves were given away.
    pub(crate) fn closer(&self) -> Closer {
        let routers =
            [&self.shell, &self.control, &self.stdin, &self.heartbeat].map(|(send, _)| send.clone());
        Closer { routers, iopub: self.iopub.0.clone() }
    }
}

impl Closer {
    /// Hands all replies to the operating system, at most for `linger`, and frees the ports and files.
    pub(crate) async fn close(self, linger: Duration) {
        let Self { routers, iopub } = self;
        futures::future::join_all(routers.iter().map(|socket| socket.flush(linger))).await;
        for socket in &routers {
            socket.close().await;
        }
        iopub.close().await;
    }
}

fn options(longest: usize, waiting: usize) -> SocketOptions {
    let mut options = SocketOptions::default();
    options.max_message_size(longest).handshake_timeout(HANDSHAKE).send_queue_messages(waiting);
    options.max_connections(CONNECTIONS).max_handshakes(HANDSHAKES);
    options
}

async fn bind<S: Socket>(
    connection: &ConnectionFile,
    channel: Channel,
    options: SocketOptions,
) -> Result<S, WireError> {
    if let Some(file) = connection.socket_file(channel) {
        remove_stale(&file);
    }
    let endpoint = connection.endpoint(channel);
    let mut socket = S::with_options(options);
    match socket.bind(&endpoint).await {
        Ok(_) => Ok(socket),
        Err(error) => Err(WireError::Bind { channel, endpoint, reason: error.to_string() }),
    }
}

/// Removes the file of a kernel that was killed. One that answers is left alone: binding will say so.
fn remove_stale(file: &Path) {
    if let Err(error) = UnixStream::connect(file)
        && error.kind() == std::io::ErrorKind::ConnectionRefused
    {
        let _ = std::fs::remove_file(file);
    }
}

/// Echoes what comes, as it came.
pub(crate) async fn echo((mut send, mut recv): (RouterSendHalf, RouterRecvHalf)) {
    while let Ok(message) = recv.recv().await {
        // One who does not read its echoes loses them.
        let _ = send.send(message).now_or_never();
    }
}
