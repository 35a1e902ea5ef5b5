//! The machine's side: the program itself, its folders, the keychain, the loopback interface, the environment.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use cqlbook_core::secret::Secret;
use cqlbook_vault::keychain::{self, Status};
use cqlbook_vault::{Paths, Profiles, VaultError};

use super::finding::Finding;
use crate::explain::proxy;
use crate::explain::vault::PASSPHRASE;

/// How long a connection of this machine to itself may take.
const LOOPBACK: Duration = Duration::from_secs(5);

/// What to do where there is no keychain.
const WITHOUT_KEYCHAIN: &str = "Secrets are then held for a session only. Set CQLBOOK_VAULT_PASSPHRASE to keep them in a file that is sealed under it.";
/// The same, where that is done already.
const WITH_PASSPHRASE: &str = "CQLBOOK_VAULT_PASSPHRASE is set: secrets are kept in a file that is sealed under it. There is nothing to do.";

/// Which program this is.
pub(super) fn program() -> Finding {
    let version = env!("CARGO_PKG_VERSION");
    match std::env::current_exe() {
        Ok(path) => Finding::good("Program", format!("cqlbook {version} at {}.", path.display())),
        Err(error) => Finding::warning(
            "Program",
            format!("cqlbook {version} cannot find its own path. The system says: {error}."),
            "Start it by its full path.",
        ),
    }
}

/// Whether connections can be saved.
pub(super) fn folders() -> Vec<Finding> {
    let Some(paths) = Paths::of_user() else {
        return vec![Finding::wrong("Folders", "The user's home folder is unknown.", "Set HOME.")];
    };
    let mut folders = vec![paths.config, paths.data];
    folders.dedup();
    folders.iter().map(|folder| writable(folder)).collect()
}

/// Whether what is saved can be read: the connections, the keys, and the vault file where there is one. No secret is opened but
/// to see whether the passphrase of the environment opens the file.
pub(super) async fn stores() -> Vec<Finding> {
    let Some(paths) = Paths::of_user() else { return Vec::new() };
    let passphrase = std::env::var(PASSPHRASE).ok().filter(|text| !text.is_empty()).map(Secret::new);
    let looked = tokio::task::spawn_blocking(move || {
        let mut findings = connections(&paths);
        findings.extend(
            cqlbook_vault::look(&paths, passphrase)
                .into_iter()
                .map(|(path, error)| judge_store(&path, error)),
        );
        findings
    });
    looked.await.unwrap_or_default()
}

fn connections(paths: &Paths) -> Vec<Finding> {
    const ABOUT: &str = "Connections";
    let profiles = Profiles::at(paths.connections());
    let path = profiles.path().display().to_string();
    match profiles.broken() {
        Err(error) => vec![Finding::wrong(
            ABOUT,
            format!("The saved connections cannot be read: {error}."),
            format!("Correct the file, or move {path} aside: its connections have to be made again then."),
        )],
        Ok(broken) => broken
            .into_iter()
            .map(|(name, reason)| {
                let name = name.unwrap_or_else(|| "one without a name".to_owned());
                Finding::warning(
                    ABOUT,
                    format!("`{name}` cannot be used: {reason}."),
                    format!("Correct it in {path}."),
                )
            })
            .collect(),
    }
}

fn judge_store(path: &Path, error: Option<VaultError>) -> Finding {
    const ABOUT: &str = "Secrets";
    let path = path.display();
    match error {
        None => Finding::good(ABOUT, format!("{path} can be read.")),
        Some(VaultError::WrongPassphrase) => Finding::wrong(
            ABOUT,
            format!("{PASSPHRASE} does not open {path}, or the file was changed."),
            format!(
                "Set it to the passphrase that the file was made with. If that is lost, move {path} aside, and enter each secret again: `%connection edit NAME --client-secret`."
            ),
        ),
        Some(error) => Finding::wrong(
            ABOUT,
            format!("{error}."),
            format!(
                "Put a copy from before back. Else move {path} aside, and enter each secret again: `%connection edit NAME --client-secret`."
            ),
        ),
    }
}

/// Whether a folder can be written to or made.
fn writable(folder: &Path) -> Finding {
    let advice = || format!("Make {} a folder of yours that can be written to.", folder.display());
    let Some(nearest) = folder.ancestors().find(|path| path.exists()) else {
        return Finding::wrong("Folders", format!("{} cannot be made.", folder.display()), advice());
    };
    match try_writing(nearest) {
        Ok(()) if nearest == folder => {
            Finding::good("Folders", format!("{} can be written to.", folder.display()))
        }
        Ok(()) => Finding::good("Folders", format!("{} can be made when it is needed.", folder.display())),
        Err(error) => Finding::wrong(
            "Folders",
            format!(
                "{} cannot be written to, so that connections cannot be saved. The system says: {error}.",
                nearest.display()
            ),
            advice(),
        ),
    }
}

fn try_writing(folder: &Path) -> io::Result<()> {
    let path: PathBuf = folder.join(format!(".cqlbook-doctor-{}", std::process::id()));
    std::fs::OpenOptions::new().write(true).create_new(true).open(&path)?.write_all(b"probe")?;
    std::fs::remove_file(&path)
}

/// Whether secrets can be kept.
pub(super) async fn keychain() -> Finding {
    let asked = tokio::task::spawn_blocking(|| match keychain::status() {
        Status::Available => (Status::Available, keychain::probe()),
        status => (status, Ok(())),
    });
    match tokio::time::timeout(Duration::from_secs(15), asked).await {
        Ok(Ok((status, probe))) => {
            judge_keychain(&status, probe.map_err(|error| error.to_string()), has_passphrase())
        }
        Ok(Err(_)) | Err(_) => judge_keychain(
            &Status::Absent { cause: "The keychain service does not answer.".to_owned() },
            Ok(()),
            has_passphrase(),
        ),
    }
}

