//! The file among several kernels, at its bounds, and where it cannot be written.

use std::fs;

use tempfile::TempDir;

use super::*;

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cqlbook").join("history.jsonl");
    (folder, file)
}

fn line(number: i64, input: &str) -> Vec<Arc<Line>> {
    vec![Arc::new(Line::now(number, input.to_owned()))]
}

/// The inputs that a new session finds.
fn inputs(file: &std::path::Path) -> Vec<String> {
    Store::new(file.to_owned()).others().1.into_iter().map(|entry| entry.input).collect()
}

#[test]
fn sessions_have_numbers_of_their_own_and_see_each_other() {
    let (_folder, file) = folder();
    let mut first = Store::new(file.clone());
    let mut second = Store::new(file.clone());
    assert_eq!((first.others(), file.exists()), ((1, Vec::new()), false), "looking makes no file");
    first.append(&line(1, "a")).unwrap();
    second.append(&line(1, "b\n'é'")).unwrap();
    first.append(&line(2, "c")).unwrap();
    let (number, others) = second.others();
    assert_eq!(number, 2);
    assert_eq!(
        others.iter().map(|entry| (entry.session, entry.line, entry.input.as_str())).collect::<Vec<_>>(),
        [(1, 1, "a"), (1, 2, "c")]
    );
    let text = fs::read_to_string(&file).unwrap();
    let time =
        serde_json::from_str::<serde_json::Value>(text.lines().next().unwrap()).unwrap()["time"].clone();
    assert!(time.as_str().unwrap().parse::<jiff::Timestamp>().is_ok(), "{time}");
}

#[cfg(unix)]
#[test]
fn only_the_owner_may_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let (_folder, file) = folder();
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    Store::new(file.clone()).append(&line(1, "a")).unwrap();
    assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o600, 0o700));
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    Store::new(file.clone()).append(&line(1, "b")).unwrap();
    assert_eq!(mode(&file), 0o600, "a copy by hand is closed again");
}

#[test]
fn kernels_at_once_lose_nothing_and_share_no_number() {
    let (_folder, file) = folder();
    let numbers: Vec<i64> = std::thread::scope(|scope| {
        let sessions: Vec<_> = (0..8)
            .map(|session| {
                let mut store = Store::new(file.clone());
                scope.spawn(move || {
                    for cell in 1..=50 {
                        store.append(&line(cell, &format!("{session} {cell}"))).unwrap();
                    }
                    store.others().0
                })
            })
            .collect();
        sessions.into_iter().map(|session| session.join().unwrap()).collect()
    });
    let mut sorted = numbers.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, (1..=8).collect::<Vec<_>>());
    let mut found = inputs(&file);
    found.sort();
    found.dedup();
    assert_eq!(found.len(), 400);
}

#[test]
fn torn_and_foreign_lines_are_skipped_and_hurt_nothing() {
    let (_folder, file) = folder();
    Store::new(file.clone()).append(&line(1, "a")).unwrap();
    let mut text = fs::read(&file).unwrap();
    text.extend_from_slice(b"my notes\n\xff\xfe\n{\"session\":9223372036854775807,\"line\":1,\"input\":\"x\"}\n[]\n\n{\"session\":2,\"li");
    fs::write(&file, &text).unwrap();
    let mut store = Store::new(file.clone());
    store.append(&line(1, "b")).unwrap();
    assert_eq!(store.others().0, 2);
    assert_eq!(inputs(&file), ["a", "b"]);
    assert!(fs::read(&file).unwrap().starts_with(&text), "what was there stays");
    fs::write(&file, "{\"session\":7,\"line\":3,\"time\":\"?\",\"input\":\"n\",\"new\":[1]}\n").unwrap();
    assert_eq!(inputs(&file), ["n"], "fields of a later version are let pass");
}

