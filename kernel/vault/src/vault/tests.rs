//! Connections with their secrets, over a store in memory: what is kept, what opens it, what an attacker has of it.

mod copies;

use super::*;
use crate::profile::Place;
use crate::testing::Memory;

fn there() -> Destination {
    Destination::new("astra", &["db.example:29080"], Some("db"), "db.example:29080")
}

const ID: &str = "cl13nt-1d";
const SECRET: &str = "s3cr3tv4lue";

struct House {
    folder: tempfile::TempDir,
    store: Arc<Memory>,
    vault: Vault,
}

impl House {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(Memory::default());
        let vault = vault(&folder, &store);
        Self { folder, store, vault }
    }

    /// A connection with credentials, saved.
    fn saved(&self, name: &str) -> Profile {
        let profile = astra(name);
        let sealed = self.vault.sealer().unwrap().seal(&profile, &there(), &credentials()).unwrap();
        self.vault.save(&profile, Some(&sealed)).unwrap();
        profile
    }

    fn paths(&self) -> Paths {
        Paths::within(self.folder.path())
    }

    fn entry(&self, profile: &Profile) -> String {
        account(profile.id(), Slot::First)
    }
}

fn vault(folder: &tempfile::TempDir, store: &Arc<Memory>) -> Vault {
    Vault::new(&Paths::within(folder.path()), Backend::Other(Arc::clone(store) as Arc<dyn Store>))
}

fn astra(name: &str) -> Profile {
    Profile::new(name, Place::Astra { bundle: "scb.zip".into() }).unwrap()
}

fn credentials() -> Credentials {
    Credentials { user: Some(Secret::new(ID.to_owned())), password: Secret::new(SECRET.to_owned()) }
}

/// User and password as text.
fn told(credentials: Credentials) -> (Option<String>, String) {
    (credentials.user.map(|user| user.expose().to_owned()), credentials.password.expose().to_owned())
}

fn both() -> (Option<String>, String) {
    (Some(ID.to_owned()), SECRET.to_owned())
}

#[test]
fn what_is_saved_is_opened_by_another_process_of_this_installation() {
    let house = House::new();
    let profile = house.saved("Production");
    let later = vault(&house.folder, &house.store);
    let found = later.profiles().get("production").unwrap();
    assert_eq!(found, profile);
    assert_eq!(told(later.credentials(&found, &there()).unwrap().unwrap()), both());
}

#[test]
fn credentials_are_tested_sealed_before_anything_is_saved() {
    let house = House::new();
    let profile = astra("Production");
    let sealed = house.vault.sealer().unwrap().seal(&profile, &there(), &credentials()).unwrap();
    assert_eq!(told(house.vault.reveal(&profile, &there(), &sealed).unwrap()), both());
    assert!(house.vault.credentials(&profile, &there()).unwrap().is_none());
    assert!(house.vault.profiles().list().unwrap().is_empty());
}

#[test]
fn a_password_alone_is_kept_for_a_cluster() {
    let house = House::new();
    let profile = astra("Cluster");
    let alone = Credentials { user: None, ..credentials() };
    let sealed = house.vault.sealer().unwrap().seal(&profile, &there(), &alone).unwrap();
    house.vault.save(&profile, Some(&sealed)).unwrap();
    assert_eq!(
        told(house.vault.credentials(&profile, &there()).unwrap().unwrap()),
        (None, SECRET.to_owned())
    );
}

#[test]
fn a_new_name_keeps_the_secrets_and_an_edit_without_new_ones_too() {
    let house = House::new();
    house.saved("Old");
    let mut renamed = house.vault.profiles().rename("old", "New").unwrap();
    renamed.keyspace = Some("shop".to_owned());
    house.vault.save(&renamed, None).unwrap();
    assert_eq!(told(house.vault.credentials(&renamed, &there()).unwrap().unwrap()), both());
}

#[test]
fn deleting_takes_the_secrets_too() {
    let house = House::new();
    let profile = house.saved("Production");
    assert!(house.store.accounts().contains(&house.entry(&profile)));
    assert!(matches!(house.vault.delete("production").unwrap(), Deleted::Whole));
    assert!(!house.store.accounts().contains(&house.entry(&profile)));
    assert!(matches!(
        house.vault.delete("production"),
        Err(VaultError::Profile(ProfileError::NotFound { .. }))
    ));
}

