//! Whether the other end of a loopback connection is a socket of this very process. Reads the system's tables; opens nothing.
//!
//! A listener on loopback can be reached by every process of the machine. What stands behind our listeners is a database
//! with this user's rights, so nobody else may use them. There is no portable way to ask a TCP socket who opened it:
//!
//! - Linux: the connecting socket's row in `/proc/self/net/tcp` names its inode; it is ours if one of `/proc/self/fd` is
//!   that socket. (proc(5); the row's addresses are hexadecimal words in the machine's byte order.)
//! - Other Unix systems: the connecting socket is ours if one of the descriptors in `/dev/fd` is bound to its address
//!   and connected to ours.
//! - Elsewhere [`SUPPORTED`] is false and no listener is opened at all.

use std::net::SocketAddr;

/// Whether this system can tell.
pub(crate) const SUPPORTED: bool = cfg!(unix);

/// Whether the socket bound to `peer` and connected to `local` belongs to this process. Blocks for well under a
/// millisecond. `false` where it cannot be told.
pub(crate) fn is_own(peer: SocketAddr, local: SocketAddr) -> bool {
    #[cfg(target_os = "linux")]
    return linux::is_own(peer, local);
    #[cfg(all(unix, not(target_os = "linux")))]
    return unix::is_own(peer, local);
    #[cfg(not(unix))]
    {
        let _ = (peer, local);
        false
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::fs;
    use std::net::{IpAddr, SocketAddr};

    pub(super) fn is_own(peer: SocketAddr, local: SocketAddr) -> bool {
        let table = if peer.is_ipv4() { "/proc/self/net/tcp" } else { "/proc/self/net/tcp6" };
        fs::read_to_string(table).ok().and_then(|table| inode(&table, peer, local)).is_some_and(is_open_here)
    }

    /// The inode of the socket that is bound to `from` and connected to `to`.
    pub(super) fn inode(table: &str, from: SocketAddr, to: SocketAddr) -> Option<u64> {
        let (from, to) = (hexadecimal(from), hexadecimal(to));
        table.lines().skip(1).find_map(|row| {
            // sl, local address, remote address, state, queues, timer, retransmits, uid, timeout, inode
            let mut fields = row.split_ascii_whitespace().skip(1);
            (fields.next()? == from && fields.next()? == to).then_some(())?;
            // Inode 0 is a socket that no descriptor holds any more.
            fields.nth(6)?.parse().ok().filter(|&inode| inode != 0)
        })
    }

    /// An address as the table writes it.
    fn hexadecimal(address: SocketAddr) -> String {
        let mut text = String::with_capacity(37);
        let words: Vec<[u8; 4]> = match address.ip() {
            IpAddr::V4(ip) => vec![ip.octets()],
            IpAddr::V6(ip) => ip.octets().as_chunks::<4>().0.to_vec(),
        };
        for word in words {
            text.push_str(&format!("{:08X}", u32::from_ne_bytes(word)));
        }
        text.push_str(&format!(":{:04X}", address.port()));
        text
    }

    fn is_open_here(inode: u64) -> bool {
        let socket = format!("socket:[{inode}]");
        fs::read_dir("/proc/self/fd").is_ok_and(|descriptors| {
            descriptors.flatten().any(|descriptor| {
                fs::read_link(descriptor.path()).is_ok_and(|to| to.as_os_str() == socket.as_str())
            })
        })
    }
}

/// Compiled on Linux too, where `/dev/fd` is the same, so that its test runs.
#[cfg(all(unix, any(test, not(target_os = "linux"))))]
mod unix {
    use std::fs;
    use std::net::SocketAddr;
    use std::os::fd::{BorrowedFd, RawFd};

    use socket2::SockRef;

    pub(super) fn is_own(peer: SocketAddr, local: SocketAddr) -> bool {
        fs::read_dir("/dev/fd").is_ok_and(|descriptors| {
            descriptors
                .flatten()
                .filter_map(|descriptor| descriptor.file_name().to_str()?.parse::<RawFd>().ok())
                .any(|descriptor| addresses(descriptor) == Some((peer, local)))
        })
    }

    /// The addresses the descriptor is bound and connected to, if it is a connected IP socket.
    #[allow(unsafe_code)]
    fn addresses(descriptor: RawFd) -> Option<(SocketAddr, SocketAddr)> {
        // SAFETY: The descriptor was listed as open a moment ago. It is only asked for its names, in this block, and
        // never closed or written; had it been closed or reused meanwhile, the answer would be about another
        // descriptor of this same process, or an error.
        let borrowed = unsafe { BorrowedFd::borrow_raw(descriptor) };
        let socket = SockRef::from(&borrowed);
        Some((socket.local_addr().ok()?.as_socket()?, socket.peer_addr().ok()?.as_socket()?))
    }
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};
    use std::process::{Command, Stdio};

    use super::*;

    fn check(is_own: fn(SocketAddr, SocketAddr) -> bool) {
        for loopback in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(listener) = TcpListener::bind(loopback) else { continue };
            let address = listener.local_addr().unwrap();
            let ours = TcpStream::connect(address).unwrap();
            let (_, peer) = listener.accept().unwrap();
            assert!(is_own(peer, address), "a socket of this process on {loopback}");
            drop(ours);
            assert!(!is_own(peer, address), "a socket that is closed");

            // A stranger: bash connects by itself and waits.
            let mut stranger = Command::new("bash")
                .arg("-c")
                .arg(format!("exec 3<>/dev/tcp/{}/{}; sleep 30", address.ip(), address.port()))
                .stdin(Stdio::null())
                .spawn()
                .unwrap();
            let (_, peer) = listener.accept().unwrap();
            assert!(!is_own(peer, address), "a socket of another process on {loopback}");
            stranger.kill().unwrap();
            stranger.wait().unwrap();
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn proc_tells_own_sockets_from_others() {
        check(linux::is_own);
    }

    #[cfg(unix)]
    #[test]
    fn dev_fd_tells_own_sockets_from_others() {
        check(unix::is_own);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_row_without_inode_is_nobodys() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n   \
            0: 0100007F:1F90 0100007F:2382 01 00000000:00000000 00:00000000 00000000     0        0 0 1\n   \
            1: 0100007F:1F91 0100007F:2382 01 00000000:00000000 00:00000000 00000000     0        0 777 1\n";
        let to = "127.0.0.1:9090".parse().unwrap();
        assert_eq!(linux::inode(table, "127.0.0.1:8080".parse().unwrap(), to), None);
        assert_eq!(linux::inode(table, "127.0.0.1:8081".parse().unwrap(), to), Some(777));
        assert_eq!(linux::inode("nonsense\n1: x", to, to), None);
    }
}
