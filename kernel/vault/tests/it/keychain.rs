//! A real gnome-keyring under a D-Bus of its own, with a home of its own. The test starts itself as the one who uses them.
//!
//! It needs Debian's packages dbus and gnome-keyring, and fails where they are missing: `cargo xtask test` installs them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use cqlbook_core::secret::Secret;
use cqlbook_vault::keychain::{self, Keychain, Status, Store, StoreError};
use cqlbook_vault::{Backend, Credentials, Destination, Paths, Place, Profile, Vault, VaultError};

const SECRET: &str = "AstraCS:s3cr3tv4lues3cr3tv4lue";
const CLIENT_ID: &str = "cl13nt1dv4lue";

fn there() -> Destination {
    Destination::new("astra", &["db.example:29080"], None, "db.example:29080")
}

/// A home with nothing in it, and the runtime folder of its session.
struct Home {
    folder: tempfile::TempDir,
}

impl Home {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let runtime = folder.path().join("runtime");
        fs::create_dir(&runtime).unwrap();
        fs::set_permissions(&runtime, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
        Self { folder }
    }

    /// Runs one of the children below in a session of its own, after `before`, a line of shell.
    fn session(&self, before: &str, child: &str, bus: &[&str]) -> Output {
        let mut command = self.command("dbus-run-session");
        command.args(bus).args(["--", "sh", "-c"]);
        command.arg(format!("{before}\nexec \"$0\" --exact keychain::{child} --include-ignored --nocapture"));
        self.run(command.arg(std::env::current_exe().unwrap()))
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap());
        command.env("HOME", self.folder.path()).env("XDG_RUNTIME_DIR", self.folder.path().join("runtime"));
        command
    }

    fn run(&self, command: &mut Command) -> Output {
        let output = command.output().unwrap();
        let told = String::from_utf8_lossy(&output.stdout);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && told.contains("1 passed"), "{told}\n{errors}");
        output
    }
}

/// Says plainly what is missing.
fn need(programs: &[&str]) {
    let path = std::env::var_os("PATH").unwrap_or_default();
    for program in programs {
        let there = std::env::split_paths(&path).any(|folder| folder.join(program).is_file());
        assert!(
            there,
            "{program} is missing. Install it, for example with: sudo apt-get install dbus gnome-keyring"
        );
    }
}

/// Unlocks gnome-keyring's login keyring, and makes it first.
const UNLOCKED: &str =
    "printf 'pw\\n' | gnome-keyring-daemon --unlock --components=secrets --daemonize >/dev/null";

#[test]
fn secrets_are_kept_in_the_secret_service_and_nowhere_else() {
    need(&["dbus-run-session", "gnome-keyring-daemon"]);
    let home = Home::new();
    let output = home.session(UNLOCKED, "an_open_keychain", &[]);
    for text in [&output.stdout, &output.stderr] {
        let text = String::from_utf8_lossy(text);
        assert!(!text.contains(SECRET) && !text.contains(CLIENT_ID), "{text}");
    }
    let mut searched = Vec::new();
    search(home.folder.path(), &mut searched);
    for name in ["connections.toml", "keys.toml", "login.keyring"] {
        assert!(searched.iter().any(|path| path.ends_with(name)), "{name} is not among {searched:?}");
    }
    // Another day: the keyring is read from its file again.
    home.session(UNLOCKED, "the_next_session", &[]);
}

#[test]
#[ignore = "a child of the test above"]
fn an_open_keychain() {
    assert_eq!(keychain::status(), Status::Available);
    keychain::probe().unwrap();
    let keychain = Keychain::open().unwrap();
    assert!(keychain.get("nobody").unwrap().is_none());
    keychain.set("bytes", &[0, 255, 10]).unwrap();
    keychain.set("bytes", &[1, 0, 255, 10]).unwrap();
    assert_eq!(keychain.get("bytes").unwrap().unwrap().as_slice(), [1, 0, 255, 10]);
    keychain.delete("bytes").unwrap();
    keychain.delete("bytes").unwrap();
    assert!(keychain.get("bytes").unwrap().is_none());

    let vault =
        Vault::new(&Paths::of_user().unwrap(), Backend::choose(Some(Secret::new("unused".to_owned()))));
    for name in ["Production", "Gone"] {
        let profile = Profile::new(name, Place::Astra { bundle: "scb.zip".into() }).unwrap();
        let credentials = Credentials {
            user: Some(Secret::new(CLIENT_ID.to_owned())),
            password: Secret::new(SECRET.to_owned()),
        };
        let sealed = vault.sealer().unwrap().seal(&profile, &there(), &credentials).unwrap();
        vault.save(&profile, Some(&sealed)).unwrap();
    }
    assert_eq!(vault.rotate_keys().unwrap().resealed, 2);
    vault.delete("Gone").unwrap();
    assert!(
        !Paths::of_user().unwrap().vault_file().exists(),
        "where a keychain is, the passphrase makes no file"
    );
}

