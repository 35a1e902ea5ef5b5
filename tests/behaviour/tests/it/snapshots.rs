//! `%snapshot`: what changed in a schema, whether it is safe, and the script that leads from one to another.

use crate::notebook::{Notebook, database};
use crate::user::User;

const MONDAY: &str = "CREATE TYPE address (street text);\n\
    CREATE TABLE orders (id int, day date, note text, total int, PRIMARY KEY (id, day));\n\
    CREATE INDEX by_note ON orders (note) USING 'sai';\n\
    CREATE TABLE log (id int PRIMARY KEY, line text)";

const CHANGES: &str = "%%cql --yes\n\
    ALTER TYPE address ADD city text;\n\
    ALTER TABLE orders ADD paid boolean;\n\
    DROP INDEX by_note;\n\
    ALTER TABLE orders DROP note;\n\
    ALTER TABLE orders WITH comment = 'it''s <new>';\n\
    DROP TABLE log;\n\
    CREATE TABLE journal (id int PRIMARY KEY, line text)";

#[tokio::test]
async fn what_changed_since_monday_and_whether_it_is_safe_is_one_output() {
    let astra = database().await;
    let user = User::without_keychain(None);
    let mut notebook = user.notebook_of(&astra).await;
    let keyspace = astra.keyspace().to_owned();
    notebook.ok(&format!("%connect astra --no-save --keyspace {keyspace}")).await;
    notebook.ok(MONDAY).await;
    let saved = notebook.ok(&format!("%snapshot save monday --keyspace {keyspace}")).await;
    let text = saved.plain()[0];
    assert!(text.starts_with("Saved 1 keyspace with 2 tables as monday."), "{text}");
    let (name, _) = notebook.error(&format!("%snapshot save monday --keyspace {keyspace}")).await;
    assert_eq!(name, "FILE_EXISTS");

    let same = notebook.ok("%snapshot diff monday").await;
    assert!(same.plain()[0].ends_with("Nothing differs."), "{}", same.plain()[0]);

    notebook.ok(CHANGES).await;
    let diff = notebook.ok("%snapshot diff monday").await;
    let text = diff.plain()[0];
    for line in [
        "Not all of it is safe: 4 safe, 3 lossy.",
        "~ type address",
        "+ field city: text  [safe]",
        "- table log: id int, line text; key (id)  [lossy]",
        "It may have become journal (a guess).",
        "- column note: text  [lossy] Its values are lost.",
        "+ column paid: boolean  [safe]",
        "~ option comment: '' -> 'it''s <new>'  [safe]",
    ] {
        assert!(text.contains(line), "{line}\nis not in\n{text}");
    }
    let html = diff.html()[0];
    assert!(html.contains("it''s &lt;new&gt;") && html.contains("lossy"), "{html}");

    // Without leave, what loses something is a comment.
    let script = notebook.ok("%snapshot script monday").await;
    let text = script.plain()[0];
    assert!(text.contains(&format!("\nALTER TABLE {keyspace}.orders ADD paid boolean;")), "{text}");
    assert!(text.contains(&format!("\n-- DROP TABLE {keyspace}.log;")), "{text}");

    // The way back, run as it is printed, undoes all of it. (What was lost is not there again.)
    let back = notebook.ok("%snapshot script live monday --allow-lossy").await;
    let script = back.plain()[0].to_owned();
    assert!(script.contains("IMPOSSIBLE in place: A field cannot be dropped from a type: city."), "{script}");
    notebook.ok(&format!("%%cql --yes\n{script}")).await;
    let same = notebook.ok("%snapshot diff monday live").await;
    assert!(same.plain()[0].ends_with("Nothing differs."), "{}", same.plain()[0]);
}

