//! Saved connections: by name, tested first, edited, renamed, deleted, from cells and from the command line.

use std::path::PathBuf;

use cqlbook_sandbox::Switch;

use crate::notebook::{database, failure};
use crate::user::User;

#[tokio::test]
async fn a_name_is_enough_the_next_time() {
    let astra = database().await;
    let user = User::with_keychain().await;
    let mut first = user.notebook_of(&astra).await;
    let cell = first.ok(&format!("%connect astra --name Production --keyspace {}", astra.keyspace())).await;
    let told = cell.plain().join("\n");
    assert!(told.contains("Connected to Production"), "{told}");
    assert!(told.contains("Saved: `%connect Production` opens it."), "{told}");
    assert!(told.contains("keychain"), "{told}");

    let mut second = user.notebook().await;
    let (_, text) = second.error("SELECT 1").await;
    assert!(text.contains("`%connect Production`"), "the saved names are offered: {text}");
    let cell = second.ok("%connect production").await;
    assert!(cell.prompts.is_empty(), "nothing is asked");
    let told = cell.plain().join("\n");
    assert!(told.contains(&format!("keyspace {}", astra.keyspace())), "{told}");
    second.ok("SELECT key FROM system.local;").await;

    let credentials = astra.credentials();
    for secret in [&credentials.secret, &credentials.client_id] {
        assert_eq!(user.files_with(secret), Vec::<PathBuf>::new(), "it is in plain text on the disk");
    }
    let file = user.connections();
    assert!(file.contains(astra.bundle().to_str().unwrap()) && file.contains("Production"), "{file}");
}

#[tokio::test]
async fn the_list_has_no_host_of_astra_and_no_secret() {
    let astra = database().await;
    let user = User::with_keychain().await;
    let mut notebook = user.notebook_of(&astra).await;
    notebook.ok("%connect astra --name 'Production - Astra DB'").await;
    let list = notebook.ok("%connections").await;
    let text = list.plain()[0];
    assert!(text.contains("Production - Astra DB") && text.contains("connected"), "{text}");
    assert!(text.contains(astra.bundle().to_str().unwrap()) && text.contains("UTC"), "{text}");
    let shown = notebook.ok("%connection show 'Production - Astra DB'").await;
    let text = shown.plain()[0];
    assert!(text.contains("Client Secret") && text.contains("••••••••"), "{text}");
    for output in [list, shown] {
        let all = format!("{output:?}");
        let credentials = astra.credentials();
        assert!(!all.contains(&credentials.secret) && !all.contains(&credentials.client_id), "{all}");
        assert!(!all.contains("9042") && !all.contains("localhost"), "{all}");
    }
}

#[tokio::test]
async fn a_failed_test_saves_nothing() {
    let astra = database().await;
    let user = User::with_keychain().await;
    let mut notebook = user.notebook_of(&astra).await;
    astra.switch(Switch::Revoked).await.unwrap();
    let (name, _) = notebook.error("%connect astra --name Production").await;
    assert_eq!(name, "METADATA_REFUSED");
    let (name, _) = notebook.error("%connection add astra --name Production").await;
    assert_eq!(name, "METADATA_REFUSED");
    assert_eq!(user.connections(), "");
    astra.reset().await.unwrap();
    notebook.ok("%connection add astra --name Production").await;
    let before = user.connections();
    let (name, _) = notebook.error("%connection edit Production --bundle none.zip").await;
    assert_eq!(name, "BUNDLE_NOT_FOUND");
    assert_eq!(user.connections(), before, "what was saved stays as it was");
    let (name, _) = notebook.error("SELECT 1").await;
    assert_eq!(name, "NOT_CONNECTED", "to add one is not to open it");
}

