//! The program: it says where everything is, and leaves no process and no file however it ends.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_cqlbook-sandbox");
const SMALL: [&str; 7] = ["run", "--nodes", "1", "--other-dc-nodes", "0", "--front", "ending"];

/// Reads the line of JSON that the program prints when it is ready; the run folder besides.
fn wait_until_ready(child: &mut Child) -> (Value, PathBuf) {
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let ready: Value = serde_json::from_str(&line).unwrap();
    let bundle = Path::new(ready["fronts"][0]["bundle"].as_str().unwrap());
    let run = bundle.ancestors().nth(3).unwrap().to_owned();
    assert!(bundle.is_file() && !processes(&run).is_empty());
    (ready, run)
}

/// Ids of the processes that carry the run folder in their arguments.
fn processes(run: &Path) -> Vec<String> {
    let needle = run.to_str().unwrap();
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    entries
        .filter(|entry| {
            std::fs::read(entry.path().join("cmdline"))
                .is_ok_and(|bytes| String::from_utf8_lossy(&bytes).contains(needle))
        })
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}

fn assert_nothing_is_left(run: &Path) {
    let limit = Instant::now() + Duration::from_secs(10);
    while run.exists() || !processes(run).is_empty() {
        assert!(Instant::now() < limit, "left: {run:?} {:?}", processes(run));
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn start(stdin: Stdio) -> Child {
    Command::new(PROGRAM).args(SMALL).stdin(stdin).stdout(Stdio::piped()).spawn().unwrap()
}

fn signal(id: u32, name: &str) {
    assert!(Command::new("kill").args([name, &id.to_string()]).status().unwrap().success());
}

#[test]
fn it_ends_with_its_standard_input() {
    let mut child = start(Stdio::piped());
    let (ready, run) = wait_until_ready(&mut child);
    assert!(ready["admin"].as_str().unwrap().starts_with("http://127.0.0.1:"));
    let front = &ready["fronts"][0];
    assert_eq!(front["keyspace"], "ending");
    let credentials = std::fs::read_to_string(front["token_json"].as_str().unwrap()).unwrap();
    let credentials: Value = serde_json::from_str(&credentials).unwrap();
    assert_eq!(credentials["clientId"], front["client_id"]);
    assert!(!ready.to_string().contains(credentials["secret"].as_str().unwrap()));
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
    assert!(!run.exists() && processes(&run).is_empty());
}

#[test]
fn it_ends_with_a_signal() {
    let mut child = start(Stdio::null());
    let (_, run) = wait_until_ready(&mut child);
    signal(child.id(), "-TERM");
    assert!(child.wait().unwrap().success());
    assert!(!run.exists() && processes(&run).is_empty());
}

#[test]
fn killed_it_leaves_nothing_either() {
    let mut child = start(Stdio::null());
    let (_, run) = wait_until_ready(&mut child);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_nothing_is_left(&run);
}

#[test]
fn it_ends_when_its_parent_is_killed() {
    let mut parent = Command::new("sh")
        .args(["-c", r#""$0" "$@" </dev/null & wait"#, PROGRAM])
        .args(SMALL)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (_, run) = wait_until_ready(&mut parent);
    parent.kill().unwrap();
    parent.wait().unwrap();
    assert_nothing_is_left(&run);
}
