//! What an error about a saved connection advises is done, step by step, and works: no advice leads in a circle.

use std::path::{Path, PathBuf};
use std::process::Command;

use cqlbook_sandbox::Astra;

use crate::notebook::{Notebook, database, failure, program};
use crate::user::User;

/// What every error about a secret that is lost says.
const ENTER_AGAIN: &str = "%connection edit Production --client-secret";

/// A user who has saved `Production`.
async fn with_production(astra: &Astra, user: &User) {
    user.notebook_of(astra).await.ok("%connection add astra --name Production").await;
}

fn keys(user: &User) -> PathBuf {
    user.home.path().join(".local/share/cqlbook/keys.toml")
}

fn vault(user: &User) -> PathBuf {
    user.home.path().join(".local/share/cqlbook/vault.toml")
}

fn connections(user: &User) -> PathBuf {
    user.home.path().join(".config/cqlbook/connections.toml")
}

/// Does what "move FILE aside" says.
fn move_aside(path: &Path, told: &str) {
    assert!(told.contains(&format!("ove {} aside", path.display())), "the way out is named: {told}");
    std::fs::rename(path, path.with_extension("aside")).unwrap();
}

/// Enters the secret again, as the advice has it, and opens the connection in a notebook that is asked nothing.
async fn enter_again(astra: &Astra, user: &User) {
    let mut notebook = user.notebook().await;
    notebook.frontend.answer(&astra.credentials().token);
    let edited = notebook.ok(ENTER_AGAIN).await;
    assert_eq!(edited.prompts.len(), 1, "the token alone is asked for");
    let mut later = user.notebook().await;
    let opened = later.ok("%connect Production").await;
    assert!(opened.prompts.is_empty(), "nothing is asked any more");
    later.ok("SELECT key FROM system.local").await;
}

#[tokio::test]
async fn a_secret_that_cannot_be_opened_is_entered_again_without_it() {
    let astra = database().await;
    for user in [User::with_keychain().await, User::without_keychain(Some("correct horse"))] {
        with_production(&astra, &user).await;
        let whole = std::fs::read_to_string(keys(&user)).unwrap();
        std::fs::write(keys(&user), whole.replace("private = \"", "private = \"AAAA")).unwrap();
        let (name, told) = user.notebook().await.error("%connect Production").await;
        assert_eq!(name, "SECRET_UNREADABLE", "{told}");
        assert!(told.contains(ENTER_AGAIN), "{told}");
        enter_again(&astra, &user).await;
    }
}

#[tokio::test]
async fn a_file_of_keys_that_cannot_be_understood_has_a_way_out() {
    let astra = database().await;
    let user = User::with_keychain().await;
    with_production(&astra, &user).await;
    for damage in ["not TOML [", "", "version = 99\n"] {
        std::fs::write(keys(&user), damage).unwrap();
        let (name, told) = user.notebook().await.error("%connect Production").await;
        assert_eq!(name, "SECRET_UNREADABLE", "{damage}: {told}");
        move_aside(&keys(&user), &told);
        let (name, told) = user.notebook().await.error("%connect Production").await;
        assert_eq!(name, "SECRET_UNREADABLE", "{told}");
        assert!(told.contains(ENTER_AGAIN), "{told}");
        enter_again(&astra, &user).await;
    }
}

#[tokio::test]
async fn a_vault_file_that_cannot_be_understood_has_a_way_out() {
    let astra = database().await;
    let user = User::without_keychain(Some("correct horse"));
    with_production(&astra, &user).await;
    for damage in ["not TOML [", "", "version = 99\n"] {
        std::fs::write(vault(&user), damage).unwrap();
        let (name, told) = user.notebook().await.error("%connect Production").await;
        assert_eq!(name, "SECRET_UNREADABLE", "{damage}: {told}");
        move_aside(&vault(&user), &told);
        enter_again(&astra, &user).await;
    }
}

