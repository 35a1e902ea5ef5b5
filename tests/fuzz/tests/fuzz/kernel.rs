//! A kernel process through the Jupyter protocol: cells, requests, messages, and the files that a notebook has beside it.

use std::path::PathBuf;

use cqlbook_fuzz::{Campaign, Case, MAX_ANSWER, Random, resident_bytes, worked};
use cqlbook_wire::testing::{Exchange, Frontend, KernelProcess};
use cqlbook_wire::{Channel, Transport};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;

use crate::texts::PIECES;

/// How much a kernel may grow by a campaign, in bytes: a debug build that has seen everything once.
const MAX_GROWTH: u64 = 400 << 20;

/// A kernel in a folder of its own, which is its home too.
struct Subject {
    frontend: Frontend,
    kernel: KernelProcess,
    folder: TempDir,
    before: u64,
}

impl Subject {
    async fn start() -> Self {
        let tests = std::env::current_exe().unwrap();
        let program: PathBuf = tests.ancestors().nth(2).unwrap().join("cqlbook");
        assert!(program.exists(), "{} is missing: run `cargo build --workspace` first", program.display());
        let folder = tempfile::tempdir().unwrap();
        let kernel = KernelProcess::spawn(Transport::Tcp, |file| {
            let mut command = Command::new(program);
            command.args(["kernel", "--connection-file"]).arg(file).current_dir(folder.path()).env_clear();
            command
                .env("HOME", folder.path())
                .env("TMPDIR", folder.path())
                .env("CQLBOOK_VAULT_PASSPHRASE", "p");
            command.env("XDG_CONFIG_HOME", folder.path()).env("XDG_DATA_HOME", folder.path());
            command
        });
        let frontend = Frontend::connect(kernel.connection()).await;
        let mut subject = Self { frontend, kernel, folder, before: 0 };
        subject.cell("%help\n%set\n%connections").await;
        subject.before = resident_bytes(subject.kernel.pid());
        subject
    }

    async fn cell(&mut self, code: &str) -> Exchange {
        let content = json!({"code": code, "silent": false, "store_history": true, "allow_stdin": false});
        self.frontend.request(Channel::Shell, "execute_request", content).await
    }

    /// Sends a request and holds its answer against what is promised.
    async fn ask(
        &mut self,
        campaign: &Campaign,
        case: &Case,
        channel: Channel,
        kind: &str,
        content: Value,
    ) -> Exchange {
        let stat = format!("/proc/{}/stat", self.kernel.pid());
        let before = worked(&stat);
        let asked = self.frontend.request(channel, kind, content);
        let Ok(exchange) = tokio::time::timeout(MAX_ANSWER * 12, asked).await else {
            panic!("{}", campaign.told(case, &format!("{kind} was not answered")));
        };
        let took = worked(&stat).saturating_sub(before);
        assert!(took < MAX_ANSWER, "{}", campaign.told(case, &format!("{kind} took {took:?}")));
        let reply = exchange.content();
        assert!(reply["ename"] != "INTERNAL_ERROR", "{}", campaign.told(case, &format!("{kind}: {reply}")));
        exchange
    }