#[test]
fn it_is_trimmed_to_the_newest_and_numbers_go_on() {
    let (_folder, file) = folder();
    let mut newest = Store::new(file.clone());
    Store::new(file.clone()).append(&line(1, "first")).unwrap();
    newest.append(&line(1, "newest session")).unwrap();
    // An older session writes more than the file may hold.
    let mut old = fs::read_to_string(&file).unwrap();
    for cell in 0..MOST_ENTRIES + MOST_ENTRIES / 5 {
        old.push_str(&format!("{{\"session\":1,\"line\":{},\"input\":\"cell {cell}\"}}\n", cell + 2));
    }
    fs::write(&file, old).unwrap();
    let mut store = Store::new(file.clone());
    store.append(&line(1, "last")).unwrap();
    assert_eq!(store.others().0, 3);
    let kept = inputs(&file);
    assert_eq!((kept.len(), kept.last().map(String::as_str)), (MOST_ENTRIES, Some("last")));
    assert!(!kept.contains(&"newest session".to_owned()));
    assert_eq!(
        Store::new(file.clone()).append(&line(1, "x")).map(|()| inputs(&file).len()).unwrap(),
        MOST_ENTRIES
    );

    // Every entry of session 3 and on is trimmed away; their numbers are not used again.
    let old = fs::read_to_string(&file).unwrap();
    let only_first: String =
        old.lines().filter(|line| line.contains("\"session\":1,")).map(|line| format!("{line}\n")).collect();
    fs::write(&file, only_first).unwrap();
    let mut store = Store::new(file.clone());
    store.append(&line(1, "y")).unwrap();
    assert_eq!(store.others().0, 5);
}

#[test]
fn it_never_grows_beyond_its_bytes() {
    let (folder, file) = folder();
    // A link to a file elsewhere stays a link.
    #[cfg(unix)]
    {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(folder.path().join("elsewhere.jsonl"), &file).unwrap();
    }
    let mut store = Store::new(file.clone());
    let long = "x".repeat(LONGEST_ENTRY);
    for cell in 0..400 {
        store.append(&line(cell, &long)).unwrap();
        let length = fs::metadata(&file).unwrap().len();
        assert!(length < 11 * 1024 * 1024, "{length} bytes after {cell} cells");
    }
    let kept = inputs(&file).len();
    assert!((120..170).contains(&kept), "{kept}");
    #[cfg(unix)]
    assert!(fs::symlink_metadata(&file).unwrap().is_symlink());
    let names: Vec<_> =
        fs::read_dir(folder.path()).unwrap().chain(fs::read_dir(file.parent().unwrap()).unwrap()).collect();
    assert!(!names.iter().any(|entry| entry.as_ref().unwrap().path().to_string_lossy().ends_with(".new")));
}

#[tokio::test]
async fn what_cannot_be_written_stays_in_memory_and_is_written_when_it_can() {
    let (folder, file) = folder();
    fs::write(folder.path().join("cqlbook"), "a file where the folder should be").unwrap();
    let history = Arc::new(History::at(Some(file.clone())));
    history.keep(1, "a".to_owned());
    history.keep(2, "b".to_owned());
    assert_eq!(tail(&history).await, [(1, 1, "a".to_owned()), (1, 2, "b".to_owned())]);
    fs::remove_file(folder.path().join("cqlbook")).unwrap();
    history.keep(3, "c".to_owned());
    history.finish().await;
    assert_eq!(inputs(&file), ["a", "b", "c"]);
}

#[tokio::test]
async fn another_kernel_that_stopped_with_the_lock_stops_nobody() {
    let (_folder, file) = folder();
    Store::new(file.clone()).append(&line(1, "a")).unwrap();
    let lock = store_lock(&file);
    let history = Arc::new(History::at(Some(file.clone())));
    history.keep(1, "b".to_owned());
    let began = std::time::Instant::now();
    assert_eq!(tail(&history).await, [(1, 1, "a".to_owned()), (2, 1, "b".to_owned())]);
    assert!(began.elapsed() < std::time::Duration::from_secs(5), "{:?}", began.elapsed());
    drop(lock);
    history.finish().await;
    assert_eq!(inputs(&file), ["a", "b"]);
}

#[tokio::test]
async fn nothing_on_disk_where_it_is_off_and_no_pipe_is_waited_for() {
    let off = Arc::new(History::at(None));
    off.keep(1, "a".to_owned());
    assert_eq!(tail(&off).await, [(1, 1, "a".to_owned())]);
    if cfg!(unix) {
        let device = Arc::new(History::at(Some("/dev/null".into())));
        device.keep(1, "a".to_owned());
        assert_eq!(tail(&device).await, [(1, 1, "a".to_owned())]);
    }
}