#[tokio::test]
async fn editing_begins_with_what_is_stored() {
    let astra = database().await;
    let user = User::with_keychain().await;
    let mut notebook = user.notebook_of(&astra).await;
    notebook.ok("%connection add astra --name Production").await;
    let rotated = notebook.folder.path().join("rotated.zip");
    std::fs::copy(astra.bundle(), &rotated).unwrap();
    // Name, bundle, Client ID, Client Secret, keyspace, reads only: an empty answer keeps the value.
    for answer in ["", "rotated.zip", "", "", astra.keyspace(), ""] {
        notebook.frontend.answer(answer);
    }
    let cell = notebook.ok("%connection edit Production").await;
    let asked: Vec<_> = cell
        .prompts
        .iter()
        .map(|prompt| (prompt.text("/prompt").to_owned(), prompt.content["password"].as_bool().unwrap()))
        .collect();
    assert_eq!(asked[0], ("Connection Name [Production]: ".to_owned(), false));
    assert_eq!(asked[1].0, format!("Secure Connect Bundle [{}]: ", astra.bundle().display()));
    assert_eq!(asked[3], ("Client Secret or AstraCS: token [••••••••]: ".to_owned(), true));
    let shown = notebook.ok("%connection show Production").await;
    assert!(shown.plain()[0].contains("rotated.zip"), "{}", shown.plain()[0]);
    assert!(shown.plain()[0].contains(astra.keyspace()), "{}", shown.plain()[0]);
    let mut later = user.notebook().await;
    later.ok("%connect Production").await;

    notebook.frontend.answer("not-the-secret");
    let (name, _) = notebook.error("%connection edit Production --client-secret").await;
    assert_eq!(name, "AUTH_FAILED");
    notebook.frontend.answer(&astra.credentials().token);
    notebook.ok("%connection edit Production --client-secret").await;
    later.ok("%connect Production").await;
    let (name, text) = notebook.error("%connection edit Production --client-secret abc").await;
    assert_eq!(name, "USAGE", "a secret on the line is refused");
    assert!(!text.contains("abc"), "{text}");
}

#[tokio::test]
async fn renamed_tested_and_deleted() {
    let astra = database().await;
    let user = User::with_keychain().await;
    let mut notebook = user.notebook_of(&astra).await;
    notebook.ok("%connection add astra --name One").await;
    notebook.ok("%connection rename One Two").await;
    let (name, text) = notebook.error("%connect One").await;
    assert_eq!(name, "NOT_CONNECTED");
    assert!(text.contains("`Two`"), "{text}");
    let cell = notebook.ok("%connection test Two").await;
    assert!(cell.plain().join("\n").contains("The connection to Two works."), "{}", cell.transcript());
    let rotated = notebook.ok("%connection rotate-keys").await;
    assert!(rotated.plain()[0].contains("1 connection"), "{}", rotated.plain()[0]);
    notebook.ok("%connect Two").await;
    notebook.ok("%connection delete Two").await;
    assert!(!user.connections().contains("Two"));
    let (name, _) = notebook.error("%connect Two").await;
    assert_eq!(name, "NOT_CONNECTED");
}

#[tokio::test]
async fn a_name_that_leads_elsewhere_is_replaced_only_if_the_user_says_so() {
    let (one, other) = (database().await, database().await);
    let user = User::with_keychain().await;
    user.notebook_of(&one).await.ok("%connection add astra --name Production").await;
    let mut notebook = user.notebook_of(&one).await;
    notebook.ok("%connect astra --name Production").await; // the same place: a notebook runs again
    let mut notebook = user.notebook_of(&other).await;
    let request = notebook.start_without_prompts("%connect astra --name Production").await;
    let exchange = notebook.frontend.finish(&request).await;
    let (name, text) = failure("%connect astra", &exchange);
    assert_eq!(name, "CONFIRMATION_REQUIRED", "{text}");
    assert!(user.connections().contains(one.bundle().to_str().unwrap()));
    notebook.frontend.answer("y");
    notebook.ok("%connect astra --name Production").await;
    assert!(user.connections().contains(other.bundle().to_str().unwrap()));

    // Nobody types a password for a name that is taken.
    notebook.frontend.answer("n");
    let cell = notebook.run("%connect cassandra --name Production --host 127.0.0.1 --user ann").await;
    assert_eq!(cell.prompts.len(), 1, "{:?}", cell.prompts);
    assert!(cell.transcript().contains("CONFIRMATION_REQUIRED"), "{}", cell.transcript());
}

#[tokio::test]
async fn a_file_of_broken_connections_is_not_an_empty_one() {
    let user = User::without_keychain(None);
    let mut notebook = user.notebook().await;
    user.write_connections("version = 1\n[[connection]]\nid = \"1\"\n");
    let (name, text) = notebook.error("%connect Two").await;
    assert_eq!(name, "NOT_CONNECTED", "{text}");
    assert!(text.contains("none of them can be read") && text.contains("%connections"), "{text}");
    user.write_connections("version = 1\n[[connection]]\nid = \"1\"\nname = \"One\"\n");
    let (_, text) = notebook.error("%connect One").await;
    assert!(!text.contains("There is no connection called"), "{text}");
    let (_, text) = notebook.error("%connect Two").await;
    assert!(text.contains("There are: `One`."), "{text}");
}

