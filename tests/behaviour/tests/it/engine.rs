//! The program that computes `%%sql`, as a process: kept, stopped, killed, bounded, missing, another build's. Linux only, as the
//! sandbox is.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::notebook::{Notebook, program, signal, until};

/// How long the end of a process may take; only one that does not end takes so long.
const SOON: Duration = Duration::from_secs(10);
/// How long a query may go on after Stop.
const STOP: Duration = Duration::from_millis(100);

/// A cell that computes until it is stopped, over a file that is put beside the notebook.
fn endless(notebook: &Notebook) -> &'static str {
    let mut csv = String::from("i\n");
    (0..30_000).for_each(|i| csv.push_str(&format!("{i}\n")));
    std::fs::write(notebook.folder.path().join("n.csv"), csv).expect("a file");
    "%%sql\nSELECT count(*) AS n FROM 'n.csv' AS a JOIN 'n.csv' AS b ON a.i < b.i JOIN 'n.csv' AS c ON b.i < c.i"
}

/// The folders for temporary files of engines.
fn folders(notebook: &Notebook) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(notebook.folder.path()).expect("the notebook's folder").flatten();
    let folders = entries.map(|entry| entry.path());
    let is_engines = |path: &PathBuf| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("cqlbook-engine-"))
    };
    folders.filter(is_engines).collect()
}