#[tokio::test]
async fn a_passphrase_that_is_lost_costs_the_secrets_and_not_the_connections() {
    let astra = database().await;
    let mut user = User::without_keychain(Some("correct horse"));
    with_production(&astra, &user).await;
    user.passphrase = Some("battery staple");
    let (name, told) = user.notebook().await.error("%connect Production").await;
    assert_eq!(name, "SECRET_UNREADABLE", "{told}");
    assert!(told.contains("CQLBOOK_VAULT_PASSPHRASE is set here"), "what is set is named: {told}");
    move_aside(&vault(&user), &told);
    enter_again(&astra, &user).await;
}

#[tokio::test]
async fn a_file_of_connections_that_cannot_be_understood_has_a_way_out() {
    let astra = database().await;
    let user = User::with_keychain().await;
    with_production(&astra, &user).await;
    std::fs::write(connections(&user), "[[connection]\n").unwrap();
    let mut notebook = user.notebook_of(&astra).await;
    let mut told = String::new();
    for cell in ["%connections", "%connect Production", "%connect astra --name Production"] {
        let (_, text) = notebook.error(cell).await;
        assert!(text.contains("line 1"), "{cell}: {text}");
        told = text;
    }
    move_aside(&connections(&user), &told);
    let list = notebook.ok("%connections").await;
    assert!(list.plain()[0].contains("There are none yet."), "{:?}", list.plain());
    notebook.ok("%connect astra --name Production").await;
    user.notebook().await.ok("%connect Production").await;
}

#[tokio::test]
async fn where_every_connection_is_broken_the_list_says_so_and_each_can_be_deleted() {
    let astra = database().await;
    let user = User::with_keychain().await;
    with_production(&astra, &user).await;
    let whole = user.connections();
    std::fs::write(connections(&user), whole.replace("bundle = ", "bunde = ")).unwrap();
    let mut notebook = user.notebook().await;
    let list = notebook.ok("%connections").await;
    let text = list.plain()[0];
    assert!(text.contains("Production") && text.contains("cannot be used: `bundle` is missing"), "{text}");
    assert!(!text.contains("none yet"), "{text}");
    let (_, told) = notebook.error("%connect Production").await;
    assert!(told.contains("`bundle` is missing") && told.contains("%connection delete Production"), "{told}");
    notebook.ok("%connection delete Production").await;
    let list = notebook.ok("%connections").await;
    assert!(list.plain()[0].contains("There are none yet."), "{:?}", list.plain());
}

#[tokio::test]
async fn where_there_is_no_keychain_none_is_spoken_of() {
    let astra = database().await;
    for passphrase in [None, Some("correct horse")] {
        let user = User::without_keychain(passphrase);
        let mut notebook = user.notebook_of(&astra).await;
        let saved = notebook.ok("%connect astra --name Production").await;
        let deleted = notebook.ok("%connection delete Production").await;
        let said = format!("{}\n{}", saved.transcript(), deleted.transcript());
        for wrong in ["in the system's keychain", "in the keychain", "The keychain failed"] {
            assert!(!said.contains(wrong), "{passphrase:?}: {said}");
        }
    }
}

/// Bounds the size of the files that a notebook's kernel may write, as a full disk would.
fn bound_files(notebook: &Notebook, bytes: u32) {
    let pid = notebook.kernel.pid().to_string();
    let bounded =
        Command::new("prlimit").args([&format!("--fsize={bytes}:unlimited"), "--pid", &pid]).status();
    assert!(bounded.expect("prlimit runs").success());
}

#[tokio::test]
async fn what_cannot_be_written_is_not_the_keychains_failure() {
    let astra = database().await;
    for user in [User::with_keychain().await, User::without_keychain(Some("correct horse"))] {
        with_production(&astra, &user).await;
        let mut notebook = user.notebook_of(&astra).await;
        bound_files(&notebook, 16);
        let (name, told) = notebook.error("%connect astra --name Other").await;
        assert_eq!(name, "SAVE_FAILED", "{told}");
        assert!(told.contains("cannot be written") && told.contains(".toml"), "the file is named: {told}");
        assert!(!told.contains("eychain failed"), "{told}");
        bound_files(&notebook, 1 << 20);
        notebook.ok("%connect astra --name Other").await;
        user.notebook().await.ok("%connect Production").await;
    }
}