#[tokio::test]
async fn snapshots_are_listed_shown_shared_by_path_and_deleted() {
    let astra = database().await;
    let user = User::without_keychain(None);
    let mut notebook = user.notebook_of(&astra).await;
    let keyspace = astra.keyspace().to_owned();
    notebook.ok("%connect astra --no-save").await;
    notebook.ok(&format!("USE {keyspace};\n{MONDAY}")).await;
    assert!(notebook.ok("%snapshot list").await.plain()[0].contains("There are no snapshots."));

    // Without a name it is the day, and a number from the second one on.
    let option = format!("--keyspace {keyspace}");
    let first = notebook.ok(&format!("%snapshot save {option}")).await;
    let second = notebook.ok(&format!("%snapshot save {option}")).await;
    let name = |text: &str| {
        text.lines().next().unwrap().rsplit(' ').next().unwrap().trim_end_matches('.').to_owned()
    };
    let (first, second) = (name(first.plain()[0]), name(second.plain()[0]));
    assert_eq!(second, format!("{first}-2"));
    let list = notebook.ok("%snapshot list").await;
    assert!(list.plain()[0].contains(&second) && list.plain()[0].contains(&keyspace), "{}", list.plain()[0]);

    let shown = notebook.ok(&format!("%snapshot show {first}")).await;
    let text = shown.plain().join("\n");
    assert!(text.contains("CREATE TABLE") && text.contains(&format!("{keyspace}.orders (")), "{text}");

    // A path is a file of one's own, which another notebook reads without the first one's folder.
    notebook.ok(&format!("%snapshot save ./shared.json {option}")).await;
    let path = notebook.folder.path().join("shared.json");
    assert!(std::fs::read_to_string(&path).unwrap().contains("\"cqlbook_snapshot\": 1"));
    let mut other = Notebook::connected(&astra).await;
    other.ok("ALTER TABLE orders ADD extra int").await;
    let diff = other.ok(&format!("%snapshot diff {}", path.display())).await;
    assert!(diff.plain()[0].contains("+ column extra: int  [safe]"), "{}", diff.plain()[0]);
    assert!(diff.plain()[0].contains("All of it is safe."), "{}", diff.plain()[0]);

    // Two snapshots can be compared without a connection.
    notebook.ok(&format!("%snapshot save later {option}")).await;
    notebook.ok("%disconnect").await;
    let diff = notebook.ok("%snapshot diff ./shared.json later").await;
    assert!(diff.plain()[0].contains("+ column extra: int  [safe]"), "{}", diff.plain()[0]);

    notebook.ok(&format!("%snapshot delete {first}")).await;
    let list = notebook.ok("%snapshot list").await;
    assert!(!list.plain()[0].contains(&format!("{first} ")), "{}", list.plain()[0]);
    let (name, text) = notebook.error("%snapshot show latter").await;
    assert!(name == "USAGE" || name == "NOT_CONNECTED", "{name}: {text}");
    std::fs::write(&path, "not json").unwrap();
    let (name, _) = notebook.error("%snapshot show ./shared.json").await;
    assert_eq!(name, "IMPORT_FAILED");
    let (name, _) = notebook.error("%snapshot diff ./shared.json live").await;
    assert!(name == "IMPORT_FAILED" || name == "NOT_CONNECTED", "{name}");
}

#[tokio::test]
async fn two_connections_are_compared_and_the_notebook_keeps_its_own() {
    let (left, right) = (database().await, database().await);
    let user = User::with_keychain().await;
    let mut other = user.notebook_of(&right).await;
    other.ok(&format!("%connect astra --name test --keyspace {}", right.keyspace())).await;
    other.ok(MONDAY).await;
    other.ok(&format!("%snapshot save base --keyspace {}", right.keyspace())).await;

    let mut notebook = user.notebook_of(&left).await;
    notebook.ok(&format!("%connect astra --name production --keyspace {}", left.keyspace())).await;
    notebook.ok(MONDAY).await;
    notebook.ok("ALTER TABLE orders ADD only_here text").await;
    notebook.ok(&format!("%snapshot save base --keyspace {}", left.keyspace())).await;
    // Two keyspaces by two names, each saved alone: the one is meant as the other.
    let diff = notebook.ok("%snapshot diff base@test base").await;
    // What connects for long says so before.
    let text = *diff.plain().last().unwrap();
    assert!(text.contains("+ column only_here: text  [safe]"), "{text}");
    assert!(text.contains("1 added. All of it is safe."), "{text}");
    let live =
        notebook.ok(&format!("%snapshot diff base@test live@test --keyspace {}", right.keyspace())).await;
    assert!(live.plain().last().unwrap().ends_with("Nothing differs."), "{}", live.transcript());
    let cell = notebook.ok("SELECT only_here FROM orders").await;
    assert_eq!(cell.status(), "ok", "the notebook is where it was");
}

