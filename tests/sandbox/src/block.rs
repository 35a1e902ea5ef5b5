//! A block of loopback addresses for one sandbox's nodes, so that several sandboxes run side by side.
//! It binds sockets only to see that they are free, and one to hold the block.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpListener};

use crate::error::{Error, Result};
use crate::words;

/// A free `127.a.b.0/24`: nodes listen on `.1`, `.2`, …, and the addresses that their peers are told are `.101`, `.102`, …,
/// where nothing listens (they stand for Astra's private addresses).
#[derive(Debug)]
pub(crate) struct Block {
    a: u8,
    b: u8,
    /// The port of CQL on every node.
    pub(crate) cql_port: u16,
    /// The port on which nodes talk among themselves.
    pub(crate) storage_port: u16,
    /// Bound on the block's last address while the block is in use.
    _held: TcpListener,
}

impl Block {
    /// Finds and holds a free block.
    pub(crate) fn claim() -> Result<Self> {
        for _ in 0..200 {
            let [x, y, ..] = words::random_bytes();
            // 127.0.x.y is where other programs look for free addresses, hence a from 16.
            let (a, b) = (16 + x % 224, y);
            let Ok(held) = TcpListener::bind((Ipv4Addr::new(127, a, b, 254), 7000)) else { continue };
            let ports = [0u16, 10_000, 20_000].into_iter().map(|offset| (9042 + offset, 7000 + offset));
            let free = |port: u16| {
                (1..=9).all(|node| TcpListener::bind((Ipv4Addr::new(127, a, b, node), port)).is_ok())
            };
            if let Some((cql_port, storage_port)) =
                ports.into_iter().find(|&(cql, storage)| free(cql) && free(storage))
            {
                return Ok(Self { a, b, cql_port, storage_port, _held: held });
            }
        }
        Err(Error::NoAddresses)
    }

    /// Where the node with that index really listens.
    pub(crate) fn listen(&self, index: usize) -> Ipv4Addr {
        self.address(1, index)
    }

    /// What its peers are told to tell clients.
    pub(crate) fn private(&self, index: usize) -> Ipv4Addr {
        self.address(101, index)
    }

    /// The socket address of the node's CQL port.
    pub(crate) fn cql(&self, index: usize) -> SocketAddr {
        SocketAddrV4::new(self.listen(index), self.cql_port).into()
    }

    fn address(&self, first: u8, index: usize) -> Ipv4Addr {
        let offset = u8::try_from(index).unwrap_or(99).min(99);
        Ipv4Addr::new(127, self.a, self.b, first + offset)
    }
}