#[tokio::test]
async fn a_held_secret_opens_what_was_edited_meanwhile() {
    let astra = database().await;
    let user = User::without_keychain(None);
    let mut notebook = user.notebook_of(&astra).await;
    notebook.ok("%connect astra --name Production").await;
    notebook.ok(&format!("CREATE TABLE {}.t (id int PRIMARY KEY)", astra.keyspace())).await;
    let credentials = astra.credentials();
    let environment = [
        ("ASTRA_DB_SECURE_BUNDLE_PATH", astra.bundle().to_str().unwrap()),
        ("ASTRA_DB_APPLICATION_TOKEN", credentials.token.as_str()),
    ];
    let edit = ["edit", "Production", "--read-only", "--keyspace", astra.keyspace()];
    let (well, said) = user.command(&edit, &environment).await;
    assert!(well, "{said}");
    let opened = notebook.ok("%connect Production").await;
    let told = opened.plain().join("\n");
    assert!(opened.prompts.is_empty(), "the secret is held");
    assert!(told.contains(&format!("keyspace {}", astra.keyspace())), "the keyspace is the new one: {told}");
    assert!(told.contains("Only reads are sent."), "{told}");
    notebook.ok("SELECT * FROM t").await;
    let (name, _) = notebook.error("INSERT INTO t (id) VALUES (1)").await;
    assert_eq!(name, "READ_ONLY");
}

#[tokio::test]
async fn without_a_prompt_the_advice_is_the_same() {
    let astra = database().await;
    let user = User::with_keychain().await;
    with_production(&astra, &user).await;
    std::fs::remove_file(keys(&user)).unwrap();
    let mut notebook = user.notebook().await;
    let request = notebook.start_without_prompts("%connect Production").await;
    let (name, told) = failure("%connect Production", &notebook.frontend.finish(&request).await);
    assert_eq!(name, "SECRET_UNREADABLE", "{told}");
    assert!(told.contains(ENTER_AGAIN), "{told}");
    let request = notebook.start_without_prompts(ENTER_AGAIN).await;
    let (name, told) = failure(ENTER_AGAIN, &notebook.frontend.finish(&request).await);
    assert_eq!(name, "FIELDS_REQUIRED", "{told}");
    assert!(told.contains("ASTRA_DB_CLIENT_SECRET"), "how to give it without a prompt: {told}");
}

/// Every program of ours outlives a limit on the size of files: it says what could not be written.
#[tokio::test]
async fn a_terminal_outlives_a_limit_on_files() {
    let astra = database().await;
    let user = User::without_keychain(Some("correct horse"));
    let token = astra.credentials().token.clone();
    let run = async |words: &[&str]| {
        let mut command = tokio::process::Command::new("prlimit");
        command.arg("--fsize=16:unlimited").arg(program()).args(words).current_dir(user.home.path());
        command.envs(user.environment()).stdin(std::process::Stdio::null());
        command.env("ASTRA_DB_SECURE_BUNDLE_PATH", astra.bundle());
        command.env("ASTRA_DB_APPLICATION_TOKEN", &token);
        let output = command.output().await.expect("prlimit runs");
        let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
        (output.status.code(), said)
    };
    let (code, said) = run(&["connection", "add", "astra", "--name", "Production"]).await;
    assert!(code == Some(1) && said.contains("SAVE_FAILED"), "{code:?} {said}");
    assert!(said.contains("cannot be written"), "{said}");
    let (code, said) = run(&["doctor"]).await;
    assert!(code.is_some(), "no signal ended it: {said}");
    let (code, said) = run(&["install", "--prefix", "prefix"]).await;
    assert!(code == Some(1), "{code:?} {said}");
}