    /// A file beside the notebook.
    fn file(&self, name: &str, content: &[u8]) {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    fn finish(self, campaign: Campaign) {
        let grown = resident_bytes(self.kernel.pid()).saturating_sub(self.before);
        println!("the kernel has grown by {} KiB", grown >> 10);
        assert!(grown < MAX_GROWTH, "the kernel has grown by {} MiB", grown >> 20);
        campaign.finish();
    }
}

/// A cell that writes no file outside its folder and speaks to no host.
fn cell(random: &mut Random) -> String {
    let more = [
        "%echo x",
        "%param v = 1",
        "%results",
        "%forget x",
        "%lsmagic",
        "%snapshot show a.json",
        "EXPAND ON",
        "%trace on",
        "t?",
    ];
    let pieces: Vec<&str> = PIECES.iter().chain(&more).copied().collect();
    let mut bytes = random.text(&pieces, 30).into_bytes();
    if random.once_in(3) {
        random.spoil(&mut bytes);
    }
    String::from_utf8_lossy(&bytes).replace('/', "|")
}

/// JSON of any form, for what a message holds.
fn value(random: &mut Random, depth: usize) -> Value {
    match random.below(if depth == 0 { 5 } else { 8 }) {
        0 => Value::Null,
        1 => json!(random.edge()),
        2 => json!(-1.5e300),
        3 => json!(random.once_in(2)),
        4 => json!(random.text(&["a", "\u{0}", "*", "?", "[", "'", "é"], 4)),
        5 => (0..random.below(4)).map(|_| value(random, depth - 1)).collect(),
        _ => {
            let names = [
                "code",
                "cursor_pos",
                "silent",
                "hist_access_type",
                "n",
                "session",
                "user_expressions",
                "comm_id",
                "target_name",
            ];
            let mut object = serde_json::Map::new();
            for _ in 0..random.below(4) {
                let name = random.pick(&names).copied().unwrap_or_default();
                object.insert(name.to_owned(), value(random, depth - 1));
            }
            Value::Object(object)
        }
    }
}

#[tokio::test]
async fn cells_and_requests() {
    let mut campaign = Campaign::new("kernel", 25, "kernel");
    let mut subject = Subject::start().await;
    while let Some(case) = campaign.next(|random| cell(random).into_bytes()) {
        let code = String::from_utf8_lossy(&case.input).into_owned();
        let mut random = Random::new(code.len() as u64);
        let at = random.below(code.chars().count() + 3);
        let looks = [
            ("complete_request", json!({"code": code, "cursor_pos": at})),
            ("inspect_request", json!({"code": code, "cursor_pos": at, "detail_level": 1})),
            ("is_complete_request", json!({"code": code})),
        ];
        for (kind, content) in looks {
            subject.ask(&campaign, &case, Channel::Shell, kind, content).await;
        }
        let content = json!({"code": code, "silent": false, "store_history": true, "allow_stdin": false});
        subject.ask(&campaign, &case, Channel::Shell, "execute_request", content).await;
    }
    subject.finish(campaign);
}

#[tokio::test]
async fn messages() {
    let kinds = [
        "execute_request",
        "complete_request",
        "inspect_request",
        "is_complete_request",
        "history_request",
        "comm_info_request",
        "kernel_info_request",
        "create_subshell_request",
        "delete_subshell_request",
        "list_subshell_request",
        "interrupt_request",
        "connect_request",
        "debug_request",
        "odd_request",
    ];
    let silent = ["comm_open", "comm_msg", "comm_close", "input_reply", "odd"];
    let mut campaign = Campaign::new("message", 10, "message");
    let mut subject = Subject::start().await;
    while let Some(case) = campaign.next(|random| random.number().to_be_bytes().to_vec()) {
        let mut random = Random::new(case.input.iter().fold(0, |seed, byte| seed << 8 | u64::from(*byte)));
        let channel = if random.once_in(3) { Channel::Control } else { Channel::Shell };
        let kind = random.pick(&kinds).copied().unwrap_or_default();
        let mut content = value(&mut random, 4);
        // A cell that may ask would wait for an answer.
        content.as_object_mut().map(|content| content.insert("allow_stdin".to_owned(), json!(false)));
        if let Some(code) = content.get_mut("code").filter(|code| code.is_string()) {
            *code = json!(cell(&mut random));
        }
        if channel == Channel::Control || kind != "execute_request" || content.is_object() {
            subject.ask(&campaign, &case, channel, kind, content).await;
        }
        let kind = random.pick(&silent).copied().unwrap_or_default();
        let content = value(&mut random, 3);
        subject.frontend.send(channel, kind, content).await;
        // A signed message whose parts are no JSON, or are not there.
        let mut frames = subject.frontend.frames("complete_request", json!({"code": "SELECT "}));
        match random.below(4) {
            0 => frames.truncate(random.below(6) + 1),
            1 => drop(frames.remove(random.below(6))),
            2 => frames[1 + random.below(5)] = random.bytes(200).into(),
            _ => frames[5] = "[".repeat(random.below(200_000)).into(),
        }
        subject.frontend.send_frames(Channel::Shell, frames).await;
    }
    subject
        .ask(
            &campaign,
            &Case { origin: "the end".to_owned(), input: Vec::new() },
            Channel::Shell,
            "kernel_info_request",
            json!({}),
        )
        .await;
    subject.finish(campaign);
}

/// Well-formed files of each kind, as the program itself writes them.
async fn corpus(subject: &mut Subject) -> Vec<(String, Vec<u8>)> {
    let csv = "k,t,d,l\n1,\"a,\"\"b\"\"\",2024-01-01,1.5\n2,,2024-02-29T10:00:00Z,-0\n3,é,,1e300\n";
    subject.file("a.csv", csv.as_bytes());
    let json = "{\"k\": 1, \"l\": [1, 2], \"o\": {\"a\": null}, \"t\": \"x\"}\n{\"k\": 2, \"l\": [], \"t\": \"\\u0000\"}\n";
    let mut files =
        vec![("f.csv".to_owned(), csv.as_bytes().to_vec()), ("f.jsonl".to_owned(), json.as_bytes().to_vec())];
    let array = format!("[{}]", json.trim().replace('\n', ","));
    files.push(("f.json".to_owned(), array.into_bytes()));
    let made = subject.cell("%%sql --into t\nSELECT * FROM 'a.csv'").await;
    if made.status() == "ok" {
        for ending in ["parquet", "arrow", "csv.gz", "csv.zst", "jsonl"] {
            let name = format!("made.{ending}");
            if subject.cell(&format!("%export t {name}")).await.status() == "ok" {
                let bytes = std::fs::read(subject.folder.path().join(&name)).unwrap();
                files.push((format!("f.{ending}"), bytes));
            }
        }
    }
    files
}

#[tokio::test]
async fn files_that_local_sql_reads() {
    let mut campaign = Campaign::new("file", 15, "file");
    let mut subject = Subject::start().await;
    let files = corpus(&mut subject).await;
    println!("files: {}", files.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", "));
    let mut number = 0_usize;
    while let Some(case) = campaign.next(|random| {
        let (_, content) = &files[number % files.len()];
        let mut content = content.clone();
        random.spoil(&mut content);
        if random.once_in(10) {
            content =
                random.text(&["[", "{\"a\":", ",", "\"", "1", "\n", "}", "]", ";", "\t"], 30).into_bytes();
        }
        content
    }) {
        let (name, _) = &files[number % files.len()];
        number += 1;
        subject.file(name, &case.input);
        let code = format!("%%sql\nSELECT * FROM '{name}' LIMIT 5");
        let content = json!({"code": code, "silent": false, "store_history": false, "allow_stdin": false});
        let exchange = subject.ask(&campaign, &case, Channel::Shell, "execute_request", content).await;
        let said = exchange.content().to_string();
        assert!(!said.contains("panicked"), "{}", campaign.told(&case, &format!("{name}: {said}")));
    }
    subject.finish(campaign);
}

