//! Secrets stay where they belong, and strangers get nothing from the ports the kernel opens.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::time::Duration;

use cqlbook_sandbox::{Part, Switch};

use crate::notebook::{Notebook, database, failure};
use crate::user::{User, files_with};

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
        // In double quotes it is no password to the server, which tells what it does not understand, cut off or not.
        ("CREATE ROLE r WITH PASSWORD = \"hunter2secret\" AND LOGIN = true", vec![]),
        ("ALTER ROLE r WITH LOGIN = true AND PASSWORD = \"hunter2secret\"", vec![]),
        ("ALTER ROLE r WITH PASSWORD 'hunter2secret' AND LOGIN", vec![]),
        ("%connect astra --no-save --bundle none.zip --client-id ID", vec![secret.as_str()]),
        ("%connect astra --no-save --bundle BUNDLE --client-id token", vec![secret.as_str()]),
    ] {
        let cell = cell
            .replace("BUNDLE", astra.bundle().to_str().unwrap())
            .replace("ID", &astra.credentials().client_id);
        for answer in answers {
            notebook.frontend.answer(answer);
        }
        let ran = notebook.run(&cell).await;
        if cell.contains(" ROLE ") {
            let told = ran.error().map_or_else(String::new, |_| format!("{:?}", failure(&cell, &ran)));
            assert!(!told.is_empty() && !told.contains("hunter2s"), "{told}");
        }
        seen.push_str(&format!("{ran:?}"));
    }
    assert!(!seen.contains(&secret), "a message holds the secret");
    let arguments = std::fs::read_to_string(format!("/proc/{}/cmdline", notebook.kernel.pid())).unwrap();
    assert!(!arguments.contains(&secret));
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", notebook.kernel.pid())).unwrap();
    let cores = limits.lines().find_map(|line| line.strip_prefix("Max core file size")).unwrap();
    assert_eq!(cores.split_whitespace().next(), Some("0"), "a crash leaves no image of the memory");
    assert_eq!(files_with(notebook.folder.path(), &secret), Vec::<PathBuf>::new());
}

/// A user's whole day with a saved connection: failures of every kind, a vault, a history, the command line. Then everything
/// that is left is searched for what nobody may find.
#[tokio::test]
async fn after_a_day_of_saved_connections_and_failures_the_secrets_are_nowhere() {
    let astra = database().await;
    let user = User::with_keychain().await;
    let credentials = astra.credentials().clone();
    let mut seen = String::new();
    let mut notebook = user.notebook_with(&[("RUST_LOG", "trace"), ("RUST_BACKTRACE", "full")]).await;
    let bundle = astra.bundle().to_str().unwrap().to_owned();
    let keyspace = astra.keyspace();
    let named = format!("%connect astra --name Day --bundle '{bundle}' --keyspace {keyspace}");
    let day: Vec<(String, Vec<&str>, Option<Switch>)> = vec![
        (named.clone(), vec![&credentials.client_id, &credentials.secret], Some(Switch::Revoked)),
        (named.clone(), vec![&credentials.client_id, &credentials.token], None),
        (named.clone(), vec![&credentials.client_id, &credentials.secret], None),
        (
            "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t (id) VALUES (1); SELECT * FROM t".to_owned(),
            vec![],
            None,
        ),
        (format!("-- {}\nSELECT * FROM nothing", credentials.secret), vec![], None),
        (format!("ALTER ROLE x WITH PASSWORD = '{}'", credentials.secret), vec![], None),
        (format!("%connect astra --client-secret {}", credentials.secret), vec![], None),
        ("%connection show Day".to_owned(), vec![], None),
        ("%connection test Day".to_owned(), vec![], Some(Switch::WrongCa { part: Part::Both })),
        ("%connection edit Day --client-secret".to_owned(), vec![&credentials.token], Some(Switch::Refusing)),
        ("%connection edit Day --client-secret".to_owned(), vec![&credentials.token], None),
        ("%connection rotate-keys".to_owned(), vec![], None),
        ("%connect Day".to_owned(), vec![], Some(Switch::NotJson)),
        ("%connect Day".to_owned(), vec![], None),
        ("TRACING ON; SELECT * FROM t; TRACING OFF".to_owned(), vec![], None),
        ("%connections".to_owned(), vec![], None),
        ("%connection rename Day Night".to_owned(), vec![], None),
    ];
    for (cell, answers, switch) in day {
        if let Some(switch) = switch {
            astra.switch(switch).await.unwrap();
        }
        answers.into_iter().for_each(|answer| notebook.frontend.answer(answer));
        let exchange = notebook.run(&cell).await;
        // What was typed into a cell comes back in its own `execute_input`; that is the notebook's text, not ours.
        let ours = exchange.iopub.iter().filter(|message| message.msg_type != "execute_input");
        seen.push_str(&format!("{:?} {:?}", exchange.reply, ours.collect::<Vec<_>>()));
        astra.reset().await.unwrap();
    }
    let (well, said) = user.command(&["test", "Night"], &[]).await;
    assert!(well, "{said}");
    seen.push_str(&said);
    let pid = notebook.kernel.pid();
    for file in ["cmdline", "environ"] {
        seen.push_str(&String::from_utf8_lossy(&std::fs::read(format!("/proc/{pid}/{file}")).unwrap()));
    }
    notebook.frontend.shutdown(false).await;
    let history = user.home.path().join(".local/share/cqlbook/history.jsonl");
    assert!(
        std::fs::read_to_string(history).unwrap().contains("%connection rotate-keys"),
        "the history is there"
    );
    for secret in [&credentials.secret, &credentials.token] {
        assert!(!seen.contains(secret.as_str()), "an output, an argument or a variable has it");
        let files = [user.files_with(secret), files_with(notebook.folder.path(), secret)].concat();
        assert_eq!(files, Vec::<PathBuf>::new());
    }
    assert_eq!(user.files_with(&credentials.client_id), Vec::<PathBuf>::new(), "the Client ID is sealed too");
}