#[tokio::test]
async fn a_huge_cell_is_not_kept_and_memory_is_bounded() {
    let history = Arc::new(History::at(None));
    history.keep(1, "x".repeat(LONGEST_ENTRY + 1));
    assert_eq!(tail(&history).await, []);
    for cell in 0..300 {
        history.keep(cell, "x".repeat(LONGEST_ENTRY));
    }
    let session = history.session();
    assert!(session.bytes <= MOST_BYTES && session.cells.len() == MOST_BYTES / LONGEST_ENTRY);
}

fn store_lock(file: &std::path::Path) -> fs::File {
    let lock = fs::OpenOptions::new().write(true).open(format!("{}.lock", file.display())).unwrap();
    lock.lock().unwrap();
    lock
}

async fn tail(history: &Arc<History>) -> Vec<(i64, i64, String)> {
    let access = cqlbook_wire::HistoryAccess::Tail { n: 10 };
    let found = history.answer(HistoryRequest { access, output: false, raw: true }).await;
    found.into_iter().map(|entry| (entry.session, entry.line, entry.input)).collect()
}

#[cfg(unix)]
#[test]
fn a_link_in_a_notebooks_folder_leads_to_nobody_elses_file() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    for linked in ["history.jsonl", "history.jsonl.lock"] {
        let folder = tempfile::tempdir().unwrap();
        let victim = folder.path().join("victim");
        fs::write(&victim, "precious").unwrap();
        fs::set_permissions(&victim, fs::Permissions::from_mode(0o644)).unwrap();
        symlink(&victim, folder.path().join(linked)).unwrap();
        let mut store = Store::in_notebooks_folder(folder.path(), Path::new("history.jsonl"));
        assert!(store.append(&line(1, "a")).unwrap_err().to_string().contains("is a link"), "{linked}");
        assert_eq!(store.others().1.len(), 0);
        assert_eq!(fs::read_to_string(&victim).unwrap(), "precious", "{linked}");
        assert_eq!(fs::metadata(&victim).unwrap().permissions().mode() & 0o777, 0o644, "{linked}");
    }
}

#[cfg(unix)]
#[test]
fn a_link_on_the_way_from_a_notebooks_folder_is_not_followed() {
    use std::os::unix::fs::symlink;

    // What the notebook's folder has, and the path that the user gave.
    for (linked, path) in [
        ("notes", "notes/history.jsonl"),
        ("notes", "notes/new/history.jsonl"),
        ("notes", "./notes/../victim/history.jsonl"),
        ("deep/notes", "deep/notes/history.jsonl"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let book = folder.path().join("book");
        let victim = folder.path().join("victim");
        fs::create_dir_all(book.join("deep")).unwrap();
        fs::create_dir(&victim).unwrap();
        let entry = r#"{"session":1,"line":1,"time":"","input":"another's"}"#;
        fs::write(victim.join("history.jsonl"), format!("{entry}\n")).unwrap();
        symlink(&victim, book.join(linked)).unwrap();
        let mut store = Store::in_notebooks_folder(&book, Path::new(path));
        let error = store.append(&line(1, "a")).unwrap_err().to_string();
        assert!(error.contains("is a link, which is not followed here"), "{path}: {error}");
        assert_eq!(store.others().1.len(), 0, "{path}");
        assert_eq!(fs::read_dir(&victim).unwrap().count(), 1, "{path}");
        assert_eq!(fs::read_to_string(victim.join("history.jsonl")).unwrap().lines().count(), 1, "{path}");
    }
    // The folder itself is where the user has it, by a link or not; and folders are made below it.
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("real")).unwrap();
    symlink(folder.path().join("real"), folder.path().join("book")).unwrap();
    for path in ["history.jsonl", "new/history.jsonl", "../beside.jsonl"] {
        let mut store = Store::in_notebooks_folder(&folder.path().join("book"), Path::new(path));
        store.append(&line(1, "a")).unwrap();
        assert_eq!(fs::read_to_string(store.file()).unwrap().lines().count(), 1, "{path}");
    }
}

#[test]
fn a_lock_that_holds_something_else_keeps_it() {
    let (folder, file) = folder();
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    let lock = file.with_file_name("history.jsonl.lock");
    fs::write(&lock, "somebody's notes").unwrap();
    Store::new(file.clone()).append(&line(1, "a")).unwrap();
    assert_eq!(fs::read_to_string(&lock).unwrap(), "somebody's notes");
    assert_eq!(inputs(&file), ["a"]);
    drop(folder);
}