#[test]
fn a_name_that_is_taken_changes_nothing() {
    let house = House::new();
    house.saved("Production");
    let accounts = house.store.accounts();
    let second = Profile::new("PRODUCTION", Place::Astra { bundle: "other.zip".into() }).unwrap();
    let sealed = house.vault.sealer().unwrap().seal(&second, &there(), &credentials()).unwrap();
    let error = house.vault.save(&second, Some(&sealed)).unwrap_err();
    assert!(matches!(error, VaultError::Profile(ProfileError::Taken { .. })));
    assert_eq!(house.store.accounts(), accounts);
}

#[test]
fn one_connections_secrets_do_not_open_for_another() {
    let house = House::new();
    let (one, two) = (house.saved("One"), house.saved("Two"));
    let bytes = house.store.get(&house.entry(&one)).unwrap().unwrap();
    house.store.set(&house.entry(&two), &bytes).unwrap();
    let Err(VaultError::Unreadable { name, reason }) = house.vault.credentials(&two, &there()) else {
        panic!("moved secrets must not open");
    };
    assert_eq!((name.as_str(), reason.as_str()), ("Two", "it was changed, or belongs to another connection"));
    let sealed = SealedCredentials::from_bytes(&bytes).unwrap();
    assert!(matches!(house.vault.save(&two, Some(&sealed)), Err(VaultError::Unreadable { .. })));
    let swapped = SealedCredentials {
        user: Some(sealed.password.clone()),
        password: sealed.user.clone().unwrap(),
        opener: None,
    };
    assert!(house.vault.reveal(&one, &there(), &swapped).is_err(), "fields do not change places");
}

#[test]
fn every_kind_of_damage_is_told_and_not_guessed() {
    let house = House::new();
    let profile = house.saved("Production");
    let entry = house.entry(&profile);
    let whole = house.store.get(&entry).unwrap().unwrap();
    let half = whole.len() / 2;
    let mut changed = whole.to_vec();
    changed[half] ^= 1;
    for bytes in [&[][..], b"x", &whole[..half], &changed, &[whole.as_slice(), b"!"].concat()] {
        house.store.set(&entry, bytes).unwrap();
        assert!(matches!(house.vault.credentials(&profile, &there()), Err(VaultError::Unreadable { .. })));
    }
    house.store.set(&entry, &whole).unwrap();
    let keys = house.paths().keys();
    let text = std::fs::read_to_string(&keys).unwrap();
    std::fs::remove_file(&keys).unwrap();
    let error = house.vault.credentials(&profile, &there()).map(drop).unwrap_err().to_string();
    assert!(error.contains("not on this machine"), "{error}");
    std::fs::write(&keys, "no TOML [").unwrap();
    assert!(matches!(house.vault.credentials(&profile, &there()), Err(VaultError::KeysDamaged { .. })));
    assert!(matches!(house.vault.sealer(), Err(VaultError::KeysDamaged { .. })), "it is not overwritten");
    std::fs::write(&keys, text.replace("version = 1", "version = 2")).unwrap();
    assert!(matches!(house.vault.sealer(), Err(VaultError::Newer { .. })));
}

#[test]
fn without_a_keychain_connections_can_still_be_listed_saved_and_deleted() {
    let house = House::new();
    let profile = house.saved("Production");
    house.store.fail(Some(StoreError::Absent { cause: "No D-Bus.".to_owned() }));
    let absent = |error: VaultError| matches!(error, VaultError::NoKeychain(Status::Absent { cause }) if cause == "No D-Bus.");
    assert!(absent(house.vault.sealer().map(drop).unwrap_err()));
    assert!(absent(house.vault.credentials(&profile, &there()).map(drop).unwrap_err()));
    house.vault.save(&astra("Session only"), None).unwrap();
    assert_eq!(house.vault.profiles().list().unwrap().len(), 2);
    let Deleted::SecretsLeft(error) = house.vault.delete("Production").unwrap() else {
        panic!("they could not be looked for");
    };
    assert!(absent(error));
    house.store.fail(Some(StoreError::Locked));
    assert!(matches!(house.vault.sealer(), Err(VaultError::NoKeychain(Status::Locked))));
}

