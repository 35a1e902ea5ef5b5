//! What opens an envelope, and what does not.

use std::sync::LazyLock;
use std::time::Instant;

use proptest::prelude::*;

use super::*;

/// One key pair for all tests.
pub(crate) static PAIR: LazyLock<PrivateKey> = LazyLock::new(|| PrivateKey::generate().unwrap());
static OTHER: LazyLock<PrivateKey> = LazyLock::new(|| PrivateKey::generate().unwrap());

fn there() -> Destination {
    Destination::new("astra", &["host"], None, "host")
}

fn secret(text: &str) -> Secret {
    Secret::new(text.to_owned())
}

fn opened(profile: &str, field: &str, sealed: &Sealed) -> Result<String, OpenError> {
    PAIR.open(profile, field, sealed).map(|secret| secret.expose().to_owned())
}

#[test]
fn an_application_token_fits_and_its_envelope_fits_windows_twice() {
    let token = format!("AstraCS:{}", "x".repeat(89));
    assert_eq!(token.len(), 97);
    let sealed = PAIR.public().seal("p", "secret", &there(), &secret(&token)).unwrap();
    assert_eq!(opened("p", "secret", &sealed), Ok(token));
    let longest = PAIR.public().seal("p", "secret", &there(), &secret(&"x".repeat(MAX_TEXT))).unwrap();
    assert!(2 * longest.as_bytes().len() * 4 / 3 < 2560 - 100, "{}", longest.as_bytes().len());
    for bytes in [MAX_TEXT + 1, 1000 * MAX_TEXT] {
        assert_eq!(
            PAIR.public().seal("p", "secret", &there(), &secret(&"x".repeat(bytes))),
            Err(SealError::TooLong { bytes })
        );
    }
}

#[test]
fn it_opens_for_its_own_connection_field_and_key_only() {
    let sealed = PAIR.public().seal("one", "secret", &there(), &secret("s3cr3t")).unwrap();
    assert_eq!(opened("one", "secret", &sealed), Ok("s3cr3t".to_owned()));
    assert_eq!(opened("two", "secret", &sealed), Err(OpenError::Tampered));
    assert_eq!(opened("one", "client-id", &sealed), Err(OpenError::Tampered));
    assert_eq!(
        OTHER.open("one", "secret", &sealed).map(drop),
        Err(OpenError::OtherKey(PAIR.id())),
        "another installation's key"
    );
    // Somebody who writes his own key's id over ours gets no further.
    let mut claimed = sealed.clone();
    claimed.0[1..=ID].copy_from_slice(&OTHER.id().0);
    assert_eq!(OTHER.open("one", "secret", &claimed).map(drop), Err(OpenError::Tampered));
}

#[test]
fn every_byte_counts() {
    let sealed = PAIR.public().seal("p", "secret", &there(), &secret("s3cr3t")).unwrap();
    let head = 1 + ID + there().to_bytes().len();
    let wrapped = head + 2..head + 2 + KEY_BITS / 8;
    assert_eq!(sealed.0.len(), wrapped.end + NONCE + "s3cr3t".len() + TAG);
    for at in 0..sealed.0.len() {
        // One private operation each for a part of the wrapped key is enough.
        if wrapped.contains(&at) && !at.is_multiple_of(37) {
            continue;
        }
        let mut changed = sealed.clone();
        changed.0[at] ^= 1;
        let error = opened("p", "secret", &changed).unwrap_err();
        match at {
            0 => assert!(matches!(error, OpenError::Version(3)), "{error}"),
            1..=ID => assert!(matches!(error, OpenError::OtherKey(_)), "{at}: {error}"),
            _ => assert_eq!(error, OpenError::Tampered, "{at}"),
        }
    }
    for length in 0..sealed.0.len() {
        if length.is_multiple_of(29) || length > wrapped.end {
            assert!(opened("p", "secret", &Sealed(sealed.0[..length].to_vec())).is_err(), "{length}");
        }
    }
    let longer = Sealed([sealed.0.as_slice(), b"!"].concat());
    assert_eq!(opened("p", "secret", &longer), Err(OpenError::Tampered));
}

