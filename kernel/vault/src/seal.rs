//! AES-256-GCM with a random nonce: the one way bytes are sealed under a 32-byte key.
//!
//! Format: 12 bytes nonce, then the ciphertext with its 16-byte tag. What the bytes belong to is bound as associated data,
//! so that sealed bytes cannot be moved elsewhere.

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, KeyInit};
use zeroize::Zeroizing;

/// Bytes of a key.
pub(crate) const KEY: usize = 32;
/// Bytes of a nonce.
pub(crate) const NONCE: usize = 12;
/// Bytes of a tag.
pub(crate) const TAG: usize = 16;

/// A key that is wiped when dropped.
pub(crate) type Key = Zeroizing<[u8; KEY]>;

/// The system gave no randomness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the system gives no random numbers")]
pub struct NoRandomness;

/// Bytes that nobody can guess.
pub(crate) fn random<const N: usize>() -> Result<Zeroizing<[u8; N]>, NoRandomness> {
    let mut bytes = Zeroizing::new([0; N]);
    getrandom::fill(bytes.as_mut()).map_err(|_| NoRandomness)?;
    Ok(bytes)
}

/// Seals `plain` under `key`, bound to `context`.
pub(crate) fn seal(key: &[u8; KEY], context: &[u8], plain: &[u8]) -> Result<Vec<u8>, NoRandomness> {
    let nonce = random::<NONCE>()?;
    let payload = Payload { msg: plain, aad: context };
    // It fails for texts beyond 64 GiB only; ours have at most some KiB.
    let sealed = Aes256Gcm::new(key.into()).encrypt((&*nonce).into(), payload).map_err(|_| NoRandomness)?;
    Ok([nonce.as_slice(), &sealed].concat())
}

/// Opens what [`seal`] sealed; `None` where key, context or any byte is another.
pub(crate) fn open(key: &[u8; KEY], context: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, sealed) = sealed.split_first_chunk::<NONCE>()?;
    let payload = Payload { msg: sealed, aad: context };
    Aes256Gcm::new(key.into()).decrypt(nonce.into(), payload).ok().map(Zeroizing::new)
}

/// Parts joined so that no two lists of parts give the same bytes: each has its length before it.
pub(crate) fn context(parts: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::new();
    for part in parts {
        out.extend((part.len() as u64).to_be_bytes());
        out.extend(*part);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_was_sealed_opens_under_the_same_key_and_context_only(
            key in any::<[u8; KEY]>(), other in any::<[u8; KEY]>(), context: Vec<u8>, plain: Vec<u8>,
        ) {
            let sealed = seal(&key, &context, &plain).unwrap();
            prop_assert_eq!(sealed.len(), NONCE + plain.len() + TAG);
            let opened = open(&key, &context, &sealed);
            prop_assert_eq!(opened.as_deref(), Some(&plain));
            if other != key {
                prop_assert!(open(&other, &context, &sealed).is_none());
            }
            let moved = [context.as_slice(), b"!"].concat();
            prop_assert!(open(&key, &moved, &sealed).is_none());
        }

        #[test]
        fn a_changed_byte_is_noticed(plain: Vec<u8>, at: prop::sample::Index, flip in 1u8..) {
            let key = [7; KEY];
            let mut sealed = seal(&key, b"c", &plain).unwrap();
            let at = at.index(sealed.len());
            sealed[at] ^= flip;
            prop_assert!(open(&key, b"c", &sealed).is_none());
        }

        #[test]
        fn bytes_of_others_never_panic(sealed: Vec<u8>) {
            prop_assert!(open(&[7; KEY], b"c", &sealed).is_none());
        }

        #[test]
        fn contexts_differ_where_their_parts_do(a: Vec<Vec<u8>>, b: Vec<Vec<u8>>) {
            let bytes = |parts: &[Vec<u8>]| context(&parts.iter().map(Vec::as_slice).collect::<Vec<_>>());
            prop_assert_eq!(bytes(&a) == bytes(&b), a == b);
        }
    }

    #[test]
    fn the_same_text_is_never_sealed_alike() {
        assert_ne!(seal(&[7; KEY], b"c", b"text").unwrap(), seal(&[7; KEY], b"c", b"text").unwrap());
    }
}
