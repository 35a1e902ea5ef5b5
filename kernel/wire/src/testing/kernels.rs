//! Kernels to test: in this process, or a program of their own.

use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::json;
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::connection::{Channel, ConnectionFile, Ports, Transport};
use crate::handler::Handler;
use crate::serve::{Exit, Options, WireError, serve_with};

/// How long a kernel may take to stop.
const STOPPING: Duration = Duration::from_secs(10);

/// A connection with a new key, at ports that were free a moment ago or at files in the temporary folder.
pub fn free_connection(transport: Transport) -> ConnectionFile {
    let (ip, ports) = match transport {
        Transport::Tcp => ("127.0.0.1".to_owned(), [(); 5].map(|()| free_port())),
        Transport::Ipc => {
            let path = std::env::temp_dir().join(format!("wire-{}", Uuid::new_v4().simple()));
            (path.to_str().expect("a path in UTF-8").to_owned(), [1, 2, 3, 4, 5])
        }
    };
    let [shell, iopub, stdin, control, heartbeat] = ports;
    let ports = Ports { shell, iopub, stdin, control, heartbeat };
    ConnectionFile { transport, ip, ports, key: Zeroizing::new(Uuid::new_v4().to_string()) }
}

/// A port that is free, and that is not given again by this process for a while.
///
/// It lies below those that the system gives to outgoing connections: one of them could take the port before the kernel does.
fn free_port() -> u16 {
    const FIRST: u32 = 10_000;
    const COUNT: u32 = 10_000;
    static NEXT: AtomicU32 = AtomicU32::new(0);
    // Processes that test at the same time begin in different places.
    let offset = std::process::id().wrapping_mul(7_919);
    let candidates = std::iter::repeat_with(|| {
        let place = NEXT.fetch_add(1, Ordering::Relaxed).wrapping_add(offset) % COUNT;
        u16::try_from(FIRST + place).unwrap_or_default()
    });
    let is_free = |port: &u16| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok();
    candidates.take(COUNT as usize).find(is_free).expect("a free port")
}

/// Writes a connection as the file that Jupyter gives a kernel.
pub fn write_connection_file(connection: &ConnectionFile, path: &Path) {
    let transport = match connection.transport {
        Transport::Tcp => "tcp",
        Transport::Ipc => "ipc",
    };
    let file = json!({
        "transport": transport, "ip": connection.ip, "key": connection.key.as_str(),
        "signature_scheme": "hmac-sha256", "kernel_name": "test",
        "shell_port": connection.port(Channel::Shell), "iopub_port": connection.port(Channel::IoPub),
        "stdin_port": connection.port(Channel::Stdin), "control_port": connection.port(Channel::Control),
        "hb_port": connection.port(Channel::Heartbeat),
    });
    std::fs::write(path, file.to_string()).expect("the connection file is written");
}

/// A kernel in this process.
pub struct InProcess {
    connection: ConnectionFile,
    task: JoinHandle<Result<Exit, WireError>>,
}

impl InProcess {
    /// Starts a kernel at free ports.
    pub async fn start<H: Handler>(handler: Arc<H>) -> Self {
        Self::start_at(free_connection(Transport::Tcp), handler).await
    }

    /// Starts a kernel at given ports or files.
    pub async fn start_at<H: Handler>(connection: ConnectionFile, handler: Arc<H>) -> Self {
        Self::start_with(connection, handler, Options::default()).await
    }

    /// Starts a kernel with options; signals and parent are this process's own business.
    pub async fn start_with<H: Handler>(
        connection: ConnectionFile,
        handler: Arc<H>,
        options: Options,
    ) -> Self {
        let options = Options { signals: false, watch_parent: false, ..options };
        let task = tokio::spawn(serve_with(connection.clone(), handler, options));
        Self { connection, task }
    }

    /// Where it is.
    pub fn connection(&self) -> &ConnectionFile {
        &self.connection
    }

    /// Waits until it has stopped.
    ///
    /// # Panics
    /// When it does not stop, could not start, or panicked.
    pub async fn exited(self) -> Exit {
        let ended = tokio::time::timeout(STOPPING, self.task).await.expect("the kernel stops");
        ended.expect("the kernel does not panic").expect("the kernel could start")
    }
}

/// A kernel in a program of its own; killed when dropped.
pub struct KernelProcess {
    connection: ConnectionFile,
    file: PathBuf,
    child: Child,
}

impl KernelProcess {
    /// Starts the program that `command` makes from the path of a connection file.
    pub fn spawn(transport: Transport, command: impl FnOnce(&Path) -> Command) -> Self {
        Self::spawn_at(free_connection(transport), command)
    }

    /// Starts a program at given ports or files (a restart: the same as before).
    ///
    /// # Panics
    /// When the program cannot be started.
    pub fn spawn_at(connection: ConnectionFile, command: impl FnOnce(&Path) -> Command) -> Self {
        let file = std::env::temp_dir().join(format!("kernel-{}.json", Uuid::new_v4()));
        write_connection_file(&connection, &file);
        let child = command(&file).kill_on_drop(true).spawn().expect("the kernel's program starts");
        Self { connection, file, child }
    }

    /// Where it is.
    pub fn connection(&self) -> &ConnectionFile {
        &self.connection
    }

    /// The process's id.
    ///
    /// # Panics
    /// When it has been waited for.
    pub fn pid(&self) -> u32 {
        self.child.id().expect("the kernel runs")
    }

    /// Waits until it has stopped.
    ///
    /// # Panics
    /// When it does not stop.
    pub async fn exited(&mut self) -> ExitStatus {
        let ended = tokio::time::timeout(STOPPING, self.child.wait()).await.expect("the kernel stops");
        ended.expect("the kernel can be waited for")
    }
}

impl Drop for KernelProcess {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.file);
    }
}