#[tokio::test]
async fn one_process_answers_the_next_query_too_and_ends_with_the_kernel() {
    let mut notebook = Notebook::open_with(&[("AWS_SECRET_ACCESS_KEY", "of-another-program")]).await;
    let kernel = notebook.kernel.pid();
    notebook.ok("%results").await;
    assert_eq!(children(kernel), 0, "none before the first query");
    notebook.ok("%%sql\nSELECT 1 AS one").await;
    let engine = children_of(kernel);
    assert_eq!(engine.len(), 1);
    notebook.error("%%sql\nSELECT nothing FROM nowhere").await;
    notebook.ok("%%sql\nSELECT 2 AS two").await;
    assert_eq!(children_of(kernel), engine);

    let folder = folders(&notebook);
    assert_eq!(folder.len(), 1);
    assert_eq!(std::fs::metadata(&folder[0]).unwrap().permissions().mode() & 0o777, 0o700);
    // The system shows it to the superuser only, as it shows nothing of a process that holds rows.
    if let Ok(environment) = std::fs::read_to_string(format!("/proc/{}/environ", engine[0])) {
        assert!(!environment.contains("of-another-program"), "{environment}");
        assert!(environment.contains(&format!("TMPDIR={}", folder[0].display())), "{environment}");
    }

    // One that was killed while it waited costs no query.
    signal("KILL", engine[0]);
    until(SOON, "it ends", || !children_of(kernel).contains(&engine[0])).await;
    notebook.ok("%%sql\nSELECT 3 AS three").await;
    assert_eq!(children(kernel), 1);
    until(SOON, "its folder goes", || folders(&notebook).len() == 1).await;

    let last = children_of(kernel)[0];
    notebook.frontend.shutdown(false).await;
    assert!(notebook.kernel.exited().await.success());
    until(SOON, "it ends with the kernel", || !is_alive(last)).await;
    assert_eq!(folders(&notebook), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn an_interrupted_query_ends_at_once_and_the_kernel_lives_on() {
    let mut notebook = Notebook::open().await;
    let long = endless(&notebook);
    let kernel = notebook.kernel.pid();
    let mut took = Vec::new();
    // Other tests run beside this one: the quickest of some is what the program itself needs.
    for _ in 0..5 {
        let request = notebook.start_without_prompts(long).await;
        until(SOON, "it computes", || children(kernel) == 1).await;
        let stopped = Instant::now();
        notebook.signal("INT");
        while children(kernel) > 0 {
            assert!(stopped.elapsed() < SOON, "it computes on");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        took.push(stopped.elapsed());
        let exchange = notebook.frontend.finish(&request).await;
        assert_eq!(exchange.status(), "error");
        assert_eq!(exchange.content()["ename"], "INTERRUPTED", "{}", exchange.transcript());
        until(SOON, "its folder goes", || folders(&notebook).is_empty()).await;
    }
    assert!(took.iter().min() < Some(&STOP), "{took:?}");
    notebook.ok("%results").await;
    notebook.ok("%%sql\nSELECT 1 AS one").await;

    // A kernel that is killed leaves nobody behind who computes for it.
    notebook.start_without_prompts(long).await;
    let computing = children_of(kernel)[0];
    notebook.signal("KILL");
    until(SOON, "it ends too", || !is_alive(computing)).await;
}

#[tokio::test]
async fn a_query_that_needs_more_memory_than_there_is_costs_itself_and_not_the_kernel() {
    let mut notebook = Notebook::open_with(&[("CQLBOOK_SQL_MEMORY", "600")]).await;
    let mut csv = String::from("k,n\n");
    (0..60_000).for_each(|n| csv.push_str(&format!("1,{n}\n")));
    std::fs::write(notebook.folder.path().join("same.csv"), csv).expect("a file");
    // Every key is the same, so that there are 3,600,000,000 pairs.
    let (name, text) = notebook
        .error("%%sql\nSELECT count(*) AS n, max(a.n + b.n) AS m FROM 'same.csv' AS a JOIN 'same.csv' AS b USING (k)")
        .await;
    assert_eq!(name, "INVALID_QUERY", "{text}");
    assert!(text.contains("more memory than there is") && text.contains("Join on the whole key"), "{text}");
    let cell = notebook.ok("%%sql\nSELECT count(*) AS n FROM 'same.csv'").await;
    assert!(cell.plain()[0].contains("60000"), "{}", cell.transcript());
}

#[tokio::test]
async fn one_that_is_killed_while_it_computes_is_an_error_in_words() {
    let mut notebook = Notebook::open().await;
    let long = endless(&notebook);
    let kernel = notebook.kernel.pid();
    let request = notebook.start_without_prompts(long).await;
    until(SOON, "it computes", || children(kernel) == 1).await;
    signal("KILL", children_of(kernel)[0]);
    let exchange = notebook.frontend.finish(&request).await;
    let (name, text) = crate::notebook::failure(long, &exchange);
    assert!(name == "INVALID_QUERY" && text.contains("was killed from outside"), "{text}");
    notebook.ok("%%sql\nSELECT 1 AS one").await;
}

/// The kernel in a folder of its own, beside what is put there for its engine.
struct Alone {
    folder: tempfile::TempDir,
}

impl Alone {
    fn new() -> Self {
        let whole = program();
        // On the same disk, so that the program has two names and is not copied.
        let folder = tempfile::tempdir_in(whole.parent().unwrap()).unwrap();
        std::fs::hard_link(&whole, folder.path().join("cqlbook")).unwrap();
        Self { folder }
    }

    fn program(&self) -> PathBuf {
        self.folder.path().join("cqlbook")
    }

    /// Puts a script there that says `first`, waits for a job, and goes on as `then` says.
    fn put(&self, first: &str, then: &str) {
        let path = self.folder.path().join("cqlbook-engine");
        let script = format!("#!/bin/sh\ncat <<'END'\n{first}\nEND\nhead -c 1 >/dev/null\n{then}\n");
        std::fs::write(&path, script).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
}

/// What the real engine says first.
async fn greeting() -> String {
    let mut engine = tokio::process::Command::new(program().with_file_name("cqlbook-engine"));
    let output = engine.stdin(Stdio::null()).output().await.expect("the engine starts");
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

#[tokio::test]
async fn a_kernel_without_an_engine_or_with_anothers_says_what_to_install() {
    let alone = Alone::new();
    let mut notebook = Notebook::open_by(&alone.program(), &[]).await;
    let cell = "%%sql\nSELECT 1 AS one";
    let (name, text) = notebook.error(cell).await;
    assert_eq!(name, "ENGINE_UNAVAILABLE", "{text}");
    assert!(text.contains("pip install") && text.contains("cargo xtask lab"), "{text}");
    notebook.ok("%results").await;

    let own = greeting().await;
    let version = regex::Regex::new(r#""version":"[^"]*""#).unwrap();
    let build = regex::Regex::new(r#""protocol":\d+"#).unwrap();
    for (first, words) in [
        (version.replace(&own, r#""version":"9.8.7""#), "it is of version 9.8.7"),
        (build.replace(&own, r#""protocol":1"#), "it is of another build of the same version"),
        ("Usage: engine [OPTIONS]".into(), "it does not speak as an engine does"),
    ] {
        alone.put(&first, "");
        let (name, text) = notebook.error(cell).await;
        assert_eq!(name, "ENGINE_UNAVAILABLE", "{text}");
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains(words) && text.contains("install both again"), "{text}");
    }
    std::fs::write(alone.folder.path().join("cqlbook-engine"), "no program").unwrap();
    let (name, text) = notebook.error(cell).await;
    assert!(name == "ENGINE_UNAVAILABLE" && text.contains("could not be started"), "{text}");
    // As soon as the right one is there, it is used.
    std::fs::remove_file(alone.folder.path().join("cqlbook-engine")).unwrap();
    std::fs::hard_link(
        program().with_file_name("cqlbook-engine"),
        alone.folder.path().join("cqlbook-engine"),
    )
    .unwrap();
    notebook.ok(cell).await;
}

#[tokio::test]
async fn one_that_fails_says_why_and_the_next_query_has_another() {
    let alone = Alone::new();
    let own = greeting().await;
    let mut notebook = Notebook::open_by(&alone.program(), &[]).await;
    let defect = r#"echo '{"Error":{"Defect":"index out of bounds"}}'; echo '"Ends"'"#;
    for (then, words) in [
        (defect, "index out of bounds"),
        ("echo 'cqlbook-engine: it broke' >&2; exit 3", "cqlbook-engine: it broke"),
        ("exit 4", "exit status: 4"),
        ("kill -SEGV $$", "SIGSEGV"),
        ("echo garbage; exec sleep 60", "expected value"),
    ] {
        alone.put(&own, then);
        let (name, text) = notebook.error("%%sql\nSELECT 1 AS one").await;
        assert!(name == "INTERNAL_ERROR" && text.contains(words), "{then}: {text}");
        until(SOON, "it is gone", || children(notebook.kernel.pid()) == 0).await;
    }
    alone.put(&own, "echo 'memory allocation of 99 bytes failed' >&2; kill -ABRT $$");
    let (name, text) = notebook.error("%%sql\nSELECT 1 AS one").await;
    assert!(name == "INVALID_QUERY" && text.contains("more memory than there is"), "{text}");
    // A job that is not taken can be given up too.
    alone.put(&own, "exec sleep 60");
    let request = notebook.start_without_prompts("%%sql\nSELECT 1 AS one").await;
    until(SOON, "it waits", || children(notebook.kernel.pid()) == 1).await;
    notebook.signal("INT");
    assert_eq!(notebook.frontend.finish(&request).await.content()["ename"], "INTERRUPTED");
    until(SOON, "it is gone", || children(notebook.kernel.pid()) == 0).await;
}

/// The processes that a kernel has started and that live.
fn children_of(kernel: u32) -> Vec<u32> {
    let processes = std::fs::read_dir("/proc").expect("proc(5)").flatten();
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|pid| {
        let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else { return false };
        // Behind the name, which may hold anything, in parentheses: the state, then the parent.
        let mut fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
        fields.next() != Some("Z") && fields.next() == Some(&kernel.to_string())
    })
    .collect()
}

fn children(kernel: u32) -> usize {
    children_of(kernel).len()
}

fn is_alive(process: u32) -> bool {
    Path::new(&format!("/proc/{process}/exe")).exists()
}