#[test]
fn an_envelope_of_an_older_release_opens_and_one_of_this_cannot_pass_for_one() {
    let old = PAIR.public().seal_unbound("p", "secret", &secret("s3cr3t")).unwrap();
    assert_eq!(opened("p", "secret", &old), Ok("s3cr3t".to_owned()));
    assert!(old.destination().is_none());
    let mut new = PAIR.public().seal("p", "secret", &there(), &secret("s3cr3t")).unwrap();
    assert!(new.destination().unwrap().0.is(&there()));
    // Somebody cuts the destination out, to have it opened for anywhere.
    let head = there().to_bytes().len();
    new.0.drain(1 + ID..1 + ID + head);
    new.0[0] = UNBOUND;
    assert_eq!(opened("p", "secret", &new), Err(OpenError::Tampered));
}

#[test]
fn nothing_of_the_secret_shows() {
    let sealed = PAIR.public().seal("p", "secret", &there(), &secret("s3cr3t")).unwrap();
    assert!(!format!("{sealed:?} {:?} {:?}", *PAIR, PAIR.public()).contains("s3cr3t"));
    assert!(!sealed.0.windows(6).any(|bytes| bytes == b"s3cr3t"));
    assert_ne!(
        sealed,
        PAIR.public().seal("p", "secret", &there(), &secret("s3cr3t")).unwrap(),
        "never twice alike"
    );
}

#[test]
fn the_private_key_is_read_back_under_its_own_key_only() {
    let sealed = PAIR.to_sealed_text(&[1; KEY]).unwrap();
    let public = PublicKey::from_text(&PAIR.public().to_text().unwrap()).unwrap();
    assert_eq!(public.id(), PAIR.id());
    let again = PrivateKey::from_sealed_text(&sealed, &[1; KEY], &public).unwrap();
    let envelope = public.seal("p", "f", &there(), &secret("text")).unwrap();
    assert_eq!(again.open("p", "f", &envelope).unwrap().expose(), "text");
    for (key, of) in [([2; KEY], &public), ([1; KEY], &OTHER.public())] {
        let error = PrivateKey::from_sealed_text(&sealed, &key, of).unwrap_err();
        assert_eq!(error, KeyError::Damaged);
    }
}

#[test]
fn a_weak_public_key_is_not_taken() {
    let weak = rsa::PrivateKey::new(&mut SysRng, 1024).unwrap();
    let der = weak.to_public_key().to_public_key_der().unwrap();
    let text = Base64::encode_string(der.as_bytes());
    assert_eq!(PublicKey::from_text(&text).map(drop), Err(KeyError::Damaged));
}

#[test]
fn a_key_pair_is_made_in_reasonable_time() {
    let started = Instant::now();
    drop(PrivateKey::generate().unwrap());
    assert!(
        started.elapsed().as_secs() < 30,
        "{:?}: is opt-level 3 set for rsa in the dev profile?",
        started.elapsed()
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_text_comes_back(text in "\\PC{0,100}", profile in "\\PC{0,20}", field in "\\PC{0,20}") {
        let sealed = PAIR.public().seal(&profile, &field, &there(), &secret(&text)).unwrap();
        let read = Sealed::from_text(&sealed.to_text()).unwrap();
        prop_assert_eq!(opened(&profile, &field, &read), Ok(text));
    }
}

proptest! {
    #[test]
    fn bytes_of_others_never_panic(mut bytes: Vec<u8>, ours: bool) {
        if ours && bytes.len() > ID {
            bytes[0] = VERSION;
            bytes[1..=ID].copy_from_slice(&PAIR.id().0);
        }
        prop_assert!(opened("p", "f", &Sealed(bytes)).is_err());
    }
}
