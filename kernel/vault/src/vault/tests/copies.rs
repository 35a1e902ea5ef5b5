//! Copies of a connection that a person made in the file: they share an id, and the secrets, until one gets secrets of its own.

use super::*;

/// A connection and a copy of it.
fn house_with_copy() -> (House, Profile) {
    let house = House::new();
    let profile = house.saved("Production");
    let path = house.paths().connections();
    let text = std::fs::read_to_string(&path).unwrap();
    let table = text[text.find("[[").unwrap()..].replace("Production", "Copy");
    std::fs::write(&path, format!("{text}\n{table}")).unwrap();
    (house, profile)
}

/// Saves another secret for a connection.
fn enter(house: &House, profile: &Profile) -> Result<(), VaultError> {
    let new = Credentials { user: None, password: Secret::new("another".to_owned()) };
    let sealed = house.vault.sealer().unwrap().seal(profile, &there(), &new).unwrap();
    house.vault.save(profile, Some(&sealed))
}

/// What is kept for a connection.
fn opened(house: &House, name: &str) -> (Option<String>, String) {
    let profile = house.vault.profiles().get(name).unwrap();
    told(house.vault.credentials(&profile, &there()).unwrap().expect("it has a secret"))
}

#[test]
fn a_copy_made_by_hand_shares_its_secrets_until_the_last_is_deleted() {
    let (house, profile) = house_with_copy();
    house.vault.delete("Production").unwrap();
    let copy = house.vault.profiles().get("Copy").unwrap();
    assert_eq!(told(house.vault.credentials(&copy, &there()).unwrap().unwrap()), both());
    house.vault.delete("Copy").unwrap();
    assert!(!house.store.accounts().contains(&house.entry(&profile)));
}

#[test]
fn a_copy_made_by_hand_that_gets_secrets_of_its_own_leaves_those_of_the_other() {
    let (house, _) = house_with_copy();
    let copy = house.vault.profiles().get("Copy").unwrap();
    enter(&house, &copy).unwrap();
    assert_eq!(opened(&house, "Copy"), (None, "another".to_owned()));
    assert_eq!(opened(&house, "Production"), both());
    house.vault.delete("Copy").unwrap();
    assert_eq!(opened(&house, "Production"), both());
}

#[test]
fn a_writer_that_is_killed_at_any_step_leaves_the_copy_as_it_was_or_whole() {
    let mut killed = 0;
    for moment in 0.. {
        let (house, profile) = house_with_copy();
        let copy = house.vault.profiles().get("Copy").unwrap();
        // The key pair is there, so that the moments are those of the copy.
        house.vault.sealer().unwrap();
        *house.store.moments_left.lock().unwrap() = Some(moment);
        let saving = std::panic::AssertUnwindSafe(|| enter(&house, &copy));
        let ended = std::panic::catch_unwind(saving);
        let reached = house.store.moments_left.lock().unwrap().take().is_none();
        let found = house.vault.profiles().get("Copy").unwrap();
        let secret = opened(&house, "Copy");
        if found.id() == profile.id() {
            assert_eq!(secret, both(), "killed at {moment}");
        } else {
            assert_eq!(secret, (None, "another".to_owned()), "killed at {moment}");
        }
        assert_eq!(opened(&house, "Production"), both(), "killed at {moment}");
        // The next one that writes cleans away what is left, and nothing else.
        house.saved("Next");
        assert!(house.vault.keys.unsure().unwrap().is_empty());
        for name in ["Production", "Copy", "Next"] {
            house.vault.delete(name).unwrap();
        }
        let left = house.store.accounts();
        assert!(left.iter().all(|name| name.starts_with("key-")), "killed at {moment}: {left:?}");
        if !reached {
            assert!(ended.is_ok_and(|saved| saved.is_ok()));
            assert_eq!(secret.1, "another");
            break;
        }
        killed += 1;
    }
    assert_eq!(
        killed, 4,
        "before and after the new secret is written, and before and after the entry beside it is removed"
    );
}

#[test]
fn of_two_copies_one_is_deleted_meanwhile() {
    // The copy that is being edited.
    let (house, profile) = house_with_copy();
    let copy = house.vault.profiles().get("Copy").unwrap();
    vault(&house.folder, &house.store).delete("Copy").unwrap();
    let error = house.vault.save(&copy, None).unwrap_err();
    assert!(matches!(error, VaultError::Profile(ProfileError::NotFound { name, .. }) if name == "Copy"));
    house.vault.profiles().used(&copy, std::time::SystemTime::UNIX_EPOCH).unwrap();
    assert_eq!(house.vault.profiles().get("Production").unwrap(), profile, "the other one is untouched");
    enter(&house, &copy).unwrap();
    assert_eq!(house.vault.profiles().names().unwrap(), ["Production", "Copy"]);
    assert_ne!(house.vault.profiles().get("Copy").unwrap().id(), profile.id());
    assert_eq!((opened(&house, "Copy").1.as_str(), opened(&house, "Production")), ("another", both()));

    // The other one.
    let (house, profile) = house_with_copy();
    let copy = house.vault.profiles().get("Copy").unwrap();
    vault(&house.folder, &house.store).delete("Production").unwrap();
    house.vault.save(&copy, None).unwrap();
    assert_eq!(opened(&house, "Copy"), both());
    enter(&house, &copy).unwrap();
    assert_eq!(house.vault.profiles().get("Copy").unwrap().id(), profile.id());
    assert_eq!(opened(&house, "Copy").1, "another");
}

#[test]
fn a_copy_that_got_secrets_meanwhile_is_replaced_and_not_made_again() {
    let (house, _) = house_with_copy();
    let copy = house.vault.profiles().get("Copy").unwrap();
    enter(&house, &copy).unwrap();
    let own = house.vault.profiles().get("Copy").unwrap();
    // Begun before the other one was saved.
    enter(&house, &copy).unwrap();
    assert_eq!(house.vault.profiles().names().unwrap(), ["Production", "Copy"]);
    assert_eq!(house.vault.profiles().get("Copy").unwrap().id(), own.id());
    assert_eq!((opened(&house, "Copy").1.as_str(), opened(&house, "Production")), ("another", both()));
}

#[test]
fn a_connection_that_was_deleted_meanwhile_does_not_come_back_without_its_secret() {
    let house = House::new();
    house.saved("Production");
    let profile = house.vault.profiles().get("Production").unwrap();
    vault(&house.folder, &house.store).delete("Production").unwrap();
    let error = house.vault.save(&profile, None).unwrap_err();
    assert!(matches!(error, VaultError::Profile(ProfileError::NotFound { .. })));
    enter(&house, &profile).unwrap();
    assert_eq!(opened(&house, "Production").1, "another");
}