#[test]
fn a_copy_of_the_home_folder_without_the_keychain_tells_nothing() {
    let house = House::new();
    let profile = house.saved("Production");
    for entry in [house.paths().connections(), house.paths().keys()] {
        let text = std::fs::read_to_string(&entry).unwrap();
        assert!(!text.contains(ID) && !text.contains(SECRET), "{text}");
    }
    // The thief has the files and a keychain of his own, even with our sealed entry in it.
    let thief = Arc::new(Memory::default());
    let bytes = house.store.get(&house.entry(&profile)).unwrap().unwrap();
    thief.set(&house.entry(&profile), &bytes).unwrap();
    let stolen = vault(&house.folder, &thief);
    assert!(matches!(stolen.credentials(&profile, &there()), Err(VaultError::Unreadable { .. })));
    // A key that he puts under our pair's name does not fit it.
    let pair = house.store.accounts().into_iter().find(|account| account.starts_with("key-")).unwrap();
    thief.set(&pair, &[0; 32]).unwrap();
    assert!(matches!(stolen.credentials(&profile, &there()), Err(VaultError::Unreadable { .. })));
}

#[test]
fn a_public_key_put_in_place_of_ours_gets_nothing_sealed() {
    let house = House::new();
    house.saved("Production");
    let other = House::new();
    other.saved("His");
    std::fs::copy(other.paths().keys(), house.paths().keys()).unwrap();
    let before = crate::envelope::KeyId::to_string(&other.vault.sealer().unwrap().key.id());
    let sealer = house.vault.sealer().unwrap();
    assert_ne!(sealer.key.id().to_string(), before, "a pair that our keychain cannot open is not used");
}

#[test]
fn a_keychain_that_was_emptied_gets_new_keys_and_the_secret_can_be_entered_again() {
    let house = House::new();
    let profile = house.saved("Production");
    house.store.entries.lock().unwrap().clear();
    assert!(house.vault.credentials(&profile, &there()).unwrap().is_none(), "there is none to open");
    let sealed = house.vault.sealer().unwrap().seal(&profile, &there(), &credentials()).unwrap();
    house.vault.save(&profile, Some(&sealed)).unwrap();
    assert_eq!(told(house.vault.credentials(&profile, &there()).unwrap().unwrap()), both());
}

#[test]
fn two_stores_over_one_folder_each_keep_their_own_pair() {
    let house = House::new();
    let profile = house.saved("Production");
    let first = house.vault.sealer().unwrap().key.id();
    let elsewhere = Arc::new(Memory::default());
    let second = vault(&house.folder, &elsewhere).sealer().unwrap().key.id();
    assert_ne!(first, second);
    assert_eq!(house.vault.sealer().unwrap().key.id(), first, "the pair that this store opens");
    assert_eq!(told(house.vault.credentials(&profile, &there()).unwrap().unwrap()), both());
}

#[test]
fn rotation_seals_everything_anew_and_forgets_the_old_pair() {
    let house = House::new();
    let (one, two) = (house.saved("One"), house.saved("Two"));
    house.vault.save(&astra("Without secrets"), None).unwrap();
    let broken = house.saved("Broken");
    house.store.set(&house.entry(&broken), b"x").unwrap();
    let old = house.vault.sealer().unwrap();
    let before = house.store.get(&house.entry(&one)).unwrap().unwrap();
    let rotated = house.vault.rotate_keys().unwrap();
    assert_eq!(rotated, Rotated { resealed: 2, unreadable: vec!["Broken".to_owned()] });
    for profile in [&one, &two] {
        assert_eq!(told(house.vault.credentials(profile, &there()).unwrap().unwrap()), both());
    }
    let keys: Vec<_> = house.store.accounts().into_iter().filter(|name| name.starts_with("key-")).collect();
    assert_eq!(keys.len(), 1);
    assert!(!keys[0].contains(&old.key.id().to_string()));
    let text = std::fs::read_to_string(house.paths().keys()).unwrap();
    assert!(!text.contains(&old.key.id().to_string()), "{text}");
    // An old copy of the entry opens no more, and what was sealed with the old pair is not taken.
    house.store.set(&house.entry(&one), &before).unwrap();
    assert!(matches!(house.vault.credentials(&one, &there()), Err(VaultError::Unreadable { .. })));
    // What was typed meanwhile is sealed anew.
    let late = old.seal(&two, &there(), &credentials()).unwrap();
    house.vault.save(&two, Some(&late)).unwrap();
    assert_eq!(told(house.vault.credentials(&two, &there()).unwrap().unwrap()), both());
}