#[tokio::test]
async fn two_kernels_that_save_at_once_take_two_names() {
    let astra = database().await;
    let user = User::without_keychain(None);
    let mut left = user.notebook_of(&astra).await;
    let mut right = user.notebook_of(&astra).await;
    left.ok("%connect astra --no-save").await;
    right.ok("%connect astra --no-save").await;
    let cell = format!("%snapshot save --keyspace {}", astra.keyspace()).repeat(1);
    let three = [&cell[..]; 3].join("\n");
    tokio::join!(left.ok(&three), right.ok(&three));
    let list = left.ok("%snapshot list").await;
    let rows = list.plain()[0].matches(astra.keyspace()).count();
    assert_eq!(rows, 6, "{}", list.plain()[0]);
}

/// A snapshot's file as an earlier Cassandra's would be: its release, its options and its spellings of them.
fn of_cassandra_3(path: &std::path::Path) {
    let text = std::fs::read_to_string(path).unwrap();
    let mut file: serde_json::Value = serde_json::from_str(&text).unwrap();
    let cluster = &mut file["cluster"];
    cluster["release"] = "3.11.19".into();
    cluster["astra"] = false.into();
    let later = [
        "additional_write_policy",
        "allow_auto_snapshot",
        "cdc",
        "incremental_backups",
        "memtable",
        "read_repair",
    ];
    cluster["table_options"].as_array_mut().unwrap().retain(|name| !later.contains(&name.as_str().unwrap()));
    for keyspace in file["keyspaces"].as_object_mut().unwrap().values_mut() {
        for table in keyspace["tables"].as_object_mut().unwrap().values_mut() {
            let options = table["options"].as_object_mut().unwrap();
            options.retain(|name, _| !later.contains(&name.as_str()));
            options["speculative_retry"] = "99PERCENTILE".into();
            options["compaction"] =
                serde_json::json!({"class": "SizeTieredCompactionStrategy", "max_threshold": "32"});
            options["compression"] =
                serde_json::json!({"sstable_compression": "LZ4Compressor", "chunk_length_kb": "16"});
        }
    }
    std::fs::write(path, file.to_string()).unwrap();
}

#[tokio::test]
async fn two_releases_differ_in_what_differs_and_a_script_sets_what_its_target_has() {
    let astra = database().await;
    let user = User::without_keychain(None);
    let mut notebook = user.notebook_of(&astra).await;
    let keyspace = astra.keyspace().to_owned();
    notebook.ok(&format!("%connect astra --no-save --keyspace {keyspace}")).await;
    notebook.ok(MONDAY).await;
    notebook.ok(&format!("%snapshot save ./old.json --keyspace {keyspace}")).await;
    of_cassandra_3(&notebook.folder.path().join("old.json"));
    let diff = notebook.ok("%snapshot diff ./old.json").await;
    let text = diff.plain()[0];
    assert!(
        text.contains("Nothing differs.\nNot compared, because only one of the two servers has"),
        "{text}"
    );
    assert_eq!(text.matches("memtable").count(), 1, "{text}");
    let (first, second) = text.split_once("(the first, Cassandra 3.11.19); ").unwrap();
    assert!(
        first.ends_with("read_repair_chance ") && second.starts_with("additional_write_policy"),
        "{text}"
    );

    notebook.ok("CREATE TABLE more (id int PRIMARY KEY)").await;
    notebook.ok("ALTER TABLE log WITH gc_grace_seconds = 60").await;
    let script = notebook.ok("%snapshot script ./old.json live").await;
    let text = script.plain()[0];
    assert!(
        text.contains("\n-- Left out: table options that Cassandra 3.11.19 does not have: additional"),
        "{text}"
    );
    let statements: Vec<_> = text.lines().filter(|line| !line.starts_with("--")).collect();
    let statements = statements.join("\n");
    for option in ["additional_write_policy", "memtable =", "read_repair =", "'99p'"] {
        assert!(!statements.contains(option), "{option}\n{text}");
    }
    assert!(statements.contains("speculative_retry = '99PERCENTILE'"), "{text}");
    assert!(
        statements.contains(&format!("ALTER TABLE {keyspace}.log WITH gc_grace_seconds = 60;")),
        "{text}"
    );

    // The way back is for this database, which sets some itself; and it runs as it is printed.
    let back = notebook.ok("%snapshot script live ./old.json --allow-lossy").await;
    let text = back.plain()[0].to_owned();
    assert!(text.contains("-- Left out: table options that Astra DB sets itself: "), "{text}");
    notebook.ok(&format!("%%cql --yes\n{text}")).await;
    let same = notebook.ok("%snapshot diff ./old.json").await;
    assert!(same.plain()[0].contains("Nothing differs."), "{}", same.plain()[0]);
}