#[tokio::test]
async fn without_a_keychain_the_secret_is_held_for_the_session_and_that_is_said() {
    let astra = database().await;
    let user = User::without_keychain(None);
    let mut notebook = user.notebook_of(&astra).await;
    let cell = notebook.ok("%connect astra --name Production").await;
    assert!(cell.prompts.is_empty(), "nobody asked for a vault file");
    let told = cell.plain().join("\n");
    assert!(told.contains("KEYCHAIN_UNAVAILABLE") && told.contains("this session only"), "{told}");
    assert!(told.contains("CQLBOOK_VAULT_PASSPHRASE"), "what can be done: {told}");
    // The open connection holds it too, and gives it to the new name.
    notebook.ok("%connection rename Production Other").await;
    let request = notebook.start_without_prompts("%connect Other").await;
    assert_eq!(notebook.frontend.finish(&request).await.status(), "ok");
    notebook.ok("%connection rename Other Production").await;
    notebook.ok("%disconnect").await;
    notebook.ok("%connect Production").await;
    assert_eq!(user.files_with(&astra.credentials().secret), Vec::<PathBuf>::new());

    let mut later = user.notebook().await;
    let request = later.start_without_prompts("%connect Production").await;
    let (name, text) = failure("%connect Production", &later.frontend.finish(&request).await);
    assert_eq!(name, "KEYCHAIN_UNAVAILABLE", "{text}");
    later.frontend.answer("");
    later.frontend.answer(&astra.credentials().token);
    let cell = later.ok("%connect Production").await;
    assert_eq!(cell.prompts.len(), 2, "Client ID and, hidden, the secret");
    later.ok("%connect Production").await;
}

#[tokio::test]
async fn a_passphrase_from_the_environment_opens_the_sealed_file() {
    let astra = database().await;
    let mut user = User::without_keychain(Some("correct horse"));
    let cell = user.notebook_of(&astra).await.ok("%connect astra --name Production").await;
    assert!(cell.plain().join("\n").contains("vault.toml"), "{:?}", cell.plain());
    let credentials = astra.credentials();
    for secret in [&credentials.secret, &credentials.client_id, &"correct horse".to_owned()] {
        assert_eq!(user.files_with(secret), Vec::<PathBuf>::new());
    }
    user.notebook().await.ok("%connect Production").await;

    user.passphrase = Some("another");
    let (name, text) = user.notebook().await.error("%connect Production").await;
    assert_eq!(name, "SECRET_UNREADABLE", "{text}");

    // Without the variable the passphrase is asked for.
    user.passphrase = None;
    let mut notebook = user.notebook().await;
    notebook.frontend.answer("correct horse");
    let cell = notebook.ok("%connect Production").await;
    assert!(cell.prompts[0].content["password"].as_bool().unwrap(), "hidden");
    assert_eq!(cell.prompts.len(), 1);
    notebook.ok("%connect Production").await;
}

#[tokio::test]
async fn a_vault_file_can_be_asked_for() {
    let astra = database().await;
    let user = User::without_keychain(None);
    let mut notebook = user.notebook_of(&astra).await;
    notebook.frontend.answer("correct horse");
    notebook.frontend.answer("correct house");
    let (name, _) = notebook.error("%connect astra --name Production --vault").await;
    assert_eq!(name, "USAGE", "the two differ");
    notebook.frontend.answer("correct horse");
    notebook.frontend.answer("correct horse");
    notebook.ok("%connect astra --name Production --vault").await;
    let mut later = user.notebook().await;
    later.frontend.answer("correct horse");
    later.ok("%connect Production").await;
}