#[test]
#[ignore = "a child of the test above"]
fn the_next_session() {
    let vault = Vault::new(&Paths::of_user().unwrap(), Backend::Keychain);
    let profile = vault.profiles().get("production").unwrap();
    let credentials = vault.credentials(&profile, &there()).unwrap().expect("they were kept");
    assert_eq!(credentials.user.unwrap().expose(), CLIENT_ID);
    assert_eq!(credentials.password.expose(), SECRET);

    // Locked, and no desktop to ask for the password: that is said at once.
    let service =
        secret_service::blocking::SecretService::connect(secret_service::EncryptionType::Plain).unwrap();
    service.get_default_collection().unwrap().lock().unwrap();
    let started = Instant::now();
    assert_eq!(keychain::status(), Status::Locked);
    assert!(matches!(Keychain::open(), Err(StoreError::Locked)));
    assert!(matches!(vault.credentials(&profile, &there()), Err(VaultError::NoKeychain(Status::Locked))));
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}

#[test]
fn a_session_without_a_keyring_or_a_service_or_a_bus_is_told_apart() {
    need(&["dbus-run-session", "gnome-keyring-daemon"]);
    let home = Home::new();
    home.session("gnome-keyring-daemon --start --components=secrets >/dev/null", "no_default_keyring", &[]);
    // A bus that knows no service, and one that lets no answer through.
    for (child, policy) in [("no_service", "<allow receive_sender=\"*\"/>"), ("a_mute_bus", "")] {
        let config = home.folder.path().join(child);
        let config_text = format!(
            "<busconfig><type>session</type><listen>unix:tmpdir=/tmp</listen>\
             <policy context=\"default\"><allow send_destination=\"*\"/>{policy}<allow own=\"*\"/></policy></busconfig>"
        );
        fs::write(&config, config_text).unwrap();
        home.session("", child, &["--config-file", config.to_str().unwrap()]);
    }
    let mut alone = home.command(std::env::current_exe().unwrap().to_str().unwrap());
    home.run(alone.args(["--exact", "keychain::no_bus", "--include-ignored", "--nocapture"]));
}

#[test]
#[ignore = "a child of the test above"]
fn no_default_keyring() {
    let Status::Absent { cause } = keychain::status() else { panic!("nothing can be kept") };
    assert!(cause.contains("has no default keyring"), "{cause}");
}

#[test]
#[ignore = "a child of the test above"]
fn no_service() {
    let Status::Absent { cause } = keychain::status() else { panic!("there is none") };
    assert!(cause.contains("No Secret Service"), "{cause}");
    assert!(matches!(Keychain::open(), Err(StoreError::Absent { .. })));
}

#[test]
#[ignore = "a child of the test above"]
fn a_mute_bus() {
    let started = Instant::now();
    let Status::Absent { cause } = keychain::status() else { panic!("it says nothing") };
    assert!(cause.contains("did not answer within"), "{cause}");
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
}

#[test]
#[ignore = "a child of the test above"]
fn no_bus() {
    let Status::Absent { cause } = keychain::status() else { panic!("there is none") };
    assert!(cause.contains("There is no D-Bus session"), "{cause}");
    let vault = Vault::new(&Paths::of_user().unwrap(), Backend::choose(None));
    assert!(matches!(vault.sealer(), Err(VaultError::NoKeychain(Status::Absent { .. }))));
    let vault =
        Vault::new(&Paths::of_user().unwrap(), Backend::choose(Some(Secret::new("horse".to_owned()))));
    vault.sealer().unwrap();
    assert!(
        Paths::of_user().unwrap().vault_file().exists(),
        "the passphrase makes the file that was asked for"
    );
}

/// Looks for the secrets in every file below a folder.
fn search(folder: &Path, searched: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            search(&path, searched);
        } else if kind.is_file() {
            let bytes = fs::read(&path).unwrap();
            for hidden in [SECRET, CLIENT_ID] {
                let found = bytes.windows(hidden.len()).any(|part| part == hidden.as_bytes());
                assert!(!found, "a secret is in {}", path.display());
            }
            searched.push(path);
        }
    }
}
