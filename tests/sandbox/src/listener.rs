//! A listening port on 127.0.0.1 that a front's switches can close and open again. What is said on its connections is
//! the caller's matter.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use crate::error::{Context, Result};
use crate::state::Shared;
use crate::words;

/// Binds a free port between 20000 and 31999: below the system's own range of passing ports, so that a port that is
/// closed for a while is still free afterwards.
pub(crate) async fn bind() -> Result<TcpListener> {
    let mut last = None;
    for _ in 0..200 {
        let [x, y, ..] = words::random_bytes();
        let port = 20_000 + u16::from_be_bytes([x, y]) % 12_000;
        match TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await {
            Ok(listener) => return Ok(listener),
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| std::io::ErrorKind::AddrInUse.into())).during("Opening a port")
}

/// Accepts until `stop`, which also ends the connections. A connection that comes while the front hangs is kept silent.
pub(crate) async fn serve<F>(
    listener: TcpListener,
    shared: Arc<Shared>,
    stop: CancellationToken,
    handle: impl Fn(TcpStream) -> F,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let Ok(address) = listener.local_addr() else { return };
    let mut open = Some(listener);
    loop {
        let listener = match open.take() {
            Some(listener) => listener,
            None => tokio::select! {
                () = stop.cancelled() => return,
                listener = reopen(&shared, address) => listener,
            },
        };
        let counted = shared.count_port();
        loop {
            let stream = tokio::select! {
                () = stop.cancelled() => return,
                () = shared.wait_for(|switches| switches.refusing) => break,
                accepted = listener.accept() => accepted,
            };
            // Out of file descriptors, or a client that left at once: the next may fare better.
            let Ok((stream, _)) = stream else {
                tokio::time::sleep(Duration::from_millis(10)).await;
                continue;
            };
            let conversation = handle(stream);
            let (shared, stop) = (shared.clone(), stop.clone());
            tokio::spawn(async move {
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = shared.wait_for(|switches| switches.refusing) => {}
                    () = conversation => {}
                }
            });
        }
        drop(listener);
        drop(counted);
    }
}

/// Waits until the port may be open again, and opens it.
async fn reopen(shared: &Shared, address: std::net::SocketAddr) -> TcpListener {
    loop {
        shared.wait_for(|switches| !switches.refusing).await;
        match TcpListener::bind(address).await {
            Ok(listener) => return listener,
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}
