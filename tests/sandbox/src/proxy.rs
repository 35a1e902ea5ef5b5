//! The SNI proxy: mutual TLS, and behind it the node whose host id the client named. What passes is `relay.rs`'s matter.

use std::sync::Arc;

use rustls::server::Acceptor;
use tokio::net::TcpStream;
use tokio_rustls::{LazyConfigAcceptor, StartHandshake};
use uuid::Uuid;

use crate::relay;
use crate::state::Shared;
use crate::switch::SniAnswer;

/// Talks with one client until it leaves, or until its node is no longer let through.
pub(crate) async fn converse(stream: TcpStream, shared: Arc<Shared>) {
    let switches = shared.switches();
    if switches.hanging {
        return shared.wait_for(|switches| !switches.hanging).await;
    }
    if switches.is_asleep() {
        return;
    }
    tokio::time::sleep(switches.delay).await;
    // Small frames must not wait for each other, as they would not on a real network card's queue.
    let _ = stream.set_nodelay(true);
    let start = match LazyConfigAcceptor::new(Acceptor::default(), stream).await {
        Ok(start) => start,
        Err(error) => return shared.note_handshake(&error),
    };
    let name = start.client_hello().server_name().map(str::to_owned);
    if let Some(name) = &name {
        shared.note(|facts| {
            if !facts.sni_names.contains(name) {
                facts.sni_names.push(name.clone());
            }
        });
    }
    if let Some(answer) = switches.sni_unknown {
        return refuse(start, &shared, answer).await;
    }
    let host_id = name.and_then(|name| Uuid::parse_str(&name).ok());
    let member = shared.members.iter().find(|(id, _)| Some(*id) == host_id && switches.lets_through(*id));
    let Some(&(node, address)) = member else {
        return refuse(start, &shared, SniAnswer::Close).await;
    };
    let tls = match start.into_stream(shared.certificates.server(switches.proxy_identity)).await {
        Ok(tls) => tls,
        Err(error) => return shared.note_handshake(&error),
    };
    // A node that does not run: the client sees its connection closed, as behind any proxy.
    let Ok(server) = TcpStream::connect(address).await else { return };
    let _ = server.set_nodelay(true);
    shared.note_node(node, |facts| {
        facts.connections += 1;
        facts.open += 1;
    });
    let open = OpenConnection { shared: &shared, node };
    tokio::select! {
        () = shared.wait_for(|switches| !switches.lets_through(node)) => {}
        () = relay::run(tls, server, node, &shared) => {}
    }
    drop(open);
}

async fn refuse(start: StartHandshake<TcpStream>, shared: &Shared, answer: SniAnswer) {
    shared.note(|facts| facts.refused_names += 1);
    match answer {
        SniAnswer::Close => {}
        // Fails, after telling the client.
        SniAnswer::Alert => drop(start.into_stream(shared.certificates.speechless()).await),
        SniAnswer::Silence => shared.wait_for(|switches| switches.sni_unknown.is_none()).await,
    }
}

/// Counts a connection as closed when it is dropped, however that comes about.
struct OpenConnection<'a> {
    shared: &'a Shared,
    node: Uuid,
}

impl Drop for OpenConnection<'_> {
    fn drop(&mut self) {
        self.shared.note_node(self.node, |facts| facts.open = facts.open.saturating_sub(1));
    }
}