#[tokio::test]
async fn what_was_changed_or_moved_here_is_not_guessed() {
    let astra = database().await;
    let user = User::with_keychain().await;
    user.notebook_of(&astra).await.ok("%connection add astra --name Production").await;
    let keys = user.home.path().join(".local/share/cqlbook/keys.toml");
    let damaged = std::fs::read_to_string(&keys).unwrap().replace("private = \"", "private = \"AAAA");
    std::fs::write(&keys, damaged).unwrap();
    let (name, text) = user.notebook().await.error("%connect Production").await;
    assert_eq!(name, "SECRET_UNREADABLE", "{text}");
    assert!(text.contains("%connection edit Production --client-secret"), "{text}");
    let requests = astra.facts().await.unwrap().requests();
    astra.clear_facts().await.unwrap();
    assert!(requests > 0, "the first one logged in");
    let mut notebook = user.notebook().await;
    notebook.error("%connect Production").await;
    let requests = astra.facts().await.unwrap().requests();
    assert_eq!(requests, 0, "nothing was sent");
}

#[tokio::test]
async fn the_command_line_does_the_same() {
    let astra = database().await;
    let user = User::with_keychain().await;
    let credentials = astra.credentials();
    let environment = [
        ("ASTRA_DB_SECURE_BUNDLE_PATH", astra.bundle().to_str().unwrap()),
        ("ASTRA_DB_APPLICATION_TOKEN", credentials.token.as_str()),
    ];
    let (well, said) = user.command(&["list"], &[]).await;
    assert!(well && said.contains("There are none yet."), "{said}");
    let (well, said) = user.command(&["add", "astra"], &environment).await;
    assert!(!well && said.contains("FIELDS_REQUIRED") && said.contains("Connection Name"), "{said}");
    let (well, said) = user.command(&["add", "astra", "--name", "My DB"], &environment).await;
    assert!(well && said.contains("Saved: `%connect 'My DB'` opens it in a notebook."), "{said}");
    assert!(said.contains("✓") && said.contains("Login"), "each stage: {said}");
    let (well, said) = user.command(&["list"], &[]).await;
    assert!(well && said.contains("My DB") && said.contains("astra"), "{said}");
    let (well, said) = user.command(&["test", "My DB"], &[]).await;
    assert!(well && said.contains("works"), "{said}");
    let (well, said) = user.command(&["add", "astra", "--client-secret", "abc"], &environment).await;
    assert!(!well && !said.contains("abc"), "{said}");
    let mut notebook = user.notebook().await;
    notebook.ok("%connect 'My DB'").await;
    let (well, _) = user.command(&["edit", "My DB", "--keyspace", astra.keyspace()], &[]).await;
    assert!(well);
    let cell = notebook.ok("%connect 'My DB'").await;
    let told = cell.plain().join("\n");
    assert!(told.contains(astra.keyspace()), "{told}");
    let (well, said) = user.command(&["rename", "My DB", "Shop"], &[]).await;
    assert!(well && said.contains("Shop"), "{said}");
    let (well, said) = user.command(&["delete", "Shop"], &[]).await;
    assert!(well && said.contains("Deleted"), "{said}");
    let (well, said) = user.command(&["--help"], &[]).await;
    assert!(well && said.contains("cqlbook connection rotate-keys"), "{said}");
}

#[tokio::test]
async fn a_terminal_without_a_keychain_says_that_no_secret_was_kept() {
    let astra = database().await;
    let user = User::without_keychain(None);
    let environment = [
        ("ASTRA_DB_SECURE_BUNDLE_PATH", astra.bundle().to_str().unwrap()),
        ("ASTRA_DB_APPLICATION_TOKEN", astra.credentials().token.as_str()),
    ];
    let (well, said) = user.command(&["add", "astra", "--name", "Shop"], &environment).await;
    assert!(well && said.contains("KEYCHAIN_UNAVAILABLE") && said.contains("written nowhere"), "{said}");
    assert!(!said.contains("this session"), "a command has none: {said}");
}

#[tokio::test]
async fn two_kernels_save_at_once_and_lose_nothing() {
    let astra = database().await;
    let user = User::with_keychain().await;
    user.notebook_of(&astra).await.ok("%connection add astra --name Zero").await;
    let (mut one, mut two) = (user.notebook_of(&astra).await, user.notebook_of(&astra).await);
    for round in 0..3 {
        let cells = [
            format!("%connection add astra --name One{round}"),
            format!("%connection add astra --name Two{round}"),
        ];
        let (first, second) = tokio::join!(one.run(&cells[0]), two.run(&cells[1]));
        assert_eq!((first.status(), second.status()), ("ok", "ok"));
    }
    let file = user.connections();
    assert_eq!(file.matches("[[connection]]").count(), 7, "{file}");
    two.ok("%connect One2").await;
}
