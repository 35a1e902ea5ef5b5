//! Several processes over one folder, as two kernels are. The test starts itself as its own children.

use std::path::PathBuf;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use cqlbook_core::secret::Secret;
use cqlbook_vault::{Backend, Credentials, Destination, Paths, Place, Profile, Profiles, Vault};

const FOLDER: &str = "CQLBOOK_TEST_FOLDER";
const WRITER: &str = "CQLBOOK_TEST_WRITER";

#[test]
fn two_processes_lose_none_of_each_others_connections() {
    let folder = tempfile::tempdir().unwrap();
    let writer = |number: &str| {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "processes::a_writer", "--include-ignored"]);
        command.env(FOLDER, folder.path()).env(WRITER, number).spawn().unwrap()
    };
    let writers = [writer("1"), writer("2"), writer("3")];
    for mut writer in writers {
        assert!(writer.wait().unwrap().success());
    }
    let profiles = Profiles::at(Paths::within(folder.path()).connections());
    assert_eq!(profiles.list().unwrap().len(), 3 * 20);
}

#[test]
#[ignore = "a child of the test above"]
fn a_writer() {
    let folder = PathBuf::from(std::env::var_os(FOLDER).expect("started by the test above"));
    let writer = std::env::var(WRITER).unwrap();
    let profiles = Profiles::at(Paths::within(&folder).connections());
    for number in 0..20 {
        let place = Place::Astra { bundle: "scb.zip".into() };
        profiles.save(&Profile::new(&format!("{writer}-{number}"), place).unwrap()).unwrap();
    }
}

/// What one of the processes below does with the vault.
const DOES: &str = "CQLBOOK_TEST_DOES";

fn there() -> Destination {
    Destination::new("astra", &["db.example:29080"], None, "db.example:29080")
}

fn vault(folder: &std::path::Path) -> Vault {
    Vault::new(&Paths::within(folder), Backend::File(Secret::new("correct horse".to_owned())))
}

fn save(vault: &Vault, name: &str) {
    let known = vault.profiles().get(name).ok();
    let place = Place::Astra { bundle: "scb.zip".into() };
    let profile = known.unwrap_or_else(|| Profile::new(name, place).unwrap());
    let credentials = Credentials { user: None, password: Secret::new(format!("secret of {name}")) };
    let sealed = vault.sealer().unwrap().seal(&profile, &there(), &credentials).unwrap();
    vault.save(&profile, Some(&sealed)).unwrap();
}

/// Every connection of the file opens, and has the secret that was entered for it.
fn check(vault: &Vault) -> Vec<String> {
    let names = vault.profiles().names().unwrap();
    for name in &names {
        let profile = vault.profiles().get(name).unwrap();
        let opened = vault.credentials(&profile, &there()).unwrap();
        let opened = opened.unwrap_or_else(|| panic!("the secret of {name} is lost"));
        assert!(opened.password.expose().starts_with("secret of "), "{name}");
    }
    names
}

fn start(folder: &std::path::Path, writer: &str, does: &str) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "processes::a_user_of_the_vault", "--include-ignored"]);
    command.env(FOLDER, folder).env(WRITER, writer).env(DOES, does);
    command.stdout(std::process::Stdio::null()).spawn().unwrap()
}

#[test]
#[ignore = "a child of the tests below"]
fn a_user_of_the_vault() {
    let folder = PathBuf::from(std::env::var_os(FOLDER).expect("started by a test below"));
    let writer = std::env::var(WRITER).unwrap();
    let vault = vault(&folder);
    match std::env::var(DOES).unwrap().as_str() {
        "save own" => save(&vault, &writer),
        "save one" => save(&vault, "One"),
        "everything" => {
            for round in 0..4 {
                let (name, renamed) = (format!("{writer}-{round}"), format!("{writer}-{round}-renamed"));
                save(&vault, &name);
                vault.profiles().rename(&name, &renamed).unwrap();
                if round == 1 {
                    assert!(vault.rotate_keys().unwrap().unreadable.is_empty());
                }
                let profile = vault.profiles().get(&renamed).unwrap();
                assert!(vault.credentials(&profile, &there()).unwrap().is_some(), "{renamed}");
                if round % 2 == 0 {
                    vault.delete(&renamed).unwrap();
                }
            }
        }
        _ => loop {
            save(&vault, &writer);
            vault.rotate_keys().unwrap();
            save(&vault, "One");
            let _ = vault.delete(&writer);
        },
    }
}

#[test]
fn twenty_that_save_at_once_in_a_new_store_all_do() {
    for (does, expected) in [("save own", 20), ("save one", 1)] {
        let folder = tempfile::tempdir().unwrap();
        let started = Instant::now();
        let all: Vec<_> = (0..20).map(|number| start(folder.path(), &format!("w{number}"), does)).collect();
        for mut one in all {
            assert!(one.wait().unwrap().success(), "{does}");
        }
        assert_eq!(check(&vault(folder.path())).len(), expected, "{does}");
        assert!(started.elapsed() < Duration::from_secs(110), "{does}: {:?}", started.elapsed());
    }
}

#[test]
fn ten_that_save_rename_delete_and_rotate_at_once_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let all: Vec<_> =
        (0..10).map(|number| start(folder.path(), &format!("w{number}"), "everything")).collect();
    for mut one in all {
        assert!(one.wait().unwrap().success());
    }
    assert_eq!(check(&vault(folder.path())).len(), 10 * 2);
}

#[test]
fn writers_that_are_killed_at_any_moment_leave_what_was_or_what_is() {
    let folder = tempfile::tempdir().unwrap();
    let ours = vault(folder.path());
    for name in ["Before", "One"] {
        save(&ours, name);
    }
    let mut seed = 20_261_130_u64;
    for round in 0..16 {
        let mut writers: Vec<_> =
            (0..2).map(|number| start(folder.path(), &format!("w{number}"), "until killed")).collect();
        // xorshift: the moments differ, and are the same in every run.
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        std::thread::sleep(Duration::from_millis(150 + seed % 900));
        for writer in &mut writers {
            writer.kill().unwrap();
            writer.wait().unwrap();
        }
        let names = check(&ours);
        for name in ["Before", "One"] {
            assert!(names.iter().any(|known| known == name), "{name} is lost in round {round}: {names:?}");
        }
    }
    // The next writer cleans away what they left.
    save(&ours, "After");
    let keys = std::fs::read_to_string(Paths::within(folder.path()).keys()).unwrap();
    assert!(!keys.contains("unsure"), "{keys}");
}