#[test]
fn a_rotation_that_is_broken_off_loses_nothing() {
    for writes in 0..=4 {
        let house = House::new();
        let profiles = [house.saved("One"), house.saved("Two")];
        *house.store.writes_left.lock().unwrap() = Some(writes);
        let broken_off = house.vault.rotate_keys().is_err();
        *house.store.writes_left.lock().unwrap() = None;
        assert_eq!(broken_off, writes < 4, "a key, two connections and the old key: four writes");
        for profile in &profiles {
            assert_eq!(
                told(house.vault.credentials(profile, &there()).unwrap().unwrap()),
                both(),
                "after {writes} writes"
            );
        }
        assert_eq!(house.vault.rotate_keys().unwrap().resealed, 2);
        assert_eq!(told(house.vault.credentials(&profiles[0], &there()).unwrap().unwrap()), both());
    }
}

#[test]
fn a_vault_file_does_the_same_under_a_passphrase() {
    let folder = tempfile::tempdir().unwrap();
    let with = |passphrase: &str| {
        Vault::new(&Paths::within(folder.path()), Backend::File(Secret::new(passphrase.to_owned())))
    };
    let profile = astra("Headless");
    let vault = with("correct horse");
    let sealed = vault.sealer().unwrap().seal(&profile, &there(), &credentials()).unwrap();
    vault.save(&profile, Some(&sealed)).unwrap();
    assert_eq!(told(with("correct horse").credentials(&profile, &there()).unwrap().unwrap()), both());
    assert!(matches!(with("wrong").credentials(&profile, &there()), Err(VaultError::WrongPassphrase)));
    assert!(matches!(with("wrong").sealer(), Err(VaultError::WrongPassphrase)));
    assert_eq!(with("correct horse").rotate_keys().unwrap().resealed, 1);
    for path in [Paths::within(folder.path()).vault_file(), Paths::within(folder.path()).keys()] {
        let text = std::fs::read_to_string(path).unwrap();
        assert!(!text.contains(SECRET) && !text.contains("horse"), "{text}");
    }
}

#[test]
fn no_error_and_no_debug_text_shows_a_secret() {
    let house = House::new();
    let profile = house.saved("Production");
    let sealer = house.vault.sealer().unwrap();
    let sealed = sealer.seal(&profile, &there(), &credentials()).unwrap();
    let long = Credentials { user: None, password: Secret::new(SECRET.repeat(60)) };
    let error = sealer.seal(&profile, &there(), &long).unwrap_err();
    let shown = format!("{sealer:?} {sealed:?} {error:?} {error} {profile:?}");
    assert!(!shown.contains(SECRET) && !shown.contains(ID), "{shown}");
}

fn elsewhere(host: &str, database: Option<&str>) -> Destination {
    Destination::new("astra", &[host], database, host)
}

#[test]
fn a_secret_opens_for_the_service_that_it_was_entered_for_and_for_no_other() {
    let house = House::new();
    let profile = house.saved("Production");
    for other in [
        elsewhere("evil.example:29080", None),
        elsewhere("db.example:29081", None),
        elsewhere("west.example:29080", Some("db")),
        Destination::new("cassandra", &["db.example:29080"], None, "db.example"),
    ] {
        let Err(VaultError::Elsewhere { name, sealed_for }) = house.vault.credentials(&profile, &other)
        else {
            panic!("it opened for {other:?}");
        };
        assert_eq!((name.as_str(), sealed_for.words()), ("Production", "db.example:29080"));
        let sealed = house.vault.sealer().unwrap().seal(&profile, &there(), &credentials()).unwrap();
        assert!(matches!(house.vault.reveal(&profile, &other, &sealed), Err(VaultError::Elsewhere { .. })));
    }
    // A new key pair does not free it.
    house.vault.rotate_keys().unwrap();
    let other = elsewhere("evil.example:29080", None);
    assert!(matches!(house.vault.credentials(&profile, &other), Err(VaultError::Elsewhere { .. })));
    assert_eq!(told(house.vault.credentials(&profile, &there()).unwrap().unwrap()), both());
}

#[test]
fn after_a_yes_it_is_sealed_for_the_other_way_to_the_same_database() {
    let house = House::new();
    let profile = house.saved("Production");
    let west = elsewhere("west.example:29080", Some("db"));
    let sealed = house.vault.reseal(&profile, &west).unwrap().unwrap();
    assert_eq!(told(house.vault.credentials(&profile, &there()).unwrap().unwrap()), both(), "not yet");
    house.vault.save(&profile, Some(&sealed)).unwrap();
    assert_eq!(told(house.vault.credentials(&profile, &west).unwrap().unwrap()), both());
    assert!(matches!(house.vault.credentials(&profile, &there()), Err(VaultError::Elsewhere { .. })));
}