#[tokio::test]
async fn the_programs_own_files() {
    let snapshot = r#"{"cqlbook_snapshot":1,"name":"a","keyspaces":{"ks":{"tables":{"t":{"columns":[]}}}}}"#;
    let connections = "version = 1\n\n[[connection]]\nname = \"a\"\nkind = \"astra\"\nbundle = \"b.zip\"\nclient_id = \"c\"\n";
    let nested = "[".repeat(5_000);
    let files = [
        ("cqlbook/connections.toml", connections.to_owned()),
        ("cqlbook/vault.toml", "version = 1\nsalt = \"AAAA\"\n\n[secrets]\na = \"AAAA\"\n".to_owned()),
        ("cqlbook/keys.toml", "version = 1\n\n[[key]]\nid = \"AAAA\"\npublic = \"AAAA\"\n".to_owned()),
        ("a.json", snapshot.to_owned()),
        ("b.zip", "PK\u{3}\u{4}".to_owned()),
        ("cqlbook/connections.toml", format!("a = {nested}")),
        ("a.json", format!("{{\"cqlbook_snapshot\":1,\"keyspaces\":{nested}")),
    ];
    let cells = "%connections\n%connect a --no-save\n%connection show a\n%snapshot show ./a.json\n%snapshot diff ./a.json ./a.json\n%connection test astra --bundle b.zip --client-id c";
    let mut campaign = Campaign::new("own", 10, "own");
    let mut subject = Subject::start().await;
    let mut number = 0_usize;
    while let Some(case) = campaign.next(|random| {
        let mut content = files[number % files.len()].1.clone().into_bytes();
        random.spoil(&mut content);
        content
    }) {
        subject.file(files[number % files.len()].0, &case.input);
        number += 1;
        for code in cells.lines() {
            let content =
                json!({"code": code, "silent": false, "store_history": false, "allow_stdin": false});
            subject.ask(&campaign, &case, Channel::Shell, "execute_request", content).await;
        }
    }
    subject.finish(campaign);
}