fn has_passphrase() -> bool {
    std::env::var_os(PASSPHRASE).is_some_and(|value| !value.is_empty())
}

fn judge_keychain(status: &Status, probe: Result<(), String>, has_passphrase: bool) -> Finding {
    const ABOUT: &str = "Keychain";
    if let (Status::Absent { cause }, true) = (status, has_passphrase) {
        return Finding::note(ABOUT, format!("{cause} {WITH_PASSPHRASE}"));
    }
    match (status, probe) {
        (Status::Available, Ok(())) => Finding::good(ABOUT, "It is open and keeps secrets."),
        (Status::Available, Err(reason)) => Finding::warning(
            ABOUT,
            format!("It answers, but does not keep what it is given: {reason}."),
            WITHOUT_KEYCHAIN,
        ),
        (Status::Locked, _) => Finding::warning(
            ABOUT,
            "It is locked.",
            "Unlock it: log in at the desktop, or answer when the desktop asks for its password.",
        ),
        (Status::Absent { cause }, _) => Finding::warning(ABOUT, cause.as_str(), WITHOUT_KEYCHAIN),
    }
}

/// Whether this machine can talk to itself, which Jupyter and the kernel do on five ports.
pub(super) fn loopback() -> Finding {
    const ABOUT: &str = "Loopback";
    match five_ports() {
        Ok(()) => {
            Finding::good(ABOUT, "Five ports on 127.0.0.1 can be opened and reached, as a kernel needs.")
        }
        Err(error) => Finding::wrong(
            ABOUT,
            format!("Ports on 127.0.0.1 cannot be opened and reached. The system says: {error}."),
            "Bring the loopback interface up, and let a local firewall or sandbox allow connections to 127.0.0.1.",
        ),
    }
}

fn five_ports() -> io::Result<()> {
    let listeners =
        (0..5).map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).collect::<io::Result<Vec<_>>>()?;
    for listener in &listeners {
        let mut near = TcpStream::connect_timeout(&listener.local_addr()?, LOOPBACK)?;
        let (mut far, _) = listener.accept()?;
        far.set_read_timeout(Some(LOOPBACK))?;
        near.write_all(b"!")?;
        far.read_exact(&mut [0])?;
    }
    Ok(())
}

/// What of the environment matters, by name only.
pub(super) fn environment() -> Vec<Finding> {
    judge_environment(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

fn judge_environment(is_set: impl Fn(&str) -> bool) -> Vec<Finding> {
    const ABOUT: &str = "Environment";
    let set = |names: &[&'static str]| names.iter().copied().filter(|name| is_set(name)).collect::<Vec<_>>();
    let mut findings = Vec::new();
    let proxies = proxy::set_by(&is_set);
    if !proxies.is_empty() {
        let found = format!("{} set, and not used: databases are reached directly.", proxy::are(&proxies));
        findings.push(Finding::note(ABOUT, found));
    }
    let astra = set(&[
        "ASTRA_DB_SECURE_BUNDLE_PATH",
        "ASTRA_DB_CLIENT_ID",
        "ASTRA_DB_CLIENT_SECRET",
        "ASTRA_DB_APPLICATION_TOKEN",
    ]);
    if !astra.is_empty() {
        findings.push(Finding::note(
            ABOUT,
            format!("{} set; `%connect astra` takes what is there.", proxy::are(&astra)),
        ));
    }
    findings
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::super::finding::{Mark, text};
    use super::*;

    #[test]
    fn a_keychain_that_cannot_be_used_is_a_warning_with_a_way_out() {
        let absent = Status::Absent { cause: "There is no D-Bus session.".to_owned() };
        let findings = [
            judge_keychain(&Status::Available, Ok(()), false),
            judge_keychain(&Status::Available, Err("the keychain failed: disk full".to_owned()), false),
            judge_keychain(&Status::Locked, Ok(()), false),
            judge_keychain(&absent, Ok(()), false),
        ];
        assert_snapshot!(text(&findings), @r"
        ✓ ok       Keychain  It is open and keeps secrets.
        ! warning  Keychain  It answers, but does not keep what it is given: the keychain failed: disk full.
                             → Secrets are then held for a session only. Set CQLBOOK_VAULT_PASSPHRASE to keep them in a file that is sealed under it.
        ! warning  Keychain  It is locked.
                             → Unlock it: log in at the desktop, or answer when the desktop asks for its password.
        ! warning  Keychain  There is no D-Bus session.
                             → Secrets are then held for a session only. Set CQLBOOK_VAULT_PASSPHRASE to keep them in a file that is sealed under it.

        Nothing is wrong; 3 things could be better.
        ");
    }

    #[test]
    fn variables_are_named_and_not_shown() {
        let findings = judge_environment(|name| {
            ["HTTPS_PROXY", "ASTRA_DB_CLIENT_ID", "ASTRA_DB_CLIENT_SECRET"].contains(&name)
        });
        assert_snapshot!(text(&findings), @r"
        – note     Environment  HTTPS_PROXY is set, and not used: databases are reached directly.
        – note     Environment  ASTRA_DB_CLIENT_ID, ASTRA_DB_CLIENT_SECRET are set; `%connect astra` takes what is there.

        All is well.
        ");
        assert_eq!(judge_environment(|_| false), []);
    }

    #[test]
    fn a_folder_is_tried_and_left_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(writable(&folder.path().join("a/b")).mark, Mark::Good);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        assert_eq!(writable(&file.join("below")).mark, Mark::Wrong);
    }

    #[test]
    fn this_machine_can_talk_to_itself() {
        assert_eq!(loopback().mark, Mark::Good);
    }
}