#[test]
fn what_older_releases_sealed_is_bound_at_its_first_opening() {
    let folder = tempfile::tempdir().unwrap();
    let old = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/old_seals");
    for part in ["config/connections.toml", "data/keys.toml", "data/vault.toml"] {
        std::fs::create_dir_all(folder.path().join(part).parent().unwrap()).unwrap();
        std::fs::copy(old.join(part), folder.path().join(part)).unwrap();
    }
    let vault = || {
        let passphrase = Secret::new("correct horse".to_owned());
        Vault::new(&Paths::within(folder.path()), Backend::File(passphrase))
    };
    let astra = vault().profiles().get("Old Astra").unwrap();
    let cluster = vault().profiles().get("Old Cluster").unwrap();
    // A new key pair before the first opening loses neither.
    assert_eq!(vault().rotate_keys().unwrap(), Rotated { resealed: 2, unreadable: vec![] });
    let host = Destination::new("cassandra", &["10.0.0.1", "9042"], None, "10.0.0.1, port 9042");
    for _ in 0..2 {
        assert_eq!(told(vault().credentials(&astra, &there()).unwrap().unwrap()), both());
        assert_eq!(told(vault().credentials(&cluster, &host).unwrap().unwrap()), (None, SECRET.to_owned()));
    }
    let other = elsewhere("evil.example:29080", None);
    for profile in [&astra, &cluster] {
        assert!(matches!(vault().credentials(profile, &other), Err(VaultError::Elsewhere { .. })));
    }
}

#[test]
fn wherever_a_writer_ends_the_old_or_the_new_is_left_and_nothing_else() {
    let another =
        || Credentials { user: Some(Secret::new(ID.to_owned())), password: Secret::new("new".to_owned()) };
    for writes in 0..=2 {
        let house = House::new();
        let mut profile = house.saved("Production");
        let old_place = profile.place.clone();
        profile.place = Place::Astra { bundle: "new.zip".into() };
        let west = elsewhere("west.example:29080", None);
        let sealed = house.vault.sealer().unwrap().seal(&profile, &west, &another()).unwrap();
        *house.store.writes_left.lock().unwrap() = Some(writes);
        let saved = house.vault.save(&profile, Some(&sealed)).is_ok();
        *house.store.writes_left.lock().unwrap() = None;
        let found = house.vault.profiles().get("Production").unwrap();
        if saved {
            assert_eq!(found.place, profile.place);
            assert_eq!(told(house.vault.credentials(&found, &west).unwrap().unwrap()).1, "new");
        } else {
            assert_eq!(found.place, old_place);
            assert_eq!(told(house.vault.credentials(&found, &there()).unwrap().unwrap()), both());
        }
        // What is left over is cleaned away with the connection.
        house.vault.delete("Production").unwrap();
        assert!(
            house.store.accounts().iter().all(|name| name.starts_with("key-")),
            "{:?}",
            house.store.accounts()
        );
    }
}

#[test]
fn secrets_of_a_connection_that_did_not_get_into_the_file_are_cleaned_away() {
    let house = House::new();
    house.saved("Production");
    let lost = astra("Lost");
    let lock = house.vault.keys.lock().unwrap();
    house.vault.keys.begin(lost.id().as_str(), &lock).unwrap();
    drop(lock);
    house.store.set(&house.entry(&lost), b"left by a killed writer").unwrap();
    house.saved("Next");
    assert!(!house.store.accounts().contains(&house.entry(&lost)));
    assert!(house.vault.keys.unsure().unwrap().is_empty());
}

#[test]
fn two_that_save_one_name_to_one_place_at_once_leave_the_later_one() {
    let house = House::new();
    let first = house.saved("Production");
    // Begun before the first was saved, so that it has an id of its own.
    let mut second = astra("production");
    second.keyspace = Some("shop".to_owned());
    let sealed = house.vault.sealer().unwrap().seal(&second, &there(), &credentials()).unwrap();
    house.vault.save(&second, Some(&sealed)).unwrap();
    let all = house.vault.profiles().list().unwrap();
    assert_eq!((all.len(), all[0].id(), all[0].keyspace.as_deref()), (1, first.id(), Some("shop")));
    assert_eq!(told(house.vault.credentials(&all[0], &there()).unwrap().unwrap()), both());
}
