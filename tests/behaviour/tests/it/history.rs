//! The user's history: found by later kernels, shared by several at once, and never with a secret in it.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use cqlbook_wire::Channel;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::notebook::{Notebook, database};

/// A user's home folder.
struct Home(TempDir);

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn file(&self) -> PathBuf {
        self.path().join(".local/share/cqlbook/history.jsonl")
    }

    /// A notebook of this user.
    async fn open(&self) -> Notebook {
        self.open_with(&[]).await
    }

    async fn open_with(&self, environment: &[(&str, &str)]) -> Notebook {
        let home = [("HOME", self.path().to_str().unwrap())];
        Notebook::open_with(&[&home, environment].concat()).await
    }

    /// The files with a text in them, whatever they are.
    fn files_with(&self, text: &str) -> Vec<PathBuf> {
        files(self.path())
            .into_iter()
            .filter(|file| String::from_utf8_lossy(&std::fs::read(file).unwrap()).contains(text))
            .collect()
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// What a `history_request` finds: session, line and input of each entry.
async fn history(notebook: &mut Notebook, request: Value) -> Vec<(i64, i64, String)> {
    let reply = notebook.frontend.request(Channel::Shell, "history_request", request).await;
    assert_eq!(reply.status(), "ok", "{}", reply.transcript());
    serde_json::from_value(reply.content()["history"].clone()).unwrap()
}

async fn tail(notebook: &mut Notebook, n: usize) -> Vec<(i64, i64, String)> {
    history(notebook, json!({"hist_access_type": "tail", "n": n, "output": false, "raw": true})).await
}

/// Stops the kernel as Jupyter does, and waits until it is gone.
async fn close(mut notebook: Notebook) {
    notebook.frontend.shutdown(false).await;
    notebook.kernel.exited().await;
}

fn entry(session: i64, line: i64, input: &str) -> (i64, i64, String) {
    (session, line, input.to_owned())
}

#[tokio::test]
async fn a_cell_is_found_at_once_and_by_the_next_kernel() {
    let home = Home::new();
    let mut first = home.open().await;
    assert!(files(home.path()).is_empty(), "a kernel that ran nothing leaves nothing");
    first.ok("%set page_size 7").await;
    assert_eq!(tail(&mut first, 10).await, [entry(1, 1, "%set page_size 7")]);
    first.ok("%help param\n").await;
    first.error("SELECT * FROM t WHERE a = [1, 2]").await;
    assert_eq!(tail(&mut first, 1).await, [entry(1, 3, "SELECT * FROM t WHERE a = [1, 2]")]);
    close(first).await;

    let mut second = home.open().await;
    assert_eq!(tail(&mut second, 2).await[1], entry(1, 3, "SELECT * FROM t WHERE a = [1, 2]"));
    second.ok("%set page_size 8").await;
    let search = json!({"hist_access_type": "search", "pattern": "%set*"});
    assert_eq!(
        history(&mut second, search).await,
        [entry(1, 1, "%set page_size 7"), entry(2, 1, "%set page_size 8")]
    );
    let search = json!({"hist_access_type": "search", "pattern": "*a = [1, 2]", "unique": true, "n": 3});
    assert_eq!(history(&mut second, search).await, [entry(1, 3, "SELECT * FROM t WHERE a = [1, 2]")]);
    let range = json!({"hist_access_type": "range", "session": -1, "start": 1, "stop": 3});
    assert_eq!(
        history(&mut second, range).await,
        [entry(1, 1, "%set page_size 7"), entry(1, 2, "%help param\n")]
    );
    let range = json!({"hist_access_type": "range", "session": 0, "start": 1});
    assert_eq!(history(&mut second, range).await, [entry(2, 1, "%set page_size 8")]);
    let with_output = json!({"hist_access_type": "tail", "n": 1, "output": true});
    let reply = second.frontend.request(Channel::Shell, "history_request", with_output).await;
    assert_eq!(reply.content()["history"], json!([[2, 1, ["%set page_size 8", null]]]));
    let mode = std::fs::metadata(home.file()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn only_what_the_user_ran_is_kept() {
    let home = Home::new();
    let mut notebook = home.open().await;
    for (cell, silent, store_history) in
        [("%help", true, true), ("%lsmagic", false, false), (" \n\t", false, true), ("-- note", false, true)]
    {
        let content =
            json!({"code": cell, "silent": silent, "store_history": store_history, "allow_stdin": false});
        notebook.frontend.request(Channel::Shell, "execute_request", content).await;
    }
    let kept = tail(&mut notebook, 10).await;
    assert_eq!(kept, [entry(1, 2, "-- note")], "the blank cell has number 1");
}

#[tokio::test]
async fn two_kernels_at_once_lose_nothing() {
    let home = Home::new();
    let (mut one, mut other) = (home.open().await, home.open().await);
    for cell in 1..=20 {
        let (of_one, of_other) = (format!("-- one {cell}"), format!("-- other {cell}"));
        tokio::join!(one.ok(&of_one), other.ok(&of_other));
    }
    let (of_one, of_other) = (tail(&mut one, 100).await, tail(&mut other, 100).await);
    let count = |found: &[(i64, i64, String)], text: &str| {
        found.iter().filter(|(_, _, input)| input.starts_with(text)).count()
    };
    assert_eq!((count(&of_one, "-- one"), count(&of_other, "-- other")), (20, 20));
    assert_eq!(of_one[39].2, "-- one 20", "this session comes last");
    assert_ne!(of_one[39].0, of_other[39].0, "each session has a number of its own");
    close(one).await;
    close(other).await;
    let all = tail(&mut home.open().await, 100).await;
    assert_eq!((count(&all, "-- one"), count(&all, "-- other")), (20, 20));
}

#[tokio::test]
async fn nothing_is_written_where_it_is_off() {
    let home = Home::new();
    let mut notebook = home.open_with(&[("CQLBOOK_HISTORY", "off")]).await;
    notebook.ok("%help").await;
    assert_eq!(tail(&mut notebook, 10).await, [entry(1, 1, "%help")], "the session has its own");
    close(notebook).await;
    assert_eq!(files(home.path()), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn it_goes_where_the_user_says() {
    let home = Home::new();
    let folder = home.path().join("elsewhere");
    let mut notebook = home.open_with(&[("CQLBOOK_HISTORY", "~/elsewhere/cells.jsonl")]).await;
    notebook.ok("%help").await;
    close(notebook).await;
    assert!(std::fs::read_to_string(folder.join("cells.jsonl")).unwrap().contains("%help"));
    assert!(files(home.path()).iter().all(|file| file.starts_with(&folder)));

    let data = home.path().join("data");
    let mut notebook = home.open_with(&[("XDG_DATA_HOME", data.to_str().unwrap())]).await;
    notebook.ok("%help").await;
    close(notebook).await;
    assert!(data.join("cqlbook/history.jsonl").exists());
}

#[tokio::test]
async fn a_place_that_cannot_be_written_costs_no_cell() {
    let home = Home::new();
    // As root, a folder's mode stops nothing: a file in the folder's place does.
    std::fs::write(home.path().join("taken"), "").unwrap();
    let place = home.path().join("taken/history.jsonl");
    for place in [place.to_str().unwrap(), home.path().to_str().unwrap(), "/dev/full", "/proc/history.jsonl"]
    {
        let mut notebook = home.open_with(&[("CQLBOOK_HISTORY", place)]).await;
        notebook.ok("%help").await;
        notebook.ok("%lsmagic").await;
        assert_eq!(tail(&mut notebook, 10).await, [entry(1, 1, "%help"), entry(1, 2, "%lsmagic")]);
        let search = json!({"hist_access_type": "search", "pattern": "%ls*"});
        assert_eq!(history(&mut notebook, search).await, [entry(1, 2, "%lsmagic")]);
        close(notebook).await;
    }
}

#[tokio::test]
async fn a_kernel_that_is_killed_loses_its_last_cell_at_most() {
    let home = Home::new();
    let mut notebook = home.open().await;
    for cell in 1..=10 {
        notebook.ok(&format!("-- cell {cell}")).await;
    }
    notebook.signal("KILL");
    notebook.kernel.exited().await;
    let found = tail(&mut home.open().await, 100).await;
    let inputs: Vec<_> = found.iter().take(9).map(|(_, _, input)| input.clone()).collect();
    assert_eq!(inputs, (1..=9).map(|cell| format!("-- cell {cell}")).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_kernel_that_is_stopped_loses_nothing() {
    for signal in ["TERM", "shutdown"] {
        let home = Home::new();
        let mut notebook = home.open().await;
        notebook.ok("-- last").await;
        match signal {
            "shutdown" => close(notebook).await,
            signal => {
                notebook.signal(signal);
                notebook.kernel.exited().await;
            }
        }
        assert_eq!(tail(&mut home.open().await, 9).await, [entry(1, 1, "-- last")], "{signal}");
    }
}

#[tokio::test]
async fn no_secret_gets_into_any_file() {
    let home = Home::new();
    let mut notebook = home.open_with(&[("CASSANDRA_PASSWORD", "Zq9environment")]).await;
    for cell in [
        "%connect astra --no-save --bundle b.zip --client-id x --client-secret Zq9option",
        "%connect astra --no-save --client-secret=Zq9option --bundle b.zip",
        "%connect cassandra --no-save --host h --user u --password 'Zq9 option'",
        "%connect cassandra --no-save --host h -u u -pZq9glued",
        "%connect cassandra --no-save --host h --pasword Zq9misspelt",
        "%connect astra --no-save --secert=Zq9misspelt --bundle b.zip",
        "%connection test astra --bundle b.zip --token AstraCS:Zq9:option",
        "CREATE ROLE bob WITH PASSWORD = 'Zq9role' AND LOGIN = true;\nALTER ROLE bob WITH password='it''s Zq9role';",
        "ALTER ROLE bob WITH HASHED PASSWORD = '$2a$10$Zq9role';",
        "ALTER USER bob WITH PASSWORD $$Zq9 role$$",
        "ALTER ROLE bob WITH PASSWORD = 'Zq9role",
        "LOGIN bob Zq9login",
        "LOGIN bob 'Zq9login'; SELECT 1",
        "%param db_password = 'Zq9param'",
        "-- my token is AstraCS:Zq9:comment\nSELECT 'AstraCS:Zq9:text'",
        "SELECT 'Zq9environment' FROM t",
    ] {
        let told = notebook.run(cell).await;
        // What was sent is left aside: the frontend shows it again as the cell's input.
        let told: Vec<_> = told.iopub.iter().filter(|message| message.msg_type != "execute_input").collect();
        assert!(!cell.starts_with('%') || !format!("{told:?}").contains("Zq9"), "{cell}: {told:?}");
    }
    let kept = tail(&mut notebook, 100).await;
    assert_eq!(kept.len(), 16);
    assert!(
        kept.iter().all(|(_, _, input)| input.contains("<secret>") && !input.contains("Zq9")),
        "{kept:?}"
    );
    close(notebook).await;
    assert!(home.file().exists());
    assert_eq!(home.files_with("Zq9"), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn the_secret_of_the_open_connection_is_known_wherever_it_stands() {
    let astra = database().await;
    let credentials = astra.credentials();
    let home = Home::new();
    let bundle = astra.bundle().to_str().unwrap();
    let mut notebook = home.open().await;
    notebook.frontend.answer(&credentials.secret);
    // The secret is not known before this cell asks for it.
    let cell = format!(
        "-- {}\n%connect astra --no-save --bundle {bundle} --client-id {}",
        credentials.secret, credentials.client_id
    );
    notebook.ok(&cell).await;
    notebook.run(&format!("SELECT '{}' FROM t", credentials.secret)).await;
    notebook.ok(&format!("-- {}\n%disconnect", credentials.secret)).await;
    let kept = tail(&mut notebook, 100).await;
    assert_eq!(kept[1], entry(1, 2, "SELECT '<secret>' FROM t"));
    assert_eq!(kept[2], entry(1, 3, "-- <secret>\n%disconnect"));
    close(notebook).await;
    assert_eq!(home.files_with(&credentials.secret), Vec::<PathBuf>::new());
}
