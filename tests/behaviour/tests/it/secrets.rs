//! Secrets stay where they belong, and strangers get nothing from the ports the kernel opens.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::Duration;

use crate::notebook::{Notebook, database};

/// Where a process listens, by its own tables.
fn listeners(pid: u32) -> Vec<SocketAddr> {
    let inodes: Vec<String> = std::fs::read_dir(format!("/proc/{pid}/fd"))
        .unwrap()
        .filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok()?.to_str().map(str::to_owned))
        .filter_map(|link| link.strip_prefix("socket:[")?.strip_suffix(']').map(str::to_owned))
        .collect();
    let table = std::fs::read_to_string(format!("/proc/{pid}/net/tcp")).unwrap();
    table
        .lines()
        .skip(1)
        .filter_map(|line| {
            let fields: Vec<_> = line.split_whitespace().collect();
            let listens = fields.get(3) == Some(&"0A")
                && inodes.iter().any(|inode| Some(&inode.as_str()) == fields.get(9));
            let (ip, port) = fields.get(1)?.split_once(':')?;
            let ip = u32::from_str_radix(ip, 16).ok()?.to_le_bytes();
            listens.then(|| SocketAddr::from((ip, u16::from_str_radix(port, 16).unwrap_or(0))))
        })
        .collect()
}

#[tokio::test]
async fn a_stranger_on_this_machine_gets_nothing_from_the_kernels_own_ports() {
    let astra = database().await;
    let mut notebook = Notebook::open_with(&[
        ("ASTRA_DB_SECURE_BUNDLE_PATH", astra.bundle().to_str().unwrap()),
        ("ASTRA_DB_APPLICATION_TOKEN", &astra.credentials().token),
    ])
    .await;
    let jupyters = listeners(notebook.kernel.pid());
    assert_eq!(jupyters.len(), 5, "the five sockets: {jupyters:?}");
    notebook.ok("%connect astra --no-save").await;
    let own: Vec<_> =
        listeners(notebook.kernel.pid()).into_iter().filter(|port| !jupyters.contains(port)).collect();
    astra.clear_facts().await.unwrap();
    for address in &own {
        assert!(address.ip().is_loopback(), "{address} is open to the network");
        let mut stranger = TcpStream::connect(address).unwrap();
        stranger.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        // OPTIONS of protocol v4, which any server would answer.
        let _ = stranger.write_all(&[4, 0, 0, 0, 5, 0, 0, 0, 0]);
        let mut answer = Vec::new();
        // A reset is as good as an end; what counts is that nothing came.
        let _ = stranger.read_to_end(&mut answer);
        assert_eq!(answer, b"", "{address} answered a stranger");
    }
    let connections: u64 = astra.facts().await.unwrap().nodes.values().map(|node| node.connections).sum();
    assert_eq!(connections, 0, "nothing was opened for the strangers");
}

#[tokio::test]
async fn the_secret_is_in_no_output_no_file_and_no_argument() {
    let astra = database().await;
    let secret = astra.credentials().secret.clone();
    let mut notebook = Notebook::open_with(&[("RUST_LOG", "trace")]).await;
    let mut seen = String::new();
    for (cell, answers) in [
        ("%connect astra --no-save --bundle BUNDLE --client-id ID", vec![secret.as_str()]),
        ("SELECT * FROM nowhere.nothing", vec![]),
        ("%connections", vec![]),
        ("%connect astra --no-save --bundle none.zip --client-id ID", vec![secret.as_str()]),
        ("%connect astra --no-save --bundle BUNDLE --client-id token", vec![secret.as_str()]),
    ] {
        let cell = cell
            .replace("BUNDLE", astra.bundle().to_str().unwrap())
            .replace("ID", &astra.credentials().client_id);
        for answer in answers {
            notebook.frontend.answer(answer);
        }
        seen.push_str(&format!("{:?}", notebook.run(&cell).await));
    }
    assert!(!seen.contains(&secret), "a message holds the secret");
    let arguments = std::fs::read_to_string(format!("/proc/{}/cmdline", notebook.kernel.pid())).unwrap();
    assert!(!arguments.contains(&secret));
    assert_eq!(files_with(notebook.folder.path(), &secret), Vec::<String>::new());
}

fn files_with(folder: &Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_with(&path, text));
        } else if String::from_utf8_lossy(&std::fs::read(&path).unwrap_or_default()).contains(text) {
            found.push(path.display().to_string());
        }
    }
    found
}
